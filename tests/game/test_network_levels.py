"""The network part of level files: what is read, what is refused, and what is built of it."""

from pathlib import Path

import pytest

from minios.abi.inet import parse_mac
from minios.game.build import BuildError, build
from minios.game.loader import loads
from minios.game.net.build import interfaces
from minios.game.net.lint import warnings
from minios.game.play import Play
from minios.game.sandbox import run_command
from minios.game.schema import json_schema
from minios.game.spec import Cable, Level, LinkChange, from_json, to_json, world_hash
from minios.net.fabric.bridging import BLOCKING
from minios.net.fabric.switch import Switch
from minios.sim.world import MILLISECOND, SECOND
from tests.game.networks import level, problems
from tests.game.small import LEVEL as SMALL

PC = "nics: {eth0: {address: 10.0.0.2/24, gateway: 10.0.0.1}}"
SW = "sw: {kind: switch, ports: 4}"
LAN = "lan: {between: [pc, sw]}"
GOAL = "reachable: {on: pc, to: web}"


def test_a_level_with_a_network_survives_json():
    one = level()
    assert from_json(to_json(one)) == one


def test_a_short_end_is_the_only_card_or_the_next_free_port():
    cables = {cable.name: (cable.a, cable.b) for cable in level().links}
    assert cables == {
        "lan": ("pc.eth0", "sw.1"), "up": ("gw.eth0", "sw.4"), "wan": ("gw.eth1", "web.eth0"),
    }  # fmt: skip


def test_a_link_has_what_the_file_says_and_the_defaults_for_the_rest():
    wan = level((
        "latency: 5ms, rate: 10Mbit",
        "latency: 5ms, rate: 10Mbit, loss: 2%, queue: 8KiB, back: {rate: 1Mbit}",
    )).links[2]  # fmt: skip
    assert (wan.there.latency, wan.there.rate, wan.there.loss, wan.there.queue) == (
        5 * MILLISECOND, 10_000_000, 20_000, 8192,
    )  # fmt: skip
    assert wan.back is not None
    assert (wan.back.rate, wan.back.loss) == (1_000_000, 20_000)


