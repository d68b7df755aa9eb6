"""The built-in utilities, a family a module; importing this one fills the table."""

from minios.userland.shell.builtins import (  # noqa: F401
    commands,
    control,
    directories,
    output,
    processes,
    variables,
)
from minios.userland.shell.builtins.base import TABLE, Builtin

BUILTINS: dict[bytes, Builtin] = TABLE

__all__ = ["BUILTINS", "Builtin"]
