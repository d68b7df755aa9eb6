"""``minios records``: what you have reached so far."""

import json
import sys
from typing import Any

import click

from minios.cli.errors import Failure, suggestion
from minios.cli.levels import level_ids
from minios.runs.metrics import clock
from minios.runs.records import Course, Records, open_records


@click.command(short_help="Your best times.")
@click.argument("level", required=False)
@click.option(
    "--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def cli(level: str | None, shape: str) -> None:
    """Your best times, golds and Pareto front (time × keys), of LEVEL or of all.

    Times are virtual. Runs on another seed than the level's own are kept apart.
    """
    records = open_records()
    if records.notice:
        print(f"minios: {records.notice}", file=sys.stderr)
    courses = records.courses(level)
    known = sorted({*level_ids(), *records.progress()})
    if level is not None and level not in known and not courses:
        raise Failure(f"no level {level!r}{suggestion(level, known)}")
    if shape == "json":
        print(json.dumps([_plain(records, course) for course in courses], indent=2))
        return
    if not courses:
        print(f"No record yet{f' for {level}' if level else ''}.")
        return
    for course in courses:
        _show(records, course, detailed=level is not None)


def _plain(records: Records, course: Course) -> dict[str, Any]:
    time, keys = records.best(course)
    progress = records.progress().get(course.level)
    return {
        "level": course.level,
        "world": course.world,
        "ruleset": course.ruleset,
        "category": course.category,
        "stars": progress.stars if progress else 0,
        "best_time_ns": time,
        "best_keys": keys,
        "splits": dict(records.best_splits(course)),
        "golds": records.golds(course),
        "pareto": [{"time_ns": time, "keys": keys} for time, keys in records.pareto(course)],
        "runs": [
            {
                "time_ns": win.metrics.time,
                "keys": win.metrics.keys,
                "commands": win.metrics.commands,
                "collateral": win.metrics.collateral,
                "stars": win.stars,
                "unaided": win.unaided,
                "seed": win.seed,
                "finished": win.finished,
                "file": win.file,
            }
            for win in records.wins(course)
        ],
    }


def _show(records: Records, course: Course, *, detailed: bool) -> None:
    time, keys = records.best(course)
    progress = records.progress().get(course.level)
    stars = progress.stars if progress else 0
    print(
        f"{course.level:<16} {course.category:<10} {'*' * stars:<3}"
        f"  {clock(time or 0)}  {keys or 0:>4} keys"
    )
    if not detailed:
        return
    for goal, reached in records.best_splits(course):
        print(f"    split  {goal:<20} {clock(reached)}")
    for goal, taken in records.golds(course).items():
        print(f"    gold   {goal:<20} {clock(taken)}")
    for best, pressed in records.pareto(course):
        print(f"    front  {clock(best)}  {pressed:>4} keys")
