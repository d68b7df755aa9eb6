"""What can be asked of a world: one family of checks a module, found by the spec's class.

:func:`bind` turns a :class:`~minios.game.spec.Check` into a :class:`Bound`, which looks at a world
and says when it has to be looked at again.
"""

from collections.abc import Callable
from typing import Any

from minios.game import spec
from minios.game.checks.bound import Bound, Scene
from minios.game.checks.files import BoundDirectory, BoundFile
from minios.game.checks.load import BoundLoad
from minios.game.checks.logic import BoundAll, BoundAny, BoundHeld, BoundNot
from minios.game.checks.machine import BoundPidsFree, BoundPower
from minios.game.checks.memory import BoundMemory
from minios.game.checks.metric import BoundMetric
from minios.game.checks.network import BoundNat, BoundPort, BoundReachable
from minios.game.checks.output import BoundOutput
from minios.game.checks.probe import BoundProbe
from minios.game.checks.process import BoundProcess

_FAMILIES: dict[type[spec.Check], Callable[[Any, Scene], Bound]] = {
    spec.ProcessCheck: BoundProcess,
    spec.LoadCheck: BoundLoad,
    spec.MemoryCheck: BoundMemory,
    spec.FileCheck: BoundFile,
    spec.DirectoryCheck: BoundDirectory,
    spec.OutputCheck: BoundOutput,
    spec.MetricCheck: BoundMetric,
    spec.ProbeCheck: BoundProbe,
    spec.PidsFreeCheck: BoundPidsFree,
    spec.PowerCheck: BoundPower,
    spec.ReachableCheck: BoundReachable,
    spec.PortCheck: BoundPort,
    spec.NatCheck: BoundNat,
}


def bind(check: spec.Check, scene: Scene) -> Bound:
    """``check``, looking at the world of ``scene``."""
    if isinstance(check, spec.All):
        return BoundAll([bind(each, scene) for each in check.of])
    if isinstance(check, spec.Any_):
        return BoundAny([bind(each, scene) for each in check.of])
    if isinstance(check, spec.Not):
        return BoundNot(bind(check.of, scene))
    if isinstance(check, spec.Held):
        return BoundHeld(bind(check.of, scene), check.duration)
    return _FAMILIES[type(check)](check, scene)


__all__ = ["Bound", "Scene", "bind"]
