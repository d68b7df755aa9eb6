"""From a validated level file to the frozen spec that everything else works with."""

from shlex import split
from typing import Any

from minios.game import spec
from minios.game.net import compile as netcompile
from minios.game.refs import copies, event_ids
from minios.game.schema import ACTIONS, CHECKS, CheckModel, EventModel, LevelModel, UserModel
from minios.game.services import service_files
from minios.game.spec import Compare, Who

_PANES = {"cpu": "look", "processes": "act", "memory": "look", "network": "hidden"}
_FIRST_UID = 1000


class Problems(Exception):
    """What only shows while compiling: (path, text) pairs."""

    def __init__(self, found: list[tuple[tuple[str | int, ...], str]]) -> None:
        super().__init__(found)
        self.found = found


def compile_level(model: LevelModel) -> spec.Level:
    """The level. Raises :class:`Problems`."""
    return _Compiler(model).level()


class _Compiler:
    def __init__(self, model: LevelModel) -> None:
        self.model = model
        self.machines = list(model.world.machines)
        self.found: list[tuple[tuple[str | int, ...], str]] = []
        self.tty = model.world.player.tty

    def level(self) -> spec.Level:
        model = self.model
        player = model.world.player
        ids = event_ids([event.model_dump(exclude_unset=True) for event in model.events])
        level = spec.Level(
            id=model.id,
            title=model.title,
            author=model.author,
            chapter=model.chapter,
            difficulty=model.difficulty,
            pace=model.pace,
            teaches=tuple(model.teaches),
            briefing=model.briefing.strip(),
            debrief=model.debrief.strip(),
            hints=tuple(hint.strip() for hint in model.hints),
            clock=spec.DEFAULT_CLOCK if model.clock is None else model.clock,
            player=spec.Player(self.on(player.machine), player.user, player.tty),
            machines=tuple(self.machine(name) for name in self.machines),
            devices=netcompile.devices(model.world),
            links=netcompile.links(model.world),
            map=netcompile.places(model.world),
            vary=tuple(self.vary(name) for name in model.vary),
            events=tuple(
                self.event(each, event) for each, event in zip(ids, model.events, strict=True)
            ),
            protect=tuple(self.protect(name) for name in model.protect),
            goals=tuple(self.goal(name) for name in model.goals),
            lose=tuple(self.lose(name) for name in model.lose),
            seeds=spec.Seeds(model.seeds.play, tuple(model.seeds.check)),
            panes=tuple((self.usual_panes() | model.panes).items()),
            limit=self.limit(),
            par=spec.Par(model.par.time, model.par.keys, model.par.commands, model.par.signals),
            solutions=tuple(spec.Solution(name, text) for name, text in model.solutions.items()),
            wrong=tuple(self.wrong(name) for name in model.wrong),
        )
        if self.found:
            raise Problems(self.found)
        return level

    def usual_panes(self) -> dict[str, str]:
        """The panes as they are where the level does not say: the network is shown if there is
        more of it than one machine."""
        return _PANES | ({"network": "look"} if self.model.world.links else {})

    def on(self, name: str) -> str:
        return name or self.machines[0]

    def limit(self) -> int:
        """How long the solver plays: what the file says, or ample time after par."""
        if self.model.limit is not None:
            return self.model.limit
        return max(120 * spec.SECOND, 4 * (self.model.par.time or 0))

    # -- machines ------------------------------------------------------------------------------

    def machine(self, name: str) -> spec.MachineSpec:
        model = self.model.world.machines[name]
        path = ("world", "machines", name)
        files = [self.file(where, file) for where, file in model.files.items()]
        for service, each in model.services.items():
            files += service_files(service, each)
        processes: list[spec.ProcessSpec] = []
        for identity, process in model.processes.items():
            below = (*path, "processes", identity)
            if process.script is not None:
                script = self.script(identity, process)
                if any(each.path == script.path for each in files):
                    text = f"{script.path} is there already: give its script another path"
                    self.found.append((below, text))
                files.append(script)
            processes += self.processes(identity, process)
        return spec.MachineSpec(
            name=name,
            hostname=model.hostname or name,
            cores=model.cores,
            hz=model.speed,
            ram=model.ram,
            swap=model.swap,
            swap_policy=model.swap_policy,
            tlb=model.tlb,
            disk=model.disk,
            drive=_drive(model.drive),
            disks=tuple(
                spec.DiskSpec(
                    disk,
                    each.size,
                    _drive(each.drive),
                    each.fs,
                    each.label,
                    each.mount or "",
                    each.options,
                )
                for disk, each in model.disks.items()
            ),
            sysctl=tuple((knob, str(value)) for knob, value in model.sysctl.items()),
            quotas=tuple(
                spec.QuotaSpec(user, *each.space, *each.files)
                for user, each in model.quotas.items()
            ),
            printer=(model.printer.speed, model.printer.sheets) if model.printer else None,
            personality=model.personality,
            scheduler=model.scheduler,
            quantum=model.quantum,
            sched=_sched(model),
            pid_max=model.pid_max,
            nproc=model.nproc,
            powered=model.power == "on",
            order=model.order,
            users=self.users(name, model),
            groups=tuple(model.groups.items()),
            files=tuple(files),
            remove=tuple(model.remove),
            processes=tuple(processes),
            nics=netcompile.nics(model.nics),
            forwarding=model.forwarding,
            routes=tuple(model.routes),
            dns=tuple(model.dns),
            search=model.search,
            names=tuple(model.hosts.items()),
            iptables=model.iptables,
        )

    def users(self, machine: str, model: Any) -> tuple[spec.UserSpec, ...]:
        """The accounts; the player's exists even when the file does not describe it."""
        named = dict(model.users)
        player = self.model.world.player
        if machine == self.on(player.machine) and player.user != "root":
            named.setdefault(player.user, None)
        taken = {user.uid for user in named.values() if user is not None}
        free = (uid for uid in range(_FIRST_UID, _FIRST_UID + 1000) if uid not in taken)
        users = []
        for name, user in named.items():
            given = user or UserModel()
            uid = given.uid if given.uid is not None else next(free)
            users.append(
                spec.UserSpec(
                    name=name,
                    uid=uid,
                    gid=uid if given.gid is None else given.gid,
                    groups=tuple(given.groups),
                    password=given.password,
                    home=given.home or ("/root" if name == "root" else f"/home/{name}"),
                    shell=given.shell,
                    gecos=given.gecos,
                    sudo="" if given.sudo == "no" else given.sudo,
                )
            )
        return tuple(users)

    def file(self, path: str, model: Any) -> spec.FileSpec:
        kind = "file"
        if model.directory:
            kind = "directory"
        elif model.link is not None:
            kind = "link"
        elif model.fifo:
            kind = "fifo"
        elif model.program is not None:
            kind = "program"
        return spec.FileSpec(
            path=path,
            kind=kind,
            text=model.text or "",
            owner=model.owner,
            group=model.group,
            mode=model.mode,
            target=model.link or "",
            copies=model.copies,
            repeat=model.repeat,
            width=model.width,
            random=model.random or 0,
            program=model.program or "",
            abi=model.abi,
            runpath=model.runpath,
        )

    def script(self, identity: str, model: Any) -> spec.FileSpec:
        """The file that a process's inline script becomes."""
        text = model.script if model.script.startswith("#!") else f"#!/bin/sh\n{model.script}"
        return spec.FileSpec(path=self.script_path(identity, model), text=text, mode=0o755)

    def script_path(self, identity: str, model: Any) -> str:
        plain = identity.replace("{{n}}", "")
        return str(model.path or f"/usr/local/bin/{model.name or plain}")

    def processes(self, identity: str, model: Any) -> list[spec.ProcessSpec]:
        if model.script is not None:
            argv = [self.script_path(identity, model)]
        else:
            argv = split(model.run or "")
        made = []
        for n, each in enumerate(copies(identity, model.copies), 1):
            words = tuple(word.replace("{{n}}", str(n)) for word in argv)
            made.append(
                spec.ProcessSpec(
                    identity=each,
                    argv=words,
                    exec=model.exec or "",
                    name=model.name if model.script is None else "",
                    user=model.user,
                    nice=model.nice,
                    burst=model.burst,
                    affinity=tuple(model.affinity),
                    at=spec.NEVER if model.at is None else model.at,
                    boot=model.boot,
                    env=tuple(model.env.items()),
                    cwd=model.cwd or "/",
                    stdin=model.stdin or "",
                    stdout=model.stdout or "",
                    stderr=model.stderr or "",
                    tty=model.tty,
                )
            )
        return made

    # -- checks --------------------------------------------------------------------------------

    def check(self, model: CheckModel) -> spec.Check:
        """The model's one check, held for its ``for`` if it has one."""
        check = self.bare(model)
        return spec.Held(check, model.for_) if model.for_ else check

    def bare(self, model: CheckModel) -> spec.Check:
        if model.all_ is not None:
            return spec.All(tuple(self.check(each) for each in model.all_))
        if model.any_ is not None:
            return spec.Any_(tuple(self.check(each) for each in model.any_))
        if model.not_ is not None:
            return spec.Not(self.check(model.not_))
        family = next(name for name in CHECKS if getattr(model, name, None) is not None)
        check: spec.Check = getattr(self, f"check_{family}")(getattr(model, family))
        return check

    def check_process(self, model: Any) -> spec.Check:
        state, count = model.state, compare(model.count)
        if state == "gone":
            state, count = "alive", Compare(0, 0)
        elif count is None:
            count = Compare(at_least=1)
        return spec.ProcessCheck(self.on(model.on), who(model), state, count)

    def check_load(self, model: Any) -> spec.Check:
        return spec.LoadCheck(self.on(model.on), Compare(model.above, model.below), model.over)

    def check_memory(self, model: Any) -> spec.Check:
        chosen = who(model)
        size = Compare(model.above, model.below)
        return spec.MemoryCheck(self.on(model.on), size, None if chosen == Who() else chosen)

    def check_file(self, model: Any) -> spec.Check:
        return spec.FileCheck(
            on=self.on(model.on),
            path=model.path,
            exists=model.exists,
            kind=model.type or "",
            equals=model.equals,
            contains=tuple(model.contains),
            lacks=tuple(model.lacks),
            matches=model.matches,
            mode=model.mode,
            owner=model.owner,
            group=model.group,
            size=compare(model.size),
            lines=compare(model.lines),
            target=model.target,
            fresh=model.fresh,
        )

    def check_directory(self, model: Any) -> spec.Check:
        entries = None if model.entries is None else tuple(model.entries)
        where = self.on(model.on)
        return spec.DirectoryCheck(where, model.path, entries, model.only, compare(model.count))

    def check_output(self, model: Any) -> spec.Check:
        tty = model.tty or self.tty
        return spec.OutputCheck(self.on(model.on), tty, model.contains, model.matches)

    def check_metric(self, model: Any) -> spec.Check:
        value = compare(model)
        assert value is not None
        return spec.MetricCheck(model.name, value)

    def check_probe(self, model: Any) -> spec.Check:
        return spec.ProbeCheck(
            self.on(model.on), model.run, model.every, model.timeout, model.status
        )

    def check_pids_free(self, model: Any) -> spec.Check:
        return spec.PidsFreeCheck(self.on(model.on), Compare(model.at_least, model.at_most))

    def check_power(self, model: Any) -> spec.Check:
        return spec.PowerCheck(self.on(model.machine), model.is_ == "on")

    def check_reachable(self, model: Any) -> spec.Check:
        return spec.ReachableCheck(
            self.on(model.on), model.to, model.proto, model.port or 0, model.every, model.timeout
        )

    def check_port(self, model: Any) -> spec.Check:
        return spec.PortCheck(
            self.on(model.on),
            model.port,
            model.proto,
            model.state,
            model.address or "",
            model.remote or "",
            tuple(model.by),
        )

    def check_nat(self, model: Any) -> spec.Check:
        return spec.NatCheck(
            self.on(model.on),
            model.proto or "",
            model.inside,
            model.outside,
            model.remote,
            model.exists,
        )

    # -- rules ---------------------------------------------------------------------------------

    def vary(self, name: str) -> spec.Vary:
        model = self.model.vary[name]
        if model.int_ is not None:
            low, high = model.int_
            return spec.Vary(name, "int", low, high, model.step, to=tuple(model.to))
        if model.choice is not None:
            return spec.Vary(name, "choice", items=tuple(model.choice), to=tuple(model.to))
        if model.deal is not None:
            return spec.Vary(name, "deal", items=tuple(model.deal), to=tuple(model.to))
        items = tuple(model.shuffle or ())
        numbers = tuple(str(n) for n in range(1, len(items) + 1))
        return spec.Vary(name, "deal", items=items, to=numbers)

    def event(self, name: str, model: EventModel) -> spec.Event:
        given = [key for key in model.model_fields_set if key in ACTIONS]
        actions = [self.action(key, getattr(model, key)) for key in ACTIONS if key in given]
        when = None if model.when is None else self.check(model.when)
        return spec.Event(name, tuple(actions), model.at, when, model.after, model.delay)

    def action(self, key: str, value: Any) -> spec.Action:
        if key in ("power_off", "power_on"):
            return spec.Power(value, key == "power_on")
        if key in ("write", "append"):
            return spec.Write(self.on(value.on), value.path, value.text, key == "append")
        if key == "remove":
            return spec.Remove(self.on(value.on), value.path)
        if key == "start":
            return spec.Start(self.home_of(value), value)
        if key == "signal":
            where = value.on or (self.home_of(value.is_[0]) if value.is_ else "")
            return spec.Signal(self.on(where), who(value), value.sig)
        if key == "type":
            return spec.Type(self.on(value.on), value.tty or self.tty, value.text)
        if key in ("unplug", "plug"):
            return spec.Cable(self.link(value), key == "plug")
        if key == "link":
            return spec.LinkChange(
                self.link(value.name), netcompile.changes(value), netcompile.changes(value.back)
            )
        return spec.Say(value)

    def link(self, name: str) -> str:
        """The link of that name, or the one with that end."""
        for link, model in self.model.world.links.items():
            if name == link or name in model.between:
                return link
        for cable in netcompile.links(self.model.world):
            if name in (cable.a, cable.b):
                return cable.name
        return name

    def home_of(self, identity: str) -> str:
        """The machine that has a process of that identity."""
        for name, machine in self.model.world.machines.items():
            for each, process in machine.processes.items():
                if identity in copies(each, process.copies):
                    return name
        return self.machines[0]

    def protect(self, name: str) -> spec.Protect:
        model = self.model.protect[name]
        default = ("changed", "deleted") if model.file else ("killed",)
        return spec.Protect(
            id=name,
            on=self.on(model.on),
            process=model.process,
            lineage=model.lineage,
            file=model.file or "",
            harm=tuple(model.harm) or default,
            text=model.text,
        )

    def goal(self, name: str) -> spec.Goal:
        model = self.model.goals[name]
        return spec.Goal(
            id=name,
            check=self.bare(model),
            text=model.text,
            hold=model.for_,
            within=model.within,
            after=model.after,
            requires=tuple(model.requires),
            once=model.once,
            hidden=model.hidden,
        )

    def lose(self, name: str) -> spec.Lose:
        model = self.model.lose[name]
        check = None if model.at is not None else self.bare(model)
        return spec.Lose(
            id=name,
            text=model.text,
            check=check,
            at=model.at,
            unless=tuple(model.unless),
            hold=model.for_,
            after=model.after,
        )

    def wrong(self, name: str) -> spec.Wrong:
        model = self.model.wrong[name]
        return spec.Wrong(
            id=name,
            blocked_by=tuple(model.blocked_by),
            script=model.type,
            say=" ".join(model.say.split()),
            typed=tuple(model.typed),
            when=None if model.when is None else self.check(model.when),
        )


def compare(model: Any) -> Compare | None:
    if model is None:
        return None
    if model.exactly is not None:
        return Compare(model.exactly, model.exactly)
    return Compare(model.at_least, model.at_most)


def who(model: Any) -> Who:
    return Who(
        tuple(model.is_), tuple(model.lineage), model.name, model.exe, model.user, model.cmdline
    )


def _drive(model: Any) -> spec.DriveModelSpec:
    return spec.DriveModelSpec(
        model.kind, model.elevator, model.latency, model.rate, model.rpm, model.heads,
        model.sectors, *model.seek,
    )  # fmt: skip


def _sched(model: Any) -> tuple[tuple[str, Any], ...]:
    """The parameters of the scheduling policy that the file gives."""
    if model.sched is None:
        return ()
    given = [(name, getattr(model.sched, name)) for name in sorted(model.sched.model_fields_set)]
    return tuple((name, tuple(v) if isinstance(v, list) else v) for name, v in given)
