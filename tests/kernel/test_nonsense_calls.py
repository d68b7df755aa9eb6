"""Calls about locks, watches, sockets and epoll sets with arguments of every wrong kind."""

from __future__ import annotations

import inspect
import random

from minios.abi.flags import F_GETLK, F_OFD_SETLKW, F_SETLK, F_SETPIPE_SZ, O_RDWR
from minios.abi.sockets import AF_INET, AF_PACKET, AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM
from minios.abi.sys import Sys, trap
from minios.abi.syscalls import NR
from minios.kernel.files import inotify, latewaits
from minios.kernel.files.locks import flock
from minios.kernel.socket import calls as sockets
from minios.sim.world import SECOND
from tests.kernel.rig import Rig

CALLS = {**sockets.CALLS, **inotify.CALLS, **latewaits.CALLS, NR.flock: flock}
VALUES = (
    None, "text", (0x7F000001, 5000), (0, 0), (0x7F000001, 1 << 20), (2, 3, 0, 0, 0), (1, 3), 17,
    8, b"", b"/tmp/x", b"/tmp", b"\0a", -1, 0, 1, 2, 3, 4, 5, 6, 7, 99, 1 << 70, (),
    (0,), (-1, None), (0, 0, 0, 0, 0), ("a", 0, 0, 0, 0), [], 3.5, True, 0x40, 17, 1031,
)  # fmt: skip


def test_nonsense_is_an_error_and_never_more() -> None:
    rig = Rig()
    rng = random.Random(5)

    async def main(sys: Sys) -> None:
        for _ in range(300):
            await sys.open(b"/dev/null", O_RDWR)  # 3
            await sys.pipe()
            await sys.socketpair(AF_UNIX, SOCK_STREAM)
            fd = await sys.socket(AF_UNIX, SOCK_DGRAM)
            await sys.inotify_init()
            await sys.socket(AF_INET, SOCK_DGRAM)
            await sys.socket(AF_INET, SOCK_STREAM)
            await sys.socket(AF_INET, SOCK_RAW, 1)
            await sys.socket(AF_INET, SOCK_DGRAM, 1)
            await sys.socket(AF_PACKET, SOCK_RAW, 3)
            await sys.epoll_create()
            await sys.setitimer(SECOND // 100, SECOND // 100)
            for _ in range(12):
                nr = rng.choice([*CALLS, NR.fcntl64])
                if nr == NR.fcntl64:
                    command = rng.choice([F_GETLK, F_SETLK, F_OFD_SETLKW, F_SETPIPE_SZ])
                    args = [rng.choice(VALUES), command, rng.choice(VALUES)]
                else:
                    count = len(inspect.signature(CALLS[nr]).parameters) - 2
                    args = [rng.choice(VALUES) for _ in range(count)]
                try:
                    await trap(nr, *args)
                except OSError as err:
                    assert err.errno
            for number in range(3, fd + 40):
                try:
                    await sys.close(number)
                except OSError:
                    continue

    async def init(sys: Sys) -> None:
        async def nothing(sys: Sys, sig: int) -> None:
            pass

        for sig in (13, 14):
            await sys.sigaction(sig, nothing)
        await main(sys)

    pcb = rig.start(init)
    rig.run(300)
    assert (rig.kernel.faults, pcb.pid in rig.kernel.processes) == ([], False)
    assert (rig.kernel.sockets.unix, rig.kernel.sockets.in_flight) == ({}, 0)
    assert rig.machine.vfs.watching == 0
    stack = rig.kernel.net
    assert (stack.udp.ports, stack.raw.endpoints, stack.ping.idents) == ({}, [], {})
    assert (stack.packet, stack.taps, stack.datagram_memory, rig.kernel.epolls) == ([], [], 0, {})
