"""inotifywait: wait for events of files and directories (inotify-tools 3.22.6)."""

from minios.abi import inotify
from minios.abi.errno import Errno
from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY, POLLIN, S_IFDIR, S_IFMT
from minios.abi.inotify import Event
from minios.userland.lib.calendar import strftime
from minios.userland.lib.duration import parse as parse_duration
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.regex import Regex, RegexError, compile
from minios.userland.lib.stdio import complain, list_dir, read_file, why, write_all

USAGE = """
inotifywait 3.22.6.0
Wait for a particular event on a file or set of files.
Usage: inotifywait [ options ] file1 [ file2 ] [ file3 ] [ ... ]
Options:
        -h|--help       Show this help text.
        @<file>         Exclude the specified file from being watched.
        --exclude <pattern>
                        Leave out what matches the extended regular expression.
        --excludei <pattern>
                        The same, upper and lower case alike.
        --include <pattern>
                        Leave out what does not match.
        --includei <pattern>
                        The same, upper and lower case alike.
        -m|--monitor    Keep listening until --timeout expires, or for ever.
        -P|--no-dereference
                        Do not follow symlinks.
        -r|--recursive  Watch directories with all that is in them.
        --fromfile <file>
                        Read files to watch from <file> or `-' for stdin.
        -o|--outfile <file>
                        Print events to <file> rather than stdout.
        -q|--quiet      Print only events.
        -qq             Print nothing.
        --format <fmt>  What to print: %w watched file, %f file in it, %e events,
                        %Xe events with X between them, %T time, %c cookie, %0 NUL.
        --no-newline    No newline after --format.
        --timefmt <fmt> strftime's format for %T.
        -c|--csv        Print events in CSV format.
        -t|--timeout <seconds>
                        Give up when nothing has happened for so long.
        -e|--event <event1> [ -e|--event <event2> ... ]
                Listen for these events only.

Exit status:
        0  -  An event you asked to watch for was received.
        1  -  An event you did not ask to watch for was received
              (usually delete_self or unmount), or some error occurred.
        2  -  The --timeout option was given and no events occurred
              in the specified interval of time.

Events:
        access          file or directory contents were read
        modify          file or directory contents were written
        attrib          file or directory attributes changed
        close_write     closed, after being opened for writing
        close_nowrite   closed, after being opened for reading only
        close           closed, however it was opened
        open            file or directory opened
        moved_to        moved to the watched directory
        moved_from      moved from the watched directory
        move            moved to or from the watched directory
        move_self       the watched file or directory itself was moved
        create          created in the watched directory
        delete          deleted from the watched directory
        delete_self     the watched file or directory itself was deleted
        unmount         its file system was unmounted
"""

