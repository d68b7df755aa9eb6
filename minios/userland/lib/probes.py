"""Probes in library functions: what ltrace(1) sees of them.

``@probed`` stands before an async library function. Where nobody traces the process it calls the
function and nothing else; the caller awaits the very coroutine.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from minios.abi.sys import Sys

P = ParamSpec("P")
R = TypeVar("R")

STREAM = 0x1E2A0
STREAM_SIZE = 0x98


def stream(fd: int) -> int:
    """The address of the FILE of a descriptor."""
    return STREAM + STREAM_SIZE * fd


def probed(
    name: bytes,
    sys: Callable[P, Sys],
    args: Callable[P, tuple[Any, ...]] = lambda *args, **kwargs: (),
    value: Callable[[Any], Any] = lambda result: result,
    out: Callable[[Any], tuple[Any, ...]] = lambda result: (),
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Let a tracer see calls of a function as those of ``name``.

    ``sys`` and ``args`` find the process's calls and what is shown of the arguments among what the
    function is given; ``value`` and ``out`` make of its result what is returned and what is left in
    the buffers it was given, which are shown as arguments when it returns.
    """

    def mark(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        def call(*given: P.args, **named: P.kwargs) -> Awaitable[R]:
            process = sys(*given, **named)
            if not process.probes:
                return function(*given, **named)
            return traced(process, given, named)

        async def traced(process: Sys, given: Any, named: Any) -> R:
            await process.probe(name, *args(*given, **named))
            try:
                result = await function(*given, **named)
            except OSError:
                await process.probe_return(name, -1)
                raise
            await process.probe_return(name, value(result), *out(result))
            return result

        call.__doc__ = function.__doc__
        call.__name__ = getattr(function, "__name__", "call")
        return call

    return mark


async def started(sys: Sys, argv: list[bytes], short: str, flags: Sequence[str]) -> None:
    """What a program does before its own first line: its locale, its options."""
    await report(sys, b"setlocale", ("LC_ALL", b""), b"C")
    options = (len(argv), list(argv), short.encode())
    for flag in flags:
        value = ord(flag) if len(flag) == 1 else 0x80
        await report(sys, b"getopt_long", options, value)
    await report(sys, b"getopt_long", options, -1)


async def report(sys: Sys, name: bytes, args: tuple[Any, ...], value: Any = None) -> None:
    """A library call that is over at once: ``if sys.probes: await report(sys, b"getenv", …)``."""
    await sys.probe(name, *args)
    await sys.probe_return(name, value)
