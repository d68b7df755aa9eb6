"""Prompts: bash's backslash escapes, then the expansions of POSIX (XCU 2.5.3, PS1)."""

from typing import TYPE_CHECKING

from minios.userland.lib import users

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

DEFAULT = b"\\u@\\h:\\w\\$ "


class Identity:
    """Who and where the prompt says one is; asked for once."""

    def __init__(self, user: bytes, host: bytes, superuser: bool) -> None:
        self.user = user
        self.host = host
        self.superuser = superuser


async def identify(sh: "Shell") -> Identity:
    uid = await sh.sys.geteuid()
    entry = await users.by_uid(sh.sys, uid)
    name = entry.name if entry is not None else b"I have no name!"
    return Identity(name, (await sh.sys.uname()).nodename, uid == 0)


def directory(sh: "Shell") -> bytes:
    """The working directory with the home directory as ``~``."""
    home = sh.get(b"HOME") or b""
    here = sh.directory
    if len(home) > 1 and (here == home or here.startswith(home + b"/")):
        return b"~" + here[len(home) :]
    return here


async def render(sh: "Shell", text: bytes, identity: Identity) -> bytes:
    """The prompt as it is shown; ``\\x01 … \\x02`` surround what takes no room."""
    out = bytearray()
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char != 0x5C or at >= len(text):
            out.append(char)
            continue
        letter = text[at]
        at += 1
        if letter in b"01234567":
            end = at
            while end < len(text) and end < at + 2 and text[end] in b"01234567":
                end += 1
            out.append(int(text[at - 1 : end], 8) & 0xFF)
            at = end
        else:
            out += _escape(sh, letter, identity)
    return await sh.expand_prompt(bytes(out))


def _protected(text: bytes) -> bytes:
    """``text`` so that the parameter expansion that follows leaves it alone."""
    for char in (b"\\", b"$", b"`"):
        text = text.replace(char, b"\\" + char)
    return text


def _escape(sh: "Shell", letter: int, identity: Identity) -> bytes:
    char = bytes((letter,))
    if char == b"u":
        return _protected(identity.user)
    if char == b"h":
        return _protected(identity.host.split(b".")[0])
    if char == b"H":
        return _protected(identity.host)
    if char == b"w":
        return _protected(directory(sh))
    if char == b"W":
        here = directory(sh)
        return _protected(here.rpartition(b"/")[2] or here)
    if char == b"$":
        return b"#" if identity.superuser else _protected(b"$")
    if char == b"s":
        return sh.name.rpartition(b"/")[2]
    if char == b"!":
        return b"%d" % (sh.history.first + len(sh.history.entries)) if sh.history else b"1"
    if char == b"j":
        return b"%d" % len(sh.jobs.order)
    return _PLAIN.get(char, b"\\\\" + char)


_PLAIN = {
    b"n": b"\n", b"r": b"\r", b"a": b"\a", b"e": b"\x1b", b"\\": b"\\\\",
    b"[": b"\x01", b"]": b"\x02",
}  # fmt: skip
