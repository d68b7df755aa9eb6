"""ss: sockets and who has them (iproute2 6.1), of the local kind."""

from minios.userland.lib import proc
from minios.userland.lib.openfiles import holdings
from minios.userland.lib.program import Tool, program

USAGE = """
Usage: ss [ OPTIONS ]
   -h, --help          this message
   -V, --version       output version information
   -a, --all           display all sockets
   -l, --listening     display listening sockets
   -p, --processes     show process using socket
   -x, --unix          display only Unix domain sockets
   -H, --no-header     Suppress header line
"""

_KINDS = {b"0001": b"u_str", b"0002": b"u_dgr", b"0005": b"u_seq"}


@program(
    USAGE,
    "haHlpxVtun",
    ("all=a", "listening=l", "processes=p", "unix=x", "no-header=H", "numeric=n"),
)
async def ss(tool: Tool) -> int:
    """ss(8). Without -a connections, with -l who listens."""
    options = tool.options
    if "h" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"ss utility, iproute2-6.1.0")
        return 0
    users = await _users(tool) if "p" in options else {}
    head = (b"Netid", b"State", b"Recv-Q", b"Send-Q", b"Local Address:Port", b"Peer Address:Port")
    rows: list[list[bytes]] = []
    if not ("t" in options or "u" in options) or "x" in options:
        for line in (await proc.read_optional(tool.sys, b"/proc/net/unix")).splitlines()[1:]:
            words = line.split(None, 7)
            listens = int(words[3], 16) & 0x10000 != 0
            state = b"LISTEN" if listens else b"ESTAB" if words[5] == b"03" else b"UNCONN"
            if "a" not in options and listens != ("l" in options):
                continue
            if "a" not in options and state == b"UNCONN":
                continue
            name = words[7] if len(words) > 7 else b"*"
            who = users.get(words[6], b"")
            kind = _KINDS.get(words[4], b"u_str")
            rows.append([kind, state, b"0", b"0", name, words[6], b"*", b"0", who])
            await tool.retain(len(line))
    await _print(tool, head, rows)
    return 0


async def _users(tool: Tool) -> dict[bytes, bytes]:
    """By inode number: ``users:(("name",pid=1,fd=3))``."""
    found: dict[bytes, list[bytes]] = {}
    for pid in await proc.pids(tool.sys):
        process = await proc.read_process(tool.sys, pid, status=False, argv=False)
        if process is None:
            continue
        for held in await holdings(tool, pid):
            if held.path.startswith(b"socket:["):
                text = b'("%b",pid=%d,fd=%b)' % (process.comm, pid, held.fd)
                found.setdefault(held.path[8:-1], []).append(text)
    return {ino: b"users:(" + b",".join(texts) + b")" for ino, texts in found.items()}


async def _print(tool: Tool, head: tuple[bytes, ...], rows: list[list[bytes]]) -> None:
    """The columns; an address is right-aligned before its port, as ss lays them out."""
    name = max([13, *(len(row[4]) for row in rows)])
    port = max([5, *(len(row[5]) for row in rows)])
    state = max([5, *(len(row[1]) for row in rows)])
    if "H" not in tool.options:
        local = b"Local Address".rjust(name) + b":" + b"Port".ljust(port)
        line = b"%b %b %b %b %b %b %b" % (
            head[0], head[1].ljust(state), head[2], head[3], local,
            b"Peer Address:Port".rjust(17), b"Process",
        )  # fmt: skip
        await tool.line(line.rstrip())
    for row in rows:
        line = b"%b %b %b %b %b %b %b %b %b" % (
            row[0], row[1].ljust(state), row[2].ljust(6), row[3].ljust(6), row[4].rjust(name),
            row[5].ljust(port), row[6].rjust(12), row[7].ljust(4), row[8],
        )  # fmt: skip
        await tool.line(line.rstrip())
