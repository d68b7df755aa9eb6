"""Personalities: the tables of system calls that kernels and binaries may be made for."""

from collections.abc import Mapping
from typing import NamedTuple

from minios.abi.syscalls import NAMES, ROWS, UNIMPLEMENTED, Row


class Table(NamedTuple):
    """What is known of a table of system calls: names and rows by number."""

    name: str
    names: Mapping[int, str]
    rows: Mapping[int, Row]


LINUX = Table(
    "linux",
    {number: name for number, (name, _) in UNIMPLEMENTED.items()} | NAMES,
    {number: Row(args, "int", "", 0) for number, (_, args) in UNIMPLEMENTED.items()} | ROWS,
)

TABLES = {"linux": LINUX}


def table_of(name: str) -> Table:
    """The table of a personality."""
    return TABLES[name]
