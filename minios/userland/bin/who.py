"""w (procps-ng 4.0.2), who and users (coreutils 9.1): who is logged in, and doing what."""

from minios.abi.sys import Sys
from minios.userland.bin.uptime import summary, usage
from minios.userland.lib import utmp
from minios.userland.lib.calendar import strftime
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.proc import HZ, Process, processes
from minios.userland.lib.procfiles import read_optional
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.quoting import quote
from minios.userland.lib.terminal import ttyname
from minios.userland.lib.utf8 import clip, encode

NS = 1_000_000_000

W = """
Usage:
 w [options] [user]

Options:
 -h, --no-header     no header
 -u, --no-current    whoever the process belongs to
 -s, --short         without times
 -f, --from          with or without where from
 -o, --old-style     old style
 -i, --ip-addr       addresses for names

     --help     show this and exit
 -V, --version  show the version and exit

For more details see w(1).
"""

WHO = """
Usage: who [OPTION]... [ FILE | ARG1 ARG2 ]
Print who is logged in. FILE is read for /run/utmp; with two arguments, as in
'who am i', only this terminal is shown.

  -a, --all         all of -b -d --login -p -r -t -T -u
  -b, --boot        when the machine started
  -d, --dead        ended sessions
  -H, --heading     with a heading
  -l, --login       terminals where nobody is logged in yet
  -m                only this terminal
  -q, --count       names and how many
  -s, --short       name, terminal and time (the default)
  -T, -w, --mesg    whether messages are welcome: + or -
  -u, --users       idle time and pid too
"""

USERS = """
Usage: users [OPTION]... [FILE]
Print the names of those who are logged in, once for each session.
"""


def interval(centiseconds: int) -> str:
    """A length of time in seven cells."""
    seconds = centiseconds // 100
    if seconds >= 48 * 3600:
        return f" {seconds // 86_400:2}days"
    if seconds >= 3600:
        return f" {seconds // 3600:2}:{seconds // 60 % 60:02}m"
    if seconds > 60:
        return f" {seconds // 60:2}:{seconds % 60:02} "
    return f" {seconds:2}.{centiseconds % 100:02}s"


def login_time(then: int, now: int) -> str:
    """When somebody logged in: the hour today, the weekday or the date."""
    if now - then > 12 * 3600 and then // 86_400 != now // 86_400:
        form = b"%d%b%y" if now - then > 6 * 86_400 else b"%a%H  "
    else:
        form = b"%H:%M  "
    return strftime(form, then * NS).decode()


