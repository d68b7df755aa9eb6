"""A level's services: what they become on the machine, and how goals ask about them."""

from __future__ import annotations

import pytest

from minios.game import loader
from minios.game.build import build
from minios.game.problems import LevelError
from minios.kernel.machine import Machine
from minios.sim.world import SECOND

LEVEL = """
format: 1
id: aviary
title: Aviary
briefing: Birds.
world:
  player: {machine: pc, user: ada}
  machines:
    pc:
      users: {ada: {uid: 1000}}
      services:
        gull: sleep 1000
        tern:
          script: |
            echo "$COLOUR"
            exec sleep 2000
          user: ada
          restart: on-failure
          restart_after: 2s
          after: gull
          requires: [gull]
          env: {COLOUR: pale grey}
          nice: 3
        heron: {enabled: false, unit: "[Service]\\nExecStart=/bin/sleep 3000\\n"}
goals:
  up: {text: The tern flies, probe: systemctl is-active tern}
solutions: {wait: "@wait 1s"}
"""


def booted(text: str = LEVEL) -> Machine:
    built = build(loader.loads(text.encode(), "x.yaml"), 1)
    built.switch_on()
    built.world.run_until(0)
    return built.machines["pc"]


def read(machine: Machine, path: str) -> str:
    from minios.fs.access import ROOT

    inode = machine.vfs.walk(ROOT, machine.vfs.root, path.encode()).inode
    return inode.read(0, 4096).decode()  # type: ignore[attr-defined, no-any-return]


def test_a_service_becomes_a_unit_and_runs_at_boot() -> None:
    machine = booted()
    assert read(machine, "/etc/systemd/system/tern.service") == (
        "[Unit]\nAfter=gull.service\nRequires=gull.service\n\n[Service]\n"
        "ExecStart=/usr/local/bin/tern\nUser=ada\nRestart=on-failure\nRestartSec=2000ms\nNice=3\n"
        'Environment="COLOUR=pale grey"\n\n[Install]\nWantedBy=multi-user.target\n'
    )
    assert machine.kernel is not None
    running = {
        (b" ".join(p.argv), p.uid, p.nice)
        for p in machine.kernel.processes.values()
        if p.comm == b"sleep"
    }
    assert running == {(b"sleep 1000", 0, 0), (b"sleep 2000", 1000, 3)}
    assert b"tern\tpale grey" in b"\t".join(
        line.rsplit(b"\t", 3)[-2] + b"\t" + line.rsplit(b"\t", 1)[-1]
        for line in read(machine, "/var/log/journal/system.journal").encode().split(b"\n")
        if line
    )


def test_the_judge_asks_init() -> None:
    machine = booted()
    verdicts: list[tuple[int, bytes]] = []
    for name in (b"tern", b"heron"):
        argv = [b"systemctl", b"is-active", name]
        machine.judge(argv, lambda *verdict: verdicts.append(verdict), limit=SECOND)
        machine.world.run_until(machine.world.now + 2 * SECOND)
    assert verdicts == [(0, b"active\n"), (3 << 8, b"inactive\n")]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("gull: sleep 1000", "gull: {exec: a, script: b}", "needs exactly one of exec, script"),
        ("user: ada\n          restart: on-failure", "user: ida", "no user 'ida'"),
        ("restart: on-failure", "restart: sometimes", "must be one of no, on-success"),
        ("gull: sleep 1000", "gull.socket: sleep 1000", "a unit is a .service"),
        ("{enabled: false, unit:", "{nice: 3, unit:", "stands in the unit's own text"),
    ],
)  # fmt: skip
def test_mistakes_are_named(old: str, new: str, text: str) -> None:
    assert old in LEVEL
    with pytest.raises(LevelError) as caught:
        loader.loads(LEVEL.replace(old, new).encode(), "x.yaml")
    assert text in str(caught.value)
