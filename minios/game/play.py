"""One attempt at a level: a world, the rules that judge it, and the door the player uses.

Headless and deterministic: the same level, seed and inputs give the same bytes. Nothing here knows
of wall clocks; who paces an attempt calls :meth:`Play.run_until` and :meth:`Play.apply`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi.signals import NSIG
from minios.abi.sys import Program
from minios.fs.access import ROOT, Identity
from minios.game import coach, door
from minios.game.build import BuildError, Host, build
from minios.game.collateral import Wardens
from minios.game.goals import GoalState, Referee
from minios.game.spec import FIRST_KEY, Level, Wrong
from minios.game.view import GoalView, ResultView
from minios.game.words import GameDevice
from minios.kernel import scheduling
from minios.kernel.machine import Machine
from minios.sim.canonical import encode
from minios.sim.collecting import uncollected
from minios.sim.world import MARK_LINE, MILLISECOND, SECOND, World
from minios.userland.lib.pattern import Pattern
from minios.userland.table import load

if TYPE_CHECKING:
    from minios.game.checks import Bound
    from minios.kernel.dev.tty import Tty
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

KEY_NS = 50 * MILLISECOND
"""A key takes this long; typing faster buys nothing."""
PANE_NS = 300 * MILLISECOND
EDIT_NS = 50 * MILLISECOND
"""For each changed character of a saved edit."""

BOOT_EVENTS = 100_000
"""A level takes some hundreds to boot; one that needs more than this keeps the player waiting."""

CHECKPOINT = 10 * SECOND
SHOWN = 64 << 10

Refused = door.Refused


class Line(NamedTuple):
    """An entered line. ``start`` and ``n`` are time and door number of its first key."""

    t: int
    text: str
    start: int
    n: int
    commands: int


class _Typing(NamedTuple):
    start: int
    n: int
    foreground: int | None


class Play:
    """See the module. ``level`` is the level with the seed's values filled in.

    ``outcome`` is None, ``win`` or ``lose``; from then on time stands still, unless a winner stays
    on as root. ``wanted`` is ``restart`` once the word was typed at the prompt.
    """

    def __init__(
        self,
        level: Level,
        seed: int,
        *,
        instruments: Sequence[object] = (),
        programs: Callable[[str], Program] = load,
    ) -> None:
        built = build(level, seed, programs=programs)
        self.built = built
        self.level = built.level
        self.seed = seed
        self.world: World = built.world
        self.hosts: Mapping[str, Host] = built.hosts
        self.machines: Mapping[str, Machine] = built.machines
        self.network = built.network
        self.keys = 0
        self.commands = 0
        self.first_key: int | None = None
        self.free_at = 0
        self.lines: list[Line] = []
        self.splits: list[tuple[str, int]] = []
        self.checkpoints: list[tuple[int, str]] = []
        self.messages: list[tuple[int, str]] = []
        self.coach = ""
        self.failed = ""
        """Why the last pane action or saved edit did nothing, for the status line."""
        self.wanted: str | None = None
        self.hints_asked = 0
        self.as_root = False
        self.boot_output = b""
        self._shown: dict[tuple[str, str], bytearray] = {}
        self._foreign_lines = 0
        self._pending: list[_Typing] = []
        self._typing: _Typing | None = None
        self._applied = 0
        self._typed_wrong = [
            (wrong, [Pattern(glob.encode()) for glob in wrong.typed])
            for wrong in self.level.wrong
            if wrong.typed
        ]
        self._said: list[str] = []
        self.metrics = self
        self.wardens = Wardens(self.level.protect, self, self._moved)
        self.referee = Referee(self.level, self)
        self.referee.on_done = self._goal_done
        self.referee.on_over = self._over
        self.referee.on_recognised = self._recognise
        self._device = GameDevice(self)
        for op, handler in _HANDLERS.items():
            self.world.door(op, self._opener(handler))
        self.world.digested("game", self._digest)
        with uncollected():
            self._boot(instruments)

    def _boot(self, instruments: Sequence[object]) -> None:
        world = self.world
        for host in self.hosts.values():
            host.machine.on_boot.append(self._attach)
            host.machine.on_line.append(self._line)
            host.machine.sees_network = self.machine_sees_network
            host.machine.rule_text = _rule_text
        for instrument in instruments:
            world.instruments.add(instrument)
        self.referee.arm()
        world.at(0, self._begin)
        world.at(CHECKPOINT, self._checkpoint_due)
        self.built.switch_on()
        # A part of the world may stop it early, so once is not enough.
        for _ in range(100):
            if world.run_until(0, BOOT_EVENTS // 100):
                return
        self.close()
        raise BuildError("too much happens before t = 0: the machines do not come to rest")

    def _begin(self) -> None:
        self.wardens.start()
        player = self.level.player
        self.boot_output = self.shown(player.machine, player.tty)

    def _attach(self, kernel: Kernel) -> None:
        """A machine boots: give it its game device, and listen to its terminals."""
        kernel.devices.add(b"game", self._device)
        machine = kernel.machine.name
        for name, tty in kernel.ttys.items():
            tty.sink = self._screen(machine, name.decode())

    def _screen(self, machine: str, tty: str) -> Callable[[bytes], None]:
        shown = self._shown.setdefault((machine, tty), bytearray())

        def sink(data: bytes) -> None:
            shown.extend(data)
            if len(shown) > 2 * SHOWN:
                del shown[:-SHOWN]

        return sink

    # -- time ----------------------------------------------------------------------------------

    @property
    def outcome(self) -> str | None:
        return self.referee.outcome

    @property
    def frozen(self) -> bool:
        """Whether the play is over and time stands still."""
        return self.outcome is not None and not self.as_root

    def run_until(self, t: int, budget: int | None = None) -> bool:
        """Let time pass until ``t``, or ``budget`` events, or the instant of win or loss.

        True when there is nothing more to wait for: ``t`` is reached, or the play is over.
        """
        if self.frozen:
            return True
        return self.world.run_until(t, budget) or self.frozen

    @property
    def tty(self) -> Tty | None:
        """The player's terminal; None while the machine is off."""
        player = self.level.player
        kernel = self.machines[player.machine].kernel
        if kernel is None or kernel.halted:
            return None
        return kernel.ttys[player.tty.encode()]

    def held(self) -> bool:
        """Whether the player's terminal waits for typing: in turn pace the world does, too."""
        tty = self.tty
        return tty is not None and self.world.now >= self.free_at and tty.at_prompt()

    # -- the door ------------------------------------------------------------------------------

    def apply(self, op: str, data: Mapping[str, Any]) -> tuple[int, int]:
        """Let an input in, after time has run to :attr:`free_at`; its time and number.

        Inputs that are not the player's own (those of a bridge) are not paced. Raises
        :class:`Refused` for what is no input, or comes after the end.
        """
        mine = op in _HANDLERS
        if mine:
            door.check(op, data)
            while not self.run_until(self.free_at):
                if self.wanted is not None:
                    break
        if self.frozen and op != "root":
            raise Refused("the play is over")
        if op == "root" and self.outcome != "win":
            raise Refused("only a winner stays on as root")
        try:
            t, n = self.world.apply(op, data)
        except KeyError:
            raise Refused(f"there is no input {op!r:.40}") from None
        self._applied = n
        return t, n

    def _opener(
        self, handler: Callable[[Play, Mapping[str, Any]], None]
    ) -> Callable[[Mapping[str, Any]], None]:
        def let_in(data: Mapping[str, Any]) -> None:
            self.wardens.acting = True
            self.failed = ""
            handler(self, data)
            self.wardens.acting = False
            self._moved()

        return let_in

    def _moved(self) -> None:
        """A figure has changed: checks that ask for it are looked at."""
        self.referee.poke()

    def _moves(self) -> None:
        """The player does something; the score's clock starts with the first time."""
        if self.first_key is None:
            self.first_key = self.world.now
            self.referee.announce(FIRST_KEY)

    def _key(self, data: Mapping[str, Any]) -> None:
        now = self.world.now
        keys = data["data"].encode("latin-1")
        if self.outcome is None:
            self.keys += 1
            self._moves()
        self.free_at = now + KEY_NS
        tty = self.tty
        if tty is None:
            return
        if self._typing is None:
            self._typing = _Typing(now, self._applied + 1, tty.foreground)
        if keys in (b"\r", b"\n"):
            self._pending.append(self._typing)
            self._typing = None
        elif keys in (b"\x03", b"\x04"):
            self._typing = None
        tty.input(keys)

    def _resize(self, data: Mapping[str, Any]) -> None:
        if self.tty is not None:
            self.tty.resize(data["rows"], data["cols"])

    def _may_act(self, pane: str) -> bool:
        """A pane action costs time and counts as a command, whether it works or not."""
        if self.outcome is None:
            self.commands += 1
            self._moves()
        self.free_at = self.world.now + PANE_NS
        if self.as_root or dict(self.level.panes).get(pane, "act") == "act":
            return True
        name = {"processes": "process", "cpu": "CPU"}.get(pane, pane)
        self.failed = f"On this level the {name} pane only looks."
        return False

    def _pane(self, data: Mapping[str, Any], pane: str = "processes") -> Kernel | None:
        """The kernel that a pane acts on; None, and why, if it may not or cannot."""
        allowed = self._may_act(pane)
        host = self.hosts.get(data["machine"])
        kernel = host.machine.kernel if host is not None else None
        if host is None or host.spec.name != self.level.player.machine:
            self.failed = "No such machine here."
        elif allowed and (kernel is None or kernel.halted):
            self.failed = "The machine is off."
        elif allowed:
            return kernel
        return None

    @property
    def uid(self) -> int:
        """Whose rights a pane has: the player's, or root's once a winner stays on."""
        return 0 if self.as_root else self._host.users[self.level.player.user].uid

    @property
    def who(self) -> Identity:
        """The same as credentials."""
        return ROOT if self.as_root else door.identity(self._host, self.level.player.user)

    @property
    def _host(self) -> Host:
        return self.hosts[self.level.player.machine]

    def _signal(self, data: Mapping[str, Any]) -> None:
        kernel = self._pane(data)
        if kernel is None:
            return
        try:
            kernel.send_signal(data["pid"], data["sig"], self.uid)
        except OSError as err:
            self.failed = f"{data['pid']}: {err.strerror}"

    def _renice(self, data: Mapping[str, Any]) -> None:
        kernel = self._pane(data)
        if kernel is None:
            return
        try:
            kernel.set_nice(data["pid"], data["nice"], self.uid)
        except OSError as err:
            self.failed = f"{data['pid']}: {err.strerror}"

    def _assign(self, data: Mapping[str, Any]) -> None:
        """A core is given to a process, or (-1) taken from it, under the manual policy."""
        kernel = self._pane(data, "cpu")
        if kernel is None:
            return
        try:
            scheduling.assign_from_outside(kernel, data["pid"], data["core"], self.uid)
        except OSError as err:
            self.failed = f"{data['pid']}: {err.strerror}"

    def _cable(self, data: Mapping[str, Any]) -> None:
        """A cable is pulled out, or plugged in again."""
        if not self._may_act("network"):
            return
        network = self.built.network
        link = network.links.get(data["link"]) if network is not None else None
        if link is None:
            self.failed = f"There is no cable {data['link']!r:.66}."
        elif link.up == data["plugged"]:
            self.failed = f"{link.name} is {'plugged in' if link.up else 'pulled out'} already."
        elif data["plugged"]:
            link.plug()
        else:
            link.unplug()

    def _save(self, data: Mapping[str, Any]) -> None:
        """A file saved from an editor outside the world, with the player's rights."""
        path, text = data["path"].encode("latin-1"), data["data"].encode("latin-1")
        try:
            changed = door.save(self._host, self.level.player.user, path, text)
        except OSError as err:
            self.failed = f"{data['path']}: {err.strerror}"
            changed = 1
        if self.outcome is None:
            self._moves()
        self.free_at = self.world.now + EDIT_NS * changed

    @property
    def machine_sees_network(self) -> bool:
        """What a level hides stays hidden, on the map and from ``why ping``, until it is won."""
        return self.as_root or dict(self.level.panes).get("network", "look") != "hidden"

    def _root(self, data: Mapping[str, Any]) -> None:
        """The winner stays on: root is logged in on the player's terminal."""
        self.as_root = True
        for machine in self.machines.values():
            machine.sees_network = True
        door.become_root(self._host, self.level.player.tty)

    def close(self) -> None:
        """Let go of every process. The play cannot go on; its results stay."""
        for machine in self.machines.values():
            machine.power_off()

    # -- lines ---------------------------------------------------------------------------------

    def typed(self, machine: str, tty: str, lines: int) -> None:
        """Lines that an event typed are not the player's."""
        player = self.level.player
        if (machine, tty) == (player.machine, player.tty):
            self._foreign_lines += lines

    def _line(self, pcb: PCB, line: bytes, commands: int) -> None:
        """A shell on some terminal has read a line."""
        tty = pcb.tty
        if tty is None or tty is not self.tty or self.first_key is None:
            self._foreign_lines = max(self._foreign_lines - 1, 0)
            return
        if self._foreign_lines:
            self._foreign_lines -= 1
            return
        if self.outcome is not None:
            return
        typing = self._typing_of(pcb.pgid)
        text = line.decode("utf-8", "replace")
        self.commands += commands
        self.lines.append(Line(self.world.now, text, typing.start, typing.n, commands))
        self.coach = coach.advise(text, self._knows, partial(self._lies_here, pcb))
        for wrong, globs in self._typed_wrong:
            if any(glob.matches(b" ".join(line.split())) for glob in globs):
                self._recognise(wrong)
        self.world.mark(MARK_LINE)
        self._moved()

    def _typing_of(self, shell: int) -> _Typing:
        """Where the line now read was begun: the oldest one that was typed at the shell itself.

        What was typed while something else had the terminal may be a line typed ahead, or an answer
        to that program; it is taken only if nothing better is there.
        """
        at = next((i for i, each in enumerate(self._pending) if each.foreground == shell), 0)
        if at >= len(self._pending):
            return _Typing(self.world.now, self._applied, shell)
        found = self._pending[at]
        del self._pending[: at + 1]
        return found

    def _knows(self, name: str) -> bool:
        if name in coach.SHELL_WORDS:
            return True
        if not name or "/" in name or not name.isascii():
            return False
        vfs = self._host.machine.vfs
        for directory in (b"/usr/local/bin/", b"/usr/bin/", b"/usr/sbin/"):
            try:
                vfs.walk(ROOT, vfs.root, directory + name.encode())
            except OSError:
                continue
            return True
        return False

    def _lies_here(self, shell: PCB, name: str) -> bool:
        """Whether ``name`` is a file in the directory of the shell."""
        try:
            vfs = self._host.machine.vfs
            found = vfs.walk(ROOT, shell.cwd, name.encode("utf-8", "replace"))
        except OSError:
            return False
        return not found.inode.is_dir

    def _recognise(self, wrong: Wrong) -> None:
        """The play goes a wrong way that the level knows: say what is wrong with it, once."""
        if wrong.id not in self._said:
            self._said.append(wrong.id)
            if wrong.say:
                self.coach = wrong.say

    @property
    def recognised(self) -> tuple[str, ...]:
        """The wrong answers this play has been seen to give, oldest first."""
        return tuple(self._said)

    def lost_line(self) -> Line | None:
        """The last line entered before the loss; None without a loss, or without a line."""
        if self.outcome != "lose":
            return None
        return next((line for line in reversed(self.lines) if line.text.strip()), None)

    # -- what checks and actions ask (Scene and Stage) -----------------------------------------

    def figure(self, name: str) -> int:
        """A metric by name; ``time`` is ns since the first key."""
        if name == "time":
            return self.world.now - self.first_key if self.first_key is not None else 0
        if name == "signals":
            return self.wardens.signals
        value: int = getattr(self, name)
        return value

    @property
    def collateral(self) -> int:
        return len(self.wardens.harmed)

    @property
    def signals(self) -> int:
        return self.wardens.signals

    def shown(self, machine: str, tty: str) -> bytes:
        """The last 64 KiB a terminal has shown."""
        return bytes(self._shown.get((machine, tty), b"")[-SHOWN:])

    def wake(self, check: Bound) -> None:
        self.referee.wake(check)

    def narrate(self, text: str) -> None:
        self.messages.append((self.world.now, text))

    # -- goals and the end ---------------------------------------------------------------------

    def _split(self, since: int) -> int:
        """A time as the score counts it: from the first key."""
        return max(since - self.first_key, 0) if self.first_key is not None else 0

    def _goal_done(self, goal: str) -> None:
        state = next(each for each in self.referee.goals if each.goal.id == goal)
        self.splits = [split for split in self.splits if split[0] != goal]
        self.splits.append((goal, self._split(state.since or 0)))
        self._checkpoint()

    def _over(self) -> None:
        self._checkpoint()

    def _checkpoint_due(self) -> None:
        self.world.at(self.world.now + CHECKPOINT, self._checkpoint_due)
        if not self.frozen:
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Note the digest; of several in one instant the last counts."""
        now = self.world.now
        if self.checkpoints and self.checkpoints[-1][0] == now:
            self.checkpoints.pop()
        self.checkpoints.append((now, self.world.digest()))

    def _digest(self) -> bytes:
        return encode(
            (
                self.referee.state(), self.keys, self.commands, self.first_key, self.free_at,
                self.wardens.harmed, self.wardens.signals, self.hints_asked, self.wanted or "",
            )
        )  # fmt: skip

    def goals(self) -> tuple[GoalView, ...]:
        """The checklist: hidden goals show once they are done."""
        shown = [state for state in self.referee.goals if state.done or not state.goal.hidden]
        return tuple(self._goal_view(state) for state in shown)

    def _goal_view(self, state: GoalState) -> GoalView:
        goal = state.goal
        progress = 1000 if state.done else 0
        if state.since is not None and not state.done and goal.hold:
            progress = min((self.world.now - state.since) * 1000 // goal.hold, 999)
        split = dict(self.splits).get(goal.id) if state.done else None
        holds = state.done or state.since is not None
        return GoalView(goal.id, goal.text, state.done, holds, progress, split)

    @property
    def time(self) -> int:
        """The score's time: from the first key to when the last goal's true period began."""
        if self.outcome == "win":
            return self._split(max(state.since or 0 for state in self.referee.goals))
        return self._split(self.referee.ended_at or self.world.now)

    def stars(self) -> int:
        """Solved; no collateral; within par."""
        if self.outcome != "win":
            return 0
        par = self.level.par
        bounds = (
            (par.time, self.time),
            (par.keys, self.keys),
            (par.commands, self.commands),
            (par.signals, self.signals),
        )
        within = all(bound is None or value <= bound for bound, value in bounds)
        return 1 + (not self.collateral) + within

    def result(self) -> ResultView | None:
        """How it ended; None while it has not."""
        if self.outcome is None:
            return None
        lost = self.lost_line()
        done = {state.goal.id for state in self.referee.goals if state.done}
        says = {wrong.id: wrong.say for wrong in self.level.wrong}
        said = [says[wrong] for wrong in self.recognised if says[wrong]]
        return ResultView(
            won=self.outcome == "win",
            time=self.time,
            keys=self.keys,
            commands=self.commands,
            collateral=self.collateral,
            stars=self.stars(),
            unaided=self.outcome == "win" and not self.hints_asked,
            cause=self.referee.text,
            line=lost.text if lost is not None else "",
            say=said[-1] if said and self.outcome == "lose" else "",
            splits=tuple(split for split in self.splits if split[0] in done),
        )


def _rule_text(rule: Any) -> str:
    """A firewall rule as iptables-save has it."""
    from minios.userland.lib.iptables.save import rule_text

    return rule_text(rule)


_HANDLERS: dict[str, Callable[[Play, Mapping[str, Any]], None]] = {
    "key": Play._key,
    "resize": Play._resize,
    "signal": Play._signal,
    "renice": Play._renice,
    "assign": Play._assign,
    "cable": Play._cable,
    "save": Play._save,
    "root": Play._root,
}

__all__ = ["NSIG", "Line", "Play", "Refused"]
