"""netstat -s: the counters of /proc/net/snmp and /proc/net/netstat in words."""

from __future__ import annotations

from minios.userland.lib.options import Parsed
from minios.userland.lib.program import Tool
from minios.userland.lib.stdio import read_file

_ALWAYS: dict[str, dict[str, str]] = {
    "Ip": {
        "Forwarding": "Forwarding: {}",
        "InReceives": "{} total packets received",
        "ForwDatagrams": "{} forwarded",
        "InDiscards": "{} incoming packets discarded",
        "InDelivers": "{} incoming packets delivered",
        "OutRequests": "{} requests sent out",
    },
    "Icmp": {
        "InMsgs": "{} ICMP messages received",
        "InErrors": "{} input ICMP message failed",
        "OutMsgs": "{} ICMP messages sent",
        "OutErrors": "{} ICMP messages failed",
    },
    "Tcp": {
        "ActiveOpens": "{} active connection openings",
        "PassiveOpens": "{} passive connection openings",
        "AttemptFails": "{} failed connection attempts",
        "EstabResets": "{} connection resets received",
        "CurrEstab": "{} connections established",
        "InSegs": "{} segments received",
        "OutSegs": "{} segments sent out",
        "RetransSegs": "{} segments retransmitted",
        "InErrs": "{} bad segments received",
        "OutRsts": "{} resets sent",
    },
    "Udp": {
        "InDatagrams": "{} packets received",
        "NoPorts": "{} packets to unknown port received",
        "InErrors": "{} packet receive errors",
        "OutDatagrams": "{} packets sent",
        "RcvbufErrors": "{} receive buffer errors",
        "SndbufErrors": "{} send buffer errors",
    },
    "TcpExt": {"TCPHPHits": "{} packet headers predicted"},
}
"""What is told even if it is 0."""

_SOMETIMES: dict[str, dict[str, str]] = {
    "Ip": {
        "InHdrErrors": "{} with invalid headers",
        "InAddrErrors": "{} with invalid addresses",
        "InUnknownProtos": "{} with unknown protocol",
        "OutDiscards": "{} outgoing packets dropped",
        "OutNoRoutes": "{} dropped because of missing route",
        "ReasmTimeout": "{} fragments dropped after timeout",
        "ReasmReqds": "{} reassemblies required",
        "ReasmOKs": "{} packets reassembled ok",
        "ReasmFails": "{} packet reassemblies failed",
        "FragOKs": "{} fragments received ok",
        "FragFails": "{} fragments failed",
        "FragCreates": "{} fragments created",
    },
    "TcpExt": {
        "SyncookiesSent": "{} SYN cookies sent",
        "SyncookiesRecv": "{} SYN cookies received",
        "SyncookiesFailed": "{} invalid SYN cookies received",
        "EmbryonicRsts": "{} resets received for embryonic SYN_RECV sockets",
        "TW": "{} TCP sockets finished time wait in fast timer",
        "DelayedACKs": "{} delayed acks sent",
        "DelayedACKLocked": "{} delayed acks further delayed because of locked socket",
        "ListenOverflows": "{} times the listen queue of a socket overflowed",
        "ListenDrops": "{} SYNs to LISTEN sockets dropped",
        "TCPPureAcks": "{} acknowledgments not containing data payload received",
        "TCPHPAcks": "{} predicted acknowledgments",
        "TCPRenoRecovery": "{} times recovered from packet loss due to fast retransmit",
        "TCPSackRecovery": "{} times recovered from packet loss by selective acknowledgements",
        "TCPFastRetrans": "{} fast retransmits",
        "TCPSlowStartRetrans": "{} retransmits in slow start",
        "TCPTimeouts": "{} other TCP timeouts",
        "TCPAbortOnData": "{} connections reset due to unexpected data",
        "TCPAbortOnClose": "{} connections reset due to early user close",
        "TCPAbortOnTimeout": "{} connections aborted due to timeout",
    },
}

_ICMP = {
    "DestUnreachs": "destination unreachable", "TimeExcds": "timeout in transit",
    "ParmProbs": "wrong parameters", "SrcQuenchs": "source quenches", "Redirects": "redirects",
    "Echos": "echo requests", "EchoReps": "echo replies", "Timestamps": "timestamp request",
    "TimestampReps": "timestamp replies", "AddrMasks": "address mask request",
    "AddrMaskReps": "address mask replies",
}  # fmt: skip

_HIDDEN = {
    "Ip": {"DefaultTTL"},
    "Tcp": {"RtoAlgorithm", "RtoMin", "RtoMax", "MaxConn"},
}


async def show(tool: Tool, options: Parsed) -> None:
    """All of it, or that of the protocols asked for."""
    wanted = {
        title
        for flag, titles in (
            ("t", ("Tcp", "TcpExt")), ("u", ("Udp", "UdpLite")), ("w", ("Ip", "Icmp", "IcmpMsg"))
        )
        if flag in options
        for title in titles
    }  # fmt: skip
    for name in (b"/proc/net/snmp", b"/proc/net/netstat"):
        lines = (await read_file(tool.sys, name)).decode("latin-1").splitlines()
        for head, values in zip(lines[::2], lines[1::2], strict=False):
            title, _, keys = head.partition(": ")
            figures = [int(word) for word in values.partition(": ")[2].split()]
            if wanted and title not in wanted:
                continue
            await tool.line(f"{title}:".encode())
            for key, value in zip(keys.split(), figures, strict=False):
                await _one(tool, title, key, value)


async def _one(tool: Tool, title: str, key: str, value: int) -> None:
    if key in _HIDDEN.get(title, ()) or title == "UdpLite":
        return
    always = _ALWAYS.get(title, {}).get(key)
    if always is not None:
        await tool.line(f"    {always.format(value)}".encode())
        if title == "Icmp" and key in ("InErrors", "OutErrors"):
            which = "input" if key[0] == "I" else "output"
            await tool.line(f"    ICMP {which} histogram:".encode())
        return
    if not value:
        return
    if title == "Icmp" and (word := _ICMP.get(key.removeprefix("In").removeprefix("Out"))):
        await tool.line(f"        {word}: {value}".encode())
    elif title == "IcmpMsg":
        await tool.line(f"        {key}: {value}".encode())
    else:
        text = _SOMETIMES.get(title, {}).get(key, key + ": {}")
        await tool.line(f"    {text.format(value)}".encode())
