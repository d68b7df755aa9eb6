"""The free lists of a heap, linked through the free chunks themselves."""

from minios.userland.lib.heap.chunks import Chunks
from minios.userland.lib.heap.layout import (
    FLAGS,
    HEADER,
    LIST_WORDS,
    MIN_CHUNK,
    STATE_WORDS,
    WORD,
    words,
)
from minios.userland.lib.heap.policy import Fit, Order, Search, precedes, size_class

_ROVER = 2 * WORD
"""Where in the state that word is."""
_FD, _BK = HEADER, HEADER + WORD
"""Where in a free chunk the links are."""


class FreeLists(Chunks):
    """Finding a free chunk, taking it out, putting one in."""

    __slots__ = ()

    async def _search(self, number: int, need: int) -> tuple[int, int]:
        """The free chunk to take of a list and its size, or (0, 0)."""
        search = Search(self.tuning.fit, need)
        _, head, _ = await self._list(number)
        start = head
        if self.tuning.fit is Fit.NEXT:
            start = (await self._state())[2] or head
        chunk = start
        while chunk:
            _, size, forward, _ = await self._node(chunk)
            size &= ~FLAGS
            if size < MIN_CHUNK or size > self._end - self._start:
                await self._abort(b"malloc(): invalid size (unsorted)")
            if search.look(chunk, size):
                break
            chunk = forward or (head if start != head else 0)
            if chunk == start:
                break
        return (search.best, search.length) if search.best > 0 else (0, 0)

    async def _link(self, chunk: int, size: int) -> None:
        """Put a free chunk into the list of its size, where the order says."""
        number = size_class(self.tuning.lists, size)
        _, after, _ = await self._list(number)
        order = self.tuning.order
        if order is Order.BACK:
            after = 0
        elif order is not Order.FRONT:
            while after:
                _, other, forward, _ = await self._node(after)
                if precedes(order, (chunk, size), (after, other & ~FLAGS)):
                    break
                after = forward
        await self._link_before(chunk, after, number)

    async def _link_before(self, chunk: int, after: int, number: int) -> None:
        """Put a chunk into a list before ``after``; 0 is the end."""
        at = self._start + WORD * (STATE_WORDS + LIST_WORDS * number)
        _, _, tail = await self._list(number)
        if after:
            before = await self._word(after + _BK)
            await self._sys.store(after + _BK, words(chunk))
        else:
            before = tail
            await self._sys.store(at + 2 * WORD, words(chunk))
        if before:
            await self._sys.store(before + _FD, words(chunk))
        else:
            await self._sys.store(at + WORD, words(chunk))
        await self._sys.store(chunk + _FD, words(after, before))

    async def _unlink(self, chunk: int, size: int) -> int:
        """Take a chunk out of its list; the chunk that followed it there."""
        number = size_class(self.tuning.lists, size)
        at = self._start + WORD * (STATE_WORDS + LIST_WORDS * number)
        _, _, forward, back = await self._node(chunk)
        if (await self._header(chunk + size))[0] != size:
            await self._abort(b"corrupted size vs. prev_size")
        _, head, tail = await self._list(number)
        ahead = await self._word(back + _FD) if back else head
        behind = await self._word(forward + _BK) if forward else tail
        if ahead != chunk or behind != chunk:
            await self._abort(b"corrupted double-linked list")
        await self._sys.store(back + _FD if back else at + WORD, words(forward))
        await self._sys.store(forward + _BK if forward else at + 2 * WORD, words(back))
        if self.tuning.fit is Fit.NEXT and (await self._state())[2] == chunk:
            await self._rove(forward)
        return forward

    async def _rove(self, chunk: int) -> None:
        """The next search of next fit begins there."""
        if self.tuning.fit is Fit.NEXT:
            await self._sys.store(self._start + _ROVER, words(chunk))
