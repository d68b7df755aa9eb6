"""The times that at(1) understands (at's own grammar, /usr/share/doc/at/timespec)."""

from minios.userland.lib.calendar import DAY, civil, month_days, timestamp

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_UNITS = {"minute": 60, "min": 60, "hour": 3600, "day": DAY, "week": 7 * DAY}
_NAMED = {"midnight": 0, "noon": 12 * 3600, "teatime": 16 * 3600}


class Garbled(Exception):
    """``str`` is the token at which no sense can be made of it any more."""


class _Words:
    """The tokens: numbers, words, and single other characters."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        word = ""
        for char in text.lower() + " ":
            kind = (char.isdigit(), char.isalpha())
            if word and (
                kind == (False, False) or kind != (word[-1].isdigit(), word[-1].isalpha())
            ):
                self.tokens.append(word)
                word = ""
            if any(kind):
                word += char
            elif not char.isspace():
                self.tokens.append(char)
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def take(self, *wanted: str) -> str:
        """The next token if it is one of these; "" (and nothing taken) if not."""
        return self.next() if self.peek() in wanted else ""

    def number(self) -> int:
        if not self.peek().isdecimal() or len(self.peek()) > 8:
            raise Garbled(self.peek()[:1])
        return int(self.next())


def parse(text: str, now: int) -> int:
    """Seconds since the epoch, a whole minute unless it is now. Raises Garbled."""
    words = _Words(text)
    today = now // DAY
    minute = now % DAY // 60 * 60
    if words.take("now"):
        found = today * DAY + minute
    else:
        seconds = _time(words)
        day = _date(words, today)
        if seconds is None and day is None:
            raise Garbled(words.peek()[:1])
        if seconds is None:
            seconds = _time(words)
        if seconds is None:
            seconds = minute
        if day is None:
            day = today if seconds > now % DAY else today + 1
        found = day * DAY + seconds
    while sign := words.take("+", "-"):
        count = words.number()
        found = _shift(found, count if sign == "+" else -count, words.next())
    if words.take("next"):
        found = _shift(found, 1, words.next())
    if words.peek():
        raise Garbled(words.peek()[:1])
    return found


def _shift(at: int, count: int, unit: str) -> int:
    name = unit if unit in _UNITS or unit in ("month", "year") else unit.removesuffix("s")
    if name in _UNITS:
        return at + count * _UNITS[name]
    if name in ("month", "year"):
        date = civil(at * 1_000_000_000)
        months = date.year * 12 + date.month - 1 + count * (12 if name == "year" else 1)
        return timestamp(months // 12, months % 12 + 1, date.day) + at % DAY
    raise Garbled(unit[:1])


def _time(words: _Words) -> int | None:
    """``10:00``, ``1000``, ``4pm``, ``noon`` …; None if there is no time here."""
    if word := words.take(*_NAMED):
        return _NAMED[word]
    token, after = words.peek(), words.peek(1)
    if not token.isdecimal() or after in ("/", "-", ".") or after[:3] in _MONTHS:
        return None
    if len(token) in (6, 8) and after == "":
        return None
    number = words.number()
    hour, minute = number, 0
    if len(token) in (3, 4):
        hour, minute = divmod(number, 100)
    elif words.take(":", "h", "."):
        minute = words.number()
    elif after not in ("am", "pm") and len(token) > 2:
        raise Garbled(token[:1])
    half = words.take("am", "pm")
    if half:
        if not 1 <= hour <= 12:
            raise Garbled(half)
        hour = hour % 12 + (12 if half == "pm" else 0)
    words.take("utc")
    if hour > 23 or minute > 59:
        raise Garbled(token[:1])
    return hour * 3600 + minute * 60


def _year(number: int) -> int:
    return number + (2000 if number < 70 else 1900) if number < 100 else number


def _date(words: _Words, today: int) -> int | None:
    """A day since 1970; None if there is no date here."""
    if words.take("today"):
        return today
    if words.take("tomorrow"):
        return today + 1
    token = words.peek()
    if token.isalpha() and token[:3] in _DAYS and token not in ("mon.",):
        words.next()
        wanted = _DAYS.index(token[:3])
        return today + (wanted - (today + 4) % 7) % 7
    date = civil(today * DAY * 1_000_000_000)
    if token.isalpha() and token[:3] in _MONTHS:
        words.next()
        month, day = _MONTHS.index(token[:3]) + 1, words.number()
        words.take(",")
        return _day(words, today, _optional_year(words), month, day)
    if not token.isdecimal():
        return None
    after = words.peek(1)
    if after[:3] in _MONTHS and after.isalpha():
        day = words.number()
        month = _MONTHS.index(words.next()[:3]) + 1
        return _day(words, today, _optional_year(words), month, day)
    if after not in ("/", ".", "-"):
        return None
    first = words.number()
    words.next()
    second = words.number()
    third = words.number() if words.take(after) else None
    if after == "/":
        return _day(words, today, third, first, second)
    if after == ".":
        return _day(words, today, third, second, first)
    if len(token) == 4:
        return _day(words, today, first, second, third if third is not None else date.day)
    return _day(words, today, third, second, first)


def _optional_year(words: _Words) -> int | None:
    if words.peek().isdecimal() and words.peek(1) != ":" and len(words.peek()) in (2, 4):
        return words.number()
    return None


def _day(words: _Words, today: int, year: int | None, month: int, day: int) -> int:
    date = civil(today * DAY * 1_000_000_000)
    chosen = date.year if year is None else _year(year)
    if not 1 <= month <= 12 or not 1 <= day <= month_days(chosen, month):
        raise Garbled(words.peek()[:1])
    found = timestamp(chosen, month, day) // DAY
    if year is None and found < today:
        found = timestamp(chosen + 1, month, day) // DAY
    return found
