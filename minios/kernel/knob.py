"""What a kernel parameter is; the table of them is :mod:`minios.kernel.sysctl`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minios.abi.errno import Errno, error

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB


class Knob:
    """A parameter. ``read`` gives its text without newline; without ``write`` it is read-only.

    ``write`` gets the kernel, the text without surrounding white space, and who writes, who is root
    already or was let in by ``mode``. EINVAL.
    """

    __slots__ = ("mode", "read", "write")

    def __init__(
        self,
        read: Callable[[Kernel], bytes],
        write: Callable[[Kernel, bytes, PCB], None] | None = None,
        mode: int | None = None,
    ) -> None:
        self.read = read
        self.write = write
        self.mode = mode if mode is not None else 0o644 if write is not None else 0o444


def integer(text: bytes, low: int, high: int) -> int:
    """The number a knob was given, as strtoul with base 0 reads it. EINVAL outside the bounds."""
    try:
        number = int(text, 0) if len(text) < 24 and b"_" not in text else high + 1
    except ValueError:
        raise error(Errno.EINVAL) from None
    if not low <= number <= high:
        raise error(Errno.EINVAL)
    return number
