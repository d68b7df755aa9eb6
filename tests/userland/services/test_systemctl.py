"""init and systemctl, as somebody at a prompt sees them (systemd 252)."""

from __future__ import annotations

import pytest

from minios.testing import SECOND, Box

FOLDER = "/etc/systemd/system/"


def unit(service: str, head: str = "", install: str = "") -> bytes:
    return f"[Unit]\n{head}\n[Service]\n{service}\n[Install]\n{install}\n".encode()


@pytest.fixture
def box() -> Box:
    return Box(user="root")


def ok(box: Box, cmd: str, *, status: int = 0, until: int = 60) -> str:
    result = box.run(cmd, until=until * SECOND)
    assert (result.status, result.stderr) == (status, b"")
    return result.stdout.decode()


def said(box: Box, name: str) -> list[str]:
    return ok(box, f"journalctl -u {name} -o cat").splitlines()


def test_a_service_starts_and_stops(box: Box) -> None:
    box.write(FOLDER + "web.service", unit("ExecStart=/bin/sleep 1000", "Description=Web"))
    assert ok(box, "systemctl is-active web", status=3) == "inactive\n"
    assert ok(box, "systemctl start web; systemctl is-active web") == "active\n"
    assert ok(box, "pgrep -x sleep | wc -l") == "1\n"
    assert ok(box, "systemctl stop web; systemctl is-active web", status=3) == "inactive\n"
    assert ok(box, "pgrep -x sleep", status=1) == ""
    assert said(box, "web") == [
        "Started web.service - Web.",
        "Stopping web.service - Web...",
        "web.service: Deactivated successfully.",
        "Stopped web.service - Web.",
    ]


def test_status_is_laid_out_as_systemd_lays_it_out(box: Box) -> None:
    box.write(FOLDER + "web.service", unit("ExecStart=/bin/sleep 1000", "Description=Web"))
    shown = ok(box, "systemctl start web; sleep 3; systemctl status web")
    lines = shown.splitlines()
    pid = ok(box, "pgrep -x sleep").strip()
    assert lines[0] == "● web.service - Web"
    assert lines[1] == "     Loaded: loaded (/etc/systemd/system/web.service; static)"
    assert lines[2] == ("     Active: active (running) since Mon 2026-01-05 09:00:00 UTC; 3s ago")
    assert lines[3] == f"   Main PID: {pid} (sleep)"
    assert lines[4].startswith("      Tasks: 1 (limit: ")
    assert lines[7:9] == [
        "     CGroup: /system.slice/web.service",
        f"             └─{pid} sleep 1000".replace("sleep 1000", "/bin/sleep 1000"),
    ]
    assert lines[10] == "Jan 05 09:00:00 minios systemd[1]: Started web.service - Web."


def test_it_goes_by_the_state_of_the_unit_what_status_exits_with(box: Box) -> None:
    box.write(FOLDER + "no.service", unit("ExecStart=/bin/false"))
    assert box.run("systemctl status cron").status == 3
    missing = box.run("systemctl status nosuch")
    assert (missing.status, missing.stderr) == (4, b"Unit nosuch.service could not be found.\n")
    box.run("systemctl start no; sleep 1")
    assert box.run("systemctl status no").status == 3
    assert ok(box, "systemctl is-failed no") == "failed\n"
    assert ok(box, "systemctl is-failed cron", status=1) == "inactive\n"


def test_a_failed_start_says_where_to_look(box: Box) -> None:
    box.write(FOLDER + "job.service", unit("Type=oneshot\nExecStart=/bin/sh -c 'exit 3'"))
    result = box.run("systemctl start job")
    assert result.status == 1
    assert result.stderr == (
        b"Job for job.service failed because the control process exited with error code.\n"
        b'See "systemctl status job.service" and "journalctl -xeu job.service" for details.\n'
    )
    assert said(box, "job") == [
        "Starting job.service...",
        "job.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED",
        "job.service: Failed with result 'exit-code'.",
        "Failed to start job.service.",
    ]


def test_start_of_what_is_not_there_or_masked(box: Box) -> None:
    nothing = box.run("systemctl start nosuch")
    assert nothing.status == 5
    assert nothing.stderr == b"Failed to start nosuch.service: Unit nosuch.service not found.\n"
    masked = box.run("systemctl mask cron; systemctl start cron")
    assert masked.status == 1
    assert masked.stderr == (
        b"Created symlink /etc/systemd/system/cron.service \xe2\x86\x92 /dev/null.\n"
        b"Failed to start cron.service: Unit cron.service is masked.\n"
    )
    assert ok(box, "systemctl is-enabled cron", status=1) == "masked\n"


