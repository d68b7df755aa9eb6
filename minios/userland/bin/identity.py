"""id(1), whoami(1), groups(1) and logname(1)."""

from minios.userland.lib import users, utmp
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote

ID_USAGE = """
Usage: id [OPTION]... [USER]...
Print user and group ids of the process, or of each USER.
  -u, -g, -G    only the user, the group, all groups
  -n            names instead of numbers (with -u, -g, -G)
  -r            the real id instead of the effective one
  -z            end entries with NUL, not white space
"""


class _Names:
    """Accounts and groups, read once."""

    def __init__(self, accounts: list[users.Passwd], groups: list[users.Group]) -> None:
        self.accounts = accounts
        self.groups = groups

    def user(self, uid: int) -> bytes | None:
        return next((a.name for a in self.accounts if a.uid == uid), None)

    def group(self, gid: int) -> bytes | None:
        return next((g.name for g in self.groups if g.gid == gid), None)

    def account(self, text: bytes) -> users.Passwd | None:
        """A user by name or by number."""
        for account in self.accounts:
            if account.name == text:
                return account
        digits = text.removeprefix(b"+")
        if digits.isdigit() and len(digits) <= 10:
            return next((a for a in self.accounts if a.uid == int(digits)), None)
        return None

    def groups_of(self, account: users.Passwd) -> list[int]:
        listed = [g.gid for g in self.groups if account.name in g.members]
        return list(dict.fromkeys([account.gid, *listed]))


async def _names(tool: Tool) -> _Names:
    return _Names(await users.passwd(tool.sys), await users.groups(tool.sys))


class _Ids:
    """Whose ids are printed: a user's, or the process's own."""

    def __init__(self, ruid: int, euid: int, rgid: int, egid: int, groups: list[int]) -> None:
        self.ruid, self.euid, self.rgid, self.egid = ruid, euid, rgid, egid
        self.groups = groups

    def all_groups(self) -> list[int]:
        """The groups with the real and the effective one in front (print_group_list)."""
        return list(dict.fromkeys([self.rgid, self.egid, *self.groups]))


async def _own(tool: Tool) -> _Ids:
    sys = tool.sys
    return _Ids(
        await sys.getuid(),
        await sys.geteuid(),
        await sys.getgid(),
        await sys.getegid(),
        list(await sys.getgroups()),
    )


@program(
    ID_USAGE,
    "agnruzGZ",
    ("context=Z", "group=g", "groups=G", "name=n", "real=r", "user=u", "zero=z"),
)
async def id_(tool: Tool) -> int:
    """Print user and group ids."""
    opts = tool.options
    chosen = [flag for flag in ("u", "g", "G", "Z") if flag in opts]
    if "Z" in opts:
        raise Failure(b"--context (-Z) works only on an SELinux-enabled kernel")
    if len(chosen) > 1:
        raise Failure(b'cannot print "only" of more than one choice')
    if not chosen and ("r" in opts or "n" in opts):
        raise Failure(b"cannot print only names or real IDs in default format")
    if not chosen and "z" in opts:
        raise Failure(b"option --zero not permitted in default format")
    names = await _names(tool)
    if not tool.operands:
        await _print(tool, await _own(tool), names)
    for operand in tool.operands:
        account = names.account(operand) if operand else None
        if account is None:
            await tool.warn(quote(operand) + b": no such user")
            continue
        groups = names.groups_of(account)
        ids = _Ids(account.uid, account.uid, account.gid, account.gid, groups)
        await _print(tool, ids, names)
        if "z" in opts and "G" in opts and len(tool.operands) > 1:
            tool.out.put(b"\0")
    return tool.status


async def _print(tool: Tool, ids: _Ids, names: _Names) -> None:
    opts = tool.options
    end = b"\0" if "z" in opts else b"\n"
    by_name, real = "n" in opts, "r" in opts
    if "u" in opts:
        uid = ids.ruid if real else ids.euid
        text = await _named(tool, uid, names.user(uid), b"user") if by_name else b"%d" % uid
    elif "g" in opts:
        gid = ids.rgid if real else ids.egid
        text = await _named(tool, gid, names.group(gid), b"group") if by_name else b"%d" % gid
    elif "G" in opts:
        shown = [
            await _named(tool, gid, names.group(gid), b"group") if by_name else b"%d" % gid
            for gid in ids.all_groups()
        ]
        text = (b"\0" if "z" in opts else b" ").join(shown)
    else:
        text = _full(ids, names)
    tool.out.put(text, end)
    await tool.out.drain()


async def _named(tool: Tool, number: int, name: bytes | None, kind: bytes) -> bytes:
    if name is None:
        await tool.warn(b"cannot find name for %s ID %d" % (kind, number))
        return b"%d" % number
    return name


def _full(ids: _Ids, names: _Names) -> bytes:
    """``uid=0(root) gid=0(root) groups=0(root)``."""
    parts = [b"uid=" + _numbered(ids.ruid, names.user(ids.ruid))]
    parts.append(b"gid=" + _numbered(ids.rgid, names.group(ids.rgid)))
    if ids.euid != ids.ruid:
        parts.append(b"euid=" + _numbered(ids.euid, names.user(ids.euid)))
    if ids.egid != ids.rgid:
        parts.append(b"egid=" + _numbered(ids.egid, names.group(ids.egid)))
    listed = [_numbered(gid, names.group(gid)) for gid in dict.fromkeys([ids.egid, *ids.groups])]
    if listed:
        parts.append(b"groups=" + b",".join(listed))
    return b" ".join(parts)


def _numbered(number: int, name: bytes | None) -> bytes:
    return b"%d" % number if name is None else b"%d(%s)" % (number, name)


@program("Usage: whoami\nPrint the user name of the effective user id (like id -un).", "")
async def whoami(tool: Tool) -> int:
    """Print who one is."""
    no_operands(tool)
    uid = await tool.sys.geteuid()
    account = await users.by_uid(tool.sys, uid)
    if account is None:
        raise Failure(b"cannot find name for user ID %d" % uid)
    await tool.line(account.name)
    return 0


def no_operands(tool: Tool) -> None:
    """For programs that take none."""
    if tool.operands:
        raise Failure(b"extra operand " + quote(tool.operands[0]), hint=True)


@program("Usage: groups [USERNAME]...\nPrint the names of the groups one is in.", "")
async def groups(tool: Tool) -> int:
    """Print groups by name."""
    names = await _names(tool)
    if not tool.operands:
        ids = await _own(tool)
        shown = [await _named(tool, gid, names.group(gid), b"group") for gid in ids.all_groups()]
        await tool.line(b" ".join(shown))
    for operand in tool.operands:
        account = next((a for a in names.accounts if a.name == operand), None)
        if account is None:
            await tool.warn(quote(operand) + b": no such user")
            continue
        shown = [
            await _named(tool, gid, names.group(gid), b"group") for gid in names.groups_of(account)
        ]
        await tool.line(operand + b" : " + b" ".join(shown))
    return tool.status


@program("Usage: logname\nPrint the name one logged in with.", "")
async def logname(tool: Tool) -> int:
    """Print the login name that utmp has for the terminal (getlogin(3))."""
    no_operands(tool)
    try:
        terminal = (await tool.sys.readlink(b"/proc/self/fd/0")).removeprefix(b"/dev/")
    except OSError:
        terminal = b""
    for entry in await utmp.read(tool.sys):
        if entry.type == utmp.USER_PROCESS and entry.line == terminal and entry.user:
            await tool.line(entry.user)
            return 0
    raise Failure(b"no login name")
