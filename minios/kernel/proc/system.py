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


def cmdline(kernel: Kernel) -> bytes:
    return b"root=/dev/sda1 console=tty1\n"
