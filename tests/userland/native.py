"""Runs a command line twice over the host's files: with our program and with Debian's."""

import os
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

from minios.userland.table import load
from tests.userland.on_host import Host

ENV = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin", "HOME": "/", "TERM": "xterm"}


class Outcome(NamedTuple):
    """What a command left behind."""

    status: int
    stdout: bytes
    stderr: bytes


def ours(argv: list[str], cwd: Path, stdin: bytes = b"") -> Outcome:
    """Run the native program called ``argv[0]`` in a child that answers its traps."""
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    in_read, in_write = os.pipe()
    os.write(in_write, stdin)
    os.close(in_write)
    pid = os.fork()
    if pid == 0:
        status = 255
        try:
            for number, fd in enumerate((in_read, out_write, err_write)):
                os.dup2(fd, number)
            os.closerange(3, 64)
            os.chdir(cwd)
            os.umask(0o022)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            host = Host()
            env = {key.encode(): value.encode() for key, value in ENV.items()}
            args = [os.fsencode(arg) for arg in argv]
            status = host.run(load(argv[0])(host.sys, args, env))
        except BaseException as err:
            os.write(2, repr(err).encode())
        finally:
            os._exit(status & 255)
    for fd in (in_read, out_write, err_write):
        os.close(fd)
    with open(out_read, "rb") as out, open(err_read, "rb") as err:
        stdout, stderr = out.read(), err.read()
    _, status = os.waitpid(pid, 0)
    return Outcome(os.waitstatus_to_exitcode(status), stdout, stderr)


def theirs(argv: list[str], cwd: Path, stdin: bytes = b"") -> Outcome:
    """Run Debian's program; ``argv[0]`` stays what messages begin with."""
    done = subprocess.run(
        argv, executable=f"/usr/bin/{argv[0]}", cwd=cwd, input=stdin, env=ENV, umask=0o022,
        capture_output=True, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


def version_of(tool: str) -> str:
    """The first line of ``TOOL --version``; empty if there is no such tool."""
    try:
        done = subprocess.run([f"/usr/bin/{tool}", "--version"], capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.decode().partition("\n")[0]
