"""A followed packet: what is noted where, on which leg, and that it is bounded."""

from __future__ import annotations

import pytest

from minios.abi.inet import parse_ip
from minios.net.drop import Drop, Dropped
from minios.net.trail import ASIDE, BACK, LAYERS, MOST, THERE, WORDS, Trail
from minios.net.wire.icmp import ECHO, ICMP
from minios.net.wire.ipv4 import IPv4
from tests.net.rig import MS, Rig, S


def line() -> Rig:
    """pc - sw - gw - web."""
    rig = Rig()
    rig.host("pc", eth0="10.0.0.2/24", gateway="10.0.0.1")
    rig.switch("sw", 3)
    rig.host("gw", eth0="10.0.0.1/24", eth1="192.0.2.1/24", forwarding=True)
    rig.host("web", eth0="192.0.2.9/24", gateway="192.0.2.1")
    rig.link("pc.eth0", "sw.1", latency=MS, name="lan")
    rig.link("sw.2", "gw.eth0", latency=MS, name="up")
    rig.link("gw.eth1", "web.eth0", latency=MS, name="wan")
    return rig


def ping(rig: Rig, to: str, ttl: int = 64) -> Trail:
    trail = Trail()
    message = ICMP(ECHO, 0, 7 << 16 | 1, b"x" * 8)
    rig.hosts["pc"].ip_output(IPv4(0, parse_ip(to), 1, message, ttl=ttl), trail=trail)
    rig.run(rig.world.now + 5 * S)
    return trail


def story(trail: Trail, leg: str) -> list[tuple[int, str, str]]:
    """Milliseconds, node and word of each step."""
    return [(s.time // MS, s.node, s.what) for s in trail.steps if s.leg == leg]


def test_a_packet_its_arp_and_its_answer_are_followed():
    trail = ping(line(), "10.0.0.1")
    assert story(trail, THERE) == [
        (0, "pc", "send"), (0, "pc", "wait"), (4, "pc", "out"), (5, "sw", "bridge"),
        (5, "sw", "out"), (6, "gw", "in"), (6, "gw", "deliver"),
    ]  # fmt: skip
    assert story(trail, ASIDE) == [
        (0, "pc", "arp"), (0, "pc", "out"), (1, "sw", "bridge"), (1, "sw", "out"),
        (2, "gw", "in"), (2, "gw", "arp"), (2, "gw", "out"), (3, "sw", "bridge"),
        (3, "sw", "out"), (4, "pc", "in"),
    ]  # fmt: skip
    assert story(trail, BACK) == [
        (6, "gw", "answer"), (6, "gw", "send"), (6, "gw", "out"), (7, "sw", "bridge"),
        (7, "sw", "out"), (8, "pc", "in"), (8, "pc", "deliver"),
    ]  # fmt: skip
    assert trail.log.drops == []


def test_every_step_is_of_a_known_layer_and_word():
    rig = line()
    for trail in (ping(rig, "192.0.2.9"), ping(rig, "8.8.8.8"), ping(rig, "192.0.2.9", ttl=1)):
        assert {step.layer for step in trail.steps} <= set(LAYERS)
        assert {step.what for step in trail.steps} <= set(WORDS)


@pytest.mark.parametrize(
    ("to", "ttl", "node", "reason"),
    [
        ("8.8.8.8", 64, "gw", Drop.NO_ROUTE),
        ("192.0.2.9", 1, "gw", Drop.TTL),
        ("192.0.2.77", 64, "gw", Drop.ARP_TIMEOUT),
        ("10.0.0.77", 64, "pc", Drop.ARP_TIMEOUT),
    ],
)
def test_where_it_ends_is_on_the_trail_and_so_is_the_error(to, ttl, node, reason):
    trail = ping(line(), to, ttl)
    assert [(leg, d.node, d.reason) for leg, d in trail.log.drops] == [(THERE, node, reason)]
    back = [step for step in trail.steps if step.leg == BACK]
    assert (back[0].node, back[0].what) == (node, "error")
    assert (back[-1].node, back[-1].what) == ("pc", "deliver")


def test_an_answer_to_an_answer_is_on_its_way_there_again():
    trail = Trail()
    assert trail.back().leg == BACK
    assert trail.back().back() is trail
    assert trail.aside().leg == ASIDE
    assert trail.aside().aside().leg == ASIDE
    trail.back().add(5, "gw", "network", "answer")
    assert trail.steps[0][:3] == (5, "gw", BACK)


def test_a_trail_is_bounded_on_each_leg():
    trail = Trail()
    for _ in range(10_000):
        trail.add(0, "a", "link", "note")
        trail.aside().add(0, "a", "link", "arp")
        trail.dropped(Dropped(0, "a", "link", Drop.TTL))
    trail.back().add(1, "b", "link", "in")
    assert len(trail.steps) == MOST[THERE] + MOST[ASIDE] + 1
    assert len(trail.log.drops) == MOST[ASIDE]


def test_following_changes_nothing():
    digests = []
    for follow in (False, True):
        rig = line()
        message = ICMP(ECHO, 0, 7 << 16 | 1, b"x" * 8)
        trail = Trail() if follow else None
        rig.hosts["pc"].ip_output(IPv4(0, parse_ip("192.0.2.9"), 1, message), trail=trail)
        rig.run(S)
        digests.append((rig.world.digest(), [h.digest() for h in rig.hosts.values()]))
    assert digests[0] == digests[1]
