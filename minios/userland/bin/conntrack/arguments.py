"""conntrack's command line: a command, and what flows it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from minios.abi.ctnetlink import ICMP, TCP, TCP_STATES, UDP, Flow
from minios.abi.inet import parse_ip
from minios.abi.netfilter import (
    IPS_ASSURED,
    IPS_CONFIRMED,
    IPS_DST_NAT,
    IPS_EXPECTED,
    IPS_SEEN_REPLY,
    IPS_SRC_NAT,
)

COMMANDS = "LGDIUEFCS"
_LONG_COMMANDS = {
    "dump": "L", "get": "G", "delete": "D", "create": "I", "update": "U", "event": "E",
    "flush": "F", "count": "C", "stats": "S", "version": "V", "help": "h",
}  # fmt: skip
_LONG = {
    "src": "s", "orig-src": "s", "dst": "d", "orig-dst": "d", "reply-src": "r", "reply-dst": "q",
    "protonum": "p", "timeout": "t", "status": "u", "event-mask": "e", "output": "o",
    "src-nat": "n", "dst-nat": "g", "any-nat": "j", "mark": "m", "family": "f", "zero": "z",
    "buffer-size": "b",
}  # fmt: skip
_MAYBE = frozenset("ngj")
_BY_PROTOCOL = {
    TCP: ("sport", "orig-port-src", "dport", "orig-port-dst", "reply-port-src", "reply-port-dst",
          "state"),
    UDP: ("sport", "orig-port-src", "dport", "orig-port-dst", "reply-port-src", "reply-port-dst"),
    ICMP: ("icmp-type", "icmp-code", "icmp-id"),
}  # fmt: skip
_PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}
_STATUSES = {
    "ASSURED": IPS_ASSURED, "SEEN_REPLY": IPS_SEEN_REPLY, "CONFIRMED": IPS_CONFIRMED,
    "EXPECTED": IPS_EXPECTED, "SRC_NAT": IPS_SRC_NAT, "DST_NAT": IPS_DST_NAT,
}  # fmt: skip
TABLES = ("conntrack", "expect", "dying", "unconfirmed")
EVENTS = ("NEW", "UPDATES", "DESTROY")


class Problem(Exception):
    """``status`` 2 is bad usage, 1 an operation that failed."""

    def __init__(self, text: str, status: int = 2) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


@dataclass
class Request:
    """What is wanted. ``tests`` are conditions on flows."""

    command: str = ""
    table: str = "conntrack"
    protocol: int = 0
    tests: list[Callable[[Flow], bool]] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    output: set[str] = field(default_factory=set)
    ends: dict[str, int] = field(default_factory=dict)
    """Original source, destination and ports, for -G."""

    def wants(self, flow: Flow) -> bool:
        """Whether a flow is one of those asked for."""
        return all(test(flow) for test in self.tests)


def parse(args: list[str]) -> Request:
    """The whole command line. Problem."""
    request = Request()
    at = 0
    while at < len(args):
        word = args[at]
        at += 1
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            option = _LONG_COMMANDS.get(name) or _LONG.get(name) or name
            if option not in (*_LONG_COMMANDS.values(), *_LONG.values()) and (
                name not in _BY_PROTOCOL.get(request.protocol, ())
            ):
                raise Problem(f"unknown option `{word}'")
            given: str | None = value if equals else None
        elif word.startswith("-") and len(word) > 1:
            option, rest = word[1], word[2:]
            given = rest or None
            if option not in COMMANDS + "sdrqptueongjmfzbVh":
                raise Problem(f"unknown option `-{option}'")
        else:
            raise Problem(f"unknown type `{word}'")
        if option in COMMANDS + "Vh":
            if request.command:
                raise Problem("Invalid commands combination")
            request.command = option
            if given is None and at < len(args) and not args[at].startswith("-"):
                given, at = args[at], at + 1
            if given is not None:
                if given not in TABLES:
                    raise Problem(f"unknown type `{given}'")
                request.table = given
            continue
        if option == "z":
            continue
        if given is None and at < len(args) and not (option in _MAYBE and args[at].startswith("-")):
            given, at = args[at], at + 1
        if given is None and option not in _MAYBE:
            raise Problem(f"option `{word}' requires an argument")
        _option(request, option, given or "")
    return request


def _option(request: Request, option: str, value: str) -> None:
    tests = request.tests
    if option in "sdrq" and len(option) == 1:
        _address(request, option, value)
    elif option == "p":
        proto = _PROTOCOLS.get(value.lower())
        if proto is None and value.isdigit() and int(value) < 256:
            proto = int(value)
        if proto is None:
            raise Problem(f"`{value}' unsupported protocol")
        request.protocol = proto
        tests.append(lambda flow: flow.original[2] == proto)
    elif option == "u":
        bits = _statuses(value)
        tests.append(bits)
    elif option == "e":
        for name in value.split(","):
            if name.upper() not in (*EVENTS, "ALL"):
                raise Problem(f"Bad parameter `{value}'")
            request.events.add(name.upper())
    elif option == "o":
        for name in value.split(","):
            if name not in ("xml", "extended", "timestamp", "id", "ktimestamp", "labels", "save",
                            "userspace"):  # fmt: skip
                raise Problem(f"Bad parameter `{value}'")
            request.output.add(name)
    elif option in ("n", "g", "j"):
        _nat(request, option, value)
    elif option == "m":
        mark = _number(value, 0xFFFFFFFF)
        tests.append(lambda flow: flow.mark == mark)
    elif option == "state":
        if value.upper() not in TCP_STATES:
            raise Problem(f"unknown TCP state `{value}'")
        state = TCP_STATES.index(value.upper())
        tests.append(lambda flow: flow.tcp_state == state)
    elif option.startswith("icmp-"):
        number = _number(value, 65535)
        if option == "icmp-id":
            tests.append(lambda flow: flow.original[3] == number)
        elif option == "icmp-type":
            tests.append(lambda flow: flow.original[4] >> 8 == number)
        else:
            tests.append(lambda flow: flow.original[4] & 0xFF == number)
    elif option in ("sport", "orig-port-src", "dport", "orig-port-dst"):
        number = _number(value, 65535)
        index = 3 if option in ("sport", "orig-port-src") else 4
        request.ends["sport" if index == 3 else "dport"] = number
        tests.append(lambda flow: flow.original[index] == number)
    elif option in ("reply-port-src", "reply-port-dst"):
        number = _number(value, 65535)
        index = 3 if option == "reply-port-src" else 4
        tests.append(lambda flow: flow.reply is not None and flow.reply[index] == number)


def _number(value: str, most: int) -> int:
    if not value.isascii() or not value.isdigit() or int(value) > most:
        raise Problem(f"Bad parameter `{value}'")
    return int(value)


def _prefix(value: str) -> tuple[int, int]:
    text, slash, length = value.partition("/")
    try:
        address = parse_ip(text)
    except ValueError:
        raise Problem(f"Invalid IP address `{text}'") from None
    if not slash:
        return address, 0xFFFFFFFF
    if not length.isdigit() or int(length) > 32:
        raise Problem(f"Invalid netmask `{length}'")
    mask = 0xFFFFFFFF << 32 - int(length) & 0xFFFFFFFF if int(length) else 0
    return address & mask, mask


def _address(request: Request, option: str, value: str) -> None:
    address, mask = _prefix(value)
    index = 0 if option in "sr" else 1
    if option in "sd":
        request.ends["src" if option == "s" else "dst"] = address
        request.tests.append(lambda flow: flow.original[index] & mask == address)
    else:
        request.tests.append(
            lambda flow: flow.reply is not None and flow.reply[index] & mask == address
        )


def _statuses(value: str) -> Callable[[Flow], bool]:
    bits = 0
    unreplied = False
    for name in value.split(","):
        if name.upper() == "UNREPLIED":
            unreplied = True
        elif name.upper() in _STATUSES:
            bits |= _STATUSES[name.upper()]
        else:
            raise Problem(f"Bad parameter `{value}'")

    def has(flow: Flow) -> bool:
        status = flow.status or 0
        return status & bits == bits and not (unreplied and status & IPS_SEEN_REPLY)

    return has


def _nat(request: Request, option: str, value: str) -> None:
    """-n, -g, -j: translated at all, or to an address."""
    address = _prefix(value)[0] if value else None

    def source(flow: Flow) -> bool:
        if not (flow.status or 0) & IPS_SRC_NAT or flow.reply is None:
            return False
        return address is None or flow.reply[1] == address

    def target(flow: Flow) -> bool:
        if not (flow.status or 0) & IPS_DST_NAT or flow.reply is None:
            return False
        return address is None or flow.reply[0] == address

    if option == "n":
        request.tests.append(source)
    elif option == "g":
        request.tests.append(target)
    else:
        request.tests.append(lambda flow: source(flow) or target(flow))
