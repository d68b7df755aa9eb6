"""What the texts of /proc have in common: units and spelling (proc(5))."""

from __future__ import annotations

from minios.kernel.process import PCB

TICK = 10_000_000
"""Nanoseconds of a USER_HZ tick."""
PAGE = 4096


def pages(size: int) -> int:
    """Pages that ``size`` bytes need."""
    return (size + PAGE - 1) // PAGE


def spelled(pcb: PCB) -> bytes:
    """The name with what would break a line escaped."""
    return pcb.comm.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def seconds(ns: int) -> bytes:
    """Seconds with two decimals."""
    return b"%d.%02d" % (ns // 1_000_000_000, ns // 10_000_000 % 100)
