"""MiniOS's DHCP programs and Debian's, on a veth pair between two namespaces of the host.

Skips without root, ip, dhclient and dnsmasq.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

NEEDED = ("ip", "dhclient", "dnsmasq")
SERVER, CLIENT = f"svcs{os.getpid()}", f"svcc{os.getpid()}"
MINE = [sys.executable, "-m", "tests.userland.netservices.net_on_host"]
SCRIPT = "#!/bin/sh\nenv | grep -E '^(reason|new_|old_|interface)' | sort >> {log}\necho >> {log}\n"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(tool) is None for tool in NEEDED),
    reason="needs root, ip, dhclient and dnsmasq",
)


def ip(*args: str) -> bool:
    return subprocess.run(["ip", *args], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def wire() -> Iterator[None]:
    made = ip("netns", "add", SERVER) and ip("netns", "add", CLIENT)
    made = made and ip(
        "link", "add", "s0", "netns", SERVER, "type", "veth", "peer", "c0", "netns", CLIENT
    )
    if not made:
        for name in (SERVER, CLIENT):
            ip("netns", "del", name)
        pytest.skip("no namespaces here")
    for name, nic in ((SERVER, "s0"), (CLIENT, "c0")):
        ip("-n", name, "link", "set", nic, "up")
    ip("-n", SERVER, "addr", "add", "10.77.0.1/24", "dev", "s0")
    yield
    for name in (SERVER, CLIENT):
        ip("netns", "del", name)


def inside(name: str, *command: str) -> list[str]:
    return ["ip", "netns", "exec", name, *command]


class Daemon:
    """A server that runs while the block does."""

    def __init__(self, *command: str) -> None:
        self.command = inside(SERVER, *command)

    def __enter__(self) -> None:
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(1)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


def client(tool: list[str], folder: Path, *more: str) -> tuple[list[str], str]:
    """(what it says, what its script is told) of a client that asks once, told apart by nothing
    that differs from run to run."""
    log = folder / "log"
    script = folder / "script"
    script.write_text(SCRIPT.format(log=log))
    script.chmod(0o755)
    log.write_text("")
    common = [
        "-v", "-1", "-sf", str(script), "-lf", str(folder / "leases"),
        "-pf", str(folder / "pid"), "-cf", "/dev/null",
    ]  # fmt: skip
    done = subprocess.run(
        inside(CLIENT, *tool, *common, *more, "c0"), capture_output=True, timeout=30
    )
    pid = folder / "pid"
    for _ in range(20):
        if pid.exists() and pid.read_text().strip():
            subprocess.run(["kill", pid.read_text().strip()])
            break
        time.sleep(0.1)
    lines = [
        re.sub(r"(interval|renewal in) \d+", r"\1 N", line)
        for line in done.stderr.decode().split("\n")
        if line.startswith(("DHCP", "bound", "Listening", "Sending"))
    ]
    told = re.sub(r"expiry=\d+", "expiry=N", log.read_text())
    return [line for line in lines if "DISCOVER" not in line or lines.count(line) == 1], told


DNSMASQ = (
    "--port=0", "--interface=s0", "--bind-interfaces", "--dhcp-range=10.77.0.10,10.77.0.20,1h",
    "--dhcp-option=option:domain-name,lan.test", "--dhcp-option=option:dns-server,10.77.0.53",
    "--dhcp-authoritative", "--no-ping", "--no-hosts", "--no-resolv", "--keep-in-foreground",
    "--conf-file=/dev/null",
)  # fmt: skip


def test_dhclient_says_and_tells_its_script_what_iscs_does(wire: None, tmp_path: Path):
    answers = []
    for name, tool in (("theirs", ["dhclient"]), ("mine", [*MINE, "dhclient"])):
        folder = tmp_path / name
        folder.mkdir()
        with Daemon("dnsmasq", *DNSMASQ, f"--dhcp-leasefile={tmp_path}/dnsmasq.leases"):
            answers.append(client(tool, folder))
    (said, told), (mine_said, mine_told) = answers
    assert "bound to 10.77.0." in said[-1]
    assert mine_said == said
    drop = re.compile(r"^new_(next_server|host_name)=.*\n", re.M)
    assert drop.sub("", mine_told) == drop.sub("", told)


def test_iscs_dhclient_gets_a_lease_from_dhcpd(wire: None, tmp_path: Path):
    config = tmp_path / "dhcpd.conf"
    config.write_text(
        "authoritative; default-lease-time 600; ping-check false;\n"
        'option domain-name "lan.test"; option domain-name-servers 10.77.0.53;\n'
        "subnet 10.77.0.0 netmask 255.255.255.0 {\n"
        "  option routers 10.77.0.1; range 10.77.0.100 10.77.0.102;\n}\n"
    )
    with Daemon(*MINE, "dhcpd", "-d", "-cf", str(config), "-lf", str(tmp_path / "leases.db"), "s0"):
        said, told = client(["dhclient"], tmp_path)
        again, _ = client(["dhclient"], tmp_path)
    assert said[-4:] == [
        "DHCPOFFER of 10.77.0.100 from 10.77.0.1",
        "DHCPREQUEST for 10.77.0.100 on c0 to 255.255.255.255 port 67",
        "DHCPACK of 10.77.0.100 from 10.77.0.1",
        "bound to 10.77.0.100 -- renewal in N seconds.",
    ]
    for line in (
        "new_ip_address=10.77.0.100", "new_subnet_mask=255.255.255.0", "new_routers=10.77.0.1",
        "new_domain_name=lan.test", "new_domain_name_servers=10.77.0.53",
        "new_dhcp_lease_time=600",
    ):  # fmt: skip
        assert f"{line}\n" in told
    assert again[-3:] == [
        "DHCPREQUEST for 10.77.0.100 on c0 to 255.255.255.255 port 67",
        "DHCPACK of 10.77.0.100 from 10.77.0.1",
        "bound to 10.77.0.100 -- renewal in N seconds.",
    ]
