"""The manager: the units in memory, the jobs that change them, and in which order they do."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from minios.abi.flags import CLOCK_MONOTONIC
from minios.abi.sys import Sys
from minios.userland.bin.init.conditions import unmet
from minios.userland.bin.init.jobs import Job, Refused, Request
from minios.userland.bin.init.journald import ERR, INFO, WARNING, Journal
from minios.userland.bin.init.service import Service
from minios.userland.bin.init.unit import (
    ACTIVATING,
    ACTIVE,
    FAILED,
    INACTIVE,
    RELOADING,
    Target,
    Unit,
)
from minios.userland.lib.units import find
from minios.userland.lib.units.reading import read
from minios.userland.lib.units.spec import Spec

DEFAULT_TARGET = "default.target"
_BUILT_IN = {
    "multi-user.target": "Multi-User System",
    "graphical.target": "Graphical Interface",
    "basic.target": "Basic System",
    "sysinit.target": "System Initialization",
    "network.target": "Network",
    "network-online.target": "Network is Online",
    "local-fs.target": "Local File Systems",
    "timers.target": "Timer Units",
    "sockets.target": "Socket Units",
    "rescue.target": "Rescue Mode",
    "shutdown.target": "System Shutdown",
}
"""Targets that are there without a file, as a distribution's are."""


