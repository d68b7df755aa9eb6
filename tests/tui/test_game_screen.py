"""The game screen over a play that needs no machine."""

import pytest
from fake import MS, FakeSession, level, process, processes, result, stage
from textual import events

from minios.game.view import CoreView, Segment
from minios.tui.panes.cpu import _owners
from minios.tui.panes.processes import _tree

LETTERS = "abcdefghijklmnopqrstuvwxyz"


# Layout


async def test_140x45_shows_everything_at_once():
    async with stage((140, 45)) as s:
        for word in ("07 Hydra", "CPU F6", "PROCESSES F7", "▸TERMINAL", "GOALS F8", "F10 menu"):
            assert word in s.text
        assert "cpu0 " in s.text
        assert "find the parent" in s.text
        assert "player@pc:~$" in s.text
        assert all(len(line) == 140 for line in s.lines)


async def test_80x24_shows_one_pane_and_tabs():
    async with stage((80, 24)) as s:
        assert "CPU F6" in s.lines[1]
        assert "[PROCESSES F7]" in s.lines[1]
        assert "GOALS F8 1/3" in s.lines[1]
        assert "sshd" in s.text
        assert "cpu0 " not in s.text
        await s.press("f6")
        assert "cpu0 " in s.text
        assert "sshd" not in s.text


async def test_a_window_too_small_says_so_and_holds_the_game():
    async with stage((80, 24)) as s:
        await s.resize(30, 8)
        assert "MiniOS needs a little more" in s.text
        assert s.session.asked[-1] == ("overlay", True)
        await s.resize(80, 24)
        assert s.session.asked[-1] == ("overlay", False)
        assert "player@pc:~$" in s.text


async def test_every_size_can_be_drawn():
    async with stage((80, 24), coach="Type ls and press Enter") as s:
        for size in [(40, 10), (1, 1), (41, 60), (200, 11), (119, 39), (121, 41), (3, 90)]:
            await s.resize(*size)
            assert len(s.lines) == size[1]


async def test_hidden_panes_are_not_there():
    async with stage(panes=(("cpu", "hidden"), ("memory", "hidden"), ("processes", "look"))) as s:
        assert "CPU" not in s.lines[1]
        assert "cpu0 " not in s.text
        await s.press("f6")
        assert "This level hides these panes." in s.text


# Focus


async def test_a_panes_key_focuses_it_then_zooms_it_then_returns():
    async with stage() as s:
        assert s.game.focused is s.game.terminal
        await s.press("f7")
        assert s.game.focused is s.game.processes
        await s.press("f7")
        assert set(s.game.plan.places) == {"processes"}
        await s.press("f7")
        assert s.game.focused is s.game.terminal
        assert "terminal" in s.game.plan.places


async def test_f12_zooms_the_terminal_and_the_tty_hears_of_its_size():
    async with stage() as s:
        await s.press("f12")
        assert set(s.game.plan.places) == {"terminal"}
        await s.until(lambda: s.session.sizes[-1:] == [(41, 140)])


async def test_escape_leaves_a_pane_for_the_terminal():
    async with stage() as s:
        await s.press("f6", "f6", "escape")
        assert s.game.focused is s.game.terminal
        assert len(s.game.plan.places) == 5


async def test_titles_and_keys_work_with_the_mouse():
    async with stage() as s:
        x = s.lines[1].index("PROCESSES")
        await s.click(x, 1)
        assert s.game.focused is s.game.processes
        await s.click(x, 1)
        assert s.game.zoomed == "processes"
        await s.click(s.lines[-1].index("F5"), 44)
        assert ("restart",) in s.session.asked


# Keys


async def test_while_the_terminal_has_focus_ctrl_alt_and_escape_are_its():
    async with stage() as s:
        await s.press(*(f"ctrl+{letter}" for letter in LETTERS))
        expected = [bytes([n]) for n in range(1, 27)]
        assert s.session.keys == expected
        s.session.keys.clear()
        await s.press("escape", "ctrl+at", "ctrl+backslash", "alt+f", "tab", "shift+tab", "up")
        assert s.session.keys == [
            b"\x1b", b"\x00", b"\x1c", b"\x1bf", b"\t", b"\x1b[Z", b"\x1b[A",
        ]  # fmt: skip
        assert s.game.focused is s.game.terminal


