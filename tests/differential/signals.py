"""Signals and traps."""

CASES = {
    "a trap runs and the shell goes on": r"""
trap 'echo got' USR1; kill -USR1 $$; echo on; trap - USR1; sh -c 'kill -USR1 $$'; echo $?
""",
    "EXIT runs once, with the status": r"""
trap 'echo bye $?' EXIT; (exit 3); sh -c 'trap "echo in" EXIT; exit 5'; echo $?; exit 6
""",
    "EXIT runs in no subshell and not after exec": r"""
trap 'echo bye' EXIT; (echo sub); x=$(echo sub); echo $x; exec true
""",
    "EXIT does not run when a signal kills": r"""
sh -c 'trap "echo bye" EXIT; kill -TERM $$'; echo $?
sh -c 'trap "echo bye" EXIT; trap "exit 9" TERM; kill -TERM $$'; echo $?
""",
    "a child gets defaults for traps and keeps what is ignored": r"""
trap 'echo no' USR1; trap '' USR2; sh -c 'kill -USR2 $$; echo alive; kill -USR1 $$; echo never'
echo $?
""",
    "a subshell resets traps too": r"""
trap 'echo parent' USR1; (sh -c 'kill -USR1 $PPID'; echo never); echo $?; (trap); trap
""",
    "what was ignored at the start cannot be trapped": r"""
trap '' USR1; sh -c 'trap "echo trapped" USR1; kill -USR1 $$; echo on; trap'
""",
    "the trap runs after the foreground command": r"""
trap 'echo trap' USR1; sh -c 'kill -USR1 $PPID; echo child'; echo after
""",
    "wait is interrupted by a trapped signal": r"""
trap 'echo trap' USR1; sleep 20 & p=$!; sh -c 'sleep 0.2; kill -USR1 '$$ & wait $p
echo $(($? > 128)); kill $p; wait $p; echo $?
""",
    "two signals pend, a standard one once": r"""
trap 'n=$((n+1))' USR1; trap 'm=$((m+1))' USR2; n=0 m=0
sh -c 'kill -USR1 $PPID; kill -USR1 $PPID; kill -USR2 $PPID; kill -USR1 $PPID'; echo $n $m
""",
    "a trap inside a function and in a loop": r"""
trap 'break' USR1; for i in 1 2 3; do echo $i; [ $i = 2 ] && kill -USR1 $$; done; echo out
f() { trap 'echo f; return 4' USR2; kill -USR2 $$; echo x; }; f; echo $?
""",
    "trap lists, quotes and resets": r"""
trap 'echo "a b"' INT; trap "echo 'q'" TERM 15; trap '' HUP; trap; trap - INT TERM HUP; trap
trap x NOSUCH 2>/dev/null; echo $?
""",
    "numbers and names of traps": r"""
trap 'echo one' 1; trap 'echo term' TERM; kill -1 $$; kill -15 $$; kill -HUP $$; trap '' 1
kill -1 $$; echo end
""",
    "exit in a trap decides the status": r"""
sh -c 'trap "exit 3" TERM; kill $$; echo never'; echo $?
sh -c 'trap "(exit 3); exit" TERM; false; kill $$'; echo $?
""",
    "$? is kept over a trap": r"""
trap 'false' USR1; sh -c 'kill -USR1 $PPID; exit 7'; echo $?
""",
    "SIGKILL and SIGSTOP cannot be caught": r"""
sh -c 'trap "echo no" KILL 2>/dev/null; kill -KILL $$'; echo $?
sh -c 'trap "" TERM; kill $$; echo alive; kill -9 $$; echo dead'; echo $?
""",
    "a stopped process does not run until continued": r"""
mkfifo gate; sh -c 'read x <gate; echo $x' & p=$!; kill -STOP $p
while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done
ps -o stat= -p $p | cut -c1; kill -TERM $p; ps -o stat= -p $p | cut -c1; kill -CONT $p
wait $p 2>/dev/null; echo $?
""",
    "SIGKILL takes a stopped process": r"""
sleep 30 & kill -STOP $!; kill -KILL $!; wait $!; echo $?
""",
    "SIGCONT is delivered, SIGSTOP clears it": r"""
sh -c 'trap "echo cont" CONT; echo up >ready
while [ ! -e stop ]; do sleep 0.05; done; echo end' & p=$!
while [ ! -s ready ]; do sleep 0.05; done; kill -CONT $p; sleep 0.3; kill -STOP $p; kill -CONT $p
sleep 0.3; : >stop; wait $p; echo $?
""",
    "SIGCHLD runs a trap": r"""
trap 'echo chld' CHLD; (exit 3) & wait $!; echo $?; trap - CHLD; true & wait; echo done
""",
    "ignored SIGCHLD still lets sh wait": r"""
trap '' CHLD; (exit 3) & wait $!; echo $?; sh -c 'exit 4'; echo $?
""",
    "an ignored SIGINT in background children": r"""
sh -c 'kill -INT $$; echo survived' & wait $!; echo $?
sh -c 'kill -QUIT $$; echo survived' & wait $!; echo $?
sh -c 'kill -INT $$; echo never'; echo $?
""",
    "SIGTERM while reading a FIFO": r"""
mkfifo f; sh -c 'trap "echo term; exit 2" TERM; echo >ready; read x <f; echo never' & p=$!
while [ ! -s ready ]; do sleep 0.05; done; sleep 0.2; kill $p; sleep 0.2; echo x >f & w=$!
wait $p; echo $?; kill $w 2>/dev/null; wait $w 2>/dev/null; :
""",
    "a trap during sleep waits for its end": r"""
sh -c 'trap "echo usr1" USR1; sleep 0.5; echo slept' & p=$!; sleep 0.2; kill -USR1 $p; wait $p
echo $?
""",
    "a trapped signal in a pipeline's last member": r"""
trap 'echo t' USR1; echo x | { read y; kill -USR1 $$; echo $y; }; echo e
""",
    "kill -l in both directions": r"""
kill -l 9; kill -l 15; kill -l 137; kill -l 143; kill -l TERM 2>/dev/null
for n in 1 2 3 6 13 14 17 18 19 20; do kill -l $n; done
""",
    "what a parent sees of a stopped child: nothing with plain wait": r"""
sh -c 'kill -STOP $$; exit 5' & p=$!
while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done
kill -CONT $p; wait $p; echo $?
""",
    "signals to a group": r"""
setsid sh -c 'trap "echo leader; exit 3" TERM; sleep 30 & echo $$ >pg; wait; ' & p=$!
while [ ! -s pg ]; do sleep 0.05; done; sleep 0.2; kill -TERM -$(cat pg); wait $p; echo $?
""",
    "SIGALRM, SIGUSR1 and SIGHUP end, SIGURG and SIGWINCH do not": r"""
for s in ALRM USR1 HUP URG WINCH CHLD CONT; do sh -c "kill -$s \$\$; echo alive"
echo $s $?; done 2>/dev/null
""",
    "trap action with several commands and a pipe": r"""
trap 'echo a; echo b | tr b c; (echo d)' USR1; kill -USR1 $$
trap 'kill -USR1 $$; echo outer' USR2; kill -USR2 $$; echo end
""",
    "nested signal: the handler is interrupted by another": r"""
trap 'echo in1; kill -USR2 $$; echo out1' USR1; trap 'echo two' USR2; kill -USR1 $$; echo end
""",
    "a script killed mid-way leaves what it wrote": r"""
sh -c 'echo one; kill -9 $$; echo two' >f; echo $?; cat f
""",
}
