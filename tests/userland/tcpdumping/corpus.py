"""Frames of all protocols that tcpdump prints here: well-formed, odd and broken ones."""

import struct

from minios.abi.inet import parse_ip
from minios.net.wire.arp import ARP
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.stp import BPDU
from minios.net.wire.tcp import TCP, TcpOptions
from minios.net.wire.udp import UDP

A, B = parse_ip("10.0.0.1"), parse_ip("192.168.7.2")
MA, MB = 0x020000000001, 0x020000000002
BC = 0xFFFFFFFFFFFF
FRAMES: list[bytes] = []


def eth(p, t=0x800, vlan=None, dst=MB):
    FRAMES.append(Ethernet(dst, MA, t, p, vlan).pack())


def ip(proto, pl, **k):
    return IPv4(A, B, proto, pl, **k)


# arp
eth(ARP(1, MA, A, 0, B), 0x806, dst=BC)
eth(ARP(2, MB, B, MA, A), 0x806)
eth(ARP(1, MA, A, MB, B), 0x806)
eth(ARP(1, MA, 0, 0, B), 0x806, dst=BC)
eth(ARP(1, MA, A, 0, A), 0x806, dst=BC)
eth(ARP(2, MA, A, MA, A), 0x806, dst=BC)
for op in (3, 4, 8, 9, 10, 77):
    eth(ARP(op, MA, A, MB, B), 0x806)
eth(ARP(1, MA, A, 0, B), 0x806, vlan=0x2005)
# icmp
eth(ip(1, ICMP(8, 0, (5 << 16) | 1, b"x" * 56), df=True, ident=777))
eth(ip(1, ICMP(0, 0, (5 << 16) | 1, b"x" * 56)))
quote = IPv4(B, A, 17, UDP(4000, 33434, b"hello")).pack()
quotet = IPv4(B, A, 6, TCP(4000, 80, 1, 0, 2, 100)).pack()
for c in range(18):
    eth(ip(1, ICMP(3, c, 1400 if c == 4 else 0, quote)))
eth(ip(1, ICMP(3, 4, 0, quote)))
eth(ip(1, ICMP(3, 3, 0, quotet)))
eth(ip(1, ICMP(3, 3, 0, IPv4(B, A, 99, b"12345678").pack())))
eth(ip(1, ICMP(3, 3, 0, quotet[:28])))
for c in range(4):
    eth(ip(1, ICMP(5, c, B, quote[:28])))
eth(ip(1, ICMP(5, 9, B, quote[:28])))
for c in range(3):
    eth(ip(1, ICMP(11, c, 0, quote[:28])))
eth(ip(1, ICMP(12, 0, 5 << 24, quote[:28])))
eth(ip(1, ICMP(12, 1, 0, quote[:28])))
eth(ip(1, ICMP(4, 0, 0, quote[:28])))
eth(ip(1, ICMP(9, 0, (1 << 24) | (2 << 16) | 1800, struct.pack("!Ii", A, -5))))
eth(ip(1, ICMP(10, 0)))
eth(ip(1, ICMP(13, 0, (1 << 16) | 2, struct.pack("!III", 1000, 0, 0))))
eth(ip(1, ICMP(14, 0, (1 << 16) | 2, struct.pack("!III", 1000, 36000123, 86399999))))
eth(ip(1, ICMP(17, 0, 0, b"\0" * 4)))
eth(ip(1, ICMP(18, 0, 0, b"\xff\xff\xff\0")))
eth(ip(1, ICMP(77, 3, 0, b"")))
eth(ip(1, ICMP(8, 0, 9, b"abc", checksum=0x1234)))
eth(ip(1, ICMP(15, 0, 9, b"")))
eth(ip(1, ICMP(16, 0, 9, b"")))
eth(IPv4(A, B, 1, ICMP(3, 3, 0, quote), checksum=0x1234, tos=0x13))
# fragments
big = IPv4(A, B, 17, UDP(1000, 2000, b"z" * 100)).payload.pack(A, B)
eth(ip(17, big[:64], mf=True, ident=9))
eth(ip(17, big[64:], offset=64, ident=9, ttl=1))
eth(ip(1, ICMP(8, 0, 1, b"q" * 50).pack()[:32], mf=True, ident=9))
eth(ip(99, b"zz", offset=640, mf=True))
eth(ip(6, TCP(1, 2, 3, 4, 16, 5, b"d" * 40).pack(A, B)[:32], mf=True))
# tcp
o = TcpOptions


