"""DHCP: dhclient and dhcpd over real wires (RFC 2131)."""

from __future__ import annotations

import pytest

from tests.userland.netservices.lan import Lan

CONFIG = """\
authoritative;
default-lease-time 600;
option domain-name "lan.test";
option domain-name-servers 10.0.0.1;
subnet 10.0.0.0 netmask 255.255.255.0 {{
  option routers 10.0.0.1;
  range {range};
}}
{more}
"""
HOSTS = {
    "srv": {"eth0": "lan 10.0.0.1/24"},
    "pc": {"eth0": "lan"},
    "pc2": {"eth0": "lan"},
    "pc3": {"eth0": "lan"},
}
ONCE = "dhclient -1 -v eth0"


def network(
    range: str = "10.0.0.100 10.0.0.199", more: str = "", serve: bool = True, seed: int = 0
) -> Lan:
    lan = Lan(HOSTS, seed)
    lan.write("srv", "/etc/dhcp/dhcpd.conf", CONFIG.format(range=range, more=more))
    lan.write("pc", "/etc/dhcp/dhclient.conf", "timeout 10;\n")
    lan.write("pc2", "/etc/dhcp/dhclient.conf", "timeout 10;\n")
    lan.write("pc3", "/etc/dhcp/dhclient.conf", "timeout 10;\n")
    if serve:
        lan.out("srv", "systemctl start isc-dhcp-server")
    return lan


def said(result: object) -> list[str]:
    """The lines of the conversation on dhclient's standard error."""
    text = result.stderr.decode()  # type: ignore[attr-defined]
    return [line for line in text.split("\n") if line.startswith(("DHCP", "bound", "No "))]


def log(lan: Lan) -> str:
    return lan.out("srv", "journalctl -o cat -u isc-dhcp-server")


def test_an_address_is_had_in_four_messages_rfc_2131_3_1():
    lan = network()
    lines = said(lan.run("pc", ONCE))
    assert lines[0].startswith("DHCPDISCOVER on eth0 to 255.255.255.255 port 67 interval ")
    assert lines[1:4] == [
        "DHCPOFFER of 10.0.0.100 from 10.0.0.1",
        "DHCPREQUEST for 10.0.0.100 on eth0 to 255.255.255.255 port 67",
        "DHCPACK of 10.0.0.100 from 10.0.0.1",
    ]
    assert lines[4].startswith("bound to 10.0.0.100 -- renewal in ")
    assert lan.out("pc", "ip -4 -o addr show eth0 | cut -d' ' -f7-9") == (
        "10.0.0.100/24 brd 10.0.0.255\n"
    )
    assert lan.out("pc", "ip route") == (
        "default via 10.0.0.1 dev eth0 \n"
        "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.100 \n"
    )
    assert lan.out("pc", "cat /etc/resolv.conf") == (
        "domain lan.test\nsearch lan.test\nnameserver 10.0.0.1\n"
    )
    lan.out("pc", "ping -c1 -q 10.0.0.1")
    assert "DHCPACK on 10.0.0.100 to" in log(lan)


def test_the_lease_is_renewed_by_unicast_at_t1_rfc_2131_4_4_5():
    lan = network()
    lan.run("pc", ONCE)
    lan.wait(2000)
    assert lan.out("pc", "ip -4 -o addr show eth0 | grep -c 10.0.0.100") == "1\n"
    lines = lan.out("pc", "journalctl -o cat -t dhclient").split("\n")
    renewals = [line for line in lines if "to 10.0.0.1 port 67" in line]
    assert 6 <= len(renewals) <= 9
    assert renewals[0] == "DHCPREQUEST for 10.0.0.100 on eth0 to 10.0.0.1 port 67"


def test_without_an_answer_it_rebinds_by_broadcast_and_loses_the_address_rfc_2131_4_4_5():
    lan = network()
    lan.run("pc", ONCE)
    lan.out("srv", "systemctl stop isc-dhcp-server")
    lan.wait(700)
    lines = lan.out("pc", "journalctl -o cat -t dhclient").split("\n")
    asked = [line for line in lines if line.startswith("DHCPREQUEST for 10.0.0.100 on eth0")]
    assert asked[1] == "DHCPREQUEST for 10.0.0.100 on eth0 to 10.0.0.1 port 67"
    assert asked[-1] == "DHCPREQUEST for 10.0.0.100 on eth0 to 255.255.255.255 port 67"
    assert lan.out("pc", "ip -4 addr show eth0") == ""
    lan.out("srv", "systemctl start isc-dhcp-server")
    lan.wait(400)
    assert "10.0.0.100/24" in lan.out("pc", "ip -4 addr show eth0")


