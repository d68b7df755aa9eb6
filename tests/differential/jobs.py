"""Job control on a terminal: ``set -m``, groups, stops, fg, bg, jobs.

A case is a script, or a script and keys: each is typed when the script has said ``ready`` once
more. Standard output and error are files; the controlling terminal is the standard input.
"""

CASES: dict[str, str | tuple[str, list[str]]] = {
    "each job has a group of its own": r"""
set -m; sleep 9 & p=$!; [ $(ps -o pgid= -p $p) -eq $p ] && echo own; set +m; sleep 9 & q=$!
[ $(ps -o pgid= -p $q) -eq $(ps -o pgid= -p $$) ] && echo "the shell's"; kill $p $q; wait $p
echo $?; wait $q; echo $?
""",
    "a pipeline is one group": r"""
set -m; sleep 9 | sleep 9 & p=$!; sleep 0.3; g=$(echo $(ps -o pgid= -p $p))
ps -o pgid= -o comm= | awk -v g=$g '$1 == g && $2 == "sleep"' | wc -l; kill -TERM -$g; wait $p
echo $?
""",
    "jobs lists, and says how they ended": r"""
set -m; sleep 9 & jobs; kill %1; wait %1; echo $?; jobs; (exit 3) & wait %1; echo $?; jobs
true & wait; jobs
""",
    "kill, wait and fg by job name": r"""
set -m; sleep 9 & sleep 8 & kill %sleep 2>/dev/null; echo $?
kill %1 %2; wait %1; echo $?; wait %2; echo $?; fg %3; echo $?
""",
    "a stopped job in jobs; bg continues it": r"""
set -m; sleep 9 & p=$!; kill -STOP %1
while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done; sleep 0.1; jobs
bg %1; while [ "$(ps -o stat= -p $p | cut -c1)" = T ]; do sleep 0.05; done; jobs
kill %1; wait $p; echo $?
""",
    "fg waits and gives the status": r"""
set -m; sh -c 'exit 6' & fg; echo $?; sh -c 'sleep 0.2; exit 7' & fg %1; echo $?; fg; echo $?
""",
    "fg continues what is stopped": r"""
set -m; sh -c 'kill -STOP $$; echo on; exit 8' & p=$!
while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done; sleep 0.1; fg %1; echo $?
""",
    "a background job that reads the terminal is stopped by SIGTTIN": r"""
set -m; cat & p=$!; while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done
sleep 0.1; jobs; kill -KILL $p; wait $p; echo $(($? > 128))
""",
    "with SIGTTIN ignored it gets EIO": r"""
set -m; (trap '' TTIN; read x </dev/tty; echo "$? [$x]") & wait
sh -c 'trap "" TTIN; cat </dev/tty' & wait $!; echo $?
""",
    "stty tostop and SIGTTOU": r"""
set -m; stty tostop; sh -c 'echo x >/dev/tty' & p=$!
while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done; sleep 0.1; jobs
stty -tostop; kill -KILL $p; wait $p; echo $(($? > 128))
""",
    "changing the terminal from the background: SIGTTOU": r"""
set -m; stty -echo & p=$!; while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done
sleep 0.1; jobs; kill -KILL $p; wait $p; echo $(($? > 128))
""",
    "the foreground group is the terminal's": r"""
set -m; sh -c '[ $(ps -o tpgid= -p $$) -eq $(ps -o pgid= -p $$) ] && echo foreground'
sh -c '[ $(ps -o tpgid= -p $$) -eq $(ps -o pgid= -p $$) ] || echo background' & wait
ps -o stat= -p $$ | grep -c '+'
""",
    "^C reaches the foreground job only": (
        r"""
set -m; trap 'echo shell' INT; sleep 30 & p=$!
sh -c 'trap "echo job; exit 3" INT; echo ready; sleep 30'; echo $?; kill -0 $p && echo alive
kill $p
""",
        ["\x03"],
    ),
    "^C without job control reaches all": (
        r"""
trap 'echo shell' INT; sh -c 'trap "echo job; exit 3" INT; echo ready; sleep 30; exit 4'; echo $?
""",
        ["\x03"],
    ),
    "^C kills a plain command, and the shell that ran it": (
        r"""
sh -c 'echo ready; sleep 30; echo never'; echo $?; echo never either
""",
        ["\x03"],
    ),
    "^\\ is SIGQUIT": (
        r"""
ulimit -c 0; set -m; sh -c 'trap "echo quit; exit 5" QUIT; echo ready; sleep 30'; echo $?
""",
        ["\x1c"],
    ),
    "^Z stops the foreground job, fg brings it back": (
        r"""
set -m; sh -c 'echo ready; sleep 0.5; exit 4'; echo $?; jobs; fg; echo $?
""",
        ["\x1a"],
    ),
    "^D is the end of input": (
        r"""
echo ready; cat; echo $?; echo ready; read x; echo "$? [$x]"
""",
        ["typed\n\x04", "half\x04\x04"],
    ),
    "a typed line with erased characters": (
        r"""
echo ready; read x; echo "[$x]"; echo ready; read x y; echo "[$x][$y]"
""",
        ["helxx\x7f\x7flo\n", "gone\x15one two  three\n"],
    ),
    "raw input by stty": (
        r"""
s=$(stty -g); stty -icanon -echo min 3 time 0; echo ready; dd bs=9 count=1 2>/dev/null; stty $s
echo; echo end
""",
        ["abc"],
    ),
    "setsid has no terminal": r"""
setsid sh -c 'echo x >/dev/tty' 2>/dev/null; echo $?; setsid sh -c 'ps -o tty= -p $$'
(setsid sh -c '[ $(ps -o sid= -p $$) -eq $$ ] && echo leader')
""",
    "a job killed by a signal, as the shell tells it": r"""
set -m; sh -c 'kill -USR1 $$' & wait $!; echo $?; sh -c 'kill -KILL $$'; echo $?
sleep 9 & kill -HUP $!; wait; echo $?
""",
    "an orphaned group: SIGTSTP does nothing": r"""
sh -c 'setsid sh -c "kill -TSTP \$\$; echo still here"'; echo $?
""",
    "an orphaned stopped group gets SIGHUP and SIGCONT": r"""
set -m
sh -c 'set -m
sh -c "trap \"echo hup >hup\" HUP; trap \"echo cont >cont\" CONT
echo \$\$ >pid; kill -STOP \$\$; sleep 0.2" &
while [ ! -s pid ] || [ "$(ps -o stat= -p $(cat pid) | cut -c1)" != T ]; do sleep 0.05; done'
while [ ! -s hup ] || [ ! -s cont ]; do sleep 0.05; done; cat hup cont
""",
    "wait for a stopped job does not return": r"""
set -m; sh -c 'kill -STOP $$; exit 3' & p=$!
while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do sleep 0.05; done
(sleep 0.3; kill -CONT $p) & wait $p; echo $(($? == 3 || $? > 128))
""",
}
