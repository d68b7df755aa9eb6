"""ifconfig (net-tools 2.10): show and configure interfaces (ifconfig(8))."""

from __future__ import annotations

from collections.abc import Sequence

from minios.abi import netdevice as nd
from minios.abi.inet import ip_text, mac_text, mask, parse_mac
from minios.userland.lib.net import nettools
from minios.userland.lib.program import Failure, Tool, program

USAGE = """
Usage:
  ifconfig [-a] [-v] [-s] <interface> [[<AF>] <address>]
  [add <address>[/<prefixlen>]]
  [del <address>[/<prefixlen>]]
  [[-]broadcast [<address>]]  [[-]pointopoint [<address>]]
  [netmask <address>]  [dstaddr <address>]
  [hw <HW> <address>]  [mtu <NN>]
  [[-]arp]  [[-]allmulti]
  [multicast]  [[-]promisc]
  [txqueuelen <NN>]
  [up|down] ...
"""

FLAGS = (
    (0x1, "UP"), (0x2, "BROADCAST"), (0x8, "LOOPBACK"), (0x10, "POINTOPOINT"), (0x40, "RUNNING"),
    (0x80, "NOARP"), (0x100, "PROMISC"), (0x200, "ALLMULTI"), (0x1000, "MULTICAST"),
)  # fmt: skip

_UNITS = ((60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))


def human(count: int) -> str:
    """``4.6 MiB``."""
    for power, unit in _UNITS:
        if count > 1 << power:
            tenths = count * 10 >> power
            return f"{tenths // 10}.{tenths % 10} {unit}"
    return f"{count}.0 B"


class Interface:
    """What ioctl tells of an interface or an alias of one."""

    def __init__(self, tool: Tool, fd: int, name: str) -> None:
        self.tool = tool
        self.fd = fd
        self.name = name
        self.flags = self.mtu = self.mac = self.qlen = 0
        self.address: int | None = None
        self.peer = self.broadcast = self.netmask = 0

    async def ask(self, request: int) -> int:
        return int(await self.tool.sys.ioctl(self.fd, request, self.name.encode("latin-1")))

    async def fetch(self) -> Interface:
        """ENODEV if there is none."""
        self.flags = await self.ask(nd.SIOCGIFFLAGS)
        self.mac = await self.ask(nd.SIOCGIFHWADDR)
        self.mtu = await self.ask(nd.SIOCGIFMTU)
        self.qlen = await self.ask(nd.SIOCGIFTXQLEN)
        try:
            self.address = await self.ask(nd.SIOCGIFADDR)
        except OSError:
            return self
        self.peer = await self.ask(nd.SIOCGIFDSTADDR)
        self.broadcast = await self.ask(nd.SIOCGIFBRDADDR)
        self.netmask = await self.ask(nd.SIOCGIFNETMASK)
        return self

    def lines(self, counters: Sequence[int]) -> list[str]:
        """The long form; an alias has no counters."""
        names = ",".join(name for bit, name in FLAGS if self.flags & bit)
        lines = [f"{self.name}: flags={self.flags}<{names}>  mtu {self.mtu}"]
        if self.address is not None:
            text = f"        inet {ip_text(self.address)}  netmask {ip_text(self.netmask)}"
            if self.flags & 0x2:
                text += f"  broadcast {ip_text(self.broadcast)}"
            if self.flags & 0x10:
                text += f"  destination {ip_text(self.peer)}"
            lines.append(text)
        if self.flags & 0x8:
            lines.append(f"        loop  txqueuelen {self.qlen}  (Local Loopback)")
        else:
            lines.append(f"        ether {mac_text(self.mac)}  txqueuelen {self.qlen}  (Ethernet)")
        if counters:
            c = counters
            lines += [
                f"        RX packets {c[1]}  bytes {c[0]} ({human(c[0])})",
                f"        RX errors {c[2]}  dropped {c[3]}  overruns {c[4]}  frame {c[5]}",
                f"        TX packets {c[9]}  bytes {c[8]} ({human(c[8])})",
                f"        TX errors {c[10]}  dropped {c[11]} overruns {c[12]}  "
                f"carrier {c[14]}  collisions {c[13]}",
            ]
        return [*lines, ""]


