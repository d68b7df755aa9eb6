"""What ``minios lab`` prints for people: charts and tables of plain ASCII."""

from collections.abc import Iterable, Sequence

from minios.game.lab import malloc as heaps
from minios.game.lab import paging as pages
from minios.game.lab import sched as scheds
from minios.game.lab.values import UNIT, decimal

WIDTH = 72
"""Columns of a chart."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
    """Columns as wide as they must be; the first ``left`` of them flush left."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


# -- sched -------------------------------------------------------------------------------------


def sched(results: list[scheds.Result], *, chart: bool) -> None:
    """Each run's chart and table, and a comparison if there are several."""
    for index, result in enumerate(results if chart or len(results) == 1 else []):
        if index:
            print()
        print(_title(result))
        if chart:
            print()
            _gantt(result)
        print()
        _jobs(result)
    if len(results) > 1:
        if chart:
            print()
        table(
            ("policy", "response", "turnaround", "wait", "end", "switches"),
            (
                (
                    result.setup.policy,
                    *(_mean(total, result) for total in result.totals().values()),
                    decimal(result.end),
                    str(result.switches),
                )
                for result in results
            ),
        )


def _title(result: scheds.Result) -> str:
    setup = result.setup
    params = setup.params
    said = [setup.policy]
    if setup.policy == "mlfq":
        quanta, allotments = scheds.queues(params)
        said.append("quanta " + ",".join(decimal(quantum) for quantum in quanta))
        if set(allotments) != {1}:
            said.append("allotments " + ",".join(str(allotment) for allotment in allotments))
        if params.boost:
            said.append(f"boost {decimal(params.boost)}")
        said += ["stay"] * params.stay + ["iobump"] * params.iobump
    elif setup.policy not in ("fifo", "sjf", "stcf"):
        said.append(f"quantum {decimal(params.quantum)}")
    if setup.policy == "priority" and params.aging:
        said.append(f"aging {decimal(params.aging)}")
    said.append(f"{setup.cores} core{'s' if setup.cores > 1 else ''}")
    return ", ".join(said)


def _mean(total: int, result: scheds.Result) -> str:
    return f"{total / len(result.jobs) / UNIT:.2f}"


def _jobs(result: scheds.Result) -> None:
    rows = [
        (
            str(number),
            decimal(job.run),
            decimal(job.arrive),
            decimal(outcome.first),
            decimal(outcome.end),
            decimal(outcome.response),
            decimal(outcome.turnaround),
            decimal(outcome.wait),
            decimal(outcome.io),
        )
        for number, (job, outcome) in enumerate(zip(result.jobs, result.outcomes, strict=True))
    ]
    means = [_mean(total, result) for total in result.totals().values()]
    head = ("job", "run", "arrive", "first", "end", "response", "turnaround", "wait", "I/O")
    table(head, [*rows, ("mean", "", "", "", "", *means, "")])


