"""Pipes and FIFOs (pipe(7), fifo(7))."""

from __future__ import annotations

from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.flags import PIPE_BUF, PIPE_SIZE
from minios.abi.signals import SA_RESTART, SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.sim.world import MILLISECOND, SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_files import errno_of, run


def test_what_is_written_comes_out_in_order_and_then_end_of_file() -> None:
    data = bytes(range(256)) * 1000

    async def writer(sys: Sys, reader: int, out: int) -> int:
        await sys.close(reader)
        assert await sys.write(out, data) == len(data)
        return 0

    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe()
        await sys.fork(writer, reader, out)
        await sys.close(out)
        got = b""
        while piece := await sys.read(reader, 5000):
            got += piece
        assert got == data
        assert await sys.read(reader, 1) == b""

    run(main)


def test_a_pipe_holds_64_kib_and_no_more() -> None:
    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe(flags.O_NONBLOCK)
        assert await sys.write(out, b"x" * 100_000) == PIPE_SIZE
        assert await errno_of(sys.write(out, b"x")) == Errno.EAGAIN
        assert await sys.ioctl(reader, flags.FIONREAD) == PIPE_SIZE
        assert await sys.poll([(out, flags.POLLOUT)], 0) == []
        await sys.read(reader, PIPE_BUF)
        assert await sys.poll([(out, flags.POLLOUT)], 0) == [(out, flags.POLLOUT)]

    run(main)


def test_a_small_write_is_atomic_and_a_large_one_is_not() -> None:
    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe(flags.O_NONBLOCK)
        await sys.write(out, b"x" * (PIPE_SIZE - 100))
        assert await errno_of(sys.write(out, b"y" * PIPE_BUF)) == Errno.EAGAIN
        assert await sys.write(out, b"y" * (PIPE_BUF + 1)) == 100
        assert await sys.read(reader, PIPE_SIZE) == b"x" * (PIPE_SIZE - 100) + b"y" * 100

    run(main)


def test_reading_an_empty_pipe() -> None:
    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe(flags.O_NONBLOCK)
        assert await errno_of(sys.read(reader, 1)) == Errno.EAGAIN
        assert await sys.read(reader, 0) == b""
        await sys.close(out)
        assert await sys.read(reader, 1) == b""

    run(main)


def test_writing_without_a_reader_is_sigpipe_or_epipe() -> None:
    async def rude(sys: Sys, out: int) -> int:
        await sys.write(out, b"x")
        return 0

    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe()
        await sys.close(reader)
        await sys.fork(rude, out)
        assert flags.wtermsig((await sys.waitpid()).status) == Sig.SIGPIPE
        await sys.sigaction(Sig.SIGPIPE, SIG_IGN)
        assert await errno_of(sys.write(out, b"x")) == Errno.EPIPE
        assert await sys.poll([(out, flags.POLLOUT)]) == [(out, flags.POLLOUT | flags.POLLERR)]

    run(main)


def test_a_blocked_writer_dies_when_the_last_reader_goes() -> None:
    async def writer(sys: Sys, reader: int, out: int) -> int:
        await sys.close(reader)
        await sys.write(out, b"x" * 200_000)
        return 0

    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe()
        await sys.fork(writer, reader, out)
        await sys.close(out)
        await sys.nanosleep(SECOND)
        await sys.close(reader)
        assert flags.wtermsig((await sys.waitpid()).status) == Sig.SIGPIPE

    run(main)


def test_an_interrupted_large_write_says_how_far_it_got() -> None:
    async def handler(sys: Sys, sig: int) -> None:
        pass

    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGALRM, handler)
        _, out = await sys.pipe()
        await sys.setitimer(100 * MILLISECOND)
        assert await sys.write(out, b"x" * 100_000) == PIPE_SIZE
        await sys.setitimer(100 * MILLISECOND)
        assert await errno_of(sys.write(out, b"x" * 100)) == Errno.EINTR

    run(main)


def test_sa_restart_repeats_only_what_had_not_begun() -> None:
    async def handler(sys: Sys, sig: int) -> None:
        reader, out = await sys.pipe()
        assert await sys.write(out, b"handler") == 7
        assert await sys.read(reader, 10) == b"handler"
        if await sys.ioctl(3, flags.FIONREAD) == PIPE_SIZE and len(seen) == 1:
            await sys.read(3, PIPE_BUF)

    seen: list[int] = []

    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGALRM, handler, SA_RESTART)
        _, out = await sys.pipe()
        await sys.setitimer(100 * MILLISECOND)
        seen.append(await sys.write(out, b"x" * 100_000))
        await sys.setitimer(100 * MILLISECOND)
        seen.append(await sys.write(out, b"x" * 100))
        assert seen == [PIPE_SIZE, 100]

    run(main)


def test_writers_go_on_where_they_were_in_turn() -> None:
    async def writer(sys: Sys, out: int, byte: bytes) -> int:
        assert await sys.write(out, byte * 150_000) == 150_000
        return 0

    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe()
        for byte in (b"a", b"b"):
            await sys.fork(writer, out, byte)
        await sys.close(out)
        counts = {97: 0, 98: 0}
        while piece := await sys.read(reader, 3000):
            for byte in counts:
                counts[byte] += piece.count(byte)
        assert counts == {97: 150_000, 98: 150_000}

    run(main)


