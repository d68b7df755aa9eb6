"""Running deep recursions of coroutines on a flat stack.

A trap that has to travel through twenty ``await`` frames costs twice what it should, and a
recursive shell function would exhaust Python's stack. ``await call(coro)`` hands ``coro`` to
:func:`drive` instead, which keeps the nested coroutines in a list: no depth costs time then. It
costs memory, which the kernel is asked for as a stack grows: endless recursion ends there.
"""

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, Protocol, TypeVar

from minios.abi.syscalls import COMPUTE, NR
from minios.userland.shell.errors import ShellError

T = TypeVar("T")


FREE_CALLS = 64
"""Calls in each other that fit into the image of a process."""
STEP_CALLS = 64
STEP_BYTES = 64 << 10
"""What the kernel is asked for when so many more calls lie in each other."""


class Meter(Protocol):
    """Where CPU time is run up until it is paid."""

    cycles: int


@coroutine
def call(coro: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await ``coro`` on the driver's stack instead of Python's."""
    result: T = yield coro
    return result


@coroutine
def drive(meter: Meter, coro: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Run ``coro`` and what it calls; pays the meter's cycles before every trap.

    A call for which there is no memory raises ShellError in its caller.
    """
    stack: list[Any] = [coro]
    room = FREE_CALLS
    value: Any = None
    failure: BaseException | None = None
    try:
        while True:
            try:
                if failure is None:
                    wanted = stack[-1].send(value)
                else:
                    thrown, failure = failure, None
                    wanted = stack[-1].throw(thrown)
            except StopIteration as stop:
                stack.pop()
                value = stop.value
                if not stack:
                    return value  # type: ignore[no-any-return]
                if room - len(stack) > 4 * STEP_CALLS:
                    room -= STEP_CALLS
                    yield NR.brk, (-STEP_BYTES,)
                continue
            except Exception as err:
                stack.pop()
                if not stack:
                    raise
                failure = err
                continue
            if type(wanted) is not tuple:
                if len(stack) >= room:
                    try:
                        yield NR.brk, (STEP_BYTES,)
                    except OSError:
                        wanted.close()
                        failure = ShellError(b"Out of space")
                        continue
                    room += STEP_CALLS
                stack.append(wanted)
                value = None
                continue
            try:
                cycles = meter.cycles
                if cycles and wanted[0] != COMPUTE:
                    meter.cycles = 0
                    yield COMPUTE, (cycles,)
                value = yield wanted
            except OSError as err:
                failure = err
    finally:
        # Closed from outside: innermost first, so that no long chain is torn down recursively.
        while stack:
            stack.pop().close()
