"""ss(8): byte for byte what iproute2 6.1 prints (compared on a Linux with the same commands)."""

import pytest

from minios import testing
from minios.userland.bin.ss.columns import Table, spread
from minios.userland.bin.ss.details import span
from minios.userland.bin.ss.filters import ALL, Ends, FilterError, Parser, states_of

SETUP = (
    "nc -l -p 7000 >/dev/null & nc -lk 127.0.0.1 22 >/dev/null & nc -u -l -p 9000 >/dev/null &"
    " sleep 0.3; "
)
TALK = "sleep 30 | nc -p 40000 127.0.0.1 7000 & sleep 0.3; "


@pytest.fixture
def box() -> testing.Box:
    return testing.Box(user="root")


def out(box: testing.Box, line: str) -> list[str]:
    done = box.run(line)
    return done.stdout.decode().splitlines()


def test_who_listens(box: testing.Box) -> None:
    assert out(box, SETUP + "ss -tln") == [
        "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess",
        "LISTEN 0      1          127.0.0.1:22        0.0.0.0:*          ",
        "LISTEN 0      1            0.0.0.0:7000      0.0.0.0:*          ",
    ]


def test_ss_tulpan_has_all_of_them_and_who_has_them(box: testing.Box) -> None:
    lines = out(box, SETUP + TALK + "ss -tulpan | sed 's/pid=[0-9]*/pid=N/; s/ *$//'")
    who = 'users:(("nc",pid=N,fd='
    assert lines == [
        "Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process",
        f"udp   UNCONN 0      0            0.0.0.0:9000       0.0.0.0:*     {who}3))",
        f"tcp   LISTEN 0      1          127.0.0.1:22         0.0.0.0:*     {who}3))",
        f"tcp   LISTEN 0      1            0.0.0.0:7000       0.0.0.0:*     {who}3))",
        f"tcp   ESTAB  0      0          127.0.0.1:40000    127.0.0.1:7000  {who}3))",
        f"tcp   ESTAB  0      0          127.0.0.1:7000     127.0.0.1:40000 {who}4))",
    ]


def test_services_have_names_unless_n(box: testing.Box) -> None:
    lines = out(box, SETUP + "ss -tlH | head -1")
    assert lines == ["LISTEN 0      1      127.0.0.1:ssh  0.0.0.0:*"]


def test_one_kind_has_no_netid_and_one_state_no_state(box: testing.Box) -> None:
    assert out(box, SETUP + "ss -tn state listening sport = :22") == [
        "Recv-Q Send-Q Local Address:Port Peer Address:PortProcess",
        "0      1          127.0.0.1:22        0.0.0.0:*          ",
    ]


def test_filters_of_ports_and_addresses(box: testing.Box) -> None:
    lines = out(
        box,
        SETUP + TALK + "ss -tnH sport = :7000; echo -; ss -tanH sport lt 1000; echo -;"
        " ss -tnH dst 127.0.0.0/8 and not '(' sport = 7000 ')'; echo -; ss -tnH src :99",
    )
    assert lines == [
        "ESTAB 0      0      127.0.0.1:7000 127.0.0.1:40000", "-",
        "LISTEN 0      1      127.0.0.1:22 0.0.0.0:*", "-",
        "ESTAB 0      0      127.0.0.1:40000 127.0.0.1:7000", "-",
    ]  # fmt: skip


def test_what_is_wrong_with_a_filter(box: testing.Box) -> None:
    done = box.run("ss -t state bogus; echo $?; ss foo; echo $?")
    assert done.stdout.decode().split() == ["255", "1"]
    assert done.stderr.decode() == (
        "ss: wrong state name: bogus\n"
        'Error: an inet prefix is expected rather than "foo".\nCannot parse dst/src address.\n'
    )


def test_a_bracket_that_is_not_closed(box: testing.Box) -> None:
    done = box.run("ss -t '( dport = :80'; echo $?")
    assert done.stdout.decode() == "255\n"
    first = done.stderr.decode().splitlines()[0]
    assert first == 'ss: bison bellows (while parsing filter): "syntax error!" Sorry.'


def test_timers(box: testing.Box) -> None:
    """-o: how long a connection still rests."""
    line = out(
        box,
        "nc -l -p 7000 >/dev/null & sleep 0.2; nc -N -p 40000 127.0.0.1 7000 </dev/null;"
        " ss -tanoH state time-wait",
    )
    assert len(line) == 1
    assert line[0].rstrip().endswith("timer:(timewait,59sec,0)")


