"""The host's half of test_inet_against_linux: each history in a network namespace of its own.

Run as a program with a seed for each history; prints a line a history, the results as a literal.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import random
import select
import socket
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from typing import Any

Call = tuple[Any, ...]

IPS = ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "0.0.0.0")
ODD_IPS = ("10.9.9.9", "127.255.255.255", "255.255.255.255")
PORTS = (0, 5000, 5000, 5001, 5001, 5002)
OPS = (
    *("open", "open", "open", "bind", "bind", "listen", "listen", "connect", "connect", "connect"),
    *("connect", "accept", "accept", "send", "send", "send", "sendto", "sendto", "recv", "recv"),
    *("recv", "shutdown", "close", "poll", "poll", "poll", "name", "peer", "error", "unspec"),
    *("waiting", "unsent", "option", "option", "ask", "failed", "peek"),
)
"""What is more interesting is there more often."""

SETTABLE = (
    (1, 2), (1, 2), (1, 6), (1, 6), (1, 9), (1, 15), (1, 18), (1, 12), (1, 7), (1, 8), (1, 3),
    (1, 4), (0, 1), (0, 2), (0, 3), (0, 10), (0, 11), (0, 11), (0, 11), (0, 14), (0, 21), (6, 1),
    (6, 2), (6, 3), (6, 4), (6, 5), (6, 6), (6, 7), (6, 99), (17, 1), (17, 9), (255, 1), (99, 1),
)  # fmt: skip
READABLE = (
    (1, 2), (1, 3), (1, 6), (1, 7), (1, 8), (1, 9), (1, 15), (1, 30), (1, 38), (1, 39), (1, 12),
    (0, 1), (0, 2), (0, 3), (0, 10), (0, 11), (0, 14), (0, 21), (6, 1), (6, 3), (6, 4), (6, 5),
    (6, 6), (6, 7), (6, 99), (17, 1), (17, 9), (255, 1), (99, 1),
)  # fmt: skip
VALUES = (0, 1, 1, 1, 2, 5, 64, 88, 200, 255, 256, 1000, 40000, -1)


def calls(seed: int) -> Iterator[Call]:
    """A history: calls on eight places that hold sockets."""
    rng = random.Random(seed)
    kinds = [rng.choice(["tcp", "udp"])] * 3 + ["tcp", "udp"]
    for number in range(110):
        at, other = rng.randrange(8), rng.randrange(8)
        op = rng.choice(OPS)
        data = bytes([65 + number % 26]) * rng.choice([0, 1, 1, 5, 40])
        odd = rng.random() < 0.08
        where = (rng.choice(ODD_IPS if odd else IPS), rng.choice(PORTS))
        level, option = rng.choice(SETTABLE)
        yield {
            "open": ("open", at, rng.choice(kinds)),
            "bind": ("bind", at, *where),
            "listen": ("listen", at, rng.choice([0, 1, 5])),
            "connect": ("connect", at, *where),
            "unspec": ("unspec", at),
            "accept": ("accept", at, other),
            "send": ("send", at, data),
            "sendto": ("sendto", at, data, *where),
            "recv": ("recv", at, rng.choice([0, 1, 3, 100])),
            "peek": ("peek", at, rng.choice([1, 3, 100])),
            "failed": ("failed", at),
            "shutdown": ("shutdown", at, rng.choice([0, 1, 1, 2])),
            "close": ("close", at),
            "poll": ("poll", at),
            "name": ("name", at),
            "peer": ("peer", at),
            "error": ("error", at),
            "waiting": ("waiting", at),
            "unsent": ("unsent", at),
            "option": ("option", at, level, option, rng.choice(VALUES)),
            "ask": ("ask", at, *rng.choice(READABLE)),
        }[op]


class Ports:
    """Ephemeral ports by the order in which they were seen."""

    def __init__(self) -> None:
        self.seen: dict[int, str] = {}

    def name(self, address: tuple[str, int]) -> str:
        host, port = address
        if port >= 32768:
            return f"{host}:{self.seen.setdefault(port, f'e{len(self.seen)}')}"
        return f"{host}:{port}"


class LinuxSockets:
    """The host's own, non-blocking."""

    def __init__(self) -> None:
        self.at: dict[int, socket.socket] = {}
        self.ports = Ports()

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

    def open(self, at: int, kind: str) -> None:
        stream = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        self.put(at, socket.socket(socket.AF_INET, stream))

    def bind(self, at: int, ip: str, port: int) -> None:
        self.at[at].bind((ip, port))

    def listen(self, at: int, backlog: int) -> None:
        self.at[at].listen(backlog)

    def connect(self, at: int, ip: str, port: int) -> None:
        self.at[at].connect((ip, port))

    def unspec(self, at: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.connect(self.at[at].fileno(), bytes(16), 16):
            raise OSError(ctypes.get_errno(), "")

    def accept(self, at: int, other: int) -> str:
        sock, address = self.at[at].accept()
        self.put(other, sock)
        return self.ports.name(address)

    def send(self, at: int, data: bytes) -> int:
        return self.at[at].send(data, socket.MSG_NOSIGNAL)

    def sendto(self, at: int, data: bytes, ip: str, port: int) -> int:
        return self.at[at].sendto(data, socket.MSG_NOSIGNAL, (ip, port))

    def _received(self, at: int, count: int, flags: int) -> Any:
        data, address = self.at[at].recvfrom(count, flags)
        return data, self.ports.name(address) if address else None

    def recv(self, at: int, count: int) -> Any:
        return self._received(at, count, 0)

    def peek(self, at: int, count: int) -> Any:
        return self._received(at, count, socket.MSG_PEEK)

    def failed(self, at: int) -> Any:
        data, control, flags, address = self.at[at].recvmsg(100, 200, 0x2000)
        what = [
            struct.unpack("=IBBBxII", content[:16])[:5]
            for level, kind, content in control
            if (level, kind) == (0, 11)
        ]
        return data, self.ports.name(address), flags, what

    def shutdown(self, at: int, how: int) -> None:
        self.at[at].shutdown(how)

    def close(self, at: int) -> None:
        if at in self.at:
            self.at.pop(at).close()

    def poll(self, at: int) -> int:
        poller = select.poll()
        poller.register(self.at[at], 0x3FFF & ~0x20)
        return dict(poller.poll(0)).get(self.at[at].fileno(), 0) & POLLED

    def name(self, at: int) -> str:
        return self.ports.name(self.at[at].getsockname())

    def peer(self, at: int) -> str:
        return self.ports.name(self.at[at].getpeername())

    def error(self, at: int) -> int:
        return self.at[at].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def _ioctl(self, at: int, request: int) -> int:
        room = bytearray(4)
        fcntl.ioctl(self.at[at].fileno(), request, room)
        return int.from_bytes(room, sys.byteorder)

    def waiting(self, at: int) -> int:
        return self._ioctl(at, termios.FIONREAD)

    def unsent(self, at: int) -> int:
        if self.at[at].type != socket.SOCK_STREAM:
            return 0  # of datagrams what is not received yet counts too, on the loopback
        self._ioctl(at, termios.TIOCOUTQ)  # counts SYNs and FINs too that nobody acknowledged
        return 0

    def option(self, at: int, level: int, option: int, value: int) -> None:
        self.at[at].setsockopt(level, option, value)

    def ask(self, at: int, level: int, option: int) -> int:
        return self.at[at].getsockopt(level, option)


POLLED = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x100 | 0x2000
"""The events that are compared."""


def alone() -> None:
    """A network namespace of its own, with its loopback up."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x4000_0000):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", 0x49))


def history(seed: int, make: Callable[[], LinuxSockets] = LinuxSockets) -> list[Any]:
    alone()
    sockets = make()
    results = [sockets.call(*call) for call in calls(seed)]
    for at in list(sockets.at):
        sockets.close(at)
    return results


if __name__ == "__main__":
    for word in sys.argv[1:]:
        print(repr(history(int(word))), flush=True)
    os._exit(0)  # whatever still sleeps in a call
