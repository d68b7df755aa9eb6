"""``minios sh --pcap FILE``: a capture that Wireshark opens without a complaint."""

import subprocess
import sys
from pathlib import Path

from minios.net.wire.pcap import FileHeader
from tests.net.tshark import anomalies, clean, lines, needs_tshark


def sh(path: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "minios", "sh", "--pcap", str(path), "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_machine_that_sends_nothing_leaves_an_empty_capture(tmp_path):
    path = tmp_path / "x.pcap"
    done = sh(path, "echo hello; exit 3")
    assert (done.stdout, done.returncode) == ("hello\n", 3)
    assert path.read_bytes() == FileHeader(nano=True).pack()


def test_a_file_that_cannot_be_written_is_one_line(tmp_path):
    done = sh(tmp_path / "no" / "x.pcap", "true")
    assert done.returncode == 1
    assert done.stderr.endswith("no/x.pcap: No such file or directory\n")


@needs_tshark
def test_pings_and_a_tcp_connection_are_in_it_and_right(tmp_path):
    path = tmp_path / "x.pcap"
    script = """
        ping -c 2 127.0.0.1 >/dev/null
        head -c 200000 /dev/zero > /tmp/zeros
        nc -l -p 4000 > /tmp/got & sleep 1
        nc -N 127.0.0.1 4000 < /tmp/zeros; wait
        nc -u -w 1 127.0.0.1 9 < /tmp/zeros
        cmp /tmp/zeros /tmp/got && echo same
    """
    done = sh(path, script)
    assert done.stdout == "same\n"
    assert clean(path) > 10
    assert len(lines(path, "icmp.type == 8")) == 2
    assert anomalies(path) == []
    assert lines(path, "tcp.flags.syn == 1", "tcp.dstport")[0] == "4000"
    assert lines(path, "icmp.type == 3 && icmp.code == 3") != []


@needs_tshark
def test_what_tcpdump_saves_is_the_same_as_what_the_host_saves(tmp_path):
    path = tmp_path / "x.pcap"
    script = """
        sudo tcpdump -i lo -w /tmp/x 2>/dev/null & sleep 1
        ping -c 2 127.0.0.1 >/dev/null; sleep 1
        sudo pkill -INT tcpdump; wait; cat /tmp/x
    """
    command = [sys.executable, "-m", "minios", "sh", "--pcap", str(path), "-c", script]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    mine = tmp_path / "mine.pcap"
    mine.write_bytes(done.stdout)
    assert clean(mine) == clean(path) == 4
    fields = ("", "icmp.type", "icmp.seq", "icmp.checksum", "ip.ttl")
    assert lines(mine, *fields) == lines(path, *fields)
