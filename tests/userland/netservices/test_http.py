"""httpd with curl and wget as its clients (RFC 9110, RFC 9112)."""

from __future__ import annotations

import pytest

from minios.testing import Box
from minios.userland.bin.curl.meter import amount, clock
from minios.userland.bin.httpd.answer import http_date, parse_date
from minios.userland.bin.wget.progress import digits, human, seconds, short, speed
from minios.userland.lib.net.url import BadUrl, base64, parse, quote, unquote
from tests.userland.netservices.lan import Lan


@pytest.fixture(scope="module")
def box() -> Box:
    box = Box(user="root")
    box.write("/var/www/html/index.html", b"hello\n")
    box.write("/var/www/html/secret", b"no\n", 0o600)
    box.write("/var/www/html/data.txt", b"0123456789\n")
    box.write("/usr/lib/cgi-bin/hi", b"#!/bin/sh\nprintf 'Status: 201 X\\n\\nhi '; cat\n", 0o755)
    box.write("/usr/lib/cgi-bin/broken", b"#!/bin/sh\necho nonsense\n", 0o755)
    box.run("systemctl start httpd; sleep 1")
    return box


def out(box: Box, command: str) -> str:
    return box.run(command).stdout.decode("latin-1")


CODE = "curl -s -o /dev/null -w '%{http_code}\\n' "


@pytest.mark.parametrize(
    ("path", "code"),
    [("/", 200), ("/nope", 404), ("/secret", 403), ("/cgi-bin/nope", 404), ("/cgi-bin/hi", 201),
     ("/cgi-bin/broken", 500), ("/%00", 400), ("/data.txt/", 404)],
)  # fmt: skip
def test_statuses(box: Box, path: str, code: int):
    assert out(box, f"{CODE} localhost{path}") == f"{code}\n"


def test_a_head_has_the_headers_of_a_get_and_no_body_rfc_9110_9_3_2(box: Box):
    get = out(box, "curl -s -D - -o /dev/null localhost/data.txt | grep -v Date")
    assert out(box, "curl -sI localhost/data.txt | grep -v Date") == get
    assert "Content-Length: 11\r\n" in get
    assert "Content-Type: text/plain\r\n" in get


def test_what_has_not_changed_is_not_sent_rfc_9110_13_1(box: Box):
    tag = out(box, "curl -sI localhost/data.txt | grep ETag | tr -d '\\r' | cut -d' ' -f2").strip()
    when = out(
        box, "curl -sI localhost/data.txt | grep Last-Modified | tr -d '\\r' | cut -d' ' -f2-"
    ).strip()
    assert out(box, f"{CODE} -H 'If-None-Match: {tag}' localhost/data.txt") == "304\n"
    assert out(box, f"{CODE} -H 'If-None-Match: \"x\"' localhost/data.txt") == "200\n"
    assert out(box, f"{CODE} -H 'If-Modified-Since: {when}' localhost/data.txt") == "304\n"
    old = "If-Modified-Since: Mon, 05 Jan 2015 09:00:00 GMT"
    assert out(box, f"{CODE} -H '{old}' localhost/data.txt") == "200\n"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("2-4", "234"), ("8-", "89\n"), ("-3", "89\n"), ("0-0", "0"), ("5-99", "56789\n")],
)
def test_ranges_rfc_9110_14(box: Box, wanted: str, expected: str):
    assert out(box, f"curl -s -r {wanted} localhost/data.txt") == expected
    assert out(box, f"{CODE} -r {wanted} localhost/data.txt") == "206\n"


def test_a_range_behind_the_end_cannot_be_satisfied_rfc_9110_15_5_17(box: Box):
    assert out(box, f"{CODE} -r 50-60 localhost/data.txt") == "416\n"


def test_one_connection_serves_several_requests_rfc_9112_9_3(box: Box):
    request = r"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    last = r"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    text = out(box, f"printf '{request}{last}' | nc -N localhost 80")
    assert text.count("HTTP/1.1 200 OK\r\n") == 2
    assert text.count("hello\n") == 2


