"""Progress and personal bests, in one SQLite file that several games may use at once.

Every change is one transaction under WAL with full synchronisation, so it is either on disk or it
never was, whenever the process is killed. A database that cannot be used ends nothing: ``notice``
says why in one line and the play is remembered in memory only.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minios.runs.metrics import Metrics, pareto, segments
from minios.runs.paths import data_dir

SCHEMA = 1

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE goals (
  level TEXT NOT NULL, goal TEXT NOT NULL, reached TEXT NOT NULL, PRIMARY KEY (level, goal)
) WITHOUT ROWID;
CREATE TABLE progress (
  level TEXT PRIMARY KEY, attempts INTEGER NOT NULL DEFAULT 0, wins INTEGER NOT NULL DEFAULT 0,
  stars INTEGER NOT NULL DEFAULT 0, unaided INTEGER NOT NULL DEFAULT 0, first_win TEXT
) WITHOUT ROWID;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, level TEXT NOT NULL, world TEXT NOT NULL, ruleset INTEGER NOT NULL,
  category TEXT NOT NULL, seed INTEGER NOT NULL, time INTEGER NOT NULL, keys INTEGER NOT NULL,
  commands INTEGER NOT NULL, collateral INTEGER NOT NULL, stars INTEGER NOT NULL,
  unaided INTEGER NOT NULL, file TEXT NOT NULL, finished TEXT NOT NULL
);
CREATE TABLE splits (
  run INTEGER NOT NULL, goal TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (run, goal)
) WITHOUT ROWID;
CREATE INDEX runs_by_level ON runs (level, category, world, time);
CREATE TABLE golds (
  level TEXT NOT NULL, world TEXT NOT NULL, ruleset INTEGER NOT NULL, category TEXT NOT NULL,
  goal TEXT NOT NULL, time INTEGER NOT NULL,
  PRIMARY KEY (level, world, ruleset, category, goal)
) WITHOUT ROWID;
"""

_BUSY_MS = 500
"""How long to wait for another game that is just writing; the interface must not freeze."""


@dataclass(frozen=True, slots=True)
class Course:
    """What times can be compared on: one world, one ruleset, one category."""

    level: str
    world: str
    ruleset: int
    category: str


@dataclass(frozen=True, slots=True)
class LevelProgress:
    """What is known of a level over all its plays. ``goals`` are the ids ever reached."""

    won: bool = False
    stars: int = 0
    unaided: bool = False
    attempts: int = 0
    best_time: int | None = None
    best_keys: int | None = None
    goals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Win:
    """A won run as the records keep it; times in virtual ns."""

    level: str
    category: str
    seed: int
    metrics: Metrics
    stars: int
    unaided: bool
    file: str
    finished: str


