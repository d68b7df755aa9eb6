"""What F2 says of a process."""

import pytest
from fake import process, processes, view

from minios.tui.words import details, held, state


def of(pid, **fields):
    seen = view(**fields)
    return state(next(p for p in seen.processes if p.pid == pid), seen)


def test_who_runs_and_where():
    assert of(213) == "hydra (213) is running on cpu0 right now."


def test_who_would_run_and_what_it_waits_for():
    found = "cellar (200) wants to run and waits for a core: 1 process waits for 2 cores."
    assert of(200) == found


def test_a_stopped_one_names_the_signal_it_needs():
    assert "until somebody sends it CONT" in of(215)


def test_a_zombie_names_its_parent():
    assert "its parent, cellar (200), asks" in of(216)


@pytest.mark.parametrize(
    ("wchan", "words"),
    [
        ("pipe_read", "it waits for data from a pipe (pipe_read) and costs nothing."),
        ("unheard_of", "it waits for something to happen (unheard_of) and costs nothing."),
        ("", "it waits for something to happen and costs nothing."),
    ],
)
def test_a_sleeper_says_what_for(wchan, words):
    sleeper = process(50, 1, "sleeper", wchan=wchan)
    assert of(50, processes=(*processes(), sleeper)) == f"sleeper (50) sleeps: {words}"


def test_facts_name_parent_and_children():
    seen = view()
    facts = dict(details(next(p for p in seen.processes if p.pid == 200), seen))
    assert facts["parent"] == "init (1)"
    assert facts["children"] == "hydra 213, hydra 214, hydra 215, hydra 216"
    assert facts["memory"] == "300K resident"


def test_text_of_processes_is_plain():
    evil = process(50, 1, "e\x1b[2Jvil", cmdline="a\x07b")
    seen = view(processes=(*processes(), evil))
    assert "\x1b" not in state(evil, seen)
    assert dict(details(evil, seen))["command"] == "ab"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("prompt", "your shell waits for you"),
        ("pause", "You paused it"),
        ("overlay", "while you read this"),
        ("over", "This attempt is over"),
        ("", "Time is running, 1 times as fast"),
    ],
)
def test_why_time_stands(why, words):
    assert words in held(view(held=why))
