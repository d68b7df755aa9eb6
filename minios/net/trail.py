"""What becomes of one traced packet, and of everything it causes.

A frame or packet in flight has a slot ``trail``: None, or a :class:`Trail`. Wherever something is
decided about a packet, whoever decides says so if somebody follows it::

    if frame.trail:
        frame.trail.add(world.now, node, "network", "forward", "to 10.0.0.1 by eth1")

A trail has legs. What answers a traced packet (an echo reply, a segment, an ICMP error) travels on
``trail.back()``, and what is sent on its behalf to find a neighbour on ``trail.aside()``; copies of
a frame share its trail. All legs write to the same bounded list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from minios.net.drop import Dropped

THERE, BACK, ASIDE = "there", "back", "aside"
"""Legs: the packet itself; what answers it; what is sent on its behalf (ARP)."""

LAYERS = ("physical", "link", "network", "filter", "transport", "socket")

WORDS = (
    "send",  # a host made it
    "out",  # it leaves by an interface: detail "eth0 → gw.eth1" or the link's name
    "wait",  # it queues, for a wire or for a neighbour's address
    "in",  # it came in by an interface
    "bridge",  # a switch decided: known port, flooded
    "route",  # which route was taken
    "arp",  # a question or an answer of ARP
    "rule",  # a filter rule's verdict, with its chain and number
    "nat",  # addresses before and after
    "forward",  # passed on to the next hop
    "fragment",  # cut or put together
    "deliver",  # it reached a socket or a protocol
    "answer",  # an answer was made
    "error",  # an ICMP error was made
    "drop",  # it ends here
    "note",
)
"""What a step can be."""

MOST = {THERE: 256, BACK: 256, ASIDE: 96}
"""Steps kept of each leg; what comes after is not noted."""


class Step(NamedTuple):
    """One thing that happened: when (ns), on which node, at which layer, what, and the facts."""

    time: int
    node: str
    leg: str
    layer: str
    what: str
    detail: str = ""


class Log:
    """What all legs of a trail have in common."""

    __slots__ = ("counts", "drops", "steps")

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.drops: list[tuple[str, Dropped]] = []
        """(leg, record) of the packets of this trail that ended."""
        self.counts: dict[str, int] = {}


class Trail:
    """See the module. Always true, so that ``if frame.trail`` is all that a place has to ask."""

    __slots__ = ("_aside", "_back", "leg", "log")

    def __init__(self, log: Log | None = None, leg: str = THERE) -> None:
        self.log = log if log is not None else Log()
        self.leg = leg
        self._back: Trail | None = None
        self._aside: Trail | None = None

    @property
    def steps(self) -> list[Step]:
        """All steps so far, of all legs, in the order of time."""
        return self.log.steps

    def add(self, time: int, node: str, layer: str, what: str, detail: str = "") -> None:
        """Note a step of this leg. ``layer`` is one of LAYERS, ``what`` one of WORDS."""
        log = self.log
        count = log.counts.get(self.leg, 0)
        if count < MOST[self.leg]:
            log.counts[self.leg] = count + 1
            log.steps.append(Step(time, node, self.leg, layer, what, detail))

    def dropped(self, record: Dropped) -> None:
        """A packet of this leg has ended."""
        log = self.log
        if len(log.drops) < MOST[ASIDE]:
            log.drops.append((self.leg, record))
        self.add(record.time, record.node, record.layer, "drop", record.reason.name)

    def back(self) -> Trail:
        """The leg of what answers: of a packet going there the way back, and the other way round.

        What answers an answer (the ACK of a SYN/ACK) is again on its way there.
        """
        if self._back is None:
            self._back = Trail(self.log, THERE if self.leg == BACK else BACK)
            self._back._back = self
        return self._back

    def aside(self) -> Trail:
        """The leg of what is sent only so that this packet can go on."""
        if self.leg == ASIDE:
            return self
        if self._aside is None:
            self._aside = Trail(self.log, ASIDE)
        return self._aside

    def state(self) -> Any:
        """Plain data for the digest."""
        return (self.leg, len(self.log.steps), len(self.log.drops))
