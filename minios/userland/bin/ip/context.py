"""What the objects of ip have at hand: options, arguments, the netlink socket, the devices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from minios.abi import netlink as nl
from minios.abi.inet import mask, parse_ip, prefix_length
from minios.abi.netlink import IfInfo, Nlmsg
from minios.userland.lib.net.netlink import Netlink, NetlinkError, connect
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import write_all

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_MAX = 15


class Complaint(Exception):
    """Ends the command: a line on standard error and an exit status (255 is exit(-1))."""

    def __init__(self, text: str, status: int = 255) -> None:
        super().__init__(text)
        self.status = status


class Words:
    """The arguments that are left, as iproute2's NEXT_ARG goes through them."""

    __slots__ = ("_rest",)

    def __init__(self, rest: Sequence[str]) -> None:
        self._rest = list(rest)

    def __bool__(self) -> bool:
        return bool(self._rest)

    @property
    def peek(self) -> str:
        return self._rest[0]

    def take(self) -> str:
        """The next argument; there has to be one."""
        if not self._rest:
            raise Complaint('Command line is not complete. Try option "help"')
        return self._rest.pop(0)

    def is_next(self, *names: str) -> bool:
        """Whether the next argument is one of these words; it is taken then."""
        if self._rest and self._rest[0] in names:
            self._rest.pop(0)
            return True
        return False

    def begins(self, *names: str) -> bool:
        """The same for an argument that abbreviates one of them."""
        if self._rest and any(matches(self._rest[0], name) for name in names):
            self._rest.pop(0)
            return True
        return False

    def back(self, word: str) -> None:
        self._rest.insert(0, word)


def matches(word: str, name: str) -> bool:
    """Whether ``word`` abbreviates ``name``."""
    return bool(word) and name.startswith(word)


def invalid(word: str, why: str) -> Complaint:
    return Complaint(f'Error: argument "{word}" is wrong: {why}')


def duplicate(name: str, word: str) -> Complaint:
    return Complaint(f'Error: either "{name}" is duplicate, or "{word}" is a garbage.')


class Device:
    """A device as the kernel describes it."""

    __slots__ = ("attributes", "flags", "hatype", "index", "name")

    def __init__(self, message: Nlmsg) -> None:
        head = IfInfo.parse(message.body)
        self.index = head.ifindex
        self.flags = head.flags
        self.hatype = head.type
        self.attributes = nl.attributes(message.body[16:])
        self.name = nl.string(self.attributes.get(nl.IFLA_IFNAME, b""))

    def number(self, kind: int, default: int = 0) -> int:
        data = self.attributes.get(kind)
        return default if data is None else nl.number(data)

    @property
    def info(self) -> dict[int, bytes]:
        """IFLA_LINKINFO."""
        return nl.attributes(self.attributes.get(nl.IFLA_LINKINFO, b""))

    @property
    def kind(self) -> str:
        return nl.string(self.info.get(nl.IFLA_INFO_KIND, b""))


