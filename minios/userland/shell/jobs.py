"""Jobs: the processes a shell started, what became of them, and job control (XCU 2.11)."""

import contextlib
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.records import Termios
from minios.abi.signals import Sig, strsignal
from minios.userland.shell.errors import ShellError

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

RUNNING, STOPPED, DONE = "running", "stopped", "done"

MAX_JOBS = 1024
"""Finished jobs beyond these are forgotten, oldest first."""


class Process:
    """One process of a job; ``status`` is its wait status, None while it runs."""

    __slots__ = ("pid", "status", "text")

    def __init__(self, pid: int, text: bytes) -> None:
        self.pid = pid
        self.status: int | None = None
        self.text = text


class Job:
    """A pipeline. ``own_group`` says that it has a process group of its own (job control)."""

    __slots__ = (
        "changed", "interrupted", "number", "own_group", "processes", "state", "stop_status",
        "termios", "waited",
    )  # fmt: skip

    def __init__(self, number: int, own_group: bool) -> None:
        self.number = number
        self.own_group = own_group
        self.processes: list[Process] = []
        self.state = RUNNING
        self.stop_status = 0
        self.changed = False
        self.waited = False
        self.interrupted = False
        self.termios: Termios | None = None

    @property
    def pgid(self) -> int:
        return self.processes[0].pid

    def status(self) -> int:
        """``$?`` of the job: that of its last process."""
        status = self.processes[-1].status if self.processes else 0
        if status is None:
            return 0
        if flags.wifsignaled(status) and flags.wtermsig(status) == Sig.SIGINT:
            self.interrupted = True
        return flags.shell_status(status)

    def text(self) -> bytes:
        return b" | ".join(process.text for process in self.processes)


def describe(status: int, only_signals: bool = False) -> bytes:
    """A wait status in words. With ``only_signals`` just what a script should hear of."""
    if flags.wifexited(status):
        if only_signals:
            return b""
        code = flags.wexitstatus(status)
        return b"Done(%d)" % code if code else b"Done"
    if flags.wifstopped(status):
        return b"" if only_signals else strsignal(flags.wstopsig(status)).encode()
    sig = flags.wtermsig(status)
    if only_signals and sig in (Sig.SIGINT, Sig.SIGPIPE):
        return b""
    text = strsignal(sig).encode()
    return text + b" (core dumped)" if flags.wcoredump(status) else text


