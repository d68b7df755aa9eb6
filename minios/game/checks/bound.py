"""A check that looks at a world, and what it may look at."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from minios.abi.errno import Errno
from minios.fs.access import ROOT
from minios.fs.inode import Inode
from minios.game.build import Host
from minios.game.spec import Who
from minios.kernel.kernel import Kernel
from minios.kernel.process import PCB
from minios.sim.world import World
from minios.userland.lib.pattern import Pattern
from minios.userland.lib.regex import Regex, RegexError

if TYPE_CHECKING:
    from minios.net.fabric.network import Network

LOOK_MAX = 1 << 20
"""Bytes of a file in which a check looks for an expression: it may look after every write."""

MARK_GAME = 1 << 10
"""A change that only the game sees: a metric, a probe's verdict, a check whose time has come."""


class Metrics(Protocol):
    """The figures of a play that a check may ask for."""

    def figure(self, name: str) -> int: ...


class Scene(Protocol):
    """What checks look at."""

    @property
    def world(self) -> World: ...
    @property
    def hosts(self) -> Mapping[str, Host]: ...
    @property
    def network(self) -> "Network | None": ...
    @property
    def metrics(self) -> Metrics: ...
    def shown(self, machine: str, tty: str) -> bytes:
        """The last 64 KiB a terminal has shown since t = 0."""

    def wake(self, check: "Bound") -> None:
        """Have ``check`` looked at, at the end of this instant."""


class Bound:
    """``marks`` are the kinds of change after which :meth:`holds` may give another answer.

    ``due`` is when it may by mere passing of time (None: never), as of the last call of ``holds``.
    """

    __slots__ = ("due", "marks")

    marks: int
    due: int | None

    def holds(self, now: int) -> bool:
        raise NotImplementedError

    def enable(self, on: bool) -> None:
        """Whether anybody wants to know at present: a probe that nobody asks does not run."""

    def leaves(self) -> "list[Bound]":
        """The checks it is made of, itself if it is not made of any."""
        return [self]


def kernel_of(scene: Scene, machine: str) -> Kernel | None:
    """The running kernel; None while the machine is off or has halted."""
    kernel = scene.hosts[machine].machine.kernel
    return None if kernel is None or kernel.halted else kernel


def inode_at(scene: Scene, machine: str, path: bytes, *, follow: bool = True) -> Inode | None:
    """What is at ``path``, as root sees it; None if there is nothing."""
    vfs = scene.hosts[machine].machine.vfs
    try:
        return vfs.walk(ROOT, vfs.root, path, follow=follow).inode
    except OSError as err:
        if err.errno in (Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.ENAMETOOLONG):
            return None
        raise


def selector(who: Who, host: Host) -> Callable[[PCB], bool]:
    """A test of one process against everything that ``who`` gives.

    It is asked of every process whenever one is born or dies, so each part remembers its answers,
    and the parts that tell most apart come first.
    """
    parts: list[tuple[str, Callable[[Any], bool]]] = []
    if who.identity:
        parts.append(("identity", frozenset(who.identity).__contains__))
    if who.lineage:
        wanted = frozenset(who.lineage)
        parts.append(("lineage", lambda text: not wanted.isdisjoint((text or "").split("/"))))
    for name, glob in (("comm", who.name), ("exe", who.exe)):
        if glob:
            parts.append((name, Pattern(glob.encode()).matches))
    if who.user:
        account = host.users.get(who.user)
        parts.append(("uid", (account.uid if account is not None else -1).__eq__))
    tests = [(attrgetter(name), _Remembered(test)) for name, test in parts]
    cmdline = Pattern(who.cmdline.encode()) if who.cmdline else None

    def matches(pcb: PCB) -> bool:
        for get, known in tests:
            if not known[get(pcb)]:
                return False
        return cmdline is None or cmdline.matches(b" ".join(pcb.argv))

    return matches


class _Remembered(dict[Any, bool]):
    """The answers of a test, each found out once."""

    def __init__(self, test: Callable[[Any], bool]) -> None:
        self.test = test

    def __missing__(self, value: Any) -> bool:
        if len(self) > 4096:
            self.clear()
        answer = self[value] = self.test(value)
        return answer


def lineage(pcb: PCB) -> list[str]:
    """The level's processes that a process descends from, itself among them if it is one."""
    return pcb.lineage.split("/") if pcb.lineage is not None else []


def any_line(regex: Regex, data: bytes) -> bool:
    """Whether some line of ``data`` matches ``regex``, which takes newlines for ends of lines.

    In more than LOOK_MAX bytes nothing is looked for.
    """
    if not data or len(data) > LOOK_MAX:
        return False
    try:
        return regex.test(data.replace(b"\r\n", b"\n").removesuffix(b"\n"))
    except RegexError:
        return False
