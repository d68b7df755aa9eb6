"""Child processes of a shell: commands, pipelines, subshells, substitutions."""

import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from minios.abi import flags as abi
from minios.abi.sys import Sys
from minios.userland.lib.stdio import why, write_all
from minios.userland.shell import redirect
from minios.userland.shell.errors import Interrupted, ShellError, ShellExit
from minios.userland.shell.flow import EXIT
from minios.userland.shell.jobs import Job, Process
from minios.userland.shell.search import exec_along_path
from minios.userland.shell.syntax import Background, Node, Pipeline, Redirected, Simple, Subshell
from minios.userland.shell.text import command_text
from minios.userland.shell.trampoline import drive

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

FOREGROUND, BACKGROUND, NO_JOB = range(3)


MAX_SUBSTITUTION = 64 << 20

Body = Callable[["Shell"], Coroutine[Any, Any, int]]
"""What a child does; its result is the exit status."""


async def fork(sh: "Shell", job: Job | None, body: Body, mode: int, text: bytes = b"") -> int:
    """Start ``body`` in a child that belongs to ``job``. Its pid. ShellError ``Cannot fork``."""
    own_group = job is not None and job.own_group and sh.level == 0
    group = job.pgid if own_group and job is not None and job.processes else 0
    first = job is None or not job.processes
    child = sh.forked()
    child.cycles = 0
    try:
        pid = await sh.sys.fork(_start, child, body, mode, own_group, group, first)
    except OSError:
        raise ShellError(b"Cannot fork") from None
    if own_group:
        # Both sides do this, so that neither can be too late.
        with contextlib.suppress(OSError):
            await sh.sys.setpgid(pid, group or pid)
    if job is not None:
        job.processes.append(Process(pid, text))
    if mode == BACKGROUND:
        sh.last_background = pid
    return pid


async def _start(
    sys: Sys, sh: "Shell", body: Body, mode: int, own_group: bool, group: int, first: bool
) -> int:
    """The child's side."""
    return await drive(sh, _child(sh, body, mode, own_group, group, first))


async def _child(
    sh: "Shell", body: Body, mode: int, own_group: bool, group: int, first: bool
) -> int:
    sys = sh.sys
    if own_group:
        pid = await sys.getpid()
        try:
            await sys.setpgid(0, group)
            if mode == FOREGROUND:
                await sys.tcsetpgrp(sh.terminal, group or pid)
        except OSError:
            pass
    await sh.traps.in_child(
        background=mode == BACKGROUND and not own_group, foreground_job=own_group
    )
    if mode == BACKGROUND and not own_group and first:
        try:
            null = await sys.open(b"/dev/null", abi.O_RDONLY)
            if null != 0:
                await sys.dup2(null, 0)
                await sys.close(null)
        except OSError:
            pass
    return await finish(sh, body(sh))


async def finish(sh: "Shell", coro: Coroutine[Any, Any, int]) -> int:
    """Run to the end of a shell process: its last command, then its EXIT trap. The exit status."""
    try:
        status = await coro
    except ShellExit as leaving:
        status = leaving.status
    except ShellError as err:
        await sh.report(err)
        status = err.status
    except OSError as err:
        await sh.warn(why(err))
        status = 2
    action = sh.traps.actions.pop(0, None)
    if action:
        sh.status = status
        sh.skip = 0
        try:
            await sh.evaluate(action)
        except ShellExit as leaving:
            status = leaving.status
        except ShellError as err:
            await sh.report(err)
            status = err.status
    return status & 0xFF


async def exec_failure(sh: "Shell", argv: list[bytes]) -> ShellExit:
    """The ``exec`` built-in: comes back only with why it failed, which ends the shell."""
    await sh.give_up_job_control()
    err = await exec_along_path(sh, argv, None, sh.environment())
    await sh.warn(err.text)
    return ShellExit(err.status)


async def exec_program(sh: "Shell", argv: list[bytes], path: bytes | None) -> int:
    """Replace this process; ends it with 126 or 127 when that fails."""
    err = await exec_along_path(sh, argv, path, sh.environment())
    await sh.warn(err.text)
    raise ShellExit(err.status)


async def external(sh: "Shell", argv: list[bytes], path: bytes | None, node: Simple) -> int:
    """Run a program in a child and wait for it; ``node`` is the command for ``jobs`` to show."""
    job = sh.jobs.new(sh.job_control)

    async def body(child: "Shell") -> int:
        return await exec_program(child, argv, path)

    text = command_text(node) if sh.job_control else b""
    await _fork_for(sh, job, body, FOREGROUND, text)
    return await sh.jobs.wait_for(job)


async def _fork_for(sh: "Shell", job: Job, body: Body, mode: int, text: bytes) -> int:
    """Fork; a job that got no process is dropped again."""
    try:
        return await fork(sh, job, body, mode, text)
    except ShellError:
        if not job.processes:
            sh.jobs.remove(job)
        raise


