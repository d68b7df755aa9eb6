"""What traceroute is asked to do, and its complaints."""

from collections.abc import Callable

from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure

USAGE = """Usage:
  traceroute [ -46dFITnrU ] [ -f first_ttl ] [ -i device ] [ -m max_ttl ] [ -N squeries ] [ -p port ] [ -t tos ] [ -w MAX,HERE,NEAR ] [ -q nqueries ] [ -s src_addr ] [ -z sendwait ] [ --fwmark=num ] host [ packetlen ]
Options:
  -4                          Use IPv4
  -d  --debug                 Enable socket level debugging
  -F  --dont-fragment         Do not fragment packets
  -f first_ttl  --first=first_ttl
                              Start from the first_ttl hop (instead from 1)
  -I  --icmp                  Use ICMP ECHO for tracerouting
  -T  --tcp                   Use TCP SYN for tracerouting (default port is 80)
  -i device  --interface=device
                              Specify a network interface to operate with
  -m max_ttl  --max-hops=max_ttl
                              Set the max number of hops (max TTL to be
                              reached). Default is 30
  -N squeries  --sim-queries=squeries
                              Set the number of probes to be tried
                              simultaneously (default is 16)
  -n                          Do not resolve IP addresses to their domain names
  -p port  --port=port        Set the destination port to use. It is either
                              initial udp port value for "default" method
                              (incremented by each probe, default is 33434), or
                              initial seq for "icmp" (incremented as well,
                              default from 1), or some constant destination
                              port for other methods (with default of 80 for
                              "tcp", 53 for "udp", etc.)
  -t tos  --tos=tos           Set the TOS (IPv4 type of service) or TC (IPv6
                              traffic class) value for outgoing packets
  -w MAX,HERE,NEAR  --wait=MAX,HERE,NEAR
                              Wait for a probe no more than HERE (default 3)
                              times longer than a response from the same hop,
                              or no more than NEAR (default 10) times than some
                              next hop, or MAX (default 5.0) seconds (float
                              point values allowed too)
  -q nqueries  --queries=nqueries
                              Set the number of probes per each hop. Default is
                              3
  -r                          Bypass the normal routing and send directly to a
                              host on an attached network
  -s src_addr  --source=src_addr
                              Use source src_addr for outgoing packets
  -z sendwait  --sendwait=sendwait
                              Minimal time interval between probes (default 0).
                              If the value is more than 10, then it specifies a
                              number in milliseconds, else it is a number of
                              seconds (float point values allowed too)
  -U  --udp                   Use UDP to particular port for tracerouting
                              (instead of increasing the port per each probe),
                              default port is 53
  --fwmark=num                Set firewall mark for outgoing packets
  --mtu                       Discover MTU along the path being traced. Implies
                              `-F -N 1'
  --back                      Guess the number of hops in the backward path and
                              print if it differs
  -V  --version               Print version info and exit
  --help                      Read this help and exit

Arguments:
+     host          The host to traceroute to
      packetlen     The full packet length (default is the length of an IP
                    header plus 40). Can be ignored or increased to a minimal
                    allowed value
"""  # noqa: E501 -- the line is as long in the original

VERSION = b"""Modern traceroute for Linux, version 2.1.2
Copyright (c) 2016  Dmitry Butskoy,   License: GPL v2 or any later"""

LETTERS = "46dFITnrUVf:i:m:N:p:t:w:q:s:z:M:"
LONG = (
    "debug=d", "dont-fragment=F", "first:=f", "icmp=I", "tcp=T", "interface:=i", "max-hops:=m",
    "sim-queries:=N", "port:=p", "tos:=t", "wait:=w", "queries:=q", "source:=s", "sendwait:=z",
    "udp=U", "fwmark:=k", "mtu=u", "back=b", "version=V", "module:=M", "help=h",
)  # fmt: skip

SECOND = 1_000_000_000
HOPS_MAX = 255
PROBES_MAX = 10
LENGTH = 60
LENGTH_MAX = 65000
PORT = 33434


class Options:
    """Times are ns; factors of -w are in thousandths."""

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self.method = "default"
        self.first = 1
        self.hops = 30
        self.at_once = 16
        self.probes = 3
        self.port = 0
        self.tos = 0
        self.mark = 0
        self.wait = 5 * SECOND
        self.here = 3000
        self.near = 10_000
        self.gap = 0
        self.device = b""
        self.source = b""
        self.host = b""
        self.length = LENGTH
        self.length_given = False

    @property
    def numeric(self) -> bool:
        return "n" in self.flags


def _bad(flag: str, text: bytes, at: int) -> Failure:
    form = b"Cannot handle `-%b' option with arg `%b' (argc %d)"
    return Failure(form % (flag.encode(), text, at), 2)


def _decimal(text: bytes) -> int | None:
    """A decimal number in thousand millionths."""
    whole, _, part = text.partition(b".")
    if not (whole + part).isdigit():
        return None
    return int(whole or b"0") * SECOND + int((part + b"000000000")[:9])


