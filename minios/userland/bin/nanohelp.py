"""The help text of nano, and what the two lines at the bottom of its screen say."""

from typing import NamedTuple


class Menu(NamedTuple):
    """Two rows of (key, what it does), and the keys that end a question at once."""

    keys: tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
    special: frozenset[str] = frozenset()


MENUS = {
    "main": Menu(
        (
            (("^G", "Help"), ("^O", "Write Out"), ("^W", "Where Is"), ("^K", "Cut"),
             ("^C", "Location"), ("M-U", "Undo")),
            (("^X", "Exit"), ("^R", "Read File"), ("^\\", "Replace"), ("^U", "Paste"),
             ("^/", "Go To Line"), ("M-E", "Redo")),
        )
    ),
    "ask": Menu(((("^C", "Cancel"), ("", "")), (("", ""), ("", "")))),
    "write": Menu(((("^C", "Cancel"), ("", "")), (("", ""), ("", "")))),
    "search": Menu(
        (
            (("^C", "Cancel"), ("M-B", "Backwards"), ("^T", "Go To Line")),
            (("", ""), ("^R", "Replace"), ("", "")),
        ),
        frozenset({"M-B", "M-b", "^R", "^T"}),
    ),
    "goto": Menu(
        (
            (("^C", "Cancel"), ("^Y", "First Line")),
            (("", ""), ("^V", "Last Line")),
        ),
        frozenset({"^Y", "^V"}),
    ),
    "yesno": Menu(
        (((" Y", "Yes"), ("", ""), ("", "")), ((" N", "No"), ("^C", "Cancel"), ("", "")))
    ),
    "yesnoall": Menu(
        (((" Y", "Yes"), (" A", "All"), ("", "")), ((" N", "No"), ("^C", "Cancel"), ("", "")))
    ),
    "help": Menu(
        (
            (("^X", "Close"), ("^Y", "Prev Page"), ("", "")),
            (("", ""), ("^V", "Next Page"), ("", "")),
        )
    ),
}  # fmt: skip

HELP = """\
 nano is an editor that shows its keys at the bottom of the screen. ^ is the
 Ctrl key, M- is Alt, or Esc before the key.

 What you type goes in at the cursor; the arrow keys, Home, End, PgUp and PgDn
 move it. A star in the title says that the text has been changed.

 ^G   F1     Show this
 ^X   F2     Leave; if the text has changed, nano asks whether to write it
 ^O   F3     Write the file; Enter keeps the name
 ^S          Write the file without asking
 ^R   F5     Put another file in at the cursor

 ^W   F6     Search forward; the last text is offered again
 ^Q          Search backward
 M-W  M-Q    The same again, forward or backward
 ^\\   M-R    Search and replace
 ^/   M-G    Go to a line (and column)
 ^C   F11    Say where the cursor is

 ^K   F9     Cut the line; several in a row are kept together
 M-6         Copy the line
 ^U   F10    Put back what was cut or copied
 M-U  M-E    Undo, redo

 ^A   ^E     Beginning, end of the line
 ^Y   ^V     A page up, down
 M-\\  M-/    First, last line
 ^Left ^Right   A word back, forward
 ^D   ^H     Remove the character under, before the cursor
 ^L          Paint the screen again
 ^Z          Stop nano; fg brings it back
 M-N         Line numbers
 M-I         Indent a new line as the one before it
"""
