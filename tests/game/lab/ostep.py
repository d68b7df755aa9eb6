"""Cases of the OSTEP homework simulators, as options and facts of ``minios lab``.

A case is ``{"tool": "cpu-sched/scheduler.py", "argv": […], "expected": {…}}``: what the simulator
was called with and the numbers it printed. :func:`play` turns the arguments into options of the
lab, whatever they are, runs the lab, and puts its JSON into the form of the facts. What a simulator
drew at random is taken from its facts, since its random numbers are Python's.
"""

import json
from collections.abc import Callable
from getopt import gnu_getopt
from typing import Any

Case = dict[str, Any]
Lab = Callable[[list[str]], dict[str, Any]]
"""Runs ``minios lab ARGS --json`` and returns what it printed; LabFailed if it refused."""


class LabFailed(Exception):
    """``minios lab`` ended with another status than 0."""


def play(case: Case, lab: Lab) -> dict[str, Any]:
    """The facts that the lab has for a case."""
    tool = case["tool"].rpartition("/")[2]
    return TOOLS[tool](case["argv"], case.get("expected", {}), lab)


def arguments(argv: list[str], short: dict[str, str], flags: dict[str, str]) -> dict[str, str]:
    """The options given, by their long names, abbreviated or not; flags as ``yes``."""
    letters = "".join(f"{letter}:" for letter in short) + "".join(flags)
    words = [f"{name}=" for name in short.values()] + list(flags.values())
    given: dict[str, str] = {}
    for option, value in gnu_getopt(argv, letters, words)[0]:
        name = option[2:] if option.startswith("--") else (short | flags)[option[1]]
        given[name] = value if name in short.values() else "yes"
    return given


def two(value: float) -> float:
    """A number as ``%.2f`` prints it."""
    return float(f"{value:.2f}")


# -- cpu-sched/scheduler.py --------------------------------------------------------------------


def scheduler(argv: list[str], expected: dict[str, Any], lab: Lab) -> dict[str, Any]:
    given = arguments(
        argv,
        {"s": "seed", "j": "jobs", "l": "jlist", "m": "maxlen", "p": "policy", "q": "quantum"},
        {"c": "compute"},
    )
    lengths = given.get("jlist") or ",".join(str(length) for _, length in expected["jobs"])
    policy = given.get("policy", "FIFO")
    quantum = given.get("quantum", "1")
    run = lab(["sched", "--run", lengths, "--policy", policy, "--quantum", quantum])["runs"][0]
    order = [job["job"] for job in run["jobs"]]
    if policy != "RR":
        order = [segment["job"] for segment in run["trace"]]
    return {
        "jobs": [[job["job"], job["run"]] for job in run["jobs"]],
        "trace": [
            {
                "t": int(segment["t"]),
                "job": segment["job"],
                "run": two(segment["ran"]),
                "done_at": two(segment["t"] + segment["ran"]) if segment["why"] == "done" else None,
            }
            for segment in run["trace"]
        ],
        "per_job_in_print_order": [
            {"job": number}
            | {key: two(run["jobs"][number][key]) for key in ("response", "turnaround", "wait")}
            for number in order
        ],
        "average": {key: two(value) for key, value in run["average"].items()},
    }


# -- cpu-sched-mlfq/mlfq.py --------------------------------------------------------------------


