"""conntrack's commands."""

from __future__ import annotations

from collections.abc import AsyncIterator

from minios.abi import ctnetlink as ct
from minios.abi import netlink as nl
from minios.abi.errno import Errno, strerror
from minios.abi.flags import CLOCK_REALTIME
from minios.abi.signals import Sig
from minios.abi.sockets import AF_NETLINK, SOCK_RAW
from minios.abi.sys import Sys
from minios.userland.bin.conntrack.arguments import Problem, Request, parse
from minios.userland.bin.conntrack.text import EVENTS, XML_HEAD, XML_TAIL, line, xml
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import read_file, write_all

VERSION = "conntrack v1.4.7 (conntrack-tools)"
BLOCK = 65536

USAGE = """
Usage: conntrack [commands] [options]

Commands:
  -L [table] [options]   list connections
  -G [table] parameters  get one
  -D [table] parameters  delete
  -E [table] [options]   show events
  -F [table]             delete all
  -C [table]             how many there are
  -S                     statistics

Tables: conntrack, expect, dying, unconfirmed

Parameters:
  -s, --src, --orig-src ip   source of the original direction
  -d, --dst, --orig-dst ip   its destination
  -r, --reply-src ip         source of the replies
  -q, --reply-dst ip         their destination
  -p, --protonum proto       tcp, udp, icmp or a number; then --sport, --dport, --reply-port-src,
                             --reply-port-dst, --state, --icmp-type, --icmp-code, --icmp-id
  -u, --status status        ASSURED, SEEN_REPLY, UNREPLIED, SRC_NAT, DST_NAT …
  -n, --src-nat [ip]  -g, --dst-nat [ip]  -j, --any-nat [ip]  translated ones
  -e, --event-mask mask      NEW,UPDATES,DESTROY
  -o, --output type          extended, id, timestamp, xml
"""


@program(USAGE)
async def conntrack(tool: Tool) -> int:
    """conntrack(8)."""
    args = [word.decode("utf-8", "surrogateescape") for word in tool.argv[1:]]
    try:
        return await _run(tool, parse(args))
    except Problem as problem:
        await tool.out.flush()
        text = f"{VERSION}: {problem.text}\n"
        if problem.status == 2:
            text += "Try `conntrack -h' or 'conntrack --help' for more information.\n"
        await write_all(tool.sys, 2, text.encode("utf-8", "surrogateescape"))
        return problem.status


async def _run(tool: Tool, request: Request) -> int:
    command = request.command
    if command == "V":
        await tool.line(VERSION.encode())
        return 0
    if command in ("", "h"):
        tool.out.put(USAGE.strip().encode() + b"\n")
        return 0
    if command in "IU":
        raise Problem("Operation failed: not supported here", 1)
    link = Link(tool.sys)
    await link.open()
    if command == "L":
        return await _list(tool, link, request)
    if command == "C":
        await tool.line(b"%d" % await link.count())
        return 0
    if command == "S":
        return await _statistics(tool, link)
    if command == "F":
        await link.ask(ct.CT_DELETE, nl.NLM_F_ACK, ct.NFGENMSG)
        await _say(tool, "connection tracking table has been emptied.")
        return 0
    if command == "D":
        return await _delete(tool, link, request)
    if command == "G":
        return await _get(tool, link, request)
    return await _events(tool, link, request)


