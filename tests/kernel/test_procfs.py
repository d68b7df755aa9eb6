"""/proc in the formats of proc(5)."""

from __future__ import annotations

from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import Sig, mask_of
from minios.abi.sys import Sys
from minios.kernel import birth
from minios.kernel.proc import cpu, pid
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_files import errno_of


async def cat(sys: Sys, path: bytes) -> bytes:
    fd = await sys.open(path)
    parts = []
    while data := await sys.read(fd, 100):
        parts.append(data)
    await sys.close(fd)
    return b"".join(parts)


def look(rig: Rig, path: bytes, **who: Any) -> bytes | int:
    """The text of a file as a process reads it, or the errno."""
    got: list[bytes | int] = []

    async def main(sys: Sys) -> None:
        try:
            got.append(await cat(sys, path))
        except OSError as err:
            got.append(err.errno or 0)

    rig.start(main, name="look", **who)
    rig.run(0.1)
    return got[0]


async def sleeper(sys: Sys) -> None:
    await sys.nanosleep(1000 * SECOND)


def test_stat_has_52_fields_where_proc_says() -> None:
    async def main(sys: Sys) -> None:
        await sys.compute(250_000)
        await sys.sigprocmask(0, mask_of(Sig.SIGUSR1))
        await sys.sigaction(Sig.SIGINT, "SIG_IGN")
        await sys.brk(100_000)
        await sleeper(sys)

    rig = Rig()
    pcb = rig.start(main, name="a) b", nice=5)
    rig.run()
    text = look(rig, b"/proc/%d/stat" % pcb.pid)
    assert isinstance(text, bytes)
    head, _, rest = text.rpartition(b") ")
    assert head == b"%d (a) b" % pcb.pid
    fields = [b"", b"", b"", *rest.split()]
    assert len(fields) == 53
    assert fields[3:9] == [b"S", b"1", *[b"%d" % pcb.pid] * 2, b"0", b"-1"]
    assert (fields[14], fields[18], fields[19], fields[20]) == (b"25", b"25", b"5", b"1")
    assert fields[22] == b"100"  # started a second after boot
    assert int(fields[24]) == (pcb.rss + 4095) // 4096
    assert int(fields[23]) >= pcb.vsize
    assert int(fields[32]) == mask_of(Sig.SIGUSR1)
    assert int(fields[33]) == mask_of(Sig.SIGINT)
    assert (fields[38], fields[39]) == (b"17", b"0")


def test_status_names_what_ps_reads() -> None:
    rig = Rig()
    pcb = rig.start(sleeper, name="nap", uid=1000, gid=100, groups=(100, 7))
    rig.run()
    text = look(rig, b"/proc/%d/status" % pcb.pid)
    assert isinstance(text, bytes)
    rows = dict(line.split(b":\t", 1) for line in text.splitlines())
    assert rows[b"Name"] == b"nap"
    assert rows[b"State"] == b"S (sleeping)"
    assert rows[b"Uid"] == b"1000\t1000\t1000\t1000"
    assert rows[b"Gid"] == b"100\t100\t100\t100"
    assert rows[b"Groups"] == b"100 7 "
    assert rows[b"VmRSS"] == b"%8d kB" % (pcb.rss >> 10)
    assert rows[b"PPid"] == b"1"


def test_cmdline_environ_comm_and_wchan() -> None:
    rig = Rig()
    path = rig.install("nap", sleeper)
    pcb = birth.start(rig.kernel, [path, b"-x", b""], env={b"A": b"1", b"B": b""})
    rig.run()
    proc = b"/proc/%d/" % pcb.pid
    assert look(rig, proc + b"cmdline") == b"/bin/nap\0-x\0\0"
    assert look(rig, proc + b"environ") == b"A=1\0B=\0"
    assert look(rig, proc + b"comm") == b"nap\n"
    assert look(rig, proc + b"wchan") == b"hrtimer_nanosleep"


def test_what_is_private_is_for_the_same_user_and_root() -> None:
    rig = Rig()
    pcb = rig.start(sleeper, uid=1000, gid=1000)
    rig.run()
    seen: dict[int, list[int]] = {}

    async def main(sys: Sys) -> None:
        proc = b"/proc/%d/" % pcb.pid
        results = []
        for call in (
            lambda: cat(sys, proc + b"environ"),
            lambda: sys.readlink(proc + b"cwd"),
            lambda: sys.readlink(proc + b"exe"),
            lambda: sys.open(proc + b"fd", flags.O_DIRECTORY),
            lambda: sys.stat(proc + b"fd/0"),
            lambda: cat(sys, proc + b"cmdline"),
        ):
            try:
                await call()
                results.append(0)
            except OSError as err:
                results.append(err.errno or 0)
        seen[await sys.getuid()] = results

    for uid in (0, 1000, 1001):
        rig.start(main, uid=uid, gid=uid)
    rig.run()
    assert seen == {0: [0] * 6, 1000: [0] * 6, 1001: [Errno.EACCES] * 5 + [0]}


