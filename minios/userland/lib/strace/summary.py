"""The table of ``strace -c``."""

from dataclasses import dataclass

from minios.abi.errno import Errno


@dataclass(slots=True)
class Count:
    """One call's figures; times are ns."""

    name: str
    calls: int = 0
    errors: int = 0
    time: int = 0
    order: int = 0


SORTS = ("time", "time_total", "time_percent", "total_time", "calls", "count", "errors", "error",
         "name", "syscall", "syscall_name", "avg_time", "time_avg", "none", "nothing")  # fmt: skip


class Summary:
    """Counts of calls, as they are seen."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, Count] = {}

    def add(self, name: str, number: int, time: int, error: int | None) -> None:
        count = self._counts.get(name)
        if count is None:
            count = self._counts[name] = Count(name, order=number)
        count.calls += 1
        count.time += time
        if error is not None and error < Errno.ENOTSUP + 417:
            count.errors += 1

    def lines(self, sort: str) -> list[str]:
        """The table; empty if there is nothing to count."""
        counts = sorted(self._counts.values(), key=lambda c: c.order)
        if sort in ("calls", "count"):
            counts.sort(key=lambda c: -c.calls)
        elif sort in ("errors", "error"):
            counts.sort(key=lambda c: -c.errors)
        elif sort in ("name", "syscall", "syscall_name"):
            counts.sort(key=lambda c: c.name)
        elif sort in ("avg_time", "time_avg"):
            counts.sort(key=lambda c: -(c.time // c.calls))
        elif not sort.startswith("no"):
            counts.sort(key=lambda c: -c.time)
        total = Count(
            "total",
            sum(c.calls for c in counts),
            sum(c.errors for c in counts),
            sum(c.time for c in counts),
        )
        rule = "------ ----------- ----------- --------- --------- ----------------"
        head = "% time     seconds  usecs/call     calls    errors syscall"
        whole = max(total.time, 1)
        rows = [_row(c, c.time * 10_000 // whole) for c in counts]
        return [head, rule, *rows, rule, _row(total, 10_000)]


def _row(c: Count, share: int) -> str:
    """``share`` is in 1/100 of a percent."""
    micros = c.time // 1000
    seconds = f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
    errors = str(c.errors) if c.errors else ""
    percent = f"{share // 100}.{share % 100:02d}"
    average = micros // c.calls if c.calls else 0
    return f"{percent:>6} {seconds:>11} {average:>11} {c.calls:>9} {errors:>9} {c.name}"
