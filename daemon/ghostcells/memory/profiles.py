"""What ranking needs to know of a situation and of an example, read once and kept for the next keystroke."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from ghostcells.domain.examples import Example, Situation
from ghostcells.domain.notebook import CellKind
from ghostcells.memory.analysis import command_terms, intent_key, prose_terms, split
from ghostcells.memory.literals import masked
from ghostcells.memory.model import Ranker

T = TypeVar("T")

_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n+")
_SPANS = re.compile(r"`([^`\n]{2,160})`")
_NONE: dict[str, float] = {}
KEPT = 200
"""How many examples' profiles are kept."""
_TOLD_CHARS = 200
_WRAPPERS = frozenset({"sudo", "time", "exec", "env", "command", "nohup"})


class Terms(msgspec.Struct, frozen=True):
    """A set of terms with what they weigh together."""

    terms: frozenset[str]
    mass: float


class Profile(msgspec.Struct, frozen=True):
    """A situation as sets of terms.

    `tail` is the last sentence of the intent; `before` and `before2` are the last two commands, `above` all of them, `told`
    the prose cell above; `commands` are the code cells above, nearest first; `place` is the notebook's folders and name.
    """

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
    """An example's command; `pattern` has its values masked; `key` is that of the intent, `told` how much that says."""

    key: str
    told: float
    terms: Terms
    program: str
    pattern: tuple[str, ...]
    length: int
    lines: int


NOTHING = Terms(frozenset(), 0.0)


def program_of(command: str) -> str:
    """The program that a command runs first, without what wraps it."""
    for word in split(command)[:4]:
        if word not in _WRAPPERS and "=" not in word:
            return word
    return ""


def pattern_of(command: str) -> tuple[str, ...]:
    """A command's words with its values masked."""
    return tuple(map(masked, split(command)))


def tail_of(intent: str) -> str:
    parts = [part for part in _SENTENCE.split(intent) if " " in part.strip()]
    return parts[-1] if parts else intent


class Reader:
    """Makes profiles, with the weights of terms: rarer ones say more, and those that the table does not know say most."""

    def __init__(self, learned: Ranker) -> None:
        self._table = learned.weights
        self._default = learned.default_weight
        self._kinships = learned.kinships
        self._lessons: dict[tuple[str, int], Profile] = {}
        self._answers: dict[tuple[str, int], Answer] = {}

    def mass(self, terms: Iterable[str]) -> float:
        table, default = self._table, self._default
        return sum([table.get(term, default) for term in terms])

    def terms(self, found: Iterable[str]) -> Terms:
        distinct = frozenset(found)
        return Terms(distinct, self.mass(distinct)) if distinct else NOTHING

    def jaccard(self, one: Terms, other: Terms) -> float:
        """Shared mass over all mass; 0 where nothing is shared."""
        both = one.terms & other.terms
        if not both:
            return 0.0
        shared = self.mass(both)
        return shared / (one.mass + other.mass - shared)

    def covered(self, part: Terms, whole: frozenset[str]) -> float:
        """How much of `part` is in `whole`."""
        both = part.terms & whole
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
        commands = tuple([cell.text.strip() for cell in reversed(situation.above) if cell.kind is CellKind.CODE])
        told = next((cell.text for cell in reversed(situation.above) if cell.kind is CellKind.MARKUP), "")
        intent, tail = self.prose(situation.intent), tail_of(situation.intent)
        return Profile(
            intent=intent,
            tail=intent if tail == situation.intent else self.prose(tail),
            heading=self.prose(situation.heading),
            heading_text=situation.heading.strip().lower(),
            commands=commands,
            before=self.terms(command_terms(commands[0])) if commands else NOTHING,
            before2=self.terms(command_terms(commands[1])) if len(commands) > 1 else NOTHING,
            above=self.terms([term for command in commands for term in command_terms(command)]),
            told=self.prose(told[-_TOLD_CHARS:]),
            place=tuple(situation.notebook.partition("://")[2].strip("/").split("/")),
        )

    def prose(self, text: str) -> Terms:
        return self.terms(prose_terms(text)) if text else NOTHING

    def spans(self, situation: Situation) -> Terms:
        """What stands in backticks."""
        return self.terms([term for span in _SPANS.findall(situation.intent) for term in prose_terms(span)])

    def lesson(self, example: Example) -> Profile:
        """Kept for the examples seen last: while one types, they are the same again and again."""
        return _kept(self._lessons, example, lambda: self.profile(example.situation))

    def answer(self, example: Example) -> Answer:
        """Kept likewise, but only made for examples that are weighed in full."""
        return _kept(self._answers, example, lambda: self._answer(example))

    def _answer(self, example: Example) -> Answer:
        return Answer(
            intent_key(example.situation),
            self.lesson(example).intent.mass,
            self.terms(command_terms(example.text)),
            program_of(example.text),
            pattern_of(example.text),
            len(split(example.text)),
            example.text.count("\n") + 1,
        )


def _kept(table: dict[tuple[str, int], T], example: Example, make: Callable[[], T]) -> T:
    key = example.id, example.last_ms
    known = table.pop(key, None)
    if known is None:
        known = make()
        if len(table) >= KEPT:
            del table[next(iter(table))]
    table[key] = known
    return known
