"""The line printer /dev/lp0 (lp(4)), and the interrupts it and others raise."""

from __future__ import annotations

from typing import Any

from minios.abi.errno import Errno
from minios.abi.flags import O_NONBLOCK, O_WRONLY, POLLOUT
from minios.abi.printer import LP_PBUSY, LP_POUTPA, LP_PSELECD, LPABORT, LPGETSTATUS, LPRESET
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_locks import errno_of
from tests.kernel.test_procfs import cat

LP = b"/dev/lp0"


def rig_with(main: Any, *, rate: int = 100, sheets: int = 250, seconds: int = 60) -> Rig:
    rig = Rig()
    assert rig.machine.printer is not None
    rig.machine.printer.rate = rate
    rig.machine.printer.load_paper(sheets)
    pcb = rig.start(main)
    rig.run(seconds)
    assert (pcb.exit_status, pcb.pid in rig.kernel.processes) == (0, False)
    return rig


def test_it_prints_so_many_characters_a_second() -> None:
    async def main(sys: Sys) -> None:
        fd = await sys.open(LP, O_WRONLY)
        before = await sys.clock_gettime(1)
        await sys.write(fd, b"x" * 456)
        took = await sys.clock_gettime(1) - before
        assert 2 * SECOND <= took < 2 * SECOND + SECOND // 10  # but for what the buffer holds

    rig = rig_with(main)
    printer = rig.machine.printer
    assert printer is not None
    assert (bytes(printer.tray), printer.printed, printer.pages) == (b"x" * 456, 456, 1)
    assert rig.kernel.interrupts.counts == {"lp0": 46}


def test_one_process_at_a_time_has_it_open() -> None:
    async def child(sys: Sys, fd: int) -> int:
        await sys.nanosleep(SECOND)
        return 0

    async def main(sys: Sys) -> None:
        fd = await sys.open(LP, O_WRONLY)
        assert await errno_of(sys.open(LP, O_WRONLY)) == Errno.EBUSY
        await sys.fork(child, fd)
        await sys.close(fd)
        assert await errno_of(sys.open(LP, O_WRONLY)) == Errno.EBUSY  # the child has it still
        await sys.waitpid()
        await sys.open(LP, O_WRONLY)

    rig_with(main)


def test_without_paper_it_stands_still_until_there_is_some() -> None:
    """The page that is in it is printed to its end; then the writer waits."""

    async def main(sys: Sys) -> None:
        fd = await sys.open(LP, O_WRONLY | O_NONBLOCK)
        await sys.write(fd, b"a\f" + b"b" * 200)
        await sys.nanosleep(5 * SECOND)
        assert await cat(sys, b"/proc/driver/lp0/tray") == b"a\f"
        status = await sys.ioctl(fd, LPGETSTATUS)
        assert (status & LP_POUTPA, status & LP_PSELECD, status & LP_PBUSY) == (32, 16, 0)
        assert await sys.write(fd, b"c" * 100) == 56
        assert await errno_of(sys.write(fd, b"c")) == Errno.EAGAIN
        assert await sys.poll([(fd, POLLOUT)], 0) == []
        await sys.ioctl(fd, LPABORT, 1)
        assert await errno_of(sys.write(fd, b"c")) == Errno.ENOSPC
        panel = await sys.open(b"/proc/driver/lp0/panel", O_WRONLY)
        await sys.write(panel, b"paper 5\n")
        await sys.nanosleep(5 * SECOND)
        assert await cat(sys, b"/proc/driver/lp0/tray") == b"a\f" + b"b" * 200 + b"c" * 56
        await sys.write(panel, b"offline\n")
        await sys.write(fd, b"d")
        text = await cat(sys, b"/proc/driver/lp0/status")
        assert text.splitlines()[0] == b"state:\toff-line"
        await sys.ioctl(fd, LPRESET)
        await sys.write(panel, b"online\n")
        await sys.nanosleep(SECOND)
        assert (await cat(sys, b"/proc/driver/lp0/tray"))[-1:] == b"c"
        assert await errno_of(sys.write(panel, b"dance\n")) == Errno.EINVAL

    rig = rig_with(main, sheets=1)
    log = [record.text for record in rig.kernel.log.since(0) if b"lp0" in record.text]
    assert log == [b"lp0 out of paper", b"lp0 off-line"]


def test_a_page_is_66_lines() -> None:
    async def main(sys: Sys) -> None:
        fd = await sys.open(LP, O_WRONLY)
        await sys.write(fd, b"\n" * 67)

    rig = rig_with(main)
    assert rig.machine.printer is not None
    assert (rig.machine.printer.pages, rig.machine.printer.sheets) == (2, 248)


def test_paper_survives_a_power_cut_and_the_buffer_does_not() -> None:
    async def main(sys: Sys) -> None:
        fd = await sys.open(LP, O_WRONLY)
        await sys.write(fd, b"0123456789" * 20)
        await sys.nanosleep(100 * SECOND)

    rig = Rig()
    rig.start(main)
    rig.run(1)
    rig.machine.power_off()
    rig.machine.power_on()
    rig.run(10)
    printer = rig.machine.printer
    assert printer is not None
    assert bytes(printer.tray) == b"0123456789" * 9


def test_interrupts_are_listed_by_core_and_number() -> None:
    async def main(sys: Sys) -> None:
        await sys.nanosleep(SECOND)
        rows = (await cat(sys, b"/proc/interrupts")).decode().splitlines()
        assert rows[0].split() == ["CPU0", "CPU1"]
        table = {row.split(":")[0].strip(): row.split(":")[1].split() for row in rows[1:]}
        assert table["5"][2:] == ["RISC-V", "INTC", "5", "Edge", "riscv-timer"]
        assert int(table["5"][0]) + int(table["5"][1]) == 1  # the end of the sleep
        assert table["8"][2:] == ["SiFive", "PLIC", "8", "Edge", "sda"]
        intr = next(r for r in (await cat(sys, b"/proc/stat")).splitlines() if r[:4] == b"intr")
        numbers = [int(word) for word in intr.split()[1:]]
        assert numbers[0] == sum(numbers[1:])
        assert numbers[1 + 5] == 1

    rig = Rig(cores=2)
    pcb = rig.start(main)
    rig.run(5)
    assert (pcb.exit_status, pcb.pid in rig.kernel.processes) == (0, False)
