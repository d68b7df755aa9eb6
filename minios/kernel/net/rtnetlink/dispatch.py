"""Which function answers which message of rtnetlink."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import netlink as nl
from minios.abi.caps import CAP_NET_ADMIN
from minios.abi.errno import Errno, error
from minios.fs.access import capable
from minios.kernel.net.rtnetlink import address, link, neigh, route, rule

if TYPE_CHECKING:
    from minios.abi.netlink import Nlmsg
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.host.stack import Stack

Answer = Callable[["Stack", "Nlmsg", int], list[bytes]]
"""Answers a message for a host; the last argument is the port of who asks."""

ANSWERS: dict[int, Answer] = {
    nl.RTM_NEWLINK: link.new,
    nl.RTM_SETLINK: link.new,
    nl.RTM_DELLINK: link.delete,
    nl.RTM_GETLINK: link.get,
    nl.RTM_NEWADDR: address.new,
    nl.RTM_DELADDR: address.delete,
    nl.RTM_GETADDR: address.get,
    nl.RTM_NEWROUTE: route.new,
    nl.RTM_DELROUTE: route.delete,
    nl.RTM_GETROUTE: route.get,
    nl.RTM_NEWNEIGH: neigh.new,
    nl.RTM_DELNEIGH: neigh.delete,
    nl.RTM_GETNEIGH: neigh.get,
    nl.RTM_NEWRULE: rule.new,
    nl.RTM_DELRULE: rule.delete,
    nl.RTM_GETRULE: rule.get,
}


_ADDRESSES: dict[int, tuple[int, int, tuple[int, ...]]] = {
    1: (8, 4, (nl.IFA_ADDRESS, nl.IFA_LOCAL, nl.IFA_BROADCAST)),
    2: (12, 4, (nl.RTA_DST, nl.RTA_SRC, nl.RTA_GATEWAY, nl.RTA_PREFSRC)),
    3: (12, 4, (nl.NDA_DST,)),
    4: (12, 4, (nl.FRA_DST, nl.FRA_SRC)),
}
"""By subject: how long its header is, and which attributes have to have how many bytes."""


def _validate(message: Nlmsg) -> None:
    """Attributes that are addresses are as long as addresses. EINVAL."""
    policy = _ADDRESSES.get((message.type - 16) >> 2)
    if policy is not None:
        start, length, kinds = policy
        for kind, data in nl.attribute_list(message.body[start:]):
            if kind in kinds and len(data) != length:
                raise error(Errno.EINVAL)


def handle(kernel: Kernel, pcb: PCB, sock: Any, message: Nlmsg) -> list[bytes]:
    """Answer a message. EOPNOTSUPP EPERM (CAP_NET_ADMIN), and what the subject says."""
    answer = ANSWERS.get(message.type)
    if answer is None:
        raise error(Errno.EOPNOTSUPP)
    if message.type & 3 != 2 and not capable(pcb, CAP_NET_ADMIN):
        raise error(Errno.EPERM)
    _validate(message)
    return answer(kernel.net, message, sock.pid)
