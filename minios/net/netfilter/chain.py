"""Chains, and how a packet goes through one (iptables(8), TARGETS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.net.drop import Drop

if TYPE_CHECKING:
    from minios.net.netfilter.rule import Rule

ACCEPT, DROP, RETURN, STOLEN = 1, 2, 3, 4
"""Verdicts. STOLEN: dropped, and whoever did it has said why. None goes on."""


class Chain:
    """A chain. ``policy`` is ACCEPT or DROP, 0 for one of the user's."""

    __slots__ = ("bytes", "counts", "name", "packets", "policy", "rules", "stack", "table")

    def __init__(self, stack: Any, table: str, name: str, policy: int) -> None:
        self.stack = stack
        self.table = table
        self.name = name
        self.policy = policy
        self.counts = table != "nat"
        self.packets = 0
        self.bytes = 0
        self.rules: list[Rule] = []

    def passes(self, packet: Any, inside: Any, outside: Any) -> bool:
        """Take a packet through a built-in chain; False if it ended there.

        What the policy decides is counted, but for the nat table, where nf_tables does not count.
        """
        verdict = self.walk(packet, inside, outside) if self.rules else None
        if verdict is None:
            if self.counts:
                self.packets += 1
                self.bytes += packet.length
            if self.policy == ACCEPT:
                return True
            self._dropped(packet, inside or outside, f"{self.table} {self.name} policy")
            return False
        return verdict == ACCEPT

    def walk(self, packet: Any, inside: Any, outside: Any) -> int | None:
        """The verdict of the rules, None if they have none. Chains never form a loop."""
        for rule in self.rules:
            for test in rule.test:
                if not test(packet, inside, outside):
                    break
            else:
                rule.packets += 1
                rule.bytes += packet.length
                target = rule.target
                if target is None:
                    continue
                kind = target.__class__
                if kind is int:
                    verdict: int | None = target
                elif kind is Chain:
                    verdict = target.walk(packet, inside, outside)
                    if verdict is None and rule.goto:
                        return None
                else:
                    verdict = target(packet, inside, outside, self, rule)
                if verdict is None:
                    continue
                if verdict == RETURN:
                    return None
                if self.stack.trail is not None:
                    self._note(rule)
                if verdict == DROP:
                    self._dropped(packet, inside or outside, self.place(rule))
                    return STOLEN
                return verdict
        return None

    def place(self, rule: Rule) -> str:
        """Which rule that is: ``filter FORWARD rule 3``."""
        return f"{self.table} {self.name} rule {self.rules.index(rule) + 1}"

    def _note(self, rule: Rule) -> None:
        if rule.target.__class__ is Chain:
            return  # the rule in that chain has said so
        target = rule.spec.target
        self.stack.trail.add(
            self.stack.world.now, self.stack.name, "filter", "rule",
            f"{self.place(rule)}: {target.name if target is not None else ''}",
        )  # fmt: skip

    def _dropped(self, packet: Any, device: Any, place: str) -> None:
        self.stack.drop(Drop.FILTER_DROP, packet, device, "", place)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.name,
            self.policy,
            self.packets,
            self.bytes,
            [rule.state() for rule in self.rules],
        )
