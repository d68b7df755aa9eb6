"""What the three programs share: their version, their complaints, names."""

from __future__ import annotations

from minios.abi.netfilter import Table
from minios.userland.lib.iptables.extension import Problem
from minios.userland.lib.iptables.names import Names
from minios.userland.lib.net import services
from minios.userland.lib.net.gai import GaiError, name_of, resolve
from minios.userland.lib.program import Tool
from minios.userland.lib.stdio import write_all

VERSION = "v1.8.9 (nf_tables)"

_ADDRESS_OPTIONS = ("-s", "-d", "--source", "--src", "--destination", "--dst")


async def complain(tool: Tool, program: str, problem: Problem, line: int = 0) -> int:
    """Say what is wrong on standard error; the exit status."""
    await tool.out.flush()
    text = problem.text if problem.bare else f"{program} {VERSION}: {problem.text}"
    text += "\n" if text else ""
    if problem.status == 2:
        if line:
            text += f"Error occurred at line: {line}\n"
        text += f"Try `{program} -h' or '{program} --help' for more information.\n"
    await write_all(tool.sys, 2, encoded(text))
    return problem.status


def encoded(text: str) -> bytes:
    """Text as it came from the command line."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """The command line as text; no byte is lost."""
    return data.decode("utf-8", "surrogateescape")


async def load_names(tool: Tool) -> Names:
    """What /etc/services says."""
    return Names(await services.entries(tool.sys))


async def resolve_hosts(tool: Tool, args: list[str]) -> dict[str, int]:
    """The addresses of hosts that are named by ``-s`` and ``-d``."""
    found: dict[str, int] = {}
    for at, word in enumerate(args[:-1]):
        if word not in _ADDRESS_OPTIONS:
            continue
        for text in args[at + 1].split(","):
            host = text.partition("/")[0]
            if host and any(letter.isalpha() for letter in host):
                try:
                    found[host] = await resolve(tool.sys, encoded(host))
                except GaiError:
                    continue
    return found


async def name_hosts(tool: Tool, names: Names, table: Table) -> None:
    """Look up the names of single addresses, for a list that is not numeric."""
    for chain in table.chains:
        for rule in chain.rules:
            for prefix in (rule.source, rule.destination):
                if prefix is None or prefix[1] != 0xFFFFFFFF or prefix[0] in names.hosts:
                    continue
                name = await name_of(tool.sys, prefix[0])
                if name is not None:
                    names.hosts[prefix[0]] = decoded(name)
