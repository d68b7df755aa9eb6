"""punch, rendezvousd and stund through NAT devices and Linux routers (RFC 5128, RFC 5780)."""

import pytest

from tests.userland.punching.internet import Internet

MASQUERADE = "iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE"
CAREFUL = f"{MASQUERADE}; iptables -A INPUT -i eth1 -m conntrack --ctstate NEW,INVALID -j DROP"
CLASSES = [f"{m}/{f}" for m in ("eim", "adm", "apdm") for f in ("eif", "adf", "apdf")]
WORDS = {
    "eim": "endpoint-independent", "adm": "address-dependent",
    "apdm": "address- and port-dependent", "eif": "endpoint-independent",
    "adf": "address-dependent", "apdf": "address- and port-dependent",
}  # fmt: skip


def punch(net: Internet, *, a: str = "", b: str = "") -> tuple[int, str, str]:
    """b listens, a calls: a's exit status, what a says, what b says."""
    listen = f"punch -s 203.0.113.10 -n bob --listen -m hello {b}"
    net.run("b", f"{{ {listen}; echo status $?; }} > /tmp/b 2>&1 & sleep 0.2")
    done = net.run("a", f"punch -s 203.0.113.10 -n alice --peer bob -m hi {a} 2>&1")
    other = net.run("b", "sleep 4; cat /tmp/b")
    return done.status, done.stdout.decode(), other.stdout.decode()


@pytest.mark.parametrize("kind", CLASSES)
def test_discovery_names_the_class_of_the_nat(kind: str) -> None:
    """RFC 5780 4.3 and 4.4."""
    mapping, filtering = kind.split("/")
    lines = Internet(kind).run("a", "punch --discover -s 203.0.113.10").stdout.decode().split("\n")
    assert lines[2] == f"mapping:         {WORDS[mapping]} ({mapping})"
    assert lines[3] == f"filtering:       {WORDS[filtering]} ({filtering})"


def test_masquerade_maps_endpoint_independently_and_filters_by_address_and_port() -> None:
    """Measured on Linux 6.x: see the facts about MASQUERADE."""
    text = Internet(MASQUERADE).run("a", "punch --discover -s 203.0.113.10").stdout
    assert b"(eim)" in text and b"(apdf)" in text and b"hairpinning:     no" in text


@pytest.mark.parametrize("option", ["--random", "--random-fully"])
def test_random_masquerade_maps_by_destination(option: str) -> None:
    text = Internet(f"{MASQUERADE} {option}").run("a", "punch --discover -s 203.0.113.10").stdout
    assert b"(apdm)" in text


def test_without_a_nat_there_is_none() -> None:
    done = Internet().run("server", "punch --discover -s 203.0.113.10")
    assert b"no NAT" in done.stdout


def test_two_good_nats_are_punched_and_both_talk() -> None:
    status, a, b = punch(Internet())
    assert status == 0
    assert "bob: hello\n" in a and "alice: hi\n" in b
    assert b.endswith("status 0\n")


def test_a_symmetric_nat_and_a_strict_one_need_the_relay() -> None:
    """RFC 5128 3.3: fails, so 3.2's relaying is what is left."""
    status, a, b = punch(Internet("eim/apdf", "apdm/apdf"))
    assert status == 3
    assert "no hole: 25 rounds" in a or "no hole: 25 probes" in a
    assert "falling back to the relay at 203.0.113.10:3480" in a
    assert "bob: hello\n" in a and "alice: hi\n" in b
    assert b.endswith("status 3\n")


def test_without_the_relay_it_fails() -> None:
    status, a, _ = punch(Internet("eim/apdf", "apdm/apdf"), a="--no-relay", b="--no-relay")
    assert status == 1 and a.endswith("giving up\n")


def test_masquerade_and_masquerade_fail_if_an_early_bird_is_accepted() -> None:
    """The early probe makes a conntrack entry, and the later mapping has to move."""
    status, a, _ = punch(Internet(MASQUERADE, MASQUERADE), b="--delay 1000", a="--no-relay")
    assert status == 1 and "no hole" in a


def test_masquerade_and_masquerade_work_if_the_early_bird_is_dropped() -> None:
    status, a, _ = punch(Internet(CAREFUL, CAREFUL), b="--delay 1000", a="--no-relay")
    assert status == 0, a


def test_probes_that_cross_on_the_way_work_even_so() -> None:
    assert punch(Internet(MASQUERADE, MASQUERADE))[0] == 0


def test_a_listener_that_keeps_on_takes_the_next_call() -> None:
    """By another socket of the same caller, and while the last punch still goes on."""
    net = Internet()
    net.run("b", "punch -s 203.0.113.10 -n bob --listen -k -q > /tmp/b 2>&1 & sleep 0.2")
    net.run("a", "timeout 0.3 punch -s 203.0.113.10 -n alice --peer bob --delay 9000")
    for text in ("one", "two"):
        done = net.run("a", f"punch -s 203.0.113.10 -n alice --peer bob -m {text}")
        assert done.status == 0, done.stdout
    assert net.run("b", "cat /tmp/b").stdout == b"alice: one\nalice: two\n"


def test_by_hand_without_a_server() -> None:
    """A player who knows both ends needs no rendezvous: masquerading keeps the port."""
    net = Internet(CAREFUL, CAREFUL)
    net.run("b", "punch -p 4000 --to 203.0.113.1:4000 -m there > /tmp/b 2>&1 & sleep 0.1")
    done = net.run("a", "punch -p 4000 --to 203.0.113.2:4000 -m here")
    assert done.status == 0 and done.stdout.endswith(b"punch: there\n")


def test_nobody_answers() -> None:
    net = Internet()
    done = net.run("a", "punch -s 203.0.113.10 -n alice --peer nobody")
    assert done.status == 1
    assert b"nobody is not registered yet\n" in done.stdout
    assert done.stdout.endswith(b"nobody does not show up\n")
    done = net.run("a", "punch -s 203.0.113.99 -n alice --peer bob")
    assert done.status == 1 and done.stdout == b"the rendezvous server does not answer\n"


@pytest.mark.parametrize(
    "arguments",
    ["", "-s 203.0.113.10", "-s x -n a --listen --peer b", "--to 1.2.3.4:5 --listen",
     "-s 203.0.113.10 -n 'a b' --listen", "-s 203.0.113.10 -n a --listen --tries 0", "--discover"],
)  # fmt: skip
def test_bad_usage(arguments: str) -> None:
    assert Internet().run("a", f"punch {arguments}").status == 2


def test_equal_worlds_have_equal_digests() -> None:
    def play() -> str:
        net = Internet(f"{MASQUERADE} --random", "apdm/adf")
        punch(net)
        return net.world.digest()

    assert play() == play()
