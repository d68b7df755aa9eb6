"""The base system of every machine: a Debian in miniature, before a level adds its own.

docs/sandbox.md describes the result. What it lays down is the same for the sandbox and for levels,
so that a command works alike wherever it is typed.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import NamedTuple, Protocol

from minios import __version__
from minios.game.net import base as netbase
from minios.userland.table import PROGRAMS, SBIN

SETUID = frozenset({"su", "sudo", "passwd", "crontab", "at", "batch", "atq", "atrm", "newgrp"})

PATH = b"/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
ROOT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What login(1) sets on Debian for a user and for root."""


class User(NamedTuple):
    """An account. ``gid`` is ``uid`` and ``home`` is ``/home/NAME`` unless given.

    Without a ``password`` nobody can log in by typing one (``*`` in shadow(5)). ``sudo`` is ""
    (may not), ``password`` (a member of group sudo) or ``nopasswd`` (is never asked for one).
    """

    name: str
    uid: int
    gid: int | None = None
    groups: tuple[str, ...] = ()
    password: str | None = None
    home: str = ""
    shell: str = "/bin/sh"
    gecos: str = ""
    sudo: str = ""

    @property
    def group(self) -> int:
        return self.uid if self.gid is None else self.gid

    @property
    def directory(self) -> str:
        return self.home or f"/home/{self.name}"


ROOT = User("root", 0, home="/root", gecos="root")

SYSTEM_USERS = (
    User("daemon", 1, home="/usr/sbin", shell="/usr/sbin/nologin", gecos="daemon"),
    User("bin", 2, home="/bin", shell="/usr/sbin/nologin", gecos="bin"),
    User("sys", 3, home="/dev", shell="/usr/sbin/nologin", gecos="sys"),
    User("www-data", 33, home="/var/www", shell="/usr/sbin/nologin", gecos="www-data"),
    User(
        "nobody", 65534, home="/nonexistent", shell="/usr/sbin/nologin", gecos="nobody"
    ),
)  # fmt: skip

SYSTEM_GROUPS = {
    "root": 0, "daemon": 1, "bin": 2, "sys": 3, "adm": 4, "tty": 5, "disk": 6, "lp": 7, "mail": 8,
    "sudo": 27, "www-data": 33, "shadow": 42, "utmp": 43, "staff": 50, "users": 100,
    "nogroup": 65534,
}  # fmt: skip

_DIRECTORIES = (
    (b"/usr/bin", 0o755), (b"/usr/sbin", 0o755), (b"/usr/lib", 0o755),
    (b"/usr/local/bin", 0o755), (b"/usr/local/sbin", 0o755), (b"/usr/share/man", 0o755),
    (b"/etc", 0o755), (b"/home", 0o755), (b"/root", 0o700), (b"/mnt", 0o755),
    (b"/opt", 0o755), (b"/srv", 0o755), (b"/var/log", 0o755), (b"/var/lib", 0o755),
    (b"/var/tmp", 0o1777), (b"/var/log/journal", 0o755), (b"/var/spool/cron/crontabs", 0o1730),
    (b"/var/spool/cron/atjobs", 0o1770), (b"/etc/systemd/system", 0o755),
    (b"/etc/systemd/system/multi-user.target.wants", 0o755), (b"/etc/cron.d", 0o755),
    (b"/usr/lib/systemd/system", 0o755), (b"/etc/bind", 0o755), (b"/etc/dhcp", 0o755),
    (b"/etc/ssh", 0o755),
    (b"/var/cache/bind", 0o775), (b"/var/lib/dhcp", 0o755), (b"/var/www/html", 0o755),
    (b"/usr/lib/cgi-bin", 0o755), (b"/etc/rsyslog.d", 0o755),
)  # fmt: skip

_CRON_UNIT = b"""\
[Unit]
Description=Regular background program processing daemon
Documentation=man:cron(8)
ConditionPathExistsGlob=|/var/spool/cron/crontabs/*
ConditionPathExistsGlob=|/etc/cron.d/*
ConditionPathExists=|/etc/crontab

[Service]
ExecStart=/usr/sbin/cron -f
KillMode=process
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
_ATD_UNIT = b"""\
[Unit]
Description=Deferred execution scheduler
Documentation=man:atd(8)
ConditionDirectoryNotEmpty=/var/spool/cron/atjobs

