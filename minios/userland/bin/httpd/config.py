"""/etc/httpd/httpd.conf: directives in Apache's form (the ones that matter here)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

PATH = b"/etc/httpd/httpd.conf"

TYPES = {
    "html": "text/html", "htm": "text/html", "txt": "text/plain", "css": "text/css",
    "js": "application/javascript", "json": "application/json", "xml": "application/xml",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "svg": "image/svg+xml", "ico": "image/x-icon", "pdf": "application/pdf",
    "gz": "application/gzip", "tar": "application/x-tar", "zip": "application/zip",
    "csv": "text/csv", "md": "text/markdown", "sh": "application/x-sh",
}  # fmt: skip


class BadConfig(Exception):
    """``str`` is what httpd says of it."""


@dataclass(slots=True)
class Site:
    """A virtual host: what is served under which names."""

    name: str = ""
    aliases: list[str] = field(default_factory=list)
    root: str = "/var/www/html"
    port: int = 0
    index: list[str] = field(default_factory=lambda: ["index.html"])
    listing: bool = False
    scripts: dict[str, str] = field(default_factory=lambda: {"/cgi-bin/": "/usr/lib/cgi-bin/"})
    aliased: dict[str, str] = field(default_factory=dict)
    redirects: list[tuple[str, str, int]] = field(default_factory=list)
    error_pages: dict[int, str] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)

    def answers_to(self, host: str) -> bool:
        """Whether a Host header means this site; an alias may begin with ``*.``."""
        host = host.lower()
        for name in (self.name, *self.aliases):
            if host == name.lower():
                return True
            if name.startswith("*.") and host.endswith(name[1:].lower()):
                return True
        return False


@dataclass(slots=True)
class Config:
    """The server. ``sites[0]`` answers what no other does. Times in seconds."""

    listen: list[tuple[int, int]] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    user: bytes = b"www-data"
    access_log: bytes = b"/var/log/httpd/access.log"
    error_log: bytes = b"/var/log/httpd/error.log"
    combined: bool = False
    keep_alive: bool = True
    keep_alive_timeout: int = 5
    max_requests: int = 100
    timeout: int = 60
    max_clients: int = 150
    types: dict[str, str] = field(default_factory=lambda: dict(TYPES))
    tokens: str = "Apache/2.4.66 (Debian)"


def parse(text: str, path: str) -> Config:
    """Read a configuration. BadConfig."""
    from minios.abi.inet import parse_ip

    config = Config()
    main = site = Site()
    hosts: list[Site] = []
    skipping: list[str] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        words = _words(line)
        key = words[0].lower()
        where = f"AH00526: Syntax error on line {number} of {path}:\n"
        try:
            if key.startswith("</"):
                if key == "</virtualhost>":
                    hosts.append(site)
                    site = main
                elif skipping:
                    skipping.pop()
            elif key == "<virtualhost":
                site = replace(
                    main, aliases=[], scripts=dict(main.scripts), aliased=dict(main.aliased),
                    redirects=[], error_pages=dict(main.error_pages), headers=list(main.headers),
                )  # fmt: skip
                port = words[1].rstrip(">").rpartition(":")[2]
                site.port = int(port) if port.isdigit() else 0
            elif key.startswith("<"):
                skipping.append(key)
            elif key == "listen":
                host, colon, port = words[1].rpartition(":")
                ip = parse_ip(host) if colon and host != "*" else 0
                config.listen.append((ip, int(port)))
            elif key == "servername":
                site.name = words[1].partition(":")[0]
            elif key == "serveralias":
                site.aliases += words[1:]
            elif key == "documentroot":
                site.root = words[1].rstrip("/") or "/"
            elif key == "directoryindex":
                site.index = words[1:]
            elif key == "options":
                for word in words[1:]:
                    if word.lstrip("+-").lower() == "indexes":
                        site.listing = not word.startswith("-")
            elif key == "scriptalias":
                site.scripts[words[1]] = words[2]
            elif key == "alias":
                site.aliased[words[1]] = words[2]
            elif key in ("redirect", "redirectpermanent"):
                _redirect(site, words, key)
            elif key == "errordocument":
                site.error_pages[int(words[1])] = words[2]
            elif key == "header" and words[1] in ("set", "add"):
                site.headers.append((words[2], words[3]))
            elif key == "addtype":
                for extension in words[2:]:
                    config.types[extension.lstrip(".")] = words[1]
            elif key == "user":
                config.user = words[1].encode()
            elif key == "customlog":
                config.access_log = words[1].encode()
                config.combined = words[2:3] == ["combined"]
            elif key == "errorlog":
                config.error_log = words[1].encode()
            elif key == "keepalive":
                config.keep_alive = words[1].lower() == "on"
            elif key in ("keepalivetimeout", "maxkeepaliverequests", "timeout"):
                names = {"keepalivetimeout": "keep_alive_timeout", "timeout": "timeout"}
                setattr(config, names.get(key, "max_requests"), int(words[1]))
            elif key in ("maxrequestworkers", "maxclients"):
                config.max_clients = max(int(words[1]), 1)
            elif key == "servertokens":
                config.tokens = "Apache" if words[1].lower() == "prod" else config.tokens
            elif key not in _IGNORED:
                raise BadConfig(
                    f"{where}Invalid command '{words[0]}', perhaps misspelled or defined by a "
                    "module not included in the server configuration"
                )
        except (ValueError, IndexError):
            raise BadConfig(f"{where}{words[0]} takes other arguments") from None
    config.sites = hosts or [main]
    config.listen = config.listen or [(0, 80)]
    return config


_IGNORED = {
    "serverroot", "serveradmin", "group", "pidfile", "loglevel", "logformat", "require",
    "allowoverride", "order", "allow", "deny", "serversignature", "hostnamelookups", "include",
    "includeoptional", "addhandler", "loadmodule", "traceenable", "mutex",
}  # fmt: skip


def _redirect(site: Site, words: list[str], key: str) -> None:
    codes = {"permanent": 301, "temp": 302, "seeother": 303}
    status = 301 if key == "redirectpermanent" else 302
    rest = words[1:]
    if rest[0] in codes or rest[0].isdigit():
        status = codes.get(rest[0]) or int(rest[0])
        rest = rest[1:]
    site.redirects.append((rest[0], rest[1], status))


def _words(line: str) -> list[str]:
    """Words; quotes keep blanks."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
        elif line[at] == '"':
            end = line.find('"', at + 1)
            end = len(line) if end < 0 else end
            words.append(line[at + 1 : end])
            at = end + 1
        else:
            end = at
            while end < len(line) and not line[end].isspace():
                end += 1
            words.append(line[at:end])
            at = end
    return words
