"""A run file is read strictly: what is handed on is safe, the rest is refused in one line."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minios.runs.runfile import (
    MAX_TIME,
    Checkpoint,
    Header,
    Input,
    Note,
    Result,
    RunError,
    encode,
    parse,
)

HEADER = Header("hydra", "c0ffee", 7, "0.1.0", 1)
KEY = {"t": 5, "n": 1, "op": "key", "data": "l", "w": 3}


def run_of(*records: dict[str, Any]) -> bytes:
    return encode(HEADER.line()) + b"".join(encode(record) for record in records)


def refusal(data: bytes) -> str:
    with pytest.raises(RunError) as caught:
        parse(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_written_is_read_back() -> None:
    key = Input(5, 1, "key", {"data": "l"}, 3)
    mark = Checkpoint(10, "ab")
    hint = Note(11, "hint", {"number": 1}, 4)
    end = Result(12, True, 7, 1, 0, 0, (("clear", 7),), "cd")
    run = parse(run_of(key.line(), mark.line(), hint.line(), end.line()))
    assert run.header == HEADER
    assert (run.inputs, run.checkpoints, run.notes, run.result) == ([key], [mark], [hint], end)
    assert (run.hints, run.end, run.torn) == (1, 12, 0)


def test_a_torn_last_line_is_left_out_and_counted() -> None:
    run = parse(run_of(KEY) + b'{"t":9,"n":2,"op":"ke')
    assert [entry.n for entry in run.inputs] == [1]
    assert run.torn == 21


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a MiniOS run file"),
        (b"{}\n", "not a MiniOS run file"),
        (b"#!/bin/sh\necho hello\n", "line 1: not JSON"),
        (b'{"minios":"run","format":2}\n', "format 2 is not one this game reads (1)"),
        (run_of({**KEY, "op": "teleport"}), "line 2: unknown input 'teleport'"),
        (run_of({**KEY, "data": 7}), "line 2: 'data' of a key is not a text"),
        (run_of({**KEY, "data": "日"}), "line 2: 'data' of a key holds more than bytes"),
        (run_of({**KEY, "uid": 0}), "line 2: a key has no 'uid'"),
        (run_of({**KEY, "n": 2}), "line 2: input 2 where 1 was due"),
        (run_of({**KEY, "t": -1}), f"line 2: 't' is not a whole number from 0 to {MAX_TIME}"),
        (run_of({**KEY, "t": True}), f"line 2: 't' is not a whole number from 0 to {MAX_TIME}"),
        (run_of({**KEY, "t": 1.5}), f"line 2: 't' is not a whole number from 0 to {MAX_TIME}"),
        (run_of(KEY, {**KEY, "n": 2, "t": 4}), "line 3: time runs backwards"),
        (
            run_of({"t": 1, "n": 1, "op": "resize", "rows": 1 << 70, "cols": 2}),
            "line 2: 'rows' of a resize is out of range",
        ),
        (
            run_of({"t": 1, "n": 1, "op": "exec", "machine": "m", "user": "u", "argv": [1]}),
            "line 2: 'argv' of a exec is not a list of words",
        ),
        (run_of({"t": 1, "result": "draw"}), "line 2: a result is 'win' or 'lose'"),
        (
            run_of({"t": 1, "result": "win", "splits": {"\x1b[2J": 1}}),
            "line 2: 'splits' does not give each goal its time",
        ),
        (
            run_of({"t": 1}),
            "line 2: neither an input, a checkpoint, a note nor a result",
        ),
        (
            b'{"minios":"run","format":1,"level":[]}\n',
            "line 1: 'level' is not a text of at most 64",
        ),
        (b"[" * 100_000 + b"\n", "line 1: not JSON"),
        (encode(HEADER.line()) + b'{"t":' + b"9" * 5000 + b"}\n", "line 2: not JSON"),
    ],
)
def test_a_file_that_is_no_run_says_where_and_why(data: bytes, why: str) -> None:
    assert refusal(data).startswith(why)


def test_nothing_follows_the_result() -> None:
    end = Result(12, True, 7, 1, 0, 0, (), "cd").line()
    assert refusal(run_of(end, {**KEY, "t": 13})) == "line 3: nothing may follow the result"


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_read_but_never_crash(data: bytes) -> None:
    try:
        parse(data)
    except RunError as err:
        assert "\n" not in str(err)


_VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["key", "win", ""])
    | st.lists(st.integers(), max_size=2) | st.dictionaries(st.just("a"), st.integers(), max_size=1)
)  # fmt: skip
_FIELDS = ["t", "n", "op", "data", "digest", "note", "result", "splits", "time", "keys", "w"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=6), max_size=4))
def test_arbitrary_records_are_refused_or_read_but_never_crash(
    records: list[dict[str, Any]],
) -> None:
    body = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    try:
        parse(encode(HEADER.line()) + body)
    except RunError as err:
        assert "\n" not in str(err)
