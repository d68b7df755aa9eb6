"""``--pcap FILE``: what passes a machine's interfaces, as a file for Wireshark or tcpdump."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minios.cli.errors import Failure
from minios.game import sandbox
from minios.net.capture import HostCapture

if TYPE_CHECKING:
    from minios.game.spec import Level


@contextmanager
def capturing(path: str, level: Level | None, machine: str) -> Iterator[HostCapture]:
    """An instrument that writes what ``machine`` sends and receives to ``path``, from its boot on.

    Frames are dated by the level's clock.
    """
    try:
        file = open(path, "wb")  # noqa: SIM115 - closed below, where a full disk can be told
    except OSError as err:
        raise Failure(f"{path}: {err.strerror}") from None
    try:
        yield HostCapture(machine, file.write, sandbox.CLOCK if level is None else level.clock)
    finally:
        try:
            file.close()
        except OSError as err:
            raise Failure(f"{path}: {err.strerror}") from None
