"""The command line: one clear line and an exit status, whatever is asked of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minios import __version__
from minios.cli.main import main


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIOS_DATA_DIR", str(tmp_path / "data"))


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"minios {__version__}\n"


def test_the_version_needs_neither_click_nor_a_kernel() -> None:
    script = (
        "import sys\n"
        "from minios.cli.main import main\n"
        "main(['--version'])\n"
        "print([m for m in ('click', 'typing', 'minios.kernel', 'textual') if m in sys.modules])\n"
    )
    shown = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True)
    assert shown.stdout.endswith("[]\n")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("play", "sh", "level", "run", "records", "lab"):
        assert f"\n  {command} " in shown


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["recrods"], 2, "minios: no command 'recrods'; did you mean 'records'?"),
        (["sing"], 2, "minios: no command 'sing'"),
        (["--sing"], 2, "minios: No such option '--sing'"),
        (["play"], 2, "minios: Missing argument 'LEVEL'"),
        (["play", "nowhere.yaml"], 1, "minios: no level file 'nowhere.yaml'"),
        (["run", "verify"], 2, "minios: Missing argument 'FILE…'"),
        (["run", "show", "/nowhere.jsonl"], 1, "minios: /nowhere.jsonl: No such file or directory"),
        (["run", "show", "/"], 1, "minios: /: Is a directory"),
        (["sh", "--until", "soon", "-c", "true"], 2, "minios: 'soon' is no duration"),
        (["records", "nowhere"], 1, "minios: no level 'nowhere'"),
    ],
)
def test_what_cannot_be_done_is_one_line_on_stderr(
    words: list[str], status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(line)
    assert shown.err.count("\n") == 1


def test_the_game_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert capsys.readouterr().err == (
        "minios: the game needs a terminal (a script may use 'minios sh LEVEL -c CMD')\n"
    )


def test_a_closed_stdout_ends_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    shown = subprocess.run(
        [sys.executable, "-m", "minios", "--version"], stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert (shown.returncode, shown.stderr) == (141, b"")


def test_without_any_record_there_is_nothing_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records"]) == 0
    assert capsys.readouterr().out == "No record yet.\n"


def test_records_work_without_a_home(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("MINIOS_DATA_DIR")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    assert main(["records"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "No record yet.\n"
    assert shown.err.startswith("minios: there is no place for records (Not a directory)")


def test_a_bug_is_one_line_unless_debugging(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(words: list[str]) -> int:
        raise TypeError("boom")

    monkeypatch.setattr("minios.cli.main._run", broken)
    monkeypatch.delenv("MINIOS_DEBUG", raising=False)
    assert main([]) == 1
    assert capsys.readouterr().err == (
        "minios: a bug in MiniOS: TypeError: boom (MINIOS_DEBUG=1 tells more)\n"
    )
    monkeypatch.setenv("MINIOS_DEBUG", "1")
    with pytest.raises(TypeError):
        main([])
