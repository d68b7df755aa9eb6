"""mkswap, swapon and swapoff (util-linux 2.38): room on a disk for pages that RAM has none for."""

from minios.abi.errno import Errno
from minios.abi.flags import (
    BLKGETSIZE64,
    O_RDWR,
    S_IFBLK,
    S_IFDIR,
    S_IFMT,
    S_IFREG,
    SWAP_FLAG_PREFER,
    SWAP_FLAG_PRIO_MASK,
)
from minios.abi.records import Stat
from minios.abi.sys import Sys
from minios.userland.lib import mounts
from minios.userland.lib.columns import Column, table
from minios.userland.lib.procfiles import read_optional
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, why, write_all

MKSWAP = """
Usage:
 mkswap [options] device [size]

Set up a Linux swap area.

Options:
 -c, --check         accepted; there are no bad blocks here
 -f, --force         allow swap size area be larger than device
 -q, --quiet         suppress output and warning messages
 -L, --label LABEL   specify label
 -U, --uuid UUID     specify the uuid to use
 -h, --help          display this help
 -V, --version       display version

For more details see mkswap(8).
"""

SWAPON = """
Usage:
 swapon [options] [<spec>]

Enable devices and files for paging and swapping.

Options:
 -a, --all                enable all swaps from /etc/fstab
 -e, --ifexists           silently skip devices that do not exist
 -p, --priority <prio>    specify the priority of the swap device
 -s, --summary            display summary about used swap devices (DEPRECATED)
     --show               display summary in a table
     --noheadings         don't print table heading (with --show)
     --bytes              display swap size in bytes in --show output
 -v, --verbose            verbose mode

 -h, --help               display this help
 -V, --version            display version

The <spec> parameter:
 -L <label>, LABEL=<label>  specifies device by swap area label
 -U <uuid>, UUID=<uuid>     specifies device by swap area UUID
 <device>                   name of device to be used
 <file>                     name of file to be used

For more details see swapon(8).
"""

SWAPOFF = """
Usage:
 swapoff [options] [<spec>]

Disable devices and files for paging and swapping.

Options:
 -a, --all              disable all swaps from /proc/swaps
 -v, --verbose          verbose mode

 -h, --help             display this help
 -V, --version          display version

The <spec> parameter:
 -L <label>, LABEL=<label>  LABEL of device to be used
 -U <uuid>, UUID=<uuid>     UUID of device to be used
 <device>                   name of device to be used
 <file>                     name of file to be used

For more details see swapoff(8).
"""

PAGE = 4096
_HEADER = 1024
_SIGNATURE = b"SWAPSPACE2"
_LEAST = 10
"""Pages of the smallest area that mkswap makes."""
_SWAPOFF_NOMEM, _SWAPOFF_FAILED, _SWAPOFF_USAGE = 2, 4, 16
_FAILED = 255


