"""POSIX regular expressions on bytes, in time linear in the text (XBD chapter 9).

``compile(pattern, extended=…)`` gives a :class:`Regex`; ``search`` gives the leftmost-longest match
with glibc's submatches, ``test`` only whether there is one. GNU's ``\\w \\b \\< \\|`` and so on are
understood. Back-references are matched by a bounded search. After use, a program computes for
``regex.spent()`` cycles.
"""

from minios.userland.lib.regex.regex import Match, Regex, compile
from minios.userland.lib.regex.syntax import (
    AWK,
    EMACS,
    GREP_BASIC,
    GREP_EXTENDED,
    POSIX_BASIC,
    POSIX_EXTENDED,
    SED_BASIC,
    SED_EXTENDED,
    RegexError,
    Syntax,
)

__all__ = [
    "AWK",
    "EMACS",
    "GREP_BASIC",
    "GREP_EXTENDED",
    "POSIX_BASIC",
    "POSIX_EXTENDED",
    "SED_BASIC",
    "SED_EXTENDED",
    "Match",
    "Regex",
    "RegexError",
    "Syntax",
    "compile",
]
