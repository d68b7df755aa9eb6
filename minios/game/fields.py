"""The kinds of value in a level file, as pydantic reads them from what the file says.

Input is what :mod:`minios.game.yamlfile` reads: scalars are text, and each field says how to read
it. A value that is wrong raises one phrase that follows ``path: ``.
"""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from minios.abi.signals import number_of
from minios.game import values
from minios.game.problems import meant
from minios.game.yamlfile import Plain

MAX_TEXT = 1 << 16


def wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("level", "{text}", {"text": text})


def _text(value: Any) -> str:
    if value is None:
        raise wrong("is empty")
    if not isinstance(value, str):
        raise wrong("must be text")
    if len(value) > MAX_TEXT:
        raise wrong(f"is longer than {MAX_TEXT >> 10} KiB")
    return str(value)


def _reader(read: Callable[[str], Any]) -> BeforeValidator:
    def convert(value: Any) -> Any:
        if isinstance(value, int):
            return value
        try:
            return read(_text(value).strip())
        except ValueError as err:
            raise wrong(str(err)) from None

    return BeforeValidator(convert)


def _bool(value: Any) -> bool:
    if isinstance(value, Plain) and value in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return value.lower() == "true"
    if isinstance(value, bool):
        return value
    raise wrong("must be true or false")


def _words(value: Any) -> Any:
    """A list, or one word for a list of one."""
    return [value] if isinstance(value, str) else value


def one_of(words: tuple[str, ...]) -> Any:
    def check(value: Any) -> str:
        word = _text(value)
        if word not in words:
            raise wrong(f"must be one of {', '.join(words)}, not {word[:40]!r}{meant(word, words)}")
        return word

    return Annotated[str, BeforeValidator(check), WithJsonSchema({"enum": list(words)})]


_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def _identifier(value: Any) -> str:
    word = _text(value)
    if not 1 <= len(word) <= 64 or word[0] not in _LOWER or not _LOWER.union("-_").issuperset(word):
        raise wrong(f"must be made of a-z, 0-9, - and _, not {word[:40]!r}")
    return word


def _service(value: Any) -> str:
    text = _text(value)
    stem, dot, kind = text.rpartition(".")
    name = stem if dot else text
    if not (name and len(text) < 100 and name.isascii() and not name.startswith("@")):
        raise wrong("is no name for a unit")
    if not all(char.isalnum() or char in "-_@." for char in name):
        raise wrong("a unit's name has letters, digits, -, _, @ and . only")
    if dot and kind not in ("service", "target", "timer"):
        raise wrong("a unit is a .service, a .target or a .timer")
    return text


def _identity(value: Any) -> str:
    _identifier(_text(value).replace("{{n}}", "n"))
    return str(value)


def _path(value: Any) -> str:
    path = _text(value)
    if not path.startswith("/"):
        raise wrong(f"must be an absolute path, not {path[:40]!r}")
    if "\0" in path or len(path) > 4000 or ".." in path.split("/"):
        raise wrong("is not a path that can be made")
    return path.rstrip("/") or "/"


def _account(value: Any) -> str:
    name = _text(value)
    if not 1 <= len(name) <= 32 or name[0] not in _LOWER or not _LOWER.union("-_").issuperset(name):
        raise wrong(f"must be a user name of a-z, 0-9, - and _, not {name[:40]!r}")
    return name


def _signal(text: str) -> int:
    number = number_of(text)
    if not number:
        raise ValueError(f"must be a signal such as TERM, not {text[:40]!r}")
    return number


def _start(value: Any) -> Any:
    if isinstance(value, str) and value == "never":
        return None
    if isinstance(value, int):
        return value
    try:
        return values.duration(_text(value).strip())
    except ValueError as err:
        raise wrong(f"{err} (or never)") from None


def _amount(text: str) -> int:
    """A number, or a duration where one is counted."""
    return values.duration(text) if text[-1:].isalpha() else values.integer(text)


Text = Annotated[str, BeforeValidator(_text)]
Words = Annotated[str, BeforeValidator(lambda value: values.clean(_text(value)))]
"""Text for the player's eyes, without control characters."""
Line = Annotated[str, BeforeValidator(lambda value: " ".join(values.clean(_text(value)).split()))]
Bool = Annotated[bool, BeforeValidator(_bool)]
Int = Annotated[int, _reader(values.integer)]
Id = Annotated[str, BeforeValidator(_identifier), WithJsonSchema({"type": "string"})]
Identity = Annotated[str, BeforeValidator(_identity)]
ServiceName = Annotated[str, BeforeValidator(_service)]
Account = Annotated[str, BeforeValidator(_account)]
FilePath = Annotated[str, BeforeValidator(_path), WithJsonSchema({"type": "string"})]
Ids = Annotated[
    list[Id],
    BeforeValidator(_words),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
Texts = Annotated[
    list[Text],
    BeforeValidator(_words),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
Duration = Annotated[
    int,
    _reader(values.duration),
    WithJsonSchema({"type": "string", "pattern": r"^-?([0-9.]+(ns|us|µs|ms|s|m|h))+$"}),
]
Size = Annotated[
    int,
    _reader(values.size),
    WithJsonSchema({"type": ["string", "integer"], "description": "64k, 4MiB, 512"}),
]
Share = Annotated[
    int, _reader(values.share), WithJsonSchema({"type": "string", "pattern": r"^[0-9.]+ *%$"})
]
Frequency = Annotated[int, _reader(values.frequency), WithJsonSchema({"type": "string"})]
Mode = Annotated[
    int, _reader(values.mode), WithJsonSchema({"type": "string", "pattern": "^(0o)?[0-7]{1,5}$"})
]
Date = Annotated[int, _reader(values.date), WithJsonSchema({"type": "string"})]
StartTime = Annotated[int | None, BeforeValidator(_start), WithJsonSchema({"type": "string"})]
Amount = Annotated[int, _reader(_amount), WithJsonSchema({"type": ["integer", "string"]})]
SignalName = Annotated[int, _reader(_signal), WithJsonSchema({"type": ["string", "integer"]})]


class Model(BaseModel):
    """A mapping with known keys. ``short`` names the one that plain text stands for."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    short: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        if cls.short and isinstance(value, str):
            return {cls.short: value}
        raise wrong("is empty" if value is None else "must be a mapping")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        if not cls.short:
            return schema
        target = handler.resolve_ref_schema(schema)
        mapping = dict(target)
        target.clear()
        short = mapping["properties"][cls.short]
        target.update({"anyOf": [short, mapping]})
        return schema
