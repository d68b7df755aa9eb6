"""Writing a run to disk as it is played, and finding those that a crash cut short.

Each line is one ``write`` to a file opened for appending, so a kill at any instant loses nothing
that was written and tears at most the last line. The recorder holds a lock on its file for as long
as it lives: a run that has no result and no lock is one that ended with its process.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minios.runs.paths import runs_dir
from minios.runs.runfile import (
    Checkpoint,
    Header,
    Input,
    Note,
    Result,
    RunError,
    RunFile,
    encode,
    read,
)

if sys.platform != "win32":
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

    def _lock(fd: int, *, shared: bool = False) -> None:
        """Hold the file until it is closed. OSError when another game does."""
        flock(fd, (LOCK_SH if shared else LOCK_EX) | LOCK_NB)

else:

    def _lock(fd: int, *, shared: bool = False) -> None:
        """Two games at once may offer each other's runs here."""


KEEP_ABANDONED = 20
"""Runs without a result that nobody goes on with are kept up to this many."""


class Recorder:
    """One run on its way to disk. A full disk ends the recording, not the play: see ``error``."""

    def __init__(
        self,
        header: Header,
        path: Path,
        *,
        fresh: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start a file, a new one if ``fresh``. OSError when that fails."""
        self._open(path, os.O_EXCL if fresh else 0)
        if not fresh:
            os.ftruncate(self._fd, 0)
        self.header = header
        self._clock = clock
        self._began = clock()
        self._write(header.line())

    @classmethod
    def resume(cls, run: RunFile, *, clock: Callable[[], float] = time.monotonic) -> "Recorder":
        """Go on writing where ``run`` ends, its torn last line cut off. OSError."""
        self = cls.__new__(cls)
        self._open(Path(run.path), 0)
        self.header = run.header
        os.ftruncate(self._fd, os.fstat(self._fd).st_size - run.torn)
        self._clock = clock
        self._began = clock() - max((entry.wall for entry in run.inputs[-1:]), default=0) / 1000
        return self

    def _open(self, path: Path, flags: int) -> None:
        self.path = path
        self.error = ""
        self.finished = False
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | flags, 0o644)
        try:
            _lock(self._fd)
        except OSError:
            os.close(self._fd)
            raise

    def input(self, t: int, n: int, op: str, data: dict[str, Any]) -> None:
        """What passed the door, with the time and number it was given there."""
        self._write(Input(t, n, op, data, self._wall()).line())

    def checkpoint(self, t: int, digest: str) -> None:
        self._write(Checkpoint(t, digest).line())

    def note(self, t: int, note: str, **data: Any) -> None:
        """Something beside the world: ``hint``, ``pause``, ``speed``, …"""
        self._write(Note(t, note, data, self._wall()).line())

    def result(self, result: Result) -> None:
        """The run is over; nothing is written after this."""
        self._write(result.line())
        self.finished = True
        if self._fd >= 0:
            try:
                os.fsync(self._fd)
            except OSError as err:
                self.error = f"the run could not be saved: {err.strerror}"

    def abandon(self, t: int) -> None:
        """Say that nobody will go on with this run, and let go of it."""
        if not self.finished:
            self.note(t, "abandoned")
        self.close()

    def close(self) -> None:
        """Let go of the file. What has no result yet can be resumed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _wall(self) -> int:
        return max(0, round((self._clock() - self._began) * 1000))

    def _write(self, record: dict[str, Any]) -> None:
        if self._fd < 0 or self.error or self.finished:
            return
        try:
            line = encode(record)
            written = os.write(self._fd, line)
            if written < len(line):
                os.write(self._fd, line[written:])
        except OSError as err:
            self.error = f"the run is no longer recorded: {err.strerror}"


def start(header: Header, *, clock: Callable[[], float] = time.monotonic) -> Recorder:
    """Record a new run in the data directory, under a name nobody else took. OSError."""
    folder = runs_dir()
    stamp = time.strftime("%Y%m%d-%H%M%S")
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in header.level)[:64]
    attempt = 1
    while True:
        suffix = "" if attempt == 1 else f"-{attempt}"
        try:
            return Recorder(header, folder / f"{name}-{stamp}{suffix}.jsonl", clock=clock)
        except FileExistsError:
            attempt += 1


def pending() -> RunFile | None:
    """The newest run that was cut short and that no living game holds; None without one."""
    for run in _unfinished():
        return run
    return None


def discard(run: RunFile) -> None:
    """Do not offer ``run`` again."""
    try:
        recorder = Recorder.resume(run)
    except OSError:
        return
    recorder.abandon(run.end)


def supersede(level: str) -> None:
    """A new attempt at ``level`` takes the place of those that were cut short."""
    _prune()
    for run in _unfinished():
        if run.header.level == level:
            discard(run)


_NEWEST = 40
"""How far back an unfinished run is looked for: the menu must not read a whole career."""


def _unfinished() -> Iterator[RunFile]:
    try:
        files = sorted(runs_dir().glob("*.jsonl"), key=_modified, reverse=True)
    except OSError:
        return
    for path in files[:_NEWEST]:
        try:
            if _ended(path) or _held(path):
                continue
            run = read(path)
        except (OSError, RunError):
            continue
        if run.result is None and not run.abandoned and run.inputs and not run.header.bridge:
            yield run


def _modified(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name


def _ended(path: Path) -> bool:
    """Whether the last line, looked at alone, is a result or says that the run was given up."""
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 8192))
        whole, newline, _ = file.read().rpartition(b"\n")
    last = whole.rpartition(b"\n")[2] if newline else b""
    return b'"result":' in last or b'"note":"abandoned"' in last


def _held(path: Path) -> bool:
    with open(path, "rb") as file:
        try:
            _lock(file.fileno(), shared=True)
        except OSError:
            return True
    return False


def _prune() -> None:
    try:
        files = sorted(runs_dir().glob("*.jsonl"), key=_modified, reverse=True)
    except OSError:
        return
    abandoned = 0
    for path in files:
        try:
            with open(path, "rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 256))
                given_up = b'"note":"abandoned"' in file.read()
            abandoned += given_up
            if given_up and abandoned > KEEP_ABANDONED:
                path.unlink()
        except OSError:
            continue
