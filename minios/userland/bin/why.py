"""why: ask the machine for the cause of things. The kernel answers; the game says why of goals."""

from minios.abi.flags import O_RDWR
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import write_all

DEVICE = b"/dev/game"

USAGE = """
Usage: why [-pfg] [PID | FILE | GOAL]...
Say why a process sleeps, waits, was stopped or killed; why a file is out of reach, or busy;
why a goal does not hold. Without an operand, what of yours was killed or refused lately.

  -p   operands are processes (a plain number is one anyway)
  -f   operands are files (what is there is one anyway)
  -g   operands are goals, by their number in `goals` or by name
"""


@program(USAGE, "pfg")
async def why(tool: Tool) -> int:
    """Why is that so?"""
    operands = tool.operands
    if not operands:
        if tool.options.flags:
            raise Failure(b"missing operand", hint=True)
        await _show(tool, await tool.sys.why(b"recent"))
        return 0
    for at, operand in enumerate(operands):
        if at:
            await tool.line(b"")
        await _answer(tool, operand)
    return tool.status


async def _answer(tool: Tool, operand: bytes) -> None:
    options = tool.options
    if "g" in options:
        await _goal(tool, operand)
    elif "p" in options or (operand.isdigit() and "f" not in options):
        if not operand.isdigit() or len(operand) > 9:
            raise Failure(b"not a pid: '" + operand + b"'")
        await _show(tool, await tool.sys.why(b"process", int(operand)))
    elif "f" in options or b"/" in operand or await _is_there(tool, operand):
        await _show(tool, await tool.sys.why(b"file", operand))
    else:
        await _goal(tool, operand)


async def _is_there(tool: Tool, path: bytes) -> bool:
    try:
        await tool.sys.lstat(path)
    except OSError:
        return False
    return True


async def _goal(tool: Tool, name: bytes) -> None:
    """Put the question to the game. It knows of goals, the kernel does not."""
    sys = tool.sys
    try:
        fd = await sys.open(DEVICE, O_RDWR)
        await write_all(sys, fd, b"why " + name + b"\n")
        while data := await sys.read(fd, 4096):
            tool.out.put(data)
            await tool.out.drain()
        await sys.close(fd)
    except OSError:
        text = b": no such process, file or goal (no level is being played here)"
        await tool.warn(b"'" + name + b"'" + text)


async def _show(tool: Tool, answer: list[tuple[int, bytes]]) -> None:
    """Each sentence two columns further in than the one it explains."""
    for depth, text in answer:
        await tool.line(b"  " * depth + text)
