"""The list of entered lines, and its file."""

import contextlib
from typing import TYPE_CHECKING

from minios.abi import flags
from minios.userland.lib.stdio import read_file, write_all

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

LIMIT = 500
"""Entries that are kept, in memory and in the file."""

MAX_ENTRY = 16384
"""Bytes of an entry; a longer line is not remembered."""

MAX_FILE = 1 << 18


class History:
    """Entries oldest first, numbered from ``first``."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.first = 1
        self.size = 0
        self.changed = False

    def add(self, line: bytes) -> None:
        """Remember a line, unless it is blank, very long or the one before it again."""
        if not line.strip() or len(line) > MAX_ENTRY or (self.entries and self.entries[-1] == line):
            return
        self.entries.append(line)
        self.size += len(line)
        self.changed = True
        while len(self.entries) > LIMIT:
            self.size -= len(self.entries.pop(0))
            self.first += 1

    def clear(self) -> None:
        self.entries.clear()
        self.first = 1
        self.size = 0
        self.changed = True

    async def load(self, sh: "Shell", path: bytes) -> None:
        """Read the file of earlier sessions, if there is one."""
        try:
            data = await read_file(sh.sys, path, MAX_FILE)
        except OSError:
            return
        for line in data.split(b"\n")[-LIMIT - 1 :]:
            self.add(line)
        self.changed = False

    async def save(self, sh: "Shell", path: bytes) -> None:
        """Write the file; a directory one may not write to is no error."""
        if not self.changed:
            return
        data = b"".join(entry.replace(b"\n", b" ") + b"\n" for entry in self.entries)
        try:
            fd = await sh.sys.open(path, flags.O_WRONLY | flags.O_CREAT | flags.O_TRUNC, 0o600)
        except OSError:
            return
        with contextlib.suppress(OSError):
            await write_all(sh.sys, fd, data)
        await sh.sys.close(fd)
