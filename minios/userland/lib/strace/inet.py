"""How addresses and options of the Internet, packet and netlink families look in a trace."""

from typing import Any

from minios.abi import inet, sockets
from minios.abi.netlink import NetlinkAddress
from minios.userland.lib.strace.text import Style, quoted

_PROTOCOLS = {
    0: "IPPROTO_IP", 1: "IPPROTO_ICMP", 2: "IPPROTO_IGMP", 6: "IPPROTO_TCP", 17: "IPPROTO_UDP",
    47: "IPPROTO_GRE", 50: "IPPROTO_ESP", 51: "IPPROTO_AH", 132: "IPPROTO_SCTP",
    255: "IPPROTO_RAW",
}  # fmt: skip
_ETHERTYPES = {0x0003: "ETH_P_ALL", 0x0800: "ETH_P_IP", 0x0806: "ETH_P_ARP", 0x8100: "ETH_P_8021Q"}
_NETLINK = {0: "NETLINK_ROUTE", 4: "NETLINK_SOCK_DIAG", 12: "NETLINK_NETFILTER"}
_PACKETS = ("PACKET_HOST", "PACKET_BROADCAST", "PACKET_MULTICAST", "PACKET_OTHERHOST",
            "PACKET_OUTGOING")  # fmt: skip
_HARDWARE = {1: "ARPHRD_ETHER", 772: "ARPHRD_LOOPBACK"}
_LEVELS = {
    0: "SOL_IP", 1: "SOL_SOCKET", 6: "SOL_TCP", 17: "SOL_UDP", 255: "SOL_RAW", 263: "SOL_PACKET",
    270: "SOL_NETLINK",
}  # fmt: skip


def _named(module: object, prefix: str, leave: tuple[str, ...] = ()) -> dict[int, str]:
    return {
        value: name
        for name, value in vars(module).items()
        if name.startswith(prefix) and not name.startswith(leave or ("\0",))
    }


_OPTIONS = {
    0: _named(inet, "IP_", ("IP_PMTUDISC",)),
    6: _named(inet, "TCP_"),
    17: {inet.UDP_CORK: "UDP_CORK"},
    255: {inet.ICMP_FILTER: "ICMP_FILTER"},
    263: {1: "PACKET_ADD_MEMBERSHIP", 2: "PACKET_DROP_MEMBERSHIP", 6: "PACKET_STATISTICS"},
    270: {
        1: "NETLINK_ADD_MEMBERSHIP",
        2: "NETLINK_DROP_MEMBERSHIP",
        11: "NETLINK_EXT_ACK",
        12: "NETLINK_GET_STRICT_CHK",
    },
}
_DISCOVER = {0: "IP_PMTUDISC_DONT", 1: "IP_PMTUDISC_WANT", 2: "IP_PMTUDISC_DO",
             3: "IP_PMTUDISC_PROBE"}  # fmt: skip


def level(value: int) -> str:
    """The name of a level of options."""
    return _LEVELS.get(value, str(value))


def option(at: int, value: int) -> str:
    """The name of an option of a level other than SOL_SOCKET."""
    return _OPTIONS.get(at, {}).get(value, f"{value:#x}")


def protocol(family: Any, value: Any) -> str:
    """The third argument of socket(2)."""
    if not isinstance(value, int):
        return "NULL"
    if family == sockets.AF_INET:
        return _PROTOCOLS.get(value, f"{value:#x} /* IPPROTO_??? */")
    if family == sockets.AF_PACKET:
        return _ethertype(value)
    if family == sockets.AF_NETLINK:
        return _NETLINK.get(value, str(value))
    return str(value)


def _ethertype(value: int) -> str:
    name = _ETHERTYPES.get(value)
    return f"htons({name})" if name else f"htons({value:#x} /* ETH_P_??? */)"


def length(value: Any) -> int | None:
    """sizeof an address of these families; None for another one."""
    if not isinstance(value, tuple):
        return None
    if isinstance(value, NetlinkAddress):
        return 12
    if isinstance(value, sockets.PacketAddress) or len(value) > 2:
        return 20
    return 16


