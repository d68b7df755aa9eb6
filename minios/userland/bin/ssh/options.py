"""What ssh's command line and ~/.ssh/config say (ssh(1), ssh_config(5))."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.sys import Sys
from minios.userland.lib.options import parse
from minios.userland.lib.pattern import Pattern
from minios.userland.lib.program import Failure
from minios.userland.lib.stdio import read_file

SHORT = "1246AaCfGgKkMNnqsTtVvXxYyb:c:D:E:e:F:I:i:J:L:l:m:O:o:p:Q:R:S:W:w:"
_ANSWERS = ("yes", "no", "ask", "accept-new", "off")


@dataclass(slots=True)
class Options:
    """The settings of one run; the first value that is found for a keyword counts."""

    host: str = ""
    alias: str = ""
    user: str = ""
    port: int = 0
    command: bytes | None = None
    tty: str = ""
    """``force``, ``yes``, ``no``, or nothing: when there is no command."""
    no_stdin: bool = False
    no_command: bool = False
    quiet: bool = False
    verbose: bool = False
    escape: int = 126
    batch: bool = False
    strict: str = ""
    known: bytes = b""
    identities: list[bytes] = field(default_factory=list)
    timeout: int = 0
    tries: int = 3
    password: bool | None = None
    publickey: bool | None = None
    version: bool = False


async def read(sys: Sys, args: list[bytes], home: bytes) -> Options:
    """All settings. Failure, UsageError; an empty host is no destination."""
    parsed = parse(args, SHORT, permute=False)
    options = Options()
    forced = 0
    settings: list[tuple[str, str]] = []
    for flag, value in parsed.flags:
        text = (value or b"").decode("latin-1")
        if flag == "t":
            forced += 1
        elif flag == "l":
            options.user = options.user or text
        elif flag == "p":
            _take(options, "port", text)
        elif flag == "o":
            key, _, rest = text.replace("=", " ", 1).strip().partition(" ")
            settings.append((key, rest.strip()))
        elif flag == "i":
            options.identities.append(value or b"")
        elif flag == "e":
            _escape(options, text)
        elif flag in _SWITCHES:
            name, wanted = _SWITCHES[flag]
            setattr(options, name, wanted)
        elif flag in "LRDJWw":
            raise Failure(b"forwarding (-%b) is not there" % flag.encode(), 255)
    if forced:
        options.tty = "force" if forced > 1 else "yes"
    words = parsed.operands
    if words:
        _destination(options, words[0].decode("latin-1"))
        if len(words) > 1:
            options.command = b" ".join(words[1:])
    for key, rest in settings:
        if not _take(options, key.lower(), rest):
            text = f"command-line: line 0: Bad configuration option: {key.lower()}"
            raise Failure(text.encode(), 255)
    await _files(sys, options, parsed.last("F"), home)
    options.port = options.port or 22
    return options


_SWITCHES: dict[str, tuple[str, object]] = {
    "T": ("tty", "no"), "n": ("no_stdin", True), "N": ("no_command", True), "q": ("quiet", True),
    "v": ("verbose", True), "V": ("version", True),
}  # fmt: skip


def _destination(options: Options, text: str) -> None:
    """``[user@]host``, or ``ssh://[user@]host[:port]``."""
    port = ""
    if text.startswith("ssh://"):
        text = text.removeprefix("ssh://").rstrip("/")
        host, colon, last = text.rpartition(":")
        if colon and last.isdigit():
            text, port = host, last
    user, at, host = text.rpartition("@")
    if at:
        options.user = options.user or user
    if port:
        _take(options, "port", port)
    options.alias = host


def _escape(options: Options, text: str) -> None:
    if text == "none":
        options.escape = -1
    elif len(text) == 2 and text[0] == "^":
        options.escape = ord(text[1]) & 31
    elif len(text) == 1:
        options.escape = ord(text)
    else:
        raise Failure(b"Bad escape character '" + text.encode("latin-1") + b"'.", 255)


def _take(options: Options, key: str, value: str) -> bool:
    """Take a setting unless there is one already; False if nobody knows the keyword."""
    if key == "port":
        if not value.isdigit() or not 0 < int(value[:6]) < 65536:
            raise Failure(b"Bad port '" + value.encode("latin-1") + b"'", 255)
        options.port = options.port or int(value)
    elif key == "user":
        options.user = options.user or value
    elif key == "hostname":
        options.host = options.host or value
    elif key == "batchmode":
        options.batch = options.batch or value == "yes"
    elif key == "stricthostkeychecking":
        if value not in _ANSWERS:
            text = f'unsupported option "{value}".'
            raise Failure(b"command-line: line 0: " + text.encode("latin-1"), 255)
        options.strict = options.strict or value
    elif key == "userknownhostsfile":
        options.known = options.known or value.split()[0].encode("latin-1")
    elif key == "identityfile":
        options.identities.append(value.encode("latin-1"))
    elif key == "connecttimeout":
        options.timeout = options.timeout or (int(value[:6]) if value.isdigit() else 0)
    elif key == "numberofpasswordprompts":
        options.tries = int(value[:3]) if value.isdigit() else options.tries
    elif key == "requesttty":
        options.tty = options.tty or {"force": "force", "yes": "yes", "no": "no"}.get(value, "")
    elif key == "escapechar":
        _escape(options, value)
    elif key == "passwordauthentication":
        options.password = value == "yes" if options.password is None else options.password
    elif key == "pubkeyauthentication":
        options.publickey = value == "yes" if options.publickey is None else options.publickey
    else:
        return key in _IGNORED
    return True


_IGNORED = (
    "loglevel", "compression", "forwardagent", "forwardx11", "identitiesonly", "checkhostip",
    "addressfamily", "serveraliveinterval", "serveralivecountmax", "tcpkeepalive", "sendenv",
    "preferredauthentications", "hashknownhosts", "globalknownhostsfile", "controlmaster",
    "controlpath", "gssapiauthentication", "addkeystoagent", "visualhostkey", "updatehostkeys",
)  # fmt: skip


async def _files(sys: Sys, options: Options, path: bytes | None, home: bytes) -> None:
    """The user's file and the system's, or the one that was named."""
    paths = [home + b"/.ssh/config", b"/etc/ssh/ssh_config"] if path is None else [path]
    for name in paths:
        try:
            text = await read_file(sys, name, 1 << 16)
        except OSError:
            if path is not None and path != b"none":
                raise Failure(
                    b"Can't open user config file " + path + b": No such file or directory", 255
                ) from None
            continue
        applies = True
        for number, line in enumerate(text.decode("latin-1").split("\n"), 1):
            words = line.replace("=", " ", 1).split()
            if not words or words[0].startswith("#"):
                continue
            key = words[0].lower()
            if key == "host":
                applies = _matches(options.alias, words[1:])
            elif applies and not _take(options, key, " ".join(words[1:])):
                where = name.decode("latin-1")
                said = f"{where}: line {number}: Bad configuration option: {key}"
                raise Failure(said.encode("latin-1"), 255)
    options.host = options.host or options.alias


def _matches(host: str, patterns: list[str]) -> bool:
    """Whether a Host line is about this name."""
    found = False
    for text in patterns:
        if text.startswith("!"):
            if Pattern(text[1:].encode("latin-1")).matches(host.encode("latin-1")):
                return False
        elif Pattern(text.encode("latin-1")).matches(host.encode("latin-1")):
            found = True
    return found