def size_text(size: int, space: bytes = b"", unit: bytes = b"") -> bytes:
    """Bytes as util-linux writes them: ``76K``, ``1.9G``; with blank and unit ``76 KiB``."""
    exponent = 0
    while size >> exponent + 10 and exponent < 60:
        exponent += 10
    letter = b"BKMGTPE"[exponent // 10 : exponent // 10 + 1]
    whole, rest = divmod(size, 1 << exponent)
    tenth = ((rest * 1000 >> exponent) + 50) // 100
    if tenth == 10:
        whole, tenth = whole + 1, 0
    number = b"%d.%d" % (whole, tenth) if tenth else b"%d" % whole
    return number + space + letter + (unit if exponent else b"")


async def _size(tool: Tool, path: bytes, info: Stat) -> int:
    """Bytes of a device or file."""
    if info.mode & S_IFMT != S_IFBLK:
        return info.size
    fd = await tool.sys.open(path)
    size: int = await tool.sys.ioctl(fd, BLKGETSIZE64)
    await tool.sys.close(fd)
    return size


async def _first_page(sys: Sys, path: bytes) -> bytes:
    fd = await sys.open(path)
    data = b""
    while len(data) < PAGE:
        piece = await sys.read(fd, PAGE - len(data))
        if not piece:
            break
        data += piece
    await sys.close(fd)
    return data


def _uuid_of(page: bytes) -> bytes:
    return page[_HEADER + 12 : _HEADER + 28]


def _label_of(page: bytes) -> bytes:
    return page[_HEADER + 28 : _HEADER + 44].rstrip(b"\0")


# -- mkswap ------------------------------------------------------------------------------------


@program(
    MKSWAP, "cfqL:U:p:v:hV",
    ("check=c", "force=f", "quiet=q", "label:=L", "uuid:=U", "pagesize:=p", "swapversion:=v",
     "help=h", "version=V"),
)  # fmt: skip
async def mkswap(tool: Tool) -> int:
    """mkswap(8)."""
    sys, options = tool.sys, tool.options
    if "h" in options or "V" in options:
        return await _describe(tool, MKSWAP)
    quiet = "q" in options
    if not tool.operands:
        raise Failure(b"error: Nowhere to set up swap on?", hint=True)
    path = tool.operands[0]
    try:
        info = await sys.stat(path)
    except OSError as err:
        raise Failure(b"cannot open " + path + b": " + why(err)) from None
    kind = info.mode & S_IFMT
    if kind == S_IFREG and not quiet:
        if info.mode & 0o077:
            mode = b"%04o" % (info.mode & 0o7777)
            text = b"insecure permissions " + mode + b", fix with: chmod 0600 " + path
            await complain(sys, tool.name + b": " + path + b": " + text)
        if info.uid:
            text = b"insecure file owner %d, fix with: chown 0:0 " % info.uid + path
            await complain(sys, tool.name + b": " + path + b": " + text)
    if kind == S_IFDIR:
        raise Failure(b"cannot open " + path + b": Is a directory")
    try:
        size = await _size(tool, path, info)
    except OSError as err:
        raise Failure(b"cannot open " + path + b": " + why(err)) from None
    pages = _wanted(tool, size)
    if pages < _LEAST:
        raise Failure(b"error: swap area needs to be at least 40 KiB")
    if kind == S_IFBLK and any(
        m.source == path or m.source == b"/dev/" + path.rpartition(b"/")[2]
        for m in await mounts.mounted(sys)
    ):
        raise Failure(b"error: " + path + b" is mounted; will not make swapspace")
    try:
        old = await _first_page(sys, path)
        fd = await sys.open(path, O_RDWR)
    except OSError as err:
        raise Failure(b"cannot open " + path + b": " + why(err)) from None
    if old.endswith(_SIGNATURE) and not quiet:
        text = path + b": warning: wiping old swap signature."
        await complain(sys, tool.name + b": " + text)
    label = options.last("L") or b""
    if len(label) > 15:
        await complain(sys, tool.name + b": Label was truncated.")
        label = label[:15]
    uuid = await _new_uuid(tool)
    page = bytearray(PAGE)
    head = (1).to_bytes(4, "little") + (pages - 1).to_bytes(4, "little") + bytes(4)
    page[_HEADER : _HEADER + 44] = head + uuid + label.ljust(16, b"\0")
    page[-len(_SIGNATURE) :] = _SIGNATURE
    if not quiet:
        room = (pages - 1) * PAGE
        await tool.line(
            b"Setting up swapspace version 1, size = %b (%d bytes)"
            % (size_text(room, b" ", b"iB"), room)
        )
    try:
        await write_all(sys, fd, bytes(page))
        await sys.fsync(fd)
        await sys.close(fd)
    except OSError as err:
        raise Failure(path + b": unable to write signature page: " + why(err)) from None
    if not quiet:
        named = b"LABEL=" + label if label else b"no label"
        await tool.line(named + b", UUID=" + mounts.uuid_text(uuid))
    return 0


async def _describe(tool: Tool, text: str) -> int:
    if "h" in tool.options:
        await tool.line(b"\n" + text.strip().encode())
    else:
        await tool.line(tool.name.rpartition(b"/")[2] + b" from util-linux 2.38.1")
    return 0


def _wanted(tool: Tool, size: int) -> int:
    """Pages of the area: all there is, or what the second operand says in KiB."""
    if len(tool.operands) > 2:
        raise Failure(b"error: only one device argument is currently supported", hint=True)
    pages = size // PAGE
    if len(tool.operands) < 2:
        return pages
    word = tool.operands[1]
    if not word.isdigit() or len(word) > 12:
        raise Failure(b"invalid block count argument: '" + word + b"'")
    asked = int(word) // 4
    if asked > pages and "f" not in tool.options:
        raise Failure(
            b"error: size %d KiB is larger than device size %d KiB" % (asked * 4, pages * 4)
        )
    return asked


async def _new_uuid(tool: Tool) -> bytes:
    given = tool.options.last("U")
    if given == b"clear":
        return bytes(16)
    if given is not None and given not in (b"random", b"time"):
        try:
            value = bytes.fromhex(given.replace(b"-", b"").decode("latin-1"))
        except ValueError:
            value = b""
        if len(value) != 16:
            raise Failure(b"error: parsing UUID failed")
        return value
    made = bytearray(await tool.sys.getrandom(16))
    made[6] = made[6] & 0x0F | 0x40
    made[8] = made[8] & 0x3F | 0x80
    return bytes(made)


# -- swapon ------------------------------------------------------------------------------------


async def _areas(sys: Sys) -> list[list[bytes]]:
    """The lines of /proc/swaps in fields."""
    lines = (await read_optional(sys, b"/proc/swaps")).splitlines()[1:]
    return [line.split() for line in lines]


async def _resolve(tool: Tool, spec: bytes) -> bytes | None:
    """The device that a path, LABEL= or UUID= names; None, with a message, if there is none."""
    tag, equals, value = spec.partition(b"=")
    if not equals or tag not in (b"LABEL", b"UUID"):
        return spec
    for device in await mounts.block_devices(tool.sys):
        name = b"/dev/" + device
        try:
            page = await _first_page(tool.sys, name)
        except OSError:
            continue
        if not page.endswith(_SIGNATURE):
            continue
        if value == (_label_of(page) if tag == b"LABEL" else mounts.uuid_text(_uuid_of(page))):
            return name
    await complain(tool.sys, tool.name + b": cannot find the device for " + value)
    return None


@program(
    SWAPON, "ad::efo:p:svL:U:hV",
    ("all=a", "discard::=d", "ifexists=e", "fixpgsz=f", "options:=o", "priority:=p", "summary=s",
     "show::", "noheadings", "raw", "bytes", "output-all", "verbose=v", "help=h", "version=V"),
)  # fmt: skip
async def swapon(tool: Tool) -> int:
    """swapon(8)."""
    options = tool.options
    if "h" in options or "V" in options:
        return await _describe(tool, SWAPON)
    specs = [
        *tool.operands,
        *(b"LABEL=" + label for label in options.every("L")),
        *(b"UUID=" + uuid for uuid in options.every("U")),
    ]
    if "s" in options:
        text = await read_optional(tool.sys, b"/proc/swaps")
        if text.count(b"\n") > 1:
            tool.out.put(text)
        return 0
    if "show" in options or (not specs and "a" not in options):
        await _show(tool)
        return 0
    priority = -1
    word = options.last("p")
    if word is not None:
        if not word.lstrip(b"-").isdigit() or len(word) > 6:
            raise Failure(b"failed to parse priority: '" + word + b"'")
        priority = int(word)
    status = 0
    if "a" in options:
        active = {fields[0] for fields in await _areas(tool.sys)}
        for entry in await mounts.fstab(tool.sys):
            if entry.kind != b"swap" or b"noauto" in entry.options.split(b","):
                continue
            name = await _resolve(tool, entry.source)
            if name is None:
                status = _FAILED
            elif name not in active:
                level = priority
                for option in entry.options.split(b","):
                    if option.startswith(b"pri=") and option[4:].isdigit():
                        level = int(option[4:6])
                status = await _on(tool, name, level) or status
    for spec in specs:
        name = await _resolve(tool, spec)
        status = (_FAILED if name is None else await _on(tool, name, priority)) or status
    return status


async def _on(tool: Tool, path: bytes, priority: int) -> int:
    sys = tool.sys
    prefix = tool.name + b": "
    try:
        info = await sys.stat(path)
    except OSError as err:
        if "e" in tool.options and err.errno == Errno.ENOENT:
            return 0
        await complain(sys, prefix + b"cannot open " + path + b": " + why(err))
        return _FAILED
    if info.mode & S_IFMT != S_IFBLK:
        if info.mode & 0o077:
            text = b": insecure permissions %04o, 0600 suggested." % (info.mode & 0o7777)
            await complain(sys, prefix + path + text)
        if info.uid:
            text = b": insecure file owner %d, 0 (root) suggested." % info.uid
            await complain(sys, prefix + path + text)
    try:
        page = await _first_page(sys, path)
    except OSError as err:
        if err.errno != Errno.EISDIR:
            await complain(sys, prefix + b"cannot open " + path + b": " + why(err))
            return _FAILED
        page = b""
    if not page.endswith(_SIGNATURE):
        await complain(sys, prefix + path + b": read swap header failed")
        return _FAILED
    if "v" in tool.options:
        size = await _size(tool, path, info)
        last = int.from_bytes(page[_HEADER + 4 : _HEADER + 8], "little")
        found = path + b": found signature [pagesize=4096, signature=swap]"
        await complain(sys, prefix + found)
        sizes = b": pagesize=4096, swapsize=%d, devsize=%d" % ((last + 1) * PAGE, size)
        await complain(sys, prefix + path + sizes)
        await tool.line(b"swapon " + path)
    flag = SWAP_FLAG_PREFER | min(priority, SWAP_FLAG_PRIO_MASK) if priority >= 0 else 0
    try:
        await sys.swapon(path, flag)
    except OSError as err:
        await complain(sys, prefix + path + b": swapon failed: " + why(err))
        return _FAILED
    return 0


async def _show(tool: Tool) -> None:
    rows = []
    for fields in await _areas(tool.sys):
        name, kind, size, used, priority = fields[:5]
        amounts = [int(size) << 10, int(used) << 10]
        shown = [
            b"%d" % amount if "bytes" in tool.options else size_text(amount) for amount in amounts
        ]
        rows.append([name, kind, *shown, priority])
    if not rows:
        return
    columns = (
        Column(b"NAME"), Column(b"TYPE"), Column(b"SIZE", True), Column(b"USED", True),
        Column(b"PRIO", True),
    )  # fmt: skip
    tool.out.put(table(columns, rows, headings="noheadings" not in tool.options))


# -- swapoff -----------------------------------------------------------------------------------


@program(SWAPOFF, "avL:U:hV", ("all=a", "verbose=v", "help=h", "version=V"), trouble=_SWAPOFF_USAGE)
async def swapoff(tool: Tool) -> int:
    """swapoff(8)."""
    options = tool.options
    if "h" in options or "V" in options:
        return await _describe(tool, SWAPOFF)
    specs = [
        *tool.operands,
        *(b"LABEL=" + label for label in options.every("L")),
        *(b"UUID=" + uuid for uuid in options.every("U")),
    ]
    if not specs and "a" not in options:
        raise Failure(b"bad usage", hint=True)
    status = 0
    for spec in specs:
        name = await _resolve(tool, spec)
        status = (_SWAPOFF_FAILED if name is None else await _off(tool, name)) or status
    if "a" in options:
        for fields in await _areas(tool.sys):
            status = await _off(tool, fields[0]) or status
    return status


async def _off(tool: Tool, path: bytes) -> int:
    if "v" in tool.options:
        await tool.line(b"swapoff " + path)
    try:
        await tool.sys.swapoff(path)
    except OSError as err:
        if err.errno == Errno.EPERM:
            raise Failure(b"Not superuser.") from None
        text = tool.name + b": " + path + b": swapoff failed: " + why(err)
        await complain(tool.sys, text)
        return _SWAPOFF_NOMEM if err.errno == Errno.ENOMEM else _SWAPOFF_FAILED
    return 0
