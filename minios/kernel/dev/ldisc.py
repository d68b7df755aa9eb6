"""The line discipline: what becomes of typed bytes before a program reads them (termios(3)).

In canonical mode a line is edited here until newline, EOF or EOL completes it; otherwise bytes are
readable as they come. Echo, erasing and signal characters follow Linux's n_tty; characters are
taken as UTF-8 (IUTF8) when one is erased.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from minios.abi import flags
from minios.abi.flags import (
    ECHO,
    ECHOCTL,
    ECHOE,
    ECHOK,
    ECHOKE,
    ECHONL,
    ICANON,
    ICRNL,
    IEXTEN,
    IGNCR,
    INLCR,
    ISIG,
    IXON,
    NOFLSH,
    ONLCR,
    OPOST,
)
from minios.abi.records import Termios
from minios.abi.signals import Sig

LINE_LIMIT = 4095
"""Bytes that may wait, edited or complete; what comes beyond is dropped with a BEL (termios(3))."""

BEL, TAB, NL, CR, BACKSPACE = 7, 9, 10, 13, 8

_NO_WIDTH = bytes([*range(32), 127, *range(0x80, 0xC0)])
"""Bytes that do not move the cursor: controls and what continues a UTF-8 character."""

_WORD = frozenset(
    byte
    for byte in range(256)
    if (chr(byte).isascii() and (chr(byte).isalnum() or byte == 95))
    or (byte >= 0xC0 and byte not in (0xD7, 0xF7))
)
"""First bytes of what word-erase takes for letters: ASCII's, digits, ``_`` and Latin-1's."""

DEFAULT_TERMIOS = Termios(
    ICRNL | IXON | 0o40000,
    OPOST | ONLCR,
    0o2277,
    ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    b"\x03\x1c\x7f\x15\x04\x00\x01\x00\x11\x13\x1a\x00\x12\x0f\x17\x16\x00\x00\x00",
)
"""A Linux console's: 38400 baud, 8 bits, CREAD, HUPCL; ICRNL IXON IUTF8 and the usual keys."""


class Terminal(Protocol):
    """What the line discipline asks of the terminal it serves."""

    def echo(self, data: bytes) -> None:
        """Show ``data``, already processed for output."""

    def interrupt(self, sig: int) -> None:
        """Send a signal to the foreground process group."""

    def flush_output(self) -> None: ...

    def stop(self) -> None: ...

    def start(self) -> None: ...


