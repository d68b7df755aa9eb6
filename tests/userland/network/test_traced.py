"""strace reads what programs ask of the network: netlink messages and requests of ioctl."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minios.abi.netlink import Nlmsg
from minios.userland.lib.strace.nlmsg import text
from minios.userland.lib.strace.text import Style
from tests.userland.network.test_recorded import machine


def test_a_request_and_its_refusal_by_name() -> None:
    box = machine()
    got = box.run("strace -e trace=network ip route add 1.2.3.0/24 via 9.9.9.9")
    lines = got.stderr.decode().splitlines()
    address = "{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}"
    assert lines[:4] == [
        "socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3",
        "setsockopt(3, SOL_NETLINK, NETLINK_EXT_ACK, [1], 4) = 0",
        f"bind(3, {address}, 12) = 0",
        "sendto(3, [{nlmsg_len=44, nlmsg_type=RTM_NEWROUTE, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK|"
        "NLM_F_EXCL|NLM_F_CREATE, nlmsg_seq=1, nlmsg_pid=0}, {rtm_family=AF_INET, rtm_dst_len=24,"
        " rtm_src_len=0, rtm_tos=0x0, rtm_table=RT_TABLE_MAIN, rtm_protocol=RTPROT_BOOT, "
        "rtm_scope=RT_SCOPE_UNIVERSE, rtm_type=RTN_UNICAST, rtm_flags=0x0}, "
        '[[{nla_len=8, nla_type=RTA_DST}, inet_addr("1.2.3.0")], '
        '[{nla_len=8, nla_type=RTA_GATEWAY}, inet_addr("9.9.9.9")]]], '
        f"44, 0, {address}, 12) = 44",
    ]
    assert "{error=-ENETUNREACH, msg={...}" in lines[4]


def test_requests_about_devices_by_name() -> None:
    box = machine()
    got = box.run("strace -e trace=ioctl ifconfig eth0 10.0.0.1/24 mtu 1400")
    address = "{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr(%s)}"
    assert got.stderr.decode().splitlines()[:3] == [
        'ioctl(3, SIOCSIFADDR, {ifr_name="eth0", ifr_addr=%s}) = 0' % (address % '"10.0.0.1"'),
        'ioctl(3, SIOCSIFNETMASK, {ifr_name="eth0", ifr_netmask=%s}) = 0'
        % (address % '"255.255.255.0"'),
        'ioctl(3, SIOCSIFMTU, {ifr_name="eth0", ifr_mtu=1400}) = 0',
    ]


@given(st.binary(max_size=120), st.integers(0, 40), st.integers(0, 4095))
def test_anything_can_be_read(body: bytes, kind: int, flags: int) -> None:
    style = Style()
    assert text(body, style)
    assert text(Nlmsg(kind, flags, 1, 0, body).pack(), style)
