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
O_DSYNC = 0o10000
O_DIRECT = 0o40000
O_DIRECTORY = 0o200000
O_NOFOLLOW = 0o400000
O_CLOEXEC = 0o2000000
O_SYNC = 0o4010000
"""Data and metadata; O_DSYNC is one of its bits."""

F_DUPFD = 0
F_GETFD = 1
F_SETFD = 2
F_GETFL = 3
F_SETFL = 4
F_GETLK = 12
F_SETLK = 13
F_SETLKW = 14
F_OFD_GETLK = 36
F_OFD_SETLK = 37
F_OFD_SETLKW = 38
F_DUPFD_CLOEXEC = 1030
F_SETPIPE_SZ = 1031
F_GETPIPE_SZ = 1032
FD_CLOEXEC = 1

# fcntl_locking(2): types of a record lock
F_RDLCK = 0
F_WRLCK = 1
F_UNLCK = 2

# flock(2)
LOCK_SH = 1
LOCK_EX = 2
LOCK_NB = 4
LOCK_UN = 8

SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2
SEEK_DATA = 3

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

# mount(2), umount(2)
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_SYNCHRONOUS = 16
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_SILENT = 32768
MS_RELATIME = 1 << 21
MS_STRICTATIME = 1 << 24
MNT_FORCE = 1
MNT_DETACH = 2

# quotactl(2)
Q_SYNC = 0x800001
Q_QUOTAON = 0x800002
Q_QUOTAOFF = 0x800003
Q_GETINFO = 0x800005
Q_SETINFO = 0x800006
Q_GETQUOTA = 0x800007
Q_SETQUOTA = 0x800008
Q_GETNEXTQUOTA = 0x800009

# access(2)
F_OK = 0
X_OK = 1
W_OK = 2
R_OK = 4

# setxattr(2)
XATTR_CREATE = 1
XATTR_REPLACE = 2

# poll(2)
POLLIN = 1
POLLPRI = 2
POLLOUT = 4
POLLERR = 8
POLLHUP = 16
POLLNVAL = 32
POLLRDNORM = 0x40
POLLRDBAND = 0x80
POLLWRNORM = 0x100
POLLWRBAND = 0x200
POLLRDHUP = 0x2000

# waitpid(2)
WNOHANG = 1
WUNTRACED = 2
WSTOPPED = 2
WEXITED = 4
WCONTINUED = 8
WNOWAIT = 0x0100_0000

P_ALL = 0
P_PID = 1
P_PGID = 2

# waitid(2): si_code of SIGCHLD
CLD_EXITED = 1
CLD_KILLED = 2
CLD_DUMPED = 3
CLD_TRAPPED = 4
CLD_STOPPED = 5
CLD_CONTINUED = 6

# sigaction(2): si_code
SI_USER = 0
SI_KERNEL = 0x80
SI_QUEUE = -1
SI_TKILL = -6


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


def child_code(status: int) -> tuple[int, int]:
    """(si_code, si_status) of a wait status, as waitid(2) and SIGCHLD tell it."""
    if wifcontinued(status):
        return CLD_CONTINUED, 18
    if wifstopped(status):
        return CLD_STOPPED, wstopsig(status)
    if wifexited(status):
        return CLD_EXITED, wexitstatus(status)
    return CLD_DUMPED if wcoredump(status) else CLD_KILLED, wtermsig(status)


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
RLIMIT_LOCKS = 10
RLIMIT_SIGPENDING = 11
RLIMIT_MSGQUEUE = 12
RLIMIT_NICE = 13
RLIMIT_RTPRIO = 14
RLIMIT_RTTIME = 15
RLIM_NLIMITS = 16
RLIM_INFINITY = (1 << 64) - 1

# getpriority(2)
PRIO_PROCESS = 0
PRIO_PGRP = 1
PRIO_USER = 2

# prctl(2)
PR_SET_PDEATHSIG = 1
PR_GET_PDEATHSIG = 2
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_GET_KEEPCAPS = 7
PR_SET_KEEPCAPS = 8
PR_SET_NAME = 15
PR_GET_NAME = 16
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_GET_SECUREBITS = 27
PR_SET_SECUREBITS = 28
PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_CAP_AMBIENT = 47

PR_CAP_AMBIENT_IS_SET = 1
PR_CAP_AMBIENT_RAISE = 2
PR_CAP_AMBIENT_LOWER = 3
PR_CAP_AMBIENT_CLEAR_ALL = 4

# capabilities(7), The securebits flags
SECBIT_NOROOT = 0x01
SECBIT_NOROOT_LOCKED = 0x02
SECBIT_NO_SETUID_FIXUP = 0x04
SECBIT_NO_SETUID_FIXUP_LOCKED = 0x08
SECBIT_KEEP_CAPS = 0x10
SECBIT_KEEP_CAPS_LOCKED = 0x20
SECBIT_NO_CAP_AMBIENT_RAISE = 0x40
SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED = 0x80

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
TIOCSPTLCK = 0x4004_5431
TIOCGPTN = 0x8004_5430
TIOCGPTLCK = 0x8004_5439
TIOCGSID = 0x5429

# ioctl(FS_IOC_FIEMAP): the extents of a file (Documentation/filesystems/fiemap.rst)
FS_IOC_FIEMAP = 0xC020660B
FIEMAP_FLAG_SYNC = 1
FIEMAP_EXTENT_LAST = 1
FIEMAP_EXTENT_UNKNOWN = 2
FIEMAP_EXTENT_DELALLOC = 4

# block devices (sd(4))
BLKROGET = 0x125E
BLKSSZGET = 0x1268
BLKGETSIZE64 = 0x80081272

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

# mmap(2), mprotect(2), madvise(2), msync(2)
PROT_NONE = 0
PROT_READ = 1
PROT_WRITE = 2
PROT_EXEC = 4
MAP_SHARED = 0x01
MAP_PRIVATE = 0x02
MAP_FIXED = 0x10
MAP_ANONYMOUS = 0x20
MAP_GROWSDOWN = 0x0100
MAP_LOCKED = 0x2000
MAP_NORESERVE = 0x4000
MAP_POPULATE = 0x8000
MAP_STACK = 0x2_0000
MAP_FIXED_NOREPLACE = 0x10_0000
MADV_NORMAL = 0
MADV_RANDOM = 1
MADV_SEQUENTIAL = 2
MADV_WILLNEED = 3
MADV_DONTNEED = 4
MADV_COLD = 20
MADV_PAGEOUT = 21
MS_ASYNC = 1
MS_INVALIDATE = 2
MS_SYNC = 4
MCL_CURRENT = 1
MCL_FUTURE = 2

# shmget(2), shmctl(2), shmat(2)
IPC_PRIVATE = 0
IPC_CREAT = 0o1000
IPC_EXCL = 0o2000
IPC_RMID = 0
IPC_SET = 1
IPC_STAT = 2
SHM_RDONLY = 0o10000
SHM_RND = 0o20000
SHM_REMAP = 0o40000
SHM_DEST = 0o1000
SHM_LOCKED = 0o2000

# swapon(2)
SWAP_FLAG_PREFER = 0x8000
SWAP_FLAG_PRIO_MASK = 0x7FFF

# sigaction(2): si_code of SIGSEGV and SIGBUS
SEGV_MAPERR = 1
SEGV_ACCERR = 2
BUS_ADRERR = 2

# sched(7)
SCHED_OTHER = 0
SCHED_FIFO = 1
SCHED_RR = 2
SCHED_BATCH = 3
SCHED_IDLE = 5
SCHED_RESET_ON_FORK = 0x40000000
SCHED_FLAG_RESET_ON_FORK = 1
