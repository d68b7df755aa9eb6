"""Records of the wire: their bytes, their checksums, and what is malformed."""

import pytest

from minios.abi.inet import mac_text, parse_ip, parse_mac, parse_prefix, prefix_length
from minios.net.wire.arp import ARP
from minios.net.wire.checksum import checksum, fcs, update, update32
from minios.net.wire.ethernet import Ethernet
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.layers import layers
from minios.net.wire.malformed import Malformed
from minios.net.wire.stp import BPDU
from minios.net.wire.stun import FINGERPRINT, SOFTWARE, SUCCESS, XOR_MAPPED_ADDRESS, Stun
from minios.net.wire.tcp import TCP, TcpOptions
from minios.net.wire.udp import UDP
from tests.userland.tcpdumping.corpus import FRAMES

A, B = parse_ip("192.0.2.1"), parse_ip("198.51.100.7")


def test_the_checksum_of_rfc_1071_section_3():
    data = bytes.fromhex("0001f203f4f5f6f7")
    assert checksum(data) == 0xDDF2 ^ 0xFFFF


@pytest.mark.parametrize("size", range(9))
def test_the_checksum_is_the_sum_word_by_word(size):
    data = bytes((byte * 37) & 255 for byte in range(size))
    total = sum(int.from_bytes(data[i : i + 2].ljust(2, b"\0"), "big") for i in range(0, size, 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert checksum(data) == total ^ 0xFFFF


def test_rfc_1624_the_update_of_section_4_does_not_give_minus_zero():
    assert update(0xDD2F, 0x5555, 0x3285) == 0x0000


def test_an_incremental_update_equals_a_new_checksum():
    packet = IPv4(A, B, 17, UDP(5, 6, b"x"))
    before = packet.right()
    packet.src = parse_ip("10.1.2.3")
    assert update32(before, A, packet.src) == packet.right()


def test_the_fcs_of_ieee_802_3():
    assert fcs(b"123456789") == 0xCBF43926


def test_an_arp_request_is_28_bytes_padded_to_60():
    frame = Ethernet(0xFFFF_FFFF_FFFF, 0x0200_0000_0001, 0x0806, ARP(1, 0x0200_0000_0001, A, 0, B))
    assert frame.size == 60
    assert frame.pack().hex() == (
        "ffffffffffff" "020000000001" "0806"
        "0001" "0800" "06" "04" "0001" "020000000001" "c0000201" "000000000000" "c6336407"
    ) + "00" * 18  # fmt: skip


def test_a_tag_stands_before_the_type():
    frame = Ethernet(2, 1, 0x0800, IPv4(A, B, 17, UDP(1, 2, b"x" * 40)), vlan=0xA005)
    assert frame.size == 14 + 4 + 20 + 8 + 40
    assert frame.pack()[12:18].hex() == "8100a0050800"
    assert Ethernet.parse(frame.pack()) == frame
    assert frame.vid == 5


def test_a_syn_as_linux_sends_it():
    options = TcpOptions(mss=1460, wscale=7, sack_permitted=True, timestamps=(1, 0))
    assert options.pack().hex() == "020405b40402080a000000010000000001030307"
    assert options.summary() == "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7"
    assert TCP(1, 2, 0, 0, 2, 64240, b"", options).length == 40


def test_options_laid_out_otherwise_keep_their_bytes():
    raw = bytes.fromhex("0101080a00000001000000020204010000000000")
    options = TcpOptions.parse(raw)
    assert (options.mss, options.timestamps, options.length) == (256, (1, 2), 20)
    assert options.pack() == raw


def test_a_udp_checksum_of_zero_is_sent_as_ones():
    for word in range(0x10000):
        udp = UDP(1, 2, word.to_bytes(2, "big"))
        if udp.right(A, B) == 0xFFFF:
            break
    assert udp.pack(A, B)[6:8] == b"\xff\xff"
    assert UDP.parse(udp.pack(A, B), A, B).checksum is None


def test_a_udp_checksum_that_was_left_out_stays_out():
    assert UDP.parse(UDP(1, 2, b"x", checksum=0).pack(A, B), A, B).checksum == 0


@pytest.mark.parametrize(
    ("proto", "payload"),
    [(6, TCP(1, 2, 3, 4, 16, 5, b"data")), (17, UDP(1, 2, b"data")), (1, ICMP(8, 0, 7, b"data"))],
)
def test_a_wrong_checksum_is_kept_for_the_receiver(proto, payload):
    data = bytearray(IPv4(A, B, proto, payload).pack())
    data[-1] ^= 1
    packet = IPv4.parse(bytes(data))
    assert packet.checksum is None
    assert packet.payload.checksum is not None
    assert packet.pack() == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x45" * 19, "IP of 19 bytes"),
        (b"\x65" + bytes(19), "IP version 6"),
        (b"\x44" + bytes(19), "IP header of 16 bytes"),
        (b"\x45\0\0\x13" + bytes(16), "IP length 19 in 20 bytes"),
        (b"\x45\0\0\x15" + bytes(16), "IP length 21 in 20 bytes"),
    ],
)
def test_what_ip_rcv_drops_is_malformed(data, why):
    with pytest.raises(Malformed, match=why):
        IPv4.parse(data)


