"""curl's command line: where the data comes from and where it goes."""

from __future__ import annotations

from minios.abi.flags import CLOCK_MONOTONIC, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.inet import ip_text
from minios.userland.bin.curl.meter import Meter
from minios.userland.bin.curl.options import USAGE, VERSION, BadUsage, Options, parse
from minios.userland.bin.curl.transfer import CurlError, Transfer
from minios.userland.lib.net.url import BadUrl, Url, quote, unquote, without_dots
from minios.userland.lib.net.url import parse as parse_url
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all

HINT = b"curl: try 'curl --help' or 'curl --manual' for more information"
MICROSECOND = 1000
DATA_MAX = 16 << 20


@program(USAGE, None)
async def curl(tool: Tool) -> int:
    """curl(1)."""
    try:
        options = parse(tool.argv[1:])
        if "h" in options:
            await tool.line(USAGE.strip().encode())
            return 0
        if "V" in options:
            await tool.line(b"curl " + VERSION + b" (riscv32-minios-linux-gnu) libcurl/" + VERSION)
            await tool.line(b"Release-Date: 2023-02-20, security patched: 7.88.1-10+deb12u14")
            await tool.line(b"Protocols: file http")
            return 0
        if not options.urls:
            if not tool.argv[1:]:
                await complain(tool.sys, HINT)
                return 2
            raise BadUsage("no URL specified!")
    except BadUsage as err:
        await complain(tool.sys, b"curl: " + str(err).encode("latin-1"))
        if err.hint:
            await complain(tool.sys, HINT)
        return err.status
    Transfer.number = 0
    status = 0
    for number, text in enumerate(options.urls):
        output: bytes | None = b""
        if number < len(options.outputs):
            output = options.outputs[number]
        status = await Run(tool, options, text, output).run()
    return status