async def _idle(sys: Sys, line: bytes, now: int) -> int:
    """Seconds since the terminal was last read."""
    try:
        return max(now - (await sys.stat(b"/dev/" + line)).atime // NS, 0)
    except OSError:
        return 0


def _busy(found: list[Process], entry: utmp.Entry) -> tuple[int, Process | None]:
    """CPU ticks of everything on the terminal, and the process in its foreground."""
    here = [p for p in found if p.tty == entry.line]
    ticks = sum(p.cpu for p in here)
    front = [p for p in here if p.pgrp == p.tpgid]
    best = max(front, key=lambda p: (p.starttime, p.pid), default=None)
    if best is None:
        best = next((p for p in found if p.pid == entry.pid), None)
    return ticks, best


@program(W)
async def w(tool: Tool) -> int:
    """w(1)."""
    sys = tool.sys
    long = ("no-header=h", "no-current=u", "short=s", "from=f", "old-style=o", "ip-addr=i")
    try:
        options = parse(tool.argv[1:], "husfoiV", [*long, "help", "version=V"])
    except UsageError as err:
        return await usage(tool, W, str(err))
    if "help" in options:
        await tool.line(b"\n" + W.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"w from procps-ng 4.0.2")
        return 0
    short, origin = "s" in options, "f" not in options
    if "h" not in options:
        await tool.line(b" " + await summary(sys))
        heading = "USER     TTY      " + ("FROM             " if origin else "")
        heading += "" if origin else "  "
        heading += " IDLE WHAT" if short else "LOGIN@   IDLE   JCPU   PCPU WHAT"
        await tool.line(heading.encode())
    width = 512
    if await sys.isatty(1):
        width = (await sys.winsize(1)).cols or 80
    now = await sys.clock_gettime() // NS
    found = await processes(sys)
    await tool.retain(400 * len(found))
    for entry in await utmp.sessions(sys):
        if options.operands and entry.user not in options.operands:
            continue
        ticks, best = _busy(found, entry)
        idle = await _idle(sys, entry.line, now)
        line = f"{clean(entry.user)[:8]:<8} {clean(entry.line)[:8]:<8} "
        line += f"{clean(entry.host)[:16] or '-':<16} " if origin else " "
        if short:
            line += interval(idle * 100)[1:]
        else:
            line += login_time(entry.time, now) + interval(idle * 100)
            line += interval(ticks * 100 // HZ)
            line += interval(best.cpu * 100 // HZ) if best else "   ?   "
        what = "-"
        if best is not None:
            what = clean(b" ".join(best.argv) or best.comm)
        await tool.line(encode(clip(f"{line} {what}", width)))
    return 0


async def _records(tool: Tool, path: bytes | None) -> list[utmp.Entry]:
    if path is None:
        records = await utmp.read(tool.sys)
    else:
        records = utmp.unpack(await read_optional(tool.sys, path))
    await tool.sys.compute(10 * len(records) + 10)
    return records


async def _alive(sys: Sys, entry: utmp.Entry) -> bool:
    try:
        await sys.kill(entry.pid, 0)
    except OSError as err:
        return err.errno == 1
    return True


@program(USERS, "")
async def users(tool: Tool) -> int:
    """users(1)."""
    if len(tool.operands) > 1:
        raise Failure(b"extra operand " + quote(tool.operands[1]), hint=True)
    records = await _records(tool, tool.operands[0] if tool.operands else None)
    names = sorted([e.user for e in records if await _here(tool.sys, e)])
    if names:
        await tool.line(b" ".join(names))
    return 0


async def _here(sys: Sys, entry: utmp.Entry) -> bool:
    return entry.type == utmp.USER_PROCESS and bool(entry.user) and await _alive(sys, entry)


_WHO_LONG = (
    "all=a", "boot=b", "count=q", "dead=d", "heading=H", "login=l", "lookup", "message=T",
    "mesg=T", "writable=T", "process=p", "runlevel=r", "short=s", "time=t", "users=u",
)  # fmt: skip


@program(WHO, "abdlmpqrstuwHT", _WHO_LONG)
async def who(tool: Tool) -> int:
    """who(1)."""
    sys = tool.sys
    chosen = {flag for flag, _ in tool.options.flags}
    if "a" in chosen:
        chosen |= set("bdlprtTu")
    if "w" in chosen:
        chosen.add("T")
    operands = tool.operands
    if len(operands) > 2:
        raise Failure(b"extra operand " + quote(operands[2]), hint=True)
    own: bytes | None = None
    if "m" in chosen or len(operands) == 2:
        own = await _own_line(sys)
        if own is None:
            return 0
    records = await _records(tool, operands[0] if len(operands) == 1 else None)
    if "q" in chosen:
        names = [e.user for e in records if await _here(sys, e)]
        await tool.line(b" ".join(names))
        await tool.line(b"# users=%d" % len(names))
        return 0
    show_users = "u" in chosen or not chosen & set("bdlprt")
    wide = bool(chosen & {"u", "l", "d"}) and "s" not in chosen
    if "H" in chosen:
        await tool.line(_heading(chosen, wide=wide))
    now = await sys.clock_gettime() // NS
    for entry in records:
        if own is not None and entry.line != own:
            continue
        if entry.type == utmp.BOOT_TIME and "b" in chosen:
            await _show(tool, chosen, entry._replace(user=b"", line=b"system boot"), "", "")
        elif entry.type == utmp.LOGIN_PROCESS and "l" in chosen:
            comment = f"id={clean(entry.id)}"
            await _show(tool, chosen, entry._replace(user=b"LOGIN"), f"{entry.pid:17}", comment)
        elif entry.type == utmp.DEAD_PROCESS and "d" in chosen:
            comment = f"id={clean(entry.id):<5} term=0 exit=0"
            await _show(tool, chosen, entry._replace(user=b""), f"{entry.pid:17}", comment)
        elif show_users and await _here(sys, entry):
            middle = ""
            if wide:
                middle = f"{await _idle_text(sys, entry, now):<6} {entry.pid:10}"
            comment = f"({clean(entry.host)})" if entry.host else ""
            await _show(tool, chosen, entry, middle, comment)
    return 0


def _heading(chosen: set[str], *, wide: bool) -> bytes:
    line = "NAME    " + ("  " if "T" in chosen else "") + " LINE         TIME        "
    if wide:
        line += " IDLE          PID"
    return (line + " COMMENT").encode()


async def _idle_text(sys: Sys, entry: utmp.Entry, now: int) -> str:
    idle = await _idle(sys, entry.line, now)
    if idle < 60:
        return "  .  "
    if idle < 86_400:
        return f"{idle // 3600:02}:{idle // 60 % 60:02}"
    return " old "


async def _own_line(sys: Sys) -> bytes | None:
    """The terminal on standard input, without /dev/."""
    name = await ttyname(sys, 0)
    return None if name is None else name.removeprefix(b"/dev/")


async def _show(tool: Tool, chosen: set[str], entry: utmp.Entry, middle: str, comment: str) -> None:
    state = ""
    if "T" in chosen:
        state = "  "
        if entry.type == utmp.USER_PROCESS:
            try:
                mode = (await tool.sys.stat(b"/dev/" + entry.line)).mode
                state = " +" if mode & 0o20 else " -"
            except OSError:
                state = " ?"
    when = strftime(b"%b %e %H:%M", entry.time * NS).decode()
    line = f"{clean(entry.user):<8}{state} {clean(entry.line):<12} {when}"
    if middle:
        line += " " + middle
    if comment:
        line += " " + comment
    await tool.line(encode(line))
