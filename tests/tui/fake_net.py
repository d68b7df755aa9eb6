"""A network that needs no machine: what the network pane is told of."""

from __future__ import annotations

from minios.abi.inet import parse_ip, parse_mac
from minios.game.net.view import (
    FieldView,
    FlightView,
    LayerView,
    LensView,
    LinkView,
    NetDetailView,
    NetView,
    NodeView,
    PacketDropView,
    TableView,
    WireView,
)
from minios.net.wire.ethernet import IPV4, Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.layers import layers

MS = 1_000_000
LOSS = (("loss", 20_000),)
DEFAULT = ("default", "203.0.113.1", "eth1")


def wire(**fields: object) -> WireView:
    base: dict[str, object] = {
        "rate": 100_000_000, "latency": 100_000, "queue": 65536, "waiting": 0, "frames": 12,
        "octets": 1200,
    }  # fmt: skip
    return WireView(**(base | fields))  # type: ignore[arg-type]


def link(name: str, a: str, b: str, **fields: object) -> LinkView:
    def end(text: str) -> tuple[str, str]:
        node, _, port = text.partition(".")
        return node, port

    base: dict[str, object] = {"up": True, "wires": (wire(), wire(frames=9))}
    return LinkView(name, end(a), end(b), **(base | fields))  # type: ignore[arg-type]


def flight(number: int, link_: str, side: int, sent: int, **fields: object) -> FlightView:
    base: dict[str, object] = {
        "arrives": sent + 100_000, "letter": "I", "protocol": "ICMP",
        "summary": "IP 10.0.0.2 > 93.184.216.34: ICMP echo request, id 7, seq 1, length 64",
    }  # fmt: skip
    return FlightView(number, link_, side, sent, **(base | fields))  # type: ignore[arg-type]


def net(**fields: object) -> NetView:
    base: dict[str, object] = {
        "time": 12_480 * MS,
        "player": "pc",
        "nodes": (
            NodeView("pc", "host", "10.0.0.2"),
            NodeView("sw", "switch"),
            NodeView("gw", "router", "10.0.0.1", drops=1),
            NodeView("isp", "nat", "203.0.113.5"),
            NodeView("web", "host", "93.184.216.34"),
            NodeView("tv", "host", "10.0.0.7", up=False),
        ),
        "links": (
            link("lan1", "pc.eth0", "sw.1"),
            link("lan2", "tv.eth0", "sw.2"),
            link("up", "sw.3", "gw.eth0"),
            link("wan", "gw.eth1", "isp.in", wires=(wire(waiting=40_000), wire(shares=LOSS))),
            link("far", "isp.out", "web.eth0", up=False),
        ),
        "flights": (),
        "drops": (
            PacketDropView(
                12_300 * MS, "gw", "FILTER_DROP", "Rule 3 of filter FORWARD drops it.",
                "IP 10.0.0.2.4000 > 93.184.216.34.80: Flags [S]",
            ),
        ),
        "dropped": 1,
    }  # fmt: skip
    return NetView(**(base | fields))  # type: ignore[arg-type]


def detail(subject: str) -> NetDetailView:
    return NetDetailView(
        subject.partition(" ")[2],
        subject,
        (
            TableView(
                "interfaces", ("name", "state", "address", "mac"),
                (
                    ("lo", "UP", "127.0.0.1/8", ""),
                    ("eth0", "UP", "10.0.0.1/24", "02:00:00:00:00:01"),
                ),
            ),
            TableView("routes", ("destination", "via", "dev"), (DEFAULT,)),
            TableView("ARP", ("address", "mac", "state"), ()),
        ),
    )  # fmt: skip


def lens(number: int) -> LensView:
    echo = ICMP(8, 0, 7 << 16 | 1, b"abcdefgh" * 7)
    packet = IPv4(parse_ip("10.0.0.2"), parse_ip("93.184.216.34"), 1, echo)
    frame = Ethernet(parse_mac("02:00:00:00:00:01"), parse_mac("02:00:00:00:00:02"), IPV4, packet)
    found = tuple(
        LayerView(
            layer.name,
            layer.summary,
            tuple(
                FieldView(f.name, f.value, layer.start + f.offset, f.length) for f in layer.fields
            ),
        )
        for layer in layers(frame)
    )
    return LensView(number, frame.summary(), 12_300 * MS, found, frame.pack())
