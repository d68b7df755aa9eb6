"""Kernel parameters: what sysctl(8) lists and /proc/sys shows (proc_sys(5)).

One table, :data:`KNOBS`, by dotted name. To add a knob put a line into it: most are a
:class:`Number`, which the kernel keeps in ``kernel.sysctl`` until the machine is switched off and
whose value is asked with :func:`value`; what lives elsewhere is a :class:`Knob` of two functions.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

from minios.abi.errno import Errno, error
from minios.kernel import calls, schedknobs
from minios.kernel.files.file import FILE_MAX
from minios.kernel.knob import Knob, integer
from minios.kernel.net import conntrack, netknobs

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

INT_MAX = (1 << 31) - 1


class Number(Knob):
    """A whole number within bounds. ``changed(kernel, value)`` is called after a write."""

    __slots__ = ("changed", "default", "high", "low", "name")

    def __init__(
        self,
        default: int,
        low: int = 0,
        high: int = INT_MAX,
        *,
        mode: int = 0o644,
        changed: Callable[[Kernel, int], None] | None = None,
    ) -> None:
        super().__init__(self._show, self._set, mode)
        self.default = default
        self.low = low
        self.high = high
        self.changed = changed
        self.name = ""
        """The name in the table, set by the table."""

    def _show(self, kernel: Kernel) -> bytes:
        return b"%d" % kernel.sysctl.get(self.name, self.default)

    def _set(self, kernel: Kernel, text: bytes, who: PCB) -> None:
        number = integer(text, self.low, self.high)
        kernel.sysctl[self.name] = number
        if self.changed is not None:
            self.changed(kernel, number)


def value(kernel: Kernel, name: str) -> int:
    """What a :class:`Number` is set to now."""
    found = kernel.sysctl.get(name)
    if found is not None:
        return found
    knob = KNOBS[name]
    assert isinstance(knob, Number)
    return knob.default


def _hostname(kernel: Kernel) -> bytes:
    return kernel.hostname


def _boot_id(kernel: Kernel) -> bytes:
    """A name for this boot (random(4)); it says nothing but when the boot was."""
    moment = kernel.machine.epoch + kernel.boot_time
    text = sha256(b"%b %d" % (kernel.machine.name.encode(), moment)).hexdigest()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32])).encode()


def _pid_max(kernel: Kernel) -> bytes:
    return b"%d" % kernel.machine.pid_max


def _drop_caches(kernel: Kernel, what: int) -> None:
    """1 drops the page cache, 2 inodes and names (which cost nothing here), 3 both."""
    if what & 1:
        kernel.cache.drop_all()


def _set_hostname(kernel: Kernel, text: bytes, who: PCB) -> None:
    kernel.hostname = text[:64]


def _swap_policy(kernel: Kernel) -> bytes:
    return kernel.mm.policy_name.encode()


def _set_swap_policy(kernel: Kernel, text: bytes, who: PCB) -> None:
    try:
        kernel.mm.set_policy(text.decode("latin-1"))
    except ValueError:
        raise error(Errno.EINVAL) from None


def _file_nr(kernel: Kernel) -> bytes:
    return b"%d\t0\t%d" % (kernel.open_files, FILE_MAX)


def _protect(rule: str) -> Callable[[Kernel, int], None]:
    """What sets one of the rules of minios.fs.protect."""
    return lambda kernel, value: setattr(kernel.vfs.protect, rule, value)


KNOBS: dict[str, Knob] = {
    # names and numbers of the system
    "abi.bsd": Number(0, 0, 1),
    "abi.linux": Number(0, 0, 1),
    "abi.xv6": Number(0, 0, 1),
    "kernel.hostname": Knob(_hostname, _set_hostname),
    "kernel.osrelease": Knob(lambda kernel: calls.utsname(kernel).release),
    "kernel.ostype": Knob(lambda kernel: calls.utsname(kernel).sysname),
    "kernel.pid_max": Knob(_pid_max),
    "kernel.random.boot_id": Knob(_boot_id),
    "kernel.threads-max": Knob(_pid_max),
    "kernel.yama.ptrace_scope": Number(0, 0, 3),
    "kernel.version": Knob(lambda kernel: calls.utsname(kernel).version),
    # scheduling
    **schedknobs.KNOBS,
    # memory
    "vm.overcommit_memory": Number(0, 0, 2),
    "vm.overcommit_ratio": Number(50, 0, 1000),
    "vm.swap_policy": Knob(_swap_policy, _set_swap_policy),
    # files
    "fs.file-max": Knob(lambda kernel: b"%d" % FILE_MAX),
    "fs.file-nr": Knob(_file_nr),
    "fs.pipe-max-size": Number(1 << 20, 4096, 1 << 20),
    "fs.protected_fifos": Number(1, 0, 2, changed=_protect("fifos")),
    "fs.protected_hardlinks": Number(1, 0, 1, changed=_protect("hardlinks")),
    "fs.protected_regular": Number(2, 0, 2, changed=_protect("regular")),
    "fs.protected_symlinks": Number(1, 0, 1, changed=_protect("symlinks")),
    "fs.inotify.max_queued_events": Number(16384, 1),
    "fs.inotify.max_user_instances": Number(128),
    "fs.inotify.max_user_watches": Number(8192),
    "vm.dirty_background_bytes": Number(0, changed=lambda kernel, _: kernel.cache.tune()),
    "vm.dirty_background_ratio": Number(10, 0, 100, changed=lambda kernel, _: kernel.cache.tune()),
    "vm.dirty_bytes": Number(0, changed=lambda kernel, _: kernel.cache.tune()),
    "vm.dirty_expire_centisecs": Number(3000, changed=lambda kernel, _: kernel.cache.tune()),
    "vm.dirty_ratio": Number(20, 0, 100, changed=lambda kernel, _: kernel.cache.tune()),
    "vm.dirty_writeback_centisecs": Number(500, changed=lambda kernel, _: kernel.cache.tune()),
    "vm.drop_caches": Number(0, 1, 4, mode=0o200, changed=_drop_caches),
    # (end of files)
    # sockets and the network
    **netknobs.KNOBS,
    **conntrack.KNOBS,
    "net.core.somaxconn": Number(4096),
    "net.unix.max_dgram_qlen": Number(10),
}

for _name, _knob in KNOBS.items():
    if isinstance(_knob, Number):
        _knob.name = _name
