"""Ending a connection: RFC 9293 section 3.6, TIME-WAIT, half-close, resets."""

import pytest

from minios.abi.errno import Errno
from minios.abi.sockets import SHUT_RD, SHUT_WR
from minios.net.drop import Drop
from minios.net.tcp import TcpState
from minios.net.tcp.timewait import TimeWait
from tests.net.tcp.peer import PEER, Peer


def refused(number: Errno):
    return pytest.raises(OSError, check=lambda err: err.errno == number)


def resting(peer: Peer) -> TimeWait | None:
    found = list(peer.stack.tcp.connections.values())
    return found[0] if found and isinstance(found[0], TimeWait) else None


def test_close_active() -> None:
    """RFC 9293 figure 12, A's side: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT."""
    peer = Peer()
    connection = peer.accepted()
    peer.until(10)
    connection.close()
    peer.expect(10, "F.", 1, ack=1)
    assert connection.state == TcpState.FIN_WAIT1
    peer.send(20, ".", 1, ack=2)
    assert resting(peer).state == TcpState.FIN_WAIT2
    peer.send(30, "F.", 1, ack=2)
    peer.expect(30, ".", 2, ack=2)
    assert resting(peer).state == TcpState.TIME_WAIT
    peer.nothing(60_029)
    assert not resting(peer).over
    peer.until(60_030)
    assert resting(peer).over
    assert peer.rig.idle(), "TIME-WAIT has no timer"


def test_close_passive() -> None:
    """RFC 9293 figure 12, B's side: CLOSE-WAIT, LAST-ACK."""
    peer = Peer()
    connection = peer.accepted()
    peer.send(10, "F.", 1, ack=1)
    assert connection.state == TcpState.CLOSE_WAIT
    assert connection.read(10) == b""
    peer.expect(50, ".", 1, ack=2)
    peer.until(55)
    connection.close()
    peer.expect(55, "F.", 1, ack=2)
    assert connection.state == TcpState.LAST_ACK
    peer.send(60, ".", 2, ack=2)
    assert connection.state == TcpState.CLOSED
    assert peer.stack.tcp.connections == {}


def test_who_closes_at_once_acknowledges_on_its_own_fin() -> None:
    """As Linux: three segments end a connection."""
    peer = Peer()
    connection = peer.accepted()
    peer.send(10, "F.", 1, ack=1)
    peer.until(15)
    connection.close()
    peer.expect(15, "F.", 1, ack=2)
    peer.send(15, ".", 2, ack=2)
    peer.nothing(1000)


def test_simultaneous_close() -> None:
    """RFC 9293 figure 13: CLOSING, then TIME-WAIT."""
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1, ack=1)
    peer.send(5, "F.", 1, ack=1)
    peer.expect(5, ".", 2, ack=2)
    assert connection.state == TcpState.CLOSING
    peer.send(9, ".", 2, ack=2)
    assert resting(peer).state == TcpState.TIME_WAIT


def test_fin_and_ack_in_one_segment() -> None:
    """FIN-WAIT-1 to TIME-WAIT at once."""
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1)
    peer.send(5, "F.", 1, ack=2)
    peer.expect(5, ".", 2, ack=2)
    assert resting(peer).state == TcpState.TIME_WAIT


def test_half_close() -> None:
    """RFC 9293 3.6 case 1: who has closed still receives."""
    peer = Peer()
    connection = peer.accepted()
    connection.write(b"bye")
    connection.shutdown(SHUT_WR)
    peer.expect(0, ".", 1, 3)
    peer.expect(0, "F.", 4)
    peer.send(1, ".", 1, ack=5)
    assert connection.state == TcpState.FIN_WAIT2
    with refused(Errno.EPIPE):
        connection.write(b"more")
    peer.send(90_000, "P.", 1, b"still here", ack=5)
    peer.expect(90_000, ".", 5, ack=11)
    assert connection.read(100) == b"still here"
    assert connection.read(100) is None
    peer.send(90_001, "F.", 11, ack=5)
    peer.expect(90_001, ".", 5, ack=12)
    assert connection.read(100) == b""


def test_a_fin_is_sent_again_when_it_is_lost() -> None:
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    peer.until(50)
    connection.close()
    peer.expect(50, "F.", 1)
    peer.expect(250, "F.", 1)
    peer.expect(650, "F.", 1)


def test_a_fin_waits_for_the_data_before_it() -> None:
    peer = Peer()
    connection = peer.accepted(win=1000)
    connection.write(b"x" * 1500)
    connection.close()
    peer.expect(0, ".", 1, 500)  # no segment exceeds half of the greatest window
    peer.expect(0, ".", 501, 500)
    peer.send(1, ".", 1, ack=1001, win=1000)
    peer.expect(1, "F.", 1001, 500)


