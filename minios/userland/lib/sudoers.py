"""sudoers(5), the part that people use.

``user|%group|#uid|ALL host=(runas[:group]) [NOPASSWD:|PASSWD:|SETENV:|NOSETENV:] command, …``; the
last rule that matches decides. A command is ``ALL``, a path, a path with arguments, a directory
with ``/`` at its end, or one of these with ``!`` before it; ``*``, ``?`` and ``[…]`` are patterns.
Of ``Defaults`` the settings timestamp_timeout, passwd_tries and secure_path are read. Aliases are
not; a line that uses one matches nobody.
"""

from dataclasses import dataclass, field

from minios.userland.lib.pattern import compiled

SECURE_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(slots=True)
class Command:
    """What a rule says of one command."""

    spec: bytes
    runas: tuple[bytes, ...]
    groups: tuple[bytes, ...]
    password: bool = True
    setenv: bool = False


@dataclass(slots=True)
class Rule:
    users: tuple[bytes, ...]
    hosts: tuple[bytes, ...]
    commands: list[Command]


@dataclass(slots=True)
class Sudoers:
    """A whole file."""

    rules: list[Rule] = field(default_factory=list)
    timeout: int = 15
    """Minutes a password is remembered; negative is for ever."""
    tries: int = 3
    secure_path: bytes = SECURE_PATH


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: name, uid and groups (names)."""

    name: bytes
    uid: int
    groups: tuple[bytes, ...]
    host: bytes


def parse(text: bytes) -> Sudoers:
    """Read sudoers. What is not understood is left out."""
    found = Sudoers()
    for line in text.replace(b"\\\n", b" ").split(b"\n"):
        body = _uncomment(line).strip()
        if body.startswith(b"Defaults"):
            _defaults(found, body[8:])
        elif body and not body.startswith(b"@"):
            rule = _rule(body)
            if rule is not None:
                found.rules.append(rule)
    return found


def _uncomment(line: bytes) -> bytes:
    at = line.find(b"#")
    while at >= 0 and line[at + 1 : at + 2].isdigit() and line[at - 1 : at] in (b"", b" ", b","):
        at = line.find(b"#", at + 1)
    return line if at < 0 else line[:at]


def _defaults(found: Sudoers, body: bytes) -> None:
    if not body[:1].isspace():
        return
    for part in body.split(b","):
        key, _, value = part.strip().partition(b"=")
        key, value = key.strip(), value.strip().strip(b'"')
        number = value.removeprefix(b"-")
        if key == b"timestamp_timeout" and number.isdigit():
            found.timeout = int(value)
        elif key == b"passwd_tries" and number.isdigit():
            found.tries = int(value)
        elif key == b"secure_path":
            found.secure_path = value
        elif key == b"!secure_path":
            found.secure_path = b""


def _list(text: bytes) -> tuple[bytes, ...]:
    return tuple(part.strip() for part in text.split(b",") if part.strip())


def _rule(body: bytes) -> Rule | None:
    left, equals, right = body.partition(b"=")
    words = left.replace(b",", b" , ").split()
    if not equals or len(words) < 2:
        return None
    # The users are a list with commas; the last word that no comma joins is the host.
    at = len(words) - 1
    while at >= 2 and words[at - 1] == b",":
        at -= 2
    users = b" ".join(words[:at])
    hosts = b" ".join(words[at:])
    commands = _commands(right)
    if not users or not commands:
        return None
    return Rule(_list(users), _list(hosts), commands)


_TAGS = (b"NOPASSWD:", b"PASSWD:", b"SETENV:", b"NOSETENV:", b"EXEC:", b"NOEXEC:",
         b"LOG_INPUT:", b"LOG_OUTPUT:", b"NOLOG_INPUT:", b"NOLOG_OUTPUT:")  # fmt: skip


def _commands(text: bytes) -> list[Command]:
    runas: tuple[bytes, ...] = (b"root",)
    groups: tuple[bytes, ...] = ()
    password, setenv = True, False
    found = []
    for part in _pieces(text):
        body = part.strip()
        if body.startswith(b"("):
            inside, _, body = body[1:].partition(b")")
            who, _, group = inside.partition(b":")
            runas, groups = _list(who), _list(group)
            body = body.strip()
        while tag := next((t for t in _TAGS if body.startswith(t)), None):
            body = body[len(tag) :].strip()
            if tag.endswith(b"PASSWD:"):
                password = tag == b"PASSWD:"
            elif tag.endswith(b"SETENV:"):
                setenv = tag == b"SETENV:"
        if body:
            found.append(Command(body, runas, groups, password, setenv))
    return found


def _pieces(text: bytes) -> list[bytes]:
    """Split at commas that are neither escaped nor in parentheses."""
    pieces, piece, depth, escaped = [], bytearray(), 0, False
    for byte in text:
        if byte == ord(",") and not depth and not escaped:
            pieces.append(bytes(piece))
            piece.clear()
            continue
        depth += (byte == ord("(")) - (byte == ord(")"))
        if escaped and byte in b",:=\\":
            piece.pop()
        escaped = byte == ord("\\") and not escaped
        piece.append(byte)
    return [*pieces, bytes(piece)]


def is_user(spec: bytes, name: bytes, uid: int, groups: tuple[bytes, ...]) -> bool:
    """Whether an entry of a user list means somebody."""
    if spec.startswith(b"!"):
        return False
    if spec == b"ALL" or spec == name or spec == b"#%d" % uid:
        return True
    return spec.startswith(b"%") and spec[1:] in groups


def _listed(specs: tuple[bytes, ...], name: bytes, uid: int, groups: tuple[bytes, ...]) -> bool:
    found = False
    for spec in specs:
        if spec.startswith(b"!") and is_user(spec[1:], name, uid, groups):
            found = False
        elif is_user(spec, name, uid, groups):
            found = True
    return found


def rules_of(sudoers: Sudoers, caller: Caller) -> list[Command]:
    """Every command entry that is about the caller on this host, in order."""
    return [
        command
        for rule in sudoers.rules
        if _listed(rule.users, caller.name, caller.uid, caller.groups)
        and (b"ALL" in rule.hosts or caller.host in rule.hosts)
        for command in rule.commands
    ]


def _glob(pattern: bytes, text: bytes) -> bool:
    return compiled(pattern).matches(text)


def covers(spec: bytes, path: bytes, args: list[bytes]) -> bool:
    """Whether the command of a rule (without ``!``) is this command line."""
    if spec == b"ALL":
        return True
    words = spec.split(None, 1)
    pattern = words[0]
    if pattern.endswith(b"/"):
        return path.startswith(pattern) and b"/" not in path[len(pattern) :]
    if pattern != path and not _glob(pattern, path):
        return False
    if len(words) == 1:
        return True
    line = b" ".join(args)
    if words[1].strip() == b'""':
        return not args
    return words[1].strip() == line or _glob(words[1].strip(), line)


def decide(
    sudoers: Sudoers,
    caller: Caller,
    target: tuple[bytes, int],
    group: bytes | None,
    path: bytes,
    args: list[bytes],
) -> Command | None:
    """The entry that allows the command as ``target`` (name, uid); None if it is not allowed."""
    verdict: Command | None = None
    for command in rules_of(sudoers, caller):
        if not _listed(command.runas, target[0], target[1], ()):
            continue
        if group is not None and not {b"ALL", group} & set(command.groups):
            continue
        negated = command.spec.startswith(b"!")
        if covers(command.spec.lstrip(b"!").strip(), path, args):
            verdict = None if negated else command
    return verdict
