"""mkdir(1), mkfifo(1), mknod(1), link(1), mktemp(1), truncate(1) and sync(1)."""

from minios.abi.errno import Errno
from minios.abi.flags import (
    O_CREAT,
    O_EXCL,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFMT,
    S_ISVTX,
    X_OK,
)
from minios.userland.lib.modes import Changes, adjust, adjust_bits, compile_mode
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf, quotef
from minios.userland.lib.sizes import SizeError, parse_size
from minios.userland.lib.stdio import complain
from minios.userland.lib.walk import join

_KINDS = {b"b": S_IFBLK, b"c": S_IFCHR, b"u": S_IFCHR, b"p": S_IFIFO}

MKDIR_USAGE = """
Usage: mkdir [OPTION]... DIRECTORY...
Make directories.
  -p        also the missing ones above; no complaint if it exists
  -m MODE   with these permissions (as for chmod)
  -v        say what is done
"""


def mode_of(text: bytes | None) -> Changes:
    """The argument of -m."""
    changes = compile_mode(text or b"")
    if changes is None:
        raise Failure(b"invalid mode " + quote(text or b""))
    return changes


async def umask_of(tool: Tool) -> int:
    """The process's umask, which only setting it tells."""
    mask = await tool.sys.umask(0)
    await tool.sys.umask(mask)
    return mask


@program(MKDIR_USAGE, "pm:vZ", ("context::=Z", "mode:=m", "parents=p", "verbose=v"))
async def mkdir(tool: Tool) -> int:
    """Make directories."""
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    maker = DirectoryMaker(tool, await umask_of(tool))
    maker.parents = "p" in tool.options
    maker.verbose = "v" in tool.options
    if "m" in tool.options:
        maker.changes = mode_of(tool.options.last("m"))
    for operand in tool.operands:
        await maker.make(operand)
    return tool.status


class DirectoryMaker:
    """Makes directories for mkdir and ``install -d``."""

    def __init__(self, tool: Tool, umask: int) -> None:
        self.tool = tool
        self.umask = umask
        self.parents = False
        self.verbose = False
        self.changes: Changes | None = None

    async def make(self, path: bytes) -> bool:
        """Make one directory, with ``parents`` those above it; False after a complaint."""
        if self.parents and not await self.make_parents(path):
            return False
        sys = self.tool.sys
        mode, decided = 0o777, 0
        if self.changes is not None:
            mode, decided = adjust_bits(mode, self.changes, umask=self.umask, directory=True)
            await sys.umask(0)
        try:
            await sys.mkdir(path, mode & ~0o022 if mode & S_ISVTX else mode)
            if decided:
                await self._settle(path, mode, decided)
        except OSError as err:
            failure: OSError | None = err
        else:
            failure = None
        if self.changes is not None:
            await sys.umask(self.umask)
        if failure is None:
            await self._announce(path)
            return True
        if self.parents:
            try:
                if (await sys.stat(path)).mode & S_IFMT == S_IFDIR:
                    return True
            except OSError as err:
                if err.errno not in (Errno.ENOENT, Errno.ENOTDIR):
                    await self.tool.warn(b"cannot stat " + quoteaf(path), err)
                    return False
        await self._complain(path, failure)
        return False

    async def make_parents(self, path: bytes) -> bool:
        """Make what is missing above ``path``; such directories the owner may always fill."""
        await self.tool.sys.umask(self.umask & ~0o300)
        ok = True
        for above in ancestors(path):
            if not await self._make_ancestor(above):
                ok = False
                break
        await self.tool.sys.umask(self.umask)
        return ok

    async def _make_ancestor(self, path: bytes) -> bool:
        sys = self.tool.sys
        try:
            await sys.mkdir(path, 0o777)
        except OSError as err:
            failure = err
        else:
            await self._announce(path)
            return True
        try:
            directory = (await sys.stat(path)).mode & S_IFMT == S_IFDIR
            if directory:
                await sys.eaccess(path, X_OK)
                return True
            failure = OSError(int(Errno.ENOTDIR), "")
        except OSError as err:
            if err.errno != Errno.ENOENT:
                failure = err
        await self._complain(path, failure)
        return False

    async def _settle(self, path: bytes, mode: int, decided: int) -> None:
        """Set what mkdir(2) did not, and what a directory that others may write gets only now."""
        now = (await self.tool.sys.lstat(path)).mode & 0o7777
        if (now ^ mode) & decided:
            await self.tool.sys.chmod(path, mode | now & ~decided)

    async def _announce(self, path: bytes) -> None:
        if self.verbose:
            await self.tool.line(self.tool.name + b": created directory " + quoteaf(path))

    async def _complain(self, path: bytes, err: OSError) -> None:
        await self.tool.warn(b"cannot create directory " + quoteaf(path), err)


