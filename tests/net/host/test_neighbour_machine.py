"""Random histories of a neighbour: whatever happens, its states mean what they say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minios.abi.inet import parse_ip
from minios.net.drop import Drop
from minios.net.host import neigh
from tests.net.host.helpers import Pings, ask, quiet
from tests.net.rig import MS, Rig, S

MAC = 0x02_0000_0000_99
PEER = "10.0.0.9"

EVENTS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 5)),
    st.tuples(st.just("wait"), st.sampled_from([1, MS, S, 3 * S, 5 * S, 31 * S, 100 * S])),
    st.tuples(st.just("answer"), st.integers(0, 1)),
    st.tuples(st.just("announce"), st.integers(0, 1)),
    st.tuples(st.just("ask"), st.integers(0, 1)),
    st.tuples(st.just("confirm"), st.just(0)),
    st.tuples(st.just("set"), st.sampled_from([neigh.PERMANENT, neigh.STALE, neigh.REACHABLE])),
    st.tuples(st.just("forget"), st.just(0)),
    st.tuples(st.just("plug"), st.booleans()),
)


@given(st.lists(EVENTS, max_size=40))
def test_states_timers_and_queues_agree(events: list[tuple[str, int]]) -> None:
    """arp(7): timers only while a question is open, packets wait only while there is no address,
    and no packet disappears without a reason."""
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24")
    station = rig.station("peer", MAC)
    cable = rig.link("pc.eth0", "peer.0")
    dev = host.devices["eth0"]
    pings = Pings(host)
    sent = 0
    ip = parse_ip(PEER)
    for what, value in events:
        entry = dev.neigh.get(ip)
        if what == "send":
            for _ in range(value):
                pings.send(PEER)
            sent += value
        elif what == "wait":
            rig.run(rig.world.now + value)
        elif what == "answer" and cable.up:
            station.send(ask(MAC + value, PEER, "10.0.0.1", tha=dev.mac, op=2, dst=dev.mac))
        elif what == "announce" and cable.up:
            station.send(ask(MAC + value, PEER, PEER))
        elif what == "ask" and cable.up:
            station.send(ask(MAC + value, PEER, "10.0.0.1"))
        elif what == "confirm" and entry is not None:
            entry.confirm()
        elif what == "set" and (made := host.neigh.find(dev, ip)) is not None:
            made.learn(MAC, value, admin=True)
        elif what == "forget" and entry is not None:
            host.neigh.remove(entry)
        elif what == "plug":
            cable.plug() if value else cable.unplug()
        rig.run(rig.world.now)
        check(host, dev)
    rig.run(rig.world.now + 100 * S)
    check(host, dev)
    assert quiet(rig)
    arrived = sum(frame.type == 0x0800 for frame in station.frames)
    ended = sum(rig.reasons.count(reason) for reason in (Drop.ARP_TIMEOUT, Drop.ARP_QUEUE)) + sum(
        record.reason is Drop.UNPLUGGED and "ICMP echo request" in record.summary
        for record in rig.drops
    )
    assert arrived + ended == sent


def check(host: object, dev: object) -> None:
    """What holds after every event."""
    entries = dev.neigh.values()  # type: ignore[attr-defined]
    assert host.neigh.count == len(entries)  # type: ignore[attr-defined]
    now = host.world.now  # type: ignore[attr-defined]
    for entry in entries:
        state = entry.nud()
        open_question = state in (neigh.INCOMPLETE, neigh.DELAY, neigh.PROBE)
        assert (entry.timer is not None) == open_question, neigh.STATES[state]
        assert bool(entry.queue) == (state == neigh.INCOMPLETE), neigh.STATES[state]
        assert (entry.fresh > now) == bool(state & neigh.CONNECTED), neigh.STATES[state]
        if state & neigh.VALID:
            assert entry.mac in (MAC, MAC + 1)
