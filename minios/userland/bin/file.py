"""file(1): what a file is, by looking at it."""

from minios.abi.flags import (
    O_NONBLOCK,
    R_OK,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
    S_ISGID,
    S_ISUID,
    S_ISVTX,
)
from minios.userland.lib.contents import Kind, classify
from minios.userland.lib.devices import major, minor
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Reader, complain, why

USAGE = """
Usage: file [OPTION]... FILE...
Tell what kind of file each FILE is.
  -b          without its name
  -i, --mime, --mime-type, --mime-encoding    as a MIME type, an encoding
  -L, -h      follow symbolic links; do not (the default)
  -f NAMES    the names are in the file NAMES
  -F SEP      SEP instead of the colon; -N no padding; -0 NUL behind the name
  -E          say on standard error what cannot be read, and fail
"""

_SHORT = "bcCdEf:F:hikLlNnprsSvzZ0"
_LONG = (
    "brief=b", "files-from:=f", "separator:=F", "no-dereference=h", "mime=i", "mime-type",
    "mime-encoding", "dereference=L", "no-pad=N", "print0=0", "special-files=s", "no-buffer=n",
    "preserve-date=p", "keep-going=k", "raw=r", "help", "version",
)  # fmt: skip
_COMPLAINT = (
    b"Usage: file [-bcCdEhikLlNnprsSvzZ0] [--apple] [--extension] [--mime-encoding]\n"
    b"            [--mime-type] [-e <testname>] [-F <separator>]  [-f <namefile>]\n"
    b"            [-m <magicfiles>] [-P <parameter=value>] [--exclude-quiet]\n"
    b"            <file> ...\n"
    b"       file -C [-m <magicfiles>]\n"
    b"       file [--help]"
)
_SAMPLE = 65536
"""Bytes of a file that are looked at."""

_SPECIAL = {
    S_IFDIR: (b"directory", b"inode/directory"),
    S_IFIFO: (b"fifo (named pipe)", b"inode/fifo"),
    S_IFSOCK: (b"socket", b"inode/socket"),
    S_IFCHR: (b"character special", b"inode/chardevice"),
    S_IFBLK: (b"block special", b"inode/blockdevice"),
}


@program(USAGE)
async def file(tool: Tool) -> int:
    """Determine the type of files."""
    try:
        tool.options = parse(tool.argv[1:], _SHORT, _LONG)
    except UsageError as err:
        await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(tool.sys, _COMPLAINT)
        return 1
    if await tool.describe(USAGE):
        return 0
    names = list(tool.operands)
    listed = tool.options.last("f")
    if listed is not None:
        names = await _listed(tool, listed) + names
    elif not names:
        await complain(tool.sys, _COMPLAINT)
        return 1
    run = _File(tool, max((len(name) for name in names), default=0))
    for name in names:
        await run.show(name)
    return tool.status


async def _listed(tool: Tool, name: bytes) -> list[bytes]:
    fd = 0
    if name != b"-":
        try:
            fd = await tool.sys.open(name)
        except OSError as err:
            text = b"Cannot open `" + name + b"' (" + why(err) + b")"
            raise Failure(text) from None
    reader = Reader(tool.sys, fd)
    names = []
    while line := await reader.line():
        await tool.retain(len(line) + 32)
        names.append(line.removesuffix(b"\n"))
    return names


class _File:
    def __init__(self, tool: Tool, longest: int) -> None:
        opts = tool.options
        self.tool = tool
        self.longest = 0 if "N" in opts else longest
        self.separator = opts.last("F") or b":"
        self.follow = bool(tool.env.get(b"POSIXLY_CORRECT"))
        self.type = self.encoding = False
        for flag, _ in opts.flags:
            if flag in ("L", "h"):
                self.follow = flag == "L"
            self.type |= flag in ("i", "mime-type")
            self.encoding |= flag in ("i", "mime-encoding")

    async def show(self, name: bytes) -> None:
        out = self.tool.out
        shown = b"/dev/stdin" if name == b"-" else name
        kind = await self.kind(name)
        if "b" not in self.tool.options:
            out.put(shown)
            if "0" in self.tool.options:
                out.put(b"\0")
            out.put(self.separator, b" " * (max(self.longest - len(shown), 0) + 1))
        if self.type and self.encoding:
            text = kind.mime + (b"; charset=" + kind.charset if kind.charset else b"")
        elif self.type:
            text = kind.mime
        elif self.encoding:
            text = kind.charset or kind.text
        else:
            text = kind.text
        out.put(text, b"\n")
        await out.drain()

    async def kind(self, name: bytes) -> Kind:
        sys = self.tool.sys
        fd = 0
        if name != b"-":
            try:
                st = await (sys.stat(name) if self.follow else sys.lstat(name))
            except OSError as err:
                text = b"cannot open `" + name + b"' (" + why(err) + b")"
                if "E" in self.tool.options:
                    self.tool.status = 1
                    text = b"ERROR: " + text.replace(b"open", b"stat", 1)
                return Kind(text, text, b"")
            kind = st.mode & S_IFMT
            special = self.special_bits(st.mode)
            if kind == S_IFLNK:
                return await self.link(name)
            if kind != S_IFREG:
                text, mime = _SPECIAL[kind]
                if kind in (S_IFCHR, S_IFBLK):
                    text += b" (%d/%d)" % (major(st.rdev), minor(st.rdev))
                if special:
                    text = special + b", " + text
                return Kind(text, mime, b"binary")
            if st.size == 0:
                prefix = special + b", " if special else b""
                return Kind(prefix + b"empty", b"inode/x-empty", b"binary")
            try:
                await sys.eaccess(name, R_OK)
                fd = await sys.open(name, O_NONBLOCK)
            except OSError:
                text = b"regular file, no read permission"
                return Kind(text, b"regular file, no read permission", b"")
        else:
            special = b""
        parts: list[bytes] = []
        size = 0
        while size < _SAMPLE:
            try:
                data = await sys.read(fd, 16384)
            except OSError:
                break
            if not data:
                break
            parts.append(data)
            size += len(data)
        if fd:
            await sys.close(fd)
        await sys.compute(size // 16)
        found = classify(b"".join(parts))
        return found._replace(text=special + b" , " + found.text) if special else found

    @staticmethod
    def special_bits(mode: int) -> bytes:
        words = ((S_ISUID, b"setuid"), (S_ISGID, b"setgid"), (S_ISVTX, b"sticky"))
        return b", ".join(word for bit, word in words if mode & bit)

    async def link(self, name: bytes) -> Kind:
        try:
            target = await self.tool.sys.readlink(name)
        except OSError as err:
            text = b"unreadable symlink `" + name + b"' (" + why(err) + b")"
            return Kind(text, text, b"")
        try:
            await self.tool.sys.stat(name)
        except OSError:
            return Kind(b"broken symbolic link to " + target, b"inode/symlink", b"binary")
        return Kind(b"symbolic link to " + target, b"inode/symlink", b"binary")
