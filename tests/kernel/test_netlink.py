"""rtnetlink and the requests of ioctl: who may, what is told, and that nonsense does no harm."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minios.abi import netlink as nl
from minios.abi.errno import Errno
from minios.abi.netlink import IfAddr, IfInfo, NdMsg, Nlmsg, RtMsg, messages, parse_error
from minios.kernel.socket.netlink import NetlinkSock, create
from minios.testing import Box
from tests.userland.network.test_recorded import machine


def root_socket(box: Box) -> tuple[Any, NetlinkSock]:
    """A process that is root, and a socket of its own that asks for the kernel's words."""
    kernel = box.machine.kernel
    assert kernel is not None
    pcb = kernel.processes[1]
    sock = create(kernel, pcb, 3, nl.NETLINK_ROUTE)
    sock.setsockopt(pcb, nl.SOL_NETLINK, nl.NETLINK_EXT_ACK, 1)
    return pcb, sock


def ask(box: Box, kind: int, flags: int, body: bytes) -> list[Nlmsg]:
    """The answers to one request of root's."""
    pcb, sock = root_socket(box)
    sock.send(pcb, Nlmsg(kind, flags | nl.NLM_F_REQUEST, 7, 0, body).pack(), 0, None, (), True)
    found = [message for data, _ in sock.queue for message in messages(data)]
    sock.close()
    return found


def refused(box: Box, kind: int, flags: int, body: bytes) -> tuple[int, str]:
    """The errno and the words of a refusal; 0 if it was acknowledged."""
    (answer,) = ask(box, kind, flags | nl.NLM_F_ACK, body)
    assert answer.type == nl.NLMSG_ERROR
    return parse_error(answer)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("ip addr add 10.9.9.9/24 dev eth0", 2, "RTNETLINK answers: Operation not permitted\n"),
        ("ip link set eth0 up", 2, "RTNETLINK answers: Operation not permitted\n"),
        ("ip route add default dev lo", 2, "RTNETLINK answers: Operation not permitted\n"),
        ("ip neigh del 10.0.0.1 dev lo", 2, "RTNETLINK answers: Operation not permitted\n"),
        ("/sbin/ifconfig eth0 mtu 1000", 1, "SIOCSIFMTU: Operation not permitted\n"),
        ("/sbin/route add default dev lo", 7, "SIOCADDRT: Operation not permitted\n"),
        ("/sbin/arp -d 10.0.0.1", 255, "SIOCDARP(dontpub): Operation not permitted\n"),
    ],
)
def test_only_who_has_cap_net_admin_may_configure(command: str, status: int, said: str) -> None:
    """capabilities(7)."""
    box = machine()
    box.user = "player"
    got = box.run(command)
    assert (got.status, got.stderr.decode()) == (status, said)


def test_everybody_may_look() -> None:
    box = machine()
    box.user = "player"
    for command in ("ip addr", "ip route", "ip neigh", "ip rule", "/sbin/ifconfig", "netstat -rn"):
        assert box.run(command).status == 0


def test_every_message_of_a_dump_is_part_of_it_and_done_ends_it() -> None:
    """netlink(7): NLM_F_MULTI and NLMSG_DONE."""
    answers = ask(machine(), nl.RTM_GETLINK, nl.NLM_F_DUMP, IfInfo().pack())
    assert [message.type for message in answers] == [nl.RTM_NEWLINK] * 2 + [nl.NLMSG_DONE]
    assert all(message.flags & nl.NLM_F_MULTI and message.seq == 7 for message in answers)
    assert [nl.string(nl.attributes(m.body[16:])[nl.IFLA_IFNAME]) for m in answers[:2]] == [
        "lo", "eth0",
    ]  # fmt: skip


def test_a_request_is_acknowledged_when_asked_for() -> None:
    box = machine()
    body = IfInfo(ifindex=1).pack() + nl.u32(nl.IFLA_TXQLEN, 5)
    assert ask(box, nl.RTM_SETLINK, 0, body) == []
    assert refused(box, nl.RTM_SETLINK, 0, body) == (0, "")


def test_the_kernel_s_words_come_with_a_refusal() -> None:
    """NLMSGERR_ATTR_MSG, if NETLINK_EXT_ACK is set."""
    body = RtMsg(2, 24, table=254, protocol=3, type=1).pack()
    body += nl.ip(nl.RTA_DST, 0x0102_0300) + nl.ip(nl.RTA_GATEWAY, 0x0909_0909)
    flags = nl.NLM_F_CREATE | nl.NLM_F_EXCL
    assert refused(machine(), nl.RTM_NEWROUTE, flags, body) == (
        Errno.ENETUNREACH, "Nexthop has invalid gateway",
    )  # fmt: skip


