"""cap_from_text(3) and cap_to_text(3): what libcap 2.66 says of these texts."""

from __future__ import annotations

import ctypes
import ctypes.util
import random

import pytest

from minios.abi import caps


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=", "="),
        ("all=ep", "=ep"),
        ("=ep cap_kill-e", "=ep cap_kill-e"),
        ("cap_kill+p cap_net_raw+ep", "cap_net_raw=ep cap_kill+p"),
        ("cap_chown,cap_setuid=i", "cap_chown,cap_setuid=i"),
        ("CAP_SYS_ADMIN,cap_fowner=pe cap_chown+pei", "cap_chown=eip cap_fowner,cap_sys_admin+ep"),
        ("all,cap_kill-e", "="),
        ("cap_kill=+ep", "cap_kill=ep"),
        ("cap_kill=ip=", None),
        ("=iep+pe", None),
        ("cap_nothing=e", None),
        ("+e", None),
        ("cap_kill-", None),
        ("", None),
    ],
)
def test_texts(text: str, shown: str | None) -> None:
    found = caps.from_text(text)
    assert (None if found is None else caps.to_text(*found)) == shown


def test_a_files_capabilities_survive_being_written_down() -> None:
    for file in (caps.FileCaps(), caps.FileCaps(1 << 40, 1 << 5, True), caps.FileCaps(caps.ALL)):
        assert caps.decode_file(caps.encode_file(file)) == file
    assert caps.decode_file(b"nonsense") is None


@pytest.mark.skipif(ctypes.util.find_library("cap") is None, reason="needs libcap")
def test_texts_go_the_same_way_in_libcap() -> None:
    name = ctypes.util.find_library("cap")
    libcap = ctypes.CDLL(name)
    libcap.cap_from_text.restype = ctypes.c_void_p
    libcap.cap_from_text.argtypes = [ctypes.c_char_p]
    libcap.cap_to_text.restype = ctypes.c_char_p
    libcap.cap_to_text.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    rng = random.Random(5)
    names = ["cap_kill", "cap_chown", "all", "", "cap_40", "CAP_SYS_ADMIN", "cap_bogus"]
    for _ in range(3000):
        clauses = []
        for _ in range(rng.randrange(1, 4)):
            listed = ",".join(rng.choice(names) for _ in range(rng.randrange(1, 4)))
            for _ in range(rng.randrange(1, 3)):
                listed += rng.choice("=+-") + "".join(rng.sample("eip", rng.randrange(4)))
            clauses.append(listed)
        text = " ".join(clauses)
        theirs = libcap.cap_from_text(text.encode())
        shown = libcap.cap_to_text(theirs, None).decode() if theirs else None
        found = caps.from_text(text)
        assert (None if found is None else caps.to_text(*found)) == shown, text
