"""``minios level``: write, check, list and solve levels."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from minios.cli.errors import Failure
from minios.cli.levels import duration, load_level
from minios.game.spec import Level

OK, FINDINGS, USAGE = 0, 1, 2


@click.group("level")
def cli() -> None:
    """Check, list and solve levels; print the schema. docs/levels.md is the guide."""


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--title", help="The title; else made from the file's name.")
def new(file: Path, title: str | None) -> None:
    """Write a level that plays, to start from. FILE is named after its id."""
    from minios.game.loader import loads
    from minios.game.problems import LevelError

    path = file if file.suffix in (".yaml", ".yml") else file.with_suffix(".yaml")
    name = path.stem.lstrip("0123456789-") or path.stem
    text = (Path(__file__).parent.parent / "game" / "starter.yaml").read_text("utf-8")
    heading = title or name.replace("-", " ").replace("_", " ").title()
    text = text.replace("id: ID", f"id: {name}").replace("TITLE", json.dumps(heading))
    try:
        loads(text.encode(), str(path))
    except LevelError as err:
        raise Failure(f"{err.problems[0].path}: {err.problems[0].text}", USAGE) from None
    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise Failure(f"{path} is there already", USAGE) from None
    click.echo(f"{path}: now edit it, then: minios level check {path}")


@cli.command()
@click.argument("levels", nargs=-1)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--read-only", is_flag=True, help="Only read the files, do not play them.")
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr what is being played.")
@click.pass_context
def check(
    ctx: click.Context, levels: tuple[str, ...], form: str, read_only: bool, verbose: bool
) -> None:
    """Read and play LEVELS (ids or files; all that ship without any) and list what is wrong.

    Exit status: 0 nothing, 1 findings, 2 no such level.
    """
    rows: list[dict[str, Any]] = []
    for path in _paths(levels):
        found = _check(path, read_only, verbose)
        rows += found
        if form == "text":
            for row in found:
                click.echo(_line(row))
            if not found:
                click.echo(f"{path}: ok")
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
    ctx.exit(FINDINGS if rows else OK)


def _paths(levels: tuple[str, ...]) -> list[Path]:
    from minios.game.catalog import UnknownLevel, cards, find

    if not levels:
        return [Path(card.path) for card in cards()]
    try:
        return [find(name) for name in levels]
    except UnknownLevel as err:
        raise Failure(str(err), USAGE) from None


def _check(path: Path, read_only: bool, verbose: bool) -> list[dict[str, Any]]:
    """The findings about one file, as plain data."""
    from minios.game.lint import lint
    from minios.game.loader import load
    from minios.game.net.lint import warnings
    from minios.game.problems import LevelError

    try:
        level = load(path)
    except LevelError as err:
        return [
            {
                "file": str(path), "line": problem.line, "column": problem.col,
                "rule": "reads", "where": problem.path, "text": problem.text,
            }
            for problem in err.problems
        ]  # fmt: skip
    except OSError as err:
        raise Failure(f"{path}: {err.strerror}", USAGE) from None
    for where, text in warnings(level):
        click.echo(f"{path}: warning: {where}: {text}", err=True)
    if read_only:
        return []

    def progress(what: str) -> None:
        if verbose:
            click.echo(f"{level.id}: {what}", err=True)

    return [
        {"file": str(path), "rule": each.rule, "where": each.where, "text": each.text}
        for each in lint(level, earlier=_earlier(level), progress=progress)
    ]


def _earlier(level: Level) -> list[Level]:
    """The levels before it in the campaign; of one that is not in it, the whole campaign."""
    from minios.game.catalog import cards
    from minios.game.loader import load
    from minios.game.problems import LevelError

    before: list[Level] = []
    for card in cards():
        if card.id == level.id:
            return before
        try:
            before.append(load(card.path))
        except LevelError:
            continue
    return before


def _line(row: dict[str, Any]) -> str:
    place = f":{row['line']}:{row['column']}" if "line" in row else ""
    where = f"{row['where']}: " if row["where"] else ""
    return f"{row['file']}{place}: {where}{row['text']} [{row['rule']}]"


@cli.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_(form: str) -> None:
    """The levels of the campaign, in order."""
    from dataclasses import asdict

    from minios.game.catalog import campaign, cards

    entries = cards()
    if form == "json":
        click.echo(json.dumps([asdict(card) for card in entries], indent=2))
        return
    for chapter in campaign().chapters:
        click.echo(chapter.title)
        for card in entries:
            if card.chapter == chapter.id:
                stars = "*" * card.difficulty
                click.echo(f"  {card.number:2} {card.id:16} {stars:5} {card.title}: {card.blurb}")


@cli.command()
def schema() -> None:
    """Print the JSON Schema (draft 7) of level files."""
    from minios.game.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=1))


@cli.command()
@click.argument("level")
@click.option("--solution", help="Play only this one.")
@click.option("--wrong", help="Play this wrong answer instead.")
@click.option("--seed", type=int, help="Play on this seed; else on all that the level names.")
@click.option("--until", help="Play up to this virtual time, e.g. 60s.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def solve(
    ctx: click.Context,
    level: str,
    solution: str | None,
    wrong: str | None,
    seed: int | None,
    until: str | None,
    form: str,
) -> None:
    """Play a level's solutions, or a wrong answer, and say what came of it.

    Exit status: 0 all won, 1 not, 2 no such level or solution.
    """
    from dataclasses import asdict

    from minios.game.solve import attempt, clock

    spec = load_level(level)
    scripts = {each.id: each.script for each in (spec.wrong if wrong else spec.solutions)}
    chosen = wrong or solution
    if chosen is not None and chosen not in scripts:
        kind = "wrong answer" if wrong else "solution"
        raise Failure(f"{spec.id} has no {kind} {chosen!r}; there are: {', '.join(scripts)}", USAGE)
    limit = None if until is None else duration(until)
    seeds = (
        [seed] if seed is not None else list({spec.seeds.play: 0} | dict.fromkeys(spec.seeds.check))
    )
    results = {
        (name, number): attempt(spec, number, script, limit)
        for name, script in scripts.items()
        if chosen in (None, name)
        for number in seeds
    }
    if form == "json":
        rows = [{"script": name, **asdict(each)} for (name, _), each in results.items()]
        click.echo(json.dumps(rows, indent=2))
    else:
        for (name, number), each in results.items():
            end = each.outcome or "undecided"
            why = each.problem or (each.result.cause if each.result is not None else "")
            figures = f"{clock(each.time)}, {each.keys} keys, {each.commands} commands"
            harm = f", harmed {', '.join(each.harmed)}" if each.harmed else ""
            stars = f", {each.stars} stars" if each.won else ""
            click.echo(f"{name} on seed {number}: {end}, {figures}{stars}{harm}")
            for line in (why, *each.faults):
                if line:
                    click.echo(f"  {line}")
    sys.stdout.flush()
    ctx.exit(OK if all(each.won for each in results.values()) else FINDINGS)
