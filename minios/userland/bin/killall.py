"""killall (psmisc 23.6) and pidof (sysvinit 3.06): processes by the name of their program."""

from minios.abi.records import Stat
from minios.abi.signals import Sig, number_of
from minios.userland.bin.kill import listing
from minios.userland.lib import users
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.proc import HZ, Process, processes, uptime
from minios.userland.lib.program import Tool, program
from minios.userland.lib.regex import Regex, RegexError
from minios.userland.lib.regex import compile as compile_regex
from minios.userland.lib.stdio import complain, why, write_all

KILLALL = """
Usage: killall [OPTION]... [--] NAME...
       killall -l, --list
       killall -V, --version

  -e,--exact          a very long name must match exactly
  -I,--ignore-case    capitals match small letters
  -g,--process-group  signal the process group in place of the process
  -y,--younger-than   only those younger than TIME
  -o,--older-than     only those older than TIME
  -i,--interactive    ask before each
  -l,--list           list the signals
  -q,--quiet          do not complain
  -r,--regexp         NAME is an extended regular expression
  -s,--signal SIGNAL  send this signal, not SIGTERM
  -u,--user USER      only processes of USER
  -v,--verbose        say what was signalled
  -V,--version        show the version
  -w,--wait           wait until they are gone
"""

_LONG = (
    "exact=e", "ignore-case=I", "process-group=g", "younger-than:=y", "older-than:=o",
    "interactive=i", "list=l", "quiet=q", "regexp=r", "signal:=s", "user:=u", "verbose=v",
    "wait=w", "version=V", "help",
)  # fmt: skip

_SECONDS = {
    "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_629_746, "y": 31_556_952,
}  # fmt: skip
SECOND = 1_000_000_000


async def _usage(tool: Tool, complaint: str = "") -> int:
    if complaint:
        await complain(tool.sys, complaint.encode("latin-1"))
    await complain(tool.sys, KILLALL.strip().encode() + b"\n")
    return 1


def _age(text: bytes) -> int | None:
    """Ticks of an age like ``90s``, ``5m`` or ``1.5h``; None if it is none."""
    number, unit = text[:-1].decode("latin-1"), text[-1:].decode("latin-1")
    whole, _, part = number.partition(".")
    if unit not in _SECONDS or not (whole + part).isdigit() or len(number) > 9:
        return None
    scale: int = 10 ** len(part)
    return int(whole + part) * HZ * _SECONDS[unit] // scale


def _signal_word(args: list[bytes]) -> bytes | None:
    """Remove a leading ``-TERM``, ``-SIGTERM`` or ``-9``; what it says."""
    for at, arg in enumerate(args):
        if arg == b"--":
            return None
        word = arg[1:]
        if arg.startswith(b"-") and (word.isdigit() or (word.isupper() and len(word) > 1)):
            del args[at]
            return word
    return None


class _Names:
    """The NAME operands, ready to be compared with processes."""

    def __init__(self, names: list[bytes], options: Parsed) -> None:
        self.names = names
        self.options = options
        self.regexes: list[Regex] = []
        self.files: dict[int, Stat] = {}

    def matches(self, at: int, p: Process) -> bool:
        """Whether process ``p`` is what the name number ``at`` means."""
        if self.regexes:
            return self.regexes[at].test(_full_name(p))
        wanted, name = self.names[at], _full_name(p)
        if len(wanted) > 15 and len(name) == 15 and "e" not in self.options:
            wanted = wanted[:15]
        if "I" in self.options:
            return wanted.lower() == name.lower()
        return wanted == name


def _full_name(p: Process) -> bytes:
    """The program's name; a truncated one is completed from the command line."""
    if len(p.comm) >= 15:
        for word in p.argv[:2]:
            base = word.rpartition(b"/")[2]
            if base.startswith(p.comm):
                return base
    return p.comm


@program(KILLALL)
async def killall(tool: Tool) -> int:
    """killall(1)."""
    args = tool.argv[1:]
    word = _signal_word(args)
    try:
        options = parse(args, "egIy:o:ilqrs:u:vVwn:Z:", _LONG)
    except UsageError as err:
        said = f"{tool.name.decode('latin-1')}: {err}" if str(err).startswith("un") else ""
        return await _usage(tool, said)
    if "help" in options:
        tool.out.put(KILLALL.strip().encode() + b"\n")
        return 0
    if "V" in options:
        await tool.line(b"killall (PSmisc) 23.6")
        return 0
    if "l" in options:
        await tool.line(listing().encode())
        return 0
    word = options.last("s") or word
    signal = int(Sig.SIGTERM) if word is None else number_of(word.decode("latin-1"))
    if signal is None:
        text = (word or b"").removeprefix(b"SIG")
        await complain(tool.sys, text + b": unknown signal; killall -l lists signals.")
        return 1
    if not options.operands and "u" not in options:
        return await _usage(tool)
    return await _killall(tool, options, signal)


