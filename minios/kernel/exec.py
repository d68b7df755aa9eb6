"""Loading programs: what execve(2) makes of a file.

A native program's file holds :data:`MAGIC` and the program's name in the machine's table; a script
begins with ``#!``. Anything else is ENOEXEC, and a shell then runs it as its own script.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from minios.abi.caps import CAP_SYS_PTRACE, NONE, XATTR, FileCaps, decode_file
from minios.abi.errno import Errno, error
from minios.abi.flags import ARG_MAX, MS_NOEXEC, MS_NOSUID, S_ISGID, S_ISUID
from minios.abi.sys import Program, Sys
from minios.abi.syscalls import BRANDS
from minios.fs.access import MAY_EXEC, MAY_READ, capable, refused, require
from minios.fs.inode import Regular
from minios.kernel.credentials import NO_NEW_PRIVS, after_exec, exec_caps
from minios.kernel.files.pagecache import require_page

if TYPE_CHECKING:
    from minios.fs.inode import Inode
    from minios.kernel.kernel import Kernel
    from minios.kernel.process import PCB

MAGIC = b"\x7fMOS\n"
MAX_INTERPRETERS = 5
"""Scripts may name scripts as their interpreters this often (execve(2)), then ELOOP."""

FREE_ARGUMENTS = 8 << 10
"""Bytes of arguments and environment that are part of every image."""
POINTER = 32
"""What a string of them takes besides its bytes, in this process and in its parent's request."""

_HEAD = 512

LIBC = b"libc.so.6"
"""The C library of programs that are linked when they start."""


def native(name: str, brand: str = "linux", runpath: str | None = None) -> bytes:
    """The content of the file of a native program, built for the kernels of ``brand``.

    With ``runpath``, which may be empty, the C library is not in it: it is :data:`LIBC`, and the
    loader looks for it there too.
    """
    if runpath is not None:
        return MAGIC + b"%b\nneeds %b\nrunpath %b\n" % (name.encode(), LIBC, runpath.encode())
    label = b"" if brand == "linux" else b"abi %b\n" % brand.encode()
    return MAGIC + name.encode() + b"\n" + label


def brand_of(head: bytes) -> str:
    """The brand in the head of a native program's file. ENOEXEC for one that nobody knows."""
    brand = _described(head).get(b"abi", b"linux").decode("latin-1")
    if brand not in BRANDS:
        raise error(Errno.ENOEXEC)
    return brand


def _described(head: bytes) -> dict[bytes, bytes]:
    """What the lines after a program's name say of it."""
    lines = head.split(b"\n")[2:]
    return {key: value for key, _, value in (line.partition(b" ") for line in lines) if key}


def _link(kernel: Kernel, pcb: PCB, head: bytes, image: Image) -> None:
    """Find the C library that a program needs, as ld.so(8) does: its brand becomes the program's.

    LD_LIBRARY_PATH comes first, but not for a set-id program; then its runpath, then /lib. Without
    a library the loader says so, and the program never begins.
    """
    described = _described(head)
    wanted = described.get(b"needs")
    if wanted is None:
        image.brand = brand_of(head)
        return
    path = b""
    if image.euid is None and image.egid is None:
        given = (e[16:] for e in image.environ if e.startswith(b"LD_LIBRARY_PATH="))
        path = next(given, b"")
    for folder in (*path.split(b":"), *described.get(b"runpath", b"").split(b":"), b"/lib"):
        found = _library(kernel, pcb, folder, wanted) if folder else None
        if found is not None:
            image.brand = found
            return
    image.program = _no_library
    image.brand = kernel.personality


def _library(kernel: Kernel, pcb: PCB, folder: bytes, name: bytes) -> str | None:
    """The brand of the library in a directory, if there is one that may be read."""
    try:
        inode = kernel.vfs.walk(pcb, pcb.cwd, folder + b"/" + name).inode
        require(pcb, inode, MAY_READ)
        head: bytes = inode.read(0, _HEAD)  # type: ignore[attr-defined]
        return brand_of(head) if head.startswith(MAGIC) else None
    except (OSError, AttributeError):
        return None


