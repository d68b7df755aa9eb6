"""ethtool 6.1: what a network card says of itself (ethtool(8))."""

from __future__ import annotations

from minios.abi import netdevice as nd
from minios.abi.errno import Errno, strerror
from minios.abi.inet import mac_text
from minios.userland.lib.net import nettools
from minios.userland.lib.program import Tool, program

USAGE = """
Usage:
        ethtool [ FLAGS ] DEVNAME       Display standard information about device
        ethtool [ FLAGS ] -i|--driver DEVNAME   Show driver information
        ethtool [ FLAGS ] -S|--statistics DEVNAME       Show adapter statistics
        ethtool [ FLAGS ] -P|--show-permaddr DEVNAME    Show permanent hardware address
        ethtool -h|--help               Show this help
        ethtool --version               Show version number
"""


@program(USAGE)
async def ethtool(tool: Tool) -> int:
    """ethtool(8)."""
    words = [word.decode("latin-1") for word in tool.argv[1:]]
    if words and words[0] in ("-h", "--help"):
        await tool.line(USAGE.strip("\n").encode())
        return 0
    if words and words[0] == "--version":
        await tool.line(b"ethtool version 6.1")
        return 0
    show = _settings
    if words and words[0].startswith("-"):
        found = _SHOW.get(words.pop(0))
        if found is None:
            return await _usage(tool)
        show = found
    if len(words) != 1:
        return await _usage(tool)
    fd = await nettools.ioctl_socket(tool.sys)
    return await show(tool, fd, words[0])


async def _usage(tool: Tool) -> int:
    await nettools.say(tool, "ethtool: bad command line argument(s)")
    await nettools.say(tool, "For more information run ethtool -h")
    return 1


async def _ask(tool: Tool, fd: int, name: str, command: int) -> object:
    return await tool.sys.ioctl(fd, nd.SIOCETHTOOL, (name.encode("latin-1"), command))


async def _settings(tool: Tool, fd: int, name: str) -> int:
    """Link modes, speed, and whether there is a link."""
    try:
        settings = await _ask(tool, fd, name, nd.ETHTOOL_GSET)
    except OSError as err:
        if err.errno == Errno.ENODEV:
            # Each of the five things it asks for is refused.
            once = "netlink error: no device matches name (offset 24)\nnetlink error: "
            await nettools.say(tool, ((once + strerror(Errno.ENODEV) + "\n") * 5)[:-1])
            await tool.line(b"No data available")
            return 75
        settings = None
    up = bool(await _ask(tool, fd, name, nd.ETHTOOL_GLINK))
    lines = [f"Settings for {name}:"]
    if isinstance(settings, nd.LinkSettings):
        lines += _lines(settings)
    lines.append(f"\tLink detected: {'yes' if up else 'no'}")
    for line in lines:
        await tool.line(line.encode("latin-1"))
    return 0


def _lines(settings: nd.LinkSettings) -> list[str]:
    speed = f"{settings.speed}Mb/s" if settings.speed else "Unknown!"
    duplex = ("Full" if settings.full else "Half") if settings.speed else "Unknown! (255)"
    modes = "Not reported"
    automatic = "Yes" if settings.autoneg else "No"
    if settings.autoneg and settings.speed:
        modes = f"{settings.speed}baseT/Full"
    ports = "[ TP ]" if settings.autoneg else "[  ]"
    return [
        f"\tSupported ports: {ports}",
        f"\tSupported link modes:   {modes}",
        "\tSupported pause frame use: No",
        f"\tSupports auto-negotiation: {automatic}",
        "\tSupported FEC modes: Not reported",
        f"\tAdvertised link modes:  {modes}",
        "\tAdvertised pause frame use: No",
        f"\tAdvertised auto-negotiation: {automatic}",
        "\tAdvertised FEC modes: Not reported",
        f"\tSpeed: {speed}",
        f"\tDuplex: {duplex}",
        f"\tAuto-negotiation: {'on' if settings.autoneg else 'off'}",
        f"\tPort: {settings.port}",
        "\tPHYAD: 0",
        "\tTransceiver: internal",
        "\tMDI-X: Unknown",
    ]


async def _driver(tool: Tool, fd: int, name: str) -> int:
    try:
        info = await _ask(tool, fd, name, nd.ETHTOOL_GDRVINFO)
    except OSError as err:
        await nettools.say(tool, f"Cannot get driver information: {err.strerror}")
        return 71
    assert isinstance(info, nd.DriverInfo)
    lines = (
        b"driver: " + info.driver, b"version: " + info.version, b"firmware-version: ",
        b"expansion-rom-version: ", b"bus-info: " + info.bus,
        b"supports-statistics: " + (b"yes" if info.statistics else b"no"), b"supports-test: no",
        b"supports-eeprom-access: no", b"supports-register-dump: no", b"supports-priv-flags: no",
    )  # fmt: skip
    for line in lines:
        await tool.line(line)
    return 0


async def _statistics(tool: Tool, fd: int, name: str) -> int:
    try:
        figures = await _ask(tool, fd, name, nd.ETHTOOL_GSTATS)
    except OSError as err:
        if err.errno == Errno.EOPNOTSUPP:
            await nettools.say(tool, "no stats available")
            return 94
        await nettools.say(tool, f"Cannot get stats strings information: {err.strerror}")
        return 96
    assert isinstance(figures, list)
    await tool.line(b"NIC statistics:")
    for label, value in figures:
        await tool.line(b"     %b: %d" % (label, value))
    return 0


async def _permanent(tool: Tool, fd: int, name: str) -> int:
    try:
        mac = await _ask(tool, fd, name, nd.ETHTOOL_GPERMADDR)
    except OSError as err:
        await nettools.say(tool, f"Cannot read permanent address: {err.strerror}")
        return 1
    assert isinstance(mac, int)
    text = mac_text(mac) if mac else "not set"
    await tool.line(f"Permanent address: {text}".encode())
    return 0


_SHOW = {
    "-i": _driver, "--driver": _driver, "-S": _statistics, "--statistics": _statistics,
    "-P": _permanent, "--show-permaddr": _permanent,
}  # fmt: skip
