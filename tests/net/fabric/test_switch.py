"""Hub and switch: who gets which frame, what the MAC table knows, and what a VLAN is."""

from minios.net.drop import Drop
from minios.net.fabric.bridging import Heard
from minios.net.wire.ethernet import Ethernet
from minios.sim.world import SECOND
from tests.net.checker import eth
from tests.net.rig import MS, Rig, S

ALL = 0xFFFF_FFFF_FFFF


def lan(count: int = 3, **options: object) -> Rig:
    """Stations s1, s2 … with addresses 1, 2 … on ports 1, 2 … of a switch."""
    rig = Rig()
    rig.switch("sw", count, **options)
    for n in range(1, count + 1):
        rig.station(f"s{n}", n)
        rig.link(f"s{n}.0", f"sw.{n}")
    return rig


def send(rig: Rig, source: int, dst: int, *, src: int = 0, vlan: int | None = None) -> Ethernet:
    frame = Ethernet(dst, src or source, 0x88B5, b"x" * 100, vlan)
    rig.stations[f"s{source}"].send(frame)
    rig.run(rig.world.now + MS)
    return frame


def heard(rig: Rig) -> list[int]:
    """Which stations got something; what they got is taken off."""
    got = [n for n in range(1, 99) if rig.stations.get(f"s{n}") and rig.stations[f"s{n}"].got]
    for n in got:
        rig.stations[f"s{n}"].got.clear()
    return got


def test_a_hub_repeats_to_all_other_ports():
    rig = Rig()
    rig.hub("hub", 4)
    for n in range(1, 4):
        rig.station(f"s{n}", n)
        rig.link(f"s{n}.0", f"hub.{n}")
    send(rig, 1, 2)
    assert heard(rig) == [2, 3]
    assert rig.drops == []


def test_a_switch_floods_for_whom_it_does_not_know_and_learns_who_sent():
    rig = lan()
    send(rig, 1, 2)
    assert heard(rig) == [2, 3]
    send(rig, 2, 1)
    assert heard(rig) == [1]
    send(rig, 1, 2)
    assert heard(rig) == [2]


def test_broadcasts_and_groups_are_flooded():
    rig = lan()
    send(rig, 1, ALL)
    assert heard(rig) == [2, 3]
    send(rig, 1, 0x0100_5E00_0009)
    assert heard(rig) == [2, 3]


def test_flooded_frames_are_each_their_own():
    rig = lan()
    send(rig, 1, ALL)
    one, two = rig.stations["s2"].frames[0], rig.stations["s3"].frames[0]
    assert one == two and one is not two


def test_a_station_that_moves_is_found_at_its_new_port():
    rig = lan()
    send(rig, 1, ALL)
    send(rig, 2, ALL, src=1)
    heard(rig)
    send(rig, 3, 1)
    assert heard(rig) == [2]


def test_a_frame_to_where_it_came_from_is_filtered():
    rig = lan()
    send(rig, 1, ALL, src=7)
    heard(rig)
    send(rig, 1, 7)
    assert heard(rig) == []
    assert rig.reasons == [Drop.SAME_PORT]


def test_entries_age_without_any_event():
    rig = lan(aging=300 * SECOND)
    send(rig, 2, ALL)
    heard(rig)
    assert rig.idle()
    rig.run(300 * S)
    send(rig, 1, 2)
    assert heard(rig) == [2]
    rig.run(601 * S)
    assert rig.network.nodes["sw"].bridge.table() == []  # type: ignore[attr-defined]
    send(rig, 1, 2)
    assert heard(rig) == [2, 3]


def test_the_table_shows_address_port_and_age():
    rig = lan()
    send(rig, 2, ALL)
    send(rig, 1, ALL)
    rig.run(5 * S)
    assert rig.network.nodes["sw"].bridge.table() == [  # type: ignore[attr-defined]
        Heard(0, 1, "1", 5 * S - MS, False),
        Heard(0, 2, "2", 5 * S, False),
    ]


def test_a_full_table_floods_and_does_not_grow():
    rig = lan(table=4)
    sw = rig.network.nodes["sw"].bridge  # type: ignore[attr-defined]
    for src in range(10, 30):
        send(rig, 1, ALL, src=src)
    heard(rig)
    assert len(sw.stations) == 4
    assert sw.unlearnt == 16
    send(rig, 2, 29)
    assert heard(rig) == [1, 3]
    rig.run(400 * S)  # those that are too old make room
    send(rig, 1, ALL, src=29)
    assert [row.mac for row in sw.table()] == [29]


def test_a_group_address_sends_nothing():
    rig = lan()
    send(rig, 1, 2, src=0x0100_5E00_0001)
    assert heard(rig) == []
    assert rig.reasons == [Drop.MALFORMED]