def ancestors(path: bytes) -> list[bytes]:
    """The directories above a path, outermost first: a and a//b of ``a//b/c``."""
    found: list[bytes] = []
    end = len(path.rstrip(b"/"))
    at = len(path) - len(path.lstrip(b"/"))
    while True:
        slash = path.find(b"/", at, end)
        if slash < 0:
            return found
        found.append(path[:slash])
        at = slash
        while path[at : at + 1] == b"/":
            at += 1


MKFIFO_USAGE = """
Usage: mkfifo [OPTION]... NAME...
Make named pipes.
  -m MODE   with these permissions (as for chmod)
"""


@program(MKFIFO_USAGE, "m:Z", ("context::=Z", "mode:=m"))
async def mkfifo(tool: Tool) -> int:
    """Make named pipes."""
    if not tool.operands:
        raise Failure(b"missing operand", hint=True)
    mode = 0o666
    if "m" in tool.options:
        changes = compile_mode(tool.options.last("m") or b"")
        if changes is None:
            raise Failure(b"invalid mode")
        mode = adjust(mode, changes, umask=await umask_of(tool))
        if mode & ~0o777:
            raise Failure(b"mode must specify only file permission bits")
        await tool.sys.umask(0)
    for name in tool.operands:
        try:
            await tool.sys.mkfifo(name, mode)
        except OSError as err:
            await tool.warn(b"cannot create fifo " + quoteaf(name), err)
    return tool.status


MKNOD_USAGE = """
Usage: mknod [OPTION]... NAME TYPE [MAJOR MINOR]
Make a special file: TYPE is b (block device), c or u (character device) or p (named pipe).
  -m MODE   with these permissions (as for chmod)
"""


def _device_number(text: bytes, what: bytes) -> int:
    """A number as strtoumax(3) reads it with base 0."""
    digits, base = text, 10
    if text[:2] in (b"0x", b"0X"):
        digits, base = text[2:], 16
    elif text[:1] == b"0":
        base = 8
    known = b"0123456789abcdefABCDEF"[: base if base <= 10 else None]
    if not digits or digits.strip(known) or len(digits) > 20:
        raise Failure(b"invalid " + what + b" device number " + quote(text))
    return int(digits, base)


async def _operands_of_mknod(tool: Tool) -> None:
    """Complain of too few or too many operands."""
    operands = tool.operands
    wanted = 2 if len(operands) > 1 and operands[1][:1] == b"p" else 4
    if len(operands) < wanted:
        if not operands:
            raise Failure(b"missing operand", hint=True)
        text = b"missing operand after " + quote(operands[-1])
        more = b"Special files require major and minor device numbers."
        raise _advised(text, more if wanted == 4 and len(operands) == 2 else b"")
    if len(operands) > wanted:
        text = b"extra operand " + quote(operands[wanted])
        more = b"Fifos do not have major and minor device numbers."
        raise _advised(text, more if wanted == 2 and len(operands) == 4 else b"")


def _advised(text: bytes, more: bytes) -> Failure:
    failure = Failure(text, hint=True)
    if more:

        async def advise(tool: Tool) -> None:
            await complain(tool.sys, more)

        failure.advise = advise
    return failure


@program(MKNOD_USAGE, "m:Z", ("context::=Z", "mode:=m"))
async def mknod(tool: Tool) -> int:
    """Make special files; only root makes devices."""
    await _operands_of_mknod(tool)
    mode = 0o666
    if "m" in tool.options:
        changes = compile_mode(tool.options.last("m") or b"")
        if changes is None:
            raise Failure(b"invalid mode")
        mode = adjust(mode, changes, umask=await umask_of(tool))
        if mode & ~0o777:
            raise Failure(b"mode must specify only file permission bits")
        await tool.sys.umask(0)
    name, kind, *numbers = tool.operands
    bits = _KINDS.get(kind[:1])
    if bits is None:
        raise Failure(b"invalid device type " + quote(kind), hint=True)
    device = 0
    if numbers:
        major = _device_number(numbers[0], b"major")
        minor = _device_number(numbers[1], b"minor")
        device = major << 8 | minor
        if major > 0xFFF or minor > 0xFF:
            raise Failure(name + b": Invalid argument")
    try:
        await tool.sys.mknod(name, bits | mode, device)
    except OSError as err:
        await tool.warn(quotef(name), err)
    return tool.status


