"""What the server answers (RFC 2131 §4.3)."""

from __future__ import annotations

from contextlib import suppress

from minios.abi.flags import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    O_APPEND,
    O_CREAT,
    O_TRUNC,
    O_WRONLY,
    POLLIN,
)
from minios.abi.inet import INADDR_BROADCAST, MAC_BROADCAST, ip_text, mac_text
from minios.abi.sockets import AF_INET, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_RAW
from minios.abi.sys import Sys
from minios.net.wire.dhcp import (
    ACK,
    BOOTREPLY,
    BOOTREQUEST,
    BROADCAST,
    CLIENT_PORT,
    DECLINE,
    DISCOVER,
    HOST_NAME,
    INFORM,
    KINDS,
    LEASE_TIME,
    MESSAGE,
    MESSAGE_TYPE,
    NAK,
    OFFER,
    PARAMETERS,
    REBINDING_TIME,
    RELEASE,
    RENEWAL_TIME,
    REQUEST,
    REQUESTED_IP,
    SERVER_ID,
    SERVER_PORT,
    SUBNET_MASK,
    Message,
)
from minios.net.wire.icmp import ICMP
from minios.net.wire.ipv4 import IPv4
from minios.net.wire.malformed import Malformed
from minios.userland.bin.dhcpd.config import Config, Reserved, Scope
from minios.userland.bin.dhcpd.context import Context, Interface
from minios.userland.bin.dhcpd.leases import ABANDONED, ACTIVE, OFFERED, RELEASED, Lease, Leases
from minios.userland.lib.net.daemon import Log
from minios.userland.lib.net.tasks import Loop, ready
from minios.userland.lib.stdio import write_all

NS = 1_000_000_000
DEFAULT_LEASE, MAX_LEASE, MIN_LEASE = 43200, 86400, 300
OFFER_TIME = 120
"""Seconds for which an offered address is kept."""
ABANDON_TIME = 86400
PINGS_MAX = 32
"""Addresses that are probed at the same time."""
REWRITE_AFTER = 1000
"""Entries after which the lease file is written anew."""