class JobTable:
    """The jobs of one shell. ``order`` has the current job first, the previous one second."""

    def __init__(self, shell: "Shell") -> None:
        self.sh = shell
        self.jobs: dict[int, Job] = {}
        self.order: list[Job] = []

    # -- the table -----------------------------------------------------------------------------

    def new(self, own_group: bool) -> Job:
        if len(self.jobs) >= MAX_JOBS:
            done = [job for job in reversed(self.order) if job.state == DONE]
            if not done:
                raise ShellError(b"Cannot fork")
            self.remove(done[0])
        number = 1
        while number in self.jobs:
            old = self.jobs[number]
            if old.state == DONE and old.waited and not self.sh.job_control:
                self.remove(old)
                break
            number += 1
        job = Job(number, own_group)
        self.jobs[number] = job
        self._place(job)
        return job

    def remove(self, job: Job) -> None:
        self.jobs.pop(job.number, None)
        if job in self.order:
            self.order.remove(job)

    def _place(self, job: Job) -> None:
        """A new or continued job is current, behind the stopped ones."""
        if job in self.order:
            self.order.remove(job)
        at = 0
        while at < len(self.order) and self.order[at].state == STOPPED:
            at += 1
        self.order.insert(at, job)

    def make_current(self, job: Job) -> None:
        if job in self.order:
            self.order.remove(job)
        self.order.insert(0, job)

    def clear(self) -> None:
        """A subshell has no jobs of its own yet."""
        self.jobs.clear()
        self.order.clear()

    def of_pid(self, pid: int) -> Job | None:
        for job in self.order:
            if any(process.pid == pid for process in job.processes):
                return job
        return None

    def find(self, name: bytes, background: bool = False) -> Job:
        """The job that ``%1``, ``%str``, a pid … names (XCU 2.11). ShellError if none does."""
        if not name.startswith(b"%"):
            if name.isdigit() and len(name) < 10:
                job = self.of_last_pid(int(name))
                if job is not None:
                    return job
            raise ShellError(b"No such job: " + name)
        what = name[1:]
        if what in (b"", b"%", b"+"):
            if not self.order:
                raise ShellError(b"No current job")
            return self.order[0]
        if what == b"-":
            if len(self.order) < 2:
                raise ShellError(b"No previous job")
            return self.order[1]
        if what.isdigit():
            job = self.jobs.get(int(what)) if len(what) < 6 else None
            if job is None:
                raise ShellError(b"No such job: " + name)
            return job
        found = [
            job
            for job in self.order
            if (
                what[1:] in job.processes[0].text
                if what.startswith(b"?")
                else job.processes[0].text.startswith(what)
            )
        ]
        if not found:
            raise ShellError(b"No such job: " + name)
        if len(found) > 1:
            raise ShellError(name + b": ambiguous")
        return found[0]

    def of_last_pid(self, pid: int) -> Job | None:
        """The job whose last process has this pid, as ``wait`` and ``kill`` name them."""
        for job in self.order:
            if job.processes and job.processes[-1].pid == pid:
                return job
        return None

    # -- waiting -------------------------------------------------------------------------------

    async def poll(self) -> None:
        """Take note of every change that is there already."""
        while self._open() and await self.reap(flags.WNOHANG, None):
            pass

    def _open(self) -> bool:
        return any(job.state != DONE for job in self.order)

    async def reap(self, options: int, waiting: Job | None) -> bool:
        """Wait for one child to change. False if none did, or a signal came first.

        A death by signal in the job that is waited for is told on stderr.
        """
        sh = self.sh
        if sh.job_control:
            options |= flags.WUNTRACED
        try:
            waited = await sh.sys.waitpid(-1, options)
        except OSError as err:
            if err.errno == Errno.ECHILD:
                self._lose_all()
            return False
        if not waited.pid:
            return False
        job = self._note(waited.pid, waited.status)
        if job is not None and job is waiting:
            text = describe(waited.status, only_signals=True)
            if text:
                await sh.say_error(text + b"\n")
        return True

    def _lose_all(self) -> None:
        """No children at all: nothing that is still open can ever be told about."""
        for job in self.order:
            if job.state == RUNNING:
                for process in job.processes:
                    if process.status is None:
                        process.status = 0
                job.state = DONE

    def _note(self, pid: int, status: int) -> Job | None:
        for job in self.order:
            if job.state == DONE:
                continue
            for process in job.processes:
                if process.pid == pid:
                    process.status = status
                    self._update(job)
                    return job
        return None

    def _update(self, job: Job) -> None:
        state = DONE
        for process in job.processes:
            status = process.status
            if status is None:
                state = RUNNING
            elif state != RUNNING and flags.wifstopped(status):
                job.stop_status = status
                state = STOPPED
        if state != RUNNING:
            job.changed = True
            if job.state != state:
                job.state = state
                if state == STOPPED:
                    self.make_current(job)

    async def wait_for(self, job: Job) -> int:
        """Wait for a foreground job to end or stop; takes the terminal back. Its ``$?``."""
        sh = self.sh
        while job.state == RUNNING:
            await self.reap(0, job)
        status = job.status()
        if job.state == DONE:
            self.remove(job)
        if job.own_group:
            await sh.terminal_back(job)
        return status

    # -- showing and resuming ------------------------------------------------------------------

    def show(self, job: Job, mode: str = "") -> bytes:
        """The line that ``jobs`` prints; ``l`` adds pids, ``p`` is the group's pid alone.

        A finished job that was shown is forgotten.
        """
        if mode == "p":
            return b"%d\n" % job.pgid
        mark = b" "
        if self.order and job is self.order[0]:
            mark = b"+"
        elif len(self.order) > 1 and job is self.order[1]:
            mark = b"-"
        lines: list[bytes] = []
        head = b"[%d] %s " % (job.number, mark)
        column = len(head)
        processes = job.processes
        if mode != "l":
            text = self._state(job)
            lines.append((head + text).ljust(33) + job.text() + b"\n")
        else:
            for index, process in enumerate(processes):
                start = head if not index else b" " * column
                start += b"%d " % process.pid
                if not index:
                    start += self._state(job)
                pipe = b"" if not index else b"| "
                lines.append(start.ljust(33) + pipe + process.text + b"\n")
        job.changed = False
        if job.state == DONE:
            self.remove(job)
        return b"".join(lines)

    def _state(self, job: Job) -> bytes:
        if job.state == RUNNING:
            return b"Running"
        if job.state == STOPPED:
            return describe(job.stop_status)
        status = job.processes[-1].status
        return describe(status if status is not None else 0)

    async def report_changes(self) -> None:
        """Before a prompt: tell of every job that changed."""
        await self.poll()
        for job in list(self.order):
            if job.changed:
                await self.sh.say_error(self.show(job))

    def continued(self, job: Job) -> None:
        """``bg``: the job becomes the current running one."""
        job.state = RUNNING
        self._place(job)

    async def resume(self, job: Job, foreground: bool) -> int:
        """Send SIGCONT; in the foreground give it the terminal and wait."""
        sh = self.sh
        if job.state == DONE:
            return job.status()
        job.state = RUNNING
        job.changed = False
        if foreground and sh.terminal >= 0:
            try:
                await sh.sys.tcsetpgrp(sh.terminal, job.pgid)
                if job.termios is not None:
                    await sh.sys.tcsetattr(sh.terminal, job.termios)
            except OSError:
                pass
        for process in job.processes:
            if process.status is not None and flags.wifstopped(process.status):
                process.status = None
        with contextlib.suppress(OSError):
            await sh.sys.kill(-job.pgid, Sig.SIGCONT)
        return await self.wait_for(job) if foreground else 0

    def stopped(self) -> bool:
        return any(job.state == STOPPED for job in self.order)
