"""rsyslogd: reads the journal and the network, writes files and to the network."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from minios.abi.flags import CLOCK_REALTIME, O_APPEND, O_CREAT, O_WRONLY, POLLIN
from minios.abi.inet import ip_text
from minios.abi.inotify import IN_CREATE, IN_MODIFY, IN_MOVED_FROM
from minios.abi.signals import Sig
from minios.abi.sockets import AF_INET, SOCK_CLOEXEC, SOCK_DGRAM
from minios.abi.sys import Sys
from minios.userland.bin.rsyslogd.config import BadConfig, Config, Rule, parse
from minios.userland.lib import journal
from minios.userland.lib.calendar import strftime
from minios.userland.lib.net.daemon import background, udp
from minios.userland.lib.net.gai import GaiError, name_of, resolve
from minios.userland.lib.net.tasks import Loop, ready
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, read_file, why, write_all
from minios.userland.lib.units.find import listing

USAGE = """
Usage: rsyslogd [-n] [-f FILE] [-N 1]
Writes what is logged here and what other machines send into files, and passes
it on.

  -f FILE   the configuration (/etc/rsyslog.conf)
  -n        stay in the foreground
  -N 1      only look whether the configuration is right
"""
CONFIG = b"/etc/rsyslog.conf"
FOLDER = b"/etc/rsyslog.d"
STATE = b"/var/lib/rsyslog-journal"
MESSAGE_MAX = 8192
FILES_MAX = 64
LINE_MAX = 1 << 16
MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
          b"Dec")  # fmt: skip


@dataclass(slots=True)
class Message:
    """A message, from here or from elsewhere. ``when`` is as RFC 3164 writes it."""

    facility: int
    level: int
    when: bytes
    host: bytes
    tag: bytes
    text: bytes
    source: bytes = b""

    def line(self) -> bytes:
        """As it stands in a file."""
        return b"%b %b %b %b\n" % (self.when, self.host, self.tag, self.text)

    def packet(self) -> bytes:
        """As it is sent (RFC 3164 §4.1)."""
        number = self.facility << 3 | self.level
        return (b"<%d>%b %b %b %b" % (number, self.when, self.host, self.tag, self.text))[:1024]

    @property
    def program(self) -> bytes:
        return self.tag.rstrip(b":").partition(b"[")[0]


def stamp(ns: int) -> bytes:
    """``Jan  5 09:00:01``."""
    return strftime(b"%b %e %H:%M:%S", ns)


def parse_message(data: bytes, sender: bytes, now: int) -> Message:
    """A message from the network; what lacks a part gets the usual one (RFC 3164 §4.3)."""
    text = data[:MESSAGE_MAX].rstrip(b"\n\0").replace(b"\n", b"#012")
    number = 13
    if text[:1] == b"<":
        head, close, rest = text[1:5].partition(b">")
        if close and head.isdigit() and int(head) < 192:
            number, text = int(head), text[len(head) + 2 :]
    if text[:2] == b"1 ":
        return _modern(number, text[2:], sender, now)
    when = text[:15]
    dated = len(when) == 15 and when[:3] in MONTHS and when[6:7] == b" " and when[9:10] == b":"
    host = sender
    if dated:
        text = text[16:]
        name, space, rest = text.partition(b" ")
        if space and name and not name.endswith(b":") and b"[" not in name:
            host, text = name, rest
    else:
        when = stamp(now)
    tag, text = _tag(text)
    return Message(number >> 3, number & 7, when, host, tag, text, sender)


def _tag(text: bytes) -> tuple[bytes, bytes]:
    """The program before the first colon or blank, if it looks like one."""
    word, _, rest = text.partition(b" ")
    if word.endswith(b":") and 1 < len(word) <= 64:
        return word, rest
    if b":" in word[:64]:
        name, _, after = text.partition(b":")
        return name + b":", after.lstrip(b" ")
    return b"-:" if not word else word[:32] + b":", rest if word else text


def _modern(number: int, text: bytes, sender: bytes, now: int) -> Message:
    """RFC 5424: version 1 and six fields before the message."""
    parts = text.split(b" ", 5)
    if len(parts) < 6:
        return Message(number >> 3, number & 7, stamp(now), sender, b"-:", text, sender)
    when, host, program, pid, _, rest = parts
    shown = stamp(now)
    if len(when) >= 19 and when[4:5] == b"-" and when[5:7].isdigit() and when[8:10].isdigit():
        month = MONTHS[max(min(int(when[5:7]), 12), 1) - 1]
        shown = b"%b %2d %b" % (month, int(when[8:10]), when[11:19])
    while rest.startswith(b"["):
        rest = rest.partition(b"]")[2].lstrip(b" ") if b"]" in rest else b""
    rest = rest.removeprefix(b"- ").removeprefix(b"\xef\xbb\xbf")
    tag = program + (b"[" + pid + b"]" if pid != b"-" else b"") + b":"
    return Message(
        number >> 3, number & 7, shown, sender if host == b"-" else host, tag, rest, sender
    )


@program(USAGE, "nf:N:i:d", trouble=1)
async def rsyslogd(tool: Tool) -> int:
    """rsyslogd(8)."""
    path = tool.options.last("f") or CONFIG
    config = await _load(tool.sys, path)
    if isinstance(config, bytes):
        await complain(tool.sys, b"rsyslogd: " + config)
        return 1
    if "N" in tool.options:
        text = b"rsyslogd: version 8.2302.0, config validation run (level 1), master config "
        await complain(tool.sys, text + path)
        await complain(tool.sys, b"rsyslogd: End of config validation run. Bye.")
        return 0
    if "n" in tool.options:
        return await _run(tool.sys, config, path)
    await background(tool.sys, _run, config, path)
    return 0


async def _load(sys: Sys, path: bytes) -> Config | bytes:
    """The configuration with /etc/rsyslog.d, or what is wrong with it."""
    try:
        text = await read_file(sys, path)
    except OSError as err:
        return path + b": " + why(err)
    if b"rsyslog.d" in text:
        for name in await listing(sys, FOLDER):
            if name.endswith(b".conf"):
                with suppress(OSError):
                    text += b"\n" + await read_file(sys, FOLDER + b"/" + name)
        text = b"\n".join(
            line for line in text.split(b"\n")
            if not line.lower().startswith((b"$includeconfig", b"include("))
        )  # fmt: skip
    try:
        return parse(text.decode("latin-1"), path.decode("latin-1"))
    except BadConfig as err:
        return str(err).encode("latin-1")


async def _run(sys: Sys, config: Config, path: bytes) -> int:
    return await Server(sys, config, path).run()


class Server:
    """The process."""

    def __init__(self, sys: Sys, config: Config, path: bytes) -> None:
        self.sys = sys
        self.config = config
        self.path = path
        self.loop = Loop(sys)
        self.files: dict[bytes, int] = {}
        self.host = b""
        self.sender = -1
        self.names: dict[int, bytes] = {}
        self.targets: dict[str, int] = {}
        self.offset = 0
        self.boot = b""
        self.rest = b""

    async def run(self) -> int:
        sys = self.sys
        self.host = (await sys.uname()).nodename
        self.sender = await sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
        await self.loop.on_signal(Sig.SIGHUP, self.hangup)
        await self.loop.on_signal(Sig.SIGTERM, self.terminate)
        await self.own('[origin software="rsyslogd" swVersion="8.2302.0"] start')
        for port in self.config.listen:
            try:
                self.loop.start(self.receive, await udp(sys, (0, port)))
            except OSError as err:
                await self.own(f"cannot listen on UDP port {port}: {why(err).decode()}", 3)
        self.loop.start(self.follow)
        await self.loop.run()
        return 0

    async def own(self, text: str, level: int = 6) -> None:
        """A message of rsyslogd's."""
        now = await self.sys.clock_gettime(CLOCK_REALTIME)
        await self.handle(Message(5, level, stamp(now), self.host, b"rsyslogd:", text.encode()))

    async def hangup(self) -> None:
        """Close every file, as after they were moved away, and read the rules again."""
        for fd in self.files.values():
            await self.sys.close(fd)
        self.files.clear()
        self.targets.clear()
        config = await _load(self.sys, self.path)
        if isinstance(config, bytes):
            await self.own("error: " + config.decode("latin-1"), 3)
        else:
            self.config = config
        await self.own('[origin software="rsyslogd" swVersion="8.2302.0"] rsyslogd was HUPed')

    async def terminate(self) -> None:
        await self.own('[origin software="rsyslogd" swVersion="8.2302.0"] exiting on signal 15.')
        await self._save()
        self.loop.stop()

    # -- input: the journal ----------------------------------------------------------------------

    async def follow(self) -> None:
        """Every entry that is added to the journal, from where the last run has come to."""
        sys = self.sys
        folder = journal.PERSISTENT
        watch = await sys.inotify_init()
        try:
            await sys.inotify_add_watch(watch, folder, IN_MODIFY | IN_CREATE | IN_MOVED_FROM)
        except OSError:
            folder = journal.VOLATILE
            await sys.inotify_add_watch(watch, folder, IN_MODIFY | IN_CREATE | IN_MOVED_FROM)
        path = folder + b"/" + journal.NAME
        with suppress(OSError, ValueError):
            self.offset = int(await read_file(sys, STATE))
        while True:
            await self._catch_up(path)
            await ready(watch, POLLIN)
            await sys.read(watch, 4096)

    async def _catch_up(self, path: bytes) -> None:
        sys = self.sys
        try:
            fd = await sys.open(path)
        except OSError:
            return
        size = (await sys.fstat(fd)).size
        if size < self.offset:
            self.offset, self.rest = 0, b""  # the file is another one: the old was moved away
        await sys.lseek(fd, self.offset)
        while data := await sys.read(fd, 16384):
            self.offset += len(data)
            lines = (self.rest + data).split(b"\n")
            self.rest = lines.pop()[-LINE_MAX:]
            for line in lines:
                entry = journal.unpack(line)
                if entry is not None and entry.identifier != b"rsyslogd":
                    await self._entry(entry)
        await sys.close(fd)
        await self._save()

    async def _save(self) -> None:
        with suppress(OSError):
            fd = await self.sys.open(STATE, O_WRONLY | O_CREAT, 0o600)
            await write_all(self.sys, fd, b"%d\n" % (self.offset - len(self.rest)))
            await self.sys.ftruncate(fd, len(b"%d\n" % (self.offset - len(self.rest))))
            await self.sys.close(fd)

    async def _entry(self, entry: journal.Entry) -> None:
        pid = b"[%d]" % entry.pid if entry.pid and entry.transport != b"kernel" else b""
        tag = entry.identifier + pid + b":"
        when = stamp(entry.realtime * 1000)
        await self.handle(
            Message(entry.facility, entry.priority, when, self.host, tag, entry.message)
        )

    # -- input: other machines -------------------------------------------------------------------

    async def receive(self, fd: int) -> None:
        while True:
            await ready(fd, POLLIN)
            try:
                data, address = await self.sys.recvfrom(fd, MESSAGE_MAX)
            except OSError:
                continue
            sender = await self._name(address[0])
            now = await self.sys.clock_gettime(CLOCK_REALTIME)
            await self.handle(parse_message(data, sender, now))

    async def _name(self, ip: int) -> bytes:
        """The sender's name, as far as /etc/hosts or DNS knows one."""
        if ip not in self.names:
            if len(self.names) >= 256:
                self.names.clear()
            name = await name_of(self.sys, ip)
            self.names[ip] = name.partition(b".")[0] if name else ip_text(ip).encode()
        return self.names[ip]

    # -- output ----------------------------------------------------------------------------------

    async def handle(self, message: Message) -> None:
        """Apply the rules in order."""
        for rule in self.config.rules:
            if not rule.matches(message.facility, message.level):
                continue
            if rule.kind == "stop":
                return
            if rule.kind == "forward":
                await self._forward(rule, message)
            elif rule.kind == "file":
                await self._write(rule.target.encode("latin-1"), message.line())
            elif rule.kind == "dynamic":
                template = self.config.templates.get(rule.target, "")
                path = fill(template, message).strip()
                if path.startswith(b"/"):
                    await self._write(path, message.line())

    async def _forward(self, rule: Rule, message: Message) -> None:
        if message.source and rule.target.encode() == message.source:
            return  # not back to who sent it
        ip = self.targets.get(rule.target)
        if ip is None:
            try:
                ip = await resolve(self.sys, rule.target.encode("latin-1"))
            except GaiError:
                return
            self.targets[rule.target] = ip
        with suppress(OSError):
            await self.sys.sendto(self.sender, message.packet(), (ip, rule.port))

    async def _write(self, path: bytes, line: bytes) -> None:
        fd = self.files.get(path)
        with suppress(OSError):
            if fd is None:
                if len(self.files) >= FILES_MAX:
                    oldest = next(iter(self.files))
                    await self.sys.close(self.files.pop(oldest))
                await self._directories(path)
                fd = await self.sys.open(path, O_WRONLY | O_CREAT | O_APPEND, 0o640)
                self.files[path] = fd
            await write_all(self.sys, fd, line)

    async def _directories(self, path: bytes) -> None:
        parts = path.split(b"/")[1:-1]
        for at in range(1, len(parts) + 1):
            with suppress(OSError):
                await self.sys.mkdir(b"/" + b"/".join(parts[:at]), 0o755)


def fill(template: str, message: Message) -> bytes:
    """A template with its properties; slashes in them make no directories."""
    values = {
        "hostname": message.host, "fromhost": message.source or message.host,
        "programname": message.program, "msg": message.text, "syslogtag": message.tag,
        "timestamp": message.when, "fromhost-ip": message.source,
        "syslogfacility": b"%d" % message.facility, "syslogseverity": b"%d" % message.level,
    }  # fmt: skip
    out = b""
    parts = template.split("%")
    for at, part in enumerate(parts):
        if at % 2 == 0:
            out += part.encode("latin-1")
        else:
            value = values.get(part.partition(":")[0].lower(), b"")
            out += value.replace(b"/", b"_").lstrip(b".") or b"_"
    return out
