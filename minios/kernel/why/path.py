"""What became of a probe, hop by hop: there and back, and where it ended, why and by which rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from minios.abi.errno import Errno, strerror
from minios.abi.inet import ip_text
from minios.kernel.why.reason import Reason
from minios.kernel.why.ruletext import rule_at
from minios.net.drop import Drop, Dropped
from minios.net.reasons import sentence
from minios.net.trail import ASIDE, BACK, THERE, Step

if TYPE_CHECKING:
    from minios.kernel.why.probe import Probe

HOPS = 24
"""Hops told of one way."""

_PROBES = {"ping": "an echo request", "tcp": "a SYN", "udp": "an empty datagram"}
_FLAGS = {"S.": "a SYN/ACK", "R.": "a reset (RST)", "R": "a reset (RST)", ".": "an ACK"}


class _Hop(NamedTuple):
    """What one node did with a packet on its way."""

    node: str
    steps: list[Step]


def told(probe: Probe, *, all_nodes: bool, rules: bool = True) -> Reason:
    """The answer. Without ``all_nodes``, only what the asking machine itself can know of; without
    ``rules``, where a rule stands but not what it says, as iptables would not tell that either."""
    return _Teller(probe, all_nodes, rules).answer()


class _Teller:
    """Tells of one probe."""

    def __init__(self, probe: Probe, all_nodes: bool, rules: bool) -> None:
        self.probe = probe
        self.rules = rules
        self.all_nodes = all_nodes
        self.here = probe.stack.name
        self.steps = [step for step in probe.trail.steps if self._known(step.node)]
        self.ways = {leg: _journey(self.steps, leg) for leg in (THERE, BACK)}
        known = [each for each in probe.trail.log.drops if self._known(each[1].node)]
        self.drops = [each for each in known if each[0] != ASIDE and self._on_the_way(*each)]
        self.asides = [record for leg, record in known if leg == ASIDE]

    def _known(self, node: str) -> bool:
        return self.all_nodes or node == self.here or node.startswith(f"{self.here}.")

    def _on_the_way(self, leg: str, record: Dropped) -> bool:
        """Whether it was the packet told of that ended so, and no later one of that leg."""
        end = (record.time, record.node, "drop")
        return any((step.time, step.node, step.what) == end for step in self.ways[leg])

    def answer(self) -> Reason:
        probe = self.probe
        parts: list[Reason] = []
        there = self._way(THERE)
        if there:
            parts.append(Reason("net.there", "There:", because=tuple(there)))
        back = self._way(BACK)
        if back and (probe.answered is not None or self._came_from_elsewhere()):
            parts.append(Reason("net.back", "Back:", because=tuple(back)))
        if not self.all_nodes and not self.drops and probe.answered is None:
            text = f"What happens to it beyond {self.here} cannot be known from here."
            parts.append(Reason("net.hidden", text))
        if probe.told is not None and not probe.stack.is_local(probe.told.offender):
            text = f"{ip_text(probe.told.offender)} has reported it by ICMP: {_icmp(probe)}."
            parts.append(Reason("net.icmp", text))
        return Reason("net.path", self._headline(), because=tuple(parts))

    def _came_from_elsewhere(self) -> bool:
        """Whether what came back is no word of the sender's own stack to itself."""
        return any(
            step.node != self.here or (step.what == "in" and step.detail != "lo")
            for step in self.steps
            if step.leg == BACK
        )

    # -- in a sentence -------------------------------------------------------------------------

    def _headline(self) -> str:
        probe = self.probe
        port = f", {probe.kind.upper()} port {probe.port}," if probe.port else ""
        target = f"{ip_text(probe.ip)}{port}"
        if probe.answered is not None:
            how = {"ping": "answers", "tcp": "accepts connections", "udp": "answers"}[probe.kind]
            return f"{target} {how}; that took {_time(probe.answered - probe.began)}."
        end = self._end()
        if end is not None:
            return self._ended(target, *end)
        if probe.kind == "udp" and self._delivered():
            return f"{target} gets the datagram, and the program there does not answer within 5 s."
        if probe.error == Errno.ECONNREFUSED:
            return f"{target} refuses: nobody listens there, or a firewall says so."
        if probe.error:
            return f"{target} is not reached: {strerror(probe.error)}."
        return f"{target} does not answer within 5 s."

    def _end(self) -> tuple[str, Dropped] | None:
        """The first drop of the way there, else of the way back."""
        for wanted in (THERE, BACK):
            for leg, record in self.drops:
                if leg == wanted:
                    return leg, record
        return None

    def _ended(self, target: str, leg: str, record: Dropped) -> str:
        where = f"it ends at {record.node}, at the {record.layer} layer,"
        why = f"because {sentence(record)}{self._rule(record.node, record.rule)}"
        if record.reason is Drop.ARP_TIMEOUT:
            why += self._question_lost()
        if record.reason is Drop.PORT_CLOSED and leg == THERE:
            return f"{target} is reached and closed: {sentence(record)}."
        if leg == THERE and record.node == self.here and not self._left():
            return f"{target} is not reached: it ends here, at the {record.layer} layer, {why}."
        if leg == THERE:
            return f"{target} is not reached: on the way there {where} {why}."
        return f"{target} is reached, but on the way back {where} {why}."

    def _left(self) -> bool:
        """Whether it has left this machine by a cable."""
        return any(s.leg == THERE and s.layer == "physical" for s in self.steps)

    def _delivered(self) -> bool:
        return any(step.leg == THERE and step.layer == "transport" for step in self.steps)

    # -- hop by hop ----------------------------------------------------------------------------

    def _way(self, leg: str) -> list[Reason]:
        """One way, a part for each node on it."""
        records = [record for of, record in self.drops if of == leg]
        hops = _hops(self.ways[leg])
        parts: list[Reason] = []
        met: dict[str, int] = {}
        for hop in hops[:HOPS]:
            met[hop.node] = met.get(hop.node, 0) + 1
            if met[hop.node] > 2 and len(hops) > HOPS:
                text = "… and so on, round and round, as these routes lead in a ring."
                parts += [Reason("net.loop", text), self._hop(hops[-1], records)]
                break
            parts.append(self._hop(hop, records))
        return parts

    def _hop(self, hop: _Hop, records: Sequence[Dropped]) -> Reason:
        """What a node did: one sentence, and below it what that was by."""
        main: list[str] = []
        parts: list[Reason] = []
        kind, end = "net.hop", ""
        for step in hop.steps:
            phrase = _PHRASES.get(step.what)
            part = _PARTS.get(step.what)
            if step.what == "drop":
                kind = "net.drop"
                end = self._dropped(hop.node, records)
                if not main:
                    main, end = [end.removeprefix("; ")], ""
            elif step.what == "send":
                what = "it" if main else "an answer"
                if step.leg == THERE:
                    what = _PROBES[self.probe.kind]
                main.append(f"sends {what} {step.detail}")
            elif step.what == "out":
                wire, _, took = step.detail.partition(" on ")[2].rpartition(", ")
                took = _time(int(took.removesuffix(" ns"))) if took[:1].isdigit() else ""
                if wire:
                    main.append(f"over {wire}" + (f" in {took}" if took else ""))
            elif step.what == "bridge":
                main.append(_bridged(step))
            elif step.what == "wait":
                parts.append(self._arp(step))
            elif step.what == "rule" and not self._ended_by(hop.node, step, records):
                more = self._rule(hop.node, step.detail.partition(":")[0])
                parts.append(Reason("net.rule", f"Its rule {step.detail}{more}."))
            elif phrase is not None:
                main.append(phrase(step.detail))
            elif part is not None:
                parts.append(Reason(*part(step.detail)))
        text = f"{hop.node}: {', '.join(main) or 'it passes'}{end}."
        return Reason(kind, text, because=tuple(parts))

    def _dropped(self, node: str, records: Sequence[Dropped]) -> str:
        record = next((record for record in records if record.node == node), None)
        if record is None:
            return ""
        return f"; it ends here, because {sentence(record)}{self._rule(node, record.rule)}"

    def _ended_by(self, node: str, step: Step, records: Sequence[Dropped]) -> bool:
        """Whether it was this rule that a packet ended by, which is said already."""
        place = step.detail.partition(":")[0]
        return any(record.node == node and record.rule == place for record in records)

    def _arp(self, wait: Step) -> Reason:
        """How the question for a hardware address went."""
        after = [step for step in self.steps if step.time >= wait.time]
        asked = [step for step in after if step.leg == ASIDE and step.what == "arp"]
        gone = next(
            (s for s in after if (s.leg, s.node, s.what) == (wait.leg, wait.node, "out")), None
        )
        text = f"It waits {wait.detail}"
        if gone is None:
            times = sum(1 for step in asked if step.node == wait.node)
            text += f", and nobody answers ARP, asked {max(times, 1)} times"
            return Reason("net.arp", f"{text}{self._question_lost()}.")
        answer = next((s for s in asked if s.node != wait.node and " is at " in s.detail), None)
        who = f"{answer.node} says that {answer.detail}" if answer is not None else "it is answered"
        return Reason("net.arp", f"{text}; {who}, after {_time(gone.time - wait.time)}.")

    def _question_lost(self) -> str:
        """What became of the ARP question itself, or of its answer, if that ended somewhere."""
        record = next(iter(self.asides), None)
        if record is None:
            return ""
        return f"; what ARP sent ends at {record.node}, because {sentence(record)}"

    def _rule(self, node: str, place: str) -> str:
        """What the rule at ``filter FORWARD rule 3`` says, in brackets."""
        if not (self.rules and place and self._known(node)):
            return ""
        text = rule_at(self.probe.kernel, node, place)
        return f" ({text})" if text else ""


