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


class Token(msgspec.Struct, frozen=True):
    """A value or word as it stands in a text: bare, without quotes or Markdown's marks; `low` is its lower case."""

    text: str
    low: str
    kind: Kind
    quoted: bool = False


_SHAPES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.URL, re.compile(r"[a-z][a-z0-9+]{1,9}://\S+")),
    (Kind.UUID, re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)),
    (Kind.ULID, re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE)),
    (Kind.EMAIL, re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")),
    (Kind.ADDRESS, re.compile(r"\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?(:\d+)?|[\w.-]*[a-z][\w.-]*:\d{2,5}", re.IGNORECASE)),
    (
        Kind.DATE,
        re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\S*)?|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{1,2}:\d{2}(:\d{2})?"),
    ),
    (Kind.NUMBER, re.compile(r"[+-]?\d+([.,]\d+)?%?")),
    (Kind.VERSION, re.compile(r"v?\d+(\.\d+)+([-+.]?[a-z0-9]+)*|v\d+([a-z]+\d+)?", re.IGNORECASE)),
    (
        Kind.SIZE,
        re.compile(r"[+-]?\d+([.,]\d+)?([kmgtp]?i?b?|bytes?|ms|s|m|h|d|w|min|hours?|days?|mi|gi|ki)", re.IGNORECASE),
    ),
    (Kind.HASH, re.compile(r"(sha\d+:)?(?=[0-9a-f]*\d)[0-9a-f]{7,128}", re.IGNORECASE)),
    (Kind.WORD, re.compile(r"[A-Za-z]+/[A-Za-z]+")),
    (Kind.PATH, re.compile(r"(~|\.{1,2}|\$\w+)?/\S*|~|[\w.-]+(/[\w.*{}$-]*)+")),
    (Kind.FILE, re.compile(r"\*?[\w-]*(\.[A-Za-z][A-Za-z0-9]{0,9}){1,3}|\*[\w.*-]+|[\w.-]+\*")),
    (Kind.MIXED, re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9]{3,}")),
    (Kind.NAME, re.compile(r"[\w$%{][\w.:$%{}=+-]*[-_.:$%{}=+\d][\w.:$%{}=+-]*")),
)

_SPOT = re.compile(
    r"[a-z][a-z0-9+]{1,9}://[^\s'\"`<>)\]]+"
    r"|\"[^\"\n]{1,160}\"|(?<!\w)'[^'\n]{1,160}'(?!\w)|[\u201c\u2018][^\u201d\u2019\n]{1,160}[\u201d\u2019]|`[^\s`']{1,80}[`']"
    r"|[A-Za-z0-9_$~./*+%@:=,{}-]+"
)
_QUOTES = "\"'`\u201c\u2018"
_SHOUTED = 4
"""From this length on, a word in capitals is a name."""
_TRAILING = ".,:;="


@lru_cache(maxsize=1024)
def kind_of(token: str) -> Kind:
    """The kind of a bare token; plain words are `WORD`."""
    if token.isalpha():
        return Kind.NAME if token.isupper() and len(token) >= _SHOUTED else Kind.WORD
    for kind, shape in _SHAPES:
        if shape.fullmatch(token):
            return kind
    return Kind.NAME if any(letter.isalnum() for letter in token) else Kind.WORD


@lru_cache(maxsize=1024)
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


def tokens(text: str) -> list[Token]:
    """The values and words of a text, in order."""
    return [token for token in map(_token, _SPOT.findall(text)) if token is not None]


@lru_cache(maxsize=1024)
def outline(token: str) -> str:
    """The shape of a value: runs of letters and digits by their class, everything else kept."""
    drawn = re.sub(r"[0-9]+", "9", re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]+", "A", token)))
    return re.sub(r"(?:[aA]9|9[aA])[aA9]*", "x", drawn)


_MASKED = frozenset(Kind) - {Kind.WORD, Kind.NAME, Kind.FILE, Kind.PATH}


def masked(token: str) -> str:
    """The token itself, or its kind in angle brackets where it is a value that differs from one time to the next."""
    kind = kind_of(token)
    return f"<{kind.value}>" if kind in _MASKED else token.lower()
