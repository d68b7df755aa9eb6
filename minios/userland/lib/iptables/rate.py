"""Matches with a memory: limit and statistic."""

from __future__ import annotations

from typing import Any, ClassVar

from minios.abi.netfilter import Option, Part
from minios.userland.lib.iptables.extension import Extension, Problem, bang, strtoul
from minios.userland.lib.iptables.names import Names

_SCALE = 10000
"""A period is counted in 1/10000 s (XT_LIMIT_SCALE)."""
_UNITS = (
    ("day", 24 * 60 * 60 * _SCALE), ("hour", 60 * 60 * _SCALE), ("min", 60 * _SCALE),
    ("sec", _SCALE),
)  # fmt: skip


class Limit(Extension):
    name = "limit"
    takes: ClassVar[dict[str, int]] = {"limit": 1, "limit-burst": 1}

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        if name == "limit-burst":
            return self.integer(name, values[0], 0, 10000)
        count, slash, unit = values[0].partition("/")
        number = strtoul(count)
        seconds = 1
        if slash:
            matching = [
                size for word, size in
                (("second", 1), ("minute", 60), ("hour", 3600), ("day", 86400))
                if unit and word.startswith(unit.lower())
            ]  # fmt: skip
            if not matching:
                raise Problem(f'bad rate "{values[0]}"\'')
            seconds = matching[0]
        if not number:
            raise Problem(f'bad rate "{values[0]}"\'')
        if number / seconds > _SCALE:
            raise Problem(f'Rate too fast "{values[0]}"')
        return _SCALE * seconds // number

    def part(self) -> Part:
        self.given.setdefault("limit", Option("limit", _SCALE * 3600 // 3))
        self.given.setdefault("limit-burst", Option("limit-burst", 5))
        return super().part()

    @classmethod
    def save(cls, part: Part) -> str:
        text = f" --limit {_rate(part.get('limit'))}"
        burst = part.get("limit-burst")
        return text if burst == 5 else f"{text} --limit-burst {burst}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return f" limit: avg {_rate(part.get('limit'))} burst {part.get('limit-burst')}"


def _rate(period: int) -> str:
    """A period as so many a unit, the smallest that does (print_rate)."""
    name, size = _UNITS[0]
    for shorter, less in _UNITS[1:]:
        if period > less or less // period < less % period:
            break
        name, size = shorter, less
    return f"{size // period}/{name}"


class Statistic(Extension):
    name = "statistic"
    takes: ClassVar[dict[str, int]] = {"mode": 1, "probability": 1, "every": 1, "packet": 1}
    invertible = frozenset({"probability", "every"})
    required = ("mode",)

    def value(self, name: str, values: list[str], inverted: bool) -> Any:
        text = values[0]
        if name == "mode":
            if text not in ("random", "nth"):
                raise Problem(f'Bad mode "{text}"')
            return text
        if name == "probability":
            share = _decimal(text)
            if share is None:
                raise Problem(
                    'statistic: bad value for option "--probability", or out of range (0-1).\n'
                )
            return share
        return self.integer(name, text, 1 if name == "every" else 0, 0xFFFFFFFF)

    def check(self) -> None:
        super().check()
        if self.given["mode"].value == "random":
            if "probability" not in self.given:
                raise Problem("--probability must be specified when using random mode")
            return
        if "every" not in self.given:
            raise Problem("--every must be specified when using nth mode")
        if "packet" not in self.given:
            raise Problem('statistic: option "--every" also requires "--packet".\n')
        if self.given["packet"].value >= self.given["every"].value:
            raise Problem("the --packet p must be 0 <= p <= n-1")

    @classmethod
    def _text(cls, part: Part, dash: str) -> str:
        for option in part.options:
            mark = bang(option.inverted)
            if option.name == "probability":
                # eleven digits of the share, which the kernel keeps in 31 bits
                digits = (option.value * 10**11 * 2 + (1 << 31)) // (1 << 32)
                number = f"{digits // 10**11}.{digits % 10**11:011d}"
                return f"mode random {mark}{dash}probability {number}"
            if option.name == "every":
                packet = part.get("packet", 0)
                return f"mode nth {mark}{dash}every {option.value} {dash}packet {packet}"
        return ""

    @classmethod
    def save(cls, part: Part) -> str:
        return f" --{cls._text(part, '--')}"

    @classmethod
    def show(cls, part: Part, names: Names | None, protocol: int) -> str:
        return f" statistic {cls._text(part, '')}"


def _decimal(text: str) -> int | None:
    """A share of 0 to 1 in parts of 2**31, rounded as lround(3); None if it is none."""
    whole, _, rest = text.partition(".")
    digits = whole + rest
    if not digits.isascii() or not digits.isdigit() or len(digits) > 40:
        return None
    number, scale = int(digits), 10 ** len(rest)
    if number > scale:
        return None
    share: int = (number * (1 << 32) + scale) // (2 * scale)
    return share
