"""How the arguments of the scheduling calls look in a trace (sched(7))."""

from typing import Any

from minios.abi import flags
from minios.abi.records import SchedAttr

POLICIES = {
    flags.SCHED_OTHER: "SCHED_OTHER", flags.SCHED_FIFO: "SCHED_FIFO", flags.SCHED_RR: "SCHED_RR",
    flags.SCHED_BATCH: "SCHED_BATCH", flags.SCHED_IDLE: "SCHED_IDLE", 6: "SCHED_DEADLINE",
}  # fmt: skip


def policy(value: Any) -> str:
    """A policy, with the flag that may be in it."""
    if not isinstance(value, int):
        return str(value)
    reset = value & flags.SCHED_RESET_ON_FORK
    value &= ~flags.SCHED_RESET_ON_FORK
    name = POLICIES.get(value, f"{value:#x} /* SCHED_??? */")
    return name + ("|SCHED_RESET_ON_FORK" if reset else "")


def cores(mask: Any) -> str:
    """A CPU set: the numbers of its members."""
    if not isinstance(mask, int):
        return "NULL"
    return "[" + " ".join(str(i) for i in range(mask.bit_length()) if mask >> i & 1) + "]"


def attributes(attr: Any) -> str:
    """struct sched_attr."""
    if not isinstance(attr, SchedAttr):
        return "NULL"
    return (
        f"{{size=56, sched_policy={policy(attr.policy)}, sched_flags="
        + ("SCHED_FLAG_RESET_ON_FORK" if attr.flags else "0")
        + f", sched_nice={attr.nice}, sched_priority={attr.priority}, "
        f"sched_runtime={attr.runtime}, sched_deadline=0, sched_period=0, sched_util_min=0, "
        "sched_util_max=0}"
    )
