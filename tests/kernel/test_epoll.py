"""epoll(7), select(2) and poll(2) on sockets and pipes."""

from __future__ import annotations

import errno
import os
import random
import select
import socket
import sys as host
from typing import Any

import pytest

from minios.abi import flags
from minios.abi.epoll import (
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    EPOLLET,
    EPOLLEXCLUSIVE,
    EPOLLHUP,
    EPOLLIN,
    EPOLLONESHOT,
    EPOLLOUT,
    EPOLLRDHUP,
)
from minios.abi.sockets import AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM
from minios.abi.sys import Sys
from tests.kernel.rig import Rig

LOCALHOST = 0x7F000001


def result_of(main: Any) -> Any:
    """What a program returns."""
    rig = Rig()
    got: list[Any] = []

    async def run(sys: Sys) -> None:
        got.append(await main(sys))

    rig.start(run)
    rig.run(20)
    assert rig.kernel.faults == []
    return got[0]


async def errno_of(call: Any) -> str:
    try:
        await call
    except OSError as err:
        return errno.errorcode[err.errno or 0]
    return ""


def test_level_triggered_tells_as_long_as_there_is_something() -> None:
    async def main(sys: Sys) -> Any:
        r, w = await sys.pipe()
        ep = await sys.epoll_create()
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN, 77)
        seen = [await sys.epoll_wait(ep, 8, 0)]
        await sys.write(w, b"ab")
        seen += [await sys.epoll_wait(ep, 8, 0), await sys.epoll_wait(ep, 8, 0)]
        await sys.read(r, 2)
        return [*seen, await sys.epoll_wait(ep, 8, 0)]

    assert result_of(main) == [[], [(EPOLLIN, 77)], [(EPOLLIN, 77)], []]


def test_edge_triggered_tells_once_of_each_arrival() -> None:
    async def main(sys: Sys) -> Any:
        r, w = await sys.pipe()
        ep = await sys.epoll_create()
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN | EPOLLET)
        await sys.write(w, b"ab")
        seen = [await sys.epoll_wait(ep, 8, 0), await sys.epoll_wait(ep, 8, 0)]
        await sys.write(w, b"c")
        return [len(events) for events in [*seen, await sys.epoll_wait(ep, 8, 0)]]

    assert result_of(main) == [1, 0, 1]


def test_oneshot_is_silent_until_it_is_armed_again() -> None:
    async def main(sys: Sys) -> Any:
        r, w = await sys.pipe()
        ep = await sys.epoll_create()
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN | EPOLLONESHOT)
        await sys.write(w, b"ab")
        seen = [await sys.epoll_wait(ep, 8, 0), await sys.epoll_wait(ep, 8, 0)]
        await sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, EPOLLIN | EPOLLONESHOT)
        return [len(events) for events in [*seen, await sys.epoll_wait(ep, 8, 0)]]

    assert result_of(main) == [1, 0, 1]


def test_waiting_ends_when_a_datagram_comes_or_with_the_timeout() -> None:
    async def main(sys: Sys) -> Any:
        fd = await sys.socket(AF_INET, SOCK_DGRAM)
        await sys.bind(fd, (LOCALHOST, 5000))
        ep = await sys.epoll_create()
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN)
        begin = await sys.clock_gettime(1)
        nothing = await sys.epoll_wait(ep, 8, 250)
        spent = (await sys.clock_gettime(1) - begin) // 1_000_000

        async def child(sys: Sys) -> int:
            await sys.nanosleep(100_000_000)
            await sys.sendto(fd, b"x", (LOCALHOST, 5000))
            return 0

        await sys.fork(child)
        return nothing, spent, await sys.epoll_wait(ep, 8, -1)

    assert result_of(main) == ([], 250, [(EPOLLIN, 3)])


def test_a_closed_file_leaves_the_set_but_a_closed_descriptor_does_not() -> None:
    """epoll(7), questions and answers, 6."""

    async def main(sys: Sys) -> Any:
        r, w = await sys.pipe()
        copy = await sys.dup(r)
        ep = await sys.epoll_create()
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN)
        await sys.write(w, b"x")
        await sys.close(r)
        seen = [len(await sys.epoll_wait(ep, 8, 0))]
        await sys.close(copy)
        return [*seen, len(await sys.epoll_wait(ep, 8, 0))]

    assert result_of(main) == [1, 0]


