"""Throughput over window, loss and delay, kept as a table (after smoltcp's netsim).

A change of a number is a change of how TCP behaves: look at it, and if it is meant, write the table
anew with ``python -m tests.net.tcp.test_throughput``.
"""

from itertools import pairwise, product
from pathlib import Path

import pytest

from tests.net.rig import MS
from tests.net.tcp.transfer import Transfer

TABLE = Path(__file__).with_name("throughput.txt")
SIZE = 512 << 10
WINDOWS = (4096, 16_384, 65_536, 0)
LOSSES = (0, 1, 3, 10)
DELAYS = (1, 10, 50)
ALGORITHMS = ("cubic", "reno")


def rate(congestion: str, window: int, loss: int, delay: int) -> int:
    """Mean of three seeds in kbit/s; 100 Mbit/s, a queue of 256 KiB."""
    rates = [
        Transfer(
            SIZE, seed=seed, window=window, congestion=congestion, latency=delay * MS // 2,
            rate=100_000_000, queue=1 << 18, loss=loss * 10_000,
        ).run(20_000).rate
        for seed in (1, 2, 3)
    ]  # fmt: skip
    return sum(rates) // len(rates)


def table() -> str:
    """All of it, as text."""
    lines = ["kbit/s      window   " + "".join(f"{f'{loss} % lost':>12}" for loss in LOSSES)]
    for congestion, delay, window in product(ALGORITHMS, DELAYS, WINDOWS):
        cells = "".join(f"{rate(congestion, window, loss, delay):12}" for loss in LOSSES)
        size = f"{window:8}" if window else "    auto"
        lines.append(f"{congestion:5} {delay:3} ms {size} B {cells}")
    return "\n".join(lines) + "\n"


def rows() -> list[list[str]]:
    return [line.split() for line in TABLE.read_text().splitlines()[1:]]


@pytest.mark.parametrize("congestion", ALGORITHMS)
def test_the_table_is_as_it_was(congestion: str) -> None:
    """A third of it each time would be luck; all of it costs seconds: one delay, every window."""
    for row in rows():
        if row[0] == congestion and row[1] == "10":
            window = 0 if row[3] == "auto" else int(row[3])
            got = [rate(congestion, window, loss, 10) for loss in LOSSES]
            assert [str(each) for each in got] == row[5:], row


def test_a_window_per_round_trip_is_the_limit_without_loss() -> None:
    """RFC 7323 1.1: throughput is at most window / RTT; less for starting."""
    for row in rows():
        if row[3] in ("4096", "16384") and row[1] != "1":
            limit = int(row[3]) * 8 // int(row[1])
            assert 0.65 * limit < int(row[5]) <= limit


def test_more_loss_is_never_faster() -> None:
    for row in rows():
        rates = [int(cell) for cell in row[5:]]
        assert all(b <= a * 1.1 for a, b in pairwise(rates)), row


if __name__ == "__main__":
    TABLE.write_text(table())
