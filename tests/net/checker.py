"""Composable checks of packets: ``eth(ipv4(tcp(dport=80, flags="S"), src="10.0.0.2", ttl=63))``.

A check is a function from a record to a list of what is wrong with it. The first argument, if any,
checks the payload; a keyword is a field. The value of a field is what it must equal (an address may
be a text, TCP's flags their letters), or a function that says whether it will do.
"""

from collections.abc import Callable
from typing import Any

from minios.abi.inet import parse_ip, parse_mac

Check = Callable[[Any], list[str]]

_ADDRESSES = {"spa", "tpa", "router"}
_MACS = {"dst", "src", "sha", "tha"}
_FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, ".": 16, "U": 32, "E": 64, "C": 128}


def _wanted(kind: str, field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if field == "flags":
        return sum(_FLAGS[letter] for letter in value)
    if kind in ("Ethernet", "ARP") and field in _MACS:
        return parse_mac(value)
    if (kind == "IPv4" and field in ("src", "dst")) or field in _ADDRESSES:
        return parse_ip(value)
    return value


def record(kind: str, payload: Check | None, **fields: Any) -> Check:
    """A check of a record whose class is called ``kind``."""

    def check(found: Any) -> list[str]:
        if type(found).__name__ != kind:
            return [f"{type(found).__name__} where {kind} was expected: {_show(found)}"]
        wrong = []
        for field, value in fields.items():
            is_ = getattr(found, field)
            if callable(value):
                if not value(is_):
                    wrong.append(f"{kind}.{field} is {is_!r}")
            elif is_ != _wanted(kind, field, value):
                wrong.append(f"{kind}.{field} is {is_!r}, not {value!r}")
        if payload is not None:
            wrong += payload(found.payload)
        return wrong

    return check


def _show(found: Any) -> str:
    return found.summary() if hasattr(found, "summary") else repr(found)[:80]


def eth(payload: Check | None = None, /, **fields: Any) -> Check:
    """dst src type vlan size"""
    return record("Ethernet", payload, **fields)


def arp(**fields: Any) -> Check:
    """op sha spa tha tpa"""
    return record("ARP", None, **fields)


def ipv4(payload: Check | None = None, /, **fields: Any) -> Check:
    """src dst proto ttl ident tos df mf offset"""
    return record("IPv4", payload, **fields)


def icmp(payload: Check | None = None, /, **fields: Any) -> Check:
    """type code rest"""
    return record("ICMP", payload, **fields)


def udp(payload: Check | None = None, /, **fields: Any) -> Check:
    """sport dport"""
    return record("UDP", payload, **fields)


def tcp(payload: Check | None = None, /, **fields: Any) -> Check:
    """sport dport seq ack flags window"""
    return record("TCP", payload, **fields)


def data(expected: bytes) -> Check:
    """The payload is exactly these bytes."""

    def check(found: Any) -> list[str]:
        return [] if found == expected else [f"payload is {found!r}, not {expected!r}"]

    return check


def must(found: Any, check: Check) -> None:
    """Assert that a check holds, with all that is wrong in the message."""
    wrong = check(found)
    assert not wrong, "; ".join(wrong) + f"  in: {_show(found)}"
