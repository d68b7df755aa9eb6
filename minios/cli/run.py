"""``minios run``: verify and show recorded runs."""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from minios.cli.errors import Failure
from minios.cli.levels import load_level
from minios.game.spec import Level
from minios.runs.metrics import clock
from minios.runs.runfile import RunError, RunFile, read


@click.group(short_help="Verify and show recorded runs.")
def cli() -> None:
    """Recorded runs: every play is kept as one, in the data directory's runs/."""


def _read(path: str) -> RunFile:
    try:
        return read(path)
    except RunError as err:
        raise Failure(f"{path}: {err}") from None
    except OSError as err:
        raise Failure(f"{path}: {err.strerror}") from None


_FORMAT = click.option(
    "--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@cli.command(short_help="Re-simulate runs and hold every claim against what happens.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--level", "level", metavar="FILE", help="The level, when it is not a shipped one.")
@_FORMAT
@click.pass_context
def verify(ctx: click.Context, files: tuple[str, ...], level: str | None, shape: str) -> None:
    """Re-simulate each FILE and compare every checkpoint and the result.

    Exit status 0 when all are finished runs of which every claim holds, else 1.
    """
    from minios.runs.verify import verify as check

    given = load_level(level) if level is not None else None
    verdicts: list[dict[str, Any]] = []
    for path in files:
        try:
            run = _read(path)
            verdict = check(run, given if given is not None else _level_of(run))
            found: dict[str, Any] = {
                "file": path,
                "ok": verdict.ok,
                "text": verdict.text,
                "checkpoints": verdict.checkpoints,
                "diverged_ns": verdict.diverged,
            }
        except RunError as err:
            found = {"file": path, "ok": False, "text": f"refused: {err}"}
        except Failure as err:
            found = {"file": path, "ok": False, "text": str(err).removeprefix(f"{path}: ")}
        verdicts.append(found)
        if shape == "text":
            print(f"{path}: {found['text']}", file=sys.stdout if found["ok"] else sys.stderr)
    if shape == "json":
        print(json.dumps(verdicts, indent=2))
    ctx.exit(0 if all(found["ok"] for found in verdicts) else 1)


def _level_of(run: RunFile) -> Level:
    from minios.game import sandbox

    if run.header.level == "sandbox":
        return sandbox.level()
    if os.sep in run.header.level or run.header.level.endswith((".yaml", ".yml")):
        raise Failure(f"{run.header.level!r} is no level id")
    return load_level(run.header.level)


@cli.command(short_help="Show what is in a run file.")
@click.argument("file")
@_FORMAT
def show(file: str, shape: str) -> None:
    """What was played in FILE: its header, what was typed and when, and how it ended."""
    run = _read(file)
    if shape == "json":
        print(json.dumps(_plain(run), indent=2))
        return
    for line in _lines(run):
        print(line)


def _plain(run: RunFile) -> dict[str, Any]:
    return {
        "header": run.header.line(),
        "inputs": [entry.line() for entry in run.inputs],
        "checkpoints": [entry.line() for entry in run.checkpoints],
        "notes": [entry.line() for entry in run.notes],
        "result": run.result.line() if run.result is not None else None,
        "torn_bytes": run.torn,
    }


def _lines(run: RunFile) -> Iterator[str]:
    header = run.header
    yield f"level     {header.level} (world {header.world[:12]}, ruleset {header.ruleset})"
    yield f"seed      {header.seed} ({header.seed_mode})"
    yield f"category  {header.category}"
    if header.date:
        yield f"date      {header.date}"
    if header.parent is not None:
        yield f"forked    from {json.dumps(header.parent)}"
    yield f"inputs    {len(run.inputs)} (checkpoints {len(run.checkpoints)}, hints {run.hints})"
    for t, text in _entered(run):
        yield f"  T+{clock(t)}  {text}"
    result = run.result
    if result is None:
        yield f"result    none: cut short at T+{clock(run.end)}"
        return
    yield (
        f"result    {'won' if result.won else 'lost'} in {clock(result.time)}, {result.keys} keys,"
        f" {result.commands} commands, {result.collateral} collateral"
    )
    for goal, t in result.splits:
        yield f"  {clock(t)}  {goal}"


_NAMES = {"\x03": "^C", "\x04": "^D", "\x1a": "^Z", "\t": "⇥", "\x7f": "⌫", "\x1b": "⎋"}


def _entered(run: RunFile) -> Iterator[tuple[int, str]]:
    """What was typed, a line each (until Enter or ctrl+c), and the other inputs."""
    typed, since = "", 0
    for entry in run.inputs:
        if entry.op == "key":
            key = str(entry.data["data"])
            since = since if typed else entry.t
            typed += "".join(_shown(char) for char in key)
            if key not in ("\r", "\n", "\x03"):
                continue
        if typed:
            yield since, typed
            typed = ""
        if entry.op != "key":
            words = " ".join(str(value) for value in entry.data.values())
            yield entry.t, f"@{entry.op} {words[:200]!r}"
    if typed:
        yield since, typed


def _shown(char: str) -> str:
    if char in "\r\n":
        return "⏎"
    return _NAMES.get(char, char if char.isprintable() else "·")
