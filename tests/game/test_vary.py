"""What the seed decides: drawn values, and where they are put."""

from pathlib import Path

from minios.game import loader
from minios.game.spec import Vary
from minios.game.vary import draw, references, resolve, substitute


def test_the_same_seed_draws_the_same_and_others_differ() -> None:
    vary = (Vary("total", "int", 10_000, 99_999),)
    drawn = [draw(vary, seed)["total"] for seed in range(20)]
    assert drawn == [draw(vary, seed)["total"] for seed in range(20)]
    assert len(set(drawn)) == 20
    assert all(10_000 <= int(value) <= 99_999 for value in drawn)


def test_one_entry_more_leaves_the_others_as_they_were() -> None:
    one = (Vary("a", "int", 0, 999),)
    two = (Vary("b", "int", 0, 999), *one)
    assert [draw(one, seed)["a"] for seed in range(9)] == [
        draw(two, seed)["a"] for seed in range(9)
    ]


def test_a_deal_gives_every_role_another_value() -> None:
    vary = (Vary("script", "deal", items=("a", "b", "c"), to=("heats", "trips", "floods")),)
    for seed in range(10):
        values = draw(vary, seed)
        assert sorted(values) == ["script.floods", "script.heats", "script.trips"]
        assert sorted(values.values()) == ["a", "b", "c"]


def test_integers_dealt_to_roles_are_distinct_and_in_step() -> None:
    vary = (Vary("port", "int", 10, 30, 10, to=("x", "y", "z")),)
    assert sorted(draw(vary, 5).values()) == ["10", "20", "30"]


def test_only_known_names_are_replaced() -> None:
    text = "{{a}} {{b}} {{ a }} ${{x} \\{{a}} {{{a}}}"
    assert [name for _, _, name in references(text)] == ["a", "b", "a"]
    assert substitute(text, {"a": "1"}) == "1 {{b}} {{ a }} ${{x} {{a}} {1}"


def test_a_resolved_level_has_no_template_left() -> None:
    level = loader.load(Path(__file__).parent / "level.yaml")
    words = {resolve(level, seed).goals[0].text for seed in range(20)}
    assert words == {f"/tmp/{word} is there" for word in ("sun", "moon", "star")}
    solved = resolve(level, 1)
    assert "{{" not in solved.briefing + solved.solutions[0].script
