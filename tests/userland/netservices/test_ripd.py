"""RIP version 2 between routers (RFC 2453)."""

from __future__ import annotations

import pytest

from minios.net.wire.rip import INFINITY, Entry
from minios.userland.bin.ripd.config import BadConfig, parse
from minios.userland.bin.ripd.table import Table, valid
from tests.userland.netservices.lan import Lan

SECOND = 1_000_000_000
NEIGHBOUR, OTHER = 0x0A000002, 0x0A000003
NET, MASK = 0x0A010000, 0xFFFF0000


def table() -> Table:
    return Table(180 * SECOND, 120 * SECOND)


def told(metric: int) -> Entry:
    return Entry(NET, MASK, metric)


def test_a_step_is_added_to_what_is_told_rfc_2453_3_9_2():
    one = table()
    route = one.learn(told(3), NEIGHBOUR, 1, 0)
    assert route is not None
    assert (route.prefix, route.metric, route.gateway) == ((NET, 16), 4, NEIGHBOUR)
    assert one.learn(told(16), OTHER, 1, 0) is None


def test_a_shorter_way_wins_and_an_equal_one_does_not():
    one = table()
    one.learn(told(3), NEIGHBOUR, 1, 0)
    assert one.learn(told(3), OTHER, 2, 0) is None
    route = one.learn(told(2), OTHER, 2, 0)
    assert route is not None
    assert (route.gateway, route.metric) == (OTHER, 3)


def test_who_told_of_a_route_may_make_it_worse_rfc_2453_3_9_2():
    one = table()
    one.learn(told(1), NEIGHBOUR, 1, 0)
    route = one.learn(told(7), NEIGHBOUR, 1, SECOND)
    assert route is not None
    assert route.metric == 8
    route = one.learn(told(INFINITY), NEIGHBOUR, 1, 2 * SECOND)
    assert route is not None
    assert (route.metric, route.gone) == (INFINITY, 122 * SECOND)


def test_a_route_times_out_after_180_s_and_is_forgotten_120_s_later_rfc_2453_3_8():
    one = table()
    one.learn(told(1), NEIGHBOUR, 1, 0)
    one.learn(told(1), NEIGHBOUR, 1, 30 * SECOND)
    assert one.next_event() == 210 * SECOND
    assert one.expire(209 * SECOND) == ([], [])
    ended, forgotten = one.expire(210 * SECOND)
    assert ([r.metric for r in ended], forgotten) == ([INFINITY], [])
    assert [r.prefix for r in one.expire(330 * SECOND)[1]] == [(NET, 16)]
    assert one.routes == {}


def test_what_was_learnt_on_an_interface_is_told_there_as_unreachable_rfc_2453_3_4_3():
    one = table()
    one.learn(told(1), NEIGHBOUR, 1, 0)
    assert [entry.metric for entry in one.advertise(1)] == [INFINITY]
    assert [entry.metric for entry in one.advertise(2)] == [2]
    assert one.advertise(1, poison=False) == []