def test_only_root_gives_orders_and_everybody_may_look() -> None:
    box = Box()
    denied = box.run("systemctl stop cron")
    assert denied.status == 4
    assert denied.stderr == (
        b"Failed to stop cron.service: Access denied\n"
        b"See system logs and 'systemctl status cron.service' for details.\n"
    )
    assert box.run("systemctl is-enabled cron").stdout == b"enabled\n"
    assert box.run("systemctl enable atd").status == 0
    refused = box.run("systemctl disable atd")
    assert (refused.status, refused.stderr) == (1, b"Failed to disable unit: Access denied\n")
    assert box.run("sudo systemctl start cron").status == 0


def test_what_fails_is_started_again_until_it_is_too_often(box: Box) -> None:
    """systemd.unit(5), StartLimitBurst=; systemd.service(5), RestartSec=."""
    box.write(
        FOLDER + "flap.service",
        unit("ExecStart=/bin/false\nRestart=on-failure\nRestartSec=200ms", "StartLimitBurst=3"),
    )
    ok(box, "systemctl start flap; sleep 5")
    assert said(box, "flap")[-3:] == [
        "flap.service: Start request repeated too quickly.",
        "flap.service: Failed with result 'exit-code'.",
        "Failed to start flap.service.",
    ]
    assert said(box, "flap").count("Started flap.service.") == 3
    assert ok(box, "systemctl show flap -P NRestarts") == "3\n"
    refused = box.run("systemctl start flap")
    assert refused.status == 1
    ok(box, "systemctl reset-failed flap; systemctl start flap")


@pytest.mark.parametrize(
    ("policy", "command", "again"),
    [
        ("no", "exit 1", False),
        ("always", "exit 0", True),
        ("on-success", "exit 0", True),
        ("on-success", "exit 1", False),
        ("on-failure", "exit 1", True),
        ("on-failure", "exit 0", False),
        ("on-failure", "kill -TERM $$$$", False),
        ("on-abnormal", "exit 1", False),
        ("on-abnormal", "kill -KILL $$$$", True),
        ("on-abort", "kill -KILL $$$$", True),
        ("on-abort", "exit 1", False),
    ],
)
def test_restart_policies(box: Box, policy: str, command: str, again: bool) -> None:
    """systemd.service(5), Restart=, the table of exit causes."""
    text = f"Restart={policy}\nRestartSec=1\nExecStart=/bin/sh -c 'echo run; sleep 2; {command}'"
    box.write(FOLDER + "x.service", unit(text))
    ok(box, "systemctl start x; sleep 4")
    assert (said(box, "x").count("run") == 2) == again


