"""Sockets of AF_UNIX: unix(7), socket(7) and the man pages of the calls."""

from __future__ import annotations

from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.flags import POLLHUP, POLLIN, POLLOUT
from minios.abi.signals import SIG_IGN, Sig
from minios.abi.sockets import (
    AF_INET,
    AF_UNIX,
    MSG_DONTWAIT,
    MSG_NOSIGNAL,
    MSG_PEEK,
    MSG_WAITALL,
    SHUT_RD,
    SHUT_WR,
    SO_ACCEPTCONN,
    SO_ERROR,
    SO_PASSCRED,
    SO_PEERCRED,
    SO_RCVTIMEO,
    SO_TYPE,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
    Message,
    Ucred,
)
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_locks import errno_of
from tests.kernel.test_procfs import cat

NAME = b"/tmp/sock"
STREAM, DGRAM, SEQ = SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET


def run(main: Any, **who: Any) -> Rig:
    rig = Rig()
    pcb = rig.start(main, **who)
    rig.run(60)
    assert (pcb.exit_status, pcb.pid in rig.kernel.processes) == (0, False)
    assert (rig.kernel.sockets.unix, rig.kernel.sockets.in_flight) == ({}, 0)
    assert (rig.kernel.open_files, rig.kernel.pipe_bytes) == (3, 0)  # init's
    return rig


async def unix(sys: Sys, kind: int = STREAM) -> int:
    return await sys.socket(AF_UNIX, kind)


async def server(sys: Sys, kind: int = STREAM, name: bytes = NAME, backlog: int = 8) -> int:
    fd = await unix(sys, kind)
    await sys.bind(fd, name)
    if kind != DGRAM:
        await sys.listen(fd, backlog)
    return fd


async def connected(sys: Sys, listener: int, kind: int = STREAM) -> tuple[int, int]:
    """(client, server) ends."""
    client = await unix(sys, kind)
    await sys.connect(client, await sys.getsockname(listener))
    end, _ = await sys.accept(listener)
    return client, end


def test_a_client_talks_to_a_server_by_the_name_of_a_node() -> None:
    async def client(sys: Sys) -> int:
        fd = await unix(sys)
        await sys.connect(fd, NAME)
        await sys.write(fd, b"hello")
        assert await sys.read(fd, 100) == b"HELLO"
        assert await sys.read(fd, 100) == b""
        assert await sys.getpeername(fd) == NAME
        assert await sys.getsockname(fd) == b""
        return 0

    async def main(sys: Sys) -> None:
        listener = await server(sys)
        stat = await sys.stat(NAME)
        assert stat.mode == flags.S_IFSOCK | 0o755
        pid = await sys.fork(client)
        fd, peer = await sys.accept(listener)
        assert peer == b""
        assert await sys.getsockopt(fd, SOL_SOCKET, SO_PEERCRED) == Ucred(pid, 1000, 100)
        await sys.write(fd, (await sys.read(fd, 100)).upper())
        await sys.close(fd)
        assert (await sys.waitpid(pid)).status == 0

    run(main, uid=1000, gid=100)


def test_connect_wants_a_living_listener_of_its_type_that_it_may_write_to() -> None:
    async def main(sys: Sys) -> None:
        fd = await unix(sys)
        assert await errno_of(sys.connect(fd, NAME)) == Errno.ENOENT
        await sys.close(await sys.open(NAME, flags.O_CREAT | flags.O_WRONLY))
        assert await errno_of(sys.connect(fd, NAME)) == Errno.ECONNREFUSED
        assert await errno_of(sys.bind(fd, NAME)) == Errno.EADDRINUSE
        await sys.unlink(NAME)
        bound = await unix(sys)
        await sys.bind(bound, NAME)
        assert await errno_of(sys.connect(fd, NAME)) == Errno.ECONNREFUSED  # does not listen
        await sys.listen(bound)
        assert await errno_of(sys.connect(await unix(sys, DGRAM), NAME)) == Errno.EPROTOTYPE
        assert await errno_of(sys.open(NAME)) == Errno.ENXIO
        await sys.chmod(NAME, 0o644)
        await sys.setreuid(1001, 1001)
        assert await errno_of(sys.connect(fd, NAME)) == Errno.EACCES

    run(main)


