"""The run file: JSON Lines that say what passed the door, and what came of it.

A line is one object, told apart by a key that only its kind has: ``minios`` (the header, first),
``op`` (an input), ``digest`` (a checkpoint), ``note`` (what did not touch the world: hints, pauses,
speed), ``result`` (the last). Times are virtual nanoseconds; ``w`` is milliseconds of wall clock
since the run began and never touches the simulation. docs/runs.md is the reference.

A file may come from a stranger: its size, lines, numbers and fields are bounded and checked here,
so that what is handed on is safe to simulate.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FORMAT = 1

MAX_BYTES = 64 << 20
MAX_LINE = 2 << 20
MAX_LINES = 1_000_000
MAX_TIME = 24 * 3600 * 1_000_000_000
"""A day of virtual time: longer than any level, short enough to re-simulate."""

MAX_INT = 1 << 63

OPS: dict[str, dict[str, type]] = {
    "key": {"data": str},
    "resize": {"rows": int, "cols": int},
    "signal": {"machine": str, "pid": int, "sig": int},
    "renice": {"machine": str, "pid": int, "nice": int},
    "assign": {"machine": str, "pid": int, "core": int},
    "cable": {"link": str, "plugged": bool},
    "save": {"path": str, "data": str},
    "root": {},
    "exec": {"machine": str, "user": str, "argv": list},
    "stdin": {"data": str, "eof": bool},
    "hangup": {"fd": int},
    "interrupt": {"sig": int},
}
"""What passes the door, with the type of each field. Bytes travel as latin-1."""

_OPTIONAL = {("stdin", "data"), ("stdin", "eof")}


class RunError(Exception):
    """The file is not a run that can be read. ``str`` is one line."""


@dataclass(frozen=True, slots=True)
class Header:
    """What was played. ``world`` is the hash of the compiled level; see docs/runs.md."""

    level: str
    world: str
    seed: int
    game: str
    ruleset: int
    seed_mode: str = "set"
    category: str = "turn"
    bridge: bool = False
    parent: dict[str, Any] | None = None
    date: str = ""
    format: int = FORMAT

    def line(self) -> dict[str, Any]:
        record: dict[str, Any] = {
            "minios": "run",
            "format": self.format,
            "game": self.game,
            "ruleset": self.ruleset,
            "level": self.level,
            "world": self.world,
            "seed": self.seed,
            "seed_mode": self.seed_mode,
            "category": self.category,
        }
        if self.bridge:
            record["bridge"] = True
        if self.parent is not None:
            record["parent"] = self.parent
        if self.date:
            record["date"] = self.date
        return record


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that passed the door at ``t``, the ``n``-th of all (from 1)."""

    t: int
    n: int
    op: str
    data: dict[str, Any]
    wall: int = 0

    def line(self) -> dict[str, Any]:
        return {"t": self.t, "n": self.n, "op": self.op, **self.data, "w": self.wall}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The world's digest at ``t``."""

    t: int
    digest: str

    def line(self) -> dict[str, Any]:
        return {"t": self.t, "digest": self.digest}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened beside the world: a hint, a pause, another speed."""

    t: int
    note: str
    data: dict[str, Any] = field(default_factory=dict)
    wall: int = 0

    def line(self) -> dict[str, Any]:
        return {"t": self.t, "note": self.note, **self.data, "w": self.wall}


@dataclass(frozen=True, slots=True)
class Result:
    """How the run ended at ``t``, with its metrics, the split of each goal and the final digest."""

    t: int
    won: bool
    time: int
    keys: int
    commands: int
    collateral: int
    splits: tuple[tuple[str, int], ...]
    digest: str

    def line(self) -> dict[str, Any]:
        return {
            "t": self.t,
            "result": "win" if self.won else "lose",
            "time": self.time,
            "keys": self.keys,
            "commands": self.commands,
            "collateral": self.collateral,
            "splits": dict(self.splits),
            "digest": self.digest,
        }


@dataclass(slots=True)
class RunFile:
    """A run as read. ``torn`` counts the bytes of a last line that was cut off while written."""

    header: Header
    inputs: list[Input] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    result: Result | None = None
    path: str = ""
    torn: int = 0

    @property
    def end(self) -> int:
        """The last virtual time the file knows of."""
        times = [entry[-1].t for entry in (self.inputs, self.checkpoints, self.notes) if entry]
        return self.result.t if self.result else max(times, default=0)

    @property
    def abandoned(self) -> bool:
        return any(note.note == "abandoned" for note in self.notes)

    @property
    def hints(self) -> int:
        """How many hints were asked for."""
        return sum(note.note == "hint" for note in self.notes)


def encode(record: dict[str, Any]) -> bytes:
    """One line, ASCII, with its newline."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def read(path: str | os.PathLike[str]) -> RunFile:
    """Read and check a run file. Raises :class:`RunError`; OSError when it cannot be opened."""
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise RunError(f"larger than {MAX_BYTES >> 20} MiB")
    run = parse(data)
    run.path = os.fspath(path)
    return run


