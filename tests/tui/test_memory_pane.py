"""The memory pane and the process inspector, as a player sees them."""

from minios.game.view import CACHE, FREE
from minios.tui.panes.memory import _owners
from tests.tui.fake import stage


def test_a_cell_is_whose_most_of_it_is_and_free_only_if_all_of_it_is():
    assert _owners(((2, 7), (1, 9), (5, FREE), (8, CACHE)), 4) == [7, FREE, CACHE, CACHE]
    assert _owners(((10, FREE), (1, 3)), 4) == [FREE, FREE, 3]
    assert _owners(((3, 5), (3, 6)), 2) == [5, 5, 6]


async def test_f6_goes_to_the_cpu_then_to_the_memory_then_back():
    async with stage() as s:
        focused = []
        for _ in range(3):
            await s.press("f6")
            focused.append(s.game.focused.id)
        assert focused == ["cpu", "memory", "terminal"]


async def test_the_map_shows_owners_swap_and_faults():
    async with stage() as s:
        await s.press("f6", "f6", "z")
        assert "used 496K of 4.0M  files 400K  swap 256K of 1.0M" in s.text
        assert "faults 1,234 from disk 5  TLB hits 99.0%" in s.text
        assert "hydra had a page read in at 0x00020000" in s.text
        assert "cellar must not do that at 0x00000000" in s.text
        assert "k kernel" in s.text


async def test_the_walk_goes_through_both_tables_to_a_frame():
    async with stage() as s:
        await s.press("f6", "f6", "z", "right", "down")
        assert "0x00011000 =    0   17 + 0x000   the TLB knows it" in s.text
        assert "root table in frame 7     [   0]" in s.text
        assert "leaf table in frame 9     [  17]" in s.text
        assert "physical 0x00009000 = frame 9 + 0x000" in s.text


async def test_the_heap_shows_its_blocks():
    async with stage() as s:
        await s.press("f6", "f6", "z", "right", "right")
        assert "1 used, 3.9K  1 free, 59K, largest 59K" in s.text
        assert "0x00020000     4000 used" in s.text


async def test_the_walk_follows_the_chosen_process():
    async with stage() as s:
        await s.press("f6", "f6", "z", "right")
        assert "walk of cellar 200" not in s.text
        await s.press("left_square_bracket")
        assert "walk of cellar 200" in s.text


async def test_i_inspects_the_selected_process_and_goes_back():
    async with stage() as s:
        await s.press("f7", "end", "up", "up", "up", "i")
        assert s.session.sight.followed == [213]
        assert "It runs on cpu0." in s.text
        await s.press("right")
        assert "1 w  pipe:[12]" in s.text
        await s.press("left", "left")
        assert 'write(1, "x", 1) = 1' in s.text
        await s.press("i")
        assert s.session.sight.followed == [213, None]
        assert "PROCESS" in s.text


async def test_an_inspected_process_that_is_gone_says_so():
    async with stage() as s:
        await s.press("f7", "home", "i")
        assert "process 1 is gone; i goes back" in s.text
