"""Each shipped level left alone for 600 virtual seconds, boot excluded: virtual s per wall s.

The world goes on after an idle player has lost, so that every level is measured over the same span.
"""

from __future__ import annotations

import time
from statistics import median

from minios.game.catalog import cards
from minios.game.loader import load
from minios.game.play import Play
from minios.sim.world import SECOND

SPAN = 600
MEDIAN, WORST = 1000.0, 100.0


def main() -> bool:
    """Print each level's speed; whether the median and the worst are within their budgets."""
    speeds = []
    for card in cards():
        level = load(card.path)
        play = Play(level, level.seeds.play)
        start = time.perf_counter()
        while play.world.now < SPAN * SECOND:
            play.world.run_until(SPAN * SECOND)
        speed = SPAN / (time.perf_counter() - start)
        play.close()
        speeds.append(speed)
        print(f"{card.id:<16} {speed:8.0f} virtual seconds a second")
    if not speeds:
        print("no levels found")
        return False
    print(
        f"median {median(speeds):.0f} (budget {MEDIAN:.0f}), worst {min(speeds):.0f}"
        f" (budget {WORST:.0f})"
    )
    return median(speeds) >= MEDIAN and min(speeds) >= WORST


if __name__ == "__main__":
    raise SystemExit(not main())
