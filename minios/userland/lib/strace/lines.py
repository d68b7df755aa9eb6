"""Lines of a trace: where they go, which of them is unfinished, when they were begun."""

from dataclasses import dataclass, field

from minios.abi.sys import Sys
from minios.userland.lib.calendar import civil
from minios.userland.lib.stdio import write_all


@dataclass(slots=True)
class Log:
    """Where lines go: standard error, or a file (of one process, with -ff)."""

    fd: int
    printing: int = 0
    """The process whose line is unfinished; 0 if none is."""
    column: int = 0
    buffer: list[bytes] = field(default_factory=list)
    size: int = 0
    last: str = ""
    """What was put last."""

    def put(self, text: str) -> None:
        data = text.encode("latin-1", "replace")
        self.buffer.append(data)
        self.size += len(data)
        self.column = 0 if text.endswith("\n") else self.column + len(text)
        self.last = text

    async def flush(self, sys: Sys, least: int = 1) -> None:
        if self.size >= least:
            data = b"".join(self.buffer)
            self.buffer.clear()
            self.size = 0
            await write_all(sys, self.fd, data)


@dataclass(slots=True)
class Stamp:
    """The time before a line: ``-t`` once, twice or three times, ``-r``."""

    absolute: int = 0
    relative: bool = False
    last: int = 0

    def __bool__(self) -> bool:
        return bool(self.absolute or self.relative)

    def text(self, now: int) -> str:
        """``now`` is ns of CLOCK_REALTIME."""
        text = ""
        if self.absolute:
            micros = now % 1_000_000_000 // 1000
            if self.absolute > 2:
                text = f"{now // 1_000_000_000}.{micros:06d} "
            else:
                t = civil(now)
                text = f"{t.hour:02d}:{t.minute:02d}:{t.second:02d}"
                text += f".{micros:06d} " if self.absolute == 2 else " "
        if self.relative:
            since = (now - self.last if self.last else 0) // 1000
            self.last = now
            shown = f"{since // 1_000_000:6d}.{since % 1_000_000:06d}"
            text += f"(+{shown}) " if self.absolute else f"{shown} "
        return text
