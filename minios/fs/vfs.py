"""One tree out of several file systems: mounts, path walks, and the file calls with their checks.

Every path call takes who asks and the directory where relative paths start. Errors are those of the
man pages, in Linux's order. Modes come with the caller's umask applied.
"""

from hashlib import blake2b

from minios.abi import flags
from minios.abi.caps import CAP_CHOWN, CAP_FOWNER, CAP_FSETID, CAP_MKNOD
from minios.abi.caps import XATTR as CAPS_XATTR
from minios.abi.errno import Errno, error
from minios.abi.inotify import (
    IN_ATTRIB,
    IN_CREATE,
    IN_DELETE,
    IN_ISDIR,
    IN_MODIFY,
    IN_MOVE_SELF,
    IN_MOVED_FROM,
    IN_MOVED_TO,
)
from minios.fs.access import (
    MAY_EXEC,
    MAY_READ,
    MAY_WRITE,
    ROOT,
    Credentials,
    capable,
    in_group,
    may_remove,
    may_search_all,
    permitted,
    refused,
    require,
    require_change,
    require_owner,
)
from minios.fs.filesystem import FileSystem
from minios.fs.inode import Dentry, Directory, Inode, Regular
from minios.fs.mount import Bound, Mount
from minios.fs.protect import Protection
from minios.fs.watch import tell, tell_entry, tell_place, tell_unmounted

MAX_LINKS = 40
"""Symbolic links followed in one walk before ELOOP (path_resolution(7))."""

MAX_COMPONENTS = 4096
"""Names that links may add to one walk before ELOOP, so that it is bounded work."""

_DOTS = (b"", b".", b"..")


