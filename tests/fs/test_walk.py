"""How a path becomes an inode (path_resolution(7))."""

import pytest

from minios.abi import flags
from minios.abi.errno import Errno
from minios.fs.access import ROOT
from tests.fs.test_inodes import failing
from tests.fs.tree import ALICE, Tree


def test_dots_and_slashes_lead_where_they_should() -> None:
    tree = Tree()
    tree.mkdir(b"/a")
    inner = tree.mkdir(b"/a/b")
    for path in (b"/a/b", b"//a///b//", b"/a/./b/.", b"/a/b/../b", b"/../a/../../a/b"):
        assert tree.walk(path) is inner
    assert tree.vfs.walk(ROOT, inner, b"..") is tree.walk(b"/a")
    assert tree.vfs.walk(ROOT, inner, b"../../a/b") is inner


@pytest.mark.parametrize(
    ("path", "errno"),
    [
        (b"", Errno.ENOENT),
        (b"/nope", Errno.ENOENT),
        (b"/nope/x", Errno.ENOENT),
        (b"/f/", Errno.ENOTDIR),
        (b"/f/.", Errno.ENOTDIR),
        (b"/f/..", Errno.ENOTDIR),
        (b"/f/x", Errno.ENOTDIR),
        (b"/" + b"n" * 256, Errno.ENAMETOOLONG),
        (b"/" * 4096, Errno.ENAMETOOLONG),
        (b"/a\0b", Errno.EINVAL),
        (b"/loop", Errno.ELOOP),
        (b"/dangling", Errno.ENOENT),
    ],
)
def test_a_path_that_leads_nowhere_says_why(path: bytes, errno: Errno) -> None:
    tree = Tree()
    tree.file(b"/f")
    tree.vfs.symlink(ROOT, tree.root, b"loop", b"/loop")
    tree.vfs.symlink(ROOT, tree.root, b"nowhere", b"/dangling")
    with failing(errno):
        tree.walk(path)


def test_the_longest_name_and_the_longest_path_are_fine() -> None:
    tree = Tree()
    name = b"/" + b"n" * 255
    tree.file(name)
    assert tree.walk(name).name == name[1:]
    assert tree.walk(b"/" * 4095) is tree.root


def test_forty_links_are_followed_and_one_more_is_eloop() -> None:
    tree = Tree()
    target = tree.file(b"/0")
    for number in range(1, 42):
        tree.vfs.symlink(ROOT, tree.root, b"%d" % (number - 1), b"/%d" % number)
    assert tree.walk(b"/40").inode is target
    with failing(Errno.ELOOP):
        tree.walk(b"/41")


def test_links_cannot_pile_up_names_without_end() -> None:
    tree = Tree()
    for number in range(1, 5):
        target = b"./" * 1500 + b"%d" % (number - 1)
        tree.vfs.symlink(ROOT, tree.root, target, b"/%d" % number)
    tree.file(b"/0")
    assert tree.walk(b"/2").inode.is_regular
    with failing(Errno.ELOOP):
        tree.walk(b"/4")


def test_a_link_is_followed_in_the_middle_and_at_the_end_only_if_asked() -> None:
    tree = Tree()
    tree.mkdir(b"/d")
    file = tree.file(b"/d/f")
    tree.vfs.symlink(ROOT, tree.root, b"d", b"/l")
    tree.vfs.symlink(ROOT, tree.root, b"../d/f", b"/d/back")
    assert tree.walk(b"/l/f").inode is file
    assert tree.walk(b"/l/back").inode is file
    assert tree.walk(b"/l", follow=False).inode.is_link
    assert tree.walk(b"/l/", follow=False).inode.is_dir
    assert tree.vfs.readlink(ROOT, tree.root, b"/l") == b"d"


def test_names_are_found_from_a_dentry_after_moves_and_removals() -> None:
    tree = Tree()
    tree.mkdir(b"/a")
    inner = tree.mkdir(b"/a/b")
    tree.vfs.rename(ROOT, tree.root, b"/a", b"/z")
    assert inner.path() == b"/z/b"
    tree.vfs.rmdir(ROOT, tree.root, b"/z/b")
    assert inner.path() == b"/z/b (deleted)"
    assert tree.root.path() == b"/"


def test_a_removed_directory_is_empty_for_ever() -> None:
    tree = Tree()
    gone = tree.mkdir(b"/d")
    tree.vfs.rmdir(ROOT, tree.root, b"/d")
    with failing(Errno.ENOENT):
        tree.vfs.mkdir(ROOT, gone, b"x", 0o755)
    assert tree.vfs.walk(ROOT, gone, b"..") is tree.root