async def test_arrows_follow_the_application_mode():
    async with stage() as s:
        s.session.write(b"\x1b[?1h")
        await s.settle()
        await s.press("up", "left")
        assert s.session.keys == [b"\x1bOA", b"\x1bOD"]


async def test_what_is_typed_is_shown():
    async with stage() as s:
        await s.type("ls")
        await s.press("enter")
        assert "player@pc:~$ ls" in s.text
        assert s.session.keys == [b"l", b"s", b"\r"]


async def test_a_megabyte_pasted_goes_in_whole_without_its_control_characters():
    from textual.events import Paste

    async with stage() as s:
        s.app.post_message(Paste("x\x1b[201~\n" * 125_000))
        await s.settle()
        op, data, bracketed = s.session.asked[-1]
        assert (op, bracketed, len(data)) == ("paste", False, 7 * 125_000)
        assert data.startswith(b"x[201~\rx")
        s.session.write(b"\x1b[?2004h")
        await s.settle()
        s.app.post_message(Paste("two\nlines"))
        await s.settle()
        assert s.session.asked[-1] == ("paste", b"two\rlines", True)


# The terminal


async def test_only_the_rows_that_changed_are_painted_again(monkeypatch):
    async with stage() as s:
        painted = []
        render = s.game.terminal.render_line
        monkeypatch.setattr(
            s.game.terminal, "render_line", lambda y: painted.append(y) or render(y)
        )
        s.session.write(b"\x1b[7;3Hhere")
        await s.settle()
        assert sorted(set(painted)) == [0, 6]


async def test_scrolling_back_stays_put_while_output_arrives():
    async with stage() as s:
        s.session.write(b"".join(b"line %d\r\n" % n for n in range(200)))
        await s.settle()
        await s.press("shift+pageup")
        top = s.game.terminal.render_line(0).text.strip()
        s.session.write(b"more\r\n" * 5)
        await s.settle()
        assert s.game.terminal.render_line(0).text.strip() == top
        assert "lines back" in s.text
        await s.type("x")
        await s.settle()
        assert s.game.terminal.back == 0


async def test_the_wheel_looks_back_or_is_arrow_keys_on_the_alternate_screen():
    from textual.events import MouseScrollUp

    async with stage() as s:
        s.session.write(b"x\r\n" * 100)
        await s.settle()
        wheel = {"widget": None, "x": 5, "y": 20, "delta_x": 0, "delta_y": 0, "button": 0}
        wheel |= {"shift": False, "meta": False, "ctrl": False}
        s.app.post_message(MouseScrollUp(**wheel))
        await s.settle()
        assert (s.game.terminal.back, s.session.keys) == (3, [])
        s.session.write(b"\x1b[?1049h")
        s.game.terminal._look_back(0)
        await s.settle()
        s.app.post_message(MouseScrollUp(**wheel))
        await s.settle()
        assert s.session.keys == [b"\x1b[A"] * 3


async def test_dragging_selects_and_copies_plain_text():
    async with stage() as s:
        s.session.write(b"\r\n\x1b[31mcopy me\x1b[0m please\r\n")
        await s.settle()
        y = next(i for i, line in enumerate(s.lines) if "copy me" in line)
        x = s.lines[y].index("copy")
        await s.pilot.mouse_down(offset=(x, y))
        await s.pilot.hover(offset=(x + 6, y))
        await s.pilot.mouse_up(offset=(x + 6, y))
        await s.settle()
        assert s.app.clipboard == "copy me"
        assert "Copied 7 characters." in s.text