_PHRASES: dict[str, Callable[[str], str]] = {
    "in": lambda detail: f"gets it by {detail}",
    "forward": lambda detail: f"forwards it {detail}",
    "deliver": lambda detail: f"takes it in for {detail}",
    "answer": lambda detail: f"answers with {_answer(detail)}",
    "error": lambda detail: f"reports {detail.rpartition(', length')[0] or detail}",
}
"""What completes "NODE: …"."""

_PARTS: dict[str, Callable[[str], tuple[str, str]]] = {
    "nat": lambda detail: ("net.nat", _translated(detail)),
    "fragment": lambda detail: ("net.fragment", f"It cuts it: {detail}."),
}


def _bridged(step: Step) -> str:
    """What a switch decided, or a bridge inside a machine, whose own port has no name."""
    bridge = step.node.partition(".")[2]
    ports = step.detail.replace("port  ", "itself ").strip()
    ports = f"{ports} itself" if ports.endswith("→ port") else ports
    return f"its bridge {bridge} passes it on, {ports}" if bridge else f"passes it on, {ports}"


def _translated(detail: str) -> str:
    """A translation: of one end, or of the whole."""
    if detail.startswith("as "):
        return f"It translates the source: {detail[3:]} from here on."
    if detail.startswith("to "):
        return f"It translates the destination: {detail[3:]} from here on."
    return f"It translates the addresses: {detail}."


