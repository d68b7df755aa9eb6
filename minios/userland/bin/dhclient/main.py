"""dhclient's command line, its configuration and its life in the background."""

from __future__ import annotations

from contextlib import suppress

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.inet import mac_text, parse_ip
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.net.wire.dhcp import CODES, HOST_NAME, option_bytes
from minios.userland.bin.dhclient.apply import Script
from minios.userland.bin.dhclient.client import Client, NoLease, Settings
from minios.userland.lib.net.daemon import Log, background
from minios.userland.lib.net.rawudp import raw_udp
from minios.userland.lib.net.rtnl import IFF_LOOPBACK, Link, rtnl
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all

USAGE = """
Usage: dhclient [-4|-6] [-1dvrxnw] [-p <port>] [-lf lease-file] [-pf pid-file]
                [-cf config-file] [-sf script-file] [-e VAR=val] [interface]*
Asks a DHCP server for an address and keeps it, in the background.

  -1    try once; exit with 2 if there is no lease
  -d    stay in the foreground
  -r    release the lease and stop the running client
  -x    stop the running client, keep the lease
  -v    say what is done
  -nw   go to the background at once
"""
BANNER = (
    b"Internet Systems Consortium DHCP Client 4.4.3-P1",
    b"Copyright 2004-2022 Internet Systems Consortium.",
    b"All rights reserved.",
    b"For info, please visit https://www.isc.org/software/dhcp/",
    b"",
)
VALUES = {"-lf", "-pf", "-cf", "-sf", "-p", "-e", "-D", "-s", "-g", "-I"}
FLAGS = {"-1", "-d", "-r", "-x", "-v", "-q", "-nw", "-4", "-i", "-n", "-w"}
CONFIG = b"/etc/dhcp/dhclient.conf"


class ClientLog(Log):
    """To the journal, and to standard error too if somebody wants to see it."""

    __slots__ = ("verbose",)

    def __init__(self, sys: Sys, verbose: bool) -> None:
        super().__init__(sys, b"dhclient")
        self.verbose = verbose

    async def say(self, text: str | bytes, level: int = 6) -> None:
        if self.verbose:
            line = text.encode("latin-1", "replace") if isinstance(text, str) else text
            await complain(self._sys, line)
        await super().say(text, level)


@program(USAGE, None)
async def dhclient(tool: Tool) -> int:
    """dhclient(8)."""
    sys = tool.sys
    flags: list[str] = []
    values: dict[str, bytes] = {}
    interfaces: list[bytes] = []
    rest = list(tool.argv[1:])
    while rest:
        word = rest.pop(0).decode("latin-1")
        if word in ("--help", "-h", "--version"):
            await tool.line(
                USAGE.strip().encode() if word != "--version" else b"isc-dhclient-4.4.3-P1"
            )
            return 0
        if word in VALUES and rest:
            values[word] = rest.pop(0)
        elif word in FLAGS:
            flags.append(word)
        elif word.startswith("-"):
            await complain(sys, f"Unknown command: {word}".encode("latin-1"))
            await complain(sys, USAGE.strip().encode())
            return 1
        else:
            interfaces.append(word.encode("latin-1"))
    settings = await _settings(tool, values)
    settings.once = "-1" in flags
    log = ClientLog(sys, "-v" in flags or "-d" in flags)
    leaving = "-r" in flags or "-x" in flags
    if await _running(sys, settings) and not leaving:
        pid = await _pid(sys, settings)
        await complain(sys, b"dhclient(%d) is already running - exiting." % pid)
        return 1
    if leaving:
        await _stop_running(sys, settings)
        if "-x" in flags:
            return 0
    if log.verbose:
        for line in BANNER:
            await complain(sys, line)
    links = await _links(sys, interfaces)
    if links is None:
        return 1
    status = 0
    for link in links:
        status = max(status, await _one(tool, log, link, settings, flags, values))
    return status


async def _one(
    tool: Tool, log: ClientLog, link: Link, settings: Settings, flags: list[str],
    values: dict[str, bytes],
) -> int:  # fmt: skip
    """Serve one interface: until there is a lease here, then in a process of its own."""
    sys = tool.sys
    script = Script(sys, link.name, link.ifindex, values.get("-sf"))
    try:
        if "-r" not in flags:
            await script.run("PREINIT")
        raw = await raw_udp(sys, link.ifindex, link.mac)
    except OSError as err:
        text = b"Open a socket for LPF: " + why(err)
        await complain(sys, text)
        return 1
    where = f"LPF/{link.name.decode('latin-1')}/{mac_text(link.mac)}"
    await log.say(f"Listening on {where}")
    await log.say(f"Sending on   {where}")
    await log.say("Sending on   Socket/fallback")
    client = Client(sys, log, link, raw, script, settings)
    if "-r" in flags:
        await client.release()
        return 0
    if "-nw" in flags:
        await background(sys, _keep, client)
        return 0
    while True:
        try:
            await client.acquire()
            break
        except NoLease:
            if settings.once:
                await log.say("Unable to obtain a lease on first try.  Exiting.")
                await script.run("FAIL")
                return 2
            await log.say("No working leases in persistent database - sleeping.")
            if "-d" in flags:
                await sys.nanosleep(settings.retry * 1_000_000_000)
                continue
            break
    if "-d" in flags:
        return await _keep(sys, client)
    await background(sys, _keep, client)
    return 0


