"""nstat(8), as iproute2 6.1 prints it."""

import pytest

from minios import testing


@pytest.fixture
def box() -> testing.Box:
    return testing.Box(user="root")


CONNECT = "nc -l -p 7000 >/dev/null & sleep 0.2; nc -N 127.0.0.1 7000 </dev/null; "


def test_what_is_new_since_the_last_call(box: testing.Box) -> None:
    text = box.run(f"nstat -n; {CONNECT} nstat 'Tcp?*Opens'; nstat 'Tcp*Opens'").stdout.decode()
    assert text == (
        "#kernel\n"
        "TcpActiveOpens                  1                  0.0\n"
        "TcpPassiveOpens                 1                  0.0\n"
        "#kernel\n"
    )


def test_all_of_them_with_a_and_z_but_not_what_counts_nothing(box: testing.Box) -> None:
    lines = box.run("nstat -az | cut -d' ' -f1").stdout.decode().split()
    assert lines[:3] == ["#kernel", "IpInReceives", "IpInHdrErrors"]
    assert {"TcpRetransSegs", "TcpExtListenOverflows", "UdpNoPorts"} <= set(lines)
    assert not {"TcpCurrEstab", "IpForwarding", "TcpRtoMin"} & set(lines)


def test_s_remembers_nothing(box: testing.Box) -> None:
    text = box.run(f"{CONNECT} nstat -s TcpActiveOpens; nstat TcpActiveOpens").stdout.decode()
    assert text.count("TcpActiveOpens") == 2


def test_json(box: testing.Box) -> None:
    text = box.run(f"{CONNECT} nstat -ajs 'Tcp*iveOpens'; nstat -ajp TcpActiveOpens").stdout
    assert text.decode() == (
        '{"kernel":{"TcpActiveOpens":1,"TcpPassiveOpens":1}}\n'
        '{\n    "kernel": {\n        "TcpActiveOpens": 1\n    }\n}\n'
    )


def test_a_bad_option(box: testing.Box) -> None:
    done = box.run("nstat -Q; echo $?")
    assert done.stdout == b"255\n"
    assert done.stderr.startswith(b"nstat: invalid option -- 'Q'\nUsage: nstat [OPTION]")
