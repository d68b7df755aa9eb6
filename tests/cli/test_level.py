"""``minios level``: what it prints, and its exit status, which scripts rely on."""

import json
from pathlib import Path

import pytest

from minios.cli.main import main

LEVEL = Path(__file__).parent.parent / "game" / "level.yaml"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """(exit status, stdout, stderr) of ``minios level …``."""
    status = main(["level", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_good_level_checks_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", str(LEVEL)) == (0, f"{LEVEL}: ok\n", "")


def test_findings_have_a_place_and_exit_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "x.yaml"
    broken.write_text(LEVEL.read_text().replace("for: 1s", "for: 1"))
    status, out, _ = run(capsys, "check", str(broken))
    assert (status, out) == (
        1,
        f"{broken}:31:5: goals.made.for: must be a duration such as 30s, 500ms or 2m, not '1'"
        " [reads]\n",
    )


def test_findings_as_json_name_rule_and_part(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    silent = tmp_path / "x.yaml"
    silent.write_text(LEVEL.read_text().replace("debrief: Files can be empty.\n", ""))
    status, out, _ = run(capsys, "check", "--format", "json", str(silent))
    assert status == 1
    assert json.loads(out) == [
        {
            "file": str(silent),
            "rule": "words",
            "where": "debrief",
            "text": "is missing: what carries over to a real machine?",
        }
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "two-drone"), "minios: no level 'two-drone' (did you mean 'two-drones'?)\n"),
        (("check", "/no/where.yaml"), "minios: no level file '/no/where.yaml'\n"),
        (("solve", str(LEVEL), "--solution", "x"),
         "minios: wake-up has no solution 'x'; there are: author\n"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert run(capsys, *words) == (2, "", said)


def test_a_new_level_is_a_good_one_and_never_overwrites(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "night-shift.yaml"
    status, out, _ = run(capsys, "new", str(path))
    assert (status, out) == (0, f"{path}: now edit it, then: minios level check {path}\n")
    assert '\nid: night-shift\ntitle: "Night Shift"\n' in path.read_text()
    assert run(capsys, "check", "--read-only", str(path))[0] == 0
    assert run(capsys, "new", str(path)) == (2, "", f"minios: {path} is there already\n")


def test_solve_says_what_a_script_costs(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "solve", str(LEVEL), "--seed", "1")
    assert status == 0
    assert out.startswith("author on seed 1: win, ")
    assert out.endswith("keys, 1 commands, 3 stars\n")
    status, out, _ = run(capsys, "solve", str(LEVEL), "--wrong", "killer", "--format", "json")
    rows = json.loads(out)
    assert status == 1
    assert {(row["script"], row["outcome"], row["cause"]) for row in rows} == {
        ("killer", "lose", "gone")
    }
    assert [row["seed"] for row in rows] == [1, 2, 3]


def test_the_list_is_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "list", "--format", "json")
    assert status == 0
    assert [row["id"] for row in json.loads(out)][:2] == ["first-light", "two-drones"]
    assert "Two Drones" in run(capsys, "list")[1]


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "schema")
    assert status == 0
    assert json.loads(out)["$schema"] == "http://json-schema.org/draft-07/schema#"