class LineDiscipline:
    """``ready`` holds what may be read: in canonical mode a line an item (an empty one is EOF)."""

    __slots__ = (
        "_canon_column",
        "_column",
        "_held",
        "_literal",
        "line",
        "ready",
        "terminal",
        "termios",
    )

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.termios = DEFAULT_TERMIOS
        self.ready: deque[bytes] = deque()
        self.line = bytearray()
        self._held = 0
        self._literal = False
        self._column = 0
        self._canon_column = 0

    # -- reading -------------------------------------------------------------------------------

    @property
    def canonical(self) -> bool:
        return self.termios.lflag & ICANON != 0

    @property
    def available(self) -> int:
        """Bytes that may be read."""
        return self._held - len(self.ready)

    @property
    def held(self) -> int:
        """How much of :data:`LINE_LIMIT` is taken by what may be read."""
        return self._held

    def take(self, count: int) -> bytes:
        """Up to ``count`` bytes: of one line in canonical mode, of everything otherwise."""
        if self.canonical:
            return self._take_item(count) if self.ready else b""
        pieces: list[bytes] = []
        while self.ready and count:
            pieces.append(self._take_item(count))
            count -= len(pieces[-1])
        return b"".join(pieces)

    def _take_item(self, count: int) -> bytes:
        item = self.ready[0]
        if len(item) <= count:
            self.ready.popleft()
            self._held -= len(item) + 1
            return item
        self.ready[0] = item[count:]
        self._held -= count
        return item[:count]

    def _complete(self, data: bytes) -> None:
        self.ready.append(data)
        self._held += len(data) + 1

    def flush_input(self) -> None:
        """Discard what was typed and not read."""
        self.ready.clear()
        self.line.clear()
        self._held = 0
        self._literal = False

    def configure(self, termios: Termios) -> None:
        """Take new modes. What waits becomes readable when ICANON changes, as in Linux."""
        if (self.termios.lflag ^ termios.lflag) & ICANON:
            waiting = b"".join(self.ready) + bytes(self.line)
            self.ready.clear()
            self.line.clear()
            self._held = 0
            if waiting:
                self._complete(waiting)
        self.termios = termios

    # -- typing --------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes typed at the terminal."""
        for byte in data:
            if self._literal:
                self._literal = False
                self._store(byte)
            elif not self._control(byte):
                self._ordinary(byte)

    def _control(self, byte: int) -> bool:
        """Flow control and signals, which every mode may have."""
        cc = self.termios.cc
        if not byte:
            return False
        if self.termios.iflag & IXON:
            if byte == cc[flags.VSTART]:
                self.terminal.start()
                return True
            if byte == cc[flags.VSTOP]:
                self.terminal.stop()
                return True
        if self.termios.lflag & ISIG:
            if byte == cc[flags.VINTR]:
                sig = Sig.SIGINT
            elif byte == cc[flags.VQUIT]:
                sig = Sig.SIGQUIT
            elif byte == cc[flags.VSUSP]:
                sig = Sig.SIGTSTP
            else:
                return False
            # The signal first: a writer that the flush wakes must find it and not write on.
            self.terminal.interrupt(sig)
            if not self.termios.lflag & NOFLSH:
                self.flush_input()
                self.terminal.flush_output()
            if self.termios.iflag & IXON:
                self.terminal.start()
            if self.termios.lflag & ECHO:
                self._echo_char(byte)
            return True
        return False

    def _ordinary(self, byte: int) -> None:
        iflag, _, _, lflag, cc = self.termios
        returned = byte == CR
        if returned:
            if iflag & IGNCR:
                return
            if iflag & ICRNL:
                byte = NL
        elif byte == NL and iflag & INLCR:
            byte = CR
        if lflag & ICANON and self._edit(byte, lflag, cc):
            return
        self._store(byte, shown=b"\n" if returned and byte == NL else None)

    def _edit(self, byte: int, lflag: int, cc: bytes) -> bool:
        """The characters that edit or complete a line; False for any other."""
        if byte == NL:
            if lflag & (ECHO | ECHONL):
                self._show(b"\n")
            self._finish(b"\n")
        elif not byte:
            return False
        elif byte == cc[flags.VEOF]:
            self._finish(b"")
        elif byte == cc[flags.VEOL]:
            if lflag & ECHO:
                self._echo_char(byte)
            self._finish(bytes([byte]))
        elif byte == cc[flags.VERASE]:
            self._erase(byte, lflag)
        elif byte == cc[flags.VKILL]:
            self._kill(byte, lflag)
        elif lflag & IEXTEN and byte == cc[flags.VWERASE]:
            self._erase_word(lflag)
        elif lflag & IEXTEN and byte == cc[flags.VLNEXT]:
            self._literal = True
            if lflag & ECHO and lflag & ECHOCTL:
                self._show(b"^\b")
        elif lflag & IEXTEN and lflag & ECHO and byte == cc[flags.VREPRINT]:
            self._echo_char(byte)
            self._show(b"\n")
            for typed in self.line:
                self._echo_char(typed)
        else:
            return False
        return True

    def _finish(self, end: bytes) -> None:
        if self._held + len(self.line) <= LINE_LIMIT:
            self._complete(bytes(self.line) + end)
            self.line.clear()
        else:
            self._show(b"\a")

    def _store(self, byte: int, shown: bytes | None = None) -> None:
        """Take an ordinary character; ``shown`` is its echo if that is not the usual one."""
        if self._held + len(self.line) >= LINE_LIMIT:
            self._show(b"\a")
            return
        lflag = self.termios.lflag
        if lflag & ECHO:
            if not self.line:
                self._canon_column = self._column
            if shown is None:
                self._echo_char(byte)
            else:
                self._show(shown)
        if lflag & ICANON:
            self.line.append(byte)
        elif self.ready:
            self.ready[-1] += bytes([byte])
            self._held += 1
        else:
            self._complete(bytes([byte]))

    # -- erasing -------------------------------------------------------------------------------

    def _erase(self, byte: int, lflag: int) -> None:
        char = self._cut_char()
        if char and lflag & ECHO and not lflag & ECHOE:
            self._echo_char(byte)
        elif char:
            self._rub_out(char, lflag)

    def _kill(self, byte: int, lflag: int) -> None:
        if not self.line:
            return
        if lflag & ECHO and not (lflag & ECHOK and lflag & ECHOKE and lflag & ECHOE):
            self.line.clear()
            self._echo_char(byte)
            if lflag & ECHOK:
                self._show(b"\n")
            return
        while char := self._cut_char():
            self._rub_out(char, lflag)

    def _erase_word(self, lflag: int) -> None:
        """Erase back to the start of the last word, a word being letters, digits and ``_``."""
        seen = False
        while char := self._cut_char():
            word = char[0] in _WORD
            if seen and not word:
                self.line += char
                break
            seen = seen or word
            self._rub_out(char, lflag)

    def _cut_char(self) -> bytes:
        """Take the last character, all its bytes, off the line; empty if it has no whole one."""
        line = self.line
        start = len(line) - 1
        while start > 0 and line[start] & 0xC0 == 0x80:
            start -= 1
        if start < 0 or line[start] & 0xC0 == 0x80:
            return b""
        char = bytes(line[start:])
        del line[start:]
        return char

    def _rub_out(self, char: bytes, lflag: int) -> None:
        """Remove from the screen what ``char``, already off the line, had put there."""
        if not lflag & ECHO:
            return
        first = char[0]
        if first == TAB:
            self._show(b"\b" * self._tab_width(lflag))
        elif first < 32 or first == 127:
            if lflag & ECHOCTL:
                self._show(b"\b \b\b \b")
        else:
            self._show(b"\b \b")

    def _tab_width(self, lflag: int) -> int:
        """The columns that the tab after the present line took."""
        column = 0
        for at in range(len(self.line) - 1, -1, -1):
            byte = self.line[at]
            if byte == TAB:
                break
            if byte < 32 or byte == 127:
                column += 2 if lflag & ECHOCTL else 0
            elif byte & 0xC0 != 0x80:
                column += 1
        else:
            column += self._canon_column
        return 8 - column % 8

    # -- output --------------------------------------------------------------------------------

    def _echo_char(self, byte: int) -> None:
        if self.termios.lflag & ECHOCTL and (byte < 32 or byte == 127) and byte != TAB:
            self._show(bytes([94, byte ^ 64]))
        else:
            self._show(bytes([byte]))

    def _show(self, data: bytes) -> None:
        self.terminal.echo(self.process(data))

    def process(self, data: bytes) -> bytes:
        """Output as the terminal gets it: OPOST and ONLCR. Keeps track of the column."""
        oflag = self.termios.oflag
        if not oflag & OPOST:
            return data
        onlcr = oflag & ONLCR
        at = max(data.rfind(b"\n") if onlcr else -1, data.rfind(b"\r"))
        if at >= 0:
            self._column = self._canon_column = 0
        tail = data[at + 1 :]
        if b"\t" in tail or b"\b" in tail or b"\n" in tail:
            self._track(tail)
        else:
            self._column += len(tail.translate(None, _NO_WIDTH))
        return data.replace(b"\n", b"\r\n") if onlcr else data

    def _track(self, data: bytes) -> None:
        column = self._column
        for byte in data:
            if byte == TAB:
                column += 8 - column % 8
            elif byte == BACKSPACE:
                column = max(0, column - 1)
            elif byte == NL:
                self._canon_column = column
            elif byte >= 32 and byte != 127 and byte & 0xC0 != 0x80:
                column += 1
        self._column = column

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            tuple(self.termios),
            list(self.ready),
            bytes(self.line),
            self._literal,
            self._column,
            self._canon_column,
        )
