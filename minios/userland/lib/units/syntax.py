"""The syntax of unit files (systemd.syntax(7)) and of the command lines in them."""

MAX_LINE = 1 << 16


class Sections:
    """The settings of a unit, by section and key; a key may be given more than once."""

    __slots__ = ("values", "warnings")

    def __init__(self) -> None:
        self.values: dict[str, dict[str, list[str]]] = {}
        self.warnings: list[str] = []

    def all(self, section: str, key: str) -> list[str]:
        """Every value of a key since the last empty one, which takes those before it back."""
        return self.values.get(section, {}).get(key, [])

    def last(self, section: str, key: str, default: str = "") -> str:
        found = self.all(section, key)
        return found[-1] if found else default

    def words(self, section: str, key: str) -> list[str]:
        """The names in a list setting."""
        return [word for value in self.all(section, key) for word in value.split()]


def parse(text: bytes, where: str, into: Sections | None = None) -> Sections:
    """Read a unit file, or a drop-in on top of what ``into`` holds already."""
    found = into if into is not None else Sections()
    section: str | None = None
    number = 0
    held = ""
    for raw in text.decode("latin-1").split("\n"):
        number += 1
        line = raw.strip()
        if line[:1] in ("#", ";"):
            continue  # comments may stand between the parts of a continued line
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        line, held = (held + line).strip(), ""
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            found.values.setdefault(section, {})
            continue
        key, equals, value = line.partition("=")
        if section is None:
            found.warnings.append(f"{where}:{number}: Assignment outside of section. Ignoring.")
        elif not equals:
            found.warnings.append(f"{where}:{number}: Missing '=', ignoring line.")
        else:
            settings = found.values[section]
            key, value = key.strip(), value.strip()
            if value:
                settings.setdefault(key, []).append(value)
            else:
                settings[key] = []
    return found


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "\\": "\\", '"': '"', "'": "'"}


def split(text: str) -> list[str] | None:
    """The words of a command line, with quotes and escapes undone; None if a quote is open."""
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\" and at < len(text) and quote != "'":
            word = word if word is not None else []
            word.append(_ESCAPES.get(text[at], "\\" + text[at]))
            at += 1
        elif quote:
            if char == quote:
                quote = ""
            elif word is not None:
                word.append(char)
        elif char in "\"'":
            quote = char
            word = word if word is not None else []
        elif char.isspace():
            if word is not None:
                words.append("".join(word))
                word = None
        else:
            word = word if word is not None else []
            word.append(char)
    if quote:
        return None
    if word is not None:
        words.append("".join(word))
    return words


def expand(words: list[str], env: dict[str, str]) -> list[str]:
    """Put variables into a command line (systemd.service(5), Command lines).

    ``${NAME}`` anywhere stands for the value; a word that is just ``$NAME`` becomes the value's
    words, none if it is empty; ``$$`` is a dollar sign.
    """
    out: list[str] = []
    for index, word in enumerate(words):
        name = word[1:]
        if index and word.startswith("$") and name.isidentifier():
            out += env.get(name, "").split()
        else:
            out.append(_inside(word, env))
    return out


def _inside(word: str, env: dict[str, str]) -> str:
    pieces: list[str] = []
    while "$" in word:
        before, _, rest = word.partition("$")
        pieces.append(before)
        if rest.startswith("$"):
            pieces.append("$")
            word = rest[1:]
        elif rest.startswith("{") and "}" in rest:
            name, _, word = rest[1:].partition("}")
            pieces.append(env.get(name, ""))
        else:
            pieces.append("$")
            word = rest
    return "".join([*pieces, word])
