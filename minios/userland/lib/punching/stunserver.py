"""A STUN server's answers (RFC 8489, with the attributes of RFC 5780 if it has two addresses)."""

from __future__ import annotations

from minios.net.wire.malformed import Malformed
from minios.net.wire.stun import (
    BINDING,
    CHANGE_IP,
    CHANGE_PORT,
    CHANGE_REQUEST,
    ERROR,
    ERROR_CODE,
    MAPPED_ADDRESS,
    OTHER_ADDRESS,
    REQUEST,
    RESPONSE_ORIGIN,
    SOFTWARE,
    SUCCESS,
    UNKNOWN_ATTRIBUTES,
    XOR_MAPPED_ADDRESS,
    Stun,
)
from minios.userland.lib.punching.messages import Endpoint

SOFTWARE_NAME = b"MiniOS stund"


class StunServer:
    """``addresses`` and ``ports`` are one or two each; with two of both it can tell NATs apart."""

    def __init__(self, addresses: tuple[int, ...], ports: tuple[int, ...]) -> None:
        self.addresses = addresses
        self.ports = ports

    @property
    def sockets(self) -> list[Endpoint]:
        """Where to listen."""
        return [(ip, port) for ip in self.addresses for port in self.ports]

    def answer(
        self, data: bytes, source: Endpoint, local: Endpoint
    ) -> tuple[bytes, Endpoint] | None:
        """The response to a datagram that came to ``local``, and from which of the sockets to send
        it; None for what deserves none."""
        try:
            request = Stun.parse(data)
        except Malformed:
            return None
        if request.cls != REQUEST or request.method != BINDING:
            return None
        unknown = request.unknown()
        if unknown:
            types = b"".join(kind.to_bytes(2, "big") for kind in unknown)
            attributes: tuple[tuple[int, object], ...] = (
                (ERROR_CODE, (420, "Unknown Attribute")), (UNKNOWN_ATTRIBUTES, types),
            )  # fmt: skip
            return Stun(ERROR, request.tid, attributes).pack(), local
        changes = request.get(CHANGE_REQUEST)
        origin = local
        double = len(self.addresses) > 1 and len(self.ports) > 1
        if isinstance(changes, int) and changes & (CHANGE_IP | CHANGE_PORT):
            if not double:
                refused = ((ERROR_CODE, (420, "Unknown Attribute")),
                           (UNKNOWN_ATTRIBUTES, CHANGE_REQUEST.to_bytes(2, "big")))  # fmt: skip
                return Stun(ERROR, request.tid, refused).pack(), local
            origin = (
                self._other(self.addresses, local[0]) if changes & CHANGE_IP else local[0],
                self._other(self.ports, local[1]) if changes & CHANGE_PORT else local[1],
            )
        answer: list[tuple[int, object]] = [
            (XOR_MAPPED_ADDRESS, source), (MAPPED_ADDRESS, source), (RESPONSE_ORIGIN, origin)
        ]  # fmt: skip
        if double:
            other = self._other(self.addresses, local[0]), self._other(self.ports, local[1])
            answer.append((OTHER_ADDRESS, other))
        answer.append((SOFTWARE, SOFTWARE_NAME))
        return Stun(SUCCESS, request.tid, tuple(answer)).pack(), origin

    @staticmethod
    def _other(values: tuple[int, ...], one: int) -> int:
        return values[1] if values[0] == one else values[0]