def test_a_malformed_inside_stays_bytes_on_the_wire():
    packet = IPv4(A, B, 6, b"short")
    with pytest.raises(Malformed):
        IPv4.parse(packet.pack())
    assert IPv4.parse(packet.pack(), strict=False) == packet


def test_a_fragment_keeps_its_bytes():
    packet = IPv4(A, B, 17, b"x" * 24, offset=1480, mf=True, ident=9)
    assert IPv4.parse(packet.pack()) == packet


def test_a_copy_has_headers_of_its_own():
    frame = Ethernet(1, 2, 0x0800, IPv4(A, B, 6, TCP(1, 2, 3, 4, 16, 5, b"data")))
    other = frame.copy()
    other.payload.ttl -= 1
    other.payload.payload.dport = 99
    assert (frame.payload.ttl, frame.payload.payload.dport) == (64, 2)
    assert other.payload.payload.payload is frame.payload.payload.payload


def test_rfc_5769_a_response_says_where_it_was_asked_from():
    message = Stun(SUCCESS, b"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae", (
        (SOFTWARE, b"test vector"), (XOR_MAPPED_ADDRESS, (A, 32853)), (FINGERPRINT, b""),
    ))  # fmt: skip
    data = message.pack()
    assert bytes.fromhex("0020 0008 0001 a147 e112 a643") in data
    assert Stun.parse(data).address() == (A, 32853)
    with pytest.raises(Malformed):
        Stun.parse(data[:-1] + bytes((data[-1] ^ 1,)))


def test_a_bpdu_travels_in_an_llc_frame():
    frame = Ethernet(0x0180_C200_0000, 2, 38, BPDU(root=0x8000 << 48 | 5, bridge=0x8000 << 48 | 7))
    assert frame.pack()[14:17] == b"\x42\x42\x03"
    assert Ethernet.parse(frame.pack()) == frame


@pytest.mark.parametrize("number", range(0, 240, 3))
def test_every_bit_of_a_frame_is_explained_once(number):
    parsed = Ethernet.parse(FRAMES[number], strict=False)
    end = 0
    for layer in layers(parsed):
        assert layer.start == end
        at = 0
        for field in layer.fields:
            assert field.offset == at
            at += field.length
        assert at == layer.length
        end += at
    assert end == 8 * len(parsed.pack())


def test_addresses_as_text():
    assert parse_prefix("10.0.0.2/24") == (parse_ip("10.0.0.2"), 24)
    assert parse_prefix("10.0.0.2/255.255.255.0") == (parse_ip("10.0.0.2"), 24)
    assert prefix_length(parse_ip("255.255.255.252")) == 30
    assert mac_text(parse_mac("2:0:0:0:A:b")) == "02:00:00:00:0a:0b"
    for wrong in ("1.2.3", "1.2.3.256", "1.2.3.4.5", "", "1.2.3.x", "0x1.2.3.4"):
        with pytest.raises(ValueError, match="not an IPv4 address"):
            parse_ip(wrong)
    with pytest.raises(ValueError, match="not a netmask"):
        prefix_length(parse_ip("255.0.255.0"))
