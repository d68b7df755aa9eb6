"""Absolute names without links, ``.`` and ``..`` (canonicalize_filename_mode of gnulib)."""

from minios.abi.errno import Errno, error
from minios.abi.flags import PATH_MAX, S_IFDIR, S_IFLNK, S_IFMT
from minios.abi.sys import Sys

LINKS_MAX = 40


async def canonicalize(sys: Sys, path: bytes, missing: str = "none") -> bytes:
    """The canonical name of ``path``, with every symbolic link followed.

    ``missing`` says what need not exist: ``none``, ``last`` (the last component) or ``all``. Raises
    OSError as the lookup would.
    """
    if not path:
        raise error(Errno.ENOENT)
    done = b"" if path.startswith(b"/") else (await sys.getcwd()).rstrip(b"/")
    rest = path
    followed = 0
    while rest:
        name, slash, rest = rest.partition(b"/")
        if name in (b"", b"."):
            if slash and not rest.strip(b"/") and name == b"." and missing != "all":
                await _require_directory(sys, done or b"/")
            continue
        if name == b"..":
            done = done.rpartition(b"/")[0]
            continue
        here = done + b"/" + name
        if len(here) > PATH_MAX:
            raise error(Errno.ENAMETOOLONG)
        try:
            mode = (await sys.lstat(here)).mode
        except OSError as err:
            if missing == "none" or not _may_be_missing(err, missing, rest):
                raise
            done = here
            continue
        if mode & S_IFMT == S_IFLNK:
            followed += 1
            if followed > LINKS_MAX:
                if missing == "all":
                    done = here
                    continue
                raise error(Errno.ELOOP)
            target = await sys.readlink(here)
            rest = target + slash + rest
            if target.startswith(b"/"):
                done = b""
            continue
        if slash and mode & S_IFMT != S_IFDIR and missing != "all":
            raise error(Errno.ENOTDIR)
        done = here
    return done or b"/"


_ABSENT = frozenset((Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EACCES, Errno.ENAMETOOLONG))


def _may_be_missing(err: OSError, missing: str, rest: bytes) -> bool:
    if missing == "all":
        return err.errno in _ABSENT
    return missing == "last" and err.errno == Errno.ENOENT and not rest.strip(b"/")


async def normalize(sys: Sys, path: bytes, missing: str = "none") -> bytes:
    """The same without following links: ``..`` just takes away the component before it."""
    if not path:
        raise error(Errno.ENOENT)
    done = b"" if path.startswith(b"/") else (await sys.getcwd()).rstrip(b"/")
    rest = path
    while rest:
        name, slash, rest = rest.partition(b"/")
        if name in (b"", b"."):
            continue
        if name == b"..":
            done = done.rpartition(b"/")[0]
            continue
        done += b"/" + name
        after = rest.lstrip(b"/").partition(b"/")[0]
        if missing == "all" or (slash and after not in (b"", b".", b"..")):
            continue
        try:
            st = await sys.stat(done)
        except OSError as err:
            if not _may_be_missing(err, missing, rest):
                raise
        else:
            if slash and st.mode & S_IFMT != S_IFDIR:
                raise error(Errno.ENOTDIR)
    return done or b"/"


async def _require_directory(sys: Sys, path: bytes) -> None:
    if (await sys.stat(path)).mode & S_IFMT != S_IFDIR:
        raise error(Errno.ENOTDIR)


def relative_to(path: bytes, start: bytes) -> bytes:
    """How to get to ``path`` from the directory ``start``; both canonical."""
    to = [part for part in path.split(b"/") if part]
    here = [part for part in start.split(b"/") if part]
    common = 0
    while common < min(len(to), len(here)) and to[common] == here[common]:
        common += 1
    return b"/".join([b".."] * (len(here) - common) + to[common:]) or b"."
