"""The little of /proc that programs need which have no use for the rest (see proc.py)."""

from minios.abi.flags import O_DIRECTORY
from minios.abi.sys import Sys
from minios.userland.lib.stdio import read_file


async def read_optional(sys: Sys, path: bytes) -> bytes:
    """A file's text; empty if it cannot be read."""
    try:
        return await read_file(sys, path)
    except OSError:
        return b""


async def pids(sys: Sys) -> list[int]:
    """The processes that exist now, in order of their pids."""
    fd = await sys.open(b"/proc", O_DIRECTORY)
    found: list[int] = []
    while entries := await sys.getdents(fd):
        found.extend(int(entry.name) for entry in entries if entry.name.isdigit())
    await sys.close(fd)
    return sorted(found)


async def boot_time(sys: Sys) -> int:
    """When the machine booted, in seconds since the epoch (``btime`` of /proc/stat)."""
    for line in (await read_optional(sys, b"/proc/stat")).split(b"\n"):
        if line.startswith(b"btime "):
            return int(line[6:])
    return 0
