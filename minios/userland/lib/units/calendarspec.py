"""Calendar times, as OnCalendar= has them (systemd.time(7), Calendar events)."""

from minios.userland.lib.calendar import DAY, civil

SECOND = 1_000_000_000

_SHORT = {
    "minutely": "*-*-* *:*:00", "hourly": "*-*-* *:00:00", "daily": "*-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00", "weekly": "Mon *-*-* 00:00:00",
    "yearly": "*-01-01 00:00:00", "annually": "*-01-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00", "semiannually": "*-01,07-01 00:00:00",
}  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Calendar:
    """A calendar event expression: the values that each part of the time may have."""

    __slots__ = ("days", "hours", "minutes", "months", "seconds", "text", "weekdays", "years")

    def __init__(self, text: str) -> None:
        """ValueError for what makes no sense (fractions and ``~`` are not understood)."""
        self.text = text
        words = _SHORT.get(text.lower(), text).split()
        if words and words[-1] in ("UTC", "Z"):
            words.pop()
        self.weekdays = set(range(7))
        if words and words[0][0].isalpha():
            self.weekdays = _weekdays(words.pop(0))
        date = next((word for word in words if "-" in word), "*-*-*")
        time = next((word for word in words if ":" in word), "00:00:00")
        if len(words) != (date in words) + (time in words):
            raise ValueError(text)
        parts = date.split("-")
        if len(parts) == 2:
            parts.insert(0, "*")
        clock = time.split(":")
        if len(clock) == 2:
            clock.append("00")
        if len(parts) != 3 or len(clock) != 3:
            raise ValueError(text)
        self.years = _values(parts[0], 1970, 2199)
        self.months = _values(parts[1], 1, 12)
        self.days = _values(parts[2], 1, 31)
        self.hours = _values(clock[0], 0, 23)
        self.minutes = _values(clock[1], 0, 59)
        self.seconds = _values(clock[2], 0, 59)

    def next(self, after: int) -> int | None:
        """The first time (ns of CLOCK_REALTIME, UTC) later than ``after``; None if none is."""
        second = after // SECOND + 1
        day = second // DAY
        floor = second % DAY
        for _ in range(366 * 9):
            date = civil(day * DAY * SECOND)
            if (
                date.year in self.years
                and date.month in self.months
                and date.day in self.days
                and (day + 3) % 7 in self.weekdays
            ):
                found = self._time(floor)
                if found is not None:
                    return (day * DAY + found) * SECOND
            day += 1
            floor = 0
        return None

    def _time(self, floor: int) -> int | None:
        """The first second of a day from ``floor`` on."""
        for hour in sorted(self.hours):
            if hour * 3600 + 3599 < floor:
                continue
            for minute in sorted(self.minutes):
                start = hour * 3600 + minute * 60
                if start + 59 < floor:
                    continue
                for second in sorted(self.seconds):
                    if start + second >= floor:
                        return start + second
        return None


def _weekdays(text: str) -> set[int]:
    found: set[int] = set()
    for part in text.rstrip(",").split(","):
        first, _, last = part.partition("..")
        low, high = _weekday(first), _weekday(last or first)
        if low > high:
            raise ValueError(text)
        found.update(range(low, high + 1))
    return found


def _weekday(text: str) -> int:
    name = text.lower()
    if name in _FULL_DAYS:
        return _FULL_DAYS.index(name)
    return _DAYS.index(name)


def _values(text: str, low: int, high: int) -> set[int]:
    """``*``, ``5``, ``1,2``, ``1..5``, ``0/15``, ``*/5``. ValueError."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("..")
        if span == "*":
            start, end = low, high
        else:
            start = int(first)
            end = int(last) if last else high if step else start
        if not low <= start <= end or start > high or (step and int(step) < 1):
            raise ValueError(text)
        found.update(range(start, min(end, high) + 1, int(step) if step else 1))
    return found
