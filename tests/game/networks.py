"""Levels with a network, for tests."""

from minios.game.loader import LevelError, loads
from minios.game.spec import Level

LEVEL = """\
format: 1
id: net
title: Net
briefing: Reach the web server.
world:
  player: {machine: pc, user: root}
  machines:
    pc:
      nics: {eth0: {address: 10.0.0.2/24, gateway: 10.0.0.1}}
    gw:
      ram: 16MiB
      nics: {eth0: 10.0.0.1/24, eth1: 203.0.113.1/24}
      forwarding: true
    web:
      ram: 16MiB
      nics: {eth0: {address: 203.0.113.2/24, gateway: 203.0.113.1}}
  devices:
    sw: {kind: switch, ports: 4}
  links:
    lan: {between: [pc, sw]}
    up: {between: [gw.eth0, sw.4]}
    wan: {between: [gw.eth1, web.eth0], latency: 5ms, rate: 10Mbit}
  map: {pc: [0, 0], gw: [10, 0]}
goals:
  reached: {text: The web answers, reachable: {on: pc, to: web}, for: 60s}
"""


def changed(*pairs: tuple[str, str]) -> str:
    """The level with texts replaced, each of which must be there."""
    text = LEVEL
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def level(*pairs: tuple[str, str]) -> Level:
    return loads(changed(*pairs).encode(), "net.yaml")


def problems(*pairs: tuple[str, str]) -> list[str]:
    """What is said of the level so changed, without the file's name, line and column."""
    try:
        loads(changed(*pairs).encode(), "net.yaml")
    except LevelError as err:
        return [f"{problem.path}: {problem.text}" for problem in err.problems]
    return []
