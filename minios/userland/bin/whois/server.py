"""whoisd: answers from registry data (RFC 3912), with the flags and errors of RIPE's server."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from minios.abi.flags import POLLIN
from minios.abi.inet import ip_text
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.userland.bin.whois.database import (
    CONTACTS,
    BadData,
    Database,
    Entry,
    parse,
    parse_range,
)
from minios.userland.lib.net.daemon import ERR, Log, background, tcp
from minios.userland.lib.net.stream import Stream
from minios.userland.lib.net.tasks import Loop, ready
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, list_dir, read_file, why

USAGE = """
Usage: whoisd [-F] [-d DIRECTORY] [-f FILE]... [-p PORT] [-t]
Answers whois queries from registry data: who holds which addresses.

  -d DIRECTORY  where the data is: every *.db (/etc/whois)
  -f FILE       this file, too
  -F            stay in the foreground
  -p PORT       another port than 43
  -t            only look whether the data is right
"""
FOLDER = b"/etc/whois"
NS = 1_000_000_000
IDLE = 60 * NS
CLIENTS = 64
QUERY_MAX = 1024
ANSWER_MAX = 500
"""Objects in one answer."""
BANNER = "% A registry of addresses. Objects are in RPSL (RFC 2622).\n\n"
FILTERED = "% Mail addresses are left out; -B shows them.\n\n"
_ADDRESSES = ("inetnum", "route")


@dataclass(slots=True)
class Query:
    """Flags of a query, and what is asked for."""

    text: str = ""
    flags: str = ""
    types: list[str] = field(default_factory=list)
    inverse: list[str] = field(default_factory=list)


def read_query(line: str) -> Query:
    """``-r -T inetnum 192.0.2.1``."""
    query = Query()
    rest = line.split()
    words: list[str] = []
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or len(word) < 2:
            words.append(word)
            continue
        if word.startswith("--"):
            known = {"--no-referenced": "r", "--all-more": "M", "--all-less": "L", "--exact": "x"}
            query.flags += known.get(word, "")
            continue
        for at, letter in enumerate(word[1:], 1):
            if letter in "TisgVtv":
                value = word[at + 1 :] or (rest.pop(0) if rest else "")
                if letter == "T":
                    query.types = value.lower().split(",")
                elif letter == "i":
                    query.inverse = value.lower().split(",")
                break
            query.flags += letter
    query.text = " ".join(words)
    return query


def answer(database: Database, line: str) -> str:
    """The whole answer to a line."""
    query = read_query(line)
    if not query.text:
        return BANNER + "%ERROR:106: no search key specified\n%\n% No search key specified\n\n\n"
    found = _find(database, query)
    if query.types:
        found = [entry for entry in found if entry.kind in query.types]
    if not found:
        return (
            BANNER + "%ERROR:101: no entries found\n%\n"
            "% Nothing is known of that here.\n\n\n" + _end()
        )
    found = found[:ANSWER_MAX]
    text = BANNER + ("" if "B" in query.flags else FILTERED)
    shown: dict[int, bool] = {}
    position = {id_: number for number, id_ in enumerate(map(_identity, database.entries))}
    for entry in found:
        text += f"% Information related to '{entry.key}'\n\n"
        mail = _abuse(database, entry)
        if mail:
            text += f"% Abuse contact for '{entry.key}' is '{mail}'\n\n"
        text += _text(entry, query) + "\n"
        shown[position.get(_identity(entry), -1)] = True
        if "r" in query.flags:
            continue
        for other in _referenced(database, entry):
            number = position.get(_identity(other), -1)
            if number not in shown:
                shown[number] = True
                text += _text(other, query) + "\n"
    return text + _end()


def _identity(entry: Entry) -> tuple[str, str]:
    return entry.kind, entry.key


def _end() -> str:
    return "% Answered by whoisd\n\n\n"


def _find(database: Database, query: Query) -> list[Entry]:
    text, flags = query.text, query.flags
    if query.inverse:
        return database.inverse(query.inverse, text)
    try:
        first, last = parse_range(text)
    except ValueError:
        pass
    else:
        kinds = tuple(query.types) or _ADDRESSES
        holders = database.ranges(first, last, kinds)
        if "x" in flags:
            return [e for e in holders if (e.first, e.last) == (first, last)]
        if "L" in flags:
            return holders
        if "M" in flags:
            return database.inside(first, last, kinds)
        if "m" in flags:
            inner = database.inside(first, last, kinds)
            return [
                e for e in inner
                if not any(o is not e and o.first <= e.first and e.last <= o.last
                           and (o.first, o.last) != (e.first, e.last) for o in inner)
            ]  # fmt: skip
        found: list[Entry] = []
        for kind in kinds:
            same = [e for e in holders if e.kind == kind]
            if "l" in flags:
                same = [e for e in same if (e.first, e.last) != (first, last)]
            if same:
                size = same[-1].last - same[-1].first
                found += [e for e in same if e.last - e.first == size]
        return found
    return database.named(text) or database.domain(text)


def _abuse(database: Database, entry: Entry) -> str:
    """The address for complaints: of the object, or of its organisation or role."""
    if entry.get("abuse-mailbox"):
        return entry.get("abuse-mailbox")
    if entry.kind not in ("inetnum", "aut-num"):
        return ""
    for name in ("abuse-c", "org"):
        for handle in entry.every(name):
            for other in database.named(handle):
                mail = other.get("abuse-mailbox") or (
                    _abuse_role(database, other) if name == "org" else ""
                )
                if mail:
                    return mail
    return ""


def _abuse_role(database: Database, organisation: Entry) -> str:
    for handle in organisation.every("abuse-c"):
        for role in database.named(handle):
            if role.get("abuse-mailbox"):
                return role.get("abuse-mailbox")
    return ""


def _referenced(database: Database, entry: Entry) -> list[Entry]:
    """Organisations and contacts that an object names."""
    found: list[Entry] = []
    for name in CONTACTS:
        for handle in entry.every(name):
            found += [e for e in database.named(handle) if e.kind in
                      ("organisation", "person", "role")]  # fmt: skip
    return found


def _text(entry: Entry, query: Query) -> str:
    if "K" in query.flags:
        return f"{entry.kind + ':':<16}{entry.attributes[0][1]}\n"
    if "B" in query.flags:
        return entry.text()
    # Addresses for mail are nobody's business, but for those that are there to be written to.
    hidden = ("e-mail", "notify", "changed")
    kept = [(key, value) for key, value in entry.attributes if key not in hidden]
    text = Entry(kept).text()
    if len(kept) < len(entry.attributes):
        lines = text.split("\n")
        text = "\n".join(
            line + " # Filtered" if line.startswith("source:") else line for line in lines
        )
    return text


@program(USAGE, "Fd:f:p:t")
async def whoisd(tool: Tool) -> int:
    """whoisd(8)."""
    sys, options = tool.sys, tool.options
    files = options.every("f")
    folder = options.last("d") or (b"" if files else FOLDER)
    try:
        database = await _load(tool, folder, files)
    except BadData as err:
        await complain(sys, b"whoisd: " + str(err).encode("latin-1"))
        return 1
    except OSError as err:
        await complain(sys, b"whoisd: " + (folder or files[0]) + b": " + why(err))
        return 1
    if "t" in options:
        await tool.line(b"%d objects" % len(database.entries))
        return 0
    port = options.last("p") or b"43"
    if not port.isdigit() or int(port) > 65535:
        await complain(sys, b"whoisd: invalid port: " + port)
        return 1
    try:
        fd = await tcp(sys, (0, int(port)))
    except OSError as err:
        await complain(sys, b"whoisd: port " + port + b": " + why(err))
        return 1
    server = Server(tool, database, folder, files, fd)
    if "F" in options:
        return await server.run(sys)
    await background(sys, _child, server)
    return 0


async def _child(sys: Sys, server: Server) -> int:
    return await server.run(sys)


async def _load(tool: Tool, folder: bytes, files: list[bytes]) -> Database:
    """Every file's objects. BadData, OSError."""
    paths = list(files)
    if folder:
        paths += [
            folder + b"/" + name for name in await list_dir(tool.sys, folder)
            if name.endswith(b".db")
        ]  # fmt: skip
    entries: list[Entry] = []
    for path in paths:
        data = await read_file(tool.sys, path, 8 << 20)
        await tool.retain(len(data) * 2)
        entries += parse(data.decode("utf-8", "replace"), path.decode("latin-1"))
    return Database(entries)


