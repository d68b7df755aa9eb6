"""stat(1)."""

from minios.abi.flags import S_IFBLK, S_IFCHR, S_IFLNK, S_IFMT
from minios.abi.records import Stat, StatFs
from minios.userland.bin.ls.output import Names
from minios.userland.lib.calendar import NS, strftime
from minios.userland.lib.canonical import canonicalize
from minios.userland.lib.devices import major, minor
from minios.userland.lib.filetype import file_type
from minios.userland.lib.modes import render
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import STYLES, quote, quoteaf, style

USAGE = """
Usage: stat [OPTION]... FILE...
Print what the inode of each FILE says.
  -L              follow symbolic links
  -f              of the file system instead
  -c FORMAT       in this form, with a newline behind it
  --printf=FORMAT the same, with escapes and no newline
  -t              in one line
%n name, %N quoted with target, %s size, %b blocks of %B bytes, %a %A permissions, %F type,
%u %U owner, %g %G group, %i inode, %h links, %x %y %z times (%X %Y %Z in seconds), %d device
"""

_TIMES = b"%Y-%m-%d %H:%M:%S.%N %z"
_ESCAPES = {
    0x61: 7, 0x62: 8, 0x65: 27, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9, 0x76: 11, 0x22: 0x22,
    0x5C: 0x5C,
}  # fmt: skip
_OCTAL = b"01234567"
_HEX = b"0123456789abcdefABCDEF"
_FILE = (
    b"  File: %N\n"
    b"  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n"
    b"Device: %Hd,%Ld\tInode: %-10i  Links: "
)
_OWNER = (
    b"Access: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n"
    b"Access: %x\nModify: %y\nChange: %z\n Birth: %w\n"
)
_DEFAULT = _FILE + b"%h\n" + _OWNER
_DEVICE = _FILE + b"%-5h Device type: %Hr,%Lr\n" + _OWNER
_TERSE = b"%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n"
_FS_DEFAULT = (
    b'  File: "%n"\n    ID: %-8i Namelen: %-7l Type: %T\n'
    b"Block size: %-10s Fundamental block size: %S\n"
    b"Blocks: Total: %-10b Free: %-10f Available: %a\n"
    b"Inodes: Total: %-10c Free: %d\n"
)
_FS_TERSE = b"%n %i %l %t %s %S %b %f %a %c %d\n"
_MAGIC = {
    b"tmpfs": (0x01021994, b"tmpfs"), b"proc": (0x9FA0, b"proc"), b"ext4": (0xEF53, b"ext2/ext3"),
    b"devtmpfs": (0x01021994, b"tmpfs"),
}  # fmt: skip
"""statfs(2)'s number of a file system, and what stat calls it."""


