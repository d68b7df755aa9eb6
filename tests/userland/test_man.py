"""The manual: every command has a page, and every page can be read."""

import pytest

from minios.testing import Box, run
from minios.userland.man import archive, layout, parse
from minios.userland.shell.builtins import BUILTINS
from minios.userland.table import PROGRAMS

PAGES = parse(archive().decode())


def test_every_program_and_every_builtin_has_a_page() -> None:
    named = {name for page in PAGES for name in page.names}
    known = set(PROGRAMS) | {name.decode() for name in BUILTINS}
    assert known - named == set()


def test_no_page_is_there_twice_and_none_is_empty() -> None:
    titles = [(name, page.section) for page in PAGES for name in page.names]
    assert len(titles) == len(set(titles))
    assert [page.title for page in PAGES if not page.summary or not page.body] == []


def test_what_a_page_points_to_exists() -> None:
    titles = {f"{name}({page.section})" for page in PAGES for name in page.names}
    missing = [
        (page.title, other.strip())
        for page in PAGES
        for line in page.body
        if line.startswith("see ")
        for other in line[4:].split(",")
        if other.strip() not in titles
    ]
    assert missing == []


@pytest.mark.parametrize("width", [40, 80])
def test_pages_fit_the_width_where_words_allow(width: int) -> None:
    for page in PAGES:
        for line in layout(page, width):
            body = line.strip()
            assert len(line) <= width or " " not in body or body.startswith("$"), (page.title, line)


def test_man_prints_a_page_plainly_when_nobody_watches() -> None:
    out = run("man kill | head -5").stdout.decode().splitlines()
    assert out[0].startswith("KILL(1)") and out[0].endswith("KILL(1)")
    assert out[2:4] == ["NAME", "       kill - send a signal to a process"]


def test_man_says_what_is_missing_with_its_exit_status() -> None:
    result = run("man nosuch")
    assert (result.status, result.stderr) == (16, b"No manual entry for nosuch\n")
    result = run("man 8 ls")
    assert (result.status, result.stderr) == (16, b"No manual entry for ls in section 8\n")


def test_apropos_finds_by_words_of_the_summary() -> None:
    assert b"kill (1)" in run("man -k signal").stdout
    assert run("apropos xyzzy").status == 16
    assert run("whatis ls").stdout == b"ls, dir, vdir (1)    - list directories\n"


def test_a_level_can_bring_a_page_of_its_own() -> None:
    box = Box()
    box.machine.write_file(b"/usr/share/man/man8/breakerd.8", b"BREAKER\n")
    assert box.run("man breakerd").stdout == b"BREAKER\n"


def test_help_names_commands_and_explains_one() -> None:
    assert b"look around" in run("help").stdout
    assert run("help cd").stdout.startswith(b"cd [-LP] [DIRECTORY | -]\n")
    assert run("help xyzzy").status == 1
