# ruff: noqa: RUF012 - pydantic copies a default for each instance
"""The network part of the level format: interfaces, devices, cables, and checks of them.

What these models take is one value at a time; names and addresses that must fit together are
checked by :mod:`minios.game.net.refs`.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from minios.abi.inet import parse_ip, parse_mac, parse_prefix
from minios.game import values
from minios.game.fields import Bool, Duration, Int, Model, Size, Text, Texts, one_of, wrong

DEVICES = ("switch", "hub", "nat")
MAPPINGS = ("eim", "adm", "apdm")
FILTERINGS = ("eif", "adf", "apdf")
PROTOCOLS = ("icmp", "tcp", "udp")
PORT_STATES = ("listening", "connected", "closed")
MAX_PORTS = 64

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def _word(read: Callable[[str], Any], what: str) -> BeforeValidator:
    """Text that ``read`` can read, unless a seed's value is still to be put in."""

    def check(value: Any) -> str:
        text = str(value) if isinstance(value, str) else ""
        if "{{" not in text:
            try:
                read(text)
            except ValueError:
                raise wrong(f"must be {what}, not {text[:40]!r}") from None
        return text

    return BeforeValidator(check)


def _prefix(text: str) -> None:
    if "/" not in text:
        raise ValueError
    parse_prefix(text)


def _interface(value: Any) -> str:
    """A name that Linux takes for an interface (dev_valid_name)."""
    if not isinstance(value, str) or not 1 <= len(value) <= 15 or not _NAME.issuperset(value):
        raise wrong(f"must be an interface's name such as eth0, not {str(value)[:40]!r}")
    if value in (".", "..", "lo", "all", "default"):
        raise wrong(f"cannot be the name of an interface here: {value}")
    return str(value)


def _port(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 15 or not _NAME.issuperset(value):
        raise wrong(f"must be the name of a port, not {str(value)[:40]!r}")
    return str(value)


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _number(read: Callable[[str], int]) -> BeforeValidator:
    def convert(value: Any) -> int:
        if isinstance(value, int):
            return value
        if not isinstance(value, str):
            raise wrong("must be text")
        try:
            return read(value.strip())
        except ValueError as err:
            raise wrong(str(err)) from None

    return BeforeValidator(convert)


def _ports(value: Any) -> list[str]:
    """How many ports, named 1, 2 …, or their names."""
    if isinstance(value, str):
        try:
            count = values.integer(value)
        except ValueError as err:
            raise wrong(str(err)) from None
        if not 1 <= count <= MAX_PORTS:
            raise wrong(f"must be from 1 to {MAX_PORTS}")
        return [str(n) for n in range(1, count + 1)]
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_PORTS:
        raise wrong(f"must be a number or a list of names, {MAX_PORTS} at most")
    return [_port(name) for name in value]


_TEXT = WithJsonSchema({"type": "string"})
_MANY = WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}})

Address = Annotated[str, _word(parse_ip, "an IPv4 address"), _TEXT]
Prefix = Annotated[
    str, _word(_prefix, "an address with its prefix length such as 10.0.0.2/24"), _TEXT
]
Mac = Annotated[str, _word(parse_mac, "a hardware address such as 02:00:00:00:00:01"), _TEXT]
Prefixes = Annotated[list[Prefix], BeforeValidator(_list), _MANY]
Addresses = Annotated[list[Address], BeforeValidator(_list), _MANY]
Interface = Annotated[str, BeforeValidator(_interface), _TEXT]
PortName = Annotated[str, BeforeValidator(_port), _TEXT]
PortNames = Annotated[
    list[str], BeforeValidator(_ports), WithJsonSchema({"type": ["string", "integer", "array"]})
]
Rate = Annotated[
    int, _number(values.rate), WithJsonSchema({"type": "string", "description": "10Mbit, 1Gbit"})
]
Chance = Annotated[
    int, _number(values.chance), WithJsonSchema({"type": "string", "pattern": r"^[0-9.]+ *%$"})
]
Vid = Annotated[Int, Field(ge=1, le=4094)]
TransportPort = Annotated[Int, Field(ge=1, le=65535)]
NatTimeout = Annotated[Duration, Field(ge=1_000_000_000)]
Place = Annotated[list[Annotated[Int, Field(ge=0, le=1000)]], Field(min_length=2, max_length=2)]
"""Column and row on the map."""
Latency = Annotated[Duration, Field(ge=0, le=60_000_000_000)]


