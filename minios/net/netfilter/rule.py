"""A rule as the kernel runs it: its tests in one call, its target, and what it has counted."""

from __future__ import annotations

from typing import Any

from minios.abi.errno import Errno, error
from minios.abi.netfilter import Rule as Spec
from minios.net.netfilter.matches import Match, build


class Rule:
    """A rule. ``test`` is None if it matches everything; ``target`` is a chain, a verdict of
    :mod:`~minios.net.netfilter.chain`, a callable, or None."""

    __slots__ = ("bytes", "goto", "handle", "packets", "remembers", "spec", "target", "test")

    def __init__(self, netfilter: Any, spec: Spec, handle: int) -> None:
        self.spec = spec
        self.handle = handle
        self.packets = max(spec.packets, 0)
        self.bytes = max(spec.bytes, 0)
        self.goto = bool(spec.goto)
        self.target: Any = None
        tests = _header(spec)
        self.remembers: list[Any] = []
        for part in spec.matches:
            test = build(netfilter, part)
            if test is not None:
                tests.append(test)
                if hasattr(test, "state"):
                    self.remembers.append(test)
        self.test: tuple[Match, ...] = tuple(tests)

    def snapshot(self) -> Spec:
        """The rule with its counters, for iptables."""
        return self.spec._replace(packets=self.packets, bytes=self.bytes, handle=self.handle)

    def uses_conntrack(self) -> bool:
        return any(part.name in ("conntrack", "state") for part in self.spec.matches)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.handle, self.spec.spec(), self.packets, self.bytes,
            [test.state() for test in self.remembers],
        )  # fmt: skip


def _header(spec: Spec) -> list[Match]:
    tests: list[Match] = []
    if spec.inside is not None:
        tests.append(_device(*_name(spec.inside), coming=True))
    if spec.outside is not None:
        tests.append(_device(*_name(spec.outside), coming=False))
    if spec.protocol is not None:
        tests.append(_protocol(*spec.protocol))
    if spec.source is not None:
        tests.append(_source(*spec.source))
    if spec.destination is not None:
        tests.append(_destination(*spec.destination))
    if spec.fragment is not None:
        tests.append(_fragment(spec.fragment[0]))
    return tests


def _name(given: tuple[str, bool]) -> tuple[str, bool]:
    name, inverted = given
    if not isinstance(name, str):
        raise error(Errno.EINVAL)
    return name, inverted


def _source(address: int, mask: int, inverted: bool) -> Match:
    address &= mask
    return lambda packet, _in, _out: (packet.src & mask == address) != inverted


def _destination(address: int, mask: int, inverted: bool) -> Match:
    address &= mask
    return lambda packet, _in, _out: (packet.dst & mask == address) != inverted


def _protocol(number: int, inverted: bool) -> Match:
    return lambda packet, _in, _out: (packet.proto == number) != inverted


def _fragment(inverted: bool) -> Match:
    return lambda packet, _in, _out: (packet.offset > 0) != inverted


def _device(name: str, inverted: bool, *, coming: bool) -> Match:
    if name.endswith("+"):
        stem = name[:-1]

        def begins(packet: Any, inside: Any, outside: Any) -> bool:
            device = inside if coming else outside
            return (device is not None and device.name.startswith(stem)) != inverted

        return begins

    def named(packet: Any, inside: Any, outside: Any) -> bool:
        device = inside if coming else outside
        return (device is not None and device.name == name) != inverted

    return named
