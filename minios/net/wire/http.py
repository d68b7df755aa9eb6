"""HTTP/1.1 messages (RFC 9110, RFC 9112): heads, chunks and dates."""

from __future__ import annotations

from collections.abc import Sequence

from minios.net.wire.malformed import Malformed

HEAD_MAX = 65536
"""Octets of a head; a longer one is refused."""
FIELDS_MAX = 200

REASONS = {
    100: "Continue", 101: "Switching Protocols", 200: "OK", 201: "Created", 202: "Accepted",
    204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 302: "Found",
    303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 411: "Length Required",
    412: "Precondition Failed", 413: "Request Entity Too Large", 414: "Request-URI Too Long",
    416: "Requested Range Not Satisfiable", 417: "Expectation Failed",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
}  # fmt: skip

_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                   b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")  # fmt: skip


class Message:
    """A request (with ``method`` and ``target``) or a response (``status`` and ``reason``).

    ``headers`` are (name, value) in order. ``body`` is what of it stood in the same bytes.
    """

    __slots__ = ("body", "headers", "method", "reason", "status", "target", "version")

    def __init__(
        self,
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes = b"",
        *,
        method: bytes = b"",
        target: bytes = b"",
        status: int = 0,
        reason: bytes = b"",
        version: bytes = b"HTTP/1.1",
    ) -> None:
        self.headers = list(headers)
        self.body = body
        self.method = method
        self.target = target
        self.status = status
        self.reason = reason
        self.version = version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and all(
            getattr(self, slot) == getattr(other, slot) for slot in Message.__slots__
        )

    def __repr__(self) -> str:
        return f"Message({self.first_line!r})"

    def copy(self) -> Message:
        return Message(
            self.headers, self.body, method=self.method, target=self.target, status=self.status,
            reason=self.reason, version=self.version,
        )  # fmt: skip

    @property
    def first_line(self) -> bytes:
        """The request line or the status line."""
        if self.method:
            return self.method + b" " + self.target + b" " + self.version
        return self.version + b" %d " % self.status + self.reason

    @property
    def length(self) -> int:
        return len(self.pack())

    def get(self, name: bytes, usual: bytes = b"") -> bytes:
        """The value of a header by its name, in any case; values of several are joined."""
        wanted = name.lower()
        values = [value for key, value in self.headers if key.lower() == wanted]
        return b", ".join(values) if values else usual

    def has(self, name: bytes) -> bool:
        wanted = name.lower()
        return any(key.lower() == wanted for key, _ in self.headers)

    def lists(self, name: bytes, item: bytes) -> bool:
        """Whether a header that is a list (as Connection) has an item."""
        return item.lower() in [word.strip().lower() for word in self.get(name).split(b",")]

    @property
    def content_length(self) -> int | None:
        """None without the header. Malformed for what is no length or several that differ."""
        values = {value.strip(): 1 for value in self.get(b"content-length").split(b",")}
        if b"" in values:
            return None
        if len(values) != 1:
            raise Malformed("several lengths")
        (text,) = values
        if not text.isdigit() or len(text) > 18:
            raise Malformed("length")
        return int(text)

    def keeps_alive(self) -> bool:
        """Whether the connection stays open after this message (RFC 9112 §9.3)."""
        if self.lists(b"connection", b"close"):
            return False
        return self.version != b"HTTP/1.0" or self.lists(b"connection", b"keep-alive")

    def pack(self) -> bytes:
        lines = [self.first_line, *(name + b": " + value for name, value in self.headers)]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Read a head and what follows it. Malformed."""
        end = data.find(b"\r\n\r\n")
        width = 4
        if end < 0:
            end = data.find(b"\n\n")
            width = 2
        if end < 0 or end > HEAD_MAX:
            raise Malformed("head breaks off")
        lines = data[:end].replace(b"\r\n", b"\n").split(b"\n")
        message = cls(body=data[end + width :])
        message._start(lines[0])
        if len(lines) > FIELDS_MAX:
            raise Malformed("too many header fields")
        for line in lines[1:]:
            if line[:1] in (b" ", b"\t") and message.headers:
                name, value = message.headers[-1]
                message.headers[-1] = name, value + b" " + line.strip()
                continue
            name, colon, value = line.partition(b":")
            if not colon or not name or not _TOKEN.issuperset(name):
                raise Malformed("header field")
            message.headers.append((name, value.strip(b" \t")))
        return message

    def _start(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):
            version, _, rest = line.partition(b" ")
            status, _, reason = rest.partition(b" ")
            if not (status.isdigit() and len(status) == 3):
                raise Malformed("status line")
            self.version, self.status, self.reason = version, int(status), reason
            return
        words = line.split(b" ")
        if len(words) != 3 or not words[0] or not _TOKEN.issuperset(words[0]):
            raise Malformed("request line")
        if not words[2].startswith(b"HTTP/") or not words[1]:
            raise Malformed("request line")
        self.method, self.target, self.version = words

    def summary(self) -> str:
        """In tcpdump's words."""
        return f"HTTP, length: {self.length}: {self.first_line.decode('latin-1')}"

    def fields(self) -> list[tuple[str, str, int, int]]:
        """(name, value, bit offset, bit length), a line each, for the packet lens."""
        first = self.first_line
        found = [("line", first.decode("latin-1"), 0, 8 * len(first))]
        at = len(first) + 2
        for name, value in self.headers:
            size = len(name) + 2 + len(value)
            text = value.decode("latin-1")
            found.append((name.decode("latin-1"), text, 8 * at, 8 * size))
            at += size + 2
        if self.body:
            found.append(("body", f"{len(self.body)} bytes", 8 * at + 16, 8 * len(self.body)))
        return found


def chunk_size(line: bytes) -> int:
    """The size in a chunk's first line; extensions are ignored. Malformed."""
    text = line.partition(b";")[0].strip()
    if not 1 <= len(text) <= 15 or any(byte not in b"0123456789abcdefABCDEF" for byte in text):
        raise Malformed("chunk size")
    return int(text, 16)
