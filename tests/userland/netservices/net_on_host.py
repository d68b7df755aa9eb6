"""Drive a program that uses sockets over the machine the tests run on.

``python -m tests.userland.netservices.net_on_host named -g -p 5300 -c FILE`` is MiniOS's named on
real sockets, so that Debian's dig can be asked what it thinks of it.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import struct
import sys as python
import time
from typing import Any

from minios.abi.records import Utsname
from minios.abi.sockets import Message
from minios.abi.syscalls import PROBE
from minios.userland.table import load
from tests.userland.on_host import Host


class NetHost(Host):
    """The same with sockets, clocks and a ppoll that signals interrupt."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: dict[int, socket.socket] = {}

    def trap(self, nr: int, args: tuple[Any, ...]) -> Any:
        return None if nr == PROBE else super().trap(nr, args)

    def _keep(self, made: socket.socket, flags: int) -> int:
        made.setblocking(not flags & socket.SOCK_NONBLOCK)
        self.sockets[made.fileno()] = made
        return made.fileno()

    def _out(self, fd: int, address: Any) -> Any:
        family = self.sockets[fd].family
        if isinstance(address, tuple) and family == socket.AF_INET:
            return socket.inet_ntoa(struct.pack("!I", address[0])), address[1]
        if family == socket.AF_PACKET:
            return socket.if_indextoname(address[0]), address[1]
        return address

    def _in(self, fd: int, address: Any) -> Any:
        family = self.sockets[fd].family
        if family == socket.AF_INET and address:
            return struct.unpack("!I", socket.inet_aton(address[0]))[0], address[1]
        if family == socket.AF_PACKET:
            mac = int.from_bytes(address[4], "big")
            return socket.if_nametoindex(address[0]), *address[1:4], mac
        return address

    def do_close(self, fd: int) -> None:
        made = self.sockets.pop(fd, None)
        if made is None:
            os.close(fd)
        else:
            made.close()

    def do_socket(self, family: int, type: int, protocol: int) -> int:
        return self._keep(socket.socket(family, type, protocol), type)

    def do_bind(self, fd: int, address: Any) -> None:
        self.sockets[fd].bind(self._out(fd, address))

    def do_listen(self, fd: int, backlog: int) -> None:
        self.sockets[fd].listen(backlog)

    def do_accept4(self, fd: int, oflag: int) -> tuple[int, Any]:
        made, address = self.sockets[fd].accept()
        number = self._keep(made, oflag)
        return number, self._in(number, address)

    def do_connect(self, fd: int, address: Any) -> None:
        self.sockets[fd].connect(self._out(fd, address))

    def do_getsockname(self, fd: int) -> Any:
        return self._in(fd, self.sockets[fd].getsockname())

    def do_sendto(self, fd: int, data: bytes, mflags: int, address: Any) -> int:
        if address is None:
            return self.sockets[fd].send(data, mflags)
        return self.sockets[fd].sendto(data, mflags, self._out(fd, address))

    def do_recvfrom(self, fd: int, count: int, mflags: int, wanted: bool) -> Any:
        data, address = self.sockets[fd].recvfrom(count, mflags)
        return (data, self._in(fd, address)) if wanted else data

    def do_recvmsg(self, fd: int, count: int, mflags: int) -> Message:
        data, address = self.do_recvfrom(fd, count, mflags, True)
        return Message(data, address)

    def do_setsockopt(self, fd: int, level: int, option: int, value: Any) -> None:
        self.sockets[fd].setsockopt(level, option, value)

    def do_getsockopt(self, fd: int, level: int, option: int) -> int:
        return self.sockets[fd].getsockopt(level, option)

    def do_ppoll_time64(
        self, fds: tuple[tuple[int, int], ...], timeout: int | None, mask: int | None = None
    ) -> list[tuple[int, int]]:
        poller = select.poll()
        for fd, events in fds:
            poller.register(fd, events)
        old = None
        if mask is not None:
            wanted = [number for number in range(1, 64) if mask >> (number - 1) & 1]
            old = signal.pthread_sigmask(signal.SIG_SETMASK, wanted)
        try:
            if self.pending:
                raise InterruptedError(errno.EINTR, "")
            return poller.poll(None if timeout is None else -(-timeout // 1_000_000))
        finally:
            if old is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, old)

    def do_clock_gettime64(self, clock: int) -> int:
        return time.clock_gettime_ns(clock)

    def do_clock_nanosleep_time64(self, ns: int) -> None:
        time.sleep(ns / 1e9)

    def do_fsync(self, fd: int) -> None:
        os.fsync(fd)

    def do_getrandom(self, count: int) -> bytes:
        return os.urandom(count)

    def do_uname(self) -> Utsname:
        return Utsname(*(text.encode() for text in os.uname()))


def main() -> None:
    host = NetHost()
    name = python.argv[1]
    argv = [os.fsencode(arg) for arg in python.argv[1:]]
    python.exit(host.run(load(name)(host.sys, argv, dict(os.environb))))


if __name__ == "__main__":
    main()
