"""YAML 1.2 from a stranger: plain data with positions, and every mistake at once.

ruamel.yaml only splits the text into events; what they mean is decided here, so that depth, size
and alias expansion stay bounded and no tag can name a type. Scalars stay text: ``Plain`` when
written without quotes, so that ``mode: 0755`` and ``run: true`` reach the schema as typed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from minios.game.problems import Problem, dotted

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_VALUES = 20_000
"""Values in a file, aliases expanded: some hundred times what a large level has."""

Path = tuple[str | int, ...]
Mark = tuple[int, int]

NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Plain(str):
    """A scalar without quotes: it may stand for a number or a truth value."""

    __slots__ = ()


@dataclass(slots=True)
class _Node:
    kind: str  # scalar, map, list
    mark: Mark
    value: Any = None
    size: int = 1
    open: bool = True


@dataclass(slots=True)
class Document:
    """``data`` is dicts, lists, strings and None; ``values`` and ``keys`` place each path."""

    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def find(self, text: str, line: int, col: int) -> Mark:
        """The first place of ``text`` from a place on; that place itself if it is nowhere."""
        for number in range(line, len(self.lines) + 1):
            at = self.lines[number - 1].find(text, col - 1 if number == line else 0)
            if at >= 0:
                return number, at + 1
        return line, col

    def place(self, path: Path) -> Mark:
        """Where ``path`` begins: its key if it has one, else its value, else what holds it."""
        while path:
            mark = self.keys.get(path) or self.values.get(path)
            if mark is not None:
                return mark
            path = path[:-1]
        return self.values.get((), (1, 1))

    def complain(self, path: Path, text: str, mark: Mark | None = None) -> None:
        line, col = mark or self.place(path)
        self.problems.append(Problem(line, col, dotted(path), text))


class _Stop(Exception):
    """Nothing sensible can follow: the text is no YAML, or is too much."""

    def __init__(self, mark: Mark, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(*mark, "", text)


def read(raw: bytes) -> Document:
    """Read one document. Never raises: what is wrong is in ``problems``."""
    document = Document()
    try:
        text = _text(raw)
        document.lines = text.split("\n")
        root = _compose(_events(text))
        _Flatten(document).put((), root)
    except _Stop as stop:
        document.problems.append(stop.problem)
    return document


def _text(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _Stop((1, 1), f"the file is larger than {MAX_BYTES >> 20} MiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        before = raw[: err.start]
        col = err.start - (before.rfind(b"\n") + 1)
        raise _Stop((before.count(b"\n") + 1, col + 1), "not UTF-8") from None
    return text


def _events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    yaml = YAML(typ="safe", pure=True)
    mark = (1, 1)
    try:
        for event in yaml.parse(text):
            mark = _mark(event.start_mark)
            yield event
    except MarkedYAMLError as err:
        where = err.problem_mark or err.context_mark
        what = " ".join(str(part) for part in (err.context, err.problem) if part)
        raise _Stop(_mark(where) if where else mark, f"not YAML: {_printable(what)}") from None
    except _Stop:
        raise
    except Exception as err:
        # The scanner is somebody else's code on a stranger's text; whatever it trips over is a
        # finding about the file.
        raise _Stop(mark, f"not YAML: {_printable(str(err))}") from None


def _printable(text: str) -> str:
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "?" for char in line)[:200]


def _mark(mark: Any) -> Mark:
    return mark.line + 1, mark.column + 1


_SCALAR_TAGS = {
    f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null")
}
_COLLECTION_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


def _compose(events: Iterator[Any]) -> _Node:
    """One tree of nodes; an alias is the very node it names."""
    root: _Node | None = None
    stack: list[_Node] = []
    anchors: dict[str, _Node] = {}
    total = 0
    for event in events:
        kind = type(event).__name__
        if kind in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
            continue
        mark = _mark(event.start_mark)
        if kind == "DocumentStartEvent":
            if root is not None:
                raise _Stop(mark, "a level file holds one document")
            continue
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            node = stack.pop()
            node.open = False
            if stack:
                stack[-1].size += node.size
            continue
        if kind == "AliasEvent":
            node = anchors.get(str(event.anchor)) or _unknown_alias(mark, str(event.anchor))
            if node.open:
                raise _Stop(mark, f"*{_printable(str(event.anchor))} is inside what it names")
            total += node.size
            node = _Node(node.kind, mark, node.value, node.size, False)
        else:
            node = _node(event, kind, mark)
            total += 1
            if event.anchor:
                anchors[str(event.anchor)] = node
        if total > MAX_VALUES:
            raise _Stop(mark, f"more than {MAX_VALUES} values")
        if stack:
            stack[-1].value.append(node)
            if not node.open:
                stack[-1].size += node.size
        else:
            root = node
        if node.open:
            stack.append(node)
            if len(stack) > MAX_DEPTH:
                raise _Stop(mark, f"nested deeper than {MAX_DEPTH} levels")
    if root is None:
        raise _Stop((1, 1), "the file is empty")
    return root


def _unknown_alias(mark: Mark, name: str) -> _Node:
    raise _Stop(mark, f"*{_printable(name)} names no anchor before it")


def _node(event: Any, kind: str, mark: Mark) -> _Node:
    tag = str(event.tag) if event.tag else ""
    if kind != "ScalarEvent":
        if tag and tag not in _COLLECTION_TAGS:
            raise _Stop(mark, f"the tag {_printable(tag)[:60]} is not allowed")
        return _Node("map" if kind == "MappingStartEvent" else "list", mark, [])
    if tag and tag != "!" and tag not in _SCALAR_TAGS:
        raise _Stop(mark, f"the tag {_printable(tag)[:60]} is not allowed")
    text: str = event.value
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _Stop(mark, "half of a surrogate pair is no character")
    plain = event.style is None if not tag else tag != "!" and _SCALAR_TAGS[tag] != "str"
    if plain and text in NULLS:
        return _Node("scalar", mark, None, 1, False)
    return _Node("scalar", mark, Plain(text) if plain else str(text), 1, False)


class _Flatten:
    """Nodes to plain data: keys to strings, merge keys applied, duplicates reported."""

    def __init__(self, document: Document) -> None:
        self.document = document
        document.data = None

    def put(self, path: Path, node: _Node) -> None:
        self.document.data = self.value(path, node)

    def value(self, path: Path, node: _Node) -> Any:
        self.document.values[path] = node.mark
        if node.kind == "scalar":
            return node.value
        if node.kind == "list":
            return [self.value((*path, at), item) for at, item in enumerate(node.value)]
        data: dict[str, Any] = {}
        merged: list[_Node] = []
        for key, value in zip(node.value[::2], node.value[1::2], strict=True):
            if key.kind != "scalar":
                self.document.complain(path, "a key must be a word", key.mark)
                continue
            name = "" if key.value is None else str(key.value)
            if name == "<<" and isinstance(key.value, Plain):
                merged += self._merge(path, value)
                continue
            below = (*path, name)
            if name in data:
                first = self.document.keys[below][0]
                text = f"given twice (first on line {first})"
                self.document.complain(below, text, key.mark)
                continue
            self.document.keys[below] = key.mark
            data[name] = self.value(below, value)
        for source in merged:
            self._add_merged(path, source, data)
        return data

    def _merge(self, path: Path, value: _Node) -> list[_Node]:
        sources = value.value if value.kind == "list" else [value]
        good = [source for source in sources if source.kind == "map"]
        if len(good) != len(sources):
            self.document.complain(path, "<< takes a mapping, or a list of them", value.mark)
        return good

    def _add_merged(self, path: Path, source: _Node, data: dict[str, Any]) -> None:
        """Keys of ``source`` that ``data`` lacks (the merge key of YAML 1.1, still in use)."""
        for name, value in self._plain_items(source):
            if name not in data:
                below = (*path, name)
                self.document.keys[below] = value.mark
                data[name] = self.value(below, value)

    def _plain_items(self, source: _Node) -> Iterator[tuple[str, _Node]]:
        for key, value in zip(source.value[::2], source.value[1::2], strict=True):
            if key.kind != "scalar":
                continue
            name = "" if key.value is None else str(key.value)
            if name == "<<" and isinstance(key.value, Plain):
                for inner in value.value if value.kind == "list" else [value]:
                    if inner.kind == "map":
                        yield from self._plain_items(inner)
            else:
                yield name, value