def test_a_tcp_connection_tells_of_its_beginning_its_data_and_its_end() -> None:
    async def main(sys: Sys) -> Any:
        server = await sys.socket(AF_INET, SOCK_STREAM)
        await sys.bind(server, (LOCALHOST, 80))
        await sys.listen(server)
        ep = await sys.epoll_create()
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, server, EPOLLIN)
        client = await sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK)
        every = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, client, every)
        seen = [sorted(await sys.epoll_wait(ep, 8, 0))]
        seen.append([(0, 0)] if await errno_of(sys.connect(client, (LOCALHOST, 80))) else [])
        seen.append(sorted(await sys.epoll_wait(ep, 8, -1)))
        end, _ = await sys.accept(server)
        await sys.send(end, b"hello")
        seen.append(await sys.epoll_wait(ep, 8, -1))
        await sys.close(end)
        seen.append(await sys.epoll_wait(ep, 8, -1))
        return seen

    assert result_of(main) == [
        [(EPOLLOUT | EPOLLHUP, 5)],
        [(0, 0)],
        [(EPOLLIN, 3), (EPOLLOUT, 5)],
        [(EPOLLIN | EPOLLOUT, 5)],
        [(EPOLLIN | EPOLLOUT | EPOLLRDHUP, 5)],
    ]


def test_sets_in_sets_tell_and_rings_are_refused() -> None:
    async def main(sys: Sys) -> Any:
        r, w = await sys.pipe()
        inner, outer = await sys.epoll_create(), await sys.epoll_create()
        await sys.epoll_ctl(inner, EPOLL_CTL_ADD, r, EPOLLIN)
        await sys.epoll_ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN)
        ring = await errno_of(sys.epoll_ctl(inner, EPOLL_CTL_ADD, outer, EPOLLIN))
        await sys.write(w, b"x")
        return ring, await sys.epoll_wait(outer, 8, -1), await sys.poll([(outer, EPOLLIN)], 0)

    assert result_of(main) == ("ELOOP", [(EPOLLIN, 5)], [(6, EPOLLIN)])


def test_epoll_ctl_says_what_is_wrong() -> None:
    async def main(sys: Sys) -> Any:
        r, _ = await sys.pipe()
        file = await sys.open(b"/tmp/f", flags.O_RDWR | flags.O_CREAT)
        ep, other = await sys.epoll_create(), await sys.epoll_create()
        await sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN | EPOLLEXCLUSIVE)
        return [
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_ADD, r, EPOLLIN)),
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_MOD, r, EPOLLIN)),
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_MOD, 88, EPOLLIN)),
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_ADD, file, EPOLLIN)),
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN)),
            await errno_of(sys.epoll_ctl(r, EPOLL_CTL_ADD, ep, EPOLLIN)),
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_ADD, other, EPOLLIN | EPOLLEXCLUSIVE)),
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_DEL, other)),
            await errno_of(sys.epoll_ctl(ep, 9, r, EPOLLIN)),
            await errno_of(sys.epoll_ctl(ep, EPOLL_CTL_ADD, 99, EPOLLIN)),
            await errno_of(sys.epoll_wait(ep, 0, 0)),
            await errno_of(sys.epoll_wait(r, 8, 0)),
            await errno_of(sys.epoll_create(1)),
        ]

    assert result_of(main) == [
        "EEXIST", "EINVAL", "EBADF", "EPERM", "EINVAL", "EINVAL", "EINVAL", "ENOENT", "EINVAL",
        "EBADF", "EINVAL", "EINVAL", "EINVAL",
    ]  # fmt: skip


