"""Full-screen programs: raw keys, signals as keys, and a screen that repaints what changed.

The terminal is a small xterm: cursor addressing, SGR attributes, erasing, the alternate screen.
Lines are bytes that may hold SGR sequences; the caller sees to their width.
"""

from minios.abi.errno import Errno
from minios.abi.flags import (
    CLOCK_MONOTONIC,
    ECHO,
    ICANON,
    ICRNL,
    IEXTEN,
    INLCR,
    ISIG,
    IXON,
    POLLIN,
    TCSETSW,
    VMIN,
    VTIME,
)
from minios.abi.records import Termios, Winsize
from minios.abi.signals import SIG_DFL, SIG_IGN, Sig
from minios.abi.sys import Disposition, Sys
from minios.userland.lib.stdio import write_all
from minios.userland.lib.utf8 import decode, sequence_length

ALTERNATE_ON = b"\033[?1049h\033[H\033[2J"
ALTERNATE_OFF = b"\033[?1049l"
HIDE_CURSOR = b"\033[?25l"
SHOW_CURSOR = b"\033[?25h"
CLEAR = b"\033[H\033[2J"
CLEAR_LINE = b"\033[K"
CLEAR_BELOW = b"\033[J"
REVERSE = b"\033[7m"
BOLD = b"\033[1m"
UNDERLINE = b"\033[4m"
NORMAL = b"\033[m"

RESIZE = "RESIZE"
INTERRUPT = "INTERRUPT"
RESUMED = "RESUMED"
TIMEOUT = "TIMEOUT"
END = "EOF"
"""Keys that nobody pressed: the window changed, ^C as a signal, back from a stop, no key in time,
the terminal is gone."""

_DEADLY = (Sig.SIGHUP, Sig.SIGTERM, Sig.SIGQUIT)

_SEQUENCES = {
    b"[A": "UP", b"[B": "DOWN", b"[C": "RIGHT", b"[D": "LEFT", b"[H": "HOME", b"[F": "END",
    b"OA": "UP", b"OB": "DOWN", b"OC": "RIGHT", b"OD": "LEFT", b"OH": "HOME", b"OF": "END",
    b"[1~": "HOME", b"[2~": "INSERT", b"[3~": "DELETE", b"[4~": "END", b"[5~": "PGUP",
    b"[6~": "PGDN", b"[7~": "HOME", b"[8~": "END", b"OP": "F1", b"OQ": "F2", b"OR": "F3",
    b"OS": "F4", b"[11~": "F1", b"[12~": "F2", b"[13~": "F3", b"[14~": "F4", b"[15~": "F5",
    b"[17~": "F6", b"[18~": "F7", b"[19~": "F8", b"[20~": "F9", b"[21~": "F10", b"[23~": "F11",
    b"[24~": "F12", b"[Z": "BACKTAB", b"[200~": "PASTE", b"[201~": "PASTED",
    b"[1;5A": "C-UP", b"[1;5B": "C-DOWN", b"[1;5C": "C-RIGHT", b"[1;5D": "C-LEFT",
    b"[1;5H": "C-HOME", b"[1;5F": "C-END", b"[[A": "F1", b"[[B": "F2", b"[[C": "F3",
    b"[[D": "F4", b"[[E": "F5",
}  # fmt: skip
_PENDING_MAX = 1 << 16


def control(letter: str) -> str:
    """The key that ctrl and a letter make: ``control("G")`` is ``"^G"``."""
    return f"^{letter}"


def split_key(data: bytes) -> tuple[str, int]:
    """The first key of what was typed, and how many bytes it is; data is not empty.

    A character is itself, a control character ``^X``, a named key its name; ``M-`` stands before
    what came with Alt. A sequence that nobody knows is ``"?"``.
    """
    first = data[0]
    if first == 0x1B:
        return _escape(data)
    if first == 0x7F:
        return "BACKSPACE", 1
    if first < 32:
        named = {9: "TAB", 10: "^J", 13: "ENTER"}.get(first)
        return named or f"^{chr(first + 64)}", 1
    size = min(sequence_length(first), len(data))
    text = decode(data[:size])
    return (text, size) if len(text) == 1 else (text[0], 1)


