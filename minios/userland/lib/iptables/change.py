"""What each command does to a table: from a table and an order to the new table (iptables(8))."""

from __future__ import annotations

from minios.abi.netfilter import STANDARD, Chain, Rule, Table
from minios.userland.lib.iptables.arguments import Order
from minios.userland.lib.iptables.extension import Problem
from minios.userland.lib.iptables.table import TARGETS

NO_CHAIN = "No chain/target/match by that name."
NO_RULE = "Bad rule (does a matching rule exist in that chain?)."


def other(text: str) -> Problem:
    """What the kernel would say: ``iptables: TEXT`` and status 1."""
    return Problem(f"iptables: {text}", 1, bare=True)


def find(table: Table, name: str) -> Chain | None:
    """A chain by name."""
    for chain in table.chains:
        if chain.name == name:
            return chain
    return None


def _with(table: Table, name: str, rules: list[Rule]) -> Table:
    return table._replace(
        chains=tuple(
            chain._replace(rules=tuple(rules)) if chain.name == name else chain
            for chain in table.chains
        )
    )


def keep(table: Table) -> Table:
    """The table with all counters left as the kernel has them."""
    return table._replace(
        chains=tuple(
            chain._replace(
                packets=-1, bytes=-1,
                rules=tuple(rule._replace(packets=-1, bytes=-1) for rule in chain.rules),
            )
            for chain in table.chains
        )
    )  # fmt: skip


def apply(table: Table, order: Order) -> Table:
    """The table after the order. Problem."""
    command = order.command
    if command in "AIRDC":
        return _rules(table, order)
    if command == "F":
        return _flush(table, order)
    if command == "Z":
        return zero(table, order)
    if command == "N":
        if find(table, order.chain) is not None:
            raise other("Chain already exists.")
        return table._replace(chains=(*table.chains, Chain(order.chain, "", 0, 0, ())))
    if command == "X":
        return _delete(table, order)
    if command == "P":
        return _policy(table, order)
    return _rename(table, order)


def check_targets(table: Table, rules: list[Rule]) -> None:
    """A jump must lead somewhere. Problem."""
    for rule in rules:
        target = rule.target
        if target is None or target.name in STANDARD or target.name in TARGETS:
            continue
        if find(table, target.name) is None:
            raise Problem(f"Chain '{target.name}' does not exist")


def _rules(table: Table, order: Order) -> Table:
    chain = find(table, order.chain)
    if chain is None:
        raise other(NO_CHAIN)
    rules = list(chain.rules)
    command, number = order.command, order.number
    if command == "A":
        rules += order.rules
    elif command == "I":
        number = number or 1
        if number > len(rules) + 1:
            raise other("Index of insertion too big.")
        rules[number - 1 : number - 1] = order.rules
    elif command == "R":
        if len(order.rules) != 1:
            raise Problem("Replacement rule does not specify a unique address")
        if number > len(rules):
            raise other("Index of replacement too big.")
        rules[number - 1] = order.rules[0]
    elif command == "D" and number:
        if number > len(rules):
            raise other("Index of deletion too big.")
        del rules[number - 1]
    else:
        for wanted in order.rules:
            at = next((at for at, rule in enumerate(rules) if rule.spec() == wanted.spec()), None)
            if at is None:
                raise other(NO_RULE)
            if command == "D":
                del rules[at]
    return _with(table, order.chain, rules)


def _flush(table: Table, order: Order) -> Table:
    if order.chain:
        if find(table, order.chain) is None:
            raise other(NO_CHAIN)
        return _with(table, order.chain, [])
    return table._replace(chains=tuple(chain._replace(rules=()) for chain in table.chains))


def zero(table: Table, order: Order) -> Table:
    """Counters to nought: of all, of a chain, or of a rule."""
    if order.chain and find(table, order.chain) is None:
        raise other(NO_CHAIN)
    chains = []
    for chain in table.chains:
        if order.chain and chain.name != order.chain:
            chains.append(chain)
            continue
        rules = [
            rule._replace(packets=0, bytes=0) if not order.number or at == order.number else rule
            for at, rule in enumerate(chain.rules, 1)
        ]
        if order.number:
            chains.append(chain._replace(rules=tuple(rules)))
        else:
            chains.append(chain._replace(rules=tuple(rules), packets=0, bytes=0))
    return table._replace(chains=tuple(chains))


def used(table: Table, name: str) -> bool:
    """Whether a rule leads to a chain."""
    return any(
        rule.target is not None and rule.target.name == name
        for chain in table.chains
        for rule in chain.rules
    )


def _delete(table: Table, order: Order) -> Table:
    if order.chain:
        chain = find(table, order.chain)
        if chain is None or chain.policy:
            raise other(NO_CHAIN)
        doomed = [chain]
    else:
        doomed = [chain for chain in table.chains if not chain.policy]
    for chain in doomed:
        if chain.rules or used(table, chain.name):
            raise Problem(f" CHAIN_DEL failed (Device or resource busy): chain {chain.name}", 4)
    names = {chain.name for chain in doomed}
    return table._replace(chains=tuple(chain for chain in table.chains if chain.name not in names))


def _policy(table: Table, order: Order) -> Table:
    chain = find(table, order.chain)
    if order.policy not in ("ACCEPT", "DROP"):
        raise other("Bad policy name. Run `dmesg' for more information.")
    if table.name == "nat" and order.policy == "DROP":
        raise Problem(
            '\nThe "nat" table is not intended for filtering, the use of DROP is therefore '
            "inhibited.\n\n"
        )
    if chain is None or not chain.policy:
        raise other("Bad built-in chain name.")
    return table._replace(
        chains=tuple(
            each._replace(policy=order.policy) if each.name == order.chain else each
            for each in table.chains
        )
    )


def _rename(table: Table, order: Order) -> Table:
    old, new = order.chain, order.new_name
    if find(table, new) is not None:
        raise other("File exists.")
    chain = find(table, old)
    if chain is None or chain.policy:
        raise other(NO_CHAIN)
    chains = []
    for each in table.chains:
        rules = tuple(
            rule._replace(target=rule.target._replace(name=new))
            if rule.target is not None and rule.target.name == old
            else rule
            for rule in each.rules
        )
        name = new if each.name == old else each.name
        chains.append(each._replace(name=name, rules=rules))
    return table._replace(chains=tuple(chains))