class Server:
    """The process."""

    def __init__(
        self, tool: Tool, database: Database, folder: bytes, files: list[bytes], fd: int
    ) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.database = database
        self.folder = folder
        self.files = files
        self.fd = fd
        self.clients = 0
        self.log = Log(tool.sys, b"whoisd")
        self.loop = Loop(tool.sys)

    async def run(self, sys: Sys) -> int:
        self.sys = sys
        self.log = Log(sys, b"whoisd")
        self.loop = Loop(sys)
        await self.loop.on_signal(Sig.SIGHUP, self.hangup)
        await self.loop.on_signal(Sig.SIGTERM, self.terminate)
        self.loop.start(self.accept)
        await self.log.say(f"serving {len(self.database.entries)} objects")
        await self.loop.run()
        return 0

    async def terminate(self) -> None:
        self.loop.stop()

    async def hangup(self) -> None:
        """Read the data again; with an error the old stays."""
        try:
            self.database = await _load(self.tool, self.folder, self.files)
        except BadData as err:
            await self.log.say(str(err), ERR)
        except OSError as err:
            await self.log.say(why(err), ERR)
        else:
            await self.log.say(f"reloaded: {len(self.database.entries)} objects")

    async def accept(self) -> None:
        while True:
            await ready(self.fd, POLLIN)
            try:
                fd, address = await self.sys.accept(self.fd)
            except OSError:
                continue
            if self.clients >= CLIENTS:
                await self.sys.close(fd)
                continue
            self.clients += 1
            self.loop.start(self.serve, fd, address)

    async def serve(self, fd: int, address: tuple[int, int]) -> None:
        stream = Stream(self.sys, fd, IDLE, task=True)
        with suppress(OSError):
            line = (await stream.line(QUERY_MAX)).decode("latin-1").strip()
            await self.sys.compute(200 + 2 * len(self.database.entries))
            await self.log.say(f"{ip_text(address[0])}: {line}")
            await stream.write(answer(self.database, line).encode("utf-8"))
        self.clients -= 1
        await self.sys.close(fd)