def tcp(*a, rev=False, **k):
    s = TCP(*a, **k)
    eth(IPv4(B, A, 6, s) if rev else IPv4(A, B, 6, s, df=True, ident=55))


tcp(40000, 80, 1000, 0, 2, 64240, b"", o(1460, 7, True, (100, 0)))
tcp(80, 40000, 5000, 1001, 0x12, 65160, b"", o(1460, 7, True, (200, 100)), rev=True)
tcp(40000, 80, 1001, 5001, 0x10, 502, b"", o(timestamps=(101, 200)))
tcp(
    40000,
    80,
    1001,
    5001,
    0x18,
    502,
    b"GET /index.html HTTP/1.1\r\nHost: web\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    o(timestamps=(101, 200)),
)
tcp(
    80,
    40000,
    5001,
    1080,
    0x18,
    509,
    b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello",
    o(timestamps=(201, 101)),
    rev=True,
)
tcp(
    80,
    40000,
    5061,
    1080,
    0x10,
    509,
    b"plain body data no command",
    o(timestamps=(201, 101)),
    rev=True,
)
tcp(
    40000,
    80,
    1080,
    5001,
    0x10,
    502,
    b"",
    o(timestamps=(102, 200), sack=((5061, 5087), (6000, 7000))),
)
tcp(80, 40000, 5001, 1080, 0x10, 502, b"", o(timestamps=(102, 200), sack=((1100, 1200),)), rev=True)
tcp(40000, 80, 1080, 5087, 0x11, 502, b"", o(timestamps=(102, 200)))
tcp(80, 40000, 5087, 1081, 0x14, 0, b"", rev=True)
tcp(80, 40000, 5087, 0, 0x04, 0, b"", rev=True)
tcp(80, 40000, 5087, 1, 0x04, 0, b"reason text\x00\x01", rev=True)
tcp(40000, 9999, 1, 2, 0x3F, 7, b"", urgent=77)
tcp(40000, 9999, 1, 2, 0xC0, 7, b"abc")
tcp(40000, 9999, 1, 2, 0, 7, b"")
tcp(40000, 9999, 1, 2, 0x10, 7, b"", checksum=0x1111)
tcp(9999, 9999, 1, 2, 0x10, 7, b"")
tcp(9999, 9999, 1, 2, 0x10, 7, b"xx", rev=True)
for raw in (
    b"\x22\x02\1\1",
    b"\x22\x0a12345678\1\1",
    b"\x05\x04ab",
    b"\x02\x03\1\1",
    b"\x03\x09\1\1",
    b"\x00\0\0\0",
    b"\x63\x04ab",
    b"\x13\x12" + b"k" * 16 + b"\1\1",
    b"\x08\x08abcdef",
    b"\x1c\x04\x80\x05",
    b"\x05\x0a12345678\0\0",
    b"\x01\x01\x01\x03",
    b"\xfd\x04ab",
    b"\xfe\x06ab12\1\1",
    b"\x0e\x03\1\1",
    b"\x0f\x04ab",
    b"\x02\x04\5\xb4\x00\1\2\3",
):
    tcp(40000, 9999, 1, 2, 0x02, 7, b"", o(raw=raw))
t = TCP(40000, 9999, 1, 2, 0x02, 7, b"").pack(A, B)
for b12 in (0x40, 0x90, 0x60, 0xF0):
    eth(IPv4(A, B, 6, t[:12] + bytes((b12,)) + t[13:]))
