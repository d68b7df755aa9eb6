"""Exit statuses as systemd names them (systemd.exec(5), Process exit codes)."""

from minios.abi import flags
from minios.abi.signals import name_of

CHDIR, NICE, EXEC, LIMITS, STDOUT, STDERR = 200, 201, 203, 205, 209, 222
CPUAFFINITY = 215
GROUP, USER, CAPABILITIES, NO_NEW_PRIVILEGES = 216, 217, 218, 227

_NAMES = {
    0: "SUCCESS", 1: "FAILURE", 2: "INVALIDARGUMENT", 3: "NOTIMPLEMENTED", 4: "NOPERMISSION",
    5: "NOTINSTALLED", 6: "NOTCONFIGURED", 7: "NOTRUNNING", CHDIR: "CHDIR", NICE: "NICE",
    202: "FDS", EXEC: "EXEC", 204: "MEMORY", LIMITS: "LIMITS", 206: "OOM_ADJUST",
    207: "SIGNAL_MASK", 208: "STDIN", STDOUT: "STDOUT", GROUP: "GROUP", USER: "USER",
    CPUAFFINITY: "CPUAFFINITY", CAPABILITIES: "CAPABILITIES", STDERR: "STDERR",
    NO_NEW_PRIVILEGES: "NO_NEW_PRIVILEGES",
}  # fmt: skip

STEPS = {
    CHDIR: "CHDIR", NICE: "NICE", EXEC: "EXEC", LIMITS: "LIMITS", STDOUT: "STDOUT",
    STDERR: "STDERR", CPUAFFINITY: "CPUAFFINITY", GROUP: "GROUP", USER: "USER",
    CAPABILITIES: "CAPABILITIES",
    NO_NEW_PRIVILEGES: "NO_NEW_PRIVILEGES",
}  # fmt: skip


def show(status: int) -> str:
    """``code=exited, status=1/FAILURE`` for a wait status."""
    code, number = flags.child_code(status)
    if code == flags.CLD_EXITED:
        return f"code=exited, status={number}/{_NAMES.get(number, 'n/a')}"
    kind = "dumped" if code == flags.CLD_DUMPED else "killed"
    return f"code={kind}, status={number}/{name_of(number)}"
