"""What the sheets over the game say. Each function makes one; the game acts on the answers."""

from rich.style import Style

from minios.game.net.view import PacketDropView
from minios.game.spec import Level
from minios.game.view import PlayView, ProcessView, ResultView
from minios.tui import words
from minios.tui.canvas import BLANK, Row, Span, cells
from minios.tui.panes.inspector import indented
from minios.tui.ports import Sight
from minios.tui.screens.sheet import Answer, Choice, Sheet
from minios.tui.text import clip, clock, count, delta, pad, plain, wrap
from minios.tui.theme import Palette

BACK = Answer(("escape",), "back", "")

_KEYS = (
    ("F1", "the briefing again"),
    ("F2", "why: the selected process, and why time stands"),
    ("F3", "the next hint (free; a win without any is \u201cunaided\u201d)"),
    ("F4", "let time flow, or hold it at the prompt"),
    ("F5", "restart at once"),
    ("F6", "CPU, again memory; F7 processes, F8 goals; z zooms"),
    ("F11", "network, where there is one (or F6 three times)"),
    ("F9", "more: speed, pause, everything by name"),
    ("F10", "leave"),
    ("F12", "the terminal; again zooms it"),
    ("Esc", "from a pane back to the terminal"),
    ("shift+PgUp", "look back in the terminal (or the wheel)"),
    ("drag", "select and copy; ctrl+shift+C copies again"),
)

_WORDS = (
    ("goals hint status restart", "the game's own words also work at the prompt"),
    ("man COMMAND", "how a command is used"),
)


def _facts(pairs: list[tuple[str, str]], ink: Palette, width: int, label: int = 0) -> list[Row]:
    """Label and value in two columns."""
    label = label or max(len(name) for name, _ in pairs) + 2
    rows: list[Row] = []
    for name, value in pairs:
        for index, line in enumerate(wrap(value, max(width - label, 10))):
            rows.append(((pad("" if index else name, label), ink.dim), (line, ink.text)))
    return rows


def _words(text: str, ink: Palette, width: int, style: Style | None = None) -> list[Row]:
    return [((line, style or ink.text),) for line in wrap(plain(text), width)]


def _head(text: str, ink: Palette) -> list[Row]:
    return [BLANK, ((text, ink.title),)]


def briefing(level: Level, view: PlayView, *, first: bool) -> Sheet:
    """Before play and on F1: the story, what must hold, how to win stars."""

    def body(ink: Palette, width: int) -> list[Row]:
        from minios.tui.markdown import render

        rows = render(level.briefing, width, ink)
        if view.goals:
            rows += _head("Goals", ink)
            for goal in view.goals:
                mark, style = ("☑ ", ink.good) if goal.done else ("☐ ", ink.text)
                for index, line in enumerate(wrap(plain(goal.text), width - 2)):
                    rows.append(((mark if not index else "  ", style), (line, ink.text)))
        rows += _head("Stars", ink)
        rows += _stars(level, ink)
        return rows

    answers = [
        Answer(("escape", "enter", "f1", "space"), "start" if first else "back", ""),
        Answer(("k", "K", "f9"), "all keys", "keys"),
    ]
    if first:
        answers[0] = Answer(("enter", "escape", "f1"), "start", "")
        answers.append(Answer(("m", "f10"), "menu", "menu"))
    return Sheet(plain(level.title), body, answers)


def _stars(level: Level, ink: Palette) -> list[Row]:
    par = level.par
    limits = []
    if par.time is not None:
        limits.append(clock(par.time))
    if par.keys is not None:
        limits.append(count(par.keys, "key"))
    if par.commands is not None:
        limits.append(count(par.commands, "command"))
    if par.signals is not None:
        limits.append(count(par.signals, "signal"))
    rows: list[Row] = [
        (("★ ", ink.warn), ("solved", ink.text)),
        (("★ ", ink.warn), ("nothing harmed that should live", ink.text)),
    ]
    if limits:
        rows.append((("★ ", ink.warn), ("within " + ", ".join(limits), ink.text)))
    return rows


