"""capsh, getcap, setcap and getpcaps (libcap 2.66)."""

from minios.abi import caps, flags
from minios.abi.errno import Errno
from minios.abi.sys import Sys
from minios.userland.lib import users
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import Reader, complain, read_file, why
from minios.userland.lib.units.find import listing

CAPSH = """\
usage: capsh [args ...]
  --addamb=xxx   add xxx,... capabilities to ambient set
  --caps=xxx     set caps as per cap_from_text()
  --current      show current caps and IAB vectors
  --decode=xxx   decode a hex string to a list of caps
  --delamb=xxx   remove xxx,... capabilities from ambient
  --drop=xxx     drop xxx,... caps from bounding set
  --gid=<n>      set gid to <n> (hint: id <username>)
  --groups=g,... set the supplemental groups
  --has-a=xxx    exit 1 if capability xxx not ambient
  --has-b=xxx    exit 1 if capability xxx not dropped
  --has-i=xxx    exit 1 if capability xxx not inheritable
  --has-p=xxx    exit 1 if capability xxx not permitted
  --has-no-new-privs  exit 1 if privs not limited
  --help, -h     this message (or try 'man capsh')
  --inh=xxx      set xxx,.. inheritable set
  --is-uid=<n>   exit 1 if uid != <n>
  --is-gid=<n>   exit 1 if gid != <n>
  --keep=<n>     set keep-capability bit to <n>
  --no-new-privs set sticky process privilege limiter
  --noamb        reset (drop) all ambient capabilities
  --print        display capability relevant state
  --secbits=<n>  write a new value for securebits
  --shell=/xx/yy use /xx/yy instead of /bin/sh for --
  --supports=xxx exit 1 if capability xxx unsupported
  --uid=<n>      set uid to <n> (hint: id <username>)
  --user=<name>  set uid,gid and groups to that of user
  ==             re-exec(capsh) with args as for --
  --             remaining arguments are for /bin/sh
                 (without -- [capsh] will simply exit(0))
"""

_BITS = (
    ("noroot", flags.SECBIT_NOROOT),
    ("no-suid-fixup", flags.SECBIT_NO_SETUID_FIXUP),
    ("keep-caps", flags.SECBIT_KEEP_CAPS),
    ("no-ambient-raise", flags.SECBIT_NO_CAP_AMBIENT_RAISE),
)


async def sets(sys: Sys, pid: bytes = b"self") -> caps.Caps:
    """The five sets of a process, from /proc. OSError."""
    found: dict[bytes, int] = {}
    for line in (await read_file(sys, b"/proc/" + pid + b"/status")).split(b"\n"):
        if line.startswith(b"Cap"):
            name, _, value = line.partition(b":")
            found[name] = int(value, 16)
    return caps.Caps(
        found[b"CapPrm"], found[b"CapEff"], found[b"CapInh"], found[b"CapBnd"], found[b"CapAmb"]
    )


def text_of(own: caps.Caps) -> str:
    return caps.to_text(own.effective, own.inheritable, own.permitted)


def _iab(own: caps.Caps) -> str:
    """cap_iab_to_text(3): ``!`` is not in the bounding set, ``^`` ambient, ``%`` inheritable."""
    parts = []
    for number in range(caps.CAP_LAST_CAP + 1):
        bit = 1 << number
        mark = "" if own.bounding & bit else "!"
        if own.ambient & bit:
            mark += "^"
        elif own.inheritable & bit:
            mark += "%" if mark else ""
            mark = mark or " "
        if mark:
            parts.append(mark.strip() + caps.name_of(number))
    return ",".join(parts)


def strtoul(text: str, base: int = 10) -> int:
    """The number that a text begins with, as strtoul(3) reads it: 0 if it begins with none."""
    digits = text.strip().lower()
    if base in (0, 16) and digits.startswith("0x"):
        digits, base = digits[2:], 16
    elif base == 0:
        base = 8 if digits.startswith("0") else 10
    known = "0123456789abcdef"[:base]
    count = next((at for at, char in enumerate(digits) if char not in known), len(digits))
    return int(digits[:count] or "0", base) & (1 << 64) - 1


def _names(text: str) -> int:
    """A set out of ``cap_a,cap_b`` or ``all``. ValueError with the bad name."""
    if text.lower() == "all":
        return caps.ALL
    found = 0
    for name in text.split(","):
        number = caps.number_of(name)
        if number is None:
            raise ValueError(name)
        found |= 1 << number
    return found


