"""What a value looks like: a reference to a secret, a placeholder, a word, or a secret itself.

The finders say where a value stands; these judge the value alone.
"""

from __future__ import annotations

import re

_REFERENCE = re.compile(
    r"\$\{\{[^}\n]*+\}\}"  # ${{ secrets.TOKEN }}
    r"|\$\{[^}\n]*+\}"
    r"|\$\([^)\n]*+\)"
    r"|\$env:\w++"
    r"|\${1,2}[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+){0,8}"
    r"|\$[0-9@*#?!$]"
    r"|`[^`\n]*+`"
    r"|%\(\w*+\)[sdr]"
    r"|%[A-Za-z_]\w*+%"
    r"|%[sdrvq]"
    r"|\{\{[^}\n]*+\}\}"
    r"|\#?\{[A-Za-z_][\w.\[\]'\"-]*+\}"
    r"|<[^<>\n]*+>"
    r"|«[^»\n]*+»"
    r"|%env\([^)\n]*+\)%"
    r"|\[(?:[A-Z][A-Z0-9_ -]*+|[a-z][a-z_ -]*+)\]"
    r"|\[redacted:[a-z0-9-]{1,40}\]"
)
_STORE = re.compile(
    r"(?:vault|op|ref\+\w+|secret|secrets?manager|ssm|env|file|keyring|keychain|pass|bws?|akv|gcpsm|sops|kms|doppler)"
    r":(?=[/\w])|arn:aws|projects/[\w-]+/secrets/|ENC\[|!(?:vault|Ref|Sub|secret|GetAtt|ImportValue)\b"
    r"|\[(?:YOUR|MY|THE)\b|@(?:-$|[./~]|[\w./-]+\.\w{1,6}$)|env\[|os\.(?:environ|getenv)|process\.env|getpass|input\(|\$\(|`|<\(",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+(?:\[.*)?")
_PATH = re.compile(r"(?:~|\.{1,2}|\$\{?\w{1,60}\}?)?/|[A-Za-z]:\\\\?\w")
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://")
_FILE = re.compile(
    r"[\w./~-]*\.(?:txt|pem|key|json|ya?ml|crt|cer|env|conf|cfg|ini|toml|p12|pfx|jks|gpg|asc|enc|pub|sh|py|sql|csv|log|md)"
)
_MASKED = re.compile(r"x{6,}|\*{3,}|\.{3,}|…|•{2,}|#{4,}|X{5,}")
_NOUN = r"(?:pass(?:word|wd|phrase|code)?|pwd|pw|secret|token|key|api[-_ ]?key|credentials?|auth)"
_PLACEHOLDER = re.compile(
    rf"(?:(?:your|my|the|some|a|an|new|old|user|db|database|root|admin|example|dummy|sample|test|fake|actual|real)[-_ ]?)?"
    rf"(?:[a-z]{{0,12}}[-_ ])?{_NOUN}(?:[-_ ]?(?:here|goes[-_ ]here|value|placeholder|name))?"
    r"|your[-_ ][\w -]*|(?:replace|insert|enter|put|fill|add|use)[-_ ][\w -]*|replace\w{0,4}|change[-_ ]?(?:me|this|it)\W*"
    r"|example|dummy|placeholder|todo|redacted|removed|hidden|masked|sensitive|omitted|elided|encrypted|\(?sensitive value\)?"
    r"|none|null|nil|true|false|yes|no|on|off|undefined|n/?a|void|empty|unset|unknown|blank|nothing"
    r"|string|str|text|bytes|int|bool|any|object|optional|required|mandatory|default|enabled|disabled|allowed|always|never"
    r"|ask|prompt|stdin|env|file|path|manual|plain|plaintext|bearer|basic|digest|negotiate|oauth2?|saml|jwt|mtls|tls"
    r"|md5|sha-?\d{1,3}|base-?\d{2}|utf-?8|[hre]s\d{3}|ed25519|x-?509|aes-?\d{3}|pbkdf2|bcrypt|scram\S*"
    r"|invalid|incorrect|wrong|missing|expired|denied|failed|failure|rejected|accepted|correct|valid|ok|success\w*"
    r"|set|not|found|updated|created|changed|rotated|reset|revoked|deleted|configured|stored|generated|see|and|or|for|the"
    r"|is|are|was|of|in|from|to|with|it|this|that|if|when|you|we|must|should|can|authentication|authorization",
    re.IGNORECASE,
)
_UPPER_NAME = re.compile(
    r"(?:[A-Z]+_)*(?:PASSWORD|PASSWD|PASS|PWD|TOKEN|KEY|SECRET|HERE|VALUE|NAME|FILE|PATH|ARN|URL|USER|ID|PLACEHOLDER)"
)
_SCHEME = re.compile(r"^(?:bearer|basic|token)\s+", re.IGNORECASE)
_ALIAS = re.compile(r"[*&][A-Za-z_]+|\$[A-Za-z_][A-Za-z_:.-]*|.*(?:^|[/_-])YOUR(?:[/_-].*)?")
_NUMBER = re.compile(r"[+-]?\d+(?:[.:/-]\d+)*\s?(?:[kmgt]i?b?|ms|s|m|h|d|px|%)?", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"[0-9a-f]{7}|[0-9a-f]{40}|(?:sha(?:256|512):)?[0-9a-f]{64}|[0-9A-HJKMNP-TV-Z]{26}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_SPECIAL = frozenset("!@#$%^&*+~?=")
_WORDY = re.compile(r"[A-Za-z]+(?:[-_.'/][A-Za-z]+)*")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_SHORT = 4
_SHOWN = 8
"""How many letters of a masked secret tools show around the mask, at most."""
_LONGEST_PLACEHOLDER = 80


def is_reference(value: str) -> bool:
    """Whether the value only says where a secret is, or that one belongs here."""
    bare = value.strip()
    if _STORE.match(bare):
        return True
    rest = _SCHEME.sub("", _REFERENCE.sub("", bare).partition("$(")[0])
    if rest != bare and sum(map(str.isalnum, rest)) < _SHORT:
        return True
    if len(set(bare.lower())) <= 2 or _is_masked(bare):  # noqa: PLR2004 (one letter, or two in turn: a mask)
        return True
    if len(bare) > _LONGEST_PLACEHOLDER:
        return False
    return bool(_PLACEHOLDER.fullmatch(bare) or _UPPER_NAME.fullmatch(bare) or _ALIAS.fullmatch(bare))


def _is_masked(value: str) -> bool:
    rest = _MASKED.sub("", value)
    return rest != value and sum(map(str.isalnum, rest)) <= _SHOWN


def is_location(value: str) -> bool:
    """Whether the value is a path, a file or a URL: where a secret lies, not what it is."""
    if _PATH.match(value):
        return not (_BASE64.fullmatch(value) and classes(value) > 3 and value.count("/") <= 3)  # noqa: PLR2004
    return bool(_FILE.fullmatch(value) or _URL.match(value))


def is_expression(value: str) -> bool:
    """Whether the value is code that will fetch a secret: `settings.token`, `config.db.password`."""
    return bool(_EXPRESSION.fullmatch(value))


def is_identifier(value: str) -> bool:
    """Whether the value is a ULID, a UUID, a git or content hash: long and random, yet no secret."""
    return bool(_IDENTIFIER.fullmatch(value))


def is_number(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value))


def classes(value: str) -> int:
    """How many of lower case, upper case, digits and punctuation the value mixes."""
    return (
        any(map(str.islower, value))
        + any(map(str.isupper, value))
        + any(map(str.isdigit, value))
        + any(not char.isalnum() for char in value)
    )


def looks_random(value: str, *, least: int = 6) -> bool:
    """Whether the value is a secret rather than a word, for places where a word would be as likely."""
    if len(value) < least or is_number(value) or is_location(value) or is_expression(value) or _WORDY.fullmatch(value):
        return False
    letters = any(map(str.isalpha, value))
    return letters and (any(map(str.isdigit, value)) or not _SPECIAL.isdisjoint(value))
