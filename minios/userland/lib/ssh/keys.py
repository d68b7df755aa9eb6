"""Key files, known hosts and authorized keys (ssh-keygen(1), sshd(8))."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from hashlib import sha256

from minios.abi.flags import O_APPEND, O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.sys import Sys
from minios.net.wire.malformed import Malformed
from minios.net.wire.ssh import HOST_KEY, Reader, string, u32
from minios.userland.lib.ssh import ed25519
from minios.userland.lib.ssh.connection import blob
from minios.userland.lib.stdio import read_file, write_all

_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_END = b"-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
FILE_MAX = 1 << 16


def private_text(secret: bytes, comment: bytes, check: bytes) -> bytes:
    """The file of a private key without a passphrase; ``check`` is 4 random bytes."""
    public = ed25519.public_key(secret)
    inner = check + check + string(HOST_KEY) + string(public) + string(secret + public)
    inner += string(comment)
    inner += bytes(range(1, 1 + -len(inner) % 8))
    data = _MAGIC + string(b"none") + string(b"none") + string(b"") + u32(1)
    text = b64encode(data + string(blob(public)) + string(inner))
    rows = [text[i : i + 70] for i in range(0, len(text), 70)]
    return b"\n".join([_BEGIN, *rows, _END, b""])


def parse_private(text: bytes) -> bytes:
    """The secret of such a file. Malformed."""
    _, begin, rest = text.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not begin or not end:
        raise Malformed("invalid format")
    try:
        data = b64decode(b"".join(body.split()), validate=True)
    except (BadBase64, ValueError):
        raise Malformed("invalid format") from None
    if not data.startswith(_MAGIC):
        raise Malformed("invalid format")
    fields = Reader(data[len(_MAGIC) :])
    cipher = fields.string()
    fields.string()
    fields.string()
    if cipher != b"none" or fields.u32() != 1:
        raise Malformed("invalid format")
    fields.string()
    inner = Reader(fields.string())
    if inner.raw(4) != inner.raw(4) or inner.string() != HOST_KEY:
        raise Malformed("invalid format")
    inner.string()
    secret = inner.string()
    if len(secret) != 64:
        raise Malformed("invalid format")
    return secret[:32]


def public_text(key: bytes, comment: bytes = b"") -> bytes:
    """The line of a public key."""
    line = HOST_KEY + b" " + b64encode(key)
    return line + (b" " + comment if comment else b"")


def fingerprint(key: bytes) -> bytes:
    """``SHA256:`` and the digest of a public key."""
    return b"SHA256:" + b64encode(sha256(key).digest()).rstrip(b"=")


async def generate(sys: Sys, path: bytes, comment: bytes) -> bytes:
    """Make a key pair in ``path`` and ``path``.pub; the secret. OSError."""
    secret = await sys.getrandom(32)
    check = await sys.getrandom(4)
    await write(sys, path, private_text(secret, comment, check), 0o600)
    public = public_text(blob(ed25519.public_key(secret)), comment)
    await write(sys, path + b".pub", public + b"\n", 0o644)
    return secret


async def write(sys: Sys, path: bytes, data: bytes, mode: int) -> None:
    """A file with this content. OSError."""
    fd = await sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    await write_all(sys, fd, data)
    await sys.close(fd)


async def load(sys: Sys, path: bytes) -> bytes:
    """The secret in a file. OSError, Malformed."""
    return parse_private(await read_file(sys, path, FILE_MAX))


# -- lists of keys -----------------------------------------------------------------------------


def place(host: bytes, port: int) -> bytes:
    """How a host is written in known_hosts."""
    return host if port == 22 else b"[%b]:%d" % (host, port)


def known(text: bytes, name: bytes) -> list[tuple[int, bytes]]:
    """(number of the line, key) of every key that known_hosts has for a name."""
    found = []
    for number, line in enumerate(text.split(b"\n"), 1):
        words = line.split()
        if len(words) < 3 or words[0].startswith(b"#") or words[1] != HOST_KEY:
            continue
        if name in words[0].split(b","):
            key = key_of(words[2])
            if key is not None:
                found.append((number, key))
    return found


def authorized(text: bytes, key: bytes) -> bool:
    """Whether authorized_keys has a key; options in front of one are passed over."""
    for line in text.split(b"\n"):
        words = line.split()
        if line.startswith(b"#") or HOST_KEY not in words[:-1]:
            continue
        if key_of(words[words.index(HOST_KEY) + 1]) == key:
            return True
    return False


def key_of(text: bytes) -> bytes | None:
    """The key of its base64, None if it is none."""
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError):
        return None


async def remember(sys: Sys, path: bytes, name: bytes, key: bytes) -> None:
    """Add a host to known_hosts, whose directory is made if it is not there. OSError."""
    folder = path.rpartition(b"/")[0]
    try:
        await sys.stat(folder)
    except OSError:
        await sys.mkdir(folder, 0o700)
    fd = await sys.open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    await write_all(sys, fd, name + b" " + public_text(key) + b"\n")
    await sys.close(fd)