async def _print(tool: Tool) -> None:
    sys = tool.sys
    own = await sets(sys)
    bits = await sys.prctl(flags.PR_GET_SECUREBITS)
    limited = await sys.prctl(flags.PR_GET_NO_NEW_PRIVS)
    uid, euid, gid = await sys.getuid(), await sys.geteuid(), await sys.getgid()
    known = {user.uid: user.name.decode("latin-1") for user in await users.passwd(sys)}
    groups = {group.gid: group.name.decode("latin-1") for group in await users.groups(sys)}
    rows = [
        f"Current: {text_of(own)}",
        f"Bounding set ={caps.list_text(own.bounding)}",
        f"Ambient set ={caps.list_text(own.ambient)}",
        f"Current IAB: {_iab(own)}",
        f"Securebits: {bits:02o}/{bits:#x}/{max(bits.bit_length(), 1)}'b{bits:b} "
        f"(no-new-privs={limited})",
    ]
    for name, bit in _BITS:
        state = "yes" if bits & bit else "no"
        lock = "locked" if bits & bit << 1 else "unlocked"
        rows.append(f" secure-{name}: {state} ({lock})")
    rows += [
        f"uid={uid}({known.get(uid, '???')}) euid={euid}({known.get(euid, '???')})",
        f"gid={gid}({groups.get(gid, '???')})",
        "groups=" + ",".join(f"{g}({groups.get(g, '???')})" for g in await sys.getgroups()),
        "Guessed mode: " + ("HYBRID (4)" if not bits else "UNCERTAIN (0)"),
    ]
    for row in rows:
        await tool.line(row.encode())


