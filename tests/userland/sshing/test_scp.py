"""scp between two machines."""

from tests.userland.netservices.lan import Lan
from tests.userland.sshing.test_ssh import lan, pc

__all__ = ["lan"]


def test_a_file_goes_there_with_its_mode_and_time(lan: Lan) -> None:
    make = "head -c 100000 /dev/urandom > a; chmod 640 a; touch -d '2020-02-03 04:05:06' a"
    assert pc(lan, f"{make}; scp -p a 10.0.0.3:b") == (0, b"", b"")
    digest = pc(lan, "md5sum < a || cksum < a")[1]
    assert lan.run("srv", "md5sum < b || cksum < b", user="player").stdout == digest
    assert lan.run("srv", "stat -c '%a %y' b", user="player").stdout == (
        b"640 2020-02-03 04:05:06.000000000 +0000\n"
    )


def test_directories_come_with_r(lan: Lan) -> None:
    lan.run("srv", "mkdir -p d/e; echo one > d/1; echo 'a b' > 'd/e/t w o'", user="player")
    refused = pc(lan, "scp 10.0.0.3:d /tmp/x")
    assert refused == (1, b"", b"scp: d: not a regular file\n")
    assert pc(lan, "scp -r 10.0.0.3:d /tmp/got; cd /tmp/got; find . | sort; cat 'e/t w o'") == (
        0, b".\n./1\n./e\n./e/t w o\na b\n", b"",
    )  # fmt: skip


def test_several_files_need_a_directory(lan: Lan) -> None:
    assert pc(lan, "echo 1 > one; echo 2 > two; scp one two 10.0.0.3:/tmp")[0] == 0
    assert lan.run("srv", "cat /tmp/one /tmp/two").stdout == b"1\n2\n"
    status, _, err = pc(lan, "scp one two 10.0.0.3:/tmp/one")
    assert (status, err) != (0, b"")


def test_what_cannot_be_copied_is_named(lan: Lan) -> None:
    assert pc(lan, "scp nothing 10.0.0.3:") == (
        1, b"", b"scp: nothing: No such file or directory\n",
    )  # fmt: skip
    assert pc(lan, "scp 10.0.0.3:nothing .") == (
        1, b"", b"scp: nothing: No such file or directory\n",
    )  # fmt: skip
    assert pc(lan, "echo x > x; scp x 10.0.0.3:/etc/x") == (
        1, b"", b"scp: /etc/x: Permission denied\n",
    )  # fmt: skip
    status, _, err = pc(lan, "scp -B -o UserKnownHostsFile=/none x 10.0.0.3:")
    assert (status, err.splitlines()[-1]) == (255, b"scp: Connection closed")


def test_here_it_is_cp(lan: Lan) -> None:
    assert pc(lan, "echo y > y; scp y z; cat z") == (0, b"y\n", b"")
