"""arp (net-tools 2.10): show and change the ARP cache (arp(8))."""

from __future__ import annotations

from minios.abi import netdevice as nd
from minios.abi.errno import Errno
from minios.abi.inet import ip_text, parse_ip, parse_mac
from minios.userland.lib.net import nettools
from minios.userland.lib.net.nettools import ArpLine
from minios.userland.lib.options import Parsed
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import read_file

USAGE = """
Usage:
  arp [-vn]  [<HW>] [-i <if>] [-a] [<hostname>]             <-Display ARP cache
  arp [-v]          [-i <if>] -d  <host> [pub]               <-Delete ARP entry
  arp [-vnD] [<HW>] [-i <if>] -f  [<filename>]            <-Add entry from file
  arp [-v]   [<HW>] [-i <if>] -s  <host> <hwaddr> [temp]            <-Add entry
  arp [-v]   [<HW>] [-i <if>] -Ds <host> <if> [netmask <nm>] pub          <-''-

        -a                       display (all) hosts in alternative (BSD) style
        -e                       display (all) hosts in default (Linux) style
        -s, --set                set a new ARP entry
        -d, --delete             delete a specified entry
        -v, --verbose            be verbose
        -n, --numeric            don't resolve names
        -i, --device             specify network interface (e.g. eth0)
        -D, --use-device         read <hwaddr> from given device
        -A, -p, --protocol       specify protocol family
        -f, --file               read new entries from file or from /etc/ethers

  <HW>=Use '-H <hw>' to specify hardware address type. Default: ether
"""

_LONG = (
    "set=s", "delete=d", "verbose=v", "numeric=n", "device:=i", "use-device=D", "protocol:=A",
    "file=f", "all=a", "hw-type:=H", "symbolic=N",
)  # fmt: skip


@program(USAGE, "aednsvDNfi:A:p:H:t:V", _LONG, trouble=255)
async def arp(tool: Tool) -> int:
    """arp(8)."""
    options = tool.options
    if "V" in options:
        await tool.line(b"net-tools 2.10")
        return 0
    words = [word.decode("latin-1") for word in options.operands]
    if "s" in options:
        return await _set(tool, words)
    if "d" in options:
        return await _delete(tool, words)
    if "f" in options:
        return await _from_file(tool, words[0] if words else "/etc/ethers")
    return await _show(tool, options, words)


async def _show(tool: Tool, options: Parsed, words: list[str]) -> int:
    bsd = "a" in options
    numeric = "n" in options
    device = (options.last("i") or b"").decode("latin-1")
    wanted = await nettools.host(tool, words[0], 255) if words else None
    entries = await nettools.neighbours(tool.sys)
    shown = 0
    for entry in entries:
        if (device and entry.dev != device) or wanted not in (None, parse_ip(entry.ip)):
            continue
        shown += 1
        if bsd:
            await _bsd(tool, entry, numeric)
        else:
            if shown == 1:
                await tool.line(
                    b"Address                  HWtype  HWaddress           Flags Mask"
                    b"            Iface"
                )
            await _linux(tool, entry, numeric)
    if "v" in options:
        skipped = len(entries) - shown
        text = f"Entries: {len(entries)}\tSkipped: {skipped}\tFound: {shown}"
        await tool.line(text.encode())
    if not shown:
        if words:
            name = words[0]
            on = f" on {device}" if device else ""
            address = ip_text(wanted) if wanted is not None else name
            await tool.line(f"{name} ({address}) -- no entry{on}".encode("latin-1"))
        elif (device or bsd) and (entries or device):
            text = f"arp: in {len(entries)} entries no match found."
            await tool.line(text.encode())
    return 0


async def _name(tool: Tool, entry: ArpLine, numeric: bool) -> str:
    return await nettools.shown(tool, parse_ip(entry.ip), numeric)


