"""What the programs of shadow 4.13 share: their exit statuses, options and files."""

from minios.abi.sys import Sys
from minios.userland.lib import accounts
from minios.userland.lib.accounts import GROUP, PASSWD, SHADOW, Row
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import complain

USAGE = 2
BAD_ARGUMENT = 3
ID_IN_USE = 4
NOT_FOUND = 6
NAME_IN_USE = 9


async def arguments(tool: Tool, usage: str, short: str, long: tuple[str, ...]) -> bytes:
    """Read the options; the one operand. Failure for help, bad usage and missing rights."""
    try:
        tool.options = parse(tool.argv[1:], short + "h", (*long, "help=h"))
    except UsageError as err:
        await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(tool.sys, usage.encode())
        raise Failure(b"", USAGE) from None
    if "h" in tool.options:
        tool.out.put(usage.encode() + b"\n")
        raise Failure(b"", 0)
    if len(tool.operands) != 1:
        await complain(tool.sys, usage.encode())
        raise Failure(b"", USAGE)
    return tool.operands[0]


async def open_files(tool: Tool) -> tuple[list[Row], list[Row], list[Row]]:
    """(passwd, shadow, group)."""
    if await tool.sys.geteuid() != 0:
        await complain(tool.sys, tool.name + b": Permission denied.")
        text = tool.name + b": cannot lock " + PASSWD + b"; try again later."
        await complain(tool.sys, text)
        raise Failure(b"", 1)
    sys = tool.sys
    return (
        await accounts.rows(sys, PASSWD), await accounts.rows(sys, SHADOW),
        await accounts.rows(sys, GROUP),
    )  # fmt: skip


async def save(sys: Sys, passwd: list[Row], shadow: list[Row], group: list[Row]) -> None:
    await accounts.write(sys, PASSWD, passwd)
    await accounts.write(sys, SHADOW, shadow)
    await accounts.write(sys, GROUP, group)


def text_of(tool: Tool, flag: str) -> bytes | None:
    value = tool.options.last(flag)
    if value is not None and (b":" in value or b"\n" in value):
        raise Failure(b"invalid field '" + value + b"'", BAD_ARGUMENT)
    return value


def id_of(tool: Tool, flag: str, what: bytes) -> int | None:
    value = tool.options.last(flag)
    if value is None:
        return None
    if not value.isdigit() or len(value) > 10 or int(value) >= (1 << 32) - 1:
        raise Failure(b"invalid " + what + b" '" + value + b"'", BAD_ARGUMENT)
    return int(value)
