"""The options of strace(1)."""

from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.quoting import quote
from minios.userland.lib.strace import choose, inject
from minios.userland.lib.strace.lines import Stamp
from minios.userland.lib.strace.summary import SORTS
from minios.userland.lib.strace.text import Style


class Options:
    """What one run was asked to do."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.style = Style()
        self.calls = choose.Calls()
        self.signals = frozenset(range(1, 65))
        self.quiet: set[str] = set()
        self.follow = 0
        self.stamp = Stamp()
        self.took = False
        self.numbers = False
        self.fds = False
        self.wall = False
        self.count = ""
        self.sort = b"time"
        self.columns = 40
        self.paths: list[bytes] = []
        self.injections: list[inject.Injection] = []
        self.only = ""
        self.seccomp = False
        self.output: bytes | None = None
        self.append = False
        self.attach: list[int] = []

    def read(self) -> None:
        """Take the options. Failure."""
        for flag, value in self.tool.options.flags:
            text = (value or b"").decode("latin-1")
            if flag in "fqtx" and len(flag) == 1:
                self._repeated(flag)
            elif flag == "e":
                self._expression(text)
            elif flag == "trace":
                self.calls = choose.calls(text)
            elif flag == "signal":
                self.signals = choose.signals(text)
            elif flag == "p":
                self._pids(value or b"")
            elif flag == "s":
                self.style.limit = _number(b"-s", value or b"")
            elif flag == "a":
                self.columns = _number(b"-a", value or b"")
            elif flag == "S":
                if text not in SORTS:
                    raise Failure(b"invalid sortby: " + quote(value or b""))
                self.sort = value or b""
            elif flag == "P":
                self.paths.append(value or b"")
            elif flag == "o":
                self.output = value
            elif flag in ("c", "C"):
                self.count = flag
            elif flag in ("z", "Z"):
                self.only = flag
            else:
                self._plain(flag)

    def _repeated(self, flag: str) -> None:
        if flag == "f":
            self.follow += 1
        elif flag == "t":
            self.stamp.absolute += 1
        elif flag == "x":
            self.style.hexadecimal += 1
        else:
            level = ("attach", "exit", "all")
            known = [word for word in level if word not in self.quiet]
            self.quiet.update(known[:1])

    def _plain(self, flag: str) -> None:
        if flag == "r":
            self.stamp.relative = True
        elif flag == "T":
            self.took = True
        elif flag == "n":
            self.numbers = True
        elif flag == "y":
            self.fds = True
        elif flag == "v":
            self.style.verbose = True
        elif flag == "w":
            self.wall = True
        elif flag == "A":
            self.append = True
        elif flag == "seccomp-bpf":
            self.seccomp = True
        else:
            raise Failure(b"option -" + flag.encode("latin-1") + b" is not supported", hint=True)

    def _expression(self, text: str) -> None:
        key, equals, value = text.partition("=")
        if not equals:
            key, value = "trace", text
        if key in ("trace", "t"):
            self.calls = choose.calls(value)
        elif key in ("signal", "signals", "s"):
            self.signals = choose.signals(value)
        elif key in ("quiet", "silent", "q"):
            self.quiet.update(value.split(","))
        elif key == "status":
            self.only = {"successful": "z", "failed": "Z"}.get(value, "")
        elif key in ("inject", "fault"):
            self.injections.append(inject.parse(value, fault=key == "fault"))
        elif key in ("abbrev", "verbose") and value in ("none", "all"):
            self.style.verbose = (value == "none") == (key == "abbrev")
        elif key == "decode-fds":
            self.fds = value != "none"
        else:
            raise Failure(b"invalid -e argument: " + quote(text.encode("latin-1")), hint=True)

    def _pids(self, text: bytes) -> None:
        for word in text.replace(b",", b" ").split():
            if not word.isdigit() or len(word) > 9 or int(word) < 1:
                raise Failure(b"Invalid process id: " + quote(word))
            self.attach.append(int(word))


def _number(option: bytes, text: bytes) -> int:
    if not text.isdigit() or len(text) > 8:
        raise Failure(b"invalid " + option + b" argument: " + quote(text), hint=True)
    return int(text)
