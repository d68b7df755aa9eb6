"""setpriv (util-linux 2.38.1)."""

from minios.abi import caps, flags
from minios.abi.errno import Errno
from minios.abi.signals import name_of, number_of
from minios.userland.bin.capabilities import sets
from minios.userland.lib import users
from minios.userland.lib.execvp import execvp
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import why

SETPRIV = """
Usage:
 setpriv [options] <program> [<argument>...]

Run a program with different privilege settings.

Options:
 -d, --dump                  show current state (and do not exec)
 --nnp, --no-new-privs       disallow granting new privileges
 --ambient-caps <caps,...>   set ambient capabilities
 --inh-caps <caps,...>       set inheritable capabilities
 --bounding-set <caps>       set capability bounding set
 --ruid <uid|user>           set real uid
 --euid <uid|user>           set effective uid
 --rgid <gid|user>           set real gid
 --egid <gid|group>          set effective gid
 --reuid <uid|user>          set real and effective uid
 --regid <gid|group>         set real and effective gid
 --clear-groups              clear supplementary groups
 --keep-groups               keep supplementary groups
 --init-groups               initialize supplementary groups
 --groups <group,...>        set supplementary groups by UID or name
 --pdeathsig keep|clear|<signame>
                             set or clear parent death signal
 --reset-env                 clear all environment and initialize
                               HOME, SHELL, USER, LOGNAME and PATH

 -h, --help                  display this help
 -V, --version               display version

For more details see setpriv(1).
"""

_LONG = (
    "dump=d", "nnp", "no-new-privs=nnp", "ambient-caps:", "inh-caps:", "bounding-set:", "ruid:",
    "euid:", "rgid:", "egid:", "reuid:", "regid:", "clear-groups", "keep-groups", "init-groups",
    "groups:", "pdeathsig:", "reset-env", "help=h", "version=V",
)  # fmt: skip


async def _uid(tool: Tool, option: str) -> int | None:
    text = tool.options.last(option)
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    account = await users.by_name(tool.sys, text)
    if account is None:
        raise Failure(b"failed to parse " + option.encode() + b": '" + text + b"'")
    return account.uid


async def _gid(tool: Tool, option: str, text: bytes | None) -> int | None:
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    for group in await users.groups(tool.sys):
        if group.name == text:
            return group.gid
    raise Failure(b"failed to parse " + option.encode() + b": '" + text + b"'")


def _apply(text: bytes, old: int) -> int:
    """``+cap,-cap,+all`` on a set."""
    found = old
    for word in text.decode("latin-1").split(","):
        sign, name = word[:1], word[1:]
        if sign not in ("+", "-"):
            raise Failure(b"bad capability string")
        number = caps.number_of("cap_" + name.removeprefix("cap_"))
        if name == "all":
            which = caps.ALL
        elif number is None:
            raise Failure(b'unknown capability "' + name.encode("latin-1") + b'"')
        else:
            which = 1 << number
        found = found | which if sign == "+" else found & ~which
    return found


def _short(which: int) -> str:
    return caps.list_text(which).replace("cap_", "") or "[none]"


async def _dump(tool: Tool) -> int:
    sys = tool.sys
    own = await sets(sys)
    groups = ",".join(str(gid) for gid in await sys.getgroups()) or "[none]"
    bits = await sys.prctl(flags.PR_GET_SECUREBITS)
    names = [
        name
        for name, bit in (
            ("noroot", 1), ("noroot_locked", 2), ("no_setuid_fixup", 4),
            ("no_setuid_fixup_locked", 8), ("keep_caps_locked", 32),
        )
        if bits & bit
    ]  # fmt: skip
    sig = await sys.prctl(flags.PR_GET_PDEATHSIG)
    for row in (
        f"uid: {await sys.getuid()}",
        f"euid: {await sys.geteuid()}",
        f"gid: {await sys.getgid()}",
        f"egid: {await sys.getegid()}",
        f"Supplementary groups: {groups}",
        f"no_new_privs: {await sys.prctl(flags.PR_GET_NO_NEW_PRIVS)}",
        f"Inheritable capabilities: {_short(own.inheritable)}",
        f"Ambient capabilities: {_short(own.ambient)}",
        f"Capability bounding set: {_short(own.bounding)}",
        f"Securebits: {','.join(names) or '[none]'}",
        f"Parent death signal: {name_of(sig) if sig else '[none]'}",
    ):
        await tool.line(row.encode())
    return 0


@program(SETPRIV)
async def setpriv(tool: Tool) -> int:
    """setpriv(1)."""
    try:
        options = tool.options = parse(tool.argv[1:], "dhV", _LONG, permute=False)
    except UsageError as err:
        raise Failure(str(err).encode("latin-1"), hint=True) from None
    if "h" in options:
        await tool.line(SETPRIV.strip("\n").encode())
        return 0
    if "V" in options:
        await tool.line(b"setpriv from util-linux 2.38.1")
        return 0
    if "d" in options:
        if tool.operands:
            raise Failure(b"--dump is incompatible with all other options")
        return await _dump(tool)
    if not tool.operands:
        raise Failure(b"No program specified")
    env = await _prepare(tool)
    try:
        await execvp(tool.sys, tool.operands, env)
    except OSError as err:
        text = b"failed to execute " + tool.operands[0] + b": " + why(err)
        raise Failure(text, 127 if err.errno == Errno.ENOENT else 126) from None
    return 126


