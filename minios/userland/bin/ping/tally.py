"""What ping counts, and says of it at the end."""

from minios.userland.bin.ping.options import Options
from minios.userland.bin.ping.words import millis, percent, root

STAMP = 16
"""Bytes of the time stamp at the beginning of the data; without room for it there are no times."""


class Tally:
    """The counts of one run. Times are ns of CLOCK_MONOTONIC, round trips are microseconds."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.hostname = options.target
        self.timing = options.size >= STAMP
        self.sent = self.received = self.repeats = self.corrupted = self.errors = 0
        self.confirmed = 0
        """The greatest sequence number that was answered."""
        self.width = 0
        """The most packets that were under way at once."""
        self.times = (0, 0, 0, 0)
        """Least, greatest, sum and sum of squares of the round trips."""
        self.average = 0
        self.first: int | None = None
        self.last = 0

    def acknowledge(self, seq: int) -> None:
        """A packet was answered, one way or another; how many were under way is what counts."""
        diff = (self.sent - seq) & 0xFFFF
        if diff <= 0x7FFF:
            if diff + 1 > self.width:
                self.width = diff + 1
            behind = (seq - self.confirmed) & 0xFFFF
            if 0 < behind <= 0x7FFF:
                self.confirmed = seq

    def trip(self, us: int) -> None:
        """One more round trip."""
        least, most, total, squares = self.times
        if not total and not most:
            least = us
        self.times = (min(least, us), max(most, us), total + us, squares + us * us)
        self.average += us - self.average // 8 if self.average else us * 8

    def progress(self) -> bytes:
        """How it goes so far, in a line."""
        loss = 100 * (self.sent - self.received) // self.sent if self.sent else 0
        text = b"\r%d/%d packets, %d%% loss" % (self.received, self.sent, loss)
        if self.received and self.timing:
            least, most, total, _ = self.times
            values = (least, total // (self.received + self.repeats), self.average // 8, most)
            text += b", min/avg/ewma/max = " + b"/".join(millis(v) for v in values) + b" ms"
        return text

    def summary(self) -> bytes:
        """The statistics at the end."""
        text = b"\n--- %b ping statistics ---\n%d packets transmitted, %d received" % (
            self.hostname, self.sent, self.received,
        )  # fmt: skip
        for count, word in (
            (self.repeats, b"duplicates"), (self.corrupted, b"corrupted"), (self.errors, b"errors"),
        ):  # fmt: skip
            if count:
                text += b", +%d %b" % (count, word)
        spent = self.last - (self.first or 0)
        if self.sent:
            text += b", %b%% packet loss" % percent(self.sent - self.received, self.sent)
            text += b", time %dms" % ((spent + 500_000) // 1_000_000)
        text += b"\n"
        comma = b""
        if self.received and self.timing:
            text += b"rtt min/avg/max/mdev = %b ms" % self._trips()
            comma = b", "
        if self.width > 1:
            text += comma + b"pipe %d" % self.width
            comma = b", "
        options = self.options
        quick = not options.interval or options.flood or options.adaptive
        if self.received and quick and self.sent > 1:
            gap = (spent + 500) // 1000 // (self.sent - 1)
            text += comma + b"ipg/ewma %b/%b ms" % (millis(gap), millis(self.average // 8))
        return text + b"\n"

    def _trips(self) -> bytes:
        least, most, total, squares = self.times
        count = self.received + self.repeats
        mean = total // count
        spread = squares // count - mean * mean
        return b"/".join(millis(v) for v in (least, mean, most, root(max(spread, 0))))
