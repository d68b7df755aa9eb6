"""Reading find's expression."""

from collections.abc import Awaitable, Callable

from minios.userland.bin.find import tests
from minios.userland.bin.find.actions import (
    Batch,
    Files,
    delete,
    exec_action,
    ls_action,
    print_action,
    printf_action,
    prune,
    quit_,
)
from minios.userland.bin.find.printf import Printer, compile_format
from minios.userland.bin.find.run import Run, Test
from minios.userland.lib.calendar import DAY, NS
from minios.userland.lib.program import Failure
from minios.userland.lib.quoting import quote
from minios.userland.lib.regex import EMACS, Syntax
from minios.userland.lib.walk import Visit

_DEPTH = 60
"""Parentheses and negations may be nested this deep."""

_NAMES = {
    b"-name": (False, False), b"-iname": (True, False), b"-path": (False, True),
    b"-wholename": (False, True), b"-ipath": (True, True), b"-iwholename": (True, True),
}  # fmt: skip
_NUMBERS = {b"-links": "nlink", b"-inum": "ino", b"-uid": "uid", b"-gid": "gid"}
_AGES = {
    b"-atime": ("a", DAY), b"-ctime": ("c", DAY), b"-mtime": ("m", DAY),
    b"-amin": ("a", 60), b"-cmin": ("c", 60), b"-mmin": ("m", 60),
}  # fmt: skip
_IGNORED = frozenset((b"-noleaf", b"-ignore_readdir_race", b"-noignore_readdir_race"))
_GLOBAL = frozenset(
    b"-maxdepth -mindepth -depth -d -mount -xdev -noleaf -ignore_readdir_race "
    b"-noignore_readdir_race".split()
)
_OPERATORS = frozenset((b"(", b")", b",", b"!", b"-not", b"-a", b"-and", b"-o", b"-or"))


def looks_like_expression(arg: bytes, *, leading: bool) -> bool:
    """Whether an argument begins the expression rather than naming a path."""
    if arg[:1] == b"-":
        return len(arg) > 1
    if arg in (b")", b","):
        return not leading
    return arg in (b"(", b"!")


