"""Disk quotas: what each user has of a file system, and may have (quotactl(2)).

The soft limit may be passed for the time of grace, the hard one never. Root is counted and not
limited. Times of grace need no timer: they are looked at when somebody wants more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minios.fs.inode import BLOCK, Inode

WEEK = 7 * 86_400_000_000_000


class Dquot:
    """One user's figures. Space is in blocks of 4 KiB; an ``expires`` of 0 means within the soft
    limit, else it is when (CLOCK_REALTIME in ns) that one becomes hard. A limit of 0 is none.
    """

    __slots__ = (
        "block_expires", "block_hard", "block_soft", "blocks", "inode_expires", "inode_hard",
        "inode_soft", "inodes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.blocks = self.block_soft = self.block_hard = self.block_expires = 0
        self.inodes = self.inode_soft = self.inode_hard = self.inode_expires = 0

    def state(self) -> Any:
        return tuple(getattr(self, name) for name in Dquot.__slots__)


class Quota:
    """The user quotas of a file system. ``on`` says whether they are enforced."""

    def __init__(self) -> None:
        self.users: dict[int, Dquot] = {}
        self.on = True
        self.block_grace = WEEK
        self.inode_grace = WEEK

    def of(self, uid: int) -> Dquot:
        """A user's figures; made when there are none."""
        found = self.users.get(uid)
        if found is None:
            found = self.users[uid] = Dquot()
        return found

    def count(self, inodes: Iterable[Inode]) -> None:
        """Count everything anew (quotacheck(8))."""
        for dquot in self.users.values():
            dquot.blocks = dquot.inodes = 0
        for inode in inodes:
            dquot = self.of(inode.uid)
            dquot.blocks += inode.blocks
            dquot.inodes += 1

    def room(self, uid: int, count: int, now: int) -> int:
        """How many of ``count`` more blocks the user may have."""
        dquot = self.users.get(uid)
        if uid == 0 or dquot is None or not self.on:
            return count
        if dquot.block_expires and now >= dquot.block_expires:
            return 0
        if dquot.block_hard:
            return max(0, min(count, dquot.block_hard - dquot.blocks))
        return count

    def may_have_inode(self, uid: int, now: int) -> bool:
        """Whether the user may have another inode."""
        dquot = self.users.get(uid)
        if uid == 0 or dquot is None or not self.on:
            return True
        if dquot.inode_expires and now >= dquot.inode_expires:
            return False
        return not dquot.inode_hard or dquot.inodes < dquot.inode_hard

    def use(self, uid: int, blocks: int, inodes: int, now: int) -> None:
        """The user has so many more; the time of grace begins or ends."""
        dquot = self.of(uid)
        dquot.blocks += blocks
        dquot.inodes += inodes
        self.judge(dquot, now)

    def judge(self, dquot: Dquot, now: int) -> None:
        """Begin or end the times of grace by what is used now."""
        if not dquot.block_soft or dquot.blocks <= dquot.block_soft:
            dquot.block_expires = 0
        elif not dquot.block_expires:
            dquot.block_expires = now + self.block_grace
        if not dquot.inode_soft or dquot.inodes <= dquot.inode_soft:
            dquot.inode_expires = 0
        elif not dquot.inode_expires:
            dquot.inode_expires = now + self.inode_grace

    def move(self, inode: Inode, uid: int, now: int) -> None:
        """The inode is about to belong to ``uid`` (chown(2))."""
        blocks = inode.blocks
        self.use(inode.uid, -blocks, -1, now)
        self.use(uid, blocks, 1, now)

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            self.on, self.block_grace, self.inode_grace,
            [(uid, dquot.state()) for uid, dquot in sorted(self.users.items())],
        )  # fmt: skip


__all__ = ["BLOCK", "WEEK", "Dquot", "Quota"]
