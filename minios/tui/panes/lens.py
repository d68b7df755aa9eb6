"""The packet lens: a frame layer by layer, its bytes, and the levels of the cable for its bits."""

from __future__ import annotations

from minios.game.net.view import FieldView, LensView
from minios.net.wire import linecode
from minios.tui.canvas import Row, Span, on
from minios.tui.text import clip, clock, pad, plain
from minios.tui.theme import Palette

_LEAD = 8
"""Bytes before the frame on the cable: preamble and SFD."""

_DUMP = 74
"""Columns of the bytes with their addresses and characters."""

_NAMES = {"manchester": "Manchester, 10 Mbit/s", "4b5b": "4B5B + NRZI", "mlt3": "4B5B + MLT-3"}


class Lens:
    """Draws a :class:`LensView`. ``at`` is the chosen field, ``code`` the line code shown."""

    def __init__(self) -> None:
        self.at = 0
        self.code = 0
        self._id = 0
        self._top = 0
        self._levels: dict[str, list[int]] = {}

    def move(self, view: LensView, step: int) -> None:
        """To another field."""
        count = len(_fields(view))
        self.at = min(max(self.at + step, 0), max(count - 1, 0))

    def turn(self, view: LensView, step: int) -> None:
        """To the first field of another layer."""
        starts, at = [], 0
        for layer in view.layers:
            starts.append(at)
            at += len(layer.fields)
        here = max((i for i, start in enumerate(starts) if start <= self.at), default=0)
        if starts:
            self.at = starts[min(max(here + step, 0), len(starts) - 1)]

    def next_code(self) -> None:
        self.code = (self.code + 1) % len(linecode.CODES)

    def rows(self, view: LensView, ink: Palette, width: int, height: int) -> list[Row]:
        if view.id != self._id:
            self._id, self._top = view.id, 0
            self._levels.clear()
            self.at = min(self.at, max(len(_fields(view)) - 1, 0))
        head: Row = (
            (f" {clock(view.time)} ", ink.faint),
            (clip(plain(view.title), width - 14), ink.text),
        )
        room = height - 1
        fields = _fields(view)
        chosen = fields[self.at] if self.at < len(fields) else None
        if room < 8:
            return [head, *self._list(view, ink, width, room)]
        wave = self._wave(view, chosen, ink, width) if room >= 12 and chosen else []
        room -= len(wave)
        if width >= _DUMP + 36:
            left = width - _DUMP
            ours = self._list(view, ink, left, room)
            theirs = _dump(view.data, chosen, ink, room)
            ours += [()] * (room - len(ours))
            body = []
            for at in range(room):
                row = theirs[at] if at < len(theirs) else ()
                body.append((*_filled(ours[at], left, ink), *row))
        else:
            lines = min(max(room // 3, 3), -(-len(view.data) // 16))
            body = self._list(view, ink, width, room - lines)
            body += [()] * (room - lines - len(body))
            body += _dump(view.data, chosen, ink, lines)
        return [head, *body, *wave]

    def _list(self, view: LensView, ink: Palette, width: int, room: int) -> list[Row]:
        """Layers with their fields below them; the chosen one is kept in sight."""
        rows: list[Row] = []
        number, here = 0, 0
        for layer in view.layers:
            title = f" {layer.name}"
            said = plain(layer.summary) if layer.summary != view.title else ""
            rows.append(
                (
                    (title, ink.title),
                    (clip(f"  {said}", width - len(title)), ink.faint),
                )
            )
            for field in layer.fields:
                row: Row = (
                    (f"   {pad(field.name, 18)} ", ink.dim),
                    (clip(plain(field.value), max(width - 24, 4)), ink.text),
                )
                if number == self.at:
                    here = len(rows)
                    row = on(((f" ▸{row[0][0][2:]}", ink.bold), row[1]), ink.chosen, width)
                rows.append(row)
                number += 1
        self._top = min(max(self._top, here - room + 1), here)
        self._top = max(min(self._top, len(rows) - room), 0)
        if here - self._top < 1 and self._top:
            self._top -= 1  # the layer's name above its first field
        return rows[self._top : self._top + room]

    def _wave(self, view: LensView, field: FieldView, ink: Palette, width: int) -> list[Row]:
        """The field's bits as they leave, the lowest bit of each byte first, and their levels."""
        code = linecode.CODES[self.code]
        if code not in self._levels:
            self._levels[code] = linecode.encode(linecode.on_the_wire(view.data), code)
        per = 16 if code == "manchester" else 10
        first = field.bit // 8
        last = (field.bit + max(field.bits, 1) - 1) // 8
        count = max(min((width - 2) // per, last - first + 1), 1)
        start = (_LEAD + first) * per
        levels = self._levels[code][start : start + count * per]
        data = view.data[first : first + count]
        if code == "manchester":
            marks = "".join(f"{bit} " for bit in linecode.bits(data))
        else:
            marks = "".join(
                linecode.SYMBOLS[byte & 15] + linecode.SYMBOLS[byte >> 4] for byte in data
            )
        more = f", {count} of its {last - first + 1} bytes" if count <= last - first else ""
        what = "byte" if first == last else "bytes"
        title = f" {_NAMES[code]}: the {what} of {plain(field.name)} on the cable{more}"
        rows: list[Row] = [((title, ink.title), ("   c: another code", ink.faint))]
        rows.append(((" " + marks, ink.dim),))
        high, middle, low = linecode.drawing(levels)
        rows.append(((" " + high, ink.accent),))
        rows.append(((" " + middle, ink.accent),))
        rows.append(((" " + low, ink.accent),))
        return rows


def _fields(view: LensView) -> list[FieldView]:
    return [field for layer in view.layers for field in layer.fields]


def _filled(row: Row, width: int, ink: Palette) -> Row:
    used = sum(len(text) for text, _ in row)
    return (*row, (" " * max(width - used, 0), ink.text))


def _dump(data: bytes, field: FieldView | None, ink: Palette, room: int) -> list[Row]:
    """Bytes in hexadecimal, sixteen a row, those of the chosen field marked."""
    first = field.bit // 8 if field is not None else -1
    last = (field.bit + field.bits - 1) // 8 if field is not None and field.bits else -1
    lines = -(-len(data) // 16)
    top = max(min(first // 16 - room // 2, lines - room), 0)
    rows: list[Row] = []
    for line in range(top, min(top + room, lines)):
        spans: list[Span] = [(f" {line * 16:04x} ", ink.faint)]
        text: list[Span] = [("  ", ink.text)]
        part = data[line * 16 : line * 16 + 16]
        for at in range(16):
            offset = line * 16 + at
            mine = first <= offset <= last
            edge = (
                "[" if offset == first else "]" if offset == last + 1 and at and last >= 0 else " "
            )
            spans.append((edge if mine or offset == last + 1 else " ", ink.bold))
            if at < len(part):
                spans.append((f"{part[at]:02x}", ink.chosen if mine else ink.text))
                char = chr(part[at]) if 32 <= part[at] < 127 else "."
                text.append((char, ink.chosen if mine else ink.dim))
            else:
                spans.append(("  ", ink.text))
        rows.append((*_joined(spans), *_joined(text)))
    return rows


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Neighbours of one style as one."""
    found: list[Span] = []
    for text, style in spans:
        if found and found[-1][1] is style:
            found[-1] = (found[-1][0] + text, style)
        else:
            found.append((text, style))
    return tuple(found)
