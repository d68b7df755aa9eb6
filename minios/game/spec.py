"""A compiled level: frozen plain data, with a canonical JSON form and a hash of what is played.

The loader makes it from YAML; building, goals, verification and the solver read nothing else, so
they need neither pydantic nor ruamel. Times are virtual nanoseconds, sizes bytes, shares of a whole
thousandths. Strings may hold ``{{name}}`` of the level's ``vary`` until :mod:`minios.game.vary`
resolves them for a seed.
"""

from dataclasses import MISSING, Field, dataclass, field, fields
from hashlib import blake2b
from types import GenericAlias, UnionType
from typing import Any, get_args

from minios.game.net.spec import (  # noqa: F401 - the classes of a spec are those named here
    CableSpec,
    DeviceSpec,
    LineSpec,
    NatSpec,
    NicSpec,
    PlaceSpec,
    TrunkSpec,
)

FORMAT = 1
"""The version of the level format; ``format:`` in every file."""

SECOND = 1_000_000_000
NEVER = -1 << 62
"""The start time of a process that only an event starts."""

FIRST_KEY = "first-key"
"""What has happened once the player has done anything at all."""

DEFAULT_CLOCK = 1_767_603_600 * SECOND
"""The date at t = 0 unless a level sets it: Mon 2026-01-05 09:00:00 UTC."""


class SpecError(ValueError):
    """JSON that is no compiled level. ``str`` is one line."""


def _words(default: Any = MISSING) -> Any:
    """A field for people: it has no part in :func:`world_hash`."""
    if default is MISSING:
        return field(metadata={"words": True})
    return field(default=default, metadata={"words": True})


@dataclass(frozen=True, slots=True)
class Compare:
    """Bounds, both included; None is no bound."""

    at_least: int | None = None
    at_most: int | None = None

    def holds(self, value: int) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


@dataclass(frozen=True, slots=True)
class Who:
    """Which processes: all that is given must apply. Identities cannot be spoofed, the rest can."""

    identity: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()
    name: str = ""
    exe: str = ""
    user: str = ""
    cmdline: str = ""


# -- checks --------------------------------------------------------------------------------------


class Check:
    """What can hold or not. Each family is evaluated by a module of :mod:`minios.game.checks`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class All(Check):
    of: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Any_(Check):
    of: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Not(Check):
    of: Check


@dataclass(frozen=True, slots=True)
class Held(Check):
    """``of`` has been true without a break for ``duration``."""

    of: Check
    duration: int


@dataclass(frozen=True, slots=True)
class ProcessCheck(Check):
    """How many matching processes are in ``state`` (alive running sleeping stopped zombie any)."""

    on: str
    who: Who
    state: str = "alive"
    count: Compare = Compare(at_least=1)


@dataclass(frozen=True, slots=True)
class LoadCheck(Check):
    """The share of the machine's CPUs that was busy over the last ``window``."""

    on: str
    busy: Compare
    window: int = SECOND


@dataclass(frozen=True, slots=True)
class MemoryCheck(Check):
    """Resident bytes of the matching processes, or of the whole machine."""

    on: str
    size: Compare
    who: Who | None = None


@dataclass(frozen=True, slots=True)
class FileCheck(Check):
    """A file's state; all that is given must apply. ``fresh`` is the longest time since a write."""

    on: str
    path: str
    exists: bool = True
    kind: str = ""
    equals: str | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    matches: str | None = None
    mode: int | None = None
    owner: str = ""
    group: str = ""
    size: Compare | None = None
    lines: Compare | None = None
    target: str | None = None
    fresh: int | None = None


@dataclass(frozen=True, slots=True)
class DirectoryCheck(Check):
    """A directory's names: exactly ``entries``; only such as fit ``only``; so many of those."""

    on: str
    path: str
    entries: tuple[str, ...] | None = None
    only: str = ""
    count: Compare | None = None


@dataclass(frozen=True, slots=True)
class OutputCheck(Check):
    """What a terminal has shown since t = 0, at most its last 64 KiB."""

    on: str
    tty: str
    contains: str | None = None
    matches: str | None = None


@dataclass(frozen=True, slots=True)
class MetricCheck(Check):
    """A figure of the play: keys, commands, signals, collateral, time (ns since the first key)."""

    name: str
    value: Compare


@dataclass(frozen=True, slots=True)
class ProbeCheck(Check):
    """A command line run by the judge; it holds while the exit status is ``status``."""

    on: str
    run: str
    every: int = SECOND
    timeout: int = 5 * SECOND
    status: int = 0


@dataclass(frozen=True, slots=True)
class PidsFreeCheck(Check):
    """Free slots of the process table."""

    on: str
    count: Compare


@dataclass(frozen=True, slots=True)
class PowerCheck(Check):
    on: str
    up: bool = True


