"""The Internet family: addresses as numbers and as text, protocols, ports, socket options.

An IPv4 address is an int of 32 bits and a hardware address one of 48, most significant byte first,
as they stand on the wire. A ``sockaddr_in`` is the plain tuple ``(address, port)`` (ip(7)).
"""

from __future__ import annotations

# ip(7), RFC 791, IANA "Protocol Numbers"
IPPROTO_IP = 0
IPPROTO_ICMP = 1
IPPROTO_IGMP = 2
IPPROTO_IPIP = 4
IPPROTO_TCP = 6
IPPROTO_EGP = 8
IPPROTO_UDP = 17
IPPROTO_GRE = 47
IPPROTO_ESP = 50
IPPROTO_AH = 51
IPPROTO_ICMPV6 = 58
IPPROTO_OSPF = 89
IPPROTO_SCTP = 132
IPPROTO_UDPLITE = 136
IPPROTO_RAW = 255

PROTOCOLS: dict[int, str] = {
    0: "ip", 1: "icmp", 2: "igmp", 3: "ggp", 4: "ipencap", 6: "tcp", 8: "egp", 9: "igp", 12: "pup",
    17: "udp", 27: "rdp", 33: "dccp", 41: "ipv6", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah",
    58: "ipv6-icmp", 88: "eigrp", 89: "ospf", 103: "pim", 108: "ipcomp", 112: "vrrp", 132: "sctp",
    136: "udplite",
}  # fmt: skip
"""Names of protocols, as in /etc/protocols."""

INADDR_ANY = 0
INADDR_LOOPBACK = 0x7F00_0001
INADDR_BROADCAST = 0xFFFF_FFFF
MAC_BROADCAST = 0xFFFF_FFFF_FFFF

# Levels of options are the protocols' numbers (ip(7), tcp(7), udp(7)).
SOL_IP = 0
SOL_TCP = 6
SOL_UDP = 17
SOL_RAW = 255

IP_TOS = 1
IP_TTL = 2
IP_HDRINCL = 3
IP_OPTIONS = 4
IP_RECVOPTS = 6
IP_PKTINFO = 8
IP_MTU_DISCOVER = 10
IP_RECVERR = 11
IP_RECVTTL = 12
IP_RECVTOS = 13
IP_MTU = 14
IP_FREEBIND = 15
IP_TRANSPARENT = 19
IP_RECVORIGDSTADDR = 20
IP_MINTTL = 21
IP_NODEFRAG = 22
IP_BIND_ADDRESS_NO_PORT = 24
IP_MULTICAST_IF = 32
IP_MULTICAST_TTL = 33
IP_MULTICAST_LOOP = 34
IP_ADD_MEMBERSHIP = 35
IP_DROP_MEMBERSHIP = 36

IP_PMTUDISC_DONT = 0
IP_PMTUDISC_WANT = 1
IP_PMTUDISC_DO = 2
IP_PMTUDISC_PROBE = 3

TCP_NODELAY = 1
TCP_MAXSEG = 2
TCP_CORK = 3
TCP_KEEPIDLE = 4
TCP_KEEPINTVL = 5
TCP_KEEPCNT = 6
TCP_SYNCNT = 7
TCP_LINGER2 = 8
TCP_DEFER_ACCEPT = 9
TCP_WINDOW_CLAMP = 10
TCP_INFO = 11
TCP_QUICKACK = 12
TCP_CONGESTION = 13
TCP_USER_TIMEOUT = 18
TCP_FASTOPEN = 23
TCP_TIMESTAMP = 24

UDP_CORK = 1

ICMP_FILTER = 1

PORT_MAX = 65535
PORT_PRIVILEGED = 1024
"""Binding to a port below it takes CAP_NET_BIND_SERVICE (ip(7))."""
PORT_EPHEMERAL = (32768, 60999)
"""The default net.ipv4.ip_local_port_range, both included."""

