"""Spans of a text that are to go, and the text without them.

What is secret is decided by the finders; here spans are merged, kept off earlier marks, and replaced.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = "[redacted:"
"""How every replacement begins, so that others can see that a text has lost something."""

_MARKER = re.compile(r"\[redacted:[a-z0-9-]{1,40}\]")


class Span(NamedTuple):
    start: int
    end: int
    kind: str


def marker(kind: str) -> str:
    return f"{MARK}{kind}]"


def merge(spans: Iterable[Span]) -> list[Span]:
    """Overlapping spans become one, named by whichever of them was given first."""
    ranked = sorted((span.start, span.end, rank, span.kind) for rank, span in enumerate(spans) if span.start < span.end)
    merged: list[tuple[int, int, int, str]] = []
    for start, end, rank, kind in ranked:
        if merged and start < merged[-1][1]:
            first, last, held, name = merged[-1]
            merged[-1] = (first, max(last, end), min(held, rank), name if held < rank else kind)
        else:
            merged.append((start, end, rank, kind))
    return [Span(start, end, kind) for start, end, _, kind in merged]


def outside_markers(text: str, spans: list[Span]) -> list[Span]:
    """What is left of sorted spans when the marks of an earlier redaction are cut out of them."""
    if MARK not in text:
        return spans
    marks = [found.span() for found in _MARKER.finditer(text)]
    return list(_cut(spans, marks))


def _cut(spans: list[Span], marks: list[tuple[int, int]]) -> Iterator[Span]:
    at = 0
    for start, end, kind in spans:
        while at < len(marks) and marks[at][1] <= start:
            at += 1
        rest, ahead = start, at
        while ahead < len(marks) and marks[ahead][0] < end:
            if rest < marks[ahead][0]:
                yield Span(rest, marks[ahead][0], kind)
            rest = marks[ahead][1]
            ahead += 1
        if rest < end:
            yield Span(rest, end, kind)


def replace(text: str, spans: list[Span]) -> str:
    """Expects what `merge` gives: sorted, without overlap."""
    parts: list[str] = []
    at = 0
    for start, end, kind in spans:
        parts += (text[at:start], marker(kind))
        at = end
    parts.append(text[at:])
    return "".join(parts)
