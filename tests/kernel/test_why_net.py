"""``why ping``, ``why tcp``, ``why udp``, ``why drops``: a real probe and what became of it."""

from __future__ import annotations

import pytest

from minios.abi.inet import parse_ip
from minios.game.loader import loads
from minios.game.play import Play
from minios.kernel.why.probe import AT_ONCE, LIMIT, Probe
from minios.sim.world import SECOND

LEVEL = """
format: 1
id: path
title: Path
author: t
chapter: c
difficulty: 1
pace: live
teaches: []
briefing: b
hints: [h]
seeds: {play: 1, check: [2]}
%s
world:
  player: {machine: pc, user: me}
  machines:
    pc: {users: {me: {uid: 1000}}, nics: {eth0: {}}}
    gw: {nics: {eth0: {}, eth1: {}}}
    web: {nics: {eth0: {}}}
  devices:
    sw: {kind: switch, ports: 3}
  links:
    lan: {between: [pc.eth0, sw.1]}
    up: {between: [sw.2, gw.eth0]}
    wan: {between: [gw.eth1, web.eth0], latency: 5ms}
goals: {never: {text: n, file: {on: pc, path: /never}}}
solutions: {author: touch /never}
"""

ADDRESSES = {
    "pc": ({"eth0": "10.0.0.2"}, "10.0.0.1"),
    "gw": ({"eth0": "10.0.0.1", "eth1": "192.0.2.1"}, ""),
    "web": ({"eth0": "192.0.2.9"}, "192.0.2.1"),
}