def test_a_stale_name_refuses_and_cannot_be_bound_again() -> None:
    async def main(sys: Sys) -> None:
        await sys.close(await server(sys))
        fd = await unix(sys)
        assert await errno_of(sys.connect(fd, NAME)) == Errno.ECONNREFUSED
        assert await errno_of(sys.bind(fd, NAME)) == Errno.EADDRINUSE
        await sys.unlink(NAME)
        await sys.bind(fd, NAME)
        assert await errno_of(sys.bind(fd, b"/tmp/other")) == Errno.EINVAL
        assert await errno_of(sys.bind(await unix(sys), b"/tmp/" + b"x" * 200)) == Errno.EINVAL

    run(main)


def test_a_name_survives_a_power_cycle_and_its_socket_does_not() -> None:
    rig = Rig()
    results: list[int] = []

    async def listener(sys: Sys) -> None:
        await server(sys, name=b"/srv.sock")
        await sys.sync()
        await sys.nanosleep(1000 * SECOND)

    async def client(sys: Sys) -> None:
        fd = await unix(sys)
        results.append(await errno_of(sys.connect(fd, b"/srv.sock")))

    rig.start(listener)
    rig.run()
    rig.start(client)
    rig.run()
    rig.machine.power_off()
    rig.machine.power_on()
    rig.start(client)
    rig.run()
    assert results == [0, Errno.ECONNREFUSED]


def test_abstract_names_live_beside_the_file_system() -> None:
    async def main(sys: Sys) -> None:
        fd = await server(sys, name=b"\0chat")
        assert await errno_of(sys.bind(await unix(sys), b"\0chat")) == Errno.EADDRINUSE
        await connected(sys, fd)
        auto = await unix(sys, DGRAM)
        await sys.bind(auto, b"")
        assert await sys.getsockname(auto) == b"\x0000000"
        text = await cat(sys, b"/proc/net/unix")
        lines = text.splitlines()
        assert lines[0] == b"Num       RefCount Protocol Flags    Type St Inode Path"
        assert [line.split(b":", 1)[1].split()[2:5] for line in lines[1:]] == [
            [b"00010000", b"0001", b"01"],  # listens
            [b"00000000", b"0001", b"01"],
            [b"00000000", b"0001", b"03"],
            [b"00000000", b"0001", b"03"],
            [b"00000000", b"0002", b"01"],
        ]
        assert lines[1].endswith(b" @chat") and lines[5].endswith(b" @00000")
        await sys.close(fd)
        assert await errno_of(sys.connect(await unix(sys), b"\0chat")) == Errno.ECONNREFUSED

    run(main)


def test_a_full_backlog_makes_clients_wait() -> None:
    done: list[int] = []

    async def client(sys: Sys, listener: int) -> int:
        await sys.close(listener)
        fd = await unix(sys)
        await sys.connect(fd, NAME)
        done.append(await sys.getpid())
        await errno_of(sys.read(fd, 1))
        return 0

    async def main(sys: Sys) -> None:
        listener = await server(sys, backlog=1)
        pids = [await sys.fork(client, listener) for _ in range(3)]
        await sys.nanosleep(SECOND)
        assert done == pids[:2]
        fd = await sys.socket(AF_UNIX, STREAM | SOCK_NONBLOCK)
        assert await errno_of(sys.connect(fd, NAME)) == Errno.EAGAIN
        ends = [(await sys.accept(listener))[0]]
        await sys.nanosleep(SECOND)
        assert done == pids
        for end in ends:
            await sys.close(end)
        await sys.close(listener)
        for _ in pids:
            await sys.waitpid()

    run(main)


def test_closing_a_listener_resets_who_was_not_accepted() -> None:
    async def main(sys: Sys) -> None:
        listener = await server(sys)
        fd = await unix(sys)
        await sys.connect(fd, NAME)
        await sys.close(listener)
        assert await errno_of(sys.read(fd, 1)) == Errno.ECONNRESET
        assert await sys.read(fd, 1) == b""

    run(main)


def test_a_stream_has_no_borders_and_a_seqpacket_has() -> None:
    async def main(sys: Sys) -> None:
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        await sys.write(one, b"abc")
        await sys.write(one, b"def")
        assert await sys.recv(two, 4, MSG_PEEK) == b"abcd"
        assert await sys.ioctl(two, flags.FIONREAD) == 6
        assert (await sys.read(two, 4), await sys.read(two, 4)) == (b"abcd", b"ef")
        one, two = await sys.socketpair(AF_UNIX, SEQ)
        await sys.write(one, b"abc")
        await sys.write(one, b"def")
        got = await sys.recvmsg(two, 2)
        assert (got.data, got.flags) == (b"ab", 0x20)
        assert await sys.read(two, 100) == b"def"

    run(main)