def test_fd_links_lead_to_the_open_files_themselves() -> None:
    rig = Rig()

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/tmp/f", flags.O_RDWR | flags.O_CREAT)
        await sys.write(fd, b"kept")
        link = b"/proc/self/fd/%d" % fd
        assert await sys.readlink(link) == b"/tmp/f"
        await sys.rename(b"/tmp/f", b"/tmp/g")
        assert await sys.readlink(link) == b"/tmp/g"
        await sys.unlink(b"/tmp/g")
        assert await sys.readlink(link) == b"/tmp/g (deleted)"
        assert await cat(sys, link) == b"kept"
        stat = await sys.lstat(link)
        assert (stat.mode, stat.size) == (flags.S_IFLNK | 0o700, 64)
        names = [e.name for e in await sys.getdents(await sys.open(b"/dev/fd"))]
        assert names == [b".", b"..", b"0", b"1", b"2", b"3", b"4"]
        assert await errno_of(sys.stat(b"/proc/self/fd/99")) == Errno.ENOENT

    pcb = rig.start(main)
    rig.run()
    assert (pcb.exit_status, rig.kernel.faults) == (0, [])


def test_cwd_and_exe_are_links() -> None:
    rig = Rig()

    async def main(sys: Sys) -> None:
        assert await sys.readlink(b"/proc/self/exe") == b"/bin/me"
        await sys.mkdir(b"/tmp/d")
        await sys.chdir(b"/tmp/d")
        assert await sys.readlink(b"/proc/self/cwd") == b"/tmp/d"
        await sys.close(await sys.open(b"/proc/self/cwd/new", flags.O_CREAT))
        await sys.stat(b"/tmp/d/new")
        assert await sys.readlink(b"/proc/self") == b"%d" % await sys.getpid()

    pcb = rig.start(main, name="me")
    rig.run()
    assert (pcb.exit_status, rig.kernel.faults) == (0, [])


def test_a_zombie_is_there_until_it_is_waited_for() -> None:
    rig = Rig()

    async def child(sys: Sys) -> int:
        return 3

    async def main(sys: Sys) -> None:
        pid = await sys.fork(child)
        proc = b"/proc/%d/" % pid
        await sys.nanosleep(SECOND)
        assert (await cat(sys, proc + b"stat")).split()[2] == b"Z"
        assert await cat(sys, proc + b"cmdline") == b""
        assert await errno_of(sys.readlink(proc + b"cwd")) == Errno.ENOENT
        held = await sys.open(proc + b"stat")
        directory = await sys.open(proc, flags.O_DIRECTORY)
        await sys.waitpid(pid)
        assert await errno_of(sys.stat(proc)) == Errno.ENOENT
        assert await errno_of(sys.read(held, 10)) == Errno.ESRCH
        assert await errno_of(sys.getdents(directory)) == Errno.ESRCH

    pcb = rig.start(main)
    rig.run(3)
    assert (pcb.exit_status, rig.kernel.faults) == (0, [])


