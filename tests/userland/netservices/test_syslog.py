"""rsyslogd and logger over the network (RFC 3164, RFC 5424)."""

from __future__ import annotations

import pytest

from minios.testing import Box
from minios.userland.bin.rsyslogd.config import BadConfig, parse, selector
from minios.userland.bin.rsyslogd.main import parse_message
from tests.userland.netservices.lan import Lan

NOW = 1_767_603_600_000_000_000


def took(data: bytes) -> tuple[int, int, bytes]:
    message = parse_message(data, b"sender", NOW)
    return message.facility, message.level, message.line()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
         (4, 2, b"Oct 11 22:14:15 mymachine su: 'su root' failed\n")),
        (b"<13>hello: world", (1, 5, b"Jan  5 09:00:00 sender hello: world\n")),
        (b"Use the BFG!", (1, 5, b"Jan  5 09:00:00 sender Use: the BFG!\n")),
        (b"<165>1 2003-10-11T22:14:15.003Z web app 42 ID47 [a@1 b=\"c\"] text",
         (20, 5, b"Oct 11 22:14:15 web app[42]: text\n")),
        (b"<999>x", (1, 5, b"Jan  5 09:00:00 sender <999>x: \n")),
    ],
)  # fmt: skip
def test_messages_are_read_with_or_without_their_parts_rfc_3164_4(
    data: bytes, expected: tuple[int, int, bytes]
):
    assert took(data) == expected


def test_selectors_choose_by_facility_and_level():
    accepts = selector("*.info;mail.none;auth,authpriv.*")
    assert [accepts[1] >> level & 1 for level in range(8)] == [1] * 7 + [0]
    assert (accepts[2], accepts[4], accepts[10]) == (0, 0xFF, 0xFF)
    assert selector("cron.=err")[9] == 1 << 3
    with pytest.raises(BadConfig, match="f:1: nonsense here"):
        parse("nonsense here\n", "f")


def test_the_journal_goes_into_files():
    box = Box(user="root")
    box.write("/etc/rsyslog.conf", b"mail.*\t-/var/log/mail.log\n*.*;mail.none /var/log/syslog\n")
    box.run("systemctl start rsyslog; logger -p mail.info -t m one; logger -t u two; sleep 1")
    assert box.run("sed 's/\\[[0-9]*\\]//' /var/log/mail.log").stdout[15:] == b" minios m: one\n"
    last = "tail -n1 /var/log/syslog | sed 's/\\[[0-9]*\\]//'"
    assert box.run(last).stdout[15:] == b" minios u: two\n"
    box.run("mv /var/log/syslog /var/log/old; systemctl reload rsyslog; logger -t u three; sleep 1")
    assert box.run(last).stdout[15:] == b" minios u: three\n"


def test_a_restart_goes_on_where_it_ended():
    box = Box(user="root")
    box.write("/etc/rsyslog.conf", b"user.* /var/log/user.log\n")
    box.run("systemctl start rsyslog; logger -t u one; sleep 1; systemctl stop rsyslog")
    box.run("logger -t u two; systemctl start rsyslog; logger -t u three; sleep 1")
    words = box.run("awk '{ print $NF }' /var/log/user.log").stdout
    assert words == b"one\ntwo\nthree\n"


def test_other_machines_logs_are_kept_by_sender():
    lan = Lan({
        "pc": {"eth0": "lan 10.0.0.2/24"},
        "log": {"eth0": "lan 10.0.0.3/24"},
    })  # fmt: skip
    lan.write(
        "log", "/etc/rsyslog.conf",
        'module(load="imudp")\ninput(type="imudp" port="514")\n'
        '$template Each,"/var/log/%HOSTNAME%/%PROGRAMNAME%.log"\nuser.* ?Each\n',
    )  # fmt: skip
    lan.write("pc", "/etc/rsyslog.conf", "user.* @10.0.0.3\n")
    for host in ("log", "pc"):
        lan.out(host, "systemctl start rsyslog")
    lan.out("pc", "logger -t app hello; logger -n 10.0.0.3 -d -t direct world; sleep 1")
    assert lan.out("log", "cut -c17- /var/log/pc/*.log | sed 's/\\[[0-9]*\\]//'") == (
        "pc app: hello\npc direct: world\n"
    )


def test_a_name_from_the_network_makes_no_path():
    lan = Lan({"pc": {"eth0": "lan 10.0.0.2/24"}, "log": {"eth0": "lan 10.0.0.3/24"}})
    lan.write(
        "log", "/etc/rsyslog.conf",
        '$UDPServerRun 514\n$template Each,"/var/log/net/%HOSTNAME%.log"\n*.* ?Each\n',
    )  # fmt: skip
    lan.out("log", "systemctl start rsyslog")
    lan.run("pc", "echo '<13>Jan  5 09:00:00 ../../etc/x app: hi' | nc -u -w1 10.0.0.3 514")
    assert "_.._etc_x.log" in lan.out("log", "ls /var/log/net")