def parse(data: bytes) -> RunFile:
    """The run in ``data``. A last line without newline was torn by a crash and is left out."""
    whole = data.rfind(b"\n") + 1
    lines = _lines(data[:whole])
    first = next(lines, None)
    if first is None or first[1].get("minios") != "run":
        raise RunError("not a MiniOS run file")
    run = RunFile(_header(*first), torn=len(data) - whole)
    last = 0
    for number, record in lines:
        if run.result is not None:
            raise RunError(f"line {number}: nothing may follow the result")
        t = _integer(number, record, "t", 0, MAX_TIME)
        if "op" in record:
            run.inputs.append(_input(number, record, len(run.inputs)))
        elif "result" in record:
            if run.header.bridge:
                raise RunError(f"line {number}: a headless run has no result")
            run.result = _result(number, record)
        elif "note" in record:
            run.notes.append(_note(number, record))
        elif "digest" in record:
            run.checkpoints.append(Checkpoint(t, _text(number, record, "digest", 128)))
        else:
            raise RunError(f"line {number}: neither an input, a checkpoint, a note nor a result")
        if "note" not in record:
            if t < last:
                raise RunError(f"line {number}: time runs backwards")
            last = t
    return run


def _lines(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    start, number = 0, 0
    while start < len(data):
        end = data.find(b"\n", start)
        number += 1
        if number > MAX_LINES:
            raise RunError(f"more than {MAX_LINES} lines")
        if end - start > MAX_LINE:
            raise RunError(f"line {number}: longer than {MAX_LINE >> 20} MiB")
        try:
            record = json.loads(data[start:end])
        except (ValueError, RecursionError):
            raise RunError(f"line {number}: not JSON") from None
        if not isinstance(record, dict):
            raise RunError(f"line {number}: not an object")
        yield number, record
        start = end + 1


def _integer(number: int, record: dict[str, Any], name: str, low: int, high: int) -> int:
    value = record.get(name)
    if type(value) is not int or not low <= value <= high:
        raise RunError(f"line {number}: {name!r} is not a whole number from {low} to {high}")
    return value


def _text(number: int, record: dict[str, Any], name: str, limit: int, default: str = "") -> str:
    value = record.get(name, default)
    if not isinstance(value, str) or len(value) > limit or not value.isprintable():
        raise RunError(f"line {number}: {name!r} is not a text of at most {limit} characters")
    return value


def _header(number: int, record: dict[str, Any]) -> Header:
    version = record.get("format")
    if version != FORMAT:
        raise RunError(f"format {version!r:.20} is not one this game reads ({FORMAT})")
    parent = record.get("parent")
    if parent is not None and not isinstance(parent, dict):
        raise RunError(f"line {number}: 'parent' is not an object")
    return Header(
        level=_text(number, record, "level", 64),
        world=_text(number, record, "world", 128),
        seed=_integer(number, record, "seed", -MAX_INT, MAX_INT),
        game=_text(number, record, "game", 32),
        ruleset=_integer(number, record, "ruleset", 0, 1 << 31),
        seed_mode=_text(number, record, "seed_mode", 16, "set"),
        category=_text(number, record, "category", 32, "turn"),
        bridge=record.get("bridge") is True,
        parent=parent,
        date=_text(number, record, "date", 40),
    )


def _input(number: int, record: dict[str, Any], index: int) -> Input:
    op = record["op"]
    fields = OPS.get(op) if isinstance(op, str) else None
    if fields is None:
        raise RunError(f"line {number}: unknown input {op!r:.40}")
    data: dict[str, Any] = {}
    for name, kind in fields.items():
        if (op, name) in _OPTIONAL and name not in record:
            continue
        value: Any = record.get(name)
        given = type(value)
        if given is not kind:
            raise RunError(f"line {number}: {name!r} of a {op} is not {_WORDS[kind]}")
        if kind is int and not -MAX_INT < value < MAX_INT:
            raise RunError(f"line {number}: {name!r} of a {op} is out of range")
        if kind is str and not _is_latin(value):
            raise RunError(f"line {number}: {name!r} of a {op} holds more than bytes")
        if kind is list and not all(isinstance(item, str) and _is_latin(item) for item in value):
            raise RunError(f"line {number}: {name!r} of a {op} is not a list of words")
        data[name] = value
    surplus = record.keys() - data.keys() - {"t", "n", "op", "w"}
    if surplus:
        raise RunError(f"line {number}: a {op} has no {min(surplus)!r:.40}")
    n = _integer(number, record, "n", 1, MAX_LINES)
    if n != index + 1:
        raise RunError(f"line {number}: input {n} where {index + 1} was due")
    wall = _integer(number, record, "w", 0, MAX_INT) if "w" in record else 0
    return Input(_integer(number, record, "t", 0, MAX_TIME), n, op, data, wall)


_WORDS = {int: "a whole number", str: "a text", bool: "true or false", list: "a list"}


def _is_latin(value: str) -> bool:
    return not value or max(value) <= "\xff"


def _note(number: int, record: dict[str, Any]) -> Note:
    data = {key: value for key, value in record.items() if key not in ("t", "note", "w")}
    wall = _integer(number, record, "w", 0, MAX_INT) if "w" in record else 0
    return Note(record["t"], _text(number, record, "note", 32), data, wall)


def _result(number: int, record: dict[str, Any]) -> Result:
    if record["result"] not in ("win", "lose"):
        raise RunError(f"line {number}: a result is 'win' or 'lose'")
    splits = record.get("splits")
    if not isinstance(splits, dict) or not all(
        type(time) is int and 0 <= time <= MAX_TIME and goal.isprintable()
        for goal, time in splits.items()
    ):
        raise RunError(f"line {number}: 'splits' does not give each goal its time")
    return Result(
        t=record["t"],
        won=record["result"] == "win",
        time=_integer(number, record, "time", 0, MAX_TIME),
        keys=_integer(number, record, "keys", 0, MAX_LINES),
        commands=_integer(number, record, "commands", 0, MAX_INT),
        collateral=_integer(number, record, "collateral", 0, MAX_LINES),
        splits=tuple(splits.items()),
        digest=_text(number, record, "digest", 128),
    )
