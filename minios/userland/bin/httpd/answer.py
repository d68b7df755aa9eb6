"""What is answered to a request: a file, a listing, a script's output or an error."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import S_IFDIR, S_IFMT, S_IFREG, X_OK
from minios.abi.records import Stat
from minios.abi.sys import Sys
from minios.net.wire.http import REASONS, Message
from minios.userland.bin.httpd.config import Config, Site
from minios.userland.lib.calendar import strftime, timestamp
from minios.userland.lib.net.url import quote, unquote
from minios.userland.lib.stdio import list_dir

DATE = b"%a, %d %b %Y %H:%M:%S GMT"
MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
          b"Dec")  # fmt: skip

_TEXTS = {
    400: "Your browser sent a request that this server could not understand.<br />\n",
    403: "You don't have permission to access this resource.",
    404: "The requested URL was not found on this server.",
    405: "The requested method {method} is not allowed for this URL.",
    408: "Server timeout waiting for the HTTP request from the client.",
    413: "The requested resource does not allow request data with {method} requests, or the "
    "amount of data provided in\nthe request exceeds the capacity limit.",
    414: "The requested URL's length exceeds the capacity\nlimit for this server.<br />",
    416: "None of the range-specifier values in the Range\nrequest-header field overlap the "
    "current extent\nof the selected resource.",
    500: "The server encountered an internal error or\nmisconfiguration and was unable to "
    "complete\nyour request.",
    501: "{method} not supported for current URL.<br />",
    503: "The server is temporarily unable to service your\nrequest due to maintenance downtime "
    "or capacity\nproblems. Please try again later.",
}  # fmt: skip


@dataclass(slots=True)
class Answer:
    """A status, headers, and a body or the part of a file (``path``, first byte, how many)."""

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    path: bytes = b""
    start: int = 0
    size: int = 0
    script: bytes = b""
    """A program whose output is the answer."""
    path_info: bytes = b""

    @property
    def length(self) -> int:
        return self.size if self.path else len(self.body)


def http_date(ns: int) -> bytes:
    return strftime(DATE, ns)


def parse_date(text: bytes) -> int | None:
    """ns since the epoch of an HTTP date; None for what is none (RFC 9110 §5.6.7)."""
    words = text.replace(b",", b" ").replace(b"-", b" ").split()
    try:
        if len(words) == 6:
            day, month, year = int(words[1]), MONTHS.index(words[2]) + 1, int(words[3])
            clock = words[4]
        else:
            day, month, year = int(words[2]), MONTHS.index(words[1]) + 1, int(words[4])
            clock = words[3]
        hour, minute, second = map(int, clock.split(b":"))
    except (ValueError, IndexError):
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    return timestamp(year, month, day, hour, minute, second) * 1_000_000_000


def etag(stat: Stat) -> bytes:
    """The entity's tag: size and time of the last change, as Apache makes it."""
    return b'"%x-%x"' % (stat.size, stat.mtime // 1000)


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def error_page(config: Config, status: int, request: Message, port: int, more: str = "") -> Answer:
    """A page that says what went wrong, in Apache's words."""
    reason = REASONS.get(status, "Unknown")
    text = _TEXTS.get(status, more or reason)
    text = text.format(method=escape(request.method.decode("latin-1")))
    host = request.get(b"host").partition(b":")[0].decode("latin-1") or "localhost"
    where = f"{config.tokens} Server at {escape(host)} Port {port}"
    page = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n'
        f"<html><head>\n<title>{status} {reason}</title>\n</head><body>\n"
        f"<h1>{reason}</h1>\n"
        f"<p>{text}{more if status in _TEXTS else ''}</p>\n<hr>\n<address>{where}</address>\n"
        "</body></html>\n"
    )
    return Answer(
        status, [(b"Content-Type", b"text/html; charset=iso-8859-1")], page.encode("latin-1")
    )


