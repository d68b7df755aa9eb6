"""What ping is asked to do."""

from collections.abc import Callable

from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.program import Failure

USAGE = """
Usage
  ping [options] <destination>

Options:
  <destination>      dns name or ip address
  -a                 use audible ping
  -A                 use adaptive ping
  -B                 sticky source address
  -c <count>         stop after <count> replies
  -C                 call connect() syscall on socket creation
  -D                 print timestamps
  -d                 use SO_DEBUG socket option
  -e <identifier>    define identifier for ping session
  -f                 flood ping
  -h                 print help and exit
  -I <interface>     either interface name or address
  -i <interval>      seconds between sending each packet
  -L                 suppress loopback of multicast packets
  -l <preload>       send <preload> number of packages while waiting replies
  -m <mark>          tag the packets going out
  -M <pmtud opt>     define mtu discovery, can be one of <do|dont|want>
  -n                 no dns name resolution
  -O                 report outstanding replies
  -p <pattern>       contents of padding byte
  -q                 quiet output
  -Q <tclass>        use quality of service <tclass> bits
  -s <size>          use <size> as number of data bytes to be sent
  -S <size>          use <size> as SO_SNDBUF socket option value
  -t <ttl>           define time to live
  -U                 print user-to-user latency
  -v                 verbose output
  -V                 print version and exit
  -w <deadline>      reply wait <deadline> in seconds
  -W <timeout>       time to wait for response

IPv4 options:
  -4                 use IPv4
  -b                 allow pinging broadcast

For more details see ping(8).
"""

LETTERS = "aABc:CDde:fhI:i:Ll:m:M:nOp:qQ:s:S:t:UvVw:W:4b"
LONG_MAX = (1 << 63) - 1
INT_MAX = (1 << 31) - 1
MODES = {b"do": 2, b"dont": 0, b"want": 1}
SIZE_MAX = 127992
"""The longest data (MAXPACKET less what is not data)."""
USER_INTERVAL = 2
"""The shortest interval, in ms, for those who are not root."""


def _number(text: bytes) -> int | None:
    """strtol(3) with base 0; None if something is left over."""
    digits = text.strip().lower()
    sign = -1 if digits[:1] == b"-" else 1
    digits = digits.lstrip(b"+-")
    base = 16 if digits[:2] == b"0x" else 8 if digits[:1] == b"0" and len(digits) > 1 else 10
    try:
        return sign * int(digits.removeprefix(b"0x"), base)
    except ValueError:
        return None


def number(text: bytes, low: int, high: int) -> int:
    """A whole number within bounds, or the complaint of strtol_or_err."""
    value = _number(text)
    if value is None:
        raise Failure(b"invalid argument: '" + text + b"'", 1)
    if not low <= value <= high:
        bounds = b": out of range: %d <= value <= %d" % (low, high)
        raise Failure(b"invalid argument: '" + text + b"'" + bounds, 1)
    return value


def seconds(text: bytes) -> int | None:
    """Decimal seconds as ns; None if it is no such number."""
    whole, dot, part = text.partition(b".")
    if not (whole + part).isdigit() or (dot and not part and not whole):
        return None
    return int(whole or b"0") * 1_000_000_000 + int((part + b"000000000")[:9])


class Options:
    """What ping is asked to do. Times are ns; ``interval`` is in ms, as ping keeps it."""

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self.count = 0
        self.interval = 1000
        self.interval_given = False
        self.size = 56
        self.ttl = 0
        self.tos = 0
        self.mark = 0
        self.ident = 0
        self.sndbuf = 0
        self.deadline = 0
        self.linger = 10_000
        """How long to wait for a reply when there was none, in ms."""
        self.preload = 1
        self.pattern = b""
        self.source = b""
        self.mtu_discover: int | None = None
        self.target = b""

    @property
    def quiet(self) -> bool:
        return "q" in self.flags

    @property
    def flood(self) -> bool:
        return "f" in self.flags

    @property
    def adaptive(self) -> bool:
        return "A" in self.flags


def read(argv: list[bytes]) -> Options:
    """The options of a command line. Failure, with ping's words and exit status 1."""
    try:
        parsed = parse(argv, LETTERS, ())
    except UsageError as err:
        raise Failure(str(err).encode("latin-1"), 2) from None
    made = Options()
    for flag, value in parsed.flags:
        if value is None:
            made.flags.add(flag)
        else:
            _SETTERS[flag](made, value)
    if made.flood and not made.interval_given:
        made.interval = 0
    made.target = _target(parsed)
    return made


def _target(parsed: Parsed) -> bytes:
    if not parsed.operands or {flag for flag, _ in parsed.flags} & {"h", "V"}:
        return b""
    return parsed.operands[-1]


def _count(o: Options, text: bytes) -> None:
    o.count = number(text, 1, LONG_MAX)


def _ident(o: Options, text: bytes) -> None:
    o.ident = number(text, 0, 0xFFFF)


def _interval(o: Options, text: bytes) -> None:
    ns = seconds(text)
    if ns is None:
        raise Failure(b"bad timing interval: " + text, 1)
    o.interval = ns // 1_000_000
    o.interval_given = True


def _preload(o: Options, text: bytes) -> None:
    o.preload = number(text, 1, 65536)


def _mark(o: Options, text: bytes) -> None:
    o.mark = number(text, 0, 0xFFFFFFFF)


def _mtu(o: Options, text: bytes) -> None:
    if text not in MODES:
        raise Failure(b"invalid -M argument: " + text, 1)
    o.mtu_discover = MODES[text]


def _pattern(o: Options, text: bytes) -> None:
    if len(text) > 32 or any(c not in b"0123456789abcdefABCDEF" for c in text):
        raise Failure(b"patterns must be specified as hex digits: " + text, 2)
    pairs = [text[i : i + 2] for i in range(0, len(text), 2)]
    o.pattern = bytes(int(pair, 16) for pair in pairs)


def _size(o: Options, text: bytes) -> None:
    o.size = number(text, 0, SIZE_MAX)


def _sndbuf(o: Options, text: bytes) -> None:
    o.sndbuf = number(text, 1, INT_MAX)


def _ttl(o: Options, text: bytes) -> None:
    o.ttl = number(text, 0, 255)


def _tos(o: Options, text: bytes) -> None:
    o.tos = number(text, 0, 255)


def _deadline(o: Options, text: bytes) -> None:
    o.deadline = number(text, 0, INT_MAX)


def _linger(o: Options, text: bytes) -> None:
    ns = seconds(text)
    if ns is None or ns // 1_000_000 > INT_MAX:
        raise Failure(b"bad linger time: " + text, 1)
    o.linger = ns // 1_000_000


def _source(o: Options, text: bytes) -> None:
    o.source = text


_SETTERS: dict[str, Callable[[Options, bytes], None]] = {
    "c": _count, "e": _ident, "i": _interval, "I": _source, "l": _preload, "m": _mark, "M": _mtu,
    "p": _pattern, "Q": _tos, "s": _size, "S": _sndbuf, "t": _ttl, "w": _deadline, "W": _linger,
}  # fmt: skip
