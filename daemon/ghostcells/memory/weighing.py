"""Possible commands with the numbers they are judged by: examples adapted, and compared with what is asked.

Most of it depends on neither the cosines nor the other candidates, so `Weighing` does it once for each example: for those
that the words found while the vectors are still being searched.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import mul

import msgspec

from ghostcells.domain.examples import Example, Situation
from ghostcells.memory import features
from ghostcells.memory.adapt import Adapted, adapt
from ghostcells.memory.features import Signals, Support
from ghostcells.memory.model import Judge, probability
from ghostcells.memory.notes import Notes, command_of, notes_of, pattern_of
from ghostcells.memory.profiles import Answer, Reader, Terms

KEPT = 10
"""Candidates that are adapted and judged in full; the others are out by a rough score. With 24 it takes twice the time, and
finds no more that is near (docs/learning.md)."""
_ROUGH_WORTH = 0.02


class Hit(msgspec.Struct, frozen=True):
    """An example that a search found; `age` is how many examples are newer than its row."""

    example: Example
    signals: Signals
    age: int = 0


class Entry(msgspec.Struct, frozen=True):
    """One possible command with the numbers it is judged by; `raw` where the values were left as they were."""

    example: Example
    known: Answer
    adapted: Adapted
    raw: bool
    rough: float
    vector: tuple[float, ...]


class Draft(msgspec.Struct, frozen=True):
    """An example's command, adapted or (`raw`) left as it was, with the features that only depend on it and the question."""

    known: Answer
    adapted: Adapted
    pattern: tuple[str, ...]
    raw: bool
    fitness: list[float]


class Rough(msgspec.Struct, frozen=True):
    """A hit with its rough score and its first features."""

    score: float
    hit: Hit
    start: list[float]


class Weighing:
    """One question; what it has computed of an example it keeps."""

    def __init__(self, situation: Situation, reader: Reader) -> None:
        self.situation = situation
        self._reader = reader
        self._asked = features.question(situation, reader)
        self._notes: dict[str, Notes] = {}
        self._alike: dict[str, list[float]] = {}
        self._drafts: dict[str, list[Draft]] = {}

    @property
    def last_sentence(self) -> float:
        """How much the last sentence of the intent says, by the weights of its terms."""
        return self._asked.query.tail.mass

    def prepare(self, hits: Sequence[Hit], judge: Judge) -> None:
        """Do ahead what `assemble` will need of these hits, whatever else is found."""
        for rough in self._worthy(hits, judge):
            self._drafted(rough.hit.example)

    def assemble(self, hits: Sequence[Hit], judge: Judge) -> list[Entry]:
        """The commands that the hits propose, with their features."""
        drafted = [(one, draft) for one in self._worthy(hits, judge) for draft in self._drafted(one.hit.example)]
        return [
            Entry(
                one.hit.example,
                draft.known,
                draft.adapted,
                draft.raw,
                one.score,
                (*one.start, *draft.fitness, *features.relation(support, one.hit.signals)),
            )
            for (one, draft), support in zip(drafted, _supports(drafted, hits, self._reader), strict=True)
        ]

    def _worthy(self, hits: Sequence[Hit], judge: Judge) -> list[Rough]:
        """The best by a linear score."""
        newest = sorted({hit.example.last_ms for hit in hits})
        # What nothing is newer than has the whole share, also where it is the only one.
        place = {last: rank / (len(newest) - 1) if len(newest) > 1 else 1.0 for rank, last in enumerate(newest)}
        found: list[Rough] = []
        for hit in hits:
            start = features.found_by(self._likeness(hit.example), hit.signals, hit.age, place[hit.example.last_ms])
            told = (*start, hit.signals.similarity, hit.signals.similarity - hit.signals.similarity_best, 1.0)
            score = probability(sum(map(mul, judge.rough, told)))
            found.append(Rough(score, hit, start))
        found.sort(key=lambda one: (-one.score, one.hit.example.id))
        return found[:KEPT]

    def _likeness(self, example: Example) -> list[float]:
        known = self._alike.get(example.id)
        if known is None:
            notes = self._notes[example.id] = notes_of(example)
            known = self._alike[example.id] = features.likeness(self._asked.query, example, notes.lesson, self._reader)
        return known

    def _drafted(self, example: Example) -> list[Draft]:
        known = self._drafts.get(example.id)
        if known is None:
            notes = self._notes[example.id]
            command = command_of(notes)
            answer = self._reader.answer(notes.lesson, command)
            adapted = adapt(example, self.situation, command.told)
            turn, language = features.turn_of(adapted), features.told_by_language(self._asked, example)

            def draft(adapted: Adapted, *, raw: bool) -> Draft:
                fitness = features.fitness(
                    self._asked, answer, adapted, turn, raw=raw, language=language, reader=self._reader
                )
                pattern = pattern_of(adapted.text) if adapted.changed else answer.pattern
                return Draft(answer, adapted, pattern, raw, fitness)

            known = [draft(adapted, raw=False)]
            if adapted.changed:
                known.append(draft(Adapted(example.text, (), adapted.unresolved), raw=True))
            self._drafts[example.id] = known
        return known


