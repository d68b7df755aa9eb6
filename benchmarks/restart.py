"""Restarting each shipped level: building its world anew and booting it to t = 0, wall time."""

from __future__ import annotations

import time

from minios.game.catalog import cards
from minios.game.loader import load
from minios.game.play import Play

BUDGET = 0.100
ROUNDS = 5


def main() -> bool:
    """Print the best of a few restarts of each level; whether all are within 100 ms."""
    within = True
    for card in cards():
        level = load(card.path)
        Play(level, level.seeds.play).close()
        taken = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            play = Play(level, level.seeds.play)
            taken.append(time.perf_counter() - start)
            play.close()
        best = min(taken)
        within = within and best <= BUDGET
        print(f"{card.id:<16} restarts in {best * 1000:5.1f} ms (budget {BUDGET * 1000:.0f} ms)")
    return within


if __name__ == "__main__":
    raise SystemExit(not main())
