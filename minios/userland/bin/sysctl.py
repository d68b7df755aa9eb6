"""sysctl (procps-ng 4.0.2): read and set the kernel's parameters under /proc/sys."""

from minios.abi.errno import Errno
from minios.abi.flags import O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT
from minios.abi.sys import Sys
from minios.userland.bin.uptime import usage
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.regex import Regex, RegexError
from minios.userland.lib.regex import compile as compile_regex
from minios.userland.lib.stdio import complain, list_dir, read_file, why, write_all

USAGE = """
Usage:
 sysctl [options] [variable[=value] ...]

Options:
  -a, --all            all variables (also -A, -X)
      --dry-run        only print what would be written
  -b, --binary         the value without name and new line
  -e, --ignore         unknown variables are no error
  -N, --names          names without values
  -n, --values         values without names
  -p, --load[=<file>]  set what a file says (also -f)
      --system         set what the files of the system say
  -r, --pattern <expression>
                       only names that match
  -q, --quiet          do not print what was set
  -w, --write          arguments are to be set

  -h, --help     show this and exit
  -V, --version  show the version and exit

For more details see sysctl(8).
"""

ROOT = b"/proc/sys/"
CONF = b"/etc/sysctl.conf"
_DIRECTORIES = (b"/run/sysctl.d", b"/etc/sysctl.d", b"/usr/lib/sysctl.d")
_LONG = (
    "all=a", "deprecated", "dry-run", "binary=b", "ignore=e", "names=N", "values=n", "load::=p",
    "system", "pattern:=r", "quiet=q", "write=w", "help=h", "version=V",
)  # fmt: skip


def path_of(name: bytes) -> bytes:
    """Where a variable lies: the first of ``.`` and ``/`` in its name separates its parts."""
    for char in name:
        if char in b"./":
            if char == 46:
                name = name.translate(bytes.maketrans(b"./", b"/."))
            break
    return ROOT + name


def name_of(path: bytes) -> bytes:
    """The name of a variable that lies there."""
    return path.removeprefix(ROOT).translate(bytes.maketrans(b"./", b"/."))


