"""Reading HTTP messages from a stream: heads, and bodies of every framing (RFC 9112 §6)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from minios.net.wire.http import HEAD_MAX, Message, chunk_size
from minios.net.wire.malformed import Malformed
from minios.userland.lib.net.stream import Stream

BLOCK = 16384


class Ended(Exception):
    """The connection ended before the head did; ``data`` is what of it came."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


class Short(Exception):
    """The connection ended before the body did; ``missing`` bytes are known to lack."""

    def __init__(self, missing: int | None) -> None:
        super().__init__(missing)
        self.missing = missing


async def read_head(stream: Stream) -> tuple[Message, bytes]:
    """(message, its octets). Ended, Malformed, OSError."""
    data = b""
    while True:
        line = await stream.line()
        if not line.endswith(b"\n"):
            raise Ended(data + line)
        if not data and line in (b"\r\n", b"\n"):
            continue  # blank lines before a request are forgiven (RFC 9112 §2.2)
        data += line
        if len(data) > HEAD_MAX:
            raise Malformed("head too long")
        if line in (b"\r\n", b"\n"):
            return Message.parse(data), data


async def body(stream: Stream, message: Message, *, head: bool = False) -> AsyncIterator[bytes]:
    """The pieces of a message's body. ``head``: it answers a HEAD and has none.

    Short if the connection ends too soon; Malformed, OSError.
    """
    if head or message.status // 100 == 1 or message.status in (204, 304):
        return
    if message.lists(b"transfer-encoding", b"chunked"):
        while True:
            line = await stream.line()
            if not line.endswith(b"\n"):
                raise Short(None)
            left = chunk_size(line)
            if not left:
                while (line := await stream.line()) not in (b"\r\n", b"\n", b""):
                    continue  # trailers
                return
            while left:
                data = await stream.read(min(left, BLOCK))
                if not data:
                    raise Short(None)
                left -= len(data)
                yield data
            await stream.line()
    size = message.content_length
    if size is None:
        if message.method:
            return  # a request without a length has no body
        while data := await stream.read(BLOCK):
            yield data
        return
    while size:
        data = await stream.read(min(size, BLOCK))
        if not data:
            raise Short(size)
        size -= len(data)
        yield data
