"""Changing /etc/passwd, /etc/shadow and /etc/group: whole rows, written beside the file first."""

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.sys import Sys
from minios.userland.lib.calendar import DAY
from minios.userland.lib.stdio import read_file, write_all

PASSWD, SHADOW, GROUP = b"/etc/passwd", b"/etc/shadow", b"/etc/group"
SECOND = 1_000_000_000

UID_MIN, UID_MAX = 1000, 60000
SYS_UID_MIN, SYS_UID_MAX = 100, 999
"""The ranges that new ids come from (login.defs(5))."""

Row = list[bytes]


async def rows(sys: Sys, path: bytes) -> list[Row]:
    """The rows of a file, split at colons. OSError."""
    text = await read_file(sys, path)
    return [line.split(b":") for line in text.split(b"\n") if line]


async def write(sys: Sys, path: bytes, table: list[Row]) -> None:
    """Replace a file by another content; owner and mode stay. OSError."""
    beside = path + b"+"
    old = await sys.stat(path)
    fd = await sys.open(beside, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    await write_all(sys, fd, b"".join(b":".join(row) + b"\n" for row in table))
    await sys.close(fd)
    await sys.chown(beside, old.uid, old.gid)
    await sys.chmod(beside, old.mode & 0o7777)
    await sys.rename(beside, path)


def find(table: list[Row], name: bytes) -> Row | None:
    """The row of an account or a group."""
    return next((row for row in table if row[0] == name), None)


def free_id(table: list[Row], *, system: bool) -> int:
    """The id for a new row: the highest in its range and one more; system ones from the top."""
    taken = {int(row[2]) for row in table if len(row) > 2 and row[2].isdigit()}
    if system:
        return next((n for n in range(SYS_UID_MAX, SYS_UID_MIN - 1, -1) if n not in taken), -1)
    used = [number for number in taken if UID_MIN <= number <= UID_MAX]
    following = max(used, default=UID_MIN - 1) + 1
    if following <= UID_MAX:
        return following
    return next((n for n in range(UID_MIN, UID_MAX + 1) if n not in taken), -1)


def valid_name(name: bytes) -> bool:
    """Letters, digits, ``_`` and ``-``, not a digit or ``-`` first, at most 32."""
    text = name.decode("latin-1")
    if not 0 < len(text) <= 32 or not (text[0].isalpha() or text[0] == "_"):
        return False
    stem = text.removesuffix("$")
    return all(char.isascii() and (char.isalnum() or char in "_-.") for char in stem)


def resolve_group(groups: list[Row], text: bytes) -> Row | None:
    """A group by name or number."""
    return find(groups, text) or next(
        (row for row in groups if text.isdigit() and row[2] == text), None
    )


def members(row: Row) -> list[bytes]:
    return [name for name in row[3].split(b",") if name]


def set_members(row: Row, names: list[bytes]) -> None:
    row[3] = b",".join(dict.fromkeys(names))


async def today(sys: Sys) -> bytes:
    """Days since 1970, as shadow(5) counts."""
    return b"%d" % (await sys.clock_gettime() // SECOND // DAY)