class Run:
    """One URL: its output and what is said about it."""

    def __init__(self, tool: Tool, options: Options, text: bytes, output: bytes | None) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.options = options
        self.text = text
        self.output = output
        self.fd = -1
        self.path = b""
        self.dump = -1

    async def run(self) -> int:
        """The exit status."""
        options = self.options
        for attempt in range(options.retry + 1):
            meter = None
            transfer: Transfer | None = None
            code, text = 0, ""
            try:
                url = parse_url(self.text)
                if "path-as-is" not in options and url.scheme == b"http":
                    head, mark, query = url.path.partition(b"?")
                    url.path = without_dots(head) + mark + query
                await self._name(url)
                if await self._metered():
                    meter = Meter(self.sys, await self.sys.clock_gettime(CLOCK_MONOTONIC))
                transfer = await self._transfer(url, meter)
            except BadUrl as err:
                code, text = 3, str(err)
            except CurlError as err:
                code, text = err.code, str(err)
                transfer = self.last
            again = code in (28, 7, 6) or (
                transfer is not None and transfer.outcome.code in (408, 429, 500, 502, 503, 504)
            )
            if not again or attempt == options.retry:
                break
            await self._wait(attempt, options.retry - attempt)
        if transfer is not None:
            await transfer.settle()
        if code and ("s" not in options or "S" in options):
            await complain(self.sys, f"curl: ({code}) {text}".encode("latin-1"))
        if not code and "fail-with-body" in options and transfer is not None:
            status = transfer.outcome.code
            if status >= 400:
                code = 22
                await complain(
                    self.sys, b"curl: (22) The requested URL returned error: %d" % status
                )
        if options.write_out and transfer is not None:
            await self._write_out(transfer)
        if self.fd > 2:
            await self.sys.close(self.fd)
        return code

    last: Transfer | None = None

    async def _wait(self, attempt: int, left: int) -> None:
        delay = self.options.retry_delay or 1 << attempt
        await complain(
            self.sys,
            b"Warning: Problem : timeout. Will retry in %d seconds. %d retr%b left."
            % (delay, left, b"y" if left == 1 else b"ies"),
        )
        await self.sys.nanosleep(delay * 1_000_000_000)

    async def _metered(self) -> bool:
        """The meter is for who does not see the data: unless it goes to the terminal."""
        options = self.options
        if "s" in options or "no-progress-meter" in options:
            return False
        return bool(self.path) or not await self.sys.isatty(1)

    async def _name(self, url: Url) -> None:
        if self.output is None:
            name = url.path.partition(b"?")[0].rpartition(b"/")[2]
            if not name:
                raise CurlError(23, "Remote file name has no length!")
            self.path = unquote(name) if b"/" not in unquote(name) else name
        elif self.output and self.output != b"-":
            self.path = self.output
        if self.path and self.options.output_dir:
            self.path = self.options.output_dir.rstrip(b"/") + b"/" + self.path

    async def _write(self, data: bytes) -> None:
        try:
            if self.fd < 0:
                if not self.path:
                    self.fd = 1
                else:
                    mode = O_APPEND if self.options.resume is not None else O_TRUNC
                    self.fd = await self.sys.open(self.path, O_WRONLY | O_CREAT | mode, 0o644)
            await write_all(self.sys, self.fd, data)
        except OSError as err:
            if self.fd < 0 and "s" not in self.options:
                text = b"Warning: Failed to open the file " + self.path + b": "
                await complain(self.sys, text + why(err))
            raise CurlError(23, "Failure writing output to destination") from None

    async def _header(self, raw: bytes) -> None:
        if self.options.dump is not None:
            if self.dump < 0:
                self.dump = 1
                if self.options.dump != b"-":
                    self.dump = await self.sys.open(
                        self.options.dump, O_WRONLY | O_CREAT | O_TRUNC, 0o644
                    )
            await write_all(self.sys, self.dump, raw)
        if "i" in self.options or "I" in self.options:
            await self._write(raw)

    async def _transfer(self, url: Url, meter: Meter | None) -> Transfer:
        options = self.options
        if url.scheme == b"file":
            return await self._file(url, meter)
        if url.scheme != b"http":
            shown = url.scheme.decode("latin-1")
            raise CurlError(1, f'Protocol "{shown}" not supported or disabled in libcurl')
        data = await self._data()
        if data is not None and "G" in options:
            mark = b"&" if b"?" in url.path else b"?"
            url.path += mark + data
            data = None
        if options.resume is not None:
            offset = options.resume
            if offset == b"-":
                try:
                    offset = b"%d" % (await self.sys.stat(self.path)).size
                except OSError:
                    offset = b"0"
            if offset != b"0":
                options.range = offset + b"-"
        transfer = self.last = Transfer(self.sys, options, url, meter)
        transfer.outcome.filename = self.path
        await transfer.run(data, self._write, self._header)
        if self.path and self.fd < 0 and "I" not in options:
            await self._write(b"")
        for connection in transfer.pool:
            await self.sys.close(connection.stream.fd)
        return transfer

    async def _file(self, url: Url, meter: Meter | None) -> Transfer:
        transfer = self.last = Transfer(self.sys, self.options, url, meter)
        path = unquote(url.path)
        try:
            data = await read_file(self.sys, path, DATA_MAX)
        except OSError:
            shown = path.decode("latin-1")
            raise CurlError(37, f"Couldn't open file {shown}") from None
        if meter is not None:
            await meter.begin()
            transfer.metering = True
            meter.total = meter.received = len(data)
        transfer.outcome.received = len(data)
        await self._write(data)
        return transfer

    async def _data(self) -> bytes | None:
        """The body of a POST or PUT."""
        options = self.options
        if options.upload is not None:
            return await self._read(options.upload)
        if not options.data:
            return None
        parts: list[bytes] = []
        for kind, value in options.data:
            if kind == "data-urlencode":
                name, mark, text = value.partition(b"=")
                if not mark and b"@" in value:
                    name, _, path = value.partition(b"@")
                    text = await self._read(path)
                elif not mark:
                    name, text = b"", value
                parts.append((name + b"=" if name else b"") + quote(text).replace(b"%20", b"+"))
            elif value.startswith(b"@") and kind != "data-raw":
                content = await self._read(value[1:])
                if kind == "d":
                    content = content.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
                parts.append(content)
            else:
                parts.append(value)
        return b"&".join(parts)

    async def _read(self, path: bytes) -> bytes:
        try:
            if path == b"-":
                data = b""
                while piece := await self.sys.read(0, 65536):
                    data += piece
                return data
            return await read_file(self.sys, path, DATA_MAX)
        except OSError:
            shown = path.decode("latin-1")
            if self.options.upload is not None:
                raise CurlError(26, f"Can't open '{shown}'!") from None
            raise CurlError(26, f"Failed to open {shown}") from None

    # -- write-out -------------------------------------------------------------------------------

    async def _write_out(self, transfer: Transfer) -> None:
        format = self.options.write_out
        if format.startswith(b"@"):
            format = await self._read(format[1:])
        values = _values(transfer, await transfer.now())
        out, at = b"", 0
        while at < len(format):
            if format.startswith(b"%%", at):
                out += b"%"
                at += 2
            elif format.startswith(b"%{", at) and b"}" in format[at:]:
                end = format.index(b"}", at)
                name = format[at + 2 : end].decode("latin-1")
                if name in values:
                    out += values[name]
                elif name == "stderr":
                    await write_all(self.sys, 1, out)
                    out = b""
                else:
                    text = f"curl: unknown --write-out variable: '{name}'"
                    await complain(self.sys, text.encode("latin-1"))
                at = end + 1
            elif format[at : at + 1] == b"\\" and at + 1 < len(format):
                letter = format[at + 1 : at + 2]
                out += {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(letter, b"\\" + letter)
                at += 2
            else:
                out += format[at : at + 1]
                at += 1
        await write_all(self.sys, 1, out)


def _values(transfer: Transfer, now: int) -> dict[str, bytes]:
    outcome = transfer.outcome
    spent = max(now - transfer.start, 1)

    def time(name: str) -> bytes:
        us = outcome.times.get(name, 0) // MICROSECOND
        return b"%d.%06d" % divmod(us, 1_000_000)

    remote, local = outcome.remote or (0, 0), outcome.local or (0, 0)
    return {
        "content_type": outcome.content_type,
        "filename_effective": outcome.filename,
        "http_code": b"%03d" % outcome.code,
        "http_connect": b"000",
        "http_version": outcome.version or b"0",
        "local_ip": ip_text(local[0]).encode() if outcome.local else b"",
        "local_port": b"%d" % local[1],
        "method": outcome.method,
        "num_connects": b"%d" % outcome.connects,
        "num_redirects": b"%d" % outcome.redirects,
        "redirect_url": outcome.redirect_url,
        "remote_ip": ip_text(remote[0]).encode() if outcome.remote else b"",
        "remote_port": b"%d" % remote[1],
        "response_code": b"%03d" % outcome.code,
        "scheme": outcome.url.scheme.upper(),
        "size_download": b"%d" % outcome.received,
        "size_header": b"%d" % outcome.header_size,
        "size_request": b"%d" % outcome.request_size,
        "size_upload": b"%d" % outcome.sent,
        "speed_download": b"%d" % (outcome.received * 1_000_000_000 // spent),
        "speed_upload": b"%d" % (outcome.sent * 1_000_000_000 // spent),
        "time_appconnect": b"0.000000",
        "time_connect": time("connect"),
        "time_namelookup": time("namelookup"),
        "time_pretransfer": time("pretransfer"),
        "time_redirect": b"0.000000",
        "time_starttransfer": time("starttransfer"),
        "time_total": b"%d.%06d" % divmod(spent // MICROSECOND, 1_000_000),
        "url": transfer.url.text,
        "url_effective": outcome.url.text,
    }
