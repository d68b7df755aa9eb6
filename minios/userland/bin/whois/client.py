"""whois: ask a registry who holds a name or an address (Debian whois 5.5)."""

from __future__ import annotations

from minios.abi.inet import mask, network, parse_prefix
from minios.userland.lib.net.gai import GaiError, getaddrinfo, inet_aton
from minios.userland.lib.net.stream import Stream, connect
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why

USAGE = """
Usage: whois [OPTION]... OBJECT...

-h HOST, --host HOST   connect to server HOST
-p PORT, --port PORT   connect to PORT
-I                     query whois.iana.org and follow its referral
-H                     hide legal disclaimers
      --verbose        explain what is being done
      --no-recursion   disable recursion from registry to registrar servers
      --help           display this help and exit
      --version        output version information and exit

These flags are supported by whois.ripe.net and some RIPE-like servers:
-l                     find the one level less specific match
-L                     find all levels less specific matches
-m                     find all one level more specific matches
-M                     find all levels of more specific matches
-c                     find the smallest match containing a mnt-irt attribute
-x                     exact match
-b                     return brief IP address ranges with abuse contact
-B                     turn off object filtering (show email addresses)
-G                     turn off grouping of associated objects
-d                     return DNS reverse delegation objects too
-i ATTR[,ATTR]...      do an inverse look-up for specified ATTRibutes
-T TYPE[,TYPE]...      only look for objects of TYPE
-K                     only primary keys are returned
-r                     turn off recursive look-ups for contact information
-R                     force to show local copy of the domain object even
                       if it contains referral
-a                     also search all the mirrored databases
-s SOURCE[,SOURCE]...  search the database mirrored from SOURCE
-g SOURCE:FIRST-LAST   find updates from SOURCE from serial FIRST to LAST
-t TYPE                request template for object of TYPE
-v TYPE                request verbose template for object of TYPE
-q [version|sources|types]  query specified server info
"""
RIPE_SERVERS = (
    b"whois.ripe.net", b"whois.apnic.net", b"whois.afrinic.net", b"rr.arin.net", b"whois.ra.net",
    b"whois.6bone.net", b"rr.level3.net",
)  # fmt: skip
"""Servers that are known to understand RIPE's flags."""
CONFIG = b"/etc/whois.conf"
ROOT = b"whois.iana.org"
NS = 1_000_000_000
TIMEOUT = 60 * NS
REFERRALS = 4
RIPE = "lLmMcxbBGdRKraV"
RIPE_VALUES = "iTsgtvq"


class Stop(Exception):
    """Said on standard error; exit status 2."""


@program(USAGE, None)
async def whois(tool: Tool) -> int:
    """whois(1)."""
    try:
        tool.options = parse(
            tool.argv[1:], "h:p:IHlLmMcxbBGdRKrai:T:s:g:t:v:q:",
            ("host:=h", "port:=p", "verbose", "no-recursion", "help", "version"),
        )  # fmt: skip
    except UsageError as err:
        await complain(tool.sys, b"whois: " + str(err).encode("latin-1"))
        await complain(tool.sys, USAGE.strip().encode())
        return 2
    if "version" in tool.options:
        await complain(tool.sys, b"Version 5.5.17.\n\nReport bugs to <md+whois@linux.it>.")
        return 0
    if "help" in tool.options or not tool.operands:
        await complain(tool.sys, USAGE.strip().encode())
        return 0 if "help" in tool.options else 1
    options = tool.options
    port = options.last("p") or b"43"
    flags = b"".join(
        b"-" + flag.encode() + (b" " + value if value is not None else b"") + b" "
        for flag, value in options.flags
        if flag in RIPE or flag in RIPE_VALUES
    )
    text = b" ".join(tool.operands)
    server = options.last("h") or tool.env.get(b"WHOIS_SERVER") or b""
    follow = "no-recursion" not in options
    try:
        if not server:
            server = ROOT if "I" in options else await choose(tool, text)
        for hop in range(REFERRALS):
            if hop:
                await tool.line(b"\n\nFound a referral to " + server + b".\n")
            if "verbose" in options:
                await tool.line(b"Using server " + server + b".")
                await tool.line(b'Query string: "' + flags + text + b'"\n')
            if flags and server not in RIPE_SERVERS:
                await tool.line(b"Warning: RIPE flags used with a traditional server.")
            answer = await ask(tool, server, port, flags + text)
            await _show(tool, answer)
            other = referral(answer)
            if other is None or not follow or other == server:
                break
            server = other
    except Stop as stop:
        await tool.out.flush()
        await complain(tool.sys, str(stop).encode("latin-1"))
        return 2
    return 0


async def choose(tool: Tool, text: bytes) -> bytes:
    """The server for a question: that of /etc/whois.conf, else the root of all registries.

    A line of the file is a pattern and a server: a suffix of names (``.lan``), a prefix of
    addresses (``203.0.113.0/24``) or the beginning of a handle (``AS64``).
    """
    try:
        lines = (await read_file(tool.sys, CONFIG)).split(b"\n")
    except OSError:
        return ROOT
    ip = inet_aton(text.partition(b"/")[0]) if text.count(b".") == 3 else None
    for line in lines:
        words = line.partition(b"#")[0].split()
        if len(words) != 2:
            continue
        pattern, server = words
        if ip is not None and b"/" in pattern:
            try:
                net, length = parse_prefix(pattern.decode("latin-1"))
            except ValueError:
                continue
            if network(ip, length) == net & mask(length):
                return server
        elif ip is None and b"/" not in pattern:
            lower, wanted = text.lower(), pattern.lower().lstrip(b"\\^").rstrip(b"$")
            wanted = wanted.replace(b"\\", b"")
            if (wanted.startswith(b".") and lower.endswith(wanted)) or lower.startswith(wanted):
                return server
    return ROOT


async def ask(tool: Tool, server: bytes, port: bytes, text: bytes) -> bytes:
    """What the server answers. Stop."""
    shown = server.decode("latin-1")
    try:
        found = await getaddrinfo(tool.sys, server, port)
    except GaiError as err:
        raise Stop(f"getaddrinfo({shown}): {err.text.decode()}") from None
    try:
        fd = await connect(tool.sys, found[0].address, TIMEOUT)
    except OSError as err:
        raise Stop(f"connect: {why(err).decode()}") from None
    stream = Stream(tool.sys, fd, TIMEOUT)
    answer = b""
    try:
        await stream.write(text + b"\r\n")
        while data := await stream.read():
            answer += data
            if len(answer) > 4 << 20:
                break
    except OSError as err:
        await tool.sys.close(fd)
        raise Stop(f"read: {why(err).decode()}") from None
    await tool.sys.close(fd)
    return answer


def referral(answer: bytes) -> bytes | None:
    """The server that an answer refers to; of several the last is the closest."""
    found: bytes | None = None
    for line in answer.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon and key.strip().lower() in (b"refer", b"whois", b"referralserver"):
            host = value.strip().removeprefix(b"whois://").removeprefix(b"rwhois://")
            found = host.partition(b"/")[0].partition(b":")[0] or found
    return found


async def _show(tool: Tool, answer: bytes) -> None:
    for line in answer.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n"):
        await tool.line(line)
