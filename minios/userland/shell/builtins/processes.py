"""Built-ins about processes and signals: jobs, fg, bg, wait, kill, trap, times."""

from typing import TYPE_CHECKING

from minios.abi import flags as abi
from minios.abi.errno import strerror
from minios.abi.signals import NSIG, SIGRTMIN, Sig, name_of
from minios.userland.lib.stdio import why
from minios.userland.shell.builtins.base import (
    OptionReader,
    illegal_number,
    single_quoted,
    slow,
    whole_number,
)
from minios.userland.shell.errors import ShellError
from minios.userland.shell.jobs import RUNNING, Job

if TYPE_CHECKING:
    from minios.userland.shell.execute import Shell

_USAGE = b"Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]"


def signal_name(number: int) -> bytes:
    """A signal as dash lists it: those without a name by number."""
    if number == 0:
        return b"EXIT"
    if number == Sig.SIGSTKFLT or 31 < number < SIGRTMIN:
        return b"%d" % number
    return name_of(number).encode()


_NUMBERS = {signal_name(number): number for number in range(NSIG + 1)}


def signal_number(text: bytes, lowest: int) -> int | None:
    """The signal ``text`` means to trap and kill (names without ``SIG``); None if none."""
    if text.isdigit():
        number = int(text) if len(text) < 4 else NSIG + 1
        return number if lowest <= number <= NSIG else None
    found = _NUMBERS.get(text.upper())
    return found if found is not None and found >= lowest else None


@slow("trap", special=True)
async def trap(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "")
    for _ in options:
        pass
    args = options.rest
    if not args:
        for sig in sorted(sh.traps.actions):
            sh.put(
                b"trap -- " + single_quoted(sh.traps.actions[sig]) + b" " + signal_name(sig) + b"\n"
            )
        return 0
    action: bytes | None = None
    if len(args) > 1 and not (args[0].isdigit() and signal_number(args[0], 0) is not None):
        action = args[0] if args[0] != b"-" else None
        args = args[1:]
    for name in args:
        number = signal_number(name, 0)
        if number is None:
            await sh.say_error(b"trap: " + name + b": bad trap\n")
            return 1
        if action is not None:
            await sh.reserve(len(action) + 128)
        await sh.traps.set_action(number, action)
    return 0


@slow("kill")
async def kill(sh: "Shell", argv: list[bytes], flags: int) -> int:
    args = argv[1:]
    if not args:
        raise ShellError(_USAGE)
    sig: int | None = None
    listing = False
    if args[0][:1] == b"-":
        sig = signal_number(args[0][1:], 0) if args[0] != b"-EXIT" else None
        if sig is not None:
            args = args[1:]
        else:
            options = OptionReader(argv, "ls:")
            for letter in options:
                if letter == "l":
                    listing = True
                else:
                    sig = signal_number(options.value, 0)
                    if sig is None:
                        raise ShellError(b"invalid signal number or name: " + options.value)
            args = options.rest
    if listing:
        return _list_signals(sh, args)
    if sig is None:
        sig = Sig.SIGTERM
    if not args:
        raise ShellError(_USAGE)
    status = 0
    for arg in args:
        if arg[:1] == b"%":
            pid = -sh.jobs.find(arg).pgid
        elif arg[:1] == b"-":
            pid = -whole_number(arg[1:])
        else:
            pid = whole_number(arg)
        try:
            await sh.sys.kill(pid, sig)
        except OSError as err:
            await sh.warn(strerror(err.errno).encode() + b"\n")
            status = 1
    return status


def _list_signals(sh: "Shell", args: list[bytes]) -> int:
    if not args:
        sh.put(b"0\n", *(signal_name(number) + b"\n" for number in range(1, NSIG + 1)))
        return 0
    number = whole_number(args[0])
    if number > 128:
        number -= 128
    if not 0 < number <= NSIG:
        raise ShellError(b"invalid signal number or exit status: " + args[0])
    sh.put(signal_name(number), b"\n")
    return 0


