"""What a process waits for that sleeps on a socket of the network: its peer, and what it is at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.inet import IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, ip_text
from minios.kernel.socket.inet import InetSock
from minios.kernel.why.reason import seconds
from minios.net.host import neigh
from minios.net.tcp.state import TcpState

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB
    from minios.net.tcp.connection import Connection

_NAMES = {IPPROTO_ICMP: "ICMP", IPPROTO_TCP: "TCP", IPPROTO_UDP: "UDP"}

Told = tuple[str, str, list["PCB"], str]
"""Kind, what completes "It sleeps …", who of this machine could wake it, and who else could."""


def about(kernel: Kernel, pcb: PCB, sock: InetSock) -> Told:
    """Why ``pcb`` sleeps on that socket."""
    if sock.protocol != IPPROTO_TCP:
        return _datagrams(sock)
    listener: Any = getattr(sock, "listener", None)
    if listener is not None:
        ip, port = listener.local
        text = f"until somebody connects to TCP port {port} of {_host(ip)}"
        return "sleep.accept", text, [], "whoever connects"
    end: Connection = sock.end
    there = f"{ip_text(end.remote_ip)}:{end.remote_port}"
    wakers = _other_end(kernel, end)
    if end.state in (TcpState.SYN_SENT, TcpState.SYN_RECV):
        return "sleep.connect", _connecting(kernel, end, there), wakers, "" if wakers else there
    if sock.can_write in pcb.wait_queues and sock.can_read not in pcb.wait_queues:
        return "sleep.send", _sending(end, there), wakers, "" if wakers else there
    text = f"until {there} sends something ({end.state.name} over TCP)"
    return "sleep.recv", text, wakers, "" if wakers else there


def label(sock: InetSock) -> str:
    """What a socket is: ``TCP to 192.0.2.9:80``, ``TCP port 80, where it listens``."""
    name = _NAMES.get(sock.protocol, f"protocol {sock.protocol}")
    listener: Any = getattr(sock, "listener", None)
    if listener is not None:
        return f"TCP port {listener.local[1]}, where it listens"
    end: Any = sock.end
    ip, port = end.remote
    if ip:
        return f"{name} to {ip_text(ip)}" + (f":{port}" if port else "")
    port = end.local[1] if sock.protocol == IPPROTO_UDP else 0
    return f"{name} port {port}" if port else f"{name} socket"


def _host(ip: int) -> str:
    return ip_text(ip) if ip else "this machine"


def _datagrams(sock: InetSock) -> Told:
    end: Any = sock.end
    name = _NAMES.get(sock.protocol, f"protocol {sock.protocol}")
    ip, port = end.local
    if sock.protocol == IPPROTO_UDP:
        here = f"UDP port {port} of {_host(ip)}"
        text = f"until a datagram comes to {here}"
    else:
        text = f"until a packet of {name} comes"
    peer = end.remote_ip
    if not peer:
        return "sleep.recv", text, [], "whoever sends it something"
    there = ip_text(peer) + (f":{end.remote[1]}" if end.remote[1] else "")
    return "sleep.recv", f"{text} from {there}", [], there


def _connecting(kernel: Kernel, end: Connection, there: str) -> str:
    """A connection that is being opened: how often it asked, and when it will again."""
    now = kernel.world.now
    times = end.retransmits + 1
    text = f"until {there} answers its SYN, sent {times} time{'s' if times > 1 else ''}"
    text += f" (the first {seconds(now - end.opened_at)} s ago"
    if end.alarm.deadline is not None:
        text += f", the next in {seconds(max(end.alarm.deadline - now, 0))} s"
    text += ")"
    route = end.route
    entry = route.neigh if route is not None else None
    if entry is not None and entry.nud() in (neigh.INCOMPLETE, neigh.FAILED):
        text += f"; nobody has answered ARP for {ip_text(entry.ip)} yet"
    return text


def _sending(end: Connection, there: str) -> str:
    """A connection whose send buffer is full: what keeps it so."""
    waiting = end.sndbuf
    if end.snd_wnd == 0:
        return f"until {there} reads: it has said that it has no room (zero window)"
    flight = end.snd_nxt - end.snd_una
    return (
        f"until {there} has acknowledged more: the send buffer of {waiting >> 10} KiB is full, "
        f"{flight:,} bytes are on the way, the congestion window is {end.cwnd}"
    )


def _other_end(kernel: Kernel, end: Connection) -> list[PCB]:
    """The processes of this machine that have the other end open."""
    ends = (end.remote_ip, end.remote_port, end.local_ip, end.local_port)
    if not kernel.net.is_local(end.remote_ip):
        return []
    found = []
    for _, pcb in sorted(kernel.processes.items()):
        if pcb.zombie:
            continue
        for _, file in pcb.fds.items():
            sock = getattr(file, "sock", None)
            other = sock.end if isinstance(sock, InetSock) else None
            if sock is not None and sock.protocol == IPPROTO_TCP and _ends(other) == ends:
                found.append(pcb)
                break
    return found


def _ends(end: Any) -> tuple[int, int, int, int] | None:
    if end is None or getattr(end, "remote_port", 0) == 0:
        return None
    return (end.local_ip, end.local_port, end.remote_ip, end.remote_port)
