"""Running a sed script over its input."""

from minios.userland.bin.sed.files import Files, Out
from minios.userland.bin.sed.script import Address, Case, Command, Kind, Script, Substitution
from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.regex import Match, Regex, RegexError
from minios.userland.lib.spawn import output_of

STEPS = 64
"""Commands executed between two charges for them."""
SPACE_MAX = 8 << 20
"""Bytes that the spaces may hold: what looks at them does so in one go."""
PART_BYTES = 32
"""What a part of a line takes while it is substituted."""


class _Quit(Exception):
    """``q`` and ``Q``; ``printing`` is False for the latter."""

    def __init__(self, status: int, printing: bool) -> None:
        super().__init__(status)
        self.status = status
        self.printing = printing


class Machine:
    """The pattern space, the hold space and what waits for the end of the cycle."""

    def __init__(
        self, tool: Tool, script: Script, files: Files, *, quiet: bool, width: int, posix: bool
    ) -> None:
        self.tool = tool
        self.commands = script.commands
        self.files = files
        self.quiet = quiet or script.silent
        self.width = width
        self.posix = posix
        self.end = files.end
        self.space = b""
        self.hold = b""
        self.whole = True  # the pattern space's line had its newline
        self.substituted = False
        self.queue: list[tuple[str, bytes]] = []
        self.last_regex: Regex | None = None
        self.owed = 0
        self.kept = 0

    # -- memory and time -----------------------------------------------------------------------

    async def _room(self, size: int) -> None:
        """Ask for memory so that the two spaces may take ``size`` bytes."""
        if size > SPACE_MAX:
            raise Failure(b"memory exhausted")
        if size > self.kept:
            await self.tool.retain(size - self.kept)
            self.kept = size

    async def _pay(self) -> None:
        owed, self.owed = self.owed, 0
        await self.tool.sys.compute(owed)

    async def _spend(self, regex: Regex) -> None:
        if regex.owing():
            await self.tool.sys.compute(regex.spent())

    # -- the cycle -----------------------------------------------------------------------------

    async def run(self) -> int:
        """Every cycle until the input ends; the exit status."""
        status = 0
        try:
            again = False
            while again or await self._next():
                again = await self._cycle()
                if not self.quiet and not again:
                    await self._print(self.files.out)
                await self._flush_queue()
        except _Quit as quit_:
            status = quit_.status
            if quit_.printing:
                if not self.quiet:
                    await self._print(self.files.out)
                await self._flush_queue()
            await self.files.unread()
        except RegexError as err:
            raise Failure(str(err).encode(), 4) from None
        await self.files.finish()
        return status

    async def _next(self) -> bool:
        """Read a line into the pattern space; False at the end of the input."""
        line = await self.files.line()
        if line is None:
            return False
        if self.files.fresh and self.files.separate:
            self.files.fresh = False
            for command in self.commands:
                command.active = command.zero
                command.end = -1
        self.space, self.whole = line
        self.owed += 6
        await self._room(len(self.space) + len(self.hold))
        return True

    async def _cycle(self) -> bool:
        """Run the commands once; True if ``D`` asks to start over without reading."""
        at = 0
        commands = self.commands
        count = len(commands)
        self.substituted = False
        while at < count:
            command = commands[at]
            at += 1
            self.owed += 1
            if self.owed >= STEPS:
                await self._pay()
            if command.first is not None and (await self._selected(command)) == command.negate:
                if command.name == "{":
                    at = command.target
                continue
            if command.first is None and command.negate:
                if command.name == "{":
                    at = command.target
                continue
            name = command.name
            if name == "{":
                continue
            if name == "s":
                assert command.substitution is not None
                await self._substitute(command.substitution)
            elif name in "btT":
                if name == "b" or self.substituted == (name == "t"):
                    at = command.target
                if name != "b":
                    self.substituted = False
            elif name == "d":
                self.space = b""
                return await self._deleted()
            elif name == "D":
                _, newline, rest = self.space.partition(self.end)
                if not newline:
                    return await self._deleted()
                self.space = rest
                return True
            elif name == "c":
                if command.second is None or not command.active or command.negate:
                    await self._put(self.files.out, self._ended(command.text))
                return await self._deleted()
            elif name == "n":
                if await self.files.at_end():
                    if self.posix:
                        return await self._deleted()
                    raise _Quit(0, True)
                if not self.quiet:
                    await self._print(self.files.out)
                await self._flush_queue()
                await self._next()
            elif name == "N":
                if not await self._append_next():
                    raise _Quit(0, not self.posix)
            else:
                await self._simple(command)
        return False

    async def _deleted(self) -> bool:
        """Start the next cycle without printing."""
        await self._flush_queue()
        if not await self._next():
            raise _Quit(0, False)
        return True

    async def _append_next(self) -> bool:
        if await self.files.at_end():
            return False
        await self._flush_queue()
        space = self.space
        line = await self.files.line()
        if line is None:
            return False
        await self._room(len(space) + len(line[0]) + len(self.hold) + 1)
        self.space = space + self.end + line[0]
        self.owed += 10 + (len(self.space) >> 9)
        self.whole = line[1]
        return True

    # -- commands ------------------------------------------------------------------------------

    async def _simple(self, command: Command) -> None:
        """The commands that neither jump nor end the cycle."""
        name = command.name
        out = self.files.out
        end = self.end
        if name == "p":
            await self._print(out)
        elif name == "P":
            await self._put(out, self.space.partition(end)[0] + end)
        elif name == "=":
            await self._put(out, b"%d" % self.files.number + end)
        elif name == "a":
            self.queue.append(("a", command.text))
        elif name == "i":
            await self._put(out, self._ended(command.text))
        elif name in "rR":
            self.queue.append((name, command.text))
        elif name in "wW":
            assert command.sink is not None
            sink = self.files.sink(command.sink)
            if name == "w":
                await self._print(sink)
            else:
                await self._put(sink, self.space.partition(end)[0] + end)
        elif name == "g":
            await self._room(2 * len(self.hold))
            self.space = self.hold
        elif name == "h":
            await self._room(2 * len(self.space))
            self.hold = self.space
        elif name == "G":
            await self._room(len(self.space) + 2 * len(self.hold) + 1)
            self.space = self.space + end + self.hold
            self.owed += len(self.space) >> 8
        elif name == "H":
            await self._room(2 * len(self.space) + len(self.hold) + 1)
            self.hold = self.hold + end + self.space
            self.owed += len(self.hold) >> 8
        elif name == "x":
            self.space, self.hold = self.hold, self.space
        elif name == "y":
            self.space = self._translated(command.table)
        elif name == "l":
            width = self.width if command.number < 0 else command.number
            await self._put(out, visible(self.space, width) + end)
        elif name == "z":
            self.space = b""
        elif name == "F":
            await self._put(out, self.files.name + end)
        elif name in "qQ":
            raise _Quit(max(command.number, 0), name == "q")
        elif name == "e":
            await out.writer.flush()
            if command.text:
                await self._put(out, await output_of(self.tool, command.text))
            else:
                self.space = (await output_of(self.tool, self.space)).removesuffix(end)

    def _translated(self, table: dict[int, int] | bytes | None) -> bytes:
        if isinstance(table, bytes):
            return self.space.translate(table)
        text = self.space.decode("utf-8", "surrogateescape").translate(table or {})
        return text.encode("utf-8", "surrogateescape")

    async def _print(self, out: Out) -> None:
        """The pattern space; without newline if the input's last line had none."""
        await out.put(self.space, self.end if self.whole else b"")

    def _ended(self, text: bytes) -> bytes:
        """The text of ``i`` or ``c``, ended as lines are."""
        return text.removesuffix(b"\n") + self.end if text else b""

    async def _put(self, out: Out, text: bytes) -> None:
        if text:
            await out.put(text)

    async def _flush_queue(self) -> None:
        """What ``a``, ``r`` and ``R`` have left for the end of the cycle."""
        if not self.queue:
            return
        queue, self.queue = self.queue, []
        out = self.files.out
        for name, text in queue:
            if name == "a":
                await self._put(out, text)
            elif name == "r":
                async for data in self.files.contents(text):
                    await out.put(data)
            else:
                line = await self.files.queued_line(text)
                if line is not None:
                    await out.put(line, self.end)

    # -- addresses -----------------------------------------------------------------------------

    async def _selected(self, command: Command) -> bool:
        """Whether the addresses of ``command`` select the current line."""
        first, second = command.first, command.second
        assert first is not None
        if second is None:
            return await self._matches(first)
        number = self.files.number
        if command.active:
            if command.end >= 0:
                if number >= command.end:
                    command.active = False
                return number <= command.end or await self._matches(first)
            if await self._matches(second):
                command.active = False
            return True
        if command.zero or not await self._matches(first):
            return False
        kind = second.kind
        command.end = -1
        if kind is Kind.LINE:
            command.end = second.first
        elif kind is Kind.PLUS:
            command.end = number + second.first
        elif kind is Kind.MULTIPLE:
            step = second.first
            command.end = number + -number % step if step else number
        command.active = command.end < 0 or command.end > number
        return True

    async def _matches(self, address: Address) -> bool:
        kind = address.kind
        if kind is Kind.LINE:
            return self.files.number == address.first
        if kind is Kind.REGEX:
            regex = self._regex(address.regex)
            found = regex.test(self.space)
            await self._spend(regex)
            return found
        if kind is Kind.LAST:
            return await self.files.at_end()
        number = self.files.number
        return number >= address.first and (number - address.first) % address.step == 0

    def _regex(self, regex: Regex | None) -> Regex:
        """The expression itself, or the last one used if it is empty."""
        if regex is None:
            if self.last_regex is None:
                raise Failure(b"-e expression #1, char 0: no previous regular expression", 1)
            return self.last_regex
        self.last_regex = regex
        return regex

    # -- s -------------------------------------------------------------------------------------

    async def _substitute(self, substitution: Substitution) -> None:
        regex = self._regex(substitution.regex)
        if substitution.regex is None and substitution.groups > regex.groups:
            text = b"invalid reference \\%d on `s' command's RHS" % substitution.groups
            raise Failure(text, 1)
        space = self.space
        match = regex.search(space)
        if match is None:
            await self._spend(regex)
            return
        parts: list[bytes] = []
        size = len(space) + len(self.hold)
        at = count = 0
        pending = 0
        replaced = False
        while match is not None:
            start, end = match.start, match.end
            count += 1
            parts.append(space[at:start])
            if count < substitution.number:
                parts.append(space[start:end])
            else:
                replaced = True
                new = _expand(substitution, match)
                parts.append(new)
                pending += len(new) + 2 * PART_BYTES
                if pending > 4096:
                    size += pending
                    pending = 0
                    await self._room(size)
            at = end
            if replaced and not substitution.everywhere:
                break
            await self._spend(regex)
            match = self._following(regex, space, start, end)
            if match is not None and match.start > at:
                continue
        self.owed += 20 + len(parts) + (len(space) >> 9)
        await self._spend(regex)
        if not replaced:
            return
        parts.append(space[at:])
        await self._room(size + pending)
        self.space = b"".join(parts)
        self.substituted = True
        out = self.files.out
        if substitution.evaluate:
            await out.writer.flush()
            self.space = (await output_of(self.tool, self.space)).removesuffix(self.end)
        if substitution.print:
            await self._print(out)
        if substitution.sink is not None:
            await self._print(self.files.sink(substitution.sink))

    def _following(self, regex: Regex, space: bytes, start: int, end: int) -> Match | None:
        """The next match: not an empty one where the last one ended."""
        match = regex.search(space, end) if end <= len(space) else None
        if match is not None and match.end == end:
            match = regex.search(space, self._after(space, end)) if end < len(space) else None
        return match

    def _after(self, space: bytes, at: int) -> int:
        """Behind the character at ``at``."""
        at += 1
        if self.files.utf8:
            while at < len(space) and space[at] & 0xC0 == 0x80:
                at += 1
        return at


