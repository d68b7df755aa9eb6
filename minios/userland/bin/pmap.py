"""pmap (procps-ng 4.0.2): what lies where in a process's memory."""

from typing import NamedTuple

from minios.userland.bin.uptime import usage
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.procfiles import read_optional
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file

USAGE = """
Usage:
 pmap [options] PID [PID ...]

Options:
 -x, --extended              show resident and dirty memory too
 -d, --device                show offset and device
 -q, --quiet                 without header and footer
 -p, --show-path             the whole path of what is mapped
 -A, --range=<low>[,<high>]  only what lies in this range

 -h, --help     show this and exit
 -V, --version  show the version and exit

For more details see pmap(1).
"""

_LONG = ("extended=x", "device=d", "quiet=q", "show-path=p", "range:=A", "help=h", "version=V")
_NO_PROCESS = 42
_WIDTH = 8
"""Digits of an address; riscv32's are 32 bits."""
_EXTENDED = b"Address   Kbytes     RSS   Dirty Mode  Mapping"
_DEVICE = b"Address   Kbytes Mode  Offset           Device    Mapping"


class Mapping(NamedTuple):
    """A line of /proc/PID/maps; sizes in KiB."""

    start: int
    size: int
    perms: bytes
    offset: int
    device: bytes
    name: bytes
    rss: int = 0
    dirty: int = 0


def _parse(text: bytes, smaps: bytes) -> list[Mapping]:
    figures: list[dict[bytes, int]] = []
    for line in smaps.splitlines():
        head, _, rest = line.partition(b" ")
        if b"-" in head:
            figures.append({})
        elif figures and rest.strip().endswith(b"kB"):
            figures[-1][head.rstrip(b":")] = int(rest.split()[0])
    found = []
    for index, line in enumerate(text.splitlines()):
        words = line.split(None, 5)
        low, _, high = words[0].partition(b"-")
        used = figures[index] if index < len(figures) else {}
        start = int(low, 16)
        found.append(
            Mapping(
                start, (int(high, 16) - start) >> 10, words[1], int(words[2], 16), words[3],
                words[5] if len(words) > 5 else b"", used.get(b"Rss", 0),
                used.get(b"Shared_Dirty", 0) + used.get(b"Private_Dirty", 0),
            )
        )  # fmt: skip
    return found


def _mode(perms: bytes) -> bytes:
    return perms[:3] + (b"s" if perms[3:] == b"s" else b"-") + b"-"


def _named(mapping: Mapping, *, path: bool) -> bytes:
    if mapping.name == b"[stack]":
        return b"  [ stack ]"
    if not mapping.name.startswith(b"/"):
        return b"  [ anon ]"
    if path or mapping.name.startswith(b"/SYSV"):
        return mapping.name if path else b"  [ shmid=0x%x ]" % mapping.offset
    return mapping.name.rpartition(b"/")[2]


def _bounds(value: bytes | None) -> tuple[int, int] | None:
    if value is None:
        return (0, 1 << 64)
    low, comma, high = value.partition(b",")
    try:
        start = int(low or b"0", 16)
        return start, int(high or b"ffffffffffffffff", 16) if comma else start
    except ValueError:
        return None


@program(USAGE)
async def pmap(tool: Tool) -> int:
    """pmap(1)."""
    try:
        options = parse(tool.argv[1:], "xdqpA:hV", _LONG)
    except UsageError as err:
        return await usage(tool, USAGE, str(err))
    if "h" in options:
        await tool.line(b"\n" + USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"pmap from procps-ng 4.0.2")
        return 0
    bounds = _bounds(options.last("A"))
    pids = [word.removeprefix(b"/proc/") for word in options.operands]
    if not pids or bounds is None or not all(pid.isdigit() for pid in pids):
        return await usage(tool, USAGE)
    status = 0
    for pid in pids:
        how = "x" if "x" in options else "d" if "d" in options else ""
        shown = await _show(tool, pid, how, bounds, quiet="q" in options, path="p" in options)
        status = status if shown else _NO_PROCESS
    return status


async def _show(
    tool: Tool, pid: bytes, how: str, bounds: tuple[int, int], *, quiet: bool, path: bool
) -> bool:
    """One process; False if there is none."""
    sys = tool.sys
    try:
        line = await read_file(sys, b"/proc/" + pid + b"/cmdline")
        comm = (await read_file(sys, b"/proc/" + pid + b"/comm")).rstrip(b"\n")
    except OSError:
        return False
    await tool.line(pid + b":   " + (line.replace(b"\0", b" ").rstrip() or b"[" + comm + b"]"))
    try:
        text = await read_file(sys, b"/proc/" + pid + b"/maps")
    except OSError:
        await complain(sys, tool.name + b": " + pid + b" is not accessible")
        return True
    smaps = await read_optional(sys, b"/proc/" + pid + b"/smaps") if how == "x" else b""
    found = [
        mapping for mapping in _parse(text, smaps)
        if mapping.start <= bounds[1] and mapping.start + (mapping.size << 10) > bounds[0]
    ]  # fmt: skip
    if not quiet and how == "x":
        await tool.line(_EXTENDED)
    elif not quiet and how == "d":
        await tool.line(_DEVICE)
    for m in found:
        name = _named(m, path=path)
        if how == "x":
            row = (m.start, m.size, m.rss, m.dirty, _mode(m.perms), name)
            await tool.line(b"%08x %7d %7d %7d %b %b" % row)
        elif how == "d":
            major, _, minor = m.device.partition(b":")
            place = b"%016x %03x:%05x" % (m.offset, int(major, 16), int(minor, 16))
            await tool.line(b"%08x %7d %b %b %b" % (m.start, m.size, _mode(m.perms), place, name))
        else:
            await tool.line(b"%08x %6dK %b %b" % (m.start, m.size, _mode(m.perms), name))
    if not quiet:
        await _footer(tool, found, how)
    return True


async def _footer(tool: Tool, found: list[Mapping], how: str) -> None:
    total = sum(m.size for m in found)
    if how == "x":
        await tool.line(b"-" * _WIDTH + b" ------- ------- ------- ")
        sums = (total, sum(m.rss for m in found), sum(m.dirty for m in found))
        await tool.line(b"total kB %7d %7d %7d" % sums)
    elif how == "d":
        private = sum(m.size for m in found if b"w" in m.perms and m.perms[3:] == b"p")
        shared = sum(m.size for m in found if m.perms[3:] == b"s")
        text = b"mapped: %dK    writeable/private: %dK    shared: %dK"
        await tool.line(text % (total, private, shared))
    else:
        await tool.line(b" total %8dK" % total)
