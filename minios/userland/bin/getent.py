"""getent: what the sources of nsswitch.conf say of a name (glibc 2.36)."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.userland.lib.net import services
from minios.userland.lib.net.gai import GaiError, getaddrinfo, inet_aton, name_of
from minios.userland.lib.net.lookup import hosts
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file

USAGE = """
Usage: getent [OPTION...] database [key ...]
Get entries from administrative database.

  -s, --service=CONFIG       Service configuration to be used (ignored)
  -?, --help                 Give this help list
  -V, --version              Print program version

Supported databases:
ahosts ahostsv4 group hosts passwd protocols services shadow
"""
HINT = b"Try `getent --help' or `getent --usage' for more information."
MISSING = 2
"""Exit status: a key was not found."""
FILES = {b"passwd": b"/etc/passwd", b"group": b"/etc/group", b"shadow": b"/etc/shadow"}


@program(USAGE, "s:Ai?V", ("service:=s", "no-addrconfig=A", "no-idn=i"))
async def getent(tool: Tool) -> int:
    """getent(1)."""
    if "?" in tool.options:
        await tool.line(USAGE.strip().encode())
        return 0
    if not tool.operands:
        await complain(tool.sys, b"getent: wrong number of arguments")
        await complain(tool.sys, HINT)
        return 1
    database, *keys = tool.operands
    known = {
        b"ahosts": _ahosts, b"ahostsv4": _ahosts, b"hosts": _hosts, b"protocols": _protocols,
        b"services": _services,
    }  # fmt: skip
    if database in FILES:
        return await _accounts(tool, FILES[database], keys)
    if database not in known:
        await complain(tool.sys, b"Unknown database: " + database)
        await complain(tool.sys, HINT)
        return 1
    return await known[database](tool, keys)


async def _accounts(tool: Tool, path: bytes, keys: list[bytes]) -> int:
    """Lines of a file by their name or number."""
    try:
        lines = (await read_file(tool.sys, path)).split(b"\n")
    except OSError:
        return MISSING
    status = 0
    if not keys:
        for line in filter(None, lines):
            await tool.line(line)
    for key in keys:
        for line in lines:
            fields = line.split(b":")
            if key == fields[0] or (
                len(fields) > 2 and key.isdigit() and key == fields[2] and path != FILES[b"shadow"]
            ):
                await tool.line(line)
                break
        else:
            status = MISSING
    return status


async def _hosts(tool: Tool, keys: list[bytes]) -> int:
    status = 0
    if not keys:
        for ip, names in await hosts(tool.sys):
            await tool.line(b"%-15b %b" % (ip_text(ip).encode(), b" ".join(names)))
    for key in keys:
        number = inet_aton(key)
        if number is not None:
            name = await name_of(tool.sys, number)
            if name is None:
                status = MISSING
            else:
                await tool.line(b"%-15b %b" % (ip_text(number).encode(), name))
            continue
        try:
            found = await getaddrinfo(tool.sys, key)
        except GaiError:
            status = MISSING
            continue
        for info in found:
            address = ip_text(info.address[0]).encode()
            names = [info.canonname] + ([key] if key != info.canonname else [])
            await tool.line(b"%-15b %b" % (address, b" ".join(names)))
    return status


async def _ahosts(tool: Tool, keys: list[bytes]) -> int:
    status = 0
    for key in keys:
        try:
            found = await getaddrinfo(tool.sys, key)
        except GaiError:
            status = MISSING
            continue
        for number, info in enumerate(found):
            address = b"%-15b " % ip_text(info.address[0]).encode()
            await tool.line(address + b"STREAM " + (info.canonname if not number else b""))
            await tool.line(address + b"DGRAM  ")
            await tool.line(address + b"RAW    ")
    return status


async def _services(tool: Tool, keys: list[bytes]) -> int:
    status = 0
    entries = await services.entries(tool.sys)
    for number, protocol, names in entries if not keys else ():
        await tool.line(_service(number, protocol, names))
    for key in keys:
        name, _, wanted = key.partition(b"/")
        for number, protocol, names in entries:
            if (name in names or name == b"%d" % number) and wanted in (b"", protocol):
                await tool.line(_service(number, protocol, names))
                break
        else:
            status = MISSING
    return status


def _service(number: int, protocol: bytes, names: list[bytes]) -> bytes:
    aliases = b"".join(b" " + name for name in names[1:])
    return b"%-21b %d/%b%b" % (names[0], number, protocol, aliases)


async def _protocols(tool: Tool, keys: list[bytes]) -> int:
    try:
        lines = (await read_file(tool.sys, b"/etc/protocols")).split(b"\n")
    except OSError:
        return MISSING
    rows = [words for line in lines if len(words := line.partition(b"#")[0].split()) > 1]
    status = 0
    for words in rows if not keys else ():
        await tool.line(b"%-21b %b" % (words[0], b" ".join(words[1:])))
    for key in keys:
        for words in rows:
            if key in (words[0], words[1], *words[2:]):
                await tool.line(b"%-21b %b" % (words[0], b" ".join(words[1:])))
                break
        else:
            status = MISSING
    return status
