"""tmpfs: a file system whose blocks are page frames (tmpfs(5))."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi.errno import Errno, error
from minios.fs.filesystem import FileSystem
from minios.memory.frames import Kind

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel


class Tmpfs(FileSystem):
    """Takes a frame for each block in use, and has no more room than there is RAM.

    Its pages are not swapped; what a file holds in RAM goes when the file does.
    """

    def __init__(
        self, kernel: Kernel, dev: int, changed: Callable[[], None], **settings: Any
    ) -> None:
        self._memory = kernel.mm
        self._blocks: list[int] = []
        super().__init__(b"tmpfs", dev, kernel.clock, changed, **settings)
        kernel.mm.tmpfs.append(self)

    @property
    def used_blocks(self) -> int:
        """Blocks, and frames, in use. Setting it takes or gives frames. ENOSPC."""
        return len(self._blocks)

    @used_blocks.setter
    def used_blocks(self, count: int) -> None:
        blocks, memory = self._blocks, self._memory
        more = count - len(blocks)
        if more > 0 and memory.frames.free < more and memory.make_room(more) is not True:
            raise error(Errno.ENOSPC)
        while len(blocks) < count:
            blocks.append(memory.frames.alloc(Kind.SHMEM, self, len(blocks)))
        while len(blocks) > count:
            memory.release(blocks.pop())

    @property
    def free_blocks(self) -> int:
        """Blocks left, as far as RAM goes: the page cache would make room."""
        frames = self._memory.frames
        left = frames.free + frames.by_kind[Kind.CACHE] // 2
        return max(min(self.total_blocks - len(self._blocks), left), 0)

    @property
    def frames(self) -> list[int]:
        """The frames its blocks take."""
        return self._blocks

    def unmounted(self) -> None:
        """It was unmounted: its frames are free, unless somebody has a file of it open still."""
        if any(inode.opens for inode in self.inodes.values()):
            return
        while self._blocks:
            self._memory.release(self._blocks.pop())
        if self in self._memory.tmpfs:
            self._memory.tmpfs.remove(self)
