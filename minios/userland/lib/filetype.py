"""What kind of file a mode tells of, in words (file_type of gnulib)."""

from minios.abi.flags import S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK
from minios.abi.records import Stat

_WORDS = {
    S_IFREG: b"regular file", S_IFDIR: b"directory", S_IFBLK: b"block special file",
    S_IFCHR: b"character special file", S_IFIFO: b"fifo", S_IFLNK: b"symbolic link",
    S_IFSOCK: b"socket",
}  # fmt: skip


def file_type(st: Stat) -> bytes:
    """``regular empty file``, ``directory``, …"""
    kind = st.mode & S_IFMT
    if kind == S_IFREG and st.size == 0:
        return b"regular empty file"
    return _WORDS.get(kind, b"weird file")