class Server:
    """Leases and how they are had."""

    def __init__(self, sys: Sys, loop: Loop, log: Log, config: Config, path: bytes) -> None:
        self.sys = sys
        self.loop = loop
        self.log = log
        self.config = config
        self.path = path
        self.leases = Leases()
        self.pinging: dict[int, bool] = {}
        self._written = 0

    async def now(self) -> int:
        return await self.sys.clock_gettime(CLOCK_REALTIME) // NS

    # -- the file --------------------------------------------------------------------------------

    async def save(self, lease: Lease) -> None:
        """What has changed is written down before the client hears of it (RFC 2131 §3.1)."""
        self._written += 1
        if self._written >= REWRITE_AFTER:
            await self.rewrite()
            return
        with suppress(OSError):
            fd = await self.sys.open(self.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            await write_all(self.sys, fd, lease.text().encode("latin-1"))
            await self.sys.fsync(fd)
            await self.sys.close(fd)

    async def rewrite(self) -> None:
        """The lease file without what is past."""
        self._written = 0
        with suppress(OSError):
            fd = await self.sys.open(self.path + b"~", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            await write_all(self.sys, fd, self.leases.text().encode("latin-1"))
            await self.sys.close(fd)
            await self.sys.rename(self.path + b"~", self.path)

    # -- receiving -------------------------------------------------------------------------------

    async def serve(self, interface: Interface) -> None:
        """Everything that comes in on an interface."""
        while True:
            await ready(interface.raw.fd, POLLIN)
            try:
                received = await interface.raw.receive(SERVER_PORT)
            except OSError:
                continue
            if received is None:
                continue
            try:
                message = Message.parse(received[0])
            except Malformed:
                continue
            if message.op == BOOTREQUEST and message.kind:
                await self.handle(message, interface, received[1])

    async def handle(self, message: Message, interface: Interface, source: int) -> None:
        """One message of a client."""
        via = interface.name.decode("latin-1")
        if message.giaddr:
            via = ip_text(message.giaddr)
        subnet = self.config.subnet_of(message.giaddr or interface.ip)
        who = mac_text(message.chaddr)
        if subnet is None:
            kind = KINDS[message.kind] if message.kind < len(KINDS) else "DHCP"
            await self.log.say(f"{kind} from {who} via {via}: unknown network segment")
            return
        context = Context(message, interface, subnet, via, source)
        handlers = {
            DISCOVER: self.discover, REQUEST: self.request, DECLINE: self.decline,
            RELEASE: self.release, INFORM: self.inform,
        }  # fmt: skip
        if message.kind in handlers:
            await handlers[message.kind](context)

    def _reserved(self, context: Context) -> Reserved | None:
        """The ``host`` declaration of a client."""
        return next((h for h in self.config.hosts if h.mac == context.message.chaddr), None)

    def _fixed(self, context: Context) -> int:
        """The address that is reserved for a client in this subnet; 0 for none."""
        host = self._reserved(context)
        addresses = host.addresses if host is not None else []
        return next((ip for ip in addresses if context.subnet.contains(ip)), 0)

    async def discover(self, context: Context, *, again: bool = False) -> None:
        """Offer an address; one of the pool is probed before, if nobody is known to have it.

        ``again``: the one before answered. Then those that were given up are left alone, or a
        full network would be pinged without end.
        """
        message, subnet = context.message, context.subnet
        head = f"DHCPDISCOVER from {context.client} via {context.via}"
        fixed = self._fixed(context)
        if fixed:
            await self.log.say(head)
            await self._offer(context, fixed)
            return
        now = await self.now()
        known = self._reserved(context) is not None
        lease = self.leases.of(message.chaddr, context.client_id, subnet)
        if lease is not None and (
            subnet.scope_of(lease.ip) is None or (lease.taken(now) and lease.mac != message.chaddr)
        ):
            lease = None
        fresh = lease is None
        if lease is None:
            wanted = message.number(REQUESTED_IP)
            lease = self.leases.free(self.config, subnet, now, known, wanted)
        if lease is None:
            if not known and not subnet.scope.get("unknown_clients", True):
                await self.log.say(f"{head}: unknown client")
                return
            network = f"{ip_text(subnet.network)}/{subnet.length}"
            await self.log.say(f"{head}: network {network}: no free leases")
            return
        await self.log.say(head)
        scope = subnet.scope_of(lease.ip) or subnet.scope
        if lease.state == ABANDONED:
            if again:
                return
            await self.log.say(f"Reclaiming abandoned lease {ip_text(lease.ip)}.")
        if lease.state != ACTIVE:
            self._hold(lease, context, now)
        if fresh and scope.get("ping_check", True) and len(self.pinging) < PINGS_MAX:
            if lease.ip not in self.pinging:
                self.pinging[lease.ip] = True
                self.loop.start(self._probe, context, lease, scope)
            return
        await self._offer(context, lease.ip)

    def _hold(self, lease: Lease, context: Context, now: int) -> None:
        lease.state, lease.mac, lease.client_id = OFFERED, context.message.chaddr, context.client_id
        lease.starts, lease.ends = now, now + OFFER_TIME

    async def _probe(self, context: Context, lease: Lease, scope: Scope) -> None:
        """Ping an address before it is offered (RFC 2131 §2.2)."""
        answered = await self._ping(lease.ip, scope.get("ping_timeout", 1))
        self.pinging.pop(lease.ip, None)
        if not answered:
            await self._offer(context, lease.ip)
            return
        await self._abandon(lease, "pinged before offer")
        await self.discover(context, again=True)

    async def _ping(self, ip: int, seconds: int) -> bool:
        """Whether an address answers within ``seconds``."""
        sys = self.sys
        try:
            fd = await sys.socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1)
        except OSError:
            return False
        ident = ip & 0xFFFF
        end = await sys.clock_gettime(CLOCK_MONOTONIC) + seconds * NS
        found = False
        with suppress(OSError):
            await sys.sendto(fd, ICMP(8, 0, ident << 16, b"").pack(), (ip, 0))
            while not found and await ready(fd, POLLIN, end):
                data, _ = await sys.recvfrom(fd, 1500)
                try:
                    packet = IPv4.parse(data)
                except Malformed:
                    continue
                reply = packet.payload
                found = (
                    packet.src == ip and isinstance(reply, ICMP) and reply.type == 0
                    and reply.rest >> 16 == ident
                )  # fmt: skip
        await sys.close(fd)
        return found

    async def _abandon(self, lease: Lease, reason: str) -> None:
        now = await self.now()
        lease.state, lease.mac, lease.client_id = ABANDONED, 0, b""
        lease.starts, lease.ends = now, now + ABANDON_TIME
        await self.log.say(f"Abandoning IP address {ip_text(lease.ip)}: {reason}")
        await self.save(lease)

    async def _offer(self, context: Context, ip: int) -> None:
        name = f" ({context.hostname})" if context.hostname else ""
        await self.log.say(
            f"DHCPOFFER on {ip_text(ip)} to {context.client}{name} via {context.via}"
        )
        await self._reply(context, OFFER, ip)

    async def request(self, context: Context) -> None:
        """SELECTING, INIT-REBOOT, RENEWING or REBINDING, told apart as RFC 2131 §4.3.2 says."""
        message, subnet = context.message, context.subnet
        chosen = message.number(SERVER_ID)
        wanted = message.number(REQUESTED_IP) or message.ciaddr
        shown = f"{ip_text(wanted)} ({ip_text(chosen)})" if chosen else ip_text(wanted)
        name = f" ({context.hostname})" if context.hostname else ""
        head = f"DHCPREQUEST for {shown} from {context.client}{name} via {context.via}"
        if chosen and chosen != context.interface.ip:
            # Another server was chosen: what was offered here is free again.
            lease = self.leases.of(message.chaddr, context.client_id, subnet)
            if lease is not None and lease.state == OFFERED:
                lease.state, lease.ends = RELEASED, await self.now()
            await self.log.say(f"{head}: wrong server")
            return
        if not wanted:
            return
        authoritative = subnet.scope.get("authoritative", False)
        if not subnet.contains(wanted):
            if authoritative or chosen:
                await self.log.say(f"{head}: wrong network.")
                await self._nak(context, wanted, "wrong network")
            else:
                await self.log.say(f"{head}: ignored (not authoritative).")
            return
        now = await self.now()
        fixed = self._fixed(context)
        lease = self.leases.by_ip.get(wanted)
        if fixed:
            if fixed != wanted:
                await self.log.say(f"{head}: lease {ip_text(wanted)} unavailable.")
                await self._nak(context, wanted, "requested address not available")
                return
            await self.log.say(head)
            await self._ack(context, wanted, None)
            return
        if subnet.scope_of(wanted) is None or lease is None:
            # Nothing is known of the client: only who is responsible for the net says no.
            await self.log.say(f"{head}: unknown lease {ip_text(wanted)}.")
            if authoritative and (subnet.scope_of(wanted) is None or not message.ciaddr):
                await self._nak(context, wanted, "requested address not available")
            return
        mine = (
            lease.client_id == context.client_id
            if (lease.client_id and context.client_id)
            else lease.mac == message.chaddr
        )
        if lease.state == ABANDONED or (lease.taken(now) and not mine):
            await self.log.say(f"{head}: lease {ip_text(wanted)} unavailable.")
            if authoritative or chosen:
                await self._nak(context, wanted, "requested address not available")
            return
        await self.log.say(head)
        await self._ack(context, wanted, lease)

    async def _ack(self, context: Context, ip: int, lease: Lease | None) -> None:
        if lease is not None:
            now = await self.now()
            scope = context.subnet.scope_of(ip) or context.subnet.scope
            lease.state, lease.mac = ACTIVE, context.message.chaddr
            lease.client_id = context.client_id
            lease.hostname = context.message.options.get(HOST_NAME, b"")[:63]
            lease.starts, lease.ends = now, now + self._time(context.message, scope)
            await self.save(lease)
        name = f" ({context.hostname})" if context.hostname else ""
        await self.log.say(f"DHCPACK on {ip_text(ip)} to {context.client}{name} via {context.via}")
        await self._reply(context, ACK, ip)

    async def _nak(self, context: Context, ip: int, why: str) -> None:
        await self.log.say(f"DHCPNAK on {ip_text(ip)} to {context.client} via {context.via}")
        message = context.message
        reply = Message(BOOTREPLY, message.xid, message.chaddr, giaddr=message.giaddr)
        reply.flags = message.flags
        reply.options = {
            MESSAGE_TYPE: bytes((NAK,)),
            SERVER_ID: context.interface.ip.to_bytes(4),
            MESSAGE: why.encode(),
        }
        if message.giaddr:
            reply.flags |= BROADCAST
        await self._send(context, reply, INADDR_BROADCAST, MAC_BROADCAST)

    async def decline(self, context: Context) -> None:
        """The client found that somebody uses the address."""
        ip = context.message.number(REQUESTED_IP)
        lease = self.leases.by_ip.get(ip)
        head = f"DHCPDECLINE of {ip_text(ip)} from {context.client} via {context.via}"
        if lease is None or lease.mac != context.message.chaddr:
            await self.log.say(f"{head}: not found")
            return
        await self.log.say(f"{head}: abandoned")
        await self._abandon(lease, "declined.")

    async def release(self, context: Context) -> None:
        ip = context.message.ciaddr
        lease = self.leases.by_ip.get(ip)
        found = lease is not None and lease.mac == context.message.chaddr
        name = f" ({lease.hostname.decode('latin-1')})" if lease and lease.hostname else ""
        await self.log.say(
            f"DHCPRELEASE of {ip_text(ip)} from {context.client}{name} via {context.via} "
            f"({'found' if found else 'not found'})"
        )
        if lease is not None and found and lease.state == ACTIVE:
            lease.state, lease.ends = RELEASED, await self.now()
            await self.save(lease)

    async def inform(self, context: Context) -> None:
        """Who has an address wants only the rest (RFC 2131 §3.4)."""
        ip = context.message.ciaddr or context.source
        await self.log.say(f"DHCPINFORM from {ip_text(ip)} via {context.via}")
        if not context.subnet.scope.get("authoritative", False):
            await self.log.say(
                f"DHCPINFORM from {ip_text(ip)} via {context.via}: not authoritative"
            )
            return
        await self.log.say(f"DHCPACK to {ip_text(ip)} ({context.client}) via {context.via}")
        await self._reply(context, ACK, 0)

    # -- sending ---------------------------------------------------------------------------------

    def _time(self, message: Message, scope: Scope) -> int:
        """How long a lease is: what is asked for within bounds, else the usual."""
        asked = message.number(LEASE_TIME)
        if not asked:
            return int(scope.get("default_lease", DEFAULT_LEASE))
        longest = int(scope.get("max_lease", MAX_LEASE))
        return min(max(asked, int(scope.get("min_lease", MIN_LEASE))), longest)

    async def _reply(self, context: Context, kind: int, ip: int) -> None:
        message = context.message
        host = self._reserved(context)
        scope = context.subnet.scope_of(ip) or context.subnet.scope
        known = scope.all_options()
        if host is not None:
            known |= host.scope.options
        reply = Message(
            BOOTREPLY, message.xid, message.chaddr, ciaddr=message.ciaddr, yiaddr=ip,
            siaddr=scope.get("next_server", 0), giaddr=message.giaddr, flags=message.flags,
            boot_file=scope.get("filename", b""),
        )  # fmt: skip
        options = reply.options
        options[MESSAGE_TYPE] = bytes((kind,))
        options[SERVER_ID] = context.interface.ip.to_bytes(4)
        if ip:
            length = self._time(message, scope)
            if host is not None and host.scope.default_lease is not None:
                length = host.scope.default_lease
            options[LEASE_TIME] = length.to_bytes(4)
        wanted = message.options.get(PARAMETERS)
        order = list(wanted) if wanted is not None else list(known)
        if SUBNET_MASK in order:
            # The mask goes before the routers (RFC 2132 §3.3).
            order = [SUBNET_MASK, *(code for code in order if code != SUBNET_MASK)]
        for code in order:
            if code in known and code not in options:
                options[code] = known[code]
            elif code == HOST_NAME and host is not None:
                options[code] = host.name.encode("latin-1")
            elif ip and code in (RENEWAL_TIME, REBINDING_TIME):
                part = length // 2 if code == RENEWAL_TIME else length * 7 // 8
                options[code] = part.to_bytes(4)
        target, mac = ip, message.chaddr
        if message.ciaddr:
            target = message.ciaddr
        elif message.flags & BROADCAST or not ip:
            target, mac = INADDR_BROADCAST, MAC_BROADCAST
        await self._send(context, reply, target, mac)

    async def _send(self, context: Context, reply: Message, target: int, mac: int) -> None:
        """To a relay, or to the client: who has no address yet is reached by its MAC."""
        data = reply.pack()
        interface = context.interface
        with suppress(OSError):
            if reply.giaddr or (context.message.ciaddr and target != INADDR_BROADCAST):
                fd = await self.sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
                where = (reply.giaddr, SERVER_PORT) if reply.giaddr else (target, CLIENT_PORT)
                with suppress(OSError):
                    await self.sys.sendto(fd, data, where)
                await self.sys.close(fd)
                return
            await interface.raw.send(data, SERVER_PORT, CLIENT_PORT, interface.ip, target, mac)
