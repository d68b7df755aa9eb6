"""What a power cut leaves: a journal in ordered mode with delayed allocation (ext4(5))."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from minios.fs.access import ROOT
from tests.fs.ext4.rig import Rig

PAGE = 4096


def test_what_nobody_synced_is_gone() -> None:
    rig = Rig()
    rig.write(b"/a", b"hello")
    rig.crash()
    assert rig.text(b"/a") is None


def test_fsync_keeps_the_file_and_its_name() -> None:
    rig = Rig()
    rig.write(b"/a", b"hello")
    rig.fsync(b"/a")
    rig.crash()
    assert rig.text(b"/a") == b"hello"


def test_sync_keeps_everything() -> None:
    rig = Rig()
    rig.vfs.mkdir(ROOT, rig.vfs.root, b"/d", 0o755)
    rig.write(b"/d/a", b"x" * 100_000)
    rig.write(b"/b", b"y" * 10)
    rig.sync()
    rig.crash()
    assert rig.text(b"/d/a") == b"x" * 100_000
    assert rig.text(b"/b") == b"y" * 10


def test_after_the_commit_interval_a_new_file_is_there_and_empty() -> None:
    rig = Rig()
    rig.write(b"/a", b"hello")
    rig.wait(6)
    rig.crash()
    assert rig.text(b"/a") == b""


def test_after_dirty_expire_and_a_commit_its_data_are_there_too() -> None:
    rig = Rig()
    rig.write(b"/a", b"hello")
    rig.wait(42)
    rig.crash()
    assert rig.text(b"/a") == b"hello"


def test_an_appended_line_is_whole_or_absent() -> None:
    rig = Rig()
    rig.write(b"/a", b"one\n")
    rig.sync()
    rig.write(b"/a", b"two\n", 4)
    rig.wait(10)
    rig.crash()
    assert rig.text(b"/a") == b"one\n"
    rig.write(b"/a", b"two\n", 4)
    rig.wait(42)
    rig.crash()
    assert rig.text(b"/a") == b"one\ntwo\n"


def test_overwritten_data_come_back_if_they_were_not_written() -> None:
    rig = Rig()
    rig.write(b"/a", b"old " * 3000)
    rig.sync()
    rig.write(b"/a", b"new!" * 3000)
    rig.wait(10)
    rig.crash()
    assert rig.text(b"/a") == b"old " * 3000


def test_a_file_that_was_cut_and_not_committed_is_as_long_as_before() -> None:
    rig = Rig()
    file = rig.write(b"/a", b"old " * 30000)
    rig.sync()
    file.truncate(5)
    rig.write(b"/b", b"n" * 200_000)
    rig.crash()
    assert rig.text(b"/a") == b"old " * 30000


def test_a_removed_file_comes_back_until_the_removal_is_committed() -> None:
    rig = Rig()
    rig.write(b"/a", b"precious")
    rig.sync()
    rig.vfs.unlink(ROOT, rig.vfs.root, b"/a")
    rig.crash()
    assert rig.text(b"/a") == b"precious"
    rig.vfs.unlink(ROOT, rig.vfs.root, b"/a")
    rig.wait(6)
    rig.crash()
    assert rig.text(b"/a") is None


def test_a_rename_is_undone_or_done_and_never_half() -> None:
    rig = Rig()
    rig.vfs.mkdir(ROOT, rig.vfs.root, b"/d", 0o755)
    rig.write(b"/a", b"new")
    rig.write(b"/d/a", b"old")
    rig.sync()
    rig.vfs.rename(ROOT, rig.vfs.root, b"/a", b"/d/a")
    rig.crash()
    assert (rig.text(b"/a"), rig.text(b"/d/a")) == (b"new", b"old")
    rig.vfs.rename(ROOT, rig.vfs.root, b"/a", b"/d/a")
    rig.wait(6)
    rig.crash()
    assert (rig.text(b"/a"), rig.text(b"/d/a")) == (None, b"new")


def test_a_moved_directory_comes_back_with_what_is_below_it() -> None:
    rig = Rig()
    for path in (b"/d", b"/d/e", b"/f"):
        rig.vfs.mkdir(ROOT, rig.vfs.root, path, 0o755)
    rig.write(b"/d/e/a", b"deep")
    rig.sync()
    rig.vfs.rename(ROOT, rig.vfs.root, b"/d/e", b"/f/g")
    rig.crash()
    assert rig.text(b"/d/e/a") == b"deep"
    assert rig.vfs.walk(ROOT, rig.vfs.root, b"/d/e").path() == b"/d/e"
    assert rig.vfs.walk(ROOT, rig.vfs.root, b"/d/e/..").path() == b"/d"


def test_an_unlinked_file_that_was_open_is_gone_after_a_crash() -> None:
    rig = Rig()
    file = rig.write(b"/a", b"x" * 9000)
    rig.sync()
    used = rig.fs.used_blocks
    file.opens = 1
    rig.vfs.unlink(ROOT, rig.vfs.root, b"/a")
    rig.wait(6)
    assert rig.fs.used_blocks == used
    rig.crash()
    assert rig.fs.used_blocks == used - 3


def test_permissions_owners_and_attributes_are_those_of_the_last_commit() -> None:
    rig = Rig()
    file = rig.write(b"/a", b"x")
    rig.sync()
    rig.vfs.chmod(ROOT, file, 0o600)
    rig.vfs.chown(ROOT, file, 5, 6)
    rig.crash()
    assert (file.mode & 0o777, file.uid, file.gid) == (0o644, 0, 0)
    rig.vfs.chmod(ROOT, file, 0o600)
    rig.wait(6)
    rig.crash()
    assert file.mode & 0o777 == 0o600


def test_a_second_name_is_lost_and_the_first_one_is_not() -> None:
    rig = Rig()
    file = rig.write(b"/a", b"x")
    rig.sync()
    rig.vfs.link(ROOT, rig.vfs.root, b"/a", b"/b")
    assert file.nlink == 2
    rig.crash()
    assert (rig.text(b"/a"), rig.text(b"/b"), file.nlink) == (b"x", None, 1)


def test_fdatasync_leaves_the_journal_alone_when_only_times_changed() -> None:
    rig = Rig()
    rig.write(b"/a", b"x" * 100)
    rig.sync()
    before = rig.disk.stats().writes
    rig.write(b"/a", b"y" * 100)
    rig.fsync(b"/a", data_only=True)
    assert rig.disk.stats().writes == before + 1
    rig.write(b"/a", b"z" * 100)
    rig.fsync(b"/a")
    assert rig.disk.stats().writes == before + 4
    rig.crash()
    assert rig.text(b"/a") == b"z" * 100


def test_replacing_a_file_by_rename_keeps_the_new_content_after_a_commit() -> None:
    """The auto_da_alloc of ext4(5): an application that does not fsync loses nothing old."""
    rig = Rig()
    rig.write(b"/a", b"old")
    rig.sync()
    rig.write(b"/a.new", b"new")
    rig.vfs.rename(ROOT, rig.vfs.root, b"/a.new", b"/a")
    rig.wait(6)
    rig.crash()
    assert rig.text(b"/a") == b"new"


def test_a_disk_that_has_nothing_to_do_has_no_events() -> None:
    rig = Rig()
    rig.write(b"/a", b"x" * 5000)
    rig.wait(100)
    assert rig.world.next_event() is None
    assert rig.fs.journal.checkpoint == {}


def test_blocks_that_are_being_freed_are_used_when_no_others_are_left() -> None:
    rig = Rig(data=64)
    file = rig.write(b"/a", b"x" * 60 * PAGE)
    rig.sync()
    file.truncate(0)
    assert rig.write(b"/b", b"y" * 60 * PAGE).size == 60 * PAGE
    rig.check()


# -- any history -------------------------------------------------------------------------------

NAMES = st.sampled_from([b"/a", b"/b", b"/d/a", b"/d/b"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, st.integers(0, 30000), st.integers(1, 20000)),
        st.tuples(st.just("cut"), NAMES, st.integers(0, 30000)),
        st.tuples(st.just("remove"), NAMES),
        st.tuples(st.just("move"), NAMES, NAMES),
        st.tuples(st.just("wait"), st.integers(0, 4000)),
        st.tuples(st.just("sync")),
        st.tuples(st.just("fsync"), NAMES),
        st.tuples(st.just("shrink")),
    ),
    max_size=30,
)


class Model:
    """What the files are, by name, as plain bytes."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.files: dict[bytes, bytes] = {}
        self.count = 0

    def step(self, step: tuple[object, ...]) -> None:
        rig, files = self.rig, self.files
        match step:
            case ("write", bytes(name), int(at), int(size)):
                self.count += 1
                data = b"%d" % (self.count % 10) * size
                old = files.get(name, b"").ljust(at, b"\0")
                rig.write(name, data, at)
                files[name] = old[:at] + data + old[at + size :]
            case ("cut", bytes(name), int(size)) if name in files:
                rig.file(name).truncate(size)
                files[name] = files[name][:size].ljust(size, b"\0")
            case ("remove", bytes(name)) if name in files:
                rig.vfs.unlink(ROOT, rig.vfs.root, name)
                del files[name]
            case ("move", bytes(old), bytes(new)) if old in files and old != new:
                rig.vfs.rename(ROOT, rig.vfs.root, old, new)
                files[new] = files.pop(old)
            case ("wait", int(ms)):
                rig.wait(ms / 1000)
            case ("sync",):
                rig.sync()
            case ("fsync", bytes(name)) if name in files:
                rig.fsync(name)
            case ("shrink",):
                rig.cache.shrink(8)
        rig.check()

    def agrees(self) -> bool:
        return all(
            self.rig.text(name) == self.files.get(name) for name in (b"/a", b"/b", b"/d/a", b"/d/b")
        )


