"""TCP as processes see it: floods, digests, a power cut, and what /proc says."""

import pytest

from minios import testing
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.tcp import SYN, TCP
from minios.net.wire.tcpoptions import TcpOptions
from minios.sim.world import SECOND

HERE = 0x7F000001
FORGED = 0x0A090002


@pytest.fixture
def box() -> testing.Box:
    return testing.Box(user="root")


def flood(box: testing.Box, port: int, count: int) -> None:
    """SYNs with forged addresses of a network where nobody answers."""
    box.run("ip link add dummy0 type dummy; ip link set dummy0 up")
    box.run("ip addr add 10.9.0.1/16 dev dummy0")
    stack = box.machine.kernel.net
    for number in range(count):
        segment = TCP(1024 + number, port, number, 0, SYN, 1024, b"", TcpOptions(mss=1460))
        stack.tcp.input(IPv4(FORGED + number, HERE, 6, segment), stack.lo)


def lines(box: testing.Box, command: str) -> list[str]:
    return box.run(command).stdout.decode().splitlines()


def test_a_syn_flood_is_seen_and_bounded(box: testing.Box) -> None:
    box.run("setsid nc -lk 80 >/dev/null 2>&1 & sleep 0.5")
    flood(box, 80, 500)
    half_open = lines(box, "ss -tanH state syn-recv")
    assert 0 < len(half_open) <= 3
    assert len(box.machine.kernel.net.tcp.connections) == len(half_open)
    counted = lines(box, "nstat -as TcpExtSyncookiesSent | tail -1")[0].split()
    assert counted[:2] == ["TcpExtSyncookiesSent", str(500 - len(half_open))]
    said = lines(box, "dmesg | tail -1")[0]
    assert said.endswith(
        "TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:80. Sending cookies."
    )


def test_during_the_flood_a_connection_is_still_made(box: testing.Box) -> None:
    box.run("setsid nc -lk 80 > /tmp/got 2>&1 & sleep 0.5")
    flood(box, 80, 50)
    done = box.run("echo hello | nc -N -w 2 127.0.0.1 80; sleep 0.1; cat /tmp/got")
    assert done.stdout == b"hello\n"


def test_equal_histories_have_equal_digests() -> None:
    def digest() -> str:
        box = testing.Box(user="root")
        box.run("setsid nc -lk 80 >/dev/null 2>&1 & sleep 0.5; echo x | nc -N 127.0.0.1 80")
        flood(box, 80, 20)
        box.world.run_until(box.world.now + SECOND)
        return box.world.digest()

    assert digest() == digest()


def test_what_is_in_a_buffer_is_part_of_the_digest() -> None:
    def digest(text: str) -> str:
        box = testing.Box(user="root")
        box.run("setsid sh -c 'sleep 1000 | nc -l 80 | sleep 1000' >/dev/null 2>&1 & sleep 0.5")
        box.run(f"(printf {text}; sleep 1000) | nc 127.0.0.1 80 & sleep 0.5")
        return box.world.digest()

    assert digest("a") != digest("b")


def test_an_idle_connection_has_no_events(box: testing.Box) -> None:
    box.run("setsid nc -l 80 >/dev/null 2>&1 & sleep 0.5")
    stack = box.machine.kernel.net
    from minios.net.tcp import Connection

    connection = Connection(stack)
    connection.connect(HERE, 80)
    box.world.run_until(box.world.now + SECOND)
    assert connection.state.name == "ESTABLISHED"
    for alarm in (connection.alarm, connection.delack, connection.keep):
        assert alarm.deadline is None


def test_a_power_cut_ends_everything_silently(box: testing.Box) -> None:
    box.run("setsid nc -lk 80 >/dev/null 2>&1 & sleep 0.5; (sleep 100 | nc 127.0.0.1 80) & sleep 1")
    stack = box.machine.kernel.net
    assert len(stack.tcp.connections) == 2
    sent = stack.counters["TcpOutSegs"]
    box.machine.power_off()
    box.world.run_until(box.world.now + 10 * SECOND)
    assert stack.tcp.connections == {}
    assert stack.counters["TcpOutSegs"] == sent


def test_sysctls_take_effect(box: testing.Box) -> None:
    assert lines(box, "sysctl net.ipv4.tcp_rmem net.ipv4.tcp_congestion_control") == [
        "net.ipv4.tcp_rmem = 4096\t131072\t6291456",
        "net.ipv4.tcp_congestion_control = cubic",
    ]
    text = box.run(
        "sysctl -q net.ipv4.tcp_congestion_control=reno net.ipv4.tcp_sack=0;"
        " nc -l 80 >/dev/null & sleep 0.2; sleep 5 | nc 127.0.0.1 80 & sleep 0.2;"
        " ss -tinH sport = :80"
    ).stdout.decode()
    assert " ts reno wscale:7,7 " in text and " sack" not in text
    done = box.run("sysctl net.ipv4.tcp_congestion_control=bogus; sysctl net.ipv4.tcp_sack=2")
    assert b"No such file or directory" in done.stderr
    assert b"Invalid argument" in done.stderr
