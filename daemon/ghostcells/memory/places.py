"""What took the place of what in the cells above: the commands run there and what they printed.

Pure functions beside `adapt`: they compare the code cells above a remembered situation with those above the present one.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from ghostcells.domain.examples import Above, Example, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.memory.analysis import split
from ghostcells.memory.literals import Kind, kind_of, outline

STICKY = frozenset({"-n", "--namespace", "--context", "--region", "--project", "--cluster", "--zone", "--profile"})
"""Options whose value stays the same from command to command of one notebook."""
_FIELD = re.compile(r"[^\s\"',;|()\[\]{}]+")
_MAX_LINES = 30
_FROM_OUTPUT = frozenset(
    {Kind.ULID, Kind.UUID, Kind.HASH, Kind.MIXED, Kind.NAME, Kind.ADDRESS, Kind.URL, Kind.NUMBER, Kind.VERSION}
)
_MIN_OUTPUT_VALUE = 4


def above_changes(example: Example, situation: Situation) -> dict[str, str]:
    """Values of the example's command with the ones that stand in their place above the present situation."""
    if not situation.above:
        return {}
    then, now = _code(example.situation.above), _code(situation.above)
    if not now:
        return {}
    mine = split(example.text)
    changes = _sticky(mine, now)
    for old, new in _keyed(mine, then, now):
        changes.setdefault(old, new)
    for old_cell, new_cell in _twins(then, now):
        for old, new in _differences(split(old_cell.text), split(new_cell.text)):
            if old in mine:
                changes.setdefault(old, new)
        if old_cell.output and new_cell.output:
            for old in mine:
                if old not in changes and len(old) >= _MIN_OUTPUT_VALUE and old in old_cell.output:
                    found = _in_output(old, old_cell.output, new_cell.output)
                    if found:
                        changes[old] = found
    return {old: new for old, new in changes.items() if old != new}


def _keyed(mine: Sequence[str], then: list[Above], now: list[Above]) -> Iterator[tuple[str, str]]:
    """Values that followed a word above then, with what follows the same word above now."""
    keys: dict[str, list[str]] = {}
    for cell in then:
        for key, value in _pairs(cell.text):
            keys.setdefault(value, []).append(key)
    if not any(value in keys for value in mine[1:]):
        return
    held = {key: value for cell in now for key, value in _pairs(cell.text)}
    standing = set(held.values())
    for value in mine[1:]:
        if value in keys and value not in standing:
            found = next((held[key] for key in keys[value] if key in held), None)
            if found:
                yield value, found


@lru_cache(maxsize=64)
def _pairs(command: str) -> tuple[tuple[str, str], ...]:
    """Each argument with what names it: the option or redirection before it, or the left side of its own equals sign."""
    pairs: list[tuple[str, str]] = []
    for key, value in pairwise(split(command)):
        name, equals, held = value.partition("=")
        if equals and held:
            pairs.append((name, held))
        elif key.startswith(("-", ">")) and "=" not in key and not value.startswith("-"):
            pairs.append((key, value))
    return tuple(pairs)


def _code(cells: Sequence[Above]) -> list[Above]:
    return [cell for cell in cells if cell.kind is CellKind.CODE]


def _sticky(mine: Sequence[str], now: list[Above]) -> dict[str, str]:
    """The present notebook's values of options that hold for all its commands."""
    given = {flag: value for cell in now for flag, value in _options(split(cell.text))}
    return {value: given[flag] for flag, value in _options(mine) if flag in given}


def _options(command: Sequence[str]) -> Iterator[tuple[str, str]]:
    for flag, value in zip(command, [*command[1:], ""], strict=False):
        name, equals, inline = flag.partition("=")
        if name in STICKY:
            held = inline if equals else value
            if held and not held.startswith("-"):
                yield name, held


def _twins(then: list[Above], now: list[Above]) -> Iterator[tuple[Above, Above]]:
    """Cells above that are one command with different values, the nearest pairs first."""
    for old in reversed(then):
        head = old.text.split(None, 2)[:2]
        for new in reversed(now):
            if head and new.text.split(None, 2)[:2] == head:
                yield old, new
                break


def _differences(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of words at the same place, where most of the words agree."""
    if len(old) != len(new):
        return
    pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    if pairs and 2 * len(pairs) <= len(old):
        yield from (
            (one, other)
            for one, other in pairs
            if not (one.startswith("-") or other.startswith("-") or kind_of(one) is Kind.WORD)
        )


def _in_output(value: str, old: str, new: str) -> str | None:
    """The value of the new output that has the shape and the column of `value` in the old one."""
    kind = kind_of(value)
    if kind not in _FROM_OUTPUT:
        return None
    place = next(((n, row.index(value)) for n, row in enumerate(_rows(old)) if value in row), None)
    if place is None:
        return None
    line, column = place
    rows = _rows(new)
    fitting = [
        (outline(row[column]) != outline(value), abs(number - line), row[column])
        for number, row in enumerate(rows)
        if column < len(row) and kind_of(row[column]) is kind and row[column] not in old
    ]
    return min(fitting)[2] if fitting else None


def _rows(output: str) -> list[list[str]]:
    return [_FIELD.findall(line) for line in output.splitlines()[:_MAX_LINES]]
