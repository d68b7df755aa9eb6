"""Signals of a shell: its traps, and what it does about signals for its own sake (XCU 2.11)."""

from typing import TYPE_CHECKING

from minios.abi.signals import NSIG, SIG_DFL, SIG_IGN, Sig
from minios.abi.sys import Disposition, Sys
from minios.userland.shell.errors import Interrupted
from minios.userland.shell.flow import RETURN

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

# What is known of a signal's disposition.

UNKNOWN, DEFAULT, CAUGHT, IGNORED, IGNORED_FOR_GOOD = range(5)

_OWN = (
    Sig.SIGINT, Sig.SIGQUIT, Sig.SIGTERM, Sig.SIGTSTP, Sig.SIGTTOU, Sig.SIGTTIN, Sig.SIGWINCH,
)  # fmt: skip
"""The signals about which a shell does something for its own sake."""


class Traps:
    """The ``trap`` settings of one shell; number 0 is EXIT."""

    def __init__(self, shell: "Shell") -> None:
        self.sh = shell
        self.actions: dict[int, bytes] = {}
        self.modes: dict[int, int] = {}
        self.arrived: list[int] = []
        self.pending = False
        """True when :meth:`run` has something to do."""
        self.resized = False
        """The terminal's size changed: the line editor looks here."""
        self.status: int | None = None
        """``$?`` from before the trap that is running."""

    def copy_to(self, child: "Traps") -> None:
        """A subshell keeps what is ignored; caught signals get their default back there."""
        child.actions = {sig: action for sig, action in self.actions.items() if not action}
        child.modes = self.modes.copy()

    def any_caught(self) -> bool:
        """Whether some trap may have to be run by this very process later."""
        return any(self.actions.values())

    # -- dispositions --------------------------------------------------------------------------

    async def setup(self) -> None:
        """Install what the shell itself wants, after its options changed."""
        for sig in _OWN:
            await self.set_signal(sig)

    def _wanted(self, sig: int) -> int:
        action = self.actions.get(sig)
        if action is not None:
            if sig == Sig.SIGCHLD and not action:
                return DEFAULT  # who ignores it cannot wait for children
            return CAUGHT if action else IGNORED
        sh = self.sh
        if sh.level == 0:
            if sig == Sig.SIGINT or (sig == Sig.SIGWINCH and sh.interactive):
                return CAUGHT
            if sig in (Sig.SIGTERM, Sig.SIGQUIT) and sh.interactive:
                return IGNORED
            if sig in (Sig.SIGTSTP, Sig.SIGTTOU, Sig.SIGTTIN) and sh.job_control:
                return IGNORED
        return DEFAULT

    async def set_signal(self, sig: int) -> None:
        """Make the kernel's disposition what the traps and options ask for.

        A signal that was ignored when a non-interactive shell started stays so (XCU 2.11).
        """
        wanted = self._wanted(sig)
        mode = self.modes.get(sig, UNKNOWN)
        if mode in (wanted, IGNORED_FOR_GOOD):
            return
        if mode == UNKNOWN:
            if wanted == DEFAULT:
                return
            old = await self.sh.sys.sigaction(sig)
            if old == SIG_IGN and not self.sh.interactive:
                self.modes[sig] = IGNORED_FOR_GOOD
                return
        disposition: Disposition = SIG_DFL
        if wanted == CAUGHT:
            disposition = self._handler()
        elif wanted == IGNORED:
            disposition = SIG_IGN
        try:
            await self.sh.sys.sigaction(sig, disposition)
        except OSError:
            return  # KILL and STOP
        self.modes[sig] = wanted

    def _handler(self) -> Disposition:
        async def note(sys: Sys, sig: int) -> None:
            if sig == Sig.SIGWINCH:
                self.resized = True
                if sig not in self.actions:
                    return
            if sig not in self.arrived:
                self.arrived.append(sig)
            self.pending = True

        return note

    async def in_child(self, *, background: bool, foreground_job: bool) -> None:
        """After a fork: forget the parent's traps, as :meth:`copy_to` prepared it."""
        for sig, mode in list(self.modes.items()):
            wanted = IGNORED if sig in self.actions else DEFAULT
            if mode == CAUGHT or (mode == IGNORED and wanted == DEFAULT):
                await self.sh.sys.sigaction(sig, SIG_DFL)
                self.modes[sig] = DEFAULT
        if background:
            for sig in (Sig.SIGINT, Sig.SIGQUIT):
                if self.modes.get(sig) != IGNORED_FOR_GOOD:
                    await self.sh.sys.sigaction(sig, SIG_IGN)
                    self.modes[sig] = IGNORED_FOR_GOOD

    async def set_action(self, sig: int, action: bytes | None) -> None:
        """``trap action sig``; None resets."""
        if action is None:
            self.actions.pop(sig, None)
        else:
            self.actions[sig] = action
        if 0 < sig <= NSIG:
            await self.set_signal(sig)

    # -- delivery ------------------------------------------------------------------------------

    def interrupted(self) -> bool:
        """Whether SIGINT came and no trap is set for it."""
        return bool(self.arrived) and Sig.SIGINT in self.arrived and not self.actions.get(2)

    def interrupting_status(self) -> int:
        """What ``wait`` returns when a trapped signal ends it: 128 and the signal's number."""
        return 128 + (self.arrived[-1] if self.arrived else 0)

    def check_interrupt(self) -> None:
        """Give the line up if ctrl+c was pressed."""
        if self.interrupted() and self.sh.interactive:
            self.arrived = [sig for sig in self.arrived if sig != Sig.SIGINT]
            self.pending = bool(self.arrived)
            raise Interrupted

    async def obey(self) -> None:
        """After ctrl+c give up: the line if the shell is interactive, else its life.

        For whatever takes long without coming to the end of a command.
        """
        if self.interrupted():
            self.check_interrupt()
            sys = self.sh.sys
            await sys.sigaction(Sig.SIGINT, SIG_DFL)
            self.modes[Sig.SIGINT] = DEFAULT
            await sys.kill(await sys.getpid(), Sig.SIGINT)

    async def run(self) -> None:
        """Run the actions of the signals that came, between two commands."""
        sh = self.sh
        await self.obey()
        while self.arrived and not sh.skip:
            sig = min(self.arrived)
            self.arrived = [other for other in self.arrived if other != sig]
            self.pending = bool(self.arrived)  # so that a wait in the action waits
            action = self.actions.get(sig)
            if action:
                await self._act(action)
        self.pending = bool(self.arrived)

    async def _act(self, action: bytes) -> None:
        sh = self.sh
        outer, status = self.status, sh.status
        if outer is None:
            self.status = status
        await sh.evaluate(action)
        self.status = outer
        if sh.skip != RETURN:
            sh.status = status
