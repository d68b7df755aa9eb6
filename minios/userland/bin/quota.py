"""quota(1), repquota(8), setquota(8), quotaon(8) and quotaoff(8) (quota-tools 4.06)."""

from collections.abc import Sequence

from minios.abi.errno import Errno
from minios.abi.flags import (
    Q_GETINFO,
    Q_GETNEXTQUOTA,
    Q_GETQUOTA,
    Q_QUOTAOFF,
    Q_QUOTAON,
    Q_SETINFO,
    Q_SETQUOTA,
)
from minios.abi.records import Dqblk
from minios.userland.lib import mounts
from minios.userland.lib.mounts import Mounted
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.sizes import SizeError, parse_size
from minios.userland.lib.stdio import complain, why
from minios.userland.lib.users import passwd

QUOTA_USAGE = """
Usage: quota [-uqvswp] [-f filesystem ...] [username ...]
-u, --user             display quota for user
-q, --quiet            print more terse message
-v, --verbose          print more verbose message
-s, --human-readable   display numbers in human friendly units
-w, --no-wrap          do not wrap long lines
-p, --raw-grace        print grace time in seconds since epoch
-f, --filesystem-list  display quota information only for given filesystems
"""
REPQUOTA_USAGE = """
Usage:
repquota [-vusnp] (-a | mntpoint)
-v, --verbose          display also users without any usage
-u, --user             display information about users
-s, --human-readable   display numbers in human friendly units
-n, --no-names         do not translate uid to name
-p, --raw-grace        print grace time in seconds since epoch
-a, --all              report information for all mount points with quotas
"""
SETQUOTA_USAGE = """
Usage:
  setquota [-u] <user>
\t<block-softlimit> <block-hardlimit> <inode-softlimit> <inode-hardlimit> -a|<filesystem>...
  setquota [-u] -p protouser <user> -a|<filesystem>...
  setquota [-u] -t <blockgrace> <inodegrace> -a|<filesystem>...
"""
ON_USAGE = """
Usage:
\tquotaon [-uvp] [-a | mntpoint...]
\tquotaoff [-uvp] [-a | mntpoint...]
"""


class _Users:
    """Names of uids, and the reverse."""

    def __init__(self, pairs: Sequence[tuple[bytes, int]]) -> None:
        self._names = {uid: name for name, uid in reversed(pairs)}
        self._uids = dict(pairs)

    @classmethod
    async def load(cls, tool: Tool) -> "_Users":
        return cls([(entry.name, entry.uid) for entry in await passwd(tool.sys)])

    def name(self, uid: int) -> bytes:
        return self._names.get(uid, b"#%d" % uid)

    def by_name(self, name: bytes) -> int | None:
        if name.isdigit():
            return int(name[:10])
        return self._uids.get(name)


_SECOND = 1_000_000_000
_DAY = 86_400


async def _kept(tool: Tool, names: Sequence[bytes]) -> list[Mounted]:
    """The mounts that keep quotas, of those named (all without names)."""
    found: list[Mounted] = []
    for row in await mounts.mounted(tool.sys):
        if row.kind != b"ext4" or row.root != b"/":
            continue
        if names and row.target not in names and row.source not in names:
            continue
        try:
            await tool.sys.quotactl(Q_GETINFO, row.source)
        except OSError:
            continue
        if all(row.source != each.source for each in found):
            found.append(row)
    return found


