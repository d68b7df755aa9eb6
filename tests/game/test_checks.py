"""Each family of checks, asked of a world in which it is so and in which it is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from minios.game import loader, spec
from minios.game.checks.bound import inode_at
from minios.game.play import Play
from minios.game.spec import SECOND, Compare, Who

LEVEL = loader.load(Path(__file__).parent / "level.yaml")
MS = SECOND // 1000


def world(check: spec.Check, *, events: tuple[spec.Event, ...] = (), **machine: object) -> Play:
    """A play with one goal, which is ``check``, and nobody at the keyboard."""
    goals = (spec.Goal("it", check, "it"), spec.Goal("no", spec.FileCheck("pc", "/never"), "no"))
    pc = replace(LEVEL.machines[0], **machine)  # type: ignore[arg-type]
    plain = replace(LEVEL, lose=(), protect=(), wrong=(), goals=goals, machines=(pc,))
    return Play(replace(plain, events=events), 1)


def holds(game: Play, at: int) -> bool:
    """Whether the goal is true at ``at``."""
    game.run_until(at)
    return game.goals()[0].done


def runs(identity: str, command: str, **more: object) -> spec.ProcessSpec:
    return spec.ProcessSpec(identity, tuple(command.split()), **more)  # type: ignore[arg-type]


def write(at: int, path: str, text: str, *, append: bool = False) -> spec.Event:
    return spec.Event(f"w{at}{path}", (spec.Write("pc", path, text, append),), at=at)


NAP = runs("nap", "sleep 3", user="ada")


@pytest.mark.parametrize(
    ("who", "state", "count", "then", "later"),
    [
        (Who(identity=("nap",)), "alive", Compare(at_least=1), True, False),
        (Who(identity=("nap",)), "alive", Compare(0, 0), False, True),
        (Who(lineage=("nap",)), "sleeping", Compare(at_least=1), True, False),
        (Who(name="sl*"), "alive", Compare(1, 1), True, False),
        (Who(name="sleep", user="root"), "alive", Compare(at_least=1), False, False),
        (Who(user="ada", cmdline="sleep 3"), "alive", Compare(at_least=1), True, False),
        (Who(exe="/usr/bin/sleep"), "stopped", Compare(at_least=1), False, False),
    ],
)
def test_processes_are_found_by_what_they_are(
    who: Who, state: str, count: Compare, then: bool, later: bool
) -> None:
    game = world(spec.ProcessCheck("pc", who, state, count), processes=(NAP,))
    assert (holds(game, SECOND), holds(game, 4 * SECOND)) == (then, later)


def test_a_name_can_be_spoofed_and_an_identity_cannot() -> None:
    liar = runs("liar", "sleep 9", name="init")
    named = world(spec.ProcessCheck("pc", Who(name="init"), "alive", Compare(2, 2)),
                  processes=(liar,))  # fmt: skip
    assert holds(named, SECOND)
    known = world(spec.ProcessCheck("pc", Who(identity=("liar",))), processes=(liar,))
    assert holds(known, SECOND)


def test_a_stopped_process_is_seen_as_such() -> None:
    stop = spec.Event("stop", (spec.Signal("pc", Who(identity=("nap",)), 19),), at=SECOND)
    check = spec.ProcessCheck("pc", Who(identity=("nap",)), "stopped")
    game = world(check, processes=(NAP,), events=(stop,))
    assert (holds(game, 900 * MS), holds(game, 1100 * MS)) == (False, True)


def test_a_process_awaited_by_its_file_gets_the_identity_when_it_is_executed() -> None:
    """``exec``: the level does not start it; here a script of another process does."""
    files = (
        spec.FileSpec("/opt/job", text="#!/bin/sh\nsleep 5\n"),
        spec.FileSpec("/opt/boss", text="#!/bin/sh\nsleep 1; /opt/job; :\n"),
    )
    processes = (runs("boss", "/opt/boss"), spec.ProcessSpec("job", exec="/opt/job"))
    for who in (Who(identity=("job",)), Who(lineage=("boss",), name="job"), Who(lineage=("job",))):
        game = world(spec.ProcessCheck("pc", who), files=files, processes=processes)
        assert (holds(game, 900 * MS), holds(game, 2 * SECOND)) == (False, True)


def test_load_is_the_share_over_the_whole_window() -> None:
    """One of two cores busy for 2 s is 50 %; a window later it is gone."""
    burner = runs("burner", "spin 2")
    check = spec.LoadCheck("pc", Compare(400, 600), SECOND)
    game = world(check, processes=(burner,), cores=2)
    assert [holds(game, at * 100 * MS) for at in (5, 11, 19, 32)] == [False, True, True, False]


def test_a_load_check_knows_nothing_before_its_window_is_over() -> None:
    game = world(spec.LoadCheck("pc", Compare(None, 1000), SECOND), processes=())
    assert (holds(game, 900 * MS), holds(game, 1100 * MS)) == (False, True)


def test_memory_is_what_the_processes_have() -> None:
    big = runs("big", "hog 1M 2")
    for check in (spec.MemoryCheck("pc", Compare(at_least=1 << 20), Who(identity=("big",))),
                  spec.MemoryCheck("pc", Compare(at_least=1 << 20))):  # fmt: skip
        game = world(check, processes=(big,))
        assert (holds(game, 1500 * MS), holds(game, 5 * SECOND)) == (True, False)


INK = write(SECOND, "/srv/x", "one\ntwo\n")


@pytest.mark.parametrize(
    "check",
    [
        spec.FileCheck("pc", "/srv/x"),
        spec.FileCheck("pc", "/srv/x", kind="file", owner="root", group="root", mode=0o644),
        spec.FileCheck("pc", "/srv/x", equals="one\ntwo\n"),
        spec.FileCheck("pc", "/srv/x", contains=("one", "two"), lacks=("three",)),
        spec.FileCheck("pc", "/srv/x", matches="^t.o$"),
        spec.FileCheck("pc", "/srv/x", lines=Compare(2, 2), size=Compare(8, 8)),
        spec.Not(spec.FileCheck("pc", "/srv/x", exists=False)),
        spec.Not(spec.FileCheck("pc", "/srv/x", contains=("three",))),
        spec.DirectoryCheck("pc", "/srv", ("x",), "x", Compare(1, 1)),
        spec.ProbeCheck("pc", 'test "$(cat /srv/x | tail -n 1)" = two'),
        spec.ProbeCheck("pc", "grep -q three /srv/x", status=1),
    ],
)  # fmt: skip
def test_files_are_looked_at_when_they_change(check: spec.Check) -> None:
    other = isinstance(check, spec.Not) and check.of.exists  # type: ignore[attr-defined]
    game = world(check, events=(INK,))
    if not other:
        assert not holds(game, 900 * MS) or isinstance(check, spec.ProbeCheck)
    assert holds(game, 2900 * MS)


def test_the_first_instant_is_the_one_of_the_change() -> None:
    game = world(spec.FileCheck("pc", "/srv/x"), events=(INK,))
    game.apply("key", {"data": "x"})
    game.run_until(3 * SECOND)
    assert dict(game.splits) == {"it": SECOND}


def test_a_file_stays_fresh_for_so_long_after_a_write() -> None:
    check = spec.FileCheck("pc", "/srv/x", fresh=SECOND)
    game = world(check, events=(INK, write(3 * SECOND, "/srv/x", "more", append=True)))
    seen = [holds(game, at * 100 * MS) for at in (9, 15, 20, 21, 30, 40, 41)]
    assert seen == [False, True, True, False, True, True, False]


def test_names_of_a_directory_count_hidden_ones_too() -> None:
    names = (write(SECOND, "/srv/a", ""), write(2 * SECOND, "/srv/.b", ""))
    game = world(spec.DirectoryCheck("pc", "/srv", ("a",)), events=names)
    assert (holds(game, 1500 * MS), holds(game, 2500 * MS)) == (True, False)


def test_a_terminal_is_judged_by_what_it_showed() -> None:
    shout = runs("shout", "echo well done", tty="tty2", at=SECOND)
    check = spec.OutputCheck("pc", "tty2", matches="^well d.ne$")
    game = world(check, processes=(shout,))
    assert (holds(game, 900 * MS), holds(game, 2 * SECOND)) == (False, True)


def test_free_pids_and_power_are_known() -> None:
    cut = spec.Event("cut", (spec.Power("pc", False),), at=SECOND)
    room = spec.PidsFreeCheck("pc", Compare(at_least=20))
    for check, before, after in (
        (room, True, False),
        (spec.PowerCheck("pc", True), True, False),
        (spec.PowerCheck("pc", False), False, True),
    ):
        game = world(check, events=(cut,), pid_max=32, processes=())
        assert (holds(game, 900 * MS), holds(game, 2 * SECOND)) == (before, after)


def test_held_and_combined_checks_keep_their_time() -> None:
    there = spec.FileCheck("pc", "/srv/x")
    both = spec.All((spec.Held(there, SECOND), spec.Any_((there, spec.FileCheck("pc", "/no")))))
    game = world(both, events=(INK,))
    assert (holds(game, 1900 * MS), holds(game, 2 * SECOND)) == (False, True)


def test_a_probe_is_invisible_and_cannot_write() -> None:
    """It has no pid on the machine, takes no CPU time there, and its writes fail."""
    seen = world(spec.ProbeCheck("pc", "ps -e -o comm= | grep -qx grep"))
    assert not holds(seen, 3 * SECOND)
    written = world(spec.ProbeCheck("pc", "echo x > /srv/x || true"))
    holds(written, 3 * SECOND)
    assert inode_at(written, "pc", b"/srv/x") is None


def test_a_probe_uses_the_games_commands_and_not_the_machines() -> None:
    """A root player may replace grep; the judge's is another."""
    fake = write(500 * MS, "/usr/bin/true", "#!/bin/sh\nexit 1\n")
    game = world(spec.ProbeCheck("pc", "true && grep -q root /etc/passwd"), events=(fake,))
    assert holds(game, 3 * SECOND)
