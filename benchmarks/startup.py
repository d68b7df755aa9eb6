"""``minios --version`` and ``minios sh -c true`` against ``python -c pass``, wall time."""

from __future__ import annotations

import compileall
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import minios as package

ROUNDS = 15
BUDGETS = {"--version": 4.0, "sh -c true": 8.0}


def _wall(argv: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> bool:
    """Print both ratios (medians of interleaved runs); whether they are within their budgets."""
    # As after an installation: the standard library of the other side is compiled, too.
    compileall.compile_dir(str(Path(package.__file__).parent), quiet=1)
    minios = str(Path(sys.executable).with_name("minios"))
    commands = {
        "pass": [sys.executable, "-c", "pass"],
        "--version": [minios, "--version"],
        "sh -c true": [minios, "sh", "-c", "true"],
    }
    for argv in commands.values():
        _wall(argv)  # compiled files and caches are warm on both sides
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, argv in commands.items():
            taken[name].append(_wall(argv))
    base = median(taken["pass"])
    print(f"python -c pass takes {base * 1000:.1f} ms")
    within = True
    for name, budget in BUDGETS.items():
        ratio = median(taken[name]) / base
        within = within and ratio <= budget
        print(
            f"minios {name} takes {median(taken[name]) * 1000:.1f} ms:"
            f" {ratio:.2f}× (budget {budget:.0f}×)"
        )
    return within


if __name__ == "__main__":
    raise SystemExit(not main())
