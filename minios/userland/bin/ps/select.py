"""Which processes ps shows, and in what order."""

from minios.userland.bin.ps.request import Request
from minios.userland.lib.proc import Process
from minios.userland.lib.pscolumns import ALIASES, COLUMNS


def matches(request: Request, p: Process) -> bool:
    """Whether the process is selected."""
    if request.running and p.state not in ("R", "D"):
        return request.negate
    if request.everything or (request.bsd_a and request.bsd_x):
        chosen = True
    elif request.tests or request.quick:
        chosen = any(test(request, p) for test in request.tests)
        chosen = chosen or _simple(request, p)
    elif request.bsd_a or request.bsd_x or (request.bsd and not request.tests):
        chosen = _simple(request, p) or (
            not request.bsd_a and not request.bsd_x and _mine(request, p) and p.tty_nr != 0
        )
    else:
        chosen = _mine(request, p) and request.me is not None and p.tty_nr == request.me.tty_nr
    return chosen != request.negate


def _mine(request: Request, p: Process) -> bool:
    return request.me is not None and p.euid == request.me.euid


def _simple(request: Request, p: Process) -> bool:
    if request.bsd_a:
        return p.tty_nr != 0
    return request.bsd_x and _mine(request, p)


def arrange(request: Request, found: list[Process]) -> list[tuple[Process, str]]:
    """Order the processes; in a tree each comes with what is drawn before its command."""
    for name, backwards in reversed(request.sort):
        column = COLUMNS[ALIASES.get(name, name)]
        found.sort(key=lambda p, get=column.value: get(request.view, p), reverse=backwards)  # type: ignore[misc]
    if not request.tree:
        return [(p, "") for p in found]
    if not request.sort:
        found.sort(key=lambda p: (p.starttime, p.pid))
    found.sort(key=lambda p: p.ppid)
    children: dict[int, list[Process]] = {}
    shown = {p.pid for p in found}
    roots = []
    for p in found:
        if p.ppid in shown and p.ppid != p.pid:
            children.setdefault(p.ppid, []).append(p)
        else:
            roots.append(p)
    result: list[tuple[Process, str]] = []
    stack = [(p, "", 0, False) for p in roots]
    while stack:
        p, trunk, depth, more = stack.pop()
        if request.tree == "H":
            result.append((p, "  " * depth))
            below = ""
        else:
            result.append((p, trunk + " \\_ " if depth else ""))
            below = trunk + (" |  " if more else "    ") if depth else ""
        offspring = children.get(p.pid, [])
        step = 0 if p.pid == 1 and request.tree == "f" else 1
        stack += [
            (child, below, depth + step, at < len(offspring) - 1)
            for at, child in reversed(list(enumerate(offspring)))
        ]
    return result
