"""fs.protected_symlinks, _hardlinks, _fifos and _regular (proc_sys_fs(5))."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.abi.flags import O_CREAT, O_NONBLOCK, O_RDWR
from minios.abi.sys import Sys
from tests.kernel.rig import Rig
from tests.kernel.test_locks import errno_of


def run(rules: bytes) -> list[int]:
    """What a user and root get for what another user left in /tmp, with all knobs at ``rules``."""
    rig = Rig()
    seen: list[int] = []

    async def prepare(sys: Sys) -> None:
        for knob in (b"symlinks", b"hardlinks", b"fifos", b"regular"):
            fd = await sys.open(b"/proc/sys/fs/protected_" + knob, O_RDWR)
            await sys.write(fd, rules)
        await sys.setreuid(1001, 1001)
        await sys.symlink(b"/bin", b"/tmp/link")
        await sys.mkfifo(b"/tmp/fifo", 0o666)
        await sys.chmod(b"/tmp/fifo", 0o666)
        for name, mode in ((b"/tmp/file", 0o666), (b"/tmp/read-only", 0o644)):
            await sys.close(await sys.open(name, O_CREAT | O_RDWR))
            await sys.chmod(name, mode)

    async def look(sys: Sys) -> None:
        seen.append(await errno_of(sys.stat(b"/tmp/link")))
        seen.append(await errno_of(sys.stat(b"/tmp/link/hosts")) - Errno.ENOENT)
        seen.append(await errno_of(sys.open(b"/tmp/fifo", O_CREAT | O_RDWR | O_NONBLOCK)))
        seen.append(await errno_of(sys.open(b"/tmp/file", O_CREAT | O_RDWR)))
        seen.append(await errno_of(sys.open(b"/tmp/file", O_RDWR)))
        seen.append(await errno_of(sys.link(b"/tmp/file", b"/tmp/a%d" % await sys.getuid())))
        seen.append(await errno_of(sys.link(b"/tmp/read-only", b"/tmp/b%d" % await sys.getuid())))

    for main, uid in ((prepare, 0), (look, 1000), (look, 0)):
        rig.start(main, uid=uid)
        rig.run()
    return seen


def test_a_distribution_s_rules_bind_everybody_and_root() -> None:
    denied, refused = Errno.EACCES, Errno.EPERM
    assert run(b"1\n") == [
        denied, 0, denied, denied, 0, 0, refused,
        denied, 0, denied, denied, 0, 0, 0,
    ]  # fmt: skip


def test_without_them_only_the_modes_count() -> None:
    assert run(b"0\n") == [0] * 14
