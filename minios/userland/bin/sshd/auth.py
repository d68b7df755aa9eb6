"""Who comes in: the authentication protocol on the server's side (RFC 4252)."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.abi.sys import Sys
from minios.net.wire import ssh
from minios.net.wire.malformed import Malformed
from minios.net.wire.ssh import Reader, boolean, string
from minios.userland.bin.sshd.config import Config
from minios.userland.lib import users
from minios.userland.lib.net.daemon import Log
from minios.userland.lib.ssh import keys
from minios.userland.lib.ssh.connection import SIGNING, Connection, Lost, verified
from minios.userland.lib.stdio import read_file

FAIL_DELAY = 2_000_000_000
"""ns that a wrong password costs, as pam_unix has it."""


class Guard:
    """Decides about one connection."""

    def __init__(
        self, sys: Sys, connection: Connection, config: Config, peer: tuple[int, int], log: Log
    ) -> None:
        self.sys = sys
        self.connection = connection
        self.config = config
        self.peer = peer
        self.log = log
        self.failures = 0

    @property
    def _from(self) -> str:
        return f"from {ip_text(self.peer[0])} port {self.peer[1]}"

    async def admit(self) -> users.Passwd:
        """Who logged in. Lost if nobody did."""
        connection = self.connection
        request = Reader((await connection.expect(ssh.SERVICE_REQUEST))[1:])
        try:
            if request.string() != b"ssh-userauth":
                raise Lost("unknown service")
            connection.send(ssh.SERVICE_ACCEPT, string(b"ssh-userauth"))
            await self._banner()
            while True:
                fields = Reader((await connection.expect(ssh.USERAUTH_REQUEST))[1:])
                account = await self._one(fields)
                if account is not None:
                    connection.send(ssh.USERAUTH_SUCCESS)
                    return account
                if self.failures >= self.config.tries:
                    await connection.disconnect(2, b"Too many authentication failures")
                    raise Lost("Too many authentication failures")
        except Malformed as err:
            raise Lost(f"Bad packet: {err}") from None

    async def _banner(self) -> None:
        if self.config.banner:
            try:
                text = await read_file(self.sys, self.config.banner, 65536)
            except OSError:
                return
            self.connection.send(ssh.USERAUTH_BANNER, string(text), string(b""))

    async def _one(self, fields: Reader) -> users.Passwd | None:
        """One attempt; the account if it was right. Malformed."""
        name, service, method = fields.string(), fields.string(), fields.string()
        account = await users.by_name(self.sys, name)
        allowed = account is not None and self._allowed(account, method.decode("latin-1"))
        right = False
        if service != b"ssh-connection":
            raise Lost("unknown service")
        if method == b"password" and self.config.password:
            fields.boolean()
            right = await self._password(name, fields.string(), allowed)
        elif method == b"publickey" and self.config.publickey:
            answer = await self._publickey(account, name, fields, allowed)
            if answer is None:
                return None
            right = answer
        if right and account is not None:
            await self.log.say(
                f"Accepted {method.decode('latin-1')} for {account.name.decode('latin-1')} "
                f"{self._from} ssh2"
            )
            return account
        if method != b"none":
            self.failures += 1
            who = name.decode("latin-1")
            if account is None:
                who = f"invalid user {who}"
            await self.log.say(f"Failed {method.decode('latin-1')} for {who} {self._from} ssh2")
        self.connection.send(ssh.USERAUTH_FAILURE, string(self.config.methods), boolean(False))
        return None

    def _allowed(self, account: users.Passwd, method: str) -> bool:
        config = self.config
        if account.uid == 0 and not config.root_may(method):
            return False
        if account.name in config.deny or (config.allow and account.name not in config.allow):
            return False
        return not account.shell.endswith((b"/nologin", b"/false"))

    async def _password(self, name: bytes, secret: bytes, allowed: bool) -> bool:
        right = await users.password_matches(self.sys, name, secret)
        if right and allowed and (secret or self.config.empty):
            return True
        await self.sys.nanosleep(FAIL_DELAY)
        return False

    async def _publickey(
        self, account: users.Passwd | None, name: bytes, fields: Reader, allowed: bool
    ) -> bool | None:
        """None when the key alone was offered and would do (RFC 4252 §7)."""
        signed = fields.boolean()
        algorithm, key = fields.string(), fields.string()
        known = algorithm == ssh.HOST_KEY and allowed and account is not None
        if not (known and account is not None and await self._listed(account, key)):
            return False
        if not signed:
            self.connection.send(ssh.USERAUTH_PK_OK, string(algorithm), string(key))
            return None
        message = userauth_message(self.connection.session, name, key)
        await self.sys.compute(SIGNING)
        return verified(key, message, fields.string())

    async def _listed(self, account: users.Passwd, key: bytes) -> bool:
        for pattern in self.config.keys:
            path = pattern.replace(b"%u", account.name).replace(b"%h", account.home)
            if not path.startswith(b"/"):
                path = account.home + b"/" + path
            try:
                stat = await self.sys.stat(path)
                text = await read_file(self.sys, path, 1 << 20)
            except OSError:
                continue
            if stat.mode & 0o022 or stat.uid not in (0, account.uid):
                await self.log.say(
                    b"Authentication refused: bad ownership or modes for file " + path
                )
                continue
            if keys.authorized(text, key):
                return True
        return False


def userauth_message(session: bytes, name: bytes, key: bytes) -> bytes:
    """What a key signs to log in (RFC 4252 §7)."""
    return (
        string(session) + bytes((ssh.USERAUTH_REQUEST,)) + string(name)
        + string(b"ssh-connection") + string(b"publickey") + boolean(True)
        + string(ssh.HOST_KEY) + string(key)
    )  # fmt: skip
