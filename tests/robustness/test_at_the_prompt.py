"""Whatever is typed at the prompt: ctrl+c brings it back, and the host barely notices."""

import pytest

from tests.robustness.arena import apart, type_at_login, warm_up

MEGABYTE = 1 << 20

NASTY = [
    b"yes\n",
    b"yes | cat > /dev/null &\n",
    b"while true; do :; done\n",
    b"f(){ f|f & }; f\n",
    b"while :; do sleep 100 & done\n",
    b"x=xxxxxxxx; while :; do x=$x$x; done\n",
    b"head -c 10G /dev/zero > f\n",
    b"cat /dev/zero | sort\n",
    b"awk 'BEGIN { while (1) s = s \"x\" }'\n",
    b"head -c 100000 /dev/zero | tr '\\0' a | grep -E '(a+)+$' | wc -c\n",
    b"(" * 3000 + b"\n",
    b"f(){ f; }; f\n",
    b"seq 10000\n",
    b"printf 'a\\303'; printf '\\251\\n'; printf '\\377\\000\\n'\n",
    b"exec <&-\n",
    b"stty raw -echo; stty sane\n",
    b"kill -9 $$\n",
    b"kill -9 -1\n",
]


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up()


@pytest.mark.parametrize("line", NASTY, ids=lambda line: line[:30].decode("latin-1").strip())
def test_the_player_gets_a_prompt_back_and_the_host_is_spared(line: bytes) -> None:
    cost = apart(type_at_login, line, "player", 4)
    assert cost.value.alive, cost.value.shown[-300:]
    assert cost.grown < 160 * MEGABYTE


@pytest.mark.parametrize("line", [b"kill -9 -1\n", b"f(){ f|f & }; f\n"])
def test_root_gets_a_prompt_back_too(line: bytes) -> None:
    cost = apart(type_at_login, line, "root", 4)
    assert cost.value.alive, cost.value.shown[-300:]
    assert cost.grown < 160 * MEGABYTE


def test_the_same_nastiness_twice_gives_the_same_digest() -> None:
    line = b"f(){ f|f & }; f\n"
    first, second = (apart(type_at_login, line, "player", 2).value.digest for _ in range(2))
    assert first == second
