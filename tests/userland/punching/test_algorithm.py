"""The parts of punching one by one: nothing they hear brings them down or makes them grow."""

from hypothesis import given, settings
from hypothesis import strategies as st

from minios.abi.inet import parse_ip
from minios.net.wire.stun import REQUEST, Stun
from minios.userland.lib.punching.discovery import Discovery
from minios.userland.lib.punching.messages import endpoint_text, pack, parse, parse_endpoint
from minios.userland.lib.punching.rendezvous import CLIENTS, FORGET, SECOND, Rendezvous
from minios.userland.lib.punching.session import CANDIDATES, Session, State, Timing
from minios.userland.lib.punching.stunserver import StunServer

SERVER = (parse_ip("203.0.113.10"), 3480)
HOME = (parse_ip("10.0.0.2"), 4000)
PUBLIC = (parse_ip("203.0.113.1"), 40000)
PEER = (parse_ip("203.0.113.2"), 50000)


def registered(peer: str = "") -> Session:
    session = Session("alice", peer, SERVER, HOME)
    session.start(0)
    session.receive(0, pack("REGISTERED", endpoint_text(PUBLIC)), SERVER)
    session.take()
    return session


def introduced() -> Session:
    session = registered()
    session.receive(1, pack("PEER", "bob", endpoint_text(PEER), "10.1.0.2:4000", "t0ken"), SERVER)
    session.take()
    return session


def test_an_endpoint_is_read_as_it_is_written() -> None:
    assert parse_endpoint(endpoint_text(PEER)) == PEER


def test_registrations_are_repeated_and_then_given_up() -> None:
    session = Session("alice", "", SERVER, HOME)
    session.start(0)
    sent = len(session.take())
    while session.deadline is not None:
        session.tick(session.deadline)
        sent += len(session.take())
    assert sent == Timing().attempts and session.state is State.FAILED


def test_probes_go_to_both_places_at_an_interval() -> None:
    """RFC 5128 3.3.2 to 3.3.3: the public and the private endpoint are both tried."""
    session = introduced()
    assert session.state is State.PUNCHING
    first = session.deadline
    assert first is not None
    session.tick(first)
    assert [goal for _, goal in session.take()] == [PEER, (parse_ip("10.1.0.2"), 4000)]
    assert session.deadline == first + Timing().interval


def test_a_probe_is_answered_where_it_came_from_and_asked_back() -> None:
    session = introduced()
    moved = (PEER[0], 50001)
    session.receive(2, pack("PROBE", "t0ken", "bob", "1"), moved)
    out = session.take()
    assert [(parse(data)[0], goal) for data, goal in out if parse(data)] == [
        ("ACK", moved), ("PROBE", moved)
    ]  # fmt: skip
    session.receive(3, pack("ACK", "t0ken", "bob", "1"), moved)
    assert session.state is State.CONNECTED and session.remote == moved


def test_who_does_not_know_the_token_is_nobody() -> None:
    session = introduced()
    session.receive(2, pack("ACK", "guess", "bob", "1"), PEER)
    session.receive(2, pack("ACK", "t0ken", "mallory", "1"), PEER)
    session.receive(2, pack("PEER", "mallory", "1.2.3.4:5", "1.2.3.4:5", "x"), PEER)
    assert session.state is State.PUNCHING and session.take() == []


def test_only_so_many_places_are_probed() -> None:
    session = introduced()
    for port in range(1, 100):
        session.receive(2, pack("PROBE", "t0ken", "bob", "1"), (PEER[0], port))
    assert len(session.candidates) == CANDIDATES


def test_the_server_introduces_both_at_once() -> None:
    server = Rendezvous()
    server.receive(0, pack("REGISTER", "alice", endpoint_text(HOME)), PUBLIC)
    server.receive(0, pack("REGISTER", "bob", "10.1.0.2:4000"), PEER)
    out = server.receive(1, pack("CONNECT", "alice", "bob"), PUBLIC)
    assert [goal for _, goal in out] == [PUBLIC, PEER]
    tokens = {data.split(b" ")[-1] for data, _ in out}
    assert len(tokens) == 1


