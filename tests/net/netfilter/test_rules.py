"""Rules, chains and targets (iptables(8), iptables-extensions(8))."""

from typing import Any

import pytest

from minios.abi.errno import Errno
from minios.abi.netfilter import Chain, Option, Part, Rule, empty
from minios.net.drop import Drop
from minios.net.wire.ethernet import Ethernet
from tests.net.netfilter.gate import Gate, echo, ip, match, rule, tcp, udp

A, S = "10.0.0.2", "198.51.100.7"


def counts(gate: Gate, chain: str = "FORWARD") -> list[int]:
    (found,) = (c for c in gate.nf.table("filter").chains if c.name == chain)
    return [one.packets for one in found.rules]


def test_the_first_rule_that_decides_decides() -> None:
    gate = Gate()
    gate.rules("filter", FORWARD=[
        rule("", protocol=17), rule("ACCEPT", matches=(match("udp", Option("dport", (53, 53))),)),
        rule("DROP", protocol=17), rule("DROP"),
    ])  # fmt: skip
    assert gate.through(udp(f"{A}:4000", f"{S}:53")) is not None
    assert gate.through(udp(f"{A}:4000", f"{S}:54")) is None
    assert gate.through(tcp(f"{A}:4000", f"{S}:53")) is None
    assert counts(gate) == [2, 1, 1, 1]
    assert gate.drops == [
        (Drop.FILTER_DROP, "filter FORWARD rule 3"), (Drop.FILTER_DROP, "filter FORWARD rule 4")
    ]  # fmt: skip


def test_a_policy_decides_what_no_rule_has() -> None:
    gate = Gate()
    spec = empty("filter")
    chains = tuple(
        chain._replace(policy="DROP") if chain.name == "FORWARD" else chain for chain in spec.chains
    )
    gate.nf.replace(spec._replace(chains=chains))
    assert gate.through(udp(f"{A}:4000", f"{S}:53")) is None
    assert gate.drops == [(Drop.FILTER_DROP, "filter FORWARD policy")]
    assert gate.nf.table("filter").chains[1].packets == 1


def test_chains_are_called_and_return() -> None:
    gate = Gate()
    gate.rules(
        "filter",
        FORWARD=[rule("first"), rule("DROP")],
        first=[rule("RETURN", protocol=6), rule("second")],
        second=[rule("ACCEPT", protocol=17)],
    )
    assert gate.through(udp(f"{A}:1", f"{S}:1")) is not None
    assert gate.through(tcp(f"{A}:1", f"{S}:1")) is None
    assert gate.through(echo(A, S)) is None
    assert gate.drops[0] == (Drop.FILTER_DROP, "filter FORWARD rule 2")


def test_goto_does_not_come_back_to_where_it_was_called() -> None:
    gate = Gate()
    gate.rules(
        "filter",
        FORWARD=[rule("first"), rule("ACCEPT")],
        first=[rule("second", goto=True), rule("DROP")],
        second=[],
    )
    assert gate.through(udp(f"{A}:1", f"{S}:1")) is not None


@pytest.mark.parametrize(
    ("reject", "error"),
    [("icmp-net-unreachable", (3, 0)), ("icmp-host-unreachable", (3, 1)),
     ("icmp-proto-unreachable", (3, 2)), ("icmp-port-unreachable", (3, 3)),
     ("icmp-net-prohibited", (3, 9)), ("icmp-host-prohibited", (3, 10)),
     ("icmp-admin-prohibited", (3, 13))],
)  # fmt: skip
def test_reject_tells_the_sender(reject: str, error: tuple[int, int]) -> None:
    gate = Gate()
    gate.rules("filter", FORWARD=[rule("REJECT", Option("reject-with", reject))])
    assert gate.through(udp(f"{A}:1", f"{S}:1")) is None
    assert gate.errors == [error]


@pytest.mark.parametrize(
    ("flags", "seq", "ack", "expected"),
    [("S", 1000, 0, (4 | 16, 0, 1001)), ("A", 1000, 77, (4, 77, 0)), ("R", 1000, 0, None)],
)
def test_reject_with_tcp_reset(flags: str, seq: int, ack: int, expected: Any) -> None:
    """RFC 9293 3.5.2: a reset answers what has no ACK with an ACK, and never a reset."""
    gate = Gate()
    gate.rules("filter", FORWARD=[rule("REJECT", Option("reject-with", "tcp-reset"), protocol=6)])
    assert gate.through(tcp(f"{A}:999", f"{S}:80", flags, seq, ack)) is None
    found = [(p.payload.flags, p.payload.seq, p.payload.ack) for p in gate.sent]
    assert found == ([] if expected is None else [expected])