SERVICES: dict[tuple[int, int], str] = {
    (1, 6): "tcpmux", (7, 6): "echo", (7, 17): "echo", (9, 6): "discard", (9, 17): "discard",
    (11, 6): "systat", (13, 6): "daytime", (13, 17): "daytime", (15, 6): "netstat", (17, 6): "qotd",
    (19, 6): "chargen", (19, 17): "chargen", (20, 6): "ftp-data", (21, 6): "ftp", (22, 6): "ssh",
    (23, 6): "telnet", (25, 6): "smtp", (37, 6): "time", (37, 17): "time", (43, 6): "whois",
    (49, 6): "tacacs", (49, 17): "tacacs", (53, 6): "domain", (53, 17): "domain",
    (67, 17): "bootps", (68, 17): "bootpc", (69, 17): "tftp", (70, 6): "gopher", (79, 6): "finger",
    (80, 6): "http", (88, 6): "kerberos", (88, 17): "kerberos", (110, 6): "pop3",
    (111, 6): "sunrpc", (111, 17): "sunrpc", (113, 6): "auth", (119, 6): "nntp", (123, 17): "ntp",
    (137, 17): "netbios-ns", (138, 17): "netbios-dgm", (139, 6): "netbios-ssn", (143, 6): "imap2",
    (161, 6): "snmp", (161, 17): "snmp", (162, 6): "snmp-trap", (162, 17): "snmp-trap",
    (179, 6): "bgp", (194, 6): "irc", (194, 17): "irc", (319, 17): "ptp-event",
    (320, 17): "ptp-general", (389, 6): "ldap", (389, 17): "ldap", (443, 6): "https",
    (443, 17): "https", (445, 6): "microsoft-ds", (445, 17): "microsoft-ds",
    (464, 6): "kpasswd", (464, 17): "kpasswd", (465, 6): "submissions", (500, 17): "isakmp",
    (512, 6): "exec", (512, 17): "biff", (513, 6): "login", (513, 17): "who", (514, 6): "shell",
    (514, 17): "syslog", (515, 6): "printer", (517, 17): "talk", (518, 17): "ntalk",
    (520, 17): "route", (540, 6): "uucp", (543, 6): "klogin", (544, 6): "kshell",
    (546, 17): "dhcpv6-client", (547, 17): "dhcpv6-server", (548, 6): "afpovertcp",
    (554, 6): "rtsp", (554, 17): "rtsp", (563, 6): "nntps", (587, 6): "submission",
    (623, 17): "asf-rmcp", (631, 6): "ipp", (636, 6): "ldaps", (646, 6): "ldp", (646, 17): "ldp",
    (749, 6): "kerberos-adm", (853, 6): "domain-s", (853, 17): "domain-s", (873, 6): "rsync",
    (989, 6): "ftps-data", (990, 6): "ftps", (992, 6): "telnets", (993, 6): "imaps",
    (995, 6): "pop3s", (1080, 6): "socks", (1194, 6): "openvpn", (1194, 17): "openvpn",
    (1433, 6): "ms-sql-s", (1434, 17): "ms-sql-m", (1701, 17): "l2f", (1812, 17): "radius",
    (1813, 17): "radius-acct", (2049, 6): "nfs", (2049, 17): "nfs", (3128, 6): "squid",
    (3306, 6): "mysql", (3389, 6): "ms-wbt-server", (3478, 6): "stun", (3478, 17): "stun",
    (3690, 6): "svn", (4500, 17): "ipsec-nat-t", (5060, 6): "sip", (5060, 17): "sip",
    (5061, 6): "sip-tls", (5061, 17): "sip-tls", (5222, 6): "xmpp-client", (5353, 17): "mdns",
    (5432, 6): "postgresql", (5671, 6): "amqps", (5672, 6): "amqp", (6000, 6): "x11",
    (6667, 6): "ircd", (8080, 6): "http-alt", (9418, 6): "git", (11371, 6): "hkp",
}  # fmt: skip
"""Well-known ports: ``(port, protocol)`` and the service's name, as in /etc/services."""


def ip_text(ip: int) -> str:
    """The address in dotted decimal, as inet_ntoa(3) writes it."""
    return f"{ip >> 24}.{ip >> 16 & 255}.{ip >> 8 & 255}.{ip & 255}"