def test_link_local_groups_are_not_forwarded():
    # IEEE 802.1D table 7-10: 01-80-C2-00-00-01 (pause) to -0F stay on their link.
    rig = lan()
    send(rig, 1, 0x0180_C200_0001)
    assert heard(rig) == []
    assert rig.reasons == [Drop.NOT_FOR_US]


def test_a_pulled_cable_makes_the_switch_forget_who_was_there():
    rig = lan()
    send(rig, 1, ALL)
    heard(rig)
    link = rig.network.links["link1"]
    link.unplug()
    assert rig.network.nodes["sw"].bridge.table() == []  # type: ignore[attr-defined]
    send(rig, 2, 1)
    assert heard(rig) == [3]
    assert rig.drops == []
    link.plug()
    send(rig, 2, 1)
    assert heard(rig) == [1, 3]


# -- VLANs ---------------------------------------------------------------------------------------


def floors() -> Rig:
    """Two switches with VLANs 10 and 20, a trunk between them; s1, s3 in 10 and s2, s4 in 20."""
    rig = Rig()
    for name in ("sa", "sb"):
        switch = rig.switch(name, ["1", "2", "up"])
        switch.access("1", 10)
        switch.access("2", 20)
        switch.trunk("up", {10, 20}, native=0)
    for n, end in enumerate(("sa.1", "sa.2", "sb.1", "sb.2"), 1):
        rig.station(f"s{n}", n)
        rig.link(f"s{n}.0", end)
    rig.link("sa.up", "sb.up", name="trunk")
    return rig


def test_vlans_are_apart_and_a_trunk_joins_them_across_switches():
    rig = floors()
    send(rig, 1, ALL)
    assert heard(rig) == [3]
    send(rig, 4, ALL)
    assert heard(rig) == [2]
    send(rig, 3, 2)  # of the other VLAN: nobody knows it here
    assert heard(rig) == [1]


def test_frames_have_a_tag_on_the_trunk_only():
    class Tags:
        seen: list[tuple[str, int | None, int]]

        def __init__(self) -> None:
            self.seen = []

        def on_frame(self, link, side, frame, sent, arrives):  # type: ignore[no-untyped-def]
            self.seen.append((link.name, frame.vlan, frame.size))

    rig = floors()
    tags = Tags()
    rig.world.instruments.add(tags)
    send(rig, 1, 3)
    assert tags.seen == [("link1", None, 114), ("trunk", 10, 118), ("link3", None, 114)]
    rig.stations["s3"].expect(None, eth(vlan=None, size=114))


def test_an_access_port_takes_no_foreign_tag():
    rig = floors()
    send(rig, 1, ALL, vlan=20)
    assert heard(rig) == []
    assert [(each.reason, each.detail) for each in rig.drops] == [(Drop.VLAN, "port 1: VLAN 20")]


def test_a_priority_tag_is_no_vlan():
    # IEEE 802.1Q 6.9: VID 0 means the port's own VLAN.
    rig = floors()
    send(rig, 1, ALL, vlan=5 << 13)
    assert heard(rig) == [3]


def test_the_priority_survives_the_trunk():
    rig = Rig()
    switch = rig.switch("sw", 2)
    switch.access("1", 10)
    switch.trunk("2", {10})
    for n in (1, 2):
        rig.station(f"s{n}", n)
        rig.link(f"s{n}.0", f"sw.{n}")
    send(rig, 1, ALL, vlan=5 << 13)
    rig.stations["s2"].expect(None, eth(vlan=5 << 13 | 10))


def test_the_native_vlan_of_a_trunk_has_no_tag():
    rig = Rig()
    switch = rig.switch("sw", 3)
    switch.access("1", 10)
    switch.access("2", 20)
    switch.trunk("3", {10, 20}, native=10)
    for n in (1, 2, 3):
        rig.station(f"s{n}", n)
        rig.link(f"s{n}.0", f"sw.{n}")
    send(rig, 1, ALL)
    rig.stations["s3"].expect(None, eth(vlan=None))
    send(rig, 2, ALL)
    rig.stations["s3"].expect(None, eth(vlan=20))
    send(rig, 3, ALL)
    assert heard(rig) == [1]


def test_a_trunk_without_a_native_vlan_takes_only_tagged_frames():
    rig = Rig()
    rig.switch("sw", 2).trunk("1", {10}, native=0)
    for n in (1, 2):
        rig.station(f"s{n}", n)
        rig.link(f"s{n}.0", f"sw.{n}")
    send(rig, 1, ALL)
    assert heard(rig) == []
    assert [each.detail for each in rig.drops] == ["port 1: no tag"]


def test_the_same_address_in_two_vlans_is_two_stations():
    rig = floors()
    send(rig, 1, ALL, src=9)
    send(rig, 2, ALL, src=9)
    rows = rig.network.nodes["sa"].bridge.table()  # type: ignore[attr-defined]
    assert [(row.vid, row.mac, row.port) for row in rows] == [(10, 9, "1"), (20, 9, "2")]
