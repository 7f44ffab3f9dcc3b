"""Carries the values of the present situation over into a remembered command.

A value that the example's intent (or the cells above it) names and its command uses is replaced by the value that has taken
its place in the present intent (or above). Nothing is made up: each new value is taken from the situation as it stands
there, and where no value has clearly taken the place, the old one stays and counts as unresolved.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from ghostcells.domain.examples import INTENT_CHARS, Example, Situation
from ghostcells.memory.fitting import Slot, changed_sides, forms, replacements, shape_fits, surroundings_fit
from ghostcells.memory.literals import Kind, Token, as_token
from ghostcells.memory.places import above_changes
from ghostcells.memory.readings import PART, Reading, is_content, is_value, may_name, read
from ghostcells.memory.spans import Change, occurrences, substitute

MAX_TARGETS = 24
SHORT = 30
"""Up to this many words of prose, a value may be told by elimination, and may have changed its role."""
_VARIED = frozenset({Kind.SIZE, Kind.PATH, Kind.FILE})
"""Kinds that a command may write in another form than the prose."""
_APART, _TOGETHER = 2, 3
"""In how many words two texts may differ, and how many they must share, to be the same but for those."""
CLEAR = 1.5
"""The score from which a value has clearly taken another's place."""


class Adapted(msgspec.Struct, frozen=True):
    """`changed` are the (old, new) values put into `text`; `unresolved` counts stated values that found no successor."""

    text: str
    changed: tuple[tuple[str, str], ...] = ()
    unresolved: int = 0


class Told(msgspec.Struct, frozen=True, array_like=True):
    """The words of an example's prose, where those of the last sentences begin, and which ones its command uses.

    Where it uses none, the others are of no use either, and are left out.
    """

    words: tuple[Token, ...]
    last: int
    slots: tuple[int, ...]


def tell(situation: Situation, command: str) -> Told:
    then = read(prose(situation))
    slots = _slots(then, command)
    return Told(then.words if slots else (), then.last, slots)


def adapt(example: Example, situation: Situation, told: Told | None = None) -> Adapted:
    """The example's command for the present situation; `told` is what `tell` says of it."""
    told = told or tell(example.situation, example.text)
    then, now = Reading(told.words, told.last), read(prose(situation))
    slots = [Slot(then.words[place], *then.neighbours(place)) for place in told.slots]
    changes: dict[str, Change] = {}
    settled: set[str] = set()
    gone = [slot for slot in slots if not now.has(slot.word)]
    if slots and then.words != now.words:
        short = len(now.words) <= SHORT
        kept = [slot for slot in slots if short and slot.word.text in now.texts and is_value(slot.word)]
        if gone or len(kept) > 1:
            changes, settled = _assign(gone + kept, _targets(situation, then, kept), short=short)
            for slot, target in _only_difference(then, now, gone):
                if slot.word.text not in settled:
                    settled.add(slot.word.text)
                    for old, put in replacements(slot.word, target):
                        changes.setdefault(old, Change(put, slot.word))
    for old, new in above_changes(example, situation).items():
        if old.lower() not in now.lows:
            changes.setdefault(old, Change(new, as_token(old)))
    unresolved = len({slot.word.text for slot in gone} - settled - changes.keys())
    if not changes:
        return Adapted(example.text, (), unresolved)
    text, done = substitute(example.text, changes)
    return Adapted(text, done, unresolved)


def _only_difference(then: Reading, now: Reading, slots: Sequence[Slot]) -> Iterator[tuple[Slot, Token]]:
    """Where two texts are the same but for a word or two at one place, these are the successors, whatever their shapes."""
    if len(then.words) != len(now.words):
        return
    one, other = [word.low for word in then.words], [word.low for word in now.words]
    apart = [place for place, (left, right) in enumerate(zip(one, other, strict=True)) if left != right]
    if not apart or len(apart) > _APART or len(one) - len(apart) < _TOGETHER:
        return
    for place in apart:
        found = next((slot for slot in slots if slot.word.text == then.words[place].text), None)
        if found is not None and is_content(now.words[place]) and not then.has(now.words[place]):
            yield found, now.words[place]


