"""The player is the scheduler: the CPU pane under the manual policy, by key and by mouse."""

from dataclasses import replace
from typing import Any

from minios.game.view import ProcessView
from tests.tui.fake import Stage, processes, stage


def manual(**fields: object) -> Any:
    """Two cores, three jobs that could run: one has cpu1, two wait; the shell is no job."""
    found: list[ProcessView] = []
    for process in processes():
        if process.comm in ("cellar", "hydra") and process.state == "R":
            owner = 1 if process.pid == 214 else -1
            found.append(replace(process, assigned=owner))
        else:
            found.append(process)
    base: dict[str, object] = {
        "scheduler": "manual", "processes": tuple(found), "panes": (("cpu", "act"),),
    }  # fmt: skip
    return stage(**(base | fields))


def asked(s: Stage) -> list[Any]:
    return [entry for entry in s.session.asked if entry[:2] == ("act", "assign")]


def rows(s: Stage) -> list[str]:
    """What the pane lists, from its mark to the figures."""
    return [line for line in s.lines if any(f" {pid} " in line[:32] for pid in (200, 213, 214))]


async def test_those_who_could_use_a_core_are_listed_with_what_they_have():
    async with manual() as s:
        await s.press("f6")
        listed = [line[1:54] for line in rows(s)]
        assert [("cellar" in line, "hydra" in line) for line in listed] == [
            (True, False), (False, True), (False, True),
        ]  # fmt: skip
        assert listed[0].startswith("▸") and "WAITS" in listed[0]
        assert "has cpu1" in listed[2]
        assert "0-1 gives the core" in s.text


async def test_a_digit_gives_the_chosen_process_that_core():
    async with manual() as s:
        await s.press("f6", "down", "0")
        assert asked(s) == [("act", "assign", {"machine": "pc", "pid": 213, "core": 0})]
        assert "cpu0 goes to hydra (213)." in s.text
        await s.press("7")
        assert len(asked(s)) == 1


async def test_enter_gives_the_first_free_core_and_x_takes_one_away():
    async with manual() as s:
        await s.press("f6", "enter", "x", "down", "down", "x")
        assert asked(s) == [
            ("act", "assign", {"machine": "pc", "pid": 200, "core": 0}),
            ("act", "assign", {"machine": "pc", "pid": 214, "core": -1}),
        ]


async def test_a_click_chooses_and_a_click_on_a_core_gives_it():
    async with manual() as s:
        top = next(y for y, line in enumerate(s.lines) if " cpu0 " in line)
        job = next(y for y, line in enumerate(s.lines) if " 213 " in line[:32])
        await s.click(5, job)
        await s.click(5, top + 1)
        owner = next(y for y, line in enumerate(s.lines) if " 214 " in line[:32])
        await s.click(5, owner)
        await s.click(5, top + 1)
        assert asked(s) == [
            ("act", "assign", {"machine": "pc", "pid": 213, "core": 1}),
            ("act", "assign", {"machine": "pc", "pid": 214, "core": -1}),
        ]


async def test_the_chosen_one_that_ends_makes_room_for_the_next():
    async with manual() as s:
        await s.press("f6", "down")
        left = tuple(p for p in s.session.view().processes if p.pid != 213)
        s.session.change(processes=left)
        await s.settle()
        assert next(line for line in rows(s) if " 214 " in line[:32])[1] == "▸"


async def test_where_the_level_lets_one_only_look_nothing_is_asked():
    async with manual(panes=(("cpu", "look"),)) as s:
        await s.press("f6", "0")
        assert asked(s) == []
        assert "lets you look at the cores" in s.text


async def test_under_another_policy_digits_mean_nothing():
    async with manual(scheduler="cfs") as s:
        await s.press("f6", "0", "x", "down")
        assert asked(s) == []
