"""Devices and /dev (null(4), full(4), random(4), tty(4)), and the host's ends of streams."""

from __future__ import annotations

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.sys import Sys
from minios.fs.access import ROOT
from minios.kernel.dev.devices import HostIn, HostOut, makedev
from minios.kernel.process import PCB
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_files import errno_of, run


def test_null_zero_and_full() -> None:
    async def main(sys: Sys) -> None:
        null = await sys.open(b"/dev/null", flags.O_RDWR)
        assert await sys.write(null, b"x" * 1000) == 1000
        assert await sys.read(null, 10) == b""
        zero = await sys.open(b"/dev/zero", flags.O_RDWR)
        assert await sys.read(zero, 5) == bytes(5)
        assert len(await sys.read(zero, 10 << 30)) == 1 << 20
        assert await sys.write(zero, b"x") == 1
        full = await sys.open(b"/dev/full", flags.O_RDWR)
        assert await sys.read(full, 2) == bytes(2)
        assert await errno_of(sys.write(full, b"x")) == Errno.ENOSPC
        assert await sys.lseek(full, 100) == 0
        assert not await sys.isatty(null)

    run(main)


def test_random_bytes_differ_within_a_world_and_not_between_equal_ones() -> None:
    drawn: list[bytes] = []

    async def main(sys: Sys) -> None:
        for name in (b"random", b"urandom"):
            fd = await sys.open(b"/dev/" + name)
            drawn.append(await sys.read(fd, 16))

    run(main)
    run(main)
    assert len(set(drawn[:2])) == 2
    assert drawn[:2] == drawn[2:]


def test_dev_has_what_one_expects() -> None:
    async def main(sys: Sys) -> None:
        for name, mode, rdev in (
            (b"null", 0o666, makedev(1, 3)),
            (b"tty", 0o666, makedev(5, 0)),
            (b"console", 0o600, makedev(5, 1)),
            (b"tty1", 0o620, makedev(4, 1)),
        ):
            stat = await sys.stat(b"/dev/" + name)
            assert (stat.mode, stat.rdev) == (flags.S_IFCHR | mode, rdev)
        assert await sys.readlink(b"/dev/stdin") == b"/proc/self/fd/0"
        assert (await sys.statfs(b"/dev")).type == b"devtmpfs"

    run(main)


def test_dev_is_an_ordinary_directory() -> None:
    async def main(sys: Sys) -> None:
        await sys.rename(b"/dev/null", b"/dev/void")
        assert await sys.read(await sys.open(b"/dev/void"), 1) == b""
        await sys.chown(b"/dev/tty1", 1000, -1)
        assert (await sys.stat(b"/dev/tty1")).uid == 1000
        await sys.close(await sys.open(b"/dev/null", flags.O_WRONLY | flags.O_CREAT, 0o666))
        assert (await sys.stat(b"/dev/null")).mode & flags.S_IFMT == flags.S_IFREG

    run(main)


def test_a_node_without_a_driver_is_enxio() -> None:
    rig = Rig()
    rig.machine.vfs.mknod(ROOT, rig.machine.vfs.root, b"/odd", flags.S_IFCHR | 0o666, 0x7777)
    rig.machine.vfs.mknod(ROOT, rig.machine.vfs.root, b"/nul", flags.S_IFCHR | 0o666, 0x103)

    async def main(sys: Sys) -> None:
        assert await errno_of(sys.open(b"/odd")) == Errno.ENXIO
        assert await sys.read(await sys.open(b"/nul"), 1) == b""

    pcb = rig.start(main)
    rig.run()
    assert pcb.exit_status == 0


