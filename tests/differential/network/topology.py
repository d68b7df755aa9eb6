"""A network to be built twice, and what is typed on its machines."""

from __future__ import annotations

import re
from typing import NamedTuple


class Step(NamedTuple):
    """A command line that root runs on a machine."""

    node: str
    command: str


class Answer(NamedTuple):
    """What a step gave, times and hardware addresses masked."""

    status: int
    stdout: str
    stderr: str


class Topology(NamedTuple):
    """``cables`` connect ``node.nic`` with another, or with a switch by its name alone. The nics
    come up unconfigured: what is to be configured, the script does, and that is compared too.

    A line of ``script`` is ``node# command``.
    """

    cables: tuple[tuple[str, str], ...]
    script: str
    switches: tuple[str, ...] = ()

    @property
    def nics(self) -> dict[str, list[str]]:
        """The machines, and what is plugged into each."""
        found: dict[str, list[str]] = {}
        for cable in self.cables:
            for end in cable:
                if end not in self.switches:
                    node, _, nic = end.partition(".")
                    found.setdefault(node, []).append(nic)
        return found

    @property
    def steps(self) -> list[Step]:
        steps = []
        for line in self.script.strip().splitlines():
            node, mark, command = line.partition("# ")
            if line.strip():
                assert mark, line
                steps.append(Step(node.strip(), command.strip()))
        return steps


_MASKS = tuple(
    (re.compile(pattern, re.MULTILINE), put)
    for pattern, put in (
        (r"\b(?!ff:ff:ff)[0-9a-f]{2}(:[0-9a-f]{2}){5}\b", "MAC"),
        (r"time=[\d.]+ ms", "time=T"),
        (r", time \d+ms", ", time T"),
        (r"rtt min/avg/max/mdev = .*", "rtt T"),
        (r", pipe \d+", ""),
        (r"\b[\d.]+ ms\b", "T"),
        (r"\b[\d.]+ms\b", "T"),
        (r"^(eth\d)(?:@if\d+)? +(UP|DOWN) +", r"\1 \2 "),  # ip -br pads a veth's longer name
        (r"@if\d+", ""),
        (r" link-netns(id)? \S+", ""),
        (r" qdisc \w+", ""),
        (r" qlen \d+", ""),
        (r"^\d+: eth", "N: eth"),
        (r"^((?:tcp|udp|icmp) +\d+) \d+ ", r"\1 T "),  # conntrack's timeout
        (r"\bid=\d+", "id=ID"),
        (r"\b(sport|dport)=(?:3[3-9]|[456]\d)\d{3}\b", r"\1=EPHEMERAL"),
        (r" mark=0| use=\d+| secctx=\S+", ""),
        (r" \[OFFLOAD\]", ""),
        (r"(conntrack) v[\d.]+", r"\1 V"),
        (r"^# (Generated|Completed).*$", r"# \1"),
        (r"^(:\w+ \w+) \[\d+:\d+\]", r"\1 [N]"),
        (r"(\d+\.\d+\.\d+\.\d+)[.:](?:3[3-9]|[456]\d)\d{3}\b", r"\1:EPHEMERAL"),
    )
)


def masked(text: str) -> str:
    """The text without what may differ from run to run."""
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return text
