"""useradd, usermod, userdel, groupadd, groupmod, groupdel, gpasswd, chpasswd, newgrp and nologin
(shadow 4.13).
"""

from minios.abi.errno import Errno
from minios.abi.sys import Sys
from minios.userland.lib import accounts, users
from minios.userland.lib.accounts import GROUP, PASSWD, SHADOW, Row
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.proc import processes
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Reader, complain, why
from minios.userland.lib.terminal import ask_secret
from minios.userland.lib.units.find import listing

_USAGE = 2
_BAD_ARGUMENT = 3
_ID_IN_USE = 4
_NOT_FOUND = 6
_NAME_IN_USE = 9

USERADD = """\
Usage: useradd [options] LOGIN

Options:
      --badname                 do not check for bad names
  -c, --comment COMMENT         GECOS field of the new account
  -d, --home-dir HOME_DIR       home directory of the new account
  -g, --gid GROUP               name or ID of the primary group
  -G, --groups GROUPS           list of supplementary groups
  -h, --help                    display this help message and exit
  -m, --create-home             create the user's home directory
  -M, --no-create-home          do not create the user's home directory
  -N, --no-user-group           do not create a group with the user's name
  -o, --non-unique              allow to create users with duplicate UID
  -p, --password PASSWORD       encrypted password of the new account
  -r, --system                  create a system account
  -s, --shell SHELL             login shell of the new account
  -u, --uid UID                 user ID of the new account
"""
USERMOD = """\
Usage: usermod [options] LOGIN

Options:
  -a, --append                  with -G: keep the other groups
  -c, --comment COMMENT         new value of the GECOS field
  -d, --home HOME_DIR           new home directory for the user account
  -g, --gid GROUP               force use GROUP as new primary group
  -G, --groups GROUPS           new list of supplementary GROUPS
  -h, --help                    display this help message and exit
  -l, --login NEW_LOGIN         new value of the login name
  -L, --lock                    lock the user account
  -m, --move-home               with -d: move the home directory
  -o, --non-unique              allow using duplicate (non-unique) UID
  -p, --password PASSWORD       use encrypted password for the new password
  -r, --remove                  with -G: leave these groups
  -s, --shell SHELL             new login shell for the user account
  -u, --uid UID                 new UID for the user account
  -U, --unlock                  unlock the user account
"""
USERDEL = """\
Usage: userdel [options] LOGIN

Options:
  -f, --force                   also somebody who is logged in
  -h, --help                    display this help message and exit
  -r, --remove                  remove home directory
"""
GROUPADD = """\
Usage: groupadd [options] GROUP

Options:
  -f, --force                   exit successfully if the group exists
  -g, --gid GID                 use GID for the new group
  -h, --help                    display this help message and exit
  -o, --non-unique              allow to create groups with duplicate GID
  -r, --system                  create a system account
  -U, --users USERS             list of user members of this group
"""
GROUPMOD = """\
Usage: groupmod [options] GROUP

Options:
  -g, --gid GID                 change the group ID to GID
  -h, --help                    display this help message and exit
  -n, --new-name NEW_GROUP      change the name to NEW_GROUP
  -o, --non-unique              allow to use a duplicate GID
"""
GROUPDEL = """\
Usage: groupdel [options] GROUP

Options:
  -h, --help                    display this help message and exit
"""
GPASSWD = """\
Usage: gpasswd [option] GROUP

Options:
  -a, --add USER                add USER to GROUP
  -d, --delete USER             remove USER from GROUP
  -M, --members USER,...        set the list of members of GROUP
  -h, --help                    display this help message and exit
"""


