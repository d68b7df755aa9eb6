"""Who may have which port: bind(2), socket(7), ip(7)."""

import pytest

from minios.abi.errno import Errno
from minios.net.transport.portspace import PortSpace
from minios.sim.world import SECOND, World

TCP, UDP = 6, 17
HERE, THERE = 0x0A000001, 0x0A000002


@pytest.fixture
def space() -> PortSpace:
    return PortSpace(World(1), "pc")


def refused(number: Errno):
    return pytest.raises(OSError, check=lambda err: err.errno == number)


def test_a_port_has_one_owner(space: PortSpace) -> None:
    space.bind(TCP, HERE, 80)
    with refused(Errno.EADDRINUSE):
        space.bind(TCP, HERE, 80)


def test_tcp_and_udp_have_ports_of_their_own(space: PortSpace) -> None:
    space.bind(TCP, HERE, 53)
    assert space.bind(UDP, HERE, 53).port == 53


def test_two_addresses_of_a_host_have_a_port_each_and_the_wildcard_conflicts_with_both(
    space: PortSpace,
) -> None:
    space.bind(TCP, HERE, 80)
    space.bind(TCP, THERE, 80)
    with refused(Errno.EADDRINUSE):
        space.bind(TCP, 0, 80)


def test_two_devices_have_a_port_each(space: PortSpace) -> None:
    space.bind(UDP, 0, 67, device="eth0")
    space.bind(UDP, 0, 67, device="eth1")
    with refused(Errno.EADDRINUSE):
        space.bind(UDP, 0, 67)


def test_a_released_port_is_free(space: PortSpace) -> None:
    space.release(space.bind(TCP, HERE, 80))
    assert space.bind(TCP, HERE, 80).port == 80


def test_so_reuseaddr_lets_two_bind_but_only_one_listen(space: PortSpace) -> None:
    one = space.bind(TCP, 0, 80, reuse=True)
    two = space.bind(TCP, 0, 80, reuse=True)
    space.listen(one)
    with refused(Errno.EADDRINUSE):
        space.listen(two)
    with refused(Errno.EADDRINUSE):
        space.bind(TCP, 0, 80, reuse=True)


def test_so_reuseaddr_must_be_set_by_both(space: PortSpace) -> None:
    space.bind(TCP, 0, 80)
    with refused(Errno.EADDRINUSE):
        space.bind(TCP, 0, 80, reuse=True)


def test_udp_shares_a_port_by_so_reuseaddr(space: PortSpace) -> None:
    space.bind(UDP, 0, 5353, reuse=True)
    assert space.bind(UDP, 0, 5353, reuse=True).port == 5353


def test_so_reuseport_shares_among_listeners_of_one_user(space: PortSpace) -> None:
    space.listen(space.bind(TCP, 0, 80, reuseport=True, uid=33))
    space.listen(space.bind(TCP, 0, 80, reuseport=True, uid=33))
    with refused(Errno.EADDRINUSE):
        space.bind(TCP, 0, 80, reuseport=True, uid=34)


def test_a_restarted_server_binds_beside_its_old_connections_with_so_reuseaddr_only(
    space: PortSpace,
) -> None:
    listener = space.bind(TCP, 0, 80, reuse=True)
    space.listen(listener)
    space.share(listener)
    space.release(listener)
    with refused(Errno.EADDRINUSE):
        space.bind(TCP, 0, 80)
    space.listen(space.bind(TCP, 0, 80, reuse=True))


def test_time_wait_holds_a_port_until_it_is_over() -> None:
    world = World(1)
    space = PortSpace(world, "pc")
    space.bind(TCP, 0, 80).expires = 60 * SECOND
    world.run_until(60 * SECOND - 1)
    with refused(Errno.EADDRINUSE):
        space.bind(TCP, 0, 80)
    world.run_until(60 * SECOND)
    assert space.bind(TCP, 0, 80).port == 80


def test_ephemeral_ports_are_of_the_range_and_of_different_parity(space: PortSpace) -> None:
    asked = [space.bind(UDP, 0, 0).port for _ in range(200)]
    chosen = [space.connect(TCP, HERE, lambda _: True).port for _ in range(200)]
    assert len(set(asked)) == 200
    assert all(32768 <= port <= 60999 for port in asked + chosen)
    assert all(port % 2 for port in asked)
    assert not any(port % 2 for port in chosen)


def test_equal_seeds_give_equal_ports_and_other_hosts_others() -> None:
    first, again, other = (
        [space.bind(UDP, 0, 0).port for _ in range(5)]
        for space in (
            PortSpace(World(1), "pc"), PortSpace(World(1), "pc"), PortSpace(World(1), "gw")
        )
    )  # fmt: skip
    assert first == again != other


def test_exhausted_bind_gives_eaddrinuse_and_connect_eaddrnotavail(space: PortSpace) -> None:
    space.low, space.high = 40000, 40004
    assert sorted(space.bind(UDP, 0, 0).port for _ in range(4)) == [40000, 40001, 40002, 40003]
    with refused(Errno.EADDRINUSE):
        space.bind(UDP, 0, 0)
    for port in range(40000, 40004):
        space.bind(TCP, 0, port)
    with refused(Errno.EADDRNOTAVAIL):
        space.connect(TCP, HERE, lambda _: True)


def test_connections_to_different_places_share_a_local_port(space: PortSpace) -> None:
    space.low, space.high = 40000, 40001
    space.bind(TCP, 0, 40001)
    assert [space.connect(TCP, HERE, lambda _: True).port for _ in range(3)] == [40000] * 3
    with refused(Errno.EADDRNOTAVAIL):
        space.connect(TCP, HERE, lambda _: False)


def test_a_reserved_port_is_had_only_by_asking_for_it(space: PortSpace) -> None:
    space.low, space.high = 40000, 40001
    space.reserved = frozenset({40000})
    assert space.bind(UDP, 0, 0).port == 40001
    assert space.bind(UDP, 0, 40000).port == 40000


def test_the_range_may_be_a_single_port(space: PortSpace) -> None:
    space.low = space.high = 50000
    assert space.bind(UDP, 0, 0).port == 50000
    with refused(Errno.EADDRINUSE):
        space.bind(UDP, 0, 0)
