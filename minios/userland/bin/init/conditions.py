"""ConditionPathExists= and its sisters (systemd.unit(5), Conditions and Asserts)."""

from minios.abi.flags import R_OK, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, W_OK
from minios.abi.sys import Sys
from minios.userland.lib.stdio import read_file
from minios.userland.lib.units.find import listing
from minios.userland.lib.units.spec import Spec


async def unmet(sys: Sys, spec: Spec) -> tuple[str, bool]:
    """What keeps a unit from starting: the condition as it was written ("" if nothing does), and
    whether it was an assertion. One trigger (``|``) of several is enough.
    """
    any_trigger = met_trigger = False
    last = ""
    for index, (key, trigger, negated, argument) in enumerate(spec.conditions):
        name = key.removeprefix("Condition").removeprefix("Assert")
        met = await _holds(sys, name, argument) != negated
        text = f"{key}={'|' if trigger else ''}{'!' if negated else ''}{argument}"
        if trigger:
            any_trigger, met_trigger = True, met_trigger or met
            last = last if met else text
        elif not met:
            return text, index < spec.asserts
    return (last, False) if any_trigger and not met_trigger else ("", False)


async def _holds(sys: Sys, name: str, argument: str) -> bool:
    path = argument.encode("latin-1")
    if name == "PathExistsGlob":
        folder, _, pattern = path.rpartition(b"/")
        names = await listing(sys, folder or b"/")
        if pattern == b"*":
            return any(not entry.startswith(b".") for entry in names)
        from minios.userland.lib.pattern import compiled

        glob = compiled(pattern)
        return any(glob.matches(entry) for entry in names)
    if name == "DirectoryNotEmpty":
        return bool(await listing(sys, path))
    if name == "KernelCommandLine":
        return path in (await read_file(sys, b"/proc/cmdline")).split()
    if name == "Host":
        return (await sys.uname()).nodename == path
    try:
        if name == "PathIsReadWrite":
            await sys.eaccess(path, R_OK | W_OK)
            return True
        if name == "PathIsSymbolicLink":
            return (await sys.lstat(path)).mode & S_IFMT == S_IFLNK
        stat = await sys.stat(path)
    except OSError:
        return False
    if name == "PathExists":
        return True
    if name == "PathIsDirectory":
        return stat.mode & S_IFMT == S_IFDIR
    if name == "FileNotEmpty":
        return stat.mode & S_IFMT == S_IFREG and stat.size > 0
    if name == "FileIsExecutable":
        return stat.mode & S_IFMT == S_IFREG and stat.mode & 0o111 != 0
    return True