def keys() -> Sheet:
    def body(ink: Palette, width: int) -> list[Row]:
        rows: list[Row] = [
            ((pad(key, 14), ink.accent), (clip(text, width - 14), ink.text)) for key, text in _KEYS
        ]
        rows += _head("At the prompt", ink)
        rows += [
            ((pad(key, 27), ink.accent), (clip(text, width - 27), ink.text)) for key, text in _WORDS
        ]
        rows.append(BLANK)
        rows += _words(
            "While the terminal has the keyboard, every other key is the shell's: ctrl+c, ctrl+z, "
            "ctrl+p, Escape and Tab work as in any terminal.", ink, width, ink.dim,
        )  # fmt: skip
        return rows

    return Sheet("Keys", body, (Answer(("escape", "enter", "k", "f1"), "back", ""),))


def hints(given: tuple[str, ...], total: int) -> Sheet:
    def body(ink: Palette, width: int) -> list[Row]:
        from minios.tui.markdown import render

        rows: list[Row] = []
        for number, hint in enumerate(given, 1):
            newest = number == len(given)
            rows += [BLANK] if rows else []
            rows.append(((f"Hint {number} of {total}", ink.warn if newest else ink.dim),))
            rows += render(hint, width, ink)
        if len(given) == total:
            rows += [BLANK, (("That was the last one.", ink.dim),)]
        return rows

    return Sheet("Hints", body, (Answer(("escape", "enter", "f3"), "back", ""),), tone="warn")


DROPS = 6
"""Packets that ended, on the sheet that says why."""


def why(
    view: PlayView,
    process: ProcessView | None,
    sight: Sight,
    drops: tuple[PacketDropView, ...] = (),
) -> Sheet:
    """Why the selected process is as it is, why the goals do not hold, why packets ended, why time
    stands."""

    def told(pid: int | None, ink: Palette, width: int) -> list[Row]:
        return [row for depth, text in sight.why(pid) for row in indented(depth, text, ink, width)]

    def body(ink: Palette, width: int) -> list[Row]:
        rows: list[Row] = []
        if process is not None:
            rows += told(process.pid, ink, width)
            rows.append(BLANK)
            rows += _facts(words.details(process, view), ink, width)
        else:
            rows += _words(
                "No process is selected. F7 goes to the processes; choose one with the arrows, "
                "then F2 says why it is as it is.", ink, width,
            )  # fmt: skip
        goals = told(None, ink, width)
        if goals:
            rows += [*_head("Goals", ink), *goals]
        if drops:
            rows += _head("Packets that ended lately", ink)
            for drop in reversed(drops[-DROPS:]):
                rows += indented(0, f"{clock(drop.time)} {drop.place}: {drop.text}", ink, width)
                rows += indented(1, drop.summary, ink, width)
        rows += _head("Time", ink)
        rows += _words(words.held(view), ink, width)
        return rows

    return Sheet("Why", body, (Answer(("escape", "enter", "f2"), "back", ""),))


def act(process: ProcessView) -> Sheet:
    """What the player may do to a process."""
    choices = [
        Choice(str(index), f"{name} {number}", text, f"signal {number}")
        for index, (number, name, text) in enumerate(words.SIGNALS, 1)
    ]
    choices.append(Choice("n", "renice…", f"now {process.nice}", "renice"))
    choices.append(Choice("w", "why", "say why it is as it is", "why"))

    def body(ink: Palette, width: int) -> list[Row]:
        state = f"{process.state}  nice {process.nice}  {plain(process.user)}"
        return [
            ((clip(plain(process.cmdline or process.comm), width), ink.text),),
            ((state, ink.dim),),
            BLANK,
        ]

    title = f"{clip(plain(process.comm), 20)} {process.pid}"
    return Sheet(title, body, (BACK,), choices, most=72)


_NICE = (
    (19, "only when nobody else wants the CPU"),
    (10, "well behind the others"),
    (5, "a little behind the others"),
    (0, "as everybody"),
    (-5, "before the others (root only)"),
    (-20, "before everybody (root only)"),
)


