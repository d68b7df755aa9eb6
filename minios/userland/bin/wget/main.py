"""wget's command line, its tries and where it is led."""

from __future__ import annotations

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.userland.bin.wget.fetch import (
    GENERIC,
    IO,
    NETWORK,
    NS,
    PARSE,
    RESPONSE,
    Again,
    Fetcher,
    Given,
    shown_url,
)
from minios.userland.bin.wget.progress import human, seconds, speed
from minios.userland.lib.net.url import BadUrl
from minios.userland.lib.net.url import parse as parse_url
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why

USAGE = """
GNU Wget 1.21.3, a non-interactive network retriever.
Usage: wget [OPTION]... [URL]...

  -q,  --quiet                     quiet (no output)
  -nv, --no-verbose                turn off verboseness, without being quiet
  -o,  --output-file=FILE          log messages to FILE
  -i,  --input-file=FILE           download URLs found in FILE
  -t,  --tries=NUMBER              set number of retries to NUMBER (0 unlimits)
       --retry-connrefused         retry even if connection is refused
  -O,  --output-document=FILE      write documents to FILE
  -nc, --no-clobber                skip downloads that would overwrite files
  -c,  --continue                  resume getting a partially-downloaded file
  -S,  --server-response           print server response
       --spider                    don't download anything
  -T,  --timeout=SECONDS           set all timeout values to SECONDS
  -P,  --directory-prefix=PREFIX   save files to PREFIX/..
       --header=STRING             insert STRING among the headers
       --max-redirect=NUMBER       maximum redirections allowed per page
       --user=USER --password=PASS set the HTTP user and password
  -U,  --user-agent=AGENT          identify as AGENT instead of Wget/VERSION
       --post-data=STRING          use the POST method; send STRING as the data
       --method=HTTPMethod         use method "HTTPMethod" in the request
       --body-data=STRING          send STRING as data
"""
LONG = (
    "quiet=q", "verbose=v", "no-verbose", "output-file:=o", "input-file:=i", "tries:=t",
    "retry-connrefused", "output-document:=O", "no-clobber", "continue=c", "server-response=S",
    "spider", "timeout:=T", "dns-timeout:", "connect-timeout:", "read-timeout:",
    "directory-prefix:=P", "header:", "max-redirect:", "user:", "password:", "http-user:",
    "http-password:", "user-agent:=U", "post-data:", "post-file:", "method:", "body-data:",
    "body-file:", "wait:=w", "waitretry:", "no-check-certificate", "inet4-only=4", "inet6-only=6",
    "no-proxy", "progress:", "show-progress", "referer:", "content-on-error", "no-cache", "help=h",
    "version=V", "no-http-keep-alive",
)  # fmt: skip
SHORT = "qvo:i:t:O:cST:P:U:w:46hV"


@program(USAGE, None)
async def wget(tool: Tool) -> int:
    """wget(1)."""
    args = [
        {b"-nv": b"--no-verbose", b"-nc": b"--no-clobber"}.get(arg, arg) for arg in tool.argv[1:]
    ]
    try:
        tool.options = parse(args, SHORT, LONG)
    except UsageError as err:
        text = str(err).replace("--no-verbose", "-nv").encode("latin-1")
        await complain(tool.sys, b"wget: " + text)
        await _hint(tool)
        return PARSE
    if "h" in tool.options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "V" in tool.options:
        await tool.line(b"GNU Wget 1.21.3 built on linux-gnu.")
        return 0
    return await Wget(tool).run()


async def _hint(tool: Tool) -> None:
    await complain(tool.sys, b"Usage: wget [OPTION]... [URL]...\n")
    await complain(tool.sys, b"Try `wget --help' for more options.")


