"""The referee: goals, losses and events, looked at whenever something they name has changed.

A goal's *true period* begins in the instant its check came true (with ``after`` and ``requires``
fulfilled). It is done when the period has lasted for the goal's ``for``, and until the period ends,
or for good with ``once``. The play is won when all goals are done; its time is when the last of
their periods began.
"""

from collections.abc import Callable
from dataclasses import dataclass

from minios.game import spec
from minios.game.checks import Bound, bind
from minios.game.checks.bound import MARK_GAME
from minios.game.checks.probe import BoundProbe
from minios.game.events import Stage, perform


class Tree:
    """A whole check of the level, and what it said last."""

    __slots__ = ("bound", "dirty", "enabled", "holds", "scheduled")

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.dirty = True
        self.enabled = False
        self.holds = False
        self.scheduled: int | None = None

    def enable(self, on: bool) -> None:
        if on is not self.enabled:
            self.enabled = on
            self.dirty = True
            self.bound.enable(on)


@dataclass(slots=True)
class GoalState:
    """``since`` is when the present true period began; ``deadline`` is of ``within``, and
    ``judged`` once it has passed."""

    goal: spec.Goal
    tree: Tree
    since: int | None = None
    done: bool = False
    deadline: int | None = None
    judged: bool = False
    wake_at: int | None = None


@dataclass(slots=True)
class LoseState:
    lose: spec.Lose
    tree: Tree | None
    since: int | None = None
    due: bool = False
    wake_at: int | None = None


@dataclass(slots=True)
class EventState:
    event: spec.Event
    tree: Tree | None
    fired: int | None = None
    armed: bool = False


