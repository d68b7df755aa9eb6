"""named and the resolver, on several machines (RFC 1034, RFC 1035, RFC 2308, RFC 4592)."""

from __future__ import annotations

import pytest

from minios.testing import Box
from tests.userland.netservices.lan import Lan

ROOT = """\
$TTL 1d
. SOA a.root. admin. 1 1800 900 604800 300
. NS a.root.
a.root. A 10.0.0.1
test. NS ns.test.
ns.test. A 10.0.0.2
"""
TEST = """\
$TTL 1h
@ SOA ns admin 1 1800 900 604800 60
@ NS ns
ns A 10.0.0.2
www 30 A 10.0.0.80
alias CNAME www
*.wild A 10.0.0.81
sub NS ns.sub
ns.sub A 10.0.0.4
gone NS ns.gone
ns.gone A 10.0.0.99
glueless NS ns.elsewhere
ns.elsewhere A 10.0.0.4
"""
SUB = """\
$TTL 1h
@ SOA ns admin 1 1800 900 604800 60
@ NS ns.sub.test.
ns A 10.0.0.4
host A 10.0.0.82
"""


def dns(seed: int = 0) -> Lan:
    """A root, a zone below it, a zone below that, a resolver and a client."""
    lan = Lan(
        {
            name: {"eth0": f"lan 10.0.0.{number}/24"}
            for number, name in enumerate(("root", "auth", "resolver", "sub", "pc"), 1)
        },
        seed,
    )
    zone = 'options { recursion no; };\nzone "%s" { type master; file "/etc/bind/db"; };\n'
    for host, name, text in (("root", ".", ROOT), ("auth", "test", TEST)):
        lan.write(host, "/etc/bind/named.conf", zone % name)
        lan.write(host, "/etc/bind/db", text)
    lan.write(
        "sub",
        "/etc/bind/named.conf",
        zone % "sub.test" + 'zone "glueless.test" { type master; file "/etc/bind/db"; };\n',
    )
    lan.write("sub", "/etc/bind/db", SUB)
    lan.write(
        "resolver",
        "/etc/bind/named.conf",
        'options { querylog yes; };\nzone "." { type hint; file "/etc/bind/hints"; };\n',
    )
    lan.write("resolver", "/etc/bind/hints", ". 3600000 NS a.root.\na.root. 3600000 A 10.0.0.1\n")
    for host in ("root", "auth", "sub", "resolver"):
        lan.out(host, "systemctl start named")
    lan.write("pc", "/etc/resolv.conf", "search test\nnameserver 10.0.0.3\n")
    return lan


def short(lan: Lan, question: str, host: str = "pc") -> str:
    return lan.out(host, f"dig +short {question}")


def test_a_resolver_walks_from_the_root_through_delegations_rfc_1034_5_3_3():
    lan = dns()
    assert short(lan, "www.test") == "10.0.0.80\n"
    assert short(lan, "host.sub.test") == "10.0.0.82\n"
    assert short(lan, "x.wild.test") == "10.0.0.81\n"
    assert short(lan, "alias.test") == "www.test.\n10.0.0.80\n"


def test_a_delegation_without_glue_needs_the_servers_address_first():
    assert short(dns(), "host.glueless.test") == "10.0.0.82\n"


def test_an_answer_is_kept_for_its_ttl_and_no_longer_rfc_1034_5_3_3():
    lan = dns()
    ttl = "dig +noall +answer www.test | awk '{ print $2 }'"
    assert lan.out("pc", ttl) == "30\n"
    lan.wait(12)
    assert lan.out("pc", ttl) == "18\n"
    lan.write("auth", "/etc/bind/db", TEST.replace("10.0.0.80", "10.0.0.8"))
    lan.out("auth", "systemctl reload named")
    assert short(lan, "www.test") == "10.0.0.80\n"
    lan.wait(20)
    assert short(lan, "www.test") == "10.0.0.8\n"


def test_that_there_is_nothing_is_kept_as_long_as_the_soa_says_rfc_2308_5():
    lan = dns()
    status = "dig nx.test | grep -o 'status: [A-Z]*'"
    assert lan.out("pc", status) == "status: NXDOMAIN\n"
    lan.write("auth", "/etc/bind/db", TEST + "nx A 10.0.0.83\n")
    lan.out("auth", "systemctl reload named")
    lan.wait(50)
    assert lan.out("pc", status) == "status: NXDOMAIN\n"
    lan.wait(15)
    assert short(lan, "nx.test") == "10.0.0.83\n"


