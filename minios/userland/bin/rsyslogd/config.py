"""/etc/rsyslog.conf: selectors and actions, UDP input, templates for files' names."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.userland.lib.journal import FACILITIES, PRIORITIES

LEVELS = {name: number for number, name in enumerate(PRIORITIES)} | {
    "error": 3, "warn": 4, "panic": 0,
}  # fmt: skip


class BadConfig(Exception):
    """``str`` is ``file:line: what``."""


@dataclass(slots=True)
class Rule:
    """What is done with messages. ``accepts`` has, by facility, a mask of levels.

    ``kind`` is ``file``, ``dynamic`` (a template for the name), ``forward`` or ``stop``.
    """

    accepts: list[int]
    kind: str
    target: str = ""
    port: int = 514
    local_only: bool = False

    def matches(self, facility: int, level: int) -> bool:
        return bool(self.accepts[min(facility, 23)] >> level & 1)


@dataclass(slots=True)
class Config:
    """The whole file. ``listen`` are UDP ports, ``templates`` texts by name."""

    rules: list[Rule] = field(default_factory=list)
    listen: list[int] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)
    local: bool = True


def selector(text: str) -> list[int]:
    """``mail.*;auth,authpriv.none;*.=info``: by facility a mask of levels. ValueError."""
    accepts = [0] * 24
    for part in text.split(";"):
        if not part:
            continue
        names, dot, level = part.rpartition(".")
        if not dot:
            raise ValueError(part)
        facilities: list[int] = []
        for name in names.split(","):
            if name == "*":
                facilities = list(range(24))
            else:
                facilities.append(FACILITIES.index({"security": "auth"}.get(name, name)))
        negative = level.startswith("!")
        level = level.removeprefix("!")
        exact = level.startswith("=")
        level = level.removeprefix("=")
        if level == "none":
            mask, negative = 0xFF, True
        elif level == "*":
            mask = 0xFF
        else:
            number = LEVELS[level.lower()]
            mask = 1 << number if exact else (1 << number + 1) - 1
        for facility in facilities:
            if negative:
                accepts[facility] &= ~mask
            else:
                accepts[facility] |= mask
    return accepts


def parse(text: str, path: str) -> Config:
    """Read a configuration. BadConfig."""
    config = Config()
    accepts: list[int] | None = None
    joined = text.replace("\\\n", " ")
    depth, pending = 0, ""
    for number, raw in enumerate(joined.split("\n"), 1):
        line = raw.strip() if depth or not raw.lstrip().startswith("#") else ""
        pending = f"{pending} {line}".strip() if depth else line
        depth = pending.count("(") - pending.count(")")
        if depth > 0 or not pending:
            continue
        try:
            if pending.startswith("$"):
                _directive(config, pending)
            elif pending.split("(")[0].strip() in ("module", "input", "template", "global",
                                                   "action"):  # fmt: skip
                _object(config, pending, accepts)
            elif pending.startswith("&") and accepts is not None:
                config.rules.append(_action(accepts, pending[1:].strip()))
            else:
                head, _, action = pending.replace("\t", " ").partition(" ")
                accepts = selector(head)
                config.rules.append(_action(accepts, action.strip()))
        except (ValueError, KeyError, IndexError):
            raise BadConfig(f"{path}:{number}: {pending}") from None
        depth = 0
    return config


def _directive(config: Config, line: str) -> None:
    words = line.split(None, 2)
    key = words[0].lower()
    if key in ("$udpserverrun", "$inputudpserverrun"):
        config.listen.append(int(words[1]))
    elif key == "$template":
        name, _, text = line.split(None, 1)[1].partition(",")
        config.templates[name.strip()] = text.strip().strip('"').replace("\\n", "\n")


def _object(config: Config, line: str, accepts: list[int] | None) -> None:
    kind, _, rest = line.partition("(")
    values = _parameters(rest.rpartition(")")[0])
    kind = kind.strip()
    if kind == "input" and values.get("type") == "imudp":
        config.listen.append(int(values["port"]))
    elif kind == "template" and "string" in values:
        config.templates[values["name"]] = values["string"].replace("\\n", "\n")
    elif kind == "action":
        config.rules.append(_from_parameters(selector("*.*"), values))


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    while '="' in text:
        name, _, rest = text.partition('="')
        value, _, text = rest.partition('"')
        found[name.strip().lower()] = value
    return found


def _from_parameters(accepts: list[int], values: dict[str, str]) -> Rule:
    if values["type"] == "omfwd":
        return Rule(accepts, "forward", values["target"], int(values.get("port", "514")))
    if "dynafile" in values:
        return Rule(accepts, "dynamic", values["dynafile"])
    return Rule(accepts, "file", values["file"])


def _action(accepts: list[int], text: str) -> Rule:
    if text.startswith("action("):
        return _from_parameters(accepts, _parameters(text[7:].rpartition(")")[0]))
    text = text.partition(";")[0].strip() if not text.startswith("?") else text
    if text.startswith("@"):
        host = text.lstrip("@")
        if host.startswith("("):
            host = host.partition(")")[2]
        name, colon, port = host.partition(":")
        return Rule(accepts, "forward", name, int(port) if colon else 514)
    if text.startswith("?"):
        return Rule(accepts, "dynamic", text[1:].partition(";")[0])
    if text in ("stop", "~"):
        return Rule(accepts, "stop")
    path = text.removeprefix("-")
    if path.startswith("/"):
        return Rule(accepts, "file", path)
    if text.startswith(":omusrmsg:") or text == "*":
        return Rule(accepts, "none")
    raise ValueError(text)
