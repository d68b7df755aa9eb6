"""A shell script on the real Linux: as an ordinary user, in a fresh directory, with or without a
terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

UID = 1000
"""Whom root turns into for a script; anybody else stays who they are."""

LIMIT = 60
"""Seconds that a script may take."""

PATH = "PATH=/usr/local/bin:/usr/bin:/bin"

WRAPPER = f"""[ "$(id -u)" -ne 0 ] && mkdir -m 700 work && cd work && umask 022 &&
exec env -i {PATH} LC_ALL=C TERM=dumb "HOME=$PWD" sh -c "$1" """
"""What runs a script without a terminal, on both sides; the script is its first argument."""

TYPED = f"env -i {PATH} LC_ALL=C TERM=dumb sh ./case >out 2>err; echo $? >status"
"""What runs one with a terminal: here under ``sh -m``, in MiniOS typed at the prompt."""


class Outcome(NamedTuple):
    """What there is to compare."""

    status: int
    stdout: bytes
    stderr: bytes


_NOTICE = re.compile(
    rb"^(\[\d+\] [+ -] .*|Terminated|Killed|Hangup|Quit|User defined signal 1"
    rb"|You have .* jobs\.)\n",
    re.MULTILINE,
)


def errors(text: bytes) -> bytes:
    """Standard error without what a shell says of its jobs when it happens to notice: that one was
    killed by a signal shows only if the very ``wait`` for it reaped it."""
    return _NOTICE.sub(b"", text)


def missing() -> str:
    """Why scripts cannot be run here; empty if they can."""
    if not sys.platform.startswith("linux"):
        return "this is not Linux"
    if "dash" not in os.path.realpath("/bin/sh"):
        return "sh is not dash"
    for tool in ("ps", "mkfifo", "setsid", "timeout", "awk", "stty", "cksum", "setpriv"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    return ""


_CLEAN = ("env", "--default-signal")
"""Whoever runs the tests in the background of a shell ignores SIGINT, and would pass that on."""


def _setpriv() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]


@contextlib.contextmanager
def _home() -> Iterator[str]:
    home = tempfile.mkdtemp(prefix="minios-", dir="/tmp")
    if os.geteuid() == 0:
        os.chown(home, UID, UID)
    try:
        yield home
    finally:
        _sweep(home.encode())
        subprocess.run(["chmod", "-R", "u+rwX", home], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


def _sweep(home: bytes) -> None:
    """End whatever a script has left running, in whatever session: its ``HOME`` or directory tells.

    Twice nobody found is the end; what is stopped dies as well.
    """
    clean = 0
    while clean < 2:
        found = [
            pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _of(pid, home)
        ]
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        clean = 0 if found else clean + 1


def _of(pid: int, home: bytes) -> bool:
    """Whether a living process belongs to the script that runs below ``home``."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            if b"HOME=" + home in file.read():
                return True
        return os.readlink(f"/proc/{pid}/cwd".encode()).startswith(home)
    except OSError:
        return False  # gone, a zombie, or somebody else's


class _Collector(threading.Thread):
    """Reads a pipe for as long as somebody writes to it."""

    def __init__(self, fd: int) -> None:
        super().__init__(daemon=True)
        self.fd = fd
        self.data = b""
        self.start()

    def run(self) -> None:
        while piece := os.read(self.fd, 65536):
            self.data += piece
        os.close(self.fd)


def run(script: str) -> Outcome:
    """Run ``sh -c script`` without a terminal, standard input empty."""
    with _home() as home:
        readers, writers = [], []
        for _ in range(2):
            reader, writer = os.pipe()
            readers.append(_Collector(reader))
            writers.append(writer)
            if os.geteuid() == 0:
                os.fchown(writer, UID, UID)  # so that /dev/stdout may be opened
        process = subprocess.Popen(
            [*_CLEAN, *_setpriv(), "sh", "-c", WRAPPER, "sh", script],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=writers[0],
            stderr=writers[1],
            start_new_session=True,
        )
        for fd in writers:
            os.close(fd)
        try:
            status = process.wait(LIMIT)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            _sweep(home.encode())
        for collector in readers:
            collector.join(5)
        status = 128 - status if status < 0 else status
        return Outcome(status, readers[0].data, errors(readers[1].data))


def _own_terminal(slave: int) -> None:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def run_on_terminal(script: str, keys: Sequence[str]) -> Outcome:
    """Run a script as a foreground job on a terminal; see :mod:`tests.differential.jobs`."""
    with _home() as home:
        with open(f"{home}/case", "w") as file:
            file.write(script)
        master, slave = pty.openpty()
        if os.geteuid() == 0:
            os.fchown(slave, UID, UID)
        process = subprocess.Popen(
            [*_CLEAN, *_setpriv(), "sh", "-mc", TYPED + "; :"],
            cwd=home,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=lambda: _own_terminal(slave),
        )
        os.close(slave)
        over = threading.Event()
        screen = threading.Thread(target=_drain, args=(master, over), daemon=True)
        screen.start()
        end = time.monotonic() + LIMIT
        for count, key in enumerate(keys, 1):
            while process.poll() is None and time.monotonic() < end:
                if _read(f"{home}/out").count(b"ready\n") >= count:
                    time.sleep(0.2)  # it has said so and is now about to wait
                    os.write(master, key.encode())
                    break
                time.sleep(0.02)
        try:
            process.wait(max(end - time.monotonic(), 1))
        finally:
            process.kill()
            over.set()
            screen.join()
            os.close(master)
        status = int(_read(f"{home}/status") or b"-1")
        return Outcome(status, _read(f"{home}/out"), errors(_read(f"{home}/err")))


def _drain(master: int, over: threading.Event) -> None:
    """Take what is written to the terminal; nobody else may close it meanwhile."""
    while not over.is_set():
        if select.select([master], [], [], 0.05)[0]:
            try:
                os.read(master, 65536)
            except OSError:
                return  # nobody has it open any more


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
