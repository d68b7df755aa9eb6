"""/proc/net/tcp (proc_pid_net(5), networking/proc_net_tcp.rst)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.net.tcp.listing import Row

HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode"
)
_TICK = 10_000_000
"""ns of a tick, of which there are USER_HZ in a second."""
_INFINITE = 0x7FFF_FFFF
WIDTH = 149


def tcp(kernel: Kernel) -> bytes:
    """One line a socket: listeners, then connections, those half open and those that rest."""
    lines = [HEAD]
    if kernel.networked:
        from minios.net.tcp.listing import rows

        lines += [_line(number, row) for number, row in enumerate(rows(kernel.net.tcp))]
    return "".join(line.ljust(WIDTH) + "\n" for line in lines).encode()


def tcp6(kernel: Kernel) -> bytes:
    """There is no IPv6 here."""
    head = (
        "  sl  local_address                         remote_address                        st "
        "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    )
    return head.encode()


def _end(end: tuple[int, int]) -> str:
    swapped = int.from_bytes(end[0].to_bytes(4, "big"), "little")
    return f"{swapped:08X}:{end[1]:04X}"


def _line(number: int, row: Row) -> str:
    tcb = row.tcb
    listening = row.state == 10
    send = 0 if listening else row.send
    line = (
        f"{number:4}: {_end(row.local)} {_end(row.remote)} {row.state:02X} {send:08X}:"
        f"{row.receive:08X} {row.timer:02X}:{row.expires // _TICK:08X} {row.tries:08X} "
        f"{row.uid:5} "
    )
    if tcb is None:
        return line + f"{0:8} {0} {1 if row.state == 3 else 3} {0:016x}"
    threshold = tcb.ssthresh if tcb.ssthresh < _INFINITE else -1
    quick = tcb.quick << 1 | tcb.pingpong
    return line + (
        f"{tcb.probes_out:8} {row.ino} {2 if row.timer else 1} {0:016x} {tcb.rtt.rto // _TICK} "
        f"{tcb.ato // _TICK} {quick} {tcb.cwnd} {0 if listening else threshold}"
    )
