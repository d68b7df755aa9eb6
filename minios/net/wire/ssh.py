"""The transport of SSH: packets and messages (RFC 4252 to 4254), with the cipher "none".

Everything is as on a real connection up to the key exchange. There the two sides agree on a method
of their own, ``none@minios``: the server proves with an Ed25519 signature that it has its host key,
and no secret is made. So the server is authenticated, and nothing is encrypted: whoever listens on
the wire reads passwords and all that is typed, which a real SSH would not let him.
"""

from __future__ import annotations

import struct
from hashlib import sha256

from minios.net.wire.malformed import Malformed

PORT = 22
BANNER_MAX = 255
PACKET_MAX = 35000
"""RFC 4253 §6.1: what every implementation has to take."""

DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG = 1, 2, 3, 4
SERVICE_REQUEST, SERVICE_ACCEPT = 5, 6
KEXINIT, NEWKEYS = 20, 21
KEX_ASK, KEX_REPLY = 30, 31
"""Of the method ``none@minios``: the client sends a number, the server its host key, a number and
the signature, laid out as in a Diffie-Hellman exchange (RFC 4253 §8)."""
USERAUTH_REQUEST, USERAUTH_FAILURE, USERAUTH_SUCCESS, USERAUTH_BANNER = 50, 51, 52, 53
USERAUTH_PK_OK = 60
GLOBAL_REQUEST, REQUEST_SUCCESS, REQUEST_FAILURE = 80, 81, 82
CHANNEL_OPEN, CHANNEL_OPEN_CONFIRMATION, CHANNEL_OPEN_FAILURE = 90, 91, 92
CHANNEL_WINDOW_ADJUST, CHANNEL_DATA, CHANNEL_EXTENDED_DATA = 93, 94, 95
CHANNEL_EOF, CHANNEL_CLOSE, CHANNEL_REQUEST = 96, 97, 98
CHANNEL_SUCCESS, CHANNEL_FAILURE = 99, 100

STDERR = 1
"""SSH_EXTENDED_DATA_STDERR."""

KEX = b"none@minios"
HOST_KEY = b"ssh-ed25519"
_LISTS = (KEX, HOST_KEY, b"none", b"none", b"none", b"none", b"none", b"none", b"", b"")


def u32(number: int) -> bytes:
    """A uint32."""
    return number.to_bytes(4, "big")


def string(data: bytes) -> bytes:
    """A string: its length, and the bytes."""
    return len(data).to_bytes(4, "big") + data


def boolean(value: bool) -> bytes:
    """A boolean."""
    return b"\1" if value else b"\0"


def kexinit(cookie: bytes) -> bytes:
    """The message that offers the algorithms; ``cookie`` is 16 random bytes."""
    lists = b"".join(string(names) for names in _LISTS)
    return bytes((KEXINIT,)) + cookie + lists + boolean(False) + u32(0)


def nonce(random: bytes) -> bytes:
    """An mpint of random bytes: what stands where other methods have their public numbers."""
    return string(b"\1" + random)


def exchange_hash(
    client: bytes,
    server: bytes,
    client_init: bytes,
    server_init: bytes,
    key: bytes,
    numbers: bytes,
) -> bytes:
    """What the host key signs, and the session's identifier: banners, KEXINITs, the key, and the
    numbers of both sides.
    """
    parts = (client, server, client_init, server_init, key)
    return sha256(b"".join(string(part) for part in parts) + numbers).digest()


def frame(payload: bytes) -> bytes:
    """A packet: length, padding to a multiple of 8, no authentication code (RFC 4253 §6)."""
    padding = 8 - (5 + len(payload)) % 8
    if padding < 4:
        padding += 8
    return struct.pack("!IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


class Packets:
    """Bytes as they come, taken apart into a banner and packets."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """More bytes of the stream."""
        self._buffer += data

    def banner(self) -> bytes | None:
        """The line ``SSH-2.0-…`` without its end, None until it is there; lines before it are
        passed over (RFC 4253 §4.2). Malformed if there is none.
        """
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) > BANNER_MAX:
                    raise Malformed("banner line too long")
                return None
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            if line.startswith(b"SSH-"):
                if not line.startswith((b"SSH-2.0-", b"SSH-1.99-")):
                    raise Malformed("protocol version")
                return line

    def next(self) -> bytes | None:
        """The payload of the next packet, None until it is all there. Malformed."""
        buffer = self._buffer
        if len(buffer) < 5:
            return None
        size, padding = struct.unpack_from("!IB", buffer)
        if not 5 <= size <= PACKET_MAX or padding < 4 or padding > size - 2:
            raise Malformed("packet length")
        if len(buffer) < 4 + size:
            return None
        payload = bytes(buffer[5 : 4 + size - padding])
        del buffer[: 4 + size]
        return payload


class Reader:
    """The fields of a message, one after the other. Malformed beyond its end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def raw(self, size: int) -> bytes:
        """This many bytes."""
        end = self._at + size
        if end > len(self._data):
            raise Malformed("message too short")
        data = self._data[self._at : end]
        self._at = end
        return data

    def u8(self) -> int:
        """A byte."""
        return self.raw(1)[0]

    def u32(self) -> int:
        """A uint32."""
        return int.from_bytes(self.raw(4), "big")

    def boolean(self) -> bool:
        """A boolean."""
        return self.raw(1) != b"\0"

    def string(self) -> bytes:
        """A string."""
        return self.raw(self.u32())

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.raw(len(self._data) - self._at)
