"""cron, crontab, at and batch (Debian cron 3.0pl1, at 3.2.5)."""

from __future__ import annotations

import pytest

from minios.testing import SECOND, Box
from minios.userland.lib import attime
from minios.userland.lib.calendar import timestamp
from minios.userland.lib.crontab import Bad, parse

NOW = timestamp(2026, 1, 5, 9, 0, 30)  # a Monday


@pytest.mark.parametrize(
    ("line", "following"),
    [
        ("* * * * *", (2026, 1, 5, 9, 1)),
        ("*/15 * * * *", (2026, 1, 5, 9, 15)),
        ("0 9 * * *", (2026, 1, 6, 9, 0)),
        ("30 4 1,15 * *", (2026, 1, 15, 4, 30)),
        ("0 0 13 * fri", (2026, 1, 9, 0, 0)),
        ("0 0 29 feb *", (2028, 2, 29, 0, 0)),
        ("0 12 * * 1-5", (2026, 1, 5, 12, 0)),
        ("0 0 * * 7", (2026, 1, 11, 0, 0)),
        ("@hourly", (2026, 1, 5, 10, 0)),
        ("@weekly", (2026, 1, 11, 0, 0)),
    ],
)
def test_when_a_line_is_due_next(line: str, following: tuple[int, ...]) -> None:
    """crontab(5): of two kinds of days that are both given, one is enough."""
    job = parse(f"{line} cmd\n".encode()).jobs[0]
    assert job.next(NOW) == timestamp(*following)


def test_settings_hold_for_the_lines_below_them() -> None:
    table = parse(b"A=1\n* * * * * a\n# note\nB = 'x y'\n* * * * * b %in\n")
    assert [(job.command, job.env) for job in table.jobs] == [
        (b"a", {b"A": b"1"}),
        (b"b %in", {b"A": b"1", b"B": b"x y"}),
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (b"61 * * * * x\n", 0, "bad minute"),
        (b"* * * foo\n", 1, "bad month"),
        (b"* 24 * * * x\n", 0, "bad hour"),
        (b"ok=1\n* * * * 8 x\n", 1, "bad day-of-week"),
        (b"@sometimes x\n", 0, "bad time specifier"),
        (b"* * * * *\n", 1, "bad command"),
        (b"5-1 * * * * x\n", 0, "bad minute"),
    ],
)
def test_errors_name_the_line_as_cron_counts_it(text: bytes, line: int, what: str) -> None:
    with pytest.raises(Bad) as caught:
        parse(text)
    assert (caught.value.line, caught.value.what) == (line, what)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", (2026, 1, 5, 9, 0)),
        ("now + 5 minutes", (2026, 1, 5, 9, 5)),
        ("10:00", (2026, 1, 5, 10, 0)),
        ("0815", (2026, 1, 6, 8, 15)),
        ("4pm + 3 days", (2026, 1, 8, 16, 0)),
        ("noon tomorrow", (2026, 1, 6, 12, 0)),
        ("midnight", (2026, 1, 6, 0, 0)),
        ("teatime", (2026, 1, 5, 16, 0)),
        ("10am Jul 31", (2026, 7, 31, 10, 0)),
        ("23:59 31.12.26", (2026, 12, 31, 23, 59)),
        ("11:00 2026-02-03", (2026, 2, 3, 11, 0)),
        ("8:30 03/04/26", (2026, 3, 4, 8, 30)),
        ("1am friday", (2026, 1, 9, 1, 0)),
        ("now next week", (2026, 1, 12, 9, 0)),
        ("now + 1 month", (2026, 2, 5, 9, 0)),
    ],
)
def test_times_that_at_understands(text: str, moment: tuple[int, ...]) -> None:
    assert attime.parse(text, NOW) == timestamp(*moment)


def test_times_that_at_does_not_understand() -> None:
    for text in ("foo", "25:00", "now +", "10:00 32.1.26", "now + 3 lightyears"):
        with pytest.raises(attime.Garbled):
            attime.parse(text, NOW)


def test_crontab_keeps_a_table_for_each_user() -> None:
    box = Box()
    assert box.run("crontab -l").stderr == b"no crontab for player\n"
    assert box.run("echo '*/5 * * * * true' | crontab -").status == 0
    assert box.run("crontab -l").stdout == b"*/5 * * * * true\n"
    box.user = "root"
    assert box.run("crontab -l").stderr == b"no crontab for root\n"
    assert box.run("crontab -u player -l").stdout == b"*/5 * * * * true\n"
    box.user = "player"
    assert box.run("crontab -r; crontab -r").stderr == b"no crontab for player\n"
    assert box.run("crontab -u root -l").stderr == b"must be privileged to use -u\n"
    assert box.run("cat /var/spool/cron/crontabs/player").status == 1


