"""tshark's TCP analysis of transfers: no anomaly but those of the losses injected."""

from pathlib import Path
from typing import Any

import pytest

from minios.net.capture import HostCapture
from tests.net.rig import MS
from tests.net.tcp.transfer import Transfer
from tests.net.tshark import anomalies, clean, lines, needs_tshark

AGAIN = (
    "tcp.analysis.retransmission || tcp.analysis.fast_retransmission || "
    "tcp.analysis.spurious_retransmission || tcp.analysis.out_of_order"
)
"""How tshark, which sees only one side, calls a segment that is sent again."""
OF_LOSS = f"{AGAIN} || tcp.analysis.duplicate_ack || tcp.analysis.window_update"


def captured(path: Path, **how: Any) -> Transfer:
    """A transfer of 512 KB, written down at the sender."""
    with path.open("wb") as file:
        transfer = Transfer(512 << 10, latency=5 * MS, rate=10_000_000, **how)
        HostCapture("a", file.write).listen(transfer.rig.hosts["a"])
        transfer.run()
    assert transfer.arrived == transfer.sent
    return transfer


@needs_tshark
@pytest.mark.parametrize(
    "how",
    [{}, {"window": 16_384}, {"window": 4096}, {"sysctl": {"tcp_timestamps": 0, "tcp_sack": 0}},
     {"congestion": "reno", "sysctl": {"tcp_window_scaling": 0}}],
    ids=["plain", "16 KiB window", "4 KiB window", "without options", "reno unscaled"],
)  # fmt: skip
def test_on_a_clean_cable_there_is_no_anomaly(tmp_path: Path, how: dict[str, Any]) -> None:
    path = tmp_path / "clean.pcap"
    transfer = captured(path, queue=1 << 22, **how)
    assert clean(path) > 500
    full = lines(path, "tcp.analysis.window_full")
    assert bool(full) == ("window" in how)
    assert len(anomalies(path)) == len(full)
    assert transfer.near.info().total_retrans == 0


@needs_tshark
@pytest.mark.parametrize("loss", [2, 10])
def test_what_is_noted_is_as_much_as_was_lost(tmp_path: Path, loss: int) -> None:
    path = tmp_path / "loss.pcap"
    transfer = captured(path, queue=1 << 22, loss=loss * 10_000)
    clean(path)
    assert len(lines(path, AGAIN)) == transfer.near.info().total_retrans > 0
    assert lines(path, f"tcp.analysis.flags && !({OF_LOSS})") == []


@needs_tshark
def test_a_queue_that_overflows(tmp_path: Path) -> None:
    path = tmp_path / "queue.pcap"
    transfer = captured(path, queue=1 << 14)
    clean(path)
    assert len(lines(path, AGAIN)) == transfer.near.info().total_retrans > 0
    assert transfer.near.info().total_retrans == len(transfer.rig.drops)
