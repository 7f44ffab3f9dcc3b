"""What plain retrieval reaches: the command of the nearest earlier prose, as it was. The least that memory has to beat."""

from collections.abc import Sequence
from math import exp

from ghostcells.domain.examples import Example, Situation
from ghostcells.domain.ghosts import Candidate, Recollection
from ghostcells.memory import analysis
from ghostcells.memory.source import ExampleSource, VectorSearch

FLOOR = "floor"
_CANDIDATES = 5
_HALF = 20.0
"""The BM25 score that counts as a confidence of one half: it only puts answers in order, and is not calibrated."""


class NearestWords:
    """By BM25 over the words of the prose and its heading."""

    def __init__(self, source: ExampleSource) -> None:
        self._source = source

    async def recall(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> Recollection:  # noqa: ARG002
        heading = (analysis.HEADING + term for term in analysis.prose_terms(situation.heading))
        terms = tuple(dict.fromkeys((*analysis.prose_terms(situation.intent), *heading)))
        found = self._source.match(terms, min(limit, _CANDIDATES))
        scores = {row: 1 - exp(-max(score, 0.0) / _HALF) for row, score in found}
        return _copied(self._source.load(scores), scores)


class NearestMeaning:
    """By the cosine of the vectors that memory searches, which are of prose and command."""

    def __init__(self, source: ExampleSource, vectors: VectorSearch) -> None:
        self._source, self._vectors = source, vectors

    async def recall(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> Recollection:  # noqa: ARG002
        near = await self._vectors.search(analysis.embedding_text(situation), min(limit, _CANDIDATES))
        scores = {row: max(score, 0.0) for row, score in zip(near.rows, near.scores, strict=True)}
        return _copied(self._source.load(scores), scores)


def _copied(examples: Sequence[Example], scores: dict[int, float]) -> Recollection:
    made = (
        Candidate(one.text, one.language, scores[one.row], scores[one.row], FLOOR, one.id)
        for one in sorted(examples, key=lambda one: -scores[one.row])
    )
    return Recollection(tuple(made), 0.0, {})
