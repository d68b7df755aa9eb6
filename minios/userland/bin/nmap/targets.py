"""What is scanned: hosts and ports, as nmap writes them."""

from minios.userland.lib.net.gai import GaiError, resolve
from minios.userland.lib.net.services import entries
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import complain

HOSTS_MAX = 4096
"""How many addresses one command scans at most."""
COMMON = 1000
FAST = 100


def _ranges(text: bytes) -> list[int] | None:
    """``1-5,9`` of one octet."""
    found: list[int] = []
    for item in text.split(b","):
        low, dash, high = item.partition(b"-")
        if not dash:
            high = low
        low, high = low or b"0", high or b"255"
        if not (low + high).isdigit() or int(high) > 255 or int(low) > int(high):
            return None
        found += range(int(low), int(high) + 1)
    return found


def _by_octets(text: bytes) -> list[int] | None:
    """The addresses of ``10.0.0-1.1-20``; None if it is no such thing."""
    parts = [_ranges(part) for part in text.split(b".")]
    if len(parts) != 4 or any(part is None for part in parts):
        return None
    addresses = [0]
    for part in parts:
        addresses = [ip << 8 | octet for ip in addresses for octet in part or ()][:HOSTS_MAX]
    return addresses


async def hosts(tool: Tool, words: list[bytes]) -> list[tuple[int, bytes]]:
    """(address, the name it was given by) of every target; those without an address are told."""
    found: dict[int, bytes] = {}
    for word in words:
        base, slash, bits = word.partition(b"/")
        addresses = _by_octets(base)
        if addresses is None:
            try:
                addresses = [await resolve(tool.sys, base)]
            except GaiError:
                await complain(tool.sys, b'Failed to resolve "' + base + b'".')
                continue
            found.setdefault(addresses[0], base)
        if slash:
            if not bits.isdigit() or int(bits) > 32:
                raise Failure(b'Illegal netmask in "' + word + b'". Assuming /32', 1)
            host = (1 << (32 - int(bits))) - 1
            first = addresses[0] & ~host
            addresses = [first + at for at in range(min(host + 1, HOSTS_MAX))]
        for ip in addresses:
            if len(found) < HOSTS_MAX:
                found.setdefault(ip, b"")
    return list(found.items())


async def common(tool: Tool, protocol: bytes, count: int) -> list[int]:
    """The ports that are looked at unless others are named: those that have names, then the low
    ones."""
    named = sorted({port for port, kind, _ in await entries(tool.sys) if kind == protocol})
    chosen = dict.fromkeys(named[:count])
    for port in range(1, 65536):
        if len(chosen) >= count:
            break
        chosen.setdefault(port)
    return sorted(chosen)


async def ports(tool: Tool, text: bytes, protocol: bytes) -> list[int]:
    """The ports of -p: numbers, ranges and names, perhaps only those after ``T:`` or ``U:``."""
    found: set[int] = set()
    applies = True
    own = b"U" if protocol == b"udp" else b"T"
    names = {name: port for port, kind, all_ in await entries(tool.sys) if kind == protocol
             for name in all_}  # fmt: skip
    for item in text.split(b","):
        if item[1:2] == b":" and item[:1] in (b"T", b"U", b"S", b"P"):
            applies = item[:1] == own
            item = item[2:]
        low, dash, high = item.partition(b"-")
        if low + high and not (low + high).isdigit():
            if item not in names:
                raise Failure(
                    b"Found no matches for the service mask '" + item
                    + b"' and your specified protocols\nQUITTING!", 1,
                )  # fmt: skip
            if applies:
                found.add(names[item])
            continue
        first = int(low or b"1")
        last = int(high or b"65535") if dash else first
        if first > last or last > 65535:
            raise Failure(
                b"Your port specifications are illegal.  Example of proper form:"
                b' "-100,200-1024,T:3000-4000,U:60000-"\nQUITTING!', 1,
            )  # fmt: skip
        if applies:
            found.update(range(first, last + 1))
    return sorted(found)
