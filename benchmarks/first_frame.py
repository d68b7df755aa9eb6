"""The first frame of the menu against a Textual application with one Static, from exec to paint."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from statistics import median

ROUNDS = 9
BUDGET = 1.5

STATIC = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("choose")
Bare().run()
"""

SEEN = b"choose"
"""A word on both first frames; it is the last row of the menu."""


def _first_frame(argv: list[str], env: dict[str, str]) -> float:
    """Seconds until ``SEEN`` reaches the terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 140, 0, 0))
    start = time.perf_counter()
    process = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    shown = b""
    try:
        while SEEN not in shown:
            shown += os.read(master, 65536)
        return time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)


def main() -> bool:
    """Print the ratio of the medians of interleaved runs; whether it is within the budget."""
    from minios.runs.records import Records

    with tempfile.TemporaryDirectory() as data:
        records = Records(Path(data) / "records.db")
        records.launched()  # else the first launch goes straight into the first level
        records.close()
        env = os.environ | {"MINIOS_DATA_DIR": data, "TERM": "xterm-256color"}
        commands = {
            "static": [sys.executable, "-c", STATIC],
            "menu": [str(Path(sys.executable).with_name("minios"))],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(ROUNDS + 1):
            for name, argv in commands.items():
                wall = _first_frame(argv, env)
                if turn:  # the first of each warms compiled files and caches
                    taken[name].append(wall)
    base, menu = median(taken["static"]), median(taken["menu"])
    print(f"one Static is on the screen after {base * 1000:.0f} ms")
    print(f"the menu after {menu * 1000:.0f} ms: {menu / base:.2f}× (budget {BUDGET}×)")
    return menu / base <= BUDGET


if __name__ == "__main__":
    raise SystemExit(not main())