def mlfq(argv: list[str], expected: dict[str, Any], lab: Lab) -> dict[str, Any]:
    given = arguments(
        argv,
        {
            "s": "seed", "n": "numQueues", "q": "quantum", "a": "allotment", "Q": "quantumList",
            "A": "allotmentList", "j": "numJobs", "m": "maxlen", "M": "maxio", "B": "boost",
            "i": "iotime", "l": "jlist",
        },
        {"S": "stay", "I": "iobump", "c": "compute"},
    )  # fmt: skip
    if "jlist" in given:
        jobs = [part.split(",") for part in given["jlist"].split(":")]
    else:
        jobs = [[job["start"], job["run"], job["iofreq"]] for job in expected["jobs"]]
    starts, runs, every = (",".join(str(job[i]) for job in jobs) for i in range(3))
    quanta = given.get("quantumList") or given.get("quantum", "10")
    count = len(quanta.split(",")) if "quantumList" in given else int(given.get("numQueues", "3"))
    options = ["--run", runs, "--arrive", starts, "--io-every", every, "--quantum", quanta]
    options += ["--io-time", given.get("iotime", "5"), "--boost", given.get("boost", "0")]
    options += ["--queues", str(count)]
    options += ["--allotment", given.get("allotmentList") or given.get("allotment", "1")]
    options += ["--stay"] * ("stay" in given) + ["--iobump"] * ("iobump" in given)
    run = lab(["sched", "--policy", "mlfq", *options])["runs"][0]
    top = len(run["queues"]) - 1
    return {
        "options": {
            "jobs": str(len(run["jobs"])),
            "queues": str(len(run["queues"])),
            "boost": str(run["boost"]),
            "ioTime": str(run["jobs"][0]["io_time"]),
            "stayAfterIO": str(run["stay"]),
            "iobump": str(run["iobump"]),
        },
        "allotment_by_queue": {str(top - i): q["allotment"] for i, q in enumerate(run["queues"])},
        "quantum_by_queue": {str(top - i): q["quantum"] for i, q in enumerate(run["queues"])},
        "jobs": [
            {"job": j["job"], "start": j["arrive"], "run": j["run"], "iofreq": j["io_every"]}
            for j in run["jobs"]
        ],
        "events": ticks(run, top),
        "per_job": [
            {
                "job": job["job"],
                "start": job["arrive"],
                "response": job["response"],
                "turnaround": job["turnaround"],
            }
            for job in run["jobs"]
        ],
        "average": {key: two(run["average"][key]) for key in ("response", "turnaround")},
    }


KINDS = {
    "arrive": "JOB_BEGINS",
    "io": "IO_START",
    "io done": "IO_DONE",
    "done": "FINISHED",
    "boost": "BOOST",
}


def ticks(run: dict[str, Any], top: int) -> list[list[Any]]:
    """The simulator's events: a line a tick for who runs, after all else that happens at it."""
    happens: dict[int, list[list[Any]]] = {}
    for event in run["events"]:
        subject = run["boost"] if event["event"] == "boost" else event["job"]
        happens.setdefault(event["t"], []).append([event["t"], KINDS[event["event"]], subject])
    runs: dict[int, list[Any]] = {}
    for segment in run["trace"]:
        for tick in range(segment["ran"]):
            now = segment["t"] + tick
            runs[now] = [
                now,
                "RUN",
                segment["job"],
                top - segment["level"],
                segment["quantum"] - tick - 1,
                segment["allotment"],
                segment["left"] + segment["ran"] - tick - 1,
                run["jobs"][segment["job"]]["run"],
            ]
    lines: list[list[Any]] = []
    for now in range(run["end"] + 1):
        lines += happens.get(now, [])
        if now < run["end"]:
            lines.append(runs.get(now, [now, "IDLE"]))
    return lines


# -- vm-beyondphys-policy/paging-policy.py -----------------------------------------------------


