"""The verbs of systemctl(1)."""

from collections.abc import Awaitable, Callable

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.signals import Sig, number_of
from minios.userland.bin.init import groups
from minios.userland.bin.systemctl import install, show
from minios.userland.bin.systemctl.client import Denied, ask
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.units import find, state

SYSTEMCTL = """
systemctl [OPTIONS...] COMMAND ...

Query or send control commands to the system manager.

Unit Commands:
  list-units [PATTERN...]        List units currently in memory
  list-timers                    List timer units currently in memory,
                                 ordered by next elapse
  is-active PATTERN...           Check whether units are active
  is-failed PATTERN...           Check whether units are failed
  status [PATTERN...|PID...]     Show runtime status of one or more units
  show [PATTERN...]              Show properties of one or more units
  cat PATTERN...                 Show files and drop-ins of specified units
  edit [--full] UNIT             Edit a drop-in, or the whole file of a unit
  list-dependencies [UNIT]       Show which units a unit requires or wants
  start UNIT...                  Start (activate) one or more units
  stop UNIT...                   Stop (deactivate) one or more units
  reload UNIT...                 Reload one or more units
  restart UNIT...                Start or restart one or more units
  try-restart UNIT...            Restart one or more units if active
  reload-or-restart UNIT...      Reload one or more units if possible,
                                 otherwise start or restart
  try-reload-or-restart UNIT...  If active, reload one or more units,
                                 if supported, otherwise restart
  isolate UNIT                   Start one unit and stop all others
  kill UNIT...                   Send signal to processes of a unit
  reset-failed [PATTERN...]      Reset failed state for all, one, or more units

Unit File Commands:
  list-unit-files [PATTERN...]   List installed unit files
  enable UNIT...                 Enable one or more unit files
  disable UNIT...                Disable one or more unit files
  reenable UNIT...               Reenable one or more unit files
  is-enabled UNIT...             Check whether unit files are enabled
  mask UNIT...                   Mask one or more units
  unmask UNIT...                 Unmask one or more units
  get-default                    Get the name of the default target
  set-default TARGET             Set the default target

Manager State Commands:
  daemon-reload                  Reload systemd manager configuration

System Commands:
  is-system-running              Check whether system is fully running
  halt, poweroff                 Shut down and power-off the system
  reboot                         Shut down and reboot the system

Options:
  -a --all             Show all properties/all units currently in memory
     --failed          Shortcut for --state=failed
  -h --help            Show this help
     --kill-whom=WHOM  Whom to send signal to: main, control or all
  -l --full            Don't ellipsize unit names on output
  -n --lines=INTEGER   Number of journal entries to show
     --no-block        Do not wait until operation finished
     --no-legend       Do not print a legend (column headers and hints)
     --no-pager        Do not pipe output into a pager
     --now             Start or stop unit after enabling or disabling it
  -p --property=NAME   Show only properties by this name
     --plain           Print unit lists without marks
  -P NAME              Equivalent to --value --property=NAME
  -q --quiet           Suppress output
  -s --signal=SIGNAL   Which signal to send
     --state=STATE     List units with particular LOAD or SUB or ACTIVE state
  -t --type=TYPE       List units of a particular type
     --value           When showing properties, only print the value
     --version         Show package version

See the systemctl(1) man page for details.
"""

_LONG = (
    "all=a", "failed", "help=h", "kill-whom:", "kill-who:=kill-whom", "full=l", "lines:=n",
    "no-block", "no-legend", "no-pager", "now", "property:=p", "plain", "quiet=q", "signal:=s",
    "state:", "type:=t", "value", "version", "no-ask-password", "force=f", "runtime", "system",
    "output:=o", "legend:", "wait", "no-reload",
)  # fmt: skip

_JOBS = (
    "start", "stop", "reload", "restart", "try-restart", "reload-or-restart",
    "try-reload-or-restart",
)  # fmt: skip
_ALIASES = {
    "condrestart": "try-restart", "force-reload": "try-reload-or-restart", "try-reload": "reload",
    "reload-or-try-restart": "try-reload-or-restart", "condreload": "try-reload-or-restart",
}  # fmt: skip


def _names(tool: Tool) -> list[str]:
    return [word.decode("latin-1") for word in tool.operands[1:]]


def _words(tool: Tool, option: str) -> list[str]:
    return [w for v in tool.options.every(option) for w in v.decode("latin-1").split(",") if w]


async def _say(tool: Tool, text: str) -> None:
    await tool.out.flush()
    await complain(tool.sys, text.encode())


# -- jobs --------------------------------------------------------------------------------------