_NAMES: tuple[tuple[int, str], ...] = (
    (inotify.IN_ACCESS, "ACCESS"),
    (inotify.IN_MODIFY, "MODIFY"),
    (inotify.IN_ATTRIB, "ATTRIB"),
    (inotify.IN_CLOSE_WRITE, "CLOSE_WRITE"),
    (inotify.IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"),
    (inotify.IN_OPEN, "OPEN"),
    (inotify.IN_MOVED_FROM, "MOVED_FROM"),
    (inotify.IN_MOVED_TO, "MOVED_TO"),
    (inotify.IN_CREATE, "CREATE"),
    (inotify.IN_DELETE, "DELETE"),
    (inotify.IN_DELETE_SELF, "DELETE_SELF"),
    (inotify.IN_UNMOUNT, "UNMOUNT"),
    (inotify.IN_Q_OVERFLOW, "Q_OVERFLOW"),
    (inotify.IN_IGNORED, "IGNORED"),
    (inotify.IN_CLOSE, "CLOSE"),
    (inotify.IN_MOVE_SELF, "MOVE_SELF"),
    (inotify.IN_ISDIR, "ISDIR"),
)
_ASKED = {name.lower(): mask for mask, name in _NAMES} | {
    "move": inotify.IN_MOVE,
    "all_events": inotify.IN_ALL_EVENTS,
}
_READ = 4096 * 17


def event_names(mask: int, between: str = ",") -> str:
    """The names of an event's bits, as inotify-tools writes them."""
    return between.join(name for bits, name in _NAMES if mask & bits)


class Watches:
    """Paths by watch number. A directory's ends in a slash."""

    def __init__(self, tool: Tool, fd: int, mask: int) -> None:
        self.tool = tool
        self.fd = fd
        self.mask = mask
        self.extra = 0
        self.paths: dict[int, bytes] = {}
        self.excluded: list[bytes] = []
        self.pattern: Regex | None = None
        self.inverted = False

    def skipped(self, path: bytes) -> bool:
        """Whether --exclude or --include leaves this path out."""
        if self.pattern is None:
            return False
        return self.pattern.test(path) != self.inverted

    async def add(self, path: bytes) -> bool:
        """Watch one path. OSError."""
        if path.rstrip(b"/") in self.excluded:
            return False
        if (await self.tool.sys.stat(path)).mode & S_IFMT == S_IFDIR and path[-1:] != b"/":
            path += b"/"
        wd = await self.tool.sys.inotify_add_watch(self.fd, path, self.mask | self.extra)
        await self.tool.retain(len(path) + 64)
        self.paths[wd] = path
        return True

    async def add_tree(self, path: bytes) -> None:
        """Watch a directory and every directory below it. OSError for the first of them."""
        if not await self.add(path):
            return
        todo = [path.rstrip(b"/") or b"/"]
        while todo:
            folder = todo.pop()
            try:
                names = await list_dir(self.tool.sys, folder)
            except OSError:
                continue
            for name in reversed(names):
                child = folder.rstrip(b"/") + b"/" + name
                try:
                    kind = (await self.tool.sys.lstat(child)).mode & S_IFMT
                    if kind == S_IFDIR and not self.skipped(child) and await self.add(child):
                        todo.append(child)
                except OSError:
                    continue

    def moved(self, old: bytes, new: bytes) -> None:
        """A directory below a watched one has another name now."""
        for wd, path in self.paths.items():
            if path.startswith(old):
                self.paths[wd] = new + path[len(old) :]

    async def forget_below(self, path: bytes) -> None:
        """A directory went where nobody watches."""
        for wd in [wd for wd, held in self.paths.items() if held.startswith(path)]:
            del self.paths[wd]
            await self.tool.sys.inotify_rm_watch(self.fd, wd)


@program(
    USAGE,
    "hmPrqo:ct:e:",
    (
        "monitor=m", "no-dereference=P", "recursive=r", "quiet=q", "outfile:=o", "csv=c",
        "timeout:=t", "event:=e", "format:", "timefmt:", "fromfile:", "exclude:", "excludei:",
        "include:", "includei:", "no-newline",
    ),
)  # fmt: skip
async def inotifywait(tool: Tool) -> int:
    """inotifywait(1)."""
    options = tool.options
    if "h" in options:
        await tool.line(USAGE.strip("\n").encode())
        return 0
    quiet = sum(flag == "q" for flag, _ in options.flags)
    mask = 0
    for word in options.every("e"):
        for event in word.decode("latin-1").lower().split(","):
            if event not in _ASKED:
                complaint = f"'{event}' is not a valid event!  Run with the '--help' option to see"
                await complain(tool.sys, complaint.encode() + b" a list of events.")
                return 1
            mask |= _ASKED[event]
    timeout: int | None = None
    if (text := options.last("t")) is not None:
        timeout = parse_duration(text)
        if timeout is None:
            await complain(tool.sys, b"'" + text + b"' is not a valid timeout value.")
            return 1
    fd = await tool.sys.inotify_init()
    watches = Watches(tool, fd, mask or inotify.IN_ALL_EVENTS)
    if "r" in options:  # to follow what is made and moved
        watches.mask |= inotify.IN_CREATE | inotify.IN_MOVE
    watches.extra = inotify.IN_DONT_FOLLOW if "P" in options else 0
    _choose(watches, tool)
    names = await _names(tool, watches)
    if not names:
        await complain(tool.sys, b"No files specified to watch!")
        return 1
    if not quiet:
        text = b"Setting up watches."
        if "r" in options:
            text += b"  Beware: since -r was given, this may take a while!"
        await complain(tool.sys, text)
    for name in names:
        try:
            await (watches.add_tree(name) if "r" in options else watches.add(name))
        except OSError as err:
            if err.errno == Errno.ENOSPC:
                await complain(tool.sys, b"Failed to watch " + name + b"; upper limit on inotify")
                await complain(tool.sys, b"watches reached!")
            else:
                await complain(tool.sys, b"Couldn't watch " + name + b": " + why(err))
            return 1
    if not quiet:
        await complain(tool.sys, b"Watches established.")
    return await _listen(tool, watches, mask, timeout, quiet)


def _choose(watches: Watches, tool: Tool) -> None:
    for flag, pattern in tool.options.flags:
        if flag in ("exclude", "excludei", "include", "includei"):
            assert pattern is not None
            ignore_case = flag.endswith("i")
            try:
                watches.pattern = compile(pattern, extended=True, icase=ignore_case)
            except RegexError as err:
                text = b"Error in regular expression: " + str(err).encode("latin-1")
                raise Failure(text, 1) from None
            watches.inverted = flag.startswith("include")


async def _names(tool: Tool, watches: Watches) -> list[bytes]:
    """What to watch; ``@NAME`` leaves one out."""
    given = list(tool.operands)
    source = tool.options.last("fromfile")
    if source is not None:
        path = b"/dev/stdin" if source == b"-" else source
        try:
            given += (await read_file(tool.sys, path)).splitlines()
        except OSError:
            raise Failure(b"Couldn't open " + source, 1) from None
    watches.excluded = [name[1:].rstrip(b"/") for name in given if name.startswith(b"@")]
    return [name for name in given if name and not name.startswith(b"@")]


async def _listen(tool: Tool, watches: Watches, asked: int, timeout: int | None, quiet: int) -> int:
    sys, options = tool.sys, tool.options
    out = 1
    if (path := options.last("o")) is not None:
        out = await sys.open(path, O_WRONLY | O_CREAT | O_TRUNC)
    form = options.last("format")
    newline = b"" if "no-newline" in options else b"\n"
    gone: dict[int, bytes] = {}
    while True:
        if not await sys.poll([(watches.fd, POLLIN)], timeout or None):
            return 2
        for event in inotify.unpack(await sys.read(watches.fd, _READ)):
            path = watches.paths.get(event.wd, b"")
            if event.mask & inotify.IN_IGNORED:
                watches.paths.pop(event.wd, None)
                if not watches.paths:
                    return 1 if "m" not in options else 0
                continue
            if "r" in options:
                await _follow(watches, event, path, gone)
            wanted = event.mask & (asked or inotify.IN_ALL_EVENTS)
            if not wanted and not event.mask & (inotify.IN_UNMOUNT | inotify.IN_Q_OVERFLOW):
                continue
            if watches.skipped(path + event.name):
                continue
            if quiet < 2:
                if form is not None:
                    line = await _format(tool, form, path, event) + newline
                elif "c" in options:
                    line = _csv(path, event)
                else:
                    what = event_names(event.mask).encode()
                    line = path + b" " + what + b" " + event.name + b"\n"
                await write_all(sys, out, line)
            if "m" not in options:
                return 0 if wanted else 1


async def _follow(watches: Watches, event: Event, path: bytes, gone: dict[int, bytes]) -> None:
    """With -r: directories that come are watched, those that move keep their watches."""
    if not event.mask & inotify.IN_ISDIR:
        return
    here = path + event.name + b"/"
    if event.mask & inotify.IN_CREATE or (
        event.mask & inotify.IN_MOVED_TO and event.cookie not in gone
    ):
        try:
            await watches.add_tree(here)
        except OSError:
            return
    elif event.mask & inotify.IN_MOVED_FROM:
        gone[event.cookie] = here
    elif event.mask & inotify.IN_MOVED_TO:
        watches.moved(gone.pop(event.cookie), here)


def _csv(path: bytes, event: Event) -> bytes:
    names = event_names(event.mask).encode()
    if b"," in names:
        names = b'"' + names + b'"'
    return b",".join((_quoted(path), names, _quoted(event.name))) + b"\n"


def _quoted(field: bytes) -> bytes:
    if any(char in field for char in b'",\n'):
        return b'"' + field.replace(b'"', b'""') + b'"'
    return field


async def _format(tool: Tool, form: bytes, path: bytes, event: Event) -> bytes:
    parts: list[bytes] = []
    at = 0
    while at < len(form):
        char = form[at : at + 1]
        key = form[at + 1 : at + 2]
        at += 2
        if char != b"%" or not key:
            parts.append(char)
            at -= 1
        elif key == b"w":
            parts.append(path)
        elif key == b"f":
            parts.append(event.name)
        elif key == b"e":
            parts.append(event_names(event.mask).encode())
        elif key == b"c":
            parts.append(b"%x" % event.cookie)
        elif key == b"0":
            parts.append(b"\0")
        elif key == b"%":
            parts.append(b"%")
        elif key == b"T":
            stamp = tool.options.last("timefmt")
            now = await tool.sys.clock_gettime()
            parts.append(strftime(stamp, now) if stamp is not None else b"%T")
        elif form[at : at + 1] == b"e":
            parts.append(event_names(event.mask, key.decode("latin-1")).encode())
            at += 1
        else:
            parts.append(b"%" + key)
    return b"".join(parts)
