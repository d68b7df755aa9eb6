"""The kernel's side of connection tracking: /proc/net/nf_conntrack and net.netfilter.*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.inet import PROTOCOLS, ip_text
from minios.abi.netfilter import IPS_ASSURED, IPS_SEEN_REPLY
from minios.kernel.knob import Knob, integer
from minios.net.netfilter.settings import DEFAULTS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.netfilter.conn import Conn, Way
    from minios.net.netfilter.netfilter import Netfilter

ICMP, TCP, UDP = 1, 6, 17
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
    """/proc/net/nf_conntrack, as ct_seq_show writes it."""
    if not kernel.networked or kernel.net.netfilter is None:
        return b""
    now = kernel.world.now
    accounting = kernel.net.netfilter.conntrack.settings["nf_conntrack_acct"]
    lines = [_line(conn, now, bool(accounting)) for conn in kernel.net.netfilter.conntrack.live()]
    return "".join(lines).encode()


def _line(conn: Conn, now: int, accounting: bool) -> str:
    proto = conn.protocol
    left = max(0, conn.expires - now) // 1_000_000_000
    name = PROTOCOLS[proto] if proto in (ICMP, TCP, UDP) else "unknown"
    line = f"ipv4     2 {name:<8} {proto} {left} "
    if conn.tcp is not None:
        line += f"{conn.tcp.state.name} "
    line += _ends(conn.forward, accounting)
    if not conn.status & IPS_SEEN_REPLY:
        line += "[UNREPLIED] "
    line += _ends(conn.reply, accounting)
    if conn.status & IPS_ASSURED:
        line += "[ASSURED] "
    return line + f"mark={conn.mark} zone=0 use=2\n"


def _ends(way: Way, accounting: bool) -> str:
    src, dst, proto, sport, dport = way.key
    text = f"src={ip_text(src)} dst={ip_text(dst)} "
    if proto in (TCP, UDP):
        text += f"sport={sport} dport={dport} "
    elif proto == ICMP:
        text += f"type={dport >> 8} code={dport & 0xFF} id={sport} "
    if accounting:
        text += f"packets={way.packets} bytes={way.bytes} "
    return text
