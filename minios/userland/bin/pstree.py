"""pstree: the processes as a tree (psmisc 23.6)."""

from dataclasses import dataclass, field
from typing import NamedTuple

from minios.userland.lib import users
from minios.userland.lib.proc import Process, processes
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain
from minios.userland.lib.utf8 import encode

USAGE = """
Usage: pstree [-acghlnpstTuV] [-H PID] [-A | -G | -U] [PID | USER]
   or: pstree -V

Draw the processes as a tree.

  -a, --arguments     with the command lines
  -A, --ascii         draw with ASCII characters
  -c, --compact-not   draw equal subtrees one by one
  -g, --show-pgids    with process group ids; implies -c
  -G, --vt100         draw with VT100 characters
  -h, --highlight-all highlight this process and its ancestors
  -H PID, --highlight-pid=PID
                      highlight that process and its ancestors
  -l, --long          do not cut long lines
  -n, --numeric-sort  order by pid
  -p, --show-pids     with pids; implies -c
  -s, --show-parents  with the ancestors of the chosen process
  -t, --thread-names  with the names of threads
  -T, --hide-threads  without threads
  -u, --uid-changes   with the user where it changes
  -U, --unicode       draw with Unicode characters
  -V, --version       version

  PID    start at this process; default is 1 (init)
  USER   only trees whose root belongs to this user
"""

_LONG = (
    "arguments=a", "ascii=A", "compact-not=c", "show-pgids=g", "vt100=G", "highlight-all=h",
    "highlight-pid:=H", "long=l", "numeric-sort=n", "show-pids=p", "show-parents=s",
    "thread-names=t", "hide-threads=T", "uid-changes=u", "unicode=U", "version=V",
)  # fmt: skip


class Symbols(NamedTuple):
    """What branches are drawn with."""

    empty: str
    branch: str
    vertical: str
    last: str
    single: str
    first: str


ASCII = Symbols("  ", "|-", "| ", "`-", "---", "-+-")
UNICODE = Symbols("  ", "├─", "│ ", "└─", "───", "─┬─")
VT100 = Symbols(
    "  ", "\033(0tq\033(B", "\033(0x\033(B ", "\033(0mq\033(B", "\033(0qqq\033(B", "\033(0qwq\033(B"
)


@dataclass(slots=True)
class Node:
    """A process and its children, in the order they are drawn."""

    process: Process
    children: list["Node"] = field(default_factory=list)
    lit: bool = False


@dataclass(slots=True)
class Drawing:
    """The tree being drawn: options, and the line so far with its width in cells."""

    symbols: Symbols
    users: dict[int, bytes]
    width: int
    arguments: bool = False
    compact: bool = True
    pids: bool = False
    pgids: bool = False
    uid_changes: bool = False
    lines: list[str] = field(default_factory=list)
    more: list[bool] = field(default_factory=list)
    indents: list[int] = field(default_factory=list)
    line: list[tuple[str, int]] = field(default_factory=list)
    at: int = 0

    def put(self, text: str, size: int | None = None) -> None:
        """Add to the line; ``size`` says how many cells text with escape sequences takes."""
        self.line.append((text, len(text) if size is None else size))
        self.at += self.line[-1][1]

    def symbol(self, text: str, size: int) -> None:
        self.put(text, size)

    def newline(self) -> None:
        """End the line. One that is too long ends in ``+`` at the edge."""
        over = bool(self.width) and self.at >= self.width
        room = self.width - 1 if over else self.at
        kept = []
        for text, size in self.line:
            kept.append(text[:room] if size == len(text) else text if size <= room else "")
            room = max(room - size, 0)
        self.lines.append("".join(kept) + ("+" if over else ""))
        self.line.clear()
        self.at = 0


def escape(text: bytes) -> str:
    """Bytes that ASCII cannot show become ``\\ooo``; a backslash is doubled."""
    return "".join(
        "\\\\" if byte == 92 else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
        for byte in text
    )


