"""find's tests. Each ``parse_…`` takes the test's argument and gives the test."""

from minios.abi.errno import Errno
from minios.abi.flags import (
    R_OK,
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFREG,
    S_IFSOCK,
    W_OK,
    X_OK,
)
from minios.abi.records import Stat
from minios.userland.bin.find.run import Run, Test, base_name
from minios.userland.lib import users
from minios.userland.lib.calendar import DAY, NS
from minios.userland.lib.dateparse import parse as parse_date
from minios.userland.lib.modes import adjust, compile_mode
from minios.userland.lib.pattern import Pattern
from minios.userland.lib.program import Failure
from minios.userland.lib.quoting import quote
from minios.userland.lib.regex import (
    AWK,
    EMACS,
    GREP_BASIC,
    GREP_EXTENDED,
    POSIX_BASIC,
    POSIX_EXTENDED,
    RegexError,
    Syntax,
    compile,
)
from minios.userland.lib.stdio import why
from minios.userland.lib.walk import Event, Visit, entries, room

_TYPES = {
    b"b": S_IFBLK, b"c": S_IFCHR, b"d": S_IFDIR, b"p": S_IFIFO, b"f": S_IFREG, b"l": S_IFLNK,
    b"s": S_IFSOCK,
}  # fmt: skip
_UNITS = {b"b": 512, b"c": 1, b"w": 2, b"k": 1024, b"M": 1 << 20, b"G": 1 << 30}

REGEX_TYPES: dict[bytes, Syntax] = {
    b"findutils-default": EMACS, b"ed": POSIX_BASIC, b"emacs": EMACS, b"gnu-awk": POSIX_EXTENDED,
    b"grep": GREP_BASIC, b"posix-awk": POSIX_EXTENDED, b"awk": AWK, b"posix-basic": POSIX_BASIC,
    b"posix-egrep": GREP_EXTENDED, b"egrep": GREP_EXTENDED, b"posix-extended": POSIX_EXTENDED,
    b"posix-minimal-basic": POSIX_BASIC, b"sed": POSIX_BASIC,
}  # fmt: skip


async def always(run: Run, visit: Visit) -> bool:
    return True


async def never(run: Run, visit: Visit) -> bool:
    return False


# -- names -------------------------------------------------------------------------------------


def name_test(pattern: bytes, *, fold: bool, whole: bool) -> Test:
    """-name and -path, and their -i forms."""
    glob = Pattern(pattern.lower() if fold else pattern, caret=True)

    async def test(run: Run, visit: Visit) -> bool:
        text = visit.path if whole else base_name(visit)
        return glob.matches(text.lower() if fold else text)

    return test


def link_name_test(pattern: bytes, *, fold: bool) -> Test:
    """-lname: a symbolic link whose contents match."""
    glob = Pattern(pattern.lower() if fold else pattern, caret=True)

    async def test(run: Run, visit: Visit) -> bool:
        if visit.type != S_IFLNK:
            return False
        try:
            target = await run.sys.readlink(visit.path)
        except OSError as err:
            await run.complain(visit.path, err)
            return False
        return glob.matches(target.lower() if fold else target)

    return test


def regex_test(pattern: bytes, syntax: Syntax, *, fold: bool) -> Test:
    """-regex: the whole path must match."""
    try:
        regex = compile(pattern, syntax=syntax, icase=fold)
    except RegexError as err:
        raise Failure(
            b"failed to compile regular expression '" + pattern + b"': " + str(err).encode()
        ) from None

    async def test(run: Run, visit: Visit) -> bool:
        try:
            end = regex.match(visit.path)
        except RegexError:
            return False
        if regex.owing():
            await run.sys.compute(regex.spent())
        return end == len(visit.path)

    return test


# -- numbers -----------------------------------------------------------------------------------


class Bound:
    """``+n``, ``-n`` or ``n``."""

    __slots__ = ("sign", "value")

    def __init__(self, sign: bytes, value: int) -> None:
        self.sign = sign
        self.value = value

    def holds(self, number: int) -> bool:
        if self.sign == b"+":
            return number > self.value
        if self.sign == b"-":
            return number < self.value
        return number == self.value


def bound(text: bytes) -> Bound | None:
    """A number with its sign; None if it is none."""
    sign = text[:1] if text[:1] in (b"+", b"-") else b""
    digits = text[len(sign) :]
    if not digits.isdigit() or len(digits) > 20:
        return None
    return Bound(sign, int(digits))


