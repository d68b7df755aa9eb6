"""Opening a connection: RFC 9293 section 3.5, its figures, and who is told what."""

import pytest

from minios.abi.errno import Errno
from minios.net.drop import Drop
from minios.net.tcp import Connection, TcpState
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from tests.net.tcp.peer import HOST, PEER, Peer


def refused(number: Errno):
    return pytest.raises(OSError, check=lambda err: err.errno == number)


def test_handshake_passive() -> None:
    """RFC 9293 figure 6, B's side."""
    peer = Peer()
    listener = peer.listen()
    peer.send(0, "S", 0, mss=1460)
    syn_ack = peer.expect(0, "S.", 0, ack=1)
    assert syn_ack.options.mss == 1460
    assert listener.pending == 0
    peer.send(7, ".", 1, ack=1)
    connection = listener.accept()
    assert connection is not None
    assert connection.state == TcpState.ESTABLISHED
    assert connection.remote == (PEER, 4000)
    assert connection.local == (HOST, 80)
    peer.nothing(10_000)


def test_handshake_active() -> None:
    """RFC 9293 figure 6, A's side."""
    peer = Peer()
    connection = peer.connect()
    assert connection.state == TcpState.SYN_SENT
    syn = peer.expect(0, "S", 0)
    assert (syn.options.mss, syn.options.wscale, syn.options.sack_permitted) == (1460, 7, True)
    assert syn.options.timestamps is not None and syn.window == 64240  # 44 segments
    peer.send(10, "S.", 0, ack=1, mss=1460)
    peer.expect(10, ".", 1, ack=1)
    assert connection.state == TcpState.ESTABLISHED
    assert connection.writable


def test_options_hold_only_if_both_offer_them() -> None:
    """RFC 7323 2.2 and 3.2, RFC 2018 section 2."""
    peer = Peer()
    peer.listen()
    peer.send(0, "S", 0, mss=1460)
    options = peer.expect(0, "S.", 0).options
    assert (options.wscale, options.sack_permitted, options.timestamps) == (None, False, None)
    peer.send(1, "S", 0, sport=4001, mss=1460, wscale=2, sack=True, ts=(5, 0))
    answer = peer.expect(1, "S.", 0)
    assert answer.window == 65160  # 45 segments with timestamps in them
    options = answer.options
    assert (options.wscale, options.sack_permitted) == (7, True)
    assert options.timestamps[1] == 5


def test_the_window_of_a_syn_is_never_scaled() -> None:
    """RFC 7323 2.2."""
    peer = Peer()
    connection = peer.connect()
    peer.expect(0, "S", 0)
    peer.send(0, "S.", 0, ack=1, win=100, mss=1000, wscale=4)
    peer.expect(0, ".", 1, ack=1)
    assert connection.snd_wnd == 100
    peer.send(1, ".", 1, ack=1, win=100)
    assert connection.snd_wnd == 1600


def test_simultaneous_open() -> None:
    """RFC 9293 figure 7."""
    peer = Peer()
    connection = peer.connect()
    peer.expect(0, "S", 0)
    peer.send(5, "S", 0, mss=1000)
    peer.expect(5, "S.", 0, ack=1)
    assert connection.state == TcpState.SYN_RECV
    peer.send(9, "S.", 0, ack=1, mss=1000)
    assert connection.state == TcpState.ESTABLISHED


def test_syn_retries_at_1_3_7_15_31_63_s_then_etimedout() -> None:
    """RFC 6298 2.1 and 5.5, tcp_syn_retries 6."""
    peer = Peer()
    connection = peer.connect()
    for t in (0, 1000, 3000, 7000, 15_000, 31_000, 63_000):
        peer.expect(t, "S", 0)
    peer.nothing(126_999)
    assert connection.state == TcpState.SYN_SENT
    peer.until(127_000)
    assert connection.state == TcpState.CLOSED
    assert connection.take_error() == Errno.ETIMEDOUT
    assert peer.rig.idle()