async def _arguments(tool: Tool, usage: str, short: str, long: tuple[str, ...]) -> bytes:
    """Read the options; the one operand. Failure for help, bad usage and missing rights."""
    try:
        tool.options = parse(tool.argv[1:], short + "h", (*long, "help=h"))
    except UsageError as err:
        await complain(tool.sys, tool.name + b": " + str(err).encode("latin-1"))
        await complain(tool.sys, usage.encode())
        raise Failure(b"", _USAGE) from None
    if "h" in tool.options:
        tool.out.put(usage.encode() + b"\n")
        raise Failure(b"", 0)
    if len(tool.operands) != 1:
        await complain(tool.sys, usage.encode())
        raise Failure(b"", _USAGE)
    return tool.operands[0]


async def _open(tool: Tool) -> tuple[list[Row], list[Row], list[Row]]:
    """(passwd, shadow, group)."""
    if await tool.sys.geteuid() != 0:
        await complain(tool.sys, tool.name + b": Permission denied.")
        text = tool.name + b": cannot lock " + PASSWD + b"; try again later."
        await complain(tool.sys, text)
        raise Failure(b"", 1)
    sys = tool.sys
    return (
        await accounts.rows(sys, PASSWD), await accounts.rows(sys, SHADOW),
        await accounts.rows(sys, GROUP),
    )  # fmt: skip


async def _save(sys: Sys, passwd: list[Row], shadow: list[Row], group: list[Row]) -> None:
    await accounts.write(sys, PASSWD, passwd)
    await accounts.write(sys, SHADOW, shadow)
    await accounts.write(sys, GROUP, group)


def _text(tool: Tool, flag: str) -> bytes | None:
    value = tool.options.last(flag)
    if value is not None and (b":" in value or b"\n" in value):
        raise Failure(b"invalid field '" + value + b"'", _BAD_ARGUMENT)
    return value


def _id(tool: Tool, flag: str, what: bytes) -> int | None:
    value = tool.options.last(flag)
    if value is None:
        return None
    if not value.isdigit() or len(value) > 10 or int(value) >= (1 << 32) - 1:
        raise Failure(b"invalid " + what + b" '" + value + b"'", _BAD_ARGUMENT)
    return int(value)


def _supplementary(tool: Tool, group: list[Row]) -> list[Row] | None:
    """The rows that -G names; None without -G."""
    text = tool.options.last("G")
    if text is None:
        return None
    found = []
    for name in (part for part in text.split(b",") if part):
        row = accounts.resolve_group(group, name)
        if row is None:
            raise Failure(b"group '" + name + b"' does not exist", _NOT_FOUND)
        found.append(row)
    return found


# -- users -------------------------------------------------------------------------------------

_USER_LONG = (
    "comment:=c", "gid:=g", "groups:=G", "non-unique=o", "password:=p", "shell:=s", "uid:=u",
)  # fmt: skip


@program(USERADD)
async def useradd(tool: Tool) -> int:
    """useradd(8)."""
    sys = tool.sys
    long = (*_USER_LONG, "home-dir:=d", "create-home=m", "no-create-home=M", "no-user-group=N",
            "system=r", "badname", "user-group=U", "base-dir:=b")  # fmt: skip
    name = await _arguments(tool, USERADD, "c:d:g:G:mMNop:rs:u:Ub:", long)
    passwd, shadow, group = await _open(tool)
    if not accounts.valid_name(name) and ("badname" not in tool.options or b":" in name):
        raise Failure(b"invalid user name '" + name + b"': use --badname to ignore", _BAD_ARGUMENT)
    if accounts.find(passwd, name):
        raise Failure(b"user '" + name + b"' already exists", _NAME_IN_USE)
    extra = _supplementary(tool, group)
    uid = _id(tool, "u", b"user ID")
    if uid is None:
        uid = accounts.free_id(passwd, system="r" in tool.options)
        if uid < 0:
            raise Failure(b"can't get unique UID (no more available UIDs)", _ID_IN_USE)
    elif "o" not in tool.options and any(row[2] == b"%d" % uid for row in passwd):
        raise Failure(b"UID %d is not unique" % uid, _ID_IN_USE)
    gid = _primary(tool, group, name, uid)
    home = _text(tool, "d") or (tool.options.last("b") or b"/home") + b"/" + name
    shell = _text(tool, "s") or b"/bin/sh"
    passwd.append([name, b"x", b"%d" % uid, b"%d" % gid, _text(tool, "c") or b"", home, shell])
    system = "r" in tool.options
    limits = [b"", b"", b""] if system else [b"0", b"99999", b"7"]
    secret = _text(tool, "p") or b"!"
    shadow.append([name, secret, await accounts.today(sys), *limits, b"", b"", b""])
    for row in extra or ():
        accounts.set_members(row, [*accounts.members(row), name])
    await _save(sys, passwd, shadow, group)
    if "m" in tool.options:
        await _make_home(tool, home, uid, gid)
    return 0