class Records:
    """The database. Open it with :func:`open_records`."""

    def __init__(self, path: Path | None, *, copy_of: Path | None = None) -> None:
        """``path`` None keeps everything in memory, beginning with a ``copy_of`` another file.

        sqlite3.Error or OSError when the file is no good.
        """
        self.path = path
        self.notice = ""
        self._db = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if copy_of is not None:
                self._load(copy_of)
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _load(self, path: Path) -> None:
        source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            source.backup(self._db)
        finally:
            source.close()

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise NewerRecords
        if version == 0:
            db.execute("BEGIN IMMEDIATE")
            try:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                if version == 0:
                    for statement in _TABLES.split(";\n"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version={SCHEMA}")
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        self._db.close()

    # -- writing: one transaction each, and never an exception ---------------------------------

    def goal(self, level: str, goal: str) -> None:
        """A goal was reached, for the first time or again."""
        self._write(
            lambda db: db.execute(
                "INSERT OR IGNORE INTO goals VALUES (?, ?, ?)", (level, goal, _now())
            )
        )

    def attempt(self, level: str) -> None:
        """A play of ``level`` began."""
        self._write(
            lambda db: db.execute(
                "INSERT INTO progress (level, attempts) VALUES (?, 1)"
                " ON CONFLICT (level) DO UPDATE SET attempts = attempts + 1",
                (level,),
            )
        )

    def win(
        self,
        course: Course,
        metrics: Metrics,
        splits: Iterable[tuple[str, int]],
        *,
        seed: int,
        stars: int,
        unaided: bool,
        file: str = "",
        record: bool = True,
    ) -> None:
        """A level was won. With ``record`` false (a rewound run) it counts for progress only."""
        now = _now()

        def write(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO progress (level, wins, stars, unaided, first_win)"
                " VALUES (?, 1, ?, ?, ?) ON CONFLICT (level) DO UPDATE SET wins = wins + 1,"
                " stars = max(stars, excluded.stars), unaided = max(unaided, excluded.unaided),"
                " first_win = coalesce(first_win, excluded.first_win)",
                (course.level, stars, int(unaided), now),
            )
            if not record:
                return
            cursor = db.execute(
                "INSERT INTO runs (level, world, ruleset, category, seed, time, keys, commands,"
                " collateral, stars, unaided, file, finished)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    course.level, course.world, course.ruleset, course.category, seed, *metrics,
                    stars, int(unaided), file, now,
                ),
            )  # fmt: skip
            reached = list(splits)
            db.executemany(
                "INSERT OR IGNORE INTO splits VALUES (?, ?, ?)",
                [(cursor.lastrowid, goal, time) for goal, time in reached],
            )
            for goal, taken in segments(reached):
                db.execute(
                    "INSERT INTO golds VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET time = min(time, excluded.time)",
                    (course.level, course.world, course.ruleset, course.category, goal, taken),
                )

        self._write(write)

    def launched(self) -> None:
        """The game was started once: from now on it opens with the menu."""
        self._write(
            lambda db: db.execute("INSERT OR IGNORE INTO meta VALUES ('launched', ?)", (_now(),))
        )

    # -- reading -------------------------------------------------------------------------------

    @property
    def first_launch(self) -> bool:
        """Whether the game has never been started with these records."""
        return not self._read("SELECT 1 FROM meta WHERE name = 'launched'")

    def progress(self) -> dict[str, LevelProgress]:
        """Every level that was ever tried."""
        goals: dict[str, set[str]] = {}
        for level, goal in self._read("SELECT level, goal FROM goals"):
            goals.setdefault(level, set()).add(goal)
        best = {
            level: (time, keys)
            for level, time, keys in self._read(
                "SELECT level, min(time), min(keys) FROM runs GROUP BY level"
            )
        }
        rows = {
            level: row
            for level, *row in self._read(
                "SELECT level, attempts, wins, stars, unaided FROM progress"
            )
        }
        result: dict[str, LevelProgress] = {}
        for level in sorted({*rows, *goals}):
            attempts, wins, stars, unaided = rows.get(level, (0, 0, 0, 0))
            time, keys = best.get(level, (None, None))
            result[level] = LevelProgress(
                wins > 0, stars, unaided > 0, attempts, time, keys, frozenset(goals.get(level, ()))
            )
        return result

    def best(self, course: Course) -> tuple[int | None, int | None]:
        """The best time and the fewest keys on ``course``, not necessarily of one run."""
        rows = self._read(f"SELECT min(time), min(keys) FROM runs WHERE {_ON}", _of(course))
        return rows[0] if rows else (None, None)

    def best_splits(self, course: Course) -> tuple[tuple[str, int], ...]:
        """When the run with the best time reached each goal."""
        return tuple(
            self._read(
                "SELECT goal, time FROM splits WHERE run ="
                f" (SELECT id FROM runs WHERE {_ON} ORDER BY time, id LIMIT 1) ORDER BY time",
                _of(course),
            )
        )

    def best_file(self, course: Course) -> str:
        """The run file behind the best time; empty without one."""
        rows = self._read(
            f"SELECT file FROM runs WHERE {_ON} AND file <> '' ORDER BY time LIMIT 1", _of(course)
        )
        return rows[0][0] if rows else ""

    def golds(self, course: Course) -> dict[str, int]:
        """The fastest each goal was ever reached from the one before it."""
        return dict(self._read(f"SELECT goal, time FROM golds WHERE {_ON}", _of(course)))

    def pareto(self, course: Course) -> list[tuple[int, int]]:
        """The (time, keys) of won runs that no other beats in both."""
        return pareto(self._read(f"SELECT time, keys FROM runs WHERE {_ON}", _of(course)))

    def courses(self, level: str | None = None) -> list[Course]:
        """What was ever won, the courses of one level together."""
        rows = self._read(
            "SELECT DISTINCT level, world, ruleset, category FROM runs"
            " WHERE ?1 IS NULL OR level = ?1 ORDER BY level, category, world, ruleset",
            (level,),
        )
        return [Course(*row) for row in rows]

    def wins(self, course: Course, limit: int = 10) -> list[Win]:
        """The fastest won runs."""
        rows = self._read(
            "SELECT level, category, seed, time, keys, commands, collateral, stars, unaided, file,"
            f" finished FROM runs WHERE {_ON} ORDER BY time, keys, id LIMIT ?",
            (*_of(course), limit),
        )
        return [
            Win(level, category, seed, Metrics(*row[:4]), row[4], bool(row[5]), row[6], row[7])
            for level, category, seed, *row in rows
        ]

    # -- the database ---------------------------------------------------------------------------

    def _write(self, change: Callable[[sqlite3.Connection], Any]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                change(self._db)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as err:
            self.notice = f"progress could not be saved: {err}"

    def _read(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as err:
            self.notice = f"records could not be read: {err}"
            return []


class NewerRecords(Exception):
    """The file was written by a later version of the game."""


_ON = "level = ? AND world = ? AND ruleset = ? AND category = ?"


def _of(course: Course) -> tuple[str, str, int, str]:
    return course.level, course.world, course.ruleset, course.category


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def open_records(path: Path | None = None) -> Records:
    """The player's records; what stands in their way becomes a notice and is worked around.

    A damaged file is set aside under another name, and a new one begun.
    """
    try:
        if path is None:
            path = data_dir() / "records.db"
        return _patiently(path)
    except NewerRecords:
        return _in_memory("records.db belongs to a later version of MiniOS")
    except sqlite3.OperationalError as err:
        return _in_memory(f"records.db cannot be written ({err})", path)
    except sqlite3.DatabaseError:
        return _replace(path) if path is not None else _in_memory("records.db is damaged")
    except OSError as err:
        return _in_memory(f"there is no place for records ({err.strerror or err})")


def _patiently(path: Path) -> Records:
    """Open; while another game turns a new file to WAL, SQLite does not wait by itself."""
    for _ in range(20):
        try:
            return Records(path)
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_BUSY_MS / 1000 / 20)
    return Records(path)


def _in_memory(why: str, path: Path | None = None) -> Records:
    try:
        records = Records(None, copy_of=path)
    except (sqlite3.Error, NewerRecords):
        records = Records(None)
    records.notice = f"{why}: this play will not be remembered"
    return records


def _replace(path: Path) -> Records:
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        os.replace(path, aside)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        records = Records(path)
    except (OSError, sqlite3.Error):
        return _in_memory("records.db is damaged")
    records.notice = f"records.db was damaged: it is kept as {aside.name}, and a new one begun"
    return records
