"""/etc/ssh/sshd_config: what of sshd_config(5) there is here."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.sys import Sys
from minios.userland.lib.net.gai import inet_aton
from minios.userland.lib.stdio import read_file

PATH = b"/etc/ssh/sshd_config"
_FLAGS = {
    "passwordauthentication": "password",
    "pubkeyauthentication": "publickey",
    "permitemptypasswords": "empty",
    "printmotd": "motd",
    "printlastlog": "",
    "permittty": "tty",
    "usepam": "",
    "x11forwarding": "",
}

_IGNORED = ("include", "subsystem", "acceptenv", "kbdinteractiveauthentication", "protocol")


class BadConfig(Exception):
    """A line that means nothing; ``str`` is sshd's message."""


@dataclass(slots=True)
class Config:
    """The settings. ``root`` is PermitRootLogin."""

    port: int = 22
    address: int = 0
    password: bool = True
    publickey: bool = True
    empty: bool = False
    motd: bool = True
    tty: bool = True
    root: str = "prohibit-password"
    tries: int = 6
    grace: int = 120
    banner: bytes = b""
    host_key: bytes = b"/etc/ssh/ssh_host_ed25519_key"
    keys: list[bytes] = field(default_factory=lambda: [b".ssh/authorized_keys"])
    allow: list[bytes] = field(default_factory=list)
    deny: list[bytes] = field(default_factory=list)

    @property
    def methods(self) -> bytes:
        """The ways to log in, as a refusal names them."""
        ways = [b"publickey"] * self.publickey + [b"password"] * self.password
        return b",".join(ways)

    def root_may(self, method: str) -> bool:
        """Whether root may log in this way."""
        if self.root in ("prohibit-password", "without-password"):
            return method == "publickey"
        return self.root == "yes"


async def load(sys: Sys, path: bytes) -> Config:
    """Read a file; without the usual one everything is at its default. OSError, BadConfig."""
    try:
        text = await read_file(sys, path)
    except FileNotFoundError:
        if path != PATH:
            raise
        text = b""
    return parse(text, path.decode("latin-1"))


def parse(text: bytes, name: str) -> Config:
    """The settings of a file's text. BadConfig."""
    config = Config()
    for number, line in enumerate(text.split(b"\n"), 1):
        words = line.replace(b"=", b" ", 1).split()
        if not words or words[0].startswith(b"#"):
            continue
        key = words[0].decode("latin-1")
        where = f"{name}: line {number}: "
        if len(words) < 2:
            raise BadConfig(f'{where}no argument after keyword "{key}"')
        value = words[1].decode("latin-1")
        if key.lower() in _FLAGS:
            if value not in ("yes", "no"):
                raise BadConfig(f'{where}unsupported option "{value}".')
            if _FLAGS[key.lower()]:
                setattr(config, _FLAGS[key.lower()], value == "yes")
        elif not _setting(config, key.lower(), value, words[1:], where):
            raise BadConfig(f"{where}Bad configuration option: {key}")
    return config


def _setting(config: Config, key: str, value: str, words: list[bytes], where: str) -> bool:
    """Take a keyword with a value; False if nobody knows it."""
    if key == "port":
        if not value.isdigit() or not 0 < int(value[:6]) < 65536:
            raise BadConfig(f"{where}Badly formatted port number.")
        config.port = int(value)
    elif key == "listenaddress":
        address = inet_aton(words[0])
        if address is None:
            raise BadConfig(f"{where}bad address: {value}")
        config.address = address
    elif key == "permitrootlogin":
        if value not in ("yes", "no", "prohibit-password", "without-password"):
            raise BadConfig(f'{where}unsupported option "{value}".')
        config.root = value
    elif key in ("maxauthtries", "logingracetime"):
        if not value.isdigit():
            raise BadConfig(f"{where}integer value {value}.")
        setattr(config, {"maxauthtries": "tries"}.get(key, "grace"), int(value[:6]))
    elif key == "banner":
        config.banner = b"" if value == "none" else words[0]
    elif key == "hostkey":
        config.host_key = words[0]
    elif key == "authorizedkeysfile":
        config.keys = words
    elif key == "allowusers":
        config.allow += words
    elif key == "denyusers":
        config.deny += words
    else:
        return key in (
            "include",
            "subsystem",
            "acceptenv",
            "kbdinteractiveauthentication",
            "protocol",
        )
    return True
