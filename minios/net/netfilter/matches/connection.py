"""What conntrack knows of a packet: -m conntrack and -m state."""

from __future__ import annotations

from typing import Any

from minios.abi.netfilter import CT_DNAT, CT_NEW, CT_SNAT, IPS_DST_NAT, IPS_SRC_NAT, Option, Part
from minios.net.netfilter.conn import Conn, Error, Way
from minios.net.netfilter.matches import Match, together, unknown


def _conn(packet: Any) -> Conn | None:
    ct = packet.ct
    if ct.__class__ is Way:
        return ct.conn
    if ct.__class__ is Error:
        return ct.way.conn
    return None


def state(netfilter: Any, part: Part) -> Match:
    """-m state: the older form of ``--ctstate``."""
    (option,) = part.options
    return _in_state(option.value, option.inverted)


def _in_state(bits: int, inverted: bool) -> Match:
    nat = bits & (CT_SNAT | CT_DNAT)

    def seen(packet: Any, _in: Any, _out: Any) -> bool:
        ct = packet.ct
        found = bits & (ct.state if ct is not None else CT_NEW) != 0
        if nat and not found:
            conn = _conn(packet)
            if conn is not None:
                status = conn.status
                found = bool(
                    (nat & CT_SNAT and status & IPS_SRC_NAT)
                    or (nat & CT_DNAT and status & IPS_DST_NAT)
                )
        return found != inverted

    return seen


def conntrack(netfilter: Any, part: Part) -> Match:
    """-m conntrack: state, status, ends, direction, time left."""
    tests: list[Match] = []
    for option in part.options:
        name = option.name
        if name == "ctstate":
            tests.append(_in_state(option.value, option.inverted))
        elif name in _FIELDS:
            tests.append(_field(option))
        elif name == "ctdir":
            tests.append(_direction(option))
        elif name == "ctexpire":
            tests.append(_expires(netfilter.stack.world, option))
        else:
            raise unknown(option)
    return together(tests)


_FIELDS = {
    "ctproto": (False, 2), "ctstatus": (False, -1),
    "ctorigsrc": (False, 0), "ctorigdst": (False, 1),
    "ctreplsrc": (True, 0), "ctrepldst": (True, 1),
    "ctorigsrcport": (False, 3), "ctorigdstport": (False, 4),
    "ctreplsrcport": (True, 3), "ctrepldstport": (True, 4),
}  # fmt: skip
"""Of which key, and what of it."""


def _field(option: Option) -> Match:
    reply, index = _FIELDS[option.name]
    value, inverted = option.value, option.inverted
    ports = index >= 3
    address = index in (0, 1)

    def found(packet: Any, _in: Any, _out: Any) -> bool:
        conn = _conn(packet)
        if conn is None:
            return False
        if index < 0:
            # --ctstatus NONE is the lack of all
            return (bool(conn.status & value) if value else not conn.status & 0xF) != inverted
        have = (conn.reply if reply else conn.forward).key[index]
        if address:
            return bool((have & value[1] == value[0]) != inverted)
        if ports:
            return bool((value[0] <= have <= value[1]) != inverted)
        return bool((have == value) != inverted)

    return found


def _direction(option: Option) -> Match:
    reply = bool(option.value)

    def there(packet: Any, _in: Any, _out: Any) -> bool:
        ct = packet.ct
        return ct.__class__ in (Way, Error) and ct.reply == reply

    return there


def _expires(world: Any, option: Option) -> Match:
    low, high = option.value
    inverted = option.inverted

    def within(packet: Any, _in: Any, _out: Any) -> bool:
        conn = _conn(packet)
        if conn is None:
            return False
        left = max(0, conn.expires - world.now) // 1_000_000_000
        return bool((low <= left <= high) != inverted)

    return within
