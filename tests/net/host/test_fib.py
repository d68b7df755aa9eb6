"""Routing tables: the longest match, metrics, rules, and the routes that follow from addresses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minios.abi.errno import Errno
from minios.abi.inet import mask, parse_ip, prefix_text
from minios.net.host import fib
from minios.net.host.address import Address
from minios.net.host.fib import Fib, Route, Rule
from tests.net.rig import Rig, S

PREFIXES = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 3)).map(
    lambda p: (p[0] & mask(p[1]), p[1], p[2])
)
NEAR = st.integers(0, 255).map(lambda low: 0x0A00_0000 | low)
CLOSE = st.tuples(NEAR, st.integers(20, 32), st.integers(0, 3)).map(
    lambda p: (p[0] & mask(p[1]), p[1], p[2])
)


class Dev:
    """As much of a device as a table needs."""

    def __init__(self, name: str) -> None:
        self.name = name


def best(entries: list[tuple[int, int, int]], dst: int) -> tuple[int, int, int] | None:
    """RFC 1812 5.2.4.3 by trying every route: the longest prefix, then the lowest metric."""
    fitting = [entry for entry in entries if (dst ^ entry[0]) & mask(entry[1]) == 0]
    return max(fitting, key=lambda entry: (entry[1], -entry[2]), default=None)


@given(
    st.lists(PREFIXES | CLOSE, unique=True, max_size=40),
    st.lists(NEAR | st.integers(0, 2**32 - 1), max_size=20),
    st.data(),
)
def test_the_longest_prefix_wins_and_then_the_lowest_metric(
    entries: list[tuple[int, int, int]], asked: list[int], data: st.DataObject
) -> None:
    tables = Fib()
    dev: Any = Dev("eth0")
    routes = [Route(dst, plen, dev, priority=metric) for dst, plen, metric in entries]
    for route in routes:
        tables.insert(route)
    for goal in asked + [entry[0] for entry in entries]:
        assert _found(tables, goal) == best(entries, goal)
    gone = data.draw(st.sets(st.sampled_from(range(len(entries))))) if entries else set()
    for index in gone:
        tables.remove(routes[index])
    left = [entry for index, entry in enumerate(entries) if index not in gone]
    for goal in asked + [entry[0] for entry in entries]:
        assert _found(tables, goal) == best(left, goal)
    assert tables.count == len(left)


def _found(tables: Fib, dst: int) -> tuple[int, int, int] | None:
    route = tables.lookup(dst)
    return (route.dst, route.plen, route.priority) if isinstance(route, Route) else None


@given(st.lists(PREFIXES | CLOSE, unique=True, max_size=30))
def test_a_table_lists_its_routes_by_address_and_length(
    entries: list[tuple[int, int, int]],
) -> None:
    tables = Fib()
    dev: Any = Dev("eth0")
    for dst, plen, metric in entries:
        tables.insert(Route(dst, plen, dev, priority=metric))
    listed = [(r.dst, r.plen, r.priority) for r in tables.table(fib.TABLE_MAIN)]
    assert listed == sorted(entries)


def test_a_dead_route_and_one_of_another_device_do_not_match() -> None:
    tables = Fib()
    one: Any = Dev("eth0")
    other: Any = Dev("eth1")
    dead = Route(0x0A00_0000, 8, one)
    dead.flags = fib.RTNH_F_DEAD
    tables.insert(dead)
    tables.insert(Route(0, 0, other))
    assert tables.lookup(0x0A00_0001) is tables.table(254).prefix(0, 0)[0]
    assert tables.lookup(0x0B00_0001, oif="eth0") == Errno.ENETUNREACH


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (fib.BLACKHOLE, Errno.EINVAL), (fib.UNREACHABLE, Errno.EHOSTUNREACH),
        (fib.PROHIBIT, Errno.EACCES), (fib.THROW, Errno.ENETUNREACH),
    ],
)  # fmt: skip
def test_routes_that_lead_nowhere_say_why(kind: int, number: Errno) -> None:
    """ip-route(8)."""
    tables = Fib()
    tables.insert(Route(0x0A00_0000, 8, None, type=kind))
    assert tables.lookup(0x0A00_0001) == number


def test_a_thrown_look_up_goes_on_in_the_next_table() -> None:
    tables = Fib()
    dev: Any = Dev("eth0")
    tables.insert_rule(Rule(100, 7), 1)
    tables.insert(Route(0x0A00_0000, 8, None, type=fib.THROW, table=7))
    tables.insert(Route(0, 0, dev))
    found = tables.lookup(0x0A00_0001)
    assert isinstance(found, Route) and found.table == fib.TABLE_MAIN


def test_local_and_main_are_one_table_until_somebody_adds_a_rule() -> None:
    """Linux merges them (fib_unmerge): a longer prefix of main wins over a local network."""
    tables = Fib()
    dev: Any = Dev("lo")
    tables.insert(Route(0x0A00_0000, 24, dev, type=fib.LOCAL, table=fib.TABLE_LOCAL))
    tables.insert(Route(0x0A00_0003, 32, dev))
    found = tables.lookup(0x0A00_0003)
    assert isinstance(found, Route) and found.table == fib.TABLE_MAIN
    rule = Rule(100, 7)
    tables.insert_rule(rule, 1)
    tables.remove_rule(rule)
    found = tables.lookup(0x0A00_0003)
    assert isinstance(found, Route) and found.table == fib.TABLE_LOCAL


def test_rules_choose_the_table_by_source_and_device() -> None:
    """ip-rule(8)."""
    tables = Fib()
    dev: Any = Dev("eth0")
    tables.insert_rule(Rule(100, 7, src=0xC0A8_0000, src_len=16), 1)
    tables.insert_rule(Rule(101, 8, iif="eth1"), 2)
    for number in (7, 8, fib.TABLE_MAIN):
        tables.insert(Route(0, 0, dev, table=number))

    def table(**flow: Any) -> int:
        found = tables.lookup(0x0808_0808, **flow)
        assert isinstance(found, Route)
        return found.table

    assert table(src=0xC0A8_0101) == 7
    assert table(src=0x0A00_0001, iif="eth1") == 8
    assert table(src=0x0A00_0001) == fib.TABLE_MAIN


# -- what follows from addresses -----------------------------------------------------------------


def listed(stack: Any) -> list[str]:
    """Local and main routes of everything but lo, in a short form."""
    return [
        f"{fib.TYPES[r.type]} {prefix_text(r.dst, r.plen)} {r.dev.name if r.dev else '-'}"
        for number in (fib.TABLE_MAIN, fib.TABLE_LOCAL)
        for r in stack.routes.table(number)
        if r.dev is not stack.lo
    ]


def test_an_address_brings_its_local_network_and_broadcast_routes() -> None:
    """fib_add_ifaddr: no route for the network's own address since Linux 5.14."""
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24")
    assert listed(host) == [
        "unicast 10.0.0.0/24 eth0", "local 10.0.0.1/32 eth0", "broadcast 10.0.0.255/32 eth0",
    ]  # fmt: skip


