"""Dates as people write them: what ``date -d``, ``touch -d`` and ``find -newermt`` accept.

The grammar is that of the coreutils manual, "Date input formats": calendar dates, times of day,
zones, days of the week, relative items and pure numbers, in any order; ``@N`` are seconds since
the epoch. An item may appear once, relative items any number of times.
"""

from minios.userland.lib.calendar import NS, civil, days_before, month_days, timestamp

_MONTHS = ("january", "february", "march", "april", "may", "june",
           "july", "august", "september", "october", "november", "december")  # fmt: skip
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_DAY_SHORT = {"tues": 2, "wednes": 3, "thur": 4, "thurs": 4}
_ORDINALS = {
    "last": -1, "this": 0, "next": 1, "first": 1, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6,
    "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip
_UNITS = {
    "year": ("month", 12), "month": ("month", 1), "fortnight": ("day", 14), "week": ("day", 7),
    "day": ("day", 1), "hour": ("second", 3600), "minute": ("second", 60), "min": ("second", 60),
    "second": ("second", 1), "sec": ("second", 1),
}  # fmt: skip
_ZONES = {"utc": 0, "gmt": 0, "ut": 0, "z": 0, "wet": 0, "cet": 60, "eet": 120, "msk": 180,
          "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360,
          "pst": -480, "pdt": -420, "bst": 60, "cest": 120, "eest": 180, "jst": 540}  # fmt: skip

_LONGEST = 256


class _Bad(Exception):
    """Not a date."""


class _Number:
    """A run of digits, the sign glued to its front and a decimal fraction (ns) behind it."""

    __slots__ = ("digits", "fraction", "sign", "value")

    def __init__(self, text: str, sign: int, fraction: int | None) -> None:
        if len(text) > 18:
            raise _Bad
        self.value = int(text) * (sign or 1)
        self.digits = len(text)
        self.sign = sign
        self.fraction = fraction


_Token = _Number | str


def _tokens(text: str) -> list[_Token]:
    """Numbers, lower-case words and single punctuation characters; comments in () are dropped."""
    found: list[_Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace() or char == ",":
            at += 1
        elif char == "(":
            depth = 1
            at += 1
            while at < len(text) and depth:
                depth += (text[at] == "(") - (text[at] == ")")
                at += 1
        elif char.isalpha():
            start = at
            while at < len(text) and (text[at].isalpha() or text[at] == "."):
                at += 1
            found.append(text[start:at].replace(".", ""))
        elif char in "+-0123456789":
            sign = {"+": 1, "-": -1}.get(char, 0)
            while sign and at < len(text) and (text[at].isspace() or text[at] in "+-"):
                if text[at] == "-":
                    sign = -1
                at += 1
            start = at
            while at < len(text) and text[at] in "0123456789":
                at += 1
            if at == start:
                if sign < 0 and char == "-":
                    continue
                raise _Bad
            fraction = None
            body = text[start:at]
            if text[at : at + 1] in (".", ",") and text[at + 1 : at + 2].isdigit():
                start = at = at + 1
                while at < len(text) and text[at] in "0123456789":
                    at += 1
                fraction = int(text[start:at][:9].ljust(9, "0"))
            found.append(_Number(body, sign, fraction))
        else:
            found.append(char)
            at += 1
    return found


class _Items:
    """What the text has said so far."""

    __slots__ = (
        "date", "days", "hour", "minute", "months", "nanos", "ordinal", "rest", "second",
        "seconds", "seen", "weekday", "year_open", "zone",
    )  # fmt: skip

    def __init__(self, tokens: list[_Token]) -> None:
        self.rest = tokens
        self.seen: set[str] = set()
        self.date: list[int] | None = None
        self.year_open = False
        self.hour = self.minute = self.second = self.nanos = 0
        self.weekday = self.ordinal = 0
        self.months = self.days = self.seconds = 0
        self.zone: int | None = None

    def peek(self, at: int = 0) -> _Token | None:
        return self.rest[at] if at < len(self.rest) else None

    def once(self, what: str) -> None:
        if what in self.seen:
            raise _Bad
        self.seen.add(what)

    def number(self, at: int = 0, sign: int | None = 0) -> _Number | None:
        """The number at ``at`` if it carries that sign (None: any)."""
        token = self.peek(at)
        return token if isinstance(token, _Number) and sign in (None, token.sign) else None

    def relative(self, count: int, unit: str) -> None:
        kind, factor = _UNITS[unit]
        if kind == "month":
            self.months += count * factor
        elif kind == "day":
            self.days += count * factor
        else:
            self.seconds += count * factor
        self.seen.add("relative")

    def negate_if_ago(self, before: tuple[int, int, int]) -> None:
        if self.peek() == "ago":
            self.rest.pop(0)
            self.months = 2 * before[0] - self.months
            self.days = 2 * before[1] - self.days
            self.seconds = 2 * before[2] - self.seconds


def _year(number: _Number) -> int:
    value = abs(number.value)
    if number.digits == 2:
        return value + (2000 if value < 69 else 1900)
    return value


def _month(token: object) -> int | None:
    if isinstance(token, str):
        for index, name in enumerate(_MONTHS):
            if token in (name, name[:3]) or (token == "sept" and index == 8):
                return index + 1
    return None


def _weekday(token: str) -> int | None:
    for index, name in enumerate(_DAYS):
        if token in (name, name[:3]):
            return index
    return _DAY_SHORT.get(token)


def _unit(token: object) -> str | None:
    if not isinstance(token, str):
        return None
    if token in _UNITS:
        return token
    return token[:-1] if token.endswith("s") and token[:-1] in _UNITS else None


def _calendar_date(items: _Items) -> bool:
    """A date that starts with a number."""
    first = items.number()
    if first is None or first.fraction is not None:
        return False
    second, third = items.number(1, -1), items.number(2, -1)
    if second and third:
        items.date = [_year(first), -second.value, -third.value]
        used = 3
    elif items.peek(1) == "/" and (middle := items.number(2)):
        used = 3
        if items.peek(3) == "/" and (last := items.number(4)):
            used = 5
            if first.digits >= 4:
                items.date = [first.value, middle.value, last.value]
            else:
                items.date = [_year(last), first.value, middle.value]
        else:
            items.date = [0, first.value, middle.value]
            items.year_open = True
    elif month := _month(items.peek(1)):
        used = 2
        year = items.number(2, None)
        colon = items.peek(3) == ":"
        items.date = [0, month, first.value]
        items.year_open = True
        if year and year.sign <= 0 and not colon and (year.sign or not _unit(items.peek(3))):
            items.date[0], items.year_open = _year(year), False
            used = 3
    else:
        return False
    items.once("date")
    del items.rest[:used]
    return True


def _month_first(items: _Items) -> bool:
    """``June 17``, ``June 17, 1992``, ``Jun-17-1992``."""
    month = _month(items.peek())
    day = items.number(1, None)
    if not month or not day or day.sign > 0:
        return False
    items.once("date")
    items.date = [0, month, abs(day.value)]
    items.year_open = True
    used = 2
    year = items.number(2, None)
    if year and year.sign == day.sign and items.peek(3) != ":" and year.digits > 2 - (day.sign < 0):
        items.date[0], items.year_open = _year(year), False
        used = 3
    del items.rest[:used]
    return True


def _meridian(items: _Items, hour: int) -> int:
    token = items.peek()
    if token in ("am", "pm"):
        items.rest.pop(0)
        if not 1 <= hour <= 12:
            raise _Bad
        return hour % 12 + (12 if token == "pm" else 0)
    return hour


def _time_of_day(items: _Items) -> bool:
    hour = items.number()
    if hour is None or hour.digits > 2:
        return False
    if items.peek(1) in ("am", "pm") and hour.fraction is None:
        items.once("time")
        items.rest.pop(0)
        items.hour = _meridian(items, hour.value)
        return True
    minute = items.number(2)
    if items.peek(1) != ":" or minute is None:
        return False
    items.once("time")
    items.hour, items.minute = hour.value, minute.value
    used = 3
    second = items.number(4)
    if items.peek(3) == ":" and second:
        items.second, items.nanos = second.value, second.fraction or 0
        used = 5
    del items.rest[:used]
    if items.peek() in ("am", "pm"):
        items.hour = _meridian(items, items.hour)
    elif (offset := items.number(0, None)) and offset.sign:
        items.rest.pop(0)
        _offset(items, offset)
    return True


def _offset(items: _Items, offset: _Number) -> None:
    """A numeric zone: ``+2``, ``+02``, ``+0200``, ``+02:00``."""
    items.once("zone")
    size = abs(offset.value)
    minutes = size * 60 if offset.digits <= 2 else size // 100 * 60 + size % 100
    if offset.digits <= 2 and items.peek() == ":" and (more := items.number(1)):
        minutes += more.value
        del items.rest[:2]
    if minutes > 24 * 60:
        raise _Bad
    items.zone = minutes * offset.sign


def _pure_number(items: _Items, number: _Number) -> None:
    value = number.value
    if items.date and items.year_open and number.digits > 2 and "relative" not in items.seen:
        items.date[0], items.year_open = value, False
    elif number.digits > 4:
        items.once("date")
        items.date = [value // 10_000, value // 100 % 100, value % 100]
        if number.digits <= 6:
            items.date[0] += 2000 if items.date[0] < 69 else 1900
    else:
        items.once("time")
        items.hour, items.minute = (value, 0) if number.digits <= 2 else divmod(value, 100)


def _word(items: _Items, word: str) -> None:
    before = (items.months, items.days, items.seconds)
    following = items.peek()
    if word in ("tomorrow", "yesterday", "today", "now"):
        items.relative({"tomorrow": 1, "yesterday": -1}.get(word, 0), "day")
    elif word in _ORDINALS and (unit := _unit(following)):
        items.rest.pop(0)
        items.relative(_ORDINALS[word], unit)
        items.negate_if_ago(before)
    elif word in _ORDINALS and isinstance(following, str) and _weekday(following) is not None:
        items.rest.pop(0)
        items.once("weekday")
        items.weekday, items.ordinal = _weekday(following) or 0, _ORDINALS[word]
    elif (day := _weekday(word)) is not None:
        items.once("weekday")
        items.weekday = day
    elif unit := _unit(word):
        items.relative(1, unit)
        items.negate_if_ago(before)
    elif word == "t" and (hour := items.number()) and hour.digits <= 2:
        if not _time_of_day(items):
            items.rest.pop(0)
            _pure_number(items, hour)
    elif word in _ZONES:
        items.once("zone")
        items.zone = _ZONES[word]
        offset = items.number(0, None)
        if offset and offset.sign and not _unit(items.peek(1)):
            items.rest.pop(0)
            items.seen.discard("zone")
            _offset(items, offset)
    else:
        raise _Bad


def _read(items: _Items) -> None:
    while items.rest:
        if _time_of_day(items) or _calendar_date(items) or _month_first(items):
            continue
        token = items.rest.pop(0)
        if isinstance(token, str):
            _word(items, token)
            continue
        unit = _unit(items.peek())
        if unit:
            before = (items.months, items.days, items.seconds)
            items.rest.pop(0)
            items.relative(token.value, unit)
            items.negate_if_ago(before)
        elif token.sign or token.fraction is not None:
            raise _Bad
        else:
            _pure_number(items, token)


def parse(text: bytes, now: int) -> int | None:
    """The moment that ``text`` means, None if it is no date. Both times are in ns."""
    source = text[:_LONGEST].decode("latin-1").strip().lower()
    try:
        if source.startswith("@"):
            return _epoch(source[1:])
        items = _Items(_tokens(source))
        _read(items)
        return _resolve(items, now)
    except _Bad:
        return None


def _epoch(text: str) -> int:
    tokens = _tokens(text)
    if len(tokens) != 1 or not isinstance(tokens[0], _Number):
        raise _Bad
    seconds = tokens[0]
    fraction = seconds.fraction or 0
    return seconds.value * NS + (-fraction if seconds.sign < 0 else fraction)


def _resolve(items: _Items, now: int) -> int:
    t = civil(now)
    year, month, day = items.date or (t.year, t.month, t.day)
    if items.year_open:
        year = t.year
    if not (1 <= month <= 12 and 1 <= day <= month_days(year, month)):
        raise _Bad
    keeps_time = "relative" in items.seen and not items.seen & {"date", "weekday"}
    if "time" in items.seen:
        hour, minute, second, nanos = items.hour, items.minute, items.second, items.nanos
    elif keeps_time:
        hour, minute, second, nanos = t.hour, t.minute, t.second, t.nanosecond
    else:
        hour = minute = second = nanos = 0
    if hour > 23 or minute > 59 or second > 60:
        raise _Bad
    if "weekday" in items.seen and not items.date:
        today = (days_before(year, month, day) + 4) % 7
        ahead = items.ordinal - (items.ordinal > 0 and today != items.weekday)
        day += (items.weekday - today) % 7 + 7 * ahead
    seconds = timestamp(year, month + items.months, day + items.days, hour, minute, second)
    seconds += items.seconds - (items.zone or 0) * 60
    if not -(1 << 55) < seconds < 1 << 55:
        raise _Bad
    return seconds * NS + nanos