class _Field:
    """One ``%`` directive: flags, width, precision (None without), an H or L, and the letter."""

    __slots__ = ("flags", "letter", "part", "precision", "width")

    def __init__(
        self, flags: bytes, width: int, precision: int | None, part: bytes, letter: bytes
    ) -> None:
        self.flags = flags
        self.width = width
        self.precision = precision
        self.part = part
        self.letter = letter

    @property
    def is_dressed(self) -> bool:
        """Whether anything stands between the percent sign and the letter."""
        return bool(self.flags or self.width or self.precision is not None)

    def text(self, value: bytes) -> bytes:
        if self.precision is not None:
            value = value[: max(self.precision, 0)]
        return self._padded(value)

    def number(self, value: int, *, base: bytes = b"%d", signed: bool = False) -> bytes:
        digits = base % abs(value)
        if self.precision is not None:
            digits = digits.rjust(max(self.precision, 0), b"0")
        sign = b"-" if value < 0 else b""
        if signed and not sign:
            sign = b"+" if b"+" in self.flags else b" " if b" " in self.flags else b""
        if b"#" in self.flags and value:
            sign += {b"%o": b"0", b"%x": b"0x"}.get(base, b"")
        if b"0" in self.flags and b"-" not in self.flags and self.precision is None:
            digits = digits.rjust(self.width - len(sign), b"0")
        return self._padded(sign + digits)

    def seconds(self, ns: int) -> bytes:
        """A time in seconds; the precision, 9 if it is empty, tells how many decimals."""
        if self.precision is None:
            return self.number(ns // NS, signed=True)
        digits = 9 if self.precision < 0 else min(self.precision, 100)
        whole, rest = divmod(ns, NS)
        fraction = (b"%09d" % rest).ljust(digits, b"0")[:digits]
        text = b"%d" % whole + (b"." + fraction if digits else b"")
        if b"0" in self.flags and b"-" not in self.flags:
            return text.rjust(self.width, b"0")
        return self._padded(text)

    def _padded(self, text: bytes) -> bytes:
        return text.ljust(self.width) if b"-" in self.flags else text.rjust(self.width)


@program(
    USAGE,
    "c:fLt",
    ("dereference=L", "file-system=f", "format:=c", "printf:", "terse=t", "cached:"),
)
async def stat(tool: Tool) -> int:
    """Print file or file system status."""
    opts = tool.options
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    template: bytes | None = None
    escapes = False
    for flag, value in opts.flags:
        if flag in ("c", "printf"):
            template, escapes = value or b"", flag == "printf"
    run = _Stat(tool, template, escapes=escapes)
    for name in tool.operands:
        await (run.file_system(name) if "f" in opts else run.file(name))
    return tool.status


class _Stat:
    def __init__(self, tool: Tool, template: bytes | None, *, escapes: bool) -> None:
        self.tool = tool
        self.template = template
        self.escapes = escapes
        self.follow = "L" in tool.options
        self.names = Names(tool)
        self.quoted = b"literal"
        if template is not None and b"%N" in template:
            wanted = tool.env.get(b"QUOTING_STYLE", b"")
            self.quoted = wanted if wanted in STYLES else b"shell-escape-always"

    async def file(self, name: bytes) -> None:
        sys = self.tool.sys
        try:
            if name == b"-":
                st = await sys.fstat(0)
            else:
                st = await (sys.stat(name) if self.follow else sys.lstat(name))
        except OSError as err:
            await self.tool.warn(b"cannot statx " + quoteaf(name), err)
            return
        template = self.template
        if template is None:
            device = st.mode & S_IFMT in (S_IFCHR, S_IFBLK)
            template = _DEVICE if device else _DEFAULT
            if "t" in self.tool.options:
                template = _TERSE
        await self.write(template, name, st)

    async def file_system(self, name: bytes) -> None:
        try:
            fs = await self.tool.sys.statfs(name)
        except OSError as err:
            text = b"cannot read file system information for " + quoteaf(name)
            await self.tool.warn(text, err)
            return
        template = self.template
        if template is None:
            template = _FS_TERSE if "t" in self.tool.options else _FS_DEFAULT
        await self.write(template, name, fs)

    async def write(self, template: bytes, name: bytes, what: Stat | StatFs) -> None:
        out = self.tool.out
        at, end = 0, len(template)
        while at < end:
            c = template[at]
            if c == 0x25:
                start = at
                field, at = _field(template, at)
                if not field.letter or field.letter == b"%":
                    if field.is_dressed and field.letter:
                        raise Failure(quote(template[start:at]) + b": invalid directive")
                    out.put(b"%")
                elif isinstance(what, Stat):
                    out.put(await self.of_file(field, name, what))
                else:
                    out.put(self.of_file_system(field, name, what))
            elif c == 0x5C and self.escapes:
                at = await self.escape(template, at)
            else:
                stop = at + 1
                while stop < end and template[stop] not in b"%\\":
                    stop += 1
                out.put(template[at:stop])
                at = stop
        if self.template is not None and not self.escapes:
            out.put(b"\n")
        await self.tool.sys.compute(20)
        await out.drain()

    async def escape(self, text: bytes, at: int) -> int:
        """Put what the escape at ``at`` stands for; where it ends."""
        out = self.tool.out
        c = text[at + 1 : at + 2]
        if not c:
            await self.tool.warn(b"warning: backslash at end of format", status=0)
            out.put(b"\\")
            return at + 1
        if c in (b"%d" % n for n in range(8)):
            end = at + 1
            while end < len(text) and end < at + 4 and text[end] in _OCTAL:
                end += 1
            out.put(bytes((int(text[at + 1 : end], 8) & 0xFF,)))
            return end
        if c == b"x" and text[at + 2 : at + 3] and text[at + 2] in _HEX:
            end = at + 2
            while end < len(text) and end < at + 4 and text[end] in _HEX:
                end += 1
            out.put(bytes((int(text[at + 2 : end], 16),)))
            return end
        if c[0] in _ESCAPES:
            out.put(bytes((_ESCAPES[c[0]],)))
        else:
            await self.tool.warn(b"warning: unrecognized escape '\\" + c + b"'", status=0)
            out.put(c)
        return at + 2

    # -- directives ----------------------------------------------------------------------------

    async def of_file(self, field: _Field, name: bytes, st: Stat) -> bytes:
        match field.letter:
            case b"n":
                return field.text(name)
            case b"N":
                text = style(name, self.quoted)
                if st.mode & S_IFMT == S_IFLNK:
                    text += b" -> " + style(await self.target(name), self.quoted)
                return field.text(text)
            case b"a":
                return field.number(st.mode & 0o7777, base=b"%o")
            case b"A":
                return field.text(render(st.mode))
            case b"b":
                return field.number(st.blocks)
            case b"B":
                return field.number(512)
            case b"C":
                return field.text(b"?")
            case b"d":
                return _device(field, st.dev, b"%d")
            case b"D":
                return field.number(st.dev, base=b"%x")
            case b"f":
                return field.number(st.mode, base=b"%x")
            case b"F":
                return field.text(file_type(st))
            case b"g":
                return field.number(st.gid)
            case b"G":
                return field.text(await self.names.group(st.gid) or b"UNKNOWN")
            case b"h":
                return field.number(st.nlink)
            case b"i":
                return field.number(st.ino)
            case b"m":
                return field.text(await self.mount_point(name, st))
            case b"o":
                return field.number(st.blksize)
            case b"r":
                return _device(field, st.rdev, b"%d")
            case b"R":
                return field.number(st.rdev, base=b"%x")
            case b"s":
                return field.number(st.size, signed=True)
            case b"t":
                return field.number(major(st.rdev), base=b"%x")
            case b"T":
                return field.number(minor(st.rdev), base=b"%x")
            case b"u":
                return field.number(st.uid)
            case b"U":
                return field.text(await self.names.user(st.uid) or b"UNKNOWN")
            case b"w":
                return field.text(b"-")
            case b"W":
                return field.seconds(0)
            case b"x" | b"y" | b"z":
                ns = {b"x": st.atime, b"y": st.mtime, b"z": st.ctime}[field.letter]
                return field.text(strftime(_TIMES, ns))
            case b"X" | b"Y" | b"Z":
                ns = {b"X": st.atime, b"Y": st.mtime, b"Z": st.ctime}[field.letter]
                return field.seconds(ns)
        return b"?"

    def of_file_system(self, field: _Field, name: bytes, fs: StatFs) -> bytes:
        match field.letter:
            case b"n":
                return field.text(name)
            case b"a" | b"f":
                return field.number(fs.bfree)
            case b"b":
                return field.number(fs.blocks)
            case b"c":
                return field.number(fs.files)
            case b"d":
                return field.number(fs.ffree)
            case b"i":
                return field.number(0, base=b"%x")
            case b"l":
                return field.number(255)
            case b"s" | b"S":
                return field.number(fs.bsize)
            case b"t":
                return field.number(_MAGIC.get(fs.type, (0, b""))[0], base=b"%x")
            case b"T":
                return field.text(_MAGIC.get(fs.type, (0, fs.type))[1])
        return b"?"

    async def target(self, name: bytes) -> bytes:
        try:
            return await self.tool.sys.readlink(name)
        except OSError as err:
            await self.tool.warn(b"cannot read symbolic link " + quoteaf(name), err)
            return b""

    async def mount_point(self, name: bytes, st: Stat) -> bytes:
        """The highest directory above the file on the same device."""
        sys = self.tool.sys
        try:
            path = await canonicalize(sys, name)
            if st.mode & S_IFMT == S_IFLNK and not self.follow:
                path = await canonicalize(sys, name.rpartition(b"/")[0] or b".")
            dev = (await sys.stat(path)).dev
            while path != b"/":
                above = path.rpartition(b"/")[0] or b"/"
                if (await sys.stat(above)).dev != dev:
                    break
                path = above
        except OSError as err:
            await self.tool.warn(b"failed to canonicalize " + quoteaf(name), err)
            return b"?"
        return path


def _device(field: _Field, device: int, base: bytes) -> bytes:
    if field.part == b"H":
        device = major(device)
    elif field.part == b"L":
        device = minor(device)
    return field.number(device, base=base)


def _field(template: bytes, at: int) -> tuple[_Field, int]:
    """The directive at ``at`` and where it ends; its letter is empty at the end of the text."""
    start = at + 1
    end = start
    while end < len(template) and template[end] in b"'-+ #0I":
        end += 1
    flags = template[start:end]
    first = end
    while template[end : end + 1].isdigit():
        end += 1
    width = min(int(template[first:end][:9] or b"0"), 65536)
    precision: int | None = None
    if template[end : end + 1] == b".":
        first = end + 1
        end = first
        while template[end : end + 1].isdigit():
            end += 1
        precision = int(template[first:end][:9]) if end > first else -1
    part = b""
    if template[end : end + 1] in (b"H", b"L") and template[end + 1 : end + 2] in (b"d", b"r"):
        part = template[end : end + 1]
        end += 1
    letter = template[end : end + 1]
    return _Field(flags, width, precision, part, letter), end + 1
