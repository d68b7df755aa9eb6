"""Cables: when frames arrive, what a queue holds, and what can happen to a frame on the way."""

import pytest

from minios.net.drop import Drop
from minios.net.fabric.link import Link, LinkSpec
from minios.net.wire.ethernet import Ethernet
from tests.net.checker import data, eth
from tests.net.rig import MS, Rig, S


def frame(n: int = 0, size: int = 60, dst: int = 2, src: int = 1) -> Ethernet:
    return Ethernet(dst, src, 0x88B5, n.to_bytes(2, "big").ljust(size - 14, b"."))


def pair(seed: int = 1, **spec: int) -> Rig:
    rig = Rig(seed)
    rig.station("a")
    rig.station("b")
    rig.link("a.0", "b.0", name="cable", **spec)
    return rig


def numbers(rig: Rig) -> list[int]:
    return [int.from_bytes(each.payload[:2], "big") for each in rig.stations["b"].frames]


def burst(rig: Rig, count: int, size: int = 60) -> None:
    for n in range(count):
        rig.stations["a"].send(frame(n, size))


def test_a_frame_takes_its_bits_and_the_latency():
    # 1000 bytes and 24 of preamble, FCS and gap are 8192 bits; at 1 Mbit/s that is 8.192 ms.
    rig = pair(rate=1_000_000, latency=5 * MS)
    rig.at(1 * MS, rig.stations["a"].send, frame(size=1000))
    rig.run(S)
    rig.stations["b"].expect(1 * MS + 8_192_000 + 5 * MS, eth(size=1000))


def test_frames_wait_for_the_line_and_keep_their_order():
    rig = pair(rate=1_000_000)
    burst(rig, 3, size=101)  # 1000 bits each
    rig.run(S)
    assert rig.stations["b"].times == [1 * MS, 2 * MS, 3 * MS]
    assert numbers(rig) == [0, 1, 2]


def test_the_directions_do_not_wait_for_each_other():
    rig = pair(rate=1_000_000)
    rig.stations["a"].send(frame(size=101))
    rig.stations["b"].send(frame(size=101))
    rig.run(S)
    assert rig.stations["a"].times == rig.stations["b"].times == [1 * MS]


def test_a_traversal_is_one_event():
    rig = pair(rate=1_000_000)
    burst(rig, 5)
    assert len(rig.world.pending(Ethernet)) == 5
    rig.world.run_until(S, budget=5)
    assert len(rig.stations["b"].got) == 5
    assert rig.idle()


def test_what_does_not_fit_the_queue_is_dropped_and_recorded():
    # Each frame is 125 bytes of line. 250 bytes may wait: the one on the line counts with them.
    rig = pair(rate=1_000_000, queue=250)
    burst(rig, 5, size=101)
    rig.run(S)
    assert numbers(rig) == [0, 1, 2]
    assert [(each.node, each.reason, each.detail) for each in rig.drops] == [
        ("cable", Drop.QUEUE_FULL, "a.0 > b.0")
    ] * 2
    assert rig.network.dropped == {Drop.QUEUE_FULL: 2}


def test_a_pulled_cable_loses_what_is_on_it_and_what_is_sent():
    rig = pair(latency=10 * MS)
    cable = rig.network.links["cable"]
    burst(rig, 1)
    rig.at(5 * MS, cable.unplug)
    rig.at(6 * MS, rig.stations["a"].send, frame(1))
    rig.at(7 * MS, cable.plug)
    rig.at(8 * MS, rig.stations["a"].send, frame(2))
    rig.run(S)
    assert numbers(rig) == [2]
    assert [(each.node, each.time) for each in rig.drops] == [("a", 6 * MS), ("cable", 10 * MS)]
    assert rig.reasons == [Drop.UNPLUGGED, Drop.UNPLUGGED]
    assert rig.stations["b"].carriers == [(0, "0", True), (5 * MS, "0", False), (7 * MS, "0", True)]


def test_a_port_without_a_cable_drops_what_is_sent():
    rig = Rig()
    alone = rig.station("alone")
    alone.port("0")
    alone.send(frame())
    assert rig.reasons == [Drop.UNPLUGGED]
    assert not alone.port("0").up


