"""From the tables that iptables sends to chains that run, and back."""

from __future__ import annotations

from typing import Any

from minios.abi.errno import Errno, error
from minios.abi.netfilter import CHAIN_NAME_MAX, TABLES, empty
from minios.abi.netfilter import Chain as ChainSpec
from minios.abi.netfilter import Rule as RuleSpec
from minios.abi.netfilter import Table as TableSpec
from minios.net.netfilter import targets
from minios.net.netfilter.chain import ACCEPT, DROP, RETURN, Chain
from minios.net.netfilter.rule import Rule

DEEPEST = 16
"""How deep chains may call each other (NFT_JUMP_STACK_SIZE)."""
MOST_RULES = 4096
"""Rules of one table; ENOMEM beyond."""

_POLICIES = {"ACCEPT": ACCEPT, "DROP": DROP}
_STANDARD = {"ACCEPT": ACCEPT, "DROP": DROP, "RETURN": RETURN}


class Table:
    """A table in use: its chains by name, built-in ones first."""

    __slots__ = ("chains", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.chains: dict[str, Chain] = {}

    def snapshot(self) -> TableSpec:
        """What iptables gets."""
        words = {ACCEPT: "ACCEPT", DROP: "DROP", 0: ""}
        return TableSpec(
            self.name,
            tuple(
                ChainSpec(
                    chain.name, words[chain.policy], chain.packets, chain.bytes,
                    tuple(rule.snapshot() for rule in chain.rules),
                )
                for chain in self.chains.values()
            ),
        )  # fmt: skip

    def uses_conntrack(self) -> bool:
        return any(rule.uses_conntrack() for chain in self.chains.values() for rule in chain.rules)

    def state(self) -> Any:
        return (self.name, [chain.state() for chain in self.chains.values()])


def build(netfilter: Any, spec: Any, before: Table | None) -> Table:
    """The table that ``spec`` describes. Rules whose handle was there before are those very rules,
    and counters that are negative stay as they are.

    EINVAL for what is no table, EOPNOTSUPP for a jump to a built-in chain, EMLINK for chains that
    call themselves or go too deep, ENOENT for a target, match or chain that is not there, ENOMEM
    for more than :data:`MOST_RULES`.
    """
    if not isinstance(spec, TableSpec) or spec.name not in TABLES:
        raise error(Errno.EINVAL)
    kept = {} if before is None else {
        rule.handle: rule for chain in before.chains.values() for rule in chain.rules
    }  # fmt: skip
    table = Table(spec.name)
    for chain in spec.chains:
        _check_chain(chain)
        made = Chain(netfilter.stack, spec.name, chain.name, _POLICIES.get(chain.policy, 0))
        old = None if before is None else before.chains.get(chain.name)
        if chain.packets >= 0:
            made.packets, made.bytes = chain.packets, chain.bytes
        elif old is not None:
            made.packets, made.bytes = old.packets, old.bytes
        table.chains[chain.name] = made
    builtin = TABLES[spec.name]
    if tuple(table.chains)[: len(builtin)] != builtin or len(table.chains) != len(spec.chains):
        raise error(Errno.EINVAL)
    if sum(len(chain.rules) for chain in spec.chains) > MOST_RULES:
        raise error(Errno.ENOMEM)
    for chain in spec.chains:
        rules = table.chains[chain.name].rules
        for one in chain.rules:
            rules.append(_rule(netfilter, table, chain.name, one, kept))
    _check_depth(table)
    return table


def _check_chain(chain: Any) -> None:
    if not isinstance(chain, ChainSpec) or not isinstance(chain.name, str):
        raise error(Errno.EINVAL)
    if not 0 < len(chain.name) <= CHAIN_NAME_MAX:
        raise error(Errno.EINVAL)


def _rule(netfilter: Any, table: Table, chain: str, spec: Any, kept: dict[int, Rule]) -> Rule:
    if not isinstance(spec, RuleSpec):
        raise error(Errno.EINVAL)
    old = kept.pop(spec.handle, None) if spec.handle else None
    if old is not None and old.spec.spec() == spec.spec():
        rule = old
        if spec.packets >= 0:
            rule.packets, rule.bytes = spec.packets, spec.bytes
    else:
        try:
            rule = Rule(netfilter, spec, netfilter.next_handle())
        except (TypeError, ValueError):
            raise error(Errno.EINVAL) from None
    rule.target = None
    target = spec.target
    if target is None:
        return rule
    if target.name in _STANDARD and not target.options:
        rule.target = _STANDARD[target.name]
    elif target.name in table.chains:
        called = table.chains[target.name]
        if called.policy:
            raise error(Errno.EOPNOTSUPP)
        rule.target = called
    else:
        rule.target = targets.build(netfilter, table.name, chain, spec)
    return rule


def _check_depth(table: Table) -> None:
    """EMLINK: a chain that comes back to itself, or goes too deep."""
    depth: dict[str, int] = {}

    def measure(chain: Chain, above: tuple[str, ...]) -> int:
        if chain.name in above:
            raise error(Errno.EMLINK)
        known = depth.get(chain.name)
        if known is not None:
            return known
        if len(above) >= DEEPEST:
            raise error(Errno.EMLINK)
        most = 0
        for rule in chain.rules:
            if isinstance(rule.target, Chain):
                most = max(most, 1 + measure(rule.target, (*above, chain.name)))
        depth[chain.name] = most
        if most + len(above) > DEEPEST:
            raise error(Errno.EMLINK)
        return most

    for chain in table.chains.values():
        measure(chain, ())


__all__ = ["Table", "build", "empty"]
