"""The forms in which a name stands before a secret, as patterns; `fields` judges what they find.

Every repetition is bounded or possessive, so a text is read in linear time whatever it holds. The patterns of values are
matched where a name ends; they are compiled when the first name is met.
"""

from __future__ import annotations

import re
from functools import cache

_NAME = (
    r"(?:password|passwd|passphrase|passwort|passcode|kennwort|(?:store|key|require|user|db|root|admin)pass|pwd|pass|pw|psk|secret|token|credentials?|creds?"
    r"|_?auth|basic[_-]?auth|signature|sig|"
    r"(?:api|access|secret|private|auth|account|storage|sign(?:ing)?|encrypt(?:ion)?|master|shared|license|app(?:lication)?"
    r"|service|session|webhook|deploy|preshared|hmac|client|admin|consumer|integration|ingest(?:ion)?|subscription|function"
    r"|host|functions|datadog|root|write|server|publish|secure|vault|unseal|recovery)[_\-. ]?key|key[_-](?:data|base))"
    r"(?:[_-]?(?:\d{1,3}|v\d|value|hash|base64|b64|plain|text|string|prod(?:uction)?|dev|staging|stage|test|old|new|current"
    r"|primary|secondary|main))?(?![a-z0-9_-])"
)
_CLOSE = r"(?:\\{0,4}[\"'`])?\]?"
_QUOTED = (
    r"(?:(?:\\{1,4}(?P<esc>[\"'])(?P<a>(?:(?!\\{1,4}(?P=esc))[^\n]){1,4096}+)\\{1,4}(?P=esc))"
    r"|\"(?P<b>(?:\\.|[^\"\\\n]){1,4096}+)\"|'(?P<c>(?:\\.|[^'\\\n]){1,4096}+)'|`(?P<d>[^`\s]{1,4096}+)`"
    r"|(?<!\\)[\"'](?P<e>[^\"'\n]{4,4096}+)(?=\n|\Z))"
)
_BARE = r"(?:[^\s\"'`;&|<>(),\\]|,(?![\w.-]{1,40}+[=:])|\\(?![nrt\"'\\])){1,4096}+"
_TYPE = r"(?::[ \t]{0,3}(?:str|String|string|bytes|SecretStr|Optional\[str\]|str \| None)[ \t]{0,3})?"
_BLANK = r"(?:[ \t]|\\\n){1,8}"


@cache
def name() -> re.Pattern[str]:
    """For a text in lower case: without regard for case the same pattern takes several times as long."""
    return re.compile(_NAME)


@cache
def quoted() -> re.Pattern[str]:
    return re.compile(
        rf"(?:{_CLOSE}[ \t]{{0,10}}{_TYPE}(?P<sep>:=|=>|==|!=|[=:]|)\s{{0,10}}(?:[rbfuRBFU](?=[\"']))?"
        rf"|[\"'][ \t]?(?P<comma>,)[ \t]?){_QUOTED}"
    )


@cache
def dumped() -> re.Pattern[str]:
    return re.compile(r"=(?!=)(?P<bare>[^\s\"'`]{1,4096}+)(?=[ \t]*(?:\r?\n|\Z))")


@cache
def assigned() -> re.Pattern[str]:
    return re.compile(rf"{_CLOSE}=(?!=)(?P<bare>{_BARE})")


@cache
def spaced() -> re.Pattern[str]:
    return re.compile(
        rf"{_CLOSE}(?:[ \t]\[[^\]\n]{{0,40}}\])?(?:[ \t]{{0,20}}(?P<sep>:=|=>|=|:|\|)[ \t]{{0,20}})"
        r"(?:[|>][+-]?\n[ \t]{0,40})?(?P<bare>[^\s\"'`]{1,4096}+)"
    )


@cache
def apart() -> re.Pattern[str]:
    return re.compile(rf"[\"']?{_BLANK}(?!-)(?:{_QUOTED}|(?P<bare>{_BARE}))")


@cache
def said() -> re.Pattern[str]:
    quote = r"[\"'`*]{0,2}"
    return re.compile(
        rf"(?:[^\n.:=]{{0,40}}?\b(?:is|was|are|to|became)[ \t](?:now[ \t]|set[ \t]to[ \t])?[ \t]{{0,4}}{quote}"
        r"(?P<bare>[^\s\"'`*]{4,256}+)|[ \t]{1,4}(?P<word>[^\s\"'`*()\[\]{}<>:=,;]{6,256}+))",
        re.IGNORECASE,
    )


@cache
def option() -> re.Pattern[str]:
    """What stands before a name whose value follows behind a blank: the dashes of an option, or a verb that sets."""
    return re.compile(
        r"(?:(?:^|[\s\"'`(\[,])--?[\w-]{0,60}"
        r"|(?:^|[\s\"'`;&(])(?:ENV|setenv|setx|set(?:[ \t]-\w{1,4}){1,3}|config(?:ure)?[ \t]set)[ \t]{1,8}"
        r"[\"']?[\w./:-]{0,60})$"
    )
