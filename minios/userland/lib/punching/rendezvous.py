"""The rendezvous server: who is where, introductions, and a relay for those who cannot punch."""

from __future__ import annotations

from dataclasses import dataclass

from minios.userland.lib.punching.messages import (
    Endpoint,
    endpoint_text,
    good_name,
    pack,
    parse,
    parse_endpoint,
)

SECOND = 1_000_000_000
FORGET = 60 * SECOND
"""A client that has not registered again for so long is gone."""
CLIENTS = 256
RELAYED_MOST = 64 << 10
"""Bytes a second that are relayed for one client."""


@dataclass(slots=True)
class Client:
    """Who has registered: where the server saw it, where it says that it is itself."""

    name: str
    public: Endpoint
    private: Endpoint
    seen: int
    budget: int = RELAYED_MOST
    counted: int = 0


Outgoing = list[tuple[bytes, Endpoint]]


class Rendezvous:
    """The server's state. ``relaying`` off refuses to relay; ``secret`` goes into tokens."""

    def __init__(self, *, relaying: bool = True, secret: int = 1) -> None:
        self.clients: dict[str, Client] = {}
        self.relaying = relaying
        self.relayed = 0
        """Bytes that were relayed."""
        self._secret = secret
        self._count = 0

    def receive(self, now: int, data: bytes, source: Endpoint) -> Outgoing:
        """A datagram came; what to send."""
        message = parse(data)
        if message is None:
            return []
        verb, words = message
        if verb == "REGISTER":
            return self._register(now, words, source)
        client = self.clients.get(words[0])
        if client is None or client.public != source or now - client.seen > FORGET:
            return []
        if verb == "CONNECT":
            return self._connect(now, client, words[1])
        if verb == "RELAY":
            return self._relay(now, client, words[1], words[2])
        return []

    def _register(self, now: int, words: list[str], source: Endpoint) -> Outgoing:
        name = words[0]
        try:
            private = parse_endpoint(words[1])
        except ValueError:
            return []
        if not good_name(name):
            return []
        client = self.clients.get(name)
        if client is None:
            for old in [one for one in self.clients.values() if now - one.seen > FORGET]:
                del self.clients[old.name]
            if len(self.clients) >= CLIENTS:
                return []
            client = self.clients[name] = Client(name, source, private, now)
        client.public, client.private, client.seen = source, private, now
        return [(pack("REGISTERED", endpoint_text(source)), source)]

    def _connect(self, now: int, client: Client, name: str) -> Outgoing:
        """Tell both of each other at the same time."""
        peer = self.clients.get(name)
        if peer is None or now - peer.seen > FORGET:
            return [(pack("NOPEER", name), client.public)]
        self._count += 1
        token = f"{(self._secret * 0x9E3779B1 + self._count * 0x85EBCA6B) & 0xFFFFFFFF:08x}"
        return [
            (_introduction(peer, token), client.public),
            (_introduction(client, token), peer.public),
        ]

    def _relay(self, now: int, client: Client, name: str, text: str) -> Outgoing:
        peer = self.clients.get(name)
        if peer is None or not self.relaying:
            return []
        if now - client.counted >= SECOND:
            client.counted, client.budget = now, RELAYED_MOST
        if client.budget < len(text):
            return []
        client.budget -= len(text)
        self.relayed += len(text)
        return [(pack("RELAYED", client.name, text), peer.public)]


def _introduction(client: Client, token: str) -> bytes:
    return pack(
        "PEER", client.name, endpoint_text(client.public), endpoint_text(client.private), token
    )
