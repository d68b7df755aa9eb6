"""Unit files: their syntax, settings and times (systemd.syntax(7), systemd.time(7))."""

from __future__ import annotations

import pytest

from minios.abi import caps, flags
from minios.abi.signals import Sig
from minios.userland.lib.calendar import timestamp
from minios.userland.lib.units import calendarspec, exitcodes, find, reading, spec, timespan
from minios.userland.lib.units.syntax import expand, parse, split

SECOND = 1_000_000_000


def service(text: str, name: str = "x.service") -> spec.Spec:
    unit = find.UnitFile(name, b"/etc/systemd/system/" + name.encode(), "loaded")
    unit.sections = parse(text.encode(), "x")
    return reading.read(unit)


def test_lines_continue_and_comments_may_stand_between() -> None:
    found = parse(b"[A]\nk = one \\\n# not this\ntwo\n; nor this\n[B]\nlist=a\nlist=b c\n", "x")
    assert found.last("A", "k") == "one  two"
    assert found.words("B", "list") == ["a", "b", "c"]


def test_an_empty_value_takes_back_what_was_there() -> None:
    found = parse(b"[A]\nk=1\nk=\nk=2\n", "x")
    assert found.all("A", "k") == ["2"]


def test_nonsense_is_a_warning_with_its_line() -> None:
    found = parse(b"k=1\n[A]\nwhat\n", "f")
    assert found.warnings == [
        "f:1: Assignment outside of section. Ignoring.",
        "f:3: Missing '=', ignoring line.",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b", ["a", "b"]),
        ("'a b' \"c d\"e", ["a b", "c de"]),
        (r"a\ b \"q", ["a\\ b", '"q']),
        ("'open", None),
        ("''", [""]),
    ],
)
def test_command_lines_are_split_with_quotes(text: str, words: list[str] | None) -> None:
    assert split(text) == words


def test_variables_in_braces_are_text_and_bare_ones_are_words() -> None:
    env = {"A": "one two", "E": ""}
    assert expand(["p", "$A", "x${A}y", "$E", "$$A", "${NO}"], env) == [
        "p", "one", "two", "xone twoy", "$A", "",
    ]  # fmt: skip


def test_a_service_is_read_with_all_its_settings() -> None:
    found = service(
        "[Unit]\nDescription=It\nAfter=a.service b.service\nStartLimitBurst=2\n"
        "[Service]\nExecStart=-/bin/a 'b c'\nRestart=on-failure\nRestartSec=1min 5s\n"
        "User=www-data\nNice=-3\nUMask=027\nLimitNOFILE=10:20\nKillSignal=SIGINT\n"
        "TimeoutSec=4\nSuccessExitStatus=3 SIGKILL\nCapabilityBoundingSet=CAP_KILL\n"
        "Environment=A=1 'B=2 3'\n"
    )
    assert (found.description, found.names("After")) == ("It", ["a.service", "b.service"])
    assert (found.limit_burst, found.limit_interval) == (2, 10 * SECOND)
    own = found.service
    assert own is not None
    command = own.commands["ExecStart"][0]
    assert (command.words, command.may_fail) == (["/bin/a", "b c"], True)
    assert (own.type, own.restart, own.restart_sec) == ("simple", "on-failure", 65 * SECOND)
    assert (own.user, own.nice, own.umask) == ("www-data", -3, 0o27)
    assert own.limits == {flags.RLIMIT_NOFILE: (10, 20)}
    assert (own.kill_signal, own.timeout_start, own.timeout_stop) == (2, 4 * SECOND, 4 * SECOND)
    assert own.success == {flags.exit_status(3), Sig.SIGKILL}
    assert own.bounding == 1 << caps.CAP_KILL
    assert own.environment == ["A=1", "B=2 3"]
    assert found.warnings == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[Service]\nType=simple\n", "has no ExecStart=, ExecStop=, or SuccessAction="),
        ("[Service]\nExecStart=/a\nExecStart=/b\n", "more than one ExecStart="),
        ("[Service]\nType=oneshot\nExecStart=/a\nRestart=always\n", "isn't allowed for"),
    ],
)
def test_what_makes_no_service_is_refused(text: str, why: str) -> None:
    found = service(text)
    assert found.state == "bad-setting"
    assert why in found.warnings[-1]


def test_unknown_and_bad_settings_are_ignored_with_a_warning() -> None:
    found = service("[Service]\nExecStart=/a\nColour=red\nNice=99\nType=notify\n")
    assert found.state == "loaded"
    assert [warning.partition(": ")[2] for warning in found.warnings] == [
        "Failed to parse Type= setting, ignoring: notify",
        "Failed to parse Nice= setting, ignoring: 99",
        "Unknown key name 'Colour' in section 'Service', ignoring.",
    ]


def test_an_instance_knows_its_name() -> None:
    found = service("[Service]\nExecStart=/bin/echo %i %p %n %% %N\n", "web@8080.service")
    assert found.service is not None
    assert found.service.commands["ExecStart"][0].words[1:] == [
        "8080", "web", "web@8080.service", "%", "web@8080",
    ]  # fmt: skip
    assert find.template_of("web@8080.service") == "web@.service"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("5", 5 * SECOND), ("2min 3s", 123 * SECOND), ("1.5h", 5400 * SECOND),
        ("250ms", SECOND // 4), ("infinity", timespan.INFINITY), ("", None), ("3 apples", None),
    ],
)  # fmt: skip
def test_time_spans(text: str, ns: int | None) -> None:
    assert timespan.parse(text) == ns


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0"), (90 * SECOND, "1min 30s"), (1_500_000, "1.500ms"), (1_250_000_000, "1.250000s"),
        (49 * 3600 * SECOND, "2d 1h"), (100_000_000, "100ms"),
    ],
)  # fmt: skip
def test_time_spans_are_shown_as_systemd_does(ns: int, text: str) -> None:
    assert timespan.show(ns) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "now"), (5, "5s ago"), (61, "1min 1s ago"), (400, "6min ago"), (4000, "1h 6min ago"),
        (30_000, "8h ago"), (100_000, "1 day 3h ago"), (300_000, "3 days ago"), (-30, "30s left"),
    ],
)  # fmt: skip
def test_how_long_ago(seconds: int, text: str) -> None:
    assert timespan.ago(seconds * SECOND) == text


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("hourly", (2026, 1, 5, 10, 0, 0)),
        ("daily", (2026, 1, 6, 0, 0, 0)),
        ("weekly", (2026, 1, 12, 0, 0, 0)),
        ("*:0/15", (2026, 1, 5, 9, 15, 0)),
        ("Sat,Sun *-*-* 07:30", (2026, 1, 10, 7, 30, 0)),
        ("*-02-29 12:00", (2028, 2, 29, 12, 0, 0)),
        ("Mon..Fri 09:00:30", (2026, 1, 5, 9, 0, 30)),
    ],
)
def test_calendar_events(expression: str, following: tuple[int, ...]) -> None:
    now = timestamp(2026, 1, 5, 9, 0, 0) * SECOND
    assert calendarspec.Calendar(expression).next(now) == timestamp(*following) * SECOND


def test_nonsense_is_no_calendar_event() -> None:
    for text in ("sometimes", "25:00", "*-13-01", "1..0:00"):
        with pytest.raises(ValueError):
            calendarspec.Calendar(text)


def test_exit_statuses_have_names() -> None:
    assert exitcodes.show(flags.exit_status(203)) == "code=exited, status=203/EXEC"
    assert exitcodes.show(9) == "code=killed, status=9/KILL"
    assert exitcodes.show(flags.exit_status(99)) == "code=exited, status=99/n/a"
