"""/etc/ripd.conf: ``router rip`` as routing suites write it (Quagga, FRR)."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.inet import mask, parse_ip, parse_prefix

SECOND = 1_000_000_000


class BadConfig(Exception):
    """``str`` is ``file:line: what``."""


@dataclass(slots=True)
class Config:
    """What is said about RIP. Times in ns (RFC 2453 §3.8)."""

    networks: list[tuple[int, int]] = field(default_factory=list)
    interfaces: list[bytes] = field(default_factory=list)
    passive: list[bytes] = field(default_factory=list)
    passive_default: bool = False
    neighbours: list[int] = field(default_factory=list)
    connected: int | None = None
    static: int | None = None
    """Metrics with which other routes are told of; None if they are not."""
    kernel: int | None = None
    default: bool = False
    routes: list[tuple[int, int]] = field(default_factory=list)
    metric: int = 1
    update: int = 30 * SECOND
    timeout: int = 180 * SECOND
    garbage: int = 120 * SECOND
    poison: bool = True
    """Split horizon with poisoned reverse; without it only split horizon."""

    def enabled(self, name: bytes, ip: int) -> bool:
        """Whether RIP runs on an interface with an address."""
        return name in self.interfaces or any(
            ip & mask(length) == network & mask(length) for network, length in self.networks
        )

    def silent(self, name: bytes) -> bool:
        """Whether an interface is listened to only."""
        return (name in self.passive) != self.passive_default


def parse(text: str, path: str) -> Config:
    """Read a configuration. BadConfig."""
    config = Config()
    inside = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.partition("!")[0].partition("#")[0].strip()
        words = line.split()
        if not words:
            continue
        if words[:2] == ["router", "rip"]:
            inside = True
            continue
        if words[0] in ("hostname", "password", "log", "interface", "line", "exit", "end", "enable",
                        "ip", "service"):  # fmt: skip
            if words[:3] == ["ip", "rip", "split-horizon"]:
                config.poison = words[3:] == ["poisoned-reverse"]
            inside = inside and words[0] not in ("interface", "line", "exit", "end")
            continue
        try:
            if not inside:
                raise ValueError
            _statement(config, words)
        except (ValueError, IndexError):
            raise BadConfig(f"{path}:{number}: unknown command: {line}") from None
    return config


def _statement(config: Config, words: list[str]) -> None:
    key = words[0]
    if key == "version":
        if words[1] != "2":
            raise ValueError
    elif key == "network":
        if words[1][0].isdigit():
            config.networks.append(parse_prefix(words[1]))
        else:
            config.interfaces.append(words[1].encode())
    elif key == "passive-interface":
        if words[1] == "default":
            config.passive_default = True
        else:
            config.passive.append(words[1].encode())
    elif key == "no" and words[1] == "passive-interface":
        config.passive.append(words[2].encode())
    elif key == "neighbor":
        config.neighbours.append(parse_ip(words[1]))
    elif key == "redistribute":
        metric = int(words[3]) if words[2:3] == ["metric"] else config.metric
        if words[1] not in ("connected", "static", "kernel") or not 0 <= metric <= 16:
            raise ValueError
        setattr(config, words[1], metric)
    elif key == "default-metric":
        config.metric = int(words[1])
    elif key == "default-information" and words[1] == "originate":
        config.default = True
    elif key == "route":
        config.routes.append(parse_prefix(words[1]))
    elif key == "timers" and words[1] == "basic":
        times = [int(word) * SECOND for word in words[2:5]]
        if len(times) != 3 or min(times) <= 0:
            raise ValueError
        config.update, config.timeout, config.garbage = times
    elif key not in ("distance", "offset-list", "distribute-list", "allow-ecmp", "bfd"):
        raise ValueError