class Wget(Fetcher):
    """One run of wget."""

    async def run(self) -> int:
        options, settings = self.options, self.settings
        settings.quiet = "q" in options
        settings.brief = "no-verbose" in options
        for flag, name in (("t", "tries"), ("max-redirect", "redirects")):
            if (text := options.last(flag)) is not None:
                if not text.isdigit() and text != b"inf":
                    shown = text.decode("latin-1")
                    option = "tries" if flag == "t" else flag
                    await complain(self.sys, f"wget: {option}: Invalid number '{shown}'.".encode())
                    return PARSE
                setattr(settings, name, int(text) if text.isdigit() else 0)
        for flag in ("T", "connect-timeout", "read-timeout"):
            if (text := options.last(flag)) is not None:
                value = _time(text)
                if value is None:
                    shown = text.decode("latin-1")
                    option = "timeout" if flag == "T" else flag
                    message = f"wget: {option}: Invalid time period '{shown}'"
                    await complain(self.sys, message.encode("latin-1"))
                    return PARSE
                if flag != "connect-timeout":
                    settings.timeout = value or 1 << 62
                if flag != "read-timeout":
                    settings.connect_timeout = value or None
        settings.headers = options.every("header")
        urls = list(self.tool.operands)
        if (path := options.last("i")) is not None:
            try:
                urls += (await read_file(self.sys, path)).split()
            except OSError as err:
                await complain(self.sys, path + b": " + why(err))
                return IO
        if not urls:
            await complain(self.sys, b"wget: missing URL")
            await _hint(self.tool)
            return GENERIC
        if (path := options.last("o")) is not None:
            self.log = await self.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        self.bar = self.log == 2 and await self.sys.isatty(2)
        status = 0
        begun = await self.now()
        for text in urls:
            try:
                await self._url(text)
            except Given as given:
                status = given.status if not status else min(status, given.status)
        if self.kept is not None:
            await self.sys.close(self.kept.stream.fd)
        if len(urls) > 1 and self.files:
            wall = seconds(await self.now() - begun)
            moved = human(self.bytes)
            await self.say(
                f"FINISHED --{await self.stamp()}--\nTotal wall clock time: {wall}s\n"
                f"Downloaded: {self.files} files, {moved} in {seconds(self.spent)}s "
                f"({speed(self.bytes, self.spent)})\n",
                brief=True,
            )
        return status

    # -- a URL, with its tries and redirections --------------------------------------------------

    async def _url(self, text: bytes) -> None:
        try:
            url = parse_url(text)
        except BadUrl:
            shown = text.decode("latin-1")
            await self.say(f"{shown}: Invalid host name.\n", brief=True)
            raise Given(GENERIC) from None
        if url.scheme != b"http":
            scheme = url.scheme.decode("latin-1")
            shown = text.decode("latin-1")
            what = (
                "HTTPS support not compiled in"
                if scheme == "https"
                else (f"Unsupported scheme '{scheme}'")
            )
            await self.say(f"{shown}: {what}.\n", brief=True)
            raise Given(GENERIC)
        if "spider" in self.options:
            await self.say("Spider mode enabled. Check if remote file exists.\n")
        name = self.name_for(url)
        tried, redirects = 0, 0
        if "no-clobber" in self.options and await self._unique(name) != name:
            shown = name.decode("latin-1")
            await self.say(f"File '{shown}' already there; not retrieving.\n\n")
            return
        while True:
            tried += 1
            counted = f"(try:{tried:2d})" if tried > 1 else ""
            await self.say(
                f"--{await self.stamp()}--  {counted}{'  ' if counted else ''}{shown_url(url)}\n"
            )
            try:
                location = await self.fetch(url, name)
            except Again as again:
                await self.say(str(again))
                if self.settings.tries and tried >= self.settings.tries:
                    await self.say("Giving up.\n\n")
                    raise Given(NETWORK) from None
                await self.say("Retrying.\n\n")
                await self.sys.nanosleep(min(tried, 10) * NS)
                continue
            if location is None:
                return
            redirects += 1
            if redirects > self.settings.redirects:
                await self.say(f"{self.settings.redirects} redirections exceeded.\n", brief=True)
                raise Given(RESPONSE)
            url, tried = location, 0


def _time(text: bytes) -> int | None:
    """ns of seconds, with a fraction or a unit (s m h d); None for what is no time."""
    unit = {b"s": 1, b"m": 60, b"h": 3600, b"d": 86400}.get(text[-1:], 0)
    number = text[:-1] if unit else text
    whole, _, part = number.partition(b".")
    if not (whole or part) or not (whole + part).isdigit() or len(whole) > 9:
        return None
    ns = int(whole or 0) * NS + int(part[:9].ljust(9, b"0") or 0)
    return ns * (unit or 1)
