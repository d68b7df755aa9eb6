"""What is played is on disk as it is played, and a crash costs at most the line being written."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minios.runs import recording
from minios.runs.runfile import Header, Result, read

HEADER = Header("hydra", "c0ffee", 7, "0.1.0", 1)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINIOS_DATA_DIR", str(tmp_path))
    return tmp_path


def press(recorder: recording.Recorder, text: str) -> None:
    for n, char in enumerate(text, 1):
        recorder.input(50 * n, n, "key", {"data": char})


def test_every_input_is_readable_the_moment_it_was_made() -> None:
    recorder = recording.start(HEADER)
    press(recorder, "ls")
    run = read(recorder.path)
    assert [entry.data["data"] for entry in run.inputs] == ["l", "s"]
    assert run.header == HEADER


def test_two_runs_of_one_second_get_two_files() -> None:
    first, second = recording.start(HEADER), recording.start(HEADER)
    assert first.path != second.path


def test_a_run_in_play_is_not_offered() -> None:
    recorder = recording.start(HEADER)
    press(recorder, "ls")
    assert recording.pending() is None
    recorder.close()
    offered = recording.pending()
    assert offered is not None
    assert offered.path == str(recorder.path)


def test_a_run_without_a_key_is_not_worth_resuming() -> None:
    recording.start(HEADER).close()
    assert recording.pending() is None


def test_finished_abandoned_and_discarded_runs_are_not_offered() -> None:
    finished, abandoned, discarded = (recording.start(HEADER) for _ in range(3))
    for recorder in (finished, abandoned, discarded):
        press(recorder, "ls")
    finished.result(Result(200, False, 150, 2, 0, 0, (), "ab"))
    finished.close()
    abandoned.abandon(200)
    discarded.close()
    offered = recording.pending()
    assert offered is not None
    recording.discard(offered)
    assert recording.pending() is None


def test_a_new_attempt_takes_the_place_of_the_one_cut_short() -> None:
    recorder = recording.start(HEADER)
    press(recorder, "ls")
    recorder.close()
    recording.supersede("courier")
    assert recording.pending() is not None
    recording.supersede("hydra")
    assert recording.pending() is None


def test_a_resumed_run_goes_on_where_the_torn_line_began() -> None:
    recorder = recording.start(HEADER)
    press(recorder, "ls")
    recorder.close()
    with recorder.path.open("ab") as file:
        file.write(b'{"t":150,"n":3,"op":"k')
    run = recording.pending()
    assert run is not None
    again = recording.Recorder.resume(run)
    again.input(150, 3, "key", {"data": "\r"})
    assert [entry.data["data"] for entry in read(recorder.path).inputs] == ["l", "s", "\r"]


def test_a_torn_result_leaves_the_run_resumable() -> None:
    recorder = recording.start(HEADER)
    press(recorder, "ls")
    recorder.close()
    with recorder.path.open("ab") as file:
        file.write(b'{"t":150,"result":"win","ti')
    assert recording.pending() is not None


def test_a_kill_leaves_every_whole_line() -> None:
    script = (
        "from minios.runs import recording\n"
        "from minios.runs.runfile import Header\n"
        "recorder = recording.start(Header('hydra', 'c0ffee', 7, '0.1.0', 1))\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    recorder.input(50 * n, n, 'key', {'data': 'x'})\n"
        "    print(n, flush=True)\n"
    )
    game = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert game.stdout is not None
    for _ in range(200):
        written = int(game.stdout.readline())
    game.send_signal(signal.SIGKILL)
    game.communicate()
    run = recording.pending()
    assert run is not None
    assert len(run.inputs) >= written


def test_a_full_disk_ends_the_recording_and_not_the_play(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = recording.start(HEADER)

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording.os, "write", full)
    press(recorder, "ls")
    assert recorder.error == "the run is no longer recorded: No space left on device"


def test_few_abandoned_runs_are_kept(data_dir: Path) -> None:
    for _ in range(recording.KEEP_ABANDONED + 3):
        recorder = recording.start(HEADER)
        press(recorder, "l")
        recorder.abandon(50)
    recording.supersede("hydra")
    assert len(list((data_dir / "runs").iterdir())) == recording.KEEP_ABANDONED
