"""chmod(1), chown(1) and chgrp(1)."""

from minios.abi.flags import S_IFDIR, S_IFLNK, S_IFMT
from minios.abi.records import Stat
from minios.userland.bin.make import umask_of
from minios.userland.bin.remove import warn_about_root
from minios.userland.lib import users
from minios.userland.lib.modes import Change, Changes, adjust, compile_mode, render
from minios.userland.lib.options import Parsed, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote, quoteaf, quotef
from minios.userland.lib.walk import Event, Visit, Walk

CHMOD_USAGE = """
Usage: chmod [OPTION]... MODE[,MODE]... FILE...
Change permissions. MODE is octal, or [ugoa]*([-+=]([rwxXst]*|[ugo]))+.
  -R        directories and all in them
  -v, -c    say what is done; only what is changed
  -f        no complaints
  --reference=FILE    use FILE's mode
"""

_MODE_LETTERS = "rwxXstugoa,+=01234567"
_LONG = (
    "changes=c", "recursive=R", "no-preserve-root", "preserve-root", "quiet=f", "silent=f",
    "verbose=v", "reference:", "help", "version",
)  # fmt: skip


@program(CHMOD_USAGE)
async def chmod(tool: Tool) -> int:
    """Change permissions."""
    tool.options, mode = _chmod_options(tool)
    if await tool.describe(CHMOD_USAGE):
        return 0
    opts, operands = tool.options, list(tool.operands)
    reference = opts.last("reference")
    if mode is not None and reference is not None:
        raise Failure(b"cannot combine mode and --reference options", hint=True)
    if mode is None and reference is None and operands:
        mode = operands.pop(0)
    if not operands:
        if not opts.operands:
            raise Failure(b"missing operand", hint=True)
        raise Failure(b"missing operand after " + quote(tool.argv[-1]), hint=True)
    if reference is not None:
        try:
            bits = (await tool.sys.stat(reference)).mode & 0o7777
        except OSError as err:
            await tool.warn(b"failed to get attributes of " + quoteaf(reference), err)
            return 1
        changes: Changes = (Change("=", "set", 0o7777, bits, 0o7777),)
    else:
        compiled = compile_mode(mode or b"")
        if compiled is None:
            raise Failure(b"invalid mode: " + quote(mode or b""), hint=True)
        changes = compiled
    run = _Chmod(tool, changes, await umask_of(tool))
    run.surprises = mode is not None and mode.startswith(b"-") and "mode" in opts
    for operand in operands:
        await run.tree(operand)
    return tool.status


def _chmod_options(tool: Tool) -> tuple[Parsed, bytes | None]:
    """The options, and the mode if it was given as one: ``chmod -w,g+x file``."""
    short = "Rcfv" + "".join(letter + "::" for letter in _MODE_LETTERS)
    parsed = parse(tool.argv[1:], short, _LONG)
    modes: list[bytes] = []
    for flag, value in parsed.flags:
        if len(flag) == 1 and flag in _MODE_LETTERS:
            modes.append(b"-" + flag.encode() + (value or b""))
    if modes:
        parsed.flags.append(("mode", None))
    return parsed, b",".join(modes) if modes else None


