"""A packet as one text: the time, what it is, and its bytes if somebody wants them."""

from __future__ import annotations

from minios.userland.bin.tcpdump import link
from minios.userland.bin.tcpdump.dump import (
    Conversation,
    Dump,
    Names,
    Settings,
    Truncated,
    asciidump,
    hexascii,
    hexdump,
)

MICRO = 1000


class Clock:
    """How times are written: ``form`` is how many -t there were.

    1 nothing, 2 seconds since 1970, 3 since the packet before, 4 the date too, 5 since the first.
    """

    def __init__(self, form: int = 0, nano: bool = False) -> None:
        self.form = form
        self.nano = nano
        self.first: int | None = None
        self.last: int | None = None

    def text(self, time: int) -> str:
        """The time (ns since 1970) with the space behind it."""
        if self.form == 1:
            return ""
        if self.form in (3, 5):
            if self.form == 3:
                before = self.last
                self.last = time
            else:
                before = self.first
            if before is None:
                before = time
                self.first = self.last = time
            sign = "-" if time < before else " "
            return f"{sign}{self._of_day(abs(time - before))} "
        if self.form == 2:
            return f"{time // 1_000_000_000}.{self._fraction(time)} "
        if self.form == 4:
            return f"{_date(time)} {self._of_day(time)} "
        return f"{self._of_day(time)} "

    def _fraction(self, time: int) -> str:
        rest = time % 1_000_000_000
        return f"{rest:09d}" if self.nano else f"{rest // MICRO:06d}"

    def _of_day(self, time: int) -> str:
        seconds = time // 1_000_000_000
        hour, minute = seconds // 3600, seconds // 60 % 60
        if self.form not in (3, 5):
            hour %= 24
        return f"{hour:02d}:{minute:02d}:{seconds % 60:02d}.{self._fraction(time)}"


def _date(time: int) -> str:
    """The day of a time, by the civil calendar (days since 1970-01-01)."""
    days = time // 86_400_000_000_000 + 719468
    era, of_era = divmod(days, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return f"{year + era * 400 + (month <= 2):04d}-{month:02d}-{day:02d}"


class Printer:
    """Prints the packets of one capture, one after the other."""

    def __init__(
        self,
        settings: Settings,
        linktype: int,
        interfaces: dict[int, str] | None = None,
        nano: bool = False,
    ) -> None:
        self.settings = settings
        self.linktype = linktype
        self.interfaces = interfaces or {}
        self.names = Names()
        self.clock = Clock(settings.t, nano)
        self.conversations: dict[Conversation, tuple[int, int]] = {}
        self.count = 0
        self.start = ""

    def text(self, time: int, data: bytes, length: int) -> str:
        """What is printed of a packet of ``length`` bytes of which ``data`` was captured."""
        self.count += 1
        number = f"{self.count:5d}  " if self.settings.number else ""
        self.start = number + self.clock.text(time)
        return self.again(data, length)

    def again(self, data: bytes, length: int) -> str:
        """The same packet once more, when more names are known."""
        return self.start + self.body(data, length) + "\n"

    def body(self, data: bytes, length: int) -> str:
        """The same without the time; ``names.wanted`` has what would be better with a name."""
        settings = self.settings
        d = Dump(settings, self.names, self.conversations)
        header = 0
        try:
            if self.linktype == link.COOKED:
                header = link.cooked(d, data, length, self.interfaces)
            else:
                header = link.PRINTERS[self.linktype](d, data, length)
        except Truncated:
            d.trunc()
        inner = data[header:]
        if settings.x:
            d.put(hexdump(data if settings.x > 1 else inner))
        elif settings.hexascii:
            d.put(hexascii(data if settings.hexascii > 1 else inner, "\n\t"))
        elif settings.ascii:
            d.put(asciidump(data if settings.ascii > 1 else inner))
        return "".join(d.out)
