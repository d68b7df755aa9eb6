"""One attempt: the door, the figures, the end, and that all of it is the same every time."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from minios.game import loader, spec
from minios.game.build import BuildError
from minios.game.play import Play, Refused
from minios.game.spec import (
    SECOND,
    All,
    Compare,
    Event,
    FileCheck,
    Goal,
    Held,
    Level,
    Lose,
    MetricCheck,
    Not,
    Par,
    Power,
    ProcessCheck,
    Say,
    Signal,
    Type,
    Who,
    Write,
)

MS = SECOND // 1000
LEVEL = loader.load(Path(__file__).parent / "level.yaml")
NEVER = Goal("never", FileCheck("pc", "/never"), "never")


def play(level: Level = LEVEL, seed: int = 1) -> Play:
    return Play(level, seed)


def enter(game: Play, line: str) -> None:
    """Type a line and wait until the prompt is back, or the play is over."""
    for char in line + "\r":
        game.apply("key", {"data": char})
    game.run_until(game.free_at)
    while not game.frozen and not game.held():
        due = game.world.next_event()
        assert due is not None
        game.run_until(due)


def shown(game: Play) -> bytes:
    """What the terminal shows, without switching bracketed paste."""
    return game.shown("pc", "tty1").replace(b"\x1b[?2004h", b"").replace(b"\x1b[?2004l", b"")


def rules(**changes: object) -> Level:
    """The test level with other rules."""
    plain = replace(LEVEL, goals=(NEVER,), lose=(), protect=(), wrong=(), solutions=())
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_play_begins_at_zero_with_a_prompt() -> None:
    game = play()
    assert (game.world.now, game.outcome, game.held()) == (0, None, True)
    assert b"automatic login" in game.boot_output


def test_the_line_that_solves_it_wins_a_second_later() -> None:
    """The goal must hold for 1 s, and that second does not count as time."""
    game = play()
    word = game.level.goals[0].check.path.removeprefix("/tmp/")  # type: ignore[attr-defined]
    enter(game, f"touch /tmp/{word}")
    assert game.outcome is None
    typed = game.world.now
    game.run_until(10 * SECOND)
    assert game.outcome == "win"
    assert game.time < typed < game.world.now
    assert game.world.now == game.time + SECOND
    result = game.result()
    assert result is not None
    assert (result.won, result.stars, result.unaided) == (True, 3, True)
    assert (result.keys, result.commands) == (len(f"touch /tmp/{word}") + 1, 1)
    assert result.splits == (("made", game.time),)


def test_time_stands_still_after_the_end() -> None:
    game = play(rules(lose=(Lose("late", "Too late.", at=SECOND),)))
    assert game.run_until(5 * SECOND) and game.world.now == SECOND
    assert game.run_until(9 * SECOND) and game.world.now == SECOND
    with pytest.raises(Refused, match="over"):
        game.apply("key", {"data": "x"})


def test_a_loss_names_its_cause_and_the_line_before_it() -> None:
    game = play(rules(lose=(Lose("gone", "Gone.", ProcessCheck(
        "pc", Who(identity=("idle",)), "alive", Compare(0, 0))),)))  # fmt: skip
    enter(game, "true")
    enter(game, "pkill sleep")
    result = game.result()
    assert result is not None
    assert (result.won, result.cause, result.line) == (False, "Gone.", "pkill sleep")
    line = game.lost_line()
    assert line is not None
    assert (line.text, line.n, line.start) == ("pkill sleep", 6, game.lines[1].start)


def test_a_key_takes_fifty_milliseconds() -> None:
    game = play()
    times = [game.apply("key", {"data": char})[0] for char in "abc"]
    assert times == [0, 50 * MS, 100 * MS]
    assert not game.held()
    game.run_until(150 * MS)
    assert game.held()


def test_a_pane_action_acts_as_the_player() -> None:
    """It takes 300 ms, counts as a command, and may do what kill(2) lets the player do."""
    game = play(replace(LEVEL, lose=()))
    game.apply("signal", {"machine": "pc", "pid": 1, "sig": 15})
    assert game.failed == "1: Operation not permitted"
    assert (game.commands, game.free_at) == (1, 300 * MS)
    kernel = game.machines["pc"].kernel
    assert kernel is not None
    idle = next(p for p in kernel.processes.values() if p.identity == "idle")
    game.apply("signal", {"machine": "pc", "pid": idle.pid, "sig": 15})
    game.run_until(SECOND)
    assert (game.failed, game.wardens.harmed) == ("", ["idle"])


def test_a_core_is_given_away_with_the_players_rights_under_the_manual_policy() -> None:
    """A pane action like the others: recorded at the door, 300 ms, a command."""
    (machine,) = LEVEL.machines
    by_hand = replace(machine, scheduler="manual")
    game = play(replace(LEVEL, lose=(), machines=(by_hand,), panes=(("cpu", "act"),)))
    kernel = game.machines["pc"].kernel
    assert kernel is not None
    idle = next(p for p in kernel.processes.values() if p.identity == "idle")
    before = game.world.digest()
    game.apply("assign", {"machine": "pc", "pid": idle.pid, "core": 0})
    assert (game.failed, game.commands, game.free_at, idle.assigned) == ("", 1, 300 * MS, 0)
    assert game.world.digest() != before
    game.apply("assign", {"machine": "pc", "pid": 1, "core": 0})
    assert game.failed == "1: Operation not permitted"
    game.apply("assign", {"machine": "pc", "pid": idle.pid, "core": 1})
    assert game.failed == f"{idle.pid}: Invalid argument"
    looks = play(replace(LEVEL, lose=(), machines=(by_hand,), panes=(("cpu", "look"),)))
    looks.apply("assign", {"machine": "pc", "pid": idle.pid, "core": 0})
    assert looks.failed == "On this level the CPU pane only looks."


@pytest.mark.parametrize(
    ("op", "data"),
    [
        ("key", {}),
        ("key", {"data": ""}),
        ("key", {"data": "x" * 65}),
        ("key", {"data": "€"}),
        ("key", {"data": 3}),
        ("key", {"data": "a", "more": 1}),
        ("resize", {"rows": 0, "cols": 80}),
        ("resize", {"rows": 24, "cols": True}),
        ("signal", {"machine": "pc", "pid": -1, "sig": 9}),
        ("signal", {"machine": "pc", "pid": 1, "sig": 65}),
        ("renice", {"machine": 1, "pid": 1, "nice": 0}),
        ("assign", {"machine": "pc", "pid": 1, "core": -2}),
        ("assign", {"machine": "pc", "pid": 1}),
        ("save", {"path": "relative", "data": "x"}),
        ("save", {"path": "/a\0b", "data": "x"}),
        ("root", {}),
        ("nonsense", {}),
    ],
)
def test_what_is_no_input_is_refused(op: str, data: dict[str, object]) -> None:
    with pytest.raises(Refused):
        play().apply(op, data)


def test_a_saved_file_costs_its_changed_characters() -> None:
    game = play()
    game.apply("save", {"path": "/home/ada/x", "data": "hello"})
    assert (game.failed, game.free_at) == ("", 250 * MS)
    game.apply("save", {"path": "/home/ada/x", "data": "help"})
    assert game.free_at == 250 * MS + 2 * 50 * MS
    game.apply("save", {"path": "/etc/passwd", "data": "x"})
    assert game.failed == "/etc/passwd: Permission denied"


def test_a_goal_that_breaks_is_open_again_unless_once() -> None:
    def two(once: bool) -> Play:
        there = Goal("there", FileCheck("pc", "/tmp/a"), "there", once=once)
        return play(rules(goals=(there, NEVER)))

    for once, after in ((False, False), (True, True)):
        game = two(once)
        enter(game, "touch /tmp/a")
        assert [view.done for view in game.goals()] == [True, False]
        enter(game, "rm /tmp/a")
        assert game.goals()[0].done is after


def test_a_goal_waits_for_what_it_requires_and_for_its_event() -> None:
    level = rules(
        goals=(
            Goal("second", FileCheck("pc", "/tmp/b"), "b", requires=("first",)),
            Goal("first", FileCheck("pc", "/tmp/a"), "a", after="bell"),
        ),
        events=(Event("bell", (Say("Ding."),), at=2 * SECOND),),
    )
    game = play(level)
    enter(game, "touch /tmp/a /tmp/b")
    assert [view.holds for view in game.goals()] == [False, False]
    game.run_until(5 * SECOND)
    assert (game.outcome, game.world.now) == ("win", 2 * SECOND)
    assert game.messages == [(2 * SECOND, "Ding.")]


def test_a_goal_not_done_within_its_time_is_a_loss() -> None:
    game = play(rules(goals=(replace(NEVER, within=3 * SECOND),)))
    game.run_until(9 * SECOND)
    result = game.result()
    assert result is not None
    assert (game.world.now, result.cause) == (3 * SECOND, "Not in time: never")


def test_a_deadline_counts_from_the_first_key() -> None:
    game = play(rules(lose=(Lose("late", "Late.", at=SECOND, after="first-key"),)))
    game.run_until(4 * SECOND)
    assert game.outcome is None
    game.apply("key", {"data": "x"})
    game.run_until(9 * SECOND)
    assert (game.outcome, game.world.now) == ("lose", 5 * SECOND)


def test_a_win_in_the_same_instant_as_a_loss_wins() -> None:
    write = Event("ink", (Write("pc", "/srv/x", "1"),), at=SECOND)
    level = rules(
        events=(write,),
        goals=(Goal("x", FileCheck("pc", "/srv/x"), "x"),),
        lose=(Lose("late", "Late.", at=SECOND, unless=("x",)),),
    )
    game = play(level)
    game.run_until(2 * SECOND)
    assert game.outcome == "win"


def test_a_machine_loses_its_memory_with_the_power_and_keeps_its_disk() -> None:
    level = rules(
        events=(
            Event("off", (Power("pc", False),), at=3 * SECOND),
            Event("on", (Power("pc", True),), at=4 * SECOND),
        )
    )
    game = play(level)
    enter(game, "echo 1 > kept; sync; echo 2 > /tmp/lost; echo 3 > unsynced")
    game.run_until(3500 * MS)
    assert not game.held()
    game.run_until(6 * SECOND)
    assert game.held()
    enter(game, "cat kept /tmp/lost unsynced")
    assert shown(game).endswith(
        b"1\r\ncat: /tmp/lost: No such file or directory\r\n"
        b"cat: unsynced: No such file or directory\r\nada@pc:~$ "
    )


def test_an_event_can_wait_for_a_check() -> None:
    there = All((FileCheck("pc", "/tmp/a"), Not(FileCheck("pc", "/tmp/b"))))
    level = rules(
        events=(
            Event("seen", (Write("pc", "/srv/seen", "x"),), when=Held(there, SECOND)),
            Event("next", (Say("Next."),), after="seen", delay=SECOND),
        )
    )
    game = play(level)
    enter(game, "touch /tmp/a")
    made = game.world.now
    game.run_until(5 * SECOND)
    assert game.referee.happened["seen"] < made + SECOND
    assert game.referee.happened["next"] == game.referee.happened["seen"] + SECOND


def test_metrics_can_be_asked_for() -> None:
    many = MetricCheck("keys", Compare(at_least=3))
    game = play(rules(lose=(Lose("keys", "Too many keys.", many),)))
    for char in "abc":
        game.apply("key", {"data": char})
    game.run_until(game.free_at)
    assert game.outcome == "lose"


def test_killing_a_protected_process_is_collateral_once() -> None:
    game = play(replace(LEVEL, lose=()))
    enter(game, "pkill sleep")
    enter(game, "pkill sleep")
    assert game.wardens.harmed == ["idle"]
    assert (game.collateral, game.signals) == (1, 1)


def test_a_process_that_the_level_kills_is_nobodys_fault() -> None:
    end = Event("end", (Signal("pc", Who(identity=("idle",)), 9),), at=SECOND)
    game = play(replace(LEVEL, lose=(), events=(end,)))
    game.run_until(2 * SECOND)
    assert (game.collateral, game.signals) == (0, 0)


def test_stars_are_for_solving_harmlessly_within_par() -> None:
    game = play(replace(LEVEL, par=Par(keys=3)))
    word = game.level.goals[0].check.path.removeprefix("/tmp/")  # type: ignore[attr-defined]
    enter(game, f"touch /tmp/{word}")
    game.run_until(9 * SECOND)
    assert game.stars() == 2


def test_the_words_at_the_prompt_answer() -> None:
    game = play()
    enter(game, "goals")
    enter(game, "hint")
    shown = game.shown("pc", "tty1")
    assert b"[ ] /tmp/" in shown
    assert b"Hint 1 of 1: The file's name is in the briefing. That was the last one." in shown
    assert game.hints_asked == 1
    for char in "restart\r":
        game.apply("key", {"data": char})
    game.run_until(game.world.now + SECOND)
    assert game.wanted == "restart"


def test_a_slip_is_coached_and_a_wrong_answer_recognised() -> None:
    game = play()
    enter(game, "LS")
    assert game.coach == "Commands are case-sensitive and nearly always lower case. Try: ls"
    enter(game, "ls")
    assert game.coach == ""
    enter(game, "echo true > on; on")
    assert game.coach == ""
    enter(game, "on")
    assert game.coach.endswith("a script that lies here is ./on")
    enter(game, "touch   /tmp/word")
    assert game.recognised == ("literal",)
    assert game.coach == "The braces were filled in for you."


def test_what_an_event_types_is_not_the_players() -> None:
    game = play(rules(events=(Event("ghost", (Type("pc", "tty1", "echo boo\n"),), at=SECOND),)))
    game.apply("key", {"data": "\x15"})
    game.run_until(2 * SECOND)
    assert b"boo\r\n" in game.shown("pc", "tty1")
    assert (game.lines, game.commands) == ([], 0)
    enter(game, "true")
    assert [line.text for line in game.lines] == ["true"]


def test_a_winner_may_stay_as_root() -> None:
    game = play()
    word = game.level.goals[0].check.path.removeprefix("/tmp/")  # type: ignore[attr-defined]
    enter(game, f"touch /tmp/{word}")
    game.run_until(9 * SECOND)
    keys = game.keys
    game.apply("root", {})
    game.run_until(game.world.now + 5 * SECOND)
    enter(game, "id -u")
    assert shown(game).rstrip().endswith(b"\r\n0\r\nroot@pc:~#")
    assert (game.outcome, game.keys) == ("win", keys)


def digests(level: Level, step: int) -> list[tuple[int, str]]:
    """The checkpoints of a play whose time passes in steps."""
    game = play(level)
    for char in "ls -l /tmp; spin 1 &\r":
        game.apply("key", {"data": char})
    while game.world.now < 21 * SECOND:
        game.run_until(min(game.world.now + step, 21 * SECOND))
    return game.checkpoints


def test_one_run_or_ten_thousand_give_the_same_digests() -> None:
    level = rules()
    whole = digests(level, 100 * SECOND)
    assert [t for t, _ in whole] == [10 * SECOND, 20 * SECOND]
    assert digests(level, 3_333_333) == whole


def test_a_level_that_never_comes_to_rest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes start eight seconds early and multiply."""
    monkeypatch.setattr("minios.game.play.BOOT_EVENTS", 5_000)
    bomb = spec.FileSpec("/opt/p", text="#!/bin/sh\nf() { f | f & }; f\n")
    many = tuple(spec.ProcessSpec(f"p{n}", ("/opt/p",), at=-8 * SECOND) for n in range(8))
    with pytest.raises(BuildError, match="before t = 0"):
        play(rules(machines=(replace(LEVEL.machines[0], files=(bomb,), processes=many),)))


