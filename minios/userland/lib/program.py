"""The frame around a program: options, messages, exit status and the memory it keeps.

``@program(...)`` turns ``async def main(tool) -> int`` into a native program. It reads the options,
answers ``--help`` and ``--version``, words getopt's complaints as GNU does, flushes standard output
at the end and reports if that fails (close_stdout of gnulib).
"""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from minios.abi.sys import Program, Sys
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.probes import probed, started
from minios.userland.lib.stdio import Reader, Writer, complain, why, write_all
from minios.userland.lib.steps import STRIDE, Refused, Steps

T = TypeVar("T")

RETAIN_STEP = 16384
"""Memory is asked of the kernel in steps of this many bytes."""


class Failure(Exception):
    """Ends the program: ``NAME: TEXT`` on standard error and an exit status.

    ``status`` None is the program's usual one for trouble; with ``hint`` the line that points to
    ``--help`` follows. An empty text says nothing.
    """

    def __init__(self, text: bytes = b"", status: int | None = None, *, hint: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.hint = hint
        self.advise: Callable[[Tool], Coroutine[Any, Any, None]] | None = None


class Output(Writer):
    """Standard output; trouble writing it ends the program, as it does when stdio is closed."""

    __slots__ = ()

    async def flush(self) -> None:
        try:
            await super().flush()
        except OSError as err:
            raise Failure(b"write error: " + why(err)) from None


class Tool:
    """What a running program has at hand."""

    __slots__ = (
        "_answers",
        "_asked",
        "_kept",
        "argv",
        "env",
        "name",
        "options",
        "out",
        "status",
        "sys",
    )

    def __init__(self, sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> None:
        self.sys = sys
        self.argv = argv
        self.env = env
        self.name = argv[0] if argv else b""
        self.options = Parsed()
        self.out = Output(sys, 1)
        self.status = 0
        self._answers: Reader | None = None
        self._kept = 0
        self._asked = 0

    @property
    def operands(self) -> list[bytes]:
        return self.options.operands

    async def warn(self, text: bytes, err: OSError | None = None, status: int = 1) -> None:
        """``NAME: TEXT[: why]`` on standard error, after what was written so far (error(3)).

        Raises the exit status to ``status`` if it is lower.
        """
        await self.out.flush()
        if err is not None:
            text += b": " + why(err)
        await complain(self.sys, self.name + b": " + text)
        self.status = max(self.status, status)

    @probed(
        b"puts",
        lambda self, text: self.sys,
        lambda self, text: (text,),
        value=lambda _: 1,
    )
    async def line(self, text: bytes) -> None:
        """A line of output."""
        self.out.put(text, b"\n")
        await self.out.drain()

    async def describe(self, usage: str) -> bool:
        """Answer ``--help`` and ``--version``; whether one of them was asked."""
        if "help" in self.options:
            self.out.put(usage.strip().encode() + b"\n")
        elif "version" in self.options:
            self.out.put(self.name + b" (MiniOS)\n")
        else:
            return False
        await self.out.flush()
        return True

    async def confirm(self, question: bytes) -> bool:
        """Ask ``NAME: QUESTION``; whether the answer begins with ``y`` (yesno of gnulib)."""
        return await self.ask(self.name + b": " + question)

    async def ask(self, question: bytes) -> bool:
        """The same without the program's name: asks on standard error, reads standard input."""
        await self.out.flush()
        await write_all(self.sys, 2, question)
        if self._answers is None:
            self._answers = Reader(self.sys, 0)
        try:
            answer = await self._answers.line()
        except OSError:
            return False
        return answer[:1] in (b"y", b"Y")

    async def slowly(self, steps: Steps[T]) -> T:
        """The result of work that a long text makes long, paid for as it is done."""
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]
            await self.sys.compute(STRIDE)

    async def retain(self, size: int) -> None:
        """Account for ``size`` more bytes of kept data; ends the program if there is no memory."""
        self._kept += size
        if self._kept > self._asked:
            step = -(-(self._kept - self._asked) // RETAIN_STEP) * RETAIN_STEP
            try:
                await self.sys.brk(step)
            except OSError:
                raise Failure(b"memory exhausted") from None
            self._asked += step

    def release(self, size: int) -> None:
        """Kept data is gone; the room is used again by the next :meth:`retain`."""
        self._kept -= size


def program(
    usage: str,
    short: str | None = None,
    long: Sequence[str] = (),
    *,
    trouble: int = 1,
    permute: bool = True,
    advise: Callable[[Tool], Coroutine[Any, Any, None]] | None = None,
) -> Callable[[Callable[[Tool], Coroutine[Any, Any, int]]], Program]:
    """Make a program of ``async def main(tool) -> int``.

    ``short`` and ``long`` are those of :func:`minios.userland.lib.options.parse`; with ``short``
    None the program reads its own arguments. ``usage`` is what ``--help`` prints, ``trouble`` the
    exit status of bad usage; ``advise`` may say more between a bad option and the hint.
    """

    def frame(main: Callable[[Tool], Coroutine[Any, Any, int]]) -> Program:
        async def run(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
            tool = Tool(sys, argv, env)
            try:
                if short is not None:
                    tool.options = parse(
                        argv[1:], short, [*long, "help", "version"], permute=permute
                    )
                    if sys.probes:
                        await started(sys, argv, short, [flag for flag, _ in tool.options.flags])
                    if await tool.describe(usage):
                        return 0
                status = await main(tool)
                await tool.out.flush()
                return status
            except UsageError as err:
                failure = Failure(str(err).encode("latin-1"), hint=True)
                if advise is not None:
                    failure.advise = advise
            except Failure as err:
                failure = err
            except Refused as err:
                failure = Failure(str(err).encode())
            except OSError as err:
                failure = Failure(why(err))
            return await _fail(tool, failure, trouble)

        run.__doc__ = main.__doc__
        return run

    return frame


async def _fail(tool: Tool, failure: Failure, trouble: int) -> int:
    if not failure.text.startswith(b"write error"):
        with suppress(Failure):
            await tool.out.flush()
    if failure.text:
        await complain(tool.sys, tool.name + b": " + failure.text)
    if failure.advise is not None:
        await failure.advise(tool)
    if failure.hint:
        text = b"Try '" + tool.name + b" --help' for more information."
        await complain(tool.sys, text)
    return trouble if failure.status is None else failure.status
