"""journalctl (systemd 252)."""

from dataclasses import dataclass

from minios.abi.inotify import IN_CREATE, IN_MODIFY
from minios.userland.bin.systemctl.show import matching
from minios.userland.lib import journal
from minios.userland.lib.calendar import DAY, strftime, timestamp
from minios.userland.lib.journal import Entry
from minios.userland.lib.journalfile import US, Reader, fields, kernel_entries, short
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Tool, program
from minios.userland.lib.regex import Regex, RegexError, compile
from minios.userland.lib.stdio import complain
from minios.userland.lib.units import timespan

JOURNALCTL = """
journalctl [OPTIONS...] [MATCHES...]

Query the journal.

Filtering Options:
  -S --since=DATE            Show entries not older than the specified date
  -U --until=DATE            Show entries not newer than the specified date
  -b --boot[=ID]             Show current boot or the specified boot
  -u --unit=UNIT             Show logs from the specified unit
  -t --identifier=STRING     Show entries with the specified syslog identifier
  -p --priority=RANGE        Show entries within the specified priority range
     --facility=FACILITY...  Show entries with the specified facilities
  -g --grep=PATTERN          Show entries with MESSAGE matching PATTERN
  -k --dmesg                 Show kernel message log from the current boot

Output Control Options:
  -o --output=STRING         Change journal output mode (short, short-precise,
                             short-iso, short-iso-precise, short-full,
                             short-monotonic, short-unix, verbose, export,
                             json, json-pretty, cat, with-unit)
  -n --lines[=INTEGER]       Number of journal entries to show
  -r --reverse               Show the newest entries first
     --no-hostname           Suppress output of hostname field
  -f --follow                Follow the journal
     --no-tail               Show all lines, even in follow mode
  -x --catalog               Accepted; there is no catalog
  -a --all, --no-full        Accepted
  -q --quiet                 Do not show info messages and privilege warning
     --no-pager, -e          Accepted; output is never paged

Commands:
  -h --help                  Show this help text
     --version               Show package version
  -F --field=FIELD           List all values that a specified field takes
     --list-boots            Show terse information about recorded boots
     --disk-usage            Show total disk usage of all journal files
"""

_LONG = (
    "since:=S", "until:=U", "boot::=b", "unit:=u", "identifier:=t", "priority:=p", "facility:",
    "grep:=g", "dmesg=k", "output:=o", "lines::=n", "reverse=r", "no-hostname", "follow=f",
    "no-tail", "catalog=x", "all=a", "no-full", "quiet=q", "no-pager", "pager-end=e", "help=h",
    "version", "field:=F", "list-boots", "disk-usage", "utc", "system", "full=l", "sync", "flush",
    "rotate", "case-sensitive::",
)  # fmt: skip

_FORMS = (
    "short", "short-precise", "short-iso", "short-iso-precise", "short-full", "short-monotonic",
    "short-unix", "verbose", "export", "json", "json-pretty", "cat", "with-unit",
)  # fmt: skip
_DEFAULT_LINES = 10


class _Bad(Exception):
    """``str`` is the message."""


@dataclass(slots=True)
class Filter:
    """What an entry has to be like."""

    since: int = 0
    until: int = 1 << 62
    boot: bytes = b""
    units: tuple[bytes, ...] = ()
    identifiers: tuple[bytes, ...] = ()
    priorities: tuple[int, int] = (0, 7)
    facilities: tuple[int, ...] = ()
    pattern: Regex | None = None
    matches: tuple[tuple[str, bytes], ...] = ()
    kernel: bool = False

    def takes(self, entry: Entry) -> bool:
        if not self.since <= entry.realtime <= self.until:
            return False
        if self.boot and entry.boot != self.boot:
            return False
        if self.kernel and entry.transport != b"kernel":
            return False
        if self.units and entry.unit not in self.units:
            return False
        if self.identifiers and entry.identifier not in self.identifiers:
            return False
        if not self.priorities[0] <= entry.priority <= self.priorities[1]:
            return False
        if self.facilities and entry.facility not in self.facilities:
            return False
        if self.matches and not self._matches(entry):
            return False
        return self.pattern is None or self.pattern.test(entry.message)

    def _matches(self, entry: Entry) -> bool:
        """FIELD=VALUE: one of the values given for each field."""
        own = fields(entry, b"")
        wanted = {name for name, _ in self.matches}
        return all(
            any((name, value) in own for key, value in self.matches if key == name)
            for name in wanted
        )


