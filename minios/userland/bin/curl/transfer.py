"""One transfer: connect, ask, read the answer, follow where it leads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, POLLIN
from minios.abi.inet import ip_text
from minios.abi.sys import Sys
from minios.net.wire.http import Message
from minios.net.wire.malformed import Malformed
from minios.userland.bin.curl.meter import Meter
from minios.userland.bin.curl.options import Options
from minios.userland.lib.net.gai import GaiError, getaddrinfo
from minios.userland.lib.net.httpbody import Ended, Short, body, read_head
from minios.userland.lib.net.stream import Stream, connect
from minios.userland.lib.net.url import BadUrl, Url, base64
from minios.userland.lib.stdio import complain, why

MILLISECOND = 1_000_000
EXPECT = 1_000_000_000


class CurlError(Exception):
    """Ends a transfer: exit status and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Outcome:
    """What --write-out can tell. Times are ns since the start."""

    url: Url
    code: int = 0
    version: bytes = b""
    content_type: bytes = b""
    redirects: int = 0
    redirect_url: bytes = b""
    received: int = 0
    sent: int = 0
    header_size: int = 0
    request_size: int = 0
    connects: int = 0
    local: tuple[int, int] | None = None
    remote: tuple[int, int] | None = None
    filename: bytes = b""
    method: bytes = b""
    times: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Connection:
    """An open connection, kept for the next request to the same place."""

    number: int
    host: bytes
    port: int
    stream: Stream


Write = Callable[[bytes], Awaitable[None]]


