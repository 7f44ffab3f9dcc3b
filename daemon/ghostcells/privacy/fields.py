"""Secrets that show by the name before them: assignments, JSON and YAML fields, options, sentences.

The name is found by its last word (`DB_PASSWORD`, `clientSecret`, `--auth-token`), so what stands before it costs nothing.
The patterns are those of `forms`; here is what makes a value that one of them found a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ghostcells.privacy import forms, values
from ghostcells.privacy.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghostcells.privacy.reading import Reading

_HINTS = ("pass", "pwd", "secret", "token", "key", "auth", "cred", "psk", "pw", "kennwort", "sig")

_SHORT_NAMES = ("pass", "pw", "psk", "cred", "sig", "auth")
"""Names that other words end with too (`compass`): a name only where a word begins, `dbPass` included."""
_GROUPS = ("a", "b", "c", "d", "e", "bare", "word")
_NAMED = re.compile(r"[A-Za-z_][\w.]*")
_WORD = re.compile(r"[A-Za-z_]+")
_DUMPED = re.compile(r"(?:export )?[A-Z0-9_]*")
_CODE = re.compile(r"[A-Za-z_][\w.]{0,200}+[(\[]")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_KEY = re.compile(r"[\s>|]*(?:-[ \t]+)?(?:export[ \t]+)?[\"'\w.-]*")
_OPENED = {")": "(", "]": "[", "}": "{"}
_CROWDED = re.compile(r"[@:!/]")
_NEXT_FIELD = re.compile(r"[;&,|][\w.-]{1,60}[=:]|&&|\|\|")
_MIXED = re.compile(r"^(?!--|\w+=)[^\s]*[0-9][^\s]*$|^[A-Za-z][^\s=]*[!@#$%^&*+~?][^\s=]*$")
_TOO_SHORT = 3
_LEAST_PIN = 4
_LEAST_ID = 8
_LEAST_AUTH = 12
_LEAST_SIGNATURE = 20
_LINE = 200
_OPTION_LENGTH = 90


def find_fields(reading: Reading) -> Iterator[Span]:
    hints = reading.holds(_HINTS)
    for start, end in reading.windows(hints) if hints else ():
        at = start
        while (name := forms.name().search(reading.low, at, end)) is not None:
            span = _field(reading.text, name, end) if _begins_word(reading.text, name) else None
            if span is not None:
                yield span
            at = max(name.end(), span.end if span is not None else 0)


def _begins_word(text: str, name: re.Match[str]) -> bool:
    start = name.start()
    return not (name[0].startswith(_SHORT_NAMES) and name[0][:5] not in ("passw", "passp", "passc")) or (
        start == 0 or not text[start - 1].isalpha() or (text[start].isupper() and text[start - 1].islower())
    )


def _field(text: str, name: re.Match[str], end: int) -> Span | None:
    kind = _kind(name[0])
    for pattern, is_secret in (
        (forms.quoted(), _quoted_is_secret),
        (forms.dumped(), _dumped_is_secret),
        (forms.assigned(), _assigned_is_secret),
        (forms.spaced(), _spaced_is_secret),
        (forms.apart(), _option_is_secret),
        (forms.said(), _said_is_secret),
    ):
        found = pattern.match(text, name.end(), end)
        if found is not None:
            start, stop = _value_span(found)
            if is_secret(_Field(text[name.start() : name.end()], name.start(), kind, found), text[start:stop]):
                return Span(start, stop, kind)
    return None


class _Field(NamedTuple):
    name: str
    start: int
    kind: str
    found: re.Match[str]


def _value_span(found: re.Match[str]) -> tuple[int, int]:
    """Where the value stands, without the punctuation of the sentence that a bare one drags along."""
    groups = found.groupdict()
    group = next(name for name in _GROUPS if groups.get(name) is not None)
    start, end = found.span(group)
    if group in ("bare", "word"):
        end = start + len(_trimmed(found[group]))
    return start, end


def _trimmed(value: str) -> str:
    value = value.rstrip(",;.")
    while value and value[-1] in _OPENED and _OPENED[value[-1]] not in value:
        value = value[:-1].rstrip(",;.")
    return value


def _kind(name: str) -> str:
    if any(part in name for part in ("pass", "pwd", "pw", "psk", "cred", "kennwort", "basic")):
        return "password"
    return next((part for part in ("token", "secret", "sig") if part in name), "api-key").replace("sig", "signature")


def _is_placeholder(value: str) -> bool:
    return len(value) < _TOO_SHORT or values.is_reference(value) or values.is_location(value)


def _is_plain(field: _Field, value: str) -> bool:
    """Whether the value is a word or a number that the name alone does not make a secret."""
    if _letters(value) == _letters(field.name):
        return True
    if field.name.lower() in ("auth", "_auth"):
        return not values.looks_random(value, least=_LEAST_AUTH)
    if values.is_number(value):
        return len(value) < (_LEAST_PIN if field.kind == "password" else _LEAST_ID)
    if field.kind == "signature":
        return len(value) < _LEAST_SIGNATURE
    if field.kind == "password" or not value.replace("-", "").replace("_", "").replace(".", "").isalpha():
        return False
    return len(value) < _LEAST_ID or (value.islower() and not value.isalpha())


def _letters(value: str) -> str:
    return "".join(filter(str.isalpha, value)).lower() if value.replace("-", "").replace("_", "").isalpha() else value


def _quoted_is_secret(field: _Field, value: str) -> bool:
    if _is_placeholder(value) or value != value.strip() or _is_plain(field, value):
        return False
    found = field.found
    if not (found["sep"] or found["comma"]) and (found["e"] or not _has_blank(found)):
        return False
    if found["comma"] or (not found["sep"] and not field.name.isupper()):
        return len(field.name) > len("token") and _MIXED.search(value) is not None and values.looks_random(value)
    if " " in value and found["sep"] != "=":
        return not value[0].isupper() or any(map(str.isdigit, value))
    return True


def _has_blank(found: re.Match[str]) -> bool:
    """Whether a blank parts the name from the value: else the quote that opens the one closes the other."""
    return any(map(str.isspace, found.string[found.start() : _value_span(found)[0]]))


def _dumped_is_secret(field: _Field, value: str) -> bool:
    """A whole line of an environment's dump: no shell reads it, so no punctuation ends the value."""
    text = field.found.string
    before = text[text.rfind("\n", max(0, field.start - _LINE), field.start) + 1 : field.start]
    if _DUMPED.fullmatch(before) is None or not field.name.isupper():
        return False
    return not (_is_placeholder(value) or values.is_expression(value) or _is_plain(field, value) or "(" in value[:1])


