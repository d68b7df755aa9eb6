"""/proc: the system as a whole (proc(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel import calls

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


def version(kernel: Kernel) -> bytes:
    name = calls.utsname(kernel)
    return b"%b version %b (minios@minios) %b\n" % (name.sysname, name.release, name.version)


def filesystems(kernel: Kernel) -> bytes:
    return b"nodev\tproc\nnodev\ttmpfs\nnodev\tdevtmpfs\nnodev\tpipefs\n\text4\n"


def devices(kernel: Kernel) -> bytes:
    """proc(5): the drivers by major device number."""
    return (
        b"Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n  5 /dev/console\n  6 lp\n"
        b"\nBlock devices:\n  8 sd\n"
    )


def cmdline(kernel: Kernel) -> bytes:
    return b"root=/dev/sda1 console=tty1\n"
