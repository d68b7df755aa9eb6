"""Random set*id and prctl sequences, in MiniOS and on the Linux this runs on (needs root there)."""

from __future__ import annotations

import ctypes
import os
import random
from typing import Any

import pytest

from minios.abi import flags
from minios.abi.sys import Sys
from tests.kernel.rig import Rig

pytestmark = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")

IDS = (-1, 0, 1000, 1001, 1002)
CALLS = ("setuid", "setreuid", "setresuid", "setgid", "setregid", "setresgid", "keepcaps")
CAP_KILL = 1 << 5

Step = tuple[str, tuple[int, ...]]
Seen = tuple[int, tuple[int, ...], tuple[int, ...], int, int]


def sequence(seed: int) -> list[Step]:
    rng = random.Random(seed)
    steps: list[Step] = []
    for _ in range(rng.randrange(2, 7)):
        name = rng.choice(CALLS)
        if name == "keepcaps":
            steps.append((name, (rng.randrange(2),)))
            continue
        count = {"uid": 1, "gid": 1}.get(name[3:], 3 if "res" in name else 2)
        ids = IDS[1:] if count == 1 else IDS
        steps.append((name, tuple(rng.choice(ids) for _ in range(count))))
    return steps


def caps_of(status: str) -> tuple[int, int]:
    """CAP_KILL in the permitted and the effective set."""
    rows = dict(line.split(":", 1) for line in status.splitlines())
    return int(rows["CapPrm"], 16) & CAP_KILL, int(rows["CapEff"], 16) & CAP_KILL


def on_linux(steps: list[Step]) -> list[Seen]:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        libc = ctypes.CDLL(None, use_errno=True)
        seen: list[Seen] = []
        for name, arguments in steps:
            if name == "keepcaps":
                result = libc.prctl(flags.PR_SET_KEEPCAPS, arguments[0], 0, 0, 0)
            else:
                result = getattr(libc, name)(*arguments)
            errno = ctypes.get_errno() if result else 0
            with open("/proc/self/status") as file:
                permitted, effective = caps_of(file.read())
            seen.append((errno, os.getresuid(), os.getresgid(), permitted, effective))
        os.write(writer, repr(seen).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        text = file.read()
    os.waitpid(pid, 0)
    found: list[Seen] = eval(text)  # what the child has just written
    return found


def in_minios(steps: list[Step]) -> list[Seen]:
    seen: list[Seen] = []

    async def main(sys: Sys) -> None:
        for name, arguments in steps:
            errno = 0
            try:
                if name == "keepcaps":
                    await sys.prctl(flags.PR_SET_KEEPCAPS, arguments[0])
                else:
                    await getattr(sys, name)(*arguments)
            except OSError as err:
                errno = err.errno or 0
            effective, permitted, _ = await sys.capget()
            uids: Any = await sys.getresuid()
            gids: Any = await sys.getresgid()
            seen.append((errno, uids, gids, permitted & CAP_KILL, effective & CAP_KILL))

    rig = Rig()
    rig.start(main)
    rig.run()
    return seen


@pytest.mark.parametrize("block", range(4))
def test_ids_and_capabilities_go_the_same_way(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        steps = sequence(seed)
        assert in_minios(steps) == on_linux(steps), steps
