"""iptables -L: a table for people (print_header and print_rule of iptables)."""

from __future__ import annotations

from typing import NamedTuple

from minios.abi.inet import ip_text
from minios.abi.netfilter import Chain, Rule, Table
from minios.userland.lib.iptables.names import NETWORKS, Names, mask_text, protocol_name
from minios.userland.lib.iptables.table import MATCHES, TARGETS


class Format(NamedTuple):
    """How to list."""

    verbose: bool = False
    exact: bool = False
    numbers: bool = False
    names: Names | None = None
    """None: numeric."""


def references(table: Table, name: str) -> int:
    """How many rules lead to a chain."""
    return sum(
        1
        for chain in table.chains
        for rule in chain.rules
        if rule.target is not None and rule.target.name == name
    )


def header(table: Table, chain: Chain, form: Format) -> str:
    """The two lines above a chain's rules."""
    if chain.policy:
        text = f"Chain {chain.name} (policy {chain.policy}"
        if form.verbose:
            packets, size = count(chain.packets, form), count(chain.bytes, form)
            text += f" {packets} packets, {size} bytes"
        text += ")\n"
    else:
        text = f"Chain {chain.name} ({references(table, chain.name)} references)\n"
    if form.numbers:
        text += "num  "
    if form.verbose:
        text += "    pkts      bytes " if form.exact else " pkts bytes "
    text += "target     prot opt"
    if form.verbose:
        text += " in     out    "
    return text + " source               destination         \n"


def count(number: int, form: Format) -> str:
    """A counter; above 99999 in thousands, millions … unless exact."""
    if form.exact or number <= 99999:
        return str(number)
    for unit in "KMG":
        number = (number + 500) // 1000
        if number <= 9999:
            return f"{number}{unit}"
    return f"{(number + 500) // 1000}T"


def row(rule: Rule, number: int, form: Format, *, shared: bool = True) -> str:
    """A rule's line; with ``shared`` off as ``iptables -v -A`` tells it."""
    text = f"{number:<4} " if form.numbers else ""
    if form.verbose:
        if form.exact:
            text += f"{rule.packets:>8} {rule.bytes:>8} "
        else:
            text += f"{_counter(rule.packets)} {_counter(rule.bytes)} "
    target = rule.target
    name = target.name if target is not None else ""
    text += f"{'CT' if name == 'NOTRACK' else name:<9} "
    protocol, inverted = rule.protocol or (0, False)
    shown = str(protocol) if form.names is None else protocol_name(protocol)
    text += f"{'!' if inverted else ' '}{shown:<4} "
    text += "-- " if rule.fragment is None else "!f " if rule.fragment[0] else "-f "
    if form.verbose:
        text += f" {_device(rule.inside, form):<6} {_device(rule.outside, form):<6} "
    text += _address(rule.source, form) + " " + _address(rule.destination, form) + " "
    return text + _matches(rule, protocol, form) + "\n"


def _matches(rule: Rule, protocol: int, form: Format) -> str:
    text = "".join(MATCHES[part.name].show(part, form.names, protocol) for part in rule.matches)
    target = rule.target
    if target is not None and target.name in TARGETS:
        text += TARGETS[target.name].show(target, form.names, protocol)
    return text + (" [goto] " if rule.goto else "")


def _counter(number: int) -> str:
    text = count(number, Format())
    return f"{text:>5}"


def _device(device: tuple[str, bool] | None, form: Format) -> str:
    if device is None:
        return "*" if form.names is None else "any"
    return f"{'!' if device[1] else ''}{device[0]}"


def _address(prefix: tuple[int, int, bool] | None, form: Format) -> str:
    if prefix is None:
        return f" {'0.0.0.0/0' if form.names is None else 'anywhere':<19}"
    address, mask, inverted = prefix
    if mask == 0xFFFFFFFF:
        text = ip_text(address)
        if form.names is not None:
            text = form.names.hosts.get(address, text)
    else:
        text = ip_text(address)
        if form.names is not None:
            text = NETWORKS.get(address, text)
        text += mask_text(mask)
    return f"{'!' if inverted else ' '}{text:<19}"


def told(rule: Rule) -> str:
    """What ``iptables -v`` says of a rule it has dealt with."""
    form = Format(verbose=True)
    protocol, inverted = rule.protocol or (0, False)
    name = rule.target.name if rule.target is not None else ""
    text = f"{name:<8}{'!' if inverted else ''}{protocol_name(protocol)} opt "
    text += "--" if rule.fragment is None else "!f" if rule.fragment[0] else "-f"
    text += f" in {_device(rule.inside, form)} out {_device(rule.outside, form)} "
    ends = []
    for prefix in (rule.source, rule.destination):
        if prefix is None:
            ends.append(" 0.0.0.0/0")
        else:
            address, mask, negative = prefix
            length = "" if mask == 0xFFFFFFFF else mask_text(mask)
            ends.append(f"{'!' if negative else ' '}{ip_text(address)}{length}")
    return f"{text} {ends[0].strip()}  -> {ends[1].strip()}  {_matches(rule, protocol, form)}\n"
