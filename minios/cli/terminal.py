"""An interactive ``minios sh``: the host's terminal becomes the simulated tty1.

Keys go in and output comes out as bytes; the simulated line discipline does what a terminal's does.
Time is held at the prompt and flows with the clock while something runs, so that ``sleep`` and
``top`` behave as they do elsewhere. ctrl+] leaves at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from minios.cli.errors import Failure
from minios.game import sandbox
from minios.game.keys import split_keys
from minios.game.session import Session
from minios.game.spec import Level, Player

if TYPE_CHECKING:
    from minios.kernel.process import PCB

ESCAPE = b"\x1d"
CHUNK = 65536


class _Shell:
    """An instrument: notices when the login shell on the player's terminal is gone."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.status: int | None = None
        self.last_words = b""
        """What was shown until then; getty's next screen is nobody's business."""

    def on_exit(self, pcb: PCB) -> None:
        player = self.session.level.player
        if (
            self.status is None
            and pcb.sid == pcb.pid
            and pcb.tty is not None
            and pcb.tty.name == player.tty.encode()
            and pcb.tty.kernel.machine.name == player.machine
        ):
            status = pcb.exit_status
            self.status = status >> 8 & 0xFF if status & 0x7F == 0 else 128 + (status & 0x7F)
            self.last_words = self.session.take_output()


def interact(
    level: Level | None,
    *,
    machine: str | None = None,
    user: str | None = None,
    seed: int | None = None,
    until: int | None = None,
    record: str | None = None,
    pcap: str | None = None,
) -> int:
    """Bridge this terminal to the world until its shell ends; the shell's exit status."""
    if pcap is not None:
        from minios.cli.pcap import capturing

        where = machine or (level or sandbox.level()).player.machine
        with capturing(pcap, level, where) as capture:
            return _interact(level, machine, user, seed, until, record, (capture,))
    return _interact(level, machine, user, seed, until, record)


def _interact(
    level: Level | None,
    machine: str | None,
    user: str | None,
    seed: int | None,
    until: int | None,
    record: str | None,
    instruments: Sequence[object] = (),
) -> int:
    spec = level if level is not None else sandbox.level()
    spec = _as(spec, machine, user)
    log = None
    if record is not None:
        if spec.player != (level or spec).player:
            raise Failure("a recorded run is played by the level's own player", 2)
        from minios.cli.recorded import FileLog

        log = FileLog(spec, record)
    session = Session(spec, seed=seed, pace="turn", log=log, instruments=instruments)
    with _raw_mode():
        try:
            status = asyncio.run(_bridge(session, until))
        finally:
            session.close()
    if log is not None and log.notice:
        raise Failure(log.notice)
    return status


def _as(level: Level, machine: str | None, user: str | None) -> Level:
    names = [spec.name for spec in level.machines]
    if machine is not None and machine not in names:
        raise Failure(f"no machine {machine!r}; there is {', '.join(names)}")
    where = machine or level.player.machine
    who = user or level.player.user
    if who != "root" and who not in {account.name for account in level.machine(where).users}:
        raise Failure(f"no user {who!r} on {where}")
    return replace(level, player=Player(where, who, level.player.tty))


@contextlib.contextmanager
def _raw_mode() -> Iterator[None]:
    try:
        before = termios.tcgetattr(0)
    except termios.error as err:
        raise Failure(f"stdin: {err.args[-1]}") from None
    tty.setraw(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        # Whatever was on the screen, the host's prompt begins on a line of its own, in its colours.
        with contextlib.suppress(OSError):
            os.write(1, b"\x1b[0m\x1b[?25h\x1b[?2004l\r\n")


async def _bridge(session: Session, until: int | None) -> int:
    loop = asyncio.get_running_loop()
    shell = _Shell(session)
    session.instrument(shell)
    done = asyncio.Event()
    pump = asyncio.create_task(session.run())
    pump.add_done_callback(lambda _: done.set())

    def keys() -> None:
        try:
            data = os.read(0, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or ESCAPE in data:
            done.set()
            return
        for key in split_keys(data):
            session.key(key)

    def size() -> None:
        with contextlib.suppress(OSError):
            columns, lines = os.get_terminal_size(1)
            if columns and lines:  # a terminal that knows no size is taken for 80 by 24
                session.resize(lines, columns)

    def show() -> None:
        shown = session.take_output()
        if shell.status is not None:
            shown, shell.last_words = shell.last_words, b""
        data = memoryview(shown)
        while data:
            try:
                data = data[os.write(1, data) :]
            except BlockingIOError:
                continue
            except OSError:
                done.set()
                return
        late = until is not None and session.now >= until
        if late or session.over or shell.status is not None:
            done.set()

    session.on_output = show
    session.on_step = show
    size()
    loop.add_reader(0, keys)
    loop.add_signal_handler(signal.SIGWINCH, size)
    try:
        await done.wait()
    finally:
        loop.remove_reader(0)
        loop.remove_signal_handler(signal.SIGWINCH)
        session.close()
        await asyncio.wait([pump])
    show()
    if pump.exception() is not None:
        raise pump.exception()  # type: ignore[misc]
    result = session.view().result
    if result is not None:
        word = "won" if result.won else f"lost: {result.cause}"
        print(f"\r\nminios: {session.level.title or session.level.id}: {word}\r", file=sys.stderr)
        return 0 if result.won else 1
    return shell.status if shell.status is not None else 0
