"""find's actions: printing, running commands, deleting."""

from minios.abi.errno import Errno
from minios.abi.flags import ARG_MAX, O_CREAT, O_TRUNC, O_WRONLY, S_IFDIR
from minios.abi.sys import Sys
from minios.userland.bin.find.printf import Lister, Printer
from minios.userland.bin.find.run import Run, Test
from minios.userland.lib.execvp import execvp
from minios.userland.lib.program import Failure, Output
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import Writer, complain, why
from minios.userland.lib.walk import Visit

HEADROOM = 2048
"""Bytes of ARG_MAX left unused (XCU xargs)."""


class Files:
    """Where output goes: standard output, and files of -fprint and its like by their names."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._open: dict[bytes, Writer] = {}

    async def writer(self, name: bytes | None) -> Writer:
        if name is None or name == b"/dev/stdout":
            return self.run.tool.out
        if name not in self._open:
            try:
                fd = await self.run.sys.open(name, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
            except OSError as err:
                raise Failure(quote(name) + b": " + why(err)) from None
            self._open[name] = Output(self.run.sys, fd)
        return self._open[name]

    async def flush(self) -> None:
        for writer in self._open.values():
            await writer.flush()


def print_action(out: Writer, end: bytes, *, masked: bool) -> Test:
    """-print and -print0; on a terminal what cannot be printed is a question mark."""

    async def action(run: Run, visit: Visit) -> bool:
        text = visit.path
        if masked:
            text = bytes(c if 32 <= c < 127 else 0x3F for c in text)
        out.put(text, end)
        await out.drain()
        return True

    return action


def printf_action(out: Writer, printer: Printer, *, flush: bool) -> Test:
    """-printf."""

    async def action(run: Run, visit: Visit) -> bool:
        text = await printer.show(run, visit)
        if text is not None:
            out.put(text)
            await (out.flush() if flush else out.drain())
        return True

    return action


def ls_action(out: Writer) -> Test:
    """-ls."""
    lister = Lister()

    async def action(run: Run, visit: Visit) -> bool:
        line = await lister.line(run, visit)
        if line is not None:
            out.put(line)
            await out.drain()
        return True

    return action


async def prune(run: Run, visit: Visit) -> bool:
    run.prune = True
    return True


async def quit_(run: Run, visit: Visit) -> bool:
    run.quit = True
    return True


async def delete(run: Run, visit: Visit) -> bool:
    """-delete; the directory ``.`` stays."""
    if visit.path == b".":
        return True
    try:
        if visit.type == S_IFDIR and not await _is_link(run, visit):
            await run.sys.rmdir(visit.path)
        else:
            await run.sys.unlink(visit.path)
    except OSError as err:
        if err.errno == Errno.ENOENT and visit.depth == 0:
            return False
        await run.tool.warn(b"cannot delete " + quote(visit.path), err)
        return False
    return True


async def _is_link(run: Run, visit: Visit) -> bool:
    if not visit.follow:
        return False
    try:
        return (await run.sys.lstat(visit.path)).mode & 0o170000 == 0o120000
    except OSError:
        return False


# -- commands ----------------------------------------------------------------------------------


async def _child(
    sys: Sys, argv: list[bytes], env: dict[bytes, bytes], folder: bytes | None, name: bytes,
    silent: bool,
) -> int:  # fmt: skip
    """The forked child: the command, in a directory for -execdir."""
    try:
        if folder is not None:
            await sys.chdir(folder)
        if silent:
            await sys.dup2(await sys.open(b"/dev/null"), 0)
        await execvp(sys, argv, env)
    except OSError as err:
        await complain(sys, name + b": " + quote(argv[0]) + b": " + why(err))
    return 1


async def run_command(
    run: Run, argv: list[bytes], folder: bytes | None = None, *, silent: bool = False
) -> int | None:
    """Run a command and wait: its wait status, None when it could not be started."""
    tool = run.tool
    await tool.out.flush()
    try:
        pid = await run.sys.fork(_child, list(argv), dict(tool.env), folder, tool.name, silent)
    except OSError as err:
        raise Failure(b"cannot fork: " + why(err)) from None
    while True:
        try:
            return (await run.sys.waitpid(pid)).status
        except OSError as err:
            if err.errno == Errno.EINTR:
                continue
            await tool.warn(b"error waiting for " + argv[0], err)
            return None


def _place(visit: Visit) -> tuple[bytes, bytes]:
    """For -execdir: the directory of a file, and ``./name``."""
    path = visit.path.rstrip(b"/") or b"/"
    head, slash, name = path.rpartition(b"/")
    if not name:
        return b"/", b"/"
    if name in (b".", b".."):
        return path if visit.depth == 0 and slash else b".", b"./" + name
    return head or (b"/" if slash else b"."), b"./" + name


def exec_action(command: list[bytes], *, in_directory: bool, asks: bool) -> Test:
    """-exec … ; and its like: true if the command succeeds. ``{}`` is the file, wherever it is."""

    async def action(run: Run, visit: Visit) -> bool:
        folder, name = _place(visit) if in_directory else (None, visit.path)
        argv = [word.replace(b"{}", name) for word in command]
        if asks and not await _confirmed(run, command, visit):
            return False
        return await run_command(run, argv, folder, silent=asks) == 0

    return action


async def _confirmed(run: Run, command: list[bytes], visit: Visit) -> bool:
    question = b"< " + command[0] + b" ... " + visit.path + b" > ? "
    return await run.tool.ask(question)


class Batch:
    """-exec … +: as many files a command as fit."""

    def __init__(self, run: Run, command: list[bytes], *, in_directory: bool) -> None:
        self.run = run
        self.command = command
        self.in_directory = in_directory
        self.folder: bytes | None = None
        self.names: list[bytes] = []
        environment = sum(len(k) + len(v) + 10 for k, v in run.tool.env.items())
        fixed = sum(len(word) + 9 for word in command)
        self.limit = max(ARG_MAX - HEADROOM - environment - fixed, 512)
        self.size = 0
        run.at_end.append(self.flush)

    async def action(self, run: Run, visit: Visit) -> bool:
        folder, name = _place(visit) if self.in_directory else (None, visit.path)
        if self.names and (folder != self.folder or self.size + len(name) + 9 > self.limit):
            await self.flush()
        await run.tool.retain(len(name) + 32)
        self.folder = folder
        self.names.append(name)
        self.size += len(name) + 9
        return True

    async def flush(self) -> None:
        if not self.names:
            return
        names, self.names, self.size = self.names, [], 0
        status = await run_command(self.run, self.command + names, self.folder)
        self.run.tool.release(sum(len(name) + 32 for name in names))
        if status != 0:
            self.run.tool.status = 1
