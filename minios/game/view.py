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
    half-seconds, oldest first. ``wchan`` is what it sleeps in, empty while it does not, and
    ``assigned`` the core that is its own under the manual policy, or -1.
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
    assigned: int = -1


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
    ``scheduler`` is the policy in force. ``best_splits`` is each goal's time in the best run so
    far, ``messages`` is what the level has told the player, with the time of each.
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
    scheduler: str = ""


FREE, KERNEL, TABLES, CACHE, SHARED = 0, -1, -2, -3, -4
"""Who has a frame when it is no process: nobody, the kernel, page tables, files, several."""


@dataclass(frozen=True, slots=True)
class FaultView:
    """A page fault. ``kind`` is ``minor``, ``major``, ``cow`` or ``denied`` (which ends in SIGSEGV
    or SIGBUS)."""

    time: int
    pid: int
    comm: str
    address: int
    kind: str


@dataclass(frozen=True, slots=True)
class SpaceView:
    """What a process has of memory, in bytes."""

    pid: int
    comm: str
    mapped: int
    resident: int
    swapped: int


@dataclass(frozen=True, slots=True)
class MemoryView:
    """Physical memory. ``runs`` are all frames in order, as (how many, whose): a pid, or one of
    :data:`FREE` … :data:`SHARED`. Sizes are bytes; faults and TLB figures count from boot.

    ``faults`` are the latest, oldest first; ``spaces`` are the processes by resident size, largest
    first.
    """

    page: int
    frames: int
    runs: tuple[tuple[int, int], ...]
    free: int
    cache: int
    swap: int
    swap_used: int
    policy: str
    minor: int
    major: int
    tlb_hits: int
    tlb_misses: int
    faults: tuple[FaultView, ...]
    spaces: tuple[SpaceView, ...]


@dataclass(frozen=True, slots=True)
class PageView:
    """A page of a process: its number, its page-table entry and what that means.

    ``where`` is ``frame N``, ``swap N`` or why it is nowhere yet; ``area`` is the mapping's name.
    """

    page: int
    entry: int
    flags: str
    where: str
    area: str


@dataclass(frozen=True, slots=True)
class WalkView:
    """How an address is translated (Sv32): the two tables, their entries, and what comes out.

    ``tables`` are (level, frame of the table, index, entry, its flags), as far as the walk gets;
    ``physical`` is None where it ends in a fault, of which ``fault`` says why. ``cached`` is
    whether some core's TLB knows the page.
    """

    pid: int
    address: int
    tables: tuple[tuple[int, int, int, int, str], ...]
    physical: int | None
    fault: str
    cached: bool
    pages: tuple[PageView, ...]


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block of a heap as its header in the process's memory says."""

    address: int
    size: int
    used: bool


@dataclass(frozen=True, slots=True)
class HeapView:
    """The heap of a process. ``broken`` says where its chain of headers makes no sense."""

    pid: int
    start: int
    end: int
    blocks: tuple[BlockView, ...]
    broken: str = ""


@dataclass(frozen=True, slots=True)
class CallView:
    """A system call: when it was made, and as strace writes it."""

    time: int
    text: str


@dataclass(frozen=True, slots=True)
class InspectView:
    """All that may be seen of one process: what /proc would show the player, no more.

    ``why`` is (depth, sentence), ``facts`` are labels with values, ``files`` are (descriptor,
    flags, target), ``areas`` are (addresses, permissions, kilobytes resident, name), ``signals``
    are (name, what would happen, whether pending). A part that the player may not see says why in
    ``denied``.
    """

    pid: int
    comm: str
    state: str
    why: tuple[tuple[int, str], ...]
    facts: tuple[tuple[str, str], ...]
    files: tuple[tuple[int, str, str], ...]
    areas: tuple[tuple[str, str, int, str], ...]
    environ: tuple[str, ...]
    signals: tuple[tuple[str, str, bool], ...]
    calls: tuple[CallView, ...]
    denied: tuple[tuple[str, str], ...] = ()
