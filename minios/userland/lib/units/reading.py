"""What a unit file asks for, with its values checked (systemd.unit(5), systemd.service(5),
systemd.exec(5), systemd.kill(5), systemd.timer(5)).

docs/sandbox.md lists the settings that are understood. An unknown one is ignored with a warning in
the journal, as systemd does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import caps, flags
from minios.abi.signals import number_of
from minios.userland.lib.units import timespan
from minios.userland.lib.units.find import UnitFile, specifiers
from minios.userland.lib.units.spec import Command, ServiceSpec, Spec, TimerSpec
from minios.userland.lib.units.syntax import Sections, split

if TYPE_CHECKING:
    pass


PHASES = (
    "ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop",
    "ExecStopPost",
)  # fmt: skip
SERVICE_TYPES = ("simple", "exec", "oneshot", "forking", "idle")
RESTARTS = (
    "no", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog", "always",
)  # fmt: skip
KILL_MODES = ("control-group", "mixed", "process", "none")
LIMITS = {
    "LimitCPU": flags.RLIMIT_CPU, "LimitFSIZE": flags.RLIMIT_FSIZE, "LimitDATA": flags.RLIMIT_DATA,
    "LimitSTACK": flags.RLIMIT_STACK, "LimitCORE": flags.RLIMIT_CORE, "LimitRSS": flags.RLIMIT_RSS,
    "LimitNOFILE": flags.RLIMIT_NOFILE, "LimitAS": flags.RLIMIT_AS,
    "LimitNPROC": flags.RLIMIT_NPROC, "LimitMEMLOCK": flags.RLIMIT_MEMLOCK,
    "LimitSIGPENDING": flags.RLIMIT_SIGPENDING, "LimitNICE": flags.RLIMIT_NICE,
}  # fmt: skip
_DEPENDENCIES = (
    "Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Conflicts", "Before", "After",
    "OnFailure",
)  # fmt: skip
_UNIT_KEYS = {
    *_DEPENDENCIES, "Description", "Documentation", "DefaultDependencies", "StartLimitBurst",
    "StartLimitIntervalSec", "StartLimitInterval", "AllowIsolate", "RefuseManualStart",
    "RefuseManualStop", "StopWhenUnneeded",
}  # fmt: skip
_SERVICE_KEYS = {
    *PHASES, *LIMITS, "Type", "Restart", "RestartSec", "TimeoutSec", "TimeoutStartSec",
    "TimeoutStopSec", "RemainAfterExit", "PIDFile", "GuessMainPID", "SuccessExitStatus",
    "RestartPreventExitStatus", "RestartForceExitStatus", "User", "Group", "SupplementaryGroups",
    "WorkingDirectory", "Environment", "EnvironmentFile", "Nice", "UMask", "StandardOutput",
    "StandardError", "StandardInput", "SyslogIdentifier", "KillSignal", "KillMode", "SendSIGKILL",
    "SendSIGHUP", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities",
    "StartLimitBurst", "StartLimitInterval", "OOMScoreAdjust", "CPUAffinity",
}  # fmt: skip


def boolean(text: str) -> bool | None:
    """yes, true, on, 1 and their opposites; None for anything else."""
    lower = text.lower()
    if lower in ("1", "yes", "y", "true", "t", "on"):
        return True
    return False if lower in ("0", "no", "n", "false", "f", "off") else None


class _Reader:
    """Takes the settings of one section and collects what is wrong with them."""

    def __init__(self, unit: UnitFile, spec: Spec, section: str) -> None:
        self.name = unit.name
        self.sections: Sections = unit.sections
        self.spec = spec
        self.section = section
        self.where = unit.path.decode("latin-1")

    def text(self, key: str, default: str = "") -> str:
        return specifiers(self.name, self.sections.last(self.section, key, default))

    def all(self, key: str) -> list[str]:
        return [specifiers(self.name, v) for v in self.sections.all(self.section, key)]

    def words(self, key: str) -> list[str]:
        return [word for value in self.all(key) for word in value.split()]

    def bad(self, key: str, value: str) -> None:
        self.spec.warnings.append(
            f"{self.where}: Failed to parse {key}= setting, ignoring: {value}"
        )

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.text(key)
        if not value:
            return default
        found = boolean(value)
        if found is None:
            self.bad(key, value)
        return default if found is None else found

    def span(self, key: str, default: int) -> int:
        value = self.text(key)
        found = timespan.parse(value) if value else default
        if found is None:
            self.bad(key, value)
        return default if found is None else found

    def number(self, key: str, low: int, high: int, base: int = 10) -> int | None:
        value = self.text(key)
        if not value:
            return None
        try:
            number = int(value, base)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            self.bad(key, value)
            return None
        return number

    def choice(self, key: str, among: tuple[str, ...], default: str) -> str:
        value = self.text(key)
        if value and value not in among:
            self.bad(key, value)
        return value if value in among else default


def read(unit: UnitFile) -> Spec:
    """Make a Spec of a unit file."""
    spec = Spec(unit.name, unit.state, unit.path, unit.dropins)
    spec.description = unit.name
    if unit.state != "loaded":
        return spec
    spec.warnings = list(unit.sections.warnings)
    _read_unit(_Reader(unit, spec, "Unit"), spec)
    kind = unit.name.rpartition(".")[2]
    if kind == "service":
        _read_service(_Reader(unit, spec, "Service"), spec)
    elif kind == "timer":
        _read_timer(_Reader(unit, spec, "Timer"), spec)
    _unknown(unit, spec)
    return spec


def _unknown(unit: UnitFile, spec: Spec) -> None:
    known = {"Unit": _UNIT_KEYS, "Service": _SERVICE_KEYS}
    where = unit.path.decode("latin-1")
    for section, keys in known.items():
        for key in unit.sections.values.get(section, {}):
            if key not in keys and not key.startswith(("Condition", "Assert", "X-")):
                spec.warnings.append(
                    f"{where}: Unknown key name '{key}' in section '{section}', ignoring."
                )


def _read_unit(reader: _Reader, spec: Spec) -> None:
    spec.description = reader.text("Description") or spec.name
    spec.documentation = reader.words("Documentation")
    for kind in _DEPENDENCIES:
        names = reader.words(kind)
        if names:
            spec.dependencies[kind] = list(dict.fromkeys(names))
    for prefix in ("Assert", "Condition"):
        for key in reader.sections.values.get("Unit", {}):
            if key.startswith(prefix):
                for value in reader.all(key):
                    trigger, rest = value.startswith("|"), value.removeprefix("|")
                    negated, argument = rest.startswith("!"), rest.removeprefix("!")
                    spec.conditions.append((key, trigger, negated, argument))
        if prefix == "Assert":
            spec.asserts = len(spec.conditions)
    for section in ("Unit", "Service"):
        limits = _Reader(UnitFile(spec.name, spec.path, "", reader.sections), spec, section)
        for key in ("StartLimitInterval", "StartLimitIntervalSec"):
            spec.limit_interval = limits.span(key, spec.limit_interval)
        burst = limits.number("StartLimitBurst", 0, 1 << 30)
        spec.limit_burst = spec.limit_burst if burst is None else burst


def command(text: str) -> Command | None:
    """A command line with its prefixes; None for what makes no sense."""
    made = Command([])
    at = 0
    while at < len(text) and text[at] in "@-:+!":
        made.may_fail |= text[at] == "-"
        made.privileged |= text[at] in "+!"
        made.literal |= text[at] == ":"
        made.argv0 = "@" if text[at] == "@" else made.argv0
        at += 1
    words = split(text[at:])
    if not words or not words[0]:
        return None
    made.words = words
    if made.argv0 == "@":
        if len(words) < 2:
            return None
        made.argv0 = words.pop(1)
    return made


def _read_service(reader: _Reader, spec: Spec) -> None:
    service = spec.service = ServiceSpec()
    for phase in PHASES:
        for value in reader.all(phase):
            for line in _lines(value):
                made = command(line)
                if made is None:
                    reader.bad(phase, line)
                else:
                    service.commands.setdefault(phase, []).append(made)
    kind = reader.text("Type", "simple" if service.commands.get("ExecStart") else "oneshot")
    if kind not in SERVICE_TYPES:
        reader.bad("Type", kind)
        kind = "simple"
    service.type = kind
    if kind == "oneshot":
        service.timeout_start = timespan.INFINITY
    service.restart = reader.choice("Restart", RESTARTS, "no")
    service.restart_sec = reader.span("RestartSec", service.restart_sec)
    both = reader.span("TimeoutSec", -1)
    if both >= 0:
        service.timeout_start = service.timeout_stop = both or timespan.INFINITY
    service.timeout_start = reader.span("TimeoutStartSec", service.timeout_start)
    service.timeout_stop = reader.span("TimeoutStopSec", service.timeout_stop)
    service.remain = reader.flag("RemainAfterExit")
    service.pidfile = reader.text("PIDFile")
    if service.pidfile and not service.pidfile.startswith("/"):
        service.pidfile = "/run/" + service.pidfile
    service.success = _statuses(reader, "SuccessExitStatus")
    service.prevent = _statuses(reader, "RestartPreventExitStatus")
    service.force = _statuses(reader, "RestartForceExitStatus")
    _check_service(spec, service)
    _read_exec(reader, service)
    _read_kill(reader, service)


def _check_service(spec: Spec, service: ServiceSpec) -> None:
    """What systemd refuses to load."""
    starts = service.commands.get("ExecStart", [])
    problem = ""
    if not starts and not service.commands.get("ExecStop"):
        problem = "Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing."
    elif not starts and not service.remain:
        problem = (
            "Service has no ExecStart= setting, which is only allowed for RemainAfterExit=yes "
            "services. Refusing."
        )
    elif service.type != "oneshot" and not starts:
        problem = (
            "Service has no ExecStart= setting, which is only allowed for Type=oneshot services. "
            "Refusing."
        )
    elif service.type != "oneshot" and len(starts) > 1:
        problem = (
            "Service has more than one ExecStart= setting, which is only allowed for Type=oneshot "
            "services. Refusing."
        )
    elif service.type == "oneshot" and service.restart in ("always", "on-success"):
        problem = (
            "Service has Restart= set to either always or on-success, which isn't allowed for "
            "Type=oneshot services. Refusing."
        )
    if problem:
        spec.warnings.append(f"{spec.name}: {problem}")
        spec.state = "bad-setting"


def _lines(value: str) -> list[str]:
    """Several command lines may stand in one setting, with a lone ``;`` between them."""
    lines: list[str] = []
    words: list[str] = []
    for word in value.split(" "):
        if word == ";":
            lines.append(" ".join(words))
            words = []
        else:
            words.append(";" if word == "\\;" else word)
    return [line.strip() for line in [*lines, " ".join(words)] if line.strip()]


def _statuses(reader: _Reader, key: str) -> set[int]:
    """Exit codes and signal names, as wait statuses."""
    found = set()
    for word in reader.words(key):
        if word.isdecimal() and int(word) < 256:
            found.add(flags.exit_status(int(word)))
        elif (sig := number_of(word)) is not None:
            found.add(sig)
        else:
            reader.bad(key, word)
    return found


def _read_exec(reader: _Reader, service: ServiceSpec) -> None:
    service.user, service.group = reader.text("User"), reader.text("Group")
    service.extra_groups = reader.words("SupplementaryGroups")
    service.directory = reader.text("WorkingDirectory")
    for value in reader.all("Environment"):
        words = split(value)
        if words is None or not all("=" in word for word in words):
            reader.bad("Environment", value)
        else:
            service.environment += words
    service.environment_files = reader.all("EnvironmentFile")
    service.nice = reader.number("Nice", -20, 19)
    service.umask = reader.number("UMask", 0, 0o777, 8)
    service.oom_score_adj = reader.number("OOMScoreAdjust", -1000, 1000)
    service.affinity = _cpus(reader)
    for key, resource in LIMITS.items():
        value = reader.text(key)
        if value:
            pair = _limit(value, resource)
            if pair is None:
                reader.bad(key, value)
            else:
                service.limits[resource] = pair
    service.output = reader.text("StandardOutput", service.output)
    service.error = reader.text("StandardError", service.error)
    service.input = reader.text("StandardInput", service.input)
    service.identifier = reader.text("SyslogIdentifier")
    service.no_new_privileges = reader.flag("NoNewPrivileges")
    if reader.all("CapabilityBoundingSet"):
        service.bounding = _capabilities(reader, "CapabilityBoundingSet")
    service.ambient = _capabilities(reader, "AmbientCapabilities")


def _cpus(reader: _Reader) -> list[int]:
    found: list[int] = []
    for word in " ".join(reader.all("CPUAffinity")).replace(",", " ").split():
        first, _, last = word.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()) or len(word) > 9:
            reader.bad("CPUAffinity", word)
            continue
        found += range(int(first), min(int(last or first), 1023) + 1)
    return found


def _limit(value: str, resource: int) -> tuple[int, int] | None:
    soft, _, hard = value.partition(":")
    numbers = []
    for part in (soft, hard or soft):
        if part == "infinity":
            numbers.append(flags.RLIM_INFINITY)
        elif resource == flags.RLIMIT_CPU and (span := timespan.parse(part)) is not None:
            numbers.append(span // timespan.SECOND)
        elif part[:-1].isdecimal() and part[-1] in "KMG" and len(part) < 16:
            numbers.append(int(part[:-1]) << {"K": 10, "M": 20, "G": 30}[part[-1]])
        elif part.isdecimal() and len(part) < 20:
            numbers.append(int(part))
        else:
            return None
    return (numbers[0], numbers[1]) if numbers[0] <= numbers[1] else None


def _capabilities(reader: _Reader, key: str) -> int:
    found = 0
    for value in reader.all(key):
        inverted, names = value.startswith("~"), value.removeprefix("~")
        chosen = 0
        for name in names.split():
            number = caps.number_of(name)
            if number is None:
                reader.bad(key, name)
            else:
                chosen |= 1 << number
        found = found | caps.ALL & ~chosen if inverted and not found else (
            found & ~chosen if inverted else found | chosen
        )  # fmt: skip
    return found


def _read_kill(reader: _Reader, service: ServiceSpec) -> None:
    value = reader.text("KillSignal")
    if value:
        sig = number_of(value)
        if not sig:
            reader.bad("KillSignal", value)
        else:
            service.kill_signal = sig
    service.kill_mode = reader.choice("KillMode", KILL_MODES, "control-group")
    service.send_sigkill = reader.flag("SendSIGKILL", default=True)
    service.send_sighup = reader.flag("SendSIGHUP")


_SINCE = ("OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec")


def _read_timer(reader: _Reader, spec: Spec) -> None:
    timer = spec.timer = TimerSpec()
    timer.unit = reader.text("Unit") or spec.name.rpartition(".")[0] + ".service"
    for key in _SINCE:
        for value in reader.all(key):
            span = timespan.parse(value)
            if span is None:
                reader.bad(key, value)
            else:
                timer.since.append((key, span))
    for value in reader.all("OnCalendar"):
        from minios.userland.lib.units.calendarspec import Calendar

        try:
            timer.calendars.append(Calendar(value))
        except ValueError:
            reader.bad("OnCalendar", value)
    if not timer.since and not timer.calendars:
        spec.warnings.append(f"{spec.name}: Timer unit lacks value setting. Refusing.")
        spec.state = "bad-setting"
