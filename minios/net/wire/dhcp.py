"""DHCP messages (RFC 2131) and their options (RFC 2132, RFC 3442).

Addresses are ints; options are bytes by code, in the order they were put in.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

from minios.abi.inet import ip_text, mac_text
from minios.net.wire.malformed import Malformed

BOOTREQUEST, BOOTREPLY = 1, 2
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
KINDS = (
    "", "DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPDECLINE", "DHCPACK", "DHCPNAK",
    "DHCPRELEASE", "DHCPINFORM",
)  # fmt: skip

SERVER_PORT, CLIENT_PORT = 67, 68
BROADCAST = 0x8000
"""Of ``flags``: the client cannot take unicast before it is configured."""
COOKIE = 0x63825363
MIN_LENGTH = 300
"""Octets of the smallest message, BOOTP's (RFC 1542 §2.1)."""

SUBNET_MASK, TIME_OFFSET, ROUTERS, DNS_SERVERS, HOST_NAME, DOMAIN_NAME = 1, 2, 3, 6, 12, 15
MTU, BROADCAST_ADDRESS, NTP_SERVERS = 26, 28, 42
REQUESTED_IP, LEASE_TIME, OVERLOAD, MESSAGE_TYPE, SERVER_ID = 50, 51, 52, 53, 54
PARAMETERS, MESSAGE, MAX_SIZE, RENEWAL_TIME, REBINDING_TIME = 55, 56, 57, 58, 59
VENDOR_CLASS, CLIENT_ID, DOMAIN_SEARCH, CLASSLESS_ROUTES = 60, 61, 119, 121
PAD, END = 0, 255

OPTIONS: dict[int, tuple[str, str]] = {
    1: ("subnet-mask", "ip"), 2: ("time-offset", "i32"), 3: ("routers", "ips"),
    4: ("time-servers", "ips"), 6: ("domain-name-servers", "ips"), 7: ("log-servers", "ips"),
    9: ("lpr-servers", "ips"), 12: ("host-name", "text"), 15: ("domain-name", "text"),
    17: ("root-path", "text"), 19: ("ip-forwarding", "flag"), 26: ("interface-mtu", "u16"),
    28: ("broadcast-address", "ip"), 42: ("ntp-servers", "ips"),
    44: ("netbios-name-servers", "ips"), 47: ("netbios-scope", "text"),
    50: ("dhcp-requested-address", "ip"), 51: ("dhcp-lease-time", "u32"),
    52: ("dhcp-option-overload", "u8"), 53: ("dhcp-message-type", "u8"),
    54: ("dhcp-server-identifier", "ip"), 55: ("dhcp-parameter-request-list", "bytes"),
    56: ("dhcp-message", "text"), 57: ("dhcp-max-message-size", "u16"),
    58: ("dhcp-renewal-time", "u32"), 59: ("dhcp-rebinding-time", "u32"),
    60: ("vendor-class-identifier", "text"), 61: ("dhcp-client-identifier", "id"),
    66: ("tftp-server-name", "text"), 67: ("bootfile-name", "text"),
    119: ("domain-search", "names"), 121: ("rfc3442-classless-static-routes", "bytes"),
}  # fmt: skip
"""Names, as dhcp-options(5) has them, and kinds of what options carry."""
CODES = {name: code for code, (name, _) in OPTIONS.items()}

_HEAD = Struct("!BBBBIHHIIII16s64s128sI")