class Ip:
    """One command."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.family = 0
        self.statistics = 0
        self.details = False
        self.brief = False
        self.oneline = False
        self.json = False
        self.pretty = False
        self.resolve = False
        self.human = False
        self.timestamp = False
        self.force = False
        self.all = False
        self._netlink: Netlink | None = None
        self._devices: dict[int, Device] | None = None
        self.objects: list[dict[str, Any]] = []
        """What ``-json`` prints at the end."""

    @property
    def newline(self) -> str:
        """What ends a line within an object."""
        return "\\" if self.oneline else "\n"

    def put(self, text: str) -> None:
        self.tool.out.put(text.encode("latin-1", "replace"))

    async def line(self, text: str) -> None:
        self.put(text + "\n")
        await self.tool.out.drain()

    async def complain(self, text: str) -> None:
        await self.tool.out.flush()
        await write_all(self.tool.sys, 2, text.encode("latin-1", "replace") + b"\n")

    async def usage(self, text: str) -> Failure:
        """The usage on standard error; exit status 255."""
        await self.complain(text.strip("\n"))
        return Failure(b"", 255)

    async def finish(self) -> None:
        """Print what was gathered for ``-json``."""
        if not self.json:
            return
        if self.pretty:
            text = json.dumps(self.objects, indent=4, ensure_ascii=True)
            self.put(text + "\n")
        else:
            self.put(json.dumps(self.objects, separators=(",", ":"), ensure_ascii=True) + "\n")

    # -- the kernel ----------------------------------------------------------------------------

    async def netlink(self) -> Netlink:
        if self._netlink is None:
            try:
                self._netlink = await connect(self.tool.sys)
            except OSError as err:
                raise Complaint(f"Cannot open netlink socket: {err.strerror}", 1) from None
        return self._netlink

    async def talk(self, kind: int, flags: int, body: bytes) -> int:
        """Have something done; the exit status."""
        try:
            await (await self.netlink()).talk(kind, flags, body)
        except NetlinkError as err:
            await self.answered(err)
            return 2
        self._devices = None
        return 0

    async def answered(self, err: NetlinkError) -> None:
        """What the kernel said."""
        if err.words:
            await self.complain(f"Error: {err.words}.")
        else:
            await self.complain(f"RTNETLINK answers: {err.strerror}")

    async def dump(self, kind: int, body: bytes) -> list[Nlmsg]:
        """All objects of a kind."""
        try:
            return await (await self.netlink()).dump(kind, body)
        except NetlinkError as err:
            await self.answered(err)
            raise Complaint("Dump terminated", 1) from None

    # -- devices -------------------------------------------------------------------------------

    async def devices(self) -> dict[int, Device]:
        """All devices by index."""
        if self._devices is None:
            found = await self.dump(nl.RTM_GETLINK, IfInfo().pack())
            self._devices = {device.index: device for device in map(Device, found)}
        return self._devices

    async def name_of(self, index: int) -> str:
        devices = await self.devices()
        return devices[index].name if index in devices else f"if{index}"

    async def device(self, name: str) -> Device | None:
        """The device of that name, or of the form ``ifN``."""
        for device in (await self.devices()).values():
            if device.name == name:
                return device
        return None

    async def need(self, name: str) -> Device:
        """The same; there has to be one."""
        device = await self.device(name)
        if device is None:
            raise Complaint(f'Cannot find device "{name}"', 1)
        return device

    async def shown(self, name: str) -> Device:
        """The same, in the words of ``show``."""
        device = await self.device(name)
        if device is None:
            raise Complaint(f'Device "{name}" does not exist.', 1)
        return device


def check_name(word: str, option: str = "name") -> str:
    """A name that a device may have."""
    if not word or len(word) > NAME_MAX or set(word) & set("/ \t\n"):
        raise invalid(word, f'"{option}" not a valid ifname')
    return word


def prefix(word: str) -> tuple[int, int]:
    """``10.0.0.0/24``, ``10/8``, ``default``: an address and a length."""
    if word in ("default", "any", "all"):
        return 0, 0
    text, slash, bits = word.partition("/")
    bad = Complaint(f'Error: any valid prefix is expected rather than "{word}".', 1)
    ip = short_address(text)
    if ip is None:
        raise bad
    if not slash:
        return ip, 32
    if bits.isascii() and bits.isdigit() and int(bits) <= 32:
        return ip, int(bits)
    try:
        return ip, prefix_length(parse_ip(bits))
    except ValueError:
        raise bad from None


def short_address(text: str) -> int | None:
    """An address of which bytes at the end may be missing: ``10``, ``192.168``."""
    parts = text.split(".")
    if not 0 < len(parts) <= 4:
        return None
    ip = 0
    for part in parts:
        if not (0 < len(part) <= 3 and part.isascii() and part.isdigit()) or int(part) > 255:
            return None
        ip = ip << 8 | int(part)
    return ip << 8 * (4 - len(parts))


def address(word: str) -> int:
    """An address."""
    if word in ("default", "any", "all"):
        return 0
    ip = short_address(word)
    if ip is None:
        raise Complaint(f'Error: any valid prefix is expected rather than "{word}".', 1)
    return ip


def host(word: str) -> int:
    """An address where a network makes no sense."""
    ip = short_address(word)
    if ip is None:
        raise Complaint(f'Error: inet address is expected rather than "{word}".', 1)
    return ip


def unsigned(word: str, most: int = 0xFFFF_FFFF) -> int | None:
    """A number as strtoul reads it; None if it is none."""
    try:
        number = int(word, 0)
    except ValueError:
        return None
    return number if 0 <= number <= most else None


def network(ip: int, length: int) -> int:
    return ip & mask(length)
