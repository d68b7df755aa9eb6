"""What the level makes happen: the actions of its events, done as the machine's owner would."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from minios.fs.access import ROOT
from minios.fs.inode import Regular
from minios.game import spec
from minios.game.checks.bound import Scene, inode_at, kernel_of, selector

if TYPE_CHECKING:
    from minios.net.fabric.link import Link


class Stage(Scene, Protocol):
    """A scene in which things can be made to happen."""

    def typed(self, machine: str, tty: str, lines: int) -> None:
        """Somebody other than the player has typed so many lines there."""

    def narrate(self, text: str) -> None:
        """Tell the player something."""


def perform(action: spec.Action, stage: Stage) -> None:
    """Do it. What cannot be done (a machine without power, a full disk) simply does not happen."""
    with suppress(OSError):
        _perform(action, stage)


def _perform(action: spec.Action, stage: Stage) -> None:
    if isinstance(action, spec.Say):
        stage.narrate(action.text)
    elif isinstance(action, spec.Power):
        machine = stage.hosts[action.machine].machine
        if action.up:
            machine.power_on()
        else:
            machine.power_off()
    elif isinstance(action, spec.Write):
        _write(action, stage)
    elif isinstance(action, spec.Remove):
        vfs = stage.hosts[action.on].machine.vfs
        vfs.unlink(ROOT, vfs.root, action.path.encode())
    elif isinstance(action, spec.Start):
        host = stage.hosts[action.on]
        host.start(host.process(action.process))
    elif isinstance(action, spec.Signal):
        _signal(action, stage)
    elif isinstance(action, spec.Cable):
        _cable(action, stage)
    elif isinstance(action, spec.LinkChange):
        _change_link(action, stage)
    elif isinstance(action, spec.Type):
        kernel = kernel_of(stage, action.on)
        if kernel is not None:
            text = action.text.replace("\n", "\r")
            stage.typed(action.on, action.tty, text.count("\r"))
            kernel.ttys[action.tty.encode()].input(text.encode())


def _link(name: str, stage: Stage) -> Link | None:
    """The cable of that name, or with that end; a seed may have named one that is not there."""
    if stage.network is None:
        return None
    for link in stage.network.links.values():
        if name in (link.name, link.a.label, link.b.label):
            return link
    return None


def _cable(action: spec.Cable, stage: Stage) -> None:
    link = _link(action.link, stage)
    if link is None:
        return
    if action.plugged:
        link.plug()
    else:
        link.unplug()


def _change_link(action: spec.LinkChange, stage: Stage) -> None:
    """What is not named stays as it is, in each direction."""
    link = _link(action.link, stage)
    if link is None:
        return
    there, back = (wire.spec._replace(**dict(action.there)) for wire in link.wires)
    link.set(there, back._replace(**dict(action.back)))


def _write(action: spec.Write, stage: Stage) -> None:
    """An existing file keeps its owner and mode."""
    inode = inode_at(stage, action.on, action.path.encode())
    data = action.text.encode()
    if not isinstance(inode, Regular):
        stage.hosts[action.on].machine.write_file(action.path.encode(), data)
        return
    if not action.append:
        inode.truncate(0)
    if data:
        inode.write(inode.size, data)


def _signal(action: spec.Signal, stage: Stage) -> None:
    kernel = kernel_of(stage, action.on)
    if kernel is None:
        return
    test = selector(action.who, stage.hosts[action.on])
    for pcb in list(kernel.processes.values()):
        if test(pcb) and not pcb.zombie:
            kernel.signal(pcb, action.sig)
