"""strace, as a player sees it: its output is strace 6.1's."""

from __future__ import annotations

import pytest

from minios.sim.world import MILLISECOND
from minios.testing import Box

LOOP = b"i=0; while [ $i -lt 100 ]; do i=$((i+1)); read a < /etc/hostname; done\n"


def trace(cmd: str, *, user: str = "player") -> str:
    """What a command writes on standard error."""
    return Box(user=user).run(cmd).stderr.decode()


def test_calls_are_decoded_and_results_stand_in_column_40() -> None:
    assert trace("strace cat /etc/hostname") == (
        'execve("/usr/bin/cat", ["cat", "/etc/hostname"], 0x7fffee40 /* 6 vars */) = 0\n'
        'openat(AT_FDCWD, "/etc/hostname", O_RDONLY) = 3\n'
        "fstat64(1, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x0, 0), ...}) = 0\n"
        "fstat64(3, {st_mode=S_IFREG|0644, st_size=7, ...}) = 0\n"
        'read(3, "minios\\n", 32768)              = 7\n'
        'write(1, "minios\\n", 7)                 = 7\n'
        'read(3, "", 32768)                      = 0\n'
        "close(3)                                = 0\n"
        "exit_group(0)                           = ?\n"
        "+++ exited with 0 +++\n"
    )


def test_errors_are_named_and_explained() -> None:
    assert trace("strace -e openat cat nosuch") == (
        'openat(AT_FDCWD, "nosuch", O_RDONLY)    = -1 ENOENT (No such file or directory)\n'
        "cat: nosuch: No such file or directory\n"
        "+++ exited with 1 +++\n"
    )


def test_its_exit_status_is_that_of_the_program() -> None:
    box = Box()
    assert box.run("strace -o /dev/null sh -c 'exit 7'").status == 7
    assert box.run("strace -o /dev/null sh -c 'kill -TERM $$'").status == 128 + 15


def test_children_are_followed_and_their_lines_kept_apart() -> None:
    text = trace("strace -f -e trace=clone,waitid,exit_group sh -c 'sleep 0.01; exit 3'")
    assert text == (
        "clone(child_stack=NULL, flags=SIGCHLDstrace: Process 4 attached\n"
        ")  = 4\n"
        "[pid     3] waitid(P_ALL, 0,  <unfinished ...>\n"
        "[pid     4] exit_group(0)               = ?\n"
        "[pid     4] +++ exited with 0 +++\n"
        "<... waitid resumed>{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4, si_uid=1000, "
        "si_status=0, si_utime=0, si_stime=0}, WEXITED, NULL) = 0\n"
        "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4, si_uid=1000, si_status=0, "
        "si_utime=0, si_stime=0} ---\n"
        "exit_group(3)                           = ?\n"
        "+++ exited with 3 +++\n"
    )


def test_into_a_file_each_line_says_whose_it_is() -> None:
    box = Box()
    assert box.run("strace -f -o log -e exit_group sh -c 'sleep 0.01; exit 3'").stderr == b""
    assert box.run("cat log").stdout == (
        b"4     exit_group(0)                     = ?\n"
        b"4     +++ exited with 0 +++\n"
        b"3     --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4, si_uid=1000, "
        b"si_status=0, si_utime=0, si_stime=0} ---\n"
        b"3     exit_group(3)                     = ?\n"
        b"3     +++ exited with 3 +++\n"
    )


def test_ff_gives_each_process_a_file() -> None:
    box = Box()
    box.run("strace -ff -o log -e exit_group sh -c 'sleep 0.01; exit 3'")
    assert box.run("cat log.3; echo; cat log.4").stdout == (
        b"--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4, si_uid=1000, si_status=0, "
        b"si_utime=0, si_stime=0} ---\n"
        b"exit_group(3)                           = ?\n"
        b"+++ exited with 3 +++\n"
        b"\n"
        b"exit_group(0)                           = ?\n"
        b"+++ exited with 0 +++\n"
    )


def test_a_handler_is_seen_between_its_signal_and_sigreturn() -> None:
    script = "trap : USR1; (kill -USR1 $$) & wait; :"
    assert trace(f"strace -e trace=clone,waitid,rt_sigreturn sh -c '{script}'") == (
        "clone(child_stack=NULL, flags=SIGCHLD)  = 4\n"
        "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=4, si_uid=1000} ---\n"
        "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4, si_uid=1000, si_status=0, "
        "si_utime=0, si_stime=0} ---\n"
        "rt_sigreturn({mask=[]})                 = 4\n"
        "waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4, si_uid=1000, "
        "si_status=0, si_utime=0, si_stime=0}, WEXITED, NULL) = 0\n"
        "+++ exited with 0 +++\n"
    )


def test_a_process_that_sleeps_is_attached_to_and_let_go_by_control_c() -> None:
    box = Box(tty=True)
    box.type(b"sleep 100 &\n")
    kernel = box.machine.kernel
    assert kernel is not None
    pid = kernel.last_pid
    box.type(b"strace -p $!\n")
    box.wait(100 * MILLISECOND)
    assert kernel.processes[pid].tracer is not None
    box.type(b"\x03")
    shown = box.output.decode().replace("\r\n", "\n")
    assert (
        f"strace: Process {pid} attached\n"
        "restart_syscall(<... resuming interrupted system call ...>^C"
        f"strace: Process {pid} detached\n"
        " <detached ...>\n"
    ) in shown
    assert kernel.processes[pid].tracer is None
    assert kernel.processes[pid].state == "S"


