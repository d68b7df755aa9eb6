"""Levels with a kernel of another personality, and with programs built for another one."""

from __future__ import annotations

from pathlib import Path

import pytest

import minios
from minios.game import loader
from minios.game.problems import LevelError

LEVEL = """
format: 1
id: tongues
title: Tongues
author: tests
chapter: processes
difficulty: 1
pace: live
teaches: [strace]
briefing: x
hints: [x]
seeds: {play: 7, check: [11]}
world:
  player: {machine: pc, user: root}
  machines:
    pc:
      personality: linux
      files:
        /srv/words: "one two\\n"
        /opt/count: {program: wc, abi: bsd}
        /opt/tool: {program: cat, owner: root, mode: "0700"}
goals:
  done: {text: x, probe: test -e /tmp/x}
solutions:
  author: |
    touch /tmp/x
"""


def level(tmp_path: Path, personality: str = "linux") -> str:
    path = tmp_path / "level.yaml"
    path.write_text(LEVEL.replace("personality: linux", f"personality: {personality}"))
    return str(path)


async def test_a_program_of_another_abi_needs_its_table(tmp_path: Path) -> None:
    async with minios.play(level(tmp_path)) as game:
        assert await game.run("/opt/count /srv/words") == "Segmentation fault\n"
        await game.run("sysctl -w abi.bsd=1")
        assert (await game.run("/opt/count /srv/words")).split() == ["1", "2", "8", "/srv/words"]


async def test_on_a_kernel_of_that_kind_it_runs_and_everything_else_is_built_for_it(
    tmp_path: Path,
) -> None:
    async with minios.play(level(tmp_path, "bsd")) as game:
        assert (await game.run("/opt/count /srv/words")).split() == ["1", "2", "8", "/srv/words"]
        assert await game.run("/opt/tool /srv/words") == "one two\n"
        assert await game.run("file -b /opt/tool /bin/sh") == (
            "MiniOS native executable, cat, for bsd\nMiniOS native executable, sh, for bsd\n"
        )
        assert "UNIX - FreeBSD" in await game.run("readelf -h /opt/count")


async def test_an_xv6_kernel_serves_the_base_system_of_linux_too(tmp_path: Path) -> None:
    async with minios.play(level(tmp_path, "xv6")) as game:
        assert await game.run("cat /srv/words; sysctl -n abi.linux") == "one two\n1\n"


LINKED = """
        /opt/count: {program: wc, runpath: /opt/vendor/lib}
        /opt/vendor/lib/libc.so.6: {program: libc.so.6, abi: bsd, mode: "0644"}
"""


async def test_a_program_speaks_the_language_of_the_library_it_is_linked_with(
    tmp_path: Path,
) -> None:
    path = tmp_path / "level.yaml"
    path.write_text(
        LEVEL.replace("        /opt/count: {program: wc, abi: bsd}\n", LINKED.lstrip("\n"))
    )
    async with minios.play(str(path)) as game:
        assert await game.run("/opt/count /srv/words") == "Segmentation fault\n"
        assert await game.run("ldd /opt/count; file -b /opt/count") == (
            "\tlibc.so.6 => /opt/vendor/lib/libc.so.6 (0x3f7e0000)\n"
            "MiniOS native executable, wc, dynamically linked\n"
        )
        right = await game.run("LD_LIBRARY_PATH=/lib /opt/count /srv/words")
        assert right.split() == ["1", "2", "8", "/srv/words"]
        await game.run("rm /opt/vendor/lib/libc.so.6")
        assert (await game.run("/opt/count /srv/words")).split() == right.split()
        await game.run("mv /lib/libc.so.6 /tmp")
        assert await game.run("/opt/count /srv/words; echo $?; ldd /opt/count") == (
            "/opt/count: error while loading shared libraries: libc.so.6: cannot open shared "
            "object file: No such file or directory\n127\n\tlibc.so.6 => not found\n"
        )
        assert await game.run("ldd /bin/ls /srv/words 2>&1") == (
            "/bin/ls:\n\tstatically linked\n/srv/words:\n\tnot a dynamic executable\n"
        )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("program: wc,", "program: wcc,", "no program 'wcc'"),
        ("abi: bsd", "abi: sysv", "must be one of linux, bsd, xv6"),
        ("personality: linux", "personality: vms", "must be one of linux, bsd, xv6"),
        ('"one two\\n"', "{text: x, abi: bsd}", "belongs to a program"),
        ("program: wc,", "text: x, program: wc,", "is either text or program"),
        ("program: wc,", "program: wc, runpath: /x,", "has the abi of its library"),
    ],
)
def test_what_makes_no_sense_is_said(old: str, new: str, text: str) -> None:
    assert old in LEVEL
    with pytest.raises(LevelError) as caught:
        loader.loads(LEVEL.replace(old, new).encode(), "x.yaml")
    assert text in str(caught.value)