class _Shell:
    """What capsh has been told so far."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.shell = b"/bin/sh"

    async def act(self, word: str) -> int | None:
        """Do what one argument says; the exit status if it ends the program."""
        name, equals, value = word.partition("=")
        if name in ("--print", "--current", "--noamb", "--no-new-privs", "--has-no-new-privs"):
            return await self._plain(name)
        if not equals:
            return await self._usage()
        if name.startswith(("--has-", "--is-", "--supports")):
            return await self._ask(name, value)
        if name == "--decode":
            number = strtoul(value, 16)
            await self.tool.line(f"0x{number:016x}={caps.list_text(number)}".encode())
            return None
        if name == "--shell":
            self.shell = value.encode("latin-1")
            return None
        return await self._change(name, value)

    async def _usage(self) -> int:
        await self.tool.out.flush()
        await complain(self.sys, CAPSH.rstrip().encode())
        return 1

    async def _plain(self, name: str) -> int | None:
        if name == "--print":
            await _print(self.tool)
        elif name == "--current":
            own = await sets(self.sys)
            await self.tool.line(f"Current: {text_of(own)}".encode())
            await self.tool.line(f"Current IAB: {_iab(own)}".encode())
        elif name == "--noamb":
            await self.sys.prctl(flags.PR_CAP_AMBIENT, (flags.PR_CAP_AMBIENT_CLEAR_ALL, 0))
        elif name == "--no-new-privs":
            await self.sys.prctl(flags.PR_SET_NO_NEW_PRIVS, 1)
        elif not await self.sys.prctl(flags.PR_GET_NO_NEW_PRIVS):
            await self.tool.line(b"no-new-privs not set")
            return 1
        return None

    async def _ask(self, name: str, value: str) -> int | None:
        if name in ("--is-uid", "--is-gid"):
            own_id = await (self.sys.getuid() if name == "--is-uid" else self.sys.getgid())
            if str(own_id) != value:
                kind = name[-3:]
                text = f"{kind}: got={own_id}, want={value}"
                await complain(self.sys, text.encode())
                return 1
            return None
        number = caps.number_of(value)
        if number is None:
            await complain(self.sys, f"cap[{value}] not recognized by library".encode())
            return 1
        own = await sets(self.sys)
        held = {"--has-p": own.permitted, "--has-i": own.inheritable, "--has-a": own.ambient,
                "--has-b": own.bounding, "--supports": caps.ALL}  # fmt: skip
        if name not in held:
            return await self._usage()
        if not held[name] >> number & 1:
            what = {"--has-p": "permitted", "--has-i": "inheritable", "--has-a": "in ambient",
                    "--has-b": "in bounding"}[name]  # fmt: skip
            await complain(self.sys, f"cap[{value}] not {what}".encode())
            return 1
        return None

    async def _change(self, name: str, value: str) -> int | None:
        try:
            return await self._changed(name, value)
        except ValueError as err:
            await complain(self.sys, f"cap[{err}] not recognized by library".encode())
            return 1
        except OSError as err:
            what = {
                "--caps": "Unable to set capabilities [" + name + "]",
                "--drop": f"failed to drop [{value}={value}]",
                "--uid": f"Failed to set uid={value}",
                "--gid": f"Failed to set gid={value}",
                "--secbits": f"failed to set securebits to {value}/0x{value}",
                "--addamb": f"failed to add ambient [{value}]",
            }.get(name, f"{name}={value}")
            await complain(self.sys, what.encode() + b": " + why(err))
            return 1

    async def _changed(self, name: str, value: str) -> int | None:
        sys = self.sys
        if name == "--drop":
            for number in caps.members(_names(value)):
                await sys.prctl(flags.PR_CAPBSET_DROP, number)
        elif name in ("--addamb", "--delamb"):
            raised = name == "--addamb"
            operation = flags.PR_CAP_AMBIENT_RAISE if raised else flags.PR_CAP_AMBIENT_LOWER
            for number in caps.members(_names(value)):
                await sys.prctl(flags.PR_CAP_AMBIENT, (operation, number))
        elif name == "--inh":
            effective, permitted, _ = await sys.capget()
            await sys.capset(effective, permitted, _names(value))
        elif name == "--caps":
            found = caps.from_text(value)
            if found is None:
                raise ValueError(value)
            effective, inheritable, permitted = found
            await sys.capset(effective, permitted, inheritable)
        elif name == "--keep":
            await sys.prctl(flags.PR_SET_KEEPCAPS, strtoul(value))
        elif name == "--secbits":
            await sys.prctl(flags.PR_SET_SECUREBITS, strtoul(value, 0))
        elif name == "--uid":
            await self._set_uid(strtoul(value))
        elif name == "--gid":
            await sys.setgid(strtoul(value))
        elif name == "--groups":
            await sys.setgroups([strtoul(number) for number in value.split(",")])
        elif name == "--user":
            account = await users.by_name(sys, value.encode("latin-1"))
            if account is None:
                await complain(sys, f"User [{value}] not known".encode())
                return 1
            await sys.setgroups(await users.group_ids(sys, account.name, account.gid))
            await sys.setgid(account.gid)
            await self._set_uid(account.uid)
        else:
            return await self._usage()
        return None

    async def _set_uid(self, uid: int) -> None:
        """setuid(2) keeping, as cap_setuid(3) does, what keep-caps keeps."""
        await self.sys.setuid(uid)


@program(CAPSH)
async def capsh(tool: Tool) -> int:
    """capsh(1)."""
    shell = _Shell(tool)
    args = tool.argv[1:]
    if not args or args[0] in (b"-h", b"--help"):
        tool.out.put(CAPSH.encode())
        return 0
    for at, arg in enumerate(args):
        if arg in (b"--", b"=="):
            await tool.out.flush()
            own = arg == b"=="
            path = b"/proc/self/exe" if own else shell.shell
            argv0 = tool.name if own else shell.shell
            try:
                await tool.sys.execve(path, [argv0, *args[at + 1 :]], tool.env)
            except OSError as err:
                raise Failure(b"execve '" + path + b"' failed! " + why(err)) from None
        status = await shell.act(arg.decode("latin-1"))
        if status is not None:
            return status
    return 0


# -- files -------------------------------------------------------------------------------------

_SETCAP = """\
usage: setcap [-h] [-q] [-v] [-n <rootid>] (-r|-|<caps>) <filename> [ ... (-r|-|<capsN>) <filenameN> ]

 Note <filename> must be a regular (non-symlink) file.
 -r          remove capability from file
 -           read capability text from stdin
 <capsN>     cap_from_text(3) formatted file capability
 -h          this message and exit status 0
 -q          quietly
 -v          validate supplied capability matches file
"""  # noqa: E501
_GETCAP = """\
usage: getcap [-h] [-r] [-v] <filename> [<filename> ...]

	displays the capabilities on the queried file(s).
"""


async def file_caps(sys: Sys, path: bytes) -> caps.FileCaps | None:
    """The capabilities of a file; None if it has none. OSError."""
    try:
        data = await sys.getxattr(path, caps.XATTR, follow=False)
    except OSError as err:
        if err.errno in (Errno.ENODATA, Errno.ENOTSUP):
            return None
        raise
    return caps.decode_file(data)


def file_text(found: caps.FileCaps) -> str:
    """What getcap prints of a file: the effective flag is one for all."""
    effective = found.permitted | found.inheritable if found.effective else 0
    return caps.to_text(effective, found.inheritable, found.permitted)


def _to_file(text: str) -> caps.FileCaps | None:
    """A file's capabilities out of a text; None if a file cannot have them."""
    parsed = caps.from_text(text)
    if parsed is None:
        return None
    effective, inheritable, permitted = parsed
    if effective and effective != permitted | inheritable:
        return None
    return caps.FileCaps(permitted, inheritable, effective != 0)