class Vfs:
    """The mount table over one root file system."""

    def __init__(self, root: FileSystem) -> None:
        self.root = root.root
        self._numbers = 0
        self.mounts: list[Mount] = []
        """Every mount, the one of the root first."""
        self.restricted = 0
        """How many mounts or file systems are read-only."""
        self.own_times = False
        """Whether some mount does not note reads as relatime does."""
        self.attach(root, None, flags.MS_RELATIME)
        self.protect = Protection()
        self.watching = 0
        """How many watches there are (minios.fs.watch); while there are none nobody is told."""
        self.cookie = 0
        """Of the last rename that was watched (inotify(7))."""

    # -- mounts --------------------------------------------------------------------------------

    def mount(
        self,
        fs: FileSystem,
        path: bytes,
        mount_flags: int = flags.MS_RELATIME,
        source: bytes | None = None,
    ) -> Mount:
        """Put the root of ``fs`` over the directory at ``path``. ENOENT ENOTDIR."""
        at = self.walk(ROOT, self.root, path)
        if not at.inode.is_dir:
            raise error(Errno.ENOTDIR)
        return self.attach(fs, at, mount_flags, source=source)

    def attach(
        self,
        fs: FileSystem,
        at: Dentry | None,
        mount_flags: int,
        *,
        part: Dentry | None = None,
        source: bytes | None = None,
    ) -> Mount:
        """Show ``fs``, or a ``part`` of it, at ``at``. A second mount has names of its own."""
        if part is None and not fs.mounts:
            root = fs.root
        else:
            root = Bound(b"", None, part if part is not None else fs.root)
        self._numbers += 1
        name = fs.source if source is None else source
        mount = Mount(self._numbers, fs, root, at, mount_flags, name)
        fs.mounts += 1
        self.mounts.append(mount)
        if at is not None:
            self.cover(at, root)
        self.count_restricted()
        return mount

    def cover(self, at: Dentry, root: Dentry | None) -> None:
        """Let ``root``, or nothing, be seen instead of ``at``."""
        at.mounted = root
        if isinstance(at, Bound):
            over = self.mount_of(at).over
            if root is None:
                over.pop(at.inode, None)
            else:
                over[at.inode] = root

    def unmount(self, mount: Mount) -> None:
        """Uncover what ``mount`` was on."""
        assert mount.covers is not None
        fs = mount.fs
        if self.watching and fs.mounts == 1:
            for inode in [fs.root.inode, *fs.inodes.values()]:
                tell_unmounted(inode)
        self.mounts.remove(mount)
        fs.mounts -= 1
        self.cover(mount.covers, None)
        mount.covers = None
        mount.root.mount = None
        self.count_restricted()

    def count_restricted(self) -> None:
        """The flags of some mount are others."""
        self.restricted = sum(mount.readonly for mount in self.mounts)
        unusual = flags.MS_NOATIME | flags.MS_NODIRATIME | flags.MS_STRICTATIME
        self.own_times = any(mount.flags & unusual for mount in self.mounts)

    def accessed(self, dentry: Dentry) -> None:
        """Somebody read what ``dentry`` names: note it as its mount wants that (mount(8))."""
        inode = dentry.inode
        if not self.own_times and not self.restricted:
            inode.accessed()
            return
        mount = self.mount_of(dentry)
        if mount.readonly or mount.flags & flags.MS_NOATIME:
            return
        if mount.flags & flags.MS_NODIRATIME and inode.is_dir:
            return
        inode.accessed(strictly=mount.flags & flags.MS_STRICTATIME != 0)

    def mount_of(self, dentry: Dentry) -> Mount:
        """The mount by which ``dentry`` was reached; for what has no place, that of the root."""
        while dentry.parent is not None:
            dentry = dentry.parent
        return dentry.mount if dentry.mount is not None else self.mounts[0]

    def writable(self, who: Credentials, dentry: Dentry) -> None:
        """EROFS for a judge, and on what is mounted read-only."""
        require_change(who)
        if self.restricted and self.mount_of(dentry).readonly:
            raise refused(Errno.EROFS, "readonly", dentry.inode, 0, dentry)

    def digest(self) -> bytes:
        """32 bytes over every mounted file system."""
        whole = blake2b(digest_size=32)
        seen: dict[FileSystem, None] = {}
        for mount in self.mounts:
            whole.update(b"%d:%d:%d;" % (mount.id, mount.flags, mount.fs.readonly))
            seen[mount.fs] = None
        for fs in seen:
            whole.update(fs.digest())
        return whole.digest()

    # -- walks ---------------------------------------------------------------------------------

    def walk(self, who: Credentials, base: Dentry, path: bytes, *, follow: bool = True) -> Dentry:
        """What ``path`` names; ``follow`` says whether a final symbolic link is followed.

        EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR.
        """
        _check_path(path)
        at = self.root if path[0] == 47 else base
        todo = _components(path)
        links = piled = 0
        free = may_search_all(who)
        while todo:
            name = todo.pop()
            inode = at.inode
            if inode.mode & flags.S_IFMT != flags.S_IFDIR:
                raise error(Errno.ENOTDIR)
            if not name:
                continue
            if not free and not permitted(who, inode, MAY_EXEC):
                raise refused(Errno.EACCES, "search", inode, MAY_EXEC, at)
            if name == b".":
                continue
            if name == b"..":
                at = self.up(at)
                continue
            if len(name) > flags.NAME_MAX:
                raise error(Errno.ENAMETOOLONG)
            child = inode.lookup(who, at, name)
            if child is None:
                raise error(Errno.ENOENT)
            if type(at) is Bound:
                child = self._bound(at, child)
            while child.mounted is not None:
                child = child.mounted
            inode = child.inode
            if inode.mode & flags.S_IFMT == flags.S_IFLNK and (follow or todo):
                links += 1
                if links > MAX_LINKS or piled > MAX_COMPONENTS:
                    raise error(Errno.ELOOP)
                jump = inode.follow(who)
                if jump is not None:
                    at = jump
                    continue
                if not todo:
                    self.protect.follow(who, at.inode, inode)
                target = inode.readlink(who)
                _check_path(target)
                if target[0] == 47:
                    at = self.root
                more = _components(target)
                piled += len(more)
                todo.extend(more)
                continue
            at = child
        return at

    def up(self, at: Dentry) -> Dentry:
        """The parent directory, across mount points; the root is its own."""
        while at.parent is None:
            if at.mount is None or at.mount.covers is None:
                return at
            at = at.mount.covers
        return at.parent

    def _bound(self, at: Bound, child: Dentry) -> Dentry:
        """``child`` as it is seen in a mount whose names are its own, with what covers it there."""
        seen = at.under(child)
        seen.mounted = self.mount_of(at).over.get(child.inode)
        return seen

    def parent(self, who: Credentials, base: Dentry, path: bytes) -> tuple[Dentry, bytes, bool]:
        """Walk to the directory of the last name: (directory, name, whether a slash follows).

        The name may be ``.`` or ``..``, or empty for the root. The directory may be searched.
        """
        _check_path(path)
        stripped = path.rstrip(b"/")
        if not stripped:
            return self.root, b"", True
        head, slash, name = stripped.rpartition(b"/")
        at = self.walk(who, base, head + b"/" if slash else b".")
        if not at.inode.is_dir:
            raise error(Errno.ENOTDIR)
        require(who, at.inode, MAY_EXEC)
        return at, name, len(stripped) != len(path)

    def _entry(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        """The entry itself, not what is mounted there; None if absent. ENAMETOOLONG.

        In /proc nothing can be made: there a missing name is ENOENT even to who would make it.
        """
        if len(name) > flags.NAME_MAX:
            raise error(Errno.ENAMETOOLONG)
        entry = at.inode.lookup(who, at, name)
        if entry is None and at.inode.fs.type == b"proc":
            raise error(Errno.ENOENT)
        return entry

    def _apart(self, one: Dentry, other: Dentry) -> bool:
        """Whether two places belong to different mounts, between which no name is moved."""
        if one.inode.fs is not other.inode.fs:
            return True
        return one.inode.fs.mounts > 1 and self.mount_of(one) is not self.mount_of(other)

    def _lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry:
        """The same, ENOENT if absent."""
        entry = self._entry(who, at, name)
        if entry is None:
            raise error(Errno.ENOENT)
        return entry

    # -- opening and making --------------------------------------------------------------------

    def open(
        self, who: Credentials, base: Dentry, path: bytes, oflag: int, mode: int
    ) -> tuple[Dentry, bool]:
        """What open(2) finds or, with O_CREAT, makes; the second is whether it was made.

        Checks permissions and does O_TRUNC. EACCES EEXIST EISDIR ELOOP ENOENT ENOSPC ENOTDIR EROFS.
        """
        follow = not oflag & flags.O_NOFOLLOW
        if oflag & flags.O_CREAT and oflag & flags.O_DIRECTORY:
            raise error(Errno.EINVAL)
        if oflag & flags.O_CREAT:
            dentry, made = self._open_create(who, base, path, oflag, mode)
        else:
            dentry, made = self.walk(who, base, path, follow=follow), False
        inode = dentry.inode
        if inode.is_link:
            raise error(Errno.ENOTDIR if oflag & flags.O_DIRECTORY else Errno.ELOOP)
        accmode = oflag & flags.O_ACCMODE
        if inode.is_dir:
            if accmode != flags.O_RDONLY or oflag & (flags.O_CREAT | flags.O_TRUNC):
                raise error(Errno.EISDIR)
        elif oflag & flags.O_DIRECTORY:
            raise error(Errno.ENOTDIR)
        if not made:
            want = _WANT[accmode]
            if oflag & flags.O_TRUNC:
                want |= MAY_WRITE
            if want & MAY_WRITE and inode.is_regular:
                self.writable(who, dentry)
            require(who, inode, want)
            if oflag & flags.O_TRUNC and isinstance(inode, Regular):
                inode.drop_privileges(who)
                inode.truncate(0)
        return dentry, made

    def _open_create(
        self, who: Credentials, base: Dentry, path: bytes, oflag: int, mode: int
    ) -> tuple[Dentry, bool]:
        exclusive = oflag & flags.O_EXCL
        for _ in range(MAX_LINKS + 1):
            at, name, slash = self.parent(who, base, path)
            if slash or name in _DOTS:
                raise error(Errno.EEXIST if exclusive and name in _DOTS else Errno.EISDIR)
            entry = self._entry(who, at, name)
            if entry is None:
                return self._make(who, at, name, flags.S_IFREG | mode & 0o7777), True
            if exclusive:
                raise error(Errno.EEXIST)
            if type(at) is Bound:
                entry = self._bound(at, entry)
            while entry.mounted is not None:
                entry = entry.mounted
            if not entry.inode.is_link or oflag & flags.O_NOFOLLOW:
                self.protect.create(who, at.inode, entry.inode)
                return entry, False
            jump = entry.inode.follow(who)
            if jump is not None:
                return jump, False
            self.protect.follow(who, at.inode, entry.inode)
            base, path = at, entry.inode.readlink(who)
        raise error(Errno.ELOOP)

    def _make(
        self,
        who: Credentials,
        at: Dentry,
        name: bytes,
        mode: int,
        *,
        rdev: int = 0,
        target: bytes = b"",
    ) -> Dentry:
        """A new entry owned by the caller, with the group rule of setgid directories (inode(7))."""
        self.writable(who, at)
        require(who, at.inode, MAY_WRITE | MAY_EXEC)
        gid = who.egid
        if at.inode.mode & flags.S_ISGID:
            gid = at.inode.gid
            if mode & flags.S_IFMT == flags.S_IFDIR:
                mode |= flags.S_ISGID
        dentry = at.inode.fs.make(at, name, mode, who.euid, gid, rdev=rdev, target=target)
        if self.watching:
            tell_entry(at, IN_CREATE, name, dentry.inode)
        return at.under(dentry) if type(at) is Bound else dentry

    def _new_name(
        self, who: Credentials, base: Dentry, path: bytes, *, directory: bool = False
    ) -> tuple[Dentry, bytes]:
        """Where something new is to appear. EEXIST; ENOENT for a slash after a non-directory."""
        at, name, slash = self.parent(who, base, path)
        if name in _DOTS or self._entry(who, at, name) is not None:
            raise error(Errno.EEXIST)
        if slash and not directory:
            raise error(Errno.ENOENT)
        return at, name

    def mkdir(self, who: Credentials, base: Dentry, path: bytes, mode: int) -> Dentry:
        """mkdir(2). EACCES EEXIST EMLINK ENOENT ENOSPC ENOTDIR EROFS."""
        at, name = self._new_name(who, base, path, directory=True)
        return self._make(who, at, name, flags.S_IFDIR | mode & 0o1777)

    def mknod(
        self, who: Credentials, base: Dentry, path: bytes, mode: int, rdev: int = 0
    ) -> Dentry:
        """mknod(2): a regular file or FIFO for everybody, a device node for root (EPERM)."""
        kind = mode & flags.S_IFMT or flags.S_IFREG
        if kind == flags.S_IFDIR:
            raise error(Errno.EPERM)
        if kind not in _MAKES:
            raise error(Errno.EINVAL)
        at, name = self._new_name(who, base, path)
        if kind in (flags.S_IFCHR, flags.S_IFBLK) and not capable(who, CAP_MKNOD):
            require(who, at.inode, MAY_WRITE | MAY_EXEC)
            raise refused(Errno.EPERM, "mknod")
        return self._make(who, at, name, kind | mode & 0o7777, rdev=rdev)

    def symlink(self, who: Credentials, base: Dentry, target: bytes, path: bytes) -> Dentry:
        """symlink(2). ENOENT for an empty target."""
        _check_path(target)
        at, name = self._new_name(who, base, path)
        return self._make(who, at, name, flags.S_IFLNK | 0o777, target=target)

    def link(self, who: Credentials, base: Dentry, old: bytes, new: bytes) -> Dentry:
        """link(2): a symbolic link is linked itself. EEXIST EMLINK EPERM (directory) EXDEV."""
        source = self.walk(who, base, old, follow=False)
        inode = source.inode
        at, name = self._new_name(who, base, new)
        if self._apart(source, at):
            raise error(Errno.EXDEV)
        self.writable(who, at)
        require(who, at.inode, MAY_WRITE | MAY_EXEC)
        if inode.is_dir:
            raise refused(Errno.EPERM, "link.directory", inode)
        self.protect.link(who, inode)
        dentry = inode.fs.link(inode, at, name)
        if self.watching:
            tell(inode, IN_ATTRIB)
            tell_entry(at, IN_CREATE, name, inode)
        return dentry

    # -- removing and moving -------------------------------------------------------------------

    def unlink(self, who: Credentials, base: Dentry, path: bytes) -> None:
        """unlink(2). EISDIR for a directory; EPERM by the sticky bit."""
        at, name, slash = self.parent(who, base, path)
        if name in _DOTS:
            raise error(Errno.EISDIR)
        entry = self._lookup(who, at, name)
        if slash:
            raise error(Errno.EISDIR if entry.inode.is_dir else Errno.ENOTDIR)
        self.writable(who, at)
        may_remove(who, at.inode, entry.inode)
        if entry.inode.is_dir:
            raise error(Errno.EISDIR)
        if self.watching:
            tell(entry.inode, IN_ATTRIB)
        at.inode.fs.unlink(entry)
        if self.watching:
            tell_entry(at, IN_DELETE, name, entry.inode)

    def rmdir(self, who: Credentials, base: Dentry, path: bytes) -> None:
        """rmdir(2). EBUSY EINVAL (``.``) ENOTDIR ENOTEMPTY."""
        at, name, _ = self.parent(who, base, path)
        if name in _DOTS:
            raise error({b"": Errno.EBUSY, b".": Errno.EINVAL, b"..": Errno.ENOTEMPTY}[name])
        entry = self._lookup(who, at, name)
        self.writable(who, at)
        may_remove(who, at.inode, entry.inode)
        if not entry.inode.is_dir:
            raise error(Errno.ENOTDIR)
        if entry.mounted is not None:
            raise refused(Errno.EBUSY, "mounted", entry.inode, 0, entry)
        if not isinstance(entry.inode, Directory):
            raise refused(Errno.EPERM, "synthetic", entry.inode, 0, entry)
        if entry.inode.entries:
            raise error(Errno.ENOTEMPTY)
        at.inode.fs.unlink(entry)
        if self.watching:
            tell_entry(at, IN_DELETE, name, entry.inode)

    def rename(self, who: Credentials, base: Dentry, old: bytes, new: bytes) -> None:
        """rename(2). EBUSY EINVAL EISDIR ENOTDIR ENOTEMPTY EXDEV; the same inode is no change."""
        at, name, slash = self.parent(who, base, old)
        to, new_name, new_slash = self.parent(who, base, new)
        fs = at.inode.fs
        if self._apart(at, to):
            raise error(Errno.EXDEV)
        if name in _DOTS or new_name in _DOTS:
            raise refused(Errno.EBUSY, "dots")
        self.writable(who, at)
        source = self._lookup(who, at, name)
        target = self._entry(who, to, new_name)
        is_dir = source.inode.is_dir
        if (slash or new_slash) and not is_dir:
            raise error(Errno.ENOTDIR)
        if _within(to, source):
            raise error(Errno.EINVAL)
        if target is not None and _within(at, target):
            raise error(Errno.ENOTEMPTY)
        if target is not None and target.inode is source.inode:
            return
        may_remove(who, at.inode, source.inode)
        if target is None:
            require(who, to.inode, MAY_WRITE | MAY_EXEC)
        else:
            may_remove(who, to.inode, target.inode)
            if is_dir and not target.inode.is_dir:
                raise error(Errno.ENOTDIR)
            if not is_dir and target.inode.is_dir:
                raise error(Errno.EISDIR)
        if is_dir and at.inode is not to.inode:
            require(who, source.inode, MAY_WRITE)
        if source.mounted is not None or (target is not None and target.mounted is not None):
            raise refused(Errno.EBUSY, "mounted")
        if target is not None and isinstance(target.inode, Directory) and target.inode.entries:
            raise error(Errno.ENOTEMPTY)
        if self.watching:
            self._rename_watched(source, to, new_name)
        else:
            fs.rename(source, to, new_name)

    def _rename_watched(self, source: Dentry, to: Dentry, name: bytes) -> None:
        """The same, telling in Linux's order; what was replaced goes last."""
        at, old_name, inode = source.parent, source.name, source.inode
        assert at is not None
        entry = to.inode.lookup(ROOT, to, name)
        target = entry.inode if entry is not None else None
        if target is not None:
            target.opens += 1
        try:
            inode.fs.rename(source, to, name)
        except OSError:
            if target is not None:
                target.release()
            raise
        self.cookie += 1
        tell_entry(at, IN_MOVED_FROM, old_name, inode, self.cookie)
        tell_entry(to, IN_MOVED_TO, name, inode, self.cookie)
        tell(inode, IN_MOVE_SELF)
        if target is not None:
            tell(target, IN_ATTRIB | IN_ISDIR if target.is_dir else IN_ATTRIB)
            target.release()

    # -- attributes ----------------------------------------------------------------------------

    def readlink(self, who: Credentials, base: Dentry, path: bytes) -> bytes:
        """readlink(2). EINVAL for what is no symbolic link."""
        inode = self.walk(who, base, path, follow=False).inode
        if not inode.is_link:
            raise error(Errno.EINVAL)
        return inode.readlink(who)

    def access(self, who: Credentials, base: Dentry, path: bytes, mode: int) -> None:
        """access(2) for the ids given. EACCES EROFS."""
        dentry = self.walk(who, base, path)
        inode = dentry.inode
        if mode & flags.W_OK and (inode.is_regular or inode.is_dir):
            self.writable(who, dentry)
        require(who, inode, mode)

    def _attributes(self, who: Credentials, inode: Inode) -> None:
        require_change(who)
        if inode.fs.readonly:
            raise refused(Errno.EROFS, "readonly", inode)
        if inode.fs.synthetic:
            raise refused(Errno.EPERM, "synthetic", inode)

    def chmod(self, who: Credentials, inode: Inode, mode: int) -> None:
        """chmod(2). EPERM unless owner or root; a foreign group's setgid bit is dropped."""
        self._attributes(who, inode)
        require_owner(who, inode)
        mode &= 0o7777
        if not in_group(who, inode.gid) and not capable(who, CAP_FSETID):
            mode &= ~flags.S_ISGID
        inode.alter()
        inode.mode = inode.mode & flags.S_IFMT | mode
        inode.changed()

    def chown(self, who: Credentials, inode: Inode, uid: int, gid: int) -> None:
        """chown(2), -1 leaving an id. EPERM: only CAP_CHOWN gives away, owners choose a group of
        theirs. Set-id bits and capabilities of files are cleared, for root too, as Linux does.
        """
        self._attributes(who, inode)
        if not capable(who, CAP_CHOWN):
            owner = who.euid == inode.uid
            if not owner and inode.without_set_ids() != inode.mode:
                raise refused(Errno.EPERM, "owner", inode)
            if uid != -1 and not (owner and uid == inode.uid):
                raise refused(Errno.EPERM, "chown", inode)
            if gid != -1 and not (owner and (gid == inode.gid or in_group(who, gid))):
                raise refused(Errno.EPERM, "chgrp" if owner else "owner", inode)
        inode.alter()
        if uid not in (-1, inode.uid):
            inode.fs.give(inode, uid)
            inode.uid = uid
        if gid != -1:
            inode.gid = gid
        inode.mode = inode.without_set_ids()
        if inode.xattrs is not None:
            inode.xattrs.pop(CAPS_XATTR, None)
        inode.changed()

    def utime(self, who: Credentials, inode: Inode, atime: int | None, mtime: int | None) -> None:
        """utimensat(2): None leaves a time, -1 is now. EPERM, or EACCES when both are now."""
        if atime is None and mtime is None:
            return
        self._attributes(who, inode)
        if who.euid != inode.uid and not capable(who, CAP_FOWNER):
            if not (atime == -1 and mtime == -1):
                raise refused(Errno.EPERM, "owner", inode)
            require(who, inode, MAY_WRITE)
        now = inode.fs.clock()
        inode.alter()
        if atime is not None:
            inode.atime = now if atime == -1 else atime
        if mtime is not None:
            inode.mtime = now if mtime == -1 else mtime
        inode.changed()

    def truncate(self, who: Credentials, base: Dentry, path: bytes, size: int) -> None:
        """truncate(2). EACCES EFBIG EINVAL EISDIR EROFS."""
        dentry = self.walk(who, base, path)
        inode = dentry.inode
        if inode.is_dir:
            raise error(Errno.EISDIR)
        if not isinstance(inode, Regular):
            raise error(Errno.EINVAL)
        self.writable(who, dentry)
        require(who, inode, MAY_WRITE)
        inode.drop_privileges(who)
        inode.truncate(size)
        if self.watching:
            tell_place(dentry, IN_MODIFY)

    def chdir(self, who: Credentials, base: Dentry, path: bytes) -> Dentry:
        """The directory that chdir(2) enters. EACCES ENOTDIR."""
        at = self.walk(who, base, path)
        if not at.inode.is_dir:
            raise error(Errno.ENOTDIR)
        require(who, at.inode, MAY_EXEC)
        return at


_MAKES = (flags.S_IFREG, flags.S_IFIFO, flags.S_IFSOCK, flags.S_IFCHR, flags.S_IFBLK)
"""Kinds that mknod(2) makes."""

_WANT = (MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE)
"""Indexed by O_ACCMODE."""


def _check_path(path: bytes) -> None:
    """ENOENT for an empty path, ENAMETOOLONG for one that fills PATH_MAX with its NUL."""
    if not path:
        raise error(Errno.ENOENT)
    if len(path) >= flags.PATH_MAX:
        raise error(Errno.ENAMETOOLONG)
    if b"\0" in path:
        raise error(Errno.EINVAL)


def _components(path: bytes) -> list[bytes]:
    """The names, last first; a trailing slash is a final empty one, which only a directory has."""
    names = [name for name in path.split(b"/") if name]
    if path[-1] == 47:
        names.append(b"")
    names.reverse()
    return names


def _within(at: Dentry | None, above: Dentry) -> bool:
    """Whether ``at`` is ``above`` or below it, on the same file system."""
    while at is not None:
        if at.inode is above.inode:
            return True
        at = at.parent
    return False