_WHY = {
    "timeout": "a timeout was exceeded", "signal": "a fatal signal was delivered to the control "
    "process", "resources": "of unavailable resources or another system error",
    "start-limit-hit": "start of the service was attempted too often",
    "core-dump": "a fatal signal was delivered causing the control process to dump core",
}  # fmt: skip


async def _job(tool: Tool, verb: str, names: list[str]) -> int:
    """Have units started, stopped …; what went wrong is told as systemd tells it."""
    code = 0
    for name in await show.matching(tool, names, files=True):
        try:
            wait = "no-block" not in tool.options
            answers = await ask(tool, verb, [name], wait=wait)
        except Denied:
            await _denied(tool, verb, name)
            return 4
        for unit, result, text in answers:
            if unit == "!":
                await _refused(tool, verb, name, text)
                code = max(code, int(result))
            elif result not in ("done", "skipped"):
                code = code or await _job_failed(tool, unit, result)
        found = await state.properties(tool.sys, name) if not code else None
        if found is not None and found[0]["NeedDaemonReload"] == "yes":
            await _stale(tool, name)
    return code


async def _stale(tool: Tool, name: str) -> None:
    await _say(
        tool,
        f"Warning: The unit file, source configuration file or drop-ins of {name} changed on "
        "disk. Run 'systemctl daemon-reload' to reload units.",
    )


async def _denied(tool: Tool, verb: str, name: str) -> None:
    await _say(
        tool,
        f"Failed to {verb} {name}: Access denied\n"
        f"See system logs and 'systemctl status {name}' for details.",
    )


async def _refused(tool: Tool, verb: str, name: str, text: str) -> None:
    await _say(tool, f"Failed to {verb} {name}: {text}")


async def _job_failed(tool: Tool, unit: str, result: str) -> int:
    if "quiet" in tool.options:
        return 1
    if result == "canceled":
        await _say(tool, f"Job for {unit} canceled.")
    elif result == "dependency":
        await _say(
            tool,
            f"A dependency job for {unit} failed. See 'journalctl -xe' for details.",
        )
    elif result == "invalid":
        await _say(tool, f"{unit} is not active, cannot reload.")
    elif result == "assert":
        await _say(tool, f"Assertion failed on job for {unit}.")
    else:
        found, _ = await state.properties(tool.sys, unit)
        reason = found.get("Result", "exit-code") if result == "failed" else result
        text = _WHY.get(reason, "the control process exited with error code")
        await _say(
            tool,
            f"Job for {unit} failed because {text}.\n"
            f'See "systemctl status {unit}" and "journalctl -xeu {unit}" for details.',
        )
    return 1


async def _simple(tool: Tool, verb: str, names: list[str], failed: str) -> int:
    """A request that is no job."""
    try:
        answers = await ask(tool, verb, names)
    except Denied:
        await _say(tool, f"{failed}: Access denied")
        return 1
    for unit, code, text in answers:
        if unit == "!":
            await _say(tool, f"{failed}: {text}")
            return int(code)
    return 0


async def _isolate(tool: Tool, names: list[str]) -> int:
    try:
        answers = await ask(tool, "isolate", [find.mangle(name) for name in names[:1]])
    except Denied:
        await _denied(tool, "start", find.mangle(names[0]))
        return 4
    for unit, code, text in answers:
        if unit == "!":
            await _refused(tool, "start", find.mangle(names[0]), text)
            return int(code)
    return 0


async def _kill(tool: Tool, names: list[str]) -> int:
    """Send a signal to the processes of units."""
    given = (tool.options.last("s") or b"TERM").decode("latin-1")
    sig = number_of(given)
    if sig is None:
        await _say(tool, f"Failed to parse signal string {given}.")
        return 1
    whom = (tool.options.last("kill-whom") or b"all").decode("latin-1")
    code = 0
    for name in await show.matching(tool, names):
        found, _ = await state.properties(tool.sys, name)
        group = found.get("ControlGroup", "")
        pids = await groups.members(tool.sys, group) if group else []
        if whom != "all":
            key = "MainPID" if whom == "main" else "ControlPID"
            pids = [pid for pid in pids if str(pid) == found.get(key)]
        if found["LoadState"] == "not-found":
            await _say(tool, f"Failed to kill unit {name}: Unit {name} not loaded.")
            code = 1
        elif not pids and whom == "main":
            await _say(tool, f"Failed to kill unit {name}: No main process to kill")
            code = 1
        for pid in pids:
            try:
                await tool.sys.kill(pid, sig or int(Sig.SIGTERM))
            except OSError as err:
                await _say(tool, f"Failed to kill unit {name}: {why(err).decode()}")
                code = 1
                break
    return code


