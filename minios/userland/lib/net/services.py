"""/etc/services: names of ports (services(5))."""

from minios.abi.inet import PROTOCOLS, SERVICES
from minios.abi.sys import Sys
from minios.userland.lib.stdio import read_file

PATH = b"/etc/services"

_ALIASES: dict[str, tuple[bytes, ...]] = {"http": (b"www",), "smtp": (b"mail",)}


async def entries(sys: Sys) -> list[tuple[int, bytes, list[bytes]]]:
    """(port, protocol, names) of every line; without the file the best known ones."""
    try:
        text = await read_file(sys, PATH)
    except OSError:
        return [
            (port, PROTOCOLS[protocol].encode(), [name.encode(), *_ALIASES.get(name, ())])
            for (port, protocol), name in SERVICES.items()
        ]
    found: list[tuple[int, bytes, list[bytes]]] = []
    for line in text.split(b"\n"):
        words = line.partition(b"#")[0].split()
        if len(words) < 2:
            continue
        number, slash, protocol = words[1].partition(b"/")
        if slash and number.isdigit() and int(number) < 65536:
            found.append((int(number), protocol, [words[0], *words[2:]]))
    return found


async def port(sys: Sys, name: bytes, protocol: bytes) -> int | None:
    """getservbyname(3), aliases too."""
    for number, kind, names in await entries(sys):
        if kind == protocol and name in names:
            return number
    return None


async def name(sys: Sys, port: int, protocol: bytes) -> bytes | None:
    """getservbyport(3)."""
    for number, kind, names in await entries(sys):
        if number == port and kind == protocol:
            return names[0]
    return None
