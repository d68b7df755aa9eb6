"""diff: what would make one file of the other (diffutils 3.8)."""

from collections.abc import Sequence

from minios.abi.flags import S_IFDIR, S_IFMT
from minios.abi.records import Stat
from minios.userland.lib.calendar import strftime
from minios.userland.lib.editscript import changes
from minios.userland.lib.lines import open_input
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quotef
from minios.userland.lib.stdio import list_dir

USAGE = """
Usage: diff [OPTION]... FILE1 FILE2
Compare files line by line.

  -q, --brief                  only say whether they differ
  -s, --report-identical-files say when they do not
  -c, -C N, --context[=N]      N (3) lines of context
  -u, -U N, --unified[=N]      N (3) lines of unified context
  -i, --ignore-case            case does not matter
  -b, --ignore-space-change    nor the amount of white space
  -w, --ignore-all-space       nor any white space
  -B, --ignore-blank-lines     nor blank lines
  -r, --recursive              compare directories below directories
  -N, --new-file               an absent file is an empty one
  -a, --text                   everything is text
      --label LABEL            LABEL instead of a file's name and time

Exit status is 0 if they are the same, 1 if different, 2 if trouble.
"""

MAX_DEPTH = 64
_BLANKS = b" \t\n\v\f\r"


class Text:
    """A file: its lines with their ends, and what its header says."""

    __slots__ = ("label", "lines", "name", "stamp")

    def __init__(self, name: bytes, data: bytes, stamp: bytes) -> None:
        self.name = name
        self.lines = data.splitlines(keepends=True) if b"\r" not in data else _split(data)
        self.stamp = stamp
        self.label: bytes | None = None

    def header(self) -> bytes:
        return self.label if self.label is not None else self.name + b"\t" + self.stamp


