"""A level's machines come up with their services: addresses, names and pages, before t = 0."""

from __future__ import annotations

from minios.game import sandbox
from minios.game.build import Built, build
from minios.game.loader import loads
from minios.sim.world import SECOND

_WANTS = "/etc/systemd/system/multi-user.target.wants"
LEVEL = f"""\
format: 1
id: net
title: Net
briefing: Everything is served.
world:
  player: {{machine: pc, user: root}}
  machines:
    pc:
      nics: {{eth0: {{dhcp: true}}}}
    srv:
      nics: {{eth0: 10.0.0.1/24}}
      files:
        /etc/dhcp/dhcpd.conf:
          text: |
            authoritative; option domain-name-servers 10.0.0.1; option domain-name "lan.test";
            subnet 10.0.0.0 netmask 255.255.255.0 {{ range 10.0.0.100 10.0.0.120; }}
        /etc/bind/named.conf: {{text: 'zone "lan.test" {{ type master; file "/etc/bind/db"; }};'}}
        /etc/bind/db: {{text: "$TTL 60\\n@ SOA ns r 1 1 1 1 1\\n@ NS ns\\nns A 10.0.0.1\\n"}}
        /var/www/html/index.html: {{text: "it works\\n"}}
        {_WANTS}/isc-dhcp-server.service: {{link: /lib/systemd/system/isc-dhcp-server.service}}
        {_WANTS}/named.service: {{link: /lib/systemd/system/named.service}}
        {_WANTS}/httpd.service: {{link: /lib/systemd/system/httpd.service}}
  devices:
    sw: {{kind: switch, ports: 4}}
  links:
    lan: {{between: [pc, sw]}}
    up: {{between: [srv, sw]}}
goals:
  reached: {{text: The server answers, reachable: {{on: pc, to: srv}}, for: 60s}}
"""


def out(built: Built, host: str, command: str) -> str:
    result = sandbox.run_command(
        built.world, built.machines, sandbox.sh(command.encode()), machine=host, user="root",
        until=built.world.now + 60 * SECOND,
    )  # fmt: skip
    return result.stdout.decode() + result.stderr.decode()


def booted(seed: int = 0) -> Built:
    built = build(loads(LEVEL.encode(), "net.yaml"), seed)
    built.switch_on()
    built.world.run_until(0)
    return built


def test_a_machine_has_address_name_server_and_pages_when_play_begins():
    built = booted()
    assert out(built, "pc", "curl -sS ns") == "it works\n"
    assert out(built, "pc", "cat /etc/resolv.conf") == (
        "domain lan.test\nsearch lan.test\nnameserver 10.0.0.1\n"
    )


def test_a_power_cycle_brings_it_all_back():
    built = booted()
    for machine in built.machines.values():
        machine.power_off()
    for machine in built.machines.values():
        machine.power_on()
    built.world.run_until(built.world.now + 20 * SECOND)
    assert out(built, "pc", "curl -sS ns") == "it works\n"


def test_a_served_network_at_rest_costs_nothing():
    built = booted()
    events = 0
    end = built.world.now + 600 * SECOND
    while (due := built.world.next_event()) is not None and due <= end:
        built.world.run_until(due)
        events += 1
    assert events < 60
