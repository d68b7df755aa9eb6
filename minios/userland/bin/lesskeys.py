"""What the keys of less do."""

from contextlib import suppress

from minios.abi.flags import O_RDONLY, S_IFDIR, S_IFMT, S_IFREG, SEEK_CUR
from minios.userland.bin.lesshelp import HELP
from minios.userland.bin.lessview import File, View
from minios.userland.lib.pager import Interrupted, Source
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.regex import Regex, RegexError
from minios.userland.lib.regex import compile as compile_regex
from minios.userland.lib.screen import (
    CLEAR_LINE,
    END,
    INTERRUPT,
    NORMAL,
    RESIZE,
    RESUMED,
    REVERSE,
    TIMEOUT,
)
from minios.userland.lib.stdio import why, write_all
from minios.userland.lib.utf8 import encode

SECOND = 1_000_000_000


class Quit(Exception):
    """Leave the pager."""


class Pager(View):
    """The view with its keys."""

    # -- searching -----------------------------------------------------------------------------

    def _compile(self, pattern: str) -> Regex | None:
        ignore = self.settings.ignore_case
        icase = ignore == 2 or (ignore == 1 and pattern == pattern.lower())
        try:
            return compile_regex(encode(pattern), extended=True, icase=icase, utf8=True)
        except RegexError as err:
            self.message = b"Invalid pattern: " + str(err).encode("latin-1")
            return None

    async def search(self, *, backwards: bool, count: int = 1, start: int | None = None) -> bool:
        """Go to the ``count``-th matching line from ``start`` on (included), or beside the top."""
        if self.regex is None:
            self.message = b"No previous regular expression"
            return False
        line = self.top[0] if start is None else start
        step = self.previous_line if backwards else self.next_line
        if start is not None and await self._matches(line):
            count -= 1
        while count > 0:
            found = await step(line)
            if found is None:
                self.message = b"Pattern not found"
                return False
            line = found
            if await self._matches(line):
                count -= 1
            elif self.screen.interrupted():
                raise Interrupted
        await self.jump(line)
        return True

    async def _matches(self, line: int) -> bool:
        text = await self.source.line(line)
        if text is None or self.regex is None:
            return False
        if b"\b" in text or b"\033" in text:
            text = self.layout.cells(text)[1]
        try:
            found = self.regex.test(text)
        except RegexError:
            found = False
        await self.owe(5 + self.regex.spent())
        return found != self.inverted

    async def start_search(self, *, backwards: bool, count: int, text: str | None = None) -> None:
        """``/`` and ``?``: ask for a pattern and look for it."""
        if text is None:
            text = await self.ask("?" if backwards else "/")
        if text is None:
            return
        self.backwards = backwards
        self.inverted = text.startswith("!")
        if self.inverted:
            text = text[1:]
        if text:
            regex = self._compile(text)
            if regex is None:
                return
            self.regex = regex
            self.settings.highlight = True
        rows = await self.window()
        start = rows[-1 if backwards else 0][0] if rows else 0
        if not await self.search(backwards=backwards, count=count, start=start):
            await self.paint()

    async def set_filter(self) -> None:
        """``&``: show only the lines that match."""
        text = await self.ask("&/")
        if text is None:
            return
        self.filter_inverted = text.startswith("!")
        text = text.removeprefix("!")
        self.filter = self._compile(text) if text else None
        rows = await self.window()
        if not rows and self.filter is not None:
            previous = await self.previous_line(self.top[0])
            self.top = (previous or 0, 0)
        await self.paint()

    # -- files ---------------------------------------------------------------------------------

    async def open(self, number: int) -> bytes | None:
        """Go to a file of the list; the complaint if it cannot be shown."""
        tool = self.tool
        file = self.files[number]
        fd = 0
        seekable = False
        if file.name != b"-":
            try:
                st = await tool.sys.stat(file.name)
                if st.mode & S_IFMT == S_IFDIR:
                    return clean(file.name).encode() + b" is a directory"
                fd = await tool.sys.open(file.name, O_RDONLY)
            except OSError as err:
                return clean(file.name).encode() + b": " + why(err)
        else:
            st = await tool.sys.fstat(fd)
        if st.mode & S_IFMT == S_IFREG and st.size:
            try:
                await tool.sys.lseek(fd, 0, SEEK_CUR)
                seekable = True
            except OSError:
                seekable = False
        source = Source(tool, fd, file.name if file.name != b"-" else b"", seekable=seekable)
        source.interrupted = self.screen.interrupted
        if hasattr(self, "source") and self.source.fd > 2:
            await tool.sys.close(self.source.fd)
        self.source = source
        self.at_file = number
        self.top = file.top
        self.first_prompt = True
        self.end_seen = False
        return None

    async def step_file(self, step: int) -> bool:
        """To the next or an earlier file. False if there is none."""
        number = self.at_file + step
        if not 0 <= number < len(self.files):
            self.message = b"No next file" if step > 0 else b"No previous file"
            return False
        self.files[self.at_file].top = self.top
        complaint = await self.open(number)
        if complaint is not None:
            self.message = complaint
            return False
        await self.paint()
        return True

    async def follow(self) -> None:
        """``F``: show what is added to the text, until ^C."""
        while True:
            self.top = await self.last_top()
            await self.paint()
            text = b"Waiting for data... (interrupt to abort)"
            await self.screen.write(self._bottom() + CLEAR_LINE + REVERSE + text + NORMAL)
            before = self.source.scanned
            while self.source.scanned == before:
                key = await self.screen.key(SECOND)
                if key in (INTERRUPT, END, "q", "ESC", "^C", "^X"):
                    return
                if key in (RESIZE, RESUMED):
                    break
                if key == TIMEOUT and await self._shrunk():
                    await self._reopen()
                    break
                self.source.eof = False
                while not self.source.eof:
                    await self.source.more()

    async def _shrunk(self) -> bool:
        size = await self.source.size() if self.source.seekable else None
        return size is not None and size < self.source.scanned

    async def _reopen(self) -> None:
        if self.source.name:
            await self.open(self.at_file)

    # -- commands ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Obey keys until one of them quits."""
        while True:
            await self.prompt()
            key = self.pending.pop(0) if self.pending else await self.screen.key()
            if self.message:
                self.message = b""
                if self.dirty:
                    await self.paint()
                if key in ("ENTER", "^J", " "):
                    continue
            count, key = await self._number(key)
            self.first_prompt = False
            try:
                await self.command(key, int(count) if count else None)
            except Interrupted:
                self.screen.interrupted()
                self.message = b""
            if self.source.broken is not None:
                self.message = b"read error: " + why(self.source.broken)
                self.source.broken = None
            if not self.message:
                await self._maybe_leave()

    async def _number(self, key: str) -> tuple[str, str]:
        """The number that begins with ``key``, if it is a digit, and the key that ends it."""
        count = ""
        while (len(key) == 1 and key in "0123456789") or (count and key == "BACKSPACE"):
            count = count[:-1] if key == "BACKSPACE" else (count + key)[:12]
            if not count:
                return "", ""
            await self.screen.write(self._bottom() + CLEAR_LINE + b":" + count.encode())
            key = self.pending.pop(0) if self.pending else await self.screen.key()
        return count, key

    async def _maybe_leave(self) -> None:
        """-e and -E, and more: quit at the end of the last file."""
        if not self.settings.quit_at_end:
            return
        if not await self.at_end() or not self.source.eof:
            return
        if self.settings.quit_at_end == 2 or self.end_seen:
            if self.at_file + 1 >= len(self.files):
                raise Quit
            if self.more:
                await self.step_file(1)
        self.end_seen = True

    async def command(self, key: str, count: int | None) -> None:
        """One command."""
        n = count or 1
        page = self.settings.window or self.height
        half = self.half or max(self.screen.rows // 2, 1)
        match key:
            case "q" | "Q" | "EOF":
                raise Quit
            case " " | "f" | "^F" | "^V" | "PGDN":
                await self._forward(count or page)
            case "z":
                self.settings.window = count or self.settings.window
                await self._forward(count or page)
            case "b" | "^B" | "M-v" | "PGUP":
                await self._backward(count or page)
            case "w":
                self.settings.window = count or self.settings.window
                await self._backward(count or page)
            case "d" | "^D":
                self.half = count or self.half
                await self._forward(count or half)
            case "u" | "^U":
                self.half = count or self.half
                await self._backward(count or half)
            case "j" | "e" | "^E" | "^N" | "DOWN" | "ENTER" | "^J":
                await self._forward(n)
            case "k" | "y" | "^Y" | "^K" | "^P" | "UP":
                await self._backward(n)
            case "g" | "<" | "M-<" | "HOME":
                await self._go(n - 1)
            case "G" | ">" | "M->" | "END":
                await self._go_end(count)
            case "p" | "%":
                await self._go_percent(count or 0)
            case "RIGHT" | "M-)":
                await self._sideways(count or self.layout.room // 2)
            case "LEFT" | "M-(":
                await self._sideways(-(count or self.layout.room // 2))
            case "/":
                await self.start_search(backwards=False, count=n)
            case "?":
                await self.start_search(backwards=True, count=n)
            case "n":
                await self.search(backwards=self.backwards, count=n)
            case "N":
                await self.search(backwards=not self.backwards, count=n)
            case "&":
                await self.set_filter()
            case "M-u":
                self.settings.highlight = not self.settings.highlight
                await self.paint()
            case _:
                await self._other(key)

    async def _other(self, key: str) -> None:
        match key:
            case "F":
                await self.follow()
                await self.paint()
            case "=" | "^G":
                self.message = await self._where()
            case "r" | "^R" | "^L" | "R":
                if key == "R":
                    await self._reopen_at()
                await self.screen.measure()
                await self.paint()
            case "h" | "H":
                await self._help()
            case "m":
                await self._mark()
            case "'":
                await self._to_mark()
            case ":":
                await self._colon()
            case "Z":
                if await self._next_key("Z") == "Z":
                    raise Quit
            case "-" | "_":
                await self._option()
            case "v" | "!" | "|" | "s":
                self.message = b"Command not available"
            case "V":
                self.message = b"less 590"
            case _ if key in (RESIZE, RESUMED):
                await self.paint()
            case _ if key in (INTERRUPT, ""):
                pass
            case _:
                await self.screen.write(b"\a")

    async def _next_key(self, shown: str) -> str:
        await self.screen.write(self._bottom() + CLEAR_LINE + b" " + shown.encode())
        return self.pending.pop(0) if self.pending else await self.screen.key()

    async def _forward(self, count: int) -> None:
        if not await self.scroll(count):
            await self.screen.write(b"\a")

    async def _backward(self, count: int) -> None:
        self.end_seen = False
        if not await self.back(count):
            await self.screen.write(b"\a")

    async def _go(self, line: int) -> None:
        if not await self.source.has(line):
            if line == 0:
                return
            self.message = b"Cannot seek to line number %d" % (line + 1)
            return
        self.end_seen = False
        await self.jump(line)

    async def _go_end(self, count: int | None) -> None:
        if count is not None:
            await self._go(count - 1)
            return
        top = await self.last_top()
        await self.jump(*top)

    async def _go_percent(self, percent: int) -> None:
        await self.source.load()
        size = self.source.scanned
        line = self.source.line_at(size * min(percent, 100) // 100)
        last = await self.last_top()
        await self.jump(*min((line, 0), last))

    async def _sideways(self, step: int) -> None:
        self.layout.shift = max(self.layout.shift + step, 0)
        if not self.layout.chop and self.layout.shift:
            self.layout.chop = True
        elif not self.layout.shift and not self.keeps_chopping:
            self.layout.chop = False
        await self.paint()

    keeps_chopping = False
    """Whether -S is on, and not only a sideways step."""

    async def _where(self) -> bytes:
        rows = await self.window()
        words = []
        if self.source.name:
            words.append(clean(self.source.name).encode())
        if len(self.files) > 1:
            words.append(b"(file %d of %d)" % (self.at_file + 1, len(self.files)))
        words.append(await self._lines_text())
        size = await self.source.size()
        text = b"byte %d" % self._byte(rows)
        words.append(text + (b"/%d" % size if size is not None else b""))
        if await self.at_end():
            words.append(b"(END)" + self._next_name())
        elif (percent := await self._percent()) is not None:
            words.append(b"%d%%" % percent)
        return b" ".join(words)

    async def _reopen_at(self) -> None:
        top = self.top
        if self.source.name:
            await self.open(self.at_file)
        self.top = top

    async def _mark(self) -> None:
        key = await self._next_key("mark: ")
        if len(key) == 1 and key.isalpha():
            self.files[self.at_file].marks[key] = self.top
        elif key != INTERRUPT:
            await self.screen.write(b"\a")

    async def _to_mark(self) -> None:
        key = await self._next_key("goto mark: ")
        marks = self.files[self.at_file].marks
        if key == "'":
            await self.jump(*self.old_top)
        elif key == "^":
            await self.jump(0)
        elif key == "$":
            await self.jump(*await self.last_top())
        elif key in marks:
            await self.jump(*marks[key])
        elif key != INTERRUPT:
            self.message = b"Mark not set"

    async def _colon(self) -> None:
        key = await self._next_key(":")
        if key in ("q", "Q"):
            raise Quit
        if key == "n":
            await self.step_file(1)
        elif key == "p":
            await self.step_file(-1)
        elif key == "x":
            await self.step_file(-self.at_file)
        elif key == "f":
            self.message = await self._where()
        elif key == "e":
            name = await self.ask("Examine: ")
            if name:
                self.files.append(File(encode(name)))
                if not await self.step_file(len(self.files) - 1 - self.at_file):
                    self.files.pop()
        elif key != INTERRUPT:
            await self.screen.write(b"\a")

    async def _option(self) -> None:
        key = await self._next_key("-")
        layout, settings = self.layout, self.settings
        said = {
            "N": ("Don't use line numbers", "Constantly display line numbers"),
            "S": ("Fold long lines", "Chop long lines"),
            "R": ("Display control characters as ^X", "Display ANSI sequences directly"),
            "i": ("Case is significant in searches", "Ignore case in searches"),
            "I": ("Case is significant in searches", "Ignore case in searches and in patterns"),
            "s": ("Display all blank lines", "Squeeze multiple blank lines"),
            "G": ("Highlight matches for previous search pattern", "Don't highlight matches"),
            "M": ("Use short prompt", "Use long prompt"),
            "m": ("Use short prompt", "Use medium prompt"),
        }
        if key == "N":
            layout.numbers = on = not layout.numbers
        elif key == "S":
            layout.chop = self.keeps_chopping = on = not self.keeps_chopping
            layout.shift = 0
        elif key == "R":
            layout.raw = on = not layout.raw
        elif key in ("i", "I"):
            value = 1 if key == "i" else 2
            settings.ignore_case = 0 if settings.ignore_case == value else value
            on = bool(settings.ignore_case)
        elif key == "s":
            settings.squeeze = on = not settings.squeeze
        elif key == "G":
            settings.highlight = not settings.highlight
            on = not settings.highlight
        elif key in ("m", "M"):
            settings.prompt = "s" if settings.prompt == key else key
            on = settings.prompt == key
        else:
            if key not in (INTERRUPT, "ENTER", "BACKSPACE", "ESC"):
                self.message = b"There is no " + encode(f"-{key} option")
            return
        self.dirty = True
        self.message = said[key][on].encode()

    async def _help(self) -> None:
        """Show the keys in place of the text."""
        kept = (self.source, self.files, self.at_file, self.top, self.filter, self.regex)
        read, write = await self.tool.sys.pipe()
        await write_all(self.tool.sys, write, HELP.encode())
        await self.tool.sys.close(write)
        self.source = Source(self.tool, read, b"HELP", seekable=False)
        self.files, self.at_file, self.top = [File(b"HELP")], 0, (0, 0)
        self.filter = self.regex = None
        self.message = b""
        await self.paint()
        self.settings.template = (
            "HELP -- ?eEND -- Press g to see it again:Press RETURN for more., or q when done"
        )
        with suppress(Quit):
            await self.run()
        await self.tool.sys.close(read)
        self.settings.template = ""
        self.source, self.files, self.at_file, self.top, self.filter, self.regex = kept
        await self.paint()
