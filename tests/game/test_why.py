"""Why a goal does not hold, told without telling what the level has kept to itself."""

import pytest

from minios.game.play import Play
from minios.game.spec import (
    All,
    Any_,
    Check,
    Compare,
    FileCheck,
    Goal,
    Held,
    Level,
    LoadCheck,
    MachineSpec,
    MetricCheck,
    Not,
    Player,
    ProbeCheck,
    ProcessCheck,
    Seeds,
    UserSpec,
    Who,
)
from minios.game.why import ask, why_goal
from minios.kernel.why.reason import lines
from minios.sim.world import SECOND


def play(*goals: Goal, briefing: str = "") -> Play:
    level = Level(
        "why",
        Player("pc", "player"),
        (MachineSpec("pc", users=(UserSpec("player", 1000, 1000),)),),
        title="Why",
        briefing=briefing,
        goals=goals,
        seeds=Seeds(play=7),
    )
    made = Play(level, 7)
    made.run_until(SECOND)
    return made


def told(check: Check, *, briefing: str = "", hold: int = 0) -> list[str]:
    """The lines below the goal's own."""
    reason = why_goal(play(Goal("g", check, text="The goal", hold=hold), briefing=briefing), "g")
    return ["  " * (depth - 1) + text for depth, text in lines(reason)[1:]]


ABSENT = FileCheck("pc", "/srv/secret-name")


def test_an_absent_file_is_not_named_unless_the_level_has_named_it() -> None:
    assert told(ABSENT) == ["The file is not there."]
    assert told(ABSENT, briefing="Make /srv/secret-name.") == ["/srv/secret-name is not there."]


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (FileCheck("pc", "/etc/passwd", exists=False), "The file is still there."),
        (FileCheck("pc", "/etc/passwd", kind="directory"), "The file is no directory."),
        (
            FileCheck("pc", "/etc/passwd", mode=0o600),
            "The file has the mode 0644, and another is asked for.",
        ),
        (FileCheck("pc", "/etc/passwd", owner="player"), "The file belongs to somebody else."),
        (
            FileCheck("pc", "/etc/hostname", lines=Compare(at_least=5)),
            "The file has 1 lines; asked is at least 5.",
        ),
        (
            FileCheck("pc", "/etc/passwd", equals="the answer"),
            "The file does not say what is asked.",
        ),
        (
            ProcessCheck("pc", Who(name="init"), count=Compare(at_most=0)),
            "1 process that counts is alive; none may be.",
        ),
        (
            ProcessCheck("pc", Who(name="x"), "stopped", Compare(2, 2)),
            "0 processes that count are stopped; exactly 2 must be.",
        ),
        (MetricCheck("keys", Compare(at_least=3)), "Keys is 0; asked is at least 3."),
        (ProbeCheck("pc", "false"), "A trial of it fails, with exit status 1."),
    ],
)
def test_each_family_tells_what_it_measures_and_what_is_asked(check: Check, sentence: str) -> None:
    assert told(check) == [sentence]


def test_busy_cpus_are_told_in_per_cent() -> None:
    made = play(Goal("g", LoadCheck("pc", Compare(at_least=500)), text="Busy"))
    made.run_until(3 * SECOND)
    (part,) = why_goal(made, "g").because
    assert part.text == "Over 1.000 s the CPUs were busy 0 %; asked is at least 50 %."


def test_of_all_only_the_failing_parts_are_told() -> None:
    there = FileCheck("pc", "/etc/passwd")
    assert told(All((there, ABSENT))) == ["The file is not there."]
    assert told(All((ABSENT, there, ABSENT))) == [
        "2 of 3 parts do not hold:",
        "  The file is not there.",
        "  The file is not there.",
    ]


def test_of_any_every_part_is_told_and_of_not_what_holds() -> None:
    assert told(Any_((ABSENT, ABSENT))) == [
        "One of these must come to hold:",
        "  The file is not there.",
        "  The file is not there.",
    ]
    init = ProcessCheck("pc", Who(name="init"))
    assert told(Not(init)) == [
        "This must not be so:",
        "  1 process that counts is alive; at least 1 must be.",
    ]


def test_what_must_last_says_for_how_long_yet() -> None:
    there = FileCheck("pc", "/etc/passwd")
    assert told(there, hold=3 * SECOND) == ["It holds since T+00:00.000 and must for 2.000 s more."]
    assert told(Held(there, 3 * SECOND))[0] == "It must go on holding for 2.000 s:"
    assert told(Held(ABSENT, 3 * SECOND)) == [
        "This must hold for 3.000 s without a break:",
        "  The file is not there.",
    ]


def test_what_comes_first_is_told() -> None:
    made = play(
        Goal("first", ABSENT, text="The first thing"),
        Goal("second", FileCheck("pc", "/etc/passwd"), text="Two", requires=("first",)),
    )
    assert lines(why_goal(made, "2")) == [
        (0, "Two: it does not count yet."),
        (1, "First comes: The first thing"),
    ]


def test_a_hidden_goal_is_not_told_of() -> None:
    made = play(Goal("hidden", ABSENT, hidden=True), Goal("open", ABSENT))
    with pytest.raises(KeyError):
        why_goal(made, "hidden")
    assert why_goal(made, "1").kind == "goal.open"


def test_a_pane_asks_with_the_players_rights() -> None:
    made = play(Goal("g", ABSENT))
    assert ask(made, b"file", b"/root/x").kind == "file.search"
    assert ask(made, b"process", 1).pid == 1


def test_at_the_prompt_the_game_answers_why_goal() -> None:
    made = play(Goal("g", ABSENT, text="The goal"))
    for key in "why g\r":
        made.apply("key", {"data": key})
    made.run_until(made.world.now + 5 * SECOND)
    assert b"The goal: not yet.\r\n  The file is not there.\r\n" in made.shown("pc", "tty1")