def test_a_mount_covers_a_directory_until_it_is_taken_away() -> None:
    tree = Tree()
    below = tree.mkdir(b"/mnt")
    tree.file(b"/mnt/hidden")
    other = tree.make_fs()
    mounted = tree.vfs.mount(other, b"/mnt")
    assert tree.walk(b"/mnt") is other.root
    assert tree.walk(b"/mnt/..") is tree.root
    tree.mkdir(b"/mnt/sub")
    assert tree.walk(b"/mnt/sub").path() == b"/mnt/sub"
    with failing(Errno.ENOENT):
        tree.walk(b"/mnt/hidden")
    with failing(Errno.EBUSY):
        tree.vfs.rmdir(ROOT, tree.root, b"/mnt")
    with failing(Errno.EBUSY):
        tree.vfs.rename(ROOT, tree.root, b"/mnt", b"/elsewhere")
    tree.file(b"/f")
    with failing(Errno.EXDEV):
        tree.vfs.rename(ROOT, tree.root, b"/f", b"/mnt/f")
    with failing(Errno.EXDEV):
        tree.vfs.link(ROOT, tree.root, b"/f", b"/mnt/f")
    tree.vfs.unmount(mounted)
    assert tree.walk(b"/mnt") is below
    assert tree.walk(b"/mnt/hidden").inode.is_regular


def test_o_creat_makes_the_target_of_a_dangling_link() -> None:
    tree = Tree()
    tree.mkdir(b"/d")
    tree.vfs.symlink(ROOT, tree.root, b"d/new", b"/l")
    creat = flags.O_WRONLY | flags.O_CREAT
    with failing(Errno.EEXIST):
        tree.vfs.open(ROOT, tree.root, b"/l", creat | flags.O_EXCL, 0o644)
    with failing(Errno.ELOOP):
        tree.vfs.open(ROOT, tree.root, b"/l", creat | flags.O_NOFOLLOW, 0o644)
    made = tree.vfs.open(ROOT, tree.root, b"/l", creat, 0o640)
    assert (made[0].path(), made[1], made[0].inode.mode) == (b"/d/new", True, 0o100640)


@pytest.mark.parametrize(
    ("oflag", "path", "errno"),
    [
        (flags.O_WRONLY, b"/d", Errno.EISDIR),
        (flags.O_RDONLY | flags.O_CREAT, b"/d", Errno.EISDIR),
        (flags.O_RDONLY | flags.O_CREAT, b"/new/", Errno.EISDIR),
        (flags.O_RDONLY | flags.O_DIRECTORY, b"/f", Errno.ENOTDIR),
        (flags.O_RDONLY | flags.O_NOFOLLOW, b"/l", Errno.ELOOP),
        (flags.O_RDONLY | flags.O_CREAT | flags.O_EXCL, b"/f", Errno.EEXIST),
    ],
)
def test_open_refuses_what_does_not_fit(oflag: int, path: bytes, errno: Errno) -> None:
    tree = Tree()
    tree.mkdir(b"/d")
    tree.file(b"/f")
    tree.vfs.symlink(ROOT, tree.root, b"f", b"/l")
    with failing(errno):
        tree.vfs.open(ROOT, tree.root, path, oflag, 0o644)


def test_rename_refuses_what_would_break_the_tree() -> None:
    tree = Tree()
    tree.mkdir(b"/a")
    tree.mkdir(b"/a/b")
    tree.file(b"/f")

    def rename(old: bytes, new: bytes) -> None:
        tree.vfs.rename(ROOT, tree.root, old, new)

    for old, new, errno in (
        (b"/a", b"/a/b/c", Errno.EINVAL),
        (b"/a", b"/a", None),
        (b"/a/b", b"/a", Errno.ENOTEMPTY),
        (b"/f", b"/a", Errno.EISDIR),
        (b"/a", b"/f", Errno.ENOTDIR),
        (b"/f", b"/g/", Errno.ENOTDIR),
        (b"/a/.", b"/c", Errno.EBUSY),
        (b"/a", b"/", Errno.EBUSY),
    ):
        if errno is None:
            rename(old, new)
        else:
            with failing(errno):
                rename(old, new)


def test_renaming_one_name_of_a_file_to_another_changes_nothing() -> None:
    tree = Tree()
    tree.file(b"/a")
    tree.vfs.link(ROOT, tree.root, b"/a", b"/b")
    tree.vfs.rename(ROOT, tree.root, b"/a", b"/b")
    assert tree.walk(b"/a").inode is tree.walk(b"/b").inode


def test_rename_replaces_a_file_and_an_empty_directory() -> None:
    tree = Tree()
    old = tree.file(b"/old", b"old")
    new = tree.file(b"/new", b"new")
    tree.vfs.rename(ROOT, tree.root, b"/new", b"/old")
    assert (tree.walk(b"/old").inode, old.nlink) == (new, 0)
    tree.mkdir(b"/d")
    moved = tree.mkdir(b"/e")
    tree.vfs.rename(ROOT, tree.root, b"/e/", b"/d")
    assert tree.walk(b"/d") is moved


def test_an_unsearchable_directory_stops_the_walk() -> None:
    tree = Tree()
    tree.mkdir(b"/d", 0o744)
    tree.file(b"/d/f")
    with failing(Errno.EACCES):
        tree.walk(b"/d/f", ALICE)
    with failing(Errno.EACCES):
        tree.walk(b"/d/.", ALICE)
    assert tree.walk(b"/d/", ALICE).inode.is_dir
