"""What panes see: frozen plain data, pulled when a frame is drawn. Times are virtual ns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a core's past for the Gantt; ``pid`` 0 is idle, -1 the switch itself."""

    start: int
    end: int
    pid: int
    comm: str


@dataclass(frozen=True, slots=True)
class CoreView:
    """One core now. ``busy`` is the share of the last second in thousandths."""

    index: int
    pid: int
    comm: str
    busy: int
    queued: int
    switches: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One process. ``cpu`` is the share of one core in the last second, in thousandths.

    ``state`` is the letter ps prints (R S D T Z). ``spark`` is the share in each of the last eight
    half-seconds, oldest first. ``wchan`` is what it sleeps in, empty while it does not.
    """

    pid: int
    ppid: int
    pgid: int
    sid: int
    uid: int
    user: str
    comm: str
    cmdline: str
    state: str
    nice: int
    cpu: int
    cpu_ns: int
    core: int
    rss: int
    tty: str
    spark: tuple[int, ...] = ()
    wchan: str = ""


@dataclass(frozen=True, slots=True)
class GoalView:
    """One line of the checklist. ``progress`` is in thousandths of the time it must stay true."""

    id: str
    text: str
    done: bool
    holds: bool
    progress: int
    split: int | None


@dataclass(frozen=True, slots=True)
class ResultView:
    """How an attempt ended. ``line`` is the entered line that led to a loss."""

    won: bool
    time: int
    keys: int
    commands: int
    collateral: int
    stars: int
    unaided: bool
    cause: str
    line: str
    say: str
    splits: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PlayView:
    """Everything the game screen draws, but for the terminal's bytes.

    ``held`` says why time stands still (``prompt``, ``pause``, ``overlay``, ``over``), or is empty
    while it flows; ``behind`` is true when the host cannot keep the pace asked for.
    ``best_splits`` is each goal's time in the best run so far, ``messages`` is what the level has
    told the player, with the time of each.
    """

    level: str
    title: str
    machine: str
    hostname: str
    time: int
    pace: str
    speed: float
    held: str
    behind: bool
    keys: int
    commands: int
    collateral: int
    pending_keys: int
    best_time: int | None
    best_keys: int | None
    load: tuple[int, int, int]
    ram: int
    ram_used: int
    power: bool
    goals: tuple[GoalView, ...]
    cores: tuple[CoreView, ...]
    processes: tuple[ProcessView, ...]
    panes: tuple[tuple[str, str], ...]
    hints_shown: int
    hints_total: int
    coach: str
    result: ResultView | None
    best_splits: tuple[tuple[str, int], ...] = ()
    messages: tuple[tuple[int, str], ...] = ()