def when(text: bytes, now: int) -> int:
    """A time for --since and --until in µs (systemd.time(7), Parsing timestamps)."""
    words = text.decode("latin-1").strip()
    today = now // US // DAY * DAY * US
    fixed = {
        "now": now,
        "today": today,
        "yesterday": today - DAY * US,
        "tomorrow": today + DAY * US,
    }
    if words in fixed:
        return fixed[words]
    if words.startswith("@") and words[1:].isdecimal():
        return int(words[1:]) * US
    sign, span = 0, words
    if words.endswith(" ago"):
        sign, span = -1, words[:-4]
    elif words[:1] in ("-", "+"):
        sign, span = (-1 if words[0] == "-" else 1), words[1:]
    if sign:
        ns = timespan.parse(span)
        if ns is None:
            raise _Bad(f"Failed to parse timestamp: {words}")
        return now + sign * ns // 1000
    parts = words.removesuffix(" UTC").replace("T", " ").split()
    date = next((p for p in parts if "-" in p), "")
    clock = next((p for p in parts if ":" in p), "")
    try:
        seconds = today // US
        if date:
            year, month, day = (int(n) for n in date.split("-"))
            seconds = timestamp(year, month, day)
        if clock:
            numbers = [int(n) for n in clock.split(":")]
            seconds += sum(n * unit for n, unit in zip(numbers, (3600, 60, 1), strict=False))
    except ValueError:
        seconds = -1
    if not (date or clock) or seconds < 0 or len(parts) != bool(date) + bool(clock):
        raise _Bad(f"Failed to parse timestamp: {words}")
    return seconds * US


def _priorities(text: bytes) -> tuple[int, int]:
    low, dots, high = text.partition(b"..")
    first, last = journal.priority_of(low), journal.priority_of(high if dots else low)
    if first is None or last is None:
        raise _Bad(f"Unknown log level {text.decode('latin-1')}")
    return (min(first, last), max(first, last)) if dots else (0, last)


async def _filter(tool: Tool, boots: list[bytes], now: int) -> Filter:
    options = tool.options
    found = Filter(kernel="k" in options)
    if (text := options.last("S")) is not None:
        found.since = when(text, now)
    if (text := options.last("U")) is not None:
        found.until = when(text, now)
    units = [word.decode("latin-1") for word in options.every("u")]
    found.units = tuple(name.encode("latin-1") for name in await matching(tool, units, files=True))
    found.identifiers = tuple(options.every("t"))
    if (text := options.last("p")) is not None:
        found.priorities = _priorities(text)
    numbers = []
    for word in b",".join(options.every("facility")).decode("latin-1").split(","):
        if word and word not in journal.FACILITIES:
            raise _Bad(f'Bad --facility= argument "{word}".')
        numbers += [journal.FACILITIES.index(word)] if word else []
    found.facilities = tuple(numbers)
    if (text := options.last("g")) is not None:
        try:
            found.pattern = compile(text, extended=True, icase=text == text.lower())
        except RegexError as err:
            raise _Bad(f'Bad pattern "{text.decode("latin-1")}": {err}') from None
    matches = []
    for operand in tool.operands:
        name, equals, value = operand.partition(b"=")
        if not equals:
            raise _Bad(f"Failed to add match '{operand.decode('latin-1')}': Invalid argument")
        matches.append((name.decode("latin-1"), value))
    found.matches = tuple(matches)
    if "b" in options or "k" in options:
        found.boot = _boot(options.last("b") or b"0", boots)
    return found


