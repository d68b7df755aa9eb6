"""pgrep and pkill: find processes by name and other attributes, or signal them (procps-ng 4.0.2).

The pattern is an extended regular expression, matched against the name of the program (its first
15 bytes are what the kernel keeps) or with ``-f`` against the whole command line.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from minios.abi.signals import Sig, number_of
from minios.userland.lib import users
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.proc import HZ, Process, processes, uptime
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.regex import Regex, RegexError
from minios.userland.lib.regex import compile as compile_regex
from minios.userland.lib.stdio import complain, read_file, why
from minios.userland.lib.utf8 import encode

_COMMON = """\
 -c, --count               only count the processes
 -f, --full                match the whole command line
 -g, --pgroup <PGID,...>   of these process groups
 -G, --group <GID,...>     of these real groups
 -i, --ignore-case         capitals match small letters
 -n, --newest              only the one started last
 -o, --oldest              only the one started first
 -O, --older <seconds>     only those older than that
 -P, --parent <PPID,...>   children of these processes
 -s, --session <SID,...>   of these sessions
 -t, --terminal <tty,...>  of these terminals
 -u, --euid <ID,...>       of these effective users
 -U, --uid <ID,...>        of these real users
 -x, --exact               the whole name must match
 -F, --pidfile <file>      only the pid in this file
 -L, --logpidfile          that file must be locked
 -r, --runstates <state>   in these states [D,S,Z,...]
 -A, --ignore-ancestors    not the ancestors of this command

 -h, --help     show this and exit
 -V, --version  show the version and exit

For more details see pgrep(1)."""

PGREP = f"""
Usage:
 pgrep [options] <pattern>

Options:
 -d, --delimiter <string>  what stands between the pids
 -l, --list-name           pid and name
 -a, --list-full           pid and command line
 -v, --inverse             those that do not match
 -w, --lightweight         all threads
{_COMMON}
"""

PKILL = f"""
Usage:
 pkill [options] <pattern>

