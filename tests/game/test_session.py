"""The session decides when things happen: holds, paces, queues, and never what."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from minios.game.keys import split_keys
from minios.game.session import QUEUE, Session
from minios.game.spec import Event, FileSpec, MachineSpec, Power
from minios.sim.world import MILLISECOND, SECOND
from tests.game.small import LEVEL, Clock, Desk, Journal


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    made.rest()
    yield made
    made.session.close()


def test_a_play_begins_with_a_prompt_and_time_held(desk: Desk) -> None:
    view = desk.session.view()
    assert (view.held, view.time, view.pace) == ("prompt", 0, "turn")
    assert b"player@pc" in desk.session.take_output()


def test_in_turn_pace_waiting_costs_nothing(desk: Desk) -> None:
    desk.pass_time(30)
    assert desk.session.now == 0


def test_a_key_costs_fifty_milliseconds_and_then_time_is_held_again(desk: Desk) -> None:
    desk.type("l")
    desk.rest()
    assert desk.session.now == 50 * MILLISECOND
    assert desk.session.view().keys == 1


def test_typed_ahead_keys_do_not_wait_for_the_wall_clock(desk: Desk) -> None:
    before = desk.clock.now
    desk.type("abcdefghijklmnopqrst")
    desk.rest()
    assert desk.session.now == 20 * 50 * MILLISECOND
    assert desk.clock.now - before < 0.1


def test_time_flows_with_the_clock_while_a_command_runs(desk: Desk) -> None:
    desk.type("sleep 3\r")
    desk.pass_time(1)
    assert desk.session.view().held == ""
    assert SECOND <= desk.session.now <= SECOND + 500 * MILLISECOND
    desk.rest()
    assert 3 * SECOND < desk.session.now < 4 * SECOND


def test_what_a_turn_costs_does_not_depend_on_the_frames() -> None:
    times = set()
    for frame in (0.001, 0.016, 0.31):
        desk = Desk()
        desk.rest()
        desk.type("sleep 1\r")
        while desk.session.step() is not None:
            desk.clock.now += frame
        times.add(desk.session.now)
    assert len(times) == 1


def test_live_pace_flows_at_the_prompt_at_the_speed_asked_for() -> None:
    desk = Desk(pace="live", speed=4.0)
    desk.pass_time(2)
    assert abs(desk.session.now - 8 * SECOND) < 200 * MILLISECOND
    assert desk.session.view().held == ""


def test_speed_stays_within_its_bounds(desk: Desk) -> None:
    desk.session.set_speed(1000)
    assert desk.session.view().speed == 16.0
    desk.session.set_speed(0)
    assert desk.session.view().speed == 0.1


def test_overlays_and_pauses_hold_and_say_so() -> None:
    desk = Desk(pace="live")
    desk.session.overlay(True)
    desk.pass_time(5)
    assert (desk.session.view().held, desk.session.now) == ("overlay", 0)
    desk.session.overlay(False)
    desk.session.pause()
    desk.pass_time(5)
    assert (desk.session.view().held, desk.session.now) == ("pause", 0)
    desk.session.resume()
    desk.pass_time(1)
    assert desk.session.now > 900 * MILLISECOND
    assert [note for _, note, _ in desk.log.notes] == ["pause", "resume"]


def test_ctrl_c_drops_what_is_queued_and_interrupts(desk: Desk) -> None:
    desk.enter("sleep 1000 &")
    desk.type("sleep 1000\r")
    desk.pass_time(1)
    desk.type("x" * 100)
    desk.session.key(b"\x03")
    assert desk.session.view().pending_keys == 1
    desk.rest()
    assert desk.session.now < 4 * SECOND
    assert desk.session.view().held == "prompt"


def test_a_paste_is_its_keys_and_is_cut_where_the_queue_ends(desk: Desk) -> None:
    desk.session.paste(b"y" * (QUEUE + 1000))
    view = desk.session.view()
    assert view.pending_keys == QUEUE
    assert desk.session.notice == f"Pasted text was cut after {QUEUE} of {QUEUE + 1000} characters."


def test_the_brackets_of_a_paste_are_no_keys(desk: Desk) -> None:
    desk.session.paste(b"ab", bracketed=True)
    desk.rest()
    assert desk.session.view().keys == 2
    assert [entry[3]["data"] for entry in desk.log.inputs] == ["\x1b[200~a", "b\x1b[201~"]


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"ab", [b"a", b"b"]),
        ("é日😀".encode(), ["é".encode(), "日".encode(), "😀".encode()]),
        (b"\xc3", [b"\xc3"]),
        (b"\xe6\x97a", [b"\xe6\x97", b"a"]),
        (b"\x1b[A\x1b[1;5C\x1bOPx", [b"\x1b[A", b"\x1b[1;5C", b"\x1bOP", b"x"]),
        (b"\x1b", [b"\x1b"]),
        (b"\x1b[12", [b"\x1b[12"]),
    ],
)
def test_characters_and_sequences_stay_whole(data: bytes, keys: list[bytes]) -> None:
    assert split_keys(data) == keys


def test_a_win_is_reported_once_and_freezes_the_world(desk: Desk) -> None:
    desk.enter("mkdir one two")
    view = desk.session.view()
    assert view.result is not None
    assert (view.result.won, view.held) == (True, "over")
    assert desk.log.goals == ["first", "second"]
    assert desk.log.ends == [(True, True)]
    ended = desk.session.now
    desk.type("ls\r")
    desk.pass_time(5)
    assert desk.session.now == ended
    assert desk.log.ends == [(True, True)]


def test_a_turn_does_not_end_while_all_that_is_left_is_to_wait(desk: Desk) -> None:
    desk.enter("mkdir two")
    assert desk.session.view().held == "prompt"
    desk.type("mkdir one\r")
    desk.pass_time(2)
    result = desk.session.view().result
    assert result is not None
    assert result.won


def test_after_a_win_the_world_goes_on_for_root(desk: Desk) -> None:
    desk.enter("mkdir one two")
    desk.session.set_pace("live")
    desk.pass_time(3)
    desk.session.set_pace("turn")
    desk.session.stay_as_root()
    desk.pass_time(2)
    desk.session.take_output()
    desk.enter("id -u")
    assert b"0\r\n" in desk.session.take_output()
    view = desk.session.view()
    assert (view.result, view.held) == (None, "prompt")
    assert desk.log.ends == [(True, True)]


def test_a_restart_is_a_new_generation_of_the_same_world(desk: Desk) -> None:
    first = desk.session.take_output()
    desk.enter("mkdir one")
    generation = desk.session.generation
    desk.session.restart()
    desk.rest()
    assert desk.session.generation == generation + 1
    assert desk.session.now == 0
    assert desk.session.take_output() == first
    assert [goal.done for goal in desk.session.view().goals] == [False, False]
    assert (desk.log.abandoned, len(desk.log.begun)) == (1, 2)


def test_words_of_the_game_work_at_the_prompt(desk: Desk) -> None:
    desk.enter("hint")
    assert desk.session.hints == ("Look around.",)
    generation = desk.session.generation
    desk.enter("restart")
    desk.rest()
    assert (desk.session.generation, desk.session.now) == (generation + 1, 0)


def test_a_loss_can_be_rewound_to_before_the_line_that_led_to_it(desk: Desk) -> None:
    desk.enter("mkdir one")
    before = desk.session.now
    desk.enter("mkdir wrong")
    result = desk.session.view().result
    assert result is not None
    assert (result.won, result.line, result.cause) == (False, "mkdir wrong", "That was wrong.")
    desk.session.rewind()
    desk.rest()
    view = desk.session.view()
    assert view.result is None
    assert before <= view.time <= before + 50 * MILLISECOND
    assert [goal.done for goal in view.goals] == [True, False]
    assert desk.log.begun[-1][0] == len("mkdir one\r")
    desk.enter("mkdir two")
    desk.session.set_pace("live")
    desk.pass_time(2)
    assert desk.log.ends == [(False, True), (True, False)]


def test_only_a_loss_can_be_rewound(desk: Desk) -> None:
    desk.session.rewind()
    desk.rest()
    assert desk.session.notice == "Only a lost play can be rewound."


def test_hints_come_one_by_one_and_make_a_win_aided(desk: Desk) -> None:
    assert desk.session.hint() == "Look around."
    assert desk.session.hints == ("Look around.",)
    assert desk.session.view().hints_shown == 1
    assert desk.session.hint() == LEVEL.hints[1]
    assert desk.session.hint() is None
    desk.enter("mkdir one two")
    desk.session.set_pace("live")
    desk.pass_time(2)
    result = desk.session.view().result
    assert result is not None
    assert (result.won, result.unaided) == (True, False)


def test_a_pane_action_passes_the_door_with_the_players_rights(desk: Desk) -> None:
    desk.enter("sleep 1000 &")
    pid = next(p.pid for p in desk.session.view().processes if p.comm == "sleep")
    desk.session.act("signal", machine="pc", pid=1, sig=9)
    desk.session.act("signal", machine="pc", pid=pid, sig=9)
    desk.rest()
    states = {process.pid: process.state for process in desk.session.view().processes}
    assert states[1] == "S"
    assert states.get(pid, "Z") == "Z"
    assert [entry[2] for entry in desk.log.inputs[-2:]] == ["signal", "signal"]


def test_an_action_that_makes_no_sense_is_a_notice(desk: Desk) -> None:
    desk.session.act("signal", machine="pc", pid=0, sig=9)
    desk.rest()
    assert desk.session.notice == "'pid' must be a whole number from 1 to 4194304"


def test_the_window_keeps_its_size_over_a_restart(desk: Desk) -> None:
    desk.session.resize(40, 132)
    desk.session.resize(41, 133)
    desk.rest()
    assert [entry[3] for entry in desk.log.inputs] == [{"rows": 41, "cols": 133}]
    desk.session.restart()
    desk.rest()
    desk.enter("stty size")
    assert b"41 133" in desk.session.take_output()


def test_the_window_keeps_its_size_over_a_power_cut() -> None:
    off = Event("off", (Power("pc", False),), at=2 * SECOND)
    on = Event("on", (Power("pc", True),), at=3 * SECOND)
    desk = Desk(replace(LEVEL, events=(off, on)), pace="live")
    desk.session.resize(41, 133)
    desk.pass_time(10)
    desk.session.take_output()
    desk.type("stty size\r")
    desk.pass_time(3)
    assert b"41 133" in desk.session.take_output()


def test_a_size_the_terminal_has_is_no_input(desk: Desk) -> None:
    desk.session.resize(24, 80)
    desk.rest()
    assert desk.log.inputs == []


def test_the_view_is_the_same_object_until_something_changes(desk: Desk) -> None:
    first = desk.session.view()
    desk.pass_time(1)
    assert desk.session.view() is first
    desk.type("l")
    assert desk.session.view() is not first


def test_a_runaway_never_holds_the_loop_and_says_that_time_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(Clock):
        """Every look at the clock takes four milliseconds: a host that cannot keep up."""

        def __call__(self) -> float:
            self.now += 0.004
            return self.now

    spin = FileSpec("/home/player/spin", text="#!/bin/sh\nwhile :; do :; done\n", mode=0o755)
    machine = replace(LEVEL.machines[0], files=(spin,))
    level = replace(LEVEL, machines=(machine,), lose=())
    clock = Slow()
    monkeypatch.setattr("minios.game.session.BUDGET", 4)
    session = Session(level, pace="live", speed=16.0, clock=clock)
    for char in "./spin\r":
        session.key(char.encode())
    longest = 0.0
    for _ in range(400):
        before = clock.now
        session.step()
        longest = max(longest, clock.now - before)
        clock.now += 0.004
    assert longest < 0.025
    assert session.view().behind
    for _ in range(3000):
        if session.now > 2 * SECOND:
            break
        session.step()
    session.key(b"\x03")
    for _ in range(2000):
        session.step()
    assert not any(process.comm == "spin" for process in session.view().processes)
    session.close()


def test_output_that_nobody_fetches_is_bounded(desk: Desk) -> None:
    desk.session.set_pace("live")
    desk.session.set_speed(16)
    desk.type("yes\r")
    desk.pass_time(3)
    assert len(desk.session.take_output()) <= 1 << 20


async def test_the_pump_runs_in_a_task_and_stops_when_closed() -> None:
    log = Journal()
    session = Session(LEVEL, log=log)
    shown: list[bytes] = []
    session.on_output = lambda: shown.append(session.take_output())
    task = asyncio.create_task(session.run())
    await asyncio.sleep(0)
    for char in "mkdir one two\r":
        session.key(char.encode())
    session.set_speed(16)
    session.set_pace("live")
    for _ in range(500):
        if log.ends:
            break
        await asyncio.sleep(0.01)
    session.close()
    session.close()
    await asyncio.wait_for(task, 5)
    assert log.ends == [(True, True)]
    assert b"mkdir one two" in b"".join(shown)
    assert log.closed == 1


def test_two_machines_are_told_apart() -> None:
    other = MachineSpec("srv", users=LEVEL.machines[0].users)
    desk = Desk(replace(LEVEL, machines=(LEVEL.machines[0], other)))
    desk.rest()
    assert desk.session.view().hostname == "pc"
    assert desk.session.take_output().count(b"login:") == 1
