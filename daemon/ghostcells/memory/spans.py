"""Where a value stands in a command, as a value of its own, and putting others in its place.

Scans by hand rather than with patterns made on the spot: compiling those would cost more than all the rest.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ghostcells.memory.literals import Kind, Token

_SEPARATORS = frozenset("|;&\n")
_OPENERS = _SEPARATORS | frozenset("(`")
_WRAPPERS = ("sudo", "xargs")
_RUNNERS = (*_WRAPPERS, "-exec", "-execdir", "-ok")
"""What a program's name stands behind."""
_NAMED = frozenset({Kind.WORD, Kind.NAME, Kind.MIXED})
"""Kinds that the name of a program may have; a path or a file there may be the one that is to be run."""
_PAIR = 2
_FILE_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}(?![\w.])")
_UNIT = re.compile(r"[A-Za-z]{0,3}(?![A-Za-z0-9])")
_ROOTED = re.compile(r"[A-Za-z][\w+.-]*://|~?/")
_WITHIN = re.compile(r"""(?:[A-Za-z][\w+.-]*://[^\s'"`/]*)?[^\s'"`=:;,|&<>()]*/$""")
"""A path or a URL as far as a place right behind one of its slashes."""
_LONGEST = 200
_NUMERIC = frozenset({Kind.NUMBER, Kind.SIZE})


def occurrences(command: str, value: str, word: Token) -> list[int]:
    """Where `value`, a form of `word`, begins in the command and not inside a longer word; else the same in any case.

    A plain word is not taken where a program or its subcommand stands.
    """
    if not value:
        return []
    low = command.lower()
    # A few letters grow when they are lowered, and then places in one text are not places in the other.
    return _found(command, command, value, word) or (
        _found(command, low, value.lower(), word) if len(low) == len(command) else []
    )


def _found(command: str, text: str, sought: str, word: Token) -> list[int]:
    found: list[int] = []
    at = text.find(sought)
    while at >= 0:
        end = at + len(sought)
        if _alone(command, at, end, word.kind) and not _is_fixed(command, at, end, word):
            found.append(at)
        at = text.find(sought, at + 1)
    return found


def _alone(command: str, start: int, end: int, kind: Kind) -> bool:
    before, after = command[max(start - 2, 0) : start], command[end : end + 2]
    if kind in _NUMERIC:
        return not (
            before[-1:].isdigit()
            or before[-1:] == "."
            or (len(before) == _PAIR and before.isalpha())
            or after[:1].isdigit()
            or (after[:1] == "." and after[1:].isdigit())
            or not (after[:1] == "." or _UNIT.match(command, end))
        )
    joins = "_-" if kind is Kind.WORD else "_"
    if command[start].isalnum() and before and (before[-1].isalnum() or before[-1] in joins):
        return False
    return not (command[end - 1].isalnum() and after and (after[0].isalnum() or after[0] in joins))


def _is_program(command: str, start: int) -> bool:
    """Whether the word there is what a simple command runs."""
    before = command[:start].rstrip(" \t")
    return not before or before[-1] in _OPENERS or before.endswith(_RUNNERS)


def _is_fixed(command: str, start: int, end: int, word: Token) -> bool:
    """Whether what stands there says what is done, not to what; a quoted word may name what a substitution runs."""
    if word.kind not in _NAMED:
        return False
    if word.kind is not Kind.WORD:
        return not word.quoted and _is_program(command, start)
    if word.quoted:
        before = command[:start].rstrip(" \t")
        return not before or before[-1] in _SEPARATORS
    return _is_program(command, start) or _is_subcommand(command, start, end)


def _is_subcommand(command: str, start: int, end: int) -> bool:
    """Whether the word there follows the program and has arguments of its own."""
    before = command[:start].rstrip(" \t")
    begin = max(before.rfind(opener) for opener in _OPENERS) + 1
    words = [word for word in before[begin:].split() if word not in _WRAPPERS]
    rest = command[end:].split("\n", 1)[0].split()
    return len(words) == 1 and bool(rest) and rest[0][0] not in "|;&>)`"


class Change(NamedTuple):
    """A value's successor, and the word of the prose that the value was found by."""

    new: str
    word: Token


def substitute(command: str, changes: Mapping[str, Change]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """All changes at once, longer values first, so that none touches what another put in."""
    places: list[tuple[int, int, str]] = []
    for old in sorted(changes, key=lambda one: (-len(one), one)):
        new, word = changes[old]
        for at in occurrences(command, old, word):
            end = at + len(old)
            if all(end <= start or stop <= at for start, stop, _ in places):
                written = command[at:end]
                places.append((at, end, new.lower() if written.islower() and written != old else new))
    done: dict[tuple[str, str], None] = {}
    for start, end, new in sorted(places, reverse=True):
        old = command[start:end]
        if new != old:
            begin, stop = _overlap(command, start, end, new)
            command = command[:begin] + _quoted(command, begin, new) + command[stop:]
            done[old, new] = None
    return command, tuple(reversed(done))


def _overlap(command: str, start: int, end: int, new: str) -> tuple[int, int]:
    """The place widened over what `new` brings along, so that `*.` before a value or `.yaml` behind it is not there twice.

    A path from the root takes the place of the whole path up to there, and a URL that of a URL.
    """
    start = _beginning(command, start, new)
    for size in range(min(len(new) - 1, 3), 0, -1):
        if command[:start].endswith(new[:size]) and _is_marks(new[:size]):
            start -= size
            break
    for size in range(min(len(new) - 1, 3), 0, -1):
        if command[end:].startswith(new[-size:]) and _is_marks(new[-size:]):
            end += size
            break
    ending = _FILE_ENDING.match(command, end)
    if ending and new.endswith(ending.group()):
        end = ending.end()
    return start, end


def _beginning(command: str, start: int, new: str) -> int:
    rooted = _ROOTED.match(new)
    within = _WITHIN.search(command, max(start - _LONGEST, 0), start) if rooted else None
    if rooted and within and ("://" in rooted.group()) == ("://" in within.group()):
        return within.start()
    return start


def _is_marks(text: str) -> bool:
    return not any(letter.isalnum() or letter.isspace() for letter in text)


def _quoted(command: str, start: int, new: str) -> str:
    """`new` in quotes where it has blanks and does not come to stand within quotes."""
    if not any(map(str.isspace, new)) or "'" in new:
        return new
    inside = command[:start].count('"') % 2 or command[:start].count("'") % 2
    return new if inside else f"'{new}'"
