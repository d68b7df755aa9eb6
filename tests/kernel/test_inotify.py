"""inotify(7). The order of events was taken from Linux 6.18."""

from __future__ import annotations

from typing import Any

from minios.abi import inotify
from minios.abi.errno import Errno
from minios.abi.flags import FIONREAD, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, POLLIN
from minios.abi.inotify import (
    IN_ACCESS,
    IN_ALL_EVENTS,
    IN_ATTRIB,
    IN_CLOSE_NOWRITE,
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_DELETE,
    IN_DELETE_SELF,
    IN_EXCL_UNLINK,
    IN_IGNORED,
    IN_ISDIR,
    IN_MASK_ADD,
    IN_MASK_CREATE,
    IN_MODIFY,
    IN_MOVE_SELF,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_NONBLOCK,
    IN_ONESHOT,
    IN_ONLYDIR,
    IN_OPEN,
    IN_Q_OVERFLOW,
    IN_UNMOUNT,
    Event,
)
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_locks import errno_of

DIR = b"/tmp/d"


async def make(sys: Sys, path: bytes, data: bytes = b"x") -> None:
    fd = await sys.open(path, O_CREAT | O_WRONLY | O_TRUNC)
    if data:
        await sys.write(fd, data)
    await sys.close(fd)


async def drain(sys: Sys, fd: int) -> list[tuple[int, int, bytes]]:
    """What has happened: (watch, mask, name)."""
    try:
        data = await sys.read(fd, 1 << 16)
    except OSError:
        return []
    return [(event.wd, event.mask, event.name) for event in inotify.unpack(data)]


def run(main: Any) -> Rig:
    rig = Rig()
    pcb = rig.start(main)
    rig.run(20)
    assert (pcb.exit_status, pcb.pid in rig.kernel.processes) == (0, False)
    assert (rig.machine.vfs.watching, rig.kernel.inotify) == (0, [])
    return rig


async def watched(sys: Sys, mask: int = IN_ALL_EVENTS, *paths: bytes) -> int:
    """A directory with a file f, and an instance that watches it (1) and ``paths`` (2 …)."""
    await sys.mkdir(DIR)
    await make(sys, DIR + b"/f")
    fd = await sys.inotify_init(IN_NONBLOCK)
    for number, path in enumerate((DIR, *paths), 1):
        assert await sys.inotify_add_watch(fd, path, mask) == number
    return fd


def test_a_file_is_told_of_by_its_directory_first_and_then_by_itself() -> None:
    async def main(sys: Sys) -> None:
        fd = await watched(sys, IN_ALL_EVENTS, DIR + b"/f")
        file = await sys.open(DIR + b"/f", O_RDONLY)
        await sys.read(file, 10)
        await sys.read(file, 10)  # the end of the file is no access
        await sys.close(file)
        both = [IN_OPEN, IN_ACCESS, IN_CLOSE_NOWRITE]
        assert await drain(sys, fd) == [
            entry for event in both for entry in ((1, event, b"f"), (2, event, b""))
        ]
        await make(sys, DIR + b"/f")
        both = [IN_OPEN, IN_MODIFY, IN_MODIFY, IN_CLOSE_WRITE]
        assert await drain(sys, fd) == [
            entry for event in both for entry in ((1, event, b"f"), (2, event, b""))
        ]

    run(main)


def test_entries_that_come_go_and_move() -> None:
    async def main(sys: Sys) -> None:
        fd = await watched(sys)
        await sys.mkdir(DIR + b"/sub")
        await sys.rmdir(DIR + b"/sub")
        await sys.symlink(b"f", DIR + b"/s")
        await sys.link(DIR + b"/f", DIR + b"/l")
        await sys.unlink(DIR + b"/l")
        assert await drain(sys, fd) == [
            (1, IN_CREATE | IN_ISDIR, b"sub"),
            (1, IN_DELETE | IN_ISDIR, b"sub"),
            (1, IN_CREATE, b"s"),
            (1, IN_CREATE, b"l"),
            (1, IN_DELETE, b"l"),
        ]
        await sys.rename(DIR + b"/f", DIR + b"/g")
        await sys.rename(DIR + b"/g", b"/tmp/away")
        events = list(inotify.unpack(await sys.read(fd, 4096)))
        assert [(e.mask, e.name) for e in events] == [
            (IN_MOVED_FROM, b"f"),
            (IN_MOVED_TO, b"g"),
            (IN_MOVED_FROM, b"g"),
        ]
        assert events[0].cookie == events[1].cookie != events[2].cookie > 0

    run(main)


def test_the_end_of_what_is_watched_ends_the_watch() -> None:
    async def main(sys: Sys) -> None:
        fd = await watched(sys, IN_ALL_EVENTS, DIR + b"/f")
        await sys.unlink(DIR + b"/f")
        assert await drain(sys, fd) == [
            (2, IN_ATTRIB, b""),
            (2, IN_DELETE_SELF, b""),
            (2, IN_IGNORED, b""),
            (1, IN_DELETE, b"f"),
        ]
        await sys.rmdir(DIR)
        assert await drain(sys, fd) == [(1, IN_DELETE_SELF, b""), (1, IN_IGNORED, b"")]
        assert await errno_of(sys.inotify_rm_watch(fd, 1)) == Errno.EINVAL

    run(main)


def test_an_open_file_is_deleted_when_it_is_closed() -> None:
    async def main(sys: Sys) -> None:
        fd = await watched(sys, IN_ALL_EVENTS, DIR + b"/f")
        held = await sys.open(DIR + b"/f")
        await sys.unlink(DIR + b"/f")
        await drain(sys, fd)
        await sys.close(held)
        assert await drain(sys, fd) == [
            (1, IN_CLOSE_NOWRITE, b"f"),
            (2, IN_CLOSE_NOWRITE, b""),
            (2, IN_DELETE_SELF, b""),
            (2, IN_IGNORED, b""),
        ]

    run(main)


