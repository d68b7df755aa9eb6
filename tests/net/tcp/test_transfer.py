"""A megabyte arrives as it was sent, whatever the cable does to it."""

import pytest

from minios.net.drop import Drop
from tests.net.rig import MS
from tests.net.tcp.transfer import Transfer

MEGABYTE = 1 << 20


@pytest.mark.parametrize("congestion", ["cubic", "reno"])
@pytest.mark.parametrize("loss", [0, 5, 15, 30])
def test_a_megabyte_has_the_same_sha_256_with_loss_reordering_and_duplication(
    loss: int, congestion: str
) -> None:
    transfer = Transfer(
        MEGABYTE, congestion=congestion, latency=5 * MS, rate=100_000_000, queue=1 << 18,
        loss=loss * 10_000, duplicate=50_000, reorder=100_000, delay=3 * MS,
    ).run()  # fmt: skip
    assert transfer.arrived == transfer.sent
    assert transfer.received == MEGABYTE
    assert transfer.took is not None


@pytest.mark.parametrize(
    "off", ["tcp_sack", "tcp_timestamps", "tcp_recovery", "tcp_window_scaling"]
)
def test_the_same_without_each_of_the_extensions(off: str) -> None:
    transfer = Transfer(
        MEGABYTE // 4, sysctl={off: 0}, latency=5 * MS, rate=100_000_000, queue=1 << 18,
        loss=150_000, duplicate=50_000, reorder=100_000, delay=3 * MS,
    ).run()  # fmt: skip
    assert transfer.arrived == transfer.sent


def test_bits_that_flip_are_found_by_checksums() -> None:
    """RFC 9293 3.1."""
    transfer = Transfer(
        MEGABYTE // 4, latency=MS, rate=100_000_000, queue=1 << 18, damage=100_000, corrupt=50_000
    ).run()
    assert transfer.arrived == transfer.sent
    reasons = set(transfer.rig.reasons)
    assert {Drop.FCS, Drop.CHECKSUM} <= reasons


def test_equal_seeds_give_equal_traces_and_others_others() -> None:
    def trace(seed: int) -> list[tuple[int, int, str]]:
        return Transfer(
            100_000, seed=seed, trace=True, latency=5 * MS, loss=100_000, duplicate=20_000
        ).run().trace  # fmt: skip

    assert trace(3) == trace(3)
    assert trace(3) != trace(4)


def test_one_run_or_many_small_ones_are_the_same() -> None:
    def make() -> Transfer:
        return Transfer(60_000, latency=5 * MS, loss=100_000)

    whole, pieces = make(), make()
    whole.run(5)
    for t in range(0, 5001, 7):
        pieces.rig.run(t * MS)
    pieces.run(5)
    assert whole.rig.world.digest() == pieces.rig.world.digest()
    assert (
        whole.rig.hosts["a"].state() == pieces.rig.hosts["a"].state()
        and whole.rig.hosts["b"].state() == pieces.rig.hosts["b"].state()
    )


def test_a_clean_cable_is_filled() -> None:
    """Ten megabits are 9.4 of data; nothing is sent twice while the queue holds."""
    transfer = Transfer(4 * MEGABYTE, latency=MS, rate=10_000_000, queue=1 << 22).run()
    assert transfer.rate > 9_200
    assert transfer.near.info().total_retrans == 0


def test_when_all_is_over_nothing_is_left() -> None:
    transfer = Transfer(10_000, latency=MS).run()
    assert transfer.rig.idle()
    for stack in transfer.rig.hosts.values():
        stack.tcp.tidy()
        assert stack.tcp.connections == {}
