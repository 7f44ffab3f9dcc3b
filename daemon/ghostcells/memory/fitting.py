"""How well one value can take another's place: by its shape, and by the words around it."""

import re
from functools import lru_cache

import msgspec

from ghostcells.memory.analysis import STOP_WORDS
from ghostcells.memory.literals import Kind, Token, outline
from ghostcells.memory.readings import ENDING

_SIZED = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*([A-Za-z]+)")
_AMOUNT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)([KMGTPkmgtp])([Bb]?)")
"""A number of bytes: the number, its prefix, and perhaps the unit."""
_ENDING = re.compile(r"\*?\.[A-Za-z0-9]{1,7}|[A-Za-z]{1,5}|[A-Za-z0-9]{2,4}")
_LEADS = frozenset({"for", "of", "named", "called"})
"""Stop words that say what comes next."""
_NO_SIDES = STOP_WORDS | {"nam", "call"}
"""What belongs to the word after it, never to the one before; stems, as the neighbours are."""
UNLIKE = -0.4
_IDENTIFIERS = frozenset({Kind.ULID, Kind.UUID, Kind.HASH, Kind.MIXED, Kind.NAME})
_AMOUNTS = frozenset({Kind.NUMBER, Kind.SIZE, Kind.VERSION})
_PLACES = frozenset({Kind.PATH, Kind.FILE, Kind.NAME, Kind.URL, Kind.MIXED})
_LOOSE = frozenset({Kind.WORD, Kind.NAME, Kind.MIXED, Kind.FILE, Kind.PATH})


class Slot(msgspec.Struct, frozen=True):
    """A word with the stems of its neighbours on either side, nearest first."""

    word: Token
    left: tuple[str, ...]
    right: tuple[str, ...]


@lru_cache(maxsize=256)
def forms(word: Token) -> tuple[str, ...]:
    """How a value may be written in a command, the fullest first."""
    text = word.text
    if word.kind is Kind.SIZE:
        sized = _SIZED.fullmatch(text)
        if sized:
            number, unit = sized.groups()
            return (text, number + unit[0], number)
    if word.kind is Kind.NUMBER:
        return (text, text, text)
    if word.kind is Kind.PATH and len(text) > 1:
        return (text.rstrip("/") + "/", text.rstrip("/"))
    if ENDING.fullmatch(text):
        return (text, text.lstrip("*."))
    return (text,)


def replacements(slot: Token, target: Token) -> list[tuple[str, str]]:
    """What to put for each form of `slot`, where `target` takes its place."""
    if ENDING.fullmatch(slot.text) or ENDING.fullmatch(target.text):
        if all(_ENDING.fullmatch(word.text) for word in (slot, target)):
            star = "*" * (slot.text.startswith("*.") and target.text.startswith("."))
            whole = [(slot.text, star + target.text)] if target.quoted else []
            return [*whole, (slot.text.lstrip("*."), target.text.lstrip("*."))]
        return [(slot.text, target.text)]
    target = _in_units_of(slot, target)
    exact = [(slot.text, target.text)]
    if slot.kind is target.kind or {slot.kind, target.kind} <= _AMOUNTS:
        return exact + list(zip(forms(slot), forms(target), strict=False))
    bare = target.text.rstrip("/") or target.text
    return exact + [(old, bare + "/" * (old == slot.text + "/")) for old in forms(slot)]


def _in_units_of(slot: Token, target: Token) -> Token:
    """An amount of bytes with its unit as `slot` writes it: the command that takes "50k" may not know "20KB"."""
    old, new = _AMOUNT.fullmatch(slot.text), _AMOUNT.fullmatch(target.text)
    if not old or not new or old[3] or not new[3]:
        return target
    text = new[1] + (old[2] if old[2].lower() == new[2].lower() else new[2])
    return msgspec.structs.replace(target, text=text, low=text.lower())


@lru_cache(maxsize=512)
def shape_fits(slot: Token, target: Token) -> float:
    """How well a value fits by its shape alone."""
    quoted = slot.quoted and target.quoted
    if slot.kind is Kind.WORD and target.kind is Kind.WORD:
        return 0.1 + quoted
    if slot.kind is target.kind:
        likeness = 1.2 if slot.kind in {Kind.NAME, Kind.MIXED} else 1.6
        return likeness + (outline(slot.text) == outline(target.text)) + 0.5 * quoted
    pair = {slot.kind, target.kind}
    if pair <= _IDENTIFIERS or pair <= _AMOUNTS or pair <= _PLACES:
        return 1.0 + 0.5 * quoted
    if pair <= _LOOSE:
        plain = target.kind is Kind.WORD and not target.quoted
        return 0.1 if plain else 0.5 + 0.8 * quoted
    return 0.6 if quoted else UNLIKE


def surroundings_fit(slot: Slot, target: Slot) -> float:
    """How alike the words around two values are; the nearest say most."""
    fit = _side(slot.left, target.left, 1.3, 0.4) + _side(slot.right, target.right, 0.9, 0.3)
    return fit + 1.0 * (changed_sides(slot, target) and slot.left[:1] != target.left[:1])


def changed_sides(slot: Slot, target: Slot) -> bool:
    """Whether one says "namespace payments" and the other "the payments namespace"."""
    pairs = ((slot.left, target.right), (slot.right, target.left))
    return any(one and other and one[0] == other[0] and one[0] not in _NO_SIDES for one, other in pairs)


def _side(here: tuple[str, ...], there: tuple[str, ...], near: float, far: float) -> float:
    if not here or not there:
        return near / 2 if not here and not there else 0.0
    if here == there and len(here) > 1:
        return near + far
    score = 0.0
    if here[0] == there[0]:
        score = near / 3 if here[0] in STOP_WORDS and here[0] not in _LEADS else near
    if here[1:] == there[1:] or here[0] in there[1:] or there[0] in here[1:]:
        score += far
    return score
