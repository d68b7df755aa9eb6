"""Is this the host it says it is? known_hosts, and the question on the first visit (ssh(1))."""

from __future__ import annotations

from minios.abi.inet import ip_text
from minios.abi.sys import Sys
from minios.userland.bin.ssh.options import Options
from minios.userland.lib.ssh import keys
from minios.userland.lib.ssh.connection import Lost
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.terminal import read_line

_ALARM = b"""\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the ED25519 key sent by the remote host is
%b.
Please contact your system administrator.
Add correct host key in %b to get rid of this message.
Offending ED25519 key in %b:%d
  remove with:
  ssh-keygen -f "%b" -R "%b"
Host key for %b has changed and you have requested strict checking.
Host key verification failed."""


async def check(sys: Sys, options: Options, ip: int, key: bytes, home: bytes) -> None:
    """Let a known key pass, ask about an unknown one. Lost when it is not to be trusted."""
    path = options.known or home + b"/.ssh/known_hosts"
    if path.startswith(b"~/"):
        path = home + path[1:]
    host = options.host.encode("latin-1")
    name = keys.place(host, options.port)
    try:
        text = await read_file(sys, path, 1 << 20)
    except OSError:
        text = b""
    found = keys.known(text, name)
    if any(known == key for _, known in found):
        return
    finger = keys.fingerprint(key)
    if found:
        line = found[0][0]
        await complain(sys, _ALARM % (finger, path, path, line, path, name, name))
        if options.strict not in ("no", "off"):
            raise Lost("")
        return
    if options.strict == "yes":
        await complain(
            sys,
            b"No ED25519 host key is known for " + name
            + b" and you have requested strict checking.\nHost key verification failed.",
        )  # fmt: skip
        raise Lost("")
    if options.strict not in ("no", "off", "accept-new"):
        shown = name if name.startswith(b"[") else host
        await _ask(sys, options, shown, ip, finger)
    try:
        await keys.remember(sys, path, name, key)
    except OSError as err:
        await complain(
            sys,
            b"Failed to add the host to the list of known hosts (" + path + b"): " + why(err),
        )
        return
    if not options.quiet:
        await complain(
            sys, b"Warning: Permanently added '" + name + b"' (ED25519) to the list of known hosts."
        )


async def _ask(sys: Sys, options: Options, name: bytes, ip: int, finger: bytes) -> None:
    failed = Lost("Host key verification failed.")
    if options.batch:
        raise failed
    try:
        fd = await sys.open(b"/dev/tty", 2)
    except OSError:
        raise failed from None
    address = ip_text(ip).encode()
    await write_all(
        sys, fd,
        b"The authenticity of host '" + name + b" (" + address + b")' can't be established.\n"
        b"ED25519 key fingerprint is " + finger + b".\n"
        b"This key is not known by any other names.\n"
        b"Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
    )  # fmt: skip
    while True:
        answer = await read_line(sys, fd)
        if answer is None or answer.strip().lower() == b"no":
            await sys.close(fd)
            raise failed
        if answer.strip().lower() == b"yes" or answer.strip() == finger:
            await sys.close(fd)
            return
        await write_all(sys, fd, b"Please type 'yes', 'no' or the fingerprint: ")
