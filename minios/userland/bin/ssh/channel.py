"""The session on the client's side: what is typed goes there, what is shown comes here."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.abi.flags import (
    ECHO,
    ECHONL,
    ICANON,
    ICRNL,
    IEXTEN,
    IGNCR,
    INLCR,
    ISIG,
    IXON,
    OPOST,
    POLLIN,
    POLLOUT,
    TCSETSW,
    VMIN,
    VTIME,
)
from minios.abi.records import Termios
from minios.abi.signals import SIG_DFL, Sig
from minios.abi.sys import Sys
from minios.net.wire import ssh
from minios.net.wire.malformed import Malformed
from minios.net.wire.ssh import Reader, boolean, string, u32
from minios.userland.bin.ssh.options import Options
from minios.userland.lib.ssh.connection import Connection, Lost
from minios.userland.lib.stdio import write_all

WINDOW = 128 << 10
PACKET = 32 << 10
BLOCK = 16 << 10
LONG = 30 * 86400 * 1_000_000_000
"""How long one waits for the other end before it counts as waiting for the player, in ns."""

_HELP = b"""\
Supported escape sequences:\r
 ~.   - terminate connection (and any multiplexed sessions)\r
 ~^Z  - suspend ssh\r
 ~?   - this message\r
 ~~   - send the escape character by typing it twice\r
