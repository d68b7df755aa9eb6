"""/proc, in proc(5)'s formats. Under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.fs.inode import Dentry
from minios.fs.synthetic import SyntheticDirectory, SyntheticFileSystem

if TYPE_CHECKING:
    from minios.abi.records import Dirent
    from minios.fs.access import Credentials
    from minios.kernel.kernel import Kernel


class _Root(SyntheticDirectory):
    __slots__ = ()

    def lookup(self, who: Credentials, at: Dentry, name: bytes) -> Dentry | None:
        return None

    def list(self, who: Credentials) -> list[Dirent]:
        return []


def proc_file_system(kernel: Kernel) -> SyntheticFileSystem:
    return SyntheticFileSystem(b"proc", 5, kernel.clock, lambda fs: _Root(fs, 1))
