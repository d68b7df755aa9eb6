"""Rules and tables as iptables-save writes them."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.abi.netfilter import Chain, Rule, Table
from minios.userland.lib.iptables.extension import bang
from minios.userland.lib.iptables.names import mask_text, protocol_name
from minios.userland.lib.iptables.table import MATCHES, TARGETS

SAVE_ORDER = ("mangle", "raw", "filter", "nat")
"""In which order iptables-save writes tables."""


def rule_text(rule: Rule, *, counters: bool = False) -> str:
    """A rule without its chain: ``-s 10.0.0.0/24 -p tcp -m tcp --dport 80 -j DROP``."""
    words: list[str] = []
    for letter, prefix in (("s", rule.source), ("d", rule.destination)):
        if prefix is not None:
            address, mask, inverted = prefix
            words.append(f"{bang(inverted)}-{letter} {ip_text(address)}{mask_text(mask)}")
    for letter, device in (("i", rule.inside), ("o", rule.outside)):
        if device is not None:
            words.append(f"{bang(device[1])}-{letter} {device[0]}")
    if rule.protocol is not None:
        number, inverted = rule.protocol
        words.append(f"{bang(inverted)}-p {protocol_name(number)}")
    if rule.fragment is not None:
        words.append(f"{bang(rule.fragment[0])}-f")
    for part in rule.matches:
        words.append(f"-m {part.name}{MATCHES[part.name].save(part)}")
    if counters:
        words.append(f"-c {rule.packets} {rule.bytes}")
    if rule.target is not None:
        name = rule.target.name
        extension = TARGETS.get(name)
        options = extension.save(rule.target) if extension is not None else ""
        words.append(f"{'-g' if rule.goto else '-j'} {name}{options}")
    return " ".join(words)


def rule_line(chain: str, rule: Rule, *, counters: bool = False) -> str:
    """``-A CHAIN …``"""
    text = rule_text(rule, counters=counters)
    return f"-A {chain} {text}" if text else f"-A {chain}"


def chain_line(chain: Chain, *, counters: bool = False) -> str:
    """``-P CHAIN POLICY`` or ``-N CHAIN``."""
    if not chain.policy:
        return f"-N {chain.name}"
    text = f"-P {chain.name} {chain.policy}"
    return f"{text} -c {chain.packets} {chain.bytes}" if counters else text


def table_text(table: Table, *, counters: bool = False) -> str:
    """A table for iptables-restore, without the comments around it."""
    lines = [f"*{table.name}"]
    for chain in sorted_chains(table):
        lines.append(f":{chain.name} {chain.policy or '-'} [{chain.packets}:{chain.bytes}]")
    for chain in sorted_chains(table):
        for rule in chain.rules:
            front = f"[{rule.packets}:{rule.bytes}] " if counters else ""
            lines.append(front + rule_line(chain.name, rule))
    lines.append("COMMIT")
    return "\n".join(lines)


def sorted_chains(table: Table) -> list[Chain]:
    """The built-in chains, and then those of the user by name."""
    builtin = [chain for chain in table.chains if chain.policy]
    return builtin + sorted((chain for chain in table.chains if not chain.policy),
                            key=lambda chain: chain.name)  # fmt: skip
