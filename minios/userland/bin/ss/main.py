"""ss: the program."""

from __future__ import annotations

from minios.userland.bin.ss import details, filters, sources
from minios.userland.bin.ss.columns import NETID, STATE, Table
from minios.userland.bin.ss.sources import Socket
from minios.userland.bin.ss.summary import summary
from minios.userland.lib import proc
from minios.userland.lib.net import lookup, services
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why

USAGE = """
Usage: ss [ OPTIONS ]
       ss [ OPTIONS ] [ FILTER ]
   -h, --help          this message
   -V, --version       output version information
   -n, --numeric       don't resolve service names
   -r, --resolve       resolve host names
   -a, --all           display all sockets
   -l, --listening     display listening sockets
   -o, --options       show timer information
   -e, --extended      show detailed socket information
   -m, --memory        show socket memory usage
   -p, --processes     show process using socket
   -T, --threads       show thread using socket
   -i, --info          show internal TCP information
   -s, --summary       show socket usage summary
       --tos           show tos and priority information

   -4, --ipv4          display only IP version 4 sockets
   -6, --ipv6          display only IP version 6 sockets
   -0, --packet        display PACKET sockets
   -t, --tcp           display only TCP sockets
   -u, --udp           display only UDP sockets
   -w, --raw           display only RAW sockets
   -x, --unix          display only Unix domain sockets
   -f, --family=FAMILY display sockets of type FAMILY
       FAMILY := {inet|inet6|link|unix|help}

   -K, --kill          forcibly close sockets, display what was closed
   -H, --no-header     Suppress header line
   -O, --oneline       socket's data printed on a single line

   -A, --query=QUERY, --socket=QUERY
       QUERY := {all|inet|tcp|udp|raw|unix|unix_dgram|unix_stream|unix_seqpacket|packet|packet_raw|packet_dgram}[,QUERY]

   -F, --filter=FILE   read filter information from FILE
       FILTER := [ state STATE-FILTER ] [ EXPRESSION ]
       STATE-FILTER := {all|connected|synchronized|bucket|big|TCP-STATES}
         TCP-STATES := {established|syn-sent|syn-recv|fin-wait-{1,2}|time-wait|closed|close-wait|last-ack|listening|closing}
          connected := {established|syn-sent|syn-recv|fin-wait-{1,2}|time-wait|close-wait|last-ack|closing}
       synchronized := {established|syn-recv|fin-wait-{1,2}|time-wait|close-wait|last-ack|closing}
             bucket := {syn-recv|time-wait}
                big := {established|syn-sent|fin-wait-{1,2}|closed|close-wait|last-ack|listening|closing}
"""  # noqa: E501

_LONG = (
    "numeric=n", "resolve=r", "all=a", "listening=l", "options=o", "extended=e", "memory=m",
    "processes=p", "threads=T", "info=i", "summary=s", "tos", "ipv4=4", "ipv6=6", "packet=0",
    "tcp=t", "udp=u", "raw=w", "unix=x", "family:=f", "kill=K", "no-header=H", "oneline=O",
    "query:=A", "socket:=A", "filter:=F",
)  # fmt: skip

_STATES = (
    b"UNKNOWN", b"ESTAB", b"SYN-SENT", b"SYN-RECV", b"FIN-WAIT-1", b"FIN-WAIT-2", b"TIME-WAIT",
    b"UNCONN", b"CLOSE-WAIT", b"LAST-ACK", b"LISTEN", b"CLOSING",
)  # fmt: skip

_PACKET = (b"p_raw", b"p_dgr")
_UNIX = (b"u_str", b"u_dgr", b"u_seq")
_INET = (b"raw", b"udp", b"tcp")
_ORDER = (*_PACKET, *_UNIX, *_INET)

_QUERIES: dict[bytes, tuple[bytes, ...]] = {
    b"all": _ORDER, b"inet": _INET, b"tcp": (b"tcp",), b"udp": (b"udp",), b"raw": (b"raw",),
    b"unix": _UNIX, b"u_stream": (b"u_str",), b"unix_stream": (b"u_str",), b"u_str": (b"u_str",),
    b"unix_dgram": (b"u_dgr",), b"u_dgram": (b"u_dgr",), b"u_dgr": (b"u_dgr",),
    b"unix_seqpacket": (b"u_seq",), b"u_seqpacket": (b"u_seq",), b"u_seq": (b"u_seq",),
    b"packet": _PACKET, b"packet_raw": (b"p_raw",), b"p_raw": (b"p_raw",),
    b"packet_dgram": (b"p_dgr",), b"p_dgr": (b"p_dgr",),
}  # fmt: skip
_FAMILIES = {b"inet": _INET, b"inet6": (), b"link": _PACKET, b"unix": _UNIX}
_LETTERS = {"t": (b"tcp",), "u": (b"udp",), "w": (b"raw",), "x": _UNIX, "0": _PACKET}

