"""flock(2), and the record locks of fcntl_locking(2)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from minios.abi.errno import Errno
from minios.abi.flags import (
    F_GETLK,
    F_OFD_GETLK,
    F_OFD_SETLK,
    F_OFD_SETLKW,
    F_RDLCK,
    F_SETLK,
    F_SETLKW,
    F_UNLCK,
    F_WRLCK,
    LOCK_EX,
    LOCK_NB,
    LOCK_SH,
    LOCK_UN,
    O_CREAT,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    SEEK_CUR,
    SEEK_END,
)
from minios.abi.records import Flock
from minios.abi.signals import SA_RESTART, Sig
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_procfs import cat

PATH = b"/tmp/f"


async def errno_of(call: Awaitable[Any]) -> int:
    """Why a call failed; 0 if it did not."""
    try:
        await call
    except OSError as err:
        return err.errno or -1
    return 0


def run(main: Any) -> Any:
    rig = Rig()
    pcb = rig.start(main)
    rig.run(60)
    assert (pcb.exit_status, pcb.pid in rig.kernel.processes) == (0, False)
    assert rig.kernel.locks.state() == []
    return rig


async def opened(sys: Sys, oflag: int = O_RDWR | O_CREAT) -> int:
    return await sys.open(PATH, oflag)


def test_an_exclusive_flock_keeps_everybody_else_out() -> None:
    async def main(sys: Sys) -> None:
        one, two = await opened(sys), await opened(sys)
        await sys.flock(one, LOCK_EX)
        assert await errno_of(sys.flock(two, LOCK_EX | LOCK_NB)) == Errno.EAGAIN
        assert await errno_of(sys.flock(two, LOCK_SH | LOCK_NB)) == Errno.EAGAIN
        await sys.flock(one, LOCK_UN)
        await sys.flock(two, LOCK_SH | LOCK_NB)
        await sys.flock(one, LOCK_SH | LOCK_NB)
        assert await errno_of(sys.flock(one, 0)) == Errno.EINVAL
        assert await errno_of(sys.flock(99, LOCK_SH)) == Errno.EBADF

    run(main)


def test_flock_belongs_to_the_description_that_dup_and_fork_share() -> None:
    async def child(sys: Sys, fd: int) -> int:
        await sys.flock(fd, LOCK_UN)
        return 0

    async def main(sys: Sys) -> None:
        one, two = await opened(sys), await opened(sys)
        await sys.flock(one, LOCK_EX)
        copy = await sys.dup(one)
        await sys.flock(copy, LOCK_EX)
        await sys.close(one)
        assert await errno_of(sys.flock(two, LOCK_EX | LOCK_NB)) == Errno.EAGAIN
        await sys.waitpid(await sys.fork(child, copy))
        await sys.flock(two, LOCK_EX | LOCK_NB)

    run(main)


def test_a_failed_conversion_loses_the_lock_that_was_held() -> None:
    async def main(sys: Sys) -> None:
        one, two, three = [await opened(sys) for _ in range(3)]
        await sys.flock(one, LOCK_SH)
        await sys.flock(two, LOCK_SH)
        assert await errno_of(sys.flock(one, LOCK_EX | LOCK_NB)) == Errno.EAGAIN
        await sys.flock(two, LOCK_UN)
        await sys.flock(three, LOCK_EX | LOCK_NB)

    run(main)


def test_waiters_for_a_flock_get_it_one_after_the_other() -> None:
    got: list[tuple[int, int]] = []

    async def waiter(sys: Sys, number: int) -> int:
        fd = await opened(sys)
        await sys.nanosleep(number * 1000_000)
        await sys.flock(fd, LOCK_EX)
        got.append((number, await sys.clock_gettime(1)))
        await sys.nanosleep(SECOND)
        return 0

    async def main(sys: Sys) -> None:
        fd = await opened(sys)
        await sys.flock(fd, LOCK_EX)
        for number in (3, 1, 2):
            await sys.fork(waiter, number)
        await sys.nanosleep(SECOND)
        text = (await cat(sys, b"/proc/locks")).decode().splitlines()
        assert [line.split()[1] for line in text] == ["FLOCK", "->", "->", "->"]
        await sys.flock(fd, LOCK_UN)
        for _ in range(3):
            await sys.waitpid()

    run(main)
    assert [number for number, _ in got] == [1, 2, 3]
    assert got[2][1] - got[0][1] >= 2 * SECOND


def test_a_signal_interrupts_the_wait_or_restarts_it() -> None:
    seen: list[Any] = []

    async def handler(sys: Sys, sig: int) -> None:
        seen.append(sig)

    async def waiter(sys: Sys, sa_flags: int) -> int:
        fd = await opened(sys)
        await sys.sigaction(Sig.SIGUSR1, handler, sa_flags)
        seen.append(await errno_of(sys.flock(fd, LOCK_EX)))
        return 0

    async def main(sys: Sys) -> None:
        fd = await opened(sys)
        await sys.flock(fd, LOCK_EX)
        one = await sys.fork(waiter, 0)
        two = await sys.fork(waiter, SA_RESTART)
        await sys.nanosleep(SECOND)
        await sys.kill(one, Sig.SIGUSR1)
        await sys.waitpid(one)
        await sys.kill(two, Sig.SIGUSR1)
        await sys.nanosleep(SECOND)
        assert (await cat(sys, b"/proc/locks")).count(b"->") == 1
        await sys.flock(fd, LOCK_UN)
        await sys.waitpid(two)

    run(main)
    assert seen == [Sig.SIGUSR1, Errno.EINTR, Sig.SIGUSR1, 0]


def test_the_death_of_a_holder_frees_its_locks() -> None:
    async def holder(sys: Sys) -> int:
        fd = await opened(sys)
        await sys.flock(fd, LOCK_EX)
        await sys.lock(fd, F_SETLK, Flock(F_WRLCK))
        await sys.nanosleep(1000 * SECOND)
        return 0

    async def main(sys: Sys) -> None:
        pid = await sys.fork(holder)
        await sys.nanosleep(SECOND)
        fd = await opened(sys)
        assert (await sys.lock(fd, F_GETLK, Flock(F_WRLCK))).pid == pid
        await sys.kill(pid, Sig.SIGKILL)
        await sys.flock(fd, LOCK_EX)
        await sys.lock(fd, F_SETLKW, Flock(F_WRLCK))

    run(main)


def test_record_locks_split_and_join() -> None:
    """fcntl_locking(2); what another process is told is in the way, byte by byte."""
    seen: list[Flock] = []

    async def other(sys: Sys) -> int:
        fd = await opened(sys)
        at = 0
        while True:
            found = await sys.lock(fd, F_GETLK, Flock(F_WRLCK, 0, at))
            if found.type == F_UNLCK:
                return 0
            seen.append(found)
            if not found.len:
                return 0
            at = found.start + found.len

    async def look(sys: Sys) -> list[tuple[int, int, int]]:
        seen.clear()
        await sys.waitpid(await sys.fork(other))
        assert {found.pid for found in seen} <= {await sys.getpid()}
        return sorted((found.start, found.len, found.type) for found in seen)

    async def main(sys: Sys) -> None:
        fd = await opened(sys)
        await sys.lock(fd, F_SETLK, Flock(F_WRLCK, 0, 0, 100))
        await sys.lock(fd, F_SETLK, Flock(F_UNLCK, 0, 40, 20))
        assert await look(sys) == [(0, 40, F_WRLCK), (60, 40, F_WRLCK)]
        await sys.lock(fd, F_SETLK, Flock(F_RDLCK, 0, 70, 10))
        assert await look(sys) == [
            (0, 40, F_WRLCK), (60, 10, F_WRLCK), (70, 10, F_RDLCK), (80, 20, F_WRLCK),
        ]  # fmt: skip
        await sys.lock(fd, F_SETLK, Flock(F_WRLCK, 0, 40, 40))
        assert await look(sys) == [(0, 100, F_WRLCK)]
        await sys.lseek(fd, 50)
        await sys.lock(fd, F_SETLK, Flock(F_UNLCK, SEEK_CUR, 0, -50))
        assert await look(sys) == [(50, 50, F_WRLCK)]
        await sys.ftruncate(fd, 1000)
        await sys.lock(fd, F_SETLK, Flock(F_RDLCK, SEEK_END, -10, 0))
        assert await look(sys) == [(50, 50, F_WRLCK), (990, 0, F_RDLCK)]
        assert await errno_of(sys.lock(fd, F_SETLK, Flock(F_RDLCK, 0, -1))) == Errno.EINVAL
        assert await errno_of(sys.lock(fd, F_SETLK, Flock(9))) == Errno.EINVAL
        huge = Flock(F_RDLCK, 0, 1 << 62, 1 << 62)
        await sys.lock(fd, F_SETLK, huge)
        huge = Flock(F_RDLCK, 0, 1 << 62, (1 << 62) + 1)
        assert await errno_of(sys.lock(fd, F_SETLK, huge)) == Errno.EOVERFLOW

    run(main)


def test_a_lock_needs_a_descriptor_open_for_it() -> None:
    async def main(sys: Sys) -> None:
        await sys.close(await opened(sys))
        reader, writer = await opened(sys, O_RDONLY), await opened(sys, O_WRONLY)
        assert await errno_of(sys.lock(reader, F_SETLK, Flock(F_WRLCK))) == Errno.EBADF
        assert await errno_of(sys.lock(writer, F_SETLK, Flock(F_RDLCK))) == Errno.EBADF
        await sys.lock(reader, F_SETLK, Flock(F_RDLCK))
        await sys.flock(reader, LOCK_EX)  # flock(2) does not care

    run(main)


def test_closing_any_descriptor_of_the_file_drops_the_posix_locks() -> None:
    async def other(sys: Sys) -> int:
        fd = await opened(sys)
        return int(await errno_of(sys.lock(fd, F_SETLK, Flock(F_WRLCK))))

    async def status(sys: Sys) -> int:
        return (await sys.waitpid(await sys.fork(other))).status >> 8

    async def main(sys: Sys) -> None:
        fd, unrelated = await opened(sys), await opened(sys)
        await sys.lock(fd, F_SETLK, Flock(F_WRLCK))
        assert await status(sys) == Errno.EAGAIN
        await sys.close(unrelated)
        assert await status(sys) == 0

    run(main)


def test_ofd_locks_belong_to_the_description_and_meet_posix_locks() -> None:
    async def main(sys: Sys) -> None:
        one, two = await opened(sys), await opened(sys)
        await sys.lock(one, F_OFD_SETLK, Flock(F_WRLCK, 0, 0, 10))
        assert await errno_of(sys.lock(two, F_OFD_SETLK, Flock(F_RDLCK))) == Errno.EAGAIN
        assert await errno_of(sys.lock(one, F_SETLK, Flock(F_RDLCK))) == Errno.EAGAIN
        assert await sys.lock(two, F_OFD_GETLK, Flock(F_RDLCK)) == Flock(F_WRLCK, 0, 0, 10, -1)
        assert await errno_of(sys.lock(one, F_OFD_SETLK, Flock(1, 0, 0, 0, 7))) == Errno.EINVAL
        assert (await cat(sys, b"/proc/locks")).startswith(b"1: OFDLCK ADVISORY  WRITE -1 ")
        await sys.close(one)
        await sys.lock(two, F_OFD_SETLKW, Flock(F_WRLCK))

    run(main)


def test_a_circle_of_waiters_is_a_deadlock() -> None:
    """Two files, locked in opposite orders: the one who closes the circle gets EDEADLK."""
    seen: dict[bytes, int] = {}

    async def worker(sys: Sys, mine: bytes, yours: bytes) -> int:
        first = await sys.open(mine, O_RDWR | O_CREAT)
        second = await sys.open(yours, O_RDWR | O_CREAT)
        await sys.lock(first, F_SETLKW, Flock(F_WRLCK))
        await sys.nanosleep(SECOND if mine == b"/tmp/a" else 2 * SECOND)
        seen[mine] = await errno_of(sys.lock(second, F_SETLKW, Flock(F_WRLCK)))
        return 0

    async def main(sys: Sys) -> None:
        await sys.fork(worker, b"/tmp/a", b"/tmp/b")
        await sys.fork(worker, b"/tmp/b", b"/tmp/a")
        for _ in range(2):
            await sys.waitpid()

    run(main)
    assert seen == {b"/tmp/b": Errno.EDEADLK, b"/tmp/a": 0}


def test_proc_locks_as_linux_writes_it() -> None:
    async def waiter(sys: Sys) -> int:
        fd = await opened(sys)
        await sys.lock(fd, F_SETLKW, Flock(F_RDLCK, 0, 5, 1))
        return 0

    async def main(sys: Sys) -> None:
        fd = await opened(sys)
        me, ino = await sys.getpid(), (await sys.fstat(fd)).ino
        await sys.lock(fd, F_SETLK, Flock(F_WRLCK, 0, 5, 10))
        pid = await sys.fork(waiter)
        await sys.nanosleep(SECOND)
        line = b"%d: %bPOSIX  ADVISORY  %b %d 00:22:%d %d %d\n"
        text = await cat(sys, b"/proc/locks")
        assert text == line % (1, b"", b"WRITE", me, ino, 5, 14) + line % (
            1, b"-> ", b"READ", pid, ino, 5, 5,
        )  # fmt: skip
        info = await cat(sys, b"/proc/self/fdinfo/%d" % fd)
        mounts = [row.split()[1] for row in (await cat(sys, b"/proc/mounts")).splitlines()]
        assert info == (
            b"pos:\t0\nflags:\t0100002\nmnt_id:\t%d\nino:\t%d\n" % (mounts.index(b"/tmp") + 1, ino)
            + b"lock:\t" + line % (1, b"", b"WRITE", me, ino, 5, 14)
        )  # fmt: skip
        await sys.close(fd)
        await sys.waitpid(pid)

    run(main)
