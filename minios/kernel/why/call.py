"""One place to ask: of a process, of a file, of what happened lately."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minios.abi.errno import Errno, error

if TYPE_CHECKING:
    from minios.fs.access import Credentials
    from minios.fs.inode import Dentry
    from minios.kernel.kernel import Kernel
    from minios.kernel.why.reason import Reason

SHOWN = 5
"""Refusals and deaths that ``why`` without an operand tells of."""


def explain(
    kernel: Kernel, who: Credentials, cwd: Dentry, kind: bytes, subject: bytes | int
) -> Reason:
    """The answer to one question: ``process`` and a pid, ``file`` and a path, ``recent``, or
    ``drops``.

    EINVAL for another kind or subject.
    """
    if kind == b"process" and isinstance(subject, int):
        from minios.kernel.why.processes import why_process

        return why_process(kernel, who, subject)
    if kind == b"file" and isinstance(subject, bytes) and subject:
        from minios.kernel.why.paths import why_file

        return why_file(kernel, who, cwd, subject)
    if kind == b"recent":
        return why_recent(kernel, who)
    if kind == b"drops":
        from minios.kernel.why.netdrops import why_drops

        return why_drops(kernel, who)
    raise error(Errno.EINVAL)


def why_recent(kernel: Kernel, who: Credentials) -> Reason:
    """The last deaths by signal and the last refusals of the asker's; of everybody's to root."""
    from minios.kernel.why.processes import ended
    from minios.kernel.why.reason import Reason
    from minios.kernel.why.rules import why_refused

    causes = kernel.causes
    found: list[tuple[int, Reason]] = []
    for last in reversed(causes.obituaries):
        if last.sig and (who.euid in (0, last.uid)) and len(found) < SHOWN:
            found.append((last.time, ended(kernel, last)))
    refusals = [each for each in reversed(causes.refusals) if who.euid in (0, each.uid)][:SHOWN]
    found += [(each.time, why_refused(kernel, who, each)) for each in refusals]
    found.sort(key=lambda item: item[0], reverse=True)
    parts = tuple(reason for _, reason in found[:SHOWN])
    text = "Lately:" if parts else "Nothing of yours was killed or refused lately."
    return Reason("recent", text, because=parts)