def test_log_writes_linux_lines() -> None:
    gate = Gate()
    gate.receiving = Ethernet(0x02_00_00_00_00_01, 0x02_00_00_00_00_02, 0x800, b"")
    gate.rules("filter", FORWARD=[rule("LOG", Option("log-prefix", "seen: "))])
    packet = tcp(f"{A}:999", f"{S}:80", "S")
    packet.ident, packet.df, packet.ttl = 4711, True, 63
    assert gate.through(packet) is not None
    gate.through(echo(A, S, 7))
    assert gate.lines == [
        (4, "seen: IN=eth0 OUT=eth1 MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=10.0.0.2 "
            "DST=198.51.100.7 LEN=48 TOS=0x00 PREC=0x00 TTL=63 ID=4711 DF PROTO=TCP SPT=999 "
            "DPT=80 WINDOW=64240 RES=0x00 SYN URGP=0 "),
        (4, "seen: IN=eth0 OUT=eth1 MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=10.0.0.2 "
            "DST=198.51.100.7 LEN=32 TOS=0x00 PREC=0x00 TTL=64 ID=0 PROTO=ICMP TYPE=8 CODE=0 ID=7 "
            "SEQ=1 "),
    ]  # fmt: skip


def passed(gate: Gate, packets: list[Any]) -> list[bool]:
    return [gate.through(packet) is not None for packet in packets]


def accepting(*matches: Part, **fields: Any) -> Gate:
    gate = Gate()
    gate.rules("filter", FORWARD=[rule("ACCEPT", matches=matches, **fields), rule("DROP")])
    return gate


def test_limit_is_a_token_bucket() -> None:
    """limit: 1/s burst 3."""
    gate = accepting(match("limit", Option("limit", 10000), Option("limit-burst", 3)))
    assert passed(gate, [udp(f"{A}:1", f"{S}:1") for _ in range(5)]) == [True] * 3 + [False] * 2
    gate.wait(2)
    assert passed(gate, [udp(f"{A}:1", f"{S}:1") for _ in range(4)]) == [True] * 2 + [False] * 2


def test_every_third_packet() -> None:
    gate = accepting(match("statistic", Option("mode", "nth"), Option("every", 3),
                           Option("packet", 0)))  # fmt: skip
    got = passed(gate, [udp(f"{A}:1", f"{S}:1") for _ in range(6)])
    assert got == [True, False, False, True, False, False]
    second = accepting(match("statistic", Option("mode", "nth"), Option("every", 3),
                             Option("packet", 1)))  # fmt: skip
    assert passed(second, [udp(f"{A}:1", f"{S}:1") for _ in range(3)]) == [False, True, False]


def test_chance_is_what_it_says() -> None:
    gate = accepting(match("statistic", Option("mode", "random"), Option("probability", 1 << 29)))
    got = passed(gate, [udp(f"{A}:1", f"{S}:1") for _ in range(2000)])
    assert 440 <= sum(got) <= 560


def test_multiport_takes_ports_and_ranges() -> None:
    gate = accepting(match("multiport", Option("dports", ((53, 53), (67, 68)))), protocol=17)
    packets = [udp(f"{A}:1", f"{S}:{port}") for port in (53, 66, 67, 68, 69)]
    assert passed(gate, packets) == [True, False, True, True, False]


def test_interfaces_by_name_and_beginning() -> None:
    assert passed(accepting(inside="eth0"), [udp(f"{A}:1", f"{S}:1")]) == [True]
    assert passed(accepting(inside="eth+"), [udp(f"{A}:1", f"{S}:1")]) == [True]
    assert passed(accepting(outside="eth0"), [udp(f"{A}:1", f"{S}:1")]) == [False]


