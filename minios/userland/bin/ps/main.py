"""ps: report the processes (procps-ng 4.0.2). Reads /proc and nothing else.

``pids``, ``ttys`` and other lists select by union, as POSIX has it; without any selection ps shows
the caller's processes on its terminal. UNIX options come after a dash, BSD options without one.
"""

from minios.abi.sys import Sys
from minios.userland.bin.ps.layout import choose, line_width, row
from minios.userland.bin.ps.options import read_options
from minios.userland.bin.ps.request import Bad, Conflict, Field, Request
from minios.userland.bin.ps.select import arrange, matches
from minios.userland.lib import users
from minios.userland.lib.proc import Process, meminfo, pid_digits, read_process, uptime
from minios.userland.lib.procfiles import boot_time, pids, read_optional
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.pscolumns import COLUMNS, Fit, find, names
from minios.userland.lib.stdio import complain, list_dir
from minios.userland.lib.utf8 import clip, decode, encode

USAGE = """
Usage:
 ps [options]

 Try 'ps --help <simple|list|output|threads|misc|all>'
  or 'ps --help <s|l|o|t|m|a>'
 for additional help text.

For more details see ps(1).
"""

HELP = {
    "simple": """Basic options:
 -A, -e               every process
 -a                   those with a terminal, except session leaders
  a                   those with a terminal, of every user
 -d                   all except session leaders
 -N, --deselect       turn the selection around
  r                   only running ones
  T                   those on this terminal
  x                   those without a terminal too""",
    "list": """Selection by list:
 -C <command>         command name
 -G, --Group <GID>    real group id or name
 -g, --group <group>  session or effective group name
 -p, p, --pid <PID>   process id
        --ppid <PID>  parent process id
 -q, q, --quick-pid <PID>
                      process id, in the order given
 -s, --sid <session>  session id
 -t, t, --tty <tty>   terminal
 -u, U, --user <UID>  effective user id or name
 -U, --User <UID>     real user id or name

  Lists are separated by commas or blanks: '-u root,nobody' or '-p "123 4567"'.""",
    "output": """Output formats:
 -F                   extra full
 -f                   full, with command lines
  f, --forest         tree, drawn in ASCII
 -H                   tree, indented
 -j                   jobs format
  j                   BSD jobs format
 -l                   long format
  l                   BSD long format
 -O <format>          the default columns and these
 -o, o, --format <format>
                      these columns
  -P                  with the processor
  s                   signals
  u                   user-oriented
  v                   virtual memory
 -y                   with -l: no flags, rss for addr
     --headers, --no-headers
     --cols, --columns, --width <num>
                      width of the screen""",
    "threads": """Show threads:
 -L                   with LWP and NLWP columns
 -T                   with the SPID column""",
    "misc": """Miscellaneous options:
 -c                   scheduling class with -l
  c                   the name of the program in place of the command line
  e                   the environment after the command
  k,    --sort        order: [+|-]key[,[+|-]key[,...]]
  L                   list the format specifiers
  n                   numbers in place of user names
  S,    --cumulative  with the time of children that ended
 -V, V, --version     version
 -w, w                wider output; twice: as wide as it takes""",
}


async def _screen(tool: Tool, request: Request) -> int | None:
    """Columns of the screen; None when a line may be as long as it likes."""
    width: int | None = None
    given = tool.env.get(b"COLUMNS", b"")
    if request.columns is not None:
        width = request.columns
    elif given.isdigit() and int(given[:6]):
        width = int(given[:6])
    else:
        for fd in (1, 2, 0) if await tool.sys.isatty(1) else ():
            try:
                width = (await tool.sys.winsize(fd)).cols or 80
                break
            except OSError:
                continue
    if request.wide >= 2:
        return None
    if width is not None and request.wide == 1:
        width = max(width, 132)
    return width


async def _devices(sys: Sys) -> dict[bytes, int]:
    """Terminals by their name below /dev."""
    found: dict[bytes, int] = {}
    for folder, prefix in ((b"/dev", b""), (b"/dev/pts", b"pts/")):
        try:
            listed = await list_dir(sys, folder)
        except OSError:
            continue
        for name in listed:
            if prefix or name.startswith(b"tty") or name == b"console":
                found[prefix + name] = 1
    return found