@pytest.mark.parametrize(
    "file",
    [
        spec.FileSpec("/etc/passwd/x", text="x"),
        spec.FileSpec("/bin", kind="link", target="/"),
        spec.FileSpec("/srv/full", text="x" * (2 << 20)),
    ],
)
def test_files_that_cannot_be_laid_are_refused(file: spec.FileSpec) -> None:
    with pytest.raises(BuildError):
        play(rules(machines=(replace(LEVEL.machines[0], disk=2 << 20, files=(file,)),)))


def test_a_play_is_the_same_whatever_the_hash_seed_and_whoever_looks() -> None:
    """Three interpreters with other hash seeds, one with every instrument installed."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from minios.game import loader\n"
        "from minios.game.play import Play\n"
        "from minios.sim.instruments import EVENTS\n"
        "look = type('Look', (), {event: lambda self, *args: None for event in EVENTS})()\n"
        "level = loader.load(Path(sys.argv[1]))\n"
        "game = Play(level, 3, instruments=[look] if sys.argv[2] == 'look' else [])\n"
        "for char in 'ps aux | sort; touch /tmp/moon & find /etc -name p*; wait\\r':\n"
        "    game.apply('key', {'data': char})\n"
        "game.run_until(25_000_000_000)\n"
        "print(game.checkpoints, game.world.digest())\n"
        "game.close()\n"
    )
    path = str(Path(__file__).parent / "level.yaml")
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, path, look],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for seed, look in (("0", "no"), ("1", "no"), ("77", "look"))
    }
    assert len(seen) == 1


def test_a_wrong_answer_is_answered_in_the_instant_it_shows() -> None:
    """By what it does (``when``), not only by how it is typed."""
    game = play(replace(LEVEL, lose=()))
    enter(game, "kill -9 $(pgrep sleep)")
    assert (game.recognised, game.coach) == (("killer",), "That was the sleeper.")
