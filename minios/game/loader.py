"""Level files, from YAML to spec: the only door through which a level comes in.

Whatever the file holds, the outcome is a :class:`~minios.game.spec.Level` or a
:class:`~minios.game.problems.LevelError` that lists everything wrong with it.
"""

from os import PathLike, fspath

from minios.game.problems import LevelError, Problem
from minios.game.spec import Level
from minios.game.yamlfile import MAX_BYTES, Document, read


def load(path: str | PathLike[str]) -> Level:
    """The level in a file. Raises :class:`LevelError`; OSError when the file cannot be read."""
    with open(path, "rb") as file:
        raw = file.read(MAX_BYTES + 1)
    return loads(raw, fspath(path))


def loads(raw: bytes, name: str = "level") -> Level:
    """The level in ``raw``; ``name`` is what errors call the file."""
    document = read(raw)
    level = _validated(document)
    if level is None or document.problems:
        raise LevelError(name, document.problems)
    return level


def _validated(document: Document) -> Level | None:
    """The level, or None with ``document.problems`` saying why not."""
    from pydantic import ValidationError

    from minios.game.compile import Problems, compile_level
    from minios.game.refs import Refs
    from minios.game.schema import LevelModel, explain

    if not isinstance(document.data, dict):
        if not document.problems:
            document.complain((), "a level file is a mapping: format, id, title, world, goals, …")
        return None
    Refs(document).check()
    try:
        model = LevelModel.model_validate(document.data)
    except ValidationError as err:
        for error in err.errors(include_url=False):
            path = tuple(step for step in error["loc"] if step != "[key]")
            document.complain(path, explain(error, path))
        return None
    if document.problems:
        return None
    try:
        return compile_level(model)
    except Problems as problems:
        for where, text in problems.found:
            document.complain(where, text)
        return None


__all__ = ["LevelError", "Problem", "load", "loads"]
