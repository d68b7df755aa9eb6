"""Who may do what (inode(7), chmod(2), chown(2), unlink(2))."""

from minios.abi import flags
from minios.abi.errno import Errno
from minios.fs.access import MAY_EXEC, MAY_READ, MAY_WRITE, ROOT, Identity, permitted
from tests.fs.test_inodes import failing
from tests.fs.tree import ALICE, BOB, JUDGE, Tree


def test_only_the_class_that_applies_counts() -> None:
    """The owner is not helped by what the group or others may do."""
    tree = Tree()
    file = tree.file(b"/f", mode=0o077)
    file.uid, file.gid = 1000, 2000
    assert not permitted(ALICE, file, MAY_READ)
    assert permitted(BOB, file, MAY_READ | MAY_WRITE | MAY_EXEC)
    file.mode = flags.S_IFREG | 0o606
    assert not permitted(BOB, file, MAY_READ)
    assert permitted(Identity(5, 5), file, MAY_READ | MAY_WRITE)
    assert not permitted(Identity(5, 5), file, MAY_EXEC)


def test_root_needs_an_execute_bit_on_files_but_not_on_directories() -> None:
    tree = Tree()
    assert permitted(ROOT, tree.file(b"/f", mode=0), MAY_READ | MAY_WRITE)
    assert not permitted(ROOT, tree.walk(b"/f").inode, MAY_EXEC)
    assert permitted(ROOT, tree.file(b"/x", mode=0o001), MAY_EXEC)
    assert permitted(ROOT, tree.mkdir(b"/d", 0).inode, MAY_EXEC)


def test_making_and_removing_needs_write_and_search_on_the_directory() -> None:
    tree = Tree()
    tree.mkdir(b"/d", 0o755)
    tree.file(b"/d/f")
    for call in (
        lambda: tree.file(b"/d/new", who=ALICE),
        lambda: tree.mkdir(b"/d/new", who=ALICE),
        lambda: tree.vfs.unlink(ALICE, tree.root, b"/d/f"),
        lambda: tree.vfs.rename(ALICE, tree.root, b"/d/f", b"/d/g"),
        lambda: tree.vfs.link(ALICE, tree.root, b"/d/f", b"/d/g"),
    ):
        with failing(Errno.EACCES):
            call()


def test_what_exists_is_eexist_even_where_one_may_not_write() -> None:
    tree = Tree()
    tree.mkdir(b"/d", 0o755)
    with failing(Errno.EEXIST):
        tree.mkdir(b"/d", who=ALICE)


def test_in_a_sticky_directory_everybody_removes_only_their_own() -> None:
    """inode(7), the sticky bit."""
    tree = Tree()
    tree.mkdir(b"/tmp", 0o1777)
    tree.file(b"/tmp/a", who=ALICE)
    with failing(Errno.EPERM):
        tree.vfs.unlink(BOB, tree.root, b"/tmp/a")
    with failing(Errno.EPERM):
        tree.vfs.rename(BOB, tree.root, b"/tmp/a", b"/tmp/b")
    tree.file(b"/tmp/b", who=BOB)
    with failing(Errno.EPERM):
        tree.vfs.rename(BOB, tree.root, b"/tmp/b", b"/tmp/a")
    tree.vfs.unlink(ALICE, tree.root, b"/tmp/a")
    tree.vfs.unlink(ROOT, tree.root, b"/tmp/b")


def test_a_setgid_directory_hands_on_its_group() -> None:
    tree = Tree()
    directory = tree.mkdir(b"/d", 0o777).inode
    directory.gid = 2000
    directory.mode |= flags.S_ISGID
    assert tree.file(b"/d/f", who=ALICE).gid == 2000
    inner = tree.mkdir(b"/d/e", 0o755, ALICE).inode
    assert (inner.gid, inner.mode) == (2000, flags.S_IFDIR | 0o2755)


def test_only_the_owner_and_root_change_a_mode() -> None:
    tree = Tree()
    tree.mkdir(b"/home", 0o777)
    file = tree.file(b"/home/f", who=ALICE)
    tree.vfs.chmod(ALICE, file, 0o4711)
    assert file.mode == flags.S_IFREG | 0o4711
    with failing(Errno.EPERM):
        tree.vfs.chmod(BOB, file, 0o777)
    file.gid = 2000
    tree.vfs.chmod(ALICE, file, 0o2755)
    assert file.mode & flags.S_ISGID
    file.gid = 7
    tree.vfs.chmod(ALICE, file, 0o2755)
    assert not file.mode & flags.S_ISGID


