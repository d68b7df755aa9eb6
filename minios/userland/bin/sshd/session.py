"""A session: the user's shell or command, on a terminal or on pipes (RFC 4254 §6)."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.abi.flags import (
    F_GETFL,
    F_SETFL,
    O_CLOEXEC,
    O_NOCTTY,
    O_NONBLOCK,
    O_RDWR,
    POLLIN,
    POLLOUT,
    POLLPRI,
    TIOCGPTN,
    TIOCSPTLCK,
    TIOCSWINSZ,
    WNOHANG,
)
from minios.abi.records import Winsize
from minios.abi.signals import SIG_BLOCK, Sig, mask_of
from minios.abi.sys import Sys
from minios.net.wire import ssh
from minios.net.wire.malformed import Malformed
from minios.net.wire.ssh import Reader, boolean, string, u32
from minios.userland.bin.sshd.shell import Starter, Wish, become
from minios.userland.lib import users, utmp
from minios.userland.lib.ssh.connection import Connection, Lost

WINDOW = 128 << 10
PACKET = 32 << 10
BLOCK = 16 << 10
SECOND = 1_000_000_000
_SIGNALS = {sig.name.removeprefix("SIG").encode(): sig for sig in Sig}


class Session:
    """The one channel of a connection, and the process behind it."""

    def __init__(
        self,
        sys: Sys,
        connection: Connection,
        account: users.Passwd,
        ends: tuple[tuple[int, int], tuple[int, int]],
        *,
        motd: bool,
        tty: bool,
    ) -> None:
        self.sys = sys
        self.connection = connection
        self.account = account
        self.peer, self.local = ends
        self.motd = motd
        self.may_tty = tty
        self.wish = Wish()
        self.channel = -1
        """The client's number of the channel, -1 before it is open."""
        self.window = 0
        self.packet = PACKET
        self.consumed = 0
        self.pid = 0
        self.status: int | None = None
        self.master = -1
        self.line = b""
        self.input = -1
        self.outputs: dict[int, int] = {}
        """Descriptors that are read, and whether they are standard error."""
        self.pending = bytearray()
        self.input_ended = False
        self.told = False
        """Whether the client knows that the foreground job waits for typing."""
        self.typed = 0
        """Bytes of the client's that were handed on."""
        self.closed = False
        self.reported = False

    # -- the loop ------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Until the client or the process is gone. Lost."""
        await self.sys.sigaction(Sig.SIGCHLD, self._noticed)
        await self.sys.sigaction(Sig.SIGPIPE, "SIG_IGN")
        await self.sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGCHLD))
        try:
            while not self.closed or self.connection.out:
                await self._reap()
                await self._messages()
                await self.connection.push()
                if self.connection.ended and not self.connection.out:
                    break
                await self._turn()
        finally:
            self.closed = True

    async def _noticed(self, sys: Sys, sig: int) -> None:
        """SIGCHLD: the poll returns."""

    async def _turn(self) -> None:
        """Wait for something to do, and do it."""
        connection = self.connection
        # Who does not read our answers is not listened to either.
        listen = POLLIN if len(connection.out) < WINDOW else 0
        wants = [(connection.fd, listen | (POLLOUT if connection.out else 0))]
        room = self.window > 0 and len(connection.out) < WINDOW
        for fd in self.outputs:
            events = POLLIN if room else 0
            if fd == self.master and not self.told and not self.pending:
                events |= POLLPRI
            wants.append((fd, events))
        if self.input >= 0 and (self.pending or self.input_ended) and self.input != self.master:
            wants.append((self.input, POLLOUT))
        elif self.pending and self.master >= 0:
            wants = [(fd, e | POLLOUT if fd == self.master else e) for fd, e in wants]
        try:
            ready = await self.sys.poll(wants, None, 0)
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise
            return
        for fd, events in ready:
            if fd == connection.fd:
                if events & ~POLLOUT:
                    await connection.pull()
            elif fd in self.outputs and events & ~(POLLOUT | POLLPRI) and room:
                await self._output(fd)
            elif fd == self.master and events & POLLPRI:
                self.told = True
                self._tell(b"waits@minios", u32(self.typed & 0xFFFF_FFFF))
        await self._feed()

    async def _messages(self) -> None:
        while (payload := self.connection.next()) is not None:
            try:
                await self._message(payload[0], Reader(payload[1:]))
            except Malformed as err:
                raise Lost(f"Bad packet: {err}") from None

    async def _message(self, kind: int, fields: Reader) -> None:
        send = self.connection.send
        if kind == ssh.CHANNEL_OPEN:
            what, number, window, packet = (
                fields.string(), fields.u32(), fields.u32(), fields.u32(),
            )  # fmt: skip
            if what != b"session" or self.channel >= 0:
                text = string(b"open failed") + string(b"")
                send(ssh.CHANNEL_OPEN_FAILURE, u32(number), u32(1), text)
                return
            self.channel, self.window, self.packet = number, window, min(packet, PACKET)
            send(ssh.CHANNEL_OPEN_CONFIRMATION, u32(number), u32(0), u32(WINDOW), u32(PACKET))
        elif kind == ssh.GLOBAL_REQUEST:
            fields.string()
            if fields.boolean():
                send(ssh.REQUEST_FAILURE)
        elif self.channel < 0:
            raise Lost("no channel")
        elif kind == ssh.CHANNEL_WINDOW_ADJUST:
            fields.u32()
            self.window = min(self.window + fields.u32(), 0xFFFF_FFFF)
        elif kind == ssh.CHANNEL_DATA:
            fields.u32()
            self.pending += fields.string()
            if len(self.pending) > 2 * WINDOW:
                raise Lost("too much data")
            self.told = False
            await self._feed()
        elif kind == ssh.CHANNEL_EOF:
            self.input_ended = True
            await self._feed()
        elif kind == ssh.CHANNEL_CLOSE:
            await self._close()
        elif kind == ssh.CHANNEL_REQUEST:
            fields.u32()
            what, wanted = fields.string(), fields.boolean()
            done = await self._request(what, fields)
            if wanted:
                send(ssh.CHANNEL_SUCCESS if done else ssh.CHANNEL_FAILURE, u32(self.channel))
        else:
            send(ssh.UNIMPLEMENTED, u32(0))

    # -- requests ------------------------------------------------------------------------------

    async def _request(self, what: bytes, fields: Reader) -> bool:
        wish = self.wish
        if what == b"pty-req":
            if self.pid or not self.may_tty:
                return False
            wish.term, columns, rows = fields.string(), fields.u32(), fields.u32()
            wish.size = _size(rows, columns)
            wish.tty = True
            return True
        if what == b"env":
            name, value = fields.string(), fields.string()
            if (name == b"LANG" or name.startswith(b"LC_")) and len(wish.env) < 32:
                wish.env[name] = value
                return True
            return False
        if what in (b"shell", b"exec"):
            if self.pid:
                return False
            wish.command = fields.string() if what == b"exec" else None
            return await self._start()
        if what == b"window-change":
            columns, rows = fields.u32(), fields.u32()
            if self.master >= 0:
                await self.sys.ioctl(self.master, TIOCSWINSZ, _size(rows, columns))
            return True
        if what == b"signal":
            sig = _SIGNALS.get(fields.string())
            if sig is None or not self.pid or self.status is not None:
                return False
            await self.sys.kill(-self.pid, sig)
            return True
        return False

    async def _start(self) -> bool:
        sys = self.sys
        try:
            if self.wish.tty:
                self.master = await sys.open(
                    b"/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC
                )
                await sys.ioctl(self.master, TIOCSPTLCK, 0)
                self.line = b"pts/%d" % await sys.ioctl(self.master, TIOCGPTN)
                await sys.chown(b"/dev/" + self.line, self.account.uid, 5)
                await sys.ioctl(self.master, TIOCSWINSZ, self.wish.size)
                self.input = self.master
                self.outputs = {self.master: 0}
                self.pid = await sys.fork(become, self._starter(), self.master, ())
            else:
                into, out, err = await sys.pipe(), await sys.pipe(), await sys.pipe()
                pipes = (*into, *out, *err)
                self.pid = await sys.fork(become, self._starter(), -1, pipes)
                for fd in (into[0], out[1], err[1]):
                    await sys.close(fd)
                self.input = into[1]
                self.outputs = {out[0]: 0, err[0]: ssh.STDERR}
                for fd in (self.input, *self.outputs):
                    mode = await sys.fcntl(fd, F_GETFL)
                    await sys.fcntl(fd, F_SETFL, mode | O_NONBLOCK)
        except OSError:
            return False
        return True

    def _starter(self) -> Starter:
        return Starter(self.account, self.wish, self.line, self.peer, self.local, self.motd)

    # -- data ----------------------------------------------------------------------------------

    async def _output(self, fd: int) -> None:
        """Something was written: send it on."""
        try:
            count = min(BLOCK, self.window, self.packet)
            data = await self.sys.read(fd, count)
        except OSError as err:
            if err.errno in (Errno.EAGAIN, Errno.EINTR):
                return
            data = b""
        if not data:
            await self._drop(fd)
            return
        self.told = False
        self.window -= len(data)
        if self.outputs[fd]:
            number = u32(self.outputs[fd])
            self.connection.send(ssh.CHANNEL_EXTENDED_DATA, u32(self.channel), number, string(data))
        else:
            self.connection.send(ssh.CHANNEL_DATA, u32(self.channel), string(data))

    async def _drop(self, fd: int) -> None:
        del self.outputs[fd]
        if fd != self.master:
            await self.sys.close(fd)

    async def _feed(self) -> None:
        """Hand on what the client typed, and its end."""
        if self.input < 0:
            if self.pid:
                self._consume(len(self.pending))
                self.pending.clear()
            return
        while self.pending:
            try:
                taken = await self.sys.write(self.input, bytes(self.pending[:BLOCK]))
            except OSError as err:
                if err.errno in (Errno.EAGAIN, Errno.EINTR):
                    return
                taken = len(self.pending)
                if self.input != self.master:
                    await self._shut()
            del self.pending[:taken]
            self.typed += taken
            self._consume(taken)
        if self.input_ended and self.input >= 0 and self.input != self.master:
            await self._shut()

    async def _shut(self) -> None:
        await self.sys.close(self.input)
        self.input = -1

    def _consume(self, count: int) -> None:
        """Let the client send as much again."""
        self.consumed += count
        if self.consumed >= WINDOW // 2 and self.channel >= 0:
            self.connection.send(ssh.CHANNEL_WINDOW_ADJUST, u32(self.channel), u32(self.consumed))
            self.consumed = 0

    def _tell(self, what: bytes, *parts: bytes) -> None:
        """A request to the client that wants no answer."""
        self.connection.send(
            ssh.CHANNEL_REQUEST, u32(self.channel), string(what), boolean(False), *parts
        )

    # -- the end -------------------------------------------------------------------------------

    async def _reap(self) -> None:
        """Notice that the process ended; when all it wrote is sent, tell how."""
        if not self.pid or self.reported:
            return
        if self.status is None:
            try:
                waited = await self.sys.waitpid(self.pid, WNOHANG)
            except OSError:
                return
            if not waited.pid:
                return
            self.status = waited.status
        if self.master >= 0 and self.window > 0:
            while self.master in self.outputs and self.window > 0:
                before = self.window
                await self._output(self.master)
                if self.window == before:
                    await self._drop(self.master) if self.master in self.outputs else None
        if self.outputs:
            return
        self.reported = True
        sig = self.status & 0x7F
        if sig:
            name = Sig(sig).name.removeprefix("SIG").encode()
            core = boolean(bool(self.status & 0x80))
            self._tell(b"exit-signal", string(name), core, string(b""), string(b""))
        else:
            self._tell(b"exit-status", u32(self.status >> 8 & 0xFF))
        self.connection.send(ssh.CHANNEL_EOF, u32(self.channel))
        self.connection.send(ssh.CHANNEL_CLOSE, u32(self.channel))
        await self._close()

    async def _close(self) -> None:
        """The channel is closed; a terminal is hung up by that."""
        if self.closed:
            return
        self.closed = True
        if not self.reported:
            self.connection.send(ssh.CHANNEL_CLOSE, u32(self.channel))
        await self.let_go()

    async def let_go(self) -> None:
        """Close what the process is reached by, and leave the record of who is logged in."""
        for fd in {*self.outputs, self.input, self.master} - {-1}:
            await self.sys.close(fd)
        self.outputs = {}
        self.input = self.master = -1
        if self.line and self.pid:
            now = await self.sys.clock_gettime() // SECOND
            entry = utmp.Entry(utmp.DEAD_PROCESS, self.pid, self.line, self.line[-4:], b"", now)
            try:
                await utmp.put(self.sys, entry)
            except OSError:
                return


def _size(rows: int, columns: int) -> Winsize:
    return Winsize(min(rows, 65535) or 24, min(columns, 65535) or 80)
