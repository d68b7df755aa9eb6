"""Three tables of system calls over one kernel, and what comes of mixing them up."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import bsd, flags, xv6
from minios.abi.errno import Errno
from minios.abi.personality import LINUX, dialect, seen, table_of
from minios.abi.signals import SIG_BLOCK, Sig, mask_of
from minios.abi.sys import Sys
from minios.abi.syscalls import BRANDS, NAMES, NR
from minios.fs.access import ROOT
from minios.kernel import birth
from minios.kernel.kernel import CALLS
from minios.sim.world import MILLISECOND
from tests.kernel.rig import Main, Rig, program


class Mixed(Rig):
    """A machine of one personality, with programs of another."""

    def __init__(self, personality: str) -> None:
        super().__init__(personality=personality)

    def start_as(self, brand: str, main: Main, *, compat: bool = False) -> Any:
        """Run ``main`` as a program built for ``brand``."""
        name = f"p{len(self.programs)}"
        self.programs[name] = program(main)
        self.machine.install(b"/bin/" + name.encode(), name, brand=brand)
        if compat:
            self.kernel.sysctl[f"abi.{brand}"] = 1
        pcb = birth.start(self.kernel, [b"/bin/" + name.encode()])
        self.run()
        return pcb


async def reads(sys: Sys) -> int:
    """A program that uses what every C library has."""
    pid = await sys.getpid()
    fd = await sys.open(b"/etc/word", flags.O_RDONLY)
    data = await sys.read(fd, 10)
    size = (await sys.fstat(fd)).size
    await sys.close(fd)
    out = await sys.open(b"/tmp/out", flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC, 0o600)
    await sys.write(out, data * 2)
    await sys.close(out)

    async def child(sys: Sys) -> int:
        return 7

    await sys.fork(child)
    code = flags.wexitstatus((await sys.waitpid()).status)
    return size * 10 + code if pid > 1 else 0


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("personality", BRANDS)
def test_a_program_does_the_same_wherever_its_table_is_served(brand: str, personality: str) -> None:
    rig = Mixed(personality)
    rig.machine.write_file(b"/etc/word", b"hey")
    pcb = rig.start_as(brand, reads, compat=True)
    assert pcb.exit_status == 37 << 8
    root = rig.machine.vfs.root
    assert rig.machine.vfs.walk(ROOT, root, b"/tmp/out").inode.read(0, 99) == b"heyhey"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("personality", "brand", "status"),
    [
        ("linux", "xv6", Sig.SIGSEGV),
        ("linux", "bsd", Sig.SIGSEGV),
        ("bsd", "linux", Sig.SIGSYS),
        ("bsd", "xv6", Sig.SIGSYS),
        ("xv6", "bsd", Sig.SIGSEGV),
    ],
)
def test_elsewhere_it_dies_of_what_its_calls_mean_there(
    personality: str, brand: str, status: int
) -> None:
    rig = Mixed(personality)
    rig.machine.write_file(b"/etc/word", b"hey")
    assert flags.wtermsig(rig.start_as(brand, reads).exit_status) == status
    assert rig.kernel.faults == []


def test_the_number_of_one_call_is_another_one_elsewhere() -> None:
    """xv6's open is 15, which a BSD takes for chmod; the flags O_RDONLY are the mode 000."""

    async def opens(sys: Sys) -> None:
        await sys.open(b"/etc/word", flags.O_RDONLY)

    rig = Mixed("bsd")
    inode = rig.machine.write_file(b"/etc/word", b"hey").inode
    rig.start_as("xv6", opens)
    assert inode.mode == flags.S_IFREG
    assert (LINUX.names[15], table_of("bsd").names[15], table_of("xv6").names[15]) == (
        "lremovexattr",
        "chmod",
        "open",
    )


def test_an_unknown_call_is_enosys_sigsys_or_a_line_on_the_console() -> None:
    async def calls(sys: Sys) -> int:
        try:
            await sys.sync()
        except OSError as err:
            return err.errno or 0
        return 0

    assert Mixed("linux").start_as("linux", calls).exit_status == 0
    assert flags.wtermsig(Mixed("bsd").start_as("linux", nowhere).exit_status) == Sig.SIGSYS
    rig = Mixed("xv6")
    del rig.kernel.sysctl["abi.linux"]
    rig.start_as("linux", nowhere)
    assert any(b"unknown sys call 291" in record.text for record in rig.kernel.log.since(0))


async def nowhere(sys: Sys) -> None:
    await sys.stat(b"/")


