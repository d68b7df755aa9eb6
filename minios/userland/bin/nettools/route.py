"""route (net-tools 2.10): show and change the routing table (route(8))."""

from __future__ import annotations

from minios.abi import netdevice as nd
from minios.abi.inet import mask, prefix_length
from minios.userland.lib.net import nettools
from minios.userland.lib.program import Failure, Tool, program

USAGE = """
Usage: route [-nNvee] [-FC] [<AF>]           List kernel routing tables
       route [-v] [-FC] {add|del|flush} ...  Modify routing table for AF.

       route {-h|--help} [<AF>]              Detailed usage syntax for specified AF.
       route {-V|--version}                  Display version/author and exit.

        -v, --verbose            be verbose
        -n, --numeric            don't resolve names
        -e, --extend             display other/more information
        -F, --fib                display Forwarding Information Base (default)
        -C, --cache              display routing cache instead of FIB

  <AF>=Use -4, -6, '-A <af>' or '--<af>'; default: inet
  List of possible address families (which support routing):
    inet (DARPA Internet) inet6 (IPv6) ax25 (AMPR AX.25) 
    netrom (AMPR NET/ROM) rose (AMPR ROSE) ipx (Novell IPX) 
    ddp (Appletalk DDP) x25 (CCITT X.25) 
"""

INET_USAGE = """
Usage: inet_route [-vF] del {-host|-net} Target[/prefix] [gw Gw] [metric M] [[dev] If]
       inet_route [-vF] add {-host|-net} Target[/prefix] [gw Gw] [metric M]
                              [netmask N] [mss Mss] [window W] [irtt I]
                              [mod] [dyn] [reinstate] [[dev] If]
       inet_route [-vF] add {-host|-net} Target[/prefix] [metric M] reject
       inet_route [-FC] flush      NOT supported
"""


@program(USAGE)
async def route(tool: Tool) -> int:
    """route(8)."""
    words = [word.decode("latin-1") for word in tool.argv[1:]]
    numeric = cache = False
    extended = 0
    while words and words[0].startswith("-") and words[0] not in ("-net", "-host"):
        word = words.pop(0)
        if word in ("--help", "-h"):
            await tool.line(USAGE.strip("\n").encode())
            return 0
        if word in ("-V", "--version"):
            await tool.line(b"net-tools 2.10")
            return 0
        long = {"--numeric": "n", "--extend": "e", "--verbose": "v", "--fib": "F", "--cache": "C"}
        letters = long.get(word, word[1:] if not word.startswith("--") else "?")
        if set(letters) - set("nevFCN4A"):
            await nettools.say(tool, USAGE.strip("\n"))
            return 3
        numeric = numeric or "n" in letters
        cache = cache or "C" in letters
        extended += letters.count("e")
        if "A" in letters and words:
            words.pop(0)
    if not words:
        if cache:
            await tool.line(b"Kernel IP routing cache")
            await tool.line(
                b"Source          Destination     Gateway         Flags Metric Ref    Use Iface"
            )
            return 0
        await nettools.route_table(tool, numeric=numeric, extended=min(extended, 2))
        return 0
    action = words.pop(0)
    if action not in ("add", "del", "delete", "flush"):
        await nettools.say(tool, USAGE.strip("\n"))
        return 3
    if not words or action == "flush":
        if action == "flush":
            raise await _usage(tool)
        await tool.line(INET_USAGE.strip("\n").encode())
        return 0
    return await _change(tool, action == "add", words)


async def _change(tool: Tool, adding: bool, words: list[str]) -> int:
    """Build a struct rtentry of the words, and hand it in."""
    host: bool | None = None
    if words[0] in ("-net", "-host"):
        host = words.pop(0) == "-host"
        if not words:
            raise await _usage(tool)
    target = words.pop(0)
    dst, genmask = 0, 0
    if target != "default":
        text, slash, bits = target.partition("/")
        dst = await nettools.host(tool, text, 6)
        if slash:
            if not bits.isdigit() or int(bits) > 32:
                raise await _usage(tool)
            genmask = mask(int(bits))
            host = False if host is None else host
        elif host is None:
            host = True
        elif not host:
            genmask = _class_mask(dst)
    given_mask: int | None = None
    flags = nd.RTF_UP | (nd.RTF_HOST if host else 0)
    gateway = metric = mss = window = 0
    dev = ""
    while words:
        word = words.pop(0)
        if word in ("reject",):
            flags |= nd.RTF_REJECT
            continue
        if word in ("mod", "modified", "dyn", "dynamic", "reinstate"):
            continue
        if word not in ("gw", "gateway", "netmask", "metric", "mss", "window", "irtt", "dev",
                        "device"):  # fmt: skip
            if dev or word.startswith("-"):
                raise await _usage(tool)
            dev = word
            continue
        if not words:
            raise await _usage(tool)
        text = words.pop(0)
        if word in ("gw", "gateway"):
            gateway = await nettools.host(tool, text, 6)
            flags |= nd.RTF_GATEWAY
        elif word == "netmask":
            given_mask = await nettools.host(tool, text, 6)
        elif word in ("dev", "device"):
            dev = text
        elif not text.isdigit():
            raise await _usage(tool)
        elif word == "metric":
            metric = int(text) + 1
        elif word == "mss":
            mss = int(text)
        elif word == "window":
            window = int(text)
    if given_mask is not None:
        if flags & nd.RTF_HOST:
            await nettools.say(tool, "route: netmask makes no sense with host route")
            raise await _usage(tool)
        genmask = given_mask
        try:
            prefix_length(genmask)
        except ValueError:
            await nettools.say(tool, f"route: bogus netmask {text}")
            raise await _usage(tool) from None
    if host:
        genmask = 0xFFFF_FFFF
    if dst & ~genmask & 0xFFFF_FFFF:
        await nettools.say(tool, "route: netmask doesn't match route address")
        raise await _usage(tool)
    if flags & nd.RTF_REJECT and not dev:
        dev = "lo"
    entry = nd.RtEntry(dst, genmask, gateway, flags, metric, dev.encode("latin-1"), mss, window)
    fd = await nettools.ioctl_socket(tool.sys)
    request = nd.SIOCADDRT if adding else nd.SIOCDELRT
    try:
        await tool.sys.ioctl(fd, request, entry)
    except OSError as err:
        await nettools.say(tool, f"SIOC{'ADD' if adding else 'DEL'}RT: {err.strerror}")
        return 7
    return 0


def _class_mask(ip: int) -> int:
    """The mask of an address's class, or of what is not zero in it."""
    if ip & 0xFFFF_FF == 0:
        return 0xFF00_0000
    if ip & 0xFFFF == 0:
        return 0xFFFF_0000
    if ip & 0xFF == 0:
        return 0xFFFF_FF00
    return 0xFFFF_FFFF


async def _usage(tool: Tool) -> Failure:
    await nettools.say(tool, INET_USAGE.strip("\n"))
    return Failure(b"", 3)
