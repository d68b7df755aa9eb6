"""useradd, usermod and userdel (shadow 4.13)."""

from minios.abi.errno import Errno
from minios.abi.sys import Sys
from minios.userland.bin.accounts.common import (
    BAD_ARGUMENT,
    ID_IN_USE,
    NAME_IN_USE,
    NOT_FOUND,
    USAGE,
    arguments,
    id_of,
    open_files,
    save,
    text_of,
)
from minios.userland.lib import accounts
from minios.userland.lib.accounts import Row
from minios.userland.lib.proc import processes
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why
from minios.userland.lib.units.find import listing

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


def _supplementary(tool: Tool, group: list[Row]) -> list[Row] | None:
    """The rows that -G names; None without -G."""
    text = tool.options.last("G")
    if text is None:
        return None
    found = []
    for name in (part for part in text.split(b",") if part):
        row = accounts.resolve_group(group, name)
        if row is None:
            raise Failure(b"group '" + name + b"' does not exist", NOT_FOUND)
        found.append(row)
    return found


_USER_LONG = (
    "comment:=c", "gid:=g", "groups:=G", "non-unique=o", "password:=p", "shell:=s", "uid:=u",
)  # fmt: skip


@program(USERADD)
async def useradd(tool: Tool) -> int:
    """useradd(8)."""
    sys = tool.sys
    long = (*_USER_LONG, "home-dir:=d", "create-home=m", "no-create-home=M", "no-user-group=N",
            "system=r", "badname", "user-group=U", "base-dir:=b")  # fmt: skip
    name = await arguments(tool, USERADD, "c:d:g:G:mMNop:rs:u:Ub:", long)
    passwd, shadow, group = await open_files(tool)
    if not accounts.valid_name(name) and ("badname" not in tool.options or b":" in name):
        raise Failure(b"invalid user name '" + name + b"': use --badname to ignore", BAD_ARGUMENT)
    if accounts.find(passwd, name):
        raise Failure(b"user '" + name + b"' already exists", NAME_IN_USE)
    extra = _supplementary(tool, group)
    uid = id_of(tool, "u", b"user ID")
    if uid is None:
        uid = accounts.free_id(passwd, system="r" in tool.options)
        if uid < 0:
            raise Failure(b"can't get unique UID (no more available UIDs)", ID_IN_USE)
    elif "o" not in tool.options and any(row[2] == b"%d" % uid for row in passwd):
        raise Failure(b"UID %d is not unique" % uid, ID_IN_USE)
    gid = _primary(tool, group, name, uid)
    home = text_of(tool, "d") or (tool.options.last("b") or b"/home") + b"/" + name
    shell = text_of(tool, "s") or b"/bin/sh"
    passwd.append([name, b"x", b"%d" % uid, b"%d" % gid, text_of(tool, "c") or b"", home, shell])
    system = "r" in tool.options
    limits = [b"", b"", b""] if system else [b"0", b"99999", b"7"]
    secret = text_of(tool, "p") or b"!"
    shadow.append([name, secret, await accounts.today(sys), *limits, b"", b"", b""])
    for row in extra or ():
        accounts.set_members(row, [*accounts.members(row), name])
    await save(sys, passwd, shadow, group)
    if "m" in tool.options:
        await _make_home(tool, home, uid, gid)
    return 0


def _primary(tool: Tool, group: list[Row], name: bytes, uid: int) -> int:
    """The gid of a new account; its own group is made unless -g or -N says otherwise."""
    given = tool.options.last("g")
    if given is not None:
        row = accounts.resolve_group(group, given)
        if row is None:
            raise Failure(b"group '" + given + b"' does not exist", NOT_FOUND)
        return int(row[2])
    if "N" in tool.options:
        return 100
    if accounts.find(group, name):
        raise Failure(
            b"group " + name + b" exists - if you want to add this user to that group, use -g.",
            NAME_IN_USE,
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
    name = await arguments(tool, USERMOD, "ac:d:g:G:l:Lmop:rs:u:U", long)
    passwd, shadow, group = await open_files(tool)
    row = accounts.find(passwd, name)
    if row is None:
        raise Failure(b"user '" + name + b"' does not exist", NOT_FOUND)
    if not tool.options.flags:
        await complain(sys, b"usermod: no options")
        await complain(sys, USERMOD.encode())
        return USAGE
    secret = accounts.find(shadow, name) or [name, b"!", b"", b"", b"", b"", b"", b"", b""]
    if secret not in shadow:
        shadow.append(secret)
    await _change_fields(tool, passwd, row, group)
    await _change_secret(tool, secret)
    _change_groups(tool, name, group)
    new = text_of(tool, "l")
    if new is not None and new != name:
        if accounts.find(passwd, new):
            raise Failure(b"user '" + new + b"' already exists", NAME_IN_USE)
        row[0] = secret[0] = new
        for each in group:
            accounts.set_members(each, [new if m == name else m for m in accounts.members(each)])
    old_home = row[5]
    home = text_of(tool, "d")
    row[5] = home if home is not None else old_home
    await save(sys, passwd, shadow, group)
    if home is not None and "m" in tool.options and home != old_home:
        try:
            await sys.rename(old_home, home)
        except OSError as err:
            raise Failure(b"cannot rename directory " + old_home + b": " + why(err), 12) from None
    return 0


async def _change_fields(tool: Tool, passwd: list[Row], row: Row, group: list[Row]) -> None:
    uid = id_of(tool, "u", b"user ID")
    if uid is not None:
        number = b"%d" % uid
        if "o" not in tool.options and any(r[2] == number for r in passwd if r is not row):
            raise Failure(b"UID '%d' already exists" % uid, ID_IN_USE)
        if await _busy(tool, row):
            raise Failure(b"", 8)
        row[2] = number
    given = tool.options.last("g")
    if given is not None:
        found = accounts.resolve_group(group, given)
        if found is None:
            raise Failure(b"group '" + given + b"' does not exist", NOT_FOUND)
        row[3] = found[2]
    comment, shell = text_of(tool, "c"), text_of(tool, "s")
    row[4] = comment if comment is not None else row[4]
    row[6] = shell if shell is not None else row[6]


async def _change_secret(tool: Tool, secret: Row) -> None:
    password = text_of(tool, "p")
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
    name = await arguments(tool, USERDEL, "fr", ("force=f", "remove=r"))
    passwd, shadow, group = await open_files(tool)
    row = accounts.find(passwd, name)
    if row is None:
        raise Failure(b"user '" + name + b"' does not exist", NOT_FOUND)
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
    await save(sys, passwd, shadow, group)
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
