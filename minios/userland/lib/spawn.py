"""Running shell commands from programs: system(3) and popen(3)."""

from minios.abi.flags import O_CLOEXEC
from minios.userland.lib.program import Tool

SHELL = b"/bin/sh"


async def start_shell(tool: Tool, command: bytes, fds: dict[int, int] | None = None) -> int:
    """Start ``sh -c command``; its pid. ``fds`` maps its descriptors to ours."""
    return await tool.sys.spawn(SHELL, [b"sh", b"-c", command], tool.env, fds)


async def output_of(tool: Tool, command: bytes) -> bytes:
    """What ``sh -c command`` prints; kept, and charged for."""
    sys = tool.sys
    read_end, write_end = await sys.pipe(O_CLOEXEC)
    pid = await start_shell(tool, command, {1: write_end})
    await sys.close(write_end)
    parts: list[bytes] = []
    while data := await sys.read(read_end, 65536):
        await tool.retain(len(data))
        parts.append(data)
    await sys.close(read_end)
    await sys.waitpid(pid)
    output = b"".join(parts)
    tool.release(len(output))
    return output
