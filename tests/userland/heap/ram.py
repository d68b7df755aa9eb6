"""A process's memory without a kernel: what ``Libc`` asks of ``Sys``, on a bytearray."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from minios.abi.errno import Errno
from minios.userland.lib.heap.layout import Walk, find, walk
from minios.userland.lib.heap.libc import Libc, Tuning

T = TypeVar("T")

BASE = 0x20000
MAPS = 0x40000000


class Aborted(Exception):
    """The process died of SIGABRT, having said this."""


class Ram:
    """``Sys`` as far as a heap needs it. ``limit`` is the size the data segment may have."""

    def __init__(self, limit: int = 1 << 22, used: int = 0) -> None:
        self.data = bytearray(used)
        self.limit = limit
        self.maps: dict[int, bytearray] = {}
        self.probes = 0
        self.probed: list[tuple[Any, ...]] = []
        self.calls: list[str] = []
        self.loads = 0
        self.said = b""

    def _where(self, address: int, count: int) -> tuple[bytearray, int]:
        if address >= BASE and address + count <= BASE + len(self.data):
            return self.data, address - BASE
        for start, pages in self.maps.items():
            if start <= address and address + count <= start + len(pages):
                return pages, address - start
        raise AssertionError(f"SIGSEGV at {address:#x}")

    def peek(self, address: int, count: int) -> bytes:
        memory, at = self._where(address, count)
        return bytes(memory[at : at + count])

    async def load(self, address: int, count: int) -> bytes:
        self.loads += 1
        return self.peek(address, count)

    async def store(self, address: int, data: bytes) -> None:
        memory, at = self._where(address, len(data))
        memory[at : at + len(data)] = data

    async def brk(self, increment: int, *, populate: bool = True) -> int:
        if increment:
            self.calls.append("brk")
        if len(self.data) + increment > self.limit:
            raise OSError(Errno.ENOMEM, "no")
        if increment < 0:
            del self.data[increment:]
        else:
            self.data += bytes(increment)
        return BASE + len(self.data)

    async def mmap(self, length: int) -> int:
        self.calls.append("mmap")
        start = max((at + len(pages) for at, pages in self.maps.items()), default=MAPS)
        self.maps[start] = bytearray(length)
        return start

    async def munmap(self, address: int, length: int) -> None:
        self.calls.append("munmap")
        assert len(self.maps.pop(address)) == length

    async def probe(self, name: bytes, *args: Any) -> None:
        self.probed.append((name, *args))

    async def probe_return(self, name: bytes, value: Any = None) -> None:
        self.probed.append((name, "->", value))

    async def write(self, fd: int, data: bytes) -> int:
        assert fd == 2
        self.said += data
        return len(data)

    async def sigprocmask(self, how: int, mask: int) -> int:
        return 0

    async def getpid(self) -> int:
        return 1

    async def kill(self, pid: int, sig: int) -> None:
        assert sig == 6
        raise Aborted(self.said.decode().rstrip("\n"))


def do(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never traps."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    raise AssertionError("it trapped")


class Heap:
    """A heap to call without ``await``, checked after every call."""

    def __init__(self, ram: Ram | None = None, **tuning: Any) -> None:
        self.ram = ram or Ram()
        self.libc = Libc(self.ram, Tuning(**tuning))  # type: ignore[arg-type]

    def malloc(self, size: int) -> int:
        return self._checked(do(self.libc.malloc(size)))

    def calloc(self, count: int, size: int) -> int:
        return self._checked(do(self.libc.calloc(count, size)))

    def realloc(self, pointer: int, size: int) -> int:
        return self._checked(do(self.libc.realloc(pointer, size)))

    def free(self, pointer: int) -> None:
        self._checked(do(self.libc.free(pointer)))

    def usable(self, pointer: int) -> int:
        return do(self.libc.usable_size(pointer))

    def write(self, pointer: int, data: bytes) -> None:
        do(self.ram.store(pointer, data))

    def read(self, pointer: int, count: int) -> bytes:
        return self.ram.peek(pointer, count)

    def walk(self) -> Walk:
        start = find(self.ram.peek, BASE, BASE + len(self.ram.data))
        return walk(self.ram.peek, start, BASE + len(self.ram.data))

    def sizes(self) -> list[str]:
        """The chunks: their sizes, the free ones with an ``f``, top last."""
        *chunks, _ = self.walk().chunks
        return [f"{chunk.size}{'' if chunk.used else 'f'}" for chunk in chunks]

    def _checked(self, value: T) -> T:
        if self.libc.bounds[0]:
            assert self.walk().broken == ""
        return value
