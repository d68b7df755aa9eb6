"""free, vmstat, pmap, swapon, ipcs, sysctl, hog and memwalk, as a player sees them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from minios.testing import Box


@pytest.fixture
def box() -> Box:
    return Box(user="root")


def lines(box: Box, cmd: str) -> list[str]:
    result = box.run(cmd)
    assert result.stderr == b""
    return result.stdout.decode().splitlines()


SWAPFILE = (
    "dd if=/dev/zero of=/swapf bs=4096 count=300 2>/dev/null; chmod 600 /swapf; "
    "mkswap -q -L lab /swapf; swapon /swapf; "
)


def test_a_swap_file_is_prepared_used_and_given_back(box: Box) -> None:
    assert lines(box, SWAPFILE + "swapon; free | tail -1; swapoff /swapf; swapon") == [
        "NAME   TYPE SIZE USED PRIO",
        "/swapf file 1.2M   0B   -2",
        "Swap:           1196           0        1196",
    ]


def test_mkswap_says_what_it_set_up(box: Box) -> None:
    box.run("head -c 100000 /dev/zero >/f; chmod 600 /f")
    first, second = lines(box, "mkswap -L lab /f")
    assert first == "Setting up swapspace version 1, size = 92 KiB (94208 bytes)"
    assert second.startswith("LABEL=lab, UUID=")


@pytest.mark.parametrize(
    ("cmd", "status", "stderr"),
    [
        ("mkswap", 1, "mkswap: error: Nowhere to set up swap on?\n"
         "Try 'mkswap --help' for more information.\n"),
        ("mkswap /nosuch", 1, "mkswap: cannot open /nosuch: No such file or directory\n"),
        ("mkswap /etc/passwd", 1, None),
        ("swapon /nosuch", 255, "swapon: cannot open /nosuch: No such file or directory\n"),
        ("swapoff /nosuch", 4, "swapoff: /nosuch: swapoff failed: No such file or directory\n"),
        ("swapoff", 16, "swapoff: bad usage\nTry 'swapoff --help' for more information.\n"),
        ("sysctl vm.nosuch", 1,
         "sysctl: cannot stat /proc/sys/vm/nosuch: No such file or directory\n"),
        ("sysctl kernel.ostype=x", 1,
         'sysctl: setting key "kernel.ostype": Invalid argument\n'),
        ("ipcrm -m 12345", 1, "ipcrm: invalid id (12345)\n"),
        ("ipcrm -M 0x99", 1, "ipcrm: invalid key (0x99)\n"),
        ("ipcmk", 1, "ipcmk: bad usage\nTry 'ipcmk --help' for more information.\n"),
        ("ipcs -m -i 99", 1, "ipcs: id 99 not found\n"),
        ("ipcs -i 3", 1, "ipcs: when using an ID, a single resource must be specified\n"),
        ("vmstat x", 1, "vmstat: failed to parse argument: 'x'\n"),
        ("pmap 99999", 42, ""),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_as_on_linux(
    box: Box, cmd: str, status: int, stderr: str | None
) -> None:
    result = box.run(cmd)
    assert result.status >> 8 == status or result.status == status
    if stderr is not None:
        assert result.stderr.decode() == stderr


def test_pmap_shows_image_heap_and_stack(box: Box) -> None:
    shown = lines(box, "pmap $$; pmap -x $$ | tail -2; pmap -d $$ | tail -1")
    assert shown[1:4] == [
        "00010000      4K r-x-- sh",
        "00011000     16K rw---   [ anon ]",
        "7ffde000    132K rw---   [ stack ]",
    ]
    assert shown[4] == " total      152K"
    assert shown[6].startswith("total kB     152      ")
    assert shown[7] == "mapped: 152K    writeable/private: 148K    shared: 0K"


def test_hog_is_in_the_figures(box: Box) -> None:
    shown = lines(box, "hog 2M 5 & sleep 1; ps -o vsz=,rss= -p $!; grep VmRSS /proc/$!/status")
    vsize, resident = map(int, shown[0].split())
    assert vsize == 152 + 2048
    assert 2048 + 28 <= resident <= 2048 + 32
    assert shown[1] == f"VmRSS:\t{resident:8} kB"


def test_memwalk_reports_and_stops(box: Box) -> None:
    (line,) = lines(box, "memwalk -n 1000 -t 0 -p random 64K")
    assert line.startswith("1000 accesses, ")


def test_a_stopped_program_can_be_put_away_and_comes_back(box: Box) -> None:
    script = SWAPFILE + (
        "hog 400K & sleep 1; kill -STOP $!; echo all >/proc/$!/reclaim; "
        "grep -E 'VmRSS|VmSwap' /proc/$!/status; kill -CONT $!; sleep 1; kill $!; "
        "wait $! 2>/dev/null; echo $?"
    )
    assert lines(box, script) == ["VmRSS:\t       0 kB", "VmSwap:\t     428 kB", "143"]


def test_vmstat_and_its_columns(box: Box) -> None:
    head, columns, first, second = lines(box, "vmstat 1 2")
    assert head == (
        "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----"
    )
    assert columns == (
        " r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st"
    )
    assert len(first) == len(second) == len(columns) + 1  # id is 100
    assert first.split()[:3] == second.split()[:3] == ["0", "0", "0"]


def test_segments_are_listed_and_removed(box: Box) -> None:
    shown = lines(box, "ipcmk -M 100000 -p 600; ipcs -m; ipcs -u | grep -A2 'Shared M'; ipcrm -m 0")
    assert shown[0] == "Shared memory id: 0"
    assert shown[2] == "------ Shared Memory Segments --------"
    assert shown[4].split()[1:] == ["0", "root", "600", "100000", "0"]
    assert shown[7:9] == ["segments allocated 1", "pages allocated 25"]
    assert box.run("ipcs -m | grep -c 0x").stdout == b"0\n"


def test_sysctl_reads_and_sets(box: Box) -> None:
    assert lines(box, "sysctl vm.swap_policy; sysctl -n vm/swap_policy") == [
        "vm.swap_policy = clock", "clock",
    ]  # fmt: skip
    assert lines(box, "sysctl vm.swap_policy=lru; cat /proc/sys/vm/swap_policy") == [
        "vm.swap_policy = lru", "lru",
    ]  # fmt: skip
    assert box.run("sysctl vm.swap_policy=opt").stderr == (
        b'sysctl: setting key "vm.swap_policy": Invalid argument\n'
    )


@pytest.mark.skipif(shutil.which("vmstat") is None, reason="needs procps")
def test_headers_are_those_of_the_real_vmstat(box: Box) -> None:
    for options in ("", "-a", "-w"):
        real = subprocess.run(
            ["vmstat", *options.split()], capture_output=True, check=True, text=True
        ).stdout.splitlines()
        assert lines(box, f"vmstat {options}")[:2] == real[:2]