def test_a_bsd_program_sees_signals_and_errors_under_the_names_it_knows() -> None:
    log: list[Any] = []

    async def main(sys: Sys) -> int:
        async def handler(sys: Sys, sig: int) -> None:
            log.append(sig)

        await sys.sigaction(Sig.SIGUSR1, handler)
        await sys.kill(await sys.getpid(), Sig.SIGUSR1)
        log.append(await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGCHLD)))
        log.append(await sys.sigprocmask(SIG_BLOCK, 0))
        for call in (sys.rmdir(b"/etc"), sys.dup2(99, 1), sys.fcntl(0, 99)):
            try:
                await call
            except OSError as err:
                log.append(err.errno)

        async def child(sys: Sys) -> int:
            await sys.kill(await sys.getpid(), Sig.SIGUSR2)
            return 0

        log.append((await sys.waitpid(await sys.fork(child))).status)
        return 0

    rig = Mixed("bsd")
    rig.machine.write_file(b"/etc/word", b"")
    assert rig.start_as("bsd", main).exit_status == 0
    assert log == [
        Sig.SIGUSR1, 0, mask_of(Sig.SIGCHLD), Errno.ENOTEMPTY, Errno.EBADF, Errno.EINVAL,
        Sig.SIGUSR2,
    ]  # fmt: skip


def test_the_values_on_the_wire_are_the_other_kernels() -> None:
    spoken = dialect("bsd")

    def request(nr: int, *args: Any) -> Any:
        return next(spoken.function(nr, args))

    assert request(NR.openat, b"f", flags.O_WRONLY | flags.O_CREAT | flags.O_APPEND, 0o644) == (
        5, (b"f", 0x209, 0o644),
    )  # fmt: skip
    assert request(NR.kill, 5, Sig.SIGUSR1) == (37, (5, 30))
    assert request(NR.rt_sigprocmask, 0, mask_of(Sig.SIGCHLD)) == (340, (1, 1 << 19))
    assert request(NR.unlinkat, b"d", True) == (137, (b"d",))
    assert request(NR.ioctl, 0, flags.TCGETS, None) == (54, (0, 0x402C7413, None))
    assert spoken.refuse(OSError(Errno.EAGAIN, "")).errno == 35
    assert spoken.error(OSError(66, "")).errno == Errno.ENOTEMPTY


def test_in_xv6_a_directory_is_read_and_names_are_cut_at_14_bytes() -> None:
    names: list[bytes] = []

    async def lists(sys: Sys) -> None:
        fd = await sys.open(b"/srv")
        names.extend(entry.name for entry in await sys.getdents(fd))

    rig = Mixed("xv6")
    rig.machine.write_file(b"/srv/a-name-that-is-long", b"")
    assert rig.start_as("xv6", lists).exit_status == 0
    assert names == [b".", b"..", b"a-name-that-is"]


def test_in_xv6_time_goes_in_tenths_of_seconds() -> None:
    async def naps(sys: Sys) -> int:
        before = await sys.clock_gettime()
        await sys.nanosleep(250 * MILLISECOND)
        return (await sys.clock_gettime() - before) // (100 * MILLISECOND)

    assert Mixed("xv6").start_as("xv6", naps).exit_status == 3 << 8


@pytest.mark.parametrize(
    ("brand", "serving", "value", "failed", "result"),
    [
        ("linux", "bsd", 3, 0, 3),
        ("linux", "bsd", 0, 2, 2),
        ("linux", "xv6", 0, 1, -1),
        ("xv6", "linux", 0, 38, -38),
        ("bsd", "linux", 3, 0, -3),
        ("bsd", "xv6", 3, 0, -3),
    ],
)
def test_how_a_library_reads_the_result_of_another_kernel(
    brand: str, serving: str, value: int, failed: int, result: int
) -> None:
    """A negative ``result`` here is an error that the library sees (with this errno)."""
    found = seen(brand, serving, value, failed)
    assert (-(found.errno or 0) if isinstance(found, OSError) else found) == result


def test_each_call_of_the_one_table_has_a_function_and_the_tables_are_sound() -> None:
    assert set(NAMES) - set(CALLS) <= {NR.clock_settime64}
    assert sorted(number for number in set(CALLS) - set(NAMES) if number >= 0) == []
    for spoken in (bsd.DIALECT, xv6.DIALECT):
        assert set(spoken.services) == set(spoken.table.names) == set(spoken.table.rows)
        assert {service.nr for service in spoken.services.values()} <= set(NAMES)
    assert len(xv6.DIALECT.services) == 21