def test_a_lease_of_last_time_is_asked_for_again_init_reboot_rfc_2131_3_2():
    lan = network()
    lan.run("pc", ONCE)
    lan.run("pc", "dhclient -x eth0; ip addr flush dev eth0")
    lines = said(lan.run("pc", ONCE))
    assert lines[:2] == [
        "DHCPREQUEST for 10.0.0.100 on eth0 to 255.255.255.255 port 67",
        "DHCPACK of 10.0.0.100 from 10.0.0.1",
    ]


def test_an_authoritative_server_says_no_to_an_address_of_another_net_rfc_2131_4_3_2():
    lan = network()
    lan.write(
        "pc",
        "/var/lib/dhcp/dhclient.leases",
        'lease {\n  interface "eth0";\n  fixed-address 192.168.7.7;\n'
        "  option dhcp-server-identifier 192.168.7.1;\n  option dhcp-lease-time 600;\n"
        "  renew 1 2030/01/05 09:05:00;\n  rebind 1 2030/01/05 09:08:45;\n"
        "  expire 1 2030/01/05 09:10:00;\n}\n",
    )
    lines = said(lan.run("pc", ONCE))
    assert lines[:2] == [
        "DHCPREQUEST for 192.168.7.7 on eth0 to 255.255.255.255 port 67",
        "DHCPNAK from 10.0.0.1",
    ]
    assert lines[-2] == "DHCPACK of 10.0.0.100 from 10.0.0.1"
    assert "wrong network." in log(lan)


def test_a_released_address_is_free_again_rfc_2131_4_4_6():
    lan = network("10.0.0.100 10.0.0.100")
    lan.run("pc", ONCE)
    assert lan.run("pc2", ONCE).status == 2
    lines = said(lan.run("pc", "dhclient -v -r eth0"))
    assert lines == ["DHCPRELEASE of 10.0.0.100 on eth0 to 10.0.0.1 port 67"]
    assert lan.out("pc", "ip -4 addr show eth0") == ""
    assert lan.run("pc2", ONCE).status == 0
    assert "DHCPRELEASE of 10.0.0.100 from" in log(lan)


def test_an_exhausted_range_offers_nothing():
    lan = network("10.0.0.100 10.0.0.101")
    assert [lan.run(host, ONCE).status for host in ("pc", "pc2", "pc3")] == [0, 0, 2]
    result = lan.run("pc3", ONCE)
    assert said(result)[-1] == "No DHCPOFFERS received."
    assert b"Unable to obtain a lease on first try.  Exiting.\n" in result.stderr
    assert "network 10.0.0.0/24: no free leases" in log(lan)


def test_a_reserved_address_is_the_hosts_own():
    lan = network()
    mac = lan.out("pc2", "ip -o link show eth0").split("link/ether ")[1].split()[0]
    host = f"host printer {{ hardware ethernet {mac}; fixed-address 10.0.0.9; }}"
    lan.write("srv", "/etc/dhcp/dhcpd.conf", CONFIG.format(range="10.0.0.9 10.0.0.20", more=host))
    lan.out("srv", "systemctl restart isc-dhcp-server")
    assert said(lan.run("pc2", ONCE))[1] == "DHCPOFFER of 10.0.0.9 from 10.0.0.1"
    assert said(lan.run("pc", ONCE))[1] == "DHCPOFFER of 10.0.0.10 from 10.0.0.1"


def test_an_address_in_use_is_pinged_and_not_offered_rfc_2131_2_2():
    lan = network()
    lan.out("pc3", "ip addr add 10.0.0.100/24 dev eth0; ip link set eth0 up")
    assert said(lan.run("pc", ONCE))[1] == "DHCPOFFER of 10.0.0.101 from 10.0.0.1"
    assert "Abandoning IP address 10.0.0.100: pinged before offer" in log(lan)


