"""The house rules that a linter cannot see: what importing a room drags in."""

import subprocess
import sys

HEADLESS = """
import importlib, pkgutil, sys
import minios
for room in ("abi", "sim", "fs", "kernel", "userland", "game", "runs"):
    package = importlib.import_module(f"minios.{room}")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"textual", "rich", "pyte", "click"}))
"""

LIGHT = """
import sys
import minios.game.sandbox, minios.kernel.machine, minios.userland.table
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"asyncio", "click", "pydantic", "ruamel", "sqlite3", "textual"}))
"""


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_everything_below_the_faces_runs_without_a_terminal_library() -> None:
    assert _run(HEADLESS) == "[]"


def test_a_world_starts_without_what_only_levels_records_or_the_interface_need() -> None:
    assert _run(LIGHT) == "[]"


def test_a_command_line_runs_without_what_takes_longer_to_import_than_to_do_without() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "minios", "sh", "-c", "echo done"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.stdout == "done\n"
    assert "minios.kernel.kernel" in loaded
    heavy = {"asyncio", "click", "dataclasses", "inspect", "json", "sqlite3", "subprocess"}
    assert sorted(loaded & heavy) == []