def test_places_on_the_map_are_words():
    assert world_hash(level()) == world_hash(level(("pc: [0, 0]", "pc: [5, 5]")))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("web.eth0]", "wbe.eth0]", "world.links.wan.between[1]: no machine or device 'wbe'"
         " (did you mean 'web'?)"),
        ("[pc, sw]", "[pc.eth1, sw]", "world.links.lan.between[0]: pc has no interface 'eth1'"
         " (did you mean 'eth0'?)"),
        ("[pc, sw]", "[pc, sw.9]", "world.links.lan.between[1]: sw has no port '9' (it has 1, 2,"
         " 3, 4)"),
        ("[pc, sw]", "[gw, sw]", "world.links.lan.between[0]: gw has 2 cards: name the interface,"
         " as gw.eth0"),
        ("[pc, sw]", "[pc, sw.4]", "world.links.up.between[1]: sw.4 has a cable already"),
        ("[pc, sw]", "[pc]", "world.links.lan.between: needs at least 2 entries"),
        ("latency: 5ms", "latency: 5", "world.links.wan.latency: must be a duration such as 30s,"
         " 500ms or 2m, not '5'"),
        ("rate: 10Mbit", "rate: 10Mb", "world.links.wan.rate: must be a rate such as 10Mbit, or"
         " unlimited, not '10Mb'"),
        ("latency: 5ms", "los: 2%", "world.links.wan.los: unknown key (did you mean 'loss'?)"),
        ("latency: 5ms", "loss: 101%", "world.links.wan.loss: is more than 100%"),
        ("10.0.0.2/24", "10.0.0.2", "world.machines.pc.nics.eth0.address[0]: must be an address"
         " with its prefix length such as 10.0.0.2/24, not '10.0.0.2'"),
        ("10.0.0.2/24", "10.0.0.0/24", "world.machines.pc.nics.eth0.address: 10.0.0.0/24 is the"
         " network's own address, and nobody's"),
        ("10.0.0.2/24", "10.0.0.255/24", "world.machines.pc.nics.eth0.address: 10.0.0.255/24 is"
         " the broadcast address, and nobody's"),
        ("gateway: 10.0.0.1", "gateway: 10.0.1.1", "world.machines.pc.nics.eth0.gateway: 10.0.1.1"
         " is not in the network of the interface (10.0.0.2/24)"),
        ("gateway: 10.0.0.1", "gateway: 10.0.0.2", "world.machines.pc.nics.eth0.gateway: 10.0.0.2"
         " is the interface's own address"),
        ("gateway: 10.0.0.1", "dhcp: true", "world.machines.pc.nics.eth0: has either dhcp or an"
         " address and gateway"),
        ("gateway: 10.0.0.1", "mac: 0:1", "world.machines.pc.nics.eth0.mac: must be a hardware"
         " address such as 02:00:00:00:00:01, not '0:1'"),
        ("gateway: 10.0.0.1", 'mac: "01:00:00:00:00:01"', "world.machines.pc.nics.eth0.mac:"
         " 01:00:00:00:00:01 is a group's address, not a card's"),
        ("gateway: 10.0.0.1", "mtu: 20", "world.machines.pc.nics.eth0.mtu: must be at least 68"),
        ("eth1: 203.0.113.1/24", "eth1: 10.0.0.1/8", "world.machines.gw.nics.eth1.address:"
         " 10.0.0.1/8 is eth0's already"),
        ("eth1: 203.0.113.1/24", "eth1: 203.0.113.1/24, eth7.5: 1.2.3.4/24",
         "world.machines.gw.nics.'eth7.5': is a VLAN of 'eth7', which is not there (did you"
         " mean 'eth1'?)"),
        ("eth1: 203.0.113.1/24", "eth1: 203.0.113.1/24, br0: {bridge: [eht1]}",
         "world.machines.gw.nics.br0.bridge: no interface 'eht1' (did you mean 'eth1'?)"),
        ("forwarding: true", "routes: [10.9.0.0/16 via 10.1.0.1]", "world.machines.gw.routes[0]:"
         " 10.1.0.1 is in no network of the machine's interfaces"),
        ("forwarding: true", "routes: [10.9.0.1/16 via 10.0.0.2]", "world.machines.gw.routes[0]:"
         " 10.9.0.1/16 has bits beyond its prefix length"),
        ("forwarding: true", "routes: [10.9.0.0/16 vai 10.0.0.2]", "world.machines.gw.routes[0]:"
         " ip route knows no 'vai' (did you mean 'via'?)"),
        ("forwarding: true", 'iptables: "*nat\\n-A POSTROUTING -o eth1 -j MASK\\nCOMMIT"',
         "world.machines.gw.iptables: line 3: Chain 'MASK' does not exist"),
        (SW, "pc: {kind: hub}", "world.devices.pc: has the name of a machine"),
        (SW, "sw: {kind: hub, stp: true}", "world.devices.sw.stp: is not for a hub"),
        (SW, "sw: {kind: swich}", "world.devices.sw.kind: must be one of switch, hub, nat, not"
         " 'swich' (did you mean 'switch'?)"),
        (SW, "sw: {kind: switch, vlans: {9: 10}}", "world.devices.sw.vlans.9: no port '9'"),
        (SW, "sw: {kind: switch, vlans: {1: 4095}}", "world.devices.sw.vlans.1: must be at most"
         " 4094"),
        (SW, "sw: {kind: nat, inside: 10.0.0.1/24}", "world.devices.sw: needs outside: its address"
         " on that side"),
        (SW, "sw: {kind: nat, inside: 10.0.0.1/24, outside: 10.0.0.9/16}",
         "world.devices.sw.inside: overlaps with the network outside"),
        (SW, "sw: {kind: nat, inside: 10.0.0.1/24, outside: 1.0.0.9/16, forward: [tcp 80]}",
         "world.devices.sw.forward[0]: must be as in tcp 8080 192.168.1.2:80, not 'tcp 80'"),
        ("pc: [0, 0]", "wbe: [0, 0]", "world.map.wbe: no machine or device 'wbe' (did you mean"
         " 'web'?)"),
        (GOAL, "reachable: {on: pc, to: wbe}", "goals.reached.reachable.to: must be an address or"
         " a machine, not 'wbe' (did you mean 'web'?)"),
        (GOAL, "reachable: {on: pc, to: web, proto: tcp}", "goals.reached.reachable: needs port:"
         " tcp goes to one"),
        (GOAL, "reachable: {on: pc, to: web, port: 80}", "goals.reached.reachable.port: goes with"
         " proto: tcp or udp"),
        (GOAL, "port: {on: pc, port: 80, by: www}", "goals.reached.port.by: no process 'www'"),
        (GOAL, "nat: {on: sw}", "goals.reached.nat.on: no machine or NAT box 'sw'"),
        (GOAL, "nat: {on: gw, inside: 10.0.0}", "goals.reached.nat.inside: must be an address, an"
         " address:port or a :port, not '10.0.0'"),
        ("goals:", "events: [{at: 1s, unplug: lna}]\ngoals:", "events[0].unplug: no link 'lna'"
         " (did you mean 'lan'?)"),
        ("goals:", "events: [{at: 1s, link: {name: wna, loss: 1%}}]\ngoals:",
         "events[0].link.name: no link 'wna' (did you mean 'wan'?)"),
    ],
)  # fmt: skip
def test_a_mistake_is_explained(old: str, new: str, said: str):
    found = problems((old, new))
    assert any(each.startswith(said) for each in found), found