class Net:
    """pc - sw - gw - web, configured by hand."""

    def __init__(self, panes: str = "") -> None:
        self.play = Play(loads((LEVEL % panes).encode(), "path.yaml"), 1)
        for name, (addresses, gateway) in ADDRESSES.items():
            stack = self.stack(name)
            for device, address in addresses.items():
                stack.add_address(device, parse_ip(address), 24)
                stack.set_up(device)
            if gateway:
                stack.add_route(0, 0, parse_ip(gateway))
        self.stack("gw").set_sysctl("ip_forward", 1)
        self.play.apply("resize", {"rows": 50, "cols": 1000})
        self.play.run_until(SECOND)

    def stack(self, name: str):
        kernel = self.play.machines[name].kernel
        assert kernel is not None
        return kernel.net

    def ask(self, line: str) -> list[str]:
        """What a line at the player's prompt prints."""
        before = len(self.play.shown("pc", "tty1"))
        for char in line + "\r":
            self.play.apply("key", {"data": char})
        limit = self.play.world.now + 20 * SECOND
        while not self.play.held() and self.play.world.now < limit:
            self.play.run_until(self.play.world.now + SECOND // 20)
        shown = self.play.shown("pc", "tty1")[before:].decode()
        lines = [each for each in shown.replace("\r", "").split("\n") if each]
        return [each.rpartition("\x1b[?2004l")[2] for each in lines[1:-1]]


@pytest.fixture
def net() -> Net:
    return Net()


def find(lines: list[str], beginning: str) -> str:
    return next(line.strip() for line in lines if line.strip().startswith(beginning))


def test_the_whole_way_is_told_there_and_back(net: Net) -> None:
    gw, web = mac(net, "gw", "eth0"), mac(net, "web", "eth0")
    assert (
        "\n".join(net.ask("why ping 192.0.2.9; echo $?"))
        == f"""\
192.0.2.9 answers; that took 20.895 ms.
  There:
    pc: sends an echo request to 10.0.0.1 by eth0 (route default), over lan in 0.109 ms.
      It waits for the hardware address of 10.0.0.1 on eth0; gw says that 10.0.0.1 is at \
{gw}, after 0.426 ms.
    sw: passes it on, port 1 → port 2, over up in 0.109 ms.
    gw: gets it by eth0, forwards it to 192.0.2.9 by eth1 (route 192.0.2.0/24), \
over wan in 5.009 ms.
      It waits for the hardware address of 192.0.2.9 on eth1; web says that 192.0.2.9 is at \
{web}, after 10.013 ms.
    web: gets it by eth0, takes it in for 192.0.2.9.
  Back:
    web: answers with an echo reply, sends it to 192.0.2.1 by eth0 (route default), \
over wan in 5.009 ms.
    gw: gets it by eth1, forwards it to 10.0.0.2 by eth0 (route 10.0.0.0/24), over up in 0.109 ms.
    sw: passes it on, port 2 → port 1, over lan in 0.109 ms.
    pc: gets it by eth0, takes it in for 10.0.0.2.
0"""
    )


def mac(net: Net, machine: str, device: str) -> str:
    from minios.abi.inet import mac_text

    return mac_text(net.stack(machine).devices[device].mac)


def test_a_missing_route_is_named_with_who_misses_it(net: Net) -> None:
    lines = net.ask("why ping 198.51.100.7; echo $?")
    assert lines[0] == (
        "198.51.100.7 is not reached: on the way there it ends at gw, at the network layer, "
        "because no route of gw leads there (to 198.51.100.7)."
    )
    assert lines[-2].strip() == "10.0.0.1 has reported it by ICMP: network unreachable."
    assert lines[-1] == "1"


def test_a_missing_route_on_the_way_back_is_no_missing_route_there(net: Net) -> None:
    route = next(iter(net.stack("web").routes.tables[254]))
    assert route.plen == 0
    net.stack("web").routes.remove(route)
    lines = net.ask("why ping 192.0.2.9")
    assert lines[0] == (
        "192.0.2.9 is reached, but on the way back it ends at web, at the network layer, "
        "because no route of web leads there (to 10.0.0.2)."
    )


def test_nobody_at_the_address_is_told_by_arp(net: Net) -> None:
    lines = net.ask("why ping 10.0.0.9")
    assert lines[0].endswith(
        "it ends here, at the link layer, because nobody on the link answered pc's ARP "
        "questions: 10.0.0.9 does not answer."
    )
    assert find(lines, "It waits").endswith("nobody answers ARP, asked 3 times.")


def test_a_closed_port_is_reached_and_closed(net: Net) -> None:
    lines = net.ask("why tcp 192.0.2.9:80; echo $?")
    assert lines[0] == (
        "192.0.2.9, TCP port 80, is reached and closed: nobody on web listens on that port "
        "(TCP port 80)."
    )
    assert find(lines, "web: answers").startswith("web: answers with a reset (RST)")
    assert lines[-1] == "1"


def test_an_open_port_accepts(net: Net) -> None:
    from minios.net.tcp.connection import Connection

    server = Connection(net.stack("web"))
    server.bind(0, 80)
    server.listen(5)
    lines = net.ask("why tcp 192.0.2.9:80; echo $?")
    assert lines[0].startswith("192.0.2.9, TCP port 80, accepts connections; that took ")
    assert find(lines, "web: answers").startswith("web: answers with a SYN/ACK, sends it to")
    assert lines[-1] == "0"


def test_a_datagram_that_nobody_answers_got_there(net: Net) -> None:
    from minios.net.transport.udp import UdpEndpoint

    server = UdpEndpoint(net.stack("web"))
    server.bind(0, 5000)
    lines = net.ask("why udp 192.0.2.9:5000")
    assert lines[0] == (
        "192.0.2.9, UDP port 5000, gets the datagram, and the program there does not answer "
        "within 5 s."
    )
    assert "takes it in for the UDP socket 0.0.0.0:5000" in find(lines, "web: gets")
    datagram = server.receive()
    assert datagram is not None
    assert datagram.data == b""


def test_a_machine_that_is_off_and_a_cable_that_is_pulled(net: Net) -> None:
    net.ask("why ping 192.0.2.9")
    net.play.machines["web"].power_off()
    lines = net.ask("why ping 192.0.2.9")
    assert lines[0].endswith("it ends at web, at the link layer, because web is switched off.")
    network = net.play.built.network
    assert network is not None
    network.links["wan"].unplug()
    lines = net.ask("why ping 192.0.2.9")
    assert lines[0].endswith(
        "because nobody on the link answered gw's ARP questions: 192.0.2.9 does not answer; "
        "what ARP sent ends at gw, because the cable is pulled out (gw.eth1)."
    )


def test_a_ring_of_routes_is_called_one(net: Net) -> None:
    net.stack("gw").add_route(parse_ip("198.51.100.0"), 24, parse_ip("192.0.2.9"))
    net.stack("web").set_sysctl("ip_forward", 1)
    for stack in (net.stack("gw"), net.stack("web")):
        stack.set_sysctl("conf.all.send_redirects", 0)
    lines = net.ask("why ping 198.51.100.7")
    assert "because its time to live ended at " in lines[0]
    assert find(lines, "…") == "… and so on, round and round, as these routes lead in a ring."
    assert len(lines) < 20


def test_where_the_network_is_hidden_only_what_the_machine_itself_knows_is_told() -> None:
    net = Net("panes: {network: hidden}")
    assert net.ask("why ping 198.51.100.7") == [
        "198.51.100.7 is not reached: Network is unreachable.",
        "  There:",
        "    pc: sends an echo request to 10.0.0.1 by eth0 (route default), over lan in 0.109 ms.",
        "      It waits for the hardware address of 10.0.0.1 on eth0; it is answered, after "
        "0.426 ms.",
        "  Back:",
        "    pc: gets it by eth0, takes it in for 10.0.0.2.",
        "  What happens to it beyond pc cannot be known from here.",
        "  10.0.0.1 has reported it by ICMP: network unreachable.",
    ]
    net.stack("gw").set_sysctl("ip_forward", 0)
    lines = net.ask("why ping 192.0.2.9")
    assert lines[0] == "192.0.2.9 does not answer within 5 s."
    assert not any("gw" in line for line in lines)


def test_without_a_route_nothing_is_sent_whatever_the_protocol(net: Net) -> None:
    stack = net.stack("pc")
    stack.routes.remove(next(route for route in stack.routes.tables[254] if not route.plen))
    for probe in ("ping 198.51.100.7", "tcp 198.51.100.7:80", "udp 198.51.100.7:53"):
        line = net.ask(f"why {probe}")[0]
        assert line.endswith(
            "is not reached: it ends here, at the network layer, because no route of pc leads "
            "there (to 198.51.100.7)."
        )


def test_no_address_is_this_machine_as_for_connect(net: Net) -> None:
    assert net.ask("why ping 0.0.0.0")[0].startswith("127.0.0.1 answers; that took ")


def test_drops_of_this_machine_are_told_newest_first_and_equal_ones_once(net: Net) -> None:
    assert net.ask("why drops") == ["This machine has dropped no packet since it was switched on."]
    net.ask("why ping 10.0.0.9; why ping 10.0.0.9")
    lines = net.ask("why drops")
    assert lines[0] == "Packets that ended here lately:"
    assert ": nobody on the link answered pc's ARP questions" in lines[1]


def test_long_sentences_go_on_below_themselves_on_a_terminal(net: Net) -> None:
    net.play.apply("resize", {"rows": 50, "cols": 60})
    lines = net.ask("why ping 10.0.0.9")
    assert all(len(line) <= 60 for line in lines)
    assert lines[1].startswith("    ")


def test_names_of_hosts_and_services(net: Net) -> None:
    pc = net.play.machines["pc"]
    pc.write_file(b"/etc/hosts", b"127.0.0.1\tlocalhost\n192.0.2.9\tweb\n")
    pc.write_file(b"/etc/services", b"http\t80/tcp\twww\n")
    assert net.ask("why ping web")[0].startswith("192.0.2.9 answers; that took ")
    assert net.ask("why tcp web:http")[0].startswith("192.0.2.9, TCP port 80, is reached and")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("why tcp 192.0.2.9", "why: tcp needs HOST:PORT, not '192.0.2.9'"),
        ("why tcp 192.0.2.9:nothing", "why: no such port: 'nothing'"),
        ("why tcp 192.0.2.9:70000", "why: no such port: '70000'"),
        ("why ping a b", "why: extra operand 'b'"),
    ],
)
def test_nonsense_is_refused_in_words(net: Net, line: str, says: str) -> None:
    assert net.ask(line)[0] == says


