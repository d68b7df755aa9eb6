"""Who is in a service's control group."""

from minios.abi.sys import Sys
from minios.userland.lib.procfiles import pids
from minios.userland.lib.stdio import read_file


async def members(sys: Sys, cgroup: str) -> list[int]:
    """The living processes of a control group, by pid."""
    wanted = b"0::" + cgroup.encode("latin-1") + b"\n"
    found = []
    for pid in await pids(sys):
        try:
            if await read_file(sys, b"/proc/%d/cgroup" % pid) != wanted:
                continue
            stat = await read_file(sys, b"/proc/%d/stat" % pid)
        except OSError:
            continue
        if stat.rpartition(b") ")[2][:1] != b"Z":
            found.append(pid)
    return found


async def comm(sys: Sys, pid: int) -> str:
    """The name of a process, as the journal shows it."""
    try:
        return (await read_file(sys, b"/proc/%d/comm" % pid)).rstrip(b"\n").decode("latin-1")
    except OSError:
        return "n/a"
