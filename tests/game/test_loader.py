"""Level files come from strangers: every mistake is named with its place, and nothing breaks."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minios.game import loader, spec
from minios.game.problems import LevelError
from minios.game.schema import json_schema

HERE = Path(__file__).parent
GOOD = (HERE / "level.yaml").read_text()


def problems(text: str | bytes) -> list[str]:
    """What the loader says about a file, a line each."""
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(LevelError) as caught:
        loader.loads(raw, "x.yaml")
    return str(caught.value).splitlines()


def changed(old: str, new: str) -> str:
    """The good level with one thing replaced."""
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_level_becomes_plain_frozen_data() -> None:
    level = loader.load(HERE / "level.yaml")
    assert level.id == "wake-up"
    assert level.player == spec.Player("pc", "ada", "tty1")
    assert level.machine("pc").processes == (
        spec.ProcessSpec("idle", ("sleep", "1000"), user="ada"),
    )
    assert level.goals == (
        spec.Goal(
            "made",
            spec.FileCheck("pc", "/tmp/{{word}}"),
            "/tmp/{{word}} is there",
            hold=1_000_000_000,
        ),
    )
    assert level.vary == (spec.Vary("word", "choice", items=("sun", "moon", "star")),)


def test_the_scheduling_policy_gets_the_parameters_that_are_given() -> None:
    text = changed(
        "      processes:\n",
        "      scheduler: mlfq\n      sched: {quanta: [5ms, 10ms], stay: true}\n      processes:\n",
    ).replace("run: sleep 1000", "run: sleep 1000, burst: 3ms, affinity: [0]")
    (machine,) = loader.loads(text.encode()).machines
    assert machine.scheduler == "mlfq"
    assert machine.sched == (("quanta", (5_000_000, 10_000_000)), ("stay", True))
    assert (machine.processes[0].burst, machine.processes[0].affinity) == (3_000_000, (0,))


def test_all_mistakes_are_reported_at_once_with_line_and_column() -> None:
    broken = """\
format: 1
id: Bad Level
titel: x
briefing: |
  Hello {{totl}}
vary:
  total: {int: [1, 9]}
world:
  player: {user: ada}
  machines:
    pc:
      cores: 99
      scheduler: cfq
      files: {/x: {mode: "0999", owner: bob}}
      processes: {ledger: {run: "x 'y", at: 30}}
goals:
  saved: {text: x, after: power, process: ledgr}
  other: {text: y, port: 80000}
