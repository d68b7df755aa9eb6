"""crontab(5): tables of commands and when they are due."""

from dataclasses import dataclass, field

from minios.userland.lib.calendar import DAY, civil

SPOOL = b"/var/spool/cron/crontabs"
MINUTE = 60

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}  # fmt: skip
_FIELDS = (
    ("minute", 0, 59, ()), ("hour", 0, 23, ()), ("day-of-month", 1, 31, ()),
    ("month", 1, 12, _MONTHS), ("day-of-week", 0, 7, _DAYS),
)  # fmt: skip


class Bad(Exception):
    """A line that makes no sense: its number as cron counts, and what is wrong."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


@dataclass(slots=True)
class Job:
    """A command and its times. ``reboot`` is for ``@reboot``, which has none."""

    command: bytes
    env: dict[bytes, bytes]
    user: bytes = b""
    reboot: bool = False
    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = True
    any_weekday: bool = True

    def _on(self, day: int) -> bool:
        """Whether it is due on a day (since 1970): of two kinds of days that are both given,
        one is enough.
        """
        date = civil(day * DAY * 1_000_000_000)
        if date.month not in self.months:
            return False
        by_month, by_week = date.day in self.days, date.weekday in self.weekdays
        if self.any_day or self.any_weekday:
            return by_month and by_week
        return by_month or by_week

    def next(self, after: int) -> int | None:
        """The first minute (seconds since the epoch) after ``after``; None within eight years."""
        if self.reboot:
            return None
        at = after // MINUTE * MINUTE + MINUTE
        day = at // DAY
        floor = at % DAY // MINUTE
        for _ in range(366 * 8):
            if self._on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        if hour * 60 + minute >= floor:
                            return day * DAY + (hour * 60 + minute) * MINUTE
            day += 1
            floor = 0
        return None


@dataclass(slots=True)
class Table:
    """A whole file."""

    jobs: list[Job] = field(default_factory=list)


def _number(text: str, names: tuple[str, ...], low: int) -> int:
    if text.isdecimal() and len(text) < 4:
        return int(text)
    lower = text.lower()
    if lower in names:
        return names.index(lower) + low
    raise ValueError(text)


def _values(text: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    """``*``, ``5``, ``1-5``, ``*/10``, ``1,2``, names. ValueError."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if span == "*":
            start, end = low, high
        else:
            first, dash, last = span.partition("-")
            start = _number(first, names, low)
            end = _number(last, names, low) if dash else start
            if slash and not dash:
                raise ValueError(part)
        if slash and (not step.isdecimal() or int(step) < 1):
            raise ValueError(part)
        if not low <= start <= end <= high:
            raise ValueError(part)
        found.update(range(start, end + 1, int(step) if slash else 1))
    return frozenset(found)


def parse(text: bytes, *, system: bool = False) -> Table:
    """Read a crontab; with ``system`` a user stands before each command. Raises Bad."""
    table = Table()
    env: dict[bytes, bytes] = {}
    for number, raw in enumerate(text.split(b"\n")):
        line = raw.strip(b" \t")
        if not line or line.startswith(b"#"):
            continue
        setting = _assignment(line)
        if setting is not None:
            env = {**env, setting[0]: setting[1]}
            continue
        table.jobs.append(_job(line, number, env, system=system))
    return table


def _assignment(line: bytes) -> tuple[bytes, bytes] | None:
    name, equals, value = line.partition(b"=")
    name, value = name.strip(b" \t"), value.strip(b" \t")
    if not equals or not name or not name.replace(b"_", b"a").isalnum() or name[:1].isdigit():
        return None
    if len(value) > 1 and value[:1] in (b'"', b"'") and value[-1:] == value[:1]:
        value = value[1:-1]
    return name, value


def _job(line: bytes, number: int, env: dict[bytes, bytes], *, system: bool) -> Job:
    first = line.split(None, 1)[0].decode("latin-1")
    job = Job(b"", env)
    if first.startswith("@"):
        rest = line.split(None, 1)[1:]
        if first.lower() == "@reboot":
            job.reboot = True
        elif first.lower() in _NICKNAMES:
            _times(job, _NICKNAMES[first.lower()].split(), number, last=False)
        else:
            raise Bad(number, "bad time specifier")
    else:
        words = line.split(None, 5)
        _times(job, [word.decode("latin-1") for word in words[:5]], number, last=len(words) < 6)
        rest = words[5:]
    if system and rest:
        parts = rest[0].split(None, 1)
        job.user, rest = parts[0], parts[1:]
    if not rest or not rest[0].strip():
        raise Bad(number + 1, "bad command")
    job.command = rest[0]
    return job


def _times(job: Job, words: list[str], number: int, *, last: bool) -> None:
    found = []
    for index, (name, low, high, names) in enumerate(_FIELDS):
        at_end = last and index >= len(words) - 1
        try:
            found.append(_values(words[index] if index < len(words) else "", low, high, names))
        except ValueError:
            # The line is counted when its newline has been read.
            raise Bad(number + at_end, f"bad {name}") from None
    job.minutes, job.hours, job.days, job.months, job.weekdays = found
    job.weekdays = frozenset(day % 7 for day in job.weekdays)
    job.any_day, job.any_weekday = words[2].startswith("*"), words[4].startswith("*")
