"""``minios lab``: what it prints, and what it says to nonsense."""

import json
from pathlib import Path
from typing import Any

import pytest

from minios.cli.main import main


@pytest.fixture
def lab(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> str:
        assert main(["lab", *words]) == 0
        return capsys.readouterr().out

    return run


def block(text: str) -> str:
    """An indented text without its margin."""
    return "".join(f"{line[4:]}\n" for line in text.strip("\n").split("\n")[:-1])


def test_a_schedule_is_drawn_and_tabulated(lab: Any) -> None:
    assert lab("sched", "-r", "8,4,2", "-a", "0,1,2", "-p", "stcf") == block("""
    stcf, 1 core

           0         10
    cpu0   01221110000000
    job 0  #......#######
    job 1   #..###
    job 2    ##
           # runs  . waits  ~ does I/O   a column is 1

    job   run  arrive  first  end  response  turnaround  wait  I/O
    0       8       0      0   14         0          14     6    0
    1       4       1      1    7         0           6     2    0
    2       2       2      2    4         0           2     0    0
    mean                               0.00        7.33  2.67
    """)


def test_io_idle_time_and_cores_can_be_seen(lab: Any) -> None:
    shown = lab("sched", "-r", "4,3", "-a", "0,6", "--io-every", "2,0", "-c", "2", "-p", "rr")
    assert shown.split("\n")[2:7] == [
        "       0",
        "cpu0   00    111",
        "cpu1          00",
        "job 0  ##~~~~~##",
        "job 1        ###",
    ]


def test_several_schedulers_end_in_a_comparison(lab: Any) -> None:
    shown = lab("sched", "-r", "100,10,10", "-p", "FIFO,sjf,rr", "-q", "5", "--summary")
    assert shown == block("""
    policy  response  turnaround   wait  end  switches
    fifo       70.00      110.00  70.00  120         2
    sjf        10.00       50.00  10.00  120         2
    rr          5.00       58.33  18.33  120         6
    """)


def test_mlfq_says_what_its_queues_are(lab: Any) -> None:
    shown = lab(
        "sched", "-p", "mlfq", "-r", "9", "-q", "2,4", "--allotment", "2,1", "--boost", "20",
        "--stay",
    )  # fmt: skip
    assert shown.split("\n")[0] == "mlfq, quanta 2,4, allotments 2,1, boost 20, stay, 1 core"


def test_a_chart_of_a_long_run_still_fits(lab: Any) -> None:
    shown = lab("sched", "-r", "1000,900.5", "-p", "rr", "-q", "100")
    chart = [line for line in shown.split("\n") if line.startswith(("cpu", "job 0", "job 1"))]
    assert max(len(line) for line in chart) <= 80
    assert "a column is 50" in shown


def test_pages_are_shown_one_by_one(lab: Any) -> None:
    assert lab("paging", "-r", "0,1,0w,2,1", "-f", "2", "-p", "lru") == block("""
    page        victim     memory: least .. most recently used
    0     MISS             0
    1     MISS             0 1
    0w    hit              1 0
    2     MISS  1          0 2
    1     MISS  0 written  2 1

    lru, 2 frames: 1 hits, 4 misses, 20.00 % hit, 1 written back
    """)


def test_belady_s_anomaly_is_a_table(lab: Any) -> None:
    shown = lab("paging", "-r", "1,2,3,4,1,2,5,1,2,3,4,5", "-f", "3-4", "-p", "fifo,lru,opt")
    assert shown == block("""
    misses of 12 references
    frames  fifo  lru  opt
         3     9   10    7
         4    10    8    6
    """)


def test_the_working_set_stands_beside_the_references(lab: Any) -> None:
    shown = lab("paging", "-r", "1,1,2,3", "-f", "2", "--window", "2").split("\n")
    assert shown[0] == "set  page        victim  memory: first in .. last in"
    assert shown[4] == "2    3     MISS  1       2 3"
    assert shown[7] == "working set over 2 references: 1.50 pages, at most 2"


def test_references_come_from_a_file_by_lines_or_commas(lab: Any, tmp_path: Path) -> None:
    file = tmp_path / "refs"
    file.write_text("1\n2\n3,1\n")
    shown = json.loads(lab("paging", "--refs-file", str(file), "--json"))
    assert shown["references"] == [1, 2, 3, 1]
    assert shown["runs"][0]["hits"] == 1


def test_allocations_are_shown_with_the_free_list(lab: Any) -> None:
    assert lab("malloc", "--ops", "+10,+20,-0,-0,+95,-9") == block("""
    operation        returned                  searched  free list (address:size)
    p0 = malloc(10)  1000                      1         1010:90
    p1 = malloc(20)  1010                      1         1030:70
    free(p0)         ok                                  1000:10 1030:70
    free(p0)         double free                         1000:10 1030:70
    p2 = malloc(95)  NULL                      2         1000:10 1030:70
    free(p9)         there is no such pointer            1000:10 1030:70

    1 failed, 4 blocks looked at, 80 bytes free, largest free block 70, 0 bytes of padding
    """)


def test_policies_orders_and_ways_to_coalesce_are_compared(lab: Any) -> None:
    shown = lab(
        "malloc", "--ops", "+40,+40,+20,-0,-1,+70", "-o", "back", "--coalesce", "none,list,all",
        "--summary",
    )  # fmt: skip
    assert shown == block("""
    policy  order  coalesce  failed  searched  free  largest  blocks
    best    back   none           1         5    80       40       2
    best    back   list           0         4    10       10       1
    best    back   all            0         4    10       10       1
    """)


def test_the_same_seed_draws_the_same_and_another_something_else(lab: Any) -> None:
    for words in (
        ("sched", "--random", "5", "--max-io", "4", "-p", "lottery"),
        ("paging", "--random", "30", "--writes", "30", "-p", "random"),
        ("malloc", "--random", "30"),
    ):
        first = lab(*words, "--json", "--seed", "3")
        assert lab(*words, "--json", "--seed", "3") == first
        assert lab(*words, "--json", "--seed", "4") != first


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("sched -p mlqf", "no scheduling policy 'mlqf'; did you mean 'mlfq'?"),
        ("sched -r 1,x", "run times: 'x' is not a time such as 20 or 3.5"),
        ("sched -r 1,,2", "run times: '' is not a time such as 20 or 3.5"),
        ("sched -r -5", "run times: '-5' is not a time such as 20 or 3.5"),
        ("sched -r 1,2,3 -a 1,2", "arrivals: 2 for 3 jobs"),
        ("sched -r 1 -q 0", "quantum: it must be more than 0"),
        ("sched -r 1 -q 1,2", "quantum: only mlfq has one for each queue"),
        ("sched -p mlfq -q 1,2 --queues 3", "quantum: 2 for 3 queues"),
        ("sched -p mlfq -q 1,2 --allotment 1,2,3", "3 allotments for 2 queues"),
        ("sched -r 1 --nice 20", "nice: 20 is more than 19"),
        ("sched -r 1 -c 0", "cores: 0 is less than 1"),
        (
            "sched -r 99999999 -p rr",
            "more than 200000 turns; take a longer quantum or shorter jobs",
        ),
        ("sched --random 0", "number of jobs: 0 is less than 1"),
        ("paging -p lfu", "no replacement policy 'lfu'"),
        ("paging -f 0", "frames: 0 is less than 1"),
        ("paging -f 4-2", "frames: 2 is less than 4"),
        ("paging -r 1,w", "page: '' is not a whole number"),
        ("paging -r ,", "references: the list is empty"),
        ("paging --window 0", "window: 0 is less than 1"),
        ("malloc --ops 5", "'5' is neither +SIZE (allocate) nor -POINTER (free)"),
        ("malloc --ops +0", "allocation: 0 is less than 1"),
        ("malloc --order random", "no order of a free list 'random'"),
        ("malloc --classes 8,8", "size classes: the bounds must rise, from 1 on"),
        ("malloc --size 0", "heap size: 0 is less than 1"),
        ("malloc --ops +1 --ops-file /dev/null", "both a list and a file with one"),
    ],
)
def test_nonsense_is_one_line_and_status_2(
    words: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", *words.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"minios: {line}")
    assert shown.err.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "paging", "--refs-file", "/nowhere"]) == 1
    assert capsys.readouterr().err == "minios: /nowhere: No such file or directory\n"
