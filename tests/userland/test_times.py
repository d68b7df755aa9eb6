"""Civil time, dates as people write them, and lengths of time. The expected texts are Debian's."""

import datetime

import pytest

from minios.userland.lib import duration
from minios.userland.lib.calendar import DAY, NS, civil, days_before, strftime, timestamp
from minios.userland.lib.dateparse import parse

NOW = 1_700_000_005_050_600_000
"""Tue 2023-11-14 22:13:25.0506 UTC."""


@pytest.mark.parametrize("days", range(-700_000, 700_000, 9_973))
def test_civil_time_agrees_with_datetime(days: int) -> None:
    """The proleptic Gregorian calendar, before and after the epoch."""
    expected = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
    got = civil(days * DAY * NS)
    assert (got.year, got.month, got.day) == (expected.year, expected.month, expected.day)
    assert got.weekday == expected.isoweekday() % 7
    assert got.yearday == expected.timetuple().tm_yday
    assert days_before(got.year, got.month, got.day) == days


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (b"%F %T", b"2023-11-14 22:13:25"),
        (b"%a %b %e %H:%M:%S %Z %Y", b"Tue Nov 14 22:13:25 UTC 2023"),
        (b"%N|%3N|%_3N|%-N", b"050600000|050|05 |050600000"),
        (b"%G-W%V-%u %U %W %j %q", b"2023-W46-2 46 46 318 4"),
        (b"%5d|%_5d|%-e|%-H|%010a|%^a|%#p", b"00014|   14|14|22|0000000Tue|TUE|pm"),
        (b"%z %:z %::z %:::z %-z %_10z", b"+0000 +00:00 +00:00:00 +00 +0         +0"),
        (b"%s %C %+C %+4C %y %k %l %P", b"1700000005 20 20 +020 23 22 10 pm"),
        (b"%Q %E %", b"%Q %E %"),
        (b"%%|%n|%t|%D|%r|%R|%c", b"%|\n|\t|11/14/23|10:13:25 PM|22:13|Tue Nov 14 22:13:25 2023"),
    ],
)
def test_strftime_formats_as_gnu_date_does(form: bytes, text: bytes) -> None:
    """date(1): flags, widths and every kind of conversion."""
    assert strftime(form, NOW) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"@0", b"1970-01-01 00:00:00"),
        (b"@1.5", b"1970-01-01 00:00:01"),
        (b"2024-02-29 12:34", b"2024-02-29 12:34:00"),
        (b"2024-02-29T12:34:56.25+02:00", b"2024-02-29 10:34:56"),
        (b"2024-01-31 +1 month", b"2024-03-02 00:00:00"),
        (b"+1 day", b"2023-11-15 22:13:25"),
        (b"2 weeks ago", b"2023-10-31 22:13:25"),
        (b"yesterday", b"2023-11-13 22:13:25"),
        (b"yesterday 10:00", b"2023-11-13 10:00:00"),
        (b"10:00 tomorrow", b"2023-11-15 10:00:00"),
        (b"today", b"2023-11-14 22:13:25"),
        (b"", b"2023-11-14 00:00:00"),
        (b"monday", b"2023-11-20 00:00:00"),
        (b"next tuesday", b"2023-11-21 00:00:00"),
        (b"last friday", b"2023-11-10 00:00:00"),
        (b"next year", b"2024-11-14 22:13:25"),
        (b"17 June 1992", b"1992-06-17 00:00:00"),
        (b"June 17, 1992", b"1992-06-17 00:00:00"),
        (b"6/17/92", b"1992-06-17 00:00:00"),
        (b"3:30 pm", b"2023-11-14 15:30:00"),
        (b"20240102 1234", b"2024-01-02 12:34:00"),
        (b"10:00 EST", b"2023-11-14 15:00:00"),
        (b"Sat, 01 Jan 2000 00:00:00 +0000", b"2000-01-01 00:00:00"),
        (b"Sun Nov 22 15:53:09 UTC 2026", b"2026-11-22 15:53:09"),
    ],
)
def test_dates_are_read_as_gnu_date_reads_them(text: bytes, shown: bytes) -> None:
    """Date input formats of the coreutils manual."""
    moment = parse(text, NOW)
    assert moment is not None
    assert strftime(b"%F %T", moment) == shown


@pytest.mark.parametrize(
    "text", [b"foo", b"2024-02-30", b"25:00", b"12:60", b"2024-13-01", b"9" * 30, b"1 2 3 4 5"]
)
def test_what_is_no_date_is_none(text: bytes) -> None:
    assert parse(text, NOW) is None


def test_a_month_outside_the_year_carries() -> None:
    """timegm(3) normalizes."""
    assert timestamp(2023, 14, 1) == timestamp(2024, 2, 1)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        (b"1", NS), (b".5", NS // 2), (b"0.5m", 30 * NS), (b"1e3", 1000 * NS), (b"2h", 7200 * NS),
        (b"0x10", 16 * NS), (b"1e-9", 1), (b"1e-10", 1), (b"0", 0), (b"inf", duration.FOREVER),
        (b"1d", 86_400 * NS), (b"x", None), (b"1x", None), (b"", None), (b"-1", None),
        (b"1S", None), (b"nan", None), (b"1e", None),
    ],
)  # fmt: skip
def test_lengths_of_time_are_rounded_up(text: bytes, ns: int | None) -> None:
    """sleep(1) and timeout(1)."""
    assert duration.parse(text) == ns