def _primary(tool: Tool, group: list[Row], name: bytes, uid: int) -> int:
    """The gid of a new account; its own group is made unless -g or -N says otherwise."""
    given = tool.options.last("g")
    if given is not None:
        row = accounts.resolve_group(group, given)
        if row is None:
            raise Failure(b"group '" + given + b"' does not exist", _NOT_FOUND)
        return int(row[2])
    if "N" in tool.options:
        return 100
    if accounts.find(group, name):
        raise Failure(
            b"group " + name + b" exists - if you want to add this user to that group, use -g.",
            _NAME_IN_USE,
        )
    taken = {row[2] for row in group}
    number = b"%d" % uid
    gid = uid if number not in taken else accounts.free_id(group, system="r" in tool.options)
    group.append([name, b"x", b"%d" % gid, b""])
    return gid


async def _make_home(tool: Tool, home: bytes, uid: int, gid: int) -> None:
    try:
        await tool.sys.mkdir(home, 0o755)
        await tool.sys.chown(home, uid, gid)
    except OSError as err:
        if err.errno == Errno.EEXIST:
            text = b"useradd: warning: the home directory " + home + b" already exists."
            await complain(tool.sys, text)
            await complain(tool.sys, b"useradd: Not copying any file from skel directory into it.")
            return
        raise Failure(b"cannot create directory " + home, 12) from None


@program(USERMOD)
async def usermod(tool: Tool) -> int:
    """usermod(8)."""
    sys = tool.sys
    long = (*_USER_LONG, "append=a", "home:=d", "login:=l", "lock=L", "move-home=m", "remove=r",
            "unlock=U")  # fmt: skip
    name = await _arguments(tool, USERMOD, "ac:d:g:G:l:Lmop:rs:u:U", long)
    passwd, shadow, group = await _open(tool)
    row = accounts.find(passwd, name)
    if row is None:
        raise Failure(b"user '" + name + b"' does not exist", _NOT_FOUND)
    if not tool.options.flags:
        await complain(sys, b"usermod: no options")
        await complain(sys, USERMOD.encode())
        return _USAGE
    secret = accounts.find(shadow, name) or [name, b"!", b"", b"", b"", b"", b"", b"", b""]
    if secret not in shadow:
        shadow.append(secret)
    await _change_fields(tool, passwd, row, group)
    await _change_secret(tool, secret)
    _change_groups(tool, name, group)
    new = _text(tool, "l")
    if new is not None and new != name:
        if accounts.find(passwd, new):
            raise Failure(b"user '" + new + b"' already exists", _NAME_IN_USE)
        row[0] = secret[0] = new
        for each in group:
            accounts.set_members(each, [new if m == name else m for m in accounts.members(each)])
    old_home = row[5]
    home = _text(tool, "d")
    row[5] = home if home is not None else old_home
    await _save(sys, passwd, shadow, group)
    if home is not None and "m" in tool.options and home != old_home:
        try:
            await sys.rename(old_home, home)
        except OSError as err:
            raise Failure(b"cannot rename directory " + old_home + b": " + why(err), 12) from None
    return 0