async def interfaces(
    tool: Tool, fd: int, *, everything: bool
) -> list[tuple[Interface, tuple[int, ...]]]:
    """All interfaces with their aliases and counters, those that are down if asked for."""
    labels = [
        name.decode("latin-1")
        for name, _ in await tool.sys.ioctl(fd, nd.SIOCGIFCONF)
        if b":" in name
    ]
    found: list[tuple[Interface, tuple[int, ...]]] = []
    for device in await nettools.devices(tool.sys):
        interface = await Interface(tool, fd, device.name).fetch()
        if everything or interface.flags & 1:
            found.append((interface, device.counters))
        for label in labels:
            if label.partition(":")[0] == device.name and interface.flags & 1:
                found.append((await Interface(tool, fd, label).fetch(), ()))
    return found


@program(USAGE)
async def ifconfig(tool: Tool) -> int:
    """ifconfig(8)."""
    words = [word.decode("latin-1") for word in tool.argv[1:]]
    everything = short = False
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word in ("--help", "-h", "-?"):
            await nettools.say(tool, USAGE.strip("\n"))
            return 0
        if word in ("-V", "--version"):
            await tool.line(b"net-tools 2.10")
            return 0
        if word.startswith("--") or set(word[1:]) - set("asv"):
            await nettools.say(tool, f"ifconfig: option `{word}' not recognised.")
            await nettools.say(tool, "ifconfig: `--help' gives usage information.")
            return 1
        everything = everything or "a" in word
        short = short or "s" in word
    fd = await nettools.ioctl_socket(tool.sys)
    if len(words) > 1:
        return await Change(tool, fd, words[0]).apply(words[1:])
    if short:
        await tool.line(f"Iface      {nettools.SHORT_HEAD}".encode())
    if words:
        return await _one(tool, fd, words[0], short=short)
    for interface, counters in await interfaces(tool, fd, everything=everything):
        await _print(tool, interface, counters, short=short)
    return 0


async def _one(tool: Tool, fd: int, name: str, *, short: bool) -> int:
    try:
        interface = await Interface(tool, fd, name).fetch()
    except OSError:
        await nettools.say(tool, f"{name}: error fetching interface information: Device not found")
        return 1
    counters: tuple[int, ...] = ()
    for device in await nettools.devices(tool.sys):
        if device.name == name:
            counters = device.counters
    await _print(tool, interface, counters, short=short)
    return 0


async def _print(
    tool: Tool, interface: Interface, counters: tuple[int, ...], *, short: bool
) -> None:
    if short:
        text = nettools.short_line(interface.name, interface.mtu, interface.flags, counters)
        await tool.line(text.encode("latin-1"))
        return
    for line in interface.lines(counters):
        await tool.line(line.encode("latin-1"))


_SWITCHES = {"promisc": 0x100, "allmulti": 0x200, "multicast": 0x1000}


