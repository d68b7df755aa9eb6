"""The levels that ship with the game: where they are, in which order, and what a menu says.

A menu needs a title and a few numbers of each level, at once. :func:`cards` therefore reads only
the plain top level of the files, by line; a test holds it against the real parser. Everything that
plays or checks a level goes through :mod:`minios.game.loader`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from minios.game.values import clean, duration, integer

CAMPAIGN = "campaign.yaml"


@dataclass(frozen=True, slots=True)
class Card:
    """A level as the menu shows it. ``number`` counts from 1 in the campaign's order."""

    id: str
    title: str
    chapter: str
    difficulty: int
    number: int
    path: str
    teaches: tuple[str, ...] = ()
    par_time: int | None = None
    par_keys: int | None = None
    goals: int = 0
    blurb: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the campaign: ``levels`` are ids, in order."""

    id: str
    title: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """``ahead`` is how many levels that are not won yet are open at a time."""

    chapters: tuple[Chapter, ...]
    ahead: int

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(level for chapter in self.chapters for level in chapter.levels)


class UnknownLevel(LookupError):
    """Nothing is called that. ``str`` says so, with a suggestion."""


def directory() -> Path:
    """Where the levels are: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "levels"
    return inside if inside.is_dir() else package.parent / "levels"


# -- the plain top level of a file ---------------------------------------------------------------


def _sections(text: str) -> dict[str, tuple[str, list[str]]]:
    """Each top-level key: what follows it on its line, and the indented lines below."""
    sections: dict[str, tuple[str, list[str]]] = {}
    body: list[str] = []
    for line in text.splitlines():
        if line[:1].isalpha() and ":" in line:
            key, _, rest = line.partition(":")
            body = []
            sections[key] = (rest.strip(), body)
        elif line[:1] in (" ", "-") or not line:
            body.append(line)
    return sections


def _scalar(text: str) -> str:
    """A scalar without its quotes and comment."""
    if text[:1] in ("'", '"'):
        quote = text[0]
        end = text.find(quote, 1)
        return text[1:end] if end > 0 else text[1:]
    return text.partition(" #")[0].strip()


def _list(rest: str, body: list[str]) -> tuple[str, ...]:
    """``[a, b]`` or lines of ``- a``."""
    if rest.startswith("["):
        inner = (rest + "".join(body)).partition("]")[0][1:]
        return tuple(_scalar(item.strip()) for item in inner.split(",") if item.strip())
    return tuple(_scalar(line.strip()[2:]) for line in body if line.strip().startswith("- "))


def _map(rest: str, body: list[str]) -> dict[str, str]:
    """``{a: b}`` or lines of ``a: b``."""
    if rest.startswith("{"):
        items = (rest + "".join(body)).partition("}")[0][1:].split(",")
    else:
        items = body
    pairs = (item.partition(":") for item in items if ":" in item)
    return {key.strip(): _scalar(value.strip()) for key, _, value in pairs}


def _keys(body: list[str]) -> list[str]:
    """The keys of a block mapping: those with the least indentation."""
    lines = [line for line in body if line.strip() and not line.strip().startswith("#")]
    least = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return [line.strip() for line in lines if len(line) - len(line.lstrip()) == least]


def _blurb(body: list[str]) -> str:
    """The first sentence of a briefing as plain text, headings aside."""
    words: list[str] = []
    for line in body:
        text = line.strip()
        if not text and words:
            break
        if text and not text.startswith("#"):
            words.append(text)
    sentence = " ".join(words).replace("**", "").replace("`", "")
    end = min((at for at in map(sentence.find, (". ", "! ", "? ")) if at >= 0), default=-1)
    return clean(sentence if end < 0 else sentence[: end + 1])[:160]


def _read(reader: Callable[[str], int], text: str) -> int | None:
    try:
        return reader(text)
    except ValueError:
        return None


