"""tshark as a referee of captures: nothing malformed, every checksum right."""

import shutil
import subprocess
from pathlib import Path

import pytest

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="no tshark")

CHECKS = ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE")
WRONG = (
    "_ws.malformed || _ws.expert.severity >= 8388608 || ip.checksum.status == 0 || "
    "tcp.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0"
)
"""Malformed, an expert's error, or a checksum that is bad."""


def lines(path: Path, wanted: str = "", *fields: str) -> list[str]:
    """The packets a display filter takes, a line each; or these fields of them."""
    command = [TSHARK or "", "-n", "-r", str(path)]
    for check in CHECKS:
        command += ["-o", check]
    if wanted:
        command += ["-Y", wanted]
    if fields:
        command += ["-T", "fields"]
        for field in fields:
            command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


def clean(path: Path) -> int:
    """How many packets a capture has; none of them has anything wrong."""
    assert lines(path, WRONG) == []
    return len(lines(path))


def anomalies(path: Path) -> list[str]:
    """What TCP analysis makes a note of."""
    return lines(path, "tcp.analysis.flags")
