"""iptables-restore: load rules, a table at a time (iptables-restore(8))."""

from __future__ import annotations

from minios.abi.netfilter import TABLES
from minios.userland.bin.iptables.common import (
    VERSION,
    complain,
    decoded,
    encoded,
    load_names,
    resolve_hosts,
)
from minios.userland.lib.iptables import change
from minios.userland.lib.iptables.extension import Problem
from minios.userland.lib.iptables.kernel import Kernel
from minios.userland.lib.iptables.loading import NAME, Loading, words_of
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import Reader, read_file, why, write_all

USAGE = """
Usage: iptables-restore [-c] [-v] [-V] [-t] [-h] [-n] [-T table] [-M command] [-w [secs]]
\t   [ --counters ]
\t   [ --verbose ]
\t   [ --version]
\t   [ --test ]
\t   [ --help ]
\t   [ --noflush ]
\t   [ --table=<TABLE> ]
\t   [ --modprobe=<command>]
"""

LARGEST = 1 << 20
"""Bytes of a rules file."""


@program(
    USAGE,
    "bcvthnT:M:w::W:V",
    (
        "counters=c", "verbose=v", "test=t", "noflush=n", "table:=T", "modprobe:=M", "wait::=w",
        "wait-interval:=W", "binary=b",
    ),
)  # fmt: skip
async def restore(tool: Tool) -> int:
    """iptables-restore(8). Reads a file, or standard input."""
    options = tool.options
    if "h" in options:
        tool.out.put(USAGE.strip().encode() + b"\n")
        return 0
    if "V" in options:
        await tool.line(encoded(f"{NAME} {VERSION}"))
        return 0
    if len(tool.operands) > 1:
        await write_all(
            tool.sys, 2, encoded(f"Unknown arguments found on commandline: {tool.operands[1]!r}\n")
        )
        return 1
    try:
        if tool.operands:
            data = await read_file(tool.sys, tool.operands[0], LARGEST)
        else:
            data = await _standard_input(tool)
    except OSError as err:
        path = tool.operands[0] if tool.operands else b"-"
        await write_all(tool.sys, 2, b"Can't open " + path + b": " + why(err) + b"\n")
        return 1
    kernel = Kernel(tool.sys)
    names = await load_names(tool)
    loading = Loading(names, {})
    try:
        await kernel.open()
        loading = Loading(
            names,
            {name: await kernel.table(name) for name in TABLES},
            noflush="n" in options,
            counters="c" in options,
            only=decoded(options.last("T") or b""),
        )
        for line in decoded(data).split("\n"):
            await _line(tool, kernel, loading, line)
        loading.end()
    except Problem as problem:
        return await complain(tool, NAME, problem, loading.number)
    return 0


async def _line(tool: Tool, kernel: Kernel, loading: Loading, text: str) -> None:
    """A line of the file, and what it comes to. Problem."""
    if text.startswith("#") and "v" in tool.options:
        await tool.line(encoded(text))
    hosts: dict[str, int] = {}
    if loading.table is not None and not text.startswith((":", "#", "*")):
        hosts = await resolve_hosts(tool, words_of(text))
    table = loading.line(text, hosts)
    if table is None or "t" in tool.options:
        return
    for chain in table.chains:
        change.check_targets(table, list(chain.rules))
    await kernel.replace(table, f" line {loading.number}: RULE_APPEND failed (%): rule in table")


async def _standard_input(tool: Tool) -> bytes:
    reader = Reader(tool.sys, 0)
    parts: list[bytes] = []
    size = 0
    while size < LARGEST:
        block = await reader.block()
        if not block:
            break
        parts.append(block)
        size += len(block)
        await tool.retain(len(block))
    return b"".join(parts)
