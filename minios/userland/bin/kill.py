"""kill: send a signal to processes, or list the signals (procps-ng 4.0.2)."""

from minios.abi.signals import Sig, name_of, number_of
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why

USAGE = """
Usage:
 kill [options] <pid> [...]

Options:
 <pid> [...]            the processes, or -<pgid> for a whole group
 -<signal>, -s, --signal <signal>
                        the signal to send, by name or number
 -q, --queue <value>    a number that goes with the signal (sigqueue(3))
 -l, --list=[<signal>]  list the signals, or turn a name into a number and back
 -L, --table            list the signals with their numbers

 -h, --help     show this and exit
 -V, --version  show the version and exit

For more details see kill(1).
"""

LAST = 31
"""Standard signals end here; the lists leave out the real-time ones."""


def signal_name(number: int) -> str:
    """The name procps and psmisc give a signal: POLL where others say IO."""
    return "POLL" if number == Sig.SIGIO else name_of(number)


def listing() -> str:
    """The names, as many a line as fit into 80 columns."""
    lines = [""]
    for number in range(1, LAST + 1):
        name = signal_name(number)
        if len(lines[-1]) + 1 + len(name) > 80:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + name
    return "\n".join(lines)


def table() -> str:
    """Numbers and names, seven a line."""
    cells = [f"{number:2} {signal_name(number):<8}" for number in range(1, LAST + 1)]
    rows = ["".join(cells[at : at + 7]) for at in range(0, len(cells), 7)]
    return "\n".join(row.rstrip() if len(row) == 77 else row for row in rows)


def _integer(text: bytes) -> int | None:
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    return int(text) if digits.isdigit() and len(digits) < 11 else None


async def _usage(tool: Tool, complaint: str = "") -> int:
    if complaint:
        await complain(tool.sys, tool.name + b": " + complaint.encode())
    await complain(tool.sys, b"\n" + USAGE.strip().encode())
    return 1


async def _translate(tool: Tool, word: bytes) -> int:
    """``kill -l TERM`` says 15, ``kill -l 15`` says TERM."""
    text = word.decode("latin-1")
    number = number_of(text)
    if number and number <= LAST:
        await tool.line(signal_name(number).encode() if text.isdigit() else b"%d" % number)
    else:
        await tool.warn(b"unknown signal name " + word)
    return 0


@program(USAGE)
async def kill(tool: Tool) -> int:
    """kill(1)."""
    args = tool.argv[1:]
    signal: int | None = int(Sig.SIGTERM)
    given = False
    queued: int | None = None
    pids: list[bytes] = []
    while args:
        arg = args.pop(0)
        name, equals, value = arg.partition(b"=")
        if arg in (b"-h", b"--help"):
            await tool.line(b"\n" + USAGE.strip().encode())
            return 0
        if arg in (b"-V", b"--version"):
            await tool.line(b"kill from procps-ng 4.0.2")
            return 0
        if arg in (b"-L", b"--table"):
            await tool.line(table().encode())
            return 0
        if arg == b"-l" or name == b"--list":
            word = value if equals else args[0] if args else b""
            if word:
                return await _translate(tool, word)
            await tool.line(listing().encode())
            return 0
        if name in (b"-s", b"--signal", b"-q", b"--queue"):
            if not equals and not args:
                return await _usage(tool, f"invalid argument {name.lstrip(b'-').decode()[0]}")
            word = value if equals else args.pop(0)
            if name in (b"-s", b"--signal"):
                signal = number_of(word.decode("latin-1"))
                given = True
            else:
                queued = _integer(word)
                if queued is None:
                    text = b"must be an integer value to be passed with the signal."
                    raise Failure(text + b": '" + word + b"'", 1)
        elif arg == b"--":
            pids += args
            break
        elif arg.startswith(b"-") and len(arg) > 1:
            number = number_of(arg[1:].decode("latin-1"))
            if number is not None and not given and not pids:
                signal = number
                given = True
            elif _integer(arg) is not None:
                pids.append(arg)
            else:
                return await _usage(tool, f"invalid argument {chr(arg[1])}")
        else:
            pids.append(arg)
    if not pids:
        return await _usage(tool)
    for pid in pids:
        await _send(tool, pid, signal, queued)
    return tool.status


async def _send(tool: Tool, pid: bytes, signal: int | None, value: int | None) -> None:
    number = _integer(pid)
    if number is None:
        reason = b"" if pid else b": No such file or directory"
        raise Failure(b"failed to parse argument: '" + pid + b"'" + reason, 1)
    if signal is None:
        await tool.warn(b"(" + pid + b"): Invalid argument")
        return
    try:
        if value is None:
            await tool.sys.kill(number, signal)
        else:
            await tool.sys.sigqueue(number, signal, value)
    except OSError as err:
        await tool.warn(b"(%d): " % number + why(err))