def test_tcp_syncnt_is_how_often_a_syn_is_repeated() -> None:
    """tcp(7)."""
    peer = Peer()
    connection = Connection(peer.stack)
    connection.syncnt = 2
    connection.connect(PEER, 80)
    peer.until(7000)
    assert (connection.state, connection.error) == (TcpState.CLOSED, Errno.ETIMEDOUT)


def test_a_refused_connection() -> None:
    """RFC 9293 3.10.7.3: RST with an acceptable ACK."""
    peer = Peer()
    connection = peer.connect()
    peer.expect(0, "S", 0)
    peer.send(3, "R.", 0, ack=1)
    assert connection.error == Errno.ECONNREFUSED
    with refused(Errno.ECONNREFUSED):
        connection.read(1)
    assert peer.stack.tcp.connections == {}


def test_a_reset_that_acknowledges_nothing_of_ours_is_ignored() -> None:
    """RFC 9293 3.10.7.3, first and second."""
    peer = Peer()
    connection = peer.connect()
    peer.expect(0, "S", 0)
    peer.send(1, "R.", 0, ack=77)
    peer.send(1, "R", 0)
    assert connection.state == TcpState.SYN_SENT
    peer.nothing(999)


def test_an_old_duplicate_syn_ack_is_reset() -> None:
    """RFC 9293 figure 8: an unacceptable ACK in SYN-SENT."""
    peer = Peer()
    peer.connect()
    peer.expect(0, "S", 0)
    peer.send(1, "S.", 0, ack=500)
    peer.expect(1, "R", 500)


def test_nobody_listens() -> None:
    """RFC 9293 3.10.7.1: RST, which acknowledges the SYN."""
    peer = Peer()
    peer.send(0, "S", 0, mss=1460)
    segment = peer.take()[1].payload
    assert (segment.flags, segment.seq, segment.ack) == (0x14, 0, peer.isn + 1)
    assert peer.rig.reasons == [Drop.PORT_CLOSED]


def test_an_acknowledgement_for_a_closed_port_is_reset_with_its_number() -> None:
    """RFC 9293 3.5.2 group 1."""
    peer = Peer()
    peer.host_isn = 0
    peer.send(0, ".", 0, ack=1234)
    segment = peer.take()[1].payload
    assert (segment.flags, segment.seq) == (4, 1234)
    peer.send(1, "R", 0)
    peer.nothing(1000)


def test_a_listener_resets_an_acknowledgement() -> None:
    """RFC 9293 3.10.7.2, second."""
    peer = Peer()
    peer.listen()
    peer.host_isn = 0
    peer.send(0, ".", 5, ack=99)
    segment = peer.take()[1].payload
    assert (segment.flags, segment.seq) == (4, 99)


def test_syn_ack_is_repeated_five_times_then_forgotten() -> None:
    """tcp_synack_retries 5."""
    peer = Peer()
    listener = peer.listen()
    peer.send(0, "S", 0, mss=1460)
    for t in (0, 1000, 3000, 7000, 15_000, 31_000):
        peer.expect(t, "S.", 0, ack=1)
    peer.nothing(63_000)
    assert listener.requests == {}
    assert peer.rig.idle()


def test_a_repeated_syn_gets_its_answer_again() -> None:
    """RFC 9293 3.10.7.4: the same SYN in SYN-RECEIVED."""
    peer = Peer()
    peer.listen()
    peer.send(0, "S", 0, mss=1460)
    first = peer.expect(0, "S.", 0)
    peer.send(600, "S", 0, mss=1460)
    again = peer.expect(600, "S.", 0)
    assert again.seq == first.seq


def test_a_reset_ends_a_half_open_connection() -> None:
    """RFC 9293 3.10.7.4: RST in SYN-RECEIVED of a passive open goes back to LISTEN."""
    peer = Peer()
    listener = peer.listen()
    peer.send(0, "S", 0, mss=1460)
    peer.expect(0, "S.", 0)
    peer.send(1, "R", 1)
    assert listener.requests == {}
    peer.nothing(10_000)


