"""Who a process is and what it may do: ids, groups, capabilities and prctl(2).

credentials(7), capabilities(7). Every privilege is a capability, asked for by
:func:`minios.fs.access.capable`; root has them because its programs are started with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minios.abi import flags
from minios.abi.caps import (
    ALL,
    CAP_LAST_CAP,
    CAP_SETGID,
    CAP_SETPCAP,
    CAP_SETUID,
    CAP_SYS_PTRACE,
    Caps,
    FileCaps,
)
from minios.abi.errno import Errno, error
from minios.abi.signals import NSIG
from minios.abi.syscalls import NR
from minios.fs.access import Credentials, capable
from minios.kernel.arguments import find, integer
from minios.kernel.process import PCB
from minios.sim.world import MARK_PROCESS

if TYPE_CHECKING:
    from minios.kernel.kernel import Kernel

NO_NEW_PRIVS = 1
SUBREAPER = 2
UNDUMPABLE = 4
FORKED = 8
"""It has executed no program since fork(2): its parent may still move it (setpgid(2))."""
_SECUREBITS = 8
"""``pcb.attributes``: these bits, and the securebits from this shift on."""

FORK_KEEPS = ~SUBREAPER
"""What fork(2) hands on of the attributes."""

NGROUPS_MAX = 32


def securebits(pcb: PCB) -> int:
    return pcb.attributes >> _SECUREBITS


def _set_securebits(pcb: PCB, bits: int) -> None:
    pcb.attributes = pcb.attributes & ((1 << _SECUREBITS) - 1) | bits << _SECUREBITS


def may_access(who: Credentials, pcb: PCB) -> bool:
    """Whether ``who`` may look into a process or trace it (ptrace(2), access mode checking)."""
    if who.judge or who.pid == pcb.pid or capable(who, CAP_SYS_PTRACE):
        return True
    return (
        who.euid == pcb.uid == pcb.euid == pcb.suid
        and who.egid == pcb.gid == pcb.egid == pcb.sgid
        and not pcb.attributes & UNDUMPABLE
        and not pcb.caps.permitted & ~who.caps.effective
    )


# -- uids and gids -----------------------------------------------------------------------------


def _id(value: Any) -> int:
    if not 0 <= integer(value) < 1 << 32:
        raise error(Errno.EINVAL)
    return int(value)


def _set_uids(kernel: Kernel, pcb: PCB, uid: int, euid: int, suid: int) -> None:
    """Change the ids, and by them the capabilities (capabilities(7), Effect of user ID changes)."""
    old = (pcb.uid, pcb.euid, pcb.suid)
    if uid != pcb.uid:
        kernel.change_uid(pcb, uid)
    if euid != pcb.euid:
        pcb.attributes |= UNDUMPABLE
        pcb.death_signal = 0
    pcb.euid, pcb.suid = euid, suid
    bits = securebits(pcb)
    if bits & flags.SECBIT_NO_SETUID_FIXUP:
        return
    caps = pcb.caps
    if 0 in old and 0 not in (uid, euid, suid):
        if not bits & flags.SECBIT_KEEP_CAPS:
            caps = caps._replace(permitted=0, effective=0)
        caps = caps._replace(ambient=0)
    if old[1] == 0 and euid != 0:
        caps = caps._replace(effective=0)
    elif old[1] != 0 and euid == 0:
        caps = caps._replace(effective=caps.permitted)
    pcb.caps = caps


def _set_gids(pcb: PCB, gid: int, egid: int, sgid: int) -> None:
    if egid != pcb.egid:
        pcb.attributes |= UNDUMPABLE
        pcb.death_signal = 0
    pcb.gid, pcb.egid, pcb.sgid = gid, egid, sgid


def getuid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.uid


def geteuid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.euid


def getgid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.gid


def getegid(kernel: Kernel, pcb: PCB) -> int:
    return pcb.egid


def getresuid(kernel: Kernel, pcb: PCB) -> tuple[int, int, int]:
    return pcb.uid, pcb.euid, pcb.suid


def getresgid(kernel: Kernel, pcb: PCB) -> tuple[int, int, int]:
    return pcb.gid, pcb.egid, pcb.sgid


def setuid(kernel: Kernel, pcb: PCB, uid: int) -> None:
    """setuid(2): CAP_SETUID sets all three, others the effective one, to one they have. EPERM."""
    _id(uid)
    if capable(pcb, CAP_SETUID):
        _set_uids(kernel, pcb, uid, uid, uid)
    elif uid in (pcb.uid, pcb.suid):
        _set_uids(kernel, pcb, pcb.uid, uid, pcb.suid)
    else:
        raise error(Errno.EPERM)


def setgid(kernel: Kernel, pcb: PCB, gid: int) -> None:
    _id(gid)
    if capable(pcb, CAP_SETGID):
        _set_gids(pcb, gid, gid, gid)
    elif gid in (pcb.gid, pcb.sgid):
        _set_gids(pcb, pcb.gid, gid, pcb.sgid)
    else:
        raise error(Errno.EPERM)


def _real_effective(
    real: int, effective: int, ids: tuple[int, int, int], *, free: bool
) -> tuple[int, int, int]:
    """What setreuid(2) and setregid(2) make of (real, effective, saved); -1 leaves an id. EPERM.

    The saved id follows what changes for good.
    """
    old, old_effective, saved = ids
    if real != -1 and not free and _id(real) not in (old, old_effective):
        raise error(Errno.EPERM)
    if effective != -1 and not free and _id(effective) not in ids:
        raise error(Errno.EPERM)
    new = old if real == -1 else _id(real)
    new_effective = old_effective if effective == -1 else _id(effective)
    if real != -1 or (effective != -1 and effective != old):
        saved = new_effective
    return new, new_effective, saved


def setreuid(kernel: Kernel, pcb: PCB, ruid: int, euid: int) -> None:
    ids = (pcb.uid, pcb.euid, pcb.suid)
    _set_uids(kernel, pcb, *_real_effective(ruid, euid, ids, free=capable(pcb, CAP_SETUID)))


def setregid(kernel: Kernel, pcb: PCB, rgid: int, egid: int) -> None:
    ids = (pcb.gid, pcb.egid, pcb.sgid)
    _set_gids(pcb, *_real_effective(rgid, egid, ids, free=capable(pcb, CAP_SETGID)))


def _three(
    wanted: tuple[int, int, int], ids: tuple[int, int, int], *, free: bool
) -> tuple[int, int, int]:
    """What setresuid(2) and setresgid(2) make of three ids; -1 leaves one. EPERM."""
    for value in wanted:
        if value != -1 and not free and _id(value) not in ids:
            raise error(Errno.EPERM)
    real, effective, saved = (
        old if new == -1 else _id(new) for new, old in zip(wanted, ids, strict=True)
    )
    return real, effective, saved


def setresuid(kernel: Kernel, pcb: PCB, ruid: int, euid: int, suid: int) -> None:
    ids = (pcb.uid, pcb.euid, pcb.suid)
    free = capable(pcb, CAP_SETUID)
    _set_uids(kernel, pcb, *_three((ruid, euid, suid), ids, free=free))


def setresgid(kernel: Kernel, pcb: PCB, rgid: int, egid: int, sgid: int) -> None:
    ids = (pcb.gid, pcb.egid, pcb.sgid)
    _set_gids(pcb, *_three((rgid, egid, sgid), ids, free=capable(pcb, CAP_SETGID)))


def getgroups(kernel: Kernel, pcb: PCB) -> tuple[int, ...]:
    return pcb.groups


def setgroups(kernel: Kernel, pcb: PCB, groups: tuple[int, ...]) -> None:
    """setgroups(2). EINVAL EPERM."""
    if not capable(pcb, CAP_SETGID):
        raise error(Errno.EPERM)
    if len(groups) > NGROUPS_MAX:
        raise error(Errno.EINVAL)
    pcb.groups = tuple(_id(gid) for gid in groups)


# -- execve(2) ---------------------------------------------------------------------------------


def exec_caps(pcb: PCB, uid: int | None, file: FileCaps | None) -> Caps:
    """The sets after execve(2) of a file that sets ``uid`` and has ``file`` capabilities.

    capabilities(7), Transformation of capabilities during execve(). EPERM for a file whose
    capabilities take effect but which the bounding set keeps from the process.
    """
    old = pcb.caps
    euid = pcb.euid if uid is None else uid
    granted, passed, effective = file if file is not None else (0, 0, False)
    privileged = file is not None or uid is not None
    # A set-user-ID-root program that has file capabilities gets just these.
    limited = file is not None and pcb.uid != 0 and euid == 0
    if not securebits(pcb) & flags.SECBIT_NOROOT and not limited:
        if 0 in (pcb.uid, euid):
            granted = passed = ALL
        effective = effective or euid == 0
    ambient = 0 if privileged else old.ambient
    permitted = old.inheritable & passed | granted & old.bounding | ambient
    if file is not None and file.effective and file.permitted & ~permitted:
        raise error(Errno.EPERM)
    active = permitted if effective else ambient
    return Caps(permitted, active, old.inheritable, old.bounding, ambient)


def after_exec(pcb: PCB, uid: int | None, gid: int | None, caps: Caps) -> None:
    """Give a process the ids and capabilities of the program that took it over."""
    if uid is not None:
        pcb.euid = uid
    if gid is not None:
        pcb.egid = gid
    pcb.suid = pcb.euid
    pcb.sgid = pcb.egid
    gained = caps.permitted & ~pcb.caps.permitted and pcb.uid != 0
    pcb.caps = caps
    _set_securebits(pcb, securebits(pcb) & ~flags.SECBIT_KEEP_CAPS)
    pcb.attributes &= ~(UNDUMPABLE | FORKED)
    if pcb.euid != pcb.uid or pcb.egid != pcb.gid or gained:
        pcb.attributes |= UNDUMPABLE
        pcb.death_signal = 0


# -- capabilities ------------------------------------------------------------------------------


def capget(kernel: Kernel, pcb: PCB, pid: int) -> tuple[int, int, int]:
    """capget(2): (effective, permitted, inheritable) of a process. ESRCH."""
    caps = find(kernel, pcb, pid).caps
    return caps.effective, caps.permitted, caps.inheritable


def capset(kernel: Kernel, pcb: PCB, effective: int, permitted: int, inheritable: int) -> None:
    """capset(2): the caller's own sets; nothing is gained but what may be inherited. EPERM."""
    for caps in (effective, permitted, inheritable):
        if integer(caps) < 0:
            raise error(Errno.EINVAL)
    effective, permitted, inheritable = effective & ALL, permitted & ALL, inheritable & ALL
    old = pcb.caps
    may_inherit = old.inheritable | (ALL if capable(pcb, CAP_SETPCAP) else old.permitted)
    if (
        inheritable & ~may_inherit
        or inheritable & ~(old.inheritable | old.bounding)
        or permitted & ~old.permitted
        or effective & ~permitted
    ):
        raise error(Errno.EPERM)
    ambient = old.ambient & permitted & inheritable
    pcb.caps = Caps(permitted, effective, inheritable, old.bounding, ambient)