@slow("wait")
async def wait(sh: "Shell", argv: list[bytes], flags: int) -> int:
    for _ in (options := OptionReader(argv, "")):
        pass
    if not options.rest:
        while any(job.state == RUNNING for job in sh.jobs.order):
            if not await _wait_once(sh, None):
                return sh.traps.interrupting_status()
        for job in list(sh.jobs.order):
            job.waited = True
        return 0
    status = 0
    for arg in options.rest:
        status = 127
        wanted: Job | None
        if arg[:1] == b"%":
            wanted = sh.jobs.find(arg)
        else:
            wanted = sh.jobs.of_last_pid(whole_number(arg))
        if wanted is None:
            continue
        while wanted.state == RUNNING:
            if not await _wait_once(sh, wanted):
                return sh.traps.interrupting_status()
        wanted.waited = True
        status = wanted.status()
    return status


async def _wait_once(sh: "Shell", job: Job | None) -> bool:
    """Wait for something to happen; False when a trapped signal did and no child had changed."""
    reaped = await sh.jobs.reap(abi.WNOHANG if sh.traps.pending else 0, job)
    if not reaped and sh.traps.pending:
        reaped = await sh.jobs.reap(abi.WNOHANG, job)  # SIGCHLD itself may have come first
    sh.traps.check_interrupt()
    return reaped or not sh.traps.pending


@slow("jobs")
async def jobs(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "lp")
    mode = ""
    for letter in options:
        mode = letter
    if options.rest:
        for name in options.rest:
            await sh.jobs.poll()
            sh.put(sh.jobs.show(sh.jobs.find(name), mode))
    else:
        await sh.jobs.poll()
        for job in list(sh.jobs.order):
            sh.put(sh.jobs.show(job, mode))
    return 0


def _job_controlled(sh: "Shell", name: bytes) -> Job:
    job = sh.jobs.find(name)
    if not job.own_group:
        raise ShellError(b"job %s not created under job control" % (name or b"%%"))
    return job


@slow("fg", "bg")
async def resume(sh: "Shell", argv: list[bytes], flags: int) -> int:
    for _ in (options := OptionReader(argv, "")):
        pass
    foreground = argv[0] == b"fg"
    status = 0
    for name in options.rest or [b"%%"]:
        job = _job_controlled(sh, name)
        if not foreground:
            sh.jobs.continued(job)
            sh.put(b"[%d] " % job.number)
        sh.put(job.text() + b"\n")
        await sh.flush()
        status = await sh.jobs.resume(job, foreground)
    return status


@slow("times", special=True)
async def times(sh: "Shell", argv: list[bytes], flags: int) -> int:
    spent = await sh.sys.times()
    for pair in ((spent.utime, spent.stime), (spent.cutime, spent.cstime)):
        sh.put(b"%dm%d.%06ds %dm%d.%06ds\n" % (*_split_time(pair[0]), *_split_time(pair[1])))
    return 0


def _split_time(ns: int) -> tuple[int, int, int]:
    seconds, rest = divmod(ns, 1_000_000_000)
    return seconds // 60, seconds % 60, rest // 1000


# -- limits ----------------------------------------------------------------------------------------

_LIMITS = (
    ("t", b"time(seconds)", abi.RLIMIT_CPU, 1),
    ("f", b"file(blocks)", abi.RLIMIT_FSIZE, 512),
    ("d", b"data(kbytes)", abi.RLIMIT_DATA, 1024),
    ("s", b"stack(kbytes)", abi.RLIMIT_STACK, 1024),
    ("c", b"coredump(blocks)", abi.RLIMIT_CORE, 512),
    ("m", b"memory(kbytes)", abi.RLIMIT_RSS, 1024),
    ("l", b"locked memory(kbytes)", abi.RLIMIT_MEMLOCK, 1024),
    ("p", b"process", abi.RLIMIT_NPROC, 1),
    ("n", b"nofiles", abi.RLIMIT_NOFILE, 1),
    ("v", b"vmemory(kbytes)", abi.RLIMIT_AS, 1024),
    ("w", b"locks", 10, 1),  # RLIMIT_LOCKS
    ("r", b"rtprio", 14, 1),  # RLIMIT_RTPRIO
)


