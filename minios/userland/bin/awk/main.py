"""awk: find patterns, and do what the program says (mawk's dialect)."""

from contextlib import suppress
from functools import partial

from minios.userland.bin.awk.codegen import Code
from minios.userland.bin.awk.input import MainInput, assignment
from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.machine import ARGC, ARGV, ELEMENT, ENVIRON, Machine
from minios.userland.bin.awk.parser import Parser
from minios.userland.bin.awk.values import Field
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, read_file, why

USAGE = """
Usage: awk [-F fs] [-v var=value] [--] 'program' [file | var=value]...
       awk [-F fs] [-v var=value] -f progfile [--] [file | var=value]...

  -F fs            the input field separator: a byte or a regular expression
  -v var=value     assign before the program begins
  -f progfile      read the program from a file; several are put together
  -W version       what this is
  -W help          this text
"""
_PROGRAM_MAX = 1 << 16
"""Bytes of a program: it is compiled in one go."""


class _Settings:
    def __init__(self) -> None:
        self.separator: bytes | None = None
        self.assignments: list[bytes] = []
        self.programs: list[bytes] = []
        self.shown = ""
        self.operands: list[bytes] = []


def _settings(args: list[bytes]) -> _Settings:
    """The options; mawk's are read up to the first operand. AwkError."""
    result = _Settings()
    rest = list(args)
    while rest and rest[0][:1] == b"-" and len(rest[0]) > 1:
        arg = rest.pop(0)
        if arg == b"--":
            break
        if arg in (b"--help", b"--version"):
            result.shown = arg[2:].decode()
            continue
        letter, value = arg[1:2], arg[2:]
        if letter not in (b"F", b"v", b"f", b"W"):
            raise AwkError(f"not an option: {arg.decode('latin-1')}")
        if not value:
            if not rest:
                raise AwkError(f"option -{letter.decode()} lacks argument")
            value = rest.pop(0)
        if letter == b"F":
            result.separator = value
        elif letter == b"v":
            if assignment(value) is None:
                raise AwkError(f"improper assignment: -v {value.decode('latin-1')}")
            result.assignments.append(value)
        elif letter == b"f":
            result.programs.append(value)
        elif value[:1] in (b"v", b"V"):
            result.shown = "version"
        elif value[:1] in (b"h", b"u"):
            result.shown = "help"
    result.operands = rest
    return result


async def _source(tool: Tool, settings: _Settings) -> bytes:
    """The program's text."""
    if not settings.programs:
        return settings.operands.pop(0)
    texts: list[bytes] = []
    for name in settings.programs:
        try:
            path = b"/dev/stdin" if name == b"-" else name
            text = await read_file(tool.sys, path, _PROGRAM_MAX + 1)
        except OSError as err:
            shown = name.decode("latin-1")
            raise AwkError(f'cannot open "{shown}" ({why(err).decode()})') from None
        texts.append(text)
    return b"\n".join(texts)


async def _run(tool: Tool) -> int:
    settings = _settings(tool.argv[1:])
    if settings.shown == "version":
        await tool.line(tool.name + b" (MiniOS)")
        return 0
    if settings.shown or not (settings.programs or settings.operands):
        tool.out.put(USAGE.strip().encode() + b"\n")
        return 0
    source = await _source(tool, settings)
    if len(source) > _PROGRAM_MAX:
        raise AwkError(f"program limit exceeded: program size={_PROGRAM_MAX}")
    await tool.retain(len(source) * 32)
    await tool.sys.compute(100 + len(source) * 4)
    code = Code(Parser(source))
    machine = Machine(tool, code.globals)
    main = MainInput(machine, code.places)
    steps = code.compile(machine, main)
    arguments = [tool.name, *settings.operands]

    def start() -> None:
        environ = {key: Field(value) for key, value in tool.env.items()}
        argv = {b"%d" % at: Field(text) for at, text in enumerate(arguments)}
        for place, array in ((ENVIRON, environ), (ARGV, argv)):
            machine.grow(sum(len(k) + len(v) + ELEMENT for k, v in array.items()))
            kept = machine.globals[place]
            assert isinstance(kept, dict)
            kept.update(array)
        machine.globals[ARGC] = float(len(arguments))

    await machine.commit(start)
    if settings.separator is not None:
        main.assign("FS", _separator(settings.separator))
    for text in settings.assignments:
        given = assignment(text)
        assert given is not None
        await machine.commit(partial(main.assign, *given))
    if "rand" in code.used:
        machine.seed_random(float(int.from_bytes(await tool.sys.getrandom(4), "big")))
    machine.streams.standard.at_once = await tool.sys.isatty(1)
    try:
        await machine.run(steps)
    except AwkError:
        with suppress(AwkError):
            await machine.streams.finish()
        raise
    await machine.streams.finish()
    return machine.status


def _separator(text: bytes) -> bytes:
    given = assignment(b"FS=" + text)
    assert given is not None
    return given[1]


@program(USAGE, None, trouble=2)
async def awk(tool: Tool) -> int:
    """mawk(1). 2 for a program that is wrong and for trouble while running it."""
    tool.name = tool.name.rpartition(b"/")[2]
    try:
        return await _run(tool)
    except AwkError as err:
        text = str(err)
    except RecursionError:
        text = "program is nested too deep"
    with suppress(Failure):
        await tool.out.flush()
    await complain(tool.sys, tool.name + b": " + text.encode("latin-1"))
    return 2
