"""Why a process sleeps, waits, stopped or died, and why a call was refused; as a player sees it."""

import inspect
import re

import pytest

from minios.abi.errno import Errno
from minios.abi.flags import LOCK_EX, O_CREAT, O_RDWR
from minios.abi.signals import Sig
from minios.abi.sys import Sys
from minios.abi.syscalls import NAMES
from minios.fs import access, vfs
from minios.fs.access import ROOT, Identity
from minios.kernel.kernel import CALLS as KERNEL_CALLS
from minios.kernel.sched import POLICIES
from minios.kernel.why import rules
from minios.kernel.why.call import explain
from minios.kernel.why.processes import POLICY_WORDS
from minios.kernel.why.reason import Reason
from minios.sim.world import SECOND
from minios.testing import Box, run
from tests.kernel.rig import Rig


def told(script: str, user: str = "player") -> str:
    """Standard output of a script, without the times that begin its sentences' ends."""
    result = run(script, user=user)
    return result.stdout.decode()


# -- asleep ----------------------------------------------------------------------------------------


def test_who_reads_an_empty_pipe_waits_for_those_who_have_its_other_end() -> None:
    shown = told("(sleep 3; echo x) | cat >/dev/null & sleep 0.2; why $(pgrep cat)")
    first, second, *_ = shown.splitlines()
    assert first.startswith("4 (cat) sleeps until there is something in pipe:[")
    assert second == "  The other end is open in 3 (sh), 6 (sleep)."
    assert "    6 (sleep) sleeps until T+00:03." in shown


def test_who_writes_to_a_full_pipe_waits_for_its_readers() -> None:
    shown = told("yes | sleep 3 & sleep 0.5; why $(pgrep yes)")
    assert "sleeps until there is room in pipe:[" in shown
    assert "which holds 65536 bytes." in shown
    assert "  The other end is open in 4 (sleep)." in shown


def test_a_ring_of_waiters_is_called_a_deadlock() -> None:
    shown = told(
        """mkfifo a b; exec 3<>a 4<>b
        sh -c 'read x <&3; echo >&4' & sh -c 'read x <&4; echo >&3' &
        exec 3>&- 4>&-; sleep 0.3; why $!"""
    )
    assert shown.splitlines()[1] == "  Deadlock: 5 (sh) waits for 4 (sh) waits for 5 (sh)."


def test_a_chain_that_a_clock_ends_is_no_deadlock() -> None:
    shown = told("sh -c 'sleep 5; :' & sleep 0.2; why $!")
    assert "Deadlock" not in shown
    assert shown.splitlines()[0] == "3 (sh) sleeps until its child 5 (sleep) ends."
    assert "    It can be woken by the clock.\n" in shown


def test_the_owner_of_a_lock_is_named() -> None:
    rig = Rig()

    async def hold(sys: Sys) -> int:
        fd = await sys.open(b"/tmp/f", O_RDWR | O_CREAT)
        await sys.flock(fd, LOCK_EX)
        await sys.nanosleep(SECOND)
        return 0

    holder = rig.start(hold)
    rig.run(0.1)
    waiter = rig.start(hold)
    rig.run(0.1)
    reason = explain(rig.kernel, ROOT, rig.kernel.vfs.root, b"process", waiter.pid)
    assert reason.kind == "sleep.lock"
    assert reason.text.endswith("for a write lock on /tmp/f, on which there is a write lock.")
    assert [part.pid for part in reason.because] == [holder.pid, holder.pid]
    assert reason.because[0].text == f"It is held by {holder.pid} (p1)."
    about = explain(rig.kernel, ROOT, rig.kernel.vfs.root, b"file", b"/tmp/f")
    locked = about.find("file.locked")
    wanted = about.find("file.wanted")
    assert locked is not None and locked.pid == holder.pid
    assert wanted is not None and wanted.text == "1 process waits for a lock on it."


def test_an_unopened_fifo_waits_for_its_other_side() -> None:
    shown = told("mkfifo f; cat f & sleep 0.1; why $!")
    assert shown.startswith("4 (cat) sleeps until somebody opens /home/player/f for writing.")


def test_a_terminal_is_waited_for_by_whoever_reads_it() -> None:
    box = Box(tty=True)
    reason = _ask(box, b"process", 2)
    assert reason.kind in ("sleep.tty", "sleep.poll")
    assert "whoever types at tty1" in reason.because[0].text


