"""Fast retransmit and recovery: RFC 5681, RFC 6582, RFC 2018, RFC 6675, RFC 2883, RFC 6937."""

from typing import Any

from minios.net.tcp import Connection
from minios.net.tcp.tcb import Phase
from tests.net.tcp.peer import Peer


def sending(segments: int = 10, **options: Any) -> tuple[Peer, Connection]:
    """A connection with so many segments of 1000 bytes under way, sent at ``rtt`` ms."""
    start = options.get("rtt", 0)
    peer = Peer(tcp_early_retrans=0, **options.pop("sysctl", {}))
    connection = peer.accepted(**options)
    connection.congestion = "reno"
    connection.write(bytes(20_000))
    for i in range(segments):
        peer.expect(start, ".", 1 + 1000 * i, 1000)
    return peer, connection


def test_fast_retransmit_after_three_duplicate_acknowledgements() -> None:
    """RFC 5681 3.2: the missing segment at once, without a timeout; RFC 3042 before that."""
    peer, connection = sending()
    peer.send(10, ".", 1, ack=1)
    peer.expect(10, ".", 10_001, 1000)  # limited transmit
    peer.send(11, ".", 1, ack=1)
    peer.expect(11, ".", 11_001, 1000)
    peer.send(12, ".", 1, ack=1)
    peer.expect(12, ".", 1, 1000)
    assert (connection.phase, connection.ssthresh) == (Phase.RECOVERY, 5)
    assert peer.stack.counters["TcpExtTCPFastRetrans"] == 1


def test_two_duplicates_are_no_loss() -> None:
    peer, connection = sending()
    peer.send(10, ".", 1, ack=1)
    peer.expect(10, ".", 10_001, 1000)
    peer.send(11, ".", 1, ack=1)
    peer.expect(11, ".", 11_001, 1000)
    peer.nothing(100)
    assert connection.phase == Phase.DISORDER


def test_a_changed_window_is_no_duplicate() -> None:
    """RFC 5681 section 2 (e)."""
    peer, connection = sending(win=30_000)
    for t, win in ((10, 31_000), (11, 32_000), (12, 33_000)):
        peer.send(t, ".", 1, ack=1, win=win)
    peer.nothing(100)
    assert connection.phase == Phase.OPEN


def test_newreno_a_partial_acknowledgement_retransmits_the_next_hole() -> None:
    """RFC 6582 section 3.2 step 3."""
    peer, connection = sending()
    for t in (10, 11, 12):
        peer.send(t, ".", 1, ack=1)
    while peer.take():
        pass
    peer.send(20, ".", 1, ack=2001)
    peer.expect(20, ".", 2001, 1000)
    assert connection.phase == Phase.RECOVERY


def test_recovery_ends_when_all_that_was_out_is_acknowledged() -> None:
    """RFC 6582: the window is what ssthresh says then."""
    peer, connection = sending()
    for t in (10, 11, 12):
        peer.send(t, ".", 1, ack=1)
    peer.send(20, ".", 1, ack=12_001)
    peer.send(21, ".", 1, ack=13_001)
    assert connection.phase == Phase.OPEN
    assert connection.ssthresh == 5
    assert connection.cwnd == 5


def test_sack_only_the_holes_are_sent_again() -> None:
    """RFC 6675: segments 1 and 3 of ten are missing."""
    peer, connection = sending(sack=True, rtt=40)
    peer.send(80, ".", 1, ack=1, blocks=[(1001, 2001)])
    peer.expect(80, ".", 10_001, 1000)
    peer.send(81, ".", 1, ack=1, blocks=[(3001, 4001), (1001, 2001)])
    peer.expect(81, ".", 11_001, 1000)
    peer.send(82, ".", 1, ack=1, blocks=[(3001, 6001), (1001, 2001)])
    sent = []
    while found := peer.take():
        sent.append((found[1].payload.seq - peer.host_isn) & 0xFFFFFFFF)
    assert sent[0] == 1
    peer.send(83, ".", 1, ack=1, blocks=[(3001, 10_001), (1001, 2001)])
    while found := peer.take():
        sent.append((found[1].payload.seq - peer.host_isn) & 0xFFFFFFFF)
    assert [seq for seq in sent if seq < 10_000] == [1, 2001]
    assert connection.sendq.lost == 2


