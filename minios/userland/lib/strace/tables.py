"""The names of flags and choices, in the order in which strace prints them."""

from minios.abi import flags, netdevice, ptrace

Table = tuple[tuple[int, str], ...]


def _of(module: object, *words: str) -> Table:
    return tuple((getattr(module, word), word) for word in words)


ACCESS_MODES = {0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR", 3: "O_ACCMODE"}
OPEN = _of(
    flags, "O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND", "O_NONBLOCK", "O_SYNC",
    "O_DSYNC", "O_DIRECT", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC",
)  # fmt: skip
ACCESS = _of(flags, "R_OK", "W_OK", "X_OK")
POLL = _of(
    flags, "POLLIN", "POLLPRI", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL", "POLLRDNORM",
    "POLLRDBAND", "POLLWRNORM", "POLLWRBAND", "POLLRDHUP",
)  # fmt: skip
WAIT = _of(flags, "WNOHANG", "WSTOPPED", "WEXITED", "WCONTINUED", "WNOWAIT")
SA = (
    (0x1, "SA_NOCLDSTOP"), (0x2, "SA_NOCLDWAIT"), (0x4, "SA_SIGINFO"), (0x10000000, "SA_RESTART"),
    (0x40000000, "SA_NODEFER"), (0x80000000, "SA_RESETHAND"),
)  # fmt: skip
PROT = _of(flags, "PROT_READ", "PROT_WRITE", "PROT_EXEC")
MAP = _of(
    flags, "MAP_SHARED", "MAP_PRIVATE", "MAP_FIXED", "MAP_ANONYMOUS", "MAP_GROWSDOWN",
    "MAP_LOCKED", "MAP_NORESERVE", "MAP_POPULATE", "MAP_STACK", "MAP_FIXED_NOREPLACE",
)  # fmt: skip
MS = _of(flags, "MS_ASYNC", "MS_INVALIDATE", "MS_SYNC")
XATTR = _of(flags, "XATTR_CREATE", "XATTR_REPLACE")
LOCKS = _of(flags, "LOCK_SH", "LOCK_EX", "LOCK_NB", "LOCK_UN")
OPTIONS = _of(
    ptrace, "PTRACE_O_TRACESYSGOOD", "PTRACE_O_TRACEFORK", "PTRACE_O_TRACEVFORK",
    "PTRACE_O_TRACECLONE", "PTRACE_O_TRACEEXEC", "PTRACE_O_TRACEVFORKDONE", "PTRACE_O_TRACEEXIT",
    "PTRACE_O_TRACESECCOMP", "PTRACE_O_EXITKILL",
)  # fmt: skip

IFLAG = (
    (0o1, "IGNBRK"), (0o2, "BRKINT"), (0o100, "INLCR"), (0o200, "IGNCR"), (0o400, "ICRNL"),
    (0o2000, "IXON"), (0o4000, "IXANY"), (0o10000, "IXOFF"), (0o20000, "IMAXBEL"),
    (0o40000, "IUTF8"),
)  # fmt: skip
OFLAG = ((0o1, "OPOST"), (0o4, "ONLCR"))
LFLAG = (
    (0o1, "ISIG"), (0o2, "ICANON"), (0o10, "ECHO"), (0o20, "ECHOE"), (0o40, "ECHOK"),
    (0o100, "ECHONL"), (0o200, "NOFLSH"), (0o100000, "IEXTEN"), (0o1000, "ECHOCTL"),
    (0o4000, "ECHOKE"), (0o400, "TOSTOP"),
)  # fmt: skip


def _choice(module: object, *words: str) -> dict[int, str]:
    return {getattr(module, word): word for word in words}


WHENCE = _choice(flags, "SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA")
FCNTL = _choice(
    flags, "F_DUPFD", "F_GETFD", "F_SETFD", "F_GETFL", "F_SETFL", "F_GETLK", "F_SETLK",
    "F_SETLKW", "F_OFD_GETLK", "F_OFD_SETLK", "F_OFD_SETLKW", "F_DUPFD_CLOEXEC",
    "F_SETPIPE_SZ", "F_GETPIPE_SZ",
)  # fmt: skip
IOCTL = _choice(
    flags, "TCGETS", "TCSETS", "TCSETSW", "TCSETSF", "TIOCSCTTY", "TIOCGPGRP", "TIOCSPGRP",
    "TIOCGWINSZ", "TIOCSWINSZ", "FIONREAD", "TIOCNOTTY", "TIOCGSID",
) | netdevice.NAMES  # fmt: skip
CLOCKS = _choice(flags, "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID")
WHICH = _choice(flags, "PRIO_PROCESS", "PRIO_PGRP", "PRIO_USER")
IDTYPES = _choice(flags, "P_ALL", "P_PID", "P_PGID")
RLIMITS = _choice(
    flags, "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE",
    "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS",
    "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
)  # fmt: skip
PRCTL = {value: name for name, value in vars(flags).items() if name.startswith("PR_")
         and not name.startswith("PR_CAP_AMBIENT_")}  # fmt: skip
MADV = {value: name for name, value in vars(flags).items() if name.startswith("MADV_")}
HOW = {0: "SIG_BLOCK", 1: "SIG_UNBLOCK", 2: "SIG_SETMASK"}
REQUESTS = {
    value: name
    for name, value in vars(ptrace).items()
    if name.startswith("PTRACE_") and not name.startswith(("PTRACE_O_", "PTRACE_EVENT_"))
}
MCL = _of(flags, "MCL_CURRENT", "MCL_FUTURE")
FILE_SYSTEMS = {
    b"ext4": "EXT2_SUPER_MAGIC", b"proc": "PROC_SUPER_MAGIC", b"tmpfs": "TMPFS_MAGIC",
    b"devtmpfs": "TMPFS_MAGIC", b"sysfs": "SYSFS_MAGIC", b"pipefs": "PIPEFS_MAGIC",
}  # fmt: skip
TYPES = {
    flags.S_IFSOCK: "S_IFSOCK", flags.S_IFLNK: "S_IFLNK", flags.S_IFREG: "S_IFREG",
    flags.S_IFBLK: "S_IFBLK", flags.S_IFDIR: "S_IFDIR", flags.S_IFCHR: "S_IFCHR",
    flags.S_IFIFO: "S_IFIFO",
}  # fmt: skip
CHILD = {value: name for name, value in vars(flags).items() if name.startswith("CLD_")}