def grow(found: list[Process], *, by_pid: bool) -> dict[int, Node]:
    """Link the processes to their parents; children stand by name, or by pid."""
    nodes = {p.pid: Node(p) for p in found}
    for p in found:
        if p.ppid in nodes and p.ppid != p.pid:
            nodes[p.ppid].children.append(nodes[p.pid])
    for node in nodes.values():
        if by_pid:
            node.children.sort(key=lambda n: n.process.pid)
        else:
            node.children.sort(key=lambda n: (n.process.comm, n.process.euid, n.process.pid))
    return nodes


def equal(drawing: Drawing, a: Node, b: Node) -> bool:
    """Whether two subtrees look the same."""
    p, q = a.process, b.process
    if p.comm != q.comm or a.lit or b.lit or len(a.children) != len(b.children):
        return False
    if drawing.uid_changes and p.euid != q.euid:
        return False
    if drawing.pgids and p.pgrp != q.pgrp:
        return False
    return all(equal(drawing, x, y) for x, y in zip(a.children, b.children, strict=True))


def _bundles(drawing: Drawing, node: Node) -> list[tuple[Node, int]]:
    """The children, equal ones counted together unless that is off."""
    bundles: list[tuple[Node, int]] = []
    for child in node.children:
        if drawing.compact:
            for at, (other, count) in enumerate(bundles):
                if equal(drawing, other, child):
                    bundles[at] = (other, count + 1)
                    break
            else:
                bundles.append((child, 1))
        else:
            bundles.append((child, 1))
    return bundles


def draw(
    drawing: Drawing,
    node: Node,
    level: int = 0,
    count: int = 1,
    *,
    leaf: bool = True,
    last: bool = True,
    uid: int = 0,
    closing: int = 0,
) -> None:
    """Draw a subtree from where the line stands; ``leaf`` if it goes on the parent's line."""
    if not leaf:
        for at in range(level):
            drawing.put(" " * (drawing.indents[at] + 1))
            if at == level - 1:
                drawing.symbol(drawing.symbols.last if last else drawing.symbols.branch, 2)
            else:
                more = drawing.more[at + 1]
                drawing.symbol(drawing.symbols.vertical if more else drawing.symbols.empty, 2)
    start = drawing.at
    if count > 1:
        drawing.put(f"{count}*[")
    bare = drawing.arguments and not node.process.argv
    _label(drawing, node, uid, bare=bare)
    del drawing.more[level:], drawing.indents[level:]
    drawing.more.append(not last)
    if drawing.arguments or not node.children:
        drawing.put("]" * closing)
        drawing.newline()
    if drawing.arguments:
        drawing.indents.append(int(bare) + (len(node.process.comm) > 1))
    else:
        drawing.indents.append(drawing.at - start)
        if node.children and drawing.width and drawing.at >= drawing.width:
            drawing.put(" ")
            drawing.newline()
            return
    bundles = _bundles(drawing, node)
    for at, (child, same) in enumerate(bundles):
        is_last = at == len(bundles) - 1
        if not drawing.arguments and at == 0:
            only = drawing.symbols.single if is_last else drawing.symbols.first
            drawing.symbol(only, 3)
        draw(
            drawing,
            child,
            level + 1,
            same,
            leaf=not drawing.arguments and at == 0,
            last=is_last,
            uid=node.process.euid,
            closing=closing + (same > 1),
        )


def _label(drawing: Drawing, node: Node, uid: int, *, bare: bool) -> None:
    p = node.process
    if node.lit:
        drawing.put("\033[1m", 0)
    drawing.put(("(" if bare else "") + escape(p.comm))
    notes = []
    if drawing.pids:
        notes.append(str(p.pid))
    if drawing.pgids:
        notes.append(str(p.pgrp))
    if drawing.uid_changes and p.euid != uid:
        notes.append(escape(drawing.users.get(p.euid, b"%d" % p.euid)))
    if notes and drawing.arguments:
        drawing.put("," + ",".join(notes))
    elif notes:
        drawing.put("(" + ",".join(notes) + ")")
    if bare:
        drawing.put(")")
    elif drawing.arguments:
        for at, arg in enumerate(p.argv[1:]):
            text = escape(arg)
            spare = 0 if at == len(p.argv) - 2 else 4
            if drawing.width and drawing.at + 1 + len(text) > drawing.width - spare:
                drawing.put("...")
                break
            drawing.put(" " + text)
    if node.lit:
        drawing.put("\033[0m", 0)


