"""What systemctl asks for: requests through a socket, and who may make them.

A client connects to ``/run/systemd/private`` and sends one line: a verb, flags and the units, with
NULs between. The answer is lines ``unit NUL result``, or ``! NUL exit status NUL text`` for a
refusal; the end of it is the end of the connection. The kernel says who is at the other end.
"""

from __future__ import annotations

from contextlib import suppress

from minios.abi.flags import REBOOT_POWER_OFF, REBOOT_RESTART
from minios.abi.signals import Sig
from minios.abi.sockets import (
    AF_UNIX,
    MSG_NOSIGNAL,
    SO_PEERCRED,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
)
from minios.abi.sys import Sys
from minios.userland.bin.init.jobs import Refused, Request
from minios.userland.bin.init.manager import Manager
from minios.userland.bin.init.service import Service
from minios.userland.bin.init.unit import FAILED, FOLDER, INACTIVE
from minios.userland.lib.units import find

PATH = b"/run/systemd/private"
MOST = 32
"""Connections whose request is not complete; with one more the oldest is dropped."""
LONGEST = 8192
"""Bytes of a request."""

_JOBS = {
    "start", "stop", "restart", "reload", "try-restart", "reload-or-restart",
    "try-reload-or-restart",
}  # fmt: skip
_POWER = {"poweroff": REBOOT_POWER_OFF, "halt": REBOOT_POWER_OFF, "reboot": REBOOT_RESTART}
GRACE = 2_000_000_000
"""How long processes that belong to no service have to end when the machine goes down, in ns."""


class Control:
    """The listening end."""

    __slots__ = ("_clients", "_down", "fd", "manager", "sys")

    def __init__(self, sys: Sys, manager: Manager) -> None:
        self.sys = sys
        self.manager = manager
        self.fd = -1
        self._clients: dict[int, bytes] = {}
        """Connections whose request is not complete yet, and what has come of it."""
        self._down: tuple[Request, int] | None = None

    async def listen(self) -> None:
        sys = self.sys
        try:
            await sys.mkdir(FOLDER, 0o755)
            self.fd = await sys.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
            await sys.bind(self.fd, PATH)
            await sys.chmod(PATH, 0o666)
            await sys.listen(self.fd)
        except OSError:
            self.fd = -1

    @property
    def fds(self) -> list[int]:
        """What to wait on."""
        return [self.fd, *self._clients]

    async def read(self, fd: int) -> None:
        """A connection, or more of a request."""
        sys = self.sys
        if fd == self.fd:
            try:
                client, _ = await sys.accept(fd, SOCK_NONBLOCK | SOCK_CLOEXEC)
            except OSError:
                return
            self._clients[client] = b""
            if len(self._clients) > MOST:
                oldest = next(iter(self._clients))
                del self._clients[oldest]
                await sys.close(oldest)
            return
        try:
            data = await sys.recv(fd, LONGEST)
        except OSError:
            data = b""
        held = self._clients.pop(fd) + data
        line, newline, _ = held.partition(b"\n")
        words = line.decode("latin-1").split("\0")
        if newline and len(words) >= 2:
            await self._request(fd, words[0], words[1].split(), words[2:])
        elif data and len(held) < LONGEST:
            self._clients[fd] = held
        else:
            await sys.close(fd)

    async def _request(self, fd: int, verb: str, options: list[str], names: list[str]) -> None:
        request = Request(fd)
        try:
            if (await self.sys.getsockopt(fd, SOL_SOCKET, SO_PEERCRED)).uid != 0:
                raise Refused("Access denied", 4)
            if "no-block" in options:
                await self._answer(request)
            await self._do(verb, names, request)
        except Refused as err:
            text = f"!\0{err.code}\0{err.text}".replace("\n", "\x01")
            request.results.append((text, ""))
            if request not in self.manager.finished:
                self.manager.finished.append(request)

    async def _do(self, verb: str, names: list[str], request: Request) -> None:
        manager = self.manager
        if verb in _JOBS:
            if not all(find.valid(name) for name in names):
                raise Refused("Invalid argument")
            await manager.submit(verb, names, request)
            return
        if verb == "isolate":
            await manager.isolate(names[0], request)
            return
        if verb in _POWER:
            await manager.say(f"System is {'rebooting' if verb == 'reboot' else 'powering down'}.")
            self._down = (Request(), _POWER[verb])
            await manager.stop_everything(self._down[0])
        elif verb == "daemon-reload":
            await manager.reload_all()
        elif verb == "reset-failed":
            await self._reset(names)
        else:
            raise Refused(f"Unknown request {verb}.")
        if request not in manager.finished:
            manager.finished.append(request)

    async def _reset(self, names: list[str]) -> None:
        for name in names:
            if name not in self.manager.units:
                raise Refused(f"Unit {name} not loaded.", 5)
        for unit in list(self.manager.units.values()):
            if names and unit.name not in names:
                continue
            unit.starts = []
            if isinstance(unit, Service):
                unit.restarts = 0
            if unit.active == FAILED:
                if isinstance(unit, Service):
                    unit.result = "success"
                await unit.become(INACTIVE, "dead")

    # -- answers -------------------------------------------------------------------------------

    async def answer(self) -> None:
        """Tell whoever waits for what is done; go down if that was the last thing to do."""
        finished, self.manager.finished = self.manager.finished, []
        for request in finished:
            if request.reply >= 0:
                await self._answer(request)
        if self._down is not None and not self._down[0].pending:
            await self._power(self._down[1])

    async def _answer(self, request: Request) -> None:
        lines = [f"{name}\0{result}\n" for name, result in request.results]
        with suppress(OSError):  # who does not wait for the answer is not told
            await self.sys.send(request.reply, "".join(lines).encode("latin-1"), MSG_NOSIGNAL)
        await self.sys.close(request.reply)
        request.reply = -1

    async def _power(self, command: int) -> None:
        """Ask everybody to go, then make them, write the disk and cut the power."""
        sys = self.sys
        self._down = None
        for sig in (Sig.SIGTERM, Sig.SIGKILL):
            try:
                await sys.kill(-1, sig)
                await sys.kill(-1, Sig.SIGCONT)
            except OSError:
                break
            if sig == Sig.SIGTERM:
                await self._wait_for_the_end()
        await sys.sync()
        await sys.reboot(command)

    async def _wait_for_the_end(self) -> None:
        """Until every child has ended, at most :data:`GRACE`."""
        sys = self.sys
        left = GRACE
        while left > 0:
            try:
                while (await sys.waitpid(-1, 1)).pid:
                    pass
            except OSError:
                return
            await sys.nanosleep(GRACE // 20)
            left -= GRACE // 20