(Note that escapes are only recognized immediately after newline.)\r
"""


class Channel:
    """One session channel. :meth:`run` returns the exit status."""

    def __init__(
        self, sys: Sys, connection: Connection, options: Options, env: dict[bytes, bytes]
    ) -> None:
        self.sys = sys
        self.connection = connection
        self.options = options
        self.env = env
        self.tty = False
        self.terminal = False
        """Whether standard input is one."""
        self.modes: Termios | None = None
        self.window = 0
        self.packet = PACKET
        self.consumed = 0
        self.status = 255
        self.cause = ""
        self.input_ended = False
        self.closed = False
        self.waiting = False
        """Whether the foreground job over there waits for typing, and has got all of it."""
        self.sent = 0
        self.resized = False
        self.quit = False
        self.after_newline = True
        self.escaped = False

    # -- opening -------------------------------------------------------------------------------

    async def open(self, *, tty: bool) -> None:
        """Open the channel and start the shell or the command. Lost."""
        connection = self.connection
        self.terminal = await self.sys.isatty(0)
        connection.send(ssh.CHANNEL_OPEN, string(b"session"), u32(0), u32(WINDOW), u32(PACKET))
        payload = await self._answer()
        if payload[0] != ssh.CHANNEL_OPEN_CONFIRMATION:
            raise Lost("open failed")
        fields = Reader(payload[1:])
        fields.u32()
        fields.u32()
        self.window, self.packet = fields.u32(), min(fields.u32(), PACKET)
        for name, value in self.env.items():
            if name == b"LANG" or name.startswith(b"LC_"):
                self._request(b"env", False, string(name), string(value))
        if tty:
            rows, columns = await self._size()
            term = self.env.get(b"TERM", b"dumb")
            self._request(
                b"pty-req", True, string(term), u32(columns), u32(rows), u32(0), u32(0),
                string(b"\0"),
            )  # fmt: skip
            self.tty = (await self._answer())[0] == ssh.CHANNEL_SUCCESS
            if not self.tty:
                await write_all(self.sys, 2, b"PTY allocation request failed on channel 0\n")
        if self.options.no_command:
            return
        command = self.options.command
        if command is None:
            self._request(b"shell", True)
        else:
            self._request(b"exec", True, string(command))
        if (await self._answer())[0] != ssh.CHANNEL_SUCCESS:
            raise Lost(
                "shell request failed on channel 0"
                if command is None
                else "exec request failed on channel 0"
            )

    async def _answer(self) -> bytes:
        """The next message that is an answer; windows and data may come before it."""
        while True:
            payload = await self.connection.message()
            if payload[0] in (
                ssh.CHANNEL_OPEN_CONFIRMATION, ssh.CHANNEL_OPEN_FAILURE, ssh.CHANNEL_SUCCESS,
                ssh.CHANNEL_FAILURE,
            ):  # fmt: skip
                return payload
            await self._message(payload)

    async def _size(self) -> tuple[int, int]:
        try:
            size = await self.sys.ioctl(0, 0x5413)
        except OSError:
            return 24, 80
        return size[0], size[1]

    def _request(self, what: bytes, answer: bool, *parts: bytes) -> None:
        self.connection.send(ssh.CHANNEL_REQUEST, u32(0), string(what), boolean(answer), *parts)

    # -- the loop ------------------------------------------------------------------------------

    async def run(self) -> int:
        """Until the channel is closed: the status of what ran there, 255 if that is not known."""
        if self.options.no_stdin:
            self._end_input()
        await self._prepare()
        trouble: Lost | None = None
        try:
            while not self.closed and not self.quit:
                await self._messages()
                await self.connection.push()
                if self.connection.ended and not self.closed:
                    raise Lost("closed by remote host")
                if not self.closed:
                    await self._turn()
            await self.connection.push()
        except Lost as err:
            trouble = err
        await self._restore()
        if trouble is not None and self.cause == "" and not self.closed:
            host = self.options.host
            said = str(trouble)
            if said == "closed by remote host":
                said = f"Connection to {host} closed by remote host."
            else:
                said = f"client_loop: send disconnect: {said}"
            await self._say(said)
            self.status = 255
        if self.tty and not self.options.quiet:
            await self._say(f"Connection to {self.options.host} closed.")
        return self.status

    async def _say(self, text: str) -> None:
        end = b"\r\n" if self.tty else b"\n"
        await write_all(self.sys, 2, text.encode("latin-1") + end)

    async def _prepare(self) -> None:
        sys = self.sys

        async def caught(_: Sys, sig: int) -> None:
            if sig == Sig.SIGWINCH:
                self.resized = True
            else:
                self.quit = True

        await sys.sigaction(Sig.SIGPIPE, "SIG_IGN")
        if self.tty:
            await sys.sigaction(Sig.SIGWINCH, caught)
        for sig in (Sig.SIGTERM, Sig.SIGHUP):
            await sys.sigaction(sig, caught)
        if self.tty and self.terminal:
            await sys.sigaction(Sig.SIGINT, caught)
            await self._raw()

    async def _raw(self) -> None:
        """cfmakeraw(3) of standard input."""
        modes = self.modes = await self.sys.tcgetattr(0)
        cc = bytearray(modes.cc)
        cc[VMIN], cc[VTIME] = 1, 0
        raw = modes._replace(
            iflag=modes.iflag & ~(INLCR | IGNCR | ICRNL | IXON),
            oflag=modes.oflag & ~OPOST,
            lflag=modes.lflag & ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN),
            cc=bytes(cc),
        )
        await self.sys.tcsetattr(0, raw, TCSETSW)

    async def _restore(self) -> None:
        if self.modes is not None:
            try:
                await self.sys.tcsetattr(0, self.modes, TCSETSW)
            except OSError:
                return

    async def _turn(self) -> None:
        connection = self.connection
        if self.resized:
            self.resized = False
            rows, columns = await self._size()
            self._request(b"window-change", False, u32(columns), u32(rows), u32(0), u32(0))
            await connection.push()
        # Who does not read our answers is not listened to either.
        listen = POLLIN if len(connection.out) < WINDOW else 0
        wants = [(connection.fd, listen | (POLLOUT if connection.out else 0))]
        room = self.window > 0 and len(connection.out) < WINDOW
        if room and not self.input_ended:
            wants.append((0, POLLIN))
        # As long as it is not known that the other end waits for typing, this is no wait for the
        # player: it has an end, though a far one.
        limit = LONG if self.terminal and not self.waiting else None
        try:
            ready = await self.sys.poll(wants, limit)
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise
            return
        if not ready:
            self.waiting = True
        for fd, events in ready:
            if fd == connection.fd:
                if events & ~POLLOUT:
                    await connection.pull()
            elif events:
                await self._typed()

    async def _messages(self) -> None:
        while not self.closed and (payload := self.connection.next()) is not None:
            await self._message(payload)

    async def _message(self, payload: bytes) -> None:
        fields = Reader(payload[1:])
        kind = payload[0]
        try:
            if kind == ssh.CHANNEL_DATA:
                fields.u32()
                await self._show(1, fields.string())
            elif kind == ssh.CHANNEL_EXTENDED_DATA:
                fields.u32()
                fields.u32()
                await self._show(2, fields.string())
            elif kind == ssh.CHANNEL_WINDOW_ADJUST:
                fields.u32()
                self.window = min(self.window + fields.u32(), 0xFFFF_FFFF)
            elif kind == ssh.CHANNEL_REQUEST:
                fields.u32()
                await self._told(fields.string(), fields.boolean(), fields)
            elif kind == ssh.CHANNEL_CLOSE:
                self.closed = True
                self.connection.send(ssh.CHANNEL_CLOSE, u32(0))
            elif kind == ssh.GLOBAL_REQUEST:
                fields.string()
                if fields.boolean():
                    self.connection.send(ssh.REQUEST_FAILURE)
            elif kind not in (ssh.CHANNEL_EOF, ssh.CHANNEL_SUCCESS, ssh.CHANNEL_FAILURE):
                self.connection.send(ssh.UNIMPLEMENTED, u32(0))
        except Malformed as err:
            raise Lost(f"Bad packet: {err}") from None

    async def _told(self, what: bytes, answer: bool, fields: Reader) -> None:
        if what == b"exit-status":
            self.status = fields.u32() & 0xFF
            self.cause = "status"
        elif what == b"exit-signal":
            self.cause = "signal"
            self.status = 255
        elif what == b"waits@minios":
            # What was typed since is still on its way, and the other end will say so again.
            self.waiting = fields.u32() == self.sent & 0xFFFF_FFFF
        if answer:
            self.connection.send(ssh.CHANNEL_FAILURE, u32(0))

    async def _show(self, fd: int, data: bytes) -> None:
        self.waiting = False
        try:
            await write_all(self.sys, fd, data)
        except OSError as err:
            if err.errno == Errno.EPIPE:
                self.quit = True
                return
            raise
        self.consumed += len(data)
        if self.consumed >= WINDOW // 2:
            self.connection.send(ssh.CHANNEL_WINDOW_ADJUST, u32(0), u32(self.consumed))
            self.consumed = 0

    # -- typing --------------------------------------------------------------------------------

    async def _typed(self) -> None:
        try:
            data = await self.sys.read(0, min(BLOCK, self.window, self.packet))
        except OSError as err:
            if err.errno in (Errno.EINTR, Errno.EAGAIN):
                return
            data = b""
        if not data:
            self._end_input()
            return
        if self.tty and self.options.escape >= 0:
            data = await self._escapes(data)
        if data:
            self.waiting = False
            self.window -= len(data)
            self.sent += len(data)
            self.connection.send(ssh.CHANNEL_DATA, u32(0), string(data))

    def _end_input(self) -> None:
        if not self.input_ended:
            self.input_ended = True
            self.connection.send(ssh.CHANNEL_EOF, u32(0))

    async def _escapes(self, data: bytes) -> bytes:
        """Act on escape sequences; what is left is for the other end."""
        out = bytearray()
        escape = self.options.escape
        for byte in data:
            if self.escaped:
                self.escaped = False
                if byte == 0x2E:
                    self.quit = True
                    await write_all(self.sys, 2, bytes((escape, byte, 13, 10)))
                    return bytes(out)
                if byte == 0x3F:
                    await write_all(self.sys, 2, bytes((escape, byte, 13, 10)) + _HELP)
                    continue
                if byte == 0x1A:
                    await self._suspend()
                    continue
                if byte != escape:
                    out.append(escape)
            elif self.after_newline and byte == escape:
                self.escaped = True
                continue
            out.append(byte)
            self.after_newline = byte in (10, 13)
        return bytes(out)

    async def _suspend(self) -> None:
        """~^Z: stop, with the terminal as it was."""
        sys = self.sys
        await write_all(sys, 2, b"~^Z [suspend ssh]\r\n")
        await self._restore()
        await sys.sigaction(Sig.SIGTSTP, SIG_DFL)
        await sys.kill(0, Sig.SIGTSTP)
        await self._raw()
        self.resized = True
