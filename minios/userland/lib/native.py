"""The file of a native program: a magic number, the program's name, and lines that describe it."""

from typing import NamedTuple

MAGIC = b"\x7fMOS\n"


class Native(NamedTuple):
    """What such a file says."""

    name: bytes
    brand: str
    """The kernel that it was built for: linux, bsd or xv6."""
    needs: bytes = b""
    """The library that it is linked with when it starts; empty if it has all it needs."""
    runpath: bytes = b""
    """Where that is looked for, besides the usual places."""


def parse(data: bytes) -> Native | None:
    """The description of a program; None if the file is no native program."""
    if not data.startswith(MAGIC):
        return None
    name, *lines = data[len(MAGIC) :].split(b"\n")
    known = dict(line.split(b" ", 1) for line in lines if b" " in line)
    brand = known.get(b"abi", b"linux").decode("latin-1")
    return Native(name, brand, known.get(b"needs", b""), known.get(b"runpath", b""))
