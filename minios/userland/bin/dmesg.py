"""dmesg (util-linux 2.38.1)."""

from dataclasses import dataclass

from minios.abi.errno import Errno
from minios.abi.flags import O_NONBLOCK, O_RDONLY, SEEK_DATA, SEEK_END
from minios.userland.lib.calendar import strftime
from minios.userland.lib.journal import FACILITIES
from minios.userland.lib.procfiles import boot_time
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import why

DMESG = """
Usage:
 dmesg [options]

Display or control the kernel ring buffer.

Options:
 -C, --clear                 forget what is there now
 -c, --read-clear            print everything, then forget it
 -f, --facility <list>       only these facilities
 -H, --human                 times for people: -e, and a pager elsewhere
 -k, --kernel                only what the kernel says
 -L, --color[=<when>]        accepted; there are no colours
 -l, --level <list>          only these levels
 -P, --nopager               no pager (there is none)
 -r, --raw                   the priority as a number before each line
 -u, --userspace             only what programs said
 -w, --follow                wait for new messages
 -W, --follow-new            wait for new messages and print only those
 -x, --decode                facility and level before each line
 -d, --show-delta            the time since the line before
 -e, --reltime               local time, and the time since the line before
 -T, --ctime                 date and time
 -t, --notime                no time
     --time-format <format>  delta, reltime, ctime, notime or iso

 -h, --help                  display this help
 -V, --version               display version

For more details see dmesg(1).
"""

_LONG = (
    "clear=C", "read-clear=c", "facility:=f", "human=H", "kernel=k", "color::=L", "level:=l",
    "nopager=P", "raw=r", "userspace=u", "follow=w", "follow-new=W", "decode=x", "show-delta=d",
    "reltime=e", "ctime=T", "notime=t", "time-format:=format", "buffer-size:=s", "syslog=S",
    "force-prefix=p", "noescape",
)  # fmt: skip

_LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")
CLEAR = 5
US = 1_000_000


@dataclass(slots=True)
class Form:
    """How a line is shown; ``last`` and ``minute`` are those of the line before."""

    time: str
    delta: bool
    decode: bool
    raw: bool
    boot: int
    last: int | None = None
    minute: bytes = b""

    def show(self, priority: int, at: int, text: bytes) -> bytes:
        if self.raw:
            return b"<%d>[%5d.%06d] %b" % (priority, *divmod(at, US), text)
        head = b""
        if self.decode:
            facility, level = priority >> 3, priority & 7
            name = FACILITIES[facility] if facility < len(FACILITIES) else str(facility)
            head = f"{name:<6}:{_LEVELS[level]:<6}: ".encode()
        since = at - self.last if self.last is not None else 0
        head += self._time(at, since)
        self.last = at
        return head + text

    def _time(self, at: int, since: int) -> bytes:
        moment = self.boot * US * 1000 + at * 1000
        change = b"%5d.%06d" % divmod(since, US)
        if self.time == "notime":
            return b"[<%b>] " % change.rjust(12) if self.delta else b""
        if self.time == "iso":
            stamp = strftime(b"%Y-%m-%dT%H:%M:%S,", moment) + b"%06d+00:00" % (at % US)
            return stamp + b" "
        if self.time == "reltime":
            minute = strftime(b"%b%e %H:%M", moment)
            if minute != self.minute:
                self.minute = minute
                return b"[" + minute + b"] "
            return b"[" + (b"+%d.%06d" % divmod(since, US)).rjust(11) + b"] "
        stamp = strftime(b"%a %b %e %H:%M:%S %Y", moment)
        if self.time != "ctime":
            stamp = b"%5d.%06d" % divmod(at, US)
        return b"[" + stamp + (b" <" + change + b">" if self.delta else b"") + b"] "


def _set(text: bytes, names: tuple[str, ...], what: bytes) -> set[int]:
    """The numbers of a list of names; ``name+`` and ``+name`` mean the rest as well."""
    found: set[int] = set()
    for word in text.split(b","):
        plain = word.strip(b"+").decode("latin-1")
        if plain not in names:
            raise Failure(b"unknown " + what + b" '" + word + b"'")
        at = names.index(plain)
        if word.endswith(b"+"):
            found.update(range(at + 1))
        elif word.startswith(b"+"):
            found.update(range(at, len(names)))
        else:
            found.add(at)
    return found


@program(DMESG, "CcDEf:HJkL::l:PprSs:uwWxdeTtn:hV", _LONG)
async def dmesg(tool: Tool) -> int:
    """dmesg(1)."""
    sys, options = tool.sys, tool.options
    if "h" in options:
        await tool.line(DMESG.strip("\n").encode())
        return 0
    if "V" in options:
        await tool.line(b"dmesg from util-linux 2.38.1")
        return 0
    if tool.operands:
        raise Failure(b"bad usage", hint=True)
    if "C" in options:
        return await _clear(tool)
    if "w" in options and "c" in options:
        raise Failure(b"mutually exclusive arguments: --read-clear --follow")
    form = await _form(tool)
    levels = _set(options.last("l") or b"debug+", _LEVELS, b"level")
    facilities = set(range(24))
    if (given := options.last("f")) is not None:
        facilities = _set(given, FACILITIES, b"facility")
    if "k" in options:
        facilities &= {0}
    if "u" in options:
        facilities -= {0}
    follow = "w" in options or "W" in options
    try:
        fd = await sys.open(b"/dev/kmsg", O_RDONLY | (0 if follow else O_NONBLOCK))
        await sys.lseek(fd, 0, SEEK_END if "W" in options else SEEK_DATA)
    except OSError as err:
        raise Failure(b"cannot open /dev/kmsg: " + why(err)) from None
    while True:
        try:
            record = await sys.read(fd, 8192)
        except OSError as err:
            if err.errno == Errno.EPIPE:
                continue
            if err.errno != Errno.EAGAIN:
                raise Failure(b"read kernel buffer failed: " + why(err)) from None
            break
        head, _, text = record.partition(b";")
        words = head.split(b",")
        priority, at = int(words[0]), int(words[2])
        if priority & 7 in levels and priority >> 3 in facilities:
            await tool.line(form.show(priority, at, text.partition(b"\n")[0]))
            if follow:
                await tool.out.flush()
    if "c" in options:
        await tool.out.flush()
        return await _clear(tool)
    return 0


async def _form(tool: Tool) -> Form:
    options = tool.options
    time = "plain"
    for flag, name in (("T", "ctime"), ("t", "notime"), ("e", "reltime"), ("H", "reltime")):
        if flag in options:
            time = name
    delta = "d" in options
    given = options.last("format")
    if given is not None:
        name = given.decode("latin-1")
        if name not in ("delta", "reltime", "ctime", "notime", "iso"):
            raise Failure(b"unknown time format: " + given)
        time, delta = ("plain", True) if name == "delta" else (name, delta)
    if "r" in options and (time != "plain" or delta):
        raise Failure(
            b"--raw can be used together with --level or --facility only when reading "
            b"messages from /dev/kmsg"
        )
    boot = await boot_time(tool.sys)
    return Form(time, delta, "x" in options, "r" in options, boot)


async def _clear(tool: Tool) -> int:
    try:
        await tool.sys.syslog(CLEAR)
    except OSError as err:
        raise Failure(b"clear kernel buffer failed: " + why(err)) from None
    return 0
