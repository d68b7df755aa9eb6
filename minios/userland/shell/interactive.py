"""An interactive shell: prompts, line editing, job control on a terminal."""

from typing import TYPE_CHECKING

from minios.userland.shell.jobs import Job

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


async def start(sh: "Shell") -> None:
    """Set up the terminal."""


async def session(sh: "Shell") -> int:
    """The loop of an interactive shell; its exit status."""
    from minios.userland.shell.main import command_loop
    from minios.userland.shell.reader import FileSource

    return await command_loop(sh, FileSource(sh, 0))


async def take_terminal(sh: "Shell", job: Job) -> None:
    """A foreground job ended or stopped."""
