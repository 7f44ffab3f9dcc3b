"""Taking secrets out of a text, by span: what everything passes before it is logged, indexed or sent.

What counts as a secret is the finders' business, one module for each way that a secret shows. Here is when they are asked
(a text without any hint costs a few microseconds), how their answers become one, and that asking again changes nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from ghostcells.privacy import commands, detectors, fields, keys, links, manifests, tokens
from ghostcells.privacy.reading import Reading
from ghostcells.privacy.spans import MARK, Span, merge, outside_markers, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["MARK", "Redaction", "Redactor", "holds_redaction"]

_CACHED_TEXTS = 256
_CACHED_LENGTH = 64 * 1024
_PASSES = 8
"""A mark in place of a secret can let another pattern match; two passes are usual, the bound is against made-up texts."""


class Redaction(msgspec.Struct, frozen=True):
    text: str
    count: int
    kinds: tuple[str, ...]


def holds_redaction(text: str) -> bool:
    return MARK in text


class Redactor:
    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._patterns = tuple(map(_compiled, patterns))
        self._cached = lru_cache(maxsize=_CACHED_TEXTS)(self._redact)

    def redact(self, text: str) -> Redaction:
        return self._cached(text) if len(text) < _CACHED_LENGTH else self._redact(text)

    def expect(self, texts: Iterable[str]) -> bool:
        """Get ready for secrets if texts like these will make us look for them; whether they do.

        Most daemons never need it, and it costs twelve megabytes; those that do should not pay with the first run's answer.
        """
        for text in texts:
            reading = Reading(text)
            if tokens.holds_long_word(reading) and reading.holds(detectors.HINTS):
                self.warm()
                return True
        return False

    def warm(self) -> None:
        """Import and compile what the first secret would otherwise wait for; meant for a background thread."""
        detectors.detectors()
        self._redact(
            "export TOKEN=x; mysql -p; curl https://a@b -H 'authorization: x' --password-stdin # sixteen-letters-or-more"
        )

    def _redact(self, text: str) -> Redaction:
        count, kinds = 0, dict[str, None]()
        for _ in range(_PASSES):
            spans = outside_markers(text, merge(self._find(text)))
            if not spans:
                break
            count += len(spans)
            kinds.update((span.kind, None) for span in spans)
            text = replace(text, spans)
        return Redaction(text, count, tuple(kinds))

    def _find(self, text: str) -> Iterator[Span]:
        """The more a finder knows about what it found, the earlier it is asked: it names the span."""
        reading = Reading(text)
        yield from keys.find_keys(reading)
        if tokens.holds_long_word(reading):
            yield from tokens.find_tokens(reading)
            yield from detectors.find_known(reading)
        yield from manifests.find_manifests(reading)
        yield from links.find_links(reading)
        yield from commands.find_commands(reading)
        yield from fields.find_fields(reading)
        for pattern in self._patterns:
            for found in pattern.finditer(text):
                yield Span(*found.span(), "user")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"privacy.patterns: {pattern!r} is not a regular expression: {error}") from error
