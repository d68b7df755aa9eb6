"""Every reason for a drop is a sentence with the facts."""

import pytest

from minios.net.drop import LAYERS, Drop, Dropped
from minios.net.reasons import sentence


@pytest.mark.parametrize("reason", Drop)
def test_every_reason_has_a_layer_and_a_sentence(reason):
    assert LAYERS[reason] in ("physical", "link", "network", "filter", "transport")
    bare = sentence(Dropped(0, "gw", LAYERS[reason], reason))
    assert "{" not in bare
    assert "()" not in bare
    assert not bare.endswith((":", " ", "."))
    assert bare == bare.strip()


def test_the_facts_are_told():
    told = sentence(Dropped(0, "gw", "network", Drop.NO_ROUTE, "to 8.8.8.8"))
    assert told == "no route of gw leads there (to 8.8.8.8)"
    told = sentence(Dropped(0, "gw", "filter", Drop.FILTER_DROP, "", "", "filter FORWARD rule 3"))
    assert told == "the firewall of gw drops it: filter FORWARD rule 3"
    rejected = Dropped(0, "gw", "filter", Drop.FILTER_DROP, "rejected", "", "filter INPUT rule 1")
    assert sentence(rejected) == "the firewall of gw rejects it: filter INPUT rule 1"
