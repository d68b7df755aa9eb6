"""Finding out: whether a host is up, and what its ports say."""

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, POLLERR, POLLHUP, POLLIN, POLLOUT
from minios.abi.inet import IP_RECVERR, IPPROTO_ICMP, IPPROTO_TCP, MAC_BROADCAST, SOL_IP
from minios.abi.sockets import (
    AF_INET,
    AF_PACKET,
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    SO_ERROR,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_RAW,
    SOCK_STREAM,
    SOL_SOCKET,
    PacketAddress,
)
from minios.abi.sys import Sys
from minios.userland.lib.net.rtnl import rtnl

SECOND = 1_000_000_000
WAIT = SECOND
"""How long a port may take to answer; who does not is asked once more."""
AT_ONCE = 64
ETH_P_ARP = 0x0806
TRIES = 2

Answer = tuple[str, str]
"""A port's state and why it is thought so."""


class Host:
    """A target. ``latency`` is ns, None if it is not known; ``mac`` is that of a neighbour."""

    def __init__(self, ip: int, name: bytes) -> None:
        self.ip = ip
        self.name = name
        self.up = False
        self.latency: int | None = None
        self.mac = 0
        self.own = False


async def now(sys: Sys) -> int:
    return await sys.clock_gettime(CLOCK_MONOTONIC)


# -- who is there --------------------------------------------------------------------------------


async def discover(sys: Sys, hosts: list[Host], root: bool) -> None:
    """Find out which hosts are up: neighbours by ARP, others by echo and by two usual ports."""
    netlink = await rtnl(sys)
    links = {link.ifindex: link for link in await netlink.links()}
    addresses = await netlink.addresses()
    await netlink.close()
    far: list[Host] = []
    near: dict[int, list[Host]] = {}
    source: dict[int, int] = {}
    for host in hosts:
        if host.ip >> 24 == 127 or any(a.ip == host.ip for a in addresses):
            host.up = host.own = True
            continue
        on = next((a for a in addresses if (a.ip ^ host.ip) >> (32 - a.length) == 0), None)
        if root and on is not None and links[on.ifindex].mac:
            near.setdefault(on.ifindex, []).append(host)
            source[on.ifindex] = on.ip
        else:
            far.append(host)
    for index, some in near.items():
        await _arp(sys, index, links[index].mac, source[index], some)
    for at in range(0, len(far), AT_ONCE):
        await _echo(sys, far[at : at + AT_ONCE], root)


async def _arp(sys: Sys, index: int, mac: int, source: int, hosts: list[Host]) -> None:
    fd = await sys.socket(AF_PACKET, SOCK_DGRAM, ETH_P_ARP)
    await sys.bind(fd, (index, ETH_P_ARP))
    waiting = {host.ip: host for host in hosts}
    asked: dict[int, int] = {}
    for _ in range(TRIES):
        for ip in list(waiting):
            body = bytes((0, 1, 8, 0, 6, 4, 0, 1)) + mac.to_bytes(6, "big")
            body += source.to_bytes(4, "big") + bytes(6) + ip.to_bytes(4, "big")
            asked[ip] = await now(sys)
            await sys.sendto(fd, body, PacketAddress(index, ETH_P_ARP, 0, 1, MAC_BROADCAST))
        end = await now(sys) + WAIT // 2
        while waiting and await sys.poll([(fd, POLLIN)], max(end - await now(sys), 0)):
            data, _ = await sys.recvfrom(fd, 128)
            host = waiting.pop(int.from_bytes(data[14:18], "big"), None)
            if host is not None and data[6:8] == b"\0\2":
                host.up = True
                host.mac = int.from_bytes(data[8:14], "big")
                host.latency = await now(sys) - asked[host.ip]
    await sys.close(fd)


