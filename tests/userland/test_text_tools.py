"""Text tools print and exit as Debian 12's do: command lines with what the real tools answered.

``text_cases.json`` holds, by family, [line, standard output, exit status], recorded in the C locale
in a directory with the files below. MINIOS_TEXT_CASES=all plays all of them, not every fourth.
"""

import json
import os
from pathlib import Path

import pytest

from minios.testing import Box, run

CASES: dict[str, list[tuple[str, str, int]]] = json.loads(
    Path(__file__).with_name("text_cases.json").read_text()
)
STEP = 1 if os.environ.get("MINIOS_TEXT_CASES") == "all" else 4

LEVELS = (b"ERROR", b"WARN", b"info")
FILES: dict[str, bytes] = {
    "abc": b"alpha\nbeta\ngamma\n",
    "num": b"10\n9\n2\n33\n1\n-5\n2\n",
    "nonl": b"one\ntwo\nthree",
    "words": b"the quick  brown fox\njumps over\n\n\n\tthe lazy dog\nThe end.\n",
    "csv": b"name,age,city\nbob,30,Paris\nalice,25,Berlin\n\ncarol,41,Rome\n",
    "passwd": b"root:x:0:0:root:/root:/bin/bash\n"
    b"daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    b"player:x:1000:1000:,,,:/home/player:/bin/sh\n",
    "empty": b"",
    "bin": bytes(range(256)),
    "s1": b"a\nb\nc\nd\n",
    "s2": b"b\nc\ne\n",
    "log": b"".join(
        b"2024-01-%02d host%d app[%d]: %s message %d\n"
        % (i % 28 + 1, i % 3, i * 7, LEVELS[i % 3], i)
        for i in range(40)
    ),
    "long": b"".join(b"line %d\n" % i for i in range(1, 3001)),
    "dir/x": b"needle here\n",
    "dir/y.c": b"int main;\nneedle\n",
    "dir/sub/z.h": b"no\nNeedle\n",
    "j1": b"1 a\n2 b\n3 c\n",
    "j2": b"1 x\n3 y\n4 z\n",
    "d1": b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n",
    "d2": b"a\nB\nc\nd\ne\nf\nh\ni\nj\nk\nX\nl\nm\nn\n",
    "utf": "naïve café\nüber €5\n".encode(),
    "crlf": b"a\r\nb\r\n",
}


def answer(line: str) -> tuple[bytes, int]:
    """What a fresh machine says to ``line``."""
    box = Box()
    for name, data in FILES.items():
        box.write(name, data)
    result = box.run("LC_ALL=C; export LC_ALL; cd; " + line)
    return result.stdout, result.status


@pytest.mark.parametrize("family", CASES)
def test_lines_give_the_output_and_status_that_debian_gives(family: str) -> None:
    differing = [
        (line, answer(line))
        for line, stdout, status in CASES[family][::STEP]
        if answer(line) != (stdout.encode("latin-1"), status)
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("yes | grep -c -m 1000 y", b"1000\n"),
        ("yes | sed 5q | wc -l", b"5\n"),
        ("timeout 2 sed ':a;ba' /etc/passwd; echo $?", b"124\n"),
        ("timeout 2 sort /dev/zero 2>/dev/null | head -c 1 | wc -c", b"0\n"),
        ("yes | head -n 100000 | tail -n 1", b"y\n"),
    ],
)
def test_what_never_ends_can_be_stopped(line: str, output: bytes) -> None:
    assert run(line).stdout == output


def test_sed_that_grows_its_spaces_without_end_runs_out_of_memory() -> None:
    result = run("echo x | sed ':a;G;h;ba'")
    assert result.stdout == b""
    assert result.stderr == b"sed: memory exhausted\n"
    assert result.status == 1


def test_a_pattern_that_makes_backtracking_explode_is_no_trouble() -> None:
    line = "head -c 300000 /dev/zero | tr '\\0' a | grep -Ec '(a+)+$'"
    assert run(line).stdout == b"1\n"


def test_tail_follows_what_is_appended_and_a_name_that_moves() -> None:
    line = (
        "echo a > f; tail -F f & sleep 1; echo b >> f; sleep 1; mv f g; echo c > f; sleep 1; "
        "kill $!"
    )
    assert run(line).stdout == b"a\nb\nc\n"


def test_characters_are_those_of_the_locale() -> None:
    line = (
        "export LC_ALL=C.UTF-8; echo naïve | sed 's/./x/g'; echo é | grep -c '^.$'; echo é | wc -m"
    )
    assert run(line).stdout == b"xxxxx\n1\n2\n"
