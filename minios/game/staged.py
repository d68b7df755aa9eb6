"""A play and those who watch it: what a session swaps at a restart or a rewind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minios.game.gantt import Gantt
from minios.game.inspect import Sight
from minios.game.play import Play

if TYPE_CHECKING:
    from minios.kernel.dev.tty import Tty
    from minios.kernel.machine import Machine

OUTPUT = 1 << 20
"""Bytes kept for a terminal that does not fetch them."""


class Screen:
    """An instrument on one play: what the player's terminal shows, and when it begins to wait."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.output = bytearray(play.boot_output)
        self.stop_at_prompt = True
        self.booted = False
        """Whether the machine was switched on again: its terminal has forgotten its size."""

    def _mine(self, tty: Tty) -> bool:
        player = self.play.level.player
        machine = self.play.machines[player.machine]
        return tty.kernel.machine is machine and tty.name == player.tty.encode()

    def on_output(self, tty: Tty, data: bytes) -> None:
        if self._mine(tty):
            self.output += data
            if len(self.output) > OUTPUT:
                cut = self.output.find(b"\n", len(self.output) - OUTPUT // 2)
                del self.output[: cut + 1 if cut >= 0 else OUTPUT // 2]

    def on_power(self, machine: Machine, on: bool) -> None:
        if on and machine.name == self.play.level.player.machine:
            self.booted = True

    def on_wait(self, tty: Tty) -> None:
        if self.stop_at_prompt and self._mine(tty):
            self.play.world.stop()


class Staged(NamedTuple):
    """A play and those who watch it for the panes."""

    play: Play
    screen: Screen
    gantt: Gantt
    sight: Sight