eth(IPv4(A, B, 6, t[:3]))
eth(IPv4(A, B, 6, t[:10]))
tcp(25, 40000, 1, 2, 0x18, 100, b"220 mail ESMTP\r\n")
tcp(40000, 25, 1, 2, 0x18, 100, b"EHLO me\r\n")
tcp(40000, 21, 1, 2, 0x18, 100, b"USER me\r\n")
tcp(40000, 8080, 1, 2, 0x18, 100, b"POST /a b HTTP/1.0\r\n\r\nx")
tcp(40000, 80, 1, 2, 0x18, 100, b"FOO / HTTP/1.0\r\n\r\n")
tcp(80, 40000, 1, 2, 0x18, 100, b"HTTP/1.0 404 Not Found\n\n<html>\n\ttab\x80x\n")
tcp(40000, 80, 1, 2, 0x18, 100, b"GET")
tcp(40000, 80, 1, 2, 0x18, 100, b"GET /\r")
tcp(40000, 80, 1, 2, 0x18, 100, b"HEAD /x\tHTTP/1.1\r\nA: \x01b\r\n\r\n")
tcp(40000, 22, 1, 2, 0x18, 100, b"SSH-2.0-OpenSSH\r\n")


# udp
def udp(s, d, b, **k):
    eth(IPv4(A, B, 17, UDP(s, d, b, **k)))


udp(1234, 7, b"hello")
udp(1234, 7, b"hello", checksum=0)
udp(1234, 7, b"hello", checksum=5)
udp(1234, 9, b"")
u = UDP(1234, 7, b"hello").pack(A, B)
eth(IPv4(A, B, 17, u[:3]))
eth(IPv4(A, B, 17, u[:6]))
eth(IPv4(A, B, 17, u[:4] + b"\0\x05" + u[6:]))
eth(IPv4(A, B, 17, u[:4] + b"\0\x50" + u[6:]))
eth(IPv4(A, B, 17, u[:4] + b"\0\x0a" + u[6:]))
udp(514, 514, b"<30>Jan  5 09:00:00 pc cron[12]: hello\n")
udp(5, 514, b"nothing")
udp(5, 514, b"<9999>x")
udp(5, 514, b"<191>x\x80\x01")
udp(33434, 33435, b"\0" * 32)
udp(3478, 5000, b"\x01\x01\0\0\x21\x12\xa4\x42" + b"1" * 12)


# dns
def name(s):
    return b"".join(bytes((len(x),)) + x for x in s.split(b".") if x) + b"\0"


def q(id, fl, qs, an=b"", n=(0, 0, 0)):
    return (
        struct.pack("!HHHHHH", id, fl, len(qs), *n)
        + b"".join(name(a) + struct.pack("!HH", t, c) for a, t, c in qs)
        + an
    )


def rr(nm, t, ttl, d, c=1):
    return nm + struct.pack("!HHIH", t, c, ttl, len(d)) + d


