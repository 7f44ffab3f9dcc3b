"""A text made ready for the finders: in lower case, as its words, and cut to where a hint stands.

Most texts hold no hint at all, and to see that must cost microseconds; and a long text is read only around its hints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_APART = str.maketrans({chr(code): " " for code in range(128) if not (chr(code).isalnum() or chr(code) in "-_")})

_BEFORE = 200
"""How far before a hint a finder's pattern may begin: an option's or a header's name."""
_AFTER = 4_600
"""How far behind a hint it may end: the longest value, with what stands between."""


class Reading:
    __slots__ = ("low", "text", "words")

    def __init__(self, text: str) -> None:
        low = text.lower()
        self.text = text
        # Some letters grow in lower case; where one is present the places must still agree.
        self.low = low if len(low) == len(text) else "".join(map(_lower, text))
        self.words = frozenset(low.translate(_APART).split())

    def holds(self, hints: Sequence[str]) -> list[str]:
        low = self.low
        return [hint for hint in hints if hint in low]

    def windows(self, hints: Sequence[str]) -> Iterator[tuple[int, int]]:
        """The stretches around each of these hints, in order and apart: its line, with the next one, cut where long."""
        if len(self.text) <= _AFTER:
            yield 0, len(self.text)
            return
        first, last = -1, -1
        for spot in self._spots(hints):
            if spot + _AFTER <= last:
                continue
            start, end = _around(self.text, spot)
            if first < 0:
                first = start
            elif start > last:
                yield first, last
                first = start
            last = max(last, end)
        if first >= 0:
            yield first, last

    def _spots(self, hints: Sequence[str]) -> list[int]:
        spots: list[int] = []
        for hint in hints:
            at = self.low.find(hint)
            while at >= 0:
                spots.append(at)
                at = self.low.find(hint, at + len(hint))
        spots.sort()
        return spots


def _lower(letter: str) -> str:
    low = letter.lower()
    return low if len(low) == 1 else letter


def _around(text: str, spot: int) -> tuple[int, int]:
    start = text.rfind("\n", max(0, spot - _BEFORE), spot) + 1 or max(0, spot - _BEFORE)
    end = text.find("\n", spot, spot + _AFTER)
    if end < 0:
        return start, min(len(text), spot + _AFTER)
    below = text.find("\n", end + 1, end + _AFTER)
    return start, below if below >= 0 else min(len(text), end + _AFTER)
