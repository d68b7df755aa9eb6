"""The servers that recorded answers come from: a small DNS hierarchy and a web site."""

from __future__ import annotations

import re

ZONES = {
    "root/db.root": """\
$TTL 518400
. IN SOA a.root-servers.net. nstld.example. 2026010100 1800 900 604800 86400
. NS a.root-servers.net.
a.root-servers.net. A 127.0.8.1
com. 172800 NS ns.gtld.net.
net. 172800 NS ns.gtld.net.
ns.gtld.net. A 127.0.8.2
""",
    "tld/db.com": """\
$TTL 2d
$ORIGIN com.
@ IN SOA ns.gtld.net. admin 1 1800 900 604800 900
@ NS ns.gtld.net.
example NS ns1.example
ns1.example A 127.0.8.3
lame NS ns1.example
glueless NS ns.other.net.
""",
    "tld/db.net": """\
$TTL 2d
$ORIGIN net.
@ IN SOA ns.gtld.net. admin 1 1800 900 604800 900
@ NS ns.gtld.net.
ns.gtld A 127.0.8.2
a.root-servers A 127.0.8.1
ns.other A 127.0.8.3
""",
    "example/db.example": """\
$ORIGIN example.com.
$TTL 1h
@	IN	SOA	ns1 hostmaster (
		2026010501 ; serial
		2h 1h 2w 5m )
	IN	NS	ns1
	MX	10 mail
	TXT	"v=spf1 -all" "with \\"quotes\\" and ; semicolon"
	A 192.0.2.80
ns1	A	127.0.8.3
www	300	IN	A	192.0.2.1
	AAAA	2001:db8::1
mail	A	192.0.2.25
web	CNAME	www
out	CNAME	www.elsewhere.org.
loop1 CNAME loop2
loop2 CNAME loop1
*.wild	A	192.0.2.99
_sip._tcp SRV 1 2 5060 sip
sip A 192.0.2.30
a.b.c A 1.2.3.4
@ CAA 0 issue "ca.example.net"
@ HINFO "PDP-11" "Unix"
sub NS ns.sub
ns.sub A 127.0.8.7
a-very-long-host-name-indeed A 192.0.2.77
$GENERATE 1-3 host$ A 10.0.0.$
""",
    "resolver/db.hints": """\
. 3600000 NS a.root-servers.net.
a.root-servers.net. 3600000 A 127.0.8.1
""",
    "resolver/db.lan": """\
$TTL 60
@ SOA ns.lan.test. root.lan.test. 7 1 1 1 30
@ NS ns
ns A 10.0.0.53
pc A 10.0.0.2
alias CNAME www.example.com.
""",
}
_NAMED = """\
options {{ directory "{0}/{1}"; listen-on port 5300 {{ {2}; }}; recursion {3}; {4} }};
{5}
"""
SERVERS = {
    "root": ("127.0.8.1", "no", "", 'zone "." { type master; file "db.root"; };'),
    "tld": (
        "127.0.8.2", "no", "",
        'zone "com" { type master; file "db.com"; };'
        ' zone "net" { type master; file "db.net"; };',
    ),
    "example": (
        "127.0.8.3", "no", "", 'zone "example.com" { type master; file "db.example"; };'
    ),
    "resolver": (
        "127.0.8.9", "yes", "allow-recursion { any; };",
        'zone "." { type hint; file "db.hints"; };'
        ' zone "lan.test" { type master; file "db.lan"; };',
    ),
}  # fmt: skip


def dns_files(folder: str) -> dict[str, str]:
    """Every file of the name servers, by path."""
    files = {f"{folder}/{name}": text for name, text in ZONES.items()}
    for name, (ip, recursion, more, zones) in SERVERS.items():
        files[f"{folder}/{name}/named.conf"] = _NAMED.format(
            folder, name, ip, recursion, more, zones
        )
    return files


def site_files(folder: str) -> dict[str, str]:
    """A web site with a configuration and a script."""
    return {
        f"{folder}/www/index.html": "<html><body>hello</body></html>\n",
        f"{folder}/www/a.txt": "plain\n",
        f"{folder}/www/big.txt": "0123456789abcde\n" * 12500,
        f"{folder}/www/sub/x": "sub\n",
        f"{folder}/cgi/env": (
            "#!/bin/sh\necho 'Content-Type: text/plain'\necho\n"
            'echo "$REQUEST_METHOD $QUERY_STRING $CONTENT_LENGTH $HTTP_USER_AGENT'
            ' $HTTP_X_A $HTTP_ACCEPT $HTTP_AUTHORIZATION $HTTP_RANGE"\ncat\n'
        ),
        f"{folder}/cgi/teapot": (
            "#!/bin/sh\necho 'Status: 500 Internal Server Error'\necho\necho oops\n"
        ),
        f"{folder}/httpd.conf": (
            f"Listen 127.0.8.80:8090\nServerName main.test\nDocumentRoot {folder}/www\n"
            f"ScriptAlias /cgi-bin/ {folder}/cgi/\nCustomLog {folder}/access.log common\n"
            f"ErrorLog {folder}/error.log\nUser root\n"
            "Redirect /old http://127.0.8.80:8090/a.txt\nRedirect /loop http://127.0.8.80:8090/loop/\n"
        ),
    }


REGISTRY = """\
inetnum: 203.0.113.0/24
netname: REGISTRY-NET
status: ALLOCATED UNSPECIFIED
source: RIPE

inetnum: 203.0.113.0 - 203.0.113.127
netname: ISP-ONE
org: ORG-ISP1
status: ALLOCATED PA
source: RIPE

organisation: ORG-ISP1
org-name: ISP One Ltd
abuse-mailbox: abuse@isp.test
e-mail: boss@isp.test
source: RIPE
"""


def masked(tool: str, text: str) -> str:
    """An output without what differs from run to run."""
    for pattern, replacement in _MASKS[tool]:
        text = re.sub(pattern, replacement, text)
    return text


_DNS = (
    (r"id: \d+", "id: N"), (r"WHEN: .*", "WHEN"), (r"\d+ (msec|ms)\b", r"N \1"),
    (r"COOKIE: [0-9a-f]+", "COOKIE: X"), (r"from server (\S+) in \d+", r"from server \1 in N"),
)  # fmt: skip
_WEB = (
    (r"(Date|Last-Modified): [^\r\n]*", r"\1: D"), (r'ETag: "[^"]*"', "ETag: E"),
    (r"after \d+ (ms|milliseconds)", r"after N \1"), (r"0x[0-9a-f]+", "0xX"),
    # The meter's line without speeds and times, and wget's rates.
    (r"(\r *\d+ +\S+ +\d+ +\S+ +\d+ +\S+) +\S+ +\S+ \S+ \S+ +\S+ +\S+", r"\1 SPEED"),
    (r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"), (r"\([\d.]+ [KMG]?B/s\)", "(SPEED)"),
    (r"(?m) +[\d.]+[KMG ](=[\d.msh]+| [\dsmh]+)$", " RATE"),
)  # fmt: skip
_MASKS = {"dig": _DNS, "host": _DNS, "nslookup": _DNS, "curl": _WEB, "wget": _WEB, "whois": ()}
