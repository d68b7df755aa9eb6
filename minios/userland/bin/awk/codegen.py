"""From the tree of a program to the steps that :class:`~.machine.Machine` runs.

A step is a function without arguments that returns where to go on. Control flow and what may trap
are steps; a function call pushes a frame, so awk's recursion is not Python's.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from minios.abi.flags import CLOCK_REALTIME
from minios.userland.bin.awk import builtins
from minios.userland.bin.awk.expressions import Expressions, Function, Strict
from minios.userland.bin.awk.format import FormatError
from minios.userland.bin.awk.input import MainInput
from minios.userland.bin.awk.lexer import AwkError
from minios.userland.bin.awk.machine import AWAIT, FNR, HALT, NR, Machine
from minios.userland.bin.awk.parser import Node, Parser, Rule
from minios.userland.bin.awk.streams import Sink, Source
from minios.userland.bin.awk.values import Field, Value, number, truth

Step = Callable[[], int]

_TRAPPING = frozenset(("system", "close", "fflush", "systime", "strftime"))


class Label:
    """A place in the steps that becomes known later."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = HALT


class Code(Expressions):
    """Compiles a whole program into ``steps``."""

    def __init__(self, parser: Parser) -> None:
        super().__init__(parser)
        self.steps: list[Step] = []
        self._loops: list[tuple[Label, Label]] = []  # where break and continue go
        self._functions = {name: Label() for name in parser.functions}
        self._next, self._end, self._skip = Label(), Label(), Label()
        self.input: MainInput

    def compile(self, machine: Machine, source: MainInput) -> list[Step]:
        """BEGIN, the loop over the records if there is one, END; then the functions."""
        self.machine, self.input = machine, source
        rules = self.parser.rules
        for rule in rules:
            if rule.kind == "BEGIN":
                self.statement(rule.body)
        main = [rule for rule in rules if rule.kind not in ("BEGIN", "END")]
        last = [rule for rule in rules if rule.kind == "END"]
        if main or last:
            self.mark(self._next)
            self._read_record()
            for rule in main:
                self._rule(rule)
            self.jump(self._next)
            self.mark(self._skip)
            self.trap(0, self._skip_file, push=False)
            self.jump(self._next)
        self.mark(self._end)
        self._begin_end()
        for rule in last:
            self.statement(rule.body)
        self.emit(lambda here: lambda: HALT)
        for function in self.parser.functions.values():
            self.scope = function.name
            self.mark(self._functions[function.name])
            self.statement(function.body)
            self._return(None)
        return self.steps

    # -- steps ---------------------------------------------------------------------------------

    def emit(self, make: Callable[[int], Step]) -> None:
        """Add the step that ``make`` makes, given its own place."""
        self.steps.append(make(len(self.steps)))

    def mark(self, label: Label) -> None:
        label.at = len(self.steps)

    def jump(self, label: Label) -> None:
        self.emit(lambda here: lambda: label.at)

    def trap(self, count: int, call: Callable[..., Awaitable[Any]], *, push: bool = True) -> None:
        """A step that awaits ``call`` with ``count`` values of the stack."""
        machine = self.machine

        def make(here: int) -> Step:
            async def action() -> int:
                result = await call(*machine.take(count))
                machine.drop(count)
                if push:
                    machine.stack.append(result)
                return here + 1

            def step() -> int:
                machine.action = action
                return AWAIT

            return step

        self.emit(make)

    def push(self, node: Node) -> None:
        """Steps that leave an expression's value on the stack."""
        machine, op = self.machine, node.op
        if node.pure:
            get, push = self.value(node), machine.push

            def make(here: int) -> Step:
                def step() -> int:
                    push(get())
                    return here + 1

                return step

            self.emit(make)
        elif op in ("and", "or"):
            yes, done = Label(), Label()
            self.branch(node, yes, True)
            self.push(Node("num", number=0.0))
            self.jump(done)
            self.mark(yes)
            self.push(Node("num", number=1.0))
            self.mark(done)
        elif op == "cond":
            no, done = Label(), Label()
            self.branch(node.kids[0], no, False)
            self.push(node.kids[1])
            self.jump(done)
            self.mark(no)
            self.push(node.kids[2])
            self.mark(done)
        elif op == "call":
            self._call(node)
        elif op == "getline":
            self._getline(node)
        elif op == "builtin" and (
            node.text in _TRAPPING or (node.text == "srand" and not node.kids)
        ):
            self._trapping(node)
        else:
            self._strict(self.strict(node), push=True)

    def _strict(self, strict: Strict, *, push: bool) -> None:
        """One step if the operands are pure; else they go over the stack."""
        kids, function = strict
        machine = self.machine
        if all(kid.pure for kid in kids):
            get = self.apply(function, [self.value(kid) for kid in kids])

            def make(here: int) -> Step:
                def step() -> int:
                    value = get()
                    if push:
                        machine.push(value)
                    return here + 1

                return step

            self.emit(make)
            return
        for kid in kids:
            self.push(kid)
        count = len(kids)

        def make_popping(here: int) -> Step:
            def step() -> int:
                value = function(*machine.take(count))
                machine.drop(count)
                if push:
                    machine.stack.append(value)
                return here + 1

            return step

        self.emit(make_popping)

    def discard(self, node: Node) -> None:
        """Steps that evaluate an expression for its effects."""
        if node.pure or node.op in ("assign", "preinc", "postinc"):
            strict = ((), self.value(node)) if node.pure else self.strict(node)
            self._strict(strict, push=False)
            return
        if node.op in ("and", "or"):
            done = Label()
            self.branch(node, done, True)
            self.mark(done)
            return
        self.push(node)
        machine = self.machine

        def make(here: int) -> Step:
            def step() -> int:
                machine.drop(1)
                return here + 1

            return step

        self.emit(make)

    def branch(self, node: Node, label: Label, when: bool) -> None:
        """Go to ``label`` if the condition is ``when``, else on."""
        op = node.op
        if node.pure:
            test = self.test(node)

            def make(here: int) -> Step:
                if when:
                    return lambda: label.at if test() else here + 1
                return lambda: here + 1 if test() else label.at

            self.emit(make)
            return
        if op == "not":
            self.branch(node.kids[0], label, not when)
            return
        if op in ("and", "or"):
            left, right = node.kids
            if (op == "or") == when:
                self.branch(left, label, when)
                self.branch(right, label, when)
            else:
                other = Label()
                self.branch(left, other, not when)
                self.branch(right, label, when)
                self.mark(other)
            return
        self.push(node)
        machine = self.machine

        def make_popping(here: int) -> Step:
            def step() -> int:
                true = truth(machine.stack[-1])
                machine.drop(1)
                return label.at if true is when else here + 1

            return step

        self.emit(make_popping)

    # -- rules ---------------------------------------------------------------------------------

    def _read_record(self) -> None:
        machine, source, end = self.machine, self.input, self._end
        values = machine.globals

        async def wait() -> int:
            record = await source.record()
            if record is None:
                return end.at
            text = record

            def commit() -> None:
                machine.set_record(text)

            await machine.commit(commit)
            return count()

        def count() -> int:
            values[NR] = number(values[NR]) + 1.0  # type: ignore[arg-type]
            values[FNR] = number(values[FNR]) + 1.0  # type: ignore[arg-type]
            return first

        first = len(self.steps) + 1

        def make(here: int) -> Step:
            def step() -> int:
                # A record read by a step that is done again must not be lost.
                record = source.ready()
                if record is None:
                    machine.action = wait
                    return AWAIT
                machine.set_record(record)
                source.used()
                return count()

            return step

        self.emit(make)

    def _rule(self, rule: Rule) -> None:
        after = Label()
        if rule.kind == "pattern":
            self.branch(rule.patterns[0], after, False)
        elif rule.kind == "range":
            self._range(rule, after)
        self.statement(rule.body)
        self.mark(after)

    def _range(self, rule: Rule, after: Label) -> None:
        """A flag says whether the range has begun."""
        started = [False]
        inside, body = Label(), Label()
        begin, end = rule.patterns

        def set_to(value: bool) -> None:
            def make(here: int) -> Step:
                def step() -> int:
                    started[0] = value
                    return here + 1

                return step

            self.emit(make)

        self.emit(lambda here: lambda: inside.at if started[0] else here + 1)
        self.branch(begin, after, False)
        set_to(True)
        self.mark(inside)
        self.branch(end, body, False)
        set_to(False)
        self.mark(body)

    def _begin_end(self) -> None:
        machine = self.machine

        def make(here: int) -> Step:
            def step() -> int:
                machine.ending = True
                return here + 1

            return step

        self.emit(make)

    async def _skip_file(self) -> None:
        await self.input.skip()

    # -- statements ----------------------------------------------------------------------------

    def statement(self, node: Node) -> None:
        op = node.op
        if op == "block":
            for kid in node.kids:
                self.statement(kid)
        elif op == "expr":
            self.discard(node.kids[0])
        elif op in ("print", "printf"):
            self._print(node)
        elif op == "if":
            self._if(node)
        elif op in ("while", "do", "for"):
            self._loop(node)
        elif op == "forin":
            self._for_in(node)
        elif op == "break":
            self.jump(self._loops[-1][0])
        elif op == "continue":
            self.jump(self._loops[-1][1])
        elif op == "delete":
            self._strict(self.delete(node), push=False)
        elif op == "return":
            self._return(node.kids[0] if node.kids else None)
        elif op == "exit":
            self._exit(node)
        else:
            assert op in ("next", "nextfile"), op
            machine, label = self.machine, self._next if op == "next" else self._skip

            def make(here: int) -> Step:
                def step() -> int:
                    machine.unwind()
                    return label.at

                return step

            self.emit(make)

    def _if(self, node: Node) -> None:
        no, done = Label(), Label()
        self.branch(node.kids[0], no, False)
        self.statement(node.kids[1])
        if len(node.kids) > 2:
            self.jump(done)
            self.mark(no)
            self.statement(node.kids[2])
            self.mark(done)
        else:
            self.mark(no)

    def _loop(self, node: Node) -> None:
        """while, do and for: the condition is behind the body, one step a round less."""
        again, condition, done, proceed = Label(), Label(), Label(), Label()
        kids = node.kids
        if node.op == "for":
            self.statement(kids[0])
            test, body = kids[1], kids[3]
        else:
            test, body = kids if node.op == "while" else kids[::-1]
        if node.op != "do":
            self.jump(condition)
        self.mark(again)
        self._loops.append((done, proceed))
        self.statement(body)
        self._loops.pop()
        self.mark(proceed)
        if node.op == "for":
            self.statement(kids[2])
        self.mark(condition)
        self.branch(test, again, True)
        self.mark(done)

    def _for_in(self, node: Node) -> None:
        """The subscripts as they are at the beginning, in the order in which they were made."""
        machine, array = self.machine, self.array(node.text)
        target = self.lvalue(node.kids[0])
        if target.kids:
            raise AwkError(f"line {node.line}: syntax error in for (... in {node.text})")
        put = target.put
        again, done = Label(), Label()

        def make_start(here: int) -> Step:
            def step() -> int:
                elements = array()
                if len(elements) > 256:
                    machine.need(8 * len(elements))
                machine.cost += len(elements) // 8
                machine.stack.append([list(reversed(elements))])
                return here + 1

            return step

        def make_next(here: int) -> Step:
            def step() -> int:
                keys = machine.stack[-1][0]
                if not keys:
                    return done.at
                put(keys[-1])
                keys.pop()
                return here + 1

            return step

        def make_drop(here: int) -> Step:
            def step() -> int:
                machine.stack.pop()
                return here + 1

            return step

        self.emit(make_start)
        self.mark(again)
        self.emit(make_next)
        self._loops.append((done, again))
        self.statement(node.kids[1])
        self._loops.pop()
        self.jump(again)
        self.mark(done)
        self.emit(make_drop)

    def _exit(self, node: Node) -> None:
        machine, end = self.machine, self._end
        if node.kids:
            self.push(node.kids[0])
        given = bool(node.kids)

        def make(here: int) -> Step:
            def step() -> int:
                if given:
                    machine.set_status(machine.stack[-1])
                machine.unwind()
                return HALT if machine.ending else end.at

            return step

        self.emit(make)

    # -- functions -----------------------------------------------------------------------------

    def _call(self, node: Node) -> None:
        function = self.parser.functions[node.text]
        machine, label = self.machine, self._functions[node.text]
        for place, kid in enumerate(node.kids):
            array = (function.name, function.params[place]) in self.arrays.names
            if kid.op == "name" and self.is_array(kid.text):
                self._push_array(kid.text)
            elif array:
                where = f"type error in arg({place + 1}) in call to {node.text}"
                raise AwkError(f"line {node.line}: {where}")
            else:
                self.push(kid)
        count, size = len(node.kids), len(function.params)
        own = tuple(
            at
            for at in range(count, size)
            if (function.name, function.params[at]) in self.arrays.names
        )

        def make(here: int) -> Step:
            def step() -> int:
                machine.enter(count, size, own, here + 1)
                return label.at

            return step

        self.emit(make)

    def _push_array(self, name: str) -> None:
        machine, array = self.machine, self.array(name)

        def make(here: int) -> Step:
            def step() -> int:
                machine.stack.append(array())
                return here + 1

            return step

        self.emit(make)

    def _return(self, node: Node | None) -> None:
        machine = self.machine
        self.push(node if node is not None else Node("none"))

        def make(here: int) -> Step:
            def step() -> int:
                value = machine.stack[-1]
                where = machine.leave()
                machine.push(value)
                return where

            return step

        self.emit(make)

    # -- output --------------------------------------------------------------------------------

    def _print(self, node: Node) -> None:
        machine, streams, mode = self.machine, self.machine.streams, node.text
        kids = list(node.kids)
        count = len(kids)
        pure = all(kid.pure for kid in kids)
        gets = [self.value(kid) for kid in kids] if pure else []
        if not pure:
            for kid in kids:
                self.push(kid)
        text = self._printed(node.op == "printf")
        standard = streams.standard

        def make(here: int) -> Step:
            async def flush(sink: Sink) -> int:
                await streams.flush_sink(sink)
                return here + 1

            async def opened(name: bytes) -> int:
                await streams.open_sink(name, mode)
                return here

            def step() -> int:
                values = [get() for get in gets] if pure else machine.take(count)
                sink: Sink | None = standard
                if mode:
                    name = bytes(machine.text(values.pop()))
                    sink = streams.sink(name, mode)
                    if sink is None:
                        machine.action = lambda: opened(name)
                        return AWAIT
                assert sink is not None
                try:
                    due = sink.put(text(values))
                except FormatError as err:
                    sink.put(err.partial)
                    raise machine.trouble(str(err)) from None
                if not pure:
                    machine.drop(count)
                if due:
                    machine.action = lambda: flush(sink)
                    return AWAIT
                return here + 1

            return step

        self.emit(make)

    def _printed(self, formatted: bool) -> Callable[[list[Value]], bytes]:
        machine = self.machine
        output = machine.output

        def plain(values: list[Value]) -> bytes:
            if not values:
                return machine.whole() + machine.ors
            if len(values) == 1:
                text = output(values[0])
            else:
                texts = [output(value) for value in values]
                size = sum(map(len, texts))
                if size > 4096:
                    machine.need(size)
                text = machine.ofs.join(texts)
            if len(text) > 4096:
                machine.need(len(text))
            return text + machine.ors

        def by_format(values: list[Value]) -> bytes:
            return machine.format(bytes(machine.text(values[0])), "printf", values[1:])

        return by_format if formatted else plain

    # -- input, commands, the clock ------------------------------------------------------------

    def _getline(self, node: Node) -> None:
        """All six forms: from the main input, a file or a command, into ``$0`` or a variable."""
        kids = list(node.kids)
        how = node.text
        if how:
            self.push(kids.pop(0))
        target = self.lvalue(kids[0]) if kids else None
        for kid in target.kids if target else ():
            self.push(kid)
        machine, streams, values = self.machine, self.machine.streams, self.machine.globals
        count = bool(how) + (len(target.kids) if target else 0)

        async def read(*operands: Value) -> float:
            try:
                if not how:
                    record = await self.input.record()
                else:
                    name = bytes(machine.text(operands[0]))
                    source: Source
                    source = await (streams.file(name) if how == "<" else streams.command(name))
                    record = await streams.record(source)
            except OSError:
                return -1.0
            if record is None:
                return 0.0
            text, subs = record, operands[1:] if how else operands

            def commit() -> None:
                if target is None:
                    machine.set_record(text)
                else:
                    target.put(*subs, Field(text))

            await machine.commit(commit)
            if not how:  # as mawk, which does not count a command's records
                values[NR] = number(values[NR]) + 1.0  # type: ignore[arg-type]
                values[FNR] = number(values[FNR]) + 1.0  # type: ignore[arg-type]
            return 1.0

        self.trap(count, read)

    def _trapping(self, node: Node) -> None:
        calls: dict[str, tuple[int, int, Function]] = {
            "system": (1, 1, self._system),
            "close": (1, 1, self._close),
            "fflush": (0, 1, self._fflush),
            "systime": (0, 0, self._systime),
            "strftime": (0, 3, self._strftime),
            "srand": (0, 0, self._srand),
        }
        least, most, call = calls[node.text]
        kids: Sequence[Node] = self.arguments(node, least, most)
        for kid in kids:
            self.push(kid)
        self.trap(len(kids), call)

    async def _system(self, command: Value) -> float:
        return float(await self.machine.streams.system(bytes(self.machine.text(command))))

    async def _close(self, name: Value) -> float:
        return float(await self.machine.streams.close(bytes(self.machine.text(name))))

    async def _fflush(self, *name: Value) -> float:
        streams = self.machine.streams
        if not name or not self.machine.text(name[0]):
            await streams.flush()
            return 0.0
        text = bytes(self.machine.text(name[0]))
        sinks = [s for s in (streams.sinks.get(text), streams.pipes.get(text)) if s is not None]
        for sink in sinks:
            await streams.flush_sink(sink)
        return 0.0 if sinks else -1.0

    async def _systime(self) -> float:
        return float(await self.machine.tool.sys.clock_gettime(CLOCK_REALTIME) // 1_000_000_000)

    async def _srand(self) -> Value:
        now = await self._systime()
        return self.machine.seed_random(now)

    async def _strftime(self, *given: Value) -> bytes:
        text = self.machine.text
        form = bytes(text(given[0])) if given else b"%c"
        seconds = number(given[1]) if len(given) > 1 else await self._systime()
        return builtins.strftime(form, seconds)