def test_what_a_machine_without_cards_cannot_have():
    assert "world.machines.gw.forwarding: needs nics" in problems(
        ("nics: {eth0: 10.0.0.1/24, eth1: 203.0.113.1/24}", "nics: {}"),
    )


def test_the_schema_has_links_and_devices():
    schema = json_schema()
    assert {"between", "latency", "loss"} <= schema["definitions"]["LinkModel"]["properties"].keys()
    assert schema["definitions"]["DeviceModel"]["required"] == ["kind"]


def test_what_looks_like_a_slip_is_a_warning():
    assert warnings(level()) == []
    assert warnings(level(("eth1: 203.0.113.1/24", "eth1: 203.0.113.2/24, eth2: {}"))) == [
        ("world.machines.gw.nics.eth2", "has no cable"),
        ("world.machines.web.nics.eth0",
         "has the address of gw.eth1 on the same LAN: 203.0.113.2/24"),
        ("world.machines.web.nics.eth0",
         "nobody on its LAN has the address of its gateway 203.0.113.1"),
    ]  # fmt: skip


# -- building ------------------------------------------------------------------------------------


def test_addresses_become_what_debian_boots_from():
    one = level(
        ("gateway: 10.0.0.1}}", "gateway: 10.0.0.1, mtu: 1400}}\n      dns: [10.0.0.1, 9.9.9.9]\n"
         "      search: example.net\n      hosts: {printer: 10.0.0.9}\n"
         "      routes: [10.9.0.0/16 via 10.0.0.3]\n      iptables: |\n        *nat\n"
         "        COMMIT"),
    )  # fmt: skip
    assert interfaces(one.machine("pc")).partition("loopback\n\n")[2] == (
        "auto eth0\n"
        "iface eth0 inet static\n"
        "    address 10.0.0.2/24\n"
        "    gateway 10.0.0.1\n"
        "    mtu 1400\n"
        "    up ip route add 10.9.0.0/16 via 10.0.0.3\n"
    )
    vfs = build(one, 1).machines["pc"].vfs

    def text(path: bytes) -> bytes:
        from minios.fs.access import ROOT

        inode = vfs.walk(ROOT, vfs.root, path).inode
        return inode.read(0, 4096)  # type: ignore[attr-defined, no-any-return]

    assert text(b"/etc/resolv.conf") == (
        b"search example.net\nnameserver 10.0.0.1\nnameserver 9.9.9.9\n"
    )
    assert text(b"/etc/hosts").endswith(b"10.0.0.9\tprinter\n")
    assert text(b"/etc/iptables/rules.v4") == b"*nat\nCOMMIT\n"


def test_dhcp_vlans_and_bridges_are_stanzas_too():
    one = level((PC, "nics: {eth0: {dhcp: true}, eth0.10: 10.1.0.1/24, eth1: {},"
                     " br0: {bridge: [eth1], stp: true, address: 10.2.0.1/24}}"),
                ("[pc, sw]", "[pc.eth0, sw]"))  # fmt: skip
    assert interfaces(one.machine("pc")).partition("loopback\n\n")[2].split("\n\n") == [
        "auto eth0\niface eth0 inet dhcp",
        "auto eth0.10\niface eth0.10 inet static\n    address 10.1.0.1/24",
        "auto eth1\niface eth1 inet manual\n    up ip link set $IFACE up",
        "auto br0\niface br0 inet static\n    address 10.2.0.1/24\n    bridge_ports eth1\n"
        "    bridge_stp on\n",
    ]


