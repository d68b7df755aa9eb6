"""ss -s: how many sockets of each kind there are."""

from __future__ import annotations

from minios.userland.lib import proc
from minios.userland.lib.program import Tool


async def summary(tool: Tool) -> None:
    """By /proc/net/sockstat and /proc/net/snmp."""
    figures: dict[bytes, dict[bytes, int]] = {}
    for line in (await proc.read_optional(tool.sys, b"/proc/net/sockstat")).splitlines():
        name, _, rest = line.partition(b":")
        words = rest.split()
        figures[name] = {
            key: int(value) for key, value in zip(words[::2], words[1::2], strict=False)
        }
    established = 0
    rows = (await proc.read_optional(tool.sys, b"/proc/net/snmp")).splitlines()
    for head, values in zip(rows[::2], rows[1::2], strict=False):
        if head.startswith(b"Tcp:"):
            named = dict(zip(head.split(), values.split(), strict=False))
            established = int(named.get(b"CurrEstab", b"0"))
    tcp = figures.get(b"TCP", {})
    resting, inuse, allocated = tcp.get(b"tw", 0), tcp.get(b"inuse", 0), tcp.get(b"alloc", 0)
    await tool.line(b"Total: %d" % figures.get(b"sockets", {}).get(b"used", 0))
    await tool.line(
        b"TCP:   %d (estab %d, closed %d, orphaned %d, timewait %d)"
        % (
            allocated + resting, established, max(allocated - inuse + resting, 0),
            tcp.get(b"orphan", 0), resting,
        )
    )  # fmt: skip
    await tool.line(b"")
    await tool.line(b"Transport Total     IP        IPv6")
    counts = [(name, figures.get(name, {}).get(b"inuse", 0)) for name in (b"RAW", b"UDP", b"TCP")]
    counts.append((b"INET", sum(count for _, count in counts)))
    counts.append((b"FRAG", figures.get(b"FRAG", {}).get(b"inuse", 0)))
    for name, count in counts:
        await tool.line(b"%b\t  %-9d %-9d %-9d" % (name, count, count, 0))
    await tool.line(b"")
