"""The world called home: a LAN behind a masquerading router, an ISP, a name and a web server."""

import os
import subprocess
import sys

import pytest

from minios.game import sandbox
from minios.game.catalog import find
from minios.game.lint import lint
from minios.game.loader import load
from minios.game.play import Play
from minios.sim.world import SECOND

HOME = load(find("home"))


@pytest.fixture(scope="module")
def home() -> Play:
    made = Play(HOME, 1)
    assert made.built.failures == []
    return made


def run(home: Play, command: str, machine: str = "pc", user: str = "player") -> str:
    result = sandbox.run_command(
        home.world, home.machines, ["sh", "-c", command], machine=machine, user=user,
        until=home.world.now + 120 * SECOND,
    )  # fmt: skip
    assert result.stderr == b"", result
    assert result.status == 0, result
    return result.stdout.decode()


def test_every_machine_comes_up_without_trouble(home: Play):
    for name, machine in home.machines.items():
        assert machine.kernel is not None, name
        assert machine.kernel.faults == []
        if name != "pc":
            assert run(home, "systemctl --failed --no-legend", name, "root").strip() in (
                "", "0 loaded units listed.",
            )  # fmt: skip


def test_the_pc_has_a_lease_of_its_router(home: Play):
    assert run(home, "ip route") == (
        "default via 192.168.1.1 dev eth0 \n"
        "192.168.1.0/24 dev eth0 proto kernel scope link src 192.168.1.100 \n"
    )
    assert "nameserver 192.168.1.1\n" in run(home, "cat /etc/resolv.conf")


def test_names_are_resolved_through_the_router(home: Play):
    assert run(home, "dig +short www.example.net") == "203.0.113.80\n"
    assert run(home, "dig +short mail.example.net") == "www.example.net.\n203.0.113.80\n"
    assert run(home, "dig +short -x 203.0.113.80") == "www.example.net.\n"
    assert run(home, "dig +short laptop.home.arpa") == "192.168.1.20\n"


def test_the_web_server_sees_the_address_of_the_router(home: Play):
    assert "<h1>It works!</h1>" in run(home, "curl -s http://www.example.net/")
    tracked = run(home, "conntrack -L -p tcp 2>/dev/null", "router", "root")
    assert "src=192.168.1.100 dst=203.0.113.80" in tracked
    assert "src=203.0.113.80 dst=198.51.100.2" in tracked


def test_the_way_out_is_two_hops_and_the_server(home: Play):
    lines = run(home, "traceroute -n 203.0.113.80").splitlines()[1:]
    assert [line.split()[1] for line in lines] == ["192.168.1.1", "198.51.100.1", "203.0.113.80"]


def test_the_laptop_is_reached_without_the_router(home: Play):
    assert "kitchen" in run(home, "curl -s http://laptop/")
    assert "ttl=64" in run(home, "ping -c 1 laptop")


def test_ssh_takes_the_player_to_the_router():
    play = Play(HOME, 1)
    for line in ("ssh router", "yes", "home", "hostname; ip route get 192.168.1.100", "exit"):
        for key in line + "\r":
            play.apply("key", {"data": key})
        play.run_until(play.world.now + 3 * SECOND)
    screen = play.shown("pc", "tty1").decode().replace("\r\n", "\n")
    assert "player@router:~$ hostname" in screen
    assert "router\n192.168.1.100 dev eth0 src 192.168.1.1 uid 1000" in screen
    assert "Connection to router closed." in screen


def test_nobody_comes_in_from_outside(home: Play):
    result = sandbox.run_command(
        home.world, home.machines, ["ping", "-c", "1", "-W", "1", "198.51.100.2"],
        machine="friend", user="root", until=home.world.now + 60 * SECOND,
    )  # fmt: skip
    assert result.status == 1
    router = home.machines["router"].kernel
    assert router is not None
    assert router.net.drops[-1].reason.name == "FILTER_DROP"
    assert "INPUT" in router.net.drops[-1].rule


def test_it_passes_the_linter():
    assert lint(HOME) == []


_DIGEST = """
from minios.game.catalog import find
from minios.game.loader import load
from minios.game.play import Play
play = Play(load(find("home")), 1)
play.run_until(15_000_000_000)
print(play.world.digest())
"""


def test_the_world_is_the_same_whatever_the_hash_seed():
    digests = set()
    for seed in ("0", "1", "4242"):
        env = os.environ | {"PYTHONHASHSEED": seed}
        found = subprocess.run(
            [sys.executable, "-c", _DIGEST], env=env, capture_output=True, text=True, check=True
        )
        digests.add(found.stdout)
    play = Play(HOME, 1)
    while not play.run_until(15 * SECOND, budget=101):
        pass
    digests.add(play.world.digest() + "\n")
    assert len(digests) == 1
