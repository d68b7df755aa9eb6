"""``minios lab``: what-if experiments on the game's own kernel code."""

import json
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import click

from minios.cli import labnat, labtext
from minios.cli.errors import Failure
from minios.game.lab.values import MOST, LabError, names, numbers, span, time, times
from minios.sim.random import Rng

USAGE = 2

F = TypeVar("F", bound=Callable[..., Any])


class LabCommand(click.Command):
    """An experiment that makes no sense is a usage error of one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LabError as err:
            raise Failure(str(err), USAGE) from None


@click.group("lab")
def cli() -> None:
    """What if? Schedulers, page replacement, heaps and NATs, on the game's own code.

    Without jobs, references or operations an experiment draws some at random; the same --seed draws
    the same. Several policies, separated by commas (or `all`), are compared. docs/lab.md explains
    the rules and the JSON.
    """


def _or_else(option: str, noun: str) -> Callable[[F], F]:
    """The two other ways to give what ``--option`` gives: a file, and chance."""

    def add(command: F) -> F:
        for each in (
            click.option(
                "--random",
                "count",
                default=10,
                show_default=True,
                metavar="N",
                help=f"Without {noun}: so many random ones …",
            ),
            click.option(
                f"--{option}-file",
                type=click.Path(),
                metavar="FILE",
                help="The same from a file, by commas or lines (- is stdin).",
            ),
        ):
            command = each(command)
        return command

    return add


def _common(command: F) -> F:
    """The options that all experiments have, in the order of the help text's end."""
    for option in (
        click.option("--summary", is_flag=True, help="Only the figures, not every step."),
        click.option("--json", "as_json", is_flag=True, help="Everything, for a program."),
        click.option("--seed", default=0, show_default=True, help="Of whatever is drawn."),
    ):
        command = option(command)
    return command


# -- sched -------------------------------------------------------------------------------------


@cli.command(cls=LabCommand, short_help="Jobs under scheduling policies.")
@click.option(
    "-p",
    "--policy",
    default="fifo",
    show_default=True,
    metavar="NAMES",
    help="fifo sjf stcf rr priority mlfq lottery stride cfs eevdf, or all.",
)
@click.option("-r", "--run", metavar="TIMES", help="CPU time of each job: 10,20,3.5.")
@click.option("-a", "--arrive", default="0", metavar="TIMES", help="When each arrives [0].")
@click.option(
    "--io-every", default="0", metavar="TIMES", help="CPU time between a job's I/Os [0: none]."
)
@click.option(
    "--io-time", default="5", show_default=True, metavar="TIMES", help="How long an I/O takes."
)
@click.option(
    "--nice",
    default="0",
    show_default=True,
    metavar="NUMBERS",
    help="Nice values: priority, lottery, stride, cfs, eevdf.",
)
@click.option(
    "--tickets",
    default="0",
    metavar="NUMBERS",
    help="Weights instead of those of nice values: lottery, stride, cfs, eevdf.",
)
@click.option(
    "--random",
    "count",
    default=3,
    show_default=True,
    metavar="N",
    help="Without --run: so many random jobs …",
)
@click.option("--max-run", default=10, show_default=True, help="… of 1 to so many units …")
@click.option(
    "--max-io",
    default=0,
    show_default=True,
    help="… that do I/O every 1 to so many units (0: none).",
)
@click.option(
    "-q",
    "--quantum",
    default="1",
    show_default=True,
    metavar="TIMES",
    help="The time slice; for mlfq one for each queue, the top first: 2,4,8.",
)
@click.option(
    "--queues", type=int, metavar="N", help="mlfq: so many queues, all with the one --quantum [3]."
)
@click.option(
    "--allotment",
    default="1",
    show_default=True,
    metavar="NUMBERS",
    help="mlfq: quanta a job has in a queue before it goes down; one or one each.",
)
@click.option(
    "--boost",
    default="0",
    show_default=True,
    metavar="TIME",
    help="mlfq: everybody to the top that often (0: never).",
)
@click.option("--stay", is_flag=True, help="mlfq: I/O refills quantum and allotment.")
@click.option("--iobump", is_flag=True, help="mlfq: back from I/O to the front of the queue.")
@click.option(
    "--aging",
    default="0",
    show_default=True,
    metavar="TIME",
    help="priority: waiting so long is worth one nice value (0: no aging).",
)
@click.option("-c", "--cores", default=1, show_default=True, help="How many CPUs.")
@_common
def sched(policy: str, as_json: bool, summary: bool, **options: Any) -> None:
    """Run jobs under one or more scheduling policies.

    Prints who runs when, and each job's response, turnaround and waiting time. Times are in units
    of your choice and may have decimals. A list of one value is for all jobs.

    \b
      minios lab sched -r 100,10,10 -p fifo,sjf,rr -q 5
      minios lab sched -r 40,40,5 -a 0,0,20 --io-every 0,0,2 -p mlfq -q 2,4,8
      minios lab sched -r 50,50 --tickets 3,1 -p lottery,stride
    """
    from minios.game.lab import sched as lab

    chosen = names(policy, "scheduling policy", lab.NAMES)
    jobs = _jobs(lab, options)
    params = _params(options, mlfq="mlfq" in chosen)
    results = [
        lab.run(lab.Setup(name, params, options["cores"], options["seed"]), jobs) for name in chosen
    ]
    if as_json:
        _print_json("sched", [lab.facts(result, trace=not summary) for result in results])
        return
    labtext.sched(results, chart=not summary)