async def test_nothing_is_copied_unless_the_player_does_it():
    async with stage() as s:
        s.session.write(b"\x1b]52;c;aGVsbG8=\x07\x1b]0;title\x07after")
        await s.settle()
        assert s.app.clipboard == ""
        assert s.app.title == "MiniOS"
        assert "after" in s.text


async def test_ten_thousand_lines_at_once_are_taken():
    async with stage() as s:
        s.session.write(b"".join(b"%d\r\n" % n for n in range(10_000)) + b"$ ")
        await s.settle()
        assert "9999" in s.text


async def test_a_restart_clears_the_terminal():
    async with stage() as s:
        s.session.write(b"old old old\r\n")
        await s.settle()
        await s.press("f5")
        assert "old old" not in s.text
        assert "player@pc:~$" in s.text


# Sheets


async def test_the_briefing_comes_first_and_holds_time():
    async with stage(briefed=False) as s:
        assert "Cut off a head and two grow." in s.text
        assert "within 00:45.000, 40 keys" in s.text
        assert ("overlay", True) in s.session.asked
        await s.press("enter")
        assert "Cut off a head" not in s.text
        assert s.session.asked[-1] == ("overlay", False)


@pytest.mark.parametrize("field", ["title", "briefing", "debrief", "hints"])
async def test_level_text_is_never_markup_or_terminal_control(field):
    evil = "[@click=app.quit]x[/] \x1b]52;c;eA==\x07\x1b[2J [bold]y[/bold]\u202e"
    value = (evil,) * 3 if field == "hints" else evil
    session = FakeSession(level(**{field: value}), title=evil, coach=evil, result=result())
    async with stage(session=session, briefed=False) as s:
        await s.press("enter", "escape", "f1", "escape", "f3")
        assert "[@click=app.quit]x" in s.text
        for line in s.lines:
            assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in line)
        for strip in s.app.screen._compositor.render_strips():
            assert all(not segment.style.meta for segment in strip if segment.style)


async def test_hints_come_one_by_one():
    async with stage() as s:
        await s.press("f3")
        assert "Hint 1 of 3" in s.text
        assert "Who starts them?" in s.text
        await s.press("escape", "f3", "escape", "f3")
        assert "That was the last one." in s.text
        await s.press("escape")
        assert "Hint 3" in s.text


async def test_why_explains_the_selected_process():
    async with stage() as s:
        await s.press("f7", "end", "f2")
        assert "216 sleeps: it waits for a pipe." in s.text
        assert "cellar (200)" in s.text
        assert "Time is running" in s.text


async def test_the_palette_finds_by_typing():
    async with stage() as s:
        await s.press("f9")
        await s.type("speed 4")
        await s.press("enter")
        assert ("speed", 4.0) in s.session.asked


async def test_f4_switches_between_flow_and_hold():
    async with stage(pace="turn", held="prompt") as s:
        assert "held at the prompt" in s.lines[0]
        assert "F4 flow" in s.lines[-1]
        await s.press("f4")
        assert s.session.asked[-1] == ("pace", "live")
        s.session.change(held="")
        await s.settle()
        assert "F4 hold" in s.lines[-1]
        await s.press("f4")
        assert s.session.asked[-1] == ("pace", "turn")


# Processes


async def test_enter_on_a_process_offers_signals_and_sends_one():
    async with stage() as s:
        await s.press("f7", "down", "down", "down", "enter")
        assert "cellar 200" in s.text
        await s.press("3")
        assert s.session.asked[-1] == ("act", "signal", {"machine": "pc", "pid": 200, "sig": 19})
        assert "STOP is on its way to cellar (200)." in s.text


async def test_renice_is_two_steps():
    async with stage() as s:
        await s.press("f7", "down", "down", "down", "enter", "n", "2")
        assert ("act", "renice", {"machine": "pc", "pid": 200, "nice": 10}) in s.session.asked


