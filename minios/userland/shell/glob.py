"""Pathname expansion (XCU 2.6.6)."""

from typing import TYPE_CHECKING

from minios.abi import flags
from minios.userland.lib.pattern import compiled, has_meta, unescape

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


async def expand_path(sh: "Shell", pattern: bytes) -> list[bytes]:
    """The existing paths that match, sorted by byte. Directories that cannot be read match none."""
    components = _split(pattern)
    found = [b""]
    literal_tail = False
    for index, component in enumerate(components):
        last = index == len(components) - 1
        if not has_meta(component):
            text = unescape(component)
            found = [prefix + text for prefix in found]
            literal_tail = True
            continue
        name, slashes = _cut_slashes(component)
        literal_tail = bool(slashes) and last
        matching: list[bytes] = []
        for prefix in found:
            matching += [prefix + n + slashes for n in await _matching(sh, prefix, name)]
        found = matching
        await sh.scratch(sum(map(len, found)) + 64 * len(found))
        if not found:
            return []
    if literal_tail:
        found = [path for path in found if await _exists(sh, path)]
    found.sort()
    return found


def _split(pattern: bytes) -> list[bytes]:
    """Components with the slashes behind them; neighbours without a special character are one."""
    components: list[bytes] = []
    at = 0
    while at < len(pattern):
        slash = pattern.find(b"/", at)
        end = len(pattern) if slash < 0 else slash
        while end < len(pattern) and pattern[end] == 0x2F:
            end += 1
        piece = pattern[at:end]
        if components and not has_meta(piece) and not has_meta(components[-1]):
            components[-1] += piece
        else:
            components.append(piece)
        at = end
    return components


def _cut_slashes(component: bytes) -> tuple[bytes, bytes]:
    name = component.rstrip(b"/")
    return name, component[len(name) :]


async def _matching(sh: "Shell", directory: bytes, pattern: bytes) -> list[bytes]:
    sys = sh.sys
    try:
        fd = await sys.open(directory or b".", flags.O_RDONLY | flags.O_DIRECTORY)
    except OSError:
        return []
    matches = compiled(pattern).matches
    hidden = pattern.removeprefix(b"\\")[:1] == b"."
    names: list[bytes] = []
    try:
        while entries := await sys.getdents(fd):
            if sh.traps.pending:
                await sh.traps.obey()
            sh.cycles += 10 * len(entries)
            for entry in entries:
                name = entry.name
                if (hidden or name[:1] != b".") and matches(name):
                    names.append(name)
            if len(names) >= 256:
                await sh.scratch(64 * len(entries))
    except OSError:
        pass
    await sys.close(fd)
    return names


async def _exists(sh: "Shell", path: bytes) -> bool:
    try:
        await sh.sys.lstat(path)
    except OSError:
        return False
    return True
