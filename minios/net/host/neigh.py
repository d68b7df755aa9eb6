"""Neighbours: which hardware address an IP address of the link has (arp(7), RFC 826, RFC 4861).

States are Linux's. An entry has no timer while it is only remembered: that REACHABLE became STALE
is seen by its timestamps when somebody looks. Timers exist while a question is open (INCOMPLETE,
DELAY, PROBE).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.abi.inet import ip_text
from minios.net.drop import Drop
from minios.sim.world import MILLISECOND, SECOND

if TYPE_CHECKING:
    from minios.net.host.netdev import NetDevice
    from minios.net.host.stack import Stack
    from minios.net.wire.ethernet import Ethernet
    from minios.sim.world import Timer

NONE = 0x00
INCOMPLETE = 0x01
REACHABLE = 0x02
STALE = 0x04
DELAY = 0x08
PROBE = 0x10
FAILED = 0x20
NOARP = 0x40
PERMANENT = 0x80
"""NUD_* of linux/neighbour.h."""

STATES: dict[int, str] = {
    NONE: "NONE", INCOMPLETE: "INCOMPLETE", REACHABLE: "REACHABLE", STALE: "STALE",
    DELAY: "DELAY", PROBE: "PROBE", FAILED: "FAILED", NOARP: "NOARP", PERMANENT: "PERMANENT",
}  # fmt: skip

VALID = PERMANENT | NOARP | REACHABLE | PROBE | STALE | DELAY
"""States in which the hardware address is there."""
CONNECTED = PERMANENT | NOARP | REACHABLE
_TIMED = INCOMPLETE | DELAY | PROBE

ALWAYS = 1 << 100
"""Later than any time."""
NEVER = -ALWAYS
"""Earlier than any: a machine boots at negative times."""

FORCED_EVERY = 5 * SECOND
"""How old an entry must be for a full table to forget it, and how often it tries."""


class Neighbour:
    """One entry. ``fresh`` is until when (ns) its address may be used without asking anything:
    the sender of a packet compares that and nothing else.

    ``confirmed``, ``used`` and ``updated`` are when (ns) it was last known to be right, used, and
    changed. ``table`` is None for the fixed addresses of broadcasts and of devices without ARP.
    """

    __slots__ = (
        "confirmed", "dev", "fresh", "ip", "mac", "probes", "proxy", "queue", "state", "table",
        "timer", "updated", "used",
    )  # fmt: skip

    def __init__(
        self, table: Neighbours | None, dev: NetDevice, ip: int, mac: int = 0, state: int = NONE
    ) -> None:
        self.table = table
        self.dev = dev
        self.ip = ip
        self.mac = mac
        self.state = state
        now = dev.stack.world.now
        self.used = self.updated = now
        self.confirmed = now - 2 * self._setting("base_reachable_time_ms") * MILLISECOND
        self.fresh = ALWAYS if state & (PERMANENT | NOARP) else NEVER
        self.probes = 0
        self.queue: list[Ethernet] = []
        self.timer: Timer | None = None
        self.proxy = False

    def nud(self) -> int:
        """The state now; who looks changes nothing."""
        if self.state == REACHABLE and self.dev.stack.world.now >= self.fresh:
            return STALE
        return self.state

    def changed_at(self) -> int:
        """When (ns) the state became what it is now."""
        lapsed = self.state == REACHABLE and self.dev.stack.world.now >= self.fresh
        return self.fresh if lapsed else self.updated

    def _setting(self, name: str) -> int:
        return self.dev.stack.sysctl.neigh(self.dev.name, name)

    # -- sending -------------------------------------------------------------------------------

    def send(self, frame: Ethernet) -> None:
        """A frame for this neighbour: now, when its address is known, or never."""
        now = self.dev.stack.world.now
        self.used = now
        state = self.nud()
        if state & VALID:
            if state == STALE:
                self._let(DELAY)
                self._arm(self._setting("delay_first_probe_time") * SECOND)
            frame.dst = self.mac
            self.dev.xmit(frame)
            return
        queue = self.queue
        queue.append(frame)
        if frame.trail is not None:
            stack = self.dev.stack
            text = f"for the hardware address of {ip_text(self.ip)} on {self.dev.name}"
            frame.trail.add(now, stack.name, "link", "wait", text)
        if state != INCOMPLETE:
            self._begin()
        elif len(queue) > self._setting("unres_qlen"):
            self.dev.stack.drop(
                Drop.ARP_QUEUE, queue.pop(0), self.dev, f"{ip_text(self.ip)} is not resolved yet"
            )

    def _begin(self) -> None:
        self._let(INCOMPLETE)
        self.probes = 0
        self._solicit()
        self._arm(self._setting("retrans_time_ms") * MILLISECOND)

    def _solicit(self) -> None:
        self.probes += 1
        source = self.queue[0].payload if self.queue else None
        self.dev.stack.arp.solicit(self, getattr(source, "src", 0))

    def _arm(self, ns: int) -> None:
        world = self.dev.stack.world
        self.timer = world.timer(world.now + ns, self._due)

    def cancel(self) -> None:
        """No more questions."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _due(self) -> None:
        """An answer has not come in time."""
        self.timer = None
        stack = self.dev.stack
        now = stack.world.now
        if self.state == DELAY:
            if now <= self.confirmed + self._setting("delay_first_probe_time") * SECOND:
                self._reach()
                return
            self._let(PROBE)
            self.probes = 0
        most = self._setting("ucast_solicit" if self.state == PROBE else "mcast_solicit")
        if self.probes >= most:
            self.fail()
            return
        self._solicit()
        self._arm(self._setting("retrans_time_ms") * MILLISECOND)

    def fail(self) -> None:
        """Nobody answers: who waits for the address is told."""
        self.cancel()
        self._let(FAILED)
        stack = self.dev.stack
        queue, self.queue = self.queue, []
        for frame in queue:
            stack.unreachable(frame, self)

    # -- knowing -------------------------------------------------------------------------------

    def _let(self, state: int) -> None:
        """Another state, told to whoever monitors; what is usable without a question follows."""
        self.state = state
        self.updated = self.dev.stack.world.now
        self.fresh = ALWAYS if state & (PERMANENT | NOARP) else NEVER
        if self.table is not None:
            self.table.changed(self)

    def _reach(self) -> None:
        self.cancel()
        self.state = REACHABLE
        self.updated = self.dev.stack.world.now
        self.fresh = self.confirmed + self._setting("base_reachable_time_ms") * MILLISECOND
        if self.table is not None:
            self.table.changed(self)

    def confirm(self) -> None:
        """Some higher protocol has had an answer by this way (MSG_CONFIRM, TCP's progress)."""
        reachable = self.nud() == REACHABLE
        self.confirmed = self.dev.stack.world.now
        if reachable:
            self.fresh = self.confirmed + self._setting("base_reachable_time_ms") * MILLISECOND

    def learn(self, mac: int, state: int, *, override: bool = True, admin: bool = False) -> None:
        """Somebody says that this is its hardware address (neigh_update).

        ``state`` is what the news is worth: REACHABLE for an answer to us, STALE for what was only
        overheard. Without ``override`` a valid entry keeps another address. What an administrator
        set (PERMANENT, NOARP) only one changes (``admin``).
        """
        old = self.nud()
        now = self.dev.stack.world.now
        if old & (PERMANENT | NOARP) and not admin:
            return
        same = self.mac == mac and old & VALID
        if old & VALID and not same and not override:
            return
        if same and state == STALE and not admin:
            return
        self.mac = mac
        if state & CONNECTED:
            self.confirmed = now
        self.cancel()
        if state == REACHABLE:
            self._reach()
        else:
            if not same:
                self.confirmed = min(
                    self.confirmed, now - 2 * self._setting("base_reachable_time_ms") * MILLISECOND
                )
            self._let(state)
        if state & VALID:
            self._flush()
        elif state & (NONE | FAILED) or state == NONE:
            self.fail()

    def _flush(self) -> None:
        queue, self.queue = self.queue, []
        for frame in queue:
            frame.dst = self.mac
            self.dev.xmit(frame)

    def probe(self) -> None:
        """Ask now (``nud probe``, ``ip neigh … nud delay``)."""
        self.cancel()
        self._let(PROBE)
        self.probes = 0
        self._solicit()
        self._arm(self._setting("retrans_time_ms") * MILLISECOND)

    def dump(self) -> tuple[Any, ...]:
        """Plain data for the digest."""
        return (
            self.dev.name, self.ip, self.mac, self.state, self.confirmed, self.used, self.updated,
            self.probes, [frame.pack() for frame in self.queue], self.proxy,
        )  # fmt: skip