@program("Usage: link FILE1 FILE2\nMake FILE2 another name of FILE1, with link(2).", "")
async def link(tool: Tool) -> int:
    """Make a hard link."""
    operands = tool.operands
    if not operands:
        raise Failure(b"missing operand", hint=True)
    if len(operands) == 1:
        raise Failure(b"missing operand after " + quote(operands[0]), hint=True)
    if len(operands) > 2:
        raise Failure(b"extra operand " + quote(operands[2]), hint=True)
    old, new = operands
    try:
        await tool.sys.link(old, new)
    except OSError as err:
        await tool.warn(b"cannot create link " + quoteaf(new) + b" to " + quoteaf(old), err)
    return tool.status


MKTEMP_USAGE = """
Usage: mktemp [OPTION]... [TEMPLATE]
Make a file with a new name and print the name. The last X's of TEMPLATE (at least three;
by default tmp.XXXXXXXXXX in the directory for temporary files) are replaced.
  -d          make a directory
  -u          only print a name
  -q          do not say why it failed
  -p DIR      TEMPLATE is below DIR, or $TMPDIR, or /tmp
  -t          TEMPLATE is a name below $TMPDIR, DIR or /tmp
  --suffix=S  append S
"""

_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ATTEMPTS = 100


@program(
    MKTEMP_USAGE,
    "dp:qtuV",
    ("directory=d", "quiet=q", "dry-run=u", "suffix:", "tmpdir::=tmpdir"),
)
async def mktemp(tool: Tool) -> int:
    """Make a file or directory with a name that nothing had."""
    opts, operands = tool.options, tool.operands
    if len(operands) > 1:
        raise Failure(b"too many templates", hint=True)
    quiet = "q" in opts
    template = operands[0] if operands else b"tmp.XXXXXXXXXX"
    directory: bytes | None = b"" if not operands else None
    for flag, value in opts.flags:
        if flag in ("p", "tmpdir"):
            directory = value or b""
        elif flag == "t" and directory is None:
            directory = b""
    stem, suffix = _stem(template, opts.last("suffix"))
    count = len(stem) - len(stem.rstrip(b"X"))
    if count < 3:
        raise Failure(b"too few X's in template " + quote(template))
    if directory is not None:
        directory = _directory(tool, template, directory)
        stem = join(directory, stem)
    kind = b"directory" if "d" in opts else b"file"
    for attempt in range(_ATTEMPTS):
        name = stem[:-count] + await _letters(tool, count) + suffix
        if "u" in opts:
            break
        try:
            if kind == b"directory":
                await tool.sys.mkdir(name, 0o700)
            else:
                fd = await tool.sys.open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
                await tool.sys.close(fd)
            break
        except OSError as err:
            if err.errno == Errno.EEXIST and attempt < _ATTEMPTS - 1:
                continue
            if not quiet:
                text = b"failed to create " + kind + b" via template " + quote(stem + suffix)
                await tool.warn(text, err)
            return 1
    await tool.line(name)
    return 0


def _stem(template: bytes, suffix: bytes | None) -> tuple[bytes, bytes]:
    """The template up to its last X, and what is to follow."""
    if suffix is None:
        end = template.rfind(b"X") + 1
        stem, suffix = template[:end], template[end:]
    else:
        if not template.endswith(b"X"):
            raise Failure(b"with --suffix, template " + quote(template) + b" must end in X")
        stem = template
    if b"/" in suffix:
        raise Failure(b"invalid suffix " + quote(suffix) + b", contains directory separator")
    return stem, suffix


def _directory(tool: Tool, template: bytes, given: bytes) -> bytes:
    if "t" in tool.options:
        if b"/" in template:
            text = b"invalid template, " + quote(template) + b", contains directory separator"
            raise Failure(text)
        return tool.env.get(b"TMPDIR") or given or b"/tmp"
    if template.startswith(b"/"):
        text = b"invalid template, " + quote(template) + b"; with --tmpdir, it may not be absolute"
        raise Failure(text)
    return given or tool.env.get(b"TMPDIR") or b"/tmp"


async def _letters(tool: Tool, count: int) -> bytes:
    """``count`` letters and digits, each as likely as the others."""
    out = bytearray()
    while len(out) < count:
        for byte in await tool.sys.getrandom(min(2 * count, 256)):
            if byte < 4 * len(_LETTERS) and len(out) < count:
                out.append(_LETTERS[byte % len(_LETTERS)])
    return bytes(out)


_SPACE = b" \t\n\v\f\r"

TRUNCATE_USAGE = """
Usage: truncate OPTION... FILE...
Shrink or extend files to a size.
  -s SIZE   to SIZE; +N and -N change it, <N and >N bound it, /N and %N round it down and up
  -r FILE   to the size of FILE
  -c        do not create files
  -o        SIZE counts blocks of the file
"""


