"""flock, lslocks, inotifywait, lsof, fuser, nc, ss, getfacl, time and the print queue."""

from __future__ import annotations

from minios.sim.world import SECOND
from minios.testing import Box, run


def lines(cmd: str, **settings: object) -> list[str]:
    result = run("exec 2>&1; " + cmd, **settings)  # type: ignore[arg-type]
    return result.stdout.decode().splitlines()


def test_flock_runs_a_command_with_the_lock_held() -> None:
    assert lines(
        "flock l echo got; flock -n l sh -c 'flock -n l true; echo $?; flock -E 5 -w 0.2 l true;"
        " echo $?'; flock -s l flock -s -n l -c 'echo a b'; (flock 9; echo fd) 9>l; flock l false;"
        " echo $?"
    ) == ["got", "1", "5", "a b", "fd", "1"]


def test_flock_complains_as_util_linux_does() -> None:
    assert lines(
        "flock; echo $?; flock l; echo $?; flock /no/l true; echo $?; flock l nosuch; echo $?;"
        " flock -w x l true; echo $?; flock 99; echo $?; flock l -c; echo $?"
    ) == [
        "flock: not enough arguments", "Try 'flock --help' for more information.", "64",
        "flock: bad file descriptor: 'l'", "64",
        "flock: cannot open lock file /no/l: No such file or directory", "66",
        "flock: failed to execute nosuch: No such file or directory", "69",
        "flock: invalid timeout value: 'x'", "64",
        "flock: 99: Bad file descriptor", "65",
        "flock: -c requires exactly one command argument", "64",
    ]  # fmt: skip


def test_two_who_take_turns() -> None:
    """The classic: without the lock both would read the same number."""
    script = "for i in 1 2 3; do flock l sh -c 'n=$(cat n); sleep 0.1; echo $((n+1)) >n'; done"
    assert lines(f"echo 0 >n; ({script}) & ({script}) & wait; cat n") == ["6"]


def test_lslocks_says_who_holds_and_who_waits() -> None:
    assert lines(
        "flock l sleep 3 & sleep 0.2; flock -s l true & sleep 0.2;"
        " lslocks -o COMMAND,TYPE,MODE,PATH"
    ) == [
        "COMMAND  TYPE MODE  PATH",
        "flock   FLOCK READ* /home/player/l",
        "flock   FLOCK WRITE /home/player/l",
    ]


def test_inotifywait_follows_directories_that_come_and_move() -> None:
    """As inotify-tools 3.22.6 printed it on Linux."""
    assert lines(
        "mkdir w; cd w; (sleep 0.3; mkdir -p a/b; sleep 0.2; touch a/b/f; sleep 0.2; mv a/b z;"
        " sleep 0.1; touch z/y) &"
        " inotifywait -qmr -t 1 -e create,move --format '%w %f %e' .; echo $?"
    ) == [
        "./ a CREATE,ISDIR",
        "./a/ b CREATE,ISDIR",
        "./a/b/ f CREATE",
        "./a/ b MOVED_FROM,ISDIR",
        "./ z MOVED_TO,ISDIR",
        "./z/ y CREATE",
        "2",
    ]


def test_inotifywait_once() -> None:
    assert lines(
        "echo x>f; (sleep 0.3; cat f >/dev/null) & inotifywait f; echo $?; inotifywait -q -t 1 f;"
        " echo $?; inotifywait -q nope; echo $?; inotifywait -e bogus f; echo $?"
    ) == [
        "Setting up watches.", "Watches established.", "f OPEN ", "0", "2",
        "Couldn't watch nope: No such file or directory", "1",
        "'bogus' is not a valid event!  Run with the '--help' option to see a list of events.", "1",
    ]  # fmt: skip


def test_lsof_shows_modes_locks_and_what_was_deleted() -> None:
    rows = lines(
        "echo hi >f; exec 7<f 8>>g; flock 7; : >gone; exec 9<gone; rm gone;"
        " lsof -a -p $$ -d 7-9 | sed 's/  */ /g' | cut -d' ' -f1,3-5,7,9-"
    )
    assert rows == [
        "COMMAND USER FD TYPE SIZE/OFF NAME",
        "sh player 7rW REG 3 /home/player/f",
        "sh player 8w REG 0 /home/player/g",
        "sh player 9r REG 0 /home/player/gone (deleted)",
    ]


def test_lsof_chooses() -> None:
    assert lines(
        "sleep 9 & cd /tmp; p=$!; [ $(lsof -t -c sleep) = $p ] && echo command;"
        " lsof -t +D ~ | grep -cx $p; lsof -t -a -p $p -d cwd | grep -cx $p; lsof nope; echo $?;"
        " lsof -p 9999; echo $?; lsof -i; echo $?; lsof -p 1 | head -2 | tail -1"
    ) == [
        "command", "1", "1", "lsof: status error on nope: No such file or directory", "1", "1", "1",
        "init      1 root  cwd   unknown                      /proc/1/cwd (readlink: Permission"
        " denied)",
    ]  # fmt: skip


def test_fuser_names_the_user_of_a_file_and_can_end_it() -> None:
    box = Box()
    out = box.run(
        "mkdir d; (exec 5>>f; cd d; exec sleep 50) & sleep 0.3; fuser f; echo; fuser -v f d; echo;"
        " fuser -k f; echo; fuser f; echo $?"
    )
    assert out.stdout.decode().splitlines() == ["     4", "     4     4", "     4", "1"]
    assert out.stderr.decode().splitlines()[:4] == [
        "f:                  ",
        "                     USER        PID ACCESS COMMAND",
        "f:                   player    F.... sleep",
        "d:                   player    ..c.. sleep",
    ]


