"""What a command line asked ps for."""

from collections.abc import Callable
from dataclasses import dataclass, field

from minios.userland.lib import users
from minios.userland.lib.proc import Process
from minios.userland.lib.pscolumns import Column, Fit, View


class Bad(Exception):
    """A complaint about the options; the usage follows it."""


class Conflict(Bad):
    """A complaint that reading ``-aux`` as ``aux`` would not mend."""


@dataclass(slots=True)
class Field:
    """A chosen column with its heading and width."""

    column: Column
    header: bytes
    width: int
    fit: Fit


Test = Callable[["Request", Process], bool]


@dataclass(slots=True)
class Request:
    """What the command line asks for."""

    everything: bool = False
    """-A, -e, or ``ax``."""
    tests: list[Test] = field(default_factory=list)
    bsd: bool = False
    bsd_a: bool = False
    bsd_x: bool = False
    running: bool = False
    negate: bool = False
    modifiers: set[str] = field(default_factory=set)
    """UNIX format letters: F c f j l L P T y M."""
    bsd_format: str = ""
    fields: list[tuple[str, bytes | None, int]] = field(default_factory=list)
    """Of -o: specifier, heading if one was given, width if one was given."""
    preload: bool = False
    sort: list[tuple[str, bool]] = field(default_factory=list)
    tree: str = ""
    """``f`` for branches, ``H`` for indentation."""
    header: bool = True
    repeat: bool = False
    wide: int = 0
    columns: int | None = None
    quick: list[int] = field(default_factory=list)
    view: View = field(default_factory=View)
    me: Process | None = None
    accounts: list[users.Passwd] = field(default_factory=list)
    teams: list[users.Group] = field(default_factory=list)
    ttys: dict[bytes, int] = field(default_factory=dict)
    listing: bool = False
    version: bool = False
    help: bytes | None = None
