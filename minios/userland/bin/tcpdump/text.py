"""Protocols of lines of text: HTTP, SMTP, FTP, and syslog."""

from __future__ import annotations

from minios.userland.bin.tcpdump.dump import Dump, Truncated, hexdump, printable, u1, visible

_HTTP = (
    "GET", "PUT", "COPY", "HEAD", "LOCK", "MOVE", "POLL", "POST", "BCOPY", "BMOVE", "MKCOL",
    "TRACE", "LABEL", "MERGE", "DELETE", "SEARCH", "UNLOCK", "REPORT", "UPDATE", "NOTIFY",
    "BDELETE", "CONNECT", "OPTIONS", "CHECKIN", "PROPFIND", "CHECKOUT", "CCM_POST", "SUBSCRIBE",
    "PROPPATCH", "BPROPFIND", "BPROPPATCH", "UNCHECKOUT", "MKACTIVITY", "MKWORKSPACE",
    "UNSUBSCRIBE", "RPC_CONNECT", "VERSION-CONTROL", "BASELINE-CONTROL",
)  # fmt: skip
_SMTP = (
    "data", "ehlo", "expn", "helo", "help", "mail", "noop", "quit", "rcpt", "rset", "saml", "send",
    "soml", "vrfy",
)  # fmt: skip
_FTP = (
    "ACCT", "ALLO", "APPE", "AUTH", "CWD", "DELE", "EPRT", "EPSV", "HELP", "LIST", "MKD", "MODE",
    "NLST", "NOOP", "PASS", "PASV", "PORT", "PWD", "QUIT", "REIN", "REST", "RETR", "RMD", "RNFR",
    "RNTO", "SITE", "SMNT", "STAT", "STOR", "STOU", "STRU", "SYST", "TYPE", "USER", "UTF8", "XCUP",
    "XMKD", "XPWD", "XRMD",
)  # fmt: skip


def http(d: Dump, p: bytes, length: int) -> None:
    """HTTP: a request or an answer by its first line."""
    lines(d, p, length, "http", _HTTP, second=True)


def smtp(d: Dump, p: bytes, length: int) -> None:
    """SMTP: a command or an answer."""
    lines(d, p, length, "smtp", _SMTP, second=False)


def ftp(d: Dump, p: bytes, length: int) -> None:
    """FTP: a command or an answer."""
    lines(d, p, length, "ftp", _FTP, second=False)


def _token(p: bytes, at: int) -> tuple[int, bytes]:
    """Where the token there ends with the space behind it, and the token; 0 if there is none."""
    end = at
    while end < len(p) and p[end] not in b" \t\r\n" and 33 <= p[end] < 127:
        end += 1
    if end == at:
        return 0, b""
    if end < len(p) and p[end] not in b" \t\r\n":
        return 0, b""
    after = end
    while after < len(p) and p[after] in b" \t\r\n":
        if p[after] in b"\r\n":
            break
        after += 1
    return after, p[at:end]


def lines(
    d: Dump, p: bytes, length: int, protocol: str, commands: tuple[str, ...], *, second: bool
) -> None:
    """The first line, or with -v all of them, if the first is a request or has a code."""
    d.protocol = protocol
    known = False
    after, word = _token(p, 0)
    if word:
        upper = word.decode("latin-1").lower()
        known = any(upper == command.lower() for command in commands)
        if not known:
            code = word
            if second:
                after, code = _token(p, after) if after else (0, b"")
            known = len(code) == 3 and code.isdigit()
    name = protocol.upper()
    if not known:
        d.put(name)
        return
    if not d.settings.v:
        d.put(name)
        _line(d, p, 0, length, ": ")
        return
    d.put(f"{name}, length: {length}")
    at = 0
    while 0 <= at < length:
        at = _line(d, p, at, length, "\n\t")


def ssh(d: Dump, p: bytes, length: int) -> None:
    """SSH: the line that says the version."""
    d.protocol = "ssh"
    line, end, _ = p.partition(b"\n")
    if end and line.startswith(b"SSH-"):
        d.put(": SSH: ", printable(line.removesuffix(b"\r")))
    elif len(p) < length and b"SSH-".startswith(p[:4]):
        d.trunc()


def _line(d: Dump, p: bytes, at: int, length: int, before: str) -> int:
    """Print a line; where the next begins, -1 if what is there is no text or has no end."""
    start = at
    while at < len(p):
        byte = p[at]
        if byte == 10 or (byte == 13 and p[at + 1 : at + 2] == b"\n"):
            d.put(before, p[start:at].decode("latin-1"))
            return at + (1 if byte == 10 else 2)
        if not (32 <= byte < 127 or byte == 9):
            return -1
        at += 1
    if at == length:
        d.put(before, p[start:at].decode("latin-1"))
    d.trunc()
    return -1


_SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
_FACILITIES = (
    "kernel", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
    "authpriv", "ftp", "ntp", "security", "console", "cron", "local0", "local1", "local2",
    "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip


def syslog(d: Dump, p: bytes, length: int) -> None:
    """A message of the log (RFC 3164)."""
    d.protocol = "syslog"
    end = p[:5].find(b">")
    if u1(p, 0) != 0x3C or end < 2 or not p[1:end].isdigit():
        d.put(" (invalid)")
        return
    priority, at = int(p[1:end]), end + 1
    facility, severity = priority >> 3, priority & 7
    name = _FACILITIES[facility] if facility < len(_FACILITIES) else f"unknown ({facility})"
    if d.settings.v < 1:
        d.put(f"SYSLOG {name}.{_SEVERITIES[severity]}, length: {length}")
        return
    d.put(
        f"SYSLOG, length: {length}\n\tFacility {name} ({facility}), "
        f"Severity {_SEVERITIES[severity]} ({severity})\n\tMsg: "
    )
    d.put("".join(visible(byte) for byte in p[at:length]))
    if len(p) < length:
        raise Truncated
    if d.settings.v > 1:
        d.put(hexdump(p[:length]))