async def subshell(sh: "Shell", node: Subshell, flags: int) -> int:
    """``( list )``."""
    sh.line = node.line
    targets = await redirect.expand_targets(sh, node.redirs)

    async def body(child: "Shell") -> int:
        await redirect.apply(child, node.redirs, targets, None)
        return await child.run(node.body, flags | EXIT)

    if flags & EXIT and not sh.traps.any_caught():
        return await body(sh)
    job = sh.jobs.new(sh.job_control)
    text = command_text(node) if sh.job_control else b""
    await _fork_for(sh, job, body, FOREGROUND, text)
    return await sh.jobs.wait_for(job)


async def background(sh: "Shell", node: Background) -> int:
    """``list &``."""
    sh.line = node.line
    inner = node.body
    if isinstance(inner, Pipeline):
        await _start_pipeline(sh, inner, BACKGROUND, 0)
        return 0
    redirs: tuple[Any, ...] = ()
    command: Node = inner
    if isinstance(inner, (Redirected, Subshell)):
        redirs = inner.redirs
        command = inner.body
    targets = await redirect.expand_targets(sh, redirs)

    async def body(child: "Shell") -> int:
        await redirect.apply(child, redirs, targets, None)
        return await child.run(command, EXIT)

    job = sh.jobs.new(sh.job_control)
    text = command_text(inner) if sh.job_control else b""
    await _fork_for(sh, job, body, BACKGROUND, text)
    await _announce(sh, job)
    return 0


async def _announce(sh: "Shell", job: Job) -> None:
    """``[1] 1234`` when an interactive shell starts a background job."""
    if sh.interactive and sh.level == 0:
        await sh.say_error(b"[%d] %d\n" % (job.number, job.processes[-1].pid))


async def pipeline(sh: "Shell", node: Pipeline, flags: int) -> int:
    job = await _start_pipeline(sh, node, FOREGROUND, flags)
    return await sh.jobs.wait_for(job)


async def _start_pipeline(sh: "Shell", node: Pipeline, mode: int, flags: int) -> Job:
    sys = sh.sys
    job = sh.jobs.new(sh.job_control)
    previous = -1
    last = len(node.commands) - 1
    for index, command in enumerate(node.commands):
        reader = writer = -1
        if index < last:
            try:
                reader, writer = await sys.pipe()
            except OSError:
                if previous >= 0:
                    await sys.close(previous)
                raise ShellError(b"Pipe call failed") from None
        body = _pipe_member(command, previous, reader, writer, flags | EXIT)
        text = command_text(command) if sh.job_control else b""
        try:
            await _fork_for(sh, job, body, mode, text)
        except ShellError:
            for fd in (previous, reader, writer):
                if fd >= 0:
                    await sys.close(fd)
            raise
        if previous >= 0:
            await sys.close(previous)
        if writer >= 0:
            await sys.close(writer)
        previous = reader
    if mode == BACKGROUND:
        await _announce(sh, job)
    return job


def _pipe_member(command: Node, stdin: int, reader: int, writer: int, flags: int) -> Body:
    async def body(child: "Shell") -> int:
        sys = child.sys
        if reader >= 0:
            await sys.close(reader)
        if stdin > 0:
            await sys.dup2(stdin, 0)
            await sys.close(stdin)
        if writer > 1:
            await sys.dup2(writer, 1)
            await sys.close(writer)
        return await child.run(command, flags)

    return body


async def substitute(sh: "Shell", command: Node | None) -> bytes:
    """Command substitution (XCU 2.6.3): output without its trailing newlines."""
    if command is None:
        sh.substitution_status = 0
        return b""
    sys = sh.sys
    try:
        reader, writer = await sys.pipe()
    except OSError:
        raise ShellError(b"Pipe call failed") from None

    async def body(child: "Shell") -> int:
        await child.sys.close(reader)
        if writer != 1:
            await child.sys.dup2(writer, 1)
            await child.sys.close(writer)
        child.job_control = False
        return await child.run(command, EXIT)

    job = sh.jobs.new(False)
    try:
        await _fork_for(sh, job, body, NO_JOB, b"")
    except ShellError:
        await sys.close(reader)
        await sys.close(writer)
        raise
    await sys.close(writer)
    pieces: list[bytes] = []
    while True:
        try:
            data = await sys.read(reader, 16384)
        except OSError:
            data = None
        if data == b"":
            break
        try:
            if data is None:
                await sh.traps.obey()
            else:
                pieces.append(data)
                await sh.scratch(len(data))
        except (ShellError, Interrupted):
            # Nobody is interested in the child any more.
            sh.jobs.remove(job)
            await sys.close(reader)
            raise
    await sys.close(reader)
    sh.substitution_status = await sh.jobs.wait_for(job)
    return b"".join(pieces).replace(b"\0", b"").rstrip(b"\n")


async def fork_writer(sh: "Shell", text: bytes, reader: int, writer: int) -> None:
    """A child writes ``text`` into a pipe, for a here-document that may not fit."""

    async def body(child: "Shell") -> int:
        await child.sys.close(reader)
        with contextlib.suppress(OSError):
            await write_all(child.sys, writer, text)
        return 0

    job = sh.jobs.new(False)
    await _fork_for(sh, job, body, NO_JOB, b"")
