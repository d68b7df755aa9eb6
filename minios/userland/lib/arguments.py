"""Option arguments that are one of a list of words (argmatch of gnulib)."""

from collections.abc import Sequence

from minios.userland.lib.program import Failure, Tool
from minios.userland.lib.quoting import quote


async def choose(
    tool: Tool, option: str, value: bytes | None, choices: Sequence[Sequence[bytes]]
) -> str:
    """The first name of the choice that ``value`` means; a choice is a group of synonyms.

    A beginning suffices while all that it fits mean the same. Anything else ends the program with
    the list of what is valid, as GNU words it.
    """
    given = value or b""
    matches = [group for group in choices if given in group]
    if not matches:
        matches = [group for group in choices if any(name.startswith(given) for name in group)]
    if len(matches) == 1:
        return matches[0][0].decode()
    kind = b"ambiguous" if matches else b"invalid"
    lines = [kind + b" argument " + quote(given) + b" for " + quote(option.encode())]
    lines.append(b"Valid arguments are:")
    lines += [b"  - " + b", ".join(quote(name) for name in group) for group in choices]
    raise Failure(b"\n".join(lines), 1, hint=True)