def test_crontab_refuses_what_makes_no_sense() -> None:
    box = Box()
    bad = box.run("echo '61 * * * * x' > t; crontab t")
    assert (bad.status, bad.stderr) == (
        1, b"\"t\":0: bad minute\nerrors in crontab file, can't install.\n",
    )  # fmt: skip
    short = box.run("printf '* * * * * x' | crontab -")
    assert short.stderr == b"new crontab file is missing newline before EOF, can't install.\n"
    assert box.run("crontab /etc/shadow").stderr == b"/etc/shadow: Permission denied\n"
    assert box.run("crontab nothing").stderr == b"nothing: No such file or directory\n"
    box.user = "root"
    box.write("/etc/cron.deny", b"player\n")
    box.user = "player"
    assert box.run("crontab -l").stderr == (
        b"You (player) are not allowed to use this program (crontab)\n"
        b"See crontab(1) for more information\n"
    )


def test_cron_runs_a_job_each_minute_as_its_user() -> None:
    box = Box()
    box.run("echo '* * * * * (date; id -un; pwd; cat) >> out 2>&1%hello%you' | crontab -")
    box.run("sleep 130", until=200 * SECOND)
    assert box.run("cat out").stdout == (
        b"Mon Jan  5 09:01:00 UTC 2026\nplayer\n/home/player\nhello\nyou\n"
        b"Mon Jan  5 09:02:00 UTC 2026\nplayer\n/home/player\nhello\nyou\n"
    )
    box.user = "root"
    log = box.run("journalctl -u cron -t CRON -o cat").stdout
    assert log.count(b"(player) CMD ((date; id -un; pwd; cat)") == 2
    box.user = "player"
    box.run("crontab -r; sleep 61", until=100 * SECOND)
    assert len(box.run("cat out").stdout.splitlines()) == 10


def test_a_machine_without_tables_has_no_cron_and_one_with_them_has_it_after_a_boot() -> None:
    box = Box(user="root")
    assert box.run("systemctl is-active cron atd").stdout == b"inactive\ninactive\n"
    box.write("/etc/cron.d/beat", b"* * * * * root date > /tmp/beat\n@reboot root date > /tmp/up\n")
    box.machine.power_off()
    box.machine.power_on()
    box.wait(70 * SECOND)
    assert box.run("systemctl is-active cron").stdout == b"active\n"
    assert box.run("cat /tmp/up /tmp/beat").stdout.count(b"\n") == 2


def test_at_runs_a_job_once_where_and_as_it_was_made() -> None:
    box = Box()
    job = "echo 'pwd > o; echo \"$A\" >> o; id -un >> o' | at now + 2 minutes"
    made = box.run(f"mkdir d; cd d; A='x y'; export A; {job}")
    assert made.stderr == (
        b"warning: commands will be executed using /bin/sh\njob 1 at Mon Jan  5 09:02:00 2026\n"
    )
    assert box.run("atq").stdout == b"1\tMon Jan  5 09:02:00 2026 a player\n"
    box.run("sleep 130", until=200 * SECOND)
    assert box.run("cat d/o; atq").stdout == b"/home/player/d\nx y\nplayer\n"


def test_jobs_of_others_are_none_of_ones_business() -> None:
    box = Box()
    box.run("echo true | at 10:00")
    box.run("echo true | sudo at 10:00")
    assert box.run("atq").stdout == b"1\tMon Jan  5 10:00:00 2026 a player\n"
    assert box.run("atrm 2").stderr == b"2: Not owner\n"
    assert box.run("atrm 9").stderr == b"Cannot find jobid 9\n"
    assert box.run("atrm 1; atq").stdout == b""
    assert box.run("at sometimes < /dev/null").stderr == (
        b"syntax error. Last token seen: s\nGarbled time\n"
    )


def test_batch_waits_for_a_quiet_machine() -> None:
    box = Box()
    box.run("for n in 1 2 3 4; do spin & done; sleep 200; echo 'date > out' | batch; pkill spin;"
            "sleep 5; cat out", until=300 * SECOND)  # fmt: skip
    assert box.run("cat out").status == 1
    box.run("sleep 200", until=300 * SECOND)
    assert box.run("cat out").status == 0