def roots_of(nodes: dict[int, Node], uid: int) -> list[Node]:
    """The topmost processes of a user, in the order of the whole tree."""
    found: list[Node] = []
    tops = [n for n in nodes.values() if n.process.ppid not in nodes]
    stack = [(n, False) for n in reversed(tops)]
    while stack:
        node, inside = stack.pop()
        mine = node.process.euid == uid
        if mine and not inside:
            found.append(node)
        stack += [(child, inside or mine) for child in reversed(node.children)]
    return found


def with_parents(nodes: dict[int, Node], node: Node) -> Node:
    """The ancestors of a process, each with that one child."""
    while (parent := nodes.get(node.process.ppid)) is not None and parent is not node:
        node = Node(parent.process, [node], parent.lit)
    return node


async def _width(tool: Tool) -> int:
    """Columns of the terminal, 132 without one."""
    given = tool.env.get(b"COLUMNS", b"")
    if given.isdigit() and int(given[:5]):
        return int(given[:5])
    try:
        return (await tool.sys.winsize(1)).cols or 132
    except OSError:
        return 132


async def _refuse(tool: Tool, text: str = "") -> int:
    if text:
        await complain(tool.sys, text.encode())
    return 1


@program(USAGE, "aAcgGhH:lnpsStTuUVZ", _LONG)
async def pstree(tool: Tool) -> int:
    """pstree(1)."""
    options = tool.options
    if "V" in options:
        await tool.line(b"pstree (PSmisc) 23.6")
        return 0
    if len(tool.operands) > 1:
        await complain(tool.sys, USAGE.strip().encode())
        return 1
    accounts = await users.passwd(tool.sys)
    found = await processes(tool.sys)
    await tool.retain(400 * len(found))
    await tool.sys.compute(20 * len(found))
    nodes = grow(found, by_pid="n" in options)

    start: list[Node] = []
    if not tool.operands:
        start = [nodes[1]] if 1 in nodes else []
    elif tool.operands[0].isdigit():
        node = nodes.get(int(tool.operands[0][:9]))
        start = [node] if node else []
    else:
        account = next((a for a in accounts if a.name == tool.operands[0]), None)
        if account is None:
            return await _refuse(tool, f"No such user name: {tool.operands[0].decode('latin-1')}")
        start = roots_of(nodes, account.uid)
        if not start:
            return await _refuse(tool, "No processes found.")

    lit = options.last("H")
    here = await tool.sys.getpid() if "h" in options else int(lit) if lit and lit.isdigit() else 0
    while here in nodes and not nodes[here].lit:
        nodes[here].lit = True
        here = nodes[here].process.ppid

    terminal = await tool.sys.isatty(1)
    symbols = UNICODE if terminal else ASCII
    for flag, _ in options.flags:
        symbols = {"A": ASCII, "G": VT100, "U": UNICODE}.get(flag, symbols)
    drawing = Drawing(
        symbols,
        {a.uid: a.name for a in reversed(accounts)},
        0 if "l" in options else await _width(tool),
        arguments="a" in options,
        compact=not any(flag in options for flag in "acp"),
        pids="p" in options,
        pgids="g" in options,
        uid_changes="u" in options,
    )
    for at, node in enumerate(start):
        if at:
            drawing.newline()
        if "s" in options:
            node = with_parents(nodes, node)
        draw(drawing, node, uid=node.process.euid if tool.operands else 0)
        for line in drawing.lines:
            await tool.sys.compute(10 + len(line) // 8)
            await tool.line(encode(line))
        drawing.lines.clear()
    return 0
