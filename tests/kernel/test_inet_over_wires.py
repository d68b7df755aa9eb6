"""Sockets of two machines with a cable between them: what arrives, and what goes wrong."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from minios.abi.flags import POLLERR, POLLHUP, POLLIN
from minios.abi.inet import (
    IP_MTU_DISCOVER,
    IP_PKTINFO,
    IP_PMTUDISC_DO,
    IP_RECVERR,
    IP_RECVTTL,
    IP_TTL,
    IPPROTO_ICMP,
    SOL_IP,
)
from minios.abi.signals import Sig
from minios.abi.sockets import (
    AF_INET,
    AF_PACKET,
    ICMP_FILTER,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    SHUT_WR,
    SO_BROADCAST,
    SO_RCVTIMEO,
    SO_REUSEPORT,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_STREAM,
    SOL_RAW,
    SOL_SOCKET,
)
from minios.abi.sys import Program, Sys
from minios.kernel import birth
from minios.kernel.machine import Machine
from minios.net.fabric.link import Link
from minios.net.fabric.network import Network
from minios.sim.world import MILLISECOND, SECOND, World
from tests.kernel.rig import init, program

A, B, NOBODY, EVERYBODY = 0x0A000001, 0x0A000002, 0x0A000063, 0x0A0000FF


class Pair:
    """Machines a and b, 10.0.0.1 and 10.0.0.2."""

    def __init__(self) -> None:
        self.world = World(now=-SECOND)
        network = Network(self.world)
        self.programs: dict[str, Program] = {"init": init}
        self.machines: dict[str, Machine] = {}
        ports = []
        for name in ("a", "b"):
            machine = Machine(self.world, name, programs=self.programs.__getitem__)
            machine.install(b"/sbin/init", "init")
            network.add(machine)
            ports.append(machine.add_nic("eth0"))
            self.machines[name] = machine
        self.link = Link(network, "cable", *ports)
        for name, ip in (("a", A), ("b", B)):
            self.machines[name].power_on()
            stack = self.kernel(name).net
            stack.add_address("eth0", ip, 24)
            stack.set_up("eth0")
        self.world.run_until(0)
        self.got: dict[str, Any] = {}

    def kernel(self, name: str) -> Any:
        kernel = self.machines[name].kernel
        assert kernel is not None
        return kernel

    def start(self, name: str, main: Callable[[Sys], Any], key: str = "") -> None:
        """Run a program on a machine; what it returns is ``got[key or name]``."""

        async def run(sys: Sys) -> None:
            self.got[key or name] = await main(sys)

        number = len(self.programs)
        self.programs[f"p{number}"] = program(run)
        path = b"/bin/p%d" % number
        self.machines[name].install(path, f"p{number}")
        birth.start(self.kernel(name), [path])

    def run(self, seconds: int = 20) -> dict[str, Any]:
        self.world.run_until(self.world.now + seconds * SECOND)
        assert [self.kernel(name).faults for name in "ab"] == [[], []]
        return self.got


async def errno_of(call: Any) -> str:
    try:
        await call
    except OSError as err:
        return errno.errorcode[err.errno or 0]
    return ""


def test_a_datagram_tells_where_it_came_from_and_how() -> None:
    pair = Pair()

    async def server(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.bind(fd, (0, 5000))
        await sys.setsockopt(fd, SOL_IP, IP_PKTINFO, 1)
        await sys.setsockopt(fd, SOL_IP, IP_RECVTTL, 1)
        got = await sys.recvmsg(fd, 3)
        return got.data, got.address, got.flags, [tuple(c[2]) if c[1] == IP_PKTINFO else c[2]
                                                  for c in got.control]  # fmt: skip

    async def client(sys: Sys) -> None:
        await sys.nanosleep(MILLISECOND)
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.bind(fd, (0, 6000))
        await sys.setsockopt(fd, SOL_IP, IP_TTL, 9)
        await sys.sendto(fd, b"hello", (B, 5000))

    pair.start("b", server)
    pair.start("a", client)
    assert pair.run()["b"] == (b"hel", (A, 6000), 0x20, [(2, B, B), 9])


def test_a_closed_port_refuses_those_who_are_connected() -> None:
    """RFC 1122 4.1.3.3: ICMP errors are passed up; udp(7): only a connected socket hears them."""
    pair = Pair()

    async def client(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.sendto(fd, b"x", (B, 9))
        await sys.nanosleep(50 * MILLISECOND)
        loose = await errno_of(sys.recv(fd, 10, MSG_DONTWAIT))
        await sys.connect(fd, (B, 9))
        await sys.send(fd, b"x")
        return loose, await errno_of(sys.recv(fd, 10)), await errno_of(sys.send(fd, b"y"))

    pair.start("a", client)
    assert pair.run()["a"] == ("EAGAIN", "ECONNREFUSED", "")


def test_who_does_not_answer_arp_is_unreachable() -> None:
    pair = Pair()

    async def client(sys: Sys) -> Any:
        tcp = await sys.socket(AF_INET, SOCK_STREAM)
        begin = await sys.clock_gettime(1)
        first = await errno_of(sys.connect(tcp, (NOBODY, 80)))
        spent = (await sys.clock_gettime(1) - begin) // SECOND
        udp = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.setsockopt(udp, SOL_IP, IP_RECVERR, 1)
        await sys.connect(udp, (NOBODY, 7))
        await sys.send(udp, b"lost")
        second = await errno_of(sys.recv(udp, 10))
        told = await sys.recvmsg(udp, 10, MSG_ERRQUEUE)
        return first, spent, second, told.data, told.address, tuple(told.control[0][2])

    pair.start("a", client)
    assert pair.run()["a"] == (
        "EHOSTUNREACH", 3, "EHOSTUNREACH", b"lost", (NOBODY, 7), (113, 2, 3, 1, 0, A),
    )  # fmt: skip


def test_broadcasts_need_permission_and_reach_every_socket() -> None:
    pair = Pair()

    async def listener(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1)
        await sys.bind(fd, (0, 5000))
        return await sys.recv(fd, 10)

    async def sender(sys: Sys) -> Any:
        await sys.nanosleep(MILLISECOND)
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        refused = await errno_of(sys.sendto(fd, b"x", (EVERYBODY, 5000)))
        await sys.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1)
        await sys.sendto(fd, b"to all", (EVERYBODY, 5000))
        return refused

    pair.start("b", listener, "one")
    pair.start("b", listener, "two")
    pair.start("a", sender)
    got = pair.run()
    assert (got["a"], got["one"], got["two"]) == ("EACCES", b"to all", b"to all")


def test_a_quarter_of_a_megabyte_by_tcp_and_the_count_back() -> None:
    pair = Pair()
    size = 1 << 18

    async def server(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_STREAM)
        await sys.bind(fd, (0, 80))
        await sys.listen(fd, 1)
        end, who = await sys.accept(fd)
        data = b""
        while piece := await sys.recv(end, 65536):
            data += piece
        await sys.send(end, b"%d" % len(data))
        await sys.close(end)
        return data == bytes(range(256)) * (size // 256), who[0]

    async def client(sys: Sys) -> Any:
        await sys.nanosleep(MILLISECOND)
        fd = await sys.socket(AF_INET, SOCK_STREAM)
        await sys.connect(fd, (B, 80))
        sent = await sys.send(fd, bytes(range(256)) * (size // 256))
        await sys.shutdown(fd, SHUT_WR)
        return sent, await sys.recv(fd, 100), await sys.recv(fd, 100)

    pair.start("b", server)
    pair.start("a", client)
    assert pair.run() == {"b": (True, A), "a": (size, b"%d" % size, b"")}


def test_a_reset_connection_is_told_once_and_writing_on_is_sigpipe() -> None:
    pair = Pair()

    async def server(sys: Sys) -> None:
        fd = await sys.socket(AF_INET, SOCK_STREAM)
        await sys.bind(fd, (0, 80))
        await sys.listen(fd, 1)
        end, _ = await sys.accept(fd)
        await sys.nanosleep(10 * MILLISECOND)
        await sys.close(end)  # with data that was not read: a reset (RFC 2525 2.17)

    async def client(sys: Sys) -> Any:
        pipes: list[int] = []

        async def pipe(sys: Sys, sig: int) -> None:
            pipes.append(sig)

        await sys.sigaction(Sig.SIGPIPE, pipe)
        await sys.nanosleep(MILLISECOND)
        fd = await sys.socket(AF_INET, SOCK_STREAM)
        await sys.connect(fd, (B, 80))
        await sys.send(fd, b"unread")
        events = await sys.poll([(fd, POLLIN)])
        told = [await errno_of(sys.recv(fd, 10)), (await sys.recv(fd, 10)).decode()]
        return events, told, await errno_of(sys.send(fd, b"x")), pipes == [Sig.SIGPIPE]

    pair.start("b", server)
    pair.start("a", client)
    assert pair.run()["a"] == (
        [(3, POLLIN | POLLERR | POLLHUP)], ["ECONNRESET", ""], "EPIPE", True,
    )  # fmt: skip


def test_a_receive_timeout_ends_with_eagain() -> None:
    pair = Pair()

    async def client(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.bind(fd, (0, 5000))
        await sys.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, 300 * MILLISECOND)
        begin = await sys.clock_gettime(1)
        why = await errno_of(sys.recv(fd, 10))
        return why, (await sys.clock_gettime(1) - begin) // (10 * MILLISECOND)

    pair.start("a", client)
    assert pair.run()["a"] == ("EAGAIN", 30)


def test_what_may_not_be_cut_and_does_not_fit_is_emsgsize() -> None:
    pair = Pair()

    async def client(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        await sys.setsockopt(fd, SOL_IP, IP_RECVERR, 1)
        await sys.connect(fd, (B, 7))
        why = await errno_of(sys.send(fd, bytes(1473)))
        told = await sys.recvmsg(fd, 10, MSG_ERRQUEUE)
        return why, tuple(told.control[0][2])[:5], await errno_of(sys.send(fd, bytes(1472)))

    pair.start("a", client)
    assert pair.run()["a"] == ("EMSGSIZE", (90, 1, 0, 0, 1500), "")


def test_raw_and_packet_sockets_see_what_goes_by() -> None:
    pair = Pair()

    async def raw(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)
        await sys.setsockopt(fd, SOL_RAW, ICMP_FILTER, 0xFFFFFFFF & ~(1 << 8))
        data, who = await sys.recvfrom(fd, 100)
        return data[20:24], data[28:], who

    async def frames(sys: Sys) -> Any:
        fd = await sys.socket(AF_PACKET, SOCK_RAW, 0x0800)
        await sys.bind(fd, (2, 0x0800))
        data, where = await sys.recvfrom(fd, 200)
        return data[12:14], data[23], tuple(where)[:4]

    async def ping(sys: Sys) -> Any:
        await sys.nanosleep(MILLISECOND)
        fd = await sys.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
        await sys.sendto(fd, bytes((8, 0, 0, 0, 0, 0, 0, 5)) + b"ping", (B, 0))
        data, who = await sys.recvfrom(fd, 100)
        return data[:2], data[6:], who

    pair.start("b", raw, "raw")
    pair.start("b", frames, "frames")
    pair.start("a", ping)
    got = pair.run()
    assert got["a"] == (b"\0\0", b"\0\5ping", (B, 0))
    assert (got["raw"][0][:2], got["raw"][1:]) == (b"\x08\0", (b"ping", (A, 0)))
    assert got["frames"] == (b"\x08\0", 1, (2, 0x0800, 0, 1))


def test_a_full_queue_drops_and_counts() -> None:
    pair = Pair()

    async def server(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.setsockopt(fd, SOL_SOCKET, 8, 1000)  # SO_RCVBUF: at least 2304
        await sys.bind(fd, (0, 5000))
        await sys.nanosleep(SECOND)
        count = 0
        while not await errno_of(sys.recv(fd, 1000, MSG_DONTWAIT)):
            count += 1
        return count

    async def client(sys: Sys) -> None:
        await sys.nanosleep(MILLISECOND)
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        for _ in range(10):
            await sys.sendto(fd, bytes(500), (B, 5000))

    pair.start("b", server)
    pair.start("a", client)
    pair.run()
    stack = pair.kernel("b").net
    assert (pair.got["b"], stack.counters["UdpRcvbufErrors"]) == (2, 8)


def test_equal_worlds_have_equal_digests() -> None:
    def digest() -> str:
        pair = Pair()

        async def client(sys: Sys) -> None:
            fd = await sys.socket(AF_INET, SOCK_STREAM)
            await errno_of(sys.connect(fd, (B, 80)))
            udp = await sys.socket(AF_INET, SOCK_DGRAM)
            await sys.sendto(udp, b"x", (B, 9))
            await sys.epoll_create()
            await sys.nanosleep(100 * SECOND)

        pair.start("a", client)
        pair.run(2)
        return pair.world.digest()

    assert digest() == digest()
