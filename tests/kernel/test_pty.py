"""Pseudoterminals: pty(7), ptmx(4), tty_ioctl(4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.flags import (
    O_NOCTTY,
    O_NONBLOCK,
    O_RDWR,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    POLLPRI,
)
from minios.abi.records import Winsize
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_files import errno_of

Main = Callable[[Sys], Any]


def play(main: Main, seconds: float = 5) -> list[Any]:
    """Run a program; what it appends to the list it is given."""
    rig = Rig()
    seen: list[Any] = []

    async def start(sys: Sys) -> None:
        await main(sys, seen)  # type: ignore[call-arg]
        seen.append("done")

    rig.start(start)
    rig.run(seconds)
    assert seen and seen[-1] == "done", seen
    return seen[:-1]


async def pair(sys: Sys, mode: int = 0) -> tuple[int, int, bytes]:
    """A master, its slave opened, and the slave's name."""
    master = await sys.open(b"/dev/ptmx", O_RDWR | O_NOCTTY | mode)
    await sys.ioctl(master, flags.TIOCSPTLCK, 0)
    name = b"/dev/pts/%d" % await sys.ioctl(master, flags.TIOCGPTN)
    return master, await sys.open(name, O_RDWR | O_NOCTTY), name


def test_the_slave_is_locked_until_it_is_unlocked() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master = await sys.open(b"/dev/ptmx", O_RDWR)
        seen.append(await sys.ioctl(master, flags.TIOCGPTLCK))
        seen.append(await errno_of(sys.open(b"/dev/pts/0", O_RDWR)))
        await sys.ioctl(master, flags.TIOCSPTLCK, 0)
        seen.append(await sys.open(b"/dev/pts/0", O_RDWR))

    assert play(main) == [1, Errno.EIO, 4]


def test_the_node_belongs_to_the_opener_and_goes_with_the_master() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master, _, name = await pair(sys)
        stat = await sys.stat(name)
        seen.append((stat.mode & 0o7777, stat.gid))
        await sys.close(master)
        seen.append(await errno_of(sys.stat(name)))
        master, _, other = await pair(sys)
        seen.append(other == name)

    assert play(main) == [(0o620, 5), Errno.ENOENT, True]


def test_what_is_typed_is_echoed_and_a_line_is_read() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master, slave, _ = await pair(sys)
        await sys.write(master, b"helo\x7flo\rrest")
        seen.append(await sys.read(master, 100))
        seen.append(await sys.read(slave, 100))
        await sys.write(slave, b"a\nb")
        seen.append(await sys.read(master, 100))

    assert play(main) == [b"helo\b \blo\r\nrest", b"hello\n", b"a\r\nb"]


def test_a_window_size_set_at_the_master_reaches_the_foreground_group() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master = await sys.open(b"/dev/ptmx", O_RDWR | O_NOCTTY)
        await sys.ioctl(master, flags.TIOCSPTLCK, 0)

        async def child(sys: Sys) -> int:
            await sys.setsid()
            slave = await sys.open(b"/dev/pts/0", O_RDWR)

            async def caught(sys: Sys, sig: int) -> None:
                seen.append((sig, await sys.ioctl(slave, flags.TIOCGWINSZ)))

            await sys.sigaction(Sig.SIGWINCH, caught)
            await sys.write(slave, b"ready")
            await sys.nanosleep(1 * SECOND)
            return 0

        await sys.fork(child)
        await sys.read(master, 10)
        await sys.ioctl(master, flags.TIOCSWINSZ, Winsize(40, 132))
        await sys.waitpid(-1)

    assert play(main) == [(Sig.SIGWINCH, Winsize(40, 132))]


def test_closing_the_master_hangs_the_session_up() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master = await sys.open(b"/dev/ptmx", O_RDWR | O_NOCTTY)
        await sys.ioctl(master, flags.TIOCSPTLCK, 0)

        async def child(sys: Sys) -> int:
            await sys.close(master)
            await sys.setsid()
            slave = await sys.open(b"/dev/pts/0", O_RDWR)
            await sys.write(slave, b"ready")
            await sys.read(slave, 10)
            return 0

        pid = await sys.fork(child)
        await sys.read(master, 10)
        await sys.close(master)
        seen.append((await sys.waitpid(pid))[1])

    assert play(main) == [Sig.SIGHUP]


