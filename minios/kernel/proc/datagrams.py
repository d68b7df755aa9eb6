"""/proc/net: the sockets of UDP, raw IP, ICMP and packets (proc_pid_net(5), udp(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.sockets import SOCK_DGRAM, SOCK_RAW

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.net.transport.endpoint import Endpoint

_HEAD = (
    b"sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
    b"  timeout inode ref pointer drops"
)
_WIDTH = 127
ESTABLISHED, CLOSE = 1, 7
_BUCKETS = 256


def _hex(ip: int) -> bytes:
    """An address as the kernel has it in memory: the least significant byte first."""
    return ip.to_bytes(4, "little").hex().upper().encode()


def _line(number: bytes, end: Endpoint, local: tuple[int, int], remote: tuple[int, int]) -> bytes:
    state = ESTABLISHED if remote[0] or remote[1] else CLOSE
    return b"%b: %b:%04X %b:%04X %02X %08X:%08X %02X:%08X %08X %5d %8d %d %d %08x %d" % (
        number, _hex(local[0]), local[1], _hex(remote[0]), remote[1], state, 0, end.queued, 0, 0,
        0, end.uid, 0, end.ino, 2, 0, end.drops,
    )  # fmt: skip


def udp(kernel: Kernel) -> bytes:
    """net/udp."""
    lines = [b"   " + _HEAD]
    if kernel.networked:
        for end in kernel.net.udp.endpoints():
            number = b"%5d" % (end.local_port % _BUCKETS)
            lines.append(_line(number, end, end.local, end.remote))
    return b"".join(line.ljust(_WIDTH) + b"\n" for line in lines)


def raw(kernel: Kernel) -> bytes:
    """net/raw."""
    lines = [b"  " + _HEAD]
    if kernel.networked and kernel.net.raw is not None:
        for end in sorted(kernel.net.raw.endpoints, key=lambda e: e.proto % _BUCKETS):
            number = b"%4d" % (end.proto % _BUCKETS)
            lines.append(_line(number, end, end.local, end.remote))
    return b"".join(line + b"\n" for line in lines)


def icmp(kernel: Kernel) -> bytes:
    """net/icmp: ping sockets; what stands in the place of the port is the identifier."""
    lines = [b"  " + _HEAD]
    if kernel.networked and kernel.net.ping is not None:
        for end in kernel.net.ping.endpoints():
            number = b"%5d" % (end.ident % 64)
            lines.append(_line(number, end, end.local, end.remote))
    return b"".join(line.ljust(_WIDTH) + b"\n" for line in lines)


def packet(kernel: Kernel) -> bytes:
    """net/packet."""
    lines = [b"sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"]
    if kernel.networked:
        for end in kernel.net.packet or ():
            lines.append(
                b"%016x %-6d %-4d %04x   %-5d %1d %-6d %-6d %-6d\n"
                % (
                    0, 3, SOCK_DGRAM if end.cooked else SOCK_RAW, end.ethertype, end.ifindex,
                    int(end.listening), end.queued, end.uid, end.ino,
                )
            )  # fmt: skip
    return b"".join(lines)
