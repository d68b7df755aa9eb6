"""System-call numbers: Linux's generic table as riscv32 uses it (asm-generic/unistd.h)."""


class NR:
    """System calls' numbers under their names, which are the man pages', section 2.

    Plain integers and no enum: every trap of every program looks one up.
    """

    getcwd = 17
    dup = 23
    dup3 = 24
    fcntl64 = 25
    ioctl = 29
    mknodat = 33
    mkdirat = 34
    unlinkat = 35
    symlinkat = 36
    linkat = 37
    statfs64 = 43
    truncate64 = 45
    ftruncate64 = 46
    faccessat = 48
    chdir = 49
    fchmodat = 53
    fchownat = 54
    openat = 56
    close = 57
    pipe2 = 59
    getdents64 = 61
    llseek = 62
    read = 63
    write = 64
    readlinkat = 78
    fstat64 = 80
    sync = 81
    exit_group = 94
    waitid = 95
    getitimer = 102
    setitimer = 103
    sched_yield = 124
    kill = 129
    rt_sigsuspend = 133
    rt_sigaction = 134
    rt_sigprocmask = 135
    rt_sigpending = 136
    setpriority = 140
    getpriority = 141
    reboot = 142
    setgid = 144
    setreuid = 145
    setuid = 146
    setregid = 143
    times = 153
    setpgid = 154
    getpgid = 155
    getsid = 156
    setsid = 157
    getgroups = 158
    setgroups = 159
    uname = 160
    sethostname = 161
    getrusage = 165
    umask = 166
    prctl = 167
    getpid = 172
    getppid = 173
    getuid = 174
    geteuid = 175
    getgid = 176
    getegid = 177
    sysinfo = 179
    brk = 214
    clone = 220
    execve = 221
    prlimit64 = 261
    renameat2 = 276
    getrandom = 278
    statx = 291
    clock_gettime64 = 403
    clock_nanosleep_time64 = 407
    utimensat_time64 = 412
    ppoll_time64 = 414
    audit_line = 0x4D00
    """MiniOS's own: an interactive shell tells the kernel which line it parsed."""


COMPUTE = -1
"""Not a call: the program runs this many cycles of its own, in user mode."""

NAMES: dict[int, str] = {
    number: name for name, number in vars(NR).items() if isinstance(number, int)
}
"""The name of each call, as strace prints it."""
