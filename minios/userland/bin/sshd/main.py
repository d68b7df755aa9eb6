"""sshd: let users of this machine in from others (OpenSSH 9.2)."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.abi.flags import WNOHANG
from minios.abi.inet import SOL_TCP, TCP_NODELAY, ip_text
from minios.abi.signals import SIG_DFL, Sig
from minios.abi.sockets import (
    AF_INET,
    SO_KEEPALIVE,
    SO_REUSEADDR,
    SOCK_CLOEXEC,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from minios.net.wire.malformed import Malformed
from minios.userland.bin.sshd.auth import Guard
from minios.userland.bin.sshd.config import PATH, BadConfig, Config, load
from minios.userland.bin.sshd.session import Session
from minios.userland.lib.net.daemon import Log, background
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.ssh import keys
from minios.userland.lib.ssh.connection import Connection, Lost
from minios.userland.lib.stdio import why

USAGE = """
usage: sshd [-Ddet] [-f config_file] [-h host_key_file] [-p port]

  -D  stay in the foreground
  -e  messages to standard error and not to the log
  -t  look whether configuration and keys are good, and leave
"""
BANNER = b"SSH-2.0-OpenSSH_9.2p1 MiniOS"
AUTHPRIV = 10
SECOND = 1_000_000_000
CHILDREN_MAX = 100
"""Connections at a time; further ones wait in the backlog."""


@program(USAGE, "Ddetf:h:p:o:", trouble=1)
async def sshd(tool: Tool) -> int:
    """sshd(8)."""
    sys, options = tool.sys, tool.options
    path = options.last("f") or PATH
    try:
        config = await load(sys, path)
    except OSError as err:
        raise Failure(path + b": " + why(err)) from None
    except BadConfig as err:
        raise Failure(str(err).encode("latin-1"), 255) from None
    port = options.last("p")
    if port is not None:
        if not port.isdigit() or not 0 < int(port[:6]) < 65536:
            raise Failure(b"Bad port number.")
        config.port = int(port)
    config.host_key = options.last("h") or config.host_key
    secret = await _host_key(sys, config.host_key)
    if "t" in options:
        return 0
    log = Log(sys, b"sshd", stderr="e" in options, facility=AUTHPRIV)
    fd = await sys.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC)
    await sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        await sys.bind(fd, (config.address, config.port))
    except OSError as err:
        await log.say(
            f"error: Bind to port {config.port} on {ip_text(config.address)} failed: "
            f"{why(err).decode()}."
        )
        raise Failure(b"fatal: Cannot bind any address.", 255) from None
    await sys.listen(fd, 128)
    if "D" in options or "d" in options:
        return await _accept(sys, fd, config, secret, log)
    await background(sys, _accept, fd, config, secret, log)
    return 0


async def _host_key(sys: Sys, path: bytes) -> bytes:
    """The secret of the host key, which is made when there is none (ssh-keygen -A)."""
    try:
        return await keys.load(sys, path)
    except Malformed as err:
        text = b'Unable to load host key "' + path + b'": ' + str(err).encode()
        raise Failure(text, 1) from None
    except OSError as err:
        if err.errno != Errno.ENOENT:
            raise Failure(b'Unable to load host key "' + path + b'": ' + why(err)) from None
    folder = path.rpartition(b"/")[0] or b"/"
    try:
        try:
            await sys.stat(folder)
        except OSError:
            await sys.mkdir(folder, 0o755)
        return await keys.generate(sys, path, b"root@" + (await sys.uname()).nodename)
    except OSError as err:
        raise Failure(b'Unable to make host key "' + path + b'": ' + why(err)) from None


async def _accept(sys: Sys, fd: int, config: Config, secret: bytes, log: Log) -> int:
    """A process for each connection."""
    log.forked()
    children = 0
    address = ip_text(config.address)
    await log.say(f"Server listening on {address} port {config.port}.")
    ending: list[int] = []

    async def caught(_: Sys, sig: int) -> None:
        if sig != Sig.SIGCHLD:
            ending.append(sig)

    for sig in (Sig.SIGCHLD, Sig.SIGTERM, Sig.SIGHUP):
        await sys.sigaction(sig, caught)
    while not ending:
        try:
            if children >= CHILDREN_MAX:
                await sys.waitpid(-1)
                children -= 1
                continue
            got, peer = await sys.accept(fd, SOCK_CLOEXEC)
        except OSError as err:
            if err.errno not in (Errno.EINTR, Errno.ECONNABORTED, Errno.ECHILD, Errno.EMFILE):
                return 1
            children -= await _reaped(sys)
            continue
        try:
            await sys.fork(_connection, got, fd, peer, config, secret, log)
            children += 1
        except OSError as err:
            await log.say(b"error: fork: " + why(err))
        await sys.close(got)
        children -= await _reaped(sys)
    if Sig.SIGTERM in ending:
        await log.say("Received signal 15; terminating.")
    return 0


async def _reaped(sys: Sys) -> int:
    count = 0
    while True:
        try:
            if not (await sys.waitpid(-1, WNOHANG)).pid:
                return count
        except OSError:
            return count
        count += 1


async def _connection(
    sys: Sys,
    fd: int,
    listener: int,
    peer: tuple[int, int],
    config: Config,
    secret: bytes,
    log: Log,
) -> int:
    """One connection from its first byte to its last."""
    await sys.close(listener)
    log.forked()
    timely = True

    async def late(_: Sys, sig: int) -> None:
        nonlocal timely
        timely = False
        await sys.close(fd)
        await sys.exit(255)

    for sig in (Sig.SIGCHLD, Sig.SIGTERM, Sig.SIGHUP):
        await sys.sigaction(sig, SIG_DFL)
    await sys.setsockopt(fd, SOL_TCP, TCP_NODELAY, 1)
    await sys.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
    connection = Connection(sys, fd)
    where = f"{ip_text(peer[0])} port {peer[1]}"
    session: Session | None = None
    try:
        if config.grace:
            await sys.sigaction(Sig.SIGALRM, late)
            await sys.setitimer(config.grace * SECOND)
        await connection.exchange_as_server(BANNER, secret)
        account = await Guard(sys, connection, config, peer, log).admit()
        await sys.setitimer(0)
        who = account.name.decode("latin-1")
        await log.say(f"session opened for user {who}(uid={account.uid}) by (uid=0)")
        local = await sys.getsockname(fd)
        session = Session(sys, connection, account, (peer, local), motd=config.motd, tty=config.tty)
        await session.serve()
        await log.say(f"session closed for user {who}")
    except Lost as err:
        await log.say(f"Connection closed by {where}: {err}")
    if session is not None:
        await session.let_go()
    await sys.close(fd)
    return 0
