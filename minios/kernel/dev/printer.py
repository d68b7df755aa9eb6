"""The line printer: hardware with paper in it, and the device /dev/lp0 (lp(4)).

It prints ``rate`` characters a second out of a small buffer and interrupts when it has printed
some. A page is ejected after 66 lines or at a form feed. Without paper, or off-line, it stands
still and whoever writes to it waits. One process at a time has it open: EBUSY for the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.errno import Errno, error
from minios.abi.printer import (
    LP_PACK,
    LP_PBUSY,
    LP_PERRORP,
    LP_POUTPA,
    LP_PSELECD,
    LPABORT,
    LPGETSTATUS,
    LPRESET,
)
from minios.kernel.files.file import File
from minios.kernel.log import LOG_INFO
from minios.kernel.wait import About, WaitQueue
from minios.sim.world import MARK_FILE, SECOND

if TYPE_CHECKING:
    from minios.fs.inode import Dentry
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.sim.world import Timer, World

BUFFER = 256
"""Bytes that the printer takes ahead of the paper."""
PAGE_LINES = 66
TRAY = 256 << 10
"""Bytes of printed text that are kept: the newest pages."""
LUMPS = 10
"""Interrupts a second while it prints."""


class Printer:
    """The machine's printer. What it printed lies in ``tray``; that outlives a power cycle."""

    def __init__(self, world: World, rate: int = 100, sheets: int = 250) -> None:
        self.world = world
        self.rate = rate
        self.sheets = sheets
        self.online = True
        self.tray = bytearray()
        self.pages = 0
        """Pages that were begun since the machine was built."""
        self.printed = 0
        """Characters printed since then."""
        self.buffer = bytearray()
        self.lines = 0
        """Lines on the page that is being printed; 0 with ``started`` false: between pages."""
        self.started = False
        self.holder: PrinterFile | None = None
        self._kernel: Kernel | None = None
        self._room: WaitQueue | None = None
        self._timer: Timer | None = None
        self._told = ""

    # -- power and paper -----------------------------------------------------------------------

    def attach(self, kernel: Kernel) -> None:
        """A kernel has booted and drives it."""
        self._kernel = kernel
        self._room = WaitQueue(kernel, "lp_write")
        self._room.about = self._about
        self.holder = None
        self.reset()

    def _about(self) -> About:
        if self.trouble:
            return About("device", f"while the printer is {self.trouble}", outside="its panel")
        return About("device", "until the printer has room", outside="the printer")

    def reset(self) -> None:
        """Forget what was not printed yet, and begin on a new page."""
        self.buffer.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.started, self.lines = False, 0
        self._changed()

    def load_paper(self, sheets: int) -> None:
        """Put so many sheets in."""
        self.sheets = sheets
        self._changed()

    def set_online(self, online: bool) -> None:
        """The ON LINE button."""
        self.online = online
        self._changed()

    def take_away(self) -> bytes:
        """Everything in the tray, which is empty then."""
        pages = bytes(self.tray)
        self.tray.clear()
        self._changed()
        return pages

    def _changed(self) -> None:
        self.world.mark(MARK_FILE)
        self._go_on()
        if self._room is not None:
            self._room.wake()

    # -- printing ------------------------------------------------------------------------------

    @property
    def trouble(self) -> str:
        """Why it stands still, in the driver's words; empty if it does not."""
        if not self.online:
            return "off-line"
        return "out of paper" if not self.sheets and not self.started else ""

    def put(self, data: bytes) -> int:
        """Take what fits into the buffer; how much that was."""
        taken = data[: BUFFER - len(self.buffer)]
        self.buffer += taken
        self._go_on()
        return len(taken)

    def _go_on(self) -> None:
        """Print on, if there is something to print and nothing in the way."""
        if self._timer is not None or not self.buffer:
            return
        trouble = self.trouble
        if trouble:
            self._report(trouble)
            return
        self._told = ""
        count = min(len(self.buffer), max(1, self.rate // LUMPS))
        due = self.world.now + -(-count * SECOND // self.rate)
        self._timer = self.world.timer(due, self._print, count)

    def _print(self, count: int) -> None:
        self._timer = None
        kernel = self._kernel
        if kernel is None or kernel.halted:
            return
        kernel.interrupts.count("lp0")
        done = 0
        while done < count and self.online:
            if not self.started:
                if not self.sheets:
                    break
                self.sheets -= 1
                self.pages += 1
                self.started, self.lines = True, 0
            byte = self.buffer[done]
            done += 1
            self.tray.append(byte)
            if byte == 10:
                self.lines += 1
            if byte == 12 or self.lines == PAGE_LINES:
                self.started, self.lines = False, 0
        del self.buffer[:done]
        del self.tray[:-TRAY]
        self.printed += done
        self.world.mark(MARK_FILE)
        if self._room is not None:
            self._room.wake()
        self._go_on()

    def _report(self, trouble: str) -> None:
        """Say once in the kernel's log what is wrong."""
        if trouble != self._told and self._kernel is not None:
            self._told = trouble
            self._kernel.log.put(f"lp0 {trouble}", LOG_INFO)

    @property
    def room(self) -> WaitQueue:
        """Where a writer waits."""
        assert self._room is not None
        return self._room

    def status(self) -> int:
        """The bits of LPGETSTATUS."""
        bits = LP_PACK | LP_PERRORP
        if self.online:
            bits |= LP_PSELECD
        if self.trouble == "out of paper":
            bits = bits & ~LP_PERRORP | LP_POUTPA
        if not self.trouble and len(self.buffer) < BUFFER:
            bits |= LP_PBUSY
        return bits

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.rate, self.sheets, self.online, bytes(self.tray), self.pages, self.printed,
            bytes(self.buffer), self.lines, self.started, self.holder is not None,
        )  # fmt: skip


class PrinterFile(File):
    """The open printer; there is never more than one."""

    __slots__ = ("_abort", "printer")

    def __init__(self, kernel: Kernel, dentry: Dentry, oflag: int, printer: Printer) -> None:
        super().__init__(kernel, dentry, oflag)
        self.printer = printer
        self._abort = False
        printer.holder = self

    def read(self, pcb: PCB, count: int) -> bytes:
        return b""

    def write(self, pcb: PCB, data: bytes) -> int | WaitQueue:
        """Returns when the printer has taken everything; with LPABORT trouble is an error at once.

        EAGAIN EIO (off-line) ENOSPC (no paper).
        """
        printer = self.printer
        done: int = pcb.progress or 0
        done += printer.put(data[done:])
        if done == len(data):
            return done
        if self._abort and printer.trouble:
            if done:
                return done
            raise error(Errno.ENOSPC if printer.trouble == "out of paper" else Errno.EIO)
        if self.nonblock:
            if done:
                return done
            raise error(Errno.EAGAIN)
        if done:
            pcb.progress = done
        return printer.room

    def ioctl(self, pcb: PCB, request: int, argument: Any) -> Any:
        """LPGETSTATUS, LPRESET, LPABORT (lp(4)). EINVAL."""
        if request == LPGETSTATUS:
            return self.printer.status()
        if request == LPRESET:
            self.printer.reset()
            return 0
        if request == LPABORT:
            self._abort = bool(argument)
            return 0
        raise error(Errno.EINVAL)

    def poll(self) -> int:
        return flags.POLLOUT if len(self.printer.buffer) < BUFFER else 0

    def queues(self) -> tuple[WaitQueue, ...]:
        return (self.printer.room,)

    def close(self) -> None:
        if self.printer.holder is self:
            self.printer.holder = None
        super().close()


def open_printer(kernel: Kernel, pcb: PCB, dentry: Dentry, oflag: int) -> File:
    """Open /dev/lp0. EBUSY while somebody has it, ENXIO if the machine has none."""
    printer = kernel.machine.printer
    if printer is None:
        raise error(Errno.ENXIO)
    if printer.holder is not None:
        raise error(Errno.EBUSY)
    return PrinterFile(kernel, dentry, oflag, printer)


# -- /proc/driver/lp0 --------------------------------------------------------------------------


def _printer(kernel: Kernel) -> Printer:
    printer = kernel.machine.printer
    if printer is None:
        raise error(Errno.ENODEV)
    return printer


def status_text(kernel: Kernel) -> bytes:
    """/proc/driver/lp0/status: what the panel shows."""
    printer = _printer(kernel)
    state = printer.trouble or ("printing" if printer.buffer else "ready")
    return (
        f"state:\t{state}\nspeed:\t{printer.rate} characters/s\npaper:\t{printer.sheets} sheets\n"
        f"buffer:\t{len(printer.buffer)} of {BUFFER} bytes\n"
        f"printed:\t{printer.printed} characters, {printer.pages} pages\n"
        f"open:\t{'yes' if printer.holder is not None else 'no'}\n"
    ).encode()


def tray_text(kernel: Kernel) -> bytes:
    """/proc/driver/lp0/tray: what came out."""
    return bytes(_printer(kernel).tray)


def press(kernel: Kernel, data: bytes, who: Any) -> None:
    """/proc/driver/lp0/panel: ``online``, ``offline``, ``paper N``, ``reset``, ``empty``.

    EINVAL for anything else.
    """
    printer = _printer(kernel)
    words = data.split()
    if words == [b"online"] or words == [b"offline"]:
        printer.set_online(words == [b"online"])
    elif words == [b"reset"]:
        printer.reset()
    elif words == [b"empty"]:
        printer.take_away()
    elif len(words) == 2 and words[0] == b"paper" and words[1].isdigit() and len(words[1]) < 6:
        printer.load_paper(int(words[1]))
    else:
        raise error(Errno.EINVAL)