def stat_number_test(limit: Bound, field: str) -> Test:
    """-links, -inum, -uid and -gid."""

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        return st is not None and limit.holds(getattr(st, field))

    return test


def size_test(text: bytes) -> Test:
    """-size: in units rounded up, 512 bytes if none is given."""
    unit = 512
    number = text
    if text[-1:] in _UNITS:
        unit, number = _UNITS[text[-1:]], text[:-1]
    limit = bound(number)
    if limit is None:
        if text[-1:].isdigit() or text[-1:] in _UNITS:
            raise Failure(b"Invalid argument `" + text + b"' to -size")
        raise Failure(b"invalid -size type `" + text[-1:] + b"'")

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        return st is not None and limit.holds(-(-st.size // unit))

    return test


async def empty_test(run: Run, visit: Visit) -> bool:
    """-empty: a regular file without data, a directory without entries."""
    if visit.type == S_IFDIR:
        try:
            listing = await entries(run.tool, visit.path, nofollow=not visit.follow)
        except OSError as err:
            await run.complain(visit.path, err)
            return False
        run.tool.release(room(listing))
        return not listing
    if visit.type == S_IFREG:
        st = await run.stat(visit)
        return st is not None and st.size == 0
    return False


# -- times -------------------------------------------------------------------------------------


def _time_of(st: Stat, which: str) -> int:
    return {"a": st.atime, "c": st.ctime, "m": st.mtime}[which]


def age_test(text: bytes, which: str, unit: int, run: Run, option: bytes) -> Test:
    """-mtime and -mmin and their like; ``unit`` is a day or a minute in seconds.

    GNU's windows: ``-mtime 1`` is one to two days ago, ``-mmin 1`` up to a minute ago.
    """
    sign = text[:1] if text[:1] in (b"+", b"-") else b""
    number = text[len(sign) :]
    whole, _, fraction = number.partition(b".")
    if not (whole + fraction).isdigit() or len(number) > 18:
        raise Failure(b"invalid argument `" + text + b"' to `" + option + b"'")
    amount = int(whole or b"0") * NS + int((fraction + b"000000000")[:9])
    origin = run.day if unit == DAY else run.day + DAY * NS
    if unit == DAY and sign == b"-":
        origin += (DAY - 1) * NS
    edge = origin - amount * unit
    window = unit * NS

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        if st is None:
            return False
        delta = _time_of(st, which) - edge
        if sign == b"-":
            return delta > 0
        if sign == b"+":
            return delta < 0
        return 0 < delta <= window

    return test


async def newer_test(run: Run, which: str, reference: str, argument: bytes) -> Test:
    """-newerXY: time X is later than time Y of a file (or, with ``t``, than a date)."""
    if reference == "t":
        moment = parse_date(argument, run.now)
        if moment is None:
            text = b"I cannot figure out how to interpret " + quote(argument)
            raise Failure(text + b" as a date or time")
    else:
        moment = _time_of(await reference_stat(run, argument), reference)
    edge = moment

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        return st is not None and _time_of(st, which) > edge

    return test


async def reference_stat(run: Run, name: bytes) -> Stat:
    """The inode of a file that a test names."""
    try:
        if run.follow or run.follow_root:
            return await run.sys.stat(name)
        return await run.sys.lstat(name)
    except OSError as err:
        raise Failure(quote(name) + b": " + why(err)) from None


def used_test(limit: Bound) -> Test:
    """-used: days between the last change of status and the access after it."""

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        if st is None or st.atime <= st.ctime:
            return False
        days, rest = divmod(st.atime - st.ctime, DAY * NS)
        if limit.sign == b"+":
            return days * DAY * NS + rest > limit.value * DAY * NS
        return limit.holds(days + (rest > 0) if not limit.sign else days)

    return test


# -- what it is, whose, and who may ------------------------------------------------------------


def type_test(argument: bytes, option: bytes) -> Test:
    """-type and -xtype: one letter or several with commas."""
    wanted: set[int] = set()
    letters = argument.split(b",") if argument else []
    for letter in letters:
        if len(letter) != 1:
            if not letter:
                text = b"Last file type in list argument to " + option + b" is missing"
                raise Failure(text + b", i.e., list is ending on: ','")
            text = b"Must separate multiple arguments to " + option + b" using: ','"
            raise Failure(text)
        if letter == b"D":
            text = b" is not supported because Solaris doors are not supported on the platform"
            raise Failure(option + b" D" + text + b" find was compiled on.")
        if letter not in _TYPES:
            raise Failure(b"Unknown argument to " + option + b": " + letter)
        if _TYPES[letter] in wanted:
            raise Failure(
                b"Duplicate file type '" + letter + b"' in the argument list to " + option + b"."
            )
        wanted.add(_TYPES[letter])
    if not letters:
        raise Failure(b"Arguments to " + option + b" should contain at least one letter")
    follows = option == b"-xtype"

    async def test(run: Run, visit: Visit) -> bool:
        kind: int | None = visit.type
        if follows:
            kind = await run.link_target_type(visit)
        return kind in wanted

    return test


def perm_test(text: bytes) -> Test:
    """-perm: MODE exactly, -MODE all of it, /MODE any of it."""
    how = text[:1] if text[:1] in (b"-", b"/") else b""
    changes = compile_mode(text[len(how) :])
    if changes is None or (text[:1] == b"+" and text[1:2].isdigit()):
        raise Failure(b"invalid mode " + quote(text))
    wanted = [adjust(0, changes, umask=0, directory=kind) for kind in (False, True)]

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        if st is None:
            return False
        mode, bits = st.mode & 0o7777, wanted[visit.type == S_IFDIR]
        if how == b"-":
            return mode & bits == bits
        if how == b"/":
            return bits == 0 or mode & bits != 0
        return mode == bits

    return test


async def owner_test(run: Run, argument: bytes, *, group: bool) -> Test:
    """-user and -group: a name, or a number that is no name."""
    number: int | None = None
    if group:
        found = (g.gid for g in await users.groups(run.sys) if g.name == argument)
        number = next(found, None)
    else:
        account = await users.by_name(run.sys, argument)
        number = account.uid if account is not None else None
    if number is None and argument.isdigit() and len(argument) < 11:
        number = int(argument)
    if number is None:
        kind = b"group" if group else b"user"
        raise Failure(
            quote(argument)
            + b" is not the name of "
            + (b"an existing group" if group else b"a known " + kind)
        )
    return stat_number_test(Bound(b"", number), "gid" if group else "uid")


async def no_user_test(run: Run, visit: Visit) -> bool:
    st = await run.stat(visit)
    return st is not None and await run.names.user(st.uid) is None


async def no_group_test(run: Run, visit: Visit) -> bool:
    st = await run.stat(visit)
    return st is not None and await run.names.group(st.gid) is None


def access_test(mode: int) -> Test:
    """-readable, -writable and -executable, for the effective user."""

    async def test(run: Run, visit: Visit) -> bool:
        try:
            await run.sys.eaccess(visit.path, mode)
        except OSError:
            return False
        return True

    return test


ACCESS = {b"-readable": R_OK, b"-writable": W_OK, b"-executable": X_OK}


async def same_file_test(run: Run, argument: bytes) -> Test:
    """-samefile: another name of the same inode."""
    reference = await reference_stat(run, argument)

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        return st is not None and (st.dev, st.ino) == (reference.dev, reference.ino)

    return test


async def file_system_type(run: Run, st: Stat, cache: dict[int, bytes]) -> bytes:
    """The type of the file system a device number belongs to, from /proc/mounts."""
    if st.dev not in cache:
        cache[st.dev] = b"unknown"
        try:
            fd = await run.sys.open(b"/proc/mounts")
            data = await run.sys.read(fd, 16384)
            await run.sys.close(fd)
        except OSError:
            data = b""
        for line in data.split(b"\n"):
            fields = line.split(b" ")
            if len(fields) > 2:
                try:
                    dev = (await run.sys.stat(fields[1])).dev
                except OSError as err:
                    if err.errno == Errno.EINTR:
                        raise
                    continue
                cache[dev] = fields[2]
    return cache[st.dev]


def fs_type_test(argument: bytes) -> Test:
    """-fstype."""
    cache: dict[int, bytes] = {}

    async def test(run: Run, visit: Visit) -> bool:
        st = await run.stat(visit)
        return st is not None and await file_system_type(run, st, cache) == argument

    return test


def is_directory(visit: Visit) -> bool:
    return visit.event in (Event.ENTER, Event.LEAVE, Event.UNREADABLE, Event.CYCLE)