class Manager:
    """See the module."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.journal = Journal(sys)
        self.units: dict[str, Unit] = {}
        self.jobs: dict[str, Job] = {}
        self.status_pipes: dict[int, Service] = {}
        self.finished: list[Request] = []
        """Requests whose jobs are all done, for control.py to answer."""
        self._pulled: dict[str, list[tuple[str, str]]] = {}
        self._names: find.Names | None = None
        """While it boots: what units there are."""
        self._boot = ""

    def invocation(self, unit: Service) -> str:
        """The id of a unit's present run, 32 hexadecimal digits."""
        text = f"{self._boot} {unit.name} {unit.invocations}"
        return sha256(text.encode("latin-1")).hexdigest()[:32]

    # -- units ---------------------------------------------------------------------------------

    async def _spec(self, name: str) -> Spec:
        spec = read(await find.load(self.sys, name, self._names))
        if spec.state == "not-found" and name in _BUILT_IN:
            spec.state, spec.description = "loaded", _BUILT_IN[name]
        return spec

    async def load(self, name: str) -> Unit:
        """The unit in memory; read from its file if it is new or could not be read before."""
        if name not in self.units:
            name = await find.canonical(self.sys, name, self._names)
        unit = self.units.get(name)
        if unit is not None and (unit.spec.state == "loaded" or unit.active != INACTIVE):
            return unit
        spec = await self._spec(name)
        for warning in spec.warnings:
            await self.journal.say(warning, name, WARNING)
        unit = self._make(spec)
        unit.loaded = await self.sys.clock_gettime()
        self.units[name] = unit
        return unit

    def _make(self, spec: Spec) -> Unit:
        if spec.service is not None:
            return Service(self, spec)
        if spec.timer is not None:
            from minios.userland.bin.init.timer import Timer

            return Timer(self, spec)
        return Target(self, spec)

    async def _dependencies(self, unit: Unit, kinds: Sequence[str]) -> list[tuple[str, str]]:
        """(kind, name) of what a unit pulls in, by its file or by links beside it."""
        found = [(kind, name) for kind in kinds for name in unit.spec.names(kind)]
        if unit.name not in self._pulled:
            self._pulled[unit.name] = await find.wanted_by(self.sys, unit.name, self._names)
        for kind, name in self._pulled[unit.name]:
            if kind.capitalize() in kinds:
                found.append((kind.capitalize(), name))
        return found

    def after(self, unit: Unit) -> list[str]:
        """What a unit is ordered after; a target comes after all it pulls in."""
        names = list(unit.spec.names("After"))
        if isinstance(unit, Target):
            names += [*unit.spec.names("Wants"), *unit.spec.names("Requires")]
            names += [name for _, name in self._pulled.get(unit.name, ())]
        return names

    async def reload_all(self) -> None:
        """daemon-reload: read every unit's file again; what runs goes on running."""
        await self.journal.say("Reloading.")
        self._pulled.clear()
        for name, unit in list(self.units.items()):
            spec = await self._spec(name)
            idle = unit.active in (INACTIVE, FAILED)
            if spec.state != "loaded" and idle and unit.active == INACTIVE:
                del self.units[name]
                await self._forget(name)
                continue
            same = (spec.service is None) == (unit.spec.service is None)
            if spec.state == "loaded" and same:
                unit.spec = spec
            else:
                unit.spec.state = spec.state
            unit.loaded = await self.sys.clock_gettime()
            for warning in spec.warnings:
                await self.journal.say(warning, name, WARNING)
            await unit.publish()

    async def _forget(self, name: str) -> None:
        try:
            await self.sys.unlink(b"/run/systemd/units/" + name.encode("latin-1"))
        except OSError:
            return

    # -- requests ------------------------------------------------------------------------------

    async def submit(self, kind: str, names: Sequence[str], request: Request) -> None:
        """Make the jobs for a verb of systemctl and set them going. Refused if one cannot be."""
        wanted: list[tuple[Unit, str]] = []
        for name in names:
            unit = await self.load(name)
            self._check(unit, kind)
            wanted.append((unit, self._job_kind(unit, kind)))
        for unit, job in wanted:
            if not job:
                continue
            if job in ("start", "restart"):
                await self._pull_in(unit, job, request)
            elif job == "stop":
                await self._push_out(unit, request)
            else:
                self._enqueue(unit, job, request)
        await self.dispatch()
        self._finish(request)

    def _check(self, unit: Unit, kind: str) -> None:
        spec = unit.spec
        if kind in ("stop", "reset-failed") and unit.active != INACTIVE:
            return
        if spec.state == "not-found":
            if kind == "stop":
                raise Refused(f"Unit {spec.name} not loaded.", 5)
            raise Refused(f"Unit {spec.name} not found.", 5)
        if spec.state == "masked" and kind not in ("stop", "try-restart", "try-reload-or-restart"):
            raise Refused(f"Unit {spec.name} is masked.")
        if spec.state == "bad-setting" and kind != "stop":
            raise Refused(
                f"Unit {spec.name} has a bad unit file setting.\n"
                f"See system logs and 'systemctl status {spec.name}' for details."
            )
        if kind == "reload":
            if not isinstance(unit, Service) or not unit.service.commands.get("ExecReload"):
                raise Refused(
                    f"Job type reload is not applicable for unit {spec.name}.\n"
                    f"See system logs and 'systemctl status {spec.name}' for details."
                )
            if not unit.up:
                raise Refused(f"{spec.name} is not active, cannot reload.")

    def _job_kind(self, unit: Unit, kind: str) -> str:
        """The job that a verb means for a unit in its present state; "" for none."""
        up = unit.active not in (INACTIVE, FAILED)
        can = isinstance(unit, Service) and bool(unit.service.commands.get("ExecReload"))
        if kind in ("try-restart", "try-reload-or-restart") and not up:
            return ""
        if kind in ("reload-or-restart", "try-reload-or-restart"):
            return "reload" if can and unit.up else "restart"
        if kind == "try-restart":
            return "restart"
        return kind

    def _enqueue(self, unit: Unit, kind: str, request: Request | None) -> Job:
        job = self.jobs.get(unit.name)
        if job is None or job.kind != kind:
            replaced = job
            job = self.jobs[unit.name] = Job(unit, kind)
            if replaced is not None:
                for old in replaced.requests:
                    self._result(old, unit.name, "canceled")
        if request is not None and request not in job.requests:
            job.requests.append(request)
            request.pending.add(unit.name)
        return job

    async def _pull_in(self, anchor: Unit, kind: str, request: Request) -> None:
        """Jobs for a unit and for everything it needs. Refused if something it requires is not."""
        self._enqueue(anchor, kind, request)
        if kind == "restart" and anchor.active not in (INACTIVE, FAILED):
            for other in await self._dependents(anchor):
                self._enqueue(other, "restart", None)
        todo, seen = [anchor], {anchor.name}
        while todo:
            unit = todo.pop()
            for kind_, name in await self._dependencies(unit, ("Requires", "BindsTo", "Wants")):
                if name in seen:
                    continue
                seen.add(name)
                other = await self.load(name)
                if other.spec.state != "loaded":
                    if kind_ != "Wants":
                        self._drop(request)
                        raise Refused(f"Unit {name} {_problem(other.spec.state)}.", 5)
                    continue
                if not other.up:
                    if name not in self.jobs:
                        self._enqueue(other, "start", None)
                    todo.append(other)
            for name in unit.spec.names("Conflicts"):
                known = self.units.get(name)
                if known is not None and known.active not in (INACTIVE, FAILED):
                    self._enqueue(known, "stop", None)

    def _drop(self, request: Request) -> None:
        """Take back what was enqueued for a request that turned out to be impossible."""
        for name, job in list(self.jobs.items()):
            if request in job.requests and not job.running:
                del self.jobs[name]
        request.pending.clear()

    async def _dependents(self, unit: Unit) -> list[Unit]:
        """The active units that cannot be without ``unit``."""
        found = []
        for other in self.units.values():
            if other is unit or other.active in (INACTIVE, FAILED):
                continue
            needs = [*other.spec.names("Requires"), *other.spec.names("BindsTo")]
            if unit.name in needs or unit.name in other.spec.names("PartOf"):
                found.append(other)
        return found

    async def _push_out(self, anchor: Unit, request: Request) -> None:
        """Stop a unit and everything that depends on it."""
        self._enqueue(anchor, "stop", request)
        todo = [anchor]
        while todo:
            for other in await self._dependents(todo.pop()):
                job = self.jobs.get(other.name)
                if job is None or job.kind != "stop":
                    self._enqueue(other, "stop", None)
                    todo.append(other)

    async def start_for(self, name: str) -> None:
        """Start a unit on the account of a timer or of OnFailure=."""
        try:
            await self.submit("start", [name], Request())
        except Refused as err:
            await self.journal.say(f"Failed to start {name}: {err.text}", name, WARNING)

    async def isolate(self, name: str, request: Request) -> None:
        """Start a target and stop every service that it does not want."""
        keep: set[str] = set()
        todo = [name]
        while todo:
            unit = await self.load(todo.pop())
            if unit.name not in keep:
                keep.add(unit.name)
                todo += [n for _, n in await self._dependencies(unit, ("Requires", "Wants"))]
        for other in list(self.units.values()):
            if other.name not in keep and other.active not in (INACTIVE, FAILED):
                await self._push_out(other, request)
        await self.submit("start", [name], request)

    async def stop_everything(self, request: Request) -> None:
        """Before the power goes."""
        for unit in list(self.units.values()):
            if unit.active not in (INACTIVE, FAILED):
                self._enqueue(unit, "stop", request)
        await self.dispatch()
        self._finish(request)

    # -- jobs ----------------------------------------------------------------------------------

    def has_job(self, unit: Unit) -> bool:
        return unit.name in self.jobs

    def _waits(self, job: Job, other: Job) -> bool:
        """Whether ``job`` comes after ``other`` (systemd.unit(5), Before= and After=)."""
        unit, that = job.unit, other.unit
        behind = that.name in self.after(unit) or unit.name in that.spec.names("Before")
        ahead = unit.name in self.after(that) or that.name in unit.spec.names("Before")
        if job.kind == "stop":
            return other.kind == "stop" and ahead
        if other.kind == "stop":
            conflict = unit.name in that.spec.names("Conflicts") or that.name in unit.spec.names(
                "Conflicts"
            )
            return behind or ahead or conflict
        return behind

    async def dispatch(self) -> None:
        """Begin every job that need not wait for another one."""
        again = True
        while again:
            again = False
            for name, job in list(self.jobs.items()):
                if self.jobs.get(name) is not job or job.running:
                    continue
                others = [other for other in self.jobs.values() if other is not job]
                if not any(self._waits(job, other) for other in others):
                    job.running = again = True
                    await self._begin(job)
            if not again and self.jobs and not any(job.running for job in self.jobs.values()):
                # An ordering cycle: somebody has to go first.
                first = next(iter(self.jobs.values()))
                await self.journal.say(
                    f"Found ordering cycle on {first.unit.name}/{first.kind}", first.unit.name, ERR
                )
                first.running = again = True
                await self._begin(first)

    async def _begin(self, job: Job) -> None:
        unit = job.unit
        if job.kind == "reload":
            if not (isinstance(unit, Service) and unit.up and await unit.reload()):
                await self._done(job, "invalid")
            elif unit.active != RELOADING:
                await self.changed(unit)
            return
        idle = unit.active in (INACTIVE, FAILED)
        if job.kind == "stop" or (job.kind == "restart" and not idle):
            if idle:
                await self._done(job, "done")
                return
            await self.journal.say(f"Stopping {unit.spec.title}...", unit.name)
            job.announced = True
            await unit.stop()
            return
        job.kind = "start"
        if unit.up:
            await self._done(job, "done")
        elif idle or (isinstance(unit, Service) and unit.sub == "auto-restart"):
            await self._start(job)

    async def _start(self, job: Job) -> None:
        """A start job's unit begins, unless a condition, an assertion or the rate forbids it."""
        unit = job.unit
        condition, assertion = await unmet(self.sys, unit.spec)
        unit.condition = condition
        unit.condition_time = await self.sys.clock_gettime()
        if condition:
            if assertion:
                await self.journal.say(
                    f"{unit.name}: Starting requested but asserts failed.", unit.name, WARNING
                )
                await self.journal.say(f"Assertion failed for {unit.spec.title}.", unit.name, ERR)
                await unit.publish()
                await self._done(job, "assert")
                return
            await self.journal.say(
                f"{unit.spec.title} was skipped because of an unmet condition check ({condition}).",
                unit.name,
            )
            await unit.publish()
            await self._done(job, "skipped")
            return
        if not await self._within_rate(unit):
            await self.journal.say(
                f"{unit.name}: Start request repeated too quickly.", unit.name, WARNING
            )
            if isinstance(unit, Service):
                unit.result = "start-limit-hit" if unit.result == "success" else unit.result
                unit.deadline = None
                await self.journal.say(
                    f"{unit.name}: Failed with result '{unit.result}'.", unit.name, WARNING
                )
            if unit.active == FAILED:
                await self._done(job, "failed")
            else:
                await unit.become(FAILED, "failed")
            return
        await unit.start()
        if self.jobs.get(unit.name) is job and unit.active == ACTIVATING and not job.announced:
            job.announced = True
            await self.journal.say(f"Starting {unit.spec.title}...", unit.name)

    async def _within_rate(self, unit: Unit) -> bool:
        """StartLimitBurst= starts in StartLimitIntervalSec= (systemd.unit(5))."""
        spec = unit.spec
        if not spec.limit_interval or not spec.limit_burst:
            return True
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        unit.starts = [then for then in unit.starts if now - then < spec.limit_interval]
        if len(unit.starts) >= spec.limit_burst:
            return False
        unit.starts.append(now)
        return True

    async def restart_now(self, unit: Service) -> None:
        """Restart= wants a service started again."""
        self._enqueue(unit, "start", None)
        await self.dispatch()

    async def changed(self, unit: Unit) -> None:
        """A unit has got another state: perhaps its job is done."""
        for other in list(self.units.values()):
            if other.triggers == unit.name and unit.sub != "start":
                await other.target_changed()
        job = self.jobs.get(unit.name)
        if job is None or not job.running:
            if unit.active in (INACTIVE, FAILED):
                await self._bound(unit)
            return
        if job.kind == "start":
            if unit.active == ACTIVE:
                await self._announce(unit, "Started")
                await self._done(job, "done")
            elif unit.active == FAILED:
                await self._failed_start(job)
            elif unit.active == INACTIVE:
                if isinstance(unit, Service) and unit.service.type == "oneshot":
                    await self._announce(unit, "Finished")
                await self._done(job, "done")
        elif job.kind in ("stop", "restart") and unit.active in (INACTIVE, FAILED):
            await self.journal.say(f"Stopped {unit.spec.title}.", unit.name)
            if job.kind == "stop":
                await self._done(job, "done")
            else:
                job.kind, job.running = "start", False
                job.announced = False
                await self.dispatch()
        elif job.kind == "reload" and unit.active != RELOADING:
            bad = isinstance(unit, Service) and unit.reload_result != "success"
            await self._done(job, "failed" if bad or not unit.up else "done")

    async def _announce(self, unit: Unit, verb: str) -> None:
        if isinstance(unit, Service) and unit.service.type == "oneshot":
            verb = "Finished"
        if isinstance(unit, Target):
            verb = "Reached target"
        await self.journal.say(f"{verb} {unit.spec.title}.", unit.name)

    async def _failed_start(self, job: Job) -> None:
        await self.journal.say(f"Failed to start {job.unit.spec.title}.", job.unit.name, ERR)
        result = "failed"
        if isinstance(job.unit, Service) and job.unit.result == "timeout":
            result = "timeout"
        await self._done(job, result)

    async def _done(self, job: Job, result: str) -> None:
        """A job has ended; those that waited for it may begin, or are lost with it."""
        name = job.unit.name
        if self.jobs.get(name) is job:
            del self.jobs[name]
        for request in job.requests:
            self._result(request, name, result)
        if job.kind == "start" and result not in ("done", "skipped"):
            await self._fail_dependents(name)
        await self.dispatch()

    async def _fail_dependents(self, name: str) -> None:
        for other in list(self.jobs.values()):
            needs = [*other.unit.spec.names("Requires"), *other.unit.spec.names("BindsTo")]
            if other.kind == "start" and name in needs and not other.running:
                unit = other.unit
                await self.journal.say(f"Dependency failed for {unit.spec.title}.", unit.name)
                await self.journal.say(
                    f"{unit.name}: Job {unit.name}/start failed with result 'dependency'.",
                    unit.name,
                )
                await self._done(other, "dependency")

    async def _bound(self, unit: Unit) -> None:
        """What is bound to a unit stops when that stops by itself (BindsTo=)."""
        for other in list(self.units.values()):
            if unit.name in other.spec.names("BindsTo") and other.active not in (INACTIVE, FAILED):
                self._enqueue(other, "stop", None)
        await self.dispatch()

    async def failed(self, unit: Unit) -> None:
        """OnFailure=."""
        for name in unit.spec.names("OnFailure"):
            await self.journal.say(f"{unit.name}: Triggering OnFailure= dependencies.", unit.name)
            await self.start_for(name)

    def _result(self, request: Request, name: str, result: str) -> None:
        if name in request.pending:
            request.pending.discard(name)
            request.results.append((name, result))
            self._finish(request)

    def _finish(self, request: Request) -> None:
        if not request.pending and request not in self.finished:
            self.finished.append(request)

    # -- events --------------------------------------------------------------------------------

    async def boot(self) -> None:
        """Start the default target, if anything is there to be started."""
        self._names = find.Names()
        name = await find.canonical(self.sys, DEFAULT_TARGET, self._names)
        unit = await self.load(name if name != DEFAULT_TARGET else "multi-user.target")
        name = unit.name
        if not await self._dependencies(unit, ("Requires", "Wants")):
            unit.active, unit.sub = ACTIVE, "active"
        else:
            await self.start_for(name)
        self._names = None

    async def exited(self, pid: int, status: int) -> None:
        """A child of init has ended."""
        for unit in list(self.units.values()):
            if isinstance(unit, Service) and unit.active != INACTIVE:
                await unit.exited(pid, status)

    def next_deadline(self) -> int | None:
        due = [unit.deadline for unit in self.units.values() if unit.deadline is not None]
        return min(due) if due else None

    async def run_due(self) -> None:
        """Do what time has come for."""
        soonest = self.next_deadline()
        if soonest is None:
            return
        now = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        for unit in list(self.units.values()):
            if unit.deadline is not None and unit.deadline <= now:
                await unit.due()

    async def say(self, text: str, priority: int = INFO) -> None:
        await self.journal.say(text, "", priority)


def _problem(state: str) -> str:
    return {"not-found": "not found", "masked": "is masked"}.get(state, "not loaded properly")
