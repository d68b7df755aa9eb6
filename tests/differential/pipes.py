"""Pipes, SIGPIPE, FIFOs, and who holds which end."""

CASES = {
    "a pipeline's status is its last member's": r"""
false | true; echo $?; true | false; echo $?; ! true | false; echo $?; exit 3 | exit 4; echo $?
""",
    "SIGPIPE ends a writer": r"""
(yes; echo $? >&2) 2>status | head -n 2; while [ ! -s status ]; do sleep 0.05; done; cat status
""",
    "SIGPIPE ignored is EPIPE": r"""
(trap '' PIPE; while :; do echo x 2>err || break; done; echo stopped >done) | head -n 1
while [ ! -s done ]; do sleep 0.05; done; cat done; grep -ci 'pipe' err
""",
    "ignoring SIGPIPE is inherited": r"""
(trap '' PIPE; yes 2>err; echo $? >status) | head -n 1
while [ ! -s status ]; do sleep 0.05; done; cat status; cat err
""",
    "end of file when the last writer closes": r"""
{ echo a; sh -c 'sleep 0.3; echo b' & echo c; } |
{ while read x; do echo "got $x"; done; echo eof; }
""",
    "a held write end keeps a reader waiting": r"""
mkfifo f; exec 3<>f; echo one >&3; read x <&3; echo $x; (exec 3>&-; timeout 0.3 cat f; echo $?)
exec 3>&-; echo two >f & cat f
""",
    "a FIFO's opens wait for each other": r"""
mkfifo f; (echo opened >log1; : >f; echo done >>log1) & sleep 0.3; cat log1; cat f; wait; cat log1
""",
    "a FIFO carries several writers to one reader": r"""
mkfifo f
(exec 3<>f; (for i in 1 2 3; do echo $i; done >f) & (echo x; echo y) >f & sleep 0.3) & sort f
wait; echo $?
""",
    "a FIFO removed under its users lives on": r"""
mkfifo f; (read x; echo "read $x") <f & exec 3>f; rm f; echo data >&3; exec 3>&-; wait; ls
""",
    "reading a FIFO into two readers loses nothing": r"""
mkfifo f; exec 3<>f; for i in 1 2 3 4; do echo $i >&3; done; read a <&3; read b <&3
(read c <&3; echo $c); read d <&3; echo $a $b $d
""",
    "64 KiB fit into a pipe, then a writer waits": r"""
mkfifo f; exec 3<>f; dd if=/dev/zero bs=65536 count=1 2>/dev/null >&3; echo $?
timeout 0.3 sh -c 'echo x >&3'; echo $?
head -c 4096 <&3 | wc -c; timeout 5 sh -c 'echo x >&3'; echo $?
""",
    "a big copy through a slow pipe arrives whole": r"""
seq 1 20000 | { sleep 0.2; cat; } | (sleep 0.1; awk '{ s += $1 * NR % 1009 } END { print NR, s }')
""",
    "tee writes to both": r"""
seq 3 | tee a b | tac; cat a; cmp a b; echo $?
""",
    "stderr is not in the pipe": r"""
{ echo out; echo err >&2; } 2>e | tr a-z A-Z; cat e; { echo out; echo err >&2; } 2>&1 | sort
""",
    "order of redirections around a pipe": r"""
{ echo out; echo err >&2; } 2>&1 >f | tr a-z A-Z; cat f
""",
    "a pipe into a builtin that does not read": r"""
echo x | true; echo $?; seq 5 | exit 3; echo $?; seq 3 | (read a; echo $a; read b; echo $b)
""",
    "head leaves the rest of a file, not of a pipe": r"""
seq 5 >f; (head -n 1; head -n 1) <f; (read a; echo $a; cat) <f
""",
    "writing to a pipe nobody reads any more": r"""
mkfifo f; (exec <f; : ) & exec 3>f; wait; sleep 0.1; sh -c 'echo x >&3' 2>/dev/null; echo $?
(trap '' PIPE; echo x >&3) 2>/dev/null; echo $?
""",
    "five in a row, each with its status seen": r"""
mkdir s; (exit 1; ) ; for n in 1 2 3; do (cat >/dev/null; exit $n)
echo $? >s/$n; done </dev/null; cat s/*
printf '3\n1\n2\n' | sort | uniq -c | awk '{print $2}' | tr '\n' ' '; echo
""",
    "process group members of one pipe end together": r"""
setsid sh -c 'yes | cat >/dev/null' & p=$!; sleep 0.3; kill -TERM -$p; wait $p; echo $?
""",
    "read returns parts of lines it was given": r"""
printf 'a\\\nb c\\ d\n' | { read x y; echo "[$x][$y]"; }
printf 'a\\\nb\n' | { read -r x; echo "[$x]"; }
printf 'no newline' | { read x; echo "$? [$x]"; }; printf '' | { read x; echo "$? [$x]"; }
""",
    "a here-document and its end": r"""
cat <<A; cat <<'B'; cat <<-C
$((1+2)) $(echo sub) \$x
A
$((1+2)) \$x
B
	tabs go
	C
""",
    "a here-document feeds a loop that runs commands": r"""
while read a b; do echo "$b-$a"; done <<E
1 one
2 two three
E
echo $a; cat <<E | tr a-z A-Z
from here
E
""",
    "a long here-document": r"""
x=$(seq 1 3000); cat <<E >f
$x
E
seq 1 3000 | cmp - f; echo $?; wc -c <f
""",
    "two here-documents for one command": r"""
cat /dev/fd/3 - 3<<A <<B
three
A
zero
B
""",
    "/dev/fd and /dev/stdin are the open ones": r"""
echo in | cat /dev/stdin; echo in | cat /dev/fd/0; echo out >/dev/stdout; exec 5>f
echo five >/dev/fd/5; cat f; ls /dev/fd/9 2>/dev/null; echo $?
""",
    "dd counts partial reads of a pipe": r"""
(echo a; sleep 0.2; echo b) | dd bs=10 count=1 2>/dev/null
(echo a; sleep 0.2; echo b) | dd bs=4 iflag=fullblock count=1 2>/dev/null
""",
    "a closed stdin and a closed stdout": r"""
cat <&- 2>/dev/null; echo $?; echo x >&- 2>/dev/null; echo $?
(exec >&-; /bin/echo x 2>/dev/null; echo $? >st); cat st; read x <&-; echo $?
""",
    "a loop's redirection is opened once": r"""
for i in 1 2 3; do echo $i; done >f; cat f; for i in 1 2; do echo $i >g; done; cat g
while read x; do echo $x; read y; done <f
""",
}