def _whole(text: bytes) -> int | None:
    digits = text.removeprefix(b"0x")
    try:
        return int(digits, 16 if digits != text else 10)
    except ValueError:
        return None


def _wait(o: Options, text: bytes) -> bool:
    parts = text.split(b",")
    numbers = [_decimal(part) for part in parts]
    if len(parts) > 3 or any(number is None for number in numbers):
        return False
    values = [number or 0 for number in numbers]
    o.wait = values[0]
    o.here = values[1] * 1000 // SECOND if len(values) > 1 else o.here
    o.near = values[2] * 1000 // SECOND if len(values) > 2 else o.near
    if len(values) == 1:
        o.here = o.near = 0
    return True


def _gap(o: Options, text: bytes) -> bool:
    value = _decimal(text)
    if value is None:
        return False
    o.gap = value // 1000 if value >= 10 * SECOND else value
    return True


_NUMBERS = {"f": "first", "m": "hops", "N": "at_once", "q": "probes", "p": "port", "t": "tos",
            "k": "mark"}  # fmt: skip
_SPECIAL: dict[str, Callable[[Options, bytes], bool]] = {"w": _wait, "z": _gap}


def _position(argv: list[bytes], flag: str) -> int:
    """Which argument has an option, for a complaint."""
    for at, word in enumerate(argv, 1):
        if word.startswith(b"-" + flag.encode()):
            return at + (1 if len(word) == 2 else 0)
    return len(argv)


def read(argv: list[bytes]) -> Options:
    """The options of a command line. Failure with exit status 2."""
    try:
        parsed = parse(argv, LETTERS, LONG)
    except UsageError as err:
        raise Failure(_complaint(argv, str(err)), 2) from None
    made = Options()
    for flag, value in parsed.flags:
        if value is None:
            made.flags.add(flag)
        elif flag in _NUMBERS:
            number = _whole(value)
            if number is None:
                raise _bad(flag, value, _position(argv, flag))
            setattr(made, _NUMBERS[flag], number)
        elif flag in _SPECIAL:
            if not _SPECIAL[flag](made, value):
                raise _bad(flag, value, _position(argv, flag))
        elif flag == "i":
            made.device = value
        elif flag == "s":
            made.source = value
        elif flag == "M":
            made.method = value.decode("latin-1")
    for letter, method in (("I", "icmp"), ("T", "tcp"), ("U", "udp")):
        if letter in made.flags:
            made.method = method
    if made.method not in ("default", "icmp", "tcp", "udp"):
        raise Failure(b"Unknown traceroute module " + made.method.encode("latin-1"), 2)
    _operands(made, parsed.operands)
    return made


def _complaint(argv: list[bytes], text: str) -> bytes:
    """getopt's complaint in this program's words."""
    letter = text.rpartition("-- ")[2].strip("'") if "-- " in text else ""
    if "requires an argument" in text and letter:
        names = {"z": "sendwait", "f": "first_ttl", "m": "max_ttl", "N": "squeries", "p": "port",
                 "t": "tos", "w": "MAX,HERE,NEAR", "q": "nqueries", "s": "src_addr",
                 "i": "device"}  # fmt: skip
        form = f"Option `-{letter}' (argc {len(argv)}) requires an argument: "
        return f"{form}`-{letter} {names.get(letter, 'name')}'".encode()
    if letter:
        return f"Bad option `-{letter}' (argc {_position(argv, letter)})".encode()
    word = argv[-1].decode("latin-1")
    return f"Bad option `{word}' (argc {len(argv)})".encode()


def _operands(o: Options, words: list[bytes]) -> None:
    if not words:
        return
    o.host = words[0]
    if len(words) > 1:
        number = _whole(words[1])
        if number is None:
            text = b'Cannot handle "packetlen" cmdline arg `%b\' on position 2 (argc 2)'
            raise Failure(text % words[1], 2)
        o.length, o.length_given = number, True
    if len(words) > 2:
        raise Failure(b"Extra arg `%b' (position 3, argc %d)" % (words[2], len(words)), 2)


def check(o: Options) -> None:
    """What does not fit together."""
    if o.hops > HOPS_MAX:
        raise Failure(b"max hops cannot be more than 255", 2)
    if not o.first or o.first > o.hops:
        raise Failure(b"first hop out of range", 2)
    if not 0 < o.probes <= PROBES_MAX:
        raise Failure(b"no more than 10 probes per hop", 2)
    if o.wait < 0 or o.here < 0 or o.near < 0:
        raise Failure(b"bad wait specifications `%d,%d,%d' used" % (o.wait, o.here, o.near), 2)
    if o.length > LENGTH_MAX:
        raise Failure(b"too big packetlen %d specified" % o.length, 2)
    if "u" in o.flags:
        o.at_once = 1
        o.flags.add("F")
        if not o.length_given:
            o.length = LENGTH_MAX
    o.at_once = max(o.at_once, 1)
