"""traceroute(1): ask every router on the way to make itself known."""

from minios.abi.flags import POLLERR, POLLIN
from minios.abi.inet import ip_text
from minios.userland.bin.traceroute.options import USAGE, VERSION, Options, check, read
from minios.userland.bin.traceroute.probe import METHODS, Method, Probe
from minios.userland.lib.net.gai import GaiError, name_of, resolve
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain

PRECISION = 1_000_000
"""ns: nobody is waited for any shorter."""


class Route:
    """The probes of all hops, a row of ``options.probes`` each, and how far they are told."""

    def __init__(self, tool: Tool, options: Options, method: Method) -> None:
        self.tool = tool
        self.options = options
        self.method = method
        self.probes = [Probe() for _ in range(options.hops * options.probes)]
        self.names: dict[int, bytes] = {}
        self.last = 0
        self.shown = 0
        """The MTU that was told last (--mtu)."""

    async def run(self) -> None:
        """Send as many at once as allowed; tell of them in order."""
        options, method = self.options, self.method
        start = (options.first - 1) * options.probes
        end = options.hops * options.probes
        while start < end:
            # What is there already is not late, however long it took to get to it.
            await self._listen(0)
            now = await method.now()
            waiting = 0
            until: int | None = None
            at = start
            while at < end:
                probe = self.probes[at]
                if not probe.done and probe.sent is not None:
                    due = probe.sent + self._patience(at)
                    if now >= due:
                        await method.finish(probe)
                    else:
                        until = due if until is None else min(until, due)
                if probe.done:
                    if at == start:
                        await self._tell(at)
                        start += 1
                    if probe.final:
                        end = (at // options.probes + 1) * options.probes
                    at += 1
                    continue
                if probe.sent is None:
                    if options.gap and self.last and now - self.last < options.gap:
                        due = self.last + options.gap
                        until = due if until is None else min(until, due)
                        break
                    await method.send(probe, at // options.probes + 1)
                    now = self.last = await method.now()
                    due = now + self._patience(at)
                    until = due if until is None else min(until, due)
                waiting += 1
                at += 1
                if waiting >= options.at_once:
                    break
            if until is not None and start < end:
                await self._listen(max(until - await method.now(), 0))
        await self.tool.line(b"")

    def _patience(self, at: int) -> int:
        """How long to wait for a probe: less if others of its hop, or of a later one, were soon
        answered."""
        options = self.options
        most = options.wait
        if not options.here and not options.near:
            return most
        row = at - at % options.probes
        for other in self.probes[row : row + options.probes]:
            trip = _trip(other)
            if trip is not None and options.here:
                return min(most, max(trip * options.here // 1000, PRECISION))
        for other in self.probes[row + options.probes :]:
            trip = _trip(other)
            if trip is not None and options.near:
                return min(most, max(trip * options.near // 1000, PRECISION))
        return most

    async def _listen(self, timeout: int) -> None:
        sys = self.tool.sys
        wanted = [(fd, POLLIN | POLLERR) for fd in self.method.waiting(self.probes)]
        for fd, _ in await sys.poll(wanted, timeout):
            await self.method.receive(fd, self.probes)

    async def _tell(self, at: int) -> None:
        """What became of one probe."""
        out, options = self.tool.out, self.options
        probe = self.probes[at]
        place = at % options.probes
        if not place:
            out.put(b"\n%2d " % (at // options.probes + 1))
        if not probe.host:
            out.put(b" *")
        else:
            before = [p.host for p in self.probes[at - place : at] if p.host]
            if not before or before[-1] != probe.host:
                out.put(b" " + await self._host(probe.host))
                if "b" in options.flags:
                    out.put(self._back(at // options.probes + 1, probe.ttl))
        if probe.received is not None and probe.sent is not None:
            us = (probe.received - probe.sent) // 1000
            out.put(b"  %d.%03d ms" % (us // 1000, us % 1000))
        if probe.mark:
            out.put(b" " + probe.mark)
        if self.method.mtu and self.method.mtu != self.shown:
            self.shown = self.method.mtu
            out.put(b" F=%d" % self.shown)
        await out.flush()

    def _back(self, hop: int, ttl: int) -> bytes:
        """--back: how many hops an answer took, if not as many as the way there."""
        if ttl < 0:
            return b""
        back = (64 if ttl <= 64 else 128 if ttl <= 128 else 255) - ttl + 1
        return b"" if back == hop else b" '-%d'" % back

    async def _host(self, ip: int) -> bytes:
        text = ip_text(ip).encode()
        if self.options.numeric:
            return text
        if ip not in self.names:
            self.names[ip] = await name_of(self.tool.sys, ip) or text
        return b"%b (%b)" % (self.names[ip], text)


def _trip(probe: Probe) -> int | None:
    if probe.received is None or probe.sent is None:
        return None
    return probe.received - probe.sent


@program(USAGE, None)
async def traceroute(tool: Tool) -> int:
    """traceroute(1)."""
    try:
        return await _traceroute(tool)
    except Failure as err:
        await tool.out.flush()
        await complain(tool.sys, err.text)
        return 2 if err.status is None else err.status


async def _traceroute(tool: Tool) -> int:
    argv = tool.argv[1:]
    options = read(argv)
    if not argv or "h" in options.flags:
        tool.out.put(USAGE.encode())
        return 0
    if "V" in options.flags:
        await tool.line(VERSION)
        return 0
    if not options.host:
        raise Failure(b'Specify "host" missing argument.', 2)
    try:
        ip = await resolve(tool.sys, options.host)
    except GaiError as err:
        text = b'Cannot handle "host" cmdline arg `%b\' on position 1 (argc %d)'
        where = next(at for at, word in enumerate(argv, 1) if word == options.host)
        raise Failure(options.host + b": " + err.text + b"\n" + text % (options.host, where),
                      2) from None  # fmt: skip
    check(options)
    method = METHODS[options.method](tool.sys, options, ip)
    await method.open()
    address = ip_text(ip).encode()
    tool.out.put(
        b"traceroute to %b (%b), %d hops max, %d byte packets"
        % (options.host, address, options.hops, method.whole)
    )
    await tool.out.flush()
    await Route(tool, options, method).run()
    return 0
