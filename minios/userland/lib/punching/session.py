"""One peer's side of punching a hole (RFC 5128 3.3).

It registers with the rendezvous server, is told where the other is seen and where it is at home,
and then sends probes to both places at an interval. A probe that comes in is answered where it came
from, and that place is probed, too. An answer to a probe of its own proves that both directions
work: the connection is made, with who sent the answer. When all probes are sent in vain, the server
relays.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from minios.userland.lib.punching.messages import (
    Endpoint,
    endpoint_text,
    pack,
    parse,
    parse_endpoint,
)

MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
CANDIDATES = 8
"""Places that are probed at most."""


class State(Enum):
    """Where a session stands."""

    REGISTERING = "registering"
    WAITING = "waiting for the peer"
    PUNCHING = "punching"
    CONNECTED = "connected"
    RELAYED = "relayed"
    FAILED = "failed"


class Timing(NamedTuple):
    """When what is sent (ns), and how often."""

    delay: int = 0
    """Between hearing of the peer and the first probe."""
    interval: int = 200 * MILLISECOND
    tries: int = 25
    retry: int = 1 * SECOND
    """Between registrations that are not answered."""
    attempts: int = 10
    keepalive: int = 15 * SECOND
    """Between registrations while waiting, so that the NAT does not forget."""
    relay: bool = True


class Session:
    """A session. ``peer`` empty waits for anybody who calls; ``server`` None probes ``direct``
    only, with a token that both sides know."""

    def __init__(
        self,
        name: str,
        peer: str,
        server: Endpoint | None,
        private: Endpoint,
        timing: Timing | None = None,
        *,
        direct: Endpoint | None = None,
        token: str = "direct",
    ) -> None:
        self.name = name
        self.peer = peer
        self.listening = server is not None and not peer
        """It takes calls, the next one too."""
        self.server = server
        self.private = private
        self.timing = timing or Timing()
        self.state = State.REGISTERING
        self.public: Endpoint | None = None
        """Where the server sees us."""
        self.remote: Endpoint | None = None
        """Where the peer is, once connected."""
        self.token = token
        self.candidates: list[Endpoint] = []
        self.heard = False
        """Whether a probe of the peer has come in."""
        self.sent = 0
        self.received: list[str] = []
        """DATA that came in."""
        self.progress: list[str] = []
        """What has happened, in words; who reads it takes it."""
        self.deadline: int | None = None
        """When :meth:`tick` wants to be called, ns."""
        self._out: list[tuple[bytes, Endpoint]] = []
        self._attempts = 0
        if direct is not None:
            self.candidates.append(direct)

    # -- driving -------------------------------------------------------------------------------

    def start(self, now: int) -> None:
        """Begin."""
        if self.server is None:
            self._punch(now)
        else:
            self.deadline = now
            self.tick(now)

    def take(self) -> list[tuple[bytes, Endpoint]]:
        """What is to be sent now."""
        out, self._out = self._out, []
        return out

    @property
    def over(self) -> bool:
        """Nothing more will be tried."""
        return self.state in (State.CONNECTED, State.RELAYED, State.FAILED)

    def tick(self, now: int) -> None:
        """Time has passed; does nothing before the deadline."""
        if self.deadline is None or now < self.deadline:
            return
        timing = self.timing
        if self.state == State.REGISTERING:
            if self._attempts >= timing.attempts:
                self._fail("the rendezvous server does not answer")
                return
            self._attempts += 1
            self._register()
            self.deadline = now + timing.retry
        elif self.state == State.WAITING:
            self._register()
            if self.peer:
                self._attempts += 1
                if self._attempts > timing.attempts:
                    self._fail(f"{self.peer} does not show up")
                    return
                self._say_connect()
                self.deadline = now + timing.retry
            else:
                self.deadline = now + timing.keepalive
        elif self.state == State.PUNCHING:
            if self.sent >= timing.tries:
                self._give_up(now)
                return
            self.sent += 1
            for place in self.candidates:
                self._out.append((pack("PROBE", self.token, self.name, str(self.sent)), place))
            self.deadline = now + timing.interval
        elif self.state == State.FAILED or self.server is None:
            self.deadline = None
        else:
            self._register()
            self.deadline = now + timing.keepalive

    def receive(self, now: int, data: bytes, source: Endpoint) -> None:
        """A datagram came in."""
        message = parse(data)
        if message is None:
            return
        verb, words = message
        if source == self.server:
            self._from_server(now, verb, words)
        elif verb in ("PROBE", "ACK", "DATA") and words[0] == self.token:
            self._from_peer(now, verb, words, source)

    def send(self, text: str) -> None:
        """Send a text to the peer, directly or by the relay."""
        data = pack("DATA", self.token, self.name, text)
        if self.state == State.CONNECTED and self.remote is not None:
            self._out.append((data, self.remote))
        elif self.state == State.RELAYED:
            self._relay(data)

    # -- the server ----------------------------------------------------------------------------

    def _register(self) -> None:
        assert self.server is not None
        self._out.append((pack("REGISTER", self.name, endpoint_text(self.private)), self.server))

    def _say_connect(self) -> None:
        assert self.server is not None
        self._out.append((pack("CONNECT", self.name, self.peer), self.server))

    def _from_server(self, now: int, verb: str, words: list[str]) -> None:
        if verb == "REGISTERED" and self.state == State.REGISTERING:
            try:
                self.public = parse_endpoint(words[0])
            except ValueError:
                return
            self.progress.append(
                f"registered as {self.name}: at home {endpoint_text(self.private)}, "
                f"seen from outside as {words[0]}"
            )
            self.state = State.WAITING
            self._attempts = 0
            if self.peer:
                self._attempts = 1
                self._say_connect()
                self.deadline = now + self.timing.retry
            else:
                self.deadline = now + self.timing.keepalive
        elif verb == "PEER" and self._open_to(words[3]):
            self._introduced(now, words)
        elif verb == "NOPEER" and self.state == State.WAITING and self._attempts <= 1:
            self.progress.append(f"{words[0]} is not registered yet")
        elif verb == "RELAYED" and (not self.peer or words[0] == self.peer):
            self._relayed(now, words[1])

    def _open_to(self, token: str) -> bool:
        """Whether to begin (again): a call that was repeated, or a listener's next one."""
        if self.state in (State.WAITING, State.PUNCHING):
            return token != self.token
        return self.listening and self.over and token != self.token

    def _introduced(self, now: int, words: list[str]) -> None:
        name, public, private, token = words
        if not self.listening and name != self.peer:
            return
        try:
            places = [parse_endpoint(public), parse_endpoint(private)]
        except ValueError:
            return
        self.peer, self.token = name, token
        self.candidates.clear()
        self.heard, self.remote = False, None
        self.progress.append(f"{name} is seen as {public}, at home {private}")
        for place in places:
            if place not in self.candidates and place not in (self.private, self.public):
                self.candidates.append(place)
        self._punch(now)

    # -- the peer ------------------------------------------------------------------------------

    def _punch(self, now: int) -> None:
        self.state = State.PUNCHING
        self.sent = 0
        self.deadline = now + self.timing.delay
        where = ", ".join(endpoint_text(place) for place in self.candidates)
        self.progress.append(f"punching: probes to {where}")
        self.tick(now)

    def _from_peer(self, now: int, verb: str, words: list[str], source: Endpoint) -> None:
        if self.peer and words[1] != self.peer:
            return
        self.peer = self.peer or words[1]
        if verb == "PROBE":
            if not self.heard:
                self.heard = True
                self.progress.append(f"a probe of {words[1]} came in from {endpoint_text(source)}")
            self._out.append((pack("ACK", self.token, self.name, words[2]), source))
            if (
                self.state == State.PUNCHING
                and source not in self.candidates
                and len(self.candidates) < CANDIDATES
            ):
                self.candidates.append(source)
                # ask there at once, not at the next turn
                probe = pack("PROBE", self.token, self.name, str(self.sent))
                self._out.append((probe, source))
        elif verb == "ACK":
            if self.state == State.PUNCHING:
                self.state = State.CONNECTED
                self.remote = source
                self.deadline = now + self.timing.keepalive
                self.progress.append(f"connected: {self.peer} answers from {endpoint_text(source)}")
        elif verb == "DATA":
            self.received.append(words[2])

    # -- the relay -----------------------------------------------------------------------------

    def _give_up(self, now: int) -> None:
        heard = "probes came in, but no answer" if self.heard else "no probe came in, and no answer"
        self.progress.append(f"no hole: {self.sent} probes sent, {heard}")
        if self.server is None or not self.timing.relay:
            self._fail("giving up")
            return
        self.state = State.RELAYED
        self.deadline = now + self.timing.keepalive
        self.progress.append(f"falling back to the relay at {endpoint_text(self.server)}")
        self._relay(pack("PROBE", self.token, self.name, "0"))

    def _relay(self, data: bytes) -> None:
        assert self.server is not None
        text = data.decode("utf-8", "replace")
        self._out.append((pack("RELAY", self.name, self.peer, text), self.server))

    def _relayed(self, now: int, text: str) -> None:
        message = parse(text.encode("utf-8", "replace"))
        if message is None or message[1][0] != self.token:
            return
        verb, words = message
        if verb == "PROBE":
            self._relay(pack("ACK", self.token, self.name, words[2]))
        elif verb == "ACK" and self.state == State.RELAYED:
            self.progress.append(f"{self.peer} answers through the relay")
        elif verb == "DATA":
            self.received.append(words[2])

    def _fail(self, why: str) -> None:
        self.state = State.FAILED
        self.deadline = None
        self.progress.append(why)
