"""What files hold and what that costs (inode(7), write(2), link(2))."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minios.abi.errno import Errno
from minios.fs.access import ROOT
from minios.fs.inode import BLOCK, CHUNK, LINK_MAX, MAX_FILE_SIZE, Regular
from minios.fs.synthetic import SyntheticDirectory, SyntheticFileSystem
from tests.fs.tree import Tree


def failing(errno: Errno) -> object:
    return pytest.raises(OSError, match=rf"\[Errno {int(errno)}\]")


def test_a_file_reads_back_what_was_written_across_chunks() -> None:
    file = Tree(size=1 << 20).file(b"/f")
    data = bytes(range(256)) * 1024
    assert file.write(CHUNK - 100, data) == len(data)
    assert file.read(CHUNK - 100, len(data)) == data
    assert file.read(0, CHUNK - 100) == bytes(CHUNK - 100)
    assert file.size == CHUNK - 100 + len(data)
    assert file.read(file.size, 10) == b""


def test_a_hole_reads_as_zeros_and_takes_no_space() -> None:
    tree = Tree()
    before = tree.fs.free_blocks
    file = tree.file(b"/f")
    file.truncate(1 << 40)
    assert file.size == 1 << 40
    assert file.read(1 << 39, 5) == bytes(5)
    assert file.write((1 << 40) - 1, b"x") == 1
    assert file.read((1 << 40) - 3, 10) == b"\0\0x"
    assert file.blocks == CHUNK // BLOCK
    file.truncate(0)
    assert (file.blocks, tree.fs.free_blocks) == (0, before)


def test_cutting_a_file_and_growing_it_again_shows_zeros() -> None:
    file = Tree().file(b"/f", b"abcdef")
    file.truncate(2)
    file.truncate(4)
    assert file.read(0, 10) == b"ab\0\0"


def test_a_full_disk_takes_what_fits_and_then_says_enospc() -> None:
    tree = Tree(size=4 * BLOCK)
    file = tree.file(b"/f")
    assert tree.fs.free_blocks == 3
    assert file.write(0, b"x" * (5 * BLOCK)) == 3 * BLOCK
    with failing(Errno.ENOSPC):
        file.write(3 * BLOCK, b"y")
    assert file.write(10, b"inside") == 6
    with failing(Errno.ENOSPC):
        tree.mkdir(b"/d")
    file.truncate(0)
    assert tree.fs.free_blocks == 3
    tree.mkdir(b"/d")


def test_inodes_run_out_before_blocks_do() -> None:
    tree = Tree(inodes=3)
    tree.file(b"/a")
    tree.file(b"/b")
    with failing(Errno.ENOSPC):
        tree.file(b"/c")
    tree.vfs.unlink(ROOT, tree.root, b"/a")
    tree.file(b"/c")
    assert tree.fs.statfs().ffree == 0


def test_a_file_too_large_is_efbig() -> None:
    file = Tree().file(b"/f")
    with failing(Errno.EFBIG):
        file.truncate(MAX_FILE_SIZE + 1)
    with failing(Errno.EFBIG):
        file.write(MAX_FILE_SIZE, b"x")
    assert file.write(MAX_FILE_SIZE - 1, b"xy") == 1


def test_names_count_and_the_last_one_frees_the_space() -> None:
    tree = Tree()
    free = tree.fs.free_blocks
    file = tree.file(b"/a", b"data")
    tree.vfs.link(ROOT, tree.root, b"/a", b"/b")
    assert file.nlink == 2
    tree.vfs.unlink(ROOT, tree.root, b"/a")
    assert (file.nlink, tree.walk(b"/b").inode) == (1, file)
    tree.vfs.unlink(ROOT, tree.root, b"/b")
    assert tree.fs.free_blocks == free


def test_an_open_file_outlives_its_name() -> None:
    tree = Tree()
    free = tree.fs.free_blocks
    file = tree.file(b"/a", b"data")
    file.opens += 1
    tree.vfs.unlink(ROOT, tree.root, b"/a")
    assert file.read(0, 10) == b"data"
    file.write(4, b"more")
    assert tree.fs.free_blocks == free - 1
    file.release()
    assert tree.fs.free_blocks == free


def test_a_file_has_at_most_65000_names() -> None:
    tree = Tree()
    file = tree.file(b"/a")
    file.nlink = LINK_MAX
    with failing(Errno.EMLINK):
        tree.vfs.link(ROOT, tree.root, b"/a", b"/b")


def test_many_names_make_a_directory_grow() -> None:
    tree = Tree()
    tree.file(b"/a")
    assert tree.root.inode.size == BLOCK
    for number in range(500):
        tree.vfs.link(ROOT, tree.root, b"/a", b"/%04d" % number)
    assert tree.root.inode.size == 2 * BLOCK
    for number in range(500):
        tree.vfs.unlink(ROOT, tree.root, b"/%04d" % number)
    assert tree.root.inode.size == BLOCK


def test_directories_count_their_subdirectories_as_links() -> None:
    tree = Tree()
    top = tree.mkdir(b"/d").inode
    assert top.nlink == 2
    tree.mkdir(b"/d/e")
    assert top.nlink == 3
    tree.mkdir(b"/x")
    tree.vfs.rename(ROOT, tree.root, b"/d/e", b"/x/e")
    assert (top.nlink, tree.walk(b"/x").inode.nlink) == (2, 3)


def test_times_move_as_posix_says() -> None:
    tree = Tree()
    directory = tree.mkdir(b"/d").inode
    tree.now = 2000
    file = tree.file(b"/d/f", b"x")
    assert (directory.mtime, directory.ctime, directory.atime) == (2000, 2000, 1000)
    tree.now = 3000
    file.write(0, b"y")
    assert (file.atime, file.mtime, file.ctime) == (2000, 3000, 3000)
    tree.now = 4000
    tree.vfs.chmod(ROOT, file, 0o600)
    assert (file.mtime, file.ctime) == (3000, 4000)
    tree.now = 5000
    tree.vfs.rename(ROOT, tree.root, b"/d/f", b"/d/g")
    assert (file.ctime, directory.mtime) == (5000, 5000)


def test_reading_moves_atime_once_a_change_or_a_day() -> None:
    """mount(8), relatime."""
    tree = Tree()
    file = tree.file(b"/f", b"x")
    tree.now = 2000
    file.accessed()
    assert file.atime == 2000
    tree.now = 3000
    file.accessed()
    assert file.atime == 2000
    tree.now += 86_400 * 10**9
    file.accessed()
    assert file.atime == tree.now


def test_every_change_is_reported_and_changes_the_digest() -> None:
    tree = Tree()
    seen = {tree.vfs.digest()}
    file = tree.file(b"/f")

    def look() -> None:
        digest = tree.vfs.digest()
        assert digest not in seen
        assert digest == tree.vfs.digest()
        seen.add(digest)

    look()
    for change in (
        lambda: file.write(0, b"a"),
        lambda: file.write(0, b"b"),
        lambda: file.truncate(100),
        lambda: tree.vfs.chmod(ROOT, file, 0o600),
        lambda: tree.vfs.chown(ROOT, file, 5, -1),
        lambda: tree.vfs.utime(ROOT, file, 1, 2),
        lambda: tree.vfs.symlink(ROOT, tree.root, b"f", b"/s"),
        lambda: tree.vfs.rename(ROOT, tree.root, b"/s", b"/t"),
        lambda: tree.vfs.unlink(ROOT, tree.root, b"/t"),
    ):
        before = tree.changes
        change()
        assert tree.changes > before
        look()


def test_the_same_history_gives_the_same_digest() -> None:
    digests = set()
    for _ in range(2):
        tree = Tree()
        tree.mkdir(b"/d")
        tree.file(b"/d/f", b"text")
        digests.add(tree.vfs.digest())
    assert len(digests) == 1


def test_a_file_filled_later_is_fetched_once_and_looks_the_same_to_the_digest() -> None:
    tree = Tree()
    file = tree.file(b"/pages")
    asked = []

    def fetch() -> bytes:
        asked.append(1)
        return b"manual"

    file.fill_later(b"pages", fetch)
    before = tree.vfs.digest()
    assert file.read(0, 100) == b"manual"
    assert (file.size, asked) == (6, [1])
    assert tree.vfs.digest() == before
    file.write(0, b"M")
    assert (file.read(0, 100), asked) == (b"Manual", [1])
    assert tree.vfs.digest() != before


def test_nothing_can_be_made_or_removed_in_a_synthetic_file_system() -> None:
    tree = Tree()
    tree.mkdir(b"/proc")

    class Root(SyntheticDirectory):
        def lookup(self, who: object, at: object, name: bytes) -> None:
            return None

        def list(self, who: object) -> list[object]:  # type: ignore[override]
            return []

    tree.vfs.mount(SyntheticFileSystem(b"proc", 5, lambda: 0, lambda fs: Root(fs, 1)), b"/proc")
    with failing(Errno.ENOENT):
        tree.file(b"/proc/x")
    with failing(Errno.EPERM):
        tree.vfs.chmod(ROOT, tree.walk(b"/proc").inode, 0o777)
    assert isinstance(tree.file(b"/x"), Regular)
    with failing(Errno.EXDEV):
        tree.vfs.rename(ROOT, tree.root, b"/x", b"/proc/x")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "read", "truncate"]),
            st.integers(0, 3 * CHUNK),
            st.integers(0, CHUNK + 10),
        ),
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_a_file_behaves_as_a_string_of_bytes(calls: list[tuple[str, int, int]]) -> None:
    tree = Tree()
    free = tree.fs.free_blocks
    file = tree.file(b"/f")
    model = bytearray()
    for number, (call, at, length) in enumerate(calls):
        if call == "write":
            data = bytes([number + 1]) * length
            if data:
                assert file.write(at, data) == length
                model.extend(bytes(max(0, at + length - len(model))))
                model[at : at + length] = data
        elif call == "truncate":
            file.truncate(at)
            del model[at:]
            model.extend(bytes(at - len(model)))
        else:
            assert file.read(at, length) == model[at : at + length]
        assert file.size == len(model)
        assert tree.fs.free_blocks == free - file.blocks
    assert file.read(0, 4 * CHUNK) == model