def test_a_probe_ends_even_if_nobody_waits_for_it_any_more(net: Net) -> None:
    kernel = net.play.machines["pc"].kernel
    assert kernel is not None
    probes = [Probe(kernel, b"ping", b"10.0.0.77") for _ in range(AT_ONCE)]
    with pytest.raises(OSError, match="Resource temporarily unavailable"):
        Probe(kernel, b"ping", b"10.0.0.77")
    net.play.run_until(net.play.world.now + LIMIT)
    assert kernel.causes.probes == []
    assert all(probe.done for probe in probes)
    assert net.stack("pc").ping.endpoints() == []


def with_a_rule(net: Net, machine: str, chain: str) -> None:
    """Two rules: TCP is accepted, what comes from 10.0.0.0/24 dropped."""
    from minios.abi.netfilter import Part, Rule, empty
    from minios.net.netfilter.netfilter import Netfilter

    stack = net.stack(machine)
    stack.netfilter = Netfilter(stack)
    table = empty("filter")
    rules = (
        Rule(protocol=(6, False), target=Part("ACCEPT")),
        Rule(source=(parse_ip("10.0.0.0"), 0xFFFFFF00, False), target=Part("DROP")),
    )
    chains = tuple(c._replace(rules=rules if c.name == chain else ()) for c in table.chains)
    stack.netfilter.replace(table._replace(chains=chains))


