"""taskset, chrt, assign, lscpu and the scheduler's files, as a player meets them.

What real util-linux 2.38.1 prints was noted from it.
"""

import pytest

from minios.testing import Box, run

_BAD = "bad usage\nTry '{0} --help' for more information.\n"
_NO_CPU = "taskset: failed to get pid 99999's affinity: No such process\n"
_RANGE = "unsupported priority value for the policy: {}: see --max for valid range\n"


@pytest.mark.parametrize(
    ("command", "said", "status"),
    [
        ("taskset", "taskset: " + _BAD.format("taskset"), 1),
        ("taskset -p", "taskset: invalid PID argument: '-p'\n", 1),
        ("taskset -p zz", "taskset: invalid PID argument: 'zz'\n", 1),
        ("taskset -p 99999", _NO_CPU, 1),
        ("taskset -pc 0 99999", _NO_CPU, 1),
        ("taskset -a -p 1 99999", "", 0),
        ("taskset zz true", "taskset: failed to parse CPU mask: zz\n", 1),
        ("taskset -c zz true", "taskset: failed to parse CPU list: zz\n", 1),
        ("taskset 1 nosuch", "taskset: failed to execute nosuch: No such file or directory\n", 127),
        ("taskset 1 /etc/group", "taskset: failed to execute /etc/group: Permission denied\n", 126),
        ("taskset -c 0-1 true", "", 0),
        ("taskset -c 0-3:2 true", "", 0),
        ("taskset -z", "taskset: invalid option -- 'z'" + _BAD.format("taskset")[9:], 1),
        ("chrt", "chrt: " + _BAD.format("chrt"), 1),
        ("chrt -f true", "chrt: " + _BAD.format("chrt"), 1),
        ("chrt xx true", "chrt: invalid priority argument: 'xx'\n", 1),
        ("chrt 0 true", "chrt: " + _RANGE.format(0), 1),
        ("chrt -o 5 true", "chrt: " + _RANGE.format(5), 1),
        ("chrt -f 10 true", "chrt: failed to set pid 0's policy: Operation not permitted\n", 1),
        ("chrt -f -p 10 99999", "chrt: failed to set pid 99999's policy: No such process\n", 1),
        ("chrt -p 99999", "chrt: failed to get pid 99999's policy: No such process\n", 1),
        ("chrt -i 0 nosuch", "chrt: failed to execute nosuch: No such file or directory\n", 127),
    ],
)  # fmt: skip
def test_complaints_are_those_of_util_linux(command: str, said: str, status: int) -> None:
    result = run(command)
    assert (result.stderr.decode(), result.status) == (said, status)


def test_taskset_shows_and_sets() -> None:
    result = run("taskset -p $$ 2>&1; taskset -pc 0 $$; taskset -p 1 $$")
    lines = [line.split("'s ")[1] for line in result.stdout.decode().splitlines()]
    assert lines == [
        "current affinity mask: 1",
        "current affinity list: 0",
        "new affinity list: 0",
        "current affinity mask: 1",
        "new affinity mask: 1",
    ]


def test_chrt_shows_and_sets_and_proc_tells() -> None:
    box = Box(user="root")
    script = "chrt -v -p 5 $$; cut -d' ' -f18,40,41 /proc/$$/stat; chrt -o -p 0 $$; chrt -p $$"
    lines = box.run(f"sh -c '{script.replace(chr(39), chr(34))}'").stdout.decode().splitlines()
    assert [line.split("'s ")[-1] for line in lines] == [
        "current scheduling policy: SCHED_OTHER",
        "current scheduling priority: 0",
        "new scheduling policy: SCHED_RR",
        "new scheduling priority: 5",
        "-6 5 2",
        "current scheduling policy: SCHED_OTHER",
        "current scheduling priority: 0",
    ]


def test_the_bounds_of_priorities() -> None:
    assert run("chrt -m").stdout.decode() == (
        "SCHED_OTHER min/max priority\t: 0/0\n"
        "SCHED_FIFO min/max priority\t: 1/99\n"
        "SCHED_RR min/max priority\t: 1/99\n"
        "SCHED_BATCH min/max priority\t: 0/0\n"
        "SCHED_IDLE min/max priority\t: 0/0\n"
        "SCHED_DEADLINE not supported?\n"
    )


def test_a_declared_slice_is_shown() -> None:
    lines = run("chrt -T 5000000 -o 0 sh -c 'chrt -p $$'").stdout.decode().splitlines()
    assert lines[2].endswith("'s current runtime parameter: 5000000")


