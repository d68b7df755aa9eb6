"""Uniform resource locators, as far as http and file need them (RFC 3986)."""

from __future__ import annotations

from dataclasses import dataclass, replace


class BadUrl(ValueError):
    """``str`` is what is wrong, as curl says it."""


@dataclass(slots=True)
class Url:
    """An address. ``path`` has the query, ``port`` 0 is the scheme's own."""

    scheme: bytes
    host: bytes
    port: int
    path: bytes
    user: bytes | None = None
    password: bytes = b""

    @property
    def effective_port(self) -> int:
        return self.port or {b"https": 443, b"ftp": 21}.get(self.scheme, 80)

    @property
    def authority(self) -> bytes:
        """As it stands in the Host header."""
        usual = {b"http": 80, b"https": 443}.get(self.scheme)
        if self.port and self.port != usual:
            return self.host + b":%d" % self.port
        return self.host

    @property
    def text(self) -> bytes:
        return self.scheme + b"://" + self.authority + self.path

    def join(self, location: bytes) -> Url:
        """Where a Location header leads from here (RFC 3986 §5.2)."""
        location = location.partition(b"#")[0]
        if b"://" in location.split(b"?")[0]:
            return parse(location)
        if location.startswith(b"//"):
            return parse(self.scheme + b":" + location)
        if location.startswith(b"/"):
            path = location
        elif location.startswith(b"?"):
            path = self.path.partition(b"?")[0] + location
        elif not location:
            path = self.path
        else:
            path = self.path.partition(b"?")[0].rpartition(b"/")[0] + b"/" + location
        head, mark, query = path.partition(b"?")
        return replace(self, path=without_dots(head) + mark + query)


def without_dots(path: bytes) -> bytes:
    """A path with ``.`` and ``..`` followed (RFC 3986 §5.2.4)."""
    parts: list[bytes] = []
    pieces = path.split(b"/")[1:]
    for at, part in enumerate(pieces):
        last = at == len(pieces) - 1
        if part == b"..":
            if parts:
                parts.pop()
            if last:
                parts.append(b"")
        elif part == b".":
            if last:
                parts.append(b"")
        else:
            parts.append(part)
    return b"/" + b"/".join(parts)


def parse(text: bytes) -> Url:
    """Read a URL; without a scheme it is http. BadUrl."""
    if any(byte < 0x21 or byte == 0x7F for byte in text):
        raise BadUrl("URL using bad/illegal format or missing URL")
    scheme, mark, rest = text.partition(b"://")
    if not mark:
        scheme, rest = b"http", text
    scheme = scheme.lower()
    cut = min((at for at in (rest.find(c) for c in (b"/", b"?", b"#")) if at >= 0), default=-1)
    authority, path = (rest, b"/") if cut < 0 else (rest[:cut], rest[cut:])
    path = path.partition(b"#")[0]
    if not path.startswith(b"/"):
        path = b"/" + path
    if scheme == b"file":
        return Url(scheme, authority, 0, path)
    credentials, at, host = authority.rpartition(b"@")
    user: bytes | None = None
    password = b""
    if at:
        user, _, password = credentials.partition(b":")
        user, password = unquote(user), unquote(password)
    host, colon, port = host.partition(b":")
    number = 0
    if colon and port:
        if not port.isdigit() or int(port) > 65535:
            raise BadUrl("URL using bad/illegal format or missing URL")
        number = int(port)
    if not host:
        raise BadUrl("URL using bad/illegal format or missing URL")
    if any(byte in b' <>[]{}|\\^`"' for byte in host):
        raise BadUrl("URL using bad/illegal format or missing URL")
    return Url(scheme, host, number, path, user, password)


def unquote(text: bytes) -> bytes:
    """``%41`` is ``A``; what is no such sequence stays."""
    parts = text.split(b"%")
    out = parts[0]
    for part in parts[1:]:
        try:
            out += bytes((int(part[:2], 16),)) + part[2:] if len(part) > 1 else b"%" + part
        except ValueError:
            out += b"%" + part
    return out


_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


def quote(text: bytes, safe: bytes = b"") -> bytes:
    """Everything but unreserved characters as ``%XX``."""
    return b"".join(
        bytes((byte,)) if byte in _PLAIN or byte in safe else b"%%%02X" % byte for byte in text
    )


def base64(data: bytes) -> bytes:
    """RFC 4648 §4."""
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    out = bytearray()
    for at in range(0, len(data), 3):
        part = data[at : at + 3]
        number = int.from_bytes(part.ljust(3, b"\0"))
        quad = bytes(letters[number >> shift & 63] for shift in (18, 12, 6, 0))
        out += quad[: len(part) + 1].ljust(4, b"=")
    return bytes(out)
