"""ip: options, and which object a command is about (ip(8))."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from minios.abi.sockets import AF_INET, AF_INET6
from minios.userland.bin.ip import addresses, groups, link, monitor, neighbours, routes, rules
from minios.userland.bin.ip.context import Complaint, Ip, Words, matches
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file, write_all

USAGE = """
Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
       ip [ -force ] -batch filename
where  OBJECT := { address | link | maddress | monitor | neighbor | neighbour |
                   route | rule }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -r[esolve] |
                    -h[uman-readable] | -j[son] | -p[retty] |
                    -f[amily] { inet | inet6 | link } |
                    -4 | -6 | -0 | -br[ief] |
                    -o[neline] | -b[atch] [filename] |
                    -N[umeric] | -a[ll] | -c[olor]}
"""

Command = Callable[[Ip, Words], Coroutine[Any, Any, int]]

OBJECTS: tuple[tuple[str, Command], ...] = (
    ("address", addresses.do),
    ("maddress", groups.do),
    ("route", routes.do),
    ("rule", rules.do),
    ("neighbor", neighbours.do),
    ("neighbour", neighbours.do),
    ("link", link.do),
    ("monitor", monitor.do),
)
"""In the order in which an abbreviation is looked up."""


@program(USAGE)
async def ip(tool: Tool) -> int:
    """ip(8)."""
    command = Ip(tool)
    words = Words([word.decode("latin-1") for word in tool.argv[1:]])
    try:
        batch = await _options(command, words)
        if batch is not None:
            return await _batch(command, batch)
        if not words:
            raise await command.usage(USAGE)
        status = await _object(command, words)
        await command.finish()
        return status
    except Complaint as complaint:
        await tool.out.flush()
        if str(complaint):
            await command.complain(str(complaint))
        return complaint.status


async def _options(ip: Ip, words: Words) -> str | None:
    """Read the options; the file of ``-batch``, if that was given."""
    batch: str | None = None
    while words and words.peek.startswith("-") and len(words.peek) > 1:
        word = words.take()
        if word == "--":
            break
        option = word[1:] if word.startswith("--") else word
        if matches(option, "-loops") and option[:3] == "-lo":
            words.take()
        elif matches(option, "-family"):
            family = words.take()
            if matches(family, "help"):
                raise await ip.usage(USAGE)
            known = {"inet": AF_INET, "inet6": AF_INET6, "link": 17, "bridge": 7}
            if family not in known:
                raise Complaint(f'Error: argument "{family}" is wrong: invalid protocol family')
            ip.family = known[family]
        elif option in ("-4", "-6", "-0", "-B"):
            ip.family = {"-4": AF_INET, "-6": AF_INET6, "-0": 17, "-B": 7}[option]
        elif matches(option, "-stats") or matches(option, "-statistics"):
            ip.statistics += 1
        elif matches(option, "-details"):
            ip.details = True
        elif matches(option, "-resolve"):
            ip.resolve = True
        elif matches(option, "-oneline"):
            ip.oneline = True
        elif matches(option, "-human-readable"):
            ip.human = True
        elif matches(option, "-force"):
            ip.force = True
        elif matches(option, "-batch") and option != "-br":
            batch = words.take()
        elif matches(option, "-brief") and len(option) > 2:
            ip.brief = True
        elif matches(option, "-json"):
            ip.json = True
        elif matches(option, "-pretty"):
            ip.pretty = True
        elif matches(option, "-Version"):
            await ip.line("ip utility, iproute2-6.1.0")
            raise Failure(b"", 0)
        elif matches(option, "-help"):
            raise await ip.usage(USAGE)
        elif matches(option, "-all"):
            ip.all = True
        elif option.startswith(("-c", "-N", "-t", "-ts", "-iec")):
            continue
        else:
            await ip.complain(f'Option "{word}" is unknown, try "ip -help".')
            raise Failure(b"", 255)
    return batch


async def _object(ip: Ip, words: Words) -> int:
    word = words.take()
    if matches(word, "help"):
        raise await ip.usage(USAGE)
    for name, do in OBJECTS:
        if matches(word, name):
            return await do(ip, words)
    await ip.complain(f'Object "{word}" is unknown, try "ip help".')
    return 1


async def _batch(ip: Ip, name: str) -> int:
    """Commands from a file, one a line; the first that fails ends it, unless ``-force``."""
    sys = ip.tool.sys
    if name == "-":
        data = b""
        while part := await sys.read(0, 65536):
            data += part
    else:
        try:
            data = await read_file(sys, name.encode("latin-1"))
        except OSError as err:
            text = f'Cannot open file "{name}" for reading: {err.strerror}\n'
            await write_all(sys, 2, text.encode("latin-1", "replace"))
            return 1
    status = 0
    for number, line in enumerate(data.decode("latin-1").splitlines(), 1):
        words = Words(line.partition("#")[0].split())
        if not words:
            continue
        try:
            failed = await _object(ip, words)
        except Complaint as complaint:
            await ip.complain(str(complaint))
            failed = complaint.status
        if failed:
            await ip.complain(f"Command failed {name}:{number}")
            status = 1
            if not ip.force:
                break
    await ip.finish()
    return status
