"""What the machine is doing, in words: for F2, and for whoever cannot see the panes."""

from minios.game.view import PlayView, ProcessView
from minios.tui.text import SECOND, clock, count, percent, plain, size

SIGNALS = (
    (15, "TERM", "ask it to end; it may clean up first, or refuse"),
    (9, "KILL", "end it at once; it cannot refuse or clean up"),
    (19, "STOP", "freeze it where it is; it cannot refuse"),
    (18, "CONT", "let a stopped process go on"),
    (2, "INT", "what ctrl+c sends"),
    (1, "HUP", "its terminal is gone; daemons read their settings anew"),
)
"""Number, name, and what it does: what the process pane offers."""


_WAITS = {
    "n_tty_read": "for somebody to type at its terminal",
    "n_tty_write": "for its terminal to take more output",
    "tty_wait_until_sent": "for its terminal to show what was written",
    "job_control": "to be in the foreground",
    "pipe_read": "for data from a pipe",
    "pipe_write": "for room in a pipe",
    "wait_for_partner": "for the other end of a named pipe",
    "do_wait": "for a child to end or stop",
    "hrtimer_nanosleep": "for time to pass",
    "poll_schedule_timeout": "for one of several files to be ready",
    "sigsuspend": "for a signal",
}
"""What a process waits for, by the function of the kernel it sleeps in (wchan)."""


def running_on(process: ProcessView, view: PlayView) -> int | None:
    """The core that runs a process right now; runnable ones in a queue are on none."""
    return next((core.index for core in view.cores if core.pid == process.pid), None)


def state(process: ProcessView, view: PlayView) -> str:
    """Why a process is as it is, one sentence or two."""
    name = f"{plain(process.comm)} ({process.pid})"
    if process.state == "Z":
        parent = _name(process.ppid, view)
        return (
            f"{name} is dead. It stays in the table as a zombie until its parent, {parent}, asks "
            "how it ended (wait). A signal to the zombie does nothing: it is its parent's turn."
        )
    if process.state == "T":
        return f"{name} is stopped and gets no CPU until somebody sends it CONT."
    if process.state == "R":
        core = running_on(process, view)
        if core is not None:
            return f"{name} is running on cpu{core} right now."
        queue = [p for p in view.processes if p.state == "R" and running_on(p, view) is None]
        waiting = count(len(queue), "process waits", "processes wait")
        cores = count(len(view.cores), "core")
        return f"{name} wants to run and waits for a core: {waiting} for {cores}."
    wchan = plain(process.wchan)
    if process.state == "D":
        return f"{name} waits for a device and cannot be interrupted, not even by KILL."
    cause = _WAITS.get(wchan, "for something to happen")
    where = f" ({wchan})" if wchan else ""
    return f"{name} sleeps: it waits {cause}{where} and costs nothing."


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
