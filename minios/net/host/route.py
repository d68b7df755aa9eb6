"""What a host decides about a destination, and remembers: the output and the input side of routing
(RFC 1812 5.2, ip_route_output_key and ip_route_input of Linux).

A decision is a :class:`Dst`. It is valid while nothing about routes, addresses and devices changed
(``generation``), so a packet of a flow costs one look-up in a dict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minios.abi.errno import Errno, error
from minios.abi.inet import ip_text
from minios.net.drop import Drop
from minios.net.host import fib
from minios.net.host.address import (
    BROADCAST,
    SCOPE_HOST,
    SCOPE_LINK,
    SCOPE_UNIVERSE,
    loopback,
    multicast,
    private,
    zeronet,
)
from minios.net.host.fib import Fib, Route
from minios.net.host.neigh import NOARP, Neighbour
from minios.net.host.netdev import IFF_LOOPBACK, IFF_NOARP, NetDevice
from minios.sim.world import SECOND

if TYPE_CHECKING:
    from minios.net.host.stack import Stack

CACHED = 4096
"""Decisions kept on each side; a cache that is full starts anew."""

EXCEPTIONS = 2048
"""Destinations with a path MTU or a redirect of their own."""

_ALL_ONES = 0xFFFF_FFFF_FFFF
_GROUP_MAC = 0x0100_5E00_0000


class Learned(NamedTuple):
    """What ICMP told of one destination: a gateway (0: none), a path MTU (0: none), and until when
    (ns) it holds."""

    gateway: int
    mtu: int
    expires: int


class Dst:
    """Where packets to a destination go. ``kind`` is one of fib.UNICAST, LOCAL, BROADCAST and
    MULTICAST.

    ``src`` is the address that packets from here get, ``nexthop`` whom the frame is for, ``mtu``
    the greatest packet that goes this way. ``local`` says that a packet that came in is for this
    host too. ``reason`` is why a packet that came in may not go on, ``icmp`` what its sender is
    told then. ``expires`` is when what ICMP told ends (0: never).
    """

    __slots__ = (
        "detail", "dev", "expires", "gateway", "generation", "icmp", "kind", "local", "mtu",
        "neigh", "nexthop", "reason", "redirect", "route", "src",
    )  # fmt: skip

    def __init__(
        self,
        kind: int,
        dev: NetDevice,
        nexthop: int,
        gateway: int,
        src: int,
        mtu: int,
        generation: int,
        route: Route | None = None,
    ) -> None:
        self.kind = kind
        self.dev = dev
        self.nexthop = nexthop
        self.gateway = gateway
        self.src = src
        self.mtu = mtu
        self.generation = generation
        self.route = route
        self.neigh: Neighbour | None = None
        self.local = kind != fib.UNICAST
        self.expires = 0
        self.redirect = False
        self.reason: Drop | None = None
        self.icmp: tuple[int, int] | None = None
        self.detail = ""

    def told(self) -> str:
        """Where to, by which device and which route, for a trail."""
        text = f"to {ip_text(self.nexthop)} by {self.dev.name}"
        route = self.route
        if route is None:
            return text
        prefix = f"{ip_text(route.dst)}/{route.plen}" if route.plen else "default"
        return f"{text} (route {prefix})"


class Routing(Fib):
    """The tables of a host and the decisions made by them."""

    __slots__ = ("exceptions", "outputs", "redirects", "stack")

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.stack = stack
        self.outputs: dict[tuple[int, int, str], Dst] = {}
        self.exceptions: dict[int, Learned] = {}

    def insert(self, route: Route, at: int | None = None, *, quiet: bool = False) -> None:
        super().insert(route, at, quiet=quiet)
        self.changed()

    def remove(self, route: Route, *, quiet: bool = False) -> None:
        super().remove(route, quiet=quiet)
        self.changed()

    # -- output --------------------------------------------------------------------------------

    def output(self, dst: int, src: int = 0, oif: str = "", tos: int = 0) -> Dst:
        """Where a packet from here to ``dst`` goes.

        ``src`` is its source if that is decided already, ``oif`` the device it is bound to.
        EACCES EHOSTUNREACH EINVAL ENETUNREACH ENODEV.
        """
        key = (dst, src, oif)
        found = self.outputs.get(key)
        if (
            found is not None
            and found.generation == self.generation
            and (not found.expires or found.expires > self.stack.world.now)
        ):
            return found
        if len(self.outputs) >= CACHED:
            self.outputs.clear()
        made = self.outputs[key] = self._output(dst, src, oif, tos)
        return made

    def _output(self, dst: int, src: int, oif: str, tos: int) -> Dst:
        stack = self.stack
        dev = None
        wide = multicast(dst) or dst == BROADCAST
        if src:
            if multicast(src) or src == BROADCAST or zeronet(src):
                raise error(Errno.EINVAL)
            if not oif and wide:
                dev = stack.owner_of(src)
            if dev is None and not stack.is_local(src) and not stack.sysctl["ip_nonlocal_bind"]:
                raise error(Errno.ENETUNREACH)
        if oif:
            dev = stack.devices.get(oif)
            if dev is None:
                raise error(Errno.ENODEV)
            if not dev.up:
                raise error(Errno.ENETUNREACH)
        if dst == 0:
            dst = src or 0x7F00_0001
            oif = ""
            dev = None
        if dev is not None and wide:
            src = src or stack.select_source(dev, 0, SCOPE_LINK)
            return self._made(None, dev, dst, src)
        found = self.lookup(dst, src, "", oif, tos)
        if not isinstance(found, Route):
            if oif and dev is not None and (found == Errno.ENETUNREACH):
                # A device is named: what has no route there is taken to be on its link.
                src = src or stack.select_source(dev, 0, SCOPE_LINK)
                return self._made(None, dev, dst, src)
            raise error(found)
        if found.type == fib.LOCAL:
            assert found.dev is not None
            src = src or found.src or dst
            lo = stack.devices["lo"]
            return Dst(fib.LOCAL, lo, dst, 0, src, lo.mtu, self.generation, found)
        out = found.dev
        assert out is not None
        return self._made(found, out, dst, src or self.preferred(found, dst))

    def preferred(self, route: Route, dst: int) -> int:
        """The source address of packets by a route (fib_result_prefsrc)."""
        if route.src:
            return route.src
        assert route.dev is not None
        return self.stack.select_source(route.dev, route.gateway or dst, route.scope)

    def _made(self, route: Route | None, dev: NetDevice, dst: int, src: int) -> Dst:
        if dst == BROADCAST or (route is not None and route.type == fib.BROADCAST):
            kind = fib.BROADCAST
        elif multicast(dst):
            kind = fib.MULTICAST
        else:
            kind = fib.UNICAST
        gateway = route.gateway if route is not None and kind == fib.UNICAST else 0
        if dev.loopback:
            gateway = 0
        mtu = dev.mtu
        if route is not None:
            mtu = min(mtu, route.metrics.get(2, mtu))
        made = Dst(kind, dev, gateway or dst, gateway, src, mtu, self.generation, route)
        made.local = kind == fib.BROADCAST or (kind == fib.MULTICAST and dev.joined(dst))
        learned = self.exceptions.get(dst)
        if learned is not None and kind == fib.UNICAST and learned.expires > self.stack.world.now:
            made.expires = learned.expires
            if learned.gateway:
                made.gateway = made.nexthop = learned.gateway
            if learned.mtu:
                made.mtu = min(made.mtu, learned.mtu)
        return made

    def device_for(self, dst: int) -> NetDevice | None:
        """The device by which packets to ``dst`` leave, None if they do not."""
        found = self.lookup(dst)
        return found.dev if isinstance(found, Route) else None

    def neighbour(self, dst: Dst) -> Neighbour | None:
        """Who gets the frames; None when the table is full."""
        found = dst.neigh
        if found is not None and (found.table is not None or found.state & NOARP):
            return found
        dev, ip = dst.dev, dst.nexthop
        if dst.kind == fib.BROADCAST:
            found = Neighbour(None, dev, ip, _ALL_ONES, NOARP)
        elif dst.kind == fib.MULTICAST:
            found = Neighbour(None, dev, ip, _GROUP_MAC | ip & 0x7F_FFFF, NOARP)
        elif dev.flags & (IFF_NOARP | IFF_LOOPBACK):
            found = dev.neigh.get(ip) or Neighbour(None, dev, ip, 0, NOARP)
        else:
            found = self.stack.neigh.find(dev, ip)
        dst.neigh = found
        return found

    # -- input ---------------------------------------------------------------------------------

    def input(self, src: int, dst: int, dev: NetDevice) -> Dst:
        """What becomes of a packet that came in by ``dev``; remembered there."""
        cache = dev.inputs
        if len(cache) >= CACHED:
            cache.clear()
        made = cache[src, dst] = self._input(src, dst, dev)
        return made

    def _refuse(
        self, dev: NetDevice, dst: int, reason: Drop, detail: str = "",
        icmp: tuple[int, int] | None = None,
    ) -> Dst:  # fmt: skip
        made = Dst(fib.UNICAST, dev, dst, 0, 0, dev.mtu, self.generation)
        made.local = False
        made.reason = reason
        made.detail = detail
        made.icmp = icmp
        return made

    def _input(self, src: int, dst: int, dev: NetDevice) -> Dst:
        stack = self.stack
        lo = stack.devices["lo"]
        if multicast(src) or src == BROADCAST:
            return self._refuse(dev, dst, Drop.MARTIAN, f"source {ip_text(src)}")
        if dst == BROADCAST or (src == 0 and dst == 0):
            if not zeronet(src):
                wrong = self._source_error(src, 0, dev, None)
                if wrong is not None:
                    return self._refuse(dev, dst, *wrong)
            return self._here(fib.BROADCAST, lo, dst)
        if multicast(dst):
            if dev.joined(dst) or dev.loopback:
                return self._here(fib.MULTICAST, lo, dst)
            return self._refuse(dev, dst, Drop.NOT_FOR_US, f"group {ip_text(dst)} not joined")
        if zeronet(src) or zeronet(dst):
            wrong_one = src if zeronet(src) else dst
            return self._refuse(dev, dst, Drop.MARTIAN, f"address {ip_text(wrong_one)}")
        if (
            not dev.loopback
            and (loopback(src) or loopback(dst))
            and not stack.sysctl.either(dev.name, "route_localnet")
        ):
            wrong_one = src if loopback(src) else dst
            return self._refuse(
                dev, dst, Drop.MARTIAN, f"{ip_text(wrong_one)} does not leave its host"
            )
        if stack.sysctl.most(dev.name, "bogon_filter") and private(src):
            return self._refuse(dev, dst, Drop.PRIVATE, f"source {ip_text(src)} on {dev.name}")
        found = self.lookup(dst, src, dev.name)
        if not isinstance(found, Route):
            return self._no_way(dev, dst, found)
        if found.type == fib.BROADCAST:
            wrong = self._source_error(src, 0, dev, None)
            if wrong is not None:
                return self._refuse(dev, dst, *wrong)
            if (
                found.dev is not None
                and found.dev is not dev
                and stack.forwards(dev)
                and stack.sysctl.both(dev.name, "bc_forwarding")
            ):
                made = self._made(found, found.dev, dst, 0)
                made.local = False
                return made
            return self._here(fib.BROADCAST, lo, dst)
        if found.type == fib.LOCAL:
            if not dev.loopback:
                wrong = self._source_error(src, dst, dev, None)
                if wrong is not None:
                    return self._refuse(dev, dst, *wrong)
            return self._here(fib.LOCAL, lo, dst)
        if not stack.forwards(dev):
            return self._refuse(
                dev, dst, Drop.NOT_FORWARDING, f"{ip_text(dst)} is not an address of this host"
            )
        out = found.dev
        assert out is not None
        wrong = self._source_error(src, dst, dev, out)
        if wrong is not None:
            return self._refuse(dev, dst, *wrong)
        made = self._made(found, out, dst, 0)
        if made.kind != fib.UNICAST:
            return self._refuse(dev, dst, Drop.BROADCAST, "broadcasts are not forwarded")
        if not stack.sysctl["ip_forward_use_pmtu"]:
            made.mtu = min(out.mtu, found.metrics.get(2, out.mtu))
        made.gateway = found.gateway
        made.nexthop = found.gateway or dst
        made.expires = 0
        made.local = False
        if out is dev and stack.sysctl.either(dev.name, "send_redirects"):
            made.redirect = stack.sysctl.either(dev.name, "shared_media") or any(
                a.covers(src) and a.covers(made.nexthop) for a in out.addresses
            )
        return made

    def _no_way(self, dev: NetDevice, dst: int, why: Errno) -> Dst:
        """A packet that came in has no way out: its sender is told, if this is a router."""
        if not self.stack.forwards(dev):
            return self._refuse(
                dev, dst, Drop.NOT_FORWARDING, f"{ip_text(dst)} is not an address of this host"
            )
        if why == Errno.EINVAL:
            return self._refuse(dev, dst, Drop.BLACKHOLE, f"to {ip_text(dst)}")
        if why == Errno.EHOSTUNREACH:
            return self._refuse(dev, dst, Drop.UNREACHABLE, f"to {ip_text(dst)}", (3, 1))
        if why == Errno.EACCES:
            return self._refuse(dev, dst, Drop.PROHIBIT, f"to {ip_text(dst)}", (3, 13))
        return self._refuse(dev, dst, Drop.NO_ROUTE, f"to {ip_text(dst)}", (3, 0))

    def _here(self, kind: int, lo: NetDevice, dst: int) -> Dst:
        made = Dst(kind, lo, dst, 0, dst, lo.mtu, self.generation)
        made.local = True
        return made

    def _source_error(
        self, src: int, dst: int, dev: NetDevice, out: NetDevice | None
    ) -> tuple[Drop, str] | None:
        """Why a source address cannot be (fib_validate_source; rp_filter, RFC 3704), or None."""
        stack = self.stack
        level = stack.sysctl.most(dev.name, "rp_filter")
        local = stack.owner_of(src) is not None
        if local and not dev.loopback and not stack.sysctl.conf(dev.name, "accept_local"):
            return Drop.MARTIAN, f"source {ip_text(src)} is this host's own"
        if not level or dev.loopback:
            return None
        back = self.lookup(src, dst)
        if isinstance(back, Route):
            if back.type not in (fib.UNICAST, fib.LOCAL):
                return Drop.MARTIAN, f"source {ip_text(src)}"
            if back.dev is dev or level == 2:
                return None
            where = back.dev.name if back.dev is not None else ""
            return Drop.RPF, f"the way to {ip_text(src)} is by {where}, it came in by {dev.name}"
        return Drop.RPF, f"there is no way to {ip_text(src)}"

    # -- what ICMP tells -----------------------------------------------------------------------

    def learn_mtu(self, dst: int, mtu: int) -> int:
        """A router on the way to ``dst`` takes no more than ``mtu`` (RFC 1191); what holds now."""
        sysctl = self.stack.sysctl
        mtu = max(mtu, min(sysctl["route_min_pmtu"], 552))
        known = self.exceptions.get(dst)
        now = self.stack.world.now
        if known is not None and known.expires > now and known.mtu and known.mtu <= mtu:
            return known.mtu
        gateway = known.gateway if known is not None and known.expires > now else 0
        self._except(dst, Learned(gateway, mtu, now + sysctl["route_mtu_expires"] * SECOND))
        return mtu

    def learn_gateway(self, dst: int, gateway: int) -> None:
        """A router says that ``gateway`` is the better way to ``dst`` (RFC 1122 3.2.2.2)."""
        now = self.stack.world.now
        known = self.exceptions.get(dst)
        mtu = known.mtu if known is not None and known.expires > now else 0
        self._except(dst, Learned(gateway, mtu, now + 300 * SECOND))

    def _except(self, dst: int, learned: Learned) -> None:
        exceptions = self.exceptions
        exceptions.pop(dst, None)
        if len(exceptions) >= EXCEPTIONS:
            del exceptions[next(iter(exceptions))]
        exceptions[dst] = learned
        for key in [key for key in self.outputs if key[0] == dst]:
            self.outputs.pop(key).generation = -1

    def changed(self) -> None:
        """Addresses or devices are not what they were: all decisions are void."""
        self.generation += 1
        self.outputs.clear()
        for dev in self.stack.devices.values():
            dev.inputs.clear()

    def state(self) -> Any:
        return (super().state(), [(dst, *known) for dst, known in self.exceptions.items()])


SCOPES = {SCOPE_UNIVERSE: "global", SCOPE_LINK: "link", SCOPE_HOST: "host"}
