"""Where to look: the lines of a text that hold a hint, so that the finders' patterns read no more than those."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BEFORE = 200
"""How far before a hint a finder's pattern may begin: an option's or a header's name."""
_AFTER = 4_600
"""How far behind a hint it may end: the longest value, with what stands between."""


def windows(text: str, low: str, hints: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The stretches around each hint, in order and apart: its line, the one before and the one after, cut where long."""
    if len(low) != len(text):  # some letters grow when made lower case, and the places no longer agree
        yield 0, len(text)
        return
    if len(text) <= _AFTER:
        if any(hint in low for hint in hints):
            yield 0, len(text)
        return
    first, last = -1, -1
    for spot in _spots(low, hints):
        if spot + _AFTER <= last:
            continue
        start, end = _around(text, spot)
        if first < 0:
            first = start
        elif start > last:
            yield first, last
            first = start
        last = max(last, end)
    if first >= 0:
        yield first, last


def _spots(low: str, hints: Sequence[str]) -> list[int]:
    spots: list[int] = []
    for hint in hints:
        at = low.find(hint)
        while at >= 0:
            spots.append(at)
            at = low.find(hint, at + len(hint))
    spots.sort()
    return spots


def _around(text: str, spot: int) -> tuple[int, int]:
    start = text.rfind("\n", max(0, spot - _BEFORE), spot) + 1 or max(0, spot - _BEFORE)
    end = text.find("\n", spot, spot + _AFTER)
    if end < 0:
        return start, min(len(text), spot + _AFTER)
    below = text.find("\n", end + 1, end + _AFTER)
    return start, below if below >= 0 else min(len(text), end + _AFTER)
