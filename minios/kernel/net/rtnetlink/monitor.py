"""The multicast groups of rtnetlink: who is in one is told of every change (ip-monitor(8))."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import netlink as nl
from minios.kernel.net.rtnetlink import address, link, neigh, route

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.socket.netlink import NetlinkSock


def watch(kernel: Kernel, sock: NetlinkSock) -> Callable[[], None]:
    """Let a socket hear of changes; what is returned ends that."""
    stack = kernel.net

    def of_link(device: Any, deleted: bool) -> None:
        kind = nl.RTM_DELLINK if deleted else nl.RTM_NEWLINK
        sock.multicast(nl.RTNLGRP_LINK, link.message(stack, device, kind, 0, 0))

    def of_address(device: Any, which: Any, deleted: bool) -> None:
        kind = nl.RTM_DELADDR if deleted else nl.RTM_NEWADDR
        sock.multicast(nl.RTNLGRP_IPV4_IFADDR, address.message(stack, device, which, kind, 0, 0))

    def of_route(which: Any, deleted: bool) -> None:
        kind = nl.RTM_DELROUTE if deleted else nl.RTM_NEWROUTE
        sock.multicast(nl.RTNLGRP_IPV4_ROUTE, route.message(which, kind, 0, 0))

    def of_neighbour(which: Any, deleted: bool) -> None:
        kind = nl.RTM_DELNEIGH if deleted else nl.RTM_NEWNEIGH
        sock.multicast(nl.RTNLGRP_NEIGH, neigh.message(which, kind, 0, 0))

    rows: tuple[tuple[list[Any], Any], ...] = (
        (stack.link_watchers, of_link),
        (stack.address_watchers, of_address),
        (stack.routes.watchers, of_route),
        (stack.neigh.watchers, of_neighbour),
    )
    for watchers, fn in rows:
        watchers.append(fn)

    def unwatch() -> None:
        for watchers, fn in rows:
            if fn in watchers:
                watchers.remove(fn)

    return unwatch
