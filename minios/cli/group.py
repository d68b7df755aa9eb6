"""The click group: which command is which module, and what click's errors look like here."""

import sys
from importlib import import_module

import click

from minios import __version__
from minios.cli.errors import suggestion
from minios.cli.main import complain

COMMANDS = {
    "play": ("minios.cli.play", "Play a level by its id or file."),
    "sh": ("minios.cli.sh", "A shell in the same world, without the game's screen."),
    "level": ("minios.cli.level", "Check, list and solve levels; print the schema."),
    "run": ("minios.cli.run", "Verify and show recorded runs."),
    "records": ("minios.cli.records", "Your best times."),
    "lab": ("minios.cli.lab", "What-if experiments: schedulers, page replacement, heaps, NATs."),
}
"""Each command's module, where it is called ``cli``, and the line that ``--help`` shows."""


class LazyGroup(click.Group):
    """Commands are imported when they are run; a name that misses gets a suggestion."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name][0])
        command: click.Command = module.cli
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}{suggestion(args[0], list(COMMANDS))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="minios", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A small operating system and a small internet, played in the terminal.

    Without a command: the level select screen (the very first time, the first level).
    """
    if ctx.invoked_subcommand is None:
        from minios.cli.play import menu

        ctx.exit(menu())


def run(words: list[str]) -> int:
    """Run click on ``words``. Exit 2 is a usage error, 130 ctrl+c; neither shows a traceback."""
    try:
        result = cli.main(words, prog_name="minios", standalone_mode=False)
    except click.UsageError as err:
        hint = f" (see '{err.ctx.command_path} --help')" if err.ctx is not None else ""
        return complain(err.format_message().rstrip(".") + hint, err.exit_code)
    except click.ClickException as err:
        return complain(err.format_message(), err.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        print(file=sys.stderr)
        return 130
    return result if isinstance(result, int) else 0
