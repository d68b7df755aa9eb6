"""Where unit files lie, which drop-ins change them, and whether they are enabled.

systemd.unit(5), Unit File Load Path; systemctl(1), is-enabled.
"""

from minios.abi.sys import Sys
from minios.userland.lib.stdio import read_file
from minios.userland.lib.units.syntax import Sections, parse

ETC = b"/etc/systemd/system"
RUN = b"/run/systemd/system"
LIB = b"/lib/systemd/system"
PATHS = (ETC, RUN, b"/usr/local/lib/systemd/system", LIB)

ALIASES = 8
"""Links that may lead from one name of a unit to the next."""

TYPES = ("service", "target", "timer")
"""The kinds of units there are here; a name without one of these endings is a service's."""
_ALL_TYPES = (*TYPES, "socket", "path", "mount", "automount", "swap", "slice", "scope", "device")


class UnitFile:
    """A unit as it lies on the disk. ``state`` is its LoadState."""

    __slots__ = ("dropins", "name", "path", "sections", "state")

    def __init__(
        self,
        name: str,
        path: bytes = b"",
        state: str = "not-found",
        sections: Sections | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.state = state
        self.sections = sections if sections is not None else Sections()
        self.dropins: list[bytes] = []


def mangle(name: str) -> str:
    """The full name of a unit: ``cron`` is ``cron.service``."""
    return name if name.rpartition(".")[2] in _ALL_TYPES and "." in name else name + ".service"


def valid(name: str) -> bool:
    """Whether ``name`` can be a unit's: letters, digits and ``:-_.\\@``, and a type at its end."""
    stem, dot, kind = name.rpartition(".")
    return (
        bool(stem and dot)
        and kind in _ALL_TYPES
        and len(name) < 256
        and all(char.isascii() and (char.isalnum() or char in ":-_.\\@") for char in stem)
        and not stem.startswith("@")
    )


def template_of(name: str) -> str:
    """``getty@.service`` for ``getty@tty1.service``; "" for what is no instance."""
    stem, _, kind = name.rpartition(".")
    prefix, at, instance = stem.partition("@")
    return f"{prefix}@.{kind}" if at and instance else ""


def specifiers(name: str, text: str) -> str:
    """Put in ``%i``, ``%n``, ``%p``, ``%N`` and ``%%`` (systemd.unit(5), Specifiers)."""
    if "%" not in text:
        return text
    stem = name.rpartition(".")[0]
    prefix, _, instance = stem.partition("@")
    known = {
        "i": instance, "I": instance.replace("-", "/"), "n": name, "N": stem, "p": prefix,
        "%": "%", "t": "/run", "S": "/var/lib", "L": "/var/log", "E": "/etc",
    }  # fmt: skip
    pieces: list[str] = []
    while "%" in text:
        before, _, rest = text.partition("%")
        pieces += [before, known.get(rest[:1], "%" + rest[:1])]
        text = rest[1:]
    return "".join([*pieces, text])


async def listing(sys: Sys, path: bytes) -> list[bytes]:
    """The names in a directory, sorted; none if there is no such directory."""
    try:
        fd = await sys.open(path, 0o200000)
    except OSError:
        return []
    names: list[bytes] = []
    while entries := await sys.getdents(fd):
        names += [entry.name for entry in entries if entry.name not in (b".", b"..")]
    await sys.close(fd)
    return sorted(names)


async def readlink(sys: Sys, path: bytes) -> bytes | None:
    """What a symbolic link says; None for everything else."""
    try:
        return await sys.readlink(path)
    except OSError:
        return None


async def exists(sys: Sys, path: bytes) -> bool:
    try:
        await sys.lstat(path)
    except OSError:
        return False
    return True


class Names:
    """What lies in the load path, each directory listed once (systemd's unit path cache)."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, frozenset[bytes]] = {}

    async def has(self, sys: Sys, folder: bytes, name: bytes) -> bool:
        """Whether a directory has an entry."""
        names = self._known.get(folder)
        if names is None:
            names = self._known[folder] = frozenset(await listing(sys, folder))
        return name in names


async def _has(sys: Sys, names: Names | None, folder: bytes, name: bytes) -> bool:
    if names is not None:
        return await names.has(sys, folder, name)
    return await exists(sys, folder + b"/" + name)


async def fragment(sys: Sys, name: str, names: Names | None = None) -> bytes | None:
    """The file that defines a unit, or the template it is an instance of; None if none does."""
    for candidate in (name, template_of(name)):
        for folder in PATHS if candidate else ():
            if await _has(sys, names, folder, candidate.encode("latin-1")):
                return folder + b"/" + candidate.encode("latin-1")
    return None


async def canonical(sys: Sys, name: str, names: Names | None = None) -> str:
    """The name of the unit that ``name`` means: an alias is a link to another unit's file."""
    for _ in range(ALIASES):
        path = await fragment(sys, name, names)
        target = await readlink(sys, path) if path is not None else None
        other = target.rpartition(b"/")[2].decode("latin-1") if target is not None else ""
        if not valid(other) or other == name or other == template_of(name):
            return name
        name = other
    return name


async def load(sys: Sys, name: str, names: Names | None = None) -> UnitFile:
    """Read a unit's file and the drop-ins beside it."""
    unit = UnitFile(name)
    path = await fragment(sys, name, names)
    if path is None:
        return unit
    unit.path = path
    target = await readlink(sys, path)
    if target == b"/dev/null":
        unit.state = "masked"
        return unit
    try:
        text = await read_file(sys, path)
    except OSError:
        unit.state = "error" if target is None else "not-found"
        return unit
    if target is not None and b"/" in target:
        unit.path = target if target.startswith(b"/") else path
    if not text:
        unit.state = "masked"
        return unit
    unit.state = "loaded"
    unit.sections = parse(text, unit.path.decode("latin-1"))
    for folder in reversed(PATHS):
        for stem in dict.fromkeys((template_of(name), name)):
            if not stem:
                continue
            drop = stem.encode("latin-1") + b".d"
            if names is not None and not await names.has(sys, folder, drop):
                continue
            beside = folder + b"/" + drop
            for entry in await listing(sys, beside):
                if entry.endswith(b".conf"):
                    extra = beside + b"/" + entry
                    unit.dropins.append(extra)
                    parse(await read_file(sys, extra), extra.decode("latin-1"), unit.sections)
    return unit


async def wanted_by(sys: Sys, name: str, names: Names | None = None) -> list[tuple[str, str]]:
    """What ``name.wants`` and ``name.requires`` directories pull in: (kind, unit)."""
    found: dict[tuple[str, str], None] = {}
    for folder in PATHS:
        for kind in ("wants", "requires"):
            below = name.encode("latin-1") + b"." + kind.encode()
            if names is not None and not await names.has(sys, folder, below):
                continue
            for entry in await listing(sys, folder + b"/" + below):
                found[kind, entry.decode("latin-1")] = None
    return list(found)


async def _pulled_in(sys: Sys, folder: bytes, name: str) -> bool:
    """Whether a .wants or .requires directory below ``folder`` has the unit."""
    encoded = name.encode("latin-1")
    for entry in await listing(sys, folder):
        if entry.endswith((b".wants", b".requires")) and await exists(
            sys, folder + b"/" + entry + b"/" + encoded
        ):
            return True
    return False


async def enabled_state(sys: Sys, unit: UnitFile) -> str:
    """What ``systemctl is-enabled`` says of it; "" if there is no such file."""
    name = unit.name
    if unit.state == "masked":
        return "masked-runtime" if unit.path.startswith(RUN) else "masked"
    if not unit.path:
        return ""
    asked = await fragment(sys, name)
    if asked is not None and asked.rpartition(b"/")[2] != unit.path.rpartition(b"/")[2]:
        return "alias" if not template_of(name) else await _by_links(sys, unit)
    return await _by_links(sys, unit)


async def _by_links(sys: Sys, unit: UnitFile) -> str:
    template = unit.name.rpartition(".")[0].endswith("@")
    for folder, state in ((ETC, "enabled"), (RUN, "enabled-runtime")):
        if await _pulled_in(sys, folder, unit.name):
            return state
        if template and await _instance_pulled_in(sys, folder, unit.name):
            return state
    for alias in unit.sections.words("Install", "Alias"):
        if await readlink(sys, ETC + b"/" + alias.encode("latin-1")) is not None:
            return "enabled"
    install = unit.sections.values.get("Install", {})
    if any(install.get(key) for key in ("WantedBy", "RequiredBy", "Alias", "Also")):
        return "disabled"
    return "static"


async def _instance_pulled_in(sys: Sys, folder: bytes, template: str) -> bool:
    for entry in await listing(sys, folder):
        if entry.endswith((b".wants", b".requires")):
            for wanted in await listing(sys, folder + b"/" + entry):
                if template_of(wanted.decode("latin-1")) == template:
                    return True
    return False


async def all_names(sys: Sys) -> list[str]:
    """Every unit file's name, sorted."""
    names: dict[str, None] = {}
    for folder in PATHS:
        for entry in await listing(sys, folder):
            name = entry.decode("latin-1")
            if valid(name):
                names[name] = None
    return sorted(names)
