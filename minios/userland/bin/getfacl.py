"""getfacl: show access control lists, which here are the mode bits (acl 2.3.1)."""

from minios.abi.flags import S_IFDIR, S_IFLNK, S_IFMT, S_ISGID, S_ISUID, S_ISVTX
from minios.abi.records import Stat
from minios.userland.lib.program import Tool, program
from minios.userland.lib.stdio import complain, list_dir, why
from minios.userland.lib.users import groups, passwd

USAGE = """
getfacl 2.3.1 -- get file access control lists
Usage: getfacl [-aceEsRLPtpndvh] file ...
  -a, --access            display the file access control list only
  -d, --default           display the default access control list only
  -c, --omit-header       do not display the comment header
  -e, --all-effective     print all effective rights
  -E, --no-effective      print no effective rights
  -s, --skip-base         skip files that only have the base entries
  -R, --recursive         recurse into subdirectories
  -L, --logical           logical walk, follow symbolic links
  -P, --physical          physical walk, do not follow symbolic links
  -t, --tabular           use tabular output format
  -n, --numeric           print numeric user/group identifiers
      --one-file-system   skip files on different filesystems
  -p, --absolute-names    don't strip leading '/' in pathnames
  -v, --version           print version and exit
  -h, --help              this help text
"""


async def _advise(tool: Tool) -> None:
    await complain(tool.sys, b"Usage: getfacl [-aceEsRLPtpndvh] file ...")
    await complain(tool.sys, b"Try `getfacl --help' for more information.")


def _rights(mode: int, shift: int) -> str:
    bits = mode >> shift
    return "".join(char if bits & bit else "-" for char, bit in (("r", 4), ("w", 2), ("x", 1)))


@program(
    USAGE,
    "adceEsRLPtpnvh",
    (
        "access=a", "default=d", "omit-header=c", "all-effective=e", "no-effective=E",
        "skip-base=s", "recursive=R", "logical=L", "physical=P", "tabular=t", "numeric=n",
        "one-file-system=x", "absolute-names=p",
    ),
    trouble=2,
)  # fmt: skip
async def getfacl(tool: Tool) -> int:
    """getfacl(1)."""
    options = tool.options
    if "h" in options:
        await tool.line(USAGE.strip().encode())
        return 0
    if "v" in options:
        await tool.line(b"getfacl 2.3.1")
        return 0
    if not tool.operands:
        await _advise(tool)
        return 2
    owners: dict[int, bytes] = {}
    owning: dict[int, bytes] = {}
    if "n" not in options:
        owners = {entry.uid: entry.name for entry in await passwd(tool.sys)}
        owning = {entry.gid: entry.name for entry in await groups(tool.sys)}
    told = "p" in options or "c" in options
    for name in tool.operands:
        if name.startswith(b"/") and not told:
            await complain(tool.sys, b"getfacl: Removing leading '/' from absolute path names")
            told = True
        await _tree(tool, name, owners, owning)
    return tool.status


async def _tree(tool: Tool, top: bytes, owners: dict[int, bytes], owning: dict[int, bytes]) -> None:
    todo = [top]
    while todo:
        name = todo.pop()
        try:
            stat = await tool.sys.lstat(name)
            if stat.mode & S_IFMT == S_IFLNK:
                if "P" in tool.options or (name is not top and "L" not in tool.options):
                    continue
                stat = await tool.sys.stat(name)
        except OSError as err:
            await complain(tool.sys, b"getfacl: " + name + b": " + why(err))
            tool.status = 1
            continue
        await _show(tool, name, stat, owners, owning)
        if "R" in tool.options and stat.mode & S_IFMT == S_IFDIR:
            try:
                below = await list_dir(tool.sys, name)
            except OSError as err:
                await complain(tool.sys, b"getfacl: " + name + b": " + why(err))
                tool.status = 1
                continue
            todo += [name.rstrip(b"/") + b"/" + entry for entry in reversed(below)]


async def _show(
    tool: Tool, name: bytes, stat: Stat, owners: dict[int, bytes], owning: dict[int, bytes]
) -> None:
    options = tool.options
    if "s" in options:
        return
    owner = owners.get(stat.uid, b"%d" % stat.uid)
    group = owning.get(stat.gid, b"%d" % stat.gid)
    shown = name if "p" in options else name.lstrip(b"/") or b"."
    mode = stat.mode
    lines: list[bytes] = []
    if "t" in options:
        lines.append(b"# file: " + shown)
        for kind, who, shift in ((b"USER", owner, 6), (b"GROUP", group, 3), (b"other", b"", 0)):
            if "d" not in options:
                rights = _rights(mode, shift).encode()
                width = max(8, len(owner), len(group))
                lines.append(kind.ljust(6) + b" " + who.ljust(width) + b"  " + rights + b"     ")
    else:
        if "c" not in options:
            lines += [b"# file: " + shown, b"# owner: " + owner, b"# group: " + group]
            if mode & (S_ISUID | S_ISGID | S_ISVTX):
                flags = "".join(
                    char if mode & bit else "-"
                    for char, bit in (("s", S_ISUID), ("s", S_ISGID), ("t", S_ISVTX))
                )
                lines.append(b"# flags: " + flags.encode())
        if "d" not in options or "a" in options:
            for kind, shift in ((b"user::", 6), (b"group::", 3), (b"other::", 0)):
                lines.append(kind + _rights(mode, shift).encode())
    for line in (*lines, b""):
        await tool.line(line)