def _jobs(lab: Any, options: dict[str, Any]) -> Any:
    if options["run"] is None:
        io_time = time(options["io_time"], "I/O time")
        return lab.draw(
            options["count"],
            options["max_run"],
            options["max_io"],
            io_time,
            Rng(options["seed"], "lab/sched"),
        )
    runs = times(options["run"], "run times")
    columns = [
        _each(times(options["arrive"], "arrivals"), len(runs), "arrivals"),
        _each(times(options["io_every"], "I/O intervals"), len(runs), "I/O intervals"),
        _each(times(options["io_time"], "I/O times"), len(runs), "I/O times"),
        _each(numbers(options["tickets"], "tickets", least=0), len(runs), "tickets"),
        _each(numbers(options["nice"], "nice"), len(runs), "nice values"),
    ]
    return tuple(lab.Job(*row) for row in zip(runs, *columns, strict=True))


def _each(values: tuple[int, ...], count: int, what: str) -> tuple[int, ...]:
    """One value for each job."""
    if len(values) == 1:
        return values * count
    if len(values) != count:
        raise LabError(f"{what}: {len(values)} for {count} jobs")
    return values


def _params(options: dict[str, Any], *, mlfq: bool) -> Any:
    from minios.kernel.sched.policy import Params

    quanta = times(options["quantum"], "quantum")
    if any(quantum == 0 for quantum in quanta):
        raise LabError("quantum: it must be more than 0")
    if len(quanta) > 1 and not mlfq:
        raise LabError("quantum: only mlfq has one for each queue")
    queues = options["queues"]
    if queues is not None and not 1 <= queues <= 64:
        raise LabError(f"queues: {queues} is not between 1 and 64")
    if len(quanta) == 1:
        quanta *= queues or 3
    elif queues not in (None, len(quanta)):
        raise LabError(f"quantum: {len(quanta)} for {queues} queues")
    allotments = numbers(options["allotment"], "allotment", least=1)
    if len(allotments) == 1:
        allotments *= len(quanta)
    return Params(
        quantum=quanta[0],
        quanta=quanta,
        allotments=allotments,
        boost=time(options["boost"], "boost"),
        stay=options["stay"],
        iobump=options["iobump"],
        aging=time(options["aging"], "aging"),
        first_burst=0,
    )


# -- paging ------------------------------------------------------------------------------------


@cli.command(cls=LabCommand, short_help="A reference string under page replacement.")
@click.option(
    "-p",
    "--policy",
    default="fifo",
    show_default=True,
    metavar="NAMES",
    help="fifo lru mru clock nru random opt unopt, or all.",
)
@click.option(
    "-f",
    "--frames",
    default="3",
    show_default=True,
    metavar="NUMBERS",
    help="Frames of memory; several are compared: 3,4 or 1-8.",
)
@click.option("-r", "--refs", metavar="PAGES", help="The pages referenced: 0,1,2w (w: written).")
@_or_else("refs", "references")
@click.option("--pages", default=10, show_default=True, help="… to so many pages …")
@click.option(
    "--workload",
    type=click.Choice(["random", "80-20", "loop"]),
    default="random",
    show_default=True,
    help="… in this manner …",
)
@click.option(
    "--writes", default=0, show_default=True, metavar="PERCENT", help="… so many of them writes."
)
@click.option(
    "--clockbits",
    default=1,
    show_default=True,
    help="clock: how many references a page can collect.",
)
@click.option(
    "--tick",
    default=8,
    show_default=True,
    metavar="N",
    help="nru: reference bits are cleared every N references (0: never).",
)
@click.option(
    "--window", type=int, metavar="N", help="Also the working set over the last N references."
)
@_common
def paging(
    policy: str, frames: str, window: int | None, as_json: bool, summary: bool, **options: Any
) -> None:
    """Play page references against memories of some frames.

    Prints hits, misses and victims, reference by reference; for several policies or sizes of
    memory, a table of misses.

    \b
      minios lab paging -r 1,2,3,4,1,2,5,1,2,3,4,5 -f 3,4 -p fifo,lru,opt
      minios lab paging --random 1000 --pages 100 --workload 80-20 -f 10-90 -p all --summary
    """
    from minios.game.lab import paging as lab
    from minios.memory.replacement import NAMES

    chosen = names(policy, "replacement policy", NAMES)
    sizes = span(frames, "frames", least=1, most=lab.PAGES)
    text = _given(options["refs"], options["refs_file"])
    references = (
        lab.parse(text)
        if text is not None
        else lab.draw(
            options["workload"],
            options["count"],
            options["pages"],
            options["writes"],
            Rng(options["seed"], "lab/paging"),
        )
    )
    if len(chosen) * len(sizes) * len(references.pages) > 10 * MOST:
        raise LabError("too many references times policies times sizes of memory")
    trace = not summary and (as_json or len(chosen) * len(sizes) == 1)
    results = [
        lab.run(
            lab.Setup(name, size, options["clockbits"], options["tick"], options["seed"]),
            references,
            trace=trace,
        )
        for name in chosen
        for size in sizes
    ]
    working = lab.working_set(references, window) if window is not None else None
    if as_json:
        shown: dict[str, Any] = {
            "references": list(references.pages),
            "writes": sorted(references.writes),
        }
        if working is not None:
            shown["working_set"] = {"window": window, "sizes": working}
        _print_json("paging", [lab.facts(result, trace=trace) for result in results], **shown)
        return
    labtext.paging(results, references, working, window, trace=trace)


