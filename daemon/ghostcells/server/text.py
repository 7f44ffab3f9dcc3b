"""Edits of a cell's text as LSP gives them: ranges of lines and UTF-16 code units."""

import re

from ghostcells.server.wire import Position, TextChange

_LINE_END = re.compile(r"\r\n|\n|\r")


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
    start = 0
    for _ in range(number):
        found = text.find("\n", start)
        if found < 0:
            return len(text), len(text)
        start = found + 1
    end = text.find("\n", start)
    return start, len(text) if end < 0 else end


def _line_of_any_ending(text: str, number: int) -> tuple[int, int]:
    start = line = 0
    for ending in _LINE_END.finditer(text):
        if line == number:
            return start, ending.start()
        start, line = ending.end(), line + 1
    return (start if line == number else len(text)), len(text)


def _units(line: str, units: int) -> int:
    """How many characters of a line make up so many UTF-16 code units; a pair is not cut."""
    if line.isascii():
        return min(units, len(line))
    for index, character in enumerate(line):
        if units <= 0:
            return index
        units -= 2 if character > "\uffff" else 1
        if units < 0:
            return index
    return len(line)