def test_what_a_rename_replaces_goes_last() -> None:
    async def main(sys: Sys) -> None:
        fd = await watched(sys, IN_ALL_EVENTS, DIR + b"/f")
        await make(sys, b"/tmp/g")
        await sys.rename(b"/tmp/g", DIR + b"/f")
        assert await drain(sys, fd) == [
            (1, IN_MOVED_TO, b"f"),
            (2, IN_ATTRIB, b""),
            (2, IN_DELETE_SELF, b""),
            (2, IN_IGNORED, b""),
        ]
        wd = await sys.inotify_add_watch(fd, DIR + b"/f", IN_MOVE_SELF)
        await sys.rename(DIR + b"/f", DIR + b"/h")
        assert (await drain(sys, fd))[2] == (wd, IN_MOVE_SELF, b"")

    run(main)


def test_masks() -> None:
    async def main(sys: Sys) -> None:
        fd = await watched(sys, IN_CREATE)
        path = DIR + b"/f"
        assert await sys.inotify_add_watch(fd, DIR, IN_DELETE | IN_MASK_ADD) == 1
        await make(sys, DIR + b"/n")
        await sys.unlink(DIR + b"/n")
        assert await drain(sys, fd) == [(1, IN_CREATE, b"n"), (1, IN_DELETE, b"n")]
        assert await sys.inotify_add_watch(fd, DIR, IN_DELETE) == 1
        await make(sys, DIR + b"/n")
        assert await drain(sys, fd) == []
        wd = await sys.inotify_add_watch(fd, path, IN_OPEN | IN_ONESHOT)
        await make(sys, path)
        assert await drain(sys, fd) == [(wd, IN_OPEN, b""), (wd, IN_IGNORED, b"")]
        add = sys.inotify_add_watch
        assert await errno_of(add(fd, DIR, IN_OPEN | IN_MASK_CREATE)) == Errno.EEXIST
        assert await errno_of(add(fd, path, IN_OPEN | IN_ONLYDIR)) == Errno.ENOTDIR
        assert await errno_of(add(fd, path, 0)) == Errno.EINVAL
        assert await errno_of(add(0, path, IN_OPEN)) == Errno.EINVAL
        assert await errno_of(add(99, path, IN_OPEN)) == Errno.EBADF
        assert await errno_of(add(fd, b"/none", IN_OPEN)) == Errno.ENOENT
        await add(fd, DIR, IN_MODIFY | IN_EXCL_UNLINK)
        held = await sys.open(path, O_WRONLY)
        await sys.write(held, b"1")
        await sys.unlink(path)
        await sys.write(held, b"2")
        assert await drain(sys, fd) == [(1, IN_MODIFY, b"f")]

    run(main)


def test_reading() -> None:
    async def later(sys: Sys) -> int:
        await sys.nanosleep(SECOND)
        await make(sys, DIR + b"/a-longer-name", b"")
        return 0

    async def main(sys: Sys) -> None:
        fd = await watched(sys, IN_CREATE)
        assert await errno_of(sys.read(fd, 4096)) == Errno.EAGAIN
        await sys.fork(later)
        assert await sys.poll([(fd, POLLIN)]) == [(fd, POLLIN)]
        assert await sys.ioctl(fd, FIONREAD) == 16 + 16
        assert await errno_of(sys.read(fd, 31)) == Errno.EINVAL
        assert await sys.read(fd, 32) == Event(1, IN_CREATE, 0, b"a-longer-name").pack()

    run(main)


def test_the_queue_overflows_and_the_limits_hold() -> None:
    async def main(sys: Sys) -> None:
        for knob, number in (
            (b"max_queued_events", b"3"),
            (b"max_user_instances", b"1"),
            (b"max_user_watches", b"2"),
        ):
            knob_fd = await sys.open(b"/proc/sys/fs/inotify/" + knob, O_WRONLY)
            await sys.write(knob_fd, number + b"\n")
            await sys.close(knob_fd)
        fd = await watched(sys, IN_CREATE | IN_DELETE)
        for name in (b"1", b"2", b"3", b"4", b"5"):
            await sys.mkfifo(DIR + b"/" + name)
        events = await drain(sys, fd)
        assert events[2:] == [(1, IN_CREATE, b"3"), (-1, IN_Q_OVERFLOW, b"")]
        assert await errno_of(sys.inotify_init()) == Errno.EMFILE
        await sys.inotify_add_watch(fd, DIR + b"/1", IN_OPEN)
        assert await errno_of(sys.inotify_add_watch(fd, DIR + b"/2", IN_OPEN)) == Errno.ENOSPC

    run(main)


def test_the_same_event_twice_in_a_row_is_one() -> None:
    async def main(sys: Sys) -> None:
        fd = await watched(sys, IN_MODIFY)
        file = await sys.open(DIR + b"/f", O_WRONLY)
        for _ in range(3):
            await sys.write(file, b"x")
        assert await drain(sys, fd) == [(1, IN_MODIFY, b"f")]

    run(main)


def test_an_unmounted_file_system_says_so() -> None:
    async def main(sys: Sys) -> None:
        await sys.mkdir(b"/mnt2")
        await sys.mount(b"none", b"/mnt2", b"tmpfs", 0, b"")
        fd = await sys.inotify_init(IN_NONBLOCK)
        await sys.inotify_add_watch(fd, b"/mnt2", IN_OPEN)
        await sys.umount(b"/mnt2")
        assert await drain(sys, fd) == [(1, IN_UNMOUNT, b""), (1, IN_IGNORED, b"")]

    run(main)