Options:
 -<sig>, --signal <sig>    the signal to send
 -q, --queue <value>       a value that goes with it
 -e, --echo                say what was signalled
{_COMMON}
"""

_SHORT = "cfg:G:inoO:P:s:t:u:U:xF:Lr:AhV"
_LONG = (
    "count=c", "full=f", "pgroup:=g", "group:=G", "ignore-case=i", "newest=n", "oldest=o",
    "older:=O", "parent:=P", "session:=s", "terminal:=t", "euid:=u", "uid:=U", "exact=x",
    "pidfile:=F", "logpidfile=L", "runstates:=r", "ignore-ancestors=A", "help=h", "version=V",
)  # fmt: skip

Test = Callable[[Process], bool]


@dataclass(slots=True)
class Query:
    """What to look for."""

    options: Parsed
    tests: list[Test] = field(default_factory=list)
    regex: Regex | None = None
    pattern: bytes | None = None


def _take_signal(args: list[bytes]) -> int | None:
    """Remove the first ``-TERM`` or ``-9`` from the arguments; its number."""
    for at, arg in enumerate(args):
        if arg == b"--":
            break
        if arg.startswith(b"-") and len(arg) > 1:
            number = number_of(arg[1:].decode("latin-1"))
            if number is not None:
                del args[at]
                return number
    return None


def _numbers(text: bytes, complaint: str, own: int | None = None) -> list[int]:
    found = []
    for word in text.split(b","):
        if not word.isdigit():
            raise Failure((complaint + ": ").encode() + word, 2)
        number = int(word[:10])
        found.append(own if own is not None and not number else number)
    return found


def _ids(text: bytes, known: dict[bytes, int], what: str) -> list[int]:
    found = []
    for word in text.split(b","):
        if word.isdigit():
            found.append(int(word[:10]))
        elif word in known:
            found.append(known[word])
        else:
            raise Failure(f"invalid {what} name: ".encode() + word, 2)
    return found


async def _pidfile(tool: Tool, path: bytes) -> int:
    try:
        words = (await read_file(tool.sys, path, 64)).split()
    except OSError:
        words = []
    if not words or not words[0].isdigit():
        raise Failure(
            b"pidfile not valid\nTry `" + tool.name + b" --help' for more information.", 1
        )
    return int(words[0][:10])


async def _query(tool: Tool, options: Parsed) -> Query:
    """Turn the options into tests."""
    query = Query(options)
    sys = tool.sys
    accounts = {a.name: a.uid for a in await users.passwd(sys)}
    teams = {g.name: g.gid for g in await users.groups(sys)}
    for flag, value in options.flags:
        text = value or b""
        match flag:
            case "g":
                groups = _numbers(text, "invalid process group", await sys.getpgid())
                query.tests.append(lambda p, groups=groups: p.pgrp in groups)  # type: ignore[misc]
            case "s":
                ids = _numbers(text, "invalid session id", await sys.getsid())
                query.tests.append(lambda p, ids=ids: p.session in ids)  # type: ignore[misc]
            case "P":
                parents = _numbers(text, "not a number")
                query.tests.append(lambda p, parents=parents: p.ppid in parents)  # type: ignore[misc]
            case "G":
                gids = _ids(text, teams, "group")
                query.tests.append(lambda p, gids=gids: p.gids[0] in gids)  # type: ignore[misc]
            case "u":
                uids = _ids(text, accounts, "user")
                query.tests.append(lambda p, uids=uids: p.euid in uids)  # type: ignore[misc]
            case "U":
                uids = _ids(text, accounts, "user")
                query.tests.append(lambda p, uids=uids: p.ruid in uids)  # type: ignore[misc]
            case "t":
                ttys = [word.removeprefix(b"/dev/") for word in text.split(b",")]
                query.tests.append(lambda p, ttys=ttys: p.tty in ttys)  # type: ignore[misc]
            case "r":
                states = text.decode("latin-1").replace(",", "")
                query.tests.append(lambda p, states=states: p.state in states)  # type: ignore[misc]
            case "O":
                if not text.isdigit():
                    raise Failure(b"not a number: " + text, 2)
                before = await uptime(sys) - int(text[:10]) * HZ
                query.tests.append(lambda p, before=before: p.starttime <= before)  # type: ignore[misc]
            case "F":
                pid = await _pidfile(tool, text)
                query.tests.append(lambda p, pid=pid: p.pid == pid)  # type: ignore[misc]
    return query


async def _select(tool: Tool, query: Query) -> list[Process]:
    """The processes that match, in order of their pids; never this one."""
    options = query.options
    me = await tool.sys.getpid()
    found = await processes(tool.sys)
    await tool.retain(400 * len(found))
    skipped = {me}
    if "A" in options:
        parents = {p.pid: p.ppid for p in found}
        while (me := parents.get(me, 0)) and me not in skipped:
            skipped.add(me)
    chosen = []
    for p in found:
        if p.pid in skipped:
            continue
        holds = all(test(p) for test in query.tests)
        if holds and query.regex is not None:
            text = b" ".join(p.argv) if "f" in options and p.argv else p.comm
            if "x" in options:
                match = query.regex.search(text)
                holds = match is not None and match.span() == (0, len(text))
            else:
                holds = query.regex.test(text)
            await tool.sys.compute(5 + query.regex.spent())
        if holds != ("v" in options):
            chosen.append(p)
    if chosen and "n" in options:
        chosen = [max(chosen, key=lambda p: (p.starttime, p.pid))]
    elif chosen and "o" in options:
        chosen = [min(chosen, key=lambda p: (p.starttime, p.pid))]
    return chosen


async def _search(tool: Tool, usage: str, short: str, long: tuple[str, ...]) -> Query | int:
    """Read the command line; an int is the exit status of having said all there is to say."""
    try:
        options = parse(tool.argv[1:], _SHORT + short, [*_LONG, *long])
        if "n" in options and "o" in options:
            raise UsageError("")
    except UsageError as err:
        if str(err):
            await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(tool.sys, b"\n" + usage.strip().encode())
        return 2
    if "h" in options:
        await tool.line(b"\n" + usage.strip().encode())
        return 0
    if "V" in options:
        await tool.line(tool.name + b" from procps-ng 4.0.2")
        return 0
    hint = b"\nTry `" + tool.name + b" --help' for more information."
    query = await _query(tool, options)
    if len(options.operands) > 1:
        raise Failure(b"only one pattern can be provided" + hint, 2)
    if options.operands:
        query.pattern = options.operands[0]
        source = query.pattern
        if "x" in options:
            source = b"^(" + source + b")$"
        try:
            query.regex = compile_regex(source, extended=True, icase="i" in options)
        except RegexError as err:
            raise Failure(b"regex error: " + str(err).encode("latin-1"), 2) from None
    elif not query.tests:
        raise Failure(b"no matching criteria specified" + hint, 2)
    return query


async def _warn_long(tool: Tool, query: Query) -> None:
    if query.pattern and len(query.pattern) > 15 and "f" not in query.options:
        await tool.warn(
            b"pattern that searches for process name longer than 15 characters "
            b"will result in zero matches\n"
            b"Try `" + tool.name + b" -f' option to match against the complete command line."
        )


def _clean(text: bytes) -> bytes:
    return encode(clean(text))


@program(PGREP)
async def pgrep(tool: Tool) -> int:
    """pgrep(1)."""
    query = await _search(
        tool,
        PGREP,
        "d:lavw",
        ("delimiter:=d", "list-name=l", "list-full=a", "inverse=v", "lightweight=w"),
    )
    if isinstance(query, int):
        return query
    options = query.options
    chosen = await _select(tool, query)
    if "c" in options:
        await tool.line(b"%d" % len(chosen))
    elif chosen:
        between = options.last("d")
        lines = [b"%d" % p.pid for p in chosen]
        if "a" in options:
            lines = [b"%d " % p.pid + _clean(b" ".join(p.argv) or p.comm) for p in chosen]
        elif "l" in options:
            lines = [b"%d " % p.pid + _clean(p.comm) for p in chosen]
        tool.out.put((b"\n" if between is None else between).join(lines), b"\n")
    if not chosen:
        await _warn_long(tool, query)
    return 0 if chosen else 1


@program(PKILL)
async def pkill(tool: Tool) -> int:
    """pkill(1)."""
    signal = _take_signal(tool.argv)
    query = await _search(
        tool, PKILL, "eq:", ("echo=e", "queue:=q", "signal:=signal")
    )  # fmt: skip
    if isinstance(query, int):
        return query
    named = query.options.last("signal")
    if named is not None:
        signal = number_of(named.decode("latin-1"))
        if signal is None:
            signal = -1
    elif signal is None:
        signal = int(Sig.SIGTERM)
    chosen = await _select(tool, query)
    reached = 0
    for p in chosen:
        try:
            await tool.sys.kill(p.pid, signal)
        except OSError as err:
            await tool.warn(b"killing pid %d failed: " % p.pid + why(err))
            continue
        reached += 1
        if "e" in query.options:
            name = _clean(p.comm) if query.pattern is not None else b""
            await tool.line(name + b" killed (pid %d)" % p.pid)
    if "c" in query.options:
        await tool.line(b"%d" % len(chosen))
    if not chosen:
        await _warn_long(tool, query)
    return 0 if reached else 1