def test_an_idle_connection_is_closed_after_its_timeout(box: Box):
    before = box.world.now
    box.run("printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' | nc localhost 80 > /dev/null")
    assert 5 * 10**9 <= box.world.now - before < 7 * 10**9


def test_http_1_1_needs_a_host_rfc_9112_3_2(box: Box):
    text = out(box, "printf 'GET / HTTP/1.1\\r\\n\\r\\n' | nc -N localhost 80")
    assert text.startswith("HTTP/1.1 400 Bad Request\r\n")


def test_a_script_reads_the_body_of_a_post(box: Box):
    assert out(box, "curl -s -d a=b localhost/cgi-bin/hi") == "hi a=b"
    request = (
        r"POST /cgi-bin/hi HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        r"Connection: close\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    )
    assert out(box, f"printf '{request}' | nc -N localhost 80").endswith("\r\n\r\nhi abcde")


def test_every_request_is_a_line_in_common_log_format(box: Box):
    box.run("curl -s -A 'x' localhost/data.txt?q=1")
    line = out(box, "tail -n1 /var/log/httpd/access.log")
    assert line.startswith("127.0.0.1 - - [05/Jan/2026:09:")
    assert line.endswith('] "GET /data.txt?q=1 HTTP/1.1" 200 11\n')


def test_a_log_line_cannot_be_forged(box: Box):
    box.run(r"""printf 'GET /a"\033[2J HTTP/1.1\r\nHost: x\r\n\r\n' | nc -N localhost 80""")
    assert r"/a\x22\x1b[2J" in out(box, "tail -n1 /var/log/httpd/access.log")


def test_it_serves_as_www_data(box: Box):
    assert out(box, "ps -o user= -C httpd") == "www-data\n"


def test_virtual_hosts_are_told_apart_by_the_host_header():
    box = Box(user="root")
    sites = "".join(
        f"<VirtualHost *:80>\nServerName {name}\n{alias}DocumentRoot /srv/{name}\n</VirtualHost>\n"
        for name, alias in (("a.test", ""), ("b.test", "ServerAlias *.b.test\n"))
    )
    box.write("/etc/httpd/httpd.conf", sites.encode())
    for name in ("a.test", "b.test"):
        box.write(f"/srv/{name}/index.html", name.encode() + b"\n")
    box.run("httpd; sleep 1")
    asked = ("b.test", "www.b.test", "a.test", "unknown")
    got = [out(box, f"curl -s -H 'Host: {name}' localhost").strip() for name in asked]
    assert got == ["b.test", "b.test", "a.test", "a.test"]
    box.write("/etc/httpd/httpd.conf", b"Nonsense on\n")
    result = box.run("httpd -t")
    assert (result.status, result.stderr.split(b"\n")[0]) == (
        1, b"AH00526: Syntax error on line 1 of /etc/httpd/httpd.conf:",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        ("", 52, "Empty reply from server"),
        (r"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 18,
         "transfer closed with 6 bytes remaining to read"),
        (r"SSH-2.0-x\r\n", 1, "Received HTTP/0.9 when not allowed"),
        (r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", 18,
         "transfer closed with outstanding read data remaining"),
    ],
)  # fmt: skip
def test_curl_says_what_is_wrong_with_an_answer(reply: str, status: int, said: str):
    box = Box(user="root")
    serve = f"printf '{reply}' | nc -l -N -p 8000 > /dev/null & sleep 1"
    result = box.run(f"{serve}; curl -sS -o /dev/null localhost:8000/")
    assert (result.status, result.stderr.decode()) == (status, f"curl: ({status}) {said}\n")


def test_curl_gives_up_in_time():
    lan = Lan({"pc": {"eth0": "lan 10.0.0.2/24"}, "web": {"eth0": "lan 10.0.0.3/24"}})
    lan.out("web", "iptables -A INPUT -p tcp -j DROP")
    before = lan.world.now
    result = lan.run("pc", "curl -sS --connect-timeout 3 10.0.0.3")
    assert result.status == 28
    assert 3 * 10**9 <= lan.world.now - before < 4 * 10**9
    result = lan.run("pc", "curl -sS -m 2 10.0.0.3")
    assert result.status == 28


