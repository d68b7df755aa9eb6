# ruff: noqa: RUF012 - pydantic copies a default for each instance
"""The level format: what may stand where in a level file.

These models check one value at a time; what a name refers to is checked by :mod:`minios.game.refs`,
so that all mistakes of a file are found together. docs/levels.md is the guide to the format.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic.json_schema import GenerateJsonSchema

from minios.abi.syscalls import BRANDS
from minios.game.fields import (
    Account,
    Amount,
    Bool,
    Date,
    Duration,
    FilePath,
    Frequency,
    Id,
    Identity,
    Ids,
    Int,
    Line,
    Mode,
    Model,
    ServiceName,
    Share,
    SignalName,
    Size,
    StartTime,
    Text,
    Texts,
    Words,
    one_of,
    wrong,
)  # fmt: skip
from minios.game.net.schema import (
    Address,
    Addresses,
    DeviceModel,
    Interface,
    LinkChangeModel,
    LinkModel,
    NatCheckModel,
    NicModel,
    Place,
    PortModel,
    ReachableModel,
)  # fmt: skip
from minios.game.problems import meant

PACES = ("turn", "live")
PANES = ("cpu", "processes", "memory", "network")
PANE_MODES = ("hidden", "look", "act")
SCHEDULERS = (
    "fifo", "sjf", "stcf", "rr", "priority", "mlfq", "lottery", "stride", "cfs", "eevdf", "manual",
)  # fmt: skip
SWAP_POLICIES = ("fifo", "lru", "mru", "clock", "nru", "random")
ELEVATORS = ("noop", "deadline", "sstf", "scan")
DISKS = ("sdb", "sdc", "sdd", "sde")
RESTARTS = ("no", "on-success", "on-failure", "on-abnormal", "on-abort", "always")
STATES = ("alive", "running", "sleeping", "stopped", "zombie", "gone")
METRICS = ("time", "keys", "commands", "signals", "collateral")
HARMS = ("killed", "stopped", "ended", "changed", "deleted")
FILE_KINDS = ("file", "directory", "link", "fifo")

# -- checks --------------------------------------------------------------------------------------


class CompareModel(Model):
    """Bounds of a whole number; plain text is the exact one."""

    short = "exactly"
    at_least: Int | None = None
    at_most: Int | None = None
    exactly: Int | None = None


class WhoModel(Model):
    """Which processes."""

    is_: Annotated[Ids, Field(alias="is")] = []
    lineage: Ids = []
    name: Text = ""
    exe: Text = ""
    user: Text = ""
    cmdline: Text = ""


class ProcessModel(WhoModel):
    short = "is"
    on: Text = ""
    state: one_of(STATES) = "alive"  # type: ignore[valid-type]
    count: CompareModel | None = None


class LoadModel(Model):
    on: Text = ""
    below: Share | None = None
    above: Share | None = None
    over: Annotated[Duration, Field(ge=100_000_000, le=60_000_000_000)] = 1_000_000_000


class MemoryModel(WhoModel):
    on: Text = ""
    below: Size | None = None
    above: Size | None = None


class BytesModel(Model):
    short = "exactly"
    at_least: Size | None = None
    at_most: Size | None = None
    exactly: Size | None = None


class FileModel(Model):
    short = "path"
    on: Text = ""
    path: FilePath
    exists: Bool = True
    type: one_of(FILE_KINDS) | None = None  # type: ignore[valid-type]
    equals: Text | None = None
    contains: Texts = []
    lacks: Texts = []
    matches: Text | None = None
    mode: Mode | None = None
    owner: Text = ""
    group: Text = ""
    size: BytesModel | None = None
    lines: CompareModel | None = None
    target: Text | None = None
    fresh: Annotated[Duration, Field(ge=1)] | None = None


class DirectoryModel(Model):
    on: Text = ""
    path: FilePath
    entries: Texts | None = None
    only: Text = ""
    count: CompareModel | None = None


class OutputModel(Model):
    short = "contains"
    on: Text = ""
    tty: Text = ""
    contains: Text | None = None
    matches: Text | None = None


class MetricModel(Model):
    name: one_of(METRICS)  # type: ignore[valid-type]
    at_least: Amount | None = None
    at_most: Amount | None = None
    exactly: Amount | None = None


class ProbeModel(Model):
    short = "run"
    on: Text = ""
    run: Text
    every: Annotated[Duration, Field(ge=100_000_000)] = 1_000_000_000
    timeout: Annotated[Duration, Field(ge=1_000_000)] = 5_000_000_000
    status: Int = 0


class PidsFreeModel(Model):
    short = "at_least"
    on: Text = ""
    at_least: Int | None = None
    at_most: Int | None = None


class PowerModel(Model):
    short = "is"
    machine: Text = ""
    is_: Annotated[one_of(("on", "off")), Field(alias="is")]  # type: ignore[valid-type]


class CheckModel(Model):
    """Exactly one check, and how long it must stay true."""

    process: ProcessModel | None = None
    load: LoadModel | None = None
    memory: MemoryModel | None = None
    file: FileModel | None = None
    directory: DirectoryModel | None = None
    output: OutputModel | None = None
    metric: MetricModel | None = None
    probe: ProbeModel | None = None
    pids_free: PidsFreeModel | None = None
    power: PowerModel | None = None
    reachable: ReachableModel | None = None
    port: PortModel | None = None
    nat: NatCheckModel | None = None
    all_: Annotated[list["CheckModel"] | None, Field(alias="all")] = None
    any_: Annotated[list["CheckModel"] | None, Field(alias="any")] = None
    not_: Annotated["CheckModel | None", Field(alias="not")] = None
    for_: Annotated[Duration, Field(alias="for", ge=0)] = 0


CHECKS = (
    "process", "load", "memory", "file", "directory", "output", "metric", "probe", "pids_free",
    "power", "reachable", "port", "nat", "all", "any", "not",
)  # fmt: skip


class GoalModel(CheckModel):
    text: Line
    within: Annotated[Duration, Field(ge=0)] | None = None
    after: Text = ""
    requires: Ids = []
    hidden: Bool = False
    once: Bool = False


class LoseModel(CheckModel):
    text: Line
    at: Annotated[Duration, Field(ge=0)] | None = None
    unless: Ids = []
    after: Text = ""


# -- the world -----------------------------------------------------------------------------------


class PlayerModel(Model):
    machine: Text = ""
    user: Account
    tty: Text = "tty1"


class UserModel(Model):
    uid: Annotated[Int, Field(ge=0, le=65533)] | None = None
    gid: Annotated[Int, Field(ge=0, le=65533)] | None = None
    groups: Texts = []
    password: Text | None = None
    home: FilePath | None = None
    shell: FilePath = "/bin/sh"
    gecos: Line = ""
    sudo: one_of(("no", "password", "nopasswd")) = "no"  # type: ignore[valid-type]


class FileSpecModel(Model):
    short = "text"
    text: Text | None = None
    directory: Bool = False
    link: Text | None = None
    fifo: Bool = False
    program: Text | None = None
    abi: one_of(BRANDS) | None = None  # type: ignore[valid-type]
    runpath: Text | None = None
    random: Annotated[Size, Field(ge=1, le=1 << 18)] | None = None
    owner: Account = "root"
    group: Text = ""
    mode: Mode | None = None
    copies: Annotated[Int, Field(ge=0, le=1000)] = 0
    repeat: Annotated[Int, Field(ge=0, le=100_000)] = 0
    width: Annotated[Int, Field(ge=0, le=12)] = 0


class ServiceModel(Model):
    """Exactly one of exec, script, unit."""

    short = "exec"
    exec: Text | None = None
    script: Text | None = None
    unit: Text | None = None
    description: Text = ""
    user: Account | None = None
    restart: one_of(RESTARTS) = "no"  # type: ignore[valid-type]
    restart_after: Annotated[Duration, Field(ge=1_000_000)] | None = None
    after: Texts = []
    requires: Texts = []
    wants: Texts = []
    env: dict[Text, Text] = {}
    nice: Annotated[Int, Field(ge=-20, le=19)] = 0
    enabled: Bool = True


class ProcessSpecModel(Model):
    short = "run"
    run: Text | None = None
    script: Text | None = None
    exec: FilePath | None = None
    path: FilePath | None = None
    name: Text = ""
    user: Account = "root"
    nice: Annotated[Int, Field(ge=-20, le=19)] = 0
    burst: Annotated[Duration, Field(ge=0)] = 0
    affinity: list[Annotated[Int, Field(ge=0, le=7)]] = []
    at: StartTime = 0
    boot: one_of(("once", "every")) = "once"  # type: ignore[valid-type]
    copies: Annotated[Int, Field(ge=0, le=64)] = 0
    env: dict[str, Text] = {}
    cwd: FilePath | None = None
    stdin: FilePath | None = None
    stdout: FilePath | None = None
    stderr: FilePath | None = None
    tty: Text = ""


def _never_or_sane(value: int) -> int:
    if value and value < 1_000_000:
        raise wrong("must be 0s (never) or at least 1ms")
    return value


class SchedModel(Model):
    """Parameters of scheduling policies (:class:`minios.kernel.sched.policy.Params`)."""

    latency: Annotated[Duration, Field(ge=100_000)] = 0
    granularity: Annotated[Duration, Field(ge=100_000)] = 0
    wakeup: Annotated[Duration, Field(ge=0)] = 0
    base_slice: Annotated[Duration, Field(ge=100_000)] = 0
    aging: Annotated[Duration, Field(ge=0)] = 100_000_000
    first_burst: Annotated[Duration, Field(ge=1)] = 10_000_000
    alpha: Annotated[Int, Field(ge=0, le=100)] = 50
    quanta: Annotated[list[Annotated[Duration, Field(ge=100_000)]], Field(max_length=16)] = []
    allotments: Annotated[list[Annotated[Int, Field(ge=1, le=1000)]], Field(max_length=16)] = []
    boost: Annotated[Duration, AfterValidator(_never_or_sane)] = 1_000_000_000
    stay: Bool = False
    iobump: Bool = False
    errand: Annotated[Duration, Field(ge=100_000)] = 100_000_000


class DriveModel(Model):
    """What kind of disk it is (:class:`minios.fs.disk.DriveSpec`)."""

    kind: one_of(("ssd", "hdd")) = "ssd"  # type: ignore[valid-type]
    elevator: one_of(ELEVATORS) = "deadline"  # type: ignore[valid-type]
    latency: Annotated[Duration, Field(ge=1_000)] = 100_000
    rate: Annotated[Size, Field(ge=1 << 10)] = 512_000_000
    rpm: Annotated[Int, Field(ge=300, le=30_000)] = 7200
    heads: Annotated[Int, Field(ge=1, le=16)] = 2
    sectors: Annotated[Int, Field(ge=8, le=1024)] = 64
    seek: Annotated[list[Duration], Field(min_length=2, max_length=2)] = [1_000_000, 15_000_000]


class DiskModel(Model):
    """A disk beside the first one."""

    size: Annotated[Size, Field(ge=1 << 20, le=256 << 20)]
    drive: DriveModel = DriveModel()
    fs: one_of(("none", "ext4")) = "none"  # type: ignore[valid-type]
    label: Text = ""
    mount: FilePath | None = None
    options: Text = "defaults"


class QuotaModel(Model):
    """What a user may have of the first disk; soft and hard limits, 0 is none."""

    space: Annotated[list[Size], Field(min_length=2, max_length=2)] = [0, 0]
    files: Annotated[list[Annotated[Int, Field(ge=0)]], Field(min_length=2, max_length=2)] = [0, 0]


class PrinterModel(Model):
    """The line printer /dev/lp0."""

    speed: Annotated[Int, Field(ge=1, le=10_000)] = 100
    sheets: Annotated[Int, Field(ge=0, le=10_000)] = 250


class MachineModel(Model):
    hostname: Text = ""
    cores: Annotated[Int, Field(ge=1, le=8)] = 1
    speed: Frequency = 1_000_000
    ram: Annotated[Size, Field(ge=1 << 20, le=256 << 20)] = 64 << 20
    swap: Annotated[Size, Field(ge=0, le=256 << 20)] = 0
    swap_policy: one_of(SWAP_POLICIES) = "clock"  # type: ignore[valid-type]
    tlb: Annotated[Int, Field(ge=4, le=1024)] = 32
    disk: Annotated[Size, Field(ge=2 << 20, le=256 << 20)] = 16 << 20
    drive: DriveModel = DriveModel()
    disks: dict[one_of(DISKS), DiskModel] = {}  # type: ignore[valid-type]
    quotas: dict[Account, QuotaModel] = {}
    sysctl: dict[Text, Text | Int] = {}
    printer: PrinterModel | None = PrinterModel()
    personality: one_of(BRANDS) = "linux"  # type: ignore[valid-type]
    scheduler: one_of(SCHEDULERS) = "cfs"  # type: ignore[valid-type]
    quantum: Annotated[Duration, Field(ge=100_000)] = 10_000_000
    sched: SchedModel | None = None
    pid_max: Annotated[Int, Field(ge=16, le=32768)] = 4096
    nproc: Annotated[Int, Field(ge=4, le=32768)] = 256
    power: one_of(("on", "off")) = "on"  # type: ignore[valid-type]
    order: one_of(("listed", "seeded")) = "listed"  # type: ignore[valid-type]
    users: dict[Account, UserModel | None] = {}
    groups: dict[Account, Annotated[Int, Field(ge=0, le=65533)]] = {}
    files: dict[FilePath, FileSpecModel] = {}
    remove: Texts = []
    processes: dict[Identity, ProcessSpecModel] = {}
    services: dict[ServiceName, ServiceModel] = {}
    nics: dict[Interface, NicModel | None] = {}
    forwarding: Bool = False
    routes: Texts = []
    dns: Addresses = []
    search: Text = ""
    hosts: dict[Text, Address] = {}
    iptables: Text = ""


class WorldModel(Model):
    player: PlayerModel
    machines: dict[Id, MachineModel]
    devices: dict[Id, DeviceModel] = {}
    links: dict[Id, LinkModel] = {}
    map: dict[Id, Place] = {}


# -- rules ---------------------------------------------------------------------------------------


class VaryModel(Model):
    """Exactly one of int, choice, deal, shuffle."""

    int_: Annotated[list[Int] | None, Field(alias="int", min_length=2, max_length=2)] = None
    step: Annotated[Int, Field(ge=1)] = 1
    choice: list[Text] | None = None
    deal: list[Text] | None = None
    shuffle: list[Text] | None = None
    to: list[Id] = []


class WriteModel(Model):
    on: Text = ""
    path: FilePath
    text: Text = ""


class RemoveModel(Model):
    short = "path"
    on: Text = ""
    path: FilePath


class SendModel(WhoModel):
    short = "is"
    on: Text = ""
    sig: SignalName = 15


class TypeModel(Model):
    short = "text"
    on: Text = ""
    tty: Text = ""
    text: Text


class EventModel(Model):
    id: Id | None = None
    at: Annotated[Duration, Field(ge=-8_000_000_000)] | None = None
    when: CheckModel | None = None
    after: Text = ""
    delay: Annotated[Duration, Field(ge=0)] = 0
    power_off: Text | None = None
    power_on: Text | None = None
    write: WriteModel | None = None
    append: WriteModel | None = None
    remove: RemoveModel | None = None
    start: Identity | None = None
    signal: SendModel | None = None
    type: TypeModel | None = None
    unplug: Text | None = None
    plug: Text | None = None
    link: LinkChangeModel | None = None
    message: Line | None = None


ACTIONS = (
    "power_off",
    "power_on",
    "write",
    "append",
    "remove",
    "start",
    "signal",
    "type",
    "unplug",
    "plug",
    "link",
    "message",
)


class ProtectModel(Model):
    short = "process"
    on: Text = ""
    process: Text = ""
    lineage: Text = ""
    file: FilePath | None = None
    harm: list[one_of(HARMS)] = []  # type: ignore[valid-type]
    text: Line = ""


class SeedsModel(Model):
    play: Int = 1
    check: list[Int] = []


class ParModel(Model):
    time: Duration | None = None
    keys: Int | None = None
    commands: Int | None = None
    signals: Int | None = None


class WrongModel(Model):
    blocked_by: Ids
    say: Words = ""
    type: Text
    typed: Texts = []
    when: CheckModel | None = None


class LevelModel(Model):
    format: Int
    id: Id
    title: Line
    author: Line = ""
    chapter: Line = ""
    difficulty: Annotated[Int, Field(ge=1, le=5)] = 1
    pace: one_of(PACES) = "turn"  # type: ignore[valid-type]
    teaches: list[Line] = []
    clock: Date | None = None
    briefing: Words
    debrief: Words = ""
    hints: list[Words] = []
    seeds: SeedsModel = SeedsModel()
    vary: dict[Id, VaryModel] = {}
    world: WorldModel
    events: list[EventModel] = []
    protect: dict[Id, ProtectModel] = {}
    goals: dict[Id, GoalModel]
    lose: dict[Id, LoseModel] = {}
    panes: dict[one_of(PANES), one_of(PANE_MODES)] = {}  # type: ignore[valid-type]
    par: ParModel = ParModel()
    limit: Annotated[Duration, Field(ge=1_000_000_000)] | None = None
    solutions: dict[Id, Text] = {}
    wrong: dict[Id, WrongModel] = {}


# -- JSON Schema ---------------------------------------------------------------------------------


class _Draft7(GenerateJsonSchema):
    schema_dialect = "http://json-schema.org/draft-07/schema#"


def json_schema() -> dict[str, Any]:
    """The format as JSON Schema, draft 7, which is what YAML editors understand."""
    schema = LevelModel.model_json_schema(
        by_alias=True, ref_template="#/definitions/{model}", schema_generator=_Draft7
    )
    definitions: dict[str, Any] = schema.pop("$defs")
    for name in ("CheckModel", "GoalModel", "LoseModel"):
        one = [{"required": [check]} for check in CHECKS]
        if name == "LoseModel":
            one.append({"required": ["at"]})
        definitions[name]["oneOf"] = one
    return {
        "$schema": _Draft7.schema_dialect,
        "title": "MiniOS level",
        **{key: value for key, value in schema.items() if key != "title"},
        "definitions": definitions,
    }


# -- what pydantic found -------------------------------------------------------------------------


def known_keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys allowed in the mapping at ``path``; empty when it is no model."""
    kind: Any = LevelModel
    for step in path:
        models = list(_models(kind, step))
        if not models:
            return []
        kind = models[0]
    if isinstance(kind, type) and issubclass(kind, Model):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return next((known for known in map(_own_keys, _parts(kind)) if known), [])