def test_frames_on_the_way_go_to_whom_the_owner_named_last():
    rig = pair(latency=10 * MS)
    burst(rig, 1)
    port = rig.port("b.0")
    rig.at(5 * MS, setattr, port, "receive", port.nobody)
    rig.run(S)
    rig.stations["b"].nothing()
    assert [(each.node, each.reason) for each in rig.drops] == [("b", Drop.HOST_DOWN)]


def test_a_port_takes_one_cable():
    rig = pair()
    rig.station("c")
    with pytest.raises(ValueError):
        Link(rig.network, "again", rig.port("a.0"), rig.port("c.0"))


@pytest.mark.parametrize(("kind", "reason"), [("loss", Drop.LINK_LOSS), ("corrupt", Drop.FCS)])
def test_a_share_of_frames_is_lost(kind: str, reason: Drop):
    rig = pair(**{kind: 100_000})
    burst(rig, 1000)
    rig.run(S)
    assert 60 < len(rig.drops) < 140
    assert set(rig.reasons) == {reason}
    assert len(rig.stations["b"].got) == 1000 - len(rig.drops)


def test_a_duplicate_follows_its_original():
    rig = pair(duplicate=1_000_000, rate=1_000_000)
    burst(rig, 2, size=101)
    rig.run(S)
    assert numbers(rig) == [0, 0, 1, 1]
    assert rig.stations["b"].times == [1 * MS, 2 * MS, 3 * MS, 4 * MS]
    one, two = rig.stations["b"].frames[:2]
    assert one == two and one is not two


def test_a_late_frame_is_overtaken():
    rig = pair(reorder=100_000, delay=2 * MS, rate=10_000_000)
    burst(rig, 100)
    rig.run(S)
    assert sorted(numbers(rig)) == list(range(100))
    assert numbers(rig) != list(range(100))


def test_damage_turns_one_bit_over_that_the_receiver_has_to_find():
    rig = pair(damage=1_000_000)
    burst(rig, 20)
    rig.run(S)
    for n, each in enumerate(rig.stations["b"].frames):
        sent, came = frame(n).pack(), each.pack()
        assert sum((x ^ y).bit_count() for x, y in zip(sent, came, strict=True)) == 1


def test_each_kind_of_luck_has_its_own_stream():
    lost = pair(loss=100_000)
    both = pair(loss=100_000, reorder=500_000)
    for rig in (lost, both):
        burst(rig, 300)
        rig.run(S)
    assert sorted(numbers(lost)) == sorted(numbers(both))


def test_equal_seeds_give_equal_fates_and_digests():
    fates = []
    for seed in (1, 1, 2):
        rig = pair(seed, loss=100_000, duplicate=100_000, reorder=100_000)
        burst(rig, 100)
        rig.run(S)
        fates.append((numbers(rig), rig.world.digest()))
    assert fates[0] == fates[1]
    assert fates[0][0] != fates[2][0]


def test_what_is_on_the_way_is_in_the_digest():
    digests = []
    for n in (1, 1, 2):
        rig = pair(latency=10 * MS)
        rig.stations["a"].send(frame(n))
        rig.run(1 * MS)
        digests.append(rig.world.digest())
    assert digests[0] == digests[1] != digests[2]


def test_a_changed_link_carries_what_is_sent_from_then_on():
    rig = pair(latency=10 * MS)
    burst(rig, 1)
    rig.network.links["cable"].set(LinkSpec(latency=1 * MS, rate=0, loss=0))
    rig.stations["a"].send(frame(1))
    rig.run(S)
    assert rig.stations["b"].times == [1 * MS, 10 * MS]
    rig.stations["b"].expect(None, eth(data(frame(1).payload)))


def test_an_instrument_sees_each_frame_and_changes_nothing():
    class Seen:
        def __init__(self) -> None:
            self.frames: list[tuple[str, int, int, int]] = []

        def on_frame(self, link, side, frame, sent, arrives):  # type: ignore[no-untyped-def]
            self.frames.append((link.name, side, sent, arrives))

    digests = []
    for seen in (Seen(), None):
        rig = pair(latency=10 * MS)
        if seen is not None:
            rig.world.instruments.add(seen)
        rig.at(1 * MS, rig.stations["b"].send, frame())
        rig.run(S)
        if seen is not None:
            assert seen.frames == [("cable", 1, 1 * MS, 11 * MS)]
        digests.append(rig.world.digest())
    assert digests[0] == digests[1]
