"""What looks like a slip in a level's network, but may be what the level is about: warnings."""

from __future__ import annotations

from minios.abi.inet import parse_ip, parse_prefix
from minios.game.spec import Level

Ends = dict[str, str]


def warnings(level: Level) -> list[tuple[str, str]]:
    """(path, text) of each. Addresses with a seed's values in them are not looked at."""
    lans = _lans(level)
    found: list[tuple[str, str]] = []
    cabled = {end for cable in level.links for end in (cable.a, cable.b)}
    addresses: dict[tuple[str, int], str] = {}
    macs: dict[tuple[str, str], str] = {}
    gateways: list[tuple[str, str, str]] = []
    for machine in level.machines:
        for nic in machine.nics:
            end = f"{machine.name}.{nic.name}"
            path = f"world.machines.{machine.name}.nics.{nic.name}"
            if nic.card and end not in cabled:
                found.append((path, "has no cable"))
            lan = lans.get(end)
            if lan is None:
                continue
            if nic.mac:
                other = macs.setdefault((lan, nic.mac.lower()), end)
                if other != end:
                    found.append((path, f"has the hardware address of {other} on the same LAN"))
            for text in nic.addresses:
                if "{{" in text:
                    continue
                ip = parse_prefix(text)[0]
                other = addresses.setdefault((lan, ip), end)
                if other != end:
                    found.append((path, f"has the address of {other} on the same LAN: {text}"))
            if nic.gateway and "{{" not in nic.gateway:
                gateways.append((path, lan, nic.gateway))
    for device in level.devices:
        if device.nat is None:
            continue
        for side, texts in (("inside", device.nat.inside), ("outside", device.nat.outside)):
            lan = lans.get(f"{device.name}.{side}")
            for text in texts:
                if lan is not None and "{{" not in text:
                    addresses.setdefault((lan, parse_prefix(text)[0]), f"{device.name}.{side}")
    # What bridges and VLANs join is not known here, nor what a seed puts in.
    unclear = any(device.access or device.trunks for device in level.devices) or any(
        nic.bridge is not None or any("{{" in text for text in nic.addresses)
        for machine in level.machines
        for nic in machine.nics
    )
    for path, lan, gateway in gateways:
        if (lan, parse_ip(gateway)) not in addresses and not unclear:
            found.append((path, f"nobody on its LAN has the address of its gateway {gateway}"))
    return found


def _lans(level: Level) -> Ends:
    """Each cabled end with a name for the LAN it is on: cables, and what hubs and switches join.

    A switch with VLANs joins nothing here, and a machine's bridge neither.
    """
    joined: Ends = {}

    def root(end: str) -> str:
        while joined.get(end, end) != end:
            end = joined[end]
        return end

    def join(a: str, b: str) -> None:
        joined[root(a)] = root(b)

    devices = {
        device.name
        for device in level.devices
        if device.kind in ("hub", "switch") and not device.access and not device.trunks
    }
    for cable in level.links:
        join(cable.a, cable.b)
        for end in (cable.a, cable.b):
            if end.partition(".")[0] in devices:
                join(end, end.partition(".")[0])
    return {end: root(end) for cable in level.links for end in (cable.a, cable.b)}
