"""Birth, exec, waiting, death; what a child inherits; limits."""

CASES = {
    "a subshell's changes stay in it": r"""
x=1; cd /; ( x=2; cd /tmp; umask 077; echo "$x $(pwd) $(umask)" ); echo "$x $(pwd)"; umask
""",
    "$$ is the main shell's in a subshell, $PPID too": r"""
[ $$ = "$(echo $$)" ] && echo same
( [ $PPID = "$(sh -c 'echo $PPID')" ] && echo odd || echo "another parent" )
me=$$; sh -c '[ $PPID = '$me' ] && echo child'
""",
    "exec keeps the pid": r"""
echo $$ >pid; exec sh -c '[ $$ = $(cat pid) ] && echo same; exit 4'
""",
    "exec of nothing but redirections stays": r"""
exec 3>out 4<&0; echo hi >&3; exec 3>&-; cat out; (echo no >&3) 2>/dev/null || echo closed
""",
    "exec that fails ends the shell: 127": "exec ./absent; echo never",
    "exec of a file without execute permission: 126": r"""
echo 'echo hi' >prog; chmod 644 prog; (exec ./prog) 2>/dev/null; echo $?; ./prog 2>/dev/null
echo $?
""",
    "a directory is not a program": r"""
mkdir d; ./d 2>/dev/null; echo $?; (exec ./d) 2>/dev/null; echo $?; . ./d 2>/dev/null; echo $?
""",
    "a program without #! is a script of the shell": r"""
echo 'echo "$0" "$#" "$*"; exit 9' >prog; chmod 755 prog; ./prog a 'b c'; echo $?
""",
    "#! passes one argument, then the path": r"""
printf '#!/bin/echo one two  three\nbody\n' >prog; chmod 755 prog; ./prog four five
printf '#! /bin/cat\nbody\n' >prog; ./prog
""",
    "#! of an interpreter that is not there": r"""
printf '#!/no/such/interpreter\n' >prog; chmod 755 prog; ./prog 2>/dev/null; echo $?
""",
    "#! may name a script, four times": r"""
printf '#!/bin/echo level0\n' >s0; chmod 755 s0
for n in 1 2 3 4 5 6; do printf '#!%s/s%d\n' "$PWD" $((n-1)) >s$n; chmod 755 s$n; done
for n in 1 2 3 4 5 6; do ./s$n >/dev/null 2>&1; echo $n $?; done
""",
    "an empty file and a binary one": r"""
: >empty; chmod 755 empty; ./empty; echo $?
printf '\177ELF\001\002\000\000' >bin; chmod 755 bin; ./bin 2>/dev/null; echo $?
""",
    "exit statuses are taken modulo 256": r"""
for n in 0 1 127 128 255 256 257 511 -1; do (exit $n) 2>/dev/null; echo "$n $?"; done
""",
    "a killed child's status is 128 and the signal": r"""
for s in HUP INT QUIT KILL TERM USR1 ALRM PIPE; do sh -c 'ulimit -c 0; kill -'$s' $$'
echo $s $?; done 2>/dev/null
""",
    "wait for one child by pid": r"""
(exit 3) & a=$!; (exit 4) & b=$!; wait $b; echo $?; wait $a; echo $?; wait $a; echo $?
""",
    "wait for all, wait for none, wait for a stranger": r"""
(exit 3) & (exit 4) & wait; echo $?; wait; echo $?; wait 1; echo $?; wait 999999; echo $?
""",
    "wait takes the last of several": r"""
(exit 3) & a=$!; (exit 5) & b=$!; wait $a $b; echo $?; (exit 3) & a=$!; (exit 5) & b=$!
wait $b $a; echo $?
""",
    "wait for a killed child": r"""
sleep 50 & kill -KILL $!; wait $!; echo $?; sleep 50 & kill -TERM $!; wait $!; echo $?
""",
    "a zombie waits for its parent": r"""
mkfifo f; sh -c 'sh -c "echo \$\$ >pid; exit 3" & exec sleep 30' & parent=$!
while [ ! -s pid ] || [ "$(ps -o stat= -p $(cat pid) | cut -c1)" != Z ]; do sleep 0.05; done
z=$(cat pid); ps -o stat=,comm= -p $z; ps -o args= -p $z; kill -9 $z; echo $?
ps -o stat= -p $z | cut -c1
ls /proc/$z >/dev/null && echo listed
[ "$(ps -o ppid= -p $z)" -eq $parent ] && echo "of its parent"
kill $parent; wait $parent; echo $?
while kill -0 $z 2>/dev/null; do sleep 0.05; done; echo gone
""",
    "a zombie is a member of its group still": r"""
sh -c 'setsid sh -c "sleep 0.2; exit 3" & echo $! >pid; exec sleep 30' &
while [ ! -s pid ]; do sleep 0.05; done
z=$(cat pid)
while [ "$(ps -o stat= -p $z | cut -c1)" != Z ]; do sleep 0.05; done; kill -0 -$z; echo $?
kill -TERM -$z; echo $?
kill $!
""",
    "an orphan is adopted": r"""
mkfifo gate; sh -c 'sh -c "read x <gate; echo \$PPID >ppid" & echo $! >pid'; p=$(cat pid)
[ "$(ps -o ppid= -p $p)" -ne $$ ] && echo "not mine"; wait $p; echo $?; echo go >gate
while [ ! -s ppid ]; do sleep 0.05; done; [ $(cat ppid) -ne $$ ] && echo "somebody else's"
""",
    "the environment goes down, not up": r"""
A=1; export B=2; C=3 sh -c 'echo "$A-$B-$C"; B=changed; export D=4'; echo "$A-$B-$C-$D"
env -i X=1 sh -c 'echo "${B-unset} $X"'; B=5 env | grep '^B='; (unset B; env | grep -c '^B=')
""",
    "a name that is no shell name passes through": r"""
env 'a.b=1' 'c-d=2' sh -c 'env | grep -E "^(a.b|c-d)="' | sort; env =x true; echo $?
""",
    "argv[0] and arguments arrive as they are": r"""
sh -c 'echo "$0|$1|$2|$#"' name '' 'a  b'; sh -c 'printf "<%s>" "$@"; echo' x '*' '$HOME' '
new'
""",
    "the current directory may vanish under one": r"""
mkdir d; cd d; rmdir ../d; ls >/dev/null; echo $?; : >file; echo $?; cd ..; pwd >/dev/null; echo $?
""",
    "umask is inherited and changes what is made": r"""
umask 027; sh -c 'umask; : >f; mkdir d; mkfifo p'; stat -c '%n %a' f d p; umask -S
umask u=rwx,go=; umask
""",
    "ulimit -f: SIGXFSZ": r"""
ulimit -c 0; ulimit -f 1
sh -c 'i=0; while [ $i -lt 100 ]; do echo 0123456789abcdef; i=$((i+1)); done >big'; echo $?
wc -c <big
""",
    "ulimit -f with the signal ignored: EFBIG": r"""
ulimit -f 1; trap '' XFSZ; dd if=/dev/zero of=big bs=1024 count=1 2>/dev/null; echo $?; wc -c <big
""",
    "ulimit -n: descriptors run out": r"""
ulimit -n 12; echo text | tee 1 2 3 4 5 6 7 8 9 10 11; echo $?; ls; ulimit -n
""",
    "limits: soft below hard, never above": r"""
ulimit -S -n 20; ulimit -n; ulimit -H -n 40; ulimit -S -n 40; ulimit -n
(ulimit -S -n 41) 2>/dev/null; echo $?
(ulimit -H -n 50) 2>/dev/null; echo $?; sh -c 'ulimit -Hn; ulimit -Sn'
""",
    "a function's exit ends the shell, its return does not": r"""
f() { return 5; }; f; echo $?; g() { exit 6; }; (g; echo no); echo $?; g; echo never
""",
    "set -e stops at the first failure": r"""
sh -ec 'false || true; if false; then :; fi; ! true; echo here; false; echo never'; echo $?
sh -ec '(false; echo never); echo never'; echo $?; sh -ec 'x=$(false); echo never'; echo $?
sh -ec 'true | false; echo never'; echo $?; sh -ec 'false | true; echo reached'; echo $?
""",
    "a command that is not found": r"""
nosuchcommand; echo $?; ./nosuch; echo $?; /nosuch/dir/cmd; echo $?
""",
    "background commands read /dev/null": r"""
echo input | { cat & wait; cat; }; echo text | { sh -c 'cat' & wait $!; echo "[$?]"; }
""",
    "times of a child are at least counted": r"""
times | wc -l; (times) | head -n1 | grep -c 's '
""",
    "a fork in a pipe is a subshell": r"""
x=1; echo 2 | read x; echo $x; echo 3 | { read x; echo $x; }; echo $x
""",
    "nested command substitutions and their statuses": r"""
x=$(echo $(echo $(exit 3; echo no)) ; exit 5); echo "$? [$x]"; echo $(exit 4); echo $?
y=$(exit 7)$(exit 8); echo $?
""",
    "xargs and its statuses": r"""
printf 'a b\nc\n' | xargs -n1 echo; echo x | xargs sh -c 'exit 3'; echo $?
echo x | xargs sh -c 'exit 255' 2>/dev/null; echo $?
echo x | xargs ./nosuch 2>/dev/null; echo $?; echo x | xargs sh -c 'kill -KILL $$' 2>/dev/null
echo $?
""",
    "timeout's statuses": r"""
timeout 0.1 sleep 9; echo $?; timeout -s KILL 0.1 sleep 9; echo $?; timeout 5 sh -c 'exit 7'
echo $?
timeout --preserve-status 0.1 sleep 9; echo $?; timeout 5 ./nosuch 2>/dev/null; echo $?
""",
    "nice is inherited and never taken back": r"""
nice -n 5 sh -c 'nice; nice -n 3 nice; nice -n -3 nice 2>/dev/null'; nice; nice -n 30 nice
""",
    "pgid and sid of children": r"""
sh -c '[ $(ps -o pgid= -p $$) = $(ps -o pgid= -p $PPID) ] && echo "same group"'
sh -c '[ $(ps -o sid= -p $$) = $(ps -o sid= -p $PPID) ] && echo "same session"'
(sh -c '[ $(ps -o pgid= -p $$) = $(ps -o sid= -p $$) ] && echo "still the same"')
""",
    "nohup ignores SIGHUP": r"""
nohup sh -c 'kill -HUP $$; echo alive' </dev/null 2>/dev/null; sh -c 'kill -HUP $$; echo never'
echo $?
""",
    "kill -0 and kill of nobody": r"""
sleep 9 & kill -0 $! && echo there; kill $!; wait $! 2>/dev/null; kill -0 $! 2>/dev/null; echo $?
kill -0 1 2>/dev/null; echo $?; kill -NOSUCH $$ 2>/dev/null; echo $?; kill 2>/dev/null; echo $?
""",
    "a whole group dies by kill 0": r"""
setsid sh -c 'sleep 30 & sleep 30 & kill -TERM 0; echo never'; echo $?
""",
    "command substitution waits for what holds its pipe": r"""
x=$(sh -c '(sleep 0.3; echo late) & echo early'); echo "$x"
y=$( (sleep 5 >/dev/null) & echo at once); echo "$y"
""",
}
