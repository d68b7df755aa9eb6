"""How a heap lies in memory: chunks with boundary tags, as in glibc's ``malloc_chunk``.

A chunk begins with two words, the size of the chunk before it (only while that one is free) and its
own size with two flags; a free one goes on with links to its neighbours in the free list::

    chunk   ->  size of the chunk before     (4 bytes; the user bytes of that one if it is in use)
                size, PREV_INUSE, IS_MMAPPED (4 bytes)
    pointer ->  user bytes, or links to the next and the previous free chunk
    chunk + size: the next chunk

So whether a chunk is in use is said by the one behind it, and a write beyond the user bytes hits
that one's size. The last chunk is *top*, from which the others are cut. Before the first chunk
stands the state of the heap: a magic word, top, the rover of next fit, how many lists there are,
and of each list its bound, its head and its tail. Words are little-endian, addresses 32 bits wide.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

WORD = 4
HEADER = 2 * WORD
ALIGNMENT = 8
MIN_CHUNK = 16
PAGE = 4096

PREV_INUSE = 1
IS_MMAPPED = 2
FLAGS = 7

MAGIC = 0x50414548
"""``HEAP``: a page of the data segment that begins with it begins a heap."""

STATE_WORDS = 4
LIST_WORDS = 3

_STATE = struct.Struct("<4I")
_LIST = struct.Struct("<3I")
_HEADER = struct.Struct("<2I")
_NODE = struct.Struct("<4I")

unpack_state = _STATE.unpack
unpack_list = _LIST.unpack
unpack_header = _HEADER.unpack
unpack_node = _NODE.unpack


def words(*values: int) -> bytes:
    """Words as memory has them."""
    return b"".join((value & 0xFFFFFFFF).to_bytes(WORD, "little") for value in values)


def chunk_size(request: int) -> int:
    """The size of the chunk for ``request`` bytes: glibc's ``request2size``."""
    return max((request + WORD + ALIGNMENT - 1) & -ALIGNMENT, MIN_CHUNK)


def state_size(lists: int) -> int:
    """Bytes before the first chunk."""
    return (WORD * (STATE_WORDS + LIST_WORDS * lists) + ALIGNMENT - 1) & -ALIGNMENT


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk as its header says."""

    address: int
    size: int
    used: bool
    top: bool = False

    @property
    def pointer(self) -> int:
        """What malloc returned for it."""
        return self.address + HEADER


@dataclass(frozen=True, slots=True)
class Walk:
    """A heap, chunk by chunk. ``broken`` says why it could not be followed to its end."""

    start: int
    end: int
    chunks: tuple[Chunk, ...]
    broken: str = ""


Read = Callable[[int, int], bytes]
"""``read(address, count)``: bytes of a process's memory, looked at from outside."""


def find(read: Read, start: int, end: int) -> int:
    """Where in a data segment the heap begins, or -1: not every program keeps one."""
    page = start + -start % PAGE
    while page + PAGE <= end:
        if int.from_bytes(read(page, WORD), "little") == MAGIC:
            return page
        page += PAGE
    return -1


def walk(read: Read, start: int, end: int) -> Walk:
    """Follow the chunks from ``start``, where a heap begins, to ``end``, the program break."""
    _, top, _, lists = unpack_state(read(start, WORD * STATE_WORDS))
    chunks: list[Chunk] = []
    at = start + state_size(lists)
    while at < end:
        size = unpack_header(read(at, HEADER))[1] & ~FLAGS
        if size < HEADER or size % ALIGNMENT or at + size > end:
            return Walk(start, end, tuple(chunks), f"chunk at {at:#x} has size {size}")
        if at == top:
            chunks.append(Chunk(at, size, used=False, top=True))
            return Walk(start, end, tuple(chunks))
        following = unpack_header(read(at + size, HEADER))[1] if at + size < end else PREV_INUSE
        chunks.append(Chunk(at, size, bool(following & PREV_INUSE)))
        at += size
    return Walk(start, end, tuple(chunks), "top is not among the chunks")
