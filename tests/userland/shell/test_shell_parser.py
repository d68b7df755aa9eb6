"""The lexer and parser: lazy, free of recursion, and wrong where dash finds a script wrong."""

import sys
from collections.abc import Callable

import pytest

from minios.userland.shell.lexer import MAX_NESTING, ShellSyntaxError
from minios.userland.shell.parser import END_OF_INPUT, Parser, parse_text, run_to_end
from minios.userland.shell.syntax import Node, Param, Simple, Text, Word
from minios.userland.shell.text import command_names, command_text


def words(command: bytes) -> list[bytes | None]:
    """What the words of a simple command always expand to; None where that is open."""
    (node,) = parse_text(command)
    assert isinstance(node, Simple)
    return [word.literal for word in node.words]


def complaint(script: bytes) -> str:
    with pytest.raises(ShellSyntaxError) as caught:
        parse_text(script)
    return f"{caught.value.line}: {caught.value}"


def test_quotes_are_removed_and_their_parts_joined() -> None:
    assert words(rb"""echo a'b c'"d e"f\ g""") == [b"echo", b"ab cd ef g"]


def test_a_backslash_newline_vanishes_everywhere_but_in_single_quotes() -> None:
    assert words(b"ec\\\nho 'a\\\nb' \"c\\\nd\"") == [b"echo", b"a\\\nb", b"cd"]


def test_what_an_expansion_may_change_has_no_literal() -> None:
    assert words(b'echo $x *.c "*.c" ~ a~') == [b"echo", None, None, b"*.c", None, b"a~"]


def test_a_single_digit_before_a_redirection_is_its_descriptor() -> None:
    (node,) = parse_text(b"a 2>f 10>g")
    assert isinstance(node, Simple)
    assert [(r.op, r.fd) for r in node.redirs] == [(">", 2), (">", 1)]
    assert [word.literal for word in node.words] == [b"a", b"10"]


def test_the_operand_of_a_quoted_substitution_is_quoted() -> None:
    (node,) = parse_text(b'"${x:-a b}"')
    assert isinstance(node, Simple)
    operand = Word((Text(b"a b", True),), b"a b", False)
    assert node.words[0].parts == (Param(b"x", "-", True, operand, True),)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (b"echo a; fi", '1: "fi" unexpected'),
        (b"if true; fi", '1: "fi" unexpected (expecting "then")'),
        (b"for i in a; echo", '1: word unexpected (expecting "do")'),
        (b"while :; do :", '1: end of file unexpected (expecting "done")'),
        (b"case a in a) :", '1: end of file unexpected (expecting ";;")'),
        (b"echo a\n\n)", '3: ")" unexpected'),
        (b"a |\n| b", '2: "|" unexpected'),
        (b"cat < ;", '1: ";" unexpected'),
        (b"cat <<< x", "1: redirection unexpected"),
        (b"export() { :; }", "1: Bad function name"),
        (b"for 1 in a; do :; done", "1: Bad for loop variable"),
        (b'echo "a\nb', "2: Unterminated quoted string"),
        (b"echo ${a", "1: Missing '}'"),
        (b"echo $((1)", "1: Missing '))'"),
        (b"echo `a", "1: EOF in backquote substitution"),
    ],
)
def test_a_syntax_error_names_the_token_and_its_line(script: bytes, expected: str) -> None:
    assert complaint(script) == expected


@pytest.mark.parametrize("opening", [b"(", b"{ ", b"if ", b"echo $(", b"echo ${a:-", b'echo "$('])
def test_ten_thousand_nested_commands_are_one_error(opening: bytes) -> None:
    assert complaint(opening * 10_000) == "1: nested too deeply"


def at_depth(depth: int, call: Callable[[], list[Node]]) -> list[Node]:
    return call() if depth == 0 else at_depth(depth - 1, call)


def test_nesting_up_to_the_limit_needs_next_to_no_stack() -> None:
    script = b"(" * (MAX_NESTING - 1) + b":" + b")" * (MAX_NESTING - 1)
    used = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame, used = frame.f_back, used + 1
    room = sys.getrecursionlimit() - used
    assert len(at_depth(room - 60, lambda: parse_text(script))) == 1


def test_no_more_lines_are_asked_for_than_a_command_needs() -> None:
    lines = [b"if true\n", b"then echo a\n", b"fi; echo b\n", b"echo c\n"]
    parser = Parser()
    step = parser.command()
    stack = [step]
    value: object = None
    asked = 0
    node: Node | None = None
    while stack:
        try:
            wanted = stack[-1].send(value)
        except StopIteration as stop:
            stack.pop()
            value = node = stop.value
            continue
        value = None
        if wanted is None:
            value = lines[asked]
            asked += 1
        elif not isinstance(wanted, int):
            stack.append(wanted)
    assert asked == 3
    assert node is not None
    assert command_text(node) == b"if true; then echo a; fi; echo b"


def test_here_documents_are_read_when_their_line_ends() -> None:
    first, second = parse_text(b"cat <<A <<'B'; echo x\n$a\nA\n$b\nB\necho y\n")
    assert command_text(second) == b"echo y"
    assert command_text(first) == b"cat <<... <<...; echo x"


def test_an_alias_ending_in_a_blank_lets_the_next_word_be_one() -> None:
    parser = Parser()
    parser.aliases = {b"a": b"echo ", b"b": b"hello a", b"c": b"no"}
    parser.buffer = b"a b c; b"
    parser.ended = True
    node = run_to_end(parser.command())
    assert node is not END_OF_INPUT
    assert command_text(node) == b"echo hello a c; hello a"  # type: ignore[arg-type]


def test_the_names_of_a_lines_commands_include_those_in_substitutions() -> None:
    nodes = parse_text(
        b"x=$(a | b) c $(d `e`) && { f; } || ( g ) & h() { i; }; for x in $(j); do k; done"
    )
    assert command_names(nodes) == [b"c", b"a", b"b", b"d", b"e", b"f", b"g", b"i", b"j", b"k"]
