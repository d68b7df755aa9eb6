"""What the parts of a level file say about each other: names that must exist, and only once.

This walks the plain data, not the validated models, so that it finds its mistakes in a file that
has others. Whatever is not of the expected type is skipped here: the models complain about it.
"""

from collections.abc import Iterator
from shlex import split
from typing import Any

from minios.game import values
from minios.game.base import SYSTEM_GROUPS, SYSTEM_USERS
from minios.game.net.refs import NetRefs
from minios.game.problems import meant
from minios.game.schema import ACTIONS, CHECKS
from minios.game.script import Act, ScriptError, Until, parse
from minios.game.spec import FIRST_KEY, FORMAT
from minios.game.vary import references
from minios.game.yamlfile import Document, Path, Plain
from minios.kernel.dev.devfs import TERMINALS
from minios.userland.table import PROGRAMS

_CONTENTS = ("text", "directory", "link", "fifo", "random", "program")
_TRIGGERS = ("at", "when", "after")
_VARIES = ("int", "choice", "deal", "shuffle")
_PROTECTED = ("process", "lineage", "file")
_HARMS = {
    "process": ("killed", "stopped", "ended"),
    "lineage": ("killed", "stopped", "ended"),
    "file": ("changed", "deleted"),
}
_KNOWN_USERS = ("root", *(user.name for user in SYSTEM_USERS))
_TERMINALS = tuple(f"tty{n}" for n in range(1, TERMINALS + 1))
_MAX_FILE_BYTES = 16 << 20
_MAX_MACHINES = 32
_MAX_RAM = _MAX_DISK = 512 << 20
"""All machines together: the host has to hold what is in them."""


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(value: Any) -> list[str]:
    """One word or a list of them, as text."""
    if isinstance(value, str):
        return [value]
    return [word for word in _list(value) if isinstance(word, str)]


def _number(value: Any, default: int = 0) -> int:
    try:
        return values.integer(value) if isinstance(value, str) else default
    except ValueError:
        return default


def _size(value: Any, default: int) -> int:
    try:
        return values.size(value) if isinstance(value, str) else default
    except ValueError:
        return default


def copies(identity: str, count: int) -> list[str]:
    """The identities that ``identity`` with ``copies: count`` stands for."""
    if not count:
        return [identity]
    if "{{n}}" not in identity:
        identity += "{{n}}"
    return [identity.replace("{{n}}", str(n)) for n in range(1, count + 1)]


def event_ids(events: list[Any]) -> list[str]:
    """Each event's id: its own, or its first action's name, numbered when that is taken."""
    ids: list[str] = []
    for event in events:
        data = _map(event)
        named = data.get("id")
        if isinstance(named, str):
            ids.append(named)
            continue
        base = next((key for key in ACTIONS if key in data), "event")
        name, n = base, 2
        while name in ids:
            name, n = f"{base}-{n}", n + 1
        ids.append(name)
    return ids


