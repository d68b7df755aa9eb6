"""signal(7), sigaction(2), kill(2): posting, masks, handlers, interruption and restart."""

from typing import Any

from minios.abi import flags
from minios.abi.errno import Errno
from minios.abi.signals import (
    NSIG,
    SA_RESETHAND,
    SA_RESTART,
    SIG_BLOCK,
    SIG_IGN,
    SIG_UNBLOCK,
    Sig,
    mask_of,
    name_of,
    number_of,
    strsignal,
)
from minios.abi.sys import Sys
from minios.sim.world import MILLISECOND, SECOND
from tests.kernel.rig import Rig
from tests.kernel.test_processes import caught, forever

Log = list[Any]


def test_names_numbers_and_texts_agree_with_each_other() -> None:
    assert [name_of(n) for n in (1, 9, 15, 34, 35, 49, 50, 64)] == [
        "HUP", "KILL", "TERM", "RTMIN", "RTMIN+1", "RTMIN+15", "RTMAX-14", "RTMAX",
    ]  # fmt: skip
    for n in (*range(1, 32), *range(34, NSIG + 1)):
        assert number_of(name_of(n)) == number_of("SIG" + name_of(n)) == number_of(str(n)) == n
    assert number_of("nonsense") is None
    assert number_of("65") is None
    assert strsignal(11) == "Segmentation fault"


def test_a_handler_runs_before_the_interrupted_program_goes_on() -> None:
    log: Log = []

    async def handler(sys: Sys, sig: int) -> None:
        log.append(("handler", sig))
        await sys.compute(10)
        log.append("handler done")

    async def main(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGUSR1, handler)
        await sys.kill(await sys.getpid(), Sig.SIGUSR1)
        log.append("main")
        return 0

    rig = Rig()
    rig.start(main)
    rig.run()
    assert log == [("handler", Sig.SIGUSR1), "handler done", "main"]


def test_a_computation_is_interrupted_and_finished_afterwards() -> None:
    log: Log = []

    async def handler(sys: Sys, sig: int) -> None:
        log.append(await sys.clock_gettime(flags.CLOCK_MONOTONIC))

    async def main(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGALRM, handler)
        await sys.setitimer(100 * MILLISECOND)
        await sys.compute(500_000)
        log.append((await sys.times()).utime)
        return 0

    rig = Rig()
    pcb = rig.start(main)
    rig.run(2)
    assert len(log) == 2
    assert log[1] >= 500 * MILLISECOND
    assert pcb.exit_status == 0


def test_a_sleep_is_interrupted_with_eintr_and_never_restarted() -> None:
    log: Log = []

    async def handler(sys: Sys, sig: int) -> None:
        log.append("handler")

    async def main(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGALRM, handler, SA_RESTART)
        await sys.setitimer(100 * MILLISECOND)
        log.append(await caught(sys.nanosleep(10 * SECOND)))
        return 0

    rig = Rig()
    rig.start(main)
    rig.run()
    assert log == ["handler", Errno.EINTR]


def test_a_read_is_restarted_with_sa_restart_and_fails_without() -> None:
    for sa_flags, expected in ((SA_RESTART, [b"x"]), (0, [Errno.EINTR, b"x"])):
        log: Log = []

        async def handler(sys: Sys, sig: int) -> None:
            pass

        async def main(sys: Sys, sa_flags: int = sa_flags, log: Log = log) -> int:
            await sys.sigaction(Sig.SIGALRM, handler, sa_flags)
            r, w = await sys.pipe()
            await sys.fork(_write_later, w)
            await sys.setitimer(50 * MILLISECOND)
            while True:
                try:
                    log.append(await sys.read(r, 10))
                    return 0
                except OSError as err:
                    log.append(err.errno)

        rig = Rig()
        rig.start(main)
        rig.run()
        assert log == expected


async def _write_later(sys: Sys, fd: int) -> int:
    await sys.nanosleep(200 * MILLISECOND)
    await sys.write(fd, b"x")
    return 0


def test_a_blocked_signal_stays_pending_once_and_is_delivered_when_unblocked() -> None:
    log: Log = []

    async def handler(sys: Sys, sig: int) -> None:
        log.append(sig)

    async def main(sys: Sys) -> int:
        me = await sys.getpid()
        await sys.sigaction(Sig.SIGUSR1, handler)
        await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGUSR1, Sig.SIGKILL))
        await sys.kill(me, Sig.SIGUSR1)
        await sys.kill(me, Sig.SIGUSR1)
        log.append(await sys.sigpending())
        await sys.sigprocmask(SIG_UNBLOCK, mask_of(Sig.SIGUSR1))
        return 0

    rig = Rig()
    rig.start(main)
    rig.run()
    assert log == [mask_of(Sig.SIGUSR1), Sig.SIGUSR1]


def test_a_handler_masks_its_own_signal_while_it_runs() -> None:
    log: Log = []

    async def handler(sys: Sys, sig: int) -> None:
        log.append("in")
        if len(log) == 1:
            await sys.kill(await sys.getpid(), Sig.SIGUSR1)
        log.append("out")

    async def main(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGUSR1, handler)
        await sys.kill(await sys.getpid(), Sig.SIGUSR1)
        return 0

    rig = Rig()
    rig.start(main)
    rig.run()
    assert log == ["in", "out", "in", "out"]


