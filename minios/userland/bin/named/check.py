"""named-checkconf and named-checkzone: named's files, read as named does."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.net.wire.dnstext import name_text, parse_name
from minios.userland.bin.named.config import PATH, BadConfig, Config, load
from minios.userland.bin.named.masterfile import BadFile
from minios.userland.bin.named.zone import BadZone
from minios.userland.bin.named.zonefile import load_zone
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import read_file, why

CHECKZONE = """
usage: named-checkzone [-q] zonename filename
Reads a zone as named would and says whether it could be served.

  -q   only the exit status
"""
CHECKCONF = """
usage: named-checkconf [-z] [filename]
Reads named's configuration and says what is wrong with it.

  -z   load the primary zones too
"""


@program(CHECKZONE, "qDk:i:")
async def named_checkzone(tool: Tool) -> int:
    """named-checkzone(1)."""
    if len(tool.operands) != 2:
        await tool.line(CHECKZONE.strip().partition("\n")[0].encode())
        return 1
    text = tool.operands[0].decode("latin-1")
    return 0 if await _check(tool, text, tool.operands[1], "q" in tool.options) else 1


async def _check(tool: Tool, text: str, file: bytes, quiet: bool) -> bool:
    """Load a zone and say what came of it."""

    async def read(path: bytes) -> bytes:
        return await read_file(tool.sys, path, 4 << 20)

    shown = text.rstrip(".") or "."
    name = parse_name(text if text.endswith(".") else text + ".")
    said: list[str] = []
    try:
        zone, _ = await load_zone(name, file.decode("latin-1"), read, None)
        zone.check()
        said.append(f"zone {shown}/IN: loaded serial {zone.serial}")
        good = True
    except BadFile as err:
        what = str(err).rpartition(": ")[2]
        path = file.decode("latin-1")
        said.append(f"dns_master_load: {err}")
        said.append(f"zone {shown}/IN: loading from master file {path} failed: {what}")
        good = False
    except BadZone as err:
        said.append(f"zone {shown}/IN: {err}")
        good = False
    except OSError as err:
        reason = "file not found" if err.errno == Errno.ENOENT else why(err).decode().lower()
        path = file.decode("latin-1")
        said.append(f"zone {shown}/IN: loading from master file {path} failed: {reason}")
        good = False
    if not good:
        said.append(f"zone {shown}/IN: not loaded due to errors.")
    if not quiet:
        for line in said:
            await tool.line(line.encode("latin-1"))
        if good:
            await tool.line(b"OK")
    return good


@program(CHECKCONF, "zjp")
async def named_checkconf(tool: Tool) -> int:
    """named-checkconf(1)."""
    path = (tool.operands or [PATH])[0]
    config: Config | None = None

    async def read(name: bytes) -> bytes:
        return await read_file(tool.sys, name, 1 << 20)

    try:
        config = await load(path, read)
    except BadConfig as err:
        await tool.line(str(err).encode("latin-1"))
        return 1
    except OSError as err:
        reason = b"file not found" if err.errno == Errno.ENOENT else why(err).lower()
        await tool.line(b"open: " + path + b": " + reason)
        return 1
    good = True
    if "z" in tool.options:
        for zone in config.zones:
            if zone.kind == "primary":
                file = zone.file if zone.file.startswith("/") else f"{config.directory}/{zone.file}"
                name = name_text(zone.name)
                good = await _check(tool, name, file.encode("latin-1"), False) and good
    return 0 if good else 1