def _answer(detail: str) -> str:
    """What an answer is called."""
    flags = detail.removeprefix("Flags [").rstrip("]")
    if flags != detail:
        return _FLAGS.get(flags, f"a segment with the flags {flags}")
    return "an echo reply" if "echo reply" in detail else detail.partition(",")[0]


def _journey(steps: Sequence[Step], leg: str) -> list[Step]:
    """The first packet of a leg: an answer's answer, and what is sent again, are others."""
    found: list[Step] = []
    sent = False
    for step in steps:
        if step.leg != leg or step.what == "note":
            continue
        if sent and step.what in ("send", "answer", "error"):
            break
        sent = sent or step.what == "send"
        found.append(step)
    return found


def _hops(steps: Sequence[Step]) -> list[_Hop]:
    hops: list[_Hop] = []
    for step in steps:
        node = step.node.partition(".")[0]  # a bridge of a machine is called MACHINE.BRIDGE
        again = step.what == "in" and hops and any(s.what == "out" for s in hops[-1].steps)
        if not hops or hops[-1].node != node or again:
            hops.append(_Hop(node, []))
        hops[-1].steps.append(step)
    return hops


def _icmp(probe: Probe) -> str:
    """What an ICMP error said, in tcpdump's words."""
    from minios.net.wire.icmp import ICMP

    assert probe.told is not None
    message = ICMP(probe.told.type, probe.told.code, 0, b"")
    return message.summary().removeprefix("ICMP ").rpartition(", length")[0]


def _time(ns: int) -> str:
    if ns >= 1_000_000_000:
        return f"{ns // 1_000_000_000}.{ns // 1_000_000 % 1000:03d} s"
    return f"{ns // 1_000_000}.{ns // 1000 % 1000:03d} ms"
