"""Compound commands (XCU 2.9.2 to 2.9.5): lists, conditions, loops, functions, redirected ones."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from minios.userland.lib.pattern import compiling
from minios.userland.shell import launch, redirect
from minios.userland.shell.errors import Interrupted, ShellError, ShellExit
from minios.userland.shell.flow import BREAK, CONTINUE, RETURN, TESTED
from minios.userland.shell.state import FUNCTION_BYTES
from minios.userland.shell.syntax import (
    AndOr,
    Background,
    Case,
    Commands,
    For,
    Function,
    If,
    Not,
    Pipeline,
    Redirected,
    Subshell,
    While,
)

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell


async def run_not(sh: "Shell", node: Not, flags: int) -> int:
    status = await sh.run(node.body, TESTED)
    return status if sh.skip else int(not status)


async def run_and_or(sh: "Shell", node: AndOr, flags: int) -> int:
    status = await sh.run(node.first, TESTED)
    last = len(node.rest) - 1
    for index, (is_or, command) in enumerate(node.rest):
        if sh.skip:
            break
        if (status == 0) != is_or:
            status = await sh.run(command, flags if index == last else TESTED)
    return status


async def run_commands(sh: "Shell", node: Commands, flags: int) -> int:
    status = 0
    last = len(node.items) - 1
    for index, command in enumerate(node.items):
        status = await sh.run(command, flags if index == last else flags & TESTED)
        if sh.skip:
            break
    return status


async def run_if(sh: "Shell", node: If, flags: int) -> int:
    for condition, body in node.clauses:
        status = await sh.run(condition, TESTED)
        if sh.skip:
            return status
        if not status:
            return await sh.run(body, flags)
    if node.otherwise is not None:
        return await sh.run(node.otherwise, flags)
    return 0


def _skip_loop(sh: "Shell") -> int:
    """What a loop does about ``break`` and its like: with 0 and CONTINUE it goes on."""
    skip = sh.skip
    if skip in (BREAK, CONTINUE):
        sh.skip_count -= 1
        if sh.skip_count <= 0:
            sh.skip = 0
        else:
            skip = BREAK
    return skip


async def run_while(sh: "Shell", node: While, flags: int) -> int:
    status = 0
    flags &= TESTED
    until = node.until
    sh.loop_depth += 1
    while True:
        tested = await sh.run(node.condition, TESTED)
        skip = _skip_loop(sh) if sh.skip else 0
        if skip == RETURN:
            status = tested
        if skip == CONTINUE:
            continue
        if skip or (tested == 0) == until:
            break
        status = await sh.run(node.body, flags)
        if sh.skip and _skip_loop(sh) not in (0, CONTINUE):
            break
    sh.loop_depth -= 1
    return status


async def run_for(sh: "Shell", node: For, flags: int) -> int:
    sh.line = node.line
    values = await sh.fields(node.words)
    status = 0
    flags &= TESTED
    sh.loop_depth += 1
    for value in values:
        await sh.assign(node.name, value)
        status = await sh.run(node.body, flags)
        if sh.skip and _skip_loop(sh) not in (0, CONTINUE):
            break
    sh.loop_depth -= 1
    return status


async def run_case(sh: "Shell", node: Case, flags: int) -> int:
    sh.line = node.line
    subject = await sh.expand.string(node.subject)
    for patterns, body in node.items:
        for word in patterns:
            sh.cycles += 20 + (len(subject) >> 4)
            if word.literal is not None:
                matched = subject == word.literal
            else:
                text = await sh.expand.pattern(word)
                pattern = await sh.slowly(compiling(text))
                matched = await sh.slowly(pattern.matching(subject))
            if matched:
                if body is None or sh.skip:
                    return 0
                return await sh.run(body, flags)
    return 0


async def run_redirected(sh: "Shell", node: Redirected, flags: int) -> int:
    sh.line = node.line
    targets = await redirect.expand_targets(sh, node.redirs)
    undo: redirect.Undo = []
    try:
        try:
            await redirect.apply(sh, node.redirs, targets, undo)
        except ShellError as err:
            await sh.report(err)
            status = err.status
            if sh.options.errexit and not flags & TESTED:
                raise ShellExit(status) from None
        else:
            status = await sh.run(node.body, flags & TESTED)
    except (ShellError, ShellExit, Interrupted) as err:
        if isinstance(err, ShellError):
            await sh.report(err)
        await redirect.put_back(sh.sys, undo)
        raise
    await redirect.put_back(sh.sys, undo)
    return status


async def define_function(sh: "Shell", node: Function, flags: int) -> int:
    await sh.reserve(FUNCTION_BYTES + node.size)
    sh.forget_function(node.name)
    sh.retained += FUNCTION_BYTES + node.size
    sh.functions[node.name] = node
    return 0


async def run_background(sh: "Shell", node: Background, flags: int) -> int:
    return await launch.background(sh, node)


_Method = Callable[["Shell", Any, int], Coroutine[Any, Any, int]]

RUN: dict[type[Any], _Method] = {
    Not: run_not,
    AndOr: run_and_or,
    Commands: run_commands,
    If: run_if,
    While: run_while,
    For: run_for,
    Case: run_case,
    Redirected: run_redirected,
    Function: define_function,
    Pipeline: launch.pipeline,
    Subshell: launch.subshell,
    Background: run_background,
}
"""What runs each kind of node but simple commands."""
