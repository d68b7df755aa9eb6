"""diff, cmp and od print and exit as Debian's do."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from minios.testing import Box

ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

OD = [
    "od f", "od -c f", "od -tx1z f", "od -An -tu1 f", "od -t x1 -t c f", "od -td2 -An f",
    "od -b f", "od -x f", "od -j2 -N3 -c f", "od -A d -t o1 f", "od -A x -t x1 f", "od -w4 -tx1 f",
    "head -c 100 /dev/zero | od", "head -c 100 /dev/zero | od -v -tx4", "od -a f",
    "od -tx1 -td2 -tc f", r"printf '\001\377\200' | od -c", "od -i f", "od -l f", "od -tc -tx8 f",
    "od -j 99 f 2>&1; echo $?", "od -t x3 f 2>/dev/null; echo $?", "od f g",
]  # fmt: skip

CMP = [
    "cmp f g; echo $?", "cmp -l f g", "cmp -s f g; echo $?", "cmp f f; echo $?", "cmp -n2 f g",
    "echo abc | cmp - f", "cmp -b f g", "cmp -i 3 f g", "cmp f short 2>&1; echo $?",
    "cmp f empty 2>&1; echo $?", "cmp f none 2>&1; echo $?",
]  # fmt: skip

DIFF = [
    "diff f g; echo $?", "diff -q f g", "diff -s f f", "diff -i f g", "diff -w f g", "diff -B f g",
    "diff -u f g | tail -n +3", "diff -c f g | tail -n +3", "diff -U0 f g | tail -n +3",
    "diff --label a --label b -u f g", "diff f none 2>&1; echo $?", "diff empty f",
    "mkdir -p d e; cp f d; cp g e/f; cp g d/only; diff d e; echo $?", "diff -r d e; diff f d",
    "diff -rq d e", "diff -N f none", r"printf 'a\nb' > n; diff f n; diff -u n f | tail -n +3",
    r"printf 'x\0y' > bin; diff bin f; echo $?",
]  # fmt: skip

FILES = {
    "f": b"one\ntwo\nthree\nfour\nfive\nsix\n",
    "g": b"one\n2\nthree\nFour \nfive\n\nsix\nseven\n",
    "short": b"one\ntwo\nth",
    "empty": b"",
}

needs_tools = pytest.mark.skipif(
    shutil.which("diff") is None or shutil.which("od") is None, reason="no diffutils here"
)


def both(commands: list[str], files: dict[str, bytes], scratch: Path) -> list[tuple[str, bool]]:
    """Each command with whether MiniOS and the host agreed on output and status."""
    box = Box()
    for name, data in files.items():
        box.write(name, data)
        (scratch / name).write_bytes(data)
    agreed = []
    for command in commands:
        host = subprocess.run(
            ["sh", "-c", command], capture_output=True, cwd=scratch, env=ENV, check=False
        )
        ours = box.run(command)
        agreed.append((command, (ours.stdout, ours.status) == (host.stdout, host.returncode)))
    return agreed


@needs_tools
@pytest.mark.parametrize("commands", [OD, CMP, DIFF], ids=["od", "cmp", "diff"])
def test_a_command_prints_and_exits_as_debians(commands: list[str], tmp_path: Path) -> None:
    assert both(commands, FILES, tmp_path) == [(command, True) for command in commands]


@needs_tools
def test_random_edits_are_shown_as_gnu_diff_shows_them(tmp_path: Path) -> None:
    rng = random.Random(5)
    commands = ["diff f g", "diff -u f g | tail -n +3", "diff -c f g | tail -n +3", "diff -U1 f g"]
    commands[3] += " | tail -n +3"
    for _ in range(25):
        lines = [rng.choice("abcde") for _ in range(rng.randrange(14))]
        edited = list(lines)
        for _ in range(rng.randrange(5)):
            if edited and rng.random() < 0.5:
                del edited[rng.randrange(len(edited))]
            else:
                edited.insert(rng.randrange(len(edited) + 1), rng.choice("abcxy"))
        files = {
            "f": "".join(f"{line}\n" for line in lines).encode(),
            "g": "".join(f"{line}\n" for line in edited).encode(),
        }
        disagreed = [c for c, same in both(commands, files, tmp_path) if not same]
        assert disagreed == [], files