class Resolver:
    """Finds what a request means."""

    def __init__(self, sys: Sys, config: Config) -> None:
        self.sys = sys
        self.config = config

    def site(self, request: Message, port: int) -> Site:
        """The virtual host of a request: by its name, else the first of the port."""
        host = request.get(b"host").decode("latin-1").partition(":")[0]
        sites = [site for site in self.config.sites if site.port in (0, port)]
        sites = sites or self.config.sites
        return next((site for site in sites if site.answers_to(host)), sites[0])

    async def answer(self, request: Message, port: int) -> Answer:
        """The answer, but for what a script says."""
        config = self.config
        if request.version not in (b"HTTP/1.0", b"HTTP/1.1"):
            return error_page(config, 505, request, port)
        if request.version == b"HTTP/1.1" and not request.has(b"host"):
            return error_page(config, 400, request, port)
        if request.method == b"OPTIONS":
            return Answer(200, [(b"Allow", b"GET,POST,OPTIONS,HEAD")])
        if request.method not in (b"GET", b"HEAD", b"POST"):
            status = 405 if request.method in (b"PUT", b"DELETE", b"PATCH", b"TRACE") else 501
            answer = error_page(config, status, request, port)
            answer.headers.insert(0, (b"Allow", b"GET,POST,OPTIONS,HEAD"))
            return answer
        site = self.site(request, port)
        target = request.target
        if target.startswith(b"http://"):
            target = b"/" + target[7:].partition(b"/")[2]
        path = unquote(target.partition(b"?")[0])
        if not path.startswith(b"/") or b"\0" in path:
            return error_page(config, 400, request, port)
        parts = path.split(b"/")
        if b".." in parts:
            return error_page(config, 400, request, port)
        text = path.decode("latin-1")
        for prefix, location, status in site.redirects:
            if text == prefix or text.startswith(prefix.rstrip("/") + "/"):
                where = location + text[len(prefix) :]
                return self._moved(request, status, where.encode("latin-1"), port)
        answer = await self._found(request, site, path, port)
        if answer.status >= 400 and answer.status in site.error_pages:
            page = site.error_pages[answer.status]
            if page.startswith("/"):
                other = await self._found(request, site, page.encode("latin-1"), port)
                if other.status == 200:
                    other.status = answer.status
                    answer = other
            else:
                answer.body = page.encode("latin-1")
        answer.headers += [(k.encode("latin-1"), v.encode("latin-1")) for k, v in site.headers]
        return answer

    async def _found(self, request: Message, site: Site, path: bytes, port: int) -> Answer:
        text = path.decode("latin-1")
        for prefix, folder in site.scripts.items():
            if text.startswith(prefix):
                return await self._script(request, folder, text[len(prefix) :], port)
        place = site.root.encode("latin-1") + path
        for prefix, folder in site.aliased.items():
            if text.startswith(prefix):
                place = (folder + text[len(prefix) :]).encode("latin-1")
        try:
            stat = await self.sys.stat(place)
        except OSError as err:
            status = 403 if err.errno == Errno.EACCES else 404
            return error_page(self.config, status, request, port)
        if stat.mode & S_IFMT == S_IFDIR:
            return await self._directory(request, site, path, place, port)
        if stat.mode & S_IFMT != S_IFREG or path.endswith(b"/"):
            return error_page(self.config, 404 if path.endswith(b"/") else 403, request, port)
        return await self._file(request, place, stat, port)

    def _moved(self, request: Message, status: int, where: bytes, port: int) -> Answer:
        link = escape(where.decode("latin-1"))
        page = error_page(self.config, status, request, port)
        text = f'The document has moved <a href="{link}">here</a>.'
        page.body = page.body.replace(
            f"<p>{REASONS.get(status, '')}</p>".encode(), f"<p>{text}</p>".encode("latin-1")
        )
        page.headers.insert(0, (b"Location", where))
        return page

    async def _directory(
        self, request: Message, site: Site, path: bytes, place: bytes, port: int
    ) -> Answer:
        if not path.endswith(b"/"):
            host = request.get(b"host") or b"localhost"
            where = b"http://" + host + quote(path, b"/") + b"/"
            return self._moved(request, 301, where, port)
        for name in site.index:
            file = place.rstrip(b"/") + b"/" + name.encode("latin-1")
            with suppress(OSError):
                stat = await self.sys.stat(file)
                if stat.mode & S_IFMT == S_IFREG:
                    return await self._file(request, file, stat, port)
        if not site.listing:
            return error_page(self.config, 403, request, port)
        return await self._listing(request, path, place, port)

    async def _listing(self, request: Message, path: bytes, place: bytes, port: int) -> Answer:
        try:
            names = await list_dir(self.sys, place)
        except OSError:
            return error_page(self.config, 403, request, port)
        shown = escape(path.decode("latin-1"))
        rows = []
        if path != b"/":
            rows.append('<li><a href="../"> Parent Directory</a></li>')
        for name in names:
            if name.startswith(b"."):
                continue
            with suppress(OSError):
                stat = await self.sys.stat(place.rstrip(b"/") + b"/" + name)
                if stat.mode & S_IFMT == S_IFDIR:
                    name += b"/"
                link, label = quote(name, b"/").decode(), escape(name.decode("latin-1"))
                rows.append(f'<li><a href="{link}"> {label}</a></li>')
        page = (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n'
            f"  <title>Index of {shown}</title>\n </head>\n <body>\n<h1>Index of {shown}</h1>\n"
            "<ul>" + "\n".join(rows) + "\n</ul>\n</body></html>\n"
        )
        return Answer(200, [(b"Content-Type", b"text/html;charset=UTF-8")], page.encode("latin-1"))

    async def _file(self, request: Message, place: bytes, stat: Stat, port: int) -> Answer:
        """A file, whole, in part, or the news that nothing has changed (RFC 9110 §13, §14)."""
        try:
            await self.sys.eaccess(place, 4)
        except OSError:
            return error_page(self.config, 403, request, port)
        tag = etag(stat)
        modified = stat.mtime // 1_000_000_000 * 1_000_000_000
        validators = [(b"Last-Modified", http_date(modified)), (b"ETag", tag)]
        if request.has(b"if-none-match"):
            given = [word.strip() for word in request.get(b"if-none-match").split(b",")]
            fresh = tag in given or b"*" in given or b"W/" + tag in given
        else:
            since = parse_date(request.get(b"if-modified-since"))
            fresh = since is not None and modified <= since
        if fresh and request.method in (b"GET", b"HEAD"):
            return Answer(304, validators)
        extension = place.rpartition(b"/")[2].rpartition(b".")[2].decode("latin-1").lower()
        kind = self.config.types.get(extension, "")
        headers = [*validators, (b"Accept-Ranges", b"bytes")]
        answer = Answer(200, headers, path=place, size=stat.size)
        wanted = request.get(b"range")
        if wanted.startswith(b"bytes=") and b"," not in wanted and request.method == b"GET":
            part = _range(wanted[6:], stat.size)
            if part is None:
                refused = error_page(self.config, 416, request, port)
                refused.headers.insert(0, (b"Content-Range", b"bytes */%d" % stat.size))
                return refused
            answer.status = 206
            answer.start, last = part
            answer.size = last - answer.start + 1
            headers.append((b"Content-Range", b"bytes %d-%d/%d" % (answer.start, last, stat.size)))
        if kind:
            headers.append((b"Content-Type", kind.encode("latin-1")))
        return answer

    async def _script(self, request: Message, folder: str, rest: str, port: int) -> Answer:
        name, slash, info = rest.partition("/")
        place = (folder.rstrip("/") + "/" + name).encode("latin-1")
        try:
            stat = await self.sys.stat(place)
        except OSError:
            return error_page(self.config, 404, request, port)
        if not name or stat.mode & S_IFMT != S_IFREG:
            return error_page(self.config, 403, request, port)
        try:
            await self.sys.eaccess(place, X_OK)
        except OSError:
            return error_page(self.config, 403, request, port)
        return Answer(200, script=place, path_info=(slash + info).encode("latin-1"))


def _range(text: bytes, size: int) -> tuple[int, int] | None:
    """(first, last) byte of a range; None if it cannot be satisfied (RFC 9110 §14.1.2)."""
    first, dash, last = text.partition(b"-")
    if not dash or (first and not first.isdigit()) or (last and not last.isdigit()):
        return 0, max(size - 1, 0)
    if not first:
        count = int(last or 0)
        return (max(size - count, 0), size - 1) if count and size else None
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    return (start, end) if start < size and start <= end else None