async def test_keys_that_come_faster_than_a_sheet_closes_answer_it_once():
    async with stage() as s:
        await s.press("f7", "down", "down", "down", "enter")
        page = s.app.focused
        for _ in range(2):
            page.post_message(events.Key("3", "3"))
        await s.settle()
        stops = ("act", "signal", {"machine": "pc", "pid": 200, "sig": 19})
        assert s.session.asked.count(stops) == 1
        assert s.app.screen is s.game


async def test_a_click_selects_and_a_second_one_acts():
    async with stage() as s:
        y = next(i for i, line in enumerate(s.lines) if "cellar" in line and "200 R" in line)
        await s.click(80, y)
        assert s.game.processes.selected == 200
        await s.click(80, y)
        assert "TERM 15" in s.text


async def test_a_pane_that_only_looks_does_not_act():
    async with stage(panes=(("processes", "look"),)) as s:
        await s.press("f7", "end", "enter")
        assert "TERM 15" not in s.text
        assert "216 sleeps: it waits for a pipe." in s.text


async def test_the_selection_follows_its_process_and_ends_with_it():
    async with stage() as s:
        await s.press("f7", "down", "down", "down")
        s.session.change(processes=tuple(p for p in processes() if p.pid != 87))
        await s.settle()
        assert s.game.processes.process.pid == 200
        s.session.change(processes=processes()[:2])
        await s.settle()
        assert s.game.processes.process is None


def test_the_tree_is_drawn_as_pstree_does():
    rows = [(tree + p.comm, p.pid) for tree, p in _tree(processes())]
    assert rows == [
        ("init", 1),
        ("├─sshd", 12),
        ("│ └─sh", 87),
        ("└─cellar", 200),
        ("  ├─hydra", 213),
        ("  ├─hydra", 214),
        ("  ├─hydra", 215),
        ("  └─hydra", 216),
    ]


def test_a_very_deep_tree_and_a_lost_parent_are_drawn_too():
    chain = (*(process(n, n - 1, "sh") for n in range(1, 3000)), process(9000, 8999, "x"))
    rows = _tree(chain)
    assert [p.pid for _, p in rows] == [*range(1, 3000), 9000]
    assert max(len(tree) for tree, _ in rows) <= 18


# CPU


def test_a_cell_belongs_to_whoever_had_most_of_it():
    segments = (
        Segment(0, 6 * MS, 5, "a"),
        Segment(6 * MS, 10 * MS, 6, "b"),
        Segment(10 * MS, 24 * MS, 6, "b"),
        Segment(24 * MS, 30 * MS, 0, ""),
    )
    core = CoreView(0, 0, "", 0, 0, 0, segments)
    idle = (0, True)
    assert _owners(core, 30 * MS, 10 * MS, 5) == [idle, idle, (5, True), (6, True), (6, False)]


async def test_blocks_carry_letters_and_names_where_they_fit():
    segments = (Segment(12_000 * MS, 12_480 * MS, 213, "hydra"),)
    core = CoreView(0, 213, "hydra", 1000, 0, 1, segments)
    async with stage(time=12_480 * MS, cores=(core,)) as s:
        line = next(line for line in s.lines if "cpu0 " in line)
        letter = s.game.tags.letter(213)
        assert f"{letter} hydra 213" in line
        assert "100.0%" in line


async def test_a_machine_without_power_says_so():
    async with stage(power=False, cores=(), processes=()) as s:
        assert "The machine is switched off." in s.text
        assert "no processes" in s.text


# Header, goals, coach


async def test_the_header_compares_with_the_best_run():
    async with stage(best_splits=(("parent", 9_000 * MS),)) as s:
        assert "PB 00:41.200 (−0.9)" in s.lines[0]
        assert "keys 31/28" in s.lines[0]


async def test_the_header_drops_the_least_at_forty_columns():
    async with stage((40, 12), held="prompt") as s:
        assert "held: run a command" in s.lines[0]
        assert s.lines[0].startswith(" 07 Hydra ")


async def test_goals_show_what_holds_and_for_how_long():
    async with stage() as s:
        assert "☑ find the parent" in s.text
        assert "00:08.100" in s.text
        assert "▰▰▰▱▱▱▱▱▱▱ 36% held" in s.text


