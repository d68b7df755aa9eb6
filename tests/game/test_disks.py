"""A level's disks: what the file says, what is refused, and what the player finds."""

from __future__ import annotations

import pytest

from minios.game import loader, spec
from minios.game.build import build
from minios.game.problems import LevelError
from minios.game.sandbox import Result, run_command
from minios.sim.world import MILLISECOND, SECOND

TEXT = """
format: 1
id: disky
title: Disky
author: MiniOS
chapter: Files
difficulty: 2
briefing: Look.
hints: [a, b]
world:
  player: {machine: pc, user: ann}
  machines:
    pc:
      disk: 4MiB
      drive: {kind: hdd, rpm: 5400, elevator: sstf, seek: [2ms, 20ms]}
      disks:
        sdb: {size: 8MiB, fs: ext4, label: data, mount: /srv/data, options: "noexec,nosuid"}
        sdc: {size: 2MiB, drive: {latency: 2ms, rate: 1MiB}}
      users: {ann: {uid: 1000}}
      quotas: {ann: {space: [100KiB, 200KiB], files: [5, 10]}}
      files:
        /srv/data/hello: {text: "hi\\n", owner: ann}
goals:
  done: {text: ok, file: {path: /srv/data/hello, contains: bye}}
lose: {late: {text: x, at: 60s, unless: done}}
par: {time: 20s, keys: 40}
solutions: {a: "echo bye > /srv/data/hello\\n"}
"""


def problems(old: str, new: str) -> list[str]:
    assert TEXT.count(old) == 1
    with pytest.raises(LevelError) as caught:
        loader.loads(TEXT.replace(old, new).encode(), "x.yaml")
    return [line.partition(": ")[2] for line in str(caught.value).splitlines()]


def test_the_fields_become_plain_data() -> None:
    machine = loader.loads(TEXT.encode(), "x.yaml").machine("pc")
    assert machine.drive == spec.DriveModelSpec(
        kind="hdd", elevator="sstf", rpm=5400, min_seek=2 * MILLISECOND, max_seek=20 * MILLISECOND
    )
    slow = spec.DriveModelSpec(latency=2 * MILLISECOND, rate=1 << 20)
    assert machine.disks == (
        spec.DiskSpec(
            "sdb", 8 << 20, spec.DriveModelSpec(), "ext4", "data", "/srv/data", "noexec,nosuid"
        ),
        spec.DiskSpec("sdc", 2 << 20, slow),
    )
    assert machine.quotas == (spec.QuotaSpec("ann", 100 << 10, 200 << 10, 5, 10),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("elevator: sstf", "elevator: lift", "must be one of noop, deadline, sstf, scan"),
        ("sdc: {", "sdz: {", "must be one of sdb, sdc, sdd, sde"),
        ("fs: ext4, label: data,", "label: data,", "needs fs: ext4"),
        ("mount: /srv/data", "mount: /proc", "is no place for a disk"),
        ("quotas: {ann:", "quotas: {bob:", "bob"),
        ("size: 8MiB", "size: 600MiB", "512"),
        ("disk: 4MiB", "sysctl: {vm.dirty_expire: 5}", "vm.dirty_expire_centisecs"),
        ("disk: 4MiB", "sysctl: {vm.dirty_ratio: 101}", "must be a number from 0 to 100"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, said: str) -> None:
    assert any(said in line for line in problems(old, new))


def test_the_player_finds_the_disks_mounted_and_the_quota_kept() -> None:
    built = build(loader.loads(TEXT.encode(), "x.yaml"), 1)
    built.switch_on()
    built.world.run_until(0)

    def run(command: str) -> Result:
        argv = ["sh", "-c", command]
        return run_command(built.world, built.machines, argv, machine="pc", user="ann")

    assert run("cat /srv/data/hello; findmnt -n -o SOURCE,OPTIONS /srv/data").stdout == (
        b"hi\n/dev/sdb rw,nosuid,noexec,relatime\n"
    )
    assert run("cat /sys/block/sda/queue/scheduler").stdout == b"noop deadline [sstf] scan\n"
    assert run("cat /sys/block/sd*/queue/rotational").stdout == b"1\n0\n0\n"
    assert run("head -c 300000 /dev/zero > big; ls -s big").stdout == b"196 big\n"
    assert run("quota | tail -1").stdout.split()[1:4] == [b"200*", b"100", b"200"]


def test_kernel_parameters_hold_from_every_boot_on() -> None:
    text = TEXT.replace("disk: 4MiB", "sysctl: {vm.dirty_expire_centisecs: 500}")
    built = build(loader.loads(text.encode(), "x.yaml"), 1)
    built.switch_on()
    built.world.run_until(0)
    machine = built.machines["pc"]
    for _ in range(2):
        kernel = machine.kernel
        assert kernel is not None
        assert kernel.cache.knobs.expire == 5 * SECOND
        machine.power_off()
        machine.power_on()


def test_a_disk_of_fstab_is_mounted_again_after_a_power_cut() -> None:
    built = build(loader.loads(TEXT.encode(), "x.yaml"), 1)
    built.switch_on()
    built.world.run_until(0)
    machine = built.machines["pc"]
    command = "echo 1 > /srv/data/a; sync; echo 2 > /srv/data/b"
    argv = ["sh", "-c", command]
    run_command(built.world, built.machines, argv, machine="pc", user="root")
    machine.power_off()
    machine.power_on()
    built.world.run_until(built.world.now + 2 * SECOND)
    result = run_command(built.world, built.machines, ["ls", "/srv/data"], machine="pc", user="ann")
    assert result.stdout == b"a\nhello\n"
