"""Who is asked for a host, and in which order: nsswitch.conf(5), hosts(5), then DNS."""

from __future__ import annotations

from minios.abi.sys import Sys
from minios.userland.lib.net.gai import EAI_AGAIN, EAI_FAIL, EAI_NODATA, EAI_NONAME, GaiError
from minios.userland.lib.stdio import read_file

HOSTS = b"/etc/hosts"
NSSWITCH = b"/etc/nsswitch.conf"
Sources = list[tuple[bytes, dict[bytes, bytes]]]
USUAL: Sources = [(b"files", {}), (b"dns", {})]


def hosts_line(text: bytes) -> Sources:
    """The sources of a ``hosts:`` line, each with what its ``[STATUS=ACTION]`` says."""
    found: Sources = []
    words = text.replace(b"[", b" [").replace(b"]", b"] ").split()
    inside = False
    for word in words:
        if word.startswith(b"["):
            inside = True
        if not inside:
            found.append((word, {}))
            continue
        status, equals, action = word.strip(b"[]").partition(b"=")
        if equals and found:
            found[-1][1][status.upper()] = action.lower()
        if word.endswith(b"]"):
            inside = False
    return found


async def sources(sys: Sys) -> Sources:
    """Where hosts are looked for."""
    try:
        text = await read_file(sys, NSSWITCH)
    except OSError:
        return USUAL
    for line in text.split(b"\n"):
        database, colon, rest = line.partition(b"#")[0].partition(b":")
        if colon and database.strip() == b"hosts":
            return hosts_line(rest)
    return USUAL


async def hosts(sys: Sys) -> list[tuple[int, list[bytes]]]:
    """(address, names) of every line of /etc/hosts with an IPv4 address."""
    from minios.userland.lib.net.gai import inet_aton

    try:
        text = await read_file(sys, HOSTS)
    except OSError:
        return []
    found: list[tuple[int, list[bytes]]] = []
    for line in text.split(b"\n"):
        words = line.partition(b"#")[0].split()
        if len(words) > 1 and words[0].count(b".") == 3:
            number = inet_aton(words[0])
            if number is not None:
                found.append((number, words[1:]))
    return found


async def addresses(sys: Sys, host: bytes) -> tuple[bytes, list[int]]:
    """(canonical name, addresses) of a name. GaiError."""
    failure = EAI_NONAME
    for source, actions in await sources(sys):
        status = b"UNAVAIL"
        if source == b"files":
            name, found = await _from_hosts(sys, host)
            if found:
                return name, found
            status = b"NOTFOUND"
        elif source in (b"dns", b"resolve"):
            from minios.userland.lib.net import resolver

            try:
                return await resolver.addresses(sys, host)
            except resolver.Failed as err:
                failure = {"again": EAI_AGAIN, "nodata": EAI_NODATA, "fail": EAI_FAIL}.get(
                    err.what, EAI_NONAME
                )
                status = b"TRYAGAIN" if failure == EAI_AGAIN else b"NOTFOUND"
        elif source == b"myhostname":
            name = (await sys.uname()).nodename
            if host == name or host == b"localhost":
                return host, [0x7F000001 if host == b"localhost" else 0x7F000101]
            status = b"NOTFOUND"
        if actions.get(status) == b"return":
            break
    raise GaiError(failure)


async def _from_hosts(sys: Sys, host: bytes) -> tuple[bytes, list[int]]:
    wanted = host.lower().rstrip(b".")
    found: list[int] = []
    canonical = host
    for ip, names in await hosts(sys):
        if any(name.lower() == wanted for name in names):
            if not found:
                canonical = names[0]
            found.append(ip)
    return canonical, found


async def host_name(sys: Sys, ip: int) -> bytes | None:
    """The name of an address; None if nobody knows one."""
    for source, actions in await sources(sys):
        status = b"NOTFOUND"
        if source == b"files":
            for number, names in await hosts(sys):
                if number == ip:
                    return names[0]
        elif source in (b"dns", b"resolve"):
            from minios.userland.lib.net import resolver

            try:
                return await resolver.host_name(sys, ip)
            except resolver.Failed as err:
                if err.what == "again":
                    status = b"TRYAGAIN"
        if actions.get(status) == b"return":
            break
    return None
