"""The sockets of the Internet family, as /proc/net tells of them (proc_pid_net(5))."""

from typing import NamedTuple

from minios.abi.sys import Sys
from minios.userland.lib.proc import read_optional

STATES = {
    1: b"ESTABLISHED", 2: b"SYN_SENT", 3: b"SYN_RECV", 4: b"FIN_WAIT1", 5: b"FIN_WAIT2",
    6: b"TIME_WAIT", 7: b"CLOSE", 8: b"CLOSE_WAIT", 9: b"LAST_ACK", 10: b"LISTEN", 11: b"CLOSING",
}  # fmt: skip
PROTOCOLS = (b"tcp", b"udp", b"raw", b"icmp")


class Socket(NamedTuple):
    """One: ``protocol`` is the file's name; addresses are (ip, port); ``state`` as in Linux."""

    protocol: bytes
    local: tuple[int, int]
    remote: tuple[int, int]
    state: int
    inode: int


def _address(text: bytes) -> tuple[int, int]:
    ip, _, port = text.partition(b":")
    return int.from_bytes(bytes.fromhex(ip.decode()), "little"), int(port, 16)


async def sockets(sys: Sys, protocols: tuple[bytes, ...] = PROTOCOLS) -> list[Socket]:
    """All of these protocols, in the files' order."""
    found: list[Socket] = []
    for protocol in protocols:
        text = await read_optional(sys, b"/proc/net/" + protocol)
        for line in text.splitlines()[1:]:
            words = line.split()
            if len(words) >= 10:
                found.append(
                    Socket(
                        protocol, _address(words[1]), _address(words[2]), int(words[3], 16),
                        int(words[9]),
                    )
                )  # fmt: skip
    return found
