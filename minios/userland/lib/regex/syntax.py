"""What differs between the regular expressions of sed, grep, awk and regcomp(3)."""

from typing import NamedTuple

from minios.userland.lib.steps import Refused


class RegexError(Refused):
    """A pattern that does not compile, or a search beyond its bounds; ``str`` is glibc's text."""


EBRACK = "Unmatched [, [^, [:, [., or [="
EPAREN = "Unmatched ( or \\("
ERPAREN = "Unmatched ) or \\)"
EBRACE = "Unmatched \\{"
BADBR = "Invalid content of \\{\\}"
BADRPT = "Invalid preceding regular expression"
ECTYPE = "Invalid character class name"
ECOLLATE = "Invalid collation character"
ERANGE = "Invalid range end"
ESUBREG = "Invalid back reference"
EESCAPE = "Trailing backslash"
ESIZE = "Regular expression too big"
ECLASS = "character class syntax is [[:space:]], not [:space:]"
ESPACE = "Memory exhausted"


class Syntax(NamedTuple):
    """One dialect. The comments name the bits of glibc's ``regex.h`` that mean the same."""

    extended: bool
    """Whether ``( ) { } | + ?`` are operators bare (ERE) or behind a backslash (BRE)."""

    leading: str = "literal"
    """A repetition with nothing to repeat: ``literal``, ``skip`` (RE_CONTEXT_INDEP_OPS) or
    ``error`` (RE_CONTEXT_INVALID_OPS)."""

    repeat_once: bool = False
    """``a**`` is an error, and so is a leading ``\\{`` (RE_CONTEXT_INVALID_DUP)."""

    ordinary_interval: bool = False
    """A malformed interval is ordinary text (RE_INVALID_INTERVAL_ORD)."""

    ordinary_close: bool = False
    """An unmatched ``)`` is ordinary (RE_UNMATCHED_RIGHT_PAREN_ORD)."""

    newline_alternates: bool = False
    """A newline separates alternatives (RE_NEWLINE_ALT)."""

    bare_repeats: bool = False
    """``+`` and ``?`` are operators bare although ``( ) |`` are not, as in Emacs."""

    intervals: bool = True
    """Whether ``{n,m}`` repeats (RE_INTERVALS)."""

    strict_classes: bool = False
    """``[:space:]`` without the outer brackets is an error (gnulib's dfa, in grep and sed)."""

    awk: bool = False
    """C escapes outside and inside brackets, no GNU operators, no empty operands (mawk(1))."""


SED_BASIC = Syntax(False, repeat_once=True, strict_classes=True)
SED_EXTENDED = Syntax(True, leading="error", strict_classes=True)
GREP_BASIC = Syntax(False, newline_alternates=True, strict_classes=True)
GREP_EXTENDED = Syntax(
    True,
    leading="skip",
    ordinary_interval=True,
    ordinary_close=True,
    newline_alternates=True,
    strict_classes=True,
)
POSIX_BASIC = Syntax(False, repeat_once=True)
POSIX_EXTENDED = Syntax(True, leading="error", ordinary_close=True)
EMACS = Syntax(False, bare_repeats=True, intervals=False)
AWK = Syntax(True, leading="error", ordinary_close=True, intervals=False, awk=True)