def _amount(value: int, unit: int) -> bytes:
    return b"unlimited" if value == abi.RLIM_INFINITY else b"%d" % (value // unit)


async def _limits(sh: "Shell", resource: int) -> tuple[int, int]:
    """Soft and hard limit; what the kernel does not know is not limited."""
    try:
        return await sh.sys.getrlimit(resource)
    except OSError:
        return abi.RLIM_INFINITY, abi.RLIM_INFINITY


@slow("ulimit")
async def ulimit(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "HSatfdscmlpnvwr")
    hard = soft = False
    everything = False
    chosen = "f"
    for letter in options:
        if letter == "H":
            hard = True
        elif letter == "S":
            soft = True
        elif letter == "a":
            everything = True
        else:
            chosen = letter
    if everything:
        for _, name, resource, unit in _LIMITS:
            pair = await _limits(sh, resource)
            sh.put(b"%-20s " % name, _amount(pair[int(hard and not soft)], unit), b"\n")
        return 0
    resource, unit = next((r, u) for letter, _, r, u in _LIMITS if letter == chosen)
    low, high = await _limits(sh, resource)
    if not options.rest:
        sh.put(_amount(high if hard and not soft else low, unit), b"\n")
        return 0
    if len(options.rest) > 1:
        raise ShellError(b"too many arguments")
    text = options.rest[0]
    if text == b"unlimited":
        value = abi.RLIM_INFINITY
    elif text.isdigit() and len(text) < 18:
        value = int(text) * unit
    else:
        raise ShellError(b"bad number")
    if soft or not hard:
        low = value
    if hard or not soft:
        high = value
    try:
        await sh.sys.setrlimit(resource, low, high)
    except OSError as err:
        raise ShellError(b"error setting limit (" + why(err) + b")") from None
    return 0


@slow("umask")
async def umask(sh: "Shell", argv: list[bytes], flags: int) -> int:
    options = OptionReader(argv, "S")
    symbolic = False
    for _ in options:
        symbolic = True
    old = await sh.sys.umask(0)
    await sh.sys.umask(old)
    if not options.rest:
        if symbolic:
            sh.put(b",".join(_class_modes(~old)), b"\n")
        else:
            sh.put(b"%04o\n" % old)
        return 0
    text = options.rest[0]
    if text[:1].isdigit():
        if text.strip(b"01234567") or len(text) > 8:
            raise illegal_number(text)
        await sh.sys.umask(int(text, 8) & 0o777)
        return 0
    mode = symbolic_mode(text, ~old & 0o777)
    if mode is None:
        raise ShellError(b"Illegal mode: " + text)
    await sh.sys.umask(~mode & 0o777)
    return 0


def _class_modes(mode: int) -> list[bytes]:
    shown: list[bytes] = []
    for name, shift in ((b"u", 6), (b"g", 3), (b"o", 0)):
        bits = mode >> shift & 7
        letters = (b"r" if bits & 4 else b"") + (b"w" if bits & 2 else b"")
        shown.append(name + b"=" + letters + (b"x" if bits & 1 else b""))
    return shown


def symbolic_mode(text: bytes, mode: int) -> int | None:
    """``u+x,go=r`` applied to the permissions ``mode``; None if it is none."""
    shifts = {0x75: 6, 0x67: 3, 0x6F: 0}
    for clause in text.split(b","):
        at = 0
        who: list[int] = []
        while at < len(clause) and clause[at] in b"ugoa":
            who += [6, 3, 0] if clause[at] == 0x61 else [shifts[clause[at]]]
            at += 1
        who = who or [6, 3, 0]
        if at >= len(clause):
            return None
        while at < len(clause):
            op = clause[at]
            if op not in b"+-=":
                return None
            at += 1
            bits = 0
            while at < len(clause) and clause[at] not in b"+-=":
                char = clause[at]
                if char in shifts:
                    bits |= mode >> shifts[char] & 7
                elif char in b"rwx":
                    bits |= {0x72: 4, 0x77: 2, 0x78: 1}[char]
                elif char == 0x58:
                    bits |= 1 if mode & 0o111 else 0
                elif char != 0x73:
                    return None
                at += 1
            for shift in who:
                if op == 0x2B:
                    mode |= bits << shift
                elif op == 0x2D:
                    mode &= ~(bits << shift)
                else:
                    mode = mode & ~(7 << shift) | bits << shift
    return mode
