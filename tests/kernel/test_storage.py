"""Disks as programs and players meet them: waiting, caching, syncing, losing, mounting."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.sys import Sys
from minios.fs.disk import DriveSpec
from minios.sim.world import MILLISECOND, SECOND
from minios.testing import Box
from tests.kernel.rig import Rig

SLOW = DriveSpec(latency=50 * MILLISECOND)


def check(rig: Rig | Box) -> None:
    """Every invariant there is."""
    kernel = rig.kernel if isinstance(rig, Rig) else rig.machine.kernel
    assert kernel is not None
    for fs in kernel.cache.file_systems:
        fs.check()
    kernel.cache.check()
    for disk in kernel.machine.disks:
        disk.check()


def text(rig: Rig, path: bytes) -> bytes:
    from minios.fs.access import ROOT

    vfs = rig.machine.vfs
    inode: Any = vfs.walk(ROOT, vfs.root, path).inode
    data: bytes = inode.read(0, 1 << 20)
    return data


async def put(sys: Sys, path: bytes, data: bytes, extra: int = 0) -> int:
    fd = await sys.open(path, flags.O_WRONLY | flags.O_CREAT | flags.O_APPEND | extra)
    await sys.write(fd, data)
    return fd


def fresh(rig: Rig, path: bytes, data: bytes) -> None:
    """A file on the disk of which nothing is in memory."""
    rig.machine.write_file(path, data)
    rig.kernel.cache.drop_all()


# -- reading -----------------------------------------------------------------------------------


def test_who_reads_what_is_not_in_memory_sleeps_in_state_d() -> None:
    rig = Rig(drive=SLOW)
    fresh(rig, b"/a", b"hello")
    got: list[Any] = []

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/a")
        got.append(await sys.read(fd, 100))
        got.append(await sys.clock_gettime(flags.CLOCK_MONOTONIC))
        await sys.lseek(fd, 0)
        got.append(await sys.read(fd, 100))
        got.append(await sys.clock_gettime(flags.CLOCK_MONOTONIC))

    rig.kernel.cache.drop_all()
    pcb = rig.start(main)
    rig.run(0.02)
    assert (pcb.state, pcb.wchan) == ("D", "folio_wait_bit_common")
    rig.run()
    assert got[0] == got[2] == b"hello"
    assert got[3] - got[1] < MILLISECOND, "the second time it is in memory"
    check(rig)


def test_a_sequential_reader_is_read_ahead_and_needs_few_requests() -> None:
    rig = Rig()
    fresh(rig, b"/a", bytes(64 * 4096))
    disk = rig.machine.disks[0]

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/a")
        while await sys.read(fd, 4096):
            pass

    before = disk.stats()
    rig.start(main)
    rig.run()
    after = disk.stats()
    assert after.sectors_read - before.sectors_read == 64 * 8
    assert after.reads - before.reads == 5  # windows of 4, 8, 16, 32 pages and the rest


def test_a_random_reader_reads_only_what_it_asked_for() -> None:
    rig = Rig()
    fresh(rig, b"/a", bytes(64 * 4096))
    disk = rig.machine.disks[0]

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/a")
        for page in (40, 3, 60, 21):
            await sys.lseek(fd, page * 4096)
            await sys.read(fd, 100)

    before = disk.stats().sectors_read
    rig.start(main)
    rig.run()
    assert disk.stats().sectors_read - before == 4 * 8


def test_writing_into_a_page_that_is_not_in_memory_reads_it_first() -> None:
    rig = Rig()
    fresh(rig, b"/a", b"0123456789" * 1000)
    reads = rig.machine.disks[0].stats().reads

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/a", flags.O_WRONLY)
        await sys.lseek(fd, 5000)
        await sys.write(fd, b"ABC")

    rig.start(main)
    rig.run()
    assert rig.machine.disks[0].stats().reads == reads + 1
    assert text(rig, b"/a")[4995:5010] == b"56789ABC3456789"
    check(rig)


def test_a_killed_reader_leaves_the_disk_in_order() -> None:
    rig = Rig(drive=SLOW)
    fresh(rig, b"/a", b"hello")

    async def main(sys: Sys) -> None:
        await sys.read(await sys.open(b"/a"), 5)

    pcb = rig.start(main)
    rig.run(0.02)
    assert pcb.state == "D"
    rig.kernel.send_signal(pcb.pid, 9, None)
    rig.run()
    assert pcb.pid not in rig.kernel.processes
    check(rig)


# -- durability --------------------------------------------------------------------------------


def survive(rig: Rig) -> None:
    rig.machine.power_off()
    rig.machine.power_on()
    rig.run()
    check(rig)


@pytest.mark.parametrize("how", ["fsync", "fdatasync", "syncfs", "sync", "O_SYNC", "O_DSYNC"])
def test_what_was_synced_survives_a_power_cut(how: str) -> None:
    rig = Rig()

    async def main(sys: Sys) -> None:
        extra = getattr(flags, how) if how.startswith("O_") else 0
        fd = await put(sys, b"/a", b"kept", extra)
        if how == "sync":
            await sys.sync()
        elif not extra:
            await getattr(sys, how)(fd)

    rig.start(main)
    rig.run(0.5)
    check(rig)
    survive(rig)
    assert text(rig, b"/a") == b"kept"


def test_what_nobody_synced_is_lost_and_the_journal_is_replayed() -> None:
    rig = Rig()

    async def main(sys: Sys) -> None:
        await put(sys, b"/a", b"lost")

    rig.start(main)
    rig.run(0.5)
    survive(rig)
    with pytest.raises(FileNotFoundError):
        text(rig, b"/a")
    log = [record.text for record in rig.kernel.log.since(0)]
    assert b"EXT4-fs (sda1): recovery complete" in log


def test_dirty_data_are_written_after_dirty_expire_and_then_nothing_happens_any_more() -> None:
    rig = Rig()

    async def main(sys: Sys) -> None:
        await put(sys, b"/a", b"kept")

    rig.start(main)
    rig.run(0.5)
    assert rig.kernel.cache.dirty == 1
    rig.run(25)
    assert rig.kernel.cache.dirty == 1
    rig.run(20)
    assert rig.kernel.cache.dirty == 0
    rig.run(60)
    assert rig.world.next_event() is None
    check(rig)


def test_fsync_of_a_pipe_is_einval_and_of_tmpfs_costs_nothing() -> None:
    rig = Rig()
    got: list[Any] = []

    async def main(sys: Sys) -> None:
        reader, _ = await sys.pipe()
        try:
            await sys.fsync(reader)
        except OSError as err:
            got.append(err.errno)
        fd = await put(sys, b"/tmp/a", b"x")
        await sys.fsync(fd)
        got.append("done")

    rig.start(main)
    rig.run()
    assert got == [Errno.EINVAL, "done"]
    assert rig.machine.disks[0].stats().writes == 0


def test_a_writer_beyond_dirty_ratio_waits_for_the_disk() -> None:
    rig = Rig(ram=4 << 20, drive=DriveSpec(latency=20 * MILLISECOND))

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/a", flags.O_WRONLY | flags.O_CREAT)
        for _ in range(200):
            await sys.write(fd, bytes(16384))

    pcb = rig.start(main)
    seen = set()
    for _ in range(200):
        rig.run(0.005)
        if pcb.wchan:
            seen.add((pcb.state, pcb.wchan))
        limit = rig.kernel.cache.knobs.limit
        assert rig.kernel.cache.dirty + rig.kernel.cache.writing <= limit + 4
    assert ("D", "balance_dirty_pages") in seen
    rig.run(60)
    assert pcb.pid not in rig.kernel.processes
    check(rig)


def test_the_cache_gives_way_to_programs() -> None:
    rig = Rig(ram=4 << 20)
    fresh(rig, b"/a", bytes(2 << 20))

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/a")
        while await sys.read(fd, 65536):
            pass
        await sys.brk(3 << 20)
        await sys.nanosleep(SECOND)

    rig.start(main)
    rig.run(3)
    check(rig)
    assert rig.kernel.faults == []


def test_reading_more_than_there_is_memory_works() -> None:
    rig = Rig(ram=1 << 20)
    data = b"".join(b"%07d\n" % n for n in range(250_000))
    fresh(rig, b"/a", data)
    got: list[bytes] = []

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/a")
        while piece := await sys.read(fd, 65536):
            got.append(piece)

    rig.start(main)
    rig.run(20)
    assert b"".join(got) == data
    assert rig.kernel.cache.pages <= 256
    check(rig)


def test_two_runs_of_the_same_history_have_the_same_digest() -> None:
    def history(pieces: int) -> str:
        rig = Rig(drive=DriveSpec(kind="hdd", elevator="scan"))

        async def main(sys: Sys) -> None:
            for name in (b"/a", b"/b"):
                fd = await put(sys, name, bytes(30000))
                await sys.fsync(fd)
            await put(sys, b"/c", b"dirty")

        rig.start(main)
        for _ in range(pieces):
            rig.run(2 / pieces)
        return rig.world.digest()

    assert history(1) == history(1) == history(50)


# -- at the prompt -----------------------------------------------------------------------------


def test_mount_flags_are_kept() -> None:
    box = Box(user="root")
    result = box.run(
        "mkdir /m; mount -t tmpfs -o noexec,nosuid,nodev,size=64k x /m; cp /bin/true /m; /m/true;"
        "mknod /m/null c 1 3; cat /m/null; mount -o remount,ro /m; touch /m/a; chmod 777 /m/true;"
        "umount /m; mount | grep -c /m"
    )
    assert result.stderr.splitlines() == [
        b"sh: 1: /m/true: Permission denied",
        b"cat: /m/null: Permission denied",
        b"touch: cannot touch '/m/a': Read-only file system",
        b"chmod: changing permissions of '/m/true': Read-only file system",
    ]
    assert result.stdout == b"0\n"


def test_reads_are_noted_as_the_mount_wants() -> None:
    box = Box(user="root")
    result = box.run(
        "mount -t tmpfs x /mnt; echo a > /mnt/f; touch -d @1000000000 /mnt/f; stat -c %X /mnt/f;"
        "mount -o remount,noatime /mnt; cat /mnt/f; stat -c %X /mnt/f;"
        "mount -o remount,ro /mnt; cat /mnt/f; stat -c %X /mnt/f;"
        "mount -o remount,rw,atime /mnt; cat /mnt/f; test $(stat -c %X /mnt/f) -gt 1000000000"
    )
    assert (result.stdout, result.status) == (b"1000000000\na\n" * 3, 0)


def test_a_bind_mount_shows_a_directory_twice_and_knows_where_it_is() -> None:
    box = Box(user="root")
    result = box.run(
        "mkdir -p /srv/a/b; echo x > /srv/a/b/f; mount --bind /srv /mnt; cd /mnt/a/b; pwd -P;"
        "cat f; cd ..; pwd -P; echo y > new; cat /srv/a/new; mv /mnt/a/new /srv/a/c; cat /srv/a/c;"
        "cd /; mount -o remount,bind,ro /mnt; rm /mnt/a/b/f; rm /srv/a/b/f && ls /mnt/a/b;"
        "umount /mnt"
    )
    assert result.stdout == b"/mnt/a/b\nx\n/mnt/a\ny\ny\n"
    assert result.stderr == b"rm: cannot remove '/mnt/a/b/f': Read-only file system\n"
    assert result.status == 0


def test_who_is_inside_keeps_a_mount_busy() -> None:
    box = Box(user="root")
    result = box.run(
        "mount -t tmpfs x /mnt; cd /mnt; umount /mnt; cd /; exec 3> /mnt/f; umount /mnt; exec 3>&-;"
        "mkdir /mnt/d; mount -t tmpfs y /mnt/d; umount /mnt; umount /mnt/d; umount /mnt; echo $?"
    )
    assert result.stderr == b"umount: /mnt: target is busy.\n" * 3
    assert result.stdout == b"0\n"


def test_mounting_is_for_root() -> None:
    result = Box().run("mount -t tmpfs x /mnt; echo $?; umount /tmp; echo $?")
    assert result.stdout == b"32\n32\n"
    assert result.stderr == (
        b"mount: /mnt: must be superuser to use mount.\n"
        b"       dmesg(1) may have more information after failed mount system call.\n"
        b"umount: /tmp: must be superuser to unmount.\n"
    )


@pytest.fixture
def two_disks() -> Box:
    box = Box(user="root")
    box.machine.add_disk(b"sdb", 16384, DriveSpec())
    box.machine.power_off()
    box.machine.power_on()
    box.wait(SECOND)
    return box


def test_a_new_disk_gets_a_file_system_is_mounted_and_survives(two_disks: Box) -> None:
    box = two_disks
    result = box.run(
        "mkfs.ext4 -q -L data /dev/sdb; mount LABEL=data /mnt && echo hello > /mnt/f;"
        "findmnt -n -o SOURCE,FSTYPE /mnt; sync; lsblk -n -o NAME,SIZE,MOUNTPOINTS"
    )
    assert result.stdout == (
        b"/dev/sdb ext4\nsda    19M \n\xe2\x94\x94\xe2\x94\x80sda1 18M /\nsdb     8M /mnt\n"
    )
    box.machine.power_off()
    box.machine.power_on()
    box.wait(SECOND)
    assert box.run("mount /dev/sdb /mnt; cat /mnt/f; umount /mnt").stdout == b"hello\n"
    check(box)


def test_what_lies_on_a_disk_can_be_read_from_it_and_deleted_data_too(two_disks: Box) -> None:
    result = two_disks.run(
        "mkfs.ext4 -q /dev/sdb; mount /dev/sdb /mnt; echo 'the secret is 42' > /mnt/note; sync;"
        "rm /mnt/note; sync; umount /mnt; dd if=/dev/sdb bs=64k status=none | grep -a -c secret"
    )
    assert result.stdout == b"1\n"


def test_overwriting_the_superblock_destroys_the_file_system(two_disks: Box) -> None:
    result = two_disks.run(
        "mkfs.ext4 -q /dev/sdb; mount /dev/sdb /mnt; dd if=/dev/zero of=/dev/sdb status=none;"
        "umount /mnt; dd if=/dev/zero of=/dev/sdb count=8 status=none; mount /dev/sdb /mnt"
    )
    assert result.stderr.splitlines()[:2] == [
        b"dd: failed to open '/dev/sdb': Device or resource busy",
        b"mount: /mnt: wrong fs type, bad option, bad superblock on /dev/sdb, "
        b"missing codepage or helper program, or other error.",
    ]


def test_the_elevator_is_switched_in_sys() -> None:
    result = Box(user="root").run(
        "cd /sys/block/sda/queue; cat scheduler; echo sstf > scheduler; cat scheduler;"
        "echo lift > scheduler"
    )
    assert result.stdout == b"noop [deadline] sstf scan\nnoop deadline [sstf] scan\n"
    assert result.stderr == b"sh: 1: echo: I/O error: Invalid argument\n" or result.status


def test_quotas_stop_a_user_at_the_hard_limit_and_warn_at_the_soft_one() -> None:
    box = Box(user="root")
    result = box.run(
        "mount -o remount,usrquota /; setquota player 100 200 0 4 /;"
        "su player -c 'cd; dd if=/dev/zero of=a bs=1k count=150 status=none; quota -w;"
        "dd if=/dev/zero of=b bs=1k count=100 status=none; : > c; : > d'; repquota / | tail -2"
    )
    assert result.stdout == (
        b"Disk quotas for user player (uid 1000): \n"
        b"     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace\n"
        b"      /dev/sda1     156*    100     200   7days       2       0       4        \n"
        b"player    +-     200     100     200  7days       4     0     4       \n\n"
    )
    assert result.stderr.splitlines() == [
        b"dd: error writing 'b': Disk quota exceeded",
        b"sh: 1: cannot create d: Disk quota exceeded",
    ]
    check(box)


def test_sar_shows_what_was_and_costs_an_idle_machine_nothing() -> None:
    box = Box(user="root")
    box.wait(60 * SECOND)
    assert box.world.next_event() is None
    box.run("spin 5")
    box.wait(25 * SECOND)
    lines = box.run("sar").stdout.splitlines()[5:]
    shares = {line[:8]: line.split()[2] for line in lines}
    assert shares[b"09:00:50"] == b"0.00"
    assert float(shares[b"09:01:00"]) + float(shares[b"09:01:10"]) == pytest.approx(50, abs=1)
    assert shares[b"09:01:20"] == b"0.00"


def test_a_judge_looks_at_a_disk_and_leaves_no_trace_on_it() -> None:
    box = Box(user="root")
    box.run("echo dirty > /srv/a; mkdir /m")
    before = box.machine.disks[0].stats()
    heard: list[bytes] = []
    command = (
        b"cat /srv/a; dd if=/srv/a iflag=direct status=none; sync; sync /srv/a;"
        b"mount -t tmpfs x /m; umount /tmp; head -c 4 /dev/sda; echo sstf >"
        b" /sys/block/sda/queue/scheduler"
    )
    argv = [b"sh", b"-c", command]
    box.machine.judge(argv, lambda _, output: heard.append(output), limit=5 * SECOND)
    box.wait(SECOND)
    assert heard == [b"dirty\ndirty\n"]
    kernel = box.machine.kernel
    assert kernel is not None
    assert kernel.cache.dirty == 1
    assert box.machine.disks[0].stats() == before
    assert [mount.path for mount in kernel.vfs.mounts].count(b"/m") == 0


def test_filefrag_shows_where_blocks_lie_and_that_unwritten_ones_have_no_place() -> None:
    box = Box(user="root")
    result = box.run(
        "cd /srv; dd if=/dev/zero of=a bs=4k count=5 status=none; filefrag -v a; sync a;"
        "filefrag a;"
        "for i in 0 1 2; do for f in x y; do"
        " dd if=/dev/zero of=$f bs=4k count=1 seek=$i conv=notrunc status=none; done; done;"
        "filefrag -s x y; filefrag /tmp"
    )
    assert result.stdout.splitlines() == [
        b"Filesystem type is: ef53",
        b"File size of a is 20480 (5 blocks of 4096 bytes)",
        b" ext:     logical_offset:        physical_offset: length:   expected: flags:",
        b"   0:        0..       4:          0..         4:      5:             "
        b"last,unknown_loc,delalloc,eof",
        b"a: 1 extent found",
        b"a: 1 extent found",
        b"x: 3 extents found",
        b"y: 3 extents found",
    ]
    assert result.stderr == b"/tmp: FIBMAP/FIEMAP unsupported\n"


def test_a_partition_counts_its_share_of_the_disk() -> None:
    box = Box(user="root")
    box.run("dd if=/dev/zero of=/srv/a bs=64k count=16 status=none; sync; cat /etc/passwd")
    whole, part = (box.machine.devices[name].stats() for name in (b"sda", b"sda1"))
    assert whole == part
    box.run("dd if=/dev/sda of=/dev/null bs=4k count=1 status=none")
    whole, part = (box.machine.devices[name].stats() for name in (b"sda", b"sda1"))
    assert whole.sectors_read > part.sectors_read
    assert whole.sectors_written == part.sectors_written


def test_iostat_counts_what_the_disk_did() -> None:
    box = Box(user="root")
    result = box.run("dd if=/dev/zero of=/srv/a bs=64k count=16 status=none; sync; iostat -d sda")
    row = result.stdout.splitlines()[3].split()
    assert row[0] == b"sda"
    assert int(row[6]) >= 1024
    assert result.stdout.splitlines()[2].split()[:3] == [b"Device", b"tps", b"kB_read/s"]
