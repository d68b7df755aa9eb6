"""What a record tells of its bits, for whoever shows a packet layer by layer."""

from __future__ import annotations

from typing import Any, NamedTuple


class Field(NamedTuple):
    """A field: what it is called, its value as text, and which bits it has.

    ``offset`` counts bits from the first of the record, ``length`` is how many there are.
    """

    name: str
    value: str
    offset: int
    length: int


def fields_in_a_row(*parts: tuple[str, str, int], start: int = 0) -> list[Field]:
    """Fields that follow one another; a part is (name, value, bits), one of no bits is left out."""
    row = []
    for name, value, length in parts:
        if length:
            row.append(Field(name, value, start, length))
            start += length
    return row


def data_field(payload: bytes, start: int) -> list[Field]:
    """The rest of a message: the bytes nobody here explains."""
    return fields_in_a_row(("data", f"{len(payload)} bytes", 8 * len(payload)), start=start)


def same(one: Any, other: Any, slots: tuple[str, ...]) -> bool:
    """Whether two records of one class agree in ``slots``."""
    return one.__class__ is other.__class__ and all(
        getattr(one, slot) == getattr(other, slot) for slot in slots
    )


def shown(one: Any, slots: tuple[str, ...]) -> str:
    """A record as text for a developer."""
    return f"{type(one).__name__}({', '.join(f'{s}={getattr(one, s)!r}' for s in slots)})"
