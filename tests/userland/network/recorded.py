"""What Debian's programs said, and how to record it again.

A recording is a text: a command after ``$``, its exit status after ``=``, then its standard output,
and its standard error after ``!``. All commands of a file were given by root on one machine with
one interface, ``eth0``, whose other end is somebody who says nothing.

``python -m tests.userland.network.recorded NAME`` records ``NAME.txt`` anew, as root, in network
namespaces of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Case(NamedTuple):
    """A command and its answer."""

    command: str
    status: int
    stdout: str
    stderr: str


_MASKS = (
    (re.compile(r"@if\d+( *)"), lambda m: " " * len(m.group()) if m.group(1) else ""),
    (re.compile(r"^(33:33:|\tlink  33:33:|\tinet6 ).*\n", re.MULTILINE), lambda m: ""),
    (re.compile(r"\bcost \d+"), lambda m: "cost C"),
    (re.compile(r" permaddr \S+"), lambda m: ""),
    (re.compile(r" link-netns(id)? \S+"), lambda m: ""),
    (re.compile(r"qdisc \S+"), lambda m: "qdisc Q"),
    (re.compile(r"^(\d+): (?!lo)", re.MULTILINE), lambda m: "N: "),
)


def masked(text: str) -> str:
    """Without IPv6, the names of queues, the costs of ports and the numbers of devices."""
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return text


def read(name: str) -> list[Case]:
    """The cases of a recording."""
    cases: list[Case] = []
    for block in (HERE / f"{name}.txt").read_text().split("\n$ ")[1:]:
        command, status, *lines = block.split("\n")
        out = "".join(f"{line[1:]}\n" for line in lines if line.startswith(" "))
        err = "".join(f"{line[1:]}\n" for line in lines if line.startswith("!"))
        cases.append(Case(command, int(status[2:]), out, err))
    return cases


def record(name: str) -> None:
    """Run the commands of a recording on this machine, and write down what came."""
    commands = [case.command for case in read(name)]
    here, there = f"rec-{name}-a", f"rec-{name}-b"

    def run(*argv: str) -> None:
        subprocess.run(argv, check=True)

    inside = ("ip", "netns", "exec", here)
    text = (HERE / f"{name}.txt").read_text().partition("\n$ ")[0]
    try:
        for namespace in (here, there):
            run("ip", "netns", "add", namespace)
            for which in ("all", "default"):
                knob = f"net.ipv6.conf.{which}.disable_ipv6=1"
                run("ip", "netns", "exec", namespace, "sysctl", "-qw", knob)
        run("ip", "link", "add", "eth0", "netns", here, "address", "02:00:00:00:00:01",
            "type", "veth", "peer", "name", "eth0", "netns", there)  # fmt: skip
        run(*inside, "ip", "link", "set", "lo", "up")
        run("ip", "netns", "exec", there, "ip", "link", "set", "eth0", "arp", "off", "up")
        for command in commands:
            done = subprocess.run([*inside, "sh", "-c", command], capture_output=True, text=True)
            text += f"\n$ {command}\n= {done.returncode}"
            for mark, output in ((" ", done.stdout), ("!", done.stderr)):
                text += "".join(f"\n{mark}{line}" for line in masked(output).splitlines())
    finally:
        for namespace in (here, there):
            subprocess.run(["ip", "netns", "del", namespace], check=False)
    (HERE / f"{name}.txt").write_text(text + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