def _expand(substitution: Substitution, match: Match) -> bytes:
    """The replacement for one match."""
    if substitution.plain:
        return b"".join(
            piece if isinstance(piece, bytes) else match.group(piece)
            for piece in substitution.pieces
            if not isinstance(piece, Case)
        )
    out: list[bytes] = []
    lasting = Case.NONE
    once: Case | None = None
    for piece in substitution.pieces:
        if isinstance(piece, Case):
            if piece in (Case.NEXT_UPPER, Case.NEXT_LOWER):
                once = piece
            else:
                lasting = piece
                once = None
            continue
        text = piece if isinstance(piece, bytes) else match.group(piece)
        if not text:
            continue
        if lasting is Case.UPPER:
            text = text.upper()
        elif lasting is Case.LOWER:
            text = text.lower()
        if once is not None:
            first = text[:1]
            first = first.upper() if once is Case.NEXT_UPPER else first.lower()
            text = first + text[1:]
            once = None
        out.append(text)
    return b"".join(out)


_NAMED = {7: b"\\a", 8: b"\\b", 12: b"\\f", 10: b"\\n", 13: b"\\r", 9: b"\\t", 11: b"\\v",
          0x5C: b"\\\\"}  # fmt: skip


def visible(text: bytes, width: int) -> bytes:
    """What ``l`` prints: escapes for what is not printable, lines folded at ``width``."""
    out: list[bytes] = []
    column = 0
    for char in text:
        if char in _NAMED:
            shown = _NAMED[char]
        elif 32 <= char < 127:
            shown = bytes((char,))
        else:
            shown = b"\\%03o" % char
        if width and column + len(shown) > width - 1:
            out.append(b"\\\n")
            column = 0
        out.append(shown)
        column += len(shown)
    return b"".join(out) + b"$"