def test_what_was_stopped_is_not_started_again(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 1000\nRestart=always"))
    ok(box, "systemctl start x; systemctl stop x; sleep 2")
    assert ok(box, "systemctl is-active x", status=3) == "inactive\n"


def test_who_does_not_listen_to_term_is_killed(box: Box) -> None:
    """systemd.kill(5): SIGTERM, TimeoutStopSec=, SIGKILL; all of the control group."""
    box.write("/root/deaf", b"trap '' TERM\nsleep 500 &\nwhile :; do sleep 1; done\n")
    box.write(FOLDER + "deaf.service", unit("ExecStart=/bin/sh /root/deaf\nTimeoutStopSec=2"))
    ok(box, "systemctl start deaf; sleep 1")
    before = box.world.now
    ok(box, "systemctl stop deaf")
    assert 2 * SECOND <= box.world.now - before < 3 * SECOND
    assert ok(box, "pgrep sleep", status=1) == ""
    lines = said(box, "deaf")
    assert "deaf.service: State 'stop-sigterm' timed out. Killing." in lines
    assert "deaf.service: Failed with result 'timeout'." in lines


def test_phases_run_in_order_with_their_variables(box: Box) -> None:
    text = (
        "ExecStartPre=/bin/echo pre\nExecStart=/bin/sh -c 'echo main $$A; exec sleep 1000'\n"
        "ExecStartPost=/bin/sh -c 'sleep 1; echo post'\nEnvironment=A=7\n"
        "ExecReload=/bin/sh -c 'echo reload; kill -0 $MAINPID && echo there'\n"
        "ExecStop=/bin/echo stop\nExecStopPost=/bin/sh -c 'echo after $$SERVICE_RESULT'"
    )
    box.write(FOLDER + "x.service", unit(text))
    ok(box, "systemctl start x; systemctl reload x; systemctl stop x")
    own = [line for line in said(box, "x") if "x.service" not in line]
    assert own == ["pre", "main 7", "post", "reload", "there", "stop", "after success"]


def test_a_service_runs_as_its_user_with_its_limits(box: Box) -> None:
    text = (
        "User=player\nWorkingDirectory=/tmp\nNice=4\nLimitNOFILE=33\nUMask=077\n"
        "NoNewPrivileges=yes\nExecStart=/bin/sh -c 'id -un; pwd; nice; ulimit -n; umask; "
        "grep NoNew /proc/self/status; echo $$HOME; sudo id'"
    )
    box.write(FOLDER + "x.service", unit(text))
    ok(box, "systemctl start x; sleep 1")
    own = [line for line in said(box, "x") if "x.service" not in line]
    assert own[:7] == ["player", "/tmp", "4", "33", "0077", "NoNewPrivs:\t1", "/home/player"]
    assert "uid=0" not in "\n".join(own[7:])


def test_ambient_capabilities_reach_a_user_service(box: Box) -> None:
    text = (
        "User=player\nAmbientCapabilities=CAP_KILL\nCapabilityBoundingSet=CAP_KILL\n"
        "ExecStart=/bin/grep Cap /proc/self/status"
    )
    box.write(FOLDER + "x.service", unit(text))
    ok(box, "systemctl start x; sleep 1")
    kill = "0000000000000020"
    assert [line for line in said(box, "x") if line.startswith("Cap")] == [
        f"CapInh:\t{kill}", f"CapPrm:\t{kill}", f"CapEff:\t{kill}", f"CapBnd:\t{kill}",
        f"CapAmb:\t{kill}",
    ]  # fmt: skip


def test_steps_before_the_exec_have_exit_codes_of_their_own(box: Box) -> None:
    """systemd.exec(5), Process exit codes."""
    for name, text, code in (
        ("a", "ExecStart=/nothing", "203/EXEC"),
        ("b", "User=nobodyhere\nExecStart=/bin/true", "217/USER"),
        ("c", "WorkingDirectory=/nowhere\nExecStart=/bin/true", "200/CHDIR"),
        ("d", "Group=nobodyhere\nExecStart=/bin/true", "216/GROUP"),
    ):
        box.write(f"{FOLDER}{name}.service", unit(text))
        ok(box, f"systemctl start {name}; sleep 1")
        assert f"{name}.service: Main process exited, code=exited, status={code}" in said(box, name)


def test_requirements_start_first_and_fail_together(box: Box) -> None:
    box.write(FOLDER + "db.service", unit("Type=oneshot\nExecStart=/bin/sh -c 'sleep 1; exit 1'"))
    box.write(
        FOLDER + "app.service",
        unit("ExecStart=/bin/sleep 99", "Requires=db.service\nAfter=db.service"),
    )
    result = box.run("systemctl start app")
    assert result.status == 1
    assert result.stderr == (
        b"A dependency job for app.service failed. See 'journalctl -xe' for details.\n"
    )
    assert said(box, "app") == [
        "Dependency failed for app.service.",
        "app.service: Job app.service/start failed with result 'dependency'.",
    ]
    box.write(FOLDER + "db.service", unit("ExecStart=/bin/sleep 99"))
    ok(box, "systemctl daemon-reload; systemctl start app; systemctl is-active db app")
    ok(box, "systemctl stop db")
    assert ok(box, "systemctl is-active app", status=3) == "inactive\n"


def test_a_wanted_unit_may_fail(box: Box) -> None:
    box.write(FOLDER + "extra.service", unit("Type=oneshot\nExecStart=/bin/false"))
    box.write(
        FOLDER + "app.service", unit("ExecStart=/bin/sleep 99", "Wants=extra.service no.service")
    )
    ok(box, "systemctl start app; systemctl is-active app")


def test_a_condition_that_is_not_met_is_no_failure(box: Box) -> None:
    head = "ConditionPathExists=/root/flag"
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 99", head))
    ok(box, "systemctl start x")
    shown = box.run("systemctl status x").stdout.decode()
    assert "             └─ ConditionPathExists=/root/flag was not met\n" in shown
    ok(box, "touch /root/flag; systemctl start x; systemctl is-active x")


def test_a_forking_service_is_followed_by_its_pid_file(box: Box) -> None:
    text = (
        "Type=forking\nPIDFile=/run/d.pid\n"
        "ExecStart=/bin/sh -c 'sleep 1000 & echo $$! > /run/d.pid'"
    )
    box.write(FOLDER + "d.service", unit(text))
    ok(box, "systemctl start d")
    pid = ok(box, "cat /run/d.pid")
    assert ok(box, "systemctl show -P MainPID d") == pid
    ok(box, "kill -9 $(cat /run/d.pid); sleep 1")
    assert ok(box, "systemctl is-failed d") == "failed\n"


def test_enable_makes_links_and_boot_follows_them(box: Box) -> None:
    box.write(
        FOLDER + "x.service", unit("ExecStart=/bin/sleep 1000", "", "WantedBy=multi-user.target")
    )
    enabled = box.run("systemctl is-enabled x; systemctl enable x; systemctl is-enabled x")
    assert enabled.stdout == b"disabled\nenabled\n"
    assert enabled.stderr == (
        b"Created symlink /etc/systemd/system/multi-user.target.wants/x.service "
        b"\xe2\x86\x92 /etc/systemd/system/x.service.\n"
    )
    box.run("sync")
    box.machine.power_off()
    box.machine.power_on()
    box.wait(10 * SECOND)
    assert ok(box, "systemctl is-active x") == "active\n"
    assert ok(box, "journalctl --list-boots | wc -l") == "3\n"
    assert box.run("systemctl disable --now x").stderr == (
        b'Removed "/etc/systemd/system/multi-user.target.wants/x.service".\n'
    )
    assert ok(box, "systemctl is-active x", status=3) == "inactive\n"


def test_a_changed_file_is_noticed(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 1000"))
    ok(box, "systemctl start x; sleep 1")
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 2000"))
    warning = box.run("systemctl restart x").stderr
    assert warning == (
        b"Warning: The unit file, source configuration file or drop-ins of x.service changed on "
        b"disk. Run 'systemctl daemon-reload' to reload units.\n"
    )
    ok(box, "systemctl daemon-reload; systemctl restart x; pgrep -x sleep")


def test_drop_ins_change_single_settings(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 1000\nEnvironment=A=1"))
    ok(box, f"mkdir {FOLDER}x.service.d")
    box.write(FOLDER + "x.service.d/more.conf", b"[Service]\nExecStart=\nExecStart=/bin/sleep 77\n")
    ok(box, "systemctl start x; ps -o args= -C sleep | grep -x '/bin/sleep 77'")
    assert ok(box, "systemctl cat x").splitlines()[0] == "# /etc/systemd/system/x.service"
    assert ok(box, "systemctl cat x").splitlines()[-4:] == [
        "# /etc/systemd/system/x.service.d/more.conf", "[Service]", "ExecStart=",
        "ExecStart=/bin/sleep 77",
    ]  # fmt: skip


def test_templates_have_instances(box: Box) -> None:
    box.write(FOLDER + "w@.service", unit("ExecStart=/bin/sleep %i"))
    ok(box, "systemctl start w@801 w@802; ps -o args= -C sleep | grep 801; systemctl stop w@801")
    assert ok(box, "systemctl is-active w@801 w@802") == "inactive\nactive\n"


def test_an_alias_is_another_name_for_the_same_unit(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 9", "", "Alias=y.service"))
    box.run("systemctl enable x")
    ok(box, "systemctl start y; systemctl is-active x y")
    assert ok(box, "systemctl show -P Id y") == "x.service\n"
    assert ok(box, "systemctl is-enabled y") == "alias\n"
    assert ok(box, "systemctl stop y; systemctl is-active x", status=3) == "inactive\n"


def test_edit_makes_a_drop_in(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 9"))
    box.write("/root/ed", b"printf '[Service]\\nNice=7\\n' > $1\n")
    ok(box, "EDITOR='sh /root/ed' systemctl edit x; systemctl start x")
    assert ok(box, "ps -o ni= -C sleep").strip() == "7"
    assert box.run("EDITOR=true systemctl edit cron").stderr == (
        b'Editing "/etc/systemd/system/cron.service.d/override.conf" canceled: temporary file is '
        b"empty.\n"
    )


def test_the_default_target_can_be_chosen(box: Box) -> None:
    box.write(FOLDER + "quiet.target", b"[Unit]\nDescription=Quiet\n")
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 999", "", "WantedBy=quiet.target"))
    box.run("systemctl enable x; systemctl set-default quiet.target; sync")
    box.machine.power_off()
    box.machine.power_on()
    box.wait(10 * SECOND)
    assert ok(box, "systemctl get-default; systemctl is-active quiet.target x") == (
        "quiet.target\nactive\nactive\n"
    )
    assert ok(box, "systemctl is-active multi-user.target", status=3) == "inactive\n"
    ok(box, "systemctl isolate multi-user.target; systemctl is-active multi-user.target")
    assert ok(box, "systemctl is-active x", status=3) == "inactive\n"


def test_requests_from_strangers_do_no_harm() -> None:
    """Anybody may connect to init's socket; only root is listened to, and nobody is waited for."""
    box = Box()
    text = (
        "for n in $(seq 40); do (sleep 20 | nc -U /run/systemd/private) & done; sleep 1; "
        "systemctl is-active cron"
    )
    assert box.run(text).stdout.endswith(b"inactive\n")
    assert box.run("sudo systemctl start multi-user.target").status == 0
    assert box.run("systemctl start multi-user.target").status == 4


def test_kill_reaches_the_whole_group_or_the_main_process(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sh -c 'sleep 500 & exec sleep 600'"))
    ok(box, "systemctl start x; sleep 1; systemctl kill -s STOP x; sleep 1")
    assert ok(box, "ps -o stat= -C sleep").split() == ["Ts", "T"]
    ok(box, "systemctl kill -s KILL --kill-whom=main x; sleep 2")
    assert ok(box, "pgrep sleep", status=1) == ""


def test_lists(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/sleep 1000", "Description=A thing"))
    ok(box, "systemctl start x")
    assert ok(box, "systemctl list-units --no-legend --plain") == (
        "x.service         loaded active running A thing\n"
        "multi-user.target loaded active active  Multi-User System\n"
    )
    assert ok(box, "systemctl list-unit-files --no-legend 'x*' 'cron*'") == (
        "cron.service enabled enabled\nx.service    static  -\n"
    )
    assert ok(box, "systemctl --failed --no-legend") == ""
    assert ok(box, "systemctl is-system-running") == "running\n"


def test_timers_start_services(box: Box) -> None:
    box.write(FOLDER + "t.service", unit("Type=oneshot\nExecStart=/bin/echo tick"))
    box.write(FOLDER + "t.timer", b"[Timer]\nOnActiveSec=2s\nOnUnitActiveSec=10s\n")
    box.write(FOLDER + "c.service", unit("Type=oneshot\nExecStart=/bin/echo tock"))
    box.write(FOLDER + "c.timer", b"[Timer]\nOnCalendar=*:0/1\n")
    ok(box, "systemctl start t.timer c.timer; sleep 125", until=200)
    assert said(box, "t").count("tick") == 13
    assert said(box, "c").count("tock") == 2
    assert ok(box, "systemctl list-timers --no-legend | grep c.timer").split()[-2:] == [
        "c.timer", "c.service",
    ]  # fmt: skip
    ok(box, "systemctl stop t.timer c.timer")


def test_on_failure_starts_another_unit(box: Box) -> None:
    box.write(FOLDER + "x.service", unit("ExecStart=/bin/false", "OnFailure=alarm.service"))
    box.write(FOLDER + "alarm.service", unit("Type=oneshot\nExecStart=/bin/echo help"))
    ok(box, "systemctl start x; sleep 1")
    assert "help" in said(box, "alarm")


def test_a_service_that_sleeps_costs_nothing(box: Box) -> None:
    box.write("/root/wait", b"trap : USR1\nwait_forever() { read x < /root/fifo; }\nwait_forever\n")
    box.write(FOLDER + "y.service", unit("ExecStart=/bin/sh /root/wait"))
    ok(box, "mkfifo /root/fifo; systemctl start y; sync; sleep 60", until=100)
    box.wait(SECOND)
    assert box.world.next_event() is None


def test_shutdown_stops_services_and_cuts_the_power(box: Box) -> None:
    text = "ExecStart=/bin/sleep 1000\nExecStop=/bin/sh -c 'echo bye > /root/last'"
    box.write(FOLDER + "x.service", unit(text))
    ok(box, "systemctl start x")
    box.run("systemctl poweroff & sleep 20")
    box.wait(20 * SECOND)
    assert box.machine.kernel is None
    box.machine.power_on()
    box.wait(10 * SECOND)
    assert ok(box, "cat /root/last") == "bye\n"