def _escape(data: bytes) -> tuple[str, int]:
    if len(data) == 1:
        return "ESC", 1
    if data[1:2] == b"O" and len(data) > 2:
        return _SEQUENCES.get(data[1:3], "?"), 3
    if data[1:2] != b"[" or len(data) == 2:
        key, size = split_key(data[1:])
        return f"M-{key}", size + 1
    at = 3 if data[2:3] == b"[" else 2
    while at < len(data) and not 0x40 <= data[at] <= 0x7E:
        at += 1
    end = min(at + 1, len(data))
    return _SEQUENCES.get(data[1:end], "?"), end


def move(row: int, column: int) -> bytes:
    """Put the cursor on a cell; both count from 0."""
    return b"\033[%d;%dH" % (row + 1, column + 1)


class Screen:
    """The terminal while a full-screen program has it.

    ``signals`` says whether ^C, ^Z and ^\\ are signals (and ^C then the key INTERRUPT) or plain
    keys; ``alternate`` whether what was on the screen comes back at the end. ``on`` and ``off`` are
    sent when the program takes the terminal and when it lets go of it.
    """

    def __init__(
        self,
        sys: Sys,
        fd_in: int,
        fd_out: int = 1,
        *,
        signals: bool = True,
        alternate: bool = True,
        on: bytes = b"",
        off: bytes = b"",
    ) -> None:
        self.sys = sys
        self.fd_in = fd_in
        self.fd_out = fd_out
        self.signals = signals
        self.alternate = alternate
        self._on = on
        self._off = off
        self.rows, self.cols = 24, 80
        self.running = False
        self._modes: Termios | None = None
        self._old: dict[int, Disposition] = {}
        self._typed = b""
        self._events: list[str] = []
        self._deadly = 0
        self._stop = False
        self._shown: list[bytes] | None = None

    # -- beginning and end ---------------------------------------------------------------------

    async def start(self) -> None:
        """Take the terminal. OSError ENOTTY if it is none."""
        self._modes = await self.sys.tcgetattr(self.fd_in)
        await self.measure()
        for sig in (Sig.SIGWINCH, Sig.SIGCONT, Sig.SIGTSTP, *_DEADLY):
            old = await self.sys.sigaction(sig, self._on_signal)
            if old == SIG_IGN and sig != Sig.SIGWINCH:
                await self.sys.sigaction(sig, SIG_IGN)
            self._old[sig] = old
        if self.signals:
            self._old[Sig.SIGINT] = await self.sys.sigaction(Sig.SIGINT, self._on_signal)
        await self._enter()

    async def stop(self) -> None:
        """Give the terminal back as it was."""
        if self.running:
            await self._leave()
        for sig, old in self._old.items():
            await self.sys.sigaction(sig, old)
        self._old.clear()

    async def _enter(self) -> None:
        if self._modes is None:
            return
        modes = self._modes
        lflag = modes.lflag & ~(ICANON | ECHO | IEXTEN)
        iflag = modes.iflag & ~(INLCR | ICRNL)
        if not self.signals:
            lflag &= ~ISIG
            iflag &= ~IXON
        cc = bytearray(modes.cc)
        cc[VMIN], cc[VTIME] = 1, 0
        raw = modes._replace(lflag=lflag, iflag=iflag, cc=bytes(cc))
        await self.sys.tcsetattr(self.fd_in, raw, TCSETSW)
        await self.write((ALTERNATE_ON if self.alternate else b"") + self._on)
        self.running = True
        self._shown = None

    async def _leave(self) -> None:
        tail = self._off + SHOW_CURSOR + NORMAL
        if self.alternate:
            tail += ALTERNATE_OFF
        await self.write(tail)
        if self._modes is not None:
            await self.sys.tcsetattr(self.fd_in, self._modes, TCSETSW)
        self.running = False

    async def measure(self) -> None:
        """Ask how large the window is."""
        try:
            size = await self.sys.winsize(self.fd_in)
        except OSError:
            size = Winsize(0, 0)
        self.rows, self.cols = size.rows or 24, size.cols or 80

    async def write(self, data: bytes) -> None:
        """Write as it is."""
        while data:
            try:
                await write_all(self.sys, self.fd_out, data)
                return
            except OSError as err:
                if err.errno != Errno.EINTR:
                    raise

    # -- signals -------------------------------------------------------------------------------

    async def _on_signal(self, _: Sys, sig: int) -> None:
        if sig == Sig.SIGWINCH:
            self._event(RESIZE)
        elif sig == Sig.SIGINT:
            self._event(INTERRUPT)
        elif sig == Sig.SIGCONT:
            self._event(RESUMED)
        elif sig == Sig.SIGTSTP:
            self._stop = True
        else:
            self._deadly = sig

    def _event(self, name: str) -> None:
        if name not in self._events:
            self._events.append(name)

    def interrupted(self) -> bool:
        """Whether ^C came as a signal; forgets it."""
        if INTERRUPT in self._events:
            self._events.remove(INTERRUPT)
            return True
        return bool(self._deadly)

    async def _obey(self) -> str | None:
        """Do what signals ask for; the key they are, if any."""
        if self._deadly:
            sig = self._deadly
            await self._leave()
            await self.sys.sigaction(sig, SIG_DFL)
            await self.sys.kill(await self.sys.getpid(), sig)
            await self.sys.exit(128 + sig)
        if self._stop:
            await self.suspend()
        if not self._events:
            return None
        event = self._events.pop(0)
        if event == RESUMED:
            # Whoever had the terminal meanwhile left it in another mode.
            await self._enter()
            await self.measure()
        elif event == RESIZE:
            await self.measure()
            self._shown = None
        return event

    async def suspend(self) -> None:
        """Stop as ^Z does, with the terminal as it was; returns when continued."""
        self._stop = False
        await self._leave()
        old = await self.sys.sigaction(Sig.SIGTSTP, SIG_DFL)
        await self.sys.kill(await self.sys.getpid(), Sig.SIGTSTP)
        await self.sys.sigaction(Sig.SIGTSTP, old)
        self._event(RESUMED)

    # -- keys ----------------------------------------------------------------------------------

    async def key(self, timeout: int | None = None) -> str:
        """The next key; TIMEOUT if none comes within ``timeout`` ns. Blocks in read(2) without one,
        so that the terminal counts as waiting for its player."""
        deadline = None
        if timeout is not None:
            deadline = await self.sys.clock_gettime(CLOCK_MONOTONIC) + timeout
        while True:
            event = await self._obey()
            if event is not None:
                return event
            if self._typed:
                name, size = split_key(self._typed)
                self._typed = self._typed[size:]
                return name
            try:
                if deadline is not None:
                    left = deadline - await self.sys.clock_gettime(CLOCK_MONOTONIC)
                    if left <= 0 or not await self.sys.poll([(self.fd_in, POLLIN)], left):
                        return await self._obey() or TIMEOUT
                data = await self.sys.read(self.fd_in, 1024)
            except OSError as err:
                if err.errno == Errno.EINTR:
                    continue
                return END
            if not data:
                return END
            self._typed = (self._typed + data)[:_PENDING_MAX]

    def typed(self) -> bool:
        """Whether another key is there already."""
        return bool(self._typed or self._events)

    def next_plain(self) -> str:
        """Take the next key if it is there already and an ordinary character; else empty."""
        if not self._typed or self._events or self._typed[0] < 32 or self._typed[0] == 127:
            return ""
        name, size = split_key(self._typed)
        if len(name) != 1:
            return ""
        self._typed = self._typed[size:]
        return name

    async def waiting(self) -> bool:
        """Whether a key could be read now without waiting."""
        if self.typed():
            return True
        return bool(await self.sys.poll([(self.fd_in, POLLIN)], 0))

    # -- painting ------------------------------------------------------------------------------

    async def show(self, lines: list[bytes], cursor: tuple[int, int] | None = None) -> None:
        """Make the screen show ``lines`` (as many as it has rows, or fewer); only those that differ
        from what it shows are sent. Without ``cursor`` (row, column) the cursor is hidden."""
        lines = lines[: self.rows]
        old = self._shown
        out: list[bytes] = [HIDE_CURSOR]
        if old is None:
            out.append(NORMAL + CLEAR)
            old = []
        for row, line in enumerate(lines):
            if (row >= len(old) or old[row] != line) and (row < len(old) or line):
                # Erased first: after a full line the cursor still stands on its last cell.
                out.append(move(row, 0) + CLEAR_LINE + line + NORMAL)
        if len(old) > len(lines):
            out.append(move(len(lines), 0) + CLEAR_BELOW)
        if cursor is not None:
            out.append(move(*cursor) + SHOW_CURSOR)
        self._shown = list(lines)
        if len(out) > 1 or cursor is not None:
            await self.write(b"".join(out))

    def forget(self) -> None:
        """What is on the screen is not known any more; the next :meth:`show` paints all of it."""
        self._shown = None
