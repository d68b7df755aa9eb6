"""tee: copy standard input to files and to standard output."""

from minios.abi.errno import Errno
from minios.abi.flags import O_APPEND, O_CREAT, O_TRUNC, O_WRONLY
from minios.abi.signals import SIG_IGN, Sig
from minios.userland.lib.lines import BLOCK
from minios.userland.lib.program import Tool, program
from minios.userland.lib.quoting import quotef
from minios.userland.lib.stdio import write_all

USAGE = """
Usage: tee [OPTION]... [FILE]...
Copy standard input to each FILE and to standard output.

  -a, --append                add to the files, do not overwrite them
  -i, --ignore-interrupts     ignore SIGINT
  -p                          report errors of writing to what is not a pipe
      --output-error[=MODE]   warn, warn-nopipe, exit or exit-nopipe
"""


@program(USAGE, "aip", ("append=a", "ignore-interrupts=i", "output-error::=e"))
async def tee(tool: Tool) -> int:
    """tee(1)."""
    sys, options = tool.sys, tool.options
    if "i" in options:
        await sys.sigaction(Sig.SIGINT, SIG_IGN)
    mode = (
        (options.last("e") or b"warn-nopipe") if {"p", "e"} & {f for f, _ in options.flags} else b""
    )
    if mode:
        await sys.sigaction(Sig.SIGPIPE, SIG_IGN)
    oflag = O_WRONLY | O_CREAT | (O_APPEND if "a" in options else O_TRUNC)
    outputs: list[tuple[bytes, int]] = [(b"standard output", 1)]
    for name in tool.operands:
        try:
            outputs.append((name, await sys.open(name, oflag)))
        except OSError as err:
            await tool.warn(quotef(name), err)
            if mode.startswith(b"exit"):
                return 1
    while outputs:
        try:
            data = await sys.read(0, BLOCK)
        except OSError as err:
            await tool.warn(b"read error", err)
            break
        if not data:
            break
        for output in list(outputs):
            try:
                await write_all(sys, output[1], data)
            except OSError as err:
                outputs.remove(output)
                if err.errno == Errno.EPIPE and mode.endswith(b"nopipe"):
                    continue
                name = b"'standard output'" if output[1] == 1 else quotef(output[0])
                await tool.warn(name, err)
                if mode.startswith(b"exit"):
                    return 1
    return tool.status
