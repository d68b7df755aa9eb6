"""Random histories of socket and lock calls, made here and on this host's Linux: every result and
every errno must be the same. Everything is non-blocking, in one process."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import select
import socket
import struct
import sys as host
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from minios.abi import flags
from minios.abi.records import Flock
from minios.abi.sockets import (
    AF_UNIX,
    SO_ERROR,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from tests.kernel.rig import Rig

pytestmark = pytest.mark.skipif(host.platform != "linux", reason="compares with Linux")

Call = tuple[Any, ...]
HISTORIES = 60
TYPES = (SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET)


SOCKET_OPS = (
    *("open", "open", "pair", "bind", "bind", "listen", "connect", "connect", "connect", "accept"),
    *("accept", "send", "send", "send", "sendto", "recv", "recv", "recv", "shutdown", "close"),
    *("poll", "poll", "poll", "name", "peer", "error", "unlink"),
)
"""What is more interesting is there more often."""


# -- sockets -----------------------------------------------------------------------------------


def socket_calls(seed: int) -> Iterator[Call]:
    """Calls on eight places that hold sockets."""
    rng = random.Random(seed)
    kinds = [rng.choice(TYPES)] * 3 + list(TYPES)
    for number in range(90):
        at, other = rng.randrange(8), rng.randrange(8)
        op = rng.choice(SOCKET_OPS)
        data = bytes([65 + number % 26]) * rng.choice([0, 1, 1, 5, 40])
        name = rng.choice(["a", "b", "c", "\0x", "\0y", "none/d"])
        yield {
            "open": ("open", at, rng.choice(kinds)),
            "pair": ("pair", at, other, rng.choice(kinds)),
            "bind": ("bind", at, name),
            "listen": ("listen", at, rng.choice([0, 1, 5])),
            "connect": ("connect", at, name),
            "accept": ("accept", at, other),
            "send": ("send", at, data),
            "sendto": ("sendto", at, data, name),
            "recv": ("recv", at, rng.choice([1, 3, 100])),
            "shutdown": ("shutdown", at, rng.choice([0, 1, 2])),
            "close": ("close", at),
            "poll": ("poll", at),
            "name": ("name", at),
            "peer": ("peer", at),
            "error": ("error", at),
            "unlink": ("unlink", name),
        }[op]


class LinuxSockets:
    """The host's own."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.at: dict[int, socket.socket] = {}

    def address(self, name: str) -> str:
        if name[0] == "\0":
            return f"{name}-{os.getpid()}"
        return f"{self.base}/{name}"

    def shown(self, address: Any) -> str:
        text = address.decode() if isinstance(address, bytes) else address or ""
        return text.replace(f"-{os.getpid()}", "").removeprefix(self.base + "/")

    def call(self, op: str, *args: Any) -> Any:
        try:
            return getattr(self, op)(*args)
        except KeyError:
            return "nothing there"
        except OSError as err:
            return errno.errorcode[err.errno or 0]

    def put(self, at: int, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.close(at)
        self.at[at] = sock

    def open(self, at: int, kind: int) -> None:
        self.put(at, socket.socket(socket.AF_UNIX, kind))

    def pair(self, at: int, other: int, kind: int) -> None:
        one, two = socket.socketpair(socket.AF_UNIX, kind)
        self.put(at, one)
        self.put(other, two)

    def bind(self, at: int, name: str) -> None:
        self.at[at].bind(self.address(name))

    def listen(self, at: int, backlog: int) -> None:
        self.at[at].listen(backlog)

    def connect(self, at: int, name: str) -> None:
        self.at[at].connect(self.address(name))

    def accept(self, at: int, other: int) -> str:
        sock, address = self.at[at].accept()
        self.put(other, sock)
        return self.shown(address)

    def send(self, at: int, data: bytes) -> int:
        return self.at[at].send(data, socket.MSG_NOSIGNAL)

    def sendto(self, at: int, data: bytes, name: str) -> int:
        return self.at[at].sendto(data, socket.MSG_NOSIGNAL, self.address(name))

    def recv(self, at: int, count: int) -> bytes:
        return self.at[at].recv(count)

    def shutdown(self, at: int, how: int) -> None:
        self.at[at].shutdown(how)

    def close(self, at: int) -> None:
        if at in self.at:
            self.at.pop(at).close()

    def poll(self, at: int) -> int:
        poller = select.poll()
        poller.register(self.at[at], select.POLLIN | select.POLLOUT)
        return dict(poller.poll(0)).get(self.at[at].fileno(), 0)

    def name(self, at: int) -> str:
        return self.shown(self.at[at].getsockname())

    def peer(self, at: int) -> str:
        return self.shown(self.at[at].getpeername())

    def error(self, at: int) -> int:
        return self.at[at].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def unlink(self, name: str) -> None:
        if name[0] == "\0":
            return
        os.unlink(self.address(name))


class OurSockets:
    """Those of a simulated process."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.at: dict[int, int] = {}

    def address(self, name: str) -> bytes:
        return name.encode() if name[0] == "\0" else b"/tmp/" + name.encode()

    def shown(self, address: bytes) -> str:
        return address.decode().removeprefix("/tmp/")

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

    async def open(self, at: int, kind: int) -> None:
        await self.put(at, await self.sys.socket(AF_UNIX, kind | SOCK_NONBLOCK))

    async def pair(self, at: int, other: int, kind: int) -> None:
        one, two = await self.sys.socketpair(AF_UNIX, kind | SOCK_NONBLOCK)
        await self.put(at, one)
        await self.put(other, two)

    async def bind(self, at: int, name: str) -> None:
        await self.sys.bind(self.at[at], self.address(name))

    async def listen(self, at: int, backlog: int) -> None:
        await self.sys.listen(self.at[at], backlog)

    async def connect(self, at: int, name: str) -> None:
        await self.sys.connect(self.at[at], self.address(name))

    async def accept(self, at: int, other: int) -> str:
        fd, address = await self.sys.accept(self.at[at], SOCK_NONBLOCK)
        await self.put(other, fd)
        return self.shown(address)

    async def send(self, at: int, data: bytes) -> int:
        return await self.sys.send(self.at[at], data, 0x4000)

    async def sendto(self, at: int, data: bytes, name: str) -> int:
        return await self.sys.sendto(self.at[at], data, self.address(name), 0x4000)

    async def recv(self, at: int, count: int) -> bytes:
        return await self.sys.recv(self.at[at], count)

    async def shutdown(self, at: int, how: int) -> None:
        await self.sys.shutdown(self.at[at], how)

    async def close(self, at: int) -> None:
        if at in self.at:
            await self.sys.close(self.at.pop(at))

    async def poll(self, at: int) -> int:
        wanted = ((self.at[at], flags.POLLIN | flags.POLLOUT),)
        return dict(await self.sys.poll(wanted, 0)).get(self.at[at], 0)

    async def name(self, at: int) -> str:
        return self.shown(await self.sys.getsockname(self.at[at]))

    async def peer(self, at: int) -> str:
        return self.shown(await self.sys.getpeername(self.at[at]))

    async def error(self, at: int) -> Any:
        return await self.sys.getsockopt(self.at[at], SOL_SOCKET, SO_ERROR)

    async def unlink(self, name: str) -> None:
        if name[0] != "\0":
            await self.sys.unlink(self.address(name))


# -- locks -------------------------------------------------------------------------------------

_FLOCK = struct.Struct("hhqqi4x")


def lock_calls(seed: int) -> Iterator[Call]:
    """Calls on six descriptions of two files: flock(2) and OFD locks."""
    rng = random.Random(seed)
    for _ in range(80):
        at = rng.randrange(6)
        op = rng.choice(["flock", "set", "set", "set", "get", "get", "reopen"])
        kind = rng.choice([flags.F_RDLCK, flags.F_WRLCK, flags.F_WRLCK, flags.F_UNLCK])
        start, length = rng.choice([0, 0, 5, 10, 15, 100]), rng.choice([0, 1, 5, 10, -5, -200])
        yield {
            "flock": ("flock", at, rng.choice([1, 2, 2, 8]) | flags.LOCK_NB),
            "set": ("set", at, kind, start, length),
            "get": ("get", at, kind, start, length),
            "reopen": ("reopen", at),
        }[op]


class LinuxLocks:
    def __init__(self, base: str) -> None:
        self.base = base
        self.fds = [self.opened(at) for at in range(6)]

    def opened(self, at: int) -> int:
        return os.open(f"{self.base}/{at % 2}", os.O_RDWR | os.O_CREAT)

    def call(self, op: str, *args: Any) -> Any:
        try:
            return getattr(self, op)(*args)
        except OSError as err:
            return errno.errorcode[err.errno or 0]

    def flock(self, at: int, operation: int) -> None:
        fcntl.flock(self.fds[at], operation)

    def _record(self, command: int, at: int, kind: int, start: int, length: int) -> Call:
        packed = _FLOCK.pack(kind, 0, start, length, 0)
        return tuple(_FLOCK.unpack(fcntl.fcntl(self.fds[at], command, packed)))

    def set(self, *args: int) -> None:
        self._record(37, *args)

    def get(self, *args: int) -> Call:
        found = self._record(36, *args)
        return found if found[0] != flags.F_UNLCK else ("free",)

    def reopen(self, at: int) -> None:
        os.close(self.fds[at])
        self.fds[at] = self.opened(at)

    def end(self) -> None:
        for fd in self.fds:
            os.close(fd)


class OurLocks:
    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.fds: list[int] = []

    async def call(self, op: str, *args: Any) -> Any:
        while len(self.fds) < 6:
            self.fds.append(await self.opened(len(self.fds)))
        try:
            return await getattr(self, op)(*args)
        except OSError as err:
            return errno.errorcode[err.errno or 0]

    def opened(self, at: int) -> Awaitable[int]:
        return self.sys.open(b"/tmp/%d" % (at % 2), flags.O_RDWR | flags.O_CREAT)

    async def flock(self, at: int, operation: int) -> None:
        await self.sys.flock(self.fds[at], operation)

    async def set(self, at: int, kind: int, start: int, length: int) -> None:
        await self.sys.lock(self.fds[at], flags.F_OFD_SETLK, Flock(kind, 0, start, length))

    async def get(self, at: int, kind: int, start: int, length: int) -> Call:
        request = Flock(kind, 0, start, length)
        found = await self.sys.lock(self.fds[at], flags.F_OFD_GETLK, request)
        return tuple(found) if found.type != flags.F_UNLCK else ("free",)

    async def reopen(self, at: int) -> None:
        await self.sys.close(self.fds[at])
        self.fds[at] = await self.opened(at)


# -- the comparison ----------------------------------------------------------------------------


def ours(calls: list[Call], make: Callable[[Sys], Any]) -> list[Any]:
    """What a simulated process gets."""
    results: list[Any] = []

    async def main(sys: Sys) -> None:
        mine = make(sys)
        for call in calls:
            results.append(await mine.call(*call))

    rig = Rig()
    rig.start(main)
    rig.run(5)
    return results


def compare(calls: list[Call], linux: list[Any], mine: list[Any]) -> None:
    for number, call in enumerate(calls):
        assert (number, call, mine[number]) == (number, call, linux[number]), calls[: number + 1]


@pytest.mark.parametrize("start", range(0, HISTORIES, 10))
def test_sockets_answer_as_linux_s_do(start: int) -> None:
    for seed in range(start, start + 10):
        calls = list(socket_calls(seed))
        with TemporaryDirectory(prefix="minios-") as base:
            linux = LinuxSockets(base)
            theirs = [linux.call(*call) for call in calls]
            for at in list(linux.at):
                linux.close(at)
        compare(calls, theirs, ours(calls, OurSockets))


@pytest.mark.parametrize("start", range(0, HISTORIES, 10))
def test_locks_answer_as_linux_s_do(start: int) -> None:
    for seed in range(start, start + 10):
        calls = list(lock_calls(seed))
        with TemporaryDirectory(prefix="minios-") as base:
            linux = LinuxLocks(str(Path(base)))
            theirs = [linux.call(*call) for call in calls]
            linux.end()
        compare(calls, theirs, ours(calls, OurLocks))
