"""malloc(3) and its kin over brk(2) and mmap(2), with all it knows kept in the process's memory.

Chunks, their headers and the links of the free lists are read and written as machine code would,
by ``sys.load`` and ``sys.store`` (:mod:`~minios.userland.lib.heap.layout`). So a search costs what
it reads, a program that writes beyond a block ruins its heap, and whoever looks at the memory sees
it. What makes no sense any more ends the program with the words that glibc has for it and SIGABRT.

OSTEP ch. 17; D. Lea, *A Memory Allocator*, 1996; glibc's malloc/malloc.c.
"""

from minios.abi.sys import Sys
from minios.userland.lib.heap.chunks import Tuning
from minios.userland.lib.heap.freelists import FreeLists
from minios.userland.lib.heap.layout import (
    ALIGNMENT,
    FLAGS,
    HEADER,
    IS_MMAPPED,
    MAGIC,
    MIN_CHUNK,
    PAGE,
    PREV_INUSE,
    WORD,
    chunk_size,
    state_size,
    words,
)
from minios.userland.lib.heap.policy import Order, size_class

__all__ = ["NULL", "Libc", "Tuning"]

NULL = 0

PTRDIFF_MAX = 0x7FFFFFFF
"""No object is larger; malloc does not even try."""

_COPY = 4096
"""Bytes moved at a time."""


