"""What systemctl asks for: requests through a FIFO that only root may write to.

A request is one line (at most PIPE_BUF bytes, so that two never mix): the path of the FIFO for the
answer, a verb, flags and the units, with NULs between. The answer is lines ``unit NUL result``,
``! NUL exit status NUL text`` for a refusal, and at last an empty line.
"""

from __future__ import annotations

from minios.abi.flags import (
    O_CLOEXEC,
    O_NONBLOCK,
    O_RDWR,
    O_WRONLY,
    REBOOT_POWER_OFF,
    REBOOT_RESTART,
)
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.userland.bin.init.manager import Manager, Refused, Request
from minios.userland.bin.init.service import Service
from minios.userland.bin.init.unit import FAILED, FOLDER, INACTIVE
from minios.userland.lib.stdio import write_all
from minios.userland.lib.units import find

PATH = b"/run/systemd/private"

_JOBS = {
    "start", "stop", "restart", "reload", "try-restart", "reload-or-restart",
    "try-reload-or-restart",
}  # fmt: skip
_POWER = {"poweroff": REBOOT_POWER_OFF, "halt": REBOOT_POWER_OFF, "reboot": REBOOT_RESTART}
GRACE = 2_000_000_000
"""How long processes that belong to no service have to end when the machine goes down, in ns."""


class Control:
    """The listening end."""

    def __init__(self, sys: Sys, manager: Manager) -> None:
        self.sys = sys
        self.manager = manager
        self.fd = -1
        self._rest = b""
        self._down: tuple[Request, int] | None = None

    async def listen(self) -> None:
        sys = self.sys
        try:
            await sys.mkdir(FOLDER, 0o755)
            await sys.mkfifo(PATH, 0o600)
            self.fd = await sys.open(PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        except OSError:
            return

    async def read(self) -> None:
        try:
            data = await self.sys.read(self.fd, 4096)
        except OSError:
            return
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[-4096:]
        for line in lines:
            words = line.decode("latin-1").split("\0")
            if len(words) >= 3:
                await self._request(words[0], words[1], words[2].split(), words[3:])

    async def _request(self, path: str, verb: str, options: list[str], names: list[str]) -> None:
        request = Request()
        if path:
            try:
                oflag = O_WRONLY | O_NONBLOCK | O_CLOEXEC
                request.reply = await self.sys.open(path.encode("latin-1"), oflag)
            except OSError:
                return
        if "no-block" in options and request.reply >= 0:
            await self._answer(request)
        try:
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
        try:
            await write_all(self.sys, request.reply, ("".join(lines) + "\n").encode("latin-1"))
            await self.sys.close(request.reply)
        except OSError:
            pass
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
