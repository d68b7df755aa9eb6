"""kill, pgrep, pkill, killall, pidof, nice, renice, nohup, timeout: Debian's words and statuses."""

import pytest

from minios import testing

MISSING = "'nosuch': No such file or directory\n"


@pytest.mark.parametrize(
    ("command", "status", "out", "err"),
    [
        ("/bin/kill -l 15", 0, "TERM\n", ""),
        ("/bin/kill -l TERM", 0, "15\n", ""),
        ("/bin/kill -l sigterm", 0, "15\n", ""),
        ("env kill -l 143", 0, "", "kill: unknown signal name 143\n"),
        ("env kill abc", 1, "", "kill: failed to parse argument: 'abc'\n"),
        ("env kill 3999", 1, "", "kill: (3999): No such process\n"),
        ("env kill 1", 1, "", "kill: (1): Operation not permitted\n"),
        ("env kill -s FOO $$", 1, "", "kill: (2): Invalid argument\n"),
        ("env kill -0 $$", 0, "", ""),
        ("pgrep nosuch", 1, "", ""),
        ("pgrep -c nosuch", 1, "0\n", ""),
        ("pgrep -x init", 0, "1\n", ""),
        ("pgrep -l ini", 0, "1 init\n", ""),
        ("pgrep -a init", 0, "1 /sbin/init\n", ""),
        ("pgrep -f 'sbin/i[n]it'", 0, "1\n", ""),
        ("pgrep -u root", 0, "1\n", ""),
        ("pgrep -u nosuch", 2, "", "pgrep: invalid user name: nosuch\n"),
        ("pgrep '('", 2, "", "pgrep: regex error: Unmatched ( or \\(\n"),
        ("pgrep -P x y", 2, "", "pgrep: not a number: x\n"),
        (
            "pgrep",
            2,
            "",
            "pgrep: no matching criteria specified\nTry `pgrep --help' for more information.\n",
        ),
        ("pkill -x init", 1, "", "pkill: killing pid 1 failed: Operation not permitted\n"),
        ("killall nosuch", 1, "", "nosuch: no process found\n"),
        ("killall -q nosuch", 1, "", ""),
        ("killall -u nosuch", 1, "", "Cannot find user nosuch\n"),
        ("killall -FOO x", 1, "", "FOO: unknown signal; killall -l lists signals.\n"),
        (
            "killall init",
            1,
            "",
            "init(1): Operation not permitted\ninit: no process found\n",
        ),
        ("pidof init", 0, "1\n", ""),
        ("pidof nosuch", 1, "", ""),
        ("nice", 0, "0\n", ""),
        ("nice nice", 0, "10\n", ""),
        ("nice -5 nice -n 3 nice", 0, "8\n", ""),
        ("nice -n 100 nice", 0, "19\n", ""),
        ("nice -n x ls", 125, "", "nice: invalid adjustment 'x'\n"),
        ("nice nosuch", 127, "", "nice: 'nosuch': No such file or directory\n"),
        ("nice /etc/passwd", 126, "", "nice: '/etc/passwd': Permission denied\n"),
        ("nice -n -1 nice", 0, "0\n", "nice: cannot set niceness: Permission denied\n"),
        ("renice 5 $$", 0, "2 (process ID) old priority 0, new priority 5\n", ""),
        (
            "renice 5 3999",
            1,
            "",
            "renice: failed to get priority for 3999 (process ID): No such process\n",
        ),
        ("nohup nosuch", 127, "", f"nohup: failed to run command {MISSING}"),
        ("timeout 1 sh -c 'exit 3'", 3, "", ""),
        ("timeout 0.5 sleep 9", 124, "", ""),
        ("timeout --preserve-status 0.5 sleep 9", 143, "", ""),
        ("timeout -v 0.5 sleep 9", 124, "", "timeout: sending signal TERM to command 'sleep'\n"),
        ("timeout 1 nosuch", 127, "", f"timeout: failed to run command {MISSING}"),
        (
            "timeout x ls",
            125,
            "",
            "timeout: invalid time interval 'x'\nTry 'timeout --help' for more information.\n",
        ),
        (
            "sleep x",
            1,
            "",
            "sleep: invalid time interval 'x'\nTry 'sleep --help' for more information.\n",
        ),
    ],
)  # fmt: skip
def test_one_command(command: str, status: int, out: str, err: str) -> None:
    result = testing.run(command)
    assert (result.status, result.stdout.decode(), result.stderr.decode()) == (status, out, err)


def test_the_table_of_signals_is_procps() -> None:
    shown = testing.run("/bin/kill -l").stdout.decode()
    assert shown.splitlines()[0].startswith("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1")
    assert testing.run("/bin/kill -L").stdout.decode().splitlines()[1] == (
        " 8 FPE      9 KILL    10 USR1    11 SEGV    12 USR2    13 PIPE    14 ALRM"
    )


def test_kill_reaches_a_whole_group() -> None:
    script = "timeout 60 sleep 50 & sleep 1; env kill -KILL -- -$!; wait $!; echo $?; pgrep sleep"
    assert testing.run(script).stdout == b"137\n"


def test_pkill_says_what_it_killed() -> None:
    result = testing.run("sleep 50 & pkill -e sleep; wait $!; echo $?")
    assert result.stdout.decode() == "sleep killed (pid 3)\n143\n"


def test_pkill_finds_the_newest_and_oldest() -> None:
    script = "sleep 50 & sleep 1; sleep 51 & sleep 1; pgrep -n sleep; pgrep -o sleep; pkill sleep"
    assert testing.run(script).stdout == b"5\n3\n"


def test_killall_waits_until_they_are_gone() -> None:
    """-w looks once a second."""
    script = "(trap '' TERM; exec sleep 3) & sleep 0.5; killall -w sleep; date +%S"
    assert testing.run(script).stdout == b"03\n"


def test_killall_reports_with_v() -> None:
    result = testing.run("sleep 9 & killall -v sleep; wait")
    assert result.stderr.startswith(b"Killed sleep(3) with signal 15\n")


def test_a_command_that_ignores_term_gets_kill_after_k() -> None:
    """timeout(1): -k, and 137 to tell that KILL ended it."""
    result = testing.run(
        "timeout -k 1 1 sh -c 'trap \"\" TERM; while :; do sleep 1; done'; echo $?"
    )
    assert result.stdout == b"137\n"


def test_timeout_passes_signals_on() -> None:
    script = "timeout 50 sleep 40 & sleep 1; kill -INT $!; wait $!; echo $?; pgrep sleep"
    assert testing.run(script).stdout.splitlines()[-1:] in ([b"130"], [b"124"])


def test_nohup_writes_to_a_file_on_a_terminal() -> None:
    box = testing.Box(tty=True)
    shown = box.type(b"nohup sh -c 'echo out; echo err >&2'\r").decode()
    assert "nohup: ignoring input and appending output to 'nohup.out'" in shown
    assert box.run("cat nohup.out; stat -c %a nohup.out").stdout == b"out\nerr\n600\n"


def test_spin_burns_the_cpu_time_it_was_told_to() -> None:
    """spin N ends after N seconds of its own CPU time; with -w and -n it naps between."""
    shown = testing.run("spin 1.5; date +%S; spin -w 0.1 -n 0.4 0.5; date +%S").stdout
    assert shown == b"01\n03\n"


def test_hog_is_refused_what_the_machine_does_not_have() -> None:
    result = testing.run("hog 1G; echo $?; hog 1M 1; echo $?")
    assert result.stdout == b"1\n0\n"
    assert result.stderr == b"hog: Cannot allocate memory\n"
