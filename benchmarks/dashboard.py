"""The dashboard: 4 cores, 200 processes, every pane on a 160×48 screen, live, the map of a network
with packets on it among them.

Two figures: how much of a host core the whole game takes (the simulation alone, without a screen,
is measured beside it), and how long a key takes from the tty's input to its echo on the screen.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

SIZE = (48, 160)
WARM = 4.0
SPAN = 15.0
KEYS = 60
SHARE, ECHO = 0.20, 0.050

LEVEL = """\
format: 1
id: dashboard
title: Dashboard
author: MiniOS
chapter: bench
difficulty: 1
pace: live
teaches: []
briefing: Two hundred processes.
hints: [none]
seeds: {play: 1, check: [2]}
world:
  player: {machine: pc, user: player}
  machines:
    pc:
      cores: 4
      ram: 64MiB
      users: {player: {uid: 1000}}
      nics: {eth0: {address: 10.0.0.2/24, gateway: 10.0.0.1}}
      processes:
"""
NETWORK = """\
    gw:
      forwarding: true
      nics: {eth0: {address: 10.0.0.1/24}, eth1: {address: 192.0.2.1/24}}
    web: {nics: {eth0: {address: 192.0.2.9/24, gateway: 192.0.2.1}}}
"""
HOST = """\
    h{0}:
      nics: {{eth0: {{address: 10.0.0.1{0}/24, gateway: 10.0.0.1}}}}
      processes: {{ping{0}: {{run: ping -i 0.{0} 192.0.2.9}}}}
"""
HOSTS = 5
LINKS = """\
  devices: {sw: {kind: switch, ports: 8}}
  links:
    lan: {between: [pc.eth0, sw.1]}
    up: {between: [sw.2, gw.eth0]}
    wan: {between: [gw.eth1, web.eth0], latency: 20ms}
"""
TAIL = """\
goals:
  never: {text: Never, file: {on: pc, path: /never, exists: true}}
lose:
  late: {text: Over, at: 3600s}
solutions:
  author: touch /never
"""


def _level() -> str:
    """Three that compute all the time, some that do now and then, most that wait for a timer; five
    machines that ping a sixth, some fifteen packets a second over four cables there and back."""
    rows = [f"        spin{n}: {{run: spin, user: player}}" for n in range(3)]
    rows += [
        f"        nap{n}: {{run: spin -w 0.01 -n 0.{n % 9 + 1}, user: player}}" for n in range(40)
    ]
    rows += [f"        wait{n}: {{run: sleep 100000, user: player}}" for n in range(150)]
    hosts = [HOST.format(n + 3) for n in range(HOSTS)]
    links = [f"    lan{n}: {{between: [h{n + 3}.eth0, sw.{n + 3}]}}\n" for n in range(HOSTS)]
    return LEVEL + "\n".join((*rows, NETWORK + "".join(hosts) + LINKS + "".join(links) + TAIL))


def _cpu(pid: int) -> float:
    """User and system seconds of a process so far (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _headless(path: Path) -> float:
    """The share of a core that the session alone takes at the pace of the clock."""
    from minios.game.loader import load
    from minios.game.session import Session

    async def play() -> float:
        session = Session(load(path), pace="live")
        task = asyncio.create_task(session.run())
        await asyncio.sleep(WARM)
        start = time.process_time()
        await asyncio.sleep(SPAN)
        used = time.process_time() - start
        session.close()
        await task
        return used / SPAN

    return asyncio.run(play())


class _Screen:
    """The game in a terminal of its own."""

    def __init__(self, path: Path, data: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        env = os.environ | {"MINIOS_DATA_DIR": data, "TERM": "xterm-256color"}
        minios = str(Path(sys.executable).with_name("minios"))
        self.process = subprocess.Popen(
            [minios, "play", str(path)],
            stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def read_for(self, seconds: float) -> bytes:
        """Everything painted in this time."""
        shown = b""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                shown += os.read(self.master, 65536)
        return shown

    def echo(self, key: bytes) -> float | None:
        """Seconds until ``key`` is painted; None if it is not within two."""
        start = time.perf_counter()
        os.write(self.master, key)
        while (left := start + 2 - time.perf_counter()) > 0:
            if select.select([self.master], [], [], left)[0]:
                shown = os.read(self.master, 65536)
                if key in shown:
                    return time.perf_counter() - start
        return None

    def close(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


def main() -> bool:
    """Print both figures; whether they are within the budget."""
    with tempfile.TemporaryDirectory() as data:
        path = Path(data) / "dashboard.yaml"
        path.write_text(_level())
        alone = _headless(path)
        screen = _Screen(path, data)
        try:
            screen.read_for(WARM)
            os.write(screen.master, b"\r")  # the briefing
            screen.read_for(WARM)
            start = _cpu(screen.process.pid)
            painted = len(screen.read_for(SPAN))
            share = (_cpu(screen.process.pid) - start) / SPAN
            echoes = []
            for turn in range(KEYS):
                # A letter that nothing else on the screen changes to.
                taken = screen.echo(b"\xc3\xbe" if turn % 2 else b"\xc3\xb0")
                echoes.append(taken if taken is not None else 2.0)
                screen.read_for(0.15)
        finally:
            screen.close()
    echoes.sort()
    middle, p95 = (echoes[len(echoes) * part // 100] * 1000 for part in (50, 95))
    rate = painted / SPAN / 1024
    print(f"the simulation alone takes {alone:6.1%} of a core")
    print(f"the whole game takes       {share:6.1%} (budget {SHARE:.0%}), {rate:.1f} KiB/s painted")
    print(f"a key is painted after {middle:.0f} ms, p95 {p95:.0f} ms (budget {ECHO * 1000:.0f} ms)")
    return share <= SHARE and p95 <= ECHO * 1000


if __name__ == "__main__":
    raise SystemExit(not main())
