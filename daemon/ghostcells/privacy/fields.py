"""Secrets that show by the name before them: assignments, JSON and YAML fields, options, sentences.

The name is found by its last word (`DB_PASSWORD`, `clientSecret`, `--auth-token`), so what stands before it costs nothing,
and every repetition is bounded or possessive, so a text is read in linear time whatever it holds.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ghostcells.privacy import values
from ghostcells.privacy.spans import Span
from ghostcells.privacy.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator

HINTS = ("pass", "pwd", "secret", "token", "key", "auth", "cred", "psk", "pw=", "pw:", "pw ", "kennwort", "_pw", "sig=")

_NAME = (
    r"(?:(?P<name>password|passwd|passphrase|passwort|passcode|kennwort|pwd|secret|token|credentials?"
    r"|(?:api|access|secret|private|auth|account|storage|sign(?:ing)?|encrypt(?:ion)?|master|shared|license|app(?:lication)?"
    r"|service|session|webhook|deploy|preshared|hmac|client|admin|consumer|integration|ingest(?:ion)?|subscription|function"
    r"|host|functions|datadog|root|write|server|publish|secure|vault|unseal|recovery)[_\-. ]?key"
    r"|key[_-]data|key[_-]base|(?<![A-Za-z])(?:pass|pw|psk|creds?|_auth|basic[_-]?auth)"
    r"|(?-i:(?<=[a-z0-9])(?:Pass|Pw|Auth|Psk)))"
    r"(?:[_-]?(?:\d{1,3}|v\d|value|hash|base64|b64|plain|text|string|prod(?:uction)?|dev|staging|stage|test|old|new|current"
    r"|primary|secondary|main))?)(?![A-Za-z0-9_-])"
)
_CLOSE = r"(?:\\{0,4}[\"'`])?\]?"
_QUOTED = (
    r"(?:(?:\\{1,4}(?P<esc>[\"'])(?P<a>(?:(?!\\{1,4}(?P=esc))[^\n]){1,4096}+)\\{1,4}(?P=esc))"
    r"|\"(?P<b>(?:\\.|[^\"\\\n]){1,4096}+)\"|'(?P<c>(?:\\.|[^'\\\n]){1,4096}+)'|`(?P<d>[^`\s]{1,4096}+)`"
    r"|(?<!\\)[\"'](?P<e>[^\"'\n]{4,4096}+)(?=\n|\Z))"
)
_BARE = r"(?:[^\s\"'`;&|<>(),\\]|,(?![\w.-]{1,40}+[=:])|\\(?![nrt\"'\\])){1,4096}+"
_TYPE = r"(?::[ \t]{0,3}(?:str|String|string|bytes|SecretStr|Optional\[str\]|str \| None)[ \t]{0,3})?"
_OPTION = (
    r"(?<![\w-])--?[\w-]{0,40}?(?:password|passwd|passphrase|pass|pwd|pw|token|secret|api-?key|secret-?key|access-?key"
)
_SECRET_WORD = r"(?P<name>password|passwd|passphrase|passwort|passcode|kennwort|pwd|pw|secret|token|(?:api|access|secret)[ _-]?key)"

_GROUPS = ("a", "b", "c", "d", "e", "bare", "word")
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
_LEAST_SIGNATURE = 20
_LINE = 200


@cache
def _quoted() -> re.Pattern[str]:
    return re.compile(
        rf"{_NAME}(?:{_CLOSE}[ \t]{{0,10}}{_TYPE}(?P<sep>:=|=>|==|!=|[=:]|)\s{{0,10}}[rbfuRBFU]?|[\"'][ \t]?(?P<comma>,)[ \t]?)"
        rf"{_QUOTED}",
        re.IGNORECASE,
    )


@cache
def _assigned() -> re.Pattern[str]:
    return re.compile(rf"(?:{_NAME}{_CLOSE}=(?!=)|[?&;](?P<sas>sig|signature|X-Amz-Signature)=)(?P<bare>{_BARE})", re.I)


@cache
def _spaced() -> re.Pattern[str]:
    return re.compile(
        rf"{_NAME}{_CLOSE}(?:[ \t]\[[^\]\n]{{0,40}}\])?(?:[ \t]{{0,20}}(?P<sep>:=|=>|=|:|\|)[ \t]{{0,20}})"
        r"(?:[|>][+-]?\n[ \t]{0,40})?(?P<bare>[^\s\"'`]{1,4096}+)",
        re.IGNORECASE,
    )


@cache
def _option() -> re.Pattern[str]:
    return re.compile(
        rf"{_OPTION}|auth-?key|storepass|keypass|credentials?)(?:[ \t]|\\\n){{1,8}}(?!-)(?:{_QUOTED}|(?P<bare>{_BARE}))"
    )


@cache
def _said() -> re.Pattern[str]:
    quote = r"[\"'`*‘“]{0,2}"
    return re.compile(
        rf"\b{_SECRET_WORD}\b(?:[^\n.:=]{{0,40}}?\b(?:is|was|are|to|became)[ \t](?:now[ \t]|set[ \t]to[ \t])?[ \t]{{0,4}}{quote}"
        rf"(?P<bare>[^\s\"'`*’”]{{4,256}}+)|[ \t]{{1,4}}(?P<word>[^\s\"'`*’”()\[\]{{}}<>:=,;]{{6,256}}+))",
        re.IGNORECASE,
    )


@cache
def _set() -> re.Pattern[str]:
    return re.compile(
        r"(?<![\w-])(?:ENV|setenv|setx|set(?:[ \t]-\w{1,4}){1,3}|config(?:ure)?[ \t]set)[ \t]{1,8}[\w./:-]{0,64}?"
        rf"{_NAME}[ \t]{{1,8}}(?!-)(?:{_QUOTED}|(?P<bare>{_BARE}))",
        re.IGNORECASE,
    )


def find_fields(text: str, low: str) -> Iterator[Span]:
    for start, end in windows(text, low, HINTS):
        for pattern, judge in (
            (_quoted(), _quoted_is_secret),
            (_assigned(), _assigned_is_secret),
            (_spaced(), _spaced_is_secret),
            (_said(), _said_is_secret),
            (_option(), _option_is_secret),
            (_set(), _option_is_secret),
        ):
            for found in pattern.finditer(text, start, end):
                span = _value_span(found)
                if judge(found, text[span[0] : span[1]]):
                    yield Span(*span, _kind(found))


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


def _name(found: re.Match[str]) -> str:
    name = found.groupdict().get("name")
    return name if name is not None else found[0].lstrip("-").split()[0]


def _kind(found: re.Match[str]) -> str:
    name = _name(found).lower()
    if any(part in name for part in ("pass", "pwd", "pw", "psk", "cred", "kennwort")):
        return "password"
    return next((part for part in ("token", "secret") if part in name), "api-key")


def _is_placeholder(value: str) -> bool:
    return len(value) < _TOO_SHORT or values.is_reference(value) or values.is_location(value)


def _is_plain(found: re.Match[str], value: str) -> bool:
    """Whether the value is a word or a number that the name alone does not make a secret."""
    if _letters(value) == _letters(found.groupdict().get("name") or ""):
        return True
    if values.is_number(value):
        return len(value) < (_LEAST_PIN if _kind(found) == "password" else _LEAST_ID)
    if _kind(found) == "password" or not value.replace("-", "").replace("_", "").replace(".", "").isalpha():
        return False
    return len(value) < _LEAST_ID or (value.islower() and not value.isalpha())


def _letters(value: str) -> str:
    return "".join(filter(str.isalpha, value)).lower() if value.replace("-", "").replace("_", "").isalpha() else value


def _quoted_is_secret(found: re.Match[str], value: str) -> bool:
    if _is_placeholder(value) or value != value.strip() or _is_plain(found, value):
        return False
    if found["comma"] or (not found["sep"] and not found["name"].isupper()):
        return len(found["name"]) > len("token") and _MIXED.search(value) is not None and values.looks_random(value)
    if " " in value and found["sep"] != "=":
        return not value[0].isupper() or any(map(str.isdigit, value))
    return True


def _assigned_is_secret(found: re.Match[str], value: str) -> bool:
    if found["sas"]:
        return not values.is_reference(value) and len(value) >= _LEAST_SIGNATURE
    if _is_placeholder(value) or values.is_expression(value) or _is_plain(found, value):
        return False
    after = found.string[found.end() : found.end() + 1]
    return not (after in ("(", "[") or (after in (",", ")") and value.isidentifier() and value.isascii()))


def _spaced_is_secret(found: re.Match[str], value: str) -> bool:
    if not _stands_apart(found, value):
        return False
    if _is_placeholder(value) or value[0] in "([{/" or _CODE.match(value) or _is_plain(found, value):
        return False
    if found["sep"] in ("=", ":=", "=>") and (_DOTTED.fullmatch(value) or value.startswith(found["name"])):
        return False
    if values.looks_random(value):
        return True
    return found["sep"] == ":" and _kind(found) == "password" and len(value) >= _LEAST_PIN and _fills_line(found)


def _stands_apart(found: re.Match[str], value: str) -> bool:
    """An assignment without blanks is the shell's, and read by `_assigned`, unless it is a whole line of an env dump."""
    start, end = found.span("sep")
    if found["sep"] == "|" or found.string[end : end + 1].isspace():
        return True
    if found["sep"] == ":":
        return _CROWDED.search(value) is None or _fills_line(found)
    if found.string[start - 1].isspace():
        return True
    return _fills_line(found) and _NEXT_FIELD.search(value) is None


def _fills_line(found: re.Match[str]) -> bool:
    """Whether the line holds the field and nothing else, as in YAML, properties and dumps of an environment."""
    text = found.string
    before = text[text.rfind("\n", max(0, found.start() - _LINE), found.start()) + 1 : found.start()]
    after = text[found.end() : found.end() + _LINE].partition("\n")[0].strip()
    return _KEY.fullmatch(before) is not None and (not after or after.startswith("#"))


def _said_is_secret(found: re.Match[str], value: str) -> bool:
    value = value.rstrip("!?:_")
    if _is_placeholder(value) or values.is_identifier(value) or not values.looks_random(value):
        return False
    return found["bare"] is not None or (
        len(found["name"]) >= len("password") and _kind(found) == "password" and any(map(str.isdigit, value))
    )


def _option_is_secret(found: re.Match[str], value: str) -> bool:
    if _is_placeholder(value) or values.is_expression(value) or _is_plain(found, value):
        return False
    return _name(found) not in ("secret", "pass", "credentials", "credential") or (
        "=" not in value and values.looks_random(value)
    )
