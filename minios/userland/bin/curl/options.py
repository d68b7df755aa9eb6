"""curl's options."""

from __future__ import annotations

from dataclasses import dataclass, field

VERSION = b"7.88.1"
USAGE = """
Usage: curl [options...] <url>
 -d, --data <data>          HTTP POST data
 -f, --fail                 Fail fast with no output on HTTP errors
 -h, --help                 Get help for commands
 -i, --include              Include protocol response headers in the output
 -I, --head                 Show document info only
 -L, --location             Follow redirects
 -m, --max-time <seconds>   Maximum time allowed for the transfer
 -o, --output <file>        Write to file instead of stdout
 -O, --remote-name          Write output to a file named as the remote file
 -s, --silent               Silent mode
 -T, --upload-file <file>   Transfer local FILE to destination
 -u, --user <user:password> Server user and password
 -A, --user-agent <name>    Send User-Agent <name> to server
 -v, --verbose              Make the operation more talkative
 -V, --version              Show version number and quit
 -w, --write-out <format>   Use output FORMAT after completion
 -X, --request <command>    Specify request method to use
"""

_LONG = {
    "append": ("a", 0), "connect-timeout": ("connect-timeout", 1), "cookie": ("b", 1),
    "data": ("d", 1), "data-ascii": ("d", 1), "data-binary": ("data-binary", 1),
    "data-raw": ("data-raw", 1), "data-urlencode": ("data-urlencode", 1), "dump-header": ("D", 1),
    "fail": ("f", 0), "fail-with-body": ("fail-with-body", 0), "get": ("G", 0), "head": ("I", 0),
    "header": ("H", 1), "help": ("h", 0), "http1.0": ("0", 0), "http1.1": ("http1.1", 0),
    "include": ("i", 0), "insecure": ("k", 0), "interface": ("interface", 1), "ipv4": ("4", 0),
    "ipv6": ("6", 0), "json": ("json", 1), "location": ("L", 0), "max-redirs": ("max-redirs", 1),
    "max-time": ("m", 1), "no-buffer": ("N", 0), "output": ("o", 1), "progress-bar": ("#", 0),
    "range": ("r", 1), "referer": ("e", 1), "remote-name": ("O", 0), "request": ("X", 1),
    "resolve": ("resolve", 1), "retry": ("retry", 1), "retry-delay": ("retry-delay", 1),
    "show-error": ("S", 0), "silent": ("s", 0), "output-dir": ("output-dir", 1),
    "upload-file": ("T", 1), "url": ("url", 1), "user": ("u", 1), "user-agent": ("A", 1),
    "verbose": ("v", 0), "version": ("V", 0), "write-out": ("w", 1),
    "local-port": ("local-port", 1), "path-as-is": ("path-as-is", 0),
    "create-dirs": ("create-dirs", 0), "no-progress-meter": ("no-progress-meter", 0),
    "continue-at": ("C", 1), "location-trusted": ("L", 0), "post301": ("post301", 0),
    "post302": ("post302", 0), "parallel": ("Z", 0), "no-keepalive": ("no-keepalive", 0),
    "retry-connrefused": ("retry-connrefused", 0), "max-filesize": ("max-filesize", 1),
}  # fmt: skip
_SHORT = {letter: bool(takes) for letter, takes in _LONG.values() if len(letter) == 1} | {
    "g": False, "q": False, "n": False, "j": False,
}  # fmt: skip


class BadUsage(Exception):
    """``str`` follows ``curl: ``; exit status 2 unless ``status`` says otherwise."""

    def __init__(self, text: str, status: int = 2, hint: bool = True) -> None:
        super().__init__(text)
        self.status = status
        self.hint = hint


@dataclass(slots=True)
class Options:
    """What was asked for. Times are ns."""

    urls: list[bytes] = field(default_factory=list)
    outputs: list[bytes | None] = field(default_factory=list)
    """A file's name for each -o, None for each -O."""
    flags: dict[str, bool] = field(default_factory=dict)
    method: bytes = b""
    headers: list[bytes] = field(default_factory=list)
    data: list[tuple[str, bytes]] = field(default_factory=list)
    agent: bytes | None = b"curl/" + VERSION
    referer: bytes = b""
    user: bytes | None = None
    cookie: bytes = b""
    upload: bytes | None = None
    range: bytes = b""
    resume: bytes | None = None
    dump: bytes | None = None
    output_dir: bytes = b""
    write_out: bytes = b""
    max_time: int | None = None
    connect_timeout: int = 300_000_000_000
    max_redirects: int = 50
    retry: int = 0
    retry_delay: int = 0
    interface: bytes = b""
    local_port: int = 0
    max_size: int = 0
    resolve: dict[tuple[bytes, int], bytes] = field(default_factory=dict)

    def __contains__(self, flag: str) -> bool:
        return self.flags.get(flag, False)


