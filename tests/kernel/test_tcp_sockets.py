"""TCP sockets where a whole history of calls would hide what is meant."""

from typing import Any

from minios.abi.errno import Errno
from minios.abi.inet import parse_ip
from minios.abi.sockets import AF_INET, SO_LINGER, SOCK_STREAM, SOL_SOCKET
from minios.abi.sys import Sys
from tests.kernel.rig import Rig


def test_who_was_reset_before_he_was_accepted_is_accepted_all_the_same() -> None:
    """accept(2) on Linux: the name is still there, and the first read tells."""
    said: list[Any] = []

    async def main(sys: Sys) -> None:
        place = (parse_ip("127.0.0.1"), 873)
        door = await sys.socket(AF_INET, SOCK_STREAM)
        await sys.bind(door, place)
        await sys.listen(door, 1)
        caller = await sys.socket(AF_INET, SOCK_STREAM)
        await sys.connect(caller, place)
        name = await sys.getsockname(caller)
        await sys.setsockopt(caller, SOL_SOCKET, SO_LINGER, (1, 0))
        await sys.close(caller)
        await sys.nanosleep(1_000_000)
        end, peer = await sys.accept(door)
        said.append(peer == name)
        for call in (sys.getpeername(end), sys.recv(end, 1)):
            try:
                await call
            except OSError as err:
                said.append(Errno(err.errno))

    rig = Rig()
    rig.start(main)
    rig.run()
    assert said == [True, Errno.ENOTCONN, Errno.ECONNRESET]
