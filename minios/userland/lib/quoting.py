r"""How GNU tools quote names in messages and listings (quotearg of gnulib, C locale).

Every byte of 128 and up is unprintable in the C locale and shown as a backslash and three octal
digits where the style can show that.
"""

_NAMED = {7: b"a", 8: b"b", 9: b"t", 10: b"n", 11: b"v", 12: b"f", 13: b"r"}

_PLAIN = frozenset(b"%+,-./0123456789:@ABCDEFGHIJKLMNOPQRSTUVWXYZ]_abcdefghijklmnopqrstuvwxyz")
"""Bytes that mean nothing to a shell, wherever they stand."""

_ONLY_FIRST = frozenset(b"#~")
"""Bytes that mean something only at the start of a word."""

STYLES = (
    b"literal", b"shell", b"shell-always", b"shell-escape", b"shell-escape-always", b"c",
    b"c-maybe", b"escape", b"locale", b"clocale",
)  # fmt: skip


def quote(text: bytes) -> bytes:
    """In single quotes with C escapes: GNU's ``quote()``, for words in messages."""
    return b"'" + _escaped(text, b"'") + b"'"


def quoteaf(name: bytes) -> bytes:
    """Always quoted as for a shell: GNU's ``quoteaf()``, for file names in messages."""
    return _shell_quoted(name, escape=True)


def quotef(name: bytes) -> bytes:
    """Quoted as for a shell where needed: GNU's ``quotef()``, for a name at a message's start."""
    if needs_quotes(name) or b":" in name:
        return _shell_quoted(name, escape=True)
    return name


def needs_quotes(name: bytes, *, unprintable: bool = True) -> bool:
    """Whether a shell would read ``name`` as something else than itself.

    With ``unprintable`` off, control characters other than white space are taken as they are.
    """
    if not name or name in (b"{", b"}") or name[0] in _ONLY_FIRST:
        return True
    for c in name:
        if c in _PLAIN or c in b"#~{}":
            continue
        if unprintable or 32 <= c < 127 or c in b"\t\n\r":
            return True
    return False


def style(name: bytes, how: bytes, also: bytes = b"") -> bytes:
    """``name`` in one of :data:`STYLES` (``ls --quoting-style``); ``also`` must be quoted, too."""
    marked = any(c in also for c in name)
    if how == b"shell":
        quoted = marked or needs_quotes(name, unprintable=False)
        return _shell_quoted(name, escape=False) if quoted else name
    if how == b"shell-escape":
        return _shell_quoted(name, escape=True) if marked or needs_quotes(name) else name
    if how == b"shell-always":
        return _shell_quoted(name, escape=False)
    if how == b"shell-escape-always":
        return _shell_quoted(name, escape=True)
    if how in (b"c", b"clocale"):
        return b'"' + _escaped(name, b'"' + also) + b'"'
    if how == b"c-maybe":
        inner = _escaped(name, b'"')
        plain = not marked and inner.replace(b"\\\\", b"\\") == name
        return name if plain else b'"' + inner + b'"'
    if how == b"escape":
        return _escaped(name, also)
    if how == b"locale":
        return b"'" + _escaped(name, b"'" + also) + b"'"
    return name


def _escaped(text: bytes, also: bytes) -> bytes:
    """C escapes for what cannot be printed, for the backslash and for the bytes of ``also``."""
    out = bytearray()
    for c in text:
        if c == 0x5C or c in also:
            out += bytes((0x5C, c))
        elif c in _NAMED:
            out += b"\\" + _NAMED[c]
        elif 32 <= c < 127:
            out.append(c)
        else:
            out += b"\\%03o" % c
    return bytes(out)


def _means_the_same_in_c(name: bytes) -> bool:
    """Whether ``name`` between double quotes is the same to C and to a shell."""
    return all(
        c in _PLAIN or c in b" '" or (at == 0 and c in _ONLY_FIRST) for at, c in enumerate(name)
    )


def _shell_quoted(name: bytes, *, escape: bool) -> bytes:
    """Between single quotes, or between double ones if that is all an apostrophe asks for.

    With ``escape`` unprintable bytes become ``'$'\\n''``.
    """
    if b"'" in name and _means_the_same_in_c(name):
        return b'"' + name + b'"'
    out = bytearray(b"'")
    # Debian's coreutils scan a name with an apostrophe twice and start the second time in the state
    # in which the first one ended.
    special = escape and b"'" in name and not 32 <= name[-1] < 127
    for c in name:
        if escape and not 32 <= c < 127:
            if not special:
                out += b"'$'"
                special = True
            out += b"\\" + (_NAMED[c] if c in _NAMED else b"%03o" % c)
            continue
        if c == 0x27:
            out += b"'\\''"
            special = False
            continue
        if special:
            out += b"''"
            special = False
        out.append(c)
    out += b"'"
    return bytes(out)
