"""systemctl enable, disable, mask, unmask and set-default: the links in /etc/systemd/system."""

from minios.abi.errno import Errno
from minios.userland.lib.program import Tool
from minios.userland.lib.stdio import complain, why
from minios.userland.lib.units import find

_NO_INSTALL = """\
The unit files have no installation config (WantedBy=, RequiredBy=, Also=,
Alias= settings in the [Install] section, and DefaultInstance= for template
units). This means they are not meant to be enabled using systemctl.
 
Possible reasons for having this kind of units are:
• A unit may be statically enabled by being symlinked from another unit's
  .wants/ or .requires/ directory.
• A unit's purpose may be to act as a helper for some other unit which has
  a requirement dependency on it.
• A unit may be started when needed via activation (socket, path, timer,
  D-Bus, udev, scripted systemctl call, ...).
• In case of template units, the unit is meant to be enabled with some
  instance name specified."""


class Trouble(Exception):
    """``str`` is what follows ``Failed to enable unit: ``."""


async def _guard(tool: Tool, verb: str, err: OSError, path: bytes) -> Trouble:
    if err.errno in (Errno.EACCES, Errno.EPERM):
        return Trouble("Access denied")
    return Trouble(f"{path.decode('latin-1')}: {why(err).decode()}")


async def _link(tool: Tool, target: bytes, path: bytes) -> bool:
    """Make a link, and the directory it stands in; whether it is new."""
    sys = tool.sys
    old = await find.readlink(sys, path)
    if old == target:
        return False
    if old is None and await find.exists(sys, path):
        raise Trouble(f"File {path.decode('latin-1')} already exists.")
    folder = path.rpartition(b"/")[0]
    try:
        if not await find.exists(sys, folder):
            await sys.mkdir(folder, 0o755)
        if old is not None:
            await sys.unlink(path)
        await sys.symlink(target, path)
    except OSError as err:
        raise await _guard(tool, "link", err, path) from None
    await complain(sys, b"Created symlink " + path + " → ".encode() + target + b".")
    return True


async def _unlink(tool: Tool, path: bytes) -> None:
    try:
        await tool.sys.unlink(path)
    except OSError as err:
        raise await _guard(tool, "unlink", err, path) from None
    await complain(tool.sys, b'Removed "' + path + b'".')


async def enable(tool: Tool, names: list[str], folder: bytes = find.ETC) -> bool:
    """Make the links that [Install] asks for; whether anything was changed."""
    changed = False
    carries = 0
    todo = list(names)
    seen: set[str] = set()
    while todo:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        unit = await find.load(tool.sys, name)
        if unit.state == "masked":
            raise Trouble(f"Unit file {unit.path.decode('latin-1')} is masked.")
        if not unit.path:
            raise Trouble(f"Unit file {name} does not exist.")
        sections = unit.sections
        links = [(alias, "") for alias in sections.words("Install", "Alias")]
        for kind, key in (("wants", "WantedBy"), ("requires", "RequiredBy")):
            links += [(target, kind) for target in sections.words("Install", key)]
        also = [find.mangle(other) for other in sections.words("Install", "Also")]
        todo += also
        carries += bool(links or also)
        template = name.rpartition(".")[0].endswith("@")
        entry = name
        if template:
            default = sections.last("Install", "DefaultInstance")
            if not default and links:
                raise Trouble(f"Unit file {name} is a template without an instance.")
            stem, _, kind_ = name.rpartition(".")
            entry = f"{stem}{default}.{kind_}"
        for target, kind in links:
            where = folder + b"/" + target.encode("latin-1")
            if kind:
                where += b"." + kind.encode() + b"/" + entry.encode("latin-1")
            changed |= await _link(tool, unit.path, where)
    if not carries:
        await complain(tool.sys, _NO_INSTALL.encode())
    return changed


async def disable(tool: Tool, names: list[str], folder: bytes = find.ETC) -> bool:
    """Remove every link to the units from .wants and .requires, and their aliases."""
    changed = False
    for name in names:
        unit = await find.load(tool.sys, name)
        if not unit.path and unit.state != "masked":
            raise Trouble(f"Unit file {name} does not exist.")
        for entry in await find.listing(tool.sys, folder):
            path = folder + b"/" + entry
            if entry.endswith((b".wants", b".requires")):
                inside = path + b"/" + name.encode("latin-1")
                if await find.readlink(tool.sys, inside) is not None:
                    await _unlink(tool, inside)
                    changed = True
            elif entry != name.encode("latin-1"):
                target = await find.readlink(tool.sys, path)
                if target is not None and target.rpartition(b"/")[2] == name.encode("latin-1"):
                    await _unlink(tool, path)
                    changed = True
    return changed


async def mask(tool: Tool, names: list[str], folder: bytes = find.ETC) -> bool:
    """Point the units' names to /dev/null, so that nothing starts them."""
    changed = False
    for name in names:
        path = folder + b"/" + name.encode("latin-1")
        if not await find.fragment(tool.sys, name):
            await complain(
                tool.sys,
                b"Unit " + name.encode("latin-1") + b" does not exist, proceeding anyway.",
            )
        changed |= await _link(tool, b"/dev/null", path)
    return changed


async def unmask(tool: Tool, names: list[str]) -> bool:
    changed = False
    for name in names:
        for folder in (find.ETC, find.RUN):
            path = folder + b"/" + name.encode("latin-1")
            if await find.readlink(tool.sys, path) == b"/dev/null":
                await _unlink(tool, path)
                changed = True
    return changed


async def default_target(tool: Tool) -> str:
    target = await find.readlink(tool.sys, find.ETC + b"/default.target")
    if target is None:
        return "multi-user.target"
    return target.rpartition(b"/")[2].decode("latin-1")


async def set_default(tool: Tool, name: str) -> None:
    path = find.ETC + b"/default.target"
    if await find.readlink(tool.sys, path) is not None:
        await _unlink(tool, path)
    found = await find.fragment(tool.sys, name)
    await _link(tool, found or find.LIB + b"/" + name.encode("latin-1"), path)
