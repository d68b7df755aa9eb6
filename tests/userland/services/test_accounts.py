"""useradd and its family, and what keeps users apart (shadow 4.13, util-linux 2.38.1)."""

from __future__ import annotations

import pytest

from minios.testing import Box


@pytest.fixture
def box() -> Box:
    return Box(user="root")


def test_a_new_user_can_be_used_at_once(box: Box) -> None:
    box.run("useradd -m -c 'Ada L' ada; echo ada:secret | chpasswd")
    assert box.run("id ada").stdout == b"uid=1001(ada) gid=1001(ada) groups=1001(ada)\n"
    assert box.run("su ada -c 'id -un; cd; pwd'").stdout == b"ada\n/home/ada\n"
    box.user = "player"
    assert box.run("su ada -c 'id -un'", stdin=b"secret\n").stdout == b"ada\n"
    wrong = box.run("su ada -c 'id -un'", stdin=b"wrong\n")
    assert (wrong.status, wrong.stdout) == (1, b"")
    box.user = "root"
    box.run("usermod -L ada")
    box.user = "player"
    assert box.run("su ada -c 'id -un'", stdin=b"secret\n").status == 1


@pytest.mark.parametrize(
    ("command", "status", "text"),
    [
        ("useradd player", 9, "useradd: user 'player' already exists"),
        ("useradd -u 1000 x", 4, "useradd: UID 1000 is not unique"),
        ("useradd -g none x", 6, "useradd: group 'none' does not exist"),
        ("useradd 'A B'", 3, "useradd: invalid user name 'A B': use --badname to ignore"),
        ("usermod none", 6, "usermod: user 'none' does not exist"),
        ("usermod -aG none player", 6, "usermod: group 'none' does not exist"),
        ("userdel none", 6, "userdel: user 'none' does not exist"),
        ("groupadd adm", 9, "groupadd: group 'adm' already exists"),
        ("groupadd -g 4 x", 4, "groupadd: GID '4' already exists"),
        ("groupdel none", 6, "groupdel: group 'none' does not exist"),
        ("groupdel player", 8, "groupdel: cannot remove the primary group of user 'player'"),
        ("newgrp none", 1, "newgrp: group 'none' does not exist"),
    ],
)
def test_refusals_and_their_statuses(box: Box, command: str, status: int, text: str) -> None:
    result = box.run(command)
    assert (result.status, result.stderr.decode()) == (status, text + "\n")


def test_changes_reach_all_three_files(box: Box) -> None:
    box.run("groupadd crew; useradd -G crew,adm -s /bin/false -u 3000 ada")
    assert box.run("grep ada /etc/passwd /etc/group").stdout == (
        b"/etc/passwd:ada:x:3000:3000::/home/ada:/bin/false\n"
        b"/etc/group:adm:x:4:ada\n/etc/group:crew:x:1001:ada\n/etc/group:ada:x:3000:\n"
    )
    assert box.run("id -nG ada").stdout.split() == [b"ada", b"adm", b"crew"]
    box.run("usermod -l lin ada; usermod -G crew lin")
    assert box.run("id -nG lin").stdout.split() == [b"ada", b"crew"]
    assert box.run("grep -c ada /etc/shadow").stdout == b"0\n"
    box.run("groupmod -n team crew; gpasswd -d lin team; userdel lin")
    assert box.run("grep -E 'lin|crew' /etc/passwd /etc/shadow /etc/group").status == 1
    assert box.run("stat -c '%a %U %G' /etc/shadow").stdout == b"640 root shadow\n"


def test_who_is_busy_cannot_be_removed(box: Box) -> None:
    result = box.run("su player -c 'sleep 50' & sleep 1; userdel player")
    assert result.status == 8
    assert b"userdel: user player is currently used by process " in result.stderr


def test_accounts_are_roots(box: Box) -> None:
    box.user = "player"
    for command in ("useradd x", "usermod -L root", "userdel root", "groupadd x", "chpasswd"):
        result = box.run("PATH=$PATH:/usr/sbin; " + command)
        assert result.status == 1
        assert result.stderr.startswith(command.split()[0].encode() + b": Permission denied.\n")


def test_nologin_says_no(box: Box) -> None:
    result = box.run("su nobody -c id")
    assert (result.status, result.stdout) == (1, b"This account is currently not available.\n")


def test_newgrp_changes_the_primary_group(box: Box) -> None:
    box.run("groupadd crew; usermod -aG crew player")
    box.user = "player"
    out = box.run("newgrp crew", stdin=b"id -gn; touch f; stat -c %G f\n")
    assert out.stdout == b"crew\ncrew\n"
    assert box.run("newgrp adm", stdin=b"\nid -gn\n").status == 1


def test_a_file_with_a_capability_does_what_setuid_root_would_be_too_much_for(box: Box) -> None:
    box.run("cp /bin/kill /usr/local/bin/reap; setcap cap_kill+ep /usr/local/bin/reap")
    assert box.run("getcap /usr/local/bin/reap").stdout == b"/usr/local/bin/reap cap_kill=ep\n"
    box.run("sleep 500 &")
    box.user = "player"
    assert box.run("pkill sleep").status == 1
    assert box.run("reap $(pgrep sleep) && sleep 1; pgrep sleep").stdout == b""
    assert box.run("/usr/sbin/setcap cap_kill+ep /usr/local/bin/reap").status == 1
    box.user = "root"
    box.run("echo >> /usr/local/bin/reap")
    assert box.run("getcap /usr/local/bin/reap").stdout == b""