def _supports(drafted: Sequence[tuple[Rough, Draft]], hits: Sequence[Hit], reader: Reader) -> list[Support]:
    """How each draft stands among the others, each example counted once."""
    patterns: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    programs: dict[str, dict[str, float]] = defaultdict(dict)
    scores: dict[str, float] = {}
    commands: dict[str, Terms] = {}
    for one, draft in drafted:
        name = one.hit.example.id
        patterns[draft.pattern][name] = programs[draft.known.program][name] = scores[name] = one.score
        commands[name] = draft.known.terms
    total = sum(scores.values()) + _ROUGH_WORTH
    ranks = {name: place for place, name in enumerate(scores)}
    fellows = _fellows(scores, commands, reader)
    best = max(scores.values(), default=0.0)
    found = Counter([hit.example.text for hit in hits])
    most = max(found.values(), default=1)
    supports: list[Support] = []
    for one, draft in drafted:
        name = one.hit.example.id
        others = [score for other, score in patterns[draft.pattern].items() if other != name]
        supports.append(
            Support(
                one.score,
                best,
                ranks[name],
                sum(others) / total,
                sum(programs[draft.known.program].values()) / total,
                max(others, default=0.0),
                fellows[name] / total,
                found[draft.adapted.text],
                most,
            )
        )
    return supports


def _fellows(scores: Mapping[str, float], commands: Mapping[str, Terms], reader: Reader) -> dict[str, float]:
    """For each example the likeness of the others' commands (shared mass over all mass), weighed by their scores."""
    found = dict.fromkeys(scores, 0.0)
    names = list(scores)
    shared_by = _Shared(reader)
    sets = [shared_by.bits(commands[name].terms) for name in names]
    masses = [commands[name].mass for name in names]
    for place, one in enumerate(names):
        mine, mass = sets[place], masses[place]
        for before, other in enumerate(names[:place]):
            if both := mine & sets[before]:
                shared = shared_by.mass(both)
                likeness = shared / (mass + masses[before] - shared)
                found[one] += likeness * scores[other]
                found[other] += likeness * scores[one]
    return found


class _Shared:
    """The masses of sets of terms as bits: of a few dozen commands, many pairs share the same terms."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._places: dict[str, int] = {}
        self._masses: dict[int, float] = {}

    def bits(self, terms: Iterable[str]) -> int:
        return sum([1 << self._places.setdefault(term, len(self._places)) for term in terms])

    def mass(self, bits: int) -> float:
        known = self._masses.get(bits)
        if known is None:
            terms = [term for term, place in self._places.items() if bits >> place & 1]
            known = self._masses[bits] = self._reader.mass(terms)
        return known
