"""Checks made of checks: all, any, not, and true for so long."""

from minios.game.checks.bound import Bound


def _earliest(of: list[Bound]) -> int | None:
    return min((each.due for each in of if each.due is not None), default=None)


class BoundAll(Bound):
    """Every part holds. All are always looked at, so that each knows when it is due."""

    __slots__ = ("of",)

    def __init__(self, of: list[Bound]) -> None:
        self.of = of
        self.marks = 0
        for each in of:
            self.marks |= each.marks
        self.due = None

    def holds(self, now: int) -> bool:
        answers = [each.holds(now) for each in self.of]
        self.due = _earliest(self.of)
        return all(answers)

    def enable(self, on: bool) -> None:
        for each in self.of:
            each.enable(on)

    def leaves(self) -> list[Bound]:
        return [leaf for each in self.of for leaf in each.leaves()]


class BoundAny(BoundAll):
    """Some part holds."""

    __slots__ = ()

    def holds(self, now: int) -> bool:
        answers = [each.holds(now) for each in self.of]
        self.due = _earliest(self.of)
        return any(answers)


class BoundNot(Bound):
    __slots__ = ("of",)

    def __init__(self, of: Bound) -> None:
        self.of = of
        self.marks = of.marks
        self.due = None

    def holds(self, now: int) -> bool:
        answer = self.of.holds(now)
        self.due = self.of.due
        return not answer

    def enable(self, on: bool) -> None:
        self.of.enable(on)

    def leaves(self) -> list[Bound]:
        return self.of.leaves()


class BoundHeld(BoundNot):
    """The part has held without a break for ``duration`` ns."""

    __slots__ = ("duration", "since")

    def __init__(self, of: Bound, duration: int) -> None:
        super().__init__(of)
        self.duration = duration
        self.since: int | None = None

    def holds(self, now: int) -> bool:
        if not self.of.holds(now):
            self.since = None
            self.due = self.of.due
            return False
        if self.since is None:
            self.since = now
        ripe = self.since + self.duration
        if now >= ripe:
            self.due = self.of.due
            return True
        self.due = ripe if self.of.due is None else min(ripe, self.of.due)
        return False

    def enable(self, on: bool) -> None:
        super().enable(on)
        if not on:
            self.since = None