@program(TRUNCATE_USAGE, "cor:s:", ("no-create=c", "io-blocks=o", "reference:=r", "size:=s"))
async def truncate(tool: Tool) -> int:
    """Set the size of files."""
    opts, sys = tool.options, tool.sys
    how, amount = b"", 0
    sized = "s" in opts
    for flag, value in opts.flags:
        if flag == "s":
            how, amount = _size_change(value or b"")
    reference = opts.last("r")
    if reference is None and not sized:
        raise Failure(b"you must specify either '--size' or '--reference'", hint=True)
    if reference is not None and sized and not how:
        raise Failure(b"you must specify a relative '--size' with '--reference'", hint=True)
    if "o" in opts and not sized:
        raise Failure(b"'--io-blocks' was specified but '--size' was not", hint=True)
    if not tool.operands:
        raise Failure(b"missing file operand", hint=True)
    base: int | None = None
    if reference is not None:
        try:
            base = (await sys.stat(reference)).size
        except OSError as err:
            await tool.warn(b"cannot stat " + quoteaf(reference), err)
            return 1
        if not sized:
            how, amount = b"+", 0
    for name in tool.operands:
        create = 0 if "c" in opts else O_CREAT
        try:
            fd = await sys.open(name, O_WRONLY | O_NONBLOCK | create, 0o666)
        except OSError as err:
            if not ("c" in opts and err.errno == Errno.ENOENT):
                await tool.warn(b"cannot open " + quoteaf(name) + b" for writing", err)
            continue
        st = await sys.fstat(fd)
        unit = st.blksize if "o" in opts else 1
        size = _new_size(st.size if base is None else base, how, amount * unit)
        try:
            await sys.ftruncate(fd, size)
        except OSError as err:
            await tool.warn(b"failed to truncate " + quoteaf(name) + b" at %d bytes" % size, err)
        await sys.close(fd)
    return tool.status


def _size_change(text: bytes) -> tuple[bytes, int]:
    """The operator of ``-s`` (``+ - < > / %`` or none) and the number behind it."""
    text = text.lstrip(_SPACE)
    how = b""
    if text[:1] in (b"<", b">", b"/", b"%"):
        how, text = text[:1], text[1:].lstrip(_SPACE)
    body = text
    if text[:1] in (b"+", b"-"):
        if how:
            raise Failure(b"multiple relative modifiers specified", hint=True)
        how, body = text[:1], text[1:]
    if not body[:1].isalnum():
        raise Failure(b"Invalid number: " + quote(text))
    try:
        amount = parse_size(body, b"EgGkKmMPtTYZ0", limit=(1 << 63) - 1)
    except SizeError as err:
        if err.kind == "overflow":
            raise Failure(
                b"Invalid number: " + quote(text) + b": Value too large for defined data type"
            ) from None
        raise Failure(b"Invalid number: " + quote(text)) from None
    if how in (b"/", b"%") and amount == 0:
        raise Failure(b"division by zero")
    return how, amount


def _new_size(size: int, how: bytes, amount: int) -> int:
    match how:
        case b"":
            return amount
        case b"+":
            return size + amount
        case b"-":
            return max(0, size - amount)
        case b"<":
            return min(size, amount)
        case b">":
            return max(size, amount)
        case b"/":
            return size // amount * amount
        case _:
            return -(-size // amount) * amount


SYNC_USAGE = """
Usage: sync [OPTION] [FILE]...
Write what is cached to disk.
  -d, -f    only the data of the files, only their file systems
"""


@program(SYNC_USAGE, "df", ("data=d", "file-system=f"))
async def sync(tool: Tool) -> int:
    """Write caches to disk."""
    opts = tool.options
    if "d" in opts and "f" in opts:
        raise Failure(b"cannot specify both --data and --file-system")
    if "d" in opts and not tool.operands:
        raise Failure(b"--data needs at least one argument")
    if not tool.operands:
        await tool.sys.sync()
        return 0
    for name in tool.operands:
        try:
            fd = await tool.sys.open(name, O_RDONLY | O_NONBLOCK)
        except OSError as err:
            await tool.warn(b"error opening " + quoteaf(name), err)
            continue
        call = tool.sys.fsync
        if "d" in opts:
            call = tool.sys.fdatasync
        elif "f" in opts:
            call = tool.sys.syncfs
        try:
            await call(fd)
        except OSError as err:
            await tool.warn(b"error syncing " + quoteaf(name), err)
        await tool.sys.close(fd)
    return tool.status
