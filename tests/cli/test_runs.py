"""``minios run`` and ``minios records`` on a run of a shipped level."""

import json
from pathlib import Path

import pytest

from minios.cli.main import main
from minios.game.catalog import find
from minios.game.loader import load
from minios.runs import recording
from minios.runs.career import open_session
from minios.runs.metrics import clock
from minios.runs.records import open_records
from minios.runs.runfile import read
from tests.game.small import Clock, Desk


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which courier was won once."""
    path = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINIOS_DATA_DIR", str(path))
        desk = Desk.__new__(Desk)
        desk.clock = Clock()
        desk.session = open_session(
            load(find("courier")), pace="live", records=open_records(), clock=desk.clock
        )
        desk.pass_time(0.5)
        desk.type("mv inv-* out/\r")
        desk.pass_time(12)
        desk.session.close()
    return path


@pytest.fixture(autouse=True)
def data_dir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIOS_DATA_DIR", str(folder))


@pytest.fixture
def path(folder: Path) -> Path:
    (found,) = (folder / "runs").glob("*.jsonl")
    return found


def test_verify_says_what_was_verified(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = read(path).result
    assert result is not None
    assert main(["run", "verify", str(path)]) == 0
    assert capsys.readouterr().out.startswith(
        f"{path}: verified: courier won in {clock(result.time)} with 14 keys, "
    )


def test_verify_goes_on_after_a_file_that_is_no_run(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.write_text("hello\n")
    assert main(["run", "verify", str(other), str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.err == f"{other}: line 1: not JSON\n"
    assert "verified" in shown.out


def test_a_changed_run_is_refuted_in_json_too(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = tmp_path / "forged.jsonl"
    forged.write_bytes(path.read_bytes().replace(b'"keys":14', b'"keys":3'))
    assert main(["run", "verify", "--format", "json", str(forged)]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["ok"], verdict["text"]) == (
        False,
        "refuted: keys is 14, the file says 3",
    )


def test_a_run_of_another_ruleset_is_refused(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(path.read_bytes().replace(b'"ruleset":', b'"ruleset":99', 1))
    assert main(["run", "verify", str(other)]) == 1
    assert "refused: played under ruleset 99" in capsys.readouterr().err


def test_a_run_of_a_level_nobody_has_is_refused(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(path.read_bytes().replace(b'"level":"courier"', b'"level":"/etc/passwd"'))
    assert main(["run", "verify", str(other)]) == 1
    assert capsys.readouterr().err == f"{other}: '/etc/passwd' is no level id\n"


def test_show_tells_what_was_typed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "level     courier" in shown
    assert "mv inv-* out/⏎" in shown
    assert "result    won in" in shown


def test_show_gives_everything_as_json(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "show", "--format", "json", str(path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["header"]["level"] == "courier"
    assert [entry["data"] for entry in shown["inputs"]] == list("mv inv-* out/\r")
    assert shown["result"]["result"] == "win"


def test_records_show_the_win(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records", "courier"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("courier          live ")
    assert main(["records", "--format", "json"]) == 0
    (course,) = json.loads(capsys.readouterr().out)
    assert course["level"] == "courier"
    assert course["best_keys"] == 14
    assert course["runs"][0]["file"] == str(path)


def test_a_level_name_that_misses_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records", "couriar"]) == 1
    assert capsys.readouterr().err == ("minios: no level 'couriar'; did you mean 'courier'?\n")


def test_a_finished_run_is_not_offered_again() -> None:
    assert recording.pending() is None
