"""Memory's answer to a situation: the searches, side by side, then the ranking, then candidates with labels.

The index is read in memory's own thread and the vectors come from the embedder's process; while there is no embedder, or it
is loading or fails, words alone answer, at once. What the index and the embedder are is `source`'s to say.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import perf_counter
from typing import TypeVar

import msgspec

from ghostcells.domain.examples import Example, Situation
from ghostcells.domain.ghosts import Candidate, Recollection
from ghostcells.memory import analysis
from ghostcells.memory.features import Signals
from ghostcells.memory.labels import cautions, label
from ghostcells.memory.model import Ranker, ranker
from ghostcells.memory.profiles import Reader
from ghostcells.memory.rank import Ranked, rank
from ghostcells.memory.source import ExampleSource, Nearest, VectorSearch
from ghostcells.memory.weighing import Hit, Weighing

T = TypeVar("T")

logger = logging.getLogger(__name__)

WORDS = "words"

MATCHES = 40
NEAREST = 24
SCORED = 256
"""How many cosines are asked for, so that those of what the words found are among them: asking again costs as much."""
RECENT = 8
FOLLOWING = 12
ANSWERING = 8
PATIENCE_S = 0.25
"""How long the vectors may take before words answer alone."""


class Found(msgspec.Struct, frozen=True):
    """What the index found: examples by row, BM25 scores by row, and how many examples there are."""

    examples: dict[int, Example]
    lexical: dict[int, float]
    same_key: frozenset[int]
    count: int
    failed: tuple[str, ...] = ()


def look_up(source: ExampleSource, situation: Situation, always: Sequence[str] = ()) -> Found:
    """All that the index has on a situation; called in memory's thread. A search that fails costs what it alone would find.

    `always` are ids of examples to consider whatever the searches find.
    """
    failed: list[str] = []

    def tried(name: str, search: Callable[[], T], nothing: T) -> T:
        try:
            return search()
        except Exception:
            logger.exception("A search of memory failed (%s)", name)
            failed.append(name)
            return nothing

    terms = analysis.query_terms(situation)
    key = analysis.intent_key(situation)
    before = analysis.last_command(situation)
    none: list[int] = []
    no_match: list[tuple[int, float]] = []
    matched = tried(WORDS, lambda: source.match(terms, MATCHES), no_match)
    same_key = tried("intent", lambda: source.answering(key, ANSWERING), none) if key else none
    recent = tried("recent", lambda: source.recent(situation.notebook, RECENT), none)
    following = (
        tried("steps", lambda: source.following(before, situation.language, FOLLOWING), none) if before else none
    )
    often = tried("often", lambda: source.rows_of(always), none) if always else none
    rows = dict.fromkeys([*(row for row, _ in matched), *same_key, *recent, *following, *often])
    examples = {one.row: one for one in source.load(rows)}
    return Found(examples, dict(matched), frozenset(same_key), source.count(), tuple(failed))


def hits_of(found: Found, more: Iterable[Example] = (), similar: dict[int, float] | None = None) -> list[Hit]:
    """The examples with what the searches said of each."""
    examples = found.examples | {one.row: one for one in more}
    near = similar or {}
    by_words = {row: place for place, row in enumerate(sorted(found.lexical, key=lambda row: -found.lexical[row]))}
    by_sense = {row: place for place, row in enumerate(sorted(near, key=lambda row: -near[row]))}
    lexical_best = max(found.lexical.values(), default=0.0)
    similarity_best = max(near.values(), default=0.0)
    newest = max(examples, default=0)
    return [
        Hit(
            one,
            Signals(
                found.lexical.get(row, 0.0),
                lexical_best,
                by_words.get(row, 99),
                near.get(row, 0.0),
                similarity_best,
                by_sense.get(row, 99),
                row in found.same_key,
            ),
            max(newest, found.count) - row,
        )
        for row, one in examples.items()
    ]


def similar_of(rows: Sequence[int], scores: Sequence[float], found: Found) -> dict[int, float]:
    """The cosines of the nearest rows and of the index's finds; finds beyond those scored are as far as the last of them."""
    scored = dict(zip(rows, scores, strict=True))
    least = scores[-1] if len(scored) >= SCORED else 0.0
    return dict(list(scored.items())[:NEAREST]) | {row: scored.get(row, least) for row in found.examples}


