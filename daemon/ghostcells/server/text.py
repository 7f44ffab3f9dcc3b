"""Edits of a cell's text as LSP gives them: ranges of lines and UTF-16 code units."""

import re

from ghostcells.server.wire import Position, TextChange

_LINE_END = re.compile(r"\r\n|\n|\r")
# The upper byte of a code unit that begins a pair.
_FIRST_HALVES = range(0xD8, 0xDC)
_FEW_LINES = 500
"""So many are gone through one by one; more are counted, which is quick however many they are."""


def edit(text: str, change: TextChange) -> str:
    """The text after one change; positions beyond an end are taken as that end, reversed ones as meant."""
    span = change.range
    if span is None:
        return change.text
    start = offset(text, span.start)
    end = start if span.end == span.start else offset(text, span.end)
    if end < start:
        start, end = end, start
    return text[:start] + change.text + text[end:]


def offset(text: str, position: Position) -> int:
    """The index into `text` of a position."""
    if "\r" in text:
        start, end = _line_of_any_ending(text, position.line)
    else:
        start, end = _line(text, position.line)
    if text.isascii():
        return min(start + position.character, end)
    return start + _units(text[start:end], position.character)


def _line(text: str, number: int) -> tuple[int, int]:
    """Start and end of a line in a text that has no carriage return."""
    start, left = _near(text, number)
    for _ in range(left):
        found = text.find("\n", start)
        if found < 0:
            return len(text), len(text)
        start = found + 1
    end = text.find("\n", start)
    return start, len(text) if end < 0 else end


def _near(text: str, number: int) -> tuple[int, int]:
    """A place before a line, and how many line ends lie between: few, where the text has that many lines."""
    low, high = 0, len(text)
    while number > _FEW_LINES and high - low > _FEW_LINES:
        middle = (low + high) // 2
        if text.startswith("\r\n", middle - 1):
            middle += 1
        lines = _line_ends(text, low, middle)
        if lines < number:
            low, number = middle, number - lines
        else:
            high = middle
    return low, number


def _line_ends(text: str, start: int, end: int) -> int:
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


def _line_of_any_ending(text: str, number: int) -> tuple[int, int]:
    start, left = _near(text, number)
    for ending in _LINE_END.finditer(text, start):
        if not left:
            return start, ending.start()
        start, left = ending.end(), left - 1
    return (len(text) if left else start), len(text)


def _units(line: str, units: int) -> int:
    """How many characters of a line make up so many UTF-16 code units; a pair is not cut."""
    if line.isascii():
        return min(units, len(line))
    # No character is less than one unit. Counted by the codec: a loop over a line of megabytes would hold up everything.
    encoded = line[:units].encode("utf-16-le", "surrogatepass")[: 2 * units]
    if encoded and encoded[-1] in _FIRST_HALVES:
        encoded = encoded[:-2]
    return len(encoded.decode("utf-16-le", "surrogatepass"))
