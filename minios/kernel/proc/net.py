"""What /proc/net says of devices, neighbours, routes and counters (proc(5)).

The counters are the stack's own, by nstat's names; a file is a list of names of a MIB and a line of
what was counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel
    from minios.net.host.fib import Route
    from minios.net.host.netdev import NetDevice


def _names(text: str) -> list[str]:
    return text.split()


IP = _names(
    "Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos "
    "InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs "
    "ReasmFails FragOKs FragFails FragCreates OutTransmits"
)
ICMP = _names(
    "InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects "
    "InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors "
    "OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs "
    "OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks "
    "OutAddrMaskReps"
)
TCP = _names(
    "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
    "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors"
)
UDP = _names(
    "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
    "IgnoredMulti MemErrors"
)
IP_EXT = _names(
    "InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts InOctets "
    "OutOctets InMcastOctets OutMcastOctets InBcastOctets OutBcastOctets InCsumErrors InNoECTPkts "
    "InECT1Pkts InECT0Pkts InCEPkts ReasmOverlaps"
)
TCP_EXT = _names(
    "SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled RcvPruned OfoPruned "
    "OutOfWindowIcmps LockDroppedIcmps ArpFilter TW TWRecycled TWKilled PAWSActive PAWSEstab "
    "BeyondWindow TSEcrRejected PAWSOldAck PAWSTimewait DelayedACKs DelayedACKLocked "
    "DelayedACKLost ListenOverflows ListenDrops TCPHPHits TCPPureAcks TCPHPAcks TCPRenoRecovery "
    "TCPSackRecovery TCPSACKReneging TCPSACKReorder TCPRenoReorder TCPTSReorder TCPFullUndo "
    "TCPPartialUndo TCPDSACKUndo TCPLossUndo TCPLostRetransmit TCPRenoFailures TCPSackFailures "
    "TCPLossFailures TCPFastRetrans TCPSlowStartRetrans TCPTimeouts TCPLossProbes "
    "TCPLossProbeRecovery TCPRenoRecoveryFail TCPSackRecoveryFail TCPRcvCollapsed "
    "TCPBacklogCoalesce TCPDSACKOldSent TCPDSACKOfoSent TCPDSACKRecv TCPDSACKOfoRecv "
    "TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger "
    "TCPAbortFailed TCPMemoryPressures TCPSACKDiscard TCPSpuriousRTOs TCPTimeWaitOverflow "
    "TCPReqQFullDoCookies TCPReqQFullDrop TCPRetransFail TCPRcvCoalesce TCPOFOQueue TCPOFODrop "
    "TCPOFOMerge TCPChallengeACK TCPSYNChallenge TCPFromZeroWindowAdv TCPToZeroWindowAdv "
    "TCPWantZeroWindowAdv TCPSynRetrans TCPOrigDataSent TCPACKSkippedSynRecv TCPACKSkippedPAWS "
    "TCPACKSkippedSeq TCPACKSkippedFinWait2 TCPACKSkippedTimeWait TCPACKSkippedChallenge "
    "TCPWinProbe TCPKeepAlive TCPDelivered TCPZeroWindowDrop TCPRcvQDrop IPReversePathFilter"
)

_RTF = {"up": 0x0001, "gateway": 0x0002, "host": 0x0004, "reject": 0x0200}


def _devices(kernel: Kernel) -> list[NetDevice]:
    return sorted(kernel.net.devices.values(), key=lambda device: device.ifindex)


def dev(kernel: Kernel) -> bytes:
    """/proc/net/dev."""
    lines = [
        "Inter-|   Receive                                                |  Transmit",
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
        "drop fifo colls carrier compressed",
    ]
    for d in _devices(kernel):
        lines.append(
            f"{d.name:>6}: {d.rx_bytes:7d} {d.rx_packets:7d} {d.rx_errors + d.crc_errors:4d} "
            f"{d.rx_dropped:4d} {0:4d} {d.crc_errors:5d} {0:10d} {d.rx_multicast:9d} "
            f"{d.tx_bytes:8d} {d.tx_packets:7d} {d.tx_errors:4d} {d.tx_dropped:4d} "
            f"{0:4d} {0:5d} {0:7d} {0:10d}"
        )
    return _text(lines)


def arp(kernel: Kernel) -> bytes:
    """/proc/net/arp. Flags are 2 for complete, 4 for permanent, 8 for published (arp(7))."""
    from minios.abi.inet import ip_text, mac_text  # not before somebody looks

    lines = ["IP address       HW type     Flags       HW address            Mask     Device"]
    for entry in kernel.net.neigh.all():
        state = entry.nud()
        if state & 0x40:
            continue
        flags = (2 if state & 0xDE else 0) | (4 if state & 0x80 else 0)
        mac = mac_text(entry.mac if flags else 0)
        lines.append(
            f"{ip_text(entry.ip):<16} 0x{1:<10x}0x{flags:<10x}{mac:<17}     *        "
            f"{entry.dev.name}"
        )
    for name, ip in kernel.net.neigh.proxies:
        lines.append(
            f"{ip_text(ip):<16} 0x{1:<10x}0x{0xC:<10x}{'00:00:00:00:00:00':<17}     *        {name}"
        )
    return _text(lines)


def _swapped(ip: int) -> str:
    """An address as a little endian machine prints the word."""
    return f"{int.from_bytes(ip.to_bytes(4, 'big'), 'little'):08X}"


def route(kernel: Kernel) -> bytes:
    """/proc/net/route: the main table, but for broadcasts and the like."""
    heading = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
    lines = [f"{heading:<127}"]
    table = kernel.net.routes.tables.get(254)
    for each in table or ():
        if each.type not in (1, 6, 7, 8):
            continue
        mask = 0xFFFF_FFFF << 32 - each.plen & 0xFFFF_FFFF
        mtu = each.metrics.get(2, 0)
        advmss = each.metrics.get(8, 0)
        name = each.dev.name if each.dev is not None else "*"
        mtu = advmss + 40 if advmss else 0
        line = (
            f"{name}\t{_swapped(each.dst)}\t{_swapped(each.gateway)}\t{flags(each):04X}\t0\t0\t"
            f"{each.priority}\t{_swapped(mask)}\t{mtu}\t{each.metrics.get(3, 0)}\t0"
        )
        lines.append(f"{line:<127}")
    return _text(lines)


def flags(route: Route) -> int:
    """RTF_* of a route (fib_flag_trans)."""
    told = _RTF["up"]
    if route.type in (6, 7, 8):
        told |= _RTF["reject"]
    if route.gateway:
        told |= _RTF["gateway"]
    if route.plen == 32:
        told |= _RTF["host"]
    return told


def _mib(name: str, keys: list[str], values: dict[str, int]) -> list[str]:
    return [
        f"{name}: {' '.join(keys)}",
        f"{name}: {' '.join(str(values.get(key, 0)) for key in keys)}",
    ]


def _counted(kernel: Kernel, prefix: str, keys: list[str]) -> dict[str, int]:
    counters = kernel.net.counters
    return {key: counters[prefix + key] for key in keys}


def snmp(kernel: Kernel) -> bytes:
    """/proc/net/snmp (RFC 1213, RFC 2011)."""
    stack = kernel.net
    ip = _counted(kernel, "Ip", IP)
    ip["Forwarding"] = 1 if stack.sysctl["ip_forward"] else 2
    ip["DefaultTTL"] = stack.sysctl["ip_default_ttl"]
    ip["OutTransmits"] = ip["OutRequests"] + ip["ForwDatagrams"]
    lines = _mib("Ip", IP, ip) + _mib("Icmp", ICMP, _counted(kernel, "Icmp", ICMP))
    types = sorted(
        (name.removeprefix("IcmpMsg") for name in stack.counters if name.startswith("IcmpMsg")),
        key=lambda name: (name[0] != "I", int(name.partition("Type")[2])),
    )
    if types:
        lines += _mib("IcmpMsg", types, _counted(kernel, "IcmpMsg", types))
    tcp = _counted(kernel, "Tcp", TCP)
    tcp.update(RtoAlgorithm=1, RtoMin=200, RtoMax=120_000, MaxConn=-1)
    lines += _mib("Tcp", TCP, tcp) + _mib("Udp", UDP, _counted(kernel, "Udp", UDP))
    lines += _mib("UdpLite", UDP, {})
    return _text(lines)


def netstat(kernel: Kernel) -> bytes:
    """/proc/net/netstat."""
    tcp = _counted(kernel, "TcpExt", TCP_EXT)
    ip = _counted(kernel, "IpExt", IP_EXT)
    return _text(_mib("TcpExt", TCP_EXT, tcp) + _mib("IpExt", IP_EXT, ip))


def sockstat(kernel: Kernel) -> bytes:
    """/proc/net/sockstat: how many sockets of each kind there are."""
    stack = kernel.net
    figures = {"tcp": (0, 0, 0, 0), "udp": 0, "raw": 0}
    for kind in figures:
        part = getattr(stack, kind)
        count = getattr(part, "figures", None)
        if count is not None:
            figures[kind] = count()
        elif kind == "raw" and part is not None:
            figures[kind] = len(part.endpoints)
        elif kind == "udp" and part is not None:
            figures[kind] = len(part.endpoints())
    tcp = figures["tcp"]
    inuse, orphan, waiting, allocated = tcp if isinstance(tcp, tuple) else (tcp, 0, 0, tcp)
    used = sum(1 for pcb in kernel.processes.values() for _ in _sockets(pcb))
    fragments = stack.reassembly
    return _text([
        f"sockets: used {used}",
        f"TCP: inuse {inuse} orphan {orphan} tw {waiting} alloc {allocated} mem 0",
        f"UDP: inuse {figures['udp']} mem 0",
        "UDPLITE: inuse 0",
        f"RAW: inuse {figures['raw']}",
        f"FRAG: inuse {len(fragments.partials)} memory {fragments.size}",
    ])  # fmt: skip


def _sockets(pcb: object) -> list[object]:
    from minios.kernel.socket.sock import SocketFile

    fds = getattr(pcb, "fds", None)
    if fds is None:
        return []
    return [file for _, file in fds.items() if isinstance(file, SocketFile)]


def dev_mcast(kernel: Kernel) -> bytes:
    """/proc/net/dev_mcast: the groups whose frames a device takes."""
    lines: list[str] = []
    for device in _devices(kernel):
        groups = {} if device.loopback else device.groups()
        for group in sorted(groups, key=lambda group: group & 255 != 106):
            mac = 0x0100_5E00_0000 | group & 0x7F_FFFF
            users = groups[group]
            lines.append(f"{device.ifindex:<4} {device.name:<15} {users:<5} {0:<5} {mac:012x}")
    return _text(lines)


def igmp(kernel: Kernel) -> bytes:
    """/proc/net/igmp: the groups that were joined."""
    lines = ["Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter"]
    for device in _devices(kernel):
        groups = device.groups()
        lines.append(f"{device.ifindex}\t{device.name:<10}: {len(groups):5d}      V3")
        lines += [
            f"\t\t\t\t{_swapped(group)} {users:5d} 0:00000000\t\t0"
            for group, users in groups.items()
        ]
    return _text(lines)


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("latin-1")
