"""iptables: administer packet filter and NAT (iptables(8), iptables 1.8.9)."""

from __future__ import annotations

from minios.abi.netfilter import Table
from minios.userland.bin.iptables.common import (
    VERSION,
    complain,
    decoded,
    encoded,
    load_names,
    name_hosts,
    resolve_hosts,
)
from minios.userland.lib.iptables import change
from minios.userland.lib.iptables.arguments import Order, Parser
from minios.userland.lib.iptables.extension import Problem
from minios.userland.lib.iptables.kernel import Kernel
from minios.userland.lib.iptables.listing import Format, header, row, told
from minios.userland.lib.iptables.names import Names
from minios.userland.lib.iptables.save import chain_line, rule_line, sorted_chains
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import write_all

USAGE = """
Usage: iptables -[ACD] chain rule-specification [options]
       iptables -I chain [rulenum] rule-specification [options]
       iptables -R chain rulenum rule-specification [options]
       iptables -D chain rulenum [options]
       iptables -[LS] [chain [rulenum]] [options]
       iptables -[FZ] [chain] [options]
       iptables -[NX] chain
       iptables -E old-chain-name new-chain-name
       iptables -P chain target [options]
       iptables -h (print this help information)

Commands (long or short):
  -A, --append chain            append a rule
  -C, --check chain             whether a rule is there
  -D, --delete chain [rulenum]  delete a rule, by its text or number (1 is the first)
  -I, --insert chain [rulenum]  insert a rule (at the front unless numbered)
  -R, --replace chain rulenum   replace a rule
  -L, --list [chain [rulenum]]  list the rules
  -S, --list-rules [chain [rulenum]]  print the rules as commands
  -F, --flush [chain]           delete all rules
  -Z, --zero [chain [rulenum]]  zero the counters
  -N, --new chain               make a chain
  -X, --delete-chain [chain]    delete a chain
  -P, --policy chain target     what becomes of packets that no rule decides
  -E, --rename-chain old new    rename a chain
Options (! before one inverts it where it says so):
[!] --protocol, -p proto        by number or name
[!] --source, -s address[/mask][...]
[!] --destination, -d address[/mask][...]
[!] --in-interface, -i name[+]
[!] --out-interface, -o name[+]
[!] --fragment, -f              second and later fragments only
  --match, -m match             extended match
  --jump, -j target             what to do with a packet that matches
  --goto, -g chain              go on in a chain without coming back
  --table, -t table             filter (unless said), nat, mangle, raw
  --set-counters, -c PKTS BYTES
  --numeric, -n                 addresses and ports as numbers
  --verbose, -v  --exact, -x  --line-numbers  --wait, -w [seconds]  --version, -V
"""

_NEEDS_TEXT = {"A": "RULE_APPEND", "I": "RULE_INSERT", "R": "RULE_REPLACE"}


@program(USAGE)
async def iptables(tool: Tool) -> int:
    """iptables(8). Exit status: 1 refused, 2 bad usage, 3 no such table, 4 the kernel says no."""
    args = [decoded(word) for word in tool.argv[1:]]
    try:
        return await run(tool, args)
    except Problem as problem:
        return await complain(tool, "iptables", problem)


async def run(tool: Tool, args: list[str]) -> int:
    """One command line. Problem."""
    names = await load_names(tool)
    order = Parser(args, names, await resolve_hosts(tool, args)).parse()
    for warning in names.warnings:
        await write_all(tool.sys, 2, encoded(warning + "\n"))
    if order.help:
        tool.out.put(encoded(f"iptables {VERSION}\n{USAGE}"))
        return 0
    if order.version:
        await tool.line(encoded(f"iptables {VERSION}"))
        return 0
    kernel = Kernel(tool.sys)
    await kernel.open()
    table = await kernel.table(order.table)
    if order.command in "LS":
        await _list(tool, table, order, names)
        if order.zero:
            if order.verbose:
                await _tell(tool, table, order, "Zeroing")
            await kernel.replace(change.zero(change.keep(table), order), "%")
        return 0
    if order.command == "D" and order.number and order.table not in await kernel.used():
        raise change.other(change.NO_CHAIN)
    change.check_targets(table, order.rules)
    made = change.apply(change.keep(table), order)
    if order.command in "AIRDC" and order.verbose:
        for rule in order.rules:
            tool.out.put(encoded(told(rule)))
    if order.command == "C":
        return 0
    if order.verbose and order.command in "FX":
        await _tell(tool, table, order, "Flushing" if order.command == "F" else "Deleting")
    doing = _NEEDS_TEXT.get(order.command, "RULE_DELETE")
    await kernel.replace(made, f" {doing} failed (%): rule in chain {order.chain}")
    return 0


async def _tell(tool: Tool, table: Table, order: Order, word: str) -> None:
    for chain in sorted_chains(table):
        if order.chain and chain.name != order.chain:
            continue
        if word == "Deleting" and chain.policy:
            continue
        await tool.line(encoded(f"{word} chain `{chain.name}'"))


async def _list(tool: Tool, table: Table, order: Order, names: Names) -> None:
    """-L and -S."""
    chains = sorted_chains(table)
    if order.chain:
        chains = [chain for chain in chains if chain.name == order.chain]
        if not chains:
            raise Problem(
                f"chain `{order.chain}' in table `{order.table}' is incompatible, use 'nft' tool.",
                1,
            )
    if order.command == "S":
        counters = order.verbose > 0
        if not order.number:
            for chain in chains:
                await tool.line(encoded(chain_line(chain, counters=counters)))
        for chain in chains:
            for number, rule in enumerate(chain.rules, 1):
                if order.number in (0, number):
                    await tool.line(encoded(rule_line(chain.name, rule, counters=counters)))
        return
    if not order.numeric:
        await name_hosts(tool, names, table)
    form = Format(
        order.verbose > 0, order.exact, order.line_numbers, None if order.numeric else names
    )
    for index, chain in enumerate(chains):
        if not order.number:
            tool.out.put(encoded(("\n" if index else "") + header(table, chain, form)))
        for number, rule in enumerate(chain.rules, 1):
            if order.number in (0, number):
                tool.out.put(encoded(row(rule, number, form)))
        await tool.out.drain()
