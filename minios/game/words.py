"""/dev/game: how words like ``goals``, ``hint`` and ``restart`` at the prompt reach the game.

A program writes a word and reads the answer. Answers depend on the world alone, so that a replay
reads the same: a hint shown by a function key is not counted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.why.reason import lines

if TYPE_CHECKING:
    from minios.game.play import Play
    from minios.kernel.process import PCB

USAGE = b"goals, hint, network, restart or why GOAL\n"


class GameDevice:
    """See the module. It is the same device on every machine of the level."""

    def __init__(self, play: Play) -> None:
        self.play = play

    def ask(self, pcb: PCB, data: bytes) -> bytes:
        """The answer to one word; the list of words for anything else."""
        word = data.strip()
        if word == b"goals":
            return self._goals()
        if word == b"hint":
            return self._hint()
        if word == b"restart":
            return self._restart()
        if word == b"network":
            return self._network()
        if word[:4] == b"why ":
            return self._why(word[4:].strip())
        return USAGE

    def _goals(self) -> bytes:
        goals = self.play.goals()
        if not goals:
            return b"There is nothing to win here.\n"
        lines = []
        for goal in goals:
            box = "[x]" if goal.done else "[~]" if goal.holds else "[ ]"
            lines.append(f"{box} {goal.text}\n")
        return "".join(lines).encode()

    def _network(self) -> bytes:
        """What the network pane shows; a newline where it shows nothing."""
        from minios.game.net.text import network_text

        return network_text(self.play).encode() or b"\n"

    def _why(self, goal: bytes) -> bytes:
        from minios.game.why import why_goal

        try:
            reason = why_goal(self.play, goal.decode("utf-8", "replace"))
        except KeyError:
            return b"There is no goal of that name or number here.\n"
        return "".join(f"{'  ' * depth}{text}\n" for depth, text in lines(reason)).encode()

    def _hint(self) -> bytes:
        hints = self.play.level.hints
        if not hints:
            return b"There are no hints here.\n"
        if self.play.outcome is None:
            self.play.hints_asked += 1
        number = min(self.play.hints_asked, len(hints)) or 1
        text = "\n".join(line.strip() for line in hints[number - 1].splitlines())
        last = " That was the last one." if self.play.hints_asked >= len(hints) else ""
        return f"Hint {number} of {len(hints)}: {text}{last}\n".encode()

    def _restart(self) -> bytes:
        self.play.wanted = "restart"
        self.play.world.stop()
        return b"Restarting.\n"
