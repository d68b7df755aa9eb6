"""nmap(1): who is there, and what is open."""

from minios.abi.inet import ip_text, mac_text
from minios.userland.bin.nmap.scan import (
    Answer,
    Host,
    connect_scan,
    discover,
    now,
    syn_scan,
    udp_scan,
)
from minios.userland.bin.nmap.targets import COMMON, FAST, common, hosts, ports
from minios.userland.lib.calendar import strftime
from minios.userland.lib.net import services
from minios.userland.lib.net.gai import name_of
from minios.userland.lib.options import UsageError, parse
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain

USAGE = """
Nmap 7.93 ( https://nmap.org )
Usage: nmap [Scan Type(s)] [Options] {target specification}
TARGET SPECIFICATION:
  Can pass hostnames, IP addresses, networks, etc.
  Ex: server, 192.168.0.0/24, 192.168.0.1; 10.0.0-255.1-254
HOST DISCOVERY:
  -sL: List Scan - simply list targets to scan
  -sn: Ping Scan - disable port scan
  -Pn: Treat all hosts as online -- skip host discovery
  -n/-R: Never do DNS resolution/Always resolve [default: sometimes]
SCAN TECHNIQUES:
  -sS/sT: TCP SYN/Connect() scans
  -sU: UDP Scan
PORT SPECIFICATION AND SCAN ORDER:
  -p <port ranges>: Only scan specified ports
    Ex: -p22; -p1-65535; -p U:53,111,137,T:21-25,80,139,8080
  -F: Fast mode - Scan fewer ports than the default scan
  -r: Scan ports sequentially - don't randomize
  --top-ports <number>: Scan <number> most common ports
TIMING AND PERFORMANCE:
  -T<0-5>: Set timing template (taken, and not heeded)
OUTPUT:
  -v: Increase verbosity level (taken, and not heeded)
  --reason: Display the reason a port is in a particular state
  --open: Only show open (or possibly open) ports
MISC:
  -V: Print version number
  -h: Print this help summary page.
"""

HIDDEN = 25
"""More ports than this in one state other than open are only counted."""
SECOND = 1_000_000_000


class Scan:
    """What is asked for."""

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self.kinds: list[bytes] = []
        self.ports = b""
        self.top = 0
        self.root = False


def _read(tool: Tool) -> tuple[Scan, list[bytes]]:
    try:
        parsed = parse(
            tool.argv[1:], "s:P:p:nRFrT:vVh", ("top-ports:=t", "reason=e", "open=o", "help=h")
        )
    except UsageError as err:
        text = str(err).encode("latin-1")
        raise Failure(
            text + b"\nSee the output of nmap -h for a summary of options.", 255
        ) from None
    scan = Scan()
    for flag, value in parsed.flags:
        if flag == "s" and value is not None:
            for letter in value:
                scan.kinds.append(bytes([letter]))
        elif flag == "P":
            if value == b"n":
                scan.flags.add("Pn")
        elif flag == "p":
            scan.ports = value or b""
        elif flag == "t":
            if value is None or not value.isdigit() or int(value) < 1:
                raise Failure(b"--top-ports should be an integer 1 or greater\nQUITTING!", 1)
            scan.top = int(value)
        elif value is None:
            scan.flags.add(flag)
    wrong = [kind for kind in scan.kinds if kind not in (b"n", b"L", b"S", b"T", b"U")]
    if wrong:
        raise Failure(b"Scantype " + wrong[0] + b" not supported\n\nQUITTING!", 1)
    return scan, parsed.operands


@program(USAGE, None)
async def nmap(tool: Tool) -> int:
    """nmap(1)."""
    sys = tool.sys
    scan, words = _read(tool)
    if "V" in scan.flags:
        await tool.line(b"Nmap version 7.93 ( https://nmap.org )")
        return 0
    if "h" in scan.flags or len(tool.argv) < 2:
        tool.out.put(USAGE.strip().encode() + b"\n")
        return 0 if "h" in scan.flags else 255
    scan.root = await sys.geteuid() == 0
    if b"S" in scan.kinds and not scan.root:
        text = b"You requested a scan type which requires root privileges.\nQUITTING!"
        await complain(sys, text)
        return 1
    if b"U" in scan.kinds and not scan.root:
        await complain(sys, b"You requested a scan type which requires root privileges.\nQUITTING!")
        return 1
    begin = await now(sys)
    date = strftime(b"%Y-%m-%d %H:%M UTC", await sys.clock_gettime())
    await tool.line(b"Starting Nmap 7.93 ( https://nmap.org ) at " + date)
    await tool.out.flush()
    try:
        await _all(tool, scan, words, begin)
    except Failure as err:
        await tool.out.flush()
        await complain(sys, err.text)
        return err.status or 1
    return 0


async def _all(tool: Tool, scan: Scan, words: list[bytes], begin: int) -> None:
    sys = tool.sys
    plan = await _plan(tool, scan)
    targets = [Host(ip, name) for ip, name in await hosts(tool, words)]
    if not targets:
        await complain(sys, b"WARNING: No targets were specified, so 0 hosts scanned.")
    if b"L" in scan.kinds:
        for host in targets:
            await tool.line(b"Nmap scan report for " + await _title(tool, scan, host))
    elif "Pn" in scan.flags:
        for host in targets:
            host.up = True
    else:
        await discover(sys, targets, scan.root)
    live = [host for host in targets if host.up]
    for host in live:
        await _report(tool, scan, host, plan)
    if targets and not live and b"n" not in scan.kinds and b"L" not in scan.kinds:
        await tool.line(
            b"Note: Host seems down. If it is really up, but blocking our ping probes, try -Pn"
        )
    spent = (await now(sys) - begin) // 10_000_000
    await tool.line(
        b"Nmap done: %d IP address%b (%d host%b up) scanned in %d.%02d seconds"
        % (
            len(targets), b"" if len(targets) == 1 else b"es", len(live),
            b"" if len(live) == 1 else b"s", spent // 100, spent % 100,
        )
    )  # fmt: skip


