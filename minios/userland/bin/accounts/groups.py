"""groupadd, groupmod, groupdel and gpasswd (shadow 4.13)."""

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
)
from minios.userland.lib import accounts
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain

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


@program(GROUPADD)
async def groupadd(tool: Tool) -> int:
    """groupadd(8)."""
    long = ("force=f", "gid:=g", "non-unique=o", "system=r", "users:=U")
    name = await arguments(tool, GROUPADD, "fg:orU:", long)
    passwd, shadow, group = await open_files(tool)
    if not accounts.valid_name(name):
        raise Failure(b"'" + name + b"' is not a valid group name", BAD_ARGUMENT)
    if accounts.find(group, name):
        if "f" in tool.options:
            return 0
        raise Failure(b"group '" + name + b"' already exists", NAME_IN_USE)
    gid = id_of(tool, "g", b"group ID")
    if gid is None:
        gid = accounts.free_id(group, system="r" in tool.options)
    elif "o" not in tool.options and any(row[2] == b"%d" % gid for row in group):
        if "f" not in tool.options:
            raise Failure(b"GID '%d' already exists" % gid, ID_IN_USE)
        gid = accounts.free_id(group, system="r" in tool.options)
    names = [part for part in (tool.options.last("U") or b"").split(b",") if part]
    for user in names:
        if not accounts.find(passwd, user):
            raise Failure(b"Invalid member username " + user, NOT_FOUND)
    group.append([name, b"x", b"%d" % gid, b",".join(names)])
    await save(tool.sys, passwd, shadow, group)
    return 0


@program(GROUPMOD)
async def groupmod(tool: Tool) -> int:
    """groupmod(8)."""
    name = await arguments(tool, GROUPMOD, "g:n:o", ("gid:=g", "new-name:=n", "non-unique=o"))
    passwd, shadow, group = await open_files(tool)
    row = accounts.find(group, name)
    if row is None:
        raise Failure(b"group '" + name + b"' does not exist", NOT_FOUND)
    gid = id_of(tool, "g", b"group ID")
    if gid is not None:
        if "o" not in tool.options and any(r[2] == b"%d" % gid for r in group if r is not row):
            raise Failure(b"GID '%d' already exists" % gid, ID_IN_USE)
        for user in passwd:
            if user[3] == row[2]:
                user[3] = b"%d" % gid
        row[2] = b"%d" % gid
    new = tool.options.last("n")
    if new is not None and new != name:
        if not accounts.valid_name(new):
            raise Failure(b"invalid group name '" + new + b"'", BAD_ARGUMENT)
        if accounts.find(group, new):
            raise Failure(b"group '" + new + b"' already exists", NAME_IN_USE)
        row[0] = new
    await save(tool.sys, passwd, shadow, group)
    return 0


@program(GROUPDEL)
async def groupdel(tool: Tool) -> int:
    """groupdel(8)."""
    name = await arguments(tool, GROUPDEL, "", ())
    passwd, shadow, group = await open_files(tool)
    row = accounts.find(group, name)
    if row is None:
        raise Failure(b"group '" + name + b"' does not exist", NOT_FOUND)
    for user in passwd:
        if user[3] == row[2]:
            raise Failure(b"cannot remove the primary group of user '" + user[0] + b"'", 8)
    group.remove(row)
    await save(tool.sys, passwd, shadow, group)
    return 0


@program(GPASSWD)
async def gpasswd(tool: Tool) -> int:
    """gpasswd(1), for root."""
    name = await arguments(tool, GPASSWD, "a:d:M:", ("add:=a", "delete:=d", "members:=M"))
    passwd, shadow, group = await open_files(tool)
    row = accounts.find(group, name)
    if row is None:
        raise Failure(b"group '" + name + b"' does not exist in /etc/group", BAD_ARGUMENT)
    listed = tool.options.last("M")
    users_ = [part for part in (listed or b"").split(b",") if part]
    for flag in ("a", "d"):
        users_ += tool.options.every(flag)
    for user in users_:
        if not accounts.find(passwd, user):
            raise Failure(b"user '" + user + b"' does not exist", BAD_ARGUMENT)
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
            raise Failure(text, BAD_ARGUMENT)
        own = [member for member in own if member != user_]
    else:
        await complain(tool.sys, GPASSWD.encode())
        return USAGE
    accounts.set_members(row, own)
    await save(tool.sys, passwd, shadow, group)
    return 0