async def _no_library(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    name = argv[0] if argv else b""
    text = b": error while loading shared libraries: " + LIBC
    why = b": cannot open shared object file: No such file or directory\n"
    await sys.write(2, name + text + why)
    return 127


class Image:
    """A program ready to take over a process."""

    __slots__ = (
        "arguments", "argv", "brand", "caps", "comm", "egid", "environ", "euid", "exe", "inode",
        "name", "program",
    )  # fmt: skip

    def __init__(
        self,
        program: Program,
        name: str,
        exe: bytes,
        comm: bytes,
        argv: list[bytes],
        environ: tuple[bytes, ...],
    ) -> None:
        self.program = program
        self.name = name
        self.exe = exe
        self.comm = comm
        self.argv = argv
        self.environ = environ
        size = sum(map(len, argv)) + sum(map(len, environ)) + POINTER * (len(argv) + len(environ))
        self.arguments = max(2 * (size - FREE_ARGUMENTS), 0)
        """Bytes that arguments and environment take beyond what every image has."""
        self.inode: Regular | None = None
        """Its file; None for a program without one (a judge's)."""
        self.brand = "linux"
        """The table of system calls that it, or the C library it is linked with, was made for."""
        self.caps = NONE
        self.euid: int | None = None
        self.egid: int | None = None

    def apply(self, pcb: PCB) -> None:
        """Give the process this image's names and, for a set-id file, its owner's rights."""
        pcb.comm = self.comm[:15]
        pcb.exe = self.exe
        pcb.program = self.name
        pcb.argv = self.argv
        pcb.environ = self.environ
        after_exec(pcb, self.euid, self.egid, self.caps)

    def start(self, pcb: PCB) -> Coroutine[Any, Any, int]:
        """The program's coroutine, not yet begun. Of a name given twice the first value counts."""
        env: dict[bytes, bytes] = {}
        for entry in self.environ:
            name, _, value = entry.partition(b"=")
            env.setdefault(name, value)
        program: Coroutine[Any, Any, int] = pcb.bound(self.program(pcb.sys, list(self.argv), env))
        return program


def load(
    kernel: Kernel, pcb: PCB, path: bytes, argv: list[bytes], environ: tuple[bytes, ...]
) -> Image:
    """Find and check what ``path`` names. E2BIG EACCES ELOOP ENOENT ENOEXEC ENOTDIR."""
    if sum(len(s) + 1 for s in argv) + sum(len(s) + 1 for s in environ) > ARG_MAX:
        raise error(Errno.E2BIG)
    if kernel.hidden:
        return _judge_image(kernel, pcb, path, argv, environ)
    comm = path.rpartition(b"/")[2]
    for _ in range(MAX_INTERPRETERS + 1):
        dentry = kernel.vfs.walk(pcb, pcb.cwd, path)
        inode = dentry.inode
        if not inode.is_regular:
            raise refused(Errno.EACCES, "kind", inode, 0, dentry)
        if not pcb.judge and kernel.vfs.mount_of(dentry).flags & MS_NOEXEC:
            raise refused(Errno.EACCES, "noexec", inode, 0, dentry)
        require(pcb, inode, MAY_EXEC)
        require_page(kernel, pcb, inode)
        head: bytes = inode.read(0, _HEAD)  # type: ignore[attr-defined]
        if head.startswith(MAGIC):
            name = head[len(MAGIC) :].partition(b"\n")[0].decode("latin-1")
            try:
                program = kernel.machine.programs(name)
            except KeyError:
                raise error(Errno.ENOEXEC) from None
            image = Image(program, name, dentry.path(), comm, argv, environ)
            assert isinstance(inode, Regular)
            image.inode = inode
            if not kernel.vfs.mount_of(dentry).flags & MS_NOSUID:
                _privileges(pcb, inode, image)
            else:
                image.caps = exec_caps(pcb, None, None)
            _link(kernel, pcb, head, image)
            return image
        if not head.startswith(b"#!"):
            raise error(Errno.ENOEXEC)
        words = head[2:].partition(b"\n")[0].strip(b" \t").split(None, 1)
        if not words:
            raise error(Errno.ENOEXEC)
        argv = [*(word.strip(b" \t") for word in words), path, *argv[1:]]
        path = argv[0]
    raise error(Errno.ELOOP)


def _privileges(pcb: PCB, inode: Inode, image: Image) -> None:
    """What a set-id file or one with capabilities gives, if anything may. EPERM."""
    file: FileCaps | None = None
    watched = pcb.tracer is not None and not capable(pcb.tracer.by, CAP_SYS_PTRACE)
    if not watched and not pcb.attributes & NO_NEW_PRIVS:
        if inode.mode & S_ISUID:
            image.euid = inode.uid
        if inode.mode & S_ISGID and inode.mode & 0o010:
            image.egid = inode.gid
        if inode.xattrs is not None and XATTR in inode.xattrs:
            file = decode_file(inode.xattrs[XATTR])
    image.caps = exec_caps(pcb, image.euid, file)


def _judge_image(
    kernel: Kernel, pcb: PCB, path: bytes, argv: list[bytes], environ: tuple[bytes, ...]
) -> Image:
    """A judge's commands come from the game's own table, whatever the machine's files say."""
    name = path.rpartition(b"/")[2]
    try:
        program = kernel.machine.programs(name.decode("latin-1"))
    except KeyError:
        raise error(Errno.ENOENT) from None
    image = Image(program, name.decode("latin-1"), b"/bin/" + name, name, argv, environ)
    image.caps = pcb.caps
    return image
