"""``minios lab nat``: can two peers behind such NATs punch a hole?"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from minios.cli import labtext

if TYPE_CHECKING:
    from minios.game.lab.nat import Datagram, Result


def nat(a: str, b: str, matrix: bool, as_json: bool, summary: bool, **options: Any) -> None:
    """Can two peers behind NATs of these classes reach each other (RFC 5128)?

    A class is a mapping and a filtering of RFC 4787: eim, adm or apdm, a slash, and eif, adf or
    apdf. Both peers register with a server, hear of each other, and send probes to where the server
    saw the other.

    \b
      minios lab nat --a eim/apdf --b apdm/apdf
      minios lab nat --a eim/apdf --b eim/apdf --behind eim/apdf --hairpin
      minios lab nat --matrix
    """
    from minios.game.lab import nat as lab

    setup = lab.Setup(
        a,
        b,
        options["hairpin"],
        options["behind"] or "",
        options["preserve"],
        options["delay_a"] * lab.MILLISECOND,
        options["delay_b"] * lab.MILLISECOND,
        options["seed"],
    )
    setup.check()
    if matrix:
        _matrix(lab.matrix(setup), lab.CLASSES, as_json=as_json)
        return
    result = lab.run(setup)
    if as_json:
        facts = result.to_json()
        if summary:
            del facts["exchange"]
        print(json.dumps({"lab": "nat", **facts}, indent=2))
        return
    _text(result, summary=summary)


OPTIONS = (
    click.option(
        "--a", default="eim/apdf", show_default=True, metavar="CLASS", help="The NAT of peer a."
    ),
    click.option(
        "--b", default="eim/apdf", show_default=True, metavar="CLASS", help="The NAT of peer b."
    ),
    click.option("--behind", metavar="CLASS", help="One more NAT, in front of both."),
    click.option("--hairpin", is_flag=True, help="The NATs lead back what is sent to themselves."),
    click.option("--preserve", is_flag=True, help="The NATs keep a port where it is free."),
    click.option("--delay-a", default=0, metavar="MS", help="a begins to probe so much later."),
    click.option("--delay-b", default=0, metavar="MS", help="b begins to probe so much later."),
    click.option("--matrix", is_flag=True, help="All 81 pairs of classes."),
    click.option("--seed", default=0, show_default=True, help="Of whatever is drawn."),
    click.option("--json", "as_json", is_flag=True, help="Everything, for a program."),
    click.option("--summary", is_flag=True, help="Only the outcome, not every packet."),
)


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with its options, in the order of the help text."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def _matrix(rows: list[list["Result"]], classes: tuple[str, ...], *, as_json: bool) -> None:
    table = [[result.punched for result in row] for row in rows]
    if as_json:
        pairs = [
            {"a": result.setup.a, "b": result.setup.b, "punched": result.punched}
            for row in rows
            for result in row
        ]
        facts = {"lab": "nat", "classes": classes, "matrix": table, "runs": pairs}
        print(json.dumps(facts, indent=2))
        return
    labtext.table(
        ("a \\ b", *classes),
        [
            (name, *("yes" if punched else "-" for punched in row))
            for name, row in zip(classes, table, strict=True)
        ],
    )
    count = sum(punched for row in table for punched in row)
    print(f"\n{count} of {len(classes) ** 2} pairs get through")


def _text(result: "Result", *, summary: bool) -> None:
    setup = result.setup
    behind = f", both behind {setup.behind}" if setup.behind else ""
    print(f"a behind {setup.a}, b behind {setup.b}{behind}")
    for name in ("a", "b"):
        seen = result.public.get(name, "nowhere")
        print(f"  {name} is seen by the server as {seen}")
    if not summary:
        print()
        labtext.table(
            ("ms", "by", "what", "to", "seen from", "fate"),
            [_row(one) for one in result.exchange[:MOST_SHOWN]],
            left=6,
        )
        if len(result.exchange) > MOST_SHOWN:
            print(f"… and {len(result.exchange) - MOST_SHOWN} more")
    print()
    if result.punched:
        took = 0 if result.took is None else result.took // 1_000_000
        print(f"punched, {took} ms after they heard of each other")
        for name, remote in result.remote.items():
            print(f"  {name} talks to {remote}")
    else:
        print("not punched")
    print(result.why())


MOST_SHOWN = 40
"""Datagrams that are listed for people."""


def _row(one: "Datagram") -> tuple[str, ...]:
    from minios.userland.lib.punching.messages import endpoint_text

    return (
        str(one.time // 1_000_000),
        one.sender,
        one.what,
        endpoint_text(one.goal),
        endpoint_text(one.seen_from) if one.seen_from is not None else "",
        one.fate,
    )