def prepared() -> Rig:
    rig = Rig(data=128)
    rig.vfs.mkdir(ROOT, rig.vfs.root, b"/d", 0o755)
    rig.sync()
    return rig


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_files_are_what_was_written_whatever_the_disk_does(steps: list[tuple[object, ...]]) -> None:
    model = Model(prepared())
    for step in steps:
        model.step(step)
        assert model.agrees()


@settings(max_examples=150, deadline=None)
@given(STEPS, STEPS)
def test_what_was_synced_survives_whatever_comes_after(
    before: list[tuple[object, ...]], after: list[tuple[object, ...]]
) -> None:
    """A crash right after sync keeps all; a later one keeps the blocks consistent, and each file
    that nobody touched since as it was."""
    model = Model(prepared())
    for step in before:
        model.step(step)
    model.rig.sync()
    kept = dict(model.files)
    touched = set()
    for step in after:
        model.step(step)
        touched |= {part for part in step if isinstance(part, bytes)}
    model.rig.crash()
    for name in (b"/a", b"/b", b"/d/a", b"/d/b"):
        if name not in touched:
            assert model.rig.text(name) == kept.get(name)
    model.rig.wait(60)
    after_crash = {n: model.rig.text(n) for n in (b"/a", b"/b", b"/d/a", b"/d/b")}
    model.rig.crash()
    assert {n: model.rig.text(n) for n in (b"/a", b"/b", b"/d/a", b"/d/b")} == after_crash


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_a_crash_right_after_sync_loses_nothing(steps: list[tuple[object, ...]]) -> None:
    model = Model(prepared())
    for step in steps:
        model.step(step)
    model.rig.sync()
    model.rig.crash()
    assert model.agrees()
