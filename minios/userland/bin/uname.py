"""uname and tty (coreutils 9.1), hostname (Debian 3.23)."""

from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.stdio import complain, read_file, why
from minios.userland.lib.terminal import ttyname

UNAME = """
Usage: uname [OPTION]...
Print facts about the system; without OPTION, -s.

  -a, --all                all of these, without -p and -i when unknown
  -s, --kernel-name        name of the kernel
  -n, --nodename           name of the machine
  -r, --kernel-release     release of the kernel
  -v, --kernel-version     version of the kernel
  -m, --machine            kind of machine
  -p, --processor          kind of processor
  -i, --hardware-platform  hardware platform
  -o, --operating-system   the operating system
"""

TTY = """
Usage: tty [OPTION]...
Print the file name of the terminal on standard input.

  -s, --silent, --quiet   print nothing, only set the exit status
"""

HOSTNAME = """
Usage: hostname [-b] {hostname|-F file}         set host name (from file)
       hostname [-a|-A|-d|-f|-i|-I|-s|-y]       display formatted name
       hostname                                 display host name

    -s, --short            up to the first dot
    -a, --alias            other names
    -i, --ip-address       addresses of the name
    -I, --all-ip-addresses addresses of all interfaces but the loopback
    -f, --fqdn, --long     name with domain
    -d, --domain           domain
    -F, --file             take the new name from a file
"""

_LONG = (
    "all=a", "kernel-name=s", "sysname=s", "nodename=n", "kernel-release=r", "release=r",
    "kernel-version=v", "machine=m", "processor=p", "hardware-platform=i", "operating-system=o",
)  # fmt: skip


@program(UNAME, "asnrvmpio", _LONG)
async def uname(tool: Tool) -> int:
    """uname(1)."""
    if tool.operands:
        raise Failure(b"extra operand " + quote(tool.operands[0]), hint=True)
    names = await tool.sys.uname()
    system = b"GNU/Linux" if names.sysname == b"Linux" else names.sysname
    values = {
        "s": names.sysname, "n": names.nodename, "r": names.release, "v": names.version,
        "m": names.machine, "p": b"unknown", "i": b"unknown", "o": system,
    }  # fmt: skip
    chosen = {flag for flag, _ in tool.options.flags} or {"s"}
    if "a" in chosen:
        chosen = set("snrvmo")
    await tool.line(b" ".join(text for key, text in values.items() if key in chosen))
    return 0


@program(TTY, "s", ("silent=s", "quiet=s"), trouble=2)
async def tty(tool: Tool) -> int:
    """tty(1): exits with 1 if standard input is no terminal."""
    if tool.operands:
        raise Failure(b"extra operand " + quote(tool.operands[0]), hint=True)
    name = await ttyname(tool.sys, 0)
    if "s" not in tool.options:
        await tool.line(b"not a tty" if name is None else name)
    return 1 if name is None else 0


async def _hosts(tool: Tool, name: bytes) -> list[list[bytes]]:
    """The lines of /etc/hosts that list the name: address, official name, aliases."""
    try:
        text = await read_file(tool.sys, b"/etc/hosts")
    except OSError:
        return []
    lines = [line.partition(b"#")[0].split() for line in text.split(b"\n")]
    return [words for words in lines if name in words[1:]]


@program(HOSTNAME)
async def hostname(tool: Tool) -> int:
    """hostname(1)."""
    sys = tool.sys
    long = ("short=s", "alias=a", "ip-address=i", "fqdn=f", "long=f", "domain=d", "file:=F",
            "boot=b", "all-fqdns=A", "all-ip-addresses=I", "help=h", "version=V")  # fmt: skip
    try:
        options = parse(tool.argv[1:], "aAbdfF:hiIsVy", long)
    except UsageError as err:
        await complain(sys, tool.name + b": " + str(err).encode("latin-1"))
        await tool.line(HOSTNAME.strip().encode())
        await tool.out.flush()
        return 255
    if "h" in options:
        await tool.line(HOSTNAME.strip().encode())
        return 0
    if "V" in options:
        await tool.line(b"hostname 3.23")
        return 0
    name = (await sys.uname()).nodename
    new = options.operands[0] if options.operands else None
    if (path := options.last("F")) is not None:
        try:
            new = (await read_file(sys, path, 4096)).strip().split(b"\n")[0]
        except OSError as err:
            raise Failure(why(err)) from None
    if new is not None:
        if await sys.geteuid() != 0:
            raise Failure(b"you must be root to change the host name")
        try:
            await sys.sethostname(new)
        except OSError as err:
            text = b"name too long" if err.errno == 22 else why(err)
            raise Failure(text) from None
        return 0
    return await _describe(tool, {flag for flag, _ in options.flags}, name)


async def _resolved(tool: Tool, name: bytes) -> list[bytes]:
    """The name as the resolver has it: its addresses first, one after the other."""
    from minios.abi.inet import ip_text
    from minios.userland.lib.net.gai import GaiError, getaddrinfo

    try:
        found = await getaddrinfo(tool.sys, name)
    except GaiError as err:
        raise Failure(err.text) from None
    addresses = b" ".join(ip_text(info.address[0]).encode() for info in found)
    return [addresses, found[0].canonname or name]


async def _interfaces(tool: Tool, names: bool) -> int:
    """Every address of the interfaces but 127/8, or the names that they have."""
    from minios.abi.inet import ip_text, is_loopback
    from minios.userland.lib.net.gai import name_of
    from minios.userland.lib.net.rtnl import rtnl

    netlink = await rtnl(tool.sys)
    found = [a.ip for a in await netlink.addresses() if not is_loopback(a.ip)]
    await netlink.close()
    words = [ip_text(ip).encode() for ip in found]
    if names:
        words = [name for ip in found if (name := await name_of(tool.sys, ip)) is not None]
    await tool.line(b"".join(word + b" " for word in words))
    return 0


async def _describe(tool: Tool, chosen: set[str], name: bytes) -> int:
    if "s" in chosen:
        await tool.line(name.partition(b".")[0])
        return 0
    if chosen & {"I", "A"}:
        return await _interfaces(tool, "A" in chosen)
    if not chosen & set("afdi"):
        await tool.line(name)
        return 0
    lines = await _hosts(tool, name)
    if not lines:
        lines = [await _resolved(tool, name)]
    official = lines[0][1]
    if "a" in chosen:
        await tool.line(b" ".join(lines[0][2:]))
    elif "i" in chosen:
        await tool.line(b" ".join(words[0] for words in lines))
    elif "d" in chosen:
        if domain := official.partition(b".")[2]:
            await tool.line(domain)
    else:
        await tool.line(official)
    return 0