def _split(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


class Hunk:
    """Lines a0 to a1 of the first file (from 0, the end not included) become b0 to b1."""

    __slots__ = ("a0", "a1", "b0", "b1")

    def __init__(self, a0: int, a1: int, b0: int, b1: int) -> None:
        self.a0, self.a1, self.b0, self.b1 = a0, a1, b0, b1


class Diff:
    """The options in force, and the output."""

    def __init__(self, tool: Tool) -> None:
        options = tool.options
        self.tool = tool
        self.style = "normal"
        self.context = 3
        for flag, value in options.flags:
            if flag in ("c", "C"):
                self.style = "context"
            elif flag in ("u", "U"):
                self.style = "unified"
            if flag in ("C", "U", "c", "u") and value is not None:
                if not value.isdigit() or len(value) > 9:
                    raise Failure(b"invalid context length '%s'" % value, hint=True)
                self.context = int(value)
        self.fold = "i" in options
        self.all_space = "w" in options
        self.space = "b" in options
        self.blank = "B" in options
        self.labels = options.every("label")
        self.command = b"diff" + b"".join(
            b" " + word for word in tool.argv[1:] if word.startswith(b"-") and word != b"-"
        )

    # -- comparing -----------------------------------------------------------------------------

    def key(self, line: bytes) -> bytes:
        """What has to be equal for two lines to count as equal."""
        if self.all_space:
            line = bytes(byte for byte in line if byte not in _BLANKS)
        elif self.space:
            line = (
                b" ".join(line.split())
                if not line[:1].isspace()
                else b" " + b" ".join(line.split())
            )
        return line.lower() if self.fold else line

    async def hunks(self, one: Text, two: Text) -> list[Hunk]:
        # Identical ends are set aside, but for as many lines as there is context; what is left
        # is where a run of changes may slide (find_identical_ends of GNU diff).
        horizon = 0 if self.style == "normal" else self.context
        x, y = one.lines, two.lines
        most = min(len(x), len(y))
        head = 0
        while head < most and x[head] == y[head]:
            head += 1
        tail = 0
        while tail < most - head and x[-1 - tail] == y[-1 - tail]:
            tail += 1
        head, tail = max(0, head - horizon), max(0, tail - horizon)
        numbers: dict[bytes, int] = {}
        ids = [
            [
                numbers.setdefault(self.key(line), len(numbers))
                for line in lines[head : len(lines) - tail]
            ]
            for lines in (x, y)
        ]
        gone, new, steps = changes(ids[0], ids[1])
        await self.tool.sys.compute(1 + steps // 4 + (len(x) + len(y)) // 4)
        found: list[Hunk] = []
        a = b = 0
        while a < len(ids[0]) or b < len(ids[1]):
            if not gone[a] and not new[b]:
                a, b = a + 1, b + 1
                continue
            a0, b0 = a, b
            while gone[a]:
                a += 1
            while new[b]:
                b += 1
            found.append(Hunk(head + a0, head + a, head + b0, head + b))
        if self.blank:
            found = [hunk for hunk in found if not self._only_blank(one, two, hunk)]
        return found

    def _only_blank(self, one: Text, two: Text, hunk: Hunk) -> bool:
        lines = one.lines[hunk.a0 : hunk.a1] + two.lines[hunk.b0 : hunk.b1]
        return all(line in (b"\n", b"") for line in lines)

    # -- output --------------------------------------------------------------------------------

    async def show(self, one: Text, two: Text, hunks: list[Hunk]) -> None:
        if self.style == "normal":
            for hunk in hunks:
                await self._normal(one, two, hunk)
            return
        for text, label in zip((one, two), self.labels, strict=False):
            text.label = label
        marks = (b"---", b"+++") if self.style == "unified" else (b"***", b"---")
        for mark, text in zip(marks, (one, two), strict=True):
            await self.tool.line(mark + b" " + text.header())
        for group in self._groups(hunks):
            if self.style == "unified":
                await self._unified(one, two, group)
            else:
                await self._context(one, two, group)

    def _groups(self, hunks: list[Hunk]) -> list[list[Hunk]]:
        """Hunks whose contexts touch are shown together."""
        groups: list[list[Hunk]] = []
        for hunk in hunks:
            if groups and hunk.a0 - groups[-1][-1].a1 <= 2 * self.context:
                groups[-1].append(hunk)
            else:
                groups.append([hunk])
        return groups

    async def _line(self, mark: bytes, line: bytes) -> None:
        self.tool.out.put(mark, line)
        if not line.endswith(b"\n"):
            self.tool.out.put(b"\n\\ No newline at end of file\n")
        await self.tool.out.drain()

    async def _normal(self, one: Text, two: Text, hunk: Hunk) -> None:
        kind = b"a" if hunk.a0 == hunk.a1 else b"d" if hunk.b0 == hunk.b1 else b"c"
        await self.tool.line(_range(hunk.a0, hunk.a1) + kind + _range(hunk.b0, hunk.b1))
        for line in one.lines[hunk.a0 : hunk.a1]:
            await self._line(b"< ", line)
        if kind == b"c":
            await self.tool.line(b"---")
        for line in two.lines[hunk.b0 : hunk.b1]:
            await self._line(b"> ", line)

    def _bounds(self, one: Text, two: Text, group: list[Hunk]) -> tuple[int, int, int, int]:
        first, last = group[0], group[-1]
        return (
            max(0, first.a0 - self.context),
            min(len(one.lines), last.a1 + self.context),
            max(0, first.b0 - self.context),
            min(len(two.lines), last.b1 + self.context),
        )

    async def _unified(self, one: Text, two: Text, group: list[Hunk]) -> None:
        a0, a1, b0, b1 = self._bounds(one, two, group)
        await self.tool.line(b"@@ -%s +%s @@" % (_counted(a0, a1), _counted(b0, b1)))
        at = a0
        for hunk in group:
            for line in one.lines[at : hunk.a0]:
                await self._line(b" ", line)
            for line in one.lines[hunk.a0 : hunk.a1]:
                await self._line(b"-", line)
            for line in two.lines[hunk.b0 : hunk.b1]:
                await self._line(b"+", line)
            at = hunk.a1
        for line in one.lines[at:a1]:
            await self._line(b" ", line)

    async def _context(self, one: Text, two: Text, group: list[Hunk]) -> None:
        a0, a1, b0, b1 = self._bounds(one, two, group)
        await self.tool.line(b"***************")
        await self.tool.line(b"*** %s ****" % _range(a0, a1))
        if any(hunk.a0 < hunk.a1 for hunk in group):
            at = a0
            for hunk in group:
                mark = b"! " if hunk.b0 < hunk.b1 else b"- "
                for line in one.lines[at : hunk.a0]:
                    await self._line(b"  ", line)
                for line in one.lines[hunk.a0 : hunk.a1]:
                    await self._line(mark, line)
                at = hunk.a1
            for line in one.lines[at:a1]:
                await self._line(b"  ", line)
        await self.tool.line(b"--- %s ----" % _range(b0, b1))
        if any(hunk.b0 < hunk.b1 for hunk in group):
            at = b0
            for hunk in group:
                mark = b"! " if hunk.a0 < hunk.a1 else b"+ "
                for line in two.lines[at : hunk.b0]:
                    await self._line(b"  ", line)
                for line in two.lines[hunk.b0 : hunk.b1]:
                    await self._line(mark, line)
                at = hunk.b1
            for line in two.lines[at:b1]:
                await self._line(b"  ", line)

    # -- files and directories -----------------------------------------------------------------

    async def read(self, name: bytes) -> bytes:
        fd = await open_input(self.tool.sys, name)
        parts: list[bytes] = []
        while data := await self.tool.sys.read(fd, 32768):
            await self.tool.retain(2 * len(data))
            parts.append(data)
        if fd:
            await self.tool.sys.close(fd)
        return b"".join(parts)

    async def stat(self, name: bytes, *, lenient: bool) -> Stat | None:
        try:
            if name == b"-":
                return await self.tool.sys.fstat(0)
            return await self.tool.sys.stat(name)
        except OSError as err:
            if not lenient:
                await self.tool.warn(quotef(name), err, 2)
            return None

    async def files(self, names: Sequence[bytes], stats: Sequence[Stat | None], loud: bool) -> int:
        """Compare two files; 0, 1 or 2."""
        datas: list[bytes] = []
        for name, stat in zip(names, stats, strict=True):
            try:
                datas.append(await self.read(name) if stat is not None else b"")
            except OSError as err:
                await self.tool.warn(quotef(name), err, 2)
                return 2
        options = self.tool.options
        a, b = names
        if datas[0] == datas[1]:
            if "s" in options:
                await self.tool.line(b"Files %s and %s are identical" % (a, b))
            return 0
        binary = "a" not in options and any(b"\0" in data[:32768] for data in datas)
        if binary:
            word = b"Files" if "q" in options else b"Binary files"
            await self.tool.line(b"%s %s and %s differ" % (word, a, b))
            return 1
        texts = [
            Text(name, data, _stamp(stat))
            for name, data, stat in zip(names, datas, stats, strict=True)
        ]
        hunks = await self.hunks(texts[0], texts[1])
        self.tool.release(2 * sum(map(len, datas)))
        if not hunks:
            return 0
        if "q" in options:
            await self.tool.line(b"Files %s and %s differ" % (a, b))
            return 1
        if loud:
            await self.tool.line(b"%s %s %s" % (self.command, a, b))
        await self.show(texts[0], texts[1], hunks)
        return 1

    async def directories(self, one: bytes, two: bytes) -> int:
        status = 0
        todo: list[tuple[bytes, bytes, int]] = [(one, two, 0)]
        while todo:
            a, b, depth = todo.pop()
            try:
                listed = [set(await list_dir(self.tool.sys, path)) for path in (a, b)]
            except OSError as err:
                await self.tool.warn(quotef(a), err, 2)
                return 2
            below: list[tuple[bytes, bytes, int]] = []
            for name in sorted(listed[0] | listed[1]):
                status = max(status, await self._entry(a, b, name, listed, depth, below))
            todo += reversed(below)
        return status

    async def _entry(
        self,
        a: bytes,
        b: bytes,
        name: bytes,
        listed: list[set[bytes]],
        depth: int,
        below: list[tuple[bytes, bytes, int]],
    ) -> int:
        new = "N" in self.tool.options
        for path, names in ((a, listed[1]), (b, listed[0])):
            if name not in names and not new:
                await self.tool.line(b"Only in %s: %s" % (path, name))
                return 1
        paths = [_join(a, name), _join(b, name)]
        stats = [await self.stat(path, lenient=new) for path in paths]
        kinds = [stat is not None and stat.mode & S_IFMT == S_IFDIR for stat in stats]
        if all(kinds):
            if "r" not in self.tool.options:
                await self.tool.line(b"Common subdirectories: %s and %s" % (paths[0], paths[1]))
            elif depth < MAX_DEPTH:
                below.append((paths[0], paths[1], depth + 1))
            return 0
        if any(kinds):
            words = [b"directory" if kind else b"regular file" for kind in kinds]
            await self.tool.line(
                b"File %s is a %s while file %s is a %s" % (paths[0], words[0], paths[1], words[1])
            )
            return 1
        return await self.files(paths, stats, loud=True)


def _join(directory: bytes, name: bytes) -> bytes:
    return directory.rstrip(b"/") + b"/" + name if directory != b"/" else b"/" + name


def _range(start: int, end: int) -> bytes:
    """Lines from 1, as ``3``, ``3,5``, or the line before an empty range."""
    if end <= start + 1:
        return b"%d" % (end if end == start else start + 1)
    return b"%d,%d" % (start + 1, end)


def _counted(start: int, end: int) -> bytes:
    if end == start:
        return b"%d,0" % start
    return b"%d" % end if end == start + 1 else b"%d,%d" % (start + 1, end - start)


def _stamp(stat: Stat | None) -> bytes:
    return strftime(b"%Y-%m-%d %H:%M:%S.%N %z", stat.mtime if stat is not None else 0)


@program(USAGE, "qscC:uU:ibwBrNaty", (
    "brief=q", "report-identical-files=s", "context::=C", "unified::=U", "ignore-case=i",
    "ignore-space-change=b", "ignore-all-space=w", "ignore-blank-lines=B", "recursive=r",
    "new-file=N", "text=a", "label:", "normal",
), trouble=2)  # fmt: skip
async def diff(tool: Tool) -> int:
    """diff(1)."""
    operands = tool.operands
    if len(operands) < 2:
        raise Failure(b"missing operand after '%s'" % tool.argv[-1], hint=True)
    if len(operands) > 2:
        raise Failure(b"extra operand '%s'" % operands[2], hint=True)
    work = Diff(tool)
    new = "N" in tool.options
    names = list(operands)
    stats = [await work.stat(name, lenient=new) for name in names]
    if None in stats and not (new and any(stats)):
        return 2
    kinds = [stat is not None and stat.mode & S_IFMT == S_IFDIR for stat in stats]
    if all(kinds):
        return max(tool.status, await work.directories(names[0], names[1]))
    if any(kinds):
        # A directory beside a file: the file of that name in the directory is meant.
        at = kinds.index(True)
        names[at] = _join(names[at], names[1 - at].rpartition(b"/")[2])
        stats[at] = await work.stat(names[at], lenient=new)
        if stats[at] is None and not new:
            return 2
    return max(tool.status, await work.files(names, stats, loud=False))