def prose(situation: Situation) -> str:
    """The intent, after its heading where it does not hold that itself."""
    heading, intent = situation.heading, situation.intent
    if len(intent) == INTENT_CHARS:
        intent = intent.partition(" ")[2]
    return intent if heading in intent else f"{heading}{PART}{intent}"


def _slots(then: Reading, command: str) -> tuple[int, ...]:
    """Where the words of the intent stand that the command uses as arguments."""
    low = command.lower()
    found: list[int] = []
    for place, word in enumerate(then.words):
        if not (word.low in low or word.kind in _VARIED) or not is_content(word):
            continue
        used = any(occurrences(command, form, word) for form in forms(word) if form.lower() in low)
        if used and (is_value(word) or (place >= then.last and may_name(word, then.neighbours(place)[0]))):
            found.append(place)
    return tuple(found)


def _targets(situation: Situation, then: Reading, kept: Sequence[Slot]) -> list[Slot]:
    """The words that only the present intent has, and the kept ones, which may have changed their roles; the last ones."""
    again = {slot.word.text for slot in kept}
    found = [
        slot
        for slot, content in _nameable(prose(situation))
        if slot.word.text in again or (content and not then.has(slot.word))
    ]
    return found[-MAX_TARGETS:]


@lru_cache(maxsize=16)
def _nameable(text: str) -> tuple[tuple[Slot, bool], ...]:
    """The words of the present prose that may name a value, and whether they can stand for something in a command.

    Every example is compared with the same ones.
    """
    reading = read(text)
    slots = [Slot(word, *reading.neighbours(place)) for place, word in enumerate(reading.words)]
    return tuple(
        (slot, is_content(slot.word))
        for place, slot in enumerate(slots)
        if (is_value(slot.word) or place >= reading.last) and may_name(slot.word, slot.left)
    )


def _assign(slots: Sequence[Slot], targets: Sequence[Slot], *, short: bool) -> tuple[dict[str, Change], set[str]]:
    """Each slot's successor among the new words, the clearest first, none used twice; and the slots that have one."""
    changes: dict[str, Change] = {}
    settled: set[str] = set()
    taken: set[str] = set()
    for score, slot, target in sorted(_scored(slots, targets), key=lambda pair: -pair[0]):
        if score < CLEAR:
            break
        if slot.word.text not in settled and target.word.text not in taken:
            taken.add(target.word.text)
            settled.add(slot.word.text)
            for old, new in replacements(slot.word, target.word):
                changes.setdefault(old, Change(new, slot.word))
    open_slots = list({slot.word.text: slot for slot in slots if slot.word.text not in settled}.values())
    left = [target for target in targets if target.word.text not in taken and is_value(target.word)]
    if len(open_slots) == 1 and len(left) == 1 and shape_fits(open_slots[0].word, left[0].word) > (0 if short else 0.9):
        settled.add(open_slots[0].word.text)
        for old, new in replacements(open_slots[0].word, left[0].word):
            changes.setdefault(old, Change(new, open_slots[0].word))
    return changes, settled


def _scored(slots: Sequence[Slot], targets: Sequence[Slot]) -> Iterator[tuple[float, Slot, Slot]]:
    values = [is_value(target.word) for target in targets]
    for slot in slots:
        fits = [(shape_fits(slot.word, target.word), target) for target in targets]
        valued = is_value(slot.word)
        alike = [target for fit, target in fits if fit >= 1]
        rank = list(dict.fromkeys(other.word.text for other in slots if other.word.kind is slot.word.kind)).index(
            slot.word.text
        )
        for (fit, target), value in zip(fits, values, strict=True):
            in_order = rank < len(alike) and alike[rank] is target
            itself = slot.word.text == target.word.text
            if not itself and not (valued or value) and not _placed_alike(slot, target):
                continue
            yield fit + surroundings_fit(slot, target) + 0.6 * in_order + itself, slot, target


def _placed_alike(slot: Slot, target: Slot) -> bool:
    """Whether two plain words stand at the same word: verbs at the beginning have synonyms, not successors."""
    return (bool(slot.left) and slot.left[:1] == target.left[:1]) or changed_sides(slot, target)
