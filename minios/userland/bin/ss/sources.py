"""Where ss has its sockets from: netlink for those of the Internet, /proc for the others."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.inet import IPPROTO_RAW, IPPROTO_TCP, IPPROTO_UDP, ip_text
from minios.abi.netlink import NETLINK_SOCK_DIAG, attributes, string
from minios.abi.sockdiag import (
    INET_DIAG_CONG,
    INET_DIAG_INFO,
    INET_DIAG_SHUTDOWN,
    INET_DIAG_SKMEMINFO,
    INET_DIAG_TOS,
    SOCK_DESTROY,
    SOCK_DIAG_BY_FAMILY,
    DiagMessage,
    DiagRequest,
    RawTcpInfo,
    SkMem,
    SockId,
)
from minios.abi.sockets import AF_INET
from minios.userland.bin.ss.filters import Ends
from minios.userland.lib import proc
from minios.userland.lib.net import netlink
from minios.userland.lib.openfiles import holdings
from minios.userland.lib.program import Tool

PROTOCOLS = {b"tcp": IPPROTO_TCP, b"udp": IPPROTO_UDP, b"raw": IPPROTO_RAW}
_UNIX = {b"0001": b"u_str", b"0002": b"u_dgr", b"0005": b"u_seq"}
_ETHERTYPES = {0x0003: b"*", 0x0800: b"ip", 0x0806: b"arp", 0x86DD: b"ipv6", 0x8100: b"802.1Q"}


@dataclass(slots=True)
class Socket:
    """One line. ``local`` and ``remote`` are (address with its separator, port), as shown.

    ``ends`` is what filters see; ``diag`` what the kernel said, if it was asked by netlink.
    """

    netid: bytes
    state: int
    receive: int
    send: int
    local: tuple[bytes, bytes]
    remote: tuple[bytes, bytes]
    ino: int
    ends: Ends
    uid: int = 0
    shut: int = 0
    tos: int = 0
    diag: DiagMessage | None = None
    congestion: bytes = b""
    info: RawTcpInfo | None = None
    memory: SkMem | None = None
    number: int = 0
    names: dict[str, bytes] = field(default_factory=dict)


async def inet(tool: Tool, kind: bytes, states: int) -> list[Socket]:
    """Sockets of TCP, UDP or raw IP, as the kernel lists them."""
    try:
        link = await netlink.connect(tool.sys, NETLINK_SOCK_DIAG)
    except OSError:
        return []
    ext = 0
    for wanted in (INET_DIAG_INFO, INET_DIAG_CONG, INET_DIAG_TOS, INET_DIAG_SKMEMINFO):
        ext |= 1 << (wanted - 1)
    request = DiagRequest(AF_INET, PROTOCOLS[kind], ext, states)
    try:
        found = await link.dump(SOCK_DIAG_BY_FAMILY, request.pack())
    except OSError:
        found = []
    await tool.sys.close(link.fd)
    devices = await _devices(tool) if found else {}
    sockets = []
    for number, message in enumerate(found):
        await tool.retain(len(message.body))
        sockets.append(_inet_socket(kind, message.body, devices, number + 1))
    return sockets


def _inet_socket(kind: bytes, body: bytes, devices: dict[int, bytes], number: int) -> Socket:
    diag = DiagMessage.parse(body)
    more = attributes(body[72:])
    ident = diag.id
    device = devices.get(ident.ifindex, b"")
    made = Socket(
        kind, diag.state, diag.rqueue, diag.wqueue, (b"", b""), (b"", b""), diag.inode,
        Ends(ident.src, ident.sport, ident.dst, ident.dport, device), diag.uid, diag=diag,
    )  # fmt: skip
    made.number = number
    made.shut = more.get(INET_DIAG_SHUTDOWN, b"\0")[0]
    made.tos = more.get(INET_DIAG_TOS, b"\0")[0]
    if INET_DIAG_CONG in more:
        made.congestion = string(more[INET_DIAG_CONG]).encode("latin-1")
    if INET_DIAG_INFO in more:
        made.info = RawTcpInfo.parse(more[INET_DIAG_INFO])
    if INET_DIAG_SKMEMINFO in more:
        made.memory = SkMem.parse(more[INET_DIAG_SKMEMINFO])
    return made


async def _devices(tool: Tool) -> dict[int, bytes]:
    """Names by index, out of /sys/class/net, or /proc/net/dev where there is none."""
    found: dict[int, bytes] = {}
    for line in (await proc.read_optional(tool.sys, b"/proc/net/dev")).splitlines()[2:]:
        name = line.partition(b":")[0].strip()
        text = await proc.read_optional(tool.sys, b"/sys/class/net/" + name + b"/ifindex")
        if text.strip().isdigit():
            found[int(text)] = name
    return found


async def destroy(tool: Tool, socket: Socket) -> bool:
    """Have the kernel end a socket; whether it did. OSError but for what is not possible."""
    assert socket.diag is not None
    link = await netlink.connect(tool.sys, NETLINK_SOCK_DIAG)
    try:
        request = DiagRequest(AF_INET, PROTOCOLS[socket.netid], id=SockId(*socket.diag.id))
        await link.talk(SOCK_DESTROY, 0, request.pack())
    except OSError as err:
        if err.errno in (Errno.EOPNOTSUPP, Errno.ENOENT):
            return False
        raise
    finally:
        await tool.sys.close(link.fd)
    return True


async def unix(tool: Tool) -> list[Socket]:
    """AF_UNIX, by /proc/net/unix."""
    found = []
    text = await proc.read_optional(tool.sys, b"/proc/net/unix")
    for line in text.splitlines()[1:]:
        words = line.split(None, 7)
        listens = int(words[3], 16) & 0x10000 != 0
        state = 10 if listens else 1 if words[5] == b"03" else 7
        name = words[7] if len(words) > 7 else b"*"
        ino = int(words[6])
        kind = _UNIX.get(words[4], b"u_str")
        found.append(
            Socket(
                kind, state, 0, 0, (name + b" ", words[6]), (b"* ", b"0"), ino,
                Ends(None, ino, None, 0, name=name),
            )
        )  # fmt: skip
        await tool.retain(len(line))
    return found


async def packet(tool: Tool, numeric: bool) -> list[Socket]:
    """AF_PACKET, by /proc/net/packet."""
    found = []
    text = await proc.read_optional(tool.sys, b"/proc/net/packet")
    devices = await _devices(tool) if text else {}
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 9:
            continue
        kind = b"p_raw" if words[2] == b"3" else b"p_dgr"
        proto, index, ino = int(words[3], 16), int(words[4]), int(words[8])
        name = b"[%d]" % proto if numeric else _ETHERTYPES.get(proto, b"[%d]" % proto)
        if proto == 3:
            name = b"*"
        port = devices.get(index, b"*") if index else b"*"
        found.append(
            Socket(
                kind, 7, int(words[6]), 0, (name + b":", port), (b"*", b""), ino,
                Ends(None, index, None, 0, port), int(words[7]),
            )
        )  # fmt: skip
    return found


def address(ip: int, device: bytes) -> bytes:
    """An address as it is shown, with the device a socket is bound to."""
    text = ip_text(ip).encode()
    return text + b"%" + device if device else text


async def users(tool: Tool, threads: bool = False) -> dict[int, bytes]:
    """By inode number: `` users:(("name",pid=1,fd=3))``, of those processes that may be seen."""
    found: dict[int, list[bytes]] = {}
    for pid in await proc.pids(tool.sys):
        process = await proc.read_process(tool.sys, pid, status=False, argv=False)
        if process is None:
            continue
        for held in await holdings(tool, pid):
            if held.path.startswith(b"socket:["):
                tid = b"tid=%d," % pid if threads else b""
                text = b'("%b",pid=%d,%bfd=%b)' % (process.comm, pid, tid, held.fd)
                ino = held.path[8:-1]
                if ino.isdigit():
                    found.setdefault(int(ino), []).insert(0, text)
                    await tool.retain(len(text))
    return {ino: b" users:(" + b",".join(texts) + b")" for ino, texts in found.items()}
