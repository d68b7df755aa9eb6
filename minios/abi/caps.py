"""Capabilities: their numbers, names and text forms (capabilities(7), cap_from_text(3)).

A set is an int with bit ``n`` for capability ``n``, as /proc/PID/status prints it.
"""

from collections.abc import Iterable
from typing import NamedTuple

NAMES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
    "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
    "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
    "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
    "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
    "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
)  # fmt: skip
"""Indexed by number; the names of capabilities(7) without ``CAP_``."""

CAP_CHOWN = 0
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAP_FOWNER = 3
CAP_FSETID = 4
CAP_KILL = 5
CAP_SETGID = 6
CAP_SETUID = 7
CAP_SETPCAP = 8
CAP_LINUX_IMMUTABLE = 9
CAP_NET_BIND_SERVICE = 10
CAP_NET_ADMIN = 12
CAP_NET_RAW = 13
CAP_IPC_LOCK = 14
CAP_IPC_OWNER = 15
CAP_SYS_PTRACE = 19
CAP_SYS_ADMIN = 21
CAP_SYS_BOOT = 22
CAP_SYS_NICE = 23
CAP_SYS_RESOURCE = 24
CAP_SYS_TIME = 25
CAP_SYS_TTY_CONFIG = 26
CAP_MKNOD = 27
CAP_LEASE = 28
CAP_SETFCAP = 31
CAP_SYSLOG = 34

CAP_LAST_CAP = len(NAMES) - 1
ALL = (1 << len(NAMES)) - 1

FILE_SYSTEM = (
    1 << CAP_CHOWN | 1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH | 1 << CAP_FOWNER
    | 1 << CAP_FSETID | 1 << CAP_LINUX_IMMUTABLE | 1 << CAP_MKNOD
)  # fmt: skip
"""Those that are about files."""


class Caps(NamedTuple):
    """The five sets of a process (capabilities(7), Thread capability sets)."""

    permitted: int = 0
    effective: int = 0
    inheritable: int = 0
    bounding: int = ALL
    ambient: int = 0


ROOT = Caps(ALL, ALL)
NONE = Caps()


class FileCaps(NamedTuple):
    """Capabilities of a file: two sets and the effective bit (capabilities(7))."""

    permitted: int = 0
    inheritable: int = 0
    effective: bool = False


XATTR = b"security.capability"
_MAGIC = 0x02000000


def encode_file(caps: FileCaps) -> bytes:
    """The value of the extended attribute (struct vfs_cap_data, revision 2)."""
    low, words = (1 << 32) - 1, [_MAGIC | caps.effective]
    for shift in (0, 32):
        words += [caps.permitted >> shift & low, caps.inheritable >> shift & low]
    return b"".join(word.to_bytes(4, "little") for word in words)


def decode_file(data: bytes) -> FileCaps | None:
    """What :func:`encode_file` made; None for anything else."""
    if len(data) != 20:
        return None
    magic, p0, i0, p1, i1 = (int.from_bytes(data[n : n + 4], "little") for n in range(0, 20, 4))
    if magic & ~1 != _MAGIC:
        return None
    return FileCaps((p0 | p1 << 32) & ALL, (i0 | i1 << 32) & ALL, bool(magic & 1))


# -- texts -------------------------------------------------------------------------------------


def name_of(number: int) -> str:
    """``cap_chown``; a bare number beyond the last one."""
    return f"cap_{NAMES[number]}" if 0 <= number <= CAP_LAST_CAP else str(number)


def number_of(name: str) -> int | None:
    """The capability called ``cap_chown`` (any case) or by number; None if there is none."""
    if name.isascii() and name.isdigit():
        number = int(name) if len(name) < 4 else -1
        return number if 0 <= number <= CAP_LAST_CAP else None
    lower = name.lower()
    if not lower.startswith("cap_") or lower[4:] not in NAMES:
        return None
    return NAMES.index(lower[4:])


def members(caps: int) -> list[int]:
    """The numbers in a set."""
    return [number for number in range(CAP_LAST_CAP + 1) if caps >> number & 1]


def set_of(numbers: Iterable[int]) -> int:
    caps = 0
    for number in numbers:
        caps |= 1 << number
    return caps


def list_text(caps: int) -> str:
    """``cap_chown,cap_kill``: the names with commas."""
    return ",".join(name_of(number) for number in members(caps))


def to_text(effective: int, inheritable: int, permitted: int) -> str:
    """cap_to_text(3): ``=``, ``=ep cap_kill-e``, ``cap_net_raw=ep``: the flags most have first."""
    kinds = ["", "e", "p", "ep", "i", "ei", "ip", "eip"]
    flags = []
    for number in range(CAP_LAST_CAP + 1):
        bits = (effective >> number & 1, inheritable >> number & 1, permitted >> number & 1)
        flags.append("".join(letter for letter, bit in zip("eip", bits, strict=True) if bit))
    common = max(kinds, key=flags.count)
    parts = [f"={common}"]
    for kind in reversed(kinds):
        names = ",".join(name_of(number) for number, flag in enumerate(flags) if flag == kind)
        if kind == common or not names:
            continue
        plus = "".join(letter for letter in kind if letter not in common)
        minus = "".join(letter for letter in common if letter not in kind)
        if parts == ["="]:
            parts = [f"{names}={plus}"]  # nothing is said of those that have nothing
        else:
            parts.append(names + (f"+{plus}" if plus else "") + (f"-{minus}" if minus else ""))
    return " ".join(parts)


def from_text(text: str) -> tuple[int, int, int] | None:
    """cap_from_text(3): (effective, inheritable, permitted); None for what makes no sense."""
    sets = {"e": 0, "i": 0, "p": 0}
    clauses = text.split()
    if not clauses:
        return None
    for clause in clauses:
        at = next((i for i, char in enumerate(clause) if char in "=+-"), -1)
        if at < 0:
            return None
        which = _listed(clause[:at])
        if which is None or not _apply(sets, which, clause[at:], listed=at > 0):
            return None
    return sets["e"], sets["i"], sets["p"]


def _listed(names: str) -> int | None:
    """The capabilities that a clause is about: all of them if it names none."""
    if not names:
        return ALL
    which = 0
    for name in names.split(","):
        number = number_of(name)
        if number is None and name.lower() != "all":
            return None
        which |= ALL if number is None else 1 << number
    return which


def _apply(sets: dict[str, int], which: int, actions: str, *, listed: bool) -> bool:
    """Do what ``=ep+i-e`` says; False if it makes no sense. Only the first may be ``=``, and a
    clause without names has just that.
    """
    first = True
    while actions:
        operator, actions = actions[0], actions[1:]
        end = next((i for i, char in enumerate(actions) if char in "=+-"), len(actions))
        letters, actions = actions[:end], actions[end:]
        if any(letter not in sets for letter in letters):
            return False
        if operator == "=" if not first else operator != "=" and not listed:
            return False
        if not first and not listed:
            return False
        if operator != "=" and not letters:
            return False
        if operator == "=":
            for letter in sets:
                sets[letter] &= ~which
        for letter in letters:
            sets[letter] = sets[letter] & ~which if operator == "-" else sets[letter] | which
        first = False
    return True