def test_the_listing_shows_every_process_and_no_judge() -> None:
    rig = Rig()
    names: list[bytes] = []

    async def probe(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        await sys.nanosleep(5 * SECOND)
        return 0

    async def main(sys: Sys) -> None:
        names.extend(e.name for e in await sys.getdents(await sys.open(b"/proc")))

    rig.programs["probe"] = probe
    rig.machine.judge([b"probe"], lambda status, output: None, limit=10 * SECOND)
    pcb = rig.start(main)
    rig.run()
    assert [name for name in names if name.isdigit()] == [b"1", b"%d" % pcb.pid]
    assert {b"meminfo", b"loadavg", b"uptime", b"stat", b"self", b"sys"} <= set(names)


def test_figures_of_the_machine() -> None:
    rig = Rig(cores=2, ram=8 << 20)
    rig.run(9)
    meminfo = look(rig, b"/proc/meminfo")
    assert isinstance(meminfo, bytes)
    assert meminfo.splitlines()[0] == b"MemTotal:           8192 kB"
    uptime = look(rig, b"/proc/uptime")
    assert isinstance(uptime, bytes)
    assert uptime.startswith(b"10.10 20.1")
    loadavg = look(rig, b"/proc/loadavg")
    assert isinstance(loadavg, bytes)
    assert loadavg.split()[3] == b"1/2"
    stat = look(rig, b"/proc/stat")
    assert isinstance(stat, bytes)
    rows = [line.split() for line in stat.splitlines()]
    assert [row[0] for row in rows[:3]] == [b"cpu", b"cpu0", b"cpu1"]
    assert 2055 <= int(rows[0][4]) < 2060
    assert rows[-2] == [b"procs_running", b"1"]
    cpuinfo = look(rig, b"/proc/cpuinfo")
    assert isinstance(cpuinfo, bytes)
    assert cpuinfo.count(b"processor\t: ") == 2


def test_loadavg_rounds_as_linux_does() -> None:
    rig = Rig()
    rig.kernel.load.averages = [65536 * 3 // 2, 65536 // 100, 65536 * 10]
    text = look(rig, b"/proc/loadavg")
    assert isinstance(text, bytes)
    assert text.split()[:3] == [b"1.50", b"0.01", b"10.00"]


def test_mounts_are_listed_with_the_root_first() -> None:
    text = look(Rig(), b"/proc/mounts")
    assert isinstance(text, bytes)
    assert [line.split()[:3] for line in text.splitlines()] == [
        [b"/dev/sda1", b"/", b"ext4"],
        [b"sysfs", b"/sys", b"sysfs"],
        [b"proc", b"/proc", b"proc"],
        [b"udev", b"/dev", b"devtmpfs"],
        [b"tmpfs", b"/run", b"tmpfs"],
        [b"tmpfs", b"/tmp", b"tmpfs"],
        [b"tmpfs", b"/dev/shm", b"tmpfs"],
    ]


def test_root_sets_the_hostname_by_writing_it() -> None:
    rig = Rig()

    async def main(sys: Sys) -> None:
        path = b"/proc/sys/kernel/hostname"
        if await sys.getuid() != 0:
            assert await errno_of(sys.open(path, flags.O_WRONLY)) == Errno.EACCES
            return
        fd = await sys.open(path, flags.O_WRONLY | flags.O_TRUNC)
        await sys.write(fd, b"vault\n")
        assert (await sys.uname()).nodename == b"vault"
        assert await cat(sys, path) == b"vault\n"
        assert await errno_of(sys.unlink(path)) == Errno.EPERM
        assert await errno_of(sys.open(b"/proc/new", flags.O_CREAT)) == Errno.ENOENT

    pcbs = [rig.start(main, uid=uid) for uid in (1000, 0)]
    rig.run()
    assert [pcb.exit_status for pcb in pcbs] == [0, 0]
    assert rig.kernel.faults == []


def test_looking_disturbs_nothing() -> None:
    async def busy(sys: Sys) -> None:
        while True:
            await sys.compute(10_000)

    rig = Rig()
    pcb = rig.start(busy)
    rig.run(0.0125)
    before = rig.world.digest()
    assert pid.stat(rig.kernel, pcb).split()[13] == b"1"
    cpu.stat(rig.kernel)
    pid.status(rig.kernel, pcb)
    assert rig.world.digest() == before


def test_io_counts_bytes_and_calls_and_what_a_disk_moved() -> None:
    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/f", flags.O_CREAT | flags.O_RDWR)
        await sys.write(fd, b"x" * 5000)
        await sys.write(fd, b"x" * 100)
        await sys.lseek(fd, 0)
        await sys.read(fd, 3000)
        text = await cat(sys, b"/proc/self/io")
        rows = dict(line.split(b": ") for line in text.splitlines())
        assert rows == {
            b"rchar": b"3000", b"wchar": b"5100", b"syscr": b"1", b"syscw": b"2",
            b"read_bytes": b"0", b"write_bytes": b"8192", b"cancelled_write_bytes": b"0",
        }  # fmt: skip

    rig = Rig()
    pcb = rig.start(main)
    rig.run()
    assert (pcb.exit_status, rig.kernel.faults) == (0, [])


def test_stack_names_where_it_sleeps() -> None:
    rig = Rig()
    pcb = rig.start(sleeper)
    rig.run()
    text = look(rig, b"/proc/%d/stack" % pcb.pid)
    assert text == b"[<0>] hrtimer_nanosleep\n[<0>] __do_sys_clock_nanosleep_time64\n"
    assert look(rig, b"/proc/%d/stack" % pcb.pid, uid=1000) == Errno.EACCES