class _Chmod:
    def __init__(self, tool: Tool, changes: Changes, umask: int) -> None:
        opts = tool.options
        self.tool = tool
        self.changes = changes
        self.umask = umask
        self.surprises = False
        self.recursive = "R" in opts
        self.silent = "f" in opts
        self.guarded = "preserve-root" in opts
        self.talk = ""
        for flag, _ in opts.flags:
            if flag in ("c", "v"):
                self.talk = flag

    async def tree(self, operand: bytes) -> None:
        walk = Walk(self.tool, operand, follow_root=True)
        while (visit := await walk.next()) is not None:
            if visit.event is Event.LEAVE:
                continue
            if visit.event is Event.ENTER and not self.recursive:
                walk.skip()
            if not await self.file(visit, walk):
                self.tool.status = 1

    async def file(self, visit: Visit, walk: Walk) -> bool:
        tool = self.tool
        name = quoteaf(visit.path)
        if visit.event is Event.FAILED:
            assert visit.error is not None
            return await self.missed(b"cannot access " + name, name, visit.error)
        if visit.event is Event.UNREADABLE:
            assert visit.error is not None
            return await self.missed(b"cannot read directory " + name, name, visit.error)
        st = await visit.stat(tool.sys)
        if st.mode & S_IFMT == S_IFLNK:
            if visit.depth == 0:
                return await self.missed(b"cannot operate on dangling symlink " + name, name)
            if self.talk == "v":
                text = b"neither symbolic link " + name + b" nor referent has been changed"
                await tool.line(text)
            return True
        if self.recursive and self.guarded and await is_root(tool, st):
            await warn_about_root(tool, visit.path, b"use")
            walk.skip()
            return False
        directory = st.mode & S_IFMT == S_IFDIR
        old = st.mode & 0o7777
        new = adjust(old, self.changes, umask=self.umask, directory=directory)
        try:
            await tool.sys.chmod(visit.path, new)
        except OSError as err:
            if not self.silent:
                await tool.warn(b"changing permissions of " + name, err)
            if self.talk == "v":
                await tool.line(b"failed to change mode of " + name + _from_to(old, new))
            return False
        if self.talk == "v" and old == new:
            await tool.line(b"mode of " + name + b" retained as " + _shown(new))
        elif self.talk and old != new:
            await tool.line(b"mode of " + name + b" changed" + _from_to(old, new))
        if self.surprises:
            expected = adjust(old, self.changes, umask=0, directory=directory)
            if new & ~expected:
                text = b": new permissions are %s, not %s"
                letters = (render(new)[1:], render(expected)[1:])
                await tool.warn(quotef(visit.path) + text % letters)
                return False
        return True

    async def missed(self, text: bytes, name: bytes, err: OSError | None = None) -> bool:
        if not self.silent:
            await self.tool.warn(text, err)
        if self.talk == "v":
            await self.tool.line(name + b" could not be accessed")
        return False


def _shown(mode: int) -> bytes:
    return b"%04o (%s)" % (mode, render(mode)[1:])


def _from_to(old: int, new: int) -> bytes:
    return b" from " + _shown(old) + b" to " + _shown(new)


async def is_root(tool: Tool, st: Stat) -> bool:
    root = await tool.sys.lstat(b"/")
    return (root.dev, root.ino) == (st.dev, st.ino)


CHOWN_USAGE = """
Usage: chown [OPTION]... [OWNER][:[GROUP]] FILE...
Change owner and group; an empty GROUP after the colon is the owner's login group.
  -R        directories and all in them; -H, -L, -P say which links are followed
  -h        links themselves
  -v, -c    say what is done; only what is changed
  -f        no complaints
  --from=CURRENT_OWNER:CURRENT_GROUP    only files of these
  --reference=FILE    use FILE's owner and group
"""

CHGRP_USAGE = """
Usage: chgrp [OPTION]... GROUP FILE...
Change the group of files.
  -R        directories and all in them; -H, -L, -P say which links are followed
  -h        links themselves
  -v, -c    say what is done; only what is changed
  -f        no complaints
  --reference=FILE    use FILE's group
"""

_OWNER_LONG = (
    "recursive=R", "changes=c", "dereference", "no-dereference=h", "no-preserve-root",
    "preserve-root", "quiet=f", "silent=f", "reference:", "verbose=v",
)  # fmt: skip


@program(CHOWN_USAGE, "HLPRcfhv", (*_OWNER_LONG, "from:"))
async def chown(tool: Tool) -> int:
    """Change owner and group."""
    return await _change_owner(tool, group_only=False)


@program(CHGRP_USAGE, "HLPRcfhv", _OWNER_LONG)
async def chgrp(tool: Tool) -> int:
    """Change the group."""
    return await _change_owner(tool, group_only=True)