class Neighbours:
    """The ARP cache of a host: all devices' entries, within Linux's bounds (gc_thresh1 to 3)."""

    __slots__ = ("_collected", "_forced", "count", "overflows", "proxies", "stack", "watchers")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.count = 0
        """Entries that may be forgotten: all but permanent ones."""
        self.overflows = 0
        self.proxies: dict[tuple[str, int], None] = {}
        """Addresses that this host answers for, on a device (``ip neigh add proxy``)."""
        self.watchers: list[Any] = []
        """Called as ``fn(neighbour, deleted)`` with each change of state."""
        self._collected = NEVER
        self._forced = NEVER

    def changed(self, neighbour: Neighbour, deleted: bool = False) -> None:
        for watcher in self.watchers:
            watcher(neighbour, deleted)

    def get(self, dev: NetDevice, ip: int) -> Neighbour | None:
        """The entry, if there is one; one that is there is found by ``dev.neigh`` too."""
        return dev.neigh.get(ip)

    def find(self, dev: NetDevice, ip: int) -> Neighbour | None:
        """The entry, made if missing; None when the table is full (ENOBUFS, as Linux has it)."""
        found = dev.neigh.get(ip)
        if found is None:
            if not self._room():
                return None
            found = dev.neigh[ip] = Neighbour(self, dev, ip)
            self.count += 1
        return found

    def remove(self, neighbour: Neighbour) -> None:
        """Forget an entry; packets that wait for it are dropped."""
        if neighbour.dev.neigh.pop(neighbour.ip, None) is None:
            return
        self.count -= 1
        neighbour.cancel()
        queue, neighbour.queue = neighbour.queue, []
        for frame in queue:
            self.stack.drop(Drop.ARP_TIMEOUT, frame, neighbour.dev, "the entry was removed")
        neighbour.state = FAILED
        neighbour.fresh = NEVER
        neighbour.table = None
        self.changed(neighbour, True)

    def flush(self, dev: NetDevice, *, permanent: bool = True) -> None:
        """Forget what is known of a device's neighbours: it went down, or lost its carrier."""
        for neighbour in list(dev.neigh.values()):
            if permanent or neighbour.state != PERMANENT:
                self.remove(neighbour)

    def all(self) -> list[Neighbour]:
        """Every entry, device by device, in the order they were made."""
        return [
            neighbour for dev in self.stack.devices.values() for neighbour in dev.neigh.values()
        ]

    def _room(self) -> bool:
        """Whether one more entry may be made; forgets old ones when there are many."""
        sysctl = self.stack.sysctl
        if self.count < sysctl["gc_thresh1"]:
            return True
        now = self.stack.world.now
        if now - self._collected >= sysctl["gc_interval"] * SECOND // 2:
            self._collected = now
            self._collect(now)
        if self.count >= sysctl["gc_thresh3"] or (
            self.count >= sysctl["gc_thresh2"] and now - self._forced >= FORCED_EVERY
        ):
            self._forced = now
            self._force(now)
        if self.count < sysctl["gc_thresh3"]:
            return True
        self.overflows += 1
        self.stack.warn("neighbour: arp_cache: neighbor table overflow!")
        return False

    def _collect(self, now: int) -> None:
        """What nobody has used for gc_stale_time, and what failed (neigh_periodic_work)."""
        for neighbour in self.all():
            state = neighbour.nud()
            if state & (PERMANENT | _TIMED):
                continue
            stale = self.stack.sysctl.neigh(neighbour.dev.name, "gc_stale_time") * SECOND
            if state == FAILED or now - max(neighbour.used, neighbour.confirmed) > stale:
                self.remove(neighbour)

    def _force(self, now: int) -> None:
        """Make room down to gc_thresh2, the oldest first (neigh_forced_gc)."""
        surplus = self.count - self.stack.sysctl["gc_thresh2"]
        for neighbour in sorted(self.all(), key=lambda entry: entry.updated):
            if surplus <= 0:
                break
            if neighbour.state & (PERMANENT | NOARP):
                continue
            if neighbour.nud() in (FAILED, NONE) or now - neighbour.updated >= FORCED_EVERY:
                self.remove(neighbour)
                surplus -= 1

    def close(self) -> None:
        """The machine is off."""
        for neighbour in self.all():
            neighbour.cancel()
            neighbour.queue.clear()

    def state(self) -> Any:
        """Plain data for the digest."""
        return (
            [neighbour.dump() for neighbour in self.all()], list(self.proxies), self.overflows,
            self._collected, self._forced,
        )  # fmt: skip