def _ask(box: Box, kind: bytes, subject: bytes | int) -> Reason:
    kernel = box.machine.kernel
    assert kernel is not None
    return explain(kernel, Identity(1000, 1000), kernel.vfs.root, kind, subject)


# -- runnable, stopped, dead -----------------------------------------------------------------------


def test_who_could_run_is_told_its_place_and_the_policy() -> None:
    shown = told("yes >/dev/null & yes >/dev/null & sleep 0.1; why $!; kill $(pgrep yes)")
    assert "could run, but has no core." in shown
    assert "in the queue of cpu0" in shown
    assert "By weight (1024 of" in shown
    assert "cpu0 is taken by" in shown
    assert "The policy is cfs: who had the least CPU time for its weight runs first" in shown


def test_every_policy_has_words() -> None:
    assert POLICY_WORDS.keys() == POLICIES.keys()


def test_who_waits_under_mlfq_is_told_its_queue() -> None:
    rig = Rig(scheduler="mlfq")

    async def burn(sys: Sys) -> int:
        await sys.compute(10_000_000)
        return 0

    rig.start(burn)
    waiter = rig.start(burn)
    rig.run(0.5)
    if waiter.core is not None:
        (waiter,) = [p for p in rig.kernel.processes.values() if p.runnable and p.core is None]
    reason = explain(rig.kernel, ROOT, rig.kernel.vfs.root, b"process", waiter.pid)
    level = reason.find("ready.level")
    assert level is not None
    assert level.text == "It is in queue 2, of which 0 is the top one."


def test_asking_changes_nothing() -> None:
    box = Box()
    box.run("mkfifo f; cat f & yes >/dev/null & sleep 0.3")
    kernel = box.machine.kernel
    assert kernel is not None
    before = box.world.digest()
    for pid in range(1, 12):
        _ask(box, b"process", pid)
    for path in (b"/etc/shadow", b"/tmp", b"/home/player/f", b"/proc/1/status", b"/no/such"):
        _ask(box, b"file", path)
    _ask(box, b"recent", b"")
    assert box.world.digest() == before


def test_who_is_stopped_is_told_by_whom_and_what_waits() -> None:
    shown = told("sleep 9 & sleep 0.1; kill -STOP $!; kill -TERM $!; why $!; kill -9 $!")
    assert shown == (
        "3 (sleep) is stopped.\n"
        "  It was stopped by SIGSTOP (Stopped (signal)), sent by 2 (sh) of player.\n"
        "  Waiting until it goes on: SIGTERM.\n"
        "  SIGCONT lets it go on (fg, bg, kill -CONT).\n"
        "  It ignores SIGINT.\n"  # as background jobs do without job control (XCU 2.11)
    )


def test_what_a_signal_would_not_do_is_told() -> None:
    shown = told("sh -c 'trap \"\" TERM; sleep 9; :' & sleep 0.2; why $!; why 1")
    assert "  It ignores SIGTERM.\n" in shown
    assert "  Process 1 gets no signal that it does not handle.\n" in shown
    handled = told("sh -c 'trap : TERM; sleep 9; :' & sleep 0.2; why $!")
    assert "  It handles SIGTERM: what becomes of it is its own decision.\n" in handled


def test_a_zombie_is_traced_to_the_parent_that_does_not_wait() -> None:
    shown = told("sh -c '(exit 3) & exec sleep 2' & sleep 0.2; why $(pgrep -P $!)")
    assert shown.startswith("5 (sh) is dead, a zombie: only its exit status is left.\n")
    assert "  It ended by itself with exit status 3, at T+00:00.0" in shown
    assert "  Its parent 3 (sleep) has not waited for it yet.\n" in shown


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("kill -TERM $!", "was killed by SIGTERM (Terminated), sent by 2 (sh) of player, at"),
        ("sudo kill -9 $!", "was killed by SIGKILL (Killed), sent by 5 (kill) of root, at"),
    ],
)
def test_a_death_is_remembered_after_the_process_is_gone(script: str, sentence: str) -> None:
    shown = told(f"sleep 9 & sleep 0.1; {script}; wait 2>/dev/null; why $! 2>&1")
    assert shown.startswith("3 (sleep) is gone: it ")
    assert sentence in shown


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        ("yes | head -n1 >/dev/null", "It wrote to a pipe that nobody has open for reading any"),
        ("ulimit -t 1; while :; do :; done", "It used more CPU time than it may (ulimit -t)."),
        ("ulimit -f 1; yes >f", "It wrote beyond the largest file it may make (ulimit -f)."),
    ],
)
def test_the_rule_by_which_the_kernel_killed_is_told(script: str, rule: str) -> None:
    assert rule in told(f"({script}) 2>/dev/null; why")