def renice(process: ProcessView) -> Sheet:
    choices = [
        Choice(str(index), f"nice {nice}", text, f"nice {nice}")
        for index, (nice, text) in enumerate(_NICE, 1)
    ]

    def body(ink: Palette, width: int) -> list[Row]:
        return _words(
            f"Nice is {process.nice} now. A user can only make a process nicer; root can do both.",
            ink, width, ink.dim,
        )  # fmt: skip

    title = f"Renice {clip(plain(process.comm), 20)} {process.pid}"
    return Sheet(title, body, (BACK,), choices, most=64)


def leave(title: str) -> Sheet:
    choices = (
        Choice("g", "Go on", "", ""),
        Choice("r", "Restart", "this level from its beginning", "restart"),
        Choice("l", "Level select", "this attempt ends here", "menu"),
        Choice("q", "Quit MiniOS", "progress is saved", "quit"),
    )
    answers = (Answer(("escape", "f10"), "go on", ""),)
    return Sheet(title, lambda ink, width: [], answers, choices, most=56)


def palette(view: PlayView, panes: tuple[str, ...]) -> Sheet:
    """Everything the game can do, by name."""
    flow = "let time flow" if view.pace == "turn" else "hold time at the prompt"
    choices = [
        Choice("", "Briefing", "F1", "help"),
        Choice("", "All keys", "", "keys"),
        Choice("", "Why", "F2", "why"),
        Choice("", "Hint", f"F3, {view.hints_total - view.hints_shown} left", "hint"),
        Choice("", "Hold or flow", f"F4, {flow}", "pace"),
        Choice("", "Pause", "hold time whatever runs", "pause"),
        Choice("", "Restart", "F5", "restart"),
    ]
    names = {
        "cpu": "CPU",
        "memory": "memory",
        "processes": "processes",
        "network": "network",
        "goals": "goals",
        "terminal": "terminal",
    }
    for name in (*panes, "terminal"):
        choices.append(Choice("", f"Zoom {names[name]}", "", f"zoom {name}"))
    for speed in (0.1, 0.25, 0.5, 1, 2, 4, 8, 16):
        now = "now" if speed == view.speed else ""
        choices.append(Choice("", f"Speed {speed:g}×", now, f"speed {speed}"))
    if view.result is not None:
        choices.insert(0, Choice("", "Result", "how it ended", "result"))
    choices.append(Choice("", "Level select", "F10", "menu"))
    choices.append(Choice("", "Quit MiniOS", "", "quit"))
    answers = (Answer(("escape", "f9"), "back", ""),)
    return Sheet("Commands", lambda ink, width: [], answers, choices, most=60, filters=True)


def broken(error: BaseException) -> Sheet:
    """The simulation stopped; one line says why."""
    text = plain(f"{type(error).__name__}: {error}".rstrip(": "))

    def body(ink: Palette, width: int) -> list[Row]:
        return [
            *_words(
                "This attempt cannot go on: the simulation met an error of its own.", ink, width
            ),
            BLANK,
            ((clip(text, width), ink.bad),),
            BLANK,
            *_words("Your progress and the run up to here are saved.", ink, width, ink.dim),
        ]

    answers = (
        Answer(("r", "f5"), "play again", "again"),
        Answer(("escape", "enter", "m", "f10"), "menu", "menu"),
        Answer(("q",), "quit", "quit"),
    )
    return Sheet("Something broke", body, answers, tone="bad")


# The end


def result(level: Level, view: PlayView, outcome: ResultView) -> Sheet:
    return _won(level, view, outcome) if outcome.won else _lost(level, view, outcome)


def _score(level: Level, view: PlayView, outcome: ResultView) -> list[tuple[str, str, str]]:
    """Label, value and what it compares with."""
    best, par = view.best_time, level.par
    time = []
    if best is not None and outcome.won:
        word = "new best, was" if outcome.time < best else "best"
        time.append(f"{word} {clock(best)} ({delta(outcome.time - best)})")
    elif best is not None:
        time.append(f"best {clock(best)}")
    elif outcome.won:
        time.append("your first")
    if par.time is not None:
        time.append(f"par {clock(par.time)}")
    keyed = [f"best {view.best_keys}"] if view.best_keys is not None else []
    keyed += [f"par {par.keys}"] if par.keys is not None else []
    ran = [f"par {par.commands}"] if par.commands is not None else []
    harmed = "nothing harmed" if not outcome.collateral else "harmed what should live"
    return [
        ("time", clock(outcome.time), "  ".join(time)),
        ("keys", str(outcome.keys), "  ".join(keyed)),
        ("commands", str(outcome.commands), "  ".join(ran)),
        ("collateral", str(outcome.collateral), harmed),
    ]


