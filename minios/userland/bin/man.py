"""man, apropos, whatis and help: the manual at hand."""

from contextlib import suppress

from minios.abi.sys import Sys
from minios.userland.lib.execvp import execvp
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file, write_all
from minios.userland.man import Page, layout, parse

MAN = """
Usage: man [-k | -f] [SECTION] NAME...
Show the manual page of NAME; space scrolls, q quits.

  -k, --apropos  list the pages whose name or summary has the word NAME
  -f, --whatis   list the pages called NAME
"""

HELP = """
Usage: help [NAME]
What can be typed here; with NAME, how that command is used.
"""

ARCHIVE = b"/usr/share/man/pages"
NOT_FOUND = 16
WIDEST = 100

TOPICS = (
    ("look around", "ls cat less head tail find file stat pwd cd grep wc"),
    ("processes", "ps pstree top kill pkill killall jobs fg bg nice renice"),
    ("files", "cp mv rm mkdir rmdir touch ln chmod chown nano diff"),
    ("text", "sort uniq cut tr sed awk paste tee xargs"),
    ("the machine", "date uptime free df hostname whoami id who su sudo"),
    ("the game", "goals hint restart status"),
)


async def _pages(tool: Tool) -> list[Page]:
    try:
        text = await read_file(tool.sys, ARCHIVE)
    except OSError:
        return []
    await tool.retain(2 * len(text))
    await tool.sys.compute(1 + len(text) // 64)
    return parse(text.decode("utf-8", "replace"))


async def _width(tool: Tool) -> int:
    try:
        return min((await tool.sys.winsize(1)).cols or 80, WIDEST)
    except OSError:
        return 80


@program(MAN, "kf", ("apropos=k", "whatis=f"))
async def man(tool: Tool) -> int:
    """man(1)."""
    words = [word.decode("utf-8", "replace") for word in tool.operands]
    if "k" in tool.options or "f" in tool.options:
        return await _list(tool, words, exact="f" in tool.options)
    section = ""
    if len(words) > 1 and words[0].isdigit():
        section = words.pop(0)
    if not words:
        raise Failure(b"What manual page do you want?\nFor example, try 'man ls'.")
    text: list[str] = []
    for name in words:
        own = await _own_page(tool, name, section)
        if own is not None:
            text.append(own)
            continue
        found = [
            page
            for page in await _pages(tool)
            if name in page.names and section in ("", page.section)
        ]
        if found:
            width = await _width(tool)
            text.append("\n".join(layout(found[0], width)))
            continue
        missing = f"No manual entry for {name}" + (f" in section {section}" if section else "")
        await tool.out.flush()
        await write_all(tool.sys, 2, missing.encode() + b"\n")
        tool.status = NOT_FOUND
    if text:
        await _show(tool, "\n".join(text).encode())
    return tool.status


async def _own_page(tool: Tool, name: str, section: str) -> str | None:
    """A page that somebody put on the machine as a file of its own."""
    if "/" in name:
        return None
    for number in section or "12345678":
        path = f"/usr/share/man/man{number}/{name}.{number}".encode()
        try:
            return (await read_file(tool.sys, path)).decode("utf-8", "replace")
        except OSError:
            continue
    return None


async def _show(tool: Tool, text: bytes) -> None:
    """Through the pager on a terminal, plainly elsewhere."""
    if not await tool.sys.isatty(1):
        tool.out.put(text)
        await tool.out.flush()
        return
    reading, writing = await tool.sys.pipe()
    pid = await tool.sys.fork(_pager, tool.env, reading, writing)
    await tool.sys.close(reading)
    with suppress(OSError):  # the reader has left
        await write_all(tool.sys, writing, text)
    await tool.sys.close(writing)
    await tool.sys.waitpid(pid)


async def _pager(sys: Sys, env: dict[bytes, bytes], reading: int, writing: int) -> int:
    await sys.dup2(reading, 0)
    await sys.close(writing)
    await sys.close(reading)
    try:
        await execvp(sys, [b"less"], env)
    except OSError:
        return 127
    return 0


async def _list(tool: Tool, words: list[str], *, exact: bool) -> int:
    if not words:
        raise Failure((b"whatis" if exact else b"apropos") + b" what?")
    status = 0
    for word in words:
        found = False
        for page in await _pages(tool):
            text = " ".join((*page.names, page.summary)).lower()
            if word in page.names if exact else word.lower() in text:
                found = True
                names = ", ".join(page.names)
                await tool.line(f"{f'{names} ({page.section})':<20} - {page.summary}".encode())
        if not found:
            status = NOT_FOUND
            await tool.out.flush()
            await write_all(tool.sys, 2, f"{word}: nothing appropriate.\n".encode())
    return status


@program(MAN, "")
async def apropos(tool: Tool) -> int:
    """apropos(1): man -k."""
    return await _list(tool, [w.decode("utf-8", "replace") for w in tool.operands], exact=False)


@program(MAN, "")
async def whatis(tool: Tool) -> int:
    """whatis(1): man -f."""
    return await _list(tool, [w.decode("utf-8", "replace") for w in tool.operands], exact=True)


@program(HELP, "")
async def help_(tool: Tool) -> int:
    """help(1)."""
    pages = {name: page for page in reversed(await _pages(tool)) for name in page.names}
    names = [word.decode("utf-8", "replace") for word in tool.operands]
    for name in names:
        page = pages.get(name)
        if page is None:
            raise Failure(f"no help for {name!r}. Try 'man -k {name}'.".encode())
        for usage in page.synopsis:
            await tool.line(f"{usage}".encode())
        await tool.line(f"    {page.summary}".encode())
        for line in page.body:
            if line.startswith(("-", "$")):
                await tool.line(f"    {line}".encode())
        await tool.line(f"    More: man {name}".encode())
    if names:
        return 0
    await tool.line(b"Type a command and press Enter. Some to begin with:")
    await tool.line(b"")
    for topic, commands in TOPICS:
        await tool.line(f"  {topic:<13}{commands}".encode())
    await tool.line(b"")
    await tool.line(b"  help NAME    how a command is used      man NAME   the whole page")
    await tool.line(b"  Tab          completes names            up arrow   brings lines back")
    await tool.line(b"  ctrl+c       ends what runs             ctrl+z     stops it, fg goes on")
    return 0
