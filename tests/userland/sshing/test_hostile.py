"""Whatever a client says, sshd takes it: no program dies of a bug, and nothing is left behind."""

from __future__ import annotations

import random

import pytest

from minios.net.wire import ssh
from minios.net.wire.ssh import boolean, frame, kexinit, string, u32
from tests.userland.netservices.lan import Lan


def message(kind: int, *parts: bytes) -> bytes:
    return bytes((kind,)) + b"".join(parts)


def request(what: bytes, *parts: bytes) -> bytes:
    return message(ssh.CHANNEL_REQUEST, u32(0), string(what), boolean(True), *parts)


BEGINNING = [
    kexinit(b"x" * 16),
    message(ssh.KEX_ASK, ssh.nonce(b"y" * 16)),
    message(ssh.NEWKEYS),
    message(ssh.SERVICE_REQUEST, string(b"ssh-userauth")),
    message(
        ssh.USERAUTH_REQUEST, string(b"bob"), string(b"ssh-connection"), string(b"password"),
        boolean(False), string(b"pw"),
    ),
    message(ssh.CHANNEL_OPEN, string(b"session"), u32(0), u32(1 << 17), u32(1 << 15)),
]  # fmt: skip
TERMINAL = request(b"pty-req", string(b"xterm"), *(u32(n) for n in (80, 24, 0, 0)), string(b"\0"))
LATER = [
    message(ssh.CHANNEL_DATA, u32(0), string(b"echo hi\n")),
    message(ssh.CHANNEL_WINDOW_ADJUST, u32(0), u32(0)),
    message(ssh.CHANNEL_WINDOW_ADJUST, u32(0), u32(1 << 31)),
    request(b"window-change", u32(1 << 31), u32(7), u32(0), u32(0)),
    request(b"signal", string(b"TERM")),
    message(ssh.CHANNEL_EOF, u32(0)),
    message(ssh.CHANNEL_CLOSE, u32(0)),
    message(ssh.GLOBAL_REQUEST, string(b"x"), boolean(True)),
    message(ssh.DISCONNECT, u32(1), string(b"x"), string(b"")),
]


def conversation(rng: random.Random) -> bytes:
    """A session with a mistake or two in it."""
    said = list(BEGINNING)
    if rng.random() < 0.5:
        said.append(TERMINAL)
    said.append(request(b"exec", string(b"cat; echo done")))
    said += [rng.choice(LATER) for _ in range(rng.randint(0, 6))]
    for _ in range(rng.choice((0, 1, 1, 2))):
        at = rng.randrange(len(said))
        data = bytearray(said[at])
        data[rng.randrange(len(data))] = rng.randint(0, 255)
        said[at] = bytes(data[: rng.randint(0, len(data))] if rng.random() < 0.3 else data)
    if rng.random() < 0.2:
        rng.shuffle(said)
    stream = bytearray(b"SSH-2.0-x\r\n" + b"".join(frame(part) for part in said))
    if rng.random() < 0.2:
        stream[rng.randrange(len(stream))] ^= 1 << rng.randint(0, 7)
    return bytes(stream)


@pytest.mark.parametrize("seed", range(3))
def test_sshd_survives_its_clients(seed: int) -> None:
    lan = Lan({"pc": {"eth0": "lan 10.0.0.2/24"}, "srv": {"eth0": "lan 10.0.0.3/24"}})
    lan.run("srv", "useradd -m -s /bin/sh bob; printf 'pw\npw\n' | passwd bob")
    lan.run("srv", "systemctl start ssh; sleep 1")
    rng = random.Random(seed)
    for number in range(40):
        lan.machines["pc"].write_file(b"/tmp/said", conversation(rng), 0, 0, 0o644)
        stay = (0, 1, 5)[number % 3]
        lan.run("pc", f"(cat /tmp/said; sleep {stay}) | nc -N -w 9 10.0.0.3 22 >/dev/null")
    lan.wait(200)
    assert lan.out("srv", "pgrep -c sshd; ls /dev/pts; who; pgrep -c -u bob . || true") == "1\n0\n"
    assert b"Accepted password for bob" in lan.run("srv", "journalctl -u ssh --no-pager").stdout
