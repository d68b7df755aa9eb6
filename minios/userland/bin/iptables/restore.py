"""iptables-restore: load rules, a table at a time (iptables-restore(8))."""

from __future__ import annotations

from minios.abi.netfilter import TABLES, Chain, Table, empty
from minios.userland.bin.iptables.common import (
    VERSION,
    complain,
    decoded,
    encoded,
    load_names,
    resolve_hosts,
)
from minios.userland.lib.iptables import change
from minios.userland.lib.iptables.arguments import Order, Parser
from minios.userland.lib.iptables.extension import Problem, strtoul
from minios.userland.lib.iptables.kernel import Kernel
from minios.userland.lib.iptables.names import Names
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import Reader, read_file, why, write_all

NAME = "iptables-restore"

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
    loading = Loading(tool, await load_names(tool))
    try:
        await loading.kernel.open()
        for line in decoded(data).split("\n"):
            await loading.line(line)
        await loading.end()
    except Problem as problem:
        return await complain(tool, NAME, problem, loading.number)
    return 0


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


class Loading:
    """A file being read. Nothing reaches the kernel before COMMIT."""

    def __init__(self, tool: Tool, names: Names) -> None:
        self.tool = tool
        self.names = names
        self.kernel = Kernel(tool.sys)
        self.number = 0
        self.table: Table | None = None
        self.skipping = False
        options = tool.options
        self.counters = "c" in options
        self.noflush = "n" in options
        self.only = decoded(options.last("T") or b"")

    async def line(self, text: str) -> None:
        """One line of the file. Problem."""
        self.number += 1
        if not text or text.startswith("#"):
            if text.startswith("#") and "v" in self.tool.options:
                await self.tool.line(encoded(text))
            return
        if text.startswith("*"):
            await self._begin(text[1:].strip())
            return
        if self.skipping:
            self.skipping = text.strip() != "COMMIT"
            return
        if self.table is None:
            raise self._failed()
        if text.strip() == "COMMIT":
            await self._commit()
        elif text.startswith(":"):
            self._chain(text[1:])
        else:
            await self._rule(text)

    async def end(self) -> None:
        """The file ends. Problem if it does within a table."""
        if self.table is not None:
            raise Problem(f"{NAME}: COMMIT expected at line {self.number}", 1, bare=True)

    async def _begin(self, name: str) -> None:
        if self.table is not None:
            raise self._failed()
        if name not in TABLES:
            raise Problem(f"{NAME}: line {self.number} table name '{name}' invalid")
        if self.only and name != self.only:
            self.skipping = True
            return
        now = await self.kernel.table(name)
        self.table = change.keep(now) if self.noflush else empty(name)

    async def _commit(self) -> None:
        assert self.table is not None
        if "t" not in self.tool.options:
            for chain in self.table.chains:
                change.check_targets(self.table, list(chain.rules))
            await self.kernel.replace(
                self.table, f" line {self.number}: RULE_APPEND failed (%): rule in table"
            )
        self.table = None

    def _failed(self, text: str = "") -> Problem:
        more = f": {text}" if text else ""
        return Problem(f"{NAME}: line {self.number} failed{more}", 1, bare=True)

    def _chain(self, text: str) -> None:
        """``NAME POLICY [packets:bytes]``"""
        assert self.table is not None
        words = text.split()
        if len(words) < 2:
            raise self._failed()
        name, policy = words[0], words[1]
        packets = size = -1 if self.noflush else 0
        if self.counters and len(words) > 2:
            low, _, high = words[2].strip("[]").partition(":")
            packets, size = strtoul(low) or 0, strtoul(high) or 0
        chain = change.find(self.table, name)
        if name in TABLES[self.table.name]:
            if policy == "-":
                policy = "ACCEPT"
            if policy not in ("ACCEPT", "DROP"):
                raise self._failed("Bad policy name.")
            assert chain is not None
            self._put(chain._replace(policy=policy, packets=packets, bytes=size))
        elif chain is None:
            self.table = self.table._replace(chains=(*self.table.chains, Chain(name, "", 0, 0, ())))
        else:
            self._put(chain._replace(rules=()))

    def _put(self, made: Chain) -> None:
        assert self.table is not None
        self.table = self.table._replace(
            chains=tuple(made if chain.name == made.name else chain for chain in self.table.chains)
        )

    async def _rule(self, text: str) -> None:
        assert self.table is not None
        counts: tuple[int, int] | None = None
        if text.startswith("["):
            inside, bracket, text = text[1:].partition("]")
            low, colon, high = inside.partition(":")
            if not bracket or not colon:
                raise self._failed("counters are not closed properly")
            counts = strtoul(low) or 0, strtoul(high) or 0
        args = words_of(text)
        hosts = await resolve_hosts(self.tool, args)
        order: Order = Parser(args, self.names, hosts).parse()
        if order.command not in "AIRDFZNXPE":
            raise self._failed()
        if self.counters and counts is not None:
            order.rules = [
                rule._replace(packets=counts[0], bytes=counts[1]) for rule in order.rules
            ]
        try:
            self.table = change.apply(self.table, order)
        except Problem as problem:
            if problem.bare and problem.status == 1:
                raise self._failed(problem.text.partition(": ")[2]) from None
            raise


def words_of(text: str) -> list[str]:
    """A line in words: a quoted one is one word, with ``\\`` before what is meant as it is."""
    words: list[str] = []
    word: list[str] = []
    inside = escaped = started = False
    for letter in text:
        if escaped:
            word.append(letter)
            escaped = False
        elif inside:
            if letter == "\\":
                escaped = True
            elif letter == '"':
                inside = False
            else:
                word.append(letter)
        elif letter == '"':
            inside = started = True
        elif letter in " \t\n":
            if word or started:
                words.append("".join(word))
                word, started = [], False
        else:
            word.append(letter)
    if word or started:
        words.append("".join(word))
    return words
