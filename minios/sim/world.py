"""The world: virtual time, the event heap, the random streams and the door.

Time is integer nanoseconds. Nothing but :meth:`World.run_until` advances it, and where that stops,
and how often it is called, changes nothing of the outcome: a callback that goes on "inline" uses up
the sequence number its event would have had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar

from minios.sim.canonical import encode
from minios.sim.collecting import seldom
from minios.sim.instruments import Instruments
from minios.sim.random import Rng

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000

MARK_PROCESS = 1
MARK_FILE = 2
MARK_TTY = 4
MARK_POWER = 8
MARK_LINE = 16
"""Kinds of change that watchers can ask to be told of at the end of an instant."""

_ENDLESS = 1 << 59
"""More events than any run has."""

_FEW = 64
"""Cancelled timers that nobody minds."""


T = TypeVar("T")


class Timer:
    """An event that may be called off. What it would have called is then let go at once."""

    __slots__ = ("_action", "_world")

    def __init__(self, world: World, fn: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._world = world
        self._action: tuple[Callable[..., None], tuple[Any, ...]] | None = (fn, args)

    def cancel(self) -> None:
        """Nothing will happen. Of no effect when it has happened, or was cancelled before."""
        if self._action is not None:
            self._action = None
            self._world.forget()

    @property
    def cancelled(self) -> bool:
        return self._action is None

    def fire(self) -> None:
        """The event itself."""
        if self._action is not None:
            (fn, args), self._action = self._action, None
            fn(*args)
        else:
            self._world.forgotten()


class World:
    """One deterministic world. Same seed and same inputs give the same bytes."""

    __slots__ = (
        "_budget", "_cancelled", "_digested", "_doors", "_input_chain", "_inputs",
        "_limit", "_stopped", "_streams", "_watched", "_watchers", "heap", "instruments", "marks",
        "now", "seed", "seq",
    )  # fmt: skip

    def __init__(self, seed: int = 0, *, now: int = 0) -> None:
        seldom()
        self.seed = seed
        self.now = now
        self.instruments = Instruments()
        self.marks = 0
        self.heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        """The events: (time, sequence number, function, arguments). Only cables put theirs on it
        themselves, with the next ``seq``; everybody else asks :meth:`at`."""
        self._cancelled = 0
        self.seq = 0
        """The number of events so far."""
        self._limit = now
        self._budget = 0
        self._stopped = False
        self._watched = 0
        self._watchers: list[tuple[int, Callable[[int], None]]] = []
        self._streams: dict[str, Rng] = {}
        self._doors: dict[str, Callable[[Mapping[str, Any]], None]] = {}
        self._inputs = 0
        self._input_chain = b""
        self._digested: dict[str, Callable[[], bytes]] = {}

    # -- events --------------------------------------------------------------------------------

    def at(self, t: int, fn: Callable[..., None], *args: Any) -> None:
        """Call ``fn(*args)`` at time ``t``, after everything already due then."""
        self.seq += 1
        heappush(self.heap, (t if t > self.now else self.now, self.seq, fn, args))

    def timer(self, t: int, fn: Callable[..., None], *args: Any) -> Timer:
        """The same, with a handle to call it off."""
        timer = Timer(self, fn, args)
        self.at(t, timer.fire)
        return timer

    def forget(self) -> None:
        """A timer was cancelled. When most of the heap is such, it is made without them."""
        self._cancelled += 1
        heap = self.heap
        if self._cancelled > _FEW + len(heap) // 2:
            heap[:] = [entry for entry in heap if not _called_off(entry[2])]
            heapify(heap)
            self._cancelled = 0

    def forgotten(self) -> None:
        """A cancelled timer's time has come."""
        self._cancelled -= 1

    def next_event(self) -> int | None:
        """When something happens next; None if nothing ever will."""
        return self.heap[0][0] if self.heap else None

    def pending(self, kind: type[T]) -> list[tuple[int, Callable[[T], None], T]]:
        """The events whose one argument is a ``kind``: (time, function, argument), in order."""
        return [
            (t, fn, args[0])
            for t, _, fn, args in sorted(self.heap, key=_when)
            if len(args) == 1 and type(args[0]) is kind
        ]

    def redirect(self, old: Callable[..., None], new: Callable[..., None]) -> None:
        """What was to call ``old`` will call ``new``, at the same time and with the same."""
        self.heap[:] = [(t, seq, new if fn == old else fn, args) for t, seq, fn, args in self.heap]

    def follow(self, t: int, fn: Callable[..., None], args: tuple[Any, ...]) -> bool:
        """The next event of a chain: ``fn(*args)`` at ``t``, which is not in the past.

        If it is the very next one of all, time advances to ``t`` at once and True tells the caller
        to go on as if called back; otherwise it is put on the heap. Both use one sequence number,
        so that the outcome is the same.
        """
        self.seq += 1
        heap = self.heap
        if (heap and heap[0][0] <= t) or t > self._limit or self._budget <= 0 or self.marks:
            heappush(heap, (t, self.seq, fn, args))
            return False
        self._budget -= 1
        self.now = t
        return True

    def run_until(self, t: int, budget: int | None = None) -> bool:
        """Let time pass until ``t``, or until ``budget`` events have been used up, or :meth:`stop`.

        True when ``t`` is reached and everything due by then has run.
        """
        self._limit = t
        self._budget = _ENDLESS if budget is None else budget
        self._stopped = False
        heap = self.heap
        while True:
            if self.marks and (not heap or heap[0][0] > self.now):
                self._end_instant()
                if self._stopped:
                    return False
                continue
            if not heap:
                break
            if self._budget <= 0:
                if heap[0][0] > t:
                    break
                return False
            due, seq, fn, args = heappop(heap)
            if due > t:
                heappush(heap, (due, seq, fn, args))
                break
            self._budget -= 1
            self.now = due
            fn(*args)
        if self._stopped:
            return False
        if t > self.now:
            self.now = t
        return True

    def stop(self) -> None:
        """Make the running :meth:`run_until` return at the end of this instant."""
        self._stopped = True
        self._budget = 0

    # -- watching ------------------------------------------------------------------------------

    def mark(self, bits: int) -> None:
        """Note that something of these kinds changed in this instant."""
        self.marks |= bits & self._watched

    def watch(self, bits: int, fn: Callable[[int], None]) -> None:
        """Call ``fn(changed)`` at the end of each instant in which one of ``bits`` was marked."""
        self._watchers.append((bits, fn))
        self._watched |= bits

    def _end_instant(self) -> None:
        changed, self.marks = self.marks, 0
        for bits, fn in self._watchers:
            if bits & changed:
                fn(changed)

    # -- random --------------------------------------------------------------------------------

    def stream(self, name: str) -> Rng:
        """The random stream of that name; its draws depend on the seed and the name alone."""
        rng = self._streams.get(name)
        if rng is None:
            rng = self._streams[name] = Rng(self.seed, name)
        return rng

    # -- the door ------------------------------------------------------------------------------

    def door(self, op: str, fn: Callable[[Mapping[str, Any]], None]) -> None:
        """Let inputs called ``op`` in, to ``fn``."""
        self._doors[op] = fn

    def apply(self, op: str, data: Mapping[str, Any]) -> tuple[int, int]:
        """Let one input in, after everything due now; its time and number.

        Raises KeyError for an ``op`` that has no door. The inputs' chained hash is part of the
        digest, so two histories that happen to look alike still differ.
        """
        fn = self._doors[op]
        while not self.run_until(self.now):
            if self._stopped:
                break
        self._inputs += 1
        self._input_chain = blake2b(
            self._input_chain + encode((self.now, self._inputs, op, data)), digest_size=16
        ).digest()
        fn(data)
        return self.now, self._inputs

    # -- digest --------------------------------------------------------------------------------

    def digested(self, name: str, fn: Callable[[], bytes]) -> None:
        """Make ``fn()`` part of the digest, under ``name``."""
        self._digested[name] = fn

    def digest(self) -> str:
        """blake2b of the whole state, in hexadecimal (32 digits)."""
        out = blake2b(digest_size=16)
        streams = [(name, rng.state) for name, rng in sorted(self._streams.items())]
        out.update(encode((self.now, self.seq, self._inputs, self._input_chain, streams)))
        for name, fn in sorted(self._digested.items()):
            out.update(encode((name, fn())))
        return out.hexdigest()


def _when(event: tuple[int, int, Callable[..., None], tuple[Any, ...]]) -> tuple[int, int]:
    return event[:2]


def _called_off(fn: Callable[..., None]) -> bool:
    timer = getattr(fn, "__self__", None)
    return type(timer) is Timer and timer.cancelled
