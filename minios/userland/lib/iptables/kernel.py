"""Getting tables from the kernel and putting them back."""

from __future__ import annotations

from minios.abi.errno import Errno, strerror
from minios.abi.inet import IPPROTO_RAW
from minios.abi.netfilter import (
    IPT_SO_GET_ENTRIES,
    IPT_SO_GET_INFO,
    IPT_SO_SET_REPLACE,
    SOL_IP,
    TABLES,
    Table,
)
from minios.abi.sockets import AF_INET, SOCK_RAW
from minios.abi.sys import Sys
from minios.userland.lib.iptables.extension import Problem

PERMISSION = "Could not fetch rule set generation id: Permission denied (you must be root)"


class Kernel:
    """The kernel's tables, through a raw socket as long as it is open."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.fd = -1

    async def open(self) -> None:
        """Problem for who may not."""
        try:
            self.fd = await self.sys.socket(AF_INET, SOCK_RAW, IPPROTO_RAW)
        except OSError as err:
            if err.errno == Errno.EPERM:
                raise Problem(PERMISSION, 4) from None
            raise

    async def used(self) -> tuple[str, ...]:
        """The tables that somebody uses."""
        try:
            names: tuple[str, ...] = await self.sys.getsockopt(self.fd, SOL_IP, IPT_SO_GET_INFO)
        except OSError as err:
            raise Problem(PERMISSION if err.errno == Errno.EPERM else _why(err), 4) from None
        return names

    async def table(self, name: str) -> Table:
        """A table; Problem with status 3 if there is none of that name."""
        if name not in TABLES:
            raise Problem(
                f"table '{name}' does not exist\n"
                "Perhaps iptables or your kernel needs to be upgraded.",
                3,
            )
        option = IPT_SO_GET_ENTRIES + list(TABLES).index(name)
        try:
            table: Table = await self.sys.getsockopt(self.fd, SOL_IP, option)
        except OSError as err:
            raise Problem(PERMISSION if err.errno == Errno.EPERM else _why(err), 4) from None
        return table

    async def replace(self, table: Table, doing: str) -> None:
        """Put a table back; ``doing`` is what is said if the kernel refuses it."""
        try:
            await self.sys.setsockopt(self.fd, SOL_IP, IPT_SO_SET_REPLACE, table)
        except OSError as err:
            if err.errno == Errno.EPERM:
                raise Problem(PERMISSION, 4) from None
            raise Problem(doing.replace("%", _why(err)), 4) from None


def _why(err: OSError) -> str:
    return strerror(err.errno or 0)
