"""What in a text is a value rather than a word: ids, hashes, versions, numbers, dates, paths, addresses, quoted strings.

Two situations are alike when they differ in such values only; `adapt` carries them over, `analysis` masks them.
"""

import re
from enum import StrEnum
from functools import lru_cache

import msgspec


class Kind(StrEnum):
    """The kinds of values, by shape; `WORD` is whatever has no shape of its own."""

    URL = "url"
    UUID = "uuid"
    ULID = "ulid"
    HASH = "hash"
    EMAIL = "email"
    ADDRESS = "address"
    DATE = "date"
    VERSION = "version"
    NUMBER = "number"
    SIZE = "size"
    PATH = "path"
    FILE = "file"
    MIXED = "mixed"
    NAME = "name"
    WORD = "word"


class Token(msgspec.Struct, frozen=True, array_like=True):
    """A value or word as it stands in a text: bare, without quotes or Markdown's marks; `low` is its lower case."""

    text: str
    low: str
    kind: Kind
    quoted: bool = False


_SHAPES = (
    (Kind.URL, r"[a-z][a-z0-9+]{1,9}://\S+"),
    (Kind.UUID, r"(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"),
    (Kind.ULID, r"(?i:[0-7][0-9A-HJKMNP-TV-Z]{25})"),
    (Kind.EMAIL, r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    (Kind.ADDRESS, r"(?i:\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d+)?|[\w.-]*[a-z][\w.-]*:\d{2,5})"),
    (Kind.DATE, r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[T ]\S*)?|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{1,2}:\d{2}(?::\d{2})?"),
    (Kind.NUMBER, r"[+-]?\d+(?:[.,]\d+)?%?"),
    (Kind.VERSION, r"(?i:v?\d+(?:\.\d+)+[a-z0-9]*(?:[-+.][a-z0-9]+)*|v\d+(?:[a-z]+\d+)?)"),
    (
        Kind.SIZE,
        r"(?i:[+-]?\d+(?:[.,]\d+)?(?:[kmgtp]?i?b?|bytes?|ms|s|m|h|d|w|min|hours?|days?|mi|gi|ki))",
    ),
    (Kind.HASH, r"(?i:(?:sha\d+:)?(?=[0-9a-f]*\d)[0-9a-f]{7,128})"),
    (Kind.WORD, r"[A-Za-z]+/[A-Za-z]+"),
    (Kind.PATH, r"(?:~|\.{1,2}|\$\w+)?/\S*|~|[\w.-]+(?:/[\w.*{}$-]*)+"),
    (Kind.FILE, r"\*?[\w-]*(?:\.[A-Za-z][A-Za-z0-9]{0,9}){1,3}|\*[\w.*-]+|[\w.-]+\*"),
    (Kind.MIXED, r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9]{3,}"),
    (Kind.NAME, r"[\w$%{][\w.:$%{}=+-]*[-_.:$%{}=+\d][\w.:$%{}=+-]*"),
)
_SHAPE = re.compile("|".join(f"(?P<{kind.value}>{shape})" for kind, shape in _SHAPES))
"""All shapes in one: the first that fits the whole of a token is its group, which costs one call instead of fifteen."""
_LONG = 300
"""Longer tokens are data rather than values; the shapes need quadratic time to refuse them."""
_KINDS = {kind.value: kind for kind in Kind}

_SPOT = re.compile(
    r"[a-z][a-z0-9+]{1,9}://[^\s'\"`<>)\]]+"
    r"|\"[^\"\n]{1,160}\"|(?<!\w)'[^'\n]{1,160}'(?!\w)|[\u201c\u2018][^\u201d\u2019\n]{1,160}[\u201d\u2019]|`[^\s`']{1,80}[`']"
    r"|[A-Za-z0-9_$~./*+%@:=,{}-]+"
)
_QUOTES = "\"'`\u201c\u2018"
_SHOUTED = 4
"""From this length on, a word in capitals is a name."""
_TRAILING = ".,:;="


@lru_cache(maxsize=256)
def kind_of(token: str) -> Kind:
    """The kind of a bare token; plain words are `WORD`."""
    if token.isalpha():
        return Kind.NAME if token.isupper() and len(token) >= _SHOUTED else Kind.WORD
    if len(token) > _LONG:
        return Kind.URL if "://" in token else Kind.NAME
    found = _SHAPE.fullmatch(token)
    if found and found.lastgroup:
        return _KINDS[found.lastgroup]
    return Kind.NAME if any(letter.isalnum() for letter in token) else Kind.WORD


@lru_cache(maxsize=512)
def _token(raw: str) -> Token | None:
    if raw[0] in _QUOTES and raw[1:-1]:
        bare = raw[1:-1]
        return Token(bare, bare.lower(), kind_of(bare), quoted=True)
    bare = raw
    if raw[0] in "*,:=_":
        bare = raw.strip("_") if raw.startswith("_") and raw.endswith("_") else raw
        bare = bare.lstrip("*,:=") if bare.startswith(("**", ",", ":", "=")) else bare
    bare = bare.rstrip(_TRAILING)
    if bare.endswith("**"):
        bare = bare.rstrip("*")
    return Token(bare, bare.lower(), kind_of(bare)) if bare else None


def as_token(text: str) -> Token:
    """A value given by itself."""
    return Token(text, text.lower(), kind_of(text), quoted=True)


@lru_cache(maxsize=4)
def tokens(text: str) -> tuple[Token, ...]:
    """The values and words of a text, in order; kept for a moment, since a text is read for one purpose after the other."""
    return tuple([token for token in map(_token, _SPOT.findall(text)) if token is not None])


@lru_cache(maxsize=256)
def outline(token: str) -> str:
    """The shape of a value: runs of letters and digits by their class, everything else kept."""
    drawn = re.sub(r"[0-9]+", "9", re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]+", "A", token)))
    return re.sub(r"(?:[aA]9|9[aA])[aA9]*", "x", drawn)


_MASKED = frozenset(Kind) - {Kind.WORD, Kind.NAME, Kind.FILE, Kind.PATH}


def masked(token: str) -> str:
    """The token itself, or its kind in angle brackets where it is a value that differs from one time to the next."""
    return mask_of(kind_of(token)) or token.lower()


def mask_of(kind: Kind) -> str:
    """What stands for values of this kind; nothing for kinds that stand for themselves."""
    return f"<{kind.value}>" if kind in _MASKED else ""
