"""ifup, ifdown and ifquery with interfaces(5) (ifupdown 0.8)."""

import pytest

from minios.game import sandbox
from minios.game.play import Play
from minios.sim.world import SECOND
from tests.game.networks import level

NICS = ("nics: {eth0: {address: 10.0.0.2/24, gateway: 10.0.0.1}}", "nics: {eth0: {}, eth1: {}}")
ENDS = ("[pc, sw]", "[pc.eth0, sw]")


class Pc:
    """A machine with two cards, eth0 on a LAN with 10.0.0.1, whose /etc/network/interfaces is
    what a test wants; nothing of it is up but lo."""

    def __init__(self, text: str) -> None:
        self.play = Play(level(NICS, ENDS), 1)
        self.run("ifdown eth0 eth1 2>/dev/null; ip link set eth0 down; ip link set eth1 down")
        machine = self.play.machines["pc"]
        machine.write_file(b"/etc/network/interfaces", text.encode())

    def run(self, command: str, user: str = "root") -> tuple[int, str, str]:
        play = self.play
        found = sandbox.run_command(
            play.world, play.machines, ["sh", "-c", command], machine="pc", user=user,
            until=play.world.now + 60 * SECOND,
        )  # fmt: skip
        return found.status, found.stdout.decode(), found.stderr.decode()

    def out(self, command: str) -> str:
        status, out, err = self.run(command)
        assert (status, err) == (0, "")
        return out


STATIC = """\
auto lo
iface lo inet loopback

# the LAN
auto eth0
iface eth0 inet static
    address 10.0.0.2/24
    gateway 10.0.0.1
    mtu 1400
    up echo "$IFACE $METHOD $ADDRFAM $MODE $PHASE $IF_MTU" > /tmp/up
    post-down echo gone > /tmp/up
"""


def test_a_static_interface_has_address_broadcast_mtu_and_default_route():
    pc = Pc(STATIC)
    assert pc.run("ifup eth0") == (0, "", "")
    assert pc.out("ip addr show eth0").splitlines()[::2][:2] == [
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc pfifo_fast state UP group "
        "default qlen 1000",
        "    inet 10.0.0.2/24 brd 10.0.0.255 scope global eth0",
    ]
    # ifupdown's inet.defn has "ip route add default via %gateway% dev %iface% onlink"
    assert pc.out("ip route") == (
        "default via 10.0.0.1 dev eth0 onlink \n"
        "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 \n"
    )
    assert pc.out("cat /tmp/up") == "eth0 static inet start post-up 1400\n"
    assert "1 received" in pc.out("ping -c 1 10.0.0.1")


def test_ifdown_undoes_it_and_the_state_is_kept():
    pc = Pc(STATIC)
    pc.run("ifup -a")
    assert pc.out("ifquery --state") == "lo=lo\neth0=eth0\n"
    assert pc.run("ifdown eth0") == (0, "", "")
    assert pc.out("ip -br addr show eth0") == "eth0             DOWN           \n"
    assert pc.out("ip route") == ""
    assert pc.out("cat /tmp/up") == "gone\n"
    assert pc.out("cat /run/network/ifstate") == "lo=lo\n"


def test_what_is_up_is_left_alone_and_what_is_unknown_is_said():
    pc = Pc(STATIC)
    pc.run("ifup eth0")
    assert pc.run("ifup eth0") == (0, "", "ifup: interface eth0 already configured\n")
    assert pc.run("ifdown eth1") == (0, "", "ifdown: interface eth1 not configured\n")
    assert pc.run("ifup eth7") == (1, "", "ifup: unknown interface eth7\n")
    assert pc.run("ifup") == (1, "", "ifup: use --help for help\n")


def test_only_root_may():
    pc = Pc(STATIC)
    status, _, err = pc.run("/usr/sbin/ifup eth0", "nobody")
    assert (status, err) == (
        1, "ifup: failed to open lockfile /run/network/.ifstate.lock: Permission denied\n",
    )  # fmt: skip