[Service]
ExecStart=/usr/sbin/atd -f
KillMode=process
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""

_LPD_UNIT = b"""\
[Unit]
Description=Line printer spooler
Documentation=man:lpd(8)
ConditionPathExists=/dev/lp0

[Service]
ExecStart=/usr/sbin/lpd
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""

_PROFILE = b"""\
# /etc/profile: read by login shells
if [ "$(id -u)" -eq 0 ]; then
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fi
export PATH
"""


class Builder(Protocol):
    """The builder's access to a machine's disk (:class:`minios.kernel.machine.Machine`)."""

    def write_file(
        self, path: bytes, data: bytes, uid: int = 0, gid: int = 0, mode: int = 0o644
    ) -> object: ...
    def make_dir(self, path: bytes, uid: int = 0, gid: int = 0, mode: int = 0o755) -> object: ...
    def install(self, path: bytes, program: str, mode: int = 0o755) -> object: ...
    def symlink(self, target: bytes, path: bytes) -> object: ...
    def write_later(self, path: bytes, source: Callable[[], bytes]) -> object: ...
    def lay(self, key: object, build: Callable[[], None]) -> None: ...


def _manual() -> bytes:
    """The manual's pages; most plays never look at them."""
    from minios.userland.man import archive

    return archive()


def environment(user: User) -> dict[bytes, bytes]:
    """What login(1) puts into the environment of ``user``'s shell, but for TERM."""
    name = user.name.encode()
    return {
        b"HOME": user.directory.encode(),
        b"LOGNAME": name,
        b"PATH": ROOT_PATH if user.uid == 0 else PATH,
        b"SHELL": user.shell.encode(),
        b"USER": name,
    }


def group_ids(user: User, groups: Mapping[str, int] = {}) -> tuple[int, ...]:
    """The ids of the groups that ``user`` is in, the primary one first."""
    known = {**SYSTEM_GROUPS, **groups}
    return tuple(dict.fromkeys([user.group, *(known[name] for name in _memberships(user))]))


def _memberships(user: User) -> tuple[str, ...]:
    return (*user.groups, "sudo") if user.sudo and "sudo" not in user.groups else user.groups


def install(
    machine: Builder,
    *,
    hostname: str,
    users: Sequence[User],
    groups: Mapping[str, int] = {},
    ttys: Mapping[str, str | None] = {},
) -> None:
    """Lay the base system on an empty disk.

    ``groups`` are those that no user brings along, by name and gid. ``ttys`` gives each terminal
    that asks for a login the user it logs in by itself (None asks).
    """
    machine.lay(("base", *PROGRAMS), partial(_system, machine))
    everybody = [ROOT, *SYSTEM_USERS, *(user for user in users if user.uid != 0)]
    for user in users:
        if user.uid == 0:
            everybody[0] = user
    for user in everybody:
        if user not in SYSTEM_USERS and user.uid != 0:
            machine.make_dir(user.directory.encode(), user.uid, user.group, 0o755)
    _accounts(machine, everybody, groups)
    host = hostname.encode()
    for path, text in (
        (b"/etc/fstab", fstab()),
        (b"/etc/hostname", host + b"\n"),
        (b"/etc/hosts", b"127.0.0.1\tlocalhost\n127.0.1.1\t" + host + b"\n"),
        (b"/etc/issue", b"MiniOS \\n \\l\n\n"),
        (b"/etc/os-release", _os_release()),
        (b"/etc/profile", _PROFILE),
        (b"/etc/shells", b"/bin/sh\n"),
        (b"/etc/inittab", inittab(ttys)),
        (b"/etc/machine-id", sha256(host).hexdigest()[:32].encode() + b"\n"),
        (b"/lib/systemd/system/cron.service", _CRON_UNIT),
        (b"/lib/systemd/system/atd.service", _ATD_UNIT),
        (b"/lib/systemd/system/lpd.service", _LPD_UNIT),
        (b"/etc/nsswitch.conf", netbase.NSSWITCH),
        *((f"/lib/systemd/system/{n}.service".encode(), unit) for n, unit in netbase.UNITS),
    ):
        machine.write_file(path, text)
    for path, source in netbase.LATER:
        machine.write_later(path, source)
    for unit in (b"cron.service", b"atd.service"):
        wants = b"/etc/systemd/system/multi-user.target.wants/" + unit
        machine.symlink(b"/lib/systemd/system/" + unit, wants)