async def _echo(sys: Sys, hosts: list[Host], root: bool) -> None:
    """Echo requests, and connections to 443 and 80: any answer says that somebody is there."""
    probes: dict[int, tuple[Host, int]] = {}
    for host in hosts:
        if root:
            fd = await sys.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_ICMP)
            probes[fd] = (host, await now(sys))
            try:
                await sys.sendto(fd, bytes((8, 0, 0, 0, 0, 0, 0, 1)), (host.ip, 0))
            except OSError:
                continue
        for port in (443, 80):
            fd = await sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK)
            probes[fd] = (host, await now(sys))
            try:
                await sys.connect(fd, (host.ip, port))
            except OSError as err:
                if err.errno != Errno.EINPROGRESS:
                    await sys.close(fd)
                    del probes[fd]
    end = await now(sys) + WAIT + WAIT // 2
    open_ = dict(probes)
    while open_ and not all(host.up for host in hosts):
        wanted = [(fd, POLLIN | POLLOUT if _is_stream(open_, fd, root) else POLLIN) for fd in open_]
        ready = await sys.poll(wanted, max(end - await now(sys), 0))
        if not ready:
            break
        for fd, _ in ready:
            host, sent = open_.pop(fd)
            number = await sys.getsockopt(fd, SOL_SOCKET, SO_ERROR)
            if number in (0, Errno.ECONNREFUSED) and not host.up:
                host.up = True
                host.latency = await now(sys) - sent
    for fd in probes:
        await sys.close(fd)


def _is_stream(probes: dict[int, tuple[Host, int]], fd: int, root: bool) -> bool:
    """Whether a probe is a connection: of root's three the first is the echo."""
    if not root:
        return True
    host = probes[fd][0]
    return fd != min(number for number, (whose, _) in probes.items() if whose is host) or (
        sum(whose is host for whose, _ in probes.values()) < 3
    )


# -- ports -------------------------------------------------------------------------------------


async def connect_scan(sys: Sys, ip: int, ports: list[int]) -> dict[int, Answer]:
    """-sT: connect(2), as anybody may."""
    found: dict[int, Answer] = {}
    for at in range(0, len(ports), AT_ONCE):
        await _connects(sys, ip, ports[at : at + AT_ONCE], found)
    return found


async def _connects(sys: Sys, ip: int, ports: list[int], found: dict[int, Answer]) -> None:
    waiting: dict[int, int] = {}
    for port in ports:
        fd = await sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK)
        try:
            await sys.connect(fd, (ip, port))
            found[port] = ("open", "syn-ack")
        except OSError as err:
            if err.errno == Errno.EINPROGRESS:
                waiting[fd] = port
                continue
            found[port] = _failure(err.errno or 0)
        await sys.close(fd)
    end = await now(sys) + TRIES * WAIT
    while waiting:
        ready = await sys.poll([(fd, POLLOUT) for fd in waiting], max(end - await now(sys), 0))
        if not ready:
            break
        for fd, _ in ready:
            number = await sys.getsockopt(fd, SOL_SOCKET, SO_ERROR)
            found[waiting.pop(fd)] = _failure(number) if number else ("open", "syn-ack")
            await sys.close(fd)
    for fd, port in waiting.items():
        found[port] = ("filtered", "no-response")
        await sys.close(fd)


def _failure(number: int) -> Answer:
    if number == Errno.ECONNREFUSED:
        return ("closed", "conn-refused")
    if number in (Errno.EHOSTUNREACH, Errno.ENETUNREACH):
        return ("filtered", "host-unreach")
    return ("filtered", "no-response")


async def udp_scan(sys: Sys, ip: int, ports: list[int]) -> dict[int, Answer]:
    """-sU: an empty datagram to each; a closed port has ICMP say so."""
    found: dict[int, Answer] = {}
    for at in range(0, len(ports), AT_ONCE):
        await _datagrams(sys, ip, ports[at : at + AT_ONCE], found)
    return found


async def _datagrams(sys: Sys, ip: int, ports: list[int], found: dict[int, Answer]) -> None:
    waiting: dict[int, int] = {}
    for port in ports:
        fd = await sys.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK)
        try:
            await sys.setsockopt(fd, SOL_IP, IP_RECVERR, 1)
            await sys.connect(fd, (ip, port))
            waiting[fd] = port
        except OSError:
            found[port] = ("filtered", "no-response")
            await sys.close(fd)
    for _ in range(TRIES):
        for fd in list(waiting):
            try:
                await sys.send(fd, b"")
            except OSError:
                continue
        end = await now(sys) + WAIT
        while waiting:
            wanted = [(fd, POLLIN) for fd in waiting]
            ready = await sys.poll(wanted, max(end - await now(sys), 0))
            if not ready:
                break
            for fd, events in ready:
                found[waiting.pop(fd)] = await _datagram_answer(sys, fd, events)
                await sys.close(fd)
    for fd, port in waiting.items():
        found[port] = ("open|filtered", "no-response")
        await sys.close(fd)


