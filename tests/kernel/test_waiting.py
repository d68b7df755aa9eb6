"""waitid(2) in all its forms, queued signals, ppoll's mask, and RLIMIT_CPU."""

from __future__ import annotations

from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.records import Siginfo
from minios.abi.signals import SA_SIGINFO, SIG_BLOCK, SIG_UNBLOCK, SIGRTMIN, Sig, mask_of
from minios.abi.sys import Sys
from minios.sim.world import SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_credentials import refused

MS = 1_000_000


async def sleeper(sys: Sys) -> int:
    await sys.nanosleep(SECOND)
    return 3


def test_waitid_tells_what_became_of_a_child_as_often_as_asked_to_leave_it() -> None:
    seen: list[Any] = []

    async def ends(sys: Sys) -> int:
        return 9

    async def main(sys: Sys) -> None:
        pid = await sys.fork(ends)
        leave = flags.WEXITED | flags.WNOWAIT
        for options in (leave, leave, flags.WEXITED):
            info = await sys.waitid(flags.P_PID, pid, options)
            assert info is not None
            seen.append((info.pid == pid, info.code, info.status, info.uid))
        seen.append(await refused(sys.waitid(flags.P_PID, pid, flags.WEXITED)))

    rig = Rig()
    rig.start(main, uid=1000)
    rig.run()
    told = (True, flags.CLD_EXITED, 9, 1000)
    assert seen == [told, told, told, Errno.ECHILD]


def test_waitid_reports_stops_and_continues_only_where_asked() -> None:
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        pid = await sys.fork(sleeper)
        await sys.kill(pid, Sig.SIGSTOP)
        seen.append(await sys.waitid(flags.P_ALL, 0, flags.WEXITED | flags.WNOHANG))
        info = await sys.waitid(flags.P_ALL, 0, flags.WSTOPPED)
        assert info is not None
        seen.append((info.code, info.status))
        await sys.kill(pid, Sig.SIGCONT)
        info = await sys.waitid(flags.P_PGID, 0, flags.WCONTINUED)
        assert info is not None
        seen.append((info.code, info.status))
        await sys.kill(pid, Sig.SIGKILL)
        info = await sys.waitid(flags.P_PGID, await sys.getpgid(), flags.WEXITED)
        assert info is not None
        seen.append((info.code, info.status))

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [
        None,
        (flags.CLD_STOPPED, Sig.SIGSTOP),
        (flags.CLD_CONTINUED, Sig.SIGCONT),
        (flags.CLD_KILLED, Sig.SIGKILL),
    ]


def test_waitid_refuses_nonsense() -> None:
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        seen.append(await refused(sys.waitid(flags.P_ALL, 0, 0)))
        seen.append(await refused(sys.waitid(flags.P_ALL, 0, flags.WNOHANG)))
        seen.append(await refused(sys.waitid(9, 0, flags.WEXITED)))
        seen.append(await refused(sys.waitid(flags.P_PID, 0, flags.WEXITED)))

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [Errno.EINVAL] * 4


def test_real_time_signals_queue_up_in_order_and_standard_ones_do_not() -> None:
    """signal(7), Real-time signals."""
    got: list[tuple[int, int, int]] = []

    async def handler(sys: Sys, sig: int, info: Siginfo) -> None:
        got.append((sig, info.code, info.value))

    async def main(sys: Sys) -> None:
        sigs = (Sig.SIGUSR1, SIGRTMIN, SIGRTMIN + 1)
        for sig in sigs:
            await sys.sigaction(sig, handler, SA_SIGINFO)
        await sys.sigprocmask(SIG_BLOCK, mask_of(*sigs))
        me = await sys.getpid()
        for value in (1, 2, 3):
            await sys.sigqueue(me, SIGRTMIN + 1, value)
        await sys.sigqueue(me, SIGRTMIN, 4)
        for value in (5, 6):
            await sys.sigqueue(me, Sig.SIGUSR1, value)
        await sys.sigprocmask(SIG_UNBLOCK, mask_of(*sigs))

    rig = Rig()
    rig.start(main)
    rig.run()
    queued = flags.SI_QUEUE
    # A handler lies on top of the one delivered before it, so the last delivered runs first.
    assert sorted(got) == sorted(
        [(10, queued, 5), (34, queued, 4), (35, queued, 1), (35, queued, 2), (35, queued, 3)]
    )
    assert [value for sig, _, value in got if sig == SIGRTMIN + 1] == [1, 2, 3]