def _own_keys(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, Model):
        return [field.alias or name for name, field in kind.model_fields.items()]
    return []


def _parts(kind: Any) -> Iterator[Any]:
    """The types that an annotation is made of, itself first."""
    yield kind
    for part in getattr(kind, "__args__", ()):
        yield from _parts(part)


def _models(kind: Any, step: str | int) -> Iterator[Any]:
    for part in _parts(kind):
        if isinstance(part, type) and issubclass(part, Model):
            for name, field in part.model_fields.items():
                if (field.alias or name) == step:
                    yield field.annotation
            return
        if getattr(part, "__origin__", None) in (dict, list):
            yield part.__args__[-1]
            return


def explain(error: Any, path: tuple[str | int, ...]) -> str:
    """What is wrong, in one phrase that follows ``path: ``. ``error`` is pydantic's."""
    kind = error["type"]
    if kind == "level":
        return str(error["msg"])
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        known = known_keys(path[:-1])
        return f"unknown key{meant(str(path[-1]), known)}"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return "must be a mapping"
    if kind == "list_type":
        return "must be a list"
    context = error.get("ctx", {})
    limits = {
        "greater_than_equal": ("ge", "must be at least {}"),
        "less_than_equal": ("le", "must be at most {}"),
        "too_short": ("min_length", "needs at least {} entries"),
        "too_long": ("max_length", "takes at most {} entries"),
    }
    if kind in limits:
        name, text = limits[kind]
        return text.format(context.get(name))
    message = str(error["msg"])
    return message[:1].lower() + message[1:]