async def _datagram_answer(sys: Sys, fd: int, events: int) -> Answer:
    if events & (POLLERR | POLLHUP):
        number = await sys.getsockopt(fd, SOL_SOCKET, SO_ERROR)
        if number == Errno.ECONNREFUSED:
            return ("closed", "port-unreach")
        return ("filtered", "host-unreach" if number == Errno.EHOSTUNREACH else "admin-prohibited")
    return ("open", "udp-response")


async def syn_scan(sys: Sys, ip: int, ports: list[int]) -> dict[int, Answer]:
    """-sS: SYNs from a raw socket; who answers with SYN and ACK is reset by the kernel, which knows
    of no such connection."""
    fd = await sys.socket(AF_INET, SOCK_RAW, IPPROTO_TCP)
    await sys.setsockopt(fd, SOL_IP, IP_RECVERR, 1)
    await sys.connect(fd, (ip, 0))
    source: int = (await sys.getsockname(fd))[0]
    draws = await sys.getrandom(6)
    sport = 32768 + int.from_bytes(draws[:2], "big") % 28000
    found: dict[int, Answer] = {}
    for at in range(0, len(ports), AT_ONCE):
        left = ports[at : at + AT_ONCE]
        for _ in range(TRIES):
            for port in left:
                try:
                    await sys.send(fd, _syn(source, ip, sport, port, draws[2:6]))
                except OSError:
                    await _errors(sys, fd, sport, found)
            end = await now(sys) + WAIT
            while (left := [port for port in left if port not in found]) and await sys.poll(
                [(fd, POLLIN | POLLERR)], max(end - await now(sys), 0)
            ):
                await _errors(sys, fd, sport, found)
                await _segments(sys, fd, sport, found)
            if not left:
                break
        for port in left:
            found[port] = ("filtered", "no-response")
    await sys.close(fd)
    return found


def _syn(source: int, ip: int, sport: int, port: int, seq: bytes) -> bytes:
    head = sport.to_bytes(2, "big") + port.to_bytes(2, "big") + seq + bytes(4)
    head += bytes((0x60, 2, 4, 0, 0, 0, 0, 0, 2, 4, 5, 0xB4))
    pseudo = source.to_bytes(4, "big") + ip.to_bytes(4, "big") + bytes((0, 6, 0, len(head)))
    total = sum((pseudo + head)[0::2]) * 256 + sum((pseudo + head)[1::2])
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return head[:16] + (total ^ 0xFFFF).to_bytes(2, "big") + head[18:]


async def _segments(sys: Sys, fd: int, sport: int, found: dict[int, Answer]) -> None:
    while True:
        try:
            data = await sys.recv(fd, 128, MSG_DONTWAIT)
        except OSError:
            return
        if len(data) < 40 or int.from_bytes(data[22:24], "big") != sport:
            continue
        port, bits = int.from_bytes(data[20:22], "big"), data[33]
        if bits & 0x12 == 0x12:
            found.setdefault(port, ("open", "syn-ack"))
        elif bits & 4:
            found.setdefault(port, ("closed", "reset"))


async def _errors(sys: Sys, fd: int, sport: int, found: dict[int, Answer]) -> None:
    reasons = {0: "net-unreach", 1: "host-unreach", 2: "proto-unreach", 3: "port-unreach",
               9: "net-prohibited", 10: "host-prohibited", 13: "admin-prohibited"}  # fmt: skip
    while True:
        try:
            got = await sys.recvmsg(fd, 64, MSG_ERRQUEUE | MSG_DONTWAIT)
        except OSError:
            return
        for _, kind, what in got.control:
            mine = int.from_bytes(got.data[:2], "big") == sport
            if kind == IP_RECVERR and what.type == 3 and mine:
                port = int.from_bytes(got.data[2:4], "big")
                found.setdefault(port, ("filtered", reasons.get(what.code, "unreach")))