def test_switches_have_their_vlans():
    built = build(level((SW, "sw: {kind: switch, ports: 4, vlans: {1: 10}, trunks: {4: {vlans: "
                             "[10, 20], native: 0}}, aging: 60s, table: 16}")), 1)  # fmt: skip
    assert built.network is not None
    switch = built.network.nodes["sw"]
    assert isinstance(switch, Switch)
    assert (switch.port("1").pvid, switch.port("4").pvid) == (10, 0)
    assert switch.port("4").vlans == {10, 20}
    assert (switch.bridge.aging, switch.bridge.limit) == (60 * SECOND, 16)


def test_switches_with_stp_have_their_tree_when_the_level_begins():
    ring = "sw: {kind: switch, ports: 4, stp: true}\n    s2: {kind: switch, stp: true}"
    two = ("  map:", "    r1: {between: [sw.2, s2.2]}\n    r2: {between: [sw.3, s2.3]}\n  map:")
    one = play(level((SW, ring), two))
    one.run_until(3 * SECOND)
    assert done(one)
    assert one.network is not None
    bridges = [one.network.nodes[name].bridge for name in ("sw", "s2")]  # type: ignore[attr-defined]
    assert sum(port.state == BLOCKING for each in bridges for port in each.ports.values()) == 1
    assert {each.stp.forward_delay for each in bridges} == {15 * SECOND}


def test_a_hardware_address_is_the_files_or_follows_from_the_names():
    built = build(level(("gateway: 10.0.0.1}}", 'mac: "02:00:00:00:00:07"}}')), 1)
    assert built.machines["pc"].nics["eth0"].mac == parse_mac("02:00:00:00:00:07")
    macs = [port.mac for machine in built.machines.values() for port in machine.nics.values()]
    assert len(set(macs)) == 4
    assert all(mac >> 40 == 2 for mac in macs)
    again = build(level(), 2)
    assert again.machines["web"].nics["eth0"].mac == macs[-1]


def test_an_address_that_a_seed_spoils_is_a_build_error():
    one = level(
        ("briefing:", "vary: {n: {choice: [x]}}\nbriefing:".replace("n:", "net:")),
        ("10.0.0.1/24, eth1", '"10.0.0.1/24", eth1'),
        (SW, 'sw: {kind: nat, inside: "10.{{net}}.0.1/24", outside: 10.9.0.1/24}'),
        ("[pc, sw]", "[pc, sw.inside]"),
        ("[gw.eth0, sw.4]", "[gw.eth0, sw.outside]"),
    )
    with pytest.raises(BuildError):
        build(one, 1)


def test_what_a_seed_spoils_elsewhere_is_no_crash():
    vary = ("briefing:", "vary: {bad: {choice: [x]}}\nbriefing:")
    with pytest.raises(BuildError):
        build(level(vary, ("forwarding: true", 'routes: ["10.9.0.0/16 via 10.{{bad}}.0.1"]')), 1)
    one = play(
        level(
            vary,
            ("goals:", 'events:\n  - {at: 1s, unplug: "{{bad}}"}\n'
             '  - {at: 1s, link: {name: "{{bad}}", loss: 1%}}\ngoals:'),
            (GOAL, 'any: [{port: {on: web, port: 80, address: "{{bad}}"}}, {nat: {on: gw, inside: '
             '"{{bad}}"}}, {reachable: {on: pc, to: "{{bad}}"}}]'),
        )
    )  # fmt: skip
    one.run_until(3 * SECOND)
    assert not done(one)


def test_a_level_without_a_network_has_none():
    assert build(SMALL, 1).network is None


# -- playing -------------------------------------------------------------------------------------


def play(one: Level, seed: int = 1) -> Play:
    made = Play(one, seed)
    assert made.built.failures == []
    return made


def done(one: Play) -> bool:
    return one.referee.goals[0].tree.holds


def test_the_machines_come_up_configured_and_reach_each_other():
    one = play(level())
    one.run_until(3 * SECOND)
    assert done(one)
    assert one.machines["pc"].kernel is not None
    device = one.machines["pc"].kernel.net.devices["eth0"]
    assert [(a.ip, a.prefixlen, a.broadcast) for a in device.addresses] == [
        (0x0A000002, 24, 0x0A0000FF)
    ]
    assert all(machine.kernel.faults == [] for machine in one.machines.values() if machine.kernel)


