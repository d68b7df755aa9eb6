"""basename(1), dirname(1), readlink(1) and realpath(1)."""

from collections.abc import Awaitable, Callable

from minios.abi.flags import S_IFDIR, S_IFMT
from minios.userland.lib.canonical import canonicalize, normalize, relative_to
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quotef
from minios.userland.lib.stdio import why

BASENAME_USAGE = """
Usage: basename NAME [SUFFIX], or basename OPTION... NAME...
Print NAME without the directories before it, and without SUFFIX.
  -a           several names
  -s SUFFIX    remove SUFFIX (implies -a)
  -z           end lines with NUL
"""


def base_of(name: bytes) -> bytes:
    """The last component of a path; ``/`` of what is all slashes (XCU basename)."""
    trimmed = name.rstrip(b"/")
    return trimmed.rpartition(b"/")[2] or name[:1]


@program(BASENAME_USAGE, "as:z", ("multiple=a", "suffix:=s", "zero=z"), permute=False)
async def basename(tool: Tool) -> int:
    """Strip directories and a suffix from names."""
    opts, operands = tool.options, tool.operands
    if not operands:
        raise Failure(b"missing operand", hint=True)
    suffix = opts.last("s")
    if suffix is None and "a" not in opts:
        if len(operands) > 2:
            raise Failure(b"extra operand " + quote(operands[2]), hint=True)
        suffix = operands[1] if len(operands) == 2 else None
        operands = operands[:1]
    for name in operands:
        base = base_of(name)
        if suffix and base != suffix and not base.startswith(b"/"):
            base = base.removesuffix(suffix)
        tool.out.put(base, b"\0" if "z" in opts else b"\n")
        await tool.out.drain()
    return 0


DIRNAME_USAGE = """
Usage: dirname [OPTION] NAME...
Print each NAME without its last component.
  -z    end lines with NUL
"""


def dir_of(name: bytes) -> bytes:
    """What stands before the last component; ``.`` if that is nothing (XCU dirname)."""
    trimmed = name.rstrip(b"/")
    head, slash, _ = trimmed.rpartition(b"/")
    if not trimmed and name:
        return b"/"
    return head.rstrip(b"/") or (b"/" if slash else b".")


@program(DIRNAME_USAGE, "z", ("zero=z",))
async def dirname(tool: Tool) -> int:
    """Strip the last component from names."""
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    for name in tool.operands:
        tool.out.put(dir_of(name), b"\0" if "z" in tool.options else b"\n")
        await tool.out.drain()
    return 0


READLINK_USAGE = """
Usage: readlink [OPTION]... FILE...
Print what symbolic links say, or canonical names.
  -f    follow every link; all but the last component must exist
  -e    the same; all must exist
  -m    the same; nothing need exist
  -n    no newline at the end
  -v    say what is wrong
  -z    end lines with NUL
"""

_Resolve = Callable[[bytes, str], Awaitable[bytes]]

_MISSING = {"f": "last", "e": "none", "m": "all"}


@program(
    READLINK_USAGE,
    "efmnqsvz",
    ("canonicalize=f", "canonicalize-existing=e", "canonicalize-missing=m", "no-newline=n",
     "quiet=q", "silent=q", "verbose=v", "zero=z"),
)  # fmt: skip
async def readlink(tool: Tool) -> int:
    """Print the targets of symbolic links."""
    opts, operands = tool.options, tool.operands
    if not operands:
        raise Failure(b"missing operand", hint=True)
    missing, verbose = "", False
    for flag, _ in opts.flags:
        if flag in _MISSING:
            missing = _MISSING[flag]
        elif flag in ("q", "s", "v"):
            verbose = flag == "v"
    newline = "n" not in opts
    if not newline and len(operands) > 1:
        await tool.warn(b"ignoring --no-newline with multiple arguments", status=0)
        newline = True
    end = b"\0" if "z" in opts else b"\n"
    for name in operands:
        try:
            if missing:
                text = await canonicalize(tool.sys, name, missing)
            else:
                text = await tool.sys.readlink(name)
        except OSError as err:
            if verbose:
                await tool.warn(quotef(name), err)
            tool.status = 1
            continue
        tool.out.put(text, end if newline else b"")
        await tool.out.drain()
    return tool.status


REALPATH_USAGE = """
Usage: realpath [OPTION]... FILE...
Print absolute names without links, . and ..; all but the last component must exist.
  -e, -m    all must exist; nothing need exist
  -s        do not follow symbolic links
  -L, -P    resolve .. before links; as they come (the default)
  --relative-to=DIR, --relative-base=DIR
  -q        no complaints
  -z        end lines with NUL
"""


@program(
    REALPATH_USAGE,
    "eLmPqsz",
    ("canonicalize-existing=e", "canonicalize-missing=m", "relative-to:", "relative-base:",
     "quiet=q", "strip=s", "no-symlinks=s", "zero=z", "logical=L", "physical=P"),
)  # fmt: skip
async def realpath(tool: Tool) -> int:
    """Print canonical names."""
    opts = tool.options
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    missing, links, logical = "last", True, False
    for flag, _ in opts.flags:
        if flag in ("e", "m"):
            missing = _MISSING[flag]
        elif flag == "s":
            links, logical = False, True
        elif flag in ("L", "P"):
            links, logical = True, flag == "L"

    async def resolve(name: bytes, need: str) -> bytes:
        if logical:
            name = await normalize(tool.sys, name, need)
        return await canonicalize(tool.sys, name, need) if links else name

    start, base = opts.last("relative-to"), opts.last("relative-base")
    need_dir = "none" if missing == "none" else missing
    start = await _directory(tool, start, need_dir, resolve) if start is not None else None
    base = await _directory(tool, base, need_dir, resolve) if base is not None else None
    if base is not None:
        if start is None:
            start = base
        elif not _is_below(start, base):
            start = base = None
    end = b"\0" if "z" in opts else b"\n"
    for name in tool.operands:
        try:
            text = await resolve(name, missing)
        except OSError as err:
            if "q" not in opts:
                await tool.warn(quotef(name) if name else b"''", err)
            tool.status = 1
            continue
        if start is not None and (base is None or _is_below(text, base)):
            text = relative_to(text, start)
        tool.out.put(text, end)
        await tool.out.drain()
    return tool.status


async def _directory(tool: Tool, name: bytes, need: str, resolve: _Resolve) -> bytes:
    try:
        path = await resolve(name, need)
        if need == "none" and (await tool.sys.stat(path)).mode & S_IFMT != S_IFDIR:
            raise Failure(quotef(name) + b": Not a directory")
        return path
    except OSError as err:
        raise Failure(quotef(name) + b": " + why(err)) from None


def _is_below(path: bytes, base: bytes) -> bool:
    return path == base or path.startswith(base.rstrip(b"/") + b"/")