def test_nc_talks_over_a_socket_in_the_file_system() -> None:
    assert lines(
        "nc -lU s >got & sleep 0.2; ls -l s | cut -c1;"
        " ss -xlH | sed 's/  */ /g' | cut -d' ' -f1,2,5 | tail -1;"
        " echo hi | nc -NU s; wait; cat got; nc -U s; echo $?; nc -lU s; echo $?; nc -U no; echo $?"
    ) == [
        "s", "u_str LISTEN s", "hi",
        "nc: s: Connection refused", "1", "nc: s: Address already in use", "1",
        "nc: no: No such file or directory", "1",
    ]  # fmt: skip


def test_getfacl_reads_the_mode() -> None:
    assert lines(
        "touch f; chmod 640 f; getfacl f; getfacl -p /tmp | sed -n 4p; getfacl -n -c f"
    ) == [
        "# file: f", "# owner: player", "# group: player", "user::rw-", "group::r--", "other::---",
        "", "# flags: --t", "user::rw-", "group::r--", "other::---", "",
    ]  # fmt: skip


def test_time_measures_a_child() -> None:
    assert lines(
        "time -p sleep 1.5; time -f '%x %e %C' sh -c 'exit 3'; echo $?; time nosuch; echo $?;"
        " time -q -f %x false; time -o t -f %e sleep 1; cat t"
    ) == [
        "real 1.50", "user 0.00", "sys 0.00", "Command exited with non-zero status 3",
        "3 0.00 sh -c exit 3", "3", "time: cannot run nosuch: No such file or directory",
        "Command exited with non-zero status 127",
        "0.00user 0.00system 0:00.00elapsed 87%CPU (0avgtext+0avgdata 32maxresident)k",
        "0inputs+0outputs (0major+0minor)pagefaults 0swaps", "127", "1", "1.00",
    ]  # fmt: skip


def test_jobs_are_printed_one_after_the_other() -> None:
    box = Box(user="root")
    script = (
        "exec 2>&1; lpd & sleep 0.1; seq 100 >n; lp n; echo two | lpr -J second; lpq; sleep 5; lpq;"
        " cat /proc/driver/lp0/tray | tr '\\n\\f' ' |' | tail -c 16; kill $!"
    )
    assert box.run(script, until=100 * SECOND).stdout.decode().splitlines() == [
        "request id is lp-1 (1 file(s))",
        "lp is ready and printing",
        "Rank    Owner   Job     File(s)                         Total Size",
        "active  root    1       n                               292 bytes",
        "1st     root    2       second                          4 bytes",
        "lp is ready",
        "no entries",
        "98 99 100 |two |",
    ]


def test_a_job_waits_while_somebody_holds_the_printer() -> None:
    box = Box(user="root")
    script = (
        "exec 2>&1; lpd -t 2 & l=$!; (exec 3>/dev/lp0; exec sleep 20) & h=$!; sleep 0.1;"
        " echo mine | lp -s; sleep 0.2; lpq; [ $(fuser /dev/lp0 2>/dev/null) = $h ] && echo found;"
        " kill $h; sleep 3; lpq; cat /proc/driver/lp0/tray; kill $l"
    )
    assert box.run(script, until=100 * SECOND).stdout.decode().splitlines() == [
        "lp is ready",
        "waiting for lp0 to become ready (in use)",
        "Rank    Owner   Job     File(s)                         Total Size",
        "1st     root    1       (stdin)                         5 bytes",
        "found",
        "lp is ready",
        "no entries",
        "mine",
        "",  # the form feed
    ]


def test_jobs_can_be_taken_out_of_the_queue_by_their_owners() -> None:
    box = Box(user="root")
    box.run("lpd & sleep 0.1; (exec 3>/dev/lp0; exec sleep 1000) & sleep 0.1")
    box.user = "player"
    assert box.run(
        "exec 2>&1; echo 1 | lp; echo 2 | lp; cancel lp-1; lpq | tail -n +4 | cut -c1-25; lprm 9;"
        " lprm -; lpq | tail -1"
    ).stdout.decode().splitlines() == [
        "request id is lp-1 (1 file(s))",
        "request id is lp-2 (1 file(s))",
        "1st     player  2       (",
        "lprm: Job #9 does not exist.",
        "no entries",
    ]


def test_without_a_spooler_nothing_is_sent() -> None:
    assert lines("lpq; echo x | lpr; echo x | lp; lprm; echo $?") == [
        "lpq: Unable to connect to server.",
        "lpr: Error - scheduler not responding.",
        "lp: Error - scheduler not responding.",
        "lprm: Unable to connect to server.",
        "1",
    ]


def test_strace_shows_sockets_locks_and_watches_as_on_linux() -> None:
    assert lines(
        "strace -e trace=flock flock -n l true 2>&1 | head -1; (nc -lU s >/dev/null & sleep 0.2;"
        " echo hi | strace -e trace=network nc -NU s); strace inotifywait -q -t 0.1 -e open,create"
        " /tmp 2>&1 | grep ^inotify_"
    ) == [
        "flock(3, LOCK_EX|LOCK_NB)               = 0",
        "socket(AF_UNIX, SOCK_STREAM, 0)         = 3",
        'connect(3, {sa_family=AF_UNIX, sun_path="s"}, 4) = 0',
        'sendto(3, "hi\\n", 3, 0, NULL, 0)        = 3',
        "shutdown(3, SHUT_WR)                    = 0",
        'recvfrom(3, "", 16384, 0, NULL, NULL)   = 0',
        "+++ exited with 0 +++",
        "inotify_init1(0)                        = 3",
        'inotify_add_watch(3, "/tmp/", IN_OPEN|IN_CREATE) = 1',
    ]
