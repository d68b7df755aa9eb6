"""Which columns ps prints, and how wide they are."""

from minios.userland.bin.ps.request import Field, Request
from minios.userland.lib.pscolumns import Fit, find
from minios.userland.lib.utf8 import cells, clip, decode, encode


def _unix_columns(request: Request) -> list[str]:
    """The columns of -f, -l, -j and their combinations, in the order of the SysV tools."""
    m = request.modifiers
    long, full = "l" in m, "f" in m
    chosen: list[str] = ["label"] if "M" in m else []
    if long:
        chosen += ["s"] if "y" in m else ["f", "s"]
    if full:
        chosen.append("uid_hack")
    elif long:
        chosen.append("uid")
    chosen.append("pid")
    if "T" in m:
        chosen.append("spid")
    if full or long:
        chosen.append("ppid")
    if "j" in m:
        chosen += ["pgid", "sid"]
    if "L" in m:
        chosen.append("lwp")
    if "P" in m:
        chosen.append("psr")
    if "c" in m:
        chosen += ["class", "pri"]
    elif full or long:
        chosen.append("c")
        if "L" in m and full:
            chosen.append("nlwp")
        if long:
            chosen += ["opri", "ni"]
    if long:
        chosen += ["rss", "sz"] if "y" in m else ["addr_1", "sz"]
        chosen.append("wchan")
    if "F" in m:
        chosen += ["rss", "psr"] if long else ["sz", "rss", "psr"]
    if full:
        chosen.append("stime")
    chosen += ["tname", "stat", "bsdtime"] if request.bsd else ["tname", "time"]
    chosen.append("cmd" if full else "ucmd")
    return chosen


_BSD_COLUMNS = {
    "": "pid tname stat bsdtime args",
    "j": "ppid pid pgid sid tname tpgid stat uid bsdtime args",
    "l": "f uid pid ppid priority ni vsz rss wchan stat tname bsdtime args",
    "s": "uid pid pending blocked ignored caught stat tname bsdtime args",
    "u": "user pid pcpu pmem vsz rss tname stat start_time bsdtime args",
    "v": "pid tname stat bsdtime maj_flt m_trs drs rss pmem args",
}


def choose(request: Request) -> list[Field]:
    """The columns to print."""
    chosen: list[tuple[str, bytes | None, int]]
    if request.fields:
        chosen = list(request.fields)
        if request.preload:
            around = ["tname", "time", "ucomm" if request.bsd else "args"]
            chosen = [("pid", None, 0), *chosen, ("s", None, 0)]
            chosen += [(name, None, 0) for name in around]
    elif request.bsd_format or (request.bsd and not request.modifiers):
        chosen = [(name, None, 0) for name in _BSD_COLUMNS[request.bsd_format].split()]
        if "M" in request.modifiers:
            chosen.insert(0, ("label", None, 0))
    else:
        chosen = [(name, None, 0) for name in _unix_columns(request)]
    fields = []
    for name, heading, size in chosen:
        column = find(name)
        assert column is not None
        header = column.header if heading is None else heading
        width = request.view.pid_width if column.fit is Fit.PID else column.width
        if heading is not None or column.fit is Fit.PID:
            width = max(width, len(header))
        width = size or width
        fields.append(Field(column, header, width, column.fit))
    return fields


def row(fields: list[Field], texts: list[bytes], numeric: bool) -> bytes:
    """One line; a value wider than its column borrows from the blanks that follow."""
    out = ""
    actual = correct = 0
    last = len(fields) - 1
    for at, (part, raw) in enumerate(zip(fields, texts, strict=True)):
        text = decode(raw)
        right = part.fit in (Fit.RIGHT, Fit.PID)
        if part.fit is Fit.USER:
            right = numeric
            if at != last and cells(text) > part.width:
                text = clip(text, part.width - 1) + "+"
        elif part.fit is Fit.CUT and at != last:
            text = clip(text, part.width)
        size = cells(text)
        blank = correct - actual + (max(part.width - size, 0) if right else 0)
        if blank < 1:
            blank = 1 if at else 0
        out += " " * blank + text
        actual += blank + size
        correct += part.width + 1
    return encode(out)


def line_width(fields: list[Field], screen: int) -> int:
    """Cells a line may take: as many whole screen lines as the columns need before the last one."""
    last = fields[-1]
    total = sum(part.width + 1 for part in fields[:-1])
    total += 3 if last.fit is Fit.CUT else last.width
    return screen * max(-(-total // screen), 1)