class Change:
    """One command that configures."""

    def __init__(self, tool: Tool, fd: int, name: str) -> None:
        self.tool = tool
        self.fd = fd
        self.name = name.encode("latin-1")
        self.failed = False
        self.addressed = False

    async def set(self, request: int, what: str, value: int) -> bool:
        """Ask the kernel; it goes on when that fails."""
        try:
            await self.tool.sys.ioctl(self.fd, request, (self.name, value))
        except OSError as err:
            await nettools.say(self.tool, f"{what}: {err.strerror}")
            self.failed = True
            return False
        return True

    async def flags(self, wanted: int, change: int) -> None:
        try:
            now = int(await self.tool.sys.ioctl(self.fd, nd.SIOCGIFFLAGS, self.name))
        except OSError as err:
            name = self.name.decode("latin-1")
            await nettools.say(
                self.tool, f"{name}: ERROR while getting interface flags: {err.strerror}"
            )
            self.failed = True
            return
        await self.set(nd.SIOCSIFFLAGS, "SIOCSIFFLAGS", now & ~change | wanted)

    async def apply(self, words: list[str]) -> int:
        """Do what the words say, one after the other."""
        words = list(words)
        while words:
            word = words.pop(0)
            bare = word.removeprefix("-")
            if word in ("inet", "arp", "-arp", "up", "down") or bare in _SWITCHES:
                await self._switch(word)
            elif word == "-broadcast":
                await self.flags(0, 0x2)
            elif word in _VALUES or (word == "broadcast" and words):
                await self._value(word, words)
            elif word == "broadcast":
                await self.flags(0x2, 0x2)
            else:
                await self._address(word)
        return 1 if self.failed else 0

    async def _switch(self, word: str) -> None:
        bare = word.removeprefix("-")
        if word == "up":
            await self.flags(0x1, 0x1)
        elif word == "down":
            await self.flags(0, 0x1)
        elif bare == "arp":
            await self.flags(0x80 if word[0] == "-" else 0, 0x80)
        elif bare in _SWITCHES:
            bit = _SWITCHES[bare]
            await self.flags(0 if word[0] == "-" else bit, bit)

    async def _value(self, word: str, words: list[str]) -> None:
        if not words:
            raise await self._usage()
        text = words.pop(0)
        if word in ("mtu", "txqueuelen"):
            if not text.isdigit():
                raise await self._usage()
            request = nd.SIOCSIFMTU if word == "mtu" else nd.SIOCSIFTXQLEN
            await self.set(request, f"SIOCSIF{'MTU' if word == 'mtu' else 'TXQLEN'}", int(text))
        elif word in ("hw", "ether"):
            if word == "hw":
                if text != "ether" or not words:
                    raise await self._usage()
                text = words.pop(0)
            try:
                mac = parse_mac(text)
            except ValueError:
                await nettools.say(self.tool, f"{text}: invalid ether address.")
                raise Failure(b"", 1) from None
            await self.set(nd.SIOCSIFHWADDR, "SIOCSIFHWADDR", mac)
        elif word in ("add", "del"):
            address, _, length = text.partition("/")
            ip = await nettools.host(self.tool, address, 1)
            if word == "add":
                await self.set(nd.SIOCSIFADDR, "SIOCSIFADDR", ip)
                if length.isdigit() and int(length) <= 32:
                    await self.set(nd.SIOCSIFNETMASK, "SIOCSIFNETMASK", mask(int(length)))
            else:
                await self.set(nd.SIOCSIFADDR, "SIOCSIFADDR", 0)
        else:
            request, name = _ADDRESSES[word]
            ip = await nettools.host(self.tool, text, 1)
            await self.set(request, name, ip)

    async def _address(self, word: str) -> None:
        if self.addressed:
            raise await self._usage()
        self.addressed = True
        text, slash, length = word.partition("/")
        try:
            ip = await nettools.host(self.tool, text, 1)
        except Failure:
            await nettools.say(self.tool, "ifconfig: `--help' gives usage information.")
            raise
        if await self.set(nd.SIOCSIFADDR, "SIOCSIFADDR", ip):
            if slash and length.isdigit() and int(length) <= 32:
                await self.set(nd.SIOCSIFNETMASK, "SIOCSIFNETMASK", mask(int(length)))
        else:
            await self.flags(0x1, 0x1)

    async def _usage(self) -> Failure:
        await nettools.say(self.tool, "ifconfig: `--help' gives usage information.")
        return Failure(b"", 1)


_ADDRESSES = {
    "netmask": (nd.SIOCSIFNETMASK, "SIOCSIFNETMASK"),
    "broadcast": (nd.SIOCSIFBRDADDR, "SIOCSIFBRDADDR"),
    "dstaddr": (nd.SIOCSIFDSTADDR, "SIOCSIFDSTADDR"),
    "pointopoint": (nd.SIOCSIFDSTADDR, "SIOCSIFDSTADDR"),
}
_VALUES = frozenset((
    "netmask", "dstaddr", "pointopoint", "mtu", "txqueuelen", "hw", "ether", "add", "del",
))  # fmt: skip
