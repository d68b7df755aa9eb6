"""What is wrong with a level file, and where."""

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding. ``line`` and ``col`` count from 1; ``path`` is dotted, empty for the file."""

    line: int
    col: int
    path: str
    text: str

    def show(self, file: str) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{file}:{self.line}:{self.col}: {where}{self.text}"


class LevelError(Exception):
    """A level that cannot be loaded: ``problems`` holds everything that is wrong, in file order."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        super().__init__(file, problems)
        self.file = file
        self.problems = sorted(set(problems))

    def __str__(self) -> str:
        return "\n".join(problem.show(self.file) for problem in self.problems)


def meant(word: str, known: list[str] | tuple[str, ...]) -> str:
    """`` (did you mean 'x'?)`` for the known word nearest to ``word``; empty if none is near."""
    near = get_close_matches(word[:64], known, 1, 0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def dotted(path: tuple[str | int, ...]) -> str:
    """``goals.saved.all[0]``; a key that is no plain word is quoted."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
            continue
        plain = step.replace("-", "").replace("_", "").isalnum() and step.isascii()
        word = step if plain else repr(step[:60])
        parts.append(f".{word}" if parts else word)
    return "".join(parts)
