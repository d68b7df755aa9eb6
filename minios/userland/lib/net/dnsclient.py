"""One question to one name server, over UDP and, if the answer is cut short, over TCP."""

from __future__ import annotations

from minios.abi.flags import CLOCK_MONOTONIC, POLLIN
from minios.abi.sockets import AF_INET, SOCK_CLOEXEC, SOCK_DGRAM
from minios.abi.sys import Sys
from minios.net.wire.dns import IN, OPT, QR, QUERY, RD, SOA, TC, Message, Name, Question, Record
from minios.net.wire.malformed import Malformed
from minios.userland.lib.net.stream import Stream, connect, wait

BLOCK = 65535
EDNS_SIZE = 1232


class Unanswered(Exception):
    """Nobody answered in time, or not to what was asked."""


async def new_id(sys: Sys) -> int:
    """A query's id, which must not be guessed (RFC 5452)."""
    return int.from_bytes(await sys.getrandom(2))


def is_answer(answer: Message, query: Message) -> bool:
    """Whether a message answers this query: its id and its question (RFC 5452 §3)."""
    return (
        bool(answer.flags & QR)
        and answer.id == query.id
        and answer.opcode == query.opcode
        and (answer.questions == query.questions or (not answer.questions and answer.rcode != 0))
    )


async def ask(
    sys: Sys,
    server: tuple[int, int],
    name: Name,
    type: int,
    cls: int = IN,
    *,
    flags: int = RD,
    timeout: int,
    tcp: bool = False,
    edns: bool = False,
) -> Message:
    """The server's answer. ``timeout`` in ns. Unanswered, OSError (ECONNREFUSED, ENETUNREACH)."""
    query = Message(await new_id(sys), flags, [Question(name, type, cls)], opcode=QUERY)
    if edns:
        query.additionals.append(Record((), OPT, 0, b"", EDNS_SIZE))
    if not tcp:
        answer, _ = await exchange(sys, server, query, timeout)
        if not answer.flags & TC:
            return answer
    answer, _ = await exchange_tcp(sys, server, query, timeout)
    return answer


async def exchange(
    sys: Sys,
    server: tuple[int, int],
    query: Message,
    timeout: int,
    source: tuple[int, int] | None = None,
    *,
    task: bool = False,
) -> tuple[Message, int]:
    """(answer, its length) over UDP. In a ``task`` others go on meanwhile."""
    fd = await sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        if source is not None:
            await sys.bind(fd, source)
        await sys.connect(fd, server)
        await sys.send(fd, query.pack())
        end = await sys.clock_gettime(CLOCK_MONOTONIC) + timeout
        while True:
            left = end - await sys.clock_gettime(CLOCK_MONOTONIC)
            if left <= 0 or not await wait(sys, fd, POLLIN, left, task):
                raise Unanswered
            data = await sys.recv(fd, BLOCK)
            try:
                answer = Message.parse(data)
            except Malformed:
                continue
            if is_answer(answer, query):
                await sys.close(fd)
                return answer, len(data)
    except (OSError, Unanswered):
        await sys.close(fd)
        raise


async def exchange_tcp(
    sys: Sys,
    server: tuple[int, int],
    query: Message,
    timeout: int,
    source: tuple[int, int] | None = None,
    *,
    task: bool = False,
) -> tuple[Message, int]:
    """(answer, its length) over TCP, where two octets before a message say how long it is."""
    fd = await connect(sys, server, timeout, source=source, task=task)
    stream = Stream(sys, fd, timeout, task=task)
    try:
        data = query.pack()
        await stream.write(len(data).to_bytes(2) + data)
        size = int.from_bytes(await stream.exactly(2))
        data = await stream.exactly(size)
        answer = Message.parse(data)
    except (OSError, EOFError, Malformed) as err:
        await sys.close(fd)
        if isinstance(err, OSError):
            raise
        raise Unanswered from None
    await sys.close(fd)
    if not is_answer(answer, query):
        raise Unanswered
    return answer, len(data)


async def transfer(
    sys: Sys, server: tuple[int, int], query: Message, timeout: int, most: int = 65536
) -> tuple[list[Message], int]:
    """(messages, their octets) of a whole zone: from its SOA to the same again (RFC 5936).

    Ends early with the message that refuses, and after ``most`` records. OSError, Unanswered.
    """
    fd = await connect(sys, server, timeout)
    stream = Stream(sys, fd, timeout)
    found: list[Message] = []
    size = ends = count = 0
    try:
        data = query.pack()
        await stream.write(len(data).to_bytes(2) + data)
        while ends < 2 and count <= most:
            length = int.from_bytes(await stream.exactly(2))
            reply = Message.parse(await stream.exactly(length))
            if reply.id != query.id:
                raise Unanswered
            found.append(reply)
            size += length
            if reply.rcode or not reply.answers:
                break
            count += len(reply.answers)
            ends += sum(record.type == SOA for record in reply.answers)
    except (OSError, EOFError, Malformed) as err:
        await sys.close(fd)
        if isinstance(err, OSError):
            raise
        raise Unanswered from None
    except Unanswered:
        await sys.close(fd)
        raise
    await sys.close(fd)
    return found, size
