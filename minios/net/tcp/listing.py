"""All of TCP at a glance, as /proc/net/tcp and ss(8) tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minios.net.tcp.connection import Connection
from minios.net.tcp.request import Request
from minios.net.tcp.tcb import Pending
from minios.net.tcp.timewait import TimeWait

if TYPE_CHECKING:
    from minios.net.tcp.protocol import Tcp

OFF, ON, KEEPALIVE, TIMEWAIT, PERSIST = range(5)
"""Which timer runs, as the files number it."""


class Row(NamedTuple):
    """One socket. ``receive`` and ``send`` are what wait in its queues: bytes, or of a listener
    connections that are ready, and its backlog. ``expires`` is when its timer rings, in ns from
    now; ``tries`` how often it did. ``tcb`` is there if it is a connection or a listener's model.
    """

    state: int
    local: tuple[int, int]
    remote: tuple[int, int]
    receive: int = 0
    send: int = 0
    timer: int = OFF
    expires: int = 0
    tries: int = 0
    uid: int = 0
    ino: int = 0
    shut: int = 0
    tcb: Connection | None = None
    device: str = ""
    known: Any = None
    """The listener, request, connection or rest itself."""


def rows(tcp: Tcp) -> list[Row]:
    """Listeners by port, then all the others in the order in which they were made."""
    found = [
        Row(
            10, listener.local, (0, 0), listener.pending, listener.backlog, uid=listener.model.uid,
            ino=listener.model.ino, tcb=listener.model, device=listener.bind.device, known=listener,
        )
        for _, same in sorted(tcp.listeners.items())
        for listener in same
    ]  # fmt: skip
    now = tcp.world.now
    for (local, port, remote, other), known in tcp.connections.items():
        ends = ((local, port), (remote, other))
        if isinstance(known, Connection):
            timer, at = timer_of(known)
            found.append(
                Row(
                    int(known.state),
                    *ends,
                    known.rcv_nxt - known.copied - known.fin_received,
                    known.write_seq - known.snd_una,
                    timer,
                    max(at - now, 0),
                    known.probes_out
                    if timer == PERSIST
                    else known.keep_probes
                    if timer == KEEPALIVE
                    else known.retransmits,
                    known.uid,
                    0 if known.orphan else known.ino,
                    known.shut,
                    known,
                    known.device,
                    known,
                )
            )
        elif isinstance(known, Request):
            at = known.alarm.deadline or now
            found.append(
                Row(
                    3,
                    *ends,
                    0,
                    0,
                    ON,
                    max(at - now, 0),
                    known.timeouts,
                    known.listener.model.uid,
                    known=known,
                )
            )
        elif isinstance(known, TimeWait) and not known.over:
            found.append(
                Row(
                    int(known.state),
                    *ends,
                    timer=TIMEWAIT,
                    expires=known.deadline - now,
                    known=known,
                )
            )
    return found


def timer_of(tcb: Connection) -> tuple[int, int]:
    """Which timer of a connection runs, and when it rings."""
    if tcb.alarm.deadline is not None:
        return PERSIST if tcb.pending == Pending.PROBE else ON, tcb.alarm.deadline
    if tcb.keep.deadline is not None:
        return KEEPALIVE, tcb.keep.deadline
    return OFF, 0


def figures(tcp: Tcp) -> tuple[int, int, int, int]:
    """For /proc/net/sockstat: in use, orphaned, resting, allocated."""
    resting = sum(not rest.over for rest in tcp.resting.values())
    listening = sum(map(len, tcp.listeners.values()))
    open_ = sum(isinstance(known, Connection) for known in tcp.connections.values())
    orphans = len(tcp.orphans)
    return listening + open_, orphans, resting, listening + open_
