"""What a seed decides: the level's ``vary`` drawn, and ``{{name}}`` replaced by what came out.

Each entry draws from a stream of its own, so that adding one leaves the others as they were.
"""

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from minios.game.spec import Level, Vary
from minios.sim.random import Rng

OPEN, CLOSE = "{{", "}}"

_FIRST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_REST = _FIRST | frozenset("0123456789.-")


def references(text: str) -> list[tuple[int, int, str]]:
    """Each ``{{name}}`` in ``text`` as (start, end, name). ``\\{{`` and anything else is text."""
    found = []
    at = text.find(OPEN)
    while at >= 0:
        end = text.find(CLOSE, at)
        if end < 0:
            break
        name = text[at + 2 : end]
        escaped = at > 0 and text[at - 1] == "\\"
        if not escaped and name[:1] in _FIRST and _REST.issuperset(name):
            found.append((at, end + 2, name))
            at = text.find(OPEN, end + 2)
        else:
            at = text.find(OPEN, at + 1)
    return found


def substitute(text: str, values: dict[str, str]) -> str:
    """``text`` with every known ``{{name}}`` replaced and ``\\{{`` turned into ``{{``."""
    if OPEN not in text:
        return text
    parts = []
    last = 0
    for start, end, name in references(text):
        if name in values:
            parts += [text[last:start].replace("\\{{", OPEN), values[name]]
            last = end
    parts.append(text[last:].replace("\\{{", OPEN))
    return "".join(parts)


def names(vary: Vary) -> list[str]:
    """The names that an entry defines: its own, or ``own.part`` when it deals several values."""
    return [f"{vary.name}.{part}" for part in vary.to] if vary.to else [vary.name]


def draw(vary: tuple[Vary, ...], seed: int) -> dict[str, str]:
    """Every name's value for ``seed``."""
    values: dict[str, str] = {}
    for each in vary:
        rng = Rng(seed, f"vary.{each.name}")
        if each.kind == "int":
            drawn = _integers(each, rng, max(1, len(each.to)))
        else:
            drawn = list(each.items)
            rng.shuffle(drawn)
        values |= zip(names(each), drawn, strict=False)
    return values


def _integers(vary: Vary, rng: Rng, count: int) -> list[str]:
    """``count`` different ones."""
    steps = (vary.high - vary.low) // vary.step + 1
    chosen: dict[int, None] = {}
    while len(chosen) < min(count, steps):
        chosen[rng.below(steps)] = None
    return [str(vary.low + step * vary.step) for step in chosen]


@cache
def _templated(cls: type) -> tuple[str, ...]:
    """The fields of a spec class that may hold text, directly or further down."""
    return tuple(each.name for each in fields(cls) if each.type not in (int, bool, int | None))


def _resolve(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, str):
        return substitute(value, values)
    if isinstance(value, tuple):
        items = tuple([_resolve(item, values) for item in value])
        return items if items != value else value
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for name in _templated(type(value)):
        old = getattr(value, name)
        new = _resolve(old, values)
        if new != old:
            changed[name] = new
    return replace(value, **changed) if changed else value


def resolve(level: Level, seed: int) -> Level:
    """The level as it is for ``seed``: no ``{{name}}`` of ``vary`` is left."""
    resolved: Level = _resolve(level, draw(level.vary, seed) | {"player": level.player.user})
    return resolved
