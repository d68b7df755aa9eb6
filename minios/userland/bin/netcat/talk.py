"""Both ways at once: standard input to the network, the network to standard output."""

from minios.abi.errno import Errno
from minios.abi.flags import CLOCK_MONOTONIC, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT
from minios.abi.sockets import SHUT_RD, SHUT_WR
from minios.userland.bin.netcat.options import Options
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.stdio import why

BLOCK = 16384
_BROKEN = POLLERR | POLLNVAL


class Talk:
    """One conversation. ``up`` is on its way to the network, ``down`` to standard output; what is
    still open of the four ends says where there is anything to do."""

    def __init__(self, tool: Tool, options: Options, fd: int) -> None:
        self.sys = tool.sys
        self.options = options
        self.fd = fd
        self.stdin = "d" not in options.flags
        self.netin = self.netout = self.stdout = True
        self.up = b""
        self.down = b""
        self.left = options.recvlimit
        self.end: int | None = None
        """When to give up after the end of standard input (-q)."""

    async def run(self) -> None:
        """Until there is nothing more to do, or nothing happened for as long as -w says."""
        sys, options = self.sys, self.options
        listening = "l" in options.flags
        while True:
            if not self.stdin and not self.netin and not self.up and not self.down:
                return
            if not self.netout and not self.stdout:
                return
            if listening and not self.netin and not self.up and not self.down:
                return
            if options.interval:
                await sys.nanosleep(options.interval)
            patience = options.timeout
            if self.end is not None:
                left = max(self.end - await sys.clock_gettime(CLOCK_MONOTONIC), 0)
                patience = left if patience is None else min(patience, left)
            ready = dict(await sys.poll(self._wanted(), patience))
            if not ready:
                return
            self._broken(ready)
            await self._half_open(ready)
            if self.stdin and ready.get(0, 0) & (POLLIN | POLLHUP) and len(self.up) < BLOCK:
                await self._read_stdin()
            if self.netout and self.up:
                await self._write_net(ready.get(self.fd, 0))
            if self.netin and ready.get(self.fd, 0) & (POLLIN | POLLHUP) and not self.down:
                await self._read_net()
                if self.left < 0:
                    return
            if self.stdout and self.down:
                await self._write_stdout()
            if not self.stdin and not self.up and self.netout:
                await self._no_more_input()
            if not self.netin and not self.down:
                self.stdout = False

    def _wanted(self) -> list[tuple[int, int]]:
        wanted: list[tuple[int, int]] = []
        if self.stdin:
            wanted.append((0, POLLIN if len(self.up) < BLOCK else 0))
        if self.netin or self.netout:
            events = POLLIN if self.netin and not self.down else 0
            wanted.append((self.fd, events | (POLLOUT if self.up and self.netout else 0)))
        if self.stdout:
            wanted.append((1, POLLOUT if self.down else 0))
        return wanted

    def _broken(self, ready: dict[int, int]) -> None:
        """Ends that are in trouble are not used any more."""
        if ready.get(0, 0) & _BROKEN:
            self.stdin = False
        if ready.get(self.fd, 0) & _BROKEN:
            self.netin = self.netout = False
        if ready.get(1, 0) & (_BROKEN | POLLHUP):
            self.stdout = False

    async def _half_open(self, ready: dict[int, int]) -> None:
        if ready.get(self.fd, 0) & POLLHUP:
            if self.netout and "N" in self.options.flags:
                await self._shutdown(SHUT_WR)
            self.netout = False
            if not ready[self.fd] & POLLIN and not self.down:
                self.netin = False
        if not self.netout:
            self.stdin = False
        if not self.stdout:
            if self.netin:
                await self._shutdown(SHUT_RD)
            self.netin = False

    async def _shutdown(self, how: int) -> None:
        try:
            await self.sys.shutdown(self.fd, how)
        except OSError:
            return

    async def _read_stdin(self) -> None:
        try:
            data = await self.sys.read(0, BLOCK - len(self.up))
        except OSError as err:
            if err.errno == Errno.EINTR:
                return
            data = b""
        if not data:
            self.stdin = False
        if "C" in self.options.flags:
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self.up += data

    async def _write_net(self, events: int) -> None:
        try:
            sent = await self.sys.send(self.fd, self.up)
        except OSError as err:
            if err.errno not in (Errno.EAGAIN, Errno.EINTR):
                self.netout = False
                self.up = b""
            return
        self.up = self.up[sent:]

    async def _no_more_input(self) -> None:
        """All of standard input has been sent."""
        if "N" in self.options.flags:
            await self._shutdown(SHUT_WR)
            self.netout = False
        quit_after = self.options.quit
        if quit_after is not None and self.end is None:
            self.end = await self.sys.clock_gettime(CLOCK_MONOTONIC) + quit_after
        elif self.end is None and "N" not in self.options.flags:
            self.end = None

    async def _read_net(self) -> None:
        try:
            data = await self.sys.recv(self.fd, BLOCK)
        except OSError as err:
            if err.errno not in (Errno.EAGAIN, Errno.EINTR):
                self.netin = False
            return
        if not data and not self.options.udp:
            self.netin = False
            return
        self.down += data
        if self.left:
            self.left -= 1
            if not self.left:
                await self._write_stdout()
                self.left = -1

    async def _write_stdout(self) -> None:
        try:
            done = await self.sys.write(1, self.down)
        except OSError as err:
            if err.errno in (Errno.EAGAIN, Errno.EINTR):
                return
            if err.errno != Errno.EPIPE:
                raise Failure(b"write failed: " + why(err), 1) from None
            self.stdout = False
            self.down = b""
            return
        self.down = self.down[done:]
