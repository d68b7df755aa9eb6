"""What F2 says of a process."""

import pytest
from fake import process, processes, stage, view

from minios.tui.words import details, held


async def test_f2_tells_of_the_selected_process_and_of_the_goals():
    async with stage() as s:
        await s.press("f7", "end", "up", "up", "up", "f2")
        assert "213 sleeps: it waits for a pipe." in s.text
        assert "└ 87 sh holds its other end." in s.text
        assert "no hydra for 5 s: not yet." in s.text
        assert "└ There are 3 of them." in s.text


def test_facts_name_parent_and_children():
    seen = view()
    facts = dict(details(next(p for p in seen.processes if p.pid == 200), seen))
    assert facts["parent"] == "init (1)"
    assert facts["children"] == "hydra 213, hydra 214, hydra 215, hydra 216"
    assert facts["memory"] == "300K resident"


def test_text_of_processes_is_plain():
    evil = process(50, 1, "e\x1b[2Jvil", cmdline="a\x07b")
    seen = view(processes=(*processes(), evil))
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
