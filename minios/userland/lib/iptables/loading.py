"""A file of iptables-save being read, a table at a time (iptables-restore(8))."""

from __future__ import annotations

from minios.abi.netfilter import TABLES, Chain, Table, empty
from minios.userland.lib.iptables import change
from minios.userland.lib.iptables.arguments import Parser
from minios.userland.lib.iptables.extension import Problem, strtoul
from minios.userland.lib.iptables.names import Names

NAME = "iptables-restore"


class Loading:
    """The file so far. ``now`` are the tables as the kernel has them; with ``noflush`` their rules
    stay. ``only`` is the one table to read, or empty."""

    def __init__(
        self,
        names: Names,
        now: dict[str, Table],
        *,
        noflush: bool = False,
        counters: bool = False,
        only: str = "",
    ) -> None:
        self.names = names
        self.now = now
        self.noflush = noflush
        self.counters = counters
        self.only = only
        self.number = 0
        """The line that was read last."""
        self.table: Table | None = None
        self._skipping = False

    def line(self, text: str, hosts: dict[str, int]) -> Table | None:
        """Read a line; a COMMIT gives the table to put in place. Problem."""
        self.number += 1
        if not text or text.startswith("#"):
            return None
        if text.startswith("*"):
            self._begin(text[1:].strip())
            return None
        if self._skipping:
            self._skipping = text.strip() != "COMMIT"
            return None
        table = self.table
        if table is None:
            raise self._failed()
        if text.strip() == "COMMIT":
            self.table = None
            return table
        if text.startswith(":"):
            self._chain(table, text[1:])
        else:
            self._rule(table, text, hosts)
        return None

    def end(self) -> None:
        """The file ends. Problem if it does within a table."""
        if self.table is not None:
            raise Problem(f"{NAME}: COMMIT expected at line {self.number}", 1, bare=True)

    def _begin(self, name: str) -> None:
        if self.table is not None:
            raise self._failed()
        if name not in TABLES:
            raise Problem(f"{NAME}: line {self.number} table name '{name}' invalid")
        if self.only and name != self.only:
            self._skipping = True
        else:
            self.table = change.keep(self.now[name]) if self.noflush else empty(name)

    def _failed(self, text: str = "") -> Problem:
        more = f": {text}" if text else ""
        return Problem(f"{NAME}: line {self.number} failed{more}", 1, bare=True)

    def _chain(self, table: Table, text: str) -> None:
        """``NAME POLICY [packets:bytes]``"""
        words = text.split()
        if len(words) < 2:
            raise self._failed()
        name, policy = words[0], words[1]
        packets = size = -1 if self.noflush else 0
        if self.counters and len(words) > 2:
            low, _, high = words[2].strip("[]").partition(":")
            packets, size = strtoul(low) or 0, strtoul(high) or 0
        chain = change.find(table, name)
        if name in TABLES[table.name]:
            if policy == "-":
                policy = "ACCEPT"
            if policy not in ("ACCEPT", "DROP"):
                raise self._failed("Bad policy name.")
            assert chain is not None
            made = chain._replace(policy=policy, packets=packets, bytes=size)
        elif chain is None:
            self.table = table._replace(chains=(*table.chains, Chain(name, "", 0, 0, ())))
            return
        else:
            made = chain._replace(rules=())
        self.table = table._replace(
            chains=tuple(made if each.name == name else each for each in table.chains)
        )

    def _rule(self, table: Table, text: str, hosts: dict[str, int]) -> None:
        counts: tuple[int, int] | None = None
        if text.startswith("["):
            inside, bracket, text = text[1:].partition("]")
            low, colon, high = inside.partition(":")
            if not bracket or not colon:
                raise self._failed("counters are not closed properly")
            counts = strtoul(low) or 0, strtoul(high) or 0
        order = Parser(words_of(text), self.names, hosts).parse()
        if order.command not in "AIRDFZNXPE":
            raise self._failed()
        if self.counters and counts is not None:
            order.rules = [
                rule._replace(packets=counts[0], bytes=counts[1]) for rule in order.rules
            ]
        try:
            self.table = change.apply(table, order)
        except Problem as problem:
            if problem.bare and problem.status == 1:
                raise self._failed(problem.text.partition(": ")[2]) from None
            raise


def problems(text: str) -> list[tuple[int, str]]:
    """What is wrong with a file, as (line, words): of each table the first mistake.

    For who writes rules without a machine at hand, as authors of levels do.
    """
    from minios.abi.inet import PROTOCOLS, SERVICES

    names = Names(
        [
            (port, PROTOCOLS[protocol].encode(), [name.encode()])
            for (port, protocol), name in SERVICES.items()
        ]
    )
    loading = Loading(names, {name: empty(name) for name in TABLES})
    found: list[tuple[int, str]] = []
    broken = False
    for line in text.split("\n"):
        if broken and not line.startswith("*"):
            loading.number += 1
            continue
        broken = False
        try:
            done = loading.line(line, {})
            if done is not None:
                for chain in done.chains:
                    change.check_targets(done, list(chain.rules))
        except Problem as problem:
            found.append((loading.number, problem.text.strip()))
            loading.table = None
            broken = True
    try:
        loading.end()
    except Problem as problem:
        found.append((loading.number, problem.text.strip()))
    return found


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
