"""The network part of a level, from its validated models to the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minios.game.net import spec as netspec
from minios.game.net.refs import Ends
from minios.game.net.schema import LINE
from minios.game.net.spec import NAT

if TYPE_CHECKING:
    from minios.game.net.schema import DeviceModel, LineModel, NicModel
    from minios.game.schema import WorldModel

DEFAULT_PORTS = tuple(str(n) for n in range(1, 9))


def nics(models: dict[str, NicModel | None]) -> tuple[netspec.NicSpec, ...]:
    """A machine's interfaces."""
    return tuple(_nic(name, model) for name, model in models.items())


def _nic(name: str, model: NicModel | None) -> netspec.NicSpec:
    if model is None:
        return netspec.NicSpec(name)
    return netspec.NicSpec(
        name=name,
        addresses=tuple(model.address),
        gateway=model.gateway or "",
        mac=model.mac or "",
        mtu=model.mtu or 0,
        dhcp=model.dhcp,
        auto=model.auto,
        bridge=None if model.bridge is None else tuple(model.bridge),
        stp=model.stp,
        up=tuple(model.up),
    )


def devices(world: WorldModel) -> tuple[netspec.DeviceSpec, ...]:
    """Switches, hubs and NAT boxes."""
    return tuple(_device(name, model) for name, model in world.devices.items())


def _device(name: str, model: DeviceModel) -> netspec.DeviceSpec:
    nat = None
    ports = DEFAULT_PORTS if model.ports is None else tuple(model.ports)
    if model.kind == "nat":
        ports = ("inside", "outside")
        nat = netspec.NatSpec(
            inside=tuple(model.inside),
            outside=tuple(model.outside),
            gateway=model.gateway or "",
            options=_options(model),
            forward=tuple(model.forward),
        )
    return netspec.DeviceSpec(
        name=name,
        kind=model.kind,
        ports=ports,
        access=tuple(model.vlans.items()),
        trunks=tuple(
            netspec.TrunkSpec(
                port, None if trunk.vlans is None else tuple(trunk.vlans), trunk.native
            )
            for port, trunk in model.trunks.items()
        ),
        aging=model.aging,
        table=model.table or 1024,
        stp=model.stp,
        priority=model.priority,
        mac=model.mac or "",
        nat=nat,
    )


def _options(model: DeviceModel) -> tuple[tuple[str, Any], ...]:
    """What the file gives of a translator's class."""
    found: list[tuple[str, Any]] = []
    for name in NAT:
        value = getattr(model, name)
        if value is not None:
            found.append(
                ("ports" if name == "range" else name,
                 tuple(value) if isinstance(value, list) else value)
            )  # fmt: skip
    return tuple(found)


def links(world: WorldModel) -> tuple[netspec.CableSpec, ...]:
    """The cables."""
    ends = Ends(world.model_dump(by_alias=True))
    cables = []
    for name, model in world.links.items():
        a, b = (ends.take(end) for end in model.between)
        there = netspec.LineSpec(**dict(changes(model)))
        back = None
        if model.back is not None:
            back = netspec.LineSpec(**(dict(changes(model)) | dict(changes(model.back))))
        cables.append(netspec.CableSpec(name, a, b, there, back, model.plugged))
    return tuple(cables)


def changes(model: LineModel | None) -> tuple[tuple[str, int], ...]:
    """The properties of a line that are given."""
    if model is None:
        return ()
    found: list[tuple[str, int]] = []
    for name in LINE:
        value: Any = getattr(model, name)
        if value is not None:
            found.append((name, value))
    return tuple(found)


def places(world: WorldModel) -> tuple[netspec.PlaceSpec, ...]:
    """Where the map has its nodes."""
    return tuple(netspec.PlaceSpec(name, x, y) for name, (x, y) in world.map.items())