def test_the_server_speaks_only_for_whom_it_knows_from_there() -> None:
    server = Rendezvous()
    server.receive(0, pack("REGISTER", "alice", endpoint_text(HOME)), PUBLIC)
    server.receive(0, pack("REGISTER", "bob", "10.1.0.2:4000"), PEER)
    stranger = (parse_ip("198.51.100.1"), 1)
    assert server.receive(1, pack("CONNECT", "alice", "bob"), stranger) == []
    assert server.receive(1, pack("RELAY", "alice", "bob", "x"), stranger) == []
    assert server.receive(1, pack("CONNECT", "alice", "carol"), PUBLIC) == [
        (b"NOPEER carol", PUBLIC)
    ]
    assert server.receive(FORGET + SECOND, pack("CONNECT", "alice", "bob"), PUBLIC) == []


def test_the_relay_has_its_limits() -> None:
    server = Rendezvous()
    server.receive(0, pack("REGISTER", "alice", endpoint_text(HOME)), PUBLIC)
    server.receive(0, pack("REGISTER", "bob", "10.1.0.2:4000"), PEER)
    passed = sum(
        len(server.receive(SECOND, pack("RELAY", "alice", "bob", "x" * 1000), PUBLIC))
        for _ in range(100)
    )
    assert passed == 65
    assert server.receive(2 * SECOND, pack("RELAY", "alice", "bob", "x"), PUBLIC) != []
    closed = Rendezvous(relaying=False)
    closed.receive(0, pack("REGISTER", "alice", endpoint_text(HOME)), PUBLIC)
    assert closed.receive(1, pack("RELAY", "alice", "alice", "x"), PUBLIC) == []


def test_the_server_remembers_only_so_many() -> None:
    server = Rendezvous()
    for number in range(2 * CLIENTS):
        server.receive(0, pack("REGISTER", f"n{number}", "10.0.0.2:1"), (number, 1))
    assert len(server.clients) == CLIENTS
    server.receive(FORGET + SECOND, pack("REGISTER", "late", "10.0.0.2:1"), (9, 9))
    assert list(server.clients) == ["late"]


def test_a_stun_server_of_one_address_refuses_to_change_it() -> None:
    """RFC 5780 6.1: without the other address there is no OTHER-ADDRESS, and CHANGE-REQUEST is an
    unknown attribute."""
    server = StunServer((SERVER[0],), (3478,))
    request = Stun(REQUEST, b"x" * 12, ((0x0003, 6),)).pack()
    answer = server.answer(request, PEER, (SERVER[0], 3478))
    assert answer is not None
    assert Stun.parse(answer[0]).get(0x0009) == (420, "Unknown Attribute")


VERBS = st.sampled_from([
    "REGISTER", "REGISTERED", "CONNECT", "PEER", "NOPEER", "PROBE", "ACK", "DATA", "RELAY",
    "RELAYED",
])  # fmt: skip
WORDS = st.sampled_from(["alice", "bob", "t0ken", "1.2.3.4:5", "x", "é", "PROBE t0ken bob 1"])
MESSAGES = st.builds(
    lambda verb, words: " ".join([verb, *words]).encode(), VERBS, st.lists(WORDS, max_size=5)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), MESSAGES), max_size=20), st.booleans())
def test_nothing_that_is_heard_brings_anybody_down(heard: list[bytes], from_server: bool) -> None:
    session, server = introduced(), Rendezvous()
    discovery = Discovery(SERVER, HOME, b"seedseed")
    discovery.start(0)
    stun = StunServer((1, 2), (3, 4))
    for number, data in enumerate(heard):
        session.receive(number, data, SERVER if from_server else PEER)
        server.receive(number, data, PEER)
        discovery.receive(number, data, SERVER)
        stun.answer(data, PEER, (1, 3))
    assert len(session.candidates) <= CANDIDATES