def test_a_device_that_is_down_keeps_only_its_local_routes() -> None:
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24", gateway="10.0.0.9")
    host.set_up("eth0", False)
    assert listed(host) == ["local 10.0.0.1/32 eth0"]
    host.set_up("eth0")
    assert listed(host) == [
        "unicast 10.0.0.0/24 eth0", "local 10.0.0.1/32 eth0", "broadcast 10.0.0.255/32 eth0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prefixlen", "routes"),
    [
        (31, ["unicast 10.0.0.0/31 eth0", "local 10.0.0.1/32 eth0"]),
        (32, ["local 10.0.0.1/32 eth0"]),
    ],
)
def test_point_to_point_networks_have_no_broadcast(prefixlen: int, routes: list[str]) -> None:
    """RFC 3021."""
    rig = Rig()
    host = rig.host("pc", eth0=f"10.0.0.1/{prefixlen}")
    assert listed(host) == routes


def test_a_second_address_of_a_network_is_secondary_and_goes_with_the_first() -> None:
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24 10.0.0.2/24 10.1.0.1/16")
    dev = host.devices["eth0"]
    assert [(str(a), a.secondary) for a in dev.addresses] == [
        ("10.0.0.1/24", False), ("10.1.0.1/16", False), ("10.0.0.2/24", True),
    ]  # fmt: skip
    host.inet.remove(dev, dev.addresses[0])
    assert [str(a) for a in dev.addresses] == ["10.1.0.1/16"]