_DEFAULTS = {
    **dict.fromkeys(_PACKET, filters.CLOSED),
    **dict.fromkeys(_UNIX, filters.CONNECTED),
    b"raw": 1 << 1,
    b"udp": 1 << 1,
    b"tcp": filters.CONNECTED,
}
"""What is shown of each kind when nobody says which states."""


@program(USAGE, trouble=255)
async def ss(tool: Tool) -> int:
    """ss(8)."""
    try:
        tool.options = parse(
            tool.argv[1:], "hVnraloempTis460tuwxf:KHOA:F:", [*_LONG, "help", "version"]
        )
    except UsageError as err:
        await complain(tool.sys, b"ss: " + str(err).encode("latin-1"))
        await complain(tool.sys, USAGE.strip().encode())
        return 255
    options = tool.options
    if "h" in options or "help" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "V" in options or "version" in options:
        await tool.line(b"ss utility, iproute2-6.1.0")
        return 0
    try:
        return await Listing(tool).run()
    except filters.FilterError as err:
        await tool.out.flush()
        await complain(tool.sys, err.text)
        if err.usage:
            await complain(tool.sys, USAGE.strip().encode())
        return err.status


class Listing:
    """One call of ss: what was asked for, and its answer."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.kinds: list[bytes] = []
        self.states: int | None = None
        self.test: filters.Test | None = None
        self._ports: dict[tuple[int, bytes], bytes] = {}
        self._hosts: dict[int, bytes] = {}
        self._ephemeral = range(0)

    async def run(self) -> int:
        tool, options = self.tool, self.tool.options
        if "s" in options:
            await summary(tool)
            if not self._asked():
                return 0
        self._choose_kinds()
        words = list(tool.operands)
        for name in options.every("F"):
            words += (await read_file(tool.sys, name)).split()
        words = self._choose_states(words)
        named = await services.entries(tool.sys)
        if "n" not in options:
            self._ports = {(port, proto): names[0] for port, proto, names in reversed(named)}
            low, _, high = (
                await proc.read_optional(tool.sys, b"/proc/sys/net/ipv4/ip_local_port_range")
            ).partition(b"\t")
            if low.strip().isdigit() and high.strip().isdigit():
                self._ephemeral = range(int(low), int(high) + 1)
        by_name = {name: port for port, _, names in reversed(named) for name in names}
        self.test = filters.Parser(words, by_name.get).parse()
        await self._show()
        return 0

    def _asked(self) -> bool:
        return any(flag in self.tool.options for flag in "tuwx0Afl4a")

    def _choose_kinds(self) -> None:
        options = self.tool.options
        chosen: list[bytes] = []
        for letter, kinds in _LETTERS.items():
            if letter in options:
                chosen += kinds
        for value in options.every("A"):
            for name in value.split(b","):
                out = name[:1] == b"!"
                kinds = _QUERIES.get(name.lstrip(b"!"), ())
                if not kinds:
                    raise filters.FilterError(
                        b'ss: "' + name + b'" is illegal socket table id', 255, usage=True
                    )
                if out:
                    chosen = [kind for kind in (chosen or _ORDER) if kind not in kinds]
                else:
                    chosen += kinds
        family: tuple[bytes, ...] | None = None
        if "4" in options:
            family = _INET
        if "6" in options:
            family = ()
        for value in options.every("f"):
            if value not in _FAMILIES:
                raise filters.FilterError(b"ss: unknown family: " + value, 255, usage=True)
            family = _FAMILIES[value]
        if not chosen:
            chosen = list(_ORDER if family is None else family)
        elif family is not None:
            chosen = [kind for kind in chosen if kind in family]
        self.kinds = [kind for kind in _ORDER if kind in chosen]

    def _choose_states(self, words: list[bytes]) -> list[bytes]:
        """``state X`` and ``exclude X`` in front of the expression."""
        options = self.tool.options
        if "a" in options:
            self.states = filters.ALL
        elif "l" in options:
            self.states = filters.LISTENING | filters.CLOSED
        said = False
        while words and words[0] in (b"state", b"exclude", b"excl"):
            if len(words) < 2:
                raise filters.FilterError(b"ss: " + words[0] + b" needs an argument", 255)
            mask = filters.states_of(words[1])
            if words[0] == b"state":
                self.states = (self.states or 0) | mask if said else mask
            else:
                self.states = (self.states if said and self.states else filters.ALL) & ~mask
            said = True
            words = words[2:]
        return words

    # -- showing -------------------------------------------------------------------------------

    async def _show(self) -> None:
        tool, options = self.tool, self.tool.options
        shown = 0
        for kind in self.kinds:
            shown |= _DEFAULTS[kind] if self.states is None else self.states
        hidden = set()
        if len(self.kinds) < 2:
            hidden.add(NETID)
        if shown and shown & (shown - 1) == 0:
            hidden.add(STATE)
        table = Table(frozenset(hidden), header="H" not in options)
        who: dict[int, bytes] = {}
        if "p" in options or "T" in options:
            who = await sources.users(tool, "T" in options)
        for socket in await self._sockets():
            if self.test is not None and not self.test(socket.ends):
                continue
            if "K" in options:
                if socket.diag is None:
                    continue
                try:
                    if not await sources.destroy(tool, socket):
                        continue
                except OSError as err:
                    await complain(tool.sys, b"SOCK_DESTROY answers: " + why(err))
                    continue
            await self._name(socket)
            row = [
                socket.netid, _STATES[min(socket.state, 11)], b"%-6d" % socket.receive,
                b"%-6d" % socket.send, *socket.local, *socket.remote, self._more(socket, who),
            ]  # fmt: skip
            table.add(row)
            await tool.retain(sum(map(len, row)))
        width = None
        if "O" not in options and await tool.sys.isatty(1):
            width = (await tool.sys.winsize(1)).cols or 80
        tool.out.put(table.text(width))
        await tool.out.drain()

    async def _sockets(self) -> list[Socket]:
        found: list[Socket] = []
        wanted = set(self.kinds)
        if wanted & set(_PACKET):
            found += await sources.packet(self.tool, "n" in self.tool.options)
        if wanted & set(_UNIX):
            found += await sources.unix(self.tool)
        for kind in _INET:
            if kind in wanted:
                found += await sources.inet(self.tool, kind, self._states(kind))
        return [
            socket
            for socket in found
            if socket.netid in wanted and self._states(socket.netid) >> socket.state & 1
        ]

    def _states(self, kind: bytes) -> int:
        return _DEFAULTS[kind] if self.states is None else self.states

    async def _name(self, socket: Socket) -> None:
        """Fill in the addresses of an Internet socket, as they are to be shown."""
        ends = socket.ends
        if ends.local is None or ends.remote is None:
            return
        local = await self._host(ends.local)
        if ends.device:
            local += b"%" + ends.device
        remote = await self._host(ends.remote)
        socket.local = (local + b":", self._service(ends.lport, socket.netid))
        socket.remote = (remote + b":", self._service(ends.rport, socket.netid))

    async def _host(self, ip: int) -> bytes:
        text = sources.address(ip, b"")
        if "r" not in self.tool.options or not ip:
            return text
        if ip not in self._hosts:
            self._hosts[ip] = await lookup.host_name(self.tool.sys, ip) or text
        return self._hosts[ip]

    def _service(self, port: int, kind: bytes) -> bytes:
        if not port:
            return b"*"
        if port in self._ephemeral:
            return b"%d" % port
        return self._ports.get((port, kind), b"%d" % port)

    def _more(self, socket: Socket, who: dict[int, bytes]) -> bytes:
        """Everything behind the addresses."""
        options = self.tool.options
        out = who.get(socket.ino, b"") if socket.ino else b""
        diag = socket.diag
        if "o" in options and diag is not None:
            out += details.timer(diag.timer, diag.expires, diag.retrans)
        if "e" in options:
            if socket.uid:
                out += b" uid:%d" % socket.uid
            if diag is not None:
                out += b" ino:%d sk:%x" % (socket.ino, socket.number)
                out += details.shutdown(socket.shut)
        if "tos" in options and diag is not None:
            out += b" tos:%#x class_id:0" % socket.tos if socket.tos else b" tos:0 class_id:0"
        line = b"" if "O" in options else b"\n\t"
        inside = b""
        if "m" in options and socket.memory is not None:
            inside += details.memory(socket.memory)
        if "i" in options and socket.info is not None:
            inside += details.tcp(socket.info, socket.congestion)
        return out + (line + inside if inside else b"")
