"""Plain records that cross the system-call boundary."""

from typing import NamedTuple


class Stat(NamedTuple):
    """What statx(2) tells of an inode. Times are nanoseconds of CLOCK_REALTIME."""

    dev: int
    ino: int
    mode: int
    nlink: int
    uid: int
    gid: int
    rdev: int
    size: int
    blksize: int
    blocks: int
    atime: int
    mtime: int
    ctime: int


class Dirent(NamedTuple):
    """A directory entry (getdents64(2)); ``type`` is the ``S_IFMT`` part of a mode."""

    name: bytes
    ino: int
    type: int


class StatFs(NamedTuple):
    """statfs(2): sizes in blocks of ``bsize`` bytes."""

    type: bytes
    bsize: int
    blocks: int
    bfree: int
    files: int
    ffree: int


class Dqblk(NamedTuple):
    """quotactl(2): a user's limits and use; space in bytes, times in ns of CLOCK_REALTIME.

    A time of 0 means within the soft limit.
    """

    uid: int
    hard: int
    soft: int
    space: int
    inode_hard: int
    inode_soft: int
    inodes: int
    expires: int
    inode_expires: int


class Termios(NamedTuple):
    """termios(3), without the line speed that no simulated terminal has."""

    iflag: int
    oflag: int
    cflag: int
    lflag: int
    cc: bytes


class Winsize(NamedTuple):
    """Terminal size in characters (ioctl_tty(2), TIOCGWINSZ)."""

    rows: int
    cols: int


class Rusage(NamedTuple):
    """getrusage(2): CPU time in nanoseconds, resident size in bytes."""

    utime: int
    stime: int
    maxrss: int
    nvcsw: int
    nivcsw: int
    minflt: int = 0
    majflt: int = 0


class Waited(NamedTuple):
    """A child that changed state: its pid, wait status (waitpid(2)) and resource use."""

    pid: int
    status: int
    rusage: Rusage
    uid: int = 0
    """The child's real uid."""


class Siginfo(NamedTuple):
    """siginfo_t (sigaction(2)): who sent what, and for SIGCHLD what became of whom."""

    signo: int
    code: int
    pid: int
    uid: int
    status: int = 0
    """SIGCHLD: the exit code, or the signal that ended, stopped or continued it."""
    value: int = 0
    """sigqueue(3): the value sent along."""
    addr: int = 0
    """SIGSEGV and SIGBUS: the address."""


class Times(NamedTuple):
    """times(2), in nanoseconds."""

    utime: int
    stime: int
    cutime: int
    cstime: int
    elapsed: int


class Utsname(NamedTuple):
    """uname(2)."""

    sysname: bytes
    nodename: bytes
    release: bytes
    version: bytes
    machine: bytes


class Flock(NamedTuple):
    """struct flock (fcntl_locking(2)): ``len`` 0 reaches to the end of file; a negative one lies
    before ``start``. ``pid`` is the holder's in what F_GETLK returns, -1 for an OFD lock.
    """

    type: int
    whence: int = 0
    start: int = 0
    len: int = 0
    pid: int = 0


class Sysinfo(NamedTuple):
    """sysinfo(2): uptime in nanoseconds, memory in bytes, loads in 1/65536."""

    uptime: int
    loads: tuple[int, int, int]
    totalram: int
    freeram: int
    procs: int


class Shmid(NamedTuple):
    """shmid_ds (shmctl(2)); times are seconds of CLOCK_REALTIME, 0 for never."""

    key: int
    uid: int
    gid: int
    cuid: int
    cgid: int
    mode: int
    """Permissions, SHM_DEST and SHM_LOCKED among them."""
    size: int
    atime: int
    dtime: int
    ctime: int
    cpid: int
    lpid: int
    nattch: int


class SchedAttr(NamedTuple):
    """struct sched_attr of sched_setattr(2); ``runtime`` in ns, 0 if nothing is said of it."""

    policy: int
    flags: int = 0
    nice: int = 0
    priority: int = 0
    runtime: int = 0
