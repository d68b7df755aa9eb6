"""systemctl status, show, cat, list-units and the other verbs that only look."""

from minios.abi import flags
from minios.userland.bin.init import groups
from minios.userland.bin.systemctl.client import unit_of
from minios.userland.lib import journal
from minios.userland.lib.calendar import strftime
from minios.userland.lib.journalfile import Reader, short
from minios.userland.lib.pattern import compiled
from minios.userland.lib.proc import parse_stat
from minios.userland.lib.procfiles import boot_time
from minios.userland.lib.program import Tool
from minios.userland.lib.stdio import complain, read_file, why
from minios.userland.lib.units import exitcodes, find, state, timespan

SECOND = 1_000_000_000

_DOTS = {
    "active": "●", "reloading": "↻", "refreshing": "↻", "inactive": "○", "failed": "×",
    "activating": "●", "deactivating": "●", "maintenance": "○",
}  # fmt: skip


def stamp(ns: int) -> str:
    """``Mon 2026-01-05 09:00:00 UTC``."""
    return strftime(b"%a %Y-%m-%d %H:%M:%S UTC", ns).decode()


def number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


async def matching(tool: Tool, patterns: list[str], *, files: bool = False) -> list[str]:
    """The units that names and patterns mean; a pattern means those in memory."""
    names: dict[str, None] = {}
    for text in patterns:
        if any(char in text for char in "*?["):
            glob = compiled(find.mangle(text).encode("latin-1"))
            pool = await state.known(tool.sys)
            if files:
                pool = sorted({*pool, *await find.all_names(tool.sys)})
            names |= dict.fromkeys(n for n in pool if glob.matches(n.encode("latin-1")))
        else:
            names[await find.canonical(tool.sys, find.mangle(text))] = None
    return list(names)


# -- status ------------------------------------------------------------------------------------


async def status(tool: Tool, names: list[str], lines: int) -> int:
    """systemctl status UNIT…; 0 active, 3 not active, 4 not found."""
    code = 0
    shown = 0
    for text in names:
        if text.isdigit():
            unit = await unit_of(tool, text)
            if not unit:
                await complain(
                    tool.sys,
                    b"Failed to get unit for PID "
                    + text.encode()
                    + b": PID "
                    + text.encode()
                    + b" does not belong to any loaded unit.",
                )
                code = 1
                continue
            expanded = [unit]
        else:
            expanded = await matching(tool, [text])
        for name in expanded:
            found, _ = await state.properties(tool.sys, name)
            if found["LoadState"] == "not-found" and found["ActiveState"] == "inactive":
                await tool.out.flush()
                await complain(
                    tool.sys, b"Unit " + name.encode("latin-1") + b" could not be found."
                )
                code = 4
                continue
            if shown:
                await tool.line(b"")
            shown += 1
            await _one(tool, name, found, lines)
            if found["ActiveState"] not in ("active", "reloading") and not code:
                code = 3
            if found["NeedDaemonReload"] == "yes":
                await _warn_reload(tool, name)
    return code


async def _warn_reload(tool: Tool, name: str) -> None:
    await tool.out.flush()
    await complain(
        tool.sys,
        b"Warning: The unit file, source configuration file or drop-ins of "
        + name.encode("latin-1")
        + b" changed on disk. Run 'systemctl daemon-reload' to reload units.",
    )