def _assigned_is_secret(field: _Field, value: str) -> bool:
    if _is_placeholder(value) or values.is_expression(value) or _is_plain(field, value):
        return False
    text, end = field.found.string, field.found.end()
    after = text[end : end + 1]
    called = after in ("(", "[") and _NAMED.fullmatch(value) is not None
    passed_on = after in (",", ")") and _WORD.fullmatch(value) is not None and "(" in text[max(0, end - _LINE) : end]
    return not (called or passed_on)


def _spaced_is_secret(field: _Field, value: str) -> bool:
    if not value or not _stands_apart(field, value):
        return False
    if _is_placeholder(value) or value[0] in "([{" or _CODE.match(value) or _is_plain(field, value):
        return False
    sep = field.found["sep"]
    if sep in ("=", ":=", "=>") and (_DOTTED.fullmatch(value) or value.startswith(field.name)):
        return False
    if values.looks_random(value):
        return sep != "|" or len(value) >= _LEAST_ID
    if field.kind != "password" or len(value) < _LEAST_PIN or not _fills_line(field):
        return False
    return sep == ":" or (sep == "=" and field.found.string[field.start - 1 : field.start] in (".", "-"))


def _stands_apart(field: _Field, value: str) -> bool:
    """An assignment without blanks is the shell's, and read by `_assigned`, unless it is a whole line of an env dump."""
    found = field.found
    start, end = found.span("sep")
    if found["sep"] == "|" or found.string[end : end + 1].isspace():
        return True
    if found["sep"] == ":":
        return _CROWDED.search(value) is None or _fills_line(field)
    if found.string[start - 1].isspace():
        return True
    return _fills_line(field) and _NEXT_FIELD.search(value) is None


def _fills_line(field: _Field) -> bool:
    """Whether the line holds the field and nothing else, as in YAML, properties and dumps of an environment."""
    text = field.found.string
    before = text[text.rfind("\n", max(0, field.start - _LINE), field.start) + 1 : field.start]
    after = text[field.found.end() : field.found.end() + _LINE].partition("\n")[0].strip()
    return _KEY.fullmatch(before) is not None and (not after or after.startswith("#"))


def _said_is_secret(field: _Field, value: str) -> bool:
    if field.start and field.found.string[field.start - 1] in "_-.=$/":
        return False
    value = value.rstrip("!?:_")
    if _is_placeholder(value) or not values.looks_random(value):
        return False
    if field.found["bare"] is not None:
        return field.kind == "password" or not values.is_identifier(value)
    return not values.is_identifier(value) and (
        len(field.name) >= len("password") and field.kind == "password" and any(map(str.isdigit, value))
    )


def _option_is_secret(field: _Field, value: str) -> bool:
    text = field.found.string
    before = forms.option().search(text, max(0, field.start - _OPTION_LENGTH), field.start)
    if before is None or _is_placeholder(value) or values.is_expression(value) or _is_plain(field, value):
        return False
    unclear = before[0].strip() in ("-", "--") and field.name in ("secret", "pass", "credentials", "credential")
    return not unclear or ("=" not in value and values.looks_random(value))
