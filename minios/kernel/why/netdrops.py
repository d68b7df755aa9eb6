"""``why drops``: what this machine has let go of lately, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.why.reason import Reason, moment
from minios.net.drop import Drop
from minios.net.reasons import sentence

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.kernel.kernel import Kernel
    from minios.net.drop import Dropped

SHOWN = 10
"""Drops that are told of; equal ones that follow each other are one."""


def why_drops(kernel: Kernel, who: Credentials) -> Reason:
    """The newest drops of this machine's stack and at its ports, the newest first.

    What was in the packets is for root, unless the level shows the network to everybody.
    """
    open_ = who.euid == 0 or kernel.machine.sees_network
    told: list[Reason] = []
    count, last = 0, ""
    for record in sorted(_records(kernel), key=lambda each: each.time, reverse=True):
        text = f"{record.reason.name}: {sentence(record)}."
        if open_ and record.summary:
            text = f"{record.reason.name}: {record.summary}: {sentence(record)}."
        if text == last:
            count += 1
            told[-1] = told[-1]._replace(text=f"{told[-1].text.partition(' (×')[0]} (×{count})")
            continue
        if len(told) == SHOWN:
            break
        count, last = 1, text
        told.append(Reason("net.drop", f"{moment(record.time)} {text}"))
    if not told:
        return Reason("net.drops", "This machine has dropped no packet since it was switched on.")
    return Reason("net.drops", "Packets that ended here lately:", because=tuple(told))


def _records(kernel: Kernel) -> list[Dropped]:
    found = [r for r in kernel.net.drops if r.reason is not Drop.NOT_FOR_US]
    for port in kernel.machine.nics.values():
        if port.network is not None:
            name = kernel.machine.name
            found += [record for record in port.network.drops if record.node == name]
            break
    return found