def test_a_type_nobody_knows() -> None:
    assert refused(machine(), 100, 0, b"") == (Errno.EOPNOTSUPP, "")


BODIES = st.binary(max_size=200) | st.builds(
    lambda head, rest: head + b"".join(rest),
    st.sampled_from([
        IfInfo(ifindex=2).pack(), IfInfo().pack(), IfInfo(7, ifindex=2).pack(),
        IfAddr(2, 24, ifindex=2).pack(), RtMsg(2, 24, table=254, type=1).pack(),
        RtMsg(2, 0, table=254, type=1).pack(), NdMsg(2, 2, 0x80).pack(), NdMsg(7, 2).pack(),
    ]),
    st.lists(
        st.builds(nl.attribute, st.integers(0, 60), st.binary(max_size=40))
        | st.builds(nl.u32, st.integers(0, 60), st.integers(0, 5)),
        max_size=6,
    ),
)  # fmt: skip


BOX = machine()


def test_an_address_of_the_wrong_length_is_refused() -> None:
    body = RtMsg(2, 32, 0, table=254, type=1).pack() + nl.attribute(nl.FRA_DST, b"12345")
    assert refused(machine(), nl.RTM_NEWRULE, nl.NLM_F_CREATE, body) == (Errno.EINVAL, "")


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(sorted({16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29, 30, 32, 33, 34})),
    st.sampled_from([0, 0x100, 0x200, 0x300, 0x400, 0x500, 0x600, 0x800, 0xC00]), BODIES,
)  # fmt: skip
def test_nonsense_is_refused_and_breaks_nothing(kind: int, flags: int, body: bytes) -> None:
    for answer in ask(BOX, kind, flags | nl.NLM_F_ACK, body):
        assert answer.type in nl.RTM_NAMES
    kernel = BOX.machine.kernel
    assert kernel is not None
    for each in (nl.RTM_GETLINK, nl.RTM_GETADDR, nl.RTM_GETROUTE, nl.RTM_GETNEIGH, nl.RTM_GETRULE):
        dump = ask(BOX, each, nl.NLM_F_DUMP, bytes(16))
        assert dump[-1].type == nl.NLMSG_DONE or dump[-1].type == nl.NLMSG_ERROR
    assert kernel.net.digest()


@given(st.binary(max_size=300))
def test_bytes_that_are_no_messages_are_ignored(data: bytes) -> None:
    pcb, sock = root_socket(BOX)
    assert sock.send(pcb, data, 0, None, (), True) == len(data)
    sock.close()


def test_who_is_in_a_group_hears_of_changes_and_loses_what_does_not_fit() -> None:
    """netlink(7): ENOBUFS."""
    box = machine()
    pcb, sock = root_socket(box)
    sock.bind(pcb, (0, 1 << (nl.RTNLGRP_IPV4_ROUTE - 1)))
    assert box.run("ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up").status == 0
    kinds = [message.type for data, _ in sock.queue for message in messages(data)]
    assert kinds == [nl.RTM_NEWROUTE] * 3
    for number in range(2000):
        box.machine.kernel.net.add_route(0x0B00_0000 + number, 32, 0, "eth0")  # type: ignore[union-attr]
    with pytest.raises(OSError) as err:
        sock.receive(pcb, 65536, 0, True)
    assert err.value.errno == Errno.ENOBUFS
    assert sock.size <= sock.rcvbuf
    assert sock.receive(pcb, 65536, 0, True)
    sock.close()
    assert box.machine.kernel.net.routes.watchers == []  # type: ignore[union-attr]


def test_two_sockets_of_a_process_have_different_ports() -> None:
    box = machine()
    pcb, one = root_socket(box)
    _, other = root_socket(box)
    one.bind(pcb, (0, 0))
    other.bind(pcb, (0, 0))
    assert one.pid == pcb.pid
    assert other.pid != one.pid
    with pytest.raises(OSError) as err:
        create(box.machine.kernel, pcb, 3, 0).bind(pcb, (pcb.pid, 0))  # type: ignore[arg-type]
    assert err.value.errno == Errno.EADDRINUSE


