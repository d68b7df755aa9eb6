"""find(1): walk trees and evaluate an expression for every file."""

from minios.userland.bin.find.parser import Parser, looks_like_expression
from minios.userland.bin.find.run import Run, Test
from minios.userland.lib.calendar import DAY, NS
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.walk import Event, Visit, Walk

USAGE = """
Usage: find [-H] [-L] [-P] [PATH]... [EXPRESSION]
Search directory trees; print the files for which EXPRESSION is true.
Options: -maxdepth N  -mindepth N  -depth  -xdev  -follow  -daystart  -regextype TYPE
Tests:   -name GLOB  -iname GLOB  -path GLOB  -regex RE  -type [bcdflps]  -size N[bcwkMG]
         -mtime N  -mmin N  -newer FILE  -newermt DATE  -user NAME  -group NAME  -uid N
         -perm [-/]MODE  -links N  -inum N  -empty  -samefile FILE  -readable  -true  -false
Actions: -print  -print0  -printf FORMAT  -ls  -exec COMMAND ;  -exec COMMAND {} +  -ok COMMAND ;
         -delete  -prune  -quit
Operators: ( EXPR )  ! EXPR  EXPR -a EXPR  EXPR -o EXPR  EXPR , EXPR
"""


@program(USAGE)
async def find(tool: Tool) -> int:
    """Search for files."""
    run = Run(tool)
    run.now = await tool.sys.clock_gettime()
    run.day = run.now - DAY * NS
    run.warns = await tool.sys.isatty(0)
    args = tool.argv[1:]
    if await _options(run, args):
        return 0
    paths: list[bytes] = []
    while args and not looks_like_expression(args[0], leading=True):
        paths.append(args.pop(0))
    if args[:1] in ([b"-help"], [b"--help"], [b"-version"], [b"--version"]):
        tool.options.flags.append((args[0].lstrip(b"-").decode(), None))
        await tool.describe(USAGE)
        return 0
    parser = Parser(run, args, tty=await tool.sys.isatty(1))
    test = await parser.parse()
    for path in paths or [b"."]:
        await _search(run, path, test)
        if run.quit:
            break
    for finish in run.at_end:
        await finish()
    await parser.files.flush()
    return tool.status


async def _options(run: Run, args: list[bytes]) -> bool:
    """The options before the paths; True if the program has nothing more to do."""
    while args and args[0][:1] == b"-":
        option = args[0]
        if option == b"--":
            args.pop(0)
            return False
        if option in (b"-H", b"-L", b"-P"):
            run.follow = option == b"-L"
            run.follow_root = option != b"-P"
        elif option == b"-D":
            if len(args) < 2:
                raise Failure(b"Missing argument after the -D option.", hint=True)
            args.pop(0)
        elif not (option[:2] == b"-O" and option[2:].isdigit()):
            return False
        args.pop(0)
    return False


async def _search(run: Run, root: bytes, test: Test) -> None:
    tool = run.tool
    run.root = root
    if not root:
        await tool.warn(quote(root) + b": No such file or directory")
        return
    walk = Walk(tool, root, follow_root=run.follow_root, follow=run.follow)
    device: int | None = None
    while (visit := await walk.next()) is not None:
        await tool.sys.compute(15)
        match visit.event:
            case Event.FAILED:
                await run.complain(visit.path, visit.error)
                continue
            case Event.CYCLE:
                await _report_loop(run, visit, walk)
                continue
            case Event.UNREADABLE:
                await run.complain(visit.path, visit.error)
                if not run.depth_first:
                    continue
            case Event.LEAVE if not run.depth_first:
                continue
            case Event.ENTER:
                if visit.depth == run.max_depth:
                    walk.skip()
                    await _consider(run, visit, test, walk)
                    if run.quit:
                        return
                    continue
                if run.one_file_system and await _is_elsewhere(run, visit, device):
                    walk.skip()
                    await _consider(run, visit, test, walk)
                    if run.quit:
                        return
                    continue
                if run.one_file_system and device is None:
                    st = await run.stat(visit)
                    device = st.dev if st is not None else None
                if run.depth_first:
                    continue
        await _consider(run, visit, test, walk)
        if run.quit:
            return


async def _consider(run: Run, visit: Visit, test: Test, walk: Walk) -> None:
    if visit.depth < run.min_depth:
        return
    run.prune = False
    await test(run, visit)
    if run.prune and visit.event is Event.ENTER:
        walk.skip()


async def _is_elsewhere(run: Run, visit: Visit, device: int | None) -> bool:
    if device is None:
        return False
    st = await run.stat(visit)
    return st is not None and st.dev != device


async def _report_loop(run: Run, visit: Visit, walk: Walk) -> None:
    ancestor = await walk.ancestor_of(visit)
    text = b"File system loop detected; " + quote(visit.path) + b" is part of the same file "
    await run.tool.warn(text + b"system loop as " + quote(ancestor) + b".")
