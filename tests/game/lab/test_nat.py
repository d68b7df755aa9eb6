"""minios lab nat: who can punch, checked against what follows from RFC 4787's definitions."""

import json
from typing import Any

import pytest

from minios.cli.main import main
from minios.game.lab.nat import CLASSES, MILLISECOND, Setup, matrix, run
from minios.game.lab.values import LabError


def admits(receiver: str, sender: str) -> bool:
    """Whether packets that go to where the server saw the receiver are let in.

    The receiver has sent to where the server saw the sender. That opens an endpoint-independent
    filter anyway, an address-dependent one for the sender's address, and an address- and
    port-dependent one only if the sender's packets leave by that very port: if its mapping is
    endpoint-independent.
    """
    filtering, mapping = receiver.partition("/")[2], sender.partition("/")[0]
    return filtering != "apdf" or mapping == "eim"


def test_all_81_pairs_are_as_the_definitions_have_it() -> None:
    """RFC 5128 3.3 with the classes of RFC 4787 4.1 and 5."""
    for a, row in zip(CLASSES, matrix(Setup()), strict=True):
        for b, result in zip(CLASSES, row, strict=True):
            assert result.punched == (admits(a, b) and admits(b, a)), (a, b)


@pytest.mark.parametrize(
    ("a", "b", "punched"),
    [
        ("eim/eif", "apdm/apdf", True),  # full cone and symmetric
        ("eim/adf", "apdm/apdf", True),  # restricted cone and symmetric
        ("eim/apdf", "apdm/apdf", False),  # port-restricted cone and symmetric
        ("apdm/apdf", "apdm/apdf", False),  # two symmetric ones
        ("eim/apdf", "eim/apdf", True),
    ],
)
def test_the_pairs_every_table_has(a: str, b: str, punched: bool) -> None:
    assert run(Setup(a, b)).punched == punched
    assert run(Setup(b, a)).punched == punched


def test_keeping_ports_or_another_seed_changes_nothing() -> None:
    for a, b in (("eim/apdf", "eim/apdf"), ("eim/apdf", "apdm/eif"), ("adm/adf", "apdm/adf")):
        expected = run(Setup(a, b)).punched
        assert run(Setup(a, b, preserve=True)).punched == expected
        assert run(Setup(a, b, seed=9)).punched == expected


def test_a_late_start_does_not_matter_to_an_rfc_4787_nat() -> None:
    for late in (400, 3000):
        assert run(Setup("eim/apdf", "eim/apdf", delay_b=late * MILLISECOND)).punched


def test_behind_one_more_nat_it_takes_hairpinning() -> None:
    """RFC 5128 3.3.5: multiple levels of NAT."""
    plain = run(Setup(behind="eim/eif"))
    assert not plain.punched
    assert "does not lead" in plain.why()
    assert run(Setup(behind="eim/eif", hairpin=True)).punched


def test_equal_seeds_give_equal_exchanges() -> None:
    one, other = (run(Setup("adm/adf", "apdm/eif", seed=3)).to_json() for _ in range(2))
    assert one == other


def test_the_exchange_says_what_became_of_each_datagram() -> None:
    result = run(Setup("eim/apdf", "apdm/apdf"))
    first = next(one for one in result.exchange if one.what == "PROBE" and one.sender == "b")
    assert first.fate == "NAT_FILTERED at A"
    assert result.reached("a") == "arrived"
    assert result.states == {"a": "failed", "b": "failed"}


def test_no_class_is_an_error() -> None:
    with pytest.raises(LabError, match="no class of NAT"):
        run(Setup("symmetric"))


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*words: str) -> str:
        assert main(["lab", "nat", *words]) == 0
        return capsys.readouterr().out

    return command


def test_the_command_tells_it_in_json(lab: Any) -> None:
    facts = json.loads(lab("--a", "eim/apdf", "--b", "apdm/apdf", "--json"))
    assert facts["punched"] is False
    assert facts["a"] == "eim/apdf" and facts["exchange"][0]["what"] == "REGISTER"


def test_the_matrix_in_json_has_81_pairs(lab: Any) -> None:
    facts = json.loads(lab("--matrix", "--json"))
    assert len(facts["runs"]) == 81 and sum(run["punched"] for run in facts["runs"]) == 49


def test_the_command_tells_it_in_words(lab: Any) -> None:
    assert "punched, 100 ms after they heard of each other" in lab("--summary")


def test_no_class_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "nat", "--a", "cone"]) == 2
    assert "no class of NAT" in capsys.readouterr().err
