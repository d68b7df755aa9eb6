"""What nc is asked to do, and its complaints."""

from collections.abc import Callable

from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.program import Failure

SHORT_USAGE = b"""usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
\t  [destination] [port]"""

USAGE = (
    SHORT_USAGE.decode()
    + """
\tCommand Summary:
\t\t-4\t\tUse IPv4
\t\t-b\t\tAllow broadcast
\t\t-C\t\tSend CRLF as line-ending
\t\t-D\t\tEnable the debug socket option
\t\t-d\t\tDetach from stdin
\t\t-h\t\tThis help text
\t\t-I length\tTCP receive buffer length
\t\t-i interval\tDelay interval for lines sent, ports scanned
\t\t-k\t\tKeep inbound sockets open for multiple connects
\t\t-l\t\tListen mode, for inbound connects
\t\t-M ttl\t\tOutgoing TTL / Hop Limit
\t\t-m minttl\tMinimum incoming TTL / Hop Limit
\t\t-N\t\tShutdown the network socket after EOF on stdin
\t\t-n\t\tSuppress name/port resolutions
\t\t-O length\tTCP send buffer length
\t\t-p port\t\tSpecify local port for remote connects
\t\t-q secs\t\tquit after EOF on stdin and delay of secs
\t\t-r\t\tRandomize remote ports
\t\t-s sourceaddr\tLocal source address
\t\t-T keyword\tTOS value
\t\t-U\t\tUse UNIX domain socket
\t\t-u\t\tUDP mode
\t\t-v\t\tVerbose
\t\t-W recvlimit\tTerminate after receiving a number of packets
\t\t-w timeout\tTimeout for connects and final net reads
\t\t-z\t\tZero-I/O mode [used for scanning]
\tPort numbers can be individual or ranges: lo-hi [inclusive]
"""
)

LETTERS = "46bCDdhI:i:klM:m:NnO:p:q:rs:T:UuvW:w:z"
SECOND = 1_000_000_000
INT_MAX = (1 << 31) - 1

TOS = {
    b"critical": 0xA0, b"inetcontrol": 0xC0, b"lowcost": 0x02, b"lowdelay": 0x10,
    b"netcontrol": 0xE0, b"reliability": 0x04, b"throughput": 0x08, b"ef": 0xB8,
    **{b"af%d%d" % (c, d): (8 * c + 2 * d) << 2 for c in (1, 2, 3, 4) for d in (1, 2, 3)},
    **{b"cs%d" % c: 0x20 * c for c in range(8)},
}  # fmt: skip


class Usage(Failure):
    """The short usage, perhaps after a complaint; exit status 1."""


class Options:
    """Times are ns, None for none."""

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self.timeout: int | None = None
        self.quit: int | None = None
        self.interval = 0
        self.recvlimit = 0
        self.rcvbuf = self.sndbuf = self.ttl = self.minttl = 0
        self.tos = -1
        self.source_port = b""
        self.source = b""
        self.host: bytes | None = None
        self.ports: list[bytes] = []

    @property
    def udp(self) -> bool:
        return "u" in self.flags

    @property
    def verbose(self) -> bool:
        return "v" in self.flags

    @property
    def numeric(self) -> bool:
        return "n" in self.flags


def _whole(text: bytes, low: int, high: int, what: bytes) -> int:
    """strtonum(3) and its complaint."""
    digits = text.lstrip(b"-+")
    if not digits.isdigit():
        raise Failure(what + b" invalid: " + text, 1)
    value = int(text)
    if value < low:
        raise Failure(what + b" too small: " + text, 1)
    if value > high:
        raise Failure(what + b" too large: " + text, 1)
    return value


def _timeout(o: Options, text: bytes) -> None:
    o.timeout = _whole(text, 0, INT_MAX // 1000, b"timeout") * SECOND


def _quit(o: Options, text: bytes) -> None:
    if text.startswith(b"-") and text[1:].isdigit():
        o.quit = None
        return
    o.quit = _whole(text, 0, INT_MAX, b"quit timer") * SECOND


def _interval(o: Options, text: bytes) -> None:
    o.interval = _whole(text, 0, INT_MAX, b"interval") * SECOND


def _recvlimit(o: Options, text: bytes) -> None:
    o.recvlimit = _whole(text, 1, INT_MAX, b"receive limit")


def _rcvbuf(o: Options, text: bytes) -> None:
    o.rcvbuf = _whole(text, 1, 65536 << 14, b"TCP receive window")


def _sndbuf(o: Options, text: bytes) -> None:
    o.sndbuf = _whole(text, 1, 65536 << 14, b"TCP send window")


def _ttl(o: Options, text: bytes) -> None:
    o.ttl = _whole(text, 0, 255, b"ttl")


def _minttl(o: Options, text: bytes) -> None:
    o.minttl = _whole(text, 0, 255, b"minttl")


def _tos(o: Options, text: bytes) -> None:
    value = TOS.get(text.lower())
    if value is None and text[:2].lower() == b"0x":
        try:
            value = int(text, 16)
        except ValueError:
            value = None
    if value is None:
        value = int(text) if text.isdigit() else None
    if value is None or value > 255:
        raise Failure(b"illegal tos value " + text, 1)
    o.tos = value


def _source_port(o: Options, text: bytes) -> None:
    o.source_port = text


def _source(o: Options, text: bytes) -> None:
    o.source = text


_SETTERS: dict[str, Callable[[Options, bytes], None]] = {
    "w": _timeout, "q": _quit, "i": _interval, "W": _recvlimit, "I": _rcvbuf, "O": _sndbuf,
    "M": _ttl, "m": _minttl, "T": _tos, "p": _source_port, "s": _source,
}  # fmt: skip


def read(argv: list[bytes]) -> Options:
    """The options and operands. Failure and Usage."""
    try:
        parsed: Parsed = parse(argv, LETTERS, ())
    except UsageError as err:
        raise Usage(str(err).encode("latin-1"), 1) from None
    made = Options()
    for flag, value in parsed.flags:
        if value is None:
            made.flags.add(flag)
        else:
            _SETTERS[flag](made, value)
    if "h" in made.flags:
        return made
    words = parsed.operands
    listening = "l" in made.flags
    port: bytes | None = None
    if len(words) == 1 and "U" in made.flags:
        made.host = words[0]
    elif len(words) == 1 and listening and not made.source:
        port = words[0]
    elif not words and listening:
        if not made.source_port:
            raise Failure(b"missing port number", 1)
        port = made.source_port
    elif len(words) == 2 and not (listening and (made.source or made.source_port)):
        made.host, port = words
    elif len(words) == 1 and not listening:
        raise Failure(b"missing port number", 1)
    else:
        raise Usage(b"", 1)
    if listening and "z" in made.flags:
        raise Failure(b"cannot use -z and -l", 1)
    if "k" in made.flags and not listening:
        raise Failure(b"must use -l with -k", 1)
    if port is not None:
        made.ports = [port]
    return made


def port_number(text: bytes) -> int:
    """A port from 1 to 65535, or the complaint."""
    return _whole(text, 1, 65535, b"port number")
