"""less, and more: show a text a screenful at a time (less 590, more of util-linux)."""

from minios.abi.flags import O_RDWR, S_IFDIR, S_IFMT
from minios.userland.bin.lesskeys import Pager, Quit
from minios.userland.bin.lessview import File
from minios.userland.lib.options import Parsed, UsageError, parse
from minios.userland.lib.pager import Interrupted
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.pscolumns import clean
from minios.userland.lib.screen import CLEAR_LINE, END, INTERRUPT, NORMAL, REVERSE, Screen
from minios.userland.lib.stdio import complain, why, write_all
from minios.userland.lib.utf8 import decode

USAGE = """
Usage: less [OPTION]... [+COMMAND] [FILE]...
Show FILEs, or standard input, a screenful at a time. h shows the keys, q quits.

  -e, -E   quit at the end of the text (-e: the second time it is reached)
  -F       quit at once if it all fits on the screen
  -i, -I   searches ignore case (-i: unless the pattern has capitals)
  -m, -M   say where in the text this is
  -N       number the lines
  -p PAT   begin at the first line that matches PAT
  -R       let colours through
  -s       several empty lines as one
  -S       cut long lines instead of folding them; the arrow keys move sideways
  -x N     a tab stop every N cells
  -X       leave the text on the screen at the end
  +COMMAND a command to begin with: +F, +G, +/pattern, +100
"""

_SHORT = "aAb:BcCdeEfFgGh:iIj:JK?kLmMnNo:O:p:P:qQrRsSt:T:uUVwWx:Xy:z:~"
_LONG = (
    "quit-at-eof=e", "QUIT-AT-EOF=E", "quit-if-one-screen=F", "ignore-case=i", "IGNORE-CASE=I",
    "long-prompt=m", "LONG-PROMPT=M", "line-numbers=n", "LINE-NUMBERS=N", "pattern:=p",
    "prompt:=P", "quiet=q", "silent=q", "QUIET=Q", "SILENT=Q", "raw-control-chars=r",
    "RAW-CONTROL-CHARS=R", "squeeze-blank-lines=s", "chop-long-lines=S", "tabs:=x", "no-init=X",
    "window:=z", "tilde=~", "clear-screen=c", "CLEAR-SCREEN=C", "force=f", "hilite-search=g",
    "HILITE-SEARCH=G", "follow-name", "mouse", "help", "version=V",
)  # fmt: skip