def parse_ip(text: str) -> int:
    """The address written as four decimal numbers, as inet_pton(3) reads it; ValueError if none."""
    parts = text.split(".")
    if len(parts) != 4:
        raise ValueError(f"not an IPv4 address: {text}")
    ip = 0
    for part in parts:
        if not (0 < len(part) <= 3 and part.isascii() and part.isdigit()) or int(part) > 255:
            raise ValueError(f"not an IPv4 address: {text}")
        ip = ip << 8 | int(part)
    return ip


def mac_text(mac: int) -> str:
    """The hardware address as six pairs of digits, ``02:00:00:00:00:01``."""
    digits = f"{mac:012x}"
    return ":".join([digits[i : i + 2] for i in range(0, 12, 2)])


def parse_mac(text: str) -> int:
    """The hardware address of six hexadecimal numbers between colons; ValueError if it is none."""
    parts = text.split(":")
    mac = 0
    for part in parts:
        if len(parts) != 6 or not 0 < len(part) <= 2 or part.strip("0123456789abcdefABCDEF"):
            raise ValueError(f"not a hardware address: {text}")
        mac = mac << 8 | int(part, 16)
    return mac


def mask(length: int) -> int:
    """The netmask of a prefix of ``length`` bits (0 to 32)."""
    return 0xFFFF_FFFF << 32 - length & 0xFFFF_FFFF


def prefix_length(netmask: int) -> int:
    """How long a netmask's prefix is; ValueError if its ones are not all in front."""
    host = ~netmask & 0xFFFF_FFFF
    if host & host + 1:
        raise ValueError(f"not a netmask: {ip_text(netmask)}")
    return 32 - host.bit_length()


def network(ip: int, length: int) -> int:
    """The address with its host part cleared."""
    return ip & mask(length)


def broadcast(ip: int, length: int) -> int:
    """The address with its host part all ones: the directed broadcast (RFC 919)."""
    return ip | ~mask(length) & 0xFFFF_FFFF


def parse_prefix(text: str) -> tuple[int, int]:
    """``10.0.0.2/24`` as (address, length); an address alone has all 32 bits; ValueError if bad."""
    address, slash, bits = text.partition("/")
    if not slash:
        return parse_ip(address), 32
    if bits.isascii() and bits.isdigit() and len(bits) <= 2 and int(bits) <= 32:
        return parse_ip(address), int(bits)
    return parse_ip(address), prefix_length(parse_ip(bits))


def prefix_text(ip: int, length: int) -> str:
    """``10.0.0.0/24``."""
    return f"{ip_text(ip)}/{length}"


def is_multicast(ip: int) -> bool:
    """Whether the address is of class D, 224.0.0.0/4 (RFC 1112)."""
    return ip >> 28 == 0xE


def is_loopback(ip: int) -> bool:
    """Whether the address is in 127.0.0.0/8 (RFC 1122 §3.2.1.3)."""
    return ip >> 24 == 127


def is_private(ip: int) -> bool:
    """Whether the address is for private internets: RFC 1918, or RFC 6598's 100.64.0.0/10."""
    return (
        ip >> 24 == 10 or ip >> 20 == 0xAC1 or ip >> 16 == 0xC0A8 or ip >> 22 == 0x6440_0000 >> 22
    )


def protocol_name(proto: int) -> str:
    """The name of a protocol, or its number as text."""
    return PROTOCOLS.get(proto) or str(proto)


def service_name(port: int, proto: int) -> str:
    """The name of a port's service, or the port as text."""
    return SERVICES.get((port, proto)) or str(port)


def service_port(name: str, proto: int) -> int | None:
    """The port of a service by its name or number, None if there is no such service."""
    if name.isascii() and name.isdigit():
        port = int(name) if len(name) <= 5 else PORT_MAX + 1
        return port if port <= PORT_MAX else None
    for (port, of), known in SERVICES.items():
        if known == name and of == proto:
            return port
    return None