def test_data_may_come_with_the_last_segment_of_the_handshake() -> None:
    peer = Peer()
    listener = peer.listen()
    peer.send(0, "S", 0, mss=1460)
    peer.expect(0, "S.", 0)
    peer.send(1, "P.", 1, b"GET /", ack=1)
    connection = listener.accept()
    assert connection is not None
    assert connection.read(100) == b"GET /"


def test_an_icmp_error_ends_an_attempt() -> None:
    """RFC 9293 3.9.2.2, for a connection that is being opened; errors as icmp(7) maps them."""
    for code, number in ((0, Errno.ENETUNREACH), (1, Errno.EHOSTUNREACH), (3, Errno.ECONNREFUSED)):
        peer = Peer()
        connection = peer.connect()
        _, packet = peer.take()
        peer.raw(IPv4(PEER, HOST, 1, ICMP(3, code, 0, packet.pack()[:28])))
        assert (connection.state, connection.error) == (TcpState.CLOSED, number)


def test_an_icmp_error_about_another_number_is_ignored() -> None:
    """RFC 5927 4.1."""
    peer = Peer()
    connection = peer.connect()
    _, packet = peer.take()
    packet.payload.seq = packet.payload.seq + 7 & 0xFFFFFFFF
    peer.raw(IPv4(PEER, HOST, 1, ICMP(3, 3, 0, packet.pack()[:28])))
    assert connection.state == TcpState.SYN_SENT
    assert peer.stack.counters["TcpExtOutOfWindowIcmps"] == 1


def test_connect_without_a_route() -> None:
    peer = Peer()
    with refused(Errno.ENETUNREACH):
        Connection(peer.stack).connect(0x08080808, 80)


def test_connect_twice() -> None:
    """connect(2): EALREADY while it is under way, EISCONN afterwards."""
    peer = Peer()
    connection = peer.connect()
    with refused(Errno.EALREADY):
        connection.connect(PEER, 80)
    peer.expect(0, "S", 0)
    peer.send(0, "S.", 0, ack=1)
    with refused(Errno.EISCONN):
        connection.connect(PEER, 80)


def test_a_port_that_was_bound_is_used() -> None:
    peer = Peer()
    connection = Connection(peer.stack)
    connection.bind(0, 5555)
    connection.connect(PEER, 80)
    assert connection.local == (HOST, 5555)


def test_a_connection_to_oneself_over_the_loopback() -> None:
    peer = Peer()
    listener = peer.listen(80)
    connection = Connection(peer.stack)
    connection.connect(0x7F000001, 80)
    peer.until(0)
    assert connection.state == TcpState.ESTABLISHED
    other = listener.accept()
    assert other is not None
    assert connection.mss_cache == 65495 and connection.local_ip == 0x7F000001
    assert connection.write(b"x" * 50_000) == 50_000
    peer.until(0)
    assert other.read(1 << 20) == b"x" * 50_000


def test_a_connection_may_meet_itself() -> None:
    """RFC 9293 figure 7 with one end: both ports the same."""
    peer = Peer()
    connection = Connection(peer.stack)
    connection.bind(HOST, 5000)
    connection.connect(HOST, 5000)
    peer.until(10)
    assert connection.state == TcpState.ESTABLISHED
    connection.write(b"me")
    peer.until(20)
    assert connection.read(10) == b"me"


def test_isns_differ_between_pairs_and_move_with_time() -> None:
    """RFC 6528: a clock of 4 µs from a start of each pair's own."""
    peer = Peer()
    peer.listen()
    peer.send(0, "S", 0)
    one = peer.expect(0, "S.", 0).seq
    peer.send(0, "S", 0, sport=4001)
    two = peer.expect(0, "S.", 0).seq
    assert one != two
    peer.send(1, "R", 1)
    peer.send(1, "R", 1, sport=4001)
    peer.send(1000, "S", 0)
    later = peer.take()[1].payload.seq
    assert (later - one) & 0xFFFFFFFF == 1_000_000_000 // 4000