class Message:
    """A message. ``kind`` is its type (DISCOVER …), 0 for one of plain BOOTP."""

    __slots__ = (
        "boot_file", "chaddr", "ciaddr", "flags", "giaddr", "hops", "op", "options", "secs",
        "server_name", "siaddr", "xid", "yiaddr",
    )  # fmt: skip

    def __init__(
        self,
        op: int,
        xid: int,
        chaddr: int,
        options: Mapping[int, bytes] = {},
        *,
        ciaddr: int = 0,
        yiaddr: int = 0,
        siaddr: int = 0,
        giaddr: int = 0,
        secs: int = 0,
        flags: int = 0,
        hops: int = 0,
        server_name: bytes = b"",
        boot_file: bytes = b"",
    ) -> None:
        self.op = op
        self.xid = xid
        self.chaddr = chaddr
        self.options = dict(options)
        self.ciaddr = ciaddr
        self.yiaddr = yiaddr
        self.siaddr = siaddr
        self.giaddr = giaddr
        self.secs = secs
        self.flags = flags
        self.hops = hops
        self.server_name = server_name
        self.boot_file = boot_file

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and all(
            getattr(self, slot) == getattr(other, slot) for slot in Message.__slots__
        )

    def __repr__(self) -> str:
        return f"Message({self.summary()!r})"

    def copy(self) -> Message:
        other = Message(self.op, self.xid, self.chaddr, self.options)
        for slot in Message.__slots__:
            if slot != "options":
                setattr(other, slot, getattr(self, slot))
        return other

    @property
    def kind(self) -> int:
        return self.number(MESSAGE_TYPE)

    @property
    def length(self) -> int:
        return len(self.pack())

    def number(self, code: int) -> int:
        """An option that is a number or an address; 0 if it is missing."""
        return int.from_bytes(self.options.get(code, b"")[:4])

    def addresses(self, code: int) -> list[int]:
        """An option that is a list of addresses."""
        data = self.options.get(code, b"")
        return [int.from_bytes(data[at : at + 4]) for at in range(0, len(data) - 3, 4)]

    def pack(self) -> bytes:
        """At least 300 octets; an option longer than 255 is sent in parts (RFC 3396)."""
        out = bytearray(
            _HEAD.pack(
                self.op, 1, 6, self.hops, self.xid, self.secs, self.flags, self.ciaddr,
                self.yiaddr, self.siaddr, self.giaddr, self.chaddr.to_bytes(6),
                self.server_name[:64], self.boot_file[:128], COOKIE,
            )
        )  # fmt: skip
        for code, data in self.options.items():
            while True:
                out += bytes((code, min(len(data), 255))) + data[:255]
                data = data[255:]
                if not data:
                    break
        out.append(END)
        return bytes(out) + bytes(max(MIN_LENGTH - len(out), 0))

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Read a message. Malformed if it breaks off or is not for Ethernet."""
        if len(data) < _HEAD.size:
            raise Malformed("message breaks off")
        (
            op, hardware, size, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr,
            name, file, cookie,
        ) = _HEAD.unpack_from(data)  # fmt: skip
        if op not in (BOOTREQUEST, BOOTREPLY):
            raise Malformed("neither request nor reply")
        if hardware != 1 or size != 6:
            raise Malformed("hardware address")
        if cookie != COOKIE:
            raise Malformed("no magic cookie")
        message = cls(
            op, xid, int.from_bytes(chaddr[:6]), ciaddr=ciaddr, yiaddr=yiaddr, siaddr=siaddr,
            giaddr=giaddr, secs=secs, flags=flags, hops=hops,
        )  # fmt: skip
        options = message.options
        _read(data[_HEAD.size :], options)
        overload = message.number(OVERLOAD)
        if overload & 1:
            _read(file, options)
        else:
            message.boot_file = file.partition(b"\0")[0]
        if overload & 2:
            _read(name, options)
        else:
            message.server_name = name.partition(b"\0")[0]
        return message

    def summary(self) -> str:
        """In tcpdump's words."""
        if self.op == BOOTREPLY:
            return f"BOOTP/DHCP, Reply, length {self.length}"
        return f"BOOTP/DHCP, Request from {mac_text(self.chaddr)}, length {self.length}"

    def fields(self) -> list[tuple[str, str, int, int]]:
        """(name, value, bit offset, bit length), for the packet lens."""
        found = [
            ("op", "reply" if self.op == BOOTREPLY else "request", 0, 8),
            ("htype", "1", 8, 8),
            ("hlen", "6", 16, 8),
            ("hops", str(self.hops), 24, 8),
            ("xid", f"0x{self.xid:08x}", 32, 32),
            ("secs", str(self.secs), 64, 16),
            ("flags", f"0x{self.flags:04x}", 80, 16),
            ("ciaddr", ip_text(self.ciaddr), 96, 32),
            ("yiaddr", ip_text(self.yiaddr), 128, 32),
            ("siaddr", ip_text(self.siaddr), 160, 32),
            ("giaddr", ip_text(self.giaddr), 192, 32),
            ("chaddr", mac_text(self.chaddr), 224, 48),
            ("sname", self.server_name.decode("latin-1"), 352, 512),
            ("file", self.boot_file.decode("latin-1"), 864, 1024),
            ("cookie", f"0x{COOKIE:08x}", 1888, 32),
        ]
        at = 1920
        for code, data in self.options.items():
            name = OPTIONS.get(code, (f"option-{code}", ""))[0]
            bits = (2 + len(data)) * 8
            found.append((name, option_text(code, data), at, bits))
            at += bits
        return found


def _read(data: bytes, options: dict[int, bytes]) -> None:
    at = 0
    while at < len(data):
        code = data[at]
        if code == END:
            return
        if code == PAD:
            at += 1
            continue
        if at + 1 >= len(data) or at + 2 + data[at + 1] > len(data):
            raise Malformed("option breaks off")
        size = data[at + 1]
        options[code] = options.get(code, b"") + data[at + 2 : at + 2 + size]
        at += 2 + size


def option_text(code: int, data: bytes) -> str:
    """An option's value as a lease file writes it."""
    kind = OPTIONS.get(code, ("", "bytes"))[1]
    if kind in ("ip", "ips") and data and len(data) % 4 == 0:
        return ",".join(ip_text(int.from_bytes(data[at : at + 4])) for at in range(0, len(data), 4))
    if kind == "text":
        text = "".join(
            chr(byte) if 0x20 <= byte <= 0x7E and byte not in b'"\\' else f"\\{byte:03o}"
            for byte in data
        )
        return f'"{text}"'
    if kind in ("u8", "u16", "u32") and data:
        return str(int.from_bytes(data))
    if kind == "i32" and data:
        return str(int.from_bytes(data, signed=True))
    if kind == "flag" and data:
        return "on" if data[0] else "off"
    if kind == "bytes" and code in OPTIONS:
        return ",".join(str(byte) for byte in data)
    return ":".join(f"{byte:x}" for byte in data)


def option_bytes(code: int, values: list[str]) -> bytes:
    """The opposite, of the words of a configuration. ValueError."""
    from minios.abi.inet import parse_ip

    kind = OPTIONS.get(code, ("", "id"))[1]
    if kind in ("ip", "ips"):
        return b"".join(parse_ip(value).to_bytes(4) for value in values)
    if kind == "text":
        return values[0].encode("latin-1")
    if kind in ("u8", "u16", "u32", "i32"):
        width = {"u8": 1, "u16": 2}.get(kind, 4)
        number = int(values[0])
        if not -(1 << 31) <= number < 1 << 8 * width:
            raise ValueError(values[0])
        return (number & (1 << 8 * width) - 1).to_bytes(width)
    if kind == "flag":
        return bytes((values[0] in ("on", "true"),))
    if kind == "names":
        return b"".join(_name(value) for value in values)
    if kind == "bytes":
        return bytes(int(value) for value in values)
    return bytes(int(part, 16) for part in values[0].split(":"))


def _name(text: str) -> bytes:
    labels = [label.encode("latin-1") for label in text.rstrip(".").split(".")]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
