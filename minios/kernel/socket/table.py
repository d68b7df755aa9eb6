"""The sockets of a running kernel."""

from __future__ import annotations

from typing import Any


class SocketTable:
    """``unix`` are those of AF_UNIX by number, ``abstract`` the ones bound to abstract names (each
    type of socket has names of its own).

    ``made`` counts the sockets since boot; ``in_flight`` the descriptors that lie in messages which
    nobody has received yet.
    """

    __slots__ = ("abstract", "in_flight", "made", "netlink", "unix")

    def __init__(self) -> None:
        self.unix: dict[int, Any] = {}
        self.abstract: dict[tuple[bytes, int], Any] = {}
        self.netlink: dict[tuple[int, int], Any] = {}
        """Those of AF_NETLINK by protocol and port."""
        self.made = 0
        self.in_flight = 0

    def close_all(self) -> None:
        """The machine is off: names on the disk lead to nobody."""
        for sock in list(self.unix.values()):
            sock.close()
