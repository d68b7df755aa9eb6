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
        self._lent: dict[int, None] = {}
        """Frames of blocks whose bytes somebody maps; they stay the file system's."""
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
            self._drop()

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

    def lend(self, mapping: Any, index: int) -> int:
        """A frame of its own for page ``index`` of a mapped file; -1 if none is left (the page is
        a hole). One more reference is held.
        """
        for frame in reversed(self._blocks):
            if frame not in self._lent:
                self._lent[frame] = None
                frames = self._memory.frames
                frames.share(frame)
                frames.owner[frame], frames.index[frame] = mapping, index
                return frame
        return -1

    def take_back(self, frame: int) -> None:
        """A page is mapped no more."""
        if self._lent.pop(frame, 0) is None:
            frames = self._memory.frames
            frames.owner[frame], frames.index[frame] = self, 0
            frames.clear(frame)
        self._memory.release(frame)

    def _drop(self) -> None:
        """Give back a frame, one that is not lent if there is such a one."""
        blocks = self._blocks
        for at in range(len(blocks) - 1, -1, -1):
            if blocks[at] not in self._lent:
                self._memory.release(blocks.pop(at))
                return
        frame = blocks.pop()
        del self._lent[frame]
        self._memory.release(frame)

    def unmounted(self) -> None:
        """It was unmounted: its frames are free, unless somebody has a file of it open still."""
        if any(inode.opens for inode in self.inodes.values()):
            return
        while self._blocks:
            self._drop()
        if self in self._memory.tmpfs:
            self._memory.tmpfs.remove(self)
