"""A heap's words, read and written where they are: in the memory of the process."""

from dataclasses import dataclass
from typing import NoReturn

from minios.abi.signals import SIG_DFL, SIG_UNBLOCK, Sig, mask_of
from minios.abi.sys import Sys
from minios.userland.lib.heap.layout import (
    HEADER,
    LIST_WORDS,
    PREV_INUSE,
    STATE_WORDS,
    WORD,
    unpack_header,
    unpack_list,
    unpack_node,
    unpack_state,
    words,
)
from minios.userland.lib.heap.policy import Fit, Order
from minios.userland.lib.stdio import complain

_TOP = WORD
"""Where in the state that word is."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What mallopt(3) sets in glibc, and how this heap chooses. Sizes in bytes."""

    fit: Fit = Fit.BEST
    order: Order = Order.FRONT
    coalesce: bool = True
    """Whether a freed chunk is merged with free neighbours and with top."""
    lists: tuple[int, ...] = (32, 64, 128, 256, 512, 1024, 4096)
    """Bounds of the segregated free lists, the chunks' headers included; none: one list."""
    top_pad: int = 128 * 1024
    """Asked of brk beyond what is needed."""
    trim_threshold: int = 128 * 1024
    """More than this in top is given back."""
    mmap_threshold: int = 128 * 1024
    """A request this large gets pages of its own."""
    limit: int = 0
    """The data segment's heap grows no further, whole pages; 0: as far as the system lets it."""

    def __post_init__(self) -> None:
        if self.fit is Fit.NEXT and self.lists:
            raise ValueError("next fit roves over one list")


class Chunks:
    """Where a process's heap is, and what its words say.

    The object holds only where the heap is; all else is in memory.
    """

    __slots__ = ("_end", "_first", "_lists", "_start", "_sys", "tuning")

    def __init__(self, sys: Sys, tuning: Tuning | None = None) -> None:
        self._sys = sys
        self.tuning = tuning or Tuning()
        self._lists = len(self.tuning.lists) + 1
        self._start = 0
        """Where the state is; 0: there is no heap yet."""
        self._first = 0
        """Where the first chunk is."""
        self._end = 0
        """Where top ends: the program break, as this heap knows it."""

    async def _state(self) -> tuple[int, int, int, int]:
        """Magic, top, rover, number of lists."""
        state: tuple[int, int, int, int] = unpack_state(
            await self._sys.load(self._start, WORD * STATE_WORDS)
        )
        return state

    async def _list(self, number: int) -> tuple[int, int, int]:
        """Bound, head and tail."""
        at = self._start + WORD * (STATE_WORDS + LIST_WORDS * number)
        entry: tuple[int, int, int] = unpack_list(await self._sys.load(at, WORD * LIST_WORDS))
        return entry

    async def _header(self, chunk: int) -> tuple[int, int]:
        """The size of the chunk before, and size and flags."""
        header: tuple[int, int] = unpack_header(await self._sys.load(chunk, HEADER))
        return header

    async def _node(self, chunk: int) -> tuple[int, int, int, int]:
        """The header of a free chunk, and its links forward and back."""
        node: tuple[int, int, int, int] = unpack_node(
            await self._sys.load(chunk, HEADER + 2 * WORD)
        )
        return node

    async def _word(self, address: int) -> int:
        return int.from_bytes(await self._sys.load(address, WORD), "little")

    async def _set_top(self, top: int, size: int, flags: int) -> None:
        await self._sys.store(top + WORD, words(size | flags))
        await self._sys.store(self._start + _TOP, words(top))

    async def _set_in_use(self, following: int, used: bool) -> None:
        """Write into a chunk whether the one before it is in use."""
        size = (await self._header(following))[1]
        size = size | PREV_INUSE if used else size & ~PREV_INUSE
        await self._sys.store(following + WORD, words(size))

    async def _abort(self, text: bytes) -> NoReturn:
        """Say what is wrong and die of SIGABRT, as abort(3) does whatever was arranged."""
        sys = self._sys
        await complain(sys, text)
        await sys.sigprocmask(SIG_UNBLOCK, mask_of(Sig.SIGABRT))
        pid = await sys.getpid()
        await sys.kill(pid, Sig.SIGABRT)
        await sys.sigaction(Sig.SIGABRT, SIG_DFL)
        await sys.kill(pid, Sig.SIGABRT)
        await sys.exit(127)
        raise AssertionError("exit returned")