def test_who_reads_sees_everything_and_then_the_end() -> None:
    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGPIPE, SIG_IGN)
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        assert await sys.poll([(one, POLLIN | POLLOUT)], 0) == [(one, POLLOUT)]
        await sys.write(one, b"last")
        await sys.shutdown(one, SHUT_WR)
        assert await errno_of(sys.write(one, b"x")) == Errno.EPIPE
        assert (await sys.read(two, 9), await sys.read(two, 9)) == (b"last", b"")
        await sys.write(two, b"answer")
        assert await sys.read(one, 9) == b"answer"
        await sys.close(two)
        assert await sys.read(one, 9) == b""
        ready = await sys.poll([(one, POLLIN)], 0)
        assert ready == [(one, POLLIN | POLLHUP)]
        assert await errno_of(sys.send(one, b"x", MSG_NOSIGNAL)) == Errno.EPIPE

    run(main)


def test_leaving_data_unread_resets_the_other_end() -> None:
    async def main(sys: Sys) -> None:
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        await sys.write(one, b"unread")
        await sys.close(two)
        assert await sys.getsockopt(one, SOL_SOCKET, SO_ERROR) == Errno.ECONNRESET
        assert await sys.read(one, 1) == b""

    run(main)


def test_a_writer_waits_for_room_and_sigpipe_ends_it() -> None:
    async def reader(sys: Sys, fd: int, other: int) -> int:
        await sys.close(other)
        total = 0
        while total < 300_000:
            total += len(await sys.read(fd, 50_000))
        return 0

    async def main(sys: Sys) -> None:
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        pid = await sys.fork(reader, two, one)
        await sys.close(two)
        assert await sys.write(one, b"x" * 300_000) == 300_000
        await sys.waitpid(pid)
        assert await errno_of(sys.send(one, b"", MSG_NOSIGNAL)) == Errno.EPIPE

        async def dies(sys: Sys, fd: int) -> int:
            await sys.write(fd, b"x")
            return 0

        assert (await sys.waitpid(await sys.fork(dies, one))).status == Sig.SIGPIPE

    run(main)


