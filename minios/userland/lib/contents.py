"""What data looks like: text of which encoding, a script of which interpreter, or a known format.

The words are those of file(1) 5.44.
"""

from typing import NamedTuple

from minios.userland.lib.native import parse


class Kind(NamedTuple):
    """A description, a MIME type and a character set."""

    text: bytes
    mime: bytes
    charset: bytes


_ASCII = frozenset((*range(7, 14), 27, *range(32, 127)))
_LATIN = _ASCII | frozenset(range(0xA0, 256))
_EXTENDED = frozenset((*_LATIN, *range(0x80, 0xA0)))
_LONG_LINE = 300

_SHELLSCRIPT = b"text/x-shellscript"
_INTERPRETERS = {
    b"sh": (b"POSIX shell", _SHELLSCRIPT),
    b"bash": (b"Bourne-Again shell", _SHELLSCRIPT),
    b"csh": (b"C shell", _SHELLSCRIPT),
    b"ksh": (b"Korn shell", _SHELLSCRIPT),
    b"tcsh": (b"Tenex C shell", _SHELLSCRIPT),
    b"zsh": (b"Paul Falstad's zsh", _SHELLSCRIPT),
    b"awk": (b"awk", b"text/x-awk"),
    b"gawk": (b"GNU awk", b"text/x-gawk"),
    b"nawk": (b"new awk", b"text/x-nawk"),
    b"perl": (b"Perl", b"text/x-perl"),
    b"python": (b"Python", b"text/x-script.python"),
    b"ruby": (b"Ruby", b"text/x-ruby"),
    b"lua": (b"Lua", b"text/x-lua"),
    b"node": (b"Node.js", b"application/javascript"),
}

