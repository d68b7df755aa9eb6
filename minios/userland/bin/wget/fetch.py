"""wget's conversation with servers."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.inet import ip_text
from minios.net.wire.http import Message
from minios.net.wire.malformed import Malformed
from minios.userland.bin.wget.progress import Dots, human, seconds, speed
from minios.userland.lib.calendar import strftime
from minios.userland.lib.net.gai import GaiError, getaddrinfo, inet_aton
from minios.userland.lib.net.httpbody import Ended, Short, body, read_head
from minios.userland.lib.net.stream import Stream, connect
from minios.userland.lib.net.url import BadUrl, Url, base64, unquote
from minios.userland.lib.program import Tool
from minios.userland.lib.stdio import why, write_all

GENERIC, PARSE, IO, NETWORK, AUTH, PROTOCOL, RESPONSE = 1, 2, 3, 4, 6, 7, 8
"""Exit statuses (wget(1))."""
NS = 1_000_000_000


class Given(Exception):
    """This URL is given up; ``status`` is the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Again(Exception):
    """This try has failed; another may not. ``lead`` is said, then whether there is one."""

    def __init__(self, lead: str) -> None:
        super().__init__(lead)


@dataclass(slots=True)
class Kept:
    """An open connection."""

    host: bytes
    port: int
    stream: Stream


@dataclass(slots=True)
class Settings:
    """The options that are looked at often. Times are ns."""

    quiet: bool = False
    brief: bool = False
    tries: int = 20
    timeout: int = 900 * NS
    connect_timeout: int | None = None
    redirects: int = 20
    headers: list[bytes] = field(default_factory=list)


