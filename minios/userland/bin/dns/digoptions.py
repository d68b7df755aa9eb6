"""dig's command line: what is asked, of whom, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from minios.abi.inet import parse_ip
from minios.net.wire.dns import ANY, AXFR, IN, PTR, A
from minios.net.wire.dnstext import name_text, parse_class, parse_type, reverse_name

USAGE = """\
Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
            {global-d-opt} host [@local-server] {local-d-opt}
            [ host [@local-server] {local-d-opt} [...]]
"""
MORE = 'Use "dig -h" (or "dig -h | more") for complete list of options\n'
HELP = (
    USAGE
    + """\
Where:  domain	  is in the Domain Name System
        q-class  is one of (in,hs,ch,...) [default: in]
        q-type   is one of (a,any,mx,ns,soa,hinfo,axfr,txt,...) [default:a]
        q-opt    is one of:
                 -4                  (use IPv4 query transport only)
                 -b address[#port]   (bind to source address/port)
                 -c class            (specify query class)
                 -f filename         (batch mode)
                 -p port             (specify port number)
                 -q name             (specify query name)
                 -t type             (specify query type)
                 -u                  (display times in usec instead of msec)
                 -x dot-notation     (shortcut for reverse lookups)
        d-opt    is of the form +keyword[=value], where keyword is:
                 +[no]aaflag +[no]additional +[no]adflag +[no]all +[no]answer
                 +[no]authority +bufsize[=###] +[no]cdflag +[no]class +[no]cmd
                 +[no]comments +[no]cookie +[no]dnssec +domain=### +[no]edns
                 +[no]identify +[no]ignore +[no]multiline +ndots=### +[no]qr
                 +[no]question +[no]rdflag +[no]recurse +retry=### +[no]search
                 +[no]short +[no]stats +[no]tcp +timeout=### +[no]trace
                 +tries=### +[no]ttlid +[no]ttlunits +[no]vc
        global d-opts and servers (before host name) affect all queries.
        local d-opts and servers (after host name) affect only that lookup.
        -h                           (print help and exit)
        -v                           (print version and exit)
"""
)


class BadUsage(Exception):
    """``str`` is the line before the usage; exit status 1."""


class Fatal(Exception):
    """``str`` follows ``dig: ``; exit status 10 unless ``status`` says otherwise."""

    def __init__(self, text: str, status: int = 10) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Lookup:
    """One lookup. ``type`` None is the usual one."""

    name: str | None = None
    type: int | None = None
    cls: int = IN
    servers: list[str] = field(default_factory=list)
    port: int = 53
    source: tuple[int, int] | None = None
    recurse: bool = True
    tcp: bool | None = None
    trace: bool = False
    short: bool = False
    identify: bool = False
    search: bool = False
    domain: str | None = None
    ndots: int | None = None
    timeout: int = 5
    tries: int = 3
    ignore: bool = False
    edns: bool = True
    bufsize: int = 1232
    cookie: bool = True
    dnssec: bool = False
    ad: bool = True
    cd: bool = False
    aa: bool = False
    qr: bool = False
    comments: bool = True
    question: bool = True
    answer: bool = True
    authority: bool = True
    additional: bool = True
    stats: bool = True
    ttl: bool = True
    cls_shown: bool = True
    units: bool = False
    multiline: bool = False
    usec: bool = False

    def clone(self) -> Lookup:
        return replace(self, servers=list(self.servers))

    @property
    def asked(self) -> int:
        return A if self.type is None else self.type

    @property
    def over_tcp(self) -> bool:
        return self.asked in (ANY, AXFR) if self.tcp is None else self.tcp


_SWITCHES = {
    "aaflag": "aa", "aaonly": "aa", "additional": "additional", "adflag": "ad", "answer": "answer",
    "authority": "authority", "cdflag": "cd", "class": "cls_shown", "cl": "cls_shown",
    "comments": "comments", "cookie": "cookie", "defname": "search", "dnssec": "dnssec",
    "do": "dnssec", "identify": "identify", "ignore": "ignore", "multiline": "multiline",
    "qr": "qr", "question": "question", "rdflag": "recurse", "recurse": "recurse",
    "search": "search", "short": "short", "stats": "stats", "tcp": "tcp", "vc": "tcp",
    "trace": "trace", "ttlid": "ttl", "ttlunits": "units", "edns": "edns", "all": "", "cmd": "",
}  # fmt: skip
_VALUES = ("bufsize", "domain", "ndots", "retry", "time", "timeout", "tries")
_IDLE = (
    "besteffort", "crypto", "badcookie", "fail", "keepopen", "idnin", "idnout", "onesoa",
    "rrcomments", "split", "nsid", "expire", "keepalive", "unknownformat", "yaml", "mapped",
    "ednsnegotiation", "showsearch", "expandaaaa", "header-only", "raflag", "tcflag", "zflag",
    "sit", "nssearch",
)  # fmt: skip
_SHORTEST = {"s": "", "m": "multiline", "a": "", "ed": "edns", "id": "identify"}


@dataclass(slots=True)
class Command:
    """Everything that was asked for. ``greet`` prints the first lines."""

    lookups: list[Lookup] = field(default_factory=list)
    greet: bool = True
    batch: str | None = None
    answer: str = ""
    """``help`` or ``version``, if nothing else is wanted."""


def _expand(word: str) -> str | None:
    """The option that a word names or begins, as dig guesses it."""
    names = [*_SWITCHES, *_VALUES, *_IDLE]
    if word in names:
        return word
    found = [name for name in names if name.startswith(word)]
    return found[0] if found and word else None


def _plus(command: Command, lookup: Lookup, text: str) -> None:
    word, _, value = text.partition("=")
    state = not (word.startswith("no") and word not in _IDLE)
    name = _expand(word if state else word[2:])
    if name is None:
        raise BadUsage(f"Invalid option: +{text}")
    if name == "cmd":
        command.greet = state
    elif name == "all":
        for part in ("comments", "question", "answer", "authority", "additional", "stats"):
            setattr(lookup, part, state)
        command.greet = state
    elif name == "short":
        lookup.short = state
        if state:
            for part in ("question", "authority", "additional", "comments", "stats"):
                setattr(lookup, part, False)
            lookup.answer = True
            command.greet = False
    elif name == "trace":
        lookup.trace = state
        lookup.recurse = not state
        if state:
            lookup.identify = lookup.stats = lookup.comments = lookup.question = False
            lookup.authority = lookup.answer = True
            lookup.additional, lookup.dnssec = False, True
    elif name == "edns":
        lookup.edns = state
    elif name in _SWITCHES:
        setattr(lookup, _SWITCHES[name], state)
    elif name in _VALUES:
        _value(lookup, name, value, state)


def _value(lookup: Lookup, name: str, value: str, state: bool) -> None:
    if name == "domain":
        lookup.domain, lookup.search = (value, True) if state else (None, lookup.search)
        return
    if not state and name == "bufsize":
        lookup.edns = False
        return
    if not value and name in ("bufsize", "ndots"):
        return
    if not value.isdigit():
        raise Fatal(f"Couldn't parse {_WORDS[name]}")
    number = int(value)
    if name == "bufsize":
        lookup.bufsize, lookup.edns = min(number, 65535), True
    elif name == "ndots":
        lookup.ndots = number
    elif name in ("time", "timeout"):
        lookup.timeout = max(number, 1)
    elif name == "tries":
        lookup.tries = max(number, 1)
    else:
        lookup.tries = number + 1


_WORDS = {
    "bufsize": "buffer size", "ndots": "ndots", "retry": "retries", "time": "timeout",
    "timeout": "timeout", "tries": "tries",
}  # fmt: skip


def reverse(text: str) -> str | None:
    """The name to ask for an address; a beginning of one is a zone. None if it is no address."""
    try:
        return name_text(reverse_name(parse_ip(text)))
    except ValueError:
        parts = text.strip(".").split(".")
        if all(part.isdigit() for part in parts) and len(parts) < 4:
            return ".".join([*reversed(parts), "in-addr", "arpa."])
    return None


def read(args: list[str]) -> Command:
    """The command of arguments. BadUsage, Fatal."""
    command = Command()
    default = Lookup()
    current = default
    rest = list(args)
    named = False
    while rest:
        word = rest.pop(0)
        if word.startswith("@"):
            if named:
                current.servers = [word[1:]]
            else:
                default.servers.append(word[1:])
        elif word.startswith("+"):
            _plus(command, current, word[1:])
        elif word.startswith("-") and word != "-":
            if _dash(command, current if named else default, word, rest):
                current = command.lookups[-1]
                named = True
        else:
            type = parse_type(word) if not word.startswith("TYPE") or word[4:].isdigit() else None
            cls = parse_class(word) if word.upper() != "ANY" else None
            if type is not None and current.type is None:
                current.type = type
            elif cls is not None and cls != current.cls:
                current.cls = cls
            elif type is None and cls is None:
                fresh = default.clone()
                if named:
                    fresh.type = None
                fresh.name = word
                command.lookups.append(fresh)
                current, named = fresh, True
    if not command.lookups and command.batch is None:
        default.name, default.type = ".", default.type if default.type is not None else 2
        command.lookups.append(default)
    if any(lookup.short for lookup in command.lookups):
        # dig has these once for all lookups, wherever they are written.
        for lookup in command.lookups:
            lookup.short = True
    return command


def _dash(command: Command, lookup: Lookup, word: str, rest: list[str]) -> bool:
    """Read a dash option; whether it began a lookup."""
    if word in ("--help", "--version"):
        command.answer = word[2:]
        return False
    flag, value = word[1], word[2:]
    if flag in "46mru":
        lookup.usec = lookup.usec or flag == "u"
        if value:
            return _dash(command, lookup, "-" + value, rest)
        return False
    if flag in "hv":
        command.answer = command.answer or {"h": "help", "v": "version"}[flag]
        return False
    if flag not in "bcfkpqtxy":
        raise BadUsage(f"Invalid option: {word}")
    if not value:
        if not rest:
            raise BadUsage(f"Invalid option: {word}")
        value = rest.pop(0)
    if flag == "p":
        if not value.isdigit() or int(value) > 65535:
            raise Fatal("Couldn't parse port number")
        lookup.port = int(value)
    elif flag == "t":
        type = parse_type(value)
        if type is None:
            raise Warned(f";; Warning, ignoring invalid type {value}")
        lookup.type = type
    elif flag == "c":
        cls = parse_class(value)
        if cls is None:
            raise Warned(f";; Warning, ignoring invalid class {value}")
        lookup.cls = cls
    elif flag == "b":
        host, _, port = value.partition("#")
        try:
            lookup.source = parse_ip(host), int(port or 0)
        except ValueError:
            raise Fatal(f"invalid address {host}") from None
    elif flag == "f":
        command.batch = value
    elif flag in "qx":
        fresh = lookup.clone()
        fresh.name = value
        if flag == "x":
            fresh.name = reverse(value)
            if fresh.name is None:
                raise Fatal(f"Invalid IP address {value}", 1)
            if fresh.type is None or lookup.name is not None:
                fresh.type = PTR
        command.lookups.append(fresh)
        return True
    return False


class Warned(Exception):
    """A line to print; the option counts for nothing."""
