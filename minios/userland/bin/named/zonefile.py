"""A zone from its master file."""

from __future__ import annotations

from minios.net.wire.dns import Name
from minios.userland.bin.named.masterfile import Loader, Read
from minios.userland.bin.named.zone import Zone
from minios.userland.lib.net.daemon import WARNING, Log


async def load_zone(name: Name, file: str, read: Read, log: Log | None) -> tuple[Zone, int]:
    """A zone from a master file, and its size in bytes. BadFile, OSError."""
    size = 0

    async def counted(path: bytes) -> bytes:
        nonlocal size
        text = await read(path)
        size += len(text)
        return text

    loader = Loader(name, counted)
    await loader.load(file.encode("latin-1"), name)
    zone = Zone(name, file)
    for record in loader.records:
        zone.add(record)
    if log is not None:
        for text in loader.warned[:20]:
            await log.say(f"{file}: {text}", WARNING)
    return zone, size
