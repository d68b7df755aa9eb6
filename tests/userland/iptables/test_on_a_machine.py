"""iptables and conntrack on machines: who may, what persists, what other files say."""

from minios.testing import Box, run
from minios.userland.lib.iptables.loading import problems
from tests.userland.punching.internet import Internet

MASQUERADE = "iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE"


def root(*commands: str) -> str:
    done = Box(user="root").run("; ".join(commands))
    assert done.stderr == b"", done.stderr
    return done.stdout.decode()


def test_only_root_may() -> None:
    for command in ("iptables", "iptables-save"):
        done = run(f"/usr/sbin/{command}" + (" -L" if command == "iptables" else ""))
        assert done.status == 4
        assert done.stderr.decode() == (
            f"{command} v1.8.9 (nf_tables): Could not fetch rule set generation id: "
            "Permission denied (you must be root)\n"
        )
    done = run("/usr/sbin/conntrack -L")
    assert done.status == 1
    assert done.stderr.endswith(
        b"sorry, you must be root or get CAP_NET_ADMIN capability to do this\n"
    )


def test_what_is_saved_is_restored() -> None:
    text = root(
        "iptables -A INPUT -p tcp --dport 22 -m comment --comment 'the door' -j ACCEPT",
        "iptables -P FORWARD DROP",
        "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
        "iptables-save | grep -v '^#' > /tmp/one",
        "iptables -F; iptables -t nat -F; iptables -P FORWARD ACCEPT",
        "iptables-restore < /tmp/one; iptables-save | grep -v '^#' > /tmp/two",
        "cmp /tmp/one /tmp/two && cat /tmp/two",
    )
    assert '-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "the door" -j ACCEPT\n' in text
    assert ":FORWARD DROP [0:0]\n" in text and "-A POSTROUTING -o eth0 -j MASQUERADE\n" in text


def test_a_file_with_a_mistake_changes_nothing() -> None:
    text = root(
        "iptables -A INPUT -j ACCEPT",
        "printf '*filter\\n-A INPUT -j DROP\\n-A INPUT --nonsense\\nCOMMIT\\n' | "
        "iptables-restore 2>/dev/null; echo $?",
        "iptables -S INPUT",
    )
    assert text == "2\n-P INPUT ACCEPT\n-A INPUT -j ACCEPT\n"


def test_log_goes_to_the_kernel_log() -> None:
    text = root(
        "iptables -A INPUT -p icmp --icmp-type 8 -j LOG --log-prefix 'ping: '",
        "ping -c 1 127.0.0.1 >/dev/null",
        "dmesg | grep -o 'ping: IN=lo OUT= MAC=.*SRC=127.0.0.1 DST=127.0.0.1 LEN=84'",
    )
    assert text.startswith("ping: IN=lo OUT= MAC=") and text.endswith("LEN=84\n")


def test_sysctl_rules_conntrack() -> None:
    text = root(
        "sysctl -n net.netfilter.nf_conntrack_udp_timeout net.netfilter.nf_conntrack_max",
        "sysctl -qw net.netfilter.nf_conntrack_udp_timeout=7",
        "iptables -A INPUT -m conntrack --ctstate NEW",
        "echo x | nc -u -w 1 -p 6000 127.0.0.1 9000",
        "sysctl -n net.netfilter.nf_conntrack_count",
        "cut -d' ' -f 8-15 /proc/net/nf_conntrack",
    )
    assert text.splitlines()[:3] == ["30", "65536", "1"]
    assert int(text.splitlines()[3].split()[1]) <= 7


def test_an_interface_that_goes_down_ends_what_had_borrowed_its_address() -> None:
    net = Internet(MASQUERADE)
    net.run("a", "echo x | nc -u -w 1 203.0.113.10 9")
    assert net.run("ra", "conntrack -C").stdout == b"1\n"
    net.run("ra", "ip link set eth1 down")
    assert net.run("ra", "conntrack -C").stdout == b"0\n"


def test_a_player_sees_the_translation_in_conntrack() -> None:
    net = Internet(MASQUERADE)
    net.run("a", "echo x | nc -u -w 1 -p 6000 203.0.113.10 3478")
    text = net.run("ra", "conntrack -L -p udp --dport 3478 2>/dev/null").stdout.decode()
    assert text[text.index("src=") :] == (
        "src=10.1.0.2 dst=203.0.113.10 sport=6000 dport=3478 [UNREPLIED] "
        "src=203.0.113.10 dst=203.0.113.1 sport=3478 dport=6000 mark=0 use=1\n"
    )


def test_ping_through_a_masquerading_router_and_the_counters() -> None:
    net = Internet(MASQUERADE)
    assert net.run("a", "ping -c 2 203.0.113.10").status == 0
    text = net.run("ra", "iptables -t nat -L POSTROUTING -v -n").stdout.decode()
    assert "    1    84 MASQUERADE  0    --  *      eth1 " in text


def test_authors_are_told_what_is_wrong_with_their_rules() -> None:
    text = "*filter\n-A INPUT --foo\n-A INPUT -p bar\nCOMMIT\n"
    text += "*nat\n-A PREROUTING -j NOPE\nCOMMIT\n*raw\n"
    assert problems(text) == [
        (2, 'unknown option "--foo"'),
        (7, "Chain 'NOPE' does not exist"),
        (9, "iptables-restore: COMMIT expected at line 9"),
    ]
    assert problems("*nat\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n") == []


def test_the_kernel_says_in_its_log_why_it_refuses_a_rule() -> None:
    box = Box(user="root")
    for command in (
        "iptables -A INPUT -j MASQUERADE",
        "iptables -t nat -A PREROUTING -j SNAT --to-source 1.2.3.4",
        "iptables -A INPUT -j REJECT --reject-with tcp-reset",
    ):
        assert box.run(command).status == 4
    lines = box.run("dmesg | grep -Eo '(x_tables|ipt_REJECT).*'").stdout.decode().splitlines()
    assert lines == [
        "x_tables: ip_tables: MASQUERADE target: only valid in nat table, not filter",
        "x_tables: ip_tables: SNAT target: used from hooks PREROUTING, but only usable from "
        "INPUT/POSTROUTING",
        "ipt_REJECT: TCP_RESET invalid for non-tcp",
    ]
