"""touch(1)."""

from minios.abi.errno import Errno
from minios.abi.flags import O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY
from minios.userland.lib.arguments import choose
from minios.userland.lib.dateparse import parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf
from minios.userland.lib.times import touch_stamp

TOUCH_USAGE = """
Usage: touch [OPTION]... FILE...
Set the times of files to now, making those that do not exist.
  -a, -m    only the time of access, of modification
  -c        make no files
  -d TEXT   the time that TEXT names
  -t [[CC]YY]MMDDhhmm[.ss]
  -r FILE   the times of FILE
  -h        links themselves
"""

_WHICH = ((b"atime", b"access", b"use"), (b"mtime", b"modify"))


@program(
    TOUCH_USAGE,
    "acd:fhmr:t:",
    ("time:", "no-create=c", "date:=d", "reference:=r", "no-dereference=h"),
)
async def touch(tool: Tool) -> int:
    """Change times."""
    opts, sys = tool.options, tool.sys
    access = modify = False
    for flag, value in opts.flags:
        if flag == "time":
            flag = (await choose(tool, "--time", value, _WHICH))[0]
        access |= flag == "a"
        modify |= flag == "m"
    if not access and not modify:
        access = modify = True
    stamp, text, reference = opts.last("t"), opts.last("d"), opts.last("r")
    if stamp is not None and (text is not None or reference is not None):
        raise Failure(b"cannot specify times from more than one source", hint=True)
    now = await sys.clock_gettime()
    atime = mtime = -1
    if reference is not None:
        try:
            st = await (sys.lstat if "h" in opts else sys.stat)(reference)
        except OSError as err:
            await tool.warn(b"failed to get attributes of " + quoteaf(reference), err)
            return 1
        atime, mtime = st.atime, st.mtime
    if text is not None:
        atime = _date(text, now if reference is None else atime)
        mtime = _date(text, now if reference is None else mtime)
    if stamp is not None:
        moment = touch_stamp(stamp, now)
        if moment is None:
            raise Failure(b"invalid date format " + quote(stamp))
        atime = mtime = moment
    if not tool.operands:
        raise Failure(b"missing file operand", hint=True)
    for path in tool.operands:
        await _touch(tool, path, atime if access else None, mtime if modify else None)
    return tool.status


def _date(text: bytes, base: int) -> int:
    moment = parse(text, base)
    if moment is None:
        raise Failure(b"invalid date format " + quote(text))
    return moment


async def _touch(tool: Tool, path: bytes, atime: int | None, mtime: int | None) -> None:
    opts, sys = tool.options, tool.sys
    follow = "h" not in opts
    unopened: OSError | None = None
    if path == b"-":
        path = b"/dev/stdout"
    elif "c" not in opts and follow:
        try:
            fd = await sys.open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o666)
            await sys.close(fd)
        except OSError as err:
            unopened = err
    try:
        await sys.utimens(path, atime, mtime, follow=follow)
    except OSError as err:
        if unopened is not None and unopened.errno not in (Errno.EISDIR, Errno.EINVAL):
            await tool.warn(b"cannot touch " + quoteaf(path), unopened)
        elif not ("c" in opts and err.errno == Errno.ENOENT):
            await tool.warn(b"setting times of " + quoteaf(path), err)