class Sysctl:
    """A run: how to print, and whether anything went wrong."""

    def __init__(self, tool: Tool, pattern: Regex | None) -> None:
        self.tool = tool
        self.sys: Sys = tool.sys
        self.pattern = pattern
        self.status = 0

    async def complain(self, text: bytes) -> None:
        """A message on standard error; the run has failed."""
        await self.tool.out.flush()
        await complain(self.sys, self.tool.name + b": " + text)
        self.status = 1

    async def put(self, name: bytes, value: bytes) -> None:
        """Print a variable as the options ask."""
        options = self.tool.options
        if "N" in options:
            await self.tool.line(name)
        elif "b" in options:
            self.tool.out.put(value)
        elif "n" in options:
            await self.tool.line(value)
        else:
            for line in value.split(b"\n"):
                await self.tool.line(name + b" = " + line)

    async def show(self, name: bytes, *, all: bool = False) -> None:
        """Print a variable, or everything below a directory."""
        path = path_of(name)
        try:
            info = await self.sys.stat(path)
        except OSError as err:
            if "e" not in self.tool.options:
                await self.complain(b"cannot stat " + path + b": " + why(err))
            return
        if info.mode & S_IFMT == S_IFDIR:
            await self.tree(path.rstrip(b"/"))
            return
        await self._one(path, listed=all)

    async def tree(self, path: bytes) -> None:
        """Print everything below a directory, by name."""
        for entry in sorted(await list_dir(self.sys, path)):
            below = path + b"/" + entry
            info = await self.sys.stat(below)
            if info.mode & S_IFMT == S_IFDIR:
                await self.tree(below)
            else:
                await self._one(below, listed=True)

    async def _one(self, path: bytes, *, listed: bool) -> None:
        name = name_of(path)
        if self.pattern is not None and self.pattern.search(name) is None:
            return
        info = await self.sys.stat(path)
        if not info.mode & 0o444:
            return
        try:
            text = await read_file(self.sys, path)
        except OSError as err:
            if err.errno == Errno.EACCES:
                await self.complain(b'permission denied on key "' + name + b'"')
            elif not listed:
                await self.complain(b'reading key "' + name + b'": ' + why(err))
            return
        await self.put(name, text.removesuffix(b"\n"))

    async def set(self, assignment: bytes, *, ignore: bool = False) -> None:
        """Set ``name=value``."""
        name, _, value = assignment.partition(b"=")
        name, value = name.strip(), value.strip()
        path = path_of(name)
        name = name_of(path)
        try:
            info = await self.sys.stat(path)
        except OSError as err:
            if not ignore and "e" not in self.tool.options:
                await self.complain(b"cannot stat " + path + b": " + why(err))
            return
        if not info.mode & 0o222:
            await self.complain(b'setting key "' + name + b'": ' + b"Invalid argument")
            return
        if info.mode & S_IFMT == S_IFDIR:
            await self.complain(b'setting key "' + name + b'": ' + b"Is a directory")
            return
        if "dry-run" not in self.tool.options:
            try:
                fd = await self.sys.open(path, O_WRONLY | O_TRUNC)
                try:
                    await write_all(self.sys, fd, value + b"\n")
                finally:
                    await self.sys.close(fd)
            except OSError as err:
                if err.errno in (Errno.EACCES, Errno.EPERM):
                    await self.complain(b'permission denied on key "' + name + b'"')
                else:
                    await self.complain(b'setting key "' + name + b'": ' + why(err))
                return
        if "q" not in self.tool.options:
            await self.put(name, value)

    async def load(self, path: bytes) -> None:
        """Set what a file says (sysctl.conf(5))."""
        try:
            text = await read_file(self.sys, path)
        except OSError as err:
            await self.complain(b'cannot open "' + path + b'": ' + why(err))
            return
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if not line or line[:1] in (b"#", b";"):
                continue
            ignore = line.startswith(b"-")
            if b"=" not in line:
                place = path + b"(%d): invalid syntax, continuing..." % number
                await complain(self.sys, self.tool.name + b": " + place)
                continue
            await self.set(line.lstrip(b"-"), ignore=ignore)

    async def system(self) -> None:
        """Set what the files of the system say; a name counts once, the first directory's."""
        files: dict[bytes, bytes] = {}
        for directory in _DIRECTORIES:
            try:
                names = await list_dir(self.sys, directory)
            except OSError:
                continue
            for name in names:
                if name.endswith(b".conf"):
                    files.setdefault(name, directory + b"/" + name)
        found = [files[name] for name in sorted(files)]
        for path in [*found, CONF]:
            try:
                await self.sys.stat(path)
            except OSError:
                continue
            await self.tool.line(b"* Applying " + path + b" ...")
            await self.load(path)


@program(USAGE, None)
async def sysctl(tool: Tool) -> int:
    """sysctl(8)."""
    try:
        options = tool.options = parse(tool.argv[1:], "bneNwfpqoxaAXr:Vdh", _LONG)
    except UsageError as err:
        return await usage(tool, USAGE, str(err))
    if "h" in options or "d" in options:
        await tool.line(b"\n" + USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"sysctl from procps-ng 4.0.2")
        return 0
    pattern: Regex | None = None
    expression = options.last("r")
    if expression is not None:
        try:
            pattern = compile_regex(expression, extended=True)
        except RegexError as err:
            raise Failure(b"invalid pattern: " + str(err).encode()) from None
    run = Sysctl(tool, pattern)
    loading = any(flag in options for flag in ("p", "f"))
    if any(flag in options for flag in ("a", "A", "X")):
        await run.tree(ROOT.rstrip(b"/"))
        return run.status
    if "system" in options:
        await run.system()
        return run.status
    if loading:
        given = options.last("p")
        for path in [given] if given else options.operands or [CONF]:
            await run.load(path)
        return run.status
    if not options.operands:
        if pattern is not None:
            await run.tree(ROOT.rstrip(b"/"))
            return run.status
        return await usage(tool, USAGE, "no variables specified")
    for word in options.operands:
        if b"=" in word:
            await run.set(word)
        elif "w" in options:
            text = b": command line(0): invalid syntax, continuing..."
            await complain(tool.sys, tool.name + text)
            run.status = 1
        else:
            await run.show(word)
    return run.status
