"""logger (util-linux 2.38.1)."""

from minios.userland.lib import journal
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
 -p, --priority <prio>    mark given message with this priority
 -s, --stderr             output message to standard error as well
 -t, --tag <tag>          mark every line with this tag

 -h, --help               display this help
 -V, --version            display version

For more details see logger(1).
"""

_LONG = ("id::", "file:=f", "skip-empty=e", "no-act", "priority:=p", "stderr=s", "tag:=t")
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


@program(LOGGER, "if:ep:st:hV", _LONG, permute=False)
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

    async def send(line: bytes) -> None:
        if "s" in options:
            number = b"[%d]" % pid if pid else b""
            await complain(sys, b"<%d>%b%b: %b" % (level, tag, number, line))
        if "no-act" not in options:
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