async def _change_fields(tool: Tool, passwd: list[Row], row: Row, group: list[Row]) -> None:
    uid = _id(tool, "u", b"user ID")
    if uid is not None:
        number = b"%d" % uid
        if "o" not in tool.options and any(r[2] == number for r in passwd if r is not row):
            raise Failure(b"UID '%d' already exists" % uid, _ID_IN_USE)
        if await _busy(tool, row):
            raise Failure(b"", 8)
        row[2] = number
    given = tool.options.last("g")
    if given is not None:
        found = accounts.resolve_group(group, given)
        if found is None:
            raise Failure(b"group '" + given + b"' does not exist", _NOT_FOUND)
        row[3] = found[2]
    comment, shell = _text(tool, "c"), _text(tool, "s")
    row[4] = comment if comment is not None else row[4]
    row[6] = shell if shell is not None else row[6]


async def _change_secret(tool: Tool, secret: Row) -> None:
    password = _text(tool, "p")
    if password is not None:
        secret[1] = password
        secret[2] = await accounts.today(tool.sys)
    if "L" in tool.options and not secret[1].startswith(b"!"):
        secret[1] = b"!" + secret[1]
    if "U" in tool.options and secret[1].startswith(b"!"):
        if secret[1] == b"!":
            await complain(
                tool.sys,
                b"usermod: unlocking the user's password would result in a passwordless account.\n"
                b"You should set a password with usermod -p to unlock this user's password.",
            )
        else:
            secret[1] = secret[1][1:]


def _change_groups(tool: Tool, name: bytes, group: list[Row]) -> None:
    chosen = _supplementary(tool, group)
    if chosen is None:
        return
    for row in group:
        own = accounts.members(row)
        if row in chosen:
            gone = "r" in tool.options
            accounts.set_members(row, [m for m in own if m != name] if gone else [*own, name])
        elif "a" not in tool.options and "r" not in tool.options:
            accounts.set_members(row, [m for m in own if m != name])


async def _busy(tool: Tool, row: Row) -> bool:
    """Whether the user has a process; says so."""
    for process in await processes(tool.sys):
        if b"%d" % process.ruid == row[2]:
            text = b": user " + row[0] + b" is currently used by process %d" % process.pid
            await complain(tool.sys, tool.name + text)
            return True
    return False


@program(USERDEL)
async def userdel(tool: Tool) -> int:
    """userdel(8)."""
    sys = tool.sys
    name = await _arguments(tool, USERDEL, "fr", ("force=f", "remove=r"))
    passwd, shadow, group = await _open(tool)
    row = accounts.find(passwd, name)
    if row is None:
        raise Failure(b"user '" + name + b"' does not exist", _NOT_FOUND)
    if "f" not in tool.options and await _busy(tool, row):
        return 8
    passwd.remove(row)
    shadow = [each for each in shadow if each[0] != name]
    for each in group:
        accounts.set_members(each, [m for m in accounts.members(each) if m != name])
    own = accounts.find(group, name)
    if own is not None and own[2] == row[3] and not own[3]:
        if any(other[3] == own[2] for other in passwd):
            text = b" not removed because it is the primary group of another user."
            await complain(sys, b"userdel: group " + name + text)
        else:
            group.remove(own)
    await _save(sys, passwd, shadow, group)
    if "r" in tool.options:
        await complain(
            sys, b"userdel: " + name + b" mail spool (/var/mail/" + name + b") not found"
        )
        if not await _remove_tree(sys, row[5]):
            text = b"userdel: " + name + b" home directory (" + row[5] + b") not found"
            await complain(sys, text)
    return 0


async def _remove_tree(sys: Sys, path: bytes) -> bool:
    """Remove a directory and all below it; whether there was one."""
    try:
        stat = await sys.lstat(path)
    except OSError:
        return False
    if stat.mode & 0o170000 == 0o040000:
        for name in await listing(sys, path):
            await _remove_tree(sys, path + b"/" + name)
        await sys.rmdir(path)
    else:
        await sys.unlink(path)
    return True


