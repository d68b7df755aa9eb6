"""What ss says of a socket behind its addresses: -o, -e, -m, -i."""

from __future__ import annotations

from minios.abi.sockdiag import OPT_SACK, OPT_TIMESTAMPS, OPT_WSCALE, RawTcpInfo, SkMem

_TIMERS = (b"off", b"on", b"keepalive", b"timewait", b"persist", b"unknown")
_INFINITE = 0x7FFF_FFFF


def timer(kind: int, expires: int, tries: int) -> bytes:
    """`` timer:(on,200ms,0)``; nothing if none runs. ``expires`` is in ms."""
    if not kind:
        return b""
    return b" timer:(%b,%b,%d)" % (_TIMERS[min(kind, 5)], span(expires), tries)


def span(ms: int) -> bytes:
    """A time as print_ms_timer of iproute2 writes it: ``1min59sec``, ``7.200ms``, ``40ms``."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    out = b""
    if minutes:
        ms = 0
        out = b"%dmin" % minutes
        if minutes > 9:
            seconds = 0
    if seconds:
        if seconds > 9:
            ms = 0
        out += b"%d%b" % (seconds, b"." if ms else b"sec")
    if ms:
        out += b"%03dms" % ms
    return out


def memory(mem: SkMem) -> bytes:
    """skmem of ss(8)."""
    return b" skmem:(r%d,rb%d,t%d,tb%d,f%d,w%d,o%d,bl%d,d%d)" % mem


def shutdown(bits: int) -> bytes:
    """`` <->``: which directions are open."""
    return b" %b-%b" % (b"-" if bits & 1 else b"<", b"-" if bits & 2 else b">")


def millis(us: int) -> bytes:
    """µs as ms, with at most six digits that count (printf's %g)."""
    return b"%g" % (us / 1000)


def tcp(info: RawTcpInfo, congestion: bytes) -> bytes:
    """The inside of a connection; what is 0 is not told."""
    out: list[bytes] = []
    put = out.append

    def some(name: bytes, value: int) -> None:
        if value:
            put(b"%b:%d" % (name, value))

    if info.options & OPT_TIMESTAMPS:
        put(b"ts")
    if info.options & OPT_SACK:
        put(b"sack")
    if congestion:
        put(congestion)
    if info.options & OPT_WSCALE:
        put(b"wscale:%d,%d" % (info.wscales & 15, info.wscales >> 4))
    listening = info.state == 10
    if info.rto and not listening:
        put(b"rto:" + millis(info.rto))
    some(b"backoff", info.backoff)
    if info.rtt:
        put(b"rtt:%b/%b" % (millis(info.rtt), millis(info.rttvar)))
    if info.ato:
        put(b"ato:" + millis(info.ato))
    some(b"mss", info.snd_mss)
    some(b"pmtu", info.pmtu)
    some(b"rcvmss", info.rcv_mss)
    some(b"advmss", info.advmss)
    some(b"cwnd", info.snd_cwnd)
    if info.snd_ssthresh < _INFINITE:
        some(b"ssthresh", info.snd_ssthresh)
    for name in (
        "bytes_sent", "bytes_retrans", "bytes_acked", "bytes_received", "segs_out", "segs_in",
        "data_segs_out", "data_segs_in",
    ):  # fmt: skip
        some(name.encode(), getattr(info, name))
    if info.rtt and info.snd_mss and info.snd_cwnd:
        put(b"send %dbps" % (info.snd_mss * info.snd_cwnd * 8_000_000 // info.rtt))
    if not listening:
        some(b"lastsnd", info.last_data_sent)
        some(b"lastrcv", info.last_data_recv)
        some(b"lastack", info.last_ack_recv)
    some(b"delivered", info.delivered)
    if info.app_limited and not listening:
        put(b"app_limited")
    some(b"unacked", info.unacked)
    if info.retrans or info.total_retrans:
        put(b"retrans:%d/%d" % (info.retrans, info.total_retrans))
    some(b"lost", info.lost)
    if not listening:
        some(b"sacked", info.sacked)
    some(b"dsack_dups", info.dsack_dups)
    if info.reordering != 3:
        some(b"reordering", info.reordering)
    some(b"reord_seen", info.reord_seen)
    if info.rcv_rtt:
        put(b"rcv_rtt:" + millis(info.rcv_rtt))
    some(b"rcv_space", info.rcv_space)
    some(b"rcv_ssthresh", info.rcv_ssthresh)
    some(b"notsent", info.notsent_bytes)
    if info.min_rtt:
        put(b"minrtt:" + millis(info.min_rtt))
    some(b"rcv_ooopack", info.rcv_ooopack)
    some(b"snd_wnd", info.snd_wnd)
    return b" " + b" ".join(out) if out else b""
