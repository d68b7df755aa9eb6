"""Five networks behave alike in real network namespaces and in MiniOS.

The same commands are typed on the same machines, in the same order. Every one of them is compared:
what it prints, what it complains of and its exit status, but for times and hardware addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.differential.network import minios_side, namespaces
from tests.differential.network.cases import TOPOLOGIES
from tests.differential.network.topology import Answer

REASON = namespaces.missing()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON or "never")

Answers = dict[str, Future[list[Answer]]]


@pytest.fixture(scope="module")
def real() -> Iterator[Answers]:
    """The real Linux's answers, all networks side by side: most of the time is waiting."""
    with ThreadPoolExecutor(len(TOPOLOGIES)) as pool:
        yield {
            name: pool.submit(namespaces.answers, name, topology)
            for name, topology in TOPOLOGIES.items()
        }


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_a_network_answers_the_same(real: Answers, name: str) -> None:
    topology = TOPOLOGIES[name]
    here = minios_side.answers(topology)
    there = real[name].result()
    told = [f"{step.node}# {step.command}" for step in topology.steps]
    assert list(zip(told, here, strict=True)) == list(zip(told, there, strict=True))