def test_a_key_of_the_terminal_is_told_from_a_signal_of_a_process() -> None:
    box = Box(tty=True)
    box.type(b"sleep 99\n")
    box.type(b"\x03")
    told = " ".join(box.type(b"why\n").decode().split())
    assert "which came from its terminal: ctrl+c was typed" in told


def test_a_hangup_is_traced_to_the_session_leader() -> None:
    box = Box(tty=True)
    box.type(b"sleep 99\n")
    kernel = box.machine.kernel
    assert kernel is not None
    kernel.send_signal(2, Sig.SIGKILL, None)
    box.wait(SECOND)
    dead = next(each for each in kernel.causes.obituaries if each.comm == b"sleep")
    assert (dead.sig, dead.rule) == (Sig.SIGHUP, "leader")
    reason = _ask(box, b"process", dead.pid)
    assert reason.because[0].text.startswith("The leader of its session ended")


def test_of_whom_nothing_is_known_nothing_is_told() -> None:
    assert told("why 4000") == (
        "There is no process 4000, and none has ended that is remembered.\n"
    )


def test_the_memory_of_deaths_is_bounded() -> None:
    box = Box()
    box.run("i=0; while [ $i -lt 300 ]; do (:); i=$((i+1)); done", until=600 * 10**9)
    kernel = box.machine.kernel
    assert kernel is not None
    assert len(kernel.causes.obituaries) == 256


# -- refused ---------------------------------------------------------------------------------------


def test_a_directory_on_the_way_and_its_missing_bit_are_named() -> None:
    shown = told("mkdir -p a/b; : >a/b/f; chmod 600 a; cat a/b/f 2>/dev/null; why; why a/b/f")
    assert "(cat) could not open a/b/f at T+" in shown
    assert "It may not search /home/player/a, a directory on the way." in shown
    assert "player is its owner, so rw- counts: x is missing." in shown
    assert "a/b/f is out of reach: player may not search /home/player/a." in shown


def test_the_class_that_counts_is_the_owners_even_if_others_may_more() -> None:
    shown = told("echo x >f; chmod 077 f; why f")
    assert (
        "Its mode is ----rwxrwx, of player and player; player is its owner, so --- counts" in shown
    )


def test_the_sticky_bit_is_told() -> None:
    box = Box(user="root")
    box.run("mkdir -m 1777 /srv/s; : >/srv/s/f; chmod 666 /srv/s/f")
    box.user = "player"
    shown = box.run("rm -f /srv/s/f 2>/dev/null; why; why /srv/s/f").stdout.decode()
    assert "could not remove /srv/s/f" in shown
    assert (
        "/srv/s has the sticky bit: there, only the owner of a file or of the directory (root)"
        in shown
    )
    assert "/srv/s has the sticky bit: only root or root may remove or rename it." in shown


def test_what_a_player_may_not_see_is_not_named() -> None:
    box = Box(user="root")
    box.run("mkdir -m 700 /srv/secret; mkfifo /srv/secret/pipe")
    box.run("exec 3<>/srv/secret/pipe; read x <&3 & :")
    kernel = box.machine.kernel
    assert kernel is not None
    sleeper = next(p for p in kernel.processes.values() if p.wchan == "pipe_read")
    assert "a file you may not see" in _ask(box, b"process", sleeper.pid).text
    reason = explain(kernel, Identity(0, 0), kernel.vfs.root, b"process", sleeper.pid)
    assert "/srv/secret/pipe" in reason.text


def test_refusals_are_the_own_ones_only() -> None:
    box = Box()
    box.run("cat /etc/shadow")
    kernel = box.machine.kernel
    assert kernel is not None
    mine = explain(kernel, Identity(1000, 1000), kernel.vfs.root, b"recent", b"")
    others = explain(kernel, Identity(1001, 1001), kernel.vfs.root, b"recent", b"")
    assert mine.find("refused") is not None
    assert others == Reason("recent", "Nothing of yours was killed or refused lately.")


