"""Command-line options as getopt_long(3) reads them, with GNU's messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field


class UsageError(Exception):
    """Bad options. ``str`` is the text after ``name: ``, as GNU getopt words it."""


@dataclass(slots=True)
class Parsed:
    """Options in the order given, and the operands.

    ``flags`` pairs a canonical name with its value (None without argument); ``last`` answers what
    most programs ask.
    """

    flags: list[tuple[str, bytes | None]] = field(default_factory=list)
    operands: list[bytes] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return any(flag == name for flag, _ in self.flags)

    def last(self, name: str) -> bytes | None:
        """The value given last for ``name``; None if it was not given."""
        for flag, value in reversed(self.flags):
            if flag == name:
                return value
        return None

    def every(self, name: str) -> list[bytes]:
        return [value for flag, value in self.flags if flag == name and value is not None]


def parse(
    args: Sequence[bytes],
    short: str = "",
    long: Sequence[str] = (),
    *,
    permute: bool = True,
) -> Parsed:
    """Read ``args`` (without argv[0]).

    ``short`` is getopt's: ``"ab:c::"``. ``long`` has entries ``"all=a"`` (canonical name after
    ``=``; the name itself without it), with ``:`` (argument) or ``::`` (optional) at the end, as in
    ``"lines:=n"``, ``"color::"``. Long names may be shortened while unambiguous. With ``permute``
    off the first operand ends the options (POSIX).
    """
    takes: dict[str, int] = {}
    for at, char in enumerate(short):
        if char != ":":
            takes[char] = len(short[at + 1 : at + 3]) - len(short[at + 1 : at + 3].lstrip(":"))
    names: dict[str, tuple[str, int]] = {}
    for entry in long:
        spelled, _, canonical = entry.partition("=")
        colons = len(spelled) - len(spelled.rstrip(":"))
        spelled = spelled.rstrip(":")
        names[spelled] = (canonical or spelled, colons)

    result = Parsed()
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == b"--":
            result.operands += rest
            break
        if arg.startswith(b"--"):
            _long(arg, rest, names, result)
        elif arg.startswith(b"-") and len(arg) > 1:
            _short(arg, rest, takes, result)
        else:
            result.operands.append(arg)
            if not permute:
                result.operands += rest
                break
    return result


def _long(arg: bytes, rest: list[bytes], names: dict[str, tuple[str, int]], result: Parsed) -> None:
    spelled, given, value = arg[2:].decode("latin-1").partition("=")
    matches = [n for n in names if n == spelled] or [n for n in names if n.startswith(spelled)]
    if not matches:
        raise UsageError(f"unrecognized option '--{spelled}'")
    if len({names[n] for n in matches}) > 1:
        shown = " ".join(f"'--{n}'" for n in matches)
        raise UsageError(f"option '--{spelled}' is ambiguous; possibilities: {shown}")
    canonical, colons = names[matches[0]]
    if given and not colons:
        raise UsageError(f"option '--{matches[0]}' doesn't allow an argument")
    if given:
        result.flags.append((canonical, value.encode("latin-1")))
    elif colons == 1:
        if not rest:
            raise UsageError(f"option '--{matches[0]}' requires an argument")
        result.flags.append((canonical, rest.pop(0)))
    else:
        result.flags.append((canonical, None))


def _short(arg: bytes, rest: list[bytes], takes: dict[str, int], result: Parsed) -> None:
    text = arg[1:].decode("latin-1")
    while text:
        char, text = text[0], text[1:]
        if char not in takes:
            raise UsageError(f"invalid option -- '{char}'")
        colons = takes[char]
        if not colons:
            result.flags.append((char, None))
            continue
        if text or colons == 2:
            result.flags.append((char, text.encode("latin-1") if text else None))
        elif rest:
            result.flags.append((char, rest.pop(0)))
        else:
            raise UsageError(f"option requires an argument -- '{char}'")
        return
