"""``minios.play``: the game for Python programs."""

import asyncio

import pytest

import minios
from minios.game.api import Timeout
from minios.game.catalog import UnknownLevel
from tests.game.small import LEVEL


async def test_run_returns_the_output_alone() -> None:
    async with minios.play(LEVEL) as game:
        assert await game.run("echo hello; echo world") == "hello\nworld\n"
        assert await game.run("true") == ""
        assert await game.run("cd /tmp") == ""
        assert await game.run("pwd") == "/tmp\n"


async def test_an_unfinished_line_is_output_too() -> None:
    async with minios.play(LEVEL) as game:
        assert await game.run("printf 'a\\nb'") == "a\nb"


async def test_a_line_longer_than_the_screen_is_still_only_echo() -> None:
    async with minios.play(LEVEL) as game:
        assert await game.run("echo " + "x" * 200) == "x" * 200 + "\n"


async def test_virtual_time_passes_at_no_cost() -> None:
    async with minios.play(LEVEL) as game:
        before = game.time
        await game.run("sleep 20")
        assert 20 < game.time - before < 22


async def test_a_command_that_does_not_come_back_is_a_timeout() -> None:
    async with minios.play(LEVEL) as game:
        with pytest.raises(Timeout, match="no prompt within 5 virtual seconds"):
            await game.run("sleep 1000", timeout=5)
        await game.type("\x03")
        assert await game.run("echo back") == "back\n"


async def test_a_level_is_won_from_python() -> None:
    async with minios.play(LEVEL) as game:
        await game.run("mkdir one two")
        assert [goal.done for goal in game.goals] == [True, False]
        assert game.outcome is None
        await game.wait(2)
        assert game.outcome == "win"
        assert game.result is not None
        assert game.result.keys == len("mkdir one two\r")


async def test_the_loop_gets_its_turn_while_a_program_spins() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with minios.play(LEVEL) as game:
        counter = asyncio.create_task(count())
        with pytest.raises(Timeout):
            await game.run("while :; do :; done", timeout=5)
        counter.cancel()
    assert turns > 3


async def test_an_unknown_level_is_a_lookup_error() -> None:
    with pytest.raises(UnknownLevel):
        minios.play("nowhere")


def test_the_root_package_has_nothing_else_hidden() -> None:
    with pytest.raises(AttributeError, match="module 'minios' has no attribute 'paly'"):
        minios.paly  # noqa: B018
