"""Control sequences taken apart: ECMA-48 with the states of DEC's VT500 parser.

The parser keeps no more than a short sequence in memory whatever arrives, raises for nothing and
throws away every string sequence (OSC titles and clipboards, DCS, APC, PM, SOS) unread, so that
nothing in a level can reach the player's own terminal through them.
"""

import re
from enum import Enum, auto
from typing import Protocol

_TEXT = re.compile("[^\x00-\x1f\x7f-\x9f]+")
_STRING_END = re.compile("[\x07\x18\x1a\x1b\x9c]")

_LONGEST = 64
"""Characters of parameters a sequence may have; a longer one is ignored to its end."""


class Sink(Protocol):
    """Where the pieces go."""

    def text(self, data: str) -> None:
        """Printable characters, at least one."""

    def control(self, char: str) -> None:
        """A C0 control character other than ESC, CAN and SUB."""

    def escape(self, intermediates: str, final: str) -> None:
        """``ESC I… F``."""

    def csi(self, params: str, intermediates: str, final: str) -> None:
        """``CSI P… I… F``; the parameters as written, private marker first."""


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    CSI = auto()
    IGNORE = auto()
    STRING = auto()


class Parser:
    """Feed it text in pieces of any size; a sequence may be cut anywhere."""

    def __init__(self) -> None:
        self._state = _State.GROUND
        self._params = ""
        self._intermediates = ""

    def feed(self, data: str, sink: Sink) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._state is _State.GROUND:
                match = _TEXT.match(data, at)
                if match:
                    sink.text(match.group())
                    at = match.end()
                    continue
            elif self._state is _State.STRING:
                match = _STRING_END.search(data, at)
                if not match:
                    return
                at = match.end()
                self._enter(_State.ESCAPE if match.group() == "\x1b" else _State.GROUND)
                continue
            char = data[at]
            at += 1
            if char < " ":
                self._control(char, sink)
            elif self._state is _State.GROUND or char == "\x7f":
                continue  # DEL and the C1 controls
            elif char > "~":
                self._enter(_State.GROUND)  # no sequence holds such a character: print it
                at -= 1
            elif self._state is _State.ESCAPE:
                self._in_escape(char, sink)
            else:
                self._in_csi(char, sink)

    def _enter(self, state: _State) -> None:
        self._state = state
        self._params = self._intermediates = ""

    def _control(self, char: str, sink: Sink) -> None:
        if char == "\x1b":
            self._enter(_State.ESCAPE)
        elif char in "\x18\x1a":
            self._enter(_State.GROUND)
        else:
            sink.control(char)  # is obeyed even inside a sequence

    def _in_escape(self, char: str, sink: Sink) -> None:
        if char <= "/":
            self._intermediates = (self._intermediates + char)[:4]
        elif char == "[" and not self._intermediates:
            self._enter(_State.CSI)
        elif char in "]PX^_" and not self._intermediates:
            self._enter(_State.STRING)
        else:
            intermediates = self._intermediates
            self._enter(_State.GROUND)
            sink.escape(intermediates, char)

    def _in_csi(self, char: str, sink: Sink) -> None:
        if char >= "@":
            ignored = self._state is _State.IGNORE
            params, intermediates = self._params, self._intermediates
            self._enter(_State.GROUND)
            if not ignored:
                sink.csi(params, intermediates, char)
        elif char <= "/":
            self._intermediates = (self._intermediates + char)[:4]
        elif self._intermediates or len(self._params) >= _LONGEST:
            self._state = _State.IGNORE
        else:
            self._params += char