def test_a_megabyte_crosses_the_network_whole():
    lan = Lan({"pc": {"eth0": "lan 10.0.0.2/24"}, "web": {"eth0": "lan 10.0.0.3/24"}})
    lan.out("web", "seq 1 60000 > /var/www/html/big; systemctl start httpd")
    sums = [lan.out("web", "wc -c < /var/www/html/big")]
    sums.append(lan.out("pc", "curl -s 10.0.0.3/big | wc -c"))
    lan.out("pc", "wget -q 10.0.0.3/big -O /tmp/big; curl -s 10.0.0.3/big | cmp - /tmp/big")
    assert sums[0] == sums[1]


def test_wget_goes_on_where_it_ended(box: Box):
    box.run("cd /tmp; printf 01234 > data.txt; wget -q -c localhost/data.txt")
    assert out(box, "cat /tmp/data.txt") == "0123456789\n"


def test_numbers_of_the_meters():
    assert [amount(n) for n in (0, 99999, 100000, 10 << 20, 200 << 20)] == [
        "    0", "99999", "  97k", "10.0M", " 200M",
    ]  # fmt: skip
    assert [clock(n) for n in (0, 61, 3600 * 30)] == ["--:--:--", " 0:01:01", "30:00:00"]
    assert [human(n) for n in (12, 1024, 200000, 3 << 20)] == ["12", "1.0K", "195K", "3.0M"]
    assert [short(n) for n in (5, 125, 7500, 200000)] == ["5s", "2m5s", "2h5m", "2d7h"]
    assert [seconds(n * 10**6) for n in (0, 1, 44, 120, 1300, 12000)] == [
        "0", "0.001", "0.04", "0.1", "1.3", "12",
    ]  # fmt: skip
    assert speed(1000, 10**9) == "1000 B/s"
    assert [digits(n) for n in (295000, 12340, 4250)] == ["295", "12.3", "4.25"]


def test_dates_of_three_kinds_are_read_rfc_9110_5_6_7():
    when = 784111777 * 10**9
    for text in (
        b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun Nov  6 08:49:37 1994",
    ):  # fmt: skip
        assert parse_date(text) == when
    assert http_date(when) == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert parse_date(b"yesterday") is None


def test_urls():
    url = parse(b"http://u:p%41@host:8080/a/b?q#f")
    assert (url.host, url.port, url.path, url.user, url.password) == (
        b"host", 8080, b"/a/b?q", b"u", b"pA",
    )  # fmt: skip
    assert url.join(b"../c").text == b"http://host:8080/c"
    assert url.join(b"d?x").text == b"http://host:8080/a/d?x"
    assert url.join(b"//other/e").text == b"http://other/e"
    assert parse(b"host").text == b"http://host/"
    assert parse(b"http://host:80/").authority == b"host"
    for bad in (b"http://", b"http://h:x/", b"http://a b/", b"http://h:99999/"):
        with pytest.raises(BadUrl):
            parse(bad)
    assert quote(b"a b&") == b"a%20b%26"
    assert unquote(b"a%20b%zz%") == b"a b%zz%"
    assert base64(b"a:bc") == b"YTpiYw=="


def test_a_script_that_outlives_the_server_does_not_keep_its_connection():
    """Accepted sockets are closed on exec, as Apache's are: the client hears of the end at once."""
    box = Box(user="root")
    box.write("/usr/lib/cgi-bin/slow", b"#!/bin/sh\nsleep 9\n", 0o755)
    box.run("systemctl start httpd; sleep 1")
    ask = "(sleep 1; pkill -x httpd) & curl -s -m 5 localhost/cgi-bin/slow; echo $?"
    assert out(box, ask) == "52\n"
