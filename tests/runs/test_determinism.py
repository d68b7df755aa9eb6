"""Same level, seed and inputs give the same bytes: anywhere, and in whatever pieces of time."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import minios
from minios.game.gantt import Gantt
from minios.game.play import Play
from minios.game.session import Session
from minios.game.spec import from_json, to_json
from minios.runs import recording
from minios.runs.career import open_session
from minios.runs.records import Records
from minios.runs.replay import Replay
from minios.runs.runfile import Input, RunFile, read
from minios.runs.verify import verify
from minios.sim.world import SECOND
from tests.game.small import LEVEL, Clock, Desk

REPOSITORY = Path(minios.__file__).parent.parent

SCRIPT = """\
import sys
from minios.game.spec import from_json
from minios.runs.runfile import read
from minios.runs.verify import verify
with open(sys.argv[1]) as file:
    level = from_json(file.read())
print(verify(read(sys.argv[2]), level).text)
heavy = {"pydantic", "ruamel", "textual", "rich", "pyte", "click", "asyncio", "platformdirs"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def pythons() -> list[str]:
    """Every installed Python this game runs on, this one first."""
    candidates = [sys.executable]
    candidates += [f"python3.{minor}" for minor in range(11, 20)]
    versions = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    candidates += [str(path) for path in sorted(versions.glob("*/bin/python3"))]
    found: dict[str, str] = {}
    for candidate in candidates:
        path = shutil.which(candidate)
        if path is None:
            continue
        asked = subprocess.run(
            [path, "-S", "-c", "import sys; print(sys.version_info >= (3, 11), sys.version)"],
            capture_output=True,
            text=True,
        )
        if asked.stdout.startswith("True"):
            found.setdefault(asked.stdout, path)
    return list(found.values())


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run played in live pace, with jobs, a resize, a pane action, pauses and another speed."""
    folder = tmp_path_factory.mktemp("data")
    os.environ["MINIOS_DATA_DIR"] = str(folder)
    desk = Desk.__new__(Desk)
    desk.clock = Clock()
    desk.session = open_session(LEVEL, pace="live", records=Records(None), clock=desk.clock)
    desk.pass_time(0.7)
    desk.session.resize(30, 100)
    desk.type("sleep 100 &\r")
    desk.pass_time(1.3)
    desk.session.pause()
    desk.pass_time(2)
    desk.session.resume()
    desk.session.set_speed(2.5)
    desk.type("ls -la /; ps aux | grep -c sh; cat /proc/uptime; echo $RANDOM\r")
    desk.pass_time(4)
    pid = next(p.pid for p in desk.session.view().processes if p.comm == "sleep")
    desk.session.act("signal", machine="pc", pid=pid, sig=15)
    desk.pass_time(5)
    desk.type("sleep 3 | cat\r")
    desk.pass_time(0.4)
    desk.session.key(b"\x03")
    desk.type("mkdir one\rmkdir two\r")
    desk.pass_time(5)
    desk.session.close()
    (path,) = recording.runs_dir().glob("*.jsonl")
    del os.environ["MINIOS_DATA_DIR"]
    return path


@pytest.fixture
def run(recorded: Path) -> RunFile:
    return read(recorded)


def test_a_live_run_verifies_headless(run: RunFile) -> None:
    verdict = verify(run, LEVEL)
    assert verdict.text.startswith("verified: small won in ")
    assert verdict.checkpoints == len(run.checkpoints) >= 4


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_it_verifies_on_every_python_and_hash_seed(
    python: str, seed: str, recorded: Path, tmp_path: Path
) -> None:
    level = tmp_path / "level.json"
    level.write_text(to_json(LEVEL))
    shown = subprocess.run(
        [python, "-S", "-c", SCRIPT, str(level), str(recorded)],
        env={"PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert shown.stderr == ""
    assert shown.stdout == f"{verify(read(recorded), LEVEL).text}\n[]\n"


def test_the_level_survives_its_canonical_form() -> None:
    assert from_json(to_json(LEVEL)) == LEVEL


def test_one_changed_input_is_refuted_at_the_first_checkpoint_after_it(run: RunFile) -> None:
    at = next(i for i, entry in enumerate(run.inputs) if entry.data.get("data") == "l")
    changed: Input = run.inputs[at]
    run.inputs[at] = replace(changed, data={"data": "k"})
    verdict = verify(run, LEVEL)
    first = next(claim.t for claim in run.checkpoints if claim.t > changed.t)
    assert not verdict.ok
    assert verdict.diverged == first
    assert verdict.text == (
        f"refuted: diverges at the checkpoint of T+00:{first // SECOND:02}."
        f"{first % SECOND // 1_000_000:03} ({first} ns)"
    )
    assert verdict.checkpoints == sum(claim.t <= changed.t for claim in run.checkpoints)


def test_an_input_moved_by_a_nanosecond_is_refuted(run: RunFile) -> None:
    entry = run.inputs[4]
    run.inputs[4] = replace(entry, t=entry.t + 1)
    assert not verify(run, LEVEL).ok


def test_an_input_left_out_is_refuted(run: RunFile) -> None:
    del run.inputs[4]
    run.inputs = [replace(entry, n=n) for n, entry in enumerate(run.inputs, 1)]
    assert not verify(run, LEVEL).ok


def test_a_key_sooner_than_fifty_milliseconds_after_another_is_refuted(run: RunFile) -> None:
    at = next(
        i for i, e in enumerate(run.inputs) if e.op == "key" and run.inputs[i - 1].op == "key"
    )
    run.inputs[at] = replace(run.inputs[at], t=run.inputs[at - 1].t + 49_000_000)
    verdict = verify(run, LEVEL)
    assert f"input {at + 1} is taken at" in verdict.text


def replayed(run: RunFile, pieces: int, instruments: bool) -> list[tuple[int, str]]:
    """The checkpoints of a re-simulation in so many pieces of time, and the digest at the end."""
    assert run.result is not None
    replay = Replay(run, LEVEL)
    if instruments:
        replay.play.world.instruments.add(Gantt(replay.play.machines["pc"]))
        replay.play.world.instruments.add(Everything())
    for piece in range(1, pieces + 1):
        for _ in replay.advance(run.result.t * piece // pieces):
            pass
    return [*replay.play.checkpoints, (run.result.t, replay.play.world.digest())]


class Everything:
    """An instrument that looks at every event there is."""

    def __init__(self) -> None:
        self.seen = 0

    def _look(self, *what: object) -> None:
        self.seen += 1

    on_switch = on_trap = on_return = on_signal = on_fork = on_exec = on_exit = _look
    on_output = on_wait = on_line = on_power = _look


def test_one_run_until_and_ten_thousand_small_ones_agree(run: RunFile) -> None:
    assert replayed(run, 1, False) == replayed(run, 10_000, False)


def test_instruments_change_nothing(run: RunFile) -> None:
    assert replayed(run, 1, False) == replayed(run, 1, True)


def test_a_budget_changes_nothing() -> None:
    whole, pieces = Play(LEVEL, 7), Play(LEVEL, 7)
    whole.run_until(30 * SECOND)
    while not pieces.run_until(30 * SECOND, 1):
        pass
    assert whole.checkpoints == pieces.checkpoints
    assert whole.world.digest() == pieces.world.digest()


def test_paced_and_headless_plays_agree() -> None:
    clock = Clock()
    session = Session(LEVEL, pace="live", clock=clock)
    desk = Desk.__new__(Desk)
    desk.clock, desk.session = clock, session
    desk.pass_time(12)
    headless = Play(LEVEL, 7)
    headless.run_until(session.now)
    paced = session._play
    assert paced.checkpoints == headless.checkpoints
    assert paced.world.digest() == headless.world.digest()