def _capability(value: Any) -> int:
    if not 0 <= integer(value) <= CAP_LAST_CAP:
        raise error(Errno.EINVAL)
    return 1 << int(value)


def _drop_bounding(pcb: PCB, cap: Any) -> None:
    bit = _capability(cap)
    if not capable(pcb, CAP_SETPCAP):
        raise error(Errno.EPERM)
    pcb.caps = pcb.caps._replace(bounding=pcb.caps.bounding & ~bit)


def _ambient(pcb: PCB, argument: Any) -> int:
    """PR_CAP_AMBIENT: (operation, capability)."""
    if not isinstance(argument, tuple) or len(argument) != 2:
        raise error(Errno.EFAULT)
    operation, cap = argument
    caps = pcb.caps
    if operation == flags.PR_CAP_AMBIENT_CLEAR_ALL:
        pcb.caps = caps._replace(ambient=0)
        return 0
    bit = _capability(cap)
    if operation == flags.PR_CAP_AMBIENT_IS_SET:
        return int(caps.ambient & bit != 0)
    if operation == flags.PR_CAP_AMBIENT_RAISE:
        refused = securebits(pcb) & flags.SECBIT_NO_CAP_AMBIENT_RAISE
        if refused or not caps.permitted & caps.inheritable & bit:
            raise error(Errno.EPERM)
        pcb.caps = caps._replace(ambient=caps.ambient | bit)
    elif operation == flags.PR_CAP_AMBIENT_LOWER:
        pcb.caps = caps._replace(ambient=caps.ambient & ~bit)
    else:
        raise error(Errno.EINVAL)
    return 0


