"""What ``systemctl show`` prints of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.userland.lib.units import timespan

if TYPE_CHECKING:
    from minios.userland.bin.init.service import Service


def properties(unit: Service) -> list[tuple[str, str]]:
    """(name, value) of what only services have."""
    spec = unit.service
    code, number = flags.child_code(unit.main_status)
    over = bool(unit.last_main) and not unit.main_pid
    return [
        ("Type", spec.type),
        ("Restart", spec.restart),
        ("PIDFile", spec.pidfile),
        ("RestartUSec", timespan.show(spec.restart_sec)),
        ("TimeoutStartUSec", timespan.show(spec.timeout_start)),
        ("TimeoutStopUSec", timespan.show(spec.timeout_stop)),
        ("RemainAfterExit", "yes" if spec.remain else "no"),
        ("MainPID", str(unit.main_pid)),
        ("ControlPID", str(unit.control_pid)),
        ("Result", unit.result),
        ("NRestarts", str(unit.restarts)),
        ("ExecMainStartTimestamp", str(unit.main_started)),
        ("ExecMainExitTimestamp", str(unit.main_exited if over else 0)),
        ("ExecMainPID", str(unit.last_main)),
        ("ExecMainCommand", " ".join(unit.main_command)),
        ("ExecMainCode", str(code if over else 0)),
        ("ExecMainStatus", str(number if over else 0)),
        ("ExecMainWaitStatus", str(unit.main_status)),
        ("ControlGroup", unit.cgroup),
        ("User", spec.user),
        ("Group", spec.group),
        ("WorkingDirectory", spec.directory),
        ("Nice", str(spec.nice or 0)),
        ("KillMode", spec.kill_mode),
        ("KillSignal", str(spec.kill_signal)),
        ("SendSIGKILL", "yes" if spec.send_sigkill else "no"),
        ("StandardOutput", spec.output),
        ("StandardError", spec.error),
        ("InvocationID", unit.manager.invocation(unit) if unit.invocations else ""),
    ]
