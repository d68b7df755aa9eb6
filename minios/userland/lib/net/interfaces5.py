"""Reading /etc/network/interfaces (interfaces(5))."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from minios.userland.lib.pattern import compiled

FAMILIES = (b"inet", b"inet6", b"link", b"can")
METHODS = {
    b"inet": (b"loopback", b"static", b"manual", b"dhcp"),
    b"inet6": (b"auto", b"loopback", b"static", b"manual", b"dhcp", b"v4tunnel", b"6to4"),
    b"link": (b"manual",),
    b"can": (b"static",),
}
_KEYWORDS = (
    b"iface", b"auto", b"mapping", b"source", b"source-directory", b"source-dir", b"no-auto-down",
    b"no-scripts", b"template", b"rename",
)  # fmt: skip
_COMMANDS = (b"pre-up", b"up", b"post-up", b"down", b"pre-down", b"post-down")
MAX_DEPTH = 8
"""Files that a file may be sourced from."""

ReadFile = Callable[[bytes], Awaitable[bytes]]
ListDir = Callable[[bytes], Awaitable[list[bytes]]]


class Bad(Exception):
    """A line that cannot be read; the text has the file and the line's number."""


class Iface:
    """One ``iface`` stanza. ``options`` are in the order of the file; commands may come again."""

    def __init__(self, name: bytes, family: bytes, method: bytes) -> None:
        self.name = name
        self.family = family
        self.method = method
        self.options: list[tuple[bytes, bytes]] = []

    def option(self, name: bytes) -> bytes | None:
        """The value of an option; ``_`` and ``-`` are the same in its name."""
        wanted = name.replace(b"_", b"-")
        for key, value in self.options:
            if key.replace(b"_", b"-") == wanted:
                return value
        return None

    def commands(self, *names: bytes) -> list[bytes]:
        """The command lines of these options, in the order of the file."""
        return [value for key, value in self.options if key in names]


class Interfaces:
    """What the file says: stanzas in order, and the interfaces of each ``auto`` class."""

    def __init__(self) -> None:
        self.ifaces: list[Iface] = []
        self.classes: dict[bytes, list[bytes]] = {b"auto": []}

    def of(self, name: bytes) -> list[Iface]:
        """The stanzas of an interface."""
        return [iface for iface in self.ifaces if iface.name == name]


async def read_interfaces(path: bytes, read: ReadFile, names: ListDir) -> Interfaces:
    """The file and all that it sources. OSError, :class:`Bad`."""
    found = Interfaces()
    await _Reader(found, read, names).file(path, await read(path), 0)
    return found


class _Reader:
    def __init__(self, found: Interfaces, read: ReadFile, names: ListDir) -> None:
        self.found = found
        self.read = read
        self.names = names

    async def file(self, path: bytes, text: bytes, depth: int) -> None:
        iface: Iface | None = None
        mapping = False
        for number, line in _lines(text):
            where = b"%b:%d: " % (path, number)
            word, _, rest = line.partition(b" ")
            if word.startswith(b"allow-") or word in _KEYWORDS:
                iface, mapping = None, word == b"mapping"
                if word == b"iface":
                    iface = self.iface(rest, where)
                elif word == b"auto" or word.startswith(b"allow-"):
                    members = self.found.classes.setdefault(word.removeprefix(b"allow-"), [])
                    members += [name for name in rest.split() if name not in members]
                elif word.startswith(b"source"):
                    await self.source(word, rest, path, depth)
            elif iface is not None:
                self.option(iface, word, rest.strip(), where)
            elif not mapping:
                raise Bad((where + b"misplaced option").decode("latin-1"))

    def iface(self, rest: bytes, where: bytes) -> Iface:
        words = rest.split()
        if not words:
            raise Bad((where + b"too few parameters for iface line").decode("latin-1"))
        name, *more = words
        family, method = b"inet", b""
        if more:
            family = more[0]
            if family not in FAMILIES:
                raise Bad((where + b"unknown address type").decode("latin-1"))
            method = more[1] if len(more) > 1 else b""
        if method not in METHODS[family]:
            raise Bad((where + b"unknown method").decode("latin-1"))
        iface = Iface(name, family, method)
        self.found.ifaces.append(iface)
        return iface

    def option(self, iface: Iface, word: bytes, value: bytes, where: bytes) -> None:
        if not value:
            raise Bad((where + b"option with empty value").decode("latin-1"))
        if word not in _COMMANDS and iface.option(word) is not None:
            raise Bad((where + b"duplicate option").decode("latin-1"))
        iface.options.append((word, value))

    async def source(self, word: bytes, rest: bytes, path: bytes, depth: int) -> None:
        """Files that are not there are no mistake (wordexp finds none)."""
        if depth >= MAX_DEPTH:
            return
        for pattern in rest.split():
            if not pattern.startswith(b"/"):
                pattern = path.rpartition(b"/")[0] + b"/" + pattern
            folder, _, glob = pattern.rpartition(b"/")
            if word != b"source":
                folder, glob = pattern.rstrip(b"/"), b"*"
            for name in await self._matching(folder, glob):
                each = folder + b"/" + name
                try:
                    text = await self.read(each)
                except OSError:
                    continue
                await self.file(each, text, depth + 1)

    async def _matching(self, folder: bytes, glob: bytes) -> list[bytes]:
        try:
            names = await self.names(folder or b"/")
        except OSError:
            return []
        wanted = compiled(glob)
        return [name for name in names if not name.startswith(b".") and wanted.matches(name)]


def _lines(text: bytes) -> list[tuple[int, bytes]]:
    """Lines that say something, with their numbers; a backslash at the end joins the next one."""
    found: list[tuple[int, bytes]] = []
    joined = b""
    first = 0
    for number, line in enumerate(text.split(b"\n"), 1):
        if not joined:
            first = number
            if line.lstrip().startswith(b"#"):
                continue
        if line.endswith(b"\\"):
            joined += line[:-1] + b" "
            continue
        line = b" ".join((joined + line).split())
        joined = b""
        if line:
            found.append((first, line))
    return found