@program(_SETCAP)
async def setcap(tool: Tool) -> int:
    """setcap(8)."""
    sys = tool.sys
    args = tool.argv[1:]
    quiet = verify = False
    while args and args[0] in (b"-q", b"-v", b"-h"):
        if args[0] == b"-h":
            await tool.line(_SETCAP.rstrip().encode())
            return 0
        quiet |= args[0] == b"-q"
        verify |= args[0] == b"-v"
        args = args[1:]
    if not args or len(args) % 2:
        await complain(sys, _SETCAP.rstrip().encode())
        return 1
    code = 0
    for at in range(0, len(args), 2):
        text, path = args[at], args[at + 1]
        if text == b"-":
            text = (await Reader(sys, 0).line()).strip()
        code = await _set_one(tool, text, path, verify=verify, quiet=quiet) or code
    return code


async def _set_one(tool: Tool, text: bytes, path: bytes, *, verify: bool, quiet: bool) -> int:
    sys = tool.sys
    wanted: caps.FileCaps | None = None
    if text != b"-r":
        wanted = _to_file(text.decode("latin-1"))
        if wanted is None:
            if caps.from_text(text.decode("latin-1")) is None:
                await complain(sys, b"fatal error: Invalid argument")
                await complain(sys, _SETCAP.rstrip().encode())
                return 1
            await complain(
                sys,
                b"NOTE: Under Linux, effective file capabilities must either be empty, or\n"
                b"      exactly match the union of selected permitted and inheritable bits.",
            )
            await complain(sys, b"Invalid file '" + path + b"' for capability operation")
            return 1
    try:
        if verify:
            return await _verify(tool, wanted, path, quiet=quiet)
        stat = await sys.lstat(path)
        if stat.mode & flags.S_IFMT != flags.S_IFREG:
            await complain(sys, b"Invalid file '" + path + b"' for capability operation")
            return 1
        if wanted is None:
            if await file_caps(sys, path) is None:
                await complain(sys, b"File '" + path + b"' has no capablity to remove")
                return 1
            await sys.removexattr(path, caps.XATTR, follow=False)
        else:
            await sys.setxattr(path, caps.XATTR, caps.encode_file(wanted), follow=False)
    except OSError as err:
        head = b"Failed to set capabilities on file '" + path + b"': "
        await complain(sys, head + why(err))
        return 1
    return 0


async def _verify(tool: Tool, wanted: caps.FileCaps | None, path: bytes, *, quiet: bool) -> int:
    found = await file_caps(tool.sys, path) or caps.FileCaps()
    wanted = wanted or caps.FileCaps()
    differs = "".join(
        letter
        for letter, one, other in (
            ("p", found.permitted, wanted.permitted),
            ("i", found.inheritable, wanted.inheritable),
            ("e", int(found.effective), int(wanted.effective)),
        )
        if one != other
    )
    if not quiet:
        text = f" differs in [{differs}]" if differs else ": OK"
        await tool.line(path + text.encode())
    return int(bool(differs))


@program(_GETCAP, "hrv")
async def getcap(tool: Tool) -> int:
    """getcap(8)."""
    if "h" in tool.options:
        await tool.line(_GETCAP.rstrip().encode())
        return 0
    if not tool.operands:
        await complain(tool.sys, _GETCAP.rstrip().encode())
        return 1
    for path in tool.operands:
        await _get_one(tool, path)
    return 0


async def _get_one(tool: Tool, path: bytes) -> None:
    try:
        stat = await tool.sys.lstat(path)
        if stat.mode & flags.S_IFMT == flags.S_IFDIR:
            for name in await listing(tool.sys, path) if "r" in tool.options else ():
                await _get_one(tool, path.rstrip(b"/") + b"/" + name)
            return
        if stat.mode & flags.S_IFMT != flags.S_IFREG:
            return
        found = await file_caps(tool.sys, path)
    except OSError as err:
        await tool.out.flush()
        await complain(tool.sys, path + b" (" + why(err) + b")")
        return
    if found is not None:
        await tool.line(path + b" " + file_text(found).encode())
    elif "v" in tool.options:
        await tool.line(path)


@program(
    "usage: getpcaps <pid> [<pid> ...]\n\n  This program displays the capabilities of processes."
)
async def getpcaps(tool: Tool) -> int:
    """getpcaps(8)."""
    code = 0
    if len(tool.argv) < 2:
        await complain(tool.sys, b"usage: getpcaps <pid> [<pid> ...]")
        return 1
    for pid in tool.argv[1:]:
        try:
            own = await sets(tool.sys, pid)
        except OSError:
            await tool.out.flush()
            text = b"Failed to get cap's for process " + pid + b": (No such process)"
            await complain(tool.sys, text)
            code = 1
            continue
        await tool.line(pid + b": " + text_of(own).encode())
    return code