async def _change_owner(tool: Tool, *, group_only: bool) -> int:
    run = _Chown(tool, group_only=group_only)
    opts, operands = tool.options, list(tool.operands)
    reference = opts.last("reference")
    if len(operands) < (1 if reference is not None else 2):
        if not operands:
            raise Failure(b"missing operand", hint=True)
        raise Failure(b"missing operand after " + quote(operands[-1]), hint=True)
    if reference is not None:
        try:
            st = await tool.sys.stat(reference)
        except OSError as err:
            await tool.warn(b"failed to get attributes of " + quoteaf(reference), err)
            return 1
        run.uid, run.gid = -1 if group_only else st.uid, st.gid
        run.user_name = None if group_only else await run.name_of_user(st.uid)
        run.group_name = await run.name_of_group(st.gid)
    elif group_only:
        spec = operands.pop(0)
        run.gid, run.group_name = await _group(tool, spec)
    else:
        await _read_spec(tool, run, operands.pop(0))
        if run.user_name is None and run.group_name is not None:
            run.user_name = b""
    if "from" in opts:
        wanted = _Chown(tool, group_only=False)
        await _read_spec(tool, wanted, opts.last("from") or b"")
        run.only = (wanted.uid, wanted.gid)
    for operand in operands:
        await run.tree(operand)
    return tool.status


async def _group(tool: Tool, text: bytes, spec: bytes | None = None) -> tuple[int, bytes | None]:
    """The number of a group and the name to report it by."""
    if not text:
        if spec is None:
            return -1, None
        raise Failure(b"invalid group: " + quote(spec))
    for group in await users.groups(tool.sys):
        if group.name == text:
            return group.gid, group.name
    number = id_number(text)
    if number is None:
        raise Failure(b"invalid group: " + quote(text if spec is None else spec))
    return number, text.lstrip(b"+")


def id_number(text: bytes) -> int | None:
    """A user or group given as a number, perhaps with a plus sign; None if it is none."""
    digits = text.removeprefix(b"+")
    if not digits.isdigit() or len(digits) > 10 or int(digits) >= 0xFFFFFFFF:
        return None
    return int(digits)


async def _read_spec(tool: Tool, run: "_Chown", spec: bytes) -> None:
    """``user``, ``user:``, ``user:group``, ``:group``; a dot for the colon if nothing else fits."""
    user, colon, group = spec.partition(b":")
    try:
        await _read_parts(tool, run, spec, user, colon, group)
    except Failure:
        dotted, dot, rest = spec.partition(b".")
        if colon or not dot:
            raise
        try:
            await _read_parts(tool, run, spec, dotted, dot, rest)
        except Failure:
            pass
        else:
            await tool.warn(b"warning: '.' should be ':': " + quote(spec), status=0)
            return
        raise


async def _read_parts(
    tool: Tool, run: "_Chown", spec: bytes, user: bytes, colon: bytes, group: bytes
) -> None:
    login: int | None = None
    if user:
        account = None
        if not user.startswith(b"+"):
            account = await users.by_name(tool.sys, user)
        if account is not None:
            run.uid, run.user_name, login = account.uid, account.name, account.gid
        else:
            number = id_number(user)
            if colon and not group:
                raise Failure(b"invalid spec: " + quote(spec))
            if number is None:
                raise Failure(b"invalid user: " + quote(spec))
            run.uid, run.user_name = number, user.lstrip(b"+")
    if group:
        run.gid, run.group_name = await _group(tool, group, spec)
    elif colon and login is not None:
        run.gid = login
        run.group_name = await run.name_of_group(login)