class Link:
    """A socket to ctnetlink."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.fd = -1
        self.seq = 0

    async def open(self, groups: int = 0) -> None:
        """Problem for who may not."""
        try:
            self.fd = await self.sys.socket(AF_NETLINK, SOCK_RAW, nl.NETLINK_NETFILTER)
            await self.sys.bind(self.fd, nl.NetlinkAddress(0, groups))
        except OSError as err:
            raise _failed(err.errno or 0) from None

    async def ask(self, kind: int, flags: int, body: bytes) -> list[nl.Nlmsg]:
        """The answers to a request. Problem."""
        self.seq += 1
        message = nl.Nlmsg(kind, nl.NLM_F_REQUEST | flags, self.seq, 0, body)
        await self.sys.send(self.fd, message.pack())
        found: list[nl.Nlmsg] = []
        while True:
            for answer in nl.messages(await self.sys.recv(self.fd, BLOCK)):
                if answer.type == nl.NLMSG_DONE:
                    return found
                if answer.type == nl.NLMSG_ERROR:
                    number, _ = nl.parse_error(answer)
                    if number:
                        raise _failed(number)
                    return found
                found.append(answer)
                if not answer.flags & nl.NLM_F_MULTI and not flags & nl.NLM_F_ACK:
                    return found

    async def flows(self) -> list[ct.Flow]:
        """All connections."""
        answers = await self.ask(ct.CT_GET, nl.NLM_F_DUMP, ct.NFGENMSG)
        flows = [ct.parse(answer.body) for answer in answers]
        return [flow for flow in flows if flow is not None]

    async def count(self) -> int:
        """How many there are."""
        (answer,) = await self.ask(ct.CT_GET_STATS, 0, ct.NFGENMSG)
        found = nl.attributes(answer.body[4:])
        return int.from_bytes(found.get(ct.STATS_GLOBAL_ENTRIES, b""), "big")

    async def events(self) -> AsyncIterator[nl.Nlmsg]:
        """What happens, for ever."""
        while True:
            for message in nl.messages(await self.sys.recv(self.fd, BLOCK)):
                yield message


def _failed(number: int) -> Problem:
    words = {
        Errno.EPERM: "sorry, you must be root or get CAP_NET_ADMIN capability to do this",
        Errno.ENOENT: "such conntrack doesn't exist",
        Errno.EINVAL: "invalid parameters",
    }
    text = next((text for errno, text in words.items() if errno == number), strerror(number))
    return Problem(f"Operation failed: {text}", 1)


async def _say(tool: Tool, text: str) -> None:
    """What conntrack tells on standard error when it is done."""
    await tool.out.flush()
    await write_all(tool.sys, 2, f"{VERSION}: {text}\n".encode())


async def _show(tool: Tool, flow: ct.Flow, request: Request) -> None:
    output = request.output
    if "xml" in output:
        text = xml(flow)
    else:
        text = line(flow, extended="extended" in output, ident="id" in output)
    await tool.line(text.encode())


async def _list(tool: Tool, link: Link, request: Request) -> int:
    if request.table != "conntrack":
        what = "expectations" if request.table == "expect" else "flow entries"
        await _say(tool, f"0 {what} have been shown.")
        return 0
    shown = 0
    for flow in await link.flows():
        if request.wants(flow):
            if "xml" in request.output and not shown:
                await tool.line(XML_HEAD.encode())
            await _show(tool, flow, request)
            shown += 1
    if "xml" in request.output and shown:
        await tool.line(XML_TAIL.encode())
    await _say(tool, f"{shown} flow entries have been shown.")
    return 0


async def _delete(tool: Tool, link: Link, request: Request) -> int:
    deleted = 0
    for flow in await link.flows():
        if request.wants(flow):
            body = ct.Flow(flow.original, ident=flow.ident).pack()
            await link.ask(ct.CT_DELETE, nl.NLM_F_ACK, body)
            await _show(tool, flow, request)
            deleted += 1
    await _say(tool, f"{deleted} flow entries have been deleted.")
    return 0 if deleted else 1


async def _get(tool: Tool, link: Link, request: Request) -> int:
    ends = request.ends
    key = (
        ends.get("src", 0), ends.get("dst", 0), request.protocol, ends.get("sport", 0),
        ends.get("dport", 0),
    )  # fmt: skip
    for answer in await link.ask(ct.CT_GET, 0, ct.Flow(key).pack()):
        flow = ct.parse(answer.body)
        if flow is not None:
            await _show(tool, flow, request)
    await _say(tool, "1 flow entries have been shown.")
    return 0


async def _statistics(tool: Tool, link: Link) -> int:
    names = (
        "found", "invalid", "insert", "insert_failed", "drop", "early_drop", "error",
        "search_restart", "clash_resolve", "chaintoolong",
    )  # fmt: skip
    for answer in await link.ask(ct.CT_GET_STATS_CPU, nl.NLM_F_DUMP, ct.NFGENMSG):
        found = nl.attributes(answer.body[4:])
        core = int.from_bytes(answer.body[2:4], "big")
        text = f"cpu={core:<4}\t"
        for name in names:
            value = int.from_bytes(found.get(ct.STATS.index(name) + 1, b""), "big")
            text += f"{name}={value} "
        await tool.line(text.encode())
    return 0


async def _events(tool: Tool, link: Link, request: Request) -> int:
    """-E, until a signal comes."""
    groups = 0
    for name, group in (
        ("NEW", ct.GROUP_NEW), ("UPDATES", ct.GROUP_UPDATE), ("DESTROY", ct.GROUP_DESTROY)
    ):  # fmt: skip
        if not request.events or name in request.events or "ALL" in request.events:
            groups |= 1 << group - 1
    sys = tool.sys
    await sys.bind(link.fd, nl.NetlinkAddress(0, groups))
    stopped: list[int] = []

    async def caught(sys: Sys, sig: int) -> None:
        stopped.append(sig)

    for sig in (Sig.SIGINT, Sig.SIGTERM):
        await sys.sigaction(sig, caught)
    shown = 0
    try:
        async for message in link.events():
            flow = ct.parse(message.body)
            if flow is None or not request.wants(flow):
                continue
            if message.type == ct.CT_DELETE:
                event = "DESTROY"
            else:
                event = "NEW" if message.flags & nl.NLM_F_CREATE else "UPDATE"
            await _event(tool, request, flow, event, message.pid)
            shown += 1
    except OSError as err:
        if err.errno != Errno.EINTR or not stopped:
            raise
    await _say(tool, f"{shown} flow events have been shown.")
    return 0


async def _event(tool: Tool, request: Request, flow: ct.Flow, event: str, pid: int) -> None:
    output = request.output
    if "xml" in output:
        await tool.line(xml(flow, event).encode())
    else:
        text = ""
        if "timestamp" in output:
            now = await tool.sys.clock_gettime(CLOCK_REALTIME) // 1000
            text = f"[{now // 1_000_000}.{now % 1_000_000:06d}]\t"
        text += EVENTS[event]
        text += line(flow, extended="extended" in output, ident="id" in output)
        if pid:
            text += f" [USERSPACE] portid={pid}"
            try:
                name = await read_file(tool.sys, b"/proc/%d/comm" % pid)
                text += f" progname={name.decode('latin-1').strip()}"
            except OSError:
                pass
        await tool.line(text.encode())
    await tool.out.flush()