def _boot(text: bytes, boots: list[bytes]) -> bytes:
    """The id that ``-b`` means: an offset from this boot (0) or the first (1), or an id."""
    if len(text) == 32 and text in boots:
        return text
    number = text.removeprefix(b"-").removeprefix(b"+")
    if not number.isdigit() or len(number) > 6:
        raise _Bad(f"Failed to parse relative boot ID number '{text.decode('latin-1')}'")
    offset = int(text)
    index = offset - 1 if offset > 0 else len(boots) - 1 + offset
    if not 0 <= index < len(boots):
        raise _Bad(
            f"Data from the specified boot ({text.decode('latin-1')}) is not available: "
            "No such boot ID in journal"
        )
    return boots[index]


# -- output ------------------------------------------------------------------------------------


def _json(text: bytes) -> bytes:
    shown = text.decode("utf-8", "replace")
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        shown = shown.replace(plain, escaped)
    return shown.encode()


def render(entry: Entry, host: bytes, form: str, *, hide: bool) -> bytes:
    """An entry in an output mode, without its last newline."""
    if form == "cat":
        return entry.message
    if form == "export":
        return b"\n".join(n.encode() + b"=" + v for n, v in fields(entry, host)) + b"\n"
    if form == "verbose":
        at = entry.realtime
        head = strftime(b"%a %Y-%m-%d %H:%M:%S", at * 1000) + b".%06d UTC" % (at % US)
        head += b" [s=%b;i=%x;b=%b;m=%x]" % (entry.boot, at & 0xFFFF, entry.boot, entry.monotonic)
        rows = sorted(fields(entry, host))
        return head + b"".join(
            b"\n    " + name.encode() + b"=" + value for name, value in rows
            if not name.startswith("__")
        )  # fmt: skip
    if form.startswith("json"):
        pairs = [b'"%b" : "%b"' % (n.encode(), _json(v)) for n, v in fields(entry, host)]
        if form == "json-pretty":
            return b"{\n\t" + b",\n\t".join(pairs) + b"\n}"
        return b"{" + b",".join(pair.replace(b'" : "', b'":"', 1) for pair in pairs) + b"}"
    line = short(entry, host, form)
    return line.replace(b" " + host + b" ", b" ", 1) if hide else line


async def _list_boots(tool: Tool, entries: list[Entry], boots: list[bytes]) -> int:
    if tool.options.last("n") is None:
        await tool.line(
            b"IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY"
        )
    for index, boot in enumerate(boots):
        own = [entry.realtime for entry in entries if entry.boot == boot]
        first, last = (strftime(b"%a %Y-%m-%d %H:%M:%S UTC", t * 1000) for t in (own[0], own[-1]))
        await tool.line(b"%3d %b %b %b" % (index - len(boots) + 1, boot, first, last))
    return 0


async def _disk_usage(tool: Tool) -> int:
    total = 0
    for folder in (journal.PERSISTENT, journal.VOLATILE):
        for name in (journal.NAME, journal.OLD_NAME):
            try:
                total += (await tool.sys.stat(folder + b"/" + name)).blocks * 512
            except OSError:
                continue
    size = f"{total // 1024}.{total % 1024 * 10 // 1024}K" if total < 1 << 20 else (
        f"{total >> 20}.{(total & 0xFFFFF) * 10 >> 20}M")  # fmt: skip
    await tool.line(f"Archived and active journals take up {size} in the file system.".encode())
    return 0


_HINT = (
    b"Hint: You are currently not seeing messages from other users and the system.\n"
    b"      Users in groups 'adm', 'systemd-journal' can see all messages.\n"
    b"      Pass -q to turn off this notice."
)


@program(JOURNALCTL)
async def journalctl(tool: Tool) -> int:
    """journalctl(1)."""
    sys = tool.sys
    try:
        tool.options = parse(_joined(tool.argv[1:]), "S:U:b::u:t:p:g:ko:n::rfxaqehF:lm", _LONG)
    except UsageError as err:
        await complain(sys, tool.name + b": " + str(err).encode("latin-1"))
        return 1
    if "h" in tool.options:
        await tool.line(JOURNALCTL.strip().encode())
        return 0
    if "version" in tool.options:
        await tool.line(b"systemd 252 (MiniOS)")
        return 0
    try:
        return await _run(tool)
    except _Bad as err:
        await tool.out.flush()
        await complain(sys, str(err).encode("latin-1", "replace"))
        return 1


