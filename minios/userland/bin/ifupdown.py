"""ifup, ifdown, ifquery (ifupdown 0.8): interfaces as /etc/network/interfaces describes them.

What ifupdown has other commands do (``ip addr add …``) is done here by the same netlink requests;
``-v`` shows the command that would be typed for each. Commands of the file itself are run by sh.
"""

from collections.abc import Coroutine
from typing import Any

from minios.abi.errno import Errno
from minios.abi.flags import O_CREAT, O_RDWR, O_TRUNC, O_WRONLY, X_OK, wexitstatus, wifexited
from minios.abi.inet import broadcast, parse_ip, parse_mac, parse_prefix, prefix_length
from minios.abi.sys import Sys
from minios.userland.lib.net.interfaces5 import Bad, Iface, Interfaces, read_interfaces
from minios.userland.lib.net.rtnl import Rtnl, rtnl
from minios.userland.lib.net.rtnlset import Setter
from minios.userland.lib.options import Parsed
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.stdio import complain, list_dir, read_file, write_all

USAGE = """
Usage: ifup <options> <ifaces...>
       ifdown <options> <ifaces...>
       ifquery <options> <ifaces...>
       ifquery --list
       ifquery --state

Options:
  -h, --help             this help
  -V, --version          copyright and version information
  -a, --all              every interface marked "auto"
      --allow CLASS      only interfaces of an allow-CLASS list
  -i, --interfaces FILE  use FILE for interface definitions
  -X, --exclude PATTERN  not these interfaces
  -n, --no-act           print out what would happen, but don't do it
  -v, --verbose          print out what would happen before doing it
      --force            configure also what is configured (or is not)
      --ignore-errors    go on after an error
      --no-mappings      (there are none)
      --no-scripts       do not run the scripts in /etc/network/if-*.d
      --no-loopback      leave lo alone
      --list             list all matching interfaces (ifquery)
      --state            show the state of interfaces (ifquery)
"""

FILE = b"/etc/network/interfaces"
FOLDER = b"/run/network"
STATE = FOLDER + b"/ifstate"
LOCK = FOLDER + b"/.ifstate.lock"
PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_SHORT = "ai:X:nvlsV"
_LONG = (
    "all=a", "allow:", "interfaces:=i", "exclude:=X", "no-act=n", "verbose=v", "force",
    "ignore-errors", "no-mappings", "no-scripts", "no-loopback", "list=l", "state=s",
    "version=V",
)  # fmt: skip


class Failed(Exception):
    """A step went wrong; what there was to say has been said."""