class Libc(FreeLists):
    """The heap of one process. Pointers are addresses, 0 is NULL.

    A forked child goes on with its own :meth:`forked`.
    """

    __slots__ = ()

    def forked(self, sys: Sys) -> "Libc":
        """The same heap in a child, whose memory is a copy."""
        child = Libc(sys, self.tuning)
        child._start, child._first, child._end = self._start, self._first, self._end
        return child

    @property
    def bounds(self) -> tuple[int, int]:
        """Where the heap begins and ends: (0, 0) before the first small allocation."""
        return self._start, self._end

    # -- the library's face --------------------------------------------------------------------

    async def malloc(self, size: int) -> int:
        """malloc(3): the address of ``size`` bytes, not cleared; NULL if there is no memory."""
        if not self._sys.probes:
            return await self._malloc(size)
        await self._sys.probe(b"malloc", size)
        pointer = await self._malloc(size)
        await self._sys.probe_return(b"malloc", pointer)
        return pointer

    async def free(self, pointer: int) -> None:
        """free(3). NULL is fine; what malloc did not return, or freed already, aborts."""
        if not self._sys.probes:
            return await self._free(pointer)
        await self._sys.probe(b"free", pointer)
        await self._free(pointer)
        await self._sys.probe_return(b"free")
        return None

    async def calloc(self, count: int, size: int) -> int:
        """calloc(3): cleared memory for ``count`` things of ``size`` bytes."""
        probes = self._sys.probes
        if probes:
            await self._sys.probe(b"calloc", count, size)
        pointer = await self._malloc(count * size)
        if pointer and not (await self._header(pointer - HEADER))[1] & IS_MMAPPED:
            for at in range(0, count * size, _COPY):
                await self._sys.store(pointer + at, bytes(min(_COPY, count * size - at)))
        if probes:
            await self._sys.probe_return(b"calloc", pointer)
        return pointer

    async def realloc(self, pointer: int, size: int) -> int:
        """realloc(3): the block in another size, perhaps elsewhere; NULL leaves it as it is."""
        probes = self._sys.probes
        if probes:
            await self._sys.probe(b"realloc", pointer, size)
        moved = await self._realloc(pointer, size)
        if probes:
            await self._sys.probe_return(b"realloc", moved)
        return moved

    async def usable_size(self, pointer: int) -> int:
        """malloc_usable_size(3): bytes that may be written; 0 for NULL."""
        if not pointer:
            return 0
        size = (await self._header(pointer - HEADER))[1]
        return (size & ~FLAGS) - (HEADER if size & IS_MMAPPED else WORD)

    # -- malloc --------------------------------------------------------------------------------

    async def _malloc(self, size: int) -> int:
        if size < 0 or size > PTRDIFF_MAX:
            return NULL
        need = chunk_size(size)
        if size >= self.tuning.mmap_threshold:
            pointer = await self._map(size)
            if pointer:
                return pointer
        if not self._start and not await self._begin(need):
            return NULL
        for number in range(size_class(self.tuning.lists, need), self._lists):
            chunk, length = await self._search(number, need)
            if chunk:
                await self._take(chunk, length, need, number)
                return chunk + HEADER
        return await self._cut(need)

    async def _take(self, chunk: int, length: int, need: int, number: int) -> None:
        """Bring a free chunk into use; what it is too large by stays free."""
        rest = length - need
        flags = (await self._header(chunk))[1] & FLAGS
        after = await self._unlink(chunk, length)
        if rest < MIN_CHUNK:
            await self._set_in_use(chunk + length, True)
            await self._rove(after)
            return
        await self._sys.store(chunk + WORD, words(need | flags))
        await self._sys.store(chunk + need + WORD, words(rest | PREV_INUSE))
        await self._sys.store(chunk + length, words(rest))
        stays = size_class(self.tuning.lists, rest) == number
        sorted_ = self.tuning.order in (Order.SIZE_UP, Order.SIZE_DOWN)
        if stays and not sorted_:
            await self._link_before(chunk + need, after, number)
        else:
            await self._link(chunk + need, rest)
        await self._rove(chunk + need)

    async def _cut(self, need: int) -> int:
        """A chunk from top, which grows if it must."""
        _, top, _, _ = await self._state()
        header = (await self._header(top))[1]
        size = header & ~FLAGS
        if size > self._end - self._start or top + size != self._end:
            await self._abort(b"malloc(): corrupted top size")
        while size < need + MIN_CHUNK:
            if not await self._grow(top, header, need):
                return NULL
            _, top, _, _ = await self._state()
            header = (await self._header(top))[1]
            size = header & ~FLAGS
        await self._sys.store(top + WORD, words(need | header & FLAGS))
        await self._set_top(top + need, size - need, PREV_INUSE)
        return top + HEADER

    async def _grow(self, top: int, header: int, need: int) -> bool:
        """Get more from brk. Whether there was more."""
        size = header & ~FLAGS
        more, end = await self._sbrk(need + MIN_CHUNK - size)
        if not more:
            return False
        begin = end - more
        if begin == self._end:
            self._end = end
            await self._set_top(top, size + more, header & FLAGS)
            return True
        # Somebody else moved the break: what is between belongs to them. A chunk that is always in
        # use bridges it, and the old top becomes an ordinary chunk.
        gap = self._end - HEADER
        begin += -begin % ALIGNMENT
        length = (end - begin) & -ALIGNMENT
        self._end = begin + length
        await self._sys.store(top + WORD, words(gap - top | header & FLAGS))
        await self._sys.store(gap + WORD, words(begin - gap | PREV_INUSE))
        await self._set_top(begin, length, PREV_INUSE)
        if gap - top >= MIN_CHUNK:
            await self._release(top, gap - top, header & PREV_INUSE)
        return True

    async def _begin(self, need: int) -> bool:
        """Make the heap, on the first page behind what the program has already."""
        now = await self._sys.brk(0)
        start = now + -now % PAGE
        size = state_size(self._lists)
        more, self._end = await self._sbrk(size + need + MIN_CHUNK, start - now)
        if not more:
            return False
        self._start, self._first = start, start + size
        bounds = (*self.tuning.lists, PTRDIFF_MAX)
        state = words(MAGIC, self._first, 0, self._lists)
        await self._sys.store(start, state + b"".join(words(bound, 0, 0) for bound in bounds))
        await self._set_top(self._first, self._end - self._first, PREV_INUSE)
        return True

    async def _sbrk(self, least: int, gap: int = 0) -> tuple[int, int]:
        """Move the break by whole pages and ``gap``: by how much, and where it is; (0, 0) if there
        is no memory, not even without the padding."""
        limit = _pages(self.tuning.limit)
        for size in (least + self.tuning.top_pad, least):
            more = gap + _pages(size)
            if limit and self._end - self._start + more - gap > limit:
                continue
            try:
                return more, await self._sys.brk(more, populate=False)
            except OSError:
                continue
        return 0, 0

    async def _map(self, size: int) -> int:
        """A chunk in pages of its own."""
        length = _pages(size + HEADER)
        try:
            base = await self._sys.mmap(length)
        except OSError:
            return NULL
        await self._sys.store(base, words(0, length | IS_MMAPPED))
        return base + HEADER

    # -- free ----------------------------------------------------------------------------------

    async def _free(self, pointer: int) -> None:
        if not pointer:
            return
        chunk = pointer - HEADER
        before, header = await self._header(chunk)
        if header & IS_MMAPPED:
            await self._unmap(chunk, before, header & ~FLAGS)
            return
        size = header & ~FLAGS
        if pointer % ALIGNMENT or not self._first <= chunk < self._end:
            await self._abort(b"free(): invalid pointer")
        if size < MIN_CHUNK:
            await self._abort(b"free(): invalid size")
        _, top, _, _ = await self._state()
        if chunk == top:
            await self._abort(b"double free or corruption (top)")
        following = chunk + size
        if following >= self._end:
            await self._abort(b"double free or corruption (out)")
        behind = (await self._header(following))[1]
        if not behind & PREV_INUSE:
            await self._abort(b"double free or corruption (!prev)")
        if not HEADER < behind & ~FLAGS < self._end - self._start:
            await self._abort(b"free(): invalid next size (normal)")
        await self._release(chunk, size, header & PREV_INUSE)

    async def _release(self, chunk: int, size: int, in_use_before: int) -> None:
        """Make a chunk free: merge it with its neighbours, or else put it into a list."""
        _, top, _, _ = await self._state()
        if self.tuning.coalesce:
            if not in_use_before:
                before = (await self._header(chunk))[0]
                chunk -= before
                _, header = await self._header(chunk)
                if header & ~FLAGS != before:
                    await self._abort(b"corrupted size vs. prev_size while consolidating")
                await self._unlink(chunk, before)
                size += before
                in_use_before = header & PREV_INUSE
            following = chunk + size
            behind = (await self._header(following))[1] & ~FLAGS
            if following == top:
                await self._set_top(chunk, size + behind, in_use_before)
                await self._trim(chunk, size + behind, in_use_before)
                return
            if not (await self._header(following + behind))[1] & PREV_INUSE:
                await self._unlink(following, behind)
                size += behind
        await self._sys.store(chunk + WORD, words(size | in_use_before))
        await self._sys.store(chunk + size, words(size))
        await self._set_in_use(chunk + size, False)
        await self._link(chunk, size)

    async def _trim(self, top: int, size: int, flags: int) -> None:
        """Give back to the system what top has too much of (M_TRIM_THRESHOLD)."""
        if size < self.tuning.trim_threshold:
            return
        less = (size - MIN_CHUNK - self.tuning.top_pad) // PAGE * PAGE
        if less <= 0 or await self._sys.brk(0) != self._end:
            return
        self._end = await self._sys.brk(-less)
        await self._set_top(top, size - less, flags)

    async def _unmap(self, chunk: int, before: int, length: int) -> None:
        if (chunk - before) % PAGE or (before + length) % PAGE:
            await self._abort(b"munmap_chunk(): invalid pointer")
        await self._sys.munmap(chunk - before, before + length)

    # -- realloc -------------------------------------------------------------------------------

    async def _realloc(self, pointer: int, size: int) -> int:
        if not pointer:
            return await self._malloc(size)
        if not size:
            await self._free(pointer)
            return NULL
        if size > PTRDIFF_MAX:
            return NULL
        chunk = pointer - HEADER
        _, header = await self._header(chunk)
        length = header & ~FLAGS
        if header & IS_MMAPPED:
            if _pages(size + HEADER) == length:
                return pointer
            return await self._move(pointer, size, length - HEADER)
        if pointer % ALIGNMENT or not self._first <= chunk < self._end:
            await self._abort(b"realloc(): invalid pointer")
        if length < MIN_CHUNK or chunk + length >= self._end:
            await self._abort(b"realloc(): invalid old size")
        need = chunk_size(size)
        if need > length:
            length = await self._extend(chunk, length, header & FLAGS, need)
            if length < need:
                return await self._move(pointer, size, length - WORD)
        if length - need >= MIN_CHUNK:
            await self._sys.store(chunk + WORD, words(need | header & FLAGS))
            await self._sys.store(chunk + need + WORD, words(length - need | PREV_INUSE))
            await self._release(chunk + need, length - need, PREV_INUSE)
        return pointer

    async def _extend(self, chunk: int, length: int, flags: int, need: int) -> int:
        """The chunk's new size after it took what it can use of a free neighbour behind it."""
        following = chunk + length
        behind = (await self._header(following))[1] & ~FLAGS
        if not HEADER < behind < self._end - self._start:
            await self._abort(b"realloc(): invalid next size")
        _, top, _, _ = await self._state()
        if following == top:
            if length + behind < need + MIN_CHUNK:
                return length
            await self._sys.store(chunk + WORD, words(need | flags))
            await self._set_top(chunk + need, length + behind - need, PREV_INUSE)
            return need
        if length + behind < need or (await self._header(following + behind))[1] & PREV_INUSE:
            return length
        await self._unlink(following, behind)
        await self._sys.store(chunk + WORD, words(length + behind | flags))
        await self._set_in_use(chunk + length + behind, True)
        return length + behind

    async def _move(self, pointer: int, size: int, usable: int) -> int:
        moved = await self._malloc(size)
        if not moved:
            return NULL
        count = min(size, usable)
        for at in range(0, count, _COPY):
            piece = await self._sys.load(pointer + at, min(_COPY, count - at))
            await self._sys.store(moved + at, piece)
        await self._free(pointer)
        return moved


def _pages(size: int) -> int:
    return -(-size // PAGE) * PAGE
