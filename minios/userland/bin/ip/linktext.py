"""How ip shows devices (ip-link(8))."""

from __future__ import annotations

import struct
from typing import Any

from minios.abi import netlink as nl
from minios.abi.inet import mac_text
from minios.userland.bin.ip.context import Device, Ip
from minios.userland.bin.ip.names import link_flags

_STATS = struct.Struct("<25Q")
_SUFFIXES = ("", "K", "M", "G", "T", "P")


def state_of(device: Device) -> str:
    return nl.OPERSTATES[device.number(nl.IFLA_OPERSTATE) % len(nl.OPERSTATES)]


async def full_name(ip: Ip, device: Device) -> str:
    """``eth0.5@eth0``."""
    lower = device.number(nl.IFLA_LINK, -1)
    if lower < 0:
        return device.name
    return f"{device.name}@{await ip.name_of(lower) if lower else 'NONE'}"


async def flags_of(ip: Ip, device: Device) -> str:
    lower = (await ip.devices()).get(device.number(nl.IFLA_LINK))
    return link_flags(device.flags, lower_down=lower is not None and not lower.flags & 1)


async def heading(ip: Ip, device: Device, *, mode: bool, queue: bool = True) -> str:
    """The lines about the device itself, without the last newline."""
    parts = [f"{device.index}: {await full_name(ip, device)}: {await flags_of(ip, device)}"]
    parts.append(f"mtu {device.number(nl.IFLA_MTU)}")
    parts.append(f"qdisc {nl.string(device.attributes.get(nl.IFLA_QDISC, b''))}")
    master = device.number(nl.IFLA_MASTER)
    if master:
        parts.append(f"master {await ip.name_of(master)}")
    parts.append(f"state {state_of(device)}")
    if mode:
        parts.append("mode DEFAULT")
    parts.append("group default")
    length = device.number(nl.IFLA_TXQLEN)
    text = " ".join(parts) + " "
    if queue and length:
        text += f"qlen {length}"
    text += f"{ip.newline}    {link_layer(device)}"
    if ip.details:
        text += details(device, ip.newline)
    alias = device.attributes.get(nl.IFLA_IFALIAS)
    if alias is not None:
        text += f"{ip.newline}    alias {nl.string(alias)}"
    return text


def link_layer(device: Device) -> str:
    kind = "loopback" if device.hatype == 772 else "ether"
    mac = nl.address(device.attributes.get(nl.IFLA_ADDRESS, bytes(6)))
    broadcast = nl.address(device.attributes.get(nl.IFLA_BROADCAST, bytes(6)))
    text = f"link/{kind} {mac_text(mac)} brd {mac_text(broadcast)}"
    permanent = device.attributes.get(nl.IFLA_PERM_ADDRESS)
    if permanent is not None and nl.address(permanent) != mac:
        text += f" permaddr {mac_text(nl.address(permanent))}"
    return text


def details(device: Device, newline: str) -> str:
    """What -d adds."""
    text = (
        f" promiscuity {device.number(nl.IFLA_PROMISCUITY)}  allmulti 0 "
        f"minmtu {device.number(nl.IFLA_MIN_MTU)} maxmtu {device.number(nl.IFLA_MAX_MTU)} "
    )
    data = nl.attributes(device.info.get(nl.IFLA_INFO_DATA, b""))
    kind = device.kind
    if kind == "vlan":
        vid = nl.number(data.get(nl.IFLA_VLAN_ID, b""))
        text += f"{newline}    vlan protocol 802.1Q id {vid} <REORDER_HDR> "
    elif kind == "bridge":
        mac = mac_text(nl.address(device.attributes.get(nl.IFLA_ADDRESS, bytes(6))))
        mac = ":".join(f"{int(part, 16):x}" for part in mac.split(":"))
        get = {key: nl.number(value) for key, value in data.items()}
        priority = get.get(nl.IFLA_BR_PRIORITY, 32768)
        text += (
            f"{newline}    bridge forward_delay {get.get(nl.IFLA_BR_FORWARD_DELAY, 0)} "
            f"hello_time {get.get(nl.IFLA_BR_HELLO_TIME, 0)} "
            f"max_age {get.get(nl.IFLA_BR_MAX_AGE, 0)} "
            f"ageing_time {get.get(nl.IFLA_BR_AGEING_TIME, 0)} "
            f"stp_state {get.get(nl.IFLA_BR_STP_STATE, 0)} priority {priority} "
            f"vlan_filtering {get.get(nl.IFLA_BR_VLAN_FILTERING, 0)} "
            f"bridge_id {priority:04x}.{mac} designated_root {priority:04x}.{mac} "
        )
    elif kind:
        text += f"{newline}    {kind} "
    if nl.IFLA_INFO_SLAVE_DATA in device.info:
        get = {
            key: nl.number(value)
            for key, value in nl.attributes(device.info[nl.IFLA_INFO_SLAVE_DATA]).items()
        }
        state = PORT_STATES[get.get(nl.IFLA_BRPORT_STATE, 0) % 5]
        text += (
            f"{newline}    bridge_slave state {state} "
            f"priority {get.get(nl.IFLA_BRPORT_PRIORITY, 0)} "
            f"cost {get.get(nl.IFLA_BRPORT_COST, 0)} hairpin off guard off root_block off "
            f"fastleave off learning on flood on "
        )
    return text + (
        f"numtxqueues {device.number(nl.IFLA_NUM_TX_QUEUES)} "
        f"numrxqueues {device.number(nl.IFLA_NUM_RX_QUEUES)} "
        "gso_max_size 65536 gso_max_segs 65535 tso_max_size 65536 tso_max_segs 65535 "
        "gro_max_size 65536 "
    )


PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")


_FIGURES = (
    "rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped tx_dropped multicast "
    "collisions rx_length_errors rx_over_errors rx_crc_errors rx_frame_errors rx_fifo_errors "
    "rx_missed_errors tx_aborted_errors tx_carrier_errors tx_fifo_errors tx_heartbeat_errors "
    "tx_window_errors"
)


def figures(device: Device) -> dict[str, int]:
    """The counters of IFLA_STATS64."""
    data = device.attributes.get(nl.IFLA_STATS64, b"").ljust(200, b"\0")
    return dict(zip(_FIGURES.split(), _STATS.unpack_from(data), strict=False))


def _human(ip: Ip, number: int) -> str:
    if not ip.human or number < 1000:
        return str(number)
    power = 0
    scaled = number * 100
    while scaled >= 100_000 and power < 5:
        scaled //= 1000
        power += 1
    whole, rest = divmod(scaled, 100)
    return f"{whole}.{rest:02d}"[:4].rstrip(".") + _SUFFIXES[power]


def statistics(ip: Ip, device: Device) -> str:
    """The lines of -s."""
    get = figures(device)
    wide = [10, 7, 6, 7, 7, 7]

    def row(label: str, *names: str) -> str:
        cells = [f"{names[0]:>{wide[0] - 4}}"]
        cells += [f"{name:>{width}}" for name, width in zip(names[1:], wide[1:], strict=False)]
        return f"    {label}: " + " ".join(cells)

    def values(*keys: str) -> str:
        cells = [f"{_human(ip, get[key]):>{w}}" for key, w in zip(keys, wide, strict=False)]
        return "    " + " ".join(cells) + " "

    for index, keys in enumerate(
        (("rx_bytes", "tx_bytes"), ("rx_packets", "tx_packets"), ("rx_errors", "tx_errors"),
         ("rx_dropped", "tx_dropped"), ("rx_missed_errors", "tx_carrier_errors"),
         ("multicast", "collisions"))
    ):  # fmt: skip
        wide[index] = max(wide[index], *(len(_human(ip, get[key])) for key in keys))
    blank = " " * 11
    lines = [row("RX", "bytes", "packets", "errors", "dropped", " missed", "  mcast") + blank]
    lines.append(
        values("rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "rx_missed_errors", "multicast")
    )
    carrier = device.number(nl.IFLA_CARRIER_CHANGES)
    if ip.statistics > 1:
        lines.append("    RX errors:  length    crc   frame    fifo overrun")
        lines.append(
            f"    {get['rx_length_errors']:>18} {get['rx_crc_errors']:>6} "
            f"{get['rx_frame_errors']:>7} {get['rx_fifo_errors']:>7} {get['rx_over_errors']:>7} "
        )
    lines.append(row("TX", "bytes", "packets", "errors", "dropped", "carrier", "collsns") + blank)
    lines.append(
        values(
            "tx_bytes", "tx_packets", "tx_errors", "tx_dropped", "tx_carrier_errors", "collisions"
        )
    )
    if ip.statistics > 1:
        lines.append("    TX errors: aborted   fifo  window heartbt transns")
        lines.append(
            f"    {get['tx_aborted_errors']:>18} {get['tx_fifo_errors']:>6} "
            f"{get['tx_window_errors']:>7} {get['tx_heartbeat_errors']:>7} {carrier:>7} "
        )
    return ip.newline.join(lines)


async def brief(ip: Ip, device: Device) -> str:
    """``eth0             UP             ``: the columns of -br before what is shown."""
    return f"{await full_name(ip, device):<16} {state_of(device):<14} "


async def as_json(ip: Ip, device: Device, *, mode: bool) -> dict[str, Any]:
    """A device for -json."""
    flags = (await flags_of(ip, device)).strip("<>").split(",")
    mac = mac_text(nl.address(device.attributes.get(nl.IFLA_ADDRESS, bytes(6))))
    if ip.brief:
        found: dict[str, Any] = {"ifname": device.name, "operstate": state_of(device)}
        if mode:
            found |= {"address": mac, "flags": flags}
        return found
    found = {"ifindex": device.index, "ifname": device.name}
    lower = device.number(nl.IFLA_LINK)
    if lower:
        found = {
            "ifindex": device.index, "link": await ip.name_of(lower), "ifname": device.name
        }  # fmt: skip
    found |= {
        "flags": flags,
        "mtu": device.number(nl.IFLA_MTU),
        "qdisc": nl.string(device.attributes.get(nl.IFLA_QDISC, b"")),
    }
    if device.number(nl.IFLA_MASTER):
        found["master"] = await ip.name_of(device.number(nl.IFLA_MASTER))
    found["operstate"] = state_of(device)
    if mode:
        found["linkmode"] = "DEFAULT"
    found["group"] = "default"
    found["txqlen"] = device.number(nl.IFLA_TXQLEN)
    found["link_type"] = "loopback" if device.hatype == 772 else "ether"
    found["address"] = mac
    found["broadcast"] = mac_text(nl.address(device.attributes.get(nl.IFLA_BROADCAST, bytes(6))))
    return found