def test_the_fin_is_acknowledged_again_in_time_wait() -> None:
    """RFC 9293 3.10.7.4: the only thing that can come there is a repeated FIN; 2 MSL begin anew."""
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1)
    peer.send(0, "F.", 1, ack=2)
    peer.expect(0, ".", 2, ack=2)
    peer.send(30_000, "F.", 1, ack=2)
    peer.expect(30_000, ".", 2, ack=2)
    assert resting(peer).deadline == 90_000 * 1_000_000


def test_a_reset_ends_time_wait() -> None:
    """RFC 1337 is off, as in Linux."""
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.send(0, "F.", 1, ack=2)
    peer.send(1, "R", 2)
    assert resting(peer) is None


def test_a_new_syn_beyond_the_old_numbers_takes_the_place_of_time_wait() -> None:
    """RFC 9293 3.6.1, RFC 6191."""
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1)
    peer.send(0, "F.", 1, ack=2)
    peer.expect(0, ".", 2)
    old = peer.host_isn
    peer.isn += 100_000
    peer.send(1000, "S", 0, mss=1000)
    segment = peer.expect(1000, "S.", 0)
    assert (segment.seq - old) & 0xFFFFFFFF == 2 + 65535 + 2
    peer.send(1001, ".", 1, ack=1)
    assert peer.listener.accept() is not None


def test_an_old_syn_in_time_wait_is_only_acknowledged() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1)
    peer.send(0, "F.", 1, ack=2)
    peer.expect(0, ".", 2)
    peer.isn -= 500
    peer.send(1000, "S", 0, mss=1000)
    peer.isn += 500
    peer.expect(1000, ".", 2, ack=2)
    assert resting(peer) is not None


def test_fin_wait_2_of_a_closed_socket_ends_after_tcp_fin_timeout() -> None:
    """tcp(7): tcp_fin_timeout, 60 s; data that comes then is reset."""
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1)
    peer.send(0, ".", 1, ack=2)
    assert resting(peer).state == TcpState.FIN_WAIT2
    peer.send(60_000, "P.", 1, b"late", ack=2)
    peer.expect(60_000, "R", 2)


def test_tcp_linger2_is_how_long_fin_wait_2_lasts() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.linger2 = 5
    connection.close()
    peer.expect(0, "F.", 1)
    peer.send(0, ".", 1, ack=2)
    assert resting(peer).deadline == 5_000_000_000


def test_data_for_a_closed_socket_is_reset() -> None:
    """RFC 9293 3.6.1, RFC 2525 2.17."""
    peer = Peer()
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1)
    peer.send(1, "P.", 1, b"hello?", ack=1)
    peer.expect(1, "R.", 2)
    assert connection.state == TcpState.CLOSED
    assert peer.stack.counters["TcpExtTCPAbortOnData"] == 1


def test_closing_with_unread_data_resets() -> None:
    """RFC 2525 2.17."""
    peer = Peer()
    connection = peer.accepted()
    peer.send(1, "P.", 1, b"unread", ack=1)
    peer.expect(1, ".", 1, ack=7)
    connection.close()
    peer.expect(1, "R.", 1, ack=7)
    assert peer.stack.counters["TcpExtTCPAbortOnClose"] == 1


def test_so_linger_0_resets() -> None:
    """RFC 9293 3.10.5 ABORT, socket(7)."""
    peer = Peer()
    connection = peer.accepted()
    connection.linger = 0
    connection.close()
    peer.expect(0, "R.", 1, ack=1)
    assert peer.stack.tcp.connections == {}


def test_a_reset_is_told_once() -> None:
    """RFC 9293 3.10.7.4, second: RST at RCV.NXT."""
    peer = Peer()
    connection = peer.accepted()
    peer.send(5, "R", 1)
    assert connection.state == TcpState.CLOSED
    with refused(Errno.ECONNRESET):
        connection.read(10)
    assert connection.read(10) == b""
    with refused(Errno.EPIPE):
        connection.write(b"x")


def test_a_reset_in_close_wait_is_epipe() -> None:
    peer = Peer()
    connection = peer.accepted()
    peer.send(5, "F.", 1, ack=1)
    peer.send(6, "R", 2)
    assert connection.take_error() == Errno.EPIPE


def test_what_came_before_a_reset_can_be_read() -> None:
    peer = Peer()
    connection = peer.accepted()
    peer.send(1, "P.", 1, b"last words", ack=1)
    peer.send(2, "R", 11)
    assert connection.read(100) == b"last words"