def test_a_master_reads_eio_when_nobody_has_the_slave_any_more() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master, slave, name = await pair(sys)
        await sys.write(slave, b"last words")
        await sys.close(slave)
        seen.append(await sys.read(master, 100))
        seen.append(await errno_of(sys.read(master, 100)))
        seen.append((await sys.poll([(master, POLLIN)], 0))[0][1] & POLLHUP)
        seen.append(await sys.write(master, b"kept\n"))
        slave = await sys.open(name, O_RDWR | O_NOCTTY)
        seen.append((await sys.read(slave, 10), await sys.read(master, 10)))
        seen.append(await sys.poll([(master, POLLIN)], 0))

    assert play(main) == [b"last words", Errno.EIO, POLLHUP, 5, (b"kept\n", b"kept\r\n"), []]


def test_a_slave_whose_master_is_gone_reads_its_end_and_writes_eio() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master, slave, name = await pair(sys)
        await sys.close(master)
        seen.append(await sys.read(slave, 10))
        seen.append(await errno_of(sys.write(slave, b"x")))
        events = (await sys.poll([(slave, POLLIN | POLLOUT)], 0))[0][1]
        seen.append(events & (POLLIN | POLLOUT | POLLHUP | POLLERR))
        seen.append(await errno_of(sys.open(name, O_RDWR)))

    hung = POLLIN | POLLOUT | POLLERR | POLLHUP
    assert play(main) == [b"", Errno.EIO, hung, Errno.ENOENT]


def test_a_control_c_at_the_master_is_a_signal_at_the_slave() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master = await sys.open(b"/dev/ptmx", O_RDWR | O_NOCTTY)
        await sys.ioctl(master, flags.TIOCSPTLCK, 0)

        async def child(sys: Sys) -> int:
            await sys.setsid()
            slave = await sys.open(b"/dev/pts/0", O_RDWR)
            await sys.write(slave, b"ready")
            await sys.nanosleep(100 * SECOND)
            return 0

        pid = await sys.fork(child)
        await sys.read(master, 10)
        await sys.write(master, b"\x03")
        seen.append((await sys.waitpid(pid))[1])

    assert play(main) == [Sig.SIGINT]


def test_output_waits_in_four_kibibytes_and_its_writer_sleeps() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master, _, name = await pair(sys)

        async def child(sys: Sys) -> int:
            slave = await sys.open(name, O_RDWR | O_NOCTTY)
            seen.append(await sys.write(slave, b"x" * 10_000))
            return 0

        await sys.fork(child)
        await sys.nanosleep(1 * SECOND)
        seen.append(len(await sys.read(master, 100_000)))
        got = 0
        while got < 10_000 - 4096:
            got += len(await sys.read(master, 100_000))
        await sys.waitpid(-1)
        seen.append(got)

    assert play(main) == [4096, 10_000, 10_000 - 4096]


def test_a_raw_slave_that_is_not_read_makes_the_master_wait() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master, slave, _ = await pair(sys, O_NONBLOCK)
        modes = await sys.tcgetattr(slave)
        await sys.tcsetattr(slave, modes._replace(lflag=0, iflag=0))
        taken = await sys.write(master, b"y" * 9000)
        seen.append(await errno_of(sys.write(master, b"y")))
        seen.append(len(await sys.read(slave, 10_000)) == taken)
        seen.append((await sys.poll([(master, POLLOUT)], 0))[0][1])

    assert play(main) == [Errno.EAGAIN, True, POLLOUT]


def test_pollpri_says_that_the_foreground_job_waits_for_typing() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        master = await sys.open(b"/dev/ptmx", O_RDWR | O_NOCTTY)
        await sys.ioctl(master, flags.TIOCSPTLCK, 0)

        async def child(sys: Sys) -> int:
            await sys.setsid()
            slave = await sys.open(b"/dev/pts/0", O_RDWR)
            await sys.nanosleep(2 * SECOND)
            await sys.read(slave, 10)
            await sys.nanosleep(100 * SECOND)
            return 0

        await sys.fork(child)
        seen.append(await sys.poll([(master, POLLPRI)], 1 * SECOND))
        seen.append(await sys.poll([(master, POLLPRI)], 5 * SECOND))
        await sys.write(master, b"\r")
        await sys.read(master, 10)
        seen.append(await sys.poll([(master, POLLPRI)], 1 * SECOND))

    assert play(main, 20) == [[], [(3, POLLPRI)], []]


def test_pairs_are_many_but_not_endless() -> None:
    async def main(sys: Sys, seen: list[Any]) -> None:
        await sys.prlimit(0, flags.RLIMIT_NOFILE, (300, 300))
        for _ in range(256):
            await sys.open(b"/dev/ptmx", O_RDWR)
        seen.append(await errno_of(sys.open(b"/dev/ptmx", O_RDWR)))

    assert play(main, 60) == [Errno.ENOSPC]