def test_only_root_gives_files_away_and_owners_choose_among_their_groups() -> None:
    tree = Tree()
    tree.mkdir(b"/home", 0o777)
    file = tree.file(b"/home/f", who=ALICE)
    tree.vfs.chown(ALICE, file, -1, 2000)
    tree.vfs.chown(ALICE, file, 1000, 1000)
    for uid, gid in ((1001, -1), (-1, 3000)):
        with failing(Errno.EPERM):
            tree.vfs.chown(ALICE, file, uid, gid)
    with failing(Errno.EPERM):
        tree.vfs.chown(BOB, file, -1, 2000)
    tree.vfs.chown(ROOT, file, 1001, 3000)
    assert (file.uid, file.gid) == (1001, 3000)


def test_set_id_bits_are_lost_on_chown_and_when_somebody_writes() -> None:
    tree = Tree()
    file = tree.file(b"/f", mode=0o6777)
    file.drop_privileges(ROOT)
    assert file.mode == flags.S_IFREG | 0o6777
    file.drop_privileges(ALICE)
    assert file.mode == flags.S_IFREG | 0o777
    tree.vfs.chmod(ROOT, file, 0o6755)
    tree.vfs.chown(ROOT, file, 1000, -1)
    assert file.mode == flags.S_IFREG | 0o755
    tree.vfs.chmod(ROOT, file, 0o2745)
    tree.vfs.chown(ROOT, file, 1000, -1)
    assert file.mode == flags.S_IFREG | 0o2745


def test_times_are_set_by_the_owner_or_to_now_by_a_writer() -> None:
    """utimensat(2)."""
    tree = Tree()
    file = tree.file(b"/f", mode=0o666)
    with failing(Errno.EPERM):
        tree.vfs.utime(ALICE, file, 1, 2)
    tree.now = 9000
    tree.vfs.utime(ALICE, file, -1, -1)
    assert (file.atime, file.mtime) == (9000, 9000)
    tree.vfs.utime(ROOT, file, 1, None)
    assert (file.atime, file.mtime) == (1, 9000)
    file.mode = flags.S_IFREG | 0o644
    with failing(Errno.EACCES):
        tree.vfs.utime(ALICE, file, -1, -1)


def test_hard_links_to_directories_and_device_nodes_by_users_are_refused() -> None:
    tree = Tree()
    tree.mkdir(b"/d", 0o777)
    with failing(Errno.EPERM):
        tree.vfs.link(ROOT, tree.root, b"/d", b"/e")
    with failing(Errno.EPERM):
        tree.vfs.mknod(ALICE, tree.root, b"/d/null", flags.S_IFCHR | 0o666, 0x103)
    tree.vfs.mknod(ROOT, tree.root, b"/d/null", flags.S_IFCHR | 0o666, 0x103)
    tree.vfs.mknod(ALICE, tree.root, b"/d/fifo", flags.S_IFIFO | 0o600)


def test_a_judge_reads_everything_and_changes_nothing() -> None:
    tree = Tree()
    tree.mkdir(b"/secret", 0o700)
    file = tree.file(b"/secret/f", b"x", 0o600)
    assert tree.walk(b"/secret/f", JUDGE).inode is file
    tree.vfs.open(JUDGE, tree.root, b"/secret/f", flags.O_RDONLY, 0)
    write = flags.O_WRONLY
    for call in (
        lambda: tree.vfs.open(JUDGE, tree.root, b"/secret/f", write, 0),
        lambda: tree.vfs.open(JUDGE, tree.root, b"/secret/f", flags.O_TRUNC, 0),
        lambda: tree.vfs.open(JUDGE, tree.root, b"/new", write | flags.O_CREAT, 0o644),
        lambda: tree.mkdir(b"/new", who=JUDGE),
        lambda: tree.vfs.symlink(JUDGE, tree.root, b"x", b"/new"),
        lambda: tree.vfs.link(JUDGE, tree.root, b"/secret/f", b"/new"),
        lambda: tree.vfs.unlink(JUDGE, tree.root, b"/secret/f"),
        lambda: tree.vfs.rmdir(JUDGE, tree.root, b"/secret"),
        lambda: tree.vfs.rename(JUDGE, tree.root, b"/secret/f", b"/new"),
        lambda: tree.vfs.chmod(JUDGE, file, 0o777),
        lambda: tree.vfs.chown(JUDGE, file, 1, 1),
        lambda: tree.vfs.utime(JUDGE, file, -1, -1),
        lambda: tree.vfs.truncate(JUDGE, tree.root, b"/secret/f", 0),
        lambda: tree.vfs.access(JUDGE, tree.root, b"/secret/f", flags.W_OK),
    ):
        with failing(Errno.EROFS):
            call()
