"""``minios sh -c``: the host's streams, the simulated exit status, no terminal and no pace."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minios.runs.runfile import read

MINIOS = [sys.executable, "-m", "minios"]


def sh(*words: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [*MINIOS, "sh", *words], input=stdin, capture_output=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def start(command: str) -> subprocess.Popen[bytes]:
    """A command that says ``ready`` when it is."""
    process = subprocess.Popen(
        [*MINIOS, "sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_output_and_status_are_the_simulated_ones() -> None:
    assert sh("-c", "echo out; echo err >&2; exit 7") == (7, b"out\n", b"err\n")


def test_death_by_a_signal_is_128_and_its_number() -> None:
    assert sh("-c", "kill -TERM $$")[0] == 128 + signal.SIGTERM


def test_stdin_is_the_hosts() -> None:
    assert sh("-c", "tr a-z A-Z", stdin=b"hello\n")[1] == b"HELLO\n"


def test_stdin_that_nobody_reads_is_not_waited_for() -> None:
    reading, writing = os.pipe()
    done = subprocess.run([*MINIOS, "sh", "-c", "true"], stdin=reading, timeout=60)
    os.close(reading)
    os.close(writing)
    assert done.returncode == 0


def test_stdin_is_waited_for_while_a_process_wants_it() -> None:
    process = start("echo ready; cat")
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"one\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"one\n"
    out, _ = process.communicate(b"two\n", timeout=60)
    assert (out, process.returncode) == (b"two\n", 0)


def test_the_streams_are_no_terminals() -> None:
    assert sh("-c", "test -t 0 || test -t 1 || test -t 2; echo $?")[1] == b"1\n"


def test_both_streams_keep_their_order_on_one_pipe() -> None:
    done = subprocess.run(
        [*MINIOS, "sh", "-c", "echo 1; echo 2 >&2; echo 3; echo 4 >&2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.stdout == b"1\n2\n3\n4\n"


def test_the_command_is_a_childs_of_init_in_its_own_session_at_home() -> None:
    status, out, _ = sh("-c", 'echo "$0 $PWD $PPID"; ps -o pid= -o sid= -o tty= -p $$; env | sort')
    lines = out.decode().splitlines()
    assert status == 0
    assert lines[0] == "sh /home/player 1"
    pid, sid, tty = lines[1].split()
    assert (pid, tty) == (sid, "?")
    assert [line.partition("=")[0] for line in lines[2:]] == [
        "HOME", "LOGNAME", "PATH", "PWD", "SHELL", "USER",
    ]  # fmt: skip


def test_virtual_time_is_not_paced() -> None:
    began = time.monotonic()
    status, out, _ = sh("-c", "sleep 86400; date +%F")
    assert (status, out) == (0, b"2026-01-06\n")
    assert time.monotonic() - began < 30


def test_what_is_left_in_the_background_may_still_write() -> None:
    assert sh("-c", "(sleep 2; echo late) & echo now")[1] == b"now\nlate\n"


def test_a_script_may_come_on_stdin() -> None:
    assert sh(stdin=b"x=4\necho $((x * 2))\nexit 3\n")[:2] == (3, b"8\n")


def test_a_closed_stdout_is_a_broken_pipe_inside() -> None:
    process = start("echo ready; cat /dev/zero; echo $? >&2")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b"141\n"
    process.stderr.close()
    assert process.wait(60) == 141 or process.returncode == 0


def test_ctrl_c_reaches_the_command() -> None:
    process = start("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 1; done")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == (b"caught\n", 5)


def test_ctrl_c_interrupts_a_wait_for_stdin() -> None:
    process = start("echo ready; cat")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    process.communicate()


def test_a_second_ctrl_c_leaves_whatever_the_command_does() -> None:
    process = start("trap 'echo caught' INT; echo ready; while :; do sleep 1; done")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == b"caught\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")


def test_until_ends_a_command_that_does_not() -> None:
    assert sh("--until", "3s", "-c", "sleep 5") == (
        124,
        b"",
        b"minios: the time given with --until is over\n",
    )


def test_a_command_that_can_never_end_is_told_so() -> None:
    assert sh("-c", "kill -STOP $$") == (
        125,
        b"",
        b"minios: every process waits for something that cannot happen\n",
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--user", "nobdy", "-c", "true"], b"minios: no user 'nobdy' on 'minios'\n"),
        (["--on", "mars", "-c", "true"], b"minios: no machine 'mars'; there is minios\n"),
        (["--record", "/nowhere/run", "-c", "true"], b"minios: /nowhere/run: No such file"),
    ],
)
def test_what_is_not_there_is_one_line(words: list[str], line: bytes) -> None:
    status, out, err = sh(*words)
    assert (status, out) == (1, b"")
    assert err.startswith(line.rstrip(b"\n"))
    assert err.count(b"\n") == 1


def test_another_user_has_another_home() -> None:
    assert sh("--user", "root", "-c", "id -un; pwd")[1] == b"root\n/root\n"


def test_the_player_may_become_root() -> None:
    assert sh("-c", "sudo id -u")[1] == b"0\n"


def test_a_recorded_command_verifies(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    assert sh("--record", str(path), "-c", "cat | wc -l", stdin=b"a\nb\n")[1] == b"2\n"
    assert [entry.op for entry in read(path).inputs] == ["exec", "stdin", "stdin"]
    done = subprocess.run(
        [*MINIOS, "run", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (
        0,
        f"{path}: verified: sandbox headless, 1 checkpoint\n",
    )
    path.write_bytes(path.read_bytes().replace(b"a\\nb\\n", b"a\\nc\\n"))
    done = subprocess.run(
        [*MINIOS, "run", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}: refuted: diverges at the checkpoint of ")


class Terminal:
    """``minios sh`` on a pseudo-terminal."""

    def __init__(self, *words: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(MINIOS[0], [*MINIOS, "sh", *words])
        self.shown = b""

    def wait_for(self, text: bytes) -> None:
        deadline = time.monotonic() + 30
        while text not in self.shown:
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} is not in {self.shown!r}")
            self.shown += os.read(self.fd, 65536)

    def type(self, text: bytes) -> None:
        self.shown = b""
        os.write(self.fd, text)

    def end(self) -> int:
        with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
            while os.read(self.fd, 65536):
                pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_on_a_terminal_it_is_interactive() -> None:
    terminal = Terminal()
    terminal.wait_for(b"player@minios")
    terminal.type(b"echo $((6 * 7)); tty\r")
    terminal.wait_for(b"42\r\n/dev/tty1\r\n")
    terminal.type(b"sleep 1000\r")
    terminal.wait_for(b"sleep 1000\r")
    terminal.type(b"\x03")
    terminal.wait_for(b"player@minios")
    terminal.type(b"exit 3\r")
    assert terminal.end() == 3


def test_ctrl_bracket_leaves_at_once() -> None:
    terminal = Terminal()
    terminal.wait_for(b"player@minios")
    terminal.type(b"trap '' INT TERM; while :; do :; done\r")
    terminal.wait_for(b"done\r")
    terminal.type(b"\x1d")
    assert terminal.end() == 0
