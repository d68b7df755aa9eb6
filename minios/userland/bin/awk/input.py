"""awk's main input: the operands of the command line, one file after the other."""

from functools import partial

from minios.abi.flags import O_CLOEXEC, O_RDONLY
from minios.userland.bin.awk.lexer import AwkError, unescape
from minios.userland.bin.awk.machine import ARGC, ARGV, FILENAME, FNR, Machine
from minios.userland.bin.awk.streams import Source
from minios.userland.bin.awk.values import Field, number
from minios.userland.lib.stdio import why

_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_NAME = _LETTERS | frozenset(b"0123456789")


def assignment(operand: bytes) -> tuple[str, bytes] | None:
    """``name=value`` as an operand: both sides, the value's escapes carried out."""
    name, sign, value = operand.partition(b"=")
    if not sign or not name or name[0] not in _LETTERS or any(c not in _NAME for c in name):
        return None
    return name.decode(), unescape(value.decode("latin-1"))


class MainInput:
    """What the rules read; ``places`` are the program's variables, for assignments."""

    def __init__(self, machine: Machine, places: dict[str, int]) -> None:
        self._machine = machine
        self._places = places
        self._source: Source | None = None
        self._record: bytes | None = None
        self._next = 1
        self._any = False

    def assign(self, name: str, value: bytes) -> None:
        """An assignment of the command line. AwkError; NeedMemory."""
        place = self._places.get(name)
        if place is None:
            return  # nobody asks for it
        machine = self._machine
        if isinstance(machine.globals[place], dict):
            raise AwkError(f"cannot command line assign to {name}\n\ttype clash or keyword")
        if place <= ARGC:
            machine.set_special(place, Field(value))
            return
        machine.grow(len(value))
        machine.globals[place] = Field(value)

    def ready(self) -> bytes | None:
        """The next record if it is there already; call :meth:`used` when it was."""
        if self._record is None and self._source is not None:
            self._record = self._source.take(self._machine.streams.separator)
        return self._record

    def used(self) -> None:
        self._record = None

    async def record(self) -> bytes | None:
        """The next record; None after the last. AwkError if a file cannot be read."""
        while True:
            record = self.ready()
            if record is not None:
                self._record = None
                return record
            if self._source is None:
                if not await self._open():
                    return None
                continue
            if self._source.at_end:
                await self.skip()
                continue
            try:
                await self._source.fill()
            except OSError as err:
                shown = self._machine.text(self._machine.globals[FILENAME]).decode("latin-1")
                raise AwkError(f'read error on "{shown}" ({why(err).decode()})') from None

    async def skip(self) -> None:
        """Leave the present file (nextfile)."""
        source, self._source = self._source, None
        self._record = None
        if source is not None and source.fd > 0:
            await self._machine.tool.sys.close(source.fd)

    async def _open(self) -> bool:
        """Go to the next operand that is a file; False when there is none."""
        machine = self._machine
        arguments = machine.globals[ARGV]
        assert isinstance(arguments, dict)
        while self._next < number(machine.get_special(ARGC)):
            name = bytes(machine.text(arguments.get(b"%d" % self._next)))
            self._next += 1
            given = assignment(name)
            if given is not None:
                await machine.commit(partial(self.assign, *given))
            elif name:
                await self._use(name)
                return True
        if self._any:
            return False
        await self._use(b"")
        return True

    async def _use(self, name: bytes) -> None:
        machine = self._machine
        self._any = True
        try:
            standard = name in (b"", b"-", b"/dev/stdin")
            fd = 0 if standard else await machine.tool.sys.open(name, O_RDONLY | O_CLOEXEC)
        except OSError as err:
            shown = name.decode("latin-1")
            raise AwkError(f'cannot open "{shown}" ({why(err).decode()})') from None
        self._source = Source(machine.tool, fd)
        machine.globals[FNR] = 0.0
        machine.globals[FILENAME] = name
