"""Arithmetic expansion (XCU 2.6.4)."""

import pytest

from minios.userland.shell.arithmetic import evaluate, parse_number
from minios.userland.shell.errors import ShellError


class Variables:
    def __init__(self) -> None:
        self.values = {b"x": 3, b"y": -7}

    def get_number(self, name: bytes) -> int:
        return self.values.get(name, 0)

    def set_number(self, name: bytes, value: int) -> None:
        self.values[name] = value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (b"1 + 2 * 3 - 4 / 2 % 3", 5),
        (b"(1 + 2) * 3", 9),
        (b"-7 / 2", -3),
        (b"-7 % 3", -1),
        (b"0x1F + 010", 39),
        (b"1 << 65", 2),
        (b"-8 >> 1", -4),
        (b"9223372036854775807 + 1", -(1 << 63)),
        (b"99999999999999999999", (1 << 63) - 1),
        (b"1 ? 2 : 3 ? 4 : 5", 2),
        (b"0 ? 2 : 0 ? 4 : 5", 5),
        (b"7 & 3 == 3", 1),
        (b"!0 + ~5 - - -5", -10),
        (b"x == 3 && y < 0 || z", 1),
        (b"x++ + ++x", 6),
        (b"nothing", 0),
    ],
)
def test_operators_have_the_value_they_have_in_c(expression: bytes, value: int) -> None:
    assert evaluate(expression, Variables()) == value


def test_assignments_are_right_associative_and_compound() -> None:
    variables = Variables()
    assert evaluate(b"a = b = x += 2", variables) == 5
    assert variables.values == {b"a": 5, b"b": 5, b"x": 5, b"y": -7}


def test_what_is_not_needed_is_not_evaluated() -> None:
    variables = Variables()
    assert evaluate(b"1 || (x = 9)", variables) == 1
    assert evaluate(b"0 && (x = 9)", variables) == 0
    assert evaluate(b"1 ? 2 : (x = 1 / 0)", variables) == 2
    assert variables.values[b"x"] == 3


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (b"1+", b'arithmetic expression: expecting primary: "1+"'),
        (b"1 2", b'arithmetic expression: expecting EOF: "1 2"'),
        (b"1 ? 2", b"arithmetic expression: expecting ':': \"1 ? 2\""),
        (b"1/0", b'arithmetic expression: division by zero: "1/0"'),
        (b"08", b'arithmetic expression: expecting EOF: "08"'),
        (b"3 = 4", b'arithmetic expression: expecting EOF: "3 = 4"'),
    ],
)
def test_an_error_quotes_the_expression(expression: bytes, text: bytes) -> None:
    with pytest.raises(ShellError) as caught:
        evaluate(expression, Variables())
    assert caught.value.text == text


def test_nesting_costs_no_recursion() -> None:
    assert evaluate(b"(" * 5000 + b"1" + b")" * 5000, Variables()) == 1
    assert evaluate(b"-" * 5001 + b"1", Variables()) == -1


def test_a_variables_value_is_a_whole_number_or_none() -> None:
    texts = (b"", b" 5 ", b"-0x10", b"1+2", b"9223372036854775808", b"-9223372036854775808")
    values = [parse_number(text) for text in texts]
    assert values == [0, 5, -16, None, None, -(1 << 63)]
