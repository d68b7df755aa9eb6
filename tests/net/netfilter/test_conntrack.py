"""Connection tracking as Linux does it (nf_conntrack_core.c, nf_conntrack_proto_tcp.c)."""

from typing import Any

import pytest

from minios.abi.netfilter import IPS_ASSURED, IPS_SEEN_REPLY
from minios.net.drop import Drop
from minios.net.netfilter.conn import INVALID
from minios.net.netfilter.conntrack import DESTROY, NEW, UPDATE
from tests.net.netfilter.gate import Gate, echo, tcp, udp, unreachable

A, S = "10.0.0.2", "198.51.100.7"
SECOND = 1_000_000_000


def tracking() -> Gate:
    gate = Gate()
    gate.nf.track()
    return gate


def only(gate: Gate) -> Any:
    """The one connection there is, its state and seconds left."""
    (conn,) = gate.nf.conntrack.live()
    return conn


def left(gate: Gate) -> int:
    return (only(gate).expires - gate.world.now) // SECOND


def there(gate: Gate, flags: str, **fields: Any) -> bool:
    return gate.through(tcp(f"{A}:999", f"{S}:80", flags, **fields)) is not None


def back(gate: Gate, flags: str, **fields: Any) -> bool:
    return gate.through(tcp(f"{S}:80", f"{A}:999", flags, **fields), back=True) is not None


def established() -> Gate:
    gate = tracking()
    there(gate, "S", seq=1000)
    back(gate, "SA", seq=5000, ack=1001)
    there(gate, "A", seq=1001, ack=5001)
    return gate


def test_a_tcp_connection_goes_through_linux_states_and_timeouts() -> None:
    gate = tracking()
    seen = []

    def note() -> None:
        seen.append((only(gate).tcp.state.name, left(gate)))

    there(gate, "S", seq=1000)
    note()
    back(gate, "SA", seq=5000, ack=1001)
    note()
    there(gate, "A", seq=1001, ack=5001)
    note()
    there(gate, "FA", seq=1001, ack=5001)
    note()
    back(gate, "A", seq=5001, ack=1002)
    note()
    back(gate, "FA", seq=5001, ack=1002)
    note()
    there(gate, "A", seq=1002, ack=5002)
    note()
    assert seen == [
        ("SYN_SENT", 120), ("SYN_RECV", 60), ("ESTABLISHED", 432000), ("FIN_WAIT", 120),
        ("CLOSE_WAIT", 60), ("LAST_ACK", 30), ("TIME_WAIT", 120),
    ]  # fmt: skip
    assert only(gate).status & IPS_ASSURED


def test_a_refused_connection_leaves_nothing() -> None:
    gate = tracking()
    there(gate, "S", seq=1000)
    assert back(gate, "RA", seq=0, ack=1001)
    assert gate.count == 0


def test_a_reset_closes_for_ten_seconds() -> None:
    gate = established()
    there(gate, "R", seq=1001)
    assert (only(gate).tcp.state.name, left(gate)) == ("CLOSE", 10)


def test_a_syn_ack_for_nothing_is_invalid_and_so_is_nonsense() -> None:
    gate = tracking()
    for flags in ("SA", "R", "SF", ""):
        packet = tcp(f"{A}:999", f"{S}:80", flags)
        gate.nf.prerouting(packet, gate.eth0)
        assert packet.ct is INVALID, flags
    assert gate.count == 0


def test_a_connection_is_picked_up_in_the_middle() -> None:
    gate = tracking()
    there(gate, "A", seq=77, ack=88)
    assert (only(gate).tcp.state.name, left(gate)) == ("ESTABLISHED", 300)
    back(gate, "A", seq=88, ack=78)
    there(gate, "A", seq=78, ack=89)
    assert left(gate) == 432000
    strict = tracking()
    strict.nf.conntrack.settings["nf_conntrack_tcp_loose"] = 0
    there(strict, "A", seq=77, ack=88)
    assert strict.count == 0


def test_a_segment_outside_the_window_is_invalid() -> None:
    gate = established()
    packet = tcp(f"{S}:80", f"{A}:999", "A", 5001 + 200_000_000, 1001, b"x")
    gate.nf.prerouting(packet, gate.eth1)
    assert packet.ct is INVALID
    late = tcp(f"{S}:80", f"{A}:999", "A", 5001, 1001 + 5000, b"x")
    gate.nf.prerouting(late, gate.eth1)
    assert late.ct is INVALID
    gate.nf.conntrack.settings["nf_conntrack_tcp_be_liberal"] = 1
    packet.ct = None
    gate.nf.prerouting(packet, gate.eth1)
    assert packet.ct is not INVALID


def test_a_syn_reopens_what_is_in_time_wait() -> None:
    gate = established()
    there(gate, "FA", seq=1001, ack=5001)
    back(gate, "FA", seq=5001, ack=1002)
    there(gate, "A", seq=1002, ack=5002)
    assert only(gate).tcp.state.name == "TIME_WAIT"
    there(gate, "S", seq=900_000)
    assert only(gate).tcp.state.name == "SYN_SENT" and not only(gate).status & IPS_ASSURED