@dataclass(frozen=True, slots=True)
class ReachableCheck(Check):
    """Probe packets from the machine's own stack are answered: an echo, a TCP connection on
    ``port``, or any datagram back from a UDP ``port``. ``to`` is an address or a machine's name.
    """

    on: str
    to: str
    proto: str = "icmp"
    port: int = 0
    every: int = SECOND
    timeout: int = SECOND


@dataclass(frozen=True, slots=True)
class PortCheck(Check):
    """A socket of the machine is in ``state`` (listening, connected) on that local port, or with
    ``closed`` none has it. ``by`` are identities: one of them holds it."""

    on: str
    port: int
    proto: str = "tcp"
    state: str = "listening"
    address: str = ""
    remote: str = ""
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NatCheck(Check):
    """A translation is (or is not) in the table of a machine or a NAT box. Ends are ``address``,
    ``address:port`` or ``:port``; all that are given must fit."""

    on: str
    proto: str = ""
    inside: str = ""
    outside: str = ""
    remote: str = ""
    exists: bool = True


# -- what happens by itself ----------------------------------------------------------------------


class Action:
    """What an event does."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Power(Action):
    machine: str
    up: bool


@dataclass(frozen=True, slots=True)
class Write(Action):
    on: str
    path: str
    text: str
    append: bool = False


@dataclass(frozen=True, slots=True)
class Remove(Action):
    on: str
    path: str


@dataclass(frozen=True, slots=True)
class Start(Action):
    """Start a process of the machine's table."""

    on: str
    process: str


@dataclass(frozen=True, slots=True)
class Signal(Action):
    """Send a signal, as the kernel, to every matching process."""

    on: str
    who: Who
    sig: int


@dataclass(frozen=True, slots=True)
class Type(Action):
    """Characters arrive at a terminal as if somebody had typed them."""

    on: str
    tty: str
    text: str


@dataclass(frozen=True, slots=True)
class Cable(Action):
    """Pull a cable out, or plug it in again; ``link`` is its name."""

    link: str
    plugged: bool


@dataclass(frozen=True, slots=True)
class LinkChange(Action):
    """Make a cable another: the named properties of both directions, and those of the way back."""

    link: str
    there: tuple[tuple[str, int], ...] = ()
    back: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Say(Action):
    """A line of narration for the player; the world does not see it."""

    text: str = _words()


@dataclass(frozen=True, slots=True)
class Event:
    """``actions`` happen at ``at``, or ``delay`` after ``when`` first holds or ``after`` happened.

    ``after`` names an event or a goal, or is :data:`FIRST_KEY`.
    """

    id: str
    actions: tuple[Action, ...]
    at: int | None = None
    when: Check | None = None
    after: str = ""
    delay: int = 0


# -- machines ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserSpec:
    """An account. ``sudo`` is "" (may not), "password" or "nopasswd"."""

    name: str
    uid: int
    gid: int
    groups: tuple[str, ...] = ()
    password: str | None = None
    home: str = ""
    shell: str = "/bin/sh"
    gecos: str = ""
    sudo: str = ""


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file (``kind`` file, directory, link, fifo, program).

    ``copies`` makes it once for each n of 1 … copies, and ``repeat`` writes the text that many
    times, with ``{{n}}`` replaced (``width`` digits at least). ``random`` is a number of random
    bytes.
    """

    path: str
    kind: str = "file"
    text: str = ""
    owner: str = "root"
    group: str = ""
    mode: int | None = None
    target: str = ""
    copies: int = 0
    repeat: int = 0
    width: int = 0
    random: int = 0
    program: str = ""
    """The native program that it is; ``abi`` is what it was built for, if not its machine's."""
    abi: str | None = None
    runpath: str | None = None
    """Where its C library is looked for when it starts; None has it built in."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process that the machine starts as a child of init, or with ``exec`` one it waits for.

    ``argv`` is looked up in PATH. ``name`` spoofs comm and argv[0]. ``at`` is relative to t = 0
    (from -8 s on, or :data:`NEVER`); after a later power-on those with ``boot`` "every" start
    ``at`` after it. Standard streams are paths, or empty for /dev/null; with ``tty`` all three are
    that terminal. ``burst`` is what it says its bursts take (ns), ``affinity`` the cores it may run
    on, if not all. With ``exec`` nothing is started: whoever executes that file becomes it.
    """

    identity: str
    argv: tuple[str, ...] = ()
    exec: str = ""
    name: str = ""
    user: str = "root"
    nice: int = 0
    burst: int = 0
    affinity: tuple[int, ...] = ()
    at: int = 0
    boot: str = "once"
    env: tuple[tuple[str, str], ...] = ()
    cwd: str = "/"
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    tty: str = ""


