"""How messages of netlink look in a trace: headers, and attributes by name (netlink(7))."""

from __future__ import annotations

from minios.abi import netlink as nl
from minios.abi.inet import ip_text, mac_text
from minios.userland.lib.strace.text import Style, names, quoted

Bits = tuple[tuple[int, str], ...]

_FLAGS: Bits = (
    (0x1, "NLM_F_REQUEST"),
    (0x2, "NLM_F_MULTI"),
    (0x4, "NLM_F_ACK"),
    (0x8, "NLM_F_ECHO"),
)
_GET = ((0x300, "NLM_F_DUMP"),)
_NEW = ((0x100, "NLM_F_REPLACE"), (0x200, "NLM_F_EXCL"), (0x400, "NLM_F_CREATE"),
        (0x800, "NLM_F_APPEND"))  # fmt: skip
_ERROR = ((0x100, "NLM_F_CAPPED"), (0x200, "NLM_F_ACK_TLVS"))

_FAMILIES = {0: "AF_UNSPEC", 2: "AF_INET", 7: "AF_BRIDGE", 10: "AF_INET6", 17: "AF_PACKET"}
_TABLES = {0: "RT_TABLE_UNSPEC", 253: "RT_TABLE_DEFAULT", 254: "RT_TABLE_MAIN",
           255: "RT_TABLE_LOCAL"}  # fmt: skip
_SCOPES = {0: "RT_SCOPE_UNIVERSE", 253: "RT_SCOPE_LINK", 254: "RT_SCOPE_HOST",
           255: "RT_SCOPE_NOWHERE"}  # fmt: skip
_PROTOCOLS = {0: "RTPROT_UNSPEC", 1: "RTPROT_REDIRECT", 2: "RTPROT_KERNEL", 3: "RTPROT_BOOT",
              4: "RTPROT_STATIC", 16: "RTPROT_DHCP", 189: "RTPROT_RIP"}  # fmt: skip
_TYPES = ("RTN_UNSPEC", "RTN_UNICAST", "RTN_LOCAL", "RTN_BROADCAST", "RTN_ANYCAST",
          "RTN_MULTICAST", "RTN_BLACKHOLE", "RTN_UNREACHABLE", "RTN_PROHIBIT", "RTN_THROW",
          "RTN_NAT")  # fmt: skip
_STATES = ((1, "NUD_INCOMPLETE"), (2, "NUD_REACHABLE"), (4, "NUD_STALE"), (8, "NUD_DELAY"),
           (16, "NUD_PROBE"), (32, "NUD_FAILED"), (64, "NUD_NOARP"),
           (128, "NUD_PERMANENT"))  # fmt: skip
_IFF = ((0x1, "IFF_UP"), (0x2, "IFF_BROADCAST"), (0x8, "IFF_LOOPBACK"), (0x10, "IFF_POINTOPOINT"),
        (0x40, "IFF_RUNNING"), (0x80, "IFF_NOARP"), (0x100, "IFF_PROMISC"),
        (0x1000, "IFF_MULTICAST"), (0x10000, "IFF_LOWER_UP"))  # fmt: skip

_PREFIXES = ("IFLA_", "IFA_", "RTA_", "NDA_", "FRA_")
"""What the attributes of each subject are called, from RTM_NEWLINK on."""
_NOT_ATTRIBUTES = ("IFLA_INFO", "IFLA_VLAN", "IFLA_BR_", "IFLA_BRPORT", "IFLA_BRIDGE", "IFA_F_")
_NUMBERS = {
    subject: {
        value: name
        for name, value in vars(nl).items()
        if name.startswith(prefix) and not name.startswith(_NOT_ATTRIBUTES)
    }
    for subject, prefix in enumerate(_PREFIXES)
}


def text(data: bytes, style: Style) -> str:
    """The messages of a datagram; its bytes, if they are none."""
    found = list(nl.messages(data))
    if not found:
        return quoted(data, style, style.limit)
    shown = [_message(message, style) for message in found]
    return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"


def _message(message: nl.Nlmsg, style: Style) -> str:
    kind = nl.RTM_NAMES.get(message.type, f"{message.type:#x} /* NLMSG_??? */")
    flags: Bits = _FLAGS
    if message.type == nl.NLMSG_ERROR:
        flags += _ERROR
    elif message.type >= 16:
        flags += _GET if message.type & 3 == 2 else _NEW
    head = (
        f"{{nlmsg_len={16 + len(message.body)}, nlmsg_type={kind}, "
        f"nlmsg_flags={names(message.flags, flags, '0')}, nlmsg_seq={message.seq}, "
        f"nlmsg_pid={message.pid}}}"
    )
    if message.type == nl.NLMSG_DONE:
        return f"[{head}, 0]"
    if message.type == nl.NLMSG_ERROR:
        return f"[{head}, {_error(message)}]"
    subject = (message.type - 16) >> 2
    if not 0 <= subject < len(_PREFIXES):
        return f"[{head}, {quoted(message.body, style, style.limit)}]"
    fixed, size = _HEADS[subject](message.body)
    attributes = nl.attribute_list(message.body[size:])
    if not attributes:
        return f"[{head}, {fixed}]"
    inner = [_attribute(subject, number, value, style) for number, value in attributes]
    return f"[{head}, {fixed}, [{', '.join(inner)}]]"


