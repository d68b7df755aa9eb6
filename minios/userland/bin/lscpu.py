"""lscpu (util-linux 2.38.1)."""

from minios.userland.bin.taskset import show_list
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file

USAGE = """
Usage:
 lscpu [options]

Display information about the CPU architecture.

Options:
 -e, --extended          print out an extended readable format
 -J, --json              use JSON for default format
 -p, --parse             print out a parsable format
 -x, --hex               print hexadecimal masks rather than lists of CPUs

 -h, --help              display this help
 -V, --version           display version
"""

_COMMENT = b"""\
# The following is the parsable format, which can be fed to other
# programs. Each different item in every column has an unique ID
# starting usually from zero.
# CPU,Core,Socket,Node"""

_INDENTED = (b"CPU op-mode(s):", b"Byte Order:", b"On-line CPU(s) list:", b"On-line CPU(s) mask:",
    b"Thread(s) per core:", b"Core(s) per socket:", b"Socket(s):", b"CPU MHz:", b"ISA:", b"MMU:",
)  # fmt: skip
"""What a terminal shows below the line before."""


@program(USAGE, "eJpxhV", ("extended=e", "json=J", "parse=p", "hex=x"))
async def lscpu(tool: Tool) -> int:
    """lscpu(1), from /proc/cpuinfo."""
    if "h" in tool.options or "V" in tool.options:
        version = tool.name + b" from util-linux 2.38.1"
        await tool.line(version if "V" in tool.options else USAGE.strip().encode())
        return 0
    if tool.operands:
        raise Failure(b"bad usage", hint=True)
    cores: list[dict[bytes, bytes]] = []
    for block in (await read_file(tool.sys, b"/proc/cpuinfo")).strip().split(b"\n\n"):
        pairs = (line.partition(b":") for line in block.split(b"\n"))
        cores.append({key.strip(): value.strip() for key, _, value in pairs})
    if "p" in tool.options:
        await tool.line(_COMMENT)
        for core in range(len(cores)):
            await tool.line(b"%d,%d,0," % (core, core))
    elif "e" in tool.options:
        await tool.line(b"CPU SOCKET CORE ONLINE")
        for core in range(len(cores)):
            await tool.line(b"%3d%7d%5d%7b" % (core, 0, core, b"yes"))
    else:
        await _summary(tool, cores)
    return 0


async def _summary(tool: Tool, cores: list[dict[bytes, bytes]]) -> None:
    first = cores[0]
    mask = (1 << len(cores)) - 1
    hexed = "x" in tool.options
    rows = [
        (b"Architecture:", (await tool.sys.uname()).machine),
        (b"CPU op-mode(s):", b"32-bit"),
        (b"Byte Order:", b"Little Endian"),
        (b"CPU(s):", b"%d" % len(cores)),
        (b"On-line CPU(s) mask:", b"0x%x" % mask)
        if hexed
        else (b"On-line CPU(s) list:", show_list(mask)),
        (b"Model name:", first.get(b"uarch", b"-")),
        (b"Thread(s) per core:", b"1"),
        (b"Core(s) per socket:", b"%d" % len(cores)),
        (b"Socket(s):", b"1"),
        (b"CPU MHz:", first.get(b"cpu MHz", b"-")),
        (b"ISA:", first.get(b"isa", b"-")),
        (b"MMU:", first.get(b"mmu", b"-")),
    ]
    if "J" in tool.options:
        items = [
            b'{\n         "field": "%b",\n         "data": "%b"\n      }' % row for row in rows
        ]
        await tool.line(b'{\n   "lscpu": [\n      ' + b",".join(items) + b"\n   ]\n}")
        return
    if await tool.sys.isatty(1):
        rows = [(b"  " + name if name in _INDENTED else name, value) for name, value in rows]
    width = max(len(name) for name, _ in rows) + 1
    for name, value in rows:
        await tool.line(name.ljust(width) + value)