def test_the_policy_is_read_by_all_and_changed_by_root() -> None:
    box = Box(user="root")
    assert box.run("cat /proc/sys/kernel/sched_policy").stdout == b"cfs\n"
    box.run("echo mlfq > /proc/sys/kernel/sched_policy")
    assert box.run("cat /proc/sys/kernel/sched_policy").stdout == b"mlfq\n"
    assert box.run("echo nosuch > /proc/sys/kernel/sched_policy").status == 1
    assert run("echo rr > /proc/sys/kernel/sched_policy").stderr == (
        b"sh: 1: cannot create /proc/sys/kernel/sched_policy: Permission denied\n"
    )


def test_parameters_are_files_beside_it() -> None:
    box = Box(user="root")
    folder = "/proc/sys/kernel/sched_"
    assert box.run(f"cat {folder}mlfq_quanta_ns").stdout == b"10000000 20000000 40000000\n"
    box.run(f"echo 5000000 9000000 > {folder}mlfq_quanta_ns; echo 20000000 > {folder}quantum_ns")
    shown = box.run(f"cat {folder}mlfq_quanta_ns {folder}mlfq_allotments {folder}latency_ns").stdout
    assert shown == b"5000000 9000000\n1 1\n40000000\n"
    assert box.run(f"echo 1 2 3 > {folder}mlfq_allotments").status == 1
    assert box.run(f"echo 0 > {folder}quantum_ns").status == 1


def test_every_policy_runs_a_shell() -> None:
    box = Box(user="root")
    for policy in box.run("cat /proc/sys/kernel/sched_available_policies").stdout.split():
        box.run(b"echo " + policy + b" > /proc/sys/kernel/sched_policy")
        assert box.run("seq 100 | sort -n | tail -n 1; echo $(echo x)").stdout == b"100\nx\n"


def test_a_process_tells_how_it_was_scheduled() -> None:
    """proc_pid_sched(5): run, wait and sleep make up its age."""
    out = run("sleep 1; cat /proc/$$/sched /proc/$$/schedstat; :").stdout.decode().splitlines()
    assert out[0].startswith("sh (") and out[0].endswith(", #threads: 1)")
    rows = {name.strip(): value.strip() for name, _, value in (r.partition(":") for r in out[2:-1])}
    names = ("se.sum_exec_runtime", "wait_sum", "sum_sleep_runtime")
    total = sum(int(rows[name].replace(".", "")) for name in names)
    assert total == int(rows["turnaround_time"].replace(".", ""))
    assert rows["policy"] == "0" and rows["prio"] == "120"
    run_ns, wait_ns, slices = map(int, out[-1].split())
    assert run_ns > 0 and wait_ns >= 0 and slices > 1


def test_assign_says_why_not() -> None:
    box = Box(user="root")
    assert box.run("assign 1 0").stderr == (
        b"assign: the scheduling policy is cfs, not manual\n"
    )  # fmt: skip
    box.run("echo manual > /proc/sys/kernel/sched_policy")
    assert box.run("assign 1 7").stderr == b"assign: process 1 cannot run on core '7'\n"
    assert box.run("assign 9999 0").stderr == b"assign: 9999: No such process\n"
    assert box.run("assign 1 0; assign; cat /proc/1/sched_core").stdout == b"cpu0  1 init\n0\n"
    assert box.run("assign -d 1; assign").stdout == b"cpu0  -\n"


def test_what_processors_there_are() -> None:
    assert run("nproc; nproc --all; nproc --ignore=5").stdout == b"1\n1\n1\n"
    assert run("lscpu -p | tail -n 1; lscpu -e").stdout == (
        b"0,0,0,\nCPU SOCKET CORE ONLINE\n  0      0    0    yes\n"
    )
    lines = run("lscpu").stdout.decode().splitlines()
    assert lines[0] == "Architecture:        riscv32"
    assert lines[3:5] == ["CPU(s):              1", "On-line CPU(s) list: 0"]


def test_beat_says_when_it_is_late() -> None:
    """A beat of 30 ms every 20 ms is late each time, one of 5 ms never."""
    assert run("timeout 1 beat -c 0.03 0.02 gap").stdout == b"gap\n" * 25
    assert run("timeout 1 beat -c 0.005 0.02").stdout == b""


@pytest.mark.parametrize(
    ("knob", "text"),
    [
        ("quantum_ns", "99999"),
        ("mlfq_quanta_ns", "1000000 1"),
        ("mlfq_boost_ns", "999999"),
        ("min_granularity_ns", "1"),
        ("manual_errand_ns", "0"),
        ("rt_period_us", "10"),
        ("sjf_alpha_percent", "101"),
    ],
)
def test_no_parameter_makes_the_machine_do_nothing_but_switch(knob: str, text: str) -> None:
    box = Box(user="root")
    assert box.run(f"echo {text} > /proc/sys/kernel/sched_{knob}").status == 1
    assert box.run("echo 0 > /proc/sys/kernel/sched_mlfq_boost_ns").status == 0
