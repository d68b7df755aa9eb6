"""netstat (net-tools 2.10): sockets, routes, interfaces and counters (netstat(8))."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.userland.bin.nettools import ifconfig, statistics
from minios.userland.lib import proc
from minios.userland.lib.net import nettools, services
from minios.userland.lib.openfiles import holdings
from minios.userland.lib.options import Parsed
from minios.userland.lib.program import Tool, program
from minios.userland.lib.users import by_uid

USAGE = """
usage: netstat [-vWeenNcCF] [<Af>] -r         netstat {-V|--version|-h|--help}
       netstat [-vWnNcaeol] [<Socket> ...]
       netstat { [-vWeenNac] -i | [-cnNe] -M | -s [-6tuw] }

        -r, --route              display routing table
        -i, --interfaces         display interface table
        -g, --groups             display multicast group memberships
        -s, --statistics         display networking statistics (like SNMP)

        -v, --verbose            be verbose
        -W, --wide               don't truncate IP addresses
        -n, --numeric            don't resolve names
        -e, --extend             display other/more information
        -p, --programs           display PID/Program name for sockets
        -o, --timers             display timers
        -c, --continuous         continuous listing

        -l, --listening          display listening server sockets
        -a, --all                display all sockets (default: connected)

  <Socket>={-t|--tcp} {-u|--udp} {-w|--raw} {-x|--unix}
