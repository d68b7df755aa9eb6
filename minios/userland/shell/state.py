"""What a shell remembers: variables, functions, options, parameters, aliases.

A subshell gets copies (:meth:`State.forked`). The syntax trees in it are immutable and shared.
"""

from minios.userland.shell.arithmetic import parse_number, wrap
from minios.userland.shell.errors import ShellError
from minios.userland.shell.syntax import Function
from minios.userland.shell.words import is_name

DEFAULT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_IFS = b" \t\n"

FUNCTION_BYTES = 256
"""What a function takes besides its syntax tree."""

OPTION_NAMES = (
    ("errexit", "e"), ("noglob", "f"), ("ignoreeof", "I"), ("interactive", "i"), ("monitor", "m"),
    ("noexec", "n"), ("stdin", "s"), ("xtrace", "x"), ("verbose", "v"), ("vi", "V"),
    ("emacs", "E"), ("noclobber", "C"), ("allexport", "a"), ("notify", "b"), ("nounset", "u"),
    ("privileged", "p"), ("nolog", ""), ("debug", ""),
)  # fmt: skip
"""Long name and letter of every option, in the order ``set -o`` lists them."""


class Options:
    """The flags of ``set`` (XCU 2.14)."""

    __slots__ = tuple(name for name, _ in OPTION_NAMES)

    errexit: bool
    noglob: bool
    ignoreeof: bool
    interactive: bool
    monitor: bool
    noexec: bool
    stdin: bool
    xtrace: bool
    verbose: bool
    vi: bool
    emacs: bool
    noclobber: bool
    allexport: bool
    notify: bool
    nounset: bool
    privileged: bool
    nolog: bool
    debug: bool

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, False)

    def copy(self) -> "Options":
        new = Options()
        for name in self.__slots__:
            setattr(new, name, getattr(self, name))
        return new

    def letters(self) -> bytes:
        """``$-``, in dash's order."""
        return "".join(
            letter for name, letter in reversed(OPTION_NAMES) if letter and getattr(self, name)
        ).encode()


class Saved:
    """A variable as it was before ``local`` or a temporary assignment."""

    __slots__ = ("exported", "options", "readonly", "value")

    def __init__(
        self, value: bytes | None, exported: bool, readonly: bool, options: Options | None = None
    ) -> None:
        self.value = value
        self.exported = exported
        self.readonly = readonly
        self.options = options