# -- groups ------------------------------------------------------------------------------------


@program(GROUPADD)
async def groupadd(tool: Tool) -> int:
    """groupadd(8)."""
    long = ("force=f", "gid:=g", "non-unique=o", "system=r", "users:=U")
    name = await _arguments(tool, GROUPADD, "fg:orU:", long)
    passwd, shadow, group = await _open(tool)
    if not accounts.valid_name(name):
        raise Failure(b"'" + name + b"' is not a valid group name", _BAD_ARGUMENT)
    if accounts.find(group, name):
        if "f" in tool.options:
            return 0
        raise Failure(b"group '" + name + b"' already exists", _NAME_IN_USE)
    gid = _id(tool, "g", b"group ID")
    if gid is None:
        gid = accounts.free_id(group, system="r" in tool.options)
    elif "o" not in tool.options and any(row[2] == b"%d" % gid for row in group):
        if "f" not in tool.options:
            raise Failure(b"GID '%d' already exists" % gid, _ID_IN_USE)
        gid = accounts.free_id(group, system="r" in tool.options)
    names = [part for part in (tool.options.last("U") or b"").split(b",") if part]
    for user in names:
        if not accounts.find(passwd, user):
            raise Failure(b"Invalid member username " + user, _NOT_FOUND)
    group.append([name, b"x", b"%d" % gid, b",".join(names)])
    await _save(tool.sys, passwd, shadow, group)
    return 0


@program(GROUPMOD)
async def groupmod(tool: Tool) -> int:
    """groupmod(8)."""
    name = await _arguments(tool, GROUPMOD, "g:n:o", ("gid:=g", "new-name:=n", "non-unique=o"))
    passwd, shadow, group = await _open(tool)
    row = accounts.find(group, name)
    if row is None:
        raise Failure(b"group '" + name + b"' does not exist", _NOT_FOUND)
    gid = _id(tool, "g", b"group ID")
    if gid is not None:
        if "o" not in tool.options and any(r[2] == b"%d" % gid for r in group if r is not row):
            raise Failure(b"GID '%d' already exists" % gid, _ID_IN_USE)
        for user in passwd:
            if user[3] == row[2]:
                user[3] = b"%d" % gid
        row[2] = b"%d" % gid
    new = tool.options.last("n")
    if new is not None and new != name:
        if not accounts.valid_name(new):
            raise Failure(b"invalid group name '" + new + b"'", _BAD_ARGUMENT)
        if accounts.find(group, new):
            raise Failure(b"group '" + new + b"' already exists", _NAME_IN_USE)
        row[0] = new
    await _save(tool.sys, passwd, shadow, group)
    return 0


@program(GROUPDEL)
async def groupdel(tool: Tool) -> int:
    """groupdel(8)."""
    name = await _arguments(tool, GROUPDEL, "", ())
    passwd, shadow, group = await _open(tool)
    row = accounts.find(group, name)
    if row is None:
        raise Failure(b"group '" + name + b"' does not exist", _NOT_FOUND)
    for user in passwd:
        if user[3] == row[2]:
            raise Failure(b"cannot remove the primary group of user '" + user[0] + b"'", 8)
    group.remove(row)
    await _save(tool.sys, passwd, shadow, group)
    return 0


