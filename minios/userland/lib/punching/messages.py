"""What peers and the rendezvous server say to each other: one line of ASCII a datagram.

::

    client → server   REGISTER name private             (private: the client's own address:port)
    server → client   REGISTERED public                 (public: where the server saw it)
    client → server   CONNECT name peer
    server → both     PEER peer public private token    (token: what probes must carry)
    server → client   NOPEER peer
    peer   → peer     PROBE token name number
    peer   → peer     ACK token name number
    peer   → peer     DATA token name text
    client → server   RELAY name peer text              (text: a PROBE, ACK or DATA)
    server → client   RELAYED peer text
"""

from __future__ import annotations

from minios.abi.inet import ip_text, parse_ip

PORT = 3480
"""Of the rendezvous server."""
LONGEST = 1200
"""Bytes of a message."""
NAME_MAX = 32

Endpoint = tuple[int, int]

_WORDS = {
    b"REGISTER": 2, b"REGISTERED": 1, b"CONNECT": 2, b"PEER": 4, b"NOPEER": 1, b"PROBE": 3,
    b"ACK": 3, b"DATA": 3, b"RELAY": 3, b"RELAYED": 2,
}  # fmt: skip
"""How many words each message has; the last may contain spaces."""


def endpoint_text(endpoint: Endpoint) -> str:
    """``203.0.113.5:4000``"""
    return f"{ip_text(endpoint[0])}:{endpoint[1]}"


def parse_endpoint(text: str) -> Endpoint:
    """ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is no address:port")
    return parse_ip(host), int(port)


def pack(verb: str, *words: str) -> bytes:
    """A message."""
    return " ".join((verb, *words)).encode("utf-8", "replace")[:LONGEST]


def parse(data: bytes) -> tuple[str, list[str]] | None:
    """The verb and its words; None for what is no message."""
    if len(data) > LONGEST:
        return None
    verb, _, rest = data.rstrip(b"\n").partition(b" ")
    count = _WORDS.get(verb)
    if count is None:
        return None
    words = rest.split(b" ", count - 1)
    if len(words) != count or not all(words[:-1]):
        return None
    return verb.decode("ascii"), [word.decode("utf-8", "replace") for word in words]


def good_name(name: str) -> bool:
    """A name may be a word of letters, digits, ``-``, ``_`` and ``.``."""
    return 0 < len(name) <= NAME_MAX and all(
        letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name
    )
