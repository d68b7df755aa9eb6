"""The file calls: descriptors, positions, limits (open(2), dup(2), fcntl(2), lseek(2), poll(2))."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import Sig
from minios.abi.sys import Sys, trap
from minios.abi.syscalls import NR
from minios.sim.world import SECOND
from tests.kernel.rig import Main, Rig

CREATE = flags.O_RDWR | flags.O_CREAT


async def errno_of(call: Any) -> int:
    """The errno of a call that must fail."""
    try:
        await call
    except OSError as err:
        return int(err.errno or 0)
    raise AssertionError("it did not fail")


def run(main: Main, seconds: int = 5, **settings: Any) -> Rig:
    """Run ``main`` to its end on a fresh machine. What it asserts fails the test."""
    rig = Rig()
    pcb = rig.start(main, **settings)
    rig.run(seconds)
    assert pcb.zombie, "it still runs"
    assert pcb.exit_status == 0
    return rig


def test_descriptors_are_the_lowest_free_ones() -> None:
    async def main(sys: Sys) -> None:
        assert [await sys.open(b"/tmp/f", CREATE) for _ in range(3)] == [3, 4, 5]
        await sys.close(3)
        assert await sys.dup(5) == 3
        assert await sys.fcntl(5, flags.F_DUPFD, 10) == 10
        assert await sys.pipe() == (6, 7)
        assert await errno_of(sys.close(9)) == Errno.EBADF
        assert await errno_of(sys.close(-1)) == Errno.EBADF

    run(main)


def test_dup_shares_the_position_and_open_does_not() -> None:
    async def main(sys: Sys) -> None:
        first = await sys.open(b"/tmp/f", CREATE)
        await sys.write(first, b"0123456789")
        copy = await sys.dup(first)
        assert await sys.lseek(copy, 2) == 2
        assert await sys.read(first, 2) == b"23"
        other = await sys.open(b"/tmp/f")
        assert await sys.read(other, 2) == b"01"
        assert await sys.read(copy, 2) == b"45"

    run(main)


def test_fork_shares_the_position_too() -> None:
    async def child(sys: Sys, fd: int) -> int:
        await sys.read(fd, 3)
        return 0

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/tmp/f", CREATE)
        await sys.write(fd, b"0123456789")
        await sys.lseek(fd, 0)
        await sys.fork(child, fd)
        await sys.waitpid()
        assert await sys.read(fd, 3) == b"345"

    run(main)


def test_the_open_mode_decides_what_a_descriptor_does() -> None:
    async def main(sys: Sys) -> None:
        out = await sys.open(b"/tmp/f", flags.O_WRONLY | flags.O_CREAT)
        assert await errno_of(sys.read(out, 1)) == Errno.EBADF
        back = await sys.open(b"/tmp/f")
        assert await errno_of(sys.write(back, b"x")) == Errno.EBADF
        assert await errno_of(sys.ftruncate(back, 0)) == Errno.EINVAL
        assert await errno_of(sys.open(b"/tmp/f", 3)) == Errno.EINVAL
        directory = await sys.open(b"/tmp", flags.O_DIRECTORY)
        assert await errno_of(sys.read(directory, 1)) == Errno.EISDIR
        assert await errno_of(sys.getdents(back)) == Errno.ENOTDIR

    run(main)


def test_seeking() -> None:
    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/tmp/f", CREATE)
        await sys.write(fd, b"hello")
        assert await sys.lseek(fd, -2, flags.SEEK_END) == 3
        assert await sys.lseek(fd, 1, flags.SEEK_CUR) == 4
        assert await errno_of(sys.lseek(fd, -1)) == Errno.EINVAL
        assert await errno_of(sys.lseek(fd, 0, 9)) == Errno.EINVAL
        await sys.lseek(fd, 10)
        await sys.write(fd, b"x")
        await sys.lseek(fd, 0)
        assert await sys.read(fd, 100) == b"hello\0\0\0\0\0x"
        reader, _ = await sys.pipe()
        assert await errno_of(sys.lseek(reader, 0)) == Errno.ESPIPE

    run(main)


def test_appending_ignores_the_position() -> None:
    async def main(sys: Sys) -> None:
        one = await sys.open(b"/tmp/f", CREATE | flags.O_APPEND)
        two = await sys.open(b"/tmp/f", flags.O_RDWR)
        await sys.write(one, b"a")
        await sys.write(two, b"X")
        await sys.write(one, b"b")
        await sys.fcntl(two, flags.F_SETFL, flags.O_APPEND)
        await sys.write(two, b"c")
        assert await sys.fcntl(two, flags.F_GETFL) == flags.O_RDWR | flags.O_APPEND
        await sys.lseek(one, 0)
        assert await sys.read(one, 10) == b"Xbc"

    run(main)


def test_cloexec_belongs_to_the_descriptor() -> None:
    async def after(sys: Sys) -> int:
        assert await errno_of(sys.fstat(3)) == Errno.EBADF
        assert (await sys.fstat(4)).size == 0
        return 5

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/tmp/f", CREATE | flags.O_CLOEXEC)
        assert await sys.fcntl(fd, flags.F_GETFD) == flags.FD_CLOEXEC
        copy = await sys.dup(fd)
        assert await sys.fcntl(copy, flags.F_GETFD) == 0
        await sys.execve(b"/bin/after", [b"after"], {})

    rig = Rig()
    rig.install("after", after)
    pcb = rig.start(main)
    rig.run()
    assert pcb.exit_status == 5 << 8


def test_dup2_closes_what_was_there_and_leaves_itself_alone() -> None:
    async def main(sys: Sys) -> None:
        reader, writer = await sys.pipe()
        fd = await sys.open(b"/tmp/f", CREATE)
        assert await sys.dup2(fd, writer) == writer
        assert await sys.read(reader, 1) == b""
        assert await sys.dup2(fd, fd) == fd
        assert await errno_of(sys.dup2(77, 5)) == Errno.EBADF
        assert await errno_of(sys.dup2(fd, 256)) == Errno.EBADF

    run(main)


def test_descriptors_run_out_at_the_limit() -> None:
    async def main(sys: Sys) -> None:
        await sys.setrlimit(flags.RLIMIT_NOFILE, 6, 6)
        for _ in range(3):
            await sys.open(b"/tmp/f", CREATE)
        assert await errno_of(sys.open(b"/tmp/new", CREATE)) == Errno.EMFILE
        assert await errno_of(sys.stat(b"/tmp/new")) == Errno.ENOENT
        assert await errno_of(sys.dup(0)) == Errno.EMFILE
        await sys.close(5)
        assert await errno_of(sys.pipe()) == Errno.EMFILE
        assert await sys.open(b"/tmp/f") == 5

    run(main)


def test_a_file_size_limit_cuts_then_signals() -> None:
    """setrlimit(2), RLIMIT_FSIZE."""
    caught: list[int] = []

    async def handler(sys: Sys, sig: int) -> None:
        caught.append(sig)

    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGXFSZ, handler)
        await sys.setrlimit(flags.RLIMIT_FSIZE, 10, 10)
        fd = await sys.open(b"/tmp/f", CREATE)
        assert await sys.write(fd, b"x" * 8) == 8
        assert await sys.write(fd, b"x" * 8) == 2
        assert caught == []
        assert await errno_of(sys.write(fd, b"x")) == Errno.EFBIG
        assert await errno_of(sys.ftruncate(fd, 11)) == Errno.EFBIG
        assert await errno_of(sys.truncate(b"/tmp/f", 11)) == Errno.EFBIG
        await sys.truncate(b"/tmp/f", 10)
        assert caught == [Sig.SIGXFSZ] * 3
        await sys.sigaction(Sig.SIGXFSZ, "SIG_DFL")
        await sys.write(fd, b"x")

    rig = Rig()
    pcb = rig.start(main)
    rig.run()
    assert flags.wtermsig(pcb.exit_status) == Sig.SIGXFSZ


def test_umask_takes_bits_away_from_what_is_made() -> None:
    async def main(sys: Sys) -> None:
        assert await sys.umask(0o027) == 0o022
        await sys.close(await sys.open(b"/tmp/f", CREATE, 0o666))
        await sys.mkdir(b"/tmp/d", 0o777)
        await sys.mkfifo(b"/tmp/p", 0o666)
        modes = [(await sys.stat(b"/tmp/" + name)).mode & 0o777 for name in (b"f", b"d", b"p")]
        assert modes == [0o640, 0o750, 0o640]

    run(main)


def test_the_working_directory_follows_a_rename_and_survives_its_removal() -> None:
    async def main(sys: Sys) -> None:
        await sys.mkdir(b"/tmp/d")
        await sys.chdir(b"/tmp/d")
        await sys.rename(b"/tmp/d", b"/tmp/e")
        assert await sys.getcwd() == b"/tmp/e"
        await sys.rmdir(b"/tmp/e")
        assert await errno_of(sys.getcwd()) == Errno.ENOENT
        assert await errno_of(sys.open(b"f", CREATE)) == Errno.ENOENT
        await sys.chdir(b"..")
        assert await sys.getcwd() == b"/tmp"
        assert await errno_of(sys.chdir(b"/sbin/init")) == Errno.ENOTDIR

    run(main)


def test_getdents_gives_every_entry_once_whatever_happens_meanwhile() -> None:
    async def main(sys: Sys) -> None:
        await sys.mkdir(b"/tmp/d")
        for number in range(600):
            await sys.close(await sys.open(b"/tmp/d/%d" % number, CREATE))
        fd = await sys.open(b"/tmp/d", flags.O_DIRECTORY)
        names: list[bytes] = []
        while entries := await sys.getdents(fd):
            names += [entry.name for entry in entries]
            for entry in entries:
                if entry.name not in (b".", b".."):
                    await sys.unlink(b"/tmp/d/" + entry.name)
        assert names == [b".", b"..", *(b"%d" % number for number in range(600))]
        await sys.lseek(fd, 0)
        assert [entry.name for entry in await sys.getdents(fd)] == [b".", b".."]

    run(main)


def test_access_asks_for_the_real_user_and_eaccess_for_the_effective_one() -> None:
    async def main(sys: Sys) -> None:
        await sys.setreuid(1000, 0)
        assert await errno_of(sys.access(b"/etc/secret", flags.R_OK)) == Errno.EACCES
        await sys.eaccess(b"/etc/secret", flags.R_OK)
        await sys.access(b"/etc/secret", flags.F_OK)

    rig = Rig()
    rig.machine.write_file(b"/etc/secret", b"x", mode=0o600)
    pcb = rig.start(main)
    rig.run()
    assert pcb.exit_status == 0


def test_nonsense_is_efault_or_einval_and_never_more() -> None:
    nonsense: list[tuple[int, tuple[Any, ...]]] = [
        (NR.openat, (None, 0, 0)),
        (NR.openat, ("text", 0, 0)),
        (NR.openat, (b"/tmp", "0", 0)),
        (NR.read, (0, None)),
        (NR.read, (0, -1)),
        (NR.write, (1, "text")),
        (NR.write, (1, None)),
        (NR.llseek, (0, None, 0)),
        (NR.statx, (7, True)),
        (NR.faccessat, (b"/", 99, True)),
        (NR.mkdirat, (b"/tmp/x", None)),
        (NR.renameat2, (b"/tmp", None)),
        (NR.fchownat, (b"/tmp", -5, 0, True)),
        (NR.utimensat_time64, (b"/tmp", "now", None, True)),
        (NR.truncate64, (b"/tmp", -1)),
        (NR.pipe2, (1,)),
        (NR.ppoll_time64, ([(0, 1)], None)),
        (NR.ppoll_time64, ((0, 1), None)),
        (NR.ppoll_time64, ((), -5)),
        (NR.fcntl64, (0, 99, 0)),
        (NR.fcntl64, (0, flags.F_DUPFD, -1)),
        (NR.ioctl, (0, None, None)),
    ]

    async def main(sys: Sys) -> None:
        for nr, args in nonsense:
            got = await errno_of(trap(nr, *args))
            assert (nr, args, got in (Errno.EFAULT, Errno.EINVAL)) == (nr, args, True)

    run(main)


def test_poll_tells_what_is_ready() -> None:
    async def child(sys: Sys, fd: int) -> int:
        await sys.nanosleep(2 * SECOND)
        await sys.write(fd, b"x")
        await sys.nanosleep(SECOND)
        return 0

    async def main(sys: Sys) -> None:
        reader, writer = await sys.pipe()
        wanted = ((reader, flags.POLLIN), (writer, flags.POLLOUT), (77, flags.POLLIN), (-1, 1))
        assert await sys.poll(wanted) == [(writer, flags.POLLOUT), (77, flags.POLLNVAL)]
        start = await sys.clock_gettime(flags.CLOCK_MONOTONIC)
        assert await sys.poll([(reader, flags.POLLIN)], 0) == []
        assert await sys.poll([(reader, flags.POLLIN)], SECOND) == []
        waited = await sys.clock_gettime(flags.CLOCK_MONOTONIC) - start
        assert SECOND <= waited < SECOND + SECOND // 1000
        await sys.fork(child, writer)
        await sys.close(writer)
        assert await sys.poll([(reader, flags.POLLIN)]) == [(reader, flags.POLLIN)]
        await sys.waitpid()
        ready = flags.POLLIN | flags.POLLHUP
        assert await sys.poll([(reader, flags.POLLIN)]) == [(reader, ready)]

    run(main)


def test_poll_without_descriptors_is_a_sleep() -> None:
    async def main(sys: Sys) -> None:
        start = await sys.clock_gettime()
        assert await sys.poll([], 3 * SECOND) == []
        assert await sys.clock_gettime() - start >= 3 * SECOND

    run(main)


@pytest.mark.parametrize("who", [{"uid": 0}, {"uid": 1000, "gid": 1000}])
def test_set_id_bits_go_when_a_user_writes(who: dict[str, int]) -> None:
    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/opt/tool", flags.O_WRONLY)
        await sys.write(fd, b"x")
        left = 0o4777 if await sys.geteuid() == 0 else 0o777
        assert (await sys.fstat(fd)).mode & 0o7777 == left

    rig = Rig()
    rig.machine.write_file(b"/opt/tool", b"x", mode=0o4777)
    pcb = rig.start(main, **who)
    rig.run()
    assert pcb.exit_status == 0