class State:
    """Which interfaces are configured: /run/network/ifstate, a line ``eth0=eth0`` each."""

    def __init__(self, sys: Sys) -> None:
        self.sys = sys
        self.up: dict[bytes, bytes] = {}

    async def read(self) -> None:
        try:
            text = await read_file(self.sys, STATE)
        except OSError:
            return
        for line in text.splitlines():
            name, _, logical = line.partition(b"=")
            self.up[name] = logical

    async def write(self) -> None:
        fd = await self.sys.open(STATE, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        text = b"".join(b"%b=%b\n" % each for each in self.up.items())
        await write_all(self.sys, fd, text)
        await self.sys.close(fd)


class Run:
    """One call of a command."""

    def __init__(self, tool: Tool, options: Parsed, interfaces: Interfaces) -> None:
        self.tool = tool
        self.sys = tool.sys
        self.interfaces = interfaces
        self.act = "n" not in options
        self.verbose = "v" in options or not self.act
        self.scripts = "no-scripts" not in options
        self.stubborn = "ignore-errors" in options
        self.state = State(tool.sys)
        self._netlink: Rtnl | None = None

    async def setter(self, iface: Iface) -> Setter:
        """Netlink, for an interface; what is done with it is shown first."""
        if self._netlink is None:
            self._netlink = await rtnl(self.sys)
        return Setter(self._netlink, iface.name)

    async def show(self, text: bytes) -> None:
        if self.verbose:
            await complain(self.sys, text)

    async def done(self, shown: bytes, request: Coroutine[Any, Any, None]) -> None:
        """A request, unless nothing is to be done. Raises :class:`Failed`."""
        await self.show(shown)
        if not self.act:
            request.close()
            return
        try:
            await request
        except OSError as err:
            code = err.errno or 0
            if code == Errno.ENODEV:
                name = shown.split()[-1]
                await complain(self.sys, b'Cannot find device "%b"' % name)
            else:
                text = b"RTNETLINK answers: " + (err.strerror or "").encode()
                await complain(self.sys, text)
            if not self.stubborn:
                raise Failed from None

    # -- commands ------------------------------------------------------------------------------

    def _environment(self, iface: Iface, mode: bytes, phase: bytes) -> dict[bytes, bytes]:
        env = {
            b"IFACE": iface.name, b"LOGICAL": iface.name, b"ADDRFAM": iface.family,
            b"METHOD": iface.method, b"MODE": mode, b"PHASE": phase,
            b"VERBOSITY": b"1" if self.verbose else b"0", b"PATH": PATH,
        }  # fmt: skip
        for key, value in iface.options:
            env[b"IF_" + key.upper().replace(b"-", b"_")] = value
        return env

    async def command(self, argv: list[bytes], env: dict[bytes, bytes]) -> None:
        """A program, waited for. :class:`Failed` unless it succeeds."""
        if not self.act:
            return
        try:
            pid = await self.sys.spawn(argv[0], argv, env)
            status = (await self.sys.waitpid(pid)).status
        except OSError as err:
            await complain(self.sys, argv[0] + b": " + (err.strerror or "").encode())
            raise Failed from None
        if not (wifexited(status) and wexitstatus(status) == 0) and not self.stubborn:
            raise Failed

    async def phase(self, iface: Iface, mode: bytes, phase: bytes, *names: bytes) -> None:
        """The commands of the file, then the scripts of /etc/network/if-PHASE.d."""
        env = self._environment(iface, mode, phase)
        for line in iface.commands(*names):
            await self.show(line)
            await self.command([b"/bin/sh", b"-c", line], env)
        if not self.scripts:
            return
        folder = b"/etc/network/if-%b.d" % {b"post-up": b"up", b"pre-down": b"down"}.get(
            phase, phase
        )
        try:
            names_there = await list_dir(self.sys, folder)
        except OSError:
            return
        await self.show(b"/bin/run-parts --exit-on-error " + folder)
        for name in names_there:
            path = folder + b"/" + name
            if name.replace(b"-", b"").replace(b"_", b"").isalnum() and await self._runs(path):
                await self.command([path], env)

    async def _runs(self, path: bytes) -> bool:
        try:
            await self.sys.access(path, X_OK)
        except OSError:
            return False
        return True

    # -- up ------------------------------------------------------------------------------------

    async def up(self, name: bytes) -> None:
        """Configure an interface. Raises :class:`Failed`."""
        for iface in self.interfaces.of(name):
            await self.show(
                b"\n%b: configuring interface %b=%b (%b)"
                % (self.tool.name, name, name, iface.family)
            )
            await self.phase(iface, b"start", b"pre-up", b"pre-up")
            await self.make(iface)
            if iface.family == b"inet":
                await self.configure(iface)
            await self.phase(iface, b"start", b"post-up", b"up", b"post-up")

    async def make(self, iface: Iface) -> None:
        """VLAN devices and bridges are made when they come up (the hooks of vlan, bridge-utils)."""
        name = iface.name
        base, dot, vid = name.rpartition(b".")
        raw = iface.option(b"vlan-raw-device") or base
        env = self._environment(iface, b"start", b"pre-up")
        ports = iface.option(b"bridge_ports")
        if ports is not None:
            if not await self._exists(name):
                await self.tell(env, b"ip link add name %b type bridge" % name)
            stp = iface.option(b"bridge_stp")
            if stp in (b"on", b"yes"):
                await self.tell(env, b"ip link set dev %b type bridge stp_state 1" % name)
            for port in ports.split():
                if port != b"none":
                    await self.tell(env, b"ip link set dev %b master %b" % (port, name))
                    await self.tell(env, b"ip link set dev %b up" % port)
        elif dot and vid.isdigit() and raw and not await self._exists(name):
            await self.tell(env, b"ip link set dev %b up" % raw)
            line = b"ip link add link %b name %b type vlan id %b" % (raw, name, vid)
            await self.tell(env, line)

    async def tell(self, env: dict[bytes, bytes], line: bytes) -> None:
        await self.show(line)
        await self.command([b"/bin/sh", b"-c", line], env)

    async def _exists(self, name: bytes) -> bool:
        try:
            await self.sys.access(b"/sys/class/net/" + name, 0)
        except OSError:
            return False
        return True

    async def configure(self, iface: Iface) -> None:
        """What the method does."""
        name, method = iface.name, iface.method
        setter = await self.setter(iface)
        if method == b"loopback":
            await self.done(b"ip link set dev " + name + b" up", setter.link(up=True))
        elif method == b"static":
            await self.static(iface, setter)
        elif method == b"dhcp":
            await self._hardware(iface, setter)
            pid, leases = _dhcp_files(name)
            argv = [b"dhclient", b"-4", b"-v", b"-pf", pid, b"-lf", leases, name]
            await self.show(b" ".join(argv))
            env = self._environment(iface, b"start", b"post-up")
            await self.command([b"/usr/sbin/dhclient", *argv[1:]], env)
        elif method == b"manual" and (iface.option(b"mtu") or iface.option(b"hwaddress")):
            await self._hardware(iface, setter, up=False)
        if iface.option(b"bridge_ports") is not None and method == b"manual":
            await self.done(b"ip link set dev " + name + b" up", setter.link(up=True))

    async def _hardware(self, iface: Iface, setter: Setter, *, up: bool = True) -> None:
        text = b"ip link set dev " + iface.name
        mtu = iface.option(b"mtu")
        mac = iface.option(b"hwaddress")
        number = 0
        if mtu is not None:
            text += b" mtu " + mtu
        if mac is not None:
            mac = mac.removeprefix(b"ether ").strip()
            text += b" address " + mac
            try:
                number = parse_mac(mac.decode("latin-1"))
            except ValueError:
                await self._wrong(iface, mac)
        if mtu is not None and not mtu.isdigit():
            await self._wrong(iface, mtu)
        if up:
            text += b" up"
        size = int(mtu) if mtu is not None else 0
        await self.done(text, setter.link(up=up or None, mtu=size, mac=number))

    async def _wrong(self, iface: Iface, value: bytes) -> None:
        await complain(self.sys, b'Error: inet address is expected rather than "%b".' % value)
        raise Failed

    async def _prefix(self, iface: Iface) -> tuple[int, int]:
        text = iface.option(b"address")
        if text is None:
            await complain(self.sys, b"Missing required variable: address")
            line = b"Missing required configuration variables for interface %b/%b."
            await complain(self.sys, line % (iface.name, iface.family))
            raise Failed
        try:
            ip, length = parse_prefix(text.decode("latin-1"))
            netmask = iface.option(b"netmask")
            if netmask is not None and b"/" not in text:
                plain = netmask.decode("latin-1")
                length = int(plain) if plain.isdigit() else prefix_length(parse_ip(plain))
            if not 0 <= length <= 32:
                raise ValueError
        except ValueError:
            await self._wrong(iface, text)
            raise AssertionError from None
        return ip, length

    async def static(self, iface: Iface, setter: Setter) -> None:
        """An address, the interface up, a default route."""
        name = iface.name
        ip, length = await self._prefix(iface)
        text = (iface.option(b"address") or b"").partition(b"/")[0]
        everybody = broadcast(ip, length) if length < 31 else 0
        shown = b"ip addr add %b/%d%b dev %b label %b" % (
            text, length, b" broadcast +" if everybody else b"", name, name,
        )  # fmt: skip
        await self.done(shown, setter.address(ip, length, everybody))
        await self._hardware(iface, setter)
        gateway = iface.option(b"gateway")
        if gateway is not None:
            metric = iface.option(b"metric") or b"0"
            shown = b"ip route add default via %b dev %b onlink" % (gateway, name)
            try:
                via = parse_ip(gateway.decode("latin-1"))
            except ValueError:
                await self._wrong(iface, gateway)
            number = int(metric) if metric.isdigit() else 0
            await self.done(shown, setter.default(via, number))

    # -- down ----------------------------------------------------------------------------------

    async def down(self, name: bytes) -> None:
        """Undo it, the last stanza first."""
        for iface in reversed(self.interfaces.of(name)):
            await self.phase(iface, b"stop", b"pre-down", b"down", b"pre-down")
            if iface.family == b"inet":
                await self.deconfigure(iface)
            await self.unmake(iface)
            await self.phase(iface, b"stop", b"post-down", b"post-down")

    async def deconfigure(self, iface: Iface) -> None:
        name, method = iface.name, iface.method
        setter = await self.setter(iface)
        if method == b"dhcp":
            pid, leases = _dhcp_files(name)
            argv = [b"dhclient", b"-4", b"-v", b"-r", b"-pf", pid, b"-lf", leases, name]
            await self.show(b" ".join(argv))
            env = self._environment(iface, b"stop", b"pre-down")
            await self.command([b"/usr/sbin/dhclient", *argv[1:]], env)
        if method == b"static":
            await self.done(b"ip -4 addr flush dev %b label %b" % (name, name), setter.flush())
        if method in (b"static", b"dhcp"):
            await self.done(b"ip link set dev " + name + b" down", setter.link(up=False))

    async def unmake(self, iface: Iface) -> None:
        env = self._environment(iface, b"stop", b"post-down")
        base, dot, vid = iface.name.rpartition(b".")
        made = iface.option(b"bridge_ports") is not None or (dot and base and vid.isdigit())
        if made and await self._exists(iface.name):
            await self.tell(env, b"ip link del dev " + iface.name)


def _dhcp_files(name: bytes) -> tuple[bytes, bytes]:
    return (b"/run/dhclient.%b.pid" % name, b"/var/lib/dhcp/dhclient.%b.leases" % name)


async def _read(tool: Tool, options: Parsed) -> Interfaces:
    path = options.last("i") or FILE
    sys = tool.sys
    try:
        return await read_interfaces(
            path, lambda each: read_file(sys, each), lambda each: list_dir(sys, each)
        )
    except Bad as err:
        await complain(sys, str(err).encode("latin-1"))
    except OSError as err:
        text = (err.strerror or "").encode()
        await complain(sys, b'%b: failed to open interfaces file "%b": %b' % (
            tool.name, path, text,
        ))  # fmt: skip
    raise Failure(b'couldn\'t read interfaces file "%b"' % path)


def _chosen(tool: Tool, options: Parsed, interfaces: Interfaces) -> list[bytes]:
    """The interfaces that are meant: named ones, or those of a class."""
    names = [name.partition(b"=")[0] for name in tool.operands]
    if "a" in options or "allow" in options:
        names = list(interfaces.classes.get(options.last("allow") or b"auto", []))
    if "no-loopback" in options:
        names = [name for name in names if name != b"lo"]
    excluded = options.every("X")
    return [name for name in names if name not in excluded]


async def _lock(tool: Tool) -> None:
    """One ifup at a time; only root may write where the state is kept. :class:`Failure`."""
    sys = tool.sys
    try:
        try:
            await sys.mkdir(FOLDER, 0o755)
        except OSError as err:
            if err.errno != Errno.EEXIST:
                raise
        await sys.open(LOCK, O_RDWR | O_CREAT, 0o600)
    except OSError as err:
        text = (err.strerror or "").encode()
        raise Failure(b"failed to open lockfile %b: %b" % (LOCK, text)) from None


async def _change(tool: Tool, *, up: bool) -> int:
    options = tool.options
    tool.name = tool.name.rpartition(b"/")[2]
    if not tool.operands and "a" not in options and "allow" not in options:
        await complain(tool.sys, b"%b: use --help for help" % tool.name)
        return 1
    interfaces = await _read(tool, options)
    run = Run(tool, options, interfaces)
    if run.act:
        await _lock(tool)
    await run.state.read()
    status = 0
    names = _chosen(tool, options, interfaces)
    for name in names if up else reversed(names):
        configured = name in run.state.up
        if configured is up and "force" not in options:
            if "a" not in options:
                word = b"already" if up else b"not"
                await tool.warn(b"interface %b %b configured" % (name, word), status=0)
            continue
        if not interfaces.of(name):
            await tool.warn(b"unknown interface " + name)
            status = 1
            continue
        try:
            await (run.up(name) if up else run.down(name))
        except Failed:
            await tool.warn(b"failed to bring %b %b" % (b"up" if up else b"down", name))
            status = 1
            if up:
                continue
        if not run.act:
            continue
        if up:
            run.state.up[name] = name
        else:
            run.state.up.pop(name, None)
        await run.state.write()
    return status


@program(USAGE, _SHORT, _LONG)
async def ifup(tool: Tool) -> int:
    """Bring interfaces up."""
    return await _change(tool, up=True)


@program(USAGE, _SHORT, _LONG)
async def ifdown(tool: Tool) -> int:
    """Take interfaces down."""
    return await _change(tool, up=False)


@program(USAGE, _SHORT, _LONG)
async def ifquery(tool: Tool) -> int:
    """Say what the file, or the state, has of interfaces."""
    options = tool.options
    tool.name = tool.name.rpartition(b"/")[2]
    if "s" in options:
        state = State(tool.sys)
        await state.read()
        wanted = tool.operands or list(state.up)
        for name in wanted:
            if name in state.up:
                await tool.line(b"%b=%b" % (name, state.up[name]))
        return 0 if all(name in state.up for name in wanted) else 1
    interfaces = await _read(tool, options)
    if "l" in options:
        for name in interfaces.classes.get(options.last("allow") or b"auto", []):
            await tool.line(name)
        return 0
    if not tool.operands:
        await complain(tool.sys, b"%b: use --help for help" % tool.name)
        return 1
    for name in tool.operands:
        found = interfaces.of(name)
        if not found:
            await tool.warn(b"unknown interface " + name)
        for iface in found:
            for key, value in iface.options:
                await tool.line(b"%b: %b" % (key, value))
    return tool.status