def test_counting_gives_a_table() -> None:
    lines = trace("strace -c cat /etc/hostname").splitlines()
    assert lines[0] == "% time     seconds  usecs/call     calls    errors syscall"
    assert lines[1] == "------ ----------- ----------- --------- --------- ----------------"
    assert lines[2] == " 82.65    0.000810         810         1           execve"
    assert lines[-1] == "100.00    0.000980         122         8           total"


def test_the_table_can_be_sorted() -> None:
    lines = trace("strace -c -S name cat /etc/hostname").splitlines()
    names = [line.split()[-1] for line in lines[2:-2]]
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("trace=read", ["read", "read"]),
        ("read,close", ["read", "read", "close"]),
        ("%file", ["execve", "openat"]),
        ("trace=%desc", ["openat", "fstat64", "fstat64", "read", "write", "read", "close"]),
        ("%process", ["execve", "exit_group"]),
        ("trace=!%desc", ["execve", "exit_group"]),
        ("trace=/^(re|cl)", ["read", "read", "close"]),
        ("trace=none", []),
    ],
)
def test_what_is_shown_can_be_chosen(expression: str, names: list[str]) -> None:
    lines = trace(f"strace -e '{expression}' cat /etc/hostname").splitlines()
    assert [line.partition("(")[0] for line in lines[:-1]] == names


@pytest.mark.parametrize(
    ("cmd", "line"),
    [
        ("strace -y -e read cat /etc/hostname", 'read(3</etc/hostname>, "minios\\n", 32768) = 7'),
        ("strace -s 3 -e read cat /etc/hostname", 'read(3, "min"..., 32768)                = 7'),
        (
            "strace -xx -s 2 -e read cat /etc/hostname",
            'read(3, "\\x6d\\x69"..., 32768)           = 7',
        ),
        ("strace -a 20 -e close cat /etc/hostname", "close(3)            = 0"),
        ("strace -n -e close cat /etc/hostname", "[  57] close(3)                         = 0"),
        ("strace -t -e close cat /etc/hostname", "09:00:00 close(3)                       = 0"),
        (
            "strace -P /etc/hostname -e close cat /etc/hostname",
            "close(3)                                = 0",
        ),
    ],
)
def test_options_change_how_a_line_looks(cmd: str, line: str) -> None:
    assert trace(cmd).splitlines()[0] == line


def test_calls_can_be_made_to_fail() -> None:
    box = Box()
    result = box.run("strace -e write -e inject=write:error=ENOSPC:when=2 sh -c 'echo a; echo b'")
    assert result.stdout == b"a\n"
    assert result.stderr.decode().splitlines()[:2] == [
        'write(1, "a\\n", 2)                      = 2',
        'write(1, "b\\n", 2)                      = -1 ENOSPC (No space left on device) (INJECTED)',
    ]


def test_times_are_virtual() -> None:
    text = trace("strace -T -e clock_nanosleep sleep 0.25")
    assert text.startswith(
        "clock_nanosleep_time64(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=250000000}, NULL) = 0 <0.250"
    )


def test_q_says_less() -> None:
    assert trace("strace -e trace=none -qq true") == ""


@pytest.mark.parametrize(
    ("cmd", "text", "status"),
    [
        (
            "strace",
            "strace: must have PROG [ARGS] or -p PID\nTry 'strace --help' for more information.\n",
            1,
        ),
        ("strace nosuch", "strace: Can't stat 'nosuch': No such file or directory\n", 1),
        ("strace -e foo true", "strace: invalid system call 'foo'\n", 1),
        ("strace -e signal=foo true", "strace: invalid signal 'foo'\n", 1),
        ("strace -p 999", "strace: attach: ptrace(PTRACE_SEIZE, 999): No such process\n", 1),
        ("strace -p 1", "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted\n", 1),
        ("strace -p x", "strace: Invalid process id: 'x'\n", 1),
        (
            "strace -e inject=read:when=0 true",
            "strace: invalid -e inject= argument: 'read:when=0'\n",
            1,
        ),
        ("strace -S x true", "strace: invalid sortby: 'x'\n", 1),
    ],
)
def test_what_cannot_be_done_is_said(cmd: str, text: str, status: int) -> None:
    result = Box().run(cmd)
    assert (result.stderr.decode(), result.status) == (text, status)


def test_strace_can_be_straced() -> None:
    text = trace("strace -e trace=ptrace strace -o /dev/null true")
    assert "ptrace(PTRACE_SEIZE, 4, NULL, PTRACE_O_TRACESYSGOOD) = 0\n" in text
    assert text.endswith("+++ exited with 0 +++\n")


def test_what_is_traced_already_cannot_be_traced_again() -> None:
    text = trace("strace -f -o /dev/null strace true")
    assert text == "strace: attach: ptrace(PTRACE_SEIZE, 4): Operation not permitted\n"


def spent(cmd: str) -> int:
    """Virtual ns that a command takes."""
    box = Box()
    box.write("loop", LOOP)
    before = box.world.now
    assert box.run(cmd).status == 0
    return box.world.now - before


def test_tracing_slows_the_target_and_a_seccomp_filter_does_not() -> None:
    plain = spent("sh loop")
    assert spent("strace -o log sh loop") > 5 * plain
    assert spent("strace -o log -e trace=chdir sh loop") > 5 * plain
    assert spent("strace -f --seccomp-bpf -o log -e trace=chdir sh loop") < 1.1 * plain