REFUSED = [
    ("cat /etc/shadow", Errno.EACCES, "mode"),
    ("cat /root/x", Errno.EACCES, "search"),
    (": >/etc/new", Errno.EACCES, "mode"),
    ("mkdir /bin/d", Errno.EACCES, "mode"),
    ("rm -f /etc/passwd", Errno.EACCES, "mode"),
    ("mv /etc/passwd /etc/x", Errno.EACCES, "mode"),
    ("ln /etc/passwd /etc/x", Errno.EACCES, "mode"),
    ("ln -s x /etc/y", Errno.EACCES, "mode"),
    ("mkfifo /etc/y", Errno.EACCES, "mode"),
    ("chmod 777 /etc", Errno.EPERM, "owner"),
    ("chown player /etc/passwd", Errno.EPERM, "chown"),
    ("chown root .", Errno.EPERM, "chown"),
    ("chgrp root .", Errno.EPERM, "chgrp"),
    ("touch -d 2001-01-01 /etc/passwd", Errno.EPERM, "owner"),
    ("truncate -s 0 /etc/passwd", Errno.EACCES, "mode"),
    ("mknod n c 1 3", Errno.EPERM, "mknod"),
    ("chmod 777 /proc/1", Errno.EPERM, "synthetic"),
    ("rmdir /proc", Errno.EACCES, "mode"),
    ("cd /root", Errno.EACCES, "mode"),
    ("/etc", Errno.EACCES, "kind"),
    ("echo x >s; ./s", Errno.EACCES, "mode"),
    ("kill 1", Errno.EPERM, ""),
    ("renice -n -5 $$", Errno.EACCES, ""),
    ("ulimit -n 20; ulimit -n 40", Errno.EPERM, ""),
    ("ulimit -n 12; tee 1 2 3 4 5 6 7 8 9 0 </dev/null", Errno.EMFILE, ""),
    ("ln -s a b; ln -s b a; cat a", Errno.ELOOP, ""),
    ("chmod 000 .; ls", Errno.EACCES, "search"),
]


@pytest.mark.parametrize(("script", "errno", "rule"), REFUSED, ids=[case[0] for case in REFUSED])
def test_each_refusal_is_remembered_with_its_rule(script: str, errno: Errno, rule: str) -> None:
    box = Box()
    box.run(script + "; :")
    kernel = box.machine.kernel
    assert kernel is not None
    found = [each for each in kernel.causes.refusals if each.uid == 1000 and each.errno == errno]
    assert [each.rule for each in found][-1:] == [rule]
    reason = explain(kernel, Identity(1000, 1000), kernel.vfs.root, b"recent", b"")
    refused = reason.find("refused")
    assert refused is not None
    assert refused.because[0].text


def test_every_call_that_refuses_by_itself_has_words_for_it() -> None:
    silent = []
    for number, handler in KERNEL_CALLS.items():
        source = inspect.getsource(handler)
        for errno in (Errno.EPERM, Errno.EACCES, Errno.EBUSY, Errno.EROFS, Errno.ETXTBSY):
            told = (number, errno) in rules.CALLS
            if f" error(Errno.{errno.name})" in source and not told:
                silent.append((NAMES[number], errno.name))
    assert silent == []


def test_every_refusal_of_the_file_system_has_a_rule_with_words() -> None:
    used: set[str] = set()
    for module in (access, vfs):
        source = inspect.getsource(module)
        used |= set(re.findall(r'refused\(\s*Errno\.\w+, "([\w.]+)"', source))
        bare = re.findall(r"raise error\(Errno\.(?:EACCES|EROFS)\)", source)
        assert bare == [], module.__name__
    assert used <= rules.RULES.keys()


def test_programs_do_not_see_the_cause() -> None:
    seen: list[object] = []

    async def main(sys: Sys) -> int:
        try:
            await sys.open(b"/nothing/here")
        except OSError as err:
            seen.append(err.__dict__)
        try:
            await sys.chown(b"/sbin/init", 5, 5)
        except OSError as err:
            seen.append((err.errno, err.__dict__))
        return 0

    rig = Rig()
    rig.start(main, uid=7)
    rig.run()
    assert seen == [{}, (Errno.EPERM, {})]


def test_a_refusal_on_a_path_over_a_link_of_proc_is_remembered() -> None:
    async def main(sys: Sys) -> int:
        await sys.setuid(7)
        try:
            await sys.open(b"/proc/self/oom_score_adj", O_RDWR)
        except OSError as err:
            return int(err.errno or 0)
        return 0

    rig = Rig()
    pcb = rig.start(main)
    rig.run()
    (last,) = rig.kernel.causes.refusals
    assert (last.errno, last.path) == (Errno.EACCES, b"/proc/self/oom_score_adj")
    assert last.place == b"/proc/%d/oom_score_adj" % pcb.pid
