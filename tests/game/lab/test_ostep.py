"""What the OSTEP simulators print, through ``minios lab … --json``.

The cases beside this file are ours; ``MINIOS_OSTEP_DIR`` names a folder with more, which are played
in the same way.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from minios.cli.main import main
from tests.game.lab.ostep import Case, LabFailed, load, play

FOLDERS = [Path(__file__).parent / "cases"]
if os.environ.get("MINIOS_OSTEP_DIR"):
    FOLDERS.append(Path(os.environ["MINIOS_OSTEP_DIR"]))

CASES = [
    pytest.param(case, id=case["id"])
    for folder in FOLDERS
    for file in sorted(folder.glob("*.json"))
    for case in load(file.read_text("utf-8"))
]


@pytest.mark.parametrize("case", CASES)
def test_the_lab_has_the_facts_of_the_simulator(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    def lab(args: list[str]) -> dict[str, Any]:
        status = main(["lab", *args, "--json"])
        said = capsys.readouterr()
        if status:
            raise LabFailed(said.err)
        shown: dict[str, Any] = json.loads(said.out)
        return shown

    if case.get("returncode", 0) != 0:
        with pytest.raises(LabFailed):
            play(case, lab)
        return
    facts = play(case, lab)
    wanted = {key: value for key, value in case["expected"].items() if key != "event_columns"}
    assert facts == wanted


def test_a_folder_that_is_named_is_there() -> None:
    """A misspelt MINIOS_OSTEP_DIR must not look like success."""
    assert all(list(folder.glob("*.json")) for folder in FOLDERS)