@dataclass(frozen=True, slots=True)
class DriveModelSpec:
    """The parameters of :class:`minios.fs.disk.DriveSpec`; times in ns, ``rate`` in bytes/s."""

    kind: str = "ssd"
    elevator: str = "deadline"
    latency: int = 100_000
    rate: int = 512_000_000
    rpm: int = 7200
    heads: int = 2
    sectors: int = 64
    min_seek: int = 1_000_000
    max_seek: int = 15_000_000


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """A disk beside the first: ``fs`` is ext4 or none, ``mount`` where fstab has it, or empty."""

    name: str
    size: int
    drive: DriveModelSpec = DriveModelSpec()
    fs: str = "none"
    label: str = ""
    mount: str = ""
    options: str = "defaults"


@dataclass(frozen=True, slots=True)
class QuotaSpec:
    """A user's limits on the first disk: bytes and inodes, soft and hard, 0 is none."""

    user: str
    soft: int = 0
    hard: int = 0
    inode_soft: int = 0
    inode_hard: int = 0


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """``swap`` is bytes of a partition that is swapped to from boot on, ``tlb`` the translations a
    core remembers. ``order`` "seeded" shuffles the start of processes that start at the same time;
    ``sched`` are parameters of the policy (:class:`minios.kernel.sched.policy.Params`).
    """

    name: str
    hostname: str = ""
    cores: int = 1
    hz: int = 1_000_000
    ram: int = 64 << 20
    swap: int = 0
    swap_policy: str = "clock"
    tlb: int = 32
    disk: int = 16 << 20
    drive: DriveModelSpec = DriveModelSpec()
    disks: tuple[DiskSpec, ...] = ()
    quotas: tuple[QuotaSpec, ...] = ()
    sysctl: tuple[tuple[str, str], ...] = ()
    printer: tuple[int, int] | None = (100, 250)
    """Characters a second and sheets of paper; None is no printer."""
    personality: str = "linux"
    scheduler: str = "cfs"
    quantum: int = 10_000_000
    sched: tuple[tuple[str, Any], ...] = ()
    pid_max: int = 4096
    nproc: int = 256
    powered: bool = True
    order: str = "listed"
    users: tuple[UserSpec, ...] = ()
    groups: tuple[tuple[str, int], ...] = ()
    files: tuple[FileSpec, ...] = ()
    remove: tuple[str, ...] = ()
    processes: tuple[ProcessSpec, ...] = ()
    nics: tuple[NicSpec, ...] = ()
    forwarding: bool = False
    routes: tuple[str, ...] = ()
    """As ``ip route add`` takes them."""
    dns: tuple[str, ...] = ()
    search: str = ""
    names: tuple[tuple[str, str], ...] = ()
    """Lines of /etc/hosts: a name and its address."""
    iptables: str = ""
    """What is restored at boot (/etc/iptables/rules.v4)."""


@dataclass(frozen=True, slots=True)
class Player:
    """Whom the keyboard belongs to: ``user`` is logged in on ``tty`` of ``machine``."""

    machine: str
    user: str
    tty: str = "tty1"


# -- rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vary:
    """A drawn value, or several: ``kind`` int, choice, deal; see :mod:`minios.game.vary`."""

    name: str
    kind: str
    low: int = 0
    high: int = 0
    step: int = 1
    items: tuple[str, ...] = ()
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Protect:
    """What must not come to harm: one process by identity, a lineage, or a file."""

    id: str
    on: str
    process: str = ""
    lineage: str = ""
    file: str = ""
    harm: tuple[str, ...] = ("killed",)
    text: str = _words("")


@dataclass(frozen=True, slots=True)
class Goal:
    """An entry of the checklist. ``hold`` is how long ``check`` must stay true."""

    id: str
    check: Check
    text: str = _words("")
    hold: int = 0
    within: int | None = None
    after: str = ""
    requires: tuple[str, ...] = ()
    once: bool = False
    hidden: bool = _words(False)


@dataclass(frozen=True, slots=True)
class Lose:
    """The play is lost when ``check`` has held for ``hold``, or at ``at`` unless goals are done.

    With ``after``, ``at`` counts from then.
    """

    id: str
    text: str = _words("")
    check: Check | None = None
    at: int | None = None
    unless: tuple[str, ...] = ()
    hold: int = 0
    after: str = ""


@dataclass(frozen=True, slots=True)
class Seeds:
    """``play`` is the seed of a first try; the solutions must win on it and on all of ``check``."""

    play: int = 1
    check: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Par:
    time: int | None = None
    keys: int | None = None
    commands: int | None = None
    signals: int | None = None


_NO_PAR = Par()