def test_the_queue_of_signals_is_limited() -> None:
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        await sys.sigprocmask(SIG_BLOCK, mask_of(SIGRTMIN))
        await sys.setrlimit(flags.RLIMIT_SIGPENDING, 2, 2)
        me = await sys.getpid()
        await sys.sigqueue(me, SIGRTMIN, 1)
        await sys.sigqueue(me, SIGRTMIN, 2)
        seen.append(await refused(sys.sigqueue(me, SIGRTMIN, 3)))

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [Errno.EAGAIN]


def test_sigtimedwait_takes_a_blocked_signal_or_gives_up() -> None:
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        wanted = mask_of(Sig.SIGUSR2, SIGRTMIN)
        await sys.sigprocmask(SIG_BLOCK, wanted)
        seen.append(await refused(sys.sigtimedwait(wanted, 10 * MS)))
        info = await sys.sigtimedwait(wanted)
        seen.append((info.signo, info.code, info.pid))

    async def other(sys: Sys) -> None:
        await sys.nanosleep(50 * MS)
        await sys.kill(waiter.pid, Sig.SIGUSR2)

    rig = Rig()
    waiter = rig.start(main)
    sender = rig.start(other)
    rig.run()
    assert seen == [Errno.EAGAIN, (Sig.SIGUSR2, flags.SI_USER, sender.pid)]


def test_ppoll_sleeps_under_another_mask_and_puts_the_old_one_back() -> None:
    """ppoll(2): no signal is lost between looking and sleeping."""
    seen: list[Any] = []

    async def handler(sys: Sys, sig: int) -> None:
        seen.append(sig)

    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGUSR1, handler)
        await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGUSR1))
        await sys.kill(await sys.getpid(), Sig.SIGUSR1)
        seen.append(await refused(sys.poll((), None, 0)))
        seen.append(await sys.sigprocmask(SIG_BLOCK, 0))
        seen.append(await sys.poll((), MS, 0))
        seen.append(await sys.sigprocmask(SIG_BLOCK, 0))

    rig = Rig()
    rig.start(main)
    rig.run()
    mask = mask_of(Sig.SIGUSR1)
    assert seen == [Sig.SIGUSR1, Errno.EINTR, mask, [], mask]


