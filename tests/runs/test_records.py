"""Progress and personal bests survive whatever happens to their file."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from minios.runs.metrics import Metrics, clock, pareto, segments
from minios.runs.records import Course, Records, open_records

HYDRA = Course("hydra", "w1", 1, "turn")


def win(records: Records, time: int, keys: int, course: Course = HYDRA, **given: object) -> None:
    records.win(
        course,
        Metrics(time, keys, 3, 0),
        [("stop", time // 2), ("clear", time)],
        seed=7,
        stars=int(given.get("stars", 2)),  # type: ignore[call-overload]
        unaided=bool(given.get("unaided", False)),
        record=bool(given.get("record", True)),
    )


def test_a_win_is_read_back_by_another_connection(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    records.goal("hydra", "stop")
    win(records, 12_000, 31)
    progress = Records(tmp_path / "records.db").progress()["hydra"]
    assert (progress.won, progress.stars, progress.best_time, progress.best_keys) == (
        True,
        2,
        12_000,
        31,
    )
    assert progress.goals == {"stop"}


def test_best_time_and_fewest_keys_need_not_be_one_run(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    win(records, 12_000, 31)
    win(records, 20_000, 18)
    win(records, 21_000, 19)
    assert records.best(HYDRA) == (12_000, 18)
    assert records.pareto(HYDRA) == [(12_000, 31), (20_000, 18)]


def test_another_world_category_or_ruleset_is_another_course(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    win(records, 12_000, 31)
    for other in (
        Course("hydra", "w2", 1, "turn"),
        Course("hydra", "w1", 2, "turn"),
        Course("hydra", "w1", 1, "live"),
    ):
        assert records.best(other) == (None, None)


def test_the_splits_to_beat_are_those_of_the_best_run(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    win(records, 12_000, 31)
    win(records, 10_000, 31)
    assert records.best_splits(HYDRA) == (("stop", 5_000), ("clear", 10_000))


def test_golds_are_the_fastest_segments_of_all_wins(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    win(records, 12_000, 31)
    win(records, 10_000, 31)
    assert records.golds(HYDRA) == {"stop": 5_000, "clear": 5_000}


def test_a_rewound_win_counts_for_progress_and_not_for_records(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    win(records, 12_000, 31, record=False)
    assert records.progress()["hydra"].won
    assert records.best(HYDRA) == (None, None)


def test_stars_and_unaided_never_get_worse(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    win(records, 1, 1, stars=3, unaided=True)
    win(records, 1, 1, stars=1, unaided=False)
    progress = records.progress()["hydra"]
    assert (progress.stars, progress.unaided) == (3, True)


def test_the_first_launch_happens_once(tmp_path: Path) -> None:
    records = Records(tmp_path / "records.db")
    assert records.first_launch
    records.launched()
    assert not Records(tmp_path / "records.db").first_launch


def test_a_damaged_database_is_set_aside_with_one_notice(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    path.write_bytes(b"this is no database" * 100)
    records = open_records(path)
    assert records.notice.startswith("records.db was damaged: it is kept as records.db.damaged-")
    assert "\n" not in records.notice
    win(records, 12_000, 31)
    assert open_records(path).progress()["hydra"].won


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    records = open_records(path)
    assert records.notice == (
        "records.db belongs to a later version of MiniOS: this play will not be remembered"
    )
    win(records, 12_000, 31)
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (99,)


def test_without_a_place_for_it_progress_lasts_for_the_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MINIOS_DATA_DIR", str(tmp_path / "file" / "below"))
    records = open_records()
    assert records.notice == (
        "there is no place for records (Not a directory): this play will not be remembered"
    )
    win(records, 12_000, 31)
    assert records.progress()["hydra"].won


def test_what_cannot_be_written_can_still_be_read() -> None:
    folder = Path(tempfile.mkdtemp())  # pytest's own folders let nobody else in
    path = folder / "records.db"
    records = Records(path)
    win(records, 12_000, 31)
    records.close()
    unprivileged = "os.setgid(65534); os.setuid(65534)" if os.geteuid() == 0 else ""
    script = (
        "import os, pathlib, urllib.parse\n"  # what nobody could load later
        "from minios.runs.records import open_records\n"
        f"{unprivileged}\n"
        f"records = open_records(pathlib.Path({str(path)!r}))\n"
        "print(records.notice)\n"
        "print(records.progress()['hydra'].best_time)\n"
    )
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        shown = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    assert shown == (
        "records.db cannot be written (attempt to write a readonly database):"
        " this play will not be remembered\n12000\n"
    )


def test_two_games_write_at_once(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from minios.runs.records import open_records\n"
        "records = open_records(pathlib.Path(sys.argv[1]))\n"
        "for n in range(25): records.goal(sys.argv[2], str(n))\n"
        "print(records.notice, end='')\n"
    )
    path = str(tmp_path / "records.db")
    games = [
        subprocess.Popen([sys.executable, "-c", script, path, name], stdout=subprocess.PIPE)
        for name in ("a", "b")
    ]
    assert [game.communicate()[0] for game in games] == [b"", b""]
    progress = Records(tmp_path / "records.db").progress()
    assert [len(progress[name].goals) for name in ("a", "b")] == [25, 25]


def test_a_kill_loses_nothing_that_was_reported_saved(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from minios.runs.records import open_records\n"
        "records = open_records(pathlib.Path(sys.argv[1]))\n"
        "n = 0\n"
        "while True:\n"
        "    records.goal('hydra', str(n)); n += 1\n"
        "    print(n, flush=True)\n"
    )
    path = tmp_path / "records.db"
    game = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert game.stdout is not None
    for _ in range(20):
        saved = int(game.stdout.readline())
    game.send_signal(signal.SIGKILL)
    game.communicate()
    reached = open_records(path)
    assert reached.notice == ""
    assert {str(n) for n in range(saved)} <= reached.progress()["hydra"].goals


def test_the_front_holds_what_no_other_run_beats() -> None:
    assert pareto([(3, 3), (1, 9), (2, 9), (5, 1), (4, 3)]) == [(1, 9), (3, 3), (5, 1)]


def test_segments_run_from_goal_to_goal() -> None:
    assert segments([("b", 9), ("a", 4)]) == [("a", 4), ("b", 5)]


def test_the_clock_shows_hours_only_when_there_are_any() -> None:
    assert clock(12_480_000_000) == "00:12.480"
    assert clock(3_600_000_000_000) == "1:00:00.000"
    assert clock(-3_100_000_000) == "-00:03.100"
