"""ssh-keygen: make and look at keys (OpenSSH 9.2)."""

from __future__ import annotations

from minios.abi.errno import Errno
from minios.abi.sys import Sys
from minios.net.wire.malformed import Malformed
from minios.net.wire.ssh import HOST_KEY
from minios.userland.lib import users
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.ssh import ed25519, keys
from minios.userland.lib.ssh.connection import blob
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.terminal import read_line

USAGE = b"""\
usage: ssh-keygen [-q] [-t ed25519] [-f output_keyfile] [-C comment] [-N new_passphrase]
       ssh-keygen -y [-f input_keyfile]
       ssh-keygen -l [-f input_keyfile]
       ssh-keygen -F hostname [-f known_hosts_file] [-l]
       ssh-keygen -R hostname [-f known_hosts_file]
       ssh-keygen -A
"""


@program("")
async def ssh_keygen(tool: Tool) -> int:
    """ssh-keygen(1)."""
    sys = tool.sys
    if tool.argv[1:2] == [b"--help"]:
        await write_all(sys, 1, USAGE)
        return 0
    try:
        options = parse(tool.argv[1:], "qt:f:C:N:P:b:ylAF:R:v")
    except UsageError as err:
        text = str(err).replace("invalid option", "unknown option").replace("'", "")
        await complain(sys, text.encode("latin-1"))
        await write_all(sys, 2, USAGE)
        return 1
    account = await users.by_uid(sys, await sys.getuid())
    home = account.home if account is not None else b"/"
    path = options.last("f")
    try:
        if "A" in options:
            return await _host_keys(sys)
        for flag, act in (("R", _remove), ("F", _find)):
            name = options.last(flag)
            if name is not None:
                return await act(tool, name, path or home + b"/.ssh/known_hosts")
        path = path or (None if "l" not in options and "y" not in options else b"")
        default = home + b"/.ssh/id_ed25519"
        if "y" in options:
            return await _public(tool, path or default)
        if "l" in options:
            return await _fingerprint(tool, path or default)
    except Malformed as err:
        raise Failure(b'Load key "' + (path or b"") + b'": ' + str(err).encode()) from None
    kind = options.last("t") or b"ed25519"
    if kind != b"ed25519":
        await complain(sys, b"unknown key type " + kind)
        return 1
    name = account.name if account is not None else b"?"
    comment = options.last("C") or name + b"@" + (await sys.uname()).nodename
    if options.last("N"):
        await complain(sys, b"passphrases are not there: leave it empty (-N '')")
        return 1
    return await _generate(tool, path, default, comment, quiet="q" in options)


async def _host_keys(sys: Sys) -> int:
    path = b"/etc/ssh/ssh_host_ed25519_key"
    try:
        await sys.stat(path)
    except OSError:
        await write_all(sys, 1, b"ssh-keygen: generating new host keys: ED25519 \n")
        await keys.generate(sys, path, b"root@" + (await sys.uname()).nodename)
    return 0


async def _generate(
    tool: Tool, path: bytes | None, default: bytes, comment: bytes, *, quiet: bool
) -> int:
    sys = tool.sys
    if not quiet:
        await tool.line(b"Generating public/private ed25519 key pair.")
    if path is None:
        await tool.out.flush()
        await write_all(sys, 1, b"Enter file in which to save the key (" + default + b"): ")
        path = (await read_line(sys, 0) or b"").strip() or default
    folder = path.rpartition(b"/")[0]
    if folder and path == default:
        try:
            await sys.mkdir(folder, 0o700)
            if not quiet:
                await tool.line(b"Created directory '" + folder + b"'.")
        except OSError as err:
            if err.errno != Errno.EEXIST:
                raise Failure(
                    b'Could not create directory "' + folder + b'": ' + why(err)
                ) from None
    try:
        await sys.stat(path)
    except OSError:
        pass
    else:
        await tool.out.flush()
        await write_all(sys, 1, path + b" already exists.\nOverwrite (y/n)? ")
        if (await read_line(sys, 0) or b"")[:1].lower() != b"y":
            return 1
    try:
        secret = await keys.generate(sys, path, comment)
    except OSError as err:
        raise Failure(b'Saving key "' + path + b'" failed: ' + why(err)) from None
    if not quiet:
        key = blob(ed25519.public_key(secret))
        await tool.line(b"Your identification has been saved in " + path)
        await tool.line(b"Your public key has been saved in " + path + b".pub")
        await tool.line(b"The key fingerprint is:")
        await tool.line(keys.fingerprint(key) + b" " + comment)
    return 0


async def _public(tool: Tool, path: bytes) -> int:
    """-y: the public key of a private one."""
    try:
        secret = await keys.load(tool.sys, path)
    except OSError as err:
        raise Failure(b'Load key "' + path + b'": ' + why(err), 255) from None
    await tool.line(keys.public_text(blob(ed25519.public_key(secret))))
    return 0


async def _fingerprint(tool: Tool, path: bytes) -> int:
    """-l: the fingerprints of the keys in a file, public or private."""
    try:
        text = await read_file(tool.sys, path, 1 << 20)
        if b"PRIVATE KEY" in text:
            key = blob(ed25519.public_key(keys.parse_private(text)))
            text = keys.public_text(key, b"no comment")
    except OSError as err:
        raise Failure(path + b": " + why(err), 255) from None
    shown = 0
    for line in text.split(b"\n"):
        words = line.split()
        if HOST_KEY not in words[:-1]:
            continue
        at = words.index(HOST_KEY)
        single = keys.key_of(words[at + 1])
        if single is not None:
            comment = b" ".join(words[at + 2 :]) or b"no comment"
            if at:
                comment = words[0]
            await tool.line(b"256 " + keys.fingerprint(single) + b" " + comment + b" (ED25519)")
            shown += 1
    if not shown:
        raise Failure(path + b" is not a public key file.", 255)
    return 0


async def _find(tool: Tool, name: bytes, path: bytes) -> int:
    """-F: what known_hosts has of a host."""
    text = await _known(tool.sys, path)
    found = keys.known(text, name)
    for number, key in found:
        await tool.line(b"# Host %b found: line %d " % (name, number))
        if "l" in tool.options:
            await tool.line(name + b" ED25519 " + keys.fingerprint(key))
        else:
            await tool.line(text.split(b"\n")[number - 1])
    return 0 if found else 1


async def _remove(tool: Tool, name: bytes, path: bytes) -> int:
    """-R: forget a host."""
    sys = tool.sys
    text = await _known(sys, path)
    gone = {number for number, _ in keys.known(text, name)}
    if not gone:
        await complain(sys, b"Host " + name + b" not found in " + path)
        return 0
    for number in sorted(gone):
        await tool.line(b"# Host %b found: line %d" % (name, number))
    lines = text.split(b"\n")
    kept = [line for number, line in enumerate(lines, 1) if number not in gone]
    await keys.write(sys, path + b".old", text, 0o600)
    await keys.write(sys, path, b"\n".join(kept), 0o600)
    await tool.line(path + b" updated.")
    await tool.line(b"Original contents retained as " + path + b".old")
    return 0


async def _known(sys: Sys, path: bytes) -> bytes:
    try:
        return await read_file(sys, path, 1 << 20)
    except OSError as err:
        raise Failure(b"Cannot stat " + path + b": " + why(err), 255) from None
