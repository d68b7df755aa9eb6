"""Segments that nobody should send: no exception, no growth, and no connection that hangs."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from minios.net.tcp import Connection
from minios.net.tcp.protocol import Tcp
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.tcp import TCP
from minios.net.wire.tcpoptions import TcpOptions
from tests.net.tcp.peer import HOST, MASK, PEER, Peer

OFFSETS = st.one_of(
    st.integers(-3, 3), st.integers(-70_000, 70_000), st.integers(-(1 << 31), 1 << 31)
)
OPTIONS = st.one_of(
    st.just(()),
    st.builds(
        TcpOptions,
        mss=st.none() | st.integers(0, 65535),
        wscale=st.none() | st.integers(0, 255),
        sack_permitted=st.booleans(),
        timestamps=st.none() | st.tuples(st.integers(0, MASK), st.integers(0, MASK)),
    ),
    st.builds(
        TcpOptions, sack=st.lists(st.tuples(OFFSETS, OFFSETS), min_size=1, max_size=4).map(tuple)
    ),
)
SEGMENTS = st.tuples(
    OFFSETS, OFFSETS, st.integers(0, 255), st.integers(0, 65535), st.integers(0, 3000), OPTIONS,
    st.integers(0, 400),
)  # fmt: skip
"""Numbers relative to what is expected, flags, window, length, options, and ms until it comes."""


def throw(peer: Peer, connection: Connection | None, what: tuple) -> None:
    seq, ack, flags, window, size, options, wait = what
    number, told = (1, 1) if connection is None else (connection.rcv_nxt, connection.snd_nxt)
    if options and options.sack:
        una = connection.snd_una if connection is not None else 0
        blocks = tuple(((una + a) & MASK, (una + b) & MASK) for a, b in options.sack)
        options = TcpOptions(sack=blocks)
    peer.rig.run(peer.world.now + wait * 1_000_000)
    segment = TCP(
        peer.port, peer.host_port, (number + seq) & MASK, (told + ack) & MASK, flags, window,
        bytes(size), options,
    )  # fmt: skip
    peer.raw(IPv4(PEER, HOST, 6, segment))


def bounded(tcp: Tcp) -> None:
    """What one peer may make a host keep."""
    assert len(tcp.connections) <= 16
    for known in tcp.connections.values():
        if isinstance(known, Connection):
            assert len(known.recvq) + known.ooo.cost <= 2 * known.rcvbuf
            assert known.snd_una <= known.snd_nxt <= known.write_seq
            queue = known.sendq
            assert queue.sacked == sum(s.sacked for s in queue.segments)
            assert queue.lost == sum(s.lost for s in queue.segments)
            assert queue.again == sum(s.again for s in queue.segments)
            assert all(a.end == b.seq for a, b in zip(queue.segments, [*queue.segments][1:]))  # noqa: B905
            assert known.cwnd >= 1
            if queue.segments:
                assert known.alarm.deadline is not None, "somebody waits for it"


@settings(max_examples=120, deadline=None)
@given(st.booleans(), st.booleans(), st.lists(SEGMENTS, max_size=12), st.integers(0, 3))
def test_mutated_segments_at_a_connection(
    sack: bool, stamps: bool, segments: list[tuple], act: int
) -> None:
    peer = Peer()
    connection = peer.accepted(sack=sack, timestamps=stamps)
    connection.write(bytes(8000))
    for number, what in enumerate(segments):
        throw(peer, connection, what)
        if number == 5:
            with suppress(OSError):
                (connection.close, connection.abort, lambda: connection.read(5), int)[act]()
        bounded(peer.stack.tcp)
    connection.close()
    peer.rig.run(peer.world.now + 3_000_000_000_000)
    peer.stack.tcp.tidy()
    assert peer.stack.tcp.connections == {}
    assert not connection.sendq.segments or connection.alarm.deadline is None


@settings(max_examples=60, deadline=None)
@given(st.lists(SEGMENTS, max_size=12))
def test_mutated_segments_at_a_listener(segments: list[tuple]) -> None:
    peer = Peer()
    peer.listen(backlog=3)
    for what in segments:
        throw(peer, None, what)
        bounded(peer.stack.tcp)
    peer.rig.run(peer.world.now + 100_000_000_000)


@settings(max_examples=60, deadline=None)
@given(st.lists(SEGMENTS, max_size=8))
def test_mutated_segments_at_an_opening(segments: list[tuple]) -> None:
    peer = Peer()
    connection = peer.connect()
    for what in segments:
        throw(peer, connection, what)
        bounded(peer.stack.tcp)
    connection.close()
    peer.rig.run(peer.world.now + 3_000_000_000_000)


def test_many_pieces_of_one_byte_do_not_grow_without_bound() -> None:
    peer = Peer()
    connection = peer.accepted(setup=lambda model: model.set_rcvbuf(64_000))
    for at in range(3, 30_000, 2):
        peer.send(0, ".", at, b"x", ack=1)
    assert connection.ooo.cost <= 64_000
    assert peer.stack.counters["TcpExtOfoPruned"] > 0


def test_a_peer_that_opens_and_never_reads_holds_a_bounded_buffer() -> None:
    peer = Peer()
    connection = peer.accepted(win=0)
    taken = 0
    while size := connection.write(bytes(65536)):
        taken += size
    assert taken == connection.sndbuf <= 4 << 20
