"""The client's state machine (RFC 2131 §4.4, figure 5)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from minios.abi.errno import Errno
from minios.abi.flags import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    O_APPEND,
    O_CREAT,
    O_TRUNC,
    O_WRONLY,
    POLLIN,
)
from minios.abi.inet import ip_text
from minios.abi.sockets import AF_INET, SO_REUSEADDR, SOCK_CLOEXEC, SOCK_DGRAM, SOL_SOCKET
from minios.abi.sys import Sys
from minios.net.wire.dhcp import (
    ACK,
    BOOTREPLY,
    BOOTREQUEST,
    CLIENT_PORT,
    DECLINE,
    DISCOVER,
    HOST_NAME,
    MESSAGE_TYPE,
    NAK,
    OFFER,
    PARAMETERS,
    RELEASE,
    REQUEST,
    REQUESTED_IP,
    SERVER_ID,
    SERVER_PORT,
    Message,
)
from minios.net.wire.malformed import Malformed
from minios.userland.bin.dhclient.apply import Script
from minios.userland.bin.dhclient.lease import Lease, from_message, parse
from minios.userland.lib.net.daemon import Log
from minios.userland.lib.net.rawudp import RawUdp, in_use
from minios.userland.lib.net.rtnl import Link
from minios.userland.lib.stdio import read_file, why, write_all

NS = 1_000_000_000
SO_BINDTODEVICE = 25
LIMITED = 0xFFFFFFFF
BACKOFF_CUTOFF = 15
PROBE = 200_000_000
"""ns that an answer to the ARP probe is waited for before an address is taken."""
DECLINE_PAUSE = 10
"""Seconds before starting again after a DECLINE (RFC 2131 §3.1)."""
RENEW_MINIMUM = 60
"""Seconds between two tries to renew, at least (RFC 2131 §4.4.5)."""
REQUESTED = bytes((1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42))
"""What Debian's dhclient.conf asks for."""
KEPT_LEASES = 16


@dataclass(slots=True)
class Settings:
    """Of the command line and dhclient.conf. Times in seconds."""

    timeout: int = 300
    retry: int = 300
    reboot: int = 10
    lease_file: bytes = b"/var/lib/dhcp/dhclient.leases"
    pid_file: bytes = b"/run/dhclient.pid"
    once: bool = False
    send: dict[int, bytes] = field(default_factory=dict)
    requested: bytes = REQUESTED
    supersede: dict[int, bytes] = field(default_factory=dict)
    prepend: dict[int, bytes] = field(default_factory=dict)
    default: dict[int, bytes] = field(default_factory=dict)
    reject: list[int] = field(default_factory=list)


class NoLease(Exception):
    """No server gave an address in time."""


class Refused(Exception):
    """The server said DHCPNAK."""


