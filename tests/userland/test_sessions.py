"""init, getty, login, su, sudo, passwd, who: from a cold machine to a shell, and beyond."""

import pytest

from minios import testing
from minios.userland.bin.init.inittab import argv_of, parse
from minios.userland.bin.login import issue
from minios.userland.lib import utmp
from minios.userland.lib.sudoers import Caller, decide
from minios.userland.lib.sudoers import parse as parse_sudoers

SECOND = 1_000_000_000


@pytest.fixture
def box() -> testing.Box:
    """A machine with the player logged in on tty1."""
    return testing.Box(tty=True)


def keys(box: testing.Box, *lines: bytes) -> str:
    """Type lines, each when the one before has been dealt with; what was shown."""
    shown = b"".join(box.type(line + b"\r") for line in lines)
    for noise in (b"\r", b"\x1b[?2004h", b"\x1b[?2004l"):
        shown = shown.replace(noise, b"")
    return shown.decode()


def with_password(box: testing.Box) -> None:
    """Give the player a password and take NOPASSWD away."""
    keys(box, b"sudo passwd player", b"secret", b"secret")
    keys(box, b"echo '%sudo ALL=(ALL:ALL) ALL' | sudo tee /etc/sudoers >/dev/null")


def test_inittab_is_read_line_by_line() -> None:
    """inittab(5): id:runlevels:action:process."""
    entries = parse(
        b"# comment\n1:23:respawn:/sbin/getty tty1\nbad\nx::nonsense:y\n2::once: a b \n"
    )
    assert [(e.id, e.action, e.process) for e in entries] == [
        (b"1", b"respawn", b"/sbin/getty tty1"),
        (b"2", b"once", b"a b"),
    ]
    assert argv_of(b"/sbin/getty tty1") == [b"/sbin/getty", b"tty1"]
    assert argv_of(b"echo $HOME") == [b"/bin/sh", b"-c", b"exec echo $HOME"]


def test_issue_fills_in_what_backslashes_ask_for() -> None:
    assert (
        issue(b"A \\n \\l\\\\ \\q.", {"n": b"host", "l": b"tty1", "\\": b"\\"})
        == b"A host tty1\\ ."
    )


def test_utmp_records_are_glibcs_size() -> None:
    entry = utmp.Entry(utmp.USER_PROCESS, 7, b"tty1", b"1", b"bob", 1_700_000_000, b"host")
    assert len(entry.pack()) == 384
    assert utmp.unpack(entry.pack() + b"rest") == [entry]


def test_a_session_has_its_terminal_and_environment(box: testing.Box) -> None:
    shown = keys(box, b"tty; ps -o pid,sid,tty,args; echo $HOME $SHELL $USER $LOGNAME; echo $0")
    assert "/dev/tty1\n" in shown
    assert "    2     2 tty1     -sh\n" in shown
    assert "/home/player /bin/sh player player\n-sh\n" in shown


def test_leaving_the_shell_brings_the_next_login(box: testing.Box) -> None:
    """init starts getty again, which logs the same user in."""
    shown = keys(box, b"exit")
    assert "minios login: player (automatic login)" in shown
    assert "/dev/tty1" in keys(box, b"tty")


def test_killing_everything_brings_the_next_login(box: testing.Box) -> None:
    """``kill -9 -1`` as root leaves init alone."""
    keys(box, b"sudo sh -c 'kill -9 -1'")
    box.wait(3 * SECOND)
    box.settle()
    assert "player" in keys(box, b"whoami")


def test_orphans_are_adopted_and_buried(box: testing.Box) -> None:
    keys(box, b"(sleep 1 & exec true)", b"sleep 2")
    assert box.run("ps -e -o stat=,comm= | grep -c Z").stdout == b"0\n"


def test_init_ignores_what_would_end_it(box: testing.Box) -> None:
    keys(box, b"sudo kill -TERM 1; sudo kill -KILL 1; sudo kill -HUP 1")
    assert box.run("ps -o comm= -p 1").stdout == b"init\n"


def test_somebody_who_gives_a_name_and_a_password_is_let_in(box: testing.Box) -> None:
    """Without --autologin getty asks; a wrong password costs three seconds."""
    with_password(box)
    inittab = b"1:2345:respawn:/sbin/getty --noclear tty1"
    keys(box, b"echo '" + inittab + b"' | sudo tee /etc/inittab >/dev/null", b"secret")
    keys(box, b"sudo kill -HUP 1")
    assert keys(box, b"exit").endswith("minios login: ")
    assert keys(box, b"player", b"wrong").endswith("\nLogin incorrect\nminios login: ")
    assert "Password: " in keys(box, b"player")
    assert "player" in keys(box, b"secret", b"who am i")


def test_who_and_w_show_the_session(box: testing.Box) -> None:
    assert keys(box, b"who").splitlines()[1] == "player   tty1         Jan  5 08:59"
    assert keys(box, b"users").splitlines()[1] == "player"
    shown = keys(box, b"w").splitlines()
    assert shown[1].endswith("up 0 min,  1 user,  load average: 0.00, 0.00, 0.00")
    assert shown[2] == "USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT"
    assert shown[3].startswith("player   tty1     -                08:59 ")
    assert shown[3].endswith(" w")


