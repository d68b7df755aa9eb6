"""Zones that are had from elsewhere, and given to others, whole (AXFR, RFC 5936)."""

from __future__ import annotations

from collections.abc import Iterator

from minios.abi.sys import Sys
from minios.net.wire.dns import AXFR, NOERROR, Message, Name, Question
from minios.userland.bin.named.masterfile import RECORDS_MAX
from minios.userland.bin.named.zone import BadZone, Zone
from minios.userland.lib.net.dnsclient import Unanswered, new_id, transfer

TIMEOUT = 10_000_000_000
BATCH = 200
"""Records that a message of a transfer carries."""


async def fetch(sys: Sys, server: tuple[int, int], name: Name) -> Zone | None:
    """The zone as the server has it; None if it gives none."""
    query = Message(await new_id(sys), 0, [Question(name, AXFR)])
    try:
        messages, _ = await transfer(sys, server, query, TIMEOUT, RECORDS_MAX)
        zone = Zone(name)
        for message in messages:
            if message.rcode != NOERROR:
                return None
            for record in message.answers:
                zone.add(record)
        zone.check()
    except (OSError, Unanswered, BadZone):
        return None
    return zone


def batches(reply: Message) -> Iterator[Message]:
    """A transfer in messages that fit."""
    for at in range(0, max(len(reply.answers), 1), BATCH):
        part = reply.copy()
        part.answers = reply.answers[at : at + BATCH]
        if at:
            part.questions = []
        yield part
