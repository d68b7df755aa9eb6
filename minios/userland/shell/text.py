"""A command's text as ``jobs`` shows it, rebuilt from the tree."""

from minios.userland.shell.syntax import (
    AndOr,
    Arithmetic,
    Background,
    Case,
    Commands,
    CommandSub,
    For,
    Function,
    If,
    Node,
    Not,
    Param,
    Pipeline,
    Redir,
    Redirected,
    Simple,
    Subshell,
    Text,
    While,
    Word,
)

MAX_TEXT = 200
"""Longer texts are cut: nobody reads on, and a job keeps it."""


_ESCAPED = {byte: b"\\%c" % byte for byte in b'"$\\'}
"""What is told from the quotes around it by a backslash."""


class _Builder:
    """Writes until the text is long enough; nesting is then of no consequence."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def add(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.pieces.append(piece)
            self.size += len(piece)


def command_text(node: Node) -> bytes:
    """The command on one line, without the bodies of here-documents."""
    out = _Builder()
    # What is still to be written: nodes, words and plain text, next one last.
    todo: list[object] = [node]
    while todo and out.size < MAX_TEXT:
        item = todo.pop()
        if isinstance(item, bytes):
            out.add(item)
        else:
            todo.extend(reversed(_pieces(item)))
    return b"".join(out.pieces)[:MAX_TEXT]


def _joined(items: list[list[object]], separator: bytes) -> list[object]:
    flat: list[object] = []
    for index, item in enumerate(items):
        if index:
            flat.append(separator)
        flat.extend(item)
    return flat


def _redirections(redirs: tuple[Redir, ...]) -> list[object]:
    flat: list[object] = []
    for redir in redirs:
        default = 0 if redir.op[0] == "<" else 1
        flat.append(b" " + (b"%d" % redir.fd if redir.fd != default else b""))
        flat.append(redir.op.encode())
        if redir.op == "<<":
            flat.append(b"...")
        elif redir.dup is not None:
            flat.append(b"%d" % redir.dup if redir.dup >= 0 else b"-")
        else:
            flat.append(redir.target)
    return flat


def _pieces(item: object) -> list[object]:
    """What an item consists of, in order."""
    if isinstance(item, Simple):
        words: list[list[object]] = [[a.name + b"=", a.value] for a in item.assigns]
        words += [[word] for word in item.words]
        return [*_joined(words, b" "), *_redirections(item.redirs)]
    if isinstance(item, Word):
        return _word(item)
    if isinstance(item, Pipeline):
        return _joined([[command] for command in item.commands], b" | ")
    if isinstance(item, Not):
        return [b"! ", item.body]
    if isinstance(item, AndOr):
        flat: list[object] = [item.first]
        for is_or, command in item.rest:
            flat += [b" || " if is_or else b" && ", command]
        return flat
    if isinstance(item, Commands):
        return _joined([[command] for command in item.items], b"; ")
    if isinstance(item, Background):
        return [item.body, b" &"]
    if isinstance(item, Subshell):
        return [b"(", item.body, b")", *_redirections(item.redirs)]
    if isinstance(item, Redirected):
        return [item.body, *_redirections(item.redirs)]
    if isinstance(item, If):
        flat = []
        for index, (condition, body) in enumerate(item.clauses):
            flat += [b"; elif " if index else b"if ", condition, b"; then ", body]
        if item.otherwise is not None:
            flat += [b"; else ", item.otherwise]
        return [*flat, b"; fi"]
    if isinstance(item, While):
        keyword = b"until " if item.until else b"while "
        return [keyword, item.condition, b"; do ", item.body, b"; done"]
    if isinstance(item, For):
        listed = _joined([[word] for word in item.words], b" ")
        return [b"for ", item.name, b" in ", *listed, b"; do ", item.body, b"; done"]
    if isinstance(item, Case):
        flat = [b"case ", item.subject, b" in "]
        for patterns, branch in item.items:
            flat += [*_joined([[word] for word in patterns], b" | "), b") "]
            flat += [branch, b";; "] if branch is not None else [b";; "]
        return [*flat, b"esac"]
    if isinstance(item, Function):
        return [item.name, b"() { ... }"]
    return []


def _word(word: Word) -> list[object]:
    flat: list[object] = []
    quoted = False
    for part in word.parts:
        if part.quoted != quoted:
            flat.append(b'"')
            quoted = part.quoted
        if isinstance(part, Text):
            flat.append(_escaped(part.value) if quoted else part.value)
        elif isinstance(part, Param):
            if not part.op:
                braces = len(part.name) > 1 and not part.name[0:1].isalpha() and part.name[0] != 95
                flat.append(b"${" + part.name + b"}" if braces else b"$" + part.name)
            elif part.op == "len":
                flat.append(b"${#" + part.name + b"}")
            else:
                colon = b":" if part.colon else b""
                flat += [b"${" + part.name + colon + part.op.encode(), part.word, b"}"]
        elif isinstance(part, CommandSub):
            flat.append(b"$(...)")
        elif isinstance(part, Arithmetic):
            flat += [b"$((", part.word, b"))"]
    if quoted:
        flat.append(b'"')
    return flat


def command_names(nodes: list[Node]) -> list[bytes]:
    """The first word of every simple command in the trees, as far as it is literal."""
    names: list[bytes] = []
    todo: list[object] = list(reversed(nodes))
    while todo:
        item = todo.pop()
        if isinstance(item, Simple):
            if item.words and item.words[0].literal is not None:
                names.append(item.words[0].literal)
            todo.extend(reversed([*(a.value for a in item.assigns), *item.words]))
        elif isinstance(item, Word):
            todo.extend(reversed(item.parts))
        elif isinstance(item, CommandSub):
            if item.body is not None:
                todo.append(item.body)
        elif isinstance(item, (Param, Arithmetic)):
            if item.word is not None:
                todo.append(item.word)
        elif isinstance(item, Function):
            todo.append(item.body)
        elif not isinstance(item, bytes):
            todo.extend(p for p in reversed(_pieces(item)) if not isinstance(p, bytes))
    return names


def _escaped(text: bytes) -> bytes:
    """``text`` with a backslash before what is special between double quotes."""
    return b"".join(_ESCAPED.get(byte, b"%c" % byte) for byte in text)