def test_nxdomain_and_no_data_differ_rfc_2308_2():
    lan = dns()
    for server in ("10.0.0.2", "10.0.0.3"):
        heads = "grep -o 'status: [A-Z]*\\|ANSWER: [0-9]*\\|SOA'"
        assert lan.out("pc", f"dig @{server} www.test mx | {heads}") == (
            "status: NOERROR\nANSWER: 0\nSOA\n"
        )
        assert lan.out("pc", f"dig @{server} nope.test mx | {heads}") == (
            "status: NXDOMAIN\nANSWER: 0\nSOA\n"
        )


def test_a_zone_whose_server_is_dead_ends_in_servfail():
    lan = dns()
    assert "status: SERVFAIL" in lan.out("pc", "dig +time=15 +tries=1 www.gone.test")


def test_who_may_not_is_refused():
    lan = dns()
    assert "status: REFUSED" in lan.out("pc", "dig @10.0.0.2 other.example")
    lan.write("resolver", "/etc/bind/named.conf", "options { allow-recursion { 10.0.0.1; }; };\n")
    lan.out("resolver", "systemctl reload named")
    assert "status: REFUSED" in lan.out("pc", "dig www.test")


def test_a_forwarder_is_asked_instead_of_the_root():
    lan = dns()
    lan.write(
        "sub", "/etc/bind/named.conf",
        "options { forwarders { 10.0.0.3; }; forward only; };\n",
    )  # fmt: skip
    lan.out("sub", "systemctl reload named")
    assert short(lan, "@10.0.0.4 www.test") == "10.0.0.80\n"


def test_a_large_answer_comes_over_tcp_rfc_7766_5():
    lan = dns()
    text = TEST + "".join(f"many A 10.1.{n}.1\n" for n in range(150))
    lan.write("auth", "/etc/bind/db", text)
    lan.out("auth", "systemctl reload named")
    assert len(short(lan, "@10.0.0.2 many.test").split()) == 150 + 6
    assert short(lan, "@10.0.0.2 many.test").startswith(";; Truncated, retrying in TCP mode.\n")
    assert len(short(lan, "@10.0.0.2 +tcp many.test").split()) == 150
    assert len(short(lan, "@10.0.0.2 +ignore +noedns many.test").split()) == 30


def test_a_secondary_has_the_zone_by_transfer_rfc_5936():
    lan = dns()
    lan.write(
        "sub", "/etc/bind/named.conf",
        'zone "test" { type slave; masters { 10.0.0.2; }; file "db"; };\n',
    )  # fmt: skip
    lan.out("sub", "systemctl reload named")
    assert "flags: qr aa" in lan.out("pc", "dig @10.0.0.4 www.test")


def test_a_zone_with_a_mistake_is_refused_and_the_old_one_stays():
    lan = dns()
    lan.write("auth", "/etc/bind/db", TEST + "bad A 10.0.0\n")
    lan.out("auth", "systemctl reload named")
    assert short(lan, "@10.0.0.2 www.test") == "10.0.0.80\n"
    log = lan.out("auth", "journalctl -o cat -u named")
    assert "dns_master_load: /etc/bind/db:14: near '10.0.0': bad dotted quad\n" in log
    assert "zone test/IN: not loaded due to errors.\n" in log


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@ NS ns\nns A 1.2.3.4\n", "zone x/IN: has 0 SOA records"),
        ("$TTL 1\n@ SOA a b 1 1 1 1 1\n", "zone x/IN: has no NS records"),
        ("$TTL 1\n@ SOA a b 1 1 1 1 1\n@ NS ns\n",
         "zone x/IN: NS 'ns.x' has no address records (A or AAAA)"),
        ("$TTL 1\n@ SOA a b 1 1 1 1 1\n@ NS o.\nw CNAME a\nw A 1.1.1.1\n",
         "zone x/IN: w.x: CNAME and other data"),
        ("$TTL 1\n@ SOA a b 1 1 1 1 1 (\n", "dns_master_load: f:2: unbalanced parentheses"),
        ("$TTL 1\n@ FOO a\n", "dns_master_load: f:2: unknown RR type 'FOO'"),
        ("$BAD\n", "dns_master_load: f:1: unknown $ directive '$BAD'"),
    ],
)  # fmt: skip
def test_mistakes_in_zones_are_named(text: str, said: str):
    box = Box()
    box.write("f", ("$TTL 60\n" + text if text.startswith("@") else text).encode())
    result = box.run("named-checkzone x f")
    assert (result.status, result.stdout.decode().split("\n")[0]) == (1, said)


