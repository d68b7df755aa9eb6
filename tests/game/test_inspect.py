"""What the memory pane and the inspector see of a real play, and what they do not."""

import pytest

from minios.game.inspect import Sight
from minios.game.play import Play
from minios.game.view import CACHE, FREE, KERNEL, TABLES
from minios.kernel import birth
from minios.kernel.process import PCB
from minios.sim.world import SECOND
from tests.game.small import LEVEL


class Look:
    """A play of the small level, and the sight of its player on it."""

    def __init__(self) -> None:
        self.play = Play(LEVEL, 7)
        self.sight = Sight(self.play, lambda: self.play.who)
        self.play.world.instruments.add(self.sight)

    def start(self, *argv: bytes, uid: int = 1000) -> PCB:
        kernel = self.sight.machine.kernel
        assert kernel is not None
        path = b"/usr/bin/" + argv[0]
        return birth.start(kernel, list(argv), path=path, uid=uid, gid=uid, env={b"A": b"1"})

    def wait(self, seconds: int = 1) -> None:
        self.play.run_until(self.play.world.now + seconds * SECOND)


@pytest.fixture
def look() -> Look:
    return Look()


def test_every_frame_is_somebodys_or_free(look: Look) -> None:
    seen = look.sight.memory()
    assert seen is not None
    assert sum(count for count, _ in seen.runs) == seen.frames
    assert sum(count for count, owner in seen.runs if owner == FREE) * seen.page == seen.free
    assert {KERNEL, TABLES, CACHE} <= {owner for _, owner in seen.runs}


def test_the_frames_of_a_process_are_lettered_with_its_pid(look: Look) -> None:
    pcb = look.start(b"sleep", b"100")
    look.wait()
    seen = look.sight.memory()
    assert seen is not None
    own = sum(count for count, owner in seen.runs if owner == pcb.pid)
    assert own == pcb.mm.anon > 0


def test_a_walk_leads_to_the_frame_that_the_table_says(look: Look) -> None:
    pcb = look.start(b"sleep", b"100")
    look.wait()
    seen = look.sight.walk(pcb.pid, 0x11)
    assert seen is not None
    (root, leaf) = seen.tables
    assert seen.physical == leaf[3] >> 10 << 12
    assert root[3] >> 10 == leaf[1]
    assert [page.area for page in seen.pages].count("[stack]") == 3
    assert look.sight.walk(pcb.pid, 0x50000).fault == "nothing is mapped there"  # type: ignore[union-attr]


def test_a_program_without_malloc_has_no_heap_and_one_with_it_has_blocks(look: Look) -> None:
    plain = look.start(b"sleep", b"100")
    leak = look.start(b"leak", b"-s", b"1000")
    look.wait()
    assert look.sight.heap(plain.pid) is None
    heap = look.sight.heap(leak.pid)
    assert heap is not None
    assert heap.broken == ""
    assert any(block.used for block in heap.blocks)
    assert sum(block.size for block in heap.blocks) <= heap.end - heap.start


def test_calls_are_noted_while_a_process_is_followed(look: Look) -> None:
    pcb = look.start(b"sh", b"-c", b"while sleep 0.4; do echo x > /dev/null; done")
    look.sight.follow(pcb.pid)
    look.wait(2)
    seen = look.sight.inspect(pcb.pid)
    assert seen is not None
    assert any(call.text.startswith("clone(") for call in seen.calls)
    assert seen.calls[-1].text.startswith("waitid(")
    assert seen.calls[-1].text.endswith("…")
    look.sight.follow(None)
    assert look.sight.inspect(pcb.pid).calls == ()  # type: ignore[union-attr]


def test_what_is_private_of_others_is_not_seen(look: Look) -> None:
    pcb = look.start(b"sleep", b"100", uid=0)
    look.wait()
    seen = look.sight.inspect(pcb.pid)
    assert seen is not None
    assert (seen.files, seen.areas, seen.environ) == ((), (), ())
    assert [name for name, _ in seen.denied] == ["files", "map", "environment", "calls"]
    assert look.sight.walk(pcb.pid, 0) is None
    look.play.as_root = True
    assert look.sight.inspect(pcb.pid).environ == ("A=1",)  # type: ignore[union-attr]


def test_why_tells_of_a_process_and_of_the_goals(look: Look) -> None:
    pcb = look.start(b"sleep", b"100")
    look.wait()
    assert "sleeps" in look.sight.why(pcb.pid)[0][1]
    assert [text for depth, text in look.sight.why() if depth == 0] == [
        "one: not yet.",
        "two: not yet.",
    ]


def test_looking_changes_nothing() -> None:
    watched, alone = Look(), Play(LEVEL, 7)
    watched.sight.follow(2)
    for t in (SECOND, 2 * SECOND):
        watched.play.run_until(t)
        alone.run_until(t)
        watched.sight.memory()
        watched.sight.inspect(2)
        watched.sight.why()
        assert watched.play.world.digest() == alone.world.digest()
