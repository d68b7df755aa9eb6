"""A level's machine may have swap: ``swap``, ``swap_policy`` and ``tlb`` of docs/levels.md."""

from pathlib import Path

import minios

LEVEL = """
format: 1
id: swapped
title: Swapped
author: tests
chapter: memory
difficulty: 1
pace: live
teaches: [free]
briefing: x
hints: [x]
seeds: {play: 7, check: [11]}
world:
  player: {machine: pc, user: ann}
  machines:
    pc:
      ram: 2MiB
      swap: 4MiB
      swap_policy: lru
      tlb: 8
      users: {ann: {uid: 1000}}
      processes:
        hog: {run: hog 3M, user: ann, at: -5s}
goals:
  done: {text: x, probe: test -e /tmp/x}
solutions:
  author: |
    touch /tmp/x
"""


async def test_swap_is_on_from_boot_and_programs_larger_than_ram_run(tmp_path: Path) -> None:
    path = tmp_path / "level.yaml"
    path.write_text(LEVEL)
    async with minios.play(str(path)) as game:
        assert "/dev/sda2 none swap sw 0 0" in await game.run("cat /etc/fstab")
        shown = (await game.run("free | tail -1; cat /proc/sys/vm/swap_policy")).split()
        assert shown[1] == "4092" and int(shown[2]) > 1024
        assert shown[4] == "lru"
        assert "entries 8 " in await game.run("cat /proc/tlb")
        assert (await game.run("ps -o vsz= -p $(pidof hog)")).split() == ["3224"]
