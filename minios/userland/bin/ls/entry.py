"""A file as ls knows it, and how its name looks."""

from minios.abi.flags import S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK
from minios.abi.records import Stat
from minios.userland.bin.ls.settings import Settings
from minios.userland.lib import quoting
from minios.userland.lib.colours import Colours

ENTRY_SIZE = 160
"""Bytes that a listed file is charged with, besides its name."""


class Entry:
    """One file of a listing. ``stat`` is None while unread or unreadable."""

    __slots__ = ("failed", "ino", "link", "link_mode", "link_ok", "name", "pad", "path", "stat",
                 "text", "type", "width")  # fmt: skip

    def __init__(self, name: bytes, path: bytes, kind: int = 0, ino: int = 0) -> None:
        self.name = name
        self.path = path
        self.type = kind
        self.ino = ino
        self.stat: Stat | None = None
        self.failed = False
        self.link: bytes | None = None
        self.link_mode = 0
        self.link_ok = False
        self.text = b""
        """The name as shown, and its ``width`` in columns; ``pad`` is the space before it."""
        self.width = 0
        self.pad = b""

    @property
    def mode(self) -> int:
        return self.stat.mode if self.stat is not None else self.type

    @property
    def is_dir(self) -> bool:
        return self.mode & S_IFMT == S_IFDIR


def shown(name: bytes, opts: Settings) -> tuple[bytes, int]:
    """A name in the listing's quoting style, and its width."""
    text = quoting.style(name, opts.style, opts.marks)
    literal = opts.style in (b"literal", b"shell", b"shell-always")
    if literal and opts.question_marks:
        text = bytes(c if 32 <= c < 127 else 0x3F for c in text)
        return text, len(text)
    if literal:
        return text, sum(32 <= c < 127 for c in text)
    return text, len(text)


def dress(entries: list[Entry], opts: Settings) -> None:
    """Give every entry of a listing its text; what is unquoted lines up with what is quoted."""
    quoted = False
    for entry in entries:
        entry.text, entry.width = shown(entry.name, opts)
        if opts.aligned and _is_quoted(entry):
            quoted = True
    if quoted:
        for entry in entries:
            if not _is_quoted(entry):
                entry.pad = b" "
                entry.width += 1


def _is_quoted(entry: Entry) -> bool:
    return len(entry.text) != len(entry.name) or entry.text[:1] != entry.name[:1]


def indicator(mode: int, opts: Settings, *, known: bool = True) -> bytes:
    """The character that -F, -p and --file-type append. ``known`` is off without a stat."""
    kind = mode & S_IFMT
    if opts.indicator == "none" or kind == 0:
        return b""
    if kind == S_IFREG:
        return b"*" if opts.indicator == "classify" and known and mode & 0o111 else b""
    if kind == S_IFDIR:
        return b"/"
    if opts.indicator == "slash":
        return b""
    return {S_IFLNK: b"@", S_IFIFO: b"|", S_IFSOCK: b"="}.get(kind, b"")


def colour_of(entry: Entry, colours: Colours) -> bytes:
    """The colour of an entry's own name."""
    if entry.failed and entry.stat is None:
        return colours.of(entry.name, entry.type, 1, known=False)
    if entry.mode & S_IFMT == S_IFLNK:
        return colours.of_link(entry.link_ok, entry.link_mode, entry.link or b"")
    nlink = entry.stat.nlink if entry.stat is not None else 1
    return colours.of(entry.name, entry.mode, nlink)
