"""iptables' arguments: commands, generic options, and those of matches and targets as they are
loaded (do_parse of xshared.c)."""

from __future__ import annotations

from dataclasses import dataclass, field

from minios.abi.netfilter import (
    CHAIN_NAME_MAX,
    IFNAMSIZ,
    STANDARD,
    Part,
    Rule,
)
from minios.userland.lib.iptables.extension import Extension, Problem, strtoul
from minios.userland.lib.iptables.names import Names, address_mask, protocol_number
from minios.userland.lib.iptables.table import IMPLIED, MATCHES, TARGETS

_COMMANDS = {
    "append": "A", "check": "C", "delete": "D", "insert": "I", "replace": "R", "list": "L",
    "list-rules": "S", "flush": "F", "zero": "Z", "new-chain": "N", "delete-chain": "X",
    "policy": "P", "rename-chain": "E",
}  # fmt: skip
_OPTIONS = {
    "protocol": "p", "proto": "p", "source": "s", "src": "s", "destination": "d", "dst": "d",
    "in-interface": "i", "out-interface": "o", "jump": "j", "goto": "g", "fragments": "f",
    "match": "m", "table": "t", "verbose": "v", "numeric": "n", "exact": "x",
    "line-numbers": "0", "set-counters": "c", "wait": "w", "wait-interval": "W", "modprobe": "M",
    "version": "V", "help": "h", "ipv4": "4", "ipv6": "6",
}  # fmt: skip
_TAKES = frozenset("psdijgmtocM") | frozenset("ADIRCNPE")
_MAYBE = frozenset("LSFZXwWhj")
_RULE = "psdijgofc"
"""Options that describe a rule, in the order they are complained about."""
_WITH_RULE = frozenset("AIDRC")


@dataclass
class Order:
    """What is to be done. ``rules`` are more than one where several addresses were given."""

    command: str = ""
    chain: str = ""
    number: int = 0
    new_name: str = ""
    policy: str = ""
    table: str = "filter"
    rules: list[Rule] = field(default_factory=list)
    zero: bool = False
    verbose: int = 0
    numeric: bool = False
    exact: bool = False
    line_numbers: bool = False
    help: bool = False
    version: bool = False


