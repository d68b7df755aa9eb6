"""time: run a program and say what it used (GNU time 1.9)."""

from minios.abi.errno import Errno
from minios.abi.flags import O_APPEND, O_CREAT, O_TRUNC, O_WRONLY, wexitstatus, wifexited, wtermsig
from minios.abi.records import Rusage
from minios.abi.signals import SIG_DFL, SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.userland.lib.execvp import execvp
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why, write_all

USAGE = """
Usage: time [OPTIONS] COMMAND [ARG]...
Run COMMAND, then print system resource usage.

  -a, --append              with -o FILE, append instead of overwriting
  -f, --format=FORMAT       use the specified FORMAT instead of the default
  -o, --output=FILE         write to FILE instead of STDERR
  -p, --portability         print POSIX standard 1003.2 conformant string:
                              real %%e
                              user %%U
                              sys %%S
  -q, --quiet               do not print information about abnormal program
                            termination (non-zero exit codes or signals)
  -v, --verbose             print all resource usage information instead of
                            the default format
  -h,  --help               display this help and exit
  -V,  --version            output version information and exit
"""

DEFAULT = b"%Uuser %Ssystem %Eelapsed %PCPU (%Xavgtext+%Davgdata %Mmaxresident)k\n"
DEFAULT += b"%Iinputs+%Ooutputs (%Fmajor+%Rminor)pagefaults %Wswaps"
POSIX = b"real %e\nuser %U\nsys %S"
VERBOSE = b"""\tCommand being timed: "%C"
\tUser time (seconds): %U
\tSystem time (seconds): %S
\tPercent of CPU this job got: %P
\tElapsed (wall clock) time (h:mm:ss or m:ss): %E
\tAverage shared text size (kbytes): %X
\tAverage unshared data size (kbytes): %D
\tAverage stack size (kbytes): %p
\tAverage total size (kbytes): %K
\tMaximum resident set size (kbytes): %M
\tAverage resident set size (kbytes): %t
\tMajor (requiring I/O) page faults: %F
\tMinor (reclaiming a frame) page faults: %R
\tVoluntary context switches: %w
\tInvoluntary context switches: %c
\tSwaps: %W
\tFile system inputs: %I
\tFile system outputs: %O
\tSocket messages sent: %s
\tSocket messages received: %r
\tSignals delivered: %k
\tPage size (bytes): %Z
\tExit status: %x"""

_ZEROS = b"DIKOWXkprst"
"""What Linux does not count either, or counts in blocks of a disk."""


@program(
    USAGE,
    "ahf:o:pqvV",
    ("append=a", "format:=f", "output:=o", "portability=p", "quiet=q", "verbose=v"),
    trouble=125,
    permute=False,
)
async def time(tool: Tool) -> int:
    """time(1)."""
    sys, options = tool.sys, tool.options
    if "h" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"time (GNU Time) 1.9")
        return 0
    form = tool.env.get(b"TIME", DEFAULT)
    for flag, value in options.flags:
        form = {"p": POSIX, "v": VERBOSE, "f": value}.get(flag, form) or b""
    if not tool.operands:
        raise Failure(b"missing program to run", 125, hint=True)
    out = 2
    if (path := options.last("o")) is not None:
        try:
            mode = O_APPEND if "a" in options else O_TRUNC
            out = await sys.open(path, O_WRONLY | O_CREAT | mode)
        except OSError as err:
            raise Failure(path + b": " + why(err), 125) from None
    begin = await sys.clock_gettime(1)
    pid = await sys.fork(_run, tool, list(tool.operands))
    for sig in (Sig.SIGINT, Sig.SIGQUIT):
        await sys.sigaction(sig, SIG_IGN)
    while True:
        try:
            waited = await sys.waitpid(pid)
            break
        except OSError as err:
            if err.errno != Errno.EINTR:
                raise
    elapsed = await sys.clock_gettime(1) - begin
    status = waited.status
    code = wexitstatus(status) if wifexited(status) else 128 + wtermsig(status)
    text = b""
    if "q" not in options:
        if not wifexited(status):
            text = b"Command terminated by signal %d\n" % wtermsig(status)
        elif code:
            text = b"Command exited with non-zero status %d\n" % code
    text += report(form, tool.operands, waited.rusage, elapsed, wexitstatus(status)) + b"\n"
    await write_all(sys, out, text)
    return code


async def _run(sys: Sys, tool: Tool, argv: list[bytes]) -> int:
    for sig in (Sig.SIGINT, Sig.SIGQUIT):
        await sys.sigaction(sig, SIG_DFL)
    try:
        await execvp(sys, argv, tool.env)
    except OSError as err:
        await complain(sys, tool.name + b": cannot run " + argv[0] + b": " + why(err))
        return 127 if err.errno == Errno.ENOENT else 126
    return 126


def _seconds(ns: int) -> bytes:
    hundredths = ns // 10_000_000
    return b"%d.%02d" % (hundredths // 100, hundredths % 100)


def _clock(ns: int) -> bytes:
    """[h:]mm:ss[.hh], as %E has it."""
    seconds = ns // 1_000_000_000
    if seconds >= 3600:
        return b"%d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return b"%d:%02d.%02d" % (seconds // 60, seconds % 60, ns // 10_000_000 % 100)


def report(form: bytes, argv: list[bytes], usage: Rusage, elapsed: int, status: int) -> bytes:
    """``form`` with its % sequences replaced."""
    busy = usage.utime + usage.stime
    values = {
        b"C": b" ".join(argv),
        b"x": b"%d" % status,
        b"e": _seconds(elapsed),
        b"E": _clock(elapsed),
        b"U": _seconds(usage.utime),
        b"S": _seconds(usage.stime),
        b"P": b"%d%%" % (busy * 100 // elapsed) if elapsed else b"?%",
        b"M": b"%d" % (usage.maxrss >> 10),
        b"c": b"%d" % usage.nivcsw,
        b"w": b"%d" % usage.nvcsw,
        b"F": b"%d" % usage.majflt,
        b"R": b"%d" % usage.minflt,
        b"Z": b"4096",
        b"%": b"%",
    }
    parts: list[bytes] = []
    at = 0
    while at < len(form):
        char, key = form[at : at + 1], form[at + 1 : at + 2]
        if char == b"%" and key:
            parts.append(values.get(key, b"0" if key in _ZEROS else b"?" + key))
            at += 2
        elif char == b"\\" and key in (b"n", b"t", b"\\"):
            parts.append({b"n": b"\n", b"t": b"\t", b"\\": b"\\"}[key])
            at += 2
        else:
            parts.append(char)
            at += 1
    return b"".join(parts)
