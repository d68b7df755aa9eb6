"""A timer: starts another unit when its time has come (systemd.timer(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.flags import CLOCK_MONOTONIC
from minios.userland.bin.init.unit import ACTIVE, INACTIVE, Unit
from minios.userland.lib.units.spec import Spec, TimerSpec

if TYPE_CHECKING:
    from minios.userland.bin.init.manager import Manager


class Timer(Unit):
    """``next_mono`` and ``next_real`` are when it elapses next, ``last`` when it did last."""

    __slots__ = ("last", "last_mono", "next_real", "started")

    def __init__(self, manager: Manager, spec: Spec) -> None:
        super().__init__(manager, spec)
        self.started = 0
        self.next_real = 0
        self.last = 0
        self.last_mono = 0

    @property
    def timer(self) -> TimerSpec:
        assert self.spec.timer is not None
        return self.spec.timer

    @property
    def triggers(self) -> str:
        return self.timer.unit

    async def start(self) -> None:
        self.started = await self.manager.sys.clock_gettime(CLOCK_MONOTONIC)
        await self._plan()

    async def stop(self) -> None:
        self.deadline = None
        self.next_real = 0
        await self.become(INACTIVE, "dead")

    async def _plan(self) -> None:
        """Find out when it elapses next; with nothing to come it has elapsed."""
        sys = self.manager.sys
        now = await sys.clock_gettime(CLOCK_MONOTONIC)
        real = await sys.clock_gettime()
        times: list[int] = []
        target = self.manager.units.get(self.timer.unit)
        for key, span in self.timer.since:
            base: int | None = 0
            if key == "OnActiveSec":
                base = self.started
            elif key in ("OnUnitActiveSec", "OnUnitInactiveSec"):
                stamp = 0
                if target is not None:
                    active = key == "OnUnitActiveSec"
                    stamp = target.active_enter_mono if active else target.inactive_enter_mono
                    if not stamp and active:
                        stamp = target.inactive_enter_mono
                base = max(stamp, self.last_mono) if stamp or self.last_mono else None
            if base is None:
                continue
            due = base + span
            repeats = key in ("OnUnitActiveSec", "OnUnitInactiveSec")
            if due > now or repeats or not self.last_mono:
                times.append(max(due, now))
        for calendar in self.timer.calendars:
            found = calendar.next(real)
            if found is not None:
                times.append(now + found - real)
        self.deadline = min(times) if times else None
        self.next_real = real + self.deadline - now if self.deadline is not None else 0
        await self.become(ACTIVE, "waiting" if self.deadline is not None else "elapsed")

    async def due(self) -> None:
        sys = self.manager.sys
        self.deadline = None
        self.last = await sys.clock_gettime()
        self.last_mono = await sys.clock_gettime(CLOCK_MONOTONIC)
        await self.become(ACTIVE, "running")
        await self.manager.start_for(self.timer.unit)
        target = self.manager.units.get(self.timer.unit)
        if target is None or target.active in ("inactive", "failed", "active"):
            await self._plan()

    async def target_changed(self) -> None:
        """The unit it starts is done, so that the next time can be found."""
        if self.active == ACTIVE and self.sub == "running":
            await self._plan()

    def properties(self) -> list[tuple[str, str]]:
        return [
            ("Unit", self.timer.unit),
            ("NextElapseUSecRealtime", str(self.next_real)),
            ("LastTriggerUSec", str(self.last)),
            *Unit.properties(self),
        ]
