"""Debian's dig, host, nslookup, curl, wget and whois were recorded against these very servers.

record.py ran them on the host, where MiniOS's named, httpd and whoisd answered on real sockets;
here the same servers run in MiniOS, and MiniOS's programs have to print the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minios.testing import Box
from tests.userland.netservices.servers import REGISTRY, SERVERS, dns_files, masked, site_files

FOLDER = "/tmp/minios-recorded"
RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[int, str, str]]:
    """What every command prints, in the order in which they were recorded."""
    box = Box(user="root")
    for path, text in (dns_files(FOLDER) | site_files(FOLDER)).items():
        box.write(path, text.encode(), 0o755 if "/cgi/" in path else 0o644)
    for name in SERVERS:
        box.run(f"named -p 5300 -c {FOLDER}/{name}/named.conf")
    box.run(f"httpd -f {FOLDER}/httpd.conf; sleep 1")
    box.write(f"{FOLDER}/registry.db", REGISTRY.encode())
    box.run(f"whoisd -p 4343 -f {FOLDER}/registry.db; sleep 1")
    found = {}
    for entry in RECORDED:
        command = entry["command"]
        tool = command.split()[0]
        got = box.run(f"rm -rf /tmp/here; mkdir /tmp/here; cd /tmp/here; {command}")
        found[command] = (
            got.status,
            masked(tool, got.stdout.decode("latin-1")),
            masked(tool, got.stderr.decode("latin-1")),
        )
    return found


@pytest.mark.parametrize("entry", RECORDED, ids=[entry["command"] for entry in RECORDED])
def test_it_prints_what_debians_tool_printed(
    entry: dict[str, object], answers: dict[str, tuple[int, str, str]]
) -> None:
    expected = entry["status"], entry["stdout"], entry["stderr"]
    assert answers[str(entry["command"])] == expected
