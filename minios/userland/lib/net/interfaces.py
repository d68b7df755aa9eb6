"""What networks a machine is on."""

from minios.abi.inet import network
from minios.abi.sys import Sys
from minios.userland.lib.net.rtnl import rtnl


async def networks(sys: Sys) -> list[tuple[int, int]]:
    """(network, prefix length) of every address; [] if the kernel cannot say."""
    try:
        netlink = await rtnl(sys)
    except OSError:
        return []
    try:
        found = [(network(a.ip, a.length), a.length) for a in await netlink.addresses()]
    except OSError:
        found = []
    await netlink.close()
    return found