"""

_LONG = (
    "route=r", "interfaces=i", "groups=g", "statistics=s", "verbose=v", "wide=W", "numeric=n",
    "numeric-hosts=n", "numeric-ports=n", "numeric-users=n", "extend=e", "programs=p",
    "timers=o", "continuous=c", "listening=l", "all=a", "tcp=t", "udp=u", "raw=w", "unix=x",
    "inet=4", "symbolic=N", "fib=F", "cache=C", "protocol:=A",
)  # fmt: skip

STATES = (
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
    "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING",
)  # fmt: skip

LISTEN, CLOSE = 10, 7


@program(USAGE, "rigsvWnNepoclatuwxFC46A:MV", _LONG, trouble=3)
async def netstat(tool: Tool) -> int:
    """netstat(8)."""
    options = tool.options
    if "V" in options:
        await tool.line(b"net-tools 2.10")
        return 0
    while True:
        if "r" in options:
            extended = 1 + sum(flag == "e" for flag, _ in options.flags)
            shape = {1: 1, 2: 0}.get(extended, 2)
            await nettools.route_table(tool, numeric="n" in options, extended=shape)
        elif "i" in options:
            await _interfaces(tool, options)
        elif "g" in options:
            await _groups(tool)
        elif "s" in options:
            await statistics.show(tool, options)
        else:
            await Sockets(tool).show()
        if "c" not in options:
            return 0
        await tool.out.flush()
        await tool.sys.nanosleep(1_000_000_000)


async def _interfaces(tool: Tool, options: Parsed) -> None:
    await tool.line(b"Kernel Interface table")
    fd = await nettools.ioctl_socket(tool.sys)
    found = await ifconfig.interfaces(tool, fd, everything="a" in options)
    if "e" not in options:
        await tool.line(f"Iface             {nettools.SHORT_HEAD}".encode())
    for interface, counters in found:
        if "e" in options:
            for line in interface.lines(counters):
                await tool.line(line.encode("latin-1"))
        else:
            text = nettools.short_line(interface.name, interface.mtu, interface.flags, counters)
            await tool.line(text.encode("latin-1"))


async def _groups(tool: Tool) -> None:
    await tool.line(b"IPv6/IPv4 Group Memberships")
    await tool.line(b"Interface       RefCnt Group")
    await tool.line(b"--------------- ------ ---------------------")
    device = ""
    text = await proc.read_optional(tool.sys, b"/proc/net/igmp")
    for line in text.decode("latin-1").splitlines()[1:]:
        words = line.split()
        if not line.startswith("\t"):
            device = words[1]
            continue
        group = int.from_bytes(int(words[0], 16).to_bytes(4, "little"), "big")
        await tool.line(f"{device:<15} {words[1]:<6} {ip_text(group)}".encode("latin-1"))


class Sockets:
    """The tables of sockets."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.options = tool.options
        self.numeric = "n" in tool.options
        self.programs: dict[str, str] = {}
        kinds = [kind for kind in "tuwx" if kind in tool.options]
        self.kinds = kinds or list("tuwx")
        self.inet = any(kind in "tuw" for kind in self.kinds)
        if "4" in tool.options and not kinds:
            self.kinds = list("tuw")

    async def show(self) -> None:
        """All that the options ask for."""
        if "p" in self.options:
            await self._find_programs()
        if self.inet:
            which = self._which()
            await self._line(f"Active Internet connections ({which})")
            head = "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
            if "e" in self.options:
                head += " User       Inode     "
            if "p" in self.options:
                head += " PID/Program name    "
            if "o" in self.options:
                head += " Timer"
            await self._line(head)
            for kind, name in (("t", "tcp"), ("u", "udp"), ("w", "raw")):
                if kind in self.kinds:
                    await self._inet(name)
        if "x" in self.kinds:
            await self._unix()

    def _which(self) -> str:
        if "a" in self.options:
            return "servers and established"
        return "only servers" if "l" in self.options else "w/o servers"

    async def _line(self, text: str) -> None:
        await self.tool.line(text.encode("latin-1", "replace"))

    async def _find_programs(self) -> None:
        """Which process has which socket, by inode."""
        for pid in await proc.pids(self.tool.sys):
            process = await proc.read_process(self.tool.sys, pid, status=False, argv=False)
            if process is None:
                continue
            for held in await holdings(self.tool, pid):
                if held.path.startswith(b"socket:["):
                    inode = held.path[8:-1].decode()
                    self.programs[inode] = f"{pid}/{process.comm.decode('latin-1')}"

    async def _end(self, text: str, proto: str) -> str:
        address, _, port = text.partition(":")
        ip = int.from_bytes(int(address, 16).to_bytes(4, "little"), "big")
        number = int(port, 16)
        name = str(number) if number else "*"
        if number and not self.numeric:
            found = await services.name(self.tool.sys, number, proto.encode())
            name = found.decode("latin-1") if found else name
        host = ip_text(ip)
        if ip and not self.numeric:
            host = await nettools.shown(self.tool, ip, False)
        room = 23 - 1 - len(name)
        if len(host) > room and "W" not in self.options:
            host = host[:room]
        return f"{host}:{name}"

    def _wanted(self, state: int, proto: str, remote: str) -> bool:
        if "a" in self.options:
            return True
        if proto == "tcp":
            return (state == LISTEN) == ("l" in self.options)
        connected = state == 1 or not remote.startswith("00000000")
        return connected != ("l" in self.options)

    async def _inet(self, proto: str) -> None:
        text = await proc.read_optional(self.tool.sys, f"/proc/net/{proto}".encode())
        for line in text.decode("latin-1").splitlines()[1:]:
            words = line.split()
            if len(words) < 10:
                continue
            state = int(words[3], 16)
            if not self._wanted(state, proto, words[2]):
                continue
            tx, _, rx = words[4].partition(":")
            label = STATES[state] if state < len(STATES) else "UNKNOWN"
            if proto == "udp":
                label = "ESTABLISHED" if state == 1 else ""
            elif proto == "raw":
                label = str(state)
            row = (
                f"{proto:<4}  {int(rx, 16):>6} {int(tx, 16):>6} "
                f"{await self._end(words[1], proto):<23} {await self._end(words[2], proto):<23} "
                f"{label:<11}"
            )
            if "e" in self.options:
                row += f" {await self._user(int(words[7])):<10} {words[9]:<10}"
            if "p" in self.options:
                row += f" {self.programs.get(words[9], '-'):<20}"
            if "o" in self.options:
                row += f" {_timer(words)}"
            await self._line(row)

    async def _user(self, uid: int) -> str:
        if self.numeric:
            return str(uid)
        found = await by_uid(self.tool.sys, uid)
        return found.name.decode("latin-1") if found is not None else str(uid)

    async def _unix(self) -> None:
        await self._line(f"Active UNIX domain sockets ({self._which()})")
        head = "Proto RefCnt Flags       Type       State         I-Node  "
        await self._line(head + (" PID/Program name    " if "p" in self.options else "") + " Path")
        text = await proc.read_optional(self.tool.sys, b"/proc/net/unix")
        kinds = {"0001": "STREAM", "0002": "DGRAM", "0005": "SEQPACKET"}
        for line in text.decode("latin-1").splitlines()[1:]:
            words = line.split(None, 7)
            listens = int(words[3], 16) & 0x10000 != 0
            if "a" not in self.options and listens != ("l" in self.options):
                continue
            state = "LISTENING" if listens else "CONNECTED" if words[5] == "03" else ""
            flags = "[ ACC ]" if listens else "[ ]"
            path = words[7] if len(words) > 7 else ""
            row = (
                f"unix  {int(words[1], 16):<6} {flags:<11} {kinds.get(words[4], ''):<10} "
                f"{state:<13} {words[6]:<8}"
            )
            if "p" in self.options:
                row += f" {self.programs.get(words[6], '-'):<20}"
            await self._line(f"{row} {path}")


def _timer(words: list[str]) -> str:
    """``on (0.20/0/0)``: what runs, and when, retransmissions and probes."""
    active, _, when = words[5].partition(":")
    names = {0: "off", 1: "on", 2: "keepalive", 3: "timewait", 4: "probe"}
    hundredths = int(when, 16)
    time = f"{hundredths // 100}.{hundredths % 100:02d}"
    name = names.get(int(active, 16), f"unkn-{active}")
    return f"{name} ({time}/{int(words[6], 16)}/{words[8]})"
