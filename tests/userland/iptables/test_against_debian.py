"""iptables and conntrack say and end the same as Debian's in a network namespace of its own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from minios.testing import Box

HERE = Path(__file__).parent
MISSING = [
    tool
    for tool in ("iptables", "conntrack", "nc", "unshare", "dash")
    if shutil.which(tool) is None
]


def _version() -> str:
    try:
        done = subprocess.run(["iptables", "--version"], capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()


def _namespaces() -> bool:
    try:
        return subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0
    except OSError:
        return False


pytestmark = pytest.mark.skipif(
    os.geteuid() != 0
    or bool(MISSING)
    or _version() != "iptables v1.8.9 (nf_tables)"
    or not _namespaces(),
    reason="needs root, network namespaces and Debian's iptables 1.8.9",
)


def masked(text: str) -> list[str]:
    """Lines, without dates and the seconds that an entry has left."""
    text = re.sub(r"( on )[A-Z][a-z]{2} .*\d{4}$", r"\1DATE", text, flags=re.M)
    return re.sub(r"^(.*(?:tcp|udp) +\d+) \d+ ", r"\1 T ", text, flags=re.M).split("\n")


@pytest.mark.parametrize("script", ["commands", "spellings", "tables", "rules", "conntrack"])
def test_they_say_what_debians_say(script: str, tmp_path: Path) -> None:
    text = (HERE / f"{script}.sh").read_text()
    rules = (HERE / "rules.txt").read_bytes()
    box = Box(user="root")
    box.write("/tmp/rules.txt", rules)
    box.write("/tmp/script", text.encode())
    mine = box.run("sh /tmp/script 2>&1", until=600 * 10**9).stdout.decode()
    (tmp_path / "rules.txt").write_bytes(rules)
    real = subprocess.run(
        ["unshare", "-n", "dash", "-c", text.replace("/tmp/", f"{tmp_path}/")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        text=True,
    ).stdout.replace(f"{tmp_path}/", "/tmp/")
    assert masked(mine) == masked(real)