class Fetcher:
    """Fetches one document at a time, and says how it goes."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.options = tool.options
        self.settings = Settings()
        self.log = 2
        self.kept: Kept | None = None
        self.document = -1
        self.bar = False
        self.files = self.bytes = self.spent = 0

    async def say(self, text: str, *, brief: bool = False) -> None:
        """Part of the log. ``brief``: with -nv too."""
        if self.settings.quiet or (self.settings.brief and not brief):
            return
        await write_all(self.sys, self.log, text.encode("latin-1", "replace"))

    async def now(self) -> int:
        return await self.sys.clock_gettime(CLOCK_MONOTONIC)

    async def stamp(self) -> str:
        return strftime(b"%Y-%m-%d %H:%M:%S", await self.sys.clock_gettime()).decode()

    def name_for(self, url: Url) -> bytes:
        """What the file is called here."""
        name = unquote(url.path.partition(b"?")[0].rpartition(b"/")[2]) or b"index.html"
        name = name.replace(b"/", b"%2F")
        _, mark, query = url.path.partition(b"?")
        name += mark + query.replace(b"/", b"%2F")
        prefix = self.options.last("P")
        return prefix.rstrip(b"/") + b"/" + name if prefix else name

    async def _unique(self, name: bytes) -> bytes:
        """A name that no file has: with .1, .2 … behind it."""
        number = 0
        while True:
            path = name if not number else name + b".%d" % number
            try:
                await self.sys.lstat(path)
            except OSError:
                return path
            number += 1

    async def _connect(self, url: Url) -> Stream:
        """A connection. Given if there can be none, Again if there may be one later."""
        port = url.effective_port
        kept, self.kept = self.kept, None
        if kept is not None:
            if (kept.host, kept.port) == (url.host, port):
                await self.say(f"Reusing existing connection to {_authority(url)}.\n")
                return kept.stream
            await self.sys.close(kept.stream.fd)
        host = url.host.decode("latin-1")
        numeric = inet_aton(url.host) is not None
        if not numeric:
            await self.say(f"Resolving {host} ({host})... ")
        try:
            found = await getaddrinfo(self.sys, url.host)
        except GaiError as err:
            await self.say(f"failed: {err.text.decode()}.\n")
            text = f"wget: unable to resolve host address '{host}'\n"
            if not self.settings.quiet:
                await write_all(self.sys, self.log, text.encode("latin-1"))
            raise Given(NETWORK) from None
        if not numeric:
            addresses = ", ".join(ip_text(info.address[0]) for info in found[:3])
            await self.say(addresses + (", ...\n" if len(found) > 3 else "\n"))
        refused = True
        for info in found:
            ip = info.address[0]
            where = f"{ip_text(ip)}:{port}" if numeric else f"{host} ({host})|{ip_text(ip)}|:{port}"
            await self.say(f"Connecting to {where}... ")
            try:
                fd = await connect(self.sys, (ip, port), self.settings.connect_timeout)
            except OSError as err:
                await self.say(f"failed: {why(err).decode()}.\n")
                refused = refused and err.errno in (Errno.ECONNREFUSED, Errno.ENETUNREACH)
                continue
            await self.say("connected.\n")
            return Stream(self.sys, fd, self.settings.timeout)
        if refused and "retry-connrefused" not in self.options:
            raise Given(NETWORK)
        raise Again("")

    def _request(self, url: Url, offset: int) -> Message:
        options = self.options
        data = options.last("post-data")
        if data is None:
            data = options.last("body-data")
        method = options.last("method") or (b"POST" if data is not None else b"GET")
        if "spider" in options and data is None:
            method = b"HEAD"
        headers = [(b"Host", url.authority)]
        headers.append((b"User-Agent", options.last("U") or b"Wget/1.21.3"))
        headers.append((b"Accept", b"*/*"))
        headers.append((b"Accept-Encoding", b"identity"))
        if offset:
            headers.append((b"Range", b"bytes=%d-" % offset))
        if (referer := options.last("referer")) is not None:
            headers.append((b"Referer", referer))
        user = options.last("user") or options.last("http-user") or url.user
        if user is not None:
            password = options.last("password") or options.last("http-password") or url.password
            headers.append((b"Authorization", b"Basic " + base64(user + b":" + password)))
        headers.append((b"Connection", b"Keep-Alive"))
        if data is not None:
            headers.append((b"Content-Type", b"application/x-www-form-urlencoded"))
            headers.append((b"Content-Length", b"%d" % len(data)))
        for line in self.settings.headers:
            name, _, value = line.partition(b":")
            headers = [h for h in headers if h[0].lower() != name.lower()]
            headers.append((name, value.strip()))
        return Message(headers, data or b"", method=method, target=url.path)

    async def fetch(self, url: Url, name: bytes) -> Url | None:
        """One request; where it leads, or None when the document is here."""
        options = self.options
        document = options.last("O")
        spider = "spider" in options
        path = document if document is not None else name
        offset = 0
        if "c" in options and path != b"-":
            try:
                offset = (await self.sys.stat(path)).size
            except OSError:
                offset = 0
        elif document is None and not spider:
            path = await self._unique(name)
        stream = await self._connect(url)
        request = self._request(url, offset)
        await self.say("HTTP request sent, awaiting response... ")
        try:
            await stream.write(request.pack())
            answer, raw = await read_head(stream)
        except Ended as ended:
            await self.sys.close(stream.fd)
            raise Again(
                "No data received.\n" if not ended.data else "Read error (Success) in headers.\n"
            ) from None
        except Malformed:
            await self.sys.close(stream.fd)
            await self.say("Malformed status line.\n")
            raise Given(PROTOCOL) from None
        except OSError as err:
            await self.sys.close(stream.fd)
            raise Again(f"Read error ({why(err).decode()}) in headers.\n") from None
        await self._status(answer, raw)
        location = answer.get(b"location")
        if answer.status in (300, 301, 302, 303, 307, 308) and location:
            return await self._follow(url, stream, request, answer, location)
        if answer.status == 416 and offset:
            await self._done(stream, request, answer, url)
            await self.say("\n    The file is already fully retrieved; nothing to do.\n\n")
            return None
        if answer.status // 100 != 2:
            await self._done(stream, request, answer, url)
            await self._refused(answer, spider, url)
        if spider:
            await self._length(answer, 0)
            await self._done(stream, request, answer, url)
            await self.say("Remote file exists.\n\n")
            return None
        size = answer.content_length
        skip = 0
        if offset and answer.status == 200:
            if size is not None and offset >= size:
                await self.sys.close(stream.fd)
                await self.say("\n    The file is already fully retrieved; nothing to do.\n\n")
                return None
            # The server sends it all: what is there already is passed over.
            skip = offset
        await self._save(stream, answer, url, path, offset, skip)
        return None

    async def _status(self, answer: Message, raw: bytes) -> None:
        if "S" in self.options:
            lines = raw.decode("latin-1").replace("\r", "").rstrip("\n").split("\n")
            await self.say("\n" + "".join(f"  {line}\n" for line in lines))
        else:
            reason = answer.reason.decode("latin-1")
            await self.say(f"{answer.status} {reason}\n")

    async def _follow(
        self, url: Url, stream: Stream, request: Message, answer: Message, location: bytes
    ) -> Url:
        shown = location.decode("latin-1")
        await self.say(f"Location: {shown} [following]\n")
        await self._done(stream, request, answer, url)
        try:
            return url.join(location)
        except BadUrl:
            await self.say(f"{shown}: Invalid host name.\n", brief=True)
            raise Given(GENERIC) from None

    async def _refused(self, answer: Message, spider: bool, url: Url) -> None:
        reason = answer.reason.decode("latin-1")
        if spider and answer.status == 404:
            await self.say("Remote file does not exist -- broken link!!!\n\n", brief=True)
        elif answer.status == 401:
            await self.say("\nUsername/Password Authentication Failed.\n", brief=True)
            raise Given(AUTH)
        else:
            if self.settings.brief:
                await self.say(f"{shown_url(url)}:\n", brief=True)
            await self.say(f"{await self.stamp()} ERROR {answer.status}: {reason}.\n", brief=True)
            await self.say("\n")
        raise Given(RESPONSE)

    async def _done(self, stream: Stream, request: Message, answer: Message, url: Url) -> None:
        """Read what is left of an answer, and keep the connection if it can be."""
        try:
            async for _ in body(stream, answer, head=request.method == b"HEAD"):
                continue
        except (Short, OSError, Malformed):
            await self.sys.close(stream.fd)
            return
        framed = answer.content_length is not None or request.method == b"HEAD"
        if answer.keeps_alive() and (framed or answer.lists(b"transfer-encoding", b"chunked")):
            self.kept = Kept(url.host, url.effective_port, stream)
        else:
            await self.sys.close(stream.fd)

    async def _length(self, answer: Message, offset: int) -> None:
        """``Length: 200000 (195K) [text/plain]``."""
        size = answer.content_length
        if size is None and not answer.has(b"transfer-encoding") and answer.status == 204:
            return
        text = "Length: "
        if size is None:
            text += "unspecified"
        else:
            whole = size + offset
            text += str(whole) + (f" ({human(whole)})" if whole >= 1024 else "")
            if offset:
                text += f", {size}" + (f" ({human(size)})" if size >= 1024 else "") + " remaining"
        kind = answer.get(b"content-type").partition(b";")[0].strip().decode("latin-1")
        await self.say(text + (f" [{kind}]\n" if kind else "\n"))

    async def _save(
        self, stream: Stream, answer: Message, url: Url, path: bytes, offset: int, skip: int
    ) -> None:
        empty = answer.status == 204
        if not empty:
            await self._length(answer, offset - skip)
        shown = "STDOUT" if path == b"-" else path.decode("latin-1")
        if not empty:
            await self.say(f"Saving to: '{shown}'\n")
        fd = -1 if empty else await self._open(path, offset)
        size = answer.content_length
        offset -= skip
        total = None if size is None else size + offset
        start = await self.now()
        dots = Dots(total, offset, start)
        if not empty and not self.bar:
            await self.say(dots.begin())
        got, problem = 0, ""
        try:
            async for piece in body(stream, answer):
                await write_all(self.sys, fd, piece[max(skip - got, 0) :])
                got += len(piece)
                if not self.bar:
                    await self.say(dots.put(len(piece), await self.now()))
        except Short:
            problem = f"Connection closed at byte {got + offset}. "
        except OSError as err:
            problem = f"Read error at byte {got + offset} ({why(err).decode()})."
        spent = await self.now() - start
        if not empty:
            await self.say(
                self._bar(path, got, total, spent) if self.bar else dots.end(start + spent)
            )
        if fd > 2 and path != self.options.last("O"):
            await self.sys.close(fd)
        if problem:
            await self.sys.close(stream.fd)
            await self.say(f"{await self.stamp()} ({speed(got, spent)}) - ")
            raise Again(problem)
        self.kept = None
        await self._done_saved(stream, answer, url)
        self.files += 1
        self.bytes += got
        self.spent += spent
        count = f"[{got + offset}/{total}]" if total is not None else f"[{got}]"
        what = "written to stdout" if path == b"-" else f"'{shown}' saved"
        if self.settings.brief:
            name = "-" if path == b"-" else shown
            text = f'{await self.stamp()} URL:{shown_url(url)} {count} -> "{name}" [1]\n'
            await self.say(text, brief=True)
            return
        moved = "0.00 B/s" if empty else speed(got, spent)
        await self.say(f"{await self.stamp()} ({moved}) - {what} {count}\n\n")

    async def _done_saved(self, stream: Stream, answer: Message, url: Url) -> None:
        framed = answer.content_length is not None or answer.status == 204
        if answer.keeps_alive() and (framed or answer.lists(b"transfer-encoding", b"chunked")):
            self.kept = Kept(url.host, url.effective_port, stream)
        else:
            await self.sys.close(stream.fd)

    async def _open(self, path: bytes, offset: int) -> int:
        """The file to write. Every document of -O goes to the same."""
        if path == b"-":
            return 1
        if path == self.options.last("O") and self.document >= 0:
            return self.document
        try:
            if path != self.options.last("O") and b"/" in path:
                await self._directories(path.rpartition(b"/")[0])
            mode = O_APPEND if offset else O_TRUNC
            fd = await self.sys.open(path, O_WRONLY | O_CREAT | mode, 0o644)
        except OSError as err:
            shown = path.decode("latin-1")
            await self.say(f"{shown}: {why(err).decode()}\n", brief=True)
            await self.say(f"\nCannot write to '{shown}' ({why(err).decode()}).\n", brief=True)
            raise Given(IO) from None
        if path == self.options.last("O"):
            self.document = fd
        return fd

    async def _directories(self, path: bytes) -> None:
        """mkdir -p."""
        parts = path.split(b"/")
        for at in range(1, len(parts) + 1):
            part = b"/".join(parts[:at])
            if part:
                try:
                    await self.sys.mkdir(part, 0o755)
                except OSError as err:
                    if err.errno != Errno.EEXIST:
                        raise

    def _bar(self, path: bytes, got: int, total: int | None, ns: int) -> str:
        """The bar as it stands at the end."""
        name = path.decode("latin-1").rpartition("/")[2][:19]
        percent = f"{min(100 * got // total, 100) if total else 100:3d}%"
        room = 19
        mark = "[" + "=" * room + ">]" if total is not None else "[" + " <=>".ljust(room + 1) + "]"
        size = f"{got:,}" if got < 1024 else f"{human(got)}"
        moved = speed(got, ns).replace(" ", "") if ns >= 100_000_000 else "--.-KB/s"
        return f"\n{name:<19} {percent}{mark} {size:>7}  {moved:>8}    in {seconds(ns)}s      \n\n"


def _authority(url: Url) -> str:
    return f"{url.host.decode('latin-1')}:{url.effective_port}"


def shown_url(url: Url) -> str:
    return url.text.decode("latin-1")
