"""Many conversations in one process: coroutines that a loop around poll(2) takes turns with.

A task is a coroutine that traps as any program does and, where it would have to wait, awaits
:func:`ready`, :func:`sleep_until` or a :class:`Promise`; everything else goes on meanwhile. Signals
are blocked but while the loop polls, so that none is lost between a look and a wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, POLLIN
from minios.abi.signals import SIG_BLOCK, SIG_SETMASK, mask_of
from minios.abi.sys import Sys, trap


class Task:
    """A function under way. Its coroutine is made when it first gets its turn."""

    __slots__ = ("_args", "_function", "coroutine")

    def __init__(
        self, function: Callable[..., Coroutine[Any, Any, None]], args: tuple[Any, ...]
    ) -> None:
        self._function = function
        self._args = args
        self.coroutine: Coroutine[Any, Any, None] | None = None

    def began(self) -> Coroutine[Any, Any, None]:
        if self.coroutine is None:
            self.coroutine = self._function(*self._args)
        return self.coroutine


class Wait:
    """What a task waits for: ``events`` on ``fd`` (-1: none), until ``deadline`` (None: ever)."""

    __slots__ = ("deadline", "events", "fd")

    def __init__(self, fd: int, events: int, deadline: int | None) -> None:
        self.fd = fd
        self.events = events
        self.deadline = deadline


class Promise:
    """A result that some task will have; others await it."""

    __slots__ = ("done", "result", "waiting")

    def __init__(self) -> None:
        self.done = False
        self.result: Any = None
        self.waiting: list[Task] = []

    @coroutine
    def wait(self) -> Generator[Any, Any, Any]:
        """The result, once it is there."""
        if not self.done:
            yield self
        return self.result


@coroutine
def ready(fd: int, events: int = POLLIN, deadline: int | None = None) -> Generator[Any, Any, int]:
    """What of ``events`` has come to ``fd``; 0 at ``deadline`` (ns of CLOCK_MONOTONIC)."""
    return (yield Wait(fd, events, deadline))  # type: ignore[no-any-return]


@coroutine
def sleep_until(deadline: int) -> Generator[Any, Any, None]:
    """Go on at ``deadline``."""
    yield Wait(-1, 0, deadline)


class Loop:
    """The tasks of a process. A task that ends with an error other than OSError ends the loop."""

    __slots__ = (
        "_callbacks", "_mask", "_runnable", "_signalled", "_sys", "_waiting", "stopped",
    )  # fmt: skip

    def __init__(self, sys: Sys) -> None:
        self._sys = sys
        self._waiting: dict[Task, Wait] = {}
        self._runnable: list[tuple[Task, Any]] = []
        self._signalled: list[int] = []
        self._callbacks: dict[int, Callable[[], Awaitable[None]]] = {}
        self._mask = 0
        self.stopped = False

    def __len__(self) -> int:
        """How many tasks there are."""
        return len(self._waiting) + len(self._runnable)

    def start(self, function: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> Task:
        """Have ``function(*args)`` run as a task, beginning when the others wait."""
        task = Task(function, args)
        self._runnable.append((task, None))
        return task

    def cancel(self, task: Task) -> None:
        """End a task where it waits."""
        if self._waiting.pop(task, None) is not None:
            task.began().close()

    def stop(self) -> None:
        """Leave :meth:`run` as soon as the running task waits."""
        self.stopped = True

    def keep(self, promise: Promise, result: Any) -> None:
        """Give a promise its result and wake who waits for it."""
        promise.done, promise.result = True, result
        self._runnable += [(task, None) for task in promise.waiting]
        promise.waiting = []

    async def on_signal(self, sig: int, callback: Callable[[], Awaitable[None]]) -> None:
        """Call ``callback`` between two tasks' turns after ``sig`` came."""
        if not self._callbacks:
            self._mask = await self._sys.sigprocmask(SIG_BLOCK, 0)
        self._callbacks[sig] = callback
        await self._sys.sigaction(sig, self._caught)
        await self._sys.sigprocmask(SIG_BLOCK, mask_of(sig))

    async def unblock(self) -> None:
        """In a child: let signals through as before :meth:`on_signal`."""
        if self._callbacks:
            await self._sys.sigprocmask(SIG_SETMASK, self._mask)

    async def _caught(self, sys: Sys, sig: int) -> None:
        self._signalled.append(sig)

    async def run(self) -> None:
        """Take turns until no task is left, or :meth:`stop`."""
        while not self.stopped:
            while self._runnable and not self.stopped:
                task, value = self._runnable.pop(0)
                await self._advance(task, value)
            while self._signalled and not self.stopped:
                await self._callbacks[self._signalled.pop(0)]()
            if self._runnable or self.stopped:
                continue
            if not self._waiting:
                return
            await self._poll()

    async def _advance(self, task: Task, value: Any) -> None:
        """Let a task go on until it waits or ends; its traps are made here."""
        failure: OSError | None = None
        run = task.began()
        while True:
            try:
                if failure is not None:
                    request, failure = run.throw(failure), None
                else:
                    request = run.send(value)
            except (StopIteration, OSError):
                return
            if type(request) is Wait:
                self._waiting[task] = request
                return
            if type(request) is Promise:
                request.waiting.append(task)
                return
            try:
                value = await trap(request[0], *request[1])
            except OSError as err:
                failure = err

    async def _poll(self) -> None:
        wanted: dict[int, int] = {}
        nearest: int | None = None
        for wait in self._waiting.values():
            if wait.fd >= 0:
                wanted[wait.fd] = wanted.get(wait.fd, 0) | wait.events
            if wait.deadline is not None and (nearest is None or wait.deadline < nearest):
                nearest = wait.deadline
        timeout = None
        if nearest is not None:
            timeout = max(nearest - await self._sys.clock_gettime(CLOCK_MONOTONIC), 0)
        try:
            found = dict(
                await self._sys.poll(
                    list(wanted.items()), timeout, self._mask if self._callbacks else None
                )
            )
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise
            return
        now = await self._sys.clock_gettime(CLOCK_MONOTONIC) if nearest is not None else 0
        woken: list[tuple[Task, int]] = []
        for task, wait in self._waiting.items():
            revents = found.get(wait.fd, 0) & (wait.events | 0x38)
            if revents or (wait.deadline is not None and now >= wait.deadline):
                woken.append((task, revents))
        for task, revents in woken:
            del self._waiting[task]
            self._runnable.append((task, revents))