def paging(argv: list[str], expected: dict[str, Any], lab: Lab) -> dict[str, Any]:
    given = arguments(
        argv,
        {
            "a": "addresses", "f": "addressfile", "n": "numaddrs", "p": "policy", "b": "clockbits",
            "C": "cachesize", "m": "maxpage", "s": "seed",
        },
        {"N": "notrace", "c": "compute"},
    )  # fmt: skip
    policy = given.get("policy", "FIFO").replace("RAND", "RANDOM")
    options = ["--policy", policy, "--frames", given.get("cachesize", "3")]
    options += ["--clockbits", given.get("clockbits", "2")]
    if "addressfile" in given and "refs" not in expected:
        options += ["--refs-file", given["addressfile"]]
    elif given.get("addresses", "-1") != "-1":
        options += ["--refs", given["addresses"]]
    else:
        options += ["--refs", ",".join(str(page) for page in expected["refs"])]
    options += ["--summary"] * ("notrace" in given)
    shown = lab(["paging", *options])
    run = shown["runs"][0]
    return {
        "refs": shown["references"],
        "accesses": [
            {
                "page": access["page"],
                "hit": access["hit"],
                "frames_left_to_right": access["frames"],
                "victim": access["victim"],
            }
            for access in run.get("accesses", [])
        ],
        "hits": run["hits"],
        "misses": run["misses"],
        "hitrate": run["hit_percent"],
    }


# -- vm-freespace/malloc.py --------------------------------------------------------------------

ORDERS = {
    "ADDRSORT": "address",
    "SIZESORT+": "size+",
    "SIZESORT-": "size-",
    "INSERT-FRONT": "front",
    "INSERT-BACK": "back",
}


def malloc(argv: list[str], expected: dict[str, Any], lab: Lab) -> dict[str, Any]:
    given = arguments(
        argv,
        {
            "s": "seed", "S": "size", "b": "baseAddr", "H": "headerSize", "a": "alignment",
            "p": "policy", "l": "listOrder", "n": "numOps", "r": "range", "P": "percentAlloc",
            "A": "allocList",
        },
        {"C": "coalesce", "c": "compute"},
    )  # fmt: skip
    header = int(given.get("headerSize", "0"))
    options = ["--policy", given.get("policy", "BEST")]
    options += ["--order", ORDERS[given.get("listOrder", "ADDRSORT")]]
    options += ["--coalesce", "list" if "coalesce" in given else "none"]
    options += ["--size", given.get("size", "100"), "--base", given.get("baseAddr", "1000")]
    options += ["--header", str(header), "--align", given.get("alignment", "-1").replace("-1", "0")]
    listed = bool(given.get("allocList"))
    if listed:
        ops = given["allocList"].split(",")
    else:
        ops = [f"+{o['size']}" if o["op"] == "alloc" else f"-{o['ptr']}" for o in expected["ops"]]
    run = lab(["malloc", f"--ops={','.join(ops)}", *options])["runs"][0]
    while listed and (skipped := _skipped(run["ops"])) >= 0:
        del ops[skipped]
        run = lab(["malloc", f"--ops={','.join(ops)}", *options])["runs"][0]
    return {"ops": [_op(op, 0 if listed else header) for op in run["ops"]]}


def _skipped(ops: list[dict[str, Any]]) -> int:
    """A free that malloc.py does not do: it takes a pointer's number for unknown unless it is
    smaller than how many allocations have succeeded so far. Its place, or -1."""
    succeeded = 0
    for place, op in enumerate(ops):
        if op["op"] == "free" and op["ptr"] >= succeeded:
            return place
        succeeded += op["op"] == "alloc" and op["block"] is not None
    return -1


def _op(op: dict[str, Any], header: int) -> dict[str, Any]:
    """``header``: with a list of operations the simulator prints where the block begins, with
    random ones where the caller's bytes do, even of a block that it did not find (-1)."""
    shown = {"op": op["op"], "ptr": op["ptr"], "free_list": op["free_list"]}
    found = op["block"] is not None
    if op["op"] == "alloc":
        block = op["block"] if found else -1
        return shown | {
            "size": op["size"],
            "returned": block + header,
            "searched": op["searched"],
        }
    return shown | {"returned": 0 if found else -1}


TOOLS = {
    "scheduler.py": scheduler,
    "mlfq.py": mlfq,
    "paging-policy.py": paging,
    "malloc.py": malloc,
}


def load(text: str) -> list[Case]:
    """The cases of a file; those whose numbers came from Python's generator are left out."""
    return [case for case in json.loads(text) if not case.get("rng")]