async def _keep(sys: Sys, client: Client) -> int:
    """The process that holds a lease."""
    client.log.forked()
    if isinstance(client.log, ClientLog) and client.log.verbose:
        client.log.verbose = await sys.isatty(2)
    with suppress(OSError):
        fd = await sys.open(client.settings.pid_file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        await write_all(sys, fd, b"%d\n" % await sys.getpid())
        await sys.close(fd)
    await client.keep()
    return 0


async def _links(sys: Sys, names: list[bytes]) -> list[Link] | None:
    """The interfaces meant: those named, else all that are Ethernet. None after complaining."""
    netlink = await rtnl(sys)
    links = await netlink.links()
    await netlink.close()
    if not names:
        return [link for link in links if not link.flags & IFF_LOOPBACK and link.mac]
    found: list[Link] = []
    for name in names:
        link = next((link for link in links if link.name == name), None)
        if link is None:
            await complain(sys, b'Cannot find device "' + name + b'"')
            await complain(sys, b"Failed to get interface index: No such device")
            return None
        found.append(link)
    return found


# -- the process of before -------------------------------------------------------------------------


async def _pid(sys: Sys, settings: Settings) -> int:
    try:
        text = (await read_file(sys, settings.pid_file)).strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() and len(text) < 9 else 0


async def _running(sys: Sys, settings: Settings) -> bool:
    pid = await _pid(sys, settings)
    if not pid:
        return False
    try:
        await sys.kill(pid, 0)
        return b"dhclient" in await read_file(sys, b"/proc/%d/comm" % pid)
    except OSError:
        return False


async def _stop_running(sys: Sys, settings: Settings) -> None:
    pid = await _pid(sys, settings)
    if pid and await _running(sys, settings):
        with suppress(OSError):
            await sys.kill(pid, Sig.SIGTERM)
            await complain(sys, b"Killed old client process")
    with suppress(OSError):
        await sys.unlink(settings.pid_file)


# -- dhclient.conf ---------------------------------------------------------------------------------


async def _settings(tool: Tool, values: dict[str, bytes]) -> Settings:
    settings = Settings()
    settings.lease_file = values.get("-lf", settings.lease_file)
    settings.pid_file = values.get("-pf", settings.pid_file)
    name = (await tool.sys.uname()).nodename
    if name:
        settings.send[HOST_NAME] = name
    try:
        text = await read_file(tool.sys, values.get("-cf", CONFIG))
    except OSError:
        return settings
    await read_config(tool, settings, text.decode("latin-1"), name)
    return settings


async def read_config(tool: Tool, settings: Settings, text: str, hostname: bytes) -> None:
    """Take over what dhclient.conf(5) says; a statement that makes no sense is pointed out."""
    clean = "\n".join(line.partition("#")[0] for line in text.split("\n"))
    for statement in clean.split(";"):
        words = statement.replace(",", " ").split()
        if not words:
            continue
        try:
            _statement(settings, words, hostname)
        except (ValueError, IndexError, KeyError):
            shown = " ".join(words).encode("latin-1")
            await complain(tool.sys, b"dhclient.conf: bad statement: " + shown)


def _statement(settings: Settings, words: list[str], hostname: bytes) -> None:
    key = words[0]
    if key in ("timeout", "retry", "reboot"):
        setattr(settings, key, max(int(words[1]), 1))
    elif key in ("send", "supersede", "prepend", "default"):
        given: dict[int, bytes] = getattr(settings, key)
        code = CODES[words[1]]
        rest = [word.strip('"') for word in words[2:] if word != "="]
        if rest == ["gethostname()"]:
            given[code] = hostname
        else:
            given[code] = option_bytes(code, [" ".join(rest)] if '"' in words[2] else rest)
    elif key in ("request", "also") and (key == "request" or words[1] == "request"):
        codes = bytes(CODES[word] for word in words if word in CODES)
        settings.requested = codes if key == "request" else settings.requested + codes
    elif key == "reject":
        settings.reject += [parse_ip(word) for word in words[1:]]
    elif key not in ("option", "require", "interface", "initial-interval", "backoff-cutoff",
                     "select-timeout", "script", "media"):  # fmt: skip
        raise ValueError(key)