def parse(args: list[bytes]) -> Options:
    """Read the arguments. BadUsage."""
    options = Options()
    rest = list(args)
    plain = False
    while rest:
        word = rest.pop(0)
        if plain or word == b"-" or not word.startswith(b"-"):
            options.urls.append(word)
        elif word == b"--":
            plain = True
        elif word.startswith(b"--"):
            _long(options, word, rest)
        else:
            _letters(options, word, rest)
    return options


def _long(options: Options, word: bytes, rest: list[bytes]) -> None:
    text = word.decode("latin-1")
    name = text[2:]
    value = True
    if name.startswith("no-") and name not in _LONG:
        name, value = name[3:], False
    found = [key for key in _LONG if key == name] or [key for key in _LONG if key.startswith(name)]
    if not found:
        raise BadUsage(f"option {text}: is unknown")
    if len({_LONG[key][0] for key in found}) > 1:
        raise BadUsage(f"option {text}: is ambiguous")
    flag, takes = _LONG[found[0]]
    if not takes:
        options.flags[flag] = value
        _side_effects(options, flag)
        return
    if not rest:
        raise BadUsage(f"option {text}: requires parameter")
    _value(options, flag, rest.pop(0), text)


def _letters(options: Options, word: bytes, rest: list[bytes]) -> None:
    text = word.decode("latin-1")
    at = 1
    while at < len(text):
        letter = text[at]
        at += 1
        if letter not in _SHORT:
            raise BadUsage(f"option {text}: is unknown")
        if not _SHORT[letter]:
            options.flags[letter] = True
            _side_effects(options, letter)
            continue
        value = word[at:]
        if not value:
            if not rest:
                raise BadUsage(f"option {text}: requires parameter")
            value = rest.pop(0)
        _value(options, letter, value, "-" + letter)
        return


def _side_effects(options: Options, flag: str) -> None:
    if flag == "O":
        options.outputs.append(None)


def seconds(text: bytes, shown: str) -> int:
    """ns of a decimal number of seconds. BadUsage."""
    whole, dot, part = text.partition(b".")
    if not (whole or b"0").isdigit() or (dot and not (part or b"0").isdigit()) or len(text) > 12:
        raise BadUsage(f"option {shown}: expected a proper numerical parameter")
    return int(whole or 0) * 1_000_000_000 + int(part[:9].ljust(9, b"0") or 0)


def _number(text: bytes, shown: str) -> int:
    if not text.removeprefix(b"-").isdigit() or len(text) > 12:
        raise BadUsage(f"option {shown}: expected a proper numerical parameter")
    return int(text)


def _value(options: Options, flag: str, value: bytes, shown: str) -> None:
    attributes = {
        "X": "method", "e": "referer", "u": "user", "T": "upload", "r": "range", "C": "resume",
        "D": "dump", "w": "write_out", "output-dir": "output_dir", "interface": "interface",
        "b": "cookie",
    }  # fmt: skip
    if flag in attributes:
        setattr(options, attributes[flag], value)
    elif flag == "o":
        options.outputs.append(value)
    elif flag == "H":
        options.headers.append(value)
    elif flag in ("d", "data-raw", "data-binary", "data-urlencode"):
        options.data.append((flag, value))
    elif flag == "json":
        options.data.append(("data-binary", value))
        options.headers += [b"Content-Type: application/json", b"Accept: application/json"]
    elif flag == "A":
        options.agent = value or None
    elif flag == "url":
        options.urls.append(value)
    elif flag == "m":
        options.max_time = seconds(value, shown) or None
    elif flag == "connect-timeout":
        options.connect_timeout = seconds(value, shown) or options.connect_timeout
    elif flag == "max-redirs":
        options.max_redirects = _number(value, shown)
    elif flag == "retry":
        options.retry = _number(value, shown)
    elif flag == "retry-delay":
        options.retry_delay = _number(value, shown)
    elif flag == "max-filesize":
        options.max_size = _number(value, shown)
    elif flag == "local-port":
        options.local_port = _number(value.partition(b"-")[0], shown)
    elif flag == "resolve":
        host, _, tail = value.partition(b":")
        port, _, address = tail.partition(b":")
        if not port.isdigit() or not address:
            raise BadUsage(f"Couldn't parse CURLOPT_RESOLVE entry '{value.decode('latin-1')}'", 49)
        options.resolve[host, int(port)] = address