class Transfer:
    """Fetches one URL with all its redirections."""

    def __init__(self, sys: Sys, options: Options, url: Url, meter: Meter | None) -> None:
        self.sys = sys
        self.options = options
        self.url = url
        self.meter = meter
        self.outcome = Outcome(url)
        self.start = 0
        self.deadline: int | None = None
        self.metering = False
        self._settled = False
        self._posting = False
        self.pool: list[Connection] = []
        """Connections that are left for the next request."""

    async def now(self) -> int:
        return await self.sys.clock_gettime(CLOCK_MONOTONIC)

    async def mark(self, name: str) -> None:
        self.outcome.times[name] = await self.now() - self.start

    async def note(self, text: str | bytes) -> None:
        """A line of -v."""
        if "v" in self.options:
            line = text.encode("latin-1") if isinstance(text, str) else text
            await complain(self.sys, b"* " + line)

    # -- connecting ------------------------------------------------------------------------------

    async def open(self, pool: list[Connection]) -> tuple[Connection, bool]:
        """A connection to the URL's host, and whether it was there already. CurlError."""
        url = self.url
        port = url.effective_port
        for known in pool:
            if (known.host, known.port) == (url.host, port):
                pool.remove(known)
                await self.note("Found bundle for host: 0x55d0c0de0000 [serially]")
                await self.note("Can not multiplex, even if we wanted to")
                await self.note(
                    b"Re-using existing connection #%d with host %b" % (known.number, url.host)
                )
                return known, True
        target = self.options.resolve.get((url.host, port), url.host)
        try:
            found = await getaddrinfo(self.sys, target)
        except GaiError:
            await self.note(f"Could not resolve host: {url.host.decode('latin-1')}")
            raise CurlError(6, f"Could not resolve host: {url.host.decode('latin-1')}") from None
        await self.mark("namelookup")
        shown = url.host.decode("latin-1")
        started = await self.now()
        source = (0, self.options.local_port) if self.options.local_port else None
        for info in found:
            ip = info.address[0]
            await self.note(f"  Trying {ip_text(ip)}:{port}...")
            left = self.options.connect_timeout
            if self.deadline is not None:
                left = min(left, max(self.deadline - await self.now(), 0))
            try:
                fd = await connect(self.sys, (ip, port), left, source=source)
            except OSError as err:
                if err.errno == Errno.ETIMEDOUT:
                    spent = (await self.now() - started) // MILLISECOND
                    if spent >= left // MILLISECOND:
                        text = f"Connection timeout after {spent} ms"
                        if self.deadline is not None and await self.now() >= self.deadline:
                            text = f"Connection timed out after {spent} milliseconds"
                        await self.note(text)
                        raise CurlError(28, text) from None
                await self.note(f"connect to {ip_text(ip)} port {port} failed: {why(err).decode()}")
                continue
            await self.mark("connect")
            self.outcome.connects += 1
            self.outcome.remote = ip, port
            await self.note(f"Connected to {shown} ({ip_text(ip)}) port {port} (#{self.number})")
            stream = Stream(self.sys, fd)
            stream.deadline = self.deadline
            connection = Connection(self.number, url.host, port, stream)
            Transfer.number += 1
            return connection, False
        spent = (await self.now() - started) // MILLISECOND
        text = f"Failed to connect to {shown} port {port} after {spent} ms: "
        text += "Couldn't connect to server"
        await self.note(text)
        raise CurlError(7, text)

    number = 0
    """Of the next connection, as -v counts them."""

    # -- asking ----------------------------------------------------------------------------------

    def request(self, data: bytes | None) -> Message:
        """The request for the current URL."""
        options, url = self.options, self.url
        method = options.method
        if not method:
            if "I" in options:
                method = b"HEAD"
            elif options.upload is not None:
                method = b"PUT"
            else:
                method = b"GET" if data is None else b"POST"
        headers = [(b"Host", url.authority)]
        user = options.user
        if user is None and url.user is not None:
            user = url.user + b":" + url.password
        if user is not None:
            headers.append((b"Authorization", b"Basic " + base64(user)))
        if options.range:
            headers.append((b"Range", b"bytes=" + options.range))
        if options.agent is not None:
            headers.append((b"User-Agent", options.agent))
        headers.append((b"Accept", b"*/*"))
        if options.referer:
            headers.append((b"Referer", options.referer))
        if options.cookie:
            headers.append((b"Cookie", options.cookie))
        if data is not None:
            headers.append((b"Content-Length", b"%d" % len(data)))
            if options.upload is None:
                headers.append((b"Content-Type", b"application/x-www-form-urlencoded"))
            elif data:
                headers.append((b"Expect", b"100-continue"))
        given: list[tuple[bytes, bytes]] = []
        removed: list[bytes] = []
        for line in options.headers:
            name, colon, value = line.partition(b":")
            if colon and value.strip():
                given.append((name, value.strip()))
                removed.append(name.lower())
            elif colon:
                removed.append(name.lower())
            elif line.endswith(b";"):
                given.append((line[:-1], b""))
                removed.append(line[:-1].lower())
        host = [h for h in given if h[0].lower() == b"host"]
        rest = [h for h in given if h[0].lower() != b"host"]
        headers = host + [h for h in headers if h[0].lower() not in removed] + rest
        version = b"HTTP/1.0" if "0" in options else b"HTTP/1.1"
        return Message(headers, method=method, target=url.path, version=version)

    async def run(self, data: bytes | None, write: Write, header: Write) -> None:
        """Ask and follow. CurlError."""
        self.start = await self.now()
        if self.options.max_time is not None:
            self.deadline = self.start + self.options.max_time
        while True:
            sent = data
            location, data = await self._once(self.pool, data, write, header)
            if location is None:
                return
            limit = self.options.max_redirects
            if 0 <= limit <= self.outcome.redirects:
                raise CurlError(47, f"Maximum ({limit}) redirects followed")
            self.outcome.redirects += 1
            self.url = self.outcome.url = location
            text = location.text.decode("latin-1")
            await self.note(f"Issue another request to this URL: '{text}'")
            if sent is not None and data is None:
                await self.note("Switch from POST to GET")

    async def _once(
        self, pool: list[Connection], data: bytes | None, write: Write, header: Write
    ) -> tuple[Url | None, bytes | None]:
        """One request and its answer; where to go next."""
        options, sys = self.options, self.sys
        if self.meter is not None:
            self.meter.received = 0
        if self.meter is not None and not self.metering:
            await self.meter.begin()
            self.metering = True
        self._settled = False
        self._posting = bool(data)
        connection, _ = await self.open(pool)
        stream = connection.stream
        self.outcome.local = await sys.getsockname(stream.fd)
        message = self.request(data)
        self.outcome.method = message.method
        head = message.pack()
        if "v" in options:
            lines = head.removesuffix(b"\r\n").split(b"\r\n")
            await complain(sys, b"".join(b"> " + line + b"\r\n" for line in lines)[:-1])
        if data is not None and self.meter is not None:
            self.meter.upload = len(data)
        try:
            if message.has(b"expect"):
                await stream.write(head)
                await self._hundred(stream, header)
                await stream.write(data or b"")
            else:
                await stream.write(head + (data or b""))
            self.outcome.request_size += len(head) + len(data or b"")
            self.outcome.sent = len(data or b"")
            if data:
                if self.meter is not None:
                    self.meter.sent = len(data)
                if "v" in options:
                    await complain(sys, b"} [%d bytes data]" % len(data))
            await self.mark("pretransfer")
            while True:
                answer, raw = await read_head(stream)
                await self._heads(answer, raw, header)
                if answer.status // 100 != 1:
                    break
            await self.mark("starttransfer")
            return await self._answered(connection, pool, message, answer, data, write)
        except Ended as ended:
            if ended.data and not ended.data.startswith(b"HTTP/"):
                await self.note("Received HTTP/0.9 when not allowed")
                await self._close(connection)
                raise CurlError(1, "Received HTTP/0.9 when not allowed") from None
            await self.note("Empty reply from server")
            await self._close(connection)
            raise CurlError(52, "Empty reply from server") from None
        except Malformed:
            await self._close(connection)
            raise CurlError(1, "Received HTTP/0.9 when not allowed") from None
        except OSError as err:
            if err.errno == Errno.ETIMEDOUT and self.deadline is not None:
                spent = (await self.now() - self.start) // MILLISECOND
                got = f"{self.outcome.received} bytes received"
                if self.meter is not None and self.meter.total is not None:
                    got = f"{self.outcome.received} out of {self.meter.total} bytes received"
                text = f"Operation timed out after {spent} milliseconds with {got}"
                await self.note(text)
                await self._close(connection)
                raise CurlError(28, text) from None
            text = why(err).decode()
            kind = "Send" if err.errno == Errno.EPIPE else "Recv"
            await self.note(f"{kind} failure: {text}")
            await self._close(connection)
            raise CurlError(55 if kind == "Send" else 56, f"{kind} failure: {text}") from None

    async def _hundred(self, stream: Stream, header: Write) -> None:
        """Wait a second for the server to say that it wants the data (RFC 9110 §10.1.1)."""
        if stream.buffered or await self.sys.poll([(stream.fd, POLLIN)], EXPECT):
            line = await stream.peek_line()
            if b" 100" in line:
                answer, raw = await read_head(stream)
                await self._heads(answer, raw, header)

    async def _heads(self, answer: Message, raw: bytes, header: Write) -> None:
        outcome = self.outcome
        outcome.code, outcome.version = answer.status, answer.version.removeprefix(b"HTTP/")
        outcome.content_type = answer.get(b"content-type")
        outcome.header_size += len(raw)
        if "v" in self.options:
            lines = raw.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
            for line in lines:
                if self._posting and line[:9].lower() == b"location:" and "L" in self.options:
                    await self.note("Please rewind output before next send")
                await complain(self.sys, b"< " + line + b"\r")
        await header(raw)

    async def _answered(
        self, connection: Connection, pool: list[Connection], request: Message, answer: Message,
        data: bytes | None, write: Write,
    ) -> tuple[Url | None, bytes | None]:  # fmt: skip
        options, stream = self.options, connection.stream
        location = answer.get(b"location") if answer.status // 100 == 3 else b""
        nobody = request.method == b"HEAD"
        total = answer.content_length
        if self.meter is not None:
            self.meter.total = total
        following = bool(location) and "L" in options
        if answer.status >= 400 and "f" in options:
            await self.note(f"The requested URL returned error: {answer.status}")
            await self._close(connection)
            raise CurlError(22, f"The requested URL returned error: {answer.status}")
        if following and total:
            await self.note("Ignoring the response-body")
        shown = False
        before = stream.received - stream.buffered
        try:
            async for piece in body(stream, answer, head=nobody):
                if "v" in options and not shown:
                    size = stream.received - before
                    await complain(self.sys, b"{ [%d bytes data]" % size)
                    shown = True
                self.outcome.received += len(piece)
                if self.meter is not None:
                    self.meter.received += len(piece)
                if options.max_size and self.outcome.received > options.max_size:
                    raise CurlError(63, "Maximum file size exceeded")
                if not following:
                    await write(piece)
        except Short as short:
            text = "transfer closed with outstanding read data remaining"
            if short.missing is not None:
                text = f"transfer closed with {short.missing} bytes remaining to read"
            await self.note(text)
            await self._close(connection)
            raise CurlError(18, text) from None
        await self.mark("total")
        framed = nobody or answer.content_length is not None or answer.status in (204, 304)
        framed = framed or answer.lists(b"transfer-encoding", b"chunked")
        shown_host = connection.host.decode("latin-1")
        await self.settle()
        if answer.keeps_alive() and framed:
            await self.note(f"Connection #{connection.number} to host {shown_host} left intact")
            pool.append(connection)
        else:
            await self._close(connection)
        if not location:
            return None, None
        try:
            target = self.url.join(location)
        except BadUrl as err:
            raise CurlError(3, str(err)) from None
        if not following:
            self.outcome.redirect_url = target.text
            return None, None
        self.outcome.received = 0
        if data is not None and answer.status in (301, 302, 303) and not options.method:
            data = None
        return target, data

    async def settle(self) -> None:
        """Say for the last time how much has come."""
        if self.meter is not None and self.metering and not self._settled:
            self._settled = True
            await self.meter.end(await self.now())

    async def _close(self, connection: Connection) -> None:
        await self.settle()
        await self.note(f"Closing connection {connection.number}")
        await self.sys.close(connection.stream.fd)