async def _one(tool: Tool, name: str, found: state.Properties, lines: int) -> None:
    now = await tool.sys.clock_gettime()
    active, sub = found["ActiveState"], found["SubState"]
    title = f"{_DOTS.get(active, '○')} {name}"
    if found["Description"] != name:
        title += f" - {found['Description']}"
    rows = [title]
    load = found["LoadState"]
    if load == "loaded":
        inside = [found.get("FragmentPath", "")]
        unit_state = found.get("UnitFileState", "")
        if unit_state:
            inside.append(unit_state)
        preset = found.get("UnitFilePreset", "")
        if unit_state and preset:
            inside.append(f"preset: {preset}")
        text = f" ({'; '.join(part for part in inside if part)})" if any(inside) else ""
        rows.append(f"     Loaded: loaded{text}")
    elif load == "masked":
        rows.append(f"     Loaded: masked (Reason: Unit {name} is masked.)")
    elif load == "not-found":
        rows.append(f"     Loaded: not-found (Reason: Unit {name} not found.)")
    else:
        rows.append(f"     Loaded: {load} (Reason: Unit {name} has a bad unit file setting.)")
    dropins = found.get("DropInPaths", "").split()
    if dropins:
        folder = dropins[0].rpartition("/")[0]
        rows.append(f"    Drop-In: {folder}")
        rows.append("             └─" + ", ".join(path.rpartition("/")[2] for path in dropins))
    rows.append(_active_line(active, sub, found, now))
    if found.get("UnmetCondition"):
        when = number(found.get("ConditionTimestamp"))
        rows.append(
            f"  Condition: start condition failed at {stamp(when)}; {timespan.ago(now - when)}"
        )
        rows.append(f"             └─ {found['UnmetCondition']} was not met")
    entered, left = (
        number(found.get("ActiveEnterTimestamp")),
        number(found.get("ActiveExitTimestamp")),
    )
    if active in ("inactive", "failed") and left > entered > 0:
        rows.append(f"   Duration: {timespan.show(left - entered, timespan.MS)}")
    if name.endswith(".timer"):
        next_time = number(found.get("NextElapseUSecRealtime"))
        due = f"{stamp(next_time)}; {timespan.ago(now - next_time)}" if next_time else "n/a"
        rows.append(f"    Trigger: {due}")
        rows.append(f"   Triggers: ● {found.get('Unit', '')}")
    docs = found.get("Documentation", "").split()
    for index, doc in enumerate(docs):
        rows.append(("       Docs: " if not index else " " * 13) + doc)
    if name.endswith(".service"):
        rows += await _processes(tool, found)
    for row in rows:
        await tool.line(row.encode())
    if lines:
        await _log(tool, name, lines)


def _active_line(active: str, sub: str, found: state.Properties, now: int) -> str:
    text = f"     Active: {active} ({sub})"
    result = found.get("Result", "success")
    if result not in ("success", "") and active in ("failed", "activating", "deactivating"):
        text += f" (Result: {result})"
        if active == "failed":
            text = f"     Active: failed (Result: {result})"
    when = number(found.get("StateChangeTimestamp"))
    if when:
        text += f" since {stamp(when)}; {timespan.ago(now - when)}"
    return text


async def _processes(tool: Tool, found: state.Properties) -> list[str]:
    """Main PID, Tasks, Memory, CPU and the control group of a service."""
    sys = tool.sys
    rows = []
    main, last = number(found.get("MainPID")), number(found.get("ExecMainPID"))
    if not main and last and number(found.get("ExecMainExitTimestamp")):
        status = number(found.get("ExecMainWaitStatus"))
        command = found.get("ExecMainCommand", "")
        rows.append(f"    Process: {last} ExecStart={command} ({exitcodes.show(status)})")
        rows.append(f"   Main PID: {last} ({exitcodes.show(status)})")
    elif main:
        rows.append(f"   Main PID: {main} ({await groups.comm(sys, main)})")
    group = found.get("ControlGroup", "")
    pids = await groups.members(sys, group) if group else []
    if not pids:
        return rows
    memory = cpu = 0
    commands = []
    for pid in pids:
        try:
            process = parse_stat(await read_file(sys, b"/proc/%d/stat" % pid))
            line = await read_file(sys, b"/proc/%d/cmdline" % pid)
        except OSError:
            continue
        memory += process.rss * 4096
        cpu += process.cpu
        shown = line.rstrip(b"\0").replace(b"\0", b" ").decode("latin-1")
        commands.append((pid, shown or f"[{process.comm.decode('latin-1')}]"))
    limit = (await sys.getrlimit(flags.RLIMIT_NPROC))[1]
    rows.append(f"      Tasks: {len(commands)} (limit: {limit})")
    rows.append(f"     Memory: {_size(memory)}")
    rows.append(f"        CPU: {timespan.show(cpu * 10_000_000, timespan.MS) or '0'}")
    rows.append(f"     CGroup: {group}")
    width = max((len(str(pid)) for pid, _ in commands), default=0)
    for index, (pid, command) in enumerate(commands):
        corner = "└─" if index == len(commands) - 1 else "├─"
        rows.append(f"             {corner}{pid:>{width}} {command}")
    return rows


