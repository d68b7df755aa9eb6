"""getaddrinfo's parts: addresses, hosts, nsswitch.conf, resolv.conf (getaddrinfo(3))."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minios.net.wire.dnstext import name_text
from minios.testing import Box
from minios.userland.lib.net.gai import gai_strerror, inet_aton
from minios.userland.lib.net.lookup import hosts_line
from minios.userland.lib.net.resolver import Failed, candidates, read_config

FORMS = [
    "1.2.3.4", "127.1", "1.2.772", "0x7f.1", "0x7f000001", "2130706433", "010.0.0.1", "1.2.3.256",
    "1.2.3.4.5", "256", "a.b", "", "1..2", "0x", "08.1.1.1", "1.2.65536", "4294967296",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_addresses_are_read_as_the_c_library_does(text: str):
    try:
        expected = int.from_bytes(socket.inet_aton(text))
    except OSError:
        expected = None
    assert inet_aton(text.encode()) == expected


@given(st.from_regex(r"(0x[0-9a-f]{1,4}|[0-9]{1,4})(\.(0x[0-9a-f]{1,3}|[0-9]{1,4})){0,4}",
                     fullmatch=True))  # fmt: skip
def test_any_other_form_too(text: str):
    test_addresses_are_read_as_the_c_library_does(text)


def test_errors_have_glibcs_texts():
    for code, text in (
        (-2, "Name or service not known"), (-3, "Temporary failure in name resolution"),
        (-5, "No address associated with hostname"),
        (-8, "Servname not supported for ai_socktype"),
    ):  # fmt: skip
        assert gai_strerror(code) == text


def test_the_sources_of_nsswitch_conf_have_actions():
    assert hosts_line(b" files dns") == [(b"files", {}), (b"dns", {})]
    assert hosts_line(b"dns [NOTFOUND=return TRYAGAIN=continue] files") == [
        (b"dns", {b"NOTFOUND": b"return", b"TRYAGAIN": b"continue"}),
        (b"files", {}),
    ]


def test_resolv_conf_is_read_as_resolv_conf_5_says():
    config = read_config(
        b"# comment\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n"
        b"nameserver 10.0.0.4\ndomain old.test\nsearch a.test b.test\n"
        b"options ndots:2 timeout:99 attempts:0 rotate\nnonsense\n"
    )
    assert config.servers == [0x0A000001, 0x0A000002, 0x0A000003]
    assert config.search == [b"a.test", b"b.test"]
    assert (config.ndots, config.timeout, config.attempts) == (2, 30, 1)
    assert read_config(b"").servers == [0x7F000001]


def test_the_search_list_and_ndots_say_what_is_asked_first():
    config = read_config(b"search a.test b.test\n")

    def asked(host: bytes) -> list[str]:
        return [name_text(name) for name in candidates(host, config)]

    assert asked(b"www") == ["www.a.test.", "www.b.test.", "www."]
    assert asked(b"www.x") == ["www.x.", "www.x.a.test.", "www.x.b.test."]
    assert asked(b"www.") == ["www."]
    with pytest.raises(Failed):
        candidates(b"a..b", config)


def test_services_have_names():
    box = Box()
    assert box.run("grep '^domain ' /etc/services").stdout == (
        b"domain          53/tcp\ndomain          53/udp\n"
    )
    assert box.run("curl -sS localhost:9").stderr == (
        b"curl: (7) Failed to connect to localhost port 9 after 0 ms: Couldn't connect to server\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("services http", 0, "http                  80/tcp www\n"),
        ("services 53/udp", 0, "domain                53/udp\n"),
        ("services 25", 0, "smtp                  25/tcp mail\n"),
        ("protocols tcp 17", 0, "tcp                   6 TCP\nudp                   17 UDP\n"),
        ("hosts localhost", 0, "127.0.0.1       localhost\n"),
        ("hosts 127.0.0.1", 0, "127.0.0.1       localhost\n"),
        ("ahosts 127.0.0.1", 0, "127.0.0.1       STREAM 127.0.0.1\n"
         "127.0.0.1       DGRAM  \n127.0.0.1       RAW    \n"),
        ("passwd root 0 nosuch", 2, "root:x:0:0:root:/root:/bin/sh\n" * 2),
        ("foo", 1, "Unknown database: foo\n"
         "Try `getent --help' or `getent --usage' for more information.\n"),
    ],
)  # fmt: skip
def test_getent_prints_what_debians_prints(arguments: str, status: int, said: str):
    result = Box().run(f"getent {arguments} 2>&1")
    assert (result.status, result.stdout.decode()) == (status, said)


def test_a_number_loads_nothing_of_dns():
    import subprocess
    import sys

    code = (
        "import sys; from minios.userland.lib.net import gai, stream; "
        "from minios.testing import run; assert run('ping -c1 127.0.0.1').status == 0; "
        "sys.exit(any('dns' in name or 'resolver' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
