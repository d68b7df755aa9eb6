"""The built-ins cd and pwd, and the shell's idea of where it is."""

from typing import TYPE_CHECKING

from minios.abi import flags as abi
from minios.userland.lib.stdio import why
from minios.userland.shell.builtins.base import OptionReader, slow
from minios.userland.shell.errors import ShellError
from minios.userland.shell.search import join

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


def logical(current: bytes, path: bytes) -> bytes:
    """``path`` from ``current`` without ``.`` and ``..``, symbolic links left alone."""
    parts = [] if path.startswith(b"/") else [p for p in current.split(b"/") if p]
    for part in path.split(b"/"):
        if part == b"..":
            if parts:
                parts.pop()
        elif part and part != b".":
            parts.append(part)
    lead = b"//" if path.startswith(b"//") and not path.startswith(b"///") else b"/"
    return lead + b"/".join(parts)


async def physical(sh: "Shell") -> bytes:
    """The working directory as the kernel has it. ShellError if it is gone."""
    try:
        return await sh.sys.getcwd()
    except OSError as err:
        raise ShellError(b"getcwd() failed: " + why(err)) from None


async def starting_directory(sh: "Shell") -> bytes:
    """PWD from the environment if it is true, else the kernel's answer."""
    inherited = sh.get(b"PWD")
    if inherited is not None and inherited.startswith(b"/"):
        try:
            here, there = await sh.sys.stat(b"."), await sh.sys.stat(inherited)
        except OSError:
            pass
        else:
            if here[:2] == there[:2]:
                return inherited
    try:
        return await sh.sys.getcwd()
    except OSError:
        return b""


@slow("cd", "chdir")
async def cd(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "LP")
    resolve = False
    for letter in options:
        resolve = letter == "P"
    shown = False
    target = options.rest[0] if options.rest else sh.get(b"HOME") or b""
    if options.rest and target == b"-":
        target = sh.get(b"OLDPWD") or b""
        shown = True
    first = target.split(b"/", 1)[0]
    if target.startswith(b"/") or first in (b".", b".."):
        await _change(sh, target, target, resolve)
    else:
        target = target or b"."
        for entry in (sh.get(b"CDPATH") or b"").split(b":"):
            candidate = join(entry, target)
            try:
                stat = await sh.sys.stat(candidate)
            except OSError:
                continue
            if stat.mode & abi.S_IFMT == abi.S_IFDIR:
                shown |= bool(entry)
                await _change(sh, candidate, target, resolve)
                break
        else:
            await _change(sh, target, target, resolve)
    if shown:
        sh.put(sh.directory, b"\n")
    return 0


async def _change(sh: "Shell", path: bytes, named: bytes, resolve: bool) -> None:
    new = b""
    if not resolve and (path.startswith(b"/") or sh.directory):
        new = logical(sh.directory, path)
    try:
        await sh.sys.chdir(new or path)
    except OSError:
        raise ShellError(b"can't cd to " + named) from None
    if not new:
        new = await physical(sh)
    await sh.assign(b"OLDPWD", sh.directory)
    sh.directory = new
    await sh.assign(b"PWD", new)
    sh.exported.update((b"OLDPWD", b"PWD"))


@slow("pwd")
async def pwd(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "LP")
    resolve = False
    for letter in options:
        resolve = letter == "P"
    here = await physical(sh) if resolve or not sh.directory else sh.directory
    sh.put(here, b"\n")
    return 0