def test_with_promote_secondaries_the_next_one_takes_over() -> None:
    rig = Rig()
    host = rig.host(
        "pc", eth0="10.0.0.1/24 10.0.0.2/24", sysctl={"conf.all.promote_secondaries": 1}
    )
    dev = host.devices["eth0"]
    host.inet.remove(dev, dev.addresses[0])
    assert [(str(a), a.secondary) for a in dev.addresses] == [("10.0.0.2/24", False)]
    assert listed(host) == [
        "unicast 10.0.0.0/24 eth0", "local 10.0.0.2/32 eth0", "broadcast 10.0.0.255/32 eth0",
    ]  # fmt: skip


def test_the_last_address_takes_all_routes_of_the_device_with_it() -> None:
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24", gateway="10.0.0.9")
    dev = host.devices["eth0"]
    host.inet.remove(dev, dev.addresses[0])
    assert listed(host) == []
    with pytest.raises(OSError) as err:
        host.route(parse_ip("10.0.0.9"))
    assert err.value.errno == Errno.ENETUNREACH


def test_an_address_with_a_lifetime_ends_by_itself() -> None:
    rig = Rig()
    host = rig.host("pc", eth0="")
    dev = host.devices["eth0"]
    host.inet.add(dev, Address(parse_ip("10.0.0.1"), 24, valid=100, preferred=50))
    rig.run(99 * S)
    host.inet.add(dev, Address(parse_ip("10.0.0.1"), 24, valid=100, preferred=50), replace=True)
    rig.run(198 * S)
    assert [str(a) for a in dev.addresses] == ["10.0.0.1/24"]
    rig.run(199 * S)
    assert dev.addresses == []
    assert listed(host) == []


def test_the_source_address_is_of_the_network_of_the_next_hop() -> None:
    """inet_select_addr; RFC 1122 3.3.4.3."""
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24 10.5.0.1/16", eth1="192.168.0.1/24")
    host.add_route(0, 0, parse_ip("10.5.0.9"))
    expected = {
        "10.0.0.7": "10.0.0.1", "10.5.3.3": "10.5.0.1", "192.168.0.7": "192.168.0.1",
        "8.8.8.8": "10.5.0.1", "127.0.0.1": "127.0.0.1", "10.0.0.1": "10.0.0.1",
    }  # fmt: skip
    for dst, src in expected.items():
        assert host.route(parse_ip(dst)).src == parse_ip(src), dst


def test_a_kept_decision_is_void_after_a_change() -> None:
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24", gateway="10.0.0.9")
    before = host.route(parse_ip("8.8.8.8"))
    assert host.route(parse_ip("8.8.8.8")) is before
    host.add_route(parse_ip("8.0.0.0"), 8, parse_ip("10.0.0.8"))
    assert before.generation != host.routes.generation
    assert host.route(parse_ip("8.8.8.8")).gateway == parse_ip("10.0.0.8")


def test_caches_of_decisions_are_bounded() -> None:
    rig = Rig()
    host = rig.host("pc", eth0="10.0.0.1/24", gateway="10.0.0.9", forwarding=True)
    for number in range(10_000):
        host.route(0x0800_0000 + number)
        host.routes.input(0x0800_0000 + number, 0x0900_0000, host.devices["eth0"])
    assert len(host.routes.outputs) <= 4096
    assert len(host.devices["eth0"].inputs) <= 4096
