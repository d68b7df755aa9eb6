"""The system-call table: Linux's generic one, as riscv32 has it (asm-generic/unistd.h).

One row says everything about a call that is not its implementation: number, name, what its
arguments are (in the order of the C prototype, for strace and for kernels of another kind), what it
returns, what classes of ``strace -e`` it belongs to and what it costs. :data:`NAMES`,
:data:`COSTS` and :data:`ROWS` come from here.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """What is known of a call. :data:`ROWS` has it by number."""

    arguments: str
    """Kinds of the C arguments. A plain word takes the next argument of the request, ``>word``
    stands for what the kernel stores there (the request's result), ``=TEXT`` is always TEXT."""
    returns: str
    """What the number is that the call returns: ``0``, ``int``, ``len`` (of the result), …"""
    of: str
    """Classes: D descriptors, F file names, M memory, N network, P processes, S signals."""
    cost: int
    """Cycles, with the trap; what is copied comes on top."""


TRAP_CYCLES = 20

ROWS: dict[int, Row] = {}


def call(
    number: int, arguments: str = "", returns: str = "0", of: str = "", cost: int = TRAP_CYCLES
) -> int:
    """Enter a row into the table; the number."""
    ROWS[number] = Row(arguments, returns, of, cost)
    return number


class NR:
    """System calls' numbers under their names, which are the man pages', section 2.

    Plain integers and no enum: every trap of every program looks one up.
    """

    setxattr = call(5, "path str data len xattrflags", of="F")
    lsetxattr = call(6, "path str data len xattrflags", of="F")
    getxattr = call(8, "path str >data =65536", returns="len", of="F")
    lgetxattr = call(9, "path str >data =65536", returns="len", of="F")
    listxattr = call(11, "path >names =65536", returns="names", of="F")
    llistxattr = call(12, "path >names =65536", returns="names", of="F")
    removexattr = call(14, "path str", of="F")
    lremovexattr = call(15, "path str", of="F")
    getcwd = call(17, ">path =4096", returns="cstr", of="F")
    dup = call(23, "fd", returns="int", of="D")
    dup3 = call(24, "fd fd cloexec", returns="int", of="D")
    fcntl64 = call(25, "fd fcntl", returns="fcntl", of="D")
    inotify_init1 = call(26, "any", returns="int", of="D")
    inotify_add_watch = call(27, "fd path any", returns="int", of="DF")
    inotify_rm_watch = call(28, "fd int", of="D")
    ioctl = call(29, "fd ioctl", of="D")
    flock = call(32, "fd any", of="D")
    mknodat = call(33, "=AT_FDCWD path filemode dev", of="DF")
    mkdirat = call(34, "=AT_FDCWD path mode", of="DF")
    unlinkat = call(35, "=AT_FDCWD path removedir", of="DF")
    symlinkat = call(36, "path =AT_FDCWD path", of="DF")
    linkat = call(37, "=AT_FDCWD path =AT_FDCWD path =0", of="DF")
    statfs64 = call(43, "path =88 >statfs", of="F")
    truncate64 = call(45, "path int", of="F")
    ftruncate64 = call(46, "fd int", of="D")
    faccessat = call(48, "=AT_FDCWD path access eaccess", of="DF")
    chdir = call(49, "path", of="F")
    fchmodat = call(53, "=AT_FDCWD path mode", of="DF")
    fchownat = call(54, "=AT_FDCWD path id id nofollow", of="DF")
    openat = call(56, "=AT_FDCWD path oflag creat", returns="int", of="DF", cost=40)
    close = call(57, "fd", of="D")
    pipe2 = call(59, ">fds cloexec", of="D")
    getdents64 = call(61, "fd >dirents =32768", returns="dirents", of="D", cost=60)
    llseek = call(62, "fd int >offset whence", of="D")
    read = call(63, "fd >data int", returns="len", of="D")
    write = call(64, "fd data len", returns="int", of="D")
    readlinkat = call(78, "=AT_FDCWD path >data =4096", returns="len", of="DF")
    fstat64 = call(80, "fd >stat", of="D")
    sync = call(81)
    fsync = call(82, "fd", of="D")
    fdatasync = call(83, "fd", of="D")
    capget = call(90, "any >any")
    capset = call(91, "any any")
    exit_group = call(94, "int", returns="none", of="P", cost=100)
    waitid = call(95, "waitwho >waited waitopt =NULL", of="P")
    getitimer = call(102, "=ITIMER_REAL >itimer")
    setitimer = call(103, "=ITIMER_REAL itimer >itimer")
    syslog = call(116, "any any any", returns="int")
    ptrace = call(117, "ptrace", returns="ptrace")
    sched_setparam = call(118, "pid any")
    sched_setscheduler = call(119, "pid schedpolicy any")
    sched_getscheduler = call(120, "pid", returns="schedpolicy")
    sched_getparam = call(121, "pid >any")
    sched_setaffinity = call(122, "pid =8 cpus")
    sched_getaffinity = call(123, "pid =8 >cpus", returns="int")
    sched_yield = call(124)
    sched_get_priority_max = call(125, "schedpolicy", returns="int")
    sched_get_priority_min = call(126, "schedpolicy", returns="int")
    getcpu = call(168, ">any =NULL =NULL")
    sched_setattr = call(274, "pid any =0")
    sched_getattr = call(275, "pid >any =56 =0")
    sched_rr_get_interval_time64 = call(423, "pid >any")
    restart_syscall = call(128, "restart")
    kill = call(129, "pid sig", of="SP")
    rt_sigsuspend = call(133, "sigset =8", of="S")
    rt_sigaction = call(134, "sig sigaction >oldaction =8", of="S")
    rt_sigprocmask = call(135, "sighow sigset >sigset =8", of="S")
    rt_sigpending = call(136, ">sigset =8", of="S")
    rt_sigqueueinfo = call(138, "pid sig any", of="SP")
    rt_sigreturn = call(139, returns="sigreturn", of="S")
    setpriority = call(140, "which int int")
    getpriority = call(141, "which int", returns="nice")
    reboot = call(142, "reboot")
    setregid = call(143, "id id")
    setgid = call(144, "id")
    setreuid = call(145, "id id")
    setuid = call(146, "id")
    setresuid = call(147, "id id id")
    getresuid = call(148, ">ids")
    setresgid = call(149, "id id id")
    getresgid = call(150, ">ids")
    times = call(153, ">tms", returns="ticks")
    setpgid = call(154, "pid pid")
    getpgid = call(155, "pid", returns="int")
    getsid = call(156, "pid", returns="int")
    setsid = call(157, returns="int")
    getgroups = call(158, "=65536 >groups", returns="count")
    setgroups = call(159, "count groups")
    uname = call(160, ">utsname")
    sethostname = call(161, "data len")
    getrusage = call(165, "usagewho >rusage")
    umask = call(166, "mode", returns="oct")
    prctl = call(167, "prctl")
    getpid = call(172, returns="int")
    getppid = call(173, returns="int")
    getuid = call(174, returns="int")
    geteuid = call(175, returns="int")
    getgid = call(176, returns="int")
    getegid = call(177, returns="int")
    sysinfo = call(179, ">sysinfo")
    shmget = call(194, "any int any", returns="int")
    shmctl = call(195, "int any any")
    shmat = call(196, "int any any", returns="addr", of="M")
    shmdt = call(197, "addr", of="M")
    socket = call(198, "int int int", returns="int", of="N")
    socketpair = call(199, "int int int >fds", of="N")
    bind = call(200, "fd any", of="N")
    listen = call(201, "fd int", of="N")
    connect = call(203, "fd any", of="N")
    getsockname = call(204, "fd >any", of="N")
    getpeername = call(205, "fd >any", of="N")
    sendto = call(206, "fd data any any", returns="int", of="N")
    recvfrom = call(207, "fd >any int any", returns="any", of="N")
    setsockopt = call(208, "fd int int any", of="N")
    getsockopt = call(209, "fd int int >any", of="N")
    shutdown = call(210, "fd int", of="N")
    sendmsg = call(211, "fd data any any any", returns="int", of="N")
    recvmsg = call(212, "fd >any int any", returns="any", of="N")
    brk = call(214, "brk", returns="addr", of="M")
    munmap = call(215, "addr int", of="M", cost=60)
    clone = call(220, "clone", returns="int", of="P", cost=400)
    execve = call(221, "path argv envp", of="FP", cost=800)
    mmap2 = call(222, "addr int mprot mapflags fd int", returns="addr", of="DM", cost=60)
    swapon = call(224, "path any", of="F")
    swapoff = call(225, "path", of="F")
    mprotect = call(226, "addr int mprot", of="M", cost=40)
    msync = call(227, "addr int msyncflags", of="M")
    mlock = call(228, "addr int", of="M")
    munlock = call(229, "addr int", of="M")
    mlockall = call(230, "any", of="M")
    munlockall = call(231, of="M")
    mincore = call(232, "addr int >data", of="M")
    madvise = call(233, "addr int madvice", of="M")
    accept4 = call(242, "fd >any any", returns="any", of="N")
    prlimit64 = call(261, "pid rlimit newlimit >rlim")
    syncfs = call(267, "fd", of="D")
    process_vm_readv = call(270, "pid any", returns="len")
    renameat2 = call(276, "=AT_FDCWD path =AT_FDCWD path =0", of="DF")
    seccomp = call(277, "seccomp")
    getrandom = call(278, ">data int =0", returns="len")
    statx = call(291, "=AT_FDCWD path statflags =STATX_BASIC_STATS >statx", of="DF", cost=30)
    clock_gettime64 = call(403, "clock >timespec")
    clock_settime64 = call(404, "clock timespec")
    clock_nanosleep_time64 = call(407, "=CLOCK_REALTIME =0 timespec =NULL")
    utimensat_time64 = call(412, "=AT_FDCWD path utimes nofollow", of="DF")
    ppoll_time64 = call(414, "pollfds timespec? =NULL =8", returns="poll", of="D")
    rt_sigtimedwait_time64 = call(421, "sigset >any timespec? =8", returns="int", of="S")
    cgroup_enter = call(0x4D01, "path")
    """MiniOS's own: what writing one's pid to a cgroup.procs file does."""
    audit_line = call(0x4D00, "data int")
    """MiniOS's own: an interactive shell tells the kernel which line it parsed."""


COMPUTE = -1
"""Not a call: the program runs this many cycles of its own, in user mode."""
LOAD = -2
"""Not a call: the program reads bytes at an address of its own."""
STORE = -3
"""Not a call: the program writes bytes at an address of its own."""
PAGEIN = -5
"""Not a call: a program waits until what it cannot go on without is back from swap."""
PROBE = -4
"""Not a call: a library function tells whoever traces it of a call or a return (ltrace)."""

NAMES: dict[int, str] = {
    number: name for name, number in vars(NR).items() if isinstance(number, int)
}
"""The name of each call, as strace prints it."""

COSTS: dict[int, int] = {
    number: row.cost for number, row in ROWS.items() if row.cost != TRAP_CYCLES
}
"""Cycles of the calls that cost more than a trap."""
