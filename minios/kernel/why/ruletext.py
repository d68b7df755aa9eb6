"""What the rule at a place says (``filter FORWARD rule 3``), on whichever node it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


def rule_at(kernel: Kernel, node: str, place: str) -> str:
    """The rule as iptables-save writes it; empty for what is no rule, or is not there any more.

    How rules are written is the programs' business: ``Machine.rule_text`` is theirs.
    """
    words = place.split()
    if len(words) != 4 or words[2] != "rule" or not words[3].isdigit():
        return ""
    stack = _stack(kernel, node)
    if stack is None or not hasattr(stack.netfilter, "tables"):
        return ""
    table = stack.netfilter.tables.get(words[0])
    chain = table.chains.get(words[1]) if table is not None else None
    number = int(words[3])
    if chain is None or not 0 < number <= len(chain.rules):
        return ""
    write = kernel.machine.rule_text
    return write(chain.rules[number - 1].snapshot()) if write is not None else ""


def _stack(kernel: Kernel, node: str) -> Any:
    """The stack of a node of the network this machine is in."""
    if node == kernel.net.name:
        return kernel.net
    for port in kernel.machine.nics.values():
        if port.network is not None:
            found: Any = port.network.nodes.get(node)
            other = getattr(found, "kernel", None)
            return other.net if other is not None else getattr(found, "stack", None)
    return None
