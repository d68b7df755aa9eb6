"""The congestion window: RFC 5681, RFC 6582, RFC 9438."""

from dataclasses import dataclass

from minios.net.tcp import Connection
from minios.net.tcp.congestion.cubic import Cubic, cube_root
from minios.net.tcp.congestion.reno import Reno
from minios.sim.world import MILLISECOND, SECOND
from tests.net.tcp.peer import Peer


@dataclass
class Window:
    cwnd: int = 10
    ssthresh: int = 1 << 30
    now: int = 0
    srtt: int = 100 * MILLISECOND


def test_slow_start_doubles_in_a_round_trip() -> None:
    """RFC 5681 3.1."""
    window, reno = Window(), Reno()
    for _ in range(10):
        reno.acked(window, 1)
    assert window.cwnd == 20


def test_congestion_avoidance_adds_a_segment_in_a_round_trip() -> None:
    window, reno = Window(cwnd=10, ssthresh=10), Reno()
    for _ in range(10):
        reno.acked(window, 1)
    assert window.cwnd == 11
    for _ in range(11):
        reno.acked(window, 1)
    assert window.cwnd == 12


def test_slow_start_stops_at_the_threshold() -> None:
    window, reno = Window(cwnd=10, ssthresh=12), Reno()
    reno.acked(window, 8)
    assert window.cwnd == 12


def test_reno_halves_and_cubic_keeps_seven_tenths() -> None:
    """RFC 5681 equation 4, RFC 9438 4.6."""
    assert Reno().reduced(Window(cwnd=100)) == 50
    assert Cubic().reduced(Window(cwnd=100)) == 70
    assert Reno().reduced(Window(cwnd=2)) == Cubic().reduced(Window(cwnd=2)) == 2


def test_cube_root() -> None:
    for n in (0, 1, 7, 8, 26, 27, 10**18, 10**18 - 1, 123456789):
        root = cube_root(n)
        assert root**3 <= n < (root + 1) ** 3


def grow(cubic: Cubic, window: Window, seconds: int) -> None:
    """Acknowledge a whole window in each round trip of 100 ms."""
    for _ in range(10 * seconds):
        for _ in range(window.cwnd):
            cubic.acked(window, 1)
        window.now += 100 * MILLISECOND


def test_cubic_is_back_at_w_max_after_k_seconds() -> None:
    """RFC 9438 4.2: K = cbrt((W_max - cwnd)/C); 1000 segments, 300 lost: 9.1 s."""
    cubic = Cubic()
    window = Window(cwnd=1000, ssthresh=1)
    window.cwnd = window.ssthresh = cubic.reduced(window)
    grow(cubic, window, 1)
    assert cubic.k == 9085
    grow(cubic, window, 8)
    assert 985 <= window.cwnd <= 1010
    grow(cubic, window, 1)
    assert 985 <= window.cwnd <= 1010, "it is flat there"
    grow(cubic, window, 9)
    assert 1200 <= window.cwnd <= 1500, "and convex beyond"


def test_cubic_fast_convergence() -> None:
    """RFC 9438 4.7: a second loss below the first one's window lowers W_max further."""
    cubic = Cubic()
    cubic.reduced(Window(cwnd=100))
    cubic.reduced(Window(cwnd=80))
    assert cubic.w_max == 68_000


def test_cubic_is_at_least_as_quick_as_reno_where_reno_is_quick() -> None:
    """RFC 9438 4.3: short round trips."""
    cubic = Cubic()
    window = Window(cwnd=20, ssthresh=1, srtt=MILLISECOND)
    window.cwnd = window.ssthresh = cubic.reduced(window)
    for _ in range(40):
        for _ in range(window.cwnd):
            cubic.acked(window, 1)
        window.now += MILLISECOND
    assert window.cwnd >= 14 + 40 * 9 // 17 - 2


def test_an_application_that_does_not_fill_the_window_does_not_open_it() -> None:
    """RFC 7661 in Linux's way."""
    peer = Peer()
    connection = peer.accepted()
    seq = 1
    for t in range(1, 50):
        connection.write(b"x" * 10)
        peer.send(t, ".", 1, ack=seq + 10)
        seq += 10
    assert connection.cwnd == 10


def test_after_a_pause_the_window_is_small_again() -> None:
    """RFC 5681 4.1, tcp_slow_start_after_idle."""
    peer = Peer()
    connection = peer.accepted()
    connection.cwnd = 80
    connection.write(bytes(1000))
    peer.send(1, ".", 1, ack=1001)
    peer.until(2000)
    connection.write(bytes(1000))
    assert connection.cwnd == 10


def test_the_algorithm_is_chosen_by_name() -> None:
    peer = Peer()
    connection = Connection(peer.stack)
    assert connection.congestion == "cubic"
    connection.congestion = "reno"
    assert connection.info().congestion == "reno"


def test_numbers_of_the_state_are_whole() -> None:
    cubic = Cubic()
    window = Window(cwnd=100, ssthresh=1, now=3 * SECOND)
    cubic.reduced(window)
    grow(cubic, window, 2)
    assert all(isinstance(x, int) for x in cubic.state()[1:])
