"""ss on a real Linux and here: the same commands about the same sockets, byte for byte.

In a network namespace of its own; skips without root, ip(8), ss(8) or nc(1).
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from minios import testing

NETNS = f"minios-ss-{os.getpid()}"

SETUP = """\
nc -l -p 7010 >/dev/null 2>&1 &
nc -lk 127.0.0.1 22 >/dev/null 2>&1 &
nc -u -l -p 9000 >/dev/null 2>&1 &
sleep 0.5
sleep 20 | nc -p 40000 127.0.0.1 7010 >/dev/null &
nc -l -p 7011 >/dev/null 2>&1 &
sleep 0.5
nc -N -p 40002 127.0.0.1 7011 </dev/null
sleep 0.2
"""

COMMANDS = (
    "ss -tln", "ss -ltu", "ss -tan", "ss -tulpan", "ss -tH", "ss -uan", "ss -u", "ss -wan",
    "ss -tan state time-wait", "ss -tanH state time-wait", "ss -t state listening",
    "ss -tn state established", "ss -tan exclude listening", "ss -tan state syn-sent",
    "ss -tan state all sport eq :22", "ss -tn sport = :7010", "ss -tn dport = 7010",
    "ss -tan dst 127.0.0.0/8", "ss -tan src 127.0.0.1:40000", "ss -tan sport lt 1000",
    "ss -tan sport '>=' :7010", "ss -tan dst 127.0.0.1 and not sport = :22",
    "ss -tan '( dport = :7010 or sport = :22 )'", "ss -tan sport = :ssh", "ss -ta sport = :ssh",
    "ss -A tcp -ln", "ss -A udp,tcp -ln", "ss -tlnH4", "ss -Otan", "ss -tn6", "ss -tanp sport = 22",
    "ss -t state bogus", "ss -tan dst nonsense", "ss -V", "ss -ntl -o",
)  # fmt: skip


def script() -> str:
    lines = [SETUP]
    for command in COMMANDS:
        lines.append(f"echo '### {command.replace(chr(39), '')}'; {command} 2>&1; echo \"= $?\"")
    return "\n".join(lines)


def masked(text: str) -> list[str]:
    """Without what differs from run to run: process ids, and how wide they make a column."""
    text = re.sub(r"pid=\d+", "pid=N", text)
    lines = [re.sub(r" +$", "", line) for line in text.splitlines()]
    return sorted_within(lines)


def sorted_within(lines: list[str]) -> list[str]:
    """Linux lists sockets in the order of its hash tables: sort the rows of each answer."""
    out: list[str] = []
    rows: list[str] = []
    for line in lines:
        if line.startswith(("### ", "= ", "State", "Netid", "Recv-Q")):
            out += sorted(rows)
            rows = []
            out.append(line)
        else:
            rows.append(line)
    return out + sorted(rows)


TOOLS = ("ip", "ss", "nc", "dash")


@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, TOOLS)), reason="no root, or a tool is missing"
)
def test_ss_prints_what_linux_prints(tmp_path: Path) -> None:
    made = subprocess.run(["ip", "netns", "add", NETNS], capture_output=True)
    if made.returncode:
        pytest.skip("no network namespaces")
    inside = ["ip", "netns", "exec", NETNS]
    try:
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        with (tmp_path / "real").open("wb") as file:
            subprocess.run(
                [*inside, "dash", "-c", script()], stdout=file, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, timeout=30, start_new_session=True,
            )  # fmt: skip
    finally:
        pids = subprocess.run(["ip", "netns", "pids", NETNS], capture_output=True, text=True).stdout
        for pid in pids.split():
            os.kill(int(pid), 15)
        subprocess.run(["ip", "netns", "del", NETNS], check=True)
    real = (tmp_path / "real").read_text()
    here = testing.Box(user="root").run(script()).stdout.decode()
    assert masked(here) == masked(real)