class _Chown:
    def __init__(self, tool: Tool, *, group_only: bool) -> None:
        opts = tool.options
        self.tool = tool
        self.uid = self.gid = -1
        self.user_name: bytes | None = None
        self.group_name: bytes | None = None
        self.what = b"group" if group_only else b"ownership"
        self.only: tuple[int, int] | None = None
        self.recursive = "R" in opts
        self.silent = "f" in opts
        self.guarded = "preserve-root" in opts
        self.talk = ""
        self.travel = "P"
        dereference: bool | None = None
        for flag, _ in opts.flags:
            if flag in ("c", "v"):
                self.talk = flag
            elif flag in ("H", "L", "P"):
                self.travel = flag
            elif flag in ("h", "dereference"):
                dereference = flag == "dereference"
        if self.recursive and self.travel == "P":
            if dereference:
                raise Failure(b"-R --dereference requires either -H or -L")
            dereference = False
        self.dereference = dereference is not False

    async def name_of_user(self, uid: int) -> bytes:
        account = await users.by_uid(self.tool.sys, uid)
        return account.name if account is not None else b"%d" % uid

    async def name_of_group(self, gid: int) -> bytes:
        for group in await users.groups(self.tool.sys):
            if group.gid == gid:
                return group.name
        return b"%d" % gid

    async def tree(self, operand: bytes) -> None:
        root = self.travel in "HL" if self.recursive else False
        walk = Walk(
            self.tool,
            operand,
            follow_root=root or (not self.recursive and self.dereference),
            follow=self.recursive and self.travel == "L",
        )
        while (visit := await walk.next()) is not None:
            if visit.event is Event.ENTER:
                if self.recursive:
                    if self.guarded and await is_root(self.tool, await visit.stat(self.tool.sys)):
                        await warn_about_root(self.tool, visit.path, b"use")
                        walk.skip()
                    continue
                walk.skip()
            if visit.event is Event.LEAVE and not self.recursive:
                continue
            if not await self.file(visit):
                self.tool.status = 1

    async def file(self, visit: Visit) -> bool:
        tool, sys = self.tool, self.tool.sys
        name = quoteaf(visit.path)
        failure: OSError | None = visit.error
        if visit.event is Event.FAILED:
            return await self.missed(b"cannot access " + name, visit, failure)
        if visit.event is Event.UNREADABLE:
            return await self.missed(b"cannot read directory " + name, visit, failure)
        st = await visit.stat(sys)
        if st.mode & S_IFMT == S_IFLNK and self.dereference:
            try:
                st = await sys.stat(visit.path)
            except OSError as err:
                if not self.silent:
                    await tool.warn(b"cannot dereference " + name, err)
                return await self.report(visit, st, done=False, changed=True)
        if self.only is not None:
            uid, gid = self.only
            if (uid != -1 and uid != st.uid) or (gid != -1 and gid != st.gid):
                return await self.report(visit, st, done=True, changed=False)
        try:
            if self.dereference:
                await sys.chown(visit.path, self.uid, self.gid)
            else:
                await sys.lchown(visit.path, self.uid, self.gid)
        except OSError as err:
            if not self.silent:
                await tool.warn(b"changing " + self.what + b" of " + name, err)
            return await self.report(visit, st, done=False, changed=True)
        changed = (self.uid not in (-1, st.uid)) or (self.gid not in (-1, st.gid))
        return await self.report(visit, st, done=True, changed=changed)

    async def missed(self, text: bytes, visit: Visit, err: OSError | None) -> bool:
        if not self.silent:
            await self.tool.warn(text, err)
        if self.talk == "v":
            to = self.spec(self.user_name, self.group_name)
            line = b"failed to change " + self.what + b" of " + quoteaf(visit.path) + b" to " + to
            await self.tool.line(line)
        return False

    @staticmethod
    def spec(user: bytes | None, group: bytes | None) -> bytes:
        if user is not None and group is not None:
            return user + b":" + group
        return user if user is not None else group or b""

    async def report(self, visit: Visit, st: Stat, *, done: bool, changed: bool) -> bool:
        if not self.talk or (self.talk == "c" and not (done and changed)):
            return done
        name = quoteaf(visit.path)
        user = await self.name_of_user(st.uid) if self.user_name is not None else None
        group = await self.name_of_group(st.gid) if self.group_name is not None else None
        if self.user_name is None and self.group_name is None:
            old = b""
        else:
            old = self.spec(user, group)
        new = self.spec(self.user_name, self.group_name)
        only_group = self.user_name is None and self.group_name is not None
        what = b"group" if only_group else b"ownership"
        if done and not changed:
            text = what + b" of " + name + b" retained"
            await self.tool.line(text + (b" as " + old if old else b""))
        else:
            verb = b"changed " if done else b"failed to change "
            text = verb + what + b" of " + name
            await self.tool.line(text + b" from " + old + b" to " + new)
        return done