def test_an_extra_device_answers_what_is_written_to_it() -> None:
    class Echo:
        def ask(self, pcb: PCB, data: bytes) -> bytes:
            return b"%d asked %b" % (pcb.uid, data)

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/dev/game", flags.O_RDWR)
        assert await sys.read(fd, 100) == b"7 asked "
        assert await sys.read(fd, 100) == b""
        await sys.write(fd, b"hint")
        assert [await sys.read(fd, 7), await sys.read(fd, 100)] == [b"7 asked", b" hint"]

    rig = Rig()
    rig.kernel.devices.add(b"game", Echo())
    pcb = rig.start(main, uid=7)
    rig.run()
    assert pcb.exit_status == 0


def test_the_host_gets_what_is_written_and_feeds_what_is_read() -> None:
    rig = Rig()
    out: list[bytes] = []
    stdin = HostIn(rig.kernel)

    async def main(sys: Sys) -> None:
        while data := await sys.read(0, 4):
            await sys.write(1, data)
        again = await sys.open(b"/dev/stdout", flags.O_WRONLY)
        await sys.write(again, b".")
        assert not await sys.isatty(1)
        assert await errno_of(sys.lseek(1, 0)) == Errno.ESPIPE
        assert await errno_of(sys.read(1, 1)) == Errno.EBADF

    pcb = rig.start(main, uid=1000, fds={0: stdin, 1: HostOut(rig.kernel, out.append)})
    rig.run()
    assert stdin.waiting
    stdin.feed(b"hello")
    assert (stdin.waiting, stdin.pending) == (False, 5)
    rig.run()
    assert (b"".join(out), stdin.waiting) == (b"hello", True)
    stdin.end()
    rig.run()
    assert (pcb.exit_status, b"".join(out)) == (0, b"hello.")


def test_descriptors_that_nobody_gave_are_dev_null() -> None:
    async def main(sys: Sys) -> None:
        assert [await sys.readlink(b"/proc/self/fd/%d" % fd) for fd in range(3)] == [
            b"/dev/null"
        ] * 3

    run(main)


def test_tmp_and_dev_are_new_at_each_boot_and_the_disk_is_not() -> None:
    async def main(sys: Sys) -> None:
        for path in (b"/tmp/a", b"/run/a", b"/dev/a", b"/a"):
            await sys.close(await sys.open(path, flags.O_WRONLY | flags.O_CREAT))
        await sys.sync()

    rig = Rig()
    rig.start(main)
    rig.run()
    rig.machine.power_off()
    rig.machine.power_on()
    rig.run()
    left = []
    for path in (b"/tmp/a", b"/run/a", b"/dev/a", b"/a"):
        try:
            rig.machine.vfs.walk(ROOT, rig.machine.vfs.root, path)
        except OSError:
            continue
        left.append(path)
    assert left == [b"/a"]


def test_a_probe_redirects_to_null_and_touches_nothing_else() -> None:
    log: list[object] = []

    async def probe(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        null = await sys.open(b"/dev/null", flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC)
        await sys.write(null, b"x")
        for path in (b"/dev/tty1", b"/fifo"):
            log.append(await errno_of(sys.open(path)))
        log.append(await errno_of(sys.open(b"/tmp/x", flags.O_WRONLY | flags.O_CREAT)))
        log.append(await errno_of(sys.stat(b"/proc/self")))
        reader, out = await sys.pipe()
        await sys.write(out, b"pipe")
        log.append(await sys.read(reader, 10))
        log.append(await sys.read(await sys.open(b"/secret"), 10))
        return 0

    rig = Rig()
    rig.programs["probe"] = probe
    rig.machine.write_file(b"/secret", b"read", mode=0)
    rig.machine.vfs.mknod(ROOT, rig.machine.vfs.root, b"/fifo", flags.S_IFIFO | 0o666)
    before = rig.machine.vfs.digest()
    done: list[int] = []
    rig.machine.judge([b"probe"], lambda status, output: done.append(status), limit=SECOND)
    rig.run()
    assert done == [0]
    assert log == [Errno.EROFS, Errno.EROFS, Errno.EROFS, Errno.ENOENT, b"pipe", b"read"]
    assert rig.machine.vfs.digest() == before
