"""A base system from a template is the one that would have been built."""

from collections.abc import Iterator

import pytest

from minios.fs.access import ROOT
from minios.fs.ext4.template import Inodes, awake
from minios.game.base import User, install
from minios.kernel import machine as module
from minios.kernel.machine import Machine
from minios.sim.world import World
from minios.userland.table import load

USERS = [User("ann", 1000)]


@pytest.fixture(autouse=True)
def no_templates(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_TEMPLATES", {})
    yield


def machine(personality: str = "linux", now: int = -5, disk: int = 16 << 20) -> Machine:
    made = Machine(World(1, now=now), "m", programs=load, personality=personality, disk=disk)
    install(made, hostname="m", users=USERS, ttys={"tty1": "ann"})
    return made


def sleeps(made: Machine) -> bool:
    return isinstance(made._file_system.inodes, Inodes)


def test_the_third_disk_of_a_kind_comes_from_a_template_and_has_the_same_digest():
    built = [machine() for _ in range(4)]
    assert [sleeps(each) for each in built] == [False, False, True, True]
    digests = [each.world.digest() for each in built]
    assert len(set(digests)) == 1
    disk = built[3]._file_system  # a digest wakes nobody
    assert len(awake(disk)) < 100 < len(disk.inodes)


def test_another_time_disk_or_personality_is_another_state():
    for kind in ({}, {"now": 7}, {"disk": 8 << 20}, {"personality": "bsd"}):
        first, *others = [machine(**kind) for _ in range(3)]  # type: ignore[arg-type]
        assert {each.world.digest() for each in others} == {first.world.digest()}


def test_looking_changes_nothing():
    machines = [machine() for _ in range(4)]
    looked, untouched = machines[2:]
    before = untouched.world.digest()
    vfs = looked.vfs
    for path in (b"/bin/ls", b"/usr/share/man/pages", b"/usr/sbin/init"):
        dentry = vfs.walk(ROOT, vfs.root, path)
        assert dentry.path().endswith(path.rpartition(b"/")[2])
        assert dentry.inode.stat() == machines[0].vfs.walk(
            ROOT, machines[0].vfs.root, path
        ).inode.stat()._replace(dev=dentry.inode.stat().dev)
    assert looked.world.digest() == before
    assert len(awake(looked._file_system)) < len(looked._file_system.inodes)


def test_going_through_all_wakes_all():
    first, _, asleep = [machine() for _ in range(3)]
    fs = asleep._file_system
    names = [
        (path, entry.inode.ino)
        for path in (b"/usr/bin", b"/usr/sbin")
        for entry in asleep.vfs.walk(ROOT, asleep.vfs.root, path).inode.entries.values()  # type: ignore[attr-defined]
    ]
    assert names == [
        (path, entry.inode.ino)
        for path in (b"/usr/bin", b"/usr/sbin")
        for entry in first.vfs.walk(ROOT, first.vfs.root, path).inode.entries.values()  # type: ignore[attr-defined]
    ]
    assert [inode.ino for inode in fs.inodes.values()] == list(first._file_system.inodes)
    assert not sleeps(asleep)
    assert asleep.world.digest() == first.world.digest()


def test_changes_are_the_disks_own():
    one, two = [machine() for _ in range(4)][2:]
    one.vfs.unlink(ROOT, one.vfs.root, b"/bin/ls")
    one.write_file(b"/bin/cat", b"#!/bin/sh\n", mode=0o755)
    one.vfs.rename(ROOT, one.vfs.root, b"/bin/cp", b"/bin/mv")
    with pytest.raises(FileNotFoundError):
        one.vfs.walk(ROOT, one.vfs.root, b"/bin/ls")
    fresh = machine()
    assert two.world.digest() == fresh.world.digest() != one.world.digest()
    one._file_system.check()


def test_the_same_changes_give_the_same_disk_built_or_from_a_template():
    digests = []
    for made in [machine() for _ in range(3)]:
        made.vfs.unlink(ROOT, made.vfs.root, b"/bin/ls")
        made.write_file(b"/usr/bin/new", b"x" * 5000)
        made.power_on()
        made.world.run_until(3_000_000_000)
        made.power_off()
        made.power_on()
        made.world.run_until(6_000_000_000)
        assert made.kernel is not None and made.kernel.faults == []
        digests.append(made.world.digest())
    assert len(set(digests)) == 1
