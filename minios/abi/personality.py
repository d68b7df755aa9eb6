"""Personalities: system-call tables of other kernels than Linux, and their C libraries.

A program is written for :class:`minios.abi.sys.Sys`, the C library as an interface. What becomes of
``open()`` is its C library's business: the one it was built with turns each call into the numbers,
flags and structures of one kernel's table (:class:`Dialect`), and a kernel turns these back into
the same few functions that all its tables share. A binary therefore works where its own table is
served, and elsewhere makes other calls than it means, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from minios.abi.ptrace import SyscallInfo
from minios.abi.syscalls import NAMES, ROWS, unimplemented

Request = tuple[int, tuple[Any, ...]]
Function = Generator[Request, Any, Any]
"""A function of a C library: it makes calls and returns what its caller expects."""


class Row(NamedTuple):
    """What is known of a call; :func:`minios.abi.syscalls.call` says what the fields mean."""

    arguments: str
    returns: str
    of: str
    cost: int


class Table(NamedTuple):
    """What is known of a table of system calls: names and rows by number."""

    name: str
    names: Mapping[int, str]
    rows: Mapping[int, Row]


class Service(NamedTuple):
    """How a kernel serves a call of a foreign table with one of its own functions."""

    nr: int
    """Linux's number of that function."""
    take: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    """The function's arguments, of the call's."""
    give: Callable[[Any, tuple[Any, ...]], Any]
    """What the call returns, of the function's result and the call's arguments."""


class Dialect(Protocol):
    """A foreign table, seen from both sides."""

    table: Table
    os_abi: str
    """What readelf(1) calls it."""
    services: Mapping[int, Service]

    def function(self, nr: int, args: tuple[Any, ...]) -> Function:
        """The C library's way to do what Linux's call ``nr`` does."""

    def exit(self, code: int) -> Function:
        """What the C library does when main() has returned."""

    def error(self, err: OSError) -> OSError:
        """An error of the table's numbering as the program's source names it."""

    def refuse(self, err: OSError) -> OSError:
        """An error of the kernel's functions as the table numbers it."""

    def native(self, info: SyscallInfo) -> SyscallInfo:
        """A call with the values that Linux has for its flags, signals and errors, to show it."""


_OTHERS = unimplemented()

LINUX = Table(
    "linux",
    {number: name for number, (name, _) in _OTHERS.items()} | NAMES,
    {number: Row(args, "int", "", 0) for number, (_, args) in _OTHERS.items()}
    | {number: Row(*row) for number, row in ROWS.items()},
)

_HOMES = {"bsd": "minios.abi.bsd", "xv6": "minios.abi.xv6"}


def dialect(name: str) -> Dialect:
    """The dialect of a brand other than linux. KeyError."""
    found: Dialect = import_module(_HOMES[name]).DIALECT
    return found


def table_of(name: str) -> Table:
    """The table of a personality."""
    return LINUX if name == "linux" else dialect(name).table


class Bound:
    """A program bound to a C library of another table: a coroutine to the kernel."""

    __slots__ = ("_coro", "_dialect", "_function", "_main")

    def __init__(self, coro: Coroutine[Any, Any, Any], name: str, *, main: bool) -> None:
        self._coro = coro
        self._dialect = dialect(name)
        self._main = main
        """Whether its end is the end of the process."""
        self._function: Function | None = None

    def send(self, value: Any) -> Request:
        return self._run("send", value)

    def throw(self, error: BaseException) -> Request:
        return self._run("throw", error)

    def close(self) -> None:
        if self._function is not None:
            self._function.close()
        self._coro.close()

    def _run(self, kind: str, value: Any) -> Request:
        """Go on in the library function, or in the program, up to the next call."""
        while True:
            function = self._function
            if function is not None:
                try:
                    return function.send(value) if kind == "send" else function.throw(value)
                except StopIteration as stop:
                    kind, value = "send", stop.value
                except OSError as err:
                    kind, value = "throw", self._dialect.error(err)
                self._function = None
                continue
            try:
                nr, args = self._coro.send(value) if kind == "send" else self._coro.throw(value)
            except StopIteration as stop:
                if not self._main:
                    raise
                code = stop.value if type(stop.value) is int else 0
                self._function = self._dialect.exit(code)
            except OSError:
                if not self._main:
                    raise
                self._function = self._dialect.exit(1)
            else:
                if nr < 0:
                    return nr, args
                self._function = self._dialect.function(nr, args)
            kind, value = "send", None


# -- when kernel and library do not agree ------------------------------------------------------


class Convention(NamedTuple):
    """How a kernel says that a call failed, and how a library finds out.

    Linux returns ``-errno``. xv6 returns -1, and nobody knows why. A BSD returns ``errno`` and sets
    a flag beside it (on RISC-V in t0, where its library had the number of the call, so that after a
    call to a kernel that leaves t0 alone the flag seems set).
    """

    negative: bool
    """Errors are negative results."""
    flag: bool
    """Errors are told by the flag."""


CONVENTIONS = {
    "linux": Convention(negative=True, flag=False),
    "xv6": Convention(negative=True, flag=False),
    "bsd": Convention(negative=False, flag=True),
}


def seen(brand: str, serving: str, value: int, failed: int) -> int | OSError:
    """What a library of ``brand`` makes of a result of a kernel that serves ``serving``.

    ``failed`` is the errno in the kernel's numbering, 0 for success.
    """
    if serving == "xv6" and failed:
        register = -1
    elif failed:
        register = -failed if CONVENTIONS[serving].negative else failed
    else:
        register = value
    if CONVENTIONS[brand].flag:
        set_ = failed != 0 if CONVENTIONS[serving].flag else True
        return OSError(register, "") if set_ else register
    if -4096 < register < 0:
        return OSError(-register, "")
    return register


def _register(value: Any) -> int:
    """A result as one register holds it; the rest lies at an address that nobody looks at."""
    if isinstance(value, int):
        return value
    return len(value) if isinstance(value, (bytes, list)) else 0


class Misled:
    """A program, with its library, that reads the results of a kernel made for other programs."""

    __slots__ = ("_brand", "_call", "_inner", "_serving")

    def __init__(self, inner: Any, brand: str, serving: str) -> None:
        self._inner = inner
        self._brand = brand
        self._serving = serving
        self._call = False
        """Whether it waits for the result of a call, and not in its own code."""

    def send(self, value: Any) -> Request:
        if not self._call:
            return self._note(self._inner.send(value))
        return self._read(seen(self._brand, self._serving, _register(value), 0))

    def throw(self, error: BaseException) -> Request:
        if not isinstance(error, OSError):
            return self._note(self._inner.throw(error))
        return self._read(seen(self._brand, self._serving, 0, error.errno or 1))

    def close(self) -> None:
        self._inner.close()

    def _read(self, result: int | OSError) -> Request:
        if isinstance(result, OSError):
            return self._note(self._inner.throw(result))
        return self._note(self._inner.send(result))

    def _note(self, request: Request) -> Request:
        self._call = request[0] >= 0
        return request


def bind(coro: Coroutine[Any, Any, Any], brand: str, serving: str, *, main: bool) -> Any:
    """A program of ``brand`` as it runs where the table ``serving`` serves it: a coroutine."""
    bound: Any = coro if brand == "linux" else Bound(coro, brand, main=main)
    return bound if brand == serving else Misled(bound, brand, serving)