def _system(machine: Builder) -> None:
    """What every machine has alike: directories, programs, the manual."""
    for path, mode in _DIRECTORIES:
        machine.make_dir(path, mode=mode)
    machine.symlink(b"usr/bin", b"/bin")
    machine.symlink(b"usr/sbin", b"/sbin")
    machine.symlink(b"usr/lib", b"/lib")
    machine.install(b"/usr/lib/libc.so.6", "libc.so.6", 0o644)
    for name in PROGRAMS:
        path = (b"/usr/sbin/" if name in SBIN else b"/usr/bin/") + name.encode()
        machine.install(path, name, 0o4755 if name in SETUID else 0o755)
    machine.write_later(b"/usr/share/man/pages", _manual)


def fstab(rows: Sequence[tuple[str, str, str, str]] = (), options: str = "defaults") -> bytes:
    """/etc/fstab: the root, and (device, directory, type, options) of what else is mounted."""
    lines = [b"# <file system> <mount point> <type> <options> <dump> <pass>\n"]
    root = ("/dev/sda1", "/", "ext4", options)
    for number, row in enumerate((root, *rows), 1):
        order = 0 if row[2] == "swap" else 1 if number == 1 else 2
        lines.append("{} {} {} {} 0 {}\n".format(*row, order).encode())
    return b"".join(lines)


def _accounts(machine: Builder, users: Sequence[User], groups: Mapping[str, int]) -> None:
    known = {**SYSTEM_GROUPS, **groups}
    for user in users:
        if user.group not in known.values():
            known[user.name] = user.group
    members: dict[str, list[str]] = {name: [] for name in known}
    for user in users:
        for name in _memberships(user):
            members[name].append(user.name)
    passwd = [f"{u.name}:x:{u.uid}:{u.group}:{u.gecos}:{u.directory}:{u.shell}\n" for u in users]
    group = [f"{name}:x:{gid}:{','.join(members[name])}\n" for name, gid in known.items()]
    machine.write_file(b"/etc/passwd", "".join(passwd).encode())
    machine.write_file(b"/etc/group", "".join(group).encode())
    machine.write_file(
        b"/etc/shadow",
        b"".join(_shadow(user) for user in users),
        0,
        SYSTEM_GROUPS["shadow"],
        0o640,
    )
    sudoers = ["root\tALL=(ALL:ALL) ALL\n", "%sudo\tALL=(ALL:ALL) ALL\n"]
    sudoers += [
        f"{user.name}\tALL=(ALL:ALL) NOPASSWD: ALL\n" for user in users if user.sudo == "nopasswd"
    ]
    machine.write_file(b"/etc/sudoers", "".join(sudoers).encode(), mode=0o440)


def _shadow(user: User) -> bytes:
    name = user.name.encode()
    secret = b"*"
    if user.password is not None:
        from minios.userland.lib.users import crypt

        secret = crypt(user.password.encode(), name)
    return name + b":" + secret + b":19000:0:99999:7:::\n"


def _os_release() -> bytes:
    return (
        f'PRETTY_NAME="MiniOS {__version__}"\nNAME="MiniOS"\n'
        f'VERSION_ID="{__version__}"\nID=minios\nID_LIKE=debian\n'
    ).encode()


def inittab(ttys: Mapping[str, str | None]) -> bytes:
    lines = ["# id:runlevels:action:process, see inittab(5)\n"]
    for tty, user in ttys.items():
        login = f" --autologin {user}" if user is not None else ""
        lines.append(f"{tty.removeprefix('tty')}:2345:respawn:/sbin/getty{login} {tty}\n")
    return "".join(lines).encode()
