"""heap and leak: malloc as a player sees it."""

import pytest

from minios.testing import Box, run


def lines(cmd: str) -> list[str]:
    return run(cmd).stdout.decode().splitlines()


def test_a_script_is_played_and_the_blocks_are_shown() -> None:
    shown = lines("heap -v -e 'malloc a 100; malloc b 20; malloc c 10; free b; show'")
    addresses = [line.split(" = ")[1] for line in shown[:3]]
    a, b, c = (int(address, 16) for address in addresses)
    assert (b - a, c - b) == (104, 24)
    assert shown[3] == f"free({b:#x})"
    assert shown[4:7] == [
        f"{a:#x}  used     104  a",
        f"{b:#x}  free      24",
        f"{c:#x}  used      16  c",
    ]
    assert shown[7].split()[1] == "top"
    assert shown[8] == "2 used 120, 1 free 24, largest 24"


def test_scripts_come_from_files_and_standard_input_with_comments() -> None:
    script = b"# a plan\nmalloc x 10\n\nfree x; show # all of it\n"
    shown = run("heap", stdin=script).stdout.decode().splitlines()
    assert shown[-1] == "0 used 0, 0 free 0, largest 0"
    assert run("heap plan", files={"plan": script}).stdout.decode().splitlines() == shown


def test_blocks_hold_what_is_written_and_realloc_moves_it() -> None:
    shown = lines(
        "heap -v -e 'calloc a 16; strcpy a hello there; malloc b 8; realloc a 400; memset a 400'"
    )
    assert shown[1].startswith("strcpy(0x") and shown[1].endswith(", 'hello there')")
    assert shown[3].startswith("realloc(0x") and shown[3] != shown[0]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("malloc a 20; malloc b 20; strcpy a 12345678901234567890ABCD; free a",
         "free(): invalid next size (normal)"),
        ("malloc a 9; malloc b 9; free a; free a", "double free or corruption (!prev)"),
        ("malloc a 9; free a; free a", "double free or corruption (top)"),
        ("malloc a 9; memset a 16; malloc b 5000", "malloc(): corrupted top size"),
    ],
)  # fmt: skip
def test_a_corrupted_heap_ends_it_with_the_words_of_glibc(script: str, text: str) -> None:
    result = run(f"heap -e '{script}'")
    assert result.status == 134
    assert result.stderr.decode().splitlines()[0] == text


def test_show_says_where_an_overrun_broke_the_chain() -> None:
    shown = lines("heap -e 'malloc a 20; malloc b 20; memset a 24; show'")
    assert shown[1] == "0 used 0, 1 free 24, largest 24", "the bit that says so was hit, too"
    assert shown[2].startswith("corrupted: chunk at 0x")


def test_a_write_far_out_is_a_segmentation_fault() -> None:
    assert run("heap -e 'malloc a 8; memset a 1M'").status == 139


def test_fragmentation_can_make_a_request_fail_that_the_sum_would_hold() -> None:
    plan = "".join(f"malloc b{i} 492;" for i in range(8))
    holes = "".join(f"free b{i};" for i in (1, 3, 5))
    failed = run(f"heap -m 4K -e '{plan}{holes} malloc big 1000'")
    assert (failed.status, failed.stderr) == (
        1,
        b"heap: malloc(1000): Cannot allocate memory\n",
    )
    side = "".join(f"free b{i};" for i in (3, 4, 5))
    assert run(f"heap -m 4K -e '{plan}{side} malloc big 1000'").status == 0
    assert run(f"heap -n -m 4K -e '{plan}{side} malloc big 1000'").status == 1


def test_the_policy_decides_where_a_block_goes() -> None:
    plan = "malloc a 60; malloc x 8; malloc b 44; malloc y 8; free a; free b; malloc c 40; show"
    for options, place in (("-p best -l 0", 2), ("-p first -o address -l 0", 0)):
        shown = lines(f"heap {options} -e '{plan}'")
        assert shown[place].endswith("c")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("-e 'fre a'", "unknown call 'fre'"),
        ("-e 'free a'", "no block is called 'a'"),
        ("-e 'malloc a'", "wrong number of arguments: 'malloc a'"),
        ("-e 'malloc a lots'", "invalid size 'lots'"),
        ("-e 'sleep soon'", "invalid time interval 'soon'"),
        ("-p worse", "invalid policy 'worse'"),
        ("-l 8,8", "invalid lists '8,8'"),
        ("-p next -l 8", "policy 'next' needs one list"),
        ("/nowhere", "/nowhere: No such file or directory"),
    ],
)
def test_what_makes_no_sense_is_said(words: str, text: str) -> None:
    result = run(f"heap {words}")
    assert result.status == 1
    assert result.stderr.decode().splitlines()[0] == f"heap: {text}"


def test_a_bad_line_of_a_script_is_named() -> None:
    assert run("heap", stdin=b"malloc a 1\nmalloc\n").stderr == (
        b"heap: line 2: wrong number of arguments: 'malloc'\n"
    )


def figures(box: Box) -> tuple[int, int]:
    vsz, rss = box.run("ps -o vsz=,rss= -C leak").stdout.split()
    return int(vsz), int(rss)


def test_a_leak_grows_and_one_that_frees_does_not() -> None:
    for options, grows in (("", True), ("-f", False)):
        box = Box()
        box.run(f"leak {options} -s 4K -n 0.1 >/dev/null 2>&1 & sleep 1")
        before = figures(box)[1]
        box.run("sleep 10")
        after = figures(box)[1]
        assert (after - before >= 390) is grows
        assert grows or after == before


def test_a_reserve_is_in_vsz_and_not_in_rss() -> None:
    box = Box()
    box.run("leak -c 0 -r 1M >/dev/null 2>&1 & sleep 1")
    vsz, rss = figures(box)
    assert vsz > 1024 and rss < 200


def test_leak_stops_at_its_count_and_says_what_is_wrong() -> None:
    box = Box()
    box.run("leak -c 3 -s 8K -n 0.1 >/dev/null 2>&1 & sleep 1")
    before = figures(box)
    box.run("sleep 5")
    assert figures(box) == before
    for words, text in (
        ("-s many", b"invalid size 'many'"),
        ("-n 0", b"invalid time interval '0'"),
        ("-c x", b"invalid count 'x'"),
        ("more", b"extra operand 'more'"),
    ):
        assert box.run(f"leak {words}").stderr.split(b"\n")[0] == b"leak: " + text
