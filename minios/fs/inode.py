"""Inodes and the names that lead to them.

An inode is reached through :class:`Dentry` objects, one a name; a directory has exactly one, so
that ``..`` and getcwd(2) need no search. A file that lost its last name lives on while it is open.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import CAP_FSETID
from minios.abi.caps import XATTR as CAPS_XATTR
from minios.abi.errno import Errno, error
from minios.abi.records import Dirent, Stat

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.fs.filesystem import FileSystem
    from minios.fs.mount import Mount
    from minios.fs.watch import Watch

BLOCK = 4096
"""Bytes of a block, the unit in which space is counted."""

CHUNK_BITS = 16
CHUNK = 1 << CHUNK_BITS
MAX_FILE_SIZE = 1 << 44
"""Bytes; a write or truncate beyond it is EFBIG (ext4's limit with 4 KiB blocks)."""

LINK_MAX = 65000

_FSETID = 1 << CAP_FSETID

META = Struct("<QIIIIqqqQ")
"""What a digest says of an inode beside its content."""


class Dentry:
    """One name of an inode. ``parent`` is None for the root of a file system.

    ``mounted`` is the root of the file system mounted here, ``mount`` the mount that this is the
    root of; ``gone`` is true once the name was removed.
    """

    __slots__ = ("gone", "inode", "mount", "mounted", "name", "parent")

    def __init__(self, name: bytes, parent: "Dentry | None", inode: "Inode") -> None:
        self.name = name
        self.parent = parent
        self.inode = inode
        self.mounted: Dentry | None = None
        self.mount: Mount | None = None
        self.gone = False

    def path(self) -> bytes:
        """The absolute path; a removed name ends in ``" (deleted)"`` as in proc(5).

        What never had a place in the tree (a pipe) is shown by its bare name.
        """
        names: list[bytes] = []
        at: Dentry = self
        gone = self.gone
        while True:
            if at.parent is not None:
                names.append(at.name)
                at = at.parent
                gone = gone or at.gone
            elif at.mount is not None and at.mount.covers is not None:
                at = at.mount.covers
            else:
                break
        if not names and at.name:
            return at.name
        text = b"/" + b"/".join(reversed(names))
        return text + b" (deleted)" if gone else text


class Inode:
    """What all kinds share. Times are ns of CLOCK_REALTIME; ``opens`` counts open descriptions.

    ``driver`` belongs to the kernel: the pipe behind a FIFO, or what a device node opens instead of
    the driver that its ``rdev`` selects.
    """

    __slots__ = (
        "_digest",
        "_txn",
        "atime",
        "ctime",
        "driver",
        "fs",
        "gid",
        "ino",
        "locks",
        "mode",
        "mtime",
        "nlink",
        "opens",
        "rdev",
        "uid",
        "watches",
        "xattrs",
    )

    def __init__(self, fs: "FileSystem", ino: int, mode: int, uid: int, gid: int) -> None:
        now = fs.clock()
        self.fs = fs
        self.ino = ino
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.nlink = 0
        self.rdev = 0
        self.opens = 0
        self.atime = now
        self.mtime = now
        self.ctime = now
        self.driver: Any = None
        self.xattrs: dict[bytes, bytes] | None = None
        """Extended attributes (xattr(7)), once there are any."""
        self.locks: Any = None
        """What the kernel keeps of the locks on it, once there are any."""
        self.watches: list[Watch] | None = None
        """Who is told what happens to it, once somebody is (minios.fs.watch)."""
        self._digest: bytes | None = None
        self._txn = 0
        """The transaction of the journal that knows what this inode was before."""

    @property
    def size(self) -> int:
        """Bytes, as st_size."""
        return 0

    @property
    def blocks(self) -> int:
        """Blocks of :data:`BLOCK` bytes that it occupies."""
        return 0

    @property
    def is_dir(self) -> bool:
        return self.mode & flags.S_IFMT == flags.S_IFDIR

    @property
    def is_link(self) -> bool:
        return self.mode & flags.S_IFMT == flags.S_IFLNK

    @property
    def is_regular(self) -> bool:
        return self.mode & flags.S_IFMT == flags.S_IFREG

    def without_set_ids(self) -> int:
        """The mode that is left when somebody changes a file: setgid stays if nobody of the group
        executes it, and directories keep both (chown(2)).
        """
        if self.is_dir:
            return self.mode
        mode = self.mode & ~flags.S_ISUID
        return mode & ~flags.S_ISGID if mode & 0o010 else mode

    def stat(self) -> Stat:
        return Stat(
            self.fs.dev,
            self.ino,
            self.mode,
            self.nlink,
            self.uid,
            self.gid,
            self.rdev,
            self.size,
            BLOCK,
            self.blocks * (BLOCK // 512),
            self.atime,
            self.mtime,
            self.ctime,
        )

    # -- what directories, links and synthetic files answer ------------------------------------

    def lookup(self, who: "Credentials", at: Dentry, name: bytes) -> Dentry | None:
        """The entry ``name`` of this directory, which was reached as ``at``; None if absent."""
        raise error(Errno.ENOTDIR)

    def list(self, who: "Credentials") -> Iterable[Dirent]:
        """The entries without ``.`` and ``..``."""
        raise error(Errno.ENOTDIR)

    def readlink(self, who: "Credentials") -> bytes:
        """A symbolic link's text. EINVAL for everything else."""
        raise error(Errno.EINVAL)

    def follow(self, who: "Credentials") -> Dentry | None:
        """Where a link leads without a path (the magic links of proc(5)); None: by its text."""
        return None

    def content(self, who: "Credentials") -> bytes:
        """A synthetic file's text, made when it is read. EINVAL for everything else."""
        raise error(Errno.EINVAL)

    def store(self, who: "Credentials", data: bytes) -> None:
        """Take what is written to a synthetic file. EINVAL for everything else."""
        raise error(Errno.EINVAL)

    # -- changes -------------------------------------------------------------------------------

    def alter(self) -> None:
        """Call before anything of the inode is changed: a journal keeps what it was."""
        if self._txn != self.fs.txn:
            self.fs.save(self)

    def dirty(self) -> None:
        """Note a change: the digest is stale and whoever watches files is told."""
        self._digest = None
        self.fs.changed()

    def changed(self) -> None:
        """A change of the inode itself: ctime moves."""
        self.ctime = self.fs.clock()
        self.dirty()

    def modified(self) -> None:
        """A change of the content: mtime and ctime move."""
        self.mtime = self.ctime = self.fs.clock()
        self.dirty()

    def accessed(self, *, strictly: bool = False) -> None:
        """Note a read, by the rule of relatime (mount(8)): at most once a change or a day."""
        now = self.fs.clock()
        fresh = self.atime > self.mtime and self.atime > self.ctime
        if fresh and not strictly and now - self.atime < 86_400_000_000_000:
            return
        if now != self.atime:
            self.atime = now
            self._digest = None

    def release(self) -> None:
        """An open description went away; free the inode if that was the last hold on it."""
        self.opens -= 1
        if not self.opens and not self.nlink:
            self.fs.free(self)

    def content_digest(self) -> bytes:
        return b""

    def digest(self) -> bytes:
        """32 bytes over everything a program could observe; cached until the next change."""
        if self._digest is None:
            meta = META.pack(
                self.ino,
                self.mode,
                self.nlink,
                self.uid,
                self.gid,
                self.atime,
                self.mtime,
                self.ctime,
                self.rdev,
            )
            if self.xattrs:
                for name, value in sorted(self.xattrs.items()):
                    meta += b"%d:%b%d:%b" % (len(name), name, len(value), value)
            self._digest = blake2b(meta + self.content_digest(), digest_size=32).digest()
        return self._digest


class Regular(Inode):
    """A regular file, kept in chunks of 64 KiB that exist once something was written there.

    A chunk may be shorter than 64 KiB; what is missing reads as zeros and occupies no space.
    """

    __slots__ = ("_chunks", "_content_digest", "_lazy", "_size", "_source", "mapping")

    def __init__(self, fs: "FileSystem", ino: int, mode: int, uid: int, gid: int) -> None:
        super().__init__(fs, ino, mode, uid, gid)
        self._chunks: dict[int, bytearray] = {}
        self._size = 0
        self._content_digest: bytes | None = None
        self._lazy: Callable[[], bytes] | None = None
        self._source: bytes | None = None
        self.mapping: Any = None
        """The kernel's: the file as memory, once somebody maps it (``before_read(offset, count)``,
        ``after_write(offset, count)``, ``truncated(size)``)."""

    @property
    def size(self) -> int:
        if self._lazy is not None:
            self._load()
        return self._size

    def fill_later(self, name: bytes, source: Callable[[], bytes]) -> None:
        """Give the file a content that is fetched when it is first looked at.

        ``source`` must always return the same bytes; ``name`` stands for them in the digest, so
        that the digest does not depend on whether somebody looked.
        """
        self._lazy = source
        self._source = name
        self.dirty()

    def _load(self) -> None:
        source, self._lazy = self._lazy, None
        assert source is not None
        data = source()
        for at in range(0, len(data), CHUNK):
            self._chunks[at >> CHUNK_BITS] = bytearray(data[at : at + CHUNK])
        self._size = len(data)
        self.fs.used_blocks += self.blocks

    @property
    def blocks(self) -> int:
        return sum((len(chunk) + BLOCK - 1) // BLOCK for chunk in self._chunks.values())

    def read(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes from ``offset``; empty at or beyond the end."""
        if self._lazy is not None:
            self._load()
        if self.mapping is not None:
            self.mapping.before_read(offset, count)
        end = offset + count
        if end > self._size:
            end = self._size
        if offset >= end:
            return b""
        index = offset >> CHUNK_BITS
        start = offset & CHUNK - 1
        if end - offset <= CHUNK - start:
            return self._piece(index, start, end - offset)
        pieces: list[bytes] = []
        while offset < end:
            start = offset & CHUNK - 1
            length = min(CHUNK - start, end - offset)
            pieces.append(self._piece(offset >> CHUNK_BITS, start, length))
            offset += length
        return b"".join(pieces)

    def _piece(self, index: int, start: int, length: int) -> bytes:
        chunk = self._chunks.get(index)
        if chunk is None:
            return bytes(length)
        data = bytes(chunk[start : start + length])
        return data if len(data) == length else data + bytes(length - len(data))

    def write(self, offset: int, data: bytes) -> int:
        """Write at ``offset``; how many bytes fitted. ENOSPC if none did, EFBIG past the limit."""
        if self._lazy is not None:
            self._load()
        self.alter()
        if offset + len(data) > MAX_FILE_SIZE:
            data = data[: max(0, MAX_FILE_SIZE - offset)]
            if not data:
                raise error(Errno.EFBIG)
        done = 0
        total = len(data)
        while done < total:
            at = offset + done
            start = at & CHUNK - 1
            wanted = min(CHUNK - start, total - done)
            taken = self._write_chunk(at >> CHUNK_BITS, start, data[done : done + wanted])
            done += taken
            if taken < wanted:
                break
        if not done and total:
            raise error(self.fs.full)
        if offset + done > self._size:
            self._size = offset + done
        self._content_digest = self._source = None
        self.modified()
        if self.mapping is not None:
            self.mapping.after_write(offset, done)
        return done

    def _write_chunk(self, index: int, start: int, data: bytes) -> int:
        chunk = self._chunks.get(index)
        have = len(chunk) if chunk is not None else 0
        if start + len(data) > have:
            held = (have + BLOCK - 1) // BLOCK
            more = (start + len(data) + BLOCK - 1) // BLOCK - held
            if more > 0:
                free = self.fs.free_blocks
                if more > free:
                    more = free
                    data = data[: max(0, (held + free) * BLOCK - start)]
                    if not data:
                        return 0
                self.fs.used_blocks += more
        if chunk is None:
            chunk = self._chunks[index] = bytearray()
        if start > have:
            chunk.extend(bytes(start - have))
        chunk[start : start + len(data)] = data
        return len(data)

    def truncate(self, size: int) -> None:
        """Cut or extend to ``size`` bytes; what is added is a hole. EFBIG."""
        if size > MAX_FILE_SIZE:
            raise error(Errno.EFBIG)
        if self._lazy is not None:
            self._load()
        self.alter()
        if size < self._size:
            before = self.blocks
            last, keep = size >> CHUNK_BITS, size & CHUNK - 1
            for index in [i for i in self._chunks if i > last or (i == last and not keep)]:
                del self._chunks[index]
            if last in self._chunks:
                del self._chunks[last][keep:]
            self.fs.used_blocks -= before - self.blocks
        self._size = size
        self._content_digest = self._source = None
        self.modified()
        if self.mapping is not None:
            self.mapping.truncated(size)

    def drop_privileges(self, who: "Credentials") -> None:
        """What a write or cut takes from a file: its capabilities, and without CAP_FSETID the
        setuid and setgid bits (write(2), capabilities(7)).
        """
        if self.xattrs is not None and CAPS_XATTR in self.xattrs:
            self.alter()
            self.xattrs = {k: v for k, v in self.xattrs.items() if k != CAPS_XATTR}
            self.changed()
        if self.mode & (flags.S_ISUID | flags.S_ISGID) and not who.caps.effective & _FSETID:
            self.alter()
            self.mode = self.without_set_ids()
            self.changed()

    def content_digest(self) -> bytes:
        if self._source is not None:
            return b"source:" + self._source
        if self._content_digest is None:
            whole = blake2b(b"%d;" % self._size, digest_size=32)
            for index in sorted(self._chunks):
                chunk = self._chunks[index]
                whole.update(b"%d:%d:" % (index, len(chunk)))
                whole.update(chunk)
            self._content_digest = whole.digest()
        return self._content_digest


class Directory(Inode):
    """Names and where they lead. ``dentry`` is the directory's own one name."""

    __slots__ = ("dentry", "entries", "room")

    def __init__(self, fs: "FileSystem", ino: int, mode: int, uid: int, gid: int) -> None:
        super().__init__(fs, ino, mode, uid, gid)
        self.entries: dict[bytes, Dentry] = {}
        self.room = 24
        """Bytes that the entries take on disk, ``.`` and ``..`` among them."""
        self.dentry: Dentry | None = None

    @property
    def size(self) -> int:
        return self.blocks * BLOCK

    @property
    def blocks(self) -> int:
        return (self.room + BLOCK - 1) // BLOCK

    def lookup(self, who: "Credentials", at: Dentry, name: bytes) -> Dentry | None:
        return self.entries.get(name)

    def list(self, who: "Credentials") -> Iterable[Dirent]:
        return [
            Dirent(name, entry.inode.ino, entry.inode.mode & flags.S_IFMT)
            for name, entry in self.entries.items()
        ]

    def content_digest(self) -> bytes:
        number = self.number
        return b"".join(
            b"%d:%b:%d," % (len(name), name, number(name)) for name in sorted(self.entries)
        )

    def number(self, name: bytes) -> int:
        """The inode number of an entry."""
        return self.entries[name].inode.ino


class Symlink(Inode):
    """A symbolic link. A text under 60 bytes lives in the inode, as on ext4."""

    __slots__ = ("target",)

    def __init__(self, fs: "FileSystem", ino: int, uid: int, gid: int, target: bytes) -> None:
        super().__init__(fs, ino, flags.S_IFLNK | 0o777, uid, gid)
        self.target = target

    @property
    def size(self) -> int:
        return len(self.target)

    @property
    def blocks(self) -> int:
        return 1 if len(self.target) >= 60 else 0

    def readlink(self, who: "Credentials") -> bytes:
        return self.target

    def content_digest(self) -> bytes:
        return self.target


class Special(Inode):
    """A FIFO or a device node: a name for something that the kernel keeps elsewhere."""

    __slots__ = ()

    def __init__(
        self, fs: "FileSystem", ino: int, mode: int, uid: int, gid: int, rdev: int = 0
    ) -> None:
        super().__init__(fs, ino, mode, uid, gid)
        self.rdev = rdev
