"""The system-call table: Linux's generic one, as riscv32 has it (asm-generic/unistd.h).

One row says everything about a call that is not its implementation: number, name, what its
arguments are (in the order of the C prototype, for strace and for kernels of another kind), what it
returns, what classes of ``strace -e`` it belongs to and what it costs. :data:`NAMES`,
:data:`COSTS` and :data:`ROWS` come from here.
"""

TRAP_CYCLES = 20

ROWS: dict[int, tuple[str, str, str, int]] = {}
"""What is known of a call, by number (:class:`minios.abi.personality.Row` names the fields)."""


def call(
    number: int, arguments: str = "", returns: str = "0", of: str = "", cost: int = TRAP_CYCLES
) -> int:
    """Enter a row into the table; the number.

    ``arguments`` are the kinds of the C arguments. A plain word takes the next argument of the
    request, ``>word`` stands for what the kernel stores there (the request's result), ``=TEXT`` is
    always TEXT. ``returns`` is what the number is that the call returns: ``0``, ``int``, ``len`` of
    the result, … ``of`` has the classes: D descriptors, F file names, M memory, N network,
    P processes, S signals. ``cost`` is cycles, with the trap; what is copied comes on top.
    """
    ROWS[number] = (arguments, returns, of, cost)
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
    epoll_create1 = call(20, "epollflags", returns="fd", of="D")
    epoll_ctl = call(21, "fd epollop fd epollevent", of="D")
    epoll_pwait = call(22, "fd >epollevents int int =NULL =8", returns="len", of="D")
    dup = call(23, "fd", returns="fd", of="D")
    dup3 = call(24, "fd fd cloexec", returns="fd", of="D")
    fcntl64 = call(25, "fd fcntl", returns="fcntl", of="D")
    inotify_init1 = call(26, "inflags", returns="int", of="D")
    inotify_add_watch = call(27, "fd path inmask", returns="int", of="DF")
    inotify_rm_watch = call(28, "fd int", of="D")
    ioctl = call(29, "fd ioctl", of="D")
    flock = call(32, "fd flockop", of="D")
    mknodat = call(33, "=AT_FDCWD path filemode dev", of="DF")
    mkdirat = call(34, "=AT_FDCWD path mode", of="DF")
    unlinkat = call(35, "=AT_FDCWD path removedir", of="DF")
    symlinkat = call(36, "path =AT_FDCWD path", of="DF")
    linkat = call(37, "=AT_FDCWD path =AT_FDCWD path =0", of="DF")
    umount2 = call(39, "path int", of="F")
    mount = call(40, "str path str int str", of="F")
    statfs64 = call(43, "path =88 >statfs", of="F")
    truncate64 = call(45, "path int", of="F")
    ftruncate64 = call(46, "fd int", of="D")
    faccessat = call(48, "=AT_FDCWD path access eaccess", of="DF")
    chdir = call(49, "path", of="F")
    fchmodat = call(53, "=AT_FDCWD path mode", of="DF")
    fchownat = call(54, "=AT_FDCWD path id id nofollow", of="DF")
    openat = call(56, "=AT_FDCWD path oflag creat", returns="fd", of="DF", cost=40)
    close = call(57, "fd", of="D")
    pipe2 = call(59, ">fds cloexec", of="D")
    quotactl = call(60, "int str id any", of="F")
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
    waitid = call(95, "idtype int >waited waitopt =NULL", of="P")
    getitimer = call(102, "=ITIMER_REAL >itimer")
    setitimer = call(103, "=ITIMER_REAL itimer >itimer")
    syslog = call(116, "any any any", returns="int")
    ptrace = call(117, "ptrace", returns="ptrace")
    sched_setparam = call(118, "pid schedparam")
    sched_setscheduler = call(119, "pid schedpolicy schedparam")
    sched_getscheduler = call(120, "pid", returns="schedpolicy")
    sched_getparam = call(121, "pid >schedparam")
    sched_setaffinity = call(122, "pid =8 cpus")
    sched_getaffinity = call(123, "pid =8 >cpus", returns="cpus")
    sched_yield = call(124)
    sched_get_priority_max = call(125, "schedpolicy", returns="int")
    sched_get_priority_min = call(126, "schedpolicy", returns="int")
    getcpu = call(168, ">any =NULL =NULL")
    sched_setattr = call(274, "pid schedattr =0")
    sched_getattr = call(275, "pid >schedattr =56 =0")
    sched_rr_get_interval_time64 = call(423, "pid >timespec")
    restart_syscall = call(128, "restart")
    kill = call(129, "pid sig", of="SP")
    rt_sigsuspend = call(133, "sigset =8", of="S")
    rt_sigaction = call(134, "sig sigaction >oldaction =8", of="S")
    rt_sigprocmask = call(135, "sighow sigset >sigset =8", of="S")
    rt_sigpending = call(136, ">sigset =8", of="S")
    rt_sigqueueinfo = call(138, "pid sig any", of="SP")
    rt_sigreturn = call(139, "frame", returns="int", of="S")
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
    prctl = call(167, "prctl", returns="int")
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
    socket = call(198, "family socktype sockproto", returns="int", of="N")
    socketpair = call(199, "family socktype int >fds", of="N")
    bind = call(200, "fd sockaddr", of="N")
    listen = call(201, "fd int", of="N")
    connect = call(203, "fd sockaddr", of="N")
    getsockname = call(204, "fd >sockaddr", of="N")
    getpeername = call(205, "fd >sockaddr", of="N")
    sendto = call(206, "fd data len msgflags sockaddr", returns="int", of="N")
    recvfrom = call(207, "fd >received int msgflags >sender", returns="received", of="N")
    setsockopt = call(208, "fd sockopt sockval", of="N")
    getsockopt = call(209, "fd sockopt >sockval", of="N")
    shutdown = call(210, "fd shuthow", of="N")
    sendmsg = call(211, "fd sendmsg msgflags", returns="int", of="N")
    recvmsg = call(212, "fd >recvmsg msgflags", returns="received", of="N")
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
    accept4 = call(242, "fd >accepted sockflags", returns="first", of="N")
    prlimit64 = call(261, "pid rlimit newlimit >rlim")
    syncfs = call(267, "fd", of="D")
    renameat2 = call(276, "=AT_FDCWD path =AT_FDCWD path =0", of="DF")
    seccomp = call(277, "seccomp")
    getrandom = call(278, ">data int =0", returns="len")
    statx = call(291, "=AT_FDCWD path statflags =STATX_BASIC_STATS >statx", of="DF", cost=30)
    clock_gettime64 = call(403, "clock >timespec")
    clock_settime64 = call(404, "clock timespec")
    clock_nanosleep_time64 = call(407, "=CLOCK_REALTIME =0 timespec =NULL")
    utimensat_time64 = call(412, "=AT_FDCWD path utimes nofollow", of="DF")
    pselect6_time64 = call(413, "int fdset fdset fdset timespec? =NULL", returns="selected", of="D")
    ppoll_time64 = call(414, "pollfds timespec? =NULL =8", returns="poll", of="D")
    rt_sigtimedwait_time64 = call(421, "sigset >any timespec? =8", returns="int", of="S")
    cgroup_enter = call(0x4D01, "path")
    """MiniOS's own: what writing one's pid to a cgroup.procs file does."""
    audit_line = call(0x4D00, "data int")
    """MiniOS's own: an interactive shell tells the kernel which line it parsed."""
    why = call(0x4D02, "str any", returns="len", cost=2000)
    """MiniOS's own: why a process is as it is, or a file out of reach."""


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
    number: row[3] for number, row in ROWS.items() if row[3] != TRAP_CYCLES
} | {LOAD: 1, STORE: 1}
"""Cycles of the calls that cost more than a trap."""


