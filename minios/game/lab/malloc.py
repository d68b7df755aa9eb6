"""The heap experiment: a list of allocations and frees under a policy (OSTEP ch. 17)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minios.game.lab.values import MOST, LabError, bounded, number
from minios.sim.random import Rng
from minios.userland.lib.heap.arena import Arena, Block
from minios.userland.lib.heap.policy import Coalesce, Fit, Order

ADDRESS_SPACE = 1 << 32

MOST_OPS = 10_000


@dataclass(frozen=True, slots=True)
class Op:
    """Allocate ``value`` bytes (the n-th allocation makes pointer n), or free pointer ``value``."""

    alloc: bool
    value: int


@dataclass(frozen=True, slots=True)
class Setup:
    """A heap. Sizes and addresses in bytes; ``align`` 0 is none."""

    size: int = 100
    base: int = 1000
    header: int = 0
    align: int = 0
    fit: Fit = Fit.BEST
    order: Order = Order.ADDRESS
    coalesce: Coalesce = Coalesce.NONE
    classes: tuple[int, ...] = ()

    def check(self) -> None:
        """Raise LabError for a heap that cannot be."""
        bounded(self.size, "heap size", least=1, most=ADDRESS_SPACE)
        bounded(self.base, "base address", least=0, most=ADDRESS_SPACE)
        bounded(self.header, "header", least=0, most=4096)
        bounded(self.align, "alignment", least=0, most=4096)
        if any(a >= b for a, b in zip((0, *self.classes), self.classes, strict=False)):
            raise LabError("size classes: the bounds must rise, from 1 on")


@dataclass(frozen=True, slots=True)
class Step:
    """What one operation did."""

    op: Op
    pointer: int
    """The number of the pointer that was made or freed."""
    block: int
    """The block's address; -1: no block was large enough, or there was nothing to free."""
    length: int
    """The block's size with header and padding."""
    searched: int
    """Free blocks looked at by an allocation."""
    trouble: str
    """Why nothing happened, or what happened instead; empty if all was well."""
    free_list: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One run of the list."""

    setup: Setup
    steps: tuple[Step, ...]
    failed: int
    """Allocations that found no block."""
    blocks: int
    """Free blocks at the end; then their bytes, the largest one, and padding in use."""
    free: int
    largest: int
    padding: int

    @property
    def searched(self) -> int:
        return sum(step.searched for step in self.steps)


def parse(text: str) -> tuple[Op, ...]:
    """``+10,+20,-0``: allocate 10 bytes, then 20, then free what the first allocation returned."""
    ops: list[Op] = []
    allocations = 0
    for part in text.replace("\n", ",").split(","):
        word = part.strip()
        if not word:
            continue
        if word[0] == "+":
            ops.append(Op(True, number(word[1:], "allocation", least=1, most=ADDRESS_SPACE)))
            allocations += 1
        elif word[0] == "-":
            ops.append(Op(False, number(word[1:], "free", least=0, most=MOST)))
        else:
            raise LabError(f"'{word}' is neither +SIZE (allocate) nor -POINTER (free)")
    if not ops:
        raise LabError("operations: the list is empty")
    if len(ops) > MOST_OPS:
        raise LabError(f"operations: more than {MOST_OPS}")
    return tuple(ops)


def draw(count: int, largest: int, percent: int, setup: Setup, rng: Rng) -> tuple[Op, ...]:
    """``count`` random operations: allocations of 1 … ``largest`` bytes, ``percent`` of them all;
    the others free one of the pointers in use. Whether an allocation would succeed is asked of a
    heap made by ``setup``, so that what failed is not freed."""
    bounded(count, "number of operations", least=1, most=MOST_OPS)
    bounded(largest, "largest allocation", least=1, most=ADDRESS_SPACE)
    bounded(percent, "per cent of allocations", least=1, most=100)
    arena = _arena(setup)
    ops: list[Op] = []
    live: list[tuple[int, int]] = []
    made = 0
    while len(ops) < count:
        if rng.below(100) < percent:
            size = rng.between(1, largest)
            ops.append(Op(True, size))
            block = arena.malloc(size).block
            if block >= 0:
                live.append((made, block))
            made += 1
        elif live:
            pointer, block = live.pop(rng.below(len(live)))
            arena.free(block)
            ops.append(Op(False, pointer))
    return tuple(ops)


def run(setup: Setup, ops: tuple[Op, ...], *, trace: bool = True) -> Result:
    """Play the operations on a fresh heap; ``trace`` keeps the free list after each."""
    setup.check()
    arena = _arena(setup)
    pointers: list[int] = []
    freed: set[int] = set()
    steps: list[Step] = []
    failed = 0
    for op in ops:
        if op.alloc:
            placed = arena.malloc(op.value)
            trouble = ""
            if placed.block < 0:
                failed += 1
                trouble = "no free block is large enough"
            step = (len(pointers), placed.block, placed.size, placed.searched, trouble)
            pointers.append(placed.block)
        else:
            step = _free(arena, op.value, pointers, freed)
        steps.append(Step(op, *step, tuple(arena.free_list()) if trace else ()))
    blocks = len(arena.free_list())
    free, largest, padding = arena.free_bytes, arena.largest, arena.padding
    return Result(setup, tuple(steps), failed, blocks, free, largest, padding)


def _free(
    arena: Arena, pointer: int, pointers: list[int], freed: set[int]
) -> tuple[int, int, int, int, str]:
    """Free by address, as free(3) does: a pointer that dangles may hit another's block."""
    block = pointers[pointer] if pointer < len(pointers) else -1
    if block < 0:
        why = "its allocation failed" if pointer < len(pointers) else "there is no such pointer"
        return pointer, -1, 0, 0, why
    length = arena.used.get(block, 0)
    if not arena.free(block):
        return pointer, -1, 0, 0, "double free"
    trouble = "dangling: this freed a block that another pointer owns" if pointer in freed else ""
    freed.add(pointer)
    return pointer, block, length, 0, trouble


def _arena(setup: Setup) -> Arena:
    return Arena(
        setup.size,
        setup.base,
        header=setup.header,
        align=setup.align,
        fit=setup.fit,
        order=setup.order,
        coalesce=setup.coalesce,
        classes=setup.classes,
    )


def facts(result: Result, *, trace: bool = True) -> dict[str, Any]:
    """The result as JSON has it."""
    setup = result.setup
    shown: dict[str, Any] = {
        "policy": str(setup.fit),
        "order": str(setup.order),
        "coalesce": str(setup.coalesce),
        "size": setup.size,
        "base": setup.base,
        "header": setup.header,
        "align": setup.align,
        "classes": list(setup.classes),
        "failed": result.failed,
        "searched": result.searched,
        "free_blocks": result.blocks,
        "free": result.free,
        "largest_free": result.largest,
        "padding": result.padding,
    }
    if trace:
        shown["ops"] = [_op(step, setup.header) for step in result.steps]
    return shown


def _op(step: Step, header: int) -> dict[str, Any]:
    found = step.block >= 0
    shown: dict[str, Any] = {
        "op": "alloc" if step.op.alloc else "free",
        "ptr": step.pointer,
        "block": step.block if found else None,
    }
    if step.op.alloc:
        shown["size"] = step.op.value
        shown["address"] = step.block + header if found else None
        shown["length"] = step.length
        shown["searched"] = step.searched
    shown["trouble"] = step.trouble or None
    shown["free_list"] = [list(block) for block in step.free_list]
    return shown