def test_select_gives_the_sets_of_what_is_ready() -> None:
    async def main(sys: Sys) -> Any:
        r, w = await sys.pipe()
        nothing = await sys.select(5, 1 << r, 0, 0, 1_000_000)
        can_write = await sys.select(5, 1 << r, 1 << w)
        await sys.write(w, b"x")
        return (
            nothing,
            can_write,
            await sys.select(5, 1 << r, 1 << w),
            await errno_of(sys.select(64, 1 << 60)),
        )

    assert result_of(main) == ((0, 0, 0), (0, 16, 0), (8, 16, 0), "EBADF")


# -- against this host's Linux -------------------------------------------------------------------


def history(seed: int) -> list[tuple[Any, ...]]:
    """Calls on an epoll set and four ends of two socket pairs (0 with 1, 2 with 3)."""
    rng = random.Random(seed)
    kinds = (EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLRDHUP)
    modes = (0, 0, EPOLLET, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT)
    calls: list[tuple[Any, ...]] = []
    for _ in range(60):
        at = rng.randrange(4)
        op = rng.choice(["ctl", "ctl", "send", "send", "recv", "wait", "wait", "wait", "shut"])
        if op == "ctl":
            how = rng.choice([EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL])
            calls.append((op, how, at, rng.choice(kinds) | rng.choice(modes)))
        elif op == "wait":
            calls.append((op, rng.choice([1, 2, 8])))
        elif op == "shut":
            if rng.random() < 0.2:
                calls.append((op, at))
        else:
            calls.append((op, at, rng.choice([1, 2, 5])))
    return calls


def on_linux(calls: list[tuple[Any, ...]], kind: int) -> list[Any]:
    ends = [end for _ in range(2) for end in socket.socketpair(socket.AF_UNIX, kind)]
    for end in ends:
        end.setblocking(False)
    number = {end.fileno(): at for at, end in enumerate(ends)}
    ep = select.epoll()
    got: list[Any] = []
    for op, *args in calls:
        try:
            if op == "ctl":
                how, at, events = args
                if how == EPOLL_CTL_ADD:
                    got.append(ep.register(ends[at], events))
                elif how == EPOLL_CTL_MOD:
                    got.append(ep.modify(ends[at], events))
                else:
                    got.append(ep.unregister(ends[at]))
            elif op == "wait":
                got.append([(events, number[fd]) for fd, events in ep.poll(0, args[0])])
            elif op == "send":
                got.append(ends[args[0]].send(b"x" * args[1], socket.MSG_NOSIGNAL))
            elif op == "recv":
                got.append(ends[args[0]].recv(args[1]))
            else:
                got.append(ends[args[0]].shutdown(socket.SHUT_WR))
        except OSError as err:
            got.append(errno.errorcode[err.errno or 0])
    ep.close()
    for end in ends:
        end.close()
    return got


async def here(sys: Sys, calls: list[tuple[Any, ...]], kind: int) -> list[Any]:
    ends = [end for _ in range(2) for end in await sys.socketpair(AF_UNIX, kind | SOCK_NONBLOCK)]
    ep = await sys.epoll_create()
    got: list[Any] = []
    for op, *args in calls:
        try:
            if op == "ctl":
                got.append(await sys.epoll_ctl(ep, args[0], ends[args[1]], args[2], args[1]))
            elif op == "wait":
                got.append([tuple(event) for event in await sys.epoll_wait(ep, args[0], 0)])
            elif op == "send":
                got.append(await sys.send(ends[args[0]], b"x" * args[1], 0x4000))
            elif op == "recv":
                got.append(await sys.recv(ends[args[0]], args[1]))
            else:
                got.append(await sys.shutdown(ends[args[0]], 1))
        except OSError as err:
            got.append(errno.errorcode[err.errno or 0])
    return got


@pytest.mark.skipif(host.platform != "linux", reason="compares with Linux")
@pytest.mark.parametrize("seed", range(int(os.environ.get("MINIOS_EXAMPLES", "0")) or 40))
def test_a_history_of_a_set_is_linuxs(seed: int) -> None:
    calls = history(seed)
    ours = result_of(lambda sys: here(sys, calls, SOCK_STREAM))
    theirs = on_linux(calls, socket.SOCK_STREAM)
    for number, (call, one, other) in enumerate(zip(calls, ours, theirs, strict=True)):
        assert (number, call, one) == (number, call, other), calls[:number]