class Client:
    """An interface and its lease."""

    def __init__(
        self, sys: Sys, log: Log, link: Link, raw: RawUdp, script: Script, settings: Settings
    ) -> None:
        self.sys = sys
        self.log = log
        self.link = link
        self.raw = raw
        self.script = script
        self.settings = settings
        self.lease: Lease | None = None
        self.shown = link.name.decode("latin-1")
        self._started = 0
        self._xid = 0

    # -- time and chance -------------------------------------------------------------------------

    async def now(self) -> int:
        return await self.sys.clock_gettime(CLOCK_REALTIME) // NS

    async def random(self, below: int) -> int:
        return int.from_bytes(await self.sys.getrandom(4)) % max(below, 1)

    async def say(self, text: str) -> None:
        await self.log.say(text)

    # -- messages --------------------------------------------------------------------------------

    async def _message(self, kind: int, ciaddr: int = 0) -> Message:
        options = {MESSAGE_TYPE: bytes((kind,))}
        secs = 0
        if kind in (DISCOVER, REQUEST):
            elapsed = await self.sys.clock_gettime(CLOCK_MONOTONIC) - self._started
            secs = min(elapsed // NS, 0xFFFF)
        return Message(BOOTREQUEST, self._xid, self.link.mac, options, ciaddr=ciaddr, secs=secs)

    def _describe(self, message: Message) -> None:
        """What a DISCOVER or REQUEST says beside its business."""
        for code, data in self.settings.send.items():
            message.options.setdefault(code, data)
        message.options[PARAMETERS] = self.settings.requested

    async def _broadcast(self, message: Message) -> None:
        try:
            await self.raw.send(message.pack(), CLIENT_PORT, SERVER_PORT)
        except OSError as err:
            await self.say(f"send_packet: {why(err).decode()}")

    async def _unicast(self, message: Message, server: int) -> None:
        """From the leased address, by way of the routes, as any program sends."""
        fd = await self.sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)
        try:
            await self.sys.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
            await self.sys.bind(fd, (message.ciaddr, CLIENT_PORT))
            await self.sys.sendto(fd, message.pack(), (server, SERVER_PORT))
        except OSError as err:
            await self.say(f"send_packet: {why(err).decode()}")
        await self.sys.close(fd)

    async def _answer(self, seconds: int, kinds: tuple[int, ...]) -> tuple[Message, int] | None:
        """(message, who sent it) of one of ``kinds`` that comes within ``seconds``."""
        end = await self.sys.clock_gettime(CLOCK_MONOTONIC) + seconds * NS
        while True:
            left = end - await self.sys.clock_gettime(CLOCK_MONOTONIC)
            if left <= 0 or not await self.sys.poll([(self.raw.fd, POLLIN)], left):
                return None
            try:
                received = await self.raw.receive(CLIENT_PORT)
            except OSError as err:
                if err.errno in (Errno.ENETDOWN, Errno.EAGAIN):
                    continue
                raise
            if received is None:
                continue
            try:
                message = Message.parse(received[0])
            except Malformed:
                continue
            if (
                message.op != BOOTREPLY
                or message.xid != self._xid
                or message.chaddr != self.link.mac
                or message.kind not in kinds
            ):
                continue
            sender = message.number(SERVER_ID) or received[1]
            if sender in self.settings.reject:
                await self.say(
                    f"{('', '', 'DHCPOFFER', '', '', 'DHCPACK', 'DHCPNAK')[message.kind]} "
                    f"from {ip_text(sender)} rejected."
                )
                continue
            return message, sender

    async def _drain(self) -> None:
        """Throw away what came while nobody asked."""
        while await self.sys.poll([(self.raw.fd, POLLIN)], 0):
            await self.raw.receive(CLIENT_PORT)

    async def _backoff(self, interval: int) -> int:
        """The next interval: on average twice the last one."""
        if not interval:
            return 3 + await self.random(6)
        interval += await self.random(2 * interval)
        if interval > BACKOFF_CUTOFF:
            interval = BACKOFF_CUTOFF // 2 + await self.random(BACKOFF_CUTOFF)
        return interval

    # -- states ----------------------------------------------------------------------------------

    async def acquire(self) -> None:
        """Until BOUND: by the lease of last time (INIT-REBOOT), or from INIT on. NoLease."""
        self._started = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        old = await self.remembered()
        if old is not None:
            try:
                if await self._reboot(old):
                    return
            except Refused:
                pass
        while True:
            offer, server = await self._select()
            try:
                if await self._request(offer, server):
                    return
            except Refused:
                continue

    async def remembered(self) -> Lease | None:
        """The last lease of the interface that is still good."""
        now = await self.now()
        found = [lease for lease in await self.leases() if lease.expire > now]
        return found[-1] if found else None

    async def leases(self) -> list[Lease]:
        try:
            text = await read_file(self.sys, self.settings.lease_file)
        except OSError:
            return []
        leases = parse(text.decode("latin-1"))
        return [lease for lease in leases if lease.interface == self.link.name]

    async def _reboot(self, old: Lease) -> bool:
        """INIT-REBOOT: ask whether the old address may be used again. Refused."""
        self._xid = int.from_bytes(await self.sys.getrandom(4))
        interval, spent = 0, 0
        while spent < self.settings.reboot:
            message = await self._message(REQUEST)
            message.options[REQUESTED_IP] = old.ip.to_bytes(4)
            self._describe(message)
            await self.say(
                f"DHCPREQUEST for {ip_text(old.ip)} on {self.shown} "
                f"to 255.255.255.255 port {SERVER_PORT}"
            )
            await self._drain()
            await self._broadcast(message)
            interval = await self._backoff(interval)
            interval = min(interval, self.settings.reboot - spent)
            spent += interval
            answer = await self._answer(interval, (ACK, NAK))
            if answer is not None:
                return await self._concluded(*answer, "REBOOT", None)
        return False

    async def _select(self) -> tuple[Message, int]:
        """INIT and SELECTING: the first offer. NoLease."""
        self._xid = int.from_bytes(await self.sys.getrandom(4))
        interval, spent = 0, 0
        while spent < self.settings.timeout:
            interval = await self._backoff(interval)
            interval = min(interval, self.settings.timeout - spent)
            message = await self._message(DISCOVER)
            if self.lease is not None:
                message.options[REQUESTED_IP] = self.lease.ip.to_bytes(4)
            self._describe(message)
            await self.say(
                f"DHCPDISCOVER on {self.shown} to 255.255.255.255 port {SERVER_PORT} "
                f"interval {interval}"
            )
            await self._drain()
            await self._broadcast(message)
            spent += interval
            answer = await self._answer(interval, (OFFER,))
            if answer is not None and answer[0].yiaddr:
                offer, server = answer
                await self.say(f"DHCPOFFER of {ip_text(offer.yiaddr)} from {ip_text(server)}")
                return offer, server
        await self.say("No DHCPOFFERS received.")
        raise NoLease

    async def _request(self, offer: Message, server: int) -> bool:
        """REQUESTING: take the offer; False if nobody confirms it. Refused."""
        interval, spent = 0, 0
        while spent < self.settings.timeout:
            message = await self._message(REQUEST)
            message.options[SERVER_ID] = offer.options.get(SERVER_ID, server.to_bytes(4))
            message.options[REQUESTED_IP] = offer.yiaddr.to_bytes(4)
            self._describe(message)
            await self.say(
                f"DHCPREQUEST for {ip_text(offer.yiaddr)} on {self.shown} "
                f"to 255.255.255.255 port {SERVER_PORT}"
            )
            await self._broadcast(message)
            interval = await self._backoff(interval)
            spent += interval
            answer = await self._answer(interval, (ACK, NAK))
            if answer is not None:
                return await self._concluded(*answer, "BOUND", None)
        return False

    async def _concluded(
        self, message: Message, server: int, reason: str, old: Lease | None
    ) -> bool:
        """An ACK is made use of; False if the address turns out to be taken. Refused."""
        if message.kind == NAK:
            await self.say(f"DHCPNAK from {ip_text(server)}")
            raise Refused
        await self.say(f"DHCPACK of {ip_text(message.yiaddr)} from {ip_text(server)}")
        lease = from_message(
            message, self.link.name, await self.now(), int.from_bytes(await self.sys.getrandom(4))
        )
        settings = self.settings
        for code, data in settings.default.items():
            lease.options.setdefault(code, data)
        for code, data in settings.prepend.items():
            lease.options[code] = data + lease.options.get(code, b"")
        lease.options |= settings.supersede
        if (
            reason in ("BOUND", "REBOOT")
            and self.script.path is None
            and await in_use(self.sys, self.link.ifindex, self.link.mac, lease.ip, PROBE)
        ):
            await self._decline(lease, server)
            return False
        await self.script.run(reason, lease, old)
        self.lease = lease
        await self._remember(lease)
        left = max(lease.renew - await self.now(), 0)
        await self.say(f"bound to {ip_text(lease.ip)} -- renewal in {left} seconds.")
        return True

    async def _decline(self, lease: Lease, server: int) -> None:
        """Somebody uses the address already (RFC 2131 §3.1, step 5)."""
        message = await self._message(DECLINE)
        message.options[SERVER_ID] = server.to_bytes(4)
        message.options[REQUESTED_IP] = lease.ip.to_bytes(4)
        await self.say(
            f"DHCPDECLINE of {ip_text(lease.ip)} on {self.shown} "
            f"to 255.255.255.255 port {SERVER_PORT}"
        )
        await self._broadcast(message)
        await self.sys.nanosleep(DECLINE_PAUSE * NS)

    async def _remember(self, lease: Lease) -> None:
        """Add a lease to the file, which is written anew when it has grown."""
        path = self.settings.lease_file
        kept = await self.leases()
        with suppress(OSError):
            if len(kept) >= KEPT_LEASES:
                fd = await self.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            else:
                fd = await self.sys.open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            await write_all(self.sys, fd, lease.text().encode("latin-1"))
            await self.sys.close(fd)

    async def keep(self) -> None:
        """BOUND, RENEWING and REBINDING for ever; over expiry it starts again."""
        while True:
            lease = self.lease
            if lease is None:
                await self._again()
                continue
            await self._sleep_until(lease.renew)
            try:
                if await self._extend(lease):
                    continue
            except Refused:
                pass
            await self.script.run("EXPIRE", None, lease)
            self.lease = None

    async def _again(self) -> None:
        try:
            await self.acquire()
        except NoLease:
            await self.say("No working leases in persistent database - sleeping.")
            await self.sys.nanosleep(self.settings.retry * NS)

    async def _sleep_until(self, when: int) -> None:
        left = when * NS - await self.sys.clock_gettime(CLOCK_REALTIME)
        if left > 0:
            await self.sys.nanosleep(left)

    async def _extend(self, lease: Lease) -> bool:
        """RENEWING by unicast, from T2 on REBINDING by broadcast, until the lease is over.

        Between two tries half of what is left passes, a minute at least (RFC 2131 §4.4.5).
        Refused.
        """
        self._xid = int.from_bytes(await self.sys.getrandom(4))
        self._started = await self.sys.clock_gettime(CLOCK_MONOTONIC)
        while (now := await self.now()) < lease.expire:
            rebinding = now >= lease.rebind
            message = await self._message(REQUEST, ciaddr=lease.ip)
            self._describe(message)
            target = LIMITED if rebinding or not lease.server else lease.server
            await self.say(
                f"DHCPREQUEST for {ip_text(lease.ip)} on {self.shown} "
                f"to {ip_text(target)} port {SERVER_PORT}"
            )
            await self._drain()
            if target == LIMITED:
                await self.raw.send(message.pack(), CLIENT_PORT, SERVER_PORT, lease.ip)
            else:
                await self._unicast(message, target)
            end = lease.expire if rebinding else lease.rebind
            wait = min(max((end - now) // 2, RENEW_MINIMUM), end - now)
            answer = await self._answer(max(wait, 1), (ACK, NAK))
            if answer is not None:
                reason = "REBIND" if rebinding else "RENEW"
                return await self._concluded(*answer, reason, lease)
        return False

    async def release(self) -> None:
        """Give the lease back."""
        lease = await self.remembered()
        if lease is None:
            return
        self._xid = int.from_bytes(await self.sys.getrandom(4))
        message = await self._message(RELEASE, ciaddr=lease.ip)
        message.options[SERVER_ID] = lease.server.to_bytes(4)
        if HOST_NAME in self.settings.send:
            message.options[HOST_NAME] = self.settings.send[HOST_NAME]
        await self.say(
            f"DHCPRELEASE of {ip_text(lease.ip)} on {self.shown} "
            f"to {ip_text(lease.server)} port {SERVER_PORT}"
        )
        await self._unicast(message, lease.server)
        await self.script.run("RELEASE", None, lease)
        lease.renew = lease.rebind = lease.expire = min(lease.expire, await self.now())
        await self._remember(lease)
