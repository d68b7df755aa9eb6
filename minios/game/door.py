"""What may pass the door: each input checked, so that a hostile run file meets no surprise.

Bytes travel as latin-1 text, because inputs are written to run files as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.signals import NSIG
from minios.fs.access import Identity
from minios.fs.inode import Regular
from minios.game import base

if TYPE_CHECKING:
    from minios.game.build import Host

MAX_KEY = 64
"""Bytes of one key: a character, or the escape sequence of a function key."""
MAX_SAVE = 1 << 20
MAX_CELLS = 1000


class Refused(ValueError):
    """No input, or one that is not allowed now. ``str`` is one line."""


def _text(data: Mapping[str, Any], name: str, most: int) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise Refused(f"{name!r} must be a text of 1 to {most} bytes")
    if max(value) > "\xff":
        raise Refused(f"{name!r} holds more than bytes")
    return value


def _number(data: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = data.get(name)
    if type(value) is not int or not low <= value <= high:
        raise Refused(f"{name!r} must be a whole number from {low} to {high}")
    return value


def check(op: str, data: Mapping[str, Any]) -> None:
    """Raise :class:`Refused` unless ``data`` is what ``op`` takes."""
    if not isinstance(data, Mapping):
        raise Refused("an input's data is a mapping")
    known = _FIELDS[op]
    surplus = [name for name in data if name not in known]
    if surplus:
        raise Refused(f"{op} has no {surplus[0]!r:.40}")
    if op == "key":
        _text(data, "data", MAX_KEY)
    elif op == "resize":
        _number(data, "rows", 1, MAX_CELLS)
        _number(data, "cols", 1, MAX_CELLS)
    elif op in ("signal", "renice", "assign"):
        _text(data, "machine", 64)
        _number(data, "pid", 1, 1 << 22)
        if op == "signal":
            _number(data, "sig", 1, NSIG)
        elif op == "assign":
            _number(data, "core", -1, 63)
        else:
            _number(data, "nice", -20, 19)
    elif op == "cable":
        _text(data, "link", 64)
        if type(data.get("plugged")) is not bool:
            raise Refused("'plugged' must be true or false")
    elif op == "save":
        path = _text(data, "path", 4000)
        if not path.startswith("/") or "\0" in path:
            raise Refused("'path' must be an absolute path")
        if data.get("data") != "":
            _text(data, "data", MAX_SAVE)


_FIELDS: dict[str, tuple[str, ...]] = {
    "key": ("data",),
    "resize": ("rows", "cols"),
    "signal": ("machine", "pid", "sig"),
    "renice": ("machine", "pid", "nice"),
    "assign": ("machine", "pid", "core"),
    "cable": ("link", "plugged"),
    "save": ("path", "data"),
    "root": (),
}


def identity(host: Host, user: str) -> Identity:
    """The credentials of an account."""
    account = host.users[user]
    return Identity(account.uid, account.group, base.group_ids(account, host.groups))


def save(host: Host, user: str, path: bytes, data: bytes) -> int:
    """Write a file as ``user``; how many characters that changed. OSError as open(2), write(2)."""
    who = identity(host, user)
    vfs = host.machine.vfs
    dentry, _ = vfs.open(who, vfs.root, path, flags.O_WRONLY | flags.O_CREAT, 0o644)
    inode = dentry.inode
    if not isinstance(inode, Regular):
        return 0
    before = inode.read(0, MAX_SAVE)
    changed = _difference(before, data)
    if before != data:
        inode.truncate(0)
        if data:
            inode.write(0, data)
    return changed


def _difference(old: bytes, new: bytes) -> int:
    """Characters between the common beginning and the common end, of the longer one."""
    start = 0
    most = min(len(old), len(new))
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return max(len(old), len(new)) - start - end


def become_root(host: Host, tty: str) -> None:
    """Log root in on a terminal, in place of whoever is there; a machine that is off starts."""
    machine = host.machine
    machine.write_file(b"/etc/inittab", base.inittab({tty: "root"}))
    if machine.kernel is not None and machine.kernel.halted:
        machine.power_off()
    kernel = machine.kernel
    if kernel is None:
        machine.power_on()
        return
    terminal = kernel.ttys[tty.encode()]
    session = terminal.session
    terminal.hang_up()
    for pcb in list(kernel.processes.values()):
        if session is not None and pcb.sid == session and not pcb.zombie:
            kernel.signal(pcb, 9)
    kernel.signal(kernel.processes[1], 1)
