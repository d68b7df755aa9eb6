"""Ids, capabilities and prctl(2): credentials(7), capabilities(7)."""

from __future__ import annotations

from typing import Any

import pytest

from minios.abi import caps, flags
from minios.abi.caps import ALL, CAP_CHOWN, CAP_KILL, CAP_NET_RAW, CAP_SETUID, FileCaps
from minios.abi.errno import Errno
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from tests.kernel.rig import Rig

KILL, CHOWN, NET_RAW, SETUID = (1 << c for c in (CAP_KILL, CAP_CHOWN, CAP_NET_RAW, CAP_SETUID))


async def refused(call: Any) -> int:
    """The errno that a call fails with."""
    try:
        await call
    except OSError as err:
        assert err.errno is not None
        return err.errno
    raise AssertionError("it did not fail")


def test_setresuid_takes_any_of_the_three_ids_and_no_other() -> None:
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        await sys.setresuid(1000, 1001, 1002)
        seen.append(await sys.getresuid())
        await sys.setresuid(1002, -1, 1001)
        seen.append(await sys.getresuid())
        seen.append(await refused(sys.setresuid(-1, 0, -1)))
        seen.append(await refused(sys.setresuid(-1, 1000, -1)))
        seen.append(await sys.getresuid())

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [
        (1000, 1001, 1002), (1002, 1001, 1001), Errno.EPERM, Errno.EPERM, (1002, 1001, 1001),
    ]  # fmt: skip


def test_giving_up_all_root_ids_gives_up_the_capabilities() -> None:
    """capabilities(7), Effect of user ID changes on capabilities."""
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        await sys.setresuid(-1, 1000, -1)
        seen.append(await sys.capget())
        await sys.setresuid(-1, 0, -1)
        seen.append(await sys.capget())
        await sys.setuid(1000)
        seen.append(await sys.capget())

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [(0, ALL, 0), (ALL, ALL, 0), (0, 0, 0)]


def test_keep_caps_keeps_the_permitted_set_only() -> None:
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        await sys.prctl(flags.PR_SET_KEEPCAPS, 1)
        await sys.setuid(1000)
        seen.append(await sys.capget())
        await sys.capset(KILL, KILL, 0)
        seen.append(await sys.capget())
        seen.append(await refused(sys.capset(CHOWN, CHOWN, 0)))
        seen.append(await refused(sys.capset(CHOWN, KILL, 0)))

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [(0, ALL, 0), (KILL, KILL, 0), Errno.EPERM, Errno.EPERM]


def test_each_privilege_asks_for_its_own_capability() -> None:
    seen: dict[str, Any] = {}

    async def main(sys: Sys) -> None:
        await sys.capset(ALL & ~KILL & ~CHOWN & ~SETUID, ALL, 0)
        seen["kill"] = await refused(sys.kill(target.pid, Sig.SIGTERM))
        seen["chown"] = await refused(sys.chown(b"/etc", 1, 1))
        seen["setuid"] = await refused(sys.setuid(5))
        await sys.sethostname(b"still")
        await sys.capset(1 << CAP_SETUID, ALL, 0)
        seen["hostname"] = await refused(sys.sethostname(b"no"))
        seen["reboot"] = await refused(sys.reboot(flags.REBOOT_RESTART))
        seen["nice"] = await refused(sys.setpriority(flags.PRIO_PROCESS, 0, -5))

    async def sleeper(sys: Sys) -> None:
        await sys.nanosleep(10_000_000_000)

    rig = Rig()
    rig.machine.make_dir(b"/etc")
    target = rig.start(sleeper, uid=1000)
    rig.start(main)
    rig.run()
    assert seen == {
        "kill": Errno.EPERM, "chown": Errno.EPERM, "setuid": Errno.EPERM, "hostname": Errno.EPERM,
        "reboot": Errno.EPERM, "nice": Errno.EACCES,
    }  # fmt: skip
    assert not target.zombie


def test_a_file_gives_its_capabilities_to_whoever_executes_it() -> None:
    seen: list[Any] = []

    async def helper(sys: Sys) -> None:
        seen.append((await sys.geteuid(), await sys.capget()))

    async def main(sys: Sys) -> None:
        await sys.execve(b"/bin/helper", [b"helper"], {})

    rig = Rig()
    path = rig.install("helper", helper)
    inode = rig.machine.vfs.walk(root(), rig.machine.vfs.root, path).inode
    inode.xattrs = {caps.XATTR: caps.encode_file(FileCaps(KILL | NET_RAW, 0, True))}
    rig.start(main, uid=1000)
    rig.run()
    assert seen == [(1000, (KILL | NET_RAW, KILL | NET_RAW, 0))]


def test_the_bounding_set_keeps_a_program_with_capabilities_from_starting() -> None:
    """capabilities(7), Safety checking for capability-dumb binaries: EPERM."""
    seen: list[Any] = []

    async def helper(sys: Sys) -> None:
        seen.append("started")

    async def main(sys: Sys) -> None:
        await sys.prctl(flags.PR_CAPBSET_DROP, CAP_KILL)
        seen.append(await sys.prctl(flags.PR_CAPBSET_READ, CAP_KILL))
        await sys.setuid(1000)
        seen.append(await refused(sys.execve(b"/bin/helper", [b"helper"], {})))
        seen.append(await refused(sys.prctl(flags.PR_CAPBSET_DROP, CAP_CHOWN)))

    rig = Rig()
    path = rig.install("helper", helper)
    inode = rig.machine.vfs.walk(root(), rig.machine.vfs.root, path).inode
    inode.xattrs = {caps.XATTR: caps.encode_file(FileCaps(KILL, 0, True))}
    rig.start(main)
    rig.run()
    assert seen == [0, Errno.EPERM, Errno.EPERM]


