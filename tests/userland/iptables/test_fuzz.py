"""No command line and no rules file brings iptables or conntrack down; what it makes, the kernel
takes or refuses, and what is saved is read again as the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from minios.abi.netfilter import TABLES, empty
from minios.userland.bin.conntrack.arguments import Problem as ConntrackProblem
from minios.userland.bin.conntrack.arguments import parse as parse_conntrack
from minios.userland.lib.iptables import change
from minios.userland.lib.iptables.arguments import Parser
from minios.userland.lib.iptables.extension import Problem
from minios.userland.lib.iptables.listing import Format, header, row, told
from minios.userland.lib.iptables.loading import Loading, problems, words_of
from minios.userland.lib.iptables.names import Names
from minios.userland.lib.iptables.save import rule_line, table_text
from minios.userland.lib.iptables.table import MATCHES, TARGETS
from tests.net.netfilter.gate import Gate

NAMES = Names([(80, b"tcp", [b"http", b"www"]), (53, b"udp", [b"domain"])])
OPTIONS = sorted({f"--{name}" for each in (MATCHES, TARGETS) for extension in each.values()
                  for name in (*extension.takes, *extension.aliases)})  # fmt: skip
WORDS = st.sampled_from([
    "-A", "INPUT", "-I", "FORWARD", "-D", "OUTPUT", "-R", "1", "-L", "-S", "-F", "-P", "DROP", "-N",
    "x", "-j", "ACCEPT", "-p", "tcp", "udp", "icmp", "-s", "10.0.0.0/8", "1.2.3.4", "-d", "!", "-i",
    "eth0", "eth+", "-o", "-m", "-g", "-c", "0", "5", "-f", "-n", "-v", "-t", "nat", "80", "80:90",
    "1,2,3:4", "http", "NEW,ESTABLISHED", "10/min", "0.5", "nth", "random", "3", "1.2.3.4-1.2.3.9",
    "1.2.3.4:80-90", ":5", "SYN,ACK", "SYN", "ALL", "echo-request", "8/0", "LOCAL", "a b", "'\"\\",
    "", "--", "-", "é", *MATCHES, *TARGETS, *OPTIONS,
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=14))
def test_any_command_line_is_an_order_or_a_problem(args: list[str]) -> None:
    table = empty("filter")
    try:
        order = Parser(args, NAMES, {}).parse()
        if not (order.help or order.version or order.command in "LS"):
            change.check_targets(table, order.rules)
            table = change.apply(table, order)
    except Problem as problem:
        assert problem.text and problem.status in (1, 2, 3, 4)
        return
    for rule in order.rules:
        told(rule)
        row(rule, 1, Format(True, True, True, NAMES))
        row(rule, 1, Format())


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["-A INPUT", "-A FORWARD", "-A OUTPUT"]),
    st.sampled_from(["", "-p tcp", "-p udp", "-p icmp", "! -p tcp"]),
    st.lists(WORDS, max_size=6),
    st.sampled_from(["", "-j ACCEPT", "-j DROP", "-j REJECT", "-j LOG"]),
)
def test_what_is_saved_is_read_as_the_same(
    command: str, protocol: str, middle: list[str], target: str
) -> None:
    args = [*command.split(), *protocol.split(), *middle, *target.split()]
    try:
        order = Parser(args, NAMES, {}).parse()
        if order.command != "A" or order.table != "filter":
            return
        change.check_targets(empty("filter"), order.rules)
        table = change.apply(empty("filter"), order)
    except Problem:
        return
    for rule in order.rules:
        again = Parser(words_of(rule_line(order.chain, rule)), NAMES, {}).parse()
        assert [one.spec() for one in again.rules] == [rule.spec()]
    text = table_text(table)
    loading = Loading(NAMES, {name: empty(name) for name in TABLES})
    made = [done for line in text.split("\n") if (done := loading.line(line, {})) is not None]
    assert [[rule.spec() for rule in chain.rules] for one in made for chain in one.chains] == [
        [rule.spec() for rule in chain.rules] for chain in table.chains
    ]
    gate = Gate()
    try:
        gate.nf.replace(table)
    except OSError:
        return
    for chain in gate.nf.table("filter").chains:
        header(table, chain, Format())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_rules_file_is_read_or_complained_of(text: str) -> None:
    for number, words in problems(text):
        assert 0 < number <= text.count("\n") + 1 and words


CONNTRACK_WORDS = st.sampled_from([
    "-L", "-D", "-E", "-p", "tcp", "icmp", "-s", "1.2.3.4/8", "x", "-d", "--sport", "80", "--state",
    "NONE", "-u", "ASSURED", "-o", "xml", "-n", "-e", "NEW", "-", "--", "", "--icmp-id", "7", "-z",
    "-f",
])  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        CONNTRACK_WORDS,
        max_size=8,
    )
)  # fmt: skip
def test_conntrack_takes_any_command_line(args: list[str]) -> None:
    try:
        parse_conntrack(args)
    except ConntrackProblem as problem:
        assert problem.text