def test_a_reset_elsewhere_in_the_window_is_challenged() -> None:
    """RFC 5961 3.2."""
    peer = Peer()
    connection = peer.accepted()
    peer.send(5, "R", 500)
    peer.expect(5, ".", 1, ack=1)
    assert connection.state == TcpState.ESTABLISHED
    assert peer.stack.counters["TcpExtTCPChallengeACK"] == 1


def test_a_reset_outside_of_the_window_is_ignored() -> None:
    """RFC 5961 3.2 1."""
    peer = Peer()
    connection = peer.accepted()
    peer.send(5, "R", 1_000_000)
    peer.nothing(1000)
    assert connection.state == TcpState.ESTABLISHED


def test_a_syn_in_a_connection_is_challenged() -> None:
    """RFC 5961 4.2."""
    peer = Peer()
    connection = peer.accepted()
    peer.send(5, "S", 1)
    peer.expect(5, ".", 1, ack=1)
    assert connection.state == TcpState.ESTABLISHED


def test_challenges_are_rare() -> None:
    """RFC 5961 section 7; tcp_invalid_ratelimit 500 ms."""
    peer = Peer()
    peer.accepted()
    for t in (5, 6, 7, 504):
        peer.send(t, "S", 1)
    peer.send(505, "S", 1)
    assert [at // 1_000_000 for at, _ in iter(peer.take, None)] == [5, 505]


def test_an_acknowledgement_of_what_was_never_sent_is_challenged() -> None:
    """RFC 9293 3.10.7.4, fifth; RFC 5961 5.2."""
    peer = Peer()
    peer.accepted()
    peer.send(5, ".", 1, ack=1000)
    peer.expect(5, ".", 1, ack=1)
    assert peer.rig.reasons == [Drop.TCP_SEQUENCE]


def test_shutdown_for_reading_says_nothing_to_the_peer() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.shutdown(SHUT_RD)
    peer.nothing(1000)
    assert connection.read(10) == b""


def test_an_orphan_gives_up_after_eight_retries() -> None:
    """tcp_orphan_retries 0 stands for 8: the first timeout after 102.2 s of retransmissions."""
    peer = Peer(tcp_early_retrans=0)
    connection = peer.accepted()
    connection.write(b"x")
    connection.close()
    peer.until(204_599)
    assert connection.state == TcpState.FIN_WAIT1
    peer.until(204_600)
    assert connection.state == TcpState.CLOSED
    assert peer.stack.tcp.orphans == {}
    assert peer.rig.idle()


def test_too_many_orphans_are_reset() -> None:
    """tcp_max_orphans."""
    peer = Peer(tcp_max_orphans=0)
    connection = peer.accepted()
    connection.close()
    peer.expect(0, "F.", 1)
    peer.expect(0, "R.", 2)
    assert connection.state == TcpState.CLOSED


def test_resting_connections_are_bounded() -> None:
    """tcp_max_tw_buckets."""
    peer = Peer(tcp_max_tw_buckets=0)
    connection = peer.accepted()
    connection.close()
    peer.send(0, "F.", 1, ack=2)
    assert peer.stack.tcp.connections == {}
    assert peer.stack.counters["TcpExtTCPTimeWaitOverflow"] == 1


def test_connect_again_from_the_same_port_waits_for_time_wait_unless_tcp_tw_reuse() -> None:
    """RFC 6191: with timestamps and tcp_tw_reuse, after a second."""
    for reuse, expected in ((0, Errno.EADDRNOTAVAIL), (1, 0)):
        peer = Peer(tcp_tw_reuse=reuse)
        peer.stack.portspace.low = peer.stack.portspace.high = 50_000
        connection = peer.connect()
        peer.expect(0, "S", 0)
        peer.send(0, "S.", 0, ack=1, mss=1000, ts=(1, peer.ts))
        peer.expect(0, ".", 1)
        connection.close()
        peer.expect(0, "F.", 1)
        peer.send(0, "F.", 1, ack=2, ts=(2, peer.ts))
        peer.expect(0, ".", 2)
        if expected:
            with refused(expected):
                peer.connect(2000)
        else:
            peer.connect(2000)
            peer.expect(2000, "S", 0)


def test_the_socket_of_a_closed_connection_may_connect_again() -> None:
    peer = Peer()
    connection = peer.connect()
    peer.expect(0, "S", 0)
    peer.send(0, "R.", 0, ack=1)
    connection.take_error()
    connection.connect(PEER, 81)
    assert connection.state == TcpState.SYN_SENT
    assert peer.take()[1].payload.dport == 81
