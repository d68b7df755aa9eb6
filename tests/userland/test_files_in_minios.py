"""File tools inside MiniOS: what players see, by permissions, on a terminal and in quantity."""

import pytest

from minios.testing import Box, run

SECOND = 10**9


@pytest.fixture(scope="module")
def box() -> Box:
    return Box()


def test_ls_shows_owners_dates_and_the_total() -> None:
    assert run("touch a; mkdir d; chmod 750 d; echo hello > f; ls -l").stdout == (
        b"total 8\n"
        b"-rw-r--r-- 1 player player    0 Jan  5 09:00 a\n"
        b"drwxr-x--- 2 player player 4096 Jan  5 09:00 d\n"
        b"-rw-r--r-- 1 player player    6 Jan  5 09:00 f\n"
    )


def test_ls_on_a_terminal_makes_columns_and_quotes() -> None:
    box = Box(tty=True)
    box.type(b"touch one two 'a b'\n")
    shown = box.type(b"ls\n")
    assert b"'a b'   one   two\r\n" in shown


def test_what_may_not_be_done_is_refused_with_the_reason() -> None:
    done = run(
        "ls /root; rm /etc/passwd; touch /etc/x; chown root . ; mkdir /usr/x; cp /etc/shadow ."
    )
    assert done.status == 1
    assert done.stderr == (
        b"ls: cannot open directory '/root': Permission denied\n"
        b"rm: cannot remove '/etc/passwd': Permission denied\n"
        b"touch: cannot touch '/etc/x': Permission denied\n"
        b"chown: changing ownership of '.': Operation not permitted\n"
        b"mkdir: cannot create directory '/usr/x': Permission denied\n"
        b"cp: cannot open '/etc/shadow' for reading: Permission denied\n"
    )


def test_find_goes_on_where_it_may() -> None:
    done = run("mkdir -p d/x e; touch e/f; chmod 0 d; find d e; chmod 700 d")
    assert done.stdout == b"d\ne\ne/f\n"
    assert done.stderr == b"find: 'd': Permission denied\n"


def test_mv_crosses_file_systems() -> None:
    done = run(
        "mkdir -p /tmp/t/a; echo 1 > /tmp/t/a/f; ln -s f /tmp/t/a/l;"
        "touch -d 2020-02-02 /tmp/t/a/f; mv -v /tmp/t here; ls -l here/a; ls /tmp"
    )
    assert done.status == 0
    assert done.stdout == (
        b"created directory 'here'\n"
        b"created directory 'here/a'\n"
        b"copied '/tmp/t/a/f' -> 'here/a/f'\n"
        b"copied '/tmp/t/a/l' -> 'here/a/l'\n"
        b"removed '/tmp/t/a/f'\n"
        b"removed '/tmp/t/a/l'\n"
        b"removed directory '/tmp/t/a'\n"
        b"removed directory '/tmp/t'\n"
        b"total 4\n"
        b"-rw-r--r-- 1 player player 2 Feb  2  2020 f\n"
        b"lrwxrwxrwx 1 player player 1 Jan  5 09:00 l -> f\n"
    )


def test_rm_does_not_remove_the_root() -> None:
    done = run("rm -rf / ; rm -rf . ..; ls -d /etc", user="root")
    assert done.stdout == b"/etc\n"
    assert done.stderr == (
        b"rm: it is dangerous to operate recursively on '/'\n"
        b"rm: use --no-preserve-root to override this failsafe\n"
        b"rm: refusing to remove '.' or '..' directory: skipping '.'\n"
        b"rm: refusing to remove '.' or '..' directory: skipping '..'\n"
    )


def test_exec_runs_commands_and_their_status_counts() -> None:
    done = run("touch a b; find . -name a -exec sh -c 'echo $0; exit 3' {} \\; -o -name b -print")
    assert done.stdout == b"./a\n./b\n"
    done = run("touch a b; find . -type f -exec false {} +; echo $?; find . -exec nosuch {} \\;")
    assert done.stdout == b"1\n"
    assert done.stderr == b"find: 'nosuch': No such file or directory\n" * 3


def test_env_tells_missing_from_forbidden() -> None:
    done = run("env nosuch; echo $?; env /etc/passwd; echo $?; env -x; echo $?; env false; echo $?")
    assert done.stdout == b"127\n126\n125\n1\n"


def test_a_native_program_can_be_copied_and_run() -> None:
    done = run("cp /bin/echo mine; ./mine hi; file mine; chmod -x mine; ./mine; echo $?")
    assert done.stdout == b"hi\nmine: MiniOS native executable, echo\n126\n"


def test_thousands_of_files_are_no_trouble(box: Box) -> None:
    done = box.run(
        "mkdir many; cd many; i=0; while [ $i -lt 3000 ]; do : > f$i; i=$((i+1)); done;"
        "ls | wc -l; ls -l | tail -n 1; find . -name '*99' | wc -l; du --inodes . ;"
        "cd ..; rm -r many"
    )
    assert done.stdout == (b"3000\n-rw-r--r-- 1 player player 0 Jan  5 09:00 f999\n30\n3001\t.\n")
    assert done.stderr == b""


def test_a_deep_tree_is_walked_without_recursion(box: Box) -> None:
    done = box.run(
        "p=d; i=0; while [ $i -lt 400 ]; do p=$p/d; i=$((i+1)); done; mkdir -p $p;"
        "find d | wc -l; cp -r d e; du --inodes -s e; chmod -R 700 e; rm -r d e; ls"
    )
    assert done.stdout == b"401\n401\te\n"
    assert done.stderr == b""


def test_what_a_program_keeps_is_charged_to_its_limit(box: Box) -> None:
    done = box.run("mkdir full; cd full; i=0; while [ $i -lt 500 ]; do : > f$i; i=$((i+1)); done")
    assert done.status == 0
    done = box.run("cd full; (ulimit -d 32; ls); echo $?; cd ..; rm -r full")
    assert done.stderr == b"ls: memory exhausted\n"
    assert done.stdout == b"2\n"


def test_a_full_disk_is_reported_and_nothing_is_lost(box: Box) -> None:
    done = box.run("head -c 12M /dev/zero > a; cp a b; echo $?; rm b; wc -c < a; rm a")
    assert done.stdout == b"1\n12582912\n"
    assert done.stderr == b"cp: error writing 'b': No space left on device\n"


def test_identity_is_the_processes_own() -> None:
    done = run("id; id -un; groups; id -G root")
    assert done.stdout == (
        b"uid=1000(player) gid=1000(player) groups=1000(player),27(sudo)\nplayer\nplayer sudo\n0\n"
    )


def test_mktemp_makes_a_new_private_file_each_time() -> None:
    done = run("a=$(mktemp) b=$(mktemp -d); [ $a != $b ]; stat -c '%A %s' $a; stat -c %A $b")
    assert done.stdout == b"-rw------- 0\ndrwx------\n"
