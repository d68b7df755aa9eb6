"""What a finished run is measured by, and which runs are worth keeping in mind."""

from collections.abc import Iterable
from typing import NamedTuple


class Metrics(NamedTuple):
    """Time in virtual ns from the first key to the instant the last goal's final true period began;
    keys; simple commands entered and pane actions; protected things harmed."""

    time: int
    keys: int
    commands: int
    collateral: int


def pareto(points: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The (time, keys) that no other beats in both, by time."""
    front: list[tuple[int, int]] = []
    for time, keys in sorted(set(points)):
        if not front or keys < front[-1][1]:
            front.append((time, keys))
    return front


def segments(splits: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """How long each goal took from the one reached before it, in the order they were reached."""
    result: list[tuple[str, int]] = []
    last = 0
    for goal, time in sorted(splits, key=lambda split: split[1]):
        result.append((goal, time - last))
        last = time
    return result


def clock(ns: int) -> str:
    """``MM:SS.mmm`` of a virtual time, as the header shows it; hours only when there are any."""
    sign = "-" if ns < 0 else ""
    millis = abs(ns) // 1_000_000
    minutes, rest = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
    return f"{sign}{hours}:{text}" if hours else sign + text
