"""journalctl, logger and dmesg (systemd 252, util-linux 2.38.1)."""

from __future__ import annotations

import pytest

from minios.testing import SECOND, Box
from minios.userland.lib.journal import Entry, unpack

ENTRY = Entry(1_767_603_600_000_001, 10_000_001, b"0" * 32, 5, 1, 7, 1000, b"syslog", b"", b"me",
              b"a\\b\nc\td")  # fmt: skip


@pytest.fixture
def box() -> Box:
    return Box(user="root")


def test_an_entry_is_one_line_whatever_it_says() -> None:
    packed = ENTRY.pack()
    assert packed.count(b"\n") == 1
    assert unpack(packed.rstrip(b"\n")) == ENTRY
    assert unpack(b"garbage") is None
    assert unpack(b"1\t2\tx\ty\t0\t0\ta\tb\tc\td") is None


def test_logger_writes_what_journalctl_shows(box: Box) -> None:
    box.run("logger one; logger -t tool -p auth.err two; logger -i -t t3 three; sleep 1")
    assert box.run("journalctl -t root | sed 's/[0-9]*]/N]/'").stdout == (
        b"Jan 05 09:00:00 minios root[N]: one\n"
    )
    assert box.run("journalctl -t tool -o short-iso | cut -c1-37").stdout == (
        b"2026-01-05T09:00:00+0000 minios tool[\n"
    )
    assert box.run("journalctl -t t3 -o json | grep -o '_UID[^,]*'").stdout == b'_UID":"0"}\n'
    assert box.run("journalctl -p err -o cat").stdout == b"two\n"
    assert box.run("journalctl --facility auth -o cat").stdout == b"two\n"
    line = box.run("journalctl -n 1").stdout
    assert line.startswith(b"Jan 05 09:00:00 minios t3[")
    assert line.endswith(b"]: three\n")
    assert box.run("logger -p nonsense x").stderr == (b"logger: unknown priority name: nonsense\n")


def test_only_root_and_adm_read_the_journal() -> None:
    box = Box()
    result = box.run("logger mine; journalctl")
    assert result.status == 1
    assert result.stderr.endswith(
        b"No journal files were opened due to insufficient permissions.\n"
    )
    box.run("sudo usermod -aG adm player")
    assert b": mine\n" in box.run("sudo su player -c journalctl").stdout


def test_times_counts_patterns_and_order(box: Box) -> None:
    box.run("for n in 1 2 3 4 5; do logger -t n step $n; sleep 10; done", until=100 * SECOND)
    cat = "journalctl -t n -o cat"
    assert box.run(f"{cat} -S '25 s ago'").stdout == b"step 4\nstep 5\n"
    assert box.run(f"{cat} -S 09:00:15 -U '2026-01-05 09:00:25'").stdout == b"step 3\n"
    assert box.run(f"{cat} -n 2").stdout == b"step 4\nstep 5\n"
    assert box.run(f"{cat} -r -n 2").stdout == b"step 5\nstep 4\n"
    assert box.run(f"{cat} -g 'STEP'").stdout == b"-- No entries --\n"
    assert box.run(f"{cat} -g '[24]$'").stdout == b"step 2\nstep 4\n"
    assert box.run("journalctl -S whenever").stderr == b"Failed to parse timestamp: whenever\n"
    assert box.run("journalctl -S tomorrow -q").stdout == b""


def test_the_kernel_is_in_the_journal(box: Box) -> None:
    last = box.run("journalctl -k -n 1").stdout
    assert last == b"Jan 05 08:59:50 minios kernel: Run /sbin/init as init process\n"
    assert box.run("journalctl -b -5").status == 1


def test_follow_waits_for_what_comes(box: Box) -> None:
    result = box.run(
        "(sleep 1; logger -t f a; sleep 3; logger -t f b) & "
        "timeout 6 journalctl -f -n 0 -t f -o cat"
    )
    assert result.stdout == b"a\nb\n"


def test_a_flood_is_stopped(box: Box) -> None:
    """journald.conf(5), RateLimitBurst=."""
    from minios.userland.bin.init import journald

    box.write(
        "/etc/systemd/system/flood.service",
        b"[Service]\nExecStart=/usr/bin/seq 10100\n",
    )
    box.run("systemctl start flood; sleep 40; logger -t flood done; sleep 1", until=200 * SECOND)
    count = int(box.run("journalctl -u flood -t seq -q | wc -l", until=200 * SECOND).stdout)
    assert count <= journald.BURST


def test_dmesg_in_its_forms(box: Box) -> None:
    box.run("echo '<3>sda: I/O error' > /dev/kmsg; sleep 61; echo again > /dev/kmsg",
            until=100 * SECOND)  # fmt: skip
    assert box.run("dmesg -l err").stdout == box.run("dmesg -u | head -n 1").stdout
    assert box.run("dmesg -t -u").stdout == b"sda: I/O error\nagain\n"
    assert box.run("dmesg -x -t -u").stdout == (
        b"user  :err   : sda: I/O error\nuser  :warn  : again\n"
    )
    assert box.run("dmesg -T -l err").stdout == b"[Mon Jan  5 09:00:00 2026] sda: I/O error\n"
    shown = box.run("dmesg -H -u").stdout.splitlines()
    assert shown[0] == b"[Jan 5 09:00] sda: I/O error"
    assert shown[1] == b"[Jan 5 09:01] again"
    assert box.run("dmesg -l nothing").stderr == b"dmesg: unknown level 'nothing'\n"
    assert box.run("dmesg -C; dmesg").stdout == b""


def test_clearing_the_log_is_roots() -> None:
    result = Box().run("dmesg -C")
    assert (result.status, result.stderr) == (
        1, b"dmesg: clear kernel buffer failed: Operation not permitted\n",
    )  # fmt: skip


def test_the_journal_turns_over(box: Box) -> None:
    from minios.userland.lib import journal

    size = journal.ROTATE
    box.machine.write_file(journal.PERSISTENT + b"/system.journal", b"x" * (size + 1), mode=0o640)
    box.machine.power_off()
    box.machine.power_on()
    box.wait(10 * SECOND)
    box.run("logger -t r after; sleep 1; logger -t r then; sleep 1")
    names = box.run("ls /var/log/journal").stdout.split()
    assert names == [b"system.journal", b"system@1.journal"]
    assert box.run("journalctl -t r -o cat").stdout == b"after\nthen\n"


def test_who_becomes_whom_is_written_down() -> None:
    """sudo(8), LOG FORMAT; su(1)."""
    box = Box()
    box.run("sudo id -u; su -c id", stdin=b"wrong\n")
    box.user = "root"
    box.run("su nobody -c true")
    box.write("/etc/sudoers", b"root ALL=(ALL:ALL) ALL\n")
    box.user = "player"
    box.run("sudo -S id", stdin=b"x\nx\nx\n")
    box.user = "root"
    lines = box.run("journalctl -t sudo -t su -o cat").stdout.decode().splitlines()
    assert lines == [
        "  player : TTY=unknown ; PWD=/home/player ; USER=root ; COMMAND=/usr/bin/id -u",
        "FAILED SU (to root) player on none",
        "(to nobody) root on none",
        "  player : 3 incorrect password attempts ; TTY=unknown ; PWD=/home/player ; USER=root ; "
        "COMMAND=/usr/bin/id",
    ]
    assert box.run("journalctl -p alert -t sudo -q | wc -l").stdout == b"1\n"
