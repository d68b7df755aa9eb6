"""Services over a bad line: what is lost is asked for again."""

from __future__ import annotations

from minios.net.fabric.link import LinkSpec
from tests.userland.netservices.lan import Lan

BAD = LinkSpec(loss=150_000, duplicate=50_000, reorder=50_000, corrupt=20_000)


def test_an_address_a_name_and_a_page_are_had_all_the_same():
    lan = Lan({"srv": {"eth0": "lan 10.0.0.1/24"}, "pc": {"eth0": "lan"}}, seed=5, line=BAD)
    lan.write(
        "srv", "/etc/dhcp/dhcpd.conf",
        "authoritative; option domain-name-servers 10.0.0.1;\n"
        "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.120; }\n",
    )  # fmt: skip
    lan.write("srv", "/etc/bind/named.conf", 'zone "x" { type master; file "/etc/bind/db"; };\n')
    lan.write("srv", "/etc/bind/db", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS o.\nweb A 10.0.0.1\n")
    lan.out("srv", "seq 1 3000 > /var/www/html/f; systemctl start named httpd isc-dhcp-server")
    assert lan.run("pc", "dhclient -1 eth0", 300).status == 0
    lan.out("pc", "echo 'options timeout:1 attempts:5' >> /etc/resolv.conf")
    assert lan.out("pc", "wget -qO- http://web.x/f", 900) == (
        "".join(f"{number}\n" for number in range(1, 3001))
    )