_UNIMPLEMENTED = """
    0:io_setup 1:io_destroy 2:io_submit 3:io_cancel 18:lookup_dcookie 19:eventfd2
    26:inotify_init1 27:inotify_add_watch
    28:inotify_rm_watch 30:ioprio_set 31:ioprio_get 32:flock 40:mount 41:pivot_root
    42:nfsservctl 44:fstatfs64 47:fallocate 60:quotactl 65:readv 66:writev 67:pread64
    68:pwrite64 69:preadv 70:pwritev 71:sendfile64 74:signalfd4 75:vmsplice 76:splice 77:tee
    84:sync_file_range 85:timerfd_create 89:acct 92:personality 96:set_tid_address
    97:unshare 99:set_robust_list 100:get_robust_list 104:kexec_load 105:init_module
    106:delete_module 107:timer_create 109:timer_getoverrun 111:timer_delete
    118:sched_setparam 119:sched_setscheduler 120:sched_getscheduler 121:sched_getparam
    122:sched_setaffinity 123:sched_getaffinity 125:sched_get_priority_max
    126:sched_get_priority_min 130:tkill 131:tgkill 132:sigaltstack 151:setfsuid
    152:setfsgid 162:setdomainname 168:getcpu 180:mq_open 181:mq_unlink 184:mq_notify
    185:mq_getsetattr 186:msgget 187:msgctl 188:msgrcv 189:msgsnd 190:semget 191:semctl
    193:semop 202:accept 205:getpeername 206:sendto 207:recvfrom 208:setsockopt
    209:getsockopt 210:shutdown 211:sendmsg 212:recvmsg 213:readahead 216:mremap 217:add_key
    218:request_key 219:keyctl 223:fadvise64_64 234:remap_file_pages 235:mbind
    236:get_mempolicy 237:set_mempolicy 238:migrate_pages 239:move_pages
    240:rt_tgsigqueueinfo 241:perf_event_open 242:accept4 258:riscv_hwprobe
    259:riscv_flush_icache 262:fanotify_init 263:fanotify_mark 264:name_to_handle_at
    265:open_by_handle_at 268:setns 269:sendmmsg 270:process_vm_readv 271:process_vm_writev
    272:kcmp 273:finit_module 274:sched_setattr 275:sched_getattr 279:memfd_create 280:bpf
    281:execveat 282:userfaultfd 283:membarrier 284:mlock2 285:copy_file_range 286:preadv2
    287:pwritev2 288:pkey_mprotect 289:pkey_alloc 290:pkey_free 293:rseq 294:kexec_file_load
    405:clock_adjtime64 406:clock_getres_time64 408:timer_gettime64 409:timer_settime64
    410:timerfd_gettime64 411:timerfd_settime64 416:io_pgetevents_time64
    417:recvmmsg_time64 418:mq_timedsend_time64 419:mq_timedreceive_time64
    420:semtimedop_time64 422:futex_time64 423:sched_rr_get_interval_time64
    424:pidfd_send_signal 425:io_uring_setup 426:io_uring_enter 427:io_uring_register
    428:open_tree 429:move_mount 430:fsopen 431:fsconfig 432:fsmount 433:fspick
    434:pidfd_open 435:clone3 436:close_range 437:openat2 438:pidfd_getfd 439:faccessat2
    440:process_madvise 441:epoll_pwait2 442:mount_setattr
"""

_WITH_ARGUMENTS: dict[int, tuple[str, str]] = {
    7: ("fsetxattr", "fd str data len int"),
    10: ("fgetxattr", "fd str any int"),
    13: ("flistxattr", "fd any int"),
    16: ("fremovexattr", "fd str"),
    39: ("umount2", "path int"),
    50: ("fchdir", "fd"),
    51: ("chroot", "path"),
    52: ("fchmod", "fd mode"),
    55: ("fchown", "fd id id"),
    58: ("vhangup", ""),
    82: ("fsync", "fd"),
    83: ("fdatasync", "fd"),
    93: ("exit", "int"),
    178: ("gettid", ""),
    267: ("syncfs", "fd"),
}


def unimplemented() -> dict[int, tuple[str, str]]:
    """Names and arguments of Linux's other calls: ENOSYS here, as in a kernel built without them.

    A program made for another kernel may well make one.
    """
    pairs = (item.partition(":") for item in _UNIMPLEMENTED.split())
    others = {int(number): (name, "any any any any") for number, _, name in pairs}
    return others | _WITH_ARGUMENTS


BRANDS = ("linux", "bsd", "xv6")
"""The kernels that programs may be built for."""