class NicModel(Model):
    """An interface: a card, a VLAN of one (``eth0.10``), or with ``bridge`` a bridge of others."""

    short = "address"
    address: Prefixes = []
    gateway: Address | None = None
    mac: Mac | None = None
    mtu: Annotated[Int, Field(ge=68, le=9000)] | None = None
    dhcp: Bool = False
    auto: Bool = True
    bridge: Texts | None = None
    stp: Bool = False
    up: Texts = []


class TrunkModel(Model):
    """The VLANs a trunk carries (all of them), and the one without a tag there (0: none)."""

    vlans: list[Vid] | None = None
    native: Annotated[Int, Field(ge=0, le=4094)] = 1


class DeviceModel(Model):
    """A switch, a hub or a translator of the classes of RFC 4787."""

    kind: one_of(DEVICES)  # type: ignore[valid-type]
    ports: PortNames | None = None
    vlans: dict[PortName, Vid] = {}
    trunks: dict[PortName, TrunkModel] = {}
    aging: Annotated[Duration, Field(ge=1_000_000_000)] = 300_000_000_000
    table: Annotated[Int, Field(ge=1, le=16384)] | None = None
    stp: Bool = False
    priority: Annotated[Int, Field(ge=0, le=65535)] = 32768
    mac: Mac | None = None
    inside: Prefixes = []
    outside: Prefixes = []
    gateway: Address | None = None
    mapping: one_of(MAPPINGS) | None = None  # type: ignore[valid-type]
    filtering: one_of(FILTERINGS) | None = None  # type: ignore[valid-type]
    hairpin: Bool | None = None
    preserve: Bool | None = None
    parity: Bool | None = None
    order: one_of(("random", "sequential")) | None = None  # type: ignore[valid-type]
    range: Annotated[list[TransportPort], Field(min_length=2, max_length=2)] | None = None
    pooling: one_of(("paired", "arbitrary")) | None = None  # type: ignore[valid-type]
    refresh_inbound: Bool | None = None
    udp_timeout: NatTimeout | None = None
    icmp_timeout: NatTimeout | None = None
    tcp_established: NatTimeout | None = None
    tcp_transitory: NatTimeout | None = None
    unsolicited: one_of(("drop", "reject")) | None = None  # type: ignore[valid-type]
    forward: Texts = []


class LineModel(Model):
    """What a cable, or one direction of it, is like."""

    latency: Latency | None = None
    rate: Rate | None = None
    queue: Size | None = None
    loss: Chance | None = None
    duplicate: Chance | None = None
    reorder: Chance | None = None
    delay: Latency | None = None
    corrupt: Chance | None = None
    damage: Chance | None = None


LINE = tuple(LineModel.model_fields)


class LinkModel(LineModel):
    """A cable. ``back`` is what differs on the way from the second end to the first."""

    between: Annotated[list[Text], Field(min_length=2, max_length=2)]
    back: LineModel | None = None
    plugged: Bool = True


class LinkChangeModel(LineModel):
    """What of a cable is another from now on."""

    name: Text
    back: LineModel | None = None


# -- checks --------------------------------------------------------------------------------------


class ReachableModel(Model):
    short = "to"
    on: Text = ""
    to: Text
    proto: one_of(PROTOCOLS) = "icmp"  # type: ignore[valid-type]
    port: TransportPort | None = None
    every: Annotated[Duration, Field(ge=100_000_000)] = 1_000_000_000
    timeout: Annotated[Duration, Field(ge=1_000_000, le=60_000_000_000)] = 1_000_000_000


class PortModel(Model):
    short = "port"
    on: Text = ""
    port: TransportPort
    proto: one_of(("tcp", "udp")) = "tcp"  # type: ignore[valid-type]
    state: one_of(PORT_STATES) = "listening"  # type: ignore[valid-type]
    address: Address | None = None
    remote: Address | None = None
    by: Texts = []


class NatCheckModel(Model):
    on: Text = ""
    proto: one_of(("tcp", "udp", "icmp")) | None = None  # type: ignore[valid-type]
    inside: Text = ""
    outside: Text = ""
    remote: Text = ""
    exists: Bool = True