"""
    assert problems(broken) == [
        "x.yaml:1:1: title: is missing",
        "x.yaml:2:1: id: must be made of a-z, 0-9, - and _, not 'Bad Level'",
        "x.yaml:3:1: titel: unknown key (did you mean 'title'?)",
        "x.yaml:5:9: briefing: nothing called 'totl' is varied (did you mean 'total'?)",
        "x.yaml:12:7: world.machines.pc.cores: must be at most 8",
        "x.yaml:13:7: world.machines.pc.scheduler: must be one of fifo, sjf, stcf, rr, priority,"
        " mlfq, lottery, stride, cfs, eevdf, manual, not 'cfq' (did you mean 'cfs'?)",
        "x.yaml:14:20: world.machines.pc.files.'/x'.mode: must be an octal mode such as"
        " \"0755\", not '0999'",
        "x.yaml:14:34: world.machines.pc.files.'/x'.owner: no user 'bob'",
        "x.yaml:15:28: world.machines.pc.processes.ledger.run: has no closing quotation",
        "x.yaml:15:41: world.machines.pc.processes.ledger.at: must be a duration such as 30s,"
        " 500ms or 2m, not '30' (or never)",
        "x.yaml:17:20: goals.saved.after: no event or goal 'power' (did you mean 'other'?)",
        "x.yaml:17:34: goals.saved.process.is: no process 'ledgr' (did you mean 'ledger'?)",
        "x.yaml:18:20: goals.other.port.port: must be at most 65535",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  made:\n", "  made:\n    file: /x\n", "goals.made.file: given twice (first on line 29)"),
        ("player: {user: ada}", "player: !!python/object:os.system ada", "the tag tag:yaml.org,"
         "2002:python/object:os.system is not allowed"),
        ("for: 1s", "for: 1", "goals.made.for: must be a duration such as 30s, 500ms or 2m, not "
         "'1'"),
        ("blocked_by: made", "blocked_by: maid", "wrong.literal.blocked_by: no goal, loss or "
         "protected thing 'maid' (did you mean 'made'?)"),
        ("difficulty: 1", "difficulty: 99999999999999999999999", "difficulty: is too large a "
         "number"),
        ("difficulty: 1", "pace: no", "pace: must be one of turn, live, not 'no'"),
        ("    touch /tmp/{{word}}", "    @wiat 3s", "solutions.author: @wiat is no direction: "
         "there are @wait, @until, @key, @type, @act"),
        ("run: sleep 1000", "run: sleep 1, nice: -21", "world.machines.pc.processes.idle."
         "nice: must be at least -20"),
        ("run: sleep 1000", "run: sleep 1, affinity: [0, 1]", "world.machines.pc.processes.idle."
         "affinity[1]: there is no core 1: they are 0 to 0"),
        ("      processes:\n", "      sched: {quanta: [1ms, 2ms], allotments: [1]}\n"
         "      processes:\n", "world.machines.pc.sched.allotments: there are 1 for 2 queues"),
        ("      processes:\n", "      sched: {alpha: 101}\n      processes:\n",
         "world.machines.pc.sched.alpha: must be at most 100"),
        ("      processes:\n", "      sched: {boost: 1us}\n      processes:\n",
         "world.machines.pc.sched.boost: must be 0s (never) or at least 1ms"),
        ("    file: /tmp/{{word}}\n", "", "goals.made: needs a check: one of process, load, memory,"
         " file, directory, output, metric, probe, pids_free, power, reachable, port, nat, all,"
         " any, not"),
        ("  machines:", "  links: {lan: 1}\n  machines:", "world.links.lan: must be a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_is_explained(old: str, new: str, said: str) -> None:
    assert any(said in line for line in problems(changed(old, new)))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "x.yaml:1:1: the file is empty"),
        (b"[1, 2]", "x.yaml:1:1: a level file is a mapping: format, id, title, world, goals, …"),
        (b"a: \xff", "x.yaml:1:4: not UTF-8"),
        (b"&a [*a]", "x.yaml:1:5: *a is inside what it names"),
        (b"[" * 100_000, "x.yaml:1:33: nested deeper than 32 levels"),
        (b"a: 1\n---\nb: 2\n", "x.yaml:2:1: a level file holds one document"),
        (b'a: "\\ud800"', "x.yaml:1:4: half of a surrogate pair is no character"),
        (b" " * (1 << 20) + b"a", "x.yaml:1:1: the file is larger than 1 MiB"),
    ],
)
def test_hostile_bytes_are_one_finding(raw: bytes, said: str) -> None:
    assert problems(raw) == [said]


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert problems("\n".join(lines)) == ["x.yaml:5:15: more than 20000 values"]


def test_anchors_and_merge_keys_work() -> None:
    text = changed("made:\n    text:", "made: &made\n    text:").replace(
        "lose:", "  again: {<<: *made, text: once more}\nlose:"
    )
    level = loader.loads(text.encode())
    assert [(goal.id, goal.text) for goal in level.goals] == [
        ("made", "/tmp/{{word}} is there"),
        ("again", "once more"),
    ]
    assert level.goals[0].check == level.goals[1].check


def test_no_is_text_and_not_false() -> None:
    level = loader.loads(changed("title: Wake up", "title: no").encode())
    assert level.title == "no"


def test_control_characters_of_a_text_are_stripped() -> None:
    level = loader.loads(changed("title: Wake up", 'title: "W\\e[2Jake"').encode())
    assert level.title == "W[2Jake"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_random_bytes_never_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(LevelError):
        loader.loads(raw)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=12))
def test_a_damaged_level_is_read_or_refused(at: int, length: int, junk: str) -> None:
    """Cutting and splicing anywhere gives a level or findings, never another exception."""
    raw = (GOOD[:at] + junk + GOOD[at + length :]).encode("utf-8", "surrogatepass")
    try:
        level = loader.loads(raw)
    except LevelError as error:
        assert error.problems
    else:
        assert spec.from_json(spec.to_json(level)) == level


def test_the_schema_is_draft_7_and_closed() -> None:
    """What a YAML editor needs: the dialect, resolvable references, and no unknown keys."""
    schema = json_schema()
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["format", "id", "title", "briefing", "world", "goals"]
    text = json.dumps(schema)
    names = {part.split('"')[0] for part in text.split("#/definitions/")[1:]}
    assert names <= schema["definitions"].keys()
    assert "$defs" not in text and "prefixItems" not in text