def test_ambient_capabilities_outlive_an_exec_and_need_the_inheritable_set() -> None:
    seen: list[Any] = []

    async def helper(sys: Sys) -> None:
        seen.append((await sys.getuid(), await sys.capget()))

    async def main(sys: Sys) -> None:
        raise_it = (flags.PR_CAP_AMBIENT_RAISE, CAP_NET_RAW)
        seen.append(await refused(sys.prctl(flags.PR_CAP_AMBIENT, raise_it)))
        await sys.prctl(flags.PR_SET_KEEPCAPS, 1)
        await sys.setuid(1000)
        await sys.capset(NET_RAW, NET_RAW, NET_RAW)
        await sys.prctl(flags.PR_CAP_AMBIENT, raise_it)
        await sys.execve(b"/bin/helper", [b"helper"], {})

    rig = Rig()
    rig.install("helper", helper)
    rig.start(main)
    rig.run()
    assert seen == [Errno.EPERM, (1000, (NET_RAW, NET_RAW, NET_RAW))]


@pytest.mark.parametrize(("limited", "euid"), [(False, 0), (True, 1000)])
def test_no_new_privs_makes_the_setuid_bit_do_nothing(limited: bool, euid: int) -> None:
    seen: list[Any] = []

    async def helper(sys: Sys) -> None:
        seen.append((await sys.geteuid(), await sys.prctl(flags.PR_GET_DUMPABLE)))

    async def main(sys: Sys) -> None:
        if limited:
            await sys.prctl(flags.PR_SET_NO_NEW_PRIVS, 1)
        await sys.execve(b"/bin/helper", [b"helper"], {})

    rig = Rig()
    path = rig.install("helper", helper)
    rig.machine.install(path, "helper", 0o4755)
    rig.start(main, uid=1000)
    rig.run()
    assert seen == [(euid, int(limited))]


def test_writing_to_a_file_takes_its_capabilities_away() -> None:
    """capabilities(7); xattr(7): only CAP_SETFCAP sets them."""
    seen: list[Any] = []
    value = caps.encode_file(FileCaps(KILL, 0, True))

    async def main(sys: Sys) -> None:
        await sys.setxattr(b"/tool", caps.XATTR, value)
        seen.append(await sys.getxattr(b"/tool", caps.XATTR) == value)
        fd = await sys.open(b"/tool", flags.O_WRONLY)
        await sys.write(fd, b"x")
        seen.append(await refused(sys.getxattr(b"/tool", caps.XATTR)))
        await sys.setuid(1000)
        seen.append(await refused(sys.setxattr(b"/tool", caps.XATTR, value)))
        await sys.setxattr(b"/tool", b"user.note", b"mine")
        seen.append(await sys.listxattr(b"/tool"))
        seen.append(await refused(sys.setxattr(b"/tool", b"user.note", b"", flags.XATTR_CREATE)))
        seen.append(await refused(sys.setxattr(b"/tool", b"other.note", b"")))

    rig = Rig()
    rig.machine.write_file(b"/tool", b"data", 1000, 1000)
    rig.start(main)
    rig.run()
    assert seen == [
        True, Errno.ENODATA, Errno.EPERM, [b"user.note"], Errno.EEXIST, Errno.ENOTSUP,
    ]  # fmt: skip


def test_orphans_go_to_the_nearest_subreaper() -> None:
    """prctl(2), PR_SET_CHILD_SUBREAPER."""
    seen: list[Any] = []

    async def grandchild(sys: Sys) -> int:
        await sys.nanosleep(50_000_000)
        seen.append(await sys.getppid())
        return 7

    async def child(sys: Sys) -> int:
        await sys.fork(grandchild)
        return 0

    async def main(sys: Sys) -> None:
        await sys.prctl(flags.PR_SET_CHILD_SUBREAPER, 1)
        first = await sys.fork(child)
        seen.append((await sys.waitpid()).pid == first)
        waited = await sys.waitpid()
        seen.append((await sys.getpid(), flags.wexitstatus(waited.status)))

    rig = Rig()
    reaper = rig.start(main)
    rig.run()
    assert seen == [True, reaper.pid, (reaper.pid, 7)]


def test_the_death_signal_comes_when_the_parent_ends() -> None:
    """prctl(2), PR_SET_PDEATHSIG; a fork does not hand it on."""
    told: list[int] = []

    async def handler(sys: Sys, sig: int) -> None:
        told.append(sig)

    async def child(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGUSR1, handler)
        await sys.prctl(flags.PR_SET_PDEATHSIG, Sig.SIGUSR1)
        try:
            await sys.nanosleep(500_000_000)
        except OSError as err:
            told.append(err.errno or 0)
        return 0

    async def main(sys: Sys) -> None:
        await sys.fork(child)
        await sys.nanosleep(10_000_000)

    rig = Rig()
    rig.start(main)
    rig.run()
    assert told == [Sig.SIGUSR1, Errno.EINTR]


def test_a_child_that_has_executed_can_no_longer_be_moved_to_a_group() -> None:
    """setpgid(2), EACCES."""
    seen: list[Any] = []

    async def helper(sys: Sys) -> None:
        await sys.nanosleep(100_000_000)

    async def child(sys: Sys) -> int:
        await sys.execve(b"/bin/helper", [b"helper"], {})
        return 1

    async def main(sys: Sys) -> None:
        pid = await sys.fork(child)
        await sys.setpgid(pid, pid)
        await sys.nanosleep(10_000_000)
        seen.append(await refused(sys.setpgid(pid, 0)))

    rig = Rig()
    rig.install("helper", helper)
    rig.start(main)
    rig.run()
    assert seen == [Errno.EACCES]


def root() -> Any:
    from minios.fs.access import ROOT

    return ROOT
