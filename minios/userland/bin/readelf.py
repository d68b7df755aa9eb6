"""readelf and ldd: what the file of a program says of itself, and what it is linked with."""

from minios.abi.errno import Errno
from minios.userland.lib.native import Native, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import read_file, why

READELF = """
Usage: readelf <option(s)> elf-file(s)
 Display information about the contents of ELF format files
 Options are:
  -h --file-header       Display the ELF file header
  -H --help              Display this information
"""

_OS_ABI = {"linux": b"UNIX - System V", "bsd": b"UNIX - FreeBSD", "xv6": b"<unknown: 76>"}
_OS_BYTE = {"linux": 0x00, "bsd": 0x09, "xv6": 0x76}
_HEADER = b"""ELF Header:
  Magic:   7f 4d 4f 53 01 01 01 %02x 00 00 00 00 00 00 00 00 
  Class:                             ELF32
  Data:                              2's complement, little endian
  Version:                           1 (current)
  OS/ABI:                            %b
  ABI Version:                       0
  Type:                              EXEC (Executable file)
  Machine:                           RISC-V
  Version:                           0x1
  Entry point address:               0x10040
"""


LDD = """
Usage: ldd [OPTION]... FILE...
Print the shared libraries that each FILE is linked with when it starts.
"""

LIBC_ADDRESS = 0x3F7E0000


async def _read(tool: Tool, path: bytes) -> Native | None:
    """What a file says, None if it is no native program. Failure if it cannot be read."""
    try:
        data = await read_file(tool.sys, path, 4096)
    except OSError as err:
        if err.errno == Errno.ENOENT:
            raise Failure(quote(path) + b": No such file") from None
        raise Failure(quote(path) + b": " + why(err)) from None
    return parse(data)


@program(READELF, "hH", ("file-header=h",))
async def readelf(tool: Tool) -> int:
    """readelf(1): the header."""
    if "H" in tool.options or not tool.operands:
        tool.out.put(READELF.strip().encode() + b"\n")
        return 0 if tool.operands or "H" in tool.options else 1
    for path in tool.operands:
        try:
            found = await _read(tool, path)
        except Failure as err:
            await tool.warn(b"Error: " + err.text)
            continue
        if found is None:
            text = b"Error: Not an ELF file - it has the wrong magic bytes at the start"
            await tool.warn(text)
            continue
        if len(tool.operands) > 1:
            await tool.line(b"\nFile: " + path)
        if "h" in tool.options:
            tool.out.put(_HEADER % (_OS_BYTE[found.brand], _OS_ABI[found.brand]))
    return tool.status


@program(LDD, "druv")
async def ldd(tool: Tool) -> int:
    """ldd(1)."""
    if not tool.operands:
        raise Failure(b"missing file arguments", hint=True)
    for path in tool.operands:
        if len(tool.operands) > 1:
            await tool.line(path + b":")
        try:
            found = await _read(tool, path)
        except Failure:
            await tool.warn(path + b": No such file or directory")
            continue
        if found is None or not found.needs:
            text = b"not a dynamic executable" if found is None else b"statically linked"
            await tool.line(b"\t" + text)
            tool.status = max(tool.status, int(found is None))
            continue
        where = await _find(tool, found)
        name = found.needs
        if where is None:
            await tool.line(b"\t" + name + b" => not found")
        else:
            await tool.line(b"\t%b => %b (0x%08x)" % (name, where, LIBC_ADDRESS))
    return tool.status


async def _find(tool: Tool, found: Native) -> bytes | None:
    """Where the loader would find the library (ld.so(8))."""
    given = tool.env.get(b"LD_LIBRARY_PATH", b"")
    for folder in (*given.split(b":"), *found.runpath.split(b":"), b"/lib"):
        if not folder:
            continue
        path = folder + b"/" + found.needs
        try:
            data = await read_file(tool.sys, path, 4096)
        except OSError:
            continue
        if parse(data) is not None:
            return path
    return None
