"""Constants of the system calls: open and poll flags, file modes, wait status, terminal modes.

The values are those of Linux's generic (riscv) ABI.
"""

# open(2), fcntl(2)
O_RDONLY = 0
O_WRONLY = 1
O_RDWR = 2
O_ACCMODE = 3
O_CREAT = 0o100
O_EXCL = 0o200
O_NOCTTY = 0o400
O_TRUNC = 0o1000
O_APPEND = 0o2000
O_NONBLOCK = 0o4000
O_DIRECTORY = 0o200000
O_NOFOLLOW = 0o400000
O_CLOEXEC = 0o2000000

F_DUPFD = 0
F_GETFD = 1
F_SETFD = 2
F_GETFL = 3
F_SETFL = 4
F_DUPFD_CLOEXEC = 1030
FD_CLOEXEC = 1

SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2

# inode(7)
S_IFMT = 0o170000
S_IFSOCK = 0o140000
S_IFLNK = 0o120000
S_IFREG = 0o100000
S_IFBLK = 0o060000
S_IFDIR = 0o040000
S_IFCHR = 0o020000
S_IFIFO = 0o010000
S_ISUID = 0o4000
S_ISGID = 0o2000
S_ISVTX = 0o1000

# access(2)
F_OK = 0
X_OK = 1
W_OK = 2
R_OK = 4

# poll(2)
POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16
POLLNVAL = 32

# waitpid(2)
WNOHANG = 1
WUNTRACED = 2
WCONTINUED = 8


def exit_status(code: int) -> int:
    """The wait status of a process that exited with ``code``."""
    return (code & 0xFF) << 8


def wifexited(status: int) -> bool:
    return status & 0x7F == 0


def wexitstatus(status: int) -> int:
    return status >> 8 & 0xFF


def wifsignaled(status: int) -> bool:
    return status & 0x7F not in (0, 0x7F)


def wtermsig(status: int) -> int:
    return status & 0x7F


def wcoredump(status: int) -> bool:
    return status & 0x80 != 0


def wifstopped(status: int) -> bool:
    return status & 0xFF == 0x7F


def wstopsig(status: int) -> int:
    return status >> 8 & 0xFF


def wifcontinued(status: int) -> bool:
    return status == 0xFFFF


def shell_status(status: int) -> int:
    """``$?`` for a wait status: the exit code, or 128 plus the signal (XCU 2.8.2)."""
    if wifexited(status):
        return wexitstatus(status)
    if wifstopped(status):
        return 128 + wstopsig(status)
    return 128 + wtermsig(status)


# clock_gettime(2)
CLOCK_REALTIME = 0
CLOCK_MONOTONIC = 1
CLOCK_PROCESS_CPUTIME_ID = 2

# getrlimit(2)
RLIMIT_CPU = 0
RLIMIT_FSIZE = 1
RLIMIT_DATA = 2
RLIMIT_STACK = 3
RLIMIT_CORE = 4
RLIMIT_RSS = 5
RLIMIT_NPROC = 6
RLIMIT_NOFILE = 7
RLIMIT_MEMLOCK = 8
RLIMIT_AS = 9
RLIM_INFINITY = (1 << 64) - 1

# getpriority(2)
PRIO_PROCESS = 0
PRIO_PGRP = 1
PRIO_USER = 2

# prctl(2)
PR_SET_NAME = 15
PR_GET_NAME = 16

# reboot(2)
REBOOT_RESTART = 0x1234567
REBOOT_POWER_OFF = 0x4321FEDC

# ioctl_tty(2)
TCGETS = 0x5401
TCSETS = 0x5402
TCSETSW = 0x5403
TCSETSF = 0x5404
TIOCSCTTY = 0x540E
TIOCGPGRP = 0x540F
TIOCSPGRP = 0x5410
TIOCGWINSZ = 0x5413
TIOCSWINSZ = 0x5414
FIONREAD = 0x541B
TIOCNOTTY = 0x5422
TIOCGSID = 0x5429

# termios(3): input, output, control and local modes
IGNBRK = 0o1
BRKINT = 0o2
ICRNL = 0o400
INLCR = 0o100
IGNCR = 0o200
IXON = 0o2000
OPOST = 0o1
ONLCR = 0o4
ISIG = 0o1
ICANON = 0o2
ECHO = 0o10
ECHOE = 0o20
ECHOK = 0o40
ECHONL = 0o100
NOFLSH = 0o200
TOSTOP = 0o400
ECHOCTL = 0o1000
ECHOKE = 0o4000
IEXTEN = 0o100000

# indices into Termios.cc
VINTR = 0
VQUIT = 1
VERASE = 2
VKILL = 3
VEOF = 4
VTIME = 5
VMIN = 6
VSTART = 8
VSTOP = 9
VSUSP = 10
VEOL = 11
VREPRINT = 12
VWERASE = 14
VLNEXT = 15
NCCS = 19

PATH_MAX = 4096
NAME_MAX = 255
ARG_MAX = 131072
"""Bytes of argv and environment that exec accepts (execve(2), E2BIG)."""
PIPE_BUF = 4096
PIPE_SIZE = 65536
