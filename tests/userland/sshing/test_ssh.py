"""ssh between the machines of a level: logging in, commands, terminals, host keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from minios.game.api import Game
from minios.game.loader import loads
from minios.kernel.dev.pty import Pts
from minios.net.capture import HostCapture
from minios.testing import Box
from tests.net.tshark import clean, lines, needs_tshark
from tests.userland.netservices.lan import Lan

LEVEL = """\
format: 1
id: two
title: Two
briefing: ssh there.
pace: turn
world:
  player: {machine: pc, user: ann}
  machines:
    pc:
      nics: {eth0: {address: 10.0.0.2/24}}
      users: {ann: {uid: 1000}}
      files: {/etc/hosts: {text: "127.0.0.1 localhost\\n10.0.0.3 srv\\n"}}
    srv:
      nics: {eth0: {address: 10.0.0.3/24}}
      users: {bob: {uid: 1001, password: hunter2}}
      files:
        /etc/systemd/system/multi-user.target.wants/ssh.service:
          {link: /lib/systemd/system/ssh.service}
  links:
    lan: {between: [pc.eth0, srv.eth0], latency: 5ms}
goals:
  never: {text: Never., probe: {on: pc, run: test -e /never}}
"""


def play(story: Callable[[Game], Awaitable[None]]) -> None:
    """Act a story at the player's terminal, in turn pace: time stands still at each prompt."""

    async def run() -> None:
        async with Game(loads(LEVEL.encode(), "two.yaml")) as game:
            await story(game)

    asyncio.run(run())


async def log_in(game: Game) -> str:
    """The output up to the prompt at the other side."""
    asked = await game.run("ssh bob@srv")
    assert "The authenticity of host 'srv (10.0.0.3)' can't be established." in asked
    await game.run("yes")
    return await game.run("hunter2")


def test_a_player_moves_to_another_machine_and_back() -> None:
    async def story(game: Game) -> None:
        await log_in(game)
        assert await game.run("hostname; whoami; tty") == "srv\nbob\n/dev/pts/0\n"
        first, port, *rest = (await game.run("echo $SSH_CONNECTION")).split()
        assert (first, rest) == ("10.0.0.2", ["10.0.0.3", "22"]) and port.isdigit()
        assert "bob      pts/0" in await game.run("who")
        before = game.time
        assert await game.run("sleep 5; echo slept") == "slept\n"
        assert 5 < game.time - before < 7
        assert "Connection to srv closed." in await game.run("exit 4")
        assert await game.run("hostname; echo $?") == "pc\n0\n"

    play(story)


def test_time_stands_still_at_the_other_machines_prompt() -> None:
    async def story(game: Game) -> None:
        await log_in(game)
        before = game.time
        await game.run("true")
        assert game.time - before < 1
        assert game._play.held()

    play(story)


def test_the_second_visit_asks_only_for_the_password() -> None:
    async def story(game: Game) -> None:
        await log_in(game)
        await game.run("exit")
        assert await game.run("ssh bob@srv") == ""
        assert "Permission denied, please try again." in await game.run("wrong")
        await game.run("hunter2")
        assert await game.run("whoami") == "bob\n"

    play(story)


def test_a_control_c_goes_to_the_job_on_the_other_machine() -> None:
    async def story(game: Game) -> None:
        await log_in(game)
        await game.type("sleep 1000\r")
        await game.wait(2)
        await game.type("\x03")
        await game.wait(1)
        assert await game.run("echo $?; hostname") == "130\nsrv\n"

    play(story)


def test_a_larger_window_reaches_the_terminal_over_there() -> None:
    async def story(game: Game) -> None:
        await log_in(game)
        game._play.apply("resize", {"rows": 40, "cols": 132})
        await game.wait(1)
        assert await game.run("stty size") == "40 132\n"
        pts = game._play.machines["srv"].kernel.ttys[b"pts/0"]
        assert isinstance(pts, Pts)

    play(story)


def test_tilde_dot_leaves_a_connection_that_is_dead() -> None:
    async def story(game: Game) -> None:
        await log_in(game)
        game._play.machines["pc"].nics["eth0"].wire.link.unplug()
        await game.type("\r~.")
        await game.wait(1)
        assert await game.run("hostname") == "pc\n"

    play(story)


@pytest.fixture(scope="module")
def lan() -> Lan:
    """Two machines; ann of pc may log in as player on srv with her key."""
    lan = Lan({"pc": {"eth0": "lan 10.0.0.2/24"}, "srv": {"eth0": "lan 10.0.0.3/24"}})
    lan.run("srv", "systemctl start ssh; sleep 1")
    lan.run("pc", "ssh-keygen -q -N '' -f ~/.ssh/id_ed25519", user="player")
    public = lan.run("pc", "cat ~/.ssh/id_ed25519.pub", user="player").stdout.decode()
    lan.run(
        "srv",
        f"mkdir -p .ssh; echo '{public.strip()}' > .ssh/authorized_keys; "
        "chmod 600 .ssh/authorized_keys",
        user="player",
    )
    ssh = "ssh -o StrictHostKeyChecking=accept-new 10.0.0.3 true"
    assert lan.run("pc", ssh, user="player").status == 0
    return lan


def pc(lan: Lan, command: str) -> tuple[int, bytes, bytes]:
    done = lan.run("pc", command, user="player")
    return done.status, done.stdout, done.stderr