class Parser:
    """Recursive descent over the arguments after the paths."""

    def __init__(self, run: Run, args: list[bytes], *, tty: bool) -> None:
        self.run = run
        self.args = args
        self.at = 0
        self.depth = 0
        self.tty = tty
        self.syntax: Syntax = EMACS
        self.files = Files(run)
        self.acts = False
        """Whether the expression has an action, so that -print is not implied."""
        self.tested = b""
        self.last = b""
        """The first test, and the primary read last."""

    async def parse(self) -> Test:
        """The whole expression, with -print where it is implied."""
        if not self.args:
            return await self.printer(b"\n")
        test = await self.listed()
        if self.at < len(self.args):
            if self.args[self.at] == b")":
                raise Failure(b"you have too many ')'")
            raise Failure(b"invalid expression")
        if self.acts:
            return test
        return _all([test, await self.printer(b"\n")])

    def peek(self) -> bytes | None:
        return self.args[self.at] if self.at < len(self.args) else None

    def argument(self, option: bytes) -> bytes:
        if self.at >= len(self.args):
            raise Failure(b"missing argument to `" + option + b"'")
        self.at += 1
        return self.args[self.at - 1]

    # -- operators -----------------------------------------------------------------------------

    async def listed(self) -> Test:
        """``A , B``: both, and the value of the last."""
        found = [await self.either()]
        while self.peek() == b",":
            self.at += 1
            self.need_operand(b",")
            found.append(await self.either())
        return found[0] if len(found) == 1 else _each(found)

    async def either(self) -> Test:
        found = [await self.both()]
        while self.peek() in (b"-o", b"-or"):
            word = self.args[self.at]
            self.at += 1
            self.need_operand(word)
            found.append(await self.both())
        return found[0] if len(found) == 1 else _any(found)

    async def both(self) -> Test:
        found = [await self.negated()]
        while (word := self.peek()) is not None and word not in (b"-o", b"-or", b",", b")"):
            if word in (b"-a", b"-and"):
                self.at += 1
                self.need_operand(word)
            found.append(await self.negated())
        return found[0] if len(found) == 1 else _all(found)

    def need_operand(self, word: bytes) -> None:
        after = self.peek()
        if after is None or after in (b")", b",", b"-o", b"-or", b"-a", b"-and"):
            if after is None:
                raise Failure(b"expected an expression after '" + word + b"'")
            text = b"invalid expression; expected to find an expression after '"
            raise Failure(text + word + b"', but found '" + after + b"'")

    async def negated(self) -> Test:
        invert = False
        while self.peek() in (b"!", b"-not"):
            word = self.args[self.at]
            self.at += 1
            if self.peek() is None:
                raise Failure(b"expected an expression after '" + word + b"'")
            invert = not invert
        test = await self.primary()
        return _not(test) if invert else test

    async def primary(self) -> Test:
        word = self.argument(b"")
        if word == b"(":
            self.last = word
            return await self.parenthesis()
        if word == b")":
            raise Failure(b"invalid expression; you have too many ')'")
        if word in _OPERATORS:
            text = b"invalid expression; you have used a binary operator '"
            raise Failure(text + word + b"' with nothing before it.")
        if word[:1] != b"-":
            raise await self.stray(word)
        parse = self.find(word)
        if parse is None:
            raise Failure(b"unknown predicate `" + word + b"'")
        self.last = word
        if word not in _GLOBAL:
            self.tested = self.tested or word
        elif self.tested and self.run.warns:
            await self.warn_about_position(word)
        return await parse(word)

    async def parenthesis(self) -> Test:
        if self.peek() == b")":
            raise Failure(b"invalid expression; empty parentheses are not allowed.")
        self.depth += 1
        if self.depth > _DEPTH:
            raise Failure(b"memory exhausted")
        if self.peek() is None:
            raise self.unclosed()
        test = await self.listed()
        self.depth -= 1
        if self.peek() != b")":
            raise self.unclosed()
        self.at += 1
        return test

    @staticmethod
    def unclosed() -> Failure:
        text = b"invalid expression; I was expecting to find a ')' somewhere but did not see one."
        return Failure(text)

    async def stray(self, word: bytes) -> Failure:
        """An operand among the tests: most often a pattern that the shell has expanded."""
        text = b"paths must precede expression: `" + word + b"'"
        try:
            await self.run.sys.lstat(word)
        except OSError:
            return Failure(text)
        text += b"\n" + self.run.tool.name + b": possible unquoted pattern after predicate `"
        return Failure(text + self.last + b"'?")

    async def warn_about_position(self, word: bytes) -> None:
        text = (
            b"warning: you have specified the global option %s after the argument %s, but global "
            b"options are not positional, i.e., %s affects tests specified before it as well as "
            b"those specified after it.  Please specify global options before other arguments."
        )
        await self.run.tool.warn(text % (word, self.tested, word), status=0)

    # -- primaries -----------------------------------------------------------------------------

    def find(self, word: bytes) -> Callable[[bytes], Awaitable[Test]] | None:
        """The method that reads a primary."""
        if word in _NAMES:
            return self.name
        if word in _NUMBERS:
            return self.number
        if word in _AGES:
            return self.age
        if word in tests.ACCESS:
            return self.access
        if word in _IGNORED:
            return self.ignored
        if word.startswith(b"-newer") or word in (b"-anewer", b"-cnewer"):
            return self.newer
        method = _PRIMARIES.get(word)
        return None if method is None else getattr(self, method)

    async def ignored(self, word: bytes) -> Test:
        return tests.always

    async def name(self, word: bytes) -> Test:
        fold, whole = _NAMES[word]
        return tests.name_test(self.argument(word), fold=fold, whole=whole)

    async def link_name(self, word: bytes) -> Test:
        return tests.link_name_test(self.argument(word), fold=word == b"-ilname")

    async def regex(self, word: bytes) -> Test:
        return tests.regex_test(self.argument(word), self.syntax, fold=word == b"-iregex")

    async def regex_type(self, word: bytes) -> Test:
        wanted = self.argument(word)
        if wanted not in tests.REGEX_TYPES:
            valid = b", ".join(quote(name) for name in tests.REGEX_TYPES)
            text = b"Unknown regular expression type " + quote(wanted) + b"; valid types are "
            raise Failure(text + valid + b".")
        self.syntax = tests.REGEX_TYPES[wanted]
        return tests.always

    async def number(self, word: bytes) -> Test:
        text = self.argument(word)
        limit = tests.bound(text)
        if limit is None:
            raise Failure(b"invalid argument `" + text + b"' to `" + word + b"'")
        return tests.stat_number_test(limit, _NUMBERS[word])

    async def used(self, word: bytes) -> Test:
        text = self.argument(word)
        limit = tests.bound(text)
        if limit is None:
            raise Failure(b"Invalid argument " + text + b" to -used")
        return tests.used_test(limit)

    async def size(self, word: bytes) -> Test:
        text = self.argument(word)
        if not text:
            raise Failure(b"invalid null argument to -size")
        return tests.size_test(text)

    async def age(self, word: bytes) -> Test:
        which, unit = _AGES[word]
        return tests.age_test(self.argument(word), which, unit, self.run, word)

    async def newer(self, word: bytes) -> Test:
        which, reference = "m", "m"
        if word in (b"-anewer", b"-cnewer"):
            which = chr(word[1])
        elif word != b"-newer":
            letters = word[6:].decode("latin-1")
            if len(letters) != 2 or letters[0] not in "aBcm" or letters[1] not in "aBcmt":
                raise Failure(b"invalid predicate `" + word + b"'")
            which, reference = letters[0], letters[1]
            if "B" in letters:
                text = b"This system does not provide a way to find the birth time of a file."
                raise Failure(text)
        return await tests.newer_test(self.run, which, reference, self.argument(word))

    async def same_file(self, word: bytes) -> Test:
        return await tests.same_file_test(self.run, self.argument(word))

    async def empty(self, word: bytes) -> Test:
        return tests.empty_test

    async def file_type(self, word: bytes) -> Test:
        return tests.type_test(self.argument(word), word)

    async def perm(self, word: bytes) -> Test:
        text = self.argument(word)
        if text[:1] == b"/" and not text[1:].strip(b"0"):
            message = (
                b"warning: you have specified a mode pattern %s (which is equivalent to /000). The "
                b"meaning of -perm /000 has now been changed to be consistent with -perm -000; "
                b"that is, while it used to match no files, it now matches all files."
            )
            await self.run.tool.warn(message % text, status=0)
        return tests.perm_test(text)

    async def owner(self, word: bytes) -> Test:
        return await tests.owner_test(self.run, self.argument(word), group=word == b"-group")

    async def no_owner(self, word: bytes) -> Test:
        return tests.no_user_test if word == b"-nouser" else tests.no_group_test

    async def access(self, word: bytes) -> Test:
        return tests.access_test(tests.ACCESS[word])

    async def fs_type(self, word: bytes) -> Test:
        return tests.fs_type_test(self.argument(word))

    async def constant(self, word: bytes) -> Test:
        return tests.always if word == b"-true" else tests.never

    # -- options -------------------------------------------------------------------------------

    async def level(self, word: bytes) -> Test:
        text = self.argument(word)
        if not text.isdigit() or len(text) > 9:
            message = b"Expected a positive decimal integer argument to " + word
            raise Failure(message + b", but got " + quote(text))
        if word == b"-maxdepth":
            self.run.max_depth = int(text)
        else:
            self.run.min_depth = int(text)
        return tests.always

    async def depth_first(self, word: bytes) -> Test:
        self.run.depth_first = True
        return tests.always

    async def one_file_system(self, word: bytes) -> Test:
        self.run.one_file_system = True
        return tests.always

    async def follow(self, word: bytes) -> Test:
        self.run.follow = self.run.follow_root = True
        return tests.always

    async def day_start(self, word: bytes) -> Test:
        self.run.day = self.run.now - self.run.now % (DAY * NS)
        return tests.always

    async def warning(self, word: bytes) -> Test:
        self.run.warns = word == b"-warn"
        return tests.always

    # -- actions -------------------------------------------------------------------------------

    async def printer(self, end: bytes, name: bytes | None = None) -> Test:
        out = await self.files.writer(name)
        return print_action(out, end, masked=self.tty and name is None and end == b"\n")

    async def print(self, word: bytes) -> Test:
        self.acts = True
        name = self.argument(word) if word.startswith(b"-f") else None
        return await self.printer(b"\0" if word.endswith(b"0") else b"\n", name)

    async def printf(self, word: bytes) -> Test:
        self.acts = True
        name = self.argument(word) if word == b"-fprintf" else None
        out = await self.files.writer(name)
        pieces, stop = await compile_format(self.run, self.argument(word))
        return printf_action(out, Printer(pieces), flush=stop)

    async def list_long(self, word: bytes) -> Test:
        self.acts = True
        name = self.argument(word) if word == b"-fls" else None
        return ls_action(await self.files.writer(name))

    async def prune(self, word: bytes) -> Test:
        return prune

    async def quit(self, word: bytes) -> Test:
        return quit_

    async def delete(self, word: bytes) -> Test:
        self.acts = True
        self.run.depth_first = True
        return delete

    async def execute(self, word: bytes) -> Test:
        self.acts = True
        asks, in_directory = word.startswith(b"-ok"), word.endswith(b"dir")
        command: list[bytes] = []
        while True:
            if self.at >= len(self.args):
                raise Failure(b"missing argument to `" + word + b"'")
            arg = self.argument(word)
            if arg == b";":
                break
            if arg == b"+" and command[-1:] == [b"{}"] and not asks:
                return self.batch(word, command, in_directory)
            command.append(arg)
        if not command:
            raise Failure(b"invalid argument `;' to `" + word + b"'")
        return exec_action(command, in_directory=in_directory, asks=asks)

    def batch(self, word: bytes, command: list[bytes], in_directory: bool) -> Test:
        fixed = command[:-1]
        if not fixed:
            raise Failure(b"missing argument to `" + word + b"'")
        if any(b"{}" in part for part in fixed):
            raise Failure(b"Only one instance of {} is supported with " + word + b" ... +")
        return Batch(self.run, fixed, in_directory=in_directory).action