def test_the_rule_that_ends_it_is_told_with_its_text(net: Net) -> None:
    with_a_rule(net, "gw", "FORWARD")
    lines = net.ask("why ping 192.0.2.9")
    assert lines[0] == (
        "192.0.2.9 is not reached: on the way there it ends at gw, at the filter layer, because "
        "the firewall of gw drops it: filter FORWARD rule 2 (-s 10.0.0.0/24 -j DROP)."
    )
    lines = net.ask("why tcp 192.0.2.9:80")
    assert find(lines, "Its rule") == "Its rule filter FORWARD rule 1: ACCEPT (-p tcp -j ACCEPT)."


def test_what_ones_own_rules_say_is_for_root_where_the_network_is_hidden() -> None:
    net = Net("panes: {network: hidden}")
    with_a_rule(net, "pc", "OUTPUT")
    assert net.ask("why ping 192.0.2.9")[0].endswith(
        "because the firewall of pc drops it: filter OUTPUT rule 2."
    )


def pid_of(net: Net, comm: bytes) -> int:
    kernel = net.play.machines["pc"].kernel
    assert kernel is not None
    return max(pcb.pid for pcb in kernel.processes.values() if pcb.comm == comm)


def test_who_waits_for_a_connection_says_on_which_port(net: Net) -> None:
    net.ask("nc -l -p 8080 < /dev/null > /dev/null &")
    lines = net.ask(f"why {pid_of(net, b'nc')}")
    assert lines[0].endswith(" sleeps until somebody connects to TCP port 8080 of this machine.")
    assert lines[1] == "  It can be woken by whoever connects."


def test_who_connects_in_vain_says_how_often_it_asked_and_that_arp_is_silent(net: Net) -> None:
    net.ask("nc 10.0.0.9 80 < /dev/null & sleep 1.5")
    lines = net.ask(f"why {pid_of(net, b'nc')}")
    assert "(nc) sleeps until 10.0.0.9:80 answers its SYN, sent 2 times (the first 1." in lines[0]
    assert lines[0].endswith("nobody has answered ARP for 10.0.0.9 yet.")


def test_two_ends_on_one_machine_lead_to_each_other(net: Net) -> None:
    net.ask("sleep 99 | nc -l -p 8080 > /dev/null &")
    net.ask("sleep 99 | nc 127.0.0.1 8080 > /dev/null & sleep 0.2")
    client = pid_of(net, b"nc")
    lines = net.ask(f"why {client}")
    assert ", TCP to 127.0.0.1:8080" in lines[0]
    assert f"{client} (nc): see above." in "\n".join(lines)


def test_the_addresses_before_and_after_a_translation_are_told(net: Net) -> None:
    from minios.abi.netfilter import Part, Rule, empty
    from minios.net.netfilter.netfilter import Netfilter

    stack = net.stack("gw")
    stack.netfilter = Netfilter(stack)
    table = empty("nat")
    rule = Rule(outside=("eth1", False), target=Part("MASQUERADE"))
    chains = tuple(
        c._replace(rules=(rule,) if c.name == "POSTROUTING" else ()) for c in table.chains
    )
    stack.netfilter.replace(table._replace(chains=chains))
    told = [line.strip() for line in net.ask("why ping 192.0.2.9")]
    assert "Its rule nat POSTROUTING rule 1: MASQUERADE (-o eth1 -j MASQUERADE)." in told
    assert (
        "It translates the addresses: 10.0.0.2 → 192.0.2.9 becomes 192.0.2.1 → 192.0.2.9." in told
    )
    assert (
        "It translates the addresses: 192.0.2.9 → 192.0.2.1 becomes 192.0.2.9 → 10.0.0.2." in told
    )


def test_a_judge_may_ask_too(net: Net) -> None:
    told: list[tuple[int, bytes]] = []
    net.play.machines["pc"].judge(
        [b"why", b"ping", b"192.0.2.9"], lambda *answer: told.append(answer), limit=9 * SECOND
    )
    net.play.run_until(net.play.world.now + 9 * SECOND)
    assert [(status, text.split(b"\n")[0][:18]) for status, text in told] == [
        (0, b"192.0.2.9 answers;")
    ]


def test_the_power_may_go_while_a_probe_is_under_way(net: Net) -> None:
    for char in "why ping 10.0.0.77\r":
        net.play.apply("key", {"data": char})
    net.play.run_until(net.play.world.now + SECOND)
    machine = net.play.machines["pc"]
    machine.power_off()
    net.play.run_until(net.play.world.now + SECOND)
    machine.power_on()
    net.play.run_until(net.play.world.now + 2 * LIMIT)
    assert machine.kernel is not None
    assert machine.kernel.causes.probes == []
    assert len(net.play.world.digest()) == 32
