"""A play that is remembered: its run file, its records, and how it goes on after a crash."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from minios.runs import recording
from minios.runs.career import open_session, resume_session
from minios.runs.metrics import clock
from minios.runs.records import Records, open_records
from minios.runs.runfile import RunError, read
from minios.runs.verify import verify
from tests.game.small import LEVEL, Clock, Desk


class Career(Desk):
    """A desk whose session is recorded in the data directory."""

    def __init__(self, records: Records | None = None) -> None:
        self.clock = Clock()
        self.records = records if records is not None else open_records()
        self.session = open_session(LEVEL, records=self.records, clock=self.clock)
        self.rest()

    def win(self) -> None:
        self.enter("mkdir one two")
        self.session.set_pace("live")
        self.pass_time(2)

    def files(self) -> list[Path]:
        return sorted(
            recording.runs_dir().glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns
        )


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIOS_DATA_DIR", str(tmp_path))


@pytest.fixture
def career() -> Iterator[Career]:
    made = Career()
    yield made
    made.session.close()


def test_a_won_run_is_on_disk_and_verifies(career: Career) -> None:
    career.win()
    run = read(career.files()[0])
    assert run.result is not None
    verdict = verify(run, LEVEL)
    assert verdict.ok
    assert verdict.text == (
        f"verified: small won in {clock(run.result.time)} with 14 keys,"
        f" {len(run.checkpoints)} checkpoints"
    )


def test_a_goal_is_kept_before_the_level_is_won(career: Career) -> None:
    career.enter("mkdir one")
    assert open_records().progress()["small"].goals == {"first"}


def test_a_win_becomes_the_time_to_beat(career: Career) -> None:
    career.win()
    result = career.session.view().result
    assert result is not None
    again = Career()
    view = again.session.view()
    assert (view.best_time, view.best_keys) == (result.time, result.keys)
    assert view.best_splits == result.splits
    again.session.close()


def test_a_lost_run_verifies_and_is_no_record(career: Career) -> None:
    career.enter("mkdir wrong")
    run = read(career.files()[0])
    assert verify(run, LEVEL).ok
    progress = career.records.progress()["small"]
    assert (progress.won, progress.attempts, progress.best_time) == (False, 1, None)


def test_a_rewound_run_verifies_by_itself_and_counts_for_progress_only(career: Career) -> None:
    career.enter("mkdir wrong")
    career.session.rewind()
    career.rest()
    career.win()
    lost, rewound = career.files()
    run = read(rewound)
    assert run.header.parent is not None
    assert run.header.parent["run"] == lost.name
    assert verify(run, LEVEL).ok
    progress = career.records.progress()["small"]
    assert (progress.won, progress.best_time) == (True, None)


def test_a_crashed_run_goes_on_where_it_was(career: Career) -> None:
    career.enter("mkdir one")
    shown = career.session.take_output()
    now = career.session.now
    career.session.close()
    run = recording.pending()
    assert run is not None
    again = Career.__new__(Career)
    again.clock = Clock()
    again.session = resume_session(run, LEVEL, records=career.records, clock=again.clock)
    again.rest()
    assert again.session.now <= now
    assert again.session.view().goals[0].done
    assert again.session.take_output() == shown
    again.enter("mkdir two")
    again.session.set_pace("live")
    again.pass_time(2)
    again.session.close()
    run = read(run.path)
    assert run.result is not None
    assert verify(run, LEVEL).ok


def test_a_restart_gives_the_run_up(career: Career) -> None:
    career.enter("mkdir one")
    career.session.restart()
    career.rest()
    career.session.close()
    first, second = career.files()
    assert read(first).abandoned
    assert not read(second).inputs
    assert recording.pending() is None


def test_another_seed_is_a_course_of_its_own(career: Career) -> None:
    career.session.restart(seed=8)
    career.rest()
    career.win()
    assert [course.category for course in career.records.courses()] == ["turn+seed"]


def test_hints_are_in_the_file_and_are_given_again_after_a_crash(career: Career) -> None:
    career.session.hint()
    career.enter("true")
    career.session.close()
    run = recording.pending()
    assert run is not None
    session = resume_session(run, LEVEL, records=career.records)
    assert session.hints == ("Look around.",)
    session.close()


def test_a_run_of_another_world_is_refused(career: Career) -> None:
    career.win()
    run = read(career.files()[0])
    harder = replace(LEVEL, lose=())
    with pytest.raises(RunError, match="played on another world: 'small' has changed since"):
        verify(run, harder)


def test_words_may_be_mended_without_losing_a_run(career: Career) -> None:
    career.win()
    run = read(career.files()[0])
    assert verify(run, replace(LEVEL, title="Smaller", briefing="Hello", hints=())).ok


def test_a_run_of_another_ruleset_is_refused(career: Career) -> None:
    career.win()
    run = read(career.files()[0])
    run.header = replace(run.header, ruleset=run.header.ruleset + 1)
    with pytest.raises(RunError, match=r"played under ruleset \d+; this game has \d+"):
        verify(run, LEVEL)


def test_claims_that_do_not_hold_are_refuted(career: Career) -> None:
    career.win()
    run = read(career.files()[0])
    assert run.result is not None
    honest = run.result
    for claim, why in (
        ({"time": honest.time - 1}, f"time is {honest.time}, the file says {honest.time - 1}"),
        ({"keys": 3}, "keys is 14, the file says 3"),
        ({"won": False}, "outcome is win, the file says lose"),
        ({"collateral": 1}, "collateral is 0, the file says 1"),
        ({"t": honest.t + 1}, "it ends at"),
    ):
        run.result = replace(honest, **claim)  # type: ignore[arg-type]
        verdict = verify(run, LEVEL)
        assert not verdict.ok
        assert verdict.text.startswith(f"refuted: {why}")


def test_without_a_writable_directory_the_play_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MINIOS_DATA_DIR", str(tmp_path / "file"))
    career = Career()
    assert career.session.notice == "this play is not recorded: File exists"
    career.win()
    assert career.session.view().held == "over"
    career.session.close()
