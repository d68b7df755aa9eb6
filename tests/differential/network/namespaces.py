"""The real side: a network namespace a machine, veth pairs for cables, bridges for switches."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.differential.network.topology import Answer, Topology, masked

TOOLS = (
    "ip", "iptables", "iptables-save", "conntrack", "ping", "traceroute", "nc", "arp", "ss",
    "tracepath", "sysctl",
)  # fmt: skip

LIMIT = 60
"""Seconds that a step may take."""


def missing() -> str:
    """Why namespaces cannot be had here; empty if they can."""
    if not sys.platform.startswith("linux"):
        return "this is not Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in TOOLS:
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    if "openbsd" not in os.path.realpath(shutil.which("nc") or ""):
        return "nc is not OpenBSD's"
    trial = f"minios-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", trial], capture_output=True, check=False)
    if made.returncode:
        return "ip netns add does not work here"
    works = subprocess.run(
        ["ip", "netns", "exec", trial, "iptables", "-t", "nat", "-L", "-n"],
        capture_output=True,
        check=False,
    )
    subprocess.run(["ip", "netns", "del", trial], capture_output=True, check=False)
    return "" if works.returncode == 0 else "iptables does not work in a namespace here"


class Namespaces:
    """The machines of a topology while it stands."""

    def __init__(self, name: str, topology: Topology) -> None:
        self.prefix = f"minios-{os.getpid()}-{name}-"
        self.topology = topology
        self.home = ""

    def _ns(self, node: str) -> str:
        return self.prefix + node

    def _ip(self, *words: str, ns: str = "") -> None:
        inside = ["-n", self._ns(ns)] if ns else []
        subprocess.run(["ip", *inside, *words], check=True, capture_output=True, text=True)

    def build(self) -> None:
        topology = self.topology
        for node in [*topology.nics, *topology.switches]:
            self._ip("netns", "add", self._ns(node))
            for knob in ("all", "default"):
                self._exec(node, f"sysctl -qw net.ipv6.conf.{knob}.disable_ipv6=1")
                self._exec(node, f"sysctl -qw net.ipv4.conf.{knob}.rp_filter=0")
            self._ip("link", "set", "lo", "up", ns=node)
        for switch in topology.switches:
            self._ip("link", "add", "br0", "type", "bridge", ns=switch)
            self._ip("link", "set", "br0", "up", ns=switch)
        for number, (one, other) in enumerate(topology.cables):
            names = []
            for end in (one, other):
                node, _, nic = end.partition(".")
                names.append((node, nic or f"p{number}"))
            (left, left_nic), (right, right_nic) = names
            self._ip(
                "link", "add", left_nic, "netns", self._ns(left), "type", "veth",
                "peer", "name", right_nic, "netns", self._ns(right),
            )  # fmt: skip
            for node, nic in names:
                if node in topology.switches:
                    self._ip("link", "set", nic, "master", "br0", "up", ns=node)

    def _exec(self, node: str, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ip", "netns", "exec", self._ns(node), "sh", "-c", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            cwd=self.home or "/tmp",
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "LC_ALL": "C"},
        )  # fmt: skip

    def run(self) -> list[Answer]:
        """Every step's answer, in order."""
        answers = []
        for node, command in self.topology.steps:
            got = self._exec(node, command)
            answers.append(Answer(got.returncode, masked(got.stdout), masked(got.stderr)))
        return answers

    def destroy(self) -> None:
        """End what runs inside, and take the namespaces away."""
        for node in [*self.topology.nics, *self.topology.switches]:
            ns = self._ns(node)
            listed = subprocess.run(
                ["ip", "netns", "pids", ns], capture_output=True, text=True, check=False
            )
            for pid in listed.stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", ns], capture_output=True, check=False)


@contextlib.contextmanager
def standing(name: str, topology: Topology) -> Iterator[Namespaces]:
    """A topology in namespaces, taken down afterwards."""
    namespaces = Namespaces(name, topology)
    namespaces.home = tempfile.mkdtemp(prefix="minios-", dir="/tmp")
    try:
        namespaces.build()
        time.sleep(0.5)  # carriers
        yield namespaces
    finally:
        namespaces.destroy()
        shutil.rmtree(namespaces.home, ignore_errors=True)


def answers(name: str, topology: Topology) -> list[Answer]:
    """Build, run and take down."""
    with standing(name, topology) as namespaces:
        return namespaces.run()
