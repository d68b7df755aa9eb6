"""``minios sh``: a shell in the sandbox or in a level, on the host's own streams."""

import sys

import click

from minios.cli.levels import duration, load_level


@click.command(short_help="A shell in the same world, without the game's screen.")
@click.argument("level", required=False)
@click.option(
    "-c", "command", metavar="CMD", help="Run this command line and exit with its status."
)
@click.option("--on", "machine", metavar="MACHINE", help="On which machine of the level.")
@click.option("--user", metavar="NAME", help="As whom; the player unless given.")
@click.option("--seed", type=int, metavar="N", help="Another seed than the level's own.")
@click.option("--until", metavar="TIME", help="Stop after this much virtual time, as in 30s.")
@click.option("--record", type=click.Path(dir_okay=False), metavar="FILE", help="Write a run file.")
@click.option(
    "--pcap",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write what passes the machine's network interfaces, for Wireshark.",
)
@click.pass_context
def cli(
    ctx: click.Context,
    level: str | None,
    command: str | None,
    machine: str | None,
    user: str | None,
    seed: int | None,
    until: str | None,
    record: str | None,
    pcap: str | None,
) -> None:
    """A shell in a simulated machine: the sandbox, or the world of LEVEL.

    With -c, stdin is the host's, stdout and stderr are not terminals, and the exit status is the
    command's (128+n when signal n ended it). Virtual time is not paced: "sleep 100" returns at
    once. Without -c, a terminal gets an interactive shell, and anything else on stdin is a script.
    """
    limit = duration(until) if until is not None else None
    spec = load_level(level) if level is not None else None
    if command is None and sys.stdin.isatty() and sys.stdout.isatty():
        from minios.cli.terminal import interact

        options = {"machine": machine, "user": user, "record": record, "pcap": pcap}
        ctx.exit(interact(spec, seed=seed, until=limit, **options))
    from minios.cli.headless import run

    ctx.exit(
        run(
            command,
            level=spec,
            machine=machine,
            user=user,
            seed=seed,
            until=limit,
            record=record,
            pcap=pcap,
        )
    )