async def _plan(tool: Tool, scan: Scan) -> list[tuple[bytes, list[int]]]:
    """(kind of scan, ports) of all that is to be done with a host."""
    if b"n" in scan.kinds or b"L" in scan.kinds:
        return []
    kinds = [kind for kind in scan.kinds if kind in (b"S", b"T", b"U")]
    if not kinds:
        kinds = [b"S" if scan.root else b"T"]
    plan: list[tuple[bytes, list[int]]] = []
    for kind in kinds:
        protocol = b"udp" if kind == b"U" else b"tcp"
        if scan.ports:
            wanted = await ports(tool, scan.ports, protocol)
        else:
            count = scan.top or (FAST if "F" in scan.flags else COMMON)
            wanted = await common(tool, protocol, count)
        plan.append((kind, wanted))
    return plan


async def _title(tool: Tool, scan: Scan, host: Host) -> bytes:
    text = ip_text(host.ip).encode()
    name: bytes | None = host.name
    if not name and "n" not in scan.flags:
        name = await name_of(tool.sys, host.ip)
    return name + b" (" + text + b")" if name and name != text else text


def latency(ns: int) -> bytes:
    """Seconds with two digits that count, as ``%.2g``."""
    if ns <= 0:
        return b"0"
    digits = len(str(ns))
    scaled = (ns * 2 + 10 ** max(digits - 2, 0)) // (2 * 10 ** max(digits - 2, 0))
    ns = scaled * 10 ** max(digits - 2, 0)
    whole, part = divmod(ns, SECOND)
    decimals = b"%09d" % part
    return b"%d" % whole + (b"." + decimals.rstrip(b"0") if part else b"")


async def _report(tool: Tool, scan: Scan, host: Host, plan: list[tuple[bytes, list[int]]]) -> None:
    sys = tool.sys
    head = b"Nmap scan report for " + await _title(tool, scan, host)
    rows: list[tuple[int, bytes, Answer]] = []
    for kind, wanted in plan:
        begin = await now(sys)
        run = {b"S": syn_scan, b"T": connect_scan, b"U": udp_scan}[kind]
        if kind == b"S" and host.own:
            run = connect_scan
        try:
            found = await run(sys, host.ip, wanted)
        except OSError:
            found = dict.fromkeys(wanted, ("filtered", "no-response"))
        if host.own and host.latency is None:
            host.latency = (await now(sys) - begin) // max(len(wanted), 1)
        protocol = b"udp" if kind == b"U" else b"tcp"
        rows += [(port, protocol, answer) for port, answer in sorted(found.items())]
        await tool.retain(64 * len(found))
    if "Pn" in scan.flags and all(reason == "no-response" for _, _, (_, reason) in rows):
        host.latency = None
    if "o" in scan.flags and not any(answer[0].startswith("open") for _, _, answer in rows):
        return
    await tool.line(head)
    up = b"Host is up"
    if host.latency is not None:
        up += b" (" + latency(host.latency) + b"s latency)"
    await tool.line(up + b".")
    if plan:
        await _ports(tool, scan, host, rows)
    if host.mac:
        await tool.line(b"MAC Address: " + mac_text(host.mac).upper().encode() + b" (Unknown)")
    if plan:
        await tool.line(b"")
    await tool.out.flush()


async def _ports(tool: Tool, scan: Scan, host: Host, rows: list[tuple[int, bytes, Answer]]) -> None:
    counts: dict[tuple[str, bytes, str], int] = {}
    for _, protocol, (state, reason) in rows:
        key = (state, protocol, reason)
        counts[key] = counts.get(key, 0) + 1
    hidden = {
        (state, protocol)
        for state, protocol, _ in counts
        if state != "open"
        and (sum(n for k, n in counts.items() if k[:2] == (state, protocol)) > HIDDEN
             or ("o" in scan.flags and not state.startswith("open")))
    }  # fmt: skip
    shown = [row for row in rows if (row[2][0], row[1]) not in hidden]
    notes = [
        b"%d %b %b port%b (%b)"
        % (number, state.encode(), protocol, b"" if number == 1 else b"s", reason.encode())
        for (state, protocol, reason), number in counts.items()
        if (state, protocol) in hidden
    ]
    if not shown:
        where = await _title(tool, scan, host)
        await tool.line(b"All %d scanned ports on %b are in ignored states." % (len(rows), where))
    if notes and "o" not in scan.flags:
        await tool.line(b"Not shown: " + b", ".join(notes))
    elif (not notes and shown) or notes:
        await tool.line(b"")
    if not shown:
        return
    lines = [(b"PORT", b"STATE", b"SERVICE", b"REASON")]
    for port, protocol, (state, reason) in shown:
        name = await services.name(tool.sys, port, protocol) or b"unknown"
        lines.append((b"%d/%b" % (port, protocol), state.encode(), name, reason.encode()))
    last = 4 if "e" in scan.flags else 3
    widths = [max(len(line[at]) for line in lines) for at in range(last)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        await tool.line(b" ".join(cells).rstrip())
