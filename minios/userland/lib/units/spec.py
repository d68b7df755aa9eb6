"""What a unit file asks for, as plain records (systemd.unit(5), systemd.service(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import caps
from minios.abi.signals import Sig
from minios.userland.lib.units import timespan

if TYPE_CHECKING:
    from minios.userland.lib.units.calendarspec import Calendar


class Command:
    """A line of ExecStart= or another phase. ``words[0]`` is the program."""

    __slots__ = ("argv0", "literal", "may_fail", "privileged", "words")

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.argv0 = ""
        self.may_fail = False
        self.privileged = False
        self.literal = False


class ServiceSpec:
    """[Service]. Times are ns."""

    __slots__ = (
        "affinity",
        "ambient",
        "bounding",
        "commands",
        "directory",
        "environment",
        "environment_files",
        "error",
        "extra_groups",
        "force",
        "group",
        "identifier",
        "input",
        "kill_mode",
        "kill_signal",
        "limits",
        "nice",
        "no_new_privileges",
        "oom_score_adj",
        "output",
        "pidfile",
        "prevent",
        "remain",
        "restart",
        "restart_sec",
        "send_sighup",
        "send_sigkill",
        "success",
        "timeout_start",
        "timeout_stop",
        "type",
        "umask",
        "user",
    )

    def __init__(self) -> None:
        self.type = "simple"
        self.commands: dict[str, list[Command]] = {}
        self.restart = "no"
        self.restart_sec = 100 * timespan.MS
        self.timeout_start = 90 * timespan.SECOND
        self.timeout_stop = 90 * timespan.SECOND
        self.remain = False
        self.pidfile = ""
        self.success: set[int] = set()
        """Wait statuses that count as success beside 0 and the four clean signals."""
        self.prevent: set[int] = set()
        self.force: set[int] = set()
        self.user = ""
        self.group = ""
        self.extra_groups: list[str] = []
        self.directory = ""
        self.environment: list[str] = []
        self.environment_files: list[str] = []
        self.nice: int | None = None
        self.umask: int | None = None
        self.oom_score_adj: int | None = None
        self.affinity: list[int] = []
        self.limits: dict[int, tuple[int, int]] = {}
        self.output = "journal"
        self.error = "inherit"
        self.input = "null"
        self.identifier = ""
        self.kill_signal = int(Sig.SIGTERM)
        self.kill_mode = "control-group"
        self.send_sigkill = True
        self.send_sighup = False
        self.no_new_privileges = False
        self.bounding = caps.ALL
        self.ambient = 0


class TimerSpec:
    """[Timer]. ``since`` has the monotonic ones: (what they count from, ns)."""

    __slots__ = ("calendars", "since", "unit")

    def __init__(self) -> None:
        self.unit = ""
        self.since: list[tuple[str, int]] = []
        self.calendars: list[Calendar] = []


class Spec:
    """Everything a manager needs of a unit."""

    __slots__ = (
        "asserts",
        "conditions",
        "dependencies",
        "description",
        "documentation",
        "dropins",
        "limit_burst",
        "limit_interval",
        "name",
        "path",
        "service",
        "state",
        "timer",
        "warnings",
    )

    def __init__(
        self, name: str, state: str, path: bytes = b"", dropins: list[bytes] | None = None
    ) -> None:
        self.name = name
        self.state = state
        self.path = path
        self.dropins = dropins if dropins is not None else []
        self.description = ""
        self.documentation: list[str] = []
        self.dependencies: dict[str, list[str]] = {}
        self.conditions: list[tuple[str, bool, bool, str]] = []
        """(what is tested, whether it is a trigger ``|``, whether it is negated, its argument)."""
        self.asserts = 0
        """How many of the conditions, from the first on, are assertions."""
        self.limit_interval = 10 * timespan.SECOND
        self.limit_burst = 5
        self.service: ServiceSpec | None = None
        self.timer: TimerSpec | None = None
        self.warnings: list[str] = []

    def names(self, kind: str) -> list[str]:
        return self.dependencies.get(kind, [])

    @property
    def title(self) -> str:
        """``cron.service - Regular background program processing daemon``."""
        if self.description and self.description != self.name:
            return f"{self.name} - {self.description}"
        return self.name