async def _killall(tool: Tool, options: Parsed, signal: int) -> int:
    sys = tool.sys
    uid: int | None = None
    if (user := options.last("u")) is not None:
        account = await users.by_name(sys, user)
        if account is None:
            await complain(sys, b"Cannot find user " + user)
            return 1
        uid = account.uid
    younger, older = options.last("y"), options.last("o")
    ages = [None if text is None else _age(text) for text in (younger, older)]
    if (younger and ages[0] is None) or (older and ages[1] is None):
        return await _usage(tool, "Invalid time format")
    now = await uptime(sys)

    names = _Names(options.operands, options)
    for name in options.operands:
        if "r" in options:
            try:
                names.regexes.append(compile_regex(name, extended=True, icase="I" in options))
            except RegexError:
                await complain(sys, b"killall: Bad regular expression: " + name)
                return 1
        elif b"/" in name:
            try:
                names.files[options.operands.index(name)] = await sys.stat(name)
            except OSError as err:
                await complain(sys, name + b": " + why(err))
                return 1

    found = await processes(sys)
    await tool.retain(400 * len(found))
    me = await sys.getpid()
    killed: list[int] = []
    hit = [False] * max(len(options.operands), 1)
    groups: set[int] = set()
    for p in found:
        if p.pid == me or (uid is not None and p.euid != uid):
            continue
        age = now - p.starttime
        if (ages[0] is not None and age > ages[0]) or (ages[1] is not None and age < ages[1]):
            continue
        await sys.compute(10)
        at = await _which(tool, names, p)
        if at is None or not await _confirmed(tool, options, p):
            continue
        target = p.pid
        if "g" in options:
            if p.pgrp in groups:
                hit[at] = True
                continue
            groups.add(p.pgrp)
            target = p.pgrp
        shown = b"(%s%d)" % (b"pgid " if "g" in options else b"", target)
        try:
            await sys.kill(-target if "g" in options else target, signal)
        except OSError as err:
            if "q" not in options:
                await complain(sys, p.comm + b"(%d): " % p.pid + why(err))
            continue
        if "v" in options:
            await complain(sys, b"Killed " + p.comm + shown + b" with signal %d" % signal)
        killed.append(p.pid)
        hit[at] = True
    if "q" not in options:
        for at, name in enumerate(options.operands):
            if not hit[at]:
                await complain(sys, name + b": no process found")
    if "w" in options:
        await _wait(tool, {p.pid: p.starttime for p in found if p.pid in killed})
    return 0 if all(hit) else 1


async def _which(tool: Tool, names: _Names, p: Process) -> int | None:
    """The operand that means this process (0 if there are none and any will do)."""
    if not names.names:
        return 0
    for at in range(len(names.names)):
        if at in names.files:
            try:
                exe = await tool.sys.stat(b"/proc/%d/exe" % p.pid)
            except OSError:
                continue
            wanted = names.files[at]
            if (exe.dev, exe.ino) == (wanted.dev, wanted.ino):
                return at
        elif names.matches(at, p):
            return at
    return None


async def _confirmed(tool: Tool, options: Parsed, p: Process) -> bool:
    if "i" not in options:
        return True
    kind = b"(pgid %d)" % p.pgrp if "g" in options else b"(%d)" % p.pid
    await write_all(tool.sys, 1, b"Kill " + p.comm + kind + b" ? (y/N) ")
    answer = await tool.sys.read(0, 256)
    return answer[:1] in (b"y", b"Y")


async def _wait(tool: Tool, waited: dict[int, int]) -> None:
    """Look once a second until the processes are gone."""
    while waited:
        now = {p.pid: p.starttime for p in await processes(tool.sys, status=False, argv=False)}
        waited = {pid: start for pid, start in waited.items() if now.get(pid) == start}
        if waited:
            await tool.sys.nanosleep(SECOND)


PIDOF = """
pidof usage: [options] <program-name>

 -d <sep>     separate the pids by this
 -h           show this
 -n           do not look at files
 -o <pid>     leave out these pids; %PPID is the parent of pidof
 -q           only set the exit status
 -s           only one pid
 -x           scripts too
 -z           zombies too
"""

_SHELLS = (b"sh", b"dash", b"bash", b"ash")


def _base(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _is_program(p: Process, name: bytes, *, scripts: bool) -> bool:
    """Whether ``name`` is what the process was started as."""
    if b"/" in name:
        paths = [p.exe, *p.argv[:1]] + (p.argv[1:2] if scripts else [])
        return name in paths
    first = _base(p.argv[0]).removeprefix(b"-") if p.argv else b""
    if name in (first, _base(p.exe)):
        return True
    if p.comm == name[:15] and (scripts or not p.argv):
        return True
    return scripts and len(p.argv) > 1 and first in _SHELLS and _base(p.argv[1]) == name


@program(PIDOF)
async def pidof(tool: Tool) -> int:
    """pidof(8)."""
    try:
        options = parse(tool.argv[1:], "cd:hno:qsxz")
    except UsageError:
        return 1
    if "h" in options:
        await tool.line(PIDOF.strip().encode())
        return 0
    omitted: set[int] = {await tool.sys.getpid()}
    for text in options.every("o"):
        for word in text.replace(b",", b" ").split():
            if word == b"%PPID":
                omitted.add(await tool.sys.getppid())
            elif word.isdigit():
                omitted.add(int(word[:9]))
    found = [p for p in await processes(tool.sys, status=False) if p.pid not in omitted]
    for p in found:
        try:
            p.exe = await tool.sys.readlink(b"/proc/%d/exe" % p.pid)
        except OSError:
            p.exe = b""
    chosen: list[int] = []
    for name in options.operands:
        pids = [
            p.pid
            for p in reversed(found)
            if (p.state != "Z" or "z" in options) and _is_program(p, name, scripts="x" in options)
        ]
        chosen += pids[:1] if "s" in options else pids
        await tool.sys.compute(5 * len(found))
    if chosen and "q" not in options:
        await tool.line((options.last("d") or b" ").join(b"%d" % pid for pid in chosen))
    return 0 if chosen else 1
