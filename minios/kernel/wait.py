"""Sleeping: what a process waits on, and how it is woken.

A system call that would block returns a :class:`WaitQueue` or a :class:`Sleep`; the kernel parks
the process there and makes the same call again when it is woken, so that a handler is a plain
function that either finds what it needs or says where to wait (as Linux's ``wait_event`` does).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


class Held(Exception):
    """Raised by a system call whose process a tracer holds (ptrace(2)): there is no result yet.

    When the tracer lets go the call is made again, as after a sleep.
    """


class Blocked(Exception):
    """Raised deep inside a system call that has to sleep on ``queue`` and be made again."""

    def __init__(self, queue: WaitQueue) -> None:
        super().__init__()
        self.queue = queue


class About(NamedTuple):
    """What those in a queue wait for, to whoever asks why they sleep.

    ``kind`` is one word (``lock``, ``disk``); ``text`` completes "It sleeps …" and names no file;
    ``wakers`` are the pids any of which could wake them by going on, ``outside`` says who else
    could and is empty if nobody can.
    """

    kind: str
    text: str
    wakers: Sequence[int] = ()
    outside: str = ""


class Watcher(Protocol):
    """What is told of each wake of a queue without sleeping there (an entry of an epoll set)."""

    def woken(self, key: int) -> None:
        """The queue was woken, for the events of poll(2) ``key``, or for any if that is 0."""


class WaitQueue:
    """Processes asleep for one reason; ``name`` is the wait channel that ps shows.

    ``sleepers`` is a dict for its order: they are woken first come, first served. ``disk`` makes it
    an uninterruptible sleep, state D: signals wait until it is over, all but SIGKILL (Linux's
    TASK_KILLABLE). ``key`` are the events of poll(2) that a wake may be about, 0 if any.
    """

    __slots__ = ("about", "disk", "kernel", "key", "name", "sleepers", "watchers")

    def __init__(self, kernel: Kernel, name: str, *, disk: bool = False, key: int = 0) -> None:
        self.kernel = kernel
        self.name = name
        self.disk = disk
        self.key = key
        self.sleepers: dict[PCB, None] = {}
        self.about: Callable[[], About] | None = None
        """What it is for, where minios.kernel.why cannot see that from the call."""
        self.watchers: dict[Watcher, None] | None = None

    def wake(self, key: int | None = None) -> None:
        """Make every sleeper runnable; each looks again for what it waited for. ``key`` is for this
        once in the place of the queue's own."""
        if self.sleepers:
            for pcb in list(self.sleepers):
                self.kernel.wake(pcb)
        if self.watchers is not None:
            for watcher in list(self.watchers):
                watcher.woken(self.key if key is None else key)


class Sleep:
    """A wait on several queues, or on time alone, or both.

    ``timeout`` is in ns from the first time the call blocks; when it runs out the call is made once
    more, with ``pcb.expired(now)`` true. ``restart`` says whether SA_RESTART applies (signal(7)).
    """

    __slots__ = ("name", "queues", "restart", "timeout")

    def __init__(
        self,
        queues: tuple[WaitQueue, ...],
        timeout: int | None = None,
        *,
        name: str = "",
        restart: bool = False,
    ) -> None:
        self.queues = queues
        self.timeout = timeout
        self.name = name or (queues[0].name if queues else "sleep")
        self.restart = restart
