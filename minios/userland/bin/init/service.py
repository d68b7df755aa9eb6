"""A service: its processes, and the states it goes through (systemd.service(5)).

dead → condition → start-pre → start → start-post → running (or exited) → stop → stop-sigterm →
stop-sigkill → stop-post → dead, failed, or auto-restart and once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.signals import Sig, name_of
from minios.userland.bin.init import groups
from minios.userland.bin.init.journald import ERR, NOTICE, WARNING
from minios.userland.bin.init.unit import (
    ACTIVATING,
    ACTIVE,
    DEACTIVATING,
    FAILED,
    INACTIVE,
    RELOADING,
    Unit,
)
from minios.userland.lib.stdio import read_file, why
from minios.userland.lib.units import timespan
from minios.userland.lib.units.spec import Command, ServiceSpec, Spec

if TYPE_CHECKING:
    from minios.userland.bin.init.manager import Manager

CLEAN_SIGNALS = (Sig.SIGHUP, Sig.SIGINT, Sig.SIGTERM, Sig.SIGPIPE)
"""Death by one of these is a clean exit (systemd.service(5), SuccessExitStatus=)."""

_STATES = {
    "ExecCondition": (ACTIVATING, "condition"), "ExecStartPre": (ACTIVATING, "start-pre"),
    "ExecStart": (ACTIVATING, "start"), "ExecStartPost": (ACTIVATING, "start-post"),
    "ExecReload": (RELOADING, "reload"), "ExecStop": (DEACTIVATING, "stop"),
    "ExecStopPost": (DEACTIVATING, "stop-post"),
}  # fmt: skip


def _shown(status: int) -> str:
    from minios.userland.lib.units.exitcodes import show

    return show(status)


class Service(Unit):
    """The state of one service since it was loaded."""

    __slots__ = (
        "control_pid",
        "current",
        "invocations",
        "last_main",
        "main_command",
        "main_exited",
        "main_pid",
        "main_started",
        "main_status",
        "phase",
        "queue",
        "reload_result",
        "restarts",
        "result",
        "signalled",
        "stopping",
        "waiting_exec",
    )

    def __init__(self, manager: Manager, spec: Spec) -> None:
        super().__init__(manager, spec)
        self.result = "success"
        self.reload_result = "success"
        self.main_pid = 0
        self.last_main = 0
        self.main_command: list[str] = []
        self.main_status = 0
        self.main_started = 0
        self.main_exited = 0
        self.control_pid = 0
        self.phase = ""
        self.queue: list[Command] = []
        self.current: Command | None = None
        self.restarts = 0
        self.stopping = False
        """Somebody asked it to stop, so that it must not restart by itself."""
        self.signalled = False
        self.waiting_exec = -1
        """Type=exec: the pipe that closes when the exec has worked."""
        self.invocations = 0

    @property
    def service(self) -> ServiceSpec:
        assert self.spec.service is not None
        return self.spec.service

    @property
    def cgroup(self) -> str:
        return f"/system.slice/{self.name}"

    async def _say(self, text: str, priority: int = 6) -> None:
        await self.manager.journal.say(text, self.name, priority)

    async def _now(self) -> int:
        return await self.manager.sys.clock_gettime(flags.CLOCK_MONOTONIC)

    # -- starting ------------------------------------------------------------------------------

    async def start(self) -> None:
        self.stopping = self.signalled = False
        self.result = "success"
        self.deadline = None
        self.main_pid = self.control_pid = self.last_main = 0
        self.invocations += 1
        await self._enter_start("ExecCondition")

    async def _enter_start(self, phase: str) -> None:
        """Go through the phases of a start from ``phase`` on; the first with a command waits."""
        spec = self.service
        for name in ("ExecCondition", "ExecStartPre"):
            if phase == name:
                if spec.commands.get(name):
                    await self._run(name, spec.timeout_start)
                    return
                phase = "ExecStartPre" if name == "ExecCondition" else "ExecStart"
        if phase == "ExecStart":
            commands = spec.commands.get("ExecStart", [])
            if not commands:
                await self._enter_start_post()
            elif spec.type in ("oneshot", "forking"):
                await self._run("ExecStart", spec.timeout_start)
            else:
                await self._start_main(commands[0])

    async def _start_main(self, command: Command) -> None:
        self.current = command
        self.phase = ""
        if self.service.type == "exec":
            await self.become(ACTIVATING, "start")
        pid = await self._spawn(command, wait_exec=self.service.type == "exec")
        if not pid:
            await self._enter_signal("stop-sigterm", "resources")
            return
        self.main_pid = self.last_main = pid
        self.main_command = command.words
        self.main_started = await self.manager.sys.clock_gettime()
        if self.service.type != "exec":
            await self._enter_start_post()

    async def exec_done(self, text: bytes) -> None:
        """The status pipe of a process was closed, or tells what failed before its exec."""
        if text:
            await self._say(f"{self.name}: {text.decode('latin-1')}", ERR)
        elif self.service.type == "exec" and self.sub == "start" and self.main_pid:
            await self._enter_start_post()

    async def _enter_start_post(self) -> None:
        if self.service.commands.get("ExecStartPost"):
            await self._run("ExecStartPost", self.service.timeout_start)
        else:
            await self._enter_running()

    async def _enter_running(self) -> None:
        self.phase = ""
        self.deadline = None
        if self.service.type == "forking" and not self.main_pid:
            await self._guess_main()
        if self.main_pid or (
            self.service.type == "forking" and await groups.members(self.manager.sys, self.cgroup)
        ):
            await self.become(ACTIVE, "running")
        elif self.service.remain:
            await self.become(ACTIVE, "exited")
        else:
            await self._enter_stop("success")

    async def _guess_main(self) -> None:
        """Type=forking: the pid in PIDFile=, or the only process there is."""
        sys = self.manager.sys
        if self.service.pidfile:
            try:
                text = (await read_file(sys, self.service.pidfile.encode("latin-1"))).strip()
            except OSError as err:
                reason = why(err).decode()
                await self._say(
                    f"{self.name}: Can't open PID file {self.service.pidfile} (yet?) after start: "
                    f"{reason}",
                    NOTICE,
                )
                text = b""
            if text.isdigit() and len(text) < 10:
                self.main_pid = self.last_main = int(text)
                return
        left = await groups.members(sys, self.cgroup)
        if len(left) == 1:
            self.main_pid = self.last_main = left[0]

    # -- running commands ----------------------------------------------------------------------

    async def _run(self, phase: str, timeout: int) -> None:
        """Run the commands of a phase, one after the other."""
        self.phase = phase
        self.queue = list(self.service.commands.get(phase, ()))
        now = await self._now()
        self.deadline = now + timeout if timeout < timespan.INFINITY else None
        await self._next()
        active, sub = _STATES[phase]
        if self.phase == phase:
            await self.become(active, sub)

    async def _next(self) -> None:
        if not self.queue:
            await self._phase_done()
            return
        self.current = self.queue.pop(0)
        pid = await self._spawn(self.current)
        if not pid:
            await self._phase_failed("resources")
        elif self.phase == "ExecStart" and self.service.type == "oneshot":
            self.main_pid = self.last_main = pid
            self.main_command = self.current.words
            self.main_started = await self.manager.sys.clock_gettime()
        else:
            self.control_pid = pid

    async def _spawn(self, command: Command, *, wait_exec: bool = False) -> int:
        """Fork; the pid, or 0 if that failed."""
        from minios.userland.bin.init.spawn import Plan, child

        manager = self.manager
        sys = manager.sys
        try:
            reader, writer = await sys.pipe(flags.O_CLOEXEC)
            failure, status = await sys.pipe(flags.O_CLOEXEC)
        except OSError as err:
            await self._say(f"{self.name}: Failed to create pipe: {why(err).decode()}", ERR)
            return 0
        plan = Plan(
            self.name, self.cgroup, command, self.service, writer, status, self._variables()
        )
        try:
            pid = await sys.fork(child, plan)
        except OSError as err:
            await self._say(f"{self.name}: Failed to fork: {why(err).decode()}", ERR)
            pid = 0
        for fd in (writer, status) if pid else (writer, status, reader, failure):
            await sys.close(fd)
        if pid:
            base = self.service.identifier or command.words[0].rpartition("/")[2]
            manager.journal.follow(reader, self.name, base, pid, 0)
            manager.status_pipes[failure] = self
            if wait_exec:
                self.waiting_exec = failure
        return pid

    def _variables(self) -> dict[str, str]:
        """What systemd.exec(5) promises in the environment."""
        env = {"INVOCATION_ID": self.manager.invocation(self)}
        if self.main_pid:
            env["MAINPID"] = str(self.main_pid)
        if self.phase in ("ExecStop", "ExecStopPost"):
            code, number = flags.child_code(self.main_status)
            exited = code == flags.CLD_EXITED
            env["SERVICE_RESULT"] = self.result
            if self.last_main and not self.main_pid:
                env["EXIT_CODE"] = "exited" if exited else "killed"
                env["EXIT_STATUS"] = str(number) if exited else name_of(number)
        return env

    async def _phase_done(self) -> None:
        """Every command of a phase has worked."""
        phase, self.phase = self.phase, ""
        self.deadline = None
        if phase == "ExecCondition":
            await self._enter_start("ExecStartPre")
        elif phase == "ExecStartPre":
            await self._enter_start("ExecStart")
        elif phase == "ExecStart":
            await self._enter_start_post()
        elif phase == "ExecStartPost":
            await self._enter_running()
        elif phase == "ExecReload":
            self.reload_result = "success"
            await self._reloaded()
        elif phase == "ExecStop":
            await self._enter_signal("stop-sigterm", "success")
        elif phase == "ExecStopPost":
            await self._enter_dead()

    async def _phase_failed(self, result: str) -> None:
        phase, self.phase = self.phase, ""
        self.deadline = None
        self.queue = []
        if phase in ("ExecCondition", "ExecStartPre", "ExecStart"):
            await self._enter_signal("stop-sigterm", result)
        elif phase == "ExecStartPost":
            await self._enter_stop(result)
        elif phase == "ExecReload":
            self.reload_result = result
            await self._reloaded()
        elif phase == "ExecStop":
            await self._enter_signal("stop-sigterm", result)
        else:
            self._note(result)
            await self._enter_dead()

    def _note(self, result: str) -> None:
        """The first failure is the service's result."""
        if self.result == "success":
            self.result = result

    async def reload(self) -> bool:
        """ExecReload=; False if there is none."""
        if not self.service.commands.get("ExecReload"):
            return False
        self.reload_result = "success"
        await self._run("ExecReload", self.service.timeout_start)
        return True

    async def _reloaded(self) -> None:
        if self.main_pid or not self.last_main:
            await self._enter_running()
        else:
            await self._enter_stop("success")

    # -- children that end ---------------------------------------------------------------------

    async def exited(self, pid: int, status: int) -> bool:
        mine = pid in (self.main_pid, self.control_pid)
        if pid == self.main_pid:
            await self._main_exited(status)
        elif pid == self.control_pid:
            await self._control_exited(status)
        if self.sub in ("stop-sigterm", "stop-sigkill"):
            await self._check_empty()
        elif (
            self.sub == "running"
            and not self.main_pid
            and not await groups.members(self.manager.sys, self.cgroup)
        ):
            await self._enter_stop("success")
        return mine

    def _verdict(self, status: int) -> str:
        """The result that a wait status stands for."""
        if status == 0 or status in CLEAN_SIGNALS or status in self.service.success:
            return "success"
        if flags.wifexited(status):
            return "exit-code"
        return "core-dump" if flags.wcoredump(status) else "signal"

    async def _main_exited(self, status: int) -> None:
        self.main_pid = 0
        self.main_status = status
        self.main_exited = await self.manager.sys.clock_gettime()
        result = self._verdict(status)
        oneshot = self.service.type == "oneshot"
        if oneshot and flags.wifsignaled(status):
            result = "signal" if status not in self.service.success else result
        if self.current is not None and self.current.may_fail and self.phase in ("", "ExecStart"):
            result = "success"
        if result != "success" or flags.wifsignaled(status):
            quiet = self.sub in ("stop-sigterm", "stop-sigkill") and result == "success"
            if not quiet:
                await self._say(f"{self.name}: Main process exited, {_shown(status)}", NOTICE)
        if self.phase == "ExecStart" and oneshot:
            if result == "success":
                await self._next()
            else:
                await self._phase_failed(result)
        elif self.sub in ("running", "start"):
            if result == "success" and self.service.remain and self.sub == "running":
                await self.become(ACTIVE, "exited")
            else:
                await self._enter_stop(result)
        elif self.sub in ("start-post", "reload", "stop", "stop-sigterm", "stop-sigkill"):
            self._note(result)

    async def _control_exited(self, status: int) -> None:
        self.control_pid = 0
        result = self._verdict(status)
        if result == "signal" or flags.wifsignaled(status):
            result = "signal"
        if self.phase == "ExecCondition" and flags.wifexited(status) and 0 < status >> 8 < 255:
            await self._say(
                f"{self.name}: Skipped due to 'exec-condition'.",
            )
            self.phase = ""
            self._note("exec-condition")
            await self._enter_dead()
            return
        if self.current is not None and self.current.may_fail:
            result = "success"
        if result == "success":
            await self._next()
            return
        await self._say(f"{self.name}: Control process exited, {_shown(status)}", NOTICE)
        await self._phase_failed(result)

    # -- stopping ------------------------------------------------------------------------------

    async def stop(self) -> None:
        self.stopping = True
        if self.sub == "auto-restart":
            self.deadline = None
            await self.become(INACTIVE, "dead")
        elif self.active in (ACTIVE, RELOADING):
            await self._enter_stop("success")
        elif self.active == ACTIVATING:
            self.phase = ""
            await self._enter_signal("stop-sigterm", "success")
        elif self.active == FAILED:
            await self.manager.changed(self)

    async def _enter_stop(self, result: str) -> None:
        self._note(result)
        if self.service.commands.get("ExecStop"):
            await self._run("ExecStop", self.service.timeout_stop)
        else:
            await self._enter_signal("stop-sigterm", "success")

    async def _enter_signal(self, sub: str, result: str) -> None:
        """Ask, or make, what is left of it to end."""
        self._note(result)
        self.phase = ""
        spec = self.service
        sys = self.manager.sys
        left = await groups.members(sys, self.cgroup)
        kill = sub == "stop-sigkill"
        everybody = spec.kill_mode == "control-group" or (spec.kill_mode == "mixed" and kill)
        for pid in left:
            if spec.kill_mode == "none" or not (everybody or pid in self._own()):
                continue
            if kill:
                name = await groups.comm(sys, pid)
                await self._say(
                    f"{self.name}: Killing process {pid} ({name}) with signal SIGKILL.", NOTICE
                )
            await self._kill(pid, int(Sig.SIGKILL) if kill else spec.kill_signal)
            if not kill:
                await self._kill(pid, int(Sig.SIGCONT))
                if spec.send_sighup:
                    await self._kill(pid, int(Sig.SIGHUP))
        self.signalled = True
        waited = left if spec.kill_mode != "process" else [p for p in left if p in self._own()]
        if not waited or spec.kill_mode == "none":
            await self._enter_stop_post()
            return
        timeout = spec.timeout_stop
        self.deadline = await self._now() + timeout if timeout < timespan.INFINITY else None
        await self.become(DEACTIVATING, sub)

    def _own(self) -> tuple[int, int]:
        return self.main_pid, self.control_pid

    async def _kill(self, pid: int, sig: int) -> None:
        try:
            await self.manager.sys.kill(pid, sig)
        except OSError:
            return

    async def _check_empty(self) -> None:
        """Whether everything that was told to end has ended."""
        if self.main_pid or self.control_pid:
            return
        if self.service.kill_mode == "process" or not await groups.members(
            self.manager.sys, self.cgroup
        ):
            await self._enter_stop_post()

    async def _enter_stop_post(self) -> None:
        self.deadline = None
        if self.service.commands.get("ExecStopPost") and self.sub != "stop-post":
            await self._run("ExecStopPost", self.service.timeout_stop)
        else:
            await self._enter_dead()

    async def _enter_dead(self) -> None:
        self.phase = ""
        self.deadline = None
        self.control_pid = 0
        if self.result == "success":
            if not (self.service.type == "oneshot" and self.sub == "start" and not self.stopping):
                await self._say(f"{self.name}: Deactivated successfully.")
            active, sub = INACTIVE, "dead"
        elif self.result == "exec-condition":
            active, sub = INACTIVE, "dead"
        else:
            await self._say(f"{self.name}: Failed with result '{self.result}'.", WARNING)
            active, sub = FAILED, "failed"
        again = not self.stopping and self._restarts()
        if not again:
            self.restarts = self.restarts if self.active == ACTIVATING else 0
            await self.become(active, sub)
            if active == FAILED:
                await self.manager.failed(self)
            return
        await self.become(active, sub)
        if self.active != active or self.stopping or self.manager.has_job(self):
            return
        self.deadline = await self._now() + self.service.restart_sec
        await self.become(ACTIVATING, "auto-restart")

    def _restarts(self) -> bool:
        """Whether Restart= wants it started again after this result."""
        spec = self.service
        if self.result == "exec-condition":
            return False
        if self.main_status in spec.prevent and self.last_main:
            return False
        if self.last_main and self.main_status in spec.force:
            return True
        abnormal = self.result in ("signal", "core-dump", "timeout", "watchdog")
        return {
            "no": False,
            "always": True,
            "on-success": self.result == "success",
            "on-failure": self.result != "success",
            "on-abnormal": abnormal,
            "on-abort": self.result in ("signal", "core-dump"),
            "on-watchdog": self.result == "watchdog",
        }[spec.restart]

    async def due(self) -> None:
        """A timeout, or the time to start again."""
        self.deadline = None
        if self.sub == "auto-restart":
            self.restarts += 1
            await self._say(
                f"{self.name}: Scheduled restart job, restart counter is at {self.restarts}."
            )
            await self.manager.restart_now(self)
            return
        state = self.sub
        if state == "stop-sigkill":
            await self._say(
                f"{self.name}: Processes still around after SIGKILL. Ignoring.", WARNING
            )
            self._note("timeout")
            await self._enter_stop_post()
        elif state == "stop-sigterm":
            if not self.service.send_sigkill:
                await self._say(f"{self.name}: State 'stop-sigterm' timed out. Skipping SIGKILL.")
                self._note("timeout")
                await self._enter_stop_post()
                return
            await self._say(f"{self.name}: State 'stop-sigterm' timed out. Killing.", WARNING)
            await self._enter_signal("stop-sigkill", "timeout")
        elif self.active == ACTIVATING:
            await self._say(f"{self.name}: {state} operation timed out. Terminating.", WARNING)
            await self._enter_signal("stop-sigterm", "timeout")
        elif state == "stop":
            await self._say(f"{self.name}: Stopping timed out. Terminating.", WARNING)
            await self._enter_signal("stop-sigterm", "timeout")
        elif state == "reload":
            await self._say(f"{self.name}: Reload operation timed out. Killing reload process.")
            await self._kill(self.control_pid, int(Sig.SIGKILL))
            self.control_pid = 0
            await self._phase_failed("timeout")
        elif state == "stop-post":
            await self._say(f"{self.name}: State 'stop-post' timed out. Terminating.", WARNING)
            await self._kill(self.control_pid, int(Sig.SIGKILL))

    def properties(self) -> list[tuple[str, str]]:
        from minios.userland.bin.init.published import properties

        return [*properties(self), *Unit.properties(self)]