def test_root_without_a_capability_is_refused(box: Box) -> None:
    drop = "capsh --drop=cap_{0} -- -c"
    box.run("useradd ada; su ada -c 'sleep 500' &")
    refused = box.run(drop.format("kill") + " 'kill $(pgrep -u ada sleep)'")
    assert refused.status == 1
    assert b"Operation not permitted" in refused.stderr
    refused = box.run("touch f; " + drop.format("chown") + " 'chown ada f'")
    assert refused.stderr == b"chown: changing ownership of 'f': Operation not permitted\n"
    refused = box.run(
        "touch f; chown ada f; chmod 600 f; capsh --drop=cap_dac_override,cap_dac_read_search -- "
        "-c 'cat f'"
    )
    assert refused.stderr == b"cat: f: Permission denied\n"


def test_setpriv_and_prlimit_run_programs_with_less(box: Box) -> None:
    assert box.run("setpriv --reuid=player --regid=player --init-groups id -nG").stdout == (
        b"player sudo\n"
    )
    assert box.run("setpriv --reuid=player --regid=1000 --clear-groups --nnp sudo id").status == 1
    assert box.run("setpriv").stderr == b"setpriv: No program specified\n"
    assert box.run("prlimit --nofile=5:6 sh -c 'ulimit -n; ulimit -Hn'").stdout == b"5\n6\n"
    loop = box.run("prlimit --cpu=1:2 sh -c 'while :; do :; done'")
    assert loop.status == 128 + 24
    assert box.run("prlimit --nofile -p 1 --noheadings").stdout == (
        b"NOFILE max number of open files 256 4096 files\n"
    )
    assert box.run("prlimit --cpu=x true").stderr == b"prlimit: failed to parse CPU limit\n"


def test_capsh_prints_what_a_process_has(box: Box) -> None:
    shown = box.run("capsh --print").stdout.decode().splitlines()
    assert shown[0] == "Current: =ep"
    assert shown[2:5] == [
        "Ambient set =", "Current IAB: ", "Securebits: 00/0x0/1'b0 (no-new-privs=0)",
    ]  # fmt: skip
    assert shown[-1] == "Guessed mode: HYBRID (4)"
    assert box.run("capsh --decode=2420").stdout == (
        b"0x0000000000002420=cap_kill,cap_net_bind_service,cap_net_raw\n"
    )
    assert box.run("getpcaps 1").stdout == b"1: =ep\n"


def test_the_setuid_bit_is_only_as_good_as_the_file_it_is_on(box: Box) -> None:
    """mount(8), nosuid; execve(2); chown(2); write(2)."""
    box.run("cd /usr/local/bin; cp /bin/id me; chmod 4755 me; cp -p me /tmp/me")
    box.run(
        "printf '#!/bin/sh\\nid -u\\n' > /usr/local/bin/script; chmod 4755 /usr/local/bin/script"
    )
    box.user = "player"
    assert box.run("me -u").stdout == b"0\n"
    assert box.run("/tmp/me -u").stdout == b"1000\n"
    assert box.run("script").stdout == b"1000\n"
    assert box.run("cp /usr/local/bin/me mine; ./mine -u").stdout == b"1000\n"
    box.user = "root"
    box.run("chown player /usr/local/bin/me")
    assert box.run("stat -c %a /usr/local/bin/me").stdout == b"755\n"
    box.run("chmod 4777 /usr/local/bin/me")
    box.user = "player"
    assert box.run("echo >> /usr/local/bin/me; stat -c %a /usr/local/bin/me").stdout == b"777\n"


def test_what_runs_with_more_rights_cannot_be_looked_into(box: Box) -> None:
    """ptrace(2), access mode checking; kill(2) goes by the real uid."""
    box.run("cp /bin/sleep /usr/local/bin/nap; chmod 4755 /usr/local/bin/nap")
    box.user = "player"
    shown = box.run(
        "A=secret nap 50 & sleep 1; cat /proc/$!/environ; ls -l /proc/$!/fd; kill $!; wait"
    )
    assert shown.stdout == b""
    assert shown.stderr.count(b"Permission denied") >= 2
    assert box.run("pgrep nap").stdout == b""


def test_limits_cannot_be_raised_again(box: Box) -> None:
    box.user = "player"
    result = box.run("ulimit -n 20; ulimit -n 21")
    assert result.status != 0
    assert box.run("ulimit -Sn 20; ulimit -Sn 200; ulimit -n").stdout == b"200\n"
    assert box.run("prlimit --nofile=20:20 -p $PPID").status == 1


def test_a_service_of_a_user_cannot_get_back_what_it_gave_up(box: Box) -> None:
    box.write(
        "/etc/systemd/system/x.service",
        b"[Service]\nUser=player\nNoNewPrivileges=yes\n"
        b"ExecStart=/bin/sh -c 'sudo id; su -c id; kill -9 1; echo > /etc/passwd; id -u'\n",
    )
    box.run("systemctl start x; sleep 5")
    out = box.run("journalctl -u x -t sh -o cat").stdout
    assert b"uid=0" not in out
    assert out.splitlines()[-1] == b"1000"