async def _prepare(tool: Tool) -> dict[bytes, bytes]:
    """Change everything that was asked for; the environment for the program."""
    sys, options = tool.sys, tool.options
    uids = {name: await _uid(tool, name) for name in ("ruid", "euid", "reuid")}
    gids = {name: await _gid(tool, name, options.last(name)) for name in ("rgid", "egid", "regid")}
    ruid = uids["ruid"] if uids["ruid"] is not None else uids["reuid"]
    euid = uids["euid"] if uids["euid"] is not None else uids["reuid"]
    rgid = gids["rgid"] if gids["rgid"] is not None else gids["regid"]
    egid = gids["egid"] if gids["egid"] is not None else gids["regid"]
    choice = [n for n in ("clear-groups", "keep-groups", "init-groups", "groups") if n in options]
    if egid is not None and not choice:
        raise Failure(
            b"--[re]gid requires --keep-groups, --clear-groups, --init-groups, or --groups"
        )
    account = await users.by_uid(sys, ruid if ruid is not None else await sys.getuid())
    env = dict(tool.env)
    if "reset-env" in options and account is not None:
        env = {
            b"HOME": account.home, b"SHELL": account.shell or b"/bin/sh", b"USER": account.name,
            b"LOGNAME": account.name,
            b"PATH": b"/usr/local/bin:/bin:/usr/bin" if account.uid else
            b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }  # fmt: skip
    try:
        if "nnp" in options:
            await sys.prctl(flags.PR_SET_NO_NEW_PRIVS, 1)
        await _ids(tool, ruid, euid, rgid, egid, account)
        await _caps(tool)
        await _death(tool)
    except OSError as err:
        raise Failure(b"setting privileges failed: " + why(err)) from None
    return env


async def _ids(
    tool: Tool,
    ruid: int | None,
    euid: int | None,
    rgid: int | None,
    egid: int | None,
    account: users.Passwd | None,
) -> None:
    sys, options = tool.sys, tool.options
    uid_given = ruid is not None or euid is not None
    if uid_given and ("inh-caps" in options or "ambient-caps" in options):
        await sys.prctl(flags.PR_SET_KEEPCAPS, 1)
    groups: tuple[int, ...] | None = () if "clear-groups" in options else None
    if "init-groups" in options:
        if account is None:
            raise Failure(
                b"uid not found, --init-groups requires an user that can be found on the system"
            )
        groups = await users.group_ids(sys, account.name, account.gid)
    if (text := options.last("groups")) is not None:
        found = [await _gid(tool, "groups", word) for word in text.split(b",")]
        groups = tuple(gid for gid in found if gid is not None)
    keep = -1
    if groups is not None:
        try:
            await sys.setgroups(groups)
        except OSError as err:
            raise Failure(b"setgroups failed: " + why(err)) from None
    if rgid is not None or egid is not None:
        try:
            new = egid if egid is not None else keep
            await sys.setresgid(rgid if rgid is not None else keep, new, new)
        except OSError as err:
            raise Failure(b"setresgid failed: " + why(err)) from None
    if uid_given:
        try:
            new = euid if euid is not None else keep
            await sys.setresuid(ruid if ruid is not None else keep, new, new)
        except OSError as err:
            raise Failure(b"setresuid failed: " + why(err)) from None


async def _caps(tool: Tool) -> None:
    sys, options = tool.sys, tool.options
    if (text := options.last("bounding-set")) is not None:
        own = await sets(sys)
        for number in caps.members(own.bounding & ~_apply(text, own.bounding)):
            await sys.prctl(flags.PR_CAPBSET_DROP, number)
    if (text := options.last("inh-caps")) is not None:
        own = await sets(sys)
        await sys.capset(own.effective, own.permitted, _apply(text, own.inheritable))
    if (text := options.last("ambient-caps")) is not None:
        own = await sets(sys)
        new = _apply(text, own.ambient)
        for number in caps.members(own.ambient ^ new):
            raised = new >> number & 1
            operation = flags.PR_CAP_AMBIENT_RAISE if raised else flags.PR_CAP_AMBIENT_LOWER
            await sys.prctl(flags.PR_CAP_AMBIENT, (operation, number))


async def _death(tool: Tool) -> None:
    text = tool.options.last("pdeathsig")
    if text is None or text == b"keep":
        return
    sig = 0 if text == b"clear" else number_of(text.decode("latin-1"))
    if sig is None:
        raise Failure(b"unknown signal: " + text)
    await tool.sys.prctl(flags.PR_SET_PDEATHSIG, sig)