async def _linux(tool: Tool, entry: ArpLine, numeric: bool) -> None:
    name = await _name(tool, entry, numeric)
    complete = entry.flags & nd.ATF_COM
    flags = ("C" if complete else "") + ("M" if entry.flags & nd.ATF_PERM else "")
    flags += "P" if entry.flags & nd.ATF_PUBL else ""
    if entry.flags & nd.ATF_PUBL:
        flags = flags.replace("C", "")
        text = f"{name[:23]:<23}  {'*':<8}{'<from_interface>':<18}  {flags:<6}"
    elif not complete:
        text = f"{name[:23]:<23}  {'':<8}{'(incomplete)':<18}  {flags:<6}"
    else:
        text = f"{name[:23]:<23}  {'ether':<8}{entry.mac:<18}  {flags:<6}"
    await tool.line(f"{text}{'':<15} {entry.dev}".encode("latin-1"))


async def _bsd(tool: Tool, entry: ArpLine, numeric: bool) -> None:
    name = "?"
    if not numeric:
        found = await _name(tool, entry, False)
        name = found if found != entry.ip else "?"
    if entry.flags & nd.ATF_PUBL:
        where = "<from_interface> "
    elif entry.flags & nd.ATF_COM:
        where = f"{entry.mac} [ether] "
    else:
        where = "<incomplete> "
    if entry.flags & nd.ATF_PERM:
        where += "PERM "
    if entry.flags & nd.ATF_PUBL:
        where += "PUP "
    await tool.line(f"{name} ({entry.ip}) at {where}on {entry.dev}".encode("latin-1"))


async def _set(tool: Tool, words: list[str]) -> int:
    if not words:
        await nettools.say(tool, "arp: need host name")
        return 255
    ip = await nettools.host(tool, words[0], 255)
    rest = words[1:]
    if not rest:
        await nettools.say(tool, "arp: need hardware address")
        return 255
    flags = nd.ATF_COM | nd.ATF_PERM
    ha = 0
    fd = await nettools.ioctl_socket(tool.sys)
    device = (tool.options.last("i") or b"").decode("latin-1")
    if "D" in tool.options:
        try:
            ha = int(await tool.sys.ioctl(fd, nd.SIOCGIFHWADDR, rest[0].encode("latin-1")))
        except OSError as err:
            text = f"arp: can't get HW-Address for `{rest[0]}': {err.strerror}."
            await nettools.say(tool, text)
            return 255
        device = device or rest[0]
    else:
        try:
            ha = parse_mac(rest[0])
        except ValueError:
            await nettools.say(tool, "arp: invalid hardware address")
            return 255
    for word in rest[1:]:
        if word == "temp":
            flags &= ~nd.ATF_PERM
        elif word == "pub":
            flags |= nd.ATF_PUBL
    entry = nd.ArpReq(ip, ha, flags, 0, device.encode("latin-1"))
    try:
        await tool.sys.ioctl(fd, nd.SIOCSARP, entry)
    except OSError as err:
        await nettools.say(tool, f"SIOCSARP: {err.strerror}")
        return 255
    return 0


async def _delete(tool: Tool, words: list[str]) -> int:
    if not words:
        await nettools.say(tool, "arp: need host name")
        return 255
    ip = await nettools.host(tool, words[0], 255)
    public = "pub" in words[1:]
    device = tool.options.last("i") or b""
    fd = await nettools.ioctl_socket(tool.sys)
    flags = nd.ATF_COM | nd.ATF_PERM | (nd.ATF_PUBL if public else 0)
    try:
        await tool.sys.ioctl(fd, nd.SIOCDARP, nd.ArpReq(ip, 0, flags, 0, device))
    except OSError as err:
        if err.errno == Errno.ENXIO:
            await tool.line(f"No ARP entry for {words[0]}".encode("latin-1"))
        else:
            which = "pub" if public else "dontpub"
            await nettools.say(tool, f"SIOCDARP({which}): {err.strerror}")
        return 255
    return 0


async def _from_file(tool: Tool, name: str) -> int:
    """Entries from a file: a host and a hardware address a line (ethers(5) the other way round)."""
    try:
        data = await read_file(tool.sys, name.encode("latin-1"))
    except OSError:
        await nettools.say(tool, f"arp: cannot open etherfile {name} !")
        return 255
    failed = 0
    for line in data.decode("latin-1").splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2:
            try:
                failed += await _set(tool, words) != 0
            except Failure:
                failed += 1
    return 255 if failed else 0
