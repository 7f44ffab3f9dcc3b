"""What ranking knows of a question and of an example: sets of terms, and what they weigh."""

import re
from collections.abc import Iterable
from itertools import repeat

import msgspec

from ghostcells.domain.examples import Situation
from ghostcells.memory.analysis import prose_terms
from ghostcells.memory.model import Ranker
from ghostcells.memory.notes import Command, Lesson, commands_of, lesson_of

_SPANS = re.compile(r"`([^`\n]{2,160})`")
_NONE: dict[str, float] = {}


class Terms(msgspec.Struct, frozen=True):
    """A set of terms with what they weigh together."""

    terms: frozenset[str]
    mass: float


class Profile(msgspec.Struct, frozen=True):
    """What is asked, as sets of terms (see `notes.Lesson`); `commands` are the code cells above, nearest first."""

    intent: Terms
    tail: Terms
    heading: Terms
    heading_text: str
    commands: tuple[str, ...]
    before: Terms
    before2: Terms
    above: Terms
    told: Terms
    place: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """An example's command (see `notes.Command`); `told` is how much the intent says."""

    key: int
    told: float
    terms: Terms
    program: str
    pattern: tuple[str, ...]
    length: int
    lines: int
    values: tuple[str, ...]


NOTHING = Terms(frozenset(), 0.0)
_UNITS = 1_000_000
"""Weights are added in millionths, as whole numbers, so that their sum does not depend on the order of a set."""


def place_of(notebook: str) -> tuple[str, ...]:
    """A notebook's folders and its name."""
    return tuple(notebook.partition("://")[2].strip("/").split("/"))


class Reader:
    """Makes profiles, with the weights of terms: rarer ones say more, and those that the table does not know say most."""

    def __init__(self, learned: Ranker) -> None:
        self._table = {term: round(weight * _UNITS) for term, weight in learned.weights.items()}
        self._default = repeat(round(learned.default_weight * _UNITS))
        self._kinships = learned.kinships

    def mass(self, terms: Iterable[str]) -> float:
        return sum(map(self._table.get, terms, self._default)) / _UNITS

    def terms(self, found: Iterable[str]) -> Terms:
        distinct = frozenset(found)
        return Terms(distinct, self.mass(distinct)) if distinct else NOTHING

    def jaccard(self, one: Terms, other: str) -> float:
        """Shared mass over all mass, of terms that are asked and others as notes have them; 0 where nothing is shared."""
        if not one.terms or not other or one.terms.isdisjoint(terms := other.split(" ")):
            return 0.0
        shared = self.mass(one.terms.intersection(terms))
        return shared / (one.mass + self.mass(terms) - shared)

    def covered(self, part: Terms, whole: Iterable[str]) -> float:
        """How much of `part` is in `whole`."""
        both = part.terms.intersection(whole)
        return self.mass(both) / part.mass if both else 0.0

    def kin(self, terms: Iterable[str]) -> dict[str, float]:
        """The terms of commands that go with any of these, each by the strongest tie."""
        found: dict[str, float] = {}
        for term in terms:
            for other, tie in self._kinships.get(term, _NONE).items():
                if tie > found.get(other, 0.0):
                    found[other] = tie
        return found

    def profile(self, situation: Situation) -> Profile:
        lesson = lesson_of(situation)
        intent = self._read(lesson.intent)
        return Profile(
            intent=intent,
            tail=intent if lesson.tail is None else self._read(lesson.tail),
            heading=self._read(lesson.heading),
            heading_text=lesson.heading_text,
            commands=commands_of(situation),
            before=self._read(lesson.before),
            before2=self._read(lesson.before2),
            above=self._read(lesson.above),
            told=self._read(lesson.told),
            place=place_of(situation.notebook),
        )

    def _read(self, terms: str) -> Terms:
        return self.terms(terms.split(" ")) if terms else NOTHING

    def spans(self, situation: Situation) -> Terms:
        """What stands in backticks."""
        return self.terms([term for span in _SPANS.findall(situation.intent) for term in prose_terms(span)])

    def answer(self, lesson: Lesson, command: Command) -> Answer:
        return Answer(
            command.key,
            self.mass(lesson.intent.split(" ")) if lesson.intent else 0.0,
            self._read(command.terms),
            command.program,
            command.pattern,
            command.length,
            command.lines,
            command.values,
        )
