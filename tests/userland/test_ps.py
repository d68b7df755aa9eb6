"""ps and pstree: columns, selection and trees of procps-ng and psmisc."""

import pytest

from minios import testing

SPINNER = "sleep 100 & sh -c 'sleep 101 & sleep 102; :' & "


def lines(cmd: str, *, user: str = "player") -> list[str]:
    return testing.run(cmd, user=user).stdout.decode().splitlines()


def test_aux_shows_everybody_with_debians_columns() -> None:
    shown = lines("ps aux")
    assert shown[0] == "USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"
    assert shown[1].split()[:2] == ["root", "1"]
    assert shown[1].endswith("/sbin/init")
    assert shown[-1].endswith("ps aux")


def test_a_dash_before_aux_means_the_same() -> None:
    """procps reads ``-aux`` as ``aux`` when there is no user called x."""
    assert lines("ps -aux")[0] == lines("ps aux")[0]


def test_ef_has_the_columns_of_system_v() -> None:
    shown = lines("ps -ef")
    assert shown[0] == "UID        PID  PPID  C STIME TTY          TIME CMD"
    assert shown[1].split()[:4] == ["root", "1", "0", "0"]


@pytest.mark.parametrize(
    ("options", "heading"),
    [
        ("-l", "F S   UID   PID  PPID  C PRI  NI ADDR SZ WCHAN  TTY          TIME CMD"),
        ("-j", "  PID  PGID   SID TTY          TIME CMD"),
        ("l", "F   UID   PID  PPID PRI  NI    VSZ   RSS WCHAN  STAT TTY        TIME COMMAND"),
        ("j", " PPID   PID  PGID   SID TTY      TPGID STAT   UID   TIME COMMAND"),
        ("x", "  PID TTY      STAT   TIME COMMAND"),
        ("-F", "UID        PID  PPID  C    SZ   RSS PSR STIME TTY          TIME CMD"),
        ("-O ppid", "  PID  PPID S TTY          TIME COMMAND"),
        ("-o pid,ppid,pgid,sid,comm", "  PID  PPID  PGID   SID COMMAND"),
        ("-o user,pcpu,pmem,ni,etime,args", "USER     %CPU %MEM  NI     ELAPSED COMMAND"),
    ],
)
def test_headings_are_debians(options: str, heading: str) -> None:
    assert lines(f"ps {options}")[0] == heading


def test_headings_can_be_renamed_or_left_out() -> None:
    """``-o pid=A,comm=`` of POSIX; no heading at all if every one is empty."""
    assert lines("ps -p 1 -o pid=NUMBER,comm=B") == ["NUMBER B", "     1 init"]
    assert lines("ps -p 1 -o pid=,comm=") == ["    1 init"]
    assert lines("ps -p 1 -o comm --no-headers") == ["init"]


def test_processes_are_chosen_by_lists() -> None:
    assert lines(SPINNER + "sleep 0.1; ps -o args= -C sleep --sort=args; kill $(pgrep sleep)") == [
        "sleep 100", "sleep 101", "sleep 102",
    ]  # fmt: skip
    assert lines("ps -o comm= -p 1,$$; :") == ["init", "sh"]
    assert lines("ps -u root -o comm=") == ["init"]
    assert lines("sleep 9 & ps --ppid $$ -o comm= --sort comm; kill $!") == ["ps", "sleep"]


def test_sorting_takes_keys_with_signs() -> None:
    shown = lines("ps -e -o pid= --sort=-pid")
    assert [int(word) for word in shown] == sorted(map(int, shown), reverse=True)


def test_the_forest_shows_who_started_whom() -> None:
    shown = lines(SPINNER + "sleep 1; ps -e f -o args=; kill $(pgrep sleep)")
    at = next(n for n, line in enumerate(shown) if line.startswith("sh -c sleep 100"))
    assert shown[at + 1 : at + 6] == [
        " \\_ sleep 100",
        " \\_ sh -c sleep 101 & sleep 102; :",
        " |   \\_ sleep 101",
        " |   \\_ sleep 102",
        " \\_ ps -e f -o args=",
    ]


def test_lines_are_cut_to_the_screen_and_w_widens_it() -> None:
    long = "sleep 1 2 3 " + "4 " * 60
    shown = lines(f"{long} & COLUMNS=60 ps -fC sleep; COLUMNS=60 ps -fwwC sleep; kill $!")
    assert len(shown[1]) == 60
    assert shown[3].endswith("4")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("-o foo", 'error: unknown user-defined format specifier "foo"'),
        ("-p x", "error: process ID list syntax error"),
        ("-p 0", "error: process ID out of range"),
        ("-p", "error: list of process IDs must follow -p"),
        ("-u nosuch", "error: user name does not exist"),
        ("--foo", "error: unknown gnu long option"),
        ("Q", "error: unsupported option (BSD syntax)"),
        ("-Q", "error: unsupported SysV option"),
        ("--sort foo", "error: unknown sort specifier"),
        ("-t pts/99", "error: TTY could not be found"),
        ("u -l", "error: conflicting format options"),
    ],
)
def test_complaints_are_procps(options: str, complaint: str) -> None:
    result = testing.run(f"ps {options}")
    assert result.status == 1
    assert result.stderr.decode().splitlines()[:4] == [complaint, "", "Usage:", " ps [options]"]


def test_nothing_found_is_status_one() -> None:
    result = testing.run("ps -p 4000")
    assert (result.status, result.stdout) == (1, b"  PID TTY          TIME CMD\n")


def test_a_zombie_is_shown_as_defunct() -> None:
    """A child that nobody waited for: state Z, no command line, ``<defunct>``."""
    script = "sh -c 'sleep 0.1 & exec sleep 5' & sleep 1; ps -o stat=,args= -C sleep"
    assert "Z    [sleep] <defunct>" in lines(script)


def test_pstree_counts_equal_children_and_draws_in_ascii_when_piped() -> None:
    shown = lines("sleep 5 & sleep 5 & sleep 5 & pstree $$; kill $(pgrep sleep)")
    assert shown == ["sh-+-pstree", "   `-3*[sleep]"]


def test_pstree_shows_pids_and_users() -> None:
    shown = lines("pstree -pu; :")
    assert shown == ["init(1)---sh(2,player)---pstree(3)"]


def test_pstree_draws_lines_on_a_terminal() -> None:
    box = testing.Box(tty=True)
    assert "init───sh───pstree" in box.type(b"pstree\r").decode()


def test_pstree_arguments_come_one_a_line() -> None:
    assert lines("sleep 7 & pstree -a $$; kill $!")[1:] == ["  |-pstree -a 2", "  `-sleep 7"]


@pytest.mark.parametrize(
    ("command", "status", "complaint"),
    [
        ("pstree nosuch", 1, b"No such user name: nosuch\n"),
        ("pstree daemon", 1, b"No processes found.\n"),
        ("pstree 4000", 0, b""),
    ],
)
def test_pstree_refuses_as_psmisc_does(command: str, status: int, complaint: bytes) -> None:
    result = testing.run(command)
    assert (result.status, result.stdout, result.stderr) == (status, b"", complaint)