def test_where_every_address_answers_each_is_pinged_once_and_nothing_is_offered():
    lan = network(range="10.0.0.100 10.0.0.101")
    lan.out("pc3", "ip link set eth0 up; ip addr add 10.0.0.100/24 dev eth0")
    lan.out("pc3", "ip addr add 10.0.0.101/24 dev eth0")
    lan.write("pc", "/etc/dhcp/dhclient.conf", "timeout 3;\n")
    assert said(lan.run("pc", ONCE))[-1] == "No DHCPOFFERS received."
    assert log(lan).count(": pinged before offer") == 2


def test_a_client_declines_an_address_that_answers_arp_rfc_2131_4_4_1():
    lan = network(more="ping-check false;")
    lan.out("pc3", "ip addr add 10.0.0.100/24 dev eth0; ip link set eth0 up")
    lines = said(lan.run("pc", ONCE))
    assert "DHCPDECLINE of 10.0.0.100 on eth0 to 255.255.255.255 port 67" in lines
    assert lines[-2] == "DHCPACK of 10.0.0.101 from 10.0.0.1"
    assert "Abandoning IP address 10.0.0.100: declined." in log(lan)


def test_of_two_servers_one_is_chosen_and_the_other_takes_its_offer_back():
    lan = network(more="ping-check false;")
    rogue = CONFIG.format(range="10.0.0.66 10.0.0.70", more="ping-check false;")
    lan.write("pc3", "/etc/dhcp/dhcpd.conf", rogue.replace("routers 10.0.0.1", "routers 10.0.0.3"))
    lan.out(
        "pc3",
        "ip addr add 10.0.0.3/24 dev eth0; ip link set eth0 up; systemctl start isc-dhcp-server",
    )
    lines = said(lan.run("pc", ONCE))
    server = lines[1].split()[-1]
    other = {"10.0.0.1": "pc3", "10.0.0.3": "srv"}[server]
    gateway = {"10.0.0.1": "10.0.0.1", "10.0.0.3": "10.0.0.3"}[server]
    assert lan.out("pc", "ip route show default") == f"default via {gateway} dev eth0 \n"
    assert "wrong server" in lan.out(other, "journalctl -o cat -u isc-dhcp-server")


def test_a_rogue_server_is_kept_out_by_reject():
    lan = network(serve=False)
    lan.write("pc3", "/etc/dhcp/dhcpd.conf", CONFIG.format(range="10.0.0.66 10.0.0.70", more=""))
    lan.out(
        "pc3",
        "ip addr add 10.0.0.3/24 dev eth0; ip link set eth0 up; systemctl start isc-dhcp-server",
    )
    lan.write("pc", "/etc/dhcp/dhclient.conf", "timeout 10; reject 10.0.0.3;\n")
    result = lan.run("pc", ONCE)
    assert result.status == 2
    assert b"DHCPOFFER from 10.0.0.3 rejected.\n" in result.stderr


def test_leases_outlive_the_server():
    lan = network()
    lan.run("pc", ONCE)
    lan.out("srv", "systemctl restart isc-dhcp-server")
    assert said(lan.run("pc2", ONCE))[1] == "DHCPOFFER of 10.0.0.101 from 10.0.0.1"
    assert "Wrote 1 leases to leases file." in log(lan)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.1.1 10.0.1.2; }",
         "/etc/dhcp/dhcpd.conf line 1: Address range not on net."),
        ("subnet 10.0.0.1 netmask 255.255.255.0 { }",
         "/etc/dhcp/dhcpd.conf line 1: subnet number/mask mismatch."),
        ("option nonsense 3;", "/etc/dhcp/dhcpd.conf line 1: unknown option dhcp.nonsense"),
        ("authoritative", "/etc/dhcp/dhcpd.conf line 1: semicolon expected."),
        ("}", "/etc/dhcp/dhcpd.conf line 1: unexpected right brace."),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_refused(text: str, complaint: str):
    lan = Lan({"srv": {"eth0": "lan 10.0.0.1/24"}})
    lan.write("srv", "/etc/dhcp/dhcpd.conf", text)
    result = lan.run("srv", "dhcpd -t")
    assert (result.status, result.stderr.decode().split("\n")[0]) == (1, complaint)


def test_equal_seeds_give_equal_conversations():
    first, second = (said(network(seed=3).run("pc", ONCE)) for _ in range(2))
    assert first == second
