"""nl: number the lines of files, by logical pages."""

from minios.userland.lib.lines import batches
from minios.userland.lib.options import UsageError
from minios.userland.lib.program import Failure, Tool, program
from minios.userland.lib.quoting import quote
from minios.userland.lib.regex import Regex, RegexError, compile

USAGE = """
Usage: nl [OPTION]... [FILE]...
Print each FILE with line numbers.

  -b, --body-numbering=STYLE      which lines of the body are numbered: a all, t those with
                                  text, n none, pRE those that match RE
  -d, --section-delimiter=CC      the two characters that begin a page's section
  -f, --footer-numbering=STYLE    the same for footers
  -h, --header-numbering=STYLE    the same for headers
  -i, --line-increment=NUMBER     how much a number grows
  -l, --join-blank-lines=NUMBER   count that many empty lines as one
  -n, --number-format=FORMAT      ln left, rn right, rz right with leading zeros
  -p, --no-renumber               do not start again on a page
  -s, --number-separator=STRING   what follows the number
  -v, --starting-line-number=NUMBER
  -w, --number-width=NUMBER       the number's columns
"""
_LONG = (
    "body-numbering:=b",
    "section-delimiter:=d",
    "footer-numbering:=f",
    "header-numbering:=h",
    "line-increment:=i",
    "join-blank-lines:=l",
    "number-format:=n",
    "no-renumber=p",
    "number-separator:=s",
    "starting-line-number:=v",
    "number-width:=w",
)
_WHAT = {
    "i": b"line number increment",
    "l": b"line number of blank lines",
    "v": b"starting line number",
    "w": b"line number field width",
}


def _number(flag: str, text: bytes) -> int:
    digits = text[1:] if text[:1] in (b"-", b"+") else text
    if not digits.isdigit() or len(digits) > 18 or (flag in "lw" and int(text) < 1):
        small = b": Numerical result out of range" if digits.isdigit() else b""
        raise Failure(b"invalid " + _WHAT[flag] + b": " + quote(text) + small)
    return int(text)


def _style(kind: bytes, text: bytes) -> bytes | Regex:
    if text in (b"a", b"t", b"n"):
        return text
    if text[:1] != b"p":
        raise UsageError(
            f"invalid {kind.decode()} numbering style: {quote(text).decode('latin-1')}"
        )
    try:
        return compile(text[1:])
    except RegexError as err:
        raise Failure(str(err).encode()) from None


@program(USAGE, "b:d:f:h:i:l:n:ps:v:w:", _LONG)
async def nl(tool: Tool) -> int:
    """nl(1)."""
    options = tool.options
    styles: dict[str, bytes | Regex] = {"h": b"n", "b": b"t", "f": b"n"}
    kinds = {"h": b"header", "b": b"body", "f": b"footer"}
    numbers = {"i": 1, "l": 1, "v": 1, "w": 6}
    layout, separator, delimiter = b"rn", b"\t", b"\\:"
    for flag, value in options.flags:
        text = value or b""
        if flag in kinds:
            styles[flag] = _style(kinds[flag], text)
        elif flag in numbers:
            numbers[flag] = _number(flag, text)
        elif flag == "n":
            if text not in (b"ln", b"rn", b"rz"):
                raise UsageError(f"invalid line numbering format: {quote(text).decode('latin-1')}")
            layout = text
        elif flag == "s":
            separator = text
        elif flag == "d":
            delimiter = text + b":" if len(text) == 1 else text
    width = numbers["w"]
    form = {b"ln": b"%%-%dd", b"rn": b"%%%dd", b"rz": b"%%0%dd"}[layout] % width
    blank = b" " * (width + len(separator))
    sections = {delimiter * count: which for which, count in (("h", 3), ("b", 2), ("f", 1))}
    if not delimiter:
        sections = {}
    style = styles["b"]
    line_number = numbers["v"]
    blanks = 0
    async for _, lines in batches(tool, tool.operands):
        for line in lines:
            section = sections.get(line)
            if section:
                style = styles[section]
                if "p" not in options:
                    line_number = numbers["v"]
                tool.out.put(b"\n")
                continue
            if isinstance(style, Regex):
                numbered = style.test(line)
                await tool.sys.compute(style.spent())
            elif style == b"a":
                if numbers["l"] > 1 and not line:
                    blanks += 1
                    numbered = blanks == numbers["l"]
                    blanks = 0 if numbered else blanks
                else:
                    numbered = True
                    blanks = 0
            else:
                numbered = style == b"t" and bool(line)
            if numbered:
                tool.out.put(form % line_number, separator, line, b"\n")
                line_number += numbers["i"]
            else:
                tool.out.put(blank, line, b"\n")
            await tool.out.drain()
    return tool.status