def test_nonblocking_and_timeouts() -> None:
    async def main(sys: Sys) -> None:
        one, two = await sys.socketpair(AF_UNIX, STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
        assert await sys.fcntl(one, flags.F_GETFD) == flags.FD_CLOEXEC
        assert await errno_of(sys.read(one, 1)) == Errno.EAGAIN
        assert await sys.write(one, b"x" * 100_000) == 65536
        assert await errno_of(sys.write(one, b"x")) == Errno.EAGAIN
        assert await sys.poll([(one, POLLOUT)], 0) == []
        one, two = await sys.socketpair(AF_UNIX, DGRAM)
        assert await errno_of(sys.recv(two, 1, MSG_DONTWAIT)) == Errno.EAGAIN
        await sys.setsockopt(two, SOL_SOCKET, SO_RCVTIMEO, 3 * SECOND)
        before = await sys.clock_gettime(1)
        assert await errno_of(sys.recv(two, 1)) == Errno.EAGAIN
        waited = await sys.clock_gettime(1) - before
        assert 3 * SECOND <= waited < 3 * SECOND + SECOND // 100

    run(main)


def test_waitall_waits_for_as_much_as_was_asked() -> None:
    async def writer(sys: Sys, fd: int) -> int:
        for _ in range(3):
            await sys.nanosleep(SECOND)
            await sys.write(fd, b"ab")
        return 0

    async def main(sys: Sys) -> None:
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        await sys.fork(writer, one)
        assert await sys.recv(two, 5, MSG_WAITALL) == b"ababa"

    run(main)


def test_datagrams_keep_their_borders_and_their_sender() -> None:
    async def main(sys: Sys) -> None:
        fd = await server(sys, DGRAM)
        other = await server(sys, DGRAM, b"/tmp/other")
        await sys.sendto(other, b"one", NAME)
        await sys.sendto(other, b"", NAME)
        await sys.connect(other, NAME)
        await sys.send(other, b"three")
        assert await sys.recvfrom(fd, 100) == (b"one", b"/tmp/other")
        assert await sys.recvfrom(fd, 100) == (b"", b"/tmp/other")
        assert (await sys.recvmsg(fd, 2)) == Message(b"th", b"/tmp/other", (), 0x20)
        assert await errno_of(sys.send(fd, b"x")) == Errno.ENOTCONN
        assert await errno_of(sys.sendto(fd, b"x" * 70_000, b"/tmp/other")) == Errno.EMSGSIZE
        third = await unix(sys, DGRAM)
        assert await errno_of(sys.sendto(third, b"x", b"/tmp/other")) == Errno.EPERM
        await sys.close(fd)
        assert await errno_of(sys.send(other, b"x")) == Errno.ECONNREFUSED
        assert await errno_of(sys.listen(other)) == Errno.EOPNOTSUPP
        assert await errno_of(sys.accept(other)) == Errno.EOPNOTSUPP

    run(main)


def test_a_datagram_queue_holds_eleven() -> None:
    """net.unix.max_dgram_qlen is 10, and Linux compares with "more than"."""

    async def main(sys: Sys) -> None:
        await server(sys, DGRAM)
        fd = await sys.socket(AF_UNIX, DGRAM | SOCK_NONBLOCK)
        sent = 0
        while not await errno_of(sys.sendto(fd, b"x", NAME)):
            sent += 1
        assert sent == 11

    run(main)


def test_options() -> None:
    async def main(sys: Sys) -> None:
        fd = await server(sys)
        assert await sys.getsockopt(fd, SOL_SOCKET, SO_TYPE) == STREAM
        assert await sys.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1
        assert await errno_of(sys.setsockopt(fd, SOL_SOCKET, SO_TYPE, 2)) == Errno.ENOPROTOOPT
        assert await errno_of(sys.getsockopt(0, SOL_SOCKET, SO_TYPE)) == Errno.ENOTSOCK
        assert await errno_of(sys.socket(99, STREAM)) == Errno.EAFNOSUPPORT
        assert await errno_of(sys.socketpair(AF_INET + 50, STREAM)) == Errno.EAFNOSUPPORT
        assert await errno_of(sys.socket(AF_UNIX, 9)) == Errno.ESOCKTNOSUPPORT
        assert await errno_of(sys.socket(AF_UNIX, STREAM, 7)) == Errno.EPROTONOSUPPORT
        await sys.shutdown(await unix(sys), SHUT_RD)
        assert await errno_of(sys.read(await unix(sys), 1)) == Errno.EINVAL
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        await sys.setsockopt(two, SOL_SOCKET, SO_PASSCRED, 1)
        await sys.write(one, b"me")
        me = Ucred(await sys.getpid(), 0, 0)
        assert await sys.recvmsg(two, 9) == Message(b"me", b"", (), 0, me)

    run(main)


def test_descriptors_travel_in_messages() -> None:
    """unix(7), SCM_RIGHTS."""

    async def child(sys: Sys, fd: int) -> int:
        got = await sys.recvmsg(fd, 9)
        (passed,) = got.fds
        await sys.write(passed, b"child was here")
        return 0

    async def main(sys: Sys) -> None:
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        pid = await sys.fork(child, two)
        file = await sys.open(b"/tmp/f", flags.O_CREAT | flags.O_RDWR)
        await sys.sendmsg(one, b"x", (file,))
        await sys.close(file)
        assert (await sys.waitpid(pid)).status == 0
        assert await cat(sys, b"/tmp/f") == b"child was here"
        # What nobody takes is closed; a plain read takes the bytes and closes the descriptors.
        reader, writer = await sys.pipe()
        await sys.sendmsg(one, b"y", (writer,))
        await sys.close(writer)
        assert await sys.read(two, 9) == b"y"
        assert await sys.read(reader, 1) == b""
        # A message with descriptors is where a stream's read stops.
        await sys.write(one, b"a")
        await sys.sendmsg(one, b"b", (0,))
        await sys.write(one, b"c")
        assert (await sys.recvmsg(two, 9)).data == b"a"
        got = await sys.recvmsg(two, 9)
        assert (got.data, len(got.fds)) == (b"b", 1)
        assert (await sys.recvmsg(two, 9)).data == b"c"

    run(main)


def test_sockets_that_only_hold_each_other_are_collected() -> None:
    async def main(sys: Sys) -> None:
        one, two = await sys.socketpair(AF_UNIX, STREAM)
        await sys.sendmsg(one, b"x", (one,))
        await sys.sendmsg(one, b"y", (two,))
        await sys.close(one)
        await sys.close(two)
        a, b = await sys.socketpair(AF_UNIX, STREAM)
        await sys.close(a)
        await sys.close(b)
        await sys.nanosleep(SECOND)

    run(main)
