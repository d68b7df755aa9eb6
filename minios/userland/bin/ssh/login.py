"""Logging in, on the client's side (RFC 4252)."""

from __future__ import annotations

from minios.abi.sys import Sys
from minios.net.wire import ssh
from minios.net.wire.malformed import Malformed
from minios.net.wire.ssh import Reader, boolean, string
from minios.userland.bin.ssh.options import Options
from minios.userland.lib.ssh import ed25519, keys
from minios.userland.lib.ssh.connection import SIGNING, Connection, Lost, blob, signed
from minios.userland.lib.stdio import complain, why, write_all
from minios.userland.lib.terminal import ask_secret

AGAIN = b"Permission denied, please try again."


async def log_in(
    sys: Sys, connection: Connection, options: Options, user: bytes, home: bytes
) -> None:
    """Become ``user`` at the other end. Lost when that is refused."""
    connection.send(ssh.SERVICE_REQUEST, string(b"ssh-userauth"))
    await connection.expect(ssh.SERVICE_ACCEPT)
    attempt = _Attempt(sys, connection, options, user)
    if await attempt.ask(b"none"):
        return
    if options.publickey is not False and b"publickey" in attempt.methods:
        for path in options.identities or [home + b"/.ssh/id_ed25519"]:
            if await _key(attempt, path, home, named=bool(options.identities)):
                return
    if options.password is not False and b"password" in attempt.methods and not options.batch:
        for number in range(options.tries):
            if await _password(attempt, number > 0):
                return
            if b"password" not in attempt.methods:
                break
    where = user + b"@" + options.host.encode("latin-1")
    methods = b",".join(attempt.methods)
    text = where + b": Permission denied (" + methods + b")."
    raise Lost(text.decode("latin-1"))


class _Attempt:
    """Requests to be let in; ``methods`` are those that may go on."""

    def __init__(self, sys: Sys, connection: Connection, options: Options, user: bytes) -> None:
        self.sys = sys
        self.connection = connection
        self.options = options
        self.user = user
        self.methods: list[bytes] = []

    async def ask(self, method: bytes, *parts: bytes) -> bool:
        """One request; whether one is in. Lost."""
        return await self.request(method, *parts) == ssh.USERAUTH_SUCCESS

    async def request(self, method: bytes, *parts: bytes) -> int:
        """One request; the kind of the answer. Lost."""
        self.connection.send(
            ssh.USERAUTH_REQUEST, string(self.user), string(b"ssh-connection"), string(method),
            *parts,
        )  # fmt: skip
        while True:
            payload = await self.connection.message()
            fields = Reader(payload[1:])
            try:
                if payload[0] == ssh.USERAUTH_BANNER:
                    if not self.options.quiet:
                        await write_all(self.sys, 2, fields.string())
                    continue
                if payload[0] == ssh.USERAUTH_FAILURE:
                    self.methods = [name for name in fields.string().split(b",") if name]
            except Malformed as err:
                raise Lost(f"Bad packet: {err}") from None
            return payload[0]


async def _key(attempt: _Attempt, path: bytes, home: bytes, *, named: bool) -> bool:
    sys, connection = attempt.sys, attempt.connection
    if path.startswith(b"~/"):
        path = home + path[1:]
    try:
        stat = await sys.stat(path)
        if stat.mode & 0o077 and stat.uid == await sys.getuid():
            await complain(sys, _TOO_OPEN % (stat.mode & 0o7777, path, path))
            return False
        secret = await keys.load(sys, path)
    except OSError as err:
        if named:
            await complain(
                sys, b"Warning: Identity file " + path + b" not accessible: " + why(err) + b"."
            )
        return False
    except Malformed as err:
        await complain(sys, b'Load key "' + path + b'": ' + str(err).encode())
        return False
    key = blob(ed25519.public_key(secret))
    offer = (string(ssh.HOST_KEY), string(key))
    if await attempt.request(b"publickey", boolean(False), *offer) != ssh.USERAUTH_PK_OK:
        return False
    from minios.userland.bin.sshd.auth import userauth_message

    await sys.compute(SIGNING)
    signature = signed(secret, userauth_message(connection.session, attempt.user, key))
    return await attempt.ask(b"publickey", boolean(True), *offer, string(signature))


_TOO_OPEN = b"""\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Permissions %04o for '%b' are too open.
It is required that your private key files are NOT accessible by others.
This private key will be ignored.
Load key "%b": bad permissions"""


async def _password(attempt: _Attempt, again: bool) -> bool:
    sys = attempt.sys
    if again:
        await complain(sys, AGAIN)
    prompt = attempt.user + b"@" + attempt.options.host.encode("latin-1") + b"'s password: "
    try:
        fd = await sys.open(b"/dev/tty", 2)
    except OSError:
        # Nobody to ask, as under a script: OpenSSH then asks with an empty answer.
        return await attempt.ask(b"password", boolean(False), string(b""))
    secret = await ask_secret(sys, prompt, fd, fd)
    await sys.close(fd)
    return await attempt.ask(b"password", boolean(False), string(secret or b""))
