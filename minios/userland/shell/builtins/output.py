"""Built-ins that print or test: echo, printf, test."""

import contextlib
from typing import TYPE_CHECKING

from minios.userland.lib import printf as logic
from minios.userland.lib import testexpr
from minios.userland.shell.builtins.base import OptionReader, quick, slow
from minios.userland.shell.errors import ShellError

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

_FLUSH = 8192

_COMPLAINTS = {
    logic.EXPECTED: b"%s: expected numeric value",
    logic.INCOMPLETE: b"%s: not completely converted",
    logic.RANGE: b"%s: Numerical result out of range",
}


@quick("echo")
def echo(sh: "Shell", argv: list[bytes]) -> int:
    args = argv[1:]
    newline = b"\n"
    if args and args[0] == b"-n":
        args = args[1:]
        newline = b""
    text, stop = logic.echo_text(args)
    sh.cycles += len(text) >> 4
    sh.put(text if stop else text + newline)
    return 0


@slow("printf")
async def printf(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "")
    for _ in options:
        pass
    if not options.rest:
        raise ShellError(b"usage: printf format [arg ...]")
    status = 0
    size = 0
    for piece in logic.render(options.rest[0], options.rest[1:]):
        if isinstance(piece, logic.Complaint):
            if piece.kind == logic.MISSING:
                raise await _after_output(sh, b"missing format character")
            if piece.kind == logic.INVALID:
                raise await _after_output(sh, piece.word + b": invalid directive")
            status = 1
            await sh.warn(_COMPLAINTS[piece.kind] % piece.word)
            continue
        sh.put(piece)
        size += len(piece)
        if size >= _FLUSH:
            sh.cycles += size >> 4
            size = 0
            try:
                await sh.flush()
            except OSError:
                raise ShellError(b"printf: I/O error", 1) from None
    return status


async def _after_output(sh: "Shell", text: bytes) -> ShellError:
    """A fatal error; what was printed before it stays printed."""
    with contextlib.suppress(OSError):
        await sh.flush()
    return ShellError(text)


def _operands(argv: list[bytes]) -> list[bytes]:
    args = argv[1:]
    if argv[0] == b"[":
        if not args or args[-1] != b"]":
            raise ShellError(b"missing ]")
        args.pop()
    return args


def _wording(err: testexpr.TestError) -> ShellError:
    if err.kind == testexpr.ARGUMENT:
        return ShellError(err.word + b": argument expected")
    if err.kind == testexpr.PAREN:
        return ShellError(b"closing paren expected")
    if err.kind == testexpr.NUMBER:
        return ShellError(b"Illegal number: " + err.word)
    return ShellError(err.word + b": unexpected operator")


@quick("test", "[")
def test(sh: "Shell", argv: list[bytes]) -> int | None:
    try:
        result = testexpr.quick(_operands(argv))
    except testexpr.TestError as err:
        raise _wording(err) from None
    return None if result is None else int(not result)


@slow("test", "[")
async def test_files(sh: "Shell", argv: list[bytes], flags: int) -> int:
    try:
        return int(not await testexpr.evaluate(sh.sys, _operands(argv)))
    except testexpr.TestError as err:
        raise _wording(err) from None
