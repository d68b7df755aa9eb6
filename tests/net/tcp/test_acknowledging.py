"""When acknowledgements are sent (RFC 9293 3.8.6.3, RFC 5681 4.2), Nagle (3.7.4), and keepalive
(3.8.4)."""

from minios.abi.errno import Errno
from minios.net.tcp import TcpState
from tests.net.tcp.peer import Peer


def slow(peer: Peer, segments: int = 40) -> int:
    """Bring the host out of its quick start; the peer's next number."""
    seq, t = 1, 1
    for _ in range(segments):
        peer.send(t, ".", seq, 1000, ack=1)
        seq, t = seq + 1000, t + 1
    peer.connection.read(1 << 20)
    peer.until(100)
    while peer.take():
        pass
    return seq


def test_the_first_segments_are_acknowledged_at_once() -> None:
    """Linux's quick acknowledgements, for the other side's slow start."""
    peer = Peer()
    peer.accepted()
    for i in range(4):
        peer.send(i, ".", 1 + 1000 * i, 1000, ack=1)
        peer.expect(i, ".", 1, ack=1001 + 1000 * i)


def test_then_every_second_full_segment_at_once() -> None:
    peer = Peer()
    peer.accepted()
    seq = slow(peer)
    peer.send(120, ".", seq, 1000, ack=1)
    assert peer.take() is None
    peer.send(121, ".", seq + 1000, 1000, ack=1)
    peer.expect(121, ".", 1, ack=seq + 2000)


def test_delayed_ack_after_40_ms() -> None:
    peer = Peer()
    peer.accepted()
    seq = slow(peer)
    peer.send(120, ".", seq, 1000, ack=1)
    peer.nothing(159)
    peer.expect(160, ".", 1, ack=seq + 1000)


def test_an_acknowledgement_travels_on_data() -> None:
    peer = Peer()
    connection = peer.accepted()
    seq = slow(peer)
    peer.send(120, "P.", seq, b"ping", ack=1)
    peer.until(125)
    connection.write(b"pong")
    peer.expect(125, ".", 1, 4, ack=seq + 4)
    peer.nothing(190)


def test_data_out_of_order_is_acknowledged_at_once_with_what_is_there() -> None:
    """RFC 5681 4.2, RFC 2018 section 4: the newest block first."""
    peer = Peer()
    connection = peer.accepted(sack=True)
    peer.send(1, ".", 2001, 1000, ack=1)
    segment = peer.expect(1, ".", 1, ack=1)
    assert blocks(peer, segment) == [(2001, 3001)]
    peer.send(2, ".", 4001, 1000, ack=1)
    assert blocks(peer, peer.expect(2, ".", 1, ack=1)) == [(4001, 5001), (2001, 3001)]
    peer.send(3, ".", 3001, 1000, ack=1)
    assert blocks(peer, peer.expect(3, ".", 1, ack=1)) == [(2001, 5001)]
    peer.send(4, ".", 1, 1000, ack=1)
    assert blocks(peer, peer.expect(4, ".", 1, ack=1001)) == [(2001, 5001)]
    peer.send(5, ".", 1001, 1000, ack=1)
    assert peer.expect(5, ".", 1, ack=5001).options == ()
    assert connection.available == 5000


def blocks(peer: Peer, segment) -> list[tuple[int, int]]:
    return [tuple((edge - peer.isn) & 0xFFFFFFFF for edge in b) for b in segment.options.sack]


def test_a_duplicate_is_reported() -> None:
    """RFC 2883 4.1."""
    peer = Peer()
    peer.accepted(sack=True)
    peer.send(1, ".", 1, 1000, ack=1)
    peer.expect(1, ".", 1, ack=1001)
    peer.send(2, ".", 1, 1000, ack=1)
    assert blocks(peer, peer.expect(2, ".", 1, ack=1001)) == [(1, 1001)]


def test_at_most_three_blocks_beside_timestamps() -> None:
    peer = Peer()
    peer.accepted(sack=True, timestamps=True)
    for i in range(5):
        peer.send(1 + i, ".", 2001 + 2000 * i, 1000, ack=1, ts=(2, peer.ts))
        last = peer.expect(1 + i, ".", 1, ack=1)
    assert len(last.options.sack) == 3
    assert last.length <= 60


