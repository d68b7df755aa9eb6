"""What the network pane sees: frozen plain data, pulled when a frame is drawn. Times are ns."""

from dataclasses import dataclass

HOST, ROUTER, SWITCH, HUB, NAT = "host", "router", "switch", "hub", "nat"
"""Kinds of nodes: a router is a machine that forwards."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """A machine or a device. ``at`` is where the level's map has it (column, row), if it says.

    ``caption`` is its first address; ``up`` is whether it has power; ``drops`` how many packets
    have ended in it.
    """

    name: str
    kind: str
    caption: str = ""
    up: bool = True
    drops: int = 0
    at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class WireView:
    """A direction of a cable. ``waiting`` and ``queue`` are bytes, ``rate`` bit/s (0: no limit),
    ``latency`` ns; the shares of frames that something happens to are in parts per million."""

    rate: int
    latency: int
    queue: int
    waiting: int
    frames: int
    octets: int
    shares: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LinkView:
    """A cable. ``a`` and ``b`` are (node, port); ``wires`` the directions from a and from b;
    ``up`` is whether it is plugged in; ``drops`` how many frames were lost on it."""

    name: str
    a: tuple[str, str]
    b: tuple[str, str]
    up: bool
    wires: tuple[WireView, WireView]
    drops: int = 0


@dataclass(frozen=True, slots=True)
class FlightView:
    """A frame on a cable, or one that was: ``side`` 0 goes from the link's a to its b.

    ``letter`` is its protocol's. ``lost`` is the reason why it does not arrive, or empty.
    """

    id: int
    link: str
    side: int
    sent: int
    arrives: int
    letter: str
    protocol: str
    summary: str
    lost: str = ""

    def progress(self, now: int) -> int:
        """How far it is, in thousandths of the way."""
        span = self.arrives - self.sent
        if now >= self.arrives or span <= 0:
            return 1000
        return max(now - self.sent, 0) * 1000 // span


@dataclass(frozen=True, slots=True)
class PacketDropView:
    """A packet that ended. ``place`` is a node's or a link's name; ``reason`` a member of Drop, by
    name; ``text`` says it in a sentence, ``facts`` is the rule or the detail alone."""

    time: int
    place: str
    reason: str
    text: str
    summary: str
    on_link: bool = False
    facts: str = ""


@dataclass(frozen=True, slots=True)
class NetView:
    """The network. ``flights`` are the latest, oldest first, and so are ``drops``; ``player`` is
    the name of the player's machine. ``dropped`` counts all drops since the beginning."""

    time: int
    player: str
    nodes: tuple[NodeView, ...]
    links: tuple[LinkView, ...]
    flights: tuple[FlightView, ...]
    drops: tuple[PacketDropView, ...]
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class TableView:
    """A table of a machine: ``name`` is the tab, ``rows`` are as wide as ``columns``. ``note`` is
    said in place of rows where there are none, or above them."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class NetDetailView:
    """A closer look at a node or a cable."""

    name: str
    title: str
    tables: tuple[TableView, ...]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field of a header: ``bit`` is counted from the beginning of the frame."""

    name: str
    value: str
    bit: int
    bits: int


@dataclass(frozen=True, slots=True)
class LayerView:
    """One protocol of a frame."""

    name: str
    summary: str
    fields: tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class LensView:
    """A packet, layer by layer; ``data`` is the frame without preamble and FCS."""

    id: int
    title: str
    time: int
    layers: tuple[LayerView, ...]
    data: bytes
