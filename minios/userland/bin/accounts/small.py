"""chpasswd, newgrp and nologin (shadow 4.13)."""

from minios.userland.bin.accounts.common import (
    open_files,
    save,
)
from minios.userland.lib import accounts, users
from minios.userland.lib.accounts import GROUP
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Reader, complain, why
from minios.userland.lib.terminal import ask_secret


@program("Usage: chpasswd [options]\nReads NAME:PASSWORD lines and sets the passwords.", "e")
async def chpasswd(tool: Tool) -> int:
    """chpasswd(8); with -e the passwords are encrypted already."""
    passwd, shadow, group = await open_files(tool)
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
    await save(tool.sys, passwd, shadow, group)
    return 0


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