def test_opening_a_fifo_waits_for_the_other_end() -> None:
    log: list[Any] = []

    async def reader(sys: Sys) -> int:
        fd = await sys.open(b"/tmp/p")
        log.append("reader")
        log.append(await sys.read(fd, 10))
        log.append(await sys.read(fd, 10))
        return 0

    async def main(sys: Sys) -> None:
        await sys.mkfifo(b"/tmp/p")
        await sys.fork(reader)
        await sys.nanosleep(SECOND)
        assert log == []
        fd = await sys.open(b"/tmp/p", flags.O_WRONLY)
        await sys.write(fd, b"hello")
        await sys.close(fd)
        await sys.waitpid()
        assert log == ["reader", b"hello", b""]

    run(main)


def test_a_writer_that_opens_and_goes_still_lets_the_reader_in() -> None:
    async def reader(sys: Sys) -> int:
        fd = await sys.open(b"/tmp/p")
        return len(await sys.read(fd, 10))

    async def main(sys: Sys) -> None:
        await sys.mkfifo(b"/tmp/p")
        await sys.fork(reader)
        await sys.nanosleep(SECOND)
        await sys.close(await sys.open(b"/tmp/p", flags.O_WRONLY))
        assert (await sys.waitpid()).status == 0

    run(main)


def test_a_killed_opener_is_no_reader() -> None:
    async def reader(sys: Sys) -> int:
        await sys.open(b"/tmp/p")
        return 0

    async def main(sys: Sys) -> None:
        await sys.mkfifo(b"/tmp/p")
        pid = await sys.fork(reader)
        await sys.nanosleep(SECOND)
        await sys.kill(pid, Sig.SIGKILL)
        await sys.waitpid()
        nonblock = flags.O_WRONLY | flags.O_NONBLOCK
        assert await errno_of(sys.open(b"/tmp/p", nonblock)) == Errno.ENXIO

    run(main)


def test_an_interrupted_open_is_eintr_and_leaves_nothing() -> None:
    async def handler(sys: Sys, sig: int) -> None:
        pass

    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGALRM, handler)
        await sys.mkfifo(b"/tmp/p")
        await sys.setitimer(100 * MILLISECOND)
        assert await errno_of(sys.open(b"/tmp/p")) == Errno.EINTR
        nonblock = flags.O_WRONLY | flags.O_NONBLOCK
        assert await errno_of(sys.open(b"/tmp/p", nonblock)) == Errno.ENXIO

    run(main)


def test_opening_a_fifo_without_blocking() -> None:
    async def main(sys: Sys) -> None:
        await sys.mkfifo(b"/tmp/p")
        nonblock = flags.O_NONBLOCK
        assert await errno_of(sys.open(b"/tmp/p", flags.O_WRONLY | nonblock)) == Errno.ENXIO
        reader = await sys.open(b"/tmp/p", flags.O_RDONLY | nonblock)
        assert await sys.read(reader, 1) == b""
        both = await sys.open(b"/tmp/p", flags.O_RDWR)
        await sys.write(both, b"x")
        assert await sys.read(reader, 1) == b"x"
        assert await errno_of(sys.read(reader, 1)) == Errno.EAGAIN

    run(main)


def test_what_a_fifo_held_is_gone_with_its_last_end() -> None:
    async def main(sys: Sys) -> None:
        await sys.mkfifo(b"/tmp/p")
        both = await sys.open(b"/tmp/p", flags.O_RDWR)
        await sys.write(both, b"lost")
        await sys.close(both)
        again = await sys.open(b"/tmp/p", flags.O_RDONLY | flags.O_NONBLOCK)
        assert await sys.read(again, 10) == b""

    run(main)


def test_a_pipe_is_a_fifo_named_by_its_number() -> None:
    async def main(sys: Sys) -> None:
        reader, out = await sys.pipe()
        stat = await sys.fstat(reader)
        assert stat.mode & flags.S_IFMT == flags.S_IFIFO
        assert await sys.readlink(b"/proc/self/fd/%d" % out) == b"pipe:[%d]" % stat.ino
        await sys.write(out, b"x")
        again = await sys.open(b"/proc/self/fd/%d" % reader)
        assert await sys.read(again, 1) == b"x"

    run(main)


def test_the_state_of_a_pipe_is_part_of_the_digest() -> None:
    digests = []
    for text in (b"a", b"b"):
        rig = Rig()

        async def main(sys: Sys, text: bytes = text) -> None:
            _, out = await sys.pipe()
            await sys.write(out, text)
            await sys.nanosleep(100 * SECOND)

        rig.start(main)
        rig.run()
        digests.append(rig.kernel.digest())
    assert digests[0] != digests[1]


def test_a_pipe_opened_again_through_dev_stdin_waits_for_nobody() -> None:
    from minios.testing import run

    assert run("echo a | { sleep 1; cat /dev/stdin; }").stdout == b"a\n"