async def test_a_goal_that_has_to_last_says_how_time_runs():
    async with stage(held="prompt") as s:
        assert "» A goal holds and has to last." in s.text
    async with stage() as s:
        assert "has to last" not in s.text


async def test_the_coach_gives_way_to_what_just_happened():
    async with stage(coach="Type ls and press Enter") as s:
        assert "» Type ls and press Enter" in s.text
        s.session.notice = "Too many keys at once: the rest is dropped."
        await s.settle()
        assert "· Too many keys at once" in s.text


async def test_a_long_line_of_the_coach_is_turned_over_and_not_cut(monkeypatch):
    monkeypatch.setattr("minios.tui.panes.bars.PAGE", 1000.0)
    text = "The terminal is free, but the fans still scream. Look at who takes the processor: top."
    async with stage((80, 24), coach=text) as s:
        assert "» The terminal is free" in s.text
        assert "1/2" in s.lines[-2]
        s.game.coach._since -= 1000.0
        await s.settle()
        assert "processor: top." in s.lines[-2]
        assert "2/2" in s.lines[-2]


async def test_narration_of_the_level_is_shown_when_it_comes():
    async with stage() as s:
        s.session.change(messages=((5 * MS, "The lights flicker."),))
        await s.settle()
        assert "The lights flicker." in s.text


# The end


async def test_a_win_shows_the_score_the_splits_and_what_comes_next():
    session = FakeSession(best_splits=(("parent", 9_000 * MS), ("gone", 38_000 * MS)))
    async with stage(session=session) as s:
        session.change(result=result(), held="over")
        await s.settle()
        for words in (
            "Hydra: solved",
            "★ ★ ★  3 stars of 3, unaided",
            "new best, was 00:41.200 (−3.1)",
            "par 00:45.000",
            "−0.9",
            "Freeze the supervisor first.",
            "Enter next level",
            "s stay as root",
        ):
            assert words in s.text
        await s.press("s")
        assert ("root",) in s.session.asked
        assert "Hydra: solved" not in s.text


async def test_a_loss_names_the_cause_and_the_line_and_can_be_rewound():
    async with stage() as s:
        s.session.change(result=result(False), held="over")
        await s.settle()
        assert "Forty processes: the machine is drowning" in s.text
        assert "$ killall -9 hydra" in s.text
        assert "Each dead head makes two." in s.text
        await s.press("b")
        assert ("rewind",) in s.session.asked
        assert "Hydra: lost" not in s.text
        await s.until(lambda: s.session.view().result is None)
        await s.settle()
        assert "Hydra: lost" not in s.text
        s.session.change(result=result(False), held="over")
        await s.settle()
        assert "Hydra: lost" in s.text


async def test_looking_around_after_the_end_does_not_bring_the_sheet_back():
    async with stage() as s:
        s.session.change(result=result(False), held="over")
        await s.settle()
        await s.press("escape")
        await s.settle()
        assert "Hydra: lost" not in s.text
        assert "It is over" in s.text
        await s.press("f5")
        s.session.change(result=result(False), held="over")
        await s.settle()
        assert "Hydra: lost" in s.text


async def test_a_broken_simulation_is_one_line():
    async with stage() as s:
        s.session.fails = RuntimeError("runqueue is\nempty [@click=app.quit]x[/]")
        await s.until(lambda: "Something broke" in s.text)
        assert "RuntimeError: runqueue is empty [@click=app.quit]x[/]" in s.text
        assert "Traceback" not in s.text
        assert ("close",) in s.session.asked


async def test_leaving_closes_the_play():
    async with stage() as s:
        await s.pilot.press("f10", "q")
        await s.pilot.pause()
    assert s.session.asked[-1] == ("close",)


async def test_a_worker_that_is_killed_is_told_too():
    async with stage() as s:
        s.game.workers.cancel_all()
        await s.until(lambda: "Something broke" in s.text)
        assert "it was stopped" in s.text