def _number(text: bytes | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() and len(text) < 7 else default


def apply_options(pager: Pager, options: Parsed) -> None:
    """Take over the options of the command line or of LESS."""
    settings, layout = pager.settings, pager.layout
    for flag, value in options.flags:
        match flag:
            case "e":
                settings.quit_at_end = 1
            case "E":
                settings.quit_at_end = 2
            case "F":
                settings.quit_if_one_screen = True
            case "i" | "I":
                settings.ignore_case = 1 if flag == "i" else 2
            case "m" | "M":
                settings.prompt = flag
            case "N":
                layout.numbers = True
            case "G":
                settings.highlight = False
            case "R":
                layout.raw = True
            case "r":
                layout.raw_all = True
            case "s":
                settings.squeeze = True
            case "S":
                layout.chop = pager.keeps_chopping = True
            case "x":
                layout.tab = max(_number(value, 8), 1)
            case "X":
                settings.no_init = True
            case "z":
                settings.window = _number(value, 0)
            case "~":
                settings.tilde = False
            case "f":
                settings.force = True
            case "P":
                template = (value or b"").decode("latin-1")
                settings.template = template.removeprefix("s").removeprefix("m")


async def _copy(tool: Tool, files: list[File]) -> int:
    """Without a terminal to show it on, the text is copied."""
    for file in files:
        fd = 0
        if file.name != b"-":
            try:
                st = await tool.sys.stat(file.name)
                if st.mode & S_IFMT == S_IFDIR:
                    await complain(tool.sys, file.name + b" is a directory")
                    tool.status = 1
                    continue
                fd = await tool.sys.open(file.name)
            except OSError as err:
                await complain(tool.sys, file.name + b": " + why(err))
                tool.status = 1
                continue
        while data := await tool.sys.read(fd, 16384):
            await write_all(tool.sys, 1, data)
            await tool.sys.compute(1 + len(data) // 64)
        if fd:
            await tool.sys.close(fd)
    return tool.status


async def _keyboard(tool: Tool) -> int:
    """A descriptor that keys can be read from."""
    try:
        return await tool.sys.open(b"/dev/tty", O_RDWR)
    except OSError:
        return 2


async def _begin(pager: Pager, complaints: list[bytes]) -> bool:
    """Open the first file that can be; False if none can."""
    while pager.files:
        complaint = await pager.open(0)
        if complaint is None:
            return True
        complaints.append(complaint)
        pager.files.pop(0)
    return False


async def _one_screen(pager: Pager) -> bool:
    """-F: whether everything fits, in which case it has been printed."""
    if not pager.settings.quit_if_one_screen or len(pager.files) > 1:
        return False
    pager.layout.columns = pager.screen.cols
    rows = await pager.window()
    if not await pager.at_end() or len(rows) > pager.height:
        return False
    for line in await pager._render(rows):
        await pager.screen.write(line + b"\n")
    return True


async def _initial(pager: Pager, commands: list[str], pattern: bytes | None) -> None:
    """-p and +COMMAND."""
    if pattern is not None:
        pager.regex = pager._compile(decode(pattern))
        if not await pager.search(backwards=False, start=0):
            await pager.paint()
    for command in commands:
        if command.startswith(("/", "?")):
            backwards = command.startswith("?")
            if backwards:
                await pager.source.load()
            start = max(pager.source.known - 1, 0) if backwards else 0
            pager.regex = pager._compile(command[1:])
            if not await pager.search(backwards=backwards, start=start):
                await pager.paint()
        elif command.isdigit():
            await pager._go(int(command[:12]) - 1)
        else:
            count = ""
            for char in command:
                if char.isdigit():
                    count += char
                    continue
                await pager.command(char, int(count) if count else None)
                count = ""


async def _page(tool: Tool, options: Parsed, commands: list[str], *, more: bool) -> int:
    sys = tool.sys
    if not options.operands and await sys.isatty(0):
        if more:
            raise Failure(b"bad usage", hint=True)
        await complain(sys, b'Missing filename ("' + tool.name + b' --help" for help)')
        return 1
    files = [File(name) for name in options.operands or [b"-"]]
    if not await sys.isatty(1):
        return await _copy(tool, files)
    screen = Screen(sys, await _keyboard(tool))
    pager = Pager(tool, screen, files, more=more)
    if more:
        pager.settings.no_init = True
        pager.settings.quit_at_end = 2
        pager.settings.tilde = False
    given = tool.env.get(b"MORE" if more else b"LESS", b"").split()
    try:
        words = [w if w.startswith((b"-", b"+")) else b"-" + w for w in given]
        apply_options(pager, parse(words, _SHORT, _LONG))
    except UsageError:
        pass
    apply_options(pager, options)
    screen.alternate = not pager.settings.no_init

    complaints: list[bytes] = []
    if not await _begin(pager, complaints):
        for text in complaints:
            await complain(sys, text)
        return 1
    await screen.measure()
    try:
        if await _one_screen(pager):
            return 0
    except Interrupted:
        return 130
    await screen.start()
    try:
        if complaints:
            await screen.write(b"".join(text + b"\n" for text in complaints))
            await screen.write(REVERSE + b"Press RETURN to continue " + NORMAL)
            while await screen.key() not in ("ENTER", "^J", " ", END, INTERRUPT):
                pass
            await screen.write(b"\r" + CLEAR_LINE)
        if pager.settings.force or await _wanted(pager):
            await pager.paint()
            await _initial(pager, commands, options.last("p"))
            if not pager.message:
                await pager._maybe_leave()
            await pager.run()
    except (Quit, Interrupted):
        pass
    except OSError:
        tool.status = 1
    except Failure:
        await screen.stop()
        raise
    await screen.write(pager._bottom() + CLEAR_LINE)
    await screen.stop()
    return tool.status


async def _wanted(pager: Pager) -> bool:
    """Ask before a binary file is shown."""
    source = pager.source
    if not source.name:
        return True
    await source.has(0)
    sample = (await source.line(0) or b"")[:256]
    odd = sum(1 for byte in sample if byte < 32 and byte not in b"\b\t\n\f\r\033")
    if odd <= 5 and b"\0" not in sample:
        return True
    text = b'"' + clean(source.name).encode() + b'" may be a binary file.  See it anyway? '
    await pager.screen.write(pager._bottom() + CLEAR_LINE + REVERSE + text + NORMAL)
    return await pager.screen.key() in ("y", "Y")


def _split_commands(args: list[bytes]) -> tuple[list[bytes], list[str]]:
    """Take the ``+COMMAND`` words out of the arguments."""
    rest: list[bytes] = []
    commands: list[str] = []
    for at, arg in enumerate(args):
        if arg == b"--":
            rest += args[at:]
            break
        if arg.startswith(b"+") and len(arg) > 1:
            commands.append(decode(arg.lstrip(b"+")))
        else:
            rest.append(arg)
    return rest, commands


@program(USAGE)
async def less(tool: Tool) -> int:
    """less(1)."""
    args, commands = _split_commands(tool.argv[1:])
    try:
        options = tool.options = parse(args, _SHORT, _LONG)
    except UsageError as err:
        text = str(err)
        letter = text[-2:-1]
        said = f"There is no {letter} option" if text.startswith("invalid") else text
        await complain(tool.sys, f'{said} ("less --help" for help)'.encode("latin-1"))
        return 1
    if "help" in options or "?" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"less 590 (POSIX regular expressions)")
        return 0
    return await _page(tool, options, commands, more=False)


MORE = """
Usage: more [options] <file>...
Show files a screenful at a time; space goes on, q quits, h shows the keys.

  -s, --squeeze      several empty lines as one
  -n, --lines <num>  lines in a screenful
  +<number>          begin at this line
  +/<pattern>        begin at the first line that matches
"""


@program(MORE)
async def more(tool: Tool) -> int:
    """more(1), which is less in another coat."""
    args, commands = _split_commands(tool.argv[1:])
    long = ("squeeze=s", "lines:=z", "silent=d", "logical=f", "no-pause=l", "print-over=c",
            "clean-print=p", "exit-on-eof=e", "plain=u", "help=h", "version=V")  # fmt: skip
    options = tool.options = parse(args, "dflcpsuehVn:", long)
    if "h" in options:
        await tool.line(MORE.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"more from util-linux 2.38.1")
        return 0
    renamed = {"n": "z", "c": "", "p": "", "e": "", "d": "", "f": "", "l": "", "u": ""}
    options.flags = [(renamed.get(flag, flag), value) for flag, value in options.flags]
    return await _page(tool, options, commands, more=True)