def test_resethand_gives_a_handler_one_shot() -> None:
    async def handler(sys: Sys, sig: int) -> None:
        pass

    async def main(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGTERM, handler, SA_RESETHAND)
        await sys.kill(await sys.getpid(), Sig.SIGTERM)
        await sys.kill(await sys.getpid(), Sig.SIGTERM)
        return 0

    rig = Rig()
    pcb = rig.start(main)
    rig.run()
    assert flags.wtermsig(pcb.exit_status) == Sig.SIGTERM


def test_kill_and_stop_cannot_be_caught_or_ignored() -> None:
    log: Log = []

    async def main(sys: Sys) -> int:
        for sig in (Sig.SIGKILL, Sig.SIGSTOP):
            log.append(await caught(sys.sigaction(sig, SIG_IGN)))
        return 0

    rig = Rig()
    rig.start(main)
    rig.run()
    assert log == [Errno.EINVAL, Errno.EINVAL]


def test_term_stays_pending_on_a_stopped_process_and_kill_does_not() -> None:
    rig = Rig()
    one, two = rig.start(forever), rig.start(forever)
    rig.run(0.1)
    for pcb in (one, two):
        rig.kernel.signal(pcb, Sig.SIGSTOP)
    rig.run(0.1)
    rig.kernel.signal(one, Sig.SIGTERM)
    rig.kernel.signal(two, Sig.SIGKILL)
    rig.run(0.1)
    assert (one.state, two.zombie) == ("T", True)
    rig.kernel.signal(one, Sig.SIGCONT)
    rig.run(0.1)
    assert one.zombie and one.killed_by == (Sig.SIGTERM, 0, b"kernel", 0)


def test_a_stopped_computation_uses_no_cpu_and_loses_none() -> None:
    async def main(sys: Sys) -> int:
        await sys.compute(1_000_000)
        return 0

    rig = Rig()
    pcb = rig.start(main)
    rig.run(0.4)
    rig.kernel.signal(pcb, Sig.SIGSTOP)
    before = rig.kernel.cpu_time(pcb)
    rig.run(5)
    assert rig.kernel.cpu_time(pcb) == before
    rig.kernel.signal(pcb, Sig.SIGCONT)
    rig.run(0.5)
    assert not pcb.zombie
    rig.run(0.2)
    assert pcb.zombie and pcb.exit_status == 0
    assert SECOND <= pcb.utime + pcb.stime <= SECOND + 5 * MILLISECOND


def test_stopping_oneself_takes_effect_before_the_next_call() -> None:
    log: Log = []

    async def main(sys: Sys) -> int:
        await sys.kill(await sys.getpid(), Sig.SIGSTOP)
        await sys.getpid()
        log.append("went on")
        return 0

    rig = Rig()
    pcb = rig.start(main)
    rig.run()
    assert (pcb.state, log) == ("T", [])
    rig.kernel.signal(pcb, Sig.SIGCONT)
    rig.run()
    assert log == ["went on"]


def test_terminal_stops_are_ignored_in_an_orphaned_group() -> None:
    async def main(sys: Sys) -> int:
        await sys.kill(await sys.getpid(), Sig.SIGTSTP)
        return 5

    rig = Rig()
    pcb = rig.start(main)
    rig.run()
    assert pcb.exit_status == flags.exit_status(5)


def test_only_root_and_the_same_user_may_signal() -> None:
    log: Log = []
    rig = Rig()
    other = rig.start(forever, uid=1001)
    mine = rig.start(forever, uid=1000)

    async def main(sys: Sys) -> int:
        log.append(await caught(sys.kill(other.pid, Sig.SIGTERM)))
        log.append(await caught(sys.kill(other.pid, 0)))
        log.append(await caught(sys.kill(4000, 0)))
        log.append(await caught(sys.kill(mine.pid, 99)))
        await sys.kill(mine.pid, Sig.SIGTERM)
        return 0

    rig.start(main, uid=1000)
    rig.run()
    assert log == [Errno.EPERM, Errno.EPERM, Errno.ESRCH, Errno.EINVAL]
    assert mine.killed_by is not None and mine.killed_by[0] == Sig.SIGTERM
    assert not other.zombie


def test_sigsuspend_waits_under_another_mask_and_restores_the_old_one() -> None:
    log: Log = []

    async def handler(sys: Sys, sig: int) -> None:
        log.append("handler")

    async def main(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGALRM, handler)
        await sys.sigprocmask(SIG_BLOCK, mask_of(Sig.SIGALRM))
        await sys.setitimer(10 * MILLISECOND)
        await sys.compute(50_000)
        log.append("still blocked")
        log.append(await caught(sys.sigsuspend(0)))
        log.append(await sys.sigprocmask(SIG_BLOCK, 0))
        return 0

    rig = Rig()
    rig.start(main)
    rig.run()
    assert log == ["still blocked", "handler", Errno.EINTR, mask_of(Sig.SIGALRM)]


def test_an_interval_timer_ticks_until_it_is_disarmed() -> None:
    ticks: Log = []

    async def handler(sys: Sys, sig: int) -> None:
        ticks.append(await sys.clock_gettime(flags.CLOCK_MONOTONIC))

    async def main(sys: Sys) -> int:
        await sys.sigaction(Sig.SIGALRM, handler)
        await sys.setitimer(100 * MILLISECOND, 100 * MILLISECOND)
        while len(ticks) < 3:
            await caught(sys.nanosleep(SECOND))
        await sys.setitimer(0)
        await sys.nanosleep(SECOND)
        return 0

    rig = Rig()
    rig.start(main)
    rig.run(3)
    assert [t // (100 * MILLISECOND) - ticks[0] // (100 * MILLISECOND) for t in ticks] == [0, 1, 2]
