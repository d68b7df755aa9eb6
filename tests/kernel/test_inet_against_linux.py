"""Random histories of calls on TCP and UDP sockets, made here and on this host's Linux: every
result, every errno and every poll must be the same. Everything is non-blocking, over the loopback,
and on Linux each history has a network namespace of its own."""

from __future__ import annotations

import ast
import ctypes
import errno
import os
import subprocess
import sys as host
from functools import cache
from typing import Any

import pytest

from minios.abi import flags
from minios.abi.inet import ip_text, parse_ip
from minios.abi.sockets import (
    AF_INET,
    SO_ERROR,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from tests.kernel import inet_on_linux
from tests.kernel.inet_on_linux import POLLED, Ports, calls
from tests.kernel.rig import Rig

HISTORIES = int(os.environ.get("MINIOS_EXAMPLES", "0")) or 60
MSG_NOSIGNAL = 0x4000
TIOCOUTQ = 0x5411


def _namespaces() -> bool:
    """Whether this user may make network namespaces."""
    if host.platform != "linux" or os.geteuid() != 0:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0 if ctypes.CDLL(None).unshare(0x4000_0000) == 0 else 1)
    return os.waitpid(pid, 0)[1] == 0


pytestmark = pytest.mark.skipif(not _namespaces(), reason="needs root and network namespaces")


@cache
def on_linux() -> list[list[Any]]:
    """What Linux says to all histories."""
    command = [host.executable, inet_on_linux.__file__, *map(str, range(HISTORIES))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    return [ast.literal_eval(line) for line in done.stdout.splitlines()]


class OurSockets:
    """Those of a simulated process."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.at: dict[int, int] = {}
        self.ports = Ports()

    def shown(self, address: Any) -> str:
        return self.ports.name((ip_text(address[0]), address[1]))

    async def call(self, op: str, *args: Any) -> Any:
        try:
            return await getattr(self, op)(*args)
        except KeyError:
            return "nothing there"
        except OSError as err:
            return errno.errorcode[err.errno or 0]

    async def put(self, at: int, fd: int) -> None:
        await self.close(at)
        self.at[at] = fd

    async def open(self, at: int, kind: str) -> None:
        stream = SOCK_STREAM if kind == "tcp" else SOCK_DGRAM
        await self.put(at, await self.sys.socket(AF_INET, stream | SOCK_NONBLOCK))

    async def bind(self, at: int, ip: str, port: int) -> None:
        await self.sys.bind(self.at[at], (parse_ip(ip), port))

    async def listen(self, at: int, backlog: int) -> None:
        await self.sys.listen(self.at[at], backlog)

    async def connect(self, at: int, ip: str, port: int) -> None:
        await self.sys.connect(self.at[at], (parse_ip(ip), port))

    async def unspec(self, at: int) -> None:
        await self.sys.connect(self.at[at], ())

    async def accept(self, at: int, other: int) -> str:
        fd, address = await self.sys.accept(self.at[at], SOCK_NONBLOCK)
        await self.put(other, fd)
        return self.shown(address)

    async def send(self, at: int, data: bytes) -> int:
        return await self.sys.send(self.at[at], data, MSG_NOSIGNAL)

    async def sendto(self, at: int, data: bytes, ip: str, port: int) -> int:
        return await self.sys.sendto(self.at[at], data, (parse_ip(ip), port), MSG_NOSIGNAL)

    async def _received(self, at: int, count: int, mflags: int) -> Any:
        data, address = await self.sys.recvfrom(self.at[at], count, mflags)
        return data, self.shown(address) if address else None

    async def recv(self, at: int, count: int) -> Any:
        return await self._received(at, count, 0)

    async def peek(self, at: int, count: int) -> Any:
        return await self._received(at, count, 2)

    async def failed(self, at: int) -> Any:
        got = await self.sys.recvmsg(self.at[at], 100, 0x2000)
        what = [tuple(value[:5]) for level, kind, value in got.control if (level, kind) == (0, 11)]
        return got.data, self.shown(got.address), got.flags, what

    async def shutdown(self, at: int, how: int) -> None:
        await self.sys.shutdown(self.at[at], how)

    async def close(self, at: int) -> None:
        if at in self.at:
            await self.sys.close(self.at.pop(at))

    async def poll(self, at: int) -> int:
        wanted = ((self.at[at], 0x3FFF & ~flags.POLLNVAL),)
        return dict(await self.sys.poll(wanted, 0)).get(self.at[at], 0) & POLLED

    async def name(self, at: int) -> str:
        return self.shown(await self.sys.getsockname(self.at[at]))

    async def peer(self, at: int) -> str:
        return self.shown(await self.sys.getpeername(self.at[at]))

    async def error(self, at: int) -> Any:
        return await self.sys.getsockopt(self.at[at], SOL_SOCKET, SO_ERROR)

    async def waiting(self, at: int) -> Any:
        return await self.sys.ioctl(self.at[at], flags.FIONREAD)

    async def unsent(self, at: int) -> Any:
        return await self.sys.ioctl(self.at[at], TIOCOUTQ)

    async def option(self, at: int, level: int, option: int, value: int) -> None:
        await self.sys.setsockopt(self.at[at], level, option, value)

    async def ask(self, at: int, level: int, option: int) -> Any:
        return await self.sys.getsockopt(self.at[at], level, option)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history_of_sockets_is_linuxs(seed: int) -> None:
    rig = Rig()
    wanted = on_linux()[seed]
    history = list(calls(seed))
    got: list[Any] = []

    async def main(sys: Sys) -> None:
        sockets = OurSockets(sys)
        for call in history:
            got.append(await sockets.call(*call))
            await sys.nanosleep(1_000_000)  # on Linux the loopback has delivered by now

    rig.start(main)
    rig.run(30)
    assert rig.kernel.faults == []
    for number, (call, ours, theirs) in enumerate(zip(history, got, wanted, strict=True)):
        before = [(c, r) for c, r in zip(history[:number], got, strict=False) if c[1] == call[1]]
        assert (number, call, ours) == (number, call, theirs), before
