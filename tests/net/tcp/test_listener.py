"""The SYN queue, the accept queue, cookies, and floods (listen(2), tcp(7), RFC 4987)."""

import pytest

from minios.abi.errno import Errno
from minios.net.drop import Drop
from minios.net.tcp import Connection, Listener, TcpState
from tests.net.tcp.peer import HOST, PEER, Peer


def handshake(peer: Peer, port: int) -> None:
    peer.send(0, "S", 0, sport=port, mss=1460)
    peer.expect(0, "S.", 0)
    peer.send(0, ".", 1, ack=1, sport=port)


def test_a_backlog_of_n_lets_n_plus_one_wait() -> None:
    """Linux's sk_acceptq_is_full; the next SYN is dropped, and tries again."""
    peer = Peer()
    listener = peer.listen(backlog=2)
    for port in range(5000, 5003):
        handshake(peer, port)
    assert listener.pending == 3
    peer.send(0, "S", 0, sport=5003, mss=1460)
    assert peer.take() is None
    assert peer.rig.reasons[-1] == Drop.BACKLOG_FULL
    assert peer.stack.counters["TcpExtListenOverflows"] == 1
    assert listener.accept() is not None
    peer.send(1000, "S", 0, sport=5003, mss=1460)
    peer.expect(1000, "S.", 0)


def test_connections_are_accepted_in_the_order_in_which_they_were_made() -> None:
    peer = Peer()
    listener = peer.listen()
    for port in (5002, 5001, 5003):
        handshake(peer, port)
    assert [listener.accept().remote[1] for _ in range(3)] == [5002, 5001, 5003]
    assert listener.accept() is None


def test_the_end_of_a_handshake_waits_while_the_accept_queue_is_full() -> None:
    peer = Peer()
    listener = peer.listen(backlog=0)
    peer.send(0, "S", 0, sport=5001, mss=1460)
    one = peer.expect(0, "S.", 0).seq
    handshake(peer, 5000)
    peer.host_isn = one
    peer.send(1, ".", 1, ack=1, sport=5001)
    assert listener.pending == 1
    assert peer.rig.reasons == [Drop.BACKLOG_FULL]
    assert listener.accept() is not None
    peer.send(2, ".", 1, ack=1, sport=5001)
    assert listener.pending == 1


def test_tcp_abort_on_overflow_resets_instead() -> None:
    peer = Peer(tcp_abort_on_overflow=1)
    peer.listen(backlog=0)
    peer.send(0, "S", 0, sport=5001, mss=1460)
    one = peer.expect(0, "S.", 0).seq
    handshake(peer, 5000)
    peer.host_isn = one
    peer.send(1, ".", 1, ack=1, sport=5001)
    peer.expect(1, "R", 1)


def flood(peer: Peer, count: int) -> None:
    for number in range(count):
        peer.send(0, "S", number, src=0xC6336400 + number % 250, sport=1000 + number, mss=1460)


def test_a_syn_flood_is_answered_by_cookies_and_fills_nothing() -> None:
    """RFC 4987 3.6, tcp_syncookies 1."""
    said = []
    peer = Peer()
    peer.stack.printk = lambda level, text: said.append(text)
    peer.stack.add_route(0, 0, PEER)
    listener = peer.listen(backlog=10)
    flood(peer, 1000)
    assert len(listener.requests) == 11
    assert len(peer.stack.tcp.connections) == 11
    assert peer.stack.counters["TcpExtSyncookiesSent"] == 1000 - 11
    assert said == [
        "TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:80. Sending cookies."
    ]
    peer.until(70_000)
    assert listener.requests == {}


def test_during_a_flood_a_friend_still_gets_in_with_all_options() -> None:
    peer = Peer()
    peer.stack.add_route(0, 0, PEER)
    listener = peer.listen(backlog=5)
    flood(peer, 100)
    while peer.take():
        pass
    peer.send(5, "S", 0, sport=6000, mss=1460, wscale=5, sack=True, ts=(77, 0))
    answer = peer.expect(5, "S.", 0)
    assert (6000) not in [key[3] for key in listener.requests]
    peer.send(9, ".", 1, ack=1, sport=6000, ts=(78, answer.options.timestamps[0]))
    made = listener.accept()
    assert made is not None and made.state == TcpState.ESTABLISHED
    assert (made.snd_wscale, made.sack_ok, made.ts_ok) == (5, True, True)
    assert made.mss_cache == 1460
    assert peer.stack.counters["TcpExtSyncookiesRecv"] == 1


