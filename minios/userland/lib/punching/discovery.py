"""What kind of NAT is in between? The tests of RFC 5780, against a STUN server of two addresses.

The tests of filtering come first, while nothing has been sent to the server's other address yet:
what went there would open the way for its answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from minios.net.wire.malformed import Malformed
from minios.net.wire.stun import (
    CHANGE_IP,
    CHANGE_PORT,
    CHANGE_REQUEST,
    OTHER_ADDRESS,
    REQUEST,
    SUCCESS,
    Stun,
)
from minios.userland.lib.punching.messages import Endpoint

MILLISECOND = 1_000_000
RTO = 500 * MILLISECOND
"""The first retransmission; the others double (RFC 8489 6.2.1)."""
TRANSMISSIONS = 4


@dataclass(slots=True)
class Found:
    """What was found out; "" where a test could not be made."""

    local: Endpoint
    mapped: Endpoint | None = None
    nat: bool = False
    mapping: str = ""
    filtering: str = ""
    hairpin: bool | None = None
    other: Endpoint | None = None


class Discovery:
    """The tests, one after the other, from one socket."""

    def __init__(self, server: Endpoint, local: Endpoint, seed: bytes) -> None:
        self.server = server
        self.found = Found(local)
        self.done = False
        self.error = ""
        self.progress: list[str] = []
        self.deadline: int | None = None
        self._seed = seed
        self._step = 0
        self._sent = 0
        self._tid = b""
        self._out: list[tuple[bytes, Endpoint]] = []
        self._second: Endpoint | None = None

    def start(self, now: int) -> None:
        """Send the first request."""
        self._ask(now)

    def take(self) -> list[tuple[bytes, Endpoint]]:
        """What is to be sent now."""
        out, self._out = self._out, []
        return out

    def tick(self, now: int) -> None:
        """Send again, or go on without an answer."""
        if self.done or self.deadline is None or now < self.deadline:
            return
        if self._sent < TRANSMISSIONS:
            self._send(now)
        else:
            self._answer(now, None)

    def receive(self, now: int, data: bytes, source: Endpoint) -> None:
        """A datagram came in."""
        if self.done:
            return
        try:
            message = Stun.parse(data)
        except Malformed:
            return
        if message.tid != self._tid:
            return
        awaited = REQUEST if _STEPS[self._step] == "hairpin" else SUCCESS
        if message.cls == awaited:
            self._answer(now, message)

    # -- the tests -----------------------------------------------------------------------------

    def _ask(self, now: int) -> None:
        self._tid = self._seed[:8] + self._step.to_bytes(4, "big")
        self._sent = 0
        self._send(now)

    def _send(self, now: int) -> None:
        step = _STEPS[self._step]
        found = self.found
        goal = self.server
        asked: tuple[tuple[int, object], ...] = ()
        if step == "other address":
            asked = ((CHANGE_REQUEST, CHANGE_IP | CHANGE_PORT),)
        elif step == "other port":
            asked = ((CHANGE_REQUEST, CHANGE_PORT),)
        elif step == "to the other address":
            assert found.other is not None
            goal = (found.other[0], self.server[1])
        elif step == "to the other port":
            assert found.other is not None
            goal = found.other
        elif step == "hairpin":
            assert found.mapped is not None
            goal = found.mapped
        self._out.append((Stun(REQUEST, self._tid, asked).pack(), goal))
        self.deadline = now + (RTO << self._sent)
        self._sent += 1

    def _answer(self, now: int, message: Stun | None) -> None:
        step = _STEPS[self._step]
        found = self.found
        if step == "binding":
            if message is None or message.address() is None:
                self._end("no answer from the STUN server: UDP is blocked, or nobody is there")
                return
            found.mapped = message.address()
            found.nat = found.mapped != found.local
            other = message.get(OTHER_ADDRESS)
            found.other = other if isinstance(other, tuple) else None
            self._go(now, "other address" if found.other is not None else "hairpin")
        elif step == "other address":
            if message is not None:
                found.filtering = "eif"
                self._go(now, "to the other address")
            else:
                self._go(now, "other port")
        elif step == "other port":
            found.filtering = "adf" if message is not None else "apdf"
            self._go(now, "to the other address")
        elif step == "to the other address":
            self._second = message.address() if message is not None else None
            if self._second is None:
                self._go(now, "hairpin")
            elif self._second == found.mapped:
                found.mapping = "eim"
                self._go(now, "hairpin")
            else:
                self._go(now, "to the other port")
        elif step == "to the other port":
            third = message.address() if message is not None else None
            if third is not None:
                found.mapping = "adm" if third == self._second else "apdm"
            self._go(now, "hairpin")
        else:
            found.hairpin = message is not None
            self._end("")

    def _go(self, now: int, step: str) -> None:
        if step == "hairpin" and not self.found.nat:
            self._end("")
            return
        self._step = _STEPS.index(step)
        self._ask(now)

    def _end(self, error: str) -> None:
        self.done = True
        self.error = error
        self.deadline = None


_STEPS = (
    "binding", "other address", "other port", "to the other address", "to the other port",
    "hairpin",
)  # fmt: skip

NAMES = {
    "eim": "endpoint-independent", "adm": "address-dependent",
    "apdm": "address- and port-dependent", "eif": "endpoint-independent",
    "adf": "address-dependent", "apdf": "address- and port-dependent", "": "unknown",
}  # fmt: skip
"""The classes in the words of RFC 4787."""
