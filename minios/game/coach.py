"""What beginners type instead: one friendly line for an entered line that will not work.

Rules are data: each says which lines it is for and what to answer. A rule sees the line as it was
entered and which commands exist; it never guesses about a line whose command is there.
"""

from collections.abc import Callable
from typing import NamedTuple

Known = Callable[[str], bool]
"""Whether a command of that name exists: on the machine, or in the shell."""

Here = Callable[[str], bool]
"""Whether there is a file of that name, seen from where the shell is."""

FOREIGN = {
    "cls": "clear",
    "dir": "ls",
    "del": "rm",
    "erase": "rm",
    "copy": "cp",
    "move": "mv",
    "ren": "mv",
    "rename": "mv",
    "md": "mkdir",
    "rd": "rmdir",
    "type": "cat",
    "tasklist": "ps aux",
    "taskkill": "kill",
    "ipconfig": "ip addr",
    "ver": "uname -a",
    "findstr": "grep",
    "notepad": "nano",
    "edit": "nano",
    "vi": "nano",
    "vim": "nano",
    "emacs": "nano",
    "powershell": "sh",
    "cmd": "sh",
    "tracert": "traceroute",
    "quit": "exit",
    "bye": "exit",
    "logoff": "exit",
    "lsit": "ls",
    "sl": "ls",
    "gerp": "grep",
    "grpe": "grep",
    "pkil": "pkill",
    "kil": "kill",
    "killl": "kill",
    "cta": "cat",
    "claer": "clear",
    "clera": "clear",
    "ehlp": "help",
    "eixt": "exit",
}
"""Words from elsewhere, and slips of the finger, with what they are called here."""

_PROSE = frozenset((
    "a", "all", "an", "and", "are", "can", "could", "do", "does", "for", "from", "go", "have",
    "hello", "hey", "hi", "how", "i", "in", "is", "it", "list", "me", "my", "of", "on", "open",
    "please", "process", "processes", "run", "should", "show", "stop", "tell", "that", "the",
    "them", "these", "this", "to", "we", "what", "where", "which", "who", "why", "with", "you",
    "your",
))  # fmt: skip

_QUESTIONS = frozenset((
    "how", "what", "where", "which", "who", "why", "can", "could", "please", "hello", "hi", "hey",
    "i", "show",
))  # fmt: skip

_READERS = frozenset(("cat", "head", "less", "nano", "tail", "wc"))

SHELL_WORDS = frozenset((
    "alias", "bg", "break", "case", "cd", "command", "continue", "do", "done", "echo", "elif",
    "else", "esac", "eval", "exec", "exit", "export", "false", "fc", "fg", "fi", "for", "getopts",
    "hash", "help", "history", "if", "in", "jobs", "kill", "local", "printf", "pwd", "read",
    "readonly", "return", "set", "shift", "test", "then", "times", "trap", "true", "type",
    "ulimit", "umask", "unalias", "unset", "until", "wait", "while", "{", "}", "!", ":", ".", "[",
))  # fmt: skip
"""What the shell knows by itself: built-ins and reserved words."""