def _score_rows(level: Level, view: PlayView, outcome: ResultView, ink: Palette) -> list[Row]:
    rows: list[Row] = []
    for label, value, against in _score(level, view, outcome):
        good = against.startswith("new best")
        rows.append(
            (
                (pad(label, 12), ink.dim),
                (f"{value:>10}  ", ink.bold),
                (against, ink.good if good else ink.dim),
            )
        )
    return rows


def _splits(view: PlayView, outcome: ResultView, ink: Palette, width: int) -> list[Row]:
    best = dict(view.best_splits)
    texts = {goal.id: plain(goal.text) for goal in view.goals}
    reached = dict(outcome.splits)
    rows: list[Row] = []
    order = [goal.id for goal in view.goals] or list(reached)
    for goal in order:
        done = goal in reached
        right: list[Span] = []
        if done:
            right.append((clock(reached[goal]), ink.text))
            if goal in best:
                ahead = reached[goal] - best[goal]
                right.append((f" {delta(ahead):>6}", ink.good if ahead <= 0 else ink.bad))
        room = width - cells(right) - 4
        mark: Span = ("☑ ", ink.good) if done else ("☐ ", ink.dim)
        text = pad(texts.get(goal, goal), room)
        rows.append((mark, (text, ink.text if done else ink.dim), ("  ", ink.text), *right))
    return rows


def _won(level: Level, view: PlayView, outcome: ResultView) -> Sheet:
    def body(ink: Palette, width: int) -> list[Row]:
        from minios.tui.markdown import render

        stars = "★ " * outcome.stars + "☆ " * (3 - outcome.stars)
        aided = "unaided" if outcome.unaided else "with hints"
        rows: list[Row] = [
            ((stars, ink.warn), (f" {count(outcome.stars, 'star')} of 3, {aided}", ink.text)),
            BLANK,
            *_score_rows(level, view, outcome, ink),
        ]
        splits = _splits(view, outcome, ink, width)
        if splits:
            rows += [*_head("Goals", ink), *splits]
        if outcome.say:
            rows += [BLANK, *_words(outcome.say, ink, width)]
        if level.debrief:
            rows += [*_head("What this is on a real machine", ink)]
            rows += render(level.debrief, width, ink)
        return rows

    answers = (
        Answer(("enter", "n"), "next level", "next"),
        Answer(("r", "f5"), "again", "again"),
        Answer(("s",), "stay as root", "root"),
        Answer(("m", "f10"), "menu", "menu"),
        Answer(("escape",), "look", ""),
    )
    return Sheet(f"{plain(level.title)}: solved", body, answers, tone="good")


def _lost(level: Level, view: PlayView, outcome: ResultView) -> Sheet:
    def body(ink: Palette, width: int) -> list[Row]:
        rows = _words(outcome.cause or "The level is lost.", ink, width, ink.bad)
        if outcome.line:
            rows += _head("The line that led to it", ink)
            rows += [
                (("  $ " if not index else "    ", ink.dim), (line, ink.bold))
                for index, line in enumerate(wrap(plain(outcome.line), width - 4))
            ]
        if outcome.say:
            rows += [BLANK, *_words(outcome.say, ink, width)]
        rows += [BLANK, *_score_rows(level, view, outcome, ink)]
        splits = _splits(view, outcome, ink, width)
        if splits:
            rows += [*_head("Goals", ink), *splits]
        return rows

    answers = [Answer(("r", "enter", "f5"), "restart", "again")]
    if outcome.line:
        answers.append(Answer(("b", "backspace"), "back to before that line", "rewind"))
    if view.hints_shown < view.hints_total:
        answers.append(Answer(("h", "f3"), "hint", "hint"))
    answers += [Answer(("m", "f10"), "menu", "menu"), Answer(("escape",), "look", "")]
    return Sheet(f"{plain(level.title)}: lost", body, answers, tone="bad")