def test_what_ip_monitor_tells() -> None:
    """Linux tells the same in the same order."""
    box = machine()
    script = (
        "ip monitor label link address route neigh > /tmp/told & sleep 1; "
        "ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; "
        "ip route add 10.5.0.0/16 via 10.0.0.9 metric 7; ip route del 10.5.0.0/16; "
        "ip addr del 10.0.0.1/24 dev eth0; sleep 1; kill $!; cat /tmp/told"
    )
    assert (
        box.run(script).stdout.decode().replace("qdisc pfifo_fast", "qdisc Q")
        == """\
[ADDR]2: eth0    inet 10.0.0.1/24 scope global eth0
       valid_lft forever preferred_lft forever
[ROUTE]local 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1 
[LINK]2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc Q state UP group default 
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
[ROUTE]10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 
[ROUTE]broadcast 10.0.0.255 dev eth0 table local proto kernel scope link src 10.0.0.1 
[ROUTE]10.5.0.0/16 via 10.0.0.9 dev eth0 metric 7 
[ROUTE]Deleted 10.5.0.0/16 via 10.0.0.9 dev eth0 metric 7 
[ADDR]Deleted 2: eth0    inet 10.0.0.1/24 scope global eth0
       valid_lft forever preferred_lft forever
[ROUTE]Deleted 10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 
[ROUTE]Deleted broadcast 10.0.0.255 dev eth0 table local proto kernel scope link src 10.0.0.1 
[ROUTE]Deleted local 10.0.0.1 dev eth0 table local proto kernel scope host src 10.0.0.1 
"""
    )


def test_a_power_cycle_forgets_the_configuration() -> None:
    box = machine()
    box.run("ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; ip neigh add 10.0.0.9 "
            "lladdr 02:00:00:00:00:09 dev eth0")  # fmt: skip
    before = box.machine.kernel.net  # type: ignore[union-attr]
    box.machine.power_off()
    assert before.closed
    box.machine.power_on()
    box.wait(1_000_000_000)
    assert b"10.0.0.1" not in box.run("ip addr; ip neigh").stdout


def test_parameters_are_files_and_take_effect() -> None:
    """/proc/sys/net/ipv4 and sysctl(8)."""
    box = machine()
    got = box.run(
        "sysctl net.ipv4.ip_forward net.ipv4.conf.eth0.rp_filter; "
        "sysctl -w net.ipv4.ip_forward=1 net.ipv4.conf.default.rp_filter=1; "
        "cat /proc/sys/net/ipv4/conf/all/forwarding /proc/sys/net/ipv4/conf/eth0/rp_filter; "
        "echo 2 > /proc/sys/net/ipv4/conf/eth0/rp_filter; "
        "cat /proc/sys/net/ipv4/conf/eth0/rp_filter; "
        "echo x > /proc/sys/net/ipv4/conf/eth0/rp_filter"
    )
    assert got.stdout == (
        b"net.ipv4.ip_forward = 0\nnet.ipv4.conf.eth0.rp_filter = 0\n"
        b"net.ipv4.ip_forward = 1\nnet.ipv4.conf.default.rp_filter = 1\n1\n1\n2\n"
    )
    assert got.stderr == b"sh: 1: echo: echo: I/O error\n"
    stack = box.machine.kernel.net  # type: ignore[union-attr]
    assert stack.forwards(stack.devices["eth0"])


def test_sys_class_net() -> None:
    """sysfs-class-net."""
    box = machine()
    got = box.run(
        "cd /sys/class/net/eth0; cat address mtu operstate ifindex type flags; cat carrier; "
        "ip link set eth0 up; cat carrier speed duplex operstate; echo 1400 > mtu; "
        "ip -br link show eth0 >/dev/null; cat mtu statistics/tx_packets; echo 1 > mtu; ls .."
    )
    assert got.stdout == (
        b"02:00:00:00:00:01\n1500\ndown\n2\n1\n0x1002\n1\n100\nfull\nup\n1400\n0\neth0\nlo\n"
    )
    assert got.stderr == b"cat: carrier: Invalid argument\nsh: 1: echo: echo: I/O error\n"


def test_equal_seeds_give_equal_digests() -> None:
    digests = set()
    for _ in range(2):
        box = machine()
        box.run(
            "ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; ip route add default via "
            "10.0.0.9; ping -c 2 -W 1 10.0.0.7; ip link add br0 type bridge"
        )
        digests.add(box.world.digest())
    assert len(digests) == 1