def test_a_fin_out_of_order_waits_for_its_turn() -> None:
    peer = Peer()
    connection = peer.accepted()
    peer.send(1, "F.", 1001, 500, ack=1)
    assert connection.state == TcpState.ESTABLISHED
    peer.send(2, ".", 1, 1000, ack=1)
    assert connection.state == TcpState.CLOSE_WAIT
    assert len(connection.read(5000)) == 1500
    assert connection.read(1) == b""


def test_nagle_holds_a_second_small_segment_back() -> None:
    """RFC 9293 3.7.4, in Minshall's variant."""
    peer = Peer()
    connection = peer.accepted()
    connection.write(b"a")
    peer.expect(0, ".", 1, 1)
    connection.write(b"b")
    connection.write(b"c")
    peer.nothing(49)
    peer.send(50, ".", 1, ack=2)
    peer.expect(50, ".", 2, 2)


def test_a_full_segment_does_not_wait() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.write(b"a")
    peer.expect(0, ".", 1, 1)
    connection.write(bytes(1200))
    peer.expect(0, ".", 2, 1000)
    peer.nothing(100)


def test_tcp_nodelay_switches_nagle_off() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.nodelay = True
    for i in range(3):
        connection.write(b"x")
        peer.expect(0, ".", 1 + i, 1)


def test_tcp_cork_holds_everything_small_for_200_ms() -> None:
    """tcp(7)."""
    peer = Peer()
    connection = peer.accepted()
    connection.cork = True
    connection.write(b"head")
    peer.nothing(199)
    peer.expect(200, ".", 1, 4)
    peer.send(201, ".", 1, ack=5)
    connection.write(b"body")
    connection.cork = False
    peer.expect(201, ".", 5, 4)


def test_keepalive() -> None:
    """RFC 9293 3.8.4: an old number, which must be answered; ETIMEDOUT when nothing is."""
    peer = Peer()
    connection = peer.accepted()
    connection.keepidle, connection.keepintvl, connection.keepcnt = 10, 5, 3
    connection.keepalive = True
    peer.expect(10_000, ".", 0)
    peer.send(10_050, ".", 1, ack=1)
    peer.expect(20_050, ".", 0)
    peer.expect(25_050, ".", 0)
    peer.expect(30_050, ".", 0)
    peer.expect(35_050, "R.", 1)
    assert connection.take_error() == Errno.ETIMEDOUT


def test_without_keepalive_an_idle_connection_has_no_events() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.write(b"x")
    peer.send(1, ".", 1, ack=2)
    peer.until(400_000)  # neighbours are stale by then
    assert peer.rig.idle()
    assert connection.state == TcpState.ESTABLISHED


def test_paws_an_old_timestamp_is_acknowledged_and_dropped() -> None:
    """RFC 7323 5.3 R1."""
    peer = Peer()
    connection = peer.accepted(timestamps=True)
    peer.send(1, ".", 1, 100, ack=1, ts=(1000, peer.ts))
    peer.expect(1, ".", 1, ack=101)
    peer.send(2, ".", 101, 100, ack=1, ts=(999, peer.ts))
    peer.expect(2, ".", 1, ack=101)
    assert connection.available == 100
    assert peer.stack.counters["TcpExtPAWSEstab"] == 1


def test_paws_does_not_apply_to_a_reset() -> None:
    """RFC 7323 5.2."""
    peer = Peer()
    connection = peer.accepted(timestamps=True)
    peer.send(1, ".", 1, 100, ack=1, ts=(1000, peer.ts))
    peer.send(2, "R", 101, ts=(5, 0))
    assert connection.state == TcpState.CLOSED


def test_the_timestamp_echoed_is_that_of_what_is_next_to_be_acknowledged() -> None:
    """RFC 7323 4.3: not that of what came out of order."""
    peer = Peer()
    peer.accepted(timestamps=True, sack=True)
    peer.send(1, ".", 1, 100, ack=1, ts=(10, peer.ts))
    assert peer.expect(1, ".", 1, ack=101).options.timestamps[1] == 10
    peer.send(2, ".", 201, 100, ack=1, ts=(20, peer.ts))
    assert peer.expect(2, ".", 1, ack=101).options.timestamps[1] == 10


def test_sequence_numbers_wrap() -> None:
    """RFC 9293 3.4, in both directions."""
    peer = Peer(isn=0xFFFFFF00)
    connection = peer.accepted()
    for i in range(5):
        peer.send(1 + i, ".", 1 + 100 * i, bytes([i]) * 100, ack=1)
    assert connection.read(1000) == b"".join(bytes([i]) * 100 for i in range(5))