def _size(count: int) -> str:
    for unit, size in (("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)):
        if count >= size:
            return f"{count // size}.{count % size * 10 // size}{unit}"
    return f"{count}B"


async def _log(tool: Tool, name: str, lines: int) -> None:
    """The last lines of a unit's journal."""
    reader = Reader(tool.sys)
    if not await reader.open():
        await tool.out.flush()
        if await tool.sys.geteuid() != 0 and reader.refused:
            await complain(
                tool.sys,
                b"Warning: some journal files were not opened due to insufficient permissions.",
            )
        return
    boot = await journal.boot_id(tool.sys)
    wanted = name.encode("latin-1")
    entries = [e for e in await reader.entries() if e.unit == wanted and e.boot == boot]
    if entries:
        await tool.line(b"")
    host = (await tool.sys.uname()).nodename
    for entry in entries[-lines:]:
        await tool.line(short(entry, host))


# -- show --------------------------------------------------------------------------------------

_TIMES = {
    "StateChangeTimestamp", "InactiveExitTimestamp", "ActiveEnterTimestamp", "ActiveExitTimestamp",
    "InactiveEnterTimestamp", "ConditionTimestamp", "ExecMainStartTimestamp",
    "ExecMainExitTimestamp", "LoadTimestamp", "NextElapseUSecRealtime", "LastTriggerUSec",
}  # fmt: skip
_HIDDEN = {"ExecMainWaitStatus", "ExecMainCommand", "UnmetCondition", "LoadTimestamp"}


async def show(
    tool: Tool, names: list[str], only: list[str], *, values: bool, everything: bool
) -> int:
    """systemctl show: NAME=VALUE, one block a unit."""
    if not names:
        version = "252"
        up = sum([1 for _ in await state.known(tool.sys)])
        rows = [("Version", version), ("NNames", str(up))]
        for key, value in rows:
            if not only or key in only:
                await tool.line((value if values else f"{key}={value}").encode())
        return 0
    for index, name in enumerate(await matching(tool, names)):
        if index:
            await tool.line(b"")
        found, _ = await state.properties(tool.sys, name)
        keys = only or [key for key in found if key not in _HIDDEN]
        for key in keys:
            if key not in found:
                continue
            value = found[key]
            if key in _TIMES:
                value = stamp(int(value)) if number(value) else ""
            if not value and not everything and not only:
                continue
            await tool.line((value if values else f"{key}={value}").encode("latin-1", "replace"))
    return 0


async def cat(tool: Tool, names: list[str]) -> int:
    """systemctl cat: the files behind units, each below its path."""
    code = 0
    first = True
    for name in await matching(tool, names, files=True):
        unit = await find.load(tool.sys, name)
        if unit.state == "masked":
            await tool.line(f"# {unit.path.decode('latin-1')} -> /dev/null".encode())
            continue
        if not unit.path:
            await tool.out.flush()
            await complain(tool.sys, b"No files found for " + name.encode("latin-1") + b".")
            code = 1
            continue
        for path in (unit.path, *unit.dropins):
            try:
                text = await read_file(tool.sys, path)
            except OSError as err:
                await complain(tool.sys, b"Failed to cat " + path + b": " + why(err))
                code = 1
                continue
            tool.out.put(b"" if first else b"\n", b"# ", path, b"\n", text)
            await tool.out.drain()
            first = False
    return code


# -- lists -------------------------------------------------------------------------------------


def _table(rows: list[list[str]]) -> list[str]:
    """Columns as wide as they must be; the last one is not padded."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    last = len(widths) - 1
    return [
        " ".join(
            cell if n == last else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


async def list_units(
    tool: Tool,
    patterns: list[str],
    *,
    everything: bool,
    types: list[str],
    states: list[str],
    legend: bool,
    plain: bool,
) -> int:
    """systemctl list-units."""
    rows = []
    known = await state.known(tool.sys)
    if patterns:
        known = [name for name in await matching(tool, patterns) if name in known]
    for name in known:
        found = await state.published(tool.sys, name)
        if found is None:
            continue
        load, active, sub = found["LoadState"], found["ActiveState"], found["SubState"]
        if types and name.rpartition(".")[2] not in types:
            continue
        if states and not {load, active, sub} & set(states):
            continue
        if not (everything or states or patterns) and active == "inactive":
            continue
        mark = "●" if load != "loaded" or active == "failed" else " "
        rows.append([mark, name, load, active, sub, found["Description"]])
    rows.sort(key=lambda row: (_TYPE_ORDER.index(row[1].rpartition(".")[2]), row[1]))
    if rows:
        head = [" ", "UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"]
        table = [head, *rows] if legend else rows
        for text in _table([row[1:] for row in table] if plain else table):
            await tool.line(text.encode())
    if legend:
        if rows:
            await tool.line(b"")
            for text in _LEGEND:
                await tool.line(text.encode())
        await tool.line(f"{len(rows)} loaded units listed.".encode() + (
            b"" if everything or states else
            b" Pass --all to see loaded but inactive units, too."
        ))  # fmt: skip
        if not states:
            await tool.line(b"To show all installed unit files use 'systemctl list-unit-files'.")
    return 0


_TYPE_ORDER = ("service", "socket", "target", "device", "mount", "automount", "swap", "timer",
               "path", "slice", "scope")  # fmt: skip
_LEGEND = (
    "LOAD   = Reflects whether the unit definition was properly loaded.",
    "ACTIVE = The high-level unit activation state, i.e. generalization of SUB.",
    "SUB    = The low-level unit activation state, values depend on unit type.",
)


async def list_unit_files(
    tool: Tool, patterns: list[str], *, types: list[str], states: list[str], legend: bool
) -> int:
    """systemctl list-unit-files."""
    rows = []
    globs = [compiled(find.mangle(text).encode("latin-1")) for text in patterns]
    for name in await find.all_names(tool.sys):
        if globs and not any(glob.matches(name.encode("latin-1")) for glob in globs):
            continue
        if types and name.rpartition(".")[2] not in types:
            continue
        found = await find.enabled_state(tool.sys, await find.load(tool.sys, name))
        if states and found not in states:
            continue
        preset = "-" if found in ("static", "alias", "generated", "indirect") else "enabled"
        rows.append([name, found, preset])
    if legend or rows:
        head = [["UNIT FILE", "STATE", "PRESET"]] if legend else []
        for text in _table([*head, *rows]):
            await tool.line(text.encode())
    if legend:
        await tool.line(f"\n{len(rows)} unit files listed.".encode())
    return 0


async def list_timers(tool: Tool, *, legend: bool) -> int:
    """systemctl list-timers."""
    now = await tool.sys.clock_gettime()
    rows = []
    for name in await state.known(tool.sys):
        found = await state.published(tool.sys, name) if name.endswith(".timer") else None
        if found is None or found["ActiveState"] != "active":
            continue
        due, last = (
            number(found.get("NextElapseUSecRealtime")),
            number(found.get("LastTriggerUSec")),
        )
        left = timespan.ago(now - due) if due else "-"
        passed = timespan.ago(now - last) if last else "-"
        rows.append(
            (due or 1 << 63,
             [stamp(due) if due else "-", left, stamp(last) if last else "-", passed, name,
              found.get("Unit", "")])
        )  # fmt: skip
    rows.sort(key=lambda row: row[0])
    if rows or legend:
        head = [["NEXT", "LEFT", "LAST", "PASSED", "UNIT", "ACTIVATES"]] if legend else []
        for text in _table([*head, *(row for _, row in rows)]):
            await tool.line(text.encode())
    if legend:
        await tool.line(f"\n{len(rows)} timers listed.".encode())
        await tool.line(b"Pass --all to see loaded but inactive timers, too.")
    return 0


async def list_dependencies(tool: Tool, name: str) -> int:
    """systemctl list-dependencies: the tree of what a unit pulls in."""
    await tool.line(name.encode())
    await _tree(tool, name, "", {name})
    return 0


async def _tree(tool: Tool, name: str, indent: str, seen: set[str]) -> None:
    _, spec = await state.properties(tool.sys, name)
    below = [*spec.names("Requires"), *spec.names("BindsTo"), *spec.names("Wants")]
    below += [other for _, other in await find.wanted_by(tool.sys, name)]
    children = sorted(dict.fromkeys(below))
    for index, child in enumerate(children):
        last = index == len(children) - 1
        properties, _ = await state.properties(tool.sys, child)
        dot = _DOTS.get(properties["ActiveState"], "○")
        await tool.line(f"{dot} {indent}{'└─' if last else '├─'}{child}".encode())
        if child not in seen:
            await _tree(tool, child, indent + ("  " if last else "│ "), {*seen, child})


async def system_state(tool: Tool) -> str:
    """What ``systemctl is-system-running`` prints."""
    states = []
    for name in await state.known(tool.sys):
        found = await state.published(tool.sys, name)
        if found is not None:
            states.append(found["ActiveState"])
    if "failed" in states:
        return "degraded"
    return "starting" if "activating" in states else "running"


async def overview(tool: Tool) -> int:
    """systemctl status without a unit."""
    host = (await tool.sys.uname()).nodename.decode("latin-1")
    text = await system_state(tool)
    names = await state.known(tool.sys)
    failed = 0
    for name in names:
        found = await state.published(tool.sys, name)
        failed += found is not None and found["ActiveState"] == "failed"
    since = await boot_time(tool.sys) * SECOND
    now = await tool.sys.clock_gettime()
    dot = "●" if text == "running" else "×" if text == "degraded" else "○"
    for row in (
        f"{dot} {host}",
        f"    State: {text}",
        f"    Units: {len(names)} loaded (incl. loaded aliases)",
        "     Jobs: 0 queued",
        f"   Failed: {failed} units",
        f"    Since: {stamp(since)}; {timespan.ago(now - since)}",
        "  systemd: 252",
    ):
        await tool.line(row.encode())
    return 0