def test_no_act_shows_the_commands_and_does_nothing():
    pc = Pc(STATIC)
    status, out, err = pc.run("ifup -n --no-scripts eth0")
    assert (status, out) == (0, "")
    assert err.splitlines() == [
        "",
        "ifup: configuring interface eth0=eth0 (inet)",
        "ip addr add 10.0.0.2/24 broadcast + dev eth0 label eth0",
        "ip link set dev eth0 mtu 1400 up",
        "ip route add default via 10.0.0.1 dev eth0 onlink",
        'echo "$IFACE $METHOD $ADDRFAM $MODE $PHASE $IF_MTU" > /tmp/up',
    ]
    assert pc.out("ip -br addr show eth0") == "eth0             DOWN           \n"


def test_ifquery_prints_what_the_file_has():
    pc = Pc(STATIC)
    assert pc.out("ifquery eth0").splitlines()[:3] == [
        "address: 10.0.0.2/24", "gateway: 10.0.0.1", "mtu: 1400",
    ]  # fmt: skip
    assert pc.out("ifquery --list") == "lo\neth0\n"
    assert pc.run("ifquery eth7") == (1, "", "ifquery: unknown interface eth7\n")


def test_a_failing_command_keeps_the_interface_from_coming_up():
    pc = Pc("iface eth0 inet manual\n    pre-up false\n    up touch /tmp/never\n")
    assert pc.run("ifup eth0") == (1, "", "ifup: failed to bring up eth0\n")
    assert pc.out("ifquery --state eth0; ls /tmp | grep never; true") == ""


def test_an_address_that_is_there_already_is_rtnetlinks_error():
    pc = Pc("iface eth0 inet static\n    address 10.0.0.2/24\n")
    pc.run("ip addr add 10.0.0.2/24 dev eth0")
    assert pc.run("ifup eth0") == (
        1, "", "RTNETLINK answers: File exists\nifup: failed to bring up eth0\n",
    )  # fmt: skip


def test_an_old_netmask_several_addresses_and_sourced_files():
    pc = Pc("source /etc/network/interfaces.d/*\n")
    pc.play.machines["pc"].write_file(
        b"/etc/network/interfaces.d/lan",
        b"iface eth0 inet static\n  address 10.0.0.2\n  netmask 255.255.255.0\n"
        b"iface eth0 inet static\n  address 10.0.0.3/24\n",
    )
    assert pc.run("ifup eth0") == (0, "", "")
    assert (
        pc.out("ip -br addr show eth0")
        == "eth0             UP             10.0.0.2/24 10.0.0.3/24 \n"
    )


def test_vlans_and_bridges_are_made_and_taken_away():
    pc = Pc(
        "iface eth0.10 inet static\n    address 10.10.0.2/24\n"
        "iface br0 inet static\n    address 10.20.0.2/24\n    bridge_ports eth1\n"
    )
    assert pc.run("ifup eth0.10 br0") == (0, "", "")
    assert "vlan protocol 802.1Q id 10" in pc.out("ip -d link show eth0.10")
    assert "master br0" in pc.out("ip link show eth1")
    assert pc.run("ifdown eth0.10 br0") == (0, "", "")
    assert pc.out("ls /sys/class/net") == "eth0\neth1\nlo\n"


def test_dhcp_runs_dhclient():
    pc = Pc("iface eth0 inet dhcp\n")
    _, _, err = pc.run("ifup -n --no-scripts eth0")
    assert err.splitlines()[-1] == (
        "dhclient -4 -v -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases eth0"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("address 10.0.0.2\n", "/etc/network/interfaces:1: misplaced option"),
        ("iface\n", "/etc/network/interfaces:1: too few parameters for iface line"),
        ("\niface eth0 inet sttaic\n", "/etc/network/interfaces:2: unknown method"),
        ("iface eth0 ipx static\n", "/etc/network/interfaces:1: unknown address type"),
        ("iface eth0 inet manual\n mtu 1\n mtu 2\n", "/etc/network/interfaces:3: duplicate option"),
        ("iface eth0 inet manual\n mtu\n",
         "/etc/network/interfaces:2: option with empty value"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named_with_its_line(text: str, said: str):
    pc = Pc(text)
    assert pc.run("ifup eth0") == (
        1, "", f'{said}\nifup: couldn\'t read interfaces file "/etc/network/interfaces"\n',
    )  # fmt: skip


def test_an_interface_without_an_address_misses_it():
    pc = Pc("iface eth0 inet static\n    mtu 1500\n")
    assert pc.run("ifup eth0")[2] == (
        "Missing required variable: address\n"
        "Missing required configuration variables for interface eth0/inet.\n"
        "ifup: failed to bring up eth0\n"
    )