def address(value: tuple[Any, ...], style: Style) -> str:
    """struct sockaddr_in, sockaddr_ll, sockaddr_nl."""
    if not value:
        return "{sa_family=AF_UNSPEC}"
    if not all(isinstance(part, int) for part in value):
        return "NULL"
    if isinstance(value, NetlinkAddress):
        return f"{{sa_family=AF_NETLINK, nl_pid={value.pid}, nl_groups={value.groups:08x}}}"
    if isinstance(value, sockets.PacketAddress) or len(value) != 2:
        return _packet(value)
    ip, port = value
    host = inet.ip_text(ip & 0xFFFFFFFF)
    return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{host}")}}'


def _packet(value: tuple[Any, ...]) -> str:
    index, kind, way, hardware, mac = (*value, 0, 0, 0, 0)[:5]
    text = (
        f"{{sa_family=AF_PACKET, sll_protocol={_ethertype(kind)}, sll_ifindex={index},"
        f" sll_hatype={_HARDWARE.get(hardware, hardware)},"
        f" sll_pkttype={_PACKETS[way] if 0 <= way < len(_PACKETS) else way}"
    )
    if not mac:
        return text + ", sll_halen=0}"
    octets = ", ".join(f"{part:#04x}" for part in mac.to_bytes(6, "big"))
    return text + f", sll_halen=6, sll_addr=[{octets}]}}"


def value_of(value: Any, style: Style, stored: bool) -> str | None:
    """An option's value that is no plain number; None if it is one."""
    if isinstance(value, bytes):
        size = f"[{len(value)}]" if stored else str(len(value))
        return f"{quoted(value, style, style.limit)}, {size}"
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, int) for v in value):
        return f"{{l_onoff={value[0]}, l_linger={value[1]}}}, {'[8]' if stored else '8'}"
    return None


def control(messages: Any, style: Style) -> tuple[str, int] | None:
    """Ancillary messages and the bytes that they take; None if there are none."""
    if not messages:
        return None
    parts: list[str] = []
    total = 0
    for at, kind, value in messages:
        body, size = _ancillary(at, kind, value, style)
        name = _OPTIONS.get(at, {}).get(kind) or _stamp(kind)
        parts.append(
            f"{{cmsg_len={size}, cmsg_level={level(at)}, cmsg_type={name}, cmsg_data={body}}}"
        )
        total += -(-size // 4) * 4
    return f"msg_control=[{', '.join(parts)}], msg_controllen={total}", total


def _stamp(kind: int) -> str:
    return {29: "SO_TIMESTAMP_OLD", 35: "SO_TIMESTAMPNS_OLD"}.get(kind, f"{kind:#x}")


def _ancillary(at: int, kind: int, value: Any, style: Style) -> tuple[str, int]:
    if isinstance(value, sockets.ExtendedError):
        offender = address((value.offender, 0), style)
        return (
            f"{{ee_errno={value.errno}, ee_origin={value.origin}, ee_type={value.type},"
            f" ee_code={value.code}, ee_info={value.info}, ee_data=0, offender={offender}}}",
            44,
        )
    if isinstance(value, sockets.PacketInfo):
        return (
            f'{{ipi_ifindex={value.ifindex}, ipi_spec_dst=inet_addr("'
            f'{inet.ip_text(value.spec_dst)}"), ipi_addr=inet_addr("{inet.ip_text(value.addr)}")}}',
            24,
        )
    if at == sockets.SOL_SOCKET and isinstance(value, int):
        unit = "tv_usec" if kind == sockets.SO_TIMESTAMP else "tv_nsec"
        seconds, rest = divmod(value, 1_000_000_000)
        part = rest // 1000 if unit == "tv_usec" else rest
        return f"{{tv_sec={seconds}, {unit}={part}}}", 28
    if isinstance(value, tuple) and len(value) == 2:
        return address(value, style), 28
    return f"[{value}]", 16