def test_a_pulled_cable_is_noticed_and_plugging_it_in_heals():
    one = play(level(("goals:", "events:\n  - {at: 5s, unplug: wan}\n"
                                "  - {at: 20s, plug: gw.eth1}\ngoals:")))  # fmt: skip
    assert one.level.events[1].actions == (Cable("wan", True),)
    one.run_until(4 * SECOND)
    assert done(one)
    one.run_until(8 * SECOND)
    assert not done(one)
    one.run_until(25 * SECOND)
    assert done(one)


def test_a_link_can_become_another():
    one = play(level(("goals:", "events:\n  - {at: 5s, link: {name: wan, loss: 100%, back: "
                                "{latency: 1s}}}\ngoals:")))  # fmt: skip
    assert one.level.events[0].actions == (
        LinkChange("wan", (("loss", 1_000_000),), (("latency", SECOND),)),
    )
    one.run_until(8 * SECOND)
    assert not done(one)
    assert one.network is not None
    wires = one.network.links["wan"].wires
    assert [(wire.spec.latency, wire.spec.rate, wire.spec.loss) for wire in wires] == [
        (5 * MILLISECOND, 10_000_000, 1_000_000), (SECOND, 10_000_000, 1_000_000),
    ]  # fmt: skip


def test_a_machine_without_power_is_not_reached_and_comes_back_configured():
    one = play(level(("goals:", "events:\n  - {at: 5s, power_off: gw}\n"
                                "  - {at: 10s, power_on: gw}\ngoals:")))  # fmt: skip
    one.run_until(9 * SECOND)
    assert not done(one)
    one.run_until(20 * SECOND)
    assert done(one)


def test_a_link_may_begin_unplugged():
    one = play(level(("rate: 10Mbit", "rate: 10Mbit, plugged: false")))
    one.run_until(5 * SECOND)
    assert not done(one)


SERVER = (
    "nics: {eth0: {address: 203.0.113.2/24, gateway: 203.0.113.1}}",
    "nics: {eth0: {address: 203.0.113.2/24, gateway: 203.0.113.1}}\n"
    "      services: {httpd: {exec: /usr/sbin/httpd -X, after: networking}}\n"
    "      processes: {other: {run: sleep 1000}}",
)
NAT = (
    "forwarding: true",
    "forwarding: true\n      iptables: |\n        *nat\n"
    "        -A POSTROUTING -o eth1 -j MASQUERADE\n        COMMIT",
)


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        ("reachable: {on: pc, to: web, proto: tcp, port: 80}", True),
        ("reachable: {on: pc, to: web, proto: tcp, port: 81}", False),  # refused
        ("reachable: {on: pc, to: 203.0.113.9, proto: tcp, port: 80}", False),  # nobody
        ("reachable: {on: pc, to: 203.0.113.9}", False),
        ("reachable: {on: pc, to: gw}", True),
        ("reachable: {on: pc, to: web, proto: udp, port: 53}", False),
        ("port: {on: web, port: 80}", True),
        ("port: {on: web, port: 80, address: 203.0.113.2}", True),
        ("port: {on: web, port: 80, address: 203.0.113.3}", False),
        ("port: {on: web, port: 80, by: other}", False),
        ("port: {on: web, port: 81}", False),
        ("port: {on: web, port: 81, state: closed}", True),
        ("port: {on: web, port: 80, state: closed}", False),
        ("port: {on: web, port: 80, proto: udp}", False),
    ],
)
def test_who_is_reached_and_what_is_open(check: str, holds: bool):
    one = play(level((GOAL, check), SERVER))
    one.run_until(3 * SECOND)
    assert done(one) is holds


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        ("nat: {on: gw}", True),
        ("nat: {on: gw, proto: icmp, inside: 10.0.0.2, outside: 203.0.113.1, remote: "
         "203.0.113.2}", True),
        ("nat: {on: gw, inside: 10.0.0.3}", False),
        ("nat: {on: gw, inside: 10.0.0.3, exists: false}", True),
        ("nat: {on: gw, proto: tcp}", False),
        ("nat: {on: pc}", False),
    ],
)  # fmt: skip
def test_translations_of_a_machine(check: str, holds: bool):
    one = play(level((GOAL, f"all: [{{reachable: {{on: pc, to: web}}}}, {{{check}}}]"), NAT))
    one.run_until(3 * SECOND)
    assert done(one) is holds


