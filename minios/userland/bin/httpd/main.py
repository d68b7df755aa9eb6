"""httpd: connections, logs and scripts."""

from __future__ import annotations

from contextlib import suppress

from minios.abi.errno import Errno
from minios.abi.flags import O_APPEND, O_CLOEXEC, O_CREAT, O_NONBLOCK, O_WRONLY, POLLIN, WNOHANG
from minios.abi.inet import ip_text
from minios.abi.signals import Sig
from minios.abi.sockets import SOCK_CLOEXEC
from minios.abi.sys import Sys
from minios.net.wire.http import REASONS, Message
from minios.net.wire.malformed import Malformed
from minios.userland.bin.httpd.answer import Answer, Resolver, error_page, http_date
from minios.userland.bin.httpd.config import PATH, BadConfig, Config, parse
from minios.userland.lib.calendar import strftime
from minios.userland.lib.net.daemon import background, tcp
from minios.userland.lib.net.httpbody import Ended, Short, body, read_head
from minios.userland.lib.net.stream import Stream
from minios.userland.lib.net.tasks import Loop, ready
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.users import by_name, group_ids

USAGE = """
Usage: httpd [-DFOREGROUND] [-X] [-f FILE] [-t] [-p PORT] [-d DIRECTORY]
Serves files, directories and CGI scripts over HTTP/1.1.

  -f FILE       the configuration (/etc/httpd/httpd.conf)
  -p PORT       listen on this port only
  -d DIRECTORY  serve this directory only
  -t            only look whether the configuration is right
  -X            stay in the foreground (so does -DFOREGROUND)
"""
NS = 1_000_000_000
BODY_MAX = 1 << 20
BLOCK = 16384
REQUEST_CYCLES = 2000
"""CPU that a request takes, beside its system calls."""


@program(USAGE, "f:p:d:tXD:k:", trouble=1)
async def httpd(tool: Tool) -> int:
    """httpd(8)."""
    sys, options = tool.sys, tool.options
    path = options.last("f") or PATH
    config = await _config(tool, path, options.last("f") is not None)
    if config is None:
        return 1
    if "t" in options:
        await complain(sys, b"Syntax OK")
        return 0
    if (port := options.last("p")) is not None and port.isdigit():
        config.listen = [(0, int(port) & 0xFFFF)]
    if (folder := options.last("d")) is not None:
        config.sites = config.sites[:1]
        config.sites[0].root = folder.decode("latin-1").rstrip("/") or "/"
        config.sites[0].listing = True
    foreground = "X" in options or options.last("D") == b"FOREGROUND"
    server = Server(tool, config, path)
    if not await server.open():
        return 1
    if foreground:
        return await server.run(sys)
    await background(sys, _child, server)
    return 0


async def _child(sys: Sys, server: Server) -> int:
    return await server.run(sys)


async def _config(tool: Tool, path: bytes, needed: bool) -> Config | None:
    """The configuration; without a file the usual one. None after complaining."""
    try:
        text = (await read_file(tool.sys, path)).decode("latin-1")
    except OSError as err:
        if needed or err.errno != Errno.ENOENT:
            shown = path.decode("latin-1")
            await complain(
                tool.sys,
                f"httpd: Could not open configuration file {shown}: {why(err).decode()}".encode(),
            )
            return None
        text = ""
    try:
        return parse(text, path.decode("latin-1"))
    except BadConfig as err:
        await complain(tool.sys, str(err).encode("latin-1"))
        return None