# -- malloc ------------------------------------------------------------------------------------


@cli.command(cls=LabCommand, short_help="Allocations under heap policies.")
@click.option(
    "-p",
    "--policy",
    default="best",
    show_default=True,
    metavar="NAMES",
    help="Which free block is taken: first best worst next, or all.",
)
@click.option(
    "-o",
    "--order",
    default="address",
    show_default=True,
    metavar="NAMES",
    help="Free list by: address size+ size- front back, or all.",
)
@click.option(
    "--coalesce",
    default="none",
    show_default=True,
    metavar="NAMES",
    help="Merge free neighbours: none, list (if the list has them side by side), all.",
)
@click.option("--classes", metavar="SIZES", help="Segregated lists with these upper bounds: 16,64.")
@click.option("--ops", metavar="OPS", help="+10,+20,-0: allocate 10, then 20, free the first.")
@_or_else("ops", "operations")
@click.option("--max-size", default=10, show_default=True, help="… of 1 to so many bytes …")
@click.option(
    "--allocs",
    default=50,
    show_default=True,
    metavar="PERCENT",
    help="… so many of them allocations.",
)
@click.option("--size", default=100, show_default=True, help="Bytes of the heap.")
@click.option("--base", default=1000, show_default=True, help="Its first address.")
@click.option("--header", default=0, show_default=True, help="Bytes of a block's header.")
@click.option("--align", default=0, show_default=True, help="Requests are rounded up (0: not).")
@_common
def malloc(policy: str, as_json: bool, summary: bool, **options: Any) -> None:
    """Play allocations and frees on a heap of fixed size.

    Prints what each operation returned, how many free blocks were looked at, and the free list.

    \b
      minios lab malloc --ops +10,+20,+30,-1,+15 -p best,worst,first
      minios lab malloc --random 200 --size 500 -p all --coalesce list,all --summary
    """
    from minios.game.lab import malloc as lab
    from minios.userland.lib.heap.policy import Coalesce, Fit, Order

    fits = names(policy, "fit", tuple(Fit))
    orders = names(options["order"], "order of a free list", tuple(Order))
    merges = names(options["coalesce"], "way to coalesce", tuple(Coalesce))
    classes = options["classes"]
    bounds = numbers(classes, "size classes", least=1) if classes is not None else ()
    setups = [
        lab.Setup(
            options["size"],
            options["base"],
            options["header"],
            options["align"],
            Fit(fit),
            Order(order),
            Coalesce(merge),
            bounds,
        )
        for fit, order, merge in product(fits, orders, merges)
    ]
    for setup in setups:
        setup.check()
    text = _given(options["ops"], options["ops_file"])
    rng = Rng(options["seed"], "lab/malloc")
    ops = (
        lab.parse(text)
        if text is not None
        else lab.draw(options["count"], options["max_size"], options["allocs"], setups[0], rng)
    )
    if len(setups) * len(ops) > 2 * MOST:
        raise LabError("too many operations times policies, orders and ways to coalesce")
    results = [lab.run(setup, ops, trace=not summary) for setup in setups]
    if as_json:
        _print_json("malloc", [lab.facts(result, trace=not summary) for result in results])
        return
    labtext.malloc(results, trace=not summary)


# -- nat ---------------------------------------------------------------------------------------

cli.command(cls=LabCommand, short_help="Two peers behind NATs, and a hole between them.")(
    labnat.with_options(labnat.nat)
)


# -- what they share ---------------------------------------------------------------------------


def _given(text: str | None, file: str | None) -> str | None:
    """What was typed, or what the file says; None if neither was given."""
    if file is None:
        return text
    if text is not None:
        raise LabError("both a list and a file with one")
    if file == "-":
        return sys.stdin.read()
    return Path(file).read_text("utf-8", "replace")


def _print_json(lab: str, runs: list[dict[str, Any]], **more: Any) -> None:
    print(json.dumps({"lab": lab, **more, "runs": runs}, indent=2))