def _change_securebits(pcb: PCB, bits: Any) -> None:
    """PR_SET_SECUREBITS. EPERM for a locked bit, for unlocking, and without CAP_SETPCAP."""
    old = securebits(pcb)
    locked = (old & 0xAA) >> 1 | old & 0xAA
    if integer(bits) & ~0xFF or bits < 0 or not capable(pcb, CAP_SETPCAP):
        raise error(Errno.EPERM)
    if (old ^ bits) & locked:
        raise error(Errno.EPERM)
    _set_securebits(pcb, bits)


# -- prctl(2) ----------------------------------------------------------------------------------


def _boolean(value: Any) -> bool:
    if value not in (0, 1):
        raise error(Errno.EINVAL)
    return bool(value)


def _attribute(pcb: PCB, bit: int, on: bool) -> None:
    pcb.attributes = pcb.attributes | bit if on else pcb.attributes & ~bit


def _keep_caps(pcb: PCB, on: bool) -> None:
    if securebits(pcb) & flags.SECBIT_KEEP_CAPS_LOCKED:
        raise error(Errno.EPERM)
    bits = securebits(pcb) & ~flags.SECBIT_KEEP_CAPS
    _set_securebits(pcb, bits | (flags.SECBIT_KEEP_CAPS if on else 0))


