"""scp: copy files to and from other machines, over ssh (OpenSSH 9.2; the protocol is rcp's)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from minios.abi.flags import O_CREAT, O_TRUNC, O_WRONLY, S_IFDIR, S_IFMT, S_IFREG, shell_status
from minios.abi.signals import SIG_IGN, Sig
from minios.abi.sys import Sys
from minios.userland.lib.execvp import execvp
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, list_dir, why, write_all

USAGE = b"""\
usage: scp [-BCOpqrTv] [-F ssh_config] [-i identity_file] [-l limit] [-o ssh_option]
           [-P port] source ... target
"""
SHORT = "346ABCOpqRrsTvc:D:F:i:J:l:o:P:S:X:tfd"
BLOCK = 32768
LINE_MAX = 4096
NS = 1_000_000_000


class Gone(Exception):
    """The other end has left."""


@dataclass(slots=True)
class Copier:
    """One end of a copy: commands and data go out on ``out``, answers come in on ``into``."""

    sys: Sys
    into: int
    out: int
    recursive: bool = False
    preserve: bool = False
    status: int = 0
    buffer: bytes = b""
    times: tuple[int, int] | None = None
    talks: bool = True
    """Whether errors of this end are told on standard error; the remote one sends them."""

    # -- the line between them -----------------------------------------------------------------

    async def _more(self) -> None:
        data = await self.sys.read(self.into, BLOCK)
        if not data:
            raise Gone
        self.buffer += data

    async def byte(self) -> int:
        """The next byte."""
        while not self.buffer:
            await self._more()
        first, self.buffer = self.buffer[0], self.buffer[1:]
        return first

    async def line(self) -> bytes:
        """The rest of a line."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > LINE_MAX:
                raise Gone
            await self._more()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    async def put(self, data: bytes) -> None:
        """Send."""
        try:
            await write_all(self.sys, self.out, data)
        except OSError:
            raise Gone from None

    async def answered(self) -> bool:
        """Whether the other end agrees; what it says else is shown."""
        kind = await self.byte()
        if kind == 0:
            return True
        text = await self.line()
        if kind not in (1, 2):
            text = bytes((kind,)) + text
        if self.talks:
            await complain(self.sys, text)
        self.status = 1
        if kind != 1:
            raise Gone
        return False

    async def wrong(self, text: bytes) -> None:
        """Something could not be done here: say so, here and over there."""
        self.status = 1
        await self.put(b"\1scp: " + text + b"\n")
        if self.talks:
            await complain(self.sys, b"scp: " + text)

    # -- sending -------------------------------------------------------------------------------

    async def send_all(self, paths: list[bytes]) -> None:
        """Send files, and with -r directories."""
        for path in paths:
            await self.send(path)

    async def send(self, path: bytes) -> None:
        """Send one."""
        sys = self.sys
        try:
            stat = await sys.stat(path)
            kind = stat.mode & S_IFMT
            fd = await sys.open(path) if kind == S_IFREG else -1
        except OSError as err:
            await self.wrong(path + b": " + why(err))
            return
        name = path.rstrip(b"/").rpartition(b"/")[2] or b"/"
        if kind == S_IFDIR and self.recursive:
            await self._directory(path, name, stat.mode & 0o7777, stat.mtime, stat.atime)
            return
        if kind != S_IFREG:
            await self.wrong(path + b": not a regular file")
            return
        if self.preserve and not await self._times(stat.mtime, stat.atime):
            await sys.close(fd)
            return
        await self.put(b"C%04o %d %b\n" % (stat.mode & 0o7777, stat.size, name))
        if await self.answered():
            left, broken = stat.size, b""
            while left:
                try:
                    data = await sys.read(fd, min(BLOCK, left))
                except OSError as err:
                    data, broken = b"", why(err)
                if not data:
                    data = bytes(min(left, BLOCK))
                await self.put(data)
                left -= len(data)
            if broken:
                await self.wrong(path + b": " + broken)
            else:
                await self.put(b"\0")
            await self.answered()
        await sys.close(fd)

    async def _times(self, mtime: int, atime: int) -> bool:
        await self.put(b"T%d 0 %d 0\n" % (mtime // NS, atime // NS))
        return await self.answered()

    async def _directory(self, path: bytes, name: bytes, mode: int, mtime: int, atime: int) -> None:
        try:
            names = sorted(await list_dir(self.sys, path))
        except OSError as err:
            await self.wrong(path + b": " + why(err))
            return
        if self.preserve and not await self._times(mtime, atime):
            return
        await self.put(b"D%04o 0 %b\n" % (mode, name))
        if not await self.answered():
            return
        for each in names:
            await self.send(path + b"/" + each)
        await self.put(b"E\n")
        await self.answered()

    # -- receiving -----------------------------------------------------------------------------

    async def receive(self, target: bytes, *, directory: bool) -> None:
        """Take what comes, into ``target``; a directory if there is more than one file."""
        if directory and not await self._is_directory(target):
            await self.put(b"\2scp: " + target + b": Not a directory\n")
            self.status = 1
            return
        await self.put(b"\0")
        await self._level(target)

    async def _is_directory(self, path: bytes) -> bool:
        try:
            return (await self.sys.stat(path)).mode & S_IFMT == S_IFDIR
        except OSError:
            return False

    async def _level(self, target: bytes) -> None:
        """The files of one directory."""
        while True:
            try:
                kind = await self.byte()
            except Gone:
                return
            line = await self.line()
            if kind in (1, 2):
                if self.talks:
                    await complain(self.sys, line)
                self.status = 1
                if kind == 2:
                    raise Gone
            elif kind == 0x45:
                await self.put(b"\0")
                return
            elif kind == 0x54:
                words = line.split()
                if len(words) == 4 and all(word.isdigit() for word in words):
                    self.times = (int(words[2]) * NS, int(words[0]) * NS)
                await self.put(b"\0")
            elif kind in (0x43, 0x44):
                await self._entry(kind, line, target)
            else:
                await self.put(b"\2scp: protocol error: unexpected command\n")
                self.status = 1
                raise Gone

    async def _entry(self, kind: int, line: bytes, target: bytes) -> None:
        words = line.split(b" ", 2)
        good = len(words) == 3 and words[1].isdigit() and len(words[1]) < 16
        try:
            mode = int(words[0], 8) & 0o7777
        except ValueError:
            good = False
        if not good or b"/" in words[2] or words[2] in (b"", b".", b".."):
            await self.put(b"\2scp: protocol error: bad name or size\n")
            self.status = 1
            raise Gone
        path = target
        if await self._is_directory(target):
            path = target.rstrip(b"/") + b"/" + words[2]
        times, self.times = self.times, None
        if kind == 0x44:
            await self._make(path, mode)
        else:
            await self._file(path, mode, int(words[1]))
        if times is not None:
            try:
                await self.sys.utimens(path, *times)
            except OSError as err:
                await complain(self.sys, b"scp: " + path + b": set times: " + why(err))

    async def _make(self, path: bytes, mode: int) -> None:
        if not self.recursive:
            await self.put(b"\2scp: received directory without -r\n")
            self.status = 1
            raise Gone
        if not await self._is_directory(path):
            try:
                await self.sys.mkdir(path, mode | 0o700)
            except OSError as err:
                await self.wrong(path + b": " + why(err))
                return
        await self.put(b"\0")
        await self._level(path)

    async def _file(self, path: bytes, mode: int, size: int) -> None:
        sys = self.sys
        broken = b""
        try:
            fd = await sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        except OSError as err:
            await self.wrong(path + b": " + why(err))
            return
        await self.put(b"\0")
        left = size
        while left:
            if not self.buffer:
                await self._more()
            data, self.buffer = self.buffer[:left], self.buffer[left:]
            left -= len(data)
            if not broken:
                try:
                    await write_all(sys, fd, data)
                except OSError as err:
                    broken = why(err)
        await sys.close(fd)
        if self.preserve:
            await sys.chmod(path, mode)
        await self.answered()
        if broken:
            await self.wrong(path + b": " + broken)
        else:
            await self.put(b"\0")


@program("")
async def scp(tool: Tool) -> int:
    """scp(1)."""
    sys = tool.sys
    if tool.argv[1:2] == [b"--help"]:
        await write_all(sys, 1, USAGE)
        return 0
    try:
        options = parse(tool.argv[1:], SHORT)
    except UsageError as err:
        text = str(err).replace("invalid option", "unknown option").replace("'", "")
        await complain(sys, b"scp: " + text.encode("latin-1"))
        await write_all(sys, 2, USAGE)
        return 1
    tool.options = options
    recursive, preserve = "r" in options, "p" in options
    names = options.operands
    if "t" in options or "f" in options:
        end = Copier(sys, 0, 1, recursive, preserve, talks=False)
        try:
            if "t" in options:
                await end.receive(names[-1] if names else b".", directory="d" in options)
            elif await end.byte() == 0:
                await end.send_all(names)
        except Gone:
            return 1
        return end.status
    if len(names) < 2:
        await write_all(sys, 2, USAGE)
        return 1
    await sys.sigaction(Sig.SIGPIPE, SIG_IGN)
    *sources, target = names
    status = 0
    there = _remote(target)
    if there is not None:
        local = [name for name in sources if _remote(name) is None]
        if len(local) < len(sources):
            await complain(sys, b"scp: copies between two remote hosts are not there")
            return 1
        return await _upload(tool, local, there)
    if len(sources) > 1 and not await Copier(sys, 0, 1)._is_directory(target):
        await complain(sys, b"scp: " + target + b": Not a directory")
        return 1
    for name in sources:
        where = _remote(name)
        if where is None:
            flags = [b"-r"] * recursive + [b"-p"] * preserve
            status = max(status, await _cp(tool, [b"cp", *flags, b"--", name, target]))
        else:
            status = max(status, await _download(tool, where, target))
    return status


def _remote(name: bytes) -> tuple[bytes, bytes] | None:
    """(``[user@]host``, path) of an operand; None if it is a local file."""
    if name.startswith(b"scp://"):
        host, _, path = name.removeprefix(b"scp://").partition(b"/")
        return host, path or b"."
    host, colon, path = name.partition(b":")
    if not colon or not host or b"/" in host:
        return None
    return host, path or b"."


async def _cp(tool: Tool, argv: list[bytes]) -> int:
    pid = await tool.sys.fork(_exec, argv, tool.env)
    return shell_status((await tool.sys.waitpid(pid)).status)


async def _exec(sys: Sys, argv: list[bytes], env: dict[bytes, bytes]) -> int:
    try:
        await execvp(sys, argv, env)
    except OSError as err:
        await complain(sys, argv[0] + b": " + why(err))
    return 127


async def _upload(tool: Tool, paths: list[bytes], there: tuple[bytes, bytes]) -> int:
    flags = [b"-t"] + [b"-d"] * (len(paths) > 1)
    return await _over_ssh(tool, there, flags, lambda end: end.send_all(paths), sending=True)


async def _download(tool: Tool, where: tuple[bytes, bytes], target: bytes) -> int:
    return await _over_ssh(
        tool, where, [b"-f"], lambda end: end.receive(target, directory=False), sending=False
    )


async def _over_ssh(
    tool: Tool,
    place: tuple[bytes, bytes],
    flags: list[bytes],
    work: Callable[[Copier], Awaitable[None]],
    *,
    sending: bool,
) -> int:
    """Run scp at the other side and work with it. The exit status."""
    sys = tool.sys
    parsed = tool.options
    argv = [b"ssh", b"-T"]
    for flag, value in parsed.flags:
        if flag == "P":
            argv += [b"-p", value or b""]
        elif flag in ("i", "F", "o"):
            argv += [b"-" + flag.encode(), value or b""]
        elif flag in ("q", "v"):
            argv.append(b"-" + flag.encode())
        elif flag == "B":
            argv += [b"-o", b"BatchMode=yes"]
        elif flag in ("r", "p"):
            flags.append(b"-" + flag.encode())
    # The path is the other shell's to expand, but what this shell left in it stays one word.
    path = _quoted(place[1])
    argv += [place[0], b"scp " + b" ".join(flags) + b" -- " + path]
    into, out = await sys.pipe(), await sys.pipe()
    pid = await sys.fork(_ssh, argv, tool.env, (into[0], out[1]), (into[1], out[0]))
    await sys.close(into[0])
    await sys.close(out[1])
    end = Copier(sys, out[0], into[1], recursive="r" in parsed, preserve="p" in parsed, talks=True)
    try:
        if sending:
            await end.answered()
        await work(end)
    except Gone:
        end.status = end.status or 255
    await sys.close(into[1])
    await sys.close(out[0])
    status = shell_status((await sys.waitpid(pid)).status)
    if status == 255:
        await complain(sys, b"scp: Connection closed")
        return 255
    return end.status or (1 if status else 0)


def _quoted(path: bytes) -> bytes:
    """A word for the other side's shell, which expands patterns, ``~`` and variables in it."""
    if not path.translate(None, _PLAIN) or any(char in path for char in b"*?[~$"):
        return path
    return b"'" + path.replace(b"'", b"'\\''") + b"'"


_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_-+=:,./"


async def _ssh(
    sys: Sys,
    argv: list[bytes],
    env: dict[bytes, bytes],
    mine: tuple[int, int],
    others: tuple[int, int],
) -> int:
    for fd in others:
        await sys.close(fd)
    for target, fd in enumerate(mine):
        await sys.dup2(fd, target)
        await sys.close(fd)
    return await _exec(sys, argv, env)