def _joined(args: list[bytes]) -> list[bytes]:
    """``-b -1`` and ``-n 5`` as one word: their arguments are optional, and yet may stand apart."""
    found: list[bytes] = []
    at = 0
    while at < len(args):
        word, after = args[at], args[at + 1] if at + 1 < len(args) else b""
        if word in (b"-b", b"-n", b"--lines") and (
            after.lstrip(b"+-").isdigit() or (word == b"-b" and len(after) == 32)
            or (word != b"-b" and after == b"all")
        ):  # fmt: skip
            found.append(word + (b"=" if word.startswith(b"--") else b"") + after)
            at += 2
            continue
        found.append(word)
        at += 1
    return found


async def _run(tool: Tool) -> int:
    sys, options = tool.sys, tool.options
    form = (options.last("o") or b"short").decode("latin-1")
    if form not in _FORMS:
        raise _Bad(f"Unknown output format '{form}'.")
    if "disk-usage" in options:
        return await _disk_usage(tool)
    reader = Reader(sys)
    opened = await reader.open()
    if reader.refused and not opened:
        if "q" not in options:
            await complain(sys, _HINT)
        raise _Bad("No journal files were opened due to insufficient permissions.")
    entries = await reader.entries()
    await tool.retain(200 * len(entries))
    if not reader.refused:
        entries = _merged(entries, await kernel_entries(sys))
    boots = list(dict.fromkeys(entry.boot for entry in entries))
    if "list-boots" in options:
        return await _list_boots(tool, entries, boots)
    now = await sys.clock_gettime() // 1000
    wanted = await _filter(tool, boots, now)
    host = (await sys.uname()).nodename
    shown = [entry for entry in entries if wanted.takes(entry)]
    if (name := options.last("F")) is not None:
        values = dict.fromkeys(
            value for e in shown for key, value in fields(e, host) if key.encode() == name
        )
        for value in values:
            await tool.line(value)
        return 0
    shown = _last(tool, shown)
    if not shown and "f" not in options:
        if "q" not in options:
            await tool.line(b"-- No entries --")
        return 0
    await _show(tool, shown, host, form)
    if "f" in options:
        await _follow(tool, reader, wanted, host, form)
    return 0


def _merged(entries: list[Entry], kernel: list[Entry]) -> list[Entry]:
    """The kernel's messages of this boot among the others, by time."""
    return sorted([*entries, *kernel], key=lambda entry: entry.realtime)


def _last(tool: Tool, shown: list[Entry]) -> list[Entry]:
    options = tool.options
    count = len(shown)
    if "n" in options:
        text = options.last("n") or b"%d" % _DEFAULT_LINES
        if text != b"all" and not text.isdigit():
            raise _Bad(f"Failed to parse lines '{text.decode('latin-1')}'")
        count = count if text == b"all" else int(text)
    elif "f" in options and "no-tail" not in options:
        count = _DEFAULT_LINES
    elif "e" in options:
        count = 1000
    shown = shown[len(shown) - count :] if count < len(shown) else shown
    return shown[::-1] if "r" in options else shown


async def _show(tool: Tool, shown: list[Entry], host: bytes, form: str) -> None:
    boot = b""
    hide = "no-hostname" in tool.options
    for entry in shown:
        if boot and entry.boot != boot and form.startswith("short"):
            await tool.line(b"-- Boot " + entry.boot + b" --")
        boot = entry.boot
        await tool.line(render(entry, host, form, hide=hide))


async def _follow(tool: Tool, reader: Reader, wanted: Filter, host: bytes, form: str) -> None:
    """Print what comes, as it comes: inotify tells of it."""
    sys = tool.sys
    hide = "no-hostname" in tool.options
    watch = await sys.inotify_init()
    for folder in (journal.PERSISTENT, journal.VOLATILE):
        try:
            await sys.inotify_add_watch(watch, folder, IN_MODIFY | IN_CREATE)
        except OSError:
            continue
    while True:
        for entry in await reader.more():
            if wanted.takes(entry):
                await tool.line(render(entry, host, form, hide=hide))
        await tool.out.flush()
        await sys.read(watch, 4096)