class Parser:
    """Reads one command line."""

    def __init__(self, args: list[str], names: Names, hosts: dict[str, int],
                 chains: set[str] | None = None) -> None:  # fmt: skip
        self.args = args
        self.at = 0
        self.names = names
        self.hosts = hosts
        self.order = Order()
        self.matches: list[Extension] = []
        self.target: Extension | None = None
        self.jump = ""
        self.goto = False
        self.protocol: tuple[int, bool] | None = None
        self.inverted = False
        self.used: set[str] = set()
        self.sources: list[tuple[int, int, bool] | None] = [None]
        self.destinations: list[tuple[int, int, bool] | None] = [None]
        self.devices: dict[str, tuple[str, bool] | None] = {"i": None, "o": None}
        self.fragment: tuple[bool] | None = None
        self.counters: tuple[int, int] | None = None

    # -- the line ------------------------------------------------------------------------------

    def parse(self) -> Order:
        """The whole line. Problem."""
        while self.at < len(self.args):
            word = self.args[self.at]
            self.at += 1
            if word == "!":
                if self.inverted:
                    raise Problem("multiple consecutive ! not allowed")
                self.inverted = True
                continue
            if word.startswith("--") and len(word) > 2:
                self._long(word[2:])
            elif word.startswith("-") and len(word) > 1:
                self._short(word[1:])
            else:
                raise Problem(f"Bad argument `{word}'", bare=True)
            self.inverted = False
        self._finish()
        return self.order

    def _short(self, letters: str) -> None:
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in _TAKES:
                value = letters or self._next(letter)
                if letter == "p" and letters:
                    value = f"-p{letters}"  # the real one takes the whole word, too
                self._option(letter, value)
                return
            if letter in _MAYBE:
                self._option(letter, letters or self._maybe())
                return
            if letter not in "vnxf46V":
                raise Problem(f'unknown option "-{letter}"')
            self._option(letter, "")

    def _long(self, text: str) -> None:
        name, equals, value = text.partition("=")
        known = {**_COMMANDS, **_OPTIONS}
        if self._extension(name, value if equals else None):
            return
        found = [full for full in known if full == name] or [
            full for full in known if full.startswith(name)
        ]
        if len({known[full] for full in found}) != 1:
            raise Problem(f'unknown option "--{text}"')
        letter = known[found[0]]
        if letter == "p" and equals:
            self._option(letter, f"--{text}")
        elif letter in _TAKES:
            self._option(letter, value if equals else self._next(letter))
        elif letter in _MAYBE:
            self._option(letter, value if equals else self._maybe())
        else:
            self._option(letter, "")

    def _next(self, letter: str) -> str:
        if self.at >= len(self.args):
            raise Problem(f'option "-{letter}" requires an argument')
        self.at += 1
        return self.args[self.at - 1]

    def _maybe(self) -> str:
        """An argument that may be there: the next word, if it is no option."""
        if self.at < len(self.args):
            word = self.args[self.at]
            if not word.startswith("-") and word != "!":
                self.at += 1
                return word
        return ""

    # -- options of extensions -----------------------------------------------------------------

    def _extension(self, name: str, value: str | None) -> bool:
        """Whether a loaded match or target has the option; it is read then."""
        candidates = [*reversed(self.matches), *([self.target] if self.target else [])]
        for extension in candidates:
            full = self._spelled(extension, name)
            if full:
                self._give(extension, full, value)
                return True
        if self.protocol is not None and not self.protocol[1]:
            implied = IMPLIED.get(self.protocol[0])
            if implied and not any(match.name == implied for match in self.matches):
                extension = MATCHES[implied](self.names)
                full = self._spelled(extension, name)
                if full:
                    self.matches.append(extension)
                    extension.protocol = self.protocol[0]
                    self._give(extension, full, value)
                    return True
        return False

    @staticmethod
    def _spelled(extension: Extension, name: str) -> str:
        spelled = {**{each: each for each in extension.takes}, **extension.aliases}
        if name in spelled:
            return spelled[name]
        if name in _COMMANDS or name in _OPTIONS:
            return ""
        found = {full for each, full in spelled.items() if each.startswith(name)}
        return found.pop() if len(found) == 1 else ""

    def _give(self, extension: Extension, name: str, value: str | None) -> None:
        count = extension.takes[name]
        if self.protocol is not None and not self.protocol[1]:
            extension.protocol = self.protocol[0]
        values: list[str] = []
        if count:
            if value is None and self.at >= len(self.args):
                raise Problem(f'option "--{name}" requires an argument')
            values.append(value if value is not None else self.args[self.at])
            self.at += value is None
        if count == 2:
            if self.at >= len(self.args) or self.args[self.at][:1] in ("-", "!"):
                raise Problem(f"--{name} requires two args.")
            values.append(self.args[self.at])
            self.at += 1
        extension.take(name, values, self.inverted)

    # -- generic options -----------------------------------------------------------------------

    def _option(self, letter: str, value: str) -> None:
        if letter in "ADIRCLSFZNXPE":
            self._command(letter, value)
            return
        if self.inverted and letter not in "psdiof":
            raise Problem(f"cannot have ! before -{letter}")
        handler = getattr(self, f"_{letter}_", None)
        if letter in _RULE + "n0x":
            once = "j" if letter == "g" else letter  # one option to xtables: where to go
            if once in self.used and letter not in "n":
                raise Problem(f"multiple -{once} flags not allowed")
            self.used |= {letter, once}
        if handler is not None:
            handler(value)

    def _command(self, letter: str, value: str) -> None:
        if self.inverted:
            raise Problem(f"unexpected ! flag before --{letter}")
        order = self.order
        if letter == "Z" and order.command in ("L", "S"):
            order.zero = True
            return
        if order.command == "Z" and letter in ("L", "S"):
            order.zero = True
        elif order.command:
            raise Problem(f"Cannot use -{letter} with -{order.command}")
        order.command = letter
        order.chain = value or order.chain
        if letter in "DIRSLZ" and letter != "R":
            number = self._maybe() if order.chain else ""
            if number:
                order.number = self._number(number)
        elif letter == "R":
            number = self._maybe()
            if not number:
                raise Problem("-R requires a rule number")
            order.number = self._number(number)
        elif letter == "P":
            order.policy = self._maybe()
            if not order.policy:
                raise Problem("-P requires a chain and a policy")
        elif letter == "E":
            order.new_name = self._maybe()
            if not order.new_name:
                raise Problem("-E requires old-chain-name and new-chain-name")
        if letter == "N":
            self._new_name(value)
        if letter == "E":
            self._new_name(order.new_name)

    def _number(self, text: str) -> int:
        number = strtoul(text)
        if not number:
            raise Problem(f"Invalid rule number `{text}'")
        return number

    def _new_name(self, name: str) -> None:
        if name.startswith(("-", "!")):
            raise Problem(f"chain name not allowed to start with `{name[0]}'")
        if name in STANDARD or name in TARGETS or name == "QUEUE":
            raise Problem("chain name may not clash with target name")
        self._chain_length(name)

    def _chain_length(self, name: str) -> None:
        if len(name) > CHAIN_NAME_MAX:
            raise Problem(
                f"chain name `{name}' too long (must be under {CHAIN_NAME_MAX + 1} chars)"
            )

    def _p_(self, value: str) -> None:
        number = protocol_number(value)
        if number == 0:
            if self.inverted:
                raise Problem("rule would never match protocol")
            return
        self.protocol = (number, self.inverted)

    def _s_(self, value: str) -> None:
        self.sources = self._addresses(value)

    def _d_(self, value: str) -> None:
        self.destinations = self._addresses(value)

    def _addresses(self, value: str) -> list[tuple[int, int, bool] | None]:
        found: list[tuple[int, int, bool] | None] = []
        for text in value.split(","):
            address, mask = address_mask(text, self.hosts)
            found.append((address, mask, self.inverted) if mask or self.inverted else None)
        if self.inverted and len(found) > 1:
            raise Problem("! not allowed with multiple source or destination IP addresses")
        return found

    def _i_(self, value: str) -> None:
        self._device("i", value)

    def _o_(self, value: str) -> None:
        self._device("o", value)

    def _device(self, letter: str, value: str) -> None:
        if len(value) >= IFNAMSIZ:
            raise Problem(
                f"interface name `{value}' must be shorter than IFNAMSIZ ({IFNAMSIZ - 1})"
            )
        if value not in ("", "+"):
            self.devices[letter] = (value, self.inverted)
        elif self.inverted:
            raise Problem("Empty interface is likely to be undesired")

    def _f_(self, value: str) -> None:
        self.fragment = (self.inverted,)

    def _j_(self, value: str) -> None:
        if not value:
            raise Problem('option "-j" requires an argument')
        if len(value) > CHAIN_NAME_MAX:
            raise Problem(f'Invalid target name "{value}" ({CHAIN_NAME_MAX} chars max)')
        self.jump = value
        extension = TARGETS.get(value)
        if extension is not None:
            self.target = extension(self.names)
            if self.protocol is not None and not self.protocol[1]:
                self.target.protocol = self.protocol[0]

    def _g_(self, value: str) -> None:
        self.jump = value
        self.goto = True

    def _m_(self, value: str) -> None:
        extension = MATCHES.get(value)
        if extension is None:
            raise Problem(f"Couldn't load match `{value}':No such file or directory\n")
        made = extension(self.names)
        if self.protocol is not None and not self.protocol[1]:
            made.protocol = self.protocol[0]
        if value in IMPLIED.values():
            for match in self.matches:
                if match.name == value:
                    return
        self.matches.append(made)

    def _t_(self, value: str) -> None:
        self.order.table = value

    def _v_(self, value: str) -> None:
        self.order.verbose += 1

    def _n_(self, value: str) -> None:
        self.order.numeric = True

    def _x_(self, value: str) -> None:
        self.order.exact = True

    def _0_(self, value: str) -> None:
        self.order.line_numbers = True

    def _h_(self, value: str) -> None:
        self.order.help = True

    def _V_(self, value: str) -> None:
        self.order.version = True

    def _c_(self, value: str) -> None:
        packets, comma, size = value.partition(",")
        if not comma:
            size = self._maybe()
        counts = strtoul(packets), strtoul(size) if size else None
        if counts[0] is None or counts[1] is None:
            raise Problem("-c requires packet and byte counter")
        self.counters = (counts[0], counts[1])

    def _6_(self, value: str) -> None:
        raise Problem("", bare=True)

    # -- what it comes to ----------------------------------------------------------------------

    def _finish(self) -> None:
        order = self.order
        if order.help or order.version:
            return
        if not order.command:
            raise Problem("no command specified")
        for extension in [*self.matches, *([self.target] if self.target else [])]:
            extension.check()
        with_rule = order.command in _WITH_RULE and not (order.command == "D" and order.number)
        if not with_rule:
            for letter in _RULE:
                if letter in self.used and not (letter == "c" and order.command in "ZP"):
                    raise Problem(f"Illegal option `-{letter}' with this command")
        allowed = {"L": "n0x", "S": "", "A": ""}.get(order.command, "")
        for letter in "n0x":
            if letter in self.used and letter not in allowed and order.command != "L":
                shown = "--line-numbers" if letter == "0" else f"-{letter}"
                if letter == "n" and order.command in "ADIRCSZ":
                    continue
                raise Problem(f"Illegal option `{shown}' with this command")
        if order.chain:
            self._chain_length(order.chain)
        if order.command in _WITH_RULE:
            for letter, chains in (
                ("o", ("PREROUTING", "INPUT")),
                ("i", ("POSTROUTING", "OUTPUT")),
            ):
                if self.devices[letter] is not None and order.chain in chains:
                    raise Problem(f"Can't use -{letter} with {order.chain}\n")
        if with_rule:
            order.rules = self._rules()

    def _rules(self) -> list[Rule]:
        target: Part | None = None
        if self.jump:
            target = self.target.part() if self.target is not None else Part(self.jump)
        matches = tuple(match.part() for match in self.matches)
        packets, size = self.counters or (0, 0)
        return [
            Rule(
                source, destination, self.devices["i"], self.devices["o"], self.protocol,
                self.fragment, matches, target, self.goto, packets, size,
            )
            for source in self.sources
            for destination in self.destinations
        ]  # fmt: skip
