"""Flow control: the window, silly windows, zero windows and their probes (RFC 9293 3.8.6)."""

from itertools import pairwise

from minios.abi.errno import Errno
from minios.net.tcp import TcpState
from tests.net.tcp.peer import Peer


def test_the_sender_keeps_within_the_window() -> None:
    peer = Peer()
    connection = peer.accepted(win=2500)
    assert connection.write(bytes(10_000)) == 10_000
    peer.expect(0, ".", 1, 1000)
    peer.expect(0, ".", 1001, 1000)
    peer.send(10, ".", 1, ack=1001, win=2500)
    peer.expect(10, ".", 2001, 1000)
    peer.nothing(150)


def test_silly_window_the_sender_waits_for_a_full_segment() -> None:
    """RFC 9293 3.8.6.2.1."""
    peer = Peer()
    connection = peer.accepted(win=2500)
    connection.write(bytes(10_000))
    peer.expect(0, ".", 1, 1000)
    peer.expect(0, ".", 1001, 1000)
    peer.nothing(100)  # 500 bytes would fit


def test_zero_window_probes_at_200_400_800_ms_then_the_rest() -> None:
    """RFC 9293 3.8.6.1: the window may open in a segment that is lost."""
    peer = Peer()
    connection = peer.accepted(win=1000)
    connection.write(bytes(1500))
    peer.expect(0, ".", 1, 500)
    peer.expect(0, ".", 501, 500)
    peer.send(10, ".", 1, ack=1001, win=0)
    start = 10 + connection.rtt.rto // 1_000_000
    first = peer.take()
    peer.until(start)
    first = peer.take()
    assert first is not None and first[1].payload.payload == b""
    assert (first[1].payload.seq - peer.host_isn) & 0xFFFFFFFF == 1000, "an old number"
    peer.send(start + 1, ".", 1, ack=1001, win=0)
    peer.send(start + 5000, ".", 1, ack=1001, win=1000)
    while (found := peer.take()) and not found[1].payload.payload:
        pass
    assert found is not None and len(found[1].payload.payload) == 500


def test_zero_window_probes_back_off_and_go_on_as_long_as_they_are_answered() -> None:
    """RFC 1122 4.2.2.17."""
    peer = Peer(tcp_retries2=3)
    connection = peer.accepted(win=1000)
    connection.write(bytes(1500))
    while peer.take():
        pass
    peer.send(10, ".", 1, ack=1001, win=0)
    times = []
    for t in range(100, 130_000, 100):
        peer.until(t)
        while found := peer.take():
            times.append(found[0] // 1_000_000)
            peer.send(t, ".", 1, ack=1001, win=0)
    gaps = [b - a for a, b in pairwise(times)]
    assert connection.state == TcpState.ESTABLISHED
    assert gaps[:4] == [402, 804, 1608, 3216]


def test_unanswered_probes_end_in_etimedout() -> None:
    peer = Peer(tcp_retries2=3)
    connection = peer.accepted(win=1000)
    connection.write(bytes(1500))
    while peer.take():
        pass
    peer.send(10, ".", 1, ack=1001, win=0)
    peer.until(10_000)
    assert connection.take_error() == Errno.ETIMEDOUT


def test_a_shrunken_window_takes_nothing_back() -> None:
    """RFC 9293 3.8.6: what is out already stays out."""
    peer = Peer()
    connection = peer.accepted()
    connection.write(bytes(3000))
    for seq in (1, 1001, 2001):
        peer.expect(0, ".", seq, 1000)
    peer.send(5, ".", 1, ack=1001, win=500)
    connection.write(bytes(1000))
    peer.nothing(100)


def test_the_receiver_closes_its_window_and_opens_it_by_more_than_a_segment() -> None:
    """RFC 9293 3.8.6.2.2."""
    peer = Peer()
    connection = peer.accepted(setup=lambda model: model.set_rcvbuf(8000))
    seq = 1
    for _ in range(4):
        peer.send(1, ".", seq, 1000, ack=1)
        seq += 1000
    last = None
    while found := peer.take():
        last = found[1].payload
    peer.until(300)
    while found := peer.take():
        last = found[1].payload
    assert last.window < 1000
    assert connection.read(100) is not None
    peer.nothing(350)
    connection.read(8000)
    found = peer.take()
    assert found is not None and found[1].payload.window >= 2000


def test_data_beyond_the_window_is_cut_off() -> None:
    """RFC 9293 3.10.7.4: only what is within the window is taken."""
    peer = Peer()
    connection = peer.accepted(setup=lambda model: model.set_rcvbuf(4000))
    window = connection.receive_window
    peer.send(1, ".", 1, window + 500, ack=1)
    assert connection.available == window
    peer.send(2, ".", 1 + window, 10, ack=1)
    assert connection.available == window


def test_the_window_that_is_told_grows_with_the_data() -> None:
    """Linux's receiver-side slow start and right-sizing."""
    peer = Peer()
    connection = peer.accepted(mss=1460, wscale=7)
    seq, t = 1, 1
    for _ in range(60):
        for _ in range(20):
            peer.send(t, ".", seq, 1460, ack=1)
            seq += 1460
        connection.read(1 << 20)
        t += 20
    assert connection.rcvbuf > 131_072
    assert connection.receive_window > 65_536


def test_so_rcvbuf_stops_the_growth() -> None:
    """tcp(7)."""
    peer = Peer()
    connection = peer.accepted(mss=1460, wscale=7, setup=lambda model: model.set_rcvbuf(16_000))
    seq, t = 1, 1
    for _ in range(30):
        for _ in range(5):
            peer.send(t, ".", seq, 1460, ack=1)
            seq += 1460
        connection.read(1 << 20)
        t += 20
    assert connection.rcvbuf == 16_000
    assert connection.receive_window <= 8_192


def test_the_send_buffer_is_bounded_and_says_when_there_is_room() -> None:
    peer = Peer()
    connection = peer.accepted()
    connection.set_sndbuf(5000)
    told = []
    connection.notify = lambda: told.append(connection.writable)
    assert connection.write(bytes(9000)) == 5000
    assert connection.write(b"x") == 0
    assert not connection.writable
    peer.send(1, ".", 1, ack=1001)
    assert not connection.writable
    peer.send(2, ".", 1, ack=4001)
    assert connection.writable and told[-1]
