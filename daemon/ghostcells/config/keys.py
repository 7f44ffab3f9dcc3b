"""The schema seen as a flat table of keys: names, types, how a value is checked and what is said about a wrong one."""

import math
import re
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec.structs import fields

from ghostcells.config.schema import Settings

_SHOWN_CHARS = 60
_UPPER = re.compile("([A-Z])")
_SAID = {"yes": True, "on": True, "no": False, "off": False}


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One setting; `path` is its dotted name, `attribute` its name in its section's struct, `type` never None.

    `bounded` is the type with its constraints, as msgspec checks it.
    """

    path: str
    section: str
    attribute: str
    type: Any
    bounded: Any
    description: str
    examples: tuple[Any, ...]
    default: Any

    @property
    def variable(self) -> str:
        """Its name in the environment: `suggest.disabledLanguages` is GHOSTCELLS_SUGGEST_DISABLED_LANGUAGES."""
        return "GHOSTCELLS_" + _UPPER.sub(r"_\1", self.path).replace(".", "_").upper()

    @property
    def name(self) -> str:
        """Its name in its section of a file."""
        return self.path.partition(".")[2]

    @property
    def is_list(self) -> bool:
        return get_origin(self.type) is tuple

    @property
    def expected(self) -> str:
        """What a value has to be, in words."""
        if get_origin(self.type) is Literal:
            return "one of " + ", ".join(f'"{choice}"' for choice in get_args(self.type))
        if self.is_list:
            return "a list of regular expressions" if self.path == "privacy.patterns" else "a list of strings"
        if self.type is str:
            return "a string" if self.bounded is str else "a URL that starts with http:// or https://"
        return {bool: "true or false", int: "a whole number", float: "a number"}[self.type] + self._range()

    def _range(self) -> str:
        for meta in get_args(self.bounded)[1:]:
            if meta.le is not None:
                return f" from {meta.ge} to {meta.le}"
            if meta.ge is not None:
                return f" of at least {meta.ge}"
        return ""


@cache
def keys() -> Mapping[str, Key]:
    """All settings by dotted name, in the schema's order."""
    table = {}
    for section in fields(Settings):
        for field in fields(section.type):
            if get_origin(field.type) is not Annotated:
                continue  # told by `load`, not set by anybody
            bounded, meta = _parts(field.type)
            path = f"{section.encode_name}.{field.encode_name}"
            table[path] = Key(
                path=path,
                section=section.name,
                attribute=field.name,
                type=get_args(bounded)[0] if get_origin(bounded) is Annotated else bounded,
                bounded=bounded,
                description=meta.description or "",
                examples=tuple(meta.examples or ()),
                default=field.default,
            )
    return table


def _parts(annotation: Any) -> tuple[Any, msgspec.Meta]:
    """The type without `None` but with its constraints, and the `Meta` that describes it."""
    kind, *metas = get_args(annotation)
    *bounds, described = metas
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    for bound in bounds:
        kind = Annotated[kind, bound]
    return kind, described


class Wrong(ValueError):
    """A value does not fit its key; the text says what was expected and what came."""


def check(key: Key, value: Any, *, lax: bool = False) -> tuple[Any, list[Wrong]]:
    """The value as the schema's type, and what was wrong with items of a list, which cost those items alone.

    `lax` reads numbers and booleans from strings, as the environment has them. Raises Wrong where nothing is left.
    """
    if not key.is_list:
        return _scalar(key, value, lax=lax), []
    if not isinstance(value, list | tuple):
        raise Wrong(f"expected {key.expected}, got {shown(value)}")
    good, wrong = [], []
    for number, item in enumerate(value):
        complaint = _complaint(key, item)
        if complaint:
            wrong.append(Wrong(f"item {number + 1}: {complaint}"))
        else:
            good.append(item)
    return tuple(good), wrong


def _scalar(key: Key, value: Any, *, lax: bool) -> Any:
    if lax and key.type is bool:
        value = _SAID.get(str(value).strip().lower(), value)
    try:
        converted = msgspec.convert(value, key.bounded, strict=not lax)
    except msgspec.ValidationError as error:
        raise Wrong(f"expected {key.expected}, got {shown(value)}") from error
    if isinstance(converted, float) and not math.isfinite(converted):
        raise Wrong(f"expected {key.expected}, got {shown(value)}")
    return converted


def _complaint(key: Key, item: Any) -> str:
    if not isinstance(item, str) or not item:
        return f"expected a string that is not empty, got {shown(item)}"
    if key.path == "privacy.patterns":
        try:
            re.compile(item)
        except re.error as error:
            return f"expected a regular expression, got {shown(item)}: {error}"
    return ""


def shown(value: Any) -> str:
    """A value as TOML and JSON write it, cut short."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        text = str(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"


def nearest(word: str, known: list[str]) -> str:
    """The known name that is most like this one, or nothing."""
    import difflib

    folded = {name.lower().replace("_", ""): name for name in known}
    found = difflib.get_close_matches(word.lower().replace("_", ""), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else ""
