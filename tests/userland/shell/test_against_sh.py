"""The shell against the system's own: the same command lines, the same stdout and exit status.

``MINIOS_SHELL_CASES=FILE`` plays another JSON array of command lines than ``cases.json``.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from minios.testing import run

CASES = Path(os.environ.get("MINIOS_SHELL_CASES") or Path(__file__).with_name("cases.json"))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 20
"""Of the host's time that its own sh may take for one command line."""

DASH = r"printf '%s' ${BASH_VERSION-}${ZSH_VERSION-}${KSH_VERSION-}; echo 'a\tb'"


def host(command: str, directory: Path) -> tuple[int, bytes]:
    """Run ``sh -c command`` here; a death by signal n is status 128 + n, as a shell sees it."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=directory,
        env={"PATH": PATH, "HOME": str(directory), "LC_ALL": "C", "USER": "player"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode if done.returncode >= 0 else 128 - done.returncode, done.stdout


@pytest.fixture(scope="module")
def posix_sh(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip unless the system's sh is dash, or one that takes dash's side where POSIX is silent."""
    if shutil.which("sh") is None:
        pytest.skip("there is no sh here to compare with")
    if host(DASH, tmp_path_factory.mktemp("probe")) != (0, b"a\tb\n"):
        pytest.skip("the sh here is not dash")


@pytest.mark.usefixtures("posix_sh")
@pytest.mark.parametrize("command", json.loads(CASES.read_text(encoding="utf-8")))
def test_a_command_line_prints_and_exits_as_in_sh(command: str, tmp_path: Path) -> None:
    expected = host(command, tmp_path)
    result = run(command)
    assert (result.status, result.stdout) == expected
