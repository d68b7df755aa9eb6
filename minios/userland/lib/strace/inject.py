"""``strace -e inject=``: calls that are not made, but fail or return as they are told."""

from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.ptrace import SyscallInfo
from minios.userland.lib.program import Failure
from minios.userland.lib.quoting import quote
from minios.userland.lib.strace import choose

MOST = 65535


@dataclass(slots=True)
class Injection:
    """Which calls, what they return, and which of them: the first …th, every …th from then on."""

    calls: choose.Calls
    value: int = -1
    """The result, or with ``error`` the errno."""
    error: bool = False
    first: int = 1
    last: int = MOST
    step: int = 1
    seen: dict[int, int] = field(default_factory=dict)
    """How many such calls each process has made."""

    def take(self, pid: int, info: SyscallInfo, name: str) -> SyscallInfo | None:
        """The call with its result, if this one is not to be made."""
        if name not in self.calls:
            return None
        count = self.seen[pid] = self.seen.get(pid, 0) + 1
        if not self.first <= count <= self.last or (count - self.first) % self.step:
            return None
        return info._replace(rval=self.value, is_error=self.error)


def parse(text: str, *, fault: bool) -> Injection:
    """``SET[:error=E][:retval=N][:when=FIRST[..LAST][+[STEP]]]``; ``fault`` alone is ENOSYS."""
    names, *options = text.split(":")
    made = Injection(choose.calls(names), int(Errno.ENOSYS), error=True)
    given = fault
    for option in options:
        key, _, value = option.partition("=")
        if key == "error":
            made.value, made.error, given = _errno(value, text), True, True
        elif key == "retval" and not fault and value.isdigit() and len(value) < 10:
            made.value, made.error, given = int(value), False, True
        elif key == "when":
            _when(made, value, text)
        else:
            raise _bad(text)
    if not given:
        raise _bad(text)
    return made


def _errno(value: str, text: str) -> int:
    if value.isdigit() and 0 < int(value[:6]) < 4096:
        return int(value)
    try:
        return int(Errno[value])
    except KeyError:
        raise _bad(text) from None


def _when(made: Injection, value: str, text: str) -> None:
    span, plus, step = value.partition("+")
    first, dots, last = span.partition("..")
    numbers = [first, *([last] if dots else []), *([step] if step else [])]
    if not all(number.isdigit() and 0 < int(number[:6]) <= MOST for number in numbers):
        raise _bad(text)
    made.first = int(first)
    made.last = int(last) if dots else MOST if plus else int(first)
    made.step = int(step) if step else 1


def _bad(text: str) -> Failure:
    return Failure(b"invalid -e inject= argument: " + quote(text.encode("latin-1")))
