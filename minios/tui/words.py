"""What the machine is doing, in words: for F2, and for whoever cannot see the panes."""

from minios.game.view import PlayView, ProcessView
from minios.tui.text import SECOND, clock, percent, plain, size

SIGNALS = (
    (15, "TERM", "ask it to end; it may clean up first, or refuse"),
    (9, "KILL", "end it at once; it cannot refuse or clean up"),
    (19, "STOP", "freeze it where it is; it cannot refuse"),
    (18, "CONT", "let a stopped process go on"),
    (2, "INT", "what ctrl+c sends"),
    (1, "HUP", "its terminal is gone; daemons read their settings anew"),
)
"""Number, name, and what it does: what the process pane offers."""


def running_on(process: ProcessView, view: PlayView) -> int | None:
    """The core that runs a process right now; runnable ones in a queue are on none."""
    return next((core.index for core in view.cores if core.pid == process.pid), None)


def details(process: ProcessView, view: PlayView) -> list[tuple[str, str]]:
    """The facts about a process, label and value."""
    seconds = process.cpu_ns / SECOND
    facts = [
        ("command", plain(process.cmdline) or f"[{plain(process.comm)}]"),
        ("parent", _name(process.ppid, view)),
        ("user", f"{plain(process.user)} (uid {process.uid})"),
        ("CPU", f"{percent(process.cpu)} now, {seconds:.2f} s in all"),
        ("nice", f"{process.nice}" + _nice(process.nice)),
        ("memory", f"{size(process.rss)} resident"),
        ("terminal", plain(process.tty) or "none"),
        ("group", f"{process.pgid}, session {process.sid}"),
    ]
    children = [p for p in view.processes if p.ppid == process.pid]
    if children:
        names = ", ".join(f"{plain(child.comm)} {child.pid}" for child in children[:6])
        more = f" and {len(children) - 6} more" if len(children) > 6 else ""
        facts.append(("children", names + more))
    return facts


def _nice(nice: int) -> str:
    if nice > 0:
        return " (gives way to others)"
    return " (goes before others)" if nice < 0 else ""


def _name(pid: int, view: PlayView) -> str:
    process = next((p for p in view.processes if p.pid == pid), None)
    if process is None:
        return "nobody" if pid == 0 else f"pid {pid}"
    return f"{plain(process.comm)} ({pid})"


def held(view: PlayView) -> str:
    """Why time stands still and what would move it."""
    now = f"The clock stands at {clock(view.time)}."
    return {
        "prompt": f"{now} Time is held because your shell waits for you: reading and thinking are "
        "free. It runs while a command runs; F4 makes it run always.",
        "pause": f"{now} You paused it. F4 lets it go on.",
        "overlay": f"{now} Time is held while you read this.",
        "over": f"{now} This attempt is over.",
        "": f"Time is running, {view.speed:g} times as fast as your own clock.",
    }.get(view.held, now)