async def _prepare(tool: Tool) -> Request:
    sys = tool.sys
    request = Request()
    request.accounts = await users.passwd(sys)
    request.teams = await users.groups(sys)
    request.ttys = await _devices(sys)
    view = request.view
    view.users = {a.uid: a.name for a in reversed(request.accounts)}
    view.groups = {g.gid: g.name for g in reversed(request.teams)}
    try:
        view.uptime = await uptime(sys)
        view.memory = max((await meminfo(sys)).get(b"MemTotal", 1), 1)
    except (OSError, ValueError):
        raise Failure(b"cannot read /proc", 1) from None
    view.boot = await boot_time(sys)
    view.pid_width = await pid_digits(sys)
    request.me = await read_process(sys, await sys.getpid())
    return request


async def _collect(tool: Tool, request: Request, fields: list[Field]) -> list[Process]:
    """Read the selected processes, with no more files than the columns need."""
    sys = tool.sys
    names_used = {part.column for part in fields}
    wants_wchan = any(column.header == b"WCHAN" for column in names_used)
    wants_exe = COLUMNS["exe"] in names_used
    wants_group = any(COLUMNS[name] in names_used for name in ("cgroup", "unit", "slice"))
    found = []
    every = request.quick or await pids(sys)
    for pid in every:
        p = await read_process(sys, pid, environ=request.view.environment)
        if p is None or not (request.quick or matches(request, p)):
            continue
        if wants_wchan:
            p.wchan = (await read_optional(sys, b"/proc/%d/wchan" % pid)).strip()
        if wants_group:
            p.cgroup = (await read_optional(sys, b"/proc/%d/cgroup" % pid)).strip() or b"-"
        if wants_exe:
            try:
                p.exe = await sys.readlink(b"/proc/%d/exe" % pid)
            except OSError:
                p.exe = b"-"
        await tool.retain(512 + sum(map(len, p.argv)) + sum(map(len, p.environ)))
        found.append(p)
    return found


async def _usage(tool: Tool, topic: bytes) -> None:
    word = topic.decode("latin-1")
    topics = [name for name in HELP if word in (name, name[0], "all", "a")]
    if not topics:
        await tool.line(USAGE.rstrip().encode())
        return
    text = "\nUsage:\n ps [options]\n\n" + "\n\n".join(HELP[name] for name in topics)
    await tool.line((text + "\n\nFor more details see ps(1).").encode())


@program(USAGE)
async def ps(tool: Tool) -> int:
    """ps(1)."""
    request = await _prepare(tool)
    try:
        read_options(request, tool.argv[1:])
    except Conflict as err:
        await _complain(tool, err)
        return 1
    except Bad as first:
        request = await _prepare(tool)
        try:
            read_options(request, tool.argv[1:], force_bsd=True)
        except Bad:
            await _complain(tool, first)
            return 1
    if request.help is not None:
        await _usage(tool, request.help)
        return 0
    if request.version:
        await tool.line(b"ps from procps-ng 4.0.2")
        return 0
    if request.listing:
        for name in names():
            column = find(name)
            assert column is not None
            await tool.line(f"{name:<12} {column.header.decode():<8}".encode())
        return 0
    return await _report(tool, request)


async def _complain(tool: Tool, err: Bad) -> None:
    text = str(err)
    if not text.startswith("q/"):
        text = f"error: {text}\n{USAGE.rstrip()}"
    await complain(tool.sys, text.encode())


async def _report(tool: Tool, request: Request) -> int:
    fields = choose(request)
    view = request.view
    screen = await _screen(tool, request)
    room = line_width(fields, screen) if screen else 1 << 20
    found = await _collect(tool, request, fields)
    if request.header and any(part.header for part in fields):
        heading = row(fields, [part.header for part in fields], view.numeric)
        await tool.line(heading)
    for p, prefix in arrange(request, found):
        view.prefix = prefix
        texts = [part.column.text(view, p) for part in fields]
        await tool.sys.compute(10 * len(fields))
        line = row(fields, texts, view.numeric)
        if fields[-1].fit is Fit.CUT and len(line) > room:
            line = encode(clip(decode(line), room))
        await tool.line(line)
    return 0 if found else 1