class Refs:
    """One pass over a document; mistakes go to its ``problems``."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.level = _map(document.data)
        self.world = _map(self.level.get("world"))
        self.machines = {name: _map(m) for name, m in _map(self.world.get("machines")).items()}
        self.goals = list(_map(self.level.get("goals")))
        self.events = event_ids(_list(self.level.get("events")))
        self.losses = list(_map(self.level.get("lose")))
        self.protected = list(_map(self.level.get("protect")))
        self.net = NetRefs(self.world, self._say)
        self.identities: dict[str, list[str]] = {}
        for name, machine in self.machines.items():
            for identity, process in _map(machine.get("processes")).items():
                count = min(_number(_map(process).get("copies")), 64)
                self.identities.setdefault(name, []).extend(copies(identity, count))

    def check(self) -> None:
        """Look at everything."""
        self._format()
        self._world()
        self._vary()
        for at, event in enumerate(_list(self.level.get("events"))):
            self._event(("events", at), _map(event), self.events[at], at)
        for name, goal in _map(self.level.get("goals")).items():
            self._goal(("goals", name), _map(goal))
        self._cycles()
        for name, lose in _map(self.level.get("lose")).items():
            self._lose(("lose", name), _map(lose), name)
        for name, entry in _map(self.level.get("protect")).items():
            data = {"process": entry} if isinstance(entry, str) else _map(entry)
            self._protect(("protect", name), data)
        for name, wrong in _map(self.level.get("wrong")).items():
            self._wrong(("wrong", name), _map(wrong))
        for name, script in _map(self.level.get("solutions")).items():
            self._script(("solutions", name), script)
        self._templates()
        self._ttys((), self.level)

    def _say(self, path: Path, text: str) -> None:
        self.document.complain(path, text)

    def _name(self, path: Path, name: Any, known: list[str], what: str) -> None:
        """``name`` must be one of ``known``, unless it is varied or no text at all."""
        if isinstance(name, str) and name not in known and not references(name):
            self._say(path, f"no {what} {name[:40]!r}{meant(name, known)}")

    def _exactly_one(self, path: Path, data: dict[str, Any], keys: tuple[str, ...]) -> str:
        """The one of ``keys`` that is given; complains when it is not one."""
        given = [key for key in data if key in keys]
        if len(given) != 1:
            listed = ", ".join(keys[:-1]) + f" or {keys[-1]}"
            have = "gives none" if not given else f"gives {' and '.join(given)}"
            self._say(path, f"needs exactly one of {listed}; it {have}")
        return given[0] if len(given) == 1 else ""

    # -- the head and the world ----------------------------------------------------------------

    def _format(self) -> None:
        version = self.level.get("format")
        if isinstance(version, str) and _number(version, FORMAT) != FORMAT:
            self._say(("format",), f"is {version[:20]}; this version of MiniOS reads {FORMAT}")
        if isinstance(self.level.get("goals"), dict) and not self.goals:
            self._say(("goals",), "is empty: a level needs something to reach")

    def _world(self) -> None:
        if isinstance(self.world.get("machines"), dict) and not self.machines:
            self._say(("world", "machines"), "is empty: a world needs a machine")
        player = _map(self.world.get("player"))
        path: Path = ("world", "player")
        where = self._on(path, player, "machine")
        users = list(_map(self.machines.get(where, {}).get("users")))
        if users:
            self._name((*path, "user"), player.get("user"), [*users, "root"], "user")
        elif where in self.machines and isinstance(player.get("user"), str):
            self.machines[where] = self.machines[where] | {"users": {player["user"]: None}}
        for name, machine in self.machines.items():
            self._machine(("world", "machines", name), machine, name)
        self.net.check()
        self._sizes()

    def _sizes(self) -> None:
        """What the machines need of the host, all together."""
        where: Path = ("world", "machines")
        if len(self.machines) > _MAX_MACHINES:
            self._say(where, f"are more than {_MAX_MACHINES}")
        for key, default, most in (("ram", 64 << 20, _MAX_RAM), ("disk", 16 << 20, _MAX_DISK)):
            total = sum(_size(each.get(key), default) for each in self.machines.values())
            if key == "disk":
                for each in self.machines.values():
                    disks = _map(each.get("disks")).values()
                    total += sum(_size(_map(disk).get("size"), 0) for disk in disks)
            if total > most:
                self._say(where, f"have more than {most >> 20} MiB of {key} together")

    def _on(self, path: Path, data: dict[str, Any], key: str = "on") -> str:
        """The machine that ``data`` is about; it may be left out when there is only one."""
        named = data.get(key)
        if isinstance(named, str):
            self._name((*path, key), named, list(self.machines), "machine")
            return str(named)
        if key not in data and len(self.machines) > 1:
            self._say(path, f"needs {key}: there are several machines")
        return next(iter(self.machines), "")

    def _sched(self, path: Path, machine: dict[str, Any]) -> None:
        """The queues of mlfq fit together, and every process has a core."""
        sched = _map(machine.get("sched"))
        quanta, allotments = _list(sched.get("quanta")), _list(sched.get("allotments"))
        if allotments and len(allotments) != (len(quanta) or 3):
            text = f"there are {len(allotments)} for {len(quanta) or 3} queues"
            self._say((*path, "sched", "allotments"), text)
        count = str(machine.get("cores", 1))
        cores = int(count) if count.isdecimal() else 8
        for identity, process in _map(machine.get("processes")).items():
            for at, core in enumerate(_list(_map(process).get("affinity"))):
                if str(core).isdecimal() and int(str(core)[:9]) >= cores:
                    where = (*path, "processes", identity, "affinity", at)
                    self._say(where, f"there is no core {core}: they are 0 to {cores - 1}")

    def _machine(self, path: Path, machine: dict[str, Any], name: str) -> None:
        self._sched(path, machine)
        users = _map(machine.get("users"))
        accounts = [*users, *_KNOWN_USERS]
        groups = [*SYSTEM_GROUPS, *_map(machine.get("groups")), *users]
        for at, program in enumerate(_words(machine.get("remove"))):
            self._name((*path, "remove", at), program, list(PROGRAMS), "program")
        for user, data in users.items():
            for group in _words(_map(data).get("groups")):
                self._name((*path, "users", user, "groups"), group, groups, "group")
        uids: dict[int, str] = {}
        for user, data in users.items():
            uid = _number(_map(data).get("uid"), -1)
            if uid >= 0 and uid in uids:
                self._say((*path, "users", user, "uid"), f"is {uids[uid]}'s already")
            uids.setdefault(uid, user)
        self._files(path, machine, accounts, groups)
        self._disks(path, machine, accounts)
        self._services(path, machine, accounts)
        seen: set[str] = set()
        for identity, process in _map(machine.get("processes")).items():
            below = (*path, "processes", identity)
            self._process(below, process, accounts)
            for each in copies(identity, min(_number(_map(process).get("copies")), 64)):
                if each in seen:
                    self._say(below, f"the identity {each!r} is given twice")
                seen.add(each)

    def _services(self, path: Path, machine: dict[str, Any], accounts: list[str]) -> None:
        """A service runs one thing, as somebody there is."""
        for name, service in _map(machine.get("services")).items():
            below = (*path, "services", name)
            if isinstance(service, dict):
                self._exactly_one(below, service, ("exec", "script", "unit"))
                self._name((*below, "user"), service.get("user"), accounts, "user")
                if "unit" in service:
                    for key in service.keys() - {"unit", "enabled"}:
                        self._say((*below, key), "stands in the unit's own text")

    def _disks(self, path: Path, machine: dict[str, Any], accounts: list[str]) -> None:
        """Other disks are mounted in places of their own, and quotas are somebody's."""
        taken: dict[str, str] = {}
        for name, disk in _map(machine.get("disks")).items():
            below = (*path, "disks", name)
            data = _map(disk)
            place = data.get("mount")
            if isinstance(place, str):
                if data.get("fs") != "ext4":
                    self._say((*below, "mount"), "needs fs: ext4")
                if place.startswith(("/tmp", "/run", "/dev", "/proc", "/sys")) or place == "/":
                    self._say((*below, "mount"), "is no place for a disk")
                if place in taken:
                    self._say((*below, "mount"), f"is {taken[place]}'s already")
                taken[place] = name
        for user in _map(machine.get("quotas")):
            self._name((*path, "quotas", user), user, accounts, "user")
        if machine.get("sysctl"):
            self._sysctl((*path, "sysctl"), _map(machine["sysctl"]))

    def _sysctl(self, path: Path, wanted: dict[str, Any]) -> None:
        """Kernel parameters that exist, may be set, and take numbers within their bounds."""
        from minios.kernel.sysctl import KNOBS, Number

        known = [name for name, knob in KNOBS.items() if knob.write is not None]
        for name, value in wanted.items():
            self._name((*path, name), name, known, "kernel parameter")
            knob = KNOBS.get(name)
            if isinstance(knob, Number):
                text = str(value)
                if not text.isdigit() or not knob.low <= int(text) <= knob.high:
                    self._say((*path, name), f"must be a number from {knob.low} to {knob.high}")

    def _files(
        self, path: Path, machine: dict[str, Any], accounts: list[str], groups: list[str]
    ) -> None:
        total = 0
        for name, data in _map(machine.get("files")).items():
            below = (*path, "files", name)
            if not isinstance(data, dict):
                continue
            given = [key for key in data if key in _CONTENTS]
            if len(given) > 1:
                self._say(below, f"is either {' or '.join(given)}")
            if "program" in data:
                known = [*PROGRAMS, "libc.so.6"]
                self._name((*below, "program"), data["program"], known, "program")
                if "abi" in data and "runpath" in data:
                    self._say(below, "has the abi of its library, with a runpath")
            for key in ("abi", "runpath"):
                if key in data and "program" not in data:
                    self._say((*below, key), "belongs to a program")
            self._name((*below, "owner"), data.get("owner"), accounts, "user")
            self._name((*below, "group"), data.get("group"), groups, "group")
            if name.startswith(("/dev/", "/proc/", "/sys/")):
                self._say(below, "is not on the disk: the kernel makes what is there")
            count = _number(data.get("copies"))
            if count and "{{n}}" not in name:
                self._say(below, "with copies, the path must contain {{n}}")
            text = data.get("text")
            length = len(text) if isinstance(text, str) else _size(data.get("random"), 0)
            total += max(count, 1) * max(_number(data.get("repeat")), 1) * length
        if total > _MAX_FILE_BYTES:
            self._say((*path, "files"), f"hold more than {_MAX_FILE_BYTES >> 20} MiB")

    def _process(self, path: Path, process: Any, accounts: list[str]) -> None:
        if not isinstance(process, dict):
            return
        self._exactly_one(path, process, ("run", "script", "exec"))
        self._name((*path, "user"), process.get("user"), accounts, "user")
        run = process.get("run")
        if isinstance(run, str):
            try:
                if not split(run):
                    self._say((*path, "run"), "is empty")
            except ValueError as err:
                self._say((*path, "run"), f"has {str(err).lower()}")
        start = process.get("at")
        if isinstance(start, str) and start.startswith("-"):
            try:
                if values.duration(start) < -8_000_000_000:
                    self._say((*path, "at"), "must not be earlier than -8s")
            except ValueError:
                pass
        if process.get("tty") and any(process.get(key) for key in ("stdin", "stdout", "stderr")):
            self._say(path, "has either a tty or redirected streams")

    # -- checks --------------------------------------------------------------------------------

    def _check(self, path: Path, data: Any, *, more: tuple[str, ...] = ()) -> None:
        """The check in the mapping at ``path``; ``more`` are keys that may replace it."""
        if not isinstance(data, dict):
            return
        given = [key for key in data if key in CHECKS or key in more]
        if not given:
            self._say(path, f"needs a check: one of {', '.join((*CHECKS, *more))}")
        elif len(given) > 1 and not set(given).issubset(more):
            self._say(path, f"has {len(given)} checks ({', '.join(given)}): combine them with all")
        for family in given:
            below = (*path, family)
            value = data[family]
            if family in ("all", "any"):
                if isinstance(value, list) and not value:
                    self._say(below, "is empty")
                for at, item in enumerate(_list(value)):
                    self._check((*below, at), item)
            elif family == "not":
                self._check(below, value)
            elif family in CHECKS:
                self._family(below, family, value)

    def _family(self, path: Path, family: str, value: Any) -> None:
        short = {"process": "is", "file": "path", "reachable": "to", "port": "port"}.get(family, "")
        if isinstance(value, str) and family != "pids_free":
            value = {short: value} if short else {}
        data = _map(value)
        if family == "nat":
            self.net.nat(path, data)
            return
        where = self._on(path, data, "machine" if family == "power" else "on")
        if family == "reachable":
            self.net.reachable(path, data)
        if family == "port":
            for name in _words(data.get("by")):
                self._name((*path, "by"), name, self.identities.get(where, []), "process")
        if family in ("process", "memory"):
            self._who(path, data, where)
        if family == "process" and data.get("state") == "gone" and "count" in data:
            self._say(path, "state: gone leaves nothing to count")
        if family == "load" and isinstance(value, dict):
            self._some(path, data, ("below", "above"))
        if family == "memory" and isinstance(value, dict):
            self._some(path, data, ("below", "above"))
        if family == "metric" and isinstance(value, dict):
            self._some(path, data, ("at_least", "at_most", "exactly"))
        if family == "output" and isinstance(value, dict):
            self._some(path, data, ("contains", "matches"))
        if family == "directory" and isinstance(value, dict):
            self._some(path, data, ("entries", "only", "count"))
        pattern = data.get("matches")
        if isinstance(pattern, str):
            self._pattern((*path, "matches"), pattern)

    def _some(self, path: Path, data: dict[str, Any], keys: tuple[str, ...]) -> None:
        if not any(key in data for key in keys):
            self._say(path, f"needs {' or '.join(keys)}")

    def _pattern(self, path: Path, pattern: str) -> None:
        from minios.userland.lib.regex import RegexError, compile

        try:
            compile(pattern.encode("utf-8", "surrogatepass"), extended=True)
        except RegexError as err:
            self._say(path, f"is no extended regular expression: {err}")

    def _who(self, path: Path, data: dict[str, Any], machine: str) -> None:
        known = self.identities.get(machine, [])
        if "is" not in data and not any(
            key in data for key in ("lineage", "name", "exe", "user", "cmdline")
        ):
            if path[-1] == "process":
                self._say(path, "names no process: give is, lineage, name, exe, user or cmdline")
            return
        for key in ("is", "lineage"):
            for name in _words(data.get(key)):
                self._name((*path, key), name, known, "process")

    # -- rules ---------------------------------------------------------------------------------

    def _after(self, path: Path, data: dict[str, Any]) -> None:
        known = [*self.events, *self.goals, FIRST_KEY]
        self._name((*path, "after"), data.get("after"), known, "event or goal")

    def _goal(self, path: Path, goal: dict[str, Any]) -> None:
        self._check(path, goal)
        self._after(path, goal)
        for name in _words(goal.get("requires")):
            self._name((*path, "requires"), name, self.goals, "goal")

    def _cycles(self) -> None:
        """A goal must not wait for itself, through ``requires`` or ``after``."""
        goals = _map(self.level.get("goals"))
        needs = {
            name: [
                *_words(_map(goal).get("requires")),
                *_words(_map(goal).get("after")),
            ]
            for name, goal in goals.items()
        }
        for name in needs:
            todo, seen = list(needs[name]), set[str]()
            while todo:
                each = todo.pop()
                if each == name:
                    self._say(("goals", name), "waits for itself, through requires or after")
                    break
                if each not in seen:
                    seen.add(each)
                    todo += needs.get(each, [])

    def _lose(self, path: Path, lose: dict[str, Any], name: str) -> None:
        self._check(path, lose, more=("at",))
        if "at" in lose and any(key in lose for key in CHECKS):
            self._say(path, "is decided by a check or at a time, not both")
        if "unless" in lose and "at" not in lose:
            self._say((*path, "unless"), "goes with at")
        for goal in _words(lose.get("unless")):
            self._name((*path, "unless"), goal, self.goals, "goal")
        self._after(path, lose)
        if name in self.goals:
            self._say(path, "has the name of a goal")

    def _event(self, path: Path, event: dict[str, Any], name: str, at: int) -> None:
        self._exactly_one(path, event, _TRIGGERS)
        actions = [key for key in event if key in ACTIONS]
        if event and not actions:
            self._say(path, f"does nothing: give one of {', '.join(ACTIONS)}")
        for key in actions:
            if event[key] is None:
                self._say((*path, key), "is empty")
        if name in self.events[:at]:
            self._say((*path, "id"), "is another event's id")
        if name in (*self.goals, FIRST_KEY):
            self._say((*path, "id"), "is a goal's name, or the format's own")
        if "delay" in event and "at" in event:
            self._say((*path, "delay"), "goes with when or after")
        if event.get("after") == name:
            self._say((*path, "after"), "an event cannot follow itself")
        self._after(path, event)
        if "when" in event:
            self._check((*path, "when"), event["when"])
        for key in ("power_off", "power_on"):
            self._name((*path, key), event.get(key), list(self.machines), "machine")
        if isinstance(event.get("start"), str):
            everybody = [each for known in self.identities.values() for each in known]
            self._name((*path, "start"), event["start"], everybody, "process")
        for key in ("unplug", "plug"):
            self.net.link((*path, key), event.get(key))
        if isinstance(event.get("link"), dict):
            self.net.link((*path, "link", "name"), event["link"].get("name"))
        for key in ("write", "append", "remove", "type"):
            if isinstance(event.get(key), dict):
                self._on((*path, key), event[key])
        signal = event.get("signal")
        if isinstance(signal, dict):
            self._who((*path, "signal"), signal, self._on((*path, "signal"), signal))
        elif isinstance(signal, str):
            everybody = [each for known in self.identities.values() for each in known]
            self._name((*path, "signal"), signal, everybody, "process")

    def _protect(self, path: Path, entry: dict[str, Any]) -> None:
        kind = self._exactly_one(path, entry, _PROTECTED)
        where = self._on(path, entry)
        if kind in ("process", "lineage"):
            self._name((*path, kind), entry.get(kind), self.identities.get(where, []), "process")
        for at, harm in enumerate(_list(entry.get("harm"))):
            if kind and isinstance(harm, str) and harm not in _HARMS[kind]:
                self._say((*path, "harm", at), f"a {kind} is {' or '.join(_HARMS[kind])}")

    def _wrong(self, path: Path, wrong: dict[str, Any]) -> None:
        known = [*self.goals, *self.losses, *self.protected, "par"]
        for name in _words(wrong.get("blocked_by")):
            self._name((*path, "blocked_by"), name, known, "goal, loss or protected thing")
        if "when" in wrong:
            self._check((*path, "when"), wrong["when"])
        self._script((*path, "type"), wrong.get("type"))

    def _script(self, path: Path, text: Any) -> None:
        if not isinstance(text, str):
            return
        try:
            steps = parse(text)
        except ScriptError as err:
            line, col = self.document.values.get(path, (1, 1))
            inside = not isinstance(text, Plain) and "\n" in text
            mark = (line + err.line, 1) if inside else (line, col)
            self.document.complain(path, str(err), mark)
            return
        for step in steps:
            if isinstance(step, Until):
                self._name(path, step.name, self.goals + self.events, "goal or event")
            elif isinstance(step, Act) and not step.process.isdigit():
                everybody = [each for known in self.identities.values() for each in known]
                self._name(path, step.process, everybody, "process")

    def _ttys(self, path: Path, value: Any) -> None:
        """Every ``tty:`` must be a terminal that machines have."""
        if isinstance(value, dict):
            tty = value.get("tty")
            if isinstance(tty, str) and tty not in _TERMINALS:
                self._say((*path, "tty"), f"must be one of {', '.join(_TERMINALS)}")
            for key, item in value.items():
                self._ttys((*path, key), item)
        elif isinstance(value, list):
            for at, item in enumerate(value):
                self._ttys((*path, at), item)

    # -- vary ----------------------------------------------------------------------------------

    def _vary(self) -> None:
        for name, value in _map(self.level.get("vary")).items():
            data = _map(value)
            path: Path = ("vary", name)
            kind = self._exactly_one(path, data, _VARIES)
            if name in ("n", "player"):
                self._say(path, "is a name the format uses itself")
            if kind == "int":
                bounds = _words(data["int"])
                if len(bounds) == 2 and _number(bounds[0]) > _number(bounds[1]):
                    self._say((*path, "int"), "goes from high to low")
            elif kind and isinstance(data[kind], list) and not data[kind]:
                self._say((*path, kind), "is empty")
            if "step" in data and kind != "int":
                self._say((*path, "step"), "goes with int")
            if kind == "deal" and "to" not in data:
                self._say(path, "needs to: the roles that the values are dealt to")
            if kind == "shuffle" and "to" in data:
                self._say((*path, "to"), "goes with deal; shuffle numbers its values")
            if len(_words(data.get("to"))) > self._supply(kind, data):
                self._say((*path, "to"), "has more roles than there are values")

    @staticmethod
    def _supply(kind: str, data: dict[str, Any]) -> int:
        if kind == "int":
            bounds = [_number(bound) for bound in _words(data["int"])]
            step = max(_number(data.get("step"), 1), 1)
            steps = (bounds[1] - bounds[0]) // step + 1 if len(bounds) == 2 else 0
            return steps if steps > 0 else 1 << 30
        return len(_list(data.get(kind))) if kind else 1 << 30

    def _defined(self) -> list[str]:
        names = ["player"]
        for name, value in _map(self.level.get("vary")).items():
            data = _map(value)
            if "shuffle" in data:
                names += [f"{name}.{n}" for n in range(1, len(_list(data["shuffle"])) + 1)]
            elif "to" in data:
                names += [f"{name}.{role}" for role in _words(data["to"])]
            else:
                names.append(name)
        return names

    def _templates(self) -> None:
        """Every ``{{name}}`` in the file must be defined."""
        known = self._defined()
        for path, text, numbered in self._texts((), self.level, False):
            if path[:1] == ("vary",):
                continue
            for at, _, name in references(text):
                if name not in known and not (numbered and name == "n"):
                    line, col = self._locate(path, text, at, name)
                    why = f"nothing called {name[:40]!r} is varied{meant(name, known)}"
                    self.document.complain(path, why, (line, col))

    def _texts(self, path: Path, value: Any, numbered: bool) -> Iterator[tuple[Path, str, bool]]:
        """Every key and text; the last says whether ``{{n}}`` counts copies there."""
        if isinstance(value, dict):
            numbered = numbered or bool({"copies", "repeat"} & value.keys())
            for key, item in value.items():
                counted = isinstance(item, dict) and "copies" in item
                yield (*path, key), key, numbered or counted
                yield from self._texts((*path, key), item, numbered)
        elif isinstance(value, list):
            for at, item in enumerate(value):
                yield from self._texts((*path, at), item, numbered)
        elif isinstance(value, str):
            yield path, value, numbered

    def _locate(self, path: Path, text: str, at: int, name: str) -> tuple[int, int]:
        """Where in the file a reference stands: searched from where its text begins."""
        line, col = self.document.values.get(path, (1, 1))
        if isinstance(text, Plain) or "\n" not in text:
            return self.document.find(f"{{{{{name}}}}}", line, col)
        return self.document.find(f"{{{{{name}}}}}", line + text.count("\n", 0, at), 1)