class State:
    """The part of a shell that a fork copies."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.exported: set[bytes] = set()
        self.readonly: set[bytes] = set()
        self.ifs = DEFAULT_IFS
        self.options = Options()
        self.functions: dict[bytes, Function] = {}
        self.aliases: dict[bytes, bytes] = {}
        self.hashed: dict[bytes, bytes] = {}
        self.parameters: list[bytes] = []
        self.parameter_bytes = 0
        """What is retained for the parameters, but for those a function was called with."""
        self.getopts_index = 1
        self.getopts_offset = -1
        self.locals: list[dict[bytes, Saved]] = []
        self.name = b"sh"
        self.directory = b""
        """The logical working directory."""
        self.pid = 0
        self.ppid = 0
        self.status = 0
        self.last_background = 0
        self.line = 1
        self.function_depth = 0
        self.retained = 0
        """Bytes held by variables, functions and aliases."""

    def copy_to(self, new: "State") -> None:
        """Give a subshell its own copy."""
        new.values = self.values.copy()
        new.exported = self.exported.copy()
        new.readonly = self.readonly.copy()
        new.ifs = self.ifs
        new.options = self.options.copy()
        new.functions = self.functions.copy()
        new.aliases = self.aliases.copy()
        new.hashed = self.hashed.copy()
        new.parameters = self.parameters
        new.parameter_bytes = self.parameter_bytes
        new.getopts_index = self.getopts_index
        new.getopts_offset = self.getopts_offset
        new.locals = [frame.copy() for frame in self.locals]
        new.name = self.name
        new.directory = self.directory
        new.pid = self.pid
        new.ppid = self.ppid
        new.status = self.status
        new.last_background = self.last_background
        new.line = self.line
        new.function_depth = self.function_depth
        new.retained = self.retained

    # -- variables -----------------------------------------------------------------------------

    def get(self, name: bytes) -> bytes | None:
        """A variable's value; None when it is unset."""
        return self.values.get(name)

    def set(self, name: bytes, value: bytes) -> None:
        """Assign. ShellError for a read-only variable."""
        if name in self.readonly:
            raise ShellError(name + b": is read only")
        old = self.values.get(name)
        self.values[name] = value
        self.retained += len(value) - (len(old) if old is not None else -64 - len(name))
        if self.options.allexport:
            self.exported.add(name)
        if name in _HOOKED:
            self._changed(name, value)

    def unset(self, name: bytes) -> None:
        if name in self.readonly:
            raise ShellError(name + b": is read only")
        old = self.values.pop(name, None)
        if old is not None:
            self.retained -= len(old) + 64 + len(name)
        self.exported.discard(name)
        if name in _HOOKED:
            self._changed(name, None)

    def _changed(self, name: bytes, value: bytes | None) -> None:
        if name == b"IFS":
            self.ifs = DEFAULT_IFS if value is None else value
        elif name == b"PATH":
            self.hashed.clear()
        else:
            number = parse_number(value) if value else None
            self.getopts_index = number if number is not None and number > 0 else 1
            self.getopts_offset = -1

    def get_number(self, name: bytes) -> int:
        """A variable in arithmetic. ShellError when it holds no number."""
        value = self.get(name)
        if value is None:
            return 0
        if value.isdigit() and len(value) < 18 and (value[0] != 0x30 or len(value) == 1):
            return int(value)
        number = parse_number(value)
        if number is None:
            raise ShellError(b"Illegal number: " + value)
        return number

    def set_number(self, name: bytes, value: int) -> None:
        self.set(name, b"%d" % wrap(value))

    def environment(self) -> dict[bytes, bytes]:
        """What a command gets as its environment, in the order dash's hash table has it."""
        names = [name for name in self.values if name in self.exported]
        names.sort(key=lambda name: ((name[0] << 4) + sum(name)) % 39)
        return {name: self.values[name] for name in names}

    def import_environment(self, env: dict[bytes, bytes]) -> None:
        self.values.update({b"IFS": DEFAULT_IFS, b"OPTIND": b"1", b"PATH": DEFAULT_PATH})
        for name, value in env.items():
            if is_name(name) and name != b"IFS":
                self.set(name, value)
                self.exported.add(name)

    # -- local variables -----------------------------------------------------------------------

    def make_local(self, name: bytes) -> None:
        """Note the variable's state in the innermost frame, once."""
        frame = self.locals[-1]
        if name not in frame:
            frame[name] = Saved(self.values.get(name), name in self.exported, name in self.readonly)

    def make_options_local(self) -> None:
        """``local -``."""
        frame = self.locals[-1]
        if b"-" not in frame:
            frame[b"-"] = Saved(None, False, False, self.options.copy())

    def pop_locals(self) -> None:
        """Restore what the innermost frame noted."""
        for name, saved in self.locals.pop().items():
            if saved.options is not None:
                self.options = saved.options
                continue
            self.readonly.discard(name)
            if saved.value is None:
                self.unset(name)
            else:
                self.set(name, saved.value)
            (self.exported.add if saved.exported else self.exported.discard)(name)
            if saved.readonly:
                self.readonly.add(name)

    # -- parameters ----------------------------------------------------------------------------

    def set_parameters(self, values: list[bytes]) -> None:
        self.parameters = values
        self.getopts_index = 1
        self.getopts_offset = -1

    # -- functions -----------------------------------------------------------------------------

    def forget_function(self, name: bytes) -> None:
        """``unset -f``."""
        old = self.functions.pop(name, None)
        if old is not None:
            self.retained -= FUNCTION_BYTES + old.size


_HOOKED = frozenset([b"IFS", b"PATH", b"OPTIND"])
