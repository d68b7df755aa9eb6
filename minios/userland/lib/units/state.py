"""What init has published about units: reading ``/run/systemd/units`` back."""

from minios.abi.sys import Sys
from minios.userland.lib.stdio import read_file
from minios.userland.lib.units import find
from minios.userland.lib.units.reading import read
from minios.userland.lib.units.spec import Spec

FOLDER = b"/run/systemd/units"

Properties = dict[str, str]


async def published(sys: Sys, name: str) -> Properties | None:
    """The properties of a unit in memory; None for one that init does not know."""
    try:
        text = await read_file(sys, FOLDER + b"/" + name.encode("latin-1"))
    except OSError:
        return None
    pairs = (line.partition("=") for line in text.decode("latin-1").split("\n") if line)
    return {key: value for key, _, value in pairs}


async def known(sys: Sys) -> list[str]:
    """The names of all units in memory, sorted."""
    return [name.decode("latin-1") for name in await find.listing(sys, FOLDER)]


async def properties(sys: Sys, name: str) -> tuple[Properties, Spec]:
    """What init says of a unit, or what its file would make of it if init does not know it."""
    unit = await find.load(sys, name)
    spec = read(unit)
    found = await published(sys, name)
    if found is None:
        found = {
            "Id": name, "Names": name, "Description": spec.description, "LoadState": spec.state,
            "ActiveState": "inactive", "SubState": "dead",
            "FragmentPath": spec.path.decode("latin-1"),
            "DropInPaths": b" ".join(spec.dropins).decode("latin-1"),
            "Documentation": " ".join(spec.documentation),
        }  # fmt: skip
        if spec.service is not None:
            found |= {"Type": spec.service.type, "Restart": spec.service.restart, "MainPID": "0",
                      "Result": "success", "NRestarts": "0"}  # fmt: skip
    state = await find.enabled_state(sys, unit)
    if state:
        found["UnitFileState"] = state
        found["UnitFilePreset"] = "enabled" if state != "static" else ""
    found["NeedDaemonReload"] = "yes" if await _stale(sys, found) else "no"
    return found, spec


async def _stale(sys: Sys, found: Properties) -> bool:
    """Whether the files of a loaded unit have changed since."""
    loaded = int(found.get("LoadTimestamp", "0") or 0)
    for path in [found.get("FragmentPath", ""), *found.get("DropInPaths", "").split()]:
        if not loaded or not path:
            continue
        try:
            if (await sys.stat(path.encode("latin-1"))).mtime > loaded:
                return True
        except OSError:
            return True
    return False
