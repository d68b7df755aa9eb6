"""The colours of ls: its built-in table and LS_COLORS (dircolors(5))."""

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
from minios.userland.lib.pattern import Pattern

_BUILT_IN = {
    "lc": b"\x1b[", "rc": b"m", "rs": b"0", "di": b"01;34", "ln": b"01;36", "pi": b"33",
    "so": b"01;35", "bd": b"01;33", "cd": b"01;33", "ex": b"01;32", "do": b"01;35",
    "su": b"37;41", "sg": b"30;43", "st": b"37;44", "ow": b"34;42", "tw": b"30;42",
    "ca": b"30;41", "mh": b"", "cl": b"\x1b[K", "no": b"", "fi": b"", "or": b"", "mi": b"",
    "ec": b"",
}  # fmt: skip

_TERMS = (
    b"Eterm", b"ansi", b"*color*", b"con[0-9]*x[0-9]*", b"cons25", b"console", b"cygwin",
    b"*direct*", b"dtterm", b"gnome", b"hurd", b"jfbterm", b"konsole", b"kterm", b"linux",
    b"linux-c", b"mlterm", b"putty", b"rxvt*", b"screen*", b"st", b"terminator", b"tmux*",
    b"vt100", b"xterm*",
)  # fmt: skip
"""Terminals that colour without LS_COLORS."""

_KINDS = {
    S_IFDIR: "di", S_IFLNK: "ln", S_IFIFO: "pi", S_IFSOCK: "so", S_IFBLK: "bd", S_IFCHR: "cd",
    S_IFREG: "fi",
}  # fmt: skip


class Colours:
    """Which escape sequence a file's name is printed in."""

    __slots__ = ("_table", "extensions", "used")

    def __init__(self, table: dict[str, bytes], extensions: list[tuple[bytes, bytes]]) -> None:
        self._table = table
        self.extensions = extensions
        self.used = False

    def get(self, key: str) -> bytes:
        return self._table[key]

    def has(self, key: str) -> bool:
        """Whether ``key`` has a colour that is one (``0`` and ``00`` are none)."""
        return self._table[key] not in (b"", b"0", b"00")

    @property
    def referent(self) -> bool:
        """``ln=target``: a link looks like what it leads to."""
        return self._table["ln"] == b"target"

    @property
    def follows_links(self) -> bool:
        """Whether a link's target decides about its colour."""
        return self.has("or") or self.referent

    def of(self, name: bytes, mode: int, nlink: int, *, known: bool = True) -> bytes:
        """The sequence's parameters for a file, empty for none."""
        kind = mode & S_IFMT
        key = _KINDS.get(kind, "or")
        if kind == S_IFREG:
            if known:
                key = self._regular(mode, nlink)
            if key == "fi":
                for suffix, colour in reversed(self.extensions):
                    if name[-len(suffix) :].lower() == suffix.lower():
                        return colour
        elif kind == S_IFDIR and known:
            key = self._directory(mode)
        return self._table[key] if self.has(key) else b""

    def _regular(self, mode: int, nlink: int) -> str:
        if mode & S_ISUID and self.has("su"):
            return "su"
        if mode & S_ISGID and self.has("sg"):
            return "sg"
        if mode & 0o111 and self.has("ex"):
            return "ex"
        if nlink > 1 and self.has("mh"):
            return "mh"
        return "fi"

    def _directory(self, mode: int) -> str:
        sticky, other = mode & S_ISVTX, mode & 0o002
        if sticky and other and self.has("tw"):
            return "tw"
        if other and self.has("ow"):
            return "ow"
        if sticky and self.has("st"):
            return "st"
        return "di"

    def of_link(self, ok: bool, mode: int, target: bytes) -> bytes:
        """The same for a symbolic link; ``ok`` and ``mode`` tell of what it leads to."""
        if not ok and (self.referent or self.has("or")) and self.has("or"):
            return self._table["or"]
        if self.referent:
            return self.of(target, mode, 1) if ok else b""
        return self._table["ln"] if self.has("ln") else b""

    def of_target(self, ok: bool, mode: int, target: bytes) -> bytes:
        """The same for the target that ``ls -l`` prints behind the arrow."""
        if not ok and self.has("mi"):
            return self._table["mi"]
        return self.of(target, mode, 1)

    def paint(self, text: bytes, colour: bytes) -> bytes:
        """``text`` in a colour; the first one resets the terminal before."""
        if not colour:
            return text
        left, right = self._table["lc"], self._table["rc"]
        end = self._table["ec"] or left + self._table["rs"] + right
        before = b"" if self.used else left + self._table["rs"] + right
        self.used = True
        return before + left + colour + right + text + end


def from_environment(env: dict[bytes, bytes]) -> Colours | None:
    """The table that LS_COLORS describes, or the built-in one; None for a terminal without colour.

    Raises ValueError for an LS_COLORS that cannot be parsed.
    """
    text = env.get(b"LS_COLORS", b"")
    if not text:
        if not env.get(b"COLORTERM") and not any(
            Pattern(pattern).matches(env.get(b"TERM", b"")) for pattern in _TERMS
        ):
            return None
        return Colours(dict(_BUILT_IN), [])
    table = dict(_BUILT_IN)
    extensions: list[tuple[bytes, bytes]] = []
    for item in text.split(b":"):
        key, equals, value = item.partition(b"=")
        if not item:
            continue
        if not equals:
            raise ValueError("LS_COLORS")
        if key.startswith(b"*"):
            extensions.append((key[1:], value))
        elif len(key) == 2 and key.decode("latin-1") in table:
            table[key.decode("latin-1")] = _unescape(value)
        else:
            raise UnknownPrefix(key)
    return Colours(table, extensions)


class UnknownPrefix(ValueError):
    """A key of LS_COLORS that is none."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.key = key


def _unescape(value: bytes) -> bytes:
    r"""``\e``, ``\033``, ``^[`` in LS_COLORS."""
    if b"\\" not in value and b"^" not in value:
        return value
    return (
        value.replace(b"\\e", b"\x1b")
        .replace(b"\\033", b"\x1b")
        .replace(b"\\x1b", b"\x1b")
        .replace(b"^[", b"\x1b")
    )