class RecallMemory:
    """Answers situations from the examples of `source`; `threshold` replaces the calibrated one."""

    def __init__(
        self,
        source: ExampleSource,
        vectors: VectorSearch | None,
        in_thread: Callable[[Callable[[], object]], Awaitable[object]],
        *,
        threshold: float | None = None,
        learned: Ranker | None = None,
    ) -> None:
        self._source = source
        self._vectors = vectors
        self._in_thread = in_thread
        self._learned = learned
        self._reader: Reader | None = None
        self.threshold = threshold
        self.always: Callable[[str], Sequence[str]] = lambda _: ()
        """The ids of the examples that are to be considered in a notebook, whatever is found."""

    async def recall(self, situation: Situation, *, limit: int, present: Sequence[str], now_ms: int) -> Recollection:
        """Candidates best first, none of them among `present`."""
        begun = perf_counter()
        searching = self._begin_search(situation)
        always = self.always(situation.notebook)

        def look() -> tuple[Ranker, Found, Weighing]:
            """While the vectors are searched there is time to weigh what the words have found."""
            learned, reader = self._judges()
            found, weighing = look_up(self._source, situation, always), Weighing(situation, reader)
            weighing.prepare(hits_of(found), learned.lexical)
            return learned, found, weighing

        try:
            if searching is not None:
                # What is asked is on its way to the embedder before this process's other thread wants the interpreter.
                await asyncio.sleep(0)
            learned, found, weighing = await self._thread(look)
            looked = perf_counter()
            similar, note = await self._similar(searching, found)
        finally:
            if searching is not None and not searching.done():
                searching.cancel()
        sensed = perf_counter()
        judge = learned.lexical if similar is None else learned.vectors

        def finish() -> list[Ranked]:
            missing = [row for row in similar or () if row not in found.examples]
            more = self._source.load(missing) if missing else ()
            return rank(weighing, hits_of(found, more, similar), judge, present)

        ranked = (await self._thread(finish))[:limit]
        threshold = judge.threshold if self.threshold is None else self.threshold
        stages = {
            "words": _ms(begun, looked),
            "vectors": _ms(looked, sensed),
            "rank": _ms(sensed, perf_counter()),
        }
        notes = tuple(f"the search by {name} failed" for name in found.failed)
        return Recollection(
            tuple(_candidate(one, situation, now_ms, (similar or {}).get(one.example.row)) for one in ranked),
            threshold,
            stages,
            (*notes, note) if note else notes,
            found.count,
            found.failed,
        )

    async def warm(self) -> None:
        """Read, in memory's thread, what else the first question would wait for."""

        def read() -> None:
            self._judges()[0].lexical.trees.margins(())

        await self._thread(read)

    def _judges(self) -> tuple[Ranker, Reader]:
        """Called in memory's thread, since it is read from a file the first time."""
        if self._learned is None:
            self._learned = ranker()
        if self._reader is None:
            self._reader = Reader(self._learned)
        return self._learned, self._reader

    async def _thread(self, work: Callable[[], T]) -> T:
        return await self._in_thread(work)  # type: ignore[return-value]

    def _begin_search(self, situation: Situation) -> asyncio.Task[Nearest] | None:
        if self._vectors is None:
            return None
        if not self._vectors.ready:
            self._vectors.start()
            return None
        text = analysis.embedding_text(situation)
        return asyncio.ensure_future(_patiently(self._vectors.search(text, SCORED)))

    async def _similar(
        self, searching: asyncio.Task[Nearest] | None, found: Found
    ) -> tuple[dict[int, float] | None, str]:
        """The cosines by row, those of the index's finds included; None where words have to do."""
        if searching is None or self._vectors is None:
            return None, "" if self._vectors is None else "the embedder is not ready: words alone"
        try:
            nearest = await searching
            if max(found.examples, default=0) > self._vectors.reach:
                # Without its vector, what was learned last would seem to be the least alike.
                return None, "the newest examples have no vectors yet: words alone"
            return similar_of(nearest.rows, nearest.scores, found), ""
        except TimeoutError:
            return None, "the embedder was slow: words alone"
        except Exception as error:  # noqa: BLE001 - whatever fails there, words still answer
            return None, f"the embedder failed ({type(error).__name__}): words alone"


async def _patiently(search: Awaitable[T]) -> T:
    async with asyncio.timeout(PATIENCE_S):
        return await search


def _ms(begin: float, end: float) -> float:
    return round((end - begin) * 1000, 3)


def _candidate(one: Ranked, situation: Situation, now_ms: int, cosine: float | None) -> Candidate:
    example = one.example
    return Candidate(
        one.adapted.text,
        example.language,
        one.margin,
        one.confidence,
        "memory",
        example.id,
        label(example, now_ms, notebook=situation.notebook),
        cautions(one.adapted.text),
        cosine,
    )
