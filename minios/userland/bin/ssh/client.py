"""ssh: a shell, or one command, on another machine (OpenSSH 9.2)."""

from __future__ import annotations

from minios.abi.inet import SOL_TCP, TCP_NODELAY, ip_text
from minios.abi.sockets import SO_KEEPALIVE, SOL_SOCKET
from minios.abi.sys import Sys
from minios.userland.bin.ssh import hostkeys
from minios.userland.bin.ssh.channel import Channel
from minios.userland.bin.ssh.login import log_in
from minios.userland.bin.ssh.options import Options, read
from minios.userland.lib import users
from minios.userland.lib.net.gai import GaiError, getaddrinfo
from minios.userland.lib.net.stream import connect
from minios.userland.lib.options import UsageError
from minios.userland.lib.program import Tool, program
from minios.userland.lib.ssh.connection import Connection, Lost
from minios.userland.lib.stdio import complain, why, write_all

BANNER = b"SSH-2.0-OpenSSH_9.2p1 MiniOS"
USAGE = b"""\
usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-b bind_address]
           [-c cipher_spec] [-E log_file] [-e escape_char] [-F configfile]
           [-i identity_file] [-l login_name] [-o option] [-p port]
           destination [command [argument ...]]
"""
SECOND = 1_000_000_000


@program("")
async def ssh(tool: Tool) -> int:
    """ssh(1)."""
    sys = tool.sys
    if tool.argv[1:2] == [b"--help"]:
        await write_all(sys, 1, USAGE)
        return 0
    account = await users.by_uid(sys, await sys.getuid())
    home = account.home if account is not None else b"/"
    try:
        options = await read(sys, tool.argv[1:], home)
    except UsageError as err:
        text = str(err).replace("invalid option", "unknown option").replace("'", "")
        await complain(sys, text.encode("latin-1"))
        await write_all(sys, 2, USAGE)
        return 255
    if options.version:
        await complain(sys, b"OpenSSH_9.2p1 MiniOS")
        return 0
    if not options.host:
        await write_all(sys, 2, USAGE)
        return 255
    try:
        return await run(tool, options, account, home)
    except Lost as err:
        if str(err):
            await complain(sys, str(err).encode("latin-1"))
        return 255


async def run(tool: Tool, options: Options, account: users.Passwd | None, home: bytes) -> int:
    """Connect, log in, and be there. Lost."""
    sys = tool.sys
    user = options.user.encode("latin-1") or (account.name if account is not None else b"")
    connection = await reach(sys, options, user, home)
    tty = await _wants_tty(sys, options)
    channel = Channel(sys, connection, options, tool.env)
    await channel.open(tty=tty)
    status = await channel.run()
    await sys.close(connection.fd)
    return status


async def reach(sys: Sys, options: Options, user: bytes, home: bytes) -> Connection:
    """A connection on which ``user`` is logged in. Lost."""
    host = options.host.encode("latin-1")
    try:
        ip = (await getaddrinfo(sys, host))[0].address[0]
    except GaiError as err:
        raise Lost(f"ssh: Could not resolve hostname {options.host}: {err.text.decode()}") from None
    where = f"{options.host}" if options.host != ip_text(ip) else ip_text(ip)
    try:
        limit = options.timeout * SECOND if options.timeout else None
        fd = await connect(sys, (ip, options.port), limit)
    except OSError as err:
        reason = why(err).decode("latin-1")
        raise Lost(f"ssh: connect to host {where} port {options.port}: {reason}") from None
    await sys.setsockopt(fd, SOL_TCP, TCP_NODELAY, 1)
    await sys.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
    connection = Connection(sys, fd)
    try:
        key = await connection.exchange_as_client(BANNER)
    except Lost as err:
        text = str(err)
        if text == "Connection closed by remote host":
            text = f"Connection closed by {ip_text(ip)} port {options.port}"
        elif text.startswith("Connection reset"):
            text = f"kex_exchange_identification: read: {text}\n{text} by {ip_text(ip)}"
        raise Lost(text) from None
    await hostkeys.check(sys, options, ip, key, home)
    try:
        await log_in(sys, connection, options, user, home)
    except Lost as err:
        text = str(err)
        if text == "Too many authentication failures":
            there = f"{ip_text(ip)} port {options.port}"
            text = f"Received disconnect from {there}:2: {text}\nDisconnected from {there}"
        elif text == "Connection closed by remote host":
            text = f"Connection closed by {ip_text(ip)} port {options.port}"
        raise Lost(text) from None
    return connection


async def _wants_tty(sys: Sys, options: Options) -> bool:
    if options.tty == "no" or options.no_command:
        return False
    wanted = options.tty in ("yes", "force") or options.command is None
    if wanted and options.tty != "force" and not await sys.isatty(0):
        if not options.quiet and (options.tty == "yes" or options.command is None):
            await complain(
                sys,
                b"Pseudo-terminal will not be allocated because stdin is not a terminal.",
            )
        return False
    return wanted
