"""ltrace, as a player sees it: its lines are ltrace 0.7.3's."""

from __future__ import annotations

import pytest

from minios.sim.world import MILLISECOND
from minios.testing import Box


def trace(cmd: str) -> str:
    """What a command writes on standard error."""
    return Box().run(cmd).stderr.decode()


def test_library_calls_are_shown_with_their_results_in_column_50() -> None:
    assert trace("ltrace id") == (
        'setlocale(LC_ALL, "")                             = "C"\n'
        'getopt_long(1, [ "id" ], "agnruzGZ")              = -1\n'
        'fopen("/etc/passwd", "r")                         = 0x1e468\n'
        'fopen("/etc/group", "r")                          = 0x1e468\n'
        "isatty(1)                                         = 0\n"
        "fflush(0x1e338)                                   = 0\n"
        "+++ exited (status 0) +++\n"
    )


def test_system_calls_stand_between_what_made_them() -> None:
    assert trace("ltrace -S sort /etc/hostname").splitlines()[-12:] == [
        '<... fread_unlocked resumed> "", 1, 32768)        = 0',
        "SYS_close(3)                                      = 0",
        "qsort(1)                                          = <void>",
        "isatty(1 <unfinished ...>",
        "SYS_ioctl(1, TCGETS, 0x7fffee40)                  = -25",
        "<... isatty resumed> )                            = 0",
        "fflush(0x1e338 <unfinished ...>",
        'SYS_write(1, "minios\\n", 7)                       = 7',
        "<... fflush resumed> )                            = 0",
        "fflush(0x1e338)                                   = 0",
        "SYS_exit_group(0 <no return ...>",
        "+++ exited (status 0) +++",
    ]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("isatty", ["isatty"]),
        ("isatty+fflush", ["isatty", "fflush"]),
        ("-f*", ["setlocale", "getopt_long", "isatty"]),
        ("*e*-get*", ["setlocale", "fopen", "fopen"]),
    ],
)
def test_what_is_shown_can_be_chosen(expression: str, names: list[str]) -> None:
    lines = trace(f"ltrace -e '{expression}' id").splitlines()[:-1]
    assert [line.partition("(")[0] for line in lines] == [f"id->{name}" for name in names]


def test_a_summary_counts_calls() -> None:
    lines = trace("ltrace -c id").splitlines()
    assert lines[0] == "% time     seconds  usecs/call     calls      function"
    assert lines[1] == "------ ----------- ----------- --------- --------------------"
    assert [line.split()[-1] for line in lines[2:-2]] == [
        "fopen", "fflush", "isatty", "setlocale", "getopt_long",
    ]  # fmt: skip
    assert lines[-1].split()[2:] == ["6", "total"]


def test_children_are_followed() -> None:
    text = trace("ltrace -f -e isatty sh -c 'id & wait'")
    assert "[pid 4] id->isatty(1)" in text or "[pid 4] sh->isatty(1)" in text
    assert "[pid 4] +++ exited (status 0) +++\n" in text
    assert text.endswith("[pid 3] +++ exited (status 0) +++\n")


def test_a_running_process_is_attached_to() -> None:
    box = Box(tty=True)
    box.type(b"(sleep 5; id >/dev/null) &\n")
    kernel = box.machine.kernel
    assert kernel is not None
    box.type(b"ltrace -f -e isatty -p $!\n")
    box.wait(500 * MILLISECOND)
    shown = box.output.decode().replace("\r\n", "\n")
    assert "->isatty(1)" in shown
    assert "+++ exited (status 0) +++\n" in shown


def test_a_process_that_is_not_traced_makes_no_calls_for_it() -> None:
    """The probes of a library function are a test of one slot: strace sees nothing of them."""
    assert "fflush" not in trace("strace id")


@pytest.mark.parametrize(
    ("cmd", "text", "status"),
    [
        ("ltrace", "ltrace: too few arguments\nTry 'ltrace --help' for more information.\n", 1),
        ("ltrace nosuch", "Can't execute `nosuch': No such file or directory\n", 1),
        ("ltrace -p 999", "Cannot attach to pid 999: No such process\n", 1),
    ],
)
def test_what_cannot_be_done_is_said(cmd: str, text: str, status: int) -> None:
    result = Box().run(cmd)
    assert (result.stderr.decode(), result.status) == (text, status)


def test_its_exit_status_is_that_of_the_program() -> None:
    assert Box().run("ltrace -o /dev/null sh -c 'exit 7'").status == 7