class Server:
    """The process."""

    def __init__(self, tool: Tool, config: Config, path: bytes) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.config = config
        self.path = path
        self.loop = Loop(tool.sys)
        self.listeners: list[tuple[int, int]] = []
        self.clients = 0
        self.access = self.errors = -1

    # -- start and signals -----------------------------------------------------------------------

    async def open(self) -> bool:
        """Bind the ports and open the logs; False after complaining."""
        for ip, port in self.config.listen:
            try:
                self.listeners.append((await tcp(self.sys, (ip, port), 511), port))
            except OSError as err:
                where = f"{ip_text(ip)}:{port}"
                text = f"(%d){why(err).decode()}: AH00072: make_sock: could not bind to address "
                await complain(self.sys, (text % (err.errno or 0) + where).encode())
                await complain(self.sys, b"no listening sockets available, shutting down")
                await complain(self.sys, b"AH00015: Unable to open logs")
                return False
        await self._logs()
        return True

    async def _logs(self) -> None:
        """Open both logs; another process may have moved the old ones away."""
        for fd in (self.access, self.errors):
            if fd > 2:
                await self.sys.close(fd)
        self.access = await self._log(self.config.access_log)
        self.errors = await self._log(self.config.error_log)

    async def _log(self, path: bytes) -> int:
        with suppress(OSError):
            with suppress(OSError):
                await self.sys.mkdir(path.rpartition(b"/")[0], 0o755)
            return await self.sys.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        return 2

    async def run(self, sys: Sys) -> int:
        self.sys = sys
        self.loop = Loop(sys)
        await self.loop.on_signal(Sig.SIGHUP, self.hangup)
        await self.loop.on_signal(Sig.SIGUSR1, self.hangup)
        await self.loop.on_signal(Sig.SIGTERM, self.terminate)
        await self.loop.on_signal(Sig.SIGINT, self.terminate)
        await self.loop.on_signal(Sig.SIGCHLD, self.bury)
        await self._drop_root()
        await self.error(
            "mpm_event:notice", f"AH00489: {self.config.tokens} configured -- "
            "resuming normal operations",
        )  # fmt: skip
        for fd, port in self.listeners:
            self.loop.start(self.accept, fd, port)
        await self.loop.run()
        return 0

    async def _drop_root(self) -> None:
        """Serve as the configured user: what its rights do not reach is not served."""
        if await self.sys.getuid():
            return
        account = await by_name(self.sys, self.config.user)
        if account is not None:
            for path in (self.config.access_log, self.config.error_log):
                # So that they can be opened anew when they were moved away.
                with suppress(OSError):
                    await self.sys.chown(path.rpartition(b"/")[0], account.uid, -1)
                    await self.sys.chown(path, account.uid, -1)
            with suppress(OSError):
                await self.sys.setgroups(await group_ids(self.sys, account.name, account.gid))
                await self.sys.setgid(account.gid)
                await self.sys.setuid(account.uid)

    async def hangup(self) -> None:
        config = await _config(self.tool, self.path, False)
        await self.error("mpm_event:notice", "AH00493: SIGUSR1 received.  Doing graceful restart")
        if config is not None:
            config.listen = self.config.listen
            self.config = config
            await self._logs()

    async def terminate(self) -> None:
        await self.error("mpm_event:notice", "AH00491: caught SIGTERM, shutting down")
        self.loop.stop()

    async def bury(self) -> None:
        with suppress(OSError):
            while (await self.sys.waitpid(-1, WNOHANG)).pid:
                continue

    async def error(self, what: str, text: str) -> None:
        stamp = strftime(b"%a %b %d %H:%M:%S.000000 %Y", await self.sys.clock_gettime()).decode()
        pid = await self.sys.getpid()
        with suppress(OSError):
            line = f"[{stamp}] [{what}] [pid {pid}] {text}\n"
            await write_all(self.sys, self.errors, line.encode("latin-1", "replace"))

    # -- connections -----------------------------------------------------------------------------

    async def accept(self, listener: int, port: int) -> None:
        while True:
            await ready(listener, POLLIN)
            try:
                fd, address = await self.sys.accept(listener, SOCK_CLOEXEC)
            except OSError:
                continue
            if self.clients >= self.config.max_clients:
                await self.sys.close(fd)
                continue
            self.clients += 1
            self.loop.start(self.converse, fd, address, port)

    async def converse(self, fd: int, address: tuple[int, int], port: int) -> None:
        """Requests of a connection until one side has had enough."""
        config = self.config
        stream = Stream(self.sys, fd, config.timeout * NS, task=True)
        served = 0
        while True:
            try:
                request, _ = await read_head(stream)
            except Malformed:
                bad = Message(method=b"-", target=b"-")
                with suppress(OSError):
                    page = error_page(config, 400, bad, port)
                    await self._send(stream, address, bad, page, False)
                break
            except (Ended, OSError):
                break
            served += 1
            alive = config.keep_alive and request.keeps_alive() and served < config.max_requests
            try:
                alive = await self._serve(stream, address, port, request, alive)
            except (OSError, Short, Malformed):
                break
            if not alive:
                break
            stream.timeout = config.keep_alive_timeout * NS
        self.clients -= 1
        await self.sys.close(fd)

    async def _serve(
        self, stream: Stream, address: tuple[int, int], port: int, request: Message, alive: bool
    ) -> bool:
        """Answer one request; whether the connection stays."""
        await self.sys.compute(REQUEST_CYCLES)
        stream.timeout = self.config.timeout * NS
        data = b""
        size = request.content_length
        if size is not None and size > BODY_MAX:
            answer = error_page(self.config, 413, request, port)
            await self._send(stream, address, request, answer, False)
            return False
        if request.lists(b"expect", b"100-continue"):
            await stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async for piece in body(stream, request):
            data += piece
            if len(data) > BODY_MAX:
                return False
        answer = await Resolver(self.sys, self.config).answer(request, port)
        if answer.script:
            answer = await self._run_script(answer, request, data, address, port)
        if answer.status >= 400:
            await self._complain(answer, request, address)
        await self._send(stream, address, request, answer, alive)
        return alive

    async def _complain(self, answer: Answer, request: Message, address: tuple[int, int]) -> None:
        client = f"[client {ip_text(address[0])}:{address[1]}]"
        target = request.target.decode("latin-1")
        if answer.status == 403:
            await self.error("core:error", f"{client} AH00035: access to {target} denied")

    async def _send(
        self, stream: Stream, address: tuple[int, int], request: Message, answer: Answer,
        alive: bool,
    ) -> None:  # fmt: skip
        """The head, the body but for HEAD and 304, and a line in the log."""
        config = self.config
        headers = [
            (b"Date", http_date(await self.sys.clock_gettime())),
            (b"Server", config.tokens.encode("latin-1")),
            *(header for header in answer.headers if header[0] != b"Content-Type"),
        ]
        bare = answer.status in (204, 304)
        if not bare:
            headers.append((b"Content-Length", b"%d" % answer.length))
        if alive and (request.version == b"HTTP/1.0" or config.keep_alive_timeout != 5):
            headers.append((b"Keep-Alive", b"timeout=%d" % config.keep_alive_timeout))
        if not alive:
            headers.append((b"Connection", b"close"))
        elif request.version == b"HTTP/1.0":
            headers.append((b"Connection", b"Keep-Alive"))
        headers += [header for header in answer.headers if header[0] == b"Content-Type"]
        reason = REASONS.get(answer.status, "Unknown").encode()
        head = Message(headers, status=answer.status, reason=reason).pack()
        silent = bare or request.method == b"HEAD"
        sent = 0 if silent else answer.length
        await self._log_access(request, address, answer.status, sent)
        if silent:
            await stream.write(head)
        elif not answer.path:
            await stream.write(head + answer.body)
        else:
            await self._send_file(stream, head, answer)

    async def _send_file(self, stream: Stream, head: bytes, answer: Answer) -> None:
        fd = await self.sys.open(answer.path)
        failure: OSError | None = None
        try:
            if answer.start:
                await self.sys.lseek(fd, answer.start)
            left = answer.size
            data = head
            while left or data:
                if left:
                    piece = await self.sys.read(fd, min(left, BLOCK))
                    left = left - len(piece) if piece else 0
                    data += piece
                await stream.write(data)
                data = b""
        except OSError as err:
            failure = err
        await self.sys.close(fd)
        if failure is not None:
            raise failure

    async def _log_access(
        self, request: Message, address: tuple[int, int], status: int, size: int
    ) -> None:
        """Common log format, with who sent the client in the combined one."""
        stamp = strftime(b"%d/%b/%Y:%H:%M:%S +0000", await self.sys.clock_gettime())
        line = b'%b - - [%b] "%b" %d %b' % (
            ip_text(address[0]).encode(), stamp, _clean(request.first_line), status,
            b"%d" % size if size else b"-",
        )  # fmt: skip
        if self.config.combined:
            referer = _clean(request.get(b"referer", b"-"))
            line += b' "%b" "%b"' % (referer, _clean(request.get(b"user-agent", b"-")))
        with suppress(OSError):
            await write_all(self.sys, self.access, line + b"\n")

    # -- scripts ---------------------------------------------------------------------------------

    async def _run_script(
        self, answer: Answer, request: Message, data: bytes, address: tuple[int, int], port: int
    ) -> Answer:
        """What a CGI script prints, a head of its own first (RFC 3875 §6)."""
        sys = self.sys
        path, _, query = request.target.partition(b"?")
        if answer.path_info:
            path = path.removesuffix(answer.path_info)
        env = {
            b"GATEWAY_INTERFACE": b"CGI/1.1", b"PATH": b"/usr/local/bin:/usr/bin:/bin",
            b"QUERY_STRING": query, b"REMOTE_ADDR": ip_text(address[0]).encode(),
            b"REMOTE_PORT": b"%d" % address[1], b"REQUEST_METHOD": request.method,
            b"REQUEST_URI": request.target, b"SCRIPT_FILENAME": answer.script,
            b"SCRIPT_NAME": path, b"SERVER_NAME": request.get(b"host").partition(b":")[0],
            b"SERVER_PORT": b"%d" % port, b"SERVER_PROTOCOL": request.version,
            b"SERVER_SOFTWARE": self.config.tokens.encode("latin-1"),
        }  # fmt: skip
        if answer.path_info:
            env[b"PATH_INFO"] = answer.path_info
        if data:
            env[b"CONTENT_LENGTH"] = b"%d" % len(data)
            env[b"CONTENT_TYPE"] = request.get(b"content-type")
        for name, value in request.headers:
            key = b"HTTP_" + name.upper().replace(b"-", b"_")
            if key not in (b"HTTP_CONTENT_LENGTH", b"HTTP_CONTENT_TYPE", b"HTTP_PROXY"):
                env[key] = value
        inside, feed = await sys.pipe(O_CLOEXEC)
        outcome, outside = await sys.pipe(O_CLOEXEC)
        await sys.fork(_script, answer.script, env, inside, outside, self.errors, self.loop)
        await sys.close(inside)
        await sys.close(outside)
        await sys.fcntl(feed, 4, O_NONBLOCK)
        with suppress(OSError):
            while data:
                await ready(feed, 4)
                data = data[await sys.write(feed, data[:4096]) :]
        await sys.close(feed)
        text = b""
        deadline = await sys.clock_gettime(1) + self.config.timeout * NS
        while len(text) <= BODY_MAX:
            if not await ready(outcome, POLLIN, deadline):
                break
            piece = await sys.read(outcome, BLOCK)
            if not piece:
                break
            text += piece
        await sys.close(outcome)
        return self._from_script(text, request, port)

    def _from_script(self, text: bytes, request: Message, port: int) -> Answer:
        head, gap, rest = text.replace(b"\r\n", b"\n", 64).partition(b"\n\n")
        if not gap:
            return error_page(self.config, 500, request, port)
        answer = Answer(200, body=rest)
        for line in head.split(b"\n"):
            name, colon, value = line.partition(b":")
            if not colon:
                return error_page(self.config, 500, request, port)
            value = value.strip()
            if name.lower() == b"status":
                code = value[:3]
                answer.status = int(code) if code.isdigit() and len(code) == 3 else 500
            elif name.lower() != b"content-length":
                if name.lower() == b"location" and answer.status == 200:
                    answer.status = 302
                known = {b"content-type": b"Content-Type"}.get(name.lower(), name)
                answer.headers.append((known, value))
        return answer


def _clean(text: bytes) -> bytes:
    """Nothing in a log line that ends it or moves a terminal's cursor."""
    return b"".join(
        bytes((byte,)) if 0x20 <= byte < 0x7F and byte not in b'"\\' else b"\\x%02x" % byte
        for byte in text
    )


async def _script(
    sys: Sys, path: bytes, env: dict[bytes, bytes], inside: int, outside: int, errors: int,
    loop: Loop,
) -> int:  # fmt: skip
    await loop.unblock()
    await sys.dup2(inside, 0)
    await sys.dup2(outside, 1)
    await sys.dup2(errors, 2)
    with suppress(OSError):
        await sys.chdir(path.rpartition(b"/")[0])
        await sys.execve(path, [path], env)
    return 127
