"""The network in words: what ``status net`` prints where the level shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.why.reason import moment
from minios.net.drop import Drop, Dropped
from minios.net.reasons import sentence

if TYPE_CHECKING:
    from minios.game.play import Play
    from minios.net.fabric.link import Link
    from minios.net.fabric.network import Network

DROPS = 5
"""Drops told of, the newest ones."""
ROWS = 64
"""Nodes, and cables, told of."""


def network_text(play: Play) -> str:
    """Nodes, cables and the last drops, a line each; empty where there is nothing to tell."""
    network = play.built.network
    if network is None or not network.links or not play.machine_sees_network:
        return ""
    lines = ["nodes:", *_nodes(network), "cables:"]
    lines += [f"  {_cable(link)}" for link in list(network.links.values())[:ROWS]]
    if len(network.links) > ROWS:
        lines.append(f"  and {len(network.links) - ROWS} more")
    drops = _drops(play, network)
    if drops:
        lines.append("packets that ended lately:")
        for record in drops[-DROPS:]:
            what = f"{record.reason.name}, {sentence(record)}"
            lines.append(f"  {moment(record.time)} {record.node}: {what}")
            lines.append(f"    {record.summary}")
    return "".join(f"{line}\n" for line in lines)


def _nodes(network: Network) -> list[str]:
    from minios.game.net.watch import caption_of, has_power, kind_of

    lines = []
    for name, node in list(network.nodes.items())[:ROWS]:
        text = f"  {name:12} {kind_of(node):7} {caption_of(node)}".rstrip()
        if not has_power(node):
            text += " (off)"
        lines.append(text)
    if len(network.nodes) > ROWS:
        lines.append(f"  and {len(network.nodes) - ROWS} more")
    return lines


def _cable(link: Link) -> str:
    there, back = link.wires
    spec = there.spec
    parts = [f"{link.name}: {link.a.label} - {link.b.label}"]
    if not link.up:
        parts.append("PULLED OUT")
    parts.append(f"{spec.rate // 1000:,} kbit/s" if spec.rate else "no limit")
    parts.append(f"{spec.latency // 1000:,} us")
    if spec.loss:
        parts.append(f"{spec.loss / 10_000:g} % lost")
    parts.append(f"{there.frames:,} frames there, {back.frames:,} back")
    waiting = there.waiting() + back.waiting()
    if waiting:
        parts.append(f"{waiting:,} bytes wait")
    return ", ".join(parts)


def _drops(play: Play, network: Network) -> list[Dropped]:
    """All that are remembered, the oldest first."""
    from minios.game.net.watch import stack_of

    found = list(network.drops)
    for machine in play.machines.values():
        stack = stack_of(machine)
        if stack is not None:
            found += stack.drops
    found = [record for record in found if record.reason is not Drop.NOT_FOR_US]
    return sorted(found, key=lambda record: record.time)