P = b"\xc0\x0c"
udp(5000, 53, q(1, 0x100, [(b"www.example.com", 1, 1)]))
udp(5000, 53, q(2, 0x120, [(b"www.example.com", 28, 1)], rr(b"\0", 41, 0, b"", 1232), (0, 0, 1)))
udp(
    5000,
    53,
    q(
        2,
        0x110,
        [(b"www.example.com", 255, 1)],
        rr(b"\0", 41, 0x8000, struct.pack("!HH8s", 10, 8, b"cookie12"), 1232),
        (0, 0, 1),
    ),
)
R = q(
    1,
    0x8180,
    [(b"www.example.com", 1, 1)],
    rr(P, 5, 300, name(b"web.example.com"))
    + rr(name(b"web.example.com"), 1, 86400 * 9 + 3661, b"\x0a\0\0\5")
    + rr(b"\xc0\x10", 2, 60, b"\3ns1\xc0\x10")
    + rr(b"\3ns1\xc0\x10", 1, 60, b"\1\2\3\4"),
    (2, 1, 1),
)
udp(53, 5000, R)
udp(
    53,
    5000,
    q(
        3,
        0x8583,
        [(b"nope.example.com", 1, 1)],
        rr(
            b"\xc0\x11",
            6,
            3600,
            name(b"ns1.example.com")
            + name(b"root.example.com")
            + struct.pack("!IIIII", 2024, 3600, 600, 86400, 300),
        ),
        (0, 1, 0),
    ),
)
udp(
    53,
    5000,
    q(
        4,
        0x8180,
        [(b"example.com", 15, 1)],
        rr(P, 15, 60, struct.pack("!H", 10) + b"\4mail" + P)
        + rr(P, 16, 0, b"\5hello\3a\x01b")
        + rr(P, 33, 5, struct.pack("!HHH", 1, 2, 5060) + name(b"sip.x"))
        + rr(P, 28, 5, bytes.fromhex("20010db8000000000000000000000001"))
        + rr(P, 28, 5, bytes(15) + b"\1")
        + rr(P, 257, 5, b"\0\5issueca")
        + rr(P, 12, 5, name(b"."))
        + rr(P, 13, 5, b"\1a\1b"),
        (8, 0, 0),
    ),
)
udp(53, 5000, q(5, 0x8182, [(b"example.com", 1, 1)]))
udp(53, 5000, q(5, 0x8105, [(b"example.com", 1, 1)]))
udp(53, 5000, q(5, 0x83A1, [(b"example.com", 1, 1)]))
udp(5000, 53, q(6, 0x2800, [(b"example.com", 6, 1)]))
udp(5000, 53, q(6, 0, []))
udp(5000, 53, q(6, 0x900, [(b"a", 1, 3), (b"b", 1, 255)]))
udp(5000, 53, q(6, 0x100, [(b"", 2, 1)]))
udp(5000, 53, q(6, 0x100, [(b"a", 999, 77)]))
udp(5000, 53, b"\0\1\1")
udp(5000, 53, q(1, 0x100, [(b"www.example.com", 1, 1)])[:20])
udp(5000, 53, q(1, 0x100, [(b"www.example.com", 1, 1)])[:-2])
udp(53, 5000, R[:50])
udp(53, 5000, R[:-6])
udp(5000, 53, struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1")
udp(5000, 53, struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\x01a\xc0\x0c\0\1\0\1")
udp(5000, 53, struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\x41a\0\0\1\0\1")
udp(5000, 53, q(8, 0x100, [(b"we\x01ird\xff", 1, 1)]))
udp(
    53,
    5000,
    q(
        8,
        0x8190,
        [(b"a", 1, 1)],
        rr(
            b"\0",
            41,
            0,
            struct.pack("!HH24s", 10, 24, b"c" * 24)
            + struct.pack("!HHHBB3s", 8, 7, 1, 24, 0, b"\1\2\3")
            + struct.pack("!HH", 12, 0),
            4096,
        ),
        (0, 0, 1),
    ),
)
udp(5000, 53, q(9, 0x2400, [(b"example.com", 6, 1)], rr(P, 6, 0, b""), (1, 0, 0)))
tq = q(1, 0x100, [(b"www.example.com", 252, 1)])
tcp(5000, 53, 1, 2, 0x18, 100, struct.pack("!H", len(tq)) + tq)
tcp(5000, 53, 1, 2, 0x18, 100, struct.pack("!H", 5) + tq)
tcp(5000, 53, 1, 2, 0x18, 100, struct.pack("!H", 500) + tq)
tcp(53, 5000, 1, 2, 0x18, 100, b"\0")


# dhcp
def bootp(
    op,
    msg,
    opts,
    fl=0,
    ci=0,
    yi=0,
    si=0,
    gi=0,
    secs=0,
    hops=0,
    sname=b"",
    file=b"",
    htype=1,
    hlen=6,
):
    return (
        struct.pack(
            "!BBBBIHHIIII16s64s128sI",
            op,
            htype,
            hlen,
            hops,
            0x3903F326,
            secs,
            fl,
            ci,
            yi,
            si,
            gi,
            bytes.fromhex("020000000001"),
            sname,
            file,
            0x63825363,
        )
        + b"\x35\1"
        + bytes((msg,))
        + opts
        + b"\xff"
    )


def opt(t, b):
    return bytes((t, len(b))) + b


def addr(s):
    return parse_ip(s).to_bytes(4, "big")


def dh(s, d, b):
    eth(IPv4(0, 0xFFFFFFFF, 17, UDP(s, d, b), ttl=128, tos=0x10), dst=BC)


dh(
    68,
    67,
    bootp(
        1,
        1,
        opt(50, addr("10.0.0.9"))
        + opt(12, b"pc")
        + opt(55, bytes((1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42, 249, 252)))
        + opt(61, b"\1\2\0\0\0\0\1"),
        fl=0x8000,
        secs=3,
    )
    + b"\0" * 40,
)
dh(
    67,
    68,
    bootp(
        2,
        2,
        opt(54, addr("10.0.0.1"))
        + opt(51, struct.pack("!I", 3600))
        + opt(58, struct.pack("!I", 1800))
        + opt(59, struct.pack("!I", 3150))
        + opt(1, addr("255.255.255.0"))
        + opt(28, addr("10.0.0.255"))
        + opt(3, addr("10.0.0.1"))
        + opt(6, addr("10.0.0.1") + addr("8.8.8.8"))
        + opt(15, b"lan"),
        yi=parse_ip("10.0.0.9"),
        si=A,
    ),
)
dh(
    68,
    67,
    bootp(
        1,
        3,
        opt(81, b"\x01\0\0pc.lan")
        + opt(61, b"\0me")
        + opt(57, b"\2\x40")
        + opt(60, b"MiniOS")
        + opt(93, b"\0\0\0\7")
        + opt(77, b"\3abc"),
        ci=A,
    ),
)
dh(
    67,
    68,
    bootp(
        2,
        5,
        opt(121, b"\x18\x0a\0\1\x0a\0\0\1\0\x0a\0\0\1")
        + opt(119, b"\3lan\0")
        + opt(33, addr("10.0.0.1") + addr("1.2.3.4"))
        + opt(26, b"\5\xdc")
        + opt(19, b"\1\0\7")
        + opt(2, struct.pack("!i", -3600))
        + opt(200, b"abc")
        + opt(201, b"ab")
        + opt(202, b"abcd")
        + opt(46, b"\10")
        + opt(52, b"\3")
        + opt(56, b"msg\x01"),
        gi=B,
        hops=2,
        sname=b"srv",
        file=b"boot.img",
    ),
)
dh(67, 68, bootp(2, 6, b""))
dh(68, 67, bootp(1, 7, b"", hlen=8))
dh(68, 67, bootp(3, 99, opt(82, b"\1\4eth0\2\3abc"), htype=6))
dh(68, 67, bootp(1, 8, b"\x0c\x50abc"))
dh(68, 67, bootp(1, 8, b"")[:100])
dh(
    68,
    67,
    bootp(
        1,
        8,
        opt(61, b"\xff" + b"abcdefgh")
        + opt(61, b"\x1fabcd")
        + opt(1, b"\1\2\3")
        + opt(43, b"\1\2")
        + opt(61, b""),
    ),
)
dh(68, 67, bootp(1, 8, b"")[:236] + b"\0" * 64)


# rip
def rip(cmd, ents, v=2):
    return bytes((cmd, v, 0, 0)) + b"".join(ents)


def ent(af, tag, a, m, nh, me):
    return struct.pack("!HHIIII", af, tag, parse_ip(a), parse_ip(m), parse_ip(nh), me)


udp(520, 520, rip(1, [ent(0, 0, "0.0.0.0", "0.0.0.0", "0.0.0.0", 16)]))
udp(
    520,
    520,
    rip(
        2,
        [
            ent(2, 0, "10.1.0.0", "255.255.0.0", "0.0.0.0", 1),
            ent(2, 5, "192.168.100.0", "255.255.255.128", "10.0.0.7", 16),
        ],
    ),
)
udp(520, 520, rip(2, [ent(2, 0, "10.1.0.0", "0.0.0.0", "0.0.0.0", 1)], 1))
udp(
    520,
    520,
    rip(
        2,
        [
            struct.pack("!HH16s", 0xFFFF, 2, b"secret"),
            ent(2, 0, "10.1.0.0", "255.0.255.0", "0.0.0.0", 1),
        ],
    ),
)
udp(520, 520, rip(7, []))
udp(520, 520, rip(2, [ent(9, 1, "10.1.0.0", "255.0.255.0", "0.0.0.0", 1)]) + b"abc")
udp(520, 520, rip(1, [], 3))
udp(520, 520, rip(2, [], 1))
udp(520, 520, b"\1")
# stp, vlan, llc, others
eth(BPDU(0, 1, 0x8000020000000001, 4, 0x8001020000000002, 0x8001, 256), 38, dst=0x0180C2000000)
eth(BPDU(0, 0x81), 38, dst=0x0180C2000000, vlan=7)
eth(BPDU(0x80), 7, dst=0x0180C2000000)
eth(b"\xaa\xaa\x03\0\0\0\x08\0" + ip(17, UDP(1, 2, b"x")).pack(), 8 + 29)
eth(ip(17, UDP(1, 2, b"x")), vlan=0xF001)
eth(b"abcdefgh" * 8, 0x88B5)
eth(b"`" + b"\0" * 60, 0x1234)
eth(b"\0\0\1\0" + b"\0" * 50, 0x9000)
eth(
    ip(2, b"\x16\0\x09\x04\xe0\0\0\xfb"),
)
eth(ip(2, b"\x11\x64\xee\x9b\0\0\0\0"))
eth(ip(2, b"\x17\0\x08\x03\xe0\0\0\xfb"))
eth(ip(2, b"\x22\0\xf9\x02\0\0\0\1\4\0\0\0\xe0\0\0\xfb"))
eth(ip(253, b"1234567890"))
eth(ip(4, ip(17, UDP(1, 2, b"x")).pack()))
p = ip(17, UDP(1, 2, b"hello")).pack()
for m in (
    lambda b: b"\x44" + b[1:],
    lambda b: b"\x65" + b[1:],
    lambda b: b[:2] + b"\0\x90" + b[4:],
    lambda b: b[:2] + b"\0\x10" + b[4:],
    lambda b: b[:2] + b"\0\0" + b[4:],
    lambda b: b[:15],
    lambda b: b"\x46" + b[1:20] + b"\x94\4\0\0" + b[20:],
    lambda b: b"\x47" + b[1:20] + b"\7\7\4\0\0\0\0\1" + b[20:],
    lambda b: b[:6] + b"\x80\0" + b[8:],
    lambda b: b[:8] + b"\0" + b[9:],
):
    eth(m(p))

for t in range(1, 300):
    udp(5000, 53, q(t, 0x100, [(b"a", t, 1)]))
for t in range(256):
    udp(53, 5000, q(t, 0x8000 | (t & 15) | ((t >> 4) << 11), []))
for t in range(256):
    dh(68, 67, bootp(1, 8, opt(55, bytes((t,)))))
for t in range(25):
    udp(5, 514, b"<%d>x" % (t * 8))
tcp(22, 5, 1, 2, 0x18, 100, b"\0\0\1\2binary")
tcp(22, 5, 1, 2, 0x18, 100, b"SSH-2.0-a")
tcp(22, 5, 1, 2, 0x18, 100, b"hi there\nb\r\nSSH-2.0-x\n")
