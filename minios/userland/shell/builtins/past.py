"""The built-in history, which only interactive shells have."""

from typing import TYPE_CHECKING

from minios.userland.shell.builtins.base import Builtin, OptionReader, whole_number
from minios.userland.shell.errors import ShellError

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


async def history(sh: "Shell", argv: list[bytes], flags: int) -> int:
    """``history [-c] [n]``: the last ``n`` entered lines, or none any more."""
    options = OptionReader(argv, "c")
    past = sh.history
    for _ in options:
        if past is not None:
            past.clear()
        return 0
    if len(options.rest) > 1:
        raise ShellError(b"too many arguments")
    if past is None:
        return 0
    count = whole_number(options.rest[0]) if options.rest else len(past.entries)
    start = max(len(past.entries) - count, 0)
    for index, entry in enumerate(past.entries[start:], past.first + start):
        sh.put(b"%5d  %s\n" % (index, entry))
    return 0


HISTORY = Builtin(slow=history)