def test_cpu_time_ends_with_sigxcpu_each_second_and_sigkill_at_the_hard_limit() -> None:
    """getrlimit(2), RLIMIT_CPU."""
    times: list[int] = []

    async def handler(sys: Sys, sig: int) -> None:
        times.append(await sys.clock_gettime(flags.CLOCK_PROCESS_CPUTIME_ID) // SECOND)

    async def main(sys: Sys) -> None:
        await sys.sigaction(Sig.SIGXCPU, handler)
        await sys.setrlimit(flags.RLIMIT_CPU, 1, 3)
        await sys.compute(10_000_000)

    rig = Rig()
    pcb = rig.start(main)
    rig.run(6)
    assert times == [1, 2]
    assert pcb.killed_by is not None
    assert pcb.killed_by[0] == Sig.SIGKILL
    assert (pcb.utime + pcb.stime) // MS == 3000


def test_sleeping_does_not_count_as_cpu_time_and_a_child_starts_at_nothing() -> None:
    statuses: list[int] = []

    async def child(sys: Sys) -> int:
        await sys.compute(900_000)
        await sys.nanosleep(5 * SECOND)
        return 4

    async def main(sys: Sys) -> None:
        await sys.setrlimit(flags.RLIMIT_CPU, 1, 1)
        await sys.compute(500_000)
        await sys.fork(child)
        statuses.append((await sys.waitpid()).status)

    rig = Rig()
    rig.start(main)
    rig.run(10)
    assert statuses == [flags.exit_status(4)]


def test_limits_of_others_and_priorities_below_the_limit() -> None:
    """prlimit(2); setrlimit(2), RLIMIT_NICE."""
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        seen.append(await refused(sys.prlimit(victim.pid, flags.RLIMIT_NOFILE, (1, 1))))
        seen.append(await refused(sys.setpriority(flags.PRIO_PROCESS, 0, -1)))
        await sys.prlimit(own.pid, flags.RLIMIT_NOFILE, (5, 6))
        seen.append(await sys.prlimit(own.pid, flags.RLIMIT_NOFILE))
        seen.append(await refused(sys.setrlimit(flags.RLIMIT_NOFILE, 5, 1 << 20)))

    async def nicer(sys: Sys) -> None:
        await sys.setrlimit(flags.RLIMIT_NICE, 22, 22)
        await sys.setuid(1000)
        await sys.setpriority(flags.PRIO_PROCESS, 0, -2)
        seen.append(await sys.getpriority())
        seen.append(await refused(sys.setpriority(flags.PRIO_PROCESS, 0, -3)))

    rig = Rig()
    victim = rig.start(sleeper)
    own = rig.start(sleeper, uid=1000, gid=1000)
    rig.start(main, uid=1000, gid=1000)
    rig.run()
    rig.start(nicer)
    rig.run()
    assert seen == [Errno.EPERM, Errno.EACCES, (5, 6), Errno.EPERM, -2, Errno.EACCES]


def test_the_kernel_log_is_read_record_by_record() -> None:
    """/dev/kmsg (Documentation/ABI/testing/dev-kmsg) and syslog(2)."""
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/dev/kmsg", flags.O_RDWR | flags.O_NONBLOCK)
        await sys.lseek(fd, 0, flags.SEEK_END)
        seen.append(await refused(sys.read(fd, 100)))
        await sys.write(fd, b"<3>tool: it \x01 broke\n")
        head, _, text = (await sys.read(fd, 1000)).partition(b";")
        seen.append((head.split(b",")[0], text))
        await sys.write(fd, b"plain")
        seen.append((await sys.read(fd, 1000)).split(b",")[0])
        await sys.lseek(fd, 0, flags.SEEK_SET)
        seen.append((await sys.read(fd, 1000)).partition(b";")[2][:7])
        await sys.syslog(5)
        seen.append(await sys.syslog(3, 1000))
        await sys.lseek(fd, 0, flags.SEEK_DATA)
        seen.append(await refused(sys.read(fd, 100)))
        await sys.setuid(1000)
        seen.append(await refused(sys.syslog(5)))

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [
        Errno.EAGAIN, (b"11", b"tool: it \\x01 broke\n"), b"12", b"MiniOS ", b"", Errno.EAGAIN,
        Errno.EPERM,
    ]  # fmt: skip


def test_who_reads_the_log_too_slowly_is_told() -> None:
    seen: list[Any] = []

    async def main(sys: Sys) -> None:
        fd = await sys.open(b"/dev/kmsg", flags.O_RDONLY | flags.O_NONBLOCK)
        await sys.read(fd, 1000)
        for number in range(700):
            rig.kernel.log.put(f"{number} " + "x" * 100)
        seen.append(await refused(sys.read(fd, 1000)))
        first = int((await sys.read(fd, 1000)).split(b",")[1])
        seen.append(first == rig.kernel.log.first)

    rig = Rig()
    rig.start(main)
    rig.run()
    assert seen == [Errno.EPIPE, True]
