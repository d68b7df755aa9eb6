"""One end of an SSH connection: banners, key exchange, packets in and out."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.abi.flags import POLLIN, POLLOUT
from minios.abi.sockets import MSG_DONTWAIT, MSG_NOSIGNAL
from minios.abi.sys import Sys
from minios.net.wire import ssh
from minios.net.wire.malformed import Malformed
from minios.net.wire.ssh import Packets, Reader, string, u32
from minios.userland.lib.ssh import ed25519

BLOCK = 32768
SIGNING = 20_000
"""Cycles that a signature, or its check, takes."""


class Lost(Exception):
    """The connection is over; ``str`` says why in OpenSSH's words."""


class Connection:
    """A connected socket. What is sent is queued; :meth:`push` writes what the socket takes."""

    def __init__(self, sys: Sys, fd: int) -> None:
        self.sys = sys
        self.fd = fd
        self.packets = Packets()
        self.out = bytearray()
        self.ended = False
        self.session = b""

    def send(self, kind: int, *parts: bytes) -> None:
        """Queue a message."""
        self.out += ssh.frame(bytes((kind,)) + b"".join(parts))

    async def push(self) -> None:
        """Write as much as goes without waiting. Lost."""
        while self.out:
            try:
                taken = await self.sys.send(
                    self.fd, bytes(self.out[:BLOCK]), MSG_DONTWAIT | MSG_NOSIGNAL
                )
            except OSError as err:
                if err.errno == Errno.EAGAIN:
                    return
                if err.errno == Errno.EINTR:
                    continue
                raise Lost(_reason(err)) from None
            del self.out[:taken]

    async def flush(self) -> None:
        """Write everything. Lost."""
        while True:
            await self.push()
            if not self.out:
                return
            await self._ready(POLLOUT)

    async def _ready(self, events: int) -> None:
        try:
            await self.sys.poll([(self.fd, events)])
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise

    async def pull(self) -> None:
        """Take in what has come, without waiting; ``ended`` at its end. Lost."""
        try:
            data = await self.sys.recv(self.fd, BLOCK, MSG_DONTWAIT)
        except OSError as err:
            if err.errno in (Errno.EAGAIN, Errno.EINTR):
                return
            raise Lost(_reason(err)) from None
        if not data:
            self.ended = True
        self.packets.feed(data)

    def next(self) -> bytes | None:
        """The next message that is there. Lost if it is none, or the other end takes leave."""
        try:
            while True:
                payload = self.packets.next()
                if payload is None:
                    return None
                if not payload:
                    raise Malformed("empty message")
                if payload[0] == ssh.DISCONNECT:
                    fields = Reader(payload[1:])
                    fields.u32()
                    raise Lost(fields.string().decode("latin-1"))
                if payload[0] not in (ssh.IGNORE, ssh.DEBUG):
                    return payload
        except Malformed as err:
            raise Lost(f"Bad packet: {err}") from None

    async def message(self) -> bytes:
        """The next message, waited for, after what is queued was written. Lost."""
        await self.flush()
        while True:
            payload = self.next()
            if payload is not None:
                return payload
            if self.ended:
                raise Lost("Connection closed by remote host")
            await self._ready(POLLIN)
            await self.pull()

    async def disconnect(self, reason: int, text: bytes) -> None:
        """Take leave."""
        self.send(ssh.DISCONNECT, u32(reason), string(text), string(b""))
        try:
            await self.push()
        except Lost:
            return

    # -- the beginning -------------------------------------------------------------------------

    async def banners(self, mine: bytes) -> bytes:
        """Exchange the lines that say the versions; the other's. Lost."""
        self.out += mine + b"\r\n"
        await self.flush()
        while True:
            try:
                theirs = self.packets.banner()
            except Malformed as err:
                raise Lost(f"banner exchange: {err}") from None
            if theirs is not None:
                return theirs
            if self.ended:
                raise Lost("kex_exchange_identification: Connection closed by remote host")
            await self._ready(POLLIN)
            await self.pull()

    async def _inits(self) -> tuple[bytes, bytes]:
        """My KEXINIT and the other's. Lost if the other wants another method."""
        mine = ssh.kexinit(await self.sys.getrandom(16))
        self.out += ssh.frame(mine)
        theirs = await self.expect(ssh.KEXINIT)
        fields = Reader(theirs)
        try:
            fields.raw(17)
            if ssh.KEX not in fields.string().split(b","):
                raise Lost("no matching key exchange method found")
        except Malformed as err:
            raise Lost(f"Bad packet: {err}") from None
        return mine, theirs

    async def expect(self, kind: int) -> bytes:
        """The next message, which has to be of this kind. Lost."""
        payload = await self.message()
        if payload[0] != kind:
            raise Lost(f"expected message {kind}, received {payload[0]}")
        return payload

    async def exchange_as_client(self, banner: bytes) -> bytes:
        """The key exchange; the host key, whose signature was right. Lost."""
        theirs = await self.banners(banner)
        mine, other = await self._inits()
        number = ssh.nonce(await self.sys.getrandom(16))
        self.send(ssh.KEX_ASK, number)
        fields = Reader(await self.expect(ssh.KEX_REPLY))
        try:
            fields.u8()
            key, answer, signature = fields.string(), fields.string(), fields.string()
            numbers = number + string(answer)
            self.session = ssh.exchange_hash(banner, theirs, mine, other, key, numbers)
            await self.sys.compute(SIGNING)
            if not verified(key, self.session, signature):
                raise Lost("host key signature is wrong")
        except Malformed as err:
            raise Lost(f"Bad packet: {err}") from None
        self.send(ssh.NEWKEYS)
        await self.expect(ssh.NEWKEYS)
        return key

    async def exchange_as_server(self, banner: bytes, secret: bytes) -> None:
        """The key exchange, proving to have the host key. Lost."""
        theirs = await self.banners(banner)
        mine, other = await self._inits()
        asked = await self.expect(ssh.KEX_ASK)
        try:
            number = string(Reader(asked[1:]).string())
        except Malformed as err:
            raise Lost(f"Bad packet: {err}") from None
        key = blob(ed25519.public_key(secret))
        answer = ssh.nonce(await self.sys.getrandom(16))
        self.session = ssh.exchange_hash(theirs, banner, other, mine, key, number + answer)
        await self.sys.compute(SIGNING)
        signature = string(signed(secret, self.session))
        self.send(ssh.KEX_REPLY, string(key), answer, signature)
        self.send(ssh.NEWKEYS)
        await self.expect(ssh.NEWKEYS)


def blob(public: bytes) -> bytes:
    """A public key as it travels."""
    return string(ssh.HOST_KEY) + string(public)


def signed(secret: bytes, message: bytes) -> bytes:
    """A signature as it travels."""
    return string(ssh.HOST_KEY) + string(ed25519.sign(secret, message))


def verified(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is this key's. Malformed."""
    public, proof = Reader(key), Reader(signature)
    if public.string() != ssh.HOST_KEY or proof.string() != ssh.HOST_KEY:
        return False
    return ed25519.verify(public.string(), message, proof.string())


def _reason(err: OSError) -> str:
    return (
        {
            Errno.ECONNRESET: "Connection reset by peer",
            Errno.EPIPE: "Broken pipe",
            Errno.ETIMEDOUT: "Connection timed out",
            Errno.EHOSTUNREACH: "No route to host",
            Errno.ENETUNREACH: "Network is unreachable",
        }.get(Errno(err.errno or 0), "Connection closed")
        if err.errno
        else "Connection closed"
    )