_SMART = {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"', "»": '"', "–": "-", "—": "--"}


class Rule(NamedTuple):
    """``answer`` gives the line to say, or "" when the rule does not apply."""

    name: str
    answer: Callable[[str, list[str], Known], str]


def _smart_quotes(line: str, words: list[str], known: Known) -> str:
    found = next((char for char in line if char in _SMART), "")
    if not found:
        return ""
    return (
        f"The {found} in that line is a typographic mark; the shell wants a plain {_SMART[found]}"
    )


def _prompt(line: str, words: list[str], known: Known) -> str:
    if words[0] in ("$", "#") and len(words) > 1:
        rest = " ".join(words[1:])
        return f"Leave out the {words[0]}: it stands for the prompt. Type just: {rest}"
    return ""


def _capitals(line: str, words: list[str], known: Known) -> str:
    first = words[0]
    if known(first) or first == first.lower() or not known(first.lower()):
        return ""
    return f"Commands are case-sensitive and nearly always lower case. Try: {first.lower()}"


def _joined(line: str, words: list[str], known: Known) -> str:
    """``cd..``, ``ls-la``, ``ps-ef``, ``cat/etc/passwd``."""
    first = words[0]
    for at, char in enumerate(first):
        if at and first[0].isalpha() and char in "-./~*" and not known(first):
            head, tail = first[:at], first[at:]
            plausible = char != "." or tail.startswith(("..", "./"))
            if known(head) and plausible and first not in FOREIGN:
                rest = " ".join([head, tail, *words[1:]])
                return f"A space is missing between the command and the rest. Try: {rest}"
    return ""


def _dash_alone(line: str, words: list[str], known: Known) -> str:
    """``ls - la``."""
    for at, word in enumerate(words[1:-1], 1):
        follows = words[at + 1]
        if word == "-" and known(words[0]) and follows.isalpha() and len(follows) <= 4:
            fixed = " ".join([*words[:at], "-" + follows, *words[at + 2 :]])
            return f"An option is written without a space after its dash. Try: {fixed}"
    return ""


def _call(line: str, words: list[str], known: Known) -> str:
    """``exit()``, ``help()``."""
    bare = line.strip().removesuffix(";")
    if bare.endswith("()") and bare[:-2].isalpha():
        name = bare[:-2]
        target = name if known(name) else FOREIGN.get(name.lower(), "")
        if target:
            return f"A command takes no parentheses (ctrl+c if you see >). Try: {target}"
    return ""


def _kill_word(line: str, words: list[str], known: Known) -> str:
    """``kill all``, ``kill drone``."""
    if words[0] != "kill" or len(words) != 2:
        return ""
    target = words[1]
    if target == "all":
        return "There is no 'kill all': give kill the pid that ps shows, as in: kill 42"
    if target[0].isalpha() and target.isalnum():
        return f"kill takes a number: the pid that ps shows in {target}'s line."
    return ""


def _foreign(line: str, words: list[str], known: Known) -> str:
    first = words[0].lower()
    target = FOREIGN.get(first)
    if target is None or known(words[0]) or not known(target.split()[0]):
        return ""
    return f"Here that is: {target}"


def _sudo(line: str, words: list[str], known: Known) -> str:
    if words[0] == "sudo" and not known("sudo"):
        return "There is no sudo on this machine: you have the rights you have."
    return ""


def _prose(line: str, words: list[str], known: Known) -> str:
    if len(words) < 2 or known(words[0]):
        return ""
    plain = [word.strip("?!.,").lower() for word in words]
    common = sum(word in _PROSE for word in plain)
    asks = plain[0] in _QUESTIONS or line.rstrip().endswith("?")
    if asks or (len(words) >= 3 and common * 2 >= len(words)):
        return (
            "The shell knows commands, not sentences. Type goals for what to do, hint for a hint."
        )
    return ""


def _unknown(line: str, words: list[str], known: Known) -> str:
    """A command that is one slip away from one that exists."""
    first = words[0]
    if known(first) or "/" in first or "=" in first or not first.isalnum() or len(first) < 3:
        return ""
    for candidate in _slips(first.lower()):
        if known(candidate):
            return f"There is no {first}. Did you mean {candidate}?"
    return ""


def _by_place(words: list[str], known: Known, here: Here) -> str:
    """``wake`` for ``./wake``, ``cat note`` for ``cat NOTE``."""
    first = words[0]
    if not known(first):
        if "/" in first or not here(first):
            return ""
        return f"The shell looks for commands elsewhere; a script that lies here is ./{first}"
    if first not in _READERS:
        return ""
    for at, word in enumerate(words[1:], 1):
        for other in (word.upper(), word.lower(), word.capitalize()):
            if word.isalnum() and not here(word) and here(other):
                fixed = " ".join([*words[:at], other, *words[at + 1 :]])
                return f"Capitals count in names, too. Try: {fixed}"
    return ""


def _slips(word: str) -> list[str]:
    """Words one slip away: two letters swapped, one too many."""
    swapped = [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]
    shorter = [word[:at] + word[at + 1 :] for at in range(len(word))]
    return [*swapped, *shorter]


RULES = (
    Rule("smart quotes", _smart_quotes),
    Rule("prompt copied", _prompt),
    Rule("called like a function", _call),
    Rule("capitals", _capitals),
    Rule("missing space", _joined),
    Rule("lone dash", _dash_alone),
    Rule("kill by word", _kill_word),
    Rule("no sudo", _sudo),
    Rule("from elsewhere", _foreign),
    Rule("prose", _prose),
    Rule("slip", _unknown),
)


def advise(line: str, known: Known, here: Here = lambda name: False) -> str:
    """What to say about an entered line; empty for nothing. ``line`` may hold anything."""
    words = line[:400].split()
    if not words:
        return ""
    said = _by_place(words, known, here)
    if said:
        return said[:160]
    for rule in RULES:
        said = rule.answer(line[:400], words, known)
        if said:
            return said[:160]
    return ""
