"""The retransmission timeout (RFC 6298), the tail loss probe (RFC 8985), and giving up."""

import pytest

from minios.abi.errno import Errno
from minios.net.tcp import TcpState
from minios.net.tcp.rtt import RoundTrip
from minios.net.tcp.tcb import Phase
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.sim.world import MILLISECOND, SECOND
from tests.net.tcp.peer import HOST, PEER, Peer

MS = MILLISECOND


def test_rfc_6298_2_1_the_first_rto_is_one_second() -> None:
    assert RoundTrip().rto == SECOND


def test_rfc_6298_2_2_the_first_measurement() -> None:
    """SRTT = R, RTTVAR = R/2, RTO = SRTT + 4·RTTVAR."""
    rtt = RoundTrip()
    rtt.sample(300 * MS)
    assert (rtt.srtt, rtt.rttvar, rtt.rto) == (300 * MS, 150 * MS, 900 * MS)


def test_rfc_6298_2_3_the_next_measurement() -> None:
    """RTTVAR = 3/4·RTTVAR + 1/4·|SRTT - R'|, then SRTT = 7/8·SRTT + 1/8·R'."""
    rtt = RoundTrip()
    rtt.sample(300 * MS)
    rtt.sample(500 * MS)
    assert (rtt.srtt, rtt.rttvar) == (325 * MS, 162_500_000)
    assert rtt.rto == 975 * MS


def test_rfc_6298_2_4_the_variance_counts_for_at_least_200_ms() -> None:
    rtt = RoundTrip()
    rtt.sample(10 * MS)
    assert rtt.rto == 210 * MS


