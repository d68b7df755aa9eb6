"""The manual: short pages in our own words, and how they are laid out.

The pages are one text (:mod:`minios.userland.man.pages`), which a machine has as one file,
``/usr/share/man/pages``. A page begins with ``@NAME[,NAME…] SECTION SUMMARY``; then come synopsis
lines up to ``--``; then paragraphs, options (lines that begin with ``-``), examples (``$``) and
``see`` with other pages.
"""

from typing import NamedTuple

INDENT = 7
LAST_SECTION = "8"


def archive() -> bytes:
    """The file /usr/share/man/pages."""
    from minios.userland.man.pages import PAGES

    return PAGES.encode()


class Page(NamedTuple):
    """A page as it is written down."""

    names: tuple[str, ...]
    section: str
    summary: str
    synopsis: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.names[0]}({self.section})"


def parse(text: str) -> list[Page]:
    """Every page of an archive; lines before the first ``@`` are nobody's."""
    pages: list[Page] = []
    for block in ("\n" + text).split("\n@")[1:]:
        head, *rest = block.rstrip().split("\n")
        names, section, summary = [*head.split(" ", 2), "", ""][:3]
        cut = rest.index("--") if "--" in rest else 0
        body = rest[cut + 1 :] if "--" in rest else rest
        pages.append(
            Page(tuple(names.split(",")), section, summary, tuple(rest[:cut]), tuple(body))
        )
    return pages


def wrap(text: str, width: int, first: str, rest: str) -> list[str]:
    """``text`` in lines of ``width`` columns; a word that is longer gets a line of its own."""
    lines: list[str] = []
    line, empty = first, True
    for word in text.split():
        if not empty and len(line) + 1 + len(word) > width:
            lines.append(line)
            line, empty = rest, True
        line += word if empty else " " + word
        empty = False
    lines.append(line)
    return lines


def layout(page: Page, width: int) -> list[str]:
    """The page as man(1) shows it, at most ``width`` columns wide where words allow."""
    width = max(width, 30)
    pad = " " * INDENT
    title = f"{page.names[0].upper()}({page.section})"
    middle = "MiniOS Manual" if width >= 2 * len(title) + 17 else ""
    space = max(2, width - 2 * len(title) - len(middle))
    lines = [title + " " * (space // 2) + middle + " " * (space - space // 2) + title, ""]
    lines += ["NAME", *wrap(f"{', '.join(page.names)} - {page.summary}", width, pad, pad), ""]
    if page.synopsis:
        lines.append("SYNOPSIS")
        for usage in page.synopsis:
            lines += wrap(usage, width, pad, pad + "    ")
        lines.append("")
    part = ""
    for line in page.body:
        heading = (
            "OPTIONS" if line.startswith("-")
            else "EXAMPLES" if line.startswith("$")
            else "SEE ALSO" if line.startswith("see ")
            else "DESCRIPTION"
        )  # fmt: skip
        if heading != part:
            if part:
                lines.append("")
            lines.append(heading)
            part = heading
        elif part == "DESCRIPTION":
            lines.append("")
        lines += _paragraph(line, width, pad)
    return [*lines, ""]


def _paragraph(line: str, width: int, pad: str) -> list[str]:
    if line.startswith("-"):
        option, _, text = line.partition("  ")
        head = pad + option.strip()
        hang = pad + " " * 12
        if len(head) < len(hang) - 1:
            return wrap(text, width, head.ljust(len(hang)), hang)
        return [head, *wrap(text, width, hang, hang)]
    if line.startswith("$"):
        return [pad + line]
    if line.startswith("see "):
        return wrap(line[4:], width, pad, pad)
    if line.startswith("  "):
        return [pad + line]
    return wrap(line, width, pad, pad)