def card(path: Path, number: int = 0, chapter: str = "") -> Card | None:
    """What the file says of itself; None if it names no id, or cannot be read."""
    try:
        text = path.read_bytes()[:262144].decode("utf-8", "replace")
    except OSError:
        return None
    sections = _sections(text)
    empty: tuple[str, list[str]] = ("", [])

    def scalar(key: str) -> str:
        return clean(_scalar(sections.get(key, empty)[0]))

    if not scalar("id"):
        return None
    par = _map(*sections.get("par", empty))
    return Card(
        id=scalar("id"),
        title=scalar("title") or scalar("id"),
        chapter=chapter or scalar("chapter"),
        difficulty=_read(integer, scalar("difficulty")) or 1,
        number=number,
        path=str(path),
        teaches=_list(*sections.get("teaches", empty)),
        par_time=_read(duration, par.get("time", "")),
        par_keys=_read(integer, par.get("keys", "")),
        goals=len(_keys(sections.get("goals", empty)[1])),
        blurb=_blurb(sections.get("briefing", empty)[1]),
    )


# -- the campaign --------------------------------------------------------------------------------


def campaign() -> Campaign:
    """What campaign.yaml says: ``ahead`` and the list of chapters, each a flow mapping a line."""
    try:
        text = (directory() / CAMPAIGN).read_text("utf-8")
    except OSError:
        return Campaign((), 1)
    sections = _sections(text)
    chapters = []
    entry: list[str] = []
    for line in [*sections.get("chapters", ("", []))[1], "- "]:
        if line.strip().startswith("-") and entry:
            chapters.append(_chapter(" ".join(entry)))
            entry = []
        if line.strip() and not line.strip().startswith("#"):
            entry.append(line.strip())
    ahead = _read(integer, _scalar(sections.get("ahead", ("1", []))[0]))
    return Campaign(tuple(chapters), ahead or 1)


def _chapter(text: str) -> Chapter:
    head, _, tail = text.removeprefix("-").strip().strip("{}").partition("levels:")
    pairs = _map("", head.split(","))
    return Chapter(pairs.get("id", ""), pairs.get("title", ""), _list(tail.strip(), []))


def cards() -> tuple[Card, ...]:
    """The campaign's levels, in order; one whose file is missing is left out."""
    files = _files()
    found: list[Card] = []
    for chapter in campaign().chapters:
        for level in chapter.levels:
            if level in files:
                entry = card(files[level], len(found) + 1, chapter.id)
                if entry is not None:
                    found.append(entry)
    return tuple(found)


def locks(won: Collection[str]) -> dict[str, str]:
    """Why each locked level is locked: so many levels that are not won yet are open at a time."""
    entries = cards()
    ahead = campaign().ahead
    opened: list[Card] = []
    locked: dict[str, str] = {}
    for entry in entries:
        if entry.id in won:
            continue
        if len(opened) < ahead:
            opened.append(entry)
        else:
            titles = " or ".join(each.title for each in opened)
            locked[entry.id] = f"Win {titles} first."
    return locked


def _files() -> dict[str, Path]:
    """Level files by id. The id is looked for in the first lines, where every level has it."""
    found: dict[str, Path] = {}
    for path in sorted(directory().rglob("*.yaml")):
        if path.name == CAMPAIGN:
            continue
        with path.open("rb") as file:
            head = file.read(2048)
        for line in head.splitlines():
            if line.startswith(b"id:"):
                found[_scalar(line[3:].decode("utf-8", "replace").strip())] = path
                break
    return found


def _worlds() -> dict[str, Path]:
    """Worlds to play in that are no levels of the campaign, by id."""
    return {path.stem: path for path in Path(__file__).with_name("worlds").glob("*.yaml")}


def find(name: str) -> Path:
    """The file of a level named by id or by path. Raises :class:`UnknownLevel`."""
    files = _files() | _worlds()
    if name in files:
        return files[name]
    path = Path(name)
    if name.endswith((".yaml", ".yml")) or "/" in name:
        if path.is_file():
            return path
        raise UnknownLevel(f"no level file {name!r}")
    near = get_close_matches(name, files, 1, 0.5)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise UnknownLevel(f"no level {name!r}{hint}")
