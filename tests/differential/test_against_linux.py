"""Small shell programs do the same on the machine's real Linux and in MiniOS.

What they print, their errors and their exit statuses are compared byte by byte: a case prints
nothing that may differ from run to run, such as a pid or a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.differential import (
    files,
    jobs,
    linux,
    minios_side,
    permissions,
    pipes,
    processes,
    procfs,
    signals,
)

PLAIN = {
    f"{module.__name__.rpartition('.')[2]}: {name}": script
    for module in (processes, signals, pipes, files, permissions, procfs)
    for name, script in module.CASES.items()
}
JOBS = {
    name: case if isinstance(case, tuple) else (case, list[str]())
    for name, case in jobs.CASES.items()
}

REASON = linux.missing()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON or "never")

Answers = dict[str, Future[linux.Outcome]]


@pytest.fixture(scope="module")
def real() -> Iterator[Answers]:
    """The real Linux's answers; they are asked for side by side, because some have to wait."""
    with ThreadPoolExecutor(8) as pool:
        answers = {name: pool.submit(linux.run, script) for name, script in PLAIN.items()}
        for name, (script, keys) in JOBS.items():
            answers[name] = pool.submit(linux.run_on_terminal, script, keys)
        yield answers
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", PLAIN)
def test_a_script_does_the_same(real: Answers, name: str) -> None:
    assert minios_side.run(PLAIN[name]) == real[name].result()


@pytest.mark.parametrize("name", JOBS)
def test_a_script_with_a_terminal_does_the_same(real: Answers, name: str) -> None:
    script, keys = JOBS[name]
    assert minios_side.run_on_terminal(script, keys) == real[name].result()