def test_a_forged_cookie_is_reset() -> None:
    peer = Peer()
    peer.stack.add_route(0, 0, PEER)
    peer.listen(backlog=5)
    flood(peer, 100)
    while peer.take():
        pass
    peer.host_isn = 0
    peer.send(5, ".", 1, ack=123_456, sport=6000)
    assert peer.take()[1].payload.flags == 4
    assert peer.stack.counters["TcpExtSyncookiesFailed"] == 1


def test_an_old_cookie_is_reset() -> None:
    peer = Peer()
    peer.stack.add_route(0, 0, PEER)
    peer.listen(backlog=0)
    flood(peer, 10)
    while peer.take():
        pass
    peer.send(5, "S", 0, sport=6000, mss=1460)
    peer.expect(5, "S.", 0)
    peer.until(119_000)
    while peer.take():
        pass
    peer.send(125_000, ".", 1, ack=1, sport=6000)
    assert peer.take()[1].payload.flags == 4


def test_without_cookies_a_flood_shuts_everybody_out() -> None:
    """tcp_syncookies 0."""
    peer = Peer(tcp_syncookies=0)
    peer.stack.add_route(0, 0, PEER)
    listener = peer.listen(backlog=10)
    flood(peer, 100)
    assert len(listener.requests) == 11
    while peer.take():
        pass
    peer.send(5, "S", 0, sport=6000, mss=1460)
    assert peer.take() is None
    assert peer.rig.reasons[-1] == Drop.BACKLOG_FULL


def test_closing_a_listener_resets_who_was_not_accepted() -> None:
    peer = Peer()
    listener = peer.listen()
    handshake(peer, 5000)
    listener.close()
    peer.expect(0, "R.", 1)
    peer.send(1, "S", 0, sport=5001)
    assert peer.take()[1].payload.flags == 0x14
    assert peer.stack.portspace.binds(6, 80) == []


def test_the_listener_bound_most_closely_gets_the_connection() -> None:
    peer = Peer()
    wide = peer.listen()
    wide.close()
    wide = Connection(peer.stack)
    wide.reuseport = True
    wide.bind(0, 80)
    wide = wide.listen(5)
    close = Connection(peer.stack)
    close.reuseport = True
    close.bind(HOST, 80)
    close = close.listen(5)
    handshake(peer, 5000)
    assert (wide.pending, close.pending) == (0, 1)


def test_so_reuseport_spreads_connections() -> None:
    peer = Peer()
    listeners = []
    for _ in range(2):
        one = Connection(peer.stack)
        one.reuseport = True
        one.bind(0, 80)
        listeners.append(one.listen(100))
    for port in range(5000, 5040):
        handshake(peer, port)
    assert sum(listener.pending for listener in listeners) == 40
    assert all(listener.pending > 8 for listener in listeners)


def test_two_cannot_listen_on_a_port() -> None:
    peer = Peer()
    peer.listen()
    with pytest.raises(OSError) as caught:
        Listener(peer.stack, 0, 80, 5)
    assert caught.value.errno == Errno.EADDRINUSE


def test_a_server_that_is_started_again_needs_so_reuseaddr_while_connections_rest() -> None:
    """socket(7)."""
    for reuse in (False, True):
        peer = Peer()
        peer.accepted(setup=lambda model, reuse=reuse: setattr(model, "reuseaddr", reuse)).close()
        peer.send(0, "F.", 1, ack=2)
        peer.listener.close()
        again = Connection(peer.stack)
        again.reuseaddr = reuse
        if reuse:
            again.bind(0, 80)
            again.listen(5)
        else:
            with pytest.raises(OSError):
                again.bind(0, 80)


def test_what_is_accepted_has_the_listener_s_options() -> None:
    peer = Peer()

    def setup(model: Connection) -> None:
        model.nodelay = True
        model.ttl, model.tos, model.linger = 7, 16, 3
        model.set_rcvbuf(9000)

    made = peer.accepted(setup=setup)
    assert (made.nodelay, made.ttl, made.tos, made.linger, made.rcvbuf) == (True, 7, 16, 3, 9000)
    made.write(b"x")
    _, packet = peer.take()
    assert (packet.ttl, packet.tos) == (7, 16)


def test_tcp_defer_accept_waits_for_data() -> None:
    """tcp(7)."""
    peer = Peer()
    listener = peer.listen()
    listener.model.defer_accept = 3
    peer.send(0, "S", 0, mss=1460)
    peer.expect(0, "S.", 0)
    peer.send(1, ".", 1, ack=1)
    assert listener.pending == 0
    peer.send(500, "P.", 1, b"GET", ack=1)
    assert listener.pending == 1


def test_notify_tells_of_each_connection() -> None:
    peer = Peer()
    listener = peer.listen()
    told = []
    listener.notify = lambda: told.append(listener.pending)
    handshake(peer, 5000)
    handshake(peer, 5001)
    assert told == [1, 2]
