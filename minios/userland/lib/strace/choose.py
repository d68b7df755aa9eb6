"""What strace is asked to show: the expressions of -e."""

from minios.abi.personality import table_of
from minios.abi.signals import NSIG, number_of
from minios.abi.syscalls import BRANDS
from minios.userland.lib import regex
from minios.userland.lib.program import Failure
from minios.userland.lib.quoting import quote

_CLASSES = {
    "file": "F", "process": "P", "signal": "S", "desc": "D", "memory": "M", "network": "N",
    "net": "N",
}  # fmt: skip
_NAMED = {
    "stat": ("statx",), "lstat": ("statx",), "fstat": ("fstat64", "statx"),
    "statfs": ("statfs64",), "fstatfs": ("fstatfs64",), "%stat": ("statx", "fstat64"),
    "ipc": ("shmget", "shmat", "shmdt", "shmctl", "msgget", "msgsnd", "msgrcv", "semget"),
    "clock": ("clock_gettime64", "clock_settime64", "clock_adjtime64"),
    "creds": (
        "getuid", "geteuid", "getgid", "getegid", "setuid", "setgid", "setreuid", "setregid",
        "setresuid", "setresgid", "getresuid", "getresgid", "getgroups", "setgroups", "capget",
        "capset", "prctl",
    ),
    "pure": ("getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getpgid", "getsid"),
}  # fmt: skip
_OLD = {"open": "openat", "stat": "statx", "waitpid": "waitid", "wait4": "waitid", "fork": "clone",
        "lseek": "llseek", "dup2": "dup3", "pipe": "pipe2", "fcntl": "fcntl64", "fstat": "fstat64",
        "nanosleep": "clock_nanosleep_time64", "clock_nanosleep": "clock_nanosleep_time64",
        "clock_gettime": "clock_gettime64", "ppoll": "ppoll_time64", "poll": "ppoll_time64",
        "mmap": "mmap2", "statfs": "statfs64", "truncate": "truncate64"}  # fmt: skip


class Calls:
    """A set of system calls by name: those chosen, or all but those."""

    __slots__ = ("but", "names")

    def __init__(self, names: frozenset[str] = frozenset(), *, but: bool = True) -> None:
        self.names = names
        self.but = but

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.but

    @property
    def all(self) -> bool:
        return self.but and not self.names

    def numbers(self, table: str = "linux") -> frozenset[int]:
        """Their numbers in a table."""
        return frozenset(n for n, name in table_of(table).names.items() if name in self)


def calls(text: str) -> Calls:
    """``read,write``, ``!openat``, ``%file``, ``all``, ``none``, ``/regex``. Failure."""
    but = text.startswith("!")
    words = text.removeprefix("!")
    if words == "all":
        return Calls(but=not but)
    if words == "none":
        return Calls(but=but)
    found: set[str] = set()
    for word in words.split(","):
        found |= _call(word)
    return Calls(frozenset(found), but=but)


def _call(word: str) -> set[str]:
    lenient = word.startswith("?")
    word = word.removeprefix("?")
    tables = [table_of(brand) for brand in BRANDS]
    everything = {name for table in tables for name in table.names.values()}
    if word.startswith("%") or word in _CLASSES:
        group = word.removeprefix("%")
        if group in _CLASSES:
            letter = _CLASSES[group]
            return {
                table.names[number]
                for table in tables
                for number, row in table.rows.items()
                if letter in row.of
            }
        if group in _NAMED:
            return set(_NAMED[group])
    elif word.startswith("/"):
        return _matching(word[1:], everything)
    elif word.isdigit():
        return {table.names[int(word)] for table in tables if int(word) in table.names}
    elif word in everything:
        return {word} | ({_OLD[word]} if word in _OLD else set())
    elif word in _OLD:
        return {_OLD[word]}
    if lenient:
        return set()
    raise Failure(b"invalid system call " + quote(word.encode("latin-1")))


def _matching(pattern: str, names: set[str]) -> set[str]:
    """The names that an extended regular expression finds."""
    try:
        wanted = regex.compile(pattern.encode("latin-1"), extended=True)
    except regex.RegexError:
        text = b"invalid system call " + quote(b"/" + pattern.encode("latin-1"))
        raise Failure(text) from None
    return {name for name in names if wanted.search(name.encode())}


def signals(text: str) -> frozenset[int]:
    """``INT,TERM``, ``!CHLD``, ``all``, ``none``. Failure."""
    but = text.startswith("!")
    words = text.removeprefix("!")
    everything = frozenset(range(1, NSIG + 1))
    if words in ("all", "none"):
        chosen = everything if words == "all" else frozenset()
    else:
        numbers = set()
        for word in words.split(","):
            number = number_of(word)
            if not number:
                raise Failure(b"invalid signal " + quote(word.encode("latin-1")))
            numbers.add(number)
        chosen = frozenset(numbers)
    return everything - chosen if but else chosen
