"""tcpdump prints what tcpdump 4.99 prints of the same packets, and takes the same filters."""

import shutil
import subprocess

import pytest

from minios.abi.inet import SERVICES
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.pcap import FileHeader
from minios.userland.bin.tcpdump.dump import Settings
from minios.userland.bin.tcpdump.expression import compiled
from minios.userland.bin.tcpdump.match import Meta
from minios.userland.bin.tcpdump.packet import Printer
from minios.userland.bin.tcpdump.primitives import Known
from minios.userland.bin.tcpdump.tokens import BadFilter
from tests.userland.tcpdumping.corpus import FRAMES

TCPDUMP = shutil.which("tcpdump") or "/usr/sbin/tcpdump"
START = 1_767_603_600_000_000_000
STEP = 123_456_000


def _version() -> str:
    try:
        return subprocess.run([TCPDUMP, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return ""


same = pytest.mark.skipif("version 4.99.3" not in _version(), reason="no tcpdump 4.99.3")

OPTIONS = {
    "-n": Settings(numeric=True),
    "-n -e": Settings(numeric=True, ether=True),
    "-n -q": Settings(numeric=True, q=1),
    "-n -q -e": Settings(numeric=True, q=1, ether=True),
    "-n -v": Settings(numeric=True, v=1),
    "-n -vv -e": Settings(numeric=True, v=2, ether=True),
    "-n -vvv": Settings(numeric=True, v=3),
    "-n -S -K -v": Settings(numeric=True, absolute=True, no_checksums=True, v=1),
    "-n -x": Settings(numeric=True, x=1),
    "-n -xx": Settings(numeric=True, x=2),
    "-n -X": Settings(numeric=True, hexascii=1),
    "-n -XX": Settings(numeric=True, hexascii=2),
    "-n -t": Settings(numeric=True, t=1),
    "-n -tt": Settings(numeric=True, t=2),
    "-n -ttt": Settings(numeric=True, t=3),
    "-n -tttt": Settings(numeric=True, t=4),
    "-n -ttttt": Settings(numeric=True, t=5),
    "-n -#": Settings(numeric=True, number=True),
}

WHEN_CUT = ("-n", "-n -e", "-n -q", "-n -q -e", "-n -XX", "-n -t")

FILTERS = (
    "tcp", "udp", "icmp", "arp", "ip", "rarp", "stp", "igmp", "vlan", "vlan 5 and arp", "ip6",
    "src 10.0.0.1", "dst net 192.168", "net 10.0.0", "host 10.0.0", "host 0x0a000001",
    "net 10.0.0.0 mask 255.0.255.0", "net 192.168.7.0/24", "src and dst host 10.0.0.1",
    "port 80", "tcp port http", "src or dst port 53", "port (80 or 443)", "portrange 9-5",
    "udp dst portrange 50-100", "port http or 53", "host 10.0.0.1 and not 192.168.7.2",
    "tcp and port 80 or udp port 53", "udp port 53 or tcp and port 80", "not not not tcp",
    "not tcp and not udp", "((tcp or udp) and port 53)", "less 60", "greater 300", "len > 100",
    "ether host 2:0:0:0:0:1", "ether dst 02-00-00-00-00-02", "broadcast", "multicast",
    "ip multicast", "ip broadcast", "ether proto 0x88b5", "ip proto 99 or ip proto 253",
    "proto \\tcp", "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn", "tcp[13] = 2 or udp",
    "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420", "icmp[icmptype] = icmp-unreach",
    "ip[6:2] & 0x1fff != 0", "ip[2:2] + 4 = 44", "1 + 2 * 3 = 7", "not tcp[200] = 1",
    "(len=60)", "(ip[8]=64) and tcp", "arp[6:2] = 2", "ether[0] & 1 = 1",
    # what is no filter
    "10.0.0.1", "host", "and", "tcp and", "foo", "port foo", "port 70000", "tcp[13", "tcp[0:3]=1",
    "net 10.0.0.1/24", "net 10.0.0.1/33", "net 300.1.1.1", "ether host 1.2.3.4", "ether",
    "ip proto foo", "ether proto foo", "len/0=1", "port 80 and (", "host 02:00:00:00:00:01",
    "port 10.0.0.1", "less x", "vlan 5000", "@", "ether host foo", "tcp host 10.0.0.1",
    "arp port 5", "udp net 10", "net 10.0.0.1 mask 255.0.0.0", "tcp proto 5", "ifname x",
    "gateway x", "dst src 1.2.3.4", "greater 5 6", "tcp-syn",
)  # fmt: skip


WHOLE, CUT = 262144, 60


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """Files of all frames, whole, and of the first 60 bytes of each."""
    paths = {}
    for snaplen in (WHOLE, CUT):
        header = FileHeader(snaplen=snaplen)
        records = [
            header.record(START + i * STEP, frame[:snaplen], len(frame))
            for i, frame in enumerate(FRAMES)
        ]
        paths[snaplen] = tmp_path_factory.mktemp("pcap") / "corpus.pcap"
        paths[snaplen].write_bytes(header.pack() + b"".join(records))
    return paths


def _real(path, *args: str) -> str:
    done = subprocess.run(
        [TCPDUMP, "-r", str(path), *args], capture_output=True, env={"TZ": "UTC"}, check=False
    )
    said = done.stderr.decode("latin-1").splitlines(keepends=True)
    said = [line for line in said if not line.startswith("reading from file")]
    return done.stdout.decode("latin-1") or "".join(said)


@same
@pytest.mark.parametrize(
    ("snaplen", "options"), [(WHOLE, o) for o in OPTIONS] + [(CUT, o) for o in WHEN_CUT]
)
def test_every_line_is_tcpdumps(captures, snaplen, options):
    path = captures[snaplen]
    printer = Printer(OPTIONS[options], 1)
    mine = "".join(
        printer.text(START + i * STEP, frame[:snaplen], len(frame))
        for i, frame in enumerate(FRAMES)
    )
    theirs = _real(path, *options.split())
    assert mine.split("\n") == theirs.split("\n")


@same
@pytest.mark.parametrize("expression", FILTERS)
def test_a_filter_takes_the_packets_tcpdump_takes(captures, expression):
    path = captures[WHOLE]
    ports = {"foo": None}
    for (port, proto), name in SERVICES.items():
        ports.setdefault(name, []).append((port, proto))
    known = Known({}, ports)
    try:
        wanted = compiled(expression, 1, known, live=False)
        count = sum(wanted.matches(frame, Meta(len(frame))) for frame in FRAMES)
        mine = f"{count} packet{'' if count == 1 else 's'}\n"
    except BadFilter as err:
        mine = f"tcpdump: {err}\n"
    assert mine == _real(path, "-n", "--count", expression)


@pytest.mark.parametrize(
    "expression",
    [
        "||".join(["ip"] * 1000), "(" * 2000, "!" * 2000 + "ip", "len" + "+1" * 1500 + "=1",
        "ip[" * 40 + "1" + "]" * 40 + "=1", "-" * 1500 + "1=1", "x" * 5000,
    ],
    ids=range(7),
)  # fmt: skip
def test_an_endless_filter_is_refused(expression):
    with pytest.raises(BadFilter, match="too"):
        compiled(expression, 1, Known({}, {}))


def test_packets_in_packets_come_to_an_end():
    for proto in (1, 4):
        data = b"\0" * 20
        for _ in range(1400):
            data = IPv4(1, 2, proto, ICMP(3, 1, 0, data) if proto == 1 else data).pack()
        frame = Ethernet(1, 2, 0x0800, data).pack()
        text = Printer(Settings(numeric=True, v=1), 1).text(0, frame, len(frame))
        assert text.endswith("...\n")