def grace(expires: int, now: int, *, raw: bool = False) -> bytes:
    """``6days``, ``23:59`` or ``none`` when it is over."""
    if raw:
        return b"%d" % (expires // _SECOND)
    if not expires:
        return b""
    left = (expires - now) // _SECOND
    if left <= 0:
        return b"none"
    if left >= 2 * _DAY:
        return b"%ddays" % ((left + _DAY // 2) // _DAY)
    minutes = (left + 30) // 60
    return b"%02d:%02d" % divmod(minutes, 60)


def space(size: int, *, human: bool) -> bytes:
    """Bytes as KiB, or with a unit."""
    kib = -(-size // 1024)
    if human:
        for shift, unit in ((20, b"G"), (10, b"M")):
            if kib >= 9999 << shift - 10:
                return b"%d%b" % (-(-kib >> shift), unit)
        return b"%dK" % kib
    return b"%d" % kib


@program(
    QUOTA_USAGE,
    "F:f:gilmpPqQsuvwA",
    ("user=u", "quiet=q", "verbose=v", "human-readable=s", "no-wrap=w", "raw-grace=p",
     "filesystem-list:=f", "local-only=l"),
)  # fmt: skip
async def quota(tool: Tool) -> int:
    """Display disk usage and limits."""
    sys = tool.sys
    users = await _Users.load(tool)
    own = await sys.getuid()
    status = 0
    wanted: list[tuple[bytes, int]] = []
    for name in tool.operands or [users.name(own)]:
        account = users.by_name(name)
        if account is None:
            await complain(sys, b"quota: user " + name + b" does not exist.")
            status = 1
            continue
        wanted.append((name, account))
    for name, uid in wanted:
        if uid != own and own != 0:
            text = b"%b (uid %d): Permission denied" % (name, uid)
            await complain(sys, b"quota: error while getting quota for " + text)
            status = 1
            continue
        status = await _show(tool, name, uid) or status
    return status


async def _show(tool: Tool, name: bytes, uid: int) -> int:
    opts = tool.options
    now = await tool.sys.clock_gettime()
    rows = []
    over = False
    for mount in await _kept(tool, opts.every("f")):
        block: Dqblk = await tool.sys.quotactl(Q_GETQUOTA, mount.source, uid)
        limits = block.hard or block.soft or block.inode_hard or block.inode_soft
        too_much = _over(block, now)
        over = over or any(too_much)
        if ("q" in opts and not any(too_much)) or not (limits or "v" in opts):
            continue
        human, raw = "s" in opts, "p" in opts
        first = b"%15b" % mount.source
        if len(mount.source) > 15 and "w" not in opts:
            first = mount.source + b"\n" + b" " * 15
        rows.append(
            first
            + b"%8b%b%7b%8b%8b" % (
                space(block.space, human=human), b"*" if too_much[0] else b" ",
                space(block.soft, human=human), space(block.hard, human=human),
                grace(block.expires, now, raw=raw) if too_much[0] or raw else b"",
            )
            + b"%8d%b%7d%8d%8b" % (
                block.inodes, b"*" if too_much[1] else b" ", block.inode_soft, block.inode_hard,
                grace(block.inode_expires, now, raw=raw) if too_much[1] or raw else b"",
            )
        )  # fmt: skip
    if rows or "q" not in opts:
        head = b"Disk quotas for user %b (uid %d): " % (name, uid)
        await tool.line(head + (b"" if rows else b"none"))
    if rows:
        blocks = b"space" if "s" in opts else b"blocks"
        heading = (b"Filesystem", blocks, b"quota", b"limit", b"grace", b"files", b"quota",
                   b"limit", b"grace")  # fmt: skip
        await tool.line(b"%15b%8b %7b%8b%8b%8b %7b%8b%8b" % heading)
    for row in rows:
        await tool.line(row)
    return 1 if over else 0


def _over(block: Dqblk, now: int) -> tuple[bool, bool]:
    return (
        bool(block.soft and block.space > block.soft)
        or bool(block.hard and block.space >= block.hard),
        bool(block.inode_soft and block.inodes > block.inode_soft)
        or bool(block.inode_hard and block.inodes >= block.inode_hard),
    )


async def _named(tool: Tool) -> list[Mounted]:
    """The mounts that repquota and its sisters are to work on; complains of those without."""
    if "a" in tool.options:
        return await _kept(tool, ())
    if not tool.operands:
        raise Failure(b"Bad number of arguments.")
    return await _mounts_of(tool, tool.operands)


async def _mounts_of(tool: Tool, names: Sequence[bytes]) -> list[Mounted]:
    found = []
    for name in names:
        kept = await _kept(tool, [name])
        if not kept:
            text = b": Mountpoint (or device) " + name + b" not found or has no quota enabled."
            await complain(tool.sys, tool.name + text)
            tool.status = 1
        found += kept
    if not found:
        text = b": Not all specified mountpoints are using quota."
        await complain(tool.sys, tool.name + text)
    return found


@program(
    REPQUOTA_USAGE,
    "aCcF:ginpPstuvO:",
    ("all=a", "user=u", "verbose=v", "human-readable=s", "no-names=n", "raw-grace=p"),
)
async def repquota(tool: Tool) -> int:
    """Summarize quotas for a file system."""
    opts, sys = tool.options, tool.sys
    users = await _Users.load(tool)
    now = await sys.clock_gettime()
    for mount in await _named(tool):
        block_grace, inode_grace, _ = await sys.quotactl(Q_GETINFO, mount.source)
        times = (grace(now + block_grace, now), grace(now + inode_grace, now))
        tool.out.put(b"*** Report for user quotas on device " + mount.source + b"\n")
        tool.out.put(b"Block grace time: %b; Inode grace time: %b\n" % times)
        tool.out.put(b"                        Block limits                File limits\n")
        tool.out.put(b"User            used    soft    hard  grace    used  soft  hard  grace\n")
        tool.out.put(b"-" * 70 + b"\n")
        uid = 0
        while True:
            try:
                block: Dqblk = await sys.quotactl(Q_GETNEXTQUOTA, mount.source, uid)
            except OSError as err:
                if err.errno == Errno.ENOENT:
                    break
                raise Failure(b"Cannot read quota of " + mount.source + b": " + why(err)) from None
            uid = block.uid + 1
            if not (block.space or block.inodes or "v" in opts):
                continue
            name = b"#%d" % block.uid if "n" in opts else users.name(block.uid)
            over = (
                0 < block.soft < block.space or 0 < block.hard < block.space,
                0 < block.inode_soft < block.inodes or 0 < block.inode_hard < block.inodes,
            )
            human, raw = "s" in opts, "p" in opts
            await tool.line(
                b"%-9b %b%b %7b %7b %7b %6b %7d %5d %5d %6b" % (
                    name, b"+" if over[0] else b"-", b"+" if over[1] else b"-",
                    space(block.space, human=human), space(block.soft, human=human),
                    space(block.hard, human=human), grace(block.expires, now, raw=raw),
                    block.inodes, block.inode_soft, block.inode_hard,
                    grace(block.inode_expires, now, raw=raw),
                )
            )  # fmt: skip
        tool.out.put(b"\n")
    return tool.status


def _size(text: bytes) -> int:
    """A limit: KiB, or with a unit. Bytes."""
    try:
        return parse_size(text, b"KMGT", limit=1 << 50) * (1024 if text.isdigit() else 1)
    except SizeError:
        raise Failure(b"Bad number: " + text) from None


def _count(text: bytes) -> int:
    if not text.isdigit():
        raise Failure(b"Bad number: " + text)
    return int(text[:15])


@program(SETQUOTA_USAGE, "aF:gmp:Pru:t:T", ("all=a", "prototype:=p"), permute=True)
async def setquota(tool: Tool) -> int:
    """Set disk quotas."""
    sys, opts = tool.sys, tool.options
    operands = list(tool.operands)
    graces = opts.last("t")
    if graces is not None:
        times = (_count(graces) * _SECOND, _count(operands.pop(0) if operands else b"") * _SECOND)
        for mount in await _where(tool, operands):
            await _set(tool, Q_SETINFO, mount, 0, times)
        return tool.status
    named = opts.last("u")
    if named is not None:
        operands.insert(0, named)
    if not operands:
        raise Failure(b"Bad number of arguments.")
    users = await _Users.load(tool)
    name = operands.pop(0)
    uid = users.by_name(name)
    if uid is None:
        raise Failure(b"user " + name + b" does not exist.")
    prototype = opts.last("p")
    if prototype is None and len(operands) < 4:
        raise Failure(b"Bad number of arguments.")
    limits = None
    if prototype is None:
        soft, hard, inode_soft, inode_hard = operands[:4]
        del operands[:4]
        limits = ((_size(soft), _size(hard)), (_count(inode_soft), _count(inode_hard)))
    for mount in await _where(tool, operands):
        given = limits
        if given is None:
            like = users.by_name(prototype or b"")
            if like is None:
                raise Failure(b"user " + (prototype or b"") + b" does not exist.")
            block: Dqblk = await sys.quotactl(Q_GETQUOTA, mount.source, like)
            given = ((block.soft, block.hard), (block.inode_soft, block.inode_hard))
        await _set(tool, Q_SETQUOTA, mount, uid, given)
    return tool.status


async def _where(tool: Tool, names: Sequence[bytes]) -> list[Mounted]:
    if "a" in tool.options:
        return await _kept(tool, ())
    if not names:
        raise Failure(b"Bad number of arguments.")
    return await _mounts_of(tool, names)


async def _set(tool: Tool, command: int, mount: Mounted, uid: int, data: object) -> None:
    try:
        await tool.sys.quotactl(command, mount.source, uid, data)
    except OSError as err:
        text = b"Cannot set quota on " + mount.source + b": " + why(err)
        raise Failure(text) from None


async def _switch(tool: Tool, command: int, word: bytes) -> int:
    for mount in await _named(tool):
        if "p" in tool.options:
            _, _, on = await tool.sys.quotactl(Q_GETINFO, mount.source)
            state = (mount.target, mount.source, b"on" if on else b"off")
            await tool.line(b"user quota on %b (%b) is %b" % state)
            continue
        try:
            await tool.sys.quotactl(command, mount.source)
        except OSError as err:
            text = tool.name + b": using " + mount.source + b" on " + mount.target
            await complain(tool.sys, text + b": " + why(err))
            tool.status = 1
            continue
        if "v" in tool.options:
            text = b"%b [%b]: user quotas turned %b" % (mount.source, mount.target, word)
            await tool.line(text)
    return tool.status


@program(ON_USAGE, "aF:gpPuvfx:", ("all=a", "verbose=v", "print-state=p", "user=u"))
async def quotaon(tool: Tool) -> int:
    """Turn file system quotas on."""
    return await _switch(tool, Q_QUOTAON, b"on")


@program(ON_USAGE, "aF:gpPuvfx:", ("all=a", "verbose=v", "print-state=p", "user=u"))
async def quotaoff(tool: Tool) -> int:
    """Turn file system quotas off."""
    return await _switch(tool, Q_QUOTAOFF, b"off")