def test_sack_by_counting_when_rack_is_off() -> None:
    """RFC 6675 IsLost: three segments behind it."""
    peer, _ = sending(sack=True, sysctl={"tcp_recovery": 0})
    peer.send(10, ".", 1, ack=1, blocks=[(1001, 3001)])
    peer.expect(10, ".", 10_001, 1000)
    peer.expect(10, ".", 11_001, 1000)
    peer.send(11, ".", 1, ack=1, blocks=[(1001, 4001)])
    peer.expect(11, ".", 1, 1000)


def test_a_lost_retransmission_is_noticed() -> None:
    """RFC 8985: what was sent after it has arrived."""
    peer, _ = sending(sack=True, rtt=40)
    peer.send(80, ".", 1, ack=1, blocks=[(1001, 4001)])
    peer.expect(80, ".", 1, 1000)
    peer.send(90, ".", 1, ack=1, blocks=[(1001, 10_001)])
    news = [(p.payload.seq - peer.host_isn) & 0xFFFFFFFF for _, p in iter(peer.take, None)]
    assert 10_001 in news and 1 not in news
    peer.send(130, ".", 1, ack=1, blocks=[(1001, max(news) + 1000)])
    peer.expect(130, ".", 1, 1000)
    assert peer.stack.counters["TcpExtTCPLostRetransmit"] == 1


def test_reordering_teaches_patience() -> None:
    """RFC 8985 and RFC 4653: an original that arrives late raises the threshold."""
    peer, connection = sending(sack=True, rtt=40)
    peer.send(80, ".", 1, ack=1, blocks=[(5001, 6001)])
    peer.send(81, ".", 1, ack=1, blocks=[(1001, 2001), (5001, 6001)])
    assert connection.reordering == 5
    assert connection.info().reord_seen == 1


def test_a_duplicate_sack_takes_a_false_recovery_back() -> None:
    """RFC 2883, RFC 3708: what was sent again had arrived."""
    peer, connection = sending(sack=True)
    peer.send(10, ".", 1, ack=1, blocks=[(1001, 4001)])
    assert connection.phase == Phase.RECOVERY
    while peer.take():
        pass
    peer.send(11, ".", 1, ack=10_001, blocks=[(1, 1001)])
    peer.send(12, ".", 1, ack=connection.snd_nxt - connection.iss)
    assert connection.phase == Phase.OPEN
    assert connection.cwnd >= 10
    assert peer.stack.counters["TcpExtTCPFullUndo"] == 1


def test_impossible_sack_blocks_are_ignored() -> None:
    """RFC 2018 section 8."""
    peer, connection = sending(sack=True)
    peer.send(10, ".", 1, ack=1, blocks=[(500_000, 600_000), (5001, 4001), (9001, 90_001)])
    assert connection.sendq.sacked == 0
    assert connection.phase == Phase.OPEN


def test_a_peer_that_takes_back_what_it_reported() -> None:
    """RFC 2018 section 8: reported segments are kept until they are acknowledged."""
    peer, connection = sending(sack=True)
    peer.send(1, ".", 1, ack=1, blocks=[(1001, 10_001)])
    while peer.take():
        pass
    peer.send(2, ".", 1, ack=1001)
    peer.until(3000)
    news = [(p.payload.seq - peer.host_isn) & 0xFFFFFFFF for _, p in iter(peer.take, None)]
    assert 1001 in news
    assert peer.stack.counters["TcpExtTCPSACKReneging"] >= 1
    assert connection.sendq.sacked == 0


def test_proportional_rate_reduction_halves_over_a_round_trip() -> None:
    """RFC 6937: one segment out for two that arrived, not a pause and a burst."""
    peer, connection = sending(sack=True)
    peer.send(10, ".", 1, ack=1, blocks=[(1001, 4001)])
    flights = []
    for i in range(4, 10):
        peer.send(10 + i, ".", 1, ack=1, blocks=[(1001, 1001 + 1000 * i)])
        flights.append(connection.in_flight)
    assert flights[-1] == connection.ssthresh == 5
    assert sorted(flights, reverse=True) == flights
