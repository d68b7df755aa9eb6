"""Parameters of connection tracking: net.netfilter.nf_conntrack_* (nf_conntrack-sysctl.rst).

They are listed before anybody uses the network, so nothing else of it is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.kernel.knob import Knob, integer
from minios.net.netfilter.settings import DEFAULTS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.netfilter.netfilter import Netfilter

PREFIX = "net.netfilter."


def adopt(kernel: Kernel, netfilter: Netfilter) -> None:
    """Give a new Netfilter the parameters that were set before it was there."""
    settings = netfilter.conntrack.settings
    for name in DEFAULTS:
        found = kernel.sysctl.get(PREFIX + name)
        if found is not None:
            settings[name] = found


def _knob(name: str, default: int) -> Knob:
    def show(kernel: Kernel) -> bytes:
        return b"%d" % kernel.sysctl.get(PREFIX + name, default)

    def put(kernel: Kernel, text: bytes, who: PCB) -> None:
        value = integer(text, 0, (1 << 31) - 1)
        kernel.sysctl[PREFIX + name] = value
        if kernel.networked and kernel.net.netfilter is not None:
            kernel.net.netfilter.conntrack.settings[name] = value

    return Knob(show, put)


def _count(kernel: Kernel) -> bytes:
    if not kernel.networked or kernel.net.netfilter is None:
        return b"0"
    return b"%d" % sum(1 for _ in kernel.net.netfilter.conntrack.live())


KNOBS: dict[str, Knob] = {
    **{PREFIX + name: _knob(name, default) for name, default in DEFAULTS.items()},
    PREFIX + "nf_conntrack_count": Knob(_count),
}
KNOBS["net.nf_conntrack_max"] = KNOBS[PREFIX + "nf_conntrack_max"]


def text(kernel: Kernel) -> bytes:
    """/proc/net/nf_conntrack."""
    if not kernel.networked or kernel.net.netfilter is None:
        return b""
    from minios.kernel.net.ctnetlink import proc_text

    return proc_text(kernel)
