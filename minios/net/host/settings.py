"""The parameters of a stack: what /proc/sys/net shows of it (ip-sysctl.rst, arp(7), icmp(7)).

Global ones have a name each (``ip_forward``); those of a device are looked up for the device,
then in ``all`` as the kernel's documentation says for each.
"""

from __future__ import annotations

GLOBAL: dict[str, int] = {
    "ip_forward": 0,
    "ip_default_ttl": 64,
    "ip_no_pmtu_disc": 0,
    "ip_nonlocal_bind": 0,
    "ip_unprivileged_port_start": 1024,
    "ip_forward_use_pmtu": 0,
    "icmp_echo_ignore_all": 0,
    "icmp_echo_ignore_broadcasts": 1,
    "icmp_ignore_bogus_error_responses": 1,
    "icmp_errors_use_inbound_ifaddr": 0,
    "icmp_ratelimit": 1000,
    "icmp_ratemask": 6168,
    "icmp_msgs_per_sec": 1000,
    "icmp_msgs_burst": 50,
    "ipfrag_time": 30,
    "ipfrag_high_thresh": 4 << 20,
    "route_min_pmtu": 552,
    "route_mtu_expires": 600,
}
"""Parameters of the whole stack and what they are at boot. Times are in the units of the files."""

DEVICE: dict[str, int] = {
    "accept_local": 0,
    "accept_redirects": 1,
    "arp_accept": 0,
    "arp_announce": 0,
    "arp_filter": 0,
    "arp_ignore": 0,
    "arp_notify": 0,
    "bc_forwarding": 0,
    "bogon_filter": 0,
    "forwarding": 0,
    "ignore_routes_with_linkdown": 0,
    "log_martians": 0,
    "promote_secondaries": 0,
    "proxy_arp": 0,
    "route_localnet": 0,
    "rp_filter": 0,
    "secure_redirects": 1,
    "send_redirects": 1,
    "shared_media": 1,
}
"""``net.ipv4.conf.DEVICE.*``. ``bogon_filter`` is not Linux's: it drops private addresses that
come in by the device, as providers' routers are configured to."""

NEIGHBOUR: dict[str, int] = {
    "base_reachable_time_ms": 30_000,
    "delay_first_probe_time": 5,
    "gc_stale_time": 60,
    "locktime": 100,
    "mcast_solicit": 3,
    "retrans_time_ms": 1000,
    "ucast_solicit": 3,
    "unres_qlen": 101,
}
"""``net.ipv4.neigh.DEVICE.*`` (arp(7))."""

NEIGHBOUR_GLOBAL: dict[str, int] = {
    "gc_interval": 30,
    "gc_thresh1": 128,
    "gc_thresh2": 512,
    "gc_thresh3": 1024,
}
"""``net.ipv4.neigh.default.gc_*``: bounds of the whole neighbour table."""


class Settings(dict[str, int]):
    """The parameters that were changed; what is missing has its value at boot.

    Keys are names of :data:`GLOBAL`, ``conf.DEVICE.NAME`` and ``neigh.DEVICE.NAME``, and whatever
    other parts of the stack keep here (``tcp_*``), with their defaults added to :attr:`defaults`.
    """

    __slots__ = ("defaults",)

    def __init__(self) -> None:
        super().__init__()
        self.defaults: dict[str, int] = {**GLOBAL, **NEIGHBOUR_GLOBAL}

    def __missing__(self, name: str) -> int:
        return self.defaults[name]

    def conf(self, device: str, name: str) -> int:
        """The device's own value of a ``conf`` parameter."""
        found = self.get(f"conf.{device}.{name}")
        if found is None:
            found = self.get(f"conf.default.{name}", DEVICE[name])
        return found

    def all(self, name: str) -> int:
        """The value of ``conf.all``."""
        return self.get(f"conf.all.{name}", DEVICE[name])

    def either(self, device: str, name: str) -> bool:
        """IN_DEV_ORCONF: on where either says so."""
        return bool(self.all(name) or self.conf(device, name))

    def both(self, device: str, name: str) -> bool:
        """IN_DEV_ANDCONF: on where both say so."""
        return bool(self.all(name) and self.conf(device, name))

    def most(self, device: str, name: str) -> int:
        """IN_DEV_MAXCONF: the greater of both."""
        return max(self.all(name), self.conf(device, name))

    def neigh(self, device: str, name: str) -> int:
        """A device's parameter of its neighbour table."""
        found = self.get(f"neigh.{device}.{name}")
        if found is None:
            found = self.get(f"neigh.default.{name}", NEIGHBOUR[name])
        return found
