"""The detectors of detect-secrets, by their patterns alone.

Only detectors made of regular expressions are used: the ones that guess by entropy or by key words take hashes, ULIDs and
pod names for secrets. The library's scanner and its global settings are left alone. Its import takes more than a hundred
milliseconds, most of it an HTTP client, so it happens when a text first holds something that a detector may know.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ghostcells.privacy import values
from ghostcells.privacy.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ghostcells.privacy.reading import Reading

HINTS = (
    *(
        "akia",
        "asia",
        "abia",
        "acca",
        "a3t",
        "aws",
        "akc",
        "artif",
        "jfrog",
        "buildkit",
        "cloudant",
        "ghp_",
        "gho_",
        "ghu_",
    ),
    *("ghs_", "ghr_", "ibm", "cos_", "cos-", "eyj", "-us", "npm", "_authtoken", "private key", "putty-", "sg.", "xox"),
    *("hooks.slack", "softlayer", "sq0", "k_live", "sl_api", "iam_"),
)
"""What the library's own patterns begin with or ask for nearby; a detector it gains later is tried beside these."""

_UNFIT = frozenset({"AzureStorageKeyDetector", "BasicAuthDetector"})
"""Without their context checks these take npm's integrity hashes and references in URLs; `fields` and `links` know both."""

_WINDOW = 2_048
_LEAST_GROUP = 8
_EDGES = " \t\r\n\"'=:"


class _Detector(NamedTuple):
    kind: str
    patterns: tuple[re.Pattern[str], ...]
    is_valid: Callable[[str], bool]


@cache
def detectors() -> tuple[_Detector, ...]:
    import importlib
    import pkgutil

    plugins = importlib.import_module("detect_secrets.plugins")
    base = importlib.import_module("detect_secrets.plugins.base").RegexBasedDetector
    found: dict[str, _Detector] = {}
    for entry in pkgutil.iter_modules(plugins.__path__):
        for name, member in vars(importlib.import_module(f"{plugins.__name__}.{entry.name}")).items():
            if isinstance(member, type) and issubclass(member, base) and member is not base and name not in _UNFIT:
                plugin: Any = member
                patterns = tuple(plugin.denylist)
                kind = re.sub(r"[^a-z0-9]+", "-", plugin.secret_type.lower())[:40].strip("-")
                found[name] = _Detector(kind, patterns, getattr(plugin, "is_formally_valid", _any))
    return tuple(found.values())


def _any(_: str) -> bool:
    return True


def find_known(reading: Reading) -> Iterator[Span]:
    hints = reading.holds(HINTS)
    for start, end in reading.windows(hints) if hints else ():
        for detector in detectors():
            for pattern in detector.patterns:
                for at in range(start, end, _WINDOW // 2):
                    for found in pattern.finditer(reading.text, at, min(end, at + _WINDOW)):
                        yield from _span(detector, found)


def _span(detector: _Detector, found: re.Match[str]) -> Iterator[Span]:
    """The longest group where it can be a secret, else the match without the edges that some patterns take in."""
    start, end = max((found.span(index) for index in range(1, len(found.groups()) + 1)), key=_length, default=(0, 0))
    if end - start < _LEAST_GROUP:
        start, end = found.span()
        if start and found.string[start - 1].isalnum() and found.string[start].isalnum():
            return
    while start < end and found.string[start] in _EDGES:
        start += 1
    while start < end and found.string[end - 1] in _EDGES:
        end -= 1
    value = found.string[start:end]
    if value and detector.is_valid(value) and not values.is_reference(value) and not values.is_identifier(value):
        yield Span(start, end, detector.kind)


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]
