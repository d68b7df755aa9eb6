"""nstat: what the network counted, and what of it is new (iproute2 6.1)."""

from __future__ import annotations

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.userland.lib import proc
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.pattern import compiled
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, write_all

USAGE = """
Usage: nstat [OPTION] [ PATTERN [ PATTERN ] ]
   -h, --help          this message
   -a, --ignore        ignore history
   -j, --json          format output in JSON
   -n, --nooutput      do history only
   -p, --pretty        pretty print
   -r, --reset         reset history
   -s, --noupdate      don't update history
   -V, --version       output version information
   -z, --zeros         show entries with zero activity
"""

_FILES = (b"/proc/net/snmp", b"/proc/net/netstat")
_NO_COUNTERS = frozenset({
    b"IpForwarding", b"IpDefaultTTL", b"TcpRtoAlgorithm", b"TcpRtoMin", b"TcpRtoMax",
    b"TcpMaxConn", b"TcpCurrEstab",
})  # fmt: skip
"""Lines of these files that count nothing."""


@program(USAGE, trouble=255)
async def nstat(tool: Tool) -> int:
    """nstat(8)."""
    long = (
        "ignore=a", "json=j", "nooutput=n", "pretty=p", "reset=r", "noupdate=s", "zeros=z", "help",
        "version",
    )  # fmt: skip
    try:
        options = tool.options = parse(tool.argv[1:], "hajnprsVz", long)
    except UsageError as err:
        await complain(tool.sys, b"nstat: " + str(err).encode("latin-1"))
        await complain(tool.sys, USAGE.strip().encode())
        return 255
    if "h" in options or "help" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "V" in options or "version" in options:
        await tool.line(b"nstat utility, iproute2-6.1.0")
        return 0
    counts = await _counts(tool)
    place = tool.env.get(b"NSTAT_HISTORY") or b"/tmp/.nstat.u%d" % await tool.sys.getuid()
    before: dict[bytes, int] = {}
    if "r" not in options and "a" not in options:
        before = await _history(tool, place)
        if any(counts.get(name, 0) < value for name, value in before.items()):
            await complain(tool.sys, b"nstat: history is stale, ignoring it")
            before = {}
    if "n" not in options:
        await _show(tool, counts, before)
    if "s" not in options:
        await _remember(tool, place, counts)
    return 0


async def _counts(tool: Tool) -> dict[bytes, int]:
    """Everything by its name, in the files' order: a line of names, a line of numbers."""
    found: dict[bytes, int] = {}
    for path in _FILES:
        lines = (await proc.read_optional(tool.sys, path)).splitlines()
        for names, values in zip(lines[::2], lines[1::2], strict=False):
            group, *columns = names.split()
            prefix = group.removesuffix(b":")
            for column, value in zip(columns, values.split()[1:], strict=False):
                if prefix + column not in _NO_COUNTERS:
                    found[prefix + column] = int(value)
    return found


async def _history(tool: Tool, place: bytes) -> dict[bytes, int]:
    """What was remembered, unless that was before the machine was switched on."""
    try:
        text = await read_file(tool.sys, place)
        stat = await tool.sys.stat(place)
    except OSError:
        return {}
    lines = text.splitlines()
    if not lines or lines[0] != b"#kernel":
        return {}
    uptime = (await proc.read_optional(tool.sys, b"/proc/uptime")).partition(b".")[0]
    now = (await tool.sys.clock_gettime()) // 1_000_000_000
    if uptime.isdigit() and now >= stat.mtime // 1_000_000_000 + int(uptime) + 1:
        await complain(tool.sys, b"nstat: history is aged out, resetting")
        return {}
    found: dict[bytes, int] = {}
    for line in lines[1:]:
        words = line.split()
        if len(words) >= 2 and words[1].isdigit():
            found[words[0]] = int(words[1])
    return found


async def _show(tool: Tool, counts: dict[bytes, int], before: dict[bytes, int]) -> None:
    options = tool.options
    patterns = [compiled(word) for word in tool.operands]
    rows: list[tuple[bytes, int]] = []
    for name, value in counts.items():
        new = value - before.get(name, 0)
        if not new and "z" not in options:
            continue
        if patterns and not any(pattern.matches(name) for pattern in patterns):
            continue
        rows.append((name, new))
    if "j" in options:
        pretty = "p" in options
        gap, inner, outer = (b"\n        ", b"\n    ", b"\n") if pretty else (b"", b"", b"")
        colon = b": " if pretty else b":"
        body = b",".join(b'%b"%b"%b%d' % (gap, name, colon, new) for name, new in rows)
        await tool.line(b"{%b%b" % (inner, b'"kernel"') + colon + b"{" + body + inner + b"}"
                        + outer + b"}")  # fmt: skip
        return
    await tool.line(b"#kernel")
    for name, new in rows:
        await tool.line(_line(name, new))


def _line(name: bytes, value: int) -> bytes:
    return b"%-32s%-16d%6s" % (name, value, b"0.0")


async def _remember(tool: Tool, place: bytes, counts: dict[bytes, int]) -> None:
    lines = [b"#kernel", *(_line(name, value) for name, value in counts.items() if value)]
    try:
        fd = await tool.sys.open(place, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    except OSError as err:
        await tool.warn(b"open history file", err)
        return
    await write_all(tool.sys, fd, b"\n".join(lines) + b"\n")
    await tool.sys.close(fd)