def test_rfc_6298_5_5_and_2_5_back_off_doubles_up_to_120_s() -> None:
    rtt = RoundTrip()
    rtt.sample(10 * MS)
    seen = []
    for _ in range(12):
        rtt.back_off()
        seen.append(rtt.rto // MS)
    assert seen == [420, 840, 1680, 3360, 6720, 13440, 26880, 53760, 107520, *[120_000] * 3]


def test_rto_retransmission_doubles_its_waits() -> None:
    """RFC 6298 5.4 to 5.6: the earliest segment again, at 200, 600, 1400, 3000 ms."""
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    connection.write(b"x" * 100)
    peer.expect(0, ".", 1, 100)
    for t in (200, 600, 1400, 3000, 6200):
        peer.expect(t, ".", 1, 100, ack=1)
    assert (connection.phase, connection.cwnd) == (Phase.LOSS, 1)
    assert connection.info().backoff == 5


def test_rfc_6298_5_3_an_acknowledgement_of_new_data_restarts_the_timer() -> None:
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    connection.write(b"x" * 3000)
    for seq in (1, 1001, 2001):
        peer.expect(0, ".", seq, 1000)
    peer.send(150, ".", 1, ack=1001)
    peer.nothing(368)
    peer.expect(369, ".", 1001, 1000)  # 150 ms + SRTT 19 ms + 200 ms


def test_rfc_6298_5_2_the_timer_is_off_when_all_is_acknowledged() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.write(b"x")
    peer.expect(0, ".", 1, 1)
    peer.send(5, ".", 1, ack=2)
    assert connection.alarm.deadline is None


def test_rfc_5681_after_a_timeout_the_window_is_one_segment_and_slow_start() -> None:
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    connection.congestion = "reno"
    connection.write(b"x" * 10_000)
    for i in range(10):
        peer.expect(0, ".", 1 + 1000 * i, 1000)
    peer.expect(200, ".", 1, 1000)
    assert (connection.cwnd, connection.ssthresh) == (1, 5)
    peer.send(210, ".", 1, ack=1001)
    peer.expect(210, ".", 1001, 1000)
    peer.expect(210, ".", 2001, 1000)
    peer.send(220, ".", 1, ack=3001)
    for i in range(3, 7):
        peer.expect(220, ".", 1 + 1000 * i, 1000)
    peer.nothing(220)


def test_karn_what_was_sent_twice_is_not_measured() -> None:
    """RFC 6298 section 3; without timestamps."""
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    before = connection.rtt.samples
    connection.write(b"x")
    peer.expect(0, ".", 1, 1)
    peer.expect(200, ".", 1, 1)
    peer.send(210, ".", 1, ack=2)
    assert connection.rtt.samples == before
    assert connection.rtt.rto == 400 * MS, "the doubled timeout stays until there is a measurement"


def test_a_timestamp_tells_which_one_was_acknowledged() -> None:
    """RFC 7323 section 4."""
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted(timestamps=True)
    connection.write(b"x")
    peer.expect(0, ".", 1, 1)
    again = peer.expect(200, ".", 1, 1)
    peer.send(230, ".", 1, ack=2, ts=(2, again.options.timestamps[0]))
    assert connection.rtt.latest == 30 * MS


def test_rfc_6298_5_7_after_a_lost_syn_the_first_rto_is_three_seconds() -> None:
    peer = Peer(tcp_timestamps=0)
    connection = peer.connect()
    peer.expect(0, "S", 0)
    peer.expect(1000, "S", 0)
    peer.send(1010, "S.", 0, ack=1, mss=1000)
    peer.expect(1010, ".", 1)
    connection.write(b"x")
    peer.expect(1010, ".", 1, 1)
    peer.expect(4010, ".", 1, 1)


def test_tcp_retries2_gives_up_after_924_6_s_of_retransmissions() -> None:
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    connection.write(b"x")
    peer.until(1_040_000)
    assert connection.state == TcpState.ESTABLISHED
    peer.until(1_060_000)
    assert connection.take_error() == Errno.ETIMEDOUT
    assert peer.rig.idle()


def test_tcp_user_timeout_gives_up_sooner() -> None:
    """RFC 5482, tcp(7)."""
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    connection.user_timeout = 3000
    connection.write(b"x")
    peer.until(6200)
    assert connection.take_error() == Errno.ETIMEDOUT


def test_what_icmp_said_is_the_error_when_it_gives_up() -> None:
    """RFC 9293 3.9.2.2: an unreachable network is a soft error."""
    peer = Peer(tcp_early_retrans=0, tcp_retries2=3)
    connection = peer.accepted()
    connection.write(b"x")
    _, packet = peer.take()
    peer.raw(IPv4(PEER, HOST, 1, ICMP(3, 1, 0, packet.pack()[:28])))
    assert connection.state == TcpState.ESTABLISHED
    peer.until(10_000)
    assert connection.take_error() == Errno.EHOSTUNREACH


def test_fragmentation_needed_makes_segments_smaller_at_once() -> None:
    """RFC 1191, RFC 9293 3.9.2.2."""
    peer = Peer()
    connection = peer.accepted(mss=1460)
    connection.write(b"x" * 2920)
    _, packet = peer.take()
    peer.expect(0, ".", 1461, 1460)
    peer.raw(IPv4(PEER, HOST, 1, ICMP(3, 4, 1000, packet.pack()[:28])))
    for seq, size in ((1, 960), (961, 500), (1461, 960), (2421, 500)):
        peer.expect(0, ".", seq, size)
    assert connection.info().pmtu == 1000
    assert connection.cwnd == 10, "that was no congestion"


def test_a_lost_tail_is_probed_after_two_round_trips() -> None:
    """RFC 8985 7.2: the last segment again, well before the timeout."""
    peer = Peer()
    connection = peer.accepted(sack=True)
    connection.rtt.sample(40 * MS)
    for _ in range(20):
        connection.rtt.sample(40 * MS)
    wait = round((2 * connection.srtt + 2 * MS) / MS)
    connection.write(b"x" * 2000)
    peer.expect(0, ".", 1, 1000)
    peer.expect(0, ".", 1001, 1000)
    peer.until(wait + 1)
    found = peer.take()
    assert found is not None
    assert len(found[1].payload.payload) == 1000
    assert (found[1].payload.seq - peer.host_isn) & 0xFFFFFFFF == 1001
    assert peer.stack.counters["TcpExtTCPLossProbes"] == 1
    assert connection.phase == Phase.OPEN


def test_a_spurious_timeout_is_taken_back() -> None:
    """RFC 3522: the acknowledgement echoes the first transmission."""
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted(timestamps=True, sack=True)
    connection.write(b"x" * 5000)
    first = [peer.expect(0, ".", 1 + 988 * i, 988) for i in range(5)]
    peer.take()
    peer.expect(200, ".", 1, 988)
    assert connection.cwnd == 1
    peer.send(210, ".", 1, ack=989, ts=(2, first[0].options.timestamps[0]))
    assert connection.phase == Phase.OPEN
    assert connection.cwnd >= 10
    assert peer.stack.counters["TcpExtTCPLossUndo"] == 1


@pytest.mark.parametrize("close", [False, True])
def test_nothing_is_left_when_the_power_goes(close: bool) -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.write(b"x")
    if close:
        connection.close()
    while peer.take():
        pass
    peer.stack.close()
    peer.nothing(100_000)
    assert peer.stack.tcp.connections == {}


def test_a_smaller_mtu_of_the_device_makes_segments_smaller() -> None:
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted(mss=1460)
    connection.write(bytes(1460))
    peer.expect(0, ".", 1, 1460)
    peer.stack.devices["eth0"].mtu = 1000
    peer.stack.routes.changed()
    connection.write(bytes(1460))
    peer.expect(0, ".", 1461, 960)
    peer.expect(0, ".", 2421, 500)
    peer.expect(200, ".", 1, 960)
