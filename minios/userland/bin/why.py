"""why: ask the machine for the cause of things. The kernel answers; the game says why of goals."""

from minios.abi.flags import O_RDWR
from minios.abi.inet import ip_text
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import write_all
from minios.userland.man import wrap

DEVICE = b"/dev/game"

PROBES = (b"ping", b"tcp", b"udp")

USAGE = """
Usage: why [-pfg] [PID | FILE | GOAL]...
  or:  why ping HOST
  or:  why tcp | udp HOST:PORT
  or:  why drops
Say why a process sleeps, waits, was stopped or killed; why a file is out of reach, or busy;
why a goal does not hold. Without an operand, what of yours was killed or refused lately.
With ping, tcp or udp a packet is sent there and followed: hop by hop, there and back, what
became of it, and where, why and by which rule it ended. With drops, what this machine dropped.

  -p   operands are processes (a plain number is one anyway)
  -f   operands are files (what is there is one anyway)
  -g   operands are goals, by their number in `goals` or by name
"""


@program(USAGE, "pfg")
async def why(tool: Tool) -> int:
    """Why is that so?"""
    operands = tool.operands
    if operands and operands[0] in PROBES and len(operands) > 1 and not tool.options.flags:
        return await _probe(tool, operands)
    if operands == [b"drops"] and not tool.options.flags:
        await _show(tool, await tool.sys.why(b"drops"))
        return 0
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


async def _probe(tool: Tool, operands: list[bytes]) -> int:
    """Send a packet there and tell what became of it. Exit status 0 if it was answered."""
    kind = operands[0]
    if len(operands) > 2:
        raise Failure(b"extra operand '" + operands[2] + b"'", hint=True)
    host, colon, port = operands[1].rpartition(b":")
    if kind == b"ping":
        host, port = operands[1], b""
    elif not colon or not host:
        raise Failure(kind + b" needs HOST:PORT, not '" + operands[1] + b"'", hint=True)
    from minios.userland.lib.net import services
    from minios.userland.lib.net.gai import GaiError, resolve

    try:
        address = await resolve(tool.sys, host)
    except GaiError as err:
        raise Failure(host + b": " + err.text) from None
    subject = ip_text(address).encode()
    if kind != b"ping":
        number = int(port) if port.isdigit() else await services.port(tool.sys, port, kind)
        if number is None or not 0 < number < 65536:
            raise Failure(b"no such port: '" + port + b"'")
        subject += b":%d" % number
    answer = await tool.sys.why(kind, subject)
    await _show(tool, answer)
    return 0 if b"; that took " in answer[0][1] else 1


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
    """Each sentence two columns further in than the one it explains; on a terminal, long ones go
    on below themselves."""
    try:
        width = (await tool.sys.winsize(1)).cols or 80
    except OSError:
        width = 0
    for depth, text in answer:
        lead = "  " * depth
        if len(text.decode("utf-8", "replace")) + len(lead) <= width or width < 30:
            await tool.line(lead.encode() + text)
            continue
        for row in wrap(text.decode("utf-8", "replace"), width, lead, lead + "    "):
            await tool.line(row.encode())
