"""logger (util-linux 2.38.1)."""

from minios.userland.lib import journal
from minios.userland.lib.calendar import strftime
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Reader, complain, why
from minios.userland.lib.users import by_uid

LOGGER = """
Usage:
 logger [options] [<message>]

Enter messages into the system log.

Options:
 -i                       log the logger command's PID
     --id[=<id>]          log the given <id>, or otherwise the PID
 -f, --file <file>        log the contents of this file
 -e, --skip-empty         do not log empty lines when processing files
     --no-act             do everything except the write the log
 -n, --server <name>      write to this remote syslog server
 -P, --port <port>        use this port for UDP or TCP connection
 -d, --udp                use UDP only
 -T, --tcp                use TCP only
     --rfc3164            use the obsolete BSD syslog protocol
     --rfc5424[=<snip>]   use the syslog protocol (the default for remote)
 -p, --priority <prio>    mark given message with this priority
 -s, --stderr             output message to standard error as well
 -t, --tag <tag>          mark every line with this tag

 -h, --help               display this help
 -V, --version            display version

For more details see logger(1).
"""

_LONG = ("id::", "file:=f", "skip-empty=e", "no-act", "priority:=p", "stderr=s", "tag:=t",
         "server:=n", "port:=P", "udp=d", "tcp=T", "rfc3164", "rfc5424::")  # fmt: skip
USER, NOTICE = 1, 5


def priority(text: bytes) -> int:
    """``facility.level``, or a level alone; Failure for what is neither."""
    facility, dot, level = text.decode("latin-1").rpartition(".")
    number = journal.priority_of(level.encode("latin-1"))
    if number is None:
        raise Failure(b"unknown priority name: " + text)
    if not dot:
        return USER << 3 | number
    if facility not in journal.FACILITIES:
        raise Failure(b"unknown facility name: " + facility.encode("latin-1"))
    return journal.FACILITIES.index(facility) << 3 | number


class Remote:
    """A syslog server elsewhere: RFC 5424 unless --rfc3164 is given, newlines apart over TCP."""

    def __init__(self, tool: Tool, fd: int, stream: bool) -> None:
        self.tool = tool
        self.fd = fd
        self.stream = stream

    async def send(self, level: int, tag: bytes, line: bytes, pid: int) -> None:
        sys = self.tool.sys
        now = await sys.clock_gettime()
        host = (await sys.uname()).nodename
        if "rfc3164" in self.tool.options:
            number = b"[%d]" % pid if pid else b""
            when = strftime(b"%b %e %H:%M:%S", now)
            text = b"<%d>%b %b %b%b: %b" % (
                level, when, host.partition(b".")[0], tag, number, line,
            )  # fmt: skip
        else:
            when = strftime(b"%Y-%m-%dT%H:%M:%S.%6N+00:00", now)
            number = b"%d" % pid if pid else b"-"
            quality = b'[timeQuality tzKnown="1" isSynced="0"]'
            text = b"<%d>1 %b %b %b %b - %b %b" % (
                level, when, host, tag, number, quality, line,
            )  # fmt: skip
        try:
            await sys.send(self.fd, text + (b"\n" if self.stream else b""))
        except OSError as err:
            raise Failure(b"send message failed: " + why(err)) from None


async def _remote(tool: Tool) -> Remote:
    from minios.abi.sockets import AF_INET, SOCK_DGRAM, SOCK_STREAM
    from minios.userland.lib.net.gai import GaiError, getaddrinfo

    options = tool.options
    server = options.last("n") or b""
    stream = "T" in options
    port = options.last("P") or (b"601" if stream else b"514")
    kind = SOCK_STREAM if stream else SOCK_DGRAM
    try:
        found = await getaddrinfo(tool.sys, server, port, kind)
    except GaiError as err:
        text = b"failed to resolve name " + server + b" port " + port + b": "
        raise Failure(text + err.text) from None
    fd = await tool.sys.socket(AF_INET, kind)
    try:
        await tool.sys.connect(fd, found[0].address)
    except OSError:
        raise Failure(b"failed to connect to " + server + b" port " + port) from None
    return Remote(tool, fd, stream)


@program(LOGGER, "if:ep:st:hVn:P:dT", _LONG, permute=False)
async def logger(tool: Tool) -> int:
    """logger(1)."""
    sys, options = tool.sys, tool.options
    if "h" in options:
        await tool.line(LOGGER.strip("\n").encode())
        return 0
    if "V" in options:
        await tool.line(b"logger from util-linux 2.38.1")
        return 0
    level = priority(options.last("p") or b"user.notice")
    account = await by_uid(sys, await sys.getuid())
    tag = options.last("t") or (account.name if account is not None else b"someone")
    pid = await sys.getpid() if "i" in options or "id" in options else 0
    given = options.last("id")
    if given is not None:
        if not given.isdigit():
            raise Failure(b"failed to parse id: '" + given + b"'")
        pid = int(given)

    remote = await _remote(tool) if "n" in options and "no-act" not in options else None

    async def send(line: bytes) -> None:
        if "s" in options:
            number = b"[%d]" % pid if pid else b""
            await complain(sys, b"<%d>%b%b: %b" % (level, tag, number, line))
        if remote is not None:
            await remote.send(level, tag, line, pid)
        elif "no-act" not in options:
            await journal.send(sys, level, tag, line, pid)

    if tool.operands:
        await send(b" ".join(tool.operands))
        return 0
    fd = 0
    if (path := options.last("f")) is not None:
        try:
            fd = await sys.open(path)
        except OSError as err:
            raise Failure(b"file " + path + b": " + why(err)) from None
    reader = Reader(sys, fd)
    while line := await reader.line():
        text = line.rstrip(b"\n")
        if text or "e" not in options:
            await send(text)
    return 0