def test_mappings_of_a_nat_box():
    box = "sw: {kind: nat, inside: 10.0.0.1/24, outside: 198.51.100.1/24, gateway: 198.51.100.2}"
    for check, holds in (
        ("inside: 10.0.0.2, outside: 198.51.100.1", True),
        ("inside: 10.0.0.9", False),
        ("proto: udp", False),
    ):
        goal = f"all: [{{reachable: {{on: pc, to: web}}}}, {{nat: {{on: sw, {check}}}}}]"
        one = play(
            level(
                (SW, box), (GOAL, goal), ("[pc, sw]", "[pc, sw.inside]"),
                ("[gw.eth0, sw.4]", "[gw.eth0, sw.outside]"), ("10.0.0.1/24", "198.51.100.2/24"),
            )
        )  # fmt: skip
        one.run_until(3 * SECOND)
        assert done(one) is holds, check


def test_what_routes_says_is_in_the_table_after_boot():
    one = play(level(("forwarding: true", "forwarding: true\n      routes: [10.9.0.0/16 via "
                                          "203.0.113.9, blackhole 10.8.0.0/16]")))  # fmt: skip
    assert one.machines["gw"].kernel is not None
    table = one.machines["gw"].kernel.net.routes
    assert table.matching(0x0A090001).gateway == 0xCB007109  # type: ignore[union-attr]
    blackhole = table.matching(0x0A080001)
    assert blackhole is not None and blackhole.dev is None


def test_a_networked_world_is_the_same_in_one_run_and_in_pieces():
    loss = ("rate: 10Mbit", "rate: 10Mbit, loss: 20%, reorder: 10%, duplicate: 5%")
    whole, pieces = play(level(loss)), play(level(loss))
    whole.run_until(30 * SECOND)
    while not pieces.run_until(30 * SECOND, budget=3):
        pass
    assert whole.world.digest() == pieces.world.digest()


def test_a_card_put_into_a_running_machine_is_there_at_once():
    one = play(level())
    pc = one.machines["pc"]
    assert pc.kernel is not None
    pc.add_nic("eth1", network=one.network)
    assert list(pc.kernel.net.devices) == ["lo", "eth0", "eth1"]


def test_the_example_of_the_guide_plays():
    guide = (Path(__file__).parents[2] / "docs/levels.md").read_text()
    text = guide.partition("## The network")[2].partition("```yaml\n")[2].partition("```")[0]
    head = "format: 1\nid: guide\ntitle: Guide\nbriefing: x\n"
    world = text.replace("world:\n", "world:\n  player: {machine: pc, user: root}\n", 1)
    goals = "goals:\n  web: {text: The web answers, reachable: {on: pc, to: web}}\n"
    one = play(loads((head + world + goals).encode(), "guide"))
    one.run_until(10 * SECOND)
    assert one.outcome == "win"


def test_the_card_counts_the_frames_whose_check_sequence_is_wrong():
    one = play(level(("rate: 10Mbit", "rate: 10Mbit, corrupt: 100%")))
    one.run_until(5 * SECOND)
    assert not done(one)
    found = run_command(
        one.world, one.machines, ["ip", "-s", "-s", "link", "show", "eth1"], machine="gw",
        user="root",
    )  # fmt: skip
    lines = found.stdout.decode().splitlines()
    assert lines[2].split()[:4] == ["RX:", "bytes", "packets", "errors"]
    assert lines[3].split()[:3] == ["0", "0", "0"]  # nothing came back
    web = one.machines["web"].kernel
    assert web is not None
    device = web.net.devices["eth0"]
    assert device.rx_packets == 0 < device.crc_errors
    errors = run_command(
        one.world, one.machines, ["sh", "-c", "cd /sys/class/net/eth0/statistics; cat rx_errors "
                                  "rx_crc_errors; ip -s -s link show eth0"],
        machine="web", user="root",
    ).stdout.decode().splitlines()  # fmt: skip
    count = str(device.crc_errors)
    assert errors[:2] == [count, count]
    assert errors[5].split()[2] == count
    assert errors[7].split()[1] == count