_PRIMARIES = {
    b"-lname": "link_name", b"-ilname": "link_name", b"-regex": "regex", b"-iregex": "regex",
    b"-regextype": "regex_type", b"-used": "used", b"-size": "size", b"-samefile": "same_file",
    b"-empty": "empty", b"-type": "file_type", b"-xtype": "file_type", b"-perm": "perm",
    b"-user": "owner", b"-group": "owner", b"-nouser": "no_owner", b"-nogroup": "no_owner",
    b"-fstype": "fs_type", b"-true": "constant", b"-false": "constant", b"-maxdepth": "level",
    b"-mindepth": "level", b"-depth": "depth_first", b"-d": "depth_first",
    b"-xdev": "one_file_system", b"-mount": "one_file_system", b"-follow": "follow",
    b"-daystart": "day_start", b"-warn": "warning", b"-nowarn": "warning", b"-print": "print",
    b"-print0": "print", b"-fprint": "print", b"-fprint0": "print", b"-printf": "printf",
    b"-fprintf": "printf", b"-ls": "list_long", b"-fls": "list_long", b"-prune": "prune",
    b"-quit": "quit", b"-delete": "delete", b"-exec": "execute", b"-execdir": "execute",
    b"-ok": "execute", b"-okdir": "execute",
}  # fmt: skip


def _all(parts: list[Test]) -> Test:
    async def test(run: Run, visit: Visit) -> bool:
        for part in parts:
            if not await part(run, visit) or run.quit:
                return False
        return True

    return test


def _any(parts: list[Test]) -> Test:
    async def test(run: Run, visit: Visit) -> bool:
        for part in parts:
            if await part(run, visit) or run.quit:
                return True
        return False

    return test


def _each(parts: list[Test]) -> Test:
    async def test(run: Run, visit: Visit) -> bool:
        value = False
        for part in parts:
            value = await part(run, visit)
            if run.quit:
                break
        return value

    return test


def _not(part: Test) -> Test:
    async def test(run: Run, visit: Visit) -> bool:
        return not await part(run, visit)

    return test
