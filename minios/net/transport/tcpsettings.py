"""The parameters net.ipv4.tcp_* and their values at boot (ip-sysctl.rst).

Times are in the units of the files: seconds, unless a comment says otherwise. The triples of
``tcp_rmem`` and ``tcp_wmem`` are three parameters each here.
"""

DEFAULTS: dict[str, int] = {
    "tcp_abort_on_overflow": 0,
    "tcp_dsack": 1,
    "tcp_early_retrans": 3,
    "tcp_fin_timeout": 60,
    "tcp_invalid_ratelimit": 500,  # ms
    "tcp_keepalive_intvl": 75,
    "tcp_keepalive_probes": 9,
    "tcp_keepalive_time": 7200,
    "tcp_max_orphans": 16384,
    "tcp_max_reordering": 300,
    "tcp_max_syn_backlog": 256,
    "tcp_max_tw_buckets": 16384,
    "tcp_min_snd_mss": 48,
    "tcp_moderate_rcvbuf": 1,
    "tcp_orphan_retries": 0,
    "tcp_recovery": 1,
    "tcp_rfc1337": 0,
    "tcp_reordering": 3,
    "tcp_retries1": 3,
    "tcp_retries2": 15,
    "tcp_rmem_default": 131072,
    "tcp_rmem_max": 6291456,
    "tcp_rmem_min": 4096,
    "tcp_sack": 1,
    "tcp_slow_start_after_idle": 1,
    "tcp_syn_retries": 6,
    "tcp_synack_retries": 5,
    "tcp_syncookies": 1,
    "tcp_timestamps": 1,
    "tcp_tw_reuse": 2,
    "tcp_window_scaling": 1,
    "tcp_wmem_default": 16384,
    "tcp_wmem_max": 4194304,
    "tcp_wmem_min": 4096,
}

BOUNDS: dict[str, tuple[int, int]] = {
    "tcp_early_retrans": (0, 4),
    "tcp_keepalive_intvl": (1, 32767),
    "tcp_keepalive_probes": (1, 127),
    "tcp_keepalive_time": (1, 32767),
    "tcp_retries1": (0, 255),
    "tcp_sack": (0, 1),
    "tcp_syn_retries": (1, 127),
    "tcp_synack_retries": (0, 255),
    "tcp_syncookies": (0, 2),
    "tcp_timestamps": (0, 2),
    "tcp_tw_reuse": (0, 2),
    "tcp_window_scaling": (0, 1),
}
"""What may be written where that is not any number from 0 on."""

CONGESTION = ("reno", "cubic")
"""The algorithms by name (net/tcp/congestion)."""
