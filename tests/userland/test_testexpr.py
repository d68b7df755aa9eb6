"""The logic of test (XCU test), without files."""

from collections.abc import Coroutine
from typing import Any

import pytest

from minios.abi.sys import Sys
from minios.userland.lib.testexpr import (
    ARGUMENT,
    NUMBER,
    PAREN,
    UNEXPECTED,
    TestError,
    evaluate,
    quick,
)


def finished(coro: Coroutine[Any, Any, bool]) -> bool:
    """The result of a coroutine that makes no trap."""
    try:
        coro.send(None)
    except StopIteration as stop:
        return bool(stop.value)
    raise AssertionError("it trapped")


def holds(*words: str) -> bool:
    return finished(evaluate(Sys(), [word.encode() for word in words]))


@pytest.mark.parametrize(
    "words",
    [
        ["a"], ["!"], ["-f"], ["!", ""], ["-n", "a"], ["-z", ""], ["a", "=", "a"], ["a", "<", "b"],
        [" 5 ", "-eq", "5"], ["-1", "-lt", "0"], ["(", "a", ")"], ["!", "a", "=", "b"],
        ["a", "-o", "", "-a", ""], ["(", "", "-o", "a", ")", "-a", "b"], ["=", "=", "="],
        ["!", "(", "", ")"], ["!", "!", "a", "-a", "b"],
    ],
)  # fmt: skip
def test_true_expressions(words: list[str]) -> None:
    assert holds(*words)


@pytest.mark.parametrize(
    "words",
    [[], [""], ["!", "a"], ["-n", ""], ["a", "!=", "a"], ["10", "-lt", "9"], ["a", "-a", ""],
     ["!", "!"], ["", "-o", ""]],
)  # fmt: skip
def test_false_expressions(words: list[str]) -> None:
    assert not holds(*words)


@pytest.mark.parametrize(
    ("words", "kind", "word"),
    [
        (["a", "="], ARGUMENT, b"="),
        (["(", "a"], PAREN, b""),
        (["a", "b"], UNEXPECTED, b"a"),
        (["a", "-eq", "1"], NUMBER, b"a"),
        (["a", "==", "a"], UNEXPECTED, b"a"),
        (["("] * 5000 + ["a"], PAREN, b""),
    ],
)
def test_what_is_no_expression_says_why(words: list[str], kind: str, word: bytes) -> None:
    with pytest.raises(TestError) as caught:
        holds(*words)
    assert (caught.value.kind, caught.value.word) == (kind, word)


def test_any_number_of_negations_needs_no_stack() -> None:
    assert holds(*["!"] * 5001, "a", "-a", "b") is False


def test_gnu_has_a_second_equals_sign() -> None:
    assert finished(evaluate(Sys(), [b"a", b"==", b"a"], gnu=True))


def test_the_quick_way_is_for_what_needs_no_system_call() -> None:
    assert quick([b"2", b"-gt", b"1"]) is True
    assert quick([b"-f", b"x"]) is None
