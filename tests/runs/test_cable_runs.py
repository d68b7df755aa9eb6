"""A run in which a cable was pulled is on disk and verifies; one that lies about it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from minios.game.loader import loads
from minios.runs import recording
from minios.runs.career import open_session
from minios.runs.records import open_records
from minios.runs.runfile import read
from minios.runs.verify import verify
from tests.game.small import Clock, Desk

LEVEL = loads(
    b"""
format: 1
id: pull
title: Pull
author: t
chapter: c
difficulty: 1
pace: turn
teaches: []
briefing: b
hints: [h]
seeds: {play: 1, check: [2]}
panes: {network: act}
world:
  player: {machine: pc, user: me}
  machines:
    pc: {users: {me: {uid: 1000}}, nics: {eth0: {address: 10.0.0.1/24}}}
    web: {nics: {eth0: {address: 10.0.0.2/24}}}
  links: {lan: {between: [pc.eth0, web.eth0]}}
goals:
  told: {text: The ping is lost, file: {on: pc, path: /tmp/lost}}
solutions: {author: touch /tmp/lost}
""",
    "pull.yaml",
)


class Puller(Desk):
    def __init__(self) -> None:
        self.clock = Clock()
        self.session = open_session(LEVEL, records=open_records(), clock=self.clock)
        self.rest()


def test_a_pulled_cable_is_on_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIOS_DATA_DIR", str(tmp_path))
    desk = Puller()
    desk.session.act("cable", link="lan", plugged=False)
    desk.rest()
    desk.enter("ping -c1 -W1 10.0.0.2 || touch /tmp/lost")
    desk.session.set_pace("live")
    desk.pass_time(5)
    desk.session.close()
    run = read(next(iter(recording.runs_dir().glob("*.jsonl"))))
    assert [(e.op, e.data) for e in run.inputs if e.op == "cable"] == [
        ("cable", {"link": "lan", "plugged": False})
    ]
    assert run.result is not None
    assert run.result.commands == 3
    assert verify(run, LEVEL).ok
    kept = tuple(entry for entry in run.inputs if entry.op != "cable")
    assert not verify(replace(run, inputs=kept), LEVEL).ok
