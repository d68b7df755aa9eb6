"""Terminals: job control, hang-up, the slow line (termios(3), tty_ioctl(4), credentials(7))."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.records import Winsize
from minios.abi.signals import SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.kernel.dev.tty import LOW_WATER, QUEUE, RATE, Tty
from minios.kernel.process import PCB
from minios.sim.world import MILLISECOND, SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_files import errno_of

Main = Callable[[Sys, int], Any]


class Desk:
    """A machine with somebody at tty1: ``main(sys, fd)`` leads a session on it, ``fd`` open."""

    def __init__(self, main: Main) -> None:
        self.rig = Rig()
        self.tty: Tty = self.rig.kernel.ttys[b"tty1"]
        self.shown: list[tuple[int, bytes]] = []
        self.tty.sink = lambda data: self.shown.append((self.rig.world.now, data))

        async def leader(sys: Sys) -> Any:
            return await main(sys, await sys.open(b"/dev/tty1", flags.O_RDWR))

        self.leader: PCB = self.rig.start(leader)
        self.rig.run(0.1)

    def type(self, data: bytes, seconds: float = 1) -> None:
        self.tty.input(data)
        self.rig.run(seconds)

    @property
    def screen(self) -> bytes:
        return b"".join(data for _, data in self.shown)

    def state(self, pid: int) -> str:
        return self.rig.kernel.processes[pid].state


async def forever(sys: Sys) -> None:
    while True:
        await sys.nanosleep(3600 * SECOND)


def test_a_session_leader_gets_the_terminal_it_opens() -> None:
    async def main(sys: Sys, fd: int) -> None:
        pid = await sys.getpid()
        assert await sys.tcgetpgrp(fd) == pid
        assert await sys.ioctl(fd, flags.TIOCGSID) == pid
        again = await sys.open(b"/dev/tty", flags.O_RDWR)
        assert (await sys.fstat(again)).rdev == 5 << 8
        await sys.write(again, b"hi")
        other = await sys.open(b"/dev/tty2", flags.O_RDWR)
        assert await errno_of(sys.tcgetpgrp(other)) == Errno.ENOTTY
        assert await errno_of(sys.ioctl(other, flags.TIOCSCTTY, 0)) == Errno.EPERM

    desk = Desk(main)
    assert (desk.leader.exit_status, desk.screen) == (0, b"hi")


def test_o_noctty_and_the_console_leave_a_leader_without() -> None:
    async def main(sys: Sys) -> None:
        await sys.open(b"/dev/console", flags.O_RDWR)
        fd = await sys.open(b"/dev/tty2", flags.O_RDWR | flags.O_NOCTTY)
        assert await errno_of(sys.open(b"/dev/tty")) == Errno.ENXIO
        await sys.ioctl(fd, flags.TIOCSCTTY, 0)
        await sys.open(b"/dev/tty")

    rig = Rig()
    pcb = rig.start(main)
    rig.run()
    assert pcb.exit_status == 0
    assert rig.kernel.faults == []


def test_a_reader_waits_for_a_line_and_control_d_ends_the_file() -> None:
    got: list[bytes] = []

    async def main(sys: Sys, fd: int) -> None:
        while data := await sys.read(fd, 100):
            got.append(data)

    desk = Desk(main)
    desk.type(b"one\ntwo")
    assert got == [b"one\n"]
    assert desk.tty.at_prompt()
    desk.type(b"\n\x04")
    assert (got, desk.leader.zombie) == ([b"one\n", b"two\n"], True)


def test_control_c_reaches_the_foreground_group_and_nobody_else() -> None:
    pids: list[int] = []

    async def job(sys: Sys) -> None:
        await sys.setpgid(0, 0)
        await forever(sys)

    async def main(sys: Sys, fd: int) -> None:
        await sys.sigaction(Sig.SIGTTOU, SIG_IGN)
        for _ in range(2):
            pid = await sys.fork(job)
            await sys.setpgid(pid, pid)
            pids.append(pid)
        await sys.tcsetpgrp(fd, pids[1])
        await forever(sys)

    desk = Desk(main)
    desk.type(b"\x03")
    assert flags.wtermsig(desk.leader.children[pids[1]].exit_status) == Sig.SIGINT
    assert [desk.state(pids[0]), desk.state(desk.leader.pid)] == ["S", "S"]
    assert desk.screen == b"^C"


def test_control_z_stops_and_a_continued_reader_reads_on() -> None:
    got: list[bytes] = []

    async def job(sys: Sys, fd: int) -> None:
        got.append(await sys.read(fd, 10))

    async def main(sys: Sys, fd: int) -> int:
        await sys.sigaction(Sig.SIGTTOU, SIG_IGN)
        pid = await sys.fork(job, fd)
        await sys.setpgid(pid, pid)
        await sys.tcsetpgrp(fd, pid)
        waited = await sys.waitpid(pid, flags.WUNTRACED)
        assert flags.wstopsig(waited.status) == Sig.SIGTSTP
        await sys.tcsetpgrp(fd, await sys.getpgid())
        await sys.nanosleep(SECOND)
        await sys.tcsetpgrp(fd, pid)
        await sys.kill(-pid, Sig.SIGCONT)
        return (await sys.waitpid(pid)).status

    desk = Desk(main)
    desk.type(b"typed\x1a", 3)
    desk.type(b"again\n")
    assert (got, desk.leader.exit_status) == ([b"again\n"], 0)


def test_a_background_reader_is_stopped_each_time_it_tries() -> None:
    pids: list[int] = []

    async def job(sys: Sys, fd: int) -> None:
        await sys.read(fd, 10)

    async def main(sys: Sys, fd: int) -> None:
        pid = await sys.fork(job, fd)
        pids.append(pid)
        await sys.setpgid(pid, pid)
        for _ in range(2):
            waited = await sys.waitpid(pid, flags.WUNTRACED)
            assert flags.wstopsig(waited.status) == Sig.SIGTTIN
            await sys.kill(-pid, Sig.SIGCONT)
        await forever(sys)

    desk = Desk(main)
    desk.rig.run()
    assert desk.state(pids[0]) == "T"


def test_a_background_reader_that_ignores_sigttin_gets_eio() -> None:
    async def job(sys: Sys, fd: int) -> int:
        await sys.sigaction(Sig.SIGTTIN, SIG_IGN)
        await sys.setpgid(0, 0)
        return await errno_of(sys.read(fd, 10))

    async def main(sys: Sys, fd: int) -> int:
        await sys.fork(job, fd)
        return flags.wexitstatus((await sys.waitpid()).status)

    assert Desk(main).leader.exit_status == Errno.EIO << 8


def test_an_orphaned_background_reader_gets_eio() -> None:
    seen: list[int] = []

    async def orphan(sys: Sys, fd: int) -> None:
        await sys.nanosleep(SECOND)
        seen.append(await errno_of(sys.read(fd, 10)))

    async def parent(sys: Sys, fd: int) -> None:
        await sys.setpgid(0, 0)
        await sys.fork(orphan, fd)

    async def main(sys: Sys, fd: int) -> None:
        await sys.fork(parent, fd)
        await sys.waitpid()
        await forever(sys)

    desk = Desk(main)
    desk.rig.run(3)
    assert seen == [Errno.EIO]


def test_background_output_is_stopped_only_with_tostop() -> None:
    async def job(sys: Sys, fd: int) -> None:
        await sys.setpgid(0, 0)
        await sys.write(fd, b"out")

    async def main(sys: Sys, fd: int) -> None:
        await sys.fork(job, fd)
        assert flags.wifexited((await sys.waitpid(-1, flags.WUNTRACED)).status)
        modes = await sys.tcgetattr(fd)
        await sys.tcsetattr(fd, modes._replace(lflag=modes.lflag | flags.TOSTOP))
        await sys.fork(job, fd)
        waited = await sys.waitpid(-1, flags.WUNTRACED)
        assert flags.wstopsig(waited.status) == Sig.SIGTTOU

    desk = Desk(main)
    desk.rig.run()
    assert (desk.leader.exit_status, desk.screen) == (0, b"out")


def test_only_the_foreground_changes_the_terminal() -> None:
    async def job(sys: Sys, fd: int) -> None:
        await sys.setpgid(0, 0)
        await sys.tcsetattr(fd, await sys.tcgetattr(fd))

    async def main(sys: Sys, fd: int) -> None:
        await sys.fork(job, fd)
        waited = await sys.waitpid(-1, flags.WUNTRACED)
        assert flags.wstopsig(waited.status) == Sig.SIGTTOU
        assert await errno_of(sys.tcsetpgrp(fd, 999)) == Errno.ESRCH
        assert await errno_of(sys.tcsetpgrp(fd, -1)) == Errno.EINVAL
        assert await errno_of(sys.tcsetpgrp(fd, 1)) == Errno.EPERM

    desk = Desk(main)
    desk.rig.run()
    assert desk.leader.exit_status == 0


def test_the_death_of_the_leader_hangs_the_terminal_up() -> None:
    log: list[object] = []

    async def job(sys: Sys, fd: int) -> None:
        await sys.sigaction(Sig.SIGHUP, note)
        log.append(await sys.read(fd, 10))
        log.append(await sys.read(fd, 10))
        log.append(await errno_of(sys.write(fd, b"x")))
        log.append(await errno_of(sys.tcgetattr(fd)))
        log.append(await errno_of(sys.open(b"/dev/tty")))

    async def note(sys: Sys, sig: int) -> None:
        log.append("hup")

    async def main(sys: Sys, fd: int) -> None:
        await sys.fork(job, fd)
        await sys.nanosleep(SECOND)

    desk = Desk(main)
    desk.rig.run(3)
    assert log == ["hup", b"", b"", Errno.EIO, Errno.EIO, Errno.ENXIO]
    assert (desk.tty.session, desk.tty.foreground) == (None, None)


def test_after_a_hang_up_the_next_one_may_have_the_terminal() -> None:
    async def main(sys: Sys, fd: int) -> None:
        modes = await sys.tcgetattr(fd)
        await sys.tcsetattr(fd, modes._replace(lflag=0))

    async def after(sys: Sys) -> None:
        fd = await sys.open(b"/dev/tty1", flags.O_RDWR)
        assert await sys.tcgetpgrp(fd) == await sys.getpid()
        assert (await sys.tcgetattr(fd)).lflag & flags.ICANON
        await sys.write(fd, b"login: ")

    desk = Desk(main)
    pcb = desk.rig.start(after)
    desk.rig.run()
    assert (pcb.exit_status, desk.screen) == (0, b"login: ")


def test_sigwinch_tells_of_a_new_size_once() -> None:
    seen: list[Winsize] = []

    async def main(sys: Sys, fd: int) -> None:
        async def resized(sys: Sys, sig: int) -> None:
            seen.append(await sys.winsize(fd))

        await sys.sigaction(Sig.SIGWINCH, resized)
        while True:
            with suppress(OSError):
                await forever(sys)

    desk = Desk(main)
    desk.tty.resize(50, 132)
    desk.tty.resize(50, 132)
    desk.rig.run()
    assert seen == [Winsize(50, 132)]


def test_output_leaves_at_64_kib_a_second() -> None:
    size = 2 * RATE

    async def main(sys: Sys, fd: int) -> int:
        for _ in range(size // 1024):
            await sys.write(fd, b"x" * 1024)
        return 0

    desk = Desk(main)
    desk.rig.run(1)
    assert abs(len(desk.screen) - 11 * RATE // 10) < 1024
    desk.rig.run(2)
    assert len(desk.screen) == size
    assert abs(desk.shown[-1][0] - 2 * SECOND) < 20 * MILLISECOND


def test_a_short_answer_is_shown_in_the_instant_it_is_written() -> None:
    async def main(sys: Sys, fd: int) -> None:
        await sys.write(fd, b"$ ")
        await sys.read(fd, 10)

    desk = Desk(main)
    assert desk.screen == b"$ "
    assert desk.tty.at_prompt()
    assert desk.rig.world.next_event() is None


def test_a_writer_waits_for_room_and_control_c_throws_the_queue_away() -> None:
    async def main(sys: Sys, fd: int) -> None:
        while True:
            await sys.write(fd, b"y\n" * 1000)

    desk = Desk(main)
    desk.rig.run(1)
    assert desk.state(desk.leader.pid) == "S"
    assert LOW_WATER - 700 < desk.tty.unsent <= QUEUE
    before = len(desk.screen)
    desk.type(b"\x03", 0.1)
    assert flags.wtermsig(desk.leader.exit_status) == Sig.SIGINT
    assert desk.screen[before:] == b"^C"


def test_control_s_holds_the_output_until_control_q() -> None:
    async def main(sys: Sys, fd: int) -> None:
        for number in range(3):
            await sys.write(fd, b"%d" % number)
            await sys.nanosleep(SECOND)
        await forever(sys)

    desk = Desk(main)
    desk.type(b"\x13", 5)
    assert desk.screen == b"0"
    desk.type(b"\x11", 0)
    assert desk.screen == b"012"


def test_tcsetattr_drains_before_it_changes() -> None:
    async def main(sys: Sys, fd: int) -> int:
        await sys.write(fd, b"\n" * 1500)
        modes = await sys.tcgetattr(fd)
        await sys.tcsetattr(fd, modes._replace(oflag=0), flags.TCSETSW)
        await sys.write(fd, b"\n")
        return 0

    desk = Desk(main)
    desk.rig.run()
    assert desk.screen == b"\r\n" * 1500 + b"\n"


def test_raw_reads_wait_for_vmin_bytes_or_the_timeout() -> None:
    got: list[bytes] = []

    async def raw(sys: Sys, fd: int, least: int, tenths: int) -> None:
        modes = await sys.tcgetattr(fd)
        cc = bytearray(modes.cc)
        cc[flags.VMIN], cc[flags.VTIME] = least, tenths
        off = flags.ICANON | flags.ECHO
        await sys.tcsetattr(fd, modes._replace(lflag=modes.lflag & ~off, cc=bytes(cc)))

    async def main(sys: Sys, fd: int) -> None:
        await raw(sys, fd, 3, 0)
        got.append(await sys.read(fd, 100))
        await raw(sys, fd, 0, 0)
        got.append(await sys.read(fd, 100))
        await raw(sys, fd, 0, 5)
        got.append(await sys.read(fd, 100))
        await raw(sys, fd, 1, 0)
        got.append(await sys.read(fd, 100))

    desk = Desk(main)
    desk.type(b"ab")
    assert got == []
    desk.type(b"c", 2)
    assert got == [b"abc", b"", b""]
    desk.type(b"\x1b[A")
    assert got[3:] == [b"\x1b[A"]


def test_with_both_vmin_and_vtime_the_timer_runs_between_bytes() -> None:
    """termios(3), MIN > 0 and TIME > 0: it starts with the first byte, and again with each."""
    got: list[bytes] = []

    async def main(sys: Sys, fd: int) -> None:
        modes = await sys.tcgetattr(fd)
        cc = bytearray(modes.cc)
        cc[flags.VMIN], cc[flags.VTIME] = 5, 10
        off = flags.ICANON | flags.ECHO
        await sys.tcsetattr(fd, modes._replace(lflag=modes.lflag & ~off, cc=bytes(cc)))
        for _ in range(2):
            got.append(await sys.read(fd, 100))

    desk = Desk(main)
    desk.rig.run(5)
    for byte in b"abc":
        desk.type(bytes([byte]), 0.7)
    assert got == []
    desk.rig.run(0.5)
    assert got == [b"abc"]
    for byte in b"12345":
        desk.type(bytes([byte]), 0.7)
    assert got == [b"abc", b"12345"]


def test_a_prompt_is_a_foreground_read_with_nothing_else_to_do() -> None:
    states: list[bool] = []

    async def busy(sys: Sys) -> None:
        await sys.compute(2_000_000)

    async def main(sys: Sys, fd: int) -> None:
        await sys.fork(busy)
        await sys.read(fd, 10)
        await sys.poll([(fd, flags.POLLIN)], 10 * SECOND)

    desk = Desk(main)
    states.append(desk.tty.at_prompt())  # the child computes in the same group
    desk.rig.run(3)
    states.append(desk.tty.at_prompt())
    desk.type(b"\n")
    states.append(desk.tty.at_prompt())  # a poll with a timeout is no prompt
    assert states == [False, True, False]


def test_who_watches_is_told_of_output_and_of_waits() -> None:
    seen: list[Any] = []

    class Watcher:
        def on_output(self, tty: Tty, data: bytes) -> None:
            seen.append((tty.name, data))

        def on_wait(self, tty: Tty) -> None:
            seen.append(tty.at_prompt())

    async def main(sys: Sys, fd: int) -> None:
        await sys.read(fd, 10)
        await sys.poll([(fd, flags.POLLIN)])

    desk = Desk(main)
    desk.rig.world.instruments.add(Watcher())
    desk.type(b"x\n")
    assert seen == [(b"tty1", b"x"), (b"tty1", b"\r\n"), False]
    assert desk.tty.at_prompt()


def test_nonsense_ioctls_are_refused() -> None:
    async def main(sys: Sys, fd: int) -> None:
        for request, argument, errno in (
            (flags.TCSETS, None, Errno.EFAULT),
            (flags.TCSETS, (0, 0, 0, 0, b"short"), Errno.EINVAL),
            (flags.TCSETS, (0, 0, 0, "x", bytes(flags.NCCS)), Errno.EFAULT),
            (flags.TIOCSWINSZ, (1, -1), Errno.EINVAL),
            (flags.TIOCSWINSZ, b"", Errno.EFAULT),
            (flags.TIOCSPGRP, None, Errno.EFAULT),
            (0x9999, None, Errno.ENOTTY),
        ):
            assert (request, await errno_of(sys.ioctl(fd, request, argument))) == (request, errno)
        assert not await sys.isatty(0)

    assert Desk(main).leader.exit_status == 0