def test_names_are_looked_for_in_hosts_first_then_in_dns():
    lan = dns()
    lan.out("pc", "echo '10.0.0.7 web.test web' >> /etc/hosts")
    assert "PING web.test (10.0.0.7)" in lan.run("pc", "ping -c1 -W1 web").stdout.decode()
    assert "PING www.test (10.0.0.80)" in lan.run("pc", "ping -c1 -W1 www").stdout.decode()
    lan.write("pc", "/etc/nsswitch.conf", "hosts: dns [NOTFOUND=return] files\n")
    assert lan.run("pc", "ping -c1 -W1 web").stderr.decode() == (
        "ping: web: Name or service not known\n"
    )


@pytest.mark.parametrize(
    ("resolv", "said"),
    [
        ("nameserver 10.0.0.3\n", "Could not resolve host: nothing.test"),
        ("nameserver 10.0.0.66\noptions timeout:1 attempts:1\n",
         "Could not resolve host: nothing.test"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_found_is_reported(resolv: str, said: str):
    lan = dns()
    lan.write("pc", "/etc/resolv.conf", resolv)
    result = lan.run("pc", "curl -sS http://nothing.test/")
    assert (result.status, result.stderr.decode()) == (6, f"curl: (6) {said}\n")


def test_a_dead_name_server_is_passed_over_after_its_timeout():
    lan = dns()
    lan.write(
        "pc", "/etc/resolv.conf",
        "nameserver 10.0.0.66\nnameserver 10.0.0.3\noptions timeout:2\n",
    )  # fmt: skip
    before = lan.world.now
    assert b"PING www.test (10.0.0.80)" in lan.run("pc", "ping -c1 -W1 www.test").stdout
    assert 2_000_000_000 < lan.world.now - before < 6_000_000_000


def test_reverse_names_come_from_in_addr_arpa():
    lan = dns()
    lan.write(
        "resolver", "/etc/bind/named.conf",
        'zone "0.0.10.in-addr.arpa" { type master; file "/etc/bind/rev"; };\n',
    )  # fmt: skip
    lan.write(
        "resolver", "/etc/bind/rev", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS o.\n2 PTR ns.test.\n"
    )
    lan.out("resolver", "systemctl reload named")
    assert short(lan, "-x 10.0.0.2") == "ns.test.\n"
    assert lan.out("pc", "ping -c1 10.0.0.2 | head -2 | tail -1").startswith("64 bytes from ")


def test_queries_are_logged_if_asked_for():
    lan = dns()
    short(lan, "www.test")
    log = lan.out("resolver", "journalctl -o cat -t named | grep query:")
    assert log.endswith(" (www.test): query: www.test IN A +E(0)\n")


def test_trace_shows_every_step_from_the_root():
    lan = dns()
    lines = lan.out("pc", "dig +trace www.test | grep Received | sed 's/ in .*//'").split("\n")
    assert [line.split("from ")[1] for line in lines[:-1]] == [
        "10.0.0.3#53(10.0.0.3)", "10.0.0.1#53(a.root)", "10.0.0.2#53(ns.test)",
    ]  # fmt: skip


def test_an_answer_comes_from_the_address_that_was_asked():
    lan = Lan({
        "pc": {"eth0": "a 10.1.0.2/24"},
        "gw": {"eth0": "a 10.1.0.1/24", "eth1": "b 10.2.0.1/24"},
    })  # fmt: skip
    lan.write("gw", "/etc/bind/named.conf", 'zone "x" { type master; file "/etc/bind/db"; };\n')
    lan.write("gw", "/etc/bind/db", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS o.\n@ A 10.0.0.9\n")
    lan.out("gw", "systemctl start named")
    lan.out("pc", "ip route add default via 10.1.0.1")
    assert short(lan, "@10.2.0.1 x") == "10.0.0.9\n"