def test_ss_i_shows_the_inside(box: testing.Box) -> None:
    text = box.run(SETUP + TALK + "ss -tinH sport = :40000").stdout.decode()
    assert "\n\t ts sack cubic wscale:7,7 rto:200 " in text
    assert " cwnd:10 bytes_acked:1 segs_out:2 segs_in:1 " in text


def test_ss_k_ends_a_connection_for_both(box: testing.Box) -> None:
    done = box.run(SETUP + TALK + "ss -KtnH sport = :40000; ss -tnH; echo end")
    lines = done.stdout.decode().splitlines()
    assert lines == ["ESTAB 0      0      127.0.0.1:40000 127.0.0.1:7000", "end"]


def test_ss_k_is_for_root() -> None:
    done = testing.Box().run(SETUP.replace("22", "2222") + TALK + "ss -KtnH; ss -tnH | wc -l")
    assert done.stdout.decode().strip() == "2"
    assert "Operation not permitted" in done.stderr.decode()


def test_the_summary(box: testing.Box) -> None:
    lines = out(box, SETUP + TALK + "ss -s")
    assert lines[1] == "TCP:   4 (estab 2, closed 0, orphaned 0, timewait 0)"
    assert lines[3:] == [
        "Transport Total     IP        IPv6",
        "RAW\t  0         0         0        ",
        "UDP\t  1         1         0        ",
        "TCP\t  4         4         0        ",
        "INET\t  5         5         0        ",
        "FRAG\t  0         0         0        ",
        "",
    ]


def test_proc_net_tcp_has_the_kernel_s_columns(box: testing.Box) -> None:
    text = box.run(SETUP + "cat /proc/net/tcp").stdout.decode()
    lines = text.split("\n")
    assert [len(line) for line in lines[:-1]] == [149, 149, 149]
    assert lines[2].startswith(
        "   1: 00000000:1B58 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"
    )


def test_columns_share_what_is_left_of_a_terminal() -> None:
    """Widths of 6+7+7+15+4+14+4+7 in 80 columns: two more for each, rests from the right."""
    assert spread([0, 6, 7, 7, 15, 4, 14, 4, 7], 80) == [0, 8, 9, 9, 17, 6, 16, 6, 9]
    assert spread([6, 7], 10) == [10, 10]


@pytest.mark.parametrize(
    ("ms", "text"),
    [(59_000, "59sec"), (7_200, "7.200ms"), (40, "040ms"), (119_000, "1min59sec"),
     (7_140_000, "119min"), (0, "")],
)  # fmt: skip
def test_times_as_ss_writes_them(ms: int, text: str) -> None:
    assert span(ms) == text.encode()


def test_groups_of_states() -> None:
    assert states_of(b"all") == ALL
    assert states_of(b"bucket") == 1 << 3 | 1 << 6
    with pytest.raises(FilterError):
        states_of(b"open")


def test_and_binds_more_closely_than_or() -> None:
    test = Parser([b"sport = 1 or sport = 2 and dport = 3"], lambda name: None).parse()
    assert test is not None
    assert test(Ends(0, 1, 0, 9)) and test(Ends(0, 2, 0, 3)) and not test(Ends(0, 2, 0, 9))


def test_lines_on_a_terminal_are_as_iproute2_spreads_them() -> None:
    """Real ones, of 80 and of 120 columns."""
    table = Table(frozenset({0}), header=True)
    ends = [b"0.0.0.0:", b"7000", b"0.0.0.0:", b"*"]
    table.add([b"tcp", b"LISTEN", b"0     ", b"1     ", *ends, b""])
    assert table.text(80).decode().splitlines() == [
        "State    Recv-Q   Send-Q     Local Address:Port     Peer Address:Port  Process  ",
        "LISTEN   0        1                0.0.0.0:7000          0.0.0.0:*              ",
    ]
    table = Table(frozenset(), header=True)
    who = b' users:(("nc",pid=28562,fd=3))'
    ends[1] = b"9000"
    table.add([b"udp", b"UNCONN", b"0     ", b"0     ", *ends, who])
    head, line = table.text(120).decode().splitlines()
    assert head.rstrip() == (
        "Netid    State     Recv-Q    Send-Q       Local Address:Port       Peer Address:Port"
        "   Process"
    )
    assert line == (
        "udp      UNCONN    0         0                  0.0.0.0:9000            0.0.0.0:*       "
        'users:(("nc",pid=28562,fd=3))   '
    )
