"""tcpdump: show or save what passes an interface (tcpdump 4.99.3, libpcap 1.10.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.inet import PROTOCOLS
from minios.abi.signals import SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.net.wire.pcap import LINKTYPE_LINUX_SLL2, SNAPLEN, FileHeader
from minios.userland.bin.tcpdump.dump import Settings
from minios.userland.bin.tcpdump.expression import Filter, compiled
from minios.userland.bin.tcpdump.match import Meta
from minios.userland.bin.tcpdump.packet import Printer
from minios.userland.bin.tcpdump.primitives import Known
from minios.userland.bin.tcpdump.source import (
    Live,
    Packet,
    Saved,
    description,
    interfaces,
    link_text,
)
from minios.userland.bin.tcpdump.tokens import BadFilter, UnknownName
from minios.userland.lib.net import services
from minios.userland.lib.net.lookup import addresses, host_name
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Writer, complain, read_file, why, write_all

VERSION = b"tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\n"
USAGE = b"""\
Usage: tcpdump [-AbdDefhHIJKlLnNOpqStuUvxX#] [ -B size ] [ -c count ] [--count]
\t\t[ -C file_size ] [ -E algo:secret ] [ -F file ] [ -G seconds ]
\t\t[ -i interface ] [ --immediate-mode ] [ -j tstamptype ]
\t\t[ -M secret ] [ --number ] [ --print ] [ -Q in|out|inout ]
\t\t[ -r file ] [ -s snaplen ] [ -T type ] [ --version ]
\t\t[ -V file ] [ -w file ] [ -W filecount ] [ -y datalinktype ]
\t\t[ --time-stamp-precision precision ] [ --micro ] [ --nano ]
\t\t[ -z postrotate-command ] [ -Z user ] [ expression ]
"""
_SHORT = "AbB:c:DefF:hHi:IJj:KlLnNOpqQ:r:s:StT:uUvw:xXy:Z:#"
_LONG = (
    "buffer-size:=B", "list-interfaces=D", "help=h", "interface:=i", "monitor-mode=I",
    "time-stamp-type:=j", "list-time-stamp-types=J", "dont-verify-checksums=K",
    "list-data-link-types=L", "no-optimize=O", "no-promiscuous-mode=p", "direction:=Q",
    "snapshot-length:=s", "absolute-tcp-sequence-numbers=S", "packet-buffered=U",
    "linktype:=y", "immediate-mode", "debug", "relinquish-privileges:=Z", "number=#", "print",
    "version", "count", "time-stamp-precision:", "micro", "nano",
)  # fmt: skip
NS = 1_000_000_000


@dataclass(slots=True)
class Options:
    """What the command line asks for."""

    device: str = ""
    reading: bytes | None = None
    writing: bytes | None = None
    count: int = -1
    snaplen: int = SNAPLEN
    promiscuous: bool = True
    direction: str = "inout"
    lined: bool = False
    unbuffered: bool = False
    printing: bool = False
    counting: bool = False
    nano: bool = False
    action: str = ""
    expression: str = ""
    settings: Settings = field(default_factory=Settings)


@program("")
async def tcpdump(tool: Tool) -> int:
    """tcpdump(8)."""
    try:
        options = await _options(tool)
    except UsageError as err:
        await write_all(tool.sys, 2, b"tcpdump: " + str(err).encode("latin-1") + b"\n")
        await write_all(tool.sys, 2, VERSION + USAGE)
        return 1
    if options.action == "version":
        await write_all(tool.sys, 1, VERSION)
        return 0
    if options.action == "help":
        await write_all(tool.sys, 1, VERSION + USAGE)
        return 0
    if options.action == "list":
        return await _list(tool)
    return await _Capture(tool, options).run()


async def _options(tool: Tool) -> Options:
    parsed = parse(tool.argv[1:], _SHORT, _LONG, permute=False)
    options = Options()
    settings = options.settings
    times = 0
    for flag, value in parsed.flags:
        text = (value or b"").decode("latin-1")
        if flag in _SWITCHES:
            setattr(settings, _SWITCHES[flag], True)
        elif flag in _COUNTS:
            setattr(settings, _COUNTS[flag], getattr(settings, _COUNTS[flag]) + 1)
        elif flag == "t":
            times += 1
        elif flag in _OWN:
            name, wanted = _OWN[flag]
            setattr(options, name, wanted)
        else:
            _argument(options, flag, text, value or b"")
    settings.t = times
    if times > 5:
        raise Failure(b"only -t, -tt, -ttt, -tttt, and -ttttt are supported")
    words = b" ".join(parsed.operands)
    path = parsed.last("F")
    if path is not None:
        try:
            words = await read_file(tool.sys, path)
        except OSError as err:
            raise Failure(b"can't open " + path + b": " + why(err)) from None
    options.expression = words.decode("latin-1")
    return options


_SWITCHES = {
    "e": "ether", "n": "numeric", "N": "domainless", "K": "no_checksums", "S": "absolute",
    "#": "number",
}  # fmt: skip
_COUNTS = {"v": "v", "q": "q", "x": "x", "X": "hexascii", "A": "ascii"}
_OWN: dict[str, tuple[str, object]] = {
    "p": ("promiscuous", False), "l": ("lined", True), "U": ("unbuffered", True),
    "print": ("printing", True), "count": ("counting", True), "nano": ("nano", True),
    "micro": ("nano", False), "D": ("action", "list"), "L": ("action", "types"),
    "h": ("action", "help"), "help": ("action", "help"), "version": ("action", "version"),
}  # fmt: skip


def _argument(options: Options, flag: str, text: str, value: bytes) -> None:
    """An option with an argument; those not named here change nothing on this machine."""
    if flag == "i":
        options.device = text
    elif flag == "r":
        options.reading = value
    elif flag == "w":
        options.writing = value
    elif flag == "c":
        if not text.isdigit() or not 0 < int(text[:10]) < 1 << 31:
            raise Failure(b"invalid packet count " + value)
        options.count = int(text)
    elif flag == "s":
        if not text.isdigit() or int(text[:10]) > SNAPLEN:
            raise Failure(b"invalid snaplen " + value + b" (must be >= 0 and <= %d)" % SNAPLEN)
        options.snaplen = int(text) or SNAPLEN
    elif flag == "Q":
        if text.lower() not in ("in", "out", "inout"):
            raise Failure(b"unknown capture direction `" + value + b"'")
        options.direction = text.lower()
    elif flag == "y":
        if text.upper() not in ("EN10MB", "LINUX_SLL2"):
            raise Failure(b"invalid data link type " + value)
    elif flag == "time-stamp-precision":
        if text not in ("micro", "nano"):
            raise Failure(b"unable to parse time stamp precision")
        options.nano = text == "nano"


async def _list(tool: Tool) -> int:
    """-D."""
    links = await interfaces(tool.sys)
    rows = [(link.name, description(link)) for link in links]
    first = next((i for i, link in enumerate(links) if "Loopback" in rows[i][1]), len(rows))
    running = next((i for i, row in enumerate(rows) if "Running" not in row[1]), len(rows))
    rows.insert(
        min(first, running),
        (b"any", "@"),
    )
    for number, (name, text) in enumerate(rows, 1):
        shown = b"[" + text.encode() + b"]"
        if text == "@":
            shown = b"(Pseudo-device that captures on all interfaces) [Up, Running]"
        await tool.line(b"%d." % number + name + b" " + shown)
    return 0


class _Capture:
    """One run: packets from a source, through a filter, to the terminal or a file."""

    def __init__(self, tool: Tool, options: Options) -> None:
        self.tool = tool
        self.sys: Sys = tool.sys
        self.options = options
        self.printing = options.writing is None or options.printing
        self.interrupted = False
        self.captured = 0

    async def run(self) -> int:
        options, sys = self.options, self.sys
        source: Live | Saved
        if options.reading is not None:
            source = await Saved.open(sys, options.reading)
        else:
            device = options.device or await self._default()
            source = await self._listen(device)
            if options.action == "types":
                await self.tool.line(
                    b"Data link types for " + device.encode() + b" (use option -y to set):"
                )
                await self.tool.line(b"  " + link_text(source.linktype).encode())
                return 0
        live = isinstance(source, Live)
        if live and source.linktype == LINKTYPE_LINUX_SLL2:
            await complain(sys, b"tcpdump: data link type LINUX_SLL2")
        if not live:
            await complain(sys, self._reading(source))
            if source.linktype == LINKTYPE_LINUX_SLL2:
                await complain(sys, b"Warning: interface names might be incorrect")
        wanted = await self._filter(source, live)
        out = await self._saving(source) if options.writing is not None else None
        printer = await self._printer(source)
        for sig in (Sig.SIGINT, Sig.SIGTERM, Sig.SIGHUP, Sig.SIGPIPE):
            if sig != Sig.SIGHUP or await sys.sigaction(sig) != SIG_IGN:
                await sys.sigaction(sig, self._stop)
        if live:
            await self._announce(source)
        trouble: Failure | None = None
        try:
            await self._loop(source, wanted, printer, out)
        except Failure as err:
            trouble = err
        return await self._end(source, out, trouble)

    # -- before --------------------------------------------------------------------------------

    async def _default(self) -> str:
        for link in await interfaces(self.sys):
            text = description(link)
            if "Running" in text and "Loopback" not in text:
                return link.name.decode("latin-1")
        return "any"

    async def _listen(self, device: str) -> Live:
        if device.isdigit():
            rows = await interfaces(self.sys)
            if not 1 <= int(device) <= len(rows):
                raise Failure(b"Invalid adapter index")
            device = rows[int(device) - 1].name.decode("latin-1")
        options = self.options
        live = await Live.open(self.sys, device, options.snaplen, promiscuous=options.promiscuous)
        live.direction = options.direction
        return live

    def _reading(self, source: Live | Saved) -> bytes:
        name = self.options.reading or b"-"
        return (
            b"reading from file " + name + b", link-type "
            + link_text(source.linktype).encode()
            + b", snapshot length %d" % source.snaplen
        )  # fmt: skip

    async def _announce(self, source: Live | Saved) -> None:
        assert isinstance(source, Live)
        start = b"tcpdump: "
        if self.printing and not self.options.settings.v:
            await complain(
                self.sys,
                b"tcpdump: verbose output suppressed, use -v[v]... for full protocol decode",
            )
            start = b""
        await complain(
            self.sys,
            start + b"listening on " + source.device.encode("latin-1") + b", link-type "
            + link_text(source.linktype).encode()
            + b", snapshot length %d bytes" % source.snaplen,
        )  # fmt: skip

    async def _filter(self, source: Live | Saved, live: bool) -> Filter:
        """Compile the expression, looking up the names in it."""
        hosts: dict[str, list[int] | None] = {}
        ports: dict[str, list[tuple[int, int]] | None] = {}
        netmask = 0
        while True:
            try:
                return compiled(
                    self.options.expression, source.linktype, Known(hosts, ports), netmask, live
                )
            except BadFilter as err:
                raise Failure(str(err).encode("latin-1")) from None
            except UnknownName as name:
                if name.kind == "host":
                    hosts[name.name] = await self._addresses(name.name)
                else:
                    ports[name.name] = await self._ports(name.name)

    async def _addresses(self, name: str) -> list[int] | None:
        try:
            return (await addresses(self.sys, name.encode("latin-1")))[1]
        except Exception as err:
            if isinstance(err, OSError) or type(err).__name__ in ("Failed", "GaiError"):
                return None
            raise

    async def _ports(self, name: str) -> list[tuple[int, int]] | None:
        found = []
        for protocol, number in ((b"tcp", 6), (b"udp", 17)):
            port = await services.port(self.sys, name.encode("latin-1"), protocol)
            if port is not None:
                found.append((port, number))
        return found or None

    async def _saving(self, source: Live | Saved) -> Writer:
        path = self.options.writing
        assert path is not None
        fd = 1
        if path != b"-":
            try:
                fd = await self.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            except OSError as err:
                raise Failure(path + b": " + why(err)) from None
        out = Writer(self.sys, fd)
        self.header = FileHeader(source.linktype, source.snaplen, self.options.nano)
        out.put(self.header.pack())
        await out.flush()
        return out

    async def _printer(self, source: Live | Saved) -> Printer:
        names = source.names if isinstance(source, Live) else await self._interface_names()
        printer = Printer(self.options.settings, source.linktype, names, self.options.nano)
        if not self.options.settings.numeric:
            for port, protocol, words in await services.entries(self.sys):
                printer.names.ports.setdefault((port, protocol.decode("latin-1")), words[0])
            printer.names.protocols = PROTOCOLS
        return printer

    async def _interface_names(self) -> dict[int, str]:
        try:
            links = await interfaces(self.sys)
        except OSError:
            return {}
        return {link.ifindex: link.name.decode("latin-1") for link in links}

    # -- during --------------------------------------------------------------------------------

    async def _stop(self, sys: Sys, sig: int) -> None:
        self.interrupted = True

    async def _loop(
        self, source: Live | Saved, wanted: Filter, printer: Printer, out: Writer | None
    ) -> None:
        options = self.options
        while not self.interrupted and self.captured != options.count:
            try:
                packet = await source.next()
            except OSError as err:
                if err.errno == Errno.EINTR:
                    continue
                if err.errno == Errno.ENETDOWN and isinstance(source, Live):
                    raise Failure(b"pcap_loop: The interface disappeared") from None
                raise
            if packet is None:
                return
            if not wanted.matches(packet.data, Meta(packet.length, packet.outgoing)):
                continue
            self.captured += 1
            if out is not None:
                out.put(self.header.record(packet.time, packet.data, packet.length))
                await (out.flush() if options.unbuffered else out.drain())
            if self.printing and not options.counting:
                await self._print(packet, printer)

    async def _print(self, packet: Packet, printer: Printer) -> None:
        text = printer.text(packet.time, packet.data, packet.length)
        asked = 0
        while printer.names.wanted and asked < 8:
            for ip in printer.names.wanted:
                printer.names.hosts[ip] = await host_name(self.sys, ip)
            printer.names.wanted.clear()
            asked += 1
            text = printer.again(packet.data, packet.length)
        tool = self.tool
        tool.out.put(text.encode("latin-1"))
        await (tool.out.flush() if self.options.lined else tool.out.drain())

    # -- after ---------------------------------------------------------------------------------

    async def _end(self, source: Live | Saved, out: Writer | None, trouble: Failure | None) -> int:
        tool = self.tool
        if out is not None:
            await out.flush()
        if self.interrupted and self.printing:
            tool.out.put(b"\n")
        if self.options.counting:
            tool.out.put(_plural(self.captured) + b"\n")
        await tool.out.flush()
        if trouble is not None:
            await complain(self.sys, b"tcpdump: " + trouble.text)
        if isinstance(source, Live):
            seen, dropped = await source.statistics()
            text = (
                _plural(self.captured) + b" captured\n" + _plural(seen) + b" received by filter\n"
                + _plural(dropped) + b" dropped by kernel\n"
            )  # fmt: skip
            await write_all(self.sys, 2, text)
        return 1 if trouble is not None else 0


def _plural(count: int) -> bytes:
    return b"%d packet%s" % (count, b"" if count == 1 else b"s")