def test_addresses_flags_and_types() -> None:
    net = (ip("10.0.0.0"), 0xFFFFFF00, True)
    assert passed(accepting(source=net), [udp(f"{A}:1", f"{S}:1")]) == [False]
    syn = accepting(match("tcp", Option("tcp-flags", (0x17, 0x02))), protocol=6)
    assert passed(syn, [tcp(f"{A}:1", f"{S}:1", "S"), tcp(f"{A}:1", f"{S}:1", "SA")]) == [
        True, False
    ]  # fmt: skip
    ping = accepting(match("icmp", Option("icmp-type", (8, 0, 255))), protocol=1)
    assert passed(ping, [echo(A, S), echo(A, S, 7, 13)]) == [True, False]
    local = Gate()
    kind = match("addrtype", Option("dst-type", 1 << 2))
    local.rules("filter", INPUT=[rule("DROP", matches=(kind,))])
    assert local.through(udp(f"{A}:1", "10.0.0.1:1")) is None


def test_a_rule_that_stays_keeps_its_counters_and_its_bucket() -> None:
    gate = accepting(match("limit", Option("limit", 10000 * 3600), Option("limit-burst", 2)))
    passed(gate, [udp(f"{A}:1", f"{S}:1") for _ in range(3)])
    table = gate.nf.table("filter")
    forward = table.chains[1]
    kept = tuple(one._replace(packets=-1, bytes=-1) for one in forward.rules)
    changed = forward._replace(rules=(*kept, Rule()), packets=-1, bytes=-1)
    gate.nf.replace(table._replace(chains=(table.chains[0], changed, table.chains[2])))
    assert counts(gate) == [2, 1, 0]
    assert passed(gate, [udp(f"{A}:1", f"{S}:1")]) == [False]


@pytest.mark.parametrize(
    ("chains", "errno"),
    [
        ({"FORWARD": [rule("nowhere")]}, Errno.ENOENT),
        ({"FORWARD": [rule("a")], "a": [rule("b")], "b": [rule("a")]}, Errno.EMLINK),
        ({"FORWARD": [rule("MASQUERADE")]}, Errno.EINVAL),
        ({"FORWARD": [rule("REJECT", Option("reject-with", "tcp-reset"))]}, Errno.EINVAL),
        ({"FORWARD": [rule("ACCEPT", matches=(match("nonsense"),))]}, Errno.ENOENT),
        ({"FORWARD": [rule("ACCEPT", matches=(match("limit", Option("limit", 0)),))]},
         Errno.EINVAL),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_sense_is_refused_whole(chains: Any, errno: int) -> None:
    gate = Gate()
    gate.rules("filter", FORWARD=[rule("DROP")])
    with pytest.raises(OSError) as failed:
        gate.rules("filter", **chains)
    assert failed.value.errno == errno
    assert gate.through(udp(f"{A}:1", f"{S}:1")) is None


@pytest.mark.parametrize("junk", [None, 7, "filter", (), ("filter", ())])
def test_what_is_no_table_is_refused(junk: Any) -> None:
    with pytest.raises(OSError):
        Gate().nf.replace(junk)


def test_a_built_in_chain_cannot_be_missing() -> None:
    spec = empty("filter")
    with pytest.raises(OSError):
        Gate().nf.replace(spec._replace(chains=(*spec.chains[1:], Chain("x", "", 0, 0, ()))))


def test_untracked_packets_make_no_connection() -> None:
    gate = Gate()
    gate.nf.track()
    gate.rules("raw", PREROUTING=[rule("NOTRACK", protocol=17)])
    gate.through(udp(f"{A}:1", f"{S}:1"))
    gate.through(tcp(f"{A}:1", f"{S}:1"))
    assert [conn.protocol for conn in gate.nf.conntrack.live()] == [6]


def test_mangle_changes_ttl_and_mss() -> None:
    gate = Gate()
    gate.rules("mangle", FORWARD=[
        rule("TTL", Option("ttl-set", 9)), rule("TCPMSS", Option("set-mss", 1200), protocol=6),
    ])  # fmt: skip
    packet = gate.through(tcp(f"{A}:1", f"{S}:1", "S"))
    assert packet.ttl == 9 and packet.payload.options.mss == 1200
    gate.eth1.mtu = 1400
    gate.rules("mangle", FORWARD=[rule("TCPMSS", Option("clamp-mss-to-pmtu", True), protocol=6)])
    assert gate.through(tcp(f"{A}:1", f"{S}:1", "S")).payload.options.mss == 1360