@dataclass(frozen=True, slots=True)
class Solution:
    """Lines for :mod:`minios.game.solve`."""

    id: str
    script: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """A way that looks right. It must fail by ``blocked_by``; ``say`` answers whoever goes it.

    A play goes it when ``when`` holds, or an entered line fits one of the globs in ``typed``.
    """

    id: str
    blocked_by: tuple[str, ...]
    script: str
    say: str = ""
    typed: tuple[str, ...] = ()
    when: Check | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """Everything of a level, for every seed."""

    id: str
    player: Player
    machines: tuple[MachineSpec, ...]
    title: str = _words("")
    author: str = _words("")
    chapter: str = _words("")
    difficulty: int = _words(1)
    pace: str = _words("turn")
    teaches: tuple[str, ...] = _words(())
    briefing: str = _words("")
    debrief: str = _words("")
    hints: tuple[str, ...] = _words(())
    clock: int = DEFAULT_CLOCK
    devices: tuple[DeviceSpec, ...] = ()
    links: tuple[CableSpec, ...] = ()
    map: tuple[PlaceSpec, ...] = _words(())
    vary: tuple[Vary, ...] = ()
    events: tuple[Event, ...] = ()
    protect: tuple[Protect, ...] = ()
    goals: tuple[Goal, ...] = ()
    lose: tuple[Lose, ...] = ()
    seeds: Seeds = Seeds()
    panes: tuple[tuple[str, str], ...] = ()
    limit: int = _words(0)
    par: Par = _words(_NO_PAR)  # noqa: RUF009 - frozen
    solutions: tuple[Solution, ...] = _words(())
    wrong: tuple[Wrong, ...] = _words(())

    def machine(self, name: str) -> MachineSpec:
        return next(machine for machine in self.machines if machine.name == name)

    def goal(self, name: str) -> Goal:
        return next(goal for goal in self.goals if goal.id == name)


# -- JSON ----------------------------------------------------------------------------------------

_CLASSES: dict[str, type] = {
    name: each for name, each in list(globals().items()) if hasattr(each, "__dataclass_fields__")
}

_TAG = "is"


def _plain(value: Any, rules_only: bool) -> Any:
    """Lists, dicts and scalars. A field that has its default is left out, so that the hash of a
    level survives a format that has learnt more."""
    if isinstance(value, tuple):
        return [_plain(item, rules_only) for item in value]
    cls = type(value)
    if cls.__name__ not in _CLASSES:
        return value
    plain: dict[str, Any] = {_TAG: cls.__name__}
    for each in fields(cls):
        item = getattr(value, each.name)
        if item != each.default and not (rules_only and each.metadata):
            plain[each.name] = _plain(item, rules_only)
    return plain


def _canonical(plain: Any) -> str:
    from json import dumps

    return dumps(plain, sort_keys=True, separators=(",", ":"))


def to_json(level: Level) -> str:
    """The canonical form: sorted keys, ASCII, no blanks."""
    return _canonical(_plain(level, False))


def world_hash(level: Level) -> str:
    """blake2b of the world and the rules (32 hex digits): the same when only words were mended.

    Words are titles, texts, hints, par, solutions, wrong answers, and the pace a level opens in.
    """
    return blake2b(_canonical(_plain(level, True)).encode(), digest_size=16).hexdigest()


def from_json(text: str) -> Level:
    """The level whose :func:`to_json` is ``text``. Raises :class:`SpecError`."""
    from json import loads

    try:
        level = _spec(loads(text))
    except SpecError:
        raise
    except (ValueError, RecursionError) as err:
        raise SpecError(f"not JSON: {err}") from None
    if not isinstance(level, Level):
        raise SpecError("not a compiled level")
    return level


def _spec(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple([_spec(item) for item in plain])
    if not isinstance(plain, dict):
        return plain
    cls = _CLASSES.get(str(plain.get(_TAG)))
    if cls is None:
        raise SpecError(f"unknown kind {plain.get(_TAG)!r:.40}")
    values = {name: _spec(item) for name, item in plain.items() if name != _TAG}
    known: dict[str, Field[Any]] = {each.name: each for each in fields(cls)}
    for name, value in values.items():
        if name not in known or not _fits(value, known[name].type):
            raise SpecError(f"{cls.__name__} has no such {name:.40}: {value!r:.60}")
    for name, each in known.items():
        if each.default is MISSING and name not in values:
            raise SpecError(f"{cls.__name__} lacks {name}")
    return cls(**values)


def _fits(value: Any, kind: Any) -> bool:
    """Whether a decoded value is of an annotated type (classes, unions, tuples)."""
    if isinstance(kind, UnionType):
        return any(_fits(value, each) for each in get_args(kind))
    if isinstance(kind, GenericAlias):
        args = get_args(kind)
        if not isinstance(value, tuple):
            return False
        if args[-1] is ...:
            return all(_fits(item, args[0]) for item in value)
        return len(value) == len(args) and all(map(_fits, value, args))
    return type(value) is kind or (kind in (Check, Action) and isinstance(value, kind))
