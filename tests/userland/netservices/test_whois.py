"""whois and whoisd (RFC 3912): registry, provider, customer."""

from __future__ import annotations

import pytest

from minios.testing import Box
from minios.userland.bin.whois.database import BadData, Database, parse
from minios.userland.bin.whois.server import answer
from tests.userland.netservices.lan import Lan

REGISTRY = """\
% the registry's own data
inetnum: 203.0.113.0/24
netname: REGISTRY-NET
status: ALLOCATED UNSPECIFIED
source: RIPE

inetnum: 203.0.113.0 - 203.0.113.127
netname: ISP-ONE
org: ORG-ISP1
admin-c: AB1-RIPE
status: ALLOCATED PA
refer: whois.isp.test
source: RIPE

organisation: ORG-ISP1
org-name: ISP One Ltd
abuse-mailbox: abuse@isp.test
e-mail: boss@isp.test
source: RIPE

person: Ann Bee
nic-hdl: AB1-RIPE
phone: +1 555
source: RIPE

route: 203.0.113.0/25
origin: AS64500
source: RIPE
"""
CUSTOMERS = """\
inetnum: 203.0.113.16 - 203.0.113.23
netname: CUSTOMER-7
descr: a small shop
+ with a second line
status: ASSIGNED PA
source: RIPE
"""


def found(line: str, attribute: str = "netname") -> list[str]:
    """The values of an attribute in an answer."""
    text = answer(Database(parse(REGISTRY + "\n" + CUSTOMERS, "f")), line)
    lines = [row.partition(":") for row in text.split("\n")]
    return [value.strip() for key, _, value in lines if key == attribute]


def test_the_smallest_range_around_an_address_answers():
    assert found("203.0.113.17") == ["CUSTOMER-7"]
    assert found("203.0.113.99") == ["ISP-ONE"]
    assert found("203.0.113.200") == ["REGISTRY-NET"]
    assert found("192.0.2.1") == []


def test_the_hierarchy_is_shown_by_l_m_and_x():
    assert found("-L 203.0.113.17") == ["REGISTRY-NET", "ISP-ONE", "CUSTOMER-7"]
    assert found("-T inetnum -m 203.0.113.0/24") == ["ISP-ONE"]
    assert found("-T inetnum -M 203.0.113.0/24") == ["ISP-ONE", "CUSTOMER-7"]
    assert found("-x 203.0.113.0 - 203.0.113.127") == ["ISP-ONE"]
    assert found("-x 203.0.113.0/26") == []


def test_contacts_come_along_unless_r_is_given():
    assert found("203.0.113.99", "org-name") == ["ISP One Ltd"]
    assert found("203.0.113.99", "person") == ["Ann Bee"]
    assert found("-r 203.0.113.99", "person") == []
    assert found("Ann Bee", "nic-hdl") == ["AB1-RIPE"]


def test_mail_addresses_are_filtered_unless_b_is_given():
    assert found("ORG-ISP1", "e-mail") == []
    assert found("ORG-ISP1", "source") == ["RIPE # Filtered"]
    assert found("-B ORG-ISP1", "e-mail") == ["boss@isp.test"]


def test_inverse_queries():
    assert found("-i org ORG-ISP1") == ["ISP-ONE"]
    assert found("-i origin AS64500", "route") == ["203.0.113.0/25"]


def test_an_answer_reads_as_ripes():
    text = answer(Database(parse(CUSTOMERS, "f")), "203.0.113.17")
    assert text.startswith("% A registry of addresses.")
    assert (
        "% Information related to '203.0.113.16 - 203.0.113.23'\n\n"
        "inetnum:        203.0.113.16 - 203.0.113.23\nnetname:        CUSTOMER-7\n"
        "descr:          a small shop with a second line\n"
    ) in text
    assert "%ERROR:101: no entries found\n" in answer(Database([]), "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inetnum: 10.0.0.9 - 10.0.0.1\n", "f:1: not a range: 10.0.0.9 - 10.0.0.1"),
        ("nonsense: 1\n", "f:1: unknown class of object 'nonsense'"),
        ("person: A\nno colon here\n", "f:2: not an attribute: no colon here"),
    ],
)
def test_broken_data_is_pointed_at(text: str, said: str):
    with pytest.raises(BadData) as caught:
        parse(text, "f")
    assert str(caught.value) == said


def test_a_referral_leads_to_the_providers_own_server():
    lan = Lan({
        "pc": {"eth0": "lan 10.0.0.2/24"},
        "iana": {"eth0": "lan 10.0.0.3/24"},
        "isp": {"eth0": "lan 10.0.0.4/24"},
    })  # fmt: skip
    lan.write("iana", "/etc/whois/registry.db", REGISTRY)
    lan.write("isp", "/etc/whois/customers.db", CUSTOMERS)
    for host in ("iana", "isp"):
        lan.out(host, "systemctl start whoisd")
    lan.out("pc", "echo '10.0.0.3 whois.iana.org\n10.0.0.4 whois.isp.test' >> /etc/hosts")
    text = lan.out("pc", "whois 203.0.113.17 | grep -e netname -e referral")
    assert text == (
        "netname:        ISP-ONE\nFound a referral to whois.isp.test.\nnetname:        CUSTOMER-7\n"
    )
    lan.out("pc", "echo '203.0.113.0/24 10.0.0.4' > /etc/whois.conf")
    assert "CUSTOMER-7" in lan.out("pc", "whois 203.0.113.17")
    log = lan.out("isp", "journalctl -o cat -t whoisd")
    assert "10.0.0.2: 203.0.113.17\n" in log


def test_without_a_server_it_says_why():
    box = Box(user="root")
    assert box.run("whois -h 127.0.0.1 x")[::2] == (2, b"connect: Connection refused\n")
    assert box.run("whois -h nowhere x")[::2] == (
        2, b"getaddrinfo(nowhere): Temporary failure in name resolution\n",
    )  # fmt: skip
