"""File modes: symbolic and octal changes as chmod(1) takes them, and how ``ls -l`` prints them."""

from typing import NamedTuple

from minios.abi.flags import (
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    S_ISGID,
    S_ISUID,
    S_ISVTX,
)

ALL = 0o7777
_EXECUTE = 0o111
_WHO = {"u": S_ISUID | 0o700, "g": S_ISGID | 0o070, "o": S_ISVTX | 0o007, "a": ALL}
_COPY = {"u": 0o700, "g": 0o070, "o": 0o007}
_WHAT = {"r": 0o444, "w": 0o222, "x": 0o111, "X": 0, "s": S_ISUID | S_ISGID, "t": S_ISVTX}


class Change(NamedTuple):
    """One ``[ugoa][+-=]perms``. ``how`` is ``set``, ``copy`` (``g=u``) or ``X``.

    ``mentioned`` are the bits that the text names; the setuid and setgid bits of a directory stay
    as they are unless they are among them.
    """

    op: str
    how: str
    affected: int
    value: int
    mentioned: int


Changes = tuple[Change, ...]


def compile_mode(text: bytes) -> Changes | None:
    """The changes that a mode operand asks for; None if it is not one."""
    mode = text.decode("latin-1")
    if mode[:1] in tuple("01234567"):
        if not _octal(mode) or int(mode, 8) > ALL:
            return None
        value = int(mode, 8)
        mentioned = value & (S_ISUID | S_ISGID) | S_ISVTX | 0o777 if len(mode) < 5 else ALL
        return (Change("=", "set", ALL, value, mentioned),)
    changes: list[Change] = []
    for clause in mode.split(","):
        who = len(clause) - len(clause.lstrip("ugoa"))
        affected = 0
        for char in clause[:who]:
            affected |= _WHO[char]
        rest = clause[who:]
        if rest[:1] not in ("+", "-", "="):
            return None
        while rest:
            op, rest = rest[0], rest[1:]
            end = next((at for at, c in enumerate(rest) if c in "+-="), len(rest))
            change = _change(op, affected, rest[:end])
            if change is None:
                return None
            changes.append(change)
            rest = rest[end:]
    return tuple(changes)


def _octal(text: str) -> bool:
    return all(c in "01234567" for c in text)


def _change(op: str, affected: int, perms: str) -> Change | None:
    how, value = "set", 0
    if perms[:1] in tuple("01234567"):
        if affected or not _octal(perms) or int(perms, 8) > ALL:
            return None
        return Change(op, how, ALL, int(perms, 8), ALL)
    if perms in _COPY:
        how, value = "copy", _COPY[perms]
    else:
        for char in perms:
            if char not in _WHAT:
                return None
            value |= _WHAT[char]
            if char == "X":
                how = "X"
    return Change(op, how, affected, value, affected & value if affected else value)


def adjust(mode: int, changes: Changes, *, umask: int, directory: bool = False) -> int:
    """The permission bits of ``mode`` after the changes (12 bits).

    A clause that names nobody is limited by ``umask`` (XCU chmod).
    """
    return adjust_bits(mode, changes, umask=umask, directory=directory)[0]


def adjust_bits(
    mode: int, changes: Changes, *, umask: int, directory: bool = False
) -> tuple[int, int]:
    """The same, and the bits that the changes decide about."""
    mode &= ALL
    decided = 0
    for change in changes:
        keep = (S_ISUID | S_ISGID if directory else 0) & ~change.mentioned
        value = change.value
        if change.how == "copy":
            value &= mode
            for bits in (0o444, 0o222, 0o111):
                if value & bits:
                    value |= bits
        elif change.how == "X" and (directory or mode & _EXECUTE):
            value |= _EXECUTE
        value &= (change.affected or ~umask) & ~keep
        if change.op == "=":
            preserved = (~change.affected if change.affected else 0) | keep
            decided |= ALL & ~preserved
            mode = mode & preserved | value
        else:
            decided |= value
            mode = mode | value if change.op == "+" else mode & ~value
    return mode & ALL, decided & ALL


_LETTERS = {
    S_IFREG: "-", S_IFDIR: "d", S_IFLNK: "l", S_IFIFO: "p", S_IFSOCK: "s", S_IFCHR: "c",
    S_IFBLK: "b",
}  # fmt: skip


def type_letter(mode: int) -> str:
    """The first character of :func:`render`."""
    return _LETTERS.get(mode & S_IFMT, "?")


def render(mode: int) -> bytes:
    """The ten characters of ``ls -l``: ``drwxr-sr-t`` (XCU ls)."""
    out = [type_letter(mode)]
    for shift, special, letter in ((6, S_ISUID, "s"), (3, S_ISGID, "s"), (0, S_ISVTX, "t")):
        bits = mode >> shift
        out.append("r" if bits & 4 else "-")
        out.append("w" if bits & 2 else "-")
        if mode & special:
            out.append(letter if bits & 1 else letter.upper())
        else:
            out.append("x" if bits & 1 else "-")
    return "".join(out).encode()