def _gantt(result: scheds.Result) -> None:
    """A row a core with the jobs' numbers, a row a job with what it did."""
    step = _step(result.end)
    columns = -(-result.end // step)
    cores = [[" "] * columns for _ in range(result.setup.cores)]
    spent = [[[0, 0, 0, 0] for _ in range(columns)] for _ in result.jobs]
    longest = [[0] * columns for _ in range(result.setup.cores)]
    for segment in result.segments:
        for column, length in _columns(segment.start, segment.end, step):
            spent[segment.job][column][0] += length
            if length > longest[segment.core][column]:
                longest[segment.core][column] = length
                cores[segment.core][column] = _DIGITS[segment.job % 36]
    for number, (job, outcome) in enumerate(zip(result.jobs, result.outcomes, strict=True)):
        for column, length in _columns(job.arrive, outcome.end, step):
            spent[number][column][3] = length
        since = None
        for event in result.events:
            if event.job != number:
                continue
            if event.what == "io":
                since = event.time
            elif event.what == "io done" and since is not None:
                for column, length in _columns(since, event.time, step):
                    spent[number][column][1] += length
    label = max(len(f"job {len(result.jobs) - 1}"), 4)
    marks = "".join(decimal(at * step).ljust(10) for at in range(0, columns, 10))
    print(" " * label + "  " + marks.rstrip())
    for index, row in enumerate(cores):
        print(f"cpu{index}".ljust(label) + "  " + "".join(row).rstrip())
    for number, row_spent in enumerate(spent):
        drawn = "".join(_mark(*cell) for cell in row_spent)
        print(f"job {number}".ljust(label) + "  " + drawn.rstrip())
    print(" " * label + f"  # runs  . waits  ~ does I/O   a column is {decimal(step)}")


def _mark(ran: int, io: int, _: int, there: int) -> str:
    waited = there - ran - io
    if there == 0:
        return " "
    if ran and ran >= io and ran >= waited:
        return "#"
    return "~" if io >= waited and io else "."


def _columns(start: int, end: int, step: int) -> Iterable[tuple[int, int]]:
    """The columns that a stretch of time touches, and how much of it is in each."""
    column = start // step
    while start < end:
        border = min((column + 1) * step, end)
        yield column, border - start
        start = border
        column += 1


def _step(end: int) -> int:
    """The time of a column: the least of 1, 2, 5, 10 … units with which a chart fits."""
    step = UNIT
    while True:
        for factor in (1, 2, 5):
            if end <= step * factor * WIDTH:
                return step * factor
        step *= 10


# -- paging ------------------------------------------------------------------------------------


def paging(
    results: list[pages.Result],
    references: pages.References,
    working: list[int] | None,
    window: int | None,
    *,
    trace: bool,
) -> None:
    """Each run's references, or a table of misses if there are several runs."""
    if len(results) == 1:
        if trace:
            _accesses(results[0], working)
            print()
        _figures(results[0])
    else:
        _misses(results)
    if working is not None:
        average = sum(working) / len(working)
        print(f"working set over {window} references: {average:.2f} pages, at most {max(working)}")


def _accesses(result: pages.Result, working: list[int] | None) -> None:
    ends = {"fifo": "first in .. last in", "clock": "hand ..", "nru": "lowest class .."}
    head = ["page", "", "victim", "memory: " + ends.get(result.setup.policy, "")]
    if result.setup.policy in ("lru", "mru"):
        head[3] = "memory: least .. most recently used"
    rows = []
    for index, access in enumerate(result.accesses):
        row = [
            f"{access.page}{'w' if access.write else ''}",
            "hit" if access.hit else "MISS",
            "" if access.victim is None else f"{access.victim}{' written' if access.dirty else ''}",
            " ".join(str(page) for page in access.frames),
        ]
        rows.append([str(working[index]), *row] if working is not None else row)
    table(["set", *head] if working is not None else head, rows, left=5)


def _figures(result: pages.Result) -> None:
    line = (
        f"{result.setup.policy}, {result.setup.frames} frames: {result.hits} hits, "
        f"{result.misses} misses, {result.hit_percent:.2f} % hit"
    )
    print(line + (f", {result.write_backs} written back" if result.write_backs else ""))


def _misses(results: list[pages.Result]) -> None:
    sizes = list(dict.fromkeys(result.setup.frames for result in results))
    policies = list(dict.fromkeys(result.setup.policy for result in results))
    misses = {(result.setup.frames, result.setup.policy): result.misses for result in results}
    print(f"misses of {len(results[0].accesses)} references")
    table(
        ("frames", *policies),
        ((str(size), *(str(misses[size, name]) for name in policies)) for size in sizes),
        left=0,
    )


# -- malloc ------------------------------------------------------------------------------------


def malloc(results: list[heaps.Result], *, trace: bool) -> None:
    """Each run's operations, and a comparison if there are several."""
    for index, result in enumerate(results if trace else []):
        if index:
            print()
        if len(results) > 1:
            print(_heading(result.setup))
        _ops(result)
    if trace:
        print()
    if len(results) == 1:
        result = results[0]
        print(
            f"{result.failed} failed, {result.searched} blocks looked at, "
            f"{result.free} bytes free, largest free block {result.largest}, "
            f"{result.padding} bytes of padding"
        )
        return
    table(
        ("policy", "order", "coalesce", "failed", "searched", "free", "largest", "blocks"),
        (
            (
                str(result.setup.fit),
                str(result.setup.order),
                str(result.setup.coalesce),
                str(result.failed),
                str(result.searched),
                str(result.free),
                str(result.largest),
                str(result.blocks),
            )
            for result in results
        ),
        left=3,
    )


def _heading(setup: heaps.Setup) -> str:
    return f"{setup.fit} fit, list by {setup.order}, coalesce {setup.coalesce}"


def _ops(result: heaps.Result) -> None:
    rows = []
    for step in result.steps:
        if step.op.alloc:
            what = f"p{step.pointer} = malloc({step.op.value})"
            address = step.block + result.setup.header
            outcome = str(address) if step.block >= 0 else "NULL"
            searched = str(step.searched)
        else:
            what = f"free(p{step.pointer})"
            outcome, searched = step.trouble or "ok", ""
        blocks = " ".join(f"{address}:{size}" for address, size in step.free_list)
        rows.append((what, outcome, searched, blocks or "-"))
    table(("operation", "returned", "searched", "free list (address:size)"), rows, left=4)
