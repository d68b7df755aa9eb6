"""Matches of rules (iptables-extensions(8)), a family a file; :data:`MATCHES` has them by name.

A match is made once, from the :class:`~minios.abi.netfilter.Part` of its rule, and then called with
a packet and the devices it comes from and goes to (None where there is none). One that remembers
something is an object with ``state()``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minios.abi.errno import Errno, error
from minios.abi.netfilter import Option, Part

Match = Callable[[Any, Any, Any], bool]


def build(netfilter: Any, part: Part) -> Match | None:
    """The match of a part of a rule; None for one that only says something. ENOENT EINVAL."""
    from minios.net.netfilter.matches.table import MATCHES

    if not isinstance(part, Part):
        raise error(Errno.EINVAL)
    maker = MATCHES.get(part.name)
    if maker is None:
        raise error(Errno.ENOENT)
    return maker(netfilter, part)


def together(tests: list[Match]) -> Match:
    """All of them, in one call."""
    if len(tests) == 1:
        return tests[0]

    def every(packet: Any, inside: Any, outside: Any) -> bool:
        for test in tests:  # noqa: SIM110 (all() makes a generator for each packet)
            if not test(packet, inside, outside):
                return False
        return True

    return every


def unknown(option: Option) -> OSError:
    """What a match says to an option that it does not have."""
    return error(Errno.EINVAL)