class Referee:
    """Runs the level's rules in a world. ``outcome`` is ``win`` or ``lose`` once it is decided.

    ``cause`` names the loss or the goal whose time ran out; ``text`` says it to the player.
    ``on_done`` is told of each goal when it is done, ``on_over`` of the end, ``on_recognised`` of a
    wrong answer whose ``when`` has come to hold.
    """

    def __init__(self, level: spec.Level, stage: Stage) -> None:
        self.stage = stage
        self.world = stage.world
        self.outcome: str | None = None
        self.cause = ""
        self.text = ""
        self.ended_at = 0
        self.on_done: Callable[[str], None] = lambda goal: None
        self.on_over: Callable[[], None] = lambda: None
        self.on_recognised: Callable[[spec.Wrong], None] = lambda wrong: None
        self._trees: list[Tree] = []
        self._leaves: dict[int, list[Tree]] = {}
        self.goals = [GoalState(goal, self._tree(goal.check)) for goal in level.goals]
        self.losses = [
            LoseState(lose, self._tree(lose.check) if lose.check is not None else None)
            for lose in level.lose
        ]
        self.events = [
            EventState(event, self._tree(event.when) if event.when is not None else None)
            for event in level.events
        ]
        self._watched = [
            (wrong, self._tree(wrong.when)) for wrong in level.wrong if wrong.when is not None
        ]
        self.happened: dict[str, int] = {}
        """When each event fired, and each goal was done first."""
        for _, tree in self._watched:
            tree.enable(True)

    def _tree(self, check: spec.Check) -> Tree:
        tree = Tree(bind(check, self.stage))
        self._trees.append(tree)
        for leaf in tree.bound.leaves():
            self._leaves.setdefault(id(leaf), []).append(tree)
        return tree

    def arm(self) -> None:
        """Put what is timed on the world's heap; call before time reaches 0."""
        self.world.at(0, self._start)
        for event in self.events:
            if event.event.at is not None:
                self.world.at(event.event.at, self._fire, event)
        for state in self.losses:
            if state.lose.at is not None and not state.lose.after:
                self.world.at(state.lose.at, self._time_up, state)

    def _start(self) -> None:
        bits = MARK_GAME
        for tree in self._trees:
            bits |= tree.bound.marks
        self.world.watch(bits, self._instant)
        self.poke()

    def poke(self) -> None:
        """Look again at the end of this instant."""
        self.world.mark(MARK_GAME)

    def wake(self, leaf: Bound) -> None:
        """Look again at every check that ``leaf`` is part of."""
        for tree in self._leaves.get(id(leaf), ()):
            tree.dirty = True
        self.poke()

    # -- the end of an instant -----------------------------------------------------------------

    def _instant(self, changed: int) -> None:
        if self.outcome is not None:
            return
        now = self.world.now
        self._enable()
        for tree in self._trees:
            if tree.dirty or tree.bound.marks & changed:
                self._look(tree, now)
        for _ in self.goals:
            if not self._update_goals(now):
                break
        for event in self.events:
            if event.tree is not None and event.tree.holds and not event.armed:
                event.armed = True
                self.world.at(now + event.event.delay, self._fire, event)
        for wrong, tree in self._watched:
            if tree.holds and tree.enabled:
                tree.enable(False)
                self.on_recognised(wrong)
        self._decide(now)

    def _enable(self) -> None:
        """Only checks that somebody asks run probes and keep time."""
        for goal in self.goals:
            goal.tree.enable(self._active(goal.goal))
        for lose in self.losses:
            if lose.tree is not None:
                lose.tree.enable(not lose.lose.after or lose.lose.after in self.happened)
        for event in self.events:
            if event.tree is not None:
                event.tree.enable(not event.armed)

    def _active(self, goal: spec.Goal) -> bool:
        if goal.after and goal.after not in self.happened:
            return False
        if not goal.requires:
            return True
        return all(state.done for state in self.goals if state.goal.id in goal.requires)

    def _look(self, tree: Tree, now: int) -> None:
        tree.dirty = False
        if not tree.enabled:
            tree.holds = False
            return
        tree.holds = tree.bound.holds(now)
        due = tree.bound.due
        if due is None:
            return
        if tree.scheduled is None or tree.scheduled <= now or due < tree.scheduled:
            tree.scheduled = due
            self.world.at(due, self._tree_due, tree)

    def _tree_due(self, tree: Tree) -> None:
        tree.dirty = True
        self.poke()

    def _update_goals(self, now: int) -> bool:
        """One round over the goals; True if one was done or undone, which others may wait for."""
        before = [state.done for state in self.goals]
        for state in self.goals:
            goal = state.goal
            if state.done and goal.once:
                continue
            active = self._active(goal)
            if active and goal.within is not None and state.deadline is None:
                state.deadline = now + goal.within
                self.world.at(state.deadline, self.poke)
            if active and not state.tree.enabled:
                state.tree.enable(True)
                self._look(state.tree, now)
            if not (active and state.tree.holds):
                state.since = None
                state.done = False
                continue
            if state.since is None:
                state.since = now
            if now - state.since >= goal.hold:
                if not state.done:
                    state.done = True
                    self.announce(goal.id)
                    self.on_done(goal.id)
            else:
                state.wake_at = self._wake(state.wake_at, state.since + goal.hold)
        return before != [state.done for state in self.goals]

    def _wake(self, scheduled: int | None, t: int) -> int:
        """Make sure that there is a look at ``t``."""
        if scheduled != t:
            self.world.at(t, self.poke)
        return t

    def _decide(self, now: int) -> None:
        if self.goals and all(state.done for state in self.goals):
            self._over("win", "", "")
            return
        for goal in self.goals:
            if goal.deadline is None or goal.judged or now < goal.deadline:
                continue
            goal.judged = True
            if not goal.done:
                self._over("lose", goal.goal.id, f"Not in time: {goal.goal.text}")
                return
        for state in self.losses:
            if self._lost(state, now):
                self._over("lose", state.lose.id, state.lose.text)
                return

    def _lost(self, state: LoseState, now: int) -> bool:
        lose = state.lose
        if state.tree is None:
            due, state.due = state.due, False
            if not due:
                return False
            return not lose.unless or not all(
                goal.done for goal in self.goals if goal.goal.id in lose.unless
            )
        if not state.tree.holds:
            state.since = None
            return False
        if state.since is None:
            state.since = now
        if now - state.since >= lose.hold:
            return True
        state.wake_at = self._wake(state.wake_at, state.since + lose.hold)
        return False

    def _over(self, outcome: str, cause: str, text: str) -> None:
        self.outcome, self.cause, self.text = outcome, cause, text
        self.ended_at = self.world.now
        self.on_over()
        self.world.stop()

    # -- events --------------------------------------------------------------------------------

    def _time_up(self, state: LoseState) -> None:
        state.due = True
        self.poke()

    def _fire(self, state: EventState) -> None:
        if state.fired is not None:
            return
        state.armed = True
        state.fired = self.world.now
        for action in state.event.actions:
            perform(action, self.stage)
        self.announce(state.event.id)
        self.poke()

    def announce(self, name: str) -> None:
        """Something has happened for the first time (an event, a goal, the first key): start what
        waits for it."""
        if name in self.happened:
            return
        self.happened[name] = self.world.now
        for lose in self.losses:
            if lose.lose.after == name and lose.lose.at is not None:
                self.world.at(self.world.now + lose.lose.at, self._time_up, lose)
        for state in self.events:
            if state.event.after == name and not state.armed:
                state.armed = True
                self.world.at(self.world.now + state.event.delay, self._fire, state)
        self.poke()

    def probe_trouble(self) -> list[tuple[str, int]]:
        """Probes that could not be run as they stand: the command line, and its exit status."""
        return [
            (leaf.check.run, leaf.status)
            for tree in self._trees
            for leaf in tree.bound.leaves()
            if isinstance(leaf, BoundProbe)
            and leaf.status in (2, 126, 127)
            and leaf.status != leaf.check.status
        ]

    # -- the digest ----------------------------------------------------------------------------

    def state(self) -> object:
        """Plain data: part of the world's digest."""
        return (
            self.outcome,
            self.cause,
            [(state.since, state.done, state.deadline) for state in self.goals],
            [(state.since, state.due) for state in self.losses],
            sorted(self.happened.items()),
            [tree.holds for tree in self._trees],
        )