# -- unit files --------------------------------------------------------------------------------


async def _files(tool: Tool, verb: str, names: list[str]) -> int:
    """enable, disable, reenable, mask and unmask; with --now the unit follows."""
    units = [find.mangle(name) for name in names]
    folder = find.RUN if "runtime" in tool.options else find.ETC
    try:
        changed = False
        if verb in ("disable", "reenable"):
            changed |= await install.disable(tool, units, folder)
        if verb in ("enable", "reenable"):
            changed |= await install.enable(tool, units, folder)
        if verb == "mask":
            changed |= await install.mask(tool, units, folder)
        if verb == "unmask":
            changed |= await install.unmask(tool, units)
    except install.Trouble as err:
        await _say(tool, f"Failed to {verb} unit: {err}")
        return 1
    if changed and await tool.sys.geteuid() == 0:
        try:
            await ask(tool, "daemon-reload", [])
        except Denied:
            return 1
    if "now" in tool.options and verb in ("enable", "disable", "mask", "reenable"):
        return await _job(tool, "stop" if verb in ("disable", "mask") else "start", names)
    return 0


async def _edit(tool: Tool, names: list[str]) -> int:
    """Edit a drop-in of a unit with $EDITOR, or with --full a file of its own."""
    sys = tool.sys
    name = await find.canonical(sys, find.mangle(names[0]))
    unit = await find.load(sys, name)
    if unit.state != "loaded":
        await _say(tool, f"No files found for {name}.")
        return 1
    folder = f"{find.ETC.decode()}/{name}.d"
    path = f"{find.ETC.decode()}/{name}" if "l" in tool.options else f"{folder}/override.conf"
    try:
        if "l" not in tool.options and not await find.exists(sys, folder.encode()):
            await sys.mkdir(folder.encode(), 0o755)
        if "l" in tool.options and unit.path != path.encode():
            fd = await sys.open(path.encode(), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            await write_all(sys, fd, await read_file(sys, unit.path))
            await sys.close(fd)
    except OSError as err:
        await _say(tool, f"Failed to create directories for {path!r}: {why(err).decode()}")
        return 1
    editor = tool.env.get(b"SYSTEMD_EDITOR") or tool.env.get(b"EDITOR") or b"/usr/bin/nano"
    pid = await sys.spawn(b"/bin/sh", [b"sh", b"-c", editor + b" " + path.encode()], tool.env)
    await sys.waitpid(pid)
    if not await find.exists(sys, path.encode()):
        await _say(tool, f'Editing "{path}" canceled: temporary file is empty.')
        return 1
    return await _simple(tool, "daemon-reload", [], "Failed to reload daemon")


async def _is_active(tool: Tool, names: list[str], good: tuple[str, ...], code: int) -> int:
    """is-active and is-failed: 0 if one of the units is in a good state."""
    hit = False
    for name in await show.matching(tool, names):
        found, _ = await state.properties(tool.sys, name)
        if "q" not in tool.options:
            await tool.line(found["ActiveState"].encode())
        hit |= found["ActiveState"] in good
    return 0 if hit else code


async def _is_enabled(tool: Tool, names: list[str]) -> int:
    hit = False
    for name in (find.mangle(text) for text in names):
        found = await find.enabled_state(tool.sys, await find.load(tool.sys, name))
        if not found:
            await _say(tool, f"Failed to get unit file state for {name}: No such file or directory")
            return 1
        if "q" not in tool.options:
            await tool.line(found.encode())
        hit |= found in ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")
    return 0 if hit else 1


# -- the table ---------------------------------------------------------------------------------


async def _list_units(tool: Tool, names: list[str]) -> int:
    states = _words(tool, "state") + (["failed"] if "failed" in tool.options else [])
    return await show.list_units(
        tool,
        names,
        everything="a" in tool.options,
        types=_words(tool, "t"),
        states=states,
        legend="no-legend" not in tool.options and tool.options.last("legend") != b"no",
        plain="plain" in tool.options,
    )


async def _status(tool: Tool, names: list[str]) -> int:
    if not names:
        return await show.overview(tool)
    lines = tool.options.last("n")
    return await show.status(tool, names, int(lines) if lines and lines.isdigit() else 10)


async def _show(tool: Tool, names: list[str]) -> int:
    only = _words(tool, "p") + _words(tool, "P")
    values = "value" in tool.options or "P" in tool.options
    return await show.show(tool, names, only, values=values, everything="a" in tool.options)


async def _running(tool: Tool, names: list[str]) -> int:
    found = await show.system_state(tool)
    if "q" not in tool.options:
        await tool.line(found.encode())
    return 0 if found == "running" else 1


async def _get_default(tool: Tool, names: list[str]) -> int:
    await tool.line((await install.default_target(tool)).encode())
    return 0


async def _set_default(tool: Tool, names: list[str]) -> int:
    try:
        name = names[0] if names[0].endswith(".target") else names[0] + ".target"
        await install.set_default(tool, name)
    except install.Trouble as err:
        await _say(tool, f"Failed to set default target: {err}")
        return 1
    return 0


async def _list_files(tool: Tool, names: list[str]) -> int:
    return await show.list_unit_files(
        tool, names, types=_words(tool, "t"), states=_words(tool, "state"),
        legend="no-legend" not in tool.options,
    )  # fmt: skip


async def _reset(tool: Tool, names: list[str]) -> int:
    units = await show.matching(tool, names)
    return await _simple(tool, "reset-failed", units, "Failed to reset failed state of unit")


_LOOK: dict[str, tuple[int, Callable[[Tool, list[str]], Awaitable[int]]]] = {
    "list-units": (0, _list_units),
    "list-unit-files": (0, _list_files),
    "list-timers": (0, lambda t, n: show.list_timers(t, legend="no-legend" not in t.options)),
    "list-dependencies": (0, lambda t, n: show.list_dependencies(
        t, find.mangle(n[0]) if n else "multi-user.target")),
    "list-jobs": (0, lambda t, n: _no_jobs(t)),
    "is-active": (1, lambda t, n: _is_active(t, n, ("active", "reloading"), 3)),
    "is-failed": (1, lambda t, n: _is_active(t, n, ("failed",), 1)),
    "is-enabled": (1, _is_enabled),
    "status": (0, _status),
    "show": (0, _show),
    "cat": (1, lambda t, n: show.cat(t, n)),
    "kill": (1, _kill),
    "edit": (1, _edit),
    "isolate": (1, _isolate),
    "reset-failed": (0, _reset),
    "get-default": (0, _get_default),
    "set-default": (1, _set_default),
    "is-system-running": (0, _running),
    "daemon-reload": (0, lambda t, n: _simple(t, "daemon-reload", [], "Failed to reload daemon")),
    "daemon-reexec": (0, lambda t, n: _simple(t, "daemon-reload", [], "Failed to reload daemon")),
}  # fmt: skip


async def _no_jobs(tool: Tool) -> int:
    await tool.line(b"No jobs running.")
    return 0


@program(SYSTEMCTL)
async def systemctl(tool: Tool) -> int:
    """systemctl(1)."""
    try:
        tool.options = parse(tool.argv[1:], "ahln:p:P:qs:t:fo:", _LONG)
    except UsageError as err:
        await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        return 1
    if "h" in tool.options:
        await tool.line(SYSTEMCTL.strip().encode())
        return 0
    if "version" in tool.options:
        await tool.line(b"systemd 252 (MiniOS)")
        return 0
    verb = tool.operands[0].decode("latin-1") if tool.operands else "list-units"
    verb = _ALIASES.get(verb, verb)
    names = _names(tool)
    if verb in ("poweroff", "reboot", "halt"):
        return await _simple(tool, verb, [], f"Failed to {verb} system via logind")
    known = verb in _JOBS or verb in ("enable", "disable", "reenable", "mask", "unmask")
    if not known and verb not in _LOOK:
        await _say(tool, f"Unknown command verb {verb}.")
        return 1
    least = 1 if known else _LOOK[verb][0]
    if len(names) < least:
        await _say(tool, "Too few arguments.")
        return 1
    if verb in _JOBS:
        return await _job(tool, verb, names)
    if known:
        return await _files(tool, verb, names)
    return await _LOOK[verb][1](tool, names)


SHUTDOWN = """
Usage: shutdown [OPTION]... [TIME] [MESSAGE]
Power off, halt or reboot the machine; TIME is now (the only one there is).

  -h, -P  power off
  -H      halt
  -r      reboot
  -c      nothing is pending that could be cancelled
"""


@program(SHUTDOWN, "hPHrck")
async def shutdown(tool: Tool) -> int:
    """shutdown(8), poweroff(8), reboot(8) and halt(8)."""
    name = tool.name.rpartition(b"/")[2].decode("latin-1")
    verb = name if name in ("poweroff", "reboot", "halt") else "poweroff"
    if name == "shutdown":
        if "c" in tool.options:
            return 0
        when = tool.operands[0] if tool.operands else b"now"
        if when not in (b"now", b"+0"):
            raise Failure(b"Failed to parse time specification: " + when)
        verb = "reboot" if "r" in tool.options else verb
    return await _simple(tool, verb, [], "Failed to set wall message, ignoring")
