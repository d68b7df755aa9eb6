"""nano: a small editor (after GNU nano 7.2)."""

from minios.abi.flags import (
    O_CREAT,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFMT,
    W_OK,
)
from minios.userland.bin.nanohelp import HELP, MENUS
from minios.userland.bin.nanoview import Cancelled, View
from minios.userland.lib.editbuffer import Buffer
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.screen import (
    END,
    RESIZE,
    RESUMED,
    TIMEOUT,
    Screen,
)
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.utf8 import decode, encode

USAGE = """
Usage: nano [OPTIONS] [[+LINE[,COLUMN]] FILE]...
Edit files. ^G shows the keys, ^O writes the file, ^X leaves.

  -B, --backup        keep the old file with ~ at its name's end
  -i, --autoindent    a new line begins as the one before it
  -l, --linenumbers   number the lines
  -v, --view          look only
  -h, --help          show this
"""

FILE_MAX = 1 << 20
"""A larger file is not opened."""


class _Close(Exception):
    """This file is done with."""


class Editor(View):
    """The view with what keys do to the file."""

    # -- files ---------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the file, if there is one."""
        if not self.name:
            return
        sys = self.tool.sys
        shown_name = clean(self.name)
        try:
            st = await sys.stat(self.name)
        except OSError as err:
            folder = self.name.rpartition(b"/")[0]
            if err.errno != 2:
                self.say(f"Error reading {shown_name}: {why(err).decode()}")
                return
            self.say("New File")
            if folder:
                try:
                    await sys.stat(folder)
                except OSError:
                    self.say(f"Directory '{clean(folder)}' does not exist")
            return
        if st.mode & S_IFMT == S_IFDIR:
            self.say(f'"{shown_name}" is a directory')
            self.name = b""
            return
        if st.mode & S_IFMT in (S_IFCHR, S_IFBLK):
            self.say(f'"{shown_name}" is a device file')
            self.name = b""
            return
        if st.size > FILE_MAX:
            self.say(f'"{shown_name}" is too large')
            self.name = b""
            return
        try:
            data = await read_file(sys, self.name, FILE_MAX)
        except OSError as err:
            self.say(f"Error reading {shown_name}: {why(err).decode()}")
            self.name = b""
            return
        try:
            await self.tool.retain(2 * len(data) + 4096)
        except Failure:
            self.say("Nano is out of memory!")
            self.name = b""
            return
        await sys.compute(1 + len(data) // 16)
        self.buffer = Buffer.of(data)
        self.say(_lines("Read", self.buffer.count))
        try:
            await sys.eaccess(self.name, W_OK)
        except OSError:
            self.say(f"File '{shown_name}' is unwritable")

    async def write(self, *, asking: bool = True) -> bool:
        """^O: write the file. False if it was not written."""
        name = decode(self.name)
        if asking or not name:
            try:
                name = await self.ask("File Name to Write", name, "write")
            except Cancelled:
                self.say("Cancelled")
                return False
        if not name:
            self.say("Cancelled")
            return False
        target = encode(name)
        if target != self.name and not await self._overwrite(target):
            return False
        sys = self.tool.sys
        data = self.buffer.data()
        try:
            if self.backup and target == self.name:
                await self._keep_old(target)
            fd = await sys.open(target, O_CREAT | O_WRONLY | O_TRUNC, 0o666)
            await write_all(sys, fd, data)
            await sys.close(fd)
        except OSError as err:
            self.say(f"Error writing {clean(target)}: {why(err).decode()}")
            return False
        await sys.compute(1 + len(data) // 32)
        self.name = target
        self.buffer.written()
        self.say(_lines("Wrote", self.buffer.count))
        return True

    async def _overwrite(self, target: bytes) -> bool:
        try:
            await self.tool.sys.stat(target)
        except OSError:
            return True
        question = f'File "{clean(target)}" exists; OVERWRITE? '
        try:
            return await self.confirm(question) == "y"
        except Cancelled:
            self.say("Cancelled")
            return False

    async def _keep_old(self, target: bytes) -> None:
        sys = self.tool.sys
        try:
            old = await read_file(sys, target, FILE_MAX)
        except OSError:
            return
        fd = await sys.open(target + b"~", O_CREAT | O_WRONLY | O_TRUNC, 0o666)
        await write_all(sys, fd, old)
        await sys.close(fd)

    async def leave(self) -> None:
        """^X: ask whether to write what has changed."""
        if self.buffer.modified and not self.view_only:
            try:
                answer = await self.confirm("Save modified buffer? ")
            except Cancelled:
                self.say("Cancelled")
                return
            if answer == "y" and not await self.write():
                return
        raise _Close

    async def insert_file(self) -> None:
        """^R: put another file in at the cursor."""
        try:
            name = await self.ask("File to insert [from ./]")
        except Cancelled:
            self.say("Cancelled")
            return
        try:
            data = await read_file(self.tool.sys, encode(name), FILE_MAX)
        except OSError as err:
            self.say(f"Error reading {clean(encode(name))}: {why(err).decode()}")
            return
        await self.tool.retain(2 * len(data))
        self.buffer.insert(decode(data))
        self.say(_lines("Read", data.count(b"\n") + (not data.endswith(b"\n") and bool(data))))

    # -- searching -----------------------------------------------------------------------------

    async def search(self, *, backwards: bool = False) -> None:
        """^W and ^Q."""
        prompt = "Search" + (f" [{self.sought}]" if self.sought else "")
        if backwards:
            prompt = prompt.replace("Search", "Search [Backwards]", 1)
        try:
            answer = await self.ask(prompt, menu="search")
        except Cancelled:
            self.say("Cancelled")
            return
        if answer.startswith("\0"):
            if answer[1:] == "^R":
                await self.search_and_replace()
            elif answer[1:] == "^T":
                await self.go_to_line()
            else:
                await self.search(backwards=not backwards)
            return
        self.sought = answer or self.sought
        self.backwards = backwards
        await self.again()

    async def again(self, *, reverse: bool = False) -> None:
        """M-W: to the next place."""
        if not self.sought:
            self.say("No current search pattern" if not reverse else "Cancelled")
            return
        before = (self.buffer.line, self.buffer.column)
        place, wrapped = await self._find(before, backwards=self.backwards != reverse)
        if place is None:
            self.say(f'"{self.sought}" not found')
            return
        self.buffer.go(*place)
        self._centre()
        if place == before:
            self.say("This is the only occurrence")
        elif wrapped:
            self.say("Search Wrapped")

    def _centre(self) -> None:
        if not self.top <= self.buffer.line < self.top + self.height:
            self.top = max(self.buffer.line - self.height // 2, 0)

    async def _find(
        self, start: tuple[int, int], *, backwards: bool, inclusive: bool = False
    ) -> tuple[tuple[int, int] | None, bool]:
        """Where the text occurs next, and whether the search went over the end."""
        lines = self.buffer.lines
        wanted = self.sought.lower()
        number, column = start
        for step in range(len(lines) + 1):
            line = lines[number].lower()
            await self.tool.sys.compute(1 + len(line) // 64)
            if backwards:
                end = column + len(wanted) - 1 if not step else len(line)
                at = line.rfind(wanted, 0, max(end, 0))
            else:
                at = line.find(wanted, column + (not inclusive) if not step else 0)
            if at >= 0:
                over = number > start[0] if backwards else number < start[0]
                over = over or (step > 0 and number == start[0])
                return (number, at), over
            number = (number + (-1 if backwards else 1)) % len(lines)
        return None, False

    async def search_and_replace(self) -> None:
        """^\\: ask at each place."""
        try:
            prompt = "Search (to replace)" + (f" [{self.sought}]" if self.sought else "")
            self.sought = (await self.ask(prompt)) or self.sought
            if not self.sought:
                raise Cancelled
            self.replacement = await self.ask("Replace with", self.replacement)
        except Cancelled:
            self.say("Cancelled")
            return
        count = 0
        everything = False
        start = (self.buffer.line, self.buffer.column)
        at, inclusive = start, True
        while True:
            place, wrapped = await self._find(at, backwards=False, inclusive=inclusive)
            if place is None or wrapped:
                break
            self.buffer.go(*place)
            self._centre()
            answer = "y"
            if not everything:
                try:
                    answer = await self.confirm("Replace this instance? ", "yesnoall")
                except Cancelled:
                    break
            everything = everything or answer == "a"
            if answer in ("y", "a"):
                line, column = place
                text = self.buffer.current
                new = text[:column] + self.replacement + text[column + len(self.sought) :]
                after = (line, column + len(self.replacement))
                self.buffer.replace(line, 1, [new], after)
                count += 1
                at, inclusive = after, True
            else:
                at, inclusive = place, False
        if not count and place is None:
            self.say(f'"{self.sought}" not found')
        else:
            self.say(f"Replaced {count} occurrence{'' if count == 1 else 's'}")

    async def go_to_line(self) -> None:
        """^_: to a line and column."""
        try:
            answer = await self.ask("Enter line number, column number", menu="goto")
        except Cancelled:
            self.say("Cancelled")
            return
        if answer.startswith("\0"):
            last = len(self.buffer.lines) - 1
            self.buffer.go(0 if answer == "\0^Y" else last, 0)
            return
        words = answer.replace(",", " ").split()
        numbers = [int(word) for word in words if word.lstrip("-").isdigit() and len(word) < 10]
        if not words or len(numbers) != len(words):
            self.say("Invalid line or column number")
            return
        line = numbers[0] - 1 if numbers[0] > 0 else len(self.buffer.lines) + numbers[0]
        self.buffer.go(line, 0)
        if len(numbers) > 1:
            self.buffer.go(line, self.buffer.column_at(self.buffer.line, max(numbers[1] - 1, 0)))
        self._centre()

    # -- keys ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Edit until the file is closed."""
        while True:
            if not await self.screen.waiting():
                await self.paint()
            key = await self.screen.key()
            if key in (TIMEOUT, RESUMED, RESIZE):
                self.screen.forget()
                continue
            if key == END:
                raise _Close
            self._age_message()
            cut, self.cutting = self.cutting, False
            await self.tool.sys.compute(20)
            try:
                await self.press(key, cut=cut)
            except Failure:
                self.say("Nano is out of memory!")

    async def press(self, key: str, *, cut: bool) -> None:
        """Obey one key; ``cut`` if the one before cut a line."""
        if await self._move(key) or await self._command(key):
            return
        if self.view_only:
            self.say("Key is invalid in view mode")
        elif not await self._change(key, cut=cut):
            self.say("Unbound key" if len(key) < 12 else "Unknown sequence")

    async def _move(self, key: str) -> bool:
        buffer = self.buffer
        match key:
            case "UP" | "^P":
                buffer.vertically(-1)
            case "DOWN" | "^N":
                buffer.vertically(1)
            case "LEFT" | "^B":
                buffer.left()
            case "RIGHT" | "^F":
                buffer.right()
            case "HOME" | "^A":
                buffer.go(buffer.line, 0)
            case "END" | "^E":
                buffer.go(buffer.line, len(buffer.current))
            case "PGUP" | "^Y":
                self.top = max(self.top - (self.height - 2), 0)
                buffer.vertically(-max(self.height - 2, 1))
            case "PGDN" | "^V":
                step = max(self.height - 2, 1)
                self.top = min(self.top + step, max(len(buffer.lines) - 1, 0))
                buffer.vertically(step)
            case "C-LEFT" | "M- ":
                buffer.word_left()
            case "C-RIGHT" | "^ ":
                buffer.word_right()
            case "M-\\" | "C-HOME" | "M-|":
                buffer.go(0, 0)
            case "M-/" | "C-END" | "M-?":
                buffer.go(len(buffer.lines) - 1, 0)
            case _:
                return False
        return True

    async def _command(self, key: str) -> bool:
        match key:
            case "^X" | "F2":
                await self.leave()
            case "^O" | "F3":
                if self.view_only:
                    self.say("Key is invalid in view mode")
                else:
                    await self.write()
            case "^S":
                await self.write(asking=False)
            case "^W" | "F6":
                await self.search()
            case "^Q":
                await self.search(backwards=True)
            case "M-W" | "M-w":
                await self.again()
            case "M-Q" | "M-q":
                await self.again(reverse=True)
            case "^_" | "M-G" | "M-g" | "^/":
                await self.go_to_line()
            case "^C" | "F11":
                self.say(self._location())
            case "^G" | "F1":
                await self._help()
            case "^L":
                self.screen.forget()
            case "^Z":
                await self.screen.suspend()
            case "M-N" | "M-n":
                self.numbers = not self.numbers
                self.say(f"Line numbering {'enabled' if self.numbers else 'disabled'}")
            case "M-I" | "M-i":
                self.indent = not self.indent
                self.say(f"Auto indent {'enabled' if self.indent else 'disabled'}")
            case "PASTE" | "PASTED":
                self.pasting = key == "PASTE"
            case _:
                return False
        return True

    async def _change(self, key: str, *, cut: bool) -> bool:
        buffer = self.buffer
        match key:
            case "ENTER" | "^M" | "^J":
                text = buffer.current[: buffer.column]
                indent = text[: len(text) - len(text.lstrip())] if self.indent else ""
                await self.tool.retain(16)
                buffer.insert("\n" + ("" if self.pasting else indent))
            case "TAB":
                buffer.insert("\t")
            case "BACKSPACE" | "^H":
                buffer.backspace()
            case "DELETE" | "^D":
                buffer.delete()
            case "^K" | "F9":
                text_cut = buffer.cut_line()
                if text_cut is None:
                    self.say("Nothing was cut")
                else:
                    self.cut = [*self.cut, text_cut] if cut else [text_cut]
                    self.cutting = True
            case "^U" | "F10":
                if self.cut:
                    await self.tool.retain(2 * sum(map(len, self.cut)))
                    buffer.insert("".join(self.cut))
                else:
                    self.say("Cutbuffer is empty")
            case "M-6" | "M-^":
                self.cut = [*self.cut, buffer.current + "\n"] if cut else [buffer.current + "\n"]
                self.cutting = True
                buffer.vertically(1)
                buffer.go(buffer.line, 0)
            case "^R" | "F5" | "INSERT":
                await self.insert_file()
            case "^\\" | "M-R" | "M-r":
                await self.search_and_replace()
            case "M-U" | "M-u":
                self.say("Undid change" if buffer.undo() else "Nothing to undo")
                self._centre()
            case "M-E" | "M-e":
                self.say("Redid change" if buffer.redo() else "Nothing to redo")
                self._centre()
            case _ if len(key) == 1:
                await self._type(key)
            case _:
                return False
        return True

    async def _type(self, first: str) -> None:
        """Put in a character, and those that wait behind it, at once."""
        text = first
        while len(text) < 256 and (more := self.screen.next_plain()):
            text += more
        await self.tool.retain(4 * len(text))
        self.buffer.insert(text)

    def _location(self) -> str:
        buffer = self.buffer
        line, total = buffer.line + 1, len(buffer.lines)
        column = buffer.cell(buffer.line, buffer.column) + 1
        columns = buffer.cell(buffer.line, len(buffer.current)) + 1
        before = sum(len(text) + 1 for text in buffer.lines[: buffer.line]) + buffer.column
        chars = sum(len(text) + 1 for text in buffer.lines) - 1
        percent = 100 * before // chars if chars else 0
        a, b, c = (len(str(n)) for n in (total, columns, chars))
        return (
            f"line {line:>{max(a, 2)}}/{total} ({100 * line // total:>2}%), "
            f"col {column:>{max(b, 2)}}/{columns:>{2}} ({100 * column // columns:>3}%), "
            f"char {before:>{c}}/{chars} ({percent:>2}%)"
        )

    async def _help(self) -> None:
        """^G: the keys, until ^X."""
        kept = (self.buffer, self.top, self.name, self.view_only, self.menu, self.numbers)
        self.buffer = Buffer.of(HELP.encode())
        self.top, self.view_only, self.menu, self.numbers = 0, True, MENUS["help"], False
        self.name = b"help"
        while True:
            self.message = ""
            await self.paint()
            key = await self.screen.key()
            if key in ("^X", "^C", "q", "F2", "^G", END):
                break
            if key in (RESIZE, RESUMED):
                self.screen.forget()
            elif key in ("UP", "DOWN"):
                self.top = max(min(self.top + (1 if key == "DOWN" else -1), self._last_top()), 0)
                self.buffer.go(self.top, 0)
            else:
                await self._move({" ": "PGDN", "-": "PGUP"}.get(key, key))
                self.top = min(self.top, self._last_top())
                self.buffer.go(self.top, 0)
        self.buffer, self.top, self.name, self.view_only, self.menu, self.numbers = kept
        self.message = ""

    def _last_top(self) -> int:
        return max(len(self.buffer.lines) - self.height, 0)


def _lines(verb: str, count: int) -> str:
    return f"{verb} {count} line{'' if count == 1 else 's'}"


def _position(word: bytes) -> tuple[int, int] | None:
    """``+LINE[,COLUMN]``."""
    if not word.startswith(b"+"):
        return None
    line, _, column = word[1:].partition(b",")
    if (line + column).isdigit() or word == b"+":
        return int(line[:9] or b"1"), int(column[:9] or b"1")
    return None


@program(USAGE)
async def nano(tool: Tool) -> int:
    """nano(1)."""
    sys = tool.sys
    long = ("backup=B", "autoindent=i", "linenumbers=l", "view=v", "help=h", "nowrap=w",
            "tabsize:=T", "mouse=m", "version=V")  # fmt: skip
    try:
        options = tool.options = parse(tool.argv[1:], "BilvhwT:mVxES", long)
    except UsageError as err:
        await complain(sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(sys, b"Type '" + tool.name + b" -h' for a list of available options.")
        return 1
    if "h" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b" nano, version 7.2")
        return 0
    if not await sys.isatty(1):
        raise Failure(b"Standard output is not a terminal")
    fd = 0
    if not await sys.isatty(0):
        fd = await sys.open(b"/dev/tty", O_RDWR)
    screen = Screen(sys, fd, signals=False, on=b"\033[?2004h", off=b"\033[?2004l")
    await screen.start()
    try:
        await _edit(tool, screen, options.operands or [b""])
    except Failure:
        await screen.stop()
        raise
    await screen.stop()
    return tool.status


async def _edit(tool: Tool, screen: Screen, words: list[bytes]) -> None:
    """Edit the files one after the other."""
    place: tuple[int, int] | None = None
    options = tool.options
    for word in words:
        if (found := _position(word)) is not None and word is not words[-1]:
            place = found
            continue
        editor = Editor(tool, screen, word)
        editor.view_only = "v" in options
        editor.indent = "i" in options
        editor.numbers = "l" in options
        editor.backup = "B" in options
        await editor.load()
        if place is not None:
            editor.buffer.go(place[0] - 1, place[1] - 1)
            editor.top = max(editor.buffer.line - editor.height // 2, 0)
            place = None
        try:
            await editor.run()
        except _Close:
            screen.forget()