@pytest.mark.parametrize(
    "entry",
    [
        Entry(0x7F000000, 0xFF000000, 1), Entry(0xE0000000, 0xF0000000, 1), Entry(NET, MASK, 0),
        Entry(NET, MASK, 17), Entry(NET, 0xFF00FF00, 1), Entry(NET + 1, MASK, 1),
        Entry(NET, MASK, 1, family=0), Entry(0x00010000, MASK, 1),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_not_believed_rfc_2453_3_9_2(entry: Entry):
    assert valid(entry) is None


def test_the_default_route_is_0_0_0_0():
    assert valid(Entry(0, 0, 1)) == (0, 0)


def test_a_wrong_configuration_is_pointed_at():
    with pytest.raises(BadConfig, match=r"f:2: unknown command: netwrok 10\.0\.0\.0/8"):
        parse("router rip\n netwrok 10.0.0.0/8\n", "f")


def line() -> Lan:
    """Three routers in a row and a host at each end."""
    lan = Lan({
        "pc": {"eth0": "a 10.1.0.2/24"},
        "r1": {"eth0": "a 10.1.0.1/24", "eth1": "b 10.2.0.1/24"},
        "r2": {"eth0": "b 10.2.0.2/24", "eth1": "c 10.3.0.2/24"},
        "r3": {"eth0": "c 10.3.0.3/24", "eth1": "d 10.4.0.1/24"},
        "web": {"eth0": "d 10.4.0.2/24"},
    })  # fmt: skip
    for router in ("r1", "r2", "r3"):
        lan.write(router, "/etc/ripd.conf", "router rip\n version 2\n network 10.0.0.0/8\n")
        lan.out(router, "systemctl start ripd")
    lan.out("pc", "ip route add default via 10.1.0.1")
    lan.out("web", "ip route add default via 10.4.0.1")
    lan.wait(20)
    return lan


LEARNT = "ip route show proto rip"


def test_routers_learn_of_all_networks_and_hosts_reach_each_other():
    lan = line()
    assert lan.out("r1", LEARNT) == (
        "10.3.0.0/24 via 10.2.0.2 dev eth1 metric 20 \n"
        "10.4.0.0/24 via 10.2.0.2 dev eth1 metric 20 \n"
    )
    assert lan.out("r3", LEARNT) == (
        "10.1.0.0/24 via 10.3.0.2 dev eth0 metric 20 \n"
        "10.2.0.0/24 via 10.3.0.2 dev eth0 metric 20 \n"
    )
    assert "ttl=61" in lan.out("pc", "ping -c1 10.4.0.2")


def test_an_unplugged_network_is_told_of_within_seconds_triggered_updates_rfc_2453_3_10_1():
    lan = line()
    lan.links["r3.eth1"].unplug()
    lan.wait(11)
    assert lan.out("r1", LEARNT) == "10.3.0.0/24 via 10.2.0.2 dev eth1 metric 20 \n"
    lan.links["r3.eth1"].plug()
    lan.wait(11)
    assert "10.4.0.0/24" in lan.out("r1", LEARNT)


def test_a_silent_neighbours_routes_time_out_after_three_minutes():
    lan = line()
    lan.links["r3.eth0"].unplug()
    lan.links["r3.eth0"].plug()
    lan.out("r3", "kill -STOP $(pidof ripd)")
    lan.wait(140)
    assert "10.4.0.0/24" in lan.out("r1", LEARNT)
    lan.wait(90)
    assert lan.out("r1", LEARNT) == "10.3.0.0/24 via 10.2.0.2 dev eth1 metric 20 \n"


def test_who_stops_says_so():
    lan = line()
    lan.out("r3", "systemctl stop ripd")
    lan.wait(12)
    assert "10.4.0.0/24" not in lan.out("r1", LEARNT)
    assert lan.out("r3", LEARNT) == ""


def test_a_default_route_is_handed_on():
    lan = line()
    lan.write(
        "r3", "/etc/ripd.conf",
        "router rip\n network eth0\n passive-interface eth1\n default-information originate\n"
        " redistribute connected\n timers basic 10 60 40\n",
    )  # fmt: skip
    lan.out("r3", "systemctl restart ripd")
    lan.wait(40)
    assert lan.out("r1", "ip route show default") == (
        "default via 10.2.0.2 dev eth1 proto rip metric 20 \n"
    )
    assert "10.4.0.0/24" in lan.out("r1", LEARNT)


def test_a_response_from_another_port_is_ignored_rfc_2453_3_9_2():
    lan = line()
    data = r"\002\002\000\000\000\002\000\000\012\011\000\000\377\377\000\000\000\000\000\000"
    lan.run("pc", f"printf '{data}\\000\\000\\000\\001' | nc -u -w1 -p 5000 10.1.0.1 520")
    assert "10.9.0.0" not in lan.out("r1", "ip route")
    assert "response from 10.1.0.2 port 5000 ignored" in lan.out("r1", "journalctl -o cat -t ripd")
