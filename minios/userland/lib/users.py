"""The user database: passwd(5), group(5) and shadow(5) read from /etc."""

from hashlib import sha256
from typing import NamedTuple

from minios.abi.sys import Sys
from minios.userland.lib.probes import probed
from minios.userland.lib.stdio import read_file


class Passwd(NamedTuple):
    """A line of /etc/passwd."""

    name: bytes
    uid: int
    gid: int
    gecos: bytes
    home: bytes
    shell: bytes


class Group(NamedTuple):
    """A line of /etc/group."""

    name: bytes
    gid: int
    members: tuple[bytes, ...]


async def _lines(sys: Sys, path: bytes, fields: int) -> list[list[bytes]]:
    try:
        text = await read_file(sys, path)
    except OSError:
        return []
    rows = [line.split(b":") for line in text.split(b"\n")]
    return [row for row in rows if len(row) >= fields]


_PWBUF = 0x1F6C0


def _entry(found: Passwd | None) -> int:
    """Where the C library's static struct passwd is; NULL for no entry."""
    return _PWBUF if found is not None else 0


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) < 11 else 65534


async def passwd(sys: Sys) -> list[Passwd]:
    """Every account, in the file's order."""
    return [
        Passwd(row[0], _number(row[2]), _number(row[3]), row[4], row[5], row[6])
        for row in await _lines(sys, b"/etc/passwd", 7)
    ]


async def groups(sys: Sys) -> list[Group]:
    """Every group, in the file's order."""
    return [
        Group(row[0], _number(row[2]), tuple(m for m in row[3].split(b",") if m))
        for row in await _lines(sys, b"/etc/group", 4)
    ]


@probed(b"getpwuid", lambda sys, uid: sys, lambda sys, uid: (uid,), _entry)
async def by_uid(sys: Sys, uid: int) -> Passwd | None:
    return next((entry for entry in await passwd(sys) if entry.uid == uid), None)


@probed(b"getpwnam", lambda sys, name: sys, lambda sys, name: (name,), _entry)
async def by_name(sys: Sys, name: bytes) -> Passwd | None:
    return next((entry for entry in await passwd(sys) if entry.name == name), None)


@probed(b"getgrouplist", lambda sys, name, gid: sys, lambda sys, name, gid: (name, gid), len)
async def group_ids(sys: Sys, name: bytes, gid: int) -> tuple[int, ...]:
    """The primary group and those that list the user (initgroups(3))."""
    also = [group.gid for group in await groups(sys) if name in group.members]
    return tuple(dict.fromkeys([gid, *also]))


def crypt(password: bytes, salt: bytes) -> bytes:
    """The form in which /etc/shadow keeps a password: ``$m$salt$digest``."""
    return b"$m$" + salt + b"$" + sha256(salt + b"$" + password).hexdigest()[:32].encode()


async def password_matches(sys: Sys, name: bytes, password: bytes) -> bool:
    """Whether /etc/shadow (which only root reads) accepts ``password`` for ``name``."""
    for row in await _lines(sys, b"/etc/shadow", 2):
        if row[0] == name:
            parts = row[1].split(b"$")
            return len(parts) == 4 and crypt(password, parts[2]) == row[1]
    return False
