"""The line editor: emacs keys as readline has them, history, search, completion, paste.

The terminal is in raw mode only while a line is edited. Keys are read one by one, so that what is
typed ahead stays with the terminal for whatever the line runs; only a bracketed paste is read in
blocks.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.records import Termios
from minios.userland.lib.utf8 import cells, decode, encode, width
from minios.userland.shell import completion
from minios.userland.shell.display import Display
from minios.userland.shell.errors import Interrupted
from minios.userland.shell.history import History
from minios.userland.shell.keys import PASTE_END, KeyDecoder

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

MAX_LINE = 65536
"""Characters of one edited text; more is refused with a bell."""

MAX_LISTED = 400
"""Candidates that a second tab lists at most."""

PASTE_BLOCK = 4096

_PASTE_ON = "\x1b[?2004h"
_PASTE_OFF = "\x1b[?2004l"


def raw(modes: Termios) -> Termios:
    """The modes for editing: byte by byte, no echo, no signals, output processed."""
    cc = bytearray(modes.cc)
    cc[flags.VMIN], cc[flags.VTIME] = 1, 0
    return modes._replace(
        iflag=modes.iflag & ~(flags.ICRNL | flags.INLCR | flags.IGNCR | flags.IXON),
        oflag=modes.oflag | flags.OPOST | flags.ONLCR,
        lflag=modes.lflag & ~(flags.ICANON | flags.ECHO | flags.ISIG | flags.IEXTEN),
        cc=bytes(cc),
    )


class LineEditor:
    """Edits one line after the other on the shell's terminal."""

    def __init__(self, shell: "Shell", history: History) -> None:
        self.sh = shell
        self.history = history
        self.fd = shell.terminal
        self.text: list[str] = []
        self.point: int = 0
        self.display = Display(80)
        self.decoder = KeyDecoder()
        self.prompt = ""
        self.killed: list[str] = []
        self._killing = False
        self._tabs = 0
        self._ahead = b""
        self._dirty: int | None = None
        # History: the entry shown (or the draft, at the end), and edits made to entries.
        self._position = 0
        self._drafts: dict[int, list[str]] = {}
        self._last_argument = 0
        self._last_length = 0

    # -- one line ------------------------------------------------------------------------------

    async def read(self, prompt: bytes) -> bytes | None:
        """Edit a line and return it without its newline; None at end of file.

        Raises Interrupted for ctrl+c. OSError when the terminal is gone.
        """
        sys = self.sh.sys
        modes = await sys.tcgetattr(self.fd)
        await sys.tcsetattr(self.fd, raw(modes))
        self.text = []
        self.point = 0
        self._drafts.clear()
        self._position = len(self.history.entries)
        self._tabs = self._last_argument = 0
        self._killing = False
        self.prompt = decode(prompt)
        self.display = Display((await sys.winsize(self.fd)).cols or 80)
        self.display.text(_PASTE_ON)
        self.display.prompt(self.prompt)
        await self._show()
        result: bytes | None = b""
        interrupted = False
        try:
            while True:
                key = await self._key()
                outcome = await self._act(key)
                if outcome is not None:
                    result = encode("".join(self.text)) if outcome else None
                    break
                await self._show()
        except Interrupted:
            interrupted = True
        self._dirty = None
        self.display.draw(self.text, len(self.text), len(self.text))
        if interrupted:
            self.display.text("^C")
        self.display.finish()
        self.display.text(_PASTE_OFF)
        await self._send()
        await sys.tcsetattr(self.fd, modes)
        if interrupted:
            raise Interrupted
        return result

    async def _send(self) -> None:
        data = self.display.take()
        if data:
            await self.sh.write(self.fd, data)

    async def _show(self) -> None:
        if self._dirty is not None:
            self.sh.cycles += 4 * (len(self.text) - self._dirty)
            self.display.draw(self.text, self._dirty, self.point)
            self._dirty = None
        else:
            self.display.draw(self.text, len(self.text), self.point)
        await self._send()

    async def _byte(self) -> int:
        """The next typed byte; a window that changed its size meanwhile is redrawn."""
        traps = self.sh.traps
        while True:
            if traps.resized:
                traps.resized = False
                await self._resize()
            if self._ahead:
                byte = self._ahead[0]
                self._ahead = self._ahead[1:]
                return byte
            try:
                data = await self.sh.sys.read(self.fd, 1)
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise
                traps.check_interrupt()
                if traps.pending:
                    await self._run_traps()
                continue
            if not data:
                raise OSError(int(Errno.EIO), "")
            return data[0]

    async def _run_traps(self) -> None:
        """Run a trap's action below the line, then draw the line again."""
        self.display.erase()
        await self._send()
        await self.sh.traps.run()
        self._redraw()
        await self._show()

    async def _key(self) -> str:
        while True:
            key = self.decoder.feed(await self._byte())
            if key is not None:
                return key

    async def _resize(self) -> None:
        self.display.erase()
        await self._send()
        self.display = Display((await self.sh.sys.winsize(self.fd)).cols or 80)
        self._redraw()
        await self._show()

    def _redraw(self) -> None:
        self.display.prompt(self.prompt)
        self._dirty = 0

    # -- what keys do --------------------------------------------------------------------------

    async def _act(self, key: str) -> bool | None:
        """Carry out a key. True: the line is entered; False: end of file."""
        if key in ("\r", "\n"):
            return True
        if key == "\x04" and not self.text:
            return False
        killing, self._killing = self._killing, False
        tabs, self._tabs = self._tabs, 0
        last_argument, self._last_argument = self._last_argument, 0
        if key == "\x03":
            raise Interrupted
        if key == "\t":
            self._tabs = tabs + 1
            await self._complete()
        elif key == "\x12":
            return await self._search()
        elif key == "paste":
            await self._paste()
        elif key in ("alt+.", "alt+_"):
            self._last_argument = last_argument + 1
            self._insert_last_argument()
        elif key == "\x0c":
            self.display.clear_screen()
            self._redraw()
        elif key == "\x16":
            self.insert(chr(await self._byte()))
        elif key in _KILLS:
            start, end = _KILLS[key](self)
            self._kill(start, end, append=killing)
        elif key in _MOVES:
            self.point = _MOVES[key](self)
        elif key in _EDITS:
            _EDITS[key](self)
        elif key and (len(key) == 1 or "+" not in key) and key not in _NAMED:
            if key[0] >= " " and key[0] != "\x7f":
                self.insert(key)
            else:
                self.display.bell()
        return None

    def insert(self, text: str) -> None:
        """Insert at the cursor."""
        room = MAX_LINE - len(self.text)
        if len(text) > room:
            text = text[:room]
            self.display.bell()
        if not text:
            return
        self._touch(self.point)
        if self.point == len(self.text):
            self.text.extend(text)
        else:
            self.text[self.point : self.point] = text
        self.point += len(text)

    def delete(self, start: int, end: int) -> str:
        """Remove a range; the cursor goes to its start."""
        removed = "".join(self.text[start:end])
        if removed:
            self._touch(start)
            del self.text[start:end]
        self.point = start
        return removed

    def replace(self, text: str, point: int | None = None) -> None:
        """Have the whole line be ``text``."""
        same = 0
        while same < len(text) and same < len(self.text) and text[same] == self.text[same]:
            same += 1
        self._touch(same)
        self.text = list(text)
        self.point = len(self.text) if point is None else point

    def _touch(self, index: int) -> None:
        if self._dirty is None or index < self._dirty:
            self._dirty = index

    def _kill(self, start: int, end: int, *, append: bool) -> None:
        backward = end == self.point
        removed = self.delete(start, end)
        if not removed:
            return
        self._killing = True
        if append and self.killed:
            old = self.killed.pop()
            removed = removed + old if backward else old + removed
        self.killed = [removed]

    def yank(self) -> None:
        if self.killed:
            self.insert(self.killed[-1])

    def left(self) -> int:
        """The start of the character before the cursor, with what combines with it."""
        at = max(self.point - 1, 0)
        while at and width(self.text[at]) == 0:
            at -= 1
        return at

    def right(self) -> int:
        at, end = min(self.point + 1, len(self.text)), len(self.text)
        while at < end and width(self.text[at]) == 0:
            at += 1
        return at

    def delete_left(self) -> None:
        if self.point:
            self.delete(self.left(), self.point)
        else:
            self.display.bell()

    def delete_right(self) -> None:
        if self.point < len(self.text):
            self.delete(self.point, self.right())
        else:
            self.display.bell()

    def transpose(self) -> None:
        """ctrl+t: swap the characters around the cursor."""
        at = min(self.point, len(self.text) - 1)
        if at < 1:
            self.display.bell()
            return
        self._touch(at - 1)
        self.text[at - 1], self.text[at] = self.text[at], self.text[at - 1]
        self.point = at + 1

    def change_case(self, change: str) -> None:
        """alt+u, alt+l, alt+c: the word after the cursor."""
        end = self.word_right()
        word = "".join(self.text[self.point : end])
        start = self.point
        if change == "upper":
            word = word.upper()
        elif change == "lower":
            word = word.lower()
        else:
            bare = word.lstrip(" ")
            word = word[: len(word) - len(bare)] + bare[:1].upper() + bare[1:].lower()
        if len(word) == end - start:
            self._touch(start)
            self.text[start:end] = word
        self.point = end

    def word_left(self) -> int:
        """The start of the word before the cursor; words are letters and digits."""
        at = self.point
        while at and not self.text[at - 1].isalnum():
            at -= 1
        while at and self.text[at - 1].isalnum():
            at -= 1
        return at

    def word_right(self) -> int:
        at, end = self.point, len(self.text)
        while at < end and not self.text[at].isalnum():
            at += 1
        while at < end and self.text[at].isalnum():
            at += 1
        return at

    def blank_left(self) -> int:
        """The start of the word before the cursor; words end at blanks (ctrl+w)."""
        at = self.point
        while at and self.text[at - 1].isspace():
            at -= 1
        while at and not self.text[at - 1].isspace():
            at -= 1
        return at

    def line_start(self) -> int:
        at = self.point
        while at and self.text[at - 1] != "\n":
            at -= 1
        return at

    def line_end(self) -> int:
        at = self.point
        while at < len(self.text) and self.text[at] != "\n":
            at += 1
        return at

    # -- history -------------------------------------------------------------------------------

    def show_entry(self, position: int) -> None:
        """Go to a history entry; what was typed or changed is kept until the line is entered."""
        entries = self.history.entries
        if not 0 <= position <= len(entries):
            self.display.bell()
            return
        self._drafts[self._position] = self.text
        self._position = position
        draft = self._drafts.get(position)
        if draft is None:
            draft = list(decode(entries[position])) if position < len(entries) else []
        self.replace("".join(draft))

    def previous_entry(self) -> None:
        self.show_entry(self._position - 1)

    def next_entry(self) -> None:
        self.show_entry(self._position + 1)

    def first_entry(self) -> None:
        self.show_entry(0)

    def last_entry(self) -> None:
        self.show_entry(len(self.history.entries))

    def _insert_last_argument(self) -> None:
        entries = self.history.entries
        if self._last_argument > len(entries):
            self.display.bell()
            return
        words = decode(entries[-self._last_argument]).split()
        if self._last_argument > 1:
            self.delete(self.point - self._last_length, self.point)
        word = words[-1] if words else ""
        self._last_length = len(word)
        self.insert(word)

    async def _search(self) -> bool | None:
        """ctrl+r: find an entry that contains what is typed. Other keys act on what was found."""
        entries = self.history.entries
        saved = ("".join(self.text), self.point, self.prompt)
        pattern = ""
        position = len(entries)
        found = ""
        failed = False
        while True:
            label = f"({'failed ' if failed else ''}reverse-i-search)`{pattern}': "
            self._relabel(label, found)
            await self._show()
            key = await self._key()
            if key == "\x12" or (len(key) == 1 and key >= " " and key != "\x7f"):
                if key == "\x12":
                    start = position - 1
                else:
                    pattern += key
                    start = min(position, len(entries) - 1)
                hit = self._find(pattern, start) if pattern else None
                failed = hit is None and bool(pattern)
                if hit is not None:
                    position, found = hit, decode(entries[hit])
                continue
            if key in ("\x7f", "\x08"):
                pattern = pattern[:-1]
                hit = self._find(pattern, len(entries) - 1) if pattern else None
                failed = hit is None and bool(pattern)
                position = len(entries) if hit is None else hit
                found = "" if hit is None else decode(entries[hit])
                continue
            break
        give_up = key in ("\x07", "\x03")
        text, point = (saved[0], saved[1]) if give_up or not pattern else (found, len(found))
        self._relabel(saved[2], text)
        self.point = point
        if not give_up and pattern:
            self._position = position
        if key == "\x03":
            raise Interrupted
        return None if give_up or key == "\x1b" else await self._act(key)

    def _find(self, pattern: str, start: int) -> int | None:
        wanted = encode(pattern)
        entries = self.history.entries
        for at in range(min(start, len(entries) - 1), -1, -1):
            if wanted in entries[at]:
                return at
        return None

    def _relabel(self, prompt: str, text: str) -> None:
        self.display.erase()
        self.prompt = prompt
        self.text = list(text)
        self.point = len(self.text)
        self._redraw()

    # -- completion and paste ------------------------------------------------------------------

    async def _complete(self) -> None:
        if self._tabs > 2:
            self._tabs = 2
        before = encode("".join(self.text[: self.point]))
        found = await completion.complete(self.sh, before)
        if found is None:
            self.display.bell()
            self._tabs = 0
            return
        old = before[found.start :]
        if found.text != old and (len(found.candidates) == 1 or len(found.text) >= len(old)):
            if found.text.startswith(old):
                self.insert(decode(found.text[len(old) :]))
            else:
                self.delete(len(decode(before[: found.start])), self.point)
                self.insert(decode(found.text))
            if len(found.candidates) == 1:
                self._tabs = 0
                return
            if found.text.startswith(old) or self._tabs < 2:
                self.display.bell()
                self._tabs = 1
                return
        if self._tabs < 2:
            self.display.bell()
            return
        await self._list(found.candidates)

    async def _list(self, candidates: list[bytes]) -> None:
        """Show the candidates in columns below the line, then the line again."""
        self._dirty = None
        self.display.draw(self.text, len(self.text), len(self.text))
        self.display.finish()
        names = [decode(name) for name in candidates[:MAX_LISTED]]
        room = max(map(cells, names)) + 2
        columns = max(self.display.columns // room, 1)
        rows = -(-len(names) // columns)
        for row in range(rows):
            *before, last = names[row::rows]
            padded = "".join(name + " " * (room - cells(name)) for name in before) + last
            self.display.text("".join(c if c >= " " else "?" for c in padded) + "\n")
        if len(candidates) > MAX_LISTED:
            self.display.text(f"… and {len(candidates) - MAX_LISTED} more\n")
        self._redraw()

    async def _paste(self) -> None:
        """A bracketed paste: its text goes into the line as it is, newlines too."""
        data = self._ahead
        self._ahead = b""
        while True:
            end = data.find(PASTE_END)
            if end >= 0:
                self._ahead = data[end + len(PASTE_END) :]
                self._insert_pasted(data[:end])
                return
            # Keep what may be the beginning of the end; show the rest.
            keep = len(PASTE_END) + 3
            self._insert_pasted(data[:-keep])
            data = data[-keep:]
            await self._show()
            try:
                block = await self.sh.sys.read(self.fd, PASTE_BLOCK)
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise
                self.sh.traps.check_interrupt()
                continue
            if not block:
                raise OSError(int(Errno.EIO), "")
            if b"\x03" in block:
                raise Interrupted  # whoever pastes may never come to the end
            data += block

    def _insert_pasted(self, data: bytes) -> None:
        text = decode(data.replace(b"\n", b"\n").replace(b"\r", b"\n"))
        self.insert("".join(char for char in text if char >= " " or char in "\n\t"))


_MOVES: dict[str, Callable[[LineEditor], int]] = {
    "left": LineEditor.left,
    "right": LineEditor.right,
    "\x02": LineEditor.left,
    "\x06": LineEditor.right,
    "home": LineEditor.line_start,
    "end": LineEditor.line_end,
    "\x01": LineEditor.line_start,
    "\x05": LineEditor.line_end,
    "alt+b": LineEditor.word_left,
    "alt+f": LineEditor.word_right,
    "ctrl+left": LineEditor.word_left,
    "ctrl+right": LineEditor.word_right,
    "alt+left": LineEditor.word_left,
    "alt+right": LineEditor.word_right,
}

_KILLS: dict[str, Callable[[LineEditor], tuple[int, int]]] = {
    "\x0b": lambda e: (e.point, e.line_end()),
    "\x15": lambda e: (e.line_start(), e.point),
    "\x17": lambda e: (e.blank_left(), e.point),
    "alt+d": lambda e: (e.point, e.word_right()),
    "alt+\x7f": lambda e: (e.word_left(), e.point),
    "alt+ctrl+h": lambda e: (e.word_left(), e.point),
    "ctrl+delete": lambda e: (e.point, e.word_right()),
}

_EDITS: dict[str, Callable[[LineEditor], None]] = {
    "\x7f": LineEditor.delete_left,
    "\x08": LineEditor.delete_left,
    "\x04": LineEditor.delete_right,
    "delete": LineEditor.delete_right,
    "\x14": LineEditor.transpose,
    "\x19": LineEditor.yank,
    "up": LineEditor.previous_entry,
    "\x10": LineEditor.previous_entry,
    "down": LineEditor.next_entry,
    "\x0e": LineEditor.next_entry,
    "pageup": LineEditor.first_entry,
    "pagedown": LineEditor.last_entry,
    "alt+<": LineEditor.first_entry,
    "alt+>": LineEditor.last_entry,
    "alt+u": lambda e: e.change_case("upper"),
    "alt+l": lambda e: e.change_case("lower"),
    "alt+c": lambda e: e.change_case("capital"),
}

_NAMED = frozenset(["insert"])