def test_sudo_without_a_password() -> None:
    result = testing.run(
        "sudo id -u; sudo -u nobody id -un; sudo -i pwd; sudo sh -c 'echo $SUDO_USER'"
    )
    assert result.stdout == b"0\nnobody\n/root\nplayer\n"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("sudo nosuch", "sudo: nosuch: command not found\n"),
        (
            "sudo -u nosuch id",
            "sudo: unknown user nosuch\nsudo: error initializing audit plugin sudoers_audit\n",
        ),
        (
            "su nosuch",
            "su: user nosuch does not exist or the user entry does not contain all the required "
            "fields\n",
        ),
        ("passwd nosuch", "passwd: user 'nosuch' does not exist\n"),
        ("passwd root", "passwd: You may not view or modify password information for root.\n"),
        ("passwd -l player", "passwd: Permission denied.\n"),
    ],
)
def test_refusals_are_worded_as_on_debian(command: str, complaint: str) -> None:
    result = testing.run(command)
    assert (result.status, result.stderr.decode()) == (1, complaint)


def test_sudo_asks_three_times_and_remembers_the_password(box: testing.Box) -> None:
    """Sorry, try again; the terminal's session keeps the permission for fifteen minutes."""
    with_password(box)
    shown = keys(box, b"sudo -k; sudo whoami", b"a", b"b", b"c")
    assert shown.count("[sudo] password for player: ") == 3
    assert shown.count("Sorry, try again.") == 2
    assert "sudo: 3 incorrect password attempts\n" in shown
    assert "root\n" in keys(box, b"sudo whoami", b"secret")
    assert "[sudo]" not in keys(box, b"sudo whoami")
    box.wait(16 * 60 * SECOND)
    assert "[sudo] password for player: " in keys(box, b"sudo whoami")
    keys(box, b"secret", b"sudo -k")
    assert "sudo: a password is required\n" in keys(box, b"sudo -n true")


def test_su_wants_the_password_of_the_other_user(box: testing.Box) -> None:
    with_password(box)
    assert "su: Authentication failure\n" in keys(box, b"su", b"x")
    shown = keys(box, b"su - player -c 'echo $0 $PWD; id -un'", b"secret")
    assert "-sh /home/player\nplayer\n" in shown


def test_passwd_changes_the_password(box: testing.Box) -> None:
    with_password(box)
    assert "passwd: password unchanged\n" in keys(box, b"passwd", b"wrong")
    shown = keys(box, b"passwd", b"secret", b"newsecret", b"newsecret")
    assert "passwd: password updated successfully\n" in shown
    assert "player\n" in keys(box, b"su player -c whoami", b"newsecret")
    assert box.run("stat -c '%a %U %G' /etc/shadow").stdout == b"640 root shadow\n"


def test_the_echo_comes_back_when_a_question_is_interrupted(box: testing.Box) -> None:
    with_password(box)
    keys(box, b"sudo -k; sudo true")
    box.type(b"\x03")
    assert " -echo" not in keys(box, b"stty -a").replace("-echonl", "").replace("-echoprt", "")


RULES = parse_sudoers(
    b"""
Defaults timestamp_timeout=5, passwd_tries=2
# comment
alice ALL=(ALL:ALL) ALL
bob ALL=(root) NOPASSWD: /bin/ls, /usr/bin/kill -TERM *, PASSWD: /bin/cat /etc/shadow
%admin host=(www) NOPASSWD: /opt/bin/, !/opt/bin/evil
carol other=(ALL) ALL
"""
)


@pytest.mark.parametrize(
    ("who", "groups", "target", "line", "verdict"),
    [
        (b"alice", (), (b"www", 33), b"/bin/rm -r /", True),
        (b"bob", (), (b"root", 0), b"/bin/ls -l", False),
        (b"bob", (), (b"www", 33), b"/bin/ls", None),
        (b"bob", (), (b"root", 0), b"/bin/cat /etc/shadow", True),
        (b"bob", (), (b"root", 0), b"/bin/cat /etc/passwd", None),
        (b"bob", (), (b"root", 0), b"/usr/bin/kill -TERM 7", False),
        (b"bob", (), (b"root", 0), b"/usr/bin/kill -KILL 7", None),
        (b"dave", (b"admin",), (b"www", 33), b"/opt/bin/tool", False),
        (b"dave", (b"admin",), (b"www", 33), b"/opt/bin/evil", None),
        (b"dave", (b"admin",), (b"www", 33), b"/opt/bin/sub/tool", None),
        (b"carol", (), (b"root", 0), b"/bin/ls", None),
    ],
)
def test_the_last_rule_that_matches_decides(
    who: bytes,
    groups: tuple[bytes, ...],
    target: tuple[bytes, int],
    line: bytes,
    verdict: bool | None,
) -> None:
    """sudoers(5). The verdict is whether a password is needed; None is a refusal."""
    path, *args = line.split()
    found = decide(RULES, Caller(who, 1000, groups, b"host"), target, None, path, args)
    assert (None if found is None else found.password) is verdict


def test_sudoers_settings_are_read() -> None:
    assert (RULES.timeout, RULES.tries) == (5, 2)