def test_both_ends_open_at_once() -> None:
    gate = tracking()
    there(gate, "S", seq=1000)
    back(gate, "S", seq=5000)
    assert only(gate).tcp.state.name == "SYN_SENT2"
    there(gate, "SA", seq=1000, ack=5001)
    assert only(gate).tcp.state.name == "SYN_RECV"
    back(gate, "SA", seq=5000, ack=1001)
    there(gate, "A", seq=1001, ack=5001)
    assert only(gate).tcp.state.name == "ESTABLISHED"


def test_udp_has_30_seconds_and_a_stream_120() -> None:
    gate = tracking()
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    assert left(gate) == 30
    gate.through(udp(f"{S}:53", f"{A}:4000"), back=True)
    assert left(gate) == 30 and only(gate).status & IPS_SEEN_REPLY
    gate.wait(2.1)
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    assert left(gate) == 120 and only(gate).status & IPS_ASSURED
    gate.wait(120)
    assert gate.count == 0


def test_icmp_has_30_seconds() -> None:
    gate = tracking()
    gate.through(echo(A, S))
    assert left(gate) == 30


def test_an_entry_that_is_over_is_not_there_though_nothing_wakes() -> None:
    gate = tracking()
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    gate.wait(30)
    assert gate.count == 0 and gate.world.next_event() is None
    gate.through(udp(f"{S}:53", f"{A}:4000"), back=True)  # begins a new one, the other way round
    assert only(gate).forward.key[4] == 4000


def test_an_error_about_no_connection_is_invalid() -> None:
    gate = tracking()
    packet = unreachable(S, udp(f"{A}:4000", f"{S}:53"))
    gate.nf.prerouting(packet, gate.eth1)
    assert packet.ct is INVALID


def test_a_full_table_makes_room_by_dropping_who_is_not_assured() -> None:
    gate = tracking()
    gate.nf.conntrack.settings["nf_conntrack_max"] = 10
    for port in range(20):
        assert gate.through(udp(f"{A}:{4000 + port}", f"{S}:53")) is not None
    assert gate.count == 10 and gate.nf.conntrack.statistics["early_drop"] == 10
    assert gate.drops == []


def test_a_table_full_of_assured_ones_drops_and_says_so_every_five_seconds() -> None:
    gate = tracking()
    gate.nf.conntrack.settings["nf_conntrack_max"] = 2
    for port in (1, 2):
        for flags, fields in (("S", {"seq": 1000}), ("A", {"seq": 1001, "ack": 5001})):
            gate.through(tcp(f"{A}:{port}", f"{S}:80", flags, **fields))
            if flags == "S":
                gate.through(tcp(f"{S}:80", f"{A}:{port}", "SA", 5000, 1001), back=True)
    for _ in range(3):
        assert gate.through(udp(f"{A}:4000", f"{S}:53")) is None
    assert [reason for reason, _ in gate.drops] == [Drop.TABLE_FULL] * 3
    line = (4, "nf_conntrack: nf_conntrack: table full, dropping packet")
    assert gate.lines == [line]
    gate.wait(5)
    gate.through(udp(f"{A}:4000", f"{S}:53"))
    assert gate.lines == [line, line]
    assert gate.through(tcp(f"{A}:1", f"{S}:80", "A", 1001, 5001)) is not None


def test_a_flood_does_not_grow_the_table() -> None:
    gate = tracking()
    gate.nf.conntrack.settings["nf_conntrack_max"] = 100
    for n in range(5000):
        gate.through(tcp(f"10.0.{n >> 8}.{n & 255}:99", f"{S}:80", "S"))
    table = gate.nf.conntrack
    assert len(table.conns) <= 100 and len(table.table) <= 200 and len(table.by_source) <= 100


def test_a_dropped_first_packet_leaves_no_entry() -> None:
    from tests.net.netfilter.gate import rule

    gate = tracking()
    gate.rules("filter", FORWARD=[rule("DROP")])
    assert gate.through(udp(f"{A}:4000", f"{S}:53")) is None
    assert gate.count == 0


def test_listeners_hear_one_event_a_packet() -> None:
    gate = tracking()
    heard: list[int] = []
    gate.nf.conntrack.listeners.append(lambda event, conn, by: heard.append(event))
    there(gate, "S", seq=1000)
    back(gate, "SA", seq=5000, ack=1001)
    there(gate, "A", seq=1001, ack=5001)
    gate.nf.conntrack.flush()
    assert heard == [NEW, UPDATE, UPDATE, DESTROY]


@pytest.mark.parametrize("junk", [b"", b"\x45", b"\x45" + bytes(40), b"\xff" * 60])
def test_an_error_that_quotes_nonsense_is_invalid(junk: bytes) -> None:
    gate = tracking()
    packet = unreachable(S, udp(f"{A}:4000", f"{S}:53"))
    packet.payload.payload = junk
    gate.nf.prerouting(packet, gate.eth1)
    assert packet.ct is INVALID


def test_equal_worlds_have_equal_states() -> None:
    def play() -> Any:
        gate = Gate()
        gate.masquerade()
        for host in range(2, 12):
            gate.through(udp(f"10.0.0.{host}:4000", f"{S}:53"))
        return gate.nf.state()

    assert play() == play()
