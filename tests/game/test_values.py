"""Quantities of level files are read exactly, or refused with a reason."""

import pytest

from minios.game import values


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("30s", 30_000_000_000),
        ("500ms", 500_000_000),
        ("2m", 120_000_000_000),
        ("1m30s", 90_000_000_000),
        ("1.5s", 1_500_000_000),
        ("-2s", -2_000_000_000),
        ("250us", 250_000),
        ("7ns", 7),
    ],
)
def test_durations_are_nanoseconds(text: str, ns: int) -> None:
    """A fraction is scaled by whole numbers, so that 1.5s is no float."""
    assert values.duration(text) == ns


@pytest.mark.parametrize(
    "text", ["30", "", "s", "3 s", "1.s5", "0.3ns", "30h", "1e3s", "9" * 50 + "s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A bare number has no unit, and more than a day is no level."""
    with pytest.raises(ValueError):
        values.duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), ("64k", 65536), ("4MiB", 4 << 20), ("10kB", 10_000), ("1.5MiB", 1_572_864)],
)
def test_sizes_are_bytes(text: str, size: int) -> None:
    """k is 1024, kB is 1000."""
    assert values.size(text) == size


@pytest.mark.parametrize(("text", "share"), [("20%", 200), ("2.5%", 25), ("100 %", 1000)])
def test_shares_are_thousandths(text: str, share: int) -> None:
    assert values.share(text) == share


def test_modes_are_octal_however_they_are_written() -> None:
    """YAML would read 0755 as seven hundred fifty-five."""
    assert [values.mode(text) for text in ("0755", "755", "0o755", "4755")] == [
        0o755, 0o755, 0o755, 0o4755,
    ]  # fmt: skip


def test_a_mode_with_a_nine_is_refused() -> None:
    with pytest.raises(ValueError, match="octal"):
        values.mode("0799")


def test_text_for_eyes_loses_what_could_drive_a_terminal() -> None:
    """Escape sequences, C1 controls and changes of direction go; newline and tab stay."""
    assert values.clean("a\x1b[2Jb\x9b1mc\u202edef\tg\n\x00") == "a[2Jb1mcdef\tg\n"