def _error(message: nl.Nlmsg) -> str:
    from minios.abi.errno import Errno

    number, words = nl.parse_error(message)
    known = {error.value: error.name for error in Errno}
    name = f"-{known[number]}" if number in known else str(-number)
    told = f', [{{nla_len={5 + len(words)}, nla_type=NLMSGERR_ATTR_MSG}}, "{words}"]'
    told = told if words else ""
    return f"{{error={name if number else 0}, msg={{...}}{told}}}"


def _link(body: bytes) -> tuple[str, int]:
    head = nl.IfInfo.parse(body)
    kind = {1: "ARPHRD_ETHER", 772: "ARPHRD_LOOPBACK"}.get(head.type, "ARPHRD_NETROM")
    return (
        f"{{ifi_family={_FAMILIES.get(head.family, head.family)}, ifi_type={kind}, "
        f"ifi_index={head.ifindex}, ifi_flags={names(head.flags, _IFF, '0')}, "
        f"ifi_change={head.change:#x}}}"
    ), 16


def _address(body: bytes) -> tuple[str, int]:
    head = nl.IfAddr.parse(body)
    return (
        f"{{ifa_family={_FAMILIES.get(head.family, head.family)}, "
        f"ifa_prefixlen={head.prefixlen}, ifa_flags={head.flags:#x}, "
        f"ifa_scope={_SCOPES.get(head.scope, head.scope)}, ifa_index={head.ifindex}}}"
    ), 8


def _route(body: bytes) -> tuple[str, int]:
    head = nl.RtMsg.parse(body)
    kind = _TYPES[head.type] if head.type < len(_TYPES) else str(head.type)
    return (
        f"{{rtm_family={_FAMILIES.get(head.family, head.family)}, rtm_dst_len={head.dst_len}, "
        f"rtm_src_len={head.src_len}, rtm_tos={head.tos:#x}, "
        f"rtm_table={_TABLES.get(head.table, head.table)}, "
        f"rtm_protocol={_PROTOCOLS.get(head.protocol, head.protocol)}, "
        f"rtm_scope={_SCOPES.get(head.scope, head.scope)}, rtm_type={kind}, "
        f"rtm_flags={head.flags:#x}}}"
    ), 12


def _neighbour(body: bytes) -> tuple[str, int]:
    head = nl.NdMsg.parse(body)
    return (
        f"{{ndm_family={_FAMILIES.get(head.family, head.family)}, ndm_ifindex={head.ifindex}, "
        f"ndm_state={names(head.state, _STATES, '0')}, ndm_flags={head.flags:#x}, ndm_type=0}}"
    ), 12


_HEADS = (_link, _address, _route, _neighbour, _route)

_IPS = {"IFA_ADDRESS", "IFA_LOCAL", "IFA_BROADCAST", "RTA_DST", "RTA_SRC", "RTA_GATEWAY",
        "RTA_PREFSRC", "NDA_DST", "FRA_DST", "FRA_SRC"}  # fmt: skip
_MACS = {"IFLA_ADDRESS", "IFLA_BROADCAST", "IFLA_PERM_ADDRESS", "NDA_LLADDR"}
_TEXTS = {"IFLA_IFNAME", "IFLA_QDISC", "IFLA_IFALIAS", "IFA_LABEL", "FRA_IIFNAME", "FRA_OIFNAME"}


def _attribute(subject: int, number: int, value: bytes, style: Style) -> str:
    name = _NUMBERS[subject].get(number, f"{number:#x}")
    head = f"{{nla_len={4 + len(value)}, nla_type={name}}}"
    if name in _IPS and len(value) == 4:
        shown = f'inet_addr("{ip_text(nl.address(value))}")'
    elif name in _MACS and len(value) == 6:
        shown = mac_text(nl.address(value))
    elif name in _TEXTS:
        shown = quoted(value.partition(b"\0")[0], style, None)
    elif len(value) in (1, 2, 4):
        shown = str(nl.number(value))
    else:
        shown = quoted(value, style, style.limit)
    return f"[{head}, {shown}]"
