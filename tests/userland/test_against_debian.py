"""The same command lines through Debian's tools and through ours, with the host's system calls."""

import os
import shutil
import subprocess
import sys

import pytest

VERSIONS = {"ps": b"procps-ng 4.0.2", "date": b"9.1", "pstree": b"23.6", "renice": b"2.38.1"}

COMMANDS = [
    "date -d @1700000000.5 -Ins",
    "date -u -d 2024-02-29T12:34:56Z +%G-W%V-%u_%j_%-e_%_5d_%N",
    "date -d foo",
    "date --rfc-3339=x",
    "date a b",
    "kill -L",
    "kill -l 9",
    "kill -l xx",
    "kill abc 999999999",
    "nice -n x ls",
    "nice nosuch-program",
    "pgrep -x nosuch-program",
    "pgrep (",
    "pgrep -g x y",
    "pgrep verylongprocessname",
    "pkill -u nosuch-user x",
    "ps -p 1 -o pid=ID,ppid,comm",
    "ps -p 1 -o user,stat,args",
    "ps -p 999999999",
    "pstree 999999999",
    "pstree nosuch-user",
    "renice x 1",
    "sleep x y",
    "timeout x true",
    "timeout 0.2 sleep 5",
    "timeout 1 nosuch-program",
    "tput cup 3 4",
    "tput nosuchcapability",
    "uname -x",
]


def same_versions() -> bool:
    """Whether this machine has the very tools that are the measure."""
    for tool, version in VERSIONS.items():
        path = shutil.which(tool)
        flag = "-V" if tool == "pstree" else "--version"
        if path is None:
            return False
        said = subprocess.run([path, flag], capture_output=True, check=False)
        if version not in said.stdout + said.stderr:
            return False
    return True


pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not same_versions(), reason="not Debian 12's tools"
)


@pytest.mark.parametrize("command", COMMANDS)
def test_output_errors_and_status_are_the_same(command: str) -> None:
    argv = command.split()
    env = {**os.environ, "LC_ALL": "C", "TERM": "xterm", "TZ": "UTC"}
    path = shutil.which(argv[0])
    assert path is not None
    real = subprocess.run(
        argv, executable=path, capture_output=True, env=env, check=False, stdin=subprocess.DEVNULL
    )
    ours = subprocess.run(
        [sys.executable, "-m", "tests.userland.on_host", *argv],
        capture_output=True,
        env=env,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    )
    assert (ours.stdout, ours.stderr, ours.returncode) == (
        real.stdout,
        real.stderr,
        real.returncode,
    )
