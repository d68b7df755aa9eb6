"""Colours, and nothing that depends on them: each style also differs in weight, letter or mark.

Two palettes share the same names. `TRUE` is for terminals with 256 colours and more. `ANSI` uses
only the terminal's own sixteen (and is what NO_COLOR strips further), so it looks like whatever
theme the player gave the terminal.
"""

from dataclasses import dataclass, field

from rich.color import Color
from rich.style import Style
from textual.theme import Theme

BACKGROUND = "#0d1117"
SURFACE = "#151b24"
FOREGROUND = "#d5dce6"


@dataclass(frozen=True, eq=False)
class Palette:
    """Named styles; backgrounds are absent where the widget's own shows through."""

    text: Style
    dim: Style  # secondary text, still comfortable to read
    faint: Style  # rules, dots, what is not meant to be read
    bold: Style
    title: Style
    title_focus: Style
    rule: Style
    rule_focus: Style
    accent: Style  # names of keys, things that answer
    good: Style
    warn: Style
    bad: Style
    info: Style
    code: Style
    bar: Style  # header and footer
    bar_dim: Style
    bar_key: Style
    bar_good: Style
    bar_warn: Style
    chosen: Style  # the selected row of a focused list
    chosen_idle: Style  # the selected row of a list without focus
    select: Style  # text selected with the mouse
    cursor: Style  # the terminal's cursor
    cursor_away: Style  # the same while something else has focus
    idle: Style
    people: tuple[Style, ...]  # process colours, as text
    blocks: tuple[Style, ...]  # the same as blocks with dark letters on them
    colours: dict[str, Color] = field(default_factory=dict)  # what programs call by name


# The sixteen as programs in the terminal see them, tuned to the background.
_NAMED = {
    "black": "#2b3340",
    "red": "#ff7b72",
    "green": "#7ee08a",
    "brown": "#e8c468",
    "blue": "#79b8ff",
    "magenta": "#d2a8ff",
    "cyan": "#62d9d0",
    "white": "#c6cfdb",
    "brightblack": "#7d8896",
    "brightred": "#ffa198",
    "brightgreen": "#a5f0ae",
    "brightbrown": "#ffdf8e",
    "brightblue": "#a8d1ff",
    "brightmagenta": "#e4c8ff",
    "brightcyan": "#96efe8",
    "brightwhite": "#f5f8fc",
}

_HUES = (
    "#62d9d0",
    "#f2c063",
    "#b69cff",
    "#7ee08a",
    "#ff9e80",
    "#79b8ff",
    "#f19ec2",
    "#c6d86b",
    "#9fb4d0",
    "#e0a458",
)


def _true() -> Palette:
    def fg(colour: str, bg: str | None = None, **marks: bool) -> Style:
        return Style.from_color(Color.parse(colour), Color.parse(bg) if bg else None) + Style(
            bold=marks.get("bold"),
            italic=marks.get("italic"),
            underline=marks.get("underline"),
        )

    return Palette(
        text=fg(FOREGROUND),
        dim=fg("#93a0b2"),
        faint=fg("#657184"),
        bold=fg("#f2f6fb", bold=True),
        title=fg("#aebccd", bold=True),
        title_focus=fg("#0d1117", "#62d9d0", bold=True),
        rule=fg("#313c4b"),
        rule_focus=fg("#62d9d0"),
        accent=fg("#62d9d0"),
        good=fg("#7ee08a"),
        warn=fg("#f2c063"),
        bad=fg("#ff7b72", bold=True),
        info=fg("#79b8ff"),
        code=fg("#ffd9a0", "#1c2430"),
        bar=fg(FOREGROUND, SURFACE),
        bar_dim=fg("#93a0b2", SURFACE),
        bar_key=fg("#62d9d0", SURFACE, bold=True),
        bar_good=fg("#7ee08a", SURFACE, bold=True),
        bar_warn=fg("#f2c063", SURFACE, bold=True),
        chosen=fg("#ffffff", "#1f4a55", bold=True),
        chosen_idle=fg("#e6ecf4", "#1c2733"),
        select=fg("#0d1117", "#9fc9ff"),
        cursor=fg("#0d1117", "#62d9d0"),
        cursor_away=fg("#62d9d0", underline=True),
        idle=fg("#4a5566"),
        people=tuple(fg(hue) for hue in _HUES),
        blocks=tuple(fg("#0d1117", hue, bold=True) for hue in _HUES),
        colours={name: Color.parse(value) for name, value in _NAMED.items()},
    )


def _ansi() -> Palette:
    def fg(colour: str = "default", bg: str | None = None, **marks: bool) -> Style:
        return Style(
            color=colour,
            bgcolor=bg,
            bold=marks.get("bold"),
            dim=marks.get("dim"),
            underline=marks.get("underline"),
            reverse=marks.get("reverse"),
        )

    people = ("cyan", "yellow", "magenta", "green", "red", "blue", "white")
    return Palette(
        text=fg(),
        dim=fg("white"),
        faint=fg("bright_black"),
        bold=fg(bold=True),
        title=fg(bold=True),
        title_focus=fg(reverse=True, bold=True),
        rule=fg("bright_black"),
        rule_focus=fg("cyan", bold=True),
        accent=fg("cyan", bold=True),
        good=fg("green"),
        warn=fg("yellow"),
        bad=fg("red", bold=True),
        info=fg("blue", bold=True),
        code=fg("yellow", bold=True),
        bar=fg(),
        bar_dim=fg("white"),
        bar_key=fg("cyan", bold=True),
        bar_good=fg("green", bold=True),
        bar_warn=fg("yellow", bold=True),
        chosen=fg(reverse=True, bold=True),
        chosen_idle=fg(underline=True),
        select=fg(reverse=True),
        cursor=fg(reverse=True),
        cursor_away=fg(underline=True),
        idle=fg("bright_black"),
        people=tuple(fg(name) for name in people),
        blocks=tuple(fg(name, reverse=True, bold=True) for name in people),
        colours={
            name: Color.parse(name.replace("brown", "yellow").replace("bright", "bright_"))
            for name in _NAMED
        },
    )


TRUE = _true()
ANSI = _ansi()

THEME = Theme(
    name="minios",
    primary="#62d9d0",
    secondary="#79b8ff",
    accent="#b69cff",
    warning="#f2c063",
    error="#ff7b72",
    success="#7ee08a",
    foreground=FOREGROUND,
    background=BACKGROUND,
    surface=BACKGROUND,
    panel=SURFACE,
    dark=True,
)
