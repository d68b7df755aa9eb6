"""What the application wrote and the other side has not acknowledged: bytes, and what of them was
sent when."""

from __future__ import annotations

from collections import deque
from typing import Any

SYN, FIN = 2, 1


class Sent:
    """A segment that was sent: sequence numbers ``seq`` up to ``end``, of which ``flag`` (SYN or
    FIN) takes one.

    ``sent_at`` is when it was sent last; ``times`` how often. ``sacked`` says that the other side
    has it, ``lost`` that it is taken for lost, ``again`` that it is under way once more.
    """

    __slots__ = ("again", "end", "flag", "lost", "sacked", "sent_at", "seq", "times")

    def __init__(self, seq: int, end: int, flag: int, sent_at: int) -> None:
        self.seq = seq
        self.end = end
        self.flag = flag
        self.sent_at = sent_at
        self.times = 1
        self.sacked = False
        self.lost = False
        self.again = False

    def state(self) -> Any:
        return (
            self.seq, self.end, self.flag, self.sent_at, self.times, self.sacked, self.lost,
            self.again,
        )  # fmt: skip


class SendQueue:
    """Bytes from ``base`` on, and the list of segments that carried them.

    ``sacked``, ``lost`` and ``again`` count the segments so marked; what is in the network is all
    of them, without those that arrived or were lost, and with those sent again.
    """

    __slots__ = ("again", "base", "data", "lost", "reno", "sacked", "segments")

    def __init__(self, base: int) -> None:
        self.base = base
        self.data = bytearray()
        self.segments: deque[Sent] = deque()
        self.sacked = 0
        self.lost = 0
        self.again = 0
        self.reno = 0
        """Segments that duplicate acknowledgements say have arrived, without saying which."""

    @property
    def end(self) -> int:
        """The sequence number after the last byte."""
        return self.base + len(self.data)

    @property
    def in_flight(self) -> int:
        """Segments in the network (RFC 6675's pipe, counted in segments)."""
        return len(self.segments) - self.sacked - self.reno - self.lost + self.again

    def slice(self, seq: int, end: int) -> bytes:
        """The bytes of these sequence numbers; a SYN or FIN beyond the data has none."""
        low = max(seq - self.base, 0)
        return bytes(self.data[low : max(end - self.base, low)])

    def release(self, una: int) -> None:
        """Bytes below ``una`` will never be asked for again."""
        if una > self.base:
            del self.data[: una - self.base]
            self.base = una

    # -- marks ---------------------------------------------------------------------------------

    def uncount(self, sent: Sent) -> None:
        """A segment leaves the list."""
        self.sacked -= sent.sacked
        self.lost -= sent.lost
        self.again -= sent.again

    def mark_sacked(self, sent: Sent) -> None:
        """It arrived."""
        self.unmark_lost(sent)
        if not sent.sacked:
            sent.sacked = True
            self.sacked += 1

    def mark_lost(self, sent: Sent) -> None:
        """It is taken for lost; so is what was sent again of it."""
        if sent.again:
            sent.again = False
            self.again -= 1
        if not sent.lost:
            sent.lost = True
            self.lost += 1

    def unmark_lost(self, sent: Sent) -> None:
        """It was not lost, or no longer matters."""
        if sent.lost:
            sent.lost = False
            self.lost -= 1
        if sent.again:
            sent.again = False
            self.again -= 1

    def mark_again(self, sent: Sent) -> None:
        """It was retransmitted."""
        if not sent.again:
            sent.again = True
            self.again += 1

    def split(self, at: int, seq: int) -> None:
        """Cut segment number ``at`` at ``seq``: the path takes only smaller ones now."""
        old = self.segments[at]
        rest = Sent(seq, old.end, old.flag & FIN, old.sent_at)
        rest.times, rest.sacked, rest.lost, rest.again = (
            old.times, old.sacked, old.lost, old.again
        )  # fmt: skip
        old.end, old.flag = seq, old.flag & SYN
        self.sacked += rest.sacked
        self.lost += rest.lost
        self.again += rest.again
        self.segments.insert(at + 1, rest)

    def state(self) -> Any:
        return (self.base, bytes(self.data), [sent.state() for sent in self.segments], self.reno)