def test_a_command_has_streams_and_status_of_its_own(lan: Lan) -> None:
    command = "ssh 10.0.0.3 'echo out; echo err >&2; hostname; exit 7'"
    assert pc(lan, command) == (7, b"out\nsrv\n", b"err\n")


def test_a_signal_over_there_is_status_255(lan: Lan) -> None:
    assert pc(lan, "ssh 10.0.0.3 'kill -9 $$'")[0] == 255


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_any_amount_goes_there_and_back(lan: Lan, size: int) -> None:
    command = f"head -c {size} /dev/zero | ssh 10.0.0.3 cat | wc -c"
    assert pc(lan, command)[1].strip() == b"%d" % size


def test_without_a_command_and_a_terminal_input_is_a_script(lan: Lan) -> None:
    status, out, err = pc(lan, "printf 'hostname\\nexit 3\\n' | ssh 10.0.0.3")
    assert (status, out) == (3, b"srv\n")
    assert err == b"Pseudo-terminal will not be allocated because stdin is not a terminal.\n"


def test_tt_makes_a_terminal_where_there_is_none(lan: Lan) -> None:
    status, out, err = pc(lan, "ssh -tt 10.0.0.3 'tty; exit 2' </dev/null")
    assert (status, out, err) == (2, b"/dev/pts/0\r\n", b"Connection to 10.0.0.3 closed.\r\n")


def test_wrong_ways_in_are_named(lan: Lan) -> None:
    refused = b"root@10.0.0.3: Permission denied (publickey,password).\n"
    assert pc(lan, "ssh -o BatchMode=yes root@10.0.0.3") == (255, b"", refused)
    assert pc(lan, "ssh -p 23 10.0.0.3") == (
        255, b"", b"ssh: connect to host 10.0.0.3 port 23: Connection refused\n",
    )  # fmt: skip
    status, _, err = pc(lan, "ssh -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/x 10.0.0.3")
    assert (status, err.splitlines()[-1]) == (255, b"Host key verification failed.")
    assert pc(lan, "ssh -o BatchMode=yes -o UserKnownHostsFile=/x 10.0.0.3")[0] == 255


def test_another_host_key_is_an_alarm(lan: Lan) -> None:
    forge = "sed 's/AAAAI/AAAAJ/' ~/.ssh/known_hosts > /tmp/forged"
    status, _, err = pc(lan, f"{forge}; ssh -o UserKnownHostsFile=/tmp/forged 10.0.0.3 true")
    assert status == 255
    assert b"REMOTE HOST IDENTIFICATION HAS CHANGED!" in err
    assert err.endswith(b"Host key verification failed.\n")


def test_a_key_that_others_may_write_to_is_refused(lan: Lan) -> None:
    lan.run("srv", "chmod 666 .ssh/authorized_keys", user="player")
    assert pc(lan, "ssh -o BatchMode=yes 10.0.0.3 true")[0] == 255
    lan.run("srv", "chmod 600 .ssh/authorized_keys", user="player")
    assert pc(lan, "ssh -o BatchMode=yes 10.0.0.3 true")[0] == 0
    said = lan.run("srv", "journalctl -u ssh --no-pager").stdout
    assert b"Authentication refused: bad ownership or modes for file" in said
    assert b"Accepted publickey for player from 10.0.0.2 port" in said


def test_nothing_is_left_of_a_session(lan: Lan) -> None:
    pc(lan, "ssh -tt 10.0.0.3 true </dev/null")
    lan.wait(5)
    assert lan.out("srv", "ls /dev/pts; who; pgrep -c sshd") == "1\n"


def test_a_session_ends_when_the_client_is_killed(lan: Lan) -> None:
    pc(lan, "ssh -tt 10.0.0.3 'sleep 1000' </dev/null & sleep 2; kill -9 $(pgrep -x ssh); sleep 2")
    assert lan.run("srv", "pgrep -c sleep").stdout == b"0\n"


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.0\\r\\n\\r\\n", b"SSH-2.0-x\\r\\n\\377\\377\\377\\377", b"SSH-1.0-x\\n"],
)
def test_whoever_talks_nonsense_is_hung_up_on(lan: Lan, said: bytes) -> None:
    pc(lan, f"printf '{said.decode()}' | nc -w 2 -N 10.0.0.3 22 >/dev/null")
    lan.wait(130)
    assert lan.out("srv", "pgrep -c sshd") == "1\n"


@needs_tshark
def test_tshark_finds_nothing_malformed_in_a_session(lan: Lan, tmp_path: Path) -> None:
    file = bytearray()
    HostCapture("srv", file.extend).listen(lan.machines["srv"].kernel.net)
    assert pc(lan, "ssh 10.0.0.3 'head -c 20000 /dev/zero' | wc -c")[1].strip() == b"20000"
    path = tmp_path / "ssh.pcap"
    path.write_bytes(file)
    assert clean(path) > 20
    assert lines(path, "ssh.protocol") != []


def test_keys_are_openssh_files() -> None:
    box = Box()
    done: Any = box.run("ssh-keygen -q -N '' -f k; ssh-keygen -y -f k; cat k.pub; ssh-keygen -lf k")
    public, file, finger = done.stdout.splitlines()
    assert file.startswith(public)
    assert finger.startswith(b"256 SHA256:")