_BINARY = (
    (b"\x1f\x8b", b"gzip compressed data", b"application/gzip"),
    (b"BZh", b"bzip2 compressed data", b"application/x-bzip2"),
    (b"\xfd7zXZ\0", b"XZ compressed data", b"application/x-xz"),
    (b"\x28\xb5\x2f\xfd", b"Zstandard compressed data (v0.8+)", b"application/zstd"),
    (b"PK\x05\x06", b"Zip archive data (empty)", b"application/zip"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PNG image data", b"image/png"),
    (b"\xff\xd8\xff", b"JPEG image data", b"image/jpeg"),
    (b"!<arch>\n", b"current ar archive", b"application/x-archive"),
)

_MACHINES = {
    3: b"Intel 80386", 8: b"MIPS", 40: b"ARM", 62: b"x86-64", 183: b"ARM aarch64",
    243: b"UCB RISC-V",
}  # fmt: skip
_ELF_TYPES = {
    1: (b"relocatable", b"application/x-object"),
    2: (b"executable", b"application/x-executable"),
    3: (b"shared object", b"application/x-sharedlib"),
    4: (b"core file", b"application/x-coredump"),
}


def classify(data: bytes) -> Kind:
    """What the beginning of a file (all of it if it is short) is."""
    if not data:
        return Kind(b"empty", b"inode/x-empty", b"binary")
    native = parse(data)
    if native is not None:
        made = b"" if native.brand == "linux" else b", for " + native.brand.encode()
        if native.needs:
            made = b", dynamically linked"
        text = b"MiniOS native executable, " + native.name + made
        return Kind(text, b"application/x-executable", b"binary")
    if data.startswith(b"\x7fELF") and len(data) >= 20:
        return _elf(data)
    if len(data) < 2:
        return Kind(b"very short file (no magic)", b"application/octet-stream", b"binary")
    for magic, text, mime in _BINARY:
        if data.startswith(magic):
            return Kind(text, mime, b"binary")
    if data[257:262] == b"ustar":
        gnu = data[257:265] == b"ustar  \0"
        text = b"POSIX tar archive (GNU)" if gnu else b"POSIX tar archive"
        return Kind(text, b"application/x-tar", b"binary")
    encoding = _encoding(data)
    language = _language(data)
    if encoding is None:
        if language is not None and language[2]:
            return Kind(language[0] + b" executable (binary data)", language[1], b"binary")
        return Kind(b"data", b"application/octet-stream", b"binary")
    name, charset = encoding
    if language is None:
        return Kind(name + b" text" + _lines(data), b"text/plain", charset)
    what, mime, executable = language
    if what == b"Perl script" and executable:
        return Kind(b"Perl script text executable", mime, charset)
    if what == b"JSON text data":
        return Kind(what, mime, charset)
    run = b" executable" if executable else b""
    return Kind(what + b", " + name + b" text" + run + _lines(data), mime, charset)


def _encoding(data: bytes) -> tuple[bytes, bytes] | None:
    """The name of a text's encoding and its charset; None if it is no text."""
    used = frozenset(data)
    if used <= _ASCII:
        return b"ASCII", b"us-ascii"
    if data.startswith(b"\xef\xbb\xbf") and _is_utf8(data):
        return b"Unicode text, UTF-8 (with BOM)", b"utf-8"
    if _is_utf8(data):
        return b"Unicode text, UTF-8", b"utf-8"
    for mark, codec, name in (
        (b"\xff\xfe", "utf-16-le", b"little"),
        (b"\xfe\xff", "utf-16-be", b"big"),
    ):
        if data.startswith(mark) and len(data) > 3:
            text = data[2 : len(data) // 2 * 2].decode(codec, "replace")
            if not any(ord(c) < 128 and ord(c) not in _ASCII for c in text):
                label = b"utf-16" + (b"le" if name == b"little" else b"be")
                return b"Unicode text, UTF-16, " + name + b"-endian", label
    if used <= _LATIN:
        return b"ISO-8859", b"iso-8859-1"
    if used <= _EXTENDED:
        return b"Non-ISO extended-ASCII", b"unknown-8bit"
    return None


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8 text; a character that the sample cut in half does not count."""
    if not frozenset(data) <= _ASCII | frozenset(range(0x80, 256)):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        cut = err.reason == "unexpected end of data"
        return cut and err.start > 0 and len(data) >= 65536
    return True


def _lines(data: bytes) -> bytes:
    """What is unusual about a text's lines."""
    out = b""
    longest = max(len(line) for line in data.replace(b"\r", b"\n").split(b"\n"))
    if longest > _LONG_LINE - 1:
        out += b", with very long lines (%d)" % longest
    crlf = data.count(b"\r\n")
    cr, lf = data.count(b"\r") - crlf, data.count(b"\n") - crlf
    nel = 0 if _is_utf8(data) else data.count(b"\x85")
    ends = ((crlf, b"CRLF"), (cr, b"CR"), (lf, b"LF"), (nel, b"NEL"))
    found = [name for count, name in ends if count]
    if not found:
        out += b", with no line terminators"
    elif found != [b"LF"]:
        out += b", with " + b", ".join(found) + b" line terminators"
    if b"\x1b" in data:
        out += b", with escape sequences"
    if b"\b" in data:
        out += b", with overstriking"
    return out


def _language(data: bytes) -> tuple[bytes, bytes, bool] | None:
    """(what it is, MIME type, whether it can be run) of scripts and a few kinds of text."""
    if data.startswith(b"#!"):
        return _script(data)
    head = data[:4096]
    text = head.lstrip(b" \t\r\n")
    if text[:1] in (b"{", b"[") and _is_json(data):
        return b"JSON text data", b"application/json", False
    if text.startswith(b"<?xml version="):
        return b"XML " + text[15:18] + b" document", b"text/xml", False
    if text[:20].lower().startswith((b"<html", b"<!doctype html", b"<head", b"<title")):
        return b"HTML document", b"text/html", False
    if head.startswith((b"diff ", b"--- ")) and b"\n+++ " in head:
        return b"unified diff output", b"text/x-diff", False
    lines = head.split(b"\n")
    if any(line.startswith((b"#include <", b'#include "')) for line in lines[:8]):
        return b"C source", b"text/x-c", False
    return None


def _is_json(data: bytes) -> bool:
    from json import loads

    if len(data) >= 65536 or data.count(b"[") + data.count(b"{") > 500:
        return False
    try:
        loads(data)
    except ValueError:
        return False
    return True


def _script(data: bytes) -> tuple[bytes, bytes, bool]:
    line, newline, _ = data[2:].partition(b"\n")
    line = line.rstrip(b"\r").lstrip(b" \t")
    words = line.split()
    program = words[0] if words else b""
    folder, _, name = program.rpartition(b"/")
    if name == b"env" and len(words) > 1 and folder in (b"/usr/bin", b"/bin"):
        line = line.split(None, 1)[1]
        name, folder = words[1].rpartition(b"/")[2], b"/usr/bin"
    stem = name
    if name.startswith((b"python", b"lua", b"perl", b"ruby")):
        stem = name.rstrip(b"0123456789.")
    known = _INTERPRETERS.get(stem)
    if known is not None and newline and folder in (b"/bin", b"/usr/bin", b"/usr/local/bin"):
        return known[0] + b" script", known[1], True
    return b"a " + line + b" script", b"text/plain", True


def _elf(data: bytes) -> Kind:
    big = data[5] == 2
    kind, machine = (
        field[0] << 8 | field[1] if big else field[1] << 8 | field[0]
        for field in (data[16:18], data[18:20])
    )
    what, mime = _ELF_TYPES.get(kind, (b"unknown type", b"application/octet-stream"))
    bits = b"64-bit" if data[4] == 2 else b"32-bit"
    end = b"MSB" if big else b"LSB"
    arch = _MACHINES.get(machine, b"unknown arch 0x%x" % machine)
    text = b"ELF %s %s %s, %s, version 1 (SYSV)" % (bits, end, what, arch)
    return Kind(text, mime, b"binary")
