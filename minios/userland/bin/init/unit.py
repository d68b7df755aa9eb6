"""A unit in memory: its state, since when, and where others can read it.

``/run/systemd/units/NAME`` has the properties that ``systemctl show`` prints, so that everybody
may look at what only root may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.flags import CLOCK_MONOTONIC, O_CREAT, O_TRUNC, O_WRONLY
from minios.userland.lib.stdio import write_all
from minios.userland.lib.units.spec import Spec

if TYPE_CHECKING:
    from minios.userland.bin.init.manager import Manager

FOLDER = b"/run/systemd/units"

ACTIVE, RELOADING, INACTIVE, FAILED, ACTIVATING, DEACTIVATING = (
    "active", "reloading", "inactive", "failed", "activating", "deactivating",
)  # fmt: skip


class Unit:
    """What all kinds share. Times are ns; ``since`` and its sisters of CLOCK_REALTIME."""

    __slots__ = (
        "active",
        "active_enter",
        "active_enter_mono",
        "active_exit",
        "condition",
        "condition_time",
        "deadline",
        "inactive_enter",
        "inactive_enter_mono",
        "inactive_exit",
        "loaded",
        "manager",
        "since",
        "spec",
        "starts",
        "sub",
    )

    def __init__(self, manager: Manager, spec: Spec) -> None:
        self.manager = manager
        self.spec = spec
        self.active = INACTIVE
        self.sub = "dead"
        self.loaded = 0
        """When the unit's file was read."""
        self.since = 0
        self.active_enter = 0
        self.active_exit = 0
        self.inactive_enter = 0
        self.inactive_exit = 0
        self.active_enter_mono = 0
        self.inactive_enter_mono = 0
        self.deadline: int | None = None
        """When something has to be done about it, in ns of CLOCK_MONOTONIC."""
        self.condition = ""
        """The condition that kept it from starting the last time."""
        self.condition_time = 0
        self.starts: list[int] = []

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def triggers(self) -> str:
        """The unit that a timer starts."""
        return ""

    async def target_changed(self) -> None:
        """The unit that a timer starts has got another state."""

    @property
    def up(self) -> bool:
        """Whether it counts as active for who depends on it."""
        return self.active in (ACTIVE, RELOADING)

    async def start(self) -> None:
        raise NotImplementedError

    async def stop(self) -> None:
        raise NotImplementedError

    async def due(self) -> None:
        """The deadline has come."""

    async def exited(self, pid: int, status: int) -> bool:
        """A child ended; whether it was this unit's."""
        return False

    async def become(self, active: str, sub: str) -> None:
        """Change state; whoever waits for it is told."""
        if (active, sub) == (self.active, self.sub):
            await self.publish()
            return
        manager = self.manager
        now = await manager.sys.clock_gettime()
        mono = await manager.sys.clock_gettime(CLOCK_MONOTONIC)
        idle = (INACTIVE, FAILED)
        if self.active != active:
            self.since = now
            if active == ACTIVE and not self.up:
                self.active_enter, self.active_enter_mono = now, mono
            if self.active == ACTIVE and active != RELOADING:
                self.active_exit = now
            if active in idle and self.active not in idle:
                self.inactive_enter, self.inactive_enter_mono = now, mono
            if self.active in idle and active not in idle:
                self.inactive_exit = now
        self.active, self.sub = active, sub
        await self.publish()
        await manager.changed(self)

    def properties(self) -> list[tuple[str, str]]:
        """What ``systemctl show`` prints."""
        spec = self.spec
        return [
            ("Id", spec.name),
            ("Names", spec.name),
            *((kind, " ".join(names)) for kind, names in spec.dependencies.items()),
            ("Documentation", " ".join(spec.documentation)),
            ("Description", spec.description),
            ("LoadState", spec.state),
            ("ActiveState", self.active),
            ("SubState", self.sub),
            ("FragmentPath", spec.path.decode("latin-1")),
            ("DropInPaths", b" ".join(spec.dropins).decode("latin-1")),
            ("StateChangeTimestamp", str(self.since)),
            ("InactiveExitTimestamp", str(self.inactive_exit)),
            ("ActiveEnterTimestamp", str(self.active_enter)),
            ("ActiveExitTimestamp", str(self.active_exit)),
            ("InactiveEnterTimestamp", str(self.inactive_enter)),
            ("ConditionTimestamp", str(self.condition_time)),
            ("ConditionResult", "no" if self.condition else "yes"),
            ("UnmetCondition", self.condition),
            ("LoadTimestamp", str(self.loaded)),
        ]

    async def publish(self) -> None:
        """Write the properties down for systemctl."""
        sys = self.manager.sys
        text = "".join(f"{key}={value}\n" for key, value in self.properties())
        path = FOLDER + b"/" + self.name.encode("latin-1")
        try:
            fd = await sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            await write_all(sys, fd, text.encode("latin-1", "replace"))
            await sys.close(fd)
        except OSError:
            return


class Target(Unit):
    """A point to arrive at: active as soon as what it comes after is done."""

    __slots__ = ()

    async def start(self) -> None:
        await self.become(ACTIVE, "active")

    async def stop(self) -> None:
        await self.become(INACTIVE, "dead")