@program(GPASSWD)
async def gpasswd(tool: Tool) -> int:
    """gpasswd(1), for root."""
    name = await _arguments(tool, GPASSWD, "a:d:M:", ("add:=a", "delete:=d", "members:=M"))
    passwd, shadow, group = await _open(tool)
    row = accounts.find(group, name)
    if row is None:
        raise Failure(b"group '" + name + b"' does not exist in /etc/group", _BAD_ARGUMENT)
    listed = tool.options.last("M")
    users_ = [part for part in (listed or b"").split(b",") if part]
    for flag in ("a", "d"):
        users_ += tool.options.every(flag)
    for user in users_:
        if not accounts.find(passwd, user):
            raise Failure(b"user '" + user + b"' does not exist", _BAD_ARGUMENT)
    own = accounts.members(row)
    if listed is not None:
        own = users_
    elif (user_ := tool.options.last("a")) is not None:
        await tool.line(b"Adding user " + user_ + b" to group " + name)
        own = [*own, user_]
    elif (user_ := tool.options.last("d")) is not None:
        await tool.line(b"Removing user " + user_ + b" from group " + name)
        if user_ not in own:
            text = b"user '" + user_ + b"' is not a member of '" + name + b"'"
            raise Failure(text, _BAD_ARGUMENT)
        own = [member for member in own if member != user_]
    else:
        await complain(tool.sys, GPASSWD.encode())
        return _USAGE
    accounts.set_members(row, own)
    await _save(tool.sys, passwd, shadow, group)
    return 0


@program("Usage: chpasswd [options]\nReads NAME:PASSWORD lines and sets the passwords.", "e")
async def chpasswd(tool: Tool) -> int:
    """chpasswd(8); with -e the passwords are encrypted already."""
    passwd, shadow, group = await _open(tool)
    reader = Reader(tool.sys, 0)
    number = 0
    bad = False
    while line := await reader.line():
        number += 1
        name, colon, secret = line.rstrip(b"\n").partition(b":")
        row = accounts.find(shadow, name)
        if not colon:
            await complain(tool.sys, b"chpasswd: line %d: missing new password" % number)
            bad = True
        elif row is None:
            text = b"chpasswd: line %d: user '%b' does not exist" % (number, name)
            await complain(tool.sys, text)
            bad = True
        else:
            if "e" not in tool.options:
                salt = (await tool.sys.getrandom(6)).hex().encode()
                secret = users.crypt(secret, salt)
            row[1], row[2] = secret, await accounts.today(tool.sys)
    if bad:
        await complain(tool.sys, b"chpasswd: error detected, changes ignored")
        return 1
    await _save(tool.sys, passwd, shadow, group)
    return 0


# -- newgrp, nologin ---------------------------------------------------------------------------


@program("Usage: newgrp [-] [group]\nA shell with another primary group.")
async def newgrp(tool: Tool) -> int:
    """newgrp(1)."""
    sys = tool.sys
    operands = tool.argv[1:]
    login = operands[:1] in ([b"-"], [b"-l"])
    operands = operands[1:] if login else operands
    account = await users.by_uid(sys, await sys.getuid())
    if account is None:
        raise Failure(b"user does not exist in the passwd file")
    gid = account.gid
    held = await sys.getgroups()
    if operands:
        wanted = operands[0]
        row = accounts.resolve_group(await accounts.rows(sys, GROUP), wanted)
        if row is None:
            raise Failure(b"group '" + wanted + b"' does not exist")
        gid = int(row[2])
        if (
            gid not in (*held, account.gid)
            and account.name not in accounts.members(row)
            and await sys.getuid() != 0
        ):
            if row[1] in (b"", b"x", b"!", b"*"):
                await ask_secret(sys, b"Password: ", 0, 2)
                raise Failure(b"failed to crypt password with previous salt: Invalid argument")
            raise Failure(b"Permission denied")
    if gid not in held:
        await sys.setgroups((*held, gid))
    await sys.setgid(gid)
    await sys.setuid(await sys.getuid())
    shell = account.shell or b"/bin/sh"
    base = shell.rpartition(b"/")[2]
    try:
        await sys.execve(shell, [b"-" + base if login else base], tool.env)
    except OSError as err:
        raise Failure(shell + b": " + why(err), 127) from None
    return 127


@program("Usage: nologin\nSays that the account is not available.")
async def nologin(tool: Tool) -> int:
    """nologin(8): whatever it is called with, it says no."""
    await tool.line(b"This account is currently not available.")
    return 1