def prctl(kernel: Kernel, pcb: PCB, option: int, argument: Any) -> Any:
    """prctl(2), the options of :mod:`minios.abi.flags`. EFAULT EINVAL EPERM."""
    if option == flags.PR_SET_NAME:
        if not isinstance(argument, bytes):
            raise error(Errno.EFAULT)
        pcb.comm = argument[:15]
        kernel.world.mark(MARK_PROCESS)
    elif option == flags.PR_GET_NAME:
        return pcb.comm
    elif option == flags.PR_SET_PDEATHSIG:
        if not 0 <= integer(argument) <= NSIG:
            raise error(Errno.EINVAL)
        pcb.death_signal = argument
    elif option == flags.PR_GET_PDEATHSIG:
        return pcb.death_signal
    elif option == flags.PR_SET_DUMPABLE:
        _attribute(pcb, UNDUMPABLE, not _boolean(argument))
    elif option == flags.PR_GET_DUMPABLE:
        return int(not pcb.attributes & UNDUMPABLE)
    elif option == flags.PR_SET_KEEPCAPS:
        _keep_caps(pcb, _boolean(argument))
    elif option == flags.PR_GET_KEEPCAPS:
        return int(securebits(pcb) & flags.SECBIT_KEEP_CAPS != 0)
    elif option == flags.PR_SET_CHILD_SUBREAPER:
        _attribute(pcb, SUBREAPER, bool(argument))
    elif option == flags.PR_GET_CHILD_SUBREAPER:
        return int(pcb.attributes & SUBREAPER != 0)
    elif option == flags.PR_SET_NO_NEW_PRIVS:
        if argument != 1:
            raise error(Errno.EINVAL)
        pcb.attributes |= NO_NEW_PRIVS
    elif option == flags.PR_GET_NO_NEW_PRIVS:
        return pcb.attributes & NO_NEW_PRIVS
    elif option == flags.PR_CAPBSET_READ:
        return int(pcb.caps.bounding & _capability(argument) != 0)
    elif option == flags.PR_CAPBSET_DROP:
        _drop_bounding(pcb, argument)
    elif option == flags.PR_GET_SECUREBITS:
        return securebits(pcb)
    elif option == flags.PR_SET_SECUREBITS:
        _change_securebits(pcb, argument)
    elif option == flags.PR_CAP_AMBIENT:
        return _ambient(pcb, argument)
    else:
        raise error(Errno.EINVAL)
    return None


CALLS: dict[int, Callable[..., Any]] = {
    NR.getuid: getuid,
    NR.geteuid: geteuid,
    NR.getgid: getgid,
    NR.getegid: getegid,
    NR.getresuid: getresuid,
    NR.getresgid: getresgid,
    NR.setuid: setuid,
    NR.setgid: setgid,
    NR.setreuid: setreuid,
    NR.setregid: setregid,
    NR.setresuid: setresuid,
    NR.setresgid: setresgid,
    NR.getgroups: getgroups,
    NR.setgroups: setgroups,
    NR.capget: capget,
    NR.capset: capset,
    NR.prctl: prctl,
}
